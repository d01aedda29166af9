package market

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/google/uuid"

	"enishi/internal/candidate"
	"enishi/internal/company"
	"enishi/internal/condition"
	"enishi/internal/corpnum"
	"enishi/internal/day"
	"enishi/internal/engine"
	"enishi/internal/errs"
	"enishi/internal/position"
	"enishi/internal/rule"
)

// populations are the two sides of the market in memory, as of applied.
type populations struct {
	profiles   *lowering // over profiles
	positions  *lowering // over positions
	candidates *engine.Population
	rules      *engine.Population
	texts      *texts // of the candidates
	seen       atomic.Pointer[seen]
	searches   atomic.Pointer[engine.Population] // saved ones with alerts: no documents, conditions over profiles
	applied    atomic.Int64

	mu     sync.RWMutex
	person map[int64]person
	order  map[int64]order
	dated  map[int64]bool // active rules which a new day may bring someone in
}

// seen is the candidates and their texts at one moment.
type seen struct {
	candidates *engine.View
	texts      *textView
}

// person is what ranking needs of a candidate beside the engine's document.
type person struct {
	id    uuid.UUID
	limit int
}

// order is what ranking needs of a rule.
type order struct {
	id       uuid.UUID
	company  int64
	position int64
	prefer   []preference
	all      int
	rule     rule.Rule
}

// preference is a rule's preference, over counted and over dated documents.
type preference struct {
	weight  int
	counted engine.Cond
	source  condition.Condition
}

func newPopulations() (*populations, error) {
	numbers := &numbering{byNo: map[corpnum.Number]int32{}}
	return populationsOver(newLowering(condition.Profiles, numbers), newLowering(condition.Positions, numbers))
}

// populationsOver gives empty populations of a lowering.
func populationsOver(profiles, positions *lowering) (*populations, error) {
	p := &populations{
		profiles:  profiles,
		positions: positions,
		person:    map[int64]person{},
		order:     map[int64]order{},
		dated:     map[int64]bool{},
		texts:     newTexts(),
	}
	var err error
	if p.candidates, err = engine.New(p.profiles.schema, p.positions.schema); err != nil {
		return nil, err
	}
	if p.rules, err = engine.New(p.positions.schema, p.profiles.schema); err != nil {
		return nil, err
	}
	p.show()
	return p, p.forgetSearches()
}

// forgetSearches begins with no saved search.
func (p *populations) forgetSearches() error {
	searches, err := engine.New(engine.Schema{}, p.profiles.schema)
	p.searches.Store(searches)
	return err
}

// show lets searches see what has been applied.
func (p *populations) show() { p.seen.Store(&seen{p.candidates.View(), p.texts.view.Load()}) }

func (p *populations) findPerson(key int64) (person, bool) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	v, ok := p.person[key]
	return v, ok
}

func (p *populations) findOrder(key int64) (order, bool) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	v, ok := p.order[key]
	return v, ok
}

// batch is what one moment of the store changes in the populations.
type batch struct {
	candidates []engine.Change
	rules      []engine.Change
	texts      []textChange
	searches   []engine.Change
	person     map[int64]person
	order      map[int64]order
	trials     map[int64]*batch // of populations of their own
}

func newBatch() *batch { return &batch{person: map[int64]person{}, order: map[int64]order{}} }

// of gives the part of the batch for the people of a trial; 0: for real ones.
func (b *batch) of(trial int64) *batch {
	if trial == 0 {
		return b
	}
	if b.trials == nil {
		b.trials = map[int64]*batch{}
	}
	if b.trials[trial] == nil {
		b.trials[trial] = newBatch()
	}
	return b.trials[trial]
}

// add adds another batch.
func (b *batch) add(part *batch) {
	b.candidates = append(b.candidates, part.candidates...)
	b.rules = append(b.rules, part.rules...)
	b.texts = append(b.texts, part.texts...)
	maps.Copy(b.person, part.person)
	maps.Copy(b.order, part.order)
	for trial, of := range part.trials {
		b.of(trial).add(of)
	}
}

// erase removes a candidate of whom nothing stays.
func (b *batch) erase(key, version int64) {
	b.candidates = append(b.candidates, engine.Change{Entry: engine.Entry{ID: key}, Delete: true, Version: version})
	b.texts = append(b.texts, textChange{key: key})
	b.person[key] = person{}
}

// drop removes a rule that is gone: only those of trials go.
func (b *batch) drop(key, version int64) {
	b.rules = append(b.rules, engine.Change{Entry: engine.Entry{ID: key}, Delete: true, Version: version})
	b.order[key] = order{}
}

