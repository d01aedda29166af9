package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"
)

const (
	composite = `{"AlarmName":"Enishi-prod-AvailabilityFast","AlarmDescription":"x","AWSAccountId":"123456789012","NewStateValue":"ALARM","OldStateValue":"OK","NewStateReason":"y",
"StateChangeTime":"2026-11-26T06:29:30.123+0000","AlarmArn":"arn:aws:cloudwatch:ap-northeast-1:123456789012:alarm:Enishi-prod-AvailabilityFast",
"AlarmRule":"ALARM(\"Enishi-prod-AvailabilityFastLong\") AND ALARM(\"Enishi-prod-AvailabilityFastShort\")"}`
	long  = "Threshold Crossed: 1 out of the last 1 datapoints [0.0523 (26/11/26 05:29:00)] was greater than the threshold (0.0144) (minimum 1 datapoint for OK -> ALARM transition)."
	short = "Threshold Crossed: 1 out of the last 1 datapoints [0.25 (26/11/26 06:24:00)] was greater than the threshold (0.0144) (minimum 1 datapoint for OK -> ALARM transition)."
)

// event is what SNS starts the function with.
func event(id, text string) events.SNSEvent {
	return events.SNSEvent{Records: []events.SNSEventRecord{{EventSource: "aws:sns", SNS: events.SNSEntity{
		Type: "Notification", MessageID: id, TopicArn: "arn:aws:sns:ap-northeast-1:123456789012:Page", Subject: "ALARM", Message: text, Timestamp: time.Date(2026, 11, 26, 6, 30, 0, 0, time.UTC),
	}}}}
}

// handle starts the function with an event.
func (w *world) handle(t *teller, event any) error {
	w.Helper()
	text, err := json.Marshal(event)
	if err != nil {
		w.Fatal(err)
	}
	return t.Handle(w.Context(), text)
}

