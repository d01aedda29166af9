package api_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"enishi/internal/account"
	"enishi/internal/api"
	"enishi/internal/calendar"
	"enishi/internal/market"
)

// described is one operation of the document.
type described struct {
	path string
	op   *huma.Operation
}

// operations gives every operation in the order of paths.
func operations(doc *huma.OpenAPI) []described {
	var out []described
	for _, path := range slices.Sorted(maps.Keys(doc.Paths)) {
		item := doc.Paths[path]
		for _, op := range []*huma.Operation{item.Get, item.Post, item.Put, item.Delete} {
			if op != nil {
				out = append(out, described{path, op})
			}
		}
	}
	return out
}

func (s *server) document() *huma.OpenAPI {
	return api.Document(s.market, api.Options{Demo: true, Outbox: true, Version: "test"})
}

// checkSchema reports what of a JSON text does not follow a schema.
func checkSchema(t *testing.T, doc *huma.OpenAPI, schema *huma.Schema, text string) {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Errorf("read %q: %v", text, err)
		return
	}
	for _, s := range doc.Components.Schemas.Map() {
		s.PrecomputeMessages()
	}
	res := &huma.ValidateResult{}
	huma.Validate(doc.Components.Schemas, schema, huma.NewPathBuffer([]byte(""), 0), huma.ModeReadFromServer, v, res)
	for _, err := range res.Errors {
		t.Errorf("%v in %s", err, text)
	}
}

