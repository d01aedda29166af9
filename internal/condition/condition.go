// Package condition is the one language in which companies say whom they would
// interview and candidates what they would accept: parsing with errors that
// name the place, validation, a canonical form, evaluation, and a sentence for
// people.
//
// It refuses whatever it does not know, conditions deeper than 8 or wider than
// 200 leaves, and has no field for sex, nationality, birthplace, family,
// religion, belief, union membership, health or age. Values are immutable by
// convention and safe for concurrent use.
package condition

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"enishi/internal/taxonomy"
)

// Op is what a condition does.
type Op uint8

// The operators; those from In on are leaves.
const (
	All Op = iota + 1
	Any
	Not
	In
	Range
	Is
	Contains
)

// Condition is a boolean expression over the fields of a subject.
type Condition struct {
	Op       Op
	Kids     []Condition // All, Any; one for Not
	Field    string
	In       []string // codes: each stands for itself and all below it
	Min, Max *int     // In: Min is the least level; Range: the ends, inclusive
	Is       bool
	Contains string
}

// Always is the condition that everything meets.
func Always() Condition { return Condition{Op: All} }

// Leaves gives the number of leaves.
func (c Condition) Leaves() int {
	if c.Op >= In {
		return 1
	}
	n := 0
	for _, k := range c.Kids {
		n += k.Leaves()
	}
	return n
}

// Depth gives the depth; a leaf has depth 1.
func (c Condition) Depth() int {
	deepest := 0
	for _, k := range c.Kids {
		deepest = max(deepest, k.Depth())
	}
	return deepest + 1
}

// MarshalJSON writes the condition in the form that Parse reads.
func (c Condition) MarshalJSON() ([]byte, error) {
	type leaf struct {
		Field    string   `json:"field"`
		In       []string `json:"in,omitempty"`
		Min      *int     `json:"min,omitempty"`
		Max      *int     `json:"max,omitempty"`
		Is       *bool    `json:"is,omitempty"`
		Contains *string  `json:"contains,omitempty"`
	}
	switch c.Op {
	case All:
		return json.Marshal(map[string][]Condition{"all": kids(c.Kids)})
	case Any:
		return json.Marshal(map[string][]Condition{"any": kids(c.Kids)})
	case Not:
		return json.Marshal(map[string]Condition{"not": c.Kids[0]})
	case In:
		return json.Marshal(leaf{Field: c.Field, In: c.In, Min: c.Min})
	case Range:
		return json.Marshal(leaf{Field: c.Field, Min: c.Min, Max: c.Max})
	case Is:
		return json.Marshal(leaf{Field: c.Field, Is: &c.Is})
	default:
		return json.Marshal(leaf{Field: c.Field, Contains: &c.Contains})
	}
}

func kids(list []Condition) []Condition {
	if list == nil {
		return []Condition{}
	}
	return list
}

// Held is a code that a record holds, at a level where the field has levels.
type Held struct {
	Code  string
	Level int
}

// Record is what a condition is evaluated on. What is absent is lacked.
type Record struct {
	Codes   map[string][]Held
	Numbers map[string]int // ordinals too
	Flags   map[string]bool
	Text    string // as FoldText gives it
}

// Holds evaluates the condition on a record, straight from its definition: a
// leaf over what the record lacks is false, and its Not is true.
func (c Condition) Holds(r Record) bool {
	switch c.Op {
	case All:
		for i := range c.Kids {
			if !c.Kids[i].Holds(r) {
				return false
			}
		}
		return true
	case Any:
		for i := range c.Kids {
			if c.Kids[i].Holds(r) {
				return true
			}
		}
		return false
	case Not:
		return !c.Kids[0].Holds(r)
	case In:
		return slices.ContainsFunc(r.Codes[c.Field], c.accepts)
	case Range:
		n, ok := r.Numbers[c.Field]
		return ok && (c.Min == nil || n >= *c.Min) && (c.Max == nil || n <= *c.Max)
	case Is:
		is, ok := r.Flags[c.Field]
		return ok && is == c.Is
	case Contains:
		return strings.Contains(r.Text, FoldText(c.Contains))
	}
	return false
}

// accepts says whether one held value meets both the code and the level.
func (c *Condition) accepts(h Held) bool {
	if c.Min != nil && h.Level < *c.Min {
		return false
	}
	list := taxonomy.Of(classification(c.Field))
	return slices.ContainsFunc(c.In, func(code string) bool {
		return code == h.Code || list != nil && list.Within(h.Code, code)
	})
}

// classification gives the classification of a code field of either subject; a
// field name that both have has the same one.
func classification(field string) taxonomy.Kind {
	switch field {
	case "residence", "willing_prefecture":
		return taxonomy.Prefecture
	}
	return taxonomy.Kind(field)
}

// FoldText gives text in the form that Contains compares: NFKC, katakana as
// hiragana, lower case. A folded text stays as it is when folded again.
func FoldText(s string) string {
	out := make([]byte, 0, len(s))
	for at := 0; at < len(s); {
		n := plainRun(s[at:])
		for _, r := range s[at : at+n] {
			out = utf8.AppendRune(out, foldPlain(r))
		}
		if at += n; at < len(s) {
			n = pieceOf(s[at:])
			out = append(out, foldPiece(s[at:at+n])...)
			at += n
		}
	}
	return string(out)
}

// foldPiece folds any text, whole.
func foldPiece(s string) string {
	s = strings.Map(func(r rune) rune {
		if r >= 'ァ' && r <= 'ヶ' {
			return r - 'ァ' + 'ぁ'
		}
		return r
	}, strings.ToLower(norm.NFKC.String(s)))
	// Some letters compose with a mark in lower case only, as J and a caron.
	return norm.NFKC.String(s)
}

// At gives the part of the condition that a path of kid numbers leads to, and
// its JSON pointer. A path that leads nowhere gives the part before.
func (c Condition) At(path []int) (Condition, string) {
	at := ""
	for _, i := range path {
		if i < 0 || i >= len(c.Kids) {
			break
		}
		at += c.step(i)
		c = c.Kids[i]
	}
	return c, at
}

func (c Condition) step(i int) string {
	switch c.Op {
	case All:
		return "/all/" + strconv.Itoa(i)
	case Any:
		return "/any/" + strconv.Itoa(i)
	}
	return "/not"
}
