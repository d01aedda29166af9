package demo

import (
	"slices"

	"enishi/internal/candidate"
	"enishi/internal/condition"
	"enishi/internal/corpnum"
	"enishi/internal/position"
)

// wish is what a person accepts; zero means that they do not mind.
type wish struct {
	payMin, payMax     int // of the position, at least
	occupations        []string
	group              string
	orFullyRemote      bool // beside the places of the profile
	overtime           int  // at most, less one, so that zero is free
	holidays           int  // at least
	remote             int  // at least
	size               int  // of the company, at least
	noShift, noRemoval bool
	smokeFree          bool
	interview          bool
	permanent          bool // no fixed term
}

// wishOf draws what a person accepts: their pay or about it, a place within
// reach, the work that they know, and what their life asks for.
func (w *world) wishOf(d draw, p *person) wish {
	var x wish
	demanding := d.in(3)
	switch {
	case demanding:
		x.payMin = round10(p.pay * d.between(112, 135) / 100)
	case d.in(52):
		x.payMin = round10(p.pay * d.between(84, 100) / 100)
	case d.in(70):
		x.payMax = round10(p.pay * d.between(100, 112) / 100)
	}
	switch d.weighted(5, 9, 67, 19) {
	case 0:
		for _, o := range p.profile.Occupation {
			x.occupations = append(x.occupations, o.Code)
		}
	case 1:
		x.occupations = w.kin[p.occupation]
	case 2:
		x.group = p.occupation.group
	}
	x.orFullyRemote = *p.profile.RemoteOK && d.in(p.occupation.remote)
	x.permanent = d.in(76)
	if demanding {
		x.overtime, x.holidays = 1+pick(d, []int{10, 15, 20}), pick(d, []int{120, 125})
		return x
	}
	if d.in(26) {
		x.overtime = 1 + pick(d, []int{20, 25, 30, 30, 40, 45})
	}
	if d.in(26) {
		x.holidays = pick(d, []int{104, 105, 105, 110, 110, 115, 120 - 15*off(p.occupation)})
	}
	if p.occupation.remote >= 50 && d.in(20) {
		x.remote = 1
	}
	if d.in(3) {
		x.size = pick(d, []int{2, 3})
	}
	x.noShift = !p.occupation.shift && d.in(12)
	x.noRemoval, x.smokeFree, x.interview = d.in(10), d.in(6), d.in(5)
	return x
}

// off is 1 where work goes on when others have a holiday.
func off(o *occupation) int {
	if o.shift {
		return 1
	}
	return 0
}

// condition writes the wish in the language of conditions.
func (x *wish) condition(p *person) condition.Condition {
	place := codes("prefecture", p.profile.WillingPrefecture...)
	if x.orFullyRemote {
		place = condition.Condition{Op: condition.Any, Kids: []condition.Condition{place, atLeast("remote", 2)}}
	}
	c := condition.Condition{Op: condition.All, Kids: []condition.Condition{place}}
	add := func(wanted bool, k condition.Condition) {
		if wanted {
			c.Kids = append(c.Kids, k)
		}
	}
	add(x.payMin > 0, atLeast("pay_min", x.payMin))
	add(x.payMax > 0, atLeast("pay_max", x.payMax))
	add(x.occupations != nil, codes("occupation", x.occupations...))
	add(x.group != "", codes("occupation", x.group))
	add(x.overtime > 0, atMost("overtime_hours", x.overtime-1))
	add(x.holidays > 0, atLeast("holidays_per_year", x.holidays))
	add(x.remote > 0, atLeast("remote", x.remote))
	add(x.size > 0, atLeast("company_size", x.size))
	add(x.noShift, flag("shift_work", false))
	add(x.noRemoval, flag("relocation", false))
	add(x.smokeFree, flag("smoke_free", true))
	add(x.interview, codes("kind", "interview"))
	add(x.permanent, codes("employment_type", "seishain"))
	return c
}

// accepts says whether the wish holds on a job, as the condition would.
func (p *person) accepts(t *position.Terms, group string, places uint64, o position.Offered) bool {
	x := &p.wish
	return (places&p.places != 0 || x.orFullyRemote && *t.Remote == 2) &&
		*t.PayMin >= x.payMin && *t.PayMax >= x.payMax &&
		(x.occupations == nil || slices.Contains(x.occupations, t.Occupation)) &&
		(x.group == "" || x.group == group) &&
		(x.overtime == 0 || *t.OvertimeHours < x.overtime) &&
		*t.HolidaysPerYear >= x.holidays && *t.Remote >= x.remote && o.Size >= x.size &&
		!(x.noShift && *t.ShiftWork) && !(x.noRemoval && *t.Relocation) && (!x.smokeFree || *t.SmokeFree) &&
		(!x.interview || o.Kind == "interview") && (!x.permanent || t.EmploymentType == "seishain")
}

// limitOf draws how many automatic offers a week the person takes.
func limitOf(d draw) int {
	return []int{candidate.DefaultWeeklyLimit, 5, 3, 20, 0}[d.weighted(78, 10, 5, 6, 1)]
}

// blocksOf draws companies that must not know of the person, beside the
// current employer, whom everybody blocks without saying so.
func (w *world) blocksOf(d draw) []corpnum.Number {
	if !d.in(3) {
		return nil
	}
	var out []corpnum.Number
	for range d.between(1, 3) {
		out = append(out, pick(d, w.firms).Number)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func codes(field string, in ...string) condition.Condition {
	return condition.Condition{Op: condition.In, Field: field, In: in}
}

func levelled(field string, least int, in ...string) condition.Condition {
	return condition.Condition{Op: condition.In, Field: field, In: in, Min: &least}
}

func atLeast(field string, n int) condition.Condition {
	return condition.Condition{Op: condition.Range, Field: field, Min: &n}
}

func atMost(field string, n int) condition.Condition {
	return condition.Condition{Op: condition.Range, Field: field, Max: &n}
}

func within(field string, lo, hi int) condition.Condition {
	return condition.Condition{Op: condition.Range, Field: field, Min: &lo, Max: &hi}
}

func flag(field string, is bool) condition.Condition {
	return condition.Condition{Op: condition.Is, Field: field, Is: is}
}

// round10 rounds down to what people say: tens of 10,000 JPY.
func round10(n int) int { return n - n%10 }
