package market_test

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"enishi/internal/candidate"
	"enishi/internal/company"
	"enishi/internal/corpnum"
	"enishi/internal/day"
	"enishi/internal/market"
	"enishi/internal/offer"
	"enishi/internal/position"
	"enishi/internal/rule"
)

// pairing is everything that decides whether a rule and a candidate match.
type pairing struct {
	c     candidate.Candidate
	r     rule.Rule
	k     company.Company
	group map[corpnum.Number]bool
	p     position.Position
	terms position.Terms // of the published version
	today day.Day
}

// holds is the definition of a match, clause by clause.
func (p *pairing) holds() bool { return p.fails() == "" }

// fails names the first clause of the definition that does not hold.
func (p *pairing) fails() string {
	switch {
	case p.c.Trial != p.k.Trial:
		return "one is of a trial that the other is not of"
	case !p.c.Open:
		return "the candidate is not open"
	case p.r.State != rule.Active || p.r.Expires < p.today:
		return "the rule is not active"
	case p.p.State != position.Published:
		return "the position is not published"
	case p.k.Status != company.Verified:
		return "the company is not verified"
	case p.blocked():
		return "the company is blocked"
	case !p.admitted():
		return "the age exception does not admit"
	case !p.r.Must.Holds(p.c.Record(p.today)):
		return "must does not hold"
	case !p.c.Wishes.Holds(p.terms.Record(position.Offered{Kind: p.r.Kind, Company: p.k.Number, Size: p.k.Size})):
		return "the wishes do not hold"
	}
	return ""
}

func (p *pairing) blocked() bool { return blocks(&p.c, p.k.Number, p.group) }

func blocks(c *candidate.Candidate, number corpnum.Number, group map[corpnum.Number]bool) bool {
	for _, n := range c.Blocks {
		if n == number {
			return true
		}
	}
	for _, e := range c.Employers {
		if e.Current && group[e.Number] {
			return true
		}
	}
	return false
}

func (p *pairing) admitted() bool {
	if p.r.Age == nil {
		return true
	}
	if p.c.Profile.BirthMonth == nil {
		return false
	}
	years := int(p.today.Month()-*p.c.Profile.BirthMonth) / 12
	return p.r.Age.Min <= years && years <= p.r.Age.Max
}

// score is the formula of the ranking, in floating point as it is written.
func (p *pairing) score(answers rule.Answers) int {
	held, all := 0, 0
	for _, prefer := range p.r.Prefer {
		all += prefer.Weight
		if prefer.Condition.Holds(p.c.Record(p.today)) {
			held += prefer.Weight
		}
	}
	share, active := 1.0, 1-float64(max(0, p.today-p.c.LastActive))/90
	if all > 0 {
		share = float64(held) / float64(all)
	}
	answered := 0.5
	if answers.Accepted >= 10 {
		answered = float64(answers.Answered) / float64(answers.Accepted)
	}
	const rounding = 1e-9
	floor := func(x float64) int { return int(x + rounding) }
	return floor(600*share) + floor(250*max(0, active)) + floor(150*answered)
}

// rows is everything in a store, read at one moment.
type rows struct {
	today      day.Day
	seed       string
	candidates map[int64]candidate.Candidate
	companies  map[int64]company.Company
	positions  map[int64]position.Position
	published  map[int64]position.Terms
	rules      map[int64]rule.Rule
	offers     map[int64]offer.Offer
	spent      map[int64]int // in all
	daily      map[int64]int // budget of a rule, as breaches leave it
	log        []market.Row
}

const everything = 1 << 20

func readRows(t testing.TB, s market.Store) *rows {
	t.Helper()
	var w *rows
	err := s.Read(t.Context(), func(tx market.Tx) error {
		var err error
		w, err = rowsOf(tx)
		return err
	})
	if err != nil {
		t.Fatalf("read all rows: %v", err)
	}
	return w
}

func rowsOf(tx market.Tx) (*rows, error) {
	w := &rows{
		candidates: map[int64]candidate.Candidate{}, companies: map[int64]company.Company{},
		positions: map[int64]position.Position{}, published: map[int64]position.Terms{},
		rules: map[int64]rule.Rule{}, offers: map[int64]offer.Offer{}, spent: map[int64]int{}, daily: map[int64]int{},
	}
	text, err := tx.Setting("day")
	if err != nil {
		return nil, err
	}
	if w.today, err = day.Parse(text); err != nil {
		return nil, err
	}
	if w.seed, err = tx.Setting("seed"); err != nil {
		return nil, err
	}
	if w.log, err = tx.Rows(0, everything); err != nil {
		return nil, err
	}
	candidates, err := tx.Candidates(0, everything)
	if err != nil {
		return nil, err
	}
	for _, c := range candidates {
		w.candidates[c.Key] = c
	}
	companies, err := tx.Companies(0, everything)
	if err != nil {
		return nil, err
	}
	for _, k := range companies {
		w.companies[k.Key] = k
		if err := w.addCompany(tx, k.Key); err != nil {
			return nil, err
		}
	}
	return w, nil
}

