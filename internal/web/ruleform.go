package web

import (
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"enishi/internal/condition"
	"enishi/internal/day"
	"enishi/internal/errs"
	"enishi/internal/market"
	"enishi/internal/position"
	"enishi/internal/rule"
	"enishi/internal/taxonomy"
)

// ruleForm is a rule as its form holds it, as it was typed.
type ruleForm struct {
	wanted  wanted // must
	form    filterForm
	prefer  []preference
	typed   url.Values // the other fields
	version int64      // of the rule that is edited, 0: a new one
	wrong   faults
}

// preference is a condition that ranks, with its weight as typed.
type preference struct {
	condition condition.Condition
	weight    string
}

// ruleFields are the fields of a rule beside its conditions.
func ruleFields() []string {
	return []string{"position", "kind", "daily_budget", "total_budget", "expires", "offer_days", "age", "age.exception", "age.reason", "age.min", "age.max"}
}

func readRuleForm(w words, v url.Values) ruleForm {
	f := ruleForm{wanted: readWanted(w, v, false), form: filterForm{all: v["all"], more: v["more"]}, typed: url.Values{}, wrong: faults{}}
	f.form.all = slices.DeleteFunc(f.form.all, func(name string) bool { return slices.Contains(v["few"], name) })
	for _, name := range ruleFields() {
		f.typed.Set(name, strings.TrimSpace(v.Get(name)))
	}
	f.version, _ = strconv.ParseInt(v.Get("version"), 10, 64)
	for i, text := range v["prefer"] {
		c, err := condition.Parse(condition.Profiles, []byte(text), false)
		if err != nil {
			continue // the form itself wrote it
		}
		p := preference{c, "5"}
		if weights := v["weight"]; i < len(weights) {
			p.weight = weights[i]
		}
		f.prefer = append(f.prefer, p)
	}
	return f
}

// newRuleForm gives the form of a rule that is yet to be written.
func newRuleForm(w words, v url.Values, today day.Day) ruleForm {
	f := readRuleForm(w, v)
	for name, value := range map[string]string{"kind": "interview", "daily_budget": "10", "total_budget": "100", "offer_days": "14", "expires": (today + 90).String()} {
		if f.typed.Get(name) == "" {
			f.typed.Set(name, value)
		}
	}
	return f
}

// formOfRule gives the form of a rule.
func formOfRule(r *market.Ruled) ruleForm {
	f := ruleForm{wanted: newWanted(false), version: r.Version, wrong: faults{}, typed: url.Values{
		"position": {r.PositionID.String()}, "kind": {r.Kind}, "daily_budget": {strconv.Itoa(r.DailyBudget)}, "total_budget": {strconv.Itoa(r.TotalBudget)},
		"expires": {r.Expires.String()}, "offer_days": {strconv.Itoa(r.OfferDays)},
	}}
	f.wanted.add(r.Must)
	for _, p := range r.Prefer {
		f.prefer = append(f.prefer, preference{p.Condition, strconv.Itoa(p.Weight)})
	}
	if a := r.Age; a != nil {
		f.typed.Set("age", "on")
		f.typed.Set("age.exception", a.Exception)
		f.typed.Set("age.reason", a.Reason)
		f.typed.Set("age.min", strconv.Itoa(a.Min))
		f.typed.Set("age.max", strconv.Itoa(a.Max))
	}
	return f
}

// move does what a button of the form says: takes a clause from what is required to
// what ranks, back again, or away.
func (f *ruleForm) move(w words, do string) {
	what, text, named := strings.Cut(do, ":")
	if !named {
		f.wanted = f.wanted.combine(w, do)
		return
	}
	i := f.wanted.find(text)
	if what == "require" || what == "forget" {
		i = slices.IndexFunc(f.prefer, func(p preference) bool { return jsonOf(p.condition) == text })
	}
	if i < 0 {
		return
	}
	switch what {
	case "prefer", "drop":
		c := f.wanted.clauses[i]
		f.wanted = f.wanted.without(i)
		if what == "prefer" {
			f.prefer = append(f.prefer, preference{c, "5"})
		}
	case "require", "forget":
		c := f.prefer[i].condition
		f.prefer = slices.Delete(slices.Clone(f.prefer), i, i+1)
		if what == "require" {
			f.wanted.add(c)
		}
	}
}

