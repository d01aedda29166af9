package environ_test

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"enishi/internal/deploy"
	"enishi/internal/deploy/deploytest"
	"enishi/internal/environ"
)

// The spike that the account's template announces: seven tasks at least.
var (
	begins = time.Date(2030, 1, 1, 9, 0, 0, 0, time.UTC)
	isOver = time.Date(2030, 1, 1, 11, 0, 0, 0, time.UTC)
)

// until lets time pass up to a moment.
func until(at time.Time) { time.Sleep(time.Until(at)) }

// scaledTo looks at the bounds of web and sets others.
func scaledTo(t *testing.T, a *deploytest.Account, least, most int) *environ.Scale {
	t.Helper()
	s, err := environ.LookScale(t.Context(), operator(a, nil), "web")
	if err == nil {
		err = environ.SetScale(t.Context(), operator(a, nil), s, environ.Bounds{Least: least, Most: most})
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// inForce holds what scaling of web goes by, at what it will by itself, and that no drift is told of any of it.
func inForce(t *testing.T, a *deploytest.Account, when string, least, most int32, scheduled map[string]int) {
	t.Helper()
	got := a.Scheduled("web")
	if is, limit := a.Scaled("web"); is != least || limit != most {
		t.Errorf("%s: scaling goes by %d to %d, want %d to %d", when, is, limit, least, most)
	}
	if !maps.Equal(got, scheduled) {
		t.Errorf("%s: what is scheduled sets %v, want %v", when, got, scheduled)
	}
	if c, err := deploy.Compare(t.Context(), &deploy.Options{Environment: a.Environment, AWS: a.Config(nil)}, deploy.Whole); err != nil || len(c.Changed) > 0 || len(c.Unknown) > 0 {
		t.Errorf("%s: the comparison tells of %+v, %v", when, c, err)
	}
	if faults := a.Faults(); len(faults) > 0 {
		t.Errorf("%s: %q", when, faults)
	}
}

// TestASpikeEndsWithWhatWasChosen chooses other bounds before a spike that is announced, and while it goes on: it begins with no
// fewer than those and no more than there may be, goes on, and ends with what was chosen last, whether or not AWS lists actions that
// have had their moment.
func TestASpikeEndsWithWhatWasChosen(t *testing.T) {
	t.Parallel()
	for _, remembers := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			a := deploytest.New("prod")
			a.Remembers = remembers
			left := func(all map[string]int, gone ...string) map[string]int {
				for _, name := range gone {
					if !remembers {
						delete(all, name)
					}
				}
				return all
			}
			scaledTo(t, a, 8, 40)
			inForce(t, a, "more than announced", 8, 40, map[string]int{"TV": 8, "TV-over": 8})
			scaledTo(t, a, 3, 5)
			inForce(t, a, "fewer than announced", 3, 5, map[string]int{"TV": 5, "TV-over": 3})
			scaledTo(t, a, 4, 30)
			inForce(t, a, "as was announced once more", 4, 30, map[string]int{"TV": 7, "TV-over": 4})
			until(begins.Add(time.Minute))
			inForce(t, a, "it has begun", 7, 30, left(map[string]int{"TV": 7, "TV-over": 4}, "TV"))

			s := scaledTo(t, a, 6, 20)
			if next := s.Effect(environ.Bounds{Least: 6, Most: 20}, time.Now()); next.While == nil || next.While.Name != "TV" || next.Now != (environ.Bounds{Least: 7, Most: 20}) || len(next.Then) != 1 || next.Then[0] != (environ.Rescheduled{Name: "TV-over", At: next.Then[0].At, Was: 4, Sets: 6}) || !next.Then[0].At.Equal(isOver) {
				t.Errorf("while it goes on, bounds would come to %+v", next)
			}
			inForce(t, a, "chosen while it goes on", 7, 20, left(map[string]int{"TV": 7, "TV-over": 6}, "TV"))
			scaledTo(t, a, 9, 20)
			inForce(t, a, "more than it, while it goes on", 9, 20, left(map[string]int{"TV": 7, "TV-over": 9}, "TV"))
			scaledTo(t, a, 5, 6)
			inForce(t, a, "fewer than it, while it goes on", 6, 6, left(map[string]int{"TV": 7, "TV-over": 5}, "TV"))
			scaledTo(t, a, 5, 20)
			until(isOver.Add(time.Minute))
			inForce(t, a, "it is over", 5, 20, left(map[string]int{"TV": 7, "TV-over": 5}, "TV", "TV-over"))
			scaledTo(t, a, 2, 9)
			inForce(t, a, "chosen afterwards", 2, 9, left(map[string]int{"TV": 7, "TV-over": 5}, "TV", "TV-over"))
		})
	}
}

