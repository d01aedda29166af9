package market_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/google/go-cmp/cmp"

	"enishi/internal/candidate"
	"enishi/internal/company"
	"enishi/internal/corpnum"
	"enishi/internal/day"
	"enishi/internal/market"
	"enishi/internal/offer"
	"enishi/internal/position"
	"enishi/internal/rule"
)

// recorder is a store that verifies every transaction on its own rows before
// it commits, and keeps each version of everything. Writes go one at a time, so
// that what it keeps has the order of the commits.
type recorder struct {
	market.Store

	mu         sync.Mutex
	candidates versions[candidate.Candidate]
	rules      versions[rule.Rule]
	terms      versions[position.Terms]
	companies  map[int64]company.Company
	offers     map[int64]offer.Offer
	toOf       map[int64][]int64 // offers by candidate
	ofRule     map[int64][]int64 // offers by rule
	made       int
	faults     []string

	beside  bool        // writes go beside each other, as the store lets them
	stirred atomic.Bool // something was closed, or joined a group, since it was last looked at

	pause  atomic.Bool            // maintenance is being ended: clocks are extended, and nothing else happens
	dead   atomic.Bool            // the process that writes has been killed
	lives  atomic.Int64           // above 0: it is killed at the end of so many transactions more
	before atomic.Pointer[func()] // called once, before the next transaction that writes
}

// errKilled is what becomes of a transaction of a killed process.
var errKilled = errors.New("killed")

// versions keeps each version of each row.
type versions[T any] map[int64]map[int64]T

func (v versions[T]) keep(key, version int64, row T) {
	if v[key] == nil {
		v[key] = map[int64]T{}
	}
	v[key][version] = row
}

func record(s market.Store) *recorder {
	return &recorder{
		Store: s, candidates: versions[candidate.Candidate]{}, rules: versions[rule.Rule]{}, terms: versions[position.Terms]{},
		companies: map[int64]company.Company{}, offers: map[int64]offer.Offer{}, toOf: map[int64][]int64{}, ofRule: map[int64][]int64{},
	}
}

func (r *recorder) Write(ctx context.Context, fn func(market.Tx) error) error {
	if r.beside {
		return r.writeBeside(ctx, fn)
	}
	if f := r.before.Swap(nil); f != nil {
		(*f)()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	var t *recording
	err := r.Store.Write(ctx, func(tx market.Tx) error {
		t = &recording{pause: r.pause.Load(), Tx: tx, before: r.offers, offers: map[int64]offer.Offer{}, spent: map[int64]int{}}
		if err := fn(t); err != nil {
			return err
		}
		if r.dead.Load() || r.lives.Load() > 0 && r.lives.Add(-1) == 0 {
			r.dead.Store(true)
			return errKilled
		}
		return r.check(t)
	})
	if err == nil {
		r.keep(t)
	}
	return err
}

// writeBeside verifies what a transaction can see of itself while others
// write: it must not see more, since its locks are to keep them away.
func (r *recorder) writeBeside(ctx context.Context, fn func(market.Tx) error) error {
	var t *recording
	err := r.Store.Write(ctx, func(tx market.Tx) error {
		t = &recording{Tx: tx, before: map[int64]offer.Offer{}, offers: map[int64]offer.Offer{}, spent: map[int64]int{}, looks: true}
		if err := fn(t); err != nil {
			return err
		}
		return t.checkBeside()
	})
	if err == nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.keep(t)
	}
	return err
}

// checkBeside verifies a transaction by what it reads at its end.
func (t *recording) checkBeside() error {
	t.checkLog()
	for key, o := range t.offers {
		before := t.before[key].State
		fresh := before == "" || before == offer.Lapsed || before == offer.Proposed && taking(&o)
		if fresh && o.State != offer.Lapsed {
			t.made++
			if err := t.sound(&o); err != nil {
				return err
			}
			if err := t.paced(&o); err != nil {
				return err
			}
		}
		if err := t.checkAccepted(before, &o); err != nil {
			return err
		}
	}
	return nil
}

// paced verifies that a rule and a candidate have not spent and taken more
// than they may.
func (t *recording) paced(o *offer.Offer) error {
	if !taking(o) {
		return nil
	}
	x, err := t.Rule(o.Rule)
	if err != nil {
		return err
	}
	today, total, err := t.Spent(o.Rule, o.SentDay)
	if err != nil {
		return err
	}
	c, err := t.Candidate(o.Candidate)
	if err != nil {
		return err
	}
	taken, err := t.Taken(o.Candidate, o.SentDay-6)
	if err != nil {
		return err
	}
	daily, err := lowered(t, &x, o.SentDay)
	if err != nil {
		return err
	}
	if today > daily || total > x.TotalBudget || taken > c.WeeklyLimit {
		t.fault("offer %d: rule %d has spent %d of %d that day, %d of %d in all; candidate %d has %d of %d",
			o.Key, o.Rule, today, daily, total, x.TotalBudget, o.Candidate, taken, c.WeeklyLimit)
	}
	return nil
}

