package condition

import (
	"crypto/sha256"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"enishi/internal/taxonomy"
)

// Canonical gives the form in which conditions are compared: flattened,
// sorted, repeats and codes below another dropped, single kids and double Not
// unwrapped. It promises equal form, not equal meaning.
func (c Condition) Canonical() Condition {
	switch c.Op {
	case All, Any:
		return c.canonicalList()
	case Not:
		kid := c.Kids[0].Canonical()
		if kid.Op == Not {
			return kid.Kids[0]
		}
		return Condition{Op: Not, Kids: []Condition{kid}}
	case In:
		c.In = outermost(c.Field, c.In)
	case Contains:
		c.Contains = FoldText(c.Contains)
	}
	return c
}

func (c Condition) canonicalList() Condition {
	type printed struct {
		c    Condition
		text string
	}
	var list []printed
	for _, k := range c.Kids {
		k = k.Canonical()
		parts := []Condition{k}
		if k.Op == c.Op {
			parts = k.Kids
		}
		for _, p := range parts {
			list = append(list, printed{p, string(p.canonicalJSON())})
		}
	}
	slices.SortFunc(list, func(a, b printed) int { return strings.Compare(a.text, b.text) })
	list = slices.CompactFunc(list, func(a, b printed) bool { return a.text == b.text })
	if len(list) == 1 {
		return list[0].c
	}
	out := Condition{Op: c.Op}
	for _, p := range list {
		out.Kids = append(out.Kids, p.c)
	}
	return out
}

// outermost sorts codes and drops repeats and those below another.
func outermost(field string, codes []string) []string {
	list := taxonomy.Of(classification(field))
	sorted := slices.Clone(codes)
	slices.Sort(sorted)
	sorted = slices.Compact(sorted)
	if list == nil {
		return sorted
	}
	out := make([]string, 0, len(sorted))
	for _, code := range sorted {
		if !slices.ContainsFunc(sorted, func(other string) bool { return other != code && list.Within(code, other) }) {
			out = append(out, code)
		}
	}
	return out
}

// Hash gives the SHA-256 of the canonical form as RFC 8785 JSON.
func (c Condition) Hash() [32]byte { return sha256.Sum256(c.Canonical().canonicalJSON()) }

// canonicalJSON prints as RFC 8785 asks: keys sorted, no space, and no escapes
// beyond those that JSON requires. A lasting hash is made of it, so its bytes
// never change.
func (c Condition) canonicalJSON() []byte { return c.appendCanonical(nil) }

func (c Condition) appendCanonical(b []byte) []byte {
	switch c.Op {
	case All:
		return appendKids(append(b, `{"all":`...), c.Kids)
	case Any:
		return appendKids(append(b, `{"any":`...), c.Kids)
	case Not:
		b = c.Kids[0].appendCanonical(append(b, `{"not":`...))
		return append(b, '}')
	}
	b = append(b, '{')
	if c.Op == Contains {
		b = append(appendText(append(b, `"contains":`...), c.Contains), ',')
	}
	b = appendText(append(b, `"field":`...), c.Field)
	switch c.Op {
	case In:
		b = append(b, `,"in":[`...)
		for i, code := range c.In {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendText(b, code)
		}
		b = append(b, ']')
	case Is:
		b = strconv.AppendBool(append(b, `,"is":`...), c.Is)
	}
	if c.Op == Range && c.Max != nil {
		b = strconv.AppendInt(append(b, `,"max":`...), int64(*c.Max), 10)
	}
	if (c.Op == Range || c.Op == In) && c.Min != nil {
		b = strconv.AppendInt(append(b, `,"min":`...), int64(*c.Min), 10)
	}
	return append(b, '}')
}

func appendKids(b []byte, kids []Condition) []byte {
	b = append(b, '[')
	for i, k := range kids {
		if i > 0 {
			b = append(b, ',')
		}
		b = k.appendCanonical(b)
	}
	return append(b, "]}"...)
}

// appendText writes a text as RFC 8785, section 3.2.2.2: only the quote, the
// backslash and control characters below U+0020 are escaped.
func appendText(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r == '\b':
			b = append(b, `\b`...)
		case r == '\t':
			b = append(b, `\t`...)
		case r == '\n':
			b = append(b, `\n`...)
		case r == '\f':
			b = append(b, `\f`...)
		case r == '\r':
			b = append(b, `\r`...)
		case r < ' ':
			b = append(b, `\u00`...)
			b = append(b, hex[r>>4], hex[r&0xf])
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return append(b, '"')
}
