package deploy_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/google/go-cmp/cmp"

	"enishi/internal/deploy"
	"enishi/internal/deploy/deploytest"
	"enishi/internal/errs"
	"enishi/internal/golden"
)

const (
	before = deploytest.Before
	next   = deploytest.Next
)

// everything gives what runs where one image runs everywhere.
func everything(image string) map[string]string {
	return map[string]string{"web": image, "worker": image, "image": image, "once": image, "accept": image, "expire": image, "cleanup": image}
}

// digest is an image's name without its repository.
func digest(image string) string { return strings.Split(image, "@")[1] }

// pushes is by how many requests an image comes to the registry.
const pushes = 19

type trouble = func(n int, operation string) deploytest.Trouble

// spending is the share of bad answers at which a version is taken back.
const spending = 0.0144

func options(a *deploytest.Account, t trouble) *deploy.Options {
	config := a.Config(t)
	return &deploy.Options{
		Environment: a.Environment, AWS: config, By: "hanako", Why: "a test", Version: "v1.2.0", Schema: schema, Bad: spending, Guards: []string{"DeploymentFails", "NotThere"},
		Image: func(ctx context.Context, r deploy.Registry) (string, error) {
			return deploytest.Build(ctx, &config, next, r.Repository, r.User, r.Password)
		},
	}
}

func TestRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := deploytest.New("staging")
		var said []string
		o := options(a, nil)
		o.Tell = func(p deploy.Progress) { said = append(said, p.Step+": "+p.Note) }
		begun := time.Now()
		r, err := deploy.Run(t.Context(), o)
		if err != nil {
			t.Fatalf("Run: %v\n%s\n%s", err, strings.Join(said, "\n"), strings.Join(a.Asked(), " "))
		}
		if diff := cmp.Diff(everything(next), a.Runs()); diff != "" {
			t.Errorf("what runs (-want +got):\n%s", diff)
		}
		if faults := a.Faults(); len(faults) > 0 {
			t.Errorf("faults: %q", faults)
		}
		if r.Outcome != deploy.Deployed || r.Before.Image != before || r.After.Image != next || r.Ended.IsZero() {
			t.Errorf("the record is %+v", r)
		}
		var steps []string
		for _, s := range r.Steps {
			steps = append(steps, s.Step)
			t.Logf("%-14s %v", s.Step, s.Ended.Sub(s.Begun))
		}
		if want := []string{"image", "schema", "tasks", "next version", "acceptance", "traffic", "workers", "bake", "keep"}; !slices.Equal(steps, want) {
			t.Errorf("steps %v, want %v", steps, want)
		}
		var kept deploy.Record
		if err := json.Unmarshal(a.Object("deploy/history/"+r.ID+".json"), &kept); err != nil || kept.Outcome != deploy.Deployed {
			t.Errorf("history: %v, %+v", err, kept)
		}
		t.Log(time.Since(begun))
	})
}

// TestHowSoonAllTrafficIsThere counts from the commit until all traffic is on the next version: three minutes, without
// the minute that an environment chooses for a tenth of it. docs/operations.md says how long each takes.
func TestHowSoonAllTrafficIsThere(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	const (
		built   = 20 * time.Second // the image, warm (docs/open-points.md, "Figures")
		promise = 3 * time.Minute  // without the times that an environment chooses: ECS calls the canary's its bake time too
		chosen  = deploytest.CanaryMinutes * time.Minute
	)
	pace := fmt.Sprintf("canary_percent %d\ncanary_minutes %d\n", deploytest.CanaryPercent, deploytest.CanaryMinutes)
	for _, tt := range []struct {
		name     string
		serves   time.Duration
		expanded bool
	}{
		{"soon", deploytest.Soon, true},
		{"assumed", deploytest.Assumed, true},
		{"soon, with a schema", deploytest.Soon, false},
		{"assumed, with a schema", deploytest.Assumed, false},
	} {
		if tt.expanded {
			pace += fmt.Sprintf("serves_%s %v\n", tt.name, tt.serves)
		}
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := deploytest.New("staging")
				a.Serves = tt.serves
				o := options(a, nil)
				if tt.expanded {
					expanded(a)
				}
				build := o.Image
				o.Image = func(ctx context.Context, r deploy.Registry) (string, error) {
					time.Sleep(built)
					return build(ctx, r)
				}
				r, err := deploy.Run(t.Context(), o)
				if err != nil {
					t.Fatal(err)
				}
				took, counted := time.Duration(0), 0
				for _, s := range r.Steps {
					t.Logf("%-14s %v", s.Step, s.Ended.Sub(s.Begun))
					if s.Step == "image" || s.Step == "traffic" {
						counted++
					}
					if s.Step == "traffic" {
						took = s.Ended.Sub(r.Steps[0].Begun)
					}
				}
				if counted != 2 || took < built+chosen || took > promise+chosen {
					t.Errorf("with tasks that serve in %v all traffic is there after %v, want %v at most, and the canary's %v", tt.serves, took, promise, chosen)
				}
				said := regexp.MustCompile(fmt.Sprintf(`(?m)^\| %d s \| (\d+) s \| (\d+) s \|$`, int(tt.serves.Seconds()))).FindSubmatch(doc)
				if column := map[bool]int{true: 1, false: 2}[tt.expanded]; said == nil || string(said[column]) != strconv.Itoa(int(took.Seconds())) {
					t.Errorf("docs/operations.md does not say %v of tasks that serve in %v, but %q", took, tt.serves, said)
				}
			})
		})
	}
	golden.Assert(t, "testdata/pace.golden", pace)
}

