package demo

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"

	"enishi/internal/account"
	"enishi/internal/company"
	"enishi/internal/errs"
	"enishi/internal/market"
	"enishi/internal/offer"
)

// What is written in memory, many rows at a time, is what the market's own use
// cases give on a database, one by one, while its matcher runs.
func TestMemoryAndDatabaseLiveTheSameLife(t *testing.T) {
	t.Parallel()
	size := 2000
	if testing.Short() {
		size = 400
	}
	o := options(t, size, 60, size/8)
	db := database(t)
	served := drawn(t, o, db)
	d := newCounter(t, served, db)
	served.doors = d
	if err := served.play(t.Context()); err != nil {
		t.Fatal(err)
	}
	d.stop()

	memory := market.NewMemory()
	loaded := drawn(t, o, memory)
	l := loaded.doors.(*ledger)
	drawnID := l.id
	l.id = func(of string, at time.Time) uuid.UUID {
		list := d.ids[of]
		if len(list) == 0 {
			return drawnID(of, at)
		}
		d.ids[of] = list[1:]
		return list[0]
	}
	if err := loaded.play(t.Context()); err != nil {
		t.Fatal(err)
	}
	for of, left := range d.ids {
		if len(left) > 0 {
			t.Errorf("%d more of %s came through the market", len(left), of)
		}
	}
	got := rowsOf(t, memory)
	compareRows(t, rowsOf(t, db), got,
		cmpopts.IgnoreFields(offer.Offer{}, "ID"), cmpopts.IgnoreFields(account.Account{}, "ID", "Sealed", "CodeHash"))
	if len(got.Candidates) != size || d.instant == 0 || d.instant == len(got.Offers) {
		t.Errorf("%d candidates, %d of %d offers in the answer to a sign-up", len(got.Candidates), d.instant, len(got.Offers))
	}
}

func drawn(t *testing.T, o Options, s market.Store) *player {
	t.Helper()
	w, err := newWorld(o)
	if err != nil {
		t.Fatal(err)
	}
	p, err := newPlayer(t.Context(), w, s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// counter is the doors of a service: everybody signs up, in, and acts through the
// market's use cases, one at a time, while a matcher runs beside.
type counter struct {
	market *market.Market
	strict *market.Market // the same service before it was a demo: companies wait for the operator
	store  market.Store
	asked  chan chan error
	stop   func()
	// operator adds the operator, as the command line does.
	operator func(context.Context) error

	people  map[int64]*session // by candidate
	members map[int64]*session // by company
	ids     map[string][]uuid.UUID
	instant int // offers that the answers to sign-ups held
}

func newCounter(t *testing.T, p *player, s market.Store) *counter {
	t.Helper()
	d := &counter{store: s, asked: make(chan chan error), people: map[int64]*session{}, members: map[int64]*session{}, ids: map[string][]uuid.UUID{}}
	o := p.marketOptions()
	o.Report = func(_ context.Context, what string, err error) { t.Errorf("%s: %v", what, err) }
	var err error
	if d.market, err = market.Open(t.Context(), s, p.options.Vault, o, nil); err != nil {
		t.Fatal(err)
	}
	o.Demo = false
	if d.strict, err = market.Open(t.Context(), s, p.options.Vault, o, nil); err != nil {
		t.Fatal(err)
	}
	d.operator = func(ctx context.Context) error {
		return market.AddOperator(ctx, s, p.options.Vault, o, operatorEmail, "")
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		d.match(ctx, t)
	}()
	d.stop = func() { cancel(); <-done }
	t.Cleanup(d.stop)
	return d
}

// match is the service's matcher: it makes offers whenever something was
// written, and says when there are no more to make.
func (d *counter) match(ctx context.Context, t *testing.T) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-d.market.Kicked():
			if err := d.round(ctx); err != nil && ctx.Err() == nil {
				t.Errorf("the matcher stopped: %v", err)
			}
		case answer := <-d.asked:
			answer <- d.round(ctx)
		}
	}
}

