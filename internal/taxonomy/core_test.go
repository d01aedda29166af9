package taxonomy

import (
	"slices"
	"strings"
	"testing"
)

func TestTrimmed(t *testing.T) {
	for _, tt := range []struct {
		text string
		want []string // one cut after the other
	}{
		{"看護師さん", []string{"看護師"}},
		{"ケーキ屋さん", []string{"ケーキ屋", "ケーキ"}},
		{"経理のお仕事", []string{"経理"}},
		{"事務の人", []string{"事務"}},
		{"よがの先生", []string{"よが"}}, // one particle, not the が of よが
		{"ﾖｶﾞのせんせい！", []string{"ヨガ"}},
		{"ゲームを作る人", []string{"ゲームを作る", "ゲーム"}},
		{"保育士さんの資格", []string{"保育士さん", "保育士"}},
		{"営業がやりたい", []string{"営業"}},
		{"Cleaning Staff", []string{"Cleaning "}},
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
	for i := range all {
		ending := string(all[i])
		if f := fold(ending); f.text != ending {
			t.Errorf("ending %q folds to %q", ending, f.text)
		}
		for _, before := range all[:i] {
			if strings.HasSuffix(ending, string(before)) {
				t.Errorf("ending %q stands behind %q", ending, string(before))
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

func TestPartsAtParticles(t *testing.T) {
	for query, want := range map[string][]string{
		"バスの運転手":    {"ばす", "運転手"},
		"バスのうんてんしゅ": {"ばす", "うんてんしゅ"},
		"経理の仕事":     {"経理", "仕事"},
		"web デザイナー": {"web", "でざいなー"},
		"まつげエクステ":   {"まつげ", "えくすて"},
		"ほーるすたっふ":   {"ほーるすたっふ"},
		"のり":        {"のり"},
		"工事現場の作業員":  {"工事現場", "作業員"},
		"・":         nil,
	} {
		if got := parts(query); !slices.Equal(got, want) {
			t.Errorf("parts(%q) = %q, want %q", query, got, want)
		}
	}
}

func TestFiner(t *testing.T) {
	for _, tt := range []struct{ words, want []string }{
		{[]string{"工事現場", "作業員"}, []string{"工事", "現場", "作業員"}},
		{[]string{"製薬会社員", "営業"}, []string{"製薬", "会社員", "営業"}},
		{[]string{"経理", "仕事"}, nil},
		{[]string{"ばすうんてん"}, nil},
		{[]string{"産業廃棄物収集作業員"}, nil}, // a sentence
	} {
		if got := finer(tt.words); !slices.Equal(got, tt.want) {
			t.Errorf("finer(%q) = %q, want %q", tt.words, got, tt.want)
		}
	}
}
