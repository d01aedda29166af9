package environ_test

import (
	"fmt"
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
)

// restorable gives an account whose database has a past, and counts how often rows were replaced and looked at. Whoever
// replaces them while somebody serves, or reads another cluster than the one beside, is told of.
func restorable(t *testing.T, environment string) (a *deploytest.Account, replaced, looked *atomic.Int32) {
	t.Helper()
	a, replaced, looked = deploytest.Whole(environment), &atomic.Int32{}, &atomic.Int32{}
	var served atomic.Bool // since rows were replaced: people have written others
	a.Do = func(words []string, _ map[string]string) (int32, []string) {
		served.Store(served.Load() || words[0] == "verify")
		if words[0] != "transfer" {
			time.Sleep(30 * time.Second)
			return 0, nil
		}
		said := strings.Join(words, " ")
		begun := a.Serving()
		time.Sleep(3 * time.Minute) // longer than anybody is waited for who says nothing
		if !strings.HasPrefix(said, "transfer --from mysql://enishi@enishi-"+environment+"-restored.") || !strings.Contains(said, "?tls=true --from-secret arn:aws:secretsmanager:") {
			t.Errorf("a task was told %q", said)
		}
		switch words[len(strings.Fields("transfer --from URL --from-secret ARN"))] {
		case "--look":
			looked.Add(1)
			return 0, []string{"candidates 12 14"}
		case "--replace":
			if begun > 0 || a.Serving() > 0 {
				t.Errorf("rows are replaced while %d and %d tasks serve", begun, a.Serving())
			}
			if served.Load() {
				t.Error("rows are replaced that were written since the services serve again")
			}
			replaced.Add(1)
			return 0, nil
		}
		t.Errorf("a task was told %q", said)
		return 1, nil
	}
	return a, replaced, looked
}

// restore looks at a restoration, and does it.
func restore(t *testing.T, a *deploytest.Account, r environ.Restoration, how trouble) error {
	t.Helper()
	o := operator(a, how)
	s, err := environ.LookRestore(t.Context(), o, r)
	if err != nil {
		return err
	}
	return environ.Take(t.Context(), o, s)
}

// undisturbed holds that an environment is as it was: its services serve and scale, nothing is beside its database, and a
// version can be deployed.
func undisturbed(t *testing.T, a *deploytest.Account, serving int, what string) {
	t.Helper()
	if now := a.Serving(); now != serving || len(a.Suspended()) > 0 || a.Beside() != "" {
		t.Errorf("%s: %d tasks serve, wanted %d; %q do not scale; beside the database is %q", what, now, serving, a.Suspended(), a.Beside())
	}
	if faults := a.Faults(); len(faults) > 0 {
		t.Errorf("%s: faults: %q", what, faults)
	}
	held, err := deploy.Take(t.Context(), &deploy.Options{Environment: a.Environment, AWS: a.Config(nil), By: "hanako", Why: "a test"})
	if err != nil {
		t.Errorf("%s: it is held still: %v", what, err)
		return
	}
	if err := held.Release(t.Context()); err != nil {
		t.Errorf("%s: %v", what, err)
	}
}

// TestRestore brings rows of the past back, of a moment and of a copy, and rehearses that.
func TestRestore(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		what     func() environ.Restoration
		of       string // what the cluster was made of; "": the moment
		replaced int32
	}{
		{"of a moment", func() environ.Restoration { return environ.Restoration{To: time.Now().Add(-time.Hour)} }, "", 1},
		{"with whoever was erased", func() environ.Restoration {
			return environ.Restoration{To: time.Now().Add(-time.Hour), WithErased: true}
		}, "", 1},
		{"of a copy", func() environ.Restoration { return environ.Restoration{Copy: deploytest.CopyName} }, deploytest.CopyARN, 1},
		{"a rehearsal of the latest moment", func() environ.Restoration { return environ.Restoration{Latest: true, Rehearse: true} }, "", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a, replaced, looked := restorable(t, "prod")
				serving, r := a.Serving(), tt.what()
				var printed []string
				made := ""
				r.Printed = func(line string) { printed, made = append(printed, line), a.Beside() }
				want := tt.of
				if want == "" {
					want = time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)
					if r.Latest {
						want = time.Now().Add(-5 * time.Minute).UTC().Format(time.RFC3339)
					}
				}
				if err := restore(t, a, r, nil); err != nil {
					t.Fatal(err)
				}
				if replaced.Load() != tt.replaced || looked.Load() != 1 || len(printed) == 0 || made != want {
					t.Errorf("replaced %d times, looked at %d times, printed %q, of %q; wanted %d times, of %q", replaced.Load(), looked.Load(), printed, made, tt.replaced, want)
				}
				undisturbed(t, a, serving, tt.name)
				ran := a.Ran()
				if last := ran[len(ran)-1].Words; last[0] != "audit" || !strings.Contains(strings.Join(last, " "), "restore: the database as it is -> ") {
					t.Errorf("the audit log was told %q", last)
				}
				if returns := slices.ContainsFunc(ran, func(r deploytest.Ran) bool { return slices.Contains(r.Words, "--with-erased") }); returns != r.WithErased {
					t.Errorf("whoever was erased comes back: %v", returns)
				}
				accepted := slices.ContainsFunc(ran, func(r deploytest.Ran) bool { return r.Words[0] == "verify" })
				if accepted != (tt.replaced > 0) {
					t.Errorf("accepted: %v", accepted)
				}
			})
		})
	}
}