// schema is the one that the version of the tests makes.
const schema = 23

// expanded makes an account one whose database has that schema already.
func expanded(a *deploytest.Account) {
	a.Expanded = true
	a.Put("deploy/current.json", fmt.Sprintf(`{"id": "first", "environment": "staging", "ended_at": "2000-01-01T00:00:00Z", "outcome": "deployed", "schema": %d}`, schema))
}

// whole says that what runs is one version everywhere, with nothing that moves, and that
// nothing was asked for that must not be.
func whole(t *testing.T, a *deploytest.Account, what string) string {
	t.Helper()
	runs := a.Runs()
	got := before
	if maps.Equal(runs, everything(next)) {
		got = next
	} else if diff := cmp.Diff(everything(before), runs); diff != "" {
		t.Errorf("%s: what runs is neither the new version nor (-want +got):\n%s", what, diff)
	}
	if faults := a.Faults(); len(faults) > 0 {
		t.Errorf("%s: faults: %q", what, faults)
	}
	return got
}

// changes says whether an operation changes what runs.
func changes(operation string) bool {
	_, asked, _ := strings.Cut(operation, ":")
	return !slices.ContainsFunc([]string{"Describe", "List", "Get", "PutObject deploy/current"}, func(prefix string) bool { return strings.HasPrefix(asked, prefix) })
}

// TestTwoAtOnce begins a second deployment while one goes on, and one of two that begin
// at the same moment.
func TestTwoAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := deploytest.New("staging")
		a.Exit = func(command string) (int32, time.Duration) {
			if command == "migrate" {
				return 0, 5 * time.Minute // longer than a lease
			}
			return 0, 5 * time.Second
		}
		var second, third error
		var runs sync.WaitGroup
		for range 2 {
			runs.Go(func() {
				if _, err := deploy.Run(t.Context(), options(a, nil)); err != nil {
					third = err
				}
			})
		}
		runs.Go(func() {
			time.Sleep(4 * time.Minute)
			_, second = deploy.Run(t.Context(), options(a, nil))
		})
		runs.Wait()
		if !errs.Is(second, errs.Conflict) || !strings.Contains(second.Error(), "hanako is deploying v1.2.0 to staging") {
			t.Errorf("the second: %v", second)
		}
		if !errs.Is(third, errs.Conflict) {
			t.Errorf("of two at the same moment, one says: %v", third)
		}
		if got := whole(t, a, "two at once"); got != next {
			t.Errorf("it ends with %s", got)
		}
	})
}

// TestTakenOver lets a process sleep until another has taken its deployment over, and wakes
// it at every request: it changes nothing more.
func TestTakenOver(t *testing.T) {
	t.Parallel()
	for n := pushes + 20; n < pushes+120; n += 9 {
		synctest.Test(t, func(t *testing.T) {
			a := deploytest.New("staging")
			var runs sync.WaitGroup
			var late error
			runs.Go(func() {
				_, late = deploy.Run(t.Context(), options(a, func(m int, _ string) deploytest.Trouble {
					if m == n {
						time.Sleep(3 * time.Minute)
					}
					return deploytest.None
				}))
			})
			time.Sleep(4 * time.Minute)
			_, err := deploy.Run(t.Context(), options(a, nil))
			runs.Wait()
			if err == nil == (late == nil) { // whoever has not ended it says so
				t.Errorf("asleep at request %d: the one that took over says %v, the other %v", n, err, late)
			}
			if got := whole(t, a, fmt.Sprintf("asleep at request %d", n)); got != next {
				t.Errorf("asleep at request %d: it ends with %s", n, got)
			}
		})
	}
}

