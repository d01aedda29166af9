package market

import (
	"context"
	"fmt"
	"slices"

	"enishi/internal/candidate"
	"enishi/internal/condition"
	"enishi/internal/engine"
	"enishi/internal/errs"
)

// Prospect is what a candidate would reach with a profile and wishes that are not
// saved yet.
type Prospect struct {
	Reach Reach
	Gains []Gain // the largest first
}

// Gain is a leaf that alone stands between the candidate and More further rules.
type Gain struct {
	Wish      bool   // one of the wishes, not something that rules ask of a profile
	Pointer   string // of the wish
	Condition condition.Condition
	More      Reach
}

// mostGains is how many leaves an editor tells of.
const mostGains = 5

// Edited is what an editor holds; nil is as it is stored.
type Edited struct {
	Profile *candidate.Profile
	Wishes  *condition.Condition
}

// Prospect gives what the actor would reach, counted as Insight does, as if
// they were open and what they edit were saved; nothing is. Blocks hold as they are stored. Whatever is
// wrong with it is Invalid, by JSON pointer.
func (m *Market) Prospect(ctx context.Context, actor Actor, e Edited) (Prospect, error) {
	c, err := m.Candidate(ctx, actor)
	if err != nil {
		return Prospect{}, err
	}
	today := m.Today()
	if e.Profile != nil {
		if err := e.Profile.Validate(today); err != nil {
			return Prospect{}, errs.Below("/profile", err)
		}
		named, err := m.presentNamesakes(ctx, e.Profile.History)
		if err != nil {
			return Prospect{}, fmt.Errorf("look for employers by name: %w", err)
		}
		c.Profile = e.Profile.Derived(today, named.listed(c.Employers))
	}
	if e.Wishes != nil {
		if err := e.Wishes.Validate(condition.Positions, false); err != nil {
			return Prospect{}, errs.Below("/wishes", err)
		}
		c.Wishes = *e.Wishes
	}
	c.Open = true
	m.catchUpWithOthers(ctx)
	facts, err := m.factsOfDay(ctx)
	if err != nil {
		return Prospect{}, err
	}
	doc, err := m.people.profiles.person(&c, &today)
	if err != nil {
		return Prospect{}, fmt.Errorf("lower a profile: %w", err)
	}
	wishes, err := m.people.positions.condition(c.Wishes, nil)
	if err != nil {
		return Prospect{}, fmt.Errorf("lower wishes: %w", err)
	}
	people := m.peopleOf(c.Trial)
	look := looking{market: m, people: people, facts: facts, view: people.rules.View()}
	question := engine.Question{Doc: doc, Cond: wishes}
	return Prospect{reachOf(len(look.reached(question))), m.gains(&c, look.view, question, mostGains)}, nil
}

// gains gives up to most leaves that alone stand between a candidate and rules, the
// largest first.
func (m *Market) gains(c *candidate.Candidate, rules *engine.View, q engine.Question, most int) []Gain {
	done := m.engine(MissesWork)
	misses := rules.NearMisses(q)
	done(Outcome{})
	var out []Gain
	for _, miss := range misses {
		if len(out) == most {
			break
		}
		if g, ok := m.gain(c, miss); ok {
			out = append(out, g)
		}
	}
	return out
}

// gain says a near miss to its candidate; not ok if it is a block's or an age's.
func (m *Market) gain(c *candidate.Candidate, miss engine.Miss) (Gain, bool) {
	g := Gain{Wish: miss.Asked, More: reachOf(miss.Count)}
	if miss.Asked {
		g.Condition, g.Pointer = c.Wishes.At(miss.Path)
		return g, true
	}
	var ok bool
	g.Condition, ok = m.people.profiles.lift(miss.Leaf)
	return g, ok && near(&c.Profile, g.Condition)
}

// near says whether somebody may have what a leaf asks and not have said it: work of
// another kind than theirs is nothing that is written down besides.
func near(p *candidate.Profile, leaf condition.Condition) bool {
	held := map[string][]candidate.Coded{"occupation": p.Occupation, "industry": p.Industry}[leaf.Field]
	if len(held) == 0 {
		return true
	}
	return slices.ContainsFunc(leaf.In, func(code string) bool {
		return slices.ContainsFunc(held, func(h candidate.Coded) bool { return codeGroup(code) == codeGroup(h.Code) })
	})
}

// codeGroup gives the group of an occupation's or industry's code: its first two signs.
func codeGroup(code string) string { return code[:min(2, len(code))] }