// TestEveryChannelIsTold sends a composite alarm, whose figures CloudWatch has to be asked for.
func TestEveryChannelIsTold(t *testing.T) {
	w := newWorld(t)
	w.alarms = map[string]string{"Enishi-prod-AvailabilityFastLong": long, "Enishi-prod-AvailabilityFastShort": short}
	if err := w.handle(w.teller(), event("1", composite)); err != nil {
		t.Fatal(err)
	}
	for _, channel := range []string{"slack", "teams", "mail"} {
		if len(w.got[channel]) != 1 {
			t.Errorf("%s is told %d times", channel, len(w.got[channel]))
			continue
		}
		for _, want := range []string{"至急：AvailabilityFast", "多くのリクエストが失敗しています", "5.23%", "25%", "1.44%を超えるとアラーム", "15:29", "prod", "デプロイの直後なら", "https://docs.enishi.example.jp/docs/runbooks/AvailabilityFast.md"} {
			if !strings.Contains(w.got[channel][0], want) {
				t.Errorf("%s lacks %q: %s", channel, want, w.got[channel][0])
			}
		}
	}
	var mail struct {
		FromEmailAddress string
		Destination      struct{ ToAddresses []string }
		Content          struct {
			Simple struct {
				Subject struct{ Data, Charset string }
				Body    struct {
					Text struct{ Data, Charset string }
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(w.got["mail"][0]), &mail); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"oncall@example.jp", "second@example.jp"}, mail.Destination.ToAddresses); diff != "" || mail.FromEmailAddress != "Enishi <alarm@enishi.example.jp>" {
		t.Errorf("the mail goes from %s: %s", mail.FromEmailAddress, diff)
	}
	if s := mail.Content.Simple; !strings.HasPrefix(s.Subject.Data, "[Enishi prod] 至急：AvailabilityFast") || s.Subject.Charset != "UTF-8" || s.Body.Text.Charset != "UTF-8" {
		t.Errorf("the mail is %+v", s)
	}
}

// TestOneChannelKeepsNoOther breaks each way out, and looks who is told nevertheless.
func TestOneChannelKeepsNoOther(t *testing.T) {
	gone, busy, slow := answer{status: http.StatusNotFound}, answer{status: http.StatusInternalServerError}, answer{}
	for name, c := range map[string]struct {
		breaks func(w *world)
		told   string // channels that are told
		tries  map[string]int
		untold string // what the mail says of the others
		fails  bool
	}{
		"all is well":            {func(*world) {}, "slack teams mail", map[string]int{"slack": 1, "teams": 1, "mail": 1}, "", false},
		"Slack is gone":          {func(w *world) { w.answers["slack"] = []answer{gone} }, "teams mail", map[string]int{"slack": 1}, "Slack", false},
		"Teams is busy for good": {func(w *world) { w.answers["teams"] = []answer{busy} }, "slack mail", map[string]int{"teams": 3}, "Teams", false},
		"Slack never answers":    {func(w *world) { w.answers["slack"] = []answer{slow} }, "teams mail", nil, "Slack", false},
		"both webhooks are gone": {func(w *world) { w.answers["slack"], w.answers["teams"] = []answer{gone}, []answer{gone} }, "mail", nil, "Slack, Teams", false},
		"mail is refused":        {func(w *world) { w.refuses = true }, "slack teams", map[string]int{"mail": 1}, "", false},
		"Teams is busy for once": {func(w *world) { w.answers["teams"] = []answer{busy, {status: http.StatusAccepted}} }, "slack teams mail", map[string]int{"teams": 2}, "", false},
		"Slack sends on": {func(w *world) {
			w.answers["slack"] = []answer{{status: http.StatusFound, where: w.hooks.URL + "/teams"}}
		}, "teams mail", map[string]int{"slack": 1, "teams": 1}, "Slack", false},
		"the secret is not read":    {func(w *world) { w.secret = "" }, "mail", nil, "Slack, Teams", false},
		"the secret is no JSON":     {func(w *world) { w.secret = "https://" + hidden }, "mail", nil, "Slack, Teams", false},
		"Slack alone has a webhook": {func(w *world) { w.holds("slack") }, "slack mail", nil, "", false},
		"the address is no https":   {func(w *world) { w.secret = `{"slack": "http://` + hidden + `"}` }, "mail", nil, "Slack", false},
		"the address is none":       {func(w *world) { w.secret = `{"slack": "https://%zz` + hidden + `"}` }, "mail", nil, "Slack", false},
		"nobody listens there":      {func(w *world) { w.secret = `{"teams": "https://127.0.0.1:1/` + hidden + `"}` }, "mail", nil, "Teams", false},
		"CloudWatch is not asked":   {func(w *world) { w.alarms = nil }, "slack teams mail", nil, "", false},
		"nothing goes": {func(w *world) {
			w.refuses = true
			w.answers["slack"], w.answers["teams"] = []answer{gone}, []answer{busy}
		}, "", nil, "", true},
		"no secret and no mail": {func(w *world) { w.refuses = true; w.secret = "" }, "", nil, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			c.breaks(w)
			teller := w.teller()
			if name == "Slack never answers" {
				teller.client.Timeout = 200 * time.Millisecond
			}
			err := w.handle(teller, event("1", composite))
			if (err != nil) != c.fails {
				t.Errorf("the function ends with %v", err)
			}
			if err != nil && strings.Contains(err.Error(), hidden) {
				t.Errorf("the error tells the address: %v", err)
			}
			var told []string
			for _, channel := range []string{"slack", "teams", "mail"} {
				if len(w.got[channel]) > 0 {
					told = append(told, channel)
				}
			}
			if got := strings.Join(told, " "); got != c.told {
				t.Errorf("told are %q, want %q", got, c.told)
			}
			for channel, want := range c.tries {
				if w.asked[channel] != want {
					t.Errorf("%s is tried %d times, want %d", channel, w.asked[channel], want)
				}
			}
			if mails := w.got["mail"]; len(mails) > 0 && strings.Contains(mails[0], "送れませんでした：") != (c.untold != "") || len(mails) > 0 && !strings.Contains(mails[0], c.untold) {
				t.Errorf("the mail says not that %q are not told: %s", c.untold, mails)
			}
		})
	}
}

