package condition

import (
	"slices"

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
		n := norm.NFKC.NextBoundaryInString(s[from:], true)
		if n <= 0 {
			n = len(s) - from
		}
		f.at = append(f.at, step{len(out), from})
		out = append(out, FoldText(s[from:from+n])...)
		from += n
	}
	f.at = append(f.at, step{len(out), len(s)})
	f.Text = string(out)
	return f
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
