package web_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"enishi/internal/account"
	"enishi/internal/company"
	"enishi/internal/condition"
	"enishi/internal/corpnum"
	"enishi/internal/httpx"
	"enishi/internal/market"
	"enishi/internal/position"
	"enishi/internal/web"
)

// noon is the tests' time: a fixed moment of a Tuesday in Tokyo.
func noon() time.Time { return time.Date(2026, time.November, 24, 3, 0, 0, 0, time.UTC) }

type nowhere struct{}

func (nowhere) Send(context.Context, *market.Letter) error { return nil }

// site is the pages over a real market in memory, as a browser sees them.
type site struct {
	*testing.T
	url     string
	handler http.Handler // what answers there
	market  *market.Market
	store   market.Store
	vault   *account.Vault
	options market.Options
	browser *http.Client
	notice  atomic.Pointer[httpx.Notice] // of maintenance; nil: none is planned
}

func newSite(t *testing.T, change ...func(*market.Options)) *site {
	t.Helper()
	vault, err := account.NewVault(bytes.Repeat([]byte("k"), account.SecretBytes))
	if err != nil {
		t.Fatal(err)
	}
	o := market.Options{
		Mode: market.Auto, Demo: true, Clock: noon, Mail: nowhere{},
		Report: func(_ context.Context, what string, err error) { t.Errorf("%s: %v", what, err) },
	}
	for _, c := range change {
		c(&o)
	}
	store := market.NewMemory()
	m, err := market.Open(t.Context(), store, vault, o, nil)
	if err != nil {
		t.Fatal(err)
	}
	pages, err := web.New(slog.New(slog.DiscardHandler), m, web.Options{Demo: true})
	if err != nil {
		t.Fatal(err)
	}
	admission, err := httpx.NewAdmission(16, time.Now, prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	s := &site{T: t, market: m, store: store, vault: vault, options: o}
	maintenance, err := httpx.NewMaintenance(s.notice.Load, noon)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	pages.Add(mux, httpx.Front{Admission: admission, Maintenance: maintenance, Limiter: httpx.NewLimiter(20, time.Minute, 0, time.Now)})
	s.handler = httpx.Problems(mux, pages.Missing)
	server := httptest.NewServer(s.handler)
	t.Cleanup(server.Close)
	s.url = server.URL
	s.forget()
	return s
}

// forget gives the browser no cookies.
func (s *site) forget() {
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.Fatal(err)
	}
	s.browser = &http.Client{Jar: jar, Timeout: 30 * time.Second}
}

// page is what came back: the status and path after redirects, and the text.
type page struct {
	status int
	path   string
	body   string
}

func (s *site) send(r *http.Request) page {
	s.Helper()
	r.Header.Set("Accept", "text/html")
	if r.Header.Get("Accept-Language") == "" {
		r.Header.Set("Accept-Language", "ja")
	}
	answer, err := s.browser.Do(r)
	if err != nil {
		s.Fatal(err)
	}
	defer answer.Body.Close() //nolint:errcheck // it was only read
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		s.Fatal(err)
	}
	return page{answer.StatusCode, answer.Request.URL.Path, string(body)}
}

// get opens a page; headers are name, value, name, value.
func (s *site) get(path string, headers ...string) page {
	s.Helper()
	r, err := http.NewRequestWithContext(s.Context(), http.MethodGet, s.url+path, nil)
	if err != nil {
		s.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return s.send(r)
}

// post sends a form.
func (s *site) post(path string, form url.Values, headers ...string) page {
	s.Helper()
	r, err := http.NewRequestWithContext(s.Context(), http.MethodPost, s.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		s.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return s.send(r)
}

// holds fails unless a page came with a status and says all of the texts.
func (s *site) holds(p page, status int, texts ...string) {
	s.Helper()
	if p.status != status {
		s.Fatalf("%s: status %d, want %d: %s", p.path, p.status, status, p.body)
	}
	for _, text := range texts {
		if !strings.Contains(p.body, text) {
			s.Errorf("%s lacks %q:\n%s", p.path, text, main(p.body))
		}
	}
}

// main is what stands in a page's main part.
func main(body string) string {
	_, body, _ = strings.Cut(body, `<main id="main">`)
	body, _, _ = strings.Cut(body, "</main>")
	return body
}

// offer has a verified company offer a position to everybody who said what
// they do; it pays up to most, in 10,000 JPY.
func (s *site) offer(i, most int) {
	s.Helper()
	ctx := s.Context()
	f, err := s.market.Found(ctx, market.Found{
		Number: corpnum.From(700_000_000_000 + int64(i)), Name: fmt.Sprintf("会社%d", i), Size: 2, Email: fmt.Sprintf("k%d@example.jp", i),
	}, market.Once{})
	s.must(err)
	_, err = s.market.SetStatus(ctx, market.Actor{Kind: account.Operator}, f.ID, company.Verified)
	s.must(err)
	actor, err := s.market.Authenticate(ctx, f.Token)
	s.must(err)
	low, holidays, flextime := most-100, 125, true
	t := position.Terms{
		Title: fmt.Sprintf("サーバー開発 %d", i), Occupation: "0312", Prefecture: []string{"13"}, EmploymentType: "seishain", PayMin: &low, PayMax: &most,
		HolidaysPerYear: &holidays, Flextime: &flextime,
	}
	legal := reflect.ValueOf(&t.Legal).Elem()
	for n := range legal.NumField() {
		legal.Field(n).SetString("記載のとおり")
	}
	p, err := s.market.AddPosition(ctx, actor, t, market.Once{})
	s.must(err)
	_, err = s.market.Publish(ctx, actor, p.ID)
	s.must(err)
	r, err := s.market.AddRule(ctx, actor, market.RuleInput{
		Position: p.ID, Kind: "interview", DailyBudget: 100, TotalBudget: 100,
		Must: condition.Condition{Op: condition.In, Field: "occupation", In: []string{"0312"}},
	}, market.Once{})
	s.must(err)
	_, _, err = s.market.Activate(ctx, actor, r.ID)
	s.must(err)
}

func (s *site) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// cookies are those of the browser.
func (s *site) cookies() []*http.Cookie {
	s.Helper()
	at, err := url.Parse(s.url)
	s.must(err)
	return s.browser.Jar.Cookies(at)
}

// actor is who the browser is signed in as.
func (s *site) actor() market.Actor {
	s.Helper()
	for _, c := range s.cookies() {
		if c.Name == "enishi_session" {
			a, err := s.market.Authenticate(s.Context(), c.Value)
			s.must(err)
			return a
		}
	}
	s.Fatal("nobody is signed in")
	return market.Actor{}
}
