package market_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"enishi/internal/account"
	"enishi/internal/candidate"
	"enishi/internal/condition"
	"enishi/internal/errs"
	"enishi/internal/market"
)

func (w *world) save(f firm, name, text string, alerts bool) market.Saved {
	w.Helper()
	s, err := w.AddSearch(w.Context(), w.actor(f.token), market.SearchToSave{Name: name, Condition: parsed(w, text), Alerts: alerts}, market.Once{})
	if err != nil {
		w.Fatalf("save a search: %v", err)
	}
	return s
}

// alerted gives the card ids of a search's alerts, and reads them.
func (w *world) alerted(f firm, s market.Saved) []string {
	w.Helper()
	var out []string
	for before := int64(0); ; {
		page, next, err := w.Alerts(w.Context(), w.actor(f.token), s.ID, before, 3)
		if err != nil {
			w.Fatalf("alerts: %v", err)
		}
		for _, a := range page {
			out = append(out, a.ID)
		}
		if before = next; next == 0 {
			return out
		}
	}
}

func (w *world) news(f firm, s market.Saved) int {
	w.Helper()
	got, err := w.SavedSearch(w.Context(), w.actor(f.token), s.ID)
	if err != nil {
		w.Fatalf("a saved search: %v", err)
	}
	return got.New
}

// alertOracle follows one saved search by looking at every row.
type alertOracle struct {
	firm  firm
	saved market.Saved
	known map[uuid.UUID]bool // matched when it was saved, or noted since
	noted map[uuid.UUID]bool
}

func (w *world) matches(o *alertOracle, p person) bool {
	w.Helper()
	c, err := w.Candidate(w.Context(), w.actor(p.token))
	if err != nil {
		w.Fatal(err)
	}
	record := c.Record(w.Today())
	record.Text = candidate.FoldedText(c.Masked())
	return c.Open && !slices.Contains(c.Blocks, o.firm.number) && o.saved.Condition.Holds(record)
}

// In a random history, a search alerts of exactly those who have come to match
// it since it was saved, each once, and shows those who still do; also when a
// process begins anew.
func TestAlertsAgainstNaive(t *testing.T) {
	t.Parallel()
	onStores(t, demo(), func(w *world) {
		r := rand.New(rand.NewPCG(9, 4))
		firms := []firm{w.firm(1, 0), w.firm(2, 0)}
		questions := []string{
			`{"field": "text", "contains": "くーべ"}`,
			`{"all": [{"field": "residence", "in": ["13"]}, {"not": {"field": "text", "contains": "営業"}}]}`,
			`{"any": [{"field": "pay", "min": 600}, {"all": [{"field": "text", "contains": "営業"}, {"field": "residence", "in": ["27"]}]}]}`,
		}
		var oracles []*alertOracle
		people := map[int]person{}
		noted := 0
		steps := 80
		if far(w.Name()) {
			steps = 40
		}
		for step := range steps {
			if step%16 == 0 {
				o := &alertOracle{firm: firms[r.IntN(2)], known: map[uuid.UUID]bool{}, noted: map[uuid.UUID]bool{}}
				o.saved = w.save(o.firm, fmt.Sprint(step), questions[r.IntN(len(questions))], true)
				for _, p := range people {
					o.known[p.id] = w.matches(o, p)
				}
				oracles = append(oracles, o)
			}
			w.changeSomeone(people, r, step, firms)
			w.drain()
			for _, o := range oracles {
				var want []string
				for _, p := range people {
					matches := w.matches(o, p)
					if matches && !o.known[p.id] {
						o.known[p.id], o.noted[p.id] = true, true
						noted++
					}
					if matches && o.noted[p.id] {
						want = append(want, w.cardOf(o.firm, p.id))
					}
				}
				got := w.alerted(o.firm, o.saved)
				slices.Sort(got)
				slices.Sort(want)
				if !slices.Equal(got, want) {
					w.Fatalf("step %d, search %s: alerts of %v, want %v", step, o.saved.Name, got, want)
				}
				if n := w.news(o.firm, o.saved); n != 0 {
					w.Errorf("%d new after all were read", n)
				}
			}
			if step%20 == 19 {
				w.Market = w.open()
			}
		}
		if noted < steps/4 {
			w.Errorf("only %d were noted", noted)
		}
	})
}

// changeSomeone lets somebody sign up, edit, close, open, block, unblock or
// leave.
func (w *world) changeSomeone(people map[int]person, r *rand.Rand, step int, firms []firm) {
	w.Helper()
	write := func(p *candidate.Profile) {
		p.Residence = []string{"13", "27"}[r.IntN(2)]
		p.Pay = ptr(300 + 50*r.IntN(10))
		p.Text = []string{"", "ＫＵＢＥＲＮＥＴＥＳ", "クーベの営業", "営業です"}[r.IntN(4)]
	}
	i := r.IntN(12)
	p, ok := people[i]
	if !ok {
		people[i] = w.someone(1000+step, func(in *market.SignUp) { write(&in.Profile) })
		return
	}
	a := w.actor(p.token)
	c, err := w.Candidate(w.Context(), a)
	if err != nil {
		w.Fatal(err)
	}
	switch r.IntN(6) {
	case 0:
		err = w.Erase(w.Context(), a)
		delete(people, i)
	case 1:
		_, err = w.SetSettings(w.Context(), a, c.Version, market.Settings{Open: !c.Open, WeeklyLimit: 3, Language: "ja"})
	case 2:
		if len(c.Blocks) > 0 {
			c.Blocks = nil
		} else {
			c.Blocks = append(c.Blocks, firms[r.IntN(2)].number)
		}
		_, err = w.SetBlocks(w.Context(), a, c.Version, c.Blocks, c.Employers)
	default:
		write(&c.Profile)
		_, err = w.SetProfile(w.Context(), a, c.Version, c.Profile)
	}
	if err != nil {
		w.Fatal(err)
	}
}

