package deploy

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"enishi/internal/errs"
)

// Change is one of something beside deployments, such as how many tasks there may be: by whom,
// why, from what to what. It is kept before it is made and when it was, and ended once the audit log
// was told, so that the run after one that was killed knows what there was at first, and what
// nobody has told yet.
type Change struct {
	ID    string    `json:"id"`
	By    string    `json:"by"`
	Why   string    `json:"why"`
	What  string    `json:"what"` // is changed, such as web
	From  string    `json:"from"`
	To    string    `json:"to"`
	Mark  string    `json:"mark,omitempty"` // by which whoever makes it knows its own again, such as the version of a secret
	Begun time.Time `json:"begun_at"`
	Heard time.Time `json:"heard_at,omitzero"` // of whoever makes it
	Made  time.Time `json:"made_at,omitzero"`
	Ended time.Time `json:"ended_at,omitzero"`
	// Far is how far it has come, as whoever makes it writes it for a further run, and Also what the audit log is told of
	// that.
	Far  string `json:"far,omitempty"`
	Also string `json:"also,omitempty"`
	// Seen is the change before it that was looked at, by its ID, or "" if there was none: if another one has come since, it is not
	// made. Nil: whichever was.
	Seen *string `json:"-"`
	// Untold is a change that was made before, of which the audit log was not told; nil: none.
	Untold *Change `json:"untold,omitempty"`
}

const (
	// changing is how long nothing may be heard of whoever makes a change: another waits for so long, and then
	// takes it for one whose run was killed.
	changing = time.Minute
	// beatEvery is how often whoever makes one that lasts says that they are there, at most.
	beatEvery = 15 * time.Second
)

func changeKey(what string) string { return "deploy/changes/" + what + ".json" }

// LeftChange gives the change of something that a run has left: before it was made whole, or, once it was made,
// before the audit log was told. Nil: none.
func LeftChange(ctx context.Context, o *Options, what string) (*Change, error) {
	d, err := open(ctx, o)
	if err != nil {
		return nil, err
	}
	c, _, err := d.lastChange(ctx, what)
	if err != nil || c == nil || !c.Ended.IsZero() {
		return nil, err
	}
	return c, nil
}

// LastChange gives the newest change of something, also one that has ended; nil: none.
func LastChange(ctx context.Context, o *Options, what string) (*Change, error) {
	d, err := open(ctx, o)
	if err != nil {
		return nil, err
	}
	c, _, err := d.lastChange(ctx, what)
	return c, err
}

// lastChange gives the newest change of something and the mark of its version; nil: none.
func (d *deployment) lastChange(ctx context.Context, what string) (*Change, *string, error) {
	out, err := d.ledger.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &d.ledger.bucket, Key: aws.String(changeKey(what))})
	if errors.As(err, new(*types.NoSuchKey)) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read the last change of %s: %w", what, err)
	}
	defer out.Body.Close() //nolint:errcheck // it was only read
	c := new(Change)
	if err := json.NewDecoder(out.Body).Decode(c); err != nil {
		return nil, nil, errs.Wrap(errs.Internal, fmt.Sprintf("s3://%s/%s is no record of a change", d.ledger.bucket, changeKey(what)), err)
	}
	return c, out.ETag, nil
}

// Making is a change that is being made. One goroutine at a time.
type Making struct {
	d    *deployment
	c    *Change
	mark *string // of the version that is kept
}

// Beat says that whoever makes the change is there. Conflict: another has taken it over.
func (m *Making) Beat(ctx context.Context) error {
	if time.Since(m.c.heard()) < beatEvery {
		return nil
	}
	return m.keep(ctx)
}

// Reach keeps how far it has come, and what the audit log is told of that.
func (m *Making) Reach(ctx context.Context, far, also string) error {
	m.c.Far, m.c.Also = far, also
	return m.keep(ctx)
}

func (m *Making) keep(ctx context.Context) (err error) {
	m.c.Heard = time.Now().UTC()
	m.mark, err = m.d.keepChange(ctx, m.c, m.mark)
	return err
}

// MakeChange keeps a change, makes it, and tells the audit log by a task of its own: of this one, and before it of
// those that other runs have left. Whatever makes it and lasts says now and then that it is there, and stops at
// an error of that. Conflict while another makes one of the same thing.
func MakeChange(ctx context.Context, o *Options, c Change, do func(ctx context.Context, m *Making) error) error {
	d, err := open(ctx, o)
	if err != nil {
		return err
	}
	last, mark, err := d.lastChange(ctx, c.What)
	if err != nil {
		return err
	}
	c.By, c.Why, c.Begun, c.Made, c.Ended, c.Heard = o.By, o.Why, time.Now().UTC(), time.Time{}, time.Time{}, time.Time{}
	c.ID = d.ledger.named(c.Begun)
	if id := idOf(last); c.Seen != nil && *c.Seen != id {
		return errs.New(errs.Conflict, "it was changed since it was looked at, and nothing was done: look again")
	}
	if last != nil && last.Ended.IsZero() {
		if age := time.Since(last.heard()); last.Made.IsZero() && age < changing {
			return errs.New(errs.Conflict, fmt.Sprintf("%s is changing it (%s -> %s, heard of %d s ago): wait a minute, and look again", last.By, last.From, last.To, int(age.Seconds())))
		}
		c.Untold = last
	}
	if mark, err = d.keepChange(ctx, &c, mark); err != nil {
		return fmt.Errorf("nothing was changed: %w", err)
	}
	m := &Making{d, &c, mark}
	if err := do(ctx, m); err != nil {
		return err
	}
	mark = m.mark
	c.Made = time.Now().UTC()
	if mark, err = d.keepChange(ctx, &c, mark); err != nil {
		return fmt.Errorf("it is done, and the audit log was not told, which another change does: %w", err)
	}
	if err := d.tellChange(ctx, &c); err != nil {
		return Untold(o, c.diff(), err)
	}
	c.Ended, c.Untold = time.Now().UTC(), nil
	if _, err = d.keepChange(ctx, &c, mark); err != nil {
		return fmt.Errorf("it is done, and the audit log was told; the next change of it tells it once more: %w", err)
	}
	return nil
}

