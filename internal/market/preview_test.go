package market_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"enishi/internal/candidate"
	"enishi/internal/company"
	"enishi/internal/condition"
	"enishi/internal/corpnum"
	"enishi/internal/errs"
	"enishi/internal/market"
	"enishi/internal/position"
	"enishi/internal/rule"
)

// preview is a preview as the model computes it.
func (w *rows) preview(r rule.Rule) market.Preview {
	matched, already, wishes, limit, room := 0, 0, 0, 0, 0
	s := standingOf(w.offers, w.today)
	for _, c := range w.candidates {
		p := w.pairing(r, c)
		p.r.State, p.p.State, p.k.Status = rule.Active, position.Published, company.Verified
		if p.p.PublishedVersion == 0 {
			p.terms = p.p.Terms
		}
		willing := p.c.Wishes
		p.c.Wishes = condition.Always()
		if !p.holds() {
			continue
		}
		matched++
		p.c.Wishes = willing
		switch {
		case s.had[pair{r.Key, c.Key}], s.reached[pair{r.Position, c.Key}]:
			already++
		case !p.holds():
			wishes++
		case s.taken[c.Key] >= c.WeeklyLimit:
			limit++
		default:
			room++
		}
	}
	out := market.Preview{Matched: matched}
	if matched < 10 {
		return out
	}
	due := max(0, min(room, r.DailyBudget-s.used[r.Key], r.TotalBudget-s.total[r.Key]))
	floor := func(n int) *int { return ptr(n / 5 * 5) }
	out.Already, out.Wishes, out.Limit, out.Budget, out.Due = floor(already), floor(wishes), floor(limit), floor(room-due), floor(due)
	return out
}

// TestPreviews compares previews, of drafts and at activation, with the model.
func TestPreviews(t *testing.T) {
	t.Parallel()
	onStores(t, demo(), func(w *world) {
		d := newDraw(5, 0)
		var firms []firm
		for i := range 3 {
			firms = append(firms, w.firm(i, 0))
		}
		for i := range 70 {
			p := w.signUp(d.person(w.Today(), i))
			w.setLimit(p, d.IntN(3))
		}
		shown, hidden, rounds := 0, 0, 60
		if testing.Short() || far(w.Name()) {
			rounds = 16
		}
		for i := range rounds {
			if i%15 == 14 {
				w.nextDay(1)
			}
			f := firms[d.IntN(len(firms))]
			a := w.actor(f.token)
			p, err := w.AddPosition(w.Context(), a, d.terms(), market.Once{})
			if err != nil {
				w.Fatalf("add a position: %v", err)
			}
			in := d.ruleInput(w.Today())
			in.Position = p.ID
			got, err := w.Preview(w.Context(), a, in)
			if err != nil {
				w.Fatalf("preview: %v", err)
			}
			read := readRows(w, w.records.Store)
			draft := rule.Rule{
				Company: a.Company, Position: p.Key, Kind: in.Kind, Must: in.Must, Expires: w.Today() + 1,
				DailyBudget: in.DailyBudget, TotalBudget: in.TotalBudget, Age: in.Age,
			}
			if d := cmp.Diff(read.preview(draft), got); d != "" {
				w.Fatalf("preview %d of must %s (-want +got):\n%s", i, text(in.Must), d)
			}
			if got.Due == nil {
				hidden++
			} else {
				shown++
			}
			if _, err := w.Publish(w.Context(), a, p.ID); err != nil {
				w.Fatalf("publish: %v", err)
			}
			w.previewAtActivation(a, in)
		}
		if shown < rounds/6 || hidden < rounds/12 {
			w.Errorf("%d previews showed their steps and %d did not: too few of one", shown, hidden)
		}
	})
}

// previewAtActivation activates a rule, pauses it after its offers and
// activates it again: the preview counts what it has spent and made.
func (w *world) previewAtActivation(a market.Actor, in market.RuleInput) {
	w.Helper()
	r, err := w.AddRule(w.Context(), a, in, market.Once{})
	if err != nil {
		w.Fatalf("add a rule: %v", err)
	}
	for range 2 {
		want := readRows(w, w.records.Store)
		_, got, err := w.Activate(w.Context(), a, r.ID)
		if err != nil {
			w.Fatalf("activate: %v", err)
		}
		if d := cmp.Diff(ptr(want.preview(want.rules[r.Key])), got); d != "" {
			w.Fatalf("the preview at activation (-want +got):\n%s", d)
		}
		w.drain()
		if _, err := w.Pause(w.Context(), a, r.ID); err != nil {
			w.Fatalf("pause: %v", err)
		}
	}
}

