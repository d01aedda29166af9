package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"enishi/internal/cli"
	"enishi/internal/deploy"
	"enishi/internal/deploy/deploytest"
	"enishi/internal/environ"
)

// changesNothing are the commands that change nothing by hand, and why they do not.
func changesNothing() map[string]string {
	return map[string]string{
		"serve":              "starts a process; what it is told are settings",
		"guard":              "starts a process; what it is told are settings",
		"bench engine":       "measures in its own memory",
		"bench http":         "signs up on demos alone, which leavesAlone tries, for the host's name unless that is this machine (TestBenchAsksForTheHost); it knows no operator, so no audit log is told",
		"maintenance status": "shows",
		"audit list":         "shows",
		"job list":           "shows",
		"config":             "shows",
		"health":             "shows",
		"version":            "shows",
		"env tasks":          "lists",
		"deploy status":      "shows",
		"env plan":           "shows",
	}
}

// slip is a command that changes an installation, as somebody calls it.
type slip struct {
	args   []string
	before [][]string // commands that come first
	plan   string     // what it says it would do
	undo   string     // how it is taken back
	noted  string     // the kind of its line in the audit log
	diff   string     // a part of what the log says has changed
}

func ofInstallation() map[string]slip {
	operator := []string{"user", "add", "--role", "operator", "--email", "second@example.jp", "--password", "correct horse"}
	times := []string{"--from", "2999-01-01 02:00", "--until", "2999-01-01 04:00"}
	planned := append([]string{"maintenance", "plan"}, times...)
	return map[string]slip{
		"demo load": {args: []string{"--candidates", "50", "--companies", "5", "--rules", "5"}, plan: "filled with 50 candidates", undo: "empty", noted: "demo.load", diff: "demo data of seed 1"},
		"user add": {
			args: []string{"--role", "operator", "--email", "new@example.jp", "--password", "correct horse"}, plan: "account is made for new@example.jp",
			undo: "enishi user remove --email new@example.jp", noted: "operator.add", diff: "no account -> operator",
		},
		"user remove": {args: []string{"--email", "second@example.jp"}, before: [][]string{operator}, plan: "second@example.jp is removed", undo: "enishi user add", noted: "operator.remove", diff: "operator -> no account"},
		"maintenance plan": {
			args: times, before: [][]string{operator}, plan: "is announced", undo: "enishi maintenance off",
			noted: "maintenance.plan", diff: "no maintenance -> planned from 2999-01-01T02:00:00+09:00",
		},
		"maintenance on":  {before: [][]string{operator}, plan: "nobody can sign up", undo: "enishi maintenance off", noted: "maintenance.begin", diff: "-> read-only"},
		"maintenance off": {before: [][]string{operator, planned}, plan: "opened again", undo: "enishi maintenance on", noted: "maintenance.end", diff: "-> no maintenance"},
		"audit note":      {args: []string{"environment.change", "two tasks -> four"}, before: [][]string{operator}, plan: "two tasks -> four", undo: "no way", noted: "environment.change", diff: "two tasks -> four"},
		"job run":         {args: []string{"statistics"}, before: [][]string{operator}, plan: "the job statistics is run", undo: "no way", noted: "job.run", diff: "statistics is run"},
		"sql":             {args: []string{"SELECT COUNT(*) AS people FROM account"}, before: [][]string{operator}, plan: "SELECT COUNT(*)", undo: "nothing is changed", noted: "sql.read", diff: "SELECT COUNT(*) AS people FROM account"},
		"migrate":         {plan: "a new database is made", undo: "the program before works", noted: "schema.migrate", diff: "schema 0 -> "},
	}
}

// order is a command that changes an environment on AWS, as somebody calls it.
type order struct {
	args    []string
	account func(t *testing.T, environment string) *deploytest.Account // as it is before; nil: as a deployment has left it
	plan    string                                                     // what it says it would do
	// noted is what a task is told that leaves the line in the audit log; "": another test sees to it, which does it whole.
	noted string
}

