package market_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"enishi/internal/candidate"
	"enishi/internal/company"
	"enishi/internal/corpnum"
	"enishi/internal/errs"
	"enishi/internal/market"
	"enishi/internal/offer"
	"enishi/internal/rule"
)

// gatedStore calls hook at a matcher's second read, and holds back writers that
// ask for it when they have committed.
type gatedStore struct {
	market.Store
	reads atomic.Int32
	hook  func()
}

type (
	matcherKey struct{}
	heldKey    struct{}
)

// held is a writer that waits, once, between its commit and what follows it.
type held struct {
	once      sync.Once
	committed chan struct{}
	release   chan struct{}
}

func (g *gatedStore) Read(ctx context.Context, fn func(market.Tx) error) error {
	if ctx.Value(matcherKey{}) != nil && g.reads.Add(1) == 2 {
		g.hook()
	}
	return g.Store.Read(ctx, fn)
}

func (g *gatedStore) Write(ctx context.Context, fn func(market.Tx) error) error {
	err := g.Store.Write(ctx, fn)
	if h, ok := ctx.Value(heldKey{}).(*held); ok {
		h.once.Do(func() {
			close(h.committed)
			<-h.release
		})
	}
	return err
}

// Two writes that make a pair together may be committed between any two looks
// of the matcher: whichever it reads first, the other is there when it counts.
func TestRowsThatMakeAPairTogether(t *testing.T) {
	t.Parallel()
	w := newWorld(t, market.NewMemory(), demo())
	g := &gatedStore{Store: w.records}
	m, err := market.Open(t.Context(), g, w.vault, w.options, nil)
	if err != nil {
		t.Fatal(err)
	}
	w.Market = m
	f := w.firm(1, 0)
	in := plain()
	in.Position = w.post(f, publishable()).ID
	r, err := w.AddRule(w.Context(), w.actor(f.token), in, market.Once{})
	if err != nil {
		t.Fatal(err)
	}
	p := w.someone(1, func(in *market.SignUp) { in.Wishes = atLeast("pay_min", 9000) })
	w.drain()
	owner, who := w.actor(f.token), w.actor(p.token)
	c, err := w.Candidate(w.Context(), who)
	if err != nil {
		t.Fatal(err)
	}
	var writers sync.WaitGroup
	release := make(chan struct{})
	g.hook = func() {
		for _, do := range []func(context.Context) error{
			func(ctx context.Context) error { _, err := w.SetWishes(ctx, who, c.Version, all()); return err },
			func(ctx context.Context) error { _, _, err := w.Activate(ctx, owner, r.ID); return err },
		} {
			h := &held{committed: make(chan struct{}), release: release}
			ctx := context.WithValue(w.Context(), heldKey{}, h)
			writers.Go(func() {
				if err := do(ctx); err != nil {
					t.Error(err)
				}
			})
			<-h.committed
		}
	}
	if err := w.Drain(context.WithValue(w.Context(), matcherKey{}, true)); err != nil {
		t.Fatal(err)
	}
	close(release)
	writers.Wait()
	w.drain()
	w.wantStates(p, offer.Sent)
}

// What ends an offer also ends the time in which a decline can be undone, as
// does its last day.
func TestUndoAfterAnEnd(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(w *world, f firm, p person, o market.Delivered){
		"a block": func(w *world, f firm, p person, _ market.Delivered) { w.block(p, f.number) },
		"a closed position": func(w *world, f firm, _ person, o market.Delivered) {
			if _, err := w.Close(w.Context(), w.actor(f.token), o.PositionID); err != nil {
				w.Fatal(err)
			}
		},
		"a suspension": func(w *world, f firm, _ person, _ market.Delivered) {
			if _, err := w.SetStatus(w.Context(), operator(), f.id, company.Suspended); err != nil {
				w.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onStores(t, demo(), func(w *world) {
				f := w.firm(1, 0)
				w.order(f, w.post(f, publishable()), plain())
				p := w.someone(1)
				w.drain()
				o := w.first(p)
				w.answer(p, o, offer.Decline, nil)
				end(w, f, p, o)
				w.answer(p, o, offer.Undo, errs.New(errs.Conflict, ""))
				w.drain()
				w.wantStates(p, offer.Declined)
			})
		})
	}
	onStores(t, demo(), func(w *world) {
		f := w.firm(1, 0)
		w.order(f, w.post(f, publishable()), plain())
		p := w.someone(1)
		w.drain()
		o := w.first(p)
		w.pass((o.ExpiresOn + 1).At(0).Add(-2 * time.Minute).Sub(w.Now()))
		w.drain()
		w.answer(p, o, offer.Decline, nil)
		w.pass(3 * time.Minute)
		w.answer(p, o, offer.Undo, errs.New(errs.Conflict, ""))
	})
}

