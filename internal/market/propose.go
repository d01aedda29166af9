package market

import (
	"context"
	"fmt"
	"slices"

	"enishi/internal/candidate"
	"enishi/internal/day"
	"enishi/internal/engine"
	"enishi/internal/offer"
	"enishi/internal/rule"
)

// proposeTo gives the rules that would send to a candidate and have not yet,
// best first.
func (m *Market) proposeTo(c *candidate.Candidate, reachedPositions, reachedRules map[int64]bool, today day.Day) ([]Proposal, error) {
	if !c.Open {
		return nil, nil
	}
	people := m.peopleOf(c.Trial)
	doc, err := people.profiles.person(c, &today)
	if err != nil {
		return nil, err
	}
	wishes, err := people.positions.condition(c.Wishes, nil)
	if err != nil {
		return nil, fmt.Errorf("wishes of candidate %d: %w", c.Key, err)
	}
	view := people.rules.View()
	done := m.engine(MatchWork)
	found := view.Match(engine.Question{Doc: doc, Cond: wishes, Except: func(id int64) bool { return reachedRules[id] }})
	done(Outcome{})
	days := max(0, int(today-c.LastActive))
	out := make([]Proposal, 0, len(found))
	for _, key := range found {
		o, ok := people.findOrder(key)
		if !ok || reachedPositions[o.position] || !o.rule.Sends(today) {
			continue
		}
		held := 0
		for _, p := range o.prefer {
			if engine.Holds(&people.profiles.schema, p.counted, doc) {
				held += p.weight
			}
		}
		out = append(out, Proposal{
			Rule: key, Candidate: c.Key,
			Score: rule.Score(held, o.all, days, m.answersOf(o.company)),
			tie:   rule.Tie(m.seed, o.id, c.ID),
		})
	}
	sortProposals(out)
	return out, nil
}

// proposeFor gives the candidates to whom a rule would send and has not yet,
// best first; except are those it need not reach.
func (m *Market) proposeFor(o *offering, except map[int64]bool, today day.Day) ([]Proposal, error) {
	if !o.running() || !o.rule.Sends(today) {
		return nil, nil
	}
	people := m.peopleOf(o.company.Trial)
	question, err := people.question(o, today)
	if err != nil {
		return nil, err
	}
	question.Except = func(id int64) bool { return except[id] }
	view := people.candidates.View()
	done := m.engine(MatchWork)
	found := view.Match(question)
	done(Outcome{})
	return m.rank(people, view, o, found, today)
}

// question asks the candidates for a rule's matches on a day.
func (p *populations) question(o *offering, today day.Day) (engine.Question, error) {
	doc, err := p.positions.terms(&o.position.Terms, o.offered())
	if err != nil {
		return engine.Question{}, fmt.Errorf("position %d: %w", o.position.Key, err)
	}
	must, err := p.profiles.condition(o.rule.Must, &today)
	if err != nil {
		return engine.Question{}, fmt.Errorf("must of rule %d: %w", o.rule.Key, err)
	}
	cond := engine.Cond{Op: engine.All, Kids: []engine.Cond{must, p.profiles.unblocked(o.company.Number, o.group)}}
	if o.rule.Age != nil {
		cond.Kids = append(cond.Kids, p.profiles.ages(o.rule.Age, &today))
	}
	return engine.Question{Doc: doc, Cond: cond}, nil
}

// rank scores a rule's candidates and puts the best first.
func (m *Market) rank(people *populations, view *engine.View, o *offering, found []int64, today day.Day) ([]Proposal, error) {
	prefer := make([]engine.Cond, len(o.rule.Prefer))
	all := 0
	for i, p := range o.rule.Prefer {
		var err error
		if prefer[i], err = people.profiles.condition(p.Condition, &today); err != nil {
			return nil, fmt.Errorf("preference of rule %d: %w", o.rule.Key, err)
		}
		all += p.Weight
	}
	active := people.profiles.fields["last_active_days"].field
	answers := m.answersOf(o.company.Key)
	out := make([]Proposal, 0, len(found))
	for _, key := range found {
		who, known := people.findPerson(key)
		doc, ok := view.Find(key)
		if !ok || !known {
			continue
		}
		held := 0
		for i, p := range o.rule.Prefer {
			if engine.Holds(&people.profiles.schema, prefer[i], doc) {
				held += p.Weight
			}
		}
		days := 0
		if i := slices.IndexFunc(doc.Nums, func(n engine.Num) bool { return n.Field == active }); i >= 0 {
			days = max(0, int(today)-int(doc.Nums[i].Value))
		}
		out = append(out, Proposal{
			Rule: o.rule.Key, Candidate: key,
			Score: rule.Score(held, all, days, answers),
			tie:   rule.Tie(m.seed, o.rule.ID, who.id),
		})
	}
	sortProposals(out)
	return out, nil
}

// answersOf gives a company's record as of the beginning of the log's day, so
// that one day ranks alike from its first offer to its last.
func (m *Market) answersOf(company int64) rule.Answers {
	if all := m.answers.Load(); all != nil {
		return (*all)[company]
	}
	return rule.Answers{}
}

// firstPairs is how many pairs the first transaction of a row tries. A sign-up
// rarely takes more than ten offers, so locking a hundred rules for it is waste.
const firstPairs = 25

// stepAll tries all proposals in order, a transaction for each part of them,
// and leaves out those whose rule or candidate has nothing left. The last
// transaction carries the fence.
func (m *Market) stepAll(ctx context.Context, proposals []Proposal, fence Fence) ([]offer.Offer, error) {
	var made []offer.Offer
	exhausted, full := map[int64]bool{}, map[int64]bool{}
	for size := firstPairs; len(proposals) > 0; size = min(2*size, stepPairs) {
		part := make([]Proposal, 0, size)
		for len(proposals) > 0 && len(part) < size {
			p := proposals[0]
			proposals = proposals[1:]
			if !exhausted[p.Rule] && !full[p.Candidate] {
				part = append(part, p)
			}
		}
		if len(part) == 0 {
			break
		}
		var done stepped
		last := Fence{}
		if len(proposals) == 0 {
			last = fence
		}
		within, end := m.begin(ctx, Work{Kind: StepWork})
		err := m.transact(within, func(tx Tx) error {
			var err error
			done, err = m.step(ctx, tx, part, last)
			return err
		})
		end(done.outcome(err))
		if err != nil {
			return made, err
		}
		made = append(made, done.made...)
		for key := range done.exhausted {
			exhausted[key] = true
		}
		for key := range done.full {
			full[key] = true
		}
	}
	return made, nil
}

// sortProposals puts the best first.
func sortProposals(list []Proposal) { slices.SortFunc(list, compareProposals) }
