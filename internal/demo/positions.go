package demo

import (
	"math"
	"slices"

	"enishi/internal/position"
)

// job is a position on the drawing board, with the candidate after whom it was
// drawn: demand follows supply, so that every occupation and prefecture with
// people has companies that look for them.
type job struct {
	firm   *firm
	like   *person
	kind   string
	places uint64 // prefectures as bits
	terms  position.Terms
}

func (j *job) offered() position.Offered {
	return position.Offered{Kind: j.kind, Company: j.firm.Number, Size: j.firm.Size}
}

// draft draws the terms of a job for someone like a candidate, all but the
// places and the texts. Three in four jobs are such that this candidate would
// accept them.
func (w *world) draft(d draw, like *person) job {
	o := like.occupation
	j := job{like: like, firm: w.firmFor(d, o.industries, like.home), places: 1 << like.home}
	j.kind = []string{"interview", "casual"}[d.weighted(88, 12)]
	t := &j.terms
	t.Occupation, t.Industry = o.code, j.firm.industry
	if !slices.Contains(o.industries, t.Industry) {
		t.Industry = pick(d, o.industries)
	}
	tries := 1
	if d.in(75) {
		tries = 12
	}
	for range tries {
		t.EmploymentType = []string{"seishain", "keiyaku"}[d.weighted(91, 9)]
		w.setTermsPay(d, o, like, t)
		setHours(d, o, t)
		if like.accepts(t, o.group, j.places, j.offered()) {
			break
		}
	}
	return j
}

// setTermsPay offers about what people like this earn, mostly a little more,
// within what the census knows of the occupation.
func (w *world) setTermsPay(d draw, o *occupation, like *person, t *position.Terms) {
	floor, ceiling := o.census.annualAt(0.08), o.census.annualAt(0.97)
	region := w.regional(o.census, like.home)
	low := math.Min(math.Max(float64(like.pay)*(0.9+0.32*d.Float64()), floor*math.Min(region, 1)), ceiling)
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
	t.WeeklyDaysOff, t.Remote, t.ShiftWork = &days, &remote, &shift
	t.Flextime, t.SideJobOK = yes(o.remote*2/3), yes(8+o.remote/2)
	t.Relocation, t.FixedOvertimePay, t.DiscretionaryWork = yes(9), yes(10), yes(o.remote/12)
	t.SmokeFree, t.Childcare = yes(82), yes(38)
}

// settlePlaces says where the work is: at the candidate's home, and, when the
// company looks further, mostly at its other sites there too.
func (w *world) settlePlaces(d draw, j *job, scope uint64) {
	if d.in(85) {
		j.places |= scope
	}
	j.terms.Prefecture = nil
	for at, p := range w.prefectures {
		if j.places&(1<<at) != 0 {
			j.terms.Prefecture = append(j.terms.Prefecture, p.code)
		}
	}
}

// write gives the job its title, its text and the items of the law.
func (x *writer) write(j *job) {
	place := x.prefectures[j.like.home].name
	if len(j.terms.Prefecture) > 1 {
		place += "ほか"
	}
	x.describe(j.like.occupation, &j.terms, place)
	j.terms.Legal = x.legal(j.like.occupation, &j.terms, x.placesText(j))
}

// placesText lists the prefectures of a job.
func (x *writer) placesText(j *job) string {
	out := ""
	for at, p := range x.prefectures {
		if j.places&(1<<at) != 0 {
			if out != "" {
				out += "、"
			}
			out += p.name
		}
	}
	return out
}
