package cli

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"sort"
	"strings"
	"time"

	"enishi/internal/day"
	"enishi/internal/demo"
	"enishi/internal/jm1"
)

type benchCmd struct {
	Engine benchEngineCmd `cmd:"" help:"Measure the engine on the JM-1 workload, every answer checked."`
	HTTP   benchHTTPCmd   `cmd:"" name:"http" help:"Put a mixed load on a running service."`
}

type benchEngineCmd struct {
	Candidates int    `default:"170000" placeholder:"N" help:"Candidates (default 170000)."`
	Rules      int    `default:"100000" placeholder:"N" help:"Rules (default 100000)."`
	Seed       uint64 `default:"7" placeholder:"S" help:"Seed: the same one gives the same data (default 7)."`
	Demo       bool   `help:"Measure on the demo's market, in market's own schema, instead of JM-1."`
	Export     string `placeholder:"DIR" help:"Also write data, questions and answers there, for other programs to check."`
	JSON       bool   `name:"json" help:"Print one JSON object."`
}

// Run measures and checks.
func (c *benchEngineCmd) Run(ctx context.Context, w World) error {
	if c.Candidates < 1 || c.Rules < 1 {
		return usageError{"--candidates and --rules must be 1 or more"}
	}
	if c.Demo && c.Export != "" {
		return usageError{"--export writes JM-1 only; leave out --demo"}
	}
	shown := progress{world: w}
	report, err := c.measure(ctx, w, &shown)
	shown.end()
	if err != nil {
		return err
	}
	if err := printJSON(w.Out, report); err != nil {
		return err
	}
	if report.Mismatches > 0 {
		return fmt.Errorf("%d of %d checked answers differ from the naive evaluator's", report.Mismatches, report.Checked)
	}
	return nil
}

func (c *benchEngineCmd) measure(ctx context.Context, w World, shown *progress) (jm1.Report, error) {
	if !c.Demo {
		return jm1.Run(ctx, jm1.Options{
			Candidates: c.Candidates, Rules: c.Rules, Seed: c.Seed, Export: c.Export,
			Progress: shown.step, Now: w.Now,
		})
	}
	return demo.Bench(ctx, demo.Options{
		Candidates: c.Candidates, Companies: max(1, c.Rules/rulesOfACompany), Rules: c.Rules, Seed: c.Seed,
		Today: day.Of(w.Now()), Progress: shown.step,
	}, w.Now)
}

// rulesOfACompany is how many rules a company of a demo has, as in the demo of
// make run.
const rulesOfACompany = 3

func (c *benchEngineCmd) Help() string {
	return `Examples:
  enishi bench engine --candidates 170000 --rules 100000 --seed 7 --json --export /tmp/jm1
  enishi bench engine --demo --candidates 20000 --rules 1200 --json`
}

type benchHTTPCmd struct {
	URL      string         `required:"" placeholder:"URL" help:"Where the service is, such as http://127.0.0.1:8080."`
	Rate     int            `default:"100" placeholder:"R" help:"Requests a second (default 100)."`
	Duration time.Duration  `default:"10s" placeholder:"D" help:"How long, such as 30s (default 10s)."`
	Mix      map[string]int `mapsep:"," placeholder:"KIND=WEIGHT,..." help:"Kinds and weights of requests (default own=70,lists=15,search=8,edits=5,insight=1,signup=1)."`
	Step     int            `placeholder:"N" help:"Send N times as much in the second of three equal parts of the time (1: as much), and report the parts and the recovery."`
	Confirm  string         `placeholder:"HOST" help:"The service's host once more, where it is not on this machine: people may be on it."`
	JSON     bool           `name:"json" help:"Print JSON."`
}

// onThisMachine says whether a service can be reached from here alone.
func onThisMachine(at *url.URL) bool {
	ip := net.ParseIP(at.Hostname())
	return at.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

// defaultMix is the traffic of a usual hour.
func defaultMix() map[string]int {
	return map[string]int{kindOwn: 70, kindLists: 15, kindSearch: 8, kindEdits: 5, kindInsight: 1, kindSignUp: 1}
}

// Run puts the load on the service and prints what it measured.
func (c *benchHTTPCmd) Run(ctx context.Context, w World) error {
	if len(c.Mix) == 0 {
		c.Mix = defaultMix()
	}
	known := defaultMix()
	known[kindAccept] = 0
	total := 0
	for kind, weight := range c.Mix {
		if _, ok := known[kind]; !ok || weight < 0 {
			return usageError{fmt.Sprintf("--mix: found %s=%d; accepted: %s with weights from 0", kind, weight, strings.Join(sortedNames(known), ", "))}
		}
		total += weight
	}
	if total == 0 || c.Rate < 1 || c.Duration <= 0 || c.Step < 0 {
		return usageError{"--rate, --duration and the sum of --mix must be above 0, and --step not below"}
	}
	at, err := url.Parse(c.URL)
	if err != nil || at.Scheme != "http" && at.Scheme != "https" || at.Host == "" {
		return usageError{fmt.Sprintf("--url: found %q; accepted: an address such as http://127.0.0.1:8080", c.URL)}
	}
	if !onThisMachine(at) && c.Confirm != at.Host {
		return usageError{fmt.Sprintf("%s is not on this machine: the load, sign-ups among it, may meet people. Give --confirm %[1]s if it is to", at.Host)}
	}
	l := &load{url: strings.TrimSuffix(c.URL, "/"), mix: c.Mix, world: w, step: c.Step}
	report, err := l.run(ctx, c.Rate, c.Duration)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(w.Out, report)
	}
	return report.print(w.Out)
}

func (c *benchHTTPCmd) Help() string {
	return `The service must run with --demo, any other is refused, and with ENISHI_RATE_LIMITS=off. One that has a name (ENISHI_ENVIRONMENT) must be for demo data as well (ENISHI_DATA_KIND=demo). The load is open: a request is sent when it is due, however slow the ones before it are.

Example:
  enishi bench http --url http://127.0.0.1:8080 --rate 30 --duration 30s --mix search=20,signup=10
  enishi bench http --url http://127.0.0.1:8080 --rate 300 --duration 60s --step 10 --mix own=50,accept=10,lists=15,search=15,signup=10`
}

func sortedNames[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for name := range m {
		out = append(out, name)
	}
	sort.Strings(out)
	return out
}
