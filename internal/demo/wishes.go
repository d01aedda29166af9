package demo

import (
	"enishi/internal/candidate"
	"enishi/internal/condition"
	"enishi/internal/corpnum"
)

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

// wishesOf draws what a person accepts: their pay or about it, a place within
// reach, the work that they know, and what their life asks for.
func (w *world) wishesOf(d draw, p *person) condition.Condition {
	demanding := d.in(5)
	c := condition.Condition{Op: condition.All}
	add := func(k condition.Condition) {
		if k.Op != condition.All { // Always adds nothing
			c.Kids = append(c.Kids, k)
		}
	}
	switch {
	case demanding:
		add(atLeast("pay_min", round10(p.pay*d.between(112, 135)/100)))
	case d.in(52):
		add(atLeast("pay_min", round10(p.pay*d.between(84, 100)/100)))
	case d.in(70):
		add(atLeast("pay_max", round10(p.pay*d.between(100, 112)/100)))
	}
	add(w.placeWish(d, p))
	add(workWish(d, p))
	w.lifeWishes(d, p, demanding, add)
	if d.in(78) {
		add(codes("employment_type", "seishain"))
	} else if d.in(60) {
		add(codes("employment_type", "keiyaku", "seishain"))
	}
	return c
}

// placeWish asks for the prefectures that the profile names, or for work from
// home.
func (w *world) placeWish(d draw, p *person) condition.Condition {
	place := codes("prefecture", p.profile.WillingPrefecture...)
	if *p.profile.RemoteOK && d.in(p.occupation.remote) {
		return condition.Condition{Op: condition.Any, Kids: []condition.Condition{place, atLeast("remote", 2)}}
	}
	return place
}

// workWish asks for the occupation, its group, or neither.
func workWish(d draw, p *person) condition.Condition {
	switch d.weighted(30, 58, 12) {
	case 0:
		in := make([]string, 0, len(p.profile.Occupation))
		for _, o := range p.profile.Occupation {
			in = append(in, o.Code)
		}
		return codes("occupation", in...)
	case 1:
		return codes("occupation", p.occupation.group)
	}
	return condition.Always()
}

func (w *world) lifeWishes(d draw, p *person, demanding bool, add func(condition.Condition)) {
	if demanding {
		add(atMost("overtime_hours", pick(d, []int{10, 15, 20})))
		add(atLeast("holidays_per_year", pick(d, []int{120, 125})))
		return
	}
	if d.in(30) {
		add(atMost("overtime_hours", pick(d, []int{20, 30, 30, 40, 45})))
	}
	if d.in(30) {
		add(atLeast("holidays_per_year", pick(d, []int{105, 105, 110, 115, 120})))
	}
	if p.occupation.remote >= 50 && d.in(25) {
		add(atLeast("remote", 1))
	}
	if !p.occupation.shift && d.in(12) {
		add(flag("shift_work", false))
	}
	if d.in(10) {
		add(flag("relocation", false))
	}
	if d.in(6) {
		add(flag("smoke_free", true))
	}
	if d.in(5) {
		add(codes("kind", "interview"))
	}
	if d.in(4) {
		add(atLeast("company_size", pick(d, []int{2, 3})))
	}
}

// limitOf draws how many automatic offers a week the person takes.
func limitOf(d draw) int {
	return []int{candidate.DefaultWeeklyLimit, 5, 3, 20, 0}[d.weighted(78, 10, 5, 6, 1)]
}

// blocksOf draws companies that must not know of the person, beside the
// current employer, whom everybody blocks without saying so.
func (w *world) blocksOf(d draw) []corpnum.Number {
	if len(w.firms) == 0 || !d.in(3) {
		return nil
	}
	var out []corpnum.Number
	for range d.between(1, 3) {
		out = append(out, pick(d, w.firms).Number)
	}
	out, err := candidate.CleanBlocks(out)
	if err != nil { // more than 500
		return nil
	}
	return out
}
