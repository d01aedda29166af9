package demo

import (
	"fmt"
	"strconv"
	"strings"

	"enishi/internal/position"
	"enishi/internal/taxonomy"
)

// deck deals the parts of a section in random order, each as often as the
// others, so that no sentence crowds the market.
type deck struct {
	parts []string
	left  []int
}

func (k *deck) deal(d draw) string {
	if len(k.left) == 0 {
		k.left = d.Perm(len(k.parts))
	}
	at := k.left[0]
	k.left = k.left[1:]
	return k.parts[at]
}

// writer writes the texts of positions.
type writer struct {
	*world
	draw
	decks map[string]*deck
}

func (x *writer) deal(section string) string {
	k, ok := x.decks[section]
	if !ok {
		k = &deck{parts: x.text[section]}
		x.decks[section] = k
	}
	return k.deal(x.draw)
}

// describe writes the title and the text of a position.
func (x *writer) describe(o *occupation, t *position.Terms, place string) {
	duties := some(x.draw, o.duties, len(o.duties))
	x.Shuffle(len(duties), func(i, j int) { duties[i], duties[j] = duties[j], duties[i] })
	names := taxonomy.Of(taxonomy.Skill)
	fill := strings.NewReplacer(
		"{a}", duties[0], "{b}", duties[1], "{c}", duties[len(duties)-1],
		"{w}", o.name, "{pl}", place, "{s}", names.Name(pick(x.draw, o.skills), "ja"),
		"{o}", fmt.Sprint(*t.OvertimeHours), "{h}", fmt.Sprint(*t.HolidaysPerYear),
		"{n}", fmt.Sprint(x.between(2, 9)), "{m}", fmt.Sprint(x.between(8, 40)),
	)
	lines := []string{
		"【仕事内容】", x.deal("lead") + second(duties, x.deal("next")),
		"【チーム】", x.deal("team/"+o.group) + "、" + x.deal("team/all"),
		"【働き方】", x.deal("day/"+o.group) + "、" + x.deal("day/all"),
		"【身につくこと】", x.deal("growth/"+o.group) + "、" + x.deal("growth/all"),
		"【歓迎】", x.deal("welcome"),
	}
	t.Text = fill.Replace(strings.Join(lines, "\n"))
	t.Title = fill.Replace(strings.SplitN(o.name, "（", 2)[0] + "｜" + x.deal("feature"))
}

// second is the sentence about a third duty, if there is one.
func second(duties []string, sentence string) string {
	if len(duties) < 3 {
		return ""
	}
	return sentence
}

// legal fills the items that the law asks for from the terms.
func (x *writer) legal(o *occupation, t *position.Terms, place string) position.Legal {
	rest := 60
	if *t.EndHour-*t.StartHour < 9 {
		rest = 45
	}
	l := position.Legal{
		Work:             "（雇入れ直後）" + o.name + "（" + strings.Join(o.duties, "、") + "）",
		WorkChange:       "（変更の範囲）" + pick(x.draw, []string{"変更なし", "会社の定める業務", "同じ部門の業務", o.name + "に関連する業務"}),
		Place:            "（雇入れ直後）" + place + "内の事業所",
		PlaceChange:      "（変更の範囲）変更なし",
		ContractTerm:     "期間の定めなし",
		RenewalLimit:     "該当なし",
		TrialPeriod:      pick(x.draw, []string{"3か月（条件の変更なし）", "3か月（条件の変更なし）", "6か月（条件の変更なし）", "2か月（条件の変更なし）", "なし"}),
		Hours:            fmt.Sprintf("%d時00分から%d時00分まで（休憩%d分）", *t.StartHour, *t.EndHour, rest),
		Overtime:         fmt.Sprintf("あり（月平均%d時間）", *t.OvertimeHours),
		Holidays:         fmt.Sprintf("年間休日%d日、%s", *t.HolidaysPerYear, taxonomy.Of(taxonomy.WeeklyDaysOff).Name(strconv.Itoa(*t.WeeklyDaysOff), "ja")),
		Pay:              payText(t),
		FixedOvertimePay: "なし（時間外手当は全額を別に支給）",
		Insurance:        "健康保険、厚生年金保険、雇用保険、労災保険",
		Smoking:          pick(x.draw, []string{"敷地内禁煙", "屋内禁煙", "屋内原則禁煙（喫煙専用室あり）"}),
	}
	if *t.OvertimeHours == 0 {
		l.Overtime = "なし"
	}
	if *t.Relocation {
		l.PlaceChange = "（変更の範囲）会社の定める国内の事業所"
	}
	if *t.Remote > 0 {
		l.Place += "または自宅"
	}
	if *t.ShiftWork {
		l.Hours = fmt.Sprintf("シフト制（%d時から%d時の間で実働8時間、休憩60分）", *t.StartHour, *t.EndHour)
	}
	if t.EmploymentType != "seishain" {
		l.ContractTerm = "期間の定めあり（12か月）。契約は更新する場合がある"
		l.RenewalLimit = pick(x.draw, []string{"上限なし", "通算4年まで", "更新は4回まで"})
	}
	if *t.FixedOvertimePay {
		hours := pick(x.draw, []int{10, 20, 30})
		l.FixedOvertimePay = fmt.Sprintf("あり（月%d時間分を含む。超えた分は別に支給）", hours)
	}
	return l
}

func payText(t *position.Terms) string {
	return fmt.Sprintf("月給%s〜%s、賞与年2回。年収%d万円〜%d万円（経験と能力による）",
		yen(*t.PayMin*10_000/14), yen(*t.PayMax*10_000/14), *t.PayMin, *t.PayMax) // a bonus of two months
}

// yen writes an amount rounded to 500 yen, with commas.
func yen(n int) string {
	s := strconv.Itoa(n / 500 * 500)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s + "円"
}
