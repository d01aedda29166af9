package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"enishi/internal/day"
	"enishi/internal/errs"
	"enishi/internal/market"
	"enishi/internal/offer"
	"enishi/internal/thread"
)

func dealings() map[string]func(*testing.T, market.Store) {
	return map[string]func(*testing.T, market.Store){
		"a dealing comes back as it was": dealingRoundTrip,
		"what a side has read":           readMarks,
		"clocks that end":                owing,
		"messages of a thread":           messages,
		"messages that are not read":     unreadMessages,
		"dealings of many offers":        manyDealings,
		"messages that are erased":       erasedMessages,
		"breaches":                       breaches,
		"pay that is disputed":           disputed,
		"what a failed dealing leaves":   failedDealing,
	}
}

func dealing(t *testing.T, s market.Store, of int64) offer.Dealing {
	t.Helper()
	return load(t, s, func(tx market.Tx) (offer.Dealing, error) { return tx.Dealing(of) })
}

func dealingRoundTrip(t *testing.T, s market.Store) {
	want(t, "a dealing that is not", dealing(t, s, 7), offer.Dealing{Offer: 7})
	slot := offer.Slot{ID: uuid.New(), Start: when.Truncate(time.Minute), Minutes: 60, Zone: "Europe/Berlin", Place: hard, Online: true}
	full := offer.Dealing{
		Offer: 7, DateBy: today, HoldBy: today + 60, Slots: []offer.Slot{slot, {ID: uuid.New(), Start: when.Add(time.Hour), Zone: "UTC"}},
		ProposedAt: when.Add(time.Microsecond), DatedAt: when.Add(2 * time.Microsecond), Date: &slot, CalledOff: true, Sequence: 3,
		ChangedAt: when.Add(3 * time.Microsecond), HeldAt: when.Add(4 * time.Microsecond), EndedAt: when.Add(5 * time.Microsecond), DeniedAt: when.Add(6 * time.Microsecond),
		EndedBy: offer.Company, Gone: true, SaidPay: ptr(0), ConfirmedPay: ptr(99_999), Reason: offer.ReasonPay, OwedOn: today + 1,
	}
	for _, d := range []offer.Dealing{full, {Offer: 8}, {Offer: 7, Sequence: 4}} {
		write(t, s, func(tx market.Tx) error { return tx.SaveDealing(&d) })
		want(t, "Dealing", dealing(t, s, d.Offer), d)
		write(t, s, func(tx market.Tx) error { return tx.SaveDealing(&d) })
		want(t, "Dealing saved as it is", dealing(t, s, d.Offer), d)
	}
}

func readMarks(t *testing.T, s market.Store) {
	mark := func(of int64, by offer.Side, message int64) {
		write(t, s, func(tx market.Tx) error { return tx.MarkRead(of, by, message) })
	}
	write(t, s, func(tx market.Tx) error { return tx.SaveDealing(&offer.Dealing{Offer: 1, Sequence: 2}) })
	mark(1, offer.Candidate, 5)
	mark(1, offer.Company, 3)
	mark(1, offer.Candidate, 4) // an older page
	mark(2, offer.Company, 9)   // before anything else is known of it
	want(t, "what both have read", dealing(t, s, 1), offer.Dealing{Offer: 1, Sequence: 2, CandidateRead: 5, CompanyRead: 3})
	want(t, "what one has read", dealing(t, s, 2), offer.Dealing{Offer: 2, CompanyRead: 9})
	write(t, s, func(tx market.Tx) error { return tx.SaveDealing(&offer.Dealing{Offer: 1, CandidateRead: 1}) })
	want(t, "saving keeps what they have read", dealing(t, s, 1), offer.Dealing{Offer: 1, CandidateRead: 5, CompanyRead: 3})
}

