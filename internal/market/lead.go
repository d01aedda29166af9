package market

import (
	"context"
	"fmt"
	"time"
)

// leaseMatcher is the lease of the process that walks the log and keeps the
// day; LeaseLife is how long it holds unless it is renewed.
const (
	leaseMatcher = "matcher"
	LeaseLife    = 5 * time.Second
)

// fenceKey is the context key of the fencing number that the matcher's
// transactions hold on to.
type fenceKey struct{}

// Lead makes this process the one that walks the log, or keeps it so, and says
// whether it is. It must be called again well within LeaseLife; a process that
// was paused for longer writes nothing more as the matcher, since each of the
// matcher's transactions checks the fencing number.
func (m *Market) Lead(ctx context.Context) (bool, error) {
	var fence int64
	err := m.store.Write(ctx, func(tx Tx) error {
		var err error
		fence, err = tx.TakeLease(leaseMatcher, m.self, LeaseLife, !m.options.Shared)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("take the lead: %w", err)
	}
	m.lead.Store(fence)
	return fence != 0, nil
}

// Leads says whether this process led when Lead was last called.
func (m *Market) Leads() bool { return m.lead.Load() != 0 }

// Shared says whether other processes serve the same store.
func (m *Market) Shared() bool { return m.options.Shared }

// Yield gives the lead up, so that another process need not wait for its end.
func (m *Market) Yield(ctx context.Context) error {
	fence := m.lead.Swap(0)
	if fence == 0 {
		return nil
	}
	err := m.store.Write(ctx, func(tx Tx) error { return tx.DropLease(leaseMatcher, fence) })
	if err != nil {
		return fmt.Errorf("give up the lead: %w", err)
	}
	return nil
}

// leading gives the context of the leading matcher, if this process is it. A
// process that has its store for itself leads without being told to.
func (m *Market) leading(ctx context.Context) (context.Context, bool, error) {
	fence := m.lead.Load()
	if fence == 0 && !m.options.Shared {
		if _, err := m.Lead(ctx); err != nil {
			return ctx, false, err
		}
		fence = m.lead.Load()
	}
	if fence == 0 {
		return ctx, false, nil
	}
	if fence != m.drained { // another may have gone further
		err := m.read(ctx, func(tx Tx) error {
			matched, err := numberSetting(tx, settingMatched)
			m.matched.Store(max(matched, m.matched.Load())) // what was handled here and not yet noted stays handled
			return err
		})
		if err != nil {
			return ctx, false, fmt.Errorf("read how far the log is matched: %w", err)
		}
		m.drained = fence
	}
	return context.WithValue(ctx, fenceKey{}, fence), true, nil
}
