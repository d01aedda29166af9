package deploy_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"enishi/internal/deploy"
	"enishi/internal/deploy/deploytest"
	"enishi/internal/errs"
)

func TestMain(m *testing.M) { deploytest.Main(m) }

// again deploys one further time, undisturbed, two minutes after a run that was cut, which began at some time: whatever
// that has left is ended then, forward or back. A run that has taken everything back by itself needs no other;
// deploying anew after that is a new deployment, and no part of this one.
func again(t *testing.T, a *deploytest.Account, since time.Time, what string) {
	t.Helper()
	last := func() (r deploy.Record) {
		t.Helper()
		if text := a.Object("deploy/current.json"); text != nil {
			if err := json.Unmarshal(text, &r); err != nil {
				t.Fatal(err)
			}
		}
		return r
	}
	if r := last(); r.Ended.After(since) { // of one that was deployed, whoever did so has not heard that its end is kept
		return
	}
	time.Sleep(2 * time.Minute)
	_, err := deploy.Run(t.Context(), options(a, nil))
	if r := last(); !r.Ended.After(since) || (err == nil) != (r.Outcome == deploy.Deployed) {
		t.Errorf("%s: one further run does not end it: %v; the record is of %s, ended at %v, %s", what, err, r.ID, r.Ended, r.Outcome)
	}
}

// ending is how many of the last requests are always cut: by these a run lets go, and the next one may begin.
const ending = 4

// TestEveryCut ends a deployment at every request that it makes, of AWS and of the registry, to which the program's own
// push talks, before the request arrives and before its answer does; and gives every request every trouble after which the same
// process goes on. However it ends, one further run leaves one version everywhere.
func TestEveryCut(t *testing.T) {
	t.Parallel()
	ways := map[string]func(*deploytest.Account){
		"forward":  func(*deploytest.Account) {},
		"expanded": expanded,
		"broken":   func(a *deploytest.Account) { a.Broken = []string{next} },
		"refused": func(a *deploytest.Account) {
			a.Exit = func(command string) (int32, time.Duration) {
				if command == "verify" {
					return 1, 5 * time.Second
				}
				return 0, 5 * time.Second
			}
		},
		"guarded": func(a *deploytest.Account) { // ECS takes it back
			a.Alarms = func(share float64) []string {
				if share >= deploytest.CanaryPercent {
					return []string{"Enishi-staging-DeploymentFails"}
				}
				return nil
			}
		},
		"alarmed": func(a *deploytest.Account) {
			a.Alarms = func(share float64) []string {
				if share == 100 {
					return []string{"Enishi-staging-Latency"}
				}
				return nil
			}
		},
	}
	for _, name := range slices.Sorted(maps.Keys(ways)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			goes := name == "forward" || name == "expanded"
			var requests []string
			ends, every := map[string]int{}, 17 // and each that changes something; scripts/infra-test tries all
			switch {
			case os.Getenv("ENISHI_TEST_CUTS") == "all":
				every = 1
			case testing.Short(): // the race detector finds in a few what it finds in all
				every = 41
			}
			synctest.Test(t, func(t *testing.T) {
				a := deploytest.New("staging")
				ways[name](a)
				_, err := deploy.Run(t.Context(), options(a, func(_ int, asked string) deploytest.Trouble {
					requests = append(requests, asked)
					return deploytest.None
				}))
				if got := whole(t, a, "undisturbed"); (got == next) != goes || (err == nil) != goes {
					t.Errorf("undisturbed it ends with %s: %v", got, err)
				}
			})
			if len(requests) < 60 {
				t.Fatalf("only %d requests", len(requests))
			}
			if of := slices.DeleteFunc(slices.Clone(requests), func(r string) bool { return !strings.HasPrefix(r, "ecr:") || r == "ecr:GetAuthorizationToken" }); len(of) != pushes {
				t.Errorf("an image comes to the registry by %d requests, want %d: %q", len(of), pushes, of)
			}
			for n, request := range requests {
				pushed := strings.HasPrefix(request, "ecr:") // an image comes to the registry in the same way each time
				if n%every != 0 && n < len(requests)-ending && (testing.Short() || pushed && name != "forward" || !pushed && !changes(request)) {
					continue
				}
				for _, how := range append(deploytest.Troubles(), deploytest.Killed, deploytest.KilledAfter) {
					synctest.Test(t, func(t *testing.T) {
						a := deploytest.New("staging")
						ways[name](a)
						operation, since := "", time.Now()
						_, err := deploy.Run(t.Context(), options(a, func(m int, asked string) deploytest.Trouble {
							if m != n {
								return deploytest.None
							}
							operation = asked
							return how
						}))
						what := fmt.Sprintf("request %d (%s) is %v: %v", n, operation, how, err)
						if err != nil {
							again(t, a, since, what)
						}
						if strings.HasPrefix(operation, "ecr:") && slices.Contains([]deploytest.Trouble{deploytest.Throttled, deploytest.Unreached, deploytest.Lost, deploytest.Twice, deploytest.Slow}, how) && goes != (err == nil) {
							t.Errorf("%s: a push is tried anew by whoever pushes", what)
						}
						got := whole(t, a, what)
						if got == next && !goes {
							t.Errorf("request %d (%s) is %v: a version that is %s was deployed", n, operation, how, name)
						}
						ends[fmt.Sprintf("%v: %s", how, got[len(got)-4:])]++
					})
				}
			}
			for _, end := range slices.Sorted(maps.Keys(ends)) {
				t.Logf("%d requests: %s %d times", len(requests), end, ends[end])
			}
		})
	}
}