// TestRestoreIsRefused asks for a past that there is not, and for what somebody else has begun.
func TestRestoreIsRefused(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		what environ.Restoration
		kind errs.Kind
		says string
	}{
		{"too long ago", environ.Restoration{To: time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC)}, errs.Invalid, deploytest.CopyName},
		{"the future", environ.Restoration{To: time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)}, errs.Invalid, "the moment"},
		{"no such copy", environ.Restoration{Copy: "monday"}, errs.Invalid, deploytest.CopyName},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a, _, _ := restorable(t, "prod")
				if err := restore(t, a, tt.what, nil); !errs.Is(err, tt.kind) || !strings.Contains(err.Error(), tt.says) {
					t.Errorf("got %v, wanted %v that says %q", err, tt.kind, tt.says)
				}
			})
		})
	}
	t.Run("beside another", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			a, replaced, _ := restorable(t, "prod")
			serving := a.Serving()
			ask := func(name string) trouble {
				return func(_ int, asked string) deploytest.Trouble {
					if asked == name {
						return deploytest.KilledAfter
					}
					return deploytest.None
				}
			}
			was := environ.Restoration{To: time.Now().Add(-time.Hour)}
			if err := restore(t, a, was, ask("rds:CreateDBInstance")); err == nil {
				t.Fatal("it was not killed")
			}
			time.Sleep(2 * time.Minute)
			if err := restore(t, a, environ.Restoration{To: time.Now().Add(-2 * time.Hour)}, nil); !errs.Is(err, errs.Conflict) || !strings.Contains(err.Error(), "--drop") {
				t.Errorf("another one beside it: %v", err)
			}
			drop(t, a)
			undisturbed(t, a, serving, "dropped")
			if replaced.Load() != 0 {
				t.Error("rows were replaced")
			}
			if _, err := environ.LookDrop(t.Context(), operator(a, nil)); !errs.Is(err, errs.NotFound) {
				t.Errorf("dropping nothing: %v", err)
			}
		})
	})
}

// TestDownTakesWhatARestoreHasLeft takes an environment down in which a restore was killed.
func TestDownTakesWhatARestoreHasLeft(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, _, _ := restorable(t, "dev")
		if err := restore(t, a, environ.Restoration{Latest: true, Rehearse: true}, func(_ int, asked string) deploytest.Trouble {
			if asked == "rds:ModifyDBCluster" {
				return deploytest.Killed
			}
			return deploytest.None
		}); err == nil || a.Beside() == "" {
			t.Fatalf("it was not killed: %v", err)
		}
		time.Sleep(2 * time.Minute)
		if err := environ.Down(t.Context(), options(a, nil, nil)); err != nil || a.Beside() != "" {
			t.Errorf("Down: %v; beside the database is %q", err, a.Beside())
		}
	})
}

func drop(t *testing.T, a *deploytest.Account) {
	t.Helper()
	s, err := environ.LookDrop(t.Context(), operator(a, nil))
	if err != nil {
		t.Fatal(err)
	}
	if err := environ.Take(t.Context(), operator(a, nil), s); err != nil {
		t.Fatal(err)
	}
}

