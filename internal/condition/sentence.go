package condition

import (
	"fmt"
	"slices"
	"strconv"

	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"enishi/internal/taxonomy"
)

// Sentence says in Japanese ("ja") or English ("en") what the condition asks
// of a subject: ソフトウェア開発 3年以上、かつ東京都または神奈川県. The condition
// must be valid. Two conditions with the same sentence hold for the same records.
func (c Condition) Sentence(s Subject, lang string) string {
	w := writer{tongue: japanese{}, subject: s}
	if lang == "en" {
		w.tongue = english{}
	}
	return w.write(w.reduce(c), false)
}

// tongue is what the sentences of one language are put together from.
type tongue interface {
	everyone(s Subject) string
	nobody() string
	join(op Op, parts []string) string
	grouped(text string) string // parts of a list inside another

	// codes says that one of the codes is held, at the level if there is one;
	// lacking, that none is held at any level.
	codes(q codesAsked) string
	lacking(q codesAsked) string
	number(f Field, s span) string
	// ordinal is asked of the lowest and the highest that will do; unstated
	// says that the record has none.
	ordinal(f Field, lo, hi int) string
	unstated(f Field) string
	flag(f Field, is bool) string
	contains(text string, negated bool) string

	// except denies a leaf that has no negative form of its own, exceptAll a
	// grouped list.
	except(leaf string) string
	exceptAll(group string) string
}

type writer struct {
	tongue
	subject Subject
}

// reduce leaves out what says nothing: lists of one, double Nots, kids that
// everything or nothing meets, and kids that read as one before. A denied list
// with denials in it becomes the other list, that none is denied twice.
func (w writer) reduce(c Condition) Condition {
	switch c.Op {
	case All, Any:
		return w.reduceList(c)
	case Not:
		return w.deny(w.reduce(c.Kids[0]))
	}
	return c
}

// deny gives the reduced Not of a reduced condition.
func (w writer) deny(c Condition) Condition {
	not := func(k Condition) bool { return k.Op == Not }
	switch {
	case not(c):
		return c.Kids[0]
	case c.Op >= In || len(c.Kids) > 0 && !slices.ContainsFunc(c.Kids, not):
		return Condition{Op: Not, Kids: []Condition{c}}
	}
	other := Condition{Op: All}
	if c.Op == All {
		other.Op = Any
	}
	for _, k := range c.Kids {
		other.Kids = append(other.Kids, w.deny(k))
	}
	return w.reduceList(other)
}

func (w writer) reduceList(c Condition) Condition {
	out := Condition{Op: c.Op}
	var said []string
	for _, k := range c.Kids {
		k = w.reduce(k)
		if (k.Op == All || k.Op == Any) && len(k.Kids) == 0 {
			if k.Op == c.Op {
				continue
			}
			return k // it decides the whole list
		}
		if text := w.write(k, true); !slices.Contains(said, text) {
			said = append(said, text)
			out.Kids = append(out.Kids, k)
		}
	}
	if len(out.Kids) == 1 {
		return out.Kids[0]
	}
	return out
}

// write puts a reduced condition into words.
func (w writer) write(c Condition, inner bool) string {
	switch {
	case c.Op == Not && c.Kids[0].Op < In:
		return w.exceptAll(w.write(c.Kids[0], true))
	case c.Op == Not:
		return w.leaf(c.Kids[0], true)
	case c.Op >= In:
		return w.leaf(c, false)
	case len(c.Kids) == 0 && c.Op == Any:
		return w.nobody()
	case len(c.Kids) == 0:
		return w.everyone(w.subject)
	}
	parts := make([]string, len(c.Kids))
	for i, k := range c.Kids {
		parts[i] = w.write(k, true)
	}
	text := w.join(c.Op, parts)
	if inner {
		return w.grouped(text)
	}
	return text
}

