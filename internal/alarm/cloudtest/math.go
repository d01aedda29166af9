package cloudtest

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// series is a time series, its latest point first.
type series []point

// value is what an expression has: a scalar, a series or an array of series; in names of
// the guide S, TS and TS[].
type value struct {
	kind   kind
	scalar float64
	series series
	array  []series
}

type kind string

const (
	isScalar kind = "S"
	isSeries kind = "TS"
	isArray  kind = "TS[]"
)

// calculator evaluates one expression over metrics of one length.
type calculator struct {
	reading Reading
	metrics map[string]series
	length  int

	tokens []string
	used   map[string]bool
}

var token = regexp.MustCompile(`^(?:\d+(?:\.\d+)?|[A-Za-z_][A-Za-z0-9_]*|[<>=!]=|&&|\|\||[-+*/^<>()\[\],])`)

// split gives the tokens of an expression.
func split(expr string) (tokens []string, err error) {
	for rest := strings.TrimSpace(expr); rest != ""; rest = strings.TrimSpace(rest) {
		next := token.FindString(rest)
		if next == "" {
			return nil, fmt.Errorf("%q: what is %q?", expr, rest)
		}
		tokens = append(tokens, next)
		rest = rest[len(next):]
	}
	return tokens, nil
}

// evaluate gives the series that an expression has: an alarm takes no scalar and no array.
func evaluate(expr []string, metrics map[string]series, length int, r Reading) (series, error) {
	c := &calculator{reading: r, metrics: metrics, length: length, tokens: expr, used: map[string]bool{}}
	v, err := c.binary(0)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%q: %w", expr, err)
	case len(c.tokens) > 0:
		return nil, fmt.Errorf("%q: %q is left over", expr, strings.Join(c.tokens, " "))
	case v.kind != isSeries:
		return nil, fmt.Errorf("%q is a %s, and no time series", expr, v.kind)
	}
	for id := range metrics {
		if !c.used[id] {
			return nil, fmt.Errorf("%q does not use %s", expr, id)
		}
	}
	return v.series, nil
}

func (c *calculator) peek() string {
	if len(c.tokens) == 0 {
		return ""
	}
	return c.tokens[0]
}

func (c *calculator) next() string {
	t := c.peek()
	c.tokens = c.tokens[min(1, len(c.tokens)):]
	return t
}

func (c *calculator) expect(want string) error {
	if got := c.next(); got != want {
		return fmt.Errorf("%q stands where %q is wanted", got, want)
	}
	return nil
}

// levels are operators, from those that bind least.
func levels() [][]string {
	return [][]string{{"OR", "||"}, {"AND", "&&"}, {"==", "!=", "<", "<=", ">", ">="}, {"+", "-"}, {"*", "/"}, {"^"}}
}

func (c *calculator) binary(level int) (value, error) {
	if level == len(levels()) {
		return c.unary()
	}
	left, err := c.binary(level + 1)
	for err == nil && slices.Contains(levels()[level], c.peek()) {
		op := c.next()
		var right value
		if right, err = c.binary(level + 1); err == nil {
			left, err = c.operate(op, left, right)
		}
	}
	return left, err
}

func (c *calculator) unary() (value, error) {
	t := c.next()
	switch {
	case t == "-":
		v, err := c.unary()
		if err != nil {
			return v, err
		}
		return c.operate("-", value{kind: isScalar}, v)
	case t == "(":
		v, err := c.binary(0)
		if err != nil {
			return v, err
		}
		return v, c.expect(")")
	case t == "[":
		list, err := c.list("]")
		return array(list, err)
	case t != "" && t[0] >= '0' && t[0] <= '9':
		n, err := strconv.ParseFloat(t, 64)
		return value{kind: isScalar, scalar: n}, err
	case c.peek() == "(":
		c.next()
		arguments, err := c.list(")")
		if err != nil {
			return value{}, err
		}
		return c.call(t, arguments)
	}
	s, ok := c.metrics[t]
	if !ok {
		return value{}, fmt.Errorf("%q is no metric", t)
	}
	c.used[t] = true
	return value{kind: isSeries, series: s}, nil
}

// list reads values up to a bracket.
func (c *calculator) list(end string) (list []value, err error) {
	for {
		v, err := c.binary(0)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
		if c.peek() != "," {
			return list, c.expect(end)
		}
		c.next()
	}
}

func array(list []value, err error) (value, error) {
	out := value{kind: isArray}
	for _, v := range list {
		if v.kind != isSeries {
			return value{}, fmt.Errorf("a %s is in an array", v.kind)
		}
		out.array = append(out.array, v.series)
	}
	return out, err
}

// operate applies an operator to each pair of points. By the guide a missing one is 0 beside
// one that is there ("Basic arithmetic functions", "Comparison and logical operators"), and a
// division by zero drops the point.
func (c *calculator) operate(op string, a, b value) (value, error) {
	if a.kind == isArray || b.kind == isArray {
		return value{}, fmt.Errorf("%s of %s and %s is not known", op, a.kind, b.kind)
	}
	if a.kind == isScalar && b.kind == isScalar {
		n := apply(op, a.scalar, b.scalar)
		return value{kind: isScalar, scalar: n.value}, nil
	}
	arithmetic := strings.Contains("+-*/^", op)
	out := value{kind: isSeries, series: make(series, c.length)}
	for i := range out.series {
		x, y := a.at(i), b.at(i)
		none := !x.ok && !y.ok
		one := a.kind == isScalar && !y.ok || b.kind == isScalar && !x.ok // a scalar is always there
		if none || one || arithmetic && c.reading.GapsPropagate && !(x.ok && y.ok) {
			continue
		}
		out.series[i] = apply(op, x.value, y.value)
	}
	return out, nil
}

func (v value) at(i int) point {
	if v.kind == isScalar {
		return point{v.scalar, true}
	}
	return v.series[i]
}

// apply gives what an operator has of two numbers: of a division by zero there is nothing.
func apply(op string, x, y float64) point {
	is := func(b bool) point {
		if b {
			return point{1, true}
		}
		return point{0, true}
	}
	var n float64
	switch op {
	case "+":
		n = x + y
	case "-":
		n = x - y
	case "*":
		n = x * y
	case "/":
		n = x / y
	case "^":
		n = math.Pow(x, y)
	case "==":
		return is(x == y)
	case "!=":
		return is(x != y)
	case "<":
		return is(x < y)
	case "<=":
		return is(x <= y)
	case ">":
		return is(x > y)
	case ">=":
		return is(x >= y)
	case "AND", "&&":
		return is(x != 0 && y != 0)
	case "OR", "||":
		return is(x != 0 || y != 0)
	default:
		return point{} // the parser lets nothing else through
	}
	if math.IsNaN(n) || math.IsInf(n, 0) {
		return point{}
	}
	return point{n, true}
}
