package condition_test

import (
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"enishi/internal/condition"
	"enishi/internal/condition/conditiontest"
	"enishi/internal/taxonomy"
)

const (
	profiles  = condition.Profiles
	positions = condition.Positions
)

type sentenceCase struct {
	subject    condition.Subject
	in, ja, en string
}

// sentenceCases reads the table of conditions and their sentences.
func sentenceCases(t *testing.T) []sentenceCase {
	t.Helper()
	text, err := os.ReadFile("testdata/sentences.tsv")
	if err != nil {
		t.Fatal(err)
	}
	subjects := map[string]condition.Subject{"profiles": profiles, "positions": positions}
	var cases []sentenceCase
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		column := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(column) != 4 || subjects[column[0]] == 0 {
			t.Fatalf("the line %q is not subject, condition, ja, en", line)
		}
		cases = append(cases, sentenceCase{subjects[column[0]], column[1], column[2], column[3]})
	}
	return cases
}

func TestSentence(t *testing.T) {
	for _, c := range sentenceCases(t) {
		parsed, err := condition.Parse(c.subject, []byte(c.in), true)
		if err != nil {
			t.Errorf("Parse(%s): %v", c.in, err)
			continue
		}
		if got := parsed.Sentence(c.subject, "ja"); got != c.ja {
			t.Errorf("%s in Japanese = %q, want %q", c.in, got, c.ja)
		}
		if got := parsed.Sentence(c.subject, "en"); got != c.en {
			t.Errorf("%s in English = %q, want %q", c.in, got, c.en)
		}
	}
}

// TestSentenceCases holds that the table speaks of every field, as it is and
// denied.
func TestSentenceCases(t *testing.T) {
	cases := sentenceCases(t)
	for _, s := range []condition.Subject{profiles, positions} {
		for _, f := range condition.Fields(s) {
			for _, start := range []string{`{"field":"` + f.Name + `"`, `{"not":{"field":"` + f.Name + `"`} {
				if !slices.ContainsFunc(cases, func(c sentenceCase) bool { return c.subject == s && strings.HasPrefix(c.in, start) }) {
					t.Errorf("the table has no %s...", start)
				}
			}
		}
	}
}

// TestSentenceBands holds the numbers of ordinals to their tables.
func TestSentenceBands(t *testing.T) {
	sentence := func(field string, n int, lang string) string {
		return condition.Condition{Op: condition.Range, Field: field, Min: &n, Max: &n}.Sentence(subjectOf(field), lang)
	}
	for _, c := range []struct {
		kind               taxonomy.Kind
		from               int // bands below have a form of their own
		beforeJA, behindJA string
		beforeEN, behindEN string
		english            bool // the table's English has the same numbers
	}{
		{taxonomy.Education, 0, "最終学歴が", "", "education: ", "", false},
		{taxonomy.Management, 2, "", "のマネジメント経験", "has managed ", "", true},
		{taxonomy.Remote, 0, "", "", "", "", false},
		{taxonomy.CompanySize, 0, "従業員", "", "", "", false},
		{taxonomy.WeeklyDaysOff, 2, "", "", "", "", false},
	} {
		for _, item := range taxonomy.Of(c.kind).Items()[c.from:] {
			if got, want := sentence(string(c.kind), item.Ordinal, "ja"), c.beforeJA+item.JA+c.behindJA; got != want {
				t.Errorf("%s %s in Japanese = %q, want %q", c.kind, item.Code, got, want)
			}
			want := c.beforeEN + strings.Replace(item.EN, " to ", "–", 1) + c.behindEN
			if got := sentence(string(c.kind), item.Ordinal, "en"); c.english && got != want {
				t.Errorf("%s %s in English = %q, want %q", c.kind, item.Code, got, want)
			}
		}
	}
}

func subjectOf(field string) condition.Subject {
	if _, ok := condition.FieldOf(profiles, field); ok {
		return profiles
	}
	return positions
}

// TestSentenceTells draws conditions over a single field and holds that those
// with the same sentence hold for the same records.
func TestSentenceTells(t *testing.T) {
	if testing.Short() {
		t.Skip("one goroutine does everything here, in which the race detector finds nothing")
	}
	r := rand.New(rand.NewPCG(21, 22))
	alike := 0
	for _, s := range []condition.Subject{profiles, positions} {
		records := make([]condition.Record, 100)
		for i := range records {
			records[i] = conditiontest.RandomRecord(r, s)
		}
		for _, f := range condition.Fields(s) {
			seen := map[string]condition.Condition{}
			for range 300 {
				c := conditiontest.RandomOver(r, f)
				for _, lang := range []string{"ja", "en"} {
					text := c.Sentence(s, lang)
					first, ok := seen[text]
					if !ok {
						seen[text] = c
						continue
					}
					alike++
					for _, record := range records {
						if c.Holds(record) != first.Holds(record) {
							t.Fatalf("%q is said of %s and of %s, which differ on %+v", text, printed(t, first), printed(t, c), record)
						}
					}
				}
			}
		}
	}
	if alike < 1000 {
		t.Errorf("%d sentences came up again: the draw says little", alike)
	}
}

