package market_test

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"enishi/internal/fleet"
	"enishi/internal/market"
	"enishi/internal/offer"
	"enishi/internal/store/mysql"
	"enishi/internal/store/mysql/mysqltest"
)

// How long a history on servers lasts, and its seed, unless
// ENISHI_TEST_HISTORY_SECONDS and ENISHI_TEST_HISTORY_SEED say otherwise.
const (
	siegeSeconds = 30
	siegeSeed    = 1
)

// TestHistoriesOnServers plays random histories over three processes that
// answer requests and two that match, behind a load balancer, while processes
// are killed, paused past the lease and replaced, the database and Redis are
// killed, and connections are cut and stalled. Then it holds the drained rows to
// the naive model, and to everything that was answered.
func TestHistoriesOnServers(t *testing.T) {
	for i, server := range mysqltest.Servers() {
		t.Run(server, func(t *testing.T) { // beside the other; every other test has ended, or waits for this one
			t.Parallel()
			seed := number(t, "ENISHI_TEST_HISTORY_SEED", siegeSeed)
			s := newSiege(t, server, []market.Mode{market.Auto, market.Approve}[(seed+1+i)%2], uint64(seed))
			s.run(time.Duration(number(t, "ENISHI_TEST_HISTORY_SECONDS", siegeSeconds)) * time.Second)
			s.Heal()
			s.drain()
			s.verify()
		})
	}
}

func number(t *testing.T, name string, otherwise int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil || n <= 0 {
		t.Fatalf("%s is %q, not a number above 0", name, text)
	}
	return n
}

// siege is a history over an installation of several processes under attack.
type siege struct {
	testing.TB
	*fleet.Fleet
	*caller
	mode  market.Mode
	seed  uint64
	dice  draw           // for what is done to the fleet
	done  map[string]int // to the fleet
	stop  chan struct{}
	actor string // token of an operator

	mu     sync.Mutex
	people []*guest
	firms  []*house
	begun  int // sign-ups, answered or not
	acts   map[string]int
}

func newSiege(t *testing.T, server string, mode market.Mode, seed uint64) *siege {
	t.Helper()
	s := &siege{
		TB: t, mode: mode, seed: seed, dice: newDraw(seed, 1000), done: map[string]int{}, acts: map[string]int{}, stop: make(chan struct{}),
		Fleet: fleet.New(t, fleet.Options{Server: server, Webs: 3, Workers: 2, Env: []string{"ENISHI_MATCHING_MODE=" + string(mode)}}),
	}
	s.caller = newCaller(t, s.URL)
	const password = "a long password"
	if _, err := s.Run([]string{"ENISHI_USER_PASSWORD=" + password}, "user", "add", "--role", "operator", "--email", "o@example.jp"); err != nil {
		t.Fatal(err)
	}
	var session struct{ Token string }
	s.ask("POST", "/sessions", "", map[string]string{"email": "o@example.jp", "password": password}).into(t, &session)
	s.actor = session.Token
	return s
}

// run lets people and companies act while the fleet is disturbed.
func (s *siege) run(d time.Duration) {
	var all sync.WaitGroup
	const actors = 6
	for i := range uint64(actors) {
		all.Go(func() {
			d := newDraw(s.seed, i)
			for {
				select {
				case <-s.stop:
					return
				default:
					s.step(d)
				}
			}
		})
	}
	for end, i := time.Now().Add(d), 0; time.Now().Before(end) && !s.Failed(); i++ {
		fleet.Wait(s, time.Duration(s.dice.IntN(1500))*time.Millisecond)
		s.disturb(i)
	}
	close(s.stop)
	all.Wait()
}

// leaseAndMore is longer than the lease of the process that leads.
const leaseAndMore = 7 * time.Second

// disturb does one thing to the fleet; each history has some of these at least.
func (s *siege) disturb(round int) {
	all := s.All()
	p := all[s.dice.IntN(len(all))]
	first := []string{"kill the leader", "pause the leader", "cut", "redis", "database"}
	what := pick(s.dice, "kill", "kill", "pause", "replace", "kill the leader", "pause the leader", "database", "redis", "cut", "cut", "cut", "stall")
	if round < len(first) {
		what = first[round]
	}
	if what == "kill the leader" || what == "pause the leader" {
		if p = s.Leader(); p == nil {
			return // it has just fallen
		}
	}
	s.done[what]++
	switch what {
	case "kill", "kill the leader":
		p.Kill()
		p.Start()
		p.Ready()
	case "pause", "pause the leader":
		p.Pause()
		fleet.Wait(s, leaseAndMore)
		p.Continue()
	case "replace":
		p.Replace()
	case "database":
		s.KillDatabase()
		s.StartDatabase()
	case "redis":
		s.Redis.Kill()
		fleet.Wait(s, time.Second)
		s.Redis.Start()
	case "cut": // one after another, each in the middle of something else
		for range 5 {
			pick(s.dice, s.Database, s.Database, s.Cache, s.Front).Cut()
			fleet.Wait(s, time.Duration(s.dice.IntN(200))*time.Millisecond)
		}
	case "stall":
		l := pick(s.dice, s.Database, s.Cache, s.Front)
		l.Stall()
		fleet.Wait(s, 2*time.Second)
		l.Resume()
	}
}

