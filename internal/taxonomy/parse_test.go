package taxonomy

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	c, err := parse(Skill, "# a comment\n\na\t\tグループ\tGroup\tぐるーぷ\t\nb\ta\t仕事\tJob\tしごと\t業務[ぎょうむ]|work\n")
	if err != nil {
		t.Fatal(err)
	}
	want := []Item{
		{Code: "a", JA: "グループ", EN: "Group", Yomi: "ぐるーぷ"},
		{Code: "b", Parent: "a", JA: "仕事", EN: "Job", Yomi: "しごと", Synonyms: []string{"業務", "work"}},
	}
	if diff := cmp.Diff(want, c.Items()); diff != "" {
		t.Errorf("items (-want +got):\n%s", diff)
	}
	for _, query := range []string{"業務", "ぎょうむ", "gyomu", "WORK"} {
		if got := c.Search(query, 5); len(got) != 1 || got[0].Code != "b" {
			t.Errorf("Search(%q) = %v, want b alone", query, got)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, tt := range []struct {
		name, text, want string
		kind             Kind
	}{
		{"too few columns", "a\t\tあ\tA\tあ\n", "line 1: 5 columns, want 6", Skill},
		{"a code twice", "a\t\tあ\tA\tあ\t\na\t\tい\tB\tい\t\n", `line 2: code "a" a second time`, Skill},
		{"a parent after its child", "a\tb\tあ\tA\tあ\t\nb\t\tい\tB\tい\t\n", `line 1: parent "b" not seen before "a"`, Skill},
		{"no name", "a\t\t\tA\tあ\t\n", "line 1: code, ja and en must be filled", Skill},
		{"an empty synonym", "a\t\tあ\tA\tあ\tx||y\n", "line 1: empty synonym", Skill},
		{"an ordinal left out", "# bands\n0\t\tあ\tA\tあ\t\n2\t\tい\tB\tい\t\n", `line 3: code "2", want 1`, Remote},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := parse(tt.kind, tt.text); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("parse = %v, want %q", err, tt.want)
			}
		})
	}
}

func TestFold(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want folded
	}{
		{"ＷＥＢ　デザイナー", folded{"webでざいなー", []int{3}}},
		{"ｶﾞｲﾄﾞ", folded{"がいど", nil}},
		{"Node.js", folded{"nodejs", []int{4}}},
		{"C++ / C#", folded{"c++c#", []int{3}}},
		{"Tōkyō Español", folded{"tokyoespanol", []int{5}}},
		{"（その他）", folded{"その他", nil}},
		{"人事・採用", folded{"人事採用", []int{6}}},
		{"ヴェトナム", folded{"ゔぇとなむ", nil}},
		{" - ", folded{"", nil}},
	} {
		if diff := cmp.Diff(tt.want, fold(tt.in), cmp.AllowUnexported(folded{})); diff != "" {
			t.Errorf("fold(%q) (-want +got):\n%s", tt.in, diff)
		}
	}
}

// TestReadingIsOneSpelling: everything in a row sounds the same.
func TestReadingIsOneSpelling(t *testing.T) {
	for _, row := range [][]string{
		{"しんぶん", "shinbun", "shimbun", "sinbun"},
		{"ちゅうしょう", "chuushou", "chusho", "tyuusyou", "tyusyo", "chūshō"},
		{"とうきょう", "tokyo", "toukyou", "tohkyoh", "tōkyō"},
		{"おおさか", "osaka", "oosaka", "ohsaka"},
		{"じむ", "ジム", "jimu", "zimu"},
		{"つづき", "tsuzuki", "tuduki", "tsudzuki"},
		{"マッチ", "macchi", "matchi", "matti"},
		{"じゅんかんご", "junkango", "zyunkango", "jyunkango"},
		{"コンピューター", "コンピュータ", "konpyuuta", "kompyuta"},
		{"ファイナンス", "fainansu"},
		{"ウェブ", "ウエブ", "webu", "uebu"},
		{"シェフ", "shefu", "syehu"},
		{"チェック", "chekku", "tyekku"},
		{"ジェネラル", "jeneraru", "zyeneraru"},
		{"ディーラー", "diira", "dhira"},
		{"ヴァイオリン", "バイオリン", "vaiorin"},
		{"メイク", "メーク", "meiku"},
		{"ほんや", "honnya", "hon'ya", "honya"},
		{"を", "wo", "o"},
	} {
		want, ok := reading(fold(row[0]).text)
		if !ok || want == "" {
			t.Errorf("reading(%q) = %q, %v", row[0], want, ok)
		}
		for _, s := range row[1:] {
			if got, ok := reading(fold(s).text); !ok || got != want {
				t.Errorf("reading(%q) = %q, %v, want %q as of %q", s, got, ok, want, row[0])
			}
		}
	}
	if got, ok := reading("看護し"); ok {
		t.Errorf("reading of a kanji = %q, want none", got)
	}
}

func TestParts(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want []string
	}{
		{"web デザイナー", []string{"web", "でざいなー"}},
		{"経理の仕事", []string{"経理", "仕事"}},
		{"javaエンジニア", []string{"java", "えんじにあ"}},
		{"C#", []string{"c#"}},
		{"・", nil},
	} {
		if diff := cmp.Diff(tt.want, parts(tt.in)); diff != "" {
			t.Errorf("parts(%q) (-want +got):\n%s", tt.in, diff)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, tt := range []struct {
		typed, word string
		want        int
	}{
		{"engineer", "engineer", 0},
		{"engin", "engineer", 0}, // still typing
		{"enginer", "engineer", 1},
		{"enigneer", "engineer", 1}, // neighbours exchanged
		{"engineeer", "engineer", 1},
		{"engimeer", "engineer", 1},
		{"emgimeer", "engineer", 2},
		{"architect", "engineer", 3}, // stops counting
		{"看護士", "看護師", 1},
		{"", "a", 0},
	} {
		typed, word := []rune(tt.typed), []rune(tt.word)
		rows := [3][]int{make([]int, 20), make([]int, 20), make([]int, 20)}
		if got := distance(typed, word, 2, &rows); got != tt.want {
			t.Errorf("distance(%q, %q) = %d, want %d", tt.typed, tt.word, got, tt.want)
		}
	}
}
