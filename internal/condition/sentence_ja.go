package condition

import (
	"fmt"
	"strconv"
	"strings"

	"enishi/internal/taxonomy"
)

// japanese is the tongue of Japanese sentences.
type japanese struct{}

func (japanese) everyone(s Subject) string {
	if s == Positions {
		return "すべての求人"
	}
	return "すべての求職者"
}

func (japanese) nobody() string { return "該当なし" }

func (japanese) join(op Op, parts []string) string {
	if op == Any {
		return strings.Join(parts, "、または")
	}
	return strings.Join(parts, "、かつ")
}

func (japanese) grouped(text string) string { return "（" + text + "）" }

// except quotes the leaf, quotes within becoming inner ones.
func (japanese) except(leaf string) string {
	return "「" + strings.NewReplacer("「", "『", "」", "』").Replace(leaf) + "」を除く"
}

func (japanese) exceptAll(group string) string { return group + "を除く" }

func (t japanese) codes(q codesAsked) string {
	names := q.names(func(i taxonomy.Item) string { return t.name(q, i) })
	text := strings.Join(names, "または")
	if q.level == 0 {
		return fmt.Sprintf(t.phrase(q.field).held, text)
	}
	at, years := " ", " "
	if len(names) > 1 { // one and the same code has the level
		at, years = "のいずれかが", "のいずれかで"
	}
	switch q.field.Name {
	case "skill":
		return fmt.Sprintf("%s%sレベル%d以上", text, at, q.level)
	case "language":
		return text + at + cefrNames[q.level] + "以上"
	case "industry":
		text = "業種" + text
		if len(names) == 1 {
			years = "で"
		}
	}
	return fmt.Sprintf("%s%s%d年以上", text, years, q.level)
}

func (t japanese) lacking(q codesAsked) string {
	names := q.names(func(i taxonomy.Item) string { return t.name(q, i) })
	p := t.phrase(q.field)
	switch {
	case len(names) > 1 && q.field.Multi:
		return fmt.Sprintf(p.neither, strings.Join(names, "も"))
	case len(names) > 1:
		return fmt.Sprintf(p.neither, strings.Join(names, "または"))
	}
	return fmt.Sprintf(p.lacked, names[0])
}

// name quotes whatever could be read as more than one name, or as part of
// the sentence.
func (japanese) name(q codesAsked, i taxonomy.Item) string {
	quoted := "「" + i.JA + "」"
	switch {
	case q.group(i):
		return quoted + "の資格"
	case q.field.Name == "skill" && q.level == 0: // the phrase says スキル itself
		return strings.TrimSuffix(strings.TrimSuffix(i.JA, "スキル"), "の")
	case q.field.Name == "industry", strings.Contains(i.JA, "、"), q.several() && strings.Contains(i.JA, "・"):
		return quoted
	}
	return i.JA
}

// phrase gives the forms of a field without a level. A record may hold several
// codes of some fields, and of them 以外 would say too little: who worked in
// sales and in IT is 営業以外 as well.
func (japanese) phrase(f Field) phrase {
	switch {
	case f.Name == "occupation" && f.Multi:
		return phrase{"%sの経験あり", "%sの経験なし", "%sも経験なし"}
	case f.Name == "industry" && f.Multi:
		return phrase{"業種%sの経験あり", "業種%sの経験なし", "業種%sも経験なし"}
	}
	switch f.Name {
	case "skill":
		return phrase{"%sのスキルあり", "%sのスキルなし", "%sもスキルなし"}
	case "language":
		return phrase{"%sを使える", "%sを使えない", "%sも使えない"}
	case "certification":
		return phrase{"%sを保有", "%sを保有していない", "%sも保有していない"}
	case "willing_prefecture", "prefecture":
		return phrase{f.JA + "が%s", f.JA + "に%sを含まない", f.JA + "に%sも含まない"}
	case "residence", "employment_status", "occupation":
		return phrase{f.JA + "が%s", f.JA + "が%s以外", f.JA + "が（%s）以外"}
	case "industry":
		return phrase{"業種%s", "業種%s以外", "業種（%s）以外"}
	case "company":
		return phrase{"法人番号%sの企業", "法人番号%sの企業以外", "（法人番号%sの企業）以外"}
	}
	return phrase{"%s", "%s以外", "（%s）以外"}
}

