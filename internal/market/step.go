package market

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"enishi/internal/candidate"
	"enishi/internal/company"
	"enishi/internal/condition"
	"enishi/internal/day"
	"enishi/internal/errs"
	"enishi/internal/offer"
	"enishi/internal/position"
	"enishi/internal/rule"
)

// Proposal is a pair that the populations hold to match.
type Proposal struct {
	Rule      int64
	Candidate int64
	Score     int
	tie       [sha256.Size]byte
}

// compareProposals puts the best first.
func compareProposals(a, b Proposal) int {
	return cmp.Or(cmp.Compare(b.Score, a.Score), bytes.Compare(a.tie[:], b.tie[:]))
}

// Fence is the matcher's: the transaction notes how far the log is matched.
// Sign-up's is empty.
type Fence struct{ Matched int64 }

// stepPairs is how many pairs one transaction tries: its locks are held for a
// few milliseconds.
const stepPairs = 100

// stepped is what a step did.
type stepped struct {
	made      []offer.Offer
	exhausted map[int64]bool // rules without budget left today
	full      map[int64]bool // candidates without room left today
}

// Step makes the offers that are due among up to 100 proposals, best first, in
// one transaction: it locks their rows, verifies each match on them, and takes
// budget and room. A pair that no longer matches, or that has had its offer, is
// passed over, so a repeat changes nothing.
func (m *Market) step(ctx context.Context, tx Tx, proposals []Proposal, fence Fence) (stepped, error) {
	var done stepped
	if len(proposals) > 0 {
		s, err := m.locked(tx, proposals)
		if err != nil {
			return stepped{}, err
		}
		for _, p := range proposals {
			if err := s.try(p); err != nil {
				return stepped{}, fmt.Errorf("offer of rule %d to candidate %d: %w", p.Rule, p.Candidate, err)
			}
		}
		done = s.done
	}
	if fence.Matched > 0 {
		if err := tx.SetSetting(settingMatched, strconv.FormatInt(fence.Matched, 10)); err != nil {
			return stepped{}, err
		}
	}
	return done, ctx.Err()
}

// locked gives a stepper that holds the locks of proposals.
func (m *Market) locked(tx Tx, proposals []Proposal) (*stepper, error) {
	s := &stepper{
		market: m, tx: tx,
		done:       stepped{exhausted: map[int64]bool{}, full: map[int64]bool{}},
		candidates: map[int64]*suitor{}, offerings: map[int64]*purse{}, kin: kinship{},
	}
	return s, s.lock(proposals)
}

// suitor is a locked candidate within a step.
type suitor struct {
	candidate candidate.Candidate
	record    condition.Record
	positions map[int64]bool // reached or live
	rules     map[int64]bool
	taken     int
}

// purse is a locked rule within a step.
type purse struct {
	offering
	terms        condition.Record
	daily        int // budget that breaches of the company leave
	today, total int
}

func (p *purse) left() bool { return p.today < p.daily && p.total < p.rule.TotalBudget }

type stepper struct {
	market     *Market
	tx         Tx
	today      day.Day
	at         time.Time
	done       stepped
	candidates map[int64]*suitor
	offerings  map[int64]*purse
	kin        kinship
}

// lock takes every lock of the step, in the order that all writers keep:
// candidates, companies, rules, positions, each by key. All else is read under
// them, the log's day too: the step is as of that moment. Rows that are gone
// leave no entry.
func (s *stepper) lock(proposals []Proposal) error {
	var candidates, companies, rules, positions []int64
	for _, p := range proposals {
		candidates, rules = append(candidates, p.Candidate), append(rules, p.Rule)
	}
	for _, key := range distinct(rules) {
		r, err := s.tx.Rule(key)
		if errs.Is(err, errs.NotFound) {
			continue
		}
		if err != nil {
			return err
		}
		// These two never change.
		companies, positions = append(companies, r.Company), append(positions, r.Position)
	}
	lockedCandidates, err := lockAll("candidate", candidates, s.tx.LockCandidate)
	if err != nil {
		return err
	}
	lockedCompanies, err := lockAll("company", companies, s.tx.LockCompany)
	if err != nil {
		return err
	}
	lockedRules, err := lockAll("rule", rules, s.tx.LockRule)
	if err != nil {
		return err
	}
	lockedPositions, err := lockAll("position", positions, s.tx.LockPosition)
	if err != nil {
		return err
	}
	if s.today, err = logDay(s.tx); err != nil {
		return err
	}
	s.at = s.market.moment(s.today)
	for _, key := range sortedKeys(lockedCandidates) {
		if err := s.openDoor(lockedCandidates[key]); err != nil {
			return fmt.Errorf("offers to candidate %d: %w", key, err)
		}
	}
	for _, key := range sortedKeys(lockedRules) {
		r := lockedRules[key]
		if err := s.openPurse(r, lockedCompanies[r.Company], lockedPositions[r.Position]); err != nil {
			return err
		}
	}
	return nil
}

// openDoor reads what a candidate has been offered.
func (s *stepper) openDoor(c candidate.Candidate) (err error) {
	held := &suitor{candidate: c, record: c.Record(s.today)}
	if held.positions, held.rules, err = s.tx.ReachedTo(c.Key); err != nil {
		return err
	}
	if held.taken, err = s.tx.Taken(c.Key, s.today-(candidate.LimitDays-1)); err != nil {
		return err
	}
	s.candidates[c.Key] = held
	return nil
}

