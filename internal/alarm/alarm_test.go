package alarm_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"enishi/internal/alarm"
)

const root = "../.."

func TestFilesAreThoseOfTheTable(t *testing.T) {
	files, err := alarm.Files()
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range files {
		got, err := os.ReadFile(filepath.Join(root, path))
		if err != nil {
			t.Error(err)
			continue
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is not what the table makes: make alarms", path)
		}
	}
}

// TestEveryAlarmSpeaksBothLanguages finds what is said of each alarm in Japanese and in
// English, and nothing that is said of none.
func TestEveryAlarmSpeaksBothLanguages(t *testing.T) {
	text, err := alarm.Notes()
	if err != nil {
		t.Fatal(err)
	}
	var notes []struct {
		Name   string
		Figure *alarm.Words
	}
	if err := json.Unmarshal(text, &notes); err != nil {
		t.Fatal(err)
	}
	written := map[string]bool{}
	for _, n := range notes {
		written[n.Name] = true
	}
	all := slices.Concat(alarm.Alarms(), alarm.Elsewhere())
	if len(notes) != len(written) || len(all) != alarm.Said() {
		t.Errorf("%d are written, of %d names, and something is said of %d of %d", len(notes), len(written), alarm.Said(), len(all))
	}
	for _, a := range all {
		if written[a.Name] != (a.NotOnAWS == "") {
			t.Errorf("%s is written: %v, though it is not on AWS since %q", a.Name, written[a.Name], a.NotOnAWS)
		}
	}
	japanese := regexp.MustCompile(`[ぁ-んァ-ヶ]`)
	const longest = 100 // characters: it is read on a phone
	speaks := func(name, what string, w alarm.Words, sentence bool) {
		if !japanese.MatchString(w.JA) || utf8.RuneCountInString(w.JA) > longest {
			t.Errorf("%s, %s: %q is no short Japanese", name, what, w.JA)
		}
		if w.EN == "" || japanese.MatchString(w.EN) {
			t.Errorf("%s, %s: %q is no English", name, what, w.EN)
		}
		if sentence != strings.HasSuffix(w.JA, "。") || sentence != strings.HasSuffix(w.EN, ".") {
			t.Errorf("%s, %s: %q, %q", name, what, w.JA, w.EN)
		}
	}
	for _, a := range all {
		speaks(a.Name, "symptom", a.Symptom, true)
		speaks(a.Name, "first", a.First, true)
	}
	for _, n := range notes {
		if n.Figure != nil {
			speaks(n.Name, "figure", *n.Figure, false)
		}
	}
}

