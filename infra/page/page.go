// Package page writes what the stacks and tables say into pages of docs, between marks, and
// leaves alone what people have written around it.
//
// It is not safe for concurrent use on one file.
package page

import (
	"fmt"
	"strings"

	"enishi/infra/cost"
	"enishi/infra/diagram"
	"enishi/infra/emulator"
	"enishi/infra/template"
)

// Pages gives what is written, by the files of docs and by the names of its marks.
func Pages(set *template.Set) (map[string]map[string]string, error) {
	costs, err := cost.Text(cost.Count(set))
	if err != nil {
		return nil, err
	}
	return map[string]map[string]string{
		"aws.md":        {"diagram": diagram.Draw(set), "cost": costs},
		"operations.md": {"emulator": emulator.Text()},
	}, nil
}

// Fill gives a text with the parts in it. Each has its two marks there, once.
func Fill(text string, parts map[string]string) (string, error) {
	for name, part := range parts {
		begin, end := "<!-- "+name+": written by make infra-golden -->\n", "<!-- end of "+name+" -->\n"
		before, rest, found := strings.Cut(text, begin)
		_, after, closed := strings.Cut(rest, end)
		if !found || !closed || strings.Contains(after, begin) {
			return "", fmt.Errorf("page: %s has to be there once, between %q and %q", name, strings.TrimSpace(begin), strings.TrimSpace(end))
		}
		text = before + begin + part + end + after
	}
	return text, nil
}
