package market_test

import (
	"testing"
	"time"

	"enishi/internal/market"
)

// TestJobsLate lets jobs wait, fail, be killed and be told to stop, and asks after each for how long one has been late.
func TestJobsLate(t *testing.T) {
	t.Parallel()
	w := newWorld(t, market.NewMemory(), demo())
	j, began := w.openJobs(), w.Now()
	wants := func(when string, want time.Duration) {
		t.Helper()
		if got, err := w.JobsLate(t.Context(), began); err != nil || got != want {
			t.Errorf("%s: late by %v, want %v; %v", when, got, want, err)
		}
	}
	mailed := func() { // all but those that mail people wait no longer
		t.Helper()
		for _, name := range j.Names() {
			if name != "digests" && name != "alerts" {
				w.job(name)
			}
		}
	}
	settled := func() {
		t.Helper()
		for {
			due, err := j.Due(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if len(due) == 0 {
				return
			}
			for _, name := range due {
				w.job(name)
			}
		}
	}
	added := func(outcome market.RunState) {
		t.Helper()
		w.write(func(tx market.Tx) error {
			return tx.AddRun(&market.Run{Job: "expire", Started: w.Now(), Ended: w.Now(), Outcome: outcome})
		})
	}
	const soon = time.Minute // less than any job waits

	wants("at the beginning", 0)
	w.pass(2 * time.Hour)
	wants("none has ever run", 2*time.Hour)
	mailed()
	for late, err := w.JobsLate(t.Context(), began); late < 30*time.Hour; late, err = w.JobsLate(t.Context(), began) {
		if err != nil {
			t.Fatal(err)
		}
		before := late
		w.pass(5 * time.Minute)
		mailed()
		if late, err := w.JobsLate(t.Context(), began); err != nil || before > 0 && late != before+5*time.Minute {
			t.Fatalf("of jobs that mail and never run: late by %v, five minutes later by %v; %v", before, late, err)
		}
		if w.Now().Sub(began) > 72*time.Hour {
			t.Fatal("those that mail people have never run, and none is late")
		}
	}
	settled()
	began = w.Now() // these wait for their time of day
	for _, name := range []string{"digests", "alerts"} {
		w.job(name)
	}
	wants("all have run", 0)
	w.pass(5*time.Minute + soon)
	wants("the statistics are due every five minutes", soon)
	settled()
	wants("and are done", 0)

	added(market.Failed)
	w.pass(soon)
	wants("one has failed", soon)
	added(market.Failed)
	w.pass(soon)
	wants("and once more", 2*soon)
	added(market.Running) // which nobody holds: it was killed
	w.pass(soon)
	wants("and was killed", 3*soon)
	w.write(func(tx market.Tx) error {
		_, err := tx.TakeLease("job.expire", "somebody", time.Minute, false)
		return err
	})
	wants("and is tried again", 3*soon)
	w.write(func(tx market.Tx) error { return tx.DropLease("job.expire", 1) })
	added(market.Done)
	wants("and has ended well", 0)

	w.write(func(tx market.Tx) error {
		return tx.AddRun(&market.Run{Job: "expire", Started: w.Now().Add(-time.Hour), Ended: w.Now(), Outcome: market.Halted})
	})
	w.pass(soon)
	wants("one was told to stop after an hour", soon)
	settled()
	w.pass(time.Hour)
	if late, err := w.JobsLate(t.Context(), began); err != nil || late < 50*time.Minute {
		t.Errorf("an hour later they are late by %v; %v", late, err)
	}
	w.begin(market.ReadOnly, w.Now().Add(time.Hour))
	wants("while there is maintenance", 0)
}
