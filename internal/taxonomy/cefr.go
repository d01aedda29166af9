package taxonomy

import (
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// LanguageTest is a language test whose results say a CEFR level.
type LanguageTest struct {
	Code     string // as CEFR takes it
	Language string // code in Language
	JA, EN   string
	Source   string // who published the mapping
	Highest  int    // highest score
	Bands    []Band // best first
}

// Band is a range of results. Level is the CEFR level, A1 = 1 .. C2 = 6.
type Band struct {
	Grade string // the grade passed, "" for a test without grades
	From  int    // lowest score, 0 for a test without scores
	Level int
}

// GradeEN is the grade as its test calls it in English.
func (b Band) GradeEN() string {
	switch b.Grade {
	case "1級":
		return "Grade 1"
	case "準1級":
		return "Grade Pre-1"
	case "2級":
		return "Grade 2"
	case "準2級プラス":
		return "Grade Pre-2 Plus"
	case "準2級":
		return "Grade Pre-2"
	case "3級":
		return "Grade 3"
	}
	return b.Grade
}

// LanguageTests gives the tests and their bands, for people to choose from.
func LanguageTests() []LanguageTest {
	return []LanguageTest{
		{
			Code: "toeic-lr", Language: "en", JA: "TOEIC Listening & Reading", EN: "TOEIC Listening & Reading", Highest: 990,
			// ETS sets minimum scores for each section; these are their sums.
			Source: "ETS / IIBC: TOEIC Program各テストスコアとCEFRとの対照表",
			Bands:  []Band{{"", 945, 5}, {"", 785, 4}, {"", 550, 3}, {"", 225, 2}, {"", 120, 1}},
		},
		{
			Code: "eiken", Language: "en", JA: "実用英語技能検定（英検）", EN: "EIKEN Test in Practical English Proficiency",
			// Grades 4 and 5 test two skills only and are not mapped.
			Source: "文部科学省: 各資格・検定試験とCEFRとの対照表 (2018-03), 合格基準のCSEスコアによる",
			Bands:  []Band{{"1級", 0, 5}, {"準1級", 0, 4}, {"2級", 0, 3}, {"準2級プラス", 0, 2}, {"準2級", 0, 2}, {"3級", 0, 1}},
		},
		{
			Code: "jlpt", Language: "ja", JA: "日本語能力試験（JLPT）", EN: "Japanese-Language Proficiency Test (JLPT)", Highest: 180,
			Source: "Japan Foundation / JEES: CEFR levels for reference, since December 2025",
			Bands: []Band{
				{"N1", 142, 5},
				{"N1", 100, 4},
				{"N2", 112, 4},
				{"N2", 90, 3},
				{"N3", 104, 3},
				{"N3", 95, 2},
				{"N4", 90, 2},
				{"N5", 80, 1},
			},
		},
	}
}

// CEFR gives the level, A1 = 1 .. C2 = 6, that a test's result shows. The
// result is a score ("785"), a grade ("準1級", "N2") or a grade and a score
// ("N2 112"); a grade alone counts as just passed. ok is false for an unknown
// test, a result that it does not give, and one below its lowest band.
func CEFR(test, score string) (level int, ok bool) {
	for _, t := range LanguageTests() {
		if t.Code == test {
			return t.level(strings.Fields(strings.ToUpper(norm.NFKC.String(score))))
		}
	}
	return 0, false
}

func (t *LanguageTest) level(result []string) (level int, ok bool) {
	grade, score := "", -1
	if len(result) > 0 && t.Bands[0].Grade != "" {
		grade, result = result[0], result[1:]
	}
	switch len(result) {
	case 0:
		if grade == "" {
			return 0, false
		}
	case 1:
		n, err := strconv.Atoi(result[0])
		if err != nil || n < 0 || n > t.Highest {
			return 0, false
		}
		score = n
	default:
		return 0, false
	}
	for _, b := range t.Bands {
		switch {
		case b.Grade != grade:
		case score < 0:
			level, ok = b.Level, true // the last band of the grade is its pass mark
		case score >= b.From:
			return b.Level, true
		}
	}
	return level, ok
}