func ofAccount() map[string]order {
	whole := func(_ *testing.T, environment string) *deploytest.Account { return deploytest.Whole(environment) }
	return map[string]order{
		"deploy run":      {args: []string{"prod"}, plan: "by the steps image"}, // TestDeployIsKilled
		"deploy rollback": {args: []string{"prod"}, account: afterADeployment, plan: "Next: back from ", noted: "audit note deploy.back "},
		"deploy verify":   {args: []string{"prod"}, plan: "Next: enishi verify, as a task", noted: "verify " + deploytest.TestURL},
		"task":            {args: []string{"prod", "--", "job", "run", "expire"}, plan: "Next: enishi job run expire, as a task", noted: "job run expire"},
		"env up":          {args: []string{"prod"}, account: beforeUp, plan: "enishi-prod-base is new", noted: "audit note environment.change the templates from before -> "},
		"env down":        {args: []string{"dev"}, plan: "Goes: "},                                                                        // its log goes too: a parameter keeps it
		"env move":        {args: []string{"prod", "--back", "--data", "not-there-yet"}, plan: "Next: a task packs the database of prod"}, // TestMoveOnServers
		"env scale":       {args: []string{"prod", "web", "4", "40"}, plan: "Next: 4 to 40 tasks", noted: "audit note environment.change web: 2 to 9 tasks -> 4 to 40 tasks"},
		"env stop":        {args: []string{"prod", "aa0"}, plan: "of web (enishi-prod-web:1", noted: "audit note environment.change task aa0"},
		"env failover":    {args: []string{"prod", "database"}, account: whole, plan: "Next: database: the writer is enishi-prod-1 -> ", noted: "audit note environment.change database: the writer is enishi-prod-1 -> "},
		"env restart":     {args: []string{"prod", "enishi-prod-2"}, account: whole, plan: "Next: database enishi-prod-2: a reader", noted: "audit note environment.change database enishi-prod-2: a reader, available -> restarted"},
		"env secret":      {args: []string{"prod", "mail", "--from", "mail.txt"}, account: whole, plan: "Next: secret mail: version ", noted: "audit note environment.change secret mail: version "},
		"env archive":     {args: []string{"prod", "--from", "1999-12-30", "--to", "1999-12-30"}, account: whole, plan: "Next: archive: as Firehose has left it -> with 1999-12-30", noted: "audit note environment.change archive: as Firehose has left it -> with 1999-12-30"},
		"env copy":        {args: []string{"prod"}, account: whole, plan: "Next: copy: the newest is of 1999-12-31T20:00:00Z -> one more in BackupVault1, for 35 days", noted: "audit note environment.change copy: the newest is of 1999-12-31T20:"},
		"env restore":     {args: []string{"prod", "--to", "latest"}, account: whole, plan: "Next: restore: the database as it is -> as it was: 1999-12-31T23:55:00Z", noted: "audit note environment.change restore: the database as it is -> as it was: 1999-12-31T23:5"},
		"env mend":        {args: []string{"prod", "alarms"}, account: withHalf, plan: "Next: stack enishi-prod-alarms: UPDATE_ROLLBACK_FAILED -> UPDATE_ROLLBACK_COMPLETE", noted: "audit note environment.change stack enishi-prod-alarms: UPDATE_ROLLBACK_FAILED -> "},
		"env revert":      {args: []string{"prod", "alarms"}, account: withAHand, plan: "\n      Rule: never -> at five\n", noted: "audit note environment.change what was changed by hand in enishi-prod-alarms: Daily (Rule: never -> at five) -> as its template says"},
		"env silence":     {args: []string{"prod", "MailStuck", "--for", "2h"}, account: whole, plan: "Next: alarms MailStuck: people are told -> ", noted: "audit note environment.change alarms MailStuck: people are told -> "},
	}
}

// toldElsewhere are the commands of ofAccount that tell the audit log in no such way, and where that is held.
func toldElsewhere() map[string]string {
	return map[string]string{
		"deploy run": "its migration is the line, which deploy.TestRollback sees told by whom and why, and TestPeopleAreNotForgotten sees written",
		"env down":   "its log goes too: a parameter outlives it, at which holdsBackInAccount looks",
		"env move":   "nothing serves: the database itself keeps it, at which TestMoveOnServers looks",
	}
}

