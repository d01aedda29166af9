package engine

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"enishi/internal/errs"
)

// snapshotOf gives the snapshot of a view.
func snapshotOf(t testing.TB, v *View) []byte {
	t.Helper()
	var out bytes.Buffer
	n, err := v.WriteTo(&out)
	if err != nil || n != int64(out.Len()) {
		t.Fatalf("WriteTo = %d, %v; wrote %d", n, err, out.Len())
	}
	return out.Bytes()
}

// forget makes the measure forget versions, as loading a snapshot does.
func (n *Naive) forget() {
	clear(n.versions)
	for id := range n.entries {
		n.versions[id] = 0
	}
}

// What is loaded answers as what was written, and stays so while changes are
// applied to both.
func TestSnapshotAnswers(t *testing.T) {
	seeds := uint64(24)
	if testing.Short() {
		seeds = 4
	}
	reached := map[string]int{}
	for seed := range seeds {
		r := newRandom(seed)
		limit := []int{100, 128, 500, 3000, segmentRows}[seed%5]
		n := []int{1, 60, 700, 2500}[seed%4]
		p := newPair(t, r, limit, int64(n+n/4)+1)
		for tries := 0; p.naive.Len() < n/2 && tries < 100; tries++ {
			p.apply(t, 1+r.IntN(n))
		}
		written := p.real
		file := snapshotOf(t, written.View())
		loaded, err := readPopulation(bytes.NewReader(file), p.docs, p.conds, limit)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if again := snapshotOf(t, loaded.View()); !bytes.Equal(file, again) {
			t.Errorf("seed %d: written again, the snapshot has %d bytes and differs from %d", seed, len(again), len(file))
		}
		p.real = loaded
		p.noteShapes()
		p.naive.forget()
		for range 6 {
			for range 8 {
				p.ask(t, loaded.View())
			}
			p.apply(t, 1+r.IntN(n))
		}
		for feature, times := range r.reached {
			reached[feature] += times
		}
	}
	for _, feature := range []string{
		"match found", "impact", "near miss of an entry", "near miss of the question", "delete", "update", "wide number",
		"open field", "hierarchy", "set of rows", "set of lanes", "mark", "several segments", "dense table", "sparse table",
	} {
		if reached[feature] == 0 && !testing.Short() {
			t.Errorf("never reached: %s", feature)
		}
	}
}

// A snapshot is of one moment, whatever is applied while it is written.
func TestSnapshotWhileChanging(t *testing.T) {
	p := newPair(t, newRandom(5), 200, 1500)
	p.apply(t, 1500)
	view, want := p.real.View(), snapshotOf(t, p.real.View())
	from, to := io.Pipe()
	written := make(chan error, 1)
	go func() {
		_, err := view.WriteTo(to)
		written <- err
		to.CloseWithError(err)
	}()
	var got bytes.Buffer
	for range 40 {
		if _, err := io.CopyN(&got, from, 500); err != nil {
			t.Fatal(err)
		}
		p.apply(t, 50)
	}
	if _, err := io.Copy(&got, from); err != nil {
		t.Fatal(err)
	}
	if err := <-written; err != nil || !bytes.Equal(got.Bytes(), want) {
		t.Errorf("written while changes were applied: %v, %d bytes, want the %d of before", err, got.Len(), len(want))
	}
}

// What was deleted is in no snapshot, though its row may still be in memory.
func TestSnapshotForgetsDeleted(t *testing.T) {
	docs := Schema{Fields: []Field{{Name: "n", Kind: Number}}}
	p, err := New(docs, Schema{})
	if err != nil {
		t.Fatal(err)
	}
	const secret = 0x5EC2E7
	changes := make([]Change, 1000)
	for i := range changes {
		changes[i] = Change{Entry: Entry{ID: int64(i), Doc: Doc{Nums: []Num{{Value: int32(i) * 1000}}}}, Version: 1}
	}
	changes[7].Entry.Doc.Nums[0].Value = secret
	if err := p.Apply(changes); err != nil {
		t.Fatal(err)
	}
	needle := binary.LittleEndian.AppendUint32(nil, secret)
	if !bytes.Contains(snapshotOf(t, p.View()), needle) {
		t.Fatal("the number is not found in the snapshot of the entry")
	}
	if err := p.Apply([]Change{{Entry: Entry{ID: 7}, Delete: true, Version: 2}}); err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(snapshotOf(t, p.View()), needle) {
		t.Error("the snapshot holds what was deleted")
	}
}

