package store

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"enishi/internal/account"
	"enishi/internal/candidate"
	"enishi/internal/company"
	"enishi/internal/errs"
	"enishi/internal/market"
	"enishi/internal/offer"
	"enishi/internal/position"
	"enishi/internal/rule"
)

// Bulk loads a whole market into an empty database, in one transaction. fn
// gives it the rows, whose keys must be set and ascend; if it or the commit
// fails, the database is as empty as before. A database that holds anything
// but settings is Conflict, as are two rows where one is allowed, which may
// only show when fn is done.
func (s *Store) Bulk(ctx context.Context, fn func(*Bulk) error) error {
	_, err := s.once(ctx, s.writers, true, func(t *tx) error {
		if err := t.unused(); err != nil {
			return err
		}
		if s.dialect.BulkStart != nil {
			if err := s.dialect.BulkStart(bulkExec{t}); err != nil {
				return err
			}
		}
		b := newBulk(t)
		if err := errors.Join(fn(b), b.end()); err != nil {
			return err
		}
		if s.dialect.BulkEnd != nil {
			return s.dialect.BulkEnd(bulkExec{t})
		}
		return nil
	})
	return err
}

// Unused is nil while the database holds nothing but settings, else the
// Conflict that Bulk would give.
func (s *Store) Unused(ctx context.Context) error {
	return s.again(ctx, s.readers, false, (*tx).unused)
}

func (t *tx) unused() error {
	held, err := t.holds()
	if err == nil && held != "" {
		err = errs.New(errs.Conflict, "the database is not empty: it holds "+held+"; choose another data folder, or remove this one first")
	}
	return err
}

// holds lists what is in the database, with its number: "3 companies, 1 rule".
func (t *tx) holds() (string, error) {
	var found []string
	for _, noun := range []struct{ table, one, many string }{
		{"account", "account", "accounts"},
		{"candidate", "candidate", "candidates"},
		{"company", "company", "companies"},
		{"position", "position", "positions"},
		{"rule", "rule", "rules"},
		{"offer", "offer", "offers"},
		{"log", "row of the log", "rows of the log"},
	} {
		n, err := one(t, noun.many, func(row scanner, n *int) error { return row.Scan(n) },
			"SELECT COUNT(*) FROM "+noun.table)
		if err != nil {
			return "", err
		}
		switch {
		case n == 1:
			found = append(found, "1 "+noun.one)
		case n > 1:
			found = append(found, fmt.Sprintf("%d %s", n, noun.many))
		}
	}
	return strings.Join(found, ", "), nil
}

// Bulk takes the rows of a market. It belongs to the function that it was
// given to, and to one goroutine.
type Bulk struct {
	t *tx

	log, accounts, sessions, candidates, blocks, employers, views, companies, members *batch
	positions, terms, rules, musts, spends, offers, dealings, breaches                *batch
}

func newBulk(t *tx) *Bulk {
	return &Bulk{
		t:          t,
		log:        newBatch(t, "INSERT INTO log (id, pos, kind, entity, version, at) VALUES (?, ?, ?, ?, ?, ?)"),
		accounts:   newBatch(t, withKey(insertAccount)),
		sessions:   newBatch(t, insertSession),
		candidates: newBatch(t, withKey(insertCandidate)),
		blocks:     newBatch(t, insertBlock),
		employers:  newBatch(t, insertEmployer),
		views:      newBatch(t, withKey(insertView)),
		companies:  newBatch(t, withKey(insertCompany)),
		members:    newBatch(t, insertMember),
		positions:  newBatch(t, withKey(insertPosition)),
		terms:      newBatch(t, insertTerms),
		rules:      newBatch(t, withKey(insertRule)),
		musts:      newBatch(t, insertMust),
		spends:     newBatch(t, insertSpend),
		offers:     newBatch(t, withKey(insertOffer)),
		dealings:   newBatch(t, insertDealing),
		breaches:   newBatch(t, withKey(insertBreach)),
	}
}

// end writes what is still held back, and what follows from the rest.
func (b *Bulk) end() error {
	for _, x := range []*batch{
		b.log, b.accounts, b.sessions, b.candidates, b.blocks, b.employers, b.views, b.companies, b.members,
		b.positions, b.terms, b.rules, b.musts, b.spends, b.offers, b.dealings, b.breaches,
	} {
		if err := x.flush(); err != nil {
			return err
		}
	}
	_, err := b.t.update("add up what was spent",
		"UPDATE rule SET spent = (SELECT COALESCE(SUM(d.spent), 0) FROM rule_day d WHERE d.rule = rule.id)")
	return err
}

