package market_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"enishi/internal/day"
	"enishi/internal/errs"
	"enishi/internal/market"
	"enishi/internal/offer"
)

// dealing is a company and a person who has accepted its offer.
type dealing struct {
	*world
	firm firm
	rule market.Ruled
	to   person
	id   uuid.UUID
}

func dealt(w *world, kind string) *dealing {
	w.Helper()
	x := &dealing{world: w, firm: w.firm(1, 0)}
	in := plain()
	in.Kind = kind
	x.rule = w.order(x.firm, w.post(x.firm, publishable()), in)
	x.to = w.someone(1)
	w.drain()
	o := w.first(x.to)
	w.answer(x.to, o, offer.Accept, nil)
	x.id = o.ID
	return x
}

// must fails the test on the error of a step.
func (x *dealing) must(d market.Delivered, err error) market.Delivered {
	x.Helper()
	if err != nil {
		x.Fatal(err)
	}
	return d
}

func (x *dealing) refuses(what string, err error, kind errs.Kind) {
	x.Helper()
	if !errs.Is(err, kind) {
		x.Errorf("%s: %v, want %s", what, err, kind)
	}
}

func (x *dealing) slots(days ...int) []offer.Slot {
	var out []offer.Slot
	for _, n := range days {
		start := (day.Of(x.Now()) + day.Day(n)).At(14)
		out = append(out, offer.Slot{Start: start, Minutes: 60, Zone: "Asia/Tokyo", Place: "東京"})
	}
	return out
}

func (x *dealing) breaches() []string {
	x.Helper()
	list, _, err := x.Breaches(x.Context(), operator(), 0, 100)
	if err != nil {
		x.Fatal(err)
	}
	var out []string
	for _, b := range list {
		out = append(out, string(b.Promise))
	}
	slices.Sort(out)
	return out
}

func (x *dealing) wantBreaches(what string, want ...string) {
	x.Helper()
	if got := x.breaches(); !slices.Equal(got, want) {
		x.Errorf("%s: the breaches are %v, want %v", what, got, want)
	}
}

func TestDealingToTheEnd(t *testing.T) {
	t.Parallel()
	onStores(t, demo(), func(w *world) {
		x := dealt(w, "interview")
		ctx, us, them := w.Context(), w.actor(x.to.token), w.actor(x.firm.token)
		_, err := w.Choose(ctx, us, x.id, uuid.New())
		x.refuses("nothing is proposed", err, errs.Conflict)
		d := x.must(w.Propose(ctx, them, x.id, x.slots(3, 4)))
		if again := x.must(w.Propose(ctx, them, x.id, x.slots(3, 4))); again.Version != d.Version || again.Dealing.Slots[0].ID != d.Dealing.Slots[0].ID {
			w.Error("the same slots again changed something")
		}
		slot := d.Dealing.Slots[1].ID
		d = x.must(w.Choose(ctx, us, x.id, slot))
		if again := x.must(w.Choose(ctx, us, x.id, slot)); again.Version != d.Version || again.State != offer.Scheduled || again.Dealing.Date.ID != slot {
			w.Errorf("chosen again: %+v", again.Dealing)
		}
		d = x.must(w.Reschedule(ctx, us, x.id))
		if d.State != offer.Accepted || !d.Dealing.CalledOff || d.Dealing.Sequence != 2 {
			w.Errorf("called off: %s %+v", d.State, d.Dealing)
		}
		d = x.must(w.Propose(ctx, them, x.id, x.slots(5)))
		x.must(w.Choose(ctx, us, x.id, d.Dealing.Slots[0].ID))
		_, err = w.Proceed(ctx, them, x.id, offer.Hold)
		x.refuses("held before its date", err, errs.Conflict)
		x.must(w.Reschedule(ctx, them, x.id))
		x.must(w.Proceed(ctx, them, x.id, offer.Hold))
		pay := 700
		x.must(w.Hire(ctx, them, x.id, &pay))
		pay = 720
		x.must(w.Hire(ctx, them, x.id, &pay)) // mended
		d = x.must(w.ConfirmPay(ctx, us, x.id, 720))
		if *d.Dealing.SaidPay != 720 || *d.Dealing.ConfirmedPay != 720 || d.State != offer.Hired {
			w.Errorf("confirmed: %s %+v", d.State, d.Dealing)
		}
		pay = 100
		_, err = w.Hire(ctx, them, x.id, &pay)
		x.refuses("the company changes what was confirmed", err, errs.Conflict)
		_, err = w.ConfirmPay(ctx, us, x.id, 100)
		x.refuses("the candidate changes what they confirmed", err, errs.Conflict)
		x.wantBreaches("all was kept")
	})
}

