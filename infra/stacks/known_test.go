package stacks_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"enishi/infra/environment"
)

var templates = flag.String("templates", "", "a folder into which every template is written that differs from the others")

// Of one environment on one capacity everything is known, of the others what differs.
const (
	whole     = "prod"
	wholeOn   = environment.Fargate
	templated = ".template.json"
)

// TestTemplatesAreKnown compares what is deployed with what was read last: a change that
// nobody meant is seen. In testdata the templates of prod on Fargate are whole; dev.diff says how
// dev differs from it, prod-efs.diff how prod would with its files in a file system, and dev-ec2.diff how dev on EC2 does from dev.
func TestTemplatesAreKnown(t *testing.T) {
	w := &written{T: t, seen: map[string]bool{}}
	e, err := environment.Find(whole)
	if err != nil {
		t.Fatal(err)
	}
	e.Capacity = wholeOn
	first := w.texts(e)
	for _, part := range environment.Parts() {
		known(t, "enishi-"+whole+"-"+part+templated, first[part])
	}
	e.Files = environment.InEFS
	known(t, whole+"-efs.diff", differences(t, first, w.texts(e), e.Name))
	for _, e := range environment.All() {
		e.Capacity = wholeOn
		on := w.texts(e)
		if e.Name != whole {
			known(t, e.Name+".diff", differences(t, first, on, e.Name))
		}
		for _, capacity := range environment.Capacities() {
			if capacity == wholeOn {
				continue
			}
			e.Capacity = capacity
			known(t, e.Name+"-"+string(capacity)+".diff", differences(t, on, w.texts(e), e.Name))
		}
	}
}

// written keeps apart what was written already.
type written struct {
	*testing.T
	seen map[string]bool
}

// texts gives the templates of an environment, and writes those into the folder that are
// like none before.
func (w *written) texts(e environment.Environment) map[string]string {
	w.Helper()
	_, dir := synthesised(w.T, e)
	all := map[string]string{}
	for _, part := range environment.Parts() {
		text, err := os.ReadFile(filepath.Join(dir, "enishi-"+e.Name+"-"+part+templated))
		if err != nil {
			w.Fatal(err)
		}
		all[part] = string(text)
		if *templates == "" || w.seen[string(text)] {
			continue
		}
		w.seen[string(text)] = true
		if err := os.WriteFile(filepath.Join(*templates, "enishi-"+e.Name+"-"+string(e.Capacity)+"-"+string(e.Files)+"-"+part+templated), text, 0o600); err != nil {
			w.Fatal(err)
		}
	}
	return all
}

// known compares a text with a file of testdata, which it writes anew if it is asked to.
func known(t *testing.T, file, got string) {
	t.Helper()
	golden := filepath.Join("testdata", file)
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("%s (-known +now; run make infra-golden if it is meant):\n%s", file, diff)
	}
}

// differences gives what has to be changed in templates to make others of them, a line each.
// Before, prod is read as the environment's name: what still names another is a difference.
func differences(t *testing.T, from, to map[string]string, name string) string {
	t.Helper()
	var lines []string
	for _, part := range environment.Parts() {
		lines = append(lines, "= "+part)
		lines = append(lines, diff("", document(t, regexp.MustCompile(`\b`+whole+`\b`).ReplaceAllString(named(t, from[part]), name)), document(t, named(t, to[part])))...)
	}
	return strings.Join(lines, "\n") + "\n"
}