func TestRollback(t *testing.T) {
	t.Parallel()
	t.Run("of what has ended", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			a := deploytest.New("staging")
			if _, err := deploy.Rollback(t.Context(), options(a, nil)); !errs.Is(err, errs.NotFound) {
				t.Errorf("before anything was deployed: %v", err)
			}
			if _, err := deploy.Run(t.Context(), options(a, nil)); err != nil {
				t.Fatal(err)
			}
			time.Sleep(24 * time.Hour)
			r, err := deploy.Rollback(t.Context(), options(a, nil))
			if err != nil || r.Outcome != deploy.RolledBack {
				t.Errorf("Rollback: %v, %+v", err, r)
			}
			if got := whole(t, a, "rolled back"); got != before {
				t.Errorf("it ends with %s", got)
			}
			if _, err := deploy.Rollback(t.Context(), options(a, nil)); !errs.Is(err, errs.NotFound) {
				t.Errorf("a second time: %v", err)
			}
		})
	})
	t.Run("is noted", func(t *testing.T) {
		t.Parallel()
		for _, code := range []int32{0, 1, 2} { // the audit log is told, cannot be, or is of a program that knows no such command
			synctest.Test(t, func(t *testing.T) {
				a := deploytest.New("staging")
				if _, err := deploy.Run(t.Context(), options(a, nil)); err != nil {
					t.Fatal(err)
				}
				a.Exit = func(string) (int32, time.Duration) { return code, time.Second }
				o := options(a, nil)
				o.By, o.Why = "taro", strings.Repeat("遅い", 400)
				r, err := deploy.Rollback(t.Context(), o)
				if err != nil || r.Outcome != deploy.RolledBack {
					t.Errorf("Rollback: %v, %+v", err, r)
				}
				if note := r.Steps[len(r.Steps)-1].Note; (code != 0) != strings.Contains(note, "the audit log was not told") {
					t.Errorf("code %d: the last step says %q", code, note)
				}
				ran := a.Ran()
				if first := ran[0]; first.Words[0] != "migrate" || first.Told["ENISHI_BY"] != "hanako" || first.Told["ENISHI_WHY"] != "a test" ||
					first.Told["ENISHI_CONFIRM"] != "staging" || first.Told["ENISHI_DEPLOYS"] != "v1.2.0: "+digest(before)+" -> "+digest(next) {
					t.Errorf("the migration was told %v", first)
				}
				last := ran[len(ran)-1]
				if want := []string{"audit", "note", "deploy.back", digest(next) + " -> " + digest(before)}; !slices.Equal(last.Words, want) {
					t.Errorf("the last task is %q, want %q", last.Words, want)
				}
				if why := last.Told["ENISHI_WHY"]; last.Told["ENISHI_BY"] != "taro" || len([]rune(why)) > 500 || !strings.Contains(why, "遅い") {
					t.Errorf("it was told %v", last.Told)
				}
				if faults := a.Faults(); len(faults) > 0 {
					t.Errorf("faults: %q", faults)
				}
			})
		}
	})
	t.Run("of what was left", func(t *testing.T) {
		t.Parallel()
		for n := pushes + 20; n < pushes+120; n += 9 {
			synctest.Test(t, func(t *testing.T) {
				a := deploytest.New("staging")
				killed := func(m int, _ string) deploytest.Trouble {
					if m == n {
						return deploytest.Killed
					}
					return deploytest.None
				}
				if _, err := deploy.Run(t.Context(), options(a, killed)); err == nil {
					t.Fatal("it was killed, and ended well")
				}
				time.Sleep(2 * time.Minute)
				if _, err := deploy.Rollback(t.Context(), options(a, nil)); err != nil {
					t.Errorf("killed at %d: %v", n, err)
				}
				if got := whole(t, a, fmt.Sprintf("killed at %d", n)); got != before {
					t.Errorf("it ends with %s", got)
				}
			})
		}
	})
}

