package storetest

import (
	"context"
	"errors"
	"fmt"

	"enishi/internal/account"
	"enishi/internal/candidate"
	"enishi/internal/company"
	"enishi/internal/corpnum"
	"enishi/internal/day"
	"enishi/internal/errs"
	"enishi/internal/market"
	"enishi/internal/offer"
	"enishi/internal/position"
	"enishi/internal/rule"
)

// Disciplined gives a store that fails a transaction that only a single writer
// would forgive: one that takes locks out of order, writes a row without having
// locked it first, writes an offer that it read before it held its candidate,
// sends or accepts one without the rows that decide over it, or says of a
// record in the log that it has another version than it has. A closure that
// drops the error fails all the same.
func Disciplined(s market.Store) market.Store { return disciplined{s} }

type disciplined struct{ market.Store }

func (d disciplined) Write(ctx context.Context, fn func(market.Tx) error) error {
	return d.Store.Write(ctx, func(tx market.Tx) error {
		t := &watched{
			Tx: tx, held: map[row]hold{}, written: map[row]bool{}, settings: map[string]bool{},
			offers: map[int64]glimpse{}, asked: map[string]int{},
		}
		err := fn(t)
		if err == nil {
			t.checkRows()
			err = t.checkGroups()
		}
		if len(t.faults) > 0 {
			return errors.Join(t.faults...)
		}
		return err
	})
}

// kind is of what a row is, in the order in which locks are taken.
type kind int

const (
	anAccount kind = iota
	aCandidate
	aCompany
	aRule
	aPosition
)

func (k kind) String() string {
	return [...]string{"account", "candidate", "company", "rule", "position"}[k]
}

type row struct {
	kind
	key int64
}

func (r row) String() string { return fmt.Sprintf("%s %d", r.kind, r.key) }

func (r row) below(other row) bool {
	return r.kind < other.kind || r.kind == other.kind && r.key < other.key
}

// hold is a lock: since when it is held, and which version the row has; 0 if
// there is none.
type hold struct {
	since   int
	version int64
}

// glimpse is how a transaction last saw an offer: when, and in which state.
type glimpse struct {
	at      int
	version int64
	state   offer.State
	written bool
}

// watched is one transaction.
type watched struct {
	market.Tx
	clock    int
	last     row
	held     map[row]hold
	written  map[row]bool
	settings map[string]bool
	offers   map[int64]glimpse
	asked    map[string]int // when what was last asked
	rows     []market.Row
	joined   []company.Company
	faults   []error
}

// note notes what is wrong; fault gives it as an error too.
func (t *watched) note(format string, args ...any) {
	t.faults = append(t.faults, errs.Wrap(errs.Internal, "a transaction broke the rules of locks", fmt.Errorf(format, args...)))
}

func (t *watched) fault(format string, args ...any) error {
	t.note(format, args...)
	return t.faults[len(t.faults)-1]
}

// lock notes that a row is about to be locked.
func (t *watched) lock(r row) error {
	t.clock++
	if _, ok := t.held[r]; ok {
		return nil
	}
	if len(t.held) > 0 && r.below(t.last) {
		return t.fault("%s is locked after %s", r, t.last)
	}
	t.last, t.held[r] = r, hold{since: t.clock}
	return nil
}

// keep notes the version that a locked row has.
func (t *watched) keep(r row, version int64, written bool) {
	t.clock++
	h, ok := t.held[r]
	if !ok { // the transaction has added it
		h.since = t.clock
	}
	h.version = version
	t.held[r] = h
	t.written[r] = t.written[r] || written
}

// need fails unless a row is held that is there.
func (t *watched) need(what string, list ...row) error {
	for _, r := range list {
		if h, ok := t.held[r]; !ok || h.version == 0 {
			return t.fault("%s without the lock of %s", what, r)
		}
	}
	return nil
}

func locking[T any](t *watched, r row, read func(int64) (T, error), version func(*T) int64) (T, error) {
	if err := t.lock(r); err != nil {
		var none T
		return none, err
	}
	v, err := read(r.key)
	if err == nil {
		t.keep(r, version(&v), false)
	}
	return v, err
}

func (t *watched) LockAccount(key int64) (account.Account, error) {
	return locking(t, row{anAccount, key}, t.Tx.LockAccount, func(*account.Account) int64 { return 1 })
}