// TestPreviewsADay asks until the day's previews are used up.
func TestPreviewsADay(t *testing.T) {
	t.Parallel()
	onStores(t, market.Options{Mode: market.Auto}, func(w *world) {
		f := w.firm(1, 0)
		a := w.actor(f.token)
		p := w.post(f, publishable())
		ask := func(change func(*market.RuleInput), want errs.Kind) {
			w.Helper()
			in := plain()
			in.Position = p.ID
			change(&in)
			if _, err := w.Preview(w.Context(), a, in); errs.KindOf(err) != want && (err != nil || want != errs.Internal) {
				w.Fatalf("preview: %v, want %v", err, want)
			}
		}
		const ok = errs.Internal // no error
		pay := func(n int) func(*market.RuleInput) {
			return func(in *market.RuleInput) { in.Must = atMost("pay", n) }
		}
		for n := range 28 {
			ask(pay(n), ok)
			ask(pay(n), ok) // again is free
		}
		// Other terms make another question, also under the same rule.
		for range 2 {
			terms := publishable()
			terms.PayMin = ptr(500)
			q, err := w.Position(w.Context(), a, p.ID)
			if err == nil {
				_, err = w.SetPosition(w.Context(), a, p.ID, q.Version, terms)
			}
			if err == nil {
				_, err = w.Publish(w.Context(), a, p.ID)
			}
			if err != nil {
				w.Fatalf("edit a position: %v", err)
			}
			ask(pay(0), ok)
		}
		ask(pay(1), errs.TooMany) // answered before, for other terms
		ask(pay(0), ok)
		for _, change := range []func(*market.RuleInput){
			pay(99),
			func(in *market.RuleInput) { in.Must = atMost("pay", 0); in.Kind = "casual" },
			func(in *market.RuleInput) { in.Must = atMost("pay", 0); in.DailyBudget = 7 },
			func(in *market.RuleInput) { in.Must = atMost("pay", 0); in.TotalBudget = 7 },
			func(in *market.RuleInput) {
				in.Must = atMost("pay", 0)
				in.Age = &rule.AgeException{Exception: "3号イ", Min: 20, Max: 30, Reason: "長期勤続によるキャリア形成のため"}
			},
		} {
			ask(change, errs.TooMany)
		}
		in := plain()
		for i := range 10 {
			w.someone(i)
		}
		r := w.order(f, p, in) // activates all the same
		if _, shown, err := w.Activate(w.Context(), a, r.ID); err != nil || shown != nil {
			w.Fatalf("activating after the last preview shows %+v, %v", shown, err)
		}
		w.drain()
		w.spent(f, r, 10, 10)
		w.nextDay(1)
		ask(pay(99), ok)
		if _, shown, err := w.Activate(w.Context(), a, r.ID); err != nil || shown.Matched != 10 {
			w.Fatalf("activating on the next day shows %+v, %v", shown, err)
		}
	})
}

// inquiry asks a hundred questions and more, each made of the answers before,
// and gives all answers as text.
func (w *world) inquiry(f firm, positions []uuid.UUID) string {
	w.Helper()
	a, d := w.actor(f.token), newDraw(77, 0)
	var all []byte
	note := func(v any, err error) {
		w.Helper()
		if err != nil && !errs.Is(err, errs.NotFound) {
			w.Fatalf("ask: %v", err)
		}
		b, errJSON := json.Marshal([]any{v, fmt.Sprint(err)})
		if errJSON != nil {
			w.Fatalf("write an answer: %v", errJSON)
		}
		all = append(append(all, b...), '\n')
	}
	must := condition.Always()
	rounds := 50
	if testing.Short() {
		rounds = 12
	}
	for range rounds {
		in := market.SearchInput{
			Condition: must, Facets: []string{"occupation", "skill", "residence", "education", "willing_prefecture", "remote_ok"},
			Sort: pick(d, market.ByActive, market.ByPay, market.ByScore), Limit: 7,
		}
		found, err := w.Search(w.Context(), a, in)
		note(found, err)
		in.Cursor = found.Next
		more, err := w.Search(w.Context(), a, in)
		note(more, err)
		for _, c := range more.Items {
			card, err := w.OpenCard(w.Context(), a, c.ID)
			note(card, err)
		}
		field := pick(d, "occupation", "skill", "residence", "willing_prefecture")
		must = d.must()
		if values := found.Facets[field]; len(values) > 0 {
			must = anyOf(in.Condition, d.profileLeaf())
			if d.chance(60) {
				least := values[len(values)-1] // the rarest
				must = condition.Condition{Op: condition.In, Field: field, In: []string{least.Code}}
			}
		}
		r := plain()
		r.Position, r.Must = pick(d, positions...), must
		preview, err := w.Preview(w.Context(), a, r)
		note(preview, err)
	}
	offers, _, err := w.OffersBy(w.Context(), a, nil, 0, 100)
	note(offers, err)
	return string(all)
}