// moreOfAccount are further ways to call these.
func moreOfAccount() map[string][]order {
	return map[string][]order{
		"env secret": {
			{args: []string{"prod", "cache", "--new"}, account: ofAccount()["env secret"].account, plan: "Next: secret cache: version ", noted: "audit note environment.change secret cache: version "},
			{args: []string{"prod", "cache", "--settle"}, account: afterANewPassword, plan: " alone.", noted: "audit note environment.change secret cache: version "},
		},
		"env restore": {
			{args: []string{"prod", "--rehearse"}, account: ofAccount()["env restore"].account, plan: "-> read as it was: 1999-12-31T23:55:00Z", noted: "audit note environment.change restore: the database as it is -> read as it was: "},
			{args: []string{"prod", "--drop"}, account: withABeside, plan: "Next: restore: what one has left -> given up", noted: "audit note environment.change restore: what one has left -> given up"},
		},
		"env mend": {
			{args: []string{"prod", "alarms"}, account: withAShield, plan: ", protected from being deleted: the load balancer " + deploytest.ShieldedBalancer + " and the database " + deploytest.ShieldedDatabase + " -> deleted", noted: "audit note environment.change stack enishi-prod-alarms: ROLLBACK_FAILED, with 4 things in it, protected from being deleted: "},
		},
		"env failover": {{args: []string{"prod", "cache"}, account: ofAccount()["env failover"].account, plan: "Next: cache: ", noted: "audit note environment.change cache: "}},
	}
}

// afterANewPassword is an account whose cache takes two passwords.
func afterANewPassword(t *testing.T, environment string) *deploytest.Account {
	t.Helper()
	a := deploytest.Whole(environment)
	a.Begun = time.Now()
	of := ofAccount()["env secret"]
	if code, said := inAccount(a, []string{"env", "secret", environment}, order{args: []string{environment, "cache", "--new"}, account: of.account}, "--why", "x", "--confirm", environment); code != 0 {
		t.Fatalf("a new password: %d, %s", code, said)
	}
	time.Sleep(time.Hour)
	a.Begun = time.Now()
	return a
}

