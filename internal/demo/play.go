package demo

import (
	"cmp"
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"enishi/internal/candidate"
	"enishi/internal/company"
	"enishi/internal/day"
	"enishi/internal/market"
	"enishi/internal/offer"
	"enishi/internal/position"
)

// player lets a market live: it writes what people and companies do, day by
// day, and has the market make the offers that follow.
type player struct {
	*world
	draw
	ids    draw
	store  market.Store
	market *market.Market
	now    time.Time // what the market's clock shows
	// batch is how many sign-ups are written before the market matches them.
	batch int
	// through sends what people and companies do with offers through the
	// market's own use cases, one by one, instead of a day in one transaction.
	through bool

	lives   map[int64]*person
	homes   map[int64]*job // by position
	visits  map[day.Day][]int64
	replies map[day.Day][]reply
}

// reply is what a company will do about an offer that was accepted.
type reply struct {
	offer  int64
	action offer.Action
}

// silent sends no mail: nobody in a demo has an address.
type silent struct{}

func (silent) Send(context.Context, string, string, string) error { return nil }

// settingSeed is where the market keeps the seed that orders equal scores.
const settingSeed = "seed"

// newPlayer opens the market over an empty store, before its first day.
func newPlayer(ctx context.Context, w *world, store market.Store) (*player, error) {
	p := &player{
		world: w, draw: newDraw(w.options.Seed, streamPlay), ids: newDraw(w.options.Seed, streamIDs),
		store: store, now: w.first.At(0), batch: 500,
		lives: map[int64]*person{}, homes: map[int64]*job{},
		visits: map[day.Day][]int64{}, replies: map[day.Day][]reply{},
	}
	seed := newDraw(w.options.Seed, streamSeed).id(p.now)
	err := store.Write(ctx, func(tx market.Tx) error { return tx.SetSetting(settingSeed, hex.EncodeToString(seed[:])) })
	if err != nil {
		return nil, fmt.Errorf("set the seed: %w", err)
	}
	p.market, err = market.Open(ctx, store, w.options.Vault, market.Options{
		Mode: market.Auto, Demo: true, Mail: silent{},
		Clock:  func() time.Time { return p.now },
		Report: func(context.Context, string, error) {},
	}, nil)
	return p, err
}

// play runs every day up to the morning of today.
func (p *player) play(ctx context.Context) error {
	if err := p.found(ctx); err != nil {
		return fmt.Errorf("found companies: %w", err)
	}
	slices.SortStableFunc(p.orders, func(a, b order) int { return cmp.Compare(a.begins, b.begins) })
	people, orders := p.persons, p.orders
	for d := p.first; d < p.options.Today; d++ {
		n := splitAt(people, func(x *person) bool { return x.joins <= d })
		k := splitAt(orders, func(x order) bool { return x.begins <= d })
		if err := p.playDay(ctx, d, people[:n], orders[:k]); err != nil {
			return fmt.Errorf("play %s: %w", d, err)
		}
		people, orders = people[n:], orders[k:]
		p.options.Progress("days", int(d-p.first)+1, livedDays)
	}
	return p.settle(ctx, p.options.Today.At(0))
}

// splitAt gives how many of the first entries hold.
func splitAt[T any](list []T, holds func(T) bool) int {
	n := 0
	for n < len(list) && holds(list[n]) {
		n++
	}
	return n
}

func (p *player) playDay(ctx context.Context, d day.Day, joining []*person, beginning []order) error {
	if err := p.settle(ctx, d.At(0)); err != nil {
		return err
	}
	p.now = d.At(9)
	if err := p.begin(ctx, beginning); err != nil {
		return fmt.Errorf("begin rules: %w", err)
	}
	p.now = d.At(11)
	if err := p.reply(ctx, d); err != nil {
		return fmt.Errorf("let companies answer: %w", err)
	}
	for i, hour := range []int{12, 20} {
		p.now = d.At(hour)
		half := joining[len(joining)*i/2 : len(joining)*(i+1)/2]
		for part := range slices.Chunk(half, p.batch) {
			if err := p.join(ctx, part); err != nil {
				return fmt.Errorf("sign people up: %w", err)
			}
		}
	}
	p.now = d.At(21)
	return p.visit(ctx, d)
}

