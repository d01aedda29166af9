package condition

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"enishi/internal/errs"
)

// Limits of a condition: far above what people need, low enough that one
// question cannot cost a second.
const (
	MaxDepth  = 8
	MaxLeaves = 200
	MaxValues = 500
	maxText   = 100 // characters of a Contains
	minText   = 2
)

// Parse reads a condition over a subject. Whatever is not exactly in the
// language is Invalid and names the place. text says whether the text field is
// allowed, as it is in searches only.
func Parse(s Subject, data []byte, text bool) (Condition, error) {
	if !utf8.Valid(data) {
		return Condition{}, errs.AtPointer("", "bytes that are no UTF-8", "JSON in UTF-8")
	}
	p := parser{data: data, dec: decoders.Get().(*jsontext.Decoder)}
	defer decoders.Put(p.dec)
	// What it would refuse itself, the parser refuses and says where.
	p.dec.Reset(bytes.NewBuffer(data), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	c, err := p.condition("", 1)
	if err != nil {
		return Condition{}, err
	}
	if _, err := p.dec.ReadToken(); !errors.Is(err, io.EOF) {
		return Condition{}, errs.AtPointer("", "more behind the condition", "one JSON object")
	}
	return c, c.Validate(s, text)
}

var decoders = sync.Pool{New: func() any { return new(jsontext.Decoder) }}

type parser struct {
	data   []byte
	dec    *jsontext.Decoder
	leaves int
}

// token is a piece of JSON; the text is that of a string, or a number as written.
type token struct {
	kind jsontext.Kind
	text string
}

const shape = `{"all": [...]}, {"any": [...]}, {"not": {...}} or {"field": ..., ...}`

func (p *parser) token(at, allowed string) (token, error) {
	from := p.dec.InputOffset()
	read, err := p.dec.ReadToken()
	if err != nil {
		return token{}, errs.AtPointer(at, "broken JSON ("+err.Error()+")", allowed)
	}
	t := token{kind: read.Kind()}
	switch t.kind {
	case jsontext.KindString:
		// The decoder would put U+FFFD in its place, and one text become another.
		if _, half := LoneSurrogate(p.data[from:p.dec.InputOffset()]); half {
			return token{}, errs.AtPointer(at, "half of a surrogate pair in a text", "whole characters")
		}
		t.text = read.String()
	case jsontext.KindNumber:
		t.text = read.String()
	}
	return t, nil
}

// more says whether a list or object goes on.
func (p *parser) more(end jsontext.Kind) bool {
	next := p.dec.PeekKind()
	return next != end && next != jsontext.KindInvalid
}

// LoneSurrogate finds, in a part of well-formed JSON, an escape that is one half
// of a surrogate pair without the other, and gives its place.
func LoneSurrogate(raw []byte) (at int, ok bool) {
	for i := 0; i+1 < len(raw); {
		if raw[i] != '\\' {
			i++
			continue
		}
		r, ok := escapedUnit(raw[i:])
		if !ok {
			i += len(`\n`)
			continue
		}
		at := i
		i += len(`\u0000`)
		if !utf16.IsSurrogate(r) {
			continue
		}
		low, ok := escapedUnit(raw[i:])
		if !ok || utf16.DecodeRune(r, low) == utf8.RuneError {
			return at, true
		}
		i += len(`\u0000`)
	}
	return 0, false
}

// escapedUnit gives the UTF-16 unit if raw starts with a \u escape.
func escapedUnit(raw []byte) (rune, bool) {
	if len(raw) < len(`\u0000`) || raw[0] != '\\' || raw[1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(raw[2:6]), 16, 16)
	return rune(n), err == nil
}

// condition reads one condition whose pointer is at.
func (p *parser) condition(at string, depth int) (Condition, error) {
	t, err := p.token(at, shape)
	if err != nil {
		return Condition{}, err
	}
	if t.kind != jsontext.KindBeginObject {
		return Condition{}, errs.AtPointer(at, describe(t), shape)
	}
	if depth > MaxDepth {
		return Condition{}, errs.AtPointer(at, "a condition deeper than "+strconv.Itoa(MaxDepth), "depth up to "+strconv.Itoa(MaxDepth))
	}
	var c Condition
	var keys []string
	for p.more(jsontext.KindEndObject) {
		t, err := p.token(at, shape)
		if err != nil {
			return Condition{}, err
		}
		key := t.text
		below := at + "/" + escape(key)
		if slices.Contains(keys, key) {
			return Condition{}, errs.AtPointer(below, "the key a second time", "each key once")
		}
		keys = append(keys, key)
		if err := p.member(&c, key, below, depth); err != nil {
			return Condition{}, err
		}
	}
	if _, err := p.token(at, "}"); err != nil {
		return Condition{}, err
	}
	return p.finish(c, keys, at)
}

// member reads the value of one key.
func (p *parser) member(c *Condition, key, at string, depth int) error {
	switch key {
	case "all", "any":
		return p.list(c, at, depth)
	case "not":
		kid, err := p.condition(at, depth+1)
		c.Kids = []Condition{kid}
		return err
	case "in":
		return p.codes(c, at)
	case "field", "contains", "is", "min", "max":
		t, err := p.token(at, "a value")
		if err != nil {
			return err
		}
		return scalar(c, key, at, t)
	}
	return errs.AtPointer(at, "an unknown key", "all, any, not, field, in, min, max, is, contains")
}

func scalar(c *Condition, key, at string, t token) error {
	switch key {
	case "field", "contains":
		if t.kind != jsontext.KindString {
			return errs.AtPointer(at, describe(t), "a text")
		}
		if key == "field" {
			c.Field = t.text
		} else {
			c.Contains = t.text
		}
	case "is":
		if t.kind != jsontext.KindTrue && t.kind != jsontext.KindFalse {
			return errs.AtPointer(at, describe(t), "true or false")
		}
		c.Is = t.kind == jsontext.KindTrue
	default:
		i, whole := Whole(json.Number(t.text))
		if t.kind != jsontext.KindNumber || !whole || i != int64(int32(i)) {
			return errs.AtPointer(at, describe(t), fmt.Sprintf("a whole number from %d to %d", math.MinInt32, math.MaxInt32))
		}
		v := int(i)
		if key == "min" {
			c.Min = &v
		} else {
			c.Max = &v
		}
	}
	return nil
}

func (p *parser) list(c *Condition, at string, depth int) error {
	t, err := p.token(at, "a list of conditions")
	if err != nil {
		return err
	}
	if t.kind != jsontext.KindBeginArray {
		return errs.AtPointer(at, describe(t), "a list of conditions")
	}
	for p.more(jsontext.KindEndArray) {
		if len(c.Kids) == 10*MaxLeaves {
			return errs.AtPointer(at, "more than "+strconv.Itoa(10*MaxLeaves)+" conditions", "at most "+strconv.Itoa(MaxLeaves)+" leaves")
		}
		kid, err := p.condition(at+"/"+strconv.Itoa(len(c.Kids)), depth+1)
		if err != nil {
			return err
		}
		c.Kids = append(c.Kids, kid)
	}
	_, err = p.token(at, "]")
	return err
}

func (p *parser) codes(c *Condition, at string) error {
	const allowed = "a list of 1 to 500 codes as texts"
	t, err := p.token(at, allowed)
	if err != nil {
		return err
	}
	if t.kind != jsontext.KindBeginArray {
		return errs.AtPointer(at, describe(t), allowed)
	}
	for p.more(jsontext.KindEndArray) {
		below := at + "/" + strconv.Itoa(len(c.In))
		t, err := p.token(below, "a code as text")
		if err != nil {
			return err
		}
		if t.kind != jsontext.KindString {
			return errs.AtPointer(below, describe(t), "a code as text")
		}
		if len(c.In) == MaxValues {
			return errs.AtPointer(at, "more than "+strconv.Itoa(MaxValues)+" codes", allowed)
		}
		c.In = append(c.In, t.text)
	}
	if len(c.In) == 0 {
		return errs.AtPointer(at, "an empty list", allowed)
	}
	_, err = p.token(at, "]")
	return err
}

// finish gives the condition its operator from the keys it came with.
func (p *parser) finish(c Condition, keys []string, at string) (Condition, error) {
	has := func(key string) bool { return slices.Contains(keys, key) }
	if !has("field") {
		if len(keys) != 1 {
			return c, errs.AtPointer(at, "an object with "+keyList(keys), shape)
		}
		switch keys[0] {
		case "all":
			c.Op = All
		case "any":
			c.Op = Any
		case "not":
			c.Op = Not
		default:
			return c, errs.AtPointer(at, "an object with "+keyList(keys), shape)
		}
		return c, nil
	}
	p.leaves++
	if p.leaves > MaxLeaves {
		return c, errs.AtPointer(at, "more than "+strconv.Itoa(MaxLeaves)+" leaves", "at most "+strconv.Itoa(MaxLeaves))
	}
	rest := slices.DeleteFunc(keys, func(k string) bool { return k == "field" })
	slices.Sort(rest)
	switch strings.Join(rest, " ") {
	case "in", "in min":
		c.Op = In
	case "min", "max", "max min":
		c.Op = Range
	case "is":
		c.Op = Is
	case "contains":
		c.Op = Contains
	default:
		return c, errs.AtPointer(at, p.misshapen(c, rest),
			"field with one of: in; in and min; min, max or both; is; contains")
	}
	return c, nil
}

// misshapen says what a leaf of no shape holds: a field that there is not, or
// the keys beside it.
func (p *parser) misshapen(c Condition, rest []string) string {
	for _, s := range []Subject{Profiles, Positions} {
		if _, ok := FieldOf(s, c.Field); ok {
			return "field with " + keyList(rest)
		}
	}
	return "the unknown field " + strconv.Quote(c.Field) + " with " + keyList(rest)
}

func keyList(keys []string) string {
	if len(keys) == 0 {
		return "no key"
	}
	return strings.Join(keys, ", ")
}

func describe(t token) string {
	switch t.kind {
	case jsontext.KindBeginArray:
		return "a list"
	case jsontext.KindBeginObject:
		return "an object"
	case jsontext.KindString:
		return strconv.Quote(t.text)
	case jsontext.KindNumber:
		return t.text
	default:
		return t.kind.String()
	}
}

// escape writes a key as RFC 6901 wants it in a JSON pointer.
func escape(key string) string {
	if !strings.ContainsAny(key, "~/") {
		return key
	}
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(key)
}
