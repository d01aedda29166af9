package market_test

import (
	"errors"
	"testing"

	"enishi/internal/company"
	"enishi/internal/errs"
	"enishi/internal/market"
	"enishi/internal/offer"
)

// ended is a company whose offers something ends: one in each state that is
// open, one accepted, and one declined for good. Everybody works for the
// company that is to join its group.
type ended struct {
	*world
	firm   firm
	rule   market.Ruled
	joined firm // has applied; not in a demo
	post   market.Delivered
	people map[offer.State]person
}

const joining = 9

func endable(w *world) *ended {
	w.Helper()
	e := &ended{world: w, firm: w.firm(1, 0), people: map[offer.State]person{}}
	if !w.options.Demo {
		f, err := w.Found(w.Context(), market.Found{
			Number: numbered(joining), Head: e.firm.number, Name: "子会社", Size: 2, Email: "k9@example.jp",
		}, market.Once{})
		if err != nil {
			w.Fatal(err)
		}
		e.joined = firm{f.ID, numbered(joining), f.Token}
	}
	e.rule = w.order(e.firm, w.post(e.firm, publishable()), plain())
	for i, state := range []offer.State{offer.Reserved, offer.Sent, offer.Seen, offer.Declined, offer.Accepted} {
		p := w.someone(i, func(in *market.SignUp) { in.Employers = append(in.Employers, employed(numbered(joining))) })
		e.people[state] = p
		if state == offer.Reserved {
			continue
		}
		if err := w.Confirm(w.Context(), w.actor(p.token), p.code); err != nil {
			w.Fatal(err)
		}
		e.post = w.first(p)
		switch state {
		case offer.Seen:
			if _, err := w.OfferTo(w.Context(), w.actor(p.token), e.post.ID); err != nil {
				w.Fatal(err)
			}
		case offer.Declined:
			w.answer(p, e.post, offer.Decline, nil)
		case offer.Accepted:
			w.answer(p, e.post, offer.Accept, nil)
		}
	}
	w.drain()
	return e
}

// do ends the company's offers in one of the ways there are.
func (e *ended) do(how string) error {
	var err error
	switch how {
	case "close":
		_, err = e.Close(e.Context(), e.actor(e.firm.token), e.post.PositionID)
	case "suspend":
		_, err = e.SetStatus(e.Context(), operator(), e.firm.id, company.Suspended)
	case "verify":
		_, err = e.SetStatus(e.Context(), operator(), e.joined.id, company.Verified)
	case "found":
		_, err = e.Found(e.Context(), market.Found{
			Number: numbered(joining), Head: e.firm.number, Name: "子会社", Size: 2, Email: "k9@example.jp",
		}, market.Once{})
	}
	return err
}

// verify holds that all is ended that was open, and that what was reserved has
// come back to the rule, once.
func (e *ended) verify(what string) {
	e.Helper()
	reserved := offer.Lapsed
	spent := 4
	if e.options.Demo {
		reserved, spent = offer.Withdrawn, 5 // it was sent at once
	}
	for state, want := range map[offer.State]offer.State{
		offer.Reserved: reserved, offer.Sent: offer.Withdrawn, offer.Seen: offer.Withdrawn,
		offer.Declined: offer.Declined, offer.Accepted: offer.Accepted,
	} {
		if got := e.states(e.people[state]); len(got) != 1 || got[0] != want {
			e.Errorf("%s: what was %s is %v, want %s", what, state, got, want)
		}
	}
	rows := readRows(e, e.records.Store)
	for key, n := range rows.spent {
		if n != spent {
			e.Errorf("%s: rule %d has spent %d, want %d", what, key, n, spent)
		}
	}
	for _, o := range rows.offers {
		if o.Open() {
			e.Errorf("%s: offer %d is %s, due %v", what, o.Key, o.State, o.DueAt)
		}
	}
}

