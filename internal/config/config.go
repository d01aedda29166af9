// Package config turns what the operator set into a checked Config. Each
// setting is a flag, an environment variable and a line of `enishi config`.
//
// It refuses a wrong value with an error that names the setting, what was
// found and what is accepted, and never shows a secret. It reads no flag set
// and no environment of its own: the caller passes both in. Everything here is
// safe for concurrent use.
package config

import (
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strconv"

	"enishi/internal/errs"
)

// MatchingMode says who sends an offer that a rule proposes.
type MatchingMode string

// The matching modes.
const (
	Approve MatchingMode = "approve" // a member of the company confirms each batch
	Auto    MatchingMode = "auto"    // rules send by themselves
)

// LogFormat is the form of the log's lines.
type LogFormat string

// The log formats.
const (
	LogText LogFormat = "text"
	LogJSON LogFormat = "json"
)

// Secret is key material. It shows as "(hidden)" wherever it is printed,
// logged or encoded.
type Secret []byte

const hidden = "(hidden)"

// Format keeps the value out of text, whatever the verb.
func (Secret) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, hidden) }

// LogValue keeps the value out of the log.
func (Secret) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText keeps the value out of JSON.
func (Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// Config is the settings of one process, all valid.
type Config struct {
	Addr         string // host:port to listen on; port 0 takes a free one
	Data         string // the data folder, a clean path
	Files        Files
	Demo         bool
	MatchingMode MatchingMode
	Environment  string   // name of the installation; empty: it has none
	Deployment   string   // that has started this process; empty: none
	DataKind     DataKind // whose data may be in it; empty: anybody's
	Contact      string   // how operators are reached; empty: nobody has said
	Permit       string   // number of the employment-placement permit; empty: none
	PublicURL    string   // where people reach the pages, without a slash at its end
	RateLimits   bool
	Proxies      int // that stand in front
	Concurrency  int // requests that run at once; 0: as many as the cores bear
	LogFormat    LogFormat
	LogLevel     slog.Level
	// TracesURL is where spans are sent; empty: nowhere. TracesRatio is the
	// part of traces that is recorded.
	TracesURL   string
	TracesRatio float64
	// CloudWatch says that it is told of the process's own metrics, under Environment.
	CloudWatch bool
	Secret     Secret // empty: kept in a file of the data folder, see FindOrMakeSecret
	// DatabaseURL is the address of a MySQL or MariaDB server's database;
	// empty: a file in the data folder.
	DatabaseURL string
	// DatabaseReaderURL is the address of a replica of it; empty: none.
	DatabaseReaderURL string
	// DatabaseSecret is the ARN of the secret in Secrets Manager that keeps the
	// database's password; empty: nobody changes it while the process runs.
	DatabaseSecret string
	Connections    int // of each pool; 0: derived from the server's limit
	Roles          []Role
	Redis          Redis // what is shared through Redis, if there is one
	Mail           Mail  // the server that mails leave by, if there is one

	lines []Line
}

// Role is a part of the service that a process plays.
type Role string

// The roles: answering requests, walking the log and keeping the day, and
// running the batch jobs.
const (
	Web    Role = "web"
	Worker Role = "worker"
	Job    Role = "job"
)

// Plays says whether the process plays a role.
func (c *Config) Plays(r Role) bool { return slices.Contains(c.Roles, r) }

// Shared says whether other processes may serve the same installation.
func (c *Config) Shared() bool { return c.DatabaseURL != "" }

// Source is where a value comes from.
type Source string

// The sources, strongest first. A demo installation has defaults of its own.
const (
	FromFlag    Source = "flag"
	FromEnv     Source = "environment"
	FromDemo    Source = "demo"
	FromDefault Source = "default"
)

// Line is one line of `enishi config`.
type Line struct {
	Name   string `json:"name"`
	Flag   string `json:"flag"`
	Env    string `json:"env"`
	Value  string `json:"value"` // as shown: a secret is hidden
	Source Source `json:"source"`
	Help   string `json:"help"`
}

// Describe gives one line for each setting, in the order of Settings.
func (c *Config) Describe() []Line { return append([]Line(nil), c.lines...) }

// Resolve gives the settings: of each the flag if given, else the environment
// variable unless it is unset or empty, else the default. flags holds the
// flags that were given, by name without dashes; env is as os.LookupEnv. The
// error is Invalid and names every setting that is wrong, as it was given.
func Resolve(flags map[string]string, env func(string) (string, bool)) (*Config, error) {
	c := new(Config)
	wrong := append(unknownFlags(flags), elsewhere(env)...)
	for _, s := range settings() {
		value, source := s.find(flags, env, c.Demo)
		if found, ok := s.set(c, value); !ok {
			wrong = append(wrong, errs.Problem{Pointer: s.namedBy(source), Found: found, Allowed: s.Accepts})
			continue
		}
		c.lines = append(c.lines, Line{
			Name: s.Name, Flag: s.Flag(), Env: s.Env(),
			Value: s.shown(c, value), Source: source, Help: s.Help,
		})
	}
	if len(wrong) == 0 {
		wrong = c.together()
	}
	if len(wrong) > 0 {
		err := errs.AtPointers(wrong...)
		err.Message = "a setting is not valid"
		return nil, err
	}
	return c, nil
}

func (s Setting) find(flags map[string]string, env func(string) (string, bool), demo bool) (string, Source) {
	if value, given := flags[s.Name]; given {
		return value, FromFlag
	}
	if value, given := env(s.Env()); given && value != "" {
		return value, FromEnv
	}
	if demo && s.inDemo != "" {
		return s.inDemo, FromDemo
	}
	return s.Default, FromDefault
}

// namedBy gives the setting's name as the operator wrote it.
func (s Setting) namedBy(source Source) string {
	if source == FromFlag {
		return s.Flag()
	}
	return s.Env()
}

func (s Setting) shown(c *Config, value string) string {
	switch {
	case s.derived != nil && value == "":
		return s.derived(c)
	case s.show != nil:
		return s.show(value)
	case s.Secret && value == "":
		return "(a file in the data folder)"
	case s.Secret:
		return hidden
	}
	return value
}

// elsewhere reports settings of parts that this program does not have: going
// on without them would put data where nobody expects it.
func elsewhere(env func(string) (string, bool)) []errs.Problem {
	var wrong []errs.Problem
	for _, part := range []struct{ name, has string }{
		{"SEARCH_URL", "searches are answered by the process"},
	} {
		if value, given := env(envPrefix + part.name); given && value != "" {
			wrong = append(wrong, errs.Problem{Pointer: envPrefix + part.name, Found: "a value", Allowed: "none: in this version " + part.has})
		}
	}
	return wrong
}

// unknownFlags reports flags that are no setting: they would be lost silently.
func unknownFlags(flags map[string]string) []errs.Problem {
	known := make(map[string]bool)
	for _, s := range settings() {
		known[s.Name] = true
	}
	var wrong []errs.Problem
	for _, name := range sortedKeys(flags) {
		if !known[name] {
			wrong = append(wrong, errs.Problem{
				Pointer: "--" + name, Found: strconv.Quote(flags[name]), Allowed: "no such setting",
			})
		}
	}
	return wrong
}