// Versions of before do not hold up who orders changes anew.
func TestSnapshotVersions(t *testing.T) {
	p, err := New(Schema{}, Schema{})
	if err != nil {
		t.Fatal(err)
	}
	put := func(p *Population, id, version int64, gone bool) {
		t.Helper()
		if err := p.Apply([]Change{{Entry: Entry{ID: id}, Delete: gone, Version: version}}); err != nil {
			t.Fatal(err)
		}
	}
	put(p, 1, 100, false)
	put(p, 2, 100, false)
	put(p, 2, 101, true)
	loaded, err := Read(bytes.NewReader(snapshotOf(t, p.View())), Schema{}, Schema{})
	if err != nil {
		t.Fatal(err)
	}
	put(loaded, 1, 1, true)
	put(loaded, 2, 1, false)
	if got := loaded.View().Match(Question{}); !slices.Equal(got, []int64{2}) {
		t.Errorf("after changes of version 1: %v, want [2]", got)
	}
}

func TestSnapshotOfOtherSchemas(t *testing.T) {
	tags := Field{Name: "a", Kind: Tags, Levels: 2, Parents: []int32{-1, 0}}
	docs, conds := Schema{Fields: []Field{tags}}, Schema{Fields: []Field{{Name: "n", Kind: Number}}}
	p, err := New(docs, conds)
	if err != nil {
		t.Fatal(err)
	}
	file := snapshotOf(t, p.View())
	with := func(change func(*Field)) Schema {
		f := tags
		f.Parents = slices.Clone(f.Parents)
		change(&f)
		return Schema{Fields: []Field{f}}
	}
	for name, other := range map[string][2]Schema{
		"more levels":    {with(func(f *Field) { f.Levels++ }), conds},
		"another parent": {with(func(f *Field) { f.Parents[1] = -1 }), conds},
		"a value more":   {with(func(f *Field) { f.Parents = append(f.Parents, 0) }), conds},
		"an open domain": {with(func(f *Field) { f.Parents = nil }), conds},
		"another name":   {with(func(f *Field) { f.Name = "b" }), conds},
		"sides swapped":  {conds, docs},
		"a field less":   {docs, {}},
	} {
		if _, err := Read(bytes.NewReader(file), other[0], other[1]); !errs.Is(err, errs.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Read(bytes.NewReader(file), docs, conds); err != nil {
		t.Error(err)
	}
}

// segmented gives a population of a few segments with everything in them.
func segmented(t testing.TB, seed uint64) *pair {
	p := newPair(t, newRandom(seed), 40, 90)
	p.apply(t, 80)
	p.apply(t, 30)
	return p
}

func TestSnapshotDamaged(t *testing.T) {
	p := segmented(t, 3)
	whole := snapshotOf(t, p.real.View())
	if n := len(p.real.View().parts); n < 2 {
		t.Fatalf("%d segments, want several", n)
	}
	refused := func(file []byte, what string, at int) {
		t.Helper()
		if _, err := readPopulation(bytes.NewReader(file), p.docs, p.conds, 40); !errs.Is(err, errs.Invalid) && !errs.Is(err, errs.Stale) {
			t.Errorf("%s %d of %d: %v", what, at, len(whole), err)
		}
	}
	for at := range whole {
		turned := bytes.Clone(whole)
		turned[at] ^= 1 << (at % 8)
		refused(turned, "a bit turned in byte", at)
		refused(whole[:at], "cut at", at)
	}
}

// resealed gives a file with the checksums that its bytes ask for, so that
// what changes it is not found by them alone.
func resealed(file []byte) []byte {
	table := crc32.MakeTable(crc32.Castagnoli)
	file = bytes.Clone(file)
	if len(file) < 16 {
		return file
	}
	binary.LittleEndian.PutUint32(file[12:], crc32.Checksum(file[:12], table))
	sections := uint64(0)
	for at := 16; at+12 <= len(file); sections++ {
		length, rest := binary.LittleEndian.Uint64(file[at:]), file[at+12:]
		if length == 1<<64-1 {
			if len(rest) >= 16 {
				binary.LittleEndian.PutUint64(rest, sections)
				binary.LittleEndian.PutUint64(rest[8:], uint64(at))
				binary.LittleEndian.PutUint32(file[at+8:], crc32.Checksum(rest[:16], table))
			}
			break
		}
		if length > uint64(len(rest)) {
			break
		}
		place := binary.LittleEndian.AppendUint64(nil, sections)
		place = binary.LittleEndian.AppendUint64(place, length)
		sum := crc32.Update(crc32.Checksum(place, table), table, rest[:length])
		binary.LittleEndian.PutUint32(file[at+8:], sum)
		at += 12 + int(length)
	}
	return file
}

// condOf gives the condition of a program.
func condOf(p []uint32, at int) Cond {
	if len(p) == 0 {
		return Cond{}
	}
	c := Cond{Op: opAt(p, at), Field: fieldAt(p, at), Level: levelAt(p, at)}
	switch c.Op {
	case In, Range:
		leaf := leafAt(p, at)
		c.Values, c.Lo, c.Hi = leaf.Values, leaf.Lo, leaf.Hi
	default:
		for kid := at + 2; kid < after(p, at); kid = after(p, kid) {
			c.Kids = append(c.Kids, condOf(p, kid))
		}
	}
	return c
}

// verify reads a file that may be anything. If it is accepted, it must be what
// is written of it, row by row what Apply makes of its entries, and answer as
// the measure does.
func verify(t testing.TB, p *pair, file []byte) bool {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	loaded, err := readPopulation(bytes.NewReader(file), p.docs, p.conds, 40)
	runtime.ReadMemStats(&after)
	// What every segment and every worker costs whatever is in it.
	if took := after.TotalAlloc - before.TotalAlloc; took > 16<<20+2000*uint64(len(file)) {
		t.Errorf("%d bytes took %d of memory", len(file), took)
	}
	if err != nil {
		if !errs.Is(err, errs.Invalid) && !errs.Is(err, errs.Stale) {
			t.Errorf("refused by %v", err)
		}
		return false
	}
	view := loaded.View()
	if again := snapshotOf(t, view); !bytes.HasPrefix(file, again) {
		t.Errorf("what is written again differs: %s", cmp.Diff(file, again))
	}
	naive, err := NewNaive(p.docs, p.conds)
	if err != nil {
		t.Fatal(err)
	}
	for i := range view.parts {
		r := &view.parts[i].rows
		w := newRowWriter(loaded.docs, len(r.ids))
		changes := make([]Change, len(r.ids))
		for row, id := range r.ids {
			changes[row] = Change{Entry: Entry{ID: id, Doc: r.doc(loaded.docs, row), Cond: condOf(r.conds.row(row), 0)}, Version: 1}
			w.put(&changes[row])
		}
		if err := naive.Apply(changes); err != nil {
			t.Errorf("Apply would refuse what was read: %v", err)
		}
		rows := w.done()
		if got, want := appendRows(nil, loaded.docs, r), appendRows(nil, loaded.docs, &rows); !bytes.Equal(got, want) {
			t.Errorf("segment %d is not what Apply makes of its entries", i)
		}
	}
	asked := *p
	asked.real, asked.naive = loaded, naive
	for range 3 {
		asked.ask(t, view)
	}
	return true
}

// mutate changes a file in a few places.
func mutate(r *rand.Rand, file []byte) []byte {
	file = bytes.Clone(file)
	for range 1 + r.IntN(3) {
		at := r.IntN(len(file))
		switch r.IntN(5) {
		case 0:
			file[at] ^= 1 << r.IntN(8)
		case 1:
			file[at] = byte(r.IntN(4))
		case 2:
			file[at]++
		case 3:
			to := r.IntN(len(file) - 3)
			copy(file[to:to+4], file[min(at, len(file)-4):])
		case 4:
			file[at] = byte(r.Uint32())
		}
	}
	return resealed(file)
}

func TestSnapshotChangedAnyhow(t *testing.T) {
	accepted, all := 0, 0
	for seed := range uint64(12) {
		p := segmented(t, 40+seed)
		file := snapshotOf(t, p.real.View())
		if !verify(t, p, file) {
			t.Fatalf("seed %d: the whole file is refused", seed)
		}
		for range 150 {
			all++
			if verify(t, p, mutate(p.Rand, file)) {
				accepted++
			}
		}
	}
	if accepted < all/50 || accepted == all {
		t.Errorf("%d of %d changed files accepted: the test does not reach both sides", accepted, all)
	}
}

func FuzzSnapshot(f *testing.F) {
	for seed := range uint64(4) {
		f.Add(seed, snapshotOf(f, segmented(f, seed).real.View()))
	}
	f.Fuzz(func(t *testing.T, seed uint64, file []byte) {
		p := segmented(t, seed%8)
		verify(t, p, file)
		verify(t, p, resealed(file))
	})
}
