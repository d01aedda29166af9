package cli

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"enishi/internal/errs"
	"enishi/internal/verify"
)

// verifyCmd holds a live installation to what it promises.
type verifyCmd struct {
	URL        string        `arg:"" help:"Where the installation is reached, such as https://enishi.example.jp."`
	Address    string        `default:"verify-*@enishi.invalid" placeholder:"PATTERN" help:"Addresses of the people of the trial; * becomes another word for each. Use one whose mails your sender accepts, such as success+*@simulator.amazonses.com."`
	Patience   time.Duration `default:"20s" help:"How long one answer may take, and whatever is done behind it, such as sending a mail."`
	Deployment string        `placeholder:"ID" help:"Verify the processes of this deployment alone, and wait for them: others may serve at the same address."`
	Await      time.Duration `default:"15m" help:"How long the processes of --deployment are waited for."`
	Timeout    time.Duration `default:"3m" help:"How long all of it may take; the removal at the end comes on top."`
	JSON       bool          `help:"Print the steps as JSON."`
}

// Help says what it does and what it needs.
func (c *verifyCmd) Help() string {
	return `Walks the way of a candidate and of a company on a live installation, from the sign-up to a date that was chosen, and looks at mails, live events, searches, jobs and the matcher on the way. Whoever it registers meets nobody who is real and enters no figure; all of it is erased at the end, also after a failure and on Ctrl-C, and after an hour by the installation itself.

It acts as an operator: set ENISHI_VERIFY_TOKEN, or ENISHI_VERIFY_EMAIL and ENISHI_VERIFY_PASSWORD; of each, NAME_FILE may name a file that holds it. It exits with 1 if a step fails.

Examples:
  ENISHI_VERIFY_TOKEN_FILE=/run/secrets/operator enishi verify https://enishi.example.jp
  enishi verify http://127.0.0.1:8080 --json`
}

// Run verifies.
func (c *verifyCmd) Run(ctx context.Context, w World) error {
	o, err := c.options(w)
	if err != nil {
		return err
	}
	if !c.JSON {
		o.Done = func(s verify.Step) { printStep(w, s) }
	}
	most := c.Timeout
	if c.Deployment != "" {
		most += c.Await
	}
	within, stop := context.WithTimeout(ctx, most)
	defer stop()
	steps, err := verify.New(o).Run(within)
	if c.JSON {
		out := struct {
			URL   string        `json:"url"`
			OK    bool          `json:"ok"`
			Steps []verify.Step `json:"steps"`
		}{c.URL, err == nil, steps}
		if failed := printJSON(w.Out, out); failed != nil {
			return failed
		}
	}
	if err != nil {
		return errs.Wrap(errs.Internal, "the installation does not hold what it promises", err)
	}
	if !c.JSON {
		_, err = fmt.Fprintln(w.Out, "All of it holds.")
	}
	return err
}

func printStep(w World, s verify.Step) {
	mark, said := "ok  ", s.Note
	if s.Error != "" {
		mark, said = "FAIL", s.Error
	}
	if said != "" {
		said = ": " + said
	}
	fmt.Fprintf(w.Out, "%s %6d ms  %s%s\n", mark, s.Milliseconds, s.Name, said)
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
