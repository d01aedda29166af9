package market

import (
	"cmp"
	"context"
	"slices"

	"github.com/google/uuid"

	"enishi/internal/account"
	"enishi/internal/rule"
)

// RuleHistory gives what was done to a rule of the actor's company, the newest first, up
// to a limit, and whether there is more: by whom it was made, changed, activated and
// paused, whose batches were confirmed, and what else let it send or kept it from that,
// since it was made: the end of its position, an operator's decision about the company,
// its last day. Whoever reads the rule reads it, though not the whole audit log.
func (m *Market) RuleHistory(ctx context.Context, actor Actor, id uuid.UUID, limit int) (list []Noted, more bool, err error) {
	if err := actor.Role.May(account.ReadOffers); err != nil {
		return nil, false, err
	}
	err = m.readRecent(ctx, func(tx Tx) error {
		list, more = nil, false
		r, err := ownRule(tx, actor, id)
		if err != nil {
			return err
		}
		found, err := stepsOf(tx, &r, limit+1)
		if err != nil {
			return err
		}
		more = len(found) > limit
		n := newNamer(m, tx, actor)
		for _, e := range found[:min(limit, len(found))] {
			shown, err := n.noted(e)
			if err != nil {
				return err
			}
			list = append(list, shown)
		}
		return nil
	})
	return list, more, err
}

// stepsOf gives up to limit entries of a rule's history, the newest first.
func stepsOf(tx Tx, r *rule.Rule, limit int) ([]Entry, error) {
	found, err := tx.Entries(EntryFilter{Company: r.Company, Kind: SubjectRule, Entity: r.Key}, 0, limit)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	first := found[len(found)-1].Key
	for _, of := range []EntryFilter{
		{Kind: SubjectPosition, Entity: r.Position, What: AuditClose},
		{Kind: SubjectCompany, Entity: r.Company, What: AuditSuspend},
		{Kind: SubjectCompany, Entity: r.Company, What: AuditVerify},
	} {
		of.Company = r.Company
		part, err := tx.Entries(of, 0, limit)
		if err != nil {
			return nil, err
		}
		found = append(found, slices.DeleteFunc(part, func(e Entry) bool { return e.Key < first })...)
	}
	slices.SortFunc(found, func(a, b Entry) int { return cmp.Compare(b.Key, a.Key) })
	return found[:min(limit, len(found))], nil
}
