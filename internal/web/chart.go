package web

import (
	"bytes"
	"cmp"
	"fmt"
	"html"
	"strings"

	"github.com/a-h/templ"
	"github.com/wcharczuk/go-chart/v2"

	"enishi/internal/day"
)

// figure is a chart made on the server, and the table that says the same. Its
// shapes have classes and no styles, so that the style sheet alone colours them and
// the policy of the pages lets them be shown.
type figure struct {
	title        string // what it shows, said in words: its caption and its name
	narrow, wide string // the drawing for phones and for wider pages
	head         []string
	rows         [][]string
}

// The widths that charts are drawn for. Text is drawn at its real size in both, so
// a phone's is not a small copy of a wide page's.
const (
	narrowChart = 328
	wideChart   = 640
)

// draw makes both drawings of a figure. sketch is told the width.
func (f figure) draw(height int, sketch func(s *sketch)) figure {
	for _, width := range []int{narrowChart, wideChart} {
		s := newSketch(width, height)
		sketch(s)
		out := s.svg(f.title)
		if width == narrowChart {
			f.narrow = out
		} else {
			f.wide = out
		}
	}
	return f
}

// sketch is a drawing of a width and a height.
type sketch struct {
	to            chart.Renderer
	width, height int
}

func newSketch(width, height int) *sketch {
	to, err := chart.SVG(width, height)
	if err != nil {
		panic(fmt.Sprintf("a drawing in memory failed: %v", err)) // it never does: it writes to a buffer
	}
	return &sketch{to, width, height}
}

func (s *sketch) path(class string, xy ...int) {
	s.to.ResetStyle()
	s.to.SetClassName(class)
	for i := 0; i+1 < len(xy); i += 2 {
		if i == 0 {
			s.to.MoveTo(xy[0], xy[1])
		} else {
			s.to.LineTo(xy[i], xy[i+1])
		}
	}
}

// line draws from point to point.
func (s *sketch) line(class string, xy ...int) {
	s.path(class, xy...)
	s.to.Stroke()
}

// box fills from x, y on; one that has a width is seen, however small it is.
func (s *sketch) box(class string, x, y, width, height int) {
	s.path(class, x, y, x+width, y, x+width, y+height, x, y+height)
	s.to.Close()
	s.to.Fill()
}

func (s *sketch) dot(class string, x, y int) {
	s.to.ResetStyle()
	s.to.SetClassName(class)
	s.to.Circle(4, x, y)
}

// text writes at a point; the class says whether it begins, centres or ends there.
func (s *sketch) text(class string, x, y int, body string) {
	s.to.ResetStyle()
	s.to.SetClassName(class)
	s.to.Text(html.EscapeString(body), x, y)
}

// svg gives the drawing under its name.
func (s *sketch) svg(name string) string {
	var b bytes.Buffer
	if err := s.to.Save(&b); err != nil {
		panic(fmt.Sprintf("a drawing in memory failed: %v", err))
	}
	class := "wide"
	if s.width == narrowChart {
		class = "narrow"
	}
	return strings.Replace(b.String(), "<svg ", fmt.Sprintf(`<svg class="%s" role="img" aria-label="%s" `, class, html.EscapeString(name)), 1)
}

// scale maps what lies between low and high to as many pixels from x on.
func scale(low, high, x, pixels int) func(int) int {
	r := chart.ContinuousRange{Min: float64(low), Max: float64(max(high, low+1)), Domain: pixels}
	return func(n int) int { return x + r.Translate(float64(n)) }
}

// mark is one more value on a strip.
type mark struct {
	name  string
	value int
	class string // "own", "other" or none
}

// strip is a spread to be drawn: quartiles, with other values beneath.
type strip struct {
	title             string
	low, median, high int
	marks             []mark
	say               func(int) string // how a value is said
	names             [3]string        // of the quartiles
	head              [2]string        // of the table's columns
}

// figure draws a box from the lower to the upper quartile with the median in it, and
// a line for each mark, named beneath it.
func (t strip) figure() figure {
	least, most := t.low, t.high
	f := figure{title: t.title, head: t.head[:], rows: [][]string{{t.names[0], t.say(t.low)}, {t.names[1], t.say(t.median)}, {t.names[2], t.say(t.high)}}}
	for _, m := range t.marks {
		least, most = min(least, m.value), max(most, m.value)
		f.rows = append(f.rows, []string{m.name, t.say(m.value)})
	}
	const top, thick, row = 22, 28, 20
	return f.draw(top+thick+16+row*(1+len(t.marks)), func(s *sketch) {
		at := scale(least, most, 48, s.width-96)
		s.line("axis", 0, top+thick/2, s.width, top+thick/2)
		s.box("box", at(t.low), top, max(2, at(t.high)-at(t.low)), thick)
		s.line("middle", at(t.median), top-4, at(t.median), top+thick+4)
		s.text("value centre", within(at(t.median), s.width), top-8, t.say(t.median))
		if at(t.high)-at(t.low) >= roomInside { // beside it, a mark would run through them
			s.text("quiet", at(t.low), top+thick+16, t.say(t.low))
			s.text("quiet end", at(t.high), top+thick+16, t.say(t.high))
		} else {
			s.text("quiet end", max(at(t.low), 72)-2, top+thick+16, t.say(t.low))
			s.text("quiet", min(at(t.high), s.width-72)+2, top+thick+16, t.say(t.high))
		}
		for i, m := range t.marks {
			y := top + thick + 22 + row*(i+1)
			s.line("mark "+m.class, at(m.value), top-4, at(m.value), y-12)
			s.dot("mark "+m.class, at(m.value), y-9)
			s.beside(m.class, at(m.value), y-4, m.name+" "+t.say(m.value))
		}
	})
}

