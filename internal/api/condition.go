package api

import (
	"maps"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"enishi/internal/condition"
	"enishi/internal/taxonomy"
)

// The conditions of bodies: over profiles (what a rule asks), over profiles
// with text (what a search asks), over positions (wishes). Each reads itself
// from a body and stands in answers as the condition that it holds.
type (
	overProfiles  struct{ condition.Condition }
	searched      struct{ condition.Condition }
	overPositions struct{ condition.Condition }
)

func (c *overProfiles) parse(raw []byte) (err error) {
	c.Condition, err = condition.Parse(condition.Profiles, raw, false)
	return err
}

func (c *searched) parse(raw []byte) (err error) {
	c.Condition, err = condition.Parse(condition.Profiles, raw, true)
	return err
}

func (c *overPositions) parse(raw []byte) (err error) {
	c.Condition, err = condition.Parse(condition.Positions, raw, false)
	return err
}

const (
	schemas              = "#/components/schemas/"
	profileCondition     = "ProfileCondition"
	searchCondition      = "SearchCondition"
	positionCondition    = "PositionCondition"
	conditionDescription = "A boolean expression; depth at most 8, at most 200 leaves. A code stands for itself and all below it."
)

// Schema refers to the language over profiles.
func (overProfiles) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Ref: schemas + profileCondition}
}

// Schema refers to the language over profiles with text.
func (searched) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Ref: schemas + searchCondition}
}

// Schema refers to the language over positions.
func (overPositions) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Ref: schemas + positionCondition}
}

// addConditions adds the schemas of the condition language, made of its fields.
func addConditions(r huma.Registry) {
	maps.Copy(r.Map(), map[string]*huma.Schema{
		profileCondition:  conditionSchema(condition.Profiles, profileCondition, false),
		searchCondition:   conditionSchema(condition.Profiles, searchCondition, true),
		positionCondition: conditionSchema(condition.Positions, positionCondition, false),
	})
}

func conditionSchema(s condition.Subject, name string, text bool) *huma.Schema {
	self := &huma.Schema{Ref: schemas + name}
	list := func(key string) *huma.Schema {
		return object(map[string]*huma.Schema{key: {Type: huma.TypeArray, Items: self}}, key)
	}
	out := &huma.Schema{Description: conditionDescription, OneOf: []*huma.Schema{
		list("all"), list("any"), object(map[string]*huma.Schema{"not": self}, "not"),
	}}
	for _, f := range condition.Fields(s) {
		if f.Kind != condition.Text || text {
			out.OneOf = append(out.OneOf, leafSchema(f))
		}
	}
	return out
}

func leafSchema(f condition.Field) *huma.Schema {
	props := map[string]*huma.Schema{"field": {Type: huma.TypeString, Enum: []any{f.Name}, Description: f.EN + " (" + f.JA + ")"}}
	switch f.Kind {
	case condition.Code, condition.Levelled:
		least, most := 1, condition.MaxValues
		props["in"] = &huma.Schema{Type: huma.TypeArray, Items: codeSchema(f), MinItems: &least, MaxItems: &most}
		if f.Kind == condition.Levelled {
			props["min"] = stepsSchema(f.Steps)
		}
		return object(props, "field", "in")
	case condition.Flag:
		props["is"] = &huma.Schema{Type: huma.TypeBoolean}
		return object(props, "field", "is")
	case condition.Text:
		least, most := 2, 100
		props["contains"] = &huma.Schema{Type: huma.TypeString, MinLength: &least, MaxLength: &most}
		return object(props, "field", "contains")
	}
	props["min"], props["max"] = rangeSchema(f), rangeSchema(f)
	least := 2 // the field and one of its ends
	out := object(props, "field")
	out.MinProperties = &least
	return out
}

func object(props map[string]*huma.Schema, required ...string) *huma.Schema {
	slices.Sort(required)
	return &huma.Schema{Type: huma.TypeObject, Properties: props, Required: required, AdditionalProperties: false}
}

// mostEnumerated is the longest list of codes that a schema spells out.
const mostEnumerated = 60

func codeSchema(f condition.Field) *huma.Schema {
	if f.Classification == "" {
		return &huma.Schema{Type: huma.TypeString, Pattern: `^[0-9]{13}$`, Description: "法人番号"}
	}
	out := &huma.Schema{Type: huma.TypeString, Description: "A code of GET /api/v1/taxonomy/" + f.Name + "."}
	if items := taxonomy.Of(f.Classification).Items(); len(items) <= mostEnumerated {
		for _, item := range items {
			out.Enum = append(out.Enum, item.Code)
		}
	}
	return out
}

func stepsSchema(steps []int) *huma.Schema {
	out := &huma.Schema{Type: huma.TypeInteger}
	for _, n := range steps {
		out.Enum = append(out.Enum, float64(n)) // as JSON is read
	}
	return out
}

func rangeSchema(f condition.Field) *huma.Schema {
	lo, hi := float64(f.Lo), float64(f.Hi)
	return &huma.Schema{Type: huma.TypeInteger, Minimum: &lo, Maximum: &hi}
}

// anyCondition is a condition over either subject, in answers alone.
type anyCondition struct{ condition.Condition }

// Schema allows either language.
func (anyCondition) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{AnyOf: []*huma.Schema{{Ref: schemas + profileCondition}, {Ref: schemas + positionCondition}}}
}
