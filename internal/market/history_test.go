package market_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"

	"enishi/internal/company"
	"enishi/internal/corpnum"
	"enishi/internal/day"
	"enishi/internal/errs"
	"enishi/internal/market"
	"enishi/internal/offer"
	"enishi/internal/position"
)

// history is a world that several goroutines change at once.
type history struct {
	*world
	mode market.Mode

	gate sync.RWMutex // held whole while the market restarts

	*cast

	nudge   chan struct{}
	stop    chan struct{}
	stopped chan error
}

// cast is who acts in a history.
type cast struct {
	mu        sync.Mutex
	people    []person
	firms     []firm
	trials    []market.OpenedTrial
	positions []uuid.UUID // with the index of their firm
	ownerOf   map[uuid.UUID]int
	rules     []uuid.UUID
	signed    int
	said      []words
	spoken    int
}

// TestHistories plays random histories on every store and in both modes, and
// verifies the drained state against the naive model.
func TestHistories(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	all := map[offer.State]int{}
	// One history may say little, as its goroutines fall; all together reach
	// most of an offer's life.
	t.Cleanup(func() {
		if want := map[bool]int{true: 3, false: 6}[testing.Short()]; len(all) < want {
			t.Errorf("the histories say little: states of all offers are %v, want at least %d", all, want)
		}
	})
	for name, open := range stores() {
		for _, mode := range []market.Mode{market.Auto, market.Approve} {
			for _, demo := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/%s/demo=%v", name, mode, demo), func(t *testing.T) {
					t.Parallel()
					seeds, steps := 3, 250
					switch {
					case testing.Short():
						seeds, steps = 1, 60
					case name == "sqlite" || far(name):
						seeds, steps = 1, 150
					}
					told := map[offer.State]int{}
					for seed := range uint64(seeds) {
						playHistory(t, open(t), mode, demo, seed, steps, told)
					}
					mu.Lock()
					defer mu.Unlock()
					for state, n := range told {
						all[state] += n
					}
				})
			}
		}
	}
}

func playHistory(t *testing.T, s market.Store, mode market.Mode, demo bool, seed uint64, steps int, told map[offer.State]int) {
	defer func() {
		if t.Failed() {
			t.Logf("seed %d", seed)
		}
	}()
	h := &history{
		world: newWorld(t, s, market.Options{Mode: mode, Demo: demo}), mode: mode,
		cast: &cast{ownerOf: map[uuid.UUID]int{}}, nudge: make(chan struct{}, 1),
	}
	h.startMatcher()
	var group sync.WaitGroup
	for g := range uint64(4) {
		group.Go(func() {
			d := newDraw(seed, g)
			for range steps {
				if err := h.step(d); err != nil {
					t.Errorf("goroutine %d: %v", g, err)
					return
				}
			}
		})
	}
	group.Wait()
	h.stopMatcher(false)
	h.drain()
	h.verify(newDraw(seed, 99), told)
}

// startMatcher walks the log until it is stopped, as the worker does.
func (h *history) startMatcher() {
	h.stop, h.stopped = make(chan struct{}), make(chan error, 1)
	m, ctx, stop, stopped := h.Market, h.Context(), h.stop, h.stopped
	go func() {
		for {
			err := m.Tend(ctx)
			if err == nil {
				err = m.Drain(ctx)
			}
			if err != nil {
				stopped <- err
				return
			}
			select {
			case <-stop:
				stopped <- nil
				return
			case <-m.Kicked():
			case <-h.nudge:
			}
		}
	}()
}

// stopMatcher ends the matcher; killed, it fails at the end of its next
// transaction.
func (h *history) stopMatcher(kill bool) {
	h.records.dead.Store(kill)
	close(h.stop)
	if err := <-h.stopped; err != nil && !(kill && errors.Is(err, errKilled)) {
		h.Errorf("matcher: %v", err)
	}
	h.records.dead.Store(false)
}

// restart kills the matcher, wherever it is, and opens the store again.
func (h *history) restart() {
	h.gate.Lock()
	defer h.gate.Unlock()
	h.stopMatcher(true)
	h.Market = h.open()
	h.startMatcher()
}

