package environ_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"enishi/internal/deploy"
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
	}, Kept: func() error { return nil }}
}

// ready gives an account in which rows can be brought, and counts how often they were.
func ready(t *testing.T, w *environ.Wanted) (*deploytest.Account, *atomic.Int32) {
	t.Helper()
	return readyIn(t, "prod", w)
}

func readyIn(t *testing.T, environment string, w *environ.Wanted) (*deploytest.Account, *atomic.Int32) {
	t.Helper()
	a, brought := deploytest.Empty(environment), &atomic.Int32{}
	a.Do = func(words []string, _ map[string]string) (int32, []string) {
		secret := a.Sealed() // that it is started with
		time.Sleep(2 * time.Minute)
		if words[0] != "transfer" {
			return 0, nil
		}
		switch name := words[2]; {
		case words[1] == "--back":
			a.Hand(words[3], []byte(rows))
		case slices.Contains(words, "--plan"):
			return brought.Load(), nil // the database is not empty
		case string(a.HandedOver()[name]) != rows, secret != oldSecret, brought.Load() > 0:
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
	return moveInOf(t, a, packed("transfer-"+time.Now().UTC().Format("150405.000")), how, rehearse)
}

func moveInOf(t *testing.T, a *deploytest.Account, p environ.Packed, how trouble, rehearse bool) error {
	t.Helper()
	h, err := environ.LookHandover(t.Context(), operator(a, nil))
	if err != nil {
		t.Fatal(err)
	}
	return environ.MoveIn(t.Context(), operator(a, how), h, p, rehearse, func(string) {})
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
					if err := environ.MoveOut(t.Context(), operator(a, nil), look(t, a), "transfer-none", func(context.Context, files.Store) error { return nil }, func(string) {}); err != nil {
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

// TestMoveOut brings an environment's rows out of it, and leaves it as it was; ended at any request, it is begun anew,
// and a version is deployed meanwhile.
func TestMoveOut(t *testing.T) {
	t.Parallel()
	var requests []string
	synctest.Test(t, func(t *testing.T) {
		moveOut(t, func(_ int, asked string) deploytest.Trouble {
			requests = append(requests, asked)
			return deploytest.None
		}, "without trouble")
	})
	if len(requests) < 8 {
		t.Fatalf("only %q are asked", requests)
	}
	for n := range requests {
		if !some(n, len(requests)) {
			continue
		}
		for _, how := range []deploytest.Trouble{deploytest.Throttled, deploytest.Lost, deploytest.Denied, deploytest.Killed, deploytest.KilledAfter} {
			synctest.Test(t, func(t *testing.T) { moveOut(t, at(n, how), fmt.Sprintf("request %d (%s) is %v", n, requests[n], how)) })
		}
	}
}

func moveOut(t *testing.T, how trouble, what string) {
	t.Helper()
	a := deploytest.New("prod")
	a.Do = func(words []string, _ map[string]string) (int32, []string) {
		time.Sleep(time.Minute)
		if words[0] == "transfer" {
			a.Hand(words[3], []byte(rows))
		}
		return 0, nil
	}
	before := a.Runs()
	var got []byte
	read := func(ctx context.Context, from files.Store) error {
		in, err := from.Open(ctx, "transfer-x")
		if err == nil {
			got, err = io.ReadAll(in)
		}
		return err
	}
	if err := environ.MoveOut(t.Context(), operator(a, how), look(t, a), "transfer-x", read, func(string) {}); err != nil {
		time.Sleep(2 * time.Minute) // until the task has ended that was begun
		if err := environ.MoveOut(t.Context(), operator(a, nil), look(t, a), "transfer-x", read, func(string) {}); err != nil {
			t.Errorf("%s: once more: %v", what, err)
		}
	}
	if string(got) != rows || len(a.HandedOver()) > 0 {
		t.Errorf("%s: got %q, left %v", what, got, a.HandedOver())
	}
	if after := a.Runs(); fmt.Sprint(before) != fmt.Sprint(after) || a.Sealed() != deploytest.Sealing {
		t.Errorf("%s: before %v, after %v, sealed with %q", what, before, after, a.Sealed())
	}
	if faults := a.Faults(); len(faults) > 0 {
		t.Errorf("%s: faults: %q", what, faults)
	}
	d := &deploy.Options{Environment: "prod", AWS: a.Config(nil), By: "hanako", Why: "a test", Version: "v1.1.0", Image: func(context.Context, deploy.Registry) (string, error) { return deploytest.Next, nil }}
	if _, err := deploy.Run(t.Context(), d); err != nil {
		t.Errorf("%s: a version afterwards: %v", what, err)
	}
}

// TestMoveInIsRefused begins where a move must not, though it may have looked well when somebody was asked: nothing is
// changed, and the secret least of all.
func TestMoveInIsRefused(t *testing.T) {
	t.Parallel()
	w := written(t, "prod", "")
	for _, tt := range []struct {
		name  string
		kind  errs.Kind
		since func(t *testing.T, a *deploytest.Account)
	}{
		{"services were made meanwhile", errs.Conflict, func(t *testing.T, a *deploytest.Account) {
			if err := environ.Up(t.Context(), options(a, w, nil)); err != nil {
				t.Fatal(err)
			}
		}},
		{"services are being made", errs.Conflict, func(t *testing.T, a *deploytest.Account) {
			ctx, stop := context.WithCancel(t.Context())
			o := options(a, w, nil)
			o.Tell = func(p deploy.Progress) {
				if p.Step == "enishi-prod-service" && p.Took < 0 {
					time.AfterFunc(20*time.Second, stop)
				}
			}
			if err := environ.Up(ctx, o); err == nil || ctx.Err() == nil {
				t.Fatalf("it was not broken off: %v", err)
			}
		}},
		{"the database holds another's rows", errs.Internal, func(t *testing.T, a *deploytest.Account) {
			do := a.Do
			a.Do = func(words []string, told map[string]string) (int32, []string) {
				if slices.Contains(words, "--plan") {
					return 1, []string{"the target is not empty"}
				}
				return do(words, told)
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a, brought := ready(t, w)
				h := look(t, a)
				tt.since(t, a)
				err := environ.MoveIn(t.Context(), operator(a, nil), h, packed("transfer-x"), false, func(string) {})
				if !errs.Is(err, tt.kind) || brought.Load() != 0 || a.Sealed() != deploytest.Sealing || len(a.HandedOver()) > 0 {
					t.Errorf("MoveIn: %v, brought %d, sealed with %q, left %v", err, brought.Load(), a.Sealed(), a.HandedOver())
				}
				time.Sleep(time.Hour)
			})
		})
	}
}

// TestMoveThatGoesOn stops a move while its task runs: the next one waits for that, and so does whoever makes the
// services; nobody takes the environment down meanwhile.
func TestMoveThatGoesOn(t *testing.T) {
	t.Parallel()
	w := written(t, "dev", "")
	for _, next := range []string{"up", "move", "down"} {
		t.Run(next, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a, brought := readyIn(t, "dev", w)
				ctx, stop := context.WithCancel(t.Context())
				o := operator(a, nil)
				o.Tell = func(p deploy.Progress) {
					if p.Step == "task" && strings.Contains(p.Note, "running") && len(a.HandedOver()) > 0 {
						stop()
					}
				}
				if next == "down" {
					o.Tell = nil
					go func() {
						time.Sleep(6 * time.Minute) // its first task has looked, and it is handed over now
						if err := environ.Down(t.Context(), options(a, w, nil)); !errs.Is(err, errs.Conflict) {
							t.Errorf("taking it down beside a move: %v", err)
						}
					}()
				}
				err := environ.MoveIn(ctx, o, look(t, a), packed("transfer-first"), false, func(string) {})
				if next == "down" {
					if err != nil || brought.Load() != 1 {
						t.Errorf("beside it: %v, brought %d", err, brought.Load())
					}
					return
				}
				if err == nil || !strings.Contains(err.Error(), "goes on") || len(a.HandedOver()) == 0 {
					t.Fatalf("it was not broken off, or nothing is left for its task: %v, %v", err, a.HandedOver())
				}
				if next == "move" {
					if err := moveIn(t, a, nil, false); !errs.Is(err, errs.Internal) || len(a.HandedOver()) > 0 {
						t.Errorf("once more, which finds the rows there: %v, left %v", err, a.HandedOver())
					}
				}
				if err := environ.Up(t.Context(), options(a, w, nil)); err != nil || brought.Load() != 1 {
					t.Errorf("Up: %v, brought %d", err, brought.Load())
				}
				whole(t, a, next)
			})
		})
	}
}

