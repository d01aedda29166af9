package market

import (
	"cmp"
	"iter"
	"maps"
	"slices"

	"enishi/internal/account"
	"enishi/internal/candidate"
	"enishi/internal/company"
	"enishi/internal/condition"
	"enishi/internal/day"
	"enishi/internal/offer"
	"enishi/internal/position"
	"enishi/internal/rule"
)

// Snapshot is every row of a market but replies, previews and guesses, which
// live a day, saved searches, messages, the audit log, and what access.go of a store keeps. Each sequence is in
// the order of its keys. The rows must not be modified.
type Snapshot struct {
	Settings   iter.Seq2[string, string]
	Rows       iter.Seq[*Row]
	Accounts   iter.Seq[*account.Account]
	Sessions   iter.Seq[*account.Session]
	Candidates iter.Seq[*candidate.Candidate]
	Views      iter.Seq[*View]
	Companies  iter.Seq[*company.Company]
	Members    iter.Seq[*company.Member]
	Positions  iter.Seq[*position.Position] // with their newest terms
	Versions   iter.Seq[*Version]           // all but the newest of each position
	Rules      iter.Seq[*rule.Rule]
	Musts      iter.Seq[*Must] // of versions of rules before their newest
	Spends     iter.Seq[*Spend]
	Offers     iter.Seq[*offer.Offer]
	Dealings   iter.Seq[*offer.Dealing]
	Breaches   iter.Seq[*offer.Breach]
}

// Version is the terms of one version of a position.
type Version struct {
	Position, Version int64
	Terms             position.Terms
}

// Must is what an earlier version of a rule asked.
type Must struct {
	Rule, Version int64
	Must          condition.Condition
}

// Spend is what a rule used of its budget on a day.
type Spend struct {
	Rule int64
	On   day.Day
	N    int
}

// Everything gives all that is stored. Nobody may write until the last
// sequence has been read.
func (m *Memory) Everything() Snapshot {
	return Snapshot{
		Settings: func(yield func(string, string) bool) {
			for _, name := range slices.Sorted(maps.Keys(m.settings)) {
				if !yield(name, m.settings[name]) {
					return
				}
			}
		},
		Rows: func(yield func(*Row) bool) {
			for i := range m.log {
				if !yield(&m.log[i]) {
					return
				}
			}
		},
		Accounts:   m.accounts.all(),
		Sessions:   sorted(m.sessions, func(_ string, s account.Session) *account.Session { return &s }, cmp.Compare),
		Candidates: m.candidates.all(),
		Views:      m.views.all(),
		Companies:  m.companies.all(),
		Members:    sorted(m.members, func(_ int64, v company.Member) *company.Member { return &v }, cmp.Compare),
		Positions:  m.positions.all(),
		Versions: func(yield func(*Version) bool) {
			for v := range sorted(m.terms, versionOf, versionOrder) {
				if m.positions.find(v.Position).Version != v.Version && !yield(v) {
					return
				}
			}
		},
		Rules:    m.rules.all(),
		Musts:    sorted(m.musts, func(_ version, x *Must) *Must { return x }, versionOrder),
		Spends:   sorted(m.spentOn, spendOf, spendOrder),
		Offers:   m.offers.all(),
		Dealings: sorted(m.dealings, func(_ int64, d offer.Dealing) *offer.Dealing { return &d }, cmp.Compare),
		Breaches: m.breaches.all(),
	}
}

func versionOf(k version, terms *position.Terms) *Version {
	return &Version{k.position, k.version, *terms}
}

func versionOrder(a, b version) int {
	return cmp.Or(cmp.Compare(a.position, b.position), cmp.Compare(a.version, b.version))
}

func spendOf(k spendKey, n int) *Spend { return &Spend{k.rule, k.on, n} }

func spendOrder(a, b spendKey) int {
	return cmp.Or(cmp.Compare(a.rule, b.rule), cmp.Compare(a.on, b.on))
}

// all gives the rows by key.
func (x *table[T]) all() iter.Seq[*T] {
	return func(yield func(*T) bool) {
		for _, row := range x.rows {
			if row != nil && !yield(row) {
				return
			}
		}
	}
}

// sorted gives what of makes of the entries of a map, in the order of its keys.
func sorted[K comparable, V, T any](m map[K]V, of func(K, V) *T, order func(K, K) int) iter.Seq[*T] {
	return func(yield func(*T) bool) {
		for _, k := range slices.SortedFunc(maps.Keys(m), order) {
			if !yield(of(k, m[k])) {
				return
			}
		}
	}
}
