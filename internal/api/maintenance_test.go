package api_test

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"iter"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"enishi/internal/api"
	"enishi/internal/condition"
	"enishi/internal/errs"
	"enishi/internal/httpx"
	"enishi/internal/market"
)

// upkeep is an operator beside the server, whose order took effect just now.
func (s *server) upkeep() *market.Upkeep {
	return market.NewUpkeep(s.store, func() time.Time { return noon().Add(-market.Lead) }, market.Order{})
}

func (s *server) begin(standing market.Standing, until time.Time) {
	s.t.Helper()
	if _, err := s.upkeep().Begin(s.t.Context(), standing, until, false); err != nil {
		s.t.Fatal(err)
	}
	if err := s.market.Watch(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
}

// everything says all that is stored, so that two of it compare.
func (s *server) everything() string {
	all := s.store.Everything()
	var out strings.Builder
	for k, v := range all.Settings {
		fmt.Fprintln(&out, k, v)
	}
	say(&out, all.Rows)
	say(&out, all.Accounts)
	say(&out, all.Sessions)
	say(&out, all.Candidates)
	say(&out, all.Views)
	say(&out, all.Companies)
	say(&out, all.Members)
	say(&out, all.Positions)
	say(&out, all.Rules)
	say(&out, all.Spends)
	say(&out, all.Offers)
	return out.String()
}

func say[T any](out *strings.Builder, all iter.Seq[*T]) {
	for v := range all {
		fmt.Fprintf(out, "%+v\n", *v)
	}
}

func TestReadOnlyWritesNothing(t *testing.T) {
	w := newWorld(t)
	// Somebody whose visit would be noted, and whose offer would be seen.
	quiet := w.signUp("quiet@example.jp")
	if err := w.store.Write(t.Context(), func(tx market.Tx) error {
		c, err := tx.CandidateByID(uuid.MustParse(quiet.ID))
		if err != nil {
			return err
		}
		c.LastActive, c.Version = c.LastActive-1, c.Version+1
		return tx.SaveCandidate(&c)
	}); err != nil {
		t.Fatal(err)
	}
	w.before(t)["calendar"]() // so that each thing that can be read is there
	w.begin(market.ReadOnly, noon().Add(90*time.Minute))
	before := w.everything()
	reads, writes := 0, 0
	for _, d := range operations(w.document()) {
		at := d.op.Method + " " + d.path
		a := w.do(d.op.Method, w.target(d), w.token(d), w.example(d), "If-Match", `"1"`)
		if got := a.header.Get("Enishi-Maintenance"); got != `mode=read-only, from="2026-11-24T03:00:00Z", until="2026-11-24T04:30:00Z"` {
			t.Errorf("%s: the header says %q", at, got)
		}
		if d.op.Method == http.MethodGet && d.op.OperationID != "open-card" {
			reads++
			if a.status != http.StatusOK {
				t.Errorf("%s = %d %s", at, a.status, a.body)
			}
			continue
		}
		writes++
		p := w.problem(http.StatusServiceUnavailable, a)
		if !strings.Contains(p.Detail, "2026-11-24 13:30") || a.header.Get("Retry-After") != "5400" {
			t.Errorf("%s: %q, Retry-After %q", at, p.Detail, a.header.Get("Retry-After"))
		}
	}
	if reads < 15 || writes < 20 {
		t.Errorf("only %d operations that read and %d that write were tried", reads, writes)
	}
	offerID, _ := quiet.Offers[0]["id"].(string)
	a := w.must(http.StatusOK, "GET", "/api/v1/me/offers/"+offerID, quiet.Token, "")
	if !strings.Contains(a.body, `"state":"sent"`) {
		t.Errorf("an offer that is read during maintenance: %s", a.body)
	}
	w.drain()
	if err := w.market.Tend(t.Context()); err != nil {
		t.Error(err)
	}
	if after := w.everything(); after != before {
		t.Errorf("something was written; before:\n%s\nafter:\n%s", before, after)
	}
}

func TestRefusalsSpeakTheLanguageThatIsAskedFor(t *testing.T) {
	s := newServer(t)
	if err := s.upkeep().Plan(t.Context(), market.Maintenance{
		From: noon().Add(30 * time.Minute), Until: noon().Add(2 * time.Hour), JA: "<b>増強</b>します", EN: "new disks",
	}, false); err != nil {
		t.Fatal(err)
	}
	s.begin(market.ReadOnly, time.Time{})
	for _, tt := range []struct{ language, want string }{
		{"ja", "メンテナンス中のため、閲覧のみ可能です。変更はできません。終了予定: 2026-11-24 14:00（日本時間）"},
		{"ja-JP,en;q=0.5", "<b>増強</b>します"},
		{"en", "nothing can be changed for now, until 2026-11-24 14:00 in Tokyo as planned; deadlines are extended by as long as it takes. new disks"},
		{"", "you can read"},
	} {
		p := s.problem(http.StatusServiceUnavailable, s.do("POST", "/api/v1/candidates", "", `{}`, "Accept-Language", tt.language))
		if !strings.Contains(p.Detail, tt.want) {
			t.Errorf("in %q: %q lacks %q", tt.language, p.Detail, tt.want)
		}
	}
	for _, tt := range []struct{ language, first, second string }{{"ja", "ただいま", "under way"}, {"en-GB", "under way", "ただいま"}} {
		a := s.do("PUT", "/api/v1/me", "", `{}`, "Accept-Language", tt.language, "Accept", "text/html,*/*")
		first, second := strings.Index(a.body, tt.first), strings.Index(a.body, tt.second)
		if a.status != http.StatusServiceUnavailable || a.header.Get("Content-Type") != "text/html; charset=utf-8" || first < 0 || second < first {
			t.Errorf("the page in %s: %d %s", tt.language, a.status, a.body)
		}
		if strings.Contains(a.body, "<b>") || !strings.Contains(a.body, "&lt;b&gt;増強") {
			t.Errorf("what the operator says is not escaped: %s", a.body)
		}
	}
}

func TestAFullStopLeavesTheProbesAndTheStatus(t *testing.T) {
	w := newWorld(t)
	w.begin(market.Stopped, time.Time{})
	for _, path := range []string{"/livez", "/readyz", "/metrics", "/api/v1/status"} {
		w.must(http.StatusOK, "GET", path, "", "")
	}
	tried := 0
	for _, d := range operations(w.document()) {
		if d.path == "/api/v1/status" {
			continue
		}
		tried++
		a := w.do(d.op.Method, w.target(d), w.token(d), w.example(d))
		w.problem(http.StatusServiceUnavailable, a)
		if a.header.Get("Retry-After") != "300" {
			t.Errorf("%s %s: Retry-After %q, want 300", d.op.Method, d.path, a.header.Get("Retry-After"))
		}
	}
	for _, path := range []string{"/", "/api/v1/docs", "/api/v1/openapi.json", "/nowhere"} {
		tried++
		if a := w.do("GET", path, "", "", "Accept", "text/html"); a.status != http.StatusServiceUnavailable || !strings.Contains(a.body, "メンテナンス") {
			t.Errorf("GET %s = %d %s", path, a.status, a.body)
		} else {
			_, rest, _ := strings.Cut(a.body, "<style>")
			style, _, _ := strings.Cut(rest, "</style>")
			sum := sha256.Sum256([]byte(style))
			if want := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"; a.header.Get("Content-Security-Policy") != want {
				t.Errorf("GET %s: its policy is %q, want %q", path, a.header.Get("Content-Security-Policy"), want)
			}
		}
	}
	if tried < 35 {
		t.Errorf("only %d were tried", tried)
	}
}

