package condition

import (
	"slices"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Folding is a text folded as FoldText folds it, with the way back: which part
// of the text each part of the folded one came from.
type Folding struct {
	Text string
	at   []step // the beginnings of the pieces, ascending; the last is the end
}

// step is where a piece begins, in bytes: in the folded text and in the source.
type step struct{ folded, source int }

// Fold folds a text, piece by piece: a piece is what normalization joins, such
// as a letter with its marks.
func Fold(s string) Folding {
	f := Folding{at: make([]step, 0, len(s)/2+1)}
	out := make([]byte, 0, len(s))
	for from := 0; from < len(s); {
		n := plainRun(s[from:])
		for i, r := range s[from : from+n] {
			f.at = append(f.at, step{len(out), from + i})
			out = utf8.AppendRune(out, foldPlain(r))
		}
		if from += n; from < len(s) {
			n = pieceOf(s[from:])
			f.at = append(f.at, step{len(out), from})
			out = append(out, foldPiece(s[from:from+n])...)
			from += n
		}
	}
	f.at = append(f.at, step{len(out), len(s)})
	f.Text = string(out)
	return f
}

// isPlain says whether a character is one that normalization leaves alone among
// others such: most of what people write.
func isPlain(r rune) bool {
	return r < utf8.RuneSelf || r >= 'ぁ' && r <= 'ゖ' || r >= 'ァ' && r <= 'ヺ' || r >= 0x4E00 && r <= 0x9FFF || r == '、' || r == '。' || r == 'ー'
}

// foldPlain folds a plain character.
func foldPlain(r rune) rune {
	switch {
	case r >= 'A' && r <= 'Z':
		return r - 'A' + 'a'
	case r >= 'ァ' && r <= 'ヶ':
		return r - 'ァ' + 'ぁ'
	}
	return r
}

// plainRun gives the length of the plain characters that a text begins with, but
// for the last if a mark may follow that joins it.
func plainRun(s string) int {
	last := 0
	for i, r := range s {
		if !isPlain(r) {
			return last
		}
		last = i
	}
	return len(s)
}

// pieceOf gives the length of the piece that a text begins with: what
// normalization joins.
func pieceOf(s string) int {
	if n := norm.NFKC.NextBoundaryInString(s, true); n > 0 {
		return n
	}
	return len(s)
}

// Source gives the part of the source, in bytes, whose folded form covers the
// bytes of the folded text from one place to before another, which must not be
// empty.
func (f *Folding) Source(from, to int) (int, int) {
	first := f.piece(from)
	last := f.piece(to - 1)
	return f.at[first].source, f.at[last+1].source
}

// piece gives the piece that a byte of the folded text belongs to.
func (f *Folding) piece(folded int) int {
	i, found := slices.BinarySearchFunc(f.at, folded, func(s step, at int) int { return s.folded - at })
	if !found {
		return i - 1
	}
	for i+1 < len(f.at)-1 && f.at[i+1].folded == folded { // pieces that fold to nothing
		i++
	}
	return i
}
