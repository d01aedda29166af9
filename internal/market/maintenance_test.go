package market_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"enishi/internal/day"
	"enishi/internal/errs"
	"enishi/internal/market"
	"enishi/internal/offer"
)

// upkeep is an operator beside the world's market.
// hana orders what is done by commands.
func hana() market.Order { return market.Order{By: "hana@host", Why: "a release"} }

func (w *world) upkeep() *market.Upkeep { return market.NewUpkeep(w.records, w.options.Clock, hana()) }

// begin begins maintenance now and lets the market learn of it.
func (w *world) begin(standing market.Standing, until time.Time) {
	w.Helper()
	w.pass(-market.Lead)
	if _, err := w.upkeep().Begin(w.Context(), standing, until, false); err != nil {
		w.Fatalf("begin maintenance: %v", err)
	}
	w.pass(market.Lead)
	w.watch()
}

// end ends maintenance and gives how many offers were extended.
func (w *world) end() int {
	w.Helper()
	w.records.pause.Store(true)
	defer w.records.pause.Store(false)
	ended, err := w.upkeep().End(w.Context(), nil)
	if err != nil || !ended.Was {
		w.Fatalf("end maintenance: %+v, %v", ended, err)
	}
	w.watch()
	return ended.Extended
}

func (w *world) watch() {
	w.Helper()
	if err := w.Watch(w.Context()); err != nil {
		w.Fatalf("watch: %v", err)
	}
}

func (w *world) head() int64 {
	w.Helper()
	s, err := w.Status(w.Context())
	if err != nil {
		w.Fatalf("status: %v", err)
	}
	return s.LogHead
}

func TestNobodyWritesDuringMaintenance(t *testing.T) {
	t.Parallel()
	onStores(t, demo(), func(w *world) {
		f := w.firm(1, 0)
		r := w.order(f, w.post(f, publishable()), plain())
		me := w.someone(1)
		w.drain()
		sent := w.first(me)
		member, actor := w.actor(f.token), w.actor(me.token)
		hits, err := w.Search(w.Context(), member, market.SearchInput{Condition: all(), Limit: 1})
		if err != nil {
			w.Fatal(err)
		}
		w.begin(market.ReadOnly, time.Time{})
		before := w.head()
		rows := readRows(w, w.records.Store)
		refused := map[string]error{}
		_, refused["sign up"] = w.SignUp(w.Context(), market.SignUp{Email: "late@example.jp", Wishes: all()}, market.Once{})
		_, refused["answer"] = w.Answer(w.Context(), actor, sent.ID, offer.Accept)
		_, refused["wishes"] = w.SetWishes(w.Context(), actor, 1, all())
		_, refused["open a card"] = w.OpenCard(w.Context(), member, hits.Items[0].ID)
		_, refused["pause a rule"] = w.Pause(w.Context(), member, r.ID)
		refused["move the clock"] = w.MoveClock(w.Context(), day.Of(w.Now())+1)
		for what, err := range refused {
			if !errs.Is(err, errs.Busy) {
				w.Errorf("%s: %v, want Busy", what, err)
			}
		}
		for range 3 { // days go by: no visit, no day, no expiry is written
			w.pass(24 * time.Hour)
			if err := errors.Join(w.Tend(w.Context()), w.Drain(w.Context())); err != nil {
				w.Errorf("the matcher does not stand still: %v", err)
			}
			w.actor(me.token)
			if d, err := w.OfferTo(w.Context(), w.actor(me.token), sent.ID); err != nil || d.State != offer.Sent {
				w.Errorf("an offer that is read is %s, %v; want sent, unseen", d.State, err)
			}
		}
		if got := w.head(); got != before {
			w.Errorf("%d rows were written to the log", got-before)
		}
		if d := cmp.Diff(rows.offers, readRows(w, w.records.Store).offers); d != "" {
			w.Errorf("offers changed:\n%s", d)
		}
		w.end()
		w.drain()
		if d, err := w.OfferTo(w.Context(), w.actor(me.token), sent.ID); err != nil || d.State != offer.Seen {
			w.Errorf("afterwards it is %s, %v; want seen", d.State, err)
		}
	})
}

