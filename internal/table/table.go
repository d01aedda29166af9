// Package table reads the compact tables that are embedded in the program: a line for
// each row, its fields apart by tabs; empty lines and those that begin with # are
// comments. It holds nothing and may be used by many goroutines at once.
package table

import (
	"fmt"
	"io/fs"
	"strings"
)

// Each gives the fields of each row of a file, in order. A row with another number of
// columns, and whatever take refuses, ends it with an error that names the line.
func Each(files fs.FS, name string, columns int, take func([]string) error) error {
	text, err := fs.ReadFile(files, name)
	if err != nil {
		return fmt.Errorf("read a table: %w", err)
	}
	n := 0
	for line := range strings.Lines(string(text)) {
		n++
		line = strings.TrimRight(line, "\r\n")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		fields := strings.Split(line, "\t")
		if len(fields) != columns {
			return fmt.Errorf("%s, line %d: %d columns, want %d", name, n, len(fields), columns)
		}
		if err := take(fields); err != nil {
			return fmt.Errorf("%s, line %d: %w", name, n, err)
		}
	}
	return nil
}
