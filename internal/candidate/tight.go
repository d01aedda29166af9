package candidate

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"enishi/internal/condition"
)

// view is a text as something is looked for in it: folded, and its letters written
// in one way where people write them in several, or left out. It knows the way back.
type view struct {
	text   string
	source string
	at     []stretch // by byte of text: where its letter came from
}

// viewOf makes a view of a text and its folding: write puts a letter of the folded text as it is looked for.
func viewOf(s string, f *condition.Folding, write func(b *strings.Builder, r rune)) view {
	v := view{source: s, at: make([]stretch, 0, len(f.Text))}
	var b strings.Builder
	for i := 0; i < len(f.Text); {
		r, size := utf8.DecodeRuneInString(f.Text[i:])
		from, to := i, i+size
		i = to
		n := b.Len()
		write(&b, r)
		if b.Len() == n {
			continue
		}
		from, to = f.Source(from, to)
		for range b.Len() - n {
			v.at = append(v.at, stretch{from, to})
		}
	}
	v.text = b.String()
	return v
}

// sourceOf gives the part of the source that a part of the view came from.
func (v *view) sourceOf(from, to int) stretch { return stretch{v.at[from].from, v.at[to-1].to} }

// unseen says whether a sign changes nothing of what a reader takes the text for:
// joiners, marks, what has no width.
func unseen(r rune) bool {
	if r >= 'ぁ' && r <= 'ゖ' || r >= '一' && r <= '鿿' {
		return false
	}
	return r > unicode.MaxLatin1 && unicode.In(r, unicode.Cf, unicode.Mn, unicode.Me, unicode.Other_Default_Ignorable_Code_Point) || r == '\u00ad'
}

// contactView writes a text as ways to reach somebody are looked for in it: digits of
// all scripts as ours, and nothing unseen.
func contactView(s string, f *condition.Folding) view {
	return viewOf(s, f, func(b *strings.Builder, r rune) {
		if unseen(r) {
			return
		}
		if r >= utf8.RuneSelf && unicode.IsDigit(r) {
			r = '0' + decimal(r)
		}
		b.WriteRune(r)
	})
}

// decimal gives the value of a digit: those of a script follow each other from its zero.
func decimal(r rune) rune {
	for _, t := range unicode.Nd.R16 {
		if r >= rune(t.Lo) && r <= rune(t.Hi) {
			return (r - rune(t.Lo)) % 10
		}
	}
	for _, t := range unicode.Nd.R32 {
		if r >= rune(t.Lo) && r <= rune(t.Hi) {
			return (r - rune(t.Lo)) % 10
		}
	}
	return 0
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

// tighten writes a text as names are looked for in it: nothing between the letters,
// those of people's names as most write them, and none with its accents.
func tighten(s string) view {
	f := condition.Fold(s)
	return tightView(s, &f)
}

func tightView(s string, f *condition.Folding) view {
	return viewOf(s, f, func(b *strings.Builder, r rune) {
		if r >= 'ぁ' && r <= 'ゖ' {
			b.WriteRune(r)
			return
		}
		if between(r) || unseen(r) {
			return
		}
		if r > unicode.MaxASCII && unicode.Is(unicode.Latin, r) {
			b.WriteString(plainLatin(r))
			return
		}
		variants.WriteString(b, string(r)) //nolint:errcheck // a builder takes everything
	})
}

// barred are Latin letters that are no letter and a mark to Unicode.
var barred = map[rune]string{'ø': "o", 'ł': "l", 'đ': "d", 'ð': "d", 'þ': "th", 'ß': "ss", 'æ': "ae", 'œ': "oe", 'ı': "i", 'ħ': "h"}

func plainLatin(r rune) string {
	if plain, ok := barred[r]; ok {
		return plain
	}
	base, _ := utf8.DecodeRuneInString(norm.NFD.String(string(r)))
	return string(base)
}

// find adds the stretches of the source where a name stands.
func (v *view) find(name word, out []stretch) []stretch {
	for at := 0; ; {
		i := strings.Index(v.text[at:], name.text)
		if i < 0 {
			return out
		}
		from, to := at+i, at+i+len(name.text)
		at = from + 1
		for at < len(v.text) && !utf8.RuneStart(v.text[at]) {
			at++
		}
		s := v.sourceOf(from, to)
		if name.alone && (joins(before(v.source, s.from), name.text) || joins(after(v.source, s.to), name.text)) {
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
