package api

import (
	"context"
	"net/http"

	"enishi/internal/condition"
	"enishi/internal/errs"
	"enishi/internal/httpx"
	"enishi/internal/taxonomy"
)

// Entry is one entry of a classification.
type Entry struct {
	Code   string `json:"code"`
	Parent string `json:"parent" doc:"The code of its group; empty at the top."`
	JA     string `json:"ja"`
	EN     string `json:"en"`

	Tests []LanguageTest `json:"tests,omitempty" doc:"Of a language: the tests whose results say a level."`
}

// LanguageTest is a language test and the levels that its results say.
type LanguageTest struct {
	Code    string     `json:"code"`
	JA      string     `json:"ja"`
	EN      string     `json:"en"`
	Highest int        `json:"highest,omitempty" doc:"The highest score; absent for a test without scores."`
	Source  string     `json:"source" doc:"Who published the levels."`
	Bands   []TestBand `json:"bands" doc:"Best first: the first one that a result reaches says its level. Below the last, none."`
}

// TestBand is a range of results of a language test.
type TestBand struct {
	Grade string `json:"grade,omitempty" doc:"The grade passed; absent for a test without grades."`
	From  int    `json:"from,omitempty" doc:"The lowest score; absent for a test without scores."`
	Level int    `json:"level" minimum:"1" maximum:"6" doc:"As in profiles and conditions: the CEFR levels A1 to C2 as 1 to 6."`
}

// Entries are the entries that were asked for.
type Entries struct {
	Items []Entry `json:"items"`
}

// cached is an answer that may be kept by whoever asked.
type cached[T any] struct {
	CacheControl string `header:"Cache-Control"`
	Body         T
}

// lookup are the parameters of a taxonomy.
type lookup struct {
	Kind  string `path:"kind" doc:"A field over profiles or positions that holds codes or an ordinal."`
	Query string `query:"q" doc:"What a person types: kanji, kana, romaji, English. Absent: every entry, groups before what is in them."`
	Limit int    `query:"limit" minimum:"1" maximum:"10000" doc:"The most entries to give; absent: 20 with q, else all."`
}

func (s *service) addTaxonomy() {
	handle(s, operation{
		method: http.MethodGet, path: "/api/v1/taxonomy/{kind}", id: "taxonomy", class: httpx.Ordinary, tag: tagVisitors,
		summary: "The codes of a field, or those that a person means by what they type",
		detail:  "Languages carry the tests whose results say a level (TOEIC, 英検, JLPT). The example shows an entry of occupation and one of language.",
		answer:  exampleEntries(),
	}, taxonomyOf)
}

func taxonomyOf(_ context.Context, in *lookup) (*cached[Entries], error) {
	list := classificationOf(in.Kind)
	if list == nil {
		return nil, errs.New(errs.NotFound, "no field of this name holds codes or an ordinal")
	}
	found := list.Items()
	limit := in.Limit
	if in.Query != "" {
		if limit == 0 {
			limit = defaultHits
		}
		found = list.Search(in.Query, limit)
	}
	if limit > 0 && len(found) > limit {
		found = found[:limit]
	}
	out := Entries{make([]Entry, len(found))}
	for i, item := range found {
		out.Items[i] = Entry{Code: item.Code, Parent: item.Parent, JA: item.JA, EN: item.EN}
		if list.Kind() == taxonomy.Language {
			out.Items[i].Tests = testsOf(item.Code)
		}
	}
	return &cached[Entries]{"public, max-age=3600", out}, nil
}

// testsOf gives the tests of a language; none for most.
func testsOf(language string) []LanguageTest {
	var tests []LanguageTest
	for _, t := range taxonomy.LanguageTests() {
		if t.Language != language {
			continue
		}
		test := LanguageTest{Code: t.Code, JA: t.JA, EN: t.EN, Highest: t.Highest, Source: t.Source}
		for _, b := range t.Bands {
			test.Bands = append(test.Bands, TestBand(b))
		}
		tests = append(tests, test)
	}
	return tests
}

func exampleEntries() Entries {
	return Entries{[]Entry{
		{Code: "0312", Parent: "03", JA: "ソフトウェア開発", EN: "Software development"},
		{Code: "ja", JA: "日本語", EN: "Japanese", Tests: testsOf("ja")},
	}}
}

// classificationOf gives the classification of a field of either subject; nil
// if it has none.
func classificationOf(field string) *taxonomy.Classification {
	for _, subject := range []condition.Subject{condition.Profiles, condition.Positions} {
		if f, ok := condition.FieldOf(subject, field); ok && f.Classification != "" {
			return taxonomy.Of(f.Classification)
		}
	}
	return nil
}
