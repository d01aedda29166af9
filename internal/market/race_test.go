package market_test

import (
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"enishi/internal/company"
	"enishi/internal/corpnum"
	"enishi/internal/day"
	"enishi/internal/errs"
	"enishi/internal/market"
	"enishi/internal/offer"
	"enishi/internal/store/storetest"
)

// processes is how many markets share a store in these tests.
const processes = 3

// crowd is a store that several processes write at once. The first of them
// runs the matcher; nothing but the store keeps the others apart.
type crowd struct {
	*history
	all []*history // one for each process: they share everything but the market
}

func newCrowd(t *testing.T, s market.Store, mode market.Mode, demo bool) *crowd {
	t.Helper()
	w := newWorld(t, s, market.Options{Mode: mode, Demo: demo})
	w.records = record(s)
	w.records.beside = true
	c := &crowd{history: &history{
		world: w, mode: mode, cast: &cast{ownerOf: map[uuid.UUID]int{}}, nudge: make(chan struct{}, 1),
	}}
	for range processes {
		mine := *w
		m, err := market.Open(t.Context(), storetest.Disciplined(w.records), w.vault, w.options, nil)
		if err != nil {
			t.Fatalf("open a market: %v", err)
		}
		mine.Market = m
		c.all = append(c.all, &history{world: &mine, mode: mode, cast: c.cast, nudge: c.nudge})
	}
	c.world.Market = c.all[0].Market
	return c
}

// at gives one of the processes.
func (c *crowd) at(i int) *history { return c.all[i%processes] }

// race runs something in many goroutines at once, each in the next process.
func (c *crowd) race(n int, do func(i int, h *history) error) []error {
	out := make([]error, n)
	start := make(chan struct{})
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			<-start
			out[i] = do(i, c.at(i))
		})
	}
	close(start)
	all.Wait()
	return out
}

// must fails on whatever error is not a refusal.
func (c *crowd) must(list []error) {
	c.Helper()
	for _, err := range list {
		if err := refused(err); err != nil {
			c.Error(err)
		}
	}
}

// won counts those who were not refused.
func won(list []error) int {
	n := 0
	for _, err := range list {
		if err == nil {
			n++
		}
	}
	return n
}

// onCrowds runs a race on every store.
func onCrowds(t *testing.T, mode market.Mode, demo bool, test func(*crowd)) {
	t.Helper()
	for name, open := range stores() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCrowd(t, open(t), mode, demo)
			test(c)
			c.drain()
			rows := readRows(c, c.records.Store)
			for _, s := range append(rows.incomplete(mode), rows.lingering()...) {
				c.Error(s)
			}
			c.verifyRecords(rows)
			c.verifyTimes(rows)
		})
	}
}

// TestCrowds lets several processes do at once what people do, and holds what
// is left to the model.
func TestCrowds(t *testing.T) {
	t.Parallel()
	for name, open := range stores() {
		for _, mode := range []market.Mode{market.Auto, market.Approve} {
			for _, demo := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/%s/demo=%v", name, mode, demo), func(t *testing.T) {
					t.Parallel()
					steps := 150
					switch {
					case testing.Short():
						steps = 40
					case far(name):
						steps = 60
					}
					c := newCrowd(t, open(t), mode, demo)
					c.startMatcher()
					c.must(c.race(2*processes, func(i int, h *history) error {
						d := newDraw(7, uint64(i))
						for range steps {
							if err := h.mingle(d); err != nil {
								return fmt.Errorf("goroutine %d: %w", i, err)
							}
						}
						return nil
					}))
					c.stopMatcher(false)
					c.drain()
					c.verify(newDraw(7, 99), map[offer.State]int{})
				})
			}
		}
	}
}

// mingle does one random thing. The processes share the clock that time passes
// on: the matcher begins the days.
func (h *history) mingle(d draw) error {
	return act(d, []deed{
		{14, "sign up", h.doSignUp},
		{14, "be a candidate", h.doCandidate},
		{18, "answer an offer", h.doAnswer},
		{3, "erase", h.doErase},
		{5, "found", h.doFound},
		{5, "set a status", h.doStatus},
		{8, "position", h.doPosition},
		{10, "rule", h.doRule},
		{10, "edit a rule", h.doEditRule},
		{16, "confirm a batch", h.doConfirmBatch},
		{6, "proceed", h.doProceed},
		{2, "ask", func(d draw) error { return unverified(h.doAsk(d)) }},
		{4, "time", func(d draw) error {
			h.pass(time.Duration(1+d.IntN(300)) * time.Minute)
			return nil
		}},
	})
}

