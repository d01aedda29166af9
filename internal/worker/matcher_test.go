package worker_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"enishi/internal/account"
	"enishi/internal/condition"
	"enishi/internal/lifecycle"
	"enishi/internal/market"
	"enishi/internal/worker"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type noMail struct{}

func (noMail) Send(context.Context, *market.Letter) error { return nil }

// failing is a store whose writes fail while it is broken.
type failing struct {
	market.Store
	broken atomic.Bool
}

var errBroken = errors.New("the disk is full")

func (f *failing) Write(ctx context.Context, fn func(market.Tx) error) error {
	if f.broken.Load() {
		return errBroken
	}
	return f.Store.Write(ctx, fn)
}

func opened(t *testing.T, s market.Store) *market.Market {
	t.Helper()
	return openedWith(t, s, func(*market.Options) {})
}

func openedWith(t *testing.T, s market.Store, change func(*market.Options)) *market.Market {
	t.Helper()
	vault, err := account.NewVault(bytes.Repeat([]byte{7}, account.SecretBytes))
	if err != nil {
		t.Fatal(err)
	}
	o := market.Options{
		Mode: market.Auto, Demo: true, Mail: noMail{}, Clock: time.Now,
		Report: func(_ context.Context, what string, err error) { t.Errorf("%s: %v", what, err) },
	}
	change(&o)
	m, err := market.Open(t.Context(), s, vault, o, nil)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func signUp(t *testing.T, m *market.Market, email string) {
	t.Helper()
	if _, err := m.SignUp(t.Context(), market.SignUp{Email: email, Wishes: condition.Always()}, market.Once{}); err != nil {
		t.Fatal(err)
	}
}

// drained waits until the matcher has handled every row.
func drained(t *testing.T, m *market.Market) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; {
		s, err := m.Status(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if s.Matched == s.LogHead {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("not drained: %+v", s)
		}
	}
}

// The matcher handles what is written while it runs, and ends when it is told.
func TestMatcherFollows(t *testing.T) {
	m := opened(t, market.NewMemory())
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- worker.NewMatcher(slog.New(slog.NewTextHandler(io.Discard, nil)), m).Run(ctx) }()
	signUp(t, m, "a@example.jp")
	drained(t, m)
	signUp(t, m, "b@example.jp")
	drained(t, m)
	stop()
	if err := <-done; err != nil {
		t.Errorf("Run = %v, want nil after it was told to end", err)
	}
}

// A row that fails is tried again once what broke it is mended, and is said.
func TestMatcherTriesAgain(t *testing.T) {
	s := &failing{Store: market.NewMemory()}
	m := opened(t, s)
	signUp(t, m, "a@example.jp")
	var mu sync.Mutex
	var said bytes.Buffer
	log := slog.New(slog.NewTextHandler(writer(func(b []byte) (int, error) {
		mu.Lock()
		defer mu.Unlock()
		return said.Write(b)
	}), nil))
	s.broken.Store(true)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- worker.NewMatcher(log, m).Run(ctx) }()
	for deadline := time.Now().Add(20 * time.Second); ; {
		if time.Now().After(deadline) {
			t.Fatal("the matcher did not say that a row failed")
		}
		mu.Lock()
		found := strings.Contains(said.String(), "tries again")
		mu.Unlock()
		if found {
			break
		}
	}
	s.broken.Store(false)
	drained(t, m)
	stop()
	if err := <-done; err != nil {
		t.Errorf("Run = %v, want nil", err)
	}
}

type writer func([]byte) (int, error)

func (w writer) Write(b []byte) (int, error) { return w(b) }

// Matchers are started and stopped over and over while people sign up; the
// last one handles what they left.
func TestMatcherStartsAndStops(t *testing.T) {
	m := opened(t, market.NewMemory())
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	var people sync.WaitGroup
	people.Go(func() {
		for i := range 40 {
			signUp(t, m, string(rune('a'+i%26))+"@example.jp")
		}
	})
	for range 50 {
		group := lifecycle.NewGroup(20 * time.Second)
		group.Add("matcher", worker.NewMatcher(log, m))
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- group.Run(ctx) }()
		stop()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	people.Wait()
	if err := m.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	drained(t, m)
}
