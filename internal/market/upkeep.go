package market

import (
	"context"
	"fmt"
	"time"

	"enishi/internal/day"
	"enishi/internal/errs"
	"enishi/internal/offer"
)

// Upkeep is what an operator does about maintenance, from anywhere that the
// database can be reached, also beside running servers.
type Upkeep struct {
	store Store
	clock func() time.Time
	by    Order
}

// NewUpkeep gives the upkeep of an installation, by whoever orders it.
func NewUpkeep(store Store, clock func() time.Time, by Order) *Upkeep {
	return &Upkeep{store, clock, by}
}

// Lead is how long after it was ordered a pause begins: every process has
// learnt of it by then.
const Lead = 2 * time.Second

// Clocks are extended to some time after the order to end a pause: to when every
// process has learnt of the end, or, where they are so many that extending them
// takes several transactions, by allowance. Taking longer is another pause.
const allowance = time.Minute

// early is how long before its time a plan may be begun.
const early = time.Hour

// now gives the installation's time.
func (u *Upkeep) now(tx Tx) (time.Time, error) {
	if seed, err := tx.Setting(settingSeed); err != nil || seed == "" {
		if err == nil {
			err = errs.New(errs.NotFound, "there is no installation here yet: enishi serve makes one when it starts")
		}
		return time.Time{}, err
	}
	offset, err := numberSetting(tx, settingOffset)
	return u.clock().Add(time.Duration(offset)).UTC().Truncate(time.Microsecond), err
}

