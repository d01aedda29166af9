package web

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"

	"enishi/internal/httpx"
	"enishi/internal/market"
	"enishi/internal/taxonomy"
)

func (p *Pages) visitorRoutes() []Route {
	all := []Route{
		{Pattern: "GET /{$}", Who: Anyone, class: httpx.Ordinary, serve: p.landing},
		{Pattern: "GET /insight", Who: Anyone, class: httpx.Insight, serve: p.insight},
		{Pattern: "POST /signup", Who: Anyone, class: httpx.SignUp, serve: p.signUp, limited: true},
	}
	for at, q := range questions() {
		all = append(all, Route{
			Pattern: "GET /insight/" + q.name, Who: Anyone, class: httpx.Ordinary,
			serve: func(r *request) error { return p.ask(r, at) },
		})
	}
	return all
}

// group is an entry of a pick-list that has others below it.
type group struct {
	item  taxonomy.Item
	below []taxonomy.Item
}

// groups gives the leaves of a classification by the entries that they stand
// under.
func groups(kind taxonomy.Kind) []group {
	list := taxonomy.Of(kind)
	var out []group
	at := map[string]int{}
	for _, item := range list.Items() {
		if !list.Leaf(item.Code) {
			at[item.Code] = len(out)
			out = append(out, group{item: item})
			continue
		}
		if i, ok := at[item.Parent]; ok {
			out[i].below = append(out[i].below, item)
		}
	}
	return slices.DeleteFunc(out, func(g group) bool { return len(g.below) == 0 })
}

func (p *Pages) landing(r *request) error {
	shown, err := p.showcase.shown(r.Context(), p.market)
	if err != nil {
		return err
	}
	r.shared = r.sameForAll()
	return p.show(r, http.StatusOK, r.words.Say("登録する前に、自分の市場価値を。", "Know your market value before you register"),
		landingPage(r.words, answersOf(r.URL.Query()), nil, shown))
}

// showcase keeps the example of the landing page for a while: it is the same for
// everybody.
type showcase struct {
	mu    sync.Mutex
	until time.Time
	kept  shown
}

// shown is an insight of somebody who does not exist, and what there is in all.
type shown struct {
	answers          answers
	found            market.Insight
	rules, companies market.Reach
	approve          bool // companies confirm what is sent
}

// showcaseLife is how old the example may be.
const showcaseLife = time.Minute

// examples are people as there are many; the first for whom enough companies pay is
// shown, else the first.
func showcases() []answers {
	return []answers{
		{Occupation: "0312", Years: "5", Prefecture: "13", Pay: "520"},
		{Occupation: "0218", Years: "3", Prefecture: "13", Pay: "450"},
		{Occupation: "0101", Years: "5", Prefecture: "27", Pay: "380"},
	}
}

func (s *showcase) shown(ctx context.Context, m *market.Market) (shown, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if time.Now().Before(s.until) {
		return s.kept, nil
	}
	var out shown
	for i, a := range showcases() {
		v, err := a.visitor()
		if err != nil {
			return out, err
		}
		found, err := m.Insight(ctx, v)
		if err != nil {
			return out, err
		}
		if i == 0 || found.Pay != nil {
			out.answers, out.found = a, found
		}
		if found.Pay != nil {
			break
		}
	}
	out.rules, out.companies = m.Offering()
	out.approve = m.Mode() == market.Approve
	s.kept, s.until = out, time.Now().Add(showcaseLife)
	return out, nil
}
