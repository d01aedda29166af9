package candidate

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"enishi/internal/condition"
)

// wanted are the names to look for in the texts of one profile.
type wanted struct{ words []word }

// word is a name as it is looked for: tight, and how it must stand.
type word struct {
	text  string
	alone bool // not beside a letter of its own script
}

func newWanted(p *Profile, employers []string) *wanted {
	w := &wanted{}
	w.person(p.Name)
	for i := range p.History {
		w.employer(p.History[i].Employer.Name)
	}
	for _, name := range employers {
		w.employer(name)
	}
	slices.SortFunc(w.words, func(a, b word) int { return cmp.Or(len(b.text)-len(a.text), cmp.Compare(a.text, b.text)) })
	w.words = slices.Compact(w.words)
	return w
}

func (w *wanted) add(name string) {
	text := tighten(name).text
	letters := utf8.RuneCountInString(text)
	if strings.IndexFunc(text, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) < 0 {
		return
	}
	// Short names are parts of ordinary words: 森 of 森林, Al of also.
	alone := letters < 2 || letters < 5 && isLatin(text)
	w.words = append(w.words, word{text, alone})
}

// mostUnbroken is the longest name that is written without a break between its parts;
// longer ones are no names of people.
const mostUnbroken = 12

// person adds a name: as a whole, turned round, and each of its parts. Where nothing
// parts it, each beginning and end that could be a part is one.
func (w *wanted) person(name string) {
	parts := strings.FieldsFunc(name, parts)
	w.add(name)
	for i, part := range parts {
		w.add(part)
		if len(parts) == 2 && i == 0 {
			w.add(parts[1] + parts[0])
		}
	}
	if len(parts) == 1 {
		w.unbroken(parts[0])
	}
}

// parts says whether a sign parts a name from another: what may stand within one, but
// for signs that nobody sees, and brackets.
func parts(r rune) bool {
	return between(r) && !unicode.In(r, unicode.Cf) || strings.ContainsRune(",、，()（）[]［］「」/／", r)
}

// unbroken adds the parts that a name without a break may have. Where it ends with one
// script and goes on with another is one for sure; 山田太郎 may be 山田 and 太郎, or
// 山 and 田太郎. Two letters of kana, and one of any, are parts of ordinary words.
func (w *wanted) unbroken(name string) {
	letters := []rune(tighten(name).text)
	if len(letters) > mostUnbroken {
		return
	}
	for _, run := range runs(name) {
		if utf8.RuneCountInString(run) >= 2 {
			w.add(run)
		}
	}
	if slices.ContainsFunc(letters, func(r rune) bool { return unicode.Is(unicode.Latin, r) }) {
		return
	}
	least := 2
	if !slices.ContainsFunc(letters, func(r rune) bool { return unicode.In(r, unicode.Han, unicode.Hangul) }) {
		least = 3
	}
	for n := least; n < len(letters); n++ {
		for _, part := range [][]rune{letters[:n], letters[len(letters)-n:]} {
			if strings.ContainsFunc(string(part), func(r rune) bool { return unicode.In(r, unicode.Han, unicode.Hangul) }) || n >= 3 {
				w.add(string(part))
			}
		}
	}
}

// runs gives the pieces of a name that are of one script each; TaroYamada has two.
func runs(name string) []string {
	var out []string
	var last *unicode.RangeTable
	low := false
	for _, r := range name {
		script := scriptOf(r)
		if script != nil && (script != last || low && unicode.IsUpper(r)) || len(out) == 0 {
			out = append(out, "")
			last = script
		}
		out[len(out)-1] += string(r)
		low = unicode.IsLower(r)
	}
	return out
}

// scriptOf gives a letter's script; none of what goes with any.
func scriptOf(r rune) *unicode.RangeTable {
	for _, script := range []*unicode.RangeTable{unicode.Latin, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul} {
		if unicode.Is(script, r) {
			return script
		}
	}
	return nil
}

// mostRounds bounds how often a text is looked at again: what is taken out can leave a
// name alone that was not, which again can do so for its neighbours.
const mostRounds = 8

// find gives the stretches of a text to hide. What it leaves has nothing to hide.
func (w *wanted) find(text string) []stretch {
	var hidden []stretch
	for range mostRounds {
		left, back := without(text, hidden)
		found := w.look(left)
		if len(found) == 0 {
			break
		}
		all := slices.Clone(hidden)
		for _, s := range found {
			all = append(all, stretch{back.source(s.from, false), back.source(s.to, true)})
		}
		all = joined(all)
		if slices.Equal(all, hidden) {
			break
		}
		hidden = all
	}
	return hidden
}

func (w *wanted) look(text string) []stretch {
	var out []stretch
	f := condition.Fold(text)
	if len(w.words) > 0 {
		t := tightView(text, &f)
		for _, name := range w.words {
			out = t.find(name, out)
		}
	}
	return joined(append(out, contacts(text, &f)...))
}

// marked is the way back from a masked text: where its marks stand, and what for.
type marked []struct{ at, from, to int }

// without masks a text.
func without(text string, hidden []stretch) (string, marked) {
	var b strings.Builder
	var back marked
	at := 0
	for _, s := range hidden {
		b.WriteString(text[at:s.from])
		back = append(back, struct{ at, from, to int }{b.Len(), s.from, s.to})
		b.WriteString(Mark)
		at = s.to
	}
	b.WriteString(text[at:])
	return b.String(), back
}

// source gives the place in the text of one in the masked text; within a mark it is
// the beginning of what was hidden, or its end.
func (m marked) source(at int, end bool) int {
	shift := 0
	for _, x := range m {
		switch {
		case at < x.at || at == x.at && end:
			return at + shift
		case at < x.at+len(Mark):
			if end {
				return x.to
			}
			return x.from
		}
		shift = x.to - x.at - len(Mark)
	}
	return at + shift
}
