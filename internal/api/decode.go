package api

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"enishi/internal/condition"
	"enishi/internal/errs"
	"enishi/internal/httpx"
)

// mostFaults bounds how many problems of a body are named at once.
const mostFaults = 20

// parsed is a value that reads its own part of a body.
type parsed interface{ parse(raw []byte) error }

// decode reads a body into a struct, strictly: every key must be known and
// come once, every value must have its type, and null stands for nothing. What
// is no JSON is a problem of status 400, anything else Invalid with the JSON
// pointer of each place.
//
// A field is required unless its tag has omitempty or omitzero or it is a
// struct; the schemas in the OpenAPI document follow the same rule.
func decode(body []byte, into any) error {
	if at, ok := brokenUTF8(body); ok {
		return malformed("the body is not UTF-8", fmt.Sprintf("bytes that are no UTF-8 at byte %d", at))
	}
	var whole json.RawMessage
	if err := json.Unmarshal(body, &whole); err != nil {
		found := err.Error()
		if len(bytes.TrimSpace(body)) == 0 {
			found = "nothing"
		}
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			found = fmt.Sprintf("%s, at byte %d", found, syntax.Offset)
		}
		return malformed("the body is not JSON", found)
	}
	if at, ok := condition.LoneSurrogate(whole); ok {
		return malformed("the body is not UTF-8", fmt.Sprintf("half a character, %s, at byte %d", whole[at:at+6], at))
	}
	d := decoder{tokens: json.NewDecoder(bytes.NewReader(whole))}
	d.tokens.UseNumber()
	d.value(reflect.ValueOf(into).Elem(), "")
	if len(d.problems) > 0 {
		return errs.AtPointers(d.problems...)
	}
	return nil
}

func malformed(detail, found string) error {
	return httpx.NewProblem(http.StatusBadRequest, detail, httpx.Fault{Pointer: "", Found: found, Allowed: "one JSON object in UTF-8"})
}

// brokenUTF8 finds the first byte that is no UTF-8.
func brokenUTF8(b []byte) (int, bool) {
	if utf8.Valid(b) {
		return 0, false
	}
	for at := 0; ; {
		r, size := utf8.DecodeRune(b[at:])
		if r == utf8.RuneError && size == 1 {
			return at, true
		}
		at += size
	}
}

type decoder struct {
	tokens   *json.Decoder
	problems []errs.Problem
}

func (d *decoder) add(at, found, allowed string) {
	if len(d.problems) < mostFaults {
		d.problems = append(d.problems, errs.Problem{Pointer: at, Found: found, Allowed: allowed})
	}
}

// fail adds an error about the value at a place.
func (d *decoder) fail(at string, err error) {
	var known *errs.Error
	if !errors.As(err, &known) || len(known.Problems) == 0 {
		d.add(at, "a value that is not allowed", err.Error())
		return
	}
	for _, p := range known.Problems {
		d.add(at+p.Pointer, p.Found, p.Allowed)
	}
}

// value reads the next value. The document is known to be valid JSON, so the
// tokens cannot fail.
func (d *decoder) value(v reflect.Value, at string) {
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		d.value(v.Elem(), at)
		return
	}
	if p, ok := v.Addr().Interface().(parsed); ok {
		var raw json.RawMessage
		if err := d.tokens.Decode(&raw); err != nil {
			d.fail(at, err)
		} else if err := p.parse(raw); err != nil {
			d.fail(at, err)
		}
		return
	}
	t := d.token()
	if text, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		d.text(text, v.Type(), t, at)
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		if d.opens(t, '{', v.Type(), at) {
			d.object(v, at)
		}
	case reflect.Slice:
		if d.opens(t, '[', v.Type(), at) {
			d.list(v, at)
		}
	default:
		d.scalar(v, t, at)
	}
}

func (d *decoder) token() json.Token {
	t, err := d.tokens.Token()
	if err != nil {
		return nil
	}
	return t
}

// opens says whether a token opens what is expected; anything else is a
// problem and skipped.
func (d *decoder) opens(t json.Token, want json.Delim, as reflect.Type, at string) bool {
	if t == want {
		return true
	}
	d.add(at, describe(t), allowed(as))
	d.skip(t)
	return false
}

