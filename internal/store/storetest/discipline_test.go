package storetest_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"enishi/internal/account"
	"enishi/internal/candidate"
	"enishi/internal/company"
	"enishi/internal/condition"
	"enishi/internal/corpnum"
	"enishi/internal/errs"
	"enishi/internal/market"
	"enishi/internal/offer"
	"enishi/internal/position"
	"enishi/internal/rule"
	"enishi/internal/store/storetest"
)

// Everybody is the condition that holds of all.
func everybody() condition.Condition { return condition.Condition{Op: condition.All} }

var now = time.Date(2026, time.November, 24, 1, 0, 0, 0, time.UTC)

// stand gives a store with two rows of each kind and an offer of the first
// ones to the first candidate, all of version 1.
func stand(t *testing.T) market.Store {
	t.Helper()
	s := market.NewMemory()
	err := s.Write(t.Context(), func(tx market.Tx) error {
		if err := tx.SetSetting("day", "2026-11-24"); err != nil {
			return err
		}
		for i := int64(1); i <= 2; i++ {
			number := corpnum.From(700_000_000_000 + i)
			for _, err := range []error{
				tx.AddAccount(&account.Account{ID: uuid.New(), Kind: account.Candidate, EmailHash: []byte{byte(i)}}),
				tx.AddCandidate(&candidate.Candidate{ID: uuid.New(), Account: i, Version: 1, Wishes: everybody()}),
				tx.AddCompany(&company.Company{ID: uuid.New(), Version: 1, Number: number, Head: corpnum.From(700_000_000_001), Status: company.Verified}),
				tx.AddRule(&rule.Rule{ID: uuid.New(), Version: 1, Company: i, Position: i, Must: everybody()}),
				tx.AddPosition(&position.Position{ID: uuid.New(), Company: i, Version: 1}),
			} {
				if err != nil {
					return err
				}
			}
		}
		return tx.AddOffer(sent(1, offer.Sent))
	})
	if err != nil {
		t.Fatalf("fill the store: %v", err)
	}
	return storetest.Disciplined(s)
}

func sent(of int64, state offer.State) *offer.Offer {
	return &offer.Offer{
		ID: uuid.New(), Version: 1, Candidate: of, Company: of, Rule: of, Position: of, State: state, Sender: offer.Auto, SentAt: now,
	}
}

// steps runs what does something in a transaction until one fails.
func steps(list ...func(market.Tx) error) func(market.Tx) error {
	return func(tx market.Tx) error {
		for _, step := range list {
			if err := step(tx); err != nil {
				return err
			}
		}
		return nil
	}
}

func second[T any](_ T, err error) error { return err }

func candidateOf(key int64) func(market.Tx) error {
	return func(tx market.Tx) error { return second(tx.LockCandidate(key)) }
}

func companyOf(key int64) func(market.Tx) error {
	return func(tx market.Tx) error { return second(tx.LockCompany(key)) }
}

func ruleOf(key int64) func(market.Tx) error {
	return func(tx market.Tx) error { return second(tx.LockRule(key)) }
}

func positionOf(key int64) func(market.Tx) error {
	return func(tx market.Tx) error { return second(tx.LockPosition(key)) }
}

func accountOf(key int64) func(market.Tx) error {
	return func(tx market.Tx) error { return second(tx.LockAccount(key)) }
}

func groups(tx market.Tx) error { return tx.SetSetting(market.SettingGroups, "1") }

// asked reads what an offer to the second candidate is made by.
func asked(tx market.Tx) error {
	if _, err := tx.Setting("day"); err != nil {
		return err
	}
	if _, err := tx.Group(1); err != nil {
		return err
	}
	if _, _, err := tx.Spent(2, 0); err != nil {
		return err
	}
	if _, _, err := tx.ReachedTo(2); err != nil {
		return err
	}
	if _, err := tx.Counting(2, 0); err != nil {
		return err
	}
	return second(tx.Taken(2, 0))
}

func made(tx market.Tx) error {
	o := sent(2, offer.Sent)
	if err := tx.AddOffer(o); err != nil {
		return err
	}
	if err := tx.Spend(2, 0, 0, 1); err != nil {
		return err
	}
	return tx.Append(&market.Row{Change: market.OfferChanged, Entity: o.Key, Version: 1, At: now})
}

// turn moves the offer to a state.
func turn(to offer.State) func(market.Tx) error {
	return steps(func(tx market.Tx) error { return second(tx.Offer(1)) }, save(to))
}

// save moves the offer to a state as it was read outside the transaction.
func save(to offer.State) func(market.Tx) error {
	return func(tx market.Tx) error {
		o := *sent(1, to)
		o.Key, o.Version = 1, 2
		if err := tx.SaveOffer(&o); err != nil {
			return err
		}
		return tx.Append(&market.Row{Change: market.OfferChanged, Entity: 1, Version: o.Version, At: now})
	}
}

func saveCandidate(version int64) func(market.Tx) error {
	return func(tx market.Tx) error {
		c, err := tx.Candidate(1)
		if err != nil {
			return err
		}
		c.Version++
		if err := tx.SaveCandidate(&c); err != nil {
			return err
		}
		return tx.Append(&market.Row{Change: market.CandidateChanged, Entity: 1, Version: version, At: now})
	}
}

func saveRule(tx market.Tx) error {
	r, err := tx.Rule(1)
	if err != nil {
		return err
	}
	r.Version++
	if err := tx.SaveRule(&r); err != nil {
		return err
	}
	return tx.Append(&market.Row{Change: market.RuleLess, Entity: 1, Version: r.Version, At: now})
}