func (w *rows) addCompany(tx market.Tx, key int64) error {
	positions, err := tx.PositionsOf(key, 0, everything)
	if err != nil {
		return err
	}
	for _, p := range positions {
		w.positions[p.Key] = p
		if p.PublishedVersion == 0 {
			continue
		}
		if w.published[p.Key], err = tx.Terms(p.Key, p.PublishedVersion); err != nil {
			return err
		}
	}
	rules, err := tx.RulesOf(key, 0, everything)
	if err != nil {
		return err
	}
	for _, r := range rules {
		w.rules[r.Key] = r
		if _, w.spent[r.Key], err = tx.Spent(r.Key, w.today); err != nil {
			return err
		}
		if w.daily[r.Key], err = lowered(tx, &r, w.today); err != nil {
			return err
		}
	}
	offers, err := tx.OffersBy(key, 0, 0, everything)
	for _, o := range offers {
		w.offers[o.Key] = o
	}
	return err
}

// lowered is a rule's daily budget on a day: each breach of its company in the
// 180 days up to it that nobody has set aside takes a tenth of it,
// down to a tenth, and to one.
func lowered(tx market.Tx, r *rule.Rule, on day.Day) (int, error) {
	list, err := tx.Breaches(r.Company, 0, everything)
	tenths := 10
	for _, b := range list {
		if b.SetAsideAt.IsZero() && b.Day > on-180 && tenths > 1 {
			tenths--
		}
	}
	return max(1, r.DailyBudget*tenths/10), err
}

// group gives the numbers of a company's group.
func (w *rows) group(k company.Company) map[corpnum.Number]bool {
	return linked(k, slices.Collect(maps.Values(w.companies)))
}

// linked gives the numbers that heads link to a company's, however far; what
// no operator has looked at links nobody but the company itself, and whose number
// was freed nobody at all.
func linked(k company.Company, all []company.Company) map[corpnum.Number]bool {
	if k.Freed {
		return map[corpnum.Number]bool{k.Number: true}
	}
	group := map[corpnum.Number]bool{k.Number: true, k.Head: true}
	for grown := true; grown; {
		grown = false
		for _, other := range all {
			if !other.Freed && other.Status != company.Applied && group[other.Number] != group[other.Head] {
				group[other.Number], group[other.Head], grown = true, true, true
			}
		}
	}
	return group
}

func (w *rows) pairing(r rule.Rule, c candidate.Candidate) *pairing {
	k := w.companies[r.Company]
	return &pairing{
		c: c, r: r, k: k, group: w.group(k), p: w.positions[r.Position], terms: w.published[r.Position], today: w.today,
	}
}

// pair names one pair of keys.
type pair struct{ rule, candidate int64 }

// standing is what the offers say about a pair.
type standing struct {
	had     map[pair]bool // an offer of the rule that has not lapsed
	lapsed  map[pair]bool
	reached map[pair]bool // by position: by any offer that reached them, or a live one
	used    map[int64]int // of a rule's budget today
	total   map[int64]int // of a rule's budget in all
	taken   map[int64]int // of a candidate's room
	count   map[spentOn]int
}

type spentOn struct {
	rule int64
	on   day.Day
}

func live(s offer.State) bool {
	switch s {
	case offer.Reserved, offer.Sent, offer.Seen, offer.Accepted, offer.Scheduled, offer.Held:
		return true
	}
	return false
}

// taking says whether an offer takes budget and room.
func taking(o *offer.Offer) bool {
	return o.Sender == offer.Auto && o.State != offer.Proposed && o.State != offer.Lapsed
}

func standingOf(offers map[int64]offer.Offer, today day.Day) *standing {
	s := &standing{
		had: map[pair]bool{}, lapsed: map[pair]bool{}, reached: map[pair]bool{},
		used: map[int64]int{}, total: map[int64]int{}, taken: map[int64]int{}, count: map[spentOn]int{},
	}
	for _, o := range offers {
		at := pair{o.Rule, o.Candidate}
		switch {
		case o.Rule == 0:
		case o.State == offer.Lapsed:
			s.lapsed[at] = true
		default:
			s.had[at] = true
		}
		if live(o.State) || taking(&o) || o.Sender == offer.Scout && o.State != offer.Lapsed {
			s.reached[pair{o.Position, o.Candidate}] = true
		}
		if !taking(&o) {
			continue
		}
		s.total[o.Rule]++
		s.count[spentOn{o.Rule, o.SentDay}]++
		if o.SentDay == today {
			s.used[o.Rule]++
		}
		if o.SentDay > today-7 {
			s.taken[o.Candidate]++
		}
	}
	return s
}

// picked is an offer that the model makes.
type picked struct {
	pair
	score int
}

