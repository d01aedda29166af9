package position

import (
	"regexp"
	"sync"

	"golang.org/x/text/unicode/norm"
)

// About is what a wording touches that hiring must not turn on.
type About string

// What is looked for: sex, age, and what employers must not ask about.
const (
	AboutSex     About = "sex"
	AboutAge     About = "age"
	AboutPrivate About = "private"
)

// Wording is a place in the terms that reads as if sex or age decided, or as
// if something were asked that is nobody's business.
type Wording struct {
	Pointer string // JSON pointer into the terms
	Found   string // the words, half-width
	About   About
}

// Explain says in Japanese (ja) or English (en) why the words are marked and
// what to do.
func (w Wording) Explain(lang string) string {
	why, ok := explained()[w.About]
	if !ok {
		return ""
	}
	if lang == "en" {
		return why.en
	}
	return why.ja
}

type bilingual struct{ ja, en string }

// explained names the law behind each mark: the Equal Employment Opportunity
// Act, article 5; the Labour Policies Comprehensive Promotion Act, article 9;
// the Employment Security Act, article 5-5, with the guideline under it
// (Ministry of Labour notification 141 of 1999, part 5).
func explained() map[About]bilingual {
	return map[About]bilingual{
		AboutSex: {
			"性別で応募を限るように読めます（男女雇用機会均等法5条）。性別に触れない言い方に改めてください。",
			"This reads as if sex decided who may apply (Equal Employment Opportunity Act, article 5). Say it without sex.",
		},
		AboutAge: {
			"年齢で応募を限るように読めます（労働施策総合推進法9条）。例外事由があるときは、オファー条件の年齢欄にその号と理由を記してください。",
			"This reads as if age decided who may apply (Labour Policies Comprehensive Promotion Act, article 9). If an exception applies, state its number and reason in the rule's age field.",
		},
		AboutPrivate: {
			"適性や能力に関わらない事柄を尋ねるように読めます（職業安定法5条の5）。採用の判断に要らないものは削ってください。",
			"This reads as if something were asked that has nothing to do with the work (Employment Security Act, article 5-5). Take out what the decision does not need.",
		},
	}
}

// marks are the words that are looked for. A match of fine is none: it names
// both sexes, or something else altogether.
var marks = sync.OnceValue(func() []struct {
	about       About
	words, fine *regexp.Regexp
} {
	type mark = struct {
		about       About
		words, fine *regexp.Regexp
	}
	return []mark{
		{
			AboutSex, regexp.MustCompile(
				`(男性|女性|男子|女子)(社員|スタッフ|の方)?(歓迎|募集|のみ|限定|優先|活躍中|が活躍|向け|に人気|を求め|を募集)` +
					`|(体力のある|元気な|明るい|若い|力のある|気配りのできる)(男性|女性|男子|女子)` +
					`|主[婦夫](の方)?(歓迎|活躍中|向け|に人気)|ママさん|ウエ?[イエ]トレス|ウェイトレス|看護婦|保母|保父|スチュワーデス` +
					`|営業マン|セールスマン|カメラマン|ガードマン|(男|女)らし[いく]` +
					`|(?i)\b(fe)?males? (only|preferred|staff|wanted)\b|\b(men|women) (only|preferred|wanted)\b|\b(salesm[ae]n|waitress|stewardess)\b`),
			regexp.MustCompile(`男女|男性(も|・)女性|女性(も|・)男性`),
		},
		{
			AboutAge, regexp.MustCompile(
				`[0-9]{2} ?[歳才](以下|未満|まで|以上|くらいまで|位まで|前後|[~〜-][0-9]{2} ?[歳才])` +
					`|[1-7]0 ?代(の方|前半|後半|歓迎|限定|のみ|中心|活躍中|が活躍|が中心)` +
					`|若い(方|人|力|世代)|若手(歓迎|限定|のみ|募集|が中心|中心)|シニア(歓迎|限定|のみ)|年齢(制限|上限)(あり|有)` +
					`|(?i)\b(under|below|up to|aged?) [1-7][0-9]\b( years)?|\byoung (people|person|and|staff|talent)\b`),
			nil,
		},
		{
			AboutPrivate, regexp.MustCompile(
				`本籍|出生地|家族構成|家族の(職業|収入|状況)|住宅状況|生活環境|宗教|支持(する)?政党|人生観|尊敬する人物|思想|労働組合(へ)?の?加入|学生運動|購読新聞|愛読書|戸籍(謄本|抄本)|身元調査|既往歴|妊娠の(予定|有無)|結婚の(予定|有無)` +
					`|(?i)\b(marital status|family background|religio(n|us belief)|political (party|views)|place of birth|union membership)\b`),
			regexp.MustCompile(`宗教法人`),
		},
	}
})

// Wordings gives the places in a position's texts that are marked, in the order
// of the terms. They do not keep a position from being published: whether a
// wording is lawful can turn on what no text shows.
func (t *Terms) Wordings() []Wording {
	var out []Wording
	look := func(pointer, text string) {
		text = norm.NFKC.String(text)
		for _, m := range marks() {
			for _, at := range m.words.FindAllStringIndex(text, -1) {
				if m.fine != nil && near(m.fine, text, at) {
					continue
				}
				out = append(out, Wording{pointer, text[at[0]:at[1]], m.about})
			}
		}
	}
	look("/title", t.Title)
	look("/text", t.Text)
	for _, item := range t.Legal.items() {
		look("/legal/"+item.name, item.text)
	}
	return out
}

// near says whether something that is fine covers or touches a match.
func near(fine *regexp.Regexp, text string, at []int) bool {
	for _, f := range fine.FindAllStringIndex(text, -1) {
		if f[0] <= at[1] && at[0] <= f[1] {
			return true
		}
	}
	return false
}
