package environ_test

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"enishi/internal/deploy/deploytest"
	"enishi/internal/environ"
	"enishi/internal/errs"
	"enishi/internal/files"
)

// Of the installation whose rows are moved.
const (
	oldSecret = "the-secret-of-the-installation-from-before"
	rows      = "every row"
)

func packed(name string) environ.Packed {
	return environ.Packed{Name: name, Prefix: "transfer-", Secret: oldSecret, Write: func(_ context.Context, to io.Writer) error {
		time.Sleep(3 * time.Minute) // longer than anybody is waited for who says nothing
		_, err := io.WriteString(to, rows)
		return err
	}}
}

// ready gives an account in which rows can be brought, and counts how often they were.
func ready(t *testing.T, w *environ.Wanted) (*deploytest.Account, *atomic.Int32) {
	t.Helper()
	a, brought := deploytest.Empty("prod"), &atomic.Int32{}
	a.Do = func(words []string, _ map[string]string) (int32, []string) {
		time.Sleep(2 * time.Minute)
		if words[0] != "transfer" {
			return 0, nil
		}
		switch name := words[2]; {
		case words[1] == "--back":
			a.Hand(words[3], []byte(rows))
		case string(a.HandedOver()[name]) != rows, a.Sealed() != oldSecret, brought.Load() > 0:
			return 1, nil // there is nothing, it could not be read, or the database is not empty
		case !slices.Contains(words, "--rehearse"):
			brought.Add(1)
		}
		return 0, nil
	}
	o := options(a, w, nil)
	o.BaseOnly = true
	if err := environ.Up(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	return a, brought
}

func moveIn(t *testing.T, a *deploytest.Account, how trouble, rehearse bool) error {
	t.Helper()
	h, err := environ.LookHandover(t.Context(), operator(a, nil))
	if err != nil {
		t.Fatal(err)
	}
	return environ.MoveIn(t.Context(), operator(a, how), h, packed("transfer-"+time.Now().UTC().Format("150405.000")), rehearse, func(string) {})
}

// TestMoveIn rehearses a move, moves, ends that at every request, and makes the environment whole in the end:
// rows come once, with their secret, and nothing that was handed over stays.
func TestMoveIn(t *testing.T) {
	t.Parallel()
	w := written(t, "prod", "")
	var requests []string
	synctest.Test(t, func(t *testing.T) {
		a, brought := ready(t, w)
		for range 2 {
			if err := moveIn(t, a, nil, true); err != nil || brought.Load() != 0 || a.Sealed() != oldSecret || len(a.HandedOver()) > 0 {
				t.Errorf("a rehearsal: %v, brought %d, sealed with %q, left %v", err, brought.Load(), a.Sealed(), a.HandedOver())
			}
		}
		a.Hand("transfer-earlier", []byte("what a killed run has left"))
		err := moveIn(t, a, func(_ int, asked string) deploytest.Trouble {
			requests = append(requests, asked)
			return deploytest.None
		}, false)
		moved(t, a, w, brought, err, "without trouble")
		ran := a.Ran()
		last := ran[slices.IndexFunc(ran, func(r deploytest.Ran) bool { return r.Words[0] == "audit" })]
		if !strings.Contains(strings.Join(last.Words, " "), "environment.change the secret of prod -> ") || last.Told["ENISHI_BY"] != "hanako" || last.Told["ENISHI_WHY"] != "a spike" {
			t.Errorf("the audit log was told %+v", last)
		}
		if err := moveIn(t, a, nil, false); !errs.Is(err, errs.Conflict) {
			t.Errorf("into what is served: %v", err)
		}
	})
	if len(requests) < 20 {
		t.Fatalf("only %q are asked", requests)
	}
	for _, n := range cuts(requests) {
		for _, how := range []deploytest.Trouble{deploytest.Throttled, deploytest.Lost, deploytest.Twice, deploytest.Denied, deploytest.Killed, deploytest.KilledAfter} {
			synctest.Test(t, func(t *testing.T) {
				a, brought := ready(t, w)
				err := moveIn(t, a, at(n, how), false)
				if err != nil {
					time.Sleep(3 * time.Minute) // until the task has ended that was begun, and nobody is waited for
					err = moveIn(t, a, nil, false)
				}
				if brought.Load() == 1 && errs.Is(err, errs.Internal) { // it was done the first time
					if err := environ.MoveOut(t.Context(), operator(a, nil), look(t, a), "transfer-none", "transfer-", func(context.Context, files.Store) error { return nil }, func(string) {}); err != nil {
						t.Errorf("what was brought cannot be brought back: %v", err)
					}
					err = nil
				}
				moved(t, a, w, brought, err, fmt.Sprintf("request %d is %v", n, how))
			})
		}
	}
}

func look(t *testing.T, a *deploytest.Account) *environ.Handover {
	t.Helper()
	h, err := environ.LookHandover(t.Context(), operator(a, nil))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// moved holds that rows were brought once, and that the environment can be made whole.
func moved(t *testing.T, a *deploytest.Account, w *environ.Wanted, brought *atomic.Int32, err error, what string) {
	t.Helper()
	if err != nil || brought.Load() != 1 || a.Sealed() != oldSecret || len(a.HandedOver()) > 0 {
		t.Errorf("%s: %v, brought %d times, sealed with %q, left %v", what, err, brought.Load(), a.Sealed(), a.HandedOver())
	}
	if err := environ.Up(t.Context(), options(a, w, nil)); err != nil {
		t.Errorf("%s: afterwards: %v", what, err)
	}
	whole(t, a, what)
}

// TestMoveOut brings an environment's rows out of it, and leaves it as it was.
func TestMoveOut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := deploytest.New("prod")
		a.Do = func(words []string, _ map[string]string) (int32, []string) {
			a.Hand(words[3], []byte(rows))
			return 0, nil
		}
		before := a.Runs()
		var got []byte
		err := environ.MoveOut(t.Context(), operator(a, nil), look(t, a), "transfer-x", "transfer-", func(ctx context.Context, from files.Store) error {
			in, err := from.Open(ctx, "transfer-x")
			if err == nil {
				got, err = io.ReadAll(in)
			}
			return err
		}, func(string) {})
		if err != nil || string(got) != rows || len(a.HandedOver()) > 0 {
			t.Errorf("MoveOut: %v, %q, left %v", err, got, a.HandedOver())
		}
		if after := a.Runs(); fmt.Sprint(before) != fmt.Sprint(after) || a.Sealed() != deploytest.Sealing {
			t.Errorf("before %v, after %v, sealed with %q", before, after, a.Sealed())
		}
		if faults := a.Faults(); len(faults) > 0 {
			t.Errorf("faults: %q", faults)
		}
	})
}