// TestWhatWasNotHandedOverIsKept holds that who packs is told if a packed database did not get to the bucket, and
// only then: a task that began may have copied it.
func TestWhatWasNotHandedOverIsKept(t *testing.T) {
	t.Parallel()
	w := written(t, "prod", "")
	for name, tt := range map[string]struct {
		full error
		code int32
		kept int
	}{
		"it is not packed": {full: errors.New("no room"), kept: 1},
		"the task fails":   {code: 1},
		"all is well":      {},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, _ := ready(t, w)
				do := a.Do
				a.Do = func(words []string, told map[string]string) (int32, []string) {
					code, lines := do(words, told)
					if words[0] == "transfer" && !slices.Contains(words, "--plan") {
						code = max(code, tt.code)
					}
					return code, lines
				}
				kept := 0
				p := packed("transfer-now")
				p.Kept = func() error { kept++; return nil }
				if tt.full != nil {
					p.Write = func(context.Context, io.Writer) error { return tt.full }
				}
				err := moveInOf(t, a, p, nil, false)
				if (err == nil) != (tt.full == nil && tt.code == 0) || kept != tt.kept {
					t.Errorf("it ends with %v, and is told %d times that nothing went there, want %d", err, kept, tt.kept)
				}
			})
		})
	}
}

// TestUpAfterARehearsal makes no services on what a rehearsal has left.
func TestUpAfterARehearsal(t *testing.T) {
	t.Parallel()
	w := written(t, "prod", "")
	synctest.Test(t, func(t *testing.T) {
		a, _ := ready(t, w)
		do := a.Do
		a.Do = func(words []string, told map[string]string) (int32, []string) {
			if words[0] == "migrate" {
				return 1, []string{"a transfer into this database has not come to its end"}
			}
			return do(words, told)
		}
		if err := environ.Up(t.Context(), options(a, w, nil)); err == nil || !strings.HasPrefix(err.Error(), "database: ") {
			t.Errorf("Up: %v", err)
		}
		if _, there := a.States()["enishi-prod-service"]; there {
			t.Error("services were made")
		}
		a.Do = do
		if err := environ.Up(t.Context(), options(a, w, nil)); err != nil {
			t.Errorf("once the rows are there: %v", err)
		}
		whole(t, a, "afterwards")
	})
}