// block adds a company to a person's own list.
func (w *world) block(p person, n corpnum.Number) {
	w.Helper()
	a := w.actor(p.token)
	c, err := w.Candidate(w.Context(), a)
	if err == nil {
		_, err = w.SetBlocks(w.Context(), a, c.Version, append(c.Blocks, n), c.Employers)
	}
	if err != nil {
		w.Fatalf("block: %v", err)
	}
}

// What was sent stays as it was sent, whatever the company makes of the
// position and the rule: to the candidate and to the company.
func TestOffersStayAsSent(t *testing.T) {
	t.Parallel()
	onStores(t, demo(), func(w *world) {
		f := w.firm(1, 0)
		in := plain()
		in.Age = &rule.AgeException{Exception: "2号", Min: 18, Max: 40, Reason: "理由A"}
		pos := w.post(f, publishable())
		r := w.order(f, pos, in)
		p := w.someone(1, func(in *market.SignUp) { in.Profile.BirthMonth = ptr(w.Today().Month() - 25*12) })
		w.drain()
		type sent struct {
			ToCandidate, ToCompany market.Delivered
		}
		read := func() sent {
			w.Helper()
			o := w.first(p)
			c, err := w.OfferBy(w.Context(), w.actor(f.token), o.ID)
			if err != nil {
				w.Fatal(err)
			}
			return sent{o, c}
		}
		before := read()
		if before.ToCandidate.Age == nil || before.ToCandidate.Age.Reason != "理由A" || *before.ToCandidate.Terms.PayMin != 400 {
			w.Fatalf("sent %+v", before.ToCandidate)
		}
		w.setRule(f, r, func(in *market.RuleInput) {
			in.Kind, in.Age = "casual", &rule.AgeException{Exception: "2号", Min: 20, Max: 60, Reason: "理由B"}
		})
		terms := publishable()
		terms.Title, terms.PayMin = "別の仕事", ptr(300)
		a := w.actor(f.token)
		if _, err := w.SetPosition(w.Context(), a, pos.ID, pos.Version, terms); err != nil {
			w.Fatal(err)
		}
		if _, err := w.Publish(w.Context(), a, pos.ID); err != nil {
			w.Fatal(err)
		}
		w.drain()
		if d := cmp.Diff(before, read()); d != "" {
			w.Errorf("a sent offer changed (-sent +now):\n%s", d)
		}
		later := w.someone(2, func(in *market.SignUp) { in.Profile.BirthMonth = ptr(w.Today().Month() - 25*12) })
		if o := w.first(later); o.Kind != "casual" || o.Age.Reason != "理由B" || o.Terms.Title != "別の仕事" {
			w.Errorf("a later offer is %+v, want it by the new rule and terms", o)
		}
	})
}

