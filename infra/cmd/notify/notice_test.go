package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"enishi/infra/notify"
)

// queued is what the queue starts the function with of an event that Lambda has put there, as
// it was.
func queued(t *testing.T, event any) events.SQSEvent {
	t.Helper()
	body, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	return lying(string(body))
}

// lying is what the queue starts the function with of a text that lies there: one of AWS's
// guide, "Using Lambda with Amazon SQS", with the attributes of a dead letter of Lambda's.
func lying(text string) events.SQSEvent {
	request, code := "b6a4a2c8-1111-4c5e-9f0e-0d9b5a3e7f10", "200"
	return events.SQSEvent{Records: []events.SQSMessage{{
		MessageId: "059f36b4-87a3-44ab-83d2-661975830a7d", ReceiptHandle: "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a...", Body: text, Md5OfBody: "e4e68fb7bd0e697a0ae8f1bb342846b3",
		Attributes: map[string]string{
			"ApproximateReceiveCount": "1", "SentTimestamp": "1795674780000", "SenderId": "AIDAIENQZJOLO23YVJ4VO", "ApproximateFirstReceiveTimestamp": "1795674780010",
		},
		MessageAttributes: map[string]events.SQSMessageAttribute{"RequestID": {StringValue: &request, DataType: "String"}, "ErrorCode": {StringValue: &code, DataType: "Number"}},
		EventSourceARN:    untoldARN, EventSource: "aws:sqs", AWSRegion: "ap-northeast-1",
	}}}
}

const untoldARN = "arn:aws:sqs:ap-northeast-1:123456789012:enishi-prod-untold"

// envelope is a message that SNS itself has put into the queue, since it could not start the
// function: as SNS's guide has what it hands to a queue.
const envelope = `{
  "Type" : "Notification",
  "MessageId" : "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
  "TopicArn" : "arn:aws:sns:ap-northeast-1:123456789012:Page",
  "Subject" : "My First Message",
  "Message" : "Hello world!",
  "Timestamp" : "2026-11-26T06:30:00.000Z",
  "SignatureVersion" : "1",
  "Signature" : "EXAMPLEw6JRN...",
  "SigningCertURL" : "https://sns.ap-northeast-1.amazonaws.com/SimpleNotificationService-f3ecfb7224c7233fe7bb5f59f96de52f.pem",
  "UnsubscribeURL" : "https://sns.ap-northeast-1.amazonaws.com/?Action=Unsubscribe&SubscriptionArn=arn:aws:sns:ap-northeast-1:123456789012:Page:c9135db0-26c4-47ec-8998-413945fb5a96"
}`

