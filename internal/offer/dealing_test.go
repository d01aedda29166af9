package offer_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"enishi/internal/day"
	"enishi/internal/errs"
	"enishi/internal/offer"
)

// noon is a Tuesday in Tokyo.
var noon = time.Date(2026, time.December, 1, 3, 0, 0, 0, time.UTC)

func after(days int) time.Time { return noon.AddDate(0, 0, days) }

func slot(days int) offer.Slot {
	return offer.Slot{ID: uuid.New(), Start: after(days), Minutes: 60, Zone: "Asia/Tokyo", Place: "東京都千代田区1-1"}
}

func TestValidateSlots(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		change   func(*offer.Slot)
		pointers []string
	}{
		{"as it should be", func(*offer.Slot) {}, nil},
		{"online", func(s *offer.Slot) { s.Online, s.Place = true, "https://meet.example.jp/abc" }, nil},
		{"another zone", func(s *offer.Slot) { s.Zone = "America/New_York" }, nil},
		{"now", func(s *offer.Slot) { s.Start = noon }, []string{"/slots/0/start"}},
		{"far ahead", func(s *offer.Slot) { s.Start = after(181) }, []string{"/slots/0/start"}},
		{"seconds", func(s *offer.Slot) { s.Start = s.Start.Add(time.Second) }, []string{"/slots/0/start"}},
		{"short", func(s *offer.Slot) { s.Minutes = 14 }, []string{"/slots/0/minutes"}},
		{"long", func(s *offer.Slot) { s.Minutes = 481 }, []string{"/slots/0/minutes"}},
		{"no zone", func(s *offer.Slot) { s.Zone = "" }, []string{"/slots/0/zone"}},
		{"the machine's zone", func(s *offer.Slot) { s.Zone = "Local" }, []string{"/slots/0/zone"}},
		{"a path", func(s *offer.Slot) { s.Zone = "../../etc/passwd" }, []string{"/slots/0/zone"}},
		{"no place", func(s *offer.Slot) { s.Place = " " }, []string{"/slots/0/place"}},
		{"two lines", func(s *offer.Slot) { s.Place = "a\nb" }, []string{"/slots/0/place"}},
		{"long a place", func(s *offer.Slot) { s.Place = strings.Repeat("あ", 301) }, []string{"/slots/0/place"}},
		{"online at a street", func(s *offer.Slot) { s.Online = true }, []string{"/slots/0/place"}},
		{"a script", func(s *offer.Slot) { s.Online, s.Place = true, "javascript:alert(1)" }, []string{"/slots/0/place"}},
		{"much", func(s *offer.Slot) { s.Minutes, s.Zone = 0, "Mars" }, []string{"/slots/0/minutes", "/slots/0/zone"}},
	} {
		s := slot(3)
		tt.change(&s)
		if got := pointers(offer.ValidateSlots([]offer.Slot{s}, noon)); !slices.Equal(got, tt.pointers) {
			t.Errorf("%s: refused at %q, want %q", tt.name, got, tt.pointers)
		}
	}
	ten := make([]offer.Slot, 0, 11)
	for i := range 11 {
		ten = append(ten, slot(i+1))
	}
	for n, want := range map[int][]string{0: {"/slots"}, 1: nil, 10: nil, 11: {"/slots"}} {
		if got := pointers(offer.ValidateSlots(ten[:n], noon)); !slices.Equal(got, want) {
			t.Errorf("%d slots: refused at %q, want %q", n, got, want)
		}
	}
	if got := pointers(offer.ValidateSlots([]offer.Slot{ten[0], ten[1], ten[0]}, noon)); !slices.Equal(got, []string{"/slots/2/start"}) {
		t.Errorf("a start twice: refused at %q", got)
	}
}

func pointers(err error) []string {
	var e *errs.Error
	if !errors.As(err, &e) {
		return nil
	}
	var out []string
	for _, p := range e.Problems {
		out = append(out, p.Pointer)
	}
	return out
}

// act is one step of a dealing's story, on a day after the acceptance.
type act struct {
	on int
	do func(*offer.Offer, *offer.Dealing, time.Time)
}

// proposed proposes slots that lie so many days after the acceptance.
func proposed(days ...int) func(*offer.Offer, *offer.Dealing, time.Time) {
	return func(o *offer.Offer, d *offer.Dealing, now time.Time) {
		var list []offer.Slot
		for _, n := range days {
			list = append(list, slot(n))
		}
		d.Propose(list, now)
		o.State = offer.Accepted
	}
}