func (d *counter) round(ctx context.Context) error {
	if err := d.market.Tend(ctx); err != nil {
		return err
	}
	return d.market.Drain(ctx)
}

func (d *counter) idle(ctx context.Context) error {
	answer := make(chan error)
	select {
	case d.asked <- answer:
		return <-answer
	case <-ctx.Done():
		return ctx.Err()
	}
}

// session is somebody who is signed in.
type session struct {
	token   string
	account int64
}

// actor lets somebody come in with their token. Where it has expired they get
// another, as a password would give them: 2,000 passwords take minutes to hash.
func (d *counter) actor(ctx context.Context, in *session) (market.Actor, error) {
	actor, err := d.market.Authenticate(ctx, in.token)
	if errs.Is(err, errs.Unauthenticated) && in.account != 0 {
		token, hash := account.NewToken()
		now := d.market.Now()
		err = d.store.Write(ctx, func(tx market.Tx) error {
			return tx.AddSession(account.Session{TokenHash: hash, Account: in.account, CreatedAt: now, ExpiresAt: now.Add(account.SessionLife)})
		})
		if err != nil {
			return actor, err
		}
		in.token = token
		actor, err = d.market.Authenticate(ctx, token)
	}
	in.account = actor.Account
	return actor, err
}

func (d *counter) made(of string, id uuid.UUID) { d.ids[of] = append(d.ids[of], id) }

func (d *counter) found(ctx context.Context, firms []*firm) error {
	if err := d.operator(ctx); err != nil {
		return err
	}
	for i, f := range firms {
		m := d.market
		if f.Status != company.Verified {
			m = d.strict
		}
		done, err := m.Found(ctx, market.Found{Number: f.Number, Head: f.Head, Name: f.Name, Size: f.Size, Email: memberEmail(i)}, market.Once{})
		if err != nil {
			return fmt.Errorf("found %s: %w", f.Name, err)
		}
		in := &session{token: done.Token}
		actor, err := d.actor(ctx, in)
		if err != nil {
			return err
		}
		f.ID, f.Key = done.ID, actor.Company
		d.members[f.Key] = in
		d.made("company", done.ID)
	}
	return nil
}

func (d *counter) begin(ctx context.Context, orders []order) ([]int64, error) {
	keys := make([]int64, len(orders))
	for i := range orders {
		o := &orders[i]
		actor, err := d.actor(ctx, d.members[o.job.firm.Key])
		if err != nil {
			return nil, err
		}
		x, err := d.market.AddPosition(ctx, actor, o.job.terms, market.Once{})
		if err != nil {
			return nil, err
		}
		if _, err := d.market.Publish(ctx, actor, x.ID); err != nil {
			return nil, err
		}
		r, err := d.market.AddRule(ctx, actor, market.RuleInput{
			Position: x.ID, Kind: o.Kind, Must: o.Must, Prefer: o.Prefer, DailyBudget: o.DailyBudget,
			TotalBudget: o.TotalBudget, Expires: o.Expires, OfferDays: o.OfferDays, Age: o.Age,
		}, market.Once{})
		if err != nil {
			return nil, err
		}
		if _, _, err := d.market.Activate(ctx, actor, r.ID); err != nil {
			return nil, err
		}
		keys[i] = x.Key
		d.made("position", x.ID)
		d.made("rule", r.ID)
	}
	return keys, nil
}

func (d *counter) join(ctx context.Context, people []entrant) ([]int64, error) {
	keys := make([]int64, len(people))
	for i := range people {
		x := &people[i]
		done, err := d.market.SignUp(ctx, market.SignUp{
			Email: x.email, Profile: x.profile, Wishes: x.wish.condition(x.person), Blocks: x.blocks,
		}, market.Once{})
		if err != nil {
			return nil, err
		}
		in := &session{token: done.Token}
		actor, err := d.actor(ctx, in)
		if err != nil {
			return nil, err
		}
		keys[i] = actor.Candidate
		d.people[actor.Candidate] = in
		d.instant += len(done.Offers)
		d.made("candidate", done.ID)
	}
	return keys, nil
}

