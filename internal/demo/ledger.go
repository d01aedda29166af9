package demo

import (
	"context"
	"fmt"
	"reflect"
	"time"

	"github.com/google/uuid"

	"enishi/internal/account"
	"enishi/internal/candidate"
	"enishi/internal/company"
	"enishi/internal/day"
	"enishi/internal/market"
	"enishi/internal/offer"
	"enishi/internal/position"
)

// ledger is the doors of a load: it writes the rows that the market's use cases
// would write, many in one transaction, with ids of its own, and lets the
// market make the offers. TestMemoryAndDatabaseLiveTheSameLife holds it to the
// use cases.
type ledger struct {
	store  market.Store
	market *market.Market
	vault  *account.Vault
	id     func(of string, at time.Time) uuid.UUID
}

// account gives the account of an address, confirmed and without a password.
func (l *ledger) account(kind account.Kind, email string) account.Account {
	at := l.market.Now()
	return account.Account{
		ID: l.id("account", at), Kind: kind, Confirmed: true, CreatedAt: at,
		Sealed: l.vault.Seal(email), EmailHash: l.vault.EmailHash(email),
	}
}

func (l *ledger) found(ctx context.Context, firms []*firm) error {
	return l.store.Write(ctx, func(tx market.Tx) error {
		operator := l.account(account.Operator, operatorEmail)
		if err := tx.AddAccount(&operator); err != nil {
			return fmt.Errorf("add the operator: %w", err)
		}
		for i, f := range firms {
			if err := l.foundOne(tx, f, memberEmail(i)); err != nil {
				return fmt.Errorf("add company %s: %w", f.Name, err)
			}
		}
		return nil
	})
}

func (l *ledger) foundOne(tx market.Tx, f *firm, email string) error {
	a := l.account(account.Member, email)
	a.Confirmed = f.Status == company.Verified
	if err := tx.AddAccount(&a); err != nil {
		return fmt.Errorf("add an owner: %w", err)
	}
	at := l.market.Now()
	f.ID = l.id("company", at)
	k := f.Company
	if err := tx.AddCompany(&k); err != nil {
		return err
	}
	f.Key = k.Key
	if err := tx.AddMember(company.Member{Account: a.Key, Company: k.Key, Role: account.Owner}); err != nil {
		return fmt.Errorf("add a member: %w", err)
	}
	return tx.Append(&market.Row{Change: market.CompanyChanged, Entity: k.Key, Version: 1, At: at})
}

func (l *ledger) begin(ctx context.Context, orders []order) ([]int64, error) {
	keys := make([]int64, len(orders))
	err := l.store.Write(ctx, func(tx market.Tx) error {
		for i := range orders {
			var err error
			if keys[i], err = l.beginOne(tx, &orders[i]); err != nil {
				return err
			}
		}
		return nil
	})
	return keys, err
}

// beginOne writes a position as it is once published, and a rule as it is once
// activated: its draft was the first version.
func (l *ledger) beginOne(tx market.Tx, o *order) (int64, error) {
	at := l.market.Now()
	x := position.Position{
		ID: l.id("position", at), Company: o.job.firm.Key, Version: 1, PublishedVersion: 1,
		State: position.Published, Terms: o.job.terms,
	}
	if err := tx.AddPosition(&x); err != nil {
		return 0, fmt.Errorf("add a position: %w", err)
	}
	r := o.Rule
	r.ID, r.Company, r.Position, r.Version = l.id("rule", at), x.Company, x.Key, 2
	if err := tx.AddRule(&r); err != nil {
		return 0, fmt.Errorf("add a rule: %w", err)
	}
	return x.Key, tx.Append(
		&market.Row{Change: market.PositionChanged, Entity: x.Key, Version: 1, At: at},
		&market.Row{Change: market.RuleChanged, Entity: r.Key, Version: r.Version, At: at},
	)
}

func (l *ledger) join(ctx context.Context, people []entrant) ([]int64, error) {
	keys := make([]int64, len(people))
	err := l.store.Write(ctx, func(tx market.Tx) error {
		for i := range people {
			var err error
			if keys[i], err = l.joinOne(tx, &people[i]); err != nil {
				return err
			}
		}
		return nil
	})
	return keys, err
}

func (l *ledger) joinOne(tx market.Tx, x *entrant) (int64, error) {
	a := l.account(account.Candidate, x.email)
	if err := tx.AddAccount(&a); err != nil {
		return 0, fmt.Errorf("add an account: %w", err)
	}
	at := l.market.Now()
	c := candidate.Candidate{
		ID: l.id("candidate", at), Account: a.Key, Version: 1, Open: true, Confirmed: true,
		WeeklyLimit: candidate.DefaultWeeklyLimit, Language: "ja", LastActive: x.joins, Profile: x.profile,
		Wishes: x.wish.condition(x.person), Blocks: x.blocks, Employers: x.employers, CreatedAt: at,
	}
	if err := market.MakeMask(tx, &c); err != nil {
		return 0, fmt.Errorf("mask a profile: %w", err)
	}
	if err := tx.AddCandidate(&c); err != nil {
		return 0, fmt.Errorf("add a candidate: %w", err)
	}
	return c.Key, tx.Append(&market.Row{Change: market.CandidateChanged, Entity: c.Key, Version: 1, At: at})
}