// input reads the form; what cannot be read is said in wrong.
func (f *ruleForm) input(w words) market.RuleInput {
	in := market.RuleInput{Kind: f.typed.Get("kind"), Must: f.wanted.condition()}
	var err error
	if in.Position, err = uuid.Parse(f.typed.Get("position")); err != nil {
		f.wrong["position"] = w.Say("求人を選んでください。", "Please choose a position.")
	}
	number := func(name string) int {
		n, err := numberOf(f.typed.Get(name), "件", "日", "歳")
		if err != nil || n == nil {
			if _, f.wrong[name] = ruleFault(w, errs.Problem{Pointer: "/" + name}); strings.HasPrefix(name, "age.") {
				f.wrong[name] = wholeFrom(w, rule.LeastAge, rule.MostAge)
			}
			return 0
		}
		return *n
	}
	in.DailyBudget, in.TotalBudget, in.OfferDays = number("daily_budget"), number("total_budget"), number("offer_days")
	if in.Expires, err = day.Parse(f.typed.Get("expires")); err != nil {
		f.wrong["expires"] = w.Say("日付を入力してください（例：2027-03-31）。", "Type a date, such as 2027-03-31.")
	}
	for _, p := range f.prefer {
		weight, err := strconv.Atoi(p.weight)
		if err != nil {
			f.wrong["prefer"] = w.Say("重みを1から10で選んでください。", "Choose a weight from 1 to 10.")
		}
		in.Prefer = append(in.Prefer, rule.Preference{Condition: p.condition, Weight: weight})
	}
	if f.typed.Get("age") != "" {
		in.Age = &rule.AgeException{Exception: f.typed.Get("age.exception"), Reason: f.typed.Get("age.reason"), Min: number("age.min"), Max: number("age.max")}
	}
	return in
}

// ready says whether everything could be read.
func (f *ruleForm) ready() bool { return len(f.wrong) == 0 && len(f.wanted.wrong) == 0 }

// refuse puts what the market refuses beneath its fields.
func (f *ruleForm) refuse(w words, err error) {
	var e *errs.Error
	if errors.As(err, &e) {
		for _, p := range e.Problems {
			name, text := ruleFault(w, p)
			f.wrong[name] = text
		}
	}
	if len(f.wrong) == 0 {
		f.wrong[""] = w.Say("保存できませんでした。入力した内容をご確認ください。", "This cannot be saved. Please look at what you typed.")
	}
}

// ruleFault gives the field that a problem is about, and what to say beneath it.
func ruleFault(w words, p errs.Problem) (name, text string) {
	first, rest, _ := strings.Cut(strings.TrimPrefix(p.Pointer, "/"), "/")
	switch first {
	case "position":
		if p.Found == "another position" {
			return first, w.Say("一度有効にしたオファー条件の求人は変えられません。別の求人には、新しいオファー条件を作ってください。", "A rule that was activated once keeps its position. Please make a new rule for another one.")
		}
		return first, w.Say("自社の求人を選んでください。", "Please choose a position of your company.")
	case "daily_budget", "total_budget":
		return first, w.Say("1〜100,000の整数で入力してください。", "Type a whole number from 1 to 100,000.")
	case "offer_days":
		return first, w.Say("3〜30の整数で入力してください。", "Type a whole number from 3 to 30.")
	case "expires":
		return first, w.Say("今日以降の日付を入力してください。", "Type today's date or a later one.")
	case "prefer":
		return first, w.Say("優先条件は20件まで、重みは1〜10です。", "There can be 20 preferences, each with a weight from 1 to 10.")
	case "age":
		return ageFault(w, rest, p)
	case "must":
		if strings.HasPrefix(p.Allowed, "3号イ") {
			return "age.exception", w.Say("この例外事由では、職種・業種・経験年数などの経験を必須にできません。必須条件から外してください。", "With this exception no experience may be required. Please take it out of what is required.")
		}
		return nestedName, w.Say("必須条件に使えない項目があります。", "Something in what is required cannot be asked.")
	}
	return "", p.String()
}

