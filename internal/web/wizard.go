package web

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"enishi/internal/taxonomy"
)

// step is one question of the wizard.
type step struct {
	name     string
	optional bool
	// Of a question with a list that grows: its classification and the field of
	// answers that holds it.
	kind taxonomy.Kind
}

func questions() []step {
	return []step{
		{name: "occupation"},
		{name: "years"},
		{name: "prefecture"},
		{name: "pay"},
		{name: "skill", optional: true, kind: taxonomy.Skill},
		{name: "language", optional: true, kind: taxonomy.Language},
		{name: "certification", optional: true, kind: taxonomy.Certification},
		{name: "wishes", optional: true},
	}
}

// The names of what the wizard's buttons send: where to go, and what to leave out.
const (
	goValue   = "go"
	dropValue = "drop"
)

// asking is one question as it is shown.
type asking struct {
	step  step
	at    int // position among steps
	title string
	hint  string
	a     answers
	field code // of a question about codes
	level string
	wrong faults
}

// ask asks one question. Its form comes back here by GET: what was said is in the
// address, going on and going back are redirects.
func (p *Pages) ask(r *request, at int) error {
	q := r.URL.Query()
	k := asking{step: questions()[at], at: at, a: answersOf(q), wrong: faults{}}
	k.title, k.hint = question(r.words, k.step.name)
	k.read(r.words, q)
	next := ""
	switch target := q.Get(goValue); {
	case target == "back" && at > 0:
		r.see(k.a.at("/insight/" + questions()[at-1].name))
		return nil
	case len(k.wrong) > 0:
		return p.show(r, http.StatusUnprocessableEntity, k.title, wizardPage(r.words, k))
	case target == "result", target == "next" && at == len(questions())-1:
		next = "/insight"
	case target == "next":
		next = "/insight/" + questions()[at+1].name
	}
	if next != "" {
		k.a.open = nil
		r.see(k.a.at(next))
		return nil
	}
	return p.show(r, http.StatusOK, k.title, wizardPage(r.words, k))
}

// question says a question and a hint.
func question(w words, name string) (title, hint string) {
	switch name {
	case "occupation":
		return w.Say("いちばん長く続けた仕事は？", "What have you worked as longest?"),
			w.Say("漢字、かな、ローマ字、英語、略称で探せます（例：えいぎょう、SE、看護師）", "Type English, kanji, kana, romaji or a short form, such as nurse or eigyou")
	case "years":
		return w.Say("その仕事は何年になりますか？", "For how many years?"), ""
	case "prefecture":
		return w.Say("どこに住んでいますか？", "Where do you live?"), ""
	case "pay":
		return w.Say("いまの年収は？", "What are you paid now?"), w.Say("だいたいで構いません。答えなくても結果は見られます。", "Roughly. You can leave it out.")
	case "skill":
		return w.Say("使えるスキルは？", "Which skills do you have?"), w.Say("ひとつずつ選んで追加します", "Add one at a time")
	case "language":
		return w.Say("話せる言語は？", "Which languages do you speak?"), w.Say("ひとつずつ選んで追加します", "Add one at a time")
	case "certification":
		return w.Say("持っている資格は？", "Which certifications do you hold?"), w.Say("ひとつずつ選んで追加します", "Add one at a time")
	}
	return w.Say("次の仕事に求めることは？", "What do you want of the next job?"), w.Say("厳しくするほど、届くオファーは減ります。", "The more you ask, the fewer offers arrive.")
}

// read takes the fields of this question, and notes what is wrong with them if the
// visitor wants to go on.
func (k *asking) read(w words, q url.Values) {
	leaves := q.Get(goValue) != "" && q.Get(goValue) != "back"
	switch {
	case k.step.name == "occupation":
		k.field = codeOf(w, q, code{name: "occupation", label: w.Say("職種", "Occupation"), hint: k.hint, kind: taxonomy.Occupation})
		k.a.Occupation = k.field.value
		switch {
		case k.field.open() && (leaves || k.field.hits != nil && q.Has(findButton)):
			k.field.fault = k.field.choose(w)
		case leaves && k.field.value == "":
			k.field.fault = w.Say("職種を入力してください。", "Please type an occupation.")
		}
		if leaves && k.field.fault != "" {
			k.wrong["occupation"] = k.field.fault
		}
		k.keepOpen()
	case k.step.kind != "":
		k.readList(w, q, leaves)
	case leaves:
		_, err := k.a.profile()
		for name, text := range faultsOf(w, err) {
			if slices.Contains(k.fields(), name) {
				k.wrong[name] = text
			}
		}
	}
}

// keepOpen notes what is typed and not chosen.
func (k *asking) keepOpen() {
	k.a.open.Del(k.field.name + typedPart)
	if k.field.open() {
		k.a.open.Set(k.field.name+typedPart, k.field.text)
	}
}

