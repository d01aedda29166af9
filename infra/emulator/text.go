package emulator

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Text writes what the emulator does not show, as Markdown: the types that it does not make, by what it does instead
// and by service, and what it lacks of the others.
func Text() string {
	var unmade, lacks strings.Builder
	names := map[string][]string{}
	for _, kind := range slices.Sorted(maps.Keys(types)) {
		_, name, _ := strings.Cut(kind, "::")
		k := types[kind]
		if k.unsupported != "" {
			service, of, _ := strings.Cut(name, "::")
			row := "| " + service + " | " + k.instead() + " | "
			names[row] = append(names[row], of)
			continue
		}
		lost, kept := k.lost(), k.keptFrom()
		if len(lost)+len(k.unread)+len(kept) > 0 {
			fmt.Fprintf(&lacks, "| %s | %s | %s | %s |\n", name, strings.Join(lost, ", "), strings.Join(k.unread, ", "), strings.Join(kept, ", "))
		}
	}
	for _, row := range slices.Sorted(maps.Keys(names)) {
		unmade.WriteString(row + strings.Join(names[row], ", ") + " |\n")
	}
	return "Types of which the emulator makes nothing:\n\n| Service | What it does | Types |\n|---|---|---|\n" + unmade.String() +
		"\nWhat it lacks of those that it makes:\n\n| Type | Not kept | Shown by nothing | Not given to it, since it fails |\n|---|---|---|---|\n" + lacks.String()
}

// instead says in a word what the emulator does with a type that it does not make.
func (k kind) instead() string {
	if k.unsupported == leftOut {
		return "leaves out"
	}
	return "fails: `" + k.unsupported + "`"
}

// lost gives the properties that are not kept, without the places in lists.
func (k kind) lost() (all []string) {
	for _, q := range k.reads {
		for _, same := range q.same {
			path, lost := strings.CutPrefix(same, "!")
			path, _, _ = strings.Cut(path, "=")
			steps := slices.DeleteFunc(strings.Split(path, "/"), func(step string) bool {
				_, err := strconv.Atoi(step)
				return err == nil || step == "*"
			})
			if name := strings.Join(steps, "."); lost && !slices.Contains(all, name) {
				all = append(all, name)
			}
		}
	}
	return all
}

// keptFrom gives what it is not given: properties, and what others know the resource by.
func (k kind) keptFrom() (all []string) {
	for _, g := range k.gaps {
		if g.attribute != "" {
			all = append(all, "`"+g.attribute+"` to others")
		} else {
			all = append(all, g.property)
		}
	}
	return all
}
