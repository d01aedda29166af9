package api

import (
	"net/http"
	"reflect"
	"slices"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"enishi/internal/condition"
	"enishi/internal/corpnum"
	"enishi/internal/day"
	"enishi/internal/httpx"
	"enishi/internal/taxonomy"
)

const jsonType = "application/json"

// described is what an operation's metadata carries to its documentation.
type described struct {
	operation
	body any // pointer to the body's type; nil: none
}

const describedKey = "described"

// config gives the settings of huma: one format, no routes of its own, and a
// document that is completed as operations are added.
func config(version string) huma.Config {
	registry := huma.NewMapRegistry(schemas, huma.DefaultSchemaNamer)
	addConditions(registry)
	registry.RegisterTypeAlias(reflect.TypeFor[day.Day](), reflect.TypeFor[dateText]())
	registry.RegisterTypeAlias(reflect.TypeFor[day.Month](), reflect.TypeFor[monthText]())
	registry.RegisterTypeAlias(reflect.TypeFor[corpnum.Number](), reflect.TypeFor[numberText]())
	doc := &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info: &huma.Info{
			Title: "Enishi", Version: version,
			Description: "Direct recruiting: candidates describe their career once, companies say exactly whom they would interview, both sides are matched at once.",
		},
		Servers: []*huma.Server{{URL: "/", Description: "Where this document comes from."}},
		Components: &huma.Components{
			Schemas: registry,
			SecuritySchemes: map[string]*huma.SecurityScheme{
				"token": {Type: "http", Scheme: "bearer", Description: "The token of a sign-up or of POST /api/v1/sessions."},
			},
		},
		Tags: []*huma.Tag{
			{Name: tagVisitors, Description: "Without an account."},
			{Name: tagAccounts, Description: "With any token."},
			{Name: tagCandidates, Description: "With a candidate's token."},
			{Name: tagCompanies, Description: "With the token of a company's member."},
			{Name: tagThreads, Description: "With the token of either side of an accepted offer."},
			{Name: tagOperators, Description: "With an operator's token."},
			{Name: tagService, Description: "How the service is."},
		},
		OnAddOperation: []huma.AddOpFunc{document},
	}
	return huma.Config{
		OpenAPI:       doc,
		Formats:       map[string]huma.Format{jsonType: huma.DefaultJSONFormat, "json": huma.DefaultJSONFormat},
		DefaultFormat: jsonType,
		Transformers:  []huma.Transformer{problems},
	}
}

// The tags of operations.
const (
	tagVisitors   = "Visitors"
	tagAccounts   = "Accounts"
	tagCandidates = "Candidates"
	tagCompanies  = "Companies"
	tagThreads    = "Threads"
	tagOperators  = "Operators"
	tagService    = "Service"
)

// describe gives huma's form of an operation.
func (s *service) describe(op operation, body any) huma.Operation {
	s.described[op.method+" "+op.path] = op
	return huma.Operation{
		Method: op.method, Path: op.path, OperationID: op.id, Summary: op.summary, Description: op.detail,
		Tags: []string{op.tag}, DefaultStatus: op.status,
		Metadata:    map[string]any{describedKey: described{op, body}},
		Middlewares: huma.Middlewares{s.admit(op)},
	}
}

// Types that are written as text, for their schemas alone.
type (
	dateText   struct{}
	monthText  struct{}
	numberText struct{}
)

// Schema is that of a date.
func (dateText) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "date", Description: "A date in Tokyo."}
}

// Schema is that of a month.
func (monthText) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Pattern: `^[0-9]{4}-(0[1-9]|1[0-2])$`, Description: "A month as YYYY-MM."}
}

// Schema is that of a corporate number.
func (numberText) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Pattern: `^[1-9][0-9]{12}$`, Description: "法人番号: thirteen digits, the first of them the check digit."}
}

// document completes an operation's documentation from its description.
func document(doc *huma.OpenAPI, op *huma.Operation) {
	d, ok := op.Metadata[describedKey].(described)
	if !ok {
		return
	}
	delete(op.Responses, "default")
	if d.body != nil {
		t := reflect.TypeOf(d.body).Elem()
		op.RequestBody = &huma.RequestBody{Required: !d.optional, Content: map[string]*huma.MediaType{
			jsonType: {Schema: doc.Components.Schemas.Schema(t, true, ""), Example: d.request},
		}}
	}
	switch success := op.Responses[strconv.Itoa(op.DefaultStatus)]; {
	case success == nil:
	case d.kind != "":
		success.Content = map[string]*huma.MediaType{d.kind: {Schema: &huma.Schema{Type: huma.TypeString}, Example: d.answer}}
	case success.Content[jsonType] != nil:
		success.Content[jsonType].Example = d.answer
	}
	if d.who != anyone {
		op.Security = []map[string][]string{{"token": {}}}
	}
	problem := doc.Components.Schemas.Schema(reflect.TypeFor[httpx.Problem](), true, "")
	for _, p := range op.Parameters {
		p.Required = p.Required || p.Name == "If-Match" // asked for by the handler: 428, not 422
	}
	for _, status := range d.failures(op) {
		op.Responses[strconv.Itoa(status)] = &huma.Response{
			Description: http.StatusText(status),
			Content: map[string]*huma.MediaType{
				"application/problem+json": {Schema: problem, Example: failureExample(status)},
			},
		}
	}
}