// TestNobodyElseWhileServicesStandStill kills a restore once the services stand still: nobody deploys or changes the
// environment until the same command has gone on, and rows are replaced then.
func TestNobodyElseWhileServicesStandStill(t *testing.T) {
	t.Parallel()
	w := written(t, "prod", "")
	synctest.Test(t, func(t *testing.T) {
		a, replaced, _ := restorable(t, "prod")
		serving := a.Serving()
		moment := environ.Restoration{To: time.Now().Add(-time.Hour)}
		stopped := 0
		err := restore(t, a, moment, func(_ int, asked string) deploytest.Trouble {
			if asked == "ecs:UpdateService" {
				if stopped++; stopped == 2 {
					return deploytest.KilledAfter
				}
			}
			return deploytest.None
		})
		if err == nil || replaced.Load() != 0 {
			t.Fatalf("it was not killed: %v, replaced %d", err, replaced.Load())
		}
		time.Sleep(time.Hour)
		d := &deploy.Options{Environment: "prod", AWS: a.Config(nil), By: "taro", Why: "a test", Version: "v1.1.0"}
		_, deployed := deploy.Run(t.Context(), d)
		_, taken := deploy.Take(t.Context(), d)
		brought := environ.Up(t.Context(), options(a, w, nil))
		for what, err := range map[string]error{"a deployment": deployed, "a change": taken, "enishi env up": brought} {
			if !errs.Is(err, errs.Conflict) || what != "enishi env up" && !strings.Contains(err.Error(), "enishi env restore prod") {
				t.Errorf("%s meanwhile: %v", what, err)
			}
		}
		if a.Serving() != 0 {
			t.Errorf("%d tasks serve", a.Serving())
		}
		if err := restore(t, a, moment, nil); err != nil || replaced.Load() != 1 {
			t.Errorf("the same once more: %v, replaced %d", err, replaced.Load())
		}
		undisturbed(t, a, serving, "gone on with")
	})
}

// TestRestoreIsGivenUp stops a restore once the services stand still: given up, they serve again, with the rows that were in
// force; but not where some of these were replaced.
func TestRestoreIsGivenUp(t *testing.T) {
	t.Parallel()
	for name, half := range map[string]bool{"before a row was replaced": false, "after some were": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a, replaced, _ := restorable(t, "prod")
				serving, do, broken := a.Serving(), a.Do, &atomic.Bool{}
				a.Do = func(words []string, told map[string]string) (int32, []string) {
					switch {
					case slices.Contains(words, "--replace"):
						time.Sleep(time.Minute)
						broken.Store(half)
						return 1, []string{"a job runs"}
					case words[0] == "migrate" && broken.Load():
						time.Sleep(time.Minute)
						return 1, []string{"a transfer has not come to its end"}
					}
					return do(words, told)
				}
				moment := environ.Restoration{To: time.Now().Add(-time.Hour)}
				if err := restore(t, a, moment, nil); err == nil || !strings.Contains(err.Error(), "--drop") {
					t.Fatalf("it did not fail, or does not say how it is given up: %v", err)
				}
				time.Sleep(2 * time.Minute)
				s, err := environ.LookDrop(t.Context(), operator(a, nil))
				if err != nil {
					t.Fatal(err)
				}
				switch err := environ.Take(t.Context(), operator(a, nil), s); {
				case !half && err != nil:
					t.Errorf("giving it up: %v", err)
				case half && (err != nil || a.Serving() > 0 || a.Beside() != ""):
					t.Errorf("giving up what is half replaced: %v, %d tasks serve", err, a.Serving())
				}
				if half {
					a.Do = do
					time.Sleep(2 * time.Minute)
					if err := restore(t, a, environ.Restoration{To: time.Now().Add(-30 * time.Minute)}, nil); err != nil || replaced.Load() != 1 {
						t.Errorf("the restore ends it: %v, replaced %d", err, replaced.Load())
					}
				}
				undisturbed(t, a, serving, name)
			})
		})
	}
}

// TestRestoreThatFails has the task fail that replaces the rows, or the acceptance: the same command goes on, and rows that
// are in force are not replaced once more, since people may have written others.
func TestRestoreThatFails(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		word     string
		replaced int32 // after both
	}{"the transfer": {"--replace", 1}, "the acceptance": {"verify", 1}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a, replaced, _ := restorable(t, "prod")
				serving, do, failed := a.Serving(), a.Do, &atomic.Bool{}
				a.Do = func(words []string, told map[string]string) (int32, []string) {
					if slices.Contains(words, tt.word) && failed.CompareAndSwap(false, true) {
						time.Sleep(time.Minute)
						return 1, []string{"it does not do"}
					}
					return do(words, told)
				}
				moment := environ.Restoration{To: time.Now().Add(-time.Hour)}
				if err := restore(t, a, moment, nil); err == nil {
					t.Fatal("it did not fail")
				}
				time.Sleep(2 * time.Minute)
				if err := restore(t, a, moment, nil); err != nil || replaced.Load() != tt.replaced {
					t.Errorf("once more: %v, replaced %d", err, replaced.Load())
				}
				undisturbed(t, a, serving, name)
			})
		})
	}
}

