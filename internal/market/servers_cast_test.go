package market_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"enishi/internal/corpnum"
	"enishi/internal/day"
	"enishi/internal/fleet"
	"enishi/internal/market"
	"enishi/internal/offer"
)

// caller sends requests to processes that may not be able to answer.
type caller struct {
	t                          testing.TB
	url                        string
	client                     *http.Client
	answered, refused, unknown atomic.Int64
}

func newCaller(t testing.TB, url string) *caller {
	transport := &http.Transport{MaxIdleConnsPerHost: 16}
	t.Cleanup(transport.CloseIdleConnections)
	// Longer than the longest request, and than a process is paused.
	return &caller{t: t, url: url, client: &http.Client{Transport: transport, Timeout: 30 * time.Second}}
}

func (c *caller) counted() string {
	return fmt.Sprintf("%d requests were answered with success, %d refused, of %d nobody knows", c.answered.Load(), c.refused.Load(), c.unknown.Load())
}

// reply is an answer; its status is 0 if none came whole.
type reply struct {
	status int
	etag   string
	body   []byte
}

// fate is whether something was done.
type fate int

const (
	no fate = iota
	yes
	unknown
)

// fate says what a reply tells about the request.
func (r reply) fate() fate {
	switch {
	case r.status == 0 || r.status == http.StatusBadGateway || r.status == http.StatusServiceUnavailable || r.status == http.StatusGatewayTimeout:
		return unknown
	case r.status < http.StatusMultipleChoices:
		return yes
	}
	return no
}

// into decodes a reply that must be a success.
func (r reply) into(t testing.TB, v any) {
	t.Helper()
	if r.fate() != yes {
		t.Fatalf("answered %d: %s", r.status, r.body)
	}
	if err := json.Unmarshal(r.body, v); err != nil {
		t.Fatalf("decode %s: %v", r.body, err)
	}
}

// ask sends a request of the API to whichever process the balancer chooses.
func (c *caller) ask(method, path, token string, body any, header ...string) reply {
	return c.at(c.url, method, path, token, body, header...)
}

// at sends a request of the API to a place. What no client may be answered is
// an error of the test.
func (c *caller) at(url, method, path, token string, body any, header ...string) reply {
	var in io.Reader = http.NoBody
	if body != nil {
		in = strings.NewReader(text(body))
	}
	if !strings.HasPrefix(path, "/dev/") {
		path = "/api/v1" + path
	}
	req, err := http.NewRequestWithContext(context.Background(), method, url+path, in)
	if err != nil {
		c.t.Error(err)
		return reply{}
	}
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	r := reply{}
	answer, err := c.client.Do(req)
	if err == nil {
		if r.body, err = io.ReadAll(answer.Body); err == nil {
			r.status, r.etag = answer.StatusCode, answer.Header.Get("Etag")
		}
		_ = answer.Body.Close() // it was read as far as it came
	}
	switch r.fate() {
	case yes:
		c.answered.Add(1)
	case unknown:
		c.unknown.Add(1)
		fleet.Wait(c.t, 100*time.Millisecond) // as a client does that was told to come again
	case no:
		c.refused.Add(1)
		switch r.status {
		case http.StatusNotFound, http.StatusConflict, http.StatusPreconditionFailed, http.StatusTooManyRequests, http.StatusForbidden, http.StatusUnauthorized:
		default:
			c.t.Errorf("%s %s %s = %d: %s", method, path, text(body), r.status, r.body)
		}
	}
	return r
}

// create sends a request that makes something, and repeats it with its key
// until there is an answer or the history is over.
func (s *siege) create(path, token, key string, body any) reply {
	for {
		r := s.ask("POST", path, token, body, "Idempotency-Key", key)
		if r.fate() != unknown {
			return r
		}
		select {
		case <-s.stop:
			return r
		default:
		}
	}
}

// kept is something that one actor at a time edits: what was last answered as
// saved, and whether an edit since then may have been saved too.
type kept struct {
	body   string
	unsure bool
}

// saved notes how an edit went that says the version which it changes: none
// that came before it can be saved after it.
func (k *kept) saved(f fate, body string) {
	switch f {
	case yes:
		k.body, k.unsure = body, false
	case unknown:
		k.unsure = true
	case no:
	}
}

