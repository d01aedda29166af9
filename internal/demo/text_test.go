package demo

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"enishi/internal/position"
	"enishi/internal/taxonomy"
)

// digits are what a sentence is filled with; two sentences that differ in them
// alone read the same.
var digits = regexp.MustCompile(`[0-9]+`)

func TestNoSentenceCrowdsThePositions(t *testing.T) {
	w := small(t, 3000, 100, 1000)
	seen := map[string]int{}
	for i := range w.orders {
		for _, line := range strings.Split(w.orders[i].job.terms.Text, "\n") {
			if strings.HasPrefix(line, "【") {
				continue
			}
			for _, s := range strings.SplitAfter(line, "。") {
				seen[digits.ReplaceAllString(s, "#")]++
			}
		}
	}
	delete(seen, "")
	if len(seen) < 2000 {
		t.Errorf("%d different sentences, want 2,000 or more", len(seen))
	}
	for _, s := range slices.Sorted(maps.Keys(seen)) {
		if seen[s] > 20 {
			t.Errorf("%q stands %d times in 1,000 positions", s, seen[s])
		}
		if strings.ContainsAny(s, "{}[]") {
			t.Errorf("%q holds an unfilled place", s)
		}
	}
}

// What counts is the template, whatever it is filled with.
func TestNoTemplateCrowdsThePositions(t *testing.T) {
	alone(t)
	for _, o := range []Options{{Candidates: 3000, Companies: 100, Seed: 1}, {Candidates: 20_000, Companies: 400, Seed: 2}} {
		o.Rules, o.Today = 1000, today
		w, err := newWorld(o)
		if err != nil {
			t.Fatal(err)
		}
		x := w.writer()
		for i := range w.orders {
			x.write(w.orders[i].job)
		}
		most, used := 0, 0
		for name, k := range x.decks {
			for i, n := range k.dealt {
				used += min(n, 1)
				most = max(most, n)
				if n > 20 {
					t.Errorf("%s: %q is dealt %d times in 1,000 positions", name, k.parts[i].text, n)
				}
			}
		}
		t.Logf("%d templates used, the commonest %d times", used, most)
		if used < 800 {
			t.Errorf("%d templates are used, want 800 or more", used)
		}
	}
}

// Every occupation has a trade with sentences for each section that are true
// whatever the terms, and every fact that a template asks for is known.
func TestEveryTradeHasItsSentences(t *testing.T) {
	w := small(t, 300, 20, 20)
	facts := w.orders[0].job.facts()
	known := func(name string, texts []string, least int) {
		seen := map[string]bool{}
		for _, p := range newDeck(texts).parts {
			for _, need := range p.needs {
				if _, ok := facts[need]; !ok {
					t.Errorf("%s: %q asks for an unknown fact %q", name, p.text, need)
				}
			}
			if seen[p.text] || !strings.HasPrefix(name, "feature") && !strings.HasSuffix(p.text, "。") {
				t.Errorf("%s: %q stands twice or is no sentence", name, p.text)
			}
			seen[p.text] = true
			if len(p.needs) == 0 {
				least--
			}
		}
		if least > 0 {
			t.Errorf("%s: %d more sentences that are true of any position are needed", name, least)
		}
	}
	for i := range w.occupations {
		if w.trades[w.occupations[i].code] == nil {
			t.Fatalf("%s is in no trade", w.occupations[i].code)
		}
	}
	list := tradesOf(w.trades)
	for _, of := range list {
		for _, s := range sections {
			known(of.name+"/"+s.name, of.text[s.name], 2)
		}
	}
	if len(list) < 50 {
		t.Errorf("%d trades", len(list))
	}
	for section, least := range map[string]int{"lead": 60, "next": 60, "welcome": 60, "team/all": 60, "growth/all": 50, "day/all": 20, "feature": 40} {
		known(section, w.text[section], least)
		if n := len(w.text[section]); n < 60 {
			t.Errorf("%s: %d templates, want 60 or more", section, n)
		}
	}
}

