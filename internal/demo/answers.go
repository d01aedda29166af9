package demo

import (
	"context"
	"fmt"
	"slices"

	"enishi/internal/account"
	"enishi/internal/candidate"
	"enishi/internal/day"
	"enishi/internal/market"
	"enishi/internal/offer"
)

// act is a step of somebody on an offer.
type act struct {
	offer  offer.Offer
	action offer.Action
}

// visit lets those who look in on a day see their offers and answer some.
func (p *player) visit(ctx context.Context, d day.Day) error {
	visitors := p.visits[d]
	delete(p.visits, d)
	slices.Sort(visitors)
	var acts []act
	err := p.store.Write(ctx, func(tx market.Tx) error {
		for _, key := range slices.Compact(visitors) {
			c, err := tx.LockCandidate(key)
			if err != nil {
				return fmt.Errorf("candidate %d: %w", key, err)
			}
			if !c.Open && c.Version > 1 { // found a job meanwhile
				continue
			}
			if err := p.lookIn(tx, &c, d); err != nil {
				return err
			}
			list, err := tx.OffersTo(key, 0, mostSeen)
			if err != nil {
				return fmt.Errorf("offers of candidate %d: %w", key, err)
			}
			acts = append(acts, p.answers(list, d)...)
			if p.in(42) {
				p.visitOn(d+2+day.Day(p.ExpFloat64()*20), key)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return p.take(ctx, acts, account.Candidate)
}

// mostSeen is how many offers, the newest, a visitor goes through.
const mostSeen = 60

// lookIn notes that the candidate was there.
func (p *player) lookIn(tx market.Tx, c *candidate.Candidate, d day.Day) error {
	if c.LastActive >= d {
		return nil
	}
	c.LastActive, c.Version = d, c.Version+1
	if err := tx.SaveCandidate(c); err != nil {
		return fmt.Errorf("note a visit of candidate %d: %w", c.Key, err)
	}
	return tx.Append(&market.Row{Change: market.CandidateChanged, Entity: c.Key, Version: c.Version, At: p.market.Now()})
}

// answers decides what a visitor does about their offers: every one is opened,
// some are accepted, better pay more often, some declined, the rest wait.
func (p *player) answers(list []offer.Offer, d day.Day) []act {
	var out []act
	busy := 0
	for _, o := range list {
		if o.State == offer.Accepted || o.State == offer.Scheduled {
			busy++
		}
	}
	for _, o := range list {
		if o.State != offer.Sent && o.State != offer.Seen || o.ExpiresOn < d {
			continue
		}
		if o.State == offer.Sent {
			out = append(out, act{o, offer.See})
		}
		chance := 9
		if x, j := p.lives[o.Candidate], p.homes[o.Position]; *j.terms.PayMin*100 >= x.pay*105 {
			chance = 18
		}
		switch roll := p.IntN(100); {
		case roll < chance && busy < 3:
			busy++
			out = append(out, act{o, offer.Accept})
			p.expectReply(o, d)
		case roll >= 62:
			out = append(out, act{o, offer.Decline})
		}
	}
	return out
}

// expectReply draws what the company will do about an acceptance, and when.
func (p *player) expectReply(o offer.Offer, d day.Day) {
	if !p.in(90) {
		return // some never answer
	}
	on := d + 1 + day.Day(p.weighted(20, 22, 16, 12, 8, 6, 5, 3, 3, 2, 2, 1))
	p.replyOn(on, o.Key, offer.Schedule)
	if !p.in(86) {
		return
	}
	on += day.Day(p.between(4, 13))
	p.replyOn(on, o.Key, offer.Hold)
	if o.Kind == "casual" || !p.in(85) {
		return
	}
	last := offer.Reject
	if p.in(26) {
		last = offer.Hire
	}
	p.replyOn(on+day.Day(p.between(2, 12)), o.Key, last)
}

func (p *player) replyOn(d day.Day, key int64, a offer.Action) {
	if d < p.options.Today {
		p.replies[d] = append(p.replies[d], reply{key, a})
	}
}

// reply lets companies take their steps of a day. Who was hired leaves the
// market; their other accepted offers stay as they are.
func (p *player) reply(ctx context.Context, d day.Day) error {
	due := p.replies[d]
	delete(p.replies, d)
	var acts []act
	var hired []int64
	err := p.store.Write(ctx, func(tx market.Tx) error {
		for _, r := range due {
			o, err := tx.Offer(r.offer)
			if err != nil {
				return fmt.Errorf("offer %d: %w", r.offer, err)
			}
			if _, err := o.State.Next(r.action); err != nil {
				continue // withdrawn meanwhile
			}
			if r.action == offer.Schedule {
				if err := tx.AddView(market.View{Candidate: o.Candidate, Company: o.Company, At: p.market.Now()}); err != nil {
					return fmt.Errorf("add a view: %w", err)
				}
			}
			if r.action == offer.Hire {
				hired = append(hired, o.Candidate)
			}
			acts = append(acts, act{o, r.action})
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := p.take(ctx, acts, account.Member); err != nil {
		return err
	}
	return p.leave(ctx, hired)
}

// leave closes the candidates who found a job.
func (p *player) leave(ctx context.Context, keys []int64) error {
	slices.Sort(keys)
	return p.store.Write(ctx, func(tx market.Tx) error {
		for _, key := range slices.Compact(keys) {
			c, err := tx.LockCandidate(key)
			if err != nil {
				return fmt.Errorf("candidate %d: %w", key, err)
			}
			if !c.Open {
				continue
			}
			c.Open, c.Version = false, c.Version+1
			if err := tx.SaveCandidate(&c); err != nil {
				return fmt.Errorf("close candidate %d: %w", key, err)
			}
			if err := tx.Append(&market.Row{Change: market.CandidateLess, Entity: key, Version: c.Version, At: p.market.Now()}); err != nil {
				return err
			}
		}
		return nil
	})
}

// take takes steps on offers: through the market, or all in one transaction
// that writes what the market would.
func (p *player) take(ctx context.Context, acts []act, by account.Kind) error {
	if p.through {
		for _, a := range acts {
			if err := p.takeThrough(ctx, a, by); err != nil {
				return fmt.Errorf("%s offer %d: %w", a.action, a.offer.Key, err)
			}
		}
		return nil
	}
	return p.store.Write(ctx, func(tx market.Tx) error {
		for _, a := range acts {
			if err := p.takeOne(tx, a); err != nil {
				return fmt.Errorf("%s offer %d: %w", a.action, a.offer.Key, err)
			}
		}
		return nil
	})
}

func (p *player) takeOne(tx market.Tx, a act) error {
	o, err := tx.Offer(a.offer.Key)
	if err != nil {
		return err
	}
	now := p.market.Now()
	switch a.action {
	case offer.Accept:
		o.AnsweredAt = now
	case offer.Decline:
		o.AnsweredAt, o.DueAt = now, now.Add(offer.UndoWindow)
	case offer.Schedule, offer.Hold, offer.Hire, offer.Reject:
		if o.RespondedAt.IsZero() {
			o.RespondedAt = now
		}
	}
	if o.State, err = o.State.Next(a.action); err != nil {
		return err
	}
	o.Version++
	if err := tx.SaveOffer(&o); err != nil {
		return err
	}
	return tx.Append(&market.Row{Change: market.OfferChanged, Entity: o.Key, Version: o.Version, At: now})
}

func (p *player) takeThrough(ctx context.Context, a act, by account.Kind) error {
	actor := market.Actor{Kind: by, Candidate: a.offer.Candidate, Company: a.offer.Company, Role: account.Owner, Confirmed: true}
	id := a.offer.ID
	var err error
	switch a.action {
	case offer.See:
		_, err = p.market.OfferTo(ctx, actor, id)
	case offer.Accept, offer.Decline:
		_, err = p.market.Answer(ctx, actor, id, a.action)
	default:
		_, err = p.market.Proceed(ctx, actor, id, a.action)
	}
	return err
}