// openPurse reads what a rule offers, of the rows that are locked, and what it
// has spent.
func (s *stepper) openPurse(r rule.Rule, k company.Company, at position.Position) error {
	o, err := offeringOf(s.tx, r, k, at, s.kin)
	if err != nil {
		return err
	}
	p := &purse{offering: *o, terms: o.position.Terms.Record(o.offered())}
	if p.today, p.total, err = s.tx.Spent(r.Key, s.today); err != nil {
		return fmt.Errorf("budget of rule %d: %w", r.Key, err)
	}
	breaches, err := breachesOf(s.tx, r.Company, s.today)
	if err != nil {
		return err
	}
	p.daily = offer.DailyBudget(r.DailyBudget, breaches)
	s.offerings[r.Key] = p
	return nil
}

// try makes one offer if it is due.
func (s *stepper) try(p Proposal) error {
	to, from := s.candidates[p.Candidate], s.offerings[p.Rule]
	if to == nil || from == nil || !s.due(to, from) {
		return nil
	}
	auto := s.market.options.Mode == Auto
	if auto && !from.left() {
		s.done.exhausted[p.Rule] = true
		return nil
	}
	if auto && to.taken >= to.candidate.WeeklyLimit {
		s.done.full[p.Candidate] = true
		return nil
	}
	before, err := s.tx.OfferOfPair(p.Rule, p.Candidate)
	switch {
	case notFoundIsNil(err) != nil:
		return err
	case before.Key != 0 && !to.candidate.Confirmed:
		// It lapsed once: an address that nobody confirms would otherwise
		// hold the budget for ever, a day at a time.
		return nil
	}
	made, err := s.make(to, from, p.Score, before)
	if err != nil {
		return err
	}
	to.rules[from.rule.Key] = true
	if auto { // what is only proposed does not keep another rule from asking
		to.positions[from.position.Key] = true
		if err := s.tx.Spend(p.Rule, s.today, s.today, 1); err != nil {
			return err
		}
		from.today, from.total, to.taken = from.today+1, from.total+1, to.taken+1
	}
	s.done.made = append(s.done.made, made)
	return nil
}

// due evaluates the match on the locked rows, and whether the pair still
// lacks its offer.
func (s *stepper) due(to *suitor, from *purse) bool {
	return !to.positions[from.position.Key] && !to.rules[from.rule.Key] &&
		matches(&to.candidate, to.record, &from.offering, from.terms, s.today)
}

// matches is the definition of a match: evaluated on rows, without an index.
func matches(c *candidate.Candidate, record condition.Record, o *offering, terms condition.Record, today day.Day) bool {
	return c.Trial == o.company.Trial && c.Open && o.running() && o.rule.Sends(today) &&
		!c.Blocked(o.company.Number, o.group) &&
		o.rule.Age.Admits(c.Profile.BirthMonth, today) &&
		o.rule.Must.Holds(record) && c.Wishes.Holds(terms)
}

// make writes the offer: a new row, or the lapsed one of the pair again, which
// is the zero value if there is none.
func (s *stepper) make(to *suitor, from *purse, score int, o offer.Offer) (offer.Offer, error) {
	again := o.Key != 0
	var err error
	if !again {
		if o.ID, err = uuid.NewV7(); err != nil {
			return offer.Offer{}, fmt.Errorf("make an id: %w", err)
		}
	}
	o.Version++
	o.Candidate, o.Company, o.Rule, o.Position = to.candidate.Key, from.company.Key, from.rule.Key, from.position.Key
	o.PositionVersion, o.RuleVersion, o.CandidateSeen = from.position.PublishedVersion, from.rule.Version, to.candidate.Version
	o.Kind, o.Age, o.Sender, o.Score = from.rule.Kind, from.rule.Age, offer.Auto, score
	o.SentAt, o.SentDay = s.at, s.today
	o.ExpiresOn = s.today + day.Day(from.rule.OfferDays)
	o.State, o.DueAt = s.firstState(&to.candidate)
	if again {
		err = s.tx.SaveOffer(&o)
	} else {
		err = s.tx.AddOffer(&o)
	}
	if err != nil {
		return offer.Offer{}, err
	}
	return o, s.tx.Append(&Row{Change: OfferChanged, Entity: o.Key, Version: o.Version, At: s.at})
}

// firstState gives the state in which an automatic offer begins, and when it
// lapses.
func (s *stepper) firstState(c *candidate.Candidate) (offer.State, time.Time) {
	switch {
	case s.market.options.Mode == Approve:
		return offer.Proposed, s.at.Add(offer.ProposeWindow)
	case !c.Confirmed:
		return offer.Reserved, s.at.Add(offer.ReserveWindow)
	}
	return offer.Sent, time.Time{}
}

// distinct gives the keys ascending, each once.
func distinct(keys []int64) []int64 {
	out := slices.Clone(keys)
	slices.Sort(out)
	return slices.Compact(out)
}

// logDay gives the log's day as the transaction sees it.
func logDay(tx Tx) (day.Day, error) {
	s, err := tx.Setting(settingDay)
	if err != nil {
		return 0, err
	}
	d, err := day.Parse(s)
	if err != nil {
		return 0, fmt.Errorf("setting %s: %w", settingDay, err)
	}
	return d, nil
}

func numberSetting(tx Tx, name string) (int64, error) {
	s, err := tx.Setting(name)
	if err != nil || s == "" {
		return 0, err
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("setting %s: %w", name, err)
	}
	return n, nil
}