// TestAWebhookIsWaitedForAsItAsks holds the pauses, which have a bound.
func TestAWebhookIsWaitedForAsItAsks(t *testing.T) {
	for after, want := range map[string][]time.Duration{"": {time.Second, 3 * time.Second}, "4": {4 * time.Second, 4 * time.Second}, "600": {5 * time.Second, 5 * time.Second}} {
		w := newWorld(t)
		w.answers["slack"] = []answer{{status: http.StatusTooManyRequests, after: after}}
		if err := w.handle(w.teller(), event("1", composite)); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, w.paused); diff != "" {
			t.Errorf("asked to wait %q s (-want +got):\n%s", after, diff)
		}
	}
	webhooks := min(tries*webhookWait+(tries-1)*longestWait, webhooksMax)
	if all := reasonsWait + secretWait + webhooks + mailWait; all >= time.Minute {
		t.Errorf("all may take %s, and the function is ended after a minute", all)
	}
}

// TestWhatIsToldIsNotToldAgain gives the same message twice, as SNS may, and what failed
// again, as Lambda does.
func TestWhatIsToldIsNotToldAgain(t *testing.T) {
	w := newWorld(t)
	teller := w.teller()
	for range 2 {
		if err := w.handle(teller, event("1", composite)); err != nil {
			t.Fatal(err)
		}
	}
	w.refuses, w.secret = true, "{}"
	two := event("2", composite)
	if err := w.handle(teller, two); err == nil {
		t.Fatal("a message that nobody took is lost")
	}
	w.refuses = false
	two.Records = append(two.Records, event("1", composite).Records...)
	if err := w.handle(teller, two); err != nil {
		t.Fatal(err)
	}
	if got := [2]int{len(w.got["slack"]), len(w.got["mail"])}; got != [2]int{1, 2} {
		t.Errorf("Slack and mail were told %d times", got)
	}
}

// TestNobodyToTellIsAnError finds no channel at all.
func TestNobodyToTellIsAnError(t *testing.T) {
	w := newWorld(t)
	w.holds()
	teller := w.teller()
	teller.to = nil
	if err := w.handle(teller, event("1", composite)); !errors.Is(err, errNobody) {
		t.Errorf("the function ends with %v", err)
	}
}

// TestAnEndIsAnEnd cuts the function off while a webhook hangs.
func TestAnEndIsAnEnd(t *testing.T) {
	w := newWorld(t)
	w.answers["slack"] = []answer{{}}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	text, err := json.Marshal(event("1", composite))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.teller().Handle(ctx, text); err == nil {
		t.Error("the function says that it told")
	}
}

func TestSettings(t *testing.T) {
	good := map[string]string{"ENVIRONMENT": "prod", "LANGUAGE": "ja", "WEBHOOKS": secretARN, "MAIL_FROM": "a@example.jp", "MAIL_TO": "b@example.jp, c@example.jp", "DOCS": "https://docs.example.jp/"}
	for name, c := range map[string]struct{ key, value, wrong string }{
		"all is said": {}, "no mail": {"MAIL_TO", "", ""}, "another language": {"LANGUAGE", "fr", "LANGUAGE"}, "no language": {"LANGUAGE", "", "LANGUAGE"},
		"no place": {"ENVIRONMENT", "", "ENVIRONMENT"}, "no secret": {"WEBHOOKS", "", "WEBHOOKS"}, "no sender": {"MAIL_FROM", "", "MAIL_FROM"},
	} {
		s, err := read(func(key string) string {
			if key == c.key {
				return c.value
			}
			return good[key]
		})
		if c.wrong == "" && err != nil || c.wrong != "" && (err == nil || !strings.Contains(err.Error(), c.wrong)) {
			t.Errorf("%s: %v", name, err)
		}
		if name == "all is said" {
			if diff := cmp.Diff([]string{"b@example.jp", "c@example.jp"}, s.to); diff != "" {
				t.Error(diff)
			}
		}
	}
}
