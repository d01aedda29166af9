// Package cli is the command line: it reads the settings, wires every part of
// the program together and runs the command that was asked for. Exit codes are
// 0 for done, 1 for failed and 2 for wrong usage; a guard has those of what it guards,
// and guard.Hung.
package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
	"github.com/aws/aws-sdk-go-v2/aws"

	"enishi/internal/errs"
)

// World is what a command can reach outside itself.
type World struct {
	In       io.Reader // answers to questions; nil: nobody answers
	Out, Err io.Writer
	Terminal bool // Err is a terminal: progress may be drawn
	Env      func(string) (string, bool)
	Environ  []string
	Now      func() time.Time
	AWS      *aws.Config // an account; nil: the one that Amazon's tools would take
	// NameServers says who answers for a domain; nil: the world's DNS is asked.
	NameServers func(ctx context.Context, domain string) ([]string, error)
}

// System is the world of a real process.
func System() World {
	info, err := os.Stderr.Stat()
	return World{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr,
		Terminal: err == nil && info.Mode()&os.ModeCharDevice != 0,
		Env:      os.LookupEnv, Environ: os.Environ(),
		Now: time.Now,
	}
}

// Exit codes.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// commands is the whole command line.
type commands struct {
	Serve       serveCmd       `cmd:"" help:"Start the service: all of it on a data folder, or some roles of it on a shared database."`
	Guard       guardCmd       `cmd:"" help:"Start the service in a container: beside a process that ends it when it hangs."`
	Demo        demoCmd        `cmd:"" help:"A believable job market to try things on."`
	Bench       benchCmd       `cmd:"" help:"Measure the engine, or a running service."`
	User        userCmd        `cmd:"" help:"Accounts of operators."`
	Maintenance maintenanceCmd `cmd:"" help:"Announce, begin and end a time in which nobody can write."`
	Audit       auditCmd       `cmd:"" help:"Who did what to whom, and when."`
	Job         jobCmd         `cmd:"" help:"Batch jobs: list them, run one."`
	SQL         sqlCmd         `cmd:"" name:"sql" help:"Ask the database by hand: on its replica, only to read, bounded, noted."`
	Migrate     migrateCmd     `cmd:"" help:"Bring the database up to this program's schema."`
	Transfer    transferCmd    `cmd:"" help:"Copy an installation from a data folder, or another server, into a database on a server, or back; or take one back to an earlier moment."`
	Config      configCmd      `cmd:"" help:"Show every setting, its value, where that comes from, and what it does."`
	Health      healthCmd      `cmd:"" help:"Ask a server on this machine how it is."`
	Verify      verifyCmd      `cmd:"" help:"Hold a live installation to what it promises: from the sign-up to the date of an interview."`
	Deploy      deployCmd      `cmd:"" help:"Bring a version to an environment on Amazon ECS, or take it back."`
	Task        taskCmd        `cmd:"" help:"Run one-off work in an environment on Amazon ECS, recorded."`
	Env         envCmd         `cmd:"" help:"Make an environment on AWS from nothing, bring it to its templates, take it down."`
	Version     versionCmd     `cmd:"" help:"Show the version."`
}

const description = `Enishi (縁): direct recruiting. Candidates describe their career once and see at once what they are offered; companies say exactly whom they would interview.

Begin with:
  enishi demo load --data data/demo --candidates 20000 --companies 400 --rules 1200 --seed 1
  enishi serve --demo --data data/demo`

// Run runs the command that args ask for and gives the exit code. It ends
// early, in good order, on SIGINT and SIGTERM.
func Run(args []string, w World) int {
	var c commands
	code := -1
	parser, err := kong.New(&c,
		kong.Name("enishi"), kong.Description(description),
		kong.Writers(w.Out, w.Err), kong.Exit(func(n int) { code = n }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
		kong.Bind(w),
	)
	if err != nil {
		return fail(w, err)
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	parsed, err := parser.Parse(args)
	if code >= 0 { // help was printed
		return code
	}
	if err != nil {
		fmt.Fprintf(w.Err, "enishi: %s\nSee: enishi --help, or enishi COMMAND --help\n", err)
		return exitUsage
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	parsed.BindTo(ctx, (*context.Context)(nil))
	return fail(w, parsed.Run())
}

// fail prints an error for a person and gives the exit code.
func fail(w World, err error) int {
	if err == nil {
		return exitDone
	}
	var said saidError
	if errors.As(err, &said) {
		w.Err = io.Discard
	}
	var exit exitError
	if errors.As(err, &exit) {
		return int(exit)
	}
	var usage usageError
	if errors.As(err, &usage) {
		fmt.Fprintf(w.Err, "enishi: %s\n", usage.message)
		return exitUsage
	}
	var known *errs.Error
	if errors.As(err, &known) && len(known.Problems) > 0 {
		fmt.Fprintf(w.Err, "enishi: %s\n", known.Message)
		for _, p := range known.Problems {
			fmt.Fprintf(w.Err, "  %s: found %s; accepted: %s\n", p.Pointer, p.Found, p.Allowed)
		}
		return exitUsage
	}
	fmt.Fprintf(w.Err, "enishi: %s\n", strings.TrimSpace(err.Error()))
	return exitFailed
}

// flagged names the flags where an error names places of a document: /email
// is --email here.
func flagged(err error) error {
	var known *errs.Error
	if !errors.As(err, &known) || len(known.Problems) == 0 {
		return err
	}
	problems := slices.Clone(known.Problems)
	for i := range problems {
		problems[i].Pointer = "--" + strings.TrimPrefix(problems[i].Pointer, "/")
	}
	named := errs.AtPointers(problems...)
	named.Message = known.Message
	return named
}

// saidError is an error that was told already.
type saidError struct{ error }

func (e saidError) Unwrap() error { return e.error }

// exitError is an exit code, about which nothing is left to say.
type exitError int

func (e exitError) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// usageError is a mistake in how a command was called.
type usageError struct{ message string }

func (e usageError) Error() string { return e.message }

// printJSON writes v as one indented JSON object.
func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
