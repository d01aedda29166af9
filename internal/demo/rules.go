package demo

import (
	"math"
	"slices"

	"enishi/internal/condition"
	"enishi/internal/day"
	"enishi/internal/rule"
	"enishi/internal/taxonomy"
)

// How selective rules are: so that a candidate finds about wantedOffers rules
// whose wishes and theirs meet, of which willing in 100 pass the candidate's
// side, while a preview stays within what a recruiter would activate.
const (
	wantedOffers = 8
	willing      = 30
	leastMatched = 24
	mostMatched  = 480
)

// crowd is the candidates as a rule's author sees them: by occupation.
type crowd struct {
	byCode map[string][]*person
	places map[*person]uint64 // willing prefectures as bits
	target float64            // candidates that a rule should match
}

func (w *world) crowd() *crowd {
	c := &crowd{byCode: map[string][]*person{}, places: make(map[*person]uint64, len(w.persons))}
	for _, p := range w.persons {
		for _, o := range p.profile.Occupation {
			c.byCode[o.Code] = append(c.byCode[o.Code], p)
		}
		var bits uint64
		for _, at := range p.willing {
			bits |= 1 << at
		}
		c.places[p] = bits
	}
	c.target = wantedOffers * float64(len(w.persons)) / float64(max(1, w.options.Rules)) * 100 / willing
	c.target = math.Min(math.Max(c.target, leastMatched), mostMatched)
	return c
}

// order is a rule on the drawing board.
type order struct {
	rule.Rule
	job    *job
	begins day.Day
}

// ordersOf draws a rule for each job.
func (w *world) ordersOf() []order {
	d := newDraw(w.options.Seed, streamRules)
	c := w.crowd()
	out := make([]order, len(w.jobs))
	for i := range out {
		out[i] = w.orderFor(d, c, &w.jobs[i])
	}
	return out
}

func (w *world) orderFor(d draw, c *crowd, j *job) order {
	o := j.like.occupation
	want := min(c.target*math.Exp(0.45*d.NormFloat64()), mostMatched)
	must, found := w.scope(d, c, j, want)
	must = w.tighten(d, must, found, j, want)
	r := order{job: j, begins: w.first + day.Day(d.weighted(40, 60)*d.IntN(livedDays))}
	r.Version, r.State, r.OfferDays = 1, rule.Active, pick(d, []int{14, 14, 14, 10, 21, 7, 30})
	r.Kind = []string{"interview", "casual"}[d.weighted(88, 12)]
	r.Must = condition.Condition{Op: condition.All, Kids: must}
	r.Prefer = w.preferences(d, o, j)
	r.DailyBudget = pick(d, []int{10, 20, 30, 50})
	r.TotalBudget = max(r.DailyBudget*2, pick(d, []int{100, 200, 300, 500, 1000}))
	r.Expires = r.begins + day.Day(pick(d, []int{180, 365, 365, 365}))
	if d.in(4) {
		r.Expires = r.begins + day.Day(d.between(30, 120))
	}
	return r
}

// scope widens occupation and place, narrow to wide, until enough candidates
// are inside, and gives the conditions and who meets them.
func (w *world) scope(d draw, c *crowd, j *job, want float64) ([]condition.Condition, []*person) {
	o := j.like.occupation
	near := []int{j.home}
	for _, at := range w.prefectures[j.home].near {
		if w.region(at) == w.region(j.home) {
			near = append(near, at)
		}
	}
	kin := w.kin(o)
	leaf := []string{o.code}
	all := taxonomy.Of(taxonomy.Occupation).Leaves(o.group)
	type step struct {
		named  []string // as the condition says it
		codes  []string
		places []int
		region bool
	}
	steps := []step{
		{leaf, leaf, near[:1], false}, {leaf, leaf, near, false}, {kin, kin, near[:1], false}, {kin, kin, near, false},
		{leaf, leaf, nil, true}, {kin, kin, nil, true},
	}
	if o.required == "" {
		steps = append(steps, step{[]string{o.group}, all, near[:1], false}, step{[]string{o.group}, all, near, false})
	}
	steps = append(steps, step{[]string{o.group}, all, nil, true})
	var best []*person
	var must []condition.Condition
	for _, s := range steps {
		place := w.placeOf(s.places, j.home, s.region)
		found := c.inside(s.codes, w.bits(place))
		if len(found) > len(best) || best == nil {
			best = found
			must = []condition.Condition{codes("occupation", s.named...), codes("willing_prefecture", place...)}
		}
		if float64(len(best)) >= want {
			break
		}
	}
	return must, best
}

// placeOf gives the codes of some prefectures, or of the home's region.
func (w *world) placeOf(places []int, home int, region bool) []string {
	if region {
		return []string{w.region(home)}
	}
	out := make([]string, len(places))
	for i, at := range places {
		out[i] = w.prefectures[at].code
	}
	slices.Sort(out)
	return out
}

// bits gives prefectures and regions as bits of positions.
func (w *world) bits(places []string) uint64 {
	var out uint64
	for i, p := range w.prefectures {
		if slices.Contains(places, p.code) || slices.Contains(places, w.region(i)) {
			out |= 1 << i
		}
	}
	return out
}

// kin gives the occupations that share most with one: its own code and those
// of its group that are drawn from the same census occupation or share a skill.
func (w *world) kin(o *occupation) []string {
	out := []string{o.code}
	for i := range w.occupations {
		x := &w.occupations[i]
		if x.group != o.group || x.code == o.code || x.required != "" && x.required != o.required {
			continue
		}
		shares := slices.ContainsFunc(x.skills, func(s string) bool { return slices.Contains(o.skills[:min(2, len(o.skills))], s) })
		if (x.census == o.census || shares) && len(out) < 8 {
			out = append(out, x.code)
		}
	}
	slices.Sort(out)
	return out
}