func (r *recorder) keep(t *recording) {
	for _, c := range t.candidates {
		r.candidates.keep(c.Key, c.Version, c)
	}
	for _, x := range t.rules {
		r.rules.keep(x.Key, x.Version, x)
	}
	for _, p := range t.positions {
		r.terms.keep(p.Key, p.Version, p.Terms)
	}
	for _, k := range t.companies {
		if r.companies[k.Key].Version < k.Version {
			r.companies[k.Key] = k
		}
	}
	if len(t.companies) > 0 || slices.ContainsFunc(t.positions, func(p position.Position) bool { return p.State == position.Closed }) {
		r.stirred.Store(true)
	}
	for key, o := range t.offers {
		before, known := r.offers[key]
		if !known {
			r.toOf[o.Candidate] = append(r.toOf[o.Candidate], key)
			r.ofRule[o.Rule] = append(r.ofRule[o.Rule], key)
		}
		if before.Version < o.Version {
			r.offers[key] = o
		}
	}
	r.made += t.made
	r.faults = append(r.faults, t.faults...)
}

// recording is one transaction: it notes what is written.
type recording struct {
	market.Tx
	pause      bool
	before     map[int64]offer.Offer // of earlier transactions
	looks      bool                  // before is filled by what it reads of them
	candidates []candidate.Candidate
	erased     []int64
	rules      []rule.Rule
	positions  []position.Position
	companies  []company.Company
	offers     map[int64]offer.Offer // as this transaction leaves them
	rows       []market.Row
	spent      map[int64]int
	made       int
	faults     []string
}

func (t *recording) fault(format string, args ...any) {
	t.faults = append(t.faults, fmt.Sprintf(format, args...))
}

func (t *recording) Append(list ...*market.Row) error {
	for _, row := range list {
		t.rows = append(t.rows, *row)
	}
	return t.Tx.Append(list...)
}

func (t *recording) AddCandidate(c *candidate.Candidate) error {
	err := t.Tx.AddCandidate(c)
	t.candidates = append(t.candidates, *c)
	return err
}

func (t *recording) SaveCandidate(c *candidate.Candidate) error {
	t.candidates = append(t.candidates, *c)
	return t.Tx.SaveCandidate(c)
}

func (t *recording) DeleteCandidate(key int64) error {
	t.erased = append(t.erased, key)
	return t.Tx.DeleteCandidate(key)
}

func (t *recording) AddRule(r *rule.Rule) error {
	err := t.Tx.AddRule(r)
	t.rules = append(t.rules, *r)
	return err
}

func (t *recording) SaveRule(r *rule.Rule) error {
	t.rules = append(t.rules, *r)
	return t.Tx.SaveRule(r)
}

func (t *recording) Spend(key int64, on, today day.Day, n int) error {
	t.spent[key] += n
	return t.Tx.Spend(key, on, today, n)
}

func (t *recording) AddPosition(p *position.Position) error {
	err := t.Tx.AddPosition(p)
	t.positions = append(t.positions, *p)
	return err
}

func (t *recording) SavePosition(p *position.Position) error {
	t.positions = append(t.positions, *p)
	return t.Tx.SavePosition(p)
}

func (t *recording) AddCompany(k *company.Company) error {
	err := t.Tx.AddCompany(k)
	t.companies = append(t.companies, *k)
	return err
}

func (t *recording) SaveCompany(k *company.Company) error {
	t.companies = append(t.companies, *k)
	return t.Tx.SaveCompany(k)
}

func (t *recording) AddOffer(o *offer.Offer) error {
	if err := t.Tx.AddOffer(o); err != nil {
		return err
	}
	t.written(nil, o)
	return nil
}

func (t *recording) SaveOffer(o *offer.Offer) error {
	if _, known := t.before[o.Key]; t.looks && !known && t.offers[o.Key].Key == 0 {
		before, err := t.Tx.Offer(o.Key)
		if err != nil {
			return err
		}
		t.before[o.Key] = before
	}
	if err := t.Tx.SaveOffer(o); err != nil {
		return err
	}
	before, ok := t.offers[o.Key]
	if !ok {
		before = t.before[o.Key]
	}
	t.written(&before, o)
	return nil
}

