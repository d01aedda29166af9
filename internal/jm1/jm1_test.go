package jm1

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"enishi/internal/engine"
)

func TestMarketIsFixedBySeed(t *testing.T) {
	a, b := newMarket(7), newMarket(7)
	for range 100 {
		if d := cmp.Diff(a.candidate(), b.candidate()); d != "" {
			t.Fatalf("two draws of one seed differ:\n%s", d)
		}
		if d := cmp.Diff(a.rule(), b.rule()); d != "" {
			t.Fatalf("two draws of one seed differ:\n%s", d)
		}
	}
	if cmp.Equal(newMarket(7).candidate(), newMarket(8).candidate()) {
		t.Error("two seeds draw the same candidate")
	}
}

// TestShares holds the market to what the workload says of it: how many tokens
// a candidate has and how many rules match one.
func TestShares(t *testing.T) {
	m := newMarket(1001)
	candidates := make([]Record, 400)
	tokens := 0
	for i := range candidates {
		candidates[i] = m.candidate()
		for _, held := range candidates[i].Tags {
			for _, t := range held {
				tokens += int(t.Level)
			}
		}
	}
	mean := float64(tokens) / float64(len(candidates))
	if mean < 44 || mean > 60 {
		t.Errorf("a candidate has %.1f tokens, want about 48", mean)
	}
	for _, tt := range []struct {
		regime   Regime
		from, to float64
	}{{Mixed, .0050, .0085}, {Selective, .0009, .0018}} {
		rules, found := newMarket(1).rules(4000, tt.regime), 0
		for i := range candidates {
			found += len(matching(rules, &candidates[i]))
		}
		share := float64(found) / float64(len(rules)*len(candidates))
		if share < tt.from || share > tt.to {
			t.Errorf("selective %v: %.3f %% of the rules match, want %.2f to %.2f %%", tt.regime, 100*share, 100*tt.from, 100*tt.to)
		}
	}
}

func TestRun(t *testing.T) {
	folder := t.TempDir()
	stages := map[string]bool{}
	report, err := Run(t.Context(), Options{
		Candidates: 1200, Rules: 700, Seed: 3, Export: folder, Now: time.Now,
		Progress: func(stage string, _, _ int) { stages[stage] = true },
	})
	if err != nil {
		t.Fatal(err)
	}
	if report.Mismatches != 0 || report.Checked < 2000 {
		t.Errorf("%d mismatches in %d checked, want none in at least 2000", report.Mismatches, report.Checked)
	}
	for name, timing := range map[string]Timing{
		"search": report.Search, "mixed": report.Mixed, "selective": report.Selective, "mutual": report.Mutual,
		"apply": report.Apply, "alone": report.Alone, "busy": report.Busy, "preview": report.Preview,
	} {
		if timing.N == 0 || timing.P50 <= 0 || timing.P50 > timing.P95 || timing.P95 > timing.P99 {
			t.Errorf("%s: %+v is no timing", name, timing)
		}
	}
	if len(stages) < 5 {
		t.Errorf("only stages %v were reported", stages)
	}
	checkJSON(t, &report)
	checkExport(t, folder, &report)
}

// checkJSON holds the report to the keys that programs read.
func checkJSON(t *testing.T, report *Report) {
	t.Helper()
	text, err := json.Marshal(report)
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"candidates", "rules", "seed", "checked", "mismatches"} {
		if _, ok := got[key].(float64); !ok {
			t.Errorf("%s is %v, want a number", key, got[key])
		}
	}
	for key, parts := range map[string][]string{
		"search":            {"n", "p50_us", "p95_us", "p99_us"},
		"reverse_mixed":     {"n", "p50_us", "p95_us", "p99_us"},
		"reverse_selective": {"n", "p50_us", "p95_us", "p99_us"},
		"mutual":            {"n", "p50_us", "p95_us", "p99_us"},
		"apply":             {"n", "p50_us", "p95_us", "p99_us"},
		"memory":            {"bytes_per_candidate", "bytes_per_rule"},
		"start": {
			"build_seconds", "snapshot_seconds", "snapshot_write_seconds", "snapshot_bytes",
			"mutual_build_seconds", "mutual_snapshot_seconds", "mutual_snapshot_bytes",
		},
	} {
		object, _ := got[key].(map[string]any)
		for _, part := range parts {
			if n, ok := object[part].(float64); !ok || n <= 0 {
				t.Errorf("%s has %v as %s: %v", key, object[part], part, got[key])
			}
		}
	}
}

