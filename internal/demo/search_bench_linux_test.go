package demo

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"enishi/internal/account"
	"enishi/internal/candidate"
	"enishi/internal/company"
	"enishi/internal/condition"
	"enishi/internal/corpnum"
	"enishi/internal/market"
)

// searched is a market of people who are there and one company that searches.
type searched struct {
	*market.Market
	actor market.Actor
	texts []string // folded, of those who wrote something
}

// unplayed puts the people of a drawn market into a store as they are on its
// day, which is all that a search looks at.
func unplayed(b *testing.B, people int) searched {
	b.Helper()
	o := options(b, people, 50, 10)
	w, err := newWorld(o)
	if err != nil {
		b.Fatal(err)
	}
	memory := market.NewMemory()
	// The installation is set up first; what is put in afterwards is loaded anew.
	opened := func() *market.Market {
		m, err := market.Open(b.Context(), memory, o.Vault, market.Options{Demo: true, Clock: func() time.Time { return today.At(9) }}, nil)
		if err != nil {
			b.Fatal(err)
		}
		return m
	}
	opened()
	k := company.Company{ID: uuid.New(), Version: 1, Number: corpnum.From(1), Head: corpnum.From(1), Name: "縁", Status: company.Verified}
	out := searched{}
	err = memory.Write(b.Context(), func(tx market.Tx) error {
		if err := tx.AddCompany(&k); err != nil {
			return err
		}
		for i, x := range w.persons {
			a := account.Account{ID: uuid.New(), Kind: account.Candidate, Sealed: []byte{1}, EmailHash: fmt.Append(nil, i)}
			if err := tx.AddAccount(&a); err != nil {
				return err
			}
			c := candidate.Candidate{
				ID: uuid.New(), Account: a.Key, Version: 1, Open: true, Language: "ja", Profile: x.profile, Wishes: x.wish.condition(x),
				LastActive: min(x.joins, today), Employers: x.employers,
			}
			if err := market.MakeMask(tx, &c); err != nil {
				return err
			}
			if err := tx.AddCandidate(&c); err != nil {
				return err
			}
			if text := candidate.FoldedText(c.Masked()); text != "" {
				out.texts = append(out.texts, text)
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	runtime.GC()
	start := time.Now()
	m := opened()
	candidates, _ := m.Sizes()
	fmt.Printf("%d people, of whom %d wrote something, are loaded in %v; they take %d bytes each\n",
		people, len(out.texts), time.Since(start).Round(time.Millisecond), candidates.Bytes/int64(people))
	out.Market, out.actor = m, market.Actor{Kind: account.Member, Role: account.Owner, Company: k.Key, CompanyID: k.ID}
	return out
}

// asks draws a text that somebody has written, of 2 to 8 characters.
func (s *searched) asks(r *rand.Rand) condition.Condition {
	text := []rune(s.texts[r.IntN(len(s.texts))])
	n := min(2+r.IntN(7), len(text))
	from := r.IntN(len(text) - n + 1)
	return condition.Condition{Op: condition.Contains, Field: "text", Contains: string(text[from : from+n])}
}

// threadTime gives the time that this thread has worked, which is what a search
// takes on a machine that does nothing else.
func threadTime(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(1, &used); err != nil { // RUSAGE_THREAD
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// BenchmarkSearchByText asks for texts that stand somewhere, alone and as the
// page of a search does: with other clauses, one of them under a not, nine
// facets, impact, twenty cards with highlights, and near misses.
func BenchmarkSearchByText(b *testing.B) {
	const people = 170_000
	s := unplayed(b, people)
	for _, kind := range []struct {
		name string
		in   func(r *rand.Rand) market.SearchInput
	}{
		{"alone", func(r *rand.Rand) market.SearchInput { return market.SearchInput{Condition: s.asks(r)} }},
		{"page", func(r *rand.Rand) market.SearchInput {
			c := condition.Condition{Op: condition.All, Kids: []condition.Condition{
				s.asks(r),
				{Op: condition.Not, Kids: []condition.Condition{s.asks(r)}},
				{Op: condition.In, Field: "residence", In: []string{[]string{"13", "14", "27", "23"}[r.IntN(4)]}},
				{Op: condition.Range, Field: "pay", Min: new(300 + 50*r.IntN(8))},
			}}
			return market.SearchInput{Condition: c, Facets: facetFields(), Limit: 20, Near: 20}
		}},
	} {
		b.Run(kind.name, func(b *testing.B) {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			r := rand.New(rand.NewPCG(1, 2))
			var took, worked []time.Duration
			found := 0
			for b.Loop() {
				in := kind.in(r)
				if in.Condition.Validate(condition.Profiles, true) != nil {
					continue // nothing but spaces
				}
				start, before := time.Now(), threadTime(b)
				out, err := s.Search(b.Context(), s.actor, in)
				if err != nil {
					b.Fatal(err)
				}
				took, worked = append(took, time.Since(start)), append(worked, threadTime(b)-before)
				found += out.Count
			}
			for name, list := range map[string][]time.Duration{"": took, "cpu-": worked} {
				slices.Sort(list)
				b.ReportMetric(float64(list[len(list)/2].Microseconds()), name+"p50-us")
				b.ReportMetric(float64(list[len(list)*99/100].Microseconds()), name+"p99-us")
			}
			b.ReportMetric(float64(found)/float64(len(took)), "found")
		})
	}
}