// TestARestoreThatHasEndedIsNotDoneAgain refuses the same once more as long as whoever gave it may not have heard that it came to
// its end, and the latest moment, which is another by then; rehearses meanwhile, and restores another moment.
func TestARestoreThatHasEndedIsNotDoneAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, replaced, _ := restorable(t, "prod")
		looks := func(r environ.Restoration) error {
			_, err := environ.LookRestore(t.Context(), operator(a, nil), r)
			return err
		}
		moment := environ.Restoration{To: time.Now().Add(-time.Hour)}
		if err := restore(t, a, environ.Restoration{To: moment.To, Rehearse: true}, nil); err != nil || looks(environ.Restoration{Latest: true}) != nil {
			t.Fatalf("a rehearsal, and what is done in earnest after it: %v, %v", err, looks(environ.Restoration{Latest: true}))
		}
		if err := restore(t, a, moment, nil); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Minute)
		for _, r := range []environ.Restoration{moment, {Latest: true}} {
			if err := looks(r); !errs.Is(err, errs.Conflict) || !strings.Contains(err.Error(), "people have written since") {
				t.Errorf("%+v: %v", r, err)
			}
		}
		for _, r := range []environ.Restoration{{Latest: true, Rehearse: true}, {To: moment.To.Add(-time.Minute)}} {
			if err := looks(r); err != nil {
				t.Errorf("%+v: %v", r, err)
			}
		}
		time.Sleep(15 * time.Minute)
		if err := looks(moment); err != nil || replaced.Load() != 1 {
			t.Errorf("later: %v, replaced %d times", err, replaced.Load())
		}
	})
}

// TestEveryCutOfARestore ends a restore at every request, and gives every request every trouble: one further run ends it,
// rows are replaced while nobody serves, and once services have begun to start, never again.
func TestEveryCutOfARestore(t *testing.T) {
	t.Parallel()
	var requests []string
	synctest.Test(t, func(t *testing.T) {
		a, _, _ := restorable(t, "prod")
		if err := restore(t, a, environ.Restoration{To: time.Now().Add(-time.Hour)}, func(_ int, asked string) deploytest.Trouble {
			requests = append(requests, asked)
			return deploytest.None
		}); err != nil {
			t.Fatal(err)
		}
	})
	if len(requests) < 100 {
		t.Fatalf("only %d requests", len(requests))
	}
	points := distinct(requests)
	for _, n := range cuts(requests) {
		if !points[n] {
			continue
		}
		ways := []deploytest.Trouble{deploytest.Killed, deploytest.Denied, deploytest.Unreached}
		if !looks(requests[n]) { // a look that is lost, comes twice or late is as good as none
			ways = append([]deploytest.Trouble{deploytest.Killed, deploytest.KilledAfter}, deploytest.Troubles()...)
		}
		for _, how := range ways {
			what := fmt.Sprintf("request %d (%s) is %v", n, requests[n], how)
			synctest.Test(t, func(t *testing.T) {
				a, replaced, _ := restorable(t, "prod")
				serving := a.Serving()
				moment := environ.Restoration{To: time.Now().Add(-time.Hour)}
				if err := restore(t, a, moment, at(n, how)); err != nil {
					time.Sleep(2 * time.Minute)
					if err := restore(t, a, moment, nil); err != nil && (!errs.Is(err, errs.Conflict) || !strings.Contains(err.Error(), "a restore came to its end at ")) {
						t.Errorf("%s: one further run does not end it: %v", what, err)
					}
				}
				if got := replaced.Load(); got < 1 || got > 2 {
					t.Errorf("%s: rows were replaced %d times", what, got)
				}
				undisturbed(t, a, serving, what)
			})
		}
	}
}

// distinct says which requests are another point at which a run may be cut: not one more look at what a run waits for, of
// which two in a row, and the last one, are as good as hundreds.
func distinct(requests []string) map[int]bool {
	points, seen, last := map[int]bool{}, map[string]int{}, map[string]int{}
	end := func() {
		for _, n := range last {
			points[n] = true
		}
		clear(seen)
		clear(last)
	}
	for n, request := range requests {
		if !looks(request) && !strings.HasPrefix(request, "s3:PutObject deploy/") {
			end()
			points[n] = true
			continue
		}
		if seen[request]++; seen[request] <= 2 {
			points[n] = true
		}
		last[request] = n
	}
	end()
	return points
}

// looks says whether a request changes nothing.
func looks(request string) bool {
	_, asked, _ := strings.Cut(request, ":")
	return slices.ContainsFunc([]string{"Describe", "List", "Get"}, func(prefix string) bool { return strings.HasPrefix(asked, prefix) })
}
