package market

import (
	"context"
	"fmt"
	"time"

	"enishi/internal/errs"
	"enishi/internal/offer"
)

// Upkeep is what an operator does about maintenance, from anywhere that the
// database can be reached, also beside running servers.
type Upkeep struct {
	store Store
	clock func() time.Time
}

// NewUpkeep gives the upkeep of an installation.
func NewUpkeep(store Store, clock func() time.Time) *Upkeep { return &Upkeep{store, clock} }

// Lead is how long after it was ordered a pause begins: every process has
// learnt of it by then.
const Lead = 2 * time.Second

// allowance is how much later than the order to end it clocks are extended to:
// the time that extending them takes. Taking longer is another pause.
const allowance = time.Minute

// now gives the installation's time.
func (u *Upkeep) now(tx Tx) (time.Time, error) {
	if seed, err := tx.Setting(settingSeed); err != nil || seed == "" {
		if err == nil {
			err = errs.New(errs.NotFound, "there is no installation here")
		}
		return time.Time{}, err
	}
	offset, err := numberSetting(tx, settingOffset)
	return u.clock().Add(time.Duration(offset)).UTC().Truncate(time.Microsecond), err
}

// change changes what is stored, one at a time; dry, it only finds out what
// would happen.
func (u *Upkeep) change(ctx context.Context, dry bool, do func(tx Tx, now time.Time, is *upkeep) error) error {
	run := u.store.Write
	if dry {
		run = u.store.Read
	}
	return run(ctx, func(tx Tx) error {
		now, err := u.now(tx)
		if err != nil {
			return err
		}
		var is upkeep
		if dry {
			is, err = loadUpkeep(tx)
		} else {
			is, err = takeTurn(tx)
		}
		if err != nil {
			return err
		}
		if err := do(tx, now, &is); err != nil || dry {
			return err
		}
		return is.save(tx)
	})
}

// Find gives what people are told now.
func (u *Upkeep) Find(ctx context.Context) (Maintenance, error) {
	var out Maintenance
	err := u.store.Read(ctx, func(tx Tx) error {
		now, err := u.now(tx)
		if err != nil {
			return err
		}
		is, err := loadUpkeep(tx)
		out = is.at(now)
		return err
	})
	return out, err
}

// mostMessage bounds what an operator may say, in bytes: it is in a header's
// neighbourhood and on a small page.
const mostMessage = 1000

// Plan announces a time, in place of one that was announced before. Invalid if
// it is over, ends before it begins, or says too much; Conflict while there is
// maintenance. A dry run only checks.
func (u *Upkeep) Plan(ctx context.Context, p Maintenance, dry bool) error {
	return u.change(ctx, dry, func(_ Tx, now time.Time, is *upkeep) error {
		switch {
		case is.On != nil:
			return errs.New(errs.Conflict, "there is maintenance now: end it before you plan another")
		case !p.From.After(now):
			return errs.AtPointer("/from", p.From.Format(time.RFC3339), "a time after now, "+now.Format(time.RFC3339))
		case !p.Until.After(p.From):
			return errs.AtPointer("/until", p.Until.Format(time.RFC3339), "a time after "+p.From.Format(time.RFC3339))
		case len(p.JA) > mostMessage:
			return errs.AtPointer("/message-ja", fmt.Sprintf("%d bytes", len(p.JA)), fmt.Sprintf("at most %d bytes", mostMessage))
		case len(p.EN) > mostMessage:
			return errs.AtPointer("/message-en", fmt.Sprintf("%d bytes", len(p.EN)), fmt.Sprintf("at most %d bytes", mostMessage))
		}
		is.Plan = &plan{From: p.From.UTC(), Until: p.Until.UTC(), JA: p.JA, EN: p.EN}
		return nil
	})
}

