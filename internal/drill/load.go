package drill

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"enishi/internal/corpnum"
)

// load is what people do meanwhile: light, constant, of one company and of
// candidates who sign up and look at their offers.
type load struct {
	t      *testing.T
	url    string
	client *http.Client

	sent, failed, n atomic.Int64
	mu              sync.Mutex
	tokens          []string
	wrong           []string
}

// How many requests a second come, and how many of them sign up.
const (
	perSecond  = 10
	signUpEach = 10
	mostTokens = 50
)

// newLoad makes a company that would interview everybody, and begins.
func newLoad(t *testing.T, url string) *load {
	t.Helper()
	l := &load{t: t, url: url + "/api/v1", client: &http.Client{Timeout: 20 * time.Second}}
	l.hire()
	var all sync.WaitGroup
	all.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-t.Context().Done():
				return
			case <-time.After(time.Second / perSecond):
				all.Go(func() { l.ask(i) })
			}
		}
	})
	t.Cleanup(all.Wait) // the context has ended by then
	return l
}

func (l *load) hire() {
	l.t.Helper()
	var company struct{ Token string }
	var position, rule struct{ ID string }
	legal := map[string]string{}
	for _, item := range []string{"work", "work_change", "place", "place_change", "contract_term", "renewal_limit", "trial_period", "hours", "overtime", "holidays", "pay", "fixed_overtime_pay", "insurance", "smoking"} {
		legal[item] = "あり"
	}
	l.must("/companies", "", map[string]any{"corporate_number": corpnum.From(4242), "name": "訓練社", "size": 2, "email": "c@example.jp"}, &company)
	l.must("/positions", company.Token, map[string]any{
		"title": "開発", "occupation": "0312", "prefecture": []string{"13"}, "employment_type": "seishain", "pay_min": 500, "pay_max": 800, "legal": legal,
	}, &position)
	l.must("/positions/"+position.ID+"/publish", company.Token, nil, nil)
	l.must("/rules", company.Token, map[string]any{
		"position": position.ID, "kind": "interview", "must": map[string]any{"field": "occupation", "in": []string{"03"}, "min": 3}, "daily_budget": 100000, "total_budget": 100000,
	}, &rule)
	l.must("/rules/"+rule.ID+"/activate", company.Token, nil, nil)
	l.signUp() // whose token the first requests have
}

func (l *load) must(path, token string, body, into any) {
	l.t.Helper()
	status, text, err := l.do(http.MethodPost, path, token, body)
	if err != nil || status/100 != 2 {
		l.t.Fatalf("POST %s = %d %s, %v", path, status, text, err)
	}
	if into != nil {
		if err := json.Unmarshal(text, into); err != nil {
			l.t.Fatal(err)
		}
	}
}

func (l *load) do(method, path, token string, body any) (status int, text []byte, err error) {
	var sent io.Reader = http.NoBody
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return 0, nil, err
		}
		sent = bytes.NewReader(b)
	}
	r, err := http.NewRequestWithContext(context.Background(), method, l.url+path, sent)
	if err != nil {
		return 0, nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := l.client.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err = io.ReadAll(answer.Body)
	return answer.StatusCode, text, err
}

// ask sends the next request.
func (l *load) ask(i int) {
	if i%signUpEach == 0 {
		l.signUp()
		return
	}
	l.mu.Lock()
	token := l.tokens[i%len(l.tokens)]
	l.mu.Unlock()
	path := "/me/offers"
	if i%3 == 0 {
		path = "/me"
	}
	status, text, err := l.do(http.MethodGet, path, token, nil)
	l.note("GET "+path, status, text, err)
}

func (l *load) signUp() {
	var made struct{ Token string }
	status, text, err := l.do(http.MethodPost, "/candidates", "", map[string]any{
		"email":   fmt.Sprintf("drill%d@example.jp", l.n.Add(1)),
		"profile": map[string]any{"occupation": []map[string]any{{"code": "0312", "min": 5}}}, "wishes": map[string]any{"all": []any{}},
	})
	l.note("POST /candidates", status, text, err)
	if status != http.StatusCreated || json.Unmarshal(text, &made) != nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tokens = append(l.tokens, made.Token)
	l.tokens = l.tokens[max(0, len(l.tokens)-mostTokens):]
}

func (l *load) note(what string, status int, text []byte, err error) {
	l.sent.Add(1)
	if err == nil && status/100 == 2 {
		return
	}
	l.failed.Add(1)
	const most = 5
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.wrong) < most {
		l.wrong = append(l.wrong, fmt.Sprintf("%s = %d %.200s %v", what, status, text, err))
	}
}

// samples gives some of the requests that failed, and forgets them.
func (l *load) samples() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := slices.Clone(l.wrong)
	l.wrong = nil
	return out
}
