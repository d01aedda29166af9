// Package section gives the frame of binary files that are written once and
// read whole: a magic and a format number, then sections of bytes, each with
// its length and checksum, then the number of sections and the length of all.
//
// A Reader refuses whatever a Writer did not write: a byte turned anywhere, a
// section lost, doubled or moved, and an end that is missing. It allocates in
// proportion to what is there, not to the lengths that are claimed. Neither is
// safe for concurrent use.
package section

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"slices"

	"enishi/internal/errs"
)

// The frame, all numbers little-endian:
//
//	head     magic (8 bytes), format (4), checksum (4)
//	section  length (8), checksum (4), bytes
//	tail     2^64-1 (8), checksum (4), sections (8), bytes before the tail (8)
//
// The checksum of a section is of its number, its length and its bytes, that
// of the tail of what stands behind it.
const (
	magicBytes  = 8
	headBytes   = magicBytes + 4 + 4
	prefixBytes = 8 + 4
	tailBytes   = 8 + 8
	tailMark    = math.MaxUint64
	// firstBytes is what a section is given before any of it has been read.
	firstBytes = 1 << 20
)

// castagnoli is the polynomial that processors have an instruction for.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Writer writes a frame.
type Writer struct {
	to       io.Writer
	sections uint64
	bytes    uint64
}

// NewWriter begins a frame. The magic has 8 bytes.
func NewWriter(to io.Writer, magic string, format uint32) (*Writer, error) {
	w := &Writer{to: to}
	return w, w.write(head(magic, format))
}

func head(magic string, format uint32) []byte {
	b := make([]byte, magicBytes, headBytes)
	copy(b, magic)
	b = binary.LittleEndian.AppendUint32(b, format)
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

func (w *Writer) write(b []byte) error {
	n, err := w.to.Write(b)
	w.bytes += uint64(n)
	return err
}

// Section writes a section.
func (w *Writer) Section(b []byte) error {
	if err := w.write(prefix(uint64(len(b)), checksum(w.sections, b))); err != nil {
		return err
	}
	w.sections++
	return w.write(b)
}

func prefix(length uint64, sum uint32) []byte {
	b := binary.LittleEndian.AppendUint64(make([]byte, 0, prefixBytes), length)
	return binary.LittleEndian.AppendUint32(b, sum)
}

func checksum(number uint64, b []byte) uint32 {
	var place [16]byte
	binary.LittleEndian.PutUint64(place[:8], number)
	binary.LittleEndian.PutUint64(place[8:], uint64(len(b)))
	return crc32.Update(crc32.Checksum(place[:], castagnoli), castagnoli, b)
}

// Close ends the frame; without it a Reader refuses what was written. It does
// not close what it writes to.
func (w *Writer) Close() error {
	tail := make([]byte, 0, tailBytes)
	tail = binary.LittleEndian.AppendUint64(tail, w.sections)
	tail = binary.LittleEndian.AppendUint64(tail, w.bytes)
	if err := w.write(prefix(tailMark, crc32.Checksum(tail, castagnoli))); err != nil {
		return err
	}
	return w.write(tail)
}

// Bytes gives how many bytes have been written.
func (w *Writer) Bytes() int64 { return int64(w.bytes) }

// Reader reads a frame, and nothing behind it.
type Reader struct {
	from     io.Reader
	sections uint64
	bytes    uint64
	ended    bool
}

// NewReader begins to read a frame. It fails with Invalid if there is another
// magic, and with Stale if the format is another.
func NewReader(from io.Reader, magic string, format uint32) (*Reader, error) {
	r := &Reader{from: from}
	found := make([]byte, headBytes)
	if err := r.full(found); err != nil {
		return nil, err
	}
	if string(found[:magicBytes]) != string(head(magic, format)[:magicBytes]) {
		return nil, errs.New(errs.Invalid, "this is no file of the kind "+magic)
	}
	if crc32.Checksum(found[:headBytes-4], castagnoli) != binary.LittleEndian.Uint32(found[headBytes-4:]) {
		return nil, damaged("its head")
	}
	if has := binary.LittleEndian.Uint32(found[magicBytes:]); has != format {
		return nil, errs.New(errs.Stale, fmt.Sprintf("the format is %d; this program reads %d", has, format))
	}
	return r, nil
}

func damaged(what string) error {
	return errs.New(errs.Invalid, "the file is damaged: "+what+" does not fit its checksum")
}

func (r *Reader) full(b []byte) error {
	n, err := io.ReadFull(r.from, b)
	r.bytes += uint64(n)
	return cut(err)
}

// cut makes an end that comes too early an Invalid.
func cut(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errs.New(errs.Invalid, "the file is cut short") // no io.EOF: that is a whole file's end
	}
	return err
}

// Next gives the next section, in buffer if that is large enough. Behind the
// last it is io.EOF; damage and a missing end are Invalid.
func (r *Reader) Next(buffer []byte) ([]byte, error) {
	if r.ended {
		return nil, io.EOF
	}
	before := r.bytes
	var p [prefixBytes]byte
	if err := r.full(p[:]); err != nil {
		return nil, err
	}
	length, sum := binary.LittleEndian.Uint64(p[:8]), binary.LittleEndian.Uint32(p[8:])
	if length == tailMark {
		return nil, r.end(before, sum)
	}
	if length > math.MaxInt64/2 {
		return nil, damaged("the length of a section")
	}
	b, err := r.take(buffer[:0], int(length))
	if err != nil {
		return nil, err
	}
	if checksum(r.sections, b) != sum {
		return nil, damaged(fmt.Sprintf("section %d", r.sections))
	}
	r.sections++
	return b, nil
}

// take reads n bytes; room grows with what has come.
func (r *Reader) take(b []byte, n int) ([]byte, error) {
	for len(b) < n {
		step := min(n-len(b), max(len(b), firstBytes, cap(b)-len(b)))
		b = slices.Grow(b, step)
		if err := r.full(b[len(b) : len(b)+step]); err != nil {
			return nil, err
		}
		b = b[:len(b)+step]
	}
	return b, nil
}

func (r *Reader) end(before uint64, sum uint32) error {
	var tail [tailBytes]byte
	if err := r.full(tail[:]); err != nil {
		return err
	}
	if crc32.Checksum(tail[:], castagnoli) != sum {
		return damaged("its end")
	}
	sections, bytes := binary.LittleEndian.Uint64(tail[:8]), binary.LittleEndian.Uint64(tail[8:])
	if sections != r.sections || bytes != before {
		return errs.New(errs.Invalid, "the file is damaged: sections are missing")
	}
	r.ended = true
	return io.EOF
}
