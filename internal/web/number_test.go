package web

import (
	"testing"

	"enishi/internal/condition"
)

func TestNumbersAsPeopleTypeThem(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		"480": 480, "４８０": 480, "480万円": 480, "４８０ 万円": 480, "480万": 480, "4,800": 4800, "４，８００万円": 4800, "4、800": 4800, "4 800": 4800, "4, 800": 4800,
		" 480　": 480, "1,234,567": 1234567, "-5": -5, "－５": -5, "\u200b480\ufeff": 480, "0": 0, "007": 7,
	} {
		if n, err := numberOf(text, payUnits()...); err != nil || n == nil || *n != want {
			t.Errorf("numberOf(%q) = %v, %v, want %d", text, n, err, want)
		}
	}
	for _, text := range []string{"万円", "48百", "4,80", "10 5", "4..8", "480.5", "1e3", "10²", "0x10", "四百", "480円", "99999999999999999999", "--5", "5年"} {
		if n, err := numberOf(text, payUnits()...); err == nil {
			t.Errorf("numberOf(%q) = %v, want an error", text, n)
		}
	}
	for _, text := range []string{"", " ", "　\u200b"} {
		if n, err := numberOf(text); err != nil || n != nil {
			t.Errorf("numberOf(%q) = %v, %v, want none", text, n, err)
		}
	}
}

// A number of years is not read as an amount of money, nor the other way round.
func TestUnitsOfFields(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		field, text string
		ok          bool
	}{
		{"experience_years", "５年", true},
		{"experience_years", "5 years", true},
		{"experience_years", "5万", false},
		{"pay", "480万", true},
		{"pay", "480年", false},
		{"employers", "3社", true},
	} {
		f, _ := condition.FieldOf(condition.Profiles, c.field)
		if _, err := numberOf(c.text, unitsOf(f)...); (err == nil) != c.ok {
			t.Errorf("%s of %q: %v", c.field, c.text, err)
		}
	}
}

func TestLocalPaths(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"/offers": "/offers", "/insight?pay=480&skill=go:3": "/insight?pay=480&skill=go:3", "/%09/evil.example": "/%09/evil.example", "/offers?q=職種": "/offers?q=職種",
		"": "/", "offers": "/", "//evil.example/": "/", "///evil.example/": "/", "https://evil.example/": "/", "javascript:alert(1)": "/",
		"/\t/evil.example": "/", "/\n/evil.example": "/", "\t//evil.example": "/", " //evil.example": "/", "/\\evil.example": "/", "\\\\evil.example": "/",
		"/\x00/evil.example": "/", "/\u0085/evil.example": "/", "/\xff/evil.example": "/", "/%zz": "/",
	} {
		if got := local(path); got != want {
			t.Errorf("local(%q) = %q, want %q", path, got, want)
		}
	}
}
