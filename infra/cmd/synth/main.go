// Command synth writes the templates of an environment into a folder.
//
// Usage: go run ./cmd/synth ENVIRONMENT FOLDER     in the folder infra
package main

import (
	"fmt"
	"os"

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
	return nil
}
