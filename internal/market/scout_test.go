package market_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"enishi/internal/candidate"
	"enishi/internal/company"
	"enishi/internal/condition"
	"enishi/internal/corpnum"
	"enishi/internal/day"
	"enishi/internal/errs"
	"enishi/internal/market"
	"enishi/internal/offer"
	"enishi/internal/position"
)

func diff(want, got any) string { return cmp.Diff(want, got) }

// pays are terms that can be published and say what is paid.
func pays(from, to int) position.Terms {
	t := publishable()
	t.PayMin, t.PayMax = &from, &to
	return t
}

// cardOf gives somebody's card for a company.
func (w *world) cardOf(f firm, id uuid.UUID) string {
	w.Helper()
	cards, err := w.vault.Cards(f.id)
	if err != nil {
		w.Fatalf("cards: %v", err)
	}
	return cards.Of(id)
}

// scoutOne scouts somebody and says what became of it.
func (w *world) scoutOne(f firm, p position.Position, who uuid.UUID) (*market.Delivered, error) {
	w.Helper()
	out, err := w.Scout(w.Context(), w.actor(f.token), market.Scouting{
		Cards: []string{w.cardOf(f, who)}, Position: p.ID, Message: "ぜひ一度お話ししませんか。",
	}, market.Once{})
	if err != nil {
		w.Fatalf("scout: %v", err)
	}
	return out[0].Offer, out[0].Why
}

// nothing is a wish that no position meets.
func nothing(in *market.SignUp) {
	in.Wishes = condition.Condition{Op: condition.Any}
}

func TestScouts(t *testing.T) {
	t.Parallel()
	for name, open := range stores() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, open(t), demo())
			f := w.firm(1, 0)
			at, other := w.post(f, pays(500, 700)), w.post(f, pays(400, 600))
			who := w.someone(1, nothing) // wishes do not stop a scout
			d, why := w.scoutOne(f, at, who.id)
			if why != nil || d.State != offer.Sent || d.Sender != offer.Scout || d.Kind != "interview" || d.Message == "" ||
				d.PositionVersion != at.PublishedVersion || *d.Terms.PayMin != 500 || d.ExpiresOn != w.Today()+offer.LifeDays {
				t.Fatalf("scout = %+v, %v", d, why)
			}
			_, why = w.scoutOne(f, at, who.id)
			wantKind(t, "a second for the position", why, errs.Conflict)
			got, err := w.OfferTo(t.Context(), w.actor(who.token), d.ID)
			if err != nil || got.Message != d.Message || got.State != offer.Seen {
				t.Errorf("the candidate reads %+v, %v", got, err)
			}
			if _, err := w.Answer(t.Context(), w.actor(who.token), d.ID, offer.Decline); err != nil {
				t.Fatal(err)
			}
			_, why = w.scoutOne(f, at, who.id)
			wantKind(t, "one that was just declined looks seen", why, errs.Conflict)
			if _, why = w.scoutOne(f, other, who.id); why != nil {
				t.Errorf("for another position: %v", why)
			}
			w.nextDay(1)
			if _, why = w.scoutOne(f, at, who.id); why != nil {
				t.Errorf("the third: %v", why)
			}
			third := w.post(f, pays(400, 600))
			_, why = w.scoutOne(f, third, who.id)
			wantKind(t, "the fourth within 30 days", why, errs.Conflict)
			w.nextDay(29)
			if _, why = w.scoutOne(f, third, who.id); why != nil {
				t.Errorf("after 30 days: %v", why)
			}
			w.drain()
		})
	}
}