// set changes a candidate's settings.
func (d *counter) set(ctx context.Context, key int64, how func(*market.Settings)) error {
	actor, err := d.actor(ctx, d.people[key])
	if err != nil {
		return err
	}
	c, err := d.market.Candidate(ctx, actor)
	if err != nil {
		return err
	}
	s := market.Settings{Open: c.Open, WeeklyLimit: c.WeeklyLimit, Language: c.Language}
	how(&s)
	_, err = d.market.SetSettings(ctx, actor, c.Version, s)
	return err
}

func (d *counter) settle(ctx context.Context, keys []int64, people []entrant) error {
	for i := range people {
		x := &people[i]
		if !x.settles() {
			continue
		}
		if err := d.set(ctx, keys[i], func(s *market.Settings) { s.Open, s.WeeklyLimit = x.open, x.limit }); err != nil {
			return err
		}
	}
	return nil
}

func (d *counter) leave(ctx context.Context, keys []int64) error {
	for _, key := range keys {
		if err := d.set(ctx, key, func(s *market.Settings) { s.Open = false }); err != nil {
			return err
		}
	}
	return nil
}

func (d *counter) lookIn(ctx context.Context, keys []int64) error {
	for _, key := range keys {
		if _, err := d.actor(ctx, d.people[key]); err != nil {
			return err
		}
	}
	return nil
}

func (d *counter) offersTo(ctx context.Context, keys []int64) ([][]offer.Offer, error) {
	out := make([][]offer.Offer, len(keys))
	for i, key := range keys {
		actor, err := d.actor(ctx, d.people[key])
		if err != nil {
			return nil, err
		}
		page, _, err := d.market.OffersTo(ctx, actor, 0, mostSeen)
		if err != nil {
			return nil, err
		}
		for _, x := range page {
			out[i] = append(out[i], x.Offer)
		}
	}
	return out, nil
}

func (d *counter) offersOf(ctx context.Context, offers []offer.Offer) ([]offer.Offer, error) {
	out := make([]offer.Offer, len(offers))
	for i, o := range offers {
		actor, err := d.actor(ctx, d.members[o.Company])
		if err != nil {
			return nil, err
		}
		x, err := d.market.OfferBy(ctx, actor, o.ID)
		if err != nil {
			return nil, err
		}
		out[i] = x.Offer
	}
	return out, nil
}

func (d *counter) view(ctx context.Context, offers []offer.Offer) error {
	for _, o := range offers {
		actor, err := d.actor(ctx, d.members[o.Company])
		if err != nil {
			return err
		}
		x, err := d.market.OfferBy(ctx, actor, o.ID)
		if err != nil {
			return err
		}
		if _, err := d.market.OpenCard(ctx, actor, x.Card); err != nil {
			return err
		}
	}
	return nil
}

func (d *counter) take(ctx context.Context, acts []act, by account.Kind) error {
	for _, a := range acts {
		in := d.people[a.offer.Candidate]
		if by == account.Member {
			in = d.members[a.offer.Company]
		}
		actor, err := d.actor(ctx, in)
		if err != nil {
			return err
		}
		switch {
		case a.action == offer.See:
			_, err = d.market.OfferTo(ctx, actor, a.offer.ID)
		case by == account.Candidate:
			_, err = d.market.Answer(ctx, actor, a.offer.ID, a.action)
		default:
			_, err = d.market.Proceed(ctx, actor, a.offer.ID, a.action)
		}
		if err != nil {
			return fmt.Errorf("%s offer %d: %w", a.action, a.offer.Key, err)
		}
	}
	return nil
}
