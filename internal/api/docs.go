package api

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html/template"
	"maps"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

//go:embed docs.html.tmpl
var docsTemplate string

//go:embed docs.css
var docsSheet []byte

// docsSheetPath is where the page's style sheet is. What is in it is in the address, so
// that it may be kept for ever.
func docsSheetPath() string {
	sum := sha256.Sum256(docsSheet)
	return "/api/v1/docs-" + hex.EncodeToString(sum[:6]) + ".css"
}

// docsPage renders the document as a page that needs nothing but its style sheet: every
// operation by tag with its parameters, examples and answers, then every schema.
func docsPage(doc *huma.OpenAPI) ([]byte, error) {
	t, err := template.New("docs").Parse(docsTemplate)
	if err != nil {
		return nil, fmt.Errorf("read the template: %w", err)
	}
	page := docs{Banner: bannerHere, Sheet: docsSheetPath(), Title: doc.Info.Title, Version: doc.Info.Version, Description: doc.Info.Description}
	for _, tag := range doc.Tags {
		section := docsSection{Name: tag.Name, Description: tag.Description}
		for _, path := range slices.Sorted(maps.Keys(doc.Paths)) {
			for _, op := range operationsOf(doc.Paths[path]) {
				if slices.Contains(op.Tags, tag.Name) {
					one, err := docsOperationOf(op)
					if err != nil {
						return nil, fmt.Errorf("%s: %w", op.OperationID, err)
					}
					section.Operations = append(section.Operations, one)
				}
			}
		}
		page.Sections = append(page.Sections, section)
	}
	all := doc.Components.Schemas.Map()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		text, err := indented(all[name])
		if err != nil {
			return nil, fmt.Errorf("schema %s: %w", name, err)
		}
		page.Schemas = append(page.Schemas, docsText{name, text})
	}
	var out bytes.Buffer
	if err := t.Execute(&out, page); err != nil {
		return nil, fmt.Errorf("fill the template: %w", err)
	}
	return out.Bytes(), nil
}

// bannerHere is replaced by what is told of maintenance, whenever the page is shown.
const bannerHere template.HTML = "<!-- maintenance -->"

type docs struct {
	Banner                      template.HTML
	Title, Version, Description string
	Sheet                       string
	Sections                    []docsSection
	Schemas                     []docsText
}

type docsSection struct {
	Name, Description string
	Operations        []docsOperation
}

type docsOperation struct {
	ID, Method, Path, Summary, Description string
	Token                                  bool
	Parameters                             []docsParameter
	Request                                *docsText
	Answers                                []docsAnswer
}

type docsParameter struct {
	Name, In, Type, Description string
	Required                    bool
}

// docsText is a piece of JSON and the schema that it follows.
type docsText struct{ Schema, Text string }

type docsAnswer struct {
	Status, Description string
	Body                *docsText
}

func docsOperationOf(op *huma.Operation) (docsOperation, error) {
	out := docsOperation{
		ID: op.OperationID, Method: op.Method, Path: op.Path, Summary: op.Summary, Description: op.Description, Token: len(op.Security) > 0,
	}
	for _, p := range op.Parameters {
		out.Parameters = append(out.Parameters, docsParameter{p.Name, p.In, p.Schema.Type, p.Description, p.Required})
	}
	if op.RequestBody != nil {
		var err error
		if out.Request, err = docsBody(op.RequestBody.Content); err != nil {
			return out, err
		}
	}
	for _, status := range slices.Sorted(maps.Keys(op.Responses)) {
		r := op.Responses[status]
		answer := docsAnswer{Status: status, Description: r.Description}
		if status < "300" {
			var err error
			if answer.Body, err = docsBody(r.Content); err != nil {
				return out, err
			}
		}
		out.Answers = append(out.Answers, answer)
	}
	return out, nil
}

func docsBody(content map[string]*huma.MediaType) (*docsText, error) {
	body, ok := content[jsonType]
	if !ok {
		return nil, nil
	}
	text, err := indented(body.Example)
	return &docsText{strings.TrimPrefix(body.Schema.Ref, schemas), text}, err
}

func indented(v any) (string, error) {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(v)
	return b.String(), err
}