// A company learns the same of everybody whom it cannot reach.
func TestScoutsTellNothing(t *testing.T) {
	t.Parallel()
	for name, open := range stores() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, open(t), demo())
			f := w.firm(1, 0)
			at := w.post(f, pays(500, 700))
			blocking := w.someone(1, func(in *market.SignUp) { in.Blocks = []corpnum.Number{f.number} })
			working := w.someone(2, func(in *market.SignUp) { in.Employers = []candidate.Employment{{Number: f.number, Current: true}} })
			closed, erased := w.someone(3), w.someone(4)
			if _, err := w.SetSettings(t.Context(), w.actor(closed.token), 1, market.Settings{WeeklyLimit: 10, Language: "ja"}); err != nil {
				t.Fatal(err)
			}
			if err := w.Erase(t.Context(), w.actor(erased.token)); err != nil {
				t.Fatal(err)
			}
			cards := []string{"x", strings.Repeat("0", 32), w.cardOf(f, uuid.New())}
			for _, p := range []person{blocking, working, closed, erased} {
				cards = append(cards, w.cardOf(f, p.id))
			}
			out, err := w.Scout(t.Context(), w.actor(f.token), market.Scouting{Cards: cards, Position: at.ID, Message: "x"}, market.Once{})
			if err != nil || len(out) != len(cards) {
				t.Fatalf("%+v, %v", out, err)
			}
			for i, s := range out {
				if s.Card != cards[i] || s.Offer != nil || !errs.Is(s.Why, errs.NotFound) || s.Why.Error() != out[0].Why.Error() {
					t.Errorf("card %d: %+v", i, s)
				}
			}
			if _, used, err := w.ScoutsLeft(t.Context(), w.actor(f.token)); err != nil || used != 0 {
				t.Errorf("%d of the quota are used, %v", used, err)
			}
		})
	}
}

// Whether an address is confirmed is not the company's to know: the scout looks
// sent, waits for the confirmation, and lapses without one.
func TestScoutOfAnUnconfirmedAddress(t *testing.T) {
	t.Parallel()
	for name, open := range stores() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := demo()
			o.Demo = false
			w := newWorld(t, open(t), o)
			f := w.firm(1, 0)
			at := w.post(f, pays(500, 700))
			confirms, lapses := w.someone(1), w.someone(2)
			var ids []uuid.UUID
			for _, p := range []person{confirms, lapses} {
				d, why := w.scoutOne(f, at, p.id)
				if why != nil || d.State != offer.Sent {
					t.Fatalf("scout = %+v, %v", d, why)
				}
				_, err := w.Answer(t.Context(), w.actor(p.token), d.ID, offer.Accept)
				wantKind(t, "accepting what is reserved", err, errs.Conflict)
				ids = append(ids, d.ID)
			}
			if err := w.Confirm(t.Context(), w.actor(confirms.token), confirms.code); err != nil {
				t.Fatal(err)
			}
			if _, err := w.Answer(t.Context(), w.actor(confirms.token), ids[0], offer.Accept); err != nil {
				t.Errorf("accepting after the confirmation: %v", err)
			}
			w.nextDay(2)
			d, err := w.OfferBy(t.Context(), w.actor(f.token), ids[1])
			if err != nil || d.State != offer.Expired {
				t.Errorf("what lapsed looks %s, %v", d.State, err)
			}
			if list, _, err := w.OffersBy(t.Context(), w.actor(f.token), nil, 0, 9); err != nil || len(list) != 2 {
				t.Errorf("the company's list has %d, %v", len(list), err)
			}
			if list, _, err := w.OffersTo(t.Context(), w.actor(lapses.token), 0, 9); err != nil || len(list) != 0 {
				t.Errorf("the candidate's list has %d, %v", len(list), err)
			}
		})
	}
}

