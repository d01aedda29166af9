package main

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"enishi/infra/notify"
)

// notice is one message that is to be told. By its id it is known when it comes once more:
// SNS's own, or EventBridge's, whichever way it came.
type notice struct {
	id string
	notify.Notification
}

// Who starts the function, as records say it.
const (
	bySNS = "aws:sns"
	bySQS = "aws:sqs"
)

// notices gives what an event holds. SNS starts the function with what is told, and the queue
// of what was told to nobody with what lies there. Anything else is a message itself, of now:
// nothing that comes is dropped because nobody knows it.
func notices(event []byte, now time.Time) []notice {
	if list, ok := published(event); ok {
		return list
	}
	var queue events.SQSEvent
	if err := json.Unmarshal(event, &queue); err != nil || len(queue.Records) == 0 {
		return []notice{{Notification: notify.Notification{Text: string(event), At: now}}}
	}
	var list []notice
	for _, m := range queue.Records {
		if m.EventSource != bySQS {
			return []notice{{Notification: notify.Notification{Text: string(event), At: now}}}
		}
		list = append(list, waiting(m, now)...)
	}
	return list
}

// published gives the messages of an event of SNS, if it is one.
func published(event []byte) ([]notice, bool) {
	var of events.SNSEvent
	if err := json.Unmarshal(event, &of); err != nil {
		return nil, false
	}
	var list []notice
	for _, r := range of.Records {
		if r.EventSource != bySNS {
			return nil, false
		}
		list = append(list, noticeOf(r.SNS))
	}
	return list, len(list) > 0
}

func noticeOf(m events.SNSEntity) notice {
	return notice{m.MessageID, notify.Notification{Topic: m.TopicArn, Subject: m.Subject, Text: m.Message, At: m.Timestamp}}
}

// waiting gives what lay in the queue. Lambda puts there the event with which the function
// failed, SNS the message with which it could not start it, and EventBridge the event of which it
// could not tell a topic; what is none of these is told as it came, since when it lay there.
func waiting(m events.SQSMessage, now time.Time) []notice {
	list, ok := published([]byte(m.Body))
	if !ok {
		list = []notice{handedOver(m, now)}
	}
	for i := range list {
		list[i].Waited = list[i].At
	}
	return list
}

// handedOver gives the message that SNS or EventBridge put into the queue itself, or one that nobody knows.
func handedOver(m events.SQSMessage, now time.Time) notice {
	var of events.SNSEntity
	if err := json.Unmarshal([]byte(m.Body), &of); err == nil && of.MessageID != "" && of.TopicArn != "" && !of.Timestamp.IsZero() {
		return noticeOf(of)
	}
	n := notice{m.MessageId, notify.Notification{Topic: m.EventSourceARN, Text: m.Body, At: now}}
	var bus events.EventBridgeEvent
	if err := json.Unmarshal([]byte(m.Body), &bus); err == nil && bus.ID != "" && bus.Source != "" && !bus.Time.IsZero() {
		n.id, n.At = bus.ID, bus.Time // it is the event's own since when nobody was told, not the queue's
		return n
	}
	if ms, err := strconv.ParseInt(m.Attributes["SentTimestamp"], 10, 64); err == nil {
		n.At = time.UnixMilli(ms)
	}
	return n
}
