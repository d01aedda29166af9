// Command synth writes the templates of an environment into a folder, and its row of the
// table of environments beside them, as environment.json.
//
// Usage: go run ./cmd/synth ENVIRONMENT FOLDER     in the folder infra
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/aws/jsii-runtime-go"

	"enishi/infra/environment"
	"enishi/infra/stacks"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: go run ./cmd/synth ENVIRONMENT FOLDER")
		os.Exit(2)
	}
	if err := synth(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "synth:", err)
		os.Exit(1)
	}
}

func synth(name, dir string) error {
	e, err := environment.Find(name)
	if err != nil {
		return err
	}
	defer jsii.Close()
	app := stacks.NewApp(dir)
	if err := stacks.Describe(app, e, "."); err != nil {
		return err
	}
	app.Synth(nil)
	row, err := json.MarshalIndent(e, "", "  ")
	if err != nil {
		return fmt.Errorf("write the row of %s: %w", name, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "environment.json"), row, 0o600); err != nil {
		return fmt.Errorf("write the row of %s: %w", name, err)
	}
	return nil
}
