package market_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"enishi/internal/errs"
	"enishi/internal/market"
	"enishi/internal/offer"
)

// tables says of every table where an export shows what it holds of a person, by a key
// of its JSON, or in brackets why it shows nothing.
func tables() map[string]string {
	return map[string]string{
		"account": "account", "session": "sessions", "candidate": "profile", "block": "blocks", "employment": "employers",
		"view": "views", "offer": "offers", "dealing": "offers", "message": "offers", "position_version": "offers",
		"company": "(of companies; an offer and a view name theirs)", "member": "(of companies)", "position": "(of companies)",
		"rule": "(of companies)", "rule_version": "(of companies)", "rule_day": "(of companies)", "preview": "(of companies)",
		"invitation": "(of companies)", "company_token": "(of companies)", "decision": "(of companies)", "scout_quota": "(of companies)",
		"scout_month": "(of companies)", "breach": "(of companies)",
		"saved_search": "(of companies)", "search_alert": "(what a company looks for is its own)",
		"guess": "(how many wrong codes were given on a day, for security alone)", "reset": "(a digest of a code, for an hour)",
		"reply": "(ciphertext of answers that were given, for a day)", "mail": "(copies of what was sent to the person, for as long as it is tried)",
		"log": "(ids)", "audit": "(ids)", "stat_item": "(ids)", "digest": "(ids)", "trial_candidate": "(ids)", "trial": "(of nobody)",
		"installation": "(of nobody)", "lease": "(of nobody)", "pause": "(of nobody)", "job": "(of nobody)", "job_run": "(of nobody)",
		"stat_day": "(figures)", "past_edition": "(figures)", "past_cell": "(figures)", "past_atom": "(figures)",
	}
}

// TestExportNamesEveryTable is red for a table of which nobody has said whether it
// holds anything of a person.
func TestExportNamesEveryTable(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../store/sqlite/migrations/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatalf("there are no migrations: %v", err)
	}
	known := tables()
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range regexp.MustCompile(`CREATE TABLE (\w+)`).FindAllStringSubmatch(string(text), -1) {
			if _, ok := known[found[1]]; !ok {
				t.Errorf("nobody says whether an export shows table %s", found[1])
			}
		}
	}
	var keys map[string]json.RawMessage
	text, err := json.Marshal(market.Exported{})
	if err == nil {
		err = json.Unmarshal(text, &keys)
	}
	for table, key := range known {
		if _, ok := keys[key]; !ok && !strings.HasPrefix(key, "(") || err != nil {
			t.Errorf("an export has no key %q for table %s: %v", key, table, err)
		}
	}
}

// TestExport exports somebody with an accepted offer, messages and a view, and expects
// nothing of others, and nothing seen or read.
func TestExport(t *testing.T) {
	t.Parallel()
	onStores(t, demo(), func(w *world) {
		f := w.firm(1, 0)
		w.order(f, w.post(f, publishable()), plain())
		w.order(f, w.post(f, publishable()), plain())
		who, other := w.someone(1), w.someone(2)
		a, company := w.actor(who.token), w.actor(f.token)
		d := w.first(who)
		if _, err := w.Answer(t.Context(), a, d.ID, offer.Accept); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Say(t.Context(), company, d.ID, "お話ししましょう。", market.Once{}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.OpenCard(t.Context(), company, w.cardOf(f, who.id)); err != nil {
			t.Fatal(err)
		}
		for range 2 { // by being exported nothing changes
			out, err := w.Export(t.Context(), a)
			if err != nil {
				t.Fatal(err)
			}
			if out.Account.Email != who.email || len(out.Offers) != 2 || len(out.Views) != 1 || out.Views[0].Company != "会社1" || len(out.Sessions) == 0 {
				t.Errorf("export = %+v", out)
			}
			states := map[string]int{}
			for _, o := range out.Offers {
				states[o.State]++
				if o.State == "accepted" && (len(o.Messages) != 1 || o.Messages[0].Text != "お話ししましょう。" || o.Messages[0].By != "company") {
					t.Errorf("messages = %+v", o.Messages)
				}
			}
			if d := diff(map[string]int{"accepted": 1, "sent": 1}, states); d != "" {
				t.Errorf("states (-want +got):\n%s", d)
			}
			text, err := json.Marshal(out)
			if err != nil || strings.Contains(string(text), other.email) || strings.Contains(string(text), who.token) {
				t.Errorf("the export holds what is not theirs: %s, %v", text, err)
			}
		}
		list, _, err := w.OffersTo(t.Context(), a, 0, 10)
		if err != nil || list[0].Unread+list[1].Unread != 1 {
			t.Errorf("unread after an export: %+v, %v", list, err)
		}
		_, err = w.Export(t.Context(), company)
		wantKind(t, "an export of a company", err, errs.NotFound)
	})
}
