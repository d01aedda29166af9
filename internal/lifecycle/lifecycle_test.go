package lifecycle_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"enishi/internal/lifecycle"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var errBroken = errors.New("broken")

// diary is what the services of a test did, in order.
type diary struct {
	mu    sync.Mutex
	lines []string
}

func (d *diary) write(line string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, line)
}

// part is a service that runs until told, and writes what happens to it.
type part struct {
	diary    *diary
	name     string
	fail     <-chan error // a value ends Run with it, unasked
	stopWith error
	ignores  <-chan struct{} // if set, Run ignores ctx until it is closed
}

func (p *part) Run(ctx context.Context) error {
	select {
	case err := <-p.fail:
		p.diary.write(p.name + " fails")
		return err
	case <-ctx.Done():
	}
	if p.ignores != nil {
		<-p.ignores
	}
	p.diary.write(p.name + " stops")
	return p.stopWith
}

// slow is a part that has to start first.
type slow struct {
	part
	startWith error
	starting  chan<- struct{}
	wait      bool // for the end of ctx, in Start
}

func (s *slow) Start(ctx context.Context) error {
	s.diary.write(s.name + " starts")
	if s.starting != nil {
		close(s.starting)
	}
	if s.wait {
		<-ctx.Done()
		return fmt.Errorf("load: %w", ctx.Err())
	}
	return s.startWith
}

func starter(d *diary, name string) *slow { return &slow{part: part{diary: d, name: name}} }

func TestOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		group := lifecycle.NewGroup(time.Minute)
		for _, name := range []string{"a", "b", "c"} {
			group.Add(name, starter(&d, name))
		}
		ctx, cancel := context.WithCancel(t.Context())
		result := make(chan error, 1)
		go func() { result <- group.Run(ctx) }()
		synctest.Wait()
		d.write("told")
		cancel()
		if err := <-result; err != nil {
			t.Errorf("Run() = %v, want nil", err)
		}
		want := []string{"a starts", "b starts", "c starts", "told", "c stops", "b stops", "a stops"}
		if diff := cmp.Diff(want, d.lines); diff != "" {
			t.Errorf("order (-want +got):\n%s", diff)
		}
	})
}

func TestStartFails(t *testing.T) {
	var d diary
	group := lifecycle.NewGroup(time.Minute)
	group.Add("a", starter(&d, "a"))
	bad := starter(&d, "b")
	bad.startWith = errBroken
	group.Add("b", bad)
	group.Add("c", starter(&d, "c"))

	err := group.Run(t.Context())
	if !errors.Is(err, errBroken) || err.Error() != "start b: broken" {
		t.Errorf("Run() = %v, want start b: broken", err)
	}
	if diff := cmp.Diff([]string{"a starts", "b starts", "a stops"}, d.lines); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
}

func TestOneFailureStopsAll(t *testing.T) {
	tests := []struct {
		name      string
		with      error
		want      error
		wantError string
	}{
		{"an error", errBroken, errBroken, "b: broken"},
		{"no error", nil, lifecycle.ErrEnded, "b: ended without being told to stop"},
		{"a cancellation of its own", context.Canceled, context.Canceled, "b: context canceled"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var d diary
			fail := make(chan error, 1)
			fail <- test.with
			group := lifecycle.NewGroup(time.Minute)
			group.Add("a", &part{diary: &d, name: "a"})
			group.Add("b", &part{diary: &d, name: "b", fail: fail})

			err := group.Run(t.Context())
			if !errors.Is(err, test.want) || err.Error() != test.wantError {
				t.Errorf("Run() = %v, want %s", err, test.wantError)
			}
			if diff := cmp.Diff([]string{"b fails", "a stops"}, d.lines); diff != "" {
				t.Errorf("order (-want +got):\n%s", diff)
			}
		})
	}
}

func TestFailuresAreCollected(t *testing.T) {
	var d diary
	fail := make(chan error, 1)
	fail <- errBroken
	group := lifecycle.NewGroup(time.Minute)
	group.Add("a", &part{diary: &d, name: "a", stopWith: errors.New("close a")})
	group.Add("b", &part{diary: &d, name: "b", fail: fail})
	group.Add("c", &part{diary: &d, name: "c", stopWith: context.Canceled})

	want := "b: broken\na: close a"
	if err := group.Run(t.Context()); err == nil || err.Error() != want {
		t.Errorf("Run() = %v, want %s", err, want)
	}
}

