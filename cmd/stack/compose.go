package main

import (
	"fmt"
	"os"

	"enishi/internal/stack"
)

type composeCmd struct{}

// Run writes the files.
func (c *composeCmd) Run() error {
	files, err := stack.Files(os.DirFS("."))
	if err != nil {
		return err
	}
	for _, f := range files {
		if err := os.WriteFile(f.Path, f.Text, 0o644); err != nil {
			return fmt.Errorf("write the stack: %w", err)
		}
		fmt.Println(f.Path)
	}
	return nil
}
