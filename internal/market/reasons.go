package market

import (
	"context"

	"enishi/internal/candidate"
	"enishi/internal/condition"
	"enishi/internal/errs"
	"enishi/internal/offer"
	"enishi/internal/position"
	"enishi/internal/rule"
)

// Reason is a clause of a condition, and how it stands.
type Reason struct {
	Asked  condition.Condition
	Holds  bool
	Leaves []condition.Clause
}

// Reasons say why an offer came.
type Reasons struct {
	// Asked are the clauses of what the rule asked when it sent the offer, on the
	// profile as it is now; Known is whether that is still known.
	Asked []Reason
	Known bool
	// Failed are the wishes, as they are now, that the terms of a scout do not meet.
	Failed []Reason
	// Answers is the company's record.
	Answers rule.Answers
}

// Reasons gives, for each of the actor's own offers, in their order, why it came.
// What is not theirs is NotFound.
func (m *Market) Reasons(ctx context.Context, actor Actor, list ...Delivered) ([]Reasons, error) {
	var out []Reasons
	err := m.readRecent(ctx, func(tx Tx) error {
		out = nil
		c, err := tx.Candidate(actor.Candidate)
		if err != nil {
			return err
		}
		today, err := logDay(tx)
		if err != nil {
			return err
		}
		profile := c.Record(today)
		asked := map[version]condition.Condition{}
		for i := range list {
			d := &list[i]
			if d.Candidate != c.Key {
				return errs.New(errs.NotFound, "no such offer")
			}
			why := Reasons{Answers: m.answersOf(d.Company)}
			if d.Sender == offer.Scout {
				why.Failed, err = failed(tx, &c, d)
			} else {
				why.Asked, why.Known, err = askedOf(tx, d, profile, asked)
			}
			if err != nil {
				return err
			}
			out = append(out, why)
		}
		return nil
	})
	return out, err
}

// askedOf gives the clauses of what a rule asked when it sent an offer; false if
// that is not known any more.
func askedOf(tx Tx, d *Delivered, profile condition.Record, asked map[version]condition.Condition) ([]Reason, bool, error) {
	at := version{d.Rule, d.RuleVersion}
	must, ok := asked[at]
	if !ok {
		var err error
		if must, err = tx.Must(at.position, at.version); err != nil {
			return nil, false, notFoundIsNil(err)
		}
		asked[at] = must
	}
	return reasonsOf(must, profile), true, nil
}

// failed gives the wishes that an offer does not meet.
func failed(tx Tx, c *candidate.Candidate, d *Delivered) ([]Reason, error) {
	k, err := tx.Company(d.Company)
	if err != nil {
		return nil, err
	}
	var out []Reason
	for _, r := range reasonsOf(c.Wishes, d.Terms.Record(position.Offered{Kind: d.Kind, Company: k.Number, Size: k.Size})) {
		if !r.Holds {
			out = append(out, r)
		}
	}
	return out, nil
}

// reasonsOf explains each clause of a condition.
func reasonsOf(c condition.Condition, record condition.Record) []Reason {
	clauses := []condition.Condition{c}
	if c.Op == condition.All {
		clauses = c.Kids
	}
	var out []Reason
	for _, clause := range clauses {
		out = append(out, Reason{clause, clause.Holds(record), clause.Explain(record)})
	}
	return out
}
