package taxonomy

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// folded is a text as the search compares it: NFKC, lower case, katakana as
// hiragana, Latin letters without accents, nothing between the words.
type folded struct {
	text   string
	starts []int // byte offsets in text at which a further word starts
}

// fold keeps + and # in words, for the sake of C++ and C#; every other sign
// ends a word.
func fold(s string) folded {
	var f folded
	var b strings.Builder
	between := false
	for _, r := range norm.NFKC.String(s) {
		if !wordRune(r) {
			between = b.Len() > 0
			continue
		}
		if between {
			f.starts = append(f.starts, b.Len())
			between = false
		}
		b.WriteRune(foldRune(r))
	}
	f.text = b.String()
	return f
}

func wordRune(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) || r == '+' || r == '#'
}

func foldRune(r rune) rune {
	switch {
	case r >= 'ァ' && r <= 'ヶ':
		return r - ('ァ' - 'ぁ')
	case unicode.Is(unicode.Latin, r):
		base, _ := utf8.DecodeRuneInString(norm.NFD.String(string(unicode.ToLower(r))))
		return base
	default:
		return unicode.ToLower(r)
	}
}

// script tells apart the kinds of writing that a Japanese query changes
// between from word to word.
type script uint8

const (
	latin script = iota
	kana
	kanji
)

func scriptOf(r rune) script {
	switch {
	case unicode.Is(unicode.Hiragana, r), unicode.Is(unicode.Katakana, r), r == 'ー':
		return kana
	case unicode.Is(unicode.Han, r):
		return kanji
	default:
		return latin
	}
}

// parts cuts a query into the words that must all be found: at signs and
// spaces, and where the script changes. Lone kana are particles and endings,
// and left out; so is の before more kana: バスのうんてんしゅ.
func parts(query string) []string {
	var words []string
	var word []rune
	flush := func() {
		if len(words) > 0 && len(word) > 2 && word[0] == 'の' {
			word = word[1:]
		}
		if len(word) > 1 || len(word) == 1 && scriptOf(word[0]) != kana {
			words = append(words, string(word))
		}
		word = word[:0]
	}
	var last rune
	for _, r := range norm.NFKC.String(query) {
		if !wordRune(r) {
			flush()
			last = 0
			continue
		}
		if last != 0 && changes(last, r) {
			flush()
		}
		word = append(word, foldRune(r))
		last = r
	}
	flush()
	return words
}

// changes says whether a word ends between two letters: where the script does,
// katakana and hiragana being two. ー is of both.
func changes(a, b rune) bool {
	if a == 'ー' || b == 'ー' {
		return scriptOf(a) != scriptOf(b)
	}
	return scriptOf(a) != scriptOf(b) || scriptOf(a) == kana && unicode.Is(unicode.Hiragana, a) != unicode.Is(unicode.Hiragana, b)
}

// Each part is another walk through all keys, so a query of more parts, which is
// a sentence, is not cut finer.
const mostParts = 4

// finer cuts kanji of four letters and more in twos, as most words are: 工事現場
// is 工事 and 現場. It gives nil if that changes nothing, or gives too many.
func finer(words []string) []string {
	var cut []string
	for _, word := range words {
		letters := []rune(word)
		for len(letters) >= 4 && scriptOf(letters[0]) == kanji {
			cut = append(cut, string(letters[:2]))
			letters = letters[2:]
		}
		cut = append(cut, string(letters))
	}
	if len(cut) == len(words) || len(cut) > mostParts {
		return nil
	}
	return cut
}
