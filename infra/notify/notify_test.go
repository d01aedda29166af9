package notify_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"enishi/infra/notify"
	"enishi/infra/program"
)

var update = flag.Bool("update", false, "write the golden files anew")

const root = "../.."

// published is when SNS got everything here; alarms changed half a minute before.
var published = time.Date(2026, time.November, 26, 6, 30, 0, 0, time.UTC)

const (
	pageTopic   = "arn:aws:sns:ap-northeast-1:123456789012:enishi-prod-base-TopicsPage0A1B2C3D-abcdefghijkl"
	ticketTopic = "arn:aws:sns:ap-northeast-1:123456789012:enishi-prod-base-TopicsTicket4E5F6A7B-abcdefghijkl"
	untoldQueue = "arn:aws:sqs:ap-northeast-1:123456789012:enishi-prod-untold"
)

// one is a notification and the reasons of its parts, with a name for the golden file.
type one struct {
	name    string
	n       notify.Notification
	reasons map[string]string
}

func notes(t *testing.T) []program.Alarm {
	t.Helper()
	list, err := program.Alarms()
	if err != nil || len(list) < 20 {
		t.Fatalf("%d alarms, %v", len(list), err)
	}
	return list
}

func writer(t *testing.T, l notify.Language) *notify.Writer {
	t.Helper()
	return notify.NewWriter(notify.Place{Environment: "prod", Language: l, Docs: "https://docs.enishi.example.jp/"}, notes(t))
}

// crossed is a reason as CloudWatch gives it.
func crossed(value float64, how string, threshold float64) string {
	return fmt.Sprintf("Threshold Crossed: 1 out of the last 1 datapoints [%v (26/11/26 06:28:00)] was %s the threshold (%v) (minimum 1 datapoint for OK -> ALARM transition).", value, how, threshold)
}

// told is what CloudWatch publishes of an alarm of the template that the table makes.
func told(t *testing.T, note program.Alarm, state, before notify.State) one {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "deploy/cloudwatch/alarms.json"))
	if err != nil {
		t.Fatal(err)
	}
	var template struct {
		Resources map[string]struct {
			Properties struct {
				AlarmDescription   string
				AlarmRule          map[string]string
				ComparisonOperator string
				Threshold          float64
			}
		}
	}
	if err := json.Unmarshal(text, &template); err != nil {
		t.Fatal(err)
	}
	r, ok := template.Resources[note.Name]
	if !ok {
		t.Fatalf("no template has %s", note.Name)
	}
	p := r.Properties
	said := map[string]any{
		"AlarmName": "Enishi-prod-" + note.Name, "AlarmDescription": p.AlarmDescription, "AWSAccountId": "123456789012", "NewStateValue": state, "OldStateValue": before,
		"StateChangeTime": "2026-11-26T06:29:30.123+0000", "AlarmArn": "arn:aws:cloudwatch:ap-northeast-1:123456789012:alarm:Enishi-prod-" + note.Name,
	}
	reasons := map[string]string{}
	if len(note.Parts) > 0 {
		said["AlarmRule"] = strings.ReplaceAll(p.AlarmRule["Fn::Sub"], "${Environment}", "prod")
		said["NewStateReason"] = "arn:aws:cloudwatch:ap-northeast-1:123456789012:alarm:Enishi-prod-" + note.Name + "Short transitioned to " + string(state) + " at Thursday 26 November, 2026 06:29:30 UTC"
		for i, part := range note.Parts {
			value := part.Threshold * (3.456 + float64(i))
			if state == notify.Well {
				value = part.Threshold * (1.5 - float64(i))
			}
			reasons["Enishi-prod-"+part.Name] = crossed(value, "compared with", part.Threshold)
		}
	} else {
		value := map[string]float64{"ProcessMissing": -1}[note.Name]
		if note.Figure.Unit == program.Days {
			value = 21.456
		}
		if state == notify.Well {
			value = map[string]float64{program.Days: 9999, program.Count: 2}[note.Figure.Unit]
		}
		said["NewStateReason"] = crossed(value, "compared with", p.Threshold)
		said["Trigger"] = map[string]any{"Threshold": p.Threshold, "ComparisonOperator": p.ComparisonOperator, "Metrics": []any{map[string]any{"Id": "value", "Expression": "x", "ReturnData": true}}}
	}
	message, err := json.Marshal(said)
	if err != nil {
		t.Fatal(err)
	}
	topic := ticketTopic
	if note.Severity == program.Page {
		topic = pageTopic
	}
	return one{note.Name + " " + string(state), notify.Notification{Topic: topic, Subject: string(state) + `: "Enishi-prod-` + note.Name + `" in Asia Pacific (Tokyo)`, Text: string(message), At: published}, reasons}
}

