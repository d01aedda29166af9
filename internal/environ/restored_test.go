package environ_test

import (
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

// killAfter ends a process after a request of a name, the nth one.
func killAfter(name string, nth int) trouble {
	n := 0
	return func(_ int, asked string) deploytest.Trouble {
		if asked == name {
			if n++; n == nth {
				return deploytest.KilledAfter
			}
		}
		return deploytest.None
	}
}

// fails has the first task of a word end badly, after a minute.
func fails(a *deploytest.Account, word string) {
	do, failed := a.Do, &atomic.Bool{}
	a.Do = func(words []string, told map[string]string) (int32, []string) {
		if slices.Contains(words, word) && failed.CompareAndSwap(false, true) {
			time.Sleep(time.Minute)
			return 1, []string{"it does not do"}
		}
		return do(words, told)
	}
}

func anHourAgo() environ.Restoration { return environ.Restoration{To: time.Now().Add(-time.Hour)} }

// TestRowsAreReplacedOnce breaks a restore off once people are served again, or has somebody act on what they have seen
// before: the same command, however much later, ends what is left, and replaces nothing that was written since.
func TestRowsAreReplacedOnce(t *testing.T) {
	t.Parallel()
	for name, how := range map[string]func(t *testing.T, a *deploytest.Account){
		"killed while the cluster goes": func(t *testing.T, a *deploytest.Account) {
			t.Helper()
			if err := restore(t, a, anHourAgo(), killAfter("rds:DeleteDBCluster", 1)); err == nil {
				t.Fatal("it was not killed")
			}
		},
		"the audit log was not told": func(t *testing.T, a *deploytest.Account) {
			t.Helper()
			fails(a, "audit")
			if err := restore(t, a, anHourAgo(), nil); err == nil {
				t.Fatal("the audit log was told")
			}
		},
		"somebody looked before": func(t *testing.T, a *deploytest.Account) {
			t.Helper()
			s, err := environ.LookRestore(t.Context(), operator(a, nil), anHourAgo())
			if err != nil {
				t.Fatal(err)
			}
			fails(a, "verify")
			if err := restore(t, a, anHourAgo(), nil); err == nil {
				t.Fatal("the acceptance did not fail")
			}
			time.Sleep(10 * time.Minute)
			if err := environ.Take(t.Context(), operator(a, nil), s); !errs.Is(err, errs.Conflict) {
				t.Errorf("what was looked at before is done: %v", err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a, replaced, _ := restorable(t, "prod")
				serving, moment := a.Serving(), anHourAgo()
				how(t, a)
				time.Sleep(20 * 24 * time.Hour) // the moment is out of reach of the database's backups by now
				if err := restore(t, a, moment, nil); err != nil || replaced.Load() != 1 {
					t.Errorf("the same once more: %v; rows were replaced %d times", err, replaced.Load())
				}
				undisturbed(t, a, serving, name)
			})
		})
	}
}

// TestWhatWasBegunIsNotDestroyed has others at work beside a restore in earnest that was left half-way: its source stays until
// it has ended or somebody gives it up.
func TestWhatWasBegunIsNotDestroyed(t *testing.T) {
	t.Parallel()
	for name, other := range map[string]environ.Restoration{"a rehearsal": {Latest: true, Rehearse: true}, "another moment": {To: time.Date(1999, 12, 31, 22, 0, 0, 0, time.UTC)}, "whoever was erased": {To: time.Date(1999, 12, 31, 23, 0, 0, 0, time.UTC), WithErased: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a, replaced, _ := restorable(t, "prod")
				serving, moment := a.Serving(), anHourAgo()
				stale, err := environ.LookRestore(t.Context(), operator(a, nil), environ.Restoration{Latest: true, Rehearse: true})
				if err != nil {
					t.Fatal(err)
				}
				fails(a, "--replace")
				if err := restore(t, a, moment, nil); err == nil {
					t.Fatal("it did not fail")
				}
				time.Sleep(2 * time.Minute)
				if err := restore(t, a, other, nil); !errs.Is(err, errs.Conflict) || !strings.Contains(err.Error(), "as it was: "+moment.To.UTC().Format(time.RFC3339)) {
					t.Errorf("beside it: %v", err)
				}
				if err := environ.Take(t.Context(), operator(a, nil), stale); !errs.Is(err, errs.Conflict) || a.Beside() == "" {
					t.Errorf("a look from before: %v; beside the database is %q", err, a.Beside())
				}
				if _, err := deploy.RunTask(t.Context(), &deploy.Options{Environment: "prod", AWS: a.Config(nil), By: "taro", Why: "x"}, []string{"user", "add"}, func(string) {}); !errs.Is(err, errs.Conflict) {
					t.Errorf("a task meanwhile: %v", err)
				}
				if err := restore(t, a, environ.Restoration{Latest: true}, nil); err != nil || replaced.Load() != 1 { // which means the one that was begun
					t.Errorf("it goes on: %v, replaced %d", err, replaced.Load())
				}
				undisturbed(t, a, serving, name)
			})
		})
	}
}