// Begin orders a pause, which begins after Lead, and gives it. Without an end,
// that of the plan holds if it is still ahead. While there is maintenance it
// changes how far the service is open, and the end if one is given; while it is
// being ended, it is Conflict. A dry run only says what would be.
func (u *Upkeep) Begin(ctx context.Context, standing Standing, until time.Time, dry bool) (Maintenance, error) {
	var out Maintenance
	err := u.change(ctx, dry, func(_ Tx, now time.Time, is *upkeep) error {
		if !until.IsZero() && !until.After(now) {
			return errs.AtPointer("/until", until.Format(time.RFC3339), "a time after now, "+now.Format(time.RFC3339))
		}
		switch {
		case is.On != nil && !is.On.Ends.IsZero():
			return errs.New(errs.Conflict, "maintenance is being ended: let that finish (enishi maintenance off), then begin again")
		case is.On == nil:
			is.On = &pause{From: now.Add(Lead)}
			if p := is.Plan; p != nil {
				is.On.JA, is.On.EN = p.JA, p.EN
				if p.Until.After(now) {
					is.On.Until = p.Until
				}
			}
		}
		is.On.Standing = standing
		if !until.IsZero() {
			is.On.Until = until.UTC()
		}
		out = Maintenance{standing, is.On.From, is.On.Until, is.On.JA, is.On.EN}
		return nil
	})
	return out, err
}

// Ended is what ending maintenance did.
type Ended struct {
	Was      bool // there was maintenance
	Planned  bool // a plan was withdrawn
	Extended int  // offers whose clocks were extended
}

// endOffers is how many offers one transaction extends.
const endOffers = 200

// End extends the clocks that ran during maintenance, then opens the service
// again, and withdraws the plan. Until it is done nobody else writes, so each
// clock is extended once; a repeat after a crash goes on where it stopped.
func (u *Upkeep) End(ctx context.Context, progress func(done int)) (Ended, error) {
	var out Ended
	for more := true; more; {
		n := 0
		var withdrawn bool
		err := u.change(ctx, false, func(tx Tx, now time.Time, is *upkeep) (err error) {
			more, n, withdrawn = false, 0, is.Plan != nil && is.On == nil
			if is.On == nil || now.Before(is.On.From) { // or it has not begun
				is.Plan, is.On = nil, nil
				return nil
			}
			out.Was = true
			n, more, err = is.endPart(tx, now)
			return err
		})
		if err != nil {
			return out, fmt.Errorf("end maintenance: %w", err)
		}
		out.Planned = out.Planned || withdrawn
		out.Extended += n
		if progress != nil {
			progress(out.Extended)
		}
	}
	return out, nil
}

// endPart extends the clocks of a page of offers, and ends the pause after the
// last.
func (u *upkeep) endPart(tx Tx, now time.Time) (n int, more bool, err error) {
	on := u.On
	if on.Ends.IsZero() {
		on.Ends = now.Add(allowance)
	}
	p := Pause{on.From, on.Ends}
	list, err := tx.Timed(on.Behind, endOffers)
	if err != nil {
		return 0, false, err
	}
	if n, err = extendAll(tx, list, p, now); err != nil {
		return 0, false, err
	}
	if len(list) == endOffers {
		on.Behind = list[len(list)-1].Key
		return n, true, nil
	}
	if err := tx.AddPause(p); err != nil {
		return 0, false, err
	}
	if now.After(on.Ends) { // it took longer, or was interrupted
		on.From, on.Ends, on.Behind = on.Ends, now.Add(allowance), 0
		return n, true, nil
	}
	u.Plan, u.On = nil, nil
	return n, false, nil
}

// extendAll extends the clocks of offers, under the locks that every writer of
// them takes.
func extendAll(tx Tx, list []offer.Offer, p Pause, now time.Time) (int, error) {
	var candidates []int64
	for i := range list {
		candidates = append(candidates, list[i].Candidate)
	}
	for _, key := range distinct(candidates) {
		if _, err := tx.LockCandidate(key); notFoundIsNil(err) != nil {
			return 0, fmt.Errorf("lock candidate %d: %w", key, err)
		}
	}
	n := 0
	for i := range list {
		o, err := tx.Offer(list[i].Key)
		if err != nil {
			return 0, err
		}
		if !extended(&o, p) {
			continue
		}
		o.Version++
		if err := tx.SaveOffer(&o); err != nil {
			return 0, fmt.Errorf("extend offer %d: %w", o.Key, err)
		}
		if err := tx.Append(&Row{Change: OfferChanged, Entity: o.Key, Version: o.Version, At: now}); err != nil {
			return 0, err
		}
		n++
	}
	return n, nil
}
