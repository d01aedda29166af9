package environ_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"

	"enishi/internal/deploy"
	"enishi/internal/deploy/deploytest"
	"enishi/internal/environ"
	"enishi/internal/errs"
)

// TestDownThatStuck takes an environment down of which CloudFormation leaves a stack half-deleted,
// without its services; the same command goes on, and so does one that makes it again.
func TestDownThatStuck(t *testing.T) {
	t.Parallel()
	w := written(t, "dev", "")
	for _, then := range []string{"down", "up"} {
		synctest.Test(t, func(t *testing.T) {
			a := deploytest.Empty("dev")
			if err := environ.Up(t.Context(), options(a, w, nil)); err != nil {
				t.Fatal(err)
			}
			a.Stuck = map[string]string{"enishi-dev-service": "The security group has a dependent object"}
			if err := environ.Down(t.Context(), options(a, nil, nil)); err == nil || !strings.Contains(err.Error(), "dependent object") {
				t.Errorf("a deletion that fails: %v", err)
			}
			time.Sleep(5 * time.Minute)
			if then == "up" {
				// A stack that is half-deleted only a person can judge: it is said, and nothing is held.
				err := environ.Up(t.Context(), options(a, w, nil))
				if err == nil || !strings.Contains(err.Error(), "DELETE_FAILED") {
					t.Errorf("up after it: %v", err)
				}
			}
			if err := environ.Down(t.Context(), options(a, nil, nil)); err != nil {
				t.Errorf("down once more: %v", err)
			}
			if left := a.Left(); len(left) > 0 {
				t.Errorf("left are %q", left)
			}
		})
	}
}

// TestANewerFunction brings another image of the function to an environment that has one, and leaves that of the
// service.
func TestANewerFunction(t *testing.T) {
	t.Parallel()
	w := written(t, "dev", "")
	synctest.Test(t, func(t *testing.T) {
		a := deploytest.Empty("dev")
		if err := environ.Up(t.Context(), options(a, w, nil)); err != nil {
			t.Fatal(err)
		}
		service, before := a.Parameter("image"), a.Parameter("notify/image")
		for _, wanted := range []bool{false, true} {
			o := options(a, w, nil)
			o.NewFunction = wanted
			o.Function = func(_ context.Context, r deploy.Registry) (string, error) {
				return r.Repository + "@sha256:another", nil
			}
			o.Image = func(context.Context, deploy.Registry) (string, error) { return "", errors.New("it is not asked for") }
			if err := environ.Up(t.Context(), o); err != nil {
				t.Fatal(err)
			}
			want := before
			if wanted {
				want = strings.Split(before, "@")[0] + "@sha256:another"
			}
			if got := a.Parameter("notify/image"); before == "" || got != want || a.Parameter("image") != service {
				t.Errorf("wanted %v: the function is %q after %q, the service %q", wanted, got, before, a.Parameter("image"))
			}
		}
	})
}

// TestHalfIsTold has the audit log know of a change that stopped at the base, and of one that failed.
func TestHalfIsTold(t *testing.T) {
	t.Parallel()
	w, more := written(t, "dev", ""), written(t, "dev", `, "More": {"Type": "AWS::SNS::Topic"}`)
	for what, change := range map[string]func(*deploytest.Account, *environ.Options){
		"as far as the base": func(_ *deploytest.Account, o *environ.Options) { o.BaseOnly = true },
		"it ended half-way": func(a *deploytest.Account, _ *environ.Options) {
			a.Exit = func(command string) (int32, time.Duration) {
				if command == "user" { // the operator's, which comes before the log is told
					return 1, 5 * time.Second
				}
				return 0, 5 * time.Second
			}
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			a := deploytest.Empty("dev")
			if err := environ.Up(t.Context(), options(a, w, nil)); err != nil {
				t.Fatal(err)
			}
			before := len(a.Ran())
			o := options(a, more, nil)
			change(a, o)
			err := environ.Up(t.Context(), o)
			told := slices.ContainsFunc(a.Ran()[before:], func(r deploytest.Ran) bool {
				return strings.HasPrefix(strings.Join(r.Words, " "), "audit note environment.change ") && strings.HasSuffix(r.Words[len(r.Words)-1], "; "+what)
			})
			if !told || (err == nil) != o.BaseOnly {
				t.Errorf("%s: %v, and tasks were %+v", what, err, a.Ran()[before:])
			}
		})
	}
}

