package condition_test

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"enishi/internal/condition"
	"enishi/internal/condition/conditiontest"
	"enishi/internal/errs"
)

func TestParseRefuses(t *testing.T) {
	deep := strings.Repeat(`{"not":`, 1_000_000)
	for _, c := range []struct {
		in, pointer, found string
	}{
		{``, "", "broken JSON"},
		{`[]`, "", "a list"},
		{`null`, "", "null"},
		{`{}`, "", "no key"},
		{`{"all": {}}`, "/all", "an object"},
		{`{"all": [1]}`, "/all/0", "1"},
		{`{"all": [], "any": []}`, "", "all, any"},
		{`{"all": []} {}`, "", "more behind"},
		{`{"all": []}x`, "", "more behind"},
		{`{"nor": []}`, "/nor", "unknown key"},
		{`{"a/b~c": 1}`, "/a~1b~0c", "unknown key"},
		{`{"not": {"field": "pay", "min": 1}, "not": {"all": []}}`, "/not", "second time"},
		{`{"field": "shoe_size", "min": 1}`, "/field", `"shoe_size"`},
		{`{"field": "age", "min": 1}`, "/field", `"age"`},
		{`{"field": "text", "contains": "Go言語"}`, "/field", `"text"`},
		{`{"field": 3, "min": 1}`, "/field", "3"},
		{`{"field": "pay"}`, "", "no key"},
		{`{"field": "pay", "min": 1.5}`, "/min", "1.5"},
		{`{"field": "pay", "min": 1e-3}`, "/min", "1e-3"},
		{`{"field": "pay", "min": 99999999999999999999}`, "/min", "99999999999999999999"},
		{`{"field": "pay", "min": -1}`, "/min", "-1"},
		{`{"field": "pay", "min": "400"}`, "/min", `"400"`},
		{`{"field": "pay", "min": null}`, "/min", "null"},
		{`{"field": "pay", "min": 5, "max": 4}`, "/max", "4"},
		{`{"field": "pay", "in": ["400"]}`, "", "another operator"},
		{`{"field": "pay", "min": 1, "is": true}`, "", "is, min"},
		{`{"field": "remote_ok", "is": 1}`, "/is", "1"},
		{`{"field": "residence", "in": []}`, "/in", "empty list"},
		{`{"field": "residence", "in": "13"}`, "/in", `"13"`},
		{`{"field": "residence", "in": [13]}`, "/in/0", "13"},
		{`{"field": "residence", "in": ["13", "99"]}`, "/in/1", `"99"`},
		{`{"field": "residence", "in": ["13"], "min": 1}`, "/min", "1"},
		{`{"field": "occupation", "in": ["0312"], "min": 2}`, "/min", "2"},
		{`{"field": "occupation", "in": ["0312"], "max": 2}`, "", "in, max"},
		{`{"field": "skill", "in": ["go"], "min": 6}`, "/min", "6"},
		{`{"any": [{"all": []}, {"not": {"field": "education", "min": 9}}]}`, "/any/1/not/min", "9"},
		{"{\"field\": \"\xff\"}", "", "no UTF-8"},
		{deep, strings.Repeat("/not", condition.MaxDepth), "deeper than 8"},
		{`{"all": [` + strings.Repeat(`{"field": "pay", "min": 1},`, 200) + `{"field": "pay", "min": 1}]}`, "/all/200", "200 leaves"},
		{`{"field": "residence", "in": [` + strings.Repeat(`"13",`, 500) + `"13"]}`, "/in", "more than 500"},
	} {
		_, err := condition.Parse(condition.Profiles, []byte(c.in), false)
		var e *errs.Error
		if !errors.As(err, &e) || e.Kind != errs.Invalid || len(e.Problems) == 0 {
			t.Errorf("Parse(%.80q) = %v, want Invalid", c.in, err)
			continue
		}
		p := e.Problems[0]
		if p.Pointer != c.pointer || !strings.Contains(p.Found, c.found) || p.Allowed == "" {
			t.Errorf("Parse(%.80q) = %+v, want at %q found %q and what is allowed", c.in, p, c.pointer, c.found)
		}
	}
}

