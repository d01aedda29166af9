package engine

import "slices"

// list holds a run of words for each row; with no words at all it is empty.
type list[W uint32 | uint64] struct {
	at    []uint32 // where the words of a row begin; the last is the end
	words []W
}

func (l *list[W]) row(i int) []W {
	if l.at == nil {
		return nil
	}
	return l.words[l.at[i]:l.at[i+1]]
}

func (l *list[W]) end() { l.at = append(l.at, uint32(len(l.words))) }

// trim drops what a growing list has allocated and does not use.
func (l *list[W]) trim() {
	if len(l.words) == 0 {
		*l = list[W]{}
		return
	}
	l.words, l.at = fitted(l.words), fitted(l.at)
}

func fitted[T any](s []T) []T {
	if cap(s) < len(s)+len(s)/16 {
		return s
	}
	return append(make([]T, 0, len(s)), s...)
}

// rows are entries as they are stored, by ascending id. A condition is a
// program; that of All{} is empty.
type rows struct {
	ids, versions []int64
	fields        []tagField // by field; empty where it is not closed
	open          list[uint64]
	conds         list[uint32]
	columns       []column
}

func (r *rows) find(id int64) (int, bool) { return slices.BinarySearch(r.ids, id) }

// among sets in out the rows with one of the ids, which ascend.
func (r *rows) among(ids []int64, out []uint64) {
	if len(r.ids) == 0 {
		return
	}
	from, _ := slices.BinarySearch(ids, r.ids[0])
	ids = ids[from:]
	row := 0
	for _, id := range ids {
		// The next row is near where ids are dense, and far where they are few.
		end := row
		for step := 1; end < len(r.ids) && r.ids[end] < id; step *= 2 {
			row = end + 1
			end += step
		}
		if row == len(r.ids) {
			return
		}
		i, found := slices.BinarySearch(r.ids[row:min(end+1, len(r.ids))], id)
		row += i
		if found {
			setBit(out, row)
		}
	}
}

// closed appends the words of a row's closed fields.
func (r *rows) closed(l *layout, row int, words []uint32) []uint32 {
	for field := range r.fields {
		f := &r.fields[field]
		if f.size() == 0 {
			continue
		}
		for from, to := f.run(row); from < to; from++ {
			value, level := f.tag(from)
			words = append(words, (l.first[field]+value)<<8|level)
		}
	}
	return words
}

// doc gives the document of a row.
func (r *rows) doc(l *layout, row int) Doc {
	d := Doc{Tags: l.tags(r.closed(l, row, nil), r.open.row(row))}
	for i, field := range l.numbers {
		if v := r.columns[i].at(row); v != missing {
			d.Nums = append(d.Nums, Num{Field: field, Value: v})
		}
	}
	return d
}

// rowWriter collects rows; they must come by ascending id.
type rowWriter struct {
	docs   *layout
	rows   rows
	closed list[uint32]
	nums   [][]int32
}

func newRowWriter(docs *layout, n int) *rowWriter {
	w := &rowWriter{docs: docs, nums: make([][]int32, len(docs.numbers))}
	for i := range w.nums {
		w.nums[i] = make([]int32, 0, n)
	}
	w.rows.ids, w.rows.versions = make([]int64, 0, n), make([]int64, 0, n)
	for _, at := range []*[]uint32{&w.closed.at, &w.rows.open.at, &w.rows.conds.at} {
		*at = append(make([]uint32, 0, n+1), 0)
	}
	return w
}

// put adds the entry of a checked change.
func (w *rowWriter) put(ch *Change) {
	r, doc := &w.rows, &ch.Entry.Doc
	w.closed.words, r.open.words = w.docs.words(doc, w.closed.words, r.open.words)
	r.conds.words = encode(&ch.Entry.Cond, r.conds.words)
	for i := range w.nums {
		w.nums[i] = append(w.nums[i], missing)
	}
	for _, n := range doc.Nums {
		column := w.nums[w.docs.column[n.Field]]
		column[len(column)-1] = n.Value
	}
	w.end(ch.Entry.ID, ch.Version)
}

// copy adds a row of from.
func (w *rowWriter) copy(from *rows, row int) {
	r := &w.rows
	w.closed.words = from.closed(w.docs, row, w.closed.words)
	r.open.words = append(r.open.words, from.open.row(row)...)
	r.conds.words = append(r.conds.words, from.conds.row(row)...)
	for i := range w.nums {
		w.nums[i] = append(w.nums[i], from.columns[i].at(row))
	}
	w.end(from.ids[row], from.versions[row])
}

func (w *rowWriter) end(id, version int64) {
	r := &w.rows
	r.ids, r.versions = append(r.ids, id), append(r.versions, version)
	w.closed.end()
	r.open.end()
	r.conds.end()
}

// done gives the rows collected; the writer must not be used again.
func (w *rowWriter) done() rows {
	r := w.rows
	r.fields = make([]tagField, len(w.docs.schema.Fields))
	for i := range r.fields {
		if w.docs.first[i] < w.docs.first[i+1] {
			r.fields[i] = newTagField(w.docs, i, &w.closed)
		}
	}
	r.open.trim()
	r.conds.trim()
	for _, values := range w.nums {
		r.columns = append(r.columns, newColumn(values))
	}
	return r
}