// stood notes how a step went that says no version: one of which nobody knows
// may be taken at any time after.
func (k *kept) stood(f fate, body string) {
	switch f {
	case yes:
		k.body = body
	case unknown:
		k.unsure = true
	case no:
	}
}

// parts are what a candidate edits.
func parts() []string { return []string{"", "/profile", "/wishes", "/blocks"} }

// guest is a candidate, as far as they were answered.
type guest struct {
	sync.Mutex
	id, token string
	parts     map[string]*kept
	blocks    []blocking
	offers    map[string]*kept // by id: the last step that was answered
	undone    map[string]bool  // an undo was tried
	erased    fate
}

// blocking is a list of blocks that was answered as saved, or, with version 0,
// one that may have been.
type blocking struct {
	version int64
	numbers map[string]bool
}

// blockedAt gives the companies that the person had blocked on a version, by
// numbers that were on every list which may have been theirs then.
func (p *guest) blockedAt(version int64) map[string]bool {
	var out map[string]bool
	for _, b := range p.blocks {
		switch {
		case b.version == 0:
			both := map[string]bool{}
			for n := range b.numbers {
				both[n] = out[n]
			}
			out = both
		case b.version <= version:
			out = b.numbers
		}
	}
	return out
}

// house is a company, as far as it was answered.
type house struct {
	sync.Mutex
	id, token string
	status    kept
	positions []*vacancy
	rules     []*command
}

// vacancy is a position.
type vacancy struct {
	id        string
	terms     kept
	closed    fate
	published int64
}

// command is a rule: what it asks, and how it stands.
type command struct {
	id          string
	asks, state kept
}

// step lets somebody do one random thing.
func (s *siege) step(d draw) {
	s.mu.Lock()
	people, firms := len(s.people), len(s.firms)
	s.mu.Unlock()
	signUps, foundings := 14, 4
	const mostPeople, mostFirms = 1500, 10 // the model looks at every pair
	if people > mostPeople {
		signUps = 0
	}
	if firms > mostFirms {
		foundings = 1
	}
	deeds := []struct {
		weight int
		name   string
		do     func(draw) bool
	}{
		{signUps, "sign up", s.doSignUp},
		{14, "be a candidate", s.doCandidate},
		{14, "answer an offer", s.doAnswer},
		{1, "erase", s.doErase},
		{foundings, "found", s.doFound},
		{2, "set a status", s.doStatus},
		{6, "position", s.doPosition},
		{6, "rule", s.doRule},
		{10, "edit a rule", s.doEditRule},
		{6, "confirm a batch", s.doConfirmBatch},
		{6, "proceed", s.doProceed},
		{4, "search", s.doSearch},
	}
	total := 0
	for _, a := range deeds {
		total += a.weight
	}
	n := d.IntN(total)
	for _, a := range deeds {
		if n -= a.weight; n < 0 {
			if a.do(d) {
				s.mu.Lock()
				s.acts[a.name]++
				s.mu.Unlock()
			}
			return
		}
	}
}

func (s *siege) doSignUp(d draw) bool {
	s.mu.Lock()
	s.begun++
	i := s.begun
	s.mu.Unlock()
	in := d.person(day.Of(time.Now()), i)
	body := map[string]any{
		"email": in.Email, "profile": in.Profile, "wishes": in.Wishes,
		"employers": orEmpty(in.Employers), "blocks": orEmpty(in.Blocks),
	}
	r := s.create("/candidates", "", fmt.Sprintf("person %d", i), body)
	if r.fate() != yes {
		return false
	}
	var out struct {
		ID, Token string
		Offers    []struct{ ID, State string }
	}
	r.into(s, &out)
	p := &guest{id: out.ID, token: out.Token, parts: map[string]*kept{}, offers: map[string]*kept{}, undone: map[string]bool{}}
	for _, part := range parts() {
		p.parts[part] = &kept{}
	}
	p.blocks = []blocking{{1, numbersOf(in.Blocks)}}
	for _, o := range out.Offers {
		p.offers[o.ID] = &kept{}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.people = append(s.people, p)
	return true
}

func orEmpty[T any](list []T) []T { return append([]T{}, list...) }

func numbersOf(list []corpnum.Number) map[string]bool {
	out := map[string]bool{}
	for _, n := range list {
		out[n.String()] = true
	}
	return out
}

// someone takes a person whom nobody else plays; release lets them go.
func (s *siege) someone(d draw) *guest {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.people) == 0 {
		return nil
	}
	if p := s.people[d.IntN(len(s.people))]; p.TryLock() {
		if p.erased == no {
			return p
		}
		p.Unlock()
	}
	return nil
}