// A batch is confirmed best first, as far as the budget goes.
func TestTheBestOfABatchIsSent(t *testing.T) {
	t.Parallel()
	onStores(t, market.Options{Mode: market.Approve, Demo: true}, func(w *world) {
		f := w.firm(1, 0)
		in := plain()
		in.DailyBudget = 3
		for i := range 5 {
			in.Prefer = append(in.Prefer, rule.Preference{Condition: atLeast("pay", 100*(i+1)), Weight: 1})
		}
		r := w.order(f, w.post(f, publishable()), in)
		people := map[int]person{}
		for i, pay := range []int{300, 100, 500, 200, 400} {
			people[pay] = w.someone(i, func(in *market.SignUp) { in.Profile.Pay = ptr(pay) })
		}
		w.drain()
		if n, err := w.ConfirmProposals(w.Context(), w.actor(f.token), r.ID); err != nil || n.Sent != 3 {
			w.Fatalf("confirmed %+v, %v; want 3", n, err)
		}
		for pay, p := range people {
			want := offer.Proposed
			if pay >= 300 {
				want = offer.Sent
			}
			w.wantStates(p, want)
		}
	})
}

// Where nobody confirms batches any more, what waited in one is sent when it
// lapses.
func TestFromApproveToAuto(t *testing.T) {
	t.Parallel()
	onStores(t, market.Options{Mode: market.Approve, Demo: true}, func(w *world) {
		f := w.firm(1, 0)
		w.order(f, w.post(f, publishable()), plain())
		p := w.someone(1)
		w.drain()
		w.wantStates(p, offer.Proposed)
		w.options.Mode = market.Auto
		w.Market = w.open()
		w.pass(offer.ProposeWindow + time.Hour)
		w.drain()
		w.wantStates(p, offer.Sent)
	})
}

// A preview counts nobody to whom nothing will be sent.
func TestPreviewsOfWhatIsNotSent(t *testing.T) {
	t.Parallel()
	onStores(t, market.Options{Mode: market.Auto}, func(w *world) {
		f := w.firm(1, 0)
		pos := w.post(f, publishable())
		r := w.order(f, pos, plain())
		for i := range 20 {
			w.someone(i)
		}
		w.drain()
		a := w.actor(f.token)
		if _, err := w.Pause(w.Context(), a, r.ID); err != nil {
			w.Fatal(err)
		}
		w.pass(offer.ReserveWindow + time.Hour)
		w.drain()
		_, shown, err := w.Activate(w.Context(), a, r.ID)
		if err != nil || *shown.Due != 0 || *shown.Already != 0 || *shown.Limit != 20 {
			w.Fatalf("the preview of those who never confirmed is %+v, %v; want none due", shown, err)
		}
		w.drain()
		w.spent(f, r, 0, 0)
		if _, err := w.Close(w.Context(), a, pos.ID); err != nil {
			w.Fatal(err)
		}
		in := plain()
		in.Position = pos.ID
		if _, err := w.Preview(w.Context(), a, in); !errs.Is(err, errs.Conflict) {
			w.Errorf("the preview of a closed position: %v, want Conflict", err)
		}
		if _, _, err := w.Activate(w.Context(), a, r.ID); !errs.Is(err, errs.Conflict) {
			w.Errorf("activating for a closed position: %v, want Conflict", err)
		}
	})
}

// cutStore calls cut after every commit.
type cutStore struct {
	market.Store
	cut func()
}

func (s *cutStore) Write(ctx context.Context, fn func(market.Tx) error) error {
	err := s.Store.Write(ctx, fn)
	if s.cut != nil {
		s.cut()
	}
	return err
}

// Whoever hangs up during their sign-up is registered, mailed and offered all
// the same; a repeat mails a new code, since the first may be lost.
func TestAnAnswerNobodyWaitsFor(t *testing.T) {
	t.Parallel()
	s := &cutStore{Store: market.NewMemory()}
	w := newWorld(t, s, market.Options{Mode: market.Auto})
	f := w.firm(1, 0)
	w.order(f, w.post(f, publishable()), plain())
	w.drain()
	ctx, hangUp := context.WithCancel(w.Context())
	s.cut = hangUp
	once := market.Once{Scope: "anonymous", Key: "k", Digest: []byte("d")}
	in := market.SignUp{Email: "z@example.jp", Wishes: all()}
	if _, err := w.SignUp(ctx, in, once); err != nil && !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	s.cut = nil
	first := w.codeFor(in.Email)
	if first == "" {
		t.Fatal("no code was mailed")
	}
	out, err := w.SignUp(w.Context(), in, once)
	if err != nil || len(out.Offers) != 1 {
		t.Fatalf("a repeat gives %d offers, %v; want 1", len(out.Offers), err)
	}
	second := w.codeFor(in.Email)
	if second == first {
		t.Error("a repeat mailed no new code")
	}
	a := w.actor(out.Token)
	if err := w.Confirm(w.Context(), a, first); !errs.Is(err, errs.Invalid) {
		t.Errorf("the old code: %v, want Invalid", err)
	}
	if err := w.Confirm(w.Context(), a, second); err != nil {
		t.Errorf("the new code: %v", err)
	}
}