// change changes what is stored, one at a time; dry, it only finds out what
// would happen.
func (u *Upkeep) change(ctx context.Context, dry bool, do func(tx Tx, now time.Time, is *upkeep) error) error {
	if err := u.by.Check(); err != nil {
		return err
	}
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

// note adds to the audit log what becomes of what people are told, unless nothing does; a dry
// run cannot write.
func (u *Upkeep) note(tx Tx, dry bool, what Audited, before, after Maintenance, at time.Time) error {
	if dry {
		return nil
	}
	e := Entry{At: at, What: what}
	ordered(u.by, before.told()+" -> "+after.told())(&e)
	return tx.AddEntry(&e)
}

// told is maintenance as the audit log has it: without what people are told in words.
func (m Maintenance) told() string {
	if m.Standing == "" {
		return "no maintenance"
	}
	out := string(m.Standing) + " from " + said(m.From)
	if !m.Until.IsZero() {
		out += " until " + said(m.Until)
	}
	return out
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
	return u.change(ctx, dry, func(tx Tx, now time.Time, is *upkeep) error {
		before := is.at(now)
		switch {
		case is.On != nil:
			return errs.New(errs.Conflict, "there is maintenance now: end it before you plan another")
		case !p.From.After(now):
			return errs.AtPointer("/from", said(p.From), "a time after now, "+said(now))
		case !p.Until.After(p.From):
			return errs.AtPointer("/until", said(p.Until), "a time after "+said(p.From))
		case len(p.JA) > mostMessage:
			return errs.AtPointer("/message-ja", fmt.Sprintf("%d bytes", len(p.JA)), fmt.Sprintf("at most %d bytes", mostMessage))
		case len(p.EN) > mostMessage:
			return errs.AtPointer("/message-en", fmt.Sprintf("%d bytes", len(p.EN)), fmt.Sprintf("at most %d bytes", mostMessage))
		}
		is.Plan = &plan{From: p.From.UTC(), Until: p.Until.UTC(), JA: p.JA, EN: p.EN}
		return u.note(tx, dry, AuditPlanMaintenance, before, is.at(now), now)
	})
}

// said is a moment as operators read it, and may give it.
func said(t time.Time) string { return t.In(day.Tokyo).Format(time.RFC3339) }

// Begin orders a pause, which begins after Lead, and gives it. It is the planned
// one if the plan's time has come, or will within an hour, and is not over; then
// what the plan says holds, and its end, unless one is given. While there is maintenance it
// changes how far the service is open, and the end if one is given; while it is
// being ended, it is Conflict. A dry run only says what would be.
func (u *Upkeep) Begin(ctx context.Context, standing Standing, until time.Time, dry bool) (Maintenance, error) {
	var out Maintenance
	err := u.change(ctx, dry, func(tx Tx, now time.Time, is *upkeep) error {
		before := is.at(now)
		if !until.IsZero() && !until.After(now) {
			return errs.AtPointer("/until", said(until), "a time after now, "+said(now))
		}
		switch {
		case is.On != nil && !is.On.Ends.IsZero():
			return errs.New(errs.Conflict, "maintenance is being ended: let that finish (enishi maintenance off), then begin again")
		case is.On == nil:
			is.On = &pause{From: now.Add(Lead)}
			if p := is.Plan; p.due(now) {
				is.On.Until, is.On.JA, is.On.EN = p.Until, p.JA, p.EN
			}
		}
		is.On.Standing = standing
		if !until.IsZero() {
			is.On.Until = until.UTC()
		}
		out = Maintenance{standing, is.On.From, is.On.Until, is.On.JA, is.On.EN}
		return u.note(tx, dry, AuditMaintenance, before, out, now)
	})
	return out, err
}

// due says whether a plan is what a pause that is ordered now was planned as.
func (p *plan) due(now time.Time) bool {
	return p != nil && p.Until.After(now) && p.From.Before(now.Add(early))
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
// again; a plan of another time stays. Without maintenance it withdraws the plan.
// Until it is done nobody else writes, so each
// clock is extended once; a repeat after a crash goes on where it stopped.
func (u *Upkeep) End(ctx context.Context, progress func(done int)) (Ended, error) {
	var out Ended
	for more := true; more; {
		n := 0
		var withdrawn bool
		err := u.change(ctx, false, func(tx Tx, now time.Time, is *upkeep) (err error) {
			more, n, withdrawn = false, 0, is.Plan != nil && is.On == nil
			before := is.at(now)
			if is.On == nil {
				is.Plan = nil
				if !withdrawn {
					return nil
				}
				return u.note(tx, false, AuditEndMaintenance, before, Maintenance{}, now)
			}
			if is.On.Ends.IsZero() { // the first part of it
				if err := u.note(tx, false, AuditEndMaintenance, before, Maintenance{}, now); err != nil {
					return err
				}
			}
			out.Was = true
			if now.Before(is.On.From) { // it has not begun
				is.close(now)
				return nil
			}
			n, more, err = is.endPart(tx, now)
			return err
		})
		if err != nil {
			return out, fmt.Errorf("end maintenance: %w", err)
		}
		out.Planned = out.Planned || withdrawn
		out.Extended += n
		if progress != nil && out.Extended > 0 {
			progress(out.Extended)
		}
	}
	return out, nil
}

// endPart extends the clocks of a page of offers, and ends the pause after the
// last.
func (u *upkeep) endPart(tx Tx, now time.Time) (n int, more bool, err error) {
	on := u.On
	list, err := tx.Timed(on.Behind, endOffers)
	if err != nil {
		return 0, false, err
	}
	switch {
	case on.Ends.IsZero():
		on.Ends = now.Add(Lead)
		if len(list) == endOffers {
			on.Ends = now.Add(allowance)
		}
		if on.Since, err = afterLast(tx, on.From); err != nil {
			return 0, false, err
		}
	case on.Since.IsZero(): // the program before began to end it
		on.Since = on.From
	}
	p := Pause{on.Since, on.Ends}
	if !p.From.Before(p.Until) { // all of it was counted with the last one
		u.close(now)
		return 0, false, nil
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
		on.Since, on.Ends, on.Behind = on.Ends, now.Add(allowance), 0
		return n, true, nil
	}
	u.close(now)
	return n, false, nil
}

// afterLast gives a moment, or the end of the last pause if that is later: no
// time is counted twice.
func afterLast(tx Tx, at time.Time) (time.Time, error) {
	list, err := tx.Pauses()
	if err == nil && len(list) > 0 && list[len(list)-1].Until.After(at) {
		at = list[len(list)-1].Until
	}
	return at, err
}

// close ends a pause whose clocks are extended, and the plan that it was.
func (u *upkeep) close(now time.Time) {
	if u.Plan.due(u.On.From.Add(-Lead)) || u.Plan != nil && !u.Plan.Until.After(now) {
		u.Plan = nil
	}
	u.On = nil
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
		moved, err := extendDealing(tx, &o, p)
		if err != nil {
			return 0, err
		}
		if moved = extended(&o, p) || moved; !moved {
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
