package demo

import (
	"cmp"
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"enishi/internal/account"
	"enishi/internal/candidate"
	"enishi/internal/corpnum"
	"enishi/internal/day"
	"enishi/internal/market"
	"enishi/internal/offer"
)

// player lets a market live: it decides what people and companies do, day by
// day, and has the market make the offers that follow.
type player struct {
	*world
	draw
	doors
	clock atomic.Pointer[time.Time] // what the market's clock shows

	lives   map[int64]*person
	gone    map[int64]bool // who has closed, and comes no more
	homes   map[int64]*job // by position
	visits  map[day.Day][]int64
	replies map[day.Day][]reply
}

// doors are the ways on which what people and companies do comes into a market.
// What comes through is written when a call ends; the offers that follow from
// it are made when idle ends.
type doors interface {
	// found registers an operator, and companies with their owners.
	found(ctx context.Context, firms []*firm) error
	// begin publishes positions and activates their rules, and gives the keys
	// of the positions.
	begin(ctx context.Context, orders []order) ([]int64, error)
	// join signs people up, and gives their keys.
	join(ctx context.Context, people []entrant) ([]int64, error)
	// settle changes the settings of people who have just joined.
	settle(ctx context.Context, keys []int64, people []entrant) error
	// lookIn notes that people were there.
	lookIn(ctx context.Context, keys []int64) error
	// offersTo gives the newest offers of people.
	offersTo(ctx context.Context, keys []int64) ([][]offer.Offer, error)
	// offersOf gives offers of companies as they are now.
	offersOf(ctx context.Context, offers []offer.Offer) ([]offer.Offer, error)
	// view opens the cards of the candidates of offers.
	view(ctx context.Context, offers []offer.Offer) error
	// take takes steps on offers.
	take(ctx context.Context, acts []act, by account.Kind) error
	// leave closes people.
	leave(ctx context.Context, keys []int64) error
	// idle waits until all offers that are due at this moment are made.
	idle(ctx context.Context) error
}

// entrant is somebody who signs up, with the settings that they choose then.
type entrant struct {
	*person
	email  string
	open   bool
	limit  int
	blocks []corpnum.Number
}

// settles says whether the settings are not what everybody begins with.
func (x *entrant) settles() bool { return !x.open || x.limit != candidate.DefaultWeeklyLimit }

// reply is what a company will do about an offer that was accepted.
type reply struct {
	offer  offer.Offer
	action offer.Action
}

// silent sends no mail: nobody in a demo has an address.
type silent struct{}

func (silent) Send(context.Context, *market.Letter) error { return nil }

// settingSeed is where the market keeps the seed that orders equal scores.
const settingSeed = "seed"

// newPlayer opens the market over an empty store, before its first day.
func newPlayer(ctx context.Context, w *world, store market.Store) (*player, error) {
	p := &player{
		world: w, draw: newDraw(w.options.Seed, streamPlay),
		lives: map[int64]*person{}, gone: map[int64]bool{}, homes: map[int64]*job{},
		visits: map[day.Day][]int64{}, replies: map[day.Day][]reply{},
	}
	p.set(w.first.At(0))
	seed := newDraw(w.options.Seed, streamSeed).id(w.first.At(0))
	err := store.Write(ctx, func(tx market.Tx) error { return tx.SetSetting(settingSeed, hex.EncodeToString(seed[:])) })
	if err != nil {
		return nil, fmt.Errorf("set the seed: %w", err)
	}
	m, err := market.Open(ctx, store, w.options.Vault, p.marketOptions(), nil)
	if err != nil {
		return nil, err
	}
	ids := newDraw(w.options.Seed, streamIDs)
	p.doors = &ledger{store: store, market: m, vault: w.options.Vault, id: func(_ string, at time.Time) uuid.UUID { return ids.id(at) }}
	return p, nil
}

func (p *player) marketOptions() market.Options {
	return market.Options{
		Mode: market.Auto, Demo: true, Data: market.DemoData, Mail: silent{},
		Clock:  func() time.Time { return *p.clock.Load() },
		Report: func(context.Context, string, error) {},
	}
}

func (p *player) set(now time.Time) { p.clock.Store(&now) }

// move lets time pass, once all is done that is due before.
func (p *player) move(ctx context.Context, to time.Time) error {
	if err := p.idle(ctx); err != nil {
		return err
	}
	p.set(to)
	return nil
}

// play runs every day up to the morning of today.
func (p *player) play(ctx context.Context) error {
	if err := p.found(ctx, p.firms); err != nil {
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
	return p.dawn(ctx, p.options.Today)
}

// dawn lets a day begin.
func (p *player) dawn(ctx context.Context, d day.Day) error {
	if err := p.move(ctx, d.At(0)); err != nil {
		return fmt.Errorf("end the day before: %w", err)
	}
	return p.idle(ctx)
}

// splitAt gives how many of the first entries hold.
func splitAt[T any](list []T, holds func(T) bool) int {
	n := 0
	for n < len(list) && holds(list[n]) {
		n++
	}
	return n
}

// together is how many people sign up before the market makes the offers that
// are due to them.
const together = 500

func (p *player) playDay(ctx context.Context, d day.Day, joining []*person, beginning []order) error {
	if err := p.dawn(ctx, d); err != nil {
		return err
	}
	if err := p.move(ctx, d.At(9)); err != nil {
		return err
	}
	keys, err := p.begin(ctx, beginning)
	if err != nil {
		return fmt.Errorf("begin rules: %w", err)
	}
	for i, key := range keys {
		p.homes[key] = beginning[i].job
	}
	if err := p.move(ctx, d.At(11)); err != nil {
		return err
	}
	if err := p.reply(ctx, d); err != nil {
		return fmt.Errorf("let companies answer: %w", err)
	}
	for i, hour := range []int{12, 20} {
		if err := p.move(ctx, d.At(hour)); err != nil {
			return err
		}
		half := joining[len(joining)*i/2 : len(joining)*(i+1)/2]
		for part := range slices.Chunk(half, together) {
			if err := p.enter(ctx, part); err != nil {
				return fmt.Errorf("sign people up: %w", err)
			}
		}
	}
	if err := p.move(ctx, d.At(21)); err != nil {
		return err
	}
	return p.visit(ctx, d)
}

// enter signs people up; some then change their settings.
func (p *player) enter(ctx context.Context, people []*person) error {
	all := make([]entrant, len(people))
	again := make([]day.Day, len(people)) // when they look in, 0: never
	for i, x := range people {
		all[i] = entrant{
			person: x, email: candidateEmail(len(p.lives) + i),
			open: !p.in(3), limit: limitOf(p.draw), blocks: p.blocksOf(p.draw),
		}
		if p.in(74) {
			again[i] = x.joins + day.Day(p.weighted(25, 35, 25, 15))
		}
	}
	keys, err := p.join(ctx, all)
	if err != nil {
		return err
	}
	for i, key := range keys {
		p.lives[key] = all[i].person
		p.gone[key] = !all[i].open
		if again[i] != 0 {
			p.visitOn(again[i], key)
		}
	}
	if err := p.idle(ctx); err != nil {
		return err
	}
	return p.settle(ctx, keys, all)
}

func (p *player) visitOn(d day.Day, candidate int64) {
	if d < p.options.Today {
		p.visits[d] = append(p.visits[d], candidate)
	}
}
