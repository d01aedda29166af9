package demo

import (
	"math"
	"slices"

	"enishi/internal/position"
)

// job is a position on the drawing board, with the candidate after whom it
// was drawn: demand follows supply, so that every occupation and prefecture
// with people has companies that look for them.
type job struct {
	firm  *firm
	like  *person
	home  int
	terms position.Terms
}

// jobsOf draws as many positions as there are rules.
func (w *world) jobsOf() []job {
	x := &writer{world: w, draw: newDraw(w.options.Seed, streamPositions), decks: map[string]*deck{}}
	out := make([]job, w.options.Rules)
	step := float64(len(w.persons)) / float64(len(out))
	offset := x.Float64()
	order := x.Perm(len(w.persons))
	for i := range out {
		like := w.persons[order[min(int((float64(i)+offset)*step), len(order)-1)]]
		out[i] = w.jobLike(x, like)
	}
	x.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

func (w *world) jobLike(x *writer, like *person) job {
	o := like.occupation
	j := job{like: like, home: like.home, firm: w.firmFor(x.draw, o.industries, like.home)}
	t := &j.terms
	t.Occupation, t.Industry = o.code, j.firm.industry
	if !slices.Contains(o.industries, t.Industry) {
		t.Industry = pick(x.draw, o.industries)
	}
	t.Prefecture = []string{w.prefectures[j.home].code}
	if x.in(10) {
		if near := w.prefectures[pick(x.draw, w.prefectures[j.home].near)].code; near != t.Prefecture[0] {
			t.Prefecture = append(t.Prefecture, near)
			slices.Sort(t.Prefecture)
		}
	}
	t.EmploymentType = []string{"seishain", "keiyaku"}[x.weighted(91, 9)]
	w.setTermsPay(x.draw, o, like, t)
	setHours(x.draw, o, t)
	place := w.prefectures[j.home].name
	x.describe(o, t, place)
	t.Legal = x.legal(o, t, place)
	return j
}

// setTermsPay offers about what people like this earn, mostly a little more,
// within what the census knows of the occupation.
func (w *world) setTermsPay(d draw, o *occupation, like *person, t *position.Terms) {
	floor, ceiling := o.census.annual12(0.08), o.census.annual12(0.97)
	region := w.regional(o.census, like.home)
	low := math.Min(math.Max(float64(like.pay)*(0.86+0.34*d.Float64()), floor*math.Min(region, 1)), ceiling)
	high := low * (1.15 + 0.4*d.Float64())
	least, most := max(round10(int(low)), 220), round10(int(high))
	most = max(most, least+10)
	t.PayMin, t.PayMax = &least, &most
}

// setHours draws hours, holidays and the other terms.
func setHours(d draw, o *occupation, t *position.Terms) {
	overtime := pick(d, []int{0, 5, 10, 10, 15, 15, 20, 20, 20, 25, 30, 35, 40, 45})
	holidays := pick(d, []int{105, 107, 110, 112, 115, 118, 120, 120, 122, 123, 125, 125, 128})
	if o.shift {
		holidays = pick(d, []int{96, 104, 105, 107, 108, 110, 110, 112, 115, 118, 120})
	}
	start := pick(d, []int{8, 8, 9, 9, 9, 9, 10})
	end := start + 9
	shift := o.shift && d.in(85)
	if shift {
		start, end = pick(d, []int{6, 7, 7, 8, 9}), pick(d, []int{18, 19, 20, 21, 22})
	}
	days := 2
	if holidays < 110 {
		days = 1
	}
	if holidays < 100 {
		days = 0
	}
	remote := 0
	if d.in(o.remote) {
		remote = 1 + d.weighted(76, 24)
	}
	yes := func(n int) *bool { b := d.in(n); return &b }
	t.OvertimeHours, t.HolidaysPerYear, t.StartHour, t.EndHour = &overtime, &holidays, &start, &end
	t.WeeklyDaysOff, t.Remote = &days, &remote
	t.Flextime, t.SideJobOK = yes(o.remote*2/3), yes(8+o.remote/2)
	t.ShiftWork = &shift
	t.Relocation, t.FixedOvertimePay, t.DiscretionaryWork = yes(9), yes(10), yes(o.remote/12)
	t.SmokeFree, t.Childcare = yes(82), yes(38)
}
