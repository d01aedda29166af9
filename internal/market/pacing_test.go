package market_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"enishi/internal/condition"
	"enishi/internal/corpnum"
	"enishi/internal/day"
	"enishi/internal/errs"
	"enishi/internal/market"
	"enishi/internal/offer"
	"enishi/internal/rule"
)

// onStores runs a test in a new market on every store.
func onStores(t *testing.T, o market.Options, test func(*world)) {
	t.Helper()
	for name, open := range stores() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(newWorld(t, open(t), o))
		})
	}
}

func demo() market.Options { return market.Options{Mode: market.Auto, Demo: true} }

// states gives the states of a person's offers, oldest first; hidden ones too.
func (w *world) states(p person) []offer.State {
	w.Helper()
	var out []offer.State
	key := w.actor(p.token).Candidate
	var keys []int64
	offers := readRows(w, w.records.Store).offers
	for k, o := range offers {
		if o.Candidate == key {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	for _, k := range keys {
		out = append(out, offers[k].State)
	}
	return out
}

func (w *world) wantStates(p person, want ...offer.State) {
	w.Helper()
	if d := cmp.Diff(want, w.states(p)); d != "" {
		w.Fatalf("states of the offers (-want +got):\n%s", d)
	}
}

// first gives the newest visible offer of a person.
func (w *world) first(p person) market.Delivered {
	w.Helper()
	list, _, err := w.OffersTo(w.Context(), w.actor(p.token), 0, 10)
	if err != nil || len(list) == 0 {
		w.Fatalf("offers of a person: %d, %v", len(list), err)
	}
	return list[0]
}

// spent wants what a rule has spent today and in all, and that its company sees
// the part of it that is not reserved.
func (w *world) spent(f firm, r market.Ruled, today, total int) {
	w.Helper()
	seenToday, seenTotal := today, total
	for _, o := range readRows(w, w.records.Store).offers {
		if o.Rule == r.Key && o.State == offer.Reserved {
			seenTotal--
			if o.SentDay == w.Today() {
				seenToday--
			}
		}
	}
	got, err := w.Rule(w.Context(), w.actor(f.token), r.ID)
	if err != nil {
		w.Fatalf("rule: %v", err)
	}
	if got.SpentToday != seenToday || got.SpentTotal != seenTotal {
		w.Fatalf("on %s the rule shows %d spent today and %d in all, want %d and %d", w.Today(), got.SpentToday, got.SpentTotal, seenToday, seenTotal)
	}
	err = w.records.Read(w.Context(), func(tx market.Tx) error {
		d, n, err := tx.Spent(r.Key, w.Today())
		if err == nil && (d != today || n != total) {
			err = fmt.Errorf("on %s the rule has spent %d today and %d in all, want %d and %d", w.Today(), d, n, today, total)
		}
		return err
	})
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) setRule(f firm, r market.Ruled, change func(*market.RuleInput)) {
	w.Helper()
	a := w.actor(f.token)
	r, err := w.Rule(w.Context(), a, r.ID)
	if err != nil {
		w.Fatalf("rule: %v", err)
	}
	in := market.RuleInput{
		Position: r.PositionID, Kind: r.Kind, Must: r.Must, Prefer: r.Prefer, DailyBudget: r.DailyBudget,
		TotalBudget: r.TotalBudget, Expires: r.Expires, OfferDays: r.OfferDays, Age: r.Age,
	}
	change(&in)
	if _, err := w.SetRule(w.Context(), a, r.ID, r.Version, in); err != nil {
		w.Fatalf("set a rule: %v", err)
	}
	w.drain()
}

func (w *world) setLimit(p person, limit int) {
	w.Helper()
	a := w.actor(p.token)
	c, err := w.Candidate(w.Context(), a)
	if err == nil {
		_, err = w.SetSettings(w.Context(), a, c.Version, market.Settings{Open: true, WeeklyLimit: limit, Language: "ja"})
	}
	if err != nil {
		w.Fatalf("set a limit: %v", err)
	}
	w.drain()
}

func (w *world) setWishes(p person, wishes condition.Condition) {
	w.Helper()
	a := w.actor(p.token)
	c, err := w.Candidate(w.Context(), a)
	if err == nil {
		_, err = w.SetWishes(w.Context(), a, c.Version, wishes)
	}
	if err != nil {
		w.Fatalf("set wishes: %v", err)
	}
}

func (w *world) answer(p person, o market.Delivered, a offer.Action, want error) {
	w.Helper()
	_, err := w.Answer(w.Context(), w.actor(p.token), o.ID, a)
	if (err == nil) != (want == nil) || err != nil && errs.KindOf(err) != errs.KindOf(want) {
		w.Fatalf("%s an offer that is %s: %v, want %v", a, o.State, err, want)
	}
}

func TestBudgets(t *testing.T) {
	t.Parallel()
	onStores(t, demo(), func(w *world) {
		f := w.firm(1, 0)
		in := plain()
		in.DailyBudget, in.TotalBudget = 2, 9
		r := w.order(f, w.post(f, publishable()), in)
		for i := range 12 {
			w.someone(i)
		}
		w.drain()
		w.spent(f, r, 2, 2)
		w.nextDay(1)
		w.spent(f, r, 2, 4)
		w.setRule(f, r, func(in *market.RuleInput) { in.DailyBudget = 3 })
		w.spent(f, r, 3, 5)
		w.setRule(f, r, func(in *market.RuleInput) { in.DailyBudget = 1 })
		w.spent(f, r, 3, 5)
		w.nextDay(1)
		w.spent(f, r, 1, 6)
		w.setRule(f, r, func(in *market.RuleInput) { in.DailyBudget = 2 })
		w.nextDay(3) // each day between is played
		w.spent(f, r, 0, 9)
		w.setRule(f, r, func(in *market.RuleInput) { in.TotalBudget = 10 })
		w.spent(f, r, 1, 10)
		w.setRule(f, r, func(in *market.RuleInput) { in.TotalBudget = 5 })
		w.nextDay(1)
		w.spent(f, r, 0, 10)
	})
}

func TestWeeklyLimit(t *testing.T) {
	t.Parallel()
	onStores(t, demo(), func(w *world) {
		p, none := w.someone(1), w.someone(2)
		w.setLimit(p, 2)
		w.setLimit(none, 0)
		for i := range 5 {
			f := w.firm(i, 0)
			w.order(f, w.post(f, publishable()), plain())
		}
		w.drain()
		w.wantStates(p, offer.Sent, offer.Sent)
		w.wantStates(none)
		w.nextDay(6)
		w.wantStates(p, offer.Sent, offer.Sent)
		w.nextDay(1) // the first two have left the window
		w.wantStates(p, offer.Sent, offer.Sent, offer.Sent, offer.Sent)
		w.setLimit(p, 1)
		w.nextDay(6)
		w.wantStates(p, offer.Sent, offer.Sent, offer.Sent, offer.Sent)
		w.nextDay(1)
		w.wantStates(p, offer.Sent, offer.Sent, offer.Sent, offer.Sent, offer.Sent)
		w.wantStates(none)
		w.setLimit(none, 3)
		w.wantStates(none, offer.Sent, offer.Sent, offer.Sent)
	})
}

func TestReserved(t *testing.T) {
	t.Parallel()
	onStores(t, market.Options{Mode: market.Auto}, func(w *world) {
		f, g := w.firm(1, 0), w.firm(2, 0)
		in := plain()
		in.TotalBudget = 1
		r := w.order(f, w.post(f, publishable()), in)
		early, late := w.someone(1), w.someone(2)
		w.drain()
		w.wantStates(early, offer.Reserved)
		w.wantStates(late)
		w.spent(f, r, 1, 1)
		if list, _, err := w.OffersBy(w.Context(), w.actor(f.token), nil, 0, 10); err != nil || len(list) != 0 {
			w.Fatalf("the company sees a reserved offer: %v, %v", list, err)
		}
		w.answer(early, w.first(early), offer.Accept, errs.New(errs.Conflict, ""))
		w.setLimit(early, 1)
		other := w.order(g, w.post(g, publishable()), plain())
		w.drain()
		w.wantStates(early, offer.Reserved) // no room

		w.pass(offer.ReserveWindow - time.Second)
		w.drain()
		w.wantStates(early, offer.Reserved)
		w.pass(time.Second)
		w.drain()
		w.wantStates(early, offer.Lapsed, offer.Reserved) // the room came back
		w.wantStates(late, offer.Lapsed, offer.Reserved)  // the budget came back, g's offer lapsed too
		w.spent(f, r, 1, 1)
		w.spent(g, other, 1, 1)

		w.setRule(f, r, func(in *market.RuleInput) { in.TotalBudget = 2 })
		w.setLimit(early, 2)
		w.wantStates(early, offer.Lapsed, offer.Reserved) // not again while nobody confirms
		if err := w.Confirm(w.Context(), w.actor(early.token), early.code); err != nil {
			w.Fatalf("confirm: %v", err)
		}
		w.drain()
		w.wantStates(early, offer.Sent, offer.Sent) // the lapsed row is used again
		w.spent(f, r, 2, 2)
		w.pass(2 * offer.ReserveWindow)
		w.drain()
		w.wantStates(early, offer.Sent, offer.Sent)
	})
}

func TestSentNeverReturns(t *testing.T) {
	t.Parallel()
	onStores(t, demo(), func(w *world) {
		f := w.firm(1, 0)
		in := plain()
		in.TotalBudget, in.OfferDays = 4, 3
		p := w.post(f, publishable())
		r := w.order(f, p, in)
		declines, expires, blocks, accepts := w.someone(1), w.someone(2), w.someone(3), w.someone(4)
		fifth := w.someone(5)
		w.drain()
		w.answer(declines, w.first(declines), offer.Decline, nil)
		w.answer(accepts, w.first(accepts), offer.Accept, nil)
		w.answer(accepts, w.first(accepts), offer.Withdraw, nil)
		a := w.actor(blocks.token)
		c, err := w.Candidate(w.Context(), a)
		if err == nil {
			_, err = w.SetBlocks(w.Context(), a, c.Version, []corpnum.Number{f.number}, nil)
		}
		if err != nil {
			w.Fatalf("block: %v", err)
		}
		for _, who := range []person{declines, expires, blocks, accepts} {
			w.setLimit(who, 1)
		}
		g := w.firm(2, 0)
		w.order(g, w.post(g, publishable()), plain())
		w.order(f, p, plain()) // for the same position
		w.nextDay(4)
		w.wantStates(declines, offer.Declined)
		w.wantStates(expires, offer.Expired)
		w.wantStates(blocks, offer.Withdrawn)
		w.wantStates(accepts, offer.Withdrawn)
		w.spent(f, r, 0, 4)
		if n := len(w.states(fifth)); n != 2 {
			w.Fatalf("someone with room has %d offers, want one for each position", n)
		}
	})
}

func TestExpiry(t *testing.T) {
	t.Parallel()
	onStores(t, demo(), func(w *world) {
		var who []person
		for i := range 3 {
			who = append(who, w.someone(i))
		}
		days := []int{0, 3, 30}
		for i, n := range days {
			f := w.firm(i, 0)
			in := plain()
			in.OfferDays = n
			w.order(f, w.post(f, publishable()), in)
		}
		w.drain()
		begun := w.Today()
		last := map[day.Day]market.Delivered{}
		list, _, err := w.OffersTo(w.Context(), w.actor(who[0].token), 0, 10)
		if err != nil {
			w.Fatalf("offers: %v", err)
		}
		for _, o := range list {
			last[o.ExpiresOn-begun] = o
		}
		short, ok := last[3]
		if _, usual := last[14]; len(last) != 3 || !ok || !usual {
			w.Fatalf("offers expire after %v days, want 3, 14 and 30", slices.Sorted(maps.Keys(last)))
		}
		w.nextDay(3)
		w.answer(who[0], short, offer.Accept, nil) // on its last day
		// One minute after midnight the clock refuses, whatever the log says.
		w.pass((begun + 4).At(0).Add(time.Minute).Sub(w.Now()))
		refused, err := w.OfferTo(w.Context(), w.actor(who[1].token), w.second(who[1], short.RuleID.String()))
		if err != nil || refused.State != offer.Expired {
			w.Fatalf("after midnight the offer is %s, %v", refused.State, err)
		}
		w.answer(who[1], refused, offer.Accept, errs.New(errs.Conflict, ""))
		w.drain()
		ended := func(want int) {
			w.Helper()
			n := 0
			for _, state := range w.states(who[2]) {
				if state == offer.Expired {
					n++
				}
			}
			if n != want {
				w.Fatalf("on %s %d offers have expired, want %d", w.Today(), n, want)
			}
		}
		ended(1)
		w.nextDay(10)
		ended(1)
		w.nextDay(1)
		ended(2)
		w.nextDay(15)
		ended(2)
		w.nextDay(1)
		ended(3)
	})
}

// second gives the id of a person's offer of a rule.
func (w *world) second(p person, rule string) [16]byte {
	w.Helper()
	list, _, err := w.OffersTo(w.Context(), w.actor(p.token), 0, 10)
	if err != nil {
		w.Fatalf("offers: %v", err)
	}
	for _, o := range list {
		if o.RuleID.String() == rule {
			return o.ID
		}
	}
	w.Fatalf("no offer of rule %s", rule)
	return [16]byte{}
}

func TestUndo(t *testing.T) {
	t.Parallel()
	onStores(t, demo(), func(w *world) {
		f := w.firm(1, 0)
		w.order(f, w.post(f, publishable()), plain())
		p := w.someone(1)
		w.drain()
		o := w.first(p)
		companySees := func(want offer.State) {
			w.Helper()
			got, err := w.OfferBy(w.Context(), w.actor(f.token), o.ID)
			if err != nil || got.State != want {
				w.Fatalf("the company sees %q, %v; want %q", got.State, err, want)
			}
		}
		w.answer(p, o, offer.Undo, errs.New(errs.Conflict, ""))
		w.answer(p, o, offer.Decline, nil)
		w.answer(p, o, offer.Decline, nil) // a repeat changes nothing
		companySees(offer.Seen)
		w.pass(offer.UndoWindow)
		w.answer(p, o, offer.Undo, nil)
		w.wantStates(p, offer.Seen)
		w.answer(p, o, offer.Decline, nil)
		w.pass(offer.UndoWindow + time.Microsecond)
		w.answer(p, o, offer.Undo, errs.New(errs.Conflict, ""))
		w.drain()
		companySees(offer.Declined)
		w.answer(p, o, offer.Undo, errs.New(errs.Conflict, ""))
		w.wantStates(p, offer.Declined)
	})
}

func TestBlockLooksExpired(t *testing.T) {
	t.Parallel()
	onStores(t, demo(), func(w *world) {
		f := w.firm(1, 0)
		w.order(f, w.post(f, publishable()), plain())
		p := w.someone(1)
		w.drain()
		o := w.first(p)
		seen, err := w.OfferBy(w.Context(), w.actor(f.token), o.ID)
		if err != nil {
			w.Fatalf("offer: %v", err)
		}
		// A profile names the employer as current: the company is blocked.
		a := w.actor(p.token)
		c, err := w.Candidate(w.Context(), a)
		if err != nil {
			w.Fatalf("candidate: %v", err)
		}
		profile := newDraw(1, 1).profile(w.Today())
		profile.History = nil
		profile.History = append(profile.History, jobAt(f.number, w.Today().Month()))
		if _, err := w.SetProfile(w.Context(), a, c.Version, profile); err != nil {
			w.Fatalf("set the profile: %v", err)
		}
		w.drain()
		w.wantStates(p, offer.Withdrawn)
		after, err := w.OfferBy(w.Context(), w.actor(f.token), o.ID)
		if err != nil || after.State != offer.Expired || !after.AnsweredAt.IsZero() {
			w.Fatalf("the company sees %q answered %s, %v", after.State, after.AnsweredAt, err)
		}
		if _, err := w.OpenCard(w.Context(), w.actor(f.token), seen.Card); !errs.Is(err, errs.NotFound) {
			w.Fatalf("the card opens: %v", err)
		}
	})
}

// TestGroupJoins founds a company that a candidate works for, into the group of
// one that has sent them an offer.
func TestGroupJoins(t *testing.T) {
	t.Parallel()
	onStores(t, demo(), func(w *world) {
		head := numbered(9)
		f := w.firm(1, head)
		w.order(f, w.post(f, publishable()), plain())
		works := w.someone(1, func(in *market.SignUp) { in.Employers = append(in.Employers, employed(numbered(2))) })
		free := w.someone(2, func(in *market.SignUp) { in.Employers = append(in.Employers, employed(numbered(3))) })
		w.drain()
		w.wantStates(works, offer.Sent)
		w.firm(2, head)
		w.drain()
		w.wantStates(works, offer.Withdrawn)
		w.wantStates(free, offer.Sent)
		third := w.someone(3, func(in *market.SignUp) { in.Employers = append(in.Employers, employed(head)) })
		w.drain()
		w.wantStates(third)
	})
}

// TestDates crosses each bound that moves with time, a day at a time.
func TestDates(t *testing.T) {
	t.Parallel()
	today := day.Of(beginning)
	for name, c := range map[string]struct {
		rule  func(*market.RuleInput)
		first day.Day // the day of the offer, from the beginning
	}{
		"inactive for 3 days":        {func(in *market.RuleInput) { in.Must = atLeast("last_active_days", 3) }, 3},
		"not active within 4 days":   {func(in *market.RuleInput) { in.Must = not(atMost("last_active_days", 4)) }, 5},
		"available within 5 days":    {func(in *market.RuleInput) { in.Must = atMost("available_in_days", 5) }, 3},
		"not only available after 6": {func(in *market.RuleInput) { in.Must = not(atLeast("available_in_days", 6)) }, 3},
		"one of two, later": {func(in *market.RuleInput) {
			in.Must = anyOf(all(atLeast("last_active_days", 2), is("remote_ok", true)), atMost("available_in_days", 4))
		}, 4},
		"20 years old from the first of next month": {func(in *market.RuleInput) {
			in.Age = &rule.AgeException{Exception: "3号イ", Min: 20, Max: 30, Reason: "長期勤続によるキャリア形成のため"}
		}, (today.Month() + 1).First() - today},
		"never: active within 0 days and inactive for 1": {func(in *market.RuleInput) {
			in.Must = all(atMost("last_active_days", 0), atLeast("last_active_days", 1))
		}, -1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onStores(t, demo(), func(w *world) {
				f := w.firm(1, 0)
				in := plain()
				c.rule(&in)
				w.order(f, w.post(f, publishable()), in)
				w.someone(1, func(in *market.SignUp) {
					in.Profile.AvailableFrom = ptr(today + 8)
					in.Profile.BirthMonth = ptr(today.Month() + 1 - 20*12)
				})
				w.drain()
				for d := day.Day(0); d <= 9; d++ {
					want := 0
					if c.first >= 0 && d >= c.first {
						want = 1
					}
					if got := len(readRows(w, w.records.Store).offers); got != want {
						w.Fatalf("after %d days there are %d offers, want %d", d, got, want)
					}
					w.nextDay(1)
				}
			})
		})
	}
}

// TestRulesEnd lets a rule pass its last day.
func TestRulesEnd(t *testing.T) {
	t.Parallel()
	onStores(t, demo(), func(w *world) {
		f := w.firm(1, 0)
		in := plain()
		in.Expires = w.Today() + 1
		r := w.order(f, w.post(f, publishable()), in)
		w.someone(1)
		w.nextDay(1)
		w.someone(2)
		w.drain()
		w.spent(f, r, 1, 2)
		w.nextDay(1)
		w.someone(3)
		w.drain()
		w.spent(f, r, 0, 2)
		got, err := w.Rule(w.Context(), w.actor(f.token), r.ID)
		if err != nil || got.State != rule.Expired {
			w.Fatalf("after its last day the rule is %s, %v", got.State, err)
		}
		if _, _, err := w.Activate(w.Context(), w.actor(f.token), r.ID); !errs.Is(err, errs.Conflict) {
			w.Fatalf("a rule past its last day activates: %v", err)
		}
	})
}

// TestApprove follows proposals through confirmation and lapse.
func TestApprove(t *testing.T) {
	t.Parallel()
	onStores(t, market.Options{Mode: market.Approve, Demo: true}, func(w *world) {
		f := w.firm(1, 0)
		in := plain()
		in.DailyBudget = 2
		r := w.order(f, w.post(f, publishable()), in)
		var who []person
		for i := range 4 {
			who = append(who, w.someone(i))
		}
		w.drain()
		w.spent(f, r, 0, 0)
		for _, p := range who {
			w.wantStates(p, offer.Proposed)
			if list, _, err := w.OffersTo(w.Context(), w.actor(p.token), 0, 10); err != nil || len(list) != 0 {
				w.Fatalf("the candidate sees a proposal: %v, %v", list, err)
			}
		}
		confirm := func(want int) {
			w.Helper()
			n, err := w.ConfirmProposals(w.Context(), w.actor(f.token), r.ID)
			if err != nil || n.Sent != want {
				w.Fatalf("confirmed %+v, %v; want %d", n, err, want)
			}
			w.drain()
		}
		w.setWishes(who[0], atLeast("pay_min", 9000))
		confirm(2) // the budget of the day; who[0] would not accept any more
		w.wantStates(who[0], offer.Proposed)
		w.spent(f, r, 2, 2)
		confirm(0)
		w.nextDay(1)
		confirm(1)
		w.wantStates(who[0], offer.Proposed)
		w.pass(3 * 24 * time.Hour)
		w.drain()
		w.wantStates(who[0], offer.Lapsed)
		w.spent(f, r, 0, 3)
		w.setWishes(who[0], all())
		w.drain()
		w.wantStates(who[0], offer.Proposed) // the lapsed row is used again
		confirm(1)
		w.wantStates(who[0], offer.Sent)
		if got := fmt.Sprint(len(readRows(w, w.records.Store).offers)); got != "4" {
			w.Fatalf("%s offers, want 4", got)
		}
	})
}
