package market

import (
	"context"
	"fmt"
	"strconv"

	"github.com/google/uuid"

	"enishi/internal/account"
	"enishi/internal/condition"
	"enishi/internal/day"
	"enishi/internal/errs"
	"enishi/internal/offer"
	"enishi/internal/position"
	"enishi/internal/rule"
)

// RuleInput is what a company gives of a rule.
type RuleInput struct {
	Position    uuid.UUID
	Kind        string
	Must        condition.Condition
	Prefer      []rule.Preference
	DailyBudget int
	TotalBudget int
	Expires     day.Day // 0: a year from now
	OfferDays   int     // 0: 14
	Age         *rule.AgeException
}

// Ruled is a rule with its position's id and what it has spent on offers that
// its company sees: not on those that wait for an address to be confirmed.
type Ruled struct {
	rule.Rule
	PositionID uuid.UUID
	SpentToday int
	SpentTotal int
	Daily      int // what breaches of the company leave of the daily budget today
}

// Spending is what a rule used of its budget on a day and in all, and how many of its
// offers are reserved, of those that were made on that day, and of all.
type Spending struct{ Today, Total, ReservedToday, Reserved int }

// ruleDays is how long a rule runs that says nothing of its end.
const ruleDays = 365

func ownRule(tx Tx, actor Actor, id uuid.UUID) (rule.Rule, error) {
	r, err := tx.RuleByID(id)
	if err == nil && r.Company != actor.Company {
		err = errs.New(errs.NotFound, "no such rule")
	}
	return r, err
}

// positionOf gives the position that an input names.
func positionOf(tx Tx, actor Actor, in RuleInput) (position.Position, error) {
	p, err := ownPosition(tx, actor, in.Position)
	if errs.Is(err, errs.NotFound) {
		err = errs.AtPointer("/position", strconv.Quote(in.Position.String()), "the id of a position of your company")
	}
	return p, err
}

// fill puts the input into a rule; what is not allowed is Invalid.
func fill(tx Tx, actor Actor, r *rule.Rule, in RuleInput, p *position.Position) error {
	today, err := logDay(tx)
	if err != nil {
		return err
	}
	r.Company, r.Position, r.Kind, r.Must, r.Prefer = actor.Company, p.Key, in.Kind, in.Must, in.Prefer
	r.DailyBudget, r.TotalBudget, r.Age = in.DailyBudget, in.TotalBudget, in.Age
	r.Expires, r.OfferDays = in.Expires, in.OfferDays
	if r.Expires == 0 {
		r.Expires = today + ruleDays
	}
	if r.OfferDays == 0 {
		r.OfferDays = offer.LifeDays
	}
	list := []error{r.Validate(), ground(tx, r, p), errs.Below("/must", in.Must.Validate(condition.Profiles, false))}
	for i, p := range in.Prefer {
		list = append(list, errs.Below("/prefer/"+strconv.Itoa(i)+"/condition", p.Condition.Validate(condition.Profiles, false)))
	}
	if r.Expires < today {
		list = append(list, errs.AtPointer("/expires", r.Expires.String(), "today, "+today.String()+", or later"))
	}
	return errs.Join(list...)
}

// refill is fill of a rule that there is, of position p. Only a draft may move to another.
func refill(tx Tx, actor Actor, r *rule.Rule, in RuleInput, p *position.Position) error {
	if in.Position != p.ID {
		other, err := positionOf(tx, actor, in)
		if err != nil {
			return err
		}
		if r.State != rule.Draft {
			return errs.AtPointer("/position", "another position", "the position that the rule was activated with: make a new rule for another one")
		}
		p = &other // asked for its ground again when it is activated
	}
	return fill(tx, actor, r, in, p)
}

// ground reports what a rule's age condition lacks on the position's newest
// terms, and on those that are offered.
func ground(tx Tx, r *rule.Rule, p *position.Position) error {
	err := r.Preconditions(&p.Terms)
	if err != nil || r.Age == nil || p.PublishedVersion == 0 || p.PublishedVersion == p.Version {
		return err
	}
	offered, err := tx.Terms(p.Key, p.PublishedVersion)
	if err != nil {
		return fmt.Errorf("terms %d of position %d: %w", p.PublishedVersion, p.Key, err)
	}
	return r.Preconditions(&offered)
}

func ruled(tx Tx, r rule.Rule, today day.Day) (Ruled, error) {
	p, err := tx.Position(r.Position)
	if err != nil {
		return Ruled{}, err
	}
	var s Spending
	if s.Today, s.Total, err = tx.Spent(r.Key, today); err != nil {
		return Ruled{}, err
	}
	if s.ReservedToday, s.Reserved, err = tx.Reserved(r.Key, today); err != nil {
		return Ruled{}, err
	}
	breaches, err := breachesOf(tx, r.Company, today)
	return ruledBy(r, p.ID, s, breaches), err
}

