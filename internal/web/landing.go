package web

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"enishi/internal/candidate"
	"enishi/internal/condition"
	"enishi/internal/errs"
	"enishi/internal/httpx"
	"enishi/internal/market"
	"enishi/internal/taxonomy"
)

// answers are what a visitor chose, as it came.
type answers struct{ Occupation, Years, Prefecture, Pay string }

func answersOf(v url.Values) answers {
	return answers{v.Get("occupation"), v.Get("years"), v.Get("prefecture"), v.Get("pay")}
}

// yearSteps are the years that can be chosen: those that conditions ask for.
func yearSteps() []int {
	f, _ := condition.FieldOf(condition.Profiles, "occupation")
	return f.Steps
}

// profile makes a profile of the answers. What cannot be read is Invalid, by the
// pointer of its place in a profile.
func (a answers) profile() (candidate.Profile, error) {
	var p candidate.Profile
	var wrong []errs.Problem
	if a.Occupation != "" {
		held := candidate.Coded{Code: a.Occupation}
		if a.Years != "" {
			years, err := strconv.Atoi(a.Years)
			if err != nil || !slices.Contains(yearSteps(), years) {
				wrong = append(wrong, errs.Problem{Pointer: "/years", Found: strconv.Quote(a.Years), Allowed: "years from the list"})
			}
			held.Min = years
		}
		p.Occupation = []candidate.Coded{held}
	}
	if a.Prefecture != "" {
		p.Residence, p.WillingPrefecture = a.Prefecture, []string{a.Prefecture}
	}
	if a.Pay != "" {
		pay, err := strconv.Atoi(a.Pay)
		if err != nil {
			wrong = append(wrong, errs.Problem{Pointer: "/pay", Found: strconv.Quote(a.Pay), Allowed: "a whole number"})
		}
		p.Pay = &pay
	}
	if len(wrong) > 0 {
		return p, errs.AtPointers(wrong...)
	}
	return p, nil
}

// visitor asks nothing of offers: wishes are told after one has registered.
func visitor(p candidate.Profile) market.Visitor {
	return market.Visitor{Profile: p, Wishes: condition.Always()}
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

func (p *Pages) visitorRoutes() []Route {
	return []Route{
		{Pattern: "GET /{$}", Who: Anyone, class: httpx.Ordinary, serve: p.landing},
		{Pattern: "GET /insight", Who: Anyone, class: httpx.Insight, serve: p.insight},
		{Pattern: "POST /signup", Who: Anyone, class: httpx.SignUp, serve: p.signUp, limited: true},
	}
}

func (p *Pages) landing(r *request) error {
	return p.show(r, http.StatusOK, r.words.Say("登録する前に、自分の市場価値を。", "Know your market value before you register"),
		landingPage(r.words, answersOf(r.URL.Query()), nil))
}

func (p *Pages) insight(r *request) error {
	a := answersOf(r.URL.Query())
	profile, err := a.profile()
	var found market.Insight
	if err == nil {
		found, err = p.market.Insight(r.Context(), visitor(profile))
	}
	if errs.Is(err, errs.Invalid) {
		return p.show(r, http.StatusUnprocessableEntity, r.words.Say("入力をご確認ください", "Please look at what you chose"),
			landingPage(r.words, a, faultsOf(r.words, err)))
	}
	if err != nil {
		return err
	}
	return p.show(r, http.StatusOK, reached(r.words, found.Reach), insightPage(r.words, a, found, r.actor != nil, registration{}))
}

// reached says a reach in a sentence.
func reached(w words, reach market.Reach) string {
	switch {
	case reach.Under > 0:
		return w.Say("いま "+strconv.Itoa(reach.Under)+"件未満 のオファー条件に合っています", "You meet the terms of fewer than "+strconv.Itoa(reach.Under)+" offers now")
	case reach.AtLeast == 0:
		return w.Say("いま条件に合うオファーはありません", "No offer's terms are met now")
	}
	return w.Say("いま "+strconv.Itoa(reach.AtLeast)+"件以上 のオファー条件に合っています", "You meet the terms of "+strconv.Itoa(reach.AtLeast)+" offers or more now")
}
