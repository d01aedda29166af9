package engine

import "unsafe"

// Bytes gives the memory that the entries of a view take, as of what is
// allocated for them. It is as quick as there are segments, not entries.
func (v *View) Bytes() int64 {
	n := int64(unsafe.Sizeof(*v)) + bytesOf(v.parts)
	for i := range v.parts {
		p := &v.parts[i]
		n += bytesOf(p.live) + int64(unsafe.Sizeof(*p.segment)) + p.rows.bytes() + p.index.bytes() + p.reverse.bytes()
	}
	return n
}

// bytesOf gives what the elements of a slice take, without what they point to.
func bytesOf[T any](s []T) int64 {
	var one T
	return int64(cap(s)) * int64(unsafe.Sizeof(one))
}

func (l *list[W]) bytes() int64 { return bytesOf(l.at) + bytesOf(l.words) }

func (r *rows) bytes() int64 {
	n := bytesOf(r.ids) + bytesOf(r.versions) + bytesOf(r.fields) + r.open.bytes() + r.conds.bytes() + bytesOf(r.columns)
	for i := range r.fields {
		n += bytesOf(r.fields[i].at) + bytesOf(r.fields[i].near) + bytesOf(r.fields[i].wide)
	}
	for i := range r.columns {
		n += bytesOf(r.columns[i].near) + bytesOf(r.columns[i].wide)
	}
	return n
}

func (x *index) bytes() int64 { return spaceBytes(x.spaces) + bytesOf(x.space) + x.posts.bytes() }

func spaceBytes(spaces []space) int64 {
	n := bytesOf(spaces)
	for i := range spaces {
		n += bytesOf(spaces[i].dict)
	}
	return n
}

func (p *postings) bytes() int64 {
	return bytesOf(p.keys) + bytesOf(p.starts) + bytesOf(p.rows) + bytesOf(p.sets) + bytesOf(p.bits)
}

func (v *reverse) bytes() int64 {
	if v == nil { // no row has a condition
		return 0
	}
	n := int64(unsafe.Sizeof(*v)) + bytesOf(v.blocks)
	for i := range v.blocks {
		b := &v.blocks[i]
		n += bytesOf(b.row) + bytesOf(b.others) + bytesOf(b.slots) + spaceBytes(b.spaces) + b.posts.bytes() + bytesOf(b.bounds)
		for j := range b.slots {
			n += bytesOf(b.slots[j].has)
		}
		for j := range b.bounds {
			n += bytesOf(b.bounds[j].has) + b.bounds[j].lo.bytes() + b.bounds[j].hi.bytes()
		}
	}
	return n
}

func (e *edge) bytes() int64 {
	return bytesOf(e.values) + bytesOf(e.starts) + bytesOf(e.lanes) + bytesOf(e.markAt) + bytesOf(e.marks)
}