// inside gives who holds one of the codes and would work at one of the places,
// each once.
func (c *crowd) inside(codes []string, places uint64) []*person {
	var out []*person
	for i, code := range codes {
		for _, p := range c.byCode[code] {
			if c.places[p]&places == 0 || i > 0 && p.holdsAny(codes[:i]) {
				continue
			}
			out = append(out, p)
		}
	}
	return out
}

func (p *person) holdsAny(codes []string) bool {
	for _, o := range p.profile.Occupation {
		if slices.Contains(codes, o.Code) {
			return true
		}
	}
	return false
}

// clause is a condition that a recruiter may add, and whom it lets through.
type clause struct {
	condition condition.Condition
	passes    func(*person) bool
}

// tighten adds conditions as long as enough candidates remain.
func (w *world) tighten(d draw, must []condition.Condition, found []*person, j *job, want float64) []condition.Condition {
	list := w.clauses(d, must[0].In, j)
	d.Shuffle(len(list), func(i, k int) { list[i], list[k] = list[k], list[i] })
	years := w.yearClauses(d, must[0].In)
	list = append(years, list...)
	for i, k := range list {
		if len(found) == 0 || i >= len(years) && float64(len(found)) < 1.25*want {
			continue
		}
		left := make([]*person, 0, len(found))
		for _, p := range found {
			if k.passes(p) {
				left = append(left, p)
			}
		}
		if float64(len(left)) < 0.8*want || len(left) == len(found) && d.in(50) {
			continue
		}
		found = left
		if k.condition.Field == "occupation" {
			must[0] = k.condition
			continue
		}
		must = append(must, k.condition)
	}
	if d.in(20) {
		must = append(must, atMost("last_active_days", pick(d, []int{90, 120, 180})))
	}
	return must
}

// yearClauses ask for years in the occupation, few before many.
func (w *world) yearClauses(d draw, named []string) []clause {
	var out []clause
	list := taxonomy.Of(taxonomy.Occupation)
	for _, years := range [][]int{{1, 3}, {1, 3, 5}, {3}, {3, 5}, {1}, {3, 7}}[d.IntN(6)] {
		out = append(out, clause{levelled("occupation", years, named...), func(p *person) bool {
			return slices.ContainsFunc(p.profile.Occupation, func(o codedYears) bool {
				return o.Min >= years && slices.ContainsFunc(named, func(n string) bool { return list.Within(o.Code, n) })
			})
		}})
	}
	return out
}

func (w *world) clauses(d draw, named []string, j *job) []clause {
	o := j.like.occupation
	pay := *j.terms.PayMax
	most := round10(pay * d.between(102, 118) / 100)
	least := round10(*j.terms.PayMin * d.between(58, 72) / 100)
	level := d.between(2, 3)
	skill := o.skills[d.IntN(min(3, len(o.skills)))]
	education := pick(d, []int{2, 3, 3})
	firms := d.between(3, 5)
	worked := pick(d, []int{3, 5, 7, 10})
	out := []clause{
		{within("pay", least, most), func(p *person) bool { return p.pay >= least && p.pay <= most }},
		{levelled("skill", level, skill), func(p *person) bool {
			return slices.ContainsFunc(p.profile.Skill, func(s codedYears) bool { return s.Code == skill && s.Min >= level })
		}},
		{atMost("employers", firms), func(p *person) bool { return p.profile.Employers != nil && *p.profile.Employers <= firms }},
		{atLeast("experience_years", worked), func(p *person) bool { return *p.profile.ExperienceYears >= worked }},
	}
	if o.education >= 3 || d.in(25) {
		out = append(out, clause{atLeast("education", education), func(p *person) bool { return p.education >= education }})
	}
	if o.required != "" {
		out = append([]clause{certified(o.required)}, out...)
	} else if len(o.optional) > 0 && d.in(45) {
		out = append(out, certified(o.optional[:min(2, len(o.optional))]...))
	}
	if *j.terms.Remote == 2 {
		out = append(out, clause{flag("remote_ok", true), func(p *person) bool { return *p.profile.RemoteOK }})
	}
	if len(named) == 1 && d.in(15) {
		out = append(out, clause{atLeast("management", 1), func(p *person) bool { return *p.profile.Management >= 1 }})
	}
	return out
}

func certified(any ...string) clause {
	return clause{codes("certification", any...), func(p *person) bool {
		return slices.ContainsFunc(any, func(c string) bool { return slices.Contains(p.profile.Certification, c) })
	}}
}

// preferences draws what ranks candidates.
func (w *world) preferences(d draw, o *occupation, j *job) []rule.Preference {
	var list []rule.Preference
	add := func(weight int, c condition.Condition) {
		list = append(list, rule.Preference{Condition: c, Weight: weight})
	}
	add(d.between(4, 8), levelled("skill", d.between(2, 4), some(d, o.skills, 2)...))
	add(d.between(2, 6), levelled("occupation", pick(d, []int{3, 5, 7}), o.code))
	if len(o.optional) > 0 {
		add(d.between(2, 6), codes("certification", some(d, o.optional, 2)...))
	}
	if d.in(50) {
		add(d.between(1, 4), codes("residence", w.prefectures[j.home].code))
	}
	if d.in(25) {
		add(d.between(1, 4), atLeast("management", 1))
	}
	if o.education >= 3 && d.in(30) {
		add(d.between(1, 4), levelled("language", pick(d, []int{3, 4}), "en"))
	}
	if d.in(25) {
		add(d.between(1, 3), atMost("available_in_days", pick(d, []int{30, 60})))
	}
	return list
}