// tradesOf gives the trades, each once, by name.
func tradesOf(byCode map[string]*trade) []*trade {
	seen := map[string]*trade{}
	for _, t := range byCode {
		seen[t.name] = t
	}
	var out []*trade
	for _, name := range slices.Sorted(maps.Keys(seen)) {
		out = append(out, seen[name])
	}
	return out
}

// jobs gives 1,200 positions of a market of the usual size.
func jobs(t *testing.T) (*world, []*job) {
	t.Helper()
	w := small(t, 20_000, 400, 1200)
	out := make([]*job, len(w.orders))
	for i := range out {
		out[i] = w.orders[i].job
	}
	return w, out
}

// amount reads a number with or without commas.
func amount(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(strings.ReplaceAll(s, ",", ""))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// found gives the numbers at the groups of a pattern, which must be there.
func found(t *testing.T, pattern *regexp.Regexp, s string) []int {
	t.Helper()
	m := pattern.FindStringSubmatch(s)
	if m == nil {
		t.Fatalf("%q has nothing like %s", s, pattern)
	}
	out := make([]int, len(m)-1)
	for i, g := range m[1:] {
		if g != "" {
			out[i] = amount(t, g)
		}
	}
	return out
}

var (
	payPattern      = regexp.MustCompile(`^月給([\d,]+)円〜([\d,]+)円(?:（基本給([\d,]+)円〜([\d,]+)円、固定残業手当([\d,]+)円〜([\d,]+)円を含む）)?、賞与(?:なし|年2回（計(\d)か月分）)。年収([\d,]+)万円〜([\d,]+)万円（経験と能力による）$`)
	fixedPattern    = regexp.MustCompile(`^あり（時間外労働の有無にかかわらず月(\d+)時間分として([\d,]+)円〜([\d,]+)円を支給し、(\d+)時間を超えた分は追加で支給。固定残業手当を除く基本給は([\d,]+)円〜([\d,]+)円）$`)
	overtimePattern = regexp.MustCompile(`^あり（月平均(\d+)時間(?:。36協定の特別条項あり)?）$`)
	holidayPattern  = regexp.MustCompile(`^年間休日(\d+)日、(.+)$`)
	hoursPattern    = regexp.MustCompile(`(\d+)時00分から(\d+)時00分まで`)
)

// The pay in words is the pay in numbers: months and bonuses come to the year
// within one per cent.
func TestPayTextIsThePay(t *testing.T) {
	_, list := jobs(t)
	bonuses := map[int]int{}
	for _, j := range list {
		n := found(t, payPattern, j.terms.Legal.Pay)
		least, most, bonus := n[0], n[1], n[6]
		baseLeast, baseMost := least, most
		if j.fixed > 0 {
			baseLeast, baseMost = n[2], n[3]
			if baseLeast+n[4] != least || baseMost+n[5] != most {
				t.Errorf("the parts do not make the whole: %s", j.terms.Legal.Pay)
			}
		}
		if n[7] != *j.terms.PayMin || n[8] != *j.terms.PayMax {
			t.Errorf("%s: the terms say %d to %d", j.terms.Legal.Pay, *j.terms.PayMin, *j.terms.PayMax)
		}
		for _, x := range []struct{ month, base, year int }{{least, baseLeast, n[7]}, {most, baseMost, n[8]}} {
			if off := float64(12*x.month+bonus*x.base)/float64(10_000*x.year) - 1; off < 0 || off > 0.01 {
				t.Errorf("%s: off by %.3f", j.terms.Legal.Pay, off)
			}
		}
		bonuses[bonus]++
	}
	if len(bonuses) < 4 {
		t.Errorf("bonuses %v", bonuses)
	}
}

// Fixed overtime names hours, amount, base pay without it and that more is paid
// on top; it pays what the law asks for, and stands only where there is overtime.
func TestFixedOvertimePayIsLawful(t *testing.T) {
	_, list := jobs(t)
	with := 0
	for _, j := range list {
		l := &j.terms.Legal
		if *j.terms.FixedOvertimePay != (j.fixed > 0) || *j.terms.FixedOvertimePay != strings.HasPrefix(l.FixedOvertimePay, "あり") ||
			*j.terms.FixedOvertimePay != strings.Contains(l.Pay, "固定残業手当") {
			t.Errorf("fixed overtime is %v, but %q and %q", *j.terms.FixedOvertimePay, l.FixedOvertimePay, l.Pay)
		}
		if j.fixed == 0 {
			continue
		}
		with++
		n, pay := found(t, fixedPattern, l.FixedOvertimePay), found(t, payPattern, l.Pay)
		if n[0] != j.fixed || n[3] != j.fixed || n[0] < *j.terms.OvertimeHours || n[0] > 45 || *j.terms.OvertimeHours < 5 {
			t.Errorf("%s beside %d hours of overtime", l.FixedOvertimePay, *j.terms.OvertimeHours)
		}
		if !slices.Equal([]int{n[4], n[5], n[1], n[2]}, pay[2:6]) {
			t.Errorf("%s: not what the pay says: %s", l.FixedOvertimePay, l.Pay)
		}
		if due := 1.25 * float64(n[4]) / j.monthlyHours() * float64(n[0]); float64(n[1]) < due {
			t.Errorf("%s: %.0f yen are due", l.FixedOvertimePay, due)
		}
	}
	if with < 40 {
		t.Errorf("%d positions have fixed overtime", with)
	}
}

// Base pay, without fixed overtime and bonuses, is at or above the minimum wage
// of each place for the scheduled hours.
func TestPayIsAboveTheMinimumWage(t *testing.T) {
	_, list := jobs(t)
	for _, j := range list {
		n := found(t, payPattern, j.terms.Legal.Pay)
		base := n[0]
		if j.fixed > 0 {
			base = n[2]
		}
		hours := float64(365-*j.terms.HolidaysPerYear) * 8 / 12
		for _, code := range j.terms.Prefecture {
			if least := float64(position.MinimumWage(code)); float64(base)/hours < least {
				t.Errorf("%s in prefecture %s with %d days off: %.0f yen an hour, want %.0f", j.terms.Legal.Pay, code, *j.terms.HolidaysPerYear, float64(base)/hours, least)
			}
		}
	}
}

// Days off leave at most 40 hours a week, and the text says how many.
func TestHolidaysTextIsTheHolidays(t *testing.T) {
	_, list := jobs(t)
	for _, j := range list {
		days := *j.terms.HolidaysPerYear
		m := holidayPattern.FindStringSubmatch(j.terms.Legal.Holidays)
		if m == nil || amount(t, m[1]) != days || m[2] != taxonomy.Of(taxonomy.WeeklyDaysOff).Name(strconv.Itoa(*j.terms.WeeklyDaysOff), "ja") {
			t.Errorf("%q beside %d days off, %d a week", j.terms.Legal.Holidays, days, *j.terms.WeeklyDaysOff)
		}
		if float64(365-days)*8 > 365.0/7*40 {
			t.Errorf("%d days off: more than 40 hours a week", days)
		}
	}
}

func TestOvertimeTextIsTheOvertime(t *testing.T) {
	_, list := jobs(t)
	for _, j := range list {
		hours, l := *j.terms.OvertimeHours, &j.terms.Legal
		all := j.terms.Title + j.terms.Text
		if hours == 0 {
			if !strings.HasPrefix(l.Overtime, "なし") || strings.Contains(all, "残業月") || strings.Contains(all, "残業は月") {
				t.Errorf("no overtime, but %q and\n%s", l.Overtime, all)
			}
			continue
		}
		if n := found(t, overtimePattern, l.Overtime); n[0] != hours || strings.Contains(l.Overtime, "特別条項") != (hours > 30) || hours < 5 {
			t.Errorf("%q beside %d hours", l.Overtime, hours)
		}
		for _, m := range regexp.MustCompile(`(?:残業は?|時間外の勤務は、)(?:月|月平均|月に|の時間は月)?(\d+)時間`).FindAllStringSubmatch(all, -1) {
			if amount(t, m[1]) != hours {
				t.Errorf("%q beside %d hours", m[0], hours)
			}
		}
		if strings.Contains(all, "残業ほぼなし") || strings.Contains(all, "残業はほとんどありません") {
			t.Errorf("%d hours of overtime, but\n%s", hours, all)
		}
	}
}

// The system of working hours is named, is one, and its hours are the terms'.
func TestHoursTextIsTheHours(t *testing.T) {
	_, list := jobs(t)
	kinds := map[string]int{}
	for _, j := range list {
		terms, s := &j.terms, j.terms.Legal.Hours
		n := 0
		for name, flag := range map[string]*bool{"フレックスタイム制": terms.Flextime, "専門業務型裁量労働制": terms.DiscretionaryWork, "変形労働時間制": terms.ShiftWork} {
			if *flag != strings.Contains(s, name) {
				t.Errorf("%s: %s is %v", s, name, *flag)
			}
			if *flag {
				n++
				kinds[name]++
			}
		}
		if n > 1 {
			t.Errorf("more than one system of hours: %s", s)
		}
		at := found(t, hoursPattern, s)
		if at[0] != *terms.StartHour || at[1] != *terms.EndHour || !*terms.ShiftWork && at[1]-at[0] != 9 {
			t.Errorf("%s: the terms say %d to %d", s, *terms.StartHour, *terms.EndHour)
		}
		if *terms.DiscretionaryWork && !slices.ContainsFunc(discretionaryWork, func(code string) bool { return strings.HasPrefix(terms.Occupation, code) }) {
			t.Errorf("discretionary work for %s", terms.Title)
		}
	}
	if len(kinds) != 3 {
		t.Errorf("systems of hours: %v", kinds)
	}
}

// Shifts and nights are spoken of only where there are any, and other facts
// only where they hold.
func TestTextAgreesWithTheTerms(t *testing.T) {
	_, list := jobs(t)
	for _, j := range list {
		// Skills that are welcome may be named after what the job does not have.
		text, _, _ := strings.Cut(j.terms.Text, "【歓迎】")
		all := j.terms.Title + "\n" + text
		for _, x := range []struct {
			words string
			holds bool
		}{
			{`シフト|早番|遅番|勤務表|夜勤は|泊まりの勤務|宿直|希望休`, *j.terms.ShiftWork},
			{`夜勤は|夜勤では|夜勤の班|夜勤の回数|泊まりの勤務|夜間は|夜間の出荷|深夜の割増賃金`, j.night},
			{`日勤のみ|日勤が中心|勤務時間固定|毎日同じ時間帯`, !*j.terms.ShiftWork},
			{`フレックス|コアタイム`, *j.terms.Flextime},
			{`在宅(勤務|の日|と出社|を中心|で|中心)|フルリモート`, *j.terms.Remote > 0},
			{`面談から始められます|まずはカジュアル面談で`, j.kind == "casual"},
			{`面接確約`, j.kind == "interview"},
			{`副業`, *j.terms.SideJobOK},
			{`転居を伴う(転勤なし|異動はありません)|転勤がなく`, !*j.terms.Relocation},
			{`勤務地は.*内`, len(j.terms.Prefecture) == 1 && !*j.terms.Relocation},
			{`正社員募集|腰を据えて|責任者候補`, j.terms.EmploymentType == "seishain"},
			{`契約社員募集|正社員への登用|正社員登用`, j.terms.EmploymentType == "keiyaku"},
			{`長距離`, strings.HasPrefix(j.terms.Occupation, "140")},
			{`厨房`, strings.HasPrefix(j.terms.Occupation, "060") || strings.HasPrefix(j.terms.Occupation, "0610") || strings.HasPrefix(j.terms.Occupation, "0919")},
			{`試作`, slices.Contains([]string{"02", "03", "04", "06", "10"}, j.terms.Occupation[:2]) && !strings.HasPrefix(j.terms.Occupation, "1020") && !strings.HasPrefix(j.terms.Occupation, "1021")},
		} {
			if !x.holds && regexp.MustCompile(x.words).MatchString(all) {
				t.Errorf("%q is found in\n%s", regexp.MustCompile(x.words).FindString(all), all)
			}
		}
		if strings.Contains(j.terms.Title, "その他") || strings.Contains(j.terms.Text, "その他の") || strings.Contains(all, "残業月0") {
			t.Errorf("unnatural: %s", all)
		}
	}
}

// Smoking is what the flag says, and forbidden where the law forbids it.
func TestSmokingTextFollowsTheFlag(t *testing.T) {
	_, list := jobs(t)
	seen := map[string]int{}
	for _, j := range list {
		s := j.terms.Legal.Smoking
		seen[s]++
		if free := s == "敷地内禁煙" || s == "屋内禁煙"; free != *j.terms.SmokeFree || !free && s != "屋内原則禁煙（喫煙専用室あり）" {
			t.Errorf("%q, but smoke_free is %v", s, *j.terms.SmokeFree)
		}
		if i := j.terms.Industry; (i == "81" || i == "83") && s != "敷地内禁煙" {
			t.Errorf("%s at %s", s, j.firm.Name)
		}
	}
	if len(seen) != 3 {
		t.Errorf("smoking: %v", seen)
	}
}

// The work begins at one place; others are for companies with several sites,
// and stand in what may change.
func TestPlacesAreThoseOfTheCompany(t *testing.T) {
	w, list := jobs(t)
	wide := 0
	for _, j := range list {
		l, home := &j.terms.Legal, w.prefectures[j.like.home]
		if want := "（雇入れ直後）" + home.name + "内の事業所"; strings.TrimSuffix(l.Place, "（在宅勤務の日は自宅）") != want {
			t.Errorf("place %q, want %q", l.Place, want)
		}
		if strings.Contains(l.Place, "自宅") != (*j.terms.Remote > 0) {
			t.Errorf("%q with remote %d", l.Place, *j.terms.Remote)
		}
		if !slices.Contains(j.terms.Prefecture, home.code) {
			t.Errorf("%v without the home %s", j.terms.Prefecture, home.code)
		}
		if len(j.terms.Prefecture) > 1 || *j.terms.Relocation {
			wide++
			if j.firm.Size < 3 {
				t.Errorf("%s with fewer than 100 people has several sites: %s", j.firm.Name, l.PlaceChange)
			}
			if strings.Contains(l.PlaceChange, "変更なし") {
				t.Errorf("%v, but %s", j.terms.Prefecture, l.PlaceChange)
			}
		}
		for _, code := range j.terms.Prefecture {
			if name := taxonomy.Of(taxonomy.Prefecture).Name(code, "ja"); !*j.terms.Relocation && len(j.terms.Prefecture) > 1 && !strings.Contains(l.PlaceChange, name) {
				t.Errorf("%s is not in %s", name, l.PlaceChange)
			}
		}
	}
	if wide < 100 {
		t.Errorf("%d positions have several places", wide)
	}
}

// A fixed term names its end, whether and by what it is renewed, and the limit.
func TestFixedTermsNameTheirRenewal(t *testing.T) {
	_, list := jobs(t)
	fixed := 0
	for _, j := range list {
		l := &j.terms.Legal
		if j.terms.EmploymentType == "seishain" {
			if l.ContractTerm != "期間の定めなし" || l.RenewalLimit != "該当なし" {
				t.Errorf("%q, %q", l.ContractTerm, l.RenewalLimit)
			}
			continue
		}
		fixed++
		if !strings.Contains(l.ContractTerm, "12か月") || !strings.Contains(l.ContractTerm, "更新の判断の基準：") || !strings.Contains(l.RenewalLimit, "上限") {
			t.Errorf("%q, %q", l.ContractTerm, l.RenewalLimit)
		}
	}
	if fixed < 30 {
		t.Errorf("%d fixed terms", fixed)
	}
}

// Few look for the best paid of an occupation.
func TestPayDoesNotChaseTheRichest(t *testing.T) {
	_, list := jobs(t)
	above := 0
	for _, j := range list {
		if float64(*j.terms.PayMin) > j.like.occupation.census.AnnualAt(0.9) {
			above++
		}
	}
	share := 100 * float64(above) / float64(len(list))
	t.Logf("%.1f %% of positions pay more than nine in ten of the occupation earn", share)
	if share > 12 {
		t.Errorf("%.1f %% of positions pay more than nine in ten of the occupation earn, want at most 12", share)
	}
}

// Every company has a form that fits its trade, and a size that does.
func TestCompaniesFitTheirTrade(t *testing.T) {
	for seed := range uint64(3) {
		w, err := newWorld(Options{Candidates: 500, Companies: 1500, Rules: 10, Seed: seed + 1, Today: today})
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]int{}
		for _, f := range w.firms {
			for what, x := range map[string]struct{ words, not string }{
				"an animal hospital is no medical corporation": {`動物病院`, `医療法人`},
				"law and accounting firms are no stock companies": {
					`(会計|法律|特許|司法書士|総合)事務所|税理士|弁護士`, `会社`,
				},
				"a bank is a stock company":        {`銀行`, `合同会社|銀行株式会社`},
				"a public body is no company":      {`(市|広域連合|消防組合)$`, `会社`},
				"a medical corporation is no 会社":   {`医療法人|社会福祉法人|学校法人|宗教法人`, `会社`},
				"a credit cooperative is no 会社":    {`信用金庫|信用組合|農業協同組合|森林組合`, `会社`},
				"an association has a form":        {`(協会|財団)$`, `^[^法]*$`},
				"a form stands once":               {`会社`, `会社.*会社|合同会社.*(法人|組合)`},
				"an insurer is no 合同会社":            {`生命保険|損害保険|証券`, `合同会社`},
				"a hospital's operator has a form": {`病院|クリニック|医院`, `^[^法会]*$`},
			} {
				if regexp.MustCompile(x.words).MatchString(f.Name) {
					seen[what]++
					if regexp.MustCompile(x.not).MatchString(f.Name) {
						t.Errorf("%s: %s", what, f.Name)
					}
				}
			}
			if public := regexp.MustCompile(`(市|広域連合|消防組合)$|^独立行政法人`).MatchString(f.Name); public != (f.industry == "97" || f.industry == "98") {
				t.Errorf("%s of industry %s", f.Name, f.industry)
			}
			if !regexp.MustCompile(`会社|法人|組合|金庫|機構|連合|市$`).MatchString(f.Name) {
				t.Errorf("%s has no form", f.Name)
			}
			for name, size := range map[string][2]int{"銀行": {4, 6}, "幼稚園": {0, 2}, "保育園": {0, 4}, "クリニック": {0, 2}, "動物病院": {0, 2}, "生命保険": {4, 6}, "法律事務所": {0, 4}, "学園": {2, 5}, "旅館": {0, 3}, "百貨店": {3, 6}} {
				if strings.Contains(f.Name, name) && (f.Size < size[0] || f.Size > size[1]) {
					t.Errorf("%s in size band %d", f.Name, f.Size)
				}
			}
		}
		if len(seen) < 8 {
			t.Errorf("only %v were looked at", seen)
		}
	}
}

