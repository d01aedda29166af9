package condition_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"testing"

	"enishi/internal/condition"
)

// TestHashEscapes holds the hashed form of texts to RFC 8785: every character
// as it is, but for the quote, the backslash and control characters.
func TestHashEscapes(t *testing.T) {
	for _, c := range []struct {
		text, printed string
	}{
		{"kubernetes", `kubernetes`},
		{"a\u2028b\u2029c", "a\u2028b\u2029c"},
		{`a\u2028b`, `a\\u2028b`},
		{`a\\u2029b`, `a\\\\u2029b`},
		{"\\\u2028", "\\\\\u2028"},
		{"<b> & \"q\" / 'x'", `<b> & \"q\" / 'x'`},
		{"😀えん\ufffd", "😀えん\ufffd"},
		{"a\x00\x01\x1f\x7f", "a\\u0000\\u0001\\u001f\x7f"},
		{"\b\t\n\f\ra", `\b\t\n\f\ra`},
		{"\x0b\x1b[", `\u000b\u001b[`},
	} {
		leaf := condition.Condition{Op: condition.Contains, Field: "text", Contains: c.text}
		want := `{"contains":"` + c.printed + `","field":"text"}`
		if leaf.Hash() != sha256.Sum256([]byte(want)) {
			t.Errorf("the hash of contains %q is not that of %s", c.text, want)
		}
		printed, err := json.Marshal(leaf)
		if err != nil {
			t.Fatal(err)
		}
		again, err := condition.Parse(condition.Profiles, printed, true)
		if err != nil || again.Contains != c.text {
			t.Errorf("contains %q comes back as %q, %v", c.text, again.Contains, err)
		}
	}
}

// TestHashForm holds the hashed form of every operator: hashes are stored, so
// its bytes may never change.
func TestHashForm(t *testing.T) {
	for _, c := range []struct {
		subject     condition.Subject
		in, printed string
	}{
		{condition.Profiles, `{"any":[]}`, `{"any":[]}`},
		{
			condition.Profiles, `{"all":[{"field":"residence","in":["14","13","13"]},{"field":"occupation","min":3,"in":["0312"]}]}`,
			`{"all":[{"field":"occupation","in":["0312"],"min":3},{"field":"residence","in":["13","14"]}]}`,
		},
		{condition.Profiles, `{"not":{"field":"pay","min":400,"max":800}}`, `{"not":{"field":"pay","max":800,"min":400}}`},
		{condition.Profiles, `{"field":"pay","max":0}`, `{"field":"pay","max":0}`},
		{condition.Positions, `{"not":{"not":{"field":"relocation","is":false}}}`, `{"field":"relocation","is":false}`},
	} {
		parsed, err := condition.Parse(c.subject, []byte(c.in), true)
		if err != nil {
			t.Errorf("Parse(%s): %v", c.in, err)
		} else if parsed.Hash() != sha256.Sum256([]byte(c.printed)) {
			t.Errorf("the hash of %s is not that of %s", c.in, c.printed)
		}
	}
	three := 3
	got := condition.Condition{Op: condition.All, Kids: []condition.Condition{
		{Op: condition.In, Field: "occupation", In: []string{"0312"}, Min: &three},
		{Op: condition.In, Field: "residence", In: []string{"13", "14"}},
	}}.Hash()
	if want := "12b7e405e7c5cb8faabe53fd3a873c22e380f536a61b4adcdd4c2604ff2210eb"; hex.EncodeToString(got[:]) != want {
		t.Errorf("the hash is %x, want %s as ever", got, want)
	}
}

// TestFoldText holds that folding is done once and for all: the canonical form
// of a text is compared as the text itself.
func TestFoldText(t *testing.T) {
	for in, want := range map[string]string{
		"ﾊﾝｶｸ Ｇｏ": "はんかく go", "ヴァイオリン": "ゔぁいおりん", "①㈱": "1(株)",
		"J\u030c": "\u01f0", "T\u0308": "\u1e97", "İ": "i",
	} {
		if got := condition.FoldText(in); got != want {
			t.Errorf("FoldText(%q) = %q, want %q", in, got, want)
		}
	}
	for first := range rune(0x3400) {
		for _, mark := range []string{"", "\u0301", "\u0307", "\u0308", "\u030a", "\u030c", "\u0331", "\u3099"} {
			once := condition.FoldText(string(first) + mark)
			if twice := condition.FoldText(once); twice != once {
				t.Fatalf("FoldText(%q) = %q, but %q when folded again", string(first)+mark, once, twice)
			}
		}
	}
}
