package web

import (
	"testing"
	"time"

	"enishi/internal/account"
	"enishi/internal/day"
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