// TestRights lists what deployments, forward and back, ask of AWS. The role that workflows
// deploy as (infra/stacks) is held to the list.
func TestRights(t *testing.T) {
	if testing.Short() {
		t.Skip("one goroutine does everything here, in which the race detector finds nothing")
	}
	t.Parallel()
	rights := map[string]bool{}
	for _, exit := range []int32{0, 1} {
		for n := 0; n < 240; n += 3 { // where it is killed, if it gets that far, and then taken back
			synctest.Test(t, func(t *testing.T) {
				a := deploytest.New("staging")
				a.Exit = func(command string) (int32, time.Duration) {
					if command == "verify" {
						return exit, 5 * time.Second
					}
					return 0, 5 * time.Second
				}
				_, _ = deploy.Look(t.Context(), options(a, nil))
				_, _ = deploy.Compare(t.Context(), options(a, nil), deploy.Whole)
				_, _ = deploy.Run(t.Context(), options(a, func(m int, _ string) deploytest.Trouble { // whatever becomes of it
					if m == n {
						return deploytest.Killed
					}
					return deploytest.None
				}))
				time.Sleep(2 * time.Minute)
				_, _ = deploy.Rollback(t.Context(), options(a, nil))
				_, _ = deploy.RunTask(t.Context(), options(a, nil), []string{"version"}, func(string) {})
				for _, asked := range a.Asked() {
					right, _, _ := strings.Cut(asked, " ")
					rights[right] = true
				}
			})
		}
	}
	golden.Assert(t, "testdata/rights.golden", strings.Join(slices.Sorted(maps.Keys(rights)), "\n")+"\n")
}

// TestLook looks at an account that is as it was deployed, and at one in which somebody has
// changed a thing by hand.
func TestLook(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := deploytest.New("prod")
		p, err := deploy.Look(t.Context(), options(a, nil))
		if err != nil {
			t.Fatal(err)
		}
		want := &deploy.Plan{
			Environment: "prod", Account: "123456789012", Region: deploytest.Region, Identity: deploytest.Identity, Real: true, Alarms: []string{}, Drift: []string{},
			Now: deploy.State{
				Image: before, Web: "arn:aws:ecs:ap-northeast-1:123456789012:task-definition/enishi-prod-web:1", Worker: "arn:aws:ecs:ap-northeast-1:123456789012:task-definition/enishi-prod-worker:1",
			},
			Steps: []string{"image", "schema", "tasks", "next version", "acceptance", "traffic", "workers", "bake", "keep"},
		}
		if diff := cmp.Diff(want, p); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		a.Set("image", next)
		a.Move("web")
		if p, err = deploy.Look(t.Context(), options(a, nil)); err != nil || len(p.Drift) != 6 || !strings.Contains(p.Drift[0], "enishi-prod-web runs "+before) {
			t.Errorf("changed by hand: %v, %+v", err, p)
		}
		for _, asked := range a.Asked() {
			if changes(asked) {
				t.Errorf("%s was asked for", asked)
			}
		}
	})
}

// TestDriftOfServices changes by hand what a service runs, after a deployment and after that was
// taken back.
func TestDriftOfServices(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := deploytest.New("staging")
		drift := func() []string {
			p, err := deploy.Look(t.Context(), options(a, nil))
			if err != nil {
				t.Fatal(err)
			}
			return p.Drift
		}
		if _, err := deploy.Run(t.Context(), options(a, nil)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		if got := drift(); len(got) > 0 {
			t.Errorf("after a deployment: %q", got)
		}
		a.Change("worker", func(in *ecs.RegisterTaskDefinitionInput) {
			in.Memory = aws.String("4096")
			c := &in.ContainerDefinitions[0]
			c.Environment = append(slices.Clone(c.Environment[1:]), types.KeyValuePair{Name: aws.String("ENISHI_SMTP_PASSWORD"), Value: aws.String("secret")})
		})
		const want = "the service worker runs enishi-staging-worker:3, registered by " + deploytest.Identity + "; left to it was enishi-staging-worker:2." +
			" It differs in ENISHI_ADDR, ENISHI_SMTP_PASSWORD, memory. Deployments go on with it"
		if got := drift(); !slices.Equal(got, []string{want}) {
			t.Errorf("changed by hand: %q", got)
		}
		if _, err := deploy.Rollback(t.Context(), options(a, nil)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		if got := drift(); len(got) > 0 {
			t.Errorf("after it was taken back: %q", got)
		}
	})
}