// lives lists what may become of an offer in one step; "" is none yet.
func lives() map[offer.State][]offer.State {
	return map[offer.State][]offer.State{
		"":             {offer.Proposed, offer.Reserved, offer.Sent},
		offer.Proposed: {offer.Reserved, offer.Sent, offer.Lapsed},
		offer.Reserved: {offer.Sent, offer.Lapsed},
		offer.Lapsed:   {offer.Proposed, offer.Reserved, offer.Sent},
		offer.Sent:     {offer.Seen, offer.Accepted, offer.Declined, offer.Expired, offer.Withdrawn},
		offer.Seen:     {offer.Accepted, offer.Declined, offer.Expired, offer.Withdrawn},
		offer.Declined: {offer.Declined, offer.Seen},
		// Of the same state are messages, dates that are proposed, what is said of the
		// pay, breaches, and an erasure.
		offer.Accepted:  {offer.Accepted, offer.Scheduled, offer.Held, offer.Withdrawn},
		offer.Scheduled: {offer.Scheduled, offer.Accepted, offer.Held, offer.Withdrawn},
		offer.Held:      {offer.Held, offer.Hired, offer.Rejected, offer.Withdrawn, offer.Accepted},
		offer.Hired:     {offer.Hired, offer.Accepted},
		offer.Rejected:  {offer.Rejected, offer.Accepted},
		offer.Withdrawn: {offer.Withdrawn},
	}
}

// fixed is what never changes once an offer is sent.
type fixed struct {
	Candidate, Company, Rule, Position, PositionVersion, RuleVersion, CandidateSeen int64

	Kind      string
	Sender    offer.Sender
	Score     int
	ExpiresOn day.Day
}

func fixedOf(o *offer.Offer) fixed {
	return fixed{
		o.Candidate, o.Company, o.Rule, o.Position, o.PositionVersion, o.RuleVersion, o.CandidateSeen,
		o.Kind, o.Sender, o.Score, o.ExpiresOn,
	}
}

func (t *recording) written(before *offer.Offer, o *offer.Offer) {
	was := offer.State("")
	if before != nil {
		was = before.State
	}
	if t.pause {
		t.extended(before, o)
		return
	}
	legal := false
	for _, to := range lives()[was] {
		legal = legal || to == o.State
	}
	if !legal {
		t.fault("offer %d went from %q to %q", o.Key, was, o.State)
	}
	switch was {
	case "", offer.Lapsed, offer.Proposed:
	default:
		if d := cmp.Diff(fixedOf(before), fixedOf(o)); d != "" {
			t.fault("offer %d changed after it was made (-before +after):\n%s", o.Key, d)
		}
	}
	t.offers[o.Key] = *o
}

// extended verifies that of an offer nothing but its clocks moved, forward.
func (t *recording) extended(before, o *offer.Offer) {
	if before == nil || o.ExpiresOn < before.ExpiresOn || o.DueAt.Before(before.DueAt) {
		t.fault("offer %d was extended from %v to %v", o.Key, before, o)
		return
	}
	same := *o
	same.ExpiresOn, same.DueAt, same.Version = before.ExpiresOn, before.DueAt, before.Version
	if d := cmp.Diff(*before, same); d != "" {
		t.fault("offer %d changed with its clocks (-before +after):\n%s", o.Key, d)
	}
	t.offers[o.Key] = *o
}

// check verifies a transaction on the rows as it leaves them.
func (r *recorder) check(t *recording) error {
	t.checkLog()
	made := map[int64]bool{} // rules and candidates that gave or took
	for key, o := range t.offers {
		before := r.offers[key].State
		fresh := before == "" || before == offer.Lapsed || before == offer.Proposed && taking(&o)
		if !fresh || o.State == offer.Lapsed {
			continue
		}
		t.made++
		made[o.Candidate] = true
		if err := t.sound(&o); err != nil {
			return err
		}
		if taking(&o) {
			if err := r.checkPacing(t, &o); err != nil {
				return err
			}
		}
	}
	for key := range made {
		r.checkSingle(t, key)
	}
	return r.checkWithdrawn(t)
}

