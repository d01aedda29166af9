package deploy_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"enishi/internal/deploy"
	"enishi/internal/deploy/deploytest"
	"enishi/internal/errs"
)

func TestRunTask(t *testing.T) {
	t.Parallel()
	for _, code := range []int32{0, 3} {
		synctest.Test(t, func(t *testing.T) {
			a := deploytest.New("staging")
			a.Exit = func(string) (int32, time.Duration) { return code, time.Minute }
			var printed []string
			task, err := deploy.RunTask(t.Context(), options(a, nil), []string{"job", "run", "expire"}, func(line string) { printed = append(printed, line) })
			if err != nil != (code != 0) || code != 0 && !strings.Contains(err.Error(), "enishi job failed with code 3") {
				t.Errorf("code %d: %v", code, err)
			}
			if want := []string{"job begins", "job ends"}; !slices.Equal(printed, want) {
				t.Errorf("printed is %q, want %q", printed, want)
			}
			var kept deploy.Task
			if err := json.Unmarshal(a.Object("deploy/tasks/"+task.ID+".json"), &kept); err != nil {
				t.Fatal(err)
			}
			if kept.By != "hanako" || kept.Why != "a test" || !slices.Equal(kept.Command, []string{"job", "run", "expire"}) || kept.Code == nil || *kept.Code != code || kept.Ended.IsZero() || kept.Image != before {
				t.Errorf("the record is %+v", kept)
			}
			if faults := a.Faults(); len(faults) > 0 {
				t.Errorf("faults: %q", faults)
			}
		})
	}
}

// TestRunTaskOfWhatIsDeployed refuses to run another version than the one that is kept, as
// while a deployment was left half-way, and keeps that a task did not come to run.
func TestRunTaskOfWhatIsDeployed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := deploytest.New("staging")
		a.Set("image", next)
		if _, err := deploy.RunTask(t.Context(), options(a, nil), []string{"migrate"}, nil); !errs.Is(err, errs.Conflict) {
			t.Errorf("of another version: %v", err)
		}
		a.Set("image", before)
		task, err := deploy.RunTask(t.Context(), options(a, func(_ int, asked string) deploytest.Trouble {
			if asked == "ecs:RunTask" {
				return deploytest.Denied
			}
			return deploytest.None
		}), []string{"migrate"}, nil)
		if err == nil || task.Ended.IsZero() || !strings.Contains(string(a.Object("deploy/tasks/"+task.ID+".json")), "not authorized") {
			t.Errorf("denied: %v, %+v", err, task)
		}
	})
}

// TestVerify walks through what came with the environment, then through what a deployment has left
// to serve, and not while that moves.
func TestVerify(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := deploytest.New("staging")
		walk := []string{"verify", deploytest.TestURL, "--address", "success+*@simulator.amazonses.com"}
		task, err := deploy.Verify(t.Context(), options(a, nil), func(string) {})
		if err != nil || !slices.Equal(task.Command, walk) || task.Image != before {
			t.Errorf("at first: %v, %+v", err, task)
		}
		o := options(a, nil)
		o.Digest = digest(next)
		r, err := deploy.Run(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		task, err = deploy.Verify(t.Context(), options(a, nil), func(string) {})
		if err != nil || !slices.Equal(task.Command, append(walk, "--deployment", r.ID, "--await", "1m")) || task.Image != next || task.Code == nil || *task.Code != 0 {
			t.Errorf("after a deployment: %v, %+v", err, task)
		}
		if faults := a.Faults(); len(faults) > 0 {
			t.Errorf("faults: %q", faults)
		}
		a.Move("web")
		if task, err := deploy.Verify(t.Context(), options(a, nil), func(string) {}); !errs.Is(err, errs.Conflict) {
			t.Errorf("while it moves: %v, %+v", err, task)
		}
	})
}
