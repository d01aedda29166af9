package web

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/a-h/templ"

	"enishi/internal/position"
)

// inVoice marks a text that somebody wrote with its own language where that is not the
// page's: screen readers then read it, and fonts draw it, as what it is. A text with a
// Japanese letter is Japanese; one of Latin words alone is English.
func inVoice(w words, text string) templ.Attributes {
	of := "ja"
	if !japaneseText(text) {
		if of = "en"; !slices.ContainsFunc([]rune(text), unicode.IsLower) {
			return nil
		}
	}
	if of == w.Code() {
		return nil
	}
	return templ.Attributes{"lang": of}
}

// unbarred lets no line of a title begin with the bar that parts it.
func unbarred(title string) string { return strings.ReplaceAll(title, "｜", "\u2060｜\u200b") }

// clockTime is the hour of a time of a day.
var clockTime = regexp.MustCompile(`(\d時)(\d)`)

// unparted lets no line of a narrow column end within a time of a day, or within what says
// how many days of a week are off.
func unparted(text string) string {
	return strings.ReplaceAll(clockTime.ReplaceAllString(text, "$1\u2060$2"), "週休2日", "週\u2060休\u20602\u2060日")
}

func japaneseText(text string) bool {
	return slices.ContainsFunc([]rune(text), func(r rune) bool {
		return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana)
	})
}

// foreign says whether an English page shows terms that their company wrote in
// Japanese.
func foreign(w words, t *position.Terms) bool {
	return w.english && (japaneseText(t.Text) || slices.ContainsFunc(legalItems(w, &t.Legal), func(i legalItem) bool { return japaneseText(i.text) }))
}

// titleVoice marks the heading of a deal where it is the position's own title.
func titleVoice(w words, x *deal) templ.Attributes {
	if dealTitle(w, x) != x.Terms.Title {
		return nil
	}
	return inVoice(w, x.Terms.Title)
}