// ruledBy is ruled of what was read before.
func ruledBy(r rule.Rule, position uuid.UUID, s Spending, breaches int) Ruled {
	return Ruled{
		Rule: r, PositionID: position, SpentToday: s.Today - s.ReservedToday, SpentTotal: s.Total - s.Reserved,
		Daily: offer.DailyBudget(r.DailyBudget, breaches),
	}
}

// allRuled is ruled of rules of one company, in their order, with their positions by
// key.
func allRuled(tx Tx, company int64, list []rule.Rule, today day.Day) ([]Ruled, map[int64]position.Position, error) {
	spent, err := tx.SpendingOf(company, today)
	if err != nil {
		return nil, nil, err
	}
	breaches, err := breachesOf(tx, company, today)
	if err != nil {
		return nil, nil, err
	}
	var keys []int64
	for i := range list {
		keys = append(keys, list[i].Position)
	}
	positions, err := positionsOf(tx, keys)
	if err != nil {
		return nil, nil, err
	}
	var out []Ruled
	for _, r := range list {
		p, found := positions[r.Position]
		if !found {
			return nil, nil, fmt.Errorf("position of rule %d: %w", r.Key, errs.New(errs.NotFound, "no such position"))
		}
		out = append(out, ruledBy(r, p.ID, spent[r.Key], breaches))
	}
	return out, positions, nil
}

// AddRule writes a draft rule and gives it.
func (m *Market) AddRule(ctx context.Context, actor Actor, in RuleInput, once Once) (Ruled, error) {
	var out Ruled
	if err := actor.Role.May(account.EditRule); err != nil {
		return out, err
	}
	err := again(func() error {
		return m.write(ctx, func(tx Tx) error {
			var made uuid.UUID
			found, err := m.recall(tx, once, &made)
			if err != nil {
				return err
			}
			var r rule.Rule
			if found {
				r, err = ownRule(tx, actor, made)
			} else {
				r, err = m.addRule(tx, actor, in, once)
			}
			if err != nil {
				return err
			}
			out, err = ruled(tx, r, m.Today())
			return err
		})
	})
	return out, err
}

// addRule writes a draft. It is asked for its ground again when it is
// activated, so its position need not be locked.
func (m *Market) addRule(tx Tx, actor Actor, in RuleInput, once Once) (rule.Rule, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return rule.Rule{}, fmt.Errorf("make an id: %w", err)
	}
	r := rule.Rule{ID: id, Version: 1, State: rule.Draft}
	p, err := positionOf(tx, actor, in)
	if err == nil {
		err = fill(tx, actor, &r, in, &p)
	}
	if err != nil {
		return r, err
	}
	if err := tx.AddRule(&r); err != nil {
		return r, err
	}
	if err := tx.Append(&Row{Change: RuleLess, Entity: r.Key, Version: r.Version, At: m.Now()}); err != nil {
		return r, err
	}
	if err := m.audit(tx, actor, AuditMakeRule, SubjectRule, r.Key); err != nil {
		return r, err
	}
	return r, m.remember(tx, once, r.ID)
}

// Rule gives a rule of the actor's company.
func (m *Market) Rule(ctx context.Context, actor Actor, id uuid.UUID) (Ruled, error) {
	var out Ruled
	err := m.read(ctx, func(tx Tx) error {
		r, err := ownRule(tx, actor, id)
		if err != nil {
			return err
		}
		out, err = ruled(tx, r, m.Today())
		return err
	})
	return out, err
}

// Rules gives up to limit rules of the actor's company after a key.
func (m *Market) Rules(ctx context.Context, actor Actor, after int64, limit int) ([]Ruled, error) {
	var out []Ruled
	err := m.readRecent(ctx, func(tx Tx) error {
		list, err := tx.RulesOf(actor.Company, after, limit)
		if err != nil {
			return err
		}
		out, _, err = allRuled(tx, actor.Company, list, m.Today())
		return err
	})
	return out, err
}

// SetRule replaces what a rule asks; what it has spent stays spent. A draft may be
// given another position; what was activated once keeps the one that its offers are of.
func (m *Market) SetRule(ctx context.Context, actor Actor, id uuid.UUID, version int64, in RuleInput) (Ruled, error) {
	return m.editRule(ctx, actor, id, func(tx Tx, r *rule.Rule, p *position.Position) (Change, error) {
		if err := current(version, r.Version); err != nil {
			return "", err
		}
		if err := refill(tx, actor, r, in, p); err != nil {
			return "", err
		}
		if r.State == rule.Expired {
			r.State = rule.Paused
		}
		return RuleChanged, m.audit(tx, actor, AuditEditRule, SubjectRule, r.Key)
	})
}

