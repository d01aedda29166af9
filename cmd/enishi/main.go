// Command enishi is the whole service in one program.
package main

import (
	"os"

	"enishi/internal/cli"
)

func main() {
	os.Exit(cli.Run(os.Args[1:], cli.System()))
}