// settle moves the clock and has the market do what follows from it.
func (p *player) settle(ctx context.Context, to time.Time) error {
	p.now = to
	if err := p.market.Tend(ctx); err != nil {
		return fmt.Errorf("begin the day: %w", err)
	}
	return p.market.Drain(ctx)
}

// begin adds positions and their rules, and makes the offers that are due.
func (p *player) begin(ctx context.Context, orders []order) error {
	err := p.store.Write(ctx, func(tx market.Tx) error {
		for i := range orders {
			if err := p.beginOne(tx, &orders[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return p.market.Drain(ctx)
}

func (p *player) beginOne(tx market.Tx, o *order) error {
	at := p.market.Now()
	x := position.Position{
		ID: p.ids.id(at), Company: o.job.firm.Key, Version: 1, PublishedVersion: 1,
		State: position.Published, Terms: o.job.terms,
	}
	if err := tx.AddPosition(&x); err != nil {
		return fmt.Errorf("add a position: %w", err)
	}
	p.homes[x.Key] = o.job
	r := o.Rule
	r.ID, r.Company, r.Position = p.ids.id(at), x.Company, x.Key
	if err := tx.AddRule(&r); err != nil {
		return fmt.Errorf("add a rule: %w", err)
	}
	return tx.Append(
		&market.Row{Change: market.PositionChanged, Entity: x.Key, Version: 1, At: at},
		&market.Row{Change: market.RuleChanged, Entity: r.Key, Version: 1, At: at},
	)
}

// join signs people up and makes the offers that are due to them.
func (p *player) join(ctx context.Context, people []*person) error {
	err := p.store.Write(ctx, func(tx market.Tx) error {
		for _, x := range people {
			if err := p.joinOne(tx, x); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return p.market.Drain(ctx)
}

func (p *player) joinOne(tx market.Tx, x *person) error {
	at := p.market.Now()
	a := p.account(at, candidateEmail(len(p.lives)))
	if err := tx.AddAccount(&a); err != nil {
		return fmt.Errorf("add an account: %w", err)
	}
	c := candidate.Candidate{
		ID: p.ids.id(at), Account: a.Key, Version: 1, Open: !p.in(3), Confirmed: true,
		WeeklyLimit: limitOf(p.draw), Language: "ja", LastActive: x.joins, Profile: x.profile,
		Wishes: x.wish.condition(x), Blocks: p.blocksOf(p.draw), Employers: x.employers, CreatedAt: at,
	}
	if err := tx.AddCandidate(&c); err != nil {
		return fmt.Errorf("add a candidate: %w", err)
	}
	p.lives[c.Key] = x
	if p.in(74) {
		p.visitOn(x.joins+day.Day(p.weighted(25, 35, 25, 15)), c.Key)
	}
	return tx.Append(&market.Row{Change: market.CandidateChanged, Entity: c.Key, Version: 1, At: at})
}

func (p *player) visitOn(d day.Day, candidate int64) {
	if d < p.options.Today {
		p.visits[d] = append(p.visits[d], candidate)
	}
}

// found registers the companies with their owners, and an operator.
func (p *player) found(ctx context.Context) error {
	return p.store.Write(ctx, func(tx market.Tx) error {
		at := p.market.Now()
		operator := p.account(at, operatorEmail)
		operator.Kind = "operator"
		if err := tx.AddAccount(&operator); err != nil {
			return fmt.Errorf("add the operator: %w", err)
		}
		for i, f := range p.firms {
			a := p.account(at, memberEmail(i))
			a.Kind = "member"
			if err := tx.AddAccount(&a); err != nil {
				return fmt.Errorf("add an owner: %w", err)
			}
			f.ID = p.ids.id(at)
			k := f.Company
			if err := tx.AddCompany(&k); err != nil {
				return fmt.Errorf("add company %s: %w", k.Name, err)
			}
			f.Key = k.Key
			if err := tx.AddMember(company.Member{Account: a.Key, Company: k.Key, Role: "owner"}); err != nil {
				return fmt.Errorf("add a member: %w", err)
			}
			if err := tx.Append(&market.Row{Change: market.CompanyChanged, Entity: k.Key, Version: 1, At: at}); err != nil {
				return err
			}
		}
		return nil
	})
}
