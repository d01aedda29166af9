package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"enishi/internal/account"
	"enishi/internal/api"
	"enishi/internal/corpnum"
	"enishi/internal/httpx"
	"enishi/internal/market"
)

// nowhere is where mails go: the market keeps them.
type nowhere struct{}

func (nowhere) Send(context.Context, *market.Letter) error { return nil }

// server is the API over a real market in memory.
type server struct {
	t       *testing.T
	handler http.Handler
	market  *market.Market
	store   *market.Memory
	vault   *account.Vault
	log     *bytes.Buffer
}

// noon is the tests' time: a fixed moment of a Tuesday in Tokyo.
func noon() time.Time { return time.Date(2026, time.November, 24, 3, 0, 0, 0, time.UTC) }

func newServer(t *testing.T, change ...func(*market.Options, *api.Options)) *server {
	t.Helper()
	vault, err := account.NewVault(bytes.Repeat([]byte("k"), account.SecretBytes))
	if err != nil {
		t.Fatal(err)
	}
	s := &server{t: t, store: market.NewMemory(), vault: vault, log: &bytes.Buffer{}}
	mo := market.Options{
		Mode: market.Auto, Demo: true, Clock: noon, Mail: nowhere{},
		Report: func(_ context.Context, what string, err error) { t.Errorf("%s: %v", what, err) },
	}
	ao := api.Options{Demo: true, Version: "test", Outbox: true, Concurrency: 64} // of which a busy machine sheds none
	for _, c := range change {
		c(&mo, &ao)
	}
	if s.market, err = market.Open(t.Context(), s.store, vault, mo, nil); err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(&lockedWriter{w: s.log}, nil))
	if s.handler, err = api.New(log, s.market, ao); err != nil {
		t.Fatal(err)
	}
	return s
}

type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(b)
}

// answer is what a request got.
type answer struct {
	status int
	header http.Header
	body   string
}

// do sends a request; headers are name, value, name, value.
func (s *server) do(method, path, token, body string, headers ...string) answer {
	s.t.Helper()
	r := httptest.NewRequestWithContext(s.t.Context(), method, path, strings.NewReader(body))
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	return answer{w.Code, w.Result().Header, w.Body.String()}
}

// must is do for what has to succeed with a status.
func (s *server) must(status int, method, path, token, body string, headers ...string) answer {
	s.t.Helper()
	a := s.do(method, path, token, body, headers...)
	if a.status != status {
		s.t.Fatalf("%s %s = %d %s, want %d", method, path, a.status, a.body, status)
	}
	return a
}

// into reads an answer's body.
func into[T any](t *testing.T, a answer) T {
	t.Helper()
	var v T
	d := json.NewDecoder(strings.NewReader(a.body))
	if err := d.Decode(&v); err != nil {
		t.Fatalf("read %q: %v", a.body, err)
	}
	return v
}

// problem reads an answer that must be a problem document of a status.
func (s *server) problem(status int, a answer) httpx.Problem {
	s.t.Helper()
	if a.status != status {
		s.t.Fatalf("status %d %s, want %d", a.status, a.body, status)
	}
	if got := a.header.Get("Content-Type"); got != "application/problem+json" {
		s.t.Errorf("content type %q, want application/problem+json", got)
	}
	p := into[httpx.Problem](s.t, a)
	if p.Status != status || p.Title == "" || p.Type == "" || p.Detail == "" {
		s.t.Errorf("problem %+v lacks a member", p)
	}
	return p
}