func (t *watched) LockCandidate(key int64) (candidate.Candidate, error) {
	return locking(t, row{aCandidate, key}, t.Tx.LockCandidate, func(c *candidate.Candidate) int64 { return c.Version })
}

func (t *watched) LockCompany(key int64) (company.Company, error) {
	return locking(t, row{aCompany, key}, t.Tx.LockCompany, func(k *company.Company) int64 { return k.Version })
}

func (t *watched) LockRule(key int64) (rule.Rule, error) {
	return locking(t, row{aRule, key}, t.Tx.LockRule, func(r *rule.Rule) int64 { return r.Version })
}

func (t *watched) LockPosition(key int64) (position.Position, error) {
	return locking(t, row{aPosition, key}, t.Tx.LockPosition, (*position.Position).Revision)
}

// saving runs a write of a row that must be held, and adding one of a new row.
func (t *watched) saving(r row, version int64, write func() error) error {
	if err := t.need("saving", r); err != nil {
		return err
	}
	err := write()
	if err == nil {
		t.keep(r, version, true)
	}
	return err
}

func (t *watched) SaveCandidate(c *candidate.Candidate) error {
	return t.saving(row{aCandidate, c.Key}, c.Version, func() error { return t.Tx.SaveCandidate(c) })
}

func (t *watched) SaveRule(r *rule.Rule) error {
	return t.saving(row{aRule, r.Key}, r.Version, func() error { return t.Tx.SaveRule(r) })
}

func (t *watched) SavePosition(p *position.Position) error {
	at := row{aPosition, p.Key}
	if h := t.held[at]; p.Revision() <= h.version {
		return t.fault("%s is saved as revision %d over %d", at, p.Revision(), h.version)
	}
	return t.saving(at, p.Revision(), func() error { return t.Tx.SavePosition(p) })
}

func (t *watched) SaveCompany(k *company.Company) error {
	before, err := t.Company(k.Key)
	if err != nil {
		return err
	}
	return t.saving(row{aCompany, k.Key}, k.Version, func() error {
		if err := t.Tx.SaveCompany(k); err != nil {
			return err
		}
		// Whoever frees its number leaves a group, which lets others do more and bars nothing.
		if !k.Freed && (before.Status == company.Applied || before.Head != k.Head || k.Status == company.Applied) {
			t.joined = append(t.joined, *k)
		}
		return nil
	})
}

func (t *watched) AddCompany(k *company.Company) error {
	if err := t.Tx.AddCompany(k); err != nil {
		return err
	}
	t.keep(row{aCompany, k.Key}, k.Version, true)
	t.joined = append(t.joined, *k)
	return nil
}

// checkGroups verifies that all companies are held whose group has changed,
// and that no other could change one at the same time.
func (t *watched) checkGroups() error {
	for i := range t.joined {
		k := &t.joined[i]
		if k.Status == company.Applied {
			continue
		}
		if !t.settings[market.SettingGroups] {
			t.note("company %d joins a group while others may", k.Key)
		}
		all, err := t.Companies(0, 1<<20)
		if err != nil {
			return err
		}
		t.checkGroup(k, all)
	}
	return nil
}

// checkGroup follows heads, however far; what is only applied for links nobody.
func (t *watched) checkGroup(k *company.Company, all []company.Company) {
	group := map[corpnum.Number]bool{k.Number: true, k.Head: true}
	for grown := true; grown; {
		grown = false
		for _, other := range all {
			if !other.Freed && other.Status != company.Applied && group[other.Number] != group[other.Head] {
				group[other.Number], group[other.Head], grown = true, true, true
			}
		}
	}
	for _, other := range all {
		if !other.Freed && other.Status != company.Applied && group[other.Number] {
			if _, held := t.held[row{aCompany, other.Key}]; !held {
				t.note("company %d joins a group without the lock of company %d", k.Key, other.Key)
			}
		}
	}
}

func (t *watched) AddAccount(a *account.Account) error {
	err := t.Tx.AddAccount(a)
	if err == nil {
		t.keep(row{anAccount, a.Key}, 1, false)
	}
	return err
}

func (t *watched) AddCandidate(c *candidate.Candidate) error {
	err := t.Tx.AddCandidate(c)
	if err == nil {
		t.keep(row{aCandidate, c.Key}, c.Version, true)
	}
	return err
}

