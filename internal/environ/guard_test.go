package environ_test

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"enishi/internal/deploy/deploytest"
	"enishi/internal/environ"
)

// TestGuarded changes the services of an environment under an alarm: CloudFormation takes the change back when it comes
// on, also if nobody is there any more; one that is on already is left out.
func TestGuarded(t *testing.T) {
	t.Parallel()
	const guard, stack = "Enishi-dev-DeploymentFails", "enishi-dev-service"
	w := written(t, "dev", "")
	dir := folder(t, "dev", "")
	name := filepath.Join(dir, stack+".template.json")
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.Replace(string(text), `"AWS::ECS::Service"}`, `"AWS::ECS::Service"}, "More": {"Type": "AWS::ApplicationAutoScaling::ScalingPolicy"}`, 1)
	if err := os.WriteFile(name, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
	more, err := environ.Read(dir, "dev")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name   string
		on     func(since time.Duration) bool
		killed bool
		want   string
		failed string // a part of the error; "": none
	}{
		{"all is well", func(time.Duration) bool { return false }, false, "UPDATE_COMPLETE", ""},
		{"it comes on while tasks are replaced", func(since time.Duration) bool { return since > 10*time.Second }, false, "UPDATE_ROLLBACK_COMPLETE", "CloudFormation has taken it back"},
		{"it comes on five minutes later", func(since time.Duration) bool { return since > 5*time.Minute }, false, "UPDATE_ROLLBACK_COMPLETE", "CloudFormation has taken it back"},
		{"it was on before", func(time.Duration) bool { return true }, false, "UPDATE_COMPLETE", ""},
		{"nobody is there any more", func(since time.Duration) bool { return since > 10*time.Second }, true, "UPDATE_ROLLBACK_COMPLETE", "request send failed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a := deploytest.Empty("dev")
				if err := environ.Up(t.Context(), options(a, w, nil)); err != nil {
					t.Fatal(err)
				}
				var begun time.Time // the change of the services
				changes := 0
				a.Alarms = func(float64) []string {
					if tt.on(-1) || !begun.IsZero() && tt.on(time.Since(begun)) {
						return []string{guard}
					}
					return nil
				}
				ctx, stop := context.WithTimeout(t.Context(), time.Hour)
				defer stop()
				o := options(a, more, func(_ int, asked string) deploytest.Trouble {
					switch {
					case !begun.IsZero() && tt.killed:
						return deploytest.Killed
					case asked == "cloudformation:ExecuteChangeSet":
						changes++
						if begun = time.Now(); tt.killed {
							return deploytest.KilledAfter
						}
					}
					return deploytest.None
				})
				err := environ.Up(ctx, o)
				if (err == nil) != (tt.failed == "") || err != nil && !strings.Contains(err.Error(), tt.failed) {
					t.Errorf("Up = %v, want %q", err, tt.failed)
				}
				time.Sleep(10 * time.Minute)
				a.States() // CloudFormation looks only when it is asked
				time.Sleep(10 * time.Minute)
				if got := a.States()[stack]; got != tt.want || changes != 1 || len(a.Faults()) > 0 {
					t.Errorf("after %d changes %s is in %s, want %s; faults %q", changes, stack, got, tt.want, a.Faults())
				}
			})
		})
	}
}

// TestProtected makes an environment with people's data, whose stacks nobody can delete, and lets somebody lift that of
// one by hand; one with demo data can be taken down.
func TestProtected(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"prod", "dev"} {
		w := written(t, name, "")
		synctest.Test(t, func(t *testing.T) {
			a := deploytest.Empty(name)
			up := func() {
				t.Helper()
				if err := environ.Up(t.Context(), options(a, w, nil)); err != nil {
					t.Fatal(err)
				}
			}
			up()
			var want []string
			if name == "prod" {
				want = slices.Sorted(maps.Keys(a.States()))
			}
			if got := a.Protected(); !slices.Equal(got, want) {
				t.Fatalf("protected are %q, want %q", got, want)
			}
			if len(want) == 0 {
				return
			}
			lifted := "enishi-prod-cluster"
			a.Unprotect(lifted)
			p, err := environ.Look(t.Context(), options(a, w, nil))
			if err != nil {
				t.Fatal(err)
			}
			for i := range p.Stacks {
				if s := &p.Stacks[i]; s.Protects != (s.Stack == lifted) {
					t.Errorf("the plan says of %s that it would be protected: %v", s.Stack, s.Protects)
				}
			}
			up()
			if got := a.Protected(); !slices.Equal(got, want) {
				t.Errorf("after it was lifted, protected are %q, want %q", got, want)
			}
		})
	}
}

// TestCacheWithTwoPasswords plans a change of the cache before its password is changed, meanwhile, and afterwards.
func TestCacheWithTwoPasswords(t *testing.T) {
	t.Parallel()
	w := written(t, "prod", `, "DataCache1": {"Type": "AWS::ElastiCache::ReplicationGroup", "Properties": {"Size": 2}}, "DataCacheKey1": {"Type": "AWS::SecretsManager::Secret"}`)
	synctest.Test(t, func(t *testing.T) {
		a := deploytest.Whole("prod")
		refused := func(when string, want bool) {
			t.Helper()
			p, err := environ.Look(t.Context(), options(a, w, nil))
			if err != nil {
				t.Fatal(err)
			}
			for i := range p.Stacks {
				if s := &p.Stacks[i]; s.Stack == "enishi-prod-base" && (strings.Contains(s.Broken, "whose password is being changed") != want || len(s.Changes) == 0) {
					t.Errorf("%s: %+v", when, s)
				}
			}
		}
		refused("with one password", false)
		a.Begun = time.Now()
		if _, err := takes(t, a, environ.LookNewPassword, nil); err != nil {
			t.Fatal(err)
		}
		refused("with two", true)
		time.Sleep(time.Hour)
		a.Begun = time.Now()
		if _, err := takes(t, a, environ.LookSettledPassword, nil); err != nil {
			t.Fatal(err)
		}
		refused("with one again", false)
	})
}
