package environ

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	secrettypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"enishi/internal/config"
	"enishi/internal/errs"
)

// secret is one that a person puts in.
type secret struct {
	of    string // the beginning of its name in the template of base
	check func(value string) error
	then  func(*Step) string // what is left to do, for those who read it to know the new one
}

func secrets() map[string]secret {
	return map[string]secret{
		"mail": {mailName, checkMail, func(s *Step) string {
			return "Tasks read it when they start. The next deployment brings such tasks: enishi deploy " + s.Environment + ", of the version that runs if there is no other."
		}},
		"webhooks": {"TopicsWebhooks", checkWebhooks, func(*Step) string {
			return "The function reads it with every message: nothing has to be started anew."
		}},
	}
}

// Secrets gives the names of the secrets that a person puts in, sorted.
func Secrets() []string { return slices.Sorted(maps.Keys(secrets())) }

func checkMail(value string) error {
	if _, ok := config.ParseMail(value); !ok {
		return errs.New(errs.Invalid, "what is given is no URL of a mail server: smtp://USER:PASSWORD@HOST:PORT, with what is no letter or digit in USER and PASSWORD as %XX")
	}
	return nil
}

// checkWebhooks holds a value to what the function that tells people of alarms reads.
func checkWebhooks(value string) error {
	var hooks struct {
		Slack string `json:"slack"`
		Teams string `json:"teams"`
	}
	d := json.NewDecoder(bytes.NewReader([]byte(value)))
	d.DisallowUnknownFields()
	err := d.Decode(&hooks)
	ok := err == nil && !d.More() && hooks.Slack+hooks.Teams != ""
	for _, one := range []string{hooks.Slack, hooks.Teams} {
		u, bad := url.Parse(one)
		ok = ok && (one == "" || bad == nil && u.Scheme == "https" && u.Host != "")
	}
	if !ok { // the value itself stays untold
		return errs.New(errs.Invalid, `what is given are no webhooks: {"slack": "https://…", "teams": "https://…"}, of which either may be missing`)
	}
	return nil
}

const (
	current, previous = "AWSCURRENT", "AWSPREVIOUS"
	version           = "version "
)

// LookSecret finds out what there is of a secret, into which a value is to be put; "" puts the one from before
// back. It changes nothing, and says no value.
func LookSecret(ctx context.Context, o *Options, name, value string) (*Step, error) {
	of, ok := secrets()[name]
	if !ok {
		return nil, errs.AtPointer("the secret", name, strings.Join(Secrets(), ", ")+" or cache")
	}
	if value != "" {
		if err := of.check(value); err != nil {
			return nil, err
		}
	}
	w := newWork(o)
	s, err := w.begin(ctx, "secret "+name)
	if err != nil {
		return nil, err
	}
	arn, err := w.made(ctx, mailType, of.of)
	if err == nil && arn == "" {
		err = errs.New(errs.NotFound, "there is no secret for it yet: enishi env up makes it")
	}
	if err != nil {
		return nil, err
	}
	stages, err := w.stages(ctx, arn)
	if err != nil {
		return nil, err
	}
	s.From, s.Undo, s.Then = version+short(stages[current]), s.command("secret", name, "--previous"), of.then(s)
	if value == "" {
		return s.back(arn, stages)
	}
	// Whoever gives the same value again after a run that was cut means that run's version.
	if s.mark = newVersion(); s.Left != nil && s.Left.Mark != "" {
		same, err := w.holds(ctx, arn, s.Left.Mark, value)
		if err != nil {
			return nil, err
		}
		if same {
			s.mark, s.From = s.Left.Mark, s.Left.From
		}
	}
	s.To = version + short(s.mark)
	id := s.mark
	s.do = func(ctx context.Context, w *work) error {
		_, err := w.account.secrets.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: &arn, SecretString: &value, ClientRequestToken: &id})
		if err != nil {
			return fmt.Errorf("put it into the secret: %w", err)
		}
		return nil
	}
	return s, nil
}

// back makes the step the way back to the version before the current one; where a run has gone it already, what is
// left of that.
func (s *Step) back(arn string, stages map[string]string) (*Step, error) {
	now, before := version+short(stages[current]), version+short(stages[previous])
	switch halfway, untold := s.again(now); {
	case untold && s.Left.From == before:
		return s.tellOnly(), nil
	case halfway && s.Left.From == before:
		s.From, s.To = s.Left.From, s.Left.To
		s.do = func(context.Context, *work) error { return nil } // the run was cut after it
		return s, nil
	case stages[previous] == "":
		return nil, errs.New(errs.NotFound, "nothing was in the secret before what is in it")
	}
	s.To = before
	s.do = func(ctx context.Context, w *work) error { return w.putBack(ctx, arn, stages) }
	return s, nil
}

// holds says whether a version of a secret is there, with a value.
func (w *work) holds(ctx context.Context, arn, id, value string) (bool, error) {
	found, err := w.account.secrets.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &arn, VersionId: &id})
	if errors.As(err, new(*secrettypes.ResourceNotFoundException)) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look what a run has left in the secret: %w", err)
	}
	return aws.ToString(found.SecretString) == value, nil
}

// stages gives the version of a secret that has each stage.
func (w *work) stages(ctx context.Context, arn string) (map[string]string, error) {
	out, _, err := w.described(ctx, arn)
	return out, err
}

// described gives the version of a secret that has each stage, and when anything of it was changed last.
func (w *work) described(ctx context.Context, arn string) (map[string]string, time.Time, error) {
	found, err := w.account.secrets.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: &arn})
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("look at the secret: %w", err)
	}
	out := map[string]string{}
	for id, stages := range found.VersionIdsToStages {
		for _, stage := range stages {
			out[stage] = id
		}
	}
	if out[current] == "" {
		return nil, time.Time{}, errs.New(errs.NotFound, "nothing is in the secret yet")
	}
	return out, aws.ToTime(found.LastChangedDate), nil
}

// putBack makes the version from before the current one, whose place it takes.
func (w *work) putBack(ctx context.Context, arn string, stages map[string]string) error {
	if err := w.moveStage(ctx, arn, current, stages[current], stages[previous]); err != nil {
		return fmt.Errorf("put the version from before back: %w", err)
	}
	return nil
}

// moveStage gives a stage of a secret to another version; "" is none.
func (w *work) moveStage(ctx context.Context, arn, stage, from, to string) error {
	in := &secretsmanager.UpdateSecretVersionStageInput{SecretId: &arn, VersionStage: &stage}
	if from != "" {
		in.RemoveFromVersionId = &from
	}
	if to != "" {
		in.MoveToVersionId = &to
	}
	_, err := w.account.secrets.UpdateSecretVersionStage(ctx, in)
	if err == nil {
		return nil
	}
	// The answer to an earlier try may have been lost.
	if now, failed := w.stages(ctx, arn); failed != nil || now[stage] != to {
		return errors.Join(err, failed)
	}
	return nil
}

// newVersion gives an id of a secret's version, by which AWS knows a request that is repeated.
func newVersion() string {
	id := make([]byte, 16)
	_, _ = rand.Read(id) // never fails
	return hex.EncodeToString(id)
}

// short is as much of a version's id as tells it from others.
func short(id string) string {
	const enough = 8
	return id[:min(enough, len(id))]
}
