package condition

import (
	"slices"
	"sync"

	"enishi/internal/taxonomy"
)

// Subject is what a condition speaks about.
type Subject uint8

// The subjects.
const (
	Profiles Subject = iota + 1
	Positions
)

// Kind is how a field is held and compared.
type Kind uint8

// The kinds of field.
const (
	Code     Kind = iota + 1 // one or more codes of a classification
	Levelled                 // codes, each at a level
	Ordinal                  // a number of a short ordered list
	Number                   // a whole number
	Flag                     // true or false
	Text                     // free text, searched by substring
)

// Field is a field that conditions speak about.
type Field struct {
	Name           string
	Kind           Kind
	Multi          bool          // holds several codes
	Classification taxonomy.Kind // "" for company, numbers, flags and text
	Steps          []int         // Levelled: the levels that can be held and asked for
	Lo, Hi         int           // Number and Ordinal: what can be held and asked for
	JA, EN         string        // label; of a Flag, what it says when true
	NoJA, NoEN     string        // Flag: what it says when false
	UnitJA, UnitEN string        // behind a number
}

// Steps of years, in an occupation or an industry.
var yearSteps = []int{0, 1, 3, 5, 7, 10, 15}

var fields = sync.OnceValue(func() map[Subject][]Field {
	return map[Subject][]Field{Profiles: profileFields(), Positions: positionFields()}
})

// Fields gives the fields of a subject in a fixed order.
func Fields(s Subject) []Field { return slices.Clone(fields()[s]) }

// FieldOf gives the field of a subject by its name.
func FieldOf(s Subject, name string) (Field, bool) {
	for _, f := range fields()[s] {
		if f.Name == name {
			return f, true
		}
	}
	return Field{}, false
}

func profileFields() []Field {
	return []Field{
		{Name: "occupation", Kind: Levelled, Multi: true, Classification: taxonomy.Occupation, Steps: yearSteps, JA: "職種", EN: "occupation"},
		{Name: "industry", Kind: Levelled, Multi: true, Classification: taxonomy.Industry, Steps: yearSteps, JA: "業種", EN: "industry"},
		{Name: "skill", Kind: Levelled, Multi: true, Classification: taxonomy.Skill, Steps: []int{1, 2, 3, 4, 5}, JA: "スキル", EN: "skill"},
		{Name: "language", Kind: Levelled, Multi: true, Classification: taxonomy.Language, Steps: []int{1, 2, 3, 4, 5, 6}, JA: "語学", EN: "language"},
		{Name: "certification", Kind: Code, Multi: true, Classification: taxonomy.Certification, JA: "資格", EN: "certification"},
		{Name: "willing_prefecture", Kind: Code, Multi: true, Classification: taxonomy.Prefecture, JA: "希望勤務地", EN: "willing to work in"},
		{Name: "residence", Kind: Code, Classification: taxonomy.Prefecture, JA: "居住地", EN: "residence"},
		{Name: "employment_status", Kind: Code, Classification: taxonomy.EmploymentStatus, JA: "就業状況", EN: "employment status"},
		{Name: "education", Kind: Ordinal, Classification: taxonomy.Education, Hi: 5, JA: "最終学歴", EN: "education"},
		{Name: "management", Kind: Ordinal, Classification: taxonomy.Management, Hi: 5, JA: "マネジメント経験", EN: "management experience"},
		{Name: "experience_years", Kind: Number, Hi: 70, JA: "社会人経験", EN: "work experience", UnitJA: "年", UnitEN: " years"},
		{Name: "employers", Kind: Number, Hi: 100, JA: "経験社数", EN: "number of employers", UnitJA: "社"},
		{Name: "pay", Kind: Number, Hi: 100_000, JA: "現在の年収", EN: "current annual pay", UnitJA: "万円", UnitEN: " × 10,000 yen"},
		{Name: "available_in_days", Kind: Number, Hi: 3_660, JA: "入社可能まで", EN: "available in", UnitJA: "日", UnitEN: " days"},
		{Name: "last_active_days", Kind: Number, Hi: 36_600, JA: "最終利用から", EN: "days since last activity", UnitJA: "日", UnitEN: " days"},
		{Name: "remote_ok", Kind: Flag, JA: "リモート勤務可", EN: "open to remote work", NoJA: "リモート勤務不可", NoEN: "no remote work"},
		{Name: "text", Kind: Text, JA: "フリーワード", EN: "text"},
	}
}

