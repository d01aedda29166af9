package condition_test

import (
	"math/rand/v2"
	"testing"

	"enishi/internal/condition"
	"enishi/internal/condition/conditiontest"
)

// BenchmarkParse reads conditions as rules and wishes are read from a database.
func BenchmarkParse(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	var texts [][]byte
	for range 100 {
		text, err := conditiontest.Random(r, condition.Profiles).MarshalJSON()
		if err != nil {
			b.Fatal(err)
		}
		texts = append(texts, text)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := condition.Parse(condition.Profiles, texts[i%len(texts)], false); err != nil {
			b.Fatal(err)
		}
	}
}