// All takes everything of a market.
func (b *Bulk) All(s market.Snapshot) error {
	for name, value := range s.Settings {
		if err := b.Setting(name, value); err != nil {
			return err
		}
	}
	return first(
		func() error { return every(s.Rows, b.Row) },
		func() error { return every(s.Accounts, b.Account) },
		func() error { return every(s.Sessions, b.Session) },
		func() error { return every(s.Candidates, b.Candidate) },
		func() error { return every(s.Views, b.View) },
		func() error { return every(s.Companies, b.Company) },
		func() error { return every(s.Members, b.Member) },
		func() error { return every(s.Positions, b.Position) },
		func() error { return every(s.Versions, b.Version) },
		func() error { return every(s.Rules, b.Rule) },
		func() error { return every(s.Musts, b.Must) },
		func() error { return every(s.Spends, b.Spend) },
		func() error { return every(s.Offers, b.Offer) },
		func() error { return every(s.Dealings, b.Dealing) },
		func() error { return every(s.Breaches, b.Breach) },
	)
}

func first(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func every[T any](rows func(func(*T) bool), take func(*T) error) error {
	for row := range rows {
		if err := take(row); err != nil {
			return err
		}
	}
	return nil
}

// Setting takes a setting of the installation.
func (b *Bulk) Setting(name, value string) error { return b.t.SetSetting(name, value) }

// Row takes a row of the change log; its Pos is its key.
func (b *Bulk) Row(r *market.Row) error {
	return b.log.add(r.Pos, []any{r.Pos, string(r.Change), r.Entity, r.Version, micros(r.At)})
}

// Account takes an account.
func (b *Bulk) Account(a *account.Account) error { return b.accounts.add(a.Key, accountValues(a)) }

// Session takes a session.
func (b *Bulk) Session(s *account.Session) error { return b.sessions.append(sessionValues(s)) }

// Candidate takes a candidate with blocks and employers.
func (b *Bulk) Candidate(c *candidate.Candidate) error {
	values, err := candidateValues(c)
	if err != nil {
		return err
	}
	if err := b.candidates.add(c.Key, values); err != nil {
		return err
	}
	for _, n := range c.Blocks {
		if err := b.blocks.append([]any{c.Key, int64(n)}); err != nil {
			return err
		}
	}
	for _, e := range c.Employers {
		if err := b.employers.append([]any{c.Key, int64(e.Number), e.Current}); err != nil {
			return err
		}
	}
	return nil
}

// View takes a view.
func (b *Bulk) View(v *market.View) error {
	return b.views.add(v.Key, []any{v.Candidate, v.Company, micros(v.At)})
}

// Company takes a company.
func (b *Bulk) Company(c *company.Company) error { return b.companies.add(c.Key, companyValues(c)) }

// Member takes a member.
func (b *Bulk) Member(m *company.Member) error {
	return b.members.append([]any{m.Account, m.Company, string(m.Role)})
}

// Position takes a position with its newest terms.
func (b *Bulk) Position(p *position.Position) error {
	if err := b.positions.add(p.Key, positionValues(p)); err != nil {
		return err
	}
	return b.Version(&market.Version{Position: p.Key, Version: p.Version, Terms: p.Terms})
}

// Version takes the terms of a version of a position that is not its newest.
func (b *Bulk) Version(v *market.Version) error {
	terms, err := text(v.Terms)
	if err != nil {
		return err
	}
	return b.terms.append([]any{v.Position, v.Version, terms})
}

// Rule takes a rule; what it has spent comes by Spend alone.
func (b *Bulk) Rule(r *rule.Rule) error {
	values, err := ruleValues(r)
	if err != nil {
		return err
	}
	return b.rules.add(r.Key, values)
}

// Must takes what an earlier version of a rule asked.
func (b *Bulk) Must(m *market.Must) error {
	must, err := text(m.Must)
	if err != nil {
		return err
	}
	return b.musts.append([]any{m.Rule, m.Version, must})
}

// Spend takes what a rule used of its budget on a day.
func (b *Bulk) Spend(s *market.Spend) error { return b.spends.append([]any{s.Rule, s.On, s.N}) }

// Offer takes an offer.
func (b *Bulk) Offer(o *offer.Offer) error { return b.offers.add(o.Key, offerValues(o)) }

// Dealing takes what is known of an offer beside its row.
func (b *Bulk) Dealing(d *offer.Dealing) error {
	values, err := dealingValues(d)
	if err != nil {
		return err
	}
	return b.dealings.append(append(values, d.CandidateRead, d.CompanyRead))
}

// Breach takes a breach.
func (b *Bulk) Breach(x *offer.Breach) error { return b.breaches.add(x.Key, breachValues(x)) }