// ofStack is what CloudWatch publishes of an alarm that a stack has beside the table's, by its known template.
func ofStack(t *testing.T, part string, note program.Alarm, state, before notify.State) one {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "stacks", "testdata", "enishi-prod-"+part+".template.json"))
	if err != nil {
		t.Fatal(err)
	}
	var template struct{ Resources map[string]json.RawMessage }
	var alarm struct {
		Properties struct {
			AlarmName, AlarmDescription, ComparisonOperator string
			Threshold                                       float64
		}
	}
	if err := json.Unmarshal(text, &template); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(template.Resources[note.Name], &alarm); err != nil || alarm.Properties.AlarmName != "Enishi-prod-"+note.Name {
		t.Fatalf("the stack %s has no alarm %s: %+v, %v", part, note.Name, alarm, err)
	}
	p := alarm.Properties
	value := map[notify.State]float64{notify.Well: p.Threshold, notify.Firing: 0}[state]
	if p.ComparisonOperator == "GreaterThanThreshold" {
		value = map[notify.State]float64{notify.Well: 0, notify.Firing: 24 * p.Threshold}[state]
	}
	message, err := json.Marshal(map[string]any{
		"AlarmName": p.AlarmName, "AlarmDescription": p.AlarmDescription, "AWSAccountId": "123456789012", "NewStateValue": state, "OldStateValue": before,
		"StateChangeTime": "2026-11-26T06:29:30.123+0000", "NewStateReason": crossed(value, "compared with", p.Threshold),
		"Trigger": map[string]any{"Threshold": p.Threshold, "ComparisonOperator": p.ComparisonOperator},
	})
	if err != nil {
		t.Fatal(err)
	}
	topic := map[string]string{program.Page: pageTopic, program.Ticket: ticketTopic}[note.Severity]
	return one{note.Name + " " + string(state), notify.Notification{Topic: topic, Subject: string(state) + `: "` + p.AlarmName + `" in Asia Pacific (Tokyo)`, Text: string(message), At: published}, nil}
}

// read is a notification whose text is in testdata.
func read(t *testing.T, file, topic, subject string) one {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	return one{file, notify.Notification{Topic: topic, Subject: subject, Text: string(text), At: published}, nil}
}

// alarms are all alarms of the table, firing.
func alarms(t *testing.T) (list []one) {
	t.Helper()
	for _, note := range notes(t) {
		if note.Figure.Unit != "" {
			list = append(list, told(t, note, notify.Firing, notify.Well))
		}
	}
	return list
}

// others are the states in which nothing is wrong, and what is no alarm of the table.
func others(t *testing.T) []one {
	t.Helper()
	find := func(name string) program.Alarm {
		list := notes(t)
		return list[slices.IndexFunc(list, func(a program.Alarm) bool { return a.Name == name })]
	}
	composite := told(t, find("SignUpFast"), notify.Firing, notify.Well)
	composite.name, composite.reasons = "SignUpFast, whose parts were not asked", nil
	silent := told(t, find("Unreachable"), notify.Firing, notify.Well)
	silent.name = "Unreachable, of which no figures came"
	silent.n.Text = strings.Replace(silent.n.Text, "1 out of the last 1 datapoints [0 (26/11/26 06:28:00)]", "no datapoints were received for 2 periods and 2 missing datapoints were treated as [Breaching]", 1)
	return []one{
		told(t, find("AvailabilityFast"), notify.Well, notify.Firing), told(t, find("StorageForecast"), notify.Well, notify.Firing),
		told(t, find("MailStuck"), notify.Well, notify.Unknown), told(t, find("RedisAway"), notify.Unknown, notify.Well),
		composite, silent,
		ofStack(t, "edge", find("EdgeAway"), notify.Firing, notify.Well), ofStack(t, "edge", find("EdgeAway"), notify.Well, notify.Firing),
		ofStack(t, "alarms", find("ArchiveLate"), notify.Firing, notify.Well), ofStack(t, "alarms", find("ArchiveLate"), notify.Well, notify.Firing),
		read(t, "budget-actual.txt", ticketTopic, "AWS Budgets: enishi-prod has exceeded your alert threshold"),
		read(t, "budget-forecast.txt", ticketTopic, "AWS Budgets: enishi-prod has exceeded your alert threshold"),
		read(t, "by-hand.json", pageTopic, `ALARM: "Disk of the bastion" in Asia Pacific (Tokyo)`),
		read(t, "unknown.json", ticketTopic, "Amazon RDS\nNotification"), read(t, "unknown.txt", pageTopic, ""),
		late(told(t, find("MailStuck"), notify.Firing, notify.Well)), late(read(t, "unknown.txt", untoldQueue, "")),
		read(t, "restorefailed-failed.txt", ticketTopic, ""), read(t, "restorefailed-aborted.txt", ticketTopic, ""), read(t, "restored.json", ticketTopic, ""),
		read(t, "backupfailed-failed.txt", ticketTopic, ""), read(t, "backupfailed-expired.txt", ticketTopic, ""), read(t, "backupfailed-aborted.txt", ticketTopic, ""), read(t, "copied.json", ticketTopic, ""),
		ofStack(t, "alarms", find("BackupLate"), notify.Firing, notify.Well), ofStack(t, "alarms", find("BackupLate"), notify.Well, notify.Firing),
	}
}