// Wherever a process is killed between what ends offers and their withdrawal,
// and wherever the matcher is killed after it, they are withdrawn, once.
func TestWithdrawalsKilledAnywhere(t *testing.T) {
	t.Parallel()
	for name, open := range stores() {
		for _, how := range []string{"close", "suspend", "verify", "found"} {
			t.Run(name+"/"+how, func(t *testing.T) {
				t.Parallel()
				o := market.Options{Mode: market.Auto, Demo: how == "found"}
				between, kills := 0, 0
				for at := int64(1); ; at++ {
					for then := int64(1); ; then++ {
						e := endable(newWorld(t, open(t), o))
						committed, died := e.killed(at, func() error { return e.do(how) })
						if !committed && died {
							if err := e.do(how); err != nil {
								t.Fatalf("killed at transaction %d and repeated: %v", at, err)
							}
						}
						_, again := e.killed(then, func() error {
							if err := e.Tend(e.Context()); err != nil {
								return err
							}
							return e.Drain(e.Context())
						})
						e.drain()
						e.verify(how)
						switch {
						case died && again && committed:
							between++
						case died:
							kills++
						}
						if again {
							continue
						}
						if !died {
							if between < 1 || kills < 2 {
								t.Errorf("killed %d times between the two halves, %d times else", between, kills)
							}
							return // both need fewer transactions
						}
						break
					}
				}
			})
		}
	}
}

// killed kills the process in a transaction that it writes and starts it
// again; it says whether something was committed, and whether it came that far.
func (w *world) killed(at int64, do func() error) (committed, died bool) {
	w.Helper()
	before := w.appended()
	w.records.lives.Store(at)
	err := do()
	died = w.records.dead.Load()
	w.records.lives.Store(0)
	w.records.dead.Store(false)
	if err != nil && !errors.Is(err, errKilled) {
		w.Fatal(err)
	}
	if died {
		w.Market = w.open()
	}
	return w.appended() > before, died
}

// appended counts the rows of the log, also those that have no position yet.
func (w *world) appended() int64 {
	w.Helper()
	var n int64
	err := w.records.Store.Read(w.Context(), func(tx market.Tx) error {
		head, err := tx.Head()
		if err != nil {
			return err
		}
		waiting, err := tx.Unnumbered()
		n = head + waiting
		return err
	})
	if err != nil {
		w.Fatal(err)
	}
	return n
}

// halfway ends the company's offers and kills the process before it withdraws
// them.
func (e *ended) halfway(how string) {
	e.Helper()
	for at := range int64(4) { // a store may run each transaction twice
		if committed, died := e.killed(at+1, func() error { return e.do(how) }); committed {
			if !died {
				break
			}
			return
		}
	}
	e.Fatal("the process was not killed between the two halves")
}

// Between what ends an offer and its withdrawal nobody can accept it, undo a
// decline of it, or have it sent to them.
func TestNothingIsAcceptedInBetween(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"close", "suspend", "verify"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			onStores(t, market.Options{Mode: market.Auto}, func(w *world) {
				e := endable(w)
				e.halfway(how)
				for state, a := range map[offer.State]offer.Action{
					offer.Sent: offer.Accept, offer.Seen: offer.Accept, offer.Declined: offer.Undo,
				} {
					p := e.people[state]
					e.answer(p, e.first(p), a, errs.New(errs.Conflict, ""))
					if got := e.states(p); got[0] != state {
						e.Errorf("what was %s is %v after a refusal", state, got)
					}
				}
				p := e.people[offer.Reserved]
				if err := e.Confirm(e.Context(), e.actor(p.token), p.code); err != nil {
					e.Fatal(err)
				}
				e.wantStates(p, offer.Lapsed)
				e.spent(e.firm, e.rule, 4, 4)
				e.drain()
				e.verify(how)
			})
		})
	}
}

// A suspension that is lifted before its offers are withdrawn has ended them
// all the same.
func TestALiftedSuspension(t *testing.T) {
	t.Parallel()
	onStores(t, market.Options{Mode: market.Auto}, func(w *world) {
		e := endable(w)
		e.halfway("suspend")
		if _, err := e.SetStatus(e.Context(), operator(), e.firm.id, company.Verified); err != nil {
			w.Fatal(err)
		}
		e.wantStates(e.people[offer.Sent], offer.Withdrawn)
		e.wantStates(e.people[offer.Seen], offer.Withdrawn)
	})
}
