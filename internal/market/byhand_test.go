package market_test

import (
	"cmp"
	"strings"
	"testing"
	"time"

	"enishi/internal/account"
	"enishi/internal/errs"
	"enishi/internal/market"
)

// TestOrdersAreNoted does by commands what they do, and reads who, why and what of it from the
// log; one who is removed is signed out everywhere.
func TestOrdersAreNoted(t *testing.T) {
	t.Parallel()
	for name, open := range stores() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, open(t), demo())
			const email, password = "ops@example.jp", "correct horse"
			w.must(market.AddOperator(t.Context(), w.records, w.vault, w.options, hana(), email, password))
			token, err := w.SignIn(t.Context(), email, password, account.Operator)
			w.must(err)
			w.must(w.upkeep().Plan(t.Context(), market.Maintenance{From: beginning.Add(time.Hour), Until: beginning.Add(2 * time.Hour), JA: "秘密", EN: "secret"}, true))
			w.must(w.upkeep().Plan(t.Context(), market.Maintenance{From: beginning.Add(time.Hour), Until: beginning.Add(2 * time.Hour), JA: "秘密", EN: "secret"}, false))
			_, err = w.upkeep().End(t.Context(), nil)
			w.must(err)
			_, err = w.upkeep().Begin(t.Context(), market.ReadOnly, time.Time{}, false)
			w.must(err)
			w.passed.Add(int64(market.Lead + time.Minute))
			_, err = w.upkeep().End(t.Context(), nil)
			w.must(err)
			w.passed.Add(int64(time.Minute))
			order := hana()
			_, err = w.openJobs().Run(t.Context(), "retention", market.RunOptions{Order: &order})
			w.must(err)
			_, err = w.openJobs().Run(t.Context(), "retention", market.RunOptions{})
			w.must(err)
			w.must(market.Note(t.Context(), w.records, w.options.Clock, market.AuditEnvironment, hana(), strings.Repeat("縁", market.MostDiff+1)))
			w.must(market.RemoveOperator(t.Context(), w.records, w.vault, w.options, hana(), email, true))
			if _, err := w.Authenticate(t.Context(), token); err != nil {
				t.Errorf("after a dry run: %v", err)
			}
			w.must(market.RemoveOperator(t.Context(), w.records, w.vault, w.options, hana(), email, false))
			if _, err := w.Authenticate(t.Context(), token); !errs.Is(err, errs.Unauthenticated) {
				t.Errorf("one who is removed is let in: %v", err)
			}
			if _, err := w.SignIn(t.Context(), email, password, account.Operator); err == nil {
				t.Error("one who is removed signs in again")
			}
			if err := market.RemoveOperator(t.Context(), w.records, w.vault, w.options, hana(), email, false); !errs.Is(err, errs.NotFound) {
				t.Errorf("once more: %v", err)
			}
			w.must(market.AddOperator(t.Context(), w.records, w.vault, w.options, hana(), email, password))
			for _, o := range []market.Order{{By: strings.Repeat("a", market.MostBy+1)}, {Why: strings.Repeat("縁", market.MostWhy+1)}} {
				if err := market.Note(t.Context(), w.records, w.options.Clock, market.AuditEnvironment, o, ""); !errs.Is(err, errs.Invalid) {
					t.Errorf("what says too much: %v", err)
				}
			}

			list, _, err := market.ReadAudit(t.Context(), w.records, w.vault, w.options, nil, market.EntryFilter{}, 0, 99)
			w.must(err)
			want := []struct {
				what market.Audited
				diff string
			}{
				{market.AuditOperator, "no account -> operator"},
				{market.AuditRemoveOperator, "operator -> no account"},
				{market.AuditEnvironment, strings.Repeat("縁", market.MostDiff-1) + "…"},
				{market.AuditJob, "retention is run"},
				{market.AuditEndMaintenance, "read-only from 2026-11-24T10:00:02+09:00 -> no maintenance"},
				{market.AuditMaintenance, "no maintenance -> read-only from 2026-11-24T10:00:02+09:00"},
				{market.AuditEndMaintenance, "planned from 2026-11-24T11:00:00+09:00 until 2026-11-24T12:00:00+09:00 -> no maintenance"},
				{market.AuditPlanMaintenance, "no maintenance -> planned from 2026-11-24T11:00:00+09:00 until 2026-11-24T12:00:00+09:00"},
				{market.AuditOperator, "no account -> operator"},
			}
			n := 0
			for i := range list {
				if list[i].By == "" { // a sign-in
					continue
				}
				if n == len(want) || list[i].What != want[n].what || list[i].Diff != want[n].diff || list[i].Order != hana() {
					t.Fatalf("the log has %+v; want %+v", list[i].Entry, want[min(n, len(want)-1)])
				}
				n++
			}
			if n != len(want) {
				t.Errorf("%d orders are noted, want %d", n, len(want))
			}
		})
	}
}