// drain waits until every row of the log is followed and matched, and stays so
// while what was cut may still come to its end.
func (s *siege) drain() {
	s.Helper()
	const stays, limit = 10, 2 * time.Minute
	head, same := int64(-1), 0
	var seen string
	for deadline := time.Now().Add(limit); time.Now().Before(deadline); fleet.Wait(s, 200*time.Millisecond) {
		drained, now := true, head
		for _, p := range s.Webs {
			var at struct {
				Head    int64 `json:"log_head"`
				Applied int64 `json:"applied"`
				Matched int64 `json:"matched"`
			}
			r := s.at(p.URL(), "GET", "/status", "", nil)
			if seen = string(r.body); r.status != 200 || json.Unmarshal(r.body, &at) != nil {
				drained = false
				continue
			}
			drained = drained && at.Head == at.Applied && at.Head == at.Matched
			now = max(now, at.Head)
		}
		if same++; !drained || now != head {
			same = 0
		}
		if head = now; same >= stays {
			return
		}
	}
	s.Fatalf("not drained within %s: %s", limit, seen)
}

// verify holds the drained rows to the model and to what was answered.
func (s *siege) verify() {
	s.Helper()
	w := readRows(s, mysqltest.OpenAt(s, s.Address, mysql.Options{Connections: 4}))
	for _, text := range w.incomplete(s.mode) {
		s.Errorf("missed: %s", text)
	}
	for _, text := range w.lingering() {
		s.Errorf("lingering: %s", text)
	}
	s.verifyOnce(w)
	s.verifySound(w)
	s.verifyAnswered(w)
	s.verifySearches(w)
	states := map[string]int{}
	for _, o := range w.offers {
		states[string(o.State)]++
	}
	s.Logf("%s; what was done: %v; acts: %v", s.counted(), s.done, s.acts)
	s.Logf("%d people, %d companies, %d rules, %d rows of the log, offers: %v", len(w.candidates), len(w.companies), len(w.rules), len(w.log), states)
	if s.answered.Load() == 0 || len(w.offers) == 0 || len(s.done) < 3 {
		s.Error("nothing was tried")
	}
}

// verifyOnce holds that nothing was made or counted twice, and that the log has
// no gap.
func (s *siege) verifyOnce(w *rows) {
	s.Helper()
	automatic := map[pair]int64{}
	for _, o := range w.offers {
		at := pair{o.Position, o.Candidate}
		if other, ok := automatic[at]; ok && taking(&o) {
			s.Errorf("doubled: offers %d and %d of position %d to candidate %d", other, o.Key, o.Position, o.Candidate)
		}
		if taking(&o) {
			automatic[at] = o.Key
		}
	}
	st := standingOf(w.offers, w.today)
	for key := range w.rules {
		if w.spent[key] != st.total[key] {
			s.Errorf("rule %d has spent %d; its offers say %d", key, w.spent[key], st.total[key])
		}
	}
	for i, row := range w.log {
		if row.Pos != int64(i)+1 {
			s.Fatalf("row %d of the log has position %d", i+1, row.Pos)
		}
	}
	erased := 0
	for _, p := range s.people {
		if p.erased == yes {
			erased++
		}
	}
	if most := s.begun - erased; len(w.candidates) > most {
		s.Errorf("doubled: %d candidates of %d sign-ups, %d of them erased", len(w.candidates), s.begun, erased)
	}
}

// verifySound evaluates the match of each offer again that names the versions
// which still stand, and holds no offer to have been made to a person who had
// blocked the company on the version that it names.
func (s *siege) verifySound(w *rows) {
	s.Helper()
	evaluated := 0
	guests := map[string]*guest{}
	for _, p := range s.people {
		guests[p.id] = p
	}
	store := mysqltest.OpenAt(s, s.Address, mysql.Options{Connections: 4})
	err := store.Read(s.Context(), func(tx market.Tx) error {
		for _, o := range w.offers {
			c, there := w.candidates[o.Candidate]
			r := w.rules[o.Rule]
			if !there {
				continue
			}
			number := w.companies[o.Company].Number.String()
			if p := guests[c.ID.String()]; p != nil && p.blockedAt(o.CandidateSeen)[number] {
				s.Errorf("blocked: offer %d of company %s to candidate %d, who had blocked it on version %d", o.Key, number, c.Key, o.CandidateSeen)
			}
			if c.Version != o.CandidateSeen || r.Version != o.RuleVersion {
				continue
			}
			evaluated++
			p := w.pairing(r, c)
			var err error
			if p.terms, err = tx.Terms(o.Position, o.PositionVersion); err != nil {
				return fmt.Errorf("terms of offer %d: %w", o.Key, err)
			}
			p.today, p.p.State, p.k.Status, p.r.State, p.c.Open = o.SentDay, "published", "verified", "active", true
			p.r.Expires = max(p.r.Expires, p.today)
			p.group = nil // the group as it was is not known
			if why := p.fails(); why != "" {
				s.Errorf("unsound: offer %d, on the versions that it names, %s", o.Key, why)
			}
		}
		return nil
	})
	if err != nil {
		s.Fatal(err)
	}
	s.Logf("%d of %d offers evaluated again", evaluated, len(w.offers))
}

