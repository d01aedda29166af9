package demo

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"enishi/internal/account"
	"enishi/internal/company"
	"enishi/internal/market"
	"enishi/internal/rule"
)

func marketOptions(o Options) market.Options {
	return market.Options{
		Mode: market.Auto, Demo: true, Mail: silent{},
		Clock: func() time.Time { return o.Today.At(9) },
	}
}

// A newcomer finds offers, but not too many, and a rule finds people, but not
// everyone.
func TestSupplyMeetsDemand(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("plays 20,000 candidates")
	}
	o := options(t, 20_000, 400, 1_200)
	_, memory := played(t, o)
	m := opened(t, memory, o)
	matched, groups := previews(t, m, memory)
	slices.Sort(matched)
	if median := matched[len(matched)/2]; median < 20 || median > 500 {
		t.Errorf("the median rule matches %d candidates, want 20 to 500", median)
	}
	if len(groups) != 16 {
		t.Errorf("%d occupation groups have rules, want 16: %v", len(groups), groups)
	}
	got := newcomers(t, m, o)
	slices.Sort(got)
	if median := got[len(got)/2]; median < 3 || median > 10 {
		t.Errorf("the median newcomer gets %d offers, want 3 to 10", median)
	}
	none, _ := slices.BinarySearch(got, 1)
	t.Logf("newcomers: median %d offers, none %d of %d; the median rule matches %d", got[len(got)/2], none, len(got), matched[len(matched)/2])
	if share := 100 * float64(none) / float64(len(got)); share < 5 || share > 15 {
		t.Errorf("%.1f %% of newcomers get no offer, want 5 to 15", share)
	}
}

// previews gives what the active rules match, and how many of them look for
// whom, by occupation group.
func previews(t *testing.T, m *market.Market, memory *market.Memory) (matched []int, groups map[string]int) {
	t.Helper()
	groups = map[string]int{}
	for r := range memory.Everything().Rules {
		if r.State != rule.Active {
			continue
		}
		in := market.RuleInput{
			Kind: r.Kind, Must: r.Must, Prefer: r.Prefer, DailyBudget: r.DailyBudget, TotalBudget: r.TotalBudget, OfferDays: r.OfferDays,
		}
		var of company.Company
		err := memory.Read(t.Context(), func(tx market.Tx) error {
			var err error
			if of, err = tx.Company(r.Company); err != nil {
				return err
			}
			p, err := tx.Position(r.Position)
			in.Position = p.ID
			groups[p.Terms.Occupation[:2]]++
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if of.Status != company.Verified {
			continue
		}
		shown, err := m.Preview(t.Context(), market.Actor{Kind: account.Member, Company: r.Company, Role: account.Owner}, in)
		if err != nil {
			t.Fatal(err)
		}
		matched = append(matched, shown.Matched)
	}
	if len(matched) == 0 {
		t.Fatal("no rule is active")
	}
	return matched, groups
}

// newcomers signs people up who were not there when the rules were written,
// and gives how many offers each finds.
func newcomers(t *testing.T, m *market.Market, o Options) []int {
	t.Helper()
	o.Seed, o.Candidates, o.Companies, o.Rules = 99, 2000, 5, 5
	w, err := newWorld(o)
	if err != nil {
		t.Fatal(err)
	}
	var out []int
	for i, x := range w.persons {
		in := market.SignUp{Email: fmt.Sprintf("new%d@example.jp", i), Profile: x.profile, Wishes: x.wish.condition(x)}
		in.Profile.History = nil // their employers are of another market
		done, err := m.SignUp(t.Context(), in, market.Once{})
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, len(done.Offers))
	}
	return out
}