func TestDeadlinesStandStillDuringMaintenance(t *testing.T) {
	t.Parallel()
	onStores(t, demo(), func(w *world) {
		f := w.firm(1, 0)
		in := plain()
		in.OfferDays = 3
		w.order(f, w.post(f, publishable()), in)
		declines, waits := w.someone(1), w.someone(2)
		w.drain()
		declined, waiting := w.first(declines), w.first(waits)
		if _, err := w.Answer(w.Context(), w.actor(declines.token), declined.ID, offer.Decline); err != nil {
			w.Fatal(err)
		}
		w.pass(4 * time.Minute)
		w.begin(market.Stopped, time.Time{})
		w.pass(5 * 24 * time.Hour)
		if d := w.first(waits); d.State != offer.Sent {
			w.Errorf("during maintenance an offer looks %s, want sent", d.State)
		}
		w.end()
		if _, err := w.Answer(w.Context(), w.actor(declines.token), declined.ID, offer.Undo); err != nil {
			w.Errorf("undo with a minute left: %v", err)
		}
		w.drain()
		d := w.first(waits)
		if d.State != offer.Sent || d.ExpiresOn != waiting.ExpiresOn+6 || d.SentDay != waiting.SentDay {
			w.Errorf("afterwards an offer is %s until %s, want sent until %s", d.State, d.ExpiresOn, waiting.ExpiresOn+6)
		}
		if _, err := w.Answer(w.Context(), w.actor(waits.token), d.ID, offer.Accept); err != nil {
			w.Errorf("accept afterwards: %v", err)
		}
	})
}

func TestReservationsStandStillDuringMaintenance(t *testing.T) {
	t.Parallel()
	onStores(t, market.Options{Mode: market.Auto}, func(w *world) {
		f := w.firm(1, 0)
		w.order(f, w.post(f, publishable()), plain())
		kept, lost := w.someone(1), w.someone(2)
		w.drain()
		w.wantStates(lost, offer.Reserved)
		w.pass(23 * time.Hour)
		w.begin(market.ReadOnly, time.Time{})
		w.pass(30 * time.Hour)
		if n := w.end(); n != 2 {
			w.Errorf("%d offers were extended, want 2", n)
		}
		w.drain()
		w.wantStates(lost, offer.Reserved)
		if err := w.Confirm(w.Context(), w.actor(kept.token), kept.code); err != nil {
			w.Fatalf("confirm with an hour left: %v", err)
		}
		w.pass(time.Hour + time.Minute)
		w.drain()
		w.wantStates(kept, offer.Sent)
		w.wantStates(lost, offer.Lapsed)
	})
}