// TestWhatIsScheduledByHandStays leaves an action that no template announces as it is, says so, and has the comparison tell of it.
func TestWhatIsScheduledByHandStays(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := deploytest.New("prod")
		a.Schedule("web", "nightly", "cron(0 18 * * ? *)", 1)
		s := scaledTo(t, a, 4, 40)
		if next := s.Effect(environ.Bounds{Least: 4, Most: 40}, time.Now()); len(next.Others) != 1 || next.Others[0].Name != "nightly" {
			t.Errorf("beside what is announced there is %+v", next.Others)
		}
		if got, want := a.Scheduled("web"), map[string]int{"TV": 7, "TV-over": 4, "nightly": 1}; !maps.Equal(got, want) {
			t.Errorf("what is scheduled sets %v, want %v", got, want)
		}
		c, err := deploy.Compare(t.Context(), &deploy.Options{Environment: "prod", AWS: a.Config(nil)}, deploy.Whole)
		if err != nil || len(c.Changed) != 1 || c.Changed[0].Name != "WebScaling" {
			t.Errorf("the comparison tells of %+v, %v", c, err)
		}
		a.Alter("WebScaling", func(p map[string]any) {
			p["ScheduledActions"] = p["ScheduledActions"].([]any)[:2]
			p["ScheduledActions"].([]any)[1].(map[string]any)["ScalableTargetAction"].(map[string]any)["MinCapacity"] = 3
		})
		c, err = deploy.Compare(t.Context(), &deploy.Options{Environment: "prod", AWS: a.Config(nil)}, deploy.Whole)
		if err != nil || len(c.Changed) != 1 {
			t.Errorf("of an end that somebody has changed, the comparison tells %+v, %v", c, err)
		}
	})
}

// spiking are templates that announce a spike.
func spiking(t *testing.T, environment string) *environ.Wanted {
	t.Helper()
	dir := folder(t, environment, "")
	file := filepath.Join(dir, "enishi-"+environment+"-service.template.json")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	announced := strings.Replace(string(text), `"Web": {"Type": "AWS::ECS::Service"}`, `"Web": {"Type": "AWS::ECS::Service"},
		"WebScaling": {"Type": "AWS::ApplicationAutoScaling::ScalableTarget", "Properties": {"ServiceNamespace": "ecs", "ResourceId": "service/enishi-`+environment+`/web", "MinCapacity": {"Ref": "Kept1"}, "MaxCapacity": {"Ref": "Kept2"},
		"ScheduledActions": [{"ScheduledActionName": "TV", "Schedule": "at(2030-01-01T18:00:00)", "Timezone": "Asia/Tokyo", "ScalableTargetAction": {"MinCapacity": 3}},
			{"ScheduledActionName": "TV-over", "Schedule": "at(2030-01-01T20:00:00)", "Timezone": "Asia/Tokyo", "ScalableTargetAction": {"MinCapacity": {"Ref": "Kept1"}}}]}}`, 1)
	if err := os.WriteFile(file, []byte(announced), 0o600); err != nil {
		t.Fatal(err)
	}
	return read(t, dir, environment)
}