// A budget holds whoever signs up where.
func TestRacingForABudget(t *testing.T) {
	t.Parallel()
	onCrowds(t, market.Auto, true, func(c *crowd) {
		f := c.firm(1, 0)
		in := plain()
		in.DailyBudget, in.TotalBudget = 5, 5
		r := c.order(f, c.post(f, publishable()), in)
		c.follow()
		c.must(c.race(24, func(i int, h *history) error {
			_, err := h.SignUp(h.Context(), market.SignUp{Email: fmt.Sprintf("s%d@example.jp", i), Wishes: all()}, market.Once{})
			return err
		}))
		c.drain()
		c.spent(f, r, 5, 5)
	})
}

// follow lets every process see what the others have written.
func (c *crowd) follow() {
	c.Helper()
	for _, h := range c.all {
		if err := h.Follow(h.Context()); err != nil {
			c.Fatal(err)
		}
	}
}

// Room holds whoever activates a rule where.
func TestRacingForRoom(t *testing.T) {
	t.Parallel()
	onCrowds(t, market.Approve, true, func(c *crowd) {
		p := c.someone(1)
		c.setLimit(p, 3)
		rules := make([]market.Ruled, 12)
		firms := make([]firm, len(rules))
		for i := range rules {
			firms[i] = c.firm(i+1, 0)
			rules[i] = c.order(firms[i], c.post(firms[i], publishable()), plain())
		}
		c.drain()
		c.follow()
		c.must(c.race(len(rules), func(i int, h *history) error {
			_, err := h.ConfirmProposals(h.Context(), h.actor(firms[i].token), rules[i].ID)
			return err
		}))
		sent := 0
		for _, s := range c.states(p) {
			if s == offer.Sent {
				sent++
			}
		}
		if sent != 3 {
			c.Errorf("%d of %d were sent, want 3", sent, len(rules))
		}
	})
}

// Of equal requests at once, one makes something and all have its answer.
func TestRacingTwins(t *testing.T) {
	t.Parallel()
	onCrowds(t, market.Auto, true, func(c *crowd) {
		once := func(key string) market.Once { return market.Once{Scope: "anonymous", Key: key, Digest: []byte{1}} }
		const many = 12
		f := c.firm(1, 0)
		pos := c.post(f, publishable())
		in := plain()
		in.Position = pos.ID
		for what, do := range map[string]func(h *history) (any, error){
			"sign up": func(h *history) (any, error) {
				out, err := h.SignUp(h.Context(), market.SignUp{Email: "s@example.jp", Wishes: all()}, once("s"))
				return [2]string{out.ID.String(), out.Token}, err
			},
			"found": func(h *history) (any, error) {
				out, err := h.Found(h.Context(), market.Found{Number: numbered(2), Name: "会社", Size: 1, Email: "k@example.jp"}, once("f"))
				return out, err
			},
			"position": func(h *history) (any, error) {
				out, err := h.AddPosition(h.Context(), h.actor(f.token), publishable(), once("p"))
				return out.ID, err
			},
			"rule": func(h *history) (any, error) {
				out, err := h.AddRule(h.Context(), h.actor(f.token), in, once("r"))
				return out.ID, err
			},
		} {
			got := make([]any, many)
			for _, err := range c.race(many, func(i int, h *history) (err error) {
				got[i], err = do(h)
				return err
			}) {
				if err != nil {
					c.Errorf("%s: %v", what, err)
				}
			}
			for _, g := range got {
				if g != got[0] {
					c.Errorf("%s: one is answered %v, another %v", what, got[0], g)
				}
			}
		}
		rows := readRows(c, c.records.Store)
		if n := [...]int{len(rows.candidates), len(rows.companies), len(rows.positions), len(rows.rules)}; n != [...]int{1, 2, 2, 1} {
			c.Errorf("%v candidates, companies, positions and rules were made, want 1, 2, 2, 1", n)
		}
	})
}

