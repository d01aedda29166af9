package market

import (
	"context"
	"fmt"
	"slices"
	"sync"
)

// trialPeople are the populations of trials, each of its own: nothing that is asked
// of real people can meet one of them.
type trialPeople struct {
	mu sync.RWMutex
	of map[int64]*populations
}

// peopleOf gives the populations that somebody meets: those of their trial, or
// those of everybody who is real.
func (m *Market) peopleOf(trial int64) *populations {
	if trial == 0 {
		return m.people
	}
	m.trials.mu.RLock()
	p := m.trials.of[trial]
	m.trials.mu.RUnlock()
	if p == nil { // nobody has followed so far, or it has ended
		p, _ = populationsOver(m.people.profiles, m.people.positions) // no error: the schemas are those of m.people
	}
	return p
}

// apply applies a batch to the populations of everybody and of each trial.
func (m *Market) apply(b *batch) error {
	if err := m.people.apply(b); err != nil {
		return err
	}
	for trial, part := range b.trials {
		if err := m.applyTrial(trial, part); err != nil {
			return fmt.Errorf("of trial %d: %w", trial, err)
		}
	}
	return nil
}

func (m *Market) applyTrial(trial int64, part *batch) error {
	p := m.peopleOf(trial)
	if err := p.apply(part); err != nil {
		return err
	}
	p.mu.RLock()
	empty := len(p.person) == 0 && len(p.order) == 0
	p.mu.RUnlock()
	m.trials.mu.Lock()
	defer m.trials.mu.Unlock()
	if empty { // it has ended
		delete(m.trials.of, trial)
		return nil
	}
	if m.trials.of == nil {
		m.trials.of = map[int64]*populations{}
	}
	m.trials.of[trial] = p
	return nil
}

// erase removes a candidate who is gone from the trial that they were of, drop a
// rule, dropOf the rules of companies.
func (t *trialPeople) erase(b *batch, key, version int64) {
	t.each(func(trial int64, p *populations) {
		if _, ok := p.findPerson(key); ok {
			b.of(trial).erase(key, version)
		}
	})
}

func (t *trialPeople) drop(b *batch, key, version int64) {
	t.each(func(trial int64, p *populations) {
		if _, ok := p.findOrder(key); ok {
			b.of(trial).drop(key, version)
		}
	})
}

func (t *trialPeople) dropOf(b *batch, companies []int64, version int64) {
	if len(companies) == 0 {
		return
	}
	t.each(func(trial int64, p *populations) {
		p.mu.RLock()
		defer p.mu.RUnlock()
		for key, o := range p.order {
			if slices.Contains(companies, o.company) {
				b.of(trial).drop(key, version)
			}
		}
	})
}

// without removes from trials whoever and whatever is not in a batch of all that
// there is.
func (t *trialPeople) without(b *batch, version int64) {
	t.each(func(trial int64, p *populations) {
		all := b.of(trial)
		for _, key := range p.without(all) {
			all.erase(key, version)
		}
		p.mu.RLock()
		defer p.mu.RUnlock()
		for key := range p.order {
			if _, ok := all.order[key]; !ok {
				all.drop(key, version)
			}
		}
	})
}

func (t *trialPeople) each(call func(trial int64, p *populations)) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	for trial, p := range t.of {
		call(trial, p)
	}
}

// loadTrials loads the trials that stand, which are in no image.
func (m *Market) loadTrials(ctx context.Context, turn int64) error {
	b := newBatch()
	err := m.read(ctx, func(tx Tx) error {
		b = newBatch()
		list, err := tx.Trials()
		if err != nil {
			return err
		}
		touched := newTouched()
		for i := range list {
			of, err := membersOf(tx, &list[i])
			if err != nil {
				return err
			}
			for _, key := range of.candidates {
				touched.candidates[key] = true
			}
			if of.company != 0 {
				if err := touched.addCompany(tx, of.company); err != nil {
					return err
				}
			}
		}
		return m.reload(tx, touched, b, turn)
	})
	if err != nil {
		return fmt.Errorf("load the trials: %w", err)
	}
	return m.apply(b)
}
