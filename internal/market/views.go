package market

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// Viewed is one opening of the actor's card.
type Viewed struct {
	CompanyID   uuid.UUID
	CompanyName string
	At          time.Time
}

// Views gives a page of who opened the actor's card, newest first, before a
// key (0: the newest), and the key to go on from (0: none).
func (m *Market) Views(ctx context.Context, actor Actor, before int64, limit int) (page []Viewed, next int64, err error) {
	err = m.readRecent(ctx, func(tx Tx) error {
		page, next = nil, 0
		if _, err := tx.Candidate(actor.Candidate); err != nil {
			return err
		}
		list, err := tx.Views(actor.Candidate, before, limit+1)
		if err != nil {
			return err
		}
		if len(list) > limit {
			list = list[:limit]
			next = list[limit-1].Key
		}
		for _, v := range list {
			k, err := tx.Company(v.Company)
			if err != nil {
				return fmt.Errorf("company of view %d: %w", v.Key, err)
			}
			page = append(page, Viewed{k.ID, k.Name, v.At})
		}
		return nil
	})
	return page, next, err
}