// TestLatestIsTheLatest asks for the latest moment in earnest, where a rehearsal has left a cluster a week ago.
func TestLatestIsTheLatest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, replaced, _ := restorable(t, "prod")
		if err := restore(t, a, environ.Restoration{Latest: true, Rehearse: true}, killAfter("rds:AddTagsToResource", 1)); err == nil {
			t.Fatal("it was not killed")
		}
		left := a.Beside()
		time.Sleep(7 * 24 * time.Hour)
		if err := restore(t, a, environ.Restoration{Latest: true}, nil); !errs.Is(err, errs.Conflict) || !strings.Contains(err.Error(), left) || replaced.Load() > 0 {
			t.Errorf("the latest moment: %v, replaced %d", err, replaced.Load())
		}
	})
}

// TestTheMomentThatTakesItBack is the one from which nobody was served, however often a run was ended since, and the audit
// log has it.
func TestTheMomentThatTakesItBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, _, _ := restorable(t, "prod")
		fails(a, "--replace")
		moment := anHourAgo()
		var said []string
		run := func() error {
			o := operator(a, nil)
			o.Tell = func(p deploy.Progress) {
				if p.Step == "stop" && strings.Contains(p.Note, "nobody was served") {
					said = append(said, p.Note)
				}
			}
			s, err := environ.LookRestore(t.Context(), o, moment)
			if err != nil {
				return err
			}
			return environ.Take(t.Context(), o, s)
		}
		if run() == nil {
			t.Fatal("it did not fail")
		}
		time.Sleep(30 * time.Minute)
		if err := run(); err != nil {
			t.Fatal(err)
		}
		if len(said) != 2 || said[0] != said[1] {
			t.Fatalf("told %q", said)
		}
		since, _, _ := strings.Cut(said[0], " on:")
		ran := a.Ran()
		if last := strings.Join(ran[len(ran)-1].Words, " "); !strings.Contains(last, since) {
			t.Errorf("the audit log was told %q, and not %q", last, since)
		}
	})
}

// TestNoDeadEnd leaves a restore in states in which the same command does not help: something else does.
func TestNoDeadEnd(t *testing.T) {
	t.Parallel()
	t.Run("the check failed once", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			a, _, _ := restorable(t, "prod")
			serving := a.Serving()
			fails(a, "migrate")
			if err := restore(t, a, anHourAgo(), killAfter("ecs:UpdateService", 2)); err == nil {
				t.Fatal("it was not killed")
			}
			for range 2 {
				time.Sleep(3 * time.Minute)
				drop(t, a)
			}
			undisturbed(t, a, serving, "given up twice")
		})
	})
	t.Run("an environment of demo data goes", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			a, _, _ := restorable(t, "dev")
			fails(a, "--replace")
			if err := restore(t, a, anHourAgo(), nil); err == nil {
				t.Fatal("it did not fail")
			}
			time.Sleep(2 * time.Minute)
			if err := environ.Down(t.Context(), options(a, nil, nil)); err != nil || a.Beside() != "" {
				t.Errorf("Down: %v; beside the database is %q", err, a.Beside())
			}
		})
	})
	t.Run("tasks do not get well", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			a, replaced, _ := restorable(t, "prod")
			n := 0
			err := restore(t, a, anHourAgo(), func(_ int, asked string) deploytest.Trouble {
				if asked == "ecs:UpdateService" {
					n++
				}
				if n >= 4 && asked == "ecs:ListTasks" { // stands for tasks that are never seen well
					return deploytest.Unreached
				}
				return deploytest.None
			})
			if err == nil || replaced.Load() != 1 || len(a.Suspended()) > 0 {
				t.Fatalf("%v, replaced %d, %q do not scale", err, replaced.Load(), a.Suspended())
			}
			time.Sleep(time.Hour)
			held, err := deploy.Take(t.Context(), &deploy.Options{Environment: "prod", AWS: a.Config(nil), By: "taro", Why: "the version that mends it"})
			if err != nil {
				t.Fatalf("nothing else may be done: %v", err)
			}
			if err := held.Release(t.Context()); err != nil {
				t.Fatal(err)
			}
		})
	})
	t.Run("what a killed change has left is not a restore's", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			a, replaced, _ := restorable(t, "prod")
			h, err := deploy.Take(t.Context(), &deploy.Options{Environment: "prod", AWS: a.Config(nil), By: "taro", Why: "larger tasks"})
			if err == nil {
				err = h.Abandon(t.Context(), true) // AWS may still be changing it
			}
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(2 * time.Minute)
			if err := restore(t, a, anHourAgo(), nil); !errs.Is(err, errs.Conflict) || !strings.Contains(err.Error(), "larger tasks") || replaced.Load() > 0 {
				t.Errorf("%v, replaced %d", err, replaced.Load())
			}
		})
	})
}

