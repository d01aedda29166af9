package candidate

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"enishi/internal/condition"
)

// tight is a text as names are looked for in it: folded, letters that are
// written in several ways written in one, and nothing between the letters.
type tight struct {
	text   string
	source string
	at     []stretch // by byte of text: where its letter came from
}

// between says whether a sign may stand inside a name without changing it.
func between(r rune) bool {
	switch r {
	case '・', '·', '‧', '.', '-', '‐', '–', '—', '―', '\'', '’', '_', '=', '＝':
		return true
	}
	return unicode.IsSpace(r) || unicode.In(r, unicode.Cf, unicode.Zs, unicode.Cc)
}

// variants writes letters of names in one way, as people take them for the
// same: 渡邊 is 渡辺.
var variants = strings.NewReplacer(
	"髙", "高", "﨑", "崎", "嵜", "崎", "濵", "浜", "濱", "浜", "邉", "辺", "邊", "辺", "齋", "斎", "齊", "斎", "斉", "斎",
	"澤", "沢", "嶋", "島", "嶌", "島", "櫻", "桜", "廣", "広", "眞", "真", "國", "国", "龍", "竜", "惠", "恵", "榮", "栄", "壽", "寿",
	"實", "実", "德", "徳", "瀨", "瀬", "瀧", "滝", "關", "関", "條", "条", "圓", "円", "萬", "万", "與", "与", "冨", "富", "峯", "峰", "舘", "館",
)

func tighten(s string) tight {
	f := condition.Fold(s)
	t := tight{source: s, at: make([]stretch, 0, len(f.Text))}
	var b strings.Builder
	for i, r := range f.Text {
		if between(r) {
			continue
		}
		from, to := f.Source(i, i+utf8.RuneLen(r))
		letter := variants.Replace(string(r))
		b.WriteString(letter)
		for range len(letter) {
			t.at = append(t.at, stretch{from, to})
		}
	}
	t.text = b.String()
	return t
}

// find adds the stretches of the source where a name stands.
func (t *tight) find(name word, out []stretch) []stretch {
	for at := 0; ; {
		i := strings.Index(t.text[at:], name.text)
		if i < 0 {
			return out
		}
		from, to := at+i, at+i+len(name.text)
		at = from + 1
		for at < len(t.text) && !utf8.RuneStart(t.text[at]) {
			at++
		}
		s := stretch{t.at[from].from, t.at[to-1].to}
		if name.alone && (joins(before(t.source, s.from), name.text) || joins(after(t.source, s.to), name.text)) {
			continue
		}
		out = append(out, s)
	}
}

func before(s string, at int) rune {
	r, _ := utf8.DecodeLastRuneInString(s[:at])
	return r
}

func after(s string, at int) rune {
	r, _ := utf8.DecodeRuneInString(s[at:])
	return r
}

// joins says whether a letter beside a name makes another word of it.
func joins(r rune, name string) bool {
	folded := condition.FoldText(string(r))
	if isLatin(name) {
		return isLatin(folded)
	}
	first, _ := utf8.DecodeRuneInString(name)
	other, _ := utf8.DecodeRuneInString(folded)
	return unicode.Is(unicode.Han, first) && unicode.Is(unicode.Han, other) ||
		unicode.Is(unicode.Hiragana, first) && unicode.Is(unicode.Hiragana, other)
}

func isLatin(s string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool { return !unicode.Is(unicode.Latin, r) && !unicode.IsDigit(r) }) < 0
}

// forms are legal forms, as folded; they say nothing of who a company is.
var forms = strings.NewReplacer(pairsTo(" ",
	"特定非営利活動法人", "国立研究開発法人", "地方独立行政法人", "独立行政法人", "国立大学法人", "公立大学法人",
	"一般社団法人", "一般財団法人", "公益社団法人", "公益財団法人", "社会福祉法人", "社会医療法人", "医療法人社団", "医療法人財団", "医療法人", "学校法人",
	"宗教法人", "税理士法人", "弁護士法人", "司法書士法人", "行政書士法人", "社会保険労務士法人", "監査法人", "社団法人", "財団法人", "npo法人",
	"株式会社", "有限会社", "合同会社", "合資会社", "合名会社", "相互会社", "(株)", "(有)", "(同)", "(資)", "(名)", "(医)", "(社)", "(財)", "(福)", "(学)",
)...)

func pairsTo(to string, from ...string) []string {
	out := make([]string, 0, 2*len(from))
	for _, f := range from {
		out = append(out, condition.FoldText(f), to)
	}
	return out
}

// endings are legal forms in English, each a word at the end of a name.
var endings = map[string]bool{
	"inc": true, "incorporated": true, "co": true, "ltd": true, "limited": true, "llc": true, "llp": true, "corp": true, "corporation": true,
	"company": true, "kk": true, "k.k": true, "gk": true, "g.k": true, "gmbh": true, "ag": true, "plc": true, "sa": true, "s.a": true, "bv": true, "b.v": true,
}

// withoutForm takes the legal form out of a folded name.
func withoutForm(folded string) string {
	fields := strings.FieldsFunc(forms.Replace(folded), func(r rune) bool { return unicode.IsSpace(r) || r == ',' })
	for n := len(fields); n > 1 && endings[strings.Trim(fields[n-1], ".&")]; n-- {
		fields = fields[:n-1]
	}
	return strings.Join(fields, " ")
}

// isBranch says whether a word names a part of a company, not the company.
func isBranch(folded string) bool {
	for _, end := range []string{
		"支店", "支社", "本社", "本店", "営業所", "事業所", "工場", "研究所", "こうじょう", "事業部", "本部", "部", "課", "店", "せんたー", "おふぃす", "branch", "office",
	} {
		if strings.HasSuffix(folded, end) {
			return true
		}
	}
	return false
}
