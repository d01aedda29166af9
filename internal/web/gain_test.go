package web

import (
	"testing"

	"enishi/internal/condition"
	"enishi/internal/market"
	"enishi/internal/taxonomy"
)

// TestGainsAreShort says gains: quotes in quotes are inner ones, and a long list is
// counted.
func TestGainsAreShort(t *testing.T) {
	var all []string
	for _, item := range taxonomy.Of(taxonomy.Prefecture).Items() {
		if taxonomy.Of(taxonomy.Prefecture).Leaves(item.Code)[0] == item.Code {
			all = append(all, item.Code)
		}
	}
	anywhere := condition.Condition{Op: condition.In, Field: "prefecture", In: all}
	two := 2
	distant := condition.Condition{Op: condition.Range, Field: "remote", Min: &two}
	for _, c := range []struct {
		gain   market.Gain
		ja, en string
	}{
		{
			market.Gain{Condition: condition.Condition{Op: condition.In, Field: "occupation", In: []string{"0401", "0102"}}},
			"「『経営企画・事業企画』または総務の経験あり」に当てはまる", "",
		},
		{market.Gain{Wish: true, Condition: anywhere}, "希望「勤務地が北海道など47のうちのどれか」をゆるめる", "relax your wish: place of work: Hokkaido or one of 46 others"},
		{
			market.Gain{Wish: true, Condition: condition.Condition{Op: condition.Any, Kids: []condition.Condition{anywhere, distant}}},
			"希望「勤務地が北海道など47のうちのどれか、またはフルリモート可」をゆるめる", "",
		},
	} {
		if got := gainText(words{}, c.gain); got != c.ja {
			t.Errorf("%v is said as %q, want %q", c.gain, got, c.ja)
		}
		if got := gainText(words{english: true}, c.gain); c.en != "" && got != c.en {
			t.Errorf("%v is said as %q, want %q", c.gain, got, c.en)
		}
	}
}
