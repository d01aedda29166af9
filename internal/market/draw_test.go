package market_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"

	"enishi/internal/candidate"
	"enishi/internal/condition"
	"enishi/internal/corpnum"
	"enishi/internal/day"
	"enishi/internal/market"
	"enishi/internal/position"
	"enishi/internal/rule"
)

// draw gives random parts of a small market, in which most things meet.
type draw struct{ *rand.Rand }

func newDraw(seed, stream uint64) draw { return draw{rand.New(rand.NewPCG(seed, stream))} }

// chance is true p times of 100.
func (d draw) chance(p int) bool { return d.IntN(100) < p }

func pick[T any](d draw, list ...T) T { return list[d.IntN(len(list))] }

func some[T any](d draw, most int, list ...T) []T {
	var out []T
	for _, i := range d.Perm(len(list))[:1+d.IntN(most)] {
		out = append(out, list[i])
	}
	return out
}

func ptr[T any](v T) *T { return &v }

func occupations() []string { return []string{"0101", "0102", "0103", "0104"} }
func skills() []string      { return []string{"excel", "word", "powerpoint"} }
func prefectures() []string { return []string{"08", "09", "13"} }

// number gives one of the few corporate numbers of the market.
func (d draw) number() corpnum.Number { return numbered(d.IntN(24)) }

func numbered(i int) corpnum.Number { return corpnum.From(int64(700_000_000_000 + i)) }

func (d draw) profile(today day.Day) candidate.Profile {
	p := candidate.Profile{
		WillingPrefecture: some(d, 2, prefectures()...), Residence: pick(d, prefectures()...),
		EmploymentStatus: pick(d, "employed", "unemployed"),
	}
	for _, code := range some(d, 2, occupations()...) {
		p.Occupation = append(p.Occupation, candidate.Coded{Code: code, Min: pick(d, 0, 1, 3, 5, 7, 10, 15)})
	}
	for _, code := range some(d, 2, skills()...) {
		p.Skill = append(p.Skill, candidate.Coded{Code: code, Min: 1 + d.IntN(5)})
	}
	if d.chance(80) {
		p.Education, p.Pay = ptr(d.IntN(6)), ptr(300+10*d.IntN(40))
	}
	if d.chance(60) {
		p.AvailableFrom = ptr(today + day.Day(d.IntN(30)-8))
	}
	if d.chance(70) {
		p.RemoteOK = ptr(d.chance(50))
	}
	if d.chance(60) {
		p.BirthMonth = ptr(today.Month() - day.Month(20*12+d.IntN(20*12)))
	}
	if d.chance(15) {
		p.History = []candidate.Job{{
			Employer: candidate.Employer{Number: ptr(d.number())}, From: today.Month() - day.Month(1+d.IntN(100)),
			Occupation: pick(d, occupations()...),
		}}
		if d.chance(50) {
			p.History[0].To = ptr(p.History[0].From + day.Month(d.IntN(110)))
		}
	}
	return p
}

func in(field string, codes ...string) condition.Condition {
	return condition.Condition{Op: condition.In, Field: field, In: codes}
}

func inAt(field string, level int, codes ...string) condition.Condition {
	return condition.Condition{Op: condition.In, Field: field, In: codes, Min: &level}
}

func atLeast(field string, n int) condition.Condition {
	return condition.Condition{Op: condition.Range, Field: field, Min: &n}
}

func atMost(field string, n int) condition.Condition {
	return condition.Condition{Op: condition.Range, Field: field, Max: &n}
}

func is(field string, v bool) condition.Condition {
	return condition.Condition{Op: condition.Is, Field: field, Is: v}
}

func all(kids ...condition.Condition) condition.Condition {
	return condition.Condition{Op: condition.All, Kids: kids}
}

func anyOf(kids ...condition.Condition) condition.Condition {
	return condition.Condition{Op: condition.Any, Kids: kids}
}

func not(kid condition.Condition) condition.Condition {
	return condition.Condition{Op: condition.Not, Kids: []condition.Condition{kid}}
}

func (d draw) profileLeaf() condition.Condition {
	switch d.IntN(11) {
	case 0:
		return inAt("occupation", pick(d, 0, 1, 3, 5), some(d, 3, append(occupations(), "01")...)...)
	case 1:
		return inAt("skill", 1+d.IntN(4), some(d, 2, append(skills(), "g01")...)...)
	case 2:
		return in("residence", some(d, 2, append(prefectures(), "r-kanto")...)...)
	case 3:
		return in("willing_prefecture", some(d, 2, prefectures()...)...)
	case 4:
		return atLeast("education", d.IntN(4))
	case 5:
		return atMost("pay", 400+10*d.IntN(40))
	case 6:
		return is("remote_ok", d.chance(50))
	case 7:
		return atMost("available_in_days", d.IntN(20))
	case 8:
		return atLeast("available_in_days", d.IntN(10))
	case 9:
		return atMost("last_active_days", d.IntN(12))
	}
	return atLeast("last_active_days", d.IntN(6))
}