// refused drops what a user may be answered when others act at the same time.
func refused(err error) error {
	switch errs.KindOf(err) {
	case errs.NotFound, errs.Conflict, errs.Stale, errs.Unauthenticated, errs.TooMany:
		return nil
	}
	return err
}

// step does one random thing.
func (h *history) step(d draw) error {
	if d.IntN(400) == 0 {
		h.restart()
		return nil
	}
	h.gate.RLock()
	defer h.gate.RUnlock()
	return act(d, []deed{
		{14, "sign up", h.doSignUp},
		{14, "be a candidate", h.doCandidate},
		{14, "answer an offer", h.doAnswer},
		{2, "erase", h.doErase},
		{1, "take an image", h.doImage},
		{4, "found", h.doFound},
		{6, "rehearse", h.doRehearse},
		{2, "set a status", h.doStatus},
		{6, "position", h.doPosition},
		{10, "rule", h.doRule},
		{10, "edit a rule", h.doEditRule},
		{14, "confirm a batch", h.doConfirmBatch},
		{6, "proceed", h.doProceed},
		{8, "deal", h.doDeal},
		{5, "scout", func(d draw) error { return unverified(h.doScout(d)) }},
		{4, "ask", func(d draw) error { return unverified(h.doAsk(d)) }},
		{6, "time", h.doTime},
	})
}

// deed is something that somebody may do.
type deed struct {
	weight int
	name   string
	do     func(draw) error
}

// act does one of the deeds.
func act(d draw, acts []deed) error {
	total := 0
	for _, a := range acts {
		total += a.weight
	}
	n := d.IntN(total)
	for _, a := range acts {
		if n -= a.weight; n < 0 {
			if err := refused(a.do(d)); err != nil {
				return fmt.Errorf("%s: %w", a.name, err)
			}
			return nil
		}
	}
	return nil
}

func (h *history) doSignUp(d draw) error {
	h.mu.Lock()
	h.signed++
	i := h.signed
	h.mu.Unlock()
	in := d.person(h.Today(), i)
	if d.chance(5) {
		in.Email = "twice@example.jp"
	}
	once := market.Once{}
	if d.chance(30) {
		once = market.Once{Scope: "anonymous", Key: strconv.Itoa(i), Digest: []byte{1}}
	}
	began := h.Now()
	out, err := h.SignUp(h.Context(), in, once)
	if err != nil {
		return err
	}
	if once.Key != "" { // a repeat within a day is the same candidate
		again, err := h.SignUp(h.Context(), in, once)
		if err == nil && h.Now().Sub(began) < 24*time.Hour && (again.ID != out.ID || again.Token != out.Token) {
			err = fmt.Errorf("a repeat of sign-up %d is another candidate", i)
		}
		if err != nil {
			return err
		}
		out = again // after a day another one, and the newest code is theirs
	}
	p := person{id: out.ID, token: out.Token, email: in.Email, code: h.codeFor(in.Email)}
	h.mu.Lock()
	h.people = append(h.people, p)
	h.mu.Unlock()
	if d.chance(40) {
		return nil
	}
	a, err := h.Authenticate(h.Context(), p.token)
	if err != nil {
		return err
	}
	return h.confirm(a, p)
}

// someoneOf gives a random person and who they are.
func (h *history) someoneOf(d draw) (person, market.Actor, error) {
	h.mu.Lock()
	n := len(h.people)
	if n == 0 {
		h.mu.Unlock()
		return person{}, market.Actor{}, errs.New(errs.NotFound, "nobody yet")
	}
	p := h.people[d.IntN(n)]
	h.mu.Unlock()
	a, err := h.Authenticate(h.Context(), p.token)
	return p, a, err
}

func (h *history) doCandidate(d draw) error {
	p, a, err := h.someoneOf(d)
	if err != nil {
		return err
	}
	ctx := h.Context()
	c, err := h.Candidate(ctx, a)
	if err != nil {
		return err
	}
	switch d.IntN(8) {
	case 0:
		_, err = h.SetProfile(ctx, a, c.Version, d.profile(h.Today()))
	case 1:
		_, err = h.SetWishes(ctx, a, c.Version, d.wishes())
	case 2, 3:
		_, err = h.SetSettings(ctx, a, c.Version, market.Settings{
			Open: d.chance(85), WeeklyLimit: pick(d, 0, 1, 2, 3, 10), Language: "ja",
		})
	case 4:
		_, err = h.SetBlocks(ctx, a, c.Version, d.blocks(), d.employers())
	default:
		err = h.confirm(a, p)
	}
	return err
}

