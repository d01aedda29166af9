package storetest

import (
	"context"
	"errors"
	"testing"

	"github.com/google/uuid"

	"enishi/internal/account"
	"enishi/internal/errs"
	"enishi/internal/market"
	"enishi/internal/offer"
)

func transactions() map[string]func(*testing.T, market.Store) {
	return map[string]func(*testing.T, market.Store){
		"an error undoes everything":           anErrorUndoes,
		"a panic undoes everything":            aPanicUndoes,
		"a conflict leaves the rest":           aConflictLeavesTheRest,
		"a transaction sees its own writes":    seesItsOwn,
		"writing where one may only read":      writingInRead,
		"a transaction that has ended":         ended,
		"a context that has ended":             endedContext,
		"a context that ends inside":           endsInside,
		"the error of the closure comes back":  errorComesBack,
		"keys of what was undone are not seen": keysAreNotSeen,
	}
}

// touchEverything writes to every table, changes and deletes too.
func touchEverything(tx market.Tx) error {
	a := newAccount(account.Candidate, "touch")
	a.Confirmed = true
	o := newOffer(1, 1)
	p, r, k := newPosition(1), newRule(1, 1), newCompany(9)
	steps := []func() error{
		func() error { return tx.AddAccount(a) },
		func() error { a.Password = "x"; return tx.SaveAccount(a) },
		func() error { return tx.AddSession(account.Session{TokenHash: []byte("t"), Account: a.Key}) },
		func() error {
			c := newCandidate(a.Key)
			if err := tx.AddCandidate(c); err != nil {
				return err
			}
			c.Version++
			c.Open = false
			if err := tx.SaveCandidate(c); err != nil {
				return err
			}
			if err := tx.AddView(market.View{Candidate: c.Key, Company: 1, At: when}); err != nil {
				return err
			}
			return tx.DeleteCandidate(c.Key)
		},
		func() error { return tx.AddCompany(k) },
		func() error { k.Version++; k.Head = 5; k.Number++; return tx.SaveCompany(k) },
		func() error { _, err := tx.AddPreview(k.Key, today, []byte("q")); return err },
		func() error { return tx.AddPosition(p) },
		func() error { p.Version++; return tx.SavePosition(p) },
		func() error { return tx.AddRule(r) },
		func() error { r.Version++; r.Position = 2; return tx.SaveRule(r) },
		func() error { return tx.Spend(r.Key, today, today, 3) },
		func() error { return tx.AddOffer(o) },
		func() error {
			o.Version++
			o.State, o.AnsweredAt = offer.Accepted, when
			o.DueAt = when
			return tx.SaveOffer(o)
		},
		func() error {
			return tx.Append(&market.Row{Change: market.OfferChanged, Entity: o.Key, Version: 1, At: when})
		},
		func() error { return tx.SetSetting("seed", "2") },
		func() error { return tx.AddReply(market.Reply{Scope: "s", Key: "k", At: when}) },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// sight is what can be seen of touchEverything, and of what was there before.
type sight struct {
	Head       int64
	Setting    string
	Accounts   int
	Candidates int
	Companies  int
	Positions  int
	Rules      int
	Offers     int
	Ending     int
	Due        int
	Accepted   int
	Group      int
	Errors     []errs.Kind // of look-ups by key
}

func look(t *testing.T, s market.Store) sight {
	t.Helper()
	return load(t, s, func(tx market.Tx) (sight, error) {
		var v sight
		var failed []error
		keep := func(err error) {
			failed = append(failed, err)
			v.Errors = append(v.Errors, errs.KindOf(err))
		}
		var err error
		v.Head, err = tx.Head()
		failed = append(failed, err)
		v.Setting, err = tx.Setting("seed")
		failed = append(failed, err)
		v.Accounts = count(tx.Accounts(account.Candidate, newAccount("", "touch").EmailHash))
		v.Candidates = count(tx.Candidates(0, 100))
		v.Companies = count(tx.Companies(0, 100))
		v.Positions = count(tx.PositionsOf(1, 0, 100))
		v.Rules = count(tx.RulesOf(1, 0, 100))
		v.Offers = count(tx.OffersTo(1, 0, 100))
		v.Ending = count(tx.Ending(today+100, 100))
		v.Due = count(tx.Due(when.AddDate(1, 0, 0), 100))
		v.Group = count(tx.Group(5))
		all, err := tx.AllAnswers(when, when.AddDate(1, 0, 0), 0)
		v.Accepted = all[1].Accepted
		failed = append(failed, err)
		for _, err := range []error{
			second(tx.Session([]byte("t"))), second(tx.Account(1)), second(tx.CandidateByAccount(1)), second(tx.FindReply("s", "k")),
			second(tx.Offer(1)), second(tx.Rule(1)), second(tx.Company(1)), second(tx.Position(1)), second(tx.Terms(1, 2)),
		} {
			keep(err)
		}
		for _, err := range failed {
			if err != nil && !errs.Is(err, errs.NotFound) {
				return v, err
			}
		}
		return v, nil
	})
}

func count[T any](list []T, err error) int {
	if err != nil {
		return -1
	}
	return len(list)
}

func second[T any](_ T, err error) error { return err }

func anErrorUndoes(t *testing.T, s market.Store) {
	before := look(t, s)
	err := s.Write(t.Context(), func(tx market.Tx) error {
		if err := touchEverything(tx); err != nil {
			return err
		}
		return errStop
	})
	if !errors.Is(err, errStop) {
		t.Fatalf("Write = %v, want what the closure gave", err)
	}
	want(t, "after an error", look(t, s), before)
	write(t, s, touchEverything) // nothing of the first try may stand in its way
	after := look(t, s)
	if after.Head != 1 || after.Offers != 1 || after.Accepted != 1 || after.Due != 1 || after.Group != 1 {
		t.Errorf("after the second try there is %+v", after)
	}
	if err := s.Write(t.Context(), func(tx market.Tx) error {
		on, err := tx.OffersTo(1, 0, 1)
		if err != nil {
			return err
		}
		o := on[0]
		o.Version++
		o.State, o.DueAt, o.AnsweredAt = offer.Sent, when.AddDate(5, 0, 0), when.AddDate(-1, 0, 0)
		return errors.Join(tx.SaveOffer(&o), tx.SetSetting("seed", "3"), errStop)
	}); !errors.Is(err, errStop) {
		t.Fatalf("Write = %v, want what the closure gave", err)
	}
	want(t, "after another error", look(t, s), after)
}

func aPanicUndoes(t *testing.T, s market.Store) {
	before := look(t, s)
	func() {
		defer func() {
			if got := recover(); got != "thrown" {
				t.Errorf("the panic came out as %v", got)
			}
		}()
		_ = s.Write(t.Context(), func(tx market.Tx) error {
			if err := touchEverything(tx); err != nil {
				return err
			}
			panic("thrown")
		})
	}()
	want(t, "after a panic", look(t, s), before)
	write(t, s, touchEverything)
}

func aConflictLeavesTheRest(t *testing.T, s market.Store) {
	write(t, s, func(tx market.Tx) error {
		if err := tx.AddOffer(newOffer(1, 1)); err != nil {
			return err
		}
		wantKind(t, "AddOffer of a second", tx.AddOffer(newOffer(1, 1)), errs.Conflict)
		_, err := tx.Offer(77)
		wantKind(t, "Offer(77)", err, errs.NotFound)
		return tx.AddOffer(with(newOffer(2, 1), func(o *offer.Offer) { o.Rule = 2 }))
	})
	got := load(t, s, func(tx market.Tx) ([]offer.Offer, error) { return tx.OffersOn(1, 0, 10) })
	if len(got) != 2 {
		t.Errorf("%d offers are there, want both that were no conflict", len(got))
	}
}

func seesItsOwn(t *testing.T, s market.Store) {
	write(t, s, func(tx market.Tx) error {
		o := newOffer(1, 1)
		if err := tx.AddOffer(o); err != nil {
			return err
		}
		got, err := tx.OfferByID(o.ID)
		want(t, "OfferByID in the same transaction", got, *o)
		n, err2 := tx.Taken(1, today)
		if n != 1 {
			t.Errorf("Taken in the same transaction = %d, want 1", n)
		}
		return errors.Join(err, err2)
	})
}

func writingInRead(t *testing.T, s market.Store) {
	write(t, s, touchEverything)
	for name, fn := range map[string]func(market.Tx) error{
		"AddOffer":      func(tx market.Tx) error { return tx.AddOffer(newOffer(5, 5)) },
		"Append":        func(tx market.Tx) error { return tx.Append(&market.Row{At: when}) },
		"SetSetting":    func(tx market.Tx) error { return tx.SetSetting("a", "b") },
		"Spend":         func(tx market.Tx) error { return tx.Spend(1, today, today, 1) },
		"LockCandidate": func(tx market.Tx) error { return second(tx.LockCandidate(1)) },
		"LockCompany":   func(tx market.Tx) error { return second(tx.LockCompany(1)) },
		"LockPosition":  func(tx market.Tx) error { return second(tx.LockPosition(1)) },
		"LockRule":      func(tx market.Tx) error { return second(tx.LockRule(1)) },
		"AddPreview":    func(tx market.Tx) error { return second(tx.AddPreview(1, today, []byte("x"))) },
		"DropOld":       func(tx market.Tx) error { return second(tx.DropOld(market.AgedReplies, when, 1)) },
		"TrimLog":       func(tx market.Tx) error { return second(tx.TrimLog(1)) },
		"AddMail":       func(tx market.Tx) error { return tx.AddMail(&market.Mail{CreatedAt: when}) },
		"DueMails":      func(tx market.Tx) error { return second(tx.DueMails(when, 1)) },
		"AddRun":        func(tx market.Tx) error { return tx.AddRun(&market.Run{Job: "a", Started: when}) },
		"AddFigure":     func(tx market.Tx) error { return tx.AddFigure(market.Figure{Name: "a", N: 1}) },
	} {
		err := s.Read(t.Context(), fn)
		wantKind(t, name+" in a transaction that reads", err, errs.Internal)
		if err == nil {
			t.Errorf("%s in a transaction that reads went through", name)
		}
	}
}

func ended(t *testing.T, s market.Store) {
	var late market.Tx
	write(t, s, func(tx market.Tx) error {
		late = tx
		return nil
	})
	if err := late.AddOffer(newOffer(1, 1)); err == nil {
		t.Error("AddOffer after the end of its transaction went through")
	}
	if _, err := late.Head(); err == nil {
		t.Error("Head after the end of its transaction went through")
	}
	want(t, "offers", load(t, s, func(tx market.Tx) ([]offer.Offer, error) { return tx.OffersTo(1, 0, 9) }), nil)
}

func endedContext(t *testing.T, s market.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	called := false
	fn := func(market.Tx) error { called = true; return nil }
	for name, run := range map[string]func(context.Context, func(market.Tx) error) error{"Write": s.Write, "Read": s.Read} {
		if err := run(ctx, fn); !errors.Is(err, context.Canceled) {
			t.Errorf("%s with a context that has ended = %v, want context.Canceled", name, err)
		}
	}
	if called {
		t.Error("the closure was run although the context had ended")
	}
}

func endsInside(t *testing.T, s market.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	err := s.Write(ctx, func(tx market.Tx) error {
		if err := tx.AddOffer(newOffer(1, 1)); err != nil {
			return err
		}
		cancel()
		if err := tx.AddOffer(newOffer(2, 2)); !errors.Is(err, context.Canceled) {
			t.Errorf("AddOffer after the end of the context = %v, want context.Canceled", err)
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Write whose context ended inside = %v, want context.Canceled", err)
	}
	want(t, "offers", load(t, s, func(tx market.Tx) ([]offer.Offer, error) { return tx.OffersTo(1, 0, 9) }), nil)
	addOffers(t, s, newOffer(1, 1)) // the store still works
}

func errorComesBack(t *testing.T, s market.Store) {
	err := s.Read(t.Context(), func(market.Tx) error { return errs.Wrap(errs.Denied, "no", errStop) })
	if !errors.Is(err, errStop) || !errs.Is(err, errs.Denied) {
		t.Errorf("Read = %v, want the closure's error and its kind", err)
	}
}

func keysAreNotSeen(t *testing.T, s market.Store) {
	var keys []int64
	for range 3 {
		o := newOffer(1, 1)
		err := s.Write(t.Context(), func(tx market.Tx) error { return errors.Join(tx.AddOffer(o), errStop) })
		if !errors.Is(err, errStop) {
			t.Fatalf("Write = %v, want what the closure gave", err)
		}
		keys = append(keys, o.Key)
	}
	for _, key := range keys {
		missing(t, s, "Offer of a key that was undone", func(tx market.Tx) (offer.Offer, error) { return tx.Offer(key) })
	}
	missing(t, s, "OfferByID(nil)", func(tx market.Tx) (offer.Offer, error) { return tx.OfferByID(uuid.Nil) })
}