// A scout keeps the rules for its position from somebody as long as it may reach
// them; one that lapsed never did, so the rules ask again, and no row of anything
// else has to come first.
func TestRulesAfterAScoutLapsed(t *testing.T) {
	t.Parallel()
	for name, open := range stores() {
		for mode, want := range map[market.Mode]offer.State{market.Auto: offer.Reserved, market.Approve: offer.Proposed} {
			for when, wait := range map[string]func(*world){
				"within a day": func(w *world) {
					w.pass(offer.ReserveWindow)
					if err := w.Tend(w.Context()); err != nil {
						w.Fatal(err)
					}
					w.drain()
				},
				"by a new day": func(w *world) { w.nextDay(2) },
			} {
				t.Run(fmt.Sprintf("%s/%s/%s", name, mode, when), func(t *testing.T) {
					t.Parallel()
					w := newWorld(t, open(t), market.Options{Mode: mode})
					f := w.firm(1, 0)
					at := w.post(f, pays(500, 700))
					who := w.someone(1)
					if _, why := w.scoutOne(f, at, who.id); why != nil {
						t.Fatal(why)
					}
					r := w.order(f, at, plain())
					w.drain()
					offers := func() (states []offer.State) {
						for _, o := range readRows(t, w.records.Store).offers {
							if o.Rule == r.Key {
								states = append(states, o.State)
							}
						}
						return states
					}
					if got := offers(); got != nil {
						t.Fatalf("beside the scout the rule makes %v", got)
					}
					wait(w)
					if d := cmp.Diff([]offer.State{want}, offers()); d != "" {
						t.Errorf("after the scout lapsed (-want +got):\n%s", d)
					}
				})
			}
		}
	}
}

func TestWhatScoutsNeed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, market.NewMemory(), demo())
	f, other := w.firm(1, 0), w.firm(2, 0)
	at, theirs := w.post(f, pays(500, 700)), w.post(other, pays(500, 700))
	who := w.someone(1)
	draft, err := w.AddPosition(t.Context(), w.actor(f.token), pays(500, 700), market.Once{})
	if err != nil {
		t.Fatal(err)
	}
	unpaid := publishable()
	unpaid.PayMin, unpaid.PayMax = nil, nil
	card := w.cardOf(f, who.id)
	good := market.Scouting{Cards: []string{card}, Position: at.ID, Message: "x"}
	change := func(f func(*market.Scouting)) market.Scouting {
		in := good
		f(&in)
		return in
	}
	for what, test := range map[string]struct {
		in   market.Scouting
		kind errs.Kind
	}{
		"no card":             {change(func(s *market.Scouting) { s.Cards = nil }), errs.Invalid},
		"too many cards":      {change(func(s *market.Scouting) { s.Cards = make([]string, 51) }), errs.Invalid},
		"no message":          {change(func(s *market.Scouting) { s.Message = "" }), errs.Invalid},
		"a blank message":     {change(func(s *market.Scouting) { s.Message = "\u3000\u200b" }), errs.Invalid},
		"a message too long":  {change(func(s *market.Scouting) { s.Message = strings.Repeat("あ", 2001) }), errs.Invalid},
		"a control character": {change(func(s *market.Scouting) { s.Message = "\x00" }), errs.Invalid},
		"another kind":        {change(func(s *market.Scouting) { s.Kind = "x" }), errs.Invalid},
		"another's position":  {change(func(s *market.Scouting) { s.Position = theirs.ID }), errs.Invalid},
		"no position":         {change(func(s *market.Scouting) { s.Position = uuid.New() }), errs.Invalid},
		"a draft":             {change(func(s *market.Scouting) { s.Position = draft.ID }), errs.Conflict},
	} {
		_, err := w.Scout(t.Context(), w.actor(f.token), test.in, market.Once{})
		wantKind(t, what, err, test.kind)
	}
	viewer := w.actor(f.token)
	viewer.Role = "viewer"
	wantKind(t, "a viewer", second(w.Scout(t.Context(), viewer, good, market.Once{})), errs.Denied)
	if _, err := w.SetStatus(t.Context(), operator(), f.id, "suspended"); err != nil {
		t.Fatal(err)
	}
	wantKind(t, "a suspended company", second(w.Scout(t.Context(), w.actor(f.token), good, market.Once{})), errs.Denied)
}

