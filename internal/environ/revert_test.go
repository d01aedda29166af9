package environ_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"enishi/internal/deploy/deploytest"
	"enishi/internal/environ"
	"enishi/internal/errs"
)

// revert looks at what brings a stack back to its template.
func revert(part string) func(context.Context, *environ.Options) (*environ.Step, error) {
	return func(ctx context.Context, o *environ.Options) (*environ.Step, error) {
		return environ.LookRevert(ctx, o, part)
	}
}

// byHand has somebody change a health check and a pace of scaling, and remove a policy.
func byHand(a *deploytest.Account) {
	a.Alter("Blue", func(p map[string]any) { p["HealthCheckPath"] = "/" })
	a.Alter("WebByCpu", func(p map[string]any) {
		p["TargetTrackingScalingPolicyConfiguration"].(map[string]any)["ScaleOutCooldown"] = 600
	})
	a.Remove("WorkerByCpu")
}

func revertingActs() map[string]act {
	return map[string]act{
		"bring back what was changed by hand": {
			there: byHand, look: revert("service"),
			next: "what was changed by hand in enishi-prod-service: Blue (HealthCheckPath: / -> /readyz); WebByCpu (TargetTrackingScalingPolicyConfiguration/ScaleOutCooldown: 600 -> 60); WorkerByCpu is gone -> as its template says",
			undo: "there is no command",
			done: func(a *deploytest.Account) string {
				path, worker := a.Properties("Blue")["HealthCheckPath"], a.Properties("WorkerByCpu")["PolicyName"]
				policy, _ := a.Properties("WebByCpu")["TargetTrackingScalingPolicyConfiguration"].(map[string]any)
				return fmt.Sprintf("%v %v %v, %d", path, policy["ScaleOutCooldown"], worker, a.Reverted())
			},
			want: "/readyz 60 worker-cpu, 1",
		},
	}
}

// TestRevertsThatAreRefused says of each why, and what comes first.
func TestRevertsThatAreRefused(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		there func(*deploytest.Account)
		part  string
		code  errs.Kind
		says  string
	}{
		"no such stack":         {part: "web", code: errs.Invalid, says: "base, cluster, service, alarms, edge"},
		"one that is not there": {part: "edge", code: errs.Conflict, says: "was not made yet"},
		"nothing differs":       {part: "service", code: errs.Conflict, says: "nothing differs"},
		"AWS is at it":          {there: left("UPDATE_IN_PROGRESS"), part: "alarms", code: errs.Conflict, says: "is update in progress: look again"},
		"one to be mended":      {there: left("UPDATE_ROLLBACK_FAILED"), part: "alarms", code: errs.Conflict, says: "enishi env mend prod alarms"},
		"bounds": {
			there: func(a *deploytest.Account) { a.Alter("WebScaling", func(p map[string]any) { p["MinCapacity"] = 7 }) },
			part:  "service", code: errs.Conflict, says: "enishi env scale prod says what it is to be",
		},
		"people are on the other group": {
			there: func(a *deploytest.Account) {
				byHand(a)
				a.Move("web")
				time.Sleep(10 * time.Minute)
			},
			part: "service", code: errs.Conflict, says: "deploy what runs once more (enishi deploy prod)",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a := deploytest.Whole("prod")
				if tt.there != nil {
					tt.there(a)
				}
				s, err := environ.LookRevert(t.Context(), operator(a, nil), tt.part)
				if !errs.Is(err, tt.code) || !strings.Contains(fmt.Sprint(err), tt.says) {
					t.Errorf("%+v, %v", s, err)
				}
				if states := fmt.Sprint(a.States()); strings.Contains(states, "change set") {
					t.Errorf("left: %s", states)
				}
			})
		})
	}
}

// TestAVersionIsNotLowered holds that what AWS has raised by itself stays, and is said with what comes first.
func TestAVersionIsNotLowered(t *testing.T) {
	t.Parallel()
	change := func(name string) *types.ResourceChange {
		return &types.ResourceChange{
			Action: types.ChangeActionModify, LogicalResourceId: aws.String("DataDatabase"), ResourceType: aws.String("AWS::RDS::DBCluster"),
			Details: []types.ResourceChangeDetail{{Target: &types.ResourceTargetDefinition{Name: &name, BeforeValue: aws.String("3.10.1"), AfterValue: aws.String("3.10.0")}}},
		}
	}
	if why := environ.Stays("prod", change("EngineVersion")); !strings.Contains(why, "the version of DataDatabase is 3.10.1, and the template has 3.10.0") || !strings.Contains(why, "enishi env up prod") {
		t.Errorf("%q", why)
	}
	if why := environ.Stays("prod", change("BackupRetentionPeriod")); why != "" {
		t.Errorf("%q", why)
	}
}

// TestWhatIsRevertedWasShown does nothing once what differs is no more what somebody agreed to, and brings bounds that were
// chosen since to nothing else.
func TestWhatIsRevertedWasShown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := deploytest.Whole("prod")
		byHand(a)
		s, err := environ.LookRevert(t.Context(), operator(a, nil), "service")
		if err != nil || len(s.Changes) != 3 {
			t.Fatalf("%+v, %v", s, err)
		}
		a.Alter("Green", func(p map[string]any) { p["HealthCheckPath"] = "/livez" })
		err = environ.Take(t.Context(), operator(a, nil), s)
		if !errs.Is(err, errs.Conflict) || !strings.Contains(err.Error(), "is no more what was shown") || a.Reverted() != 0 {
			t.Errorf("%v, done %d times", err, a.Reverted())
		}
		if states := fmt.Sprint(a.States()); strings.Contains(states, "change set") {
			t.Errorf("left: %s", states)
		}
		time.Sleep(20 * time.Minute)
		bounds, err := environ.LookScale(t.Context(), operator(a, nil), "web")
		if err == nil {
			err = environ.SetScale(t.Context(), operator(a, nil), bounds, environ.Bounds{Least: 8, Most: 30})
		}
		if err != nil {
			t.Fatal(err)
		}
		if s, err = environ.LookRevert(t.Context(), operator(a, nil), "service"); err == nil {
			err = environ.Take(t.Context(), operator(a, nil), s)
		}
		if scaling := a.Properties("WebScaling"); err != nil || a.Reverted() != 1 || fmt.Sprint(scaling["MinCapacity"], scaling["MaxCapacity"]) != "8 30" || a.Scheduled("web")["TV"] != 8 {
			t.Errorf("%v, done %d times, scales between %v, with %v", err, a.Reverted(), scaling, a.Scheduled("web"))
		}
		if faults := a.Faults(); len(faults) > 0 {
			t.Error(faults)
		}
	})
}
