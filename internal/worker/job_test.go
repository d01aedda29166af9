package worker_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"enishi/internal/day"
	"enishi/internal/lifecycle"
	"enishi/internal/market"
	"enishi/internal/worker"
)

// quiet is a log that nobody reads.
func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

// A scheduler runs every job that is due, once, and goes on after one that
// fails; a second one beside it finds nothing left.
func TestSchedulerRunsWhatIsDue(t *testing.T) {
	m := opened(t, market.NewMemory())
	signUp(t, m, "a@example.jp")
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var log lines
	done := make(chan struct{})
	runs := 0
	jobs := m.Jobs(func(context.Context) (int64, error) {
		if runs++; runs == 1 {
			close(done)
		}
		return 0, errors.New("the disk is full")
	})
	group := lifecycle.NewGroup(20 * time.Second)
	for range 2 {
		group.Add("jobs", worker.NewScheduler(slog.New(slog.NewTextHandler(&log, nil)), jobs, time.Millisecond))
	}
	ended := make(chan error, 1)
	go func() { ended <- group.Run(ctx) }()
	<-done // the last of the list
	for due := []string{"all"}; len(due) > 0; {
		var err error
		if due, err = jobs.Due(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	list, err := jobs.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range list {
		if s.Mails { // and its hour has not come
			if day.Of(m.Now()).At(8).Before(m.Now()) && day.Of(m.Now()).At(10).After(m.Now()) {
				continue // or it has
			}
			if s.Last != nil || !s.Next.After(m.Now()) {
				t.Errorf("%s: %+v, next %v, want it to wait", s.Name, s.Last, s.Next)
			}
			continue
		}
		want := market.Done
		if s.Name == market.JobSnapshot {
			want = market.Failed
		}
		if s.Last == nil || s.Last.Outcome != want || !s.Next.After(m.Now()) {
			t.Errorf("%s: %+v, next %v", s.Name, s.Last, s.Next)
		}
	}
	if runs != 1 || strings.Count(log.String(), `job=snapshot error="job snapshot: the disk is full"`) != 1 {
		t.Errorf("the job that fails ran %d times; the log says:\n%s", runs, log.String())
	}
	if !strings.Contains(log.String(), "job=statistics") || strings.Contains(log.String(), "job=trim") {
		t.Errorf("of what changed and what did not the log says:\n%s", log.String())
	}
}

// While one job goes on and on, the others run when they are due.
func TestJobsRunBesideALongOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := opened(t, market.NewMemory())
		ctx, stop := context.WithCancel(t.Context())
		begun := 0
		jobs := m.Jobs(func(ctx context.Context) (int64, error) {
			begun++
			<-ctx.Done() // nothing else ends it
			return 0, ctx.Err()
		})
		ended := make(chan error, 1)
		go func() { ended <- worker.NewScheduler(quiet(), jobs, worker.SchedulerEvery).Run(ctx) }()
		for round := range 3 {
			time.Sleep(6 * time.Minute) // of the bubble's clock: statistics are due every five
			synctest.Wait()
			for _, s := range standing(t, jobs) {
				long := s.Name == market.JobSnapshot
				if s.Mails {
					continue
				}
				if s.Last == nil || long != (s.Last.Outcome == market.Running) {
					t.Errorf("in round %d, %s stands at %+v", round, s.Name, s.Last)
				}
				if s.Name == "statistics" && m.Now().Sub(s.Last.Started) > 6*time.Minute {
					t.Errorf("in round %d, statistics ran last at %v, now it is %v", round, s.Last.Started, m.Now())
				}
			}
		}
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		for _, s := range standing(t, jobs) {
			if s.Name == market.JobSnapshot && (begun != 1 || s.Last.Outcome != market.Halted) {
				t.Errorf("the long job began %d times and stands at %+v", begun, s.Last)
			}
		}
	})
}

func standing(t *testing.T, jobs *market.Jobs) []market.JobStanding {
	t.Helper()
	list, err := jobs.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// slow is a store in which transactions that write wait to be let through.
type slow struct {
	market.Store
	gate         chan struct{}
	inside, most atomic.Int32
}

func (s *slow) Write(ctx context.Context, fn func(market.Tx) error) error {
	if s.gate != nil {
		s.most.Store(max(s.most.Load(), s.inside.Add(1)))
		<-s.gate
		defer s.inside.Add(-1)
	}
	return s.Store.Write(ctx, fn)
}

// Of jobs that are all due, some run beside each other and the rest after them.
func TestFewJobsRunAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &slow{Store: market.NewMemory()}
		m := opened(t, store)
		ctx, stop := context.WithCancel(t.Context())
		jobs := m.Jobs(nil)
		store.gate = make(chan struct{})
		ended := make(chan error, 1)
		go func() { ended <- worker.NewScheduler(quiet(), jobs, worker.SchedulerEvery).Run(ctx) }()
		synctest.Wait() // all stand at the gate that come so far
		if n := store.inside.Load(); n != 3 {
			t.Errorf("%d jobs run at once", n)
		}
		close(store.gate)
		time.Sleep(time.Second) // of the bubble's clock: they rest between pages
		for _, s := range standing(t, jobs) {
			if !s.Mails && (s.Last == nil || s.Last.Outcome != market.Done) {
				t.Errorf("%s stands at %+v", s.Name, s.Last)
			}
		}
		if n := store.most.Load(); n != 3 {
			t.Errorf("%d jobs ran at once", n)
		}
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// lines is a log that may be written from several goroutines.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// receiver tells of each mail that it is sent.
type receiver struct{ got chan string }

func (r receiver) Send(_ context.Context, l *market.Letter) error {
	r.got <- l.To
	return nil
}

// An outbox sends what is written while it runs, also by another process.
func TestOutboxSends(t *testing.T) {
	store := market.NewMemory()
	r := receiver{make(chan string, 9)}
	m := openedWith(t, store, func(o *market.Options) { o.Mail = r })
	other := opened(t, store)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	signUp(t, other, "before@example.jp")
	go func() { ended <- worker.NewOutbox(quiet(), m).Run(ctx) }()
	got := []string{<-r.got}
	signUp(t, m, "here@example.jp")
	got = append(got, <-r.got)
	signUp(t, other, "there@example.jp")
	got = append(got, <-r.got)
	stop()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if want := []string{"before@example.jp", "here@example.jp", "there@example.jp"}; !slices.Equal(got, want) {
		t.Errorf("sent to %q, want %q", got, want)
	}
}
