package storetest

import (
	"context"
	"sync"

	"enishi/internal/market"
)

// Numbered gives a store that numbers its log after each transaction, as the
// matcher does elsewhere.
func Numbered(s market.Store) market.Store { return &numbered{Store: s} }

type numbered struct {
	market.Store
	one sync.Mutex
}

// Write runs fn, then gives positions to the rows that have none.
func (n *numbered) Write(ctx context.Context, fn func(market.Tx) error) error {
	if err := n.Store.Write(ctx, fn); err != nil {
		return err
	}
	n.one.Lock()
	defer n.one.Unlock()
	return n.Store.Write(context.WithoutCancel(ctx), func(tx market.Tx) error {
		_, err := tx.Number(1000)
		return err
	})
}