func (w writer) leaf(c Condition, negated bool) string {
	f, ok := FieldOf(w.subject, c.Field)
	text := strconv.Quote(c.Field)
	switch {
	case !ok:
	case c.Op == Contains:
		return w.contains(c.Contains, negated)
	case c.Op == In:
		q := askedCodes(c, f, negated)
		if negated && q.level == 0 {
			return w.lacking(q)
		}
		text = w.codes(q)
	case c.Op == Is:
		text = w.flag(f, c.Is)
	case f.Kind == Ordinal:
		lo, hi := f.Lo, f.Hi
		if c.Min != nil {
			lo = *c.Min
		}
		if c.Max != nil {
			hi = *c.Max
		}
		if negated && lo == f.Lo && hi == f.Hi {
			return w.unstated(f)
		}
		text = w.ordinal(f, lo, hi)
	default:
		text = w.number(f, spanOf(c, f))
	}
	if negated {
		return w.except(text)
	}
	return text
}

// codesAsked is what a leaf over codes asks.
type codesAsked struct {
	field   Field
	items   []taxonomy.Item // each once
	level   int             // the least; 0 if any will do
	negated bool
}

func askedCodes(c Condition, f Field, negated bool) codesAsked {
	q := codesAsked{field: f, negated: negated}
	if c.Min != nil && f.Kind == Levelled && *c.Min > f.Steps[0] {
		q.level = *c.Min
	}
	list := taxonomy.Of(f.Classification)
	for i, code := range c.In {
		if slices.Contains(c.In[:i], code) {
			continue
		}
		item := taxonomy.Item{Code: code, JA: code, EN: code}
		if list != nil {
			if known, ok := list.Find(code); ok {
				item = known
			}
		}
		q.items = append(q.items, item)
	}
	return q
}

// several says whether more than one code is named.
func (q codesAsked) several() bool { return len(q.items) > 1 }

// group says whether the item is a group of certifications, whose name alone
// names no certification.
func (q codesAsked) group(i taxonomy.Item) bool {
	return q.field.Classification == taxonomy.Certification && !taxonomy.Of(taxonomy.Certification).Leaf(i.Code)
}

// names gives the names of the codes as name writes them, each once: a group
// may have one part only, of its own name.
func (q codesAsked) names(name func(i taxonomy.Item) string) []string {
	var names []string
	for _, item := range q.items {
		if n := name(item); !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	return names
}

// phrase holds the forms of one code field, %s for the names.
type phrase struct {
	held    string // one or several, of which one is held
	lacked  string // one
	neither string // several, of which none is held
}

// span is a range of numbers.
type span struct {
	lo, hi           int
	openLow, openTop bool // no lo, no hi
}

func spanOf(c Condition, f Field) span {
	s := span{openLow: c.Min == nil, openTop: c.Max == nil}
	if c.Min != nil {
		s.lo = *c.Min
	}
	if c.Max != nil {
		s.hi = *c.Max
		if s.hi <= f.Lo { // at most the least is the least
			s.lo, s.openLow = s.hi, false
		}
	}
	return s
}

// spanPhrase holds the forms of one number field, %s for a value.
type spanPhrase struct {
	atLeast, atMost, between, exactly string
	zero                              string // exactly 0, if that has a word of its own
}

// put fills the form that the span needs; bare writes the lower of two values.
func (p spanPhrase) put(s span, bare, full func(n int) string) string {
	switch {
	case s.openLow:
		return fmt.Sprintf(p.atMost, full(s.hi))
	case s.openTop:
		return fmt.Sprintf(p.atLeast, full(s.lo))
	case s.lo != s.hi:
		return fmt.Sprintf(p.between, bare(s.lo), full(s.hi))
	case s.hi == 0 && p.zero != "":
		return p.zero
	}
	return fmt.Sprintf(p.exactly, full(s.hi))
}

// commas writes a number as both languages do: 1,200.
func commas(n int) string { return message.NewPrinter(language.English).Sprintf("%d", n) }

// cefrNames are the names of the language levels from 1.
var cefrNames = [...]string{"", "A1", "A2", "B1", "B2", "C1", "C2"}

// headcounts are the least employees of each band of company_size.
var headcounts = [...]int{1, 10, 30, 100, 300, 1000, 5000}

// The bands of management: from reports on they are people appraised, and
// reportsFrom gives the least of each.
const (
	noManagement = 0
	teamLead     = 1
	reports      = 2
)

var reportsFrom = [...]int{reports: 1, 3: 6, 4: 11, 5: 31}