// mute is a store that answers no question after its next commit.
type mute struct {
	market.Store
	after, now atomic.Bool
}

func (s *mute) Write(ctx context.Context, fn func(market.Tx) error) error {
	err := s.Store.Write(ctx, fn)
	if err == nil && s.after.Load() {
		s.now.Store(true)
	}
	return err
}

func (s *mute) Read(ctx context.Context, fn func(market.Tx) error) error {
	if s.now.Load() {
		return errs.New(errs.Busy, "the database does not answer")
	}
	return s.Store.Read(ctx, fn)
}

// What is saved is a success, though the database goes away right after it: an
// error would say that nothing was saved.
func TestSavedThoughNothingCanBeReadAnyMore(t *testing.T) {
	t.Parallel()
	s := &mute{Store: market.NewMemory()}
	w := newWorld(t, s, market.Options{Mode: market.Auto, Demo: true})
	w.options.Report = func(_ context.Context, what string, err error) {
		if !errs.Is(err, errs.Busy) {
			t.Errorf("reported: %s: %v", what, err)
		}
	}
	w.Market = w.open()
	f := w.firm(1, 0)
	w.order(f, w.post(f, publishable()), plain())
	w.drain()
	a := w.actor(f.token)
	back := func() {
		s.after.Store(false)
		s.now.Store(false)
	}
	s.after.Store(true)
	p, err := w.AddPosition(w.Context(), a, publishable(), market.Once{})
	back()
	if err != nil {
		t.Errorf("AddPosition: %v", err)
	}
	if _, err := w.Position(w.Context(), a, p.ID); err != nil {
		t.Errorf("the position that was added: %v", err)
	}
	s.after.Store(true)
	out, err := w.SignUp(w.Context(), market.SignUp{Email: "m@example.jp", Wishes: all()}, market.Once{})
	back()
	if err != nil || out.Token == "" || len(out.Offers) != 0 {
		t.Fatalf("SignUp = %+v, %v; want a token, and no offers since they cannot be read", out, err)
	}
	w.drain()
	if list, _, err := w.OffersTo(w.Context(), w.actor(out.Token), 0, 9); err != nil || len(list) != 1 {
		t.Errorf("the matcher then made %d offers, %v; want 1", len(list), err)
	}
}

// A day ranks alike from its first offer to its last, also over a restart.
func TestARestartRanksAlike(t *testing.T) {
	t.Parallel()
	onStores(t, demo(), func(w *world) {
		f := w.firm(1, 0)
		w.order(f, w.post(f, publishable()), plain())
		for i := range 12 {
			p := w.someone(i)
			w.drain()
			w.answer(p, w.first(p), offer.Accept, nil)
		}
		before := w.someone(20)
		w.Market = w.open()
		after := w.someone(21)
		if a, b := w.first(before).Score, w.first(after).Score; a != b {
			w.Errorf("the score is %d before a restart and %d after it", a, b)
		}
		w.nextDay(1)
		if a, b := w.first(before).Score, w.first(w.someone(22)).Score; a == b {
			w.Errorf("the next day still scores %d, though nobody was answered", b)
		}
	})
}

