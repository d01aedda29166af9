package deploy_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"enishi/internal/deploy"
	"enishi/internal/deploy/deploytest"
)

const guard = "Enishi-staging-DeploymentFails"

// TestECSTakesItBack leaves a deployment the moment it has been told to go on: of a version that fails, ECS takes the
// web service back without anybody, and the next run the rest.
func TestECSTakesItBack(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		from float64 // the share of the traffic at which the version begins to fail
	}{{"canary", deploytest.CanaryPercent}, {"bake", 100}} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a := deploytest.New("staging")
				a.Alarms = func(share float64) []string {
					if share >= tt.from {
						return []string{guard}
					}
					return nil
				}
				gone, since := false, time.Now()
				ctx, stop := context.WithTimeout(t.Context(), 10*time.Minute) // nobody waits for a laptop that is gone
				defer stop()
				_, err := deploy.Run(ctx, options(a, func(_ int, asked string) deploytest.Trouble {
					if gone {
						return deploytest.Killed
					}
					if gone = asked == "ecs:ContinueServiceDeployment"; gone {
						return deploytest.KilledAfter
					}
					return deploytest.None
				}))
				if err == nil || !gone {
					t.Fatalf("the run was not left after it had said go on: %v", err)
				}
				if got := a.Guarded(); !slices.Equal(got, []string{guard}) {
					t.Errorf("ECS looks at %q", got)
				}
				time.Sleep(10 * time.Minute)
				a.Runs() // ECS looks only when it is asked
				time.Sleep(10 * time.Minute)
				if got := a.Runs()["web"]; !strings.HasPrefix(got, before) || strings.Contains(got, "moving") {
					t.Errorf("twenty minutes later the web service runs %s", got)
				}
				again(t, a, since, tt.name)
				if diff := cmp.Diff(everything(before), a.Runs()); diff != "" {
					t.Errorf("after a further run (-want +got):\n%s", diff)
				}
				if got := a.Guarded(); got != nil || len(a.Faults()) > 0 {
					t.Errorf("ECS still looks at %q; %q", got, a.Faults())
				}
			})
		})
	}
}

// TestGuardComesBetween has an alarm come on between the look at it and the deployment's beginning, so that ECS looks at
// none: that is noted.
func TestGuardComesBetween(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := deploytest.New("staging")
		var began time.Time
		a.Alarms = func(float64) []string {
			if !began.IsZero() && time.Since(began) < time.Second {
				return []string{guard}
			}
			return nil
		}
		o := options(a, func(_ int, asked string) deploytest.Trouble {
			if asked == "ecs:UpdateService" && began.IsZero() {
				began = time.Now()
			}
			return deploytest.None
		})
		r, err := deploy.Run(t.Context(), o)
		if err != nil || r.Outcome != deploy.Deployed {
			t.Fatalf("Run: %v, %+v", err, r)
		}
		noted := 0
		for _, s := range r.Steps {
			if s.Step == "traffic" && strings.Contains(s.Note, "ECS looks at no alarms") {
				noted++
			}
		}
		if noted != 1 {
			t.Errorf("it is noted %d times: %+v", noted, r.Steps)
		}
	})
}

// TestGuards holds which alarms ECS is told to look at: those that are there, unless they are on; and none once it is over.
func TestGuards(t *testing.T) {
	t.Parallel()
	for name, on := range map[string]bool{"off": false, "on before it begins": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a := deploytest.New("staging")
				a.Alarms = func(float64) []string {
					if on {
						return []string{guard}
					}
					return nil
				}
				var during []string
				o := options(a, nil)
				o.Tell = func(p deploy.Progress) {
					if p.Step == "traffic" {
						during = a.Guarded()
					}
				}
				r, err := deploy.Run(t.Context(), o)
				if err != nil || r.Outcome != deploy.Deployed {
					t.Fatalf("Run: %v, %+v", err, r)
				}
				if want := map[bool]string{false: guard}[on]; strings.Join(during, " ") != want {
					t.Errorf("ECS looks at %q, want %q", during, want)
				}
				if got := a.Guarded(); got != nil || len(a.Faults()) > 0 {
					t.Errorf("afterwards ECS looks at %q; %q", got, a.Faults())
				}
			})
		})
	}
}