func chosen(o *offer.Offer, d *offer.Dealing, now time.Time) {
	if err := d.Choose(d.Slots[0].ID, now); err != nil {
		panic(err)
	}
	o.State = offer.Scheduled
}

func agreed(o *offer.Offer, d *offer.Dealing, now time.Time) {
	d.Agree(now)
	o.State = offer.Scheduled
}

func asked(by offer.Side) func(*offer.Offer, *offer.Dealing, time.Time) {
	return func(o *offer.Offer, d *offer.Dealing, now time.Time) {
		if err := d.Reschedule(o.State, by, now); err != nil {
			panic(err)
		}
		o.State = offer.Accepted
	}
}

func held(o *offer.Offer, d *offer.Dealing, now time.Time) {
	if err := d.Hold(now); err != nil {
		panic(err)
	}
	o.State = offer.Held
}

func withdrawn(by offer.Side) func(*offer.Offer, *offer.Dealing, time.Time) {
	return func(o *offer.Offer, d *offer.Dealing, now time.Time) { d.End(by, now); o.State = offer.Withdrawn }
}

func hired(said, confirmed int) func(*offer.Offer, *offer.Dealing, time.Time) {
	return func(o *offer.Offer, d *offer.Dealing, now time.Time) {
		d.End(offer.Company, now)
		o.State = offer.Hired
		if said > 0 {
			d.SaidPay = &said
		}
		if confirmed > 0 {
			d.ConfirmedPay = &confirmed
		}
	}
}

func erased(_ *offer.Offer, d *offer.Dealing, _ time.Time) { d.Gone = true }

