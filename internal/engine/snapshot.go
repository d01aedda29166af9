package engine

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"

	"enishi/internal/section"
)

// A snapshot is a frame of sections: the head, then one for each segment with
// its live rows alone, so that nothing deleted before it was taken is in it.
// All numbers are little-endian:
//
//	head     fingerprint of both schemas (32 bytes), entries (8), segments (8)
//	segment  rows (4), ids (8 each, rising)
//	         for each field with closed values: 1 if each row has one tag, else
//	         0 and where the tags of a row begin (4 each, and the end); the tags
//	         as tagField packs them (2 or 4 each)
//	         words of open fields, then programs of conditions: 0 if no row has
//	         any, else 1, where those of a row begin, the words (8, 4 each)
//	         for each field of numbers: 0; 1, base (4), distances (2 each);
//	         or 2, numbers (4 each)
//
// What finds rows (postings, lanes) is not written: it follows from the rows,
// building it on every core takes a second or less a million, and no file can
// make it disagree with them. Versions are not written either: who orders changes
// anew after a start is not held up by numbers from before.
const (
	snapshotMagic  = "ENISHIPO"
	snapshotFormat = 1
	headBytes      = sha256.Size + 8 + 8
)

// How a column of numbers is written.
const (
	columnEmpty = iota
	columnNear
	columnWide
)

// fingerprint tells schemas apart.
func fingerprint(docs, conds *Schema) [sha256.Size]byte {
	var b []byte
	for _, s := range []*Schema{docs, conds} {
		b = binary.LittleEndian.AppendUint32(b, uint32(len(s.Fields)))
		for i := range s.Fields {
			f := &s.Fields[i]
			b = binary.LittleEndian.AppendUint32(b, uint32(len(f.Name)))
			b = append(append(b, f.Name...), byte(f.Kind), f.Levels, flagOf(f.Parents == nil))
			b = binary.LittleEndian.AppendUint32(b, uint32(len(f.Parents)))
			b = append32(b, f.Parents)
		}
	}
	return sha256.Sum256(b)
}

func flagOf(is bool) byte {
	if is {
		return 1
	}
	return 0
}

// WriteTo writes a snapshot of the view, from which Read makes a population
// with the same entries, and gives its length. It runs beside changes and
// questions. It fails as w does.
func (v *View) WriteTo(w io.Writer) (int64, error) {
	f, err := section.NewWriter(w, snapshotMagic, snapshotFormat)
	if err == nil {
		err = v.writeSections(f)
	}
	if err != nil {
		return f.Bytes(), fmt.Errorf("write a snapshot: %w", err)
	}
	return f.Bytes(), nil
}

func (v *View) writeSections(f *section.Writer) error {
	if err := f.Section(v.head()); err != nil {
		return err
	}
	var buffer []byte
	for i := range v.parts {
		buffer = appendRows(buffer[:0], v.p.docs, v.parts[i].alive(v.p.docs))
		if err := f.Section(buffer); err != nil {
			return err
		}
	}
	return f.Close()
}

func (v *View) head() []byte {
	print := fingerprint(&v.p.docs.schema, &v.p.conds.schema)
	b := binary.LittleEndian.AppendUint64(print[:], uint64(v.n))
	return binary.LittleEndian.AppendUint64(b, uint64(len(v.parts)))
}

// alive gives the live rows of a part.
func (p *part) alive(docs *layout) *rows {
	if p.count == len(p.rows.ids) {
		return &p.rows
	}
	w := newRowWriter(docs, p.count)
	each(p.live, func(row int) { w.copy(&p.rows, row) })
	r := w.done()
	return &r
}

func appendRows(b []byte, docs *layout, r *rows) []byte {
	b = binary.LittleEndian.AppendUint32(b, uint32(len(r.ids)))
	b = append64(b, r.ids)
	for i := range r.fields {
		if docs.first[i] < docs.first[i+1] {
			b = appendTagField(b, &r.fields[i])
		}
	}
	if b = append(b, flagOf(r.open.at != nil)); r.open.at != nil {
		b = append64(append32(b, r.open.at), r.open.words)
	}
	if b = append(b, flagOf(r.conds.at != nil)); r.conds.at != nil {
		b = append32(append32(b, r.conds.at), r.conds.words)
	}
	for i := range r.columns {
		b = appendColumn(b, &r.columns[i])
	}
	return b
}

func appendTagField(b []byte, f *tagField) []byte {
	b = append(b, flagOf(f.at == nil))
	b = append32(b, f.at)
	return append32(append16(b, f.near), f.wide)
}

func appendColumn(b []byte, c *column) []byte {
	switch {
	case c.near != nil:
		b = binary.LittleEndian.AppendUint32(append(b, columnNear), uint32(c.base))
		return append16(b, c.near)
	case c.wide != nil:
		return append32(append(b, columnWide), c.wide)
	default:
		return append(b, columnEmpty)
	}
}

func append16(b []byte, list []uint16) []byte {
	for _, v := range list {
		b = binary.LittleEndian.AppendUint16(b, v)
	}
	return b
}

func append32[W uint32 | int32](b []byte, list []W) []byte {
	for _, v := range list {
		b = binary.LittleEndian.AppendUint32(b, uint32(v))
	}
	return b
}

func append64[W uint64 | int64](b []byte, list []W) []byte {
	for _, v := range list {
		b = binary.LittleEndian.AppendUint64(b, uint64(v))
	}
	return b
}