// Messages come back in order, once each, whoever asks for them again.
func TestMessages(t *testing.T) {
	t.Parallel()
	onStores(t, demo(), func(w *world) {
		x := dealt(w, "interview")
		ctx, us, them := w.Context(), w.actor(x.to.token), w.actor(x.firm.token)
		for i := range 5 {
			who, once := us, market.Once{}
			if i%2 == 1 {
				who = them
			}
			if i == 3 {
				once = market.Once{Scope: "k", Key: "1", Digest: []byte{1}}
			}
			text := fmt.Sprintf("%d通目😀", i)
			made, err := w.Say(ctx, who, x.id, text, once)
			if err != nil || made.Text != text {
				w.Fatalf("message %d: %+v, %v", i, made, err)
			}
			if once.Key != "" {
				if again, err := w.Say(ctx, who, x.id, text, once); err != nil || again != made {
					w.Errorf("a repeat gives %+v, %v, want %+v", again, err, made)
				}
			}
		}
		d := x.must(w.OfferTo(ctx, us, x.id))
		if d.Unread != 2 || d.RespondedAt.IsZero() {
			w.Errorf("%d are unread, the company answered at %v", d.Unread, d.RespondedAt)
		}
		var got []string
		for before, pages := int64(0), 0; pages == 0 || before != 0; pages++ {
			page, next, err := w.Thread(ctx, us, x.id, before, 2)
			if err != nil {
				w.Fatal(err)
			}
			for _, m := range page {
				got = append(got, m.Text)
			}
			before = next
		}
		if want := "4通目😀,3通目😀,2通目😀,1通目😀,0通目😀"; strings.Join(got, ",") != want {
			w.Errorf("the thread is %v, want %s", got, want)
		}
		if d = x.must(w.OfferTo(ctx, us, x.id)); d.Unread != 0 {
			w.Errorf("%d are unread once they were read", d.Unread)
		}
		if d = x.must(w.OfferBy(ctx, them, x.id)); d.Unread != 3 {
			w.Errorf("%d are unread to the company, want 3", d.Unread)
		}
		stranger := w.actor(w.someone(2).token)
		rival := w.actor(w.firm(2, 0).token)
		for what, who := range map[string]market.Actor{"a stranger": stranger, "a rival": rival} {
			_, _, err := w.Thread(ctx, who, x.id, 0, 9)
			x.refuses(what+" reads", err, errs.NotFound)
			_, err = w.Say(ctx, who, x.id, "こんにちは", market.Once{})
			x.refuses(what+" writes", err, errs.NotFound)
		}
	})
}

// Before an offer is accepted there is no thread, and after its end nobody writes.
func TestWhenThereIsAThread(t *testing.T) {
	t.Parallel()
	onStores(t, demo(), func(w *world) {
		f := w.firm(1, 0)
		w.order(f, w.post(f, publishable()), plain())
		p := w.someone(1)
		w.drain()
		x := &dealing{world: w, firm: f, to: p, id: w.first(p).ID}
		ctx, us, them := w.Context(), w.actor(p.token), w.actor(f.token)
		for what, who := range map[string]market.Actor{"the candidate": us, "the company": them} {
			_, err := w.Say(ctx, who, x.id, "まだ", market.Once{})
			x.refuses(what+" writes before", err, errs.Conflict)
			_, _, err = w.Thread(ctx, who, x.id, 0, 9)
			x.refuses(what+" reads before", err, errs.NotFound)
		}
		w.answer(p, w.first(p), offer.Accept, nil)
		if _, err := w.Say(ctx, them, x.id, "はじめまして", market.Once{}); err != nil {
			w.Fatal(err)
		}
		x.must(w.Answer(ctx, us, x.id, offer.Withdraw))
		for what, who := range map[string]market.Actor{"the candidate": us, "the company": them} {
			_, err := w.Say(ctx, who, x.id, "もう", market.Once{})
			x.refuses(what+" writes after", err, errs.Conflict)
			if page, _, err := w.Thread(ctx, who, x.id, 0, 9); err != nil || len(page) != 1 {
				w.Errorf("%s reads %v, %v after the end", what, page, err)
			}
		}
	})
}

// A block ends what was accepted, in the candidate's own name.
func TestBlockAfterAcceptance(t *testing.T) {
	t.Parallel()
	onStores(t, demo(), func(w *world) {
		x := dealt(w, "interview")
		ctx, us, them := w.Context(), w.actor(x.to.token), w.actor(x.firm.token)
		d := x.must(w.Propose(ctx, them, x.id, x.slots(3)))
		x.must(w.Choose(ctx, us, x.id, d.Dealing.Slots[0].ID))
		w.block(x.to, x.firm.number)
		w.drain()
		d = x.must(w.OfferBy(ctx, them, x.id))
		if d.State != offer.Withdrawn || d.Dealing.EndedBy != offer.Candidate || !d.Dealing.CalledOff || d.Name != "" {
			w.Errorf("the company sees %s, %+v, %q", d.State, d.Dealing, d.Name)
		}
		_, err := w.Say(ctx, them, x.id, "なぜですか", market.Once{})
		x.refuses("the company writes", err, errs.Conflict)
		_, err = w.Proceed(ctx, them, x.id, offer.Schedule)
		x.refuses("the company goes on", err, errs.Conflict)
		x.wantBreaches("it was not the company")
	})
}