func TestDatesAfterMaintenance(t *testing.T) {
	t.Parallel()
	today := day.Of(beginning) // it begins at ten in the morning
	for _, tt := range []struct {
		took    time.Duration
		state   offer.State
		expires day.Day // after the first day
		want    day.Day
	}{
		{time.Hour, offer.Sent, 0, 1},      // of the last day, some was lost
		{time.Hour, offer.Sent, 1, 1},      // of one of two, some was
		{time.Hour, offer.Sent, -1, -1},    // it was over
		{time.Hour, offer.Accepted, 0, 0},  // it is answered
		{time.Hour, offer.Declined, 0, 0},  // it can no longer be undone
		{20 * time.Hour, offer.Seen, 0, 1}, // into the next morning
		{20 * time.Hour, offer.Seen, 1, 2}, // whose day is the last
		{20 * time.Hour, offer.Seen, 2, 2},
		{24 * time.Hour, offer.Sent, 0, 1}, // a whole day
		{24 * time.Hour, offer.Sent, 9, 10},
		{30 * time.Hour, offer.Sent, 0, 2},
		{30 * time.Hour, offer.Sent, 1, 3},
		{30 * time.Hour, offer.Sent, 2, 3},
		{240 * time.Hour, offer.Seen, 3, 13},
	} {
		w := newWorld(t, market.NewMemory(), demo())
		o := loose(1, tt.state, today+tt.expires)
		w.addOffers(o)
		w.begin(market.ReadOnly, time.Time{})
		w.pass(tt.took - market.Lead) // ending it is given so long
		if _, err := market.NewUpkeep(w.records.Store, w.options.Clock, hana()).End(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		got := readOffer(t, w.records.Store, o.Key).ExpiresOn - today
		if got != tt.want {
			t.Errorf("%s, last day +%d, after %v: +%d, want +%d", tt.state, tt.expires, tt.took, got, tt.want)
		}
		if lost := tt.took > 0 && tt.state != offer.Accepted && tt.state != offer.Declined && tt.expires >= 0; lost {
			if end := beginning.Add(tt.took); (today + got + 1).At(0).Before(end) {
				t.Errorf("last day +%d after %v: it is over when maintenance ends", tt.expires, tt.took)
			}
		}
	}
}

// loose is an offer that belongs to nobody in particular.
func loose(candidate int64, state offer.State, expires day.Day) *offer.Offer {
	return &offer.Offer{
		ID: uuid.New(), Version: 1, Candidate: candidate, Company: 1, Position: candidate, PositionVersion: 1,
		Kind: "interview", Sender: offer.Scout, State: state, SentAt: beginning, SentDay: day.Of(beginning) - 1, ExpiresOn: expires,
	}
}

// addOffers writes offers past every rule.
func (w *world) addOffers(list ...*offer.Offer) {
	w.Helper()
	err := w.raw.Write(w.Context(), func(tx market.Tx) error { // their candidates are nobody
		for _, o := range list {
			if err := tx.AddOffer(o); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		w.Fatal(err)
	}
}

// failing is a store whose writes fail after some.
type failing struct {
	market.Store
	left int
}

var errFull = errors.New("the disk is full")

func (s *failing) Write(ctx context.Context, fn func(market.Tx) error) error {
	if s.left--; s.left < 0 {
		return errFull
	}
	return s.Store.Write(ctx, fn)
}

func TestEndingMaintenanceGoesOnWhereItStopped(t *testing.T) {
	t.Parallel()
	const many = 450
	for _, late := range []time.Duration{0, 3 * time.Hour} {
		for writes := range 3 {
			w := newWorld(t, market.NewMemory(), demo())
			var list []*offer.Offer
			for i := range many {
				o := loose(int64(i+1), offer.Reserved, day.Of(beginning)+20)
				o.DueAt = beginning.Add(time.Duration(i+1) * time.Minute)
				list = append(list, o)
			}
			w.addOffers(list...)
			w.begin(market.ReadOnly, time.Time{})
			w.pass(time.Hour)
			broken := market.NewUpkeep(&failing{w.records.Store, writes}, w.options.Clock, hana())
			if _, err := broken.End(t.Context(), nil); !errors.Is(err, errFull) {
				t.Fatalf("End on a full disk: %v", err)
			}
			w.watch()
			if m := w.Maintenance(); m.Standing != market.ReadOnly {
				t.Fatalf("half ended, the service is open: %+v", m)
			}
			if _, err := w.upkeep().Begin(t.Context(), market.Stopped, time.Time{}, false); writes > 0 && !errs.Is(err, errs.Conflict) {
				t.Errorf("beginning while it is being ended: %v, want Conflict", err)
			}
			w.pass(late)
			if _, err := market.NewUpkeep(w.records.Store, w.options.Clock, hana()).End(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
			took := time.Hour + late + time.Minute
			for i, o := range list {
				got := readOffer(t, w.records.Store, o.Key)
				if want := o.DueAt.Add(took).UTC(); !got.DueAt.Equal(want) {
					t.Fatalf("after %d writes and %v, offer %d is due at %v, want %v", writes, late, i, got.DueAt, want)
				}
			}
			w.watch()
			if m := w.Maintenance(); m.Standing != "" {
				t.Errorf("it has not ended: %+v", m)
			}
		}
	}
}

func readOffer(t *testing.T, s market.Store, key int64) offer.Offer {
	t.Helper()
	var o offer.Offer
	err := s.Read(t.Context(), func(tx market.Tx) (err error) {
		o, err = tx.Offer(key)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// mailbag counts mails by address.
type mailbag struct {
	mu    sync.Mutex
	mails map[string][]string
}

func (b *mailbag) Send(_ context.Context, l *market.Letter) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.mails[l.To] = append(b.mails[l.To], l.Body)
	return nil
}

func TestAPlanIsMailedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, market.NewMemory(), demo())
	const firms = 120 // more than a page
	for i := range firms {
		w.firm(i+1, 0)
	}
	w.someone(1)
	if err := market.AddOperator(t.Context(), w.records, w.vault, w.options, market.Order{}, "ops@example.jp", "correct horse"); err != nil {
		t.Fatal(err)
	}
	w.deliver(w.Market)
	bag := &mailbag{mails: map[string][]string{}}
	w.options.Mail = bag
	one, other := w.open(), w.open()
	from := beginning.Add(24 * time.Hour)
	announce := func(ja string, times int) {
		t.Helper()
		if err := w.upkeep().Plan(t.Context(), market.Maintenance{From: from, Until: from.Add(2 * time.Hour), JA: ja, EN: "new disks"}, false); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			for _, m := range []*market.Market{one, other} {
				if err := errors.Join(m.Watch(t.Context()), m.Tend(t.Context())); err != nil {
					t.Fatal(err)
				}
				w.deliver(m)
			}
		}
		if len(bag.mails) != firms+1 {
			t.Errorf("%d addresses were told, want the %d owners and the operator", len(bag.mails), firms)
		}
		for to, mails := range bag.mails {
			if len(mails) != times || strings.HasPrefix(to, "s1@") {
				t.Errorf("%s got %d mails, want %d", to, len(mails), times)
			}
			if last := mails[len(mails)-1]; !strings.Contains(last, ja) || !strings.Contains(last, "2026-11-25 10:00") || !strings.Contains(last, "new disks") {
				t.Fatalf("the mail says %q", last)
			}
		}
	}
	announce("ディスクの交換", 1)
	announce("延期します", 2)
}

func TestWhatIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t, market.NewMemory(), demo())
	from := beginning.Add(24 * time.Hour)
	wants := func(standing market.Standing) market.Maintenance {
		t.Helper()
		w.watch()
		m := w.Maintenance()
		if m.Standing != standing {
			t.Fatalf("%s is told, want %s", m.Standing, standing)
		}
		return m
	}
	wants("")
	p := market.Maintenance{From: from, Until: from.Add(time.Hour), JA: "更新", EN: "update"}
	if err := w.upkeep().Plan(t.Context(), p, true); err != nil {
		t.Fatal(err)
	}
	wants("") // a dry run announces nothing
	if err := w.upkeep().Plan(t.Context(), p, false); err != nil {
		t.Fatal(err)
	}
	wants(market.Planned)
	w.pass(24 * time.Hour)
	wants(market.Planned) // it begins by an order, not by the clock
	if _, err := w.upkeep().Begin(t.Context(), market.ReadOnly, time.Time{}, false); err != nil {
		t.Fatal(err)
	}
	wants(market.Planned) // for as long as it takes every process to learn of it
	w.pass(market.Lead)
	if m := wants(market.ReadOnly); !m.Until.Equal(p.Until) || m.JA != "更新" || m.EN != "update" {
		t.Errorf("told %+v, want the plan's end and words", m)
	}
	if m := w.open().Maintenance(); m.Standing != market.ReadOnly {
		t.Errorf("a process that starts now tells %q", m.Standing)
	}
	w.pass(2 * time.Hour)
	wants(market.ReadOnly) // past its planned end
	w.end()
	wants("")
}

// An emergency is not what was planned for another time: it takes neither the
// plan's end nor its words, and leaves it.
func TestAnEmergencyBeforeAPlan(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		ahead time.Duration // from the order to the plan's beginning
		taken bool
	}{{24 * time.Hour, false}, {time.Hour, false}, {59 * time.Minute, true}, {-30 * time.Minute, true}} {
		w := newWorld(t, market.NewMemory(), demo())
		from := beginning.Add(2 * time.Hour)
		p := market.Maintenance{From: from, Until: from.Add(time.Hour), JA: "更新", EN: "update"}
		if err := w.upkeep().Plan(t.Context(), p, false); err != nil {
			t.Fatal(err)
		}
		w.pass(from.Sub(w.Now()) - tt.ahead)
		begun, err := w.upkeep().Begin(t.Context(), market.ReadOnly, time.Time{}, false)
		if err != nil {
			t.Fatal(err)
		}
		if taken := begun.Until.Equal(p.Until) && begun.JA == p.JA && begun.EN == p.EN; taken != tt.taken || !taken && (!begun.Until.IsZero() || begun.JA != "") {
			t.Errorf("%v before a plan: %+v, want the plan's: %t", tt.ahead, begun, tt.taken)
		}
		w.pass(market.Lead)
		if ended, err := w.upkeep().End(t.Context(), nil); err != nil || !ended.Was || ended.Planned {
			t.Errorf("End = %+v, %v", ended, err)
		}
		w.watch()
		if left := w.Maintenance().Standing == market.Planned; left == tt.taken {
			t.Errorf("after one that began %v before a plan, the plan is left: %t", tt.ahead, left)
		}
	}
}