// skip passes over the rest of the value that a token began.
func (d *decoder) skip(t json.Token) {
	depth := 0
	for {
		switch t {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		if depth == 0 {
			return
		}
		t = d.token()
	}
}

func (d *decoder) text(into encoding.TextUnmarshaler, as reflect.Type, t json.Token, at string) {
	s, ok := t.(string)
	if !ok {
		d.add(at, describe(t), allowed(as))
		d.skip(t)
		return
	}
	if err := into.UnmarshalText([]byte(s)); err != nil {
		d.fail(at, err)
	}
}

func (d *decoder) list(v reflect.Value, at string) {
	v.Set(reflect.MakeSlice(v.Type(), 0, 0))
	for i := 0; d.tokens.More(); i++ {
		item := reflect.New(v.Type().Elem()).Elem()
		d.value(item, at+"/"+strconv.Itoa(i))
		v.Set(reflect.Append(v, item))
	}
	d.token()
}

func (d *decoder) object(v reflect.Value, at string) {
	fields := fieldsOf(v)
	seen := make(map[string]bool, len(fields))
	for d.tokens.More() {
		key, _ := d.token().(string)
		below := at + "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(key)
		f, known := fields[key]
		switch {
		case !known:
			d.add(below, "an unknown key", "one of "+names(v.Type()))
			d.skip(d.token())
		case seen[key]:
			d.add(below, "the key a second time", "each key once")
			d.skip(d.token())
		default:
			d.value(f.value, below)
		}
		seen[key] = true
	}
	d.token()
	for _, name := range order(v.Type()) {
		if f := fields[name]; f.required && !seen[name] {
			d.add(at+"/"+name, "nothing", allowed(f.value.Type()))
		}
	}
}

func (d *decoder) scalar(v reflect.Value, t json.Token, at string) {
	switch v.Kind() {
	case reflect.String:
		if s, ok := t.(string); ok {
			v.SetString(s)
			return
		}
	case reflect.Bool:
		if b, ok := t.(bool); ok {
			v.SetBool(b)
			return
		}
	case reflect.Int, reflect.Int64:
		if n, ok := t.(json.Number); ok {
			if i, ok := condition.Whole(n); ok {
				v.SetInt(i)
				return
			}
		}
	}
	d.add(at, describe(t), allowed(v.Type()))
	d.skip(t)
}

func describe(t json.Token) string {
	switch v := t.(type) {
	case nil:
		return "null"
	case json.Delim:
		if v == '[' {
			return "a list"
		}
		return "an object"
	case string:
		return strconv.Quote(v)
	}
	return fmt.Sprint(t)
}

// allowed says what a value of a type is written as.
func allowed(t reflect.Type) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	fresh := reflect.New(t).Interface()
	if p, ok := fresh.(parsed); ok {
		return allowedOf(p.parse([]byte("null")), "a condition")
	}
	if text, ok := fresh.(encoding.TextUnmarshaler); ok {
		return allowedOf(text.UnmarshalText(nil), "a text")
	}
	switch t.Kind() {
	case reflect.Struct:
		return "an object"
	case reflect.Slice:
		return "a list"
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int64:
		return "a whole number"
	}
	return "a text"
}

// allowedOf gives what the error of an empty value allows.
func allowedOf(err error, otherwise string) string {
	var known *errs.Error
	if errors.As(err, &known) && len(known.Problems) > 0 {
		return known.Problems[0].Allowed
	}
	return otherwise
}

type field struct {
	value    reflect.Value
	required bool
}

// fieldsOf gives the fields of a struct by their names in JSON, those of
// embedded structs among them.
func fieldsOf(v reflect.Value) map[string]field {
	out := map[string]field{}
	for i := range v.NumField() {
		f := v.Type().Field(i)
		tag := f.Tag.Get("json")
		if f.Anonymous && tag == "" {
			for name, inner := range fieldsOf(v.Field(i)) {
				out[name] = inner
			}
			continue
		}
		name, rest, _ := strings.Cut(tag, ",")
		optional := strings.Contains(rest, "omitempty") || strings.Contains(rest, "omitzero") || f.Type.Kind() == reflect.Struct
		if _, own := reflect.New(f.Type).Interface().(parsed); own {
			optional = strings.Contains(rest, "omit")
		}
		out[name] = field{value: v.Field(i), required: !optional}
	}
	return out
}

// order gives the names of a struct's fields as they are declared.
func order(t reflect.Type) []string {
	var out []string
	for i := range t.NumField() {
		f := t.Field(i)
		tag := f.Tag.Get("json")
		if f.Anonymous && tag == "" {
			out = append(out, order(f.Type)...)
			continue
		}
		name, _, _ := strings.Cut(tag, ",")
		out = append(out, name)
	}
	return out
}

func names(t reflect.Type) string { return strings.Join(order(t), ", ") }
