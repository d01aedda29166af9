package market

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"enishi/internal/account"
	"enishi/internal/errs"
	"enishi/internal/position"
	"enishi/internal/rule"
)

// ownPosition gives a position of the actor's company, or NotFound.
func ownPosition(tx Tx, actor Actor, id uuid.UUID) (position.Position, error) {
	p, err := tx.PositionByID(id)
	if err == nil && p.Company != actor.Company {
		err = errs.New(errs.NotFound, "no such position")
	}
	return p, err
}

// AddPosition writes a draft and gives it.
func (m *Market) AddPosition(ctx context.Context, actor Actor, t position.Terms, once Once) (position.Position, error) {
	var p position.Position
	if err := errs.Join(t.Validate()); err != nil {
		return p, err
	}
	if err := actor.Role.May(account.EditPosition); err != nil {
		return p, err
	}
	err := again(func() error {
		return m.write(ctx, func(tx Tx) error {
			var made uuid.UUID
			found, err := m.recall(tx, once, &made)
			if err == nil && found {
				p, err = ownPosition(tx, actor, made)
			}
			if err != nil || found {
				return err
			}
			p = position.Position{Company: actor.Company, Version: 1, State: position.Draft, Terms: t}
			return m.addPosition(tx, &p, once)
		})
	})
	return p, err
}

func (m *Market) addPosition(tx Tx, p *position.Position, once Once) (err error) {
	if p.ID, err = uuid.NewV7(); err != nil {
		return fmt.Errorf("make an id: %w", err)
	}
	if err := tx.AddPosition(p); err != nil {
		return err
	}
	if err := tx.Append(&Row{Change: PositionLess, Entity: p.Key, Version: p.Revision(), At: m.Now()}); err != nil {
		return err
	}
	return m.remember(tx, once, p.ID)
}

// positionsOf gives the positions of any number of keys, by key.
func positionsOf(tx Tx, keys []int64) (map[int64]position.Position, error) {
	slices.Sort(keys)
	out := map[int64]position.Position{}
	for part := range slices.Chunk(slices.Compact(keys), MostKeys) {
		list, err := tx.PositionsByKey(part)
		if err != nil {
			return nil, err
		}
		for _, p := range list {
			out[p.Key] = p
		}
	}
	return out, nil
}

// Position gives a position of the actor's company.
func (m *Market) Position(ctx context.Context, actor Actor, id uuid.UUID) (position.Position, error) {
	var p position.Position
	err := m.read(ctx, func(tx Tx) error {
		var err error
		p, err = ownPosition(tx, actor, id)
		return err
	})
	return p, err
}

// Positions gives up to limit positions of the actor's company after a key.
func (m *Market) Positions(ctx context.Context, actor Actor, after int64, limit int) ([]position.Position, error) {
	var list []position.Position
	err := m.readRecent(ctx, func(tx Tx) error {
		var err error
		list, err = tx.PositionsOf(actor.Company, after, limit)
		return err
	})
	return list, err
}

// SetPosition makes a new version of the terms; what is published stays as it
// is until the new version is published.
func (m *Market) SetPosition(ctx context.Context, actor Actor, id uuid.UUID, version int64, t position.Terms) (position.Position, error) {
	if err := t.Validate(); err != nil {
		return position.Position{}, err
	}
	return m.editPosition(ctx, actor, id, func(_ Tx, p *position.Position) (Change, error) {
		if err := current(version, p.Version); err != nil {
			return "", err
		}
		if p.State == position.Closed {
			return "", errs.New(errs.Conflict, "a closed position cannot be edited")
		}
		p.Terms, p.Version = t, p.Version+1
		return PositionLess, nil
	})
}

// Publish makes the newest version the one that is offered. What the law or
// matching still needs is Invalid, by pointer.
func (m *Market) Publish(ctx context.Context, actor Actor, id uuid.UUID) (position.Position, error) {
	return m.editPosition(ctx, actor, id, func(tx Tx, p *position.Position) (Change, error) {
		if p.State == position.Closed {
			return "", errs.New(errs.Conflict, "a closed position cannot be published")
		}
		if p.State == position.Published && p.PublishedVersion == p.Version {
			return "", nil
		}
		if err := ownsNumber(tx, p.Company); err != nil {
			return "", err
		}
		if err := p.Terms.Publishable(); err != nil {
			return "", err
		}
		if err := keepPreconditions(tx, p); err != nil {
			return "", err
		}
		p.State, p.PublishedVersion = position.Published, p.Version
		return PositionChanged, m.audit(tx, actor, AuditPublish, SubjectPosition, p.Key)
	})
}

// keepPreconditions is a Conflict if the age condition of an active rule of the
// position would lose its ground by the terms. The position is locked: whoever
// activates or edits a rule of it locks it too.
func keepPreconditions(tx Tx, p *position.Position) error {
	rules, err := tx.RulesOfPosition(p.Key)
	if err != nil {
		return fmt.Errorf("rules of position %d: %w", p.Key, err)
	}
	for _, r := range rules {
		if r.State != rule.Active {
			continue // asked again when it is activated
		}
		if err := r.Preconditions(&p.Terms); err != nil {
			return errs.New(errs.Conflict, fmt.Sprintf("the age condition of rule %s does not allow these terms: edit the rule first (%v)", r.ID, err))
		}
	}
	return nil
}

// Close ends a position for good; offers for it that are not accepted are
// withdrawn.
func (m *Market) Close(ctx context.Context, actor Actor, id uuid.UUID) (position.Position, error) {
	p, err := m.editPosition(ctx, actor, id, func(tx Tx, p *position.Position) (Change, error) {
		if p.State == position.Closed {
			return "", nil
		}
		p.State = position.Closed
		return PositionLess, m.audit(tx, actor, AuditClose, SubjectPosition, p.Key)
	})
	if err == nil {
		m.settle(ctx, m.sweepPosition, p.Key)
	}
	return p, err
}

// editPosition changes a position of the actor's company; change says what
// happened, "" if nothing did.
func (m *Market) editPosition(ctx context.Context, actor Actor, id uuid.UUID, change func(Tx, *position.Position) (Change, error)) (position.Position, error) {
	var p position.Position
	if err := actor.Role.May(account.EditPosition); err != nil {
		return p, err
	}
	err := m.write(ctx, func(tx Tx) error {
		found, err := ownPosition(tx, actor, id)
		if err != nil {
			return err
		}
		if p, err = tx.LockPosition(found.Key); err != nil {
			return err
		}
		what, err := change(tx, &p)
		if err != nil || what == "" {
			return err
		}
		if err := tx.SavePosition(&p); err != nil {
			return err
		}
		return tx.Append(&Row{Change: what, Entity: p.Key, Version: p.Revision(), At: m.Now()})
	})
	return p, err
}
