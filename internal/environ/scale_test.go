package environ_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"enishi/internal/deploy"
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

// TestScale gives a service other bounds, more and fewer, ends that at every request, and does it again.
func TestScale(t *testing.T) {
	t.Parallel()
	for to, diff := range map[environ.Bounds]string{
		{Least: 4, Most: 40}:  "environment.change web: 2 to 9 tasks -> 4 to 40 tasks",
		{Least: 12, Most: 40}: "environment.change web: 2 to 9 tasks -> 12 to 40 tasks",
		{Least: 1, Most: 1}:   "environment.change web: 2 to 9 tasks -> 1 to 1 tasks",
	} {
		requests := 0
		synctest.Test(t, func(t *testing.T) {
			a := deploytest.New("prod")
			s, err := environ.LookScale(t.Context(), operator(a, nil), "web")
			want := &environ.Scale{
				Who:         environ.Who{Account: "123456789012", Region: deploytest.Region, Identity: deploytest.Identity},
				Environment: "prod", Service: "web", Real: true, Kept: environ.Bounds{Least: 2, Most: 9}, In: environ.Bounds{Least: 2, Most: 9},
				Spikes: []deploy.Spike{{Name: "TV", From: time.Date(2030, 1, 1, 9, 0, 0, 0, time.UTC), To: time.Date(2030, 1, 1, 11, 0, 0, 0, time.UTC), Least: 7}},
				Scheduled: []deploy.Scheduled{
					{Name: "TV", Schedule: "at(2030-01-01T18:00:00)", Timezone: "Asia/Tokyo", Least: aws.Int(7)}, {Name: "TV-over", Schedule: "at(2030-01-01T20:00:00)", Timezone: "Asia/Tokyo", Least: aws.Int(2)},
				},
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
			if !some(n, requests) {
				continue
			}
			for _, how := range append(deploytest.Troubles(), deploytest.Killed, deploytest.KilledAfter) {
				if how == deploytest.KilledAfter && n == requests-1 {
					continue // all of it was done
				}
				synctest.Test(t, func(t *testing.T) { cutScale(t, n, how, to, diff) })
			}
		}
	}
}

// TestBoundsThatWereChosenAreNoDrift compares the account with its templates after somebody has chosen bounds, and after
// somebody has changed them where they are not kept: what a deployment's plan says, an environment's says too.
func TestBoundsThatWereChosenAreNoDrift(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := deploytest.New("prod")
		s, err := environ.LookScale(t.Context(), operator(a, nil), "web")
		if err != nil {
			t.Fatal(err)
		}
		if err := environ.SetScale(t.Context(), operator(a, nil), s, environ.Bounds{Least: 4, Most: 40}); err != nil {
			t.Fatal(err)
		}
		d := &deploy.Options{Environment: "prod", AWS: a.Config(nil)}
		if c, err := deploy.Compare(t.Context(), d, deploy.Whole); err != nil || len(c.Changed) > 0 || len(c.Unknown) > 0 {
			t.Errorf("after bounds were chosen: %+v, %v", c, err)
		}
		a.Alter("WebScaling", func(p map[string]any) { p["MaxCapacity"] = 41 })
		c, err := deploy.Compare(t.Context(), d, deploy.Whole)
		if err != nil || len(c.Changed) != 1 {
			t.Fatalf("Compare = %+v, %v", c, err)
		}
		if diff := cmp.Diff([]deploy.Setting{{Setting: "MaxCapacity", Template: "9", Account: "41"}}, c.Changed[0].Settings); diff != "" {
			t.Errorf("changed by hand (-want +got):\n%s", diff)
		}
	})
}

// cutScale has one request of a change meet a trouble, and repeats the change where that ended it.
func cutScale(t *testing.T, n int, how deploytest.Trouble, to environ.Bounds, diff string) {
	t.Helper()
	a := deploytest.New("prod")
	before, err := environ.LookScale(t.Context(), operator(a, nil), "web")
	if err != nil {
		t.Fatal(err)
	}
	err = environ.SetScale(t.Context(), operator(a, at(n, how)), before, to)
	made := false // before it was ended
	var kept environ.Bounds
	if _, bad := fmt.Sscan(a.Parameter("web/least")+" "+a.Parameter("web/most"), &kept.Least, &kept.Most); bad != nil || kept.Check() != nil {
		t.Errorf("request %d is %v: what is kept is %v, %v", n, how, kept, bad)
	}
	if err != nil {
		time.Sleep(2 * time.Minute) // until what was begun has ended
		s, err := environ.LookScale(t.Context(), operator(a, nil), "web")
		if err != nil {
			t.Fatal(err)
		}
		made = s.Left == nil && s.Kept == to
		if s.Was() != "2 to 9" && !made {
			t.Errorf("request %d is %v: before, it says, there were %s", n, how, s.Was())
		}
		if err := environ.SetScale(t.Context(), operator(a, nil), s, to); err != nil {
			t.Errorf("request %d is %v: once more: %v", n, how, err)
		}
	}
	least, most := a.Scaled("web")
	if int(least) != to.Least || int(most) != to.Most || a.Parameter("web/least") != strconv.Itoa(to.Least) || a.Parameter("web/most") != strconv.Itoa(to.Most) {
		t.Errorf("request %d is %v: scaled %d to %d, kept %s to %s", n, how, least, most, a.Parameter("web/least"), a.Parameter("web/most"))
	}
	if got, want := a.Scheduled("web"), map[string]int{"TV": min(max(7, to.Least), to.Most), "TV-over": to.Least}; !maps.Equal(got, want) {
		t.Errorf("request %d is %v: the spike sets %v, want %v", n, how, got, want)
	}
	again := fmt.Sprintf("environment.change web: %v tasks -> %[1]v tasks", to)
	if got := told(t, a); !slices.Contains(got, diff) || slices.ContainsFunc(got, func(one string) bool {
		return strings.TrimSuffix(one, "; left half-way") != diff && (one != again || !made)
	}) {
		t.Errorf("request %d is %v: told %q", n, how, got)
	}
	if faults := a.Faults(); len(faults) > 0 {
		t.Errorf("request %d is %v: %q", n, how, faults)
	}
}