// readList takes the entry that is added to a list, and the one that is dropped.
func (k *asking) readList(w words, q url.Values, leaves bool) {
	list := k.list()
	k.field = codeOf(w, q, code{name: "add" + k.step.name, label: listLabel(w, k.step.name), hint: k.hint, kind: k.step.kind})
	k.level = q.Get("level")
	if drop := q.Get(dropValue); drop != "" {
		*list = slices.DeleteFunc(slices.Clone(*list), func(s string) bool { return s == drop })
	}
	added := leaves || q.Get(goValue) == "back"
	switch {
	case k.field.value != "" && added:
		value := k.field.value
		if k.step.name != "certification" {
			level, err := strconv.Atoi(k.level)
			if err != nil {
				level = defaultLevel
			}
			value += ":" + strconv.Itoa(level)
		}
		*list = withCode(*list, value)
		k.field.value, k.field.text = "", ""
	case k.field.open() && (leaves || q.Has(findButton)):
		k.field.fault = k.field.choose(w)
		if leaves {
			k.wrong[k.field.name] = k.field.fault
		}
	}
	k.keepOpen()
}

// defaultLevel is proposed: one works with it; B1.
const defaultLevel = 3

// list gives the answers that a question with a list fills.
func (k *asking) list() *[]string {
	switch k.step.name {
	case "skill":
		return &k.a.Skill
	case "language":
		return &k.a.Language
	}
	return &k.a.Certification
}

// fields gives the names of the fields of this question.
func (k *asking) fields() []string {
	switch {
	case k.step.kind != "":
		return []string{"add" + k.step.name, k.step.name}
	case k.step.name == "wishes":
		return []string{"floor", "places", "remote", "remote_ok"}
	}
	return []string{k.step.name}
}

func listLabel(w words, name string) string {
	switch name {
	case "skill":
		return w.Say("スキル", "Skill")
	case "language":
		return w.Say("言語", "Language")
	}
	return w.Say("資格", "Certification")
}

// levels gives the levels of a list's entries; none for certifications.
func levels(w words, name string) []option {
	if name == "certification" {
		return nil
	}
	return heldLevels(w, name)
}

// heldName says an entry of a list with its level.
func heldName(w words, s step, value string) string {
	codeText, level, _ := strings.Cut(value, ":")
	out := w.Name(s.kind, codeText)
	for _, o := range levels(w, s.name) {
		if o.value == level {
			out += w.Say("（"+o.text+"）", " ("+o.text+")")
		}
	}
	return out
}

// said gives the answers so far, each with its step.
func said(w words, a answers) []answered {
	var out []answered
	add := func(step, label, text string) {
		if text != "" {
			out = append(out, answered{step, label, text})
		}
	}
	for _, o := range yearOptions(w) {
		if o.value == a.Years && a.Occupation != "" {
			add("occupation", w.Say("職種", "Occupation"), w.Name(taxonomy.Occupation, a.Occupation)+w.Say("・", ", ")+o.text)
		}
	}
	if a.Years == "" && a.Occupation != "" {
		add("occupation", w.Say("職種", "Occupation"), w.Name(taxonomy.Occupation, a.Occupation))
	}
	if a.Prefecture != "" {
		add("prefecture", w.Say("住まい", "Home"), w.Name(taxonomy.Prefecture, a.Prefecture))
	}
	if n, err := strconv.Atoi(a.Pay); err == nil {
		add("pay", w.Say("現在の年収", "Current pay"), w.Pay(n))
	}
	for _, s := range questions() {
		if s.kind == "" {
			continue
		}
		var names []string
		k := asking{step: s, a: a}
		for _, value := range *k.list() {
			names = append(names, heldName(w, s, value))
		}
		add(s.name, listLabel(w, s.name), strings.Join(names, w.Say("、", ", ")))
	}
	if c := a.wishes(); len(c.Kids) > 0 {
		add("wishes", w.Say("希望", "Wishes"), wishesText(w, a))
	}
	return out
}

// answered is what was said to a question.
type answered struct{ step, label, text string }

// wishesText says the wishes.
func wishesText(w words, a answers) string {
	var parts []string
	if n, err := strconv.Atoi(a.Floor); err == nil {
		parts = append(parts, w.Say("年収"+w.Pay(n)+"以上まで出る", "up to "+w.Pay(n)+" or more"))
	}
	if len(a.Places) > 0 {
		parts = append(parts, w.Names(taxonomy.Prefecture, a.Places))
	}
	if a.Remote == "1" || a.Remote == "2" {
		parts = append(parts, w.Name(taxonomy.Remote, a.Remote))
	}
	return strings.Join(parts, w.Say("・", "; "))
}

func holds(list []string, code string) bool { return slices.Contains(list, code) }

// anyOf says whether an entry below a group is chosen.
func anyOf(g group, chosen []string) bool {
	return slices.ContainsFunc(g.below, func(item taxonomy.Item) bool { return holds(chosen, item.Code) })
}
