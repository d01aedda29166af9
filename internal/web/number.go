package web

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/width"

	"enishi/internal/condition"
)

// typedDigits are the digits of a whole number, in groups of three or in one piece.
var typedDigits = regexp.MustCompile(`^-?(?:[0-9]{1,3}(?:(?:[,、] ?| )[0-9]{3})+|[0-9]+)$`)

// numberOf reads a whole number as people type it: with digits of either width, in
// groups of three, with one of the units of its field behind it; nil if nothing was
// typed. Every number of a form is read by it.
func numberOf(text string, units ...string) (*int, error) {
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Cf, r): // pasted along, and not seen
			return -1
		case unicode.IsSpace(r):
			return ' '
		}
		return r
	}, width.Fold.String(text))
	text = strings.TrimSpace(text)
	for _, unit := range units {
		if before, found := strings.CutSuffix(text, unit); found && before != "" {
			text = strings.TrimSpace(before)
			break
		}
	}
	if text == "" {
		return nil, nil //nolint:nilnil // nothing was typed
	}
	if !typedDigits.MatchString(text) {
		return nil, fmt.Errorf("%q is no whole number", text)
	}
	n, err := strconv.Atoi(strings.NewReplacer(",", "", "、", "", " ", "").Replace(text))
	if err != nil {
		return nil, fmt.Errorf("read %q: %w", text, err)
	}
	return &n, nil
}

// unitsOf gives what may stand behind a number of a field, the longest first.
func unitsOf(f condition.Field) []string {
	var out []string
	if f.UnitJA != "" {
		out = append(out, f.UnitJA)
	}
	if f.UnitJA == "万円" {
		out = append(out, "万")
	}
	if en := strings.TrimSpace(f.UnitEN); en != "" {
		out = append(out, en)
	}
	return out
}

// payUnits may stand behind an amount of pay.
func payUnits() []string { return []string{"万円", "万"} }

// wholeFrom says what a field of a number takes.
func wholeFrom(w words, lo, hi int) string {
	return w.Say(fmt.Sprintf("%s〜%sの整数で入力してください。", grouped(lo), grouped(hi)), fmt.Sprintf("Type a whole number from %s to %s.", grouped(lo), grouped(hi)))
}