// as sends a request of somebody, whose token must be known.
func (s *siege) as(who, token, method, path string, body any, header ...string) reply {
	r := s.ask(method, path, token, body, header...)
	if r.status == http.StatusUnauthorized {
		s.Errorf("%s %s: %s is not known", method, path, who)
	}
	return r
}

func (s *siege) ofPerson(p *guest, method, path string, body any, header ...string) reply {
	return s.as("candidate "+p.id, p.token, method, path, body, header...)
}

func (s *siege) doCandidate(d draw) bool {
	p := s.someone(d)
	if p == nil {
		return false
	}
	defer p.Unlock()
	part := pick(d, parts()...)
	var body any
	var blocks []corpnum.Number
	switch part {
	case "":
		body = map[string]any{"open": d.chance(85), "weekly_limit": pick(d, 0, 3, 100, 100, 100), "language": "ja"}
	case "/profile":
		body = d.profile(day.Of(time.Now()))
	case "/wishes":
		body = d.wishes()
	case "/blocks":
		blocks = d.blocks()
		body = map[string]any{"blocks": orEmpty(blocks), "employers": orEmpty(d.employers())}
	}
	was := s.ofPerson(p, "GET", "/me"+part, nil)
	if was.fate() != yes {
		return false
	}
	r := s.ofPerson(p, "PUT", "/me"+part, body, "If-Match", was.etag)
	p.parts[part].saved(r.fate(), string(r.body))
	if part == "/profile" && r.fate() != no {
		p.parts["/blocks"].body = "" // a career names employers
	}
	if part == "/blocks" && r.fate() != no {
		b := blocking{numbers: numbersOf(blocks)}
		if r.fate() == yes {
			b.version = version(s, r.etag)
		}
		p.blocks = append(p.blocks, b)
	}
	return r.fate() == yes
}

// version reads the version that a tag says.
func version(t testing.TB, tag string) int64 {
	var n int64
	if _, err := fmt.Sscanf(strings.TrimPrefix(tag, "W/"), `"%d"`, &n); err != nil {
		t.Errorf("the tag %s: %v", tag, err)
	}
	return n
}

func (s *siege) doAnswer(d draw) bool {
	p := s.someone(d)
	if p == nil {
		return false
	}
	defer p.Unlock()
	r := s.ofPerson(p, "GET", "/me/offers", nil)
	if r.fate() != yes {
		return false
	}
	var page struct{ Items []struct{ ID, State string } }
	r.into(s, &page)
	if len(page.Items) == 0 {
		return false
	}
	o := pick(d, page.Items...)
	if d.chance(30) {
		return s.ofPerson(p, "GET", "/me/offers/"+o.ID, nil).fate() == yes
	}
	action := pick(d, "accept", "accept", "decline", "undo", "withdraw")
	r = s.ofPerson(p, "POST", "/me/offers/"+o.ID+"/"+action, nil)
	k := p.offers[o.ID]
	if k == nil {
		k = &kept{}
		p.offers[o.ID] = k
	}
	if action == "undo" && r.fate() != no {
		p.undone[o.ID] = true
	}
	k.stood(r.fate(), action)
	return r.fate() == yes
}

func (s *siege) doErase(d draw) bool {
	p := s.someone(d)
	if p == nil {
		return false
	}
	defer p.Unlock()
	p.erased = s.ofPerson(p, "DELETE", "/me", nil).fate()
	return p.erased == yes
}