// TestDuties tells stories of interviews that were accepted on day 0, with a
// minimum of 600, and asks what is owed on a later day.
func TestDuties(t *testing.T) {
	t.Parallel()
	const minimum = 600
	today := int(day.Of(noon))
	for _, tt := range []struct {
		name  string
		story []act
		on    int
		want  string // promise standing due, in days after the acceptance
		clock int    // 0: none
	}{
		{"nothing yet", nil, 0, "date open 14, interview open 60", 14},
		{"on the last day", nil, 14, "date open 14, interview open 60", 14},
		{"a day later", nil, 15, "date broken 14, interview open 60", 60},
		{"proposed on the last day", []act{{14, proposed(20)}}, 15, "date met 14, interview open 60", 0},
		{"proposed late", []act{{15, proposed(20)}}, 15, "date broken 14, interview open 60", 0},
		{"agreed elsewhere", []act{{3, agreed}}, 30, "date met 14, interview open 60", 60},
		{"never held", []act{{3, agreed}}, 61, "date met 14, interview broken 60", 0},
		{"a late date is chosen", []act{{3, proposed(58)}, {5, chosen}}, 61, "date met 14, interview open 72", 72},
		{"a chosen date passes", []act{{3, proposed(58)}, {5, chosen}}, 73, "date met 14, interview broken 72", 0},
		{"the candidate never chooses", []act{{3, proposed(20)}}, 200, "date met 14, interview open 60", 0},
		{"they ask for others in the end", []act{{3, proposed(20)}, {100, asked(offer.Candidate)}}, 110, "date met 14, interview open 114", 114},
		{"and get none", []act{{3, proposed(20)}, {100, asked(offer.Candidate)}}, 115, "date met 14, interview broken 114", 0},
		{"the company calls off", []act{{3, agreed}, {5, asked(offer.Company)}}, 61, "date met 14, interview broken 60", 0},
		{"what is broken stays so", []act{{3, agreed}, {70, proposed(80)}, {71, chosen}, {80, held}}, 90, "date met 14, interview broken 60", 0},
		{"held", []act{{3, agreed}, {10, held}}, 100, "date met 14, interview met 60", 0},
		{"held at once", []act{{3, held}}, 4, "date met 14, interview met 60", 0},
		{"held while slots were open", []act{{3, proposed(20)}, {70, held}}, 80, "date met 14, interview met 70", 0},
		{"rejected after it", []act{{3, held}, {4, func(o *offer.Offer, d *offer.Dealing, now time.Time) {
			d.End(offer.Company, now)
			o.State = offer.Rejected
		}}}, 100, "date met 14, interview met 60", 0},
		{"the candidate withdraws", []act{{3, withdrawn(offer.Candidate)}}, 100, "date void 14, interview void 60", 0},
		{"they withdraw too late for the company", []act{{20, withdrawn(offer.Candidate)}}, 100, "date broken 14, interview void 60", 0},
		{"the company withdraws", []act{{3, withdrawn(offer.Company)}}, 100, "date void 14, interview void 60, keep broken", 0},
		{"it withdraws after the interview", []act{{3, held}, {4, withdrawn(offer.Company)}}, 100, "date met 14, interview met 60, keep broken", 0},
		{"it withdraws from silence", []act{{3, proposed(20)}, {18, withdrawn(offer.Company)}}, 100, "date met 14, interview void 60", 0},
		{"it withdraws from silence too soon", []act{{3, proposed(20)}, {17, withdrawn(offer.Company)}}, 100, "date met 14, interview void 60, keep broken", 0},
		{"hired, nothing said", []act{{3, held}, {4, hired(0, 0)}}, 100, "date met 14, interview met 60, pay open, confirm_pay open", 0},
		{"hired, the company says it", []act{{3, held}, {4, hired(400, 0)}}, 100, "date met 14, interview met 60, pay open, confirm_pay open", 0},
		{"ninety percent", []act{{3, held}, {4, hired(540, 540)}}, 100, "date met 14, interview met 60, pay met, confirm_pay met", 0},
		{"less", []act{{3, held}, {4, hired(540, 539)}}, 100, "date met 14, interview met 60, pay broken, confirm_pay met", 0},
		{"erased", []act{{3, erased}}, 100, "date void 14, interview void 60", 0},
		{"erased, and the company withdraws", []act{{3, erased}, {5, withdrawn(offer.Company)}}, 100, "date void 14, interview void 60", 0},
		{"erased after the hire", []act{{3, held}, {4, hired(600, 0)}, {5, erased}}, 100, "date met 14, interview met 60, pay void, confirm_pay void", 0},
	} {
		o, d := offer.Offer{Kind: "interview", State: offer.Accepted, AnsweredAt: noon}, offer.Dealing{}
		d.Accept(&o, day.Of(noon))
		for _, a := range tt.story {
			a.do(&o, &d, after(a.on))
		}
		least := minimum
		duties := offer.Duties(&o, &d, &least, day.Of(after(tt.on)))
		var said []string
		for _, u := range duties {
			text := string(u.Promise) + " " + string(u.Standing)
			if u.Due != 0 {
				text += " " + time.Duration(int(u.Due)-today).String()
			}
			said = append(said, strings.TrimSuffix(text, "ns"))
		}
		if diff := cmp.Diff(tt.want, strings.Join(said, ", ")); diff != "" {
			t.Errorf("%s, on day %d (-want +got):\n%s", tt.name, tt.on, diff)
		}
		clock := int(offer.Clock(duties, &d))
		if tt.clock != 0 {
			clock -= today
		}
		if clock != tt.clock {
			t.Errorf("%s: the next clock ends on day %d, want %d", tt.name, clock, tt.clock)
		}
	}
}

// TestDates follows the date of a calendar: its number rises with each change and
// with nothing else.
func TestDates(t *testing.T) {
	t.Parallel()
	o, d := offer.Offer{Kind: "casual", State: offer.Accepted, AnsweredAt: noon}, offer.Dealing{}
	want := func(what string, sequence int, off bool) {
		t.Helper()
		if d.Sequence != sequence || d.CalledOff != off {
			t.Errorf("%s: number %d, called off %v; want %d, %v", what, d.Sequence, d.CalledOff, sequence, off)
		}
	}
	if err := d.Reschedule(o.State, offer.Candidate, noon); !errs.Is(err, errs.Conflict) {
		t.Errorf("nothing is agreed, and calling it off = %v", err)
	}
	proposed(5, 6)(&o, &d, noon)
	want("proposed", 0, false)
	if err := d.Choose(uuid.New(), noon); !errs.Is(err, errs.Conflict) {
		t.Errorf("choosing what is not proposed = %v", err)
	}
	if err := d.Choose(d.Slots[1].ID, after(6)); !errs.Is(err, errs.Conflict) {
		t.Errorf("choosing a time that begins now = %v", err)
	}
	chosen(&o, &d, after(1))
	want("chosen", 1, false)
	proposed(9)(&o, &d, after(2))
	want("others proposed", 2, true)
	asked(offer.Candidate)(&o, &d, after(2))
	want("none suits", 2, true)
	proposed(9)(&o, &d, after(2))
	chosen(&o, &d, after(3))
	want("chosen again", 3, false)
	if err := d.Hold(after(4)); !errs.Is(err, errs.Conflict) || !d.HeldAt.IsZero() {
		t.Errorf("held five days before the agreed date = %v", err)
	}
	d.End(offer.Candidate, after(4))
	want("withdrawn before it", 4, true)
	if d.Date == nil || len(d.Slots) != 0 {
		t.Errorf("the date is %v, slots %v", d.Date, d.Slots)
	}
}