// Of many who sign up with an address, all are let in and one is confirmed.
func TestRacingForAnAddress(t *testing.T) {
	t.Parallel()
	confirmed := func(c *crowd) (n int) {
		for _, x := range readRows(c, c.records.Store).candidates {
			if x.Confirmed {
				n++
			}
		}
		return n
	}
	onCrowds(t, market.Auto, true, func(c *crowd) {
		for _, err := range c.race(12, func(_ int, h *history) error {
			_, err := h.SignUp(h.Context(), market.SignUp{Email: "same@example.jp", Wishes: all()}, market.Once{})
			return err
		}) {
			if err != nil {
				c.Error(err)
			}
		}
		if n := confirmed(c); n != 1 {
			c.Errorf("%d accounts are confirmed, want 1", n)
		}
	})
	onCrowds(t, market.Auto, false, func(c *crowd) {
		people := make([]person, 8)
		for i := range people {
			people[i] = c.signUp(market.SignUp{Email: "same@example.jp", Wishes: all()})
		}
		if n := won(c.race(len(people), func(i int, h *history) error {
			return h.Confirm(h.Context(), h.actor(people[i].token), people[i].code)
		})); n != 1 || confirmed(c) != 1 {
			c.Errorf("%d were answered that they are confirmed, %d are; want 1", n, confirmed(c))
		}
	})
}

// A code can be guessed five times a day, in however many processes.
func TestRacingGuesses(t *testing.T) {
	t.Parallel()
	onCrowds(t, market.Auto, false, func(c *crowd) {
		p := c.someone(1)
		wrong := 0
		for _, err := range c.race(24, func(i int, h *history) error {
			n, err := strconv.Atoi(p.code)
			if err != nil {
				return err
			}
			return h.Confirm(h.Context(), h.actor(p.token), fmt.Sprintf("%08d", (n+1+i)%100_000_000))
		}) {
			switch {
			case errs.Is(err, errs.Invalid):
				wrong++
			case !errs.Is(err, errs.TooMany):
				c.Errorf("a wrong code: %v", err)
			}
		}
		if wrong != 5 {
			c.Errorf("%d wrong codes were tried, want 5", wrong)
		}
		if err := c.Confirm(c.Context(), c.actor(p.token), p.code); !errs.Is(err, errs.TooMany) {
			c.Errorf("the right code after five wrong ones: %v, want TooMany", err)
		}
	})
}

// A company has thirty previews a day, in however many processes.
func TestRacingPreviews(t *testing.T) {
	t.Parallel()
	onCrowds(t, market.Auto, false, func(c *crowd) {
		f := c.firm(1, 0)
		pos := c.post(f, publishable())
		list := c.race(48, func(i int, h *history) error {
			in := plain()
			in.Position, in.Must = pos.ID, atLeast("pay", 100+i)
			_, err := h.Preview(h.Context(), h.actor(f.token), in)
			return err
		})
		for _, err := range list {
			if err != nil && !errs.Is(err, errs.TooMany) {
				c.Error(err)
			}
		}
		if n := won(list); n != 30 {
			c.Errorf("%d previews were shown, want 30", n)
		}
	})
}

// Whatever ends offers while others send, answer and confirm them leaves none
// that can be accepted.
func TestRacingEnds(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(h *history, f firm, p []person, o market.Delivered) error{
		"close": func(h *history, f firm, _ []person, o market.Delivered) error {
			_, err := h.Close(h.Context(), h.actor(f.token), o.PositionID)
			return err
		},
		"suspend": func(h *history, f firm, _ []person, _ market.Delivered) error {
			_, err := h.SetStatus(h.Context(), operator(), f.id, company.Suspended)
			return err
		},
		"join": func(h *history, f firm, _ []person, _ market.Delivered) error {
			_, err := h.Found(h.Context(), market.Found{
				Number: numbered(joining), Head: f.number, Name: "子会社", Size: 2, Email: "k9@example.jp",
			}, market.Once{})
			return err
		},
		"block": func(h *history, f firm, people []person, _ market.Delivered) error {
			for _, p := range people {
				a := h.actor(p.token)
				c, err := h.Candidate(h.Context(), a)
				if err == nil {
					_, err = h.SetBlocks(h.Context(), a, c.Version, []corpnum.Number{f.number}, c.Employers)
				}
				if refused(err) != nil {
					return err
				}
			}
			return nil
		},
	} {
		for _, mode := range []market.Mode{market.Auto, market.Approve} {
			t.Run(name+"/"+string(mode), func(t *testing.T) {
				t.Parallel()
				onCrowds(t, mode, true, func(c *crowd) { c.raceEnd(end) })
			})
		}
	}
}