// Days that are played at once give what they give one by one.
func TestDueOnDaysPlayedAtOnce(t *testing.T) {
	t.Parallel()
	for name, open := range stores() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play := func(steps ...int) (out []string) {
				w := newWorld(t, open(t), market.Options{Mode: market.Auto})
				f := w.firm(1, 0)
				in := plain()
				in.TotalBudget = 1
				w.order(f, w.post(f, publishable()), in)
				w.someone(1) // never confirms, and holds the budget for a day
				w.drain()
				q := w.someone(2)
				if err := w.Confirm(w.Context(), w.actor(q.token), q.code); err != nil {
					t.Fatal(err)
				}
				w.drain()
				for _, n := range steps {
					w.nextDay(n)
				}
				for _, o := range readRows(w, w.records.Store).offers {
					out = append(out, fmt.Sprintf("%s on %s", o.State, o.SentDay))
				}
				slices.Sort(out)
				return out
			}
			one, whole := play(1, 1, 1, 1, 1), play(5)
			if d := cmp.Diff(one, whole); d != "" {
				t.Errorf("five days (-one by one +at once):\n%s", d)
			}
			if len(one) != 2 || one[1][:4] != "sent" {
				t.Errorf("the offers are %v, want one lapsed and one sent", one)
			}
		})
	}
}

// Employers are those of the list and those of the history; a job that has
// ended leaves its employer free again.
func TestEmployersOfListAndHistory(t *testing.T) {
	t.Parallel()
	onStores(t, demo(), func(w *world) {
		f := w.firm(6, 0)
		w.order(f, w.post(f, publishable()), plain())
		p := w.someone(1, func(in *market.SignUp) {
			in.Employers = []candidate.Employment{{Number: numbered(5)}}
			in.Profile.History = append(in.Profile.History, jobAt(f.number, beginningMonth()))
			in.Profile.History[0].To = nil
		})
		w.drain()
		w.wantStates(p)
		a := w.actor(p.token)
		c, err := w.Candidate(w.Context(), a)
		if err != nil || *c.Profile.Employers != 2 {
			w.Fatalf("%v employers are counted, %v; want 2", c.Profile.Employers, err)
		}
		profile := c.Profile
		profile.History = slices.Clone(profile.History)
		profile.History[0].From, profile.History[0].To = beginningMonth()-12, ptr(beginningMonth()-2)
		if _, err := w.SetProfile(w.Context(), a, c.Version, profile); err != nil {
			w.Fatal(err)
		}
		w.drain()
		w.wantStates(p, offer.Sent)
	})
}

// What somebody has said of their present employer stands, whatever an older
// job there says.
func TestAStatedEmployerStaysBlocked(t *testing.T) {
	t.Parallel()
	onStores(t, demo(), func(w *world) {
		f := w.firm(6, 0)
		w.order(f, w.post(f, publishable()), plain())
		p := w.someone(1, func(in *market.SignUp) {
			in.Employers = append(in.Employers, employed(f.number))
			in.Profile.History = append(in.Profile.History, jobAt(f.number, beginningMonth()))
			in.Profile.History[0].To = ptr(beginningMonth() - 24)
			in.Profile.History[0].From = beginningMonth() - 48
		})
		a := w.actor(p.token)
		for range 2 {
			c, err := w.Candidate(w.Context(), a)
			if err != nil {
				w.Fatal(err)
			}
			profile := c.Profile
			profile.Pay = ptr(500)
			if _, err := w.SetProfile(w.Context(), a, c.Version, profile); err != nil {
				w.Fatal(err)
			}
			w.drain()
			w.wantStates(p)
		}
	})
}

// A group reaches over levels: whoever works far down in it is unknown to its
// head and to everyone else in it.
func TestGroupsOverLevels(t *testing.T) {
	t.Parallel()
	onStores(t, demo(), func(w *world) {
		top := w.firm(1, 0)
		middle := w.firm(2, top.number)
		low := w.firm(3, middle.number)
		for _, f := range []firm{top, middle, low} {
			w.order(f, w.post(f, publishable()), plain())
		}
		for i, f := range []firm{top, middle, low} {
			w.wantStates(w.someone(i, func(in *market.SignUp) { in.Employers = append(in.Employers, employed(f.number)) }))
		}
		w.drain()
		free := w.someone(9)
		w.wantStates(free, offer.Sent, offer.Sent, offer.Sent)
	})
}