// TestTwoRestores gives the same command while the acceptance of the first one goes on: the second one is told to wait, and
// ends nothing.
func TestTwoRestores(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, replaced, _ := restorable(t, "prod")
		serving, moment := a.Serving(), anHourAgo()
		accepts := make(chan struct{})
		do := a.Do
		a.Do = func(words []string, told map[string]string) (int32, []string) {
			if words[0] == "verify" {
				close(accepts)
				time.Sleep(3 * time.Minute)
			}
			return do(words, told)
		}
		done := make(chan error)
		go func() { done <- restore(t, a, moment, nil) }()
		<-accepts
		time.Sleep(150 * time.Second)
		if err := restore(t, a, moment, nil); !errs.Is(err, errs.Conflict) {
			t.Errorf("the second one: %v", err)
		}
		if err := <-done; err != nil || replaced.Load() != 1 {
			t.Errorf("the first one: %v, replaced %d", err, replaced.Load())
		}
		undisturbed(t, a, serving, "two")
	})
}

// TestThePlanShowsWhatARestoreHasLeft finds the cluster beside in the plan of the environment, with the command that removes
// it; and one that was made by hand, which none does.
func TestThePlanShowsWhatARestoreHasLeft(t *testing.T) {
	t.Parallel()
	w := written(t, "prod", "")
	synctest.Test(t, func(t *testing.T) {
		a, _, _ := restorable(t, "prod")
		planned := func(how trouble) (*environ.Beside, string) {
			t.Helper()
			p, err := environ.Look(t.Context(), options(a, w, how))
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range p.Checks {
				if strings.HasPrefix(c.What, "the cluster ") {
					return p.Beside, string(c.Is) + " " + c.Note
				}
			}
			return p.Beside, ""
		}
		if b, said := planned(nil); b != nil || said != "" {
			t.Errorf("before any restore: %+v, %s", b, said)
		}
		goal := anHourAgo()
		if err := restore(t, a, goal, killAfter("rds:CreateDBInstance", 1)); err == nil {
			t.Fatal("it was not killed")
		}
		time.Sleep(time.Hour)
		want := environ.Beside{Cluster: "enishi-prod-restored", State: "available", Of: goal.To.UTC().Format(time.RFC3339), Drops: "enishi env restore prod --drop"}
		if b, said := planned(nil); b == nil || *b != want || said != "" {
			t.Errorf("after one that was killed: %+v, %s; want %+v", b, said, want)
		}
		forbidden := func(_ int, asked string) deploytest.Trouble {
			if asked == "rds:DescribeDBClusters" {
				return deploytest.Denied
			}
			return deploytest.None
		}
		if b, said := planned(forbidden); b != nil || !strings.Contains(said, "unknown AWS does not say whether a restore has left one") {
			t.Errorf("whoever may not look: %+v, %s", b, said)
		}
		drop(t, a)
		if b, said := planned(nil); b != nil || said != "" {
			t.Errorf("after it was given up: %+v, %s", b, said)
		}
		a.Leave("by hand", nil)
		want = environ.Beside{Cluster: "enishi-prod-restored", State: "available"}
		if b, said := planned(nil); b == nil || *b != want || said != "" {
			t.Errorf("one that no restore has made: %+v, %s; want %+v", b, said, want)
		}
	})
}