func (d draw) positionLeaf() condition.Condition {
	switch d.IntN(8) {
	case 0:
		return atLeast("pay_min", 300+10*d.IntN(20))
	case 1:
		return in("prefecture", some(d, 2, append(prefectures(), "r-kanto")...)...)
	case 2:
		return atLeast("remote", d.IntN(3))
	case 3:
		return in("kind", pick(d, "interview", "casual"))
	case 4:
		return in("occupation", some(d, 2, occupations()...)...)
	case 5:
		return not(in("company", d.number().String()))
	case 6:
		return is("flextime", d.chance(50))
	}
	return atLeast("company_size", d.IntN(3))
}

// condition gives a random condition that holds about half the time.
func (d draw) condition(leaf func() condition.Condition) condition.Condition {
	switch d.IntN(6) {
	case 0:
		return condition.Always()
	case 1:
		return all(leaf(), leaf())
	case 2:
		return anyOf(leaf(), leaf())
	case 3:
		return not(leaf())
	case 4:
		return all(anyOf(leaf(), not(leaf())), leaf())
	}
	return leaf()
}

func (d draw) must() condition.Condition   { return d.condition(d.profileLeaf) }
func (d draw) wishes() condition.Condition { return d.condition(d.positionLeaf) }

// publishable gives terms that lack nothing.
func publishable() position.Terms {
	t := position.Terms{
		Title: "総務担当", Occupation: "0102", Prefecture: []string{"13"}, EmploymentType: "seishain",
		PayMin: ptr(400), PayMax: ptr(600),
	}
	legal := reflect.ValueOf(&t.Legal).Elem()
	for i := range legal.NumField() {
		if legal.Field(i).Kind() == reflect.String {
			legal.Field(i).SetString("記載のとおり")
		}
	}
	return t
}

func (d draw) terms() position.Terms {
	t := publishable()
	t.Occupation, t.Prefecture = pick(d, occupations()...), some(d, 2, prefectures()...)
	t.PayMin = ptr(300 + 10*d.IntN(20))
	t.PayMax = ptr(*t.PayMin + 100)
	if d.chance(70) {
		t.Remote, t.Flextime = ptr(d.IntN(3)), ptr(d.chance(50))
	}
	return t
}

func (d draw) ruleInput(today day.Day) market.RuleInput {
	in := market.RuleInput{
		Kind: pick(d, "interview", "casual"), Must: d.must(), DailyBudget: pick(d, 1, 2, 3, 5, 50),
		TotalBudget: pick(d, 3, 8, 20, 500), OfferDays: pick(d, 0, 3, 14, 30),
	}
	for range d.IntN(3) {
		in.Prefer = append(in.Prefer, rule.Preference{Condition: d.must(), Weight: 1 + d.IntN(10)})
	}
	if d.chance(30) {
		in.Expires = today + day.Day(d.IntN(12))
	}
	if d.chance(15) {
		least := 20 + d.IntN(15)
		in.Age = &rule.AgeException{Exception: "2号", Min: least, Max: least + d.IntN(8), Reason: "法令の定めによる"}
	}
	return in
}

func (d draw) employers() []candidate.Employment {
	var out []candidate.Employment
	for range d.IntN(3) {
		out = append(out, candidate.Employment{Number: d.number(), Current: d.chance(60)})
	}
	return out
}

func (d draw) blocks() []corpnum.Number {
	var out []corpnum.Number
	for d.chance(30) {
		out = append(out, d.number())
	}
	return out
}

func (d draw) person(today day.Day, i int) market.SignUp {
	return market.SignUp{
		Email: fmt.Sprintf("p%d@example.jp", i), Profile: d.profile(today), Wishes: d.wishes(),
		Employers: d.employers(), Blocks: d.blocks(),
	}
}

// code gives the confirmation code in a mail.
func code(body string) string {
	_, after, _ := strings.Cut(body, "確認コード: ")
	return after
}

func jobAt(n corpnum.Number, from day.Month) candidate.Job {
	return candidate.Job{Employer: candidate.Employer{Number: &n}, From: from - 12}
}

func employed(at corpnum.Number) candidate.Employment {
	return candidate.Employment{Number: at, Current: true}
}

func beginningMonth() day.Month { return day.Of(beginning).Month() }
