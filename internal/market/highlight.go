package market

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"enishi/internal/candidate"
	"enishi/internal/condition"
)

// Highlight is where a search by text found a candidate: a piece of their
// masked text, and what of it was asked for.
type Highlight struct {
	Part    string // JSON pointer into the profile, without the first slash
	Excerpt string // begins or ends with … where the text goes on
	Ranges  []Range
}

// Range is a run of characters (code points) of an excerpt.
type Range struct{ From, To int }

const (
	// excerptRunes is about how long an excerpt is.
	excerptRunes = 60
	// excerptLead is how much of it comes before what was found.
	excerptLead = 20
	// mostHighlights is how many excerpts a hit has at most.
	mostHighlights = 3
)

// wordsOf gives the folded texts that a condition asks for, each once, but for
// those under a Not.
func wordsOf(c condition.Condition) []string {
	var out []string
	var walk func(condition.Condition)
	walk = func(c condition.Condition) {
		switch c.Op {
		case condition.Contains:
			if folded := condition.FoldText(c.Contains); !slices.Contains(out, folded) {
				out = append(out, folded)
			}
		case condition.All, condition.Any:
			for _, kid := range c.Kids {
				walk(kid)
			}
		}
	}
	walk(c)
	return out
}

// highlights gives excerpts of masked texts around folded words: for each word
// that stands in them one excerpt at least, up to the most there may be.
func highlights(parts []candidate.Part, words []string) []Highlight {
	var out []Highlight
	shown := map[string]bool{}
	for _, part := range parts {
		if len(out) == mostHighlights {
			break
		}
		ranges := rangesIn(part.Text, words)
		for i := range ranges {
			if len(out) == mostHighlights || shown[ranges[i].word] {
				continue
			}
			h, last := excerpt(part, ranges[i:])
			for _, r := range ranges[i : last+i] {
				shown[r.word] = true
			}
			out = append(out, h)
		}
	}
	return out
}

// stands is where a word stands, in bytes.
type stands struct {
	from, to int
	word     string
}

// rangesIn gives where words stand in a text, in its order.
func rangesIn(text string, words []string) []stands {
	f := condition.Fold(text)
	var out []stands
	for _, word := range words {
		for at := 0; ; {
			i := strings.Index(f.Text[at:], word)
			if i < 0 {
				break
			}
			from, to := f.Source(at+i, at+i+len(word))
			out = append(out, stands{from, to, word})
			at += i + len(word)
		}
	}
	slices.SortFunc(out, func(a, b stands) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(b.to, a.to)) })
	return out
}

// Marks gives the whole of a text with where it says what a condition asks for.
func Marks(text string, c condition.Condition) Highlight {
	h := Highlight{Excerpt: text}
	for _, p := range rangesIn(text, wordsOf(c)) {
		from := utf8.RuneCountInString(text[:p.from])
		h.Ranges = append(h.Ranges, Range{from, from + utf8.RuneCountInString(text[p.from:p.to])})
	}
	return h
}

// excerpt gives the piece of a text around the first of some places, and how
// many of them are in it.
func excerpt(part candidate.Part, places []stands) (Highlight, int) {
	text := part.Text
	from := places[0].from
	for range excerptLead {
		if _, n := utf8.DecodeLastRuneInString(text[:from]); n > 0 && text[from-n] != '\n' {
			from -= n
		}
	}
	to := from
	for n := 0; to < len(text) && (n < excerptRunes || to < places[0].to); n++ {
		_, size := utf8.DecodeRuneInString(text[to:])
		to += size
	}
	h := Highlight{Part: part.Name, Excerpt: text[from:to]}
	before := 0
	if from > 0 {
		h.Excerpt, before = "…"+h.Excerpt, 1
	}
	if to < len(text) {
		h.Excerpt += "…"
	}
	n := 0
	for _, p := range places {
		if p.to > to {
			break
		}
		n++
		r := Range{before + utf8.RuneCountInString(text[from:p.from]), before + utf8.RuneCountInString(text[from:p.to])}
		if last := len(h.Ranges) - 1; last >= 0 && r.From <= h.Ranges[last].To {
			h.Ranges[last].To = max(h.Ranges[last].To, r.To)
			continue
		}
		h.Ranges = append(h.Ranges, r)
	}
	return h, n
}
