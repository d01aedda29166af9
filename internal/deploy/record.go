package deploy

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"enishi/internal/errs"
)

// Record is what is known of one deployment: whatever a second run needs to finish it or
// to take it back. It is kept in the environment's own bucket before anything it says is done.
type Record struct {
	ID          string    `json:"id"`
	Environment string    `json:"environment"`
	By          string    `json:"by"`
	Why         string    `json:"why"`
	Version     string    `json:"version"` // of the program, as git describes it
	Begun       time.Time `json:"begun_at"`
	Ended       time.Time `json:"ended_at,omitzero"`
	Outcome     Outcome   `json:"outcome,omitempty"`

	// Back says that it is being taken back, and Reason why.
	Back   bool   `json:"back,omitempty"`
	Reason string `json:"reason,omitempty"`

	Image  string `json:"image"`  // REPOSITORY@DIGEST that is deployed
	Before State  `json:"before"` // what ran when it began
	After  State  `json:"after"`
	// Stands is what was left running when it ended, or when the environment was changed last:
	// what runs otherwise, somebody has changed by hand.
	Stands State    `json:"stands,omitzero"`
	Tasks  Once     `json:"tasks"`
	Alarms []string `json:"alarms,omitempty"` // that were on when it began

	// Needs is the schema that the version makes, and Schema the one that the database has, or an
	// earlier one; 0: not known.
	Needs  int64 `json:"needs_schema,omitempty"`
	Schema int64 `json:"schema,omitempty"`

	Steps []Timing `json:"steps"`

	// Hold is why nobody may deploy now: the environment itself is being changed. Nil: it is not.
	Hold *Hold `json:"hold,omitempty"`

	// Who works on it, and when that was last heard of.
	Holder string    `json:"holder"`
	Heard  time.Time `json:"heard_at"`
}

// Outcome is how a deployment ended.
type Outcome string

// The outcomes.
const (
	Deployed   Outcome = "deployed"
	RolledBack Outcome = "rolled back"
	// Made is no deployment: what runs came with the environment.
	Made Outcome = "made with its environment"
)

// State is what runs: the image, and the ARN of the task definition of each service.
type State struct {
	Image  string `json:"image,omitempty"`
	Web    string `json:"web,omitempty"`
	Worker string `json:"worker,omitempty"`
}

// Once are the one-off tasks of a deployment, by their ARNs.
type Once struct {
	Schema     string `json:"schema,omitempty"`
	Expanded   bool   `json:"expanded,omitempty"` // Schema has ended well
	Acceptance string `json:"acceptance,omitempty"`
	Note       string `json:"note,omitempty"` // of what was taken back
}

// Timing is how long a step took.
type Timing struct {
	Step  string    `json:"step"`
	Begun time.Time `json:"begun_at"`
	Ended time.Time `json:"ended_at,omitzero"`
	Note  string    `json:"note,omitempty"`
}

// lease is how long nobody else takes over after its holder was last heard of; a holder
// says that it is alive far more often, and does nothing once it has not for so long.
const (
	lease = 90 * time.Second
	beat  = 15 * time.Second
)

// ErrTaken says that somebody else works on the deployment now: whoever gets it stops at
// once, and changes nothing more.
var ErrTaken = errs.New(errs.Conflict, "somebody else has taken this deployment over: nothing more was changed from here")

// ledger keeps records in a bucket. Two are kept apart by the bucket's own promise that a
// conditional write fails if what it was based on has changed.
type ledger struct {
	client *s3.Client
	bucket string
	holder string
}

const current = "deploy/current.json"

// named names what is begun at a moment by this process: another may begin something in the same one.
func (l *ledger) named(begun time.Time) string {
	return begun.UTC().Format("20060102T150405.000Z") + "-" + l.holder[:6]
}

func newLedger(config *aws.Config, bucket string) *ledger {
	return &ledger{client: s3.NewFromConfig(*config, func(o *s3.Options) { o.UsePathStyle = config.BaseEndpoint != nil }), bucket: bucket, holder: rand.Text()}
}

// last gives the newest record and the mark of its version; nil if there is none yet.
func (l *ledger) last(ctx context.Context) (*Record, string, error) {
	out, err := l.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &l.bucket, Key: aws.String(current)})
	var none *types.NoSuchKey
	if errors.As(err, &none) {
		return nil, "", nil
	}
	if err != nil {
		return nil, "", fmt.Errorf("read what was deployed last from s3://%s/%s: %w", l.bucket, current, err)
	}
	defer out.Body.Close() //nolint:errcheck // it was only read
	r := new(Record)
	if err := json.NewDecoder(out.Body).Decode(r); err != nil {
		return nil, "", errs.Wrap(errs.Internal, fmt.Sprintf("s3://%s/%s is no record of a deployment", l.bucket, current), err)
	}
	return r, aws.ToString(out.ETag), nil
}

// write keeps a record where the version was the one that mark tells, "" for none, and
// gives the mark of the new one. ErrTaken: it was another one.
func (l *ledger) write(ctx context.Context, r *Record, mark string) (string, error) {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return "", fmt.Errorf("write the record of a deployment: %w", err)
	}
	in := &s3.PutObjectInput{Bucket: &l.bucket, Key: aws.String(current), Body: bytes.NewReader(text), ContentType: aws.String("application/json")}
	if mark == "" {
		in.IfNoneMatch = aws.String("*")
	} else {
		in.IfMatch = &mark
	}
	out, err := l.client.PutObject(ctx, in)
	if err == nil {
		return aws.ToString(out.ETag), nil
	}
	var response *awshttp.ResponseError
	if !errors.As(err, &response) || !taken(response.HTTPStatusCode()) {
		return "", fmt.Errorf("keep the record of the deployment in s3://%s/%s: %w", l.bucket, current, err)
	}
	// The answer to an earlier try of the same write may have been lost.
	there, now, err := l.last(ctx)
	if err != nil {
		return "", err
	}
	if there != nil && there.Holder == r.Holder && there.Heard.Equal(r.Heard) {
		return now, nil
	}
	return "", ErrTaken
}

// taken says whether S3 refuses a conditional write since what it was based on has changed.
func taken(status int) bool {
	return status == http.StatusPreconditionFailed || status == http.StatusConflict
}

// file keeps what has ended for good, beside the current one.
func (l *ledger) file(ctx context.Context, r *Record) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("write the record of a deployment: %w", err)
	}
	_, err = l.client.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &l.bucket, Key: aws.String("deploy/history/" + r.ID + ".json"), Body: bytes.NewReader(text), ContentType: aws.String("application/json"),
	})
	if err != nil {
		return fmt.Errorf("file the record of the deployment: %w", err)
	}
	return nil
}