func publish(tx market.Tx) error {
	p, err := tx.Position(1)
	if err != nil {
		return err
	}
	p.State, p.PublishedVersion = position.Published, p.Version
	if err := tx.SavePosition(&p); err != nil {
		return err
	}
	return tx.Append(&market.Row{Change: market.PositionChanged, Entity: 1, Version: p.Revision(), At: now})
}

func suspend(tx market.Tx) error {
	k, err := tx.Company(1)
	if err != nil {
		return err
	}
	k.Version++
	k.Status = company.Suspended
	if err := tx.SaveCompany(&k); err != nil {
		return err
	}
	return tx.Append(&market.Row{Change: market.CompanyLess, Entity: 1, Version: k.Version, At: now})
}

// join registers a company of the others' group.
func join(tx market.Tx) error {
	k := &company.Company{ID: uuid.New(), Version: 1, Number: corpnum.From(700_000_000_003), Head: corpnum.From(700_000_000_001), Status: company.Verified}
	if err := tx.AddCompany(k); err != nil {
		return err
	}
	return tx.Append(&market.Row{Change: market.CompanyChanged, Entity: k.Key, Version: 1, At: now})
}

// TestDiscipline holds the oracle to what it is to catch, and to what it must let pass.
func TestDiscipline(t *testing.T) {
	t.Parallel()
	all := steps(candidateOf(2), companyOf(2), ruleOf(2), positionOf(2))
	for name, c := range map[string]struct {
		do func(market.Tx) error
		ok bool
	}{
		"an offer is made":                         {steps(all, asked, made), true},
		"without its candidate":                    {steps(companyOf(2), ruleOf(2), positionOf(2), asked, made), false},
		"without its company":                      {steps(candidateOf(2), ruleOf(2), positionOf(2), asked, made), false},
		"without its rule":                         {steps(candidateOf(2), companyOf(2), positionOf(2), asked, made), false},
		"without its position":                     {steps(candidateOf(2), companyOf(2), ruleOf(2), asked, made), false},
		"by counts of before the locks":            {steps(asked, all, made), false},
		"by counts that were never asked":          {steps(all, made), false},
		"locks by kind":                            {steps(accountOf(1), candidateOf(1), companyOf(1), ruleOf(1), positionOf(1)), true},
		"a kind out of order":                      {steps(ruleOf(1), companyOf(1)), false},
		"an account after its candidate":           {steps(candidateOf(1), accountOf(1)), false},
		"a key out of order":                       {steps(candidateOf(2), candidateOf(1)), false},
		"a lock that is held":                      {steps(candidateOf(1), candidateOf(2), candidateOf(1)), true},
		"an offer is seen":                         {steps(candidateOf(1), turn(offer.Seen)), true},
		"an offer is saved without its candidate":  {turn(offer.Seen), false},
		"an offer is saved that was read before":   {steps(func(tx market.Tx) error { return second(tx.Offer(1)) }, candidateOf(1), save(offer.Seen)), false},
		"an offer is saved that was not read":      {steps(candidateOf(1), save(offer.Seen)), false},
		"an offer is accepted":                     {steps(candidateOf(1), companyOf(1), positionOf(1), turn(offer.Accepted)), true},
		"an offer is accepted without the rest":    {steps(candidateOf(1), turn(offer.Accepted)), false},
		"a candidate is saved":                     {steps(candidateOf(1), saveCandidate(2)), true},
		"a candidate is saved without the lock":    {saveCandidate(2), false},
		"a candidate is saved by another's lock":   {steps(candidateOf(2), saveCandidate(2)), false},
		"a row names an old version":               {steps(candidateOf(1), saveCandidate(1)), false},
		"a rule is saved":                          {steps(ruleOf(1), saveRule), true},
		"a rule is saved without the lock":         {saveRule, false},
		"a position is published":                  {steps(positionOf(1), publish), true},
		"a position is published without the lock": {publish, false},
		"a company is suspended":                   {steps(companyOf(1), suspend), true},
		"a company is suspended without the lock":  {suspend, false},
		"a company joins":                          {steps(groups, companyOf(1), companyOf(2), join), true},
		"a company joins beside others":            {steps(companyOf(1), companyOf(2), join), false},
		"a company joins without a member":         {steps(groups, companyOf(1), join), false},
		"a session without its account":            {func(tx market.Tx) error { return tx.AddSession(account.Session{Account: 1}) }, false},
		"sessions without their account":           {func(tx market.Tx) error { return second(tx.Sessions(1)) }, false},
		"a view without its candidate":             {func(tx market.Tx) error { return tx.AddView(market.View{Candidate: 1, Company: 1}) }, false},
		"a preview without its company":            {func(tx market.Tx) error { return second(tx.AddPreview(1, 0, []byte{1})) }, false},
		"a guess without its account":              {func(tx market.Tx) error { return second(tx.AddGuess(1, 0)) }, false},
		"an erasure":                               {steps(accountOf(1), candidateOf(1), erase), true},
		"an erasure without its account":           {steps(candidateOf(1), erase), false},
		"a fault that is passed over": {func(tx market.Tx) error {
			_ = tx.Spend(1, 0, 0, 1) // what the oracle noted must come back all the same
			return nil
		}, false},
	} {
		err := stand(t).Write(t.Context(), c.do)
		if c.ok && err != nil || !c.ok && !errs.Is(err, errs.Internal) {
			t.Errorf("%s: %v, want it to pass: %v", name, err, c.ok)
		}
	}
}

func erase(tx market.Tx) error {
	if err := tx.DeleteCandidate(1); err != nil {
		return err
	}
	return tx.Append(&market.Row{Change: market.CandidateErased, Entity: 1, Version: 2, At: now})
}