func TestStartGivesUp(t *testing.T) {
	t.Run("when told to stop", func(t *testing.T) {
		var d diary
		ctx, cancel := context.WithCancel(t.Context())
		starting := make(chan struct{})
		loading := starter(&d, "b")
		loading.starting, loading.wait = starting, true
		group := lifecycle.NewGroup(time.Minute)
		group.Add("a", starter(&d, "a"))
		group.Add("b", loading)

		go func() {
			<-starting
			cancel()
		}()
		if err := group.Run(ctx); err != nil {
			t.Errorf("Run() = %v, want nil", err)
		}
		if diff := cmp.Diff([]string{"a starts", "b starts", "a stops"}, d.lines); diff != "" {
			t.Errorf("order (-want +got):\n%s", diff)
		}
	})
	t.Run("when a service before it fails", func(t *testing.T) {
		var d diary
		fail := make(chan error)
		starting := make(chan struct{})
		loading := starter(&d, "b")
		loading.starting, loading.wait = starting, true
		group := lifecycle.NewGroup(time.Minute)
		group.Add("a", &part{diary: &d, name: "a", fail: fail})
		group.Add("b", loading)

		go func() {
			<-starting
			fail <- errBroken
		}()
		if err := group.Run(t.Context()); err == nil || err.Error() != "a: broken" {
			t.Errorf("Run() = %v, want a: broken", err)
		}
	})
}

func TestStuckServiceIsNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		release := make(chan struct{})
		defer close(release)
		group := lifecycle.NewGroup(10 * time.Second)
		group.Add("a", &part{diary: &d, name: "a"})
		group.Add("b", &part{diary: &d, name: "b", ignores: release})
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := group.Run(ctx); err != nil {
			t.Errorf("Run() on a done context = %v, want nil", err)
		}

		ctx, cancel = context.WithCancel(t.Context())
		result := make(chan error, 1)
		go func() { result <- group.Run(ctx) }()
		synctest.Wait()
		told := time.Now()
		cancel()
		err := <-result
		if !errors.Is(err, lifecycle.ErrStuck) || err.Error() != "b: did not stop in time (10s)" {
			t.Errorf("Run() = %v, want b: did not stop in time (10s)", err)
		}
		if waited := time.Since(told); waited != 10*time.Second {
			t.Errorf("waited %v, want 10s", waited)
		}
		if diff := cmp.Diff([]string{"a stops"}, d.lines); diff != "" {
			t.Errorf("order (-want +got):\n%s", diff)
		}
	})
}

// TestStress runs one group again and again, told to stop at every moment of
// its start.
func TestStress(t *testing.T) {
	const rounds, parts = 400, 8
	for round := range rounds {
		var d diary
		ctx, cancel := context.WithCancel(t.Context())
		group := lifecycle.NewGroup(time.Minute)
		for i := range parts {
			s := starter(&d, fmt.Sprint(i))
			if i == round%parts {
				starting := make(chan struct{})
				s.starting = starting
				go func() {
					<-starting
					cancel()
				}()
			}
			group.Add(s.name, s)
		}
		if err := group.Run(ctx); err != nil {
			t.Fatalf("round %d: Run() = %v, want nil", round, err)
		}
		cancel()
		checkNested(t, d.lines)
	}
}

// checkNested fails unless each part that started has stopped, last first.
func checkNested(t *testing.T, lines []string) {
	t.Helper()
	var up []string
	for _, line := range lines {
		var name, what string
		if _, err := fmt.Sscan(line, &name, &what); err != nil {
			t.Fatal(err)
		}
		if what == "starts" {
			up = append(up, name)
			continue
		}
		if len(up) == 0 || up[len(up)-1] != name {
			t.Fatalf("%s stops while %v run", name, up)
		}
		up = up[:len(up)-1]
	}
	if len(up) != 0 {
		t.Fatalf("%v never stopped", up)
	}
}

func TestEmptyGroupWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if err := lifecycle.NewGroup(time.Minute).Run(ctx); err != nil {
			t.Errorf("Run() = %v, want nil", err)
		}
		if ctx.Err() == nil {
			t.Error("an empty group did not wait for the end of its context")
		}
	})
}