// TestNothingBesideAMove finds no task, and nothing brought out, beside rows that are brought; nor does what is refused
// take away what was handed over.
func TestNothingBesideAMove(t *testing.T) {
	t.Parallel()
	w := written(t, "dev", "")
	synctest.Test(t, func(t *testing.T) {
		a, brought := readyIn(t, "dev", w)
		ctx, stop := context.WithCancel(t.Context())
		beside := func(what string) {
			if _, err := deploy.RunTask(t.Context(), &deploy.Options{Environment: "dev", AWS: a.Config(nil), By: "hanako", Why: "a test"}, []string{"demo", "load"}, func(string) {}); !errs.Is(err, errs.Conflict) {
				t.Errorf("%s, a task: %v", what, err)
			}
			err := environ.MoveOut(t.Context(), operator(a, nil), look(t, a), "transfer-y", func(context.Context, files.Store) error { return nil }, func(string) {})
			if !errs.Is(err, errs.Conflict) || len(a.HandedOver()) == 0 {
				t.Errorf("%s, the other way: %v, handed over %v", what, err, a.HandedOver())
			}
		}
		o := operator(a, nil)
		o.Tell = func(p deploy.Progress) {
			if p.Step == "task" && strings.Contains(p.Note, "running") && len(a.HandedOver()) > 0 {
				beside("while it is watched")
				stop()
			}
		}
		if err := environ.MoveIn(ctx, o, look(t, a), packed("transfer-first"), false, func(string) {}); err == nil {
			t.Fatal("it was not broken off")
		}
		beside("while its task goes on")
		time.Sleep(3 * time.Minute)
		if brought.Load() != 1 {
			t.Errorf("brought %d times", brought.Load())
		}
		if _, err := deploy.RunTask(t.Context(), &deploy.Options{Environment: "dev", AWS: a.Config(nil), By: "hanako", Why: "a test"}, []string{"demo", "load"}, func(string) {}); err != nil {
			t.Errorf("a task afterwards: %v", err)
		}
	})
}
