package api_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"enishi/internal/account"
	"enishi/internal/api"
	"enishi/internal/company"
	"enishi/internal/market"
)

func TestEditsNeedTheNewestETag(t *testing.T) {
	w := newWorld(t)
	for _, tt := range []struct{ path, token, body string }{
		{"/api/v1/me", w.candidate, `{"open":true,"weekly_limit":5,"language":"en"}`},
		{"/api/v1/me/profile", w.candidate, `{"pay":530}`},
		{"/api/v1/me/wishes", w.candidate, `{"all":[]}`},
		{"/api/v1/me/blocks", w.candidate, `{"blocks":[]}`},
		{"/api/v1/positions/" + w.position, w.company, terms},
		{"/api/v1/rules/" + w.rule, w.company, ruleBody(w.position)},
		{"/api/v1/searches/" + w.search, w.company, strings.Replace(savedSearch, "京都", "奈良", 1)},
	} {
		t.Run(tt.path, func(t *testing.T) {
			tag := w.must(http.StatusOK, "GET", tt.path, tt.token, "").header.Get("ETag")
			if len(tag) < 3 || tag[0] != '"' || tag[len(tag)-1] != '"' {
				t.Fatalf("ETag %q is no strong tag", tag)
			}
			head := w.head()
			w.problem(http.StatusPreconditionRequired, w.do("PUT", tt.path, tt.token, tt.body))
			w.problem(http.StatusPreconditionRequired, w.do("PUT", tt.path, tt.token, tt.body, "If-Match", "*"))
			for _, old := range []string{`"0"`, `"99999"`, "W/" + tag, strings.Trim(tag, `"`), `"x"`, `"0` + tag[1:], `"`} {
				w.problem(http.StatusPreconditionFailed, w.do("PUT", tt.path, tt.token, tt.body, "If-Match", old))
			}
			if w.head() != head {
				t.Error("a refused edit wrote something")
			}
			edited := w.must(http.StatusOK, "PUT", tt.path, tt.token, tt.body, "If-Match", tag)
			if edited.header.Get("ETag") == tag {
				t.Error("an edit left the ETag as it was")
			}
			w.problem(http.StatusPreconditionFailed, w.do("PUT", tt.path, tt.token, tt.body, "If-Match", tag))
			// What was answered can be sent back as it is.
			w.must(http.StatusOK, "PUT", tt.path, tt.token, edited.body, "If-Match", edited.header.Get("ETag"))
		})
	}
}

func TestCreatesAreRepeatable(t *testing.T) {
	w := newWorld(t)
	for _, tt := range []struct{ path, token, body, other string }{
		{"/api/v1/candidates", "", signUpBody("twice@example.jp"), signUpBody("other@example.jp")},
		{
			"/api/v1/companies", "",
			`{"corporate_number":"` + number(7).String() + `","name":"甲","size":1,"email":"k@example.jp"}`,
			`{"corporate_number":"` + number(8).String() + `","name":"甲","size":1,"email":"k@example.jp"}`,
		},
		{
			"/api/v1/invitations", w.company, `{"email":"a@example.jp","role":"viewer"}`, `{"email":"b@example.jp","role":"viewer"}`,
		},
		{"/api/v1/tokens", w.company, `{"name":"a","role":"viewer"}`, `{"name":"b","role":"viewer"}`},
		{
			"/api/v1/offers", w.company, `{"candidate":"` + w.card + `","position":"` + w.unruled + `","message":"x"}`,
			`{"candidate":"` + w.card + `","position":"` + w.published(w.company) + `","message":"x"}`,
		},
		{"/api/v1/positions", w.company, terms, strings.Replace(terms, "900", "901", 1)},
		{"/api/v1/searches", w.company, savedSearch, strings.Replace(savedSearch, "京都", "奈良", 1)},
		{"/api/v1/rules", w.company, ruleBody(w.position), strings.Replace(ruleBody(w.position), `"total_budget":100`, `"total_budget":99`, 1)},
	} {
		t.Run(tt.path, func(t *testing.T) {
			key := []string{"Idempotency-Key", "4f0c-" + tt.path}
			first := w.must(http.StatusCreated, "POST", tt.path, tt.token, tt.body, key...)
			head := w.head()
			again := w.must(http.StatusCreated, "POST", tt.path, tt.token, tt.body, key...)
			if again.body != first.body {
				t.Errorf("a repeat answers %s, want %s", again.body, first.body)
			}
			p := w.problem(http.StatusUnprocessableEntity, w.do("POST", tt.path, tt.token, tt.other, key...))
			if !strings.Contains(encoded(t, p), "Idempotency-Key") {
				t.Errorf("problem %+v does not name the key", p)
			}
			w.problem(http.StatusUnprocessableEntity, w.do("POST", tt.path, tt.token, tt.body, "Idempotency-Key", strings.Repeat("k", 201)))
			if w.head() != head {
				t.Error("a repeat wrote something")
			}
			if other := w.do("POST", tt.path, tt.token, tt.other); other.status != http.StatusCreated || other.body == first.body {
				t.Errorf("without a key: %d %s", other.status, other.body)
			}
		})
	}
}