// without gives the candidates who are not in a batch. Rules of real companies
// are never removed.
func (p *populations) without(b *batch) []int64 {
	p.mu.RLock()
	defer p.mu.RUnlock()
	var keys []int64
	for key := range p.person {
		if _, ok := b.person[key]; !ok {
			keys = append(keys, key)
		}
	}
	return keys
}

func (p *populations) apply(b *batch) error {
	if err := errors.Join(p.candidates.Apply(b.candidates), p.rules.Apply(b.rules), p.searches.Load().Apply(b.searches)); err != nil {
		return fmt.Errorf("apply changes to the populations: %w", err)
	}
	p.texts.apply(b.texts)
	p.show()
	p.mu.Lock()
	defer p.mu.Unlock()
	for k, v := range b.person {
		if v.id == uuid.Nil {
			delete(p.person, k) // erased: nothing of them stays
			continue
		}
		p.person[k] = v
	}
	for k, v := range b.order {
		if v.id == uuid.Nil {
			delete(p.order, k)
			delete(p.dated, k)
			continue
		}
		p.setOrder(k, v)
	}
	return nil
}

// setOrder keeps what ranking needs of a rule; mu is held.
func (p *populations) setOrder(key int64, v order) {
	p.order[key] = v
	if v.rule.State == rule.Active && (v.rule.Age != nil || mayTurnTrue(v.rule.Must, true)) {
		p.dated[key] = true
	} else {
		delete(p.dated, key)
	}
}

// datedOn gives the rules that the beginning of a day can make match someone
// whom they did not match the day before, by key.
func (p *populations) datedOn(d day.Day) []int64 {
	p.mu.RLock()
	defer p.mu.RUnlock()
	var out []int64
	for key := range p.dated {
		if r := p.order[key].rule; r.Sends(d) && datesMayTurn(&r, d) {
			out = append(out, key)
		}
	}
	slices.Sort(out)
	return out
}

// putCandidate adds a candidate's present state, for the population that they are
// of: an entry while open, none otherwise.
func (p *populations) putCandidate(b *batch, c *candidate.Candidate, version int64) error {
	change := engine.Change{Entry: engine.Entry{ID: c.Key}, Delete: !c.Open, Version: version}
	words := textChange{key: c.Key}
	if c.Open {
		words.text = candidate.FoldedText(c.Masked())
		var err error
		if change.Entry.Doc, err = p.profiles.person(c, nil); err != nil {
			return err
		}
		if change.Entry.Cond, err = p.positions.condition(c.Wishes, nil); err != nil {
			return fmt.Errorf("wishes of candidate %d: %w", c.Key, err)
		}
	}
	b = b.of(c.Trial)
	b.candidates, b.texts = append(b.candidates, change), append(b.texts, words)
	b.person[c.Key] = person{id: c.ID, limit: c.WeeklyLimit}
	return nil
}

// offering is a rule with all that decides what it offers to whom.
type offering struct {
	rule     rule.Rule
	company  company.Company
	group    []corpnum.Number
	position position.Position // Terms are those of the published version
}

// running says whether the rule can make offers at all.
func (o *offering) running() bool {
	return o.rule.State == rule.Active && o.position.State == position.Published && o.company.Status == company.Verified
}

func (o *offering) offered() position.Offered {
	return position.Offered{Kind: o.rule.Kind, Company: o.company.Number, Size: o.company.Size}
}

func (p *populations) putRule(b *batch, o *offering, version int64) error {
	change := engine.Change{Entry: engine.Entry{ID: o.rule.Key}, Delete: !o.running(), Version: version}
	if o.running() {
		var err error
		if change.Entry.Doc, err = p.positions.terms(&o.position.Terms, o.offered()); err != nil {
			return fmt.Errorf("position %d: %w", o.position.Key, err)
		}
		if change.Entry.Cond, err = p.whom(o); err != nil {
			return err
		}
	}
	b = b.of(o.company.Trial)
	b.rules = append(b.rules, change)
	var err error
	b.order[o.rule.Key], err = p.ranking(o.rule)
	return err
}

// ranking gives what ranking needs of a rule.
func (p *populations) ranking(r rule.Rule) (order, error) {
	line := order{id: r.ID, company: r.Company, position: r.Position, rule: r}
	for _, pref := range r.Prefer {
		c, err := p.profiles.condition(pref.Condition, nil)
		if err != nil {
			return order{}, fmt.Errorf("preference of rule %d: %w", r.Key, err)
		}
		line.prefer = append(line.prefer, preference{weight: pref.Weight, counted: c, source: pref.Condition})
		line.all += pref.Weight
	}
	return line, nil
}

