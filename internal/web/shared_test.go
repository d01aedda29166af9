package web_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"enishi/internal/httpx"
	"enishi/internal/web"
)

// through asks as somebody whose request came through a cache; headers are name, value, name, value.
func (s *site) through(method, path string, headers ...string) (*http.Response, string) {
	s.Helper()
	r, err := http.NewRequestWithContext(s.Context(), method, s.url+path, http.NoBody)
	s.must(err)
	r.Header.Set("Via", "1.1 edge.example (CloudFront)")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err := s.browser.Do(r)
	s.must(err)
	body, err := io.ReadAll(answer.Body)
	s.must(err)
	s.must(answer.Body.Close())
	return answer, string(body)
}

// TestFilesAreTheSameForAll asks for the files that pages name, as nobody and as somebody who is
// signed in: proxies before the service keep them (decision 0043).
func TestFilesAreTheSameForAll(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	landing := s.get("/")
	files := regexp.MustCompile(`/static/[0-9a-f]+/[a-z.]+`).FindAllString(landing.body, -1)
	if len(files) < 2 {
		t.Fatalf("the landing page names %q", files)
	}
	before := map[string]string{}
	for _, file := range files {
		_, before[file] = s.through("GET", file)
	}
	s.seeker("a@example.jp")
	for _, file := range files {
		answer, body := s.through("GET", file, "Accept-Language", "en")
		if diff := cmp.Diff(before[file], body); diff != "" || answer.Header.Get("Cache-Control") != "public, max-age=31536000, immutable" || answer.Header.Get("Set-Cookie") != "" || answer.Header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("%s: %v, and (-nobody's +somebody's):\n%s", file, answer.Header, diff)
		}
	}
	if answer, _ := s.through("GET", "/static/000000000000/enishi.css"); strings.Contains(answer.Header.Get("Cache-Control"), "public") {
		t.Errorf("a file that is not there may be kept: %s", answer.Header.Get("Cache-Control"))
	}
}

// forAMinute is what the landing page says where everybody would get the same.
const forAMinute = "public, max-age=0, s-maxage=60, stale-if-error=0"

// TestTheLandingPageIsTheSameForStrangers asks for the landing page as many people whom nobody
// knows: a cache before the service gives all of them what the first got (decision 0043).
func TestTheLandingPageIsTheSameForStrangers(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	_, first := s.through("GET", "/", "Accept-Language", "ja")
	_, english := s.through("GET", "/", "Accept-Language", "en")
	s.seeker("a@example.jp") // whose page is another's no more once the browser has forgotten them
	s.forget()
	strangers := [][]string{
		nil,
		{"User-Agent", "curl/8"},
		{"Save-Data", "on"},
		{"Sec-CH-UA-Mobile", "?1"},
		{"Accept", "text/event-stream"},
		{"Accept-Encoding", "identity"},
		{"Authorization", "Bearer x"},
		{"X-Request-Id", "mine"},
		{"X-Forwarded-For", "192.0.2.1"},
		{"X-Forwarded-Proto", "https"},
		{"X-Forwarded-Host", "example.com"},
		{"Referer", s.url + "/insight?pay=400"},
		{"Cookie", "other=1"},
		{"HX-Request", "true"},
		{"Enishi-Form", "1"},
		{"Enishi-Account", strings.Repeat("0", 32)},
		{"If-None-Match", `"x"`},
		{"Range", "bytes=0-9"},
		{"Accept-Language", "fr"},
	}
	for _, headers := range strangers {
		answer, body := s.through("GET", "/", append([]string{"Accept-Language", "ja"}, headers...)...)
		s.forAMinute("as "+strings.Join(headers, ": "), answer)
		if diff := cmp.Diff(first, body); diff != "" {
			t.Errorf("with %q (-others' +theirs):\n%s", headers, diff)
		}
	}
	head := httptest.NewRequestWithContext(t.Context(), http.MethodHead, "/", http.NoBody)
	head.Header = http.Header{"Via": {"1.1 edge.example"}, "Accept-Language": {"ja"}, "Referer": {"http://" + head.Host + "/insight?pay=400"}}
	whole := httptest.NewRecorder() // which keeps what is not sent of it
	s.handler.ServeHTTP(whole, head)
	s.forAMinute("HEAD", whole.Result())
	if diff := cmp.Diff(first, whole.Body.String()); diff != "" {
		t.Errorf("HEAD is of another page (-GET's +HEAD's):\n%s", diff)
	}
	answer, body := s.through("GET", "/", "Accept-Language", "ja", "Cookie", "enishi_language=en")
	s.forAMinute("in the language that was chosen", answer)
	if diff := cmp.Diff(english, body); diff != "" || english == first {
		t.Errorf("English that was chosen and that the browser asks for (-asked +chosen):\n%s", diff)
	}
}