func (japanese) number(f Field, s span) string {
	p := spanPhrase{f.JA + "%s以上", f.JA + "%s以下", f.JA + "%s〜%s", f.JA + "%s", ""}
	switch f.Name {
	case "available_in_days":
		p = spanPhrase{"入社可能まで%s以上", "%s以内に入社可能", "入社可能まで%s〜%s", "入社可能までちょうど%s", "すぐに入社可能"}
	case "last_active_days":
		p = spanPhrase{"最終利用から%s以上", "最終利用が%s以内", "最終利用から%s〜%s", "最終利用からちょうど%s", "最終利用が今日"}
	case "start_hour", "end_hour":
		p.atLeast, p.atMost = f.JA+"%s以降", f.JA+"%s以前"
	case "pay_min", "pay_max":
		p = spanPhrase{f.JA + "が%s以上", f.JA + "が%s以下", f.JA + "が%s〜%s", f.JA + "が%s", ""}
	case "experience_years":
		p.zero = f.JA + "1年未満"
	case "overtime_hours":
		p.zero = "残業なし"
	}
	bare := commas
	if f.UnitJA == "万円" {
		bare = func(n int) string { return commas(n) + "万" }
	}
	return p.put(s, bare, func(n int) string { return commas(n) + f.UnitJA })
}

func (t japanese) ordinal(f Field, lo, hi int) string {
	if lo == f.Lo && hi == f.Hi {
		return f.JA + "は問わない"
	}
	switch f.Name {
	case "management":
		return t.management(f, lo, hi)
	case "company_size":
		return t.companySize(f, lo, hi)
	case "remote":
		return [...][3]string{
			{"リモート不可（出社のみ）", "フルリモート以外"},
			{"", "一部リモート可", "リモート可（一部でも）"},
			{"", "", "フルリモート可"},
		}[lo][hi]
	case "weekly_days_off":
		return [...][4]string{
			{"週休1日または1日半", "完全週休2日未満", "完全週休2日以下"},
			{"", "隔週などの週休2日", "週休2日（隔週などを含む）", "週休2日以上（隔週などを含む）"},
			{"", "", "完全週休2日", "完全週休2日以上"},
			{"", "", "", "完全週休2日を超える（週休3日など）"},
		}[lo][hi]
	}
	list := taxonomy.Of(f.Classification)
	name := func(n int) string { return list.Name(strconv.Itoa(n), "ja") }
	switch {
	case lo == hi:
		return f.JA + "が" + name(lo)
	case hi == f.Hi:
		return f.JA + "が" + name(lo) + "以上"
	case lo == f.Lo:
		return f.JA + "が" + name(hi) + "以下"
	}
	return f.JA + "が" + name(lo) + "から" + name(hi) + "まで"
}

func (japanese) management(f Field, lo, hi int) string {
	most := "リーダー"
	if hi >= reports && hi < f.Hi {
		most = fmt.Sprintf("部下%d名", reportsFrom[hi+1]-1)
	}
	switch {
	case hi == noManagement:
		return "マネジメント経験なし"
	case lo == noManagement:
		return "マネジメント経験は" + most + "まで（なしを含む）"
	case hi == teamLead:
		return "リーダー経験（評価する部下なし）"
	case hi == f.Hi && lo == teamLead:
		return "リーダー以上のマネジメント経験"
	case hi == f.Hi:
		return fmt.Sprintf("部下%d名以上のマネジメント経験", reportsFrom[lo])
	case lo == teamLead:
		return "リーダーから" + most + "までのマネジメント経験"
	}
	return fmt.Sprintf("部下%d〜%d名のマネジメント経験", reportsFrom[lo], reportsFrom[hi+1]-1)
}

func (japanese) companySize(f Field, lo, hi int) string {
	switch {
	case hi == f.Hi:
		return "従業員" + commas(headcounts[lo]) + "人以上"
	case lo == f.Lo:
		return "従業員" + commas(headcounts[hi+1]-1) + "人以下"
	}
	return "従業員" + commas(headcounts[lo]) + "〜" + commas(headcounts[hi+1]-1) + "人"
}

func (japanese) unstated(f Field) string { return f.JA + "の記載なし" }

func (japanese) flag(f Field, is bool) string {
	if is {
		return f.JA
	}
	return f.NoJA
}

func (japanese) contains(text string, negated bool) string {
	text = "「" + strings.NewReplacer("「", "『", "」", "』").Replace(text) + "」"
	if negated {
		return "フリーワード" + text + "を含まない"
	}
	return "フリーワード" + text + "を含む"
}
