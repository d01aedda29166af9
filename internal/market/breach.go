package market

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"enishi/internal/account"
	"enishi/internal/company"
	"enishi/internal/day"
	"enishi/internal/errs"
	"enishi/internal/offer"
)

// duties gives what an offer obliges its sides to, on a day.
func duties(tx Tx, o *offer.Offer, d *offer.Dealing, on day.Day) ([]offer.Duty, error) {
	var least *int
	if o.State == offer.Hired { // nothing else looks at the pay
		terms, err := tx.Terms(o.Position, o.PositionVersion)
		if err != nil {
			return nil, fmt.Errorf("terms of offer %d: %w", o.Key, err)
		}
		least = terms.PayMin
	}
	return offer.Duties(o, d, least, on), nil
}

// SettleClocks notes which promises of an offer are broken by a day, each once,
// and when its next clock ends. The candidate is held; a breach takes the
// company's lock too, since it lowers what its rules may send.
func SettleClocks(tx Tx, o *offer.Offer, d *offer.Dealing, on day.Day, now time.Time) error {
	if !o.Dealt() {
		return nil
	}
	all, err := duties(tx, o, d, on)
	if err != nil {
		return err
	}
	d.OwedOn = offer.Clock(all, d)
	broken := slices.DeleteFunc(all, func(u offer.Duty) bool { return u.Standing != offer.Broken })
	if len(broken) == 0 {
		return nil
	}
	if _, err := tx.LockCompany(o.Company); err != nil {
		return fmt.Errorf("lock the company of offer %d: %w", o.Key, err)
	}
	noted, err := tx.BreachesOf(o.Key)
	if err != nil {
		return err
	}
	for _, u := range broken {
		if slices.ContainsFunc(noted, func(b offer.Breach) bool { return b.Promise == u.Promise }) {
			continue
		}
		id, err := uuid.NewV7()
		if err != nil {
			return fmt.Errorf("make an id: %w", err)
		}
		b := offer.Breach{ID: id, Offer: o.Key, Company: o.Company, Promise: u.Promise, Day: on, At: now}
		if err := tx.AddBreach(&b); err != nil {
			return fmt.Errorf("breach of offer %d: %w", o.Key, err)
		}
	}
	return nil
}

// breachClocks notes the breaches of clocks that ended before a day.
func (m *Market) breachClocks(ctx context.Context, d day.Day) error {
	for more := true; more; {
		var owing []offer.Offer
		err := m.read(ctx, func(tx Tx) error {
			var err error
			owing, err = tx.Owing(d, endPage)
			return err
		})
		if err == nil && len(owing) > 0 {
			err = m.transact(ctx, func(tx Tx) error { return m.breachThose(tx, owing, d) })
		}
		if err != nil {
			return fmt.Errorf("note breaches: %w", err)
		}
		more = len(owing) == endPage
	}
	return nil
}

// breachThose notes the breaches of those of some offers whose clocks have ended
// still.
func (m *Market) breachThose(tx Tx, list []offer.Offer, d day.Day) error {
	if _, err := lockAll("candidate", candidatesOf(list), tx.LockCandidate); err != nil {
		return err
	}
	companies := make([]int64, len(list))
	for i := range list {
		companies[i] = list[i].Company
	}
	if _, err := lockAll("company", companies, tx.LockCompany); err != nil {
		return err
	}
	owing, err := reread(tx, list, func(*offer.Offer) bool { return true })
	if err != nil {
		return err
	}
	for i := range owing {
		o := &owing[i]
		x := &bargain{market: m, tx: tx, now: m.moment(d), by: offer.System, offer: *o}
		if x.dealing, err = tx.Dealing(o.Key); err != nil {
			return err
		}
		x.before = x.dealing
		if x.dealing.OwedOn == 0 || x.dealing.OwedOn >= d {
			continue
		}
		if err := SettleClocks(tx, o, &x.dealing, d, x.now); err != nil {
			return err
		}
		if next := x.dealing.OwedOn; next != 0 && next < d {
			return errs.New(errs.Internal, fmt.Sprintf("a clock of offer %d ended on %s and is no breach on %s", o.Key, next, d))
		}
		if err := x.save(); err != nil {
			return err
		}
	}
	return nil
}

// breachesOf says how many breaches of a company lower what its rules may send on
// a day.
func breachesOf(tx Tx, company int64, today day.Day) (int, error) {
	n, err := tx.Counting(company, today-(offer.BreachDays-1))
	if err != nil {
		return 0, fmt.Errorf("breaches of company %d: %w", company, err)
	}
	return n, nil
}

