package api

import (
	"context"
	"net/http"

	"enishi/internal/condition"
	"enishi/internal/errs"
	"enishi/internal/taxonomy"
)

// Entry is one entry of a classification.
type Entry struct {
	Code   string `json:"code"`
	Parent string `json:"parent" doc:"The code of its group; empty at the top."`
	JA     string `json:"ja"`
	EN     string `json:"en"`
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
		method: http.MethodGet, path: "/api/v1/taxonomy/{kind}", id: "taxonomy", tag: tagVisitors,
		summary: "The codes of a field, or those that a person means by what they type",
		answer:  Entries{[]Entry{{"0312", "03", "Webエンジニア", "Web engineer"}}},
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
		out.Items[i] = Entry{item.Code, item.Parent, item.JA, item.EN}
	}
	return &cached[Entries]{"public, max-age=3600", out}, nil
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