// TestParseRefusesTexts is about what searches only may hold.
func TestParseRefusesTexts(t *testing.T) {
	for _, c := range []struct {
		in, pointer, found string
	}{
		{`{"field": "text", "contains": ""}`, "/contains", "0 characters"},
		{`{"field": "text", "contains": "x"}`, "/contains", "1 character"},
		{`{"field": "text", "contains": "ｶﾞ"}`, "/contains", "1 character"}, // folded to one
		{`{"field": "text", "contains": "` + strings.Repeat("x", 101) + `"}`, "/contains", "101 characters"},
		{`{"field": "text", "contains": "     "}`, "/contains", "nothing but spaces and invisible characters"},
		{`{"field": "text", "contains": "　　　"}`, "/contains", "nothing but spaces and invisible characters"},
		{`{"field": "text", "contains": "\u0000\u0000"}`, "/contains", "nothing but spaces and invisible characters"},
		{`{"field": "text", "contains": "\t \u2028\u200b\u0000"}`, "/contains", "nothing but spaces and invisible characters"},
		{`{"field": "text", "contains": "ab\ud800"}`, "/contains", "half of a surrogate pair in a text"},
		{`{"field": "text", "contains": "\udc00ab"}`, "/contains", "half of a surrogate pair in a text"},
		{`{"field": "text", "contains": "\ud800\ud83d\ude00"}`, "/contains", "half of a surrogate pair in a text"},
		{`{"field": "text", "contains": "\\\ud83d\\ude00"}`, "/contains", "half of a surrogate pair in a text"},
		{`{"any": [{"all": []}, {"field": "skill", "in": ["go", "\uD800"]}]}`, "/any/1/in/1", "half of a surrogate pair in a text"},
		{`{"not": {"field": "\udfff", "is": true}}`, "/not/field", "half of a surrogate pair in a text"},
		{`{"\ud800": []}`, "", "half of a surrogate pair in a text"},
	} {
		_, err := condition.Parse(condition.Profiles, []byte(c.in), true)
		var e *errs.Error
		if !errors.As(err, &e) || e.Kind != errs.Invalid || len(e.Problems) != 1 {
			t.Errorf("Parse(%.80q) = %v, want one Invalid problem", c.in, err)
			continue
		}
		if p := e.Problems[0]; p.Pointer != c.pointer || p.Found != c.found || p.Allowed == "" {
			t.Errorf("Parse(%.80q) = %+v, want at %q found %q and what is allowed", c.in, p, c.pointer, c.found)
		}
	}
	for in, want := range map[string]string{
		`\ud83d\ude00`: "😀", `\\ud800`: `\ud800`, `\ufffd😀`: "\ufffd😀", ` x`: " x", `\n\"\ud83d\ude00\/`: "\n\"😀/",
	} {
		in = `{"field": "text", "contains": "` + in + ` a"}`
		if got, err := condition.Parse(condition.Profiles, []byte(in), true); err != nil || got.Contains != want+" a" {
			t.Errorf("Parse(%s) = %q, %v, want %q", in, got.Contains, err, want+" a")
		}
	}
}

func TestParseAccepts(t *testing.T) {
	for _, c := range []struct {
		subject condition.Subject
		in      string
	}{
		{condition.Profiles, `{"all":[]}`},
		{condition.Profiles, `{"field":"occupation","in":["0312","0313"],"min":3}`},
		{condition.Profiles, `{"field":"occupation","in":["03"]}`},
		{condition.Profiles, `{"field":"text","contains":"Kubernetes"}`},
		{condition.Positions, `{"field":"company","in":["7000012050002"]}`},
		{condition.Positions, `{"all":[{"field":"pay_min","min":400},{"not":{"field":"shift_work","is":true}}]}`},
	} {
		got, err := condition.Parse(c.subject, []byte(c.in), true)
		if err != nil {
			t.Errorf("Parse(%s): %v", c.in, err)
			continue
		}
		if printed, err := json.Marshal(got); err != nil || string(printed) != c.in {
			t.Errorf("Parse(%s) prints as %s, %v", c.in, printed, err)
		}
	}
}

