package worker_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"enishi/internal/account"
	"enishi/internal/files"
	"enishi/internal/files/filestest"
	"enishi/internal/market"
	"enishi/internal/worker"
)

// shelf is a market over a store, with a folder of snapshots and a clock.
type shelf struct {
	*testing.T
	store  *market.Memory
	path   string
	files  *files.Snapshots
	passed atomic.Int64
	said   []string // what was reported, and how loading began
}

func newShelf(t *testing.T) *shelf {
	t.Helper()
	path := filepath.Join(t.TempDir(), "files")
	folder, err := files.OpenFolder(path)
	if err != nil {
		t.Fatal(err)
	}
	return &shelf{T: t, store: market.NewMemory(), path: path, files: files.NewSnapshots(folder)}
}

// open opens the market and a job on it, as a start does.
func (s *shelf) open() (*market.Market, *worker.Snapshot) {
	s.Helper()
	vault, err := account.NewVault(bytes.Repeat([]byte{7}, account.SecretBytes))
	if err != nil {
		s.Fatal(err)
	}
	s.said = nil
	m, err := market.Open(s.Context(), s.store, vault, market.Options{
		Mode: market.Auto, Demo: true, Mail: noMail{}, Snapshots: s.files,
		Clock: func() time.Time {
			return time.Date(2026, 11, 24, 1, 0, 0, 0, time.UTC).Add(time.Duration(s.passed.Load()))
		},
		Report: func(_ context.Context, what string, err error) { s.said = append(s.said, what+": "+err.Error()) },
	}, func(what string, done int) { s.said = append(s.said, fmt.Sprint(what, ": ", done)) })
	if err != nil {
		s.Fatal(err)
	}
	return m, worker.NewSnapshot(slog.New(slog.NewTextHandler(io.Discard, nil)), m, s.files)
}

// run runs the job, and gives the name of what it wrote, or "".
func (s *shelf) run(job *worker.Snapshot) string {
	s.Helper()
	out, err := job.Run(s.Context())
	if err != nil {
		s.Fatal(err)
	}
	if (out.Name == "") != (out.Bytes == 0) {
		s.Errorf("Run = %+v", out)
	}
	return out.Name
}

// startedFrom fails unless the last start was from a snapshot of n candidates.
func (s *shelf) startedFrom(name string, n int) {
	s.Helper()
	what := "candidates from the snapshot " + name
	if d := cmp.Diff([]string{what + ": 0", fmt.Sprint(what, ": ", n)}, s.said); d != "" {
		s.Errorf("how it started (-want +got):\n%s", d)
	}
}

func (s *shelf) names() []string {
	s.Helper()
	names, err := s.files.Names(s.Context())
	if err != nil {
		s.Fatal(err)
	}
	return names
}

// A run writes only if enough has changed, or a day has passed.
func TestSnapshotWhenEnoughChanged(t *testing.T) {
	s := newShelf(t)
	m, job := s.open()
	signUp(t, m, "a@example.jp")
	first := s.run(job)
	if first == "" || s.run(job) != "" {
		t.Errorf("the first run wrote %q, and the second wrote again", first)
	}
	signUp(t, m, "b@example.jp")
	if name := s.run(job); name != "" {
		t.Errorf("after one sign-up it wrote %q", name)
	}
	rows := make([]*market.Row, 10_000)
	for i := range rows {
		rows[i] = &market.Row{Change: market.CandidateLess, Entity: 1, Version: int64(i), At: m.Now()}
	}
	if err := s.store.Write(t.Context(), func(tx market.Tx) error { return tx.Append(rows...) }); err != nil {
		t.Fatal(err)
	}
	if err := m.Follow(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.passed.Add(int64(time.Minute))
	if s.run(job) == "" || s.run(job) != "" {
		t.Error("after 10,000 rows it did not write once")
	}
	s.passed.Add(int64(24 * time.Hour))
	last := s.run(job)
	if got := s.names(); last == "" || len(got) != 2 || got[0] != last {
		t.Errorf("after a day it wrote %q; kept are %q, want it and the one before", last, got)
	}
	s.passed.Add(int64(market.ImageLife) + int64(time.Hour))
	last = s.run(job)
	if got := s.names(); last == "" || len(got) != 1 || got[0] != last {
		t.Errorf("after more than seven days kept are %q, want %q alone", got, last)
	}
}

// A start begins from the newest snapshot, and one that is of no use is
// replaced at the next run.
func TestSnapshotStart(t *testing.T) {
	s := newShelf(t)
	m, job := s.open()
	signUp(t, m, "a@example.jp")
	first := s.run(job)
	signUp(t, m, "b@example.jp")
	m, job = s.open()
	s.startedFrom(first, 1)
	status, err := m.Status(t.Context())
	if err != nil || status.Applied != status.LogHead {
		t.Errorf("after the start: %+v, %v", status, err)
	}
	if name := s.run(job); name != "" {
		t.Errorf("it wrote %q though the newest fits", name)
	}
	damaged := filepath.Join(s.path, first)
	whole, err := os.ReadFile(damaged)
	if err != nil {
		t.Fatal(err)
	}
	whole[len(whole)-40] ^= 1
	if err := os.WriteFile(damaged, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	_, job = s.open()
	if len(s.said) < 3 || !strings.Contains(s.said[1], first+" is passed over") || !strings.Contains(s.said[1], "damaged") ||
		s.said[len(s.said)-1] == "candidates from the snapshot "+first+": 1" {
		t.Errorf("of a damaged snapshot it said %q", s.said)
	}
	s.passed.Add(int64(time.Second))
	second := s.run(job)
	if second == "" || s.run(job) != "" {
		t.Errorf("the damaged one was not replaced once: %q", second)
	}
	s.open()
	s.startedFrom(second, 2)
}

// In a bucket of S3 it is the same: the job writes, a start begins from that, and
// what is too old goes.
func TestSnapshotInABucket(t *testing.T) {
	s := newShelf(t)
	s.files = files.NewSnapshots(filestest.Bucket(t))
	m, job := s.open()
	signUp(t, m, "a@example.jp")
	first := s.run(job)
	if first == "" || s.run(job) != "" {
		t.Errorf("the first run wrote %q, and the second wrote again", first)
	}
	signUp(t, m, "b@example.jp")
	_, job = s.open()
	s.startedFrom(first, 1)
	s.passed.Add(int64(market.ImageLife) + int64(time.Hour))
	last := s.run(job)
	if got := s.names(); last == "" || len(got) != 1 || got[0] != last {
		t.Errorf("after more than seven days kept are %q, want %q alone", got, last)
	}
	s.open()
	s.startedFrom(last, 2)
}
