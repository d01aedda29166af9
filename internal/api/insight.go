package api

import (
	"context"
	"net/http"

	"enishi/internal/candidate"
	"enishi/internal/census"
	"enishi/internal/condition"
	"enishi/internal/day"
	"enishi/internal/httpx"
	"enishi/internal/market"
)

// InsightBody is what somebody who has not registered says of themselves.
type InsightBody struct {
	Profile *candidate.Profile `json:"profile" doc:"As in a sign-up."`
	Wishes  *overPositions     `json:"wishes,omitempty" doc:"What they would accept; absent: every position."`
}

// Insight is what they would get. Pay is annual, in 10,000 JPY.
type Insight struct {
	Reach       Reach         `json:"reach" doc:"Active rules that would send to them: those with budget left when the day began."`
	WeeklyLimit int           `json:"weekly_limit" doc:"How many automatic offers somebody gets at most in seven days."`
	Pay         *PaySpread    `json:"pay,omitempty" doc:"Of the highest upper end of each company, in steps of 10; absent: fewer than five companies say."`
	Examples    []PayExample  `json:"examples" doc:"Three of those offers, the same all day; none if fewer than five companies have any."`
	BestEdit    *BestEdit     `json:"best_edit,omitempty" doc:"The single edit that adds the most rules; absent: none adds any."`
	Past        *PastReceived `json:"past,omitempty" doc:"What similar people received in the last 180 days; absent: not enough data."`
	Census      *CensusPay    `json:"census,omitempty" doc:"What the occupation earns by the official statistics; absent: no occupation was named."`
}

// Reach is a number made coarse: 0, under five, or rounded down to five.
type Reach struct {
	AtLeast int `json:"at_least" doc:"A multiple of 5."`
	Under   int `json:"under,omitempty" doc:"5 if there are one to four."`
}

// PaySpread holds quartiles of annual pay in 10,000 JPY.
type PaySpread struct {
	Low    int `json:"low"`
	Median int `json:"median"`
	High   int `json:"high"`
}

// PayExample is an offer without what tells whose it is.
type PayExample struct {
	Kind        string   `json:"kind"`
	Occupation  string   `json:"occupation,omitempty"`
	Industry    string   `json:"industry,omitempty" doc:"The division."`
	Prefecture  []string `json:"prefecture" doc:"At most three."`
	PayMin      *int     `json:"pay_min,omitempty"`
	PayMax      *int     `json:"pay_max,omitempty"`
	Remote      *int     `json:"remote,omitempty"`
	CompanySize int      `json:"company_size"`
}

// BestEdit is one thing to say otherwise.
type BestEdit struct {
	Of       string        `json:"of" enum:"profile,wishes" doc:"What is edited."`
	From     *anyCondition `json:"from,omitempty" doc:"Of the wishes: what stands there now."`
	To       *anyCondition `json:"to,omitempty" doc:"What the profile would hold besides, or the wish in the place of from; absent: that is given up."`
	Sentence Bilingual     `json:"sentence" doc:"to in words, or from if that is given up."`
	Gain     Reach         `json:"gain" doc:"How many more rules."`
}

// PastReceived is what similar people received: one figure for each person.
type PastReceived struct {
	People      int       `json:"people"`
	Pay         PaySpread `json:"pay" doc:"Of the highest upper end that each was offered, in steps of 10."`
	Occupations []string  `json:"occupations" doc:"Of the offers, the most frequent first; at most three."`
	Widened     []string  `json:"widened" doc:"What similar does not mean here, since too few people are alike in it: region, experience, occupation."`
	Until       day.Day   `json:"until" doc:"The last of the 180 days."`
}

// CensusPay holds quartiles by the wage census.
type CensusPay struct {
	Occupation string    `json:"occupation"`
	Pay        PaySpread `json:"pay"`
	Source     string    `json:"source"`
}

func (s *service) addInsight() {
	handleBody(s, operation{
		method: http.MethodPost, path: "/api/v1/insight", id: "insight", class: httpx.Insight, tag: tagVisitors,
		summary: "See what you would get, without registering",
		detail: "Nothing of it is stored. No answer changes by somebody's signing up on the same day: numbers are rounded, rules count by what was left of their budget" +
			" when the day began, and the past is told from a table that is made once a day and shows no fewer than five people, nor any change by fewer.",
		request: exampleInsightBody(), answer: exampleInsight(),
	}, s.insight)
}

func (s *service) insight(ctx context.Context, _ *none, b *InsightBody) (*answered[Insight], error) {
	v := market.Visitor{Profile: *b.Profile, Wishes: condition.Always()}
	if b.Wishes != nil {
		v.Wishes = b.Wishes.Condition
	}
	found, err := s.market.Insight(ctx, v)
	if err != nil {
		return nil, err
	}
	out := Insight{Reach: reachOf(found.Reach), WeeklyLimit: found.WeeklyLimit, Examples: make([]PayExample, len(found.Examples))}
	if found.Pay != nil {
		out.Pay = to(PaySpread(*found.Pay))
	}
	for i, e := range found.Examples {
		out.Examples[i] = PayExample(e)
		if e.Prefecture == nil {
			out.Examples[i].Prefecture = []string{}
		}
	}
	if found.Edit != nil {
		out.BestEdit = to(bestEditOf(found.Edit))
	}
	if p := found.Past; p != nil {
		out.Past = &PastReceived{p.People, PaySpread(p.Pay), p.Occupations, append([]string{}, p.Widened...), p.Until}
	}
	if c := found.Census; c != nil {
		out.Census = &CensusPay{c.Occupation, PaySpread(c.Spread), census.SourceJA}
	}
	return &answered[Insight]{out}, nil
}

func reachOf(r market.Reach) Reach { return Reach{AtLeast: r.AtLeast, Under: r.Under} }

func bestEditOf(e *market.Edit) BestEdit {
	out := BestEdit{Of: "profile", Gain: reachOf(e.Gain)}
	said, subject := e.To, condition.Profiles
	if e.To.Op != condition.All {
		out.To = &anyCondition{e.To}
	} else {
		said = e.From
	}
	if e.Wish {
		out.Of, out.From, subject = "wishes", &anyCondition{e.From}, condition.Positions
	}
	out.Sentence = Bilingual{said.Sentence(subject, "ja"), said.Sentence(subject, "en")}
	return out
}

func exampleInsightBody() InsightBody {
	wishes := exampleWishes()
	return InsightBody{to(exampleProfile()), &wishes}
}

func exampleInsight() Insight {
	edit := bestEditOf(&market.Edit{
		To:   condition.Condition{Op: condition.In, Field: "certification", In: []string{"driver-ordinary"}},
		Gain: market.Reach{AtLeast: 20},
	})
	return Insight{
		Reach: Reach{AtLeast: 15}, WeeklyLimit: 10, Pay: &PaySpread{550, 640, 760},
		Examples: []PayExample{{
			Kind: "interview", Occupation: "0312", Industry: "G", Prefecture: []string{"13"},
			PayMin: to(600), PayMax: to(900), Remote: to(1), CompanySize: 3,
		}},
		BestEdit: &edit,
		Past: &PastReceived{
			People: 42, Pay: PaySpread{520, 610, 720}, Occupations: []string{"0312"}, Widened: []string{"region"}, Until: day.Date(2026, 11, 22),
		},
		Census: &CensusPay{"0312", PaySpread{450, 540, 660}, census.SourceJA},
	}
}
