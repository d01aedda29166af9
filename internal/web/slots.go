package web

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"enishi/internal/day"
	"enishi/internal/errs"
	"enishi/internal/offer"
)

// slotRows is how many dates a company can propose at once on the page.
const slotRows = 5

// The way in which browsers send a date with a time, and how some add seconds to it.
const (
	localTime        = "2006-01-02T15:04"
	localTimeSeconds = "2006-01-02T15:04:05"
)

const tokyo = "Asia/Tokyo"

// slotsOf reads the dates that a company proposes. Rows that are empty count for
// nothing, so the place of a fault is that among the rows that are filled.
func slotsOf(f url.Values) ([]offer.Slot, error) {
	zone, err := offer.Zone(f.Get("zone"))
	if err != nil {
		return nil, errs.Below("/zone", err)
	}
	minutes, err := strconv.Atoi(f.Get("minutes"))
	if err != nil {
		return nil, errs.AtPointer("/minutes", f.Get("minutes"), "a number")
	}
	var slots []offer.Slot
	var wrong []error
	for i, text := range filled(f["start"]) {
		start, err := startOf(text, zone)
		if err != nil {
			wrong = append(wrong, errs.AtPointer("/slots/"+strconv.Itoa(i)+"/start", text, "a date and a time"))
		}
		slots = append(slots, offer.Slot{
			Start: start, Minutes: minutes, Zone: f.Get("zone"), Place: strings.TrimSpace(f.Get("place")), Online: f.Get("meeting") != "place",
		})
	}
	return slots, errs.Join(wrong...)
}

// startOf reads a time as the clocks of a zone show it. One that they skip, where
// summer time begins, is refused.
func startOf(text string, zone *time.Location) (time.Time, error) {
	layout := localTime
	if len(text) > len(localTime) {
		layout = localTimeSeconds
	}
	t, err := time.ParseInLocation(layout, text, zone)
	if err == nil && t.Format(layout) != text {
		err = errs.New(errs.Invalid, "there is no such time on that day")
	}
	return t, err
}

// finalPay reads an annual pay in 10,000 JPY, nil if none was typed.
func finalPay(text string) (*int, error) {
	n, err := numberOf(text, payUnits()...)
	if err != nil {
		return nil, errs.AtPointer("/final_pay", strconv.Quote(text), "a whole number")
	}
	return n, nil
}

func zones(w words) []option {
	return []option{
		{tokyo, w.Say("日本（東京）", "Japan (Tokyo)")},
		{"Asia/Seoul", w.Say("韓国（ソウル）", "Korea (Seoul)")},
		{"Asia/Shanghai", w.Say("中国（上海）", "China (Shanghai)")},
		{"Asia/Singapore", w.Say("シンガポール", "Singapore")},
		{"Asia/Kolkata", w.Say("インド", "India")},
		{"Europe/London", w.Say("イギリス（ロンドン）", "United Kingdom (London)")},
		{"Europe/Berlin", w.Say("ドイツ（ベルリン）", "Germany (Berlin)")},
		{"America/New_York", w.Say("アメリカ東部（ニューヨーク）", "US East (New York)")},
		{"America/Los_Angeles", w.Say("アメリカ西部（ロサンゼルス）", "US West (Los Angeles)")},
		{"Australia/Sydney", w.Say("オーストラリア（シドニー）", "Australia (Sydney)")},
		{"UTC", "UTC"},
	}
}

func lengths(w words) []option {
	var out []option
	for _, n := range []int{30, 45, 60, 90, 120} {
		out = append(out, option{strconv.Itoa(n), w.Say(strconv.Itoa(n)+"分", strconv.Itoa(n)+" minutes")})
	}
	return out
}

// spanText says when a slot begins and ends, in Tokyo.
func spanText(w words, s *offer.Slot) string {
	text := w.Time(s.Start) + w.Say("〜", "–")
	if end := s.End(); day.Of(end) == day.Of(s.Start) {
		text += end.In(day.Tokyo).Format("15:04")
	} else {
		text += w.Time(end)
	}
	return text
}

// abroadText says when a slot begins where its company thinks of it, "" in Tokyo.
func abroadText(w words, s *offer.Slot) string {
	zone, err := offer.Zone(s.Zone)
	if err != nil || s.Zone == tokyo {
		return ""
	}
	name := s.Zone
	for _, z := range zones(w) {
		if z.value == s.Zone {
			name = z.text
		}
	}
	there := s.Start.In(zone)
	date := there.Format("Mon 2 Jan")
	if !w.english {
		date = w.Date(day.Date(there.Date()))
	}
	return w.Say(name+"では "+date+" "+there.Format("15:04"), name+": "+date+" "+there.Format("15:04"))
}