func TestHolds(t *testing.T) {
	record := condition.Record{
		Codes: map[string][]condition.Held{
			"occupation": {{Code: "0201", Level: 10}, {Code: "0312", Level: 1}},
			"residence":  {{Code: "13"}},
		},
		Numbers: map[string]int{"pay": 500, "education": 3},
		Flags:   map[string]bool{"remote_ok": false},
		Text:    condition.FoldText("ﾊﾝｶｸと Ｋubernetes"),
	}
	for _, c := range []struct {
		in   string
		want bool
	}{
		{`{"all":[]}`, true},
		{`{"any":[]}`, false},
		{`{"not":{"any":[]}}`, true},
		{`{"field":"occupation","in":["0312"]}`, true},
		{`{"field":"occupation","in":["03"],"min":1}`, true},
		{`{"field":"occupation","in":["03"],"min":3}`, false}, // sales' years do not count
		{`{"field":"occupation","in":["02","03"],"min":10}`, true},
		{`{"field":"residence","in":["r-kanto"]}`, true},
		{`{"field":"residence","in":["14"]}`, false},
		{`{"field":"pay","min":500,"max":500}`, true},
		{`{"field":"pay","max":499}`, false},
		{`{"field":"education","min":3}`, true},
		{`{"field":"employers","min":0}`, false}, // lacking
		{`{"not":{"field":"employers","min":0}}`, true},
		{`{"field":"remote_ok","is":false}`, true},
		{`{"field":"remote_ok","is":true}`, false},
		{`{"field":"text","contains":"はんかく"}`, true},
		{`{"field":"text","contains":"バン"}`, false},
		{`{"field":"text","contains":"kubernetes"}`, true},
	} {
		parsed, err := condition.Parse(condition.Profiles, []byte(c.in), true)
		if err != nil {
			t.Errorf("Parse(%s): %v", c.in, err)
		} else if got := parsed.Holds(record); got != c.want {
			t.Errorf("%s holds = %v, want %v", c.in, got, c.want)
		}
	}
	missing := condition.Record{}
	for _, in := range []string{`{"field":"remote_ok","is":true}`, `{"field":"remote_ok","is":false}`} {
		parsed, err := condition.Parse(condition.Profiles, []byte(in), false)
		if err != nil || parsed.Holds(missing) {
			t.Errorf("%s holds for a record without the flag (%v)", in, err)
		}
	}
}

// TestCanonical holds the canonical form to its promises on random conditions.
func TestCanonical(t *testing.T) {
	if testing.Short() {
		t.Skip("one goroutine does everything here, in which the race detector finds nothing")
	}
	r := rand.New(rand.NewPCG(11, 12))
	held := 0
	for range 3000 {
		for _, s := range []condition.Subject{condition.Profiles, condition.Positions} {
			c := conditiontest.Random(r, s)
			printed, err := json.Marshal(c)
			if err != nil {
				t.Fatal(err)
			}
			again, err := condition.Parse(s, printed, false)
			if err != nil {
				t.Fatalf("Parse(%s): %v", printed, err)
			}
			if second, err := json.Marshal(again); err != nil || string(second) != string(printed) {
				t.Fatalf("%s prints as %s after parsing (%v)", printed, second, err)
			}
			canonical := c.Canonical()
			if diff := cmp.Diff(canonical, canonical.Canonical()); diff != "" {
				t.Fatalf("the canonical form of %s changes (-first +second):\n%s", printed, diff)
			}
			if c.Hash() != shuffled(r, c).Hash() {
				t.Fatalf("%s has another hash when shuffled", printed)
			}
			for range 5 {
				record := conditiontest.RandomRecord(r, s)
				holds := c.Holds(record)
				if holds != canonical.Holds(record) {
					t.Fatalf("%s and its canonical form differ on %+v", printed, record)
				}
				if holds {
					held++
				}
			}
			if c.Sentence(s, "ja") == "" || c.Sentence(s, "en") == "" {
				t.Fatalf("%s has no sentence", printed)
			}
			if got := len(c.Explain(condition.Record{})); got != c.Leaves() {
				t.Fatalf("%s has %d clauses for %d leaves", printed, got, c.Leaves())
			}
		}
	}
	if held < 3000 || held > 27000 {
		t.Errorf("%d of 30000 conditions hold: the draw says little", held)
	}
}

