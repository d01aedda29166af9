package main

import (
	"fmt"
	"os"
	"path/filepath"

	"enishi/internal/alarm"
)

type alarmsCmd struct{}

// Run writes the files that the table of alarms makes.
func (*alarmsCmd) Run() error {
	files, err := alarm.Files()
	if err != nil {
		return err
	}
	for path, text := range files {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return fmt.Errorf("make a folder for the alarms: %w", err)
		}
		if err := os.WriteFile(path, text, 0o644); err != nil {
			return fmt.Errorf("write the alarms: %w", err)
		}
	}
	return nil
}
