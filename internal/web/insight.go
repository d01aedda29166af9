package web

import (
	"net/http"
	"strconv"
	"strings"

	"enishi/internal/condition"
	"enishi/internal/errs"
	"enishi/internal/market"
	"enishi/internal/taxonomy"
)

func (p *Pages) insight(r *request) error {
	a := answersOf(r.URL.Query())
	v, err := a.visitor()
	if err == nil && a.Occupation == "" { // what companies ask begins with it
		err = errs.AtPointer("/occupation", "nothing", "an occupation")
	}
	var found market.Insight
	if err == nil {
		found, err = p.market.Insight(r.Context(), v)
	}
	if errs.Is(err, errs.Invalid) {
		return p.askAgain(r, a, err)
	}
	if err != nil {
		return err
	}
	return p.show(r, http.StatusOK, reached(r.words, found.Reach), insightPage(r.words, a, found, r.actor != nil, p.market.Mode() == market.Approve, registration{}))
}

// askAgain shows the answers with what is wrong with them.
func (p *Pages) askAgain(r *request, a answers, wrong error) error {
	shown, err := p.showcase.shown(r.Context(), p.market)
	if err != nil {
		return err
	}
	all := faultsOf(r.words, wrong)
	if a.Occupation == "" && all["occupation"] != "" {
		all["occupation"] = r.words.Say("まず職種を選んでください。", "Please choose your occupation first.")
	}
	return p.show(r, http.StatusUnprocessableEntity, r.words.Say("入力をご確認ください", "Please look at what you chose"),
		landingPage(r.words, a, all, shown))
}

// unshown is a fault of an answer that the landing page has no field for.
type unshown struct{ label, text, without string }

// unshown gives them, with the address of the result without that answer.
func (a answers) unshown(w words, wrong faults) []unshown {
	var out []unshown
	for _, f := range []struct{ name, ja, en string }{
		{"skill", "スキル", "Skills"},
		{"language", "言語", "Languages"},
		{"certification", "資格", "Certifications"},
		{"willing", "働ける都道府県", "Prefectures that you would work in"},
		{"floor", "希望する年収", "Pay that you want"},
		{"places", "働きたい都道府県", "Where you want to work"},
		{"remote", "リモート勤務", "Remote work"},
	} {
		if text := wrong[f.name]; text != "" {
			at := "/insight"
			if q := a.without(f.name).Encode(); q != "" {
				at += "?" + q
			}
			out = append(out, unshown{w.Say(f.ja, f.en), text, at})
		}
	}
	return out
}

// reached says a reach in a sentence.
func reached(w words, reach market.Reach) string {
	switch {
	case reach.Under > 0:
		return w.Say("いま"+grouped(reach.Under)+"件未満のオファー条件に合っています", "You meet the terms of fewer than "+grouped(reach.Under)+" offers now")
	case reach.AtLeast == 0:
		return w.Say("いま条件に合うオファーはありません", "No offers match your answers now")
	}
	return w.Say("いま"+grouped(reach.AtLeast)+"件以上のオファー条件に合っています", "You meet the terms of "+grouped(reach.AtLeast)+" offers or more now")
}

// saidInLine gives answers in one line.
func saidInLine(w words, a answers) string {
	var out []string
	for _, line := range said(w, a) {
		out = append(out, line.text)
	}
	return strings.Join(out, w.Say("、", ", "))
}

// payHead says what is paid in one figure, where it may be shown.
func payHead(w words, found market.Insight) string {
	if found.Pay == nil {
		return w.Say("提示される年収", "What they pay")
	}
	return w.Say("提示される年収の中央値は"+w.Pay(found.Pay.Median)+"です", "The median pay on offer is "+w.Pay(found.Pay.Median))
}

// arrives says what comes of registering.
func arrives(w words, found market.Insight, approve bool) string {
	limit := grouped(found.WeeklyLimit)
	none := found.Reach.Under == 0 && found.Reach.AtLeast == 0
	switch {
	case none && approve:
		return w.Say("登録しておくと、条件の合うオファーが出たときに、企業に送るかを確認します。確認されたものが、1週間に"+limit+"件まで届きます。書類選考は通過済みです。", "Register, and companies that look for somebody like you are asked to confirm an offer. Those that are confirmed arrive, at most "+limit+" a week. Document screening is already passed.")
	case approve:
		return w.Say("登録すると、条件の合う企業に、オファーを送るかを確認します。確認されたものが、1週間に"+limit+"件まで届きます。書類選考は通過済みです。", "Once you register, these companies are asked to confirm their offer to you. Those that are confirmed arrive, at most "+limit+" a week. Document screening is already passed.")
	case none:
		return w.Say("登録しておくと、条件の合うオファーが出たときに、1週間に"+limit+"件まで届きます。書類選考は通過済みです。", "Register, and offers arrive when companies look for somebody like you, at most "+limit+" a week. Document screening is already passed.")
	}
	return w.Say("登録すると、条件の合うものから順に、1週間に"+limit+"件まで届きます。書類選考は通過済みです。", "Once you register, they arrive, the best matches first, at most "+limit+" a week. Document screening is already passed.")
}

// arrivesFor says to who does not look for work what comes of it for those who do.
func arrivesFor(w words, approve bool) string {
	if approve {
		return w.Say("企業が確認したものから、求職者に届きます。書類選考は通過済みです。", "They reach candidates once their companies confirm them. Document screening is already passed.")
	}
	return w.Say("条件の合うものから順に、求職者に届きます。書類選考は通過済みです。", "They reach candidates, the best matches first. Document screening is already passed.")
}

