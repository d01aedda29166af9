package condition

import (
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"enishi/internal/taxonomy"
)

// Sentence says in Japanese ("ja") or English ("en") what the condition asks
// of a subject: ソフトウェア開発 3年以上、かつ東京都または神奈川県.
func (c Condition) Sentence(s Subject, lang string) string {
	w := japanese()
	if lang == "en" {
		w = english()
	}
	return w.write(c, s, false)
}

// wording is what the sentences of one language are put together from.
type wording struct {
	lang                  string
	and, or, orNames      string
	open, close           string
	everyone, everyJob    string
	nobody                string
	not                   func(s string, leaf bool) string
	years, level, cefr    func(name string, n int) string
	is                    func(label, names string) string
	atLeast, atMost       func(value string) string
	between               func(lo, hi string) string
	measured              func(label, value string) string
	certified, containing func(s string) string
	unit                  func(f Field) string
	label                 func(f Field) string
	name                  func(i taxonomy.Item) string
}

func japanese() wording {
	return wording{
		lang: "ja", and: "、かつ", or: "、または", orNames: "または", open: "（", close: "）",
		everyone: "すべての求職者", everyJob: "すべての求人", nobody: "該当なし",
		not: func(s string, leaf bool) string {
			if leaf {
				return s + "以外"
			}
			return s + "ではない"
		},
		years:      func(name string, n int) string { return fmt.Sprintf("%s %d年以上", name, n) },
		level:      func(name string, n int) string { return fmt.Sprintf("%s レベル%d以上", name, n) },
		cefr:       func(name string, n int) string { return fmt.Sprintf("%s %s以上", name, cefrNames[n]) },
		is:         func(label, names string) string { return label + "が" + names },
		atLeast:    func(v string) string { return v + "以上" },
		atMost:     func(v string) string { return v + "以下" },
		between:    func(lo, hi string) string { return lo + "〜" + hi },
		measured:   func(label, v string) string { return label + v },
		certified:  func(s string) string { return s + "を保有" },
		containing: func(s string) string { return "「" + s + "」を含む" },
		unit:       func(f Field) string { return f.UnitJA },
		label:      func(f Field) string { return f.JA },
		name:       func(i taxonomy.Item) string { return i.JA },
	}
}

func english() wording {
	return wording{
		lang: "en", and: ", and ", or: ", or ", orNames: " or ", open: "(", close: ")",
		everyone: "everyone", everyJob: "every position", nobody: "no one",
		not:        func(s string, _ bool) string { return "not " + s },
		years:      func(name string, n int) string { return fmt.Sprintf("%s for %d+ years", name, n) },
		level:      func(name string, n int) string { return fmt.Sprintf("%s at level %d or above", name, n) },
		cefr:       func(name string, n int) string { return fmt.Sprintf("%s at %s or above", name, cefrNames[n]) },
		is:         func(label, names string) string { return label + ": " + names },
		atLeast:    func(v string) string { return v + " or more" },
		atMost:     func(v string) string { return v + " or less" },
		between:    func(lo, hi string) string { return lo + " to " + hi },
		measured:   func(label, v string) string { return label + ": " + v },
		certified:  func(s string) string { return "holds " + s },
		containing: func(s string) string { return "mentions “" + s + "”" },
		unit:       func(f Field) string { return f.UnitEN },
		label:      func(f Field) string { return f.EN },
		name:       func(i taxonomy.Item) string { return i.EN },
	}
}

// cefrNames are the names of the language levels from 1.
var cefrNames = [...]string{"", "A1", "A2", "B1", "B2", "C1", "C2"}

func (w wording) write(c Condition, s Subject, inner bool) string {
	switch c.Op {
	case All, Any:
		return w.list(c, s, inner)
	case Not:
		kid := c.Kids[0]
		leaf := kid.Op == In
		text := w.write(kid, s, true)
		if leaf && len(kid.In) > 1 {
			text = w.open + text + w.close
		}
		return w.not(text, leaf)
	}
	f, ok := FieldOf(s, c.Field)
	if !ok {
		return strconv.Quote(c.Field)
	}
	return w.leaf(c, f)
}

func (w wording) list(c Condition, s Subject, inner bool) string {
	if len(c.Kids) == 0 {
		switch {
		case c.Op == Any:
			return w.nobody
		case s == Positions:
			return w.everyJob
		}
		return w.everyone
	}
	if len(c.Kids) == 1 {
		return w.write(c.Kids[0], s, inner)
	}
	parts := make([]string, len(c.Kids))
	for i, k := range c.Kids {
		parts[i] = w.write(k, s, true)
	}
	joint := w.and
	if c.Op == Any {
		joint = w.or
	}
	text := strings.Join(parts, joint)
	if inner {
		return w.open + text + w.close
	}
	return text
}

func (w wording) leaf(c Condition, f Field) string {
	switch c.Op {
	case In:
		return w.codes(c, f)
	case Range:
		return w.bounds(c, f)
	case Is:
		if c.Is {
			return w.label(f)
		}
		return w.not(w.label(f), false)
	default:
		return w.containing(c.Contains)
	}
}

func (w wording) codes(c Condition, f Field) string {
	names := make([]string, len(c.In))
	for i, code := range c.In {
		names[i] = code
		if list := taxonomy.Of(f.Classification); list != nil {
			if item, ok := list.Find(code); ok {
				names[i] = w.name(item)
			}
		}
	}
	text := strings.Join(names, w.orNames)
	if c.Min != nil && *c.Min > f.Steps[0] {
		switch f.Name {
		case "skill":
			return w.level(text, *c.Min)
		case "language":
			return w.cefr(text, *c.Min)
		}
		return w.years(text, *c.Min)
	}
	switch f.Name {
	case "occupation", "skill", "language", "residence", "employment_type", "kind":
		return text
	case "certification":
		return w.certified(text)
	}
	return w.is(w.label(f), text)
}

func (w wording) bounds(c Condition, f Field) string {
	value := func(n int) string {
		if f.Kind == Ordinal {
			if item, ok := taxonomy.Of(f.Classification).Find(strconv.Itoa(n)); ok {
				return w.name(item)
			}
		}
		if f.UnitJA == "万円" && w.lang == "en" {
			return message.NewPrinter(language.English).Sprintf("%d yen", n*10_000)
		}
		return strconv.Itoa(n) + w.unit(f)
	}
	put := w.measured
	if f.Kind == Ordinal {
		put = w.is
	}
	switch {
	case c.Min != nil && c.Max != nil && *c.Min == *c.Max:
		return put(w.label(f), value(*c.Min))
	case c.Min != nil && c.Max != nil:
		lo := value(*c.Min)
		if f.UnitJA == "万円" && w.lang == "ja" {
			lo = strconv.Itoa(*c.Min) + "万"
		}
		return put(w.label(f), w.between(lo, value(*c.Max)))
	case c.Min != nil:
		return put(w.label(f), w.atLeast(value(*c.Min)))
	case c.Max != nil:
		return put(w.label(f), w.atMost(value(*c.Max)))
	}
	return w.label(f)
}
