package worker_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

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

func (r receiver) Send(_ context.Context, to, _, _ string) error {
	r.got <- to
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