// The month's quota holds in the order of the cards, and the next month is a new
// one.
func TestQuotaOfScouts(t *testing.T) {
	t.Parallel()
	for name, open := range stores() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, open(t), demo())
			f := w.firm(1, 0)
			at := w.post(f, pays(500, 700))
			if err := w.SetScoutQuota(t.Context(), operator(), f.id, 2); err != nil {
				t.Fatal(err)
			}
			wantKind(t, "a company sets its quota", w.SetScoutQuota(t.Context(), w.actor(f.token), f.id, 9), errs.Denied)
			var cards []string
			for i := range 4 {
				cards = append(cards, w.cardOf(f, w.someone(i).id))
			}
			once := market.Once{Scope: "x", Key: "1", Digest: []byte{1}}
			in := market.Scouting{Cards: cards[:3], Position: at.ID, Message: "x"}
			out, err := w.Scout(t.Context(), w.actor(f.token), in, once)
			if err != nil || out[0].Offer == nil || out[1].Offer == nil || !errs.Is(out[2].Why, errs.TooMany) {
				t.Fatalf("%+v, %v", out, err)
			}
			again, err := w.Scout(t.Context(), w.actor(f.token), in, once)
			if err != nil || len(again) != 3 || again[0].Offer.ID != out[0].Offer.ID || again[2].Why.Error() != out[2].Why.Error() {
				t.Errorf("a repeat = %+v, %v", again, err)
			}
			quota, used, err := w.ScoutsLeft(t.Context(), w.actor(f.token))
			if err != nil || quota != 2 || used != 2 {
				t.Errorf("%d of %d, %v", used, quota, err)
			}
			w.nextDay(7) // the first of December
			if out, err = w.Scout(t.Context(), w.actor(f.token), market.Scouting{Cards: cards[2:], Position: at.ID, Message: "x"}, market.Once{}); err != nil ||
				out[0].Offer == nil || out[1].Offer == nil {
				t.Errorf("in the next month: %+v, %v", out, err)
			}
		})
	}
}

// A position that has reached somebody by a scout is sent to them by no rule, even
// when that is over.
func TestScoutsReach(t *testing.T) {
	t.Parallel()
	w := newWorld(t, market.NewMemory(), demo())
	f := w.firm(1, 0)
	at := w.post(f, pays(500, 700))
	who := w.someone(1)
	d, why := w.scoutOne(f, at, who.id)
	if why != nil {
		t.Fatal(why)
	}
	w.order(f, at, plain())
	w.drain()
	if _, err := w.Answer(t.Context(), w.actor(who.token), d.ID, offer.Decline); err != nil {
		t.Fatal(err)
	}
	w.nextDay(1)
	if list, _, err := w.OffersTo(t.Context(), w.actor(who.token), 0, 9); err != nil || len(list) != 1 {
		t.Errorf("%d offers, %v, want the scout alone", len(list), err)
	}
}

// Racing scouts of one person and one quota leave what one after the other would.
func TestRacingScouts(t *testing.T) {
	t.Parallel()
	for name, open := range stores() {
		if name == "again" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, open(t), demo())
			w.records.beside = true
			f := w.firm(1, 0)
			at := w.post(f, pays(500, 700))
			if err := w.SetScoutQuota(t.Context(), operator(), f.id, 3); err != nil {
				t.Fatal(err)
			}
			var cards []string
			for i := range 5 {
				cards = append(cards, w.cardOf(f, w.someone(i).id))
			}
			actor := w.actor(f.token)
			sent := make(chan int, 8)
			for g := range 8 {
				go func() {
					n := 0
					out, err := w.Scout(t.Context(), actor, market.Scouting{
						Cards: []string{cards[g%5], cards[(g+1)%5]}, Position: at.ID, Message: fmt.Sprint(g),
					}, market.Once{})
					if err != nil && !errs.Is(err, errs.Busy) {
						t.Errorf("scout: %v", err)
					}
					for _, s := range out {
						if s.Offer != nil {
							n++
						}
					}
					sent <- n
				}()
			}
			all := 0
			for range 8 {
				all += <-sent
			}
			if all != 3 {
				t.Errorf("%d scouts were sent, want the 3 of the quota", all)
			}
			w.drain()
		})
	}
}

