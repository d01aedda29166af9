package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"

	"enishi/infra/notify"
)

// How long each step may take, so that all of them end before the function is ended, which
// is after a minute: a channel that hangs must not keep the others from being told.
const (
	reasonsWait = 5 * time.Second
	secretWait  = 8 * time.Second
	webhookWait = 7 * time.Second // of one try
	webhooksMax = 25 * time.Second
	mailWait    = 15 * time.Second
)

// teller tells messages. The function runs one at a time in a process.
type teller struct {
	settings
	log     *slog.Logger
	writer  *notify.Writer
	told    *told
	alarms  *cloudwatch.Client
	secrets *secretsmanager.Client
	mails   *sesv2.Client
	client  *http.Client
	pause   func(context.Context, time.Duration) error
}

// Handle tells everything that an event holds. It fails if something was told to nobody:
// then SNS's event is handed over again, at most twice, and what failed for good lies in a
// queue that has an alarm, and whose event comes again and again until it is told.
func (t *teller) Handle(ctx context.Context, event json.RawMessage) error {
	var failed []error
	for _, n := range notices(event, time.Now()) {
		log := t.log.With("message", n.id)
		if !n.Waited.IsZero() {
			log = log.With("since", n.Waited)
		}
		if t.told.has(n.id) {
			log.Info("told already")
			continue
		}
		if err := t.tell(ctx, log, t.writer.Message(n.Notification, t.reasons(ctx, log, n.Notification))); err != nil {
			failed = append(failed, fmt.Errorf("message %s: %w", n.id, err))
			continue
		}
		t.told.add(n.id)
	}
	return errors.Join(failed...)
}

// reasons asks for the figures of a composite alarm's parts. Without them the message says
// a little less. They are those of now, so nobody is asked about a message that is told late.
func (t *teller) reasons(ctx context.Context, log *slog.Logger, n notify.Notification) map[string]string {
	a, ok := notify.AlarmOf(n)
	if !ok || len(a.Parts()) == 0 || !n.Waited.IsZero() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, reasonsWait)
	defer cancel()
	out, err := t.alarms.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{AlarmNames: a.Parts()})
	if err != nil {
		log.Warn("the figures are not known", "error", err)
		return nil
	}
	reasons := map[string]string{}
	for _, one := range out.MetricAlarms {
		reasons[aws.ToString(one.AlarmName)] = aws.ToString(one.StateReason)
	}
	return reasons
}

// errNobody is what is wrong where no channel is set.
var errNobody = errors.New("nobody is to be told: there is neither a webhook in the secret nor a recipient of mail")

// tell tells a message to every channel that there is, and fails if none took it. Mails go
// last, so that they can say which of the others did not.
func (t *teller) tell(ctx context.Context, log *slog.Logger, m notify.Message) error {
	webhooks, err := t.webhooks(ctx)
	failed := map[string]error{}
	if err != nil {
		failed["Slack, Teams"] = err
	}
	var (
		wait   sync.WaitGroup
		lock   sync.Mutex
		tried  = len(failed)
		bodies = map[string]any{"Slack": m.Slack(), "Teams": m.Teams()}
	)
	for channel, address := range map[string]string{"Slack": webhooks.Slack, "Teams": webhooks.Teams} {
		if address == "" {
			continue
		}
		tried++
		wait.Go(func() {
			if err := t.post(ctx, address, bodies[channel]); err != nil {
				lock.Lock()
				defer lock.Unlock()
				failed[channel] = err
			}
		})
	}
	wait.Wait()
	if len(t.to) > 0 {
		tried++
		if err := t.mail(ctx, m.Mail(names(failed)...)); err != nil {
			failed["mail"] = err
		}
	}
	for channel, err := range failed {
		log.Error("a channel was not told", "channel", channel, "alarm", m.Title, "error", err)
	}
	switch {
	case tried == 0:
		return errNobody
	case len(failed) == tried:
		return fmt.Errorf("no channel took it: %v", names(failed))
	}
	log.Info("told", "alarm", m.Title, "channels", tried-len(failed))
	return nil
}

// names gives the channels that failed, in order.
func names(failed map[string]error) []string {
	var list []string
	for channel := range failed {
		list = append(list, channel)
	}
	slices.Sort(list)
	return list
}

// webhooks are the addresses that the secret holds; either may be missing. Who has one can
// write to the channel, so none of them is ever in a log.
type webhooks struct {
	Slack string `json:"slack"`
	Teams string `json:"teams"`
}

// webhooks reads the secret, each time: alarms are few, and an address may just have been
// changed since it failed.
func (t *teller) webhooks(ctx context.Context) (webhooks, error) {
	ctx, cancel := context.WithTimeout(ctx, secretWait)
	defer cancel()
	out, err := t.secrets.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String(t.secret)})
	if err != nil {
		return webhooks{}, fmt.Errorf("read the secret with the webhooks: %w", err)
	}
	var w webhooks
	if err := json.Unmarshal([]byte(aws.ToString(out.SecretString)), &w); err != nil {
		return webhooks{}, errors.New(`the secret with the webhooks: found something else; accepted: {"slack": "https://…", "teams": "https://…"}`) // the error may hold some of it
	}
	return w, nil
}

func (t *teller) mail(ctx context.Context, m notify.Mail) error {
	ctx, cancel := context.WithTimeout(ctx, mailWait)
	defer cancel()
	content := func(text string) *types.Content {
		return &types.Content{Data: aws.String(text), Charset: aws.String("UTF-8")}
	}
	_, err := t.mails.SendEmail(ctx, &sesv2.SendEmailInput{
		FromEmailAddress: aws.String(t.from), Destination: &types.Destination{ToAddresses: t.to},
		Content: &types.EmailContent{Simple: &types.Message{Subject: content(m.Subject), Body: &types.Body{Text: content(m.Text)}}},
	})
	if err != nil {
		return fmt.Errorf("send a mail by SES: %w", err)
	}
	return nil
}

// told are the newest messages that were told: SNS and the queue may hand over one twice. Another
// process knows nothing of them, so a message can be told twice, but never not at all.
type told struct {
	ids  [64]string
	next int
}

func newTold() *told { return &told{} }

func (t *told) has(id string) bool { return id != "" && slices.Contains(t.ids[:], id) }

func (t *told) add(id string) {
	t.ids[t.next] = id
	t.next = (t.next + 1) % len(t.ids)
}