// withABeside is an account in which a restore has left a cluster.
func withABeside(t *testing.T, environment string) *deploytest.Account {
	t.Helper()
	a := deploytest.Whole(environment)
	o := &environ.Options{Environment: environment, AWS: a.Config(func(_ int, asked string) deploytest.Trouble {
		if asked == "rds:CreateDBInstance" {
			return deploytest.Killed
		}
		return deploytest.None
	}), By: "taro", Why: "the one before"}
	s, err := environ.LookRestore(t.Context(), o, environ.Restoration{Latest: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := environ.Take(t.Context(), o, s); err == nil {
		t.Fatal("it was not killed")
	}
	time.Sleep(time.Hour)
	return a
}

// withAHand is an account in which somebody has changed when copies are made.
func withAHand(_ *testing.T, environment string) *deploytest.Account {
	a := deploytest.Whole(environment)
	a.Describe("enishi-"+environment+"-alarms", `{"Resources": {"Daily": {"Type": "AWS::Backup::BackupPlan", "Properties": {"Rule": "at five"}}}}`)
	a.Alter("Daily", func(p map[string]any) { p["Rule"] = "never" })
	return a
}

// withHalf is an account in which CloudFormation could not take a change back.
func withHalf(_ *testing.T, environment string) *deploytest.Account {
	a := deploytest.Whole(environment)
	for _, part := range []string{"service", "alarms"} {
		a.Stand("enishi-"+environment+"-"+part, nil)
	}
	a.Break("enishi-"+environment+"-alarms", types.StackStatusUpdateRollbackFailed)
	return a
}

// withAShield is an account in which what a first making has left refuses to be deleted.
func withAShield(_ *testing.T, environment string) *deploytest.Account {
	a := deploytest.Whole(environment)
	a.Stand("enishi-"+environment+"-service", nil)
	a.Break("enishi-"+environment+"-alarms", types.StackStatusRollbackFailed)
	a.Shield("enishi-"+environment+"-alarms", "")
	return a
}

// afterADeployment is an account in which a version was deployed just now.
func afterADeployment(t *testing.T, environment string) *deploytest.Account {
	t.Helper()
	a := deploytest.New(environment)
	o := &deploy.Options{
		Environment: environment, AWS: a.Config(nil), By: "taro", Why: "the one before", Version: "v1.1.0",
		Image: func(context.Context, deploy.Registry) (string, error) { return deploytest.Next, nil },
	}
	if _, err := deploy.Run(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	return a
}

// beforeUp is an account in which nothing is but the images, so that none is built.
func beforeUp(_ *testing.T, environment string) *deploytest.Account {
	a := deploytest.Empty(environment)
	for _, name := range []string{"image", "notify/image"} {
		a.Set(name, deploytest.Before)
	}
	return a
}

// TestNoCommandLetsASlipThrough goes through every command there is: one that changes
// something shows its plan, names the environment, says how it is taken back, asks why, asks for the
// name where people's data is, and leaves a line in the audit log.
func TestNoCommandLetsASlipThrough(t *testing.T) {
	leaves, err := cli.Leaves()
	if err != nil {
		t.Fatal(err)
	}
	known := slices.Concat(slices.Collect(maps.Keys(changesNothing())), slices.Collect(maps.Keys(ofInstallation())), slices.Collect(maps.Keys(ofServers())), slices.Collect(maps.Keys(ofAccount())))
	for _, l := range leaves {
		n := slices.Index(known, l.Path)
		if n < 0 {
			t.Errorf("enishi %s is in no table here: does it change something?", l.Path)
			continue
		}
		known = slices.Delete(known, n, n+1)
		if l.Path == "transfer" {
			everyTransfer(t, l.Flags)
		}
		_, still := changesNothing()[l.Path]
		for _, flag := range []string{"why", "confirm", "plan"} {
			if !still && !slices.Contains(l.Flags, flag) {
				t.Errorf("enishi %s has no --%s", l.Path, flag)
			}
			if still && slices.Contains(l.Flags, "why") {
				t.Errorf("enishi %s asks why, and changes nothing", l.Path)
			}
		}
	}
	if len(known) > 0 {
		t.Errorf("there are no such commands: %q", known)
	}
	for name, s := range ofInstallation() {
		t.Run(name, func(t *testing.T) { holdsBack(t, strings.Fields(name), s) })
	}
	for name, try := range ofServers() {
		t.Run(name, try)
	}
	for name, try := range leavesAlone() {
		if _, still := changesNothing()[name]; !still {
			t.Errorf("enishi %s is in no table of what changes nothing", name)
		}
		t.Run(name, try)
	}
	signalsBeginHere(t)
	t.Chdir(smallProject(t))
	if err := os.WriteFile("mail.txt", []byte("smtp://user:password@mail.example.jp:587\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	templates := environmentTemplates(t, "prod")
	for name, first := range ofAccount() {
		if _, elsewhere := toldElsewhere()[name]; (first.noted == "") != elsewhere {
			t.Errorf("enishi %s tells the audit log %q, and elsewhere: %v", name, first.noted, elsewhere)
		}
		for _, o := range append(moreOfAccount()[name], first) {
			command := append(strings.Fields(name), o.args[0])
			if name == "env up" {
				command = append(command, "--templates", templates)
			}
			t.Run(strings.Join(append(strings.Fields(name), o.args...), " "), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { holdsBackInAccount(t, command, o) })
			})
		}
	}
}

// signalsBeginHere has what waits for signals begin outside the bubble that a test goes on in.
func signalsBeginHere(t *testing.T) {
	t.Helper()
	if w, _, _ := asWhom("", "", "", false); cli.Run([]string{"version"}, w) != 0 {
		t.Fatal("enishi version fails")
	}
}

// asWhom gives the world of a command in an environment, and what it prints.
func asWhom(environment, kind, typed string, terminal bool) (w cli.World, out, said *bytes.Buffer) {
	out, said = new(bytes.Buffer), new(bytes.Buffer)
	w = cli.System()
	w.In, w.Out, w.Err, w.Terminal = strings.NewReader(typed), out, said, terminal
	set := map[string]string{"ENISHI_ENVIRONMENT": environment, "ENISHI_DATA_KIND": kind}
	w.Env = func(name string) (string, bool) {
		value, ok := set[name]
		return value, ok
	}
	return w, out, said
}

// try is a way to call a command that must not do anything.
type try struct {
	what     string
	more     []string
	typed    string
	terminal bool
	code     int
	says     string
}

// tries are the ways to let a command slip in prod, which holds that kind of data.
func tries(kind string) []try {
	out := []try{
		{what: "without a reason", code: 2, says: "--why is missing"},
		{what: "with a blank reason", more: []string{"--why", "  "}, code: 2, says: "--why is missing"},
		{what: "to nobody", more: []string{"--why", "x"}, code: 2, says: "nobody is there to be asked"},
		{what: "for another environment", more: []string{"--why", "x", "--confirm", "staging"}, code: 2, says: "--confirm staging: this is prod"},
		{what: "as a plan", more: []string{"--plan"}, code: 0, says: "Next: "},
		{what: "with another name typed", more: []string{"--why", "x"}, typed: "production\n", terminal: true, code: 1, says: "nothing was done"},
	}
	if kind == "real" {
		out = append(out, try{what: "with yes alone", more: []string{"--why", "x", "--yes"}, code: 2, says: "Next: "})
	}
	return out
}

func holdsBack(t *testing.T, name []string, s slip) {
	kind, holds := "real", "prod, which holds people's data"
	if s.noted == "demo.load" {
		kind, holds = "demo", "prod, which holds demo data"
	}
	data := filepath.Join(t.TempDir(), "data")
	run := func(typed string, terminal bool, words ...string) (int, string, string) {
		w, out, said := asWhom("prod", kind, typed, terminal)
		code := cli.Run(slices.Concat(words, []string{"--data", data}), w)
		return code, out.String(), said.String()
	}
	for _, first := range s.before {
		if code, _, said := run("", false, slices.Concat(first, []string{"--why", "before it", "--confirm", "prod"})...); code != 0 {
			t.Fatalf("%q = %d: %s", first, code, said)
		}
	}
	command := slices.Concat(name, s.args)
	noted := func() []entry { return entries(t, data, len(s.before) > 0) }
	before := len(noted())
	for _, try := range tries(kind) {
		code, _, said := run(try.typed, try.terminal, slices.Concat(command, try.more)...)
		if code != try.code || !strings.Contains(said, try.says) {
			t.Errorf("%s: %d and %q; want %d and %q", try.what, code, said, try.code, try.says)
		}
		for _, want := range []string{holds, s.plan, "To take it back: ", s.undo} {
			if !strings.Contains(said, want) {
				t.Errorf("%s: %q is missing from %q", try.what, want, said)
			}
		}
		if len(s.before) == 0 {
			if _, err := os.Stat(data); err == nil && s.noted == "demo.load" {
				t.Fatalf("%s: a data folder was made", try.what)
			}
		}
		if n := len(noted()); n != before {
			t.Fatalf("%s: %d more lines in the audit log", try.what, n-before)
		}
	}
	typed := "prod\n"
	if kind == "demo" {
		typed = "yes\n"
	}
	code, _, said := run(typed, true, slices.Concat(command, []string{"--why", "a good reason"})...)
	if code != 0 {
		t.Fatalf("with its name typed: %d and %s", code, said)
	}
	list := entries(t, data, true)
	n := slices.IndexFunc(list, func(e entry) bool { return e.What == s.noted && e.Why == "a good reason" })
	if n < 0 || list[n].By == "" || !strings.Contains(list[n].Diff, s.diff) || !strings.Contains(list[n].Diff, "->") && !strings.Contains(s.noted+s.diff, "sql") && s.noted != "job.run" {
		t.Errorf("the audit log has %+v; want a line %s with who, why and %q", list, s.noted, s.diff)
	}
}

// entry is a line of the audit log.
type entry struct{ What, By, Why, Diff string }

// entries gives the audit log of a data folder; none where there is no installation.
func entries(t *testing.T, data string, there bool) []entry {
	t.Helper()
	w, out, said := asWhom("", "", "", false)
	code := cli.Run([]string{"audit", "--json", "--data", data}, w)
	if code != 0 && strings.Contains(said.String(), "no installation") {
		if _, err := os.Stat(filepath.Join(data, "enishi.db")); err == nil {
			return schemaEntries(t, data)
		}
	}
	if code != 0 && (there || !strings.Contains(said.String(), "no installation")) {
		t.Fatalf("the audit log: %d, %s", code, said.String())
	}
	var page struct{ Items []entry }
	if code == 0 {
		if err := json.Unmarshal(out.Bytes(), &page); err != nil {
			t.Fatal(err)
		}
	}
	return page.Items
}

// schemaEntries reads the log of a database that holds no installation yet.
func schemaEntries(t *testing.T, data string) []entry {
	t.Helper()
	w, out, said := asWhom("", "", "", false)
	if code := cli.Run([]string{"sql", "SELECT what, orderer, why, diff FROM audit WHERE what <> 'sql.read'", "--json", "--data", data}, w); code != 0 {
		t.Fatalf("the audit log: %d, %s", code, said.String())
	}
	var answer struct{ Rows [][]string }
	if err := json.Unmarshal(out.Bytes(), &answer); err != nil {
		t.Fatal(err)
	}
	var list []entry
	for _, r := range answer.Rows {
		list = append(list, entry{r[0], r[1], r[2], r[3]})
	}
	return list
}

// inAccount runs a command in an account, with some words before its last ones.
func inAccount(a *deploytest.Account, command []string, o order, more ...string) (int, string) {
	settings := a.Config(nil)
	w, out, said := asWhom("", "", "", false)
	w.AWS = &settings
	w.NameServers = func(context.Context, string) ([]string, error) { return []string{deploytest.NameServer}, nil }
	code := cli.Run(slices.Concat(command, more, o.args[1:]), w)
	return code, out.String() + said.String()
}

func holdsBackInAccount(t *testing.T, command []string, o order) {
	environment := o.args[0]
	made := func() *deploytest.Account {
		if o.account == nil {
			return deploytest.New(environment)
		}
		return o.account(t, environment)
	}
	for _, try := range []struct {
		what string
		more []string
		code []int
		says string
	}{
		{"without a reason", nil, []int{2}, "--why is missing"},
		{"to nobody", []string{"--why", "x"}, []int{1, 2}, ""},
		{"with yes alone", []string{"--why", "x", "--yes"}, []int{1, 2}, ""},
		{"for another environment", []string{"--why", "x", "--confirm", "another"}, []int{1, 2}, ""},
		{"as a plan", []string{"--plan"}, []int{0}, o.plan},
	} {
		if try.what == "with yes alone" && command[1] == "down" {
			continue // it has no such flag: it always asks for the name
		}
		a := made()
		before := len(a.Asked())
		code, said := inAccount(a, command, o, try.more...)
		if !slices.Contains(try.code, code) || !strings.Contains(said, try.says) {
			t.Errorf("%s: %d, %s", try.what, code, said)
		}
		for _, want := range []string{environment + ": account ", "To take it back: "} {
			if try.what == "as a plan" && !strings.Contains(said, want) {
				t.Errorf("%s: %q is missing: %s", try.what, want, said)
			}
		}
		for _, asked := range a.Asked()[before:] {
			if strings.HasSuffix(asked, ":CreateChangeSet") || strings.HasSuffix(asked, ":DeleteChangeSet") {
				continue // by which CloudFormation works a plan out; it changes nothing until it is executed
			}
			if slices.ContainsFunc([]string{":Put", ":Update", ":Register", ":Run", ":Create", ":Delete", ":Execute", ":Stop", ":Continue", ":Failover", ":Reboot", ":TestFailover", ":Rollback", ":Modify", ":Start", ":Restore"}, func(part string) bool { return strings.Contains(asked, part) }) {
				t.Errorf("%s: %s was asked for", try.what, asked)
			}
		}
	}
	a := made()
	if command[1] == "down" {
		if code, said := inAccount(a, command, o, "--why", "a good reason", "--confirm", environment); code != 0 || !strings.Contains(a.Gone(), `"why":"a good reason"`) || !strings.Contains(a.Gone(), deploytest.Identity) {
			t.Errorf("done: %d, %s; the account keeps %s", code, said, a.Gone())
		}
	}
	if o.noted == "" {
		return
	}
	code, said := inAccount(a, command, o, "--why", "a good reason", "--confirm", environment)
	told := slices.ContainsFunc(a.Ran(), func(r deploytest.Ran) bool {
		return strings.HasPrefix(strings.Join(r.Words, " "), o.noted) && r.Told["ENISHI_BY"] == deploytest.Identity && r.Told["ENISHI_WHY"] == "a good reason"
	})
	if code != 0 || !told {
		t.Errorf("done: %d, %s; tasks were %+v, and none of them %q", code, said, a.Ran(), o.noted)
	}
}

// TestPeopleAreNotForgotten refuses to change people's data where nobody has said which
// installation that is, and tells no task's log what is not for it.
func TestPeopleAreNotForgotten(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	add := []string{"user", "add", "--role", "operator", "--email", "one@example.jp", "--data", data}
	w, _, said := asWhom("prod", "real", "", false)
	if code := cli.Run(slices.Concat(add, []string{"--why", "x", "--confirm", "prod"}), w); code != 0 {
		t.Fatal(said.String())
	}
	for _, command := range [][]string{
		{"user", "add", "--role", "operator", "--email", "two@example.jp"},
		{"user", "remove", "--email", "one@example.jp", "--yes"},
		{"maintenance", "on", "--yes"},
		{"job", "run", "retention"},
		{"sql", "SELECT 1"},
		{"migrate"},
		{"audit", "note", "environment.change", "x"},
	} {
		w, _, said := asWhom("", "", "", false)
		if code := cli.Run(slices.Concat(command, []string{"--data", data}), w); code != 2 || !strings.Contains(said.String(), "set ENISHI_ENVIRONMENT") {
			t.Errorf("%q = %d, %s", command, code, said.String())
		}
	}
	w, out, said := asWhom("prod", "real", "", false)
	told := map[string]string{"ENISHI_ENVIRONMENT": "prod", "ENISHI_DATA_KIND": "real", "ENISHI_BY": "arn:aws:iam::1:user/hana", "ENISHI_WHY": "Hanako joins", "ENISHI_CONFIRM": "prod"}
	w.Env = func(name string) (string, bool) {
		value, ok := told[name]
		return value, ok
	}
	if code := cli.Run([]string{"user", "add", "--role", "operator", "--email", "hana@example.jp", "--data", data}, w); code != 0 || !strings.Contains(out.String(), "/forgot") ||
		strings.Contains(out.String()+said.String(), "Password: ") || strings.Contains(out.String()+said.String(), "hana@example.jp") {
		t.Errorf("as a task: %d, %s%s", code, out.String(), said.String())
	}
	if list := entries(t, data, true); list[0].By != "arn:aws:iam::1:user/hana" || list[0].Why != "Hanako joins" {
		t.Errorf("the audit log has %+v", list[0])
	}
	// The line of a deployment, also of one that expands nothing.
	told["ENISHI_DEPLOYS"], told["ENISHI_WHY"] = "v2: sha256:aa -> sha256:bb", "search by station"
	if code := cli.Run([]string{"migrate", "--data", data}, w); code != 0 {
		t.Errorf("as a deployment's task: %d, %s", code, said.String())
	}
	if list := entries(t, data, true); list[0].What != "deploy.begin" || list[0].By != "arn:aws:iam::1:user/hana" || list[0].Why != "search by station" || !strings.HasPrefix(list[0].Diff, "v2: sha256:aa -> sha256:bb; schema ") {
		t.Errorf("of a deployment the audit log has %+v", list[0])
	}
}
