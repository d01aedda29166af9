package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"

	"enishi/internal/account"
	"enishi/internal/api"
	"enishi/internal/company"
	"enishi/internal/corpnum"
	"enishi/internal/day"
	"enishi/internal/market"
	"enishi/internal/offer"
	"enishi/internal/worker"
)

// What is written in memory, many rows at a time, is what a service on a
// database makes of requests, one by one, while its matcher runs.
func TestMemoryAndDatabaseLiveTheSameLife(t *testing.T) {
	t.Parallel()
	size := 2000
	if testing.Short() {
		size = 150
	}
	o := options(t, size, 60, size/8)
	db := database(t)
	served := drawn(t, o, db)
	d := newCounter(t, served, db)
	served.doors = d
	if err := served.play(t.Context()); err != nil {
		t.Fatal(err)
	}
	d.stop()

	memory := market.NewMemory()
	loaded := drawn(t, o, memory)
	l := loaded.doors.(*ledger)
	drawnID := l.id
	l.id = func(of string, at time.Time) uuid.UUID {
		list := d.ids[of]
		if len(list) == 0 {
			return drawnID(of, at)
		}
		d.ids[of] = list[1:]
		return list[0]
	}
	if err := loaded.play(t.Context()); err != nil {
		t.Fatal(err)
	}
	for of, left := range d.ids {
		if len(left) > 0 {
			t.Errorf("%d more of %s came to the service", len(left), of)
		}
	}
	want := rowsOf(t, memory)
	compareRows(t, rowsOf(t, db), want,
		cmpopts.IgnoreFields(offer.Offer{}, "ID"), cmpopts.IgnoreFields(offer.Breach{}, "ID"), cmpopts.IgnoreFields(account.Account{}, "ID", "Sealed", "CodeHash"))
	if len(want.Breaches) == 0 {
		t.Error("no company broke a promise")
	}
	if len(want.Candidates) != size || d.instant == 0 || d.instant == len(want.Offers) {
		t.Errorf("%d candidates, %d of %d offers in the answer to a sign-up", len(want.Candidates), d.instant, len(want.Offers))
	}
}

func drawn(t *testing.T, o Options, s market.Store) *player {
	t.Helper()
	w, err := newWorld(o)
	if err != nil {
		t.Fatal(err)
	}
	p, err := newPlayer(t.Context(), w, s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// counter is the doors of a service: everybody signs up, in, and acts through
// its API, one at a time, while its matcher runs beside.
type counter struct {
	store  market.Store
	market *market.Market
	api    http.Handler
	strict http.Handler // the same service before it was a demo: companies wait for the operator
	stop   func()
	// operator adds the operator, as the command line does.
	operator func(context.Context) error

	people    map[int64]*session // by candidate
	members   map[int64]*session // by company
	companies map[uuid.UUID]int64
	positions map[uuid.UUID]int64
	ids       map[string][]uuid.UUID
	instant   int // offers that the answers to sign-ups held
}

func newCounter(t *testing.T, p *player, s market.Store) *counter {
	t.Helper()
	d := &counter{
		store: s, people: map[int64]*session{}, members: map[int64]*session{},
		companies: map[uuid.UUID]int64{}, positions: map[uuid.UUID]int64{}, ids: map[string][]uuid.UUID{},
	}
	log := slog.New(slog.DiscardHandler)
	o := p.marketOptions()
	o.Report = func(_ context.Context, what string, err error) { t.Errorf("%s: %v", what, err) }
	serve := func() (*market.Market, http.Handler) {
		m, err := market.Open(t.Context(), s, p.options.Vault, o, nil)
		if err != nil {
			t.Fatal(err)
		}
		h, err := api.New(log, m, api.Options{Demo: o.Demo})
		if err != nil {
			t.Fatal(err)
		}
		return m, h
	}
	d.market, d.api = serve()
	o.Demo = false
	_, d.strict = serve()
	d.operator = func(ctx context.Context) error {
		return market.AddOperator(ctx, s, p.options.Vault, o, market.Order{}, operatorEmail, "")
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- worker.NewMatcher(log, d.market).Run(ctx) }()
	stopped := false
	d.stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-done; err != nil {
			t.Errorf("the matcher stopped: %v", err)
		}
	}
	t.Cleanup(d.stop)
	return d
}

// idle does what the matcher has not done yet; it goes on meanwhile.
func (d *counter) idle(ctx context.Context) error {
	if err := d.market.Tend(ctx); err != nil {
		return err
	}
	return d.market.Drain(ctx)
}

// session is somebody who is signed in.
type session struct {
	token   string
	account int64
}

// enter gives the session of a new token, and whose it is.
func (d *counter) enter(ctx context.Context, token string) (*session, market.Actor, error) {
	actor, err := d.market.Authenticate(ctx, token)
	return &session{token, actor.Account}, actor, err
}

// renew gives another token to somebody whose own has expired, as a password
// would: 2,000 passwords take minutes to hash.
func (d *counter) renew(ctx context.Context, in *session) error {
	token, hash := account.NewToken()
	now := d.market.Now()
	in.token = token
	return d.store.Write(ctx, func(tx market.Tx) error {
		return tx.AddSession(account.Session{TokenHash: hash, Account: in.account, CreatedAt: now, ExpiresAt: now.Add(account.SessionLife)})
	})
}

// ask sends a request and reads the answer; a status that is no success is an
// error. It gives the answer's ETag.
func (d *counter) ask(ctx context.Context, in *session, method, path, match string, body, into any) (string, error) {
	w, err := send(ctx, d.api, in, method, path, match, body)
	if err == nil && w.Code == http.StatusUnauthorized {
		if err = d.renew(ctx, in); err == nil {
			w, err = send(ctx, d.api, in, method, path, match, body)
		}
	}
	if err != nil {
		return "", err
	}
	return w.Header().Get("ETag"), answer(w, method+" "+path, into)
}

func send(ctx context.Context, to http.Handler, in *session, method, path, match string, body any) (*httptest.ResponseRecorder, error) {
	var text []byte
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			return nil, err
		}
	}
	r := httptest.NewRequestWithContext(ctx, method, path, bytes.NewReader(text))
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if in != nil {
		r.Header.Set("Authorization", "Bearer "+in.token)
	}
	if match != "" {
		r.Header.Set("If-Match", match)
	}
	w := httptest.NewRecorder()
	to.ServeHTTP(w, r)
	return w, nil
}

