// Command notify is the function that tells people of alarms. SNS starts it with what
// CloudWatch and AWS Budgets say; it tells it to Slack, to Teams and by mail. What it could
// tell to nobody lies in a queue, which starts it again with the same.
//
// Its settings are variables of its environment, which infra/stacks sets.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"

	_ "golang.org/x/crypto/x509roots/fallback" // the authorities, where the system has none: the image holds the program alone

	"enishi/infra/notify"
	"enishi/infra/program"
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	t, err := start(context.Background(), log)
	if err != nil {
		log.Error("cannot start", "error", err)
		os.Exit(1)
	}
	lambda.Start(t.Handle)
}

func start(ctx context.Context, log *slog.Logger) (*teller, error) {
	s, err := read(os.Getenv)
	if err != nil {
		return nil, err
	}
	c, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the settings of AWS: %w", err)
	}
	return newTeller(s, c, log)
}

// settings are what the stack says of where the function is.
type settings struct {
	place  notify.Place
	secret string // ARN of that with the addresses of webhooks
	from   string
	to     []string
}

// read takes the settings from the environment, and says what is wrong with them.
func read(env func(string) string) (settings, error) {
	s := settings{
		place:  notify.Place{Environment: env("ENVIRONMENT"), Language: notify.Language(env("LANGUAGE")), Docs: env("DOCS")},
		secret: env("WEBHOOKS"), from: env("MAIL_FROM"), to: strings.FieldsFunc(env("MAIL_TO"), func(r rune) bool { return r == ',' || r == ' ' }),
	}
	if s.place.Language != notify.Japanese && s.place.Language != notify.English {
		return s, fmt.Errorf("LANGUAGE: found %q; accepted: %s, %s", s.place.Language, notify.Japanese, notify.English)
	}
	if s.place.Environment == "" || s.secret == "" {
		return s, fmt.Errorf("ENVIRONMENT and WEBHOOKS: found %q, %q; accepted: a name, and the ARN of a secret", s.place.Environment, s.secret)
	}
	if len(s.to) > 0 && s.from == "" {
		return s, fmt.Errorf("MAIL_FROM: found nothing; accepted: an address whose domain SES has verified, since MAIL_TO is set")
	}
	return s, nil
}

func newTeller(s settings, c aws.Config, log *slog.Logger) (*teller, error) {
	notes, err := program.Alarms()
	if err != nil {
		return nil, err
	}
	return &teller{
		settings: s, log: log, writer: notify.NewWriter(s.place, notes), told: newTold(),
		alarms: cloudwatch.NewFromConfig(c), secrets: secretsmanager.NewFromConfig(c), mails: sesv2.NewFromConfig(c),
		client: &http.Client{
			Timeout:       webhookWait,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // what is told goes where the secret says
		},
		pause: func(ctx context.Context, d time.Duration) error {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(d):
				return nil
			}
		},
	}, nil
}
