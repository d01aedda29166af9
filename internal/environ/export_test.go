package environ

import (
	"slices"
	"strings"
)

// Types are the types of resources whose rights are asked for, and what else is wrong with their table.
func Types() (types, wrong []string) {
	for line := range strings.Lines(rightsText) {
		words := strings.Fields(line)
		switch {
		case len(words) == 0 || words[0] == "#":
		case !strings.HasPrefix(words[0], "AWS::") || len(words) == 1:
			wrong = append(wrong, "no line of the table: "+line)
		case slices.Contains(types, words[0]):
			wrong = append(wrong, "two lines of "+words[0])
		default:
			types = append(types, words[0])
		}
	}
	return types, wrong
}

// Rights are the actions of all of the table.
func Rights() (out []string) {
	for _, of := range rights() {
		out = append(out, of...)
	}
	return out
}

// Actions are those that are asked for before an environment is made.
func Actions(w *Wanted) ([]string, error) { return actions(w) }

// CoresOf gives how many cores a host of a kind has.
func CoresOf(kind string) (int, error) { return coresOf(kind) }

// Belongs says whether the lines of a log group belong into the archive.
func Belongs(name string) bool { return belongs(name) }

// Lifts says whether a first making that failed is unprotected of what is of a type.
func Lifts(kind string) bool { return lifts(kind) }