func answer(w *httptest.ResponseRecorder, what string, into any) error {
	if w.Code >= http.StatusMultipleChoices {
		return fmt.Errorf("%s: %d %s", what, w.Code, w.Body)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(w.Body.Bytes(), into)
}

// admitted answers a registration.
type admitted struct {
	ID     uuid.UUID         `json:"id"`
	Token  string            `json:"token"`
	Offers []json.RawMessage `json:"offers"`
}

func (d *counter) made(of string, id uuid.UUID) { d.ids[of] = append(d.ids[of], id) }

func (d *counter) found(ctx context.Context, firms []*firm) error {
	if err := d.operator(ctx); err != nil {
		return err
	}
	for i, f := range firms {
		to := d.api
		if f.Status != company.Verified {
			to = d.strict
		}
		w, err := send(ctx, to, nil, http.MethodPost, "/api/v1/companies", "", map[string]any{
			"corporate_number": f.Number, "head": f.Head, "name": f.Name, "size": f.Size, "email": memberEmail(i),
		})
		if err != nil {
			return err
		}
		var done admitted
		if err := answer(w, "found "+f.Name, &done); err != nil {
			return err
		}
		in, actor, err := d.enter(ctx, done.Token)
		if err != nil {
			return err
		}
		f.ID, f.Key = done.ID, actor.Company
		d.members[f.Key], d.companies[f.ID] = in, f.Key
		d.made("company", f.ID)
	}
	return nil
}

// prefers is what a rule prefers, as it is asked for.
type prefers struct {
	Condition any `json:"condition"`
	Weight    int `json:"weight"`
}

func (d *counter) begin(ctx context.Context, orders []order) ([]int64, error) {
	keys := make([]int64, len(orders))
	for i := range orders {
		o := &orders[i]
		in := d.members[o.job.firm.Key]
		var x, r struct {
			ID uuid.UUID `json:"id"`
		}
		if _, err := d.ask(ctx, in, http.MethodPost, "/api/v1/positions", "", o.job.terms, &x); err != nil {
			return nil, err
		}
		if _, err := d.ask(ctx, in, http.MethodPost, "/api/v1/positions/"+x.ID.String()+"/publish", "", nil, nil); err != nil {
			return nil, err
		}
		var prefer []prefers
		for _, p := range o.Prefer {
			prefer = append(prefer, prefers{p.Condition, p.Weight})
		}
		if _, err := d.ask(ctx, in, http.MethodPost, "/api/v1/rules", "", map[string]any{
			"position": x.ID, "kind": o.Kind, "must": o.Must, "prefer": prefer, "daily_budget": o.DailyBudget,
			"total_budget": o.TotalBudget, "expires": o.Expires, "offer_days": o.OfferDays,
		}, &r); err != nil {
			return nil, err
		}
		if _, err := d.ask(ctx, in, http.MethodPost, "/api/v1/rules/"+r.ID.String()+"/activate", "", nil, nil); err != nil {
			return nil, err
		}
		err := d.store.Read(ctx, func(tx market.Tx) error {
			p, err := tx.PositionByID(x.ID)
			keys[i] = p.Key
			return err
		})
		if err != nil {
			return nil, err
		}
		d.positions[x.ID] = keys[i]
		d.made("position", x.ID)
		d.made("rule", r.ID)
	}
	return keys, nil
}

func (d *counter) join(ctx context.Context, people []entrant) ([]int64, error) {
	keys := make([]int64, len(people))
	for i := range people {
		x := &people[i]
		var done admitted
		_, err := d.ask(ctx, nil, http.MethodPost, "/api/v1/candidates", "", map[string]any{
			"email": x.email, "profile": x.profile, "wishes": x.wish.condition(x.person), "blocks": append([]corpnum.Number{}, x.blocks...),
		}, &done)
		if err != nil {
			return nil, err
		}
		in, actor, err := d.enter(ctx, done.Token)
		if err != nil {
			return nil, err
		}
		keys[i] = actor.Candidate
		d.people[actor.Candidate] = in
		d.instant += len(done.Offers)
		d.made("candidate", done.ID)
	}
	return keys, nil
}

// set changes a candidate's settings.
func (d *counter) set(ctx context.Context, key int64, how func(*api.Settings)) error {
	in := d.people[key]
	var s api.Settings
	tag, err := d.ask(ctx, in, http.MethodGet, "/api/v1/me", "", nil, &s)
	if err != nil {
		return err
	}
	how(&s)
	_, err = d.ask(ctx, in, http.MethodPut, "/api/v1/me", tag, s, nil)
	return err
}

func (d *counter) settle(ctx context.Context, keys []int64, people []entrant) error {
	for i := range people {
		x := &people[i]
		if !x.settles() {
			continue
		}
		if err := d.set(ctx, keys[i], func(s *api.Settings) { s.Open, s.WeeklyLimit = x.open, x.limit }); err != nil {
			return err
		}
	}
	return nil
}

func (d *counter) leave(ctx context.Context, keys []int64) error {
	for _, key := range keys {
		if err := d.set(ctx, key, func(s *api.Settings) { s.Open = false }); err != nil {
			return err
		}
	}
	return nil
}

func (d *counter) lookIn(ctx context.Context, keys []int64) error {
	for _, key := range keys {
		if _, err := d.ask(ctx, d.people[key], http.MethodGet, "/api/v1/me", "", nil, nil); err != nil {
			return err
		}
	}
	return nil
}

// card is an offer as its two sides see it.
type card struct {
	ID        uuid.UUID   `json:"id"`
	Position  uuid.UUID   `json:"position"`
	Kind      string      `json:"kind"`
	State     offer.State `json:"state"`
	ExpiresOn day.Day     `json:"expires_on"`
	Card      string      `json:"card"`
	Company   struct {
		ID uuid.UUID `json:"id"`
	} `json:"company"`
}

func (d *counter) offersTo(ctx context.Context, keys []int64) ([][]offer.Offer, error) {
	out := make([][]offer.Offer, len(keys))
	for i, key := range keys {
		var page struct{ Items []card }
		path := fmt.Sprintf("/api/v1/me/offers?limit=%d", mostSeen)
		if _, err := d.ask(ctx, d.people[key], http.MethodGet, path, "", nil, &page); err != nil {
			return nil, err
		}
		for _, x := range page.Items {
			out[i] = append(out[i], offer.Offer{
				ID: x.ID, Kind: x.Kind, State: x.State, ExpiresOn: x.ExpiresOn,
				Candidate: key, Company: d.companies[x.Company.ID], Position: d.positions[x.Position],
			})
		}
	}
	return out, nil
}

// sent gives an offer as its company sees it.
func (d *counter) sent(ctx context.Context, o offer.Offer) (card, error) {
	var x card
	_, err := d.ask(ctx, d.members[o.Company], http.MethodGet, "/api/v1/offers/"+o.ID.String(), "", nil, &x)
	return x, err
}

func (d *counter) offersOf(ctx context.Context, offers []offer.Offer) ([]offer.Offer, error) {
	out := make([]offer.Offer, len(offers))
	for i, o := range offers {
		x, err := d.sent(ctx, o)
		if err != nil {
			return nil, err
		}
		out[i] = o
		out[i].State = x.State
	}
	return out, nil
}

func (d *counter) view(ctx context.Context, offers []offer.Offer) error {
	for _, o := range offers {
		x, err := d.sent(ctx, o)
		if err != nil {
			return err
		}
		if _, err := d.ask(ctx, d.members[o.Company], http.MethodGet, "/api/v1/candidates/"+x.Card, "", nil, nil); err != nil {
			return err
		}
	}
	return nil
}

func (d *counter) take(ctx context.Context, acts []act, by account.Kind) error {
	for _, a := range acts {
		in, path := d.people[a.offer.Candidate], "/api/v1/me/offers/"+a.offer.ID.String()
		if by == account.Member {
			in, path = d.members[a.offer.Company], "/api/v1/offers/"+a.offer.ID.String()
		}
		method := http.MethodGet // reading an offer is seeing it
		if a.action != offer.See {
			method, path = http.MethodPost, path+"/"+string(a.action)
		}
		if _, err := d.ask(ctx, in, method, path, "", nil, nil); err != nil {
			return err
		}
	}
	return nil
}