// Wherever a matcher is killed, the next one makes what is due, once.
func TestMatcherKilledAnywhere(t *testing.T) {
	t.Parallel()
	for name, open := range stores() {
		for _, mode := range []market.Mode{market.Auto, market.Approve} {
			t.Run(name+"/"+string(mode), func(t *testing.T) {
				t.Parallel()
				kills := 0
				for at := int64(1); ; at++ {
					w := newWorld(t, open(t), market.Options{Mode: mode, Demo: true})
					w.pending()
					w.records.lives.Store(at)
					err := w.Tend(w.Context())
					if err == nil {
						err = w.Drain(w.Context())
					}
					w.records.lives.Store(0)
					if err == nil {
						break // it needs fewer transactions
					}
					if !errors.Is(err, errKilled) {
						t.Fatal(err)
					}
					kills++
					w.records.dead.Store(false)
					w.Market = w.open()
					w.drain()
					if left := readRows(w, w.records.Store).incomplete(mode); len(left) > 0 {
						t.Errorf("killed at transaction %d: %s", at, left[0])
					}
				}
				if kills < 5 {
					t.Errorf("the matcher was killed %d times, want 5 or more", kills)
				}
			})
		}
	}
}

// Wherever a process is killed in a sign-up, whoever repeats it with its key is
// registered once, and has each offer once.
func TestSignUpKilledAnywhere(t *testing.T) {
	t.Parallel()
	for name, open := range stores() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			kills := 0
			for at := int64(1); ; at++ {
				w := newWorld(t, open(t), demo())
				for i := range 30 { // more than one transaction tries
					f := w.firm(i, 0)
					w.order(f, w.post(f, publishable()), plain())
				}
				w.drain()
				once := market.Once{Scope: "anonymous", Key: "k", Digest: []byte("d")}
				in := market.SignUp{Email: "z@example.jp", Wishes: all()}
				w.records.lives.Store(at)
				_, err := w.SignUp(w.Context(), in, once)
				killed := w.records.dead.Load()
				w.records.lives.Store(0)
				if !killed {
					if err != nil {
						t.Fatal(err)
					}
					break // it needs fewer transactions
				}
				kills++
				w.records.dead.Store(false)
				w.Market = w.open()
				out, err := w.SignUp(w.Context(), in, once)
				if err != nil {
					t.Fatalf("killed at transaction %d and repeated: %v", at, err)
				}
				w.drain()
				rows := readRows(w, w.records.Store)
				if len(rows.candidates) != 1 || len(rows.offers) != candidate.DefaultWeeklyLimit || len(out.Offers) != len(rows.offers) {
					t.Errorf("killed at transaction %d: %d candidates, %d offers, %d answered; want 1, %d, all", at,
						len(rows.candidates), len(rows.offers), len(out.Offers), candidate.DefaultWeeklyLimit)
				}
			}
			if kills < 2 {
				t.Errorf("the sign-up was killed %d times, want 2 or more", kills)
			}
		})
	}
}

// pending leaves rows in the log of which each must make offers.
func (w *world) pending() {
	w.Helper()
	f, g := w.firm(1, 0), w.firm(2, 0)
	pos := w.post(f, publishable())
	var people []person
	for i := range 4 {
		people = append(people, w.someone(i, func(in *market.SignUp) {
			if i < 2 {
				in.Wishes = atLeast("pay_min", 9000)
			}
		}))
	}
	w.drain()
	w.order(f, pos, plain())
	w.order(g, w.post(g, publishable()), plain())
	for _, p := range people[:2] {
		w.setWishes(p, all())
	}
	if err := w.MoveClock(w.Context(), w.Today()+1); err != nil {
		w.Fatal(err)
	}
	w.order(g, w.post(g, publishable()), plain())
}