// TestChangedByAKilledRun takes for no change by hand what an env up has changed that was killed.
func TestChangedByAKilledRun(t *testing.T) {
	t.Parallel()
	w, more := written(t, "dev", ""), written(t, "dev", `, "More": {"Type": "AWS::SNS::Topic"}`)
	synctest.Test(t, func(t *testing.T) {
		a := deploytest.Empty("dev")
		if err := environ.Up(t.Context(), options(a, w, nil)); err != nil {
			t.Fatal(err)
		}
		killed := false
		err := environ.Up(t.Context(), options(a, more, func(_ int, operation string) deploytest.Trouble {
			if killed = killed || operation == "cloudformation:ExecuteChangeSet"; killed {
				return deploytest.KilledAfter
			}
			return deploytest.None
		}))
		if err == nil || !killed {
			t.Fatalf("it was not killed: %v", err)
		}
		a.Change("web", func(in *ecs.RegisterTaskDefinitionInput) { in.Cpu = aws.String("2048") }) // as CloudFormation goes on
		time.Sleep(20 * time.Minute)
		if err := environ.Up(t.Context(), options(a, more, nil)); err != nil {
			t.Fatal(err)
		}
		p, err := deploy.Look(t.Context(), &deploy.Options{Environment: "dev", AWS: a.Config(nil), By: "taro", Why: "a test"})
		if err != nil || len(p.Drift) > 0 {
			t.Errorf("%v, drift %q", err, p.Drift)
		}
	})
}

// TestAFailedAcceptanceIsDoneAnew makes an environment whose first acceptance fails, as during
// maintenance; the next run, also another's, accepts it anew.
func TestAFailedAcceptanceIsDoneAnew(t *testing.T) {
	t.Parallel()
	w := written(t, "dev", "")
	synctest.Test(t, func(t *testing.T) {
		a := deploytest.Empty("dev")
		code := int32(1)
		a.Exit = func(command string) (int32, time.Duration) {
			if command == "verify" {
				return code, 5 * time.Second
			}
			return 0, 5 * time.Second
		}
		if err := environ.Up(t.Context(), options(a, w, nil)); err == nil || !strings.Contains(err.Error(), "enishi verify failed") {
			t.Fatalf("an acceptance that fails: %v", err)
		}
		code = 0
		time.Sleep(5 * time.Minute)
		other := options(a, w, nil)
		other.By, other.Why = "taro", "the rest"
		if err := environ.Up(t.Context(), other); err != nil {
			t.Errorf("once more: %v", err)
		}
		whole(t, a, "accepted at last")
	})
}

// TestStoppedWhileAWSWorks ends an env up by hand while CloudFormation is at work: nobody deploys before
// it was gone on with, and what CloudFormation has changed is no change by hand.
func TestStoppedWhileAWSWorks(t *testing.T) {
	t.Parallel()
	w, more := written(t, "dev", ""), written(t, "dev", `, "More": {"Type": "AWS::SNS::Topic"}`)
	synctest.Test(t, func(t *testing.T) {
		a := deploytest.Empty("dev")
		if err := environ.Up(t.Context(), options(a, w, nil)); err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		err := environ.Up(ctx, options(a, more, func(_ int, operation string) deploytest.Trouble {
			if operation == "cloudformation:ExecuteChangeSet" {
				stop()
			}
			return deploytest.None
		}))
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("stopped by hand: %v", err)
		}
		a.Change("web", func(in *ecs.RegisterTaskDefinitionInput) { in.Cpu = aws.String("2048") }) // as CloudFormation goes on
		d := &deploy.Options{Environment: "dev", AWS: a.Config(nil), By: "taro", Why: "a test", Image: func(context.Context, deploy.Registry) (string, error) { return deploytest.Next, nil }}
		if _, err := deploy.Run(t.Context(), d); !errs.Is(err, errs.Conflict) {
			t.Errorf("a deployment meanwhile: %v", err)
		}
		time.Sleep(20 * time.Minute)
		if err := environ.Up(t.Context(), options(a, more, nil)); err != nil {
			t.Fatal(err)
		}
		if p, err := deploy.Look(t.Context(), d); err != nil || len(p.Drift) > 0 {
			t.Errorf("%v, drift %q", err, p.Drift)
		}
	})
}