func (t *watched) AddRule(r *rule.Rule) error {
	err := t.Tx.AddRule(r)
	if err == nil {
		t.keep(row{aRule, r.Key}, r.Version, true)
	}
	return err
}

func (t *watched) AddPosition(p *position.Position) error {
	err := t.Tx.AddPosition(p)
	if err == nil {
		t.keep(row{aPosition, p.Key}, p.Revision(), true)
	}
	return err
}

func (t *watched) SaveAccount(a *account.Account) error {
	if err := t.need("saving", row{anAccount, a.Key}); err != nil {
		return err
	}
	return t.Tx.SaveAccount(a)
}

func (t *watched) AddSession(s account.Session) error {
	if err := t.need("a session", row{anAccount, s.Account}); err != nil {
		return err
	}
	return t.Tx.AddSession(s)
}

func (t *watched) Sessions(key int64) ([]account.Session, error) {
	if err := t.need("all sessions", row{anAccount, key}); err != nil {
		return nil, err
	}
	return t.Tx.Sessions(key)
}

func (t *watched) AddGuess(key int64, on day.Day) (int, error) {
	if err := t.need("a guess", row{anAccount, key}); err != nil {
		return 0, err
	}
	return t.Tx.AddGuess(key, on)
}

func (t *watched) AddView(v market.View) error {
	if err := t.need("a view", row{aCandidate, v.Candidate}); err != nil {
		return err
	}
	return t.Tx.AddView(v)
}

func (t *watched) AddPreview(key int64, on day.Day, question []byte) (int, error) {
	if err := t.need("a preview", row{aCompany, key}); err != nil {
		return 0, err
	}
	return t.Tx.AddPreview(key, on, question)
}

func (t *watched) Spend(key int64, on, today day.Day, n int) error {
	if err := t.need("spending", row{aRule, key}); err != nil {
		return err
	}
	if err := t.lowered(key, n); err != nil {
		return err
	}
	if n > 0 && t.asked[spentBy(key)] < t.held[row{aRule, key}].since {
		return t.fault("spending of rule %d by what it had spent before it was locked", key)
	}
	return t.Tx.Spend(key, on, today, n)
}

func (t *watched) DeleteCandidate(key int64) error {
	c, err := t.Candidate(key)
	if err != nil {
		return err
	}
	if err := t.need("deleting", row{anAccount, c.Account}, row{aCandidate, key}); err != nil {
		return err
	}
	err = t.Tx.DeleteCandidate(key)
	if err == nil {
		t.keep(row{aCandidate, key}, c.Version+1, true)
	}
	return err
}

func (t *watched) SetSetting(name, value string) error {
	if name == market.SettingGroups && len(t.held) > 0 {
		return t.fault("the groups are locked after %s", t.last)
	}
	t.settings[name] = true
	return t.Tx.SetSetting(name, value)
}

func (t *watched) Append(rows ...*market.Row) error {
	for _, r := range rows {
		t.rows = append(t.rows, *r)
	}
	return t.Tx.Append(rows...)
}

// checkRows verifies that the rows of the log name the versions that they
// leave, and that whatever was written has one.
func (t *watched) checkRows() {
	kinds := map[market.Change]kind{
		market.CandidateChanged: aCandidate, market.CandidateLess: aCandidate, market.CandidateErased: aCandidate,
		market.BlockAdded: aCandidate, market.BlockRemoved: aCandidate,
		market.RuleChanged: aRule, market.RuleLess: aRule, market.PositionChanged: aPosition, market.PositionLess: aPosition,
		market.CompanyChanged: aCompany, market.CompanyLess: aCompany,
	}
	named, offers := map[row]bool{}, map[int64]int64{}
	for _, r := range t.rows {
		if r.Change == market.OfferChanged {
			offers[r.Entity] = max(offers[r.Entity], r.Version)
		}
		of, ok := kinds[r.Change]
		if !ok {
			continue
		}
		at := row{of, r.Entity}
		named[at] = true
		if h, ok := t.held[at]; !ok || h.version != r.Version {
			t.note("the log has version %d of %s; held (%v) is version %d", r.Version, at, ok, h.version)
		}
	}
	for at, written := range t.written {
		if written && !named[at] {
			t.note("%s was written and has no row in the log", at)
		}
	}
	for key, seen := range t.offers {
		if seen.written && offers[key] != seen.version {
			t.note("offer %d has version %d, the log's rows %d", key, seen.version, offers[key])
		}
	}
}
