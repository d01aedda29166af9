package demo

import (
	"math"
	"slices"
	"strings"

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
	night  bool // shifts around the clock
	senior bool // pays more than three in four of the occupation earn
	fixed  int  // hours of overtime that the monthly pay holds
	bonus  int  // months of base pay a year
}

func (j *job) offered() position.Offered {
	return position.Offered{Kind: j.kind, Company: j.firm.Number, Size: j.firm.Size}
}

// sites gives where among the places the job can be: a small company has one
// site, a middle one or a hospital and the like has some in its region, and only
// a large one looks as far as its rules do.
func (w *world) sites(j *job, places uint64) uint64 {
	home := uint64(1) << j.like.home
	switch {
	case j.firm.Size < manySites || j.firm.public():
		return home
	case j.firm.Size == manySites || j.firm.noun() == "法人":
		return home | places&w.regions[w.region(j.like.home)]
	}
	return home | places
}

// draft draws the terms of a job for someone like a candidate, all but the
// places and the texts. Nine in ten jobs are meant to be such that this
// candidate would accept them.
func (w *world) draft(d draw, like *person, senior bool) job {
	o := like.occupation
	j := job{like: like, senior: senior, firm: w.firmFor(d, o, like.home), places: 1 << like.home}
	j.kind = []string{"interview", "casual"}[d.weighted(88, 12)]
	t := &j.terms
	t.Occupation, t.Industry = o.code, j.firm.industry
	if !slices.Contains(o.industries, t.Industry) {
		t.Industry = pick(d, o.industries)
	}
	tries := 1
	if d.in(90) {
		tries = 20
	}
	for range tries {
		t.EmploymentType = []string{"seishain", "keiyaku"}[d.weighted(91, 9)]
		w.setHours(d, &j)
		w.setTermsPay(d, &j)
		if like.accepts(t, o.group, j.places, j.offered()) {
			break
		}
	}
	return j
}

// Pay is offered up to these shares of what the occupation's workers earn. In
// seniors of 100 jobs someone who is paid more than usual is looked for, which
// leaves 12 of 100 or fewer that pay more than nine in ten earn.
const (
	usualMost  = 0.88
	seniorMost = 0.94
	seniors    = 10
)

// senior says whether a person earns more than jobs usually offer.
func (p *person) senior() bool { return float64(p.pay) > p.occupation.census.AnnualAt(usualMost) }

// setTermsPay offers what people like this earn or up to a third more, mostly
// within what most of the occupation earn.
func (w *world) setTermsPay(d draw, j *job) {
	c, t := j.like.occupation.census, &j.terms
	floor, ceiling, raise := c.AnnualAt(0.08), c.AnnualAt(usualMost), 1+0.34*d.Float64()
	if j.senior { // who is paid well is offered about the same
		ceiling, raise = c.AnnualAt(seniorMost), 0.88+0.2*d.Float64()
	}
	region := w.regional(c, j.like.home)
	low := math.Min(math.Max(float64(j.like.pay)*raise, floor*math.Min(region, 1)), ceiling)
	high := low * (1.15 + 0.4*d.Float64())
	least, most := max(round10(int(low)), w.leastAnnual(j)), round10(int(high))
	most = max(most, least+10)
	t.PayMin, t.PayMax = &least, &most
}

// dailyHours are the scheduled hours of a day. A year of 105 days off is the
// least that keeps them within 40 hours a week.
const dailyHours = 8

// monthlyHours gives the scheduled hours of an average month.
func (j *job) monthlyHours() float64 {
	return float64(365-*j.terms.HolidaysPerYear) * dailyHours / 12
}

// hourlyFloor gives the minimum wage at the job, the highest of its places.
func (w *world) hourlyFloor(j *job) int {
	most := 0
	for _, code := range w.named(j.places) {
		most = max(most, position.MinimumWage(code))
	}
	return most
}

// overtimePremium is what an hour of overtime costs, against a scheduled one
// (Labour Standards Act, article 37).
const overtimePremium = 1.25

// perBase gives what the base pay of a month, one yen, makes in a year: with the
// fixed overtime, which follows from it, and with bonuses.
func (j *job) perBase(bonus int) float64 {
	return 12*(1+overtimePremium*float64(j.fixed)/j.monthlyHours()) + float64(bonus)
}

// leastAnnual gives the annual pay (10,000 JPY, in tens) below which the base
// pay, without fixed overtime, would be under the minimum wage.
func (w *world) leastAnnual(j *job) int {
	base := float64(w.hourlyFloor(j)) * j.monthlyHours()
	return int(math.Ceil(base*j.perBase(0)/100_000)) * 10
}