// agreed says what comes of terms and wishes that agree.
func agreed(w words, approve bool) string {
	if approve {
		return w.Say("両方の条件が合い、会社が確認すると、書類選考を通過したオファーが届きます。", "Where both agree, and the company confirms it, an offer arrives that has already passed document screening.")
	}
	return w.Say("両方の条件が合うと、書類選考を通過したオファーが届きます。", "Where both agree, an offer arrives that has already passed document screening.")
}

// gained says how much an edit adds.
func gained(w words, reach market.Reach) string {
	if reach.Under > 0 {
		return w.Say("+"+grouped(reach.Under)+"件未満", "adds fewer than "+grouped(reach.Under))
	}
	return w.Say("+"+grouped(reach.AtLeast)+"件以上", "adds "+grouped(reach.AtLeast)+" or more")
}

// rough says a coarse number, in Japanese with the word that counts such things.
func rough(w words, reach market.Reach, ja string) string {
	if reach.Under > 0 {
		return w.Say(grouped(reach.Under)+ja+"未満", "fewer than "+grouped(reach.Under))
	}
	if reach.AtLeast == 0 {
		return w.Say("0"+ja, "none yet")
	}
	n := grouped(reach.AtLeast)
	return w.Say(n+ja+"以上", n+" or more")
}

// editHead says what an edit is about, editText what it is.
func editHead(w words, e *market.Edit) string {
	switch {
	case !e.Wish:
		return w.Say("これを足すと広がります", "This would bring more")
	case e.To.Op == condition.All:
		return w.Say("これを外すと広がります", "Giving this up would bring more")
	}
	return w.Say("これを変えると広がります", "Changing this would bring more")
}

func editText(w words, e *market.Edit) string {
	if e.To.Field == "willing_prefecture" {
		place := w.Names(taxonomy.Prefecture, e.To.In)
		return w.Say(place+"でも働ける", "Being ready to work in "+place+" too")
	}
	said, subject := e.To, condition.Profiles
	if e.Wish {
		subject = condition.Positions
		if e.To.Op == condition.All {
			said = e.From
		}
	}
	if !e.Wish && len(said.In) == 1 && said.Min == nil {
		if f, ok := condition.FieldOf(condition.Profiles, said.Field); ok {
			return w.Name(f.Classification, said.In[0])
		}
	}
	return said.Sentence(subject, w.Code())
}

// paySpread draws what companies pay, with the reader's own pay and the census on it.
func paySpread(w words, a answers, found market.Insight) figure {
	t := strip{
		title: w.Say("提示される年収の幅", "How pay is spread"), say: w.Pay,
		names: quartiles(w), head: [2]string{w.Say("区分", "Figure"), w.Say("年収", "Annual pay")},
	}
	t.low, t.median, t.high = found.Pay.Low, found.Pay.Median, found.Pay.High
	if c := found.Census; c != nil {
		t.marks = append(t.marks, mark{w.Say("統計の中央値", "Census median"), c.Median, "other"})
	}
	if n, err := strconv.Atoi(a.Pay); err == nil && n > 0 {
		t.marks = append(t.marks, mark{w.Say("現在の年収", "Your pay"), n, "own"})
	}
	return t.figure()
}

// spreadOf draws a spread alone.
func spreadFigure(w words, title string, s market.Spread) figure {
	return strip{
		title: title, say: w.Pay, low: s.Low, median: s.Median, high: s.High,
		names: quartiles(w), head: [2]string{w.Say("区分", "Figure"), w.Say("年収", "Annual pay")},
	}.figure()
}

// pastHead says whom the past is of.
func pastHead(w words, p *market.Past) string {
	n := grouped(p.People)
	return w.Say("似た経歴の"+n+"人が、180日間に受け取ったオファー", "What "+n+" people like you were offered in 180 days")
}

// pastNote says who is counted: whom the answers name, or what was widened.
func pastNote(w words, a answers, p *market.Past) string {
	last := w.Date(p.Until)
	if a.Occupation == "" {
		return w.Say("職種が選ばれていないため、すべての職種の人を数えています。"+last+"まで。", "You have not said your occupation, so people of every occupation are counted. Up to "+last+".")
	}
	if len(p.Widened) == 0 {
		return w.Say("職種の分野・経験年数・地方が同じ人。"+last+"まで。", "The same field of work, years of experience and region. Up to "+last+".")
	}
	var ja, en []string
	for _, what := range p.Widened {
		switch what {
		case "region":
			ja, en = append(ja, "地方"), append(en, "region")
		case "experience":
			ja, en = append(ja, "経験年数"), append(en, "experience")
		case "occupation":
			ja, en = append(ja, "職種の分野"), append(en, "field of work")
		}
	}
	return w.Say("人数が足りないため、"+strings.Join(ja, "・")+"の違う人も含めて数えています。"+last+"まで。",
		"Too few people are like you, so those who differ in "+strings.Join(en, " and ")+" are counted too. Up to "+last+".")
}

// examplePlace says where an example is, and how much remote work it allows.
func examplePlace(w words, e market.Example) string {
	out := w.Names(taxonomy.Prefecture, e.Prefecture)
	if e.Remote != nil && *e.Remote > 0 {
		if out != "" {
			out += w.Say("・", ", ")
		}
		out += w.Name(taxonomy.Remote, strconv.Itoa(*e.Remote))
	}
	return out
}

// exampleFirm says what kind of company an example is of.
func exampleFirm(w words, e market.Example) string {
	size := w.Name(taxonomy.CompanySize, strconv.Itoa(e.CompanySize))
	if e.Industry == "" {
		return size
	}
	return w.Name(taxonomy.Industry, e.Industry) + w.Say("・", ", ") + size
}