// TestScaleDuringADeployment changes the bounds while a deployment was left half-way: the audit log is
// told all the same.
func TestScaleDuringADeployment(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := deploytest.New("prod")
		d := &deploy.Options{Environment: "prod", AWS: a.Config(at(40, deploytest.Killed)), By: "taro", Why: "a test", Version: "v1.1.0", Image: func(context.Context, deploy.Registry) (string, error) { return deploytest.Next, nil }}
		if _, err := deploy.Run(t.Context(), d); err == nil {
			t.Fatal("it was not killed")
		}
		time.Sleep(time.Minute)
		s, err := environ.LookScale(t.Context(), operator(a, nil), "web")
		if err != nil {
			t.Fatal(err)
		}
		if err := environ.SetScale(t.Context(), operator(a, nil), s, environ.Bounds{Least: 4, Most: 40}); err != nil {
			t.Errorf("SetScale: %v", err)
		}
		ran := a.Ran()
		if last := ran[len(ran)-1]; last.Words[0] != "audit" || last.Told["ENISHI_BY"] != "hanako" {
			t.Errorf("the last task was %+v", last)
		}
	})
}

// TestScaleIsToldLater makes a change that the audit log cannot be told of; the next one tells both. The way
// back of that is to what was kept, not to what there was before both.
func TestScaleIsToldLater(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := deploytest.New("prod")
		change := func(o *environ.Options, to environ.Bounds) (string, error) {
			s, err := environ.LookScale(t.Context(), operator(a, nil), "web")
			if err != nil {
				t.Fatal(err)
			}
			return s.Was(), environ.SetScale(t.Context(), o, s, to)
		}
		mute := operator(a, func(_ int, asked string) deploytest.Trouble {
			if asked == "ecs:RunTask" {
				return deploytest.Denied
			}
			return deploytest.None
		})
		if _, err := change(mute, environ.Bounds{Least: 4, Most: 40}); err == nil || !strings.Contains(err.Error(), "the audit log was not told") {
			t.Errorf("of what the log cannot be told: %v", err)
		}
		time.Sleep(time.Hour)
		was, err := change(operator(a, nil), environ.Bounds{Least: 8, Most: 50})
		if err != nil || was != "4 to 40" {
			t.Errorf("the next: %v, before it there were %s", err, was)
		}
		if got, want := told(t, a), []string{"environment.change web: 2 to 9 tasks -> 4 to 40 tasks", "environment.change web: 4 to 40 tasks -> 8 to 50 tasks"}; !slices.Equal(got, want) {
			t.Errorf("told %q, want %q", got, want)
		}
	})
}

// TestTwoScale has two people change the bounds of one service at the same moment, and one while
// another's change is on its way.
func TestTwoScale(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := deploytest.New("prod")
		s, err := environ.LookScale(t.Context(), operator(a, nil), "web")
		if err != nil {
			t.Fatal(err)
		}
		results := make(chan error, 2)
		var both sync.WaitGroup // have seen that nobody else changes it
		both.Add(2)
		for _, to := range []environ.Bounds{{Least: 1, Most: 1}, {Least: 12, Most: 40}} {
			var first sync.Once
			together := func(_ int, asked string) deploytest.Trouble {
				if strings.HasPrefix(asked, "s3:PutObject deploy/changes") {
					first.Do(func() {
						both.Done()
						both.Wait()
					})
				}
				return deploytest.None
			}
			go func() { results <- environ.SetScale(t.Context(), operator(a, together), s, to) }()
		}
		first, second := <-results, <-results
		if (first == nil) == (second == nil) || !errs.Is(errors.Join(first, second), errs.Conflict) {
			t.Errorf("two at once: %v, %v", first, second)
		}
		least, most := a.Scaled("web")
		if kept := a.Parameter("web/least") + " " + a.Parameter("web/most"); kept != fmt.Sprint(least, " ", most) || least != 1 && least != 12 {
			t.Errorf("kept %s, in force %d to %d", kept, least, most)
		}
	})
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
		if got := told(t, a); !slices.Equal(got, []string{"environment.change task " + one.ID + " of enishi-staging-web:1: running -> told to stop"}) {
			t.Errorf("the audit log was told %q", got)
		}
		if err := environ.StopTask(t.Context(), operator(a, nil), one); err == nil || a.Replaced() != 1 {
			t.Errorf("once more: %v, %d are stopped", err, a.Replaced())
		}
	})
}
