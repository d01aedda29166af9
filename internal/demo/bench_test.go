package demo

import (
	"testing"
	"time"

	"enishi/internal/jm1"
)

func TestBench(t *testing.T) {
	report, err := Bench(t.Context(), Options{Candidates: 1500, Companies: 60, Rules: 150, Seed: 1, Today: today}, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	if report.Mismatches != 0 || report.Checked < 400 {
		t.Errorf("%d mismatches in %d checked, want none in at least 400", report.Mismatches, report.Checked)
	}
	if report.Candidates != 1500 || report.Rules != 150 {
		t.Errorf("the report is of %d candidates and %d rules, want 1500 and 150", report.Candidates, report.Rules)
	}
	for name, timing := range map[string]jm1.Timing{
		"search": report.Search, "mixed": report.Mixed, "selective": report.Selective, "mutual": report.Mutual,
		"apply": report.Apply, "alone": report.Alone, "new rules": report.Preview,
	} {
		if timing.N == 0 || timing.P50 <= 0 || timing.P50 > timing.P99 {
			t.Errorf("%s: %+v is no timing", name, timing)
		}
	}
	if report.Mixed.Mean == 0 || report.Mutual.Mean == 0 || report.Search.Mean == 0 {
		t.Error("nothing was found")
	}
}

// A wrong answer is counted as a mismatch, whichever side it is on.
func TestBenchSeesErrors(t *testing.T) {
	w := small(t, 400, 20, 40)
	l, err := w.lowered()
	if err != nil {
		t.Fatal(err)
	}
	measured := func(change func(*jm1.Workload)) int {
		x := l.workload()
		change(&x)
		report, err := jm1.Measure(t.Context(), x, jm1.Options{Seed: 1, Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		return report.Mismatches
	}
	if n := measured(func(*jm1.Workload) {}); n != 0 {
		t.Fatalf("%d mismatches, want none", n)
	}
	for name, change := range map[string]func(*jm1.Workload){
		"must":   func(x *jm1.Workload) { x.Holds = func(int, int) bool { return true } },
		"wishes": func(x *jm1.Workload) { x.Wishes = func(int, int) bool { return true } },
		"search": func(x *jm1.Workload) { x.Found = func(int, int) bool { return true } },
	} {
		if measured(change) == 0 {
			t.Errorf("wrong %s: no mismatch was counted", name)
		}
	}
}
