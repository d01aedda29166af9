package files

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go/logging"

	"enishi/internal/errs"
)

// Place says where a bucket is.
type Place struct {
	Bucket   string
	Prefix   string // path that every key begins with, without a slash around it; empty: none
	Region   string // empty: the one that the machine is set up for
	Endpoint string // URL of a server that speaks like S3, whose buckets are paths; empty: Amazon's
}

// String gives the place as it is told to people.
func (p Place) String() string { return "s3://" + path.Join(p.Bucket, p.Prefix) }

// Bucket is a bucket of S3, or the part of one below a prefix. How it is
// encrypted and who may read it is set on the bucket.
type Bucket struct {
	client *s3.Client
	at     Place
}

// How often is asked, and how long is waited in between: little, so that a
// process that starts without S3 loses seconds.
const (
	attempts   = 4
	longestGap = time.Second
)

// anyRegion is what servers that have no regions are asked for.
const anyRegion = "us-east-1"

// OpenBucket gives the bucket at a place, by the credentials of the process: a
// task's role, those of the environment, or whatever else the SDK of AWS looks
// for. It asks the bucket nothing yet, and is Invalid if it could not.
func OpenBucket(ctx context.Context, at Place) (*Bucket, error) {
	options := []func(*config.LoadOptions) error{config.WithLogger(logging.Nop{}), config.WithHTTPClient(newClient())}
	if at.Region != "" {
		options = append(options, config.WithRegion(at.Region))
	}
	c, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return nil, errs.Wrap(errs.Invalid, "what is set up for AWS here cannot be read", err)
	}
	if c.Region == "" && at.Endpoint != "" {
		c.Region = anyRegion
	}
	if c.Region == "" {
		return nil, errs.New(errs.Invalid, "nobody says which region "+at.String()+" is in: add ?region=REGION to ENISHI_FILES_URL, or set AWS_REGION")
	}
	return NewBucket(&c, at), nil
}

// NewBucket gives the bucket at a place, by what is set up for AWS elsewhere.
func NewBucket(c *aws.Config, at Place) *Bucket {
	client := s3.NewFromConfig(*c, func(o *s3.Options) {
		o.HTTPClient, o.UsePathStyle = &patient{c.HTTPClient, takeTime, quietTime}, c.BaseEndpoint != nil // the client knows AWS_CA_BUNDLE by now
		o.Retryer = retry.NewStandard(func(s *retry.StandardOptions) { s.MaxAttempts, s.MaxBackoff = attempts, longestGap })
		o.DisableLogOutputChecksumValidationSkipped = true // a file of several parts has no sum of its own
		if at.Endpoint != "" {
			o.BaseEndpoint, o.UsePathStyle = &at.Endpoint, true
		}
	})
	return &Bucket{client, at}
}

// key gives what a file is called in the bucket.
func (b *Bucket) key(name string) (string, error) {
	if err := checkName(name); err != nil {
		return "", err
	}
	return b.below() + name, nil
}

// below gives what all keys begin with.
func (b *Bucket) below() string {
	if b.at.Prefix == "" {
		return ""
	}
	return b.at.Prefix + "/"
}

// List gives files as Store says.
func (b *Bucket) List(ctx context.Context, prefix string) ([]File, error) {
	below := b.below()
	pages := s3.NewListObjectsV2Paginator(b.client, &s3.ListObjectsV2Input{
		Bucket: &b.at.Bucket, Prefix: aws.String(below + prefix), Delimiter: aws.String("/"),
	})
	var out []File
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list the files in %s: %w", b.at, err)
		}
		for _, o := range page.Contents {
			name := strings.TrimPrefix(aws.ToString(o.Key), below)
			if checkName(name) == nil { // others are somebody else's
				out = append(out, File{name, aws.ToInt64(o.Size), aws.ToTime(o.LastModified)})
			}
		}
	}
	return out, nil
}

// Remove removes a file as Store says. A bucket with versions keeps those that
// were, for as long as it is told to.
func (b *Bucket) Remove(ctx context.Context, name string) error {
	key, err := b.key(name)
	if err != nil {
		return err
	}
	_, err = b.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &b.at.Bucket, Key: &key})
	if err != nil && !isMissing(err) {
		return fmt.Errorf("remove the file %s from %s: %w", name, b.at, err)
	}
	return nil
}

// isMissing says whether a bucket has no such file.
func isMissing(err error) bool {
	_, is := errors.AsType[*types.NoSuchKey](err)
	return is
}

// Sweep removes the parts of files that were begun before a moment and are not
// whole, which nobody sees and everybody pays for.
func (b *Bucket) Sweep(ctx context.Context, since time.Time) error {
	pages := s3.NewListMultipartUploadsPaginator(b.client, &s3.ListMultipartUploadsInput{Bucket: &b.at.Bucket, Prefix: aws.String(b.below())})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("list what was left behind in %s: %w", b.at, err)
		}
		for _, u := range page.Uploads {
			key := aws.ToString(u.Key)
			if checkName(strings.TrimPrefix(key, b.below())) != nil || aws.ToTime(u.Initiated).After(since) {
				continue
			}
			if err := b.abort(ctx, key, aws.ToString(u.UploadId)); err != nil {
				return fmt.Errorf("remove what was left behind in %s: %w", b.at, err)
			}
		}
	}
	return nil
}

// abort removes the parts of a file; those that are gone are fine.
func (b *Bucket) abort(ctx context.Context, key, id string) error {
	_, err := b.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &b.at.Bucket, Key: &key, UploadId: &id})
	if _, gone := errors.AsType[*types.NoSuchUpload](err); gone {
		return nil
	}
	return err
}