func encoded(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestEveryOperationIsDescribed(t *testing.T) {
	s := newServer(t)
	doc := s.document()
	bodies := 0
	for _, d := range operations(doc) {
		at := d.op.Method + " " + d.path
		if d.op.Summary == "" || d.op.OperationID == "" || len(d.op.Tags) != 1 {
			t.Errorf("%s lacks a summary, an id or a tag", at)
		}
		if d.op.RequestBody != nil {
			bodies++
			body := d.op.RequestBody.Content["application/json"]
			checkSchema(t, doc, body.Schema, encoded(t, body.Example))
		}
		failures := 0
		for status, r := range d.op.Responses {
			if status >= "400" {
				failures++
				p := r.Content["application/problem+json"]
				if p == nil || p.Example == nil {
					t.Errorf("%s: %s has no example", at, status)
					continue
				}
				checkSchema(t, doc, p.Schema, encoded(t, p.Example))
				continue
			}
			bodies++
			switch body := r.Content["application/json"]; {
			case status == "204" && body == nil:
			case r.Content[calendar.MediaType] != nil:
				if text, _ := r.Content[calendar.MediaType].Example.(string); !strings.HasPrefix(text, "BEGIN:VCALENDAR\r\n") {
					t.Errorf("%s: the example %q is no calendar", at, text)
				}
			case body == nil || body.Example == nil:
				t.Errorf("%s: %s has no example", at, status)
			default:
				checkSchema(t, doc, body.Schema, encoded(t, body.Example))
			}
		}
		if failures == 0 {
			t.Errorf("%s documents no failure", at)
		}
	}
	if bodies < 50 {
		t.Errorf("only %d bodies were looked at", bodies)
	}
}

// world is a market in which every operation's example can succeed.
type world struct {
	*server
	candidate, company, operator                    string // tokens
	companyID, position, unruled, rule, offer, card string
	member, invitation, machine, search             string // ids
	slot, breach, trial                             string // ids
	code                                            string // that was mailed last
}

func newWorld(t *testing.T, change ...func(*market.Options, *api.Options)) *world {
	t.Helper()
	w := &world{server: newServer(t, change...)}
	w.companyID, w.company = w.server.company(1)
	w.position = w.published(w.company)
	w.unruled = w.published(w.company)
	w.rule = w.activated(w.company, w.position)
	me := w.signUp("jiro@example.jp")
	w.candidate = me.Token
	w.offer, _ = me.Offers[0]["id"].(string)
	w.operator = w.session(account.Account{Kind: account.Operator, Confirmed: true})
	found := w.must(http.StatusOK, "POST", "/api/v1/candidates/search", w.company, `{}`)
	w.card = into[struct{ Items []struct{ ID string } }](t, found).Items[0].ID
	w.employ()
	saved := w.must(http.StatusCreated, "POST", "/api/v1/searches", w.company, savedSearch)
	w.search = into[struct{ ID string }](t, saved).ID
	opened := w.must(http.StatusCreated, "POST", "/api/v1/operator/trials", w.operator, "")
	w.trial = into[struct{ ID string }](t, opened).ID
	return w
}

const savedSearch = `{"name":"京都","condition":{"field":"text","contains":"京都"},"alerts":true}`

// step takes steps on the world's offer.
func (w *world) step(as string, steps ...string) {
	w.t.Helper()
	base, token := "/api/v1/offers/", w.company
	if as == "candidate" {
		base, token = "/api/v1/me/offers/", w.candidate
	}
	for _, step := range steps {
		w.must(http.StatusOK, "POST", base+w.offer+"/"+step, token, "")
	}
}

// before gives what must have happened before an operation can succeed.
func (w *world) before(t *testing.T) map[string]func() {
	accepted := func() { w.step("candidate", "accept") }
	held := func() { accepted(); w.step("company", "held") }
	proposed := func() {
		accepted()
		a := w.must(http.StatusOK, "POST", "/api/v1/offers/"+w.offer+"/schedule", w.company, `{"slots":[{"start":"2026-12-08T10:00:00+09:00","minutes":60,"zone":"Asia/Tokyo","place":"本社"}]}`)
		w.slot = into[struct{ Slots []struct{ ID string } }](t, a).Slots[0].ID
	}
	chosen := func() {
		proposed()
		w.must(http.StatusOK, "POST", "/api/v1/me/offers/"+w.offer+"/choose", w.candidate, `{"slot":"`+w.slot+`"}`)
	}
	return map[string]func(){
		"reset-password": func() {
			w.must(http.StatusNoContent, "POST", "/api/v1/password/forgot", "", `{"email":"jiro@example.jp"}`)
			w.code = w.mailed("jiro@example.jp", "/reset?code=")
		},
		"open-invitation":     func() { w.code = w.mailed("susumu@example.jp", "/invitations?code=") },
		"accept-invitation":   func() { w.code = w.mailed("susumu@example.jp", "/invitations?code=") },
		"undo-offer":          func() { w.step("candidate", "decline") },
		"withdraw-offer":      accepted,
		"schedule-sent-offer": accepted, "held-sent-offer": accepted, "withdraw-sent-offer": accepted,
		"hire-sent-offer": held, "reject-sent-offer": held,
		"choose-offer": proposed, "reschedule-offer": proposed, "reschedule-sent-offer": chosen, "calendar": chosen, "own-calendar": chosen,
		"messages": accepted, "write-message": accepted,
		"deny-offer":        held,
		"confirm-pay-offer": func() { held(); w.step("company", "hire") },
		"reopen-pay": func() {
			held()
			w.must(http.StatusOK, "POST", "/api/v1/offers/"+w.offer+"/hire", w.company, `{"final_pay":640}`)
			w.must(http.StatusOK, "POST", "/api/v1/me/offers/"+w.offer+"/confirm-pay", w.candidate, `{"final_pay":530}`)
		},
		"mend-address": func() { w.candidate = w.signUp("jiro@example.jp").Token }, // of one address, the second stays unconfirmed
		"set-breach-aside": func() {
			accepted()
			w.step("company", "withdraw")
			list := w.must(http.StatusOK, "GET", "/api/v1/operator/breaches", w.operator, "")
			w.breach = into[struct{ Items []struct{ ID string } }](t, list).Items[0].ID
		},
		"free-company-number": func() {
			w.must(http.StatusOK, "POST", "/api/v1/operator/companies/"+w.companyID+"/suspend", w.operator, "")
		},
		"sign-in": func() {
			example := operationByID(t, w.document(), "sign-up").op.RequestBody.Content["application/json"].Example
			w.must(http.StatusCreated, "POST", "/api/v1/candidates", "", encoded(t, example))
		},
	}
}

func operationByID(t *testing.T, doc *huma.OpenAPI, id string) described {
	t.Helper()
	for _, d := range operations(doc) {
		if d.op.OperationID == id {
			return d
		}
	}
	t.Fatalf("no operation %q", id)
	return described{}
}

// token gives the token that an operation is for.
func (w *world) token(d described) string {
	switch d.op.Tags[0] {
	case "Candidates", "Accounts", "Threads":
		return w.candidate
	case "Companies":
		return w.company
	case "Operators":
		return w.operator
	}
	return ""
}

// target gives the path of an operation with ids of the world.
func (w *world) target(d described) string {
	id := map[bool]string{true: w.offer, false: w.companyID}[regexp.MustCompile("/(offers|threads|disputes)/").MatchString(d.path)]
	switch {
	case strings.HasPrefix(d.path, "/api/v1/operator/breaches") && w.breach != "":
		id = w.breach
	case strings.HasPrefix(d.path, "/api/v1/operator/trials"):
		id = w.trial
	case strings.HasPrefix(d.path, "/api/v1/positions"):
		id = w.position
	case strings.HasPrefix(d.path, "/api/v1/rules"):
		id = w.rule
	case strings.HasPrefix(d.path, "/api/v1/candidates"):
		id = w.card
	case strings.HasPrefix(d.path, "/api/v1/searches"):
		id = w.search
	case strings.HasPrefix(d.path, "/api/v1/members"):
		id = w.member
	case strings.HasPrefix(d.path, "/api/v1/invitations"):
		id = w.invitation
	case strings.HasPrefix(d.path, "/api/v1/tokens"):
		id = w.machine
	}
	return strings.NewReplacer("{id}", id, "{kind}", "occupation", "{name}", "expire").Replace(d.path)
}

// tag gives the ETag that an edit has to send.
func (w *world) tag(d described) string {
	w.t.Helper()
	if d.op.Method != http.MethodPut {
		return ""
	}
	return w.must(http.StatusOK, "GET", w.target(d), w.token(d), "").header.Get("ETag")
}

// example gives the operation's example body with ids of the world.
func (w *world) example(d described) string {
	w.t.Helper()
	if d.op.RequestBody == nil {
		return ""
	}
	text := encoded(w.t, d.op.RequestBody.Content["application/json"].Example)
	position := w.position
	if strings.HasPrefix(d.op.OperationID, "scout") { // the other was offered by a rule
		position = w.unruled
	}
	text = regexp.MustCompile(`"position":"[^"]*"`).ReplaceAllString(text, `"position":"`+position+`"`)
	text = regexp.MustCompile(`"candidate(s?)":(\[?)"[^"]*"`).ReplaceAllString(text, `"candidate$1":$2"`+w.card+`"`)
	if w.slot != "" {
		text = regexp.MustCompile(`"slot":"[^"]*"`).ReplaceAllString(text, `"slot":"`+w.slot+`"`)
	}
	if w.code != "" {
		text = regexp.MustCompile(`"code":"[^"]*"`).ReplaceAllString(text, `"code":"`+w.code+`"`)
	}
	return text
}

func TestEveryExampleSucceeds(t *testing.T) {
	if testing.Short() {
		t.Skip("one request follows another here, and the race detector finds nothing")
	}
	doc := newServer(t).document()
	tried := 0
	for _, d := range operations(doc) {
		t.Run(d.op.OperationID, func(t *testing.T) {
			w := newWorld(t)
			if prepare := w.before(t)[d.op.OperationID]; prepare != nil {
				prepare()
			}
			a := w.must(d.op.DefaultStatus, d.op.Method, w.target(d), w.token(d), w.example(d), "If-Match", w.tag(d))
			if body := d.op.Responses[strconv.Itoa(a.status)].Content["application/json"]; body != nil {
				checkSchema(t, doc, body.Schema, a.body)
			}
			tried++
		})
	}
	if tried < 40 {
		t.Errorf("only %d operations were tried", tried)
	}
}

func TestTheDocumentIsServed(t *testing.T) {
	s := newServer(t)
	doc := into[struct {
		OpenAPI string
		Paths   map[string]any
	}](t, s.must(http.StatusOK, "GET", "/api/v1/openapi.json", "", ""))
	if doc.OpenAPI != "3.1.0" || len(doc.Paths) < 30 {
		t.Errorf("document %s with %d paths", doc.OpenAPI, len(doc.Paths))
	}
	page := s.must(http.StatusOK, "GET", "/api/v1/docs", "", "")
	for path := range doc.Paths {
		if !strings.Contains(page.body, path) {
			t.Errorf("the page lacks %s", path)
		}
	}
	if policy := page.header.Get("Content-Security-Policy"); strings.Contains(policy, "unsafe") || !strings.Contains(policy, "default-src 'none'") {
		t.Errorf("the page's policy is %q", policy)
	}
	sheet := regexp.MustCompile(`<link rel="stylesheet" href="([^"]+)">`).FindStringSubmatch(page.body)
	if sheet == nil {
		t.Fatal("the page names no style sheet")
	}
	if a := s.must(http.StatusOK, "GET", sheet[1], "", ""); a.header.Get("Content-Type") != "text/css; charset=utf-8" || strings.Contains(a.body, "url(") {
		t.Errorf("the style sheet is %q", a.header.Get("Content-Type"))
	}
	for _, outside := range []string{"<script", "<style", " style=", "http://", "https://", "src="} {
		if strings.Contains(page.body, outside) {
			t.Errorf("the page holds %q", outside)
		}
	}
}
