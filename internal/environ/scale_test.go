package environ_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"enishi/internal/deploy/deploytest"
	"enishi/internal/environ"
	"enishi/internal/errs"
)

func operator(a *deploytest.Account, t trouble) *environ.Options {
	return &environ.Options{Environment: a.Environment, AWS: a.Config(t), By: "hanako", Why: "a spike"}
}

// told gives what the audit log was told, and by whom.
func told(t *testing.T, a *deploytest.Account) (out []string) {
	t.Helper()
	for _, r := range a.Ran() {
		if r.Words[0] != "audit" || r.Told["ENISHI_BY"] != "hanako" || r.Told["ENISHI_WHY"] != "a spike" {
			t.Errorf("a task was run: %+v", r)
		}
		out = append(out, strings.Join(r.Words[2:], " "))
	}
	return out
}

// TestScale gives a service other bounds, ends that at every request, and does it again.
func TestScale(t *testing.T) {
	t.Parallel()
	to := environ.Bounds{Least: 4, Most: 40}
	const diff = "environment.change web: 2 to 9 tasks -> 4 to 40 tasks"
	requests := 0
	synctest.Test(t, func(t *testing.T) {
		a := deploytest.New("prod")
		s, err := environ.LookScale(t.Context(), operator(a, nil), "web")
		want := &environ.Scale{
			Who:         environ.Who{Account: "123456789012", Region: deploytest.Region, Identity: deploytest.Identity},
			Environment: "prod", Service: "web", Real: true, Kept: environ.Bounds{Least: 2, Most: 9}, In: environ.Bounds{Least: 2, Most: 9},
		}
		if diff := cmp.Diff(want, s); err != nil || diff != "" {
			t.Fatalf("%v, -want +got:\n%s", err, diff)
		}
		err = environ.SetScale(t.Context(), operator(a, func(int, string) deploytest.Trouble { requests++; return deploytest.None }), s, to)
		if got := told(t, a); err != nil || !slices.Equal(got, []string{diff}) {
			t.Errorf("SetScale: %v, told %q", err, got)
		}
	})
	if requests < 8 {
		t.Fatalf("only %d requests", requests)
	}
	for n := range requests {
		for _, how := range append(deploytest.Troubles(), deploytest.Killed, deploytest.KilledAfter) {
			synctest.Test(t, func(t *testing.T) {
				a := deploytest.New("prod")
				before, err := environ.LookScale(t.Context(), operator(a, nil), "web")
				if err != nil {
					t.Fatal(err)
				}
				if err := environ.SetScale(t.Context(), operator(a, at(n, how)), before, to); err != nil {
					time.Sleep(2 * time.Minute) // until what was begun has ended
					s, err := environ.LookScale(t.Context(), operator(a, nil), "web")
					if err != nil {
						t.Fatal(err)
					}
					if err := environ.SetScale(t.Context(), operator(a, nil), s, to); err != nil {
						t.Errorf("request %d is %v: once more: %v", n, how, err)
					}
				}
				least, most := a.Scaled("web")
				if least != 4 || most != 40 || a.Parameter("web/least") != "4" || a.Parameter("web/most") != "40" || len(told(t, a)) == 0 {
					t.Errorf("request %d is %v: scaled %d to %d, kept %s to %s", n, how, least, most, a.Parameter("web/least"), a.Parameter("web/most"))
				}
				if faults := a.Faults(); len(faults) > 0 {
					t.Errorf("request %d is %v: %q", n, how, faults)
				}
			})
		}
	}
}

// TestScaleRefuses asks for what a service cannot have, and where there is none.
func TestScaleRefuses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := deploytest.New("prod")
		for _, b := range []environ.Bounds{{Least: 0, Most: 4}, {Least: 5, Most: 4}, {Least: 1, Most: 5001}} {
			if err := environ.SetScale(t.Context(), operator(a, nil), &environ.Scale{Service: "web"}, b); !errs.Is(err, errs.Invalid) {
				t.Errorf("%v: %v", b, err)
			}
		}
		if _, err := environ.LookScale(t.Context(), operator(a, nil), "job"); !errs.Is(err, errs.Invalid) {
			t.Errorf("of what does not scale: %v", err)
		}
		other := operator(a, nil)
		other.Environment = "staging"
		if _, err := environ.LookScale(t.Context(), other, "web"); !errs.Is(err, errs.NotFound) {
			t.Errorf("of another environment: %v", err)
		}
		a.Set("web/least", "many")
		if _, err := environ.LookScale(t.Context(), operator(a, nil), "web"); !errs.Is(err, errs.Conflict) {
			t.Errorf("of what is no number: %v", err)
		}
	})
}

// TestStopTask lists what runs, finds a task by the beginning of its id, and stops it.
func TestStopTask(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := deploytest.New("staging")
		all, err := environ.LookTasks(t.Context(), operator(a, nil))
		if err != nil {
			t.Fatal(err)
		}
		var of []string
		for _, one := range all.Tasks {
			of = append(of, one.Of)
		}
		if !slices.Equal(of, []string{"web", "web", "worker"}) || all.Real {
			t.Fatalf("what runs is %+v", all)
		}
		if _, err := all.Find("aa"); !errs.Is(err, errs.Conflict) {
			t.Errorf("of two: %v", err)
		}
		if _, err := all.Find(""); !errs.Is(err, errs.NotFound) {
			t.Errorf("of none: %v", err)
		}
		one, err := all.Find("aa1")
		if err != nil || one.Definition != "enishi-staging-web:1" || one.Address != "10.0.0.2" || one.Health != "healthy" || one.Started.IsZero() {
			t.Fatalf("Find: %v, %+v", err, one)
		}
		if err := environ.StopTask(t.Context(), operator(a, nil), one); err != nil || a.Replaced() != 1 {
			t.Errorf("StopTask: %v, %d are stopped", err, a.Replaced())
		}
		if got := told(t, a); !slices.Equal(got, []string{"environment.change a task of web (enishi-staging-web:1) is stopped: " + one.ID}) {
			t.Errorf("the audit log was told %q", got)
		}
		if err := environ.StopTask(t.Context(), operator(a, nil), one); err == nil || a.Replaced() != 1 {
			t.Errorf("once more: %v, %d are stopped", err, a.Replaced())
		}
	})
}