// raceEnd lets people answer, sign up and be sent offers while something ends
// them all.
func (c *crowd) raceEnd(end func(h *history, f firm, p []person, o market.Delivered) error) {
	c.Helper()
	at := func(in *market.SignUp) { in.Employers = append(in.Employers, employed(numbered(joining))) }
	f := c.firm(1, 0)
	pos := c.post(f, publishable())
	r := c.order(f, pos, plain())
	people := make([]person, 12)
	for i := range people {
		people[i] = c.someone(i, at)
	}
	c.drain()
	c.follow()
	o := market.Delivered{PositionID: pos.ID}
	c.must(c.race(3*len(people), func(i int, h *history) error {
		p := people[i%len(people)]
		switch {
		case i == len(people):
			return end(h, f, people, o)
		case i%3 == 0:
			_, err := h.ConfirmProposals(h.Context(), h.actor(f.token), r.ID)
			return err
		case i > 2*len(people):
			in := market.SignUp{Email: fmt.Sprintf("later%d@example.jp", i), Wishes: all()}
			at(&in)
			_, err := h.SignUp(h.Context(), in, market.Once{})
			return err
		}
		list, _, err := h.OffersTo(h.Context(), h.actor(p.token), 0, 1)
		if err != nil || len(list) == 0 {
			return err
		}
		_, err = h.Answer(h.Context(), h.actor(p.token), list[0].ID, pickOf(i, offer.Accept, offer.Decline, offer.Undo))
		return err
	}))
}

func pickOf[T any](i int, list ...T) T { return list[i%len(list)] }

// Companies that join a group at once, which none of them heads, link whoever
// works for one of them to all.
func TestRacingIntoAGroup(t *testing.T) {
	t.Parallel()
	onCrowds(t, market.Auto, false, func(c *crowd) {
		head := numbered(20) // not registered
		firms := make([]firm, 6)
		for i := range firms {
			firms[i] = c.firm(i+1, 0)
		}
		joins := make([]market.Founded, 6)
		for i := range joins {
			var err error
			if joins[i], err = c.Found(c.Context(), market.Found{
				Number: numbered(10 + i), Head: head, Name: "子会社", Size: 2, Email: fmt.Sprintf("j%d@example.jp", i),
			}, market.Once{}); err != nil {
				c.Fatal(err)
			}
		}
		for i := range joins {
			c.someone(i, func(in *market.SignUp) { in.Employers = append(in.Employers, employed(numbered(10+i))) })
		}
		c.must(c.race(2*len(joins), func(i int, h *history) error {
			j := joins[i/2]
			if i%2 == 0 {
				_, err := h.SetStatus(h.Context(), operator(), j.ID, company.Verified)
				return err
			}
			a := h.actor(j.Token)
			p, err := h.AddPosition(h.Context(), a, publishable(), market.Once{})
			if err == nil {
				_, err = h.Publish(h.Context(), a, p.ID)
			}
			in := plain()
			in.Position = p.ID
			var r market.Ruled
			if err == nil {
				r, err = h.AddRule(h.Context(), a, in, market.Once{})
			}
			if err == nil {
				_, _, err = h.Activate(h.Context(), a, r.ID)
			}
			if err == nil {
				email := fmt.Sprintf("t%d@example.jp", i)
				_, err = h.SignUp(h.Context(), market.SignUp{Email: email, Wishes: all()}, market.Once{})
			}
			return err
		}))
	})
}

// A day that begins while people answer ends each offer once: what is taken
// back is taken back once.
func TestRacingADay(t *testing.T) {
	t.Parallel()
	onCrowds(t, market.Auto, false, func(c *crowd) {
		f := c.firm(1, 0)
		c.order(f, c.post(f, publishable()), plain())
		people := make([]person, 24)
		for i := range people {
			people[i] = c.someone(i)
		}
		c.drain()
		c.follow()
		c.pass((c.Today() + 1).At(11).Sub(c.Now()))
		c.must(c.race(len(people)+processes, func(i int, h *history) error {
			if i < processes { // the matcher's: one at a time
				if err := c.Tend(c.Context()); err != nil {
					return err
				}
				return c.Drain(c.Context())
			}
			p := people[i-processes]
			if i%2 == 0 {
				return h.Confirm(h.Context(), h.actor(p.token), p.code)
			}
			return h.Erase(h.Context(), h.actor(p.token))
		}))
		c.drain()
		rows := readRows(c, c.records.Store)
		taken := 0
		for _, o := range rows.offers {
			if taking(&o) {
				taken++
			}
			if o.State == offer.Reserved && o.DueAt.Before(day.Of(c.Now()).At(0)) {
				c.Errorf("offer %d is reserved, due %v", o.Key, o.DueAt)
			}
		}
		for key, n := range rows.spent {
			if n != taken {
				c.Errorf("rule %d has spent %d, its offers say %d", key, n, taken)
			}
		}
	})
}
