package calendar_test

import (
	"strings"
	"testing"
	"time"

	ics "github.com/arran4/golang-ical"

	"enishi/internal/calendar"
	"enishi/internal/errs"
	"enishi/internal/market"
	"enishi/internal/offer"
)

func TestFile(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 12, 8, 1, 0, 0, 0, time.UTC)
	d := market.Delivered{CompanyName: "えにし商事, 株式会社; 第一", Name: "山田花子\nBEGIN:VEVENT"}
	d.Kind, d.Terms.Title = "interview", strings.Repeat("長い題名", 30)
	if _, err := calendar.File(&d, offer.Candidate, "ja", "enishi.example.jp"); !errs.Is(err, errs.NotFound) {
		t.Errorf("a file without a date: %v", err)
	}
	d.Dealing.Date = &offer.Slot{Start: start, Minutes: 90, Zone: "America/New_York", Place: "https://meet.example.jp/a;b,c", Online: true}
	d.Dealing.Sequence, d.Dealing.ChangedAt = 1, start.AddDate(0, 0, -3)
	ids := map[string]bool{}
	for _, to := range []offer.Side{offer.Candidate, offer.Company} {
		var last string
		for sequence, off := range []bool{false, true} {
			d.Dealing.Sequence, d.Dealing.CalledOff = sequence+1, off
			file, err := calendar.File(&d, to, "ja", "enishi.example.jp:8443")
			if err != nil {
				t.Fatal(err)
			}
			for line := range strings.SplitSeq(strings.TrimSuffix(string(file), "\r\n"), "\r\n") {
				if len(line) > 75 || strings.ContainsAny(line, "\r\n") {
					t.Errorf("the line %q has %d bytes", line, len(line))
				}
			}
			c, err := ics.ParseCalendar(strings.NewReader(string(file)))
			if err != nil || len(c.Events()) != 1 {
				t.Fatalf("read %s: %v", file, err)
			}
			e := c.Events()[0]
			get := func(p ics.ComponentProperty) string { return e.GetProperty(p).Value }
			from, errFrom := e.GetStartAt()
			until, errUntil := e.GetEndAt()
			if errFrom != nil || errUntil != nil || !from.Equal(start) || until.Sub(from) != 90*time.Minute {
				t.Errorf("from %v to %v", from, until)
			}
			method, status := "PUBLISH", "CONFIRMED"
			if off {
				method, status = "CANCEL", "CANCELLED"
			}
			if !strings.Contains(string(file), "METHOD:"+method+"\r\n") || get(ics.ComponentPropertyStatus) != status ||
				get(ics.ComponentPropertySequence) != map[bool]string{false: "1", true: "2"}[off] {
				t.Errorf("called off %v: %s", off, file)
			}
			organizer := e.GetProperty(ics.ComponentPropertyOrganizer)
			if organizer == nil || organizer.Value != "mailto:no-reply@enishi.example.jp" || len(organizer.ICalParameters["CN"]) != 1 || organizer.ICalParameters["CN"][0] != d.CompanyName {
				t.Errorf("called off %v: the organizer is %v", off, organizer)
			}
			if last != "" && last != e.Id() {
				t.Errorf("the date is named %s, then %s", last, e.Id())
			}
			last = e.Id()
			ids[last] = true
		}
	}
	if len(ids) != 2 {
		t.Errorf("both sides have the names %v, want two", ids)
	}
}

// TestWhoIsMet names the other side, and somebody without a name as pages do, in the
// language of the reader.
func TestWhoIsMet(t *testing.T) {
	t.Parallel()
	d := market.Delivered{CompanyName: "えにし商事", Card: "afa88c0123456789"}
	d.Terms.Title = "開発"
	d.Dealing.Date = &offer.Slot{Start: time.Date(2026, 12, 8, 1, 0, 0, 0, time.UTC), Minutes: 60, Zone: "Asia/Tokyo"}
	for _, tt := range []struct {
		kind           string
		to             offer.Side
		language, want string
		product        string
	}{
		{"interview", offer.Candidate, "ja", "面接：えにし商事（開発）", "JA"},
		{"interview", offer.Company, "", "面接：候補者 afa88c（開発）", "JA"},
		{offer.Casual, offer.Candidate, "ja", "カジュアル面談：えにし商事（開発）", "JA"},
		{"interview", offer.Candidate, "en", "Interview: えにし商事 (開発)", "EN"},
		{"interview", offer.Company, "en", "Interview: Candidate afa88c (開発)", "EN"},
		{offer.Casual, offer.Company, "en", "Casual talk: Candidate afa88c (開発)", "EN"},
	} {
		d.Kind = tt.kind
		file, err := calendar.File(&d, tt.to, tt.language, "enishi.example.jp:8443")
		if err != nil || !strings.Contains(string(file), "SUMMARY:"+tt.want+"\r\n") || !strings.Contains(string(file), "PRODID:-//Enishi//Enishi//"+tt.product+"\r\n") {
			t.Errorf("for the %s in %q: %v, %s; want %s", tt.to, tt.language, err, file, tt.want)
		}
	}
}
