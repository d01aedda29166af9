package taxonomy

import (
	"slices"
	"testing"
)

func TestTrimmed(t *testing.T) {
	for _, tt := range []struct {
		text string
		want []string // one cut after the other
	}{
		{"看護師さん", []string{"看護師"}},
		{"けーき屋さん", []string{"けーき屋", "けーき"}},
		{"経理のお仕事", []string{"経理"}},
		{"事務の人", []string{"事務"}},
		{"よがの先生", []string{"よが"}}, // one particle, not the が of よが
		{"保育士さんの資格", []string{"保育士さん", "保育士"}},
		{"営業がやりたい", []string{"営業"}},
		{"cleaningstaff", []string{"cleaning"}},
		{"お寺", []string{"寺"}},
		{"おむつ", nil}, // before kana the お belongs to the word
		{"さん", nil},
		{"お", nil},
		{"自動車の免許", nil},
		{"", nil},
	} {
		var got []string
		for text := trimmed(tt.text); text != ""; text = trimmed(text) {
			got = append(got, text)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("trimmed(%q) and on = %q, want %q", tt.text, got, tt.want)
		}
	}
}

// TestEndingsAreFoldedAndLongestFirst: an ending that is not folded, or stands
// behind one that it ends with, would never be cut.
func TestEndingsAreFoldedAndLongestFirst(t *testing.T) {
	all := endings()
	for i, ending := range all {
		if f := fold(ending); f.text != ending {
			t.Errorf("ending %q folds to %q", ending, f.text)
		}
		for _, before := range all[:i] {
			if len(before) <= len(ending) && ending[len(ending)-len(before):] == before {
				t.Errorf("ending %q stands behind %q", ending, before)
			}
		}
	}
}

func TestInitials(t *testing.T) {
	for text, want := range map[string]string{
		"経営企画": "経企", "社会保険労務": "社保労", "経営": "", "経営戦略室": "", "営業まん職": "", "": "",
	} {
		if got := initialsOf(text); got != want {
			t.Errorf("initialsOf(%q) = %q, want %q", text, got, want)
		}
	}
}