func (s *siege) doFound(d draw) bool {
	number := d.number()
	body := map[string]any{"corporate_number": number, "name": "会社", "size": d.IntN(4), "email": fmt.Sprintf("k%s@example.jp", number)}
	if d.chance(50) {
		body["head"] = d.number()
	}
	r := s.create("/companies", "", fmt.Sprintf("company %d", d.Uint64()), body)
	if r.fate() != yes {
		return false
	}
	f := &house{}
	var out struct{ ID, Token string }
	r.into(s, &out)
	f.id, f.token = out.ID, out.Token
	s.mu.Lock()
	defer s.mu.Unlock()
	s.firms = append(s.firms, f)
	return true
}

// firm takes a company that nobody else plays.
func (s *siege) firm(d draw) *house {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.firms) == 0 {
		return nil
	}
	if f := s.firms[d.IntN(len(s.firms))]; f.TryLock() {
		return f
	}
	return nil
}

func (s *siege) ofFirm(f *house, method, path string, body any, header ...string) reply {
	return s.as("company "+f.id, f.token, method, path, body, header...)
}

func (s *siege) doStatus(d draw) bool {
	f := s.firm(d)
	if f == nil {
		return false
	}
	defer f.Unlock()
	status := pick(d, "verify", "verify", "suspend")
	r := s.ask("POST", "/operator/companies/"+f.id+"/"+status, s.actor, nil)
	f.status.stood(r.fate(), map[string]string{"verify": "verified", "suspend": "suspended"}[status])
	return r.fate() == yes
}

func (s *siege) doPosition(d draw) bool {
	f := s.firm(d)
	if f == nil {
		return false
	}
	defer f.Unlock()
	if len(f.positions) < 2 || len(f.positions) < 8 && d.chance(20) {
		r := s.create("/positions", f.token, fmt.Sprintf("position %d", d.Uint64()), d.terms())
		if r.fate() != yes {
			return false
		}
		var out struct{ ID string }
		r.into(s, &out)
		v := &vacancy{id: out.ID}
		v.terms.saved(yes, asked(s, r.body))
		f.positions = append(f.positions, v)
		return s.publish(f, v)
	}
	v := pick(d, f.positions...)
	switch d.IntN(12) {
	case 0:
		if fate := s.ofFirm(f, "POST", "/positions/"+v.id+"/close", nil).fate(); v.closed != yes && fate != no {
			v.closed = fate
		}
		return v.closed == yes
	case 1, 2:
		return s.publish(f, v)
	}
	was := s.ofFirm(f, "GET", "/positions/"+v.id, nil)
	if was.fate() != yes {
		return false
	}
	r := s.ofFirm(f, "PUT", "/positions/"+v.id, d.terms(), "If-Match", was.etag)
	v.terms.saved(r.fate(), asked(s, r.body))
	if r.fate() != yes || d.chance(30) {
		return r.fate() == yes
	}
	return s.publish(f, v)
}

func (s *siege) publish(f *house, v *vacancy) bool {
	r := s.ofFirm(f, "POST", "/positions/"+v.id+"/publish", nil)
	if r.fate() == yes {
		var out struct {
			Version int64 `json:"published_version"`
		}
		r.into(s, &out)
		v.published = out.Version
	}
	return r.fate() == yes
}

// asked gives of an answer what its company has asked for.
func asked(t testing.TB, body []byte) string {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(body, &all); err != nil {
		return string(body) // it was not answered
	}
	for _, name := range []string{"version", "state", "spent_today", "spent_total", "due", "preview", "published_version", "warnings"} {
		delete(all, name)
	}
	var out bytes.Buffer
	if err := json.Compact(&out, []byte(text(all))); err != nil {
		t.Error(err)
	}
	return out.String()
}

// ruleBody gives the API's form of what a rule asks.
func ruleBody(position string, in market.RuleInput) map[string]any {
	body := map[string]any{
		"position": position, "kind": in.Kind, "must": in.Must, "daily_budget": in.DailyBudget, "total_budget": in.TotalBudget,
	}
	if in.OfferDays != 0 {
		body["offer_days"] = in.OfferDays
	}
	if in.Age != nil {
		body["age"] = in.Age
	}
	var prefer []map[string]any
	for _, p := range in.Prefer {
		prefer = append(prefer, map[string]any{"condition": p.Condition, "weight": p.Weight})
	}
	if prefer != nil {
		body["prefer"] = prefer
	}
	return body
}

