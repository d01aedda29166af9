package market_test

import (
	"fmt"
	"testing"

	"enishi/internal/errs"
	"enishi/internal/market"
)

// figures gives the steps of a preview that are shown.
func figures(p market.Preview) map[string]*int {
	return map[string]*int{"already": p.Already, "wishes": p.Wishes, "limit": p.Limit, "budget": p.Budget, "due": p.Due}
}

// bounded fails unless a preview keeps to what previews may tell.
func (w *world) bounded(p market.Preview) {
	w.Helper()
	for name, n := range figures(p) {
		switch {
		case p.Matched < 10 && n != nil:
			w.Fatalf("with %d matched, %s is shown: %d", p.Matched, name, *n)
		case p.Matched >= 10 && (n == nil || *n%5 != 0 || *n < 0 || *n > p.Matched):
			w.Fatalf("with %d matched, %s is %v", p.Matched, name, n)
		}
	}
}

// TestSingleClauseAttack edits one clause of a position after the other and
// asks for a preview each time, to find the pay from which one person accepts.
// The figures move only where those of the others stand one below a multiple
// of five.
func TestSingleClauseAttack(t *testing.T) {
	t.Parallel()
	for others, want := range map[int]int{0: 1, 8: 1, 9: 2, 11: 1, 24: 2} {
		t.Run(fmt.Sprint(others), func(t *testing.T) {
			t.Parallel()
			onStores(t, market.Options{Mode: market.Auto}, func(w *world) {
				f := w.firm(1, 0)
				a := w.actor(f.token)
				for i := range others {
					w.someone(i)
				}
				w.someone(100, func(in *market.SignUp) { in.Wishes = atLeast("pay_min", 455) })
				p := w.post(f, publishable())
				ask := func(pay int) (market.Preview, error) {
					q, err := w.Position(w.Context(), a, p.ID)
					if err != nil {
						w.Fatalf("position: %v", err)
					}
					terms := q.Terms
					terms.PayMin, terms.PayMax = ptr(pay), ptr(pay+100)
					if _, err = w.SetPosition(w.Context(), a, p.ID, q.Version, terms); err == nil {
						_, err = w.Publish(w.Context(), a, p.ID)
					}
					if err != nil {
						w.Fatalf("edit a position: %v", err)
					}
					in := plain()
					in.Position = p.ID
					return w.Preview(w.Context(), a, in)
				}
				told := map[string]bool{}
				for i := range 40 {
					got, err := ask(400 + 5*i)
					if (i < 30) != (err == nil) || err != nil && !errs.Is(err, errs.TooMany) {
						w.Fatalf("preview %d of the day: %v", i+1, err)
					}
					if err != nil {
						continue
					}
					w.bounded(got)
					if got.Wishes != nil && *got.Wishes != 0 {
						w.Fatalf("one person's wishes remove %d", *got.Wishes)
					}
					told[text(figures(got))] = true
				}
				if len(told) != want {
					w.Errorf("the attack was told %d different things, want %d: %v", len(told), want, told)
				}
			})
		})
	}
}

// TestAddOnePersonAttack compares the preview of a group with that of the same
// group and one person more. What it can tell is written in
// docs/decisions/0005-what-previews-tell.md: nothing, unless the others' count
// stands one below a multiple of five.
func TestAddOnePersonAttack(t *testing.T) {
	t.Parallel()
	const inGroup = 14
	for unwilling := range 10 {
		t.Run(fmt.Sprint(unwilling), func(t *testing.T) {
			t.Parallel()
			onStores(t, market.Options{Mode: market.Auto}, func(w *world) {
				f := w.firm(1, 0)
				a := w.actor(f.token)
				for i := range inGroup {
					w.someone(i, func(in *market.SignUp) {
						in.Profile.Education = ptr(2)
						if i < unwilling {
							in.Wishes = atLeast("pay_min", 9000)
						}
					})
				}
				// Two targets, told apart by their profiles.
				for i, wishes := range []int{9000, 1} {
					w.someone(100+i, func(in *market.SignUp) {
						in.Profile.Education, in.Wishes = ptr(4+i), atLeast("pay_min", wishes)
					})
				}
				p := w.post(f, publishable())
				ask := func(least, most int) market.Preview {
					in := plain()
					in.Position = p.ID
					in.Must = anyOf(all(atLeast("education", 2), atMost("education", 2)), all(atLeast("education", least), atMost("education", most)))
					got, err := w.Preview(w.Context(), a, in)
					if err != nil {
						w.Fatalf("preview: %v", err)
					}
					w.bounded(got)
					return got
				}
				alone, refusing, accepting := ask(3, 3), ask(4, 4), ask(5, 5)
				if refusing.Matched != inGroup+1 || accepting.Matched != inGroup+1 {
					w.Fatalf("matched %d and %d, want %d", refusing.Matched, accepting.Matched, inGroup+1)
				}
				gain := 0
				if unwilling%5 == 4 {
					gain = 5
				}
				if got := *refusing.Wishes - *alone.Wishes; got != gain {
					w.Errorf("with %d unwilling others one more changes the figure by %d, want %d", unwilling, got, gain)
				}
				if got := *accepting.Wishes - *alone.Wishes; got != 0 {
					w.Errorf("one more who accepts changes the figure by %d", got)
				}
			})
		})
	}
}
