package environ_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"enishi/internal/deploy/deploytest"
	"enishi/internal/environ"
	"enishi/internal/errs"
)

func TestMain(m *testing.M) { deploytest.Main(m) }

// ending is how many of the last requests are always cut: by these a run lets go, and the next one may begin.
const ending = 6

// cuts gives which requests of a run are disturbed: some, each that changes something, each of the registry, and the last ones.
func cuts(requests []string) []int {
	every := 23
	switch {
	case os.Getenv("ENISHI_TEST_CUTS") == "all": // scripts/infra-test tries all
		every = 1
	case testing.Short(): // the race detector finds in a few what it finds in all
		every = 97
	}
	var out []int
	for n, request := range requests {
		_, asked, _ := strings.Cut(request, ":")
		reads := slices.ContainsFunc([]string{"Describe", "List", "Get", "Simulate", "PutObject deploy/current"}, func(prefix string) bool { return strings.HasPrefix(asked, prefix) })
		if n%every == every/2 || n >= len(requests)-ending || (!reads || strings.HasPrefix(request, "ecr:")) && !testing.Short() {
			out = append(out, n)
		}
	}
	return out
}

// some says whether a request is disturbed where each is: under the race detector one of seven, and the last, as cuts has it.
func some(n, requests int) bool { return !testing.Short() || n%7 == 3 || n == requests-1 }

func at(n int, how deploytest.Trouble) trouble {
	return func(m int, _ string) deploytest.Trouble {
		if m == n {
			return how
		}
		return deploytest.None
	}
}

// again runs one further time, undisturbed, after a run that was cut, and does not find it whole by chance: a run that said
// itself why it failed is followed at once, while AWS still moves, and one that was killed two minutes later, since
// nobody knows before that it is dead. Who comes sooner after one that was killed is told to wait, or goes on.
func again(t *testing.T, run func() error, how deploytest.Trouble, what string) {
	t.Helper()
	time.Sleep(time.Second)
	if how == deploytest.Killed || how == deploytest.KilledAfter {
		if how == deploytest.KilledAfter {
			if err := run(); err == nil {
				return
			} else if !errs.Is(err, errs.Conflict) || !strings.Contains(err.Error(), "If it was killed, it can be gone on with in") {
				t.Errorf("%s; at once: %v", what, err)
			}
		}
		time.Sleep(2 * time.Minute)
	}
	if err := run(); err != nil {
		t.Fatalf("%s: one further run does not end it: %v", what, err)
	}
}

// TestEveryCut ends the making and the taking down of an environment at every request,
// before it arrives and before its answer does, and gives every request every trouble after which the
// same process goes on. However it ends, one further run leaves it whole, or nothing.
func TestEveryCut(t *testing.T) {
	t.Parallel()
	w := written(t, "dev", "")
	ways := []deploytest.Trouble{deploytest.Killed, deploytest.KilledAfter}
	ways = append(ways, deploytest.Troubles()...)
	for _, tt := range []struct {
		name  string
		given func(*testing.T, *deploytest.Account)
		run   func(*testing.T, *deploytest.Account, trouble) error
		ends  func(*testing.T, *deploytest.Account, string)
	}{
		{
			"up", func(*testing.T, *deploytest.Account) {},
			func(t *testing.T, a *deploytest.Account, how trouble) error {
				return environ.Up(t.Context(), options(a, w, how))
			}, whole,
		},
		{
			"down", func(t *testing.T, a *deploytest.Account) {
				if err := environ.Up(t.Context(), options(a, w, nil)); err != nil {
					t.Fatal(err)
				}
				a.Back("arn:1")
			},
			func(t *testing.T, a *deploytest.Account, how trouble) error {
				return environ.Down(t.Context(), options(a, nil, how))
			},
			func(t *testing.T, a *deploytest.Account, what string) {
				if left := a.Left(); len(left) > 0 {
					t.Errorf("%s: what is left: %q", what, left)
				}
				if faults := a.Faults(); len(faults) > 0 {
					t.Errorf("%s: faults: %q", what, faults)
				}
			},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var requests []string
			synctest.Test(t, func(t *testing.T) {
				a := deploytest.Empty("dev")
				tt.given(t, a)
				err := tt.run(t, a, func(_ int, asked string) deploytest.Trouble {
					requests = append(requests, asked)
					return deploytest.None
				})
				if err != nil {
					t.Fatal(err)
				}
			})
			if len(requests) < 40 {
				t.Fatalf("only %d requests", len(requests))
			}
			for _, n := range cuts(requests) {
				for _, how := range ways {
					what := fmt.Sprintf("request %d (%s) is %v", n, requests[n], how)
					synctest.Test(t, func(t *testing.T) {
						a := deploytest.Empty("dev")
						tt.given(t, a)
						if err := tt.run(t, a, at(n, how)); err != nil {
							again(t, func() error { return tt.run(t, a, nil) }, how, what)
						}
						tt.ends(t, a, what)
					})
				}
			}
		})
	}
}