func TestRacingSignUps(t *testing.T) {
	s := newServer(t)
	tokens := make([]string, 8)
	var g errgroup.Group
	for i := range tokens {
		g.Go(func() error {
			a := s.do("POST", "/api/v1/candidates", "", signUpBody("race@example.jp"))
			if a.status != http.StatusCreated {
				return fmt.Errorf("%d %s", a.status, a.body)
			}
			tokens[i] = into[signedUp](t, a).Token
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	confirmed := 0
	for _, token := range tokens {
		actor, err := s.market.Authenticate(t.Context(), token)
		if err != nil {
			t.Fatal(err)
		}
		if actor.Confirmed {
			confirmed++
		}
	}
	if confirmed > 1 {
		t.Errorf("%d accounts of one address are confirmed, want at most 1", confirmed)
	}
}

func TestConfirming(t *testing.T) {
	s := newServer(t, func(o *market.Options, _ *api.Options) { o.Demo = false })
	token := s.signUp("kakunin@example.jp").Token
	p := s.problem(http.StatusUnprocessableEntity, s.do("POST", "/api/v1/me/confirm", token, `{"code":"0"}`))
	if p.Errors[0].Pointer != "/code" {
		t.Errorf("errors %+v, want one at /code", p.Errors)
	}
	mails, err := s.market.Mails(t.Context(), 9)
	if err != nil {
		t.Fatal(err)
	}
	if len(mails) != 1 || mails[0].To != "kakunin@example.jp" {
		t.Fatalf("mails %+v, want one to kakunin@example.jp", mails)
	}
	body := mails[0].Body
	// What cannot be a code is refused without being counted as a guess.
	for range 10 {
		s.problem(http.StatusUnprocessableEntity, s.do("POST", "/api/v1/me/confirm", token, `{"code":"1234"}`))
	}
	code := body[len(body)-8:]
	s.must(http.StatusNoContent, "POST", "/api/v1/me/confirm", token, `{"code":" `+code[:4]+"-"+code[4:]+` "}`)
	actor, err := s.market.Authenticate(t.Context(), token)
	if err != nil || !actor.Confirmed {
		t.Errorf("after the code: confirmed %v, %v", actor.Confirmed, err)
	}
}

func TestWhoMayCall(t *testing.T) {
	w := newWorld(t)
	doc := w.document()
	tried := 0
	for _, d := range operations(doc) {
		if len(d.op.Security) == 0 {
			continue
		}
		head := w.head()
		call := func(token string) answer {
			return w.do(d.op.Method, w.target(d), token, w.example(d), "If-Match", `"1"`)
		}
		for _, token := range []string{"", "no-such-token"} {
			a := call(token)
			w.problem(http.StatusUnauthorized, a)
			if !strings.HasPrefix(a.header.Get("WWW-Authenticate"), "Bearer") {
				t.Errorf("%s: 401 without WWW-Authenticate", d.op.OperationID)
			}
		}
		for _, token := range []string{w.candidate, w.company, w.operator} {
			if token != w.token(d) && d.op.OperationID != "confirm-address" && d.op.Tags[0] != "Accounts" && d.op.Tags[0] != "Threads" {
				w.problem(http.StatusForbidden, call(token))
				tried++
			}
		}
		if w.head() != head {
			t.Errorf("%s wrote for someone who may not", d.op.OperationID)
		}
	}
	if tried < 50 {
		t.Errorf("only %d refusals were tried", tried)
	}
}

func TestAViewerOnlyReads(t *testing.T) {
	w := newWorld(t)
	owner, err := w.market.Authenticate(t.Context(), w.company)
	if err != nil {
		t.Fatal(err)
	}
	viewer := w.session(account.Account{Kind: account.Member, Confirmed: true}, func(tx market.Tx, key int64) error {
		return tx.AddMember(company.Member{Account: key, Company: owner.Company, Role: account.Viewer})
	})
	allowed := []string{"positions", "position", "rules", "rule", "offers", "offer", "proposals", "search-candidates", "members", "scout-quota"}
	for _, d := range operations(w.document()) {
		if d.op.Tags[0] != "Companies" {
			continue
		}
		want := http.StatusForbidden
		if slices.Contains(allowed, d.op.OperationID) {
			want = http.StatusOK
		}
		if d.op.OperationID == "calendar" { // no date was chosen
			want = http.StatusNotFound
		}
		if a := w.do(d.op.Method, w.target(d), viewer, w.example(d), "If-Match", w.tag(d)); a.status != want {
			t.Errorf("%s by a viewer = %d %s, want %d", d.op.OperationID, a.status, a.body, want)
		}
	}
}

func TestWhatIsOthersIsNotFound(t *testing.T) {
	w := newWorld(t)
	_, other := w.server.company(2)
	stranger := w.signUp("other@example.jp").Token
	tried := 0
	for _, d := range operations(w.document()) {
		if !strings.Contains(d.path, "{id}") || d.op.OperationID == "open-card" {
			continue
		}
		tokens := map[string]string{"Companies": other, "Candidates": stranger}
		paths := []string{w.target(d)}
		for _, id := range []string{"019abcde-0000-7000-8000-000000000000", "x", "1", "%00", strings.Repeat("9", 300)} {
			paths = append(paths, strings.Replace(d.path, "{id}", id, 1))
		}
		for i, path := range paths {
			token, ok := tokens[d.op.Tags[0]]
			if !ok {
				if token = w.operator; i == 0 {
					continue
				}
			}
			body := w.example(d)
			if d.op.OperationID == "set-rule" {
				body = ruleBody(w.published(other))
			}
			if a := w.do(d.op.Method, path, token, body, "If-Match", `"1"`); a.status != http.StatusNotFound {
				t.Errorf("%s %s = %d %s, want 404", d.op.Method, path, a.status, a.body)
			}
			tried++
		}
	}
	if tried < 60 {
		t.Errorf("only %d paths were tried", tried)
	}
	w.problem(http.StatusNotFound, w.do("GET", "/api/v1/offers?rule="+w.rule, other, ""))
	w.problem(http.StatusNotFound, w.do("GET", "/api/v1/candidates/"+w.card, other, ""))
	p := w.problem(http.StatusUnprocessableEntity, w.do("POST", "/api/v1/rules", other, ruleBody(w.position)))
	if len(p.Errors) != 1 || p.Errors[0].Pointer != "/position" {
		t.Errorf("a rule on another's position: %+v", p.Errors)
	}
}

func TestRateLimits(t *testing.T) {
	s := newServer(t, func(_ *market.Options, o *api.Options) { o.RateLimits, o.Demo = true, false })
	var last answer
	for i := range 40 {
		if last = s.do("POST", "/api/v1/candidates", "", signUpBody(fmt.Sprintf("l%d@example.jp", i))); last.status != http.StatusCreated {
			break
		}
	}
	s.problem(http.StatusTooManyRequests, last)
	if last.header.Get("Retry-After") == "" {
		t.Error("429 without Retry-After")
	}
	s.must(http.StatusOK, "GET", "/api/v1/taxonomy/remote", "", "")
}

func TestPagesOfAList(t *testing.T) {
	w := newWorld(t)
	want := []string{w.position, w.unruled}
	for range 6 {
		want = append(want, w.published(w.company))
	}
	type list struct {
		Items []struct{ ID string }
		Next  string `json:"next_cursor"`
	}
	var got []string
	path := "/api/v1/positions?limit=3"
	for pages := 0; path != ""; pages++ {
		if pages == 5 {
			t.Fatal("the pages do not end")
		}
		page := into[list](t, w.must(http.StatusOK, "GET", path, w.company, ""))
		if again := into[list](t, w.must(http.StatusOK, "GET", path, w.company, "")); again.Next != page.Next {
			t.Errorf("the same page ends at %q and %q", page.Next, again.Next)
		}
		for _, item := range page.Items {
			got = append(got, item.ID)
		}
		path = ""
		if page.Next != "" {
			path = "/api/v1/positions?limit=3&cursor=" + page.Next
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("pages hold %v, want %v", got, want)
	}
	first := into[list](t, w.must(http.StatusOK, "GET", "/api/v1/positions?limit=3", w.company, ""))
	_, other := w.server.company(2)
	for _, bad := range []struct{ path, token, pointer string }{
		{"/api/v1/positions?cursor=MTIz", w.company, "/cursor"},
		{"/api/v1/positions?cursor=" + strings.Repeat("0", 32), w.company, "/cursor"},
		{"/api/v1/rules?cursor=" + first.Next, w.company, "/cursor"},
		{"/api/v1/positions?cursor=" + first.Next, other, "/cursor"},
		{"/api/v1/me/offers?cursor=x", w.candidate, "/cursor"},
		{"/api/v1/positions?limit=0", w.company, "/limit"},
		{"/api/v1/positions?limit=101", w.company, "/limit"},
		{"/api/v1/positions?limit=ten", w.company, "/limit"},
	} {
		p := w.problem(http.StatusUnprocessableEntity, w.do("GET", bad.path, bad.token, ""))
		if len(p.Errors) != 1 || p.Errors[0].Pointer != bad.pointer {
			t.Errorf("%s: errors %+v, want one at %s", bad.path, p.Errors, bad.pointer)
		}
	}
	p := w.problem(http.StatusUnprocessableEntity, w.do("POST", "/api/v1/candidates/search", w.company, `{"cursor":"x"}`))
	if p.Errors[0].Pointer != "/cursor" {
		t.Errorf("search: errors %+v, want one at /cursor", p.Errors)
	}
}

func TestTheClockMoves(t *testing.T) {
	s := newServer(t)
	s.must(http.StatusAccepted, "POST", "/dev/clock", "", `{"day":"2026-12-01"}`)
	s.drain()
	type status struct {
		LogHead int64 `json:"log_head"`
		Matched int64
		Day     string
	}
	now := into[status](t, s.must(http.StatusOK, "GET", "/api/v1/status", "", ""))
	if now.Day != "2026-12-01" || now.Matched != now.LogHead {
		t.Errorf("status %+v, want drained on 2026-12-01", now)
	}
	if got, want := s.market.Now().UTC(), time.Date(2026, time.December, 1, 0, 0, 0, 0, time.UTC); !got.Equal(want) {
		t.Errorf("the clock shows %v, want %v", got, want)
	}
	p := s.problem(http.StatusUnprocessableEntity, s.do("POST", "/dev/clock", "", `{"day":"2026-11-30"}`))
	if p.Errors[0].Pointer != "/day" {
		t.Errorf("backwards: %+v", p.Errors)
	}
	closed := newServer(t, func(_ *market.Options, o *api.Options) { o.Demo, o.Outbox = false, false })
	closed.problem(http.StatusNotFound, closed.do("POST", "/dev/clock", "", `{"day":"2026-12-01"}`))
	closed.problem(http.StatusNotFound, closed.do("GET", "/dev/mail", "", ""))
}

// A body that says it is something else is refused; one that says nothing, or
// says JSON in other words, is read.
func TestContentTypes(t *testing.T) {
	s := newServer(t)
	for i, tt := range []struct {
		kind, packed string
		want         int
	}{
		{"", "", http.StatusCreated},
		{"application/json", "identity", http.StatusCreated},
		{"application/json; charset=UTF-8", "", http.StatusCreated},
		{"application/vnd.enishi+json", "", http.StatusCreated},
		{"text/plain", "", http.StatusUnsupportedMediaType},
		{"application/x-www-form-urlencoded", "", http.StatusUnsupportedMediaType},
		{"application/json; charset=shift_jis", "", http.StatusUnsupportedMediaType},
		{"application/json;;", "", http.StatusUnsupportedMediaType},
		{"application/json", "gzip", http.StatusUnsupportedMediaType},
	} {
		a := s.do("POST", "/api/v1/candidates", "", signUpBody(fmt.Sprintf("kind%d@example.jp", i)), "Content-Type", tt.kind, "Content-Encoding", tt.packed)
		if a.status != tt.want {
			t.Errorf("a body of %q packed by %q = %d %s, want %d", tt.kind, tt.packed, a.status, a.body, tt.want)
		}
	}
}

// Whole characters that are written as two escapes are kept.
func TestSurrogatePairsAreKept(t *testing.T) {
	s := newServer(t)
	body := strings.Replace(signUpBody("pair@example.jp"), `山田花子`, `\ud83d\ude00\\ud800`, 1)
	token := into[signedUp](t, s.must(http.StatusCreated, "POST", "/api/v1/candidates", "", body)).Token
	got := into[struct{ Name string }](t, s.must(http.StatusOK, "GET", "/api/v1/me/profile", token, ""))
	if got.Name != `😀\ud800` {
		t.Errorf("the name is %q, want 😀 and a backslash with ud800", got.Name)
	}
}

// Looking is noted, so HEAD, which is answered like GET elsewhere, is not.
func TestHeadIsNotNoted(t *testing.T) {
	w := newWorld(t)
	for path, token := range map[string]string{"/api/v1/me/offers/" + w.offer: w.candidate, "/api/v1/candidates/" + w.card: w.company} {
		if a := w.do("HEAD", path, token, ""); a.status != http.StatusMethodNotAllowed || a.header.Get("Allow") != "GET" {
			t.Errorf("HEAD %s = %d, Allow %q; want 405 and GET", path, a.status, a.header.Get("Allow"))
		}
	}
	views := into[struct{ Items []any }](t, w.must(http.StatusOK, "GET", "/api/v1/me/views", w.candidate, ""))
	if len(views.Items) != 0 {
		t.Errorf("%d views are noted, want none", len(views.Items))
	}
}

// Mails hold addresses and codes: outside a demo only the machine itself reads
// them.
func TestMailsStayHere(t *testing.T) {
	s := newServer(t, func(o *market.Options, a *api.Options) { o.Demo, a.Demo = false, false })
	s.signUp("himitsu@example.jp")
	read := func(from string, header ...string) int {
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/dev/mail", http.NoBody)
		r.RemoteAddr, r.Host = from, "127.0.0.1:8080"
		for i := 0; i < len(header); i += 2 {
			if header[i] == "Host" {
				r.Host = header[i+1]
			}
			r.Header.Set(header[i], header[i+1])
		}
		w := httptest.NewRecorder()
		s.handler.ServeHTTP(w, r)
		return w.Code
	}
	for from, want := range map[string]int{
		"127.0.0.1:4000": http.StatusOK, "[::1]:4000": http.StatusOK, "192.0.2.1:4000": http.StatusForbidden, "": http.StatusForbidden,
	} {
		if got := read(from); got != want {
			t.Errorf("mails read from %q = %d, want %d", from, got, want)
		}
	}
	for host, want := range map[string]int{"localhost:8080": http.StatusOK, "[::1]:8080": http.StatusOK, "127.0.0.1": http.StatusOK, "evil.example": http.StatusForbidden} {
		if got := read("127.0.0.1:4000", "Host", host); got != want {
			t.Errorf("mails read as %s = %d, want %d", host, got, want)
		}
	}
	if got := read("127.0.0.1:4000", "X-Forwarded-For", "192.0.2.1"); got != http.StatusForbidden {
		t.Errorf("mails read through a proxy = %d, want 403", got)
	}
}

// However many accounts an address has, a refused sign-in takes one step of
// time.
func TestRefusedSignInsTakeTheirTime(t *testing.T) {
	s := newServer(t)
	for range 6 {
		s.must(http.StatusCreated, "POST", "/api/v1/candidates", "", `{"email":"many@example.jp","password":"correct horse","profile":{}}`)
	}
	for _, address := range []string{"nobody@example.jp", "many@example.jp"} {
		start := time.Now()
		s.problem(http.StatusUnauthorized, s.do("POST", "/api/v1/sessions", "", `{"email":"`+address+`","password":"no-such"}`))
		if took := time.Since(start); took < 500*time.Millisecond {
			t.Errorf("a refusal of %s took %v, want half a second", address, took)
		}
	}
}
