package demo

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"enishi/internal/position"
	"enishi/internal/taxonomy"
)

// legal fills the items that the law asks for from the terms.
func (x *writer) legal(j *job, role string) position.Legal {
	t := &j.terms
	l := position.Legal{
		Work:         "（雇入れ直後）" + role + "の業務（" + strings.Join(j.like.occupation.duties, "、") + "）",
		WorkChange:   "（変更の範囲）" + pick(x.draw, []string{"変更なし", j.firm.noun() + "の定める業務", "同じ部門の業務", role + "に関連する業務"}),
		Place:        "（雇入れ直後）" + x.prefectures[j.like.home].name + "内の事業所",
		PlaceChange:  x.placeChange(j),
		ContractTerm: "期間の定めなし",
		RenewalLimit: "該当なし",
		TrialPeriod:  pick(x.draw, []string{"3か月（条件の変更なし）", "3か月（条件の変更なし）", "6か月（条件の変更なし）", "2か月（条件の変更なし）", "なし"}),
		Hours:        j.hours(),
		Overtime:     j.overtime(),
		Holidays:     fmt.Sprintf("年間休日%d日、%s", *t.HolidaysPerYear, taxonomy.Of(taxonomy.WeeklyDaysOff).Name(strconv.Itoa(*t.WeeklyDaysOff), "ja")),
		Insurance:    j.insurance(),
		Smoking:      x.smoking(j),
	}
	if *t.Remote > 0 {
		l.Place += "（在宅勤務の日は自宅）"
	}
	if t.EmploymentType != "seishain" {
		l.ContractTerm = "期間の定めあり（12か月）。契約を更新する場合がある。更新の判断の基準：契約期間満了時の業務量、従事している業務の進み具合、勤務の成績と態度、能力、" + j.firm.noun() + "の経営の状況"
		l.RenewalLimit = pick(x.draw, []string{"更新の上限なし", "通算の契約期間の上限は4年", "更新の回数の上限は4回"})
		l.TrialPeriod = pick(x.draw, []string{"1か月（条件の変更なし）", "2か月（条件の変更なし）", "なし"})
	}
	l.Pay, l.FixedOvertimePay = j.pay()
	return l
}

// placeChange says to which places the work may move.
func (x *writer) placeChange(j *job) string {
	if *j.terms.Relocation {
		return "（変更の範囲）" + j.firm.noun() + "の定める国内の事業所（転居を伴う異動がある）"
	}
	if len(j.terms.Prefecture) == 1 {
		return "（変更の範囲）変更なし"
	}
	var names []string
	for at, p := range x.prefectures {
		if j.places&(1<<at) != 0 {
			names = append(names, p.name)
		}
	}
	return "（変更の範囲）" + strings.Join(names, "、") + "内の事業所（配属先は希望を伺って決め、本人の同意なく転居を伴う異動はない）"
}

// hours names the system of working hours.
func (j *job) hours() string {
	t := &j.terms
	start, end := *t.StartHour, *t.EndHour
	switch {
	case j.night:
		return fmt.Sprintf("3交替制（%d時00分から%d時00分まで、16時00分から翌1時00分まで、0時00分から9時00分まで。各休憩60分、実働8時間。1か月単位の変形労働時間制）", start, end)
	case *t.ShiftWork:
		return fmt.Sprintf("シフト制（%d時00分から%d時00分までの間で実働8時間、休憩60分。1か月単位の変形労働時間制）", start, end)
	case *t.DiscretionaryWork:
		return fmt.Sprintf("専門業務型裁量労働制（本人の同意を得て適用し、1日8時間働いたものとみなす。目安は%d時00分から%d時00分まで、休憩60分）", start, end)
	case *t.Flextime:
		return fmt.Sprintf("フレックスタイム制（標準の労働時間は1日8時間、目安は%d時00分から%d時00分まで、休憩60分。コアタイムは11時00分から15時00分まで、清算期間は1か月）", start, end)
	}
	return fmt.Sprintf("%d時00分から%d時00分まで（休憩60分、実働8時間）", start, end)
}