func (l *ledger) settle(ctx context.Context, keys []int64, people []entrant) error {
	return l.store.Write(ctx, func(tx market.Tx) error {
		for i := range people {
			x := &people[i]
			if !x.settles() {
				continue
			}
			err := l.change(tx, keys[i], func(c *candidate.Candidate) market.Change {
				what := market.CandidateLess
				if x.open && x.limit > c.WeeklyLimit {
					what = market.CandidateChanged
				}
				c.Open, c.WeeklyLimit = x.open, x.limit
				return what
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// change changes a candidate; how says what happened, "" if nothing did.
func (l *ledger) change(tx market.Tx, key int64, how func(*candidate.Candidate) market.Change) error {
	c, err := tx.LockCandidate(key)
	if err != nil {
		return fmt.Errorf("candidate %d: %w", key, err)
	}
	what := how(&c)
	if what == "" {
		return nil
	}
	c.Version++
	if err := tx.SaveCandidate(&c); err != nil {
		return fmt.Errorf("change candidate %d: %w", key, err)
	}
	return tx.Append(&market.Row{Change: what, Entity: key, Version: c.Version, At: l.market.Now()})
}

func (l *ledger) changeAll(ctx context.Context, keys []int64, how func(*candidate.Candidate) market.Change) error {
	return l.store.Write(ctx, func(tx market.Tx) error {
		for _, key := range keys {
			if err := l.change(tx, key, how); err != nil {
				return err
			}
		}
		return nil
	})
}

func (l *ledger) lookIn(ctx context.Context, keys []int64) error {
	today := l.market.Today()
	return l.changeAll(ctx, keys, func(c *candidate.Candidate) market.Change {
		if c.LastActive >= today {
			return ""
		}
		c.LastActive = today
		return market.CandidateChanged
	})
}

func (l *ledger) leave(ctx context.Context, keys []int64) error {
	return l.changeAll(ctx, keys, func(c *candidate.Candidate) market.Change {
		c.Open = false
		return market.CandidateLess
	})
}

func (l *ledger) offersTo(ctx context.Context, keys []int64) ([][]offer.Offer, error) {
	out := make([][]offer.Offer, len(keys))
	err := l.store.Read(ctx, func(tx market.Tx) error {
		for i, key := range keys {
			var err error
			if out[i], err = tx.OffersTo(key, 0, mostSeen); err != nil {
				return fmt.Errorf("offers of candidate %d: %w", key, err)
			}
		}
		return nil
	})
	return out, err
}

func (l *ledger) offersOf(ctx context.Context, offers []offer.Offer) ([]offer.Offer, error) {
	out := make([]offer.Offer, len(offers))
	err := l.store.Read(ctx, func(tx market.Tx) error {
		for i, o := range offers {
			var err error
			if out[i], err = tx.Offer(o.Key); err != nil {
				return fmt.Errorf("offer %d: %w", o.Key, err)
			}
		}
		return nil
	})
	return out, err
}

func (l *ledger) view(ctx context.Context, offers []offer.Offer) error {
	return l.store.Write(ctx, func(tx market.Tx) error {
		for _, o := range offers {
			if err := tx.AddView(market.View{Candidate: o.Candidate, Company: o.Company, At: l.market.Now()}); err != nil {
				return fmt.Errorf("view candidate %d: %w", o.Candidate, err)
			}
		}
		return nil
	})
}

func (l *ledger) take(ctx context.Context, acts []act, of account.Kind) error {
	return l.store.Write(ctx, func(tx market.Tx) error {
		for _, a := range acts {
			if err := l.takeOne(tx, a, sideOf(of)); err != nil {
				return fmt.Errorf("%s offer %d: %w", a.action, a.offer.Key, err)
			}
		}
		return nil
	})
}

func (l *ledger) takeOne(tx market.Tx, a act, by offer.Side) error {
	o, err := tx.Offer(a.offer.Key)
	if err != nil {
		return err
	}
	d, err := tx.Dealing(o.Key)
	if err != nil {
		return err
	}
	now := l.market.Now()
	before := d
	switch a.action {
	case offer.Accept:
		o.AnsweredAt = now
		d.Accept(&o, day.Of(now))
	case offer.Decline:
		o.AnsweredAt, o.DueAt = now, now.Add(offer.UndoWindow)
	case offer.Schedule:
		d.Agree(now)
	case offer.Hold:
		if err := d.Hold(now); err != nil {
			return err
		}
	case offer.Hire, offer.Reject, offer.Withdraw:
		d.End(by, now)
	}
	if by == offer.Company && o.RespondedAt.IsZero() {
		o.RespondedAt = now
	}
	if err := o.Take(by, a.action, now); err != nil {
		return err
	}
	if err := market.SettleClocks(tx, &o, &d, day.Of(now), now); err != nil {
		return err
	}
	if !reflect.DeepEqual(before, d) {
		if err := tx.SaveDealing(&d); err != nil {
			return err
		}
	}
	o.Version++
	if err := tx.SaveOffer(&o); err != nil {
		return err
	}
	return tx.Append(&market.Row{Change: market.OfferChanged, Entity: o.Key, Version: o.Version, At: now})
}

func (l *ledger) idle(ctx context.Context) error {
	if err := l.market.Tend(ctx); err != nil {
		return fmt.Errorf("tend the day: %w", err)
	}
	return l.market.Drain(ctx)
}

// sideOf is the side of an account.
func sideOf(of account.Kind) offer.Side {
	if of == account.Candidate {
		return offer.Candidate
	}
	return offer.Company
}
