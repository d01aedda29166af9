package market

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"enishi/internal/account"
	"enishi/internal/position"
)

// Backlog is how many people wait at a rule for their company to confirm them, and when the
// first of them lapses.
type Backlog struct {
	People int
	Until  time.Time
}

// RuleBacklog is the queue of a rule that sends once somebody confirms.
type RuleBacklog struct {
	Rule  uuid.UUID
	Title string // of the rule's position
	Backlog
}

// Backlogs gives the actor's company's rules at which people wait to be confirmed, whichever
// lapses first before others. They are those whom Waiting lists. Rules that do not send
// now are left out, since nobody of theirs can be confirmed; where nobody confirms, there
// are none.
func (m *Market) Backlogs(ctx context.Context, actor Actor) ([]RuleBacklog, error) {
	if err := actor.Role.May(account.SearchPeople); err != nil {
		return nil, err
	}
	if m.options.Mode != Approve {
		return nil, nil
	}
	var out []RuleBacklog
	err := m.readRecent(ctx, func(tx Tx) error {
		var err error
		out, err = m.backlogs(tx, actor.Company)
		return err
	})
	return out, err
}

// backlogs is Backlogs of a company.
func (m *Market) backlogs(tx Tx, of int64) ([]RuleBacklog, error) {
	k, err := tx.Company(of)
	if err != nil {
		return nil, err
	}
	group, err := groupOf(tx, k)
	if err != nil {
		return nil, err
	}
	found, err := tx.BacklogOf(of, k.Number, group)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	rules, err := tx.RulesOf(of, 0, mostRules)
	if err != nil {
		return nil, err
	}
	var keys []int64
	for i := range rules {
		if _, waits := found[rules[i].Key]; waits {
			keys = append(keys, rules[i].Position)
		}
	}
	positions, err := positionsOf(tx, keys)
	if err != nil {
		return nil, fmt.Errorf("positions of rules that wait: %w", err)
	}
	today := m.Today()
	var out []RuleBacklog
	for i := range rules {
		r := &rules[i]
		q, waits := found[r.Key]
		if p := positions[r.Position]; waits && r.Sends(today) && p.State == position.Published {
			out = append(out, RuleBacklog{r.ID, p.Terms.Title, q})
		}
	}
	slices.SortStableFunc(out, func(a, b RuleBacklog) int { return cmp.Or(a.Until.Compare(b.Until), cmp.Compare(b.People, a.People)) })
	return out, nil
}
