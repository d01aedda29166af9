// Command diagram draws an environment from templates that cmd/synth has written, as text
// of Mermaid.
//
// Usage: go run ./cmd/diagram ENVIRONMENT FOLDER     in the folder infra
package main

import (
	"fmt"
	"os"

	"enishi/infra/diagram"
	"enishi/infra/template"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: go run ./cmd/diagram ENVIRONMENT FOLDER")
		os.Exit(2)
	}
	set, err := template.Read(os.Args[2], os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, "diagram:", err)
		os.Exit(1)
	}
	fmt.Print(diagram.Draw(set))
}