// late is a notification that nobody could be told of when it came.
func late(o one) one {
	o.name += ", told late"
	o.n.Waited = o.n.At
	return o
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	path := filepath.Join("testdata", file)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("%s (-known +now; go test ./notify -update if it is meant):\n%s", file, diff)
	}
}

// TestMail shows every message that there is as a mail, which holds all that the other
// channels hold.
func TestMail(t *testing.T) {
	for _, l := range []notify.Language{notify.Japanese, notify.English} {
		var b strings.Builder
		for _, o := range append(alarms(t), others(t)...) {
			mail := writer(t, l).Message(o.n, o.reasons).Mail()
			fmt.Fprintf(&b, "=== %s\n%s\n\n%s\n", o.name, mail.Subject, mail.Text)
		}
		golden(t, "mail."+string(l)+".golden", b.String())
	}
}

// TestSlackAndTeams shows one message of each kind as the webhooks take it.
func TestSlackAndTeams(t *testing.T) {
	kinds := append([]one{told(t, notes(t)[2], notify.Firing, notify.Well)}, others(t)...)
	for _, l := range []notify.Language{notify.Japanese, notify.English} {
		for channel, form := range map[string]func(notify.Message) any{"slack": notify.Message.Slack, "teams": notify.Message.Teams} {
			said := map[string]any{}
			for _, i := range []int{0, 1, 3, 7, 9, 10, 16, 18, 21} {
				said[kinds[i].name] = form(writer(t, l).Message(kinds[i].n, kinds[i].reasons))
			}
			var b strings.Builder
			e := json.NewEncoder(&b)
			e.SetEscapeHTML(false)
			e.SetIndent("", " ")
			if err := e.Encode(said); err != nil {
				t.Fatal(err)
			}
			golden(t, channel+"."+string(l)+".golden.json", b.String())
		}
	}
}

// TestEveryMessageNamesItsRunbook looks in all channels for what somebody needs who is
// woken up: what is wrong, since when, the figures, where, what to do first, and a runbook
// that exists.
func TestEveryMessageNamesItsRunbook(t *testing.T) {
	for _, l := range []notify.Language{notify.Japanese, notify.English} {
		for _, o := range append(alarms(t), others(t)...) {
			m := writer(t, l).Message(o.n, o.reasons)
			file, found := strings.CutPrefix(m.Runbook.URL, "https://docs.enishi.example.jp/")
			if _, err := os.Stat(filepath.Join(root, file)); err != nil || !found {
				t.Errorf("%s, %s: %q is no runbook: %v", o.name, l, m.Runbook.URL, err)
			}
			wanted := []string{m.Kind, m.Late, m.Text, m.First, m.Raw, m.Runbook.Name, m.Runbook.URL, m.Console.URL}
			for _, f := range m.Facts {
				wanted = append(wanted, f.Name, f.Value)
			}
			mail := m.Mail()
			for channel, text := range map[string]string{"mail": mail.Subject + "\n" + mail.Text, "slack": texts(t, m.Slack()), "teams": texts(t, m.Teams())} {
				text = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(text)
				for _, want := range wanted {
					if !strings.Contains(text, want) {
						t.Errorf("%s, %s: %s lacks %q", o.name, l, channel, want)
					}
				}
			}
			if isLate := !o.n.Waited.IsZero(); isLate != strings.Contains(m.Late, "15:30") || isLate != (m.Late != "") {
				t.Errorf("%s, %s: it says of being late: %q", o.name, l, m.Late)
			}
			if len(m.Facts) < 2 || !strings.Contains(m.Facts[1].Value, "15:") {
				t.Errorf("%s, %s: since when? %v", o.name, l, m.Facts)
			}
		}
		for _, o := range alarms(t) {
			if m := writer(t, l).Message(o.n, o.reasons); m.First == "" || len(m.Facts) < 3 || m.Facts[0].Value == "" || m.Over {
				t.Errorf("%s, %s: %+v", o.name, l, m)
			}
		}
	}
}