// Breached is a breach with what it points at.
type Breached struct {
	offer.Breach
	OfferID     uuid.UUID
	CompanyID   uuid.UUID
	CompanyName string
	DeniedAt    time.Time // when the candidate last said that the interview was not held
}

// Breaches gives a page of all breaches to an operator, newest first, before a
// key (0: the newest), and the key to go on from (0: none).
func (m *Market) Breaches(ctx context.Context, actor Actor, before int64, limit int) (page []Breached, next int64, err error) {
	if actor.Kind != account.Operator {
		return nil, 0, errs.New(errs.Denied, "only an operator may do this")
	}
	err = m.readRecent(ctx, func(tx Tx) error {
		page, next = nil, 0
		list, err := tx.Breaches(0, before, limit+1)
		if err != nil {
			return err
		}
		if len(list) > limit {
			list = list[:limit]
			next = list[limit-1].Key
		}
		for _, b := range list {
			one, err := breached(tx, b)
			if err != nil {
				return err
			}
			page = append(page, one)
		}
		return nil
	})
	return page, next, err
}

// mostCosts bounds how many breaches of its own a company is shown.
const mostCosts = 100

// Cost is what a company's broken promises cost it today.
type Cost struct {
	Breaches []Breached // that count, newest first, up to 100
	Percent  int        // of a daily budget that they leave
	Until    day.Day    // the last day on which the oldest of them counts; 0: there is none
}

// Cost gives what the breaches of the actor's company cost it.
func (m *Market) Cost(ctx context.Context, actor Actor) (Cost, error) {
	if err := actor.Role.May(account.ReadOffers); err != nil {
		return Cost{}, err
	}
	var out Cost
	err := m.readRecent(ctx, func(tx Tx) error {
		out = Cost{}
		list, err := tx.Breaches(actor.Company, 0, mostCosts)
		if err != nil {
			return err
		}
		since := m.Today() - (offer.BreachDays - 1)
		for _, b := range list {
			if !b.SetAsideAt.IsZero() || b.Day < since {
				continue
			}
			one, err := breached(tx, b)
			if err != nil {
				return err
			}
			out.Breaches, out.Until = append(out.Breaches, one), b.Day+offer.BreachDays-1
		}
		const whole = 100
		out.Percent = offer.DailyBudget(whole, len(out.Breaches))
		return nil
	})
	return out, err
}

func breached(tx Tx, b offer.Breach) (Breached, error) {
	out := Breached{Breach: b}
	o, err := tx.Offer(b.Offer)
	if err != nil {
		return out, fmt.Errorf("offer of breach %d: %w", b.Key, err)
	}
	k, err := tx.Company(b.Company)
	if err != nil {
		return out, fmt.Errorf("company of breach %d: %w", b.Key, err)
	}
	d, err := tx.Dealing(b.Offer)
	if err != nil {
		return out, fmt.Errorf("dealing of breach %d: %w", b.Key, err)
	}
	out.OfferID, out.CompanyID, out.CompanyName, out.DeniedAt = o.ID, k.ID, k.Name, d.DeniedAt
	return out, nil
}

// SetAside makes a breach count no more, for a reason; operators only. One that
// is set aside already keeps its reason. What the company's rules may send again
// is sent.
func (m *Market) SetAside(ctx context.Context, actor Actor, id uuid.UUID, reason string) (Breached, error) {
	var out Breached
	if actor.Kind != account.Operator {
		return out, errs.New(errs.Denied, "only an operator may do this")
	}
	if err := new(offer.Breach).SetAside(actor.Account, reason, m.Now()); err != nil {
		return out, err
	}
	err := m.write(ctx, func(tx Tx) error {
		b, err := tx.BreachByID(id)
		if err != nil {
			return err
		}
		k, err := tx.LockCompany(b.Company)
		if err != nil {
			return fmt.Errorf("lock the company of breach %d: %w", b.Key, err)
		}
		if b, err = tx.BreachByID(id); err != nil {
			return err
		}
		if b.SetAsideAt.IsZero() {
			if err := b.SetAside(actor.Account, reason, m.Now()); err != nil {
				return err
			}
			if err := tx.SaveBreach(&b); err != nil {
				return err
			}
			if err := m.audit(tx, actor, AuditSetAside, SubjectOffer, b.Offer, within(b.Company)); err != nil {
				return err
			}
			if k.Status == company.Verified { // budget has come back
				if err := tx.Append(companyRow(&k, m)); err != nil {
					return err
				}
			}
		}
		out, err = breached(tx, b)
		return err
	})
	return out, err
}