// Pauses that follow each other at once extend clocks by no more than they took.
func TestPausesAreCountedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, market.NewMemory(), demo())
	const many = 201 // whose clocks take several transactions
	var list []*offer.Offer
	for i := range many {
		o := loose(int64(i+1), offer.Reserved, day.Of(beginning)+20)
		o.DueAt = beginning.Add(time.Hour)
		list = append(list, o)
	}
	w.addOffers(list...)
	start := w.Now()
	for range 4 {
		w.begin(market.ReadOnly, time.Time{})
		w.pass(300 * time.Millisecond)
		if _, err := market.NewUpkeep(w.records.Store, w.options.Clock, hana()).End(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		w.pass(2 * time.Second)
	}
	took := w.Now().Sub(start)
	for _, o := range list {
		got := readOffer(t, w.records.Store, o.Key).DueAt.Sub(o.DueAt)
		if most := took + time.Minute; got < took-10*time.Second || got > most {
			t.Fatalf("four pauses in %v moved a clock by %v, want %v at most", took, got, most)
		}
	}
	pauses := readPauses(t, w.records.Store)
	for i := 1; i < len(pauses); i++ {
		if pauses[i].From.Before(pauses[i-1].Until) {
			t.Errorf("pause %d is from %v, before the end of the last, %v", i, pauses[i].From, pauses[i-1].Until)
		}
	}
	if len(pauses) == 0 {
		t.Error("no pause is kept")
	}
}

