package oci

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/klauspost/compress/gzip"

	"enishi/internal/errs"
)

// layer is one in memory that was packed once, with its sums: the library's own packs and sums up anew
// whenever it is asked, with the standard library's gzip, which takes three times as long for 2 % less.
type layer struct {
	whole, packed []byte
	diff, digest  v1.Hash
}

func (l *layer) Digest() (v1.Hash, error) { return l.digest, nil }
func (l *layer) DiffID() (v1.Hash, error) { return l.diff, nil }
func (l *layer) Compressed() (io.ReadCloser, error) {
	return io.NopCloser(bytes.NewReader(l.packed)), nil
}

func (l *layer) Uncompressed() (io.ReadCloser, error) {
	return io.NopCloser(bytes.NewReader(l.whole)), nil
}
func (l *layer) Size() (int64, error)                { return int64(len(l.packed)), nil }
func (l *layer) MediaType() (types.MediaType, error) { return types.OCILayer, nil }

// layerOf makes a layer in which every time is the beginning of time.
func layerOf(entries []entry) (v1.Layer, error) {
	var whole, packed bytes.Buffer
	diff, digest := sha256.New(), sha256.New()
	small := gzip.NewWriter(io.MultiWriter(&packed, digest))
	w := tar.NewWriter(io.MultiWriter(&whole, diff, small))
	for _, e := range entries {
		h := &tar.Header{
			Name: e.name, Mode: e.mode, Uid: e.owner, Gid: e.owner, Size: int64(len(e.body)), ModTime: time.Unix(0, 0),
			Typeflag: tar.TypeReg, Format: tar.FormatPAX,
		}
		if e.name[len(e.name)-1] == '/' {
			h.Typeflag = tar.TypeDir
		}
		if err := w.WriteHeader(h); err != nil {
			return nil, errs.Wrap(errs.Internal, e.name+" cannot be packed", err)
		}
		if _, err := w.Write(e.body); err != nil {
			return nil, errs.Wrap(errs.Internal, e.name+" cannot be packed", err)
		}
	}
	for _, end := range []io.Closer{w, small} {
		if err := end.Close(); err != nil {
			return nil, errs.Wrap(errs.Internal, "a layer cannot be packed", err)
		}
	}
	sum := func(of []byte) v1.Hash { return v1.Hash{Algorithm: "sha256", Hex: hex.EncodeToString(of)} }
	return &layer{whole: whole.Bytes(), packed: packed.Bytes(), diff: sum(diff.Sum(nil)), digest: sum(digest.Sum(nil))}, nil
}