// picks gives the offers that follow from a change in auto mode with everyone
// confirmed: all pairs that match and lack an offer, best first, as far as
// budgets and limits reach. An empty scope is everything.
func (w *rows) picks(answers map[int64]rule.Answers, scope func(r rule.Rule, c candidate.Candidate) bool) []picked {
	type ranked struct {
		pairing *pairing
		picked
		tie [sha256.Size]byte
	}
	var all []ranked
	for _, r := range w.rules {
		for _, c := range w.candidates {
			p := w.pairing(r, c)
			if !scope(r, c) || !p.holds() {
				continue
			}
			all = append(all, ranked{p, picked{pair{r.Key, c.Key}, p.score(answers[r.Company])}, tie(w.seed, r.ID, c.ID)})
		}
	}
	slices.SortFunc(all, func(a, b ranked) int {
		return cmp.Or(cmp.Compare(b.score, a.score), slices.Compare(a.tie[:], b.tie[:]))
	})
	s := standingOf(w.offers, w.today)
	var out []picked
	for _, a := range all {
		r, c := a.pairing.r, a.pairing.c
		position := pair{r.Position, c.Key}
		if s.had[a.pair] || s.reached[position] || s.used[r.Key] >= w.daily[r.Key] || s.total[r.Key] >= r.TotalBudget ||
			s.taken[c.Key] >= c.WeeklyLimit {
			continue
		}
		s.had[a.pair], s.reached[position] = true, true
		s.used[r.Key]++
		s.total[r.Key]++
		s.taken[c.Key]++
		out = append(out, a.picked)
	}
	return out
}

func tie(seed string, rule, candidate uuid.UUID) [sha256.Size]byte {
	return sha256.Sum256(slices.Concat([]byte(seed), rule[:], candidate[:]))
}

// incomplete names the pairs that match, have no offer and wait for nothing.
func (w *rows) incomplete(mode market.Mode) []string {
	s := standingOf(w.offers, w.today)
	var out []string
	for _, r := range w.rules {
		for _, c := range w.candidates {
			at := pair{r.Key, c.Key}
			switch {
			case s.had[at], s.reached[pair{r.Position, c.Key}], !w.pairing(r, c).holds():
			case mode == market.Auto && (s.used[r.Key] >= w.daily[r.Key] || s.total[r.Key] >= r.TotalBudget):
			case mode == market.Auto && s.taken[c.Key] >= c.WeeklyLimit:
			case s.lapsed[at] && !c.Confirmed: // waits for the address
			case s.lapsed[at] && mode == market.Approve: // the company let the batch lapse
			default:
				out = append(out, fmt.Sprintf("rule %d and candidate %d match and have no offer (lapsed: %v, budget %d of %d today, %d of %d in all; room %d of %d); rows %s",
					r.Key, c.Key, s.lapsed[at], s.used[r.Key], w.daily[r.Key], s.total[r.Key], r.TotalBudget, s.taken[c.Key], c.WeeklyLimit, w.rowsAbout(r, c)))
			}
		}
	}
	return out
}

// lingering names the offers that can still be accepted though a block, a
// closed position, a suspension or an erasure has ended them.
func (w *rows) lingering() []string {
	var out []string
	groups := map[int64]map[corpnum.Number]bool{}
	for _, o := range w.offers {
		if !o.Open() {
			continue
		}
		c, there := w.candidates[o.Candidate]
		k := w.companies[o.Company]
		if groups[k.Key] == nil {
			groups[k.Key] = w.group(k)
		}
		why := ""
		switch {
		case !there:
			why = "an erased person"
		case k.Status == company.Suspended:
			why = "a suspended company"
		case w.positions[o.Position].State == position.Closed:
			why = "a closed position"
		case blocks(&c, k.Number, groups[k.Key]):
			why = "a blocked company"
		}
		if why != "" {
			out = append(out, fmt.Sprintf("offer %d of %s is %s, due %v", o.Key, why, o.State, o.DueAt))
		}
	}
	return out
}

// rowsAbout gives the rows of the log that may have made a pair match.
func (w *rows) rowsAbout(r rule.Rule, c candidate.Candidate) string {
	var b strings.Builder
	for _, row := range w.log {
		about := map[market.Change]int64{
			market.CandidateChanged: c.Key, market.BlockRemoved: c.Key, market.BlockAdded: c.Key, market.CandidateLess: c.Key,
			market.RuleChanged: r.Key, market.RuleLess: r.Key, market.PositionChanged: r.Position, market.PositionLess: r.Position,
			market.CompanyChanged: r.Company, market.CompanyLess: r.Company, market.DayBegan: row.Entity,
		}
		if key, ok := about[row.Change]; ok && key == row.Entity {
			fmt.Fprintf(&b, " %d:%s@%s", row.Pos, row.Change, row.At.Format("02T15:04"))
		}
	}
	return b.String()
}
