package candidate

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// figures are digits without anything between them.
type figures struct {
	from, to int
	n        int    // how many
	gap      string // what stands between the figures before and these, if they may belong together
	plus     bool   // a plus leads them: a country follows
}

// A telephone number has ten digits from its trunk 0 on, nine behind a plus, eleven
// behind Japan's own 81. What stands behind its beginning is hidden as far as figures
// go on, so that no number of several is left with its end.
const (
	phoneDigits   = 10
	abroadDigits  = 9
	countryDigits = 11
	gapRunes      = 5
)

// phones finds numbers to call, by which digits stand near each other.
func phones(text string, add func(from, to int)) {
	if !strings.ContainsAny(text, "0〇零+") && !strings.Contains(text, "81") {
		return
	}
	var chain []figures
	flush := func() {
		for _, part := range withoutDates(text, chain) {
			if from, to, ok := phoneIn(text, part); ok {
				add(from, to)
			}
		}
		chain = chain[:0]
	}
	end := 0
	for at := 0; at < len(text); {
		f, next := figuresAt(text, at)
		at = next
		if f.n == 0 {
			continue
		}
		f.gap = text[end:f.from]
		if len(chain) > 0 && !mayStandBetween(f.gap) {
			flush()
		}
		before := strings.TrimRight(text[end:f.from], " (")
		f.plus = strings.HasSuffix(before, "+")
		chain = append(chain, f)
		end = f.to
	}
	flush()
}

// figuresAt reads the figures that begin at a place, and gives where to go on; none if
// no digit is there. A 一 between other digits is a dash.
func figuresAt(text string, at int) (figures, int) {
	f := figures{from: at, to: at}
	ascii := false
	for f.to < len(text) {
		r, n := utf8.DecodeRuneInString(text[f.to:])
		if !isFigure(r) || r == '一' && ascii && asciiDigit(text, f.to+n) {
			break
		}
		ascii = r < utf8.RuneSelf
		f.to, f.n = f.to+n, f.n+1
	}
	if f.n == 0 {
		_, n := utf8.DecodeRuneInString(text[at:])
		return f, at + n
	}
	return f, f.to
}

func isFigure(r rune) bool {
	return r >= '0' && r <= '9' || strings.ContainsRune("〇零一二三四五六七八九壱弐参", r)
}

func asciiDigit(text string, at int) bool {
	return at < len(text) && text[at] >= '0' && text[at] <= '9'
}

// mayStandBetween says whether people write this within a number, or between two.
func mayStandBetween(gap string) bool {
	n := 0
	for _, r := range gap {
		n++
		if !unicode.IsSpace(r) && !strings.ContainsRune("()/.・‐‑‒–—―−ー-_~〜*=|+一の", r) {
			return false
		}
	}
	return n <= gapRunes && (!strings.Contains(gap, "の") || n == 1)
}

// withoutDates cuts figures where a date stands in them, such as 2019-04 or 2019/4/1.
func withoutDates(text string, chain []figures) [][]figures {
	var out [][]figures
	begin := 0
	for i := 0; i < len(chain); {
		n := dateAt(text, chain, i)
		if n == 0 {
			i++
			continue
		}
		out = append(out, chain[begin:i])
		i += n
		begin = i
	}
	return append(out, chain[begin:])
}

// dateAt gives how many of the figures from one on are a date: 0, 2 or 3.
func dateAt(text string, chain []figures, i int) int {
	number := func(k, digits, lo, hi int) bool {
		n := 0
		for _, r := range text[chain[k].from:chain[k].to] {
			if r > '9' {
				return false
			}
			n = min(n*10+int(r-'0'), 10_000)
		}
		return chain[k].n <= digits && n >= lo && n <= hi
	}
	joint := func(k int) bool {
		return k < len(chain) && len(chain[k].gap) == 1 && strings.Contains("-/.", chain[k].gap)
	}
	if !number(i, 4, 1900, 2099) || i > 0 && joint(i) || !joint(i+1) || !number(i+1, 2, 1, 12) {
		return 0
	}
	n := 2
	if joint(i+2) && number(i+2, 2, 1, 31) {
		n = 3
	}
	if joint(i + n) {
		return 0 // it goes on: a number after all
	}
	return n
}

// phoneIn finds where the first telephone number among figures begins; it ends with
// them.
func phoneIn(text string, chain []figures) (from, to int, ok bool) {
	left := 0
	for _, f := range chain {
		left += f.n
	}
	for _, f := range chain {
		first, _ := utf8.DecodeRuneInString(text[f.from:])
		switch {
		case f.plus && left >= abroadDigits:
			return strings.LastIndexByte(text[:f.from], '+'), chain[len(chain)-1].to, true
		case strings.ContainsRune("0〇零", first) && left >= phoneDigits, strings.HasPrefix(text[f.from:f.to], "81") && left >= countryDigits:
			return f.from, chain[len(chain)-1].to, true
		}
		left -= f.n
	}
	return 0, 0, false
}
