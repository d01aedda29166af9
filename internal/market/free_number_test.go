package market_test

import (
	"fmt"
	"strings"
	"testing"

	"enishi/internal/company"
	"enishi/internal/corpnum"
	"enishi/internal/errs"
	"enishi/internal/market"
	"enishi/internal/offer"
)

const notTheirs = "登記上の企業とは別の者による登録でした。"

// registers founds a company with a number that another had, and verifies it.
func (w *world) registers(number, head corpnum.Number, name string) firm {
	w.Helper()
	f, err := w.Found(w.Context(), market.Found{Number: number, Head: head, Name: name, Size: 2, Email: name + "@example.jp"}, market.Once{})
	if err != nil {
		w.Fatalf("register with a freed number: %v", err)
	}
	if _, err := w.SetStatus(w.Context(), operator(), f.ID, company.Verified); err != nil {
		w.Fatalf("verify a company with a freed number: %v", err)
	}
	return firm{f.ID, number, f.Token}
}

// suspends suspends a company and frees its number.
func (w *world) frees(f firm) {
	w.Helper()
	if _, err := w.SetStatus(w.Context(), operator(), f.id, company.Suspended); err != nil {
		w.Fatalf("suspend a company: %v", err)
	}
	if _, err := w.FreeNumber(w.Context(), operator(), f.id, notTheirs); err != nil {
		w.Fatalf("free its number: %v", err)
	}
	w.drain()
}

// The number of a company that is suspended is freed once, for a reason, by an operator;
// the company stays suspended, and operators read what it had claimed.
func TestFreeingANumber(t *testing.T) {
	t.Parallel()
	onStores(t, demo(), func(w *world) {
		ctx := w.Context()
		f := w.firm(1, 0)
		owner := w.actor(f.token)
		p := w.post(f, publishable())
		r := w.order(f, p, plain())
		draft, err := w.AddPosition(ctx, owner, publishable(), market.Once{})
		if err != nil {
			w.Fatal(err)
		}
		if _, err := w.Pause(ctx, owner, r.ID); err != nil {
			w.Fatal(err)
		}
		free := func(a market.Actor, reason string) error { return second(w.FreeNumber(ctx, a, f.id, reason)) }
		again := func() error {
			return second(w.Found(ctx, market.Found{Number: f.number, Name: "本物", Size: 2, Email: "real@example.jp"}, market.Once{}))
		}
		wantKind(t, "of one that is verified", free(operator(), notTheirs), errs.Conflict)
		if _, err := w.SetStatus(ctx, operator(), f.id, company.Suspended); err != nil {
			w.Fatal(err)
		}
		wantKind(t, "a sign-up with the number of one that is suspended", again(), errs.Conflict)
		wantKind(t, "by the company", free(owner, notTheirs), errs.Denied)
		wantKind(t, "without a reason", free(operator(), ""), errs.Invalid)
		wantKind(t, "for a reason that is too long", free(operator(), strings.Repeat("長", 501)), errs.Invalid)
		wantKind(t, "of none", second(w.FreeNumber(ctx, operator(), p.ID, notTheirs)), errs.NotFound)
		if err := free(operator(), notTheirs); err != nil {
			w.Fatal(err)
		}
		wantKind(t, "a second time", free(operator(), notTheirs), errs.Conflict)

		wantKind(t, "verify it", second(w.SetStatus(ctx, operator(), f.id, company.Verified)), errs.Conflict)
		_, _, err = w.Activate(ctx, owner, r.ID)
		wantKind(t, "activate a rule of it", err, errs.Conflict)
		wantKind(t, "publish a position of it", second(w.Publish(ctx, owner, draft.ID)), errs.Conflict)
		k, err := w.Applicant(ctx, operator(), f.id)
		if err != nil || !k.Freed || k.Number != f.number || k.Status != company.Suspended || len(k.Decisions) < 2 {
			w.Fatalf("it is %+v, %v", k, err)
		}
		if d := k.Decisions[0]; d.Status != company.NumberFreed || d.Reason != notTheirs {
			w.Errorf("the last decision is %+v", d.Decision)
		}
		entries, _, err := w.Audit(ctx, operator(), market.EntryFilter{What: market.AuditFreeNumber}, 0, 9)
		if err != nil || len(entries) != 1 || entries[0].About != f.id.String() {
			w.Errorf("the audit log has %+v, %v", entries, err)
		}
		if known, err := w.KnownBy(ctx, []corpnum.Number{f.number}); err != nil || known[0].Name != "" {
			w.Errorf("the number is known as %+v, %v", known, err)
		}
		if err := again(); err != nil {
			w.Fatalf("sign up with the freed number: %v", err)
		}
		wantKind(t, "a third sign-up", again(), errs.Conflict)
		list, err := w.FindCompanies(ctx, operator(), f.number.String(), "", 0, 9)
		if err != nil || len(list) != 2 || list[0].ID != f.id || !list[0].Freed || list[1].Freed || list[1].Number != f.number {
			w.Errorf("with the number operators find %+v, %v", list, err)
		}
		if known, err := w.KnownBy(ctx, []corpnum.Number{f.number}); err != nil || known[0].Name != "本物" {
			w.Errorf("the number is known as %+v, %v", known, err)
		}
	})
}

