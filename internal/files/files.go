// Package files keeps whole files under names: written at once or not at all,
// read, listed by prefix, removed. It holds them in a folder of the machine or
// of a network file system, or in a bucket of S3 or of a server that speaks
// like it.
//
// It refuses names that could leave the folder or the bucket's part. Files and
// folders that it makes can be read by their owner alone; who reads a bucket
// is the bucket's to say. Everything is safe for concurrent use, by several
// processes too.
package files

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"enishi/internal/errs"
)

// Store is what keeps files: a Folder or a Bucket.
type Store interface {
	// Create writes a file, or replaces it. Nobody sees it before write has
	// returned nil and all of it is kept; after an error nothing is left of
	// it. It stops when ctx is done.
	Create(ctx context.Context, name string, write func(io.Writer) error) error
	// Open opens a file; the caller closes it. It is NotFound if there is none.
	// The file may be read until ctx is done.
	Open(ctx context.Context, name string) (io.ReadCloser, error)
	// List gives the files whose names begin with prefix, by name.
	List(ctx context.Context, prefix string) ([]File, error)
	// Remove removes a file; one that is not there is fine.
	Remove(ctx context.Context, name string) error
	// Sweep removes what processes left behind that died while they wrote: of
	// what was begun, all that nobody can be writing any more if a file takes
	// no longer than from since to now.
	Sweep(ctx context.Context, since time.Time) error
}

// File is one of them.
type File struct {
	Name    string
	Bytes   int64
	Written time.Time // by the clock of whoever keeps it
}

// nameBytes is the longest name: file systems allow 255 bytes, and a key of S3
// 1,024 with what stands before it.
const nameBytes = 200

// checkName refuses what is no name of a file, in a folder or in a bucket.
func checkName(name string) error {
	if name == "" || len(name) > nameBytes || !utf8.ValidString(name) || strings.HasPrefix(name, ".") ||
		strings.ContainsAny(name, `/\`) || strings.ContainsFunc(name, unicode.IsControl) {
		return errs.AtPointer("", fmt.Sprintf("%q", name), fmt.Sprintf("the name of a file, without a path, of up to %d bytes", nameBytes))
	}
	return nil
}
