package corpnum_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"enishi/internal/corpnum"
	"enishi/internal/errs"
)

// real holds published numbers and their holders.
func real() map[string]string {
	return map[string]string{
		"7000012050002": "国税庁",
		"1180301018771": "トヨタ自動車株式会社",
	}
}

func TestParseReal(t *testing.T) {
	for text, holder := range real() {
		n, err := corpnum.Parse(text)
		if err != nil {
			t.Errorf("Parse(%q), %s: %v", text, holder, err)
			continue
		}
		if n.String() != text || fmt.Sprint(int64(n)) != text {
			t.Errorf("Parse(%q) = %s (%d)", text, n, int64(n))
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, text := range []string{
		"", "700001205000", "70000120500020", "700001205000２", "7000-01205000", "+700001205000", " 700001205000",
		"700001205000 ", "７０００", "7000012050002\n", "0000012050002", "70000120500O2", strings.Repeat("9", 1000),
	} {
		n, err := corpnum.Parse(text)
		if !errs.Is(err, errs.Invalid) {
			t.Errorf("Parse(%q) = %v, %v; want an Invalid error", text, n, err)
		}
	}
}

// TestEveryWrongDigit checks what the check digit is for: no number stays
// valid when its check digit is changed, and the message names the right one.
func TestEveryWrongDigit(t *testing.T) {
	for text := range real() {
		for digit := '0'; digit <= '9'; digit++ {
			other := string(digit) + text[1:]
			_, err := corpnum.Parse(other)
			if other == text {
				continue
			}
			if !errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), "it is "+text[:1]) {
				t.Errorf("Parse(%q) = %v, want an Invalid error that names %s", other, err, text[:1])
			}
		}
	}
}

func TestFrom(t *testing.T) {
	tests := []struct {
		base int64
		want corpnum.Number
	}{
		{0, 9_000_000_000_000},               // 9 - 0
		{1, 8_000_000_000_001},               // 9 - 1x1
		{10, 7_000_000_000_010},              // 9 - 1x2
		{9, 9_000_000_000_009},               // 9 - 9 mod 9
		{999_999_999_999, 9_999_999_999_999}, // 9 - (6x9 + 6x18) mod 9
		{12_050_002, 7_000_012_050_002},
	}
	for _, test := range tests {
		if got := corpnum.From(test.base); got != test.want {
			t.Errorf("From(%d) = %v, want %v", test.base, got, test.want)
		}
	}
}

func TestJSON(t *testing.T) {
	type company struct {
		Number corpnum.Number `json:"corporate_number"`
	}
	const text = `{"corporate_number":"7000012050002"}`
	var c company
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		t.Fatal(err)
	}
	if got, err := json.Marshal(c); err != nil || string(got) != text {
		t.Errorf("Marshal = %s, %v; want %s", got, err, text)
	}
	for _, wrong := range []string{`{"corporate_number":"7000012050003"}`, `{"corporate_number":7000012050002}`} {
		before := c
		if err := json.Unmarshal([]byte(wrong), &c); err == nil || c != before {
			t.Errorf("Unmarshal(%s) = %v, %v; want an error and no change", wrong, c, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for text := range real() {
		f.Add(text)
	}
	f.Add("0000000000000")
	f.Add("９")
	f.Fuzz(func(t *testing.T, text string) {
		n, err := corpnum.Parse(text)
		if err != nil {
			if !errs.Is(err, errs.Invalid) || n != 0 {
				t.Fatalf("Parse(%q) = %v, %v; want 0 and an Invalid error", text, n, err)
			}
			return
		}
		if n.String() != text {
			t.Fatalf("Parse(%q).String() = %q", text, n)
		}
		if corpnum.From(int64(n)%1_000_000_000_000) != n || text[0] == '0' {
			t.Fatalf("Parse(%q) accepted a wrong check digit", text)
		}
	})
}
