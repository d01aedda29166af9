package cli

import (
	"context"
	"fmt"
	"runtime/debug"
	"strconv"

	"enishi/internal/config"
	"enishi/internal/day"
	"enishi/internal/demo"
	"enishi/internal/errs"
	"enishi/internal/market"
)

type demoCmd struct {
	Load demoLoadCmd `cmd:"" help:"Fill an empty data folder with a job market that has lived 180 days."`
}

type demoLoadCmd struct {
	change
	Candidates int     `default:"20000" placeholder:"N" help:"Candidates (default 20000)."`
	Companies  int     `default:"400" placeholder:"M" help:"Companies (default 400)."`
	Rules      int     `default:"1200" placeholder:"R" help:"Active rules (default 1200)."`
	Seed       uint64  `default:"1" placeholder:"S" help:"Seed: the same one gives, on the same day, the same data (default 1)."`
	Day        day.Day `placeholder:"YYYY-MM-DD" help:"The day on which the market stands (default: today in Tokyo)."`
	IfEmpty    bool    `help:"Do nothing, successfully, if the data folder holds a market already."`
}

// Run plays the market in memory and writes its end state.
func (c *demoLoadCmd) Run(ctx context.Context, w World) error {
	today, err := c.today(w)
	if err != nil {
		return err
	}
	resolved, err := c.resolve(w)
	if err != nil {
		return err
	}
	if resolved.DataKind == config.RealData {
		return errs.New(errs.Denied, "this installation is for people's data (ENISHI_DATA_KIND=real): demo data is loaded elsewhere")
	}
	about := intent{
		does: fmt.Sprintf("an empty database is filled with %d candidates, %d companies and %d rules of nobody", c.Candidates, c.Companies, c.Rules),
		undo: "begin again with an empty folder, or an empty database",
	}
	var order market.Order
	asked := c.DryRun || !c.IfEmpty || resolved.Environment != "" // else it may turn out that there is nothing to do
	if asked {
		if order, err = c.agreedOn(ctx, w, resolved, about); err != nil || c.DryRun {
			return err
		}
	}
	in, err := openInstallation(ctx, resolved, loading)
	if err != nil {
		return err
	}
	if c.IfEmpty {
		if err := in.store.Unused(ctx); errs.Is(err, errs.Conflict) {
			return in.close(nil)
		}
	}
	if !asked {
		if order, err = c.agreedOn(ctx, w, resolved, about); err != nil {
			return in.close(err)
		}
	}
	return c.load(ctx, w, in, today, order)
}

func (c *demoLoadCmd) load(ctx context.Context, w World, in *installation, today day.Day, order market.Order) error {
	// A loader that ends soon spends memory rather than a quarter of its time
	// on collecting it.
	defer debug.SetGCPercent(debug.SetGCPercent(gcPercent))
	shown := progress{world: w}
	summary, err := demo.Load(ctx, in.store, demo.Options{
		Candidates: c.Candidates, Companies: c.Companies, Rules: c.Rules, Seed: c.Seed,
		Today: today, Vault: in.vault, Progress: shown.step,
	})
	shown.end()
	if err == nil {
		err = market.Note(ctx, in.store, w.Now, market.AuditDemo, order, "an empty database -> demo data of seed "+strconv.FormatUint(c.Seed, 10))
	}
	if err := in.close(err); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(w.Out, summary)
	}
	fmt.Fprintf(w.Out, "\n%d candidates, %d companies, %d active rules, %d offers made in the 180 days to %s.\n\nSign-ins:\n",
		summary.Candidates, summary.Companies, summary.Rules, summary.Offers, summary.Day)
	for _, in := range summary.SignIns {
		fmt.Fprintf(w.Out, "  %-10s %-22s password %s  %s\n", in.Kind, in.Email, in.Password, in.Who)
	}
	return nil
}

// mostDaysBack bounds the day: the service plays each day since then when it
// starts.
const mostDaysBack = 3660

// today gives the day on which the market stands: one that has begun in Tokyo.
func (c *demoLoadCmd) today(w World) (day.Day, error) {
	now := day.Of(w.Now())
	switch {
	case c.Day == 0:
		return now, nil
	case c.Day > now || c.Day < now-mostDaysBack:
		return 0, errs.New(errs.Invalid, fmt.Sprintf("--day: found %s; accepted: a day from %s to %s, which is today in Tokyo", c.Day, now-mostDaysBack, now))
	}
	return c.Day, nil
}

// gcPercent lets the heap grow to four times what is alive: 5 GB for 170,000
// candidates.
const gcPercent = 300

func (c *demoLoadCmd) Help() string {
	return "Examples:\n  enishi demo load --data data/demo --candidates 20000 --companies 400 --rules 1200 --seed 1\n  enishi demo load --data data/demo --day 2026-04-01 --json"
}
