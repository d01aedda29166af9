package engine

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"enishi/internal/errs"
	"enishi/internal/section"
)

// Read makes a population of a snapshot, on all processors, and reads nothing
// behind it. Every entry has version 0, and deletions are forgotten: any later
// change takes effect. A snapshot that is damaged, or of other schemas, is
// Invalid, and one of another format Stale; what it holds is checked to the
// last bit, so that no file can make a population that Apply would not.
func Read(r io.Reader, docs, conds Schema) (*Population, error) {
	return readPopulation(r, docs, conds, segmentRows)
}

func readPopulation(r io.Reader, docs, conds Schema, limit int) (*Population, error) {
	p, err := newPopulation(docs, conds, limit)
	if err != nil {
		return nil, err
	}
	f, err := section.NewReader(r, snapshotMagic, snapshotFormat)
	if err != nil {
		return nil, fmt.Errorf("read a snapshot: %w", err)
	}
	view := &View{p: p}
	if err := view.read(f); err != nil {
		return nil, fmt.Errorf("read a snapshot: %w", err)
	}
	p.view.Store(view)
	return p, nil
}

func (v *View) read(f *section.Reader) error {
	head, err := f.Next(nil)
	switch {
	case errors.Is(err, io.EOF):
		return unsound("no head")
	case err != nil:
		return err
	case len(head) != headBytes:
		return unsound("the length of its head")
	}
	print := fingerprint(&v.p.docs.schema, &v.p.conds.schema)
	if !bytes.Equal(head[:len(print)], print[:]) {
		return errs.New(errs.Invalid, "the snapshot is of other schemas")
	}
	if v.parts, err = v.p.readParts(f); err != nil {
		return err
	}
	for i := range v.parts {
		v.n += v.parts[i].count
	}
	if !bytes.Equal(head, v.head()) {
		return unsound("the number of its entries or segments")
	}
	return v.distinct()
}

// unsound says that a snapshot holds what no population does.
func unsound(what string) error {
	return errs.New(errs.Invalid, "the snapshot is not sound: "+what)
}

// distinct fails if an id is in two parts.
func (v *View) distinct() error {
	ids := make([]int64, 0, v.n)
	for i := range v.parts {
		ids = append(ids, v.parts[i].rows.ids...)
	}
	slices.Sort(ids)
	for i := range ids {
		if i > 0 && ids[i] == ids[i-1] {
			return unsound("an id that stands twice")
		}
	}
	return nil
}

// bench is what one section is read and built on.
type bench struct {
	buffer  []byte
	builder builder
}

// readParts reads sections one by one and builds their parts side by side.
func (p *Population) readParts(f *section.Reader) ([]part, error) {
	width := runtime.GOMAXPROCS(0)
	free := make(chan *bench, width)
	for range width {
		free <- &bench{builder: builder{markStep: p.builder.markStep}}
	}
	var group errgroup.Group
	var failed atomic.Bool
	var read []*part
	var err error
	for !failed.Load() {
		b := <-free
		if b.buffer, err = f.Next(b.buffer); err != nil {
			break
		}
		to := new(part)
		read = append(read, to)
		group.Go(func() error {
			defer func() { free <- b }()
			r, err := decodeRows(b.buffer, p.docs, p.conds, p.limit)
			if err != nil {
				failed.Store(true)
				return err
			}
			*to = b.builder.newPart(p.docs, p.conds, r)
			return nil
		})
	}
	if wrong := group.Wait(); wrong != nil {
		return nil, wrong
	}
	if !errors.Is(err, io.EOF) {
		return nil, err
	}
	parts := make([]part, len(read))
	for i, at := range read {
		parts[i] = *at
	}
	return parts, nil
}

// decoder takes a section apart. After a failure it gives empty lists and
// zeros.
type decoder struct {
	b   []byte
	bad string // what was wrong first
}

func (d *decoder) fail(what string) {
	if d.bad == "" {
		d.bad = what
	}
	d.b = nil
}

// holds fails with what unless ok.
func (d *decoder) holds(ok bool, what string) bool {
	if !ok {
		d.fail(what)
	}
	return ok
}

// take gives the next n elements of a size, or nil; nothing is allocated.
func (d *decoder) take(n, size int) []byte {
	if n < 0 || n > len(d.b)/size {
		d.fail("a list that is cut short")
		return nil
	}
	b := d.b[:n*size]
	d.b = d.b[n*size:]
	return b
}

func (d *decoder) byte() byte {
	if b := d.take(1, 1); b != nil {
		return b[0]
	}
	return 0
}

func (d *decoder) word() uint32 {
	if b := d.take(1, 4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

// flag reads a byte that is 0 or 1.
func (d *decoder) flag() bool {
	b := d.byte()
	d.holds(b <= 1, "a flag that is neither 0 nor 1")
	return b == 1
}

func (d *decoder) list16(n int) []uint16 {
	b := d.take(n, 2)
	list := make([]uint16, len(b)/2)
	for i := range list {
		list[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return list
}

func list32[W uint32 | int32](d *decoder, n int) []W {
	b := d.take(n, 4)
	list := make([]W, len(b)/4)
	for i := range list {
		list[i] = W(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return list
}

func list64[W uint64 | int64](d *decoder, n int) []W {
	b := d.take(n, 8)
	list := make([]W, len(b)/8)
	for i := range list {
		list[i] = W(binary.LittleEndian.Uint64(b[8*i:]))
	}
	return list
}

// starts reads where the runs of n rows begin, and the end of the last.
func (d *decoder) starts(n int) []uint32 {
	at := list32[uint32](d, n+1)
	if d.bad == "" {
		d.holds(at[0] == 0 && slices.IsSorted(at), "runs that do not follow each other")
	}
	return at
}