// checkLog verifies that whatever was written has its row.
func (t *recording) checkLog() {
	has := func(entity, version int64, changes ...market.Change) bool {
		for _, row := range t.rows {
			for _, c := range changes {
				if row.Change == c && row.Entity == entity && (version == 0 || row.Version == version) {
					return true
				}
			}
		}
		return false
	}
	for _, c := range t.candidates {
		if !has(c.Key, c.Version, market.CandidateChanged, market.CandidateLess, market.BlockAdded, market.BlockRemoved) {
			t.fault("candidate %d version %d has no row in the log", c.Key, c.Version)
		}
	}
	for _, key := range t.erased {
		if !has(key, 0, market.CandidateErased) {
			t.fault("the erasure of candidate %d has no row in the log", key)
		}
	}
	for _, r := range t.rules {
		if !has(r.Key, r.Version, market.RuleChanged, market.RuleLess) {
			t.fault("rule %d version %d has no row in the log", r.Key, r.Version)
		}
	}
	for key, n := range t.spent {
		if n < 0 && !has(key, 0, market.RuleChanged) {
			t.fault("the budget that came back to rule %d has no row in the log", key)
		}
	}
	for _, p := range t.positions {
		if !has(p.Key, p.Revision(), market.PositionChanged, market.PositionLess) {
			t.fault("position %d version %d has no row in the log", p.Key, p.Version)
		}
	}
	for _, k := range t.companies {
		if !has(k.Key, k.Version, market.CompanyChanged, market.CompanyLess) {
			t.fault("company %d version %d has no row in the log", k.Key, k.Version)
		}
	}
	for key, o := range t.offers {
		if !has(key, o.Version, market.OfferChanged) {
			t.fault("offer %d version %d has no row in the log", key, o.Version)
		}
	}
}

// sound verifies that an offer that is made matches on the rows that its
// transaction sees, and names their versions.
func (t *recording) sound(o *offer.Offer) error {
	if o.Sender == offer.Scout {
		return t.soundScout(o)
	}
	p, err := t.pairing(o)
	if err != nil {
		return fmt.Errorf("read what offer %d was made of: %w", o.Key, err)
	}
	if why := p.fails(); why != "" {
		t.fault("offer %d of rule %d to candidate %d was made although %s", o.Key, o.Rule, o.Candidate, why)
	}
	want := [...]int64{p.c.Version, p.r.Version, p.p.PublishedVersion}
	if got := [...]int64{o.CandidateSeen, o.RuleVersion, o.PositionVersion}; got != want {
		t.fault("offer %d names versions %v of candidate, rule and position; they are %v", o.Key, got, want)
	}
	if o.State == offer.Sent && !p.c.Confirmed {
		t.fault("offer %d was sent to an unconfirmed candidate", o.Key)
	}
	if o.SentDay != p.today || o.ExpiresOn != p.today+day.Day(p.r.OfferDays) || o.Kind != p.r.Kind {
		t.fault("offer %d was made on %s: day %s, expires %s, kind %s", o.Key, p.today, o.SentDay, o.ExpiresOn, o.Kind)
	}
	return nil
}

func (t *recording) pairing(o *offer.Offer) (*pairing, error) {
	var p pairing
	text, err := t.Setting("day")
	if err != nil {
		return nil, err
	}
	if p.today, err = day.Parse(text); err != nil {
		return nil, err
	}
	if p.c, err = t.Candidate(o.Candidate); err != nil {
		return nil, err
	}
	if p.r, err = t.Rule(o.Rule); err != nil {
		return nil, err
	}
	if p.k, err = t.Company(p.r.Company); err != nil {
		return nil, err
	}
	if p.group, err = t.group(p.k); err != nil {
		return nil, err
	}
	if p.p, err = t.Position(p.r.Position); err != nil {
		return nil, err
	}
	p.terms, err = t.Terms(p.p.Key, p.p.PublishedVersion)
	return &p, err
}

// group reads every company: slow, and right whatever the index says.
func (t *recording) group(k company.Company) (map[corpnum.Number]bool, error) {
	all, err := t.Companies(0, everything)
	return linked(k, all), err
}

// ofKeys gives offers as the transaction leaves them.
func (r *recorder) ofKeys(t *recording, keys []int64, fits func(*offer.Offer) bool) map[int64]offer.Offer {
	out := map[int64]offer.Offer{}
	for _, key := range keys {
		if o := r.offers[key]; fits(&o) {
			out[key] = o
		}
	}
	for key, o := range t.offers {
		if fits(&o) {
			out[key] = o
		} else {
			delete(out, key)
		}
	}
	return out
}