func TestSavedSearches(t *testing.T) {
	t.Parallel()
	onStores(t, demo(), func(w *world) {
		f, other := w.firm(1, 0), w.firm(2, 0)
		mine := w.actor(f.token)
		s := w.save(f, "東京のクーベ", `{"field": "text", "contains": "クーベ"}`, true)
		if list, err := w.Searches(w.Context(), mine, 0, 10); err != nil || len(list) != 1 || list[0].ID != s.ID || list[0].Name != "東京のクーベ" {
			w.Errorf("Searches = %+v, %v", list, err)
		}
		if _, err := w.SavedSearch(w.Context(), w.actor(other.token), s.ID); !errs.Is(err, errs.NotFound) {
			w.Errorf("another's search = %v, want NotFound", err)
		}
		if err := w.DeleteSearch(w.Context(), w.actor(other.token), s.ID); !errs.Is(err, errs.NotFound) {
			w.Errorf("removing another's = %v, want NotFound", err)
		}
		p := w.someone(1, func(in *market.SignUp) { in.Profile.Text = "くーべを運用" })
		w.drain()
		if n := w.news(f, s); n != 1 {
			w.Errorf("%d new, want 1", n)
		}
		page, _, err := w.Alerts(w.Context(), mine, s.ID, 0, 10)
		if err != nil || len(page) != 1 || !page[0].New || page[0].ID != w.cardOf(f, p.id) || len(page[0].Highlights) != 1 {
			w.Fatalf("alerts %+v, %v", page, err)
		}
		if n := w.news(f, s); n != 0 {
			w.Errorf("%d new after reading, want none", n)
		}
		in := market.SearchToSave{Name: "別名", Condition: s.Condition, Alerts: true}
		renamed, err := w.SetSearch(w.Context(), mine, s.ID, s.Version, in)
		if err != nil || renamed.Name != "別名" || len(w.alerted(f, s)) != 1 {
			w.Errorf("renamed: %+v, %v", renamed, err)
		}
		if _, err := w.SetSearch(w.Context(), mine, s.ID, s.Version, in); !errs.Is(err, errs.Stale) {
			w.Errorf("over a version: %v, want Stale", err)
		}
		in.Condition = parsed(w, `{"field": "text", "contains": "運用"}`)
		if _, err := w.SetSearch(w.Context(), mine, s.ID, renamed.Version, in); err != nil || len(w.alerted(f, s)) != 0 {
			w.Errorf("asked anew: %v, %v", w.alerted(f, s), err)
		}
		w.block(p, f.number)
		w.drain()
		for _, bad := range []market.SearchToSave{
			{Condition: all()},
			{Name: "a\nb", Condition: all()},
			{Name: strings.Repeat("名", 101), Condition: all()},
			{Name: "名", Condition: condition.Condition{Op: condition.Contains, Field: "text", Contains: "x"}},
		} {
			if _, err := w.AddSearch(w.Context(), mine, bad, market.Once{}); !errs.Is(err, errs.Invalid) {
				w.Errorf("AddSearch(%+v) = %v, want Invalid", bad, err)
			}
		}
		if err := w.DeleteSearch(w.Context(), mine, s.ID); err != nil {
			w.Fatal(err)
		}
		if _, err := w.SavedSearch(w.Context(), mine, s.ID); !errs.Is(err, errs.NotFound) {
			w.Errorf("a removed search = %v, want NotFound", err)
		}
	})
}

// An alert of somebody who blocks the company is gone, from the list, the
// number and the mail.
func TestAlertsForgetWhoBlocks(t *testing.T) {
	t.Parallel()
	onStores(t, demo(), func(w *world) {
		f := w.firm(1, 0)
		s := w.save(f, "誰でも", `{"all": []}`, true)
		stays, blocks := w.someone(1), w.someone(2)
		w.drain()
		if n := w.news(f, s); n != 2 {
			w.Fatalf("%d new, want 2", n)
		}
		w.block(blocks, f.number)
		w.drain()
		if n := w.news(f, s); n != 1 {
			w.Errorf("%d new after one blocked, want 1", n)
		}
		w.deliver(w.Market)
		before := len(w.mail.mails)
		for range 2 {
			if _, err := w.Jobs(nil).Run(w.Context(), "alerts", market.RunOptions{}); err != nil {
				w.Fatal(err)
			}
		}
		w.deliver(w.Market)
		mails := w.mail.mails[before:]
		if len(mails) != 1 || mails[0].To != "k1@example.jp" || !strings.Contains(mails[0].Body, "誰でも：1人") {
			w.Errorf("mails %q, want one of 1", mails)
		}
		if got := w.alerted(f, s); !slices.Equal(got, []string{w.cardOf(f, stays.id)}) {
			w.Errorf("alerts of %v", got)
		}
	})
}

// Whoever may not search saves nothing.
func TestSavedSearchesOfRoles(t *testing.T) {
	t.Parallel()
	onStores(t, demo(), func(w *world) {
		p := w.someone(1)
		for _, a := range []market.Actor{w.actor(p.token), {Kind: account.Operator}} {
			if _, err := w.AddSearch(w.Context(), a, market.SearchToSave{Name: "a", Condition: all()}, market.Once{}); !errs.Is(err, errs.Denied) {
				w.Errorf("AddSearch = %v, want Denied", err)
			}
			if _, err := w.Searches(w.Context(), a, 0, 1); !errs.Is(err, errs.Denied) {
				w.Errorf("Searches = %v, want Denied", err)
			}
		}
	})
}
