// Command stack makes what Enishi runs on. Run it in the project's folder.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/alecthomas/kong"

	"enishi/internal/oci"
)

type commands struct {
	Alarms  alarmsCmd  `cmd:"" help:"Write the alarms and dashboards from their table, for Prometheus, Grafana and CloudWatch."`
	Image   imageCmd   `cmd:"" help:"Build the container image, without a daemon."`
	Notify  notifyCmd  `cmd:"" help:"Build the image of the function that tells people of alarms on AWS."`
	Compose composeCmd `cmd:"" help:"Write compose.yaml and what it mounts from the table of services."`
}

func main() {
	var c commands
	k := kong.Parse(&c, kong.Name("stack"), kong.Description("Makes what Enishi runs on. Run it in the project's folder."), kong.ConfigureHelp(kong.HelpOptions{Compact: true}))
	k.BindTo(context.Background(), (*context.Context)(nil))
	k.FatalIfErrorf(k.Run())
}

type imageCmd struct {
	Out      string   `default:"bin/image" placeholder:"DIR" help:"Folder to write to; what lies there is replaced (default bin/image)."`
	Tag      string   `default:"enishi:latest" placeholder:"NAME:VERSION" help:"What docker load calls it (default enishi:latest)."`
	Platform []string `placeholder:"OS/ARCH,…" help:"Platforms to build for (default linux on this processor)."`
}

// Run builds it and prints its digest.
func (c *imageCmd) Run(ctx context.Context) error {
	b := oci.Program(c.Out, c.Platform, os.Stderr)
	b.Tag = c.Tag
	digest, err := b.Run(ctx)
	if err == nil {
		fmt.Println(digest)
	}
	return err
}

type notifyCmd struct {
	Out string `default:"bin/notify" placeholder:"DIR" help:"Folder to write to; what lies there is replaced (default bin/notify)."`
	Tag string `default:"enishi-notify:latest" placeholder:"NAME:VERSION" help:"What docker load calls it (default enishi-notify:latest)."`
}

// Run builds it for the processor that infra/stacks says, and prints its digest.
func (c *notifyCmd) Run(ctx context.Context) error {
	out, err := filepath.Abs(c.Out)
	if err != nil {
		return fmt.Errorf("find the folder to write to: %w", err)
	}
	b := oci.Notify(out, os.Stderr)
	b.Tag = c.Tag
	digest, err := b.Run(ctx)
	if err == nil {
		fmt.Println(digest)
	}
	return err
}
