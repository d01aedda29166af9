package worker_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"enishi/internal/worker"
)

func TestScheduleGoesOnAfterAFailure(t *testing.T) {
	var log bytes.Buffer
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	runs := 0
	s := worker.NewSchedule(slog.New(slog.NewTextHandler(&log, nil)), "tidy", time.Millisecond, func(context.Context) error {
		if runs++; runs == 3 {
			stop()
		}
		return errors.New("the disk is full")
	})
	if err := s.Run(ctx); err != nil || runs != 3 {
		t.Errorf("Run = %v after %d runs, want none after 3", err, runs)
	}
	// The run that was stopped is no failure.
	if n := strings.Count(log.String(), "job=tidy error=\"the disk is full\""); n != 2 {
		t.Errorf("logged %d failures, want 2:\n%s", n, log.String())
	}
}