func document(t *testing.T, text string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// named gives the parameters of the account that a template reads the names by which the
// account has them, instead of ones that the library makes of those.
func named(t *testing.T, text string) string {
	t.Helper()
	var one template
	if err := json.Unmarshal([]byte(text), &one); err != nil {
		t.Fatal(err)
	}
	for id, p := range one.Parameters {
		if path, ok := p["Default"].(string); ok && strings.HasPrefix(id, "SsmParameterValue") {
			text = strings.ReplaceAll(text, `"`+id+`"`, strconv.Quote(path))
		}
	}
	return text
}

// diff gives what differs between two documents, by paths: "- path" is gone, "+ path: value"
// is new, "~ path: value" has another value.
func diff(path string, from, to any) []string {
	switch a := from.(type) {
	case map[string]any:
		if b, ok := to.(map[string]any); ok {
			return diffMaps(path, a, b)
		}
	case []any:
		if b, ok := to.([]any); ok {
			return diffLists(path, a, b)
		}
	}
	if compact(from) == compact(to) {
		return nil
	}
	return []string{"~ " + path + ": " + compact(to)}
}

func diffMaps(path string, from, to map[string]any) (lines []string) {
	keys := slices.Concat(slices.Collect(maps.Keys(from)), slices.Collect(maps.Keys(to)))
	slices.Sort(keys)
	for _, key := range slices.Compact(keys) {
		below := path + "/" + key
		a, had := from[key]
		b, has := to[key]
		switch {
		case !has:
			lines = append(lines, "- "+below)
		case !had:
			lines = append(lines, leaves(below, b)...)
		default:
			lines = append(lines, diff(below, a, b)...)
		}
	}
	return lines
}

// diffLists compares lists of one length by their places; in others it finds the longest
// row of what they share.
func diffLists(path string, from, to []any) (lines []string) {
	at := func(i int) string { return path + "/" + strconv.Itoa(i) }
	if len(from) == len(to) {
		for i := range from {
			lines = append(lines, diff(at(i), from[i], to[i])...)
		}
		return lines
	}
	shared := make([][]int, len(from)+1) // the length of that row, from each pair of places on
	for i := range shared {
		shared[i] = make([]int, len(to)+1)
	}
	for i := len(from) - 1; i >= 0; i-- {
		for j := len(to) - 1; j >= 0; j-- {
			shared[i][j] = max(shared[i+1][j], shared[i][j+1])
			if compact(from[i]) == compact(to[j]) {
				shared[i][j] = 1 + shared[i+1][j+1]
			}
		}
	}
	i, j := 0, 0
	for i < len(from) || j < len(to) {
		switch {
		case i < len(from) && j < len(to) && compact(from[i]) == compact(to[j]):
			i, j = i+1, j+1
		case j == len(to) || i < len(from) && shared[i+1][j] >= shared[i][j+1]:
			lines = append(lines, "- "+at(i))
			i++
		default:
			lines = append(lines, leaves(at(j), to[j])...)
			j++
		}
	}
	return lines
}

// leaves writes everything in a document that is new, a value a line.
func leaves(path string, v any) (lines []string) {
	switch v := v.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			lines = append(lines, leaves(path+"/"+key, v[key])...)
		}
	case []any:
		for i, one := range v {
			lines = append(lines, leaves(path+"/"+strconv.Itoa(i), one)...)
		}
	}
	if len(lines) == 0 {
		return []string{"+ " + path + ": " + compact(v)}
	}
	return lines
}

func compact(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v) // what came from JSON goes into it
	}
	return string(text)
}

// TestDifferencesAreSeen holds the comparison itself.
func TestDifferencesAreSeen(t *testing.T) {
	for _, c := range []struct{ from, to, want string }{
		{`{"a":1,"b":{"c":[1,2]}}`, `{"a":1,"b":{"c":[1,2]}}`, ""},
		{`{"a":1}`, `{"a":2}`, "~ /a: 2"},
		{`{"a":1}`, `{"b":{"c":[],"d":{"e":"x"}}}`, "- /a|+ /b/c: []|+ /b/d/e: \"x\""},
		{`{"a":{"x":1}}`, `{"a":[1]}`, "~ /a: [1]"},
		{`{"a":{}}`, `{"a":null}`, "~ /a: null"},
		{`[1,2,3]`, `[1,3]`, "- /1"},
		{`[1,3]`, `[0,1,2,3,4]`, "+ /0: 0|+ /2: 2|+ /4: 4"},
		{`[1,2]`, `[2,1]`, "~ /0: 2|~ /1: 1"},
		{`[{"a":1},{"a":2}]`, `[{"a":1}]`, "- /1"},
		{`["same"]`, `[]`, "- /0"},
	} {
		if got := strings.Join(diff("", document(t, c.from), document(t, c.to)), "|"); got != c.want {
			t.Errorf("from %s to %s: %s, want %s", c.from, c.to, got, c.want)
		}
	}
	part := func(text string) map[string]string {
		return map[string]string{"base": text, "cluster": `{}`, "service": `{}`, "alarms": `{}`, "edge": `{}`}
	}
	got := differences(t, part(`{"a":"enishi-prod-base","b":"enishi-prod"}`), part(`{"a":"enishi-dev-base","b":"enishi-prod"}`), "dev")
	if want := "= base\n~ /b: \"enishi-prod\"\n= cluster\n= service\n= alarms\n= edge\n"; got != want {
		t.Errorf("dev that names prod: %q, want %q", got, want)
	}
}