func TestWhenTheyTalk(t *testing.T) {
	t.Parallel()
	today := day.Of(noon)
	for _, tt := range []struct {
		kind  string
		state offer.State
		d     offer.Dealing
		on    day.Day
		want  bool
	}{
		{"interview", offer.Seen, offer.Dealing{}, today, false},
		{"interview", offer.Accepted, offer.Dealing{}, today + 900, true},
		{"interview", offer.Accepted, offer.Dealing{Gone: true}, today, false},
		{"interview", offer.Held, offer.Dealing{HeldAt: noon}, today + 900, true},
		{"casual", offer.Held, offer.Dealing{HeldAt: noon}, today + offer.TalkDays, true},
		{"casual", offer.Held, offer.Dealing{HeldAt: noon}, today + offer.TalkDays + 1, false},
		{"interview", offer.Hired, offer.Dealing{EndedAt: noon}, today + offer.TalkDays, true},
		{"interview", offer.Hired, offer.Dealing{EndedAt: noon}, today + offer.TalkDays + 1, false},
		{"interview", offer.Rejected, offer.Dealing{EndedAt: noon}, today, false},
		{"interview", offer.Withdrawn, offer.Dealing{EndedAt: noon}, today, false},
	} {
		o := offer.Offer{Kind: tt.kind, State: tt.state, AnsweredAt: noon}
		if got := tt.d.Talks(&o, tt.on); got != tt.want {
			t.Errorf("%s %s, %d days later: they talk %v, want %v", tt.kind, tt.state, tt.on-today, got, tt.want)
		}
	}
}

func TestDailyBudget(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ daily, breaches, want int }{
		{10, 0, 10}, {10, 1, 9}, {10, 8, 2}, {10, 9, 1}, {10, 10, 1}, {15, 1, 13}, {1, 1, 1}, {100_000, 200, 10_000},
	} {
		if got := offer.DailyBudget(tt.daily, tt.breaches); got != tt.want {
			t.Errorf("%d breaches leave %d of %d, want %d", tt.breaches, got, tt.daily, tt.want)
		}
	}
}

// TestBreaks expects that a company is told that it would break its promise exactly
// when withdrawing does.
func TestBreaks(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		kind  string
		story []act
		on    int
		want  bool
	}{
		{"at once", "interview", nil, 0, true},
		{"after the interview", "interview", []act{{3, held}}, 4, true},
		{"from silence", "interview", []act{{3, proposed(20)}}, 18, false},
		{"from silence too soon", "interview", []act{{3, proposed(20)}}, 17, true},
		{"the candidate has left", "interview", []act{{3, erased}}, 4, false},
		{"a casual talk", offer.Casual, nil, 0, false},
	} {
		o, d := offer.Offer{Kind: tt.kind, State: offer.Accepted, AnsweredAt: noon}, offer.Dealing{}
		d.Accept(&o, day.Of(noon))
		for _, a := range tt.story {
			a.do(&o, &d, after(a.on))
		}
		if got := offer.Breaks(&o, &d, after(tt.on)); got != tt.want {
			t.Errorf("%s: %t, want %t", tt.name, got, tt.want)
		}
		if o.State == offer.Withdrawn || !d.EndedAt.IsZero() {
			t.Errorf("%s: asking has changed the offer", tt.name)
		}
	}
}

// TestLeastPay expects the least pay that is enough.
func TestLeastPay(t *testing.T) {
	t.Parallel()
	for least := 1; least <= 3000; least++ {
		if n := offer.LeastPay(least); !offer.Enough(n, &least) || offer.Enough(n-1, &least) {
			t.Fatalf("of %d: %d is not the least that is enough", least, n)
		}
	}
}
