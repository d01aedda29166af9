package condition_test

import (
	"encoding/json"
	"testing"

	"enishi/internal/condition"
)

func TestWhole(t *testing.T) {
	t.Parallel()
	for text, want := range map[json.Number]int64{
		"0": 0, "-0": 0, "5": 5, "5.0": 5, "5e0": 5, "0.5e1": 5, "480.000": 480, "4.8E2": 480, "-3": -3,
		"9223372036854775807": 1<<63 - 1,
	} {
		if got, ok := condition.Whole(text); !ok || got != want {
			t.Errorf("Whole(%s) = %d, %v; want %d", text, got, ok, want)
		}
	}
	for _, text := range []json.Number{
		"", "5.5", "1e-1", "1e-400", "1e400", "1e999999999999", "9223372036854775808", "4.80000000000000000000000001e2", "x",
	} {
		if got, ok := condition.Whole(text); ok {
			t.Errorf("Whole(%s) = %d, want none", text, got)
		}
	}
}