// forAMinute fails unless an answer may be kept for a minute, apart for all that it depends on.
func (s *site) forAMinute(what string, answer *http.Response) {
	s.Helper()
	vary := strings.Split(strings.Join(answer.Header.Values("Vary"), ", "), ", ")
	slices.Sort(vary)
	if answer.StatusCode != http.StatusOK || answer.Header.Get("Cache-Control") != forAMinute || answer.Header.Get("Set-Cookie") != "" {
		s.Errorf("%s: the landing page is %d %v", what, answer.StatusCode, answer.Header)
	}
	if diff := cmp.Diff([]string{"Accept-Encoding", "Accept-Language", "Cookie"}, vary); diff != "" {
		s.Errorf("%s: it depends on (-want +got):\n%s", what, diff)
	}
}

// TestNobodysPageIsKept asks for the landing page in each way in which something of it may be
// somebody's or of the moment, and for all other pages: nothing of that may be kept.
func TestNobodysPageIsKept(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	never := func(what, path string, headers ...string) {
		t.Helper()
		s.forget() // what the answer before has set
		if answer, _ := s.through("GET", path, headers...); answer.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s, %s: %d is kept as %q says", what, path, answer.StatusCode, answer.Header.Get("Cache-Control"))
		}
	}
	for _, path := range []string{"/?", "/?occupation=0312", "/?pay=400", "/?utm_source=x"} {
		never("with something in the address", path)
	}
	never("past every cache", "/", "Via", "")
	never("meant for a deployment", "/", httpx.DeploymentHeader, "d-1")
	known := web.Cookies()
	if len(known) < 3 {
		t.Fatalf("the pages know the cookies %q", known)
	}
	for _, name := range known {
		for _, value := range []string{"", "x"} {
			if name != "enishi_language" {
				never("with a cookie", "/", "Cookie", name+"="+value)
				never("with a cookie among others", "/", "Cookie", "enishi_language=en; "+name+"="+value)
			}
		}
	}
	asked := 0
	for _, route := range s.routes() {
		if method, path := tried(route.Pattern); method == http.MethodGet && path != "/" && path != "/live" && route.Who == web.Anyone {
			if answer, _ := s.through("GET", path); strings.Contains(answer.Header.Get("Cache-Control"), "public") {
				t.Errorf("%s may be kept: %s", path, answer.Header.Get("Cache-Control"))
			}
			asked++
		}
	}
	if asked < 3 {
		t.Errorf("%d other pages are for everybody", asked)
	}
	s.notice.Store(&httpx.Notice{Mode: "planned", From: noon()})
	never("while maintenance is announced", "/")
	s.notice.Store(nil)
	if answer, _ := s.through("GET", "/"); answer.Header.Get("Cache-Control") != forAMinute {
		t.Errorf("to a stranger, after all of that, it says %q", answer.Header.Get("Cache-Control"))
	}
	s.seeker("a@example.jp")
	if answer, _ := s.through("GET", "/"); answer.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("somebody's page is kept as %q says", answer.Header.Get("Cache-Control"))
	}
}

// TestABadSessionIsForgotten expects a browser to be without the cookie of a session that is no
// longer good: with an empty one nobody would give it the page that is kept for strangers.
func TestABadSessionIsForgotten(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	at, err := url.Parse(s.url)
	s.must(err)
	s.browser.Jar.SetCookies(at, []*http.Cookie{{Name: "enishi_session", Value: "x", Path: "/"}})
	s.get("/")
	if left := s.cookies(); len(left) > 0 {
		t.Errorf("the browser still has %v", left)
	}
}
