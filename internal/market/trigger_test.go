package market_test

import (
	"testing"

	"enishi/internal/account"
	"enishi/internal/candidate"
	"enishi/internal/company"
	"enishi/internal/corpnum"
	"enishi/internal/errs"
	"enishi/internal/market"
	"enishi/internal/offer"
	"enishi/internal/position"
)

// encounter is one candidate and one rule.
type encounter struct {
	*world
	who  market.Actor
	firm firm
	post position.Position
	rule market.Ruled
}

func (e *encounter) must(err error) {
	e.Helper()
	if err != nil {
		e.Fatalf("change something: %v", err)
	}
}

func (e *encounter) candidate() candidate.Candidate {
	e.Helper()
	c, err := e.Candidate(e.Context(), e.who)
	e.must(err)
	return c
}

func (e *encounter) wishes(pay int) {
	e.Helper()
	_, err := e.SetWishes(e.Context(), e.who, e.candidate().Version, atLeast("pay_min", pay))
	e.must(err)
}

func (e *encounter) profile(pay int) {
	e.Helper()
	_, err := e.SetProfile(e.Context(), e.who, e.candidate().Version, candidate.Profile{Pay: &pay})
	e.must(err)
}

func (e *encounter) settings(open bool, limit int) {
	e.Helper()
	_, err := e.SetSettings(e.Context(), e.who, e.candidate().Version, market.Settings{Open: open, WeeklyLimit: limit, Language: "ja"})
	e.must(err)
}

func (e *encounter) blocks(list []corpnum.Number, employers []candidate.Employment) {
	e.Helper()
	_, err := e.SetBlocks(e.Context(), e.who, e.candidate().Version, list, employers)
	e.must(err)
}

func (e *encounter) owner() market.Actor {
	e.Helper()
	return e.actor(e.firm.token)
}

func (e *encounter) ask(most int) {
	e.Helper()
	r, err := e.Rule(e.Context(), e.owner(), e.rule.ID)
	e.must(err)
	in := plain()
	in.Position, in.Must = e.post.ID, atMost("pay", most)
	_, err = e.SetRule(e.Context(), e.owner(), e.rule.ID, r.Version, in)
	e.must(err)
}

func (e *encounter) pause() {
	e.Helper()
	_, err := e.Pause(e.Context(), e.owner(), e.rule.ID)
	e.must(err)
}

func (e *encounter) status(s company.Status) {
	e.Helper()
	_, err := e.SetStatus(e.Context(), operator(), e.firm.id, s)
	e.must(err)
}

func (e *encounter) pays(pay int) {
	e.Helper()
	p, err := e.Position(e.Context(), e.owner(), e.post.ID)
	e.must(err)
	terms := publishable()
	terms.PayMin, terms.PayMax = &pay, ptr(pay+100)
	_, err = e.SetPosition(e.Context(), e.owner(), e.post.ID, p.Version, terms)
	e.must(err)
	_, err = e.Publish(e.Context(), e.owner(), e.post.ID)
	e.must(err)
}

// meet makes an encounter in which everything holds but what before undoes: the
// rule is there first, and before runs between the sign-up and its offers.
func meet(w *world, before func(*encounter)) *encounter {
	w.Helper()
	e := &encounter{world: w, firm: w.firm(1, 0)}
	e.post = w.post(e.firm, publishable())
	in := plain()
	in.Must = atMost("pay", 500)
	e.rule = w.order(e.firm, e.post, in)
	w.drain()
	between := func() {
		w.Helper()
		for key := range readRows(w, w.records.Store).candidates {
			e.who = market.Actor{Kind: account.Candidate, Candidate: key}
		}
		before(e)
	}
	atSignUp := func() { w.records.before.Store(&between) } // the next are its offers
	w.records.before.Store(&atSignUp)
	p := w.someone(1, func(in *market.SignUp) { in.Profile.Pay, in.Wishes = ptr(400), atLeast("pay_min", 300) })
	if e.who.Candidate == 0 {
		w.Fatal("nothing came between the sign-up and its offers")
	}
	if _, err := w.Authenticate(w.Context(), p.token); err != nil && !errs.Is(err, errs.Unauthenticated) {
		w.Fatalf("authenticate: %v", err)
	}
	return e
}

// TestOffersAreVerifiedAgain changes what a pair matched on after it has been
// proposed and before its offer is written; then changes it back.
func TestOffersAreVerifiedAgain(t *testing.T) {
	t.Parallel()
	own := numbered(1)
	for name, c := range map[string]struct {
		undo func(*encounter)
		redo func(*encounter) // nil: there is no way back
	}{
		"wishes":  {func(e *encounter) { e.wishes(9000) }, func(e *encounter) { e.wishes(300) }},
		"profile": {func(e *encounter) { e.profile(600) }, func(e *encounter) { e.profile(400) }},
		"closed":  {func(e *encounter) { e.settings(false, 10) }, func(e *encounter) { e.settings(true, 10) }},
		"limit":   {func(e *encounter) { e.settings(true, 0) }, func(e *encounter) { e.settings(true, 1) }},
		"block":   {func(e *encounter) { e.blocks([]corpnum.Number{own}, nil) }, func(e *encounter) { e.blocks(nil, nil) }},
		"current employer": {
			func(e *encounter) { e.blocks(nil, []candidate.Employment{employed(own)}) },
			func(e *encounter) { e.blocks(nil, []candidate.Employment{{Number: own}}) },
		},
		"must":      {func(e *encounter) { e.ask(300) }, func(e *encounter) { e.ask(500) }},
		"paused":    {func(e *encounter) { e.pause() }, func(e *encounter) { _, _, err := e.Activate(e.Context(), e.owner(), e.rule.ID); e.must(err) }},
		"suspended": {func(e *encounter) { e.status(company.Suspended) }, func(e *encounter) { e.status(company.Verified) }},
		"terms":     {func(e *encounter) { e.pays(200) }, func(e *encounter) { e.pays(400) }},
		"position closed": {func(e *encounter) {
			_, err := e.Close(e.Context(), e.owner(), e.post.ID)
			e.must(err)
		}, nil},
		"erased": {func(e *encounter) { e.must(e.Erase(e.Context(), e.who)) }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onStores(t, demo(), func(w *world) {
				e := meet(w, c.undo)
				offers := func() int { return len(readRows(w, w.records.Store).offers) }
				if n := offers(); n != 0 {
					w.Fatalf("the sign-up made %d offers", n)
				}
				w.drain()
				if n := offers(); n != 0 {
					w.Fatalf("the matcher made %d offers", n)
				}
				if c.redo == nil {
					return
				}
				c.redo(e)
				w.drain()
				if n := offers(); n != 1 {
					w.Fatalf("after the way back there are %d offers, want 1", n)
				}
			})
		})
	}
	t.Run("nothing", func(t *testing.T) {
		t.Parallel()
		onStores(t, demo(), func(w *world) {
			meet(w, func(*encounter) {})
			for _, o := range readRows(w, w.records.Store).offers {
				if o.State != offer.Sent {
					w.Fatalf("the offer of the sign-up is %s", o.State)
				}
				return
			}
			w.Fatal("the sign-up made no offer")
		})
	})
}
