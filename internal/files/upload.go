package files

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

const (
	// partBytes is how much of a file is in memory. A file has 10,000 parts at
	// most (so 80 GB), and each but the last at least 5 MiB.
	partBytes = 8 << 20
	// checked is the sum that goes with each part: the SDK's own choice, said
	// since a file is begun for one.
	checked = types.ChecksumAlgorithmCrc32
	// abortTime bounds the tidying after a file that came to nothing; what it
	// does not reach, Sweep does.
	abortTime = 10 * time.Second
)

// Create writes a file as Store says: a small one at once, a large one in
// parts that nobody sees until all of them are there.
func (b *Bucket) Create(ctx context.Context, name string, write func(io.Writer) error) error {
	key, err := b.key(name)
	if err != nil {
		return err
	}
	u := &upload{ctx: ctx, bucket: b, key: key}
	if err = write(u); err == nil {
		err = u.finish()
	}
	if err != nil {
		return fmt.Errorf("write the file %s to %s: %w", name, b.at, errors.Join(err, u.abandon()))
	}
	return nil
}

// upload is a file that is being written.
type upload struct {
	ctx    context.Context
	bucket *Bucket
	key    string
	part   []byte                // of what was written, the end that was not sent
	id     string                // "" while all of it is in part
	sent   []types.CompletedPart // in order
	failed error                 // after which nothing is sent
}

// Write takes a piece of the file.
func (u *upload) Write(piece []byte) (int, error) {
	taken := 0
	for taken < len(piece) {
		if u.failed == nil {
			u.failed = u.ctx.Err()
		}
		if u.failed != nil {
			return taken, u.failed
		}
		n := min(len(piece)-taken, partBytes-len(u.part))
		u.part = append(u.part, piece[taken:taken+n]...)
		taken += n
		if len(u.part) == partBytes {
			u.failed = u.send()
		}
	}
	return taken, u.failed
}

// send sends a part.
func (u *upload) send() error {
	client, bucket := u.bucket.client, &u.bucket.at.Bucket
	if u.id == "" {
		begun, err := client.CreateMultipartUpload(u.ctx, &s3.CreateMultipartUploadInput{Bucket: bucket, Key: &u.key, ChecksumAlgorithm: checked})
		if err != nil {
			return err
		}
		u.id = aws.ToString(begun.UploadId)
	}
	number := aws.Int32(int32(len(u.sent) + 1))
	made, err := client.UploadPart(u.ctx, &s3.UploadPartInput{
		Bucket: bucket, Key: &u.key, UploadId: &u.id, PartNumber: number, Body: bytes.NewReader(u.part), ChecksumAlgorithm: checked,
	})
	if err != nil {
		return err
	}
	u.sent = append(u.sent, types.CompletedPart{PartNumber: number, ETag: made.ETag, ChecksumCRC32: made.ChecksumCRC32})
	u.part = u.part[:0]
	return nil
}

// finish makes the file appear.
func (u *upload) finish() error {
	if err := errors.Join(u.failed, u.ctx.Err()); err != nil {
		return err
	}
	client, bucket := u.bucket.client, &u.bucket.at.Bucket
	if u.id == "" {
		_, err := client.PutObject(u.ctx, &s3.PutObjectInput{Bucket: bucket, Key: &u.key, Body: bytes.NewReader(u.part)})
		return err
	}
	if len(u.part) > 0 {
		if err := u.send(); err != nil {
			return err
		}
	}
	_, err := client.CompleteMultipartUpload(u.ctx, &s3.CompleteMultipartUploadInput{
		Bucket: bucket, Key: &u.key, UploadId: &u.id, MultipartUpload: &types.CompletedMultipartUpload{Parts: u.sent},
	})
	return err
}

// abandon removes the parts that were sent, though ctx may be done.
func (u *upload) abandon() error {
	if u.id == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(u.ctx), abortTime)
	defer cancel()
	if err := u.bucket.abort(ctx, u.key, u.id); err != nil {
		return fmt.Errorf("remove the parts that were sent: %w", err)
	}
	return nil
}