// texts gives all texts in a document, one a line.
func texts(t *testing.T, document any) string {
	t.Helper()
	text, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	var plain any
	if err := json.Unmarshal(text, &plain); err != nil {
		t.Fatal(err)
	}
	var lines []string
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case string:
			lines = append(lines, v)
		case []any:
			for _, one := range v {
				walk(one)
			}
		case map[string]any:
			for _, one := range v {
				walk(one)
			}
		}
	}
	walk(plain)
	return strings.Join(lines, "\n")
}

// TestNothingIsTooLong sends what no channel would take as a whole.
func TestNothingIsTooLong(t *testing.T) {
	long := notify.Notification{Topic: ticketTopic, Subject: strings.Repeat("題", 500), Text: strings.Repeat("長い<!channel>文 ", 20_000), At: published}
	m := writer(t, notify.Japanese).Message(long, nil)
	slack := m.Slack().(map[string]any)
	for _, block := range slack["blocks"].([]map[string]any) {
		text, ok := block["text"].(map[string]any)
		if !ok {
			continue
		}
		most := map[string]int{"header": 150, "section": 3000}[block["type"].(string)]
		if n := utf8.RuneCountInString(text["text"].(string)); n > most || n == 0 {
			t.Errorf("a %s has %d characters, Slack takes %d", block["type"], n, most)
		}
		if text["type"] == "mrkdwn" && strings.Contains(text["text"].(string), "<!") {
			t.Errorf("everybody is called: %s", text["text"])
		}
	}
	teams, err := json.Marshal(m.Teams())
	if err != nil || len(teams) > 28_000 {
		t.Errorf("Teams gets %d bytes, %v", len(teams), err)
	}
	mail := m.Mail("Slack")
	if n := utf8.RuneCountInString(mail.Subject); n > 200 {
		t.Errorf("the subject has %d characters", n)
	}
	if !strings.Contains(mail.Text, strings.TrimSpace(long.Text)) || !strings.Contains(mail.Text, "Slack") {
		t.Error("the mail does not have all of it")
	}
}

// FuzzMessage holds that whatever comes is told, and in the forms that channels take.
func FuzzMessage(f *testing.F) {
	list, err := program.Alarms()
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{"", "{}", `{"AlarmName":"Enishi-prod-Unreachable","NewStateValue":"ALARM","Trigger":null}`, `{"AlarmName":"x","NewStateValue":"ALARM","AlarmRule":"ALARM(\"a"}`, "Budget Name: x", `{"source":"aws.backup","detail-type":"Restore Job State Change","detail":{"status":"FAILED"}}`, `{"source":"aws.backup","detail-type":"Backup Job State Change","detail":{"state":"EXPIRED"}}`, "\xff"} {
		f.Add("subject", seed)
	}
	w := notify.NewWriter(notify.Place{Environment: "prod", Language: notify.Japanese}, list)
	f.Fuzz(func(t *testing.T, subject, text string) {
		m := w.Message(notify.Notification{Topic: ticketTopic, Subject: subject, Text: text, At: published}, nil)
		if m.Title == "" || m.Text == "" || m.Runbook.Name == "" || m.Mail().Subject == "" || strings.ContainsAny(m.Mail().Subject, "\r\n") {
			t.Errorf("%q, %q: %+v", subject, text, m)
		}
		for _, document := range []any{m.Slack(), m.Teams()} {
			if _, err := json.Marshal(document); err != nil {
				t.Error(err)
			}
		}
	})
}