// What an erased person wrote goes, and nobody owes them anything.
func TestErasureOfAThread(t *testing.T) {
	t.Parallel()
	onStores(t, demo(), func(w *world) {
		x := dealt(w, "interview")
		ctx, us, them := w.Context(), w.actor(x.to.token), w.actor(x.firm.token)
		for _, who := range []market.Actor{us, them} {
			if _, err := w.Say(ctx, who, x.id, "秘密の言葉", market.Once{}); err != nil {
				w.Fatal(err)
			}
		}
		if err := w.Erase(ctx, us); err != nil {
			w.Fatal(err)
		}
		page, _, err := w.Thread(ctx, them, x.id, 0, 9)
		if err != nil || len(page) != 2 || page[0].Erased || !page[1].Erased || page[1].Text != "" {
			w.Errorf("the company reads %+v, %v", page, err)
		}
		_, _, err = w.Thread(ctx, us, x.id, 0, 9)
		x.refuses("the erased one reads", err, errs.NotFound)
		_, err = w.Say(ctx, them, x.id, "いますか", market.Once{})
		x.refuses("the company writes", err, errs.Conflict)
		w.nextDay(20)
		x.wantBreaches("nobody waits")
		x.must(w.Proceed(ctx, them, x.id, offer.Withdraw))
		x.wantBreaches("a company closes its file")
	})
}

// TestBreaches lets clocks pass and steps break promises: each is noted once, it
// takes a tenth of the budget, and what is set aside counts no more.
func TestBreaches(t *testing.T) {
	t.Parallel()
	onStores(t, demo(), func(w *world) {
		x := dealt(w, "interview")
		ctx, them := w.Context(), w.actor(x.firm.token)
		w.nextDay(14)
		x.wantBreaches("on the last day")
		w.nextDay(1)
		x.wantBreaches("a day later", "date")
		w.nextDay(5)
		x.wantBreaches("once", "date")
		x.must(w.Propose(ctx, them, x.id, x.slots(3)))
		x.wantBreaches("late is late", "date")
		x.must(w.Proceed(ctx, them, x.id, offer.Withdraw))
		x.must(w.Proceed(ctx, them, x.id, offer.Withdraw))
		x.wantBreaches("it withdraws", "date", "keep")

		w.setRule(x.firm, x.rule, func(in *market.RuleInput) { in.DailyBudget = 10 })
		for i := range 30 {
			w.someone(100 + i)
		}
		w.drain()
		w.spent(x.firm, w.ruleOf(x), 8, 9) // ten without two tenths, and the first one
		x.costs(8, 80, "keep", "date")
		list, _, err := w.Breaches(ctx, operator(), 0, 1)
		if err != nil || len(list) != 1 || list[0].Promise != offer.PromiseKeep || list[0].OfferID != x.id {
			w.Fatalf("the newest breach is %+v, %v", list, err)
		}
		_, err = w.SetAside(ctx, them, list[0].ID, "no")
		x.refuses("the company sets it aside", err, errs.Denied)
		_, err = w.SetAside(ctx, operator(), list[0].ID, " ")
		x.refuses("without a reason", err, errs.Invalid)
		if _, err := w.SetAside(ctx, operator(), list[0].ID, "誤り"); err != nil {
			w.Fatal(err)
		}
		w.drain()
		w.spent(x.firm, w.ruleOf(x), 9, 10)
		x.costs(9, 90, "date")
		again, err := w.SetAside(ctx, operator(), list[0].ID, "別の理由")
		if err != nil || again.Reason != "誤り" {
			w.Errorf("set aside again: %+v, %v", again, err)
		}
		w.nextDay(1)
		w.spent(x.firm, w.ruleOf(x), 9, 19)
	})
}

// costs says what the company is told of what its breaches cost it.
func (x *dealing) costs(daily, percent int, promises ...offer.Promise) {
	x.Helper()
	c, err := x.Cost(x.Context(), x.actor(x.firm.token))
	if err != nil {
		x.Fatal(err)
	}
	var got []offer.Promise
	for _, b := range c.Breaches {
		got = append(got, b.Promise)
	}
	if until := c.Breaches[len(c.Breaches)-1].Day + offer.BreachDays - 1; c.Percent != percent || c.Until != until || !slices.Equal(got, promises) {
		x.Errorf("the breaches %v leave %d%% until %s; want %v, %d%%, %s", got, c.Percent, c.Until, promises, percent, until)
	}
	if d := x.ruleOf(x).Daily; d != daily {
		x.Errorf("the rule may send %d a day, want %d", d, daily)
	}
}

