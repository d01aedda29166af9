package environ

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"enishi/internal/errs"
)

// Types are the types of resources whose rights are asked for, and what else is wrong with their table.
func Types() (kinds, wrong []string) {
	for line := range strings.Lines(rightsText) {
		words := strings.Fields(line)
		switch {
		case len(words) == 0 || words[0] == "#":
		case !strings.HasPrefix(words[0], "AWS::") || len(words) == 1:
			wrong = append(wrong, "no line of the table: "+line)
		case slices.Contains(kinds, words[0]):
			wrong = append(wrong, "two lines of "+words[0])
		default:
			kinds = append(kinds, words[0])
		}
	}
	return kinds, wrong
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

// Stays says why a thing of a stack is not brought back as it is.
func Stays(environment string, r *types.ResourceChange) (errs.Kind, string) {
	return stays(environment, r)
}

// InShort says what differs, for the audit log.
func InShort(changes []Change) string { return inShort(changes) }