func TestPagesTellOfMaintenance(t *testing.T) {
	s := newServer(t)
	banner := func(want ...string) {
		t.Helper()
		if err := s.market.Watch(t.Context()); err != nil {
			t.Fatal(err)
		}
		page := s.must(http.StatusOK, "GET", "/api/v1/docs", "", "").body
		if shown := strings.Contains(page, `class="maintenance"`); shown != (len(want) > 0) {
			t.Errorf("a banner is shown: %t, want %q", shown, want)
		}
		for _, text := range want {
			if !strings.Contains(page, text) {
				t.Errorf("the page lacks %q", text)
			}
		}
	}
	banner()
	if err := s.upkeep().Plan(t.Context(), market.Maintenance{
		From: noon().Add(30 * time.Minute), Until: noon().Add(2 * time.Hour), JA: "<b>増強</b>します。", EN: "New disks.",
	}, false); err != nil {
		t.Fatal(err)
	}
	banner(`<p lang="ja">2026-11-24 12:30 〜 2026-11-24 14:00（日本時間）に、メンテナンスを行います。この間は登録や変更などの操作ができません。 &lt;b&gt;増強&lt;/b&gt;します。</p>`,
		`<p lang="en">Maintenance is planned from 2026-11-24 12:30 to 2026-11-24 14:00 in Tokyo. Nothing can be changed then. New disks.</p>`)
	s.begin(market.ReadOnly, time.Time{})
	banner("閲覧のみ可能です", "you can read")
}