func (w *world) ruleOf(x *dealing) market.Ruled {
	w.Helper()
	r, err := w.Rule(w.Context(), w.actor(x.firm.token), x.rule.ID)
	if err != nil {
		w.Fatal(err)
	}
	return r
}

// A pay below nine tenths of what was offered is a breach by the candidate's word,
// whatever the company said.
func TestFinalPay(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		confirmed int
		want      []string
	}{{540, nil}, {539, []string{"pay"}}} {
		onStores(t, demo(), func(w *world) {
			f := w.firm(1, 0)
			terms := publishable()
			terms.PayMin, terms.PayMax = ptr(600), ptr(900)
			w.order(f, w.post(f, terms), plain())
			p := w.someone(1)
			w.drain()
			x := &dealing{world: w, firm: f, to: p, id: w.first(p).ID}
			w.answer(p, w.first(p), offer.Accept, nil)
			ctx, us, them := w.Context(), w.actor(p.token), w.actor(f.token)
			x.must(w.Proceed(ctx, them, x.id, offer.Hold))
			_, err := w.ConfirmPay(ctx, us, x.id, 600)
			x.refuses("nobody is hired yet", err, errs.Conflict)
			x.must(w.Hire(ctx, them, x.id, ptr(600)))
			x.wantBreaches("the company says 600")
			x.must(w.ConfirmPay(ctx, us, x.id, tt.confirmed))
			x.wantBreaches(fmt.Sprintf("the candidate says %d", tt.confirmed), tt.want...)
		})
	}
}

// The clocks of an accepted offer stand still while nobody can write.
func TestObligationsDuringMaintenance(t *testing.T) {
	t.Parallel()
	onStores(t, demo(), func(w *world) {
		x := dealt(w, "interview")
		before := x.must(w.OfferTo(w.Context(), w.actor(x.to.token), x.id))
		w.begin(market.ReadOnly, time.Time{})
		w.pass(3 * 24 * time.Hour)
		w.end()
		after := x.must(w.OfferTo(w.Context(), w.actor(x.to.token), x.id))
		if moved := after.Dealing.DateBy - before.Dealing.DateBy; moved != 3 || after.Dealing.OwedOn != after.Dealing.DateBy {
			w.Errorf("the date is due %d days later, want 3; owed on %s", moved, after.Dealing.OwedOn)
		}
	})
}

// A reason is told as far as the list of reasons says, and only once the decline
// stands.
func TestReasons(t *testing.T) {
	t.Parallel()
	onStores(t, demo(), func(w *world) {
		f := w.firm(1, 0)
		w.order(f, w.post(f, publishable()), plain())
		ctx, them := w.Context(), w.actor(f.token)
		for i, why := range append(offer.Reasons(), "") {
			p := w.someone(i)
			w.drain()
			o := w.first(p)
			if _, err := w.Decline(ctx, w.actor(p.token), o.ID, "nose"); !errs.Is(err, errs.Invalid) {
				w.Errorf("an unknown reason: %v", err)
			}
			if _, err := w.Decline(ctx, w.actor(p.token), o.ID, why); err != nil {
				w.Fatal(err)
			}
			// The first reason stands: a repeat is taken, another reason is not.
			for again, taken := range map[offer.Reason]bool{why: true, "": true, offer.ReasonPay: why == offer.ReasonPay, offer.ReasonOther: why == offer.ReasonOther} {
				d, err := w.Decline(ctx, w.actor(p.token), o.ID, again)
				if taken && (err != nil || d.Dealing.Reason != why) || !taken && !errs.Is(err, errs.Conflict) {
					w.Errorf("declined for %q, then for %q: %q, %v", why, again, d.Dealing.Reason, err)
				}
			}
			seen, err := w.OfferBy(ctx, them, o.ID)
			if err != nil || seen.Dealing.Reason != "" {
				w.Errorf("%s is told at once as %q, %v", why, seen.Dealing.Reason, err)
			}
			w.pass(6 * time.Minute)
			w.drain()
			want := why
			if !why.Told() {
				want = ""
			}
			seen, err = w.OfferBy(ctx, them, o.ID)
			own, errOwn := w.OfferTo(ctx, w.actor(p.token), o.ID)
			if errors.Join(err, errOwn) != nil || seen.Dealing.Reason != want || own.Dealing.Reason != why {
				w.Errorf("%s is told as %q, and reads as %q, %v", why, seen.Dealing.Reason, own.Dealing.Reason, err)
			}
		}
	})
}