func owing(t *testing.T, s market.Store) {
	list := []*offer.Offer{
		newOffer(1, 1), with(newOffer(2, 1), func(o *offer.Offer) { o.State = offer.Declined }), newOffer(3, 1), newOffer(4, 1),
	}
	for i, o := range list {
		o.Rule = int64(i + 1)
		if o.State == offer.Sent {
			o.State, o.AnsweredAt = offer.Accepted, when
		}
	}
	addOffers(t, s, list...)
	owe := func(i int, on day.Day) {
		write(t, s, func(tx market.Tx) error { return tx.SaveDealing(&offer.Dealing{Offer: list[i].Key, OwedOn: on}) })
	}
	owe(0, today+2)
	owe(1, today)
	owe(3, today)
	check := func(what string, before day.Day, limit int, expected ...int) {
		t.Helper()
		var wanted []int64
		for _, i := range expected {
			wanted = append(wanted, list[i].Key)
		}
		got := load(t, s, func(tx market.Tx) ([]offer.Offer, error) { return tx.Owing(before, limit) })
		want(t, what, keys(got, func(o *offer.Offer) int64 { return o.Key }), wanted)
	}
	check("Owing before any", today, 9)
	check("Owing", today+3, 9, 1, 3, 0)
	check("Owing, cut short", today+3, 2, 1, 3)
	check("Owing before the last", today+2, 9, 1, 3)
	timed := load(t, s, func(tx market.Tx) ([]offer.Offer, error) { return tx.Timed(0, 9) })
	want(t, "Timed", keys(timed, func(o *offer.Offer) int64 { return o.Key }), []int64{list[0].Key, list[1].Key, list[3].Key})
	owe(1, 0)
	check("Owing after one was settled", today+3, 9, 3, 0)
}

func newMessage(of int64, side offer.Side) *thread.Message {
	return &thread.Message{ID: uuid.New(), Offer: of, Side: side, Account: 5, Sealed: []byte{0, 255, 1}, At: when}
}

// say adds messages of the sides to a thread, in order.
func say(t *testing.T, s market.Store, of int64, sides ...offer.Side) []thread.Message {
	t.Helper()
	out := make([]thread.Message, len(sides))
	write(t, s, func(tx market.Tx) error {
		for i, side := range sides {
			m := newMessage(of, side)
			if err := tx.AddMessage(m); err != nil {
				return err
			}
			out[i] = *m
		}
		return nil
	})
	return out
}

func messages(t *testing.T, s market.Store) {
	page := func(of, before int64, limit int) []thread.Message {
		return load(t, s, func(tx market.Tx) ([]thread.Message, error) { return tx.Messages(of, before, limit) })
	}
	want(t, "Messages of a thread without any", page(1, 0, 9), nil)
	first := say(t, s, 1, offer.Candidate, offer.Company)
	other := say(t, s, 2, offer.Company)
	last := say(t, s, 1, offer.Company)
	want(t, "Messages", page(1, 0, 9), []thread.Message{last[0], first[1], first[0]})
	want(t, "the first page", page(1, 0, 2), []thread.Message{last[0], first[1]})
	want(t, "the next", page(1, first[1].Key, 2), []thread.Message{first[0]})
	want(t, "Messages of another", page(2, 0, 9), other)
	want(t, "MessageByID", load(t, s, func(tx market.Tx) (thread.Message, error) { return tx.MessageByID(other[0].ID) }), other[0])
	missing(t, s, "MessageByID", func(tx market.Tx) (thread.Message, error) { return tx.MessageByID(uuid.New()) })
	refused(t, s, "AddMessage of the same id", errs.Conflict, func(tx market.Tx) error {
		m := newMessage(9, offer.Company)
		m.ID = other[0].ID
		return tx.AddMessage(m)
	})
}

