package taxonomy

import (
	"regexp"
	"strings"
	"testing"
)

// spoken is a name or synonym as written, with the reading that its table gives.
type spoken struct {
	where, written, sounds string
}

func allSpoken(t *testing.T) []spoken {
	t.Helper()
	var all []spoken
	for _, kind := range Kinds() {
		text, err := tables.ReadFile("tables/" + string(kind) + ".tsv")
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			line = strings.TrimRight(line, "\n")
			if line == "" || strings.HasPrefix(line, "#") {
				continue
			}
			r, err := parseLine(line)
			if err != nil {
				t.Fatal(err)
			}
			where := string(kind) + " " + r.item.Code
			all = append(all, spoken{where, r.item.JA, r.item.Yomi})
			for i, s := range r.item.Synonyms {
				all = append(all, spoken{where, s, r.readings[i]})
			}
		}
	}
	return all
}

// TestOneWrittenTextHasOneReading finds a reading that is wrong in one place and
// right in another: 駅務 is えきむ wherever it stands.
func TestOneWrittenTextHasOneReading(t *testing.T) {
	first := map[string]spoken{}
	twice := 0
	for _, s := range allSpoken(t) {
		if s.sounds == "" {
			continue
		}
		key := fold(s.written).text
		other, ok := first[key]
		if !ok {
			first[key] = s
			continue
		}
		twice++
		if fold(s.sounds).text != fold(other.sounds).text {
			t.Errorf("%s is read %s in %s and %s in %s", s.written, other.sounds, other.where, s.sounds, s.where)
		}
	}
	if twice == 0 {
		t.Error("no text is written twice; want some to compare")
	}
}

// TestKanjiHaveTheirReading: without one, who types kana does not find the word.
// Kana of a text, but for what stands in brackets, must be in its reading, in order.
func TestKanjiHaveTheirReading(t *testing.T) {
	kana := regexp.MustCompile(`^[ぁ-ゖー0-9]+$`)
	runs := regexp.MustCompile(`[ぁ-ゖー]+`)
	brackets := regexp.MustCompile(`（[^）]*）`)
	for _, s := range allSpoken(t) {
		if s.sounds == "" {
			if strings.ContainsFunc(s.written, func(r rune) bool { return scriptOf(r) == kanji }) {
				t.Errorf("%s: %s has no reading", s.where, s.written)
			}
			continue
		}
		if !kana.MatchString(s.sounds) {
			t.Errorf("%s: %s is read %q, want hiragana, ー and digits", s.where, s.written, s.sounds)
		}
		rest := s.sounds
		for _, run := range runs.FindAllString(hiraganaOf(brackets.ReplaceAllString(s.written, "")), -1) {
			_, after, ok := strings.Cut(rest, run)
			if !ok {
				t.Errorf("%s: %s is read %s, which lacks %s, or in another place", s.where, s.written, s.sounds, run)
			}
			rest = after
		}
	}
}

func hiraganaOf(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'ァ' && r <= 'ヶ' {
			return r - ('ァ' - 'ぁ')
		}
		return r
	}, s)
}