// TellChange tells the audit log of a change that was made and not told, as MakeChange does, and ends it.
func TellChange(ctx context.Context, o *Options, what string) error {
	d, err := open(ctx, o)
	if err != nil {
		return err
	}
	c, mark, err := d.lastChange(ctx, what)
	if err != nil || c == nil || c.Made.IsZero() || !c.Ended.IsZero() {
		return err
	}
	if err := d.tellChange(ctx, c); err != nil {
		return Untold(o, c.diff(), err)
	}
	c.Ended, c.Untold = time.Now().UTC(), nil
	_, err = d.keepChange(ctx, c, mark)
	return err
}

// idOf gives the ID of a change; "" if there is none.
func idOf(c *Change) string {
	if c == nil {
		return ""
	}
	return c.ID
}

// heard is when something was heard of whoever makes a change.
func (c *Change) heard() time.Time {
	if c.Heard.After(c.Begun) {
		return c.Heard
	}
	return c.Begun
}

// Recent says whether a change was begun, or made, so little ago that whoever asks for the same again means that one.
func (c *Change) Recent() bool {
	const recent = 15 * time.Minute
	return time.Since(c.heard()) < recent || time.Since(c.Made) < recent
}

// diff says what was changed. What a killed run has left may be done, or not.
func (c *Change) diff() string {
	out := c.What + ": " + c.From + " -> " + c.To
	if c.Also != "" {
		out += "; " + c.Also
	}
	if c.Made.IsZero() {
		out += "; left half-way"
	}
	return out
}

// tellChange tells the audit log of a change, the oldest that it was not told of first.
func (d *deployment) tellChange(ctx context.Context, c *Change) error {
	if c.Untold != nil {
		if err := d.tellChange(ctx, c.Untold); err != nil {
			return err
		}
	}
	d.tell("note", "the audit log is told", -1)
	return d.noteChange(ctx, c.By, c.Why, c.ID, c.diff())
}

// NoteFirst tells the audit log of something that is about to be done.
func NoteFirst(ctx context.Context, o *Options, diff string) error {
	d, err := open(ctx, o)
	if err != nil {
		return err
	}
	d.tell("note", "the audit log is told first", -1)
	return d.noteChange(ctx, o.By, o.Why, d.ledger.named(time.Now()), diff)
}

// Untold is the error of something that was done and of which the audit log was not told. It says how
// it is told by hand.
func Untold(o *Options, diff string, why error) error {
	return errs.Wrap(errs.Internal, fmt.Sprintf("it is done, and the audit log was not told (%v). Tell it: enishi task %s --why %s -- audit note environment.change %s", why, o.Environment, quoted(o.Why), quoted(diff)), why)
}

// quoted is a text as a shell takes it for one word.
func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// noteChange tells the audit log by whatever program one-off tasks are of now: a deployment that
// goes on, or was left half-way, is no reason to know less of it.
func (d *deployment) noteChange(ctx context.Context, by, why, id, diff string) error {
	definition, _, err := d.account.definition(ctx, d.account.family(once))
	if err != nil {
		return err
	}
	of := aws.ToString(definition.TaskDefinitionArn)
	// Each run has a task of its own: what failed an hour ago is not asked again whether it did.
	arn, err := d.run(ctx, of, id, id+of+diff+d.ledger.holder, order{By: by, Why: why}, []string{"audit", "note", "environment.change", diff})
	if err != nil {
		return err
	}
	return d.poll(ctx, "note", "the task "+arn, noteLimit, func(ctx context.Context) (string, error) { return d.onceEnded(ctx, once, arn, "audit") })
}

// keepChange keeps the record of a change where the last one was that of a mark, nil for none, and
// gives its mark.
func (d *deployment) keepChange(ctx context.Context, c *Change, mark *string) (*string, error) {
	text, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write the record of a change: %w", err)
	}
	in := &s3.PutObjectInput{Bucket: &d.ledger.bucket, Key: aws.String(changeKey(c.What)), Body: bytes.NewReader(text), ContentType: aws.String("application/json"), IfMatch: mark}
	if mark == nil {
		in.IfNoneMatch = aws.String("*")
	}
	out, err := d.ledger.client.PutObject(ctx, in)
	if err == nil {
		return out.ETag, nil
	}
	var response *awshttp.ResponseError
	if !errors.As(err, &response) || !taken(response.HTTPStatusCode()) {
		return nil, fmt.Errorf("keep the record of a change: %w", err)
	}
	// The answer to an earlier try of the same write may have been lost.
	there, now, err := d.lastChange(ctx, c.What)
	if err != nil {
		return nil, err
	}
	if there != nil && there.ID == c.ID && there.By == c.By && there.Heard.Equal(c.Heard) && there.Made.Equal(c.Made) && there.Ended.Equal(c.Ended) {
		return now, nil
	}
	return nil, errs.New(errs.Conflict, "somebody else has begun to change it meanwhile: look again")
}