// TestUpKeepsSpikesAsChosen brings an environment to its templates after bounds were chosen: the spike begins with as many as are
// kept, goes on where it has begun, and the plan says so beforehand. Each run that is cut leaves that to the next.
func TestUpKeepsSpikesAsChosen(t *testing.T) {
	t.Parallel()
	w := spiking(t, "dev")
	made := func(t *testing.T) *deploytest.Account {
		a := deploytest.Empty("dev")
		if err := environ.Up(t.Context(), options(a, w, nil)); err != nil {
			t.Fatal(err)
		}
		inForce(t, a, "made", 1, 4, map[string]int{"TV": 3, "TV-over": 1})
		return a
	}
	var asked []string
	synctest.Test(t, func(t *testing.T) {
		a := made(t)
		p, err := environ.Look(t.Context(), options(a, w, nil))
		if err != nil || len(p.Stacks[2].Spikes) > 0 {
			t.Fatalf("as announced, the plan says %+v, %v", p, err)
		}
		scaledTo(t, a, 5, 20)
		if p, err = environ.Look(t.Context(), options(a, w, nil)); err != nil {
			t.Fatal(err)
		}
		want := []string{"the spike TV begins with 5 tasks of web at least, not 3, since 5 to 20 are kept"}
		if diff := cmp.Diff(want, p.Stacks[2].Spikes); diff != "" {
			t.Errorf("the plan (-want +got):\n%s", diff)
		}
		for _, d := range p.Stacks[2].Drift {
			if !d.Deployed {
				t.Errorf("the plan tells of %+v", d)
			}
		}
		if err := environ.Up(t.Context(), options(a, w, func(_ int, what string) deploytest.Trouble { asked = append(asked, what); return deploytest.None })); err != nil {
			t.Fatal(err)
		}
		inForce(t, a, "brought to its templates", 5, 20, map[string]int{"TV": 5, "TV-over": 5})
		until(begins.Add(time.Minute))
		scaledTo(t, a, 2, 20)
		inForce(t, a, "while it goes on", 3, 20, map[string]int{"TV-over": 2})
		if err := environ.Up(t.Context(), options(a, w, nil)); err != nil {
			t.Fatal(err)
		}
		if least, _ := a.Scaled("web"); least != 3 || a.Scheduled("web")["TV-over"] != 2 {
			t.Errorf("while it goes on, the templates have left %d tasks at least, %v", least, a.Scheduled("web"))
		}
	})
	cut := 0
	for n := range asked {
		// Before and after what is asked of scaling: TestEveryCut cuts all else.
		if near := strings.Join(asked[max(n-1, 0):min(n+2, len(asked))], " "); !strings.Contains(near, "caling:") && !strings.Contains(near, "ScheduledAction") {
			continue
		}
		cut++
		for _, how := range []deploytest.Trouble{deploytest.Killed, deploytest.KilledAfter} {
			synctest.Test(t, func(t *testing.T) {
				a := made(t)
				scaledTo(t, a, 5, 20)
				err := environ.Up(t.Context(), options(a, w, at(n, how)))
				if time.Sleep(time.Hour); err != nil {
					if err := environ.Up(t.Context(), options(a, w, nil)); err != nil {
						t.Fatalf("request %d is %v: once more: %v", n, how, err)
					}
				}
				if got, want := a.Scheduled("web"), map[string]int{"TV": 5, "TV-over": 5}; !maps.Equal(got, want) {
					t.Errorf("request %d is %v: what is scheduled sets %v, want %v", n, how, got, want)
				}
				if faults := strings.Join(a.Faults(), "; "); faults != "" {
					t.Errorf("request %d is %v: %s", n, how, faults)
				}
			})
		}
	}
	if cut < 4 {
		t.Errorf("only %d of %q are cut", cut, asked)
	}
}

// TestMoreTasksComeFirst gives a service its bounds at once also to whoever may not see which spikes are announced, which is said, or
// may not change them, after which the same once more ends it.
func TestMoreTasksComeFirst(t *testing.T) {
	t.Parallel()
	for of, then := range map[string]map[string]int{
		"cloudformation:GetTemplate": {"TV": 7, "TV-over": 2}, "DescribeScheduledActions": {"TV": 7, "TV-over": 2}, "PutScheduledAction": {"TV": 7, "TV-over": 2}, "nothing": {"TV": 8, "TV-over": 8},
	} {
		synctest.Test(t, func(t *testing.T) {
			a := deploytest.New("prod")
			o := operator(a, func(_ int, asked string) deploytest.Trouble {
				if strings.HasSuffix(asked, of) {
					return deploytest.Denied
				}
				return deploytest.None
			})
			s, err := environ.LookScale(t.Context(), o, "web")
			if err != nil || (s.Unseen != "") != (of != "nothing" && of != "PutScheduledAction") {
				t.Fatalf("%s: %v, %+v", of, err, s)
			}
			if err = environ.SetScale(t.Context(), o, s, environ.Bounds{Least: 8, Most: 40}); (err != nil) != (of == "PutScheduledAction") {
				t.Errorf("%s: %v", of, err)
			}
			inForce(t, a, of, 8, 40, then)
		})
	}
}
