package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"time"

	"enishi/internal/config"
	"enishi/internal/errs"
	"enishi/internal/market"
	"enishi/internal/verify"
)

// verifyCmd holds a live installation to what it promises.
type verifyCmd struct {
	asked
	Plan       bool          `aliases:"dry-run" help:"Show what would be done, and where; make no trial."`
	URL        string        `arg:"" help:"Where the installation is reached, such as https://enishi.example.jp."`
	Address    string        `default:"verify-*@enishi.invalid" placeholder:"PATTERN" help:"Addresses of the people of the trial; * becomes another word for each. Use one whose mails your sender accepts, such as success+*@simulator.amazonses.com."`
	Patience   time.Duration `default:"20s" help:"How long one answer may take, and whatever is done behind it, such as sending a mail."`
	Deployment string        `placeholder:"ID" help:"Verify the processes of this deployment alone, and wait for them: others may serve at the same address."`
	Await      time.Duration `default:"15m" help:"How long the processes of --deployment are waited for."`
	Timeout    time.Duration `default:"3m" help:"How long all of it may take; being asked, and the removal at the end, come on top."`
}

// Help says what it does and what it needs.
func (c *verifyCmd) Help() string {
	return `Walks the way of a candidate and of a company on a live installation, from the sign-up to a date that was chosen, and looks at mails, live events, searches, jobs and the matcher on the way. Whoever it registers meets nobody who is real and enters no figure; all of it is erased at the end, also after a failure and on Ctrl-C, and after an hour by the installation itself.

Where the installation has a name (ENISHI_ENVIRONMENT of its servers), it wants to be told why (--why), shows the name and asks whether it shall go on; where people's data is, by that name. Who and why are kept in the installation's audit log, so write nothing of a person there. ENISHI_WHY and ENISHI_CONFIRM say what --why and --confirm do, and ENISHI_BY who it is: tasks of deployments are told so. Until then it has looked at pages and signed in, no more, and so does --plan.

It acts as an operator: set ENISHI_VERIFY_TOKEN, or ENISHI_VERIFY_EMAIL and ENISHI_VERIFY_PASSWORD; of each, NAME_FILE may name a file that holds it. It exits with 1 if a step fails.

Examples:
  ENISHI_VERIFY_TOKEN_FILE=/run/secrets/operator enishi verify https://enishi.example.jp --why "after the release" --confirm prod
  enishi verify http://127.0.0.1:8080 --json`
}

// Run verifies, once somebody has agreed.
func (c *verifyCmd) Run(ctx context.Context, w World) error {
	o, err := c.options(w)
	if err != nil {
		return err
	}
	o.Done = func(s verify.Step) { printStep(c.progress(w), s) }
	most := c.Timeout
	if c.Deployment != "" {
		most += c.Await
	}
	suite := verify.New(o)
	began := w.Now()
	looking, stop := context.WithTimeout(ctx, most)
	at, err := suite.Look(looking)
	stop()
	most -= w.Now().Sub(began)
	var refused error
	if err == nil {
		var order market.Order
		if order, refused = c.allowed(ctx, w, at); refused == nil && !c.Plan {
			within, stop := context.WithTimeout(ctx, most)
			err = suite.Run(within, verify.Order(order))
			stop()
		}
	}
	err = errors.Join(err, suite.Leave(ctx))
	if refused != nil {
		return errors.Join(refused, err)
	}
	return c.reported(w, at, suite.Steps(), err)
}

// allowed shows what is about to be done, where, and that nothing of it stays, and asks
// whether it shall be; it gives whoever says so. A plan is only shown.
func (c *verifyCmd) allowed(ctx context.Context, w World, at verify.Installation) (market.Order, error) {
	order, kind := c.order(w), config.DataKind(at.Data)
	printIntent(w.Err, placed(at.Name, kind, c.URL), intent{
		does: "a trial is made, a company and a candidate who meet nobody who is real, walked through and erased",
		undo: "nothing is left of it but two lines in the audit log",
	})
	if at.Name == "" && kind == config.RealData {
		return order, namelessPeople(c.URL)
	}
	if at.Name != "" && !c.Plan {
		if err := c.agreedIn(ctx, w, at.Name, kind); err != nil {
			return order, err
		}
	}
	return order, flagged(order.Check())
}

// reported says how it ended.
func (c *verifyCmd) reported(w World, at verify.Installation, steps []verify.Step, failed error) error {
	if c.JSON {
		out := struct {
			URL         string        `json:"url"`
			Environment string        `json:"environment,omitempty"`
			OK          bool          `json:"ok"`
			Planned     bool          `json:"planned,omitempty"` // nothing was done but to look
			Steps       []verify.Step `json:"steps"`
		}{c.URL, at.Name, failed == nil, c.Plan, steps}
		if err := printJSON(w.Out, out); err != nil {
			return err
		}
	}
	if failed != nil {
		return errs.Wrap(errs.Internal, "the installation does not hold what it promises", failed)
	}
	said := "All of it holds."
	if c.Plan {
		said = "No trial was made. What was looked at holds."
	}
	_, err := fmt.Fprintln(c.progress(w), said)
	return err
}

// progress is where steps are shown.
func (c *verifyCmd) progress(w World) io.Writer {
	if c.JSON {
		return w.Err
	}
	return w.Out
}

func printStep(out io.Writer, s verify.Step) {
	mark, said := "ok  ", s.Note
	if s.Error != "" {
		mark, said = "FAIL", s.Error
	}
	if said != "" {
		said = ": " + said
	}
	fmt.Fprintf(out, "%s %6d ms  %s%s\n", mark, s.Milliseconds, s.Name, said)
}

// options reads who verifies what.
func (c *verifyCmd) options(w World) (verify.Options, error) {
	o := verify.Options{URL: c.URL, Address: c.Address, Patience: c.Patience, Deployment: c.Deployment, Await: c.Await, Now: w.Now}
	at, err := url.Parse(c.URL)
	if err != nil || at.Scheme != "http" && at.Scheme != "https" || at.Host == "" || at.RawQuery != "" || at.User != nil {
		return o, usageError{fmt.Sprintf("%q is not the address of an installation: give https://HOST or http://HOST:PORT", c.URL)}
	}
	if name, host, ok := strings.Cut(c.Address, "@"); !ok || strings.Count(name, "*") != 1 || strings.Contains(host, "*") {
		return o, usageError{fmt.Sprintf("--address %q needs one * before its @", c.Address)}
	}
	for name, into := range map[string]*string{
		"ENISHI_VERIFY_TOKEN": &o.Token, "ENISHI_VERIFY_EMAIL": &o.Email, "ENISHI_VERIFY_PASSWORD": &o.Password,
	} {
		if *into, err = secretOf(w, name); err != nil {
			return o, err
		}
	}
	if o.Token == "" && (o.Email == "" || o.Password == "") {
		return o, usageError{"who is the operator? Set ENISHI_VERIFY_TOKEN, or ENISHI_VERIFY_EMAIL and ENISHI_VERIFY_PASSWORD"}
	}
	return o, nil
}

// secretOf reads what an environment variable holds, or the file that NAME_FILE names.
func secretOf(w World, name string) (string, error) {
	if value, ok := w.Env(name); ok && value != "" { // an empty one is what a template leaves
		return value, nil
	}
	file, ok := w.Env(name + "_FILE")
	if !ok {
		return "", nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", errs.Wrap(errs.Invalid, name+"_FILE cannot be read", err)
	}
	return strings.TrimSpace(string(text)), nil
}