// TestDataKinds opens databases that hold one kind of data as installations for another.
func TestDataKinds(t *testing.T) {
	t.Parallel()
	const unsaid, people, nobody = market.DataKind(""), market.RealData, market.DemoData
	for _, tt := range []struct {
		name         string
		made, opened market.DataKind
		shown        bool // it is served as a demo
		says         string
	}{
		{name: "people's data as people's", made: people, opened: people},
		{name: "demo data as demo data", made: nobody, opened: nobody},
		{name: "no mark, no demand", made: unsaid, opened: unsaid},
		{name: "from before there were marks", made: unsaid, opened: people},
		{name: "people's data where nobody asks", made: people, opened: unsaid},
		{name: "demo data where nobody asks", made: nobody, opened: unsaid, shown: true},
		{name: "a dump of people's data in dev", made: people, opened: nobody, says: "holds people's data"},
		{name: "a dump that says nothing in dev", made: unsaid, opened: nobody, says: "does not say whose data"},
		{name: "demo data in production", made: nobody, opened: people, says: "holds demo data"},
		{name: "people's data as a demo", made: people, opened: unsaid, shown: true, says: "never opened as a demo"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			store := market.NewMemory()
			o := market.Options{Mode: market.Auto, Data: tt.made}
			w := newWorld(t, store, o)
			w.options.Data, w.options.Demo = tt.opened, tt.shown
			for range 2 { // the second time as the first
				m, err := market.Open(t.Context(), w.records, w.vault, w.options, nil)
				if err == nil {
					if kind, failed := m.Data(t.Context()); failed != nil || kind != cmp.Or(tt.opened, tt.made) {
						t.Errorf("Data = %q, %v", kind, failed)
					}
				}
				_, jobs := market.OpenJobs(t.Context(), w.records, w.vault, w.options, nil)
				user := market.AddOperator(t.Context(), w.records, w.vault, w.options, hana(), "not an address", "correct horse")
				for what, err := range map[string]error{"Open": err, "OpenJobs": jobs} {
					if tt.says == "" && err != nil || tt.says != "" && (!errs.Is(err, errs.Denied) || !strings.Contains(err.Error(), tt.says)) {
						t.Errorf("%s: %v; want %q", what, err, tt.says)
					}
				}
				if errs.Is(user, errs.Denied) != (tt.says != "") {
					t.Errorf("AddOperator: %v", user)
				}
			}
			if tt.made == nobody && tt.opened == nobody { // rows of another installation are loaded over its own
				w.must(w.records.Write(t.Context(), func(tx market.Tx) error { return tx.SetSetting("seed", "00112233445566778899aabbccddeeff") }))
				for _, wanted := range []market.DataKind{nobody, people, nobody} { // whoever wants people's data does not make the mark theirs
					w.options.Data = wanted
					if _, err := market.Open(t.Context(), w.records, w.vault, w.options, nil); !errs.Is(err, errs.Denied) || !strings.Contains(err.Error(), "was not made in it") {
						t.Errorf("rows of another installation, where %s data is wanted: %v", wanted, err)
					}
				}
			}
			if tt.made == unsaid && tt.opened == people { // it is marked from now on
				w.options.Data = nobody
				if _, err := market.Open(t.Context(), w.records, w.vault, w.options, nil); !errs.Is(err, errs.Denied) {
					t.Errorf("people's data was not marked: %v", err)
				}
			}
		})
	}
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}