// copyFailed is an event of AWS Backup that EventBridge has put into the queue as it was, since it could not tell the topic of it.
func copyFailed(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../notify/testdata/backupfailed-failed.txt")
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

// TestNotices reads every shape that starts the function. What is none of them is a message
// itself, whole.
func TestNotices(t *testing.T) {
	const topic = "arn:aws:sns:ap-northeast-1:123456789012:Page"
	at, put, now := time.Date(2026, 11, 26, 6, 30, 0, 0, time.UTC), time.Date(2026, 11, 26, 6, 33, 0, 0, time.UTC), time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC)
	ended := time.Date(2026, 11, 26, 6, 28, 0, 0, time.UTC)
	text := func(event any) string {
		b, err := json.Marshal(event)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	told := notice{"1", notify.Notification{Topic: topic, Subject: "ALARM", Text: "x", At: at}}
	late := told
	late.Waited = at
	none, odd := lying("{}"), event("1", "x")
	delete(none.Records[0].Attributes, "SentTimestamp")
	odd.Records[0].EventSource = "aws:s3"
	mixed := lying("x")
	mixed.Records = append(mixed.Records, events.SQSMessage{EventSource: "aws:s3"})
	asItCame := func(body string, since time.Time) []notice {
		return []notice{{"059f36b4-87a3-44ab-83d2-661975830a7d", notify.Notification{Topic: untoldARN, Text: body, At: since, Waited: since}}}
	}
	unread := func(body string) []notice {
		return []notice{{"", notify.Notification{Text: body, At: now}}}
	}
	for name, c := range map[string]struct {
		event string
		want  []notice
	}{
		"SNS":                                   {text(event("1", "x")), []notice{told}},
		"an event that Lambda put":              {text(queued(t, event("1", "x"))), []notice{late}},
		"a message that SNS put":                {text(lying(envelope)), []notice{{"22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324", notify.Notification{Topic: topic, Subject: "My First Message", Text: "Hello world!", At: at, Waited: at}}}},
		"an event of EventBridge's":             {text(lying(copyFailed(t))), []notice{{"710b0398-d48e-4c3c-9fca-cfeb2fdaa656", notify.Notification{Topic: untoldARN, Text: copyFailed(t), At: ended, Waited: ended}}}},
		"one of EventBridge's that has no time": {text(lying(`{"id":"1","source":"aws.backup"}`)), asItCame(`{"id":"1","source":"aws.backup"}`, put)},
		"a text in the queue":                   {text(lying("what is this?")), asItCame("what is this?", put)},
		"JSON of another kind":                  {text(lying(`{"Message":"x"}`)), asItCame(`{"Message":"x"}`, put)},
		"an envelope without a time":            {text(lying(`{"MessageId":"1","TopicArn":"t","Message":"x"}`)), asItCame(`{"MessageId":"1","TopicArn":"t","Message":"x"}`, put)},
		"a time that is none":                   {text(lying(`{"MessageId":"1","TopicArn":"t","Timestamp":"today"}`)), asItCame(`{"MessageId":"1","TopicArn":"t","Timestamp":"today"}`, put)},
		"nothing in the queue's text":           {text(lying("")), asItCame("", put)},
		"no time in the queue either":           {text(none), asItCame("{}", now)},
		"an event of others put":                {text(queued(t, odd)), asItCame(text(odd), put)},
		"an event of others":                    {text(odd), unread(text(odd))},
		"of others beside the queue":            {text(mixed), unread(text(mixed))},
		"no records":                            {`{"Records":[]}`, unread(`{"Records":[]}`)},
		"a test by hand":                        {`{"key1":"value1"}`, unread(`{"key1":"value1"}`)},
		"no JSON":                               {"?", unread("?")},
	} {
		// A time of JSON and one of a clock differ in how they hold that they are of no zone.
		if diff := cmp.Diff(c.want, notices([]byte(c.event), now), cmp.AllowUnexported(notice{}), cmp.Comparer(time.Time.Equal)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestWhatWaitedIsToldOnce fails with a message until it is taken, and hands it over once more
// after that, as a queue may.
func TestWhatWaitedIsToldOnce(t *testing.T) {
	w := newWorld(t)
	teller := w.teller()
	for _, again := range []events.SQSEvent{queued(t, event("1", composite)), lying(envelope), lying(copyFailed(t)), lying("what is this?")} {
		w.got = map[string][]string{}
		w.refuses, w.secret = true, "{}"
		for range 2 {
			if err := w.handle(teller, again); err == nil {
				t.Fatal("a message that nobody took is deleted")
			}
		}
		w.refuses = false
		w.holds("slack", "teams")
		for range 2 {
			if err := w.handle(teller, again); err != nil {
				t.Fatal(err)
			}
		}
		for _, channel := range []string{"slack", "teams", "mail"} {
			if got := w.got[channel]; len(got) != 1 || !strings.Contains(got[0], "遅れて通知") || !strings.Contains(got[0], "から待っていました") {
				t.Errorf("%s is told %q", channel, got)
			}
		}
	}
	if n := w.asked["figures"]; n > 0 {
		t.Errorf("CloudWatch is asked %d times for figures of now", n)
	}
}

// TestACopyThatFailedIsToldLate has the queue hand over what EventBridge could not tell: people read the same as
// from the topic, and that it is late.
func TestACopyThatFailedIsToldLate(t *testing.T) {
	w := newWorld(t)
	if err := w.handle(w.teller(), lying(copyFailed(t))); err != nil {
		t.Fatal(err)
	}
	for _, channel := range []string{"slack", "teams", "mail"} {
		for _, word := range []string{"BackupFailed", "データベースの毎日のバックアップを作成できませんでした。", "遅れて通知", "2026年11月26日 15:28"} {
			if got := w.got[channel]; len(got) != 1 || !strings.Contains(got[0], word) {
				t.Errorf("%s is told no %q: %q", channel, word, got)
			}
		}
	}
}

// FuzzNotices holds that whatever comes is at least one message, and that none of its text is lost
// (AWS lets in what is UTF-8 alone).
func FuzzNotices(f *testing.F) {
	for _, seed := range []string{"", "{}", envelope, `{"Records":[{"eventSource":"aws:sqs","body":"x"}]}`, `{"Records":[{"EventSource":"aws:sns","Sns":{"Message":"x"}}]}`, `{"Records":[{}]}`, `{"Records":null}`, `{"id":"1","source":"aws.backup","time":"2026-11-26T06:28:00Z"}`} {
		f.Add(seed)
	}
	now := time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, text string) {
		for name, event := range map[string]string{"itself": text, "in the queue": queuedText(t, text)} {
			list := notices([]byte(event), now)
			if len(list) == 0 {
				t.Errorf("%s: %q is dropped", name, text)
			}
			if name == "in the queue" && len(list) == 1 && list[0].Topic == untoldARN && utf8.ValidString(text) && list[0].Text != text {
				t.Errorf("of %q is told %q", text, list[0].Text)
			}
		}
	})
}

func queuedText(t *testing.T, text string) string {
	t.Helper()
	b, err := json.Marshal(lying(text))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
