package market_test

import (
	"fmt"
	"slices"
	"testing"

	"enishi/internal/candidate"
	"enishi/internal/corpnum"
	"enishi/internal/day"
	"enishi/internal/market"
	"enishi/internal/offer"
)

// jobAs is a job that goes on with an employer who is named without a number.
func jobAs(name string) candidate.Job {
	return candidate.Job{Employer: candidate.Employer{Name: name}, From: beginningMonth() - 40}
}

// TestAPresentEmployerIsBlockedByItsName gives a present employer by the name of a
// company that is here, at sign-up and later: it is blocked as one that is given by its
// number, and counted once.
func TestAPresentEmployerIsBlockedByItsName(t *testing.T) {
	t.Parallel()
	onStores(t, demo(), func(w *world) {
		f := w.firm(6, 0)
		w.order(f, w.post(f, publishable()), plain())
		at := func(name string, to *day.Month) func(*market.SignUp) {
			return func(in *market.SignUp) {
				j := jobAs(name)
				j.To = to
				in.Profile.History = append(in.Profile.History, j)
			}
		}
		for i, name := range []string{"会社6", "株式会社 会社６", "会社6㈱", "会社6 大阪支店"} {
			w.wantStates(w.someone(i, at(name, nil)))
		}
		w.wantStates(w.someone(10, at("会社61", nil)), offer.Sent)
		w.wantStates(w.someone(11, at("会社6", ptr(beginningMonth()-2))), offer.Sent)

		p := w.someone(12)
		w.wantStates(p, offer.Sent)
		w.employed(p, 1, jobAs("株式会社会社6"))
		w.wantStates(p, offer.Withdrawn)
		w.employed(p, 1, jobAs("株式会社会社6")) // again: it is the same one
		left := jobAs("株式会社会社6")
		left.To = ptr(beginningMonth() - 1)
		w.employed(p, 1, left)
		if c, err := w.Candidate(w.Context(), w.actor(p.token)); err != nil || c.Blocked(f.number, []corpnum.Number{f.number}) {
			w.Errorf("a company that was left is blocked: %v, %v", c.Employers, err)
		}
	})
}

// employed saves a history, and expects how many employers are counted.
func (w *world) employed(p person, count int, history ...candidate.Job) {
	w.Helper()
	a := w.actor(p.token)
	c, err := w.Candidate(w.Context(), a)
	if err != nil {
		w.Fatal(err)
	}
	profile := c.Profile
	profile.History, profile.Employers, profile.ExperienceYears = history, nil, nil
	if c, err = w.SetProfile(w.Context(), a, c.Version, profile); err != nil {
		w.Fatal(err)
	}
	if c.Profile.Employers == nil || *c.Profile.Employers != count {
		w.Errorf("%v employers are counted, want %d", c.Profile.Employers, count)
	}
	w.drain()
}

// TestNamesakesAreAllBlockedUntilOneIsChosen names an employer whose name two companies
// bear.
func TestNamesakesAreAllBlockedUntilOneIsChosen(t *testing.T) {
	t.Parallel()
	onStores(t, demo(), func(w *world) {
		one, other := w.named(6, "株式会社青葉"), w.named(7, "青葉（株）")
		p := w.someone(1, func(in *market.SignUp) { in.Profile.History = append(in.Profile.History, jobAs("青葉")) })
		blocks := func(what string, want ...corpnum.Number) {
			w.Helper()
			c, err := w.Candidate(w.Context(), w.actor(p.token))
			if err != nil {
				w.Fatal(err)
			}
			var got []corpnum.Number
			for _, n := range []corpnum.Number{one.number, other.number} {
				if c.Blocked(n, []corpnum.Number{n}) {
					got = append(got, n)
				}
			}
			if !slices.Equal(got, want) {
				w.Errorf("%s, %v are blocked, want %v", what, got, want)
			}
		}
		blocks("by name", one.number, other.number)
		found, err := w.Namesakes(w.Context(), "青葉", "無い")
		if err != nil || len(found["青葉"]) != 2 || len(found["無い"]) != 0 {
			w.Errorf("the namesakes are %v, %v", found, err)
		}
		chosen := jobAs("")
		chosen.Employer.Number = &one.number
		w.employed(p, 1, chosen)
		blocks("chosen", one.number)
		w.employed(p, 2, jobAs("有限会社青葉"))
		blocks("of another legal form", one.number) // nothing says that it was left
	})
}

// TestCompaniesThatComeLaterAreFound looks for a name before and after its company came,
// among more companies than are read again each time.
func TestCompaniesThatComeLaterAreFound(t *testing.T) {
	t.Parallel()
	w := newWorld(t, market.NewMemory(), demo())
	find := func(n, want int) {
		t.Helper()
		name := fmt.Sprintf("会社%d", n)
		found, err := w.Namesakes(w.Context(), name)
		if err != nil || len(found[name]) != want {
			t.Errorf("%s is found as %v, %v; want %d", name, found[name], err, want)
		}
	}
	for n := 1; n <= 120; n++ {
		if n%7 == 0 {
			find(n, 0)
		}
		w.firm(n, 0)
		if n%7 == 0 {
			find(n, 1)
		}
	}
	find(1, 1)
}