// TestBlockedCompanyLearnsNothing asks before and after somebody signs up who
// has blocked the company, by each way of blocking.
func TestBlockedCompanyLearnsNothing(t *testing.T) {
	t.Parallel()
	own, sister, head := numbered(1), numbered(2), numbered(3)
	ways := map[string]func(*market.SignUp){
		"own list":         func(in *market.SignUp) { in.Blocks = []corpnum.Number{own} },
		"current employer": func(in *market.SignUp) { in.Employers = []candidate.Employment{employed(own)} },
		"its group":        func(in *market.SignUp) { in.Employers = []candidate.Employment{employed(sister)} },
		"its head":         func(in *market.SignUp) { in.Employers = []candidate.Employment{employed(head)} },
		"by history": func(in *market.SignUp) {
			in.Profile.History = []candidate.Job{jobAt(own, beginningMonth())}
		},
		"not at all": func(in *market.SignUp) { in.Employers = []candidate.Employment{{Number: own}} },
	}
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onStores(t, demo(), func(w *world) {
				d := newDraw(9, 0)
				f := w.firm(1, head)
				w.firm(2, head)
				for i := range 40 {
					in := d.person(w.Today(), i)
					in.Blocks, in.Employers, in.Profile.History = nil, nil, nil
					w.signUp(in)
				}
				var positions []uuid.UUID
				for range 3 {
					p := w.post(f, d.terms())
					positions = append(positions, p.ID)
				}
				w.order(f, w.post(f, d.terms()), plain())
				w.drain()
				before := w.inquiry(f, positions)
				hidden := w.someone(100, func(in *market.SignUp) {
					in.Profile = d.profile(w.Today())
					in.Profile.History = nil
					way(in)
				})
				w.drain()
				after := w.inquiry(f, positions)
				if blocked := name != "not at all"; (before == after) != blocked {
					w.Fatalf("blocked: %v; the company's answers (-before +after):\n%s", blocked, cmp.Diff(before, after))
				}
				cards, err := w.vault.Cards(f.id)
				if err != nil {
					w.Fatalf("cards: %v", err)
				}
				_, errHidden := w.OpenCard(w.Context(), w.actor(f.token), cards.Of(hidden.id))
				_, errNobody := w.OpenCard(w.Context(), w.actor(f.token), cards.Of(uuid.Max))
				if name != "not at all" && (fmt.Sprint(errHidden) != fmt.Sprint(errNobody) || !errs.Is(errHidden, errs.NotFound)) {
					w.Fatalf("the card of somebody hidden: %v; of nobody: %v", errHidden, errNobody)
				}
			})
		})
	}
}

// TestCursorTellsNothing pages on behind somebody who has blocked the company
// since, and behind somebody who was erased: both alike.
func TestCursorTellsNothing(t *testing.T) {
	t.Parallel()
	onStores(t, demo(), func(w *world) {
		f := w.firm(1, 0)
		a := w.actor(f.token)
		var people []person
		for i := range 6 {
			people = append(people, w.someone(i, func(in *market.SignUp) { in.Profile.Pay = ptr(900 - i) }))
		}
		page := func(cursor string) (market.SearchResult, error) {
			return w.Search(w.Context(), a, market.SearchInput{Condition: all(), Sort: market.ByPay, Limit: 2, Cursor: cursor})
		}
		first, err := page("")
		if err != nil {
			w.Fatalf("search: %v", err)
		}
		second, err := page(first.Next)
		if err != nil {
			w.Fatalf("search: %v", err)
		}
		b := w.actor(people[1].token)
		c, err := w.Candidate(w.Context(), b)
		if err == nil {
			_, err = w.SetBlocks(w.Context(), b, c.Version, []corpnum.Number{f.number}, nil)
		}
		if err != nil {
			w.Fatalf("block: %v", err)
		}
		blocked, errBlocked := page(first.Next)
		if err := w.Erase(w.Context(), b); err != nil {
			w.Fatalf("erase: %v", err)
		}
		erased, errErased := page(first.Next)
		if errBlocked != nil || errErased != nil {
			w.Fatalf("pages behind somebody hidden: %v, %v", errBlocked, errErased)
		}
		if d := cmp.Diff(blocked, erased); d != "" {
			w.Errorf("pages behind somebody who blocked and who was erased:\n%s", d)
		}
		if d := cmp.Diff(second.Items, erased.Items); d != "" {
			w.Errorf("the second page before and after:\n%s", d)
		}
		for _, bad := range []string{"x", "e30", first.Next + "A"} {
			if _, err := page(bad); !errs.Is(err, errs.Invalid) {
				w.Errorf("cursor %q: %v, want invalid", bad, err)
			}
		}
	})
}