// soundScout verifies that a scout obeys, on the rows that its transaction sees,
// all that binds one, and names the versions of these rows.
func (t *recording) soundScout(o *offer.Offer) error {
	text, err := t.Setting("day")
	if err != nil {
		return err
	}
	today, err := day.Parse(text)
	if err != nil {
		return err
	}
	c, err := t.Candidate(o.Candidate)
	if err != nil {
		return err
	}
	k, err := t.Company(o.Company)
	if err != nil {
		return err
	}
	p, err := t.Position(o.Position)
	if err != nil {
		return err
	}
	terms, err := t.Terms(p.Key, p.PublishedVersion)
	if err != nil {
		return err
	}
	group, err := t.group(k)
	if err != nil {
		return err
	}
	before, err := t.Between(o.Company, o.Candidate)
	if err != nil {
		return err
	}
	lately := 0
	for _, other := range before {
		if other.Sender == offer.Scout && other.SentDay > today-30 {
			lately++
		}
	}
	for why, wrong := range map[string]bool{
		"the candidate is not open":              !c.Open,
		"the company is blocked":                 blocks(&c, k.Number, group),
		"the company is not verified":            k.Status != company.Verified,
		"the position is not published":          p.State != position.Published || p.Company != k.Key,
		"the terms do not say what is paid":      terms.PayMin == nil || terms.PayMax == nil,
		"the address is not confirmed":           o.State == offer.Sent && !c.Confirmed,
		"it is one too many in 30 days":          lately > 3,
		"it names other versions":                o.CandidateSeen != c.Version || o.PositionVersion != p.PublishedVersion || o.RuleVersion != 0,
		"its day and its last day are not right": o.SentDay != today || o.ExpiresOn != today+14,
	} {
		if wrong {
			t.fault("scout %d was made although %s", o.Key, why)
		}
	}
	return nil
}

func (h *history) doScout(d draw) error {
	f, a, positions, _, err := h.firmOf(d)
	if err != nil || len(positions) == 0 {
		return err
	}
	in := market.Scouting{Position: pick(d, positions...), Kind: pick(d, "", "interview", "casual"), Message: "x"}
	for range 1 + d.IntN(3) {
		p, _, err := h.someoneOf(d)
		if err != nil {
			return err
		}
		in.Cards = append(in.Cards, h.cardOf(f, p.id))
	}
	_, err = h.Scout(h.Context(), a, in, market.Once{})
	return err
}

// checkScouts fails unless what is counted against the quotas is what was sent.
func (w *world) checkScouts(r *rows) {
	w.Helper()
	type count struct {
		company int64
		in      day.Month
	}
	sent := map[count]int{}
	for _, o := range r.offers {
		if o.Sender == offer.Scout {
			sent[count{o.Company, o.SentDay.Month()}]++
		}
	}
	for at, n := range sent {
		got := loaded(w, func(tx market.Tx) (int, error) { return tx.Scouted(at.company, at.in) })
		if got != n {
			w.Errorf("company %d has sent %d scouts in %s, and %d are counted", at.company, n, at.in, got)
		}
	}
}

// Who was hired for a position is not scouted for it again, and may be for another.
func TestAScoutAfterAHire(t *testing.T) {
	t.Parallel()
	onStores(t, demo(), func(w *world) {
		f := w.firm(1, 0)
		at, other := w.post(f, pays(500, 700)), w.post(f, pays(400, 600))
		who := w.someone(1, nothing)
		d, why := w.scoutOne(f, at, who.id)
		if why != nil {
			t.Fatal(why)
		}
		w.answer(who, *d, offer.Accept, nil)
		if _, err := w.Proceed(w.Context(), w.actor(f.token), d.ID, offer.Hold); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Hire(w.Context(), w.actor(f.token), d.ID, ptr(500)); err != nil {
			t.Fatal(err)
		}
		_, why = w.scoutOne(f, at, who.id)
		wantKind(t, "hired for it", why, errs.Conflict)
		if _, why = w.scoutOne(f, other, who.id); why != nil {
			t.Errorf("for another position: %v", why)
		}
	})
}
