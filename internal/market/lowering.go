package market

import (
	"fmt"

	"enishi/internal/candidate"
	"enishi/internal/company"
	"enishi/internal/corpnum"
	"enishi/internal/day"
	"enishi/internal/engine"
	"enishi/internal/position"
	"enishi/internal/rule"
)

// Lowering turns candidates and rules into what the engine holds and is asked,
// without a store: what a bench measures is what a market's populations hold.
// It is safe for concurrent use.
type Lowering struct{ people *populations }

// NewLowering gives a lowering with numbers of its own.
func NewLowering() (*Lowering, error) {
	people, err := newPopulations()
	if err != nil {
		return nil, fmt.Errorf("make the populations: %w", err)
	}
	return &Lowering{people}, nil
}

// Profiles is the schema of profiles.
func (l *Lowering) Profiles() engine.Schema { return l.people.profiles.schema }

// Positions is the schema of what rules offer.
func (l *Lowering) Positions() engine.Schema { return l.people.positions.schema }

// ProfileField gives the number of a field over profiles.
func (l *Lowering) ProfileField(name string) uint16 { return l.people.profiles.fields[name].field }

// Candidate gives a candidate's entry, with dates, and their question to the
// rules on a day.
func (l *Lowering) Candidate(c *candidate.Candidate, today day.Day) (engine.Entry, engine.Question, error) {
	b := newBatch()
	if err := l.people.putCandidate(b, c, 1); err != nil {
		return engine.Entry{}, engine.Question{}, err
	}
	doc, err := l.people.profiles.person(c, &today)
	entry := b.candidates[0].Entry
	return entry, engine.Question{Doc: doc, Cond: entry.Cond}, err
}

// Offering is a rule with its position and company, which is in no group.
type Offering struct {
	Rule     rule.Rule
	Company  company.Company
	Position position.Position
}

// Rule gives a rule's entry, with counts of days; its question to the
// candidates on a day; and its condition alone, as a search on that day.
func (l *Lowering) Rule(from Offering, today day.Day) (engine.Entry, engine.Question, engine.Cond, error) {
	o := &offering{rule: from.Rule, company: from.Company, position: from.Position, group: []corpnum.Number{from.Company.Number}}
	b := newBatch()
	if err := l.people.putRule(b, o, 1); err != nil {
		return engine.Entry{}, engine.Question{}, engine.Cond{}, err
	}
	question, err := l.people.question(o, today)
	if err != nil {
		return engine.Entry{}, engine.Question{}, engine.Cond{}, err
	}
	must, err := l.people.profiles.condition(o.rule.Must, &today)
	return b.rules[0].Entry, question, must, err
}