func positionFields() []Field {
	flag := func(name, ja, en, noJA, noEN string) Field {
		return Field{Name: name, Kind: Flag, JA: ja, EN: en, NoJA: noJA, NoEN: noEN}
	}
	return []Field{
		{Name: "occupation", Kind: Code, Classification: taxonomy.Occupation, JA: "職種", EN: "occupation"},
		{Name: "industry", Kind: Code, Classification: taxonomy.Industry, JA: "業種", EN: "industry"},
		{Name: "prefecture", Kind: Code, Multi: true, Classification: taxonomy.Prefecture, JA: "勤務地", EN: "place of work"},
		{Name: "employment_type", Kind: Code, Classification: taxonomy.EmploymentType, JA: "雇用形態", EN: "employment type"},
		{Name: "kind", Kind: Code, Classification: taxonomy.OfferKind, JA: "オファーの種類", EN: "kind of offer"},
		{Name: "company", Kind: Code, JA: "企業", EN: "company"},
		{Name: "pay_min", Kind: Number, Hi: 100_000, JA: "年収の下限", EN: "lowest annual pay", UnitJA: "万円", UnitEN: " × 10,000 yen"},
		{Name: "pay_max", Kind: Number, Hi: 100_000, JA: "年収の上限", EN: "highest annual pay", UnitJA: "万円", UnitEN: " × 10,000 yen"},
		{Name: "overtime_hours", Kind: Number, Hi: 744, JA: "月の残業", EN: "overtime a month", UnitJA: "時間", UnitEN: " hours"},
		{Name: "holidays_per_year", Kind: Number, Hi: 366, JA: "年間休日", EN: "holidays a year", UnitJA: "日", UnitEN: " days"},
		{Name: "start_hour", Kind: Number, Hi: 24, JA: "始業", EN: "start of work", UnitJA: "時", UnitEN: " o'clock"},
		{Name: "end_hour", Kind: Number, Hi: 24, JA: "終業", EN: "end of work", UnitJA: "時", UnitEN: " o'clock"},
		{Name: "remote", Kind: Ordinal, Classification: taxonomy.Remote, Hi: 2, JA: "リモート勤務", EN: "remote work"},
		{Name: "company_size", Kind: Ordinal, Classification: taxonomy.CompanySize, Hi: len(taxonomy.Of(taxonomy.CompanySize).Items()) - 1, JA: "企業規模", EN: "company size"},
		{Name: "weekly_days_off", Kind: Ordinal, Classification: taxonomy.WeeklyDaysOff, Hi: len(taxonomy.Of(taxonomy.WeeklyDaysOff).Items()) - 1, JA: "週休", EN: "weekly days off"},
		flag("flextime", "フレックスタイム制", "flextime", "フレックスタイム制なし", "no flextime"),
		flag("shift_work", "シフト勤務", "shift work", "シフト勤務なし", "no shift work"),
		flag("side_job_ok", "副業可", "side jobs allowed", "副業不可", "no side jobs"),
		flag("relocation", "転勤あり", "relocation possible", "転勤なし", "no relocation"),
		flag("fixed_overtime_pay", "固定残業代あり", "fixed overtime pay", "固定残業代なし", "no fixed overtime pay"),
		flag("discretionary_work", "裁量労働制", "discretionary work", "裁量労働制なし", "no discretionary work"),
		flag("smoke_free", "屋内禁煙", "smoke-free workplace", "屋内禁煙ではない", "no indoor smoking ban"),
		flag("childcare", "育児支援あり", "childcare support", "育児支援なし", "no childcare support"),
	}
}