// drain lets the matcher handle everything that was written.
func (s *server) drain() {
	s.t.Helper()
	if err := s.market.Drain(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
}

// session writes an account without a password and gives a token of it.
func (s *server) session(a account.Account, also ...func(market.Tx, int64) error) string {
	s.t.Helper()
	token, hash := account.NewToken()
	err := s.store.Write(s.t.Context(), func(tx market.Tx) error {
		a.ID, a.Sealed, a.EmailHash, a.CreatedAt = uuid.New(), s.vault.Seal("dareka@example.jp"), hash, noon()
		if err := tx.AddAccount(&a); err != nil {
			return err
		}
		for _, f := range also {
			if err := f(tx, a.Key); err != nil {
				return err
			}
		}
		return tx.AddSession(account.Session{TokenHash: hash, Account: a.Key, CreatedAt: noon(), ExpiresAt: noon().Add(time.Hour)})
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return token
}

func number(n int64) corpnum.Number { return corpnum.From(5_000_000_000 + n) }

// company registers a company and gives its id and its owner's token.
func (s *server) company(n int64) (id, token string) {
	s.t.Helper()
	a := s.must(http.StatusCreated, "POST", "/api/v1/companies", "", fmt.Sprintf(
		`{"corporate_number":"%s","name":"会社%d","size":3,"email":"owner%d@example.jp"}`, number(n), n, n))
	made := into[struct{ ID, Token string }](s.t, a)
	return made.ID, made.Token
}

const legal = `{"work":"開発","work_change":"会社の定める業務","place":"東京","place_change":"会社の定める場所","contract_term":"期間の定めなし","renewal_limit":"該当なし","trial_period":"3か月","hours":"10:00〜19:00","overtime":"月15時間","holidays":"土日祝","pay":"月給50万円","fixed_overtime_pay":"なし","insurance":"社会保険完備","smoking":"屋内禁煙"}`

const terms = `{"title":"バックエンドエンジニア","occupation":"0312","industry":"39","prefecture":["13"],"employment_type":"seishain","pay_min":600,"pay_max":900,"remote":1,"legal":` + legal + `}`

// published writes and publishes a position and gives its id.
func (s *server) published(token string) string {
	s.t.Helper()
	id := into[struct{ ID string }](s.t, s.must(http.StatusCreated, "POST", "/api/v1/positions", token, terms)).ID
	s.must(http.StatusOK, "POST", "/api/v1/positions/"+id+"/publish", token, "")
	return id
}

func ruleBody(position string) string {
	return `{"position":"` + position + `","kind":"interview","must":{"field":"skill","in":["go"],"min":3},"prefer":[{"condition":{"field":"residence","in":["13"]},"weight":5}],"daily_budget":10,"total_budget":100,"expires":"2027-03-31"}`
}

// activated writes and activates a rule and gives its id.
func (s *server) activated(token, position string) string {
	s.t.Helper()
	id := into[struct{ ID string }](s.t, s.must(http.StatusCreated, "POST", "/api/v1/rules", token, ruleBody(position))).ID
	s.must(http.StatusAccepted, "POST", "/api/v1/rules/"+id+"/activate", token, "")
	s.drain()
	return id
}

func signUpBody(email string) string {
	return `{"email":"` + email + `","profile":{"name":"山田花子","occupation":[{"code":"0312","min":5}],"skill":[{"code":"go","min":4}],"residence":"13","pay":520},"wishes":{"all":[{"field":"pay_max","min":550}]}}`
}

type signedUp struct {
	ID     string
	Token  string
	Offers []map[string]any
	Asked  int
}

func (s *server) signUp(email string) signedUp {
	s.t.Helper()
	return into[signedUp](s.t, s.must(http.StatusCreated, "POST", "/api/v1/candidates", "", signUpBody(email)))
}

// A process that does something else answers who watches it, and nobody else.
func TestProbesAlone(t *testing.T) {
	s := newServer(t, func(_ *market.Options, o *api.Options) { o.Probes = true })
	for _, path := range []string{"/livez", "/readyz", "/metrics"} {
		s.must(http.StatusOK, "GET", path, "", "")
	}
	for _, path := range []string{"/", "/api/v1/status", "/dev/mail", "/api/v1/docs"} {
		s.problem(http.StatusNotFound, s.do("GET", path, "", ""))
	}
	s.problem(http.StatusNotFound, s.do("POST", "/api/v1/candidates", "", signUpBody("taro@example.jp")))
}
