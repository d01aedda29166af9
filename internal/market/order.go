package market

import (
	"context"
	"fmt"
	"time"
	"unicode/utf8"

	"enishi/internal/errs"
)

// Order is who does something by a command, beside those who serve, and why. Both are
// kept for as long as the audit log: who as the machine, or AWS, knows them.
type Order struct{ By, Why string }

// The most characters that an order keeps, and of what it changed.
const (
	MostBy   = 500
	MostWhy  = 500
	MostDiff = 4000
)

// Check is Invalid if more is said than is kept.
func (o Order) Check() error {
	for _, of := range []struct {
		where, text string
		most        int
	}{{"/by", o.By, MostBy}, {"/why", o.Why, MostWhy}} {
		if n := utf8.RuneCountInString(of.text); n > of.most {
			return errs.AtPointer(of.where, fmt.Sprintf("%d characters", n), fmt.Sprintf("at most %d", of.most))
		}
	}
	return nil
}

// ordered adds to an entry who ordered what it tells of, and what that changed.
func ordered(o Order, diff string) func(*Entry) {
	return func(e *Entry) { e.Order, e.Diff = o, abridged(diff) }
}

// abridged gives the beginning of what an entry cannot hold.
func abridged(diff string) string {
	if utf8.RuneCountInString(diff) <= MostDiff {
		return diff
	}
	return string([]rune(diff)[:MostDiff-1]) + "…"
}

// Note adds to the audit log what a command did, or is about to do, that is no change of
// the market's own. It loads nothing, and needs no installation beyond the schema.
func Note(ctx context.Context, store Store, clock func() time.Time, what Audited, o Order, diff string) error {
	if err := o.Check(); err != nil {
		return err
	}
	err := store.Write(ctx, func(tx Tx) error {
		offset, err := numberSetting(tx, settingOffset)
		if err != nil {
			return err
		}
		e := Entry{At: clock().Add(time.Duration(offset)).UTC().Truncate(time.Microsecond), What: what}
		ordered(o, diff)(&e)
		return tx.AddEntry(&e)
	})
	if err != nil {
		return fmt.Errorf("note %s in the audit log: %w", what, err)
	}
	return nil
}
