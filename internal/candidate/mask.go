package candidate

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"enishi/internal/condition"
)

// Mark stands in a masked text for what was taken out.
const Mark = "■"

// Mask says what of a profile's own words nobody reads before the candidate
// accepts their offer: names, employers, and how to reach them. It belongs to
// the profile that it was made of, and is kept with it.
type Mask struct {
	Rules  int      `json:"rules,omitempty"`  // by which it was made
	Hidden []Hidden `json:"hidden,omitempty"` // by part, then by place; none touches another
}

// maskRules is raised whenever masks find more, so that those made before are made again.
const maskRules = 2

// Current says whether a mask was kept and is as it would be made today, as far as the
// rules go.
func (m *Mask) Current() bool { return m != nil && m.Rules == maskRules }

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
	m := &Mask{Rules: maskRules}
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
// no mask of today's rules was kept it is made, without the names of employers that
// are known by number only.
func (c *Candidate) Masked() []Part {
	m := c.Mask
	if !m.Current() {
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
