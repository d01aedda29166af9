package taxonomy_test

import (
	"slices"
	"strings"
	"testing"

	"enishi/internal/taxonomy"
)

func TestCEFR(t *testing.T) {
	for _, tt := range []struct {
		test, score string
		level       int
		ok          bool
	}{
		{"toeic-lr", "990", 5, true},
		{"toeic-lr", "945", 5, true},
		{"toeic-lr", "940", 4, true},
		{"toeic-lr", "７８５", 4, true},
		{"toeic-lr", "550", 3, true},
		{"toeic-lr", "120", 1, true},
		{"toeic-lr", "115", 0, false},
		{"toeic-lr", "995", 0, false},
		{"toeic-lr", "-5", 0, false},
		{"toeic-lr", "", 0, false},
		{"toeic-lr", "785 2", 0, false},
		{"toeic-lr", "N1", 0, false},
		{"eiken", "1級", 5, true},
		{"eiken", "準１級", 4, true},
		{"eiken", "準2級プラス", 2, true},
		{"eiken", "3級", 1, true},
		{"eiken", "4級", 0, false},
		{"eiken", "1級 5", 0, false},
		{"jlpt", "N1", 4, true},
		{"jlpt", "n1 142", 5, true},
		{"jlpt", "N1 141", 4, true},
		{"jlpt", "N1 99", 0, false},
		{"jlpt", "N3 104", 3, true},
		{"jlpt", "N3", 2, true},
		{"jlpt", "N5", 1, true},
		{"jlpt", "N6", 0, false},
		{"jlpt", "142", 0, false},
		{"nothing", "1", 0, false},
	} {
		level, ok := taxonomy.CEFR(tt.test, tt.score)
		if level != tt.level || ok != tt.ok {
			t.Errorf("CEFR(%q, %q) = %d, %v, want %d, %v", tt.test, tt.score, level, ok, tt.level, tt.ok)
		}
	}
}

func TestLanguageTestsAreInOrder(t *testing.T) {
	for _, test := range taxonomy.LanguageTests() {
		if _, ok := taxonomy.Of(taxonomy.Language).Find(test.Language); !ok {
			t.Errorf("%s: no language %q", test.Code, test.Language)
		}
		byLevel := slices.IsSortedFunc(test.Bands, func(a, b taxonomy.Band) int {
			if a.Grade != b.Grade {
				return 0
			}
			return b.From - a.From
		})
		if !byLevel || test.Source == "" || test.JA == "" || test.EN == "" {
			t.Errorf("%s: want names, a source and bands best first", test.Code)
		}
	}
}

// TestGradesInEnglish expects no grade to stay Japanese in English.
func TestGradesInEnglish(t *testing.T) {
	for _, test := range taxonomy.LanguageTests() {
		for _, b := range test.Bands {
			if strings.ContainsFunc(b.GradeEN(), func(r rune) bool { return r > 0x7f }) {
				t.Errorf("%s %q is %q in English", test.Code, b.Grade, b.GradeEN())
			}
		}
	}
}
