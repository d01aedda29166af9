package market

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"enishi/internal/condition"
)

// scribe draws texts of few letters and words, so that pairs meet by chance.
type scribe struct{ *rand.Rand }

func (r scribe) text(letters int) string {
	const alphabet = "あいうカキク東京都開発ab1９Ｂ。 "
	runes := []rune(alphabet)
	var b strings.Builder
	for range 2 + r.IntN(letters) {
		if r.IntN(12) == 0 {
			b.WriteString("kubernetes")
		}
		b.WriteRune(runes[r.IntN(len(runes))])
	}
	return b.String()
}

// Postings answer as a look through every text does, whatever was written,
// replaced and removed before, and old views do not move.
func TestTextsAgainstNaive(t *testing.T) {
	if testing.Short() {
		t.Skip("one goroutine does everything here, in which the race detector finds nothing")
	}
	t.Parallel()
	found := 0
	for seed := range uint64(12) {
		r := scribe{rand.New(rand.NewPCG(seed, 7))}
		texts, naive := newTexts(), map[int64]string{}
		people := []int64{30, 900, 5000, 9000}[seed%4]
		for range 25 {
			batch := make([]textChange, 1+r.IntN(int(people)/4))
			for i := range batch {
				batch[i] = textChange{key: r.Int64N(people)}
				if r.IntN(4) > 0 {
					batch[i].text = condition.FoldText(r.text(20)) + "\xff" + condition.FoldText(r.text(9))
				}
				if naive[batch[i].key] = batch[i].text; batch[i].text == "" {
					delete(naive, batch[i].key)
				}
			}
			old := texts.view.Load()
			was := old.find("かき")
			texts.apply(batch)
			if got := old.find("かき"); !slices.Equal(got, was) {
				t.Fatal("an old view has moved")
			}
			view := texts.view.Load()
			if view.len() != len(naive) {
				t.Fatalf("%d texts, want %d", view.len(), len(naive))
			}
			for range 12 {
				asked := condition.FoldText(r.text(5))
				var want []int64
				for key, text := range naive {
					if strings.Contains(text, asked) {
						want = append(want, key)
					}
				}
				slices.Sort(want)
				got := view.find(asked)
				if !slices.Equal(got, want) {
					t.Fatalf("find(%q) = %v, want %v", asked, got, want)
				}
				found += len(got)
			}
		}
	}
	if found < 10_000 {
		t.Errorf("only %d found", found)
	}
}

// Where every text is alike, sets and merges hold too.
func TestTextsOfOneKind(t *testing.T) {
	t.Parallel()
	texts := newTexts()
	const people = textRows + 3000
	batch := make([]textChange, people)
	for i := range batch {
		batch[i] = textChange{int64(i), fmt.Sprintf("経験があります。%05d番", i)}
	}
	texts.apply(batch)
	if got := len(texts.view.Load().find("経験")); got != people {
		t.Errorf("%d found, want %d", got, people)
	}
	if got := texts.view.Load().find("69001番"); len(got) > 0 {
		t.Errorf("found %v, want nobody", got)
	}
	if got := texts.view.Load().find("12345番"); !slices.Equal(got, []int64{12345}) {
		t.Errorf("found %v, want 12345 alone", got)
	}
	held, postings := texts.view.Load().bytesUsed()
	t.Logf("%d texts take %d bytes, their postings %d", people, held, postings)
	// aaa has one pair only, which says nothing of a third letter.
	texts.apply([]textChange{{1, "aab"}, {2, "aaab"}})
	if got := texts.view.Load().find("aaa"); !slices.Equal(got, []int64{2}) {
		t.Errorf("found %v, want 2 alone", got)
	}
}