func (h *history) confirm(a market.Actor, p person) error {
	err := h.Confirm(h.Context(), a, p.code)
	if errs.Is(err, errs.Invalid) && p.email == "twice@example.jp" {
		return nil // the mail of another with the same address came later
	}
	return err
}

func (h *history) doAnswer(d draw) error {
	_, a, err := h.someoneOf(d)
	if err != nil {
		return err
	}
	list, _, err := h.OffersTo(h.Context(), a, 0, 50)
	if err != nil || len(list) == 0 {
		return err
	}
	o := pick(d, list...)
	if d.chance(30) {
		_, err = h.OfferTo(h.Context(), a, o.ID)
		return err
	}
	if o.Dealt() && d.chance(80) {
		return h.deal(d, a, o)
	}
	_, err = h.Answer(h.Context(), a, o.ID, pick(d, offer.Accept, offer.Accept, offer.Decline, offer.Undo, offer.Withdraw))
	return err
}

func (h *history) doErase(d draw) error {
	_, a, err := h.someoneOf(d)
	if err != nil {
		return err
	}
	return h.Erase(h.Context(), a)
}

func (h *history) doFound(d draw) error {
	number := d.number()
	in := market.Found{
		Number: number, Name: "会社", Size: d.IntN(4), Email: fmt.Sprintf("k%s@example.jp", number),
	}
	if d.chance(50) {
		in.Head = d.number()
	}
	f, err := h.Found(h.Context(), in, market.Once{})
	if err != nil {
		return err
	}
	if d.chance(85) {
		if _, err := h.SetStatus(h.Context(), operator(), f.ID, company.Verified); err != nil {
			return err
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.firms = append(h.firms, firm{f.ID, number, f.Token})
	return nil
}

// firmOf gives a random company and its owner, its positions and rules.
func (h *history) firmOf(d draw) (f firm, a market.Actor, positions, rules []uuid.UUID, err error) {
	h.mu.Lock()
	if len(h.firms) == 0 {
		h.mu.Unlock()
		return f, a, nil, nil, errs.New(errs.NotFound, "no company yet")
	}
	i := d.IntN(len(h.firms))
	f = h.firms[i]
	for _, p := range h.positions {
		if h.ownerOf[p] == i {
			positions = append(positions, p)
		}
	}
	for _, r := range h.rules {
		if h.ownerOf[r] == i {
			rules = append(rules, r)
		}
	}
	h.mu.Unlock()
	a, err = h.Authenticate(h.Context(), f.token)
	return f, a, positions, rules, err
}

func (h *history) own(f firm, list *[]uuid.UUID, id uuid.UUID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := range h.firms {
		if h.firms[i].id == f.id {
			h.ownerOf[id] = i
		}
	}
	*list = append(*list, id)
}

func (h *history) doStatus(d draw) error {
	f, _, _, _, err := h.firmOf(d)
	if err != nil {
		return err
	}
	_, err = h.SetStatus(h.Context(), operator(), f.id, pick(d, company.Verified, company.Verified, company.Suspended))
	if err == nil && d.chance(25) {
		_, err = h.FreeNumber(h.Context(), operator(), f.id, "別の企業の番号でした。")
	}
	return err
}

func (h *history) doPosition(d draw) error {
	f, a, positions, _, err := h.firmOf(d)
	if err != nil {
		return err
	}
	ctx := h.Context()
	if len(positions) < 2 || d.chance(20) {
		p, err := h.AddPosition(ctx, a, d.terms(), market.Once{})
		if err != nil {
			return err
		}
		h.own(f, &h.positions, p.ID)
		_, err = h.Publish(ctx, a, p.ID)
		return err
	}
	id := pick(d, positions...)
	switch d.IntN(8) {
	case 0:
		_, err = h.Close(ctx, a, id)
	case 1, 2:
		_, err = h.Publish(ctx, a, id)
	default:
		p, err := h.Position(ctx, a, id)
		if err != nil {
			return err
		}
		if _, err := h.SetPosition(ctx, a, id, p.Version, d.terms()); err != nil || d.chance(30) {
			return err
		}
		_, err = h.Publish(ctx, a, id)
		return err
	}
	return err
}

func (h *history) doRule(d draw) error {
	f, a, positions, _, err := h.firmOf(d)
	if err != nil || len(positions) == 0 {
		return err
	}
	in := d.ruleInput(h.Today())
	in.Position = pick(d, positions...)
	r, err := h.AddRule(h.Context(), a, in, market.Once{})
	if err != nil {
		return expired(err)
	}
	h.own(f, &h.rules, r.ID)
	_, _, err = h.Activate(h.Context(), a, r.ID)
	return err
}

// expired drops the refusal of a last day that has passed since it was drawn.
func expired(err error) error {
	var e *errs.Error
	if errors.As(err, &e) && e.Kind == errs.Invalid && len(e.Problems) == 1 && e.Problems[0].Pointer == "/expires" {
		return nil
	}
	return err
}

func (h *history) doEditRule(d draw) error {
	_, a, _, rules, err := h.firmOf(d)
	if err != nil || len(rules) == 0 {
		return err
	}
	ctx, id := h.Context(), pick(d, rules...)
	switch d.IntN(6) {
	case 0:
		_, err = h.Pause(ctx, a, id)
	case 1, 2:
		_, _, err = h.Activate(ctx, a, id)
	default:
		r, err := h.Rule(ctx, a, id)
		if err != nil {
			return err
		}
		in := market.RuleInput{
			Position: r.PositionID, Kind: r.Kind, Must: r.Must, Prefer: r.Prefer, DailyBudget: r.DailyBudget,
			TotalBudget: r.TotalBudget, OfferDays: r.OfferDays, Age: r.Age,
		}
		if d.chance(40) {
			in.Must = d.must()
		}
		if d.chance(70) {
			in.DailyBudget, in.TotalBudget = pick(d, 1, 2, 4, 10), pick(d, 2, 6, 12, 60)
		}
		if d.chance(30) {
			in.Expires = h.Today() + day.Day(d.IntN(8))
		}
		_, err = h.SetRule(ctx, a, id, r.Version, in)
		return expired(err)
	}
	return err
}

func (h *history) doConfirmBatch(d draw) error {
	_, a, _, rules, err := h.firmOf(d)
	if err != nil || len(rules) == 0 {
		return err
	}
	_, err = h.ConfirmProposals(h.Context(), a, pick(d, rules...))
	return err
}

func (h *history) doProceed(d draw) error {
	_, a, _, _, err := h.firmOf(d)
	if err != nil {
		return err
	}
	list, _, err := h.OffersBy(h.Context(), a, nil, 0, 100)
	if err != nil || len(list) == 0 {
		return err
	}
	_, err = h.Proceed(h.Context(), a, pick(d, list...).ID, pick(d, offer.Schedule, offer.Hold, offer.Hire, offer.Reject, offer.Withdraw))
	return err
}

func (h *history) doAsk(d draw) error {
	_, a, positions, _, err := h.firmOf(d)
	if err != nil {
		return err
	}
	if len(positions) == 0 || d.chance(50) {
		_, err = h.Search(h.Context(), a, market.SearchInput{Condition: d.must(), Facets: []string{"occupation", "remote_ok"}, Limit: 20})
		return err
	}
	in := d.ruleInput(h.Today())
	in.Position = pick(d, positions...)
	_, err = h.Preview(h.Context(), a, in)
	return expired(err)
}

// unverified drops the refusal of a company that is not verified, or not any
// more.
func unverified(err error) error {
	if errs.Is(err, errs.Denied) {
		return nil
	}
	return err
}

func (h *history) doTime(d draw) error {
	defer func() {
		select {
		case h.nudge <- struct{}{}:
		default:
		}
	}()
	switch {
	case d.chance(15):
		err := h.MoveClock(h.Context(), day.Of(h.Now())+day.Day(1+d.IntN(3)))
		if errs.Is(err, errs.Invalid) {
			return nil // another moved it first
		}
		return err
	case d.chance(50):
		h.pass(time.Duration(1+d.IntN(8)) * time.Minute)
	default:
		h.pass(time.Duration(d.IntN(300)) * time.Minute)
	}
	return nil
}

// verify holds a drained market to the model.
func (h *history) verify(d draw, told map[offer.State]int) {
	h.Helper()
	drained := readRows(h, h.records.Store)
	for _, s := range drained.incomplete(h.mode) {
		h.Error(s)
	}
	h.verifyRecords(drained)
	h.checkScouts(drained)
	h.verifyTimes(drained)
	h.verifyDealings(drained)
	h.verifyEnds(drained)
	h.verifySame(d, drained, h.rebuilt())
	h.verifySame(d, drained, h.open()) // from an image, if one fits
	h.verifyRepeat(drained)
	h.verifyLists() // last: whoever looks has been active
	for _, o := range drained.offers {
		told[o.State]++
	}
}

// verifyRecords compares the store with what was written to it, each offer
// with the versions it names, and the budgets with the offers.
func (h *history) verifyRecords(w *rows) {
	h.Helper()
	if d := cmp.Diff(h.records.offers, w.offers, cmpopts.EquateApproxTime(time.Microsecond)); d != "" {
		h.Errorf("offers as written and as stored (-written +stored):\n%s", d)
	}
	for key, c := range w.candidates {
		if d := cmp.Diff(h.records.candidates[key][c.Version], c, cmpopts.EquateApproxTime(time.Microsecond), cmpopts.EquateEmpty()); d != "" {
			h.Errorf("candidate %d as written and as stored:\n%s", key, d)
		}
	}
	for key, r := range w.rules {
		if d := cmp.Diff(h.records.rules[key][r.Version], r, cmpopts.EquateEmpty()); d != "" {
			h.Errorf("rule %d as written and as stored:\n%s", key, d)
		}
	}
	for _, o := range w.offers {
		if o.State != offer.Lapsed && o.Sender == offer.Auto { // a scout is held to its rows when it is made
			h.verifyVersions(w, &o)
		}
	}
	s := standingOf(w.offers, w.today)
	for key := range w.rules {
		if w.spent[key] != s.total[key] {
			h.Errorf("rule %d has spent %d; its offers say %d", key, w.spent[key], s.total[key])
		}
	}
	err := h.records.Store.Read(h.Context(), func(tx market.Tx) error {
		for at, n := range s.count {
			got, _, err := tx.Spent(at.rule, at.on)
			if err != nil {
				return err
			}
			if got != n {
				h.Errorf("rule %d has spent %d on %s; its offers say %d", at.rule, got, at.on, n)
			}
		}
		return nil
	})
	if err != nil {
		h.Fatalf("read what was spent: %v", err)
	}
}

// verifyVersions evaluates the match of an offer again on the versions that it
// names, on the day on which it was made.
func (h *history) verifyVersions(w *rows, o *offer.Offer) {
	c, okC := h.records.candidates[o.Candidate][o.CandidateSeen]
	r, okR := h.records.rules[o.Rule][o.RuleVersion]
	terms, okP := h.records.terms[o.Position][o.PositionVersion]
	if !okC || !okR || !okP {
		h.Errorf("offer %d names versions that were never written: %+v", o.Key, *o)
		return
	}
	p := w.pairing(r, c)
	p.terms, p.today = terms, o.SentDay
	p.p.State, p.k.Status = "published", company.Verified // were so then; verified at the commit
	p.group = map[corpnum.Number]bool{p.k.Number: true}   // the group as it was is verified at the commit
	if why := p.fails(); why != "" {
		h.Errorf("offer %d: on the versions that it names %s", o.Key, why)
	}
}

// verifyTimes verifies that nothing is overdue.
func (h *history) verifyTimes(w *rows) {
	now := h.Now()
	for _, o := range w.offers {
		if (o.State == offer.Sent || o.State == offer.Seen) && o.ExpiresOn < w.today {
			h.Errorf("offer %d is %s after %s", o.Key, o.State, o.ExpiresOn)
		}
		if !o.DueAt.IsZero() && !o.DueAt.After(now) {
			h.Errorf("offer %d was due at %s and is %s", o.Key, o.DueAt, o.State)
		}
		if o.State == offer.Proposed && h.mode == market.Auto {
			h.Errorf("offer %d is proposed in auto mode", o.Key)
		}
	}
	for _, r := range w.rules {
		if r.State == "active" && r.Expires < w.today {
			h.Errorf("rule %d is active after %s", r.Key, r.Expires)
		}
	}
}

// verifyEnds verifies that nobody can come to accept what a block, a closed
// position, a suspension or an erasure has ended.
func (h *history) verifyEnds(w *rows) {
	h.Helper()
	for _, s := range w.lingering() {
		h.Error(s)
	}
}

// verifySame compares searches and previews of the market that has followed
// the log, of one made fresh from the store, and of the model.
func (h *history) verifySame(d draw, w *rows, fresh *market.Market) {
	h.Helper()
	ctx := h.Context()
	for _, f := range h.firms {
		a := h.actor(f.token)
		k := w.companies[a.Company]
		if k.Status != company.Verified {
			continue
		}
		group := w.group(k)
		for range 6 {
			in := market.SearchInput{Condition: d.must(), Facets: []string{"occupation", "skill", "residence", "education", "remote_ok"}, Limit: 50}
			followed, err := h.Search(ctx, a, in)
			if err != nil {
				h.Fatalf("search: %v", err)
			}
			again, err := fresh.Search(ctx, a, in)
			if err != nil {
				h.Fatalf("search: %v", err)
			}
			if d := cmp.Diff(again, followed); d != "" {
				h.Errorf("a search of %s (-fresh +followed):\n%s", text(in.Condition), d)
			}
			want := 0
			for _, c := range w.candidates {
				if c.Trial == k.Trial && c.Open && !blocks(&c, k.Number, group) && in.Condition.Holds(c.Record(w.today)) {
					want++
				}
			}
			if followed.Count != want {
				h.Errorf("a search of %s counts %d, want %d", text(in.Condition), followed.Count, want)
			}
		}
	}
	for _, id := range h.rules {
		a := h.actor(h.firms[h.ownerOf[id]].token)
		r, err := h.Rule(ctx, a, id)
		if err != nil {
			h.Fatalf("rule: %v", err)
		}
		in := market.RuleInput{Position: r.PositionID, Kind: r.Kind, Must: r.Must, DailyBudget: r.DailyBudget, TotalBudget: r.TotalBudget, Age: r.Age}
		followed, err := h.Preview(ctx, a, in)
		if errs.Is(err, errs.TooMany) || errs.Is(err, errs.Denied) || w.positions[r.Position].State == position.Closed && errs.Is(err, errs.Conflict) {
			continue
		}
		if err != nil {
			h.Fatalf("preview: %v", err)
		}
		again, err := fresh.Preview(ctx, a, in)
		if err != nil {
			h.Fatalf("preview: %v", err)
		}
		if d := cmp.Diff(again, followed); d != "" {
			h.Errorf("a preview (-fresh +followed):\n%s", d)
		}
	}
}

// text gives anything as JSON.
func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// verifyRepeat handles every row of the log once more: nothing may change but
// that a company is asked again what it let lapse.
func (h *history) verifyRepeat(before *rows) {
	h.Helper()
	err := h.records.Write(h.Context(), func(tx market.Tx) error { return tx.SetSetting("matched", "0") })
	if err != nil {
		h.Fatalf("forget what was matched: %v", err)
	}
	h.Market = h.open()
	h.drain()
	h.drain()
	after := readRows(h, h.records.Store)
	if h.mode == market.Approve {
		for key, o := range after.offers {
			if before.offers[key].State == offer.Lapsed && o.State == offer.Proposed {
				before.offers[key] = o
			}
		}
	} else if len(after.log) != len(before.log) {
		h.Errorf("handling the log again wrote %d rows: %v", len(after.log)-len(before.log), after.log[len(before.log):])
	}
	if d := cmp.Diff(before.offers, after.offers); d != "" {
		h.Errorf("handling the log again changed offers (-before +after):\n%s", d)
	}
}
