package market_test

import (
	"sync"
	"testing"

	"github.com/google/uuid"

	"enishi/internal/account"
	"enishi/internal/errs"
	"enishi/internal/market"
)

// atOnce runs functions beside each other and gives their errors.
func atOnce(list ...func() error) []error {
	out := make([]error, len(list))
	var group sync.WaitGroup
	for i, f := range list {
		group.Go(func() { out[i] = f() })
	}
	group.Wait()
	return out
}

// succeeded counts those without an error, and fails on one that is of none of the
// kinds that a loser may be answered.
func succeeded(t *testing.T, what string, list []error, losers ...errs.Kind) (n int) {
	t.Helper()
	for _, err := range list {
		ok := err == nil
		for _, kind := range losers {
			ok = ok || errs.Is(err, kind)
		}
		if !ok {
			t.Errorf("%s: %v", what, err)
		}
		if err == nil {
			n++
		}
	}
	return n
}

// What can be done once is done once, whoever comes at the same time.
func TestRacingAccess(t *testing.T) {
	t.Parallel()
	for name, open := range stores() {
		if name == "again" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, open(t), demo())
			w.records.beside = true
			owner := w.actor(w.firm(1, 0).token)

			if _, err := w.Invite(t.Context(), owner, "a@example.jp", account.Owner, market.Once{}); err != nil {
				t.Fatal(err)
			}
			link := w.linkIn("a@example.jp", "/invitations?code=")
			var tokens [4]string
			join := func(i int) func() error {
				return func() (err error) {
					tokens[i], err = w.Join(t.Context(), link, newPassword)
					return err
				}
			}
			if n := succeeded(t, "join", atOnce(join(0), join(1), join(2), join(3)), errs.NotFound, errs.Conflict); n != 1 {
				t.Errorf("%d joined by one invitation", n)
			}

			p := w.someone(1, withPassword)
			if err := w.Forget(t.Context(), p.email); err != nil {
				t.Fatal(err)
			}
			code := w.linkIn(p.email, "/reset?code=")
			reset := func() error { return second(w.ResetPassword(t.Context(), code, newPassword)) }
			if n := succeeded(t, "reset", atOnce(reset, reset, reset), errs.Invalid); n != 1 {
				t.Errorf("%d passwords were set by one code", n)
			}

			other := owner
			for _, token := range tokens {
				if token != "" {
					other = w.actor(token)
				}
			}
			people, _, err := w.Members(t.Context(), owner)
			if err != nil || len(people) != 2 {
				t.Fatalf("members %+v, %v", people, err)
			}
			ids := map[bool]uuid.UUID{people[0].Self: people[0].ID, people[1].Self: people[1].ID}
			n := succeeded(t, "remove", atOnce(
				func() error { return w.RemoveMember(t.Context(), owner, ids[false]) },
				func() error { return w.RemoveMember(t.Context(), other, ids[true]) },
			), errs.Conflict, errs.Denied, errs.NotFound)
			left := loaded(w, func(tx market.Tx) (int, error) {
				list, err := tx.Members(owner.Company)
				return len(list), err
			})
			if n != 1 || left != 1 {
				t.Errorf("of two owners who removed each other %d succeeded and %d are left, want 1 and 1", n, left)
			}
			w.sound()
		})
	}
}
