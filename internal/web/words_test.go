package web

import (
	"regexp"
	"testing"
	"time"

	"enishi/internal/account"
	"enishi/internal/day"
	"enishi/internal/market"
)

// TestPay expects thousands to be kept apart wherever pay is said.
func TestPay(t *testing.T) {
	w, low, high := words{}, 980, 1075
	for got, want := range map[string]string{
		w.Pay(high): "1,075万円", w.Pay(low): "980万円", w.PayRange(&low, &high): "980〜1,075万円", w.PayRange(&high, nil): "1,075万円〜",
		words{english: true}.PayRange(&low, &high): "JPY 9.8M–JPY 10.75M",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestDate expects a day of another year than the present one to say its year.
func TestDate(t *testing.T) {
	this, next := day.Date(2026, 12, 31), day.Date(2027, 1, 4)
	ja, en := words{year: 2026}, words{english: true, year: 2026}
	for got, want := range map[string]string{
		ja.Date(this): "12月31日(木)", ja.Date(next): "2027年1月4日(月)",
		en.Date(this): "Thu 31 Dec", en.Date(next): "Mon 4 Jan 2027",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestTook expects how long something lasted to be said in the reader's words.
func TestTook(t *testing.T) {
	for d, want := range map[time.Duration][2]string{
		3065 * time.Millisecond: {"3.1秒", "3.1 s"},
		8 * time.Millisecond:    {"0.1秒未満", "under 0.1 s"},
		125 * time.Second:       {"2分5秒", "2 min 5 s"},
	} {
		if got := [2]string{took(words{}, d), took(words{english: true}, d)}; got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}

// TestHere expects the menu to say where a page belongs, also of pages that do not
// lie below their link.
func TestHere(t *testing.T) {
	for path, want := range map[string]string{
		"/company": "/company", "/company/rules/new": "/company/rules", "/company/members": "/company/settings", "/company/scouts/new": "/company/candidates",
		"/company/offers/1": "/company/pipeline", "/operator": "/operator", "/operator/companies/1": "/operator", "/operator/disputes": "/operator/breaches",
		"/operator/audit": "/operator/audit", "/account": "",
	} {
		got := ""
		for _, kind := range []account.Kind{account.Member, account.Operator} {
			for _, l := range links(words{}, kind) {
				if l.here(path) {
					got += l.path
				}
			}
		}
		if got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}

// What an operator reads of a large installation has its thousands apart.
func TestLargeNumbersAreGrouped(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, time.November, 24, 3, 0, 0, 0, time.UTC)
	h := market.Health{HasReplica: true, Cached: true, CacheUp: true, Mails: 12345, OldestMail: now.Add(-3000 * 24 * time.Hour)}
	h.Status.LogHead, h.Lag.Unmatched, h.Lag.AppliedAge = 1234567, 23456, 4567800*time.Millisecond
	h.Candidates.Entries, h.Rules.Entries, h.Candidates.Bytes = 170000, 22000, 4_567_800_000
	h.Replica.Replica, h.Replica.NotYet, h.Replica.Behind, h.Replica.Away = 9876543, 1111, 2222, 3333
	long := regexp.MustCompile(`\d{4}`)
	for _, w := range []words{{}, {english: true}} {
		for _, p := range partsOf(w, &h, now) {
			if at := long.FindString(p.text); at != "" {
				t.Errorf("%s: %q holds %s ungrouped", p.name, p.text, at)
			}
		}
		for _, text := range []string{countOf(w, market.Noted{Entry: market.Entry{N: 4567}}), took(w, 4567*time.Minute)} {
			if long.MatchString(text) {
				t.Errorf("%q is ungrouped", text)
			}
		}
	}
}