// TestSentenceNames holds that a sentence tells which field a code is of: many
// names are those of an occupation, an industry, a skill and a certification.
func TestSentenceNames(t *testing.T) {
	for _, s := range []condition.Subject{profiles, positions} {
		said := map[string]condition.Condition{}
		for _, f := range condition.Fields(s) {
			list := taxonomy.Of(f.Classification)
			if list == nil || f.Kind == condition.Ordinal {
				continue
			}
			for _, item := range list.Items() {
				leaf := condition.Condition{Op: condition.In, Field: f.Name, In: []string{item.Code}}
				forms := []condition.Condition{leaf, {Op: condition.Not, Kids: []condition.Condition{leaf}}}
				if f.Kind == condition.Levelled {
					leaf.Min = &f.Steps[1]
					forms = append(forms, leaf)
				}
				for _, c := range forms {
					for _, lang := range []string{"ja", "en"} {
						text := c.Sentence(s, lang)
						if other, ok := said[text]; ok && !sameLeaves(f, other, c) {
							t.Errorf("%q is said of %s and of %s", text, printed(t, other), printed(t, c))
						}
						said[text] = c
					}
				}
			}
		}
	}
}

// sameLeaves says whether two forms of a leaf over one code are of the same
// field and stand for the same codes of documents.
func sameLeaves(f condition.Field, a, b condition.Condition) bool {
	for a.Op == condition.Not && b.Op == condition.Not {
		a, b = a.Kids[0], b.Kids[0]
	}
	if a.Op != condition.In || b.Op != condition.In || a.Field != b.Field {
		return false
	}
	list := taxonomy.Of(f.Classification)
	return strings.Join(list.Leaves(a.In[0]), " ") == strings.Join(list.Leaves(b.In[0]), " ")
}

// TestSentenceForm holds every sentence to good form.
func TestSentenceForm(t *testing.T) {
	if testing.Short() {
		t.Skip("one goroutine does everything here, in which the race detector finds nothing")
	}
	r := rand.New(rand.NewPCG(23, 24))
	doubled := regexp.MustCompile(`を除く[」』）]?を除く|以外[」』）]?以外|以外ではない|ないではない|なしなし|不可不可|` +
		`\b(not|no|neither|without) [(“‘]?(not|neither|without)\b|\bno [(“‘]?no\b`)
	var names []string // the names of some industries deny something themselves
	for _, item := range taxonomy.Of(taxonomy.Industry).Items() {
		names = append(names, item.JA, "")
	}
	nameless := strings.NewReplacer(names...)
	whole := []string{"すべての求職者", "すべての求人", "該当なし", "everyone", "every position", "no one"}
	for range 4000 {
		for _, s := range []condition.Subject{profiles, positions} {
			c := conditiontest.Random(r, s)
			for _, lang := range []string{"ja", "en"} {
				text := c.Sentence(s, lang)
				switch {
				case text == "":
					t.Fatalf("%s has no sentence", printed(t, c))
				case strings.Contains(text, "%!"):
					t.Fatalf("%s gives %q", printed(t, c), text)
				case doubled.MatchString(nameless.Replace(text)):
					t.Fatalf("%s denies twice: %q", printed(t, c), text)
				case !balanced(text):
					t.Fatalf("%s has open brackets: %q", printed(t, c), text)
				case slices.ContainsFunc(whole, func(w string) bool { return w != text && strings.Contains(text, w) }):
					t.Fatalf("%s says something of everyone or no one: %q", printed(t, c), text)
				}
			}
		}
	}
}

// balanced says whether brackets and quotes close in the order of their
// opening.
func balanced(text string) bool {
	pairs := map[rune]rune{'（': '）', '(': ')', '「': '」', '『': '』', '“': '”', '‘': '’'}
	var open []rune
	for _, r := range text {
		if closing, ok := pairs[r]; ok {
			open = append(open, closing)
			continue
		}
		if !strings.ContainsRune("）)」』”’", r) {
			continue
		}
		if len(open) == 0 || open[len(open)-1] != r {
			return false
		}
		open = open[:len(open)-1]
	}
	return len(open) == 0
}

func printed(t *testing.T, c condition.Condition) string {
	t.Helper()
	b, err := c.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