// roomInside is how wide a box is that has its two ends said beneath it.
const roomInside = 160

// within keeps a centred text on the drawing.
func within(x, width int) int { return min(max(x, 40), width-40) }

// beside writes a text on the side of a point that has more room.
func (s *sketch) beside(class string, x, y int, body string) {
	if x > s.width/2 {
		s.text("label end "+class, x-8, y, body)
		return
	}
	s.text("label "+class, x+8, y, body)
}

// bar is one named value.
type bar struct {
	label string
	value int
	note  string // said after the value, such as a share
	class string // "strong", or none
}

// barRow is how high a bar is with its label above it.
const barRow = 46

// bars draws values beneath each other, each as long as it is.
func bars(title string, head [2]string, list []bar, say func(int) string) figure {
	f := figure{title: title, head: head[:]}
	most := 1
	for _, b := range list {
		most = max(most, b.value)
		f.rows = append(f.rows, []string{b.label, strings.TrimSpace(say(b.value) + " " + b.note)})
	}
	return f.draw(barRow*len(list), func(s *sketch) {
		long := scale(0, most, 0, s.width)
		for i, b := range list {
			s.bar(i, b, say, 0, long(b.value))
		}
	})
}

func (s *sketch) bar(row int, b bar, say func(int) string, from, to int) {
	y := row * barRow
	s.text("label", 0, y+16, b.label)
	s.text("value end", s.width, y+16, strings.TrimSpace(say(b.value)+" "+b.note))
	s.box("ground", 0, y+24, s.width, 12)
	if b.value != 0 {
		s.box("bar "+b.class, from, y+24, max(2, to-from), 12)
	}
}

// funnel draws steps of which each is a part of the one before; each says its share
// of the first.
func funnel(title string, head [2]string, list []bar, say func(int) string) figure {
	for i := range list {
		if first := list[0].value; i > 0 && first > 0 {
			list[i].note = fmt.Sprintf("(%d%%)", (200*list[i].value+first)/(2*first))
		}
	}
	return bars(title, head, list, say)
}

// fall is a step of a waterfall.
type fall struct {
	label string
	value int
	total bool   // what is left, drawn from the beginning; else what is taken away
	text  string // what the number says; "": the number alone
}

// waterfall draws how one number becomes another: a total, what is taken away from
// it step by step, what is left.
func waterfall(title string, head [2]string, list []fall, say func(int) string) figure {
	f := figure{title: title, head: head[:]}
	most := 1
	for _, b := range list {
		most = max(most, b.value)
		f.rows = append(f.rows, []string{b.label, taken(b, say)})
	}
	return f.draw(barRow*len(list), func(s *sketch) {
		long := scale(0, most, 0, s.width)
		left := 0
		for i, b := range list {
			shown := bar{label: b.label, value: b.value, class: "gone"}
			from, to := max(0, left-b.value), left
			if b.total {
				from, to, shown.class = 0, b.value, "strong"
			}
			s.bar(i, shown, func(int) string { return taken(b, say) }, long(from), long(to))
			left = to
			if !b.total {
				left = from
			}
		}
	})
}

func taken(b fall, say func(int) string) string {
	text := cmp.Or(b.text, say(b.value))
	if b.total || b.value == 0 {
		return text
	}
	return "−" + text
}

// course is a named line over days.
type course struct {
	name   string
	values []int // one for each day
	class  string
}

// overTime draws lines over days, each named at its end.
func overTime(w words, title string, days []day.Day, lines []course, say func(int) string) figure {
	f := figure{title: title, head: []string{w.Say("日", "Day")}}
	most := 1
	for _, l := range lines {
		f.head = append(f.head, l.name)
		for _, n := range l.values {
			most = max(most, n)
		}
	}
	for i, d := range days {
		row := []string{w.Date(d)}
		for _, l := range lines {
			row = append(row, say(l.values[i]))
		}
		f.rows = append(f.rows, row)
	}
	const top, height = 24, 140
	return f.draw(top+height+24+20*len(lines), func(s *sketch) {
		x, up := scale(0, max(1, len(days)-1), 4, s.width-8), scale(0, most, 0, height)
		s.line("axis", 0, top+height, s.width, top+height)
		s.line("grid", 0, top, s.width, top)
		s.text("quiet", 0, top-6, say(most))
		if len(days) > 0 {
			s.text("quiet", 0, top+height+16, w.Date(days[0]))
			s.text("quiet end", s.width, top+height+16, w.Date(days[len(days)-1]))
		}
		for i, l := range lines {
			var xy []int
			for d, n := range l.values {
				xy = append(xy, x(d), top+height-up(n))
			}
			s.line("course "+l.class, xy...)
			if len(xy) == 2 {
				s.dot("mark "+l.class, xy[0], xy[1])
			}
			y := top + height + 36 + 20*i
			s.line("course "+l.class, 0, y-4, 20, y-4)
			s.text("label", 28, y, l.name)
		}
	})
}

// drawn gives a drawing as part of a page. It is made here, and escaped by sketch.
func drawn(svg string) templ.Component { return templ.Raw(svg) }
