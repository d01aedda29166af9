package condition

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// Piece by piece, a text folds to what it folds to whole.
func TestFoldIsFoldText(t *testing.T) {
	for _, s := range foldingSeeds() {
		checkFolding(t, s)
	}
}

func foldingSeeds() []string {
	return []string{
		"", "a", "ＡＢＣ１２３", "ｶﾞﾊﾟｰﾄ", "カ\u3099", "J\u030c", "①㈱㌔", "ﬁnance", "が", "Ⅷ", "한국", "\u1112\u1161\u11ab", "İstanbul",
		"ÅÅ", "\u0301a", "ｳﾞ", "ヷヺ", "𠮷野家", "\u200b東京", "ﷺ", "\xff\xfea", "Σς", "ẞ", "K", "゛゜", "あ゛", "ウ\u3099ェ", "東京\u3099都", "ヷヸ", "ヷ\u3099", "A\u030aB", "か\u0301な", "神\ufe00社", "\r\nア",
	}
}

func checkFolding(t *testing.T, s string) {
	t.Helper()
	f, want := Fold(s), foldPiece(s)
	if f.Text != want {
		t.Fatalf("Fold(%q) = %q, want %q", s, f.Text, want)
	}
	if got := FoldText(s); got != want {
		t.Fatalf("FoldText(%q) = %q, want %q", s, got, want)
	}
	if len(s) > 300 {
		return // what follows takes the square of it
	}
	for i := range f.Text {
		_, n := utf8.DecodeRuneInString(f.Text[i:])
		from, to := f.Source(i, i+n)
		if from >= to || !strings.Contains(FoldText(s[from:to]), f.Text[i:i+n]) {
			t.Fatalf("of %q, %q at %d comes from %q", s, f.Text[i:i+n], i, s[from:to])
		}
	}
}

func FuzzFold(f *testing.F) {
	for _, s := range foldingSeeds() {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if utf8.ValidString(s) {
			checkFolding(t, s)
		}
	})
}
