package cli

import (
	"context"
	"net"
	"os"
	"time"

	"github.com/alecthomas/kong"

	"enishi/internal/errs"
	"enishi/internal/guard"
)

// guardCmd serves in a child, and ends when that hangs: whatever starts containers
// replaces what has ended, and nothing else.
type guardCmd struct {
	Every    time.Duration `default:"2s" help:"From one question to the next, and how long an answer may take."`
	Patience int           `default:"5" help:"So many questions in a row without a good answer end the server."`
	Grace    time.Duration `default:"30s" help:"How long the server may take to its first good answer."`
	Stop     time.Duration `default:"40s" help:"How long the server may take to end once it is told to."`
	Serve    []string      `arg:"" passthrough:"" help:"serve, and its flags."`
}

// Help says what it is for.
func (c *guardCmd) Help() string {
	return `For the first process of a container: it starts the server beside itself, asks its /livez, and kills it when it hangs.
Signals go to the server, and its exit code is the guard's; 3: it hung and was killed.

Examples:
  enishi guard -- serve
  enishi guard --patience 10 -- serve --roles worker,job --addr :8081`
}

// Run serves until the server has ended.
func (c *guardCmd) Run(ctx context.Context, w World) error {
	if c.Every < 10*time.Millisecond || c.Patience < 1 || c.Stop <= 0 {
		return usageError{"--every is 10ms at least, --patience 1, and --stop more than nothing"}
	}
	var all commands
	help := false
	parser, err := kong.New(&all, kong.Name("enishi"), kong.Writers(w.Out, w.Err), kong.Exit(func(int) { help = true }))
	if err != nil {
		return err
	}
	if c.Serve[0] == "--" {
		c.Serve = c.Serve[1:]
	}
	parsed, err := parser.Parse(c.Serve)
	switch {
	case help:
		return nil
	case err != nil:
		return usageError{err.Error()}
	case parsed.Command() != "serve":
		return usageError{"only serve can be guarded: enishi guard -- serve"}
	}
	resolved, err := all.Serve.resolve(w)
	if err != nil {
		return err
	}
	if _, port, err := net.SplitHostPort(resolved.Addr); err != nil || port == "0" {
		return usageError{"the guard has to know where the server listens: give --addr a port"}
	}
	program, err := os.Executable()
	if err != nil {
		return errs.Wrap(errs.Internal, "the program does not know its own file", err)
	}
	client, url := asker(), "http://"+reachable(resolved.Addr)+"/livez"
	defer client.CloseIdleConnections()
	g := guard.Guard{
		Program: program, Args: append(c.Serve[:len(c.Serve):len(c.Serve)], "--guarded="+c.Every.String()),
		Every: c.Every, Patience: c.Patience, Grace: c.Grace, Stop: c.Stop, Log: logger(w, resolved),
		Ask: func(ctx context.Context) error {
			_, err := ask(ctx, client, url)
			return err
		},
	}
	code, err := g.Run(ctx)
	if err != nil {
		return err
	}
	return exitError(code)
}
