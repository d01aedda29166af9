package market

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// placed is a person with the atom that they are counted in.
type placed struct {
	atom string
	Recipient
}

// situated is a person with the cells that they belong to, the narrowest first.
type situated struct {
	cells []string
	Recipient
}

func (p *placed) same(o *placed) bool {
	return p.Pay == o.Pay && slices.Equal(p.Companies, o.Companies) && slices.Equal(p.Occupations, o.Occupations)
}

// rest is at the end of the name of an atom that holds those of a cell whose
// narrower cells have too few people.
const rest = "*"

// viewsOf gives what somebody in an atom is counted in: the atom and the cells
// around it.
func viewsOf(atom string) []string {
	if cell, ok := strings.CutSuffix(atom, rest); ok {
		return append([]string{atom}, cellsAround(cell)...)
	}
	return cellsAround(atom)
}

// settle puts people into atoms: their narrowest cell if it has enough people, else
// together with others of the next wider one who have no atom either. Those for
// whom even that is too few are in none.
func settle(people []situated) map[int64]placed {
	waiting := map[string][]int{} // people by the cell that they wait in
	for i := range people {
		cell := people[i].cells[0]
		waiting[cell] = append(waiting[cell], i)
	}
	out := make(map[int64]placed, len(people))
	for depth := 2; depth >= -1; depth-- {
		for _, cell := range slices.Sorted(maps.Keys(waiting)) {
			if depthOf(cell) != depth {
				continue
			}
			list := waiting[cell]
			delete(waiting, cell)
			atom := cell + rest
			if depth == 2 {
				atom = cell
			}
			switch {
			case len(list) >= leastPeople:
				for _, i := range list {
					out[people[i].Candidate] = placed{atom, people[i].Recipient}
				}
			case cell != "":
				up := cellsAround(cell)[1]
				waiting[up] = append(waiting[up], list...)
			}
		}
	}
	return out
}

// depthOf is 2 for the narrowest cells and -1 for everybody.
func depthOf(cell string) int {
	if cell == "" {
		return -1
	}
	return strings.Count(cell, "/")
}

// release takes from what is counted to what is to be counted as many people as can
// go: in each atom and each cell, what is told changes by nobody or by leastPeople
// or more, and each atom holds nobody or leastPeople or more. Whoever cannot go now
// stays counted as before, until others come along.
func release(before, target map[int64]placed) map[int64]placed {
	going := map[int64]bool{}
	for key, p := range before {
		if t, ok := target[key]; !ok || t.atom != p.atom || !t.same(&p) {
			going[key] = true
		}
	}
	for key := range target {
		if _, ok := before[key]; !ok {
			going[key] = true
		}
	}
	for len(going) > 0 {
		few := alone(going, before, target)
		held := 0
		for key := range going {
			if slices.ContainsFunc(shownIn(key, before, target), func(v string) bool { return few[v] }) {
				delete(going, key)
				held++
			}
		}
		if held == 0 {
			break
		}
	}
	out := make(map[int64]placed, len(target))
	maps.Copy(out, before)
	for key := range going {
		if t, ok := target[key]; ok {
			out[key] = t
		} else {
			delete(out, key)
		}
	}
	return out
}

// alone gives the cells and atoms in which too few would be seen to go, and the
// atoms in which too few would stay.
func alone(going map[int64]bool, before, target map[int64]placed) map[string]bool {
	changed, size := map[string]int{}, map[string]int{}
	for _, p := range before {
		size[p.atom]++
	}
	for key := range going {
		for _, view := range shownIn(key, before, target) {
			changed[view]++
		}
		if p, ok := before[key]; ok {
			size[p.atom]--
		}
		if p, ok := target[key]; ok {
			size[p.atom]++
		}
	}
	few := map[string]bool{}
	for view, n := range changed {
		if n < leastPeople {
			few[view] = true
		}
	}
	for atom, n := range size {
		if n > 0 && n < leastPeople {
			few[atom] = true
		}
	}
	return few
}

// shownIn gives the views in which a person's going shows.
func shownIn(key int64, before, target map[int64]placed) []string {
	from, was := before[key]
	to, is := target[key]
	var a, b []string
	if was {
		a = viewsOf(from.atom)
	}
	if is {
		b = viewsOf(to.atom)
	}
	unchanged := was && is && from.same(&to)
	var out []string
	for _, view := range a {
		if !unchanged || !slices.Contains(b, view) {
			out = append(out, view)
		}
	}
	for _, view := range b {
		if !slices.Contains(a, view) {
			out = append(out, view)
		}
	}
	return out
}

// tell gives the cells that may be shown of people in their atoms, by name.
func tell(people map[int64]placed) []PastCell {
	in := map[string][]placed{}
	for _, p := range people {
		for _, cell := range viewsOf(p.atom) {
			if !strings.HasSuffix(cell, rest) {
				in[cell] = append(in[cell], p)
			}
		}
	}
	var out []PastCell
	for name, list := range in {
		if c, ok := toldOf(list); ok {
			c.Name = name
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(a, b PastCell) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

// mostOccupations is how many occupations of a cell are named.
const mostOccupations = 3

// toldOf counts the people of a cell; not ok if too few companies have sent to them.
func toldOf(list []placed) (PastCell, bool) {
	companies, occupations := map[int64]bool{}, map[string]int{}
	pay := make([]int, len(list))
	for i, p := range list {
		pay[i] = p.Pay
		for _, key := range p.Companies {
			companies[key] = true
		}
		for _, code := range p.Occupations {
			occupations[code]++
		}
	}
	slices.Sort(pay)
	c := PastCell{People: len(list), Companies: len(companies), Pay: spreadOf(pay), Occupations: []string{}}
	codes := slices.SortedFunc(maps.Keys(occupations), func(a, b string) int {
		return cmp.Or(cmp.Compare(occupations[b], occupations[a]), cmp.Compare(a, b))
	})
	for _, code := range codes {
		n := occupations[code]
		if others := len(list) - n; n >= leastPeople && (others == 0 || others >= leastPeople) && len(c.Occupations) < mostOccupations {
			c.Occupations = append(c.Occupations, code)
		}
	}
	return c, c.Companies >= leastSenders
}

// atomsOf gives the atoms that hold people, by name, each by candidate.
func atomsOf(people map[int64]placed) []PastAtom {
	in := map[string][]Recipient{}
	for _, key := range slices.Sorted(maps.Keys(people)) {
		p := people[key]
		in[p.atom] = append(in[p.atom], p.Recipient)
	}
	out := make([]PastAtom, 0, len(in))
	for _, name := range slices.Sorted(maps.Keys(in)) {
		out = append(out, PastAtom{name, in[name]})
	}
	return out
}

func placesOf(atoms []PastAtom) map[int64]placed {
	out := map[int64]placed{}
	for _, a := range atoms {
		for _, p := range a.People {
			out[p.Candidate] = placed{a.Name, p}
		}
	}
	return out
}