// TestEveryCutOfARollback ends the way back of what has been deployed at every request; a
// second rollback, or a deployment, leaves one version everywhere.
func TestEveryCutOfARollback(t *testing.T) {
	t.Parallel()
	begun := func(t *testing.T) *deploytest.Account {
		a := deploytest.New("staging")
		if _, err := deploy.Run(t.Context(), options(a, nil)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		return a
	}
	var requests []string
	synctest.Test(t, func(t *testing.T) {
		a := begun(t)
		_, err := deploy.Rollback(t.Context(), options(a, func(_ int, asked string) deploytest.Trouble {
			requests = append(requests, asked)
			return deploytest.None
		}))
		if got := whole(t, a, "undisturbed"); err != nil || got != before {
			t.Errorf("undisturbed it ends with %s: %v", got, err)
		}
	})
	if len(requests) < 30 {
		t.Fatalf("only %d requests", len(requests))
	}
	every := 7 // and each that changes something
	switch {
	case os.Getenv("ENISHI_TEST_CUTS") == "all":
		every = 1
	case testing.Short(): // the race detector finds in a few what it finds in all
		every = 97
	}
	for n, request := range requests {
		if n%every != every/2 && (testing.Short() || !changes(request)) {
			continue
		}
		for _, how := range append(deploytest.Troubles(), deploytest.Killed, deploytest.KilledAfter) {
			for _, deploys := range []bool{false, true} {
				synctest.Test(t, func(t *testing.T) {
					a := begun(t)
					since := time.Now()
					_, err := deploy.Rollback(t.Context(), options(a, func(m int, _ string) deploytest.Trouble {
						if m == n {
							return how
						}
						return deploytest.None
					}))
					what := fmt.Sprintf("request %d (%s) is %v: %v", n, request, how, err)
					switch {
					case err == nil:
					case deploys:
						again(t, a, since, what)
					default:
						time.Sleep(2 * time.Minute)
						o := options(a, nil)
						o.By, o.Why = "taro", "another reason"
						if _, err := deploy.Rollback(t.Context(), o); err != nil && !errs.Is(err, errs.NotFound) { // it may have ended
							t.Errorf("%s; a second rollback: %v", what, err)
						}
					}
					if got := whole(t, a, what); got != before && !deploys {
						t.Errorf("%s: it ends with %s", what, got)
					}
				})
			}
		}
	}
}
