package deploy

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"enishi/internal/errs"
)

// Change is one of something beside deployments, such as how many tasks there may be: by whom,
// why, from what to what. It is kept before it is made, and ended once the audit log was told, so
// that the run after one that was killed knows what there was at first.
type Change struct {
	ID    string    `json:"id"`
	By    string    `json:"by"`
	Why   string    `json:"why"`
	What  string    `json:"what"` // is changed, such as web
	From  string    `json:"from"`
	To    string    `json:"to"`
	Begun time.Time `json:"begun_at"`
	Ended time.Time `json:"ended_at,omitzero"`
}

func changeKey(what string) string { return "deploy/changes/" + what + ".json" }

// LeftChange gives the change of something that a run has left half-way; nil: none.
func LeftChange(ctx context.Context, o *Options, what string) (*Change, error) {
	d, err := open(ctx, o)
	if err != nil {
		return nil, err
	}
	out, err := d.ledger.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &d.ledger.bucket, Key: aws.String(changeKey(what))})
	if errors.As(err, new(*types.NoSuchKey)) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the last change of %s: %w", what, err)
	}
	defer out.Body.Close() //nolint:errcheck // it was only read
	c := new(Change)
	if err := json.NewDecoder(out.Body).Decode(c); err != nil {
		return nil, errs.Wrap(errs.Internal, fmt.Sprintf("s3://%s/%s is no record of a change", d.ledger.bucket, changeKey(what)), err)
	}
	if !c.Ended.IsZero() {
		return nil, nil
	}
	return c, nil
}

// MakeChange keeps a change, makes it, and tells the audit log by a task of its own. Repeating it
// makes it once more: do has to bear that. An error after it was made says how the log is told.
func MakeChange(ctx context.Context, o *Options, c Change, do func(context.Context) error) error {
	d, err := open(ctx, o)
	if err != nil {
		return err
	}
	c.By, c.Why, c.Begun = o.By, o.Why, time.Now().UTC()
	c.ID = c.Begun.Format("20060102T150405.000Z")
	if err := d.keepChange(ctx, &c); err != nil {
		return fmt.Errorf("nothing was changed: %w", err)
	}
	if err := do(ctx); err != nil {
		return err
	}
	diff := c.What + ": " + c.From + " -> " + c.To
	d.tell("note", "the audit log is told", -1)
	if err := d.noteChange(ctx, &c, diff); err != nil {
		return errs.Wrap(errs.Internal, fmt.Sprintf("it is done, and the audit log was not told (%v). Tell it: enishi task %s --why %q -- audit note environment.change %q", err, o.Environment, o.Why, diff), err)
	}
	c.Ended = time.Now().UTC()
	return d.keepChange(ctx, &c)
}

// noteChange tells the audit log by whatever program one-off tasks are of now: a deployment that
// goes on, or was left half-way, is no reason to know less of it.
func (d *deployment) noteChange(ctx context.Context, c *Change, diff string) error {
	definition, _, err := d.account.definition(ctx, d.account.family(once))
	if err != nil {
		return err
	}
	arn, err := d.run(ctx, aws.ToString(definition.TaskDefinitionArn), c.ID, c.ID+c.What, order{By: c.By, Why: c.Why}, []string{"audit", "note", "environment.change", diff})
	if err != nil {
		return err
	}
	return d.poll(ctx, "note", "the task "+arn, noteLimit, func(ctx context.Context) (string, error) { return d.onceEnded(ctx, once, arn, "audit") })
}

func (d *deployment) keepChange(ctx context.Context, c *Change) error {
	text, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return fmt.Errorf("write the record of a change: %w", err)
	}
	_, err = d.ledger.client.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &d.ledger.bucket, Key: aws.String(changeKey(c.What)), Body: bytes.NewReader(text), ContentType: aws.String("application/json"),
	})
	if err != nil {
		return fmt.Errorf("keep the record of a change: %w", err)
	}
	return nil
}