// failures gives the statuses by which an operation may fail.
func (d described) failures(op *huma.Operation) []int {
	out := append([]int{http.StatusInternalServerError, http.StatusServiceUnavailable}, d.errors...)
	if d.who != anyone {
		out = append(out, http.StatusUnauthorized)
		if d.who != signedIn {
			out = append(out, http.StatusForbidden)
		}
	}
	if d.body != nil {
		out = append(out, http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity)
	}
	if d.limited {
		out = append(out, http.StatusTooManyRequests)
	}
	for _, p := range op.Parameters {
		switch {
		case p.In == "path":
			out = append(out, http.StatusNotFound)
		case p.In == "query":
			out = append(out, http.StatusUnprocessableEntity)
		case p.Name == "If-Match":
			out = append(out, http.StatusPreconditionFailed, http.StatusPreconditionRequired)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// finish mends what huma cannot know: lists here are never null, and the
// fields of profiles and positions are those of the condition language.
func finish(doc *huma.OpenAPI) {
	all := doc.Components.Schemas.Map()
	delete(all, "ErrorModel")
	delete(all, "ErrorDetail")
	for name, s := range all {
		strict(s)
		switch name {
		case "Profile":
			decorate(s, condition.Profiles)
		case "PositionBody", "PositionEdit", "PositionAnswer", "Terms":
			decorate(s, condition.Positions)
			s.Required = slices.DeleteFunc(s.Required, func(p string) bool { return p == "legal" })
		}
	}
	for _, item := range doc.Paths {
		for _, op := range operationsOf(item) {
			for _, r := range op.Responses {
				if r.Headers == nil {
					r.Headers = map[string]*huma.Param{}
				}
				r.Headers[httpx.NoticeHeader] = &huma.Header{
					Description: `While maintenance is planned or goes on: mode (planned, read-only or stop), from and, if it is known, until, as a dictionary of RFC 9651: mode=planned, from="2026-12-01T17:00:00Z", until="2026-12-01T19:00:00Z". In read-only mode everything but GET answers 503, in a full stop everything but the probes and /api/v1/status.`,
					Schema:      &huma.Schema{Type: huma.TypeString},
				}
			}
			for _, p := range op.Parameters {
				strict(p.Schema)
			}
		}
	}
}

// operationsOf gives the operations of a path.
func operationsOf(item *huma.PathItem) []*huma.Operation {
	return slices.DeleteFunc([]*huma.Operation{item.Get, item.Post, item.Put, item.Delete},
		func(op *huma.Operation) bool { return op == nil })
}

// strict takes null out of the lists of a schema and of what is below it.
func strict(s *huma.Schema) {
	if s == nil {
		return
	}
	if s.Type == huma.TypeArray {
		s.Nullable = false
	}
	strict(s.Items)
	for _, p := range s.Properties {
		strict(p)
	}
	if more, ok := s.AdditionalProperties.(*huma.Schema); ok {
		strict(more)
	}
}

// decorate adds labels, bounds and codes to the properties that conditions
// speak about.
func decorate(s *huma.Schema, subject condition.Subject) {
	for _, f := range condition.Fields(subject) {
		p, ok := s.Properties[f.Name]
		if !ok || f.Kind == condition.Text {
			continue
		}
		p.Description = f.EN + " (" + f.JA + ")"
		switch {
		case f.Kind == condition.Number || f.Kind == condition.Ordinal:
			bounds := rangeSchema(f)
			p.Minimum, p.Maximum = bounds.Minimum, bounds.Maximum
			if f.UnitJA != "" {
				p.Description += ", unit: " + f.UnitJA
			}
		case f.Kind == condition.Levelled:
			p.Description += "; code: of GET /api/v1/taxonomy/" + f.Name + ", min: the level that is held"
		case f.Kind == condition.Code && p.Items != nil:
			p.Items = leafCode(f)
		case f.Kind == condition.Code:
			p.Enum = leafCode(f).Enum
			p.Description += "; a code of GET /api/v1/taxonomy/" + f.Name
		}
	}
}

// leafCode is the schema of a code that a document holds: no group.
func leafCode(f condition.Field) *huma.Schema {
	out := codeSchema(f)
	list := taxonomy.Of(f.Classification)
	out.Enum = slices.DeleteFunc(out.Enum, func(code any) bool {
		text, ok := code.(string)
		return ok && !list.Leaf(text)
	})
	return out
}