// TestPartsOfAlarms deploys while the parts of composite alarms are on, by which nobody is told: a
// budget's long window stays so for days after a few minutes.
func TestPartsOfAlarms(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := deploytest.New("staging")
		a.Alarms = func(share float64) []string {
			on := []string{"Enishi-staging-AvailabilityBudgetLong"}
			if share > 0 {
				on = append(on, "Enishi-staging-AvailabilitySlowShort")
			}
			return on
		}
		if r, err := deploy.Run(t.Context(), options(a, nil)); err != nil || r.Outcome != deploy.Deployed {
			t.Errorf("Run: %v, %+v", err, r)
		}
	})
}

// TestAskedFromOutside looks at the alarm of the edge, in another region: it takes a deployment back,
// and that region being away is told and holds up nothing.
func TestAskedFromOutside(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := deploytest.New("staging")
		a.Alarms = func(share float64) []string {
			if share == 100 {
				return []string{"Enishi-staging-EdgeAway"}
			}
			return nil
		}
		if r, err := deploy.Run(t.Context(), options(a, nil)); err == nil || !strings.Contains(err.Error(), "EdgeAway") || r.Outcome != deploy.RolledBack {
			t.Errorf("nobody reaches it from outside: %v, %+v", err, r)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		a := deploytest.New("staging")
		a.Closed = []string{deploytest.Edge}
		said := 0
		o := options(a, nil)
		o.Tell = func(p deploy.Progress) {
			if p.Step == "alarms" {
				said++
			}
		}
		if r, err := deploy.Run(t.Context(), o); err != nil || r.Outcome != deploy.Deployed || said != 1 {
			t.Errorf("the region is away: %v, %+v, told %d times", err, r, said)
		}
	})
}

// TestRefused begins where a deployment must not.
func TestRefused(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, want string
		given      func(*deploytest.Account, *deploy.Options)
	}{
		{"nobody", "who deploys", func(_ *deploytest.Account, o *deploy.Options) { o.By = "" }},
		{"another environment", "no parameter /enishi/prod/records", func(_ *deploytest.Account, o *deploy.Options) { o.Environment = "prod" }},
		{"alarms are on", "Enishi-staging-Latency", func(a *deploytest.Account, _ *deploy.Options) {
			a.Alarms = func(float64) []string { return []string{"Enishi-staging-Latency"} }
		}},
		{"somebody else's moves", "is being deployed by somebody else", func(a *deploytest.Account, _ *deploy.Options) { a.Move("worker") }},
		{"another image than was accepted", "is wanted", func(_ *deploytest.Account, o *deploy.Options) { o.Digest = digest(before) }},
		{"no image", "the compiler is missing", func(_ *deploytest.Account, o *deploy.Options) {
			o.Image = func(context.Context, deploy.Registry) (string, error) {
				return "", errs.New(errs.Internal, "the compiler is missing")
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a := deploytest.New("staging")
				o := options(a, nil)
				tt.given(a, o)
				if _, err := deploy.Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("Run = %v, want %q", err, tt.want)
				}
				for _, asked := range a.Asked() {
					if changes(asked) && !strings.HasPrefix(asked, "ecr:") || strings.HasPrefix(asked, "s3:Put") { // an image that is not run may lie there
						t.Errorf("%s was asked for", asked)
					}
				}
			})
		})
	}
}

// TestDigestOfWhatWasLeft wants one image where a deployment of another was left half-way: that is
// not finished in its place.
func TestDigestOfWhatWasLeft(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := deploytest.New("staging")
		if _, err := deploy.Run(t.Context(), options(a, func(n int, _ string) deploytest.Trouble {
			if n >= pushes+25 {
				return deploytest.Killed
			}
			return deploytest.None
		})); err == nil {
			t.Fatal("it was not killed")
		}
		time.Sleep(3 * time.Minute)
		o := options(a, nil)
		o.Digest = digest(before)
		if r, err := deploy.Run(t.Context(), o); !errs.Is(err, errs.Conflict) || !strings.Contains(err.Error(), "was left half-way") {
			t.Errorf("of another: %v, %+v", err, r)
		}
		if got := a.Runs()["web"]; got != before {
			t.Errorf("web runs %s", got)
		}
		o.Digest = digest(next)
		if r, err := deploy.Run(t.Context(), o); err != nil || r.Outcome != deploy.Deployed {
			t.Errorf("of this one: %v", err)
		}
		whole(t, a, "finished")
	})
}