// Whoever is looked for works in the trade of the company.
func TestCompaniesLookForTheirTrade(t *testing.T) {
	w, list := jobs(t)
	companies := map[string]bool{}
	for _, j := range list {
		companies[j.firm.Name] = true
		if !j.firm.employs(j.like.occupation) || j.terms.Industry != j.firm.industry {
			t.Errorf("%s looks for %s", j.firm.Name, j.like.occupation.name)
		}
	}
	if len(companies) < 200 {
		t.Errorf("%d companies have a position", len(companies))
	}
	all, without := 0.0, 0.0
	for i := range w.occupations {
		o := &w.occupations[i]
		all += o.workers
		if len(w.employersOf(o)) == 0 {
			without += o.workers
			t.Logf("no company for %s", o.name)
		}
	}
	if without > 0.03*all {
		t.Errorf("%.1f %% of people work where no company does", 100*without/all)
	}
	for _, x := range []struct {
		firm string
		does bool
		code string
	}{{"保育園", false, "0701"}, {"保育園", true, "0801"}, {"動物病院", true, "0903"}, {"動物病院", false, "0905"}, {"税理士法人", true, "1021"}, {"消防組合", false, "0125"}} {
		i := slices.IndexFunc(w.firms, func(f *firm) bool { return strings.Contains(f.Name, x.firm) })
		k := slices.IndexFunc(w.occupations, func(o occupation) bool { return o.code == x.code })
		if i < 0 || k < 0 {
			t.Fatalf("no %s or no %s", x.firm, x.code)
		}
		if w.firms[i].employs(&w.occupations[k]) != x.does {
			t.Errorf("%s employs %s: want %v", w.firms[i].Name, w.occupations[k].name, x.does)
		}
	}
}