func readPauses(t *testing.T, s market.Store) (list []market.Pause) {
	t.Helper()
	err := s.Read(t.Context(), func(tx market.Tx) (err error) {
		list, err = tx.Pauses()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestUpkeepRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t, market.NewMemory(), demo())
	later := beginning.Add(time.Hour)
	for name, p := range map[string]market.Maintenance{
		"in the past":      {From: beginning.Add(-time.Hour), Until: later},
		"from its end on":  {From: later, Until: later},
		"a long message":   {From: later, Until: later.Add(1), JA: strings.Repeat("長", 400)},
		"a long one of it": {From: later, Until: later.Add(1), EN: strings.Repeat("x", 1001)},
	} {
		if err := w.upkeep().Plan(t.Context(), p, false); !errs.Is(err, errs.Invalid) {
			t.Errorf("a plan %s: %v, want Invalid", name, err)
		}
	}
	if _, err := w.upkeep().Begin(t.Context(), market.ReadOnly, beginning, false); !errs.Is(err, errs.Invalid) {
		t.Errorf("an end that is past: %v, want Invalid", err)
	}
	if _, err := market.NewUpkeep(market.NewMemory(), w.options.Clock, hana()).Find(t.Context()); !errs.Is(err, errs.NotFound) {
		t.Errorf("an empty store: %v, want NotFound", err)
	}
	if ended, err := w.upkeep().End(t.Context(), nil); err != nil || ended != (market.Ended{}) {
		t.Errorf("ending nothing: %+v, %v", ended, err)
	}
}

// A process that was paused, or could not look, looks before it writes.
func TestWhoMissedTheBeginningDoesNotWrite(t *testing.T) {
	t.Parallel()
	onStores(t, demo(), func(w *world) {
		me := w.someone(1)
		w.drain()
		actor := w.actor(me.token)
		w.watch()
		if _, err := w.upkeep().Begin(w.Context(), market.ReadOnly, time.Time{}, false); err != nil {
			w.Fatal(err)
		}
		before := w.head()
		w.pass(market.Lead + time.Millisecond) // and nobody watches
		if _, err := w.SetWishes(w.Context(), actor, 1, all()); !errs.Is(err, errs.Busy) {
			w.Errorf("an edit: %v, want Busy", err)
		}
		if m := w.Maintenance(); m.Standing != market.ReadOnly {
			w.Errorf("it still tells %q", m.Standing)
		}
		if got := w.head(); got != before {
			w.Errorf("%d rows were written", got-before)
		}
	})
}