func (s *siege) doRule(d draw) bool {
	f := s.firm(d)
	if f == nil {
		return false
	}
	defer f.Unlock()
	const most = 3 // so that few people have all the offers of their week
	if len(f.positions) == 0 || len(f.rules) >= most {
		return false
	}
	in := d.ruleInput(day.Of(time.Now()))
	if d.chance(70) { // what waits for budget is never missed
		in.DailyBudget, in.TotalBudget = 100_000, 100_000
	}
	r := s.create("/rules", f.token, fmt.Sprintf("rule %d", d.Uint64()), ruleBody(pick(d, f.positions...).id, in))
	if r.fate() != yes {
		return false
	}
	var out struct{ ID string }
	r.into(s, &out)
	k := &command{id: out.ID}
	k.asks.saved(yes, asked(s, r.body))
	f.rules = append(f.rules, k)
	return s.turn(f, k, "activate")
}

// turn switches a rule on or off.
func (s *siege) turn(f *house, k *command, action string) bool {
	r := s.ofFirm(f, "POST", "/rules/"+k.id+"/"+action, nil)
	var now struct{ State string }
	if r.fate() == yes {
		r.into(s, &now)
	}
	k.state.stood(r.fate(), now.State)
	return r.fate() == yes
}

func (s *siege) doEditRule(d draw) bool {
	f := s.firm(d)
	if f == nil {
		return false
	}
	defer f.Unlock()
	if len(f.rules) == 0 {
		return false
	}
	k := pick(d, f.rules...)
	switch d.IntN(6) {
	case 0:
		return s.turn(f, k, "pause")
	case 1, 2:
		return s.turn(f, k, "activate")
	}
	was := s.ofFirm(f, "GET", "/rules/"+k.id, nil)
	if was.fate() != yes {
		return false
	}
	var body map[string]any
	was.into(s, &body)
	if d.chance(40) {
		body["must"] = d.must()
	}
	if d.chance(70) {
		body["daily_budget"], body["total_budget"] = pick(d, 2, 10, 100_000, 100_000), pick(d, 12, 100_000, 100_000)
	}
	r := s.ofFirm(f, "PUT", "/rules/"+k.id, body, "If-Match", was.etag)
	k.asks.saved(r.fate(), asked(s, r.body))
	return r.fate() == yes
}

func (s *siege) doConfirmBatch(d draw) bool {
	f := s.firm(d)
	if f == nil {
		return false
	}
	defer f.Unlock()
	if len(f.rules) == 0 {
		return false
	}
	return s.ofFirm(f, "POST", "/rules/"+pick(d, f.rules...).id+"/proposals/confirm", nil).fate() == yes
}

func (s *siege) doProceed(d draw) bool {
	f := s.firm(d)
	if f == nil {
		return false
	}
	defer f.Unlock()
	r := s.ofFirm(f, "GET", "/offers?limit=100", nil)
	if r.fate() != yes {
		return false
	}
	var page struct{ Items []struct{ ID string } }
	r.into(s, &page)
	if len(page.Items) == 0 {
		return false
	}
	return s.ofFirm(f, "POST", "/offers/"+pick(d, page.Items...).ID+"/"+pick(d, "schedule", "held", "hire", "reject", "withdraw"), nil).fate() == yes
}

func (s *siege) doSearch(d draw) bool {
	f := s.firm(d)
	if f == nil {
		return false
	}
	defer f.Unlock()
	return s.ofFirm(f, "POST", "/candidates/search", map[string]any{"condition": d.must(), "facets": []string{"occupation"}}).fate() == yes
}

// reached are the states in which an offer may be after a step of its
// candidate that was answered with success.
func reached(action string, undone bool) []offer.State {
	switch {
	case action == "accept":
		return []offer.State{offer.Accepted, offer.Scheduled, offer.Held, offer.Hired, offer.Rejected, offer.Withdrawn}
	case action == "withdraw":
		return []offer.State{offer.Withdrawn}
	case action == "decline" && !undone:
		return []offer.State{offer.Declined}
	}
	return nil // of anything else, anything may follow
}