// TestPages holds that few alarms call a person, and that each alarm has a page
// that says who is told and how soon, and no page is left of an alarm that is gone.
func TestPages(t *testing.T) {
	pages := 0
	var want []string
	for _, a := range alarm.Elsewhere() {
		want = append(want, a.Name+".md")
		holds(t, a, "# "+a.Name+"\n", "\n"+a.Symptom.EN+"\n")
		switch a.Drilled {
		case alarm.ByMessages:
			if told, err := filepath.Glob(filepath.Join(root, "infra/notify/testdata", strings.ToLower(a.Name)+"-*.txt")); err != nil || len(told) == 0 {
				t.Errorf("%s: AWS's messages of it are in no test: %v", a.Name, err)
			}
		case alarm.ByFigures: // TestEveryCloudAlarmIsDrilled goes through all that templates have
			if cloudAlarms(t)[a.Name] == nil {
				t.Errorf("%s: no template has it, so that no figures turn it on", a.Name)
			}
		default:
			t.Errorf("%s: nothing turns it on", a.Name)
		}
	}
	for _, a := range alarm.Alarms() {
		if a.Severity == alarm.Page {
			pages++
		}
		want = append(want, a.Name+".md")
		holds(t, a, "# "+a.Name+"\n", "\n"+a.Symptom.EN+"\n", a.Head())
		if a.Drilled != alarm.ByBreaking {
			t.Errorf("%s: an installation can be broken for it, and it is drilled by %s", a.Name, a.Drilled)
		}
	}
	if pages > alarm.MostPages {
		t.Errorf("%d alarms page, want at most %d", pages, alarm.MostPages)
	}
	found, err := filepath.Glob(filepath.Join(root, "docs/runbooks/*.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range found {
		if name := filepath.Base(path); !slices.Contains(want, name) {
			t.Errorf("docs/runbooks/%s is of no alarm", name)
		}
	}
}

// holds looks for what every runbook has, and for more, in that of an alarm.
func holds(t *testing.T, a alarm.Alarm, parts ...string) {
	t.Helper()
	text := runbook(t, a.Runbook())
	for _, part := range append(parts, "\n## Means\n") {
		if !strings.Contains(text, part) {
			t.Errorf("%s lacks %q", a.Runbook(), part)
		}
	}
}

func runbook(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// place gives what a runbook says of one place, up to the next heading of its kind.
func place(text, heading string) (string, bool) {
	_, part, ok := strings.Cut(text, "\n## "+heading+"\n")
	part, _, _ = strings.Cut(part, "\n## ")
	return part, ok
}

// TestEachPlaceHasStepsOfItsOwn holds that a runbook says what to do on ECS if its alarm
// exists there, and on one host if a drill makes it, and nothing of where it does not.
func TestEachPlaceHasStepsOfItsOwn(t *testing.T) {
	told := onECS(t)
	parts := map[string]*regexp.Regexp{ // each with words of its own, not the beginning of a list
		"Look at": regexp.MustCompile("### Look at\n\n[^\n#]{20,}\n"), "Do": regexp.MustCompile("### Do\n\n1\\. [^\n]{20,}\n"), "Undo": regexp.MustCompile("### Undo\n\n[^\n#]{10,}\n"),
	}
	onHost := map[string]bool{}
	for _, a := range alarm.Alarms() {
		onHost[a.Name] = true
	}
	for _, a := range slices.Concat(alarm.Alarms(), alarm.Elsewhere()) {
		text := runbook(t, a.Runbook())
		for heading, wanted := range map[string]bool{"On ECS": told[a.Name], "On one host": onHost[a.Name]} {
			part, found := place(text, heading)
			if wanted != found {
				t.Errorf("%s has a part %q: %v, want %v", a.Runbook(), heading, found, wanted)
			}
			for inner, said := range parts {
				if found && !said.MatchString(part) {
					t.Errorf("%s, %q, says nothing below %q", a.Runbook(), heading, inner)
				}
			}
		}
	}
}

// onECS gives the alarms that tell somebody there.
func onECS(t *testing.T) map[string]bool {
	t.Helper()
	text, err := alarm.CloudWatch()
	if err != nil {
		t.Fatal(err)
	}
	var template struct {
		Resources map[string]struct {
			Properties struct{ AlarmActions []any }
		}
	}
	if err := json.Unmarshal(text, &template); err != nil {
		t.Fatal(err)
	}
	told := map[string]bool{}
	for name, r := range template.Resources {
		if len(r.Properties.AlarmActions) > 0 {
			told[name] = true
		}
	}
	for _, a := range alarm.Elsewhere() {
		told[a.Name] = true
	}
	if len(told) < len(alarm.Elsewhere())+alarm.MostPages {
		t.Errorf("%d alarms tell somebody on ECS", len(told))
	}
	return told
}

// ofOneHost is what nobody does or has on ECS: no disk to enlarge, no containers to command, no
// statement that writes, no number of tasks that scaling undoes.
var ofOneHost = regexp.MustCompile(`(?i)\b(volumes?|disks?|lvextend|docker|compose\.yaml|deploy/roll|rsyslog|haproxy|mariadb|prune|purge|kill|desired count|administrator|execute-command|start-session|enlarge)\b|SET GLOBAL|\$MARIADB|ANALYZE TABLE`)

// byHand is how somebody makes room on a disk, or makes the disk larger.
var byHand = regexp.MustCompile(`(?i)\b(prune|purge|truncate|lvextend|growpart|resize2fs|xfs_growfs|enlarge|rm -rf?|unlink|bigger disk|larger disk|LOG_DAYS)\b`)

// TestNoStepOnADisk finds steps by which somebody makes room on one host: what is bounded
// keeps within its disk by itself, and the market that outgrows it moves.
func TestNoStepOnADisk(t *testing.T) {
	if !byHand.MatchString("`docker image prune`") || !byHand.MatchString("PURGE BINARY LOGS") {
		t.Fatal("such steps are not found")
	}
	for _, a := range alarm.Alarms() {
		_, do, ok := strings.Cut(runbook(t, a.Runbook()), "## On one host\n")
		_, do, has := strings.Cut(do, "\n### Do\n")
		do, _, _ = strings.Cut(do, "\n### Undo\n")
		if found := byHand.FindAllString(do, -1); !ok || !has || len(found) > 0 {
			t.Errorf("%s, \"On one host\", does with a disk by hand %q", a.Runbook(), found)
		}
	}
	if found := regexp.MustCompile(`(?i)\b(image prune|purge binary|lvextend|growpart|resize2fs|xfs_growfs)\b`).FindAllString(runbook(t, "docs/operations.md"), -1); len(found) > 0 {
		t.Errorf("docs/operations.md does with a disk by hand %q", found)
	}
}

// commands are those that a runbook may name on ECS, where it names one of the program's.
var commands = regexp.MustCompile("^enishi (deploy( rollback)? ENVIRONMENT --why \"…\"|deploy status ENVIRONMENT|env plan ENVIRONMENT|env tasks ENVIRONMENT|env scale ENVIRONMENT (web|worker) LEAST MOST --why \"…\"|env stop ENVIRONMENT TASK --why \"…\"|env failover ENVIRONMENT (database|cache) --why \"…\"|env revert ENVIRONMENT (STACK|base) --why \"…\"|env restart ENVIRONMENT INSTANCE --why \"…\"|env secret ENVIRONMENT (mail|webhooks) (--from FILE|--previous) --why \"…\"|env secret ENVIRONMENT cache --(new|settle) --why \"…\"|env silence ENVIRONMENT AvailabilityFast AvailabilitySlow (--for 2h|--end) --why \"…\"|env copy ENVIRONMENT --why \"…\"|env archive ENVIRONMENT --from DAY --to DAY --why \"…\"|env restore ENVIRONMENT --rehearse --why \"…\"|env up ENVIRONMENT( --function)? --why \"…\"|env up$|task ENVIRONMENT --why \"…\" -- (job (run ([a-z]+|NAME)|list)|sql \"|audit|maintenance (plan|off)))")

// unshown are columns that `enishi sql` refuses to name.
var unshown = regexp.MustCompile(`(?i)\b(password|sealed|body|address|[a-z]+_hash)\b`)

// looks are the commands of AWS's own program that change nothing.
var looks = regexp.MustCompile(`^aws [a-z0-9-]+ (describe|list|get|batch-get|lookup)-[a-z-]+( --[a-z-]+( [A-Za-z0-9-]+)?)*$`)

// TestStepsOnECSAreOfECS finds steps of one host in what runbooks say of ECS, commands
// that are not there, and such as change something past the program, which shows no plan and leaves no trace.
func TestStepsOnECSAreOfECS(t *testing.T) {
	named := 0
	for _, a := range slices.Concat(alarm.Alarms(), alarm.Elsewhere()) {
		part, _ := place(runbook(t, a.Runbook()), "On ECS")
		for _, found := range ofOneHost.FindAllString(part, -1) {
			t.Errorf("%s, \"On ECS\", speaks of %q", a.Runbook(), found)
		}
		for _, found := range regexp.MustCompile("\\baws [a-z0-9-]+ [a-z][^`]*").FindAllString(part, -1) {
			if !looks.MatchString(found) {
				t.Errorf("%s, \"On ECS\", changes something by %q", a.Runbook(), found)
			}
		}
		for _, found := range regexp.MustCompile("`(enishi [a-z][^`]*)`").FindAllStringSubmatch(part, -1) {
			named++
			if _, sql, ok := strings.Cut(found[1], " -- sql "); ok && unshown.MatchString(sql) {
				t.Errorf("%s asks for what is not shown: %s", a.Runbook(), sql)
			}
			if rest := commands.ReplaceAllString(found[1], ""); rest == found[1] || strings.Contains(rest, " DIR") {
				t.Errorf("%s, \"On ECS\", names the command %q", a.Runbook(), found[1])
			}
		}
	}
	if named < len(alarm.Alarms()) {
		t.Errorf("%d commands are named", named)
	}
}

// TestPromtool lets Prometheus' own tool read the rules, at both paces, and
// play what is in testdata against them.
func TestPromtool(t *testing.T) {
	if testing.Short() {
		t.Skip("another program does the work here")
	}
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("promtool is not installed: make drill installs it")
	}
	dir := t.TempDir()
	for name, pace := range map[string]alarm.Pace{"real.yml": alarm.Real(), "fast.yml": {Factor: 120, Every: alarm.Real().Every / 15}} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, alarm.Prometheus(pace), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.CommandContext(t.Context(), promtool, "check", "rules", path).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
	for _, args := range [][]string{{"check", "config", filepath.Join(root, "deploy/prometheus/prometheus.yml")}, {"test", "rules", "testdata/rules.yml", "testdata/forecasts.yml", "testdata/missing.yml"}} {
		if out, err := exec.CommandContext(t.Context(), promtool, args...).CombinedOutput(); err != nil {
			t.Errorf("promtool %v: %v\n%s", args, err, out)
		}
	}
}