func TestStatusTellsOfMaintenance(t *testing.T) {
	s := newServer(t)
	type shown struct {
		Maintenance *api.MaintenanceNotice `json:"maintenance"`
	}
	look := func() *api.MaintenanceNotice {
		t.Helper()
		if err := s.market.Watch(t.Context()); err != nil {
			t.Fatal(err)
		}
		return into[shown](t, s.must(http.StatusOK, "GET", "/api/v1/status", "", "")).Maintenance
	}
	if got := look(); got != nil {
		t.Errorf("without any: %+v", got)
	}
	from, until := noon().Add(24*time.Hour), noon().Add(26*time.Hour)
	if err := s.upkeep().Plan(t.Context(), market.Maintenance{From: from, Until: until, EN: "new disks"}, false); err != nil {
		t.Fatal(err)
	}
	got := look()
	if got == nil || got.Mode != "planned" || !got.From.Equal(from) || !got.Until.Equal(until) || got.Message.EN != "new disks" {
		t.Fatalf("planned: %+v", got)
	}
	me := s.must(http.StatusCreated, "POST", "/api/v1/candidates", "", signUpBody("taro@example.jp")) // planned: all goes on
	if h := me.header.Get(httpx.NoticeHeader); !strings.HasPrefix(h, "mode=planned") {
		t.Errorf("the header says %q", h)
	}
	s.begin(market.Stopped, time.Time{})
	if got := look(); got == nil || got.Mode != "stop" {
		t.Errorf("stopped: %+v", got)
	}
	for _, want := range []string{"planned", ""} { // tomorrow's plan stays until it is withdrawn
		if _, err := s.upkeep().End(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		if got := look(); (got == nil) != (want == "") || got != nil && got.Mode != want {
			t.Errorf("afterwards: %+v, want %q", got, want)
		}
	}
}

// What is refused by the market itself, behind the door, is told as busy.
func TestTheMarketRefusesToo(t *testing.T) {
	s := newServer(t)
	s.begin(market.ReadOnly, time.Time{})
	_, err := s.market.SignUp(t.Context(), market.SignUp{Email: "taro@example.jp", Wishes: condition.Always()}, market.Once{})
	if !errs.Is(err, errs.Busy) || httpx.ProblemOf(err).Status != http.StatusServiceUnavailable {
		t.Errorf("a sign-up: %v", err)
	}
	if mails, err := s.market.Mails(t.Context(), 9); err != nil || len(mails) != 0 {
		t.Errorf("mails that were written: %v, %v", mails, err)
	}
}
