package market

import (
	"fmt"
	"math"
	"slices"
	"sync"

	"enishi/internal/candidate"
	"enishi/internal/condition"
	"enishi/internal/corpnum"
	"enishi/internal/day"
	"enishi/internal/engine"
	"enishi/internal/position"
	"enishi/internal/rule"
	"enishi/internal/taxonomy"
)

// Fields of the engine's profile documents that are no fields of the condition
// language.
const (
	blocksField   = "block"    // corporate numbers on the candidate's own list
	employerField = "employer" // corporate numbers of current employers
	birthField    = "birth"    // month of birth as a date, age in months as a count
)

// lowering turns one subject's conditions and documents into the engine's.
type lowering struct {
	schema  engine.Schema
	fields  map[string]lowered
	numbers *numbering
}

// lowered is how a field of the condition language stands in the schema.
type lowered struct {
	field  uint16
	source condition.Field
	dated  bool     // a count of days here is a date in candidates' documents
	codes  []string // of the engine's values, where the domain is closed
}

// numbering gives corporate numbers the small numbers that the engine holds.
type numbering struct {
	mu   sync.RWMutex
	byNo map[corpnum.Number]int32
}

func (n *numbering) of(c corpnum.Number) int32 {
	n.mu.RLock()
	i, ok := n.byNo[c]
	n.mu.RUnlock()
	if ok {
		return i
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if i, ok := n.byNo[c]; ok {
		return i
	}
	i = int32(len(n.byNo))
	n.byNo[c] = i
	return i
}

func (n *numbering) ofAll(list []corpnum.Number) []int32 {
	out := make([]int32, len(list))
	for i, c := range list {
		out[i] = n.of(c)
	}
	return out
}

// newLowering makes the schema of a subject: its fields in their order, then
// the extra ones.
func newLowering(s condition.Subject, numbers *numbering) *lowering {
	l := &lowering{fields: map[string]lowered{}, numbers: numbers}
	for _, f := range condition.Fields(s) {
		if f.Kind == condition.Text {
			continue
		}
		l.fields[f.Name] = lowered{
			field: uint16(len(l.schema.Fields)), source: f,
			dated: f.Name == "available_in_days" || f.Name == "last_active_days",
			codes: codes(f),
		}
		l.schema.Fields = append(l.schema.Fields, schemaField(f))
	}
	if s == condition.Profiles {
		for _, extra := range []engine.Field{
			{Name: blocksField, Kind: engine.Tags, Levels: 1},
			{Name: employerField, Kind: engine.Tags, Levels: 1},
			{Name: birthField, Kind: engine.Number},
		} {
			l.fields[extra.Name] = lowered{field: uint16(len(l.schema.Fields))}
			l.schema.Fields = append(l.schema.Fields, extra)
		}
	}
	return l
}

func schemaField(f condition.Field) engine.Field {
	out := engine.Field{Name: f.Name, Kind: engine.Tags, Levels: 1}
	switch f.Kind {
	case condition.Number:
		out.Kind, out.Levels = engine.Number, 0
	case condition.Flag:
		out.Parents = []int32{-1, -1}
	case condition.Ordinal:
		out.Parents = slices.Repeat([]int32{-1}, f.Hi+1)
	default:
		if f.Kind == condition.Levelled {
			out.Levels = uint8(len(f.Steps))
		}
		if f.Classification != "" {
			out.Parents = parents(taxonomy.Of(f.Classification))
		}
	}
	return out
}

// codes gives the codes of a field's values in the engine's order.
func codes(f condition.Field) []string {
	switch {
	case f.Kind == condition.Flag:
		return []string{"false", "true"}
	case f.Classification == "":
		return nil
	}
	var out []string
	for _, item := range taxonomy.Of(f.Classification).Items() {
		out = append(out, item.Code)
	}
	return out
}

func parents(c *taxonomy.Classification) []int32 {
	out := make([]int32, 0, len(c.Items()))
	for _, item := range c.Items() {
		parent := int32(-1)
		if i, ok := c.Index(item.Parent); ok && item.Parent != "" {
			parent = int32(i)
		}
		out = append(out, parent)
	}
	return out
}

// condition lowers a condition without text. dates, if not nil, turns counts of
// days into dates as of that day: for questions to documents that hold dates.
func (l *lowering) condition(c condition.Condition, dates *day.Day) (engine.Cond, error) {
	return l.withText(c, dates, false, nil)
}

// withText lowers a condition whose leaves on text are lowered by text, which is
// told whether they stand under an odd number of Nots; nil refuses them.
func (l *lowering) withText(
	c condition.Condition, dates *day.Day, negated bool, text func(folded string, negated bool) engine.Cond,
) (engine.Cond, error) {
	switch c.Op {
	case condition.All, condition.Any, condition.Not:
		out := engine.Cond{Op: map[condition.Op]engine.Op{
			condition.All: engine.All, condition.Any: engine.Any, condition.Not: engine.Not,
		}[c.Op]}
		for _, kid := range c.Kids {
			k, err := l.withText(kid, dates, negated != (c.Op == condition.Not), text)
			if err != nil {
				return engine.Cond{}, err
			}
			out.Kids = append(out.Kids, k)
		}
		return out, nil
	case condition.Contains:
		if text != nil {
			return text(condition.FoldText(c.Contains), negated), nil
		}
	}
	f, ok := l.fields[c.Field]
	if !ok {
		return engine.Cond{}, fmt.Errorf("the field %q has no place in the schema", c.Field)
	}
	switch c.Op {
	case condition.Is:
		return engine.Cond{Op: engine.In, Field: f.field, Values: []int32{flagValue(c.Is)}}, nil
	case condition.In:
		return l.in(f, c)
	case condition.Range:
		return f.bounds(c, dates), nil
	}
	return engine.Cond{}, fmt.Errorf("a condition on %q cannot be asked of a population", c.Field)
}

func (l *lowering) in(f lowered, c condition.Condition) (engine.Cond, error) {
	out := engine.Cond{Op: engine.In, Field: f.field}
	if c.Min != nil {
		out.Level = f.level(*c.Min)
	}
	for _, code := range c.In {
		v, err := l.value(f, code)
		if err != nil {
			return engine.Cond{}, err
		}
		out.Values = append(out.Values, v)
	}
	return out, nil
}

// bounds lowers a range: of an ordinal to its values, of a number to its ends.
func (f lowered) bounds(c condition.Condition, dates *day.Day) engine.Cond {
	lo, hi := math.MinInt32, math.MaxInt32
	if c.Min != nil {
		lo = *c.Min
	}
	if c.Max != nil {
		hi = *c.Max
	}
	if f.source.Kind == condition.Ordinal {
		out := engine.Cond{Op: engine.In, Field: f.field}
		for v := max(lo, 0); v <= min(hi, f.source.Hi); v++ {
			out.Values = append(out.Values, int32(v))
		}
		if len(out.Values) == 0 {
			return engine.Cond{Op: engine.Any}
		}
		return out
	}
	if f.dated && dates != nil {
		return f.datedBounds(c, int(*dates))
	}
	return engine.Cond{Op: engine.Range, Field: f.field, Lo: int32(lo), Hi: int32(hi)}
}

// datedBounds turns counts of days from today into dates. A date on the far
// side of today counts as 0 days, so a bound that 0 meets is open there.
func (f lowered) datedBounds(c condition.Condition, today int) engine.Cond {
	lo, hi := math.MinInt32, math.MaxInt32
	if c.Max != nil && *c.Max < 0 {
		return engine.Cond{Op: engine.Any}
	}
	ahead := f.source.Name == "available_in_days"
	if c.Min != nil && *c.Min > 0 {
		if ahead {
			lo = today + *c.Min
		} else {
			hi = today - *c.Min
		}
	}
	if c.Max != nil {
		if ahead {
			hi = today + *c.Max
		} else {
			lo = today - *c.Max
		}
	}
	return engine.Cond{Op: engine.Range, Field: f.field, Lo: int32(lo), Hi: int32(hi)}
}

func (f lowered) level(held int) uint8 {
	return uint8(max(slices.Index(f.source.Steps, held), 0) + 1)
}

func (l *lowering) value(f lowered, code string) (int32, error) {
	if f.source.Classification == "" {
		n, err := corpnum.Parse(code)
		if err != nil {
			return 0, err
		}
		return l.numbers.of(n), nil
	}
	i, ok := taxonomy.Of(f.source.Classification).Index(code)
	if !ok {
		return 0, fmt.Errorf("the code %q of %s is not in the taxonomy", code, f.source.Name)
	}
	return int32(i), nil
}

// document lowers a record.
func (l *lowering) document(r condition.Record) (engine.Doc, error) {
	var out engine.Doc
	for name, held := range r.Codes {
		f := l.fields[name]
		for _, h := range held {
			v, err := l.value(f, h.Code)
			if err != nil {
				return engine.Doc{}, err
			}
			level := uint8(1)
			if f.source.Kind == condition.Levelled {
				level = f.level(h.Level)
			}
			out.Tags = append(out.Tags, engine.Tag{Field: f.field, Level: level, Value: v})
		}
	}
	for name, n := range r.Numbers {
		f := l.fields[name]
		if f.source.Kind == condition.Ordinal {
			out.Tags = append(out.Tags, engine.Tag{Field: f.field, Level: 1, Value: int32(n)})
		} else {
			out.Nums = append(out.Nums, engine.Num{Field: f.field, Value: int32(n)})
		}
	}
	for name, is := range r.Flags {
		out.Tags = append(out.Tags, engine.Tag{Field: l.fields[name].field, Level: 1, Value: flagValue(is)})
	}
	return out, nil
}

func flagValue(is bool) int32 {
	if is {
		return 1
	}
	return 0
}

// person lowers a candidate. With a day, day counts are as of it, for a
// question to rules; without one the document holds dates, for the population.
func (l *lowering) person(c *candidate.Candidate, on *day.Day) (engine.Doc, error) {
	at := c.LastActive
	if on != nil {
		at = *on
	}
	doc, err := l.document(c.Record(at))
	if err != nil {
		return engine.Doc{}, fmt.Errorf("candidate %d: %w", c.Key, err)
	}
	number := func(field string, n int32) {
		f := l.fields[field].field
		if i := slices.IndexFunc(doc.Nums, func(held engine.Num) bool { return held.Field == f }); i >= 0 {
			doc.Nums[i].Value = n
			return
		}
		doc.Nums = append(doc.Nums, engine.Num{Field: f, Value: n})
	}
	if on == nil {
		number("last_active_days", int32(c.LastActive))
		if from := c.Profile.AvailableFrom; from != nil {
			number("available_in_days", int32(*from))
		}
	}
	if birth := c.Profile.BirthMonth; birth != nil {
		if on != nil {
			number(birthField, int32(on.Month()-*birth))
		} else {
			number(birthField, int32(*birth))
		}
	}
	for _, n := range c.Blocks {
		doc.Tags = append(doc.Tags, engine.Tag{Field: l.fields[blocksField].field, Level: 1, Value: l.numbers.of(n)})
	}
	for _, e := range c.Employers {
		if e.Current {
			doc.Tags = append(doc.Tags, engine.Tag{Field: l.fields[employerField].field, Level: 1, Value: l.numbers.of(e.Number)})
		}
	}
	return doc, nil
}

// unblocked is the condition that a company of a group is not blocked.
func (l *lowering) unblocked(number corpnum.Number, group []corpnum.Number) engine.Cond {
	return engine.Cond{Op: engine.Not, Kids: []engine.Cond{{Op: engine.Any, Kids: []engine.Cond{
		{Op: engine.In, Field: l.fields[blocksField].field, Values: []int32{l.numbers.of(number)}},
		{Op: engine.In, Field: l.fields[employerField].field, Values: l.numbers.ofAll(group)},
	}}}}
}

// ages is the condition of an age exception: over ages in months, or over
// months of birth as of a day.
func (l *lowering) ages(a *rule.AgeException, dates *day.Day) engine.Cond {
	out := engine.Cond{Op: engine.Range, Field: l.fields[birthField].field, Lo: int32(a.Min * 12), Hi: int32(a.Max*12 + 11)}
	if dates != nil {
		from, to := a.BirthMonths(*dates)
		out.Lo, out.Hi = int32(from), int32(to)
	}
	return out
}

// terms lowers what a rule offers.
func (l *lowering) terms(t *position.Terms, o position.Offered) (engine.Doc, error) {
	return l.document(t.Record(o))
}