// checkExport reads what was exported as another program would and answers the
// questions from it alone.
func checkExport(t *testing.T, folder string, report *Report) {
	t.Helper()
	candidates, rules := lines(t, folder, "candidates.jsonl"), lines(t, folder, "rules.jsonl")
	questions, answers := lines(t, folder, "questions.jsonl"), lines(t, folder, "answers.jsonl")
	if len(candidates) != report.Candidates || len(rules) != report.Rules || len(questions) != len(answers) {
		t.Fatalf("%d candidates, %d rules, %d questions, %d answers", len(candidates), len(rules), len(questions), len(answers))
	}
	asked := map[string]int{}
	for i, q := range questions {
		op, _ := q["op"].(string)
		if asked[op]++; asked[op] > 40 {
			continue
		}
		count := 0
		if op == "search" {
			for _, c := range candidates {
				if readHolds(q["cond"], c["doc"]) {
					count++
				}
			}
		} else {
			for _, r := range rules {
				if readHolds(r["cond"], q["doc"]) && (op == "match" || readHolds(q["cond"], r["doc"])) {
					count++
				}
			}
		}
		if want := answers[i]["count"].(float64); answers[i]["id"] != q["id"] || float64(count) != want {
			t.Errorf("question %v: the export gives %d, its answer says %v", q, count, want)
		}
	}
	for _, op := range []string{"search", "match", "mutual"} {
		if asked[op] < 40 {
			t.Errorf("only %d questions %s were exported", asked[op], op)
		}
	}
}

func lines(t *testing.T, folder, file string) []map[string]any {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, file))
	if err != nil {
		t.Fatal(err)
	}
	var list []map[string]any
	scanner := bufio.NewScanner(bytes.NewReader(text))
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		var o map[string]any
		if err := json.Unmarshal(scanner.Bytes(), &o); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		list = append(list, o)
	}
	return list
}

// readHolds evaluates a condition in JSON on a document in JSON.
func readHolds(cond, doc any) bool {
	c := cond.(map[string]any)
	if kids, ok := c["all"].([]any); ok {
		for _, kid := range kids {
			if !readHolds(kid, doc) {
				return false
			}
		}
		return true
	}
	if kids, ok := c["any"].([]any); ok {
		for _, kid := range kids {
			if readHolds(kid, doc) {
				return true
			}
		}
		return false
	}
	if kid, ok := c["not"]; ok {
		return !readHolds(kid, doc)
	}
	return readLeaf(c, doc.(map[string]any)[c["field"].(string)])
}

func readLeaf(c map[string]any, value any) bool {
	least, hasLeast := c["min"].(float64)
	switch v := value.(type) {
	case float64:
		most, hasMost := c["max"].(float64)
		return (!hasLeast || v >= least) && (!hasMost || v <= most)
	case []any:
		for _, one := range v {
			if readLeaf(c, one) {
				return true
			}
		}
		return false
	case map[string]any:
		return v["min"].(float64) >= least && readLeaf(map[string]any{"in": c["in"]}, v["code"])
	case string:
		for _, code := range c["in"].([]any) {
			if code == v {
				return true
			}
		}
		return false
	default:
		return false
	}
}

func TestRunStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Run(ctx, Options{Candidates: 10, Rules: 10, Now: time.Now}); !errors.Is(err, context.Canceled) {
		t.Errorf("Run: %v, want context.Canceled", err)
	}
}

// TestChecksSeeErrors makes sure that a wrong answer would be counted.
func TestChecksSeeErrors(t *testing.T) {
	r := newRun(t.Context(), Options{Candidates: 500, Rules: 10, Seed: 1, Now: time.Now})
	if err := r.draw(); err != nil {
		t.Fatal(err)
	}
	p, _, err := r.load(lowered(r.profile), engine.Schema{}, len(r.candidates), r.candidateEntry)
	if err != nil {
		t.Fatal(err)
	}
	rule := fixed()[1]
	if err := r.checkSearch(p.View(), rule, r.ids, r.candidates); err != nil || r.report.Mismatches != 0 {
		t.Fatalf("error %v, %d mismatches", err, r.report.Mismatches)
	}
	r.candidates[0].Tags[willing] = append(r.candidates[0].Tags[willing], Tag{Value: 0, Level: 1})
	r.candidates[0].Tags[residence] = tags([]int32{(r.candidates[0].Tags[residence][0].Value + 1) % 47})
	if err := r.checkSearch(p.View(), rule, r.ids, r.candidates); err != nil || r.report.Mismatches != 1 {
		t.Errorf("error %v, %d mismatches, want one", err, r.report.Mismatches)
	}
}