// ageFault says what an age condition lacks. Its ground's preconditions are told by
// the market.
func ageFault(w words, part string, p errs.Problem) (name, text string) {
	switch part {
	case "reason":
		return "age.reason", w.Say("理由を1〜500文字で入力してください。求職者に表示されます。", "Give the reason in 1 to 500 characters. Candidates see it.")
	case "min", "max":
		text = w.Say("この例外で認められる年齢ではありません。", "This exception does not allow that age.")
		return "age." + part, text + w.Say("（"+p.Allowed+"）", " ("+p.Allowed+")")
	}
	return "age.exception", w.Say("この例外事由の要件を満たしていません（"+p.Allowed+"）。", "What this exception needs is missing: "+p.Allowed+".")
}

// openPositions gives those that a rule can be made for.
func openPositions(w words, list []position.Position) []option {
	return positionChoices(w, slices.DeleteFunc(slices.Clone(list), func(p position.Position) bool { return p.State == position.Closed }))
}

// positionChoices names positions so that no two read the same: equal titles with what
// they pay and where they are, and by number where that is equal too. Drafts are marked.
func positionChoices(w words, list []position.Position) []option {
	titles, texts := map[string]int{}, map[string]int{}
	for i := range list {
		titles[list[i].Terms.Title]++
	}
	out := make([]option, len(list))
	for i := range list {
		t := &list[i].Terms
		text := t.Title
		if titles[text] > 1 {
			text = strings.Join(filled([]string{text, w.PayRange(t.PayMin, t.PayMax), w.Names(taxonomy.Prefecture, t.Prefecture)}), w.Say("・", ", "))
		}
		if texts[text]++; texts[text] > 1 {
			text += " (" + strconv.Itoa(texts[text]) + ")"
		}
		if list[i].State == position.Draft {
			text += w.Say("（下書き・未公開）", " (draft, not published)")
		}
		out[i] = option{list[i].ID.String(), text}
	}
	return out
}

// weights are those that a preference can have.
func weights() []option {
	out := make([]option, 10)
	for i := range out {
		n := strconv.Itoa(i + 1)
		out[i] = option{n, n}
	}
	return out
}

// ageGrounds are the statutory exceptions, in the words of the enforcement rules of
// the Labour Policies Comprehensive Promotion Act, article 1-3, paragraph 1.
func ageGrounds(w words) []option {
	return []option{
		{"1号", w.Say("1号：定年を上限とする、期間の定めのない募集", "No. 1: up to the age of retirement, open-ended contract")},
		{"2号", w.Say("2号：法令の規定による年齢制限", "No. 2: another statute limits the age")},
		{"3号イ", w.Say("3号イ：長期勤続によるキャリア形成（若年者・職業経験不問・無期）", "No. 3-i: long careers of the young, no experience asked, open-ended")},
		{"3号ロ", w.Say("3号ロ：技能・知識の継承のため、特定年齢層が少ない職種（無期）", "No. 3-ro: handing on skills where an age band is missing, open-ended")},
		{"3号ハ", w.Say("3号ハ：芸術・芸能における表現の真実性", "No. 3-ha: truth of expression in art and performance")},
		{"3号ニ", w.Say("3号ニ：60歳以上、または雇用を促進する施策の対象年齢", "No. 3-ni: 60 and older, or ages that a programme promotes")},
	}
}
