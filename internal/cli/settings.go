package cli

import (
	"cmp"
	"fmt"
	"log/slog"
	"runtime"
	"text/tabwriter"

	"enishi/internal/config"
	"enishi/internal/httpx"
)

// settings are the flags of every command that needs the installation.
type settings struct {
	Addr         *string `placeholder:"HOST:PORT" help:"Address to listen on (default 127.0.0.1:8080)."`
	Data         *string `placeholder:"DIR" help:"Folder of the database, the files and the secret (default data)."`
	Demo         *bool   `help:"Confirm companies and addresses at once, send without approval, open /dev/clock."`
	FilesURL     *string `name:"files-url" placeholder:"URL" help:"Files that other processes read too: a folder, as file:///PATH, or a bucket, as s3://BUCKET?region=REGION (default: files in the data folder)."`
	MatchingMode *string `placeholder:"MODE" help:"approve (default) or auto."`
	Environment  *string `placeholder:"NAME" help:"Name of this installation, which commands that change it show and ask for."`
	DataKind     *string `name:"data-kind" placeholder:"real|demo" help:"Whose data may be here; a database of the other kind is refused."`
	Permit       *string `placeholder:"TEXT" help:"Number of your employment-placement permit, at the foot of every page."`
	Contact      *string `placeholder:"TEXT" help:"How people reach you: an e-mail address, an address of a page, or a text, at the foot of every page."`
	PublicURL    *string `name:"public-url" placeholder:"URL" help:"Where people reach the pages, for links in mails (default: the address to listen on)."`
	MailFrom     *string `placeholder:"ADDRESS" help:"Who mails are from, such as Enishi <no-reply@enishi.example.jp>; needed where ENISHI_MAIL_URL is set."`
	RateLimits   *string `placeholder:"on|off" help:"Limits on requests; off is for benches."`
	Proxies      *string `placeholder:"N" help:"Reverse proxies of your own in front, which add to X-Forwarded-For (default 0)."`
	Concurrency  *string `placeholder:"N" help:"Requests that run at once (default: 4 for each core)."`
	LogFormat    *string `placeholder:"text|json" help:"Form of the log's lines."`
	LogLevel     *string `placeholder:"LEVEL" help:"debug, info (default), warn or error."`
	TracesRatio  *string `placeholder:"PART" help:"Part of the traces that is recorded, from 0 to 1 (default 0.05)."`
	CloudWatch   *string `name:"cloudwatch" placeholder:"on|off" help:"Tell CloudWatch of the process's own metrics, by lines of the log under the installation's name (default off)."`
	Roles        *string `placeholder:"LIST" help:"What this process does: web, worker, job (default all)."`

	DatabaseSecret      *string `name:"database-secret-arn" placeholder:"ARN" help:"Secret of AWS that is read when the database refuses the password that is known."`
	DatabaseConnections *string `placeholder:"N" help:"Connections to a database server, for reading and for writing each (default auto)."`
}

// folder is the flag of the commands that work in a data folder and serve
// nobody.
type folder struct {
	Data *string `placeholder:"DIR" help:"Folder of the database, the files and the secret (default data)."`
}

// resolve gives the settings, of which the folder alone has a flag.
func (f folder) resolve(w World) (*config.Config, error) { return settings{Data: f.Data}.resolve(w) }

// resolve gives the settings from flags, environment and defaults.
func (s settings) resolve(w World) (*config.Config, error) {
	flags := map[string]string{}
	for name, value := range map[string]*string{
		"addr": s.Addr, "data": s.Data, "files-url": s.FilesURL, "matching-mode": s.MatchingMode, "environment": s.Environment, "data-kind": s.DataKind, "permit": s.Permit, "contact": s.Contact, "public-url": s.PublicURL, "mail-from": s.MailFrom, "rate-limits": s.RateLimits, "proxies": s.Proxies, "concurrency": s.Concurrency, "log-format": s.LogFormat,
		"log-level": s.LogLevel, "traces-ratio": s.TracesRatio, "cloudwatch": s.CloudWatch,
		"roles": s.Roles, "database-connections": s.DatabaseConnections, "database-secret-arn": s.DatabaseSecret,
	} {
		if value != nil {
			flags[name] = *value
		}
	}
	if s.Demo != nil {
		flags["demo"] = fmt.Sprint(*s.Demo)
	}
	return config.Resolve(flags, w.Env)
}

// logger gives the log of a process, on its standard error.
func logger(w World, c *config.Config) *slog.Logger {
	o := &slog.HandlerOptions{Level: c.LogLevel}
	if c.LogFormat == config.LogJSON {
		return slog.New(httpx.Correlated(slog.NewJSONHandler(w.Err, o)))
	}
	return slog.New(httpx.Correlated(slog.NewTextHandler(w.Err, o)))
}

type configCmd struct {
	settings
	JSON bool `name:"json" help:"Print JSON."`
}

// Run shows the settings.
func (c *configCmd) Run(w World) error {
	resolved, err := c.resolve(w)
	if err != nil {
		return err
	}
	lines := derived(resolved)
	if c.JSON {
		return printJSON(w.Out, lines)
	}
	table := tabwriter.NewWriter(w.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "SETTING\tVALUE\tFROM\tVARIABLE")
	for _, l := range lines {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", cmp.Or(l.Flag, l.Name), l.Value, l.Source, l.Env)
	}
	fmt.Fprintln(table)
	for _, l := range lines {
		fmt.Fprintf(table, "%s\t%s\n", cmp.Or(l.Flag, l.Name), l.Help)
	}
	fmt.Fprintln(table, "\nA setting without dashes has no flag, since everyone on a machine can read what a program was started with.")
	return table.Flush()
}

// derived describes the settings, with what follows from those that are auto.
func derived(c *config.Config) []config.Line {
	lines := c.Describe()
	for i := range lines {
		if lines[i].Value != "auto" {
			continue
		}
		switch lines[i].Name {
		case "concurrency":
			cores := runtime.GOMAXPROCS(0)
			lines[i].Value = fmt.Sprintf("auto (%d, for %d cores)", httpx.Places(cores), cores)
		case "database-connections":
			if c.Shared() {
				lines[i].Value = fmt.Sprintf("auto (together %.1f %% of what the server allows)", 90*c.ConnectionShare())
			}
		}
	}
	return lines
}

func (c *configCmd) Help() string {
	return "Examples:\n  enishi config\n  ENISHI_MATCHING_MODE=auto enishi config --json"
}
