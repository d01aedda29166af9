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

	"enishi/internal/cli"
	"enishi/internal/deploy/deploytest"
)

// changesNothing are the commands that change nothing by hand, and why they do not.
func changesNothing() map[string]string {
	return map[string]string{
		"serve":              "starts a process; what it is told are settings",
		"guard":              "starts a process; what it is told are settings",
		"bench engine":       "measures in its own memory",
		"bench http":         "asks for the host's name unless that is this machine: TestBenchAsksForTheHost",
		"verify":             "acts as an operator who signs in, and is noted as that by the service",
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

// ofServers are those that need a server of databases.
func ofServers() map[string]string {
	return map[string]string{"transfer": "TestTransferOnServers"}
}

// ofAccount are the commands that change an environment on AWS.
func ofAccount() map[string][]string {
	return map[string][]string{
		"deploy run":      {"prod"},
		"deploy rollback": {"prod"},
		"deploy verify":   {"prod"},
		"task":            {"prod", "--", "job", "run", "expire"},
		"env up":          {"prod"},
		"env down":        {"dev"},
		"env move":        {"prod", "--back", "--data", "not-there-yet"},
		"env scale":       {"prod", "web", "4", "40"},
		"env stop":        {"prod", "aa0"},
	}
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
	for name, args := range ofAccount() {
		t.Run(name, func(t *testing.T) { holdsBackInAccount(t, name, args) })
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
	for _, try := range []struct {
		what     string
		more     []string
		typed    string
		terminal bool
		code     int
		says     string
	}{
		{what: "without a reason", code: 2, says: "--why is missing"},
		{what: "with a blank reason", more: []string{"--why", "  "}, code: 2, says: "--why is missing"},
		{what: "to nobody", more: []string{"--why", "x"}, code: 2, says: "nobody is there to be asked"},
		{what: "for another environment", more: []string{"--why", "x", "--confirm", "staging"}, code: 2, says: "--confirm staging: this is prod"},
		{what: "as a plan", more: []string{"--plan"}, code: 0, says: "Next: "},
		{what: "with another name typed", more: []string{"--why", "x"}, typed: "production\n", terminal: true, code: 1, says: "nothing was done"},
		{what: "with yes alone", more: []string{"--why", "x", "--yes"}, code: map[string]int{"real": 2}[kind], says: "Next: "},
	} {
		if try.what == "with yes alone" && kind == "demo" {
			continue
		}
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

func holdsBackInAccount(t *testing.T, name string, args []string) {
	environment := args[0]
	plans := map[string]string{"deploy run": "by the steps image", "deploy verify": "Next: enishi verify, as a task", "task": "Next: enishi job run expire, as a task", "env up": "enishi-prod-base is new", "env down": "Goes: ", "env scale": "Next: 4 to 40 tasks", "env move": "Next: a task packs the database of prod", "env stop": "of web (enishi-prod-web:1"}
	var templates []string
	if name == "env up" {
		templates = []string{"--templates", environmentTemplates(t, environment)}
	}
	t.Chdir(smallProject(t))
	command := slices.Concat(strings.Fields(name), templates, args[:1])
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
		{"as a plan", []string{"--plan"}, []int{0, 1}, ""},
	} {
		if try.what == "with yes alone" && name == "env down" {
			continue // it has no such flag: it always asks for the name
		}
		a := deploytest.New(environment)
		if name == "env up" {
			a = deploytest.Empty(environment)
		}
		settings := a.Config(nil)
		w, out, said := asWhom("", "", "", false)
		w.AWS = &settings
		w.NameServers = func(context.Context, string) ([]string, error) { return []string{deploytest.NameServer}, nil }
		code := cli.Run(slices.Concat(command, try.more, args[1:]), w)
		if !slices.Contains(try.code, code) || !strings.Contains(said.String(), try.says) {
			t.Errorf("%s: %d, %s%s", try.what, code, out.String(), said.String())
		}
		if try.what == "as a plan" && (code == 0 || name != "deploy rollback") { // of which there is none yet
			for _, want := range []string{environment + ": account ", plans[name], "To take it back: "} {
				if !strings.Contains(said.String()+out.String(), want) {
					t.Errorf("%s: %q is missing: %s%s", try.what, want, out.String(), said.String())
				}
			}
		}
		for _, asked := range a.Asked() {
			if slices.ContainsFunc([]string{":Put", ":Update", ":Register", ":Run", ":Create", ":Delete", ":Execute"}, func(part string) bool { return strings.Contains(asked, part) }) {
				t.Errorf("%s: %s was asked for", try.what, asked)
			}
		}
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
}