// specialClause is the overtime of an average month, 30 hours, above which a
// year comes to more than the 360 hours that need no special clause.
const specialClause = 30

// overtime says how much there is, and whether the agreement under article 36
// of the Labour Standards Act needs its special clause.
func (j *job) overtime() string {
	switch n := *j.terms.OvertimeHours; {
	case n == 0 && *j.terms.DiscretionaryWork:
		return "なし（みなし労働時間は法定の範囲内。深夜と休日の労働には割増賃金を支給）"
	case n == 0:
		return "なし"
	case n > specialClause:
		return fmt.Sprintf("あり（月平均%d時間。36協定の特別条項あり）", n)
	default:
		return fmt.Sprintf("あり（月平均%d時間）", n)
	}
}

// pay writes how the annual pay is made up, and the fixed overtime in it.
func (j *job) pay() (pay, fixed string) {
	t := &j.terms
	base := func(annual int) int { return hundreds(float64(annual) * 10_000 / j.perBase(j.bonus)) }
	least, most := base(*t.PayMin), base(*t.PayMax)
	month := yen(least) + "〜" + yen(most)
	fixed = "なし（時間外労働の割増賃金は全額を別に支給）"
	if *t.DiscretionaryWork {
		fixed = "なし"
	}
	if j.fixed > 0 {
		extra := func(base int) int { return hundreds(overtimePremium * float64(base*j.fixed) / j.monthlyHours()) }
		held := yen(extra(least)) + "〜" + yen(extra(most))
		month = fmt.Sprintf("%s〜%s（基本給%s、固定残業手当%sを含む）", yen(least+extra(least)), yen(most+extra(most)), month, held)
		fixed = fmt.Sprintf("あり（時間外労働の有無にかかわらず月%d時間分として%sを支給し、%d時間を超えた分は追加で支給。固定残業手当を除く基本給は%s）",
			j.fixed, held, j.fixed, yen(least)+"〜"+yen(most))
	}
	bonus := "賞与なし"
	if j.bonus > 0 {
		bonus = fmt.Sprintf("賞与年2回（計%dか月分）", j.bonus)
	}
	return fmt.Sprintf("月給%s、%s。年収%s万円〜%s万円（経験と能力による）", month, bonus, thousands(*t.PayMin), thousands(*t.PayMax)), fixed
}

// insurance names what applies: local government, private schools and seafarers
// have schemes of their own.
func (j *job) insurance() string {
	switch {
	case j.firm.public():
		return "共済組合（短期・長期給付）、地方公務員災害補償"
	case j.firm.industry == "81":
		return "私学共済（健康保険・年金）、雇用保険、労災保険"
	case j.terms.Occupation == "1412":
		return "船員保険、厚生年金保険、雇用保険、労災保険"
	}
	return "健康保険、厚生年金保険、雇用保険、労災保険"
}

// smoking says what is done against second-hand smoke.
func (x *writer) smoking(j *job) string {
	switch {
	case j.noSmokeByLaw():
		return "敷地内禁煙"
	case *j.terms.SmokeFree:
		return pick(x.draw, []string{"敷地内禁煙", "屋内禁煙"})
	}
	return "屋内原則禁煙（喫煙専用室あり）"
}

// hundreds rounds up to 100 yen.
func hundreds(yen float64) int { return int(math.Ceil(yen/100)) * 100 }

// yen writes an amount with commas.
func yen(n int) string { return thousands(n) + "円" }

// thousands writes a number in groups of three digits.
func thousands(n int) string {
	s := []byte(strconv.Itoa(n))
	for i := len(s) - 3; i > 0; i -= 3 {
		s = slices.Insert(s, i, ',')
	}
	return string(s)
}