// checkPacing counts again what a rule has spent and a candidate has taken.
func (r *recorder) checkPacing(t *recording, o *offer.Offer) error {
	today := o.SentDay
	x, err := t.Rule(o.Rule)
	if err != nil {
		return err
	}
	s := standingOf(r.ofKeys(t, r.ofRule[o.Rule], func(other *offer.Offer) bool { return other.Rule == o.Rule }), today)
	daily, err := lowered(t, &x, today)
	if err != nil {
		return err
	}
	if s.used[o.Rule] > daily || s.total[o.Rule] > x.TotalBudget {
		t.fault("rule %d spent %d of %d on %s and %d of %d in all", o.Rule, s.used[o.Rule], daily, today, s.total[o.Rule], x.TotalBudget)
	}
	used, total, err := t.Spent(o.Rule, today)
	if err != nil {
		return err
	}
	if used != s.used[o.Rule] || total != s.total[o.Rule] {
		t.fault("the store has %d and %d spent by rule %d; its offers say %d and %d", used, total, o.Rule, s.used[o.Rule], s.total[o.Rule])
	}
	c, err := t.Candidate(o.Candidate)
	if err != nil {
		return err
	}
	s = standingOf(r.ofKeys(t, r.toOf[o.Candidate], func(other *offer.Offer) bool { return other.Candidate == o.Candidate }), today)
	if s.taken[o.Candidate] > c.WeeklyLimit {
		t.fault("candidate %d has %d offers in seven days, limit %d", o.Candidate, s.taken[o.Candidate], c.WeeklyLimit)
	}
	return nil
}

// checkSingle verifies that a candidate has one live offer and one automatic
// offer for a position, and one offer of a rule.
func (r *recorder) checkSingle(t *recording, who int64) {
	lives, autos, rules := map[int64]int{}, map[int64]int{}, map[int64]int{}
	for _, o := range r.ofKeys(t, r.toOf[who], func(o *offer.Offer) bool { return o.Candidate == who }) {
		if live(o.State) {
			lives[o.Position]++
		}
		if taking(&o) {
			autos[o.Position]++
		}
		if o.Rule != 0 {
			rules[o.Rule]++
		}
	}
	for what, counts := range map[string]map[int64]int{"live offers for position": lives, "automatic offers for position": autos, "offers of rule": rules} {
		for key, n := range counts {
			if n > 1 {
				t.fault("candidate %d has %d %s %d", who, n, what, key)
			}
		}
	}
}

// checkWithdrawn verifies that nothing can be accepted any more after an
// erasure or a block, and that nothing is accepted that should be withdrawn.
func (r *recorder) checkWithdrawn(t *recording) error {
	open := func(keys []int64, fits func(*offer.Offer) bool) map[int64]offer.Offer {
		return r.ofKeys(t, keys, func(o *offer.Offer) bool { return o.State.Unanswered() && fits(o) })
	}
	for _, key := range t.erased {
		for _, o := range open(r.toOf[key], func(o *offer.Offer) bool { return o.Candidate == key }) {
			t.fault("offer %d to an erased candidate is %s", o.Key, o.State)
		}
	}
	for _, c := range t.candidates {
		before := r.candidates[c.Key][c.Version-1]
		if slices.Equal(before.Blocks, c.Blocks) && slices.Equal(before.Employers, c.Employers) {
			continue
		}
		if err := t.checkBlocks(open(r.toOf[c.Key], func(o *offer.Offer) bool { return o.Candidate == c.Key })); err != nil {
			return err
		}
	}
	for key, o := range t.offers {
		if err := t.checkAccepted(r.offers[key].State, &o); err != nil {
			return err
		}
	}
	return nil
}

// checkAccepted verifies that what a transaction has let be accepted is not
// to be withdrawn.
func (t *recording) checkAccepted(was offer.State, o *offer.Offer) error {
	if was == o.State || was == offer.Scheduled || o.State != offer.Accepted && (o.State != offer.Seen || was != offer.Declined) {
		return nil
	}
	k, err := t.Company(o.Company)
	if err != nil {
		return err
	}
	p, err := t.Position(o.Position)
	if err != nil {
		return err
	}
	objection := was == offer.Held || was == offer.Hired || was == offer.Rejected // it was accepted before
	if !objection && (k.Status == company.Suspended || p.State == position.Closed) {
		t.fault("offer %d went from %s to %s: the company is %s, the position %s", o.Key, was, o.State, k.Status, p.State)
	}
	return t.checkBlocks(map[int64]offer.Offer{o.Key: *o})
}

func (t *recording) checkBlocks(offers map[int64]offer.Offer) error {
	for _, o := range offers {
		c, err := t.Candidate(o.Candidate)
		if err != nil {
			return err
		}
		k, err := t.Company(o.Company)
		if err != nil {
			return err
		}
		group, err := t.group(k)
		if err != nil {
			return err
		}
		if blocks(&c, k.Number, group) {
			t.fault("offer %d of company %d, whom candidate %d has blocked, is %s", o.Key, k.Key, c.Key, o.State)
		}
	}
	return nil
}
