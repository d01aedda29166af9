package files

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"enishi/internal/errs"
)

// resumes is how often a file that was cut is gone on with.
const resumes = 4

// Open opens a file as Store says. One that is cut while it is read is gone on
// with where it was, as long as it is the same one.
func (b *Bucket) Open(ctx context.Context, name string) (io.ReadCloser, error) {
	key, err := b.key(name)
	if err != nil {
		return nil, err
	}
	d := &download{ctx: ctx, bucket: b, name: name, key: key}
	err = d.begin()
	if isMissing(err) {
		return nil, errs.Wrap(errs.NotFound, "there is no file "+name+" in "+b.at.String(), err)
	}
	if err != nil {
		return nil, fmt.Errorf("open the file %s in %s: %w", name, b.at, err)
	}
	return d, nil
}

// download is a file that is being read.
type download struct {
	ctx       context.Context
	bucket    *Bucket
	name, key string
	body      io.ReadCloser
	tag       *string // which of the files that had the name
	at, size  int64
	resumed   int
}

// begin asks for what was not read yet.
func (d *download) begin() error {
	in := &s3.GetObjectInput{Bucket: &d.bucket.at.Bucket, Key: &d.key}
	if d.at > 0 {
		in.Range, in.IfMatch = aws.String(fmt.Sprintf("bytes=%d-", d.at)), d.tag
	}
	out, err := d.bucket.client.GetObject(d.ctx, in)
	if err != nil {
		return err
	}
	d.body = out.Body
	if d.at == 0 {
		d.tag, d.size = out.ETag, aws.ToInt64(out.ContentLength)
	}
	return nil
}

// Read reads on.
func (d *download) Read(p []byte) (int, error) {
	for {
		n, err := d.body.Read(p)
		d.at += int64(n)
		switch {
		case err == nil, errors.Is(err, io.EOF) && d.at == d.size:
			return n, err
		case n > 0: // whatever it is, it is met again
			return n, nil
		case d.resumed == resumes || d.at == d.size || d.ctx.Err() != nil:
			return 0, fmt.Errorf("read the file %s in %s, at byte %d of %d: %w", d.name, d.bucket.at, d.at, d.size, err)
		}
		d.resumed++
		_ = d.body.Close() // it is broken already
		if again := d.begin(); again != nil {
			return 0, fmt.Errorf("read the file %s in %s on from byte %d of %d: %w", d.name, d.bucket.at, d.at, d.size, errors.Join(err, again))
		}
	}
}

// Close ends the reading.
func (d *download) Close() error { return d.body.Close() }
