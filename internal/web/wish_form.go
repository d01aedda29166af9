package web

import (
	"encoding/json"
	"net/url"
	"slices"
	"strconv"

	"enishi/internal/candidate"
	"enishi/internal/condition"
	"enishi/internal/taxonomy"
)

// wishForm is the wishes' editor as it stands. It shows an AND of the usual wishes,
// one for each field; what it cannot show is kept as it is and said in words.
type wishForm struct {
	profileForm
	kept []condition.Condition
}

// The names of what a form of wishes carries: a wish that it cannot show, as JSON,
// and the numbers of those to be dropped.
const (
	keptName   = "kept"
	forgetName = "forget"
)

// wishFloors and wishCeilings are the numbers of which at least or at most so much is
// wished; wishSteps the ordinals; wishCodes the codes that are ticked; wishRows those
// that are searched for; wishFlags the flags.
func wishFloors() []string   { return []string{"pay_min", "pay_max", "holidays_per_year"} }
func wishCeilings() []string { return []string{"overtime_hours"} }
func wishSteps() []string    { return []string{"remote", "weekly_days_off", "company_size"} }
func wishCodes() []string    { return []string{"prefecture", "employment_type", "kind"} }
func wishRows() []string     { return []string{"occupation", "industry"} }
func wishFlags() []string {
	return []string{"flextime", "side_job_ok", "smoke_free", "childcare", "relocation", "shift_work", "fixed_overtime_pay", "discretionary_work"}
}

// wishesRead are stored wishes, as a document with digests of its own.
type wishesRead struct {
	Wishes condition.Condition `json:"wishes"`
}

func wishFormOf(w words, c *candidate.Candidate) (wishForm, error) {
	e, err := editionFrom(c.Version, wishesRead{c.Wishes})
	f := wishForm{profileForm: profileForm{words: w, edition: e, v: url.Values{}, faults: faults{}}}
	clauses := []condition.Condition{c.Wishes}
	if c.Wishes.Op == condition.All {
		clauses = c.Wishes.Kids
	}
	shown := map[string]bool{}
	for _, clause := range clauses {
		if shown[clause.Field] || !f.take(clause) {
			f.kept = append(f.kept, clause)
			continue
		}
		shown[clause.Field] = true
	}
	return f, err
}

// take shows a wish in the form; false if the form has no place for it.
func (f *wishForm) take(c condition.Condition) bool {
	switch {
	case c.Op == condition.Range && c.Min != nil && c.Max == nil && (slices.Contains(wishFloors(), c.Field) || slices.Contains(wishSteps(), c.Field)):
		f.v.Set(c.Field, strconv.Itoa(*c.Min))
	case c.Op == condition.Range && c.Max != nil && c.Min == nil && slices.Contains(wishCeilings(), c.Field):
		f.v.Set(c.Field, strconv.Itoa(*c.Max))
	case c.Op == condition.Is && slices.Contains(wishFlags(), c.Field):
		f.v.Set(c.Field, strconv.FormatBool(c.Is))
	case c.Op == condition.In && c.Min == nil && slices.Contains(wishCodes(), c.Field) && ticksShow(c):
		f.v[c.Field] = slices.Clone(c.In)
	case c.Op == condition.In && c.Min == nil && slices.Contains(wishRows(), c.Field):
		for _, code := range c.In {
			f.v.Set(f.add(c.Field), code)
		}
	default:
		return false
	}
	return true
}

// ticksShow says whether the ticks of a field have all of a wish's codes: a region is
// no tick.
func ticksShow(c condition.Condition) bool {
	list := taxonomy.Of(taxonomy.Kind(c.Field))
	return !slices.ContainsFunc(c.In, func(code string) bool { return !list.Leaf(code) })
}

// wishFormTyped reads what was typed.
func wishFormTyped(w words, v url.Values) wishForm {
	f := wishForm{profileForm: profileForm{words: w, edition: editionOf(v), v: v, faults: faults{}}}
	for i, text := range v[keptName] {
		c, err := condition.Parse(condition.Positions, []byte(text), false)
		if err == nil && !slices.Contains(v[forgetName], strconv.Itoa(i)) {
			f.kept = append(f.kept, c)
		}
	}
	return f
}

// keptJSON writes a wish that the form carries along.
func keptJSON(c condition.Condition) string {
	b, err := json.Marshal(c)
	if err != nil {
		return ""
	}
	return string(b)
}

// wishes gives the wishes that were typed; what cannot be read is in the faults.
func (f *wishForm) wishes() condition.Condition {
	r := reading{profileForm: &f.profileForm}
	f.faults = faults{}
	out := condition.Always()
	add := func(c condition.Condition) { out.Kids = append(out.Kids, c) }
	for _, name := range slices.Concat(wishFloors(), wishSteps()) {
		if n := r.bounded(name); n != nil {
			add(condition.Condition{Op: condition.Range, Field: name, Min: n})
		}
	}
	for _, name := range wishCeilings() {
		if n := r.bounded(name); n != nil {
			add(condition.Condition{Op: condition.Range, Field: name, Max: n})
		}
	}
	for _, name := range wishFlags() {
		if is, err := strconv.ParseBool(f.v.Get(name)); err == nil {
			add(condition.Condition{Op: condition.Is, Field: name, Is: is})
		}
	}
	for _, name := range wishCodes() {
		if codes := f.v[name]; len(codes) > 0 {
			add(condition.Condition{Op: condition.In, Field: name, In: slices.Clone(codes)})
		}
	}
	for _, name := range wishRows() {
		var codes []string
		for _, row := range f.rows(name) {
			at := name + "." + row
			if c := r.chosen(code{name: at, kind: taxonomy.Kind(name), groups: true}); c != "" && !r.repeated(at, slices.Contains(codes, c)) {
				codes = append(codes, c)
			}
		}
		if len(codes) > 0 {
			add(condition.Condition{Op: condition.In, Field: name, In: codes})
		}
	}
	for _, c := range f.kept {
		add(c)
	}
	return out
}

// bounded reads a number that a condition may ask for.
func (r *reading) bounded(name string) *int {
	f, _ := condition.FieldOf(condition.Positions, name)
	n, err := numberOf(r.v.Get(name), unitsOf(f)...)
	if err != nil || n != nil && (*n < f.Lo || *n > f.Hi) {
		r.faults[name] = wholeFrom(r.words, f.Lo, f.Hi)
		return nil
	}
	return n
}

// wishLabel is what a field of a position is called.
func wishLabel(w words, name string) string {
	f, _ := condition.FieldOf(condition.Positions, name)
	return w.Say(f.JA, capital(f.EN))
}

// flagOptions are what can be wished of a flag.
func flagOptions(w words, name string) []option {
	f, _ := condition.FieldOf(condition.Positions, name)
	return []option{{"true", w.Say(f.JA+"に限る", f.EN+" only")}, {"false", w.Say(f.NoJA+"に限る", f.NoEN+" only")}}
}
