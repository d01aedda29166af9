package api

import (
	"context"
	"net/http"
	"strconv"

	"github.com/google/uuid"

	"enishi/internal/day"
	"enishi/internal/errs"
	"enishi/internal/httpx"
	"enishi/internal/market"
	"enishi/internal/rule"
)

// RuleBody is what a company gives of a rule.
type RuleBody struct {
	Position    string             `json:"position" doc:"The id of a position of your company."`
	Kind        string             `json:"kind" enum:"interview,casual" doc:"interview: document screening is passed; casual: a talk."`
	Must        *overProfiles      `json:"must" doc:"Whom the company would interview."`
	Prefer      []Preference       `json:"prefer,omitempty" maxItems:"20" doc:"What ranks and does not exclude."`
	DailyBudget int                `json:"daily_budget" minimum:"1" maximum:"100000" doc:"Offers a day."`
	TotalBudget int                `json:"total_budget" minimum:"1" maximum:"100000" doc:"Offers in all."`
	Expires     *day.Day           `json:"expires,omitempty" doc:"The last day on which it sends; absent: a year from now."`
	OfferDays   *int               `json:"offer_days,omitempty" minimum:"3" maximum:"30" doc:"How many days an offer can be accepted; absent: 14."`
	Age         *rule.AgeException `json:"age,omitempty" doc:"An age condition, with its statutory exception and the reason shown to candidates."`
}

// Preference is a condition with its weight.
type Preference struct {
	Condition *overProfiles `json:"condition"`
	Weight    int           `json:"weight" minimum:"1" maximum:"10"`
}

// RuleEdit is an edit of a rule. What only the service sets may stand in it
// and is not read, so that an answer can be edited and sent back.
type RuleEdit struct {
	RuleBody
	ID         string   `json:"id,omitempty" doc:"Not read."`
	Version    int64    `json:"version,omitempty" doc:"Not read: If-Match says it."`
	State      string   `json:"state,omitempty" doc:"Not read."`
	SpentToday int      `json:"spent_today,omitempty" doc:"Not read."`
	SpentTotal int      `json:"spent_total,omitempty" doc:"Not read."`
	Due        *int     `json:"due,omitempty" doc:"Not read: of an activation."`
	Preview    *Preview `json:"preview,omitempty" doc:"Not read: of an activation."`
}

// RuleAnswer is a rule with what it has spent.
type RuleAnswer struct {
	ID         string `json:"id"`
	Version    int64  `json:"version"`
	State      string `json:"state" enum:"draft,active,paused,expired"`
	SpentToday int    `json:"spent_today"`
	SpentTotal int    `json:"spent_total"`
	RuleBody
}

func ruleOf(r *market.Ruled) RuleAnswer {
	out := RuleAnswer{
		ID: r.ID.String(), Version: r.Version, State: string(r.State), SpentToday: r.SpentToday, SpentTotal: r.SpentTotal,
		RuleBody: RuleBody{
			Position: r.PositionID.String(), Kind: r.Kind, Must: &overProfiles{r.Must},
			DailyBudget: r.DailyBudget, TotalBudget: r.TotalBudget, Expires: &r.Expires, OfferDays: &r.OfferDays, Age: r.Age,
		},
	}
	for _, p := range r.Prefer {
		out.Prefer = append(out.Prefer, Preference{&overProfiles{p.Condition}, p.Weight})
	}
	return out
}

// input gives the market's form of a rule's body.
func (b *RuleBody) input() (market.RuleInput, error) {
	out := market.RuleInput{
		Kind: b.Kind, Must: b.Must.Condition, DailyBudget: b.DailyBudget, TotalBudget: b.TotalBudget, Age: b.Age,
	}
	for _, p := range b.Prefer {
		out.Prefer = append(out.Prefer, rule.Preference{Condition: p.Condition.Condition, Weight: p.Weight})
	}
	var list []error
	var err error
	if out.Position, err = uuid.Parse(b.Position); err != nil {
		list = append(list, errs.AtPointer("/position", strconv.Quote(b.Position), "the id of a position of your company"))
	}
	if b.Expires != nil {
		if out.Expires = *b.Expires; out.Expires <= 0 {
			list = append(list, errs.AtPointer("/expires", out.Expires.String(), "today or later"))
		}
	}
	if b.OfferDays != nil {
		if out.OfferDays = *b.OfferDays; out.OfferDays == 0 {
			list = append(list, errs.AtPointer("/offer_days", "0", "3 to 30"))
		}
	}
	return out, errs.Join(list...)
}