func unreadMessages(t *testing.T, s market.Store) {
	first := say(t, s, 1, offer.Candidate, offer.Company, offer.Company)
	say(t, s, 2, offer.Company, offer.Company, offer.Candidate)
	other := say(t, s, 3, offer.Candidate)
	write(t, s, func(tx market.Tx) error {
		return errors.Join(tx.MarkRead(1, offer.Candidate, first[1].Key), tx.MarkRead(1, offer.Company, first[0].Key),
			tx.MarkRead(3, offer.Company, other[0].Key), tx.SaveDealing(&offer.Dealing{Offer: 2}))
	})
	for _, c := range []struct {
		of   []int64
		by   offer.Side
		want map[int64]int
	}{
		{nil, offer.Candidate, map[int64]int{}},
		{[]int64{1, 2, 3, 4}, offer.Candidate, map[int64]int{1: 1, 2: 2}},
		{[]int64{1, 2, 3, 4, 1}, offer.Company, map[int64]int{2: 1}},
		{[]int64{3}, offer.Candidate, map[int64]int{}},
		{many(2), offer.Candidate, map[int64]int{2: 2}},
	} {
		got := load(t, s, func(tx market.Tx) (map[int64]int, error) { return tx.Unread(c.of, c.by) })
		want(t, fmt.Sprintf("Unread of %d by %s", len(c.of), c.by), got, c.want)
	}
}

func manyDealings(t *testing.T, s market.Store) {
	rows := []offer.Dealing{{Offer: 2, Sequence: 2, CandidateRead: 9}, {Offer: 5, Reason: offer.ReasonPay}}
	write(t, s, func(tx market.Tx) error {
		return errors.Join(tx.SaveDealing(&rows[1]), tx.SaveDealing(&rows[0]), tx.SaveDealing(&offer.Dealing{Offer: 3}), tx.MarkRead(2, offer.Candidate, 9))
	})
	for _, c := range []struct {
		of   []int64
		want []offer.Dealing
	}{{nil, nil}, {[]int64{4}, nil}, {[]int64{5, 4, 2, 5}, rows}, {many(5, 2), rows}} {
		got := load(t, s, func(tx market.Tx) ([]offer.Dealing, error) { return tx.Dealings(c.of) })
		want(t, "Dealings", got, c.want)
	}
}

func erasedMessages(t *testing.T, s market.Store) {
	said := say(t, s, 1, offer.Candidate, offer.Company, offer.Candidate)
	other := say(t, s, 2, offer.Candidate)
	write(t, s, func(tx market.Tx) error { return tx.EraseMessages(1, offer.Candidate) })
	for _, i := range []int{0, 2} {
		said[i].Sealed, said[i].Account = nil, 0
	}
	got := load(t, s, func(tx market.Tx) ([]thread.Message, error) { return tx.Messages(1, 0, 9) })
	want(t, "Messages", got, []thread.Message{said[2], said[1], said[0]})
	if len(got) > 0 && got[0].Sealed != nil {
		t.Errorf("an erased text is %v, want nil", got[0].Sealed)
	}
	want(t, "Messages of another", load(t, s, func(tx market.Tx) ([]thread.Message, error) { return tx.Messages(2, 0, 9) }), other)
}

// disputed says different final pays of some offers, and asks for those.
func disputed(t *testing.T, s market.Store) {
	var differ []offer.Dealing
	for i, pay := range [][2]*int{{ptr(600), nil}, {nil, ptr(600)}, {ptr(600), ptr(500)}, {ptr(600), ptr(600)}, {ptr(0), ptr(1)}, {ptr(500), ptr(600)}} {
		d := offer.Dealing{Offer: int64(i + 1), SaidPay: pay[0], ConfirmedPay: pay[1]}
		write(t, s, func(tx market.Tx) error { return tx.SaveDealing(&d) })
		if d.Disputed() {
			differ = append([]offer.Dealing{d}, differ...)
		}
	}
	list := func(before int64, limit int) []offer.Dealing {
		return load(t, s, func(tx market.Tx) ([]offer.Dealing, error) { return tx.Disputed(before, limit) })
	}
	want(t, "Disputed", list(0, 9), differ)
	want(t, "Disputed, the first page", list(0, 2), differ[:2])
	want(t, "Disputed, the second page", list(differ[1].Offer, 2), differ[2:])
	want(t, "Disputed before all", list(1, 2), nil)
}

