package demo

import (
	"context"
	"fmt"
	"slices"

	"enishi/internal/account"
	"enishi/internal/day"
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
	open := slices.DeleteFunc(slices.Compact(visitors), func(key int64) bool { return p.gone[key] })
	if err := p.lookIn(ctx, open); err != nil {
		return fmt.Errorf("look in: %w", err)
	}
	if err := p.idle(ctx); err != nil { // being active can bring offers
		return err
	}
	lists, err := p.offersTo(ctx, open)
	if err != nil {
		return err
	}
	var acts []act
	for i, key := range open {
		acts = append(acts, p.answers(lists[i], d)...)
		if p.in(42) {
			p.visitOn(d+2+day.Day(p.ExpFloat64()*20), key)
		}
	}
	return p.take(ctx, acts, account.Candidate)
}

// mostSeen is how many offers, the newest, a visitor goes through.
const mostSeen = 60

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
	if !p.in(97) {
		return // some never answer
	}
	on := d + 1 + day.Day(p.weighted(20, 22, 16, 12, 8, 6, 5, 3, 3, 2, 2, 1))
	p.replyOn(on, o, offer.Schedule)
	if !p.in(95) {
		return
	}
	on += day.Day(p.between(4, 13))
	p.replyOn(on, o, offer.Hold)
	if o.Kind == "casual" || !p.in(85) {
		return
	}
	last := offer.Reject
	if p.in(26) {
		last = offer.Hire
	}
	p.replyOn(on+day.Day(p.between(2, 12)), o, last)
}

func (p *player) replyOn(d day.Day, o offer.Offer, a offer.Action) {
	if d < p.options.Today {
		p.replies[d] = append(p.replies[d], reply{o, a})
	}
}

// reply lets companies take their steps of a day. Who was hired leaves the
// market, and the other talks that they were in.
func (p *player) reply(ctx context.Context, d day.Day) error {
	due := p.replies[d]
	delete(p.replies, d)
	offers := make([]offer.Offer, len(due))
	for i, r := range due {
		offers[i] = r.offer
	}
	offers, err := p.offersOf(ctx, offers)
	if err != nil {
		return err
	}
	var acts []act
	var viewed []offer.Offer
	var hired []int64
	for i, o := range offers {
		action := due[i].action
		if _, err := o.State.Next(offer.Company, o.Kind, action); err != nil {
			continue // withdrawn meanwhile
		}
		switch action {
		case offer.Schedule:
			viewed = append(viewed, o)
		case offer.Hire:
			hired = append(hired, o.Candidate)
		}
		acts = append(acts, act{o, action})
	}
	if err := p.view(ctx, viewed); err != nil {
		return err
	}
	if err := p.take(ctx, acts, account.Member); err != nil {
		return err
	}
	slices.Sort(hired)
	return p.quit(ctx, slices.Compact(hired))
}

// quit lets people who found a job withdraw from what they had accepted
// elsewhere, and close.
func (p *player) quit(ctx context.Context, hired []int64) error {
	if err := p.lookIn(ctx, hired); err != nil {
		return fmt.Errorf("look in: %w", err)
	}
	lists, err := p.offersTo(ctx, hired)
	if err != nil {
		return err
	}
	var acts []act
	for _, list := range lists {
		for _, o := range list {
			if o.State == offer.Accepted || o.State == offer.Scheduled || o.State == offer.Held && o.Kind != "casual" {
				acts = append(acts, act{o, offer.Withdraw})
			}
		}
	}
	if err := p.take(ctx, acts, account.Candidate); err != nil {
		return err
	}
	for _, key := range hired {
		p.gone[key] = true
	}
	return p.leave(ctx, hired)
}