// Activate lets a rule send, and gives its preview, which counts as one that
// the company has asked for: nil if it has seen as many as a day allows, or is
// not verified yet; a rule of such a company sends once it is.
func (m *Market) Activate(ctx context.Context, actor Actor, id uuid.UUID) (Ruled, *Preview, error) {
	if err := actor.Role.May(account.ActivateRule); err != nil {
		return Ruled{}, nil, err
	}
	shown, err := m.previewStored(ctx, actor, id)
	if err != nil {
		return Ruled{}, shown, err
	}
	out, err := m.editRule(ctx, actor, id, func(tx Tx, r *rule.Rule, p *position.Position) (Change, error) {
		if p.State == position.Closed {
			return "", errs.New(errs.Conflict, "the rule's position is closed: make a rule for another")
		}
		if r.State == rule.Active {
			return "", nil
		}
		if p.State != position.Published {
			return "", errs.New(errs.Conflict, "publish the rule's position first")
		}
		if err := ownsNumber(tx, r.Company); err != nil {
			return "", err
		}
		today, err := logDay(tx)
		if err != nil {
			return "", err
		}
		if r.Expires < today {
			return "", errs.New(errs.Conflict, "the rule's last day, "+r.Expires.String()+", has passed: give it a later one first")
		}
		if err := ground(tx, r, p); err != nil {
			return "", errs.Wrap(errs.Conflict, "the rule's age condition does not allow the position's terms: edit the rule first", err)
		}
		r.State = rule.Active
		return RuleChanged, m.audit(tx, actor, AuditActivate, SubjectRule, r.Key)
	})
	return out, shown, err
}

// PreviewRule gives the preview of a rule of the actor's company as it stands, nil if
// the company has seen as many as a day allows or is not verified.
func (m *Market) PreviewRule(ctx context.Context, actor Actor, id uuid.UUID) (*Preview, error) {
	if err := actor.Role.May(account.EditRule); err != nil {
		return nil, err
	}
	return m.previewStored(ctx, actor, id)
}

// previewStored gives the preview of a rule of the actor's company, nil if the
// company has seen too many or is not verified.
func (m *Market) previewStored(ctx context.Context, actor Actor, id uuid.UUID) (*Preview, error) {
	var r rule.Rule
	err := m.read(ctx, func(tx Tx) error {
		var err error
		if r, err = ownRule(tx, actor, id); err == nil {
			_, err = verified(tx, actor)
		}
		return err
	})
	if err == nil {
		err = m.countPreview(ctx, actor, &r)
	}
	if errs.Is(err, errs.TooMany) || errs.Is(err, errs.Denied) {
		return nil, nil //nolint:nilnil // no preview, and nothing went wrong
	}
	if err != nil {
		return nil, err
	}
	var shown Preview
	err = m.read(ctx, func(tx Tx) error {
		var err error
		shown, err = m.previewOf(tx, r)
		return err
	})
	return &shown, err
}

// Pause stops a rule; what it has sent stays.
func (m *Market) Pause(ctx context.Context, actor Actor, id uuid.UUID) (Ruled, error) {
	return m.editRule(ctx, actor, id, func(tx Tx, r *rule.Rule, _ *position.Position) (Change, error) {
		if r.State != rule.Active {
			return "", nil
		}
		r.State = rule.Paused
		return RuleLess, m.audit(tx, actor, AuditPause, SubjectRule, r.Key)
	})
}

// editRule changes a rule of the actor's company, with its position locked, so
// that the terms cannot change under what the rule asks of them; change says
// what happened, "" if nothing did.
func (m *Market) editRule(ctx context.Context, actor Actor, id uuid.UUID,
	change func(Tx, *rule.Rule, *position.Position) (Change, error),
) (Ruled, error) {
	var out Ruled
	if err := actor.Role.May(account.EditRule); err != nil {
		return out, err
	}
	err := m.write(ctx, func(tx Tx) error {
		found, err := ownRule(tx, actor, id)
		if err != nil {
			return err
		}
		r, err := tx.LockRule(found.Key)
		if err != nil {
			return err
		}
		p, err := tx.LockPosition(r.Position)
		if err != nil {
			return fmt.Errorf("lock the position of rule %d: %w", r.Key, err)
		}
		what, err := change(tx, &r, &p)
		if err != nil {
			return err
		}
		if what != "" {
			r.Version++
			if err := tx.SaveRule(&r); err != nil {
				return err
			}
			if err := tx.Append(&Row{Change: what, Entity: r.Key, Version: r.Version, At: m.Now()}); err != nil {
				return err
			}
		}
		out, err = ruled(tx, r, m.Today())
		return err
	})
	return out, err
}