// whom lowers everything a rule asks of a profile, in counts of days.
func (p *populations) whom(o *offering) (engine.Cond, error) {
	must, err := p.profiles.condition(o.rule.Must, nil)
	if err != nil {
		return engine.Cond{}, fmt.Errorf("must of rule %d: %w", o.rule.Key, err)
	}
	out := engine.Cond{Op: engine.All, Kids: []engine.Cond{must, p.profiles.unblocked(o.company.Number, o.group)}}
	if o.rule.Age != nil {
		out.Kids = append(out.Kids, p.profiles.ages(o.rule.Age, nil))
	}
	return out, nil
}

// loadOffering reads all that decides what a rule offers.
func loadOffering(tx Tx, r rule.Rule, kin kinship) (*offering, error) {
	k, err := tx.Company(r.Company)
	if err != nil {
		return nil, fmt.Errorf("company of rule %d: %w", r.Key, err)
	}
	p, err := tx.Position(r.Position)
	if err != nil {
		return nil, fmt.Errorf("position of rule %d: %w", r.Key, err)
	}
	return offeringOf(tx, r, k, p, kin)
}

// offeringOf puts together what a rule, its company and its position offer.
func offeringOf(tx Tx, r rule.Rule, k company.Company, p position.Position, kin kinship) (*offering, error) {
	o := &offering{rule: r, company: k, position: p}
	var err error
	if o.group, err = kin.of(tx, k); err != nil {
		return nil, err
	}
	if v := o.position.PublishedVersion; v != 0 && v != o.position.Version {
		if o.position.Terms, err = tx.Terms(r.Position, v); err != nil {
			return nil, fmt.Errorf("terms %d of position %d: %w", v, r.Position, err)
		}
	}
	return o, nil
}

// groupOf gives the numbers of a company's group, its own first: all that are
// linked to it by heads, over however many levels.
func groupOf(tx Tx, c company.Company) ([]corpnum.Number, error) {
	numbers, _, err := kindred(tx, c)
	return numbers, err
}

// kinship remembers the groups that one transaction has looked up, by company:
// the companies of a group have the same numbers.
type kinship map[int64][]corpnum.Number

// of is groupOf, asked once for all companies of a group.
func (k kinship) of(tx Tx, c company.Company) ([]corpnum.Number, error) {
	if known, ok := k[c.Key]; ok {
		return known, nil
	}
	numbers, members, err := kindred(tx, c)
	if err != nil {
		return nil, err
	}
	for _, member := range members {
		// What an applicant claims is its own alone.
		if c.Status != company.Applied || member.Key == c.Key {
			k[member.Key] = numbers
		}
	}
	return numbers, nil
}

// kindred gives the numbers of a company's group, its own first, and those of
// its companies that are registered, itself among them. A company that no
// operator has looked at yet only claims its head, which binds nobody else; one
// whose number was freed is alone.
func kindred(tx Tx, c company.Company) ([]corpnum.Number, []company.Company, error) {
	numbers := []corpnum.Number{c.Number}
	if c.Freed {
		return numbers, []company.Company{c}, nil
	}
	rows := map[corpnum.Number]company.Company{c.Number: c}
	add := func(n corpnum.Number) {
		if !slices.Contains(numbers, n) {
			numbers = append(numbers, n)
		}
	}
	for i := 0; i < len(numbers); i++ {
		at, known := rows[numbers[i]]
		if !known {
			k, err := tx.CompanyByNumber(numbers[i])
			if notFoundIsNil(err) != nil {
				return nil, nil, fmt.Errorf("company %s of a group: %w", numbers[i], err)
			}
			if known = err == nil && k.Status != company.Applied && k.Trial == c.Trial; known {
				at, rows[k.Number] = k, k
			}
		}
		if known {
			add(at.Head)
		}
		below, err := tx.Group(numbers[i])
		if err != nil {
			return nil, nil, fmt.Errorf("group of company %d: %w", c.Key, err)
		}
		for _, k := range below {
			if k.Trial == c.Trial && k.Status != company.Applied || k.Key == c.Key {
				rows[k.Number] = k
				add(k.Number)
			}
		}
	}
	members := make([]company.Company, 0, len(rows))
	for _, n := range numbers {
		if k, ok := rows[n]; ok {
			members = append(members, k)
		}
	}
	return numbers, members, nil
}

// notFoundIsNil turns NotFound into nil: what a log row names may be gone.
func notFoundIsNil(err error) error {
	if errs.Is(err, errs.NotFound) {
		return nil
	}
	return err
}

// loadPage is how many rows are loaded at a time: a few megabytes.
const loadPage = 1000