// shuffled gives a condition of the same canonical form: kids in another
// order, some twice, some under two Nots.
func shuffled(r *rand.Rand, c condition.Condition) condition.Condition {
	kids := make([]condition.Condition, 0, len(c.Kids))
	for _, k := range c.Kids {
		k = shuffled(r, k)
		kids = append(kids, k)
		if c.Op != condition.Not && r.IntN(4) == 0 {
			kids = append(kids, k)
		}
	}
	r.Shuffle(len(kids), func(i, j int) { kids[i], kids[j] = kids[j], kids[i] })
	c.Kids = kids
	if r.IntN(5) == 0 {
		inner := condition.Condition{Op: condition.Not, Kids: []condition.Condition{c}}
		return condition.Condition{Op: condition.Not, Kids: []condition.Condition{inner}}
	}
	return c
}

// TestDecency names what no field may ever ask.
func TestDecency(t *testing.T) {
	for _, s := range []condition.Subject{condition.Profiles, condition.Positions} {
		for _, f := range condition.Fields(s) {
			for _, never := range []string{"sex", "gender", "nation", "birth", "family", "marri", "relig", "belief", "union", "health", "age"} {
				for _, word := range strings.Split(f.Name, "_") {
					if strings.HasPrefix(word, never) {
						t.Errorf("the field %q must not exist", f.Name)
					}
				}
			}
		}
	}
}

// FuzzParse holds what is read to what is printed, and its canonical form to
// its meaning, over both subjects.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`{"all":[{"field":"occupation","in":["0312"],"min":3},{"not":{"field":"pay","max":800}}]}`,
		`{"any":[{"field":"text","contains":"Go"}]}`,
		`{"not":{"all":[{"field":"text","contains":"ﾊﾝｶｸ\u2028J\u030c"},{"not":{"any":[]}}]}}`,
		`{"any":[{"field":"relocation","is":false},{"all":[{"field":"prefecture","in":["r-kanto","13","13"]},{"field":"remote","min":1}]}]}`,
		`{"all":[{"field":"industry","in":["A","02","39"]},{"not":{"not":{"field":"company","in":["7000012050002"]}}}]}`,
		`{"field":"text","contains":"\ud83d\ude00\\ud800 <&>\u0000"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, s := range []condition.Subject{condition.Profiles, condition.Positions} {
			c, err := condition.Parse(s, data, true)
			if err != nil {
				continue
			}
			printed, err := json.Marshal(c)
			if err != nil {
				t.Fatal(err)
			}
			again, err := condition.Parse(s, printed, true)
			if err != nil {
				t.Fatalf("Parse(%s): %v", printed, err)
			}
			if diff := cmp.Diff(c, again); diff != "" {
				t.Fatalf("%s comes back as another condition (-was +is):\n%s", printed, diff)
			}
			canonical := c.Canonical()
			if again.Hash() != c.Hash() || canonical.Hash() != c.Hash() {
				t.Fatalf("%s has several hashes", printed)
			}
			if c.Sentence(s, "ja") == "" || c.Sentence(s, "en") == "" {
				t.Fatalf("%s has no sentence", printed)
			}
			for _, record := range recordsFor(c, s) {
				if c.Holds(record) != canonical.Holds(record) {
					t.Fatalf("%s and its canonical form differ on %+v", printed, record)
				}
			}
		}
	})
}

// recordsFor draws records, the text of half of them made of what the
// condition looks for.
func recordsFor(c condition.Condition, s condition.Subject) []condition.Record {
	r := rand.New(rand.NewPCG(31, 32))
	var words []string
	for _, clause := range c.Explain(condition.Record{}) {
		if clause.Condition.Op == condition.Contains {
			words = append(words, clause.Condition.Contains)
		}
	}
	records := make([]condition.Record, 6)
	for i := range records {
		records[i] = conditiontest.RandomRecord(r, s)
		if i%2 == 0 && len(words) > 0 {
			records[i].Text = condition.FoldText("a " + words[r.IntN(len(words))] + " 3")
		}
	}
	return records
}