// Whoever gets no offer learns why, however far apart they and the rules are.
func TestNobodyIsLeftUntold(t *testing.T) {
	t.Parallel()
	onStores(t, demo(), func(w *world) {
		f := w.firm(1, 0)
		in := plain()
		in.Must = all(atLeast("pay", 500), atLeast("education", 4))
		w.order(f, w.post(f, publishable()), in)
		told := func(change func(*market.SignUp)) []market.Missed {
			w.Helper()
			p := w.someone(len(w.records.candidates), change)
			got, err := w.Why(w.Context(), w.actor(p.token))
			if err != nil || got.Waiting != 0 {
				w.Fatalf("%d rules wait, %v; want none", got.Waiting, err)
			}
			return got.Missed
		}
		for name, c := range map[string]struct {
			change func(*market.SignUp)
			wish   bool
			alone  bool
			n      int
		}{
			"one leaf away": {func(in *market.SignUp) {
				in.Profile.Pay, in.Profile.Education = ptr(600), ptr(2)
			}, false, true, 1},
			"the rule asks for them, two wishes fail": {func(in *market.SignUp) {
				in.Profile.Pay, in.Profile.Education = ptr(600), ptr(5)
				in.Wishes = all(atLeast("pay_min", 9000), is("flextime", true))
			}, true, false, 2},
			"the rule offers what they wish, and asks for two things more": {func(*market.SignUp) {}, false, false, 2},
			"neither side agrees": {func(in *market.SignUp) {
				in.Wishes = all(atLeast("pay_min", 9000), is("flextime", true))
			}, true, false, 2},
		} {
			got := told(c.change)
			if len(got) != c.n {
				w.Errorf("%s: %+v, want %d leaves", name, got, c.n)
			}
			for _, m := range got {
				if m.Wish != c.wish || m.Alone != c.alone || m.More != (market.Reach{Under: 5}) {
					w.Errorf("%s: %+v, want wish %v, alone %v, under 5 rules", name, m, c.wish, c.alone)
				}
			}
		}
		spent := plain()
		spent.DailyBudget = 1
		w.order(f, w.post(f, publishable()), spent)
		first := w.someone(90)
		w.wantStates(first, offer.Sent)
		got, err := w.Why(w.Context(), w.actor(w.someone(91).token))
		if err != nil || got.Waiting != 1 {
			w.Errorf("behind a budget that is used up: %+v, %v; want 1 rule that waits", got, err)
		}
	})
}

// A batch that lapses stays lapsed, whether days are played one by one or at
// once.
func TestBatchesLapseOnDaysPlayedAtOnce(t *testing.T) {
	t.Parallel()
	for _, steps := range [][]int{{1, 1, 1, 1, 1}, {5}} {
		onStores(t, market.Options{Mode: market.Approve, Demo: true}, func(w *world) {
			f := w.firm(1, 0)
			w.order(f, w.post(f, publishable()), plain())
			p := w.someone(1)
			w.drain()
			w.wantStates(p, offer.Proposed)
			for _, n := range steps {
				w.nextDay(n)
			}
			w.wantStates(p, offer.Lapsed)
		})
	}
}

// Between an offer's last midnight and the matcher's row, refusals speak of it
// as expired, as the offer does.
func TestRefusalsGoByTheClock(t *testing.T) {
	t.Parallel()
	onStores(t, demo(), func(w *world) {
		f := w.firm(1, 0)
		w.order(f, w.post(f, publishable()), plain())
		p, blocks := w.someone(1), w.someone(2)
		w.drain()
		o, blocked := w.first(p), w.first(blocks)
		w.block(blocks, f.number)
		w.pass((o.ExpiresOn + 1).At(0).Add(time.Minute).Sub(w.Now())) // and nobody tends
		for _, a := range []offer.Action{offer.Schedule, offer.Hold, offer.Hire, offer.Reject, offer.Withdraw} {
			_, one := w.Proceed(w.Context(), w.actor(f.token), o.ID, a)
			_, two := w.Proceed(w.Context(), w.actor(f.token), blocked.ID, a)
			if one == nil || two == nil || one.Error() != two.Error() {
				w.Errorf("%s of an expired offer: %v, of a blocked one: %v", a, one, two)
			}
		}
	})
}