// verifySearches compares what each process counts with the model.
func (s *siege) verifySearches(w *rows) {
	s.Helper()
	asked := 0
	for _, f := range s.firms {
		for _, k := range w.companies {
			if k.ID.String() != f.id || k.Status != "verified" {
				continue
			}
			group, must, want := w.group(k), s.dice.must(), 0
			for _, c := range w.candidates {
				if c.Open && !blocks(&c, k.Number, group) && must.Holds(c.Record(w.today)) {
					want++
				}
			}
			for _, p := range s.Webs {
				var got struct{ Count int }
				s.at(p.URL(), "POST", "/candidates/search", f.token, map[string]any{"condition": must}).into(s, &got)
				if asked++; got.Count != want {
					s.Errorf("%s counts %d for company %s and %s, want %d", p.Name, got.Count, k.Number, text(must), want)
				}
			}
		}
	}
	if asked == 0 && len(s.firms) > 0 {
		s.Error("no search was asked: no company is verified")
	}
}

// verifyAnswered holds that everything is there that was answered with success.
func (s *siege) verifyAnswered(w *rows) {
	s.Helper()
	candidates, offers := map[string]bool{}, map[string]offer.State{}
	for _, c := range w.candidates {
		candidates[c.ID.String()] = true
	}
	for _, o := range w.offers {
		offers[o.ID.String()] = o.State
	}
	for _, p := range s.people {
		if p.erased == unknown {
			continue
		}
		if there := candidates[p.id]; there == (p.erased == yes) {
			s.Errorf("lost: candidate %s is there: %v; erased: %v", p.id, there, p.erased == yes)
			continue
		}
		if p.erased == no {
			s.verifyGuest(p, offers)
		}
	}
	for _, f := range s.firms {
		s.verifyHouse(f)
	}
}

func (s *siege) verifyGuest(p *guest, offers map[string]offer.State) {
	s.Helper()
	for part, k := range p.parts {
		s.same("candidate "+p.id+part, k, s.ofPerson(p, "GET", "/me"+part, nil), func(b []byte) string { return string(b) })
	}
	for id, k := range p.offers {
		state, there := offers[id]
		if !there {
			s.Errorf("lost: offer %s to candidate %s", id, p.id)
		}
		if may := reached(k.body, p.undone[id]); may != nil && !k.unsure && !slices.Contains(may, state) {
			s.Errorf("lost: candidate %s was answered %q on offer %s, which is %s", p.id, k.body, id, state)
		}
	}
}

func (s *siege) verifyHouse(f *house) {
	s.Helper()
	suspended := f.status.unsure || f.status.body == "suspended"
	for _, v := range f.positions {
		r := s.ofFirm(f, "GET", "/positions/"+v.id, nil)
		if suspended && r.fate() == no {
			continue
		}
		s.same("position "+v.id, &v.terms, r, func(b []byte) string { return asked(s, b) })
		var got struct {
			State     string
			Published int64 `json:"published_version"`
		}
		r.into(s, &got)
		if v.closed == yes && got.State != "closed" || got.Published < v.published {
			s.Errorf("lost: position %s is %+v; closed: %v, published: %d", v.id, got, v.closed == yes, v.published)
		}
	}
	for _, k := range f.rules {
		r := s.ofFirm(f, "GET", "/rules/"+k.id, nil)
		if suspended && r.fate() == no {
			continue
		}
		s.same("rule "+k.id, &k.asks, r, func(b []byte) string { return asked(s, b) })
		s.same("the state of rule "+k.id, &k.state, r, func(b []byte) string {
			var got struct{ State string }
			r.into(s, &got)
			return got.State
		})
	}
}

// same holds that what was answered as saved is what is read.
func (s *siege) same(what string, k *kept, r reply, part func([]byte) string) {
	s.Helper()
	if r.fate() != yes {
		s.Errorf("%s: %d %s", what, r.status, r.body)
		return
	}
	if got := part(r.body); k.body != "" && !k.unsure && got != k.body {
		s.Errorf("lost: %s is\n%s\nand was answered as\n%s", what, got, k.body)
	}
}