func breaches(t *testing.T, s market.Store) {
	add := func(of, company int64, p offer.Promise, on day.Day) offer.Breach {
		b := offer.Breach{ID: uuid.New(), Offer: of, Company: company, Promise: p, Day: on, At: when.Add(time.Microsecond)}
		write(t, s, func(tx market.Tx) error { return tx.AddBreach(&b) })
		return b
	}
	first := add(1, 1, offer.PromiseDate, today)
	second := add(1, 1, offer.PromiseKeep, today+1)
	other := add(2, 2, offer.PromiseDate, today)
	for what, b := range map[string]offer.Breach{
		"of the same promise": {ID: uuid.New(), Offer: 1, Company: 1, Promise: offer.PromiseDate},
		"of the same id":      {ID: first.ID, Offer: 3, Company: 1, Promise: offer.PromiseDate},
	} {
		refused(t, s, "AddBreach "+what, errs.Conflict, func(tx market.Tx) error { return tx.AddBreach(&b) })
	}
	list := func(company, before int64, limit int) []offer.Breach {
		return load(t, s, func(tx market.Tx) ([]offer.Breach, error) { return tx.Breaches(company, before, limit) })
	}
	counting := func(company int64, since day.Day) int {
		return load(t, s, func(tx market.Tx) (int, error) { return tx.Counting(company, since) })
	}
	want(t, "Breaches", list(0, 0, 9), []offer.Breach{other, second, first})
	want(t, "Breaches after the first page", list(0, other.Key, 1), []offer.Breach{second})
	want(t, "Breaches of a company", list(1, 0, 9), []offer.Breach{second, first})
	want(t, "Breaches of a company, second page", list(1, second.Key, 9), []offer.Breach{first})
	want(t, "BreachesOf", load(t, s, func(tx market.Tx) ([]offer.Breach, error) { return tx.BreachesOf(1) }), []offer.Breach{first, second})
	want(t, "Counting", counting(1, today), 2)
	want(t, "Counting since the second", counting(1, today+1), 1)
	want(t, "Counting since later", counting(1, today+2), 0)
	want(t, "Counting of nobody", counting(3, today), 0)

	second.SetAsideAt, second.SetAsideBy, second.Reason = when, 77, hard
	write(t, s, func(tx market.Tx) error { return tx.SaveBreach(&second) })
	want(t, "BreachByID", load(t, s, func(tx market.Tx) (offer.Breach, error) { return tx.BreachByID(second.ID) }), second)
	want(t, "Counting after one was set aside", counting(1, today), 1)
	missing(t, s, "BreachByID", func(tx market.Tx) (offer.Breach, error) { return tx.BreachByID(uuid.New()) })
	refused(t, s, "SaveBreach of none", errs.NotFound, func(tx market.Tx) error { return tx.SaveBreach(&offer.Breach{Key: 99}) })
}

func failedDealing(t *testing.T, s market.Store) {
	said := say(t, s, 1, offer.Candidate)
	err := s.Write(t.Context(), func(tx market.Tx) error {
		return errors.Join(tx.SaveDealing(&offer.Dealing{Offer: 1, Sequence: 1}), tx.MarkRead(2, offer.Company, 1),
			tx.AddMessage(newMessage(1, offer.Company)), tx.EraseMessages(1, offer.Candidate),
			tx.AddBreach(&offer.Breach{ID: uuid.New(), Offer: 1, Company: 1, Promise: offer.PromiseDate}), errStop)
	})
	if !errors.Is(err, errStop) {
		t.Errorf("Write = %v", err)
	}
	for of := int64(1); of < 3; of++ {
		want(t, "Dealing", dealing(t, s, of), offer.Dealing{Offer: of})
	}
	want(t, "Messages", load(t, s, func(tx market.Tx) ([]thread.Message, error) { return tx.Messages(1, 0, 9) }), said)
	want(t, "Breaches", load(t, s, func(tx market.Tx) ([]offer.Breach, error) { return tx.Breaches(0, 0, 9) }), nil)
}
