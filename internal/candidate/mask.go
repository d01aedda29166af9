package candidate

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"enishi/internal/condition"
)

// Mark stands in a masked text for what was taken out.
const Mark = "■"

// Mask says what of a profile's own words nobody reads before the candidate
// accepts their offer: names, employers, and how to reach them. It belongs to
// the profile that it was made of, and is kept with it.
type Mask struct {
	Hidden []Hidden `json:"hidden,omitempty"` // by part, then by place; none touches another
}

// Hidden is a stretch of a part, in bytes.
type Hidden struct {
	Part string `json:"part"`
	From int    `json:"from"`
	To   int    `json:"to"`
}

// Part is one of the texts of a profile. Its name is a JSON pointer into the
// profile, without the first slash.
type Part struct {
	Name string
	Text string
}

// Parts gives the texts of the profile that are not empty.
func (p *Profile) Parts() []Part {
	var out []Part
	add := func(name, text string) {
		if text != "" {
			out = append(out, Part{name, text})
		}
	}
	add("text", p.Text)
	for i := range p.History {
		j := &p.History[i]
		at := fmt.Sprintf("history/%d/", i)
		add(at+"role", j.Role)
		add(at+"duties", j.Duties)
		add(at+"achievements", j.Achievements)
	}
	return out
}

// SetParts puts texts in the place of the profile's own, and none where a part
// is not among them. The parts must be of this profile; its history is changed.
func (p *Profile) SetParts(parts []Part) {
	texts := make(map[string]string, len(parts))
	for _, part := range parts {
		texts[part.Name] = part.Text
	}
	p.Text = texts["text"]
	for i := range p.History {
		at := fmt.Sprintf("history/%d/", i)
		j := &p.History[i]
		j.Role, j.Duties, j.Achievements = texts[at+"role"], texts[at+"duties"], texts[at+"achievements"]
	}
}

// NewMask makes the mask of a profile. employers are names of its employers
// that it knows by number only.
func NewMask(p *Profile, employers ...string) *Mask {
	w := newWanted(p, employers)
	m := &Mask{}
	for _, part := range p.Parts() {
		for _, s := range w.find(part.Text) {
			m.Hidden = append(m.Hidden, Hidden{part.Name, s.from, s.to})
		}
	}
	return m
}

// Parts gives the texts of the profile that the mask was made of, masked.
func (m *Mask) Parts(p *Profile) []Part {
	out := p.Parts()
	hidden := m.Hidden
	for i := range out {
		n := 0
		for n < len(hidden) && hidden[n].Part == out[i].Name {
			n++
		}
		out[i].Text = masked(out[i].Text, hidden[:n])
		hidden = hidden[n:]
	}
	return out
}

func masked(text string, hidden []Hidden) string {
	if len(hidden) == 0 {
		return text
	}
	var b strings.Builder
	at := 0
	for _, h := range hidden {
		if h.From < at || h.To > len(text) || h.To < h.From {
			return Mark // made of another text
		}
		b.WriteString(text[at:h.From])
		b.WriteString(Mark)
		at = h.To
	}
	b.WriteString(text[at:])
	return b.String()
}

// Masked gives the candidate's texts as companies read and search them. Where
// no mask was kept it is made, without the names of employers that are known by
// number only.
func (c *Candidate) Masked() []Part {
	m := c.Mask
	if m == nil {
		m = NewMask(&c.Profile)
	}
	return m.Parts(&c.Profile)
}

// FoldedText gives texts as conditions search them.
func FoldedText(parts []Part) string {
	folded := make([]string, len(parts))
	for i, p := range parts {
		folded[i] = condition.FoldText(p.Text)
	}
	return strings.Join(folded, partEnd)
}

// partEnd keeps what is found from reaching over two texts: no question can
// hold it.
const partEnd = "\xff"

// stretch is a part of a text, in bytes.
type stretch struct{ from, to int }

// joined sorts stretches and joins those that touch.
func joined(all []stretch) []stretch {
	slices.SortFunc(all, func(a, b stretch) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to)) })
	var out []stretch
	for _, s := range all {
		if n := len(out); n > 0 && s.from <= out[n-1].to {
			out[n-1].to = max(out[n-1].to, s.to)
			continue
		}
		out = append(out, s)
	}
	return out
}

// wanted are the names to look for in the texts of one profile.
type wanted struct{ words []word }

// word is a name as it is looked for: tight, and how it must stand.
type word struct {
	text  string
	alone bool // not beside a letter of its own script
}

func newWanted(p *Profile, employers []string) *wanted {
	w := &wanted{}
	w.person(p.Name)
	for i := range p.History {
		w.employer(p.History[i].Employer.Name)
	}
	for _, name := range employers {
		w.employer(name)
	}
	// The longest first, so that what stands alone is judged by what is left.
	slices.SortFunc(w.words, func(a, b word) int { return cmp.Or(len(b.text)-len(a.text), cmp.Compare(a.text, b.text)) })
	w.words = slices.Compact(w.words)
	return w
}

func (w *wanted) add(name string) {
	text := tighten(name).text
	letters := utf8.RuneCountInString(text)
	if strings.IndexFunc(text, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) < 0 {
		return
	}
	// Short names are parts of ordinary words: 森 of 森林, Al of also.
	alone := letters < 2 || letters < 5 && isLatin(text)
	w.words = append(w.words, word{text, alone})
}

// person adds a name: as a whole, turned round, and each of its parts.
func (w *wanted) person(name string) {
	parts := strings.FieldsFunc(name, func(r rune) bool { return between(r) || r == ',' || r == '、' || r == '，' })
	w.add(name)
	for i, part := range parts {
		w.add(part)
		if len(parts) == 2 && i == 0 {
			w.add(parts[1] + parts[0])
		}
	}
}

// employer adds a company's name: as a whole, without its legal form, and
// without the branch that may follow it.
func (w *wanted) employer(name string) {
	core := strings.TrimSpace(withoutForm(condition.FoldText(name)))
	if core == "" {
		return
	}
	w.add(core)
	fields := strings.FieldsFunc(core, between)
	for n := len(fields) - 1; n > 0 && isBranch(fields[n]); n-- {
		w.add(strings.Join(fields[:n], ""))
	}
}

// find gives the stretches of a text to hide.
func (w *wanted) find(text string) []stretch {
	var out []stretch
	if len(w.words) > 0 {
		t := tighten(text)
		for _, name := range w.words {
			out = t.find(name, out)
		}
	}
	return joined(append(out, contacts(text)...))
}
