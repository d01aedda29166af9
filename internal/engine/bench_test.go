package engine

import "testing"

// benchPair gives a population of 20,000 random entries.
func benchPair(b *testing.B) *pair {
	b.Helper()
	p := newPair(b, newRandom(11), segmentRows, 20_000)
	var changes []Change
	for id := range p.ids {
		changes = append(changes, Change{Version: 1, Entry: Entry{ID: id, Doc: p.doc(&p.docs), Cond: p.cond(&p.conds)}})
	}
	if err := p.real.Apply(changes); err != nil {
		b.Fatal(err)
	}
	return p
}

func BenchmarkMatch(b *testing.B) {
	p := benchPair(b)
	v := p.real.View()
	for b.Loop() {
		v.Match(p.question(&p.docs, &p.conds))
	}
}

func BenchmarkSearch(b *testing.B) {
	p := benchPair(b)
	v := p.real.View()
	for b.Loop() {
		if _, err := v.Search(p.query(&p.docs, 100)); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkApply publishes one change at a time.
func BenchmarkApply(b *testing.B) {
	p := benchPair(b)
	version := int64(1)
	for b.Loop() {
		version++
		e := Entry{ID: p.Int64N(p.ids), Doc: p.doc(&p.docs), Cond: p.cond(&p.conds)}
		if err := p.real.Apply([]Change{{Version: version, Entry: e}}); err != nil {
			b.Fatal(err)
		}
	}
}
