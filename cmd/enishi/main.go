// Command enishi is the whole service in one program.
package main

import (
	"os"

	_ "golang.org/x/crypto/x509roots/fallback" // the authorities, where the system has none: a container holds the program alone

	"enishi/internal/cli"
)

func main() {
	os.Exit(cli.Run(os.Args[1:], cli.System()))
}