// Who has blocked a number has blocked whoever has it next, from the first moment; the
// one that had it before, and the group that it had named, bind nobody.
func TestBlocksOfAFreedNumber(t *testing.T) {
	t.Parallel()
	onStores(t, demo(), func(w *world) {
		parent := w.firm(1, 0)
		old := w.firm(2, parent.number)
		child := w.firm(3, old.number)
		for _, f := range []firm{parent, old, child} {
			w.order(f, w.post(f, publishable()), plain())
		}
		blocking := w.someone(1, func(in *market.SignUp) { in.Blocks = []corpnum.Number{old.number} })
		working := w.someone(2, func(in *market.SignUp) { in.Employers = append(in.Employers, employed(old.number)) })
		free := w.someone(3)
		w.drain()
		w.wantStates(working)
		w.wantStates(free, offer.Sent, offer.Sent, offer.Sent)
		before := len(w.states(blocking))

		w.frees(old)
		w.wantStates(working, offer.Sent) // of the parent: nobody says now that it is of their employer's group
		w.sound()
		next := w.registers(old.number, 0, "next")
		w.order(next, w.post(next, publishable()), plain())
		w.drain()
		w.wantStates(working, offer.Sent)
		if n := len(w.states(blocking)); n != before {
			w.Errorf("who blocks the number has %d offers, had %d", n, before)
		}
		if got := w.states(free); len(got) != 4 || got[3] != offer.Sent {
			w.Errorf("whom nothing bars has %v, want one more", got)
		}
		w.sound()
		w.Market = w.open() // from the rows alone
		w.drain()
		w.wantStates(working, offer.Sent)
		w.wantStates(w.someone(4, func(in *market.SignUp) { in.Employers = append(in.Employers, employed(child.number)) }), offer.Sent)
		w.sound()
	})
}

// A company of a trial goes with its trial, which finds it by its number.
func TestNoNumberOfATrialIsFreed(t *testing.T) {
	t.Parallel()
	onStores(t, demo(), func(w *world) {
		r := w.rehearse(0)
		if _, err := w.SetStatus(w.Context(), operator(), r.firm.id, company.Suspended); err != nil {
			w.Fatal(err)
		}
		wantKind(t, "the number of a trial's company", second(w.FreeNumber(w.Context(), operator(), r.firm.id, notTheirs)), errs.Conflict)
	})
}

// Of operators who free a number at once one does, and of those who sign up with it
// meanwhile at most one has it.
func TestRacingForANumber(t *testing.T) {
	t.Parallel()
	for _, demo := range []bool{false, true} {
		t.Run(fmt.Sprintf("demo=%v", demo), func(t *testing.T) {
			t.Parallel()
			onCrowds(t, market.Auto, demo, func(c *crowd) {
				parent := c.firm(1, 0)
				for round := range 4 {
					f := c.firm(10+round, parent.number)
					if _, err := c.SetStatus(c.Context(), operator(), f.id, company.Suspended); err != nil {
						c.Fatal(err)
					}
					sign := func(h *history, i int) error {
						return second(h.Found(h.Context(), market.Found{
							Number: f.number, Head: parent.number, Name: "次", Size: 2, Email: fmt.Sprintf("n%d-%d@example.jp", round, i),
						}, market.Once{}))
					}
					list := c.race(4*processes, func(i int, h *history) error {
						if i%2 == 0 {
							return second(h.FreeNumber(h.Context(), operator(), f.id, notTheirs))
						}
						return sign(h, i)
					})
					c.must(list)
					freed, signed := 0, 0
					for i, err := range list {
						switch {
						case err != nil:
						case i%2 == 0:
							freed++
						default:
							signed++
						}
					}
					if freed != 1 || signed > 1 {
						c.Errorf("%d operators freed the number and %d signed up with it, want 1 and at most 1", freed, signed)
					}
					if err := sign(c.history, 99); (signed == 1) != errs.Is(err, errs.Conflict) || signed == 0 && err != nil {
						c.Errorf("after %d sign-ups, another is answered %v", signed, err)
					}
				}
			})
		})
	}
}
