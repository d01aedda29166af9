// Package notify turns what CloudWatch, AWS Budgets and AWS Backup tell through SNS into messages
// that people read in Slack, in Teams and as mail: what is the matter, since when, the
// figure against its threshold, where, what to do first, and the runbook.
//
// It refuses nothing: what it does not know comes through as it came. It talks to nobody;
// everything in it is safe for concurrent use.
package notify

import (
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Notification is what SNS hands over.
type Notification struct {
	Topic   string // its ARN
	Subject string
	Text    string
	At      time.Time // when it was published
	Waited  time.Time // since when it could be told to nobody, zero if it is told at once
}

// State is what CloudWatch says of an alarm.
type State string

// The states of CloudWatch.
const (
	Firing  State = "ALARM"
	Well    State = "OK"
	Unknown State = "INSUFFICIENT_DATA"
)

// Alarm is what CloudWatch tells of one. A composite alarm has a rule, and no trigger.
type Alarm struct {
	Name    string `json:"AlarmName"`
	ARN     string `json:"AlarmArn"`
	What    string `json:"AlarmDescription"`
	Account string `json:"AWSAccountId"`
	New     State  `json:"NewStateValue"`
	Old     State  `json:"OldStateValue"`
	Reason  string `json:"NewStateReason"`
	Changed string `json:"StateChangeTime"`
	Rule    string `json:"AlarmRule"`
	Trigger struct {
		Threshold *float64
		Operator  string `json:"ComparisonOperator"`
	}
}

// AlarmOf gives the alarm that a notification tells of, if it tells of one.
func AlarmOf(n Notification) (Alarm, bool) {
	var a Alarm
	if err := json.Unmarshal([]byte(n.Text), &a); err != nil {
		return Alarm{}, false
	}
	return a, a.Name != "" && a.New != ""
}

// own is how the table names an alarm of ours: Enishi-ENVIRONMENT-NAME.
var own = regexp.MustCompile(`^Enishi-(.+)-([A-Za-z]+)$`)

// named gives the environment and the name in the table, as the alarm's name says them.
func (a *Alarm) named() (environment, name string) {
	if m := own.FindStringSubmatch(a.Name); m != nil {
		return m[1], m[2]
	}
	return "", a.Name
}

var quoted = regexp.MustCompile(`"([^"]+)"`)

// Parts gives the names of the alarms that a composite one is made of: it says no figure
// itself, they do.
func (a *Alarm) Parts() []string {
	var names []string
	for _, m := range quoted.FindAllStringSubmatch(a.Rule, -1) {
		if !slices.Contains(names, m[1]) {
			names = append(names, m[1])
		}
	}
	return names
}

// changed is when the state changed; what was said of that cannot be read always.
func (a *Alarm) changed(otherwise time.Time) time.Time {
	for _, layout := range []string{"2006-01-02T15:04:05.000-0700", time.RFC3339Nano} {
		if t, err := time.Parse(layout, a.Changed); err == nil {
			return t
		}
	}
	return otherwise
}

// console is where the alarm is seen.
func (a *Alarm) console() string {
	const partsOfARN = 7 // arn:aws:cloudwatch:REGION:ACCOUNT:alarm:NAME
	arn := strings.SplitN(a.ARN, ":", partsOfARN)
	if len(arn) != partsOfARN {
		return ""
	}
	return "https://" + arn[3] + ".console.aws.amazon.com/cloudwatch/home?region=" + arn[3] + "#alarmsV2:alarm/" + escaped(arn[6])
}

// escaped writes a name as the console wants it in an address.
func escaped(name string) string {
	return strings.NewReplacer("%", "%25", " ", "%20", "|", "%7C", ">", "%3E", "<", "%3C", `"`, "%22").Replace(name)
}

// latest is the newest figure in what CloudWatch gives as its reason:
// "… 1 datapoint [0.05 (26/11/26 03:00:00)] was greater than the threshold (0.0144) …".
var latest = regexp.MustCompile(`\[(-?[0-9.]+(?:E-?[0-9]+)?) \(`)

// figureIn gives it, if there was one.
func figureIn(reason string) (float64, bool) {
	m := latest.FindStringSubmatch(reason)
	if m == nil {
		return 0, false
	}
	v, err := strconv.ParseFloat(m[1], 64)
	return v, err == nil
}

// job is one of AWS Backup that did not do what it is for.
type job struct {
	note    string // its row of the table
	id      string
	ended   string // how, in AWS's word
	says    string // why, "" if AWS does not say
	account string
	at      time.Time // zero if it is not said
}

// jobOf gives the job of AWS Backup that EventBridge tells of, if it is that, and if it failed: of no other
// is anybody told.
func jobOf(n Notification) (job, bool) {
	var e struct {
		Source  string
		Kind    string `json:"detail-type"`
		Account string
		Time    time.Time
		Detail  struct {
			BackupJob  string `json:"backupJobId"`
			RestoreJob string `json:"restoreJobId"`
			State      string // of one that makes a copy
			Status     string // of one that restores it
			Message    string `json:"statusMessage"`
		}
	}
	if err := json.Unmarshal([]byte(n.Text), &e); err != nil || e.Source != "aws.backup" {
		return job{}, false
	}
	j := job{says: e.Detail.Message, account: e.Account, at: e.Time}
	switch e.Kind {
	case "Backup Job State Change":
		j.note, j.id, j.ended = backupNote, e.Detail.BackupJob, e.Detail.State
	case "Restore Job State Change":
		j.note, j.id, j.ended = restoreNote, e.Detail.RestoreJob, e.Detail.Status
	}
	return j, slices.Contains([]string{"FAILED", "ABORTED", "EXPIRED"}, j.ended)
}

// budgetLines are those of a message of AWS Budgets, "Budget Name: enishi-prod".
var budgetLines = regexp.MustCompile(`(?m)^[ \t]*(Budget Name|Budgeted Amount|Alert Type|Alert Threshold|ACTUAL Amount|FORECASTED Amount):[ \t]*(.+?)[ \t\r]*$`)

// budgetOf gives what AWS Budgets says, by the names of its lines, if it is that.
func budgetOf(n Notification) (map[string]string, bool) {
	said := map[string]string{}
	for _, m := range budgetLines.FindAllStringSubmatch(n.Text, -1) {
		said[m[1]] = m[2]
	}
	return said, said["Budget Name"] != ""
}