// Every line of firm.tsv can be read, and each occupation has a kind of company.
func TestKindsOfCompanies(t *testing.T) {
	w := small(t, 300, 20, 20)
	line := regexp.MustCompile(`^[^;*]*\*[^;]*(;[0-6]-[0-6](;\d{2,4}(,\d{2,4})*)?)?$`)
	var kinds []*firm
	for industry, patterns := range w.firmPatterns {
		for _, s := range patterns {
			if !line.MatchString(s) {
				t.Errorf("industry %s: %q cannot be read", industry, s)
				continue
			}
			k := kindOf(s)
			if k.least > k.greatest {
				t.Errorf("industry %s: %q has no size", industry, s)
			}
			kinds = append(kinds, &firm{industry: industry, hires: k.hires})
		}
	}
	for i := range w.occupations {
		o := &w.occupations[i]
		if !slices.ContainsFunc(kinds, func(f *firm) bool { return f.employs(o) }) {
			t.Errorf("no kind of company has %s %s of industries %v", o.code, o.name, o.industries)
		}
	}
}

// A small company does not speak of more people than it has.
func TestTeamsAreNoLargerThanTheCompany(t *testing.T) {
	_, list := jobs(t)
	for _, j := range list {
		if j.firm.Size > 0 {
			continue
		}
		for _, m := range regexp.MustCompile(`(\d+)名`).FindAllStringSubmatch(j.terms.Text, -1) {
			if amount(t, m[1]) > 9 {
				t.Errorf("%s with up to 9 people: %s", j.firm.Name, m[0])
			}
		}
	}
}

// No template reads as if sex or age decided, even one that no position of the
// other tests was dealt.
func TestNoTemplateIsMarked(t *testing.T) {
	w := small(t, 300, 20, 20)
	check := func(section, text string) {
		for _, m := range (&position.Terms{Title: section, Text: text}).Wordings() {
			t.Errorf("%s: %q in %q is about %s", section, m.Found, text, m.About)
		}
	}
	n := 0
	for section, list := range w.text {
		for _, s := range list {
			check(section, s)
			n++
		}
	}
	for _, of := range tradesOf(w.trades) {
		for section, list := range of.text {
			for _, s := range list {
				check(of.name+"/"+section, s)
				n++
			}
		}
	}
	if n < 1000 {
		t.Error(fmt.Sprint(n, " templates, want 1,000 or more"))
	}
}