// setHours draws hours, holidays and the other terms.
func (w *world) setHours(d draw, j *job) {
	o, t := j.like.occupation, &j.terms
	overtime := pick(d, []int{0, 0, 5, 5, 10, 10, 10, 10, 15, 15, 20, 20, 20, 25, 30, 35, 40}) // a little above the mean of full-time workers
	holidays := pick(d, []int{105, 107, 110, 112, 115, 118, 120, 120, 122, 123, 125, 125, 128})
	if o.shift {
		holidays = pick(d, []int{105, 105, 107, 108, 110, 110, 112, 115, 118, 120})
	}
	shift := o.shift && d.in(85)
	discretionary := !shift && slices.ContainsFunc(discretionaryWork, func(code string) bool { return strings.HasPrefix(o.code, code) }) && d.in(12)
	flextime := !shift && !discretionary && d.in(o.remote*2/3)
	if discretionary {
		overtime = 0 // the hours are deemed to be those of the schedule
	}
	j.night = shift && d.in(w.trades[o.code].night)
	start := pick(d, []int{8, 8, 9, 9, 9, 9, 10})
	end := start + dailyHours + 1
	switch {
	case j.night:
		start, end = 8, 17
	case shift:
		start, end = pick(d, []int{6, 7, 7, 8, 9}), pick(d, []int{19, 20, 21, 22})
	}
	days := 2
	if holidays < 110 {
		days = 1
	}
	remote := 0
	if d.in(o.remote) {
		remote = 1 + d.weighted(76, 24)
	}
	yes := func(n int) *bool { b := d.in(n); return &b }
	t.OvertimeHours, t.HolidaysPerYear, t.StartHour, t.EndHour = &overtime, &holidays, &start, &end
	t.WeeklyDaysOff, t.Remote, t.ShiftWork = &days, &remote, &shift
	t.Flextime, t.DiscretionaryWork, t.SideJobOK = &flextime, &discretionary, yes(8+o.remote/2)
	t.Relocation, t.FixedOvertimePay, t.SmokeFree, t.Childcare = yes(13), yes(11), yes(80), yes(38)
	if j.firm.Size < manySites {
		*t.Relocation = false
	}
	if j.noSmokeByLaw() {
		*t.SmokeFree = true
	}
	if overtime == 0 {
		*t.FixedOvertimePay = false
	}
	j.fixed = 0
	if *t.FixedOvertimePay {
		j.fixed = min((overtime+9)/10*10+10*d.IntN(2), 45)
	}
}

// discretionaryWork are the occupations whose work can be under the
// discretionary labour system for professionals (Ordinance for Enforcement of
// the Labour Standards Act, article 24-2-2, and its notification): research and
// development, design, reporting, systems consulting, law and accounts.
var discretionaryWork = []string{
	"0301", "0305", "0307", "0318", "0329", "1001", "1002", "1003", "1005", "1006", "1007", "1010", "1016", "1017", "1018", "1020",
	"1023", "1027", "1028", "1029", "1030", "1031", "1034", "1035", "1205",
}

// noSmokeByLaw says whether the premises are those of a school, a hospital, a
// nursery or an office of government, where the law forbids smoking (Health
// Promotion Act, article 29).
func (j *job) noSmokeByLaw() bool {
	switch j.terms.Industry {
	case "81", "83", "97", "98":
		return true
	}
	return strings.Contains(j.firm.Name, "保育園")
}

// settlePlaces says where the work is: at the candidate's home, and, when a
// company with several sites looks further, mostly at its other sites there too.
func (w *world) settlePlaces(d draw, j *job, scope uint64) {
	if d.in(95) {
		j.places = w.sites(j, scope)
	}
	j.terms.Prefecture = w.named(j.places)
	w.settlePay(d, j)
}

// settlePay raises the pay to the minimum wage of the places, and draws how it
// is divided between months and bonuses.
func (w *world) settlePay(d draw, j *job) {
	t := &j.terms
	if least := w.leastAnnual(j); *t.PayMin < least {
		*t.PayMin, *t.PayMax = least, max(*t.PayMax, least+10)
	}
	j.bonus = pick(d, []int{0, 1, 2, 2, 2, 3, 3, 4})
	for j.bonus > 0 && float64(*t.PayMin)*10_000/j.perBase(j.bonus) < float64(w.hourlyFloor(j))*j.monthlyHours() {
		j.bonus--
	}
}