func (s *service) addRules() {
	op := func(method, path, id, summary string) operation {
		return operation{
			method: method, path: "/api/v1/rules" + path, id: id, class: httpx.Ordinary, tag: tagCompanies, who: members,
			summary: summary, answer: exampleRule(),
		}
	}
	create := op(http.MethodPost, "", "add-rule", "Write a rule; it sends nothing until it is activated")
	create.status, create.request, create.errors = http.StatusCreated, exampleRuleBody(), []int{http.StatusConflict}
	handleBody(s, create, s.addRule)
	list := op(http.MethodGet, "", "rules", "Your company's rules")
	list.answer = page[RuleAnswer]{Items: []RuleAnswer{exampleRule()}}
	handle(s, list, s.rules)
	handle(s, op(http.MethodGet, "/{id}", "rule", "One of your company's rules"), s.rule(s.market.Rule))
	edit := op(http.MethodPut, "/{id}", "set-rule", "Replace what a rule asks; what it has spent stays spent")
	edit.detail = "A draft may be given another position; a rule that was activated once keeps its own."
	edit.request, edit.errors = exampleRuleBody(), []int{http.StatusConflict}
	handleBody(s, edit, s.setRule)
	pause := op(http.MethodPost, "/{id}/pause", "pause-rule", "Stop a rule; what it has sent stays")
	pause.errors = []int{http.StatusConflict}
	handle(s, pause, s.rule(s.market.Pause))
	s.addSending()
}

// rule makes a handler of what the market does with one rule.
func (s *service) rule(do func(context.Context, market.Actor, uuid.UUID) (market.Ruled, error)) func(context.Context, *Identified) (*tagged[RuleAnswer], error) {
	return func(ctx context.Context, in *Identified) (*tagged[RuleAnswer], error) {
		id, err := in.uuid("rule")
		if err != nil {
			return nil, err
		}
		r, err := do(ctx, actorOf(ctx), id)
		return shownRule(r, err)
	}
}

func shownRule(r market.Ruled, err error) (*tagged[RuleAnswer], error) {
	if err != nil {
		return nil, err
	}
	return &tagged[RuleAnswer]{etag(r.Version), ruleOf(&r)}, nil
}

func (s *service) addRule(ctx context.Context, in *Creation, b *RuleBody) (*tagged[RuleAnswer], error) {
	once, err := in.once(ctx)
	if err != nil {
		return nil, err
	}
	give, err := b.input()
	if err != nil {
		return nil, err
	}
	r, err := s.market.AddRule(ctx, actorOf(ctx), give, once)
	return shownRule(r, err)
}

func (s *service) setRule(ctx context.Context, in *edited, b *RuleEdit) (*tagged[RuleAnswer], error) {
	id, err := in.uuid("rule")
	if err != nil {
		return nil, err
	}
	version, err := in.version()
	if err != nil {
		return nil, err
	}
	give, err := b.input()
	if err != nil {
		return nil, err
	}
	r, err := s.market.SetRule(ctx, actorOf(ctx), id, version, give)
	return shownRule(r, err)
}

func (s *service) rules(ctx context.Context, in *Paging) (*answered[page[RuleAnswer]], error) {
	const list = "rules"
	after, err := in.key(ctx, s, list)
	if err != nil {
		return nil, err
	}
	found, err := s.market.Rules(ctx, actorOf(ctx), after, in.Limit+1)
	if err != nil {
		return nil, err
	}
	found, next := cutPage(found, in.Limit, func(r market.Ruled) int64 { return r.Key })
	items := make([]RuleAnswer, len(found))
	for i := range found {
		items[i] = ruleOf(&found[i])
	}
	out, err := paged(ctx, s, list, items, next)
	return &answered[page[RuleAnswer]]{out}, err
}
