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
	b := balanced(t, options(t, 20_000, 400, 1_200))
	t.Log(b)
	b.check(t)
}

// The same holds at the size of a grown service. Beside the time that playing
// it takes, it reports what people and companies find.
func BenchmarkSupplyMeetsDemand(b *testing.B) {
	for b.Loop() {
		got := balanced(b, options(b, 170_000, 10_000, 20_000))
		got.check(b)
		b.ReportMetric(float64(got.offers), "offers/newcomer")
		b.ReportMetric(got.none, "%none")
		b.ReportMetric(float64(got.matched), "matched/rule")
	}
}

// balance is how supply and demand stand to each other.
type balance struct {
	offers  int      // of the median newcomer
	none    float64  // newcomers without one, per cent
	nobody  int      // newcomers without one
	unsaid  []string // those of them who are not told what they miss
	matched int      // by the median rule, before wishes
	groups  int      // occupation groups that rules look for
}

func (b balance) String() string {
	return fmt.Sprintf("newcomers: median %d offers, %.1f %% none, %d of %d of them untold why; the median rule matches %d; rules for %d groups", b.offers, b.none, len(b.unsaid), b.nobody, b.matched, b.groups)
}

// balanced plays a market and asks what newcomers and rules find in it.
func balanced(t testing.TB, o Options) balance {
	t.Helper()
	_, memory := played(t, o)
	m := opened(t, memory, o)
	matched, groups := previews(t, m, memory)
	offers, unsaid := newcomers(t, m, o)
	slices.Sort(matched)
	slices.Sort(offers)
	none, _ := slices.BinarySearch(offers, 1)
	return balance{
		nobody: none, unsaid: unsaid, offers: offers[len(offers)/2], none: 100 * float64(none) / float64(len(offers)),
		matched: matched[len(matched)/2], groups: len(groups),
	}
}

// check holds a market to what makes it believable.
func (b balance) check(t testing.TB) {
	t.Helper()
	if b.matched < 20 || b.matched > 500 {
		t.Errorf("the median rule matches %d candidates, want 20 to 500", b.matched)
	}
	if b.groups != 16 {
		t.Errorf("%d occupation groups have rules, want 16", b.groups)
	}
	if b.offers < 3 || b.offers > 10 {
		t.Errorf("the median newcomer gets %d offers, want 3 to 10", b.offers)
	}
	if len(b.unsaid) > 0 {
		t.Errorf("%d of %d newcomers without an offer are not told what they miss; among them %q", len(b.unsaid), b.nobody, b.unsaid[:min(10, len(b.unsaid))])
	}
	if b.none < 5 || b.none > 15 {
		t.Errorf("%.1f %% of newcomers get no offer, want 5 to 15", b.none)
	}
}

// previews gives what the active rules match, and how many of them look for
// whom, by occupation group.
func previews(t testing.TB, m *market.Market, memory *market.Memory) (matched []int, groups map[string]int) {
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
// and gives how many offers each finds, and who finds none and is not told what
// was missed between them and the rules.
func newcomers(t testing.TB, m *market.Market, o Options) (offers []int, unsaid []string) {
	t.Helper()
	o.Seed, o.Candidates, o.Companies, o.Rules = 99, 2000, 5, 5
	w, err := newWorld(o)
	if err != nil {
		t.Fatal(err)
	}
	for i, x := range w.persons {
		in := market.SignUp{Email: fmt.Sprintf("new%d@example.jp", i), Profile: x.profile, Wishes: x.wish.condition(x)}
		in.Profile.History = nil // their employers are of another market
		done, err := m.SignUp(t.Context(), in, market.Once{})
		if err != nil {
			t.Fatal(err)
		}
		offers = append(offers, len(done.Offers))
		if len(done.Offers) > 0 {
			continue
		}
		actor, err := m.Authenticate(t.Context(), done.Token)
		if err != nil {
			t.Fatal(err)
		}
		why, err := m.Why(t.Context(), actor)
		if err != nil {
			t.Fatal(err)
		}
		if why.Waiting == 0 && len(why.Missed) == 0 {
			unsaid = append(unsaid, x.occupation.name+" "+w.prefectures[x.home].name)
		}
	}
	return offers, unsaid
}
