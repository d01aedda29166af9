package demo

import (
	"math"
	"slices"
	"strings"

	"enishi/internal/condition"
	"enishi/internal/day"
	"enishi/internal/rule"
	"enishi/internal/taxonomy"
)

// How selective rules are: so that a candidate finds about wantedOffers rules
// that they accept and that accept them, while a preview stays within what a
// recruiter would activate.
const (
	wantedOffers = 6
	leastMatched = 20
	mostMatched  = 470
	// tooMany is how many may be inside before years and skills are asked
	// for: these together let about a third through.
	tooMany = 3 * mostMatched
)

// seat is a candidate's place in the crowd of an occupation.
type seat struct {
	places uint64 // willing prefectures as bits
	who    int32  // position in world.persons
}

// crowd is the candidates as the authors of rules see them.
type crowd struct {
	persons []*person
	byCode  map[string][]seat
	seen    []int32 // by person: the last question in which they were found
	asked   int32
	want    float64 // candidates with whom a rule should meet
}

func (w *world) crowd() *crowd {
	c := &crowd{persons: w.persons, byCode: map[string][]seat{}, seen: make([]int32, len(w.persons))}
	for i, p := range w.persons {
		for _, o := range p.profile.Occupation {
			c.byCode[o.Code] = append(c.byCode[o.Code], seat{p.places, int32(i)})
		}
	}
	// Few rules leave gaps between them, so each is written wider: more
	// than twice as wide at 1,200, by a twelfth at 20,000.
	wider := math.Min(9600/float64(w.options.Rules), 8)
	c.want = (wantedOffers + wider) * float64(len(w.persons)) / float64(w.options.Rules)
	return c
}

// order is a rule on the drawing board.
type order struct {
	rule.Rule
	job    *job
	begins day.Day
}

// chances is how many candidates are drawn for each rule: the one whom fewest
// rules would reach so far is whom the company has in mind. Five are enough to
// leave few people without an offer.
const chances = 5

// pastRules is how many active rules there are for each that has ended.
const pastRules = 30

// ordersOf draws the rules that are active today, each with its position, and a
// few that have ended. What a rule reaches counts for those that come after
// it, so that the market leaves few people out.
func (w *world) ordersOf() []order {
	d := newDraw(w.options.Seed, streamRules)
	x := w.writer()
	c := w.crowd()
	out := make([]order, w.options.Rules+w.options.Rules/pastRules)
	usual, senior := w.sought()
	for i := range out {
		list, high := usual, len(senior) > 0 && (len(usual) == 0 || d.in(seniors))
		if high {
			list = senior
		}
		like := pick(d, list)
		for range chances - 1 {
			if other := pick(d, list); other.reached < like.reached {
				like = other
			}
		}
		j := w.draft(d, like, high)
		out[i] = w.orderFor(d, c, &j, i >= w.options.Rules)
		x.write(&j)
	}
	d.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

// sought gives the people in whose occupations some company works, by whether
// they earn more than jobs usually offer; everyone, if no company does.
func (w *world) sought() (usual, senior []*person) {
	for _, p := range w.persons {
		switch {
		case len(w.employersOf(p.occupation)) == 0:
		case p.senior():
			senior = append(senior, p)
		default:
			usual = append(usual, p)
		}
	}
	if len(usual)+len(senior) == 0 {
		return w.persons, nil
	}
	return usual, senior
}

func (w *world) orderFor(d draw, c *crowd, j *job, past bool) order {
	want := c.want * math.Exp(0.3*d.NormFloat64())
	must, found := w.scope(d, c, j, want)
	must = w.tighten(d, must, found, j, want)
	r := order{job: j, begins: w.first + day.Day(d.weighted(40, 60)*d.IntN(livedDays))}
	r.Version, r.State, r.OfferDays = 1, rule.Active, pick(d, []int{14, 14, 14, 10, 21, 7, 30})
	r.Kind, r.Must = j.kind, condition.Condition{Op: condition.All, Kids: must}
	r.Prefer = w.preferences(d, j.like.occupation, j)
	r.DailyBudget = pick(d, []int{20, 30, 50, 100})
	r.TotalBudget = pick(d, []int{200, 300, 500, 1000})
	switch {
	case past:
		r.begins = w.first + day.Day(d.IntN(livedDays-longestPast))
		r.Expires = r.begins + day.Day(d.between(20, longestPast-1))
	case d.in(4):
		r.Expires = max(r.begins+day.Day(d.between(30, 120)), w.options.Today+day.Day(d.between(3, 60)))
	default:
		r.Expires = r.begins + day.Day(pick(d, []int{210, 365, 365, 365}))
	}
	return r
}

// longestPast is how many days a rule that has ended ran at most.
const longestPast = 45

// scope widens occupation and place, narrow to wide, until the company and
// enough candidates meet, and gives the conditions and who is inside.
func (w *world) scope(d draw, c *crowd, j *job, want float64) ([]condition.Condition, []*person) {
	o := j.like.occupation
	leaf, kin := []string{o.code}, w.kin[o]
	home, near := w.named(1<<j.like.home), w.named(w.around(j.like.home))
	region, wide := []string{w.region(j.like.home)}, w.regionsAround(j.like.home)
	type step struct {
		named, codes []string // as the condition says it, and the leaves in it
		at           []string // prefectures or regions
	}
	steps := []step{
		{leaf, leaf, home}, {leaf, leaf, near}, {kin, kin, home}, {kin, kin, near}, {leaf, leaf, region}, {kin, kin, region},
	}
	if o.required == "" {
		group, all := []string{o.group}, taxonomy.Of(taxonomy.Occupation).Leaves(o.group)
		steps = append(steps, step{group, all, home}, step{group, all, near}, step{group, all, region}, step{group, all, wide})
	} else {
		steps = append(steps, step{kin, kin, wide})
	}
	best, most, met := step{}, []*person(nil), -1
	for _, s := range steps {
		if j.firm.Size < manySites {
			s.at = home
		}
		places := w.bits(s.at)
		found := c.inside(s.codes, places, tooMany)
		if len(found) == tooMany && met > 0 {
			continue
		}
		n := 0
		for _, p := range found {
			if p.accepts(&j.terms, o.group, w.sites(j, places), j.offered()) {
				n++
			}
		}
		if n > met {
			best, most, met = s, found, n
		}
		if float64(met) >= want {
			break
		}
	}
	w.settlePlaces(d, j, w.bits(best.at))
	return []condition.Condition{codes("occupation", best.named...), codes("willing_prefecture", best.at...)}, most
}

// regionsAround gives the region of a prefecture and those next to it.
func (w *world) regionsAround(home int) []string {
	out := []string{w.region(home)}
	for _, at := range w.prefectures[home].near {
		if r := w.region(at); !slices.Contains(out, r) {
			out = append(out, r)
		}
	}
	slices.Sort(out)
	return out
}

// bits gives prefectures and regions as bits of positions.
func (w *world) bits(places []string) uint64 {
	var out uint64
	for _, code := range places {
		if region, ok := w.regions[code]; ok {
			out |= region
			continue
		}
		at := slices.IndexFunc(w.prefectures, func(p prefecture) bool { return p.code == code })
		out |= 1 << at
	}
	return out
}

// around gives a prefecture and those of its region to which people commute or
// move.
func (w *world) around(home int) uint64 {
	bits := uint64(1) << home
	for _, at := range w.prefectures[home].near {
		if w.region(at) == w.region(home) {
			bits |= 1 << at
		}
	}
	return bits
}

// named gives the codes of prefectures.
func (w *world) named(bits uint64) []string {
	var out []string
	for at, p := range w.prefectures {
		if bits&(1<<at) != 0 {
			out = append(out, p.code)
		}
	}
	return out
}

// kinOf gives the occupations that share most with one: its own code and those
// of its group that are drawn from the same census occupation or share a skill.
func (w *world) kinOf(o *occupation) []string {
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
// each once; enough is how many are looked for at most.
func (c *crowd) inside(codes []string, places uint64, enough int) []*person {
	var out []*person
	c.asked++
	for _, code := range codes {
		for _, s := range c.byCode[code] {
			if s.places&places == 0 || c.seen[s.who] == c.asked {
				continue
			}
			if len(out) == enough {
				return out
			}
			c.seen[s.who] = c.asked
			out = append(out, c.persons[s.who])
		}
	}
	return out
}

// clause is a condition that a recruiter may add, and whom it lets through.
type clause struct {
	condition condition.Condition
	passes    func(*person) bool
}

// tighten adds conditions as long as the company still meets enough
// candidates, and more of them while too many are inside.
func (w *world) tighten(d draw, must []condition.Condition, found []*person, j *job, want float64) []condition.Condition {
	meets := func(p *person) bool { return p.accepts(&j.terms, j.like.occupation.group, j.places, j.offered()) }
	list := w.clauses(d, must[0].In, j)
	if pay := list[0]; j.like.senior() && pay.passes(j.like) {
		// A job that is paid far above the usual is for those who are near it.
		if left := passing(found, pay); len(left) >= leastMatched {
			must, found, list = append(must, pay.condition), left, list[1:]
		}
	}
	d.Shuffle(len(list), func(i, k int) { list[i], list[k] = list[k], list[i] })
	years := w.yearClauses(d, must[0].In)
	met := count(found, meets)
	for i, k := range append(years, list...) {
		crowded := len(found) > mostMatched || float64(met) > 1.3*want
		if !k.passes(j.like) || !crowded && (i >= len(years) || float64(met) < want) {
			continue
		}
		left := passing(found, k)
		n := count(left, meets)
		if len(left) < leastMatched || float64(n) < 0.75*want && len(found) <= mostMatched || len(left) == len(found) {
			continue
		}
		found, met = left, n
		if k.condition.Field == "occupation" {
			must[0] = k.condition
			continue
		}
		must = append(must, k.condition)
	}
	for _, p := range found {
		if meets(p) {
			p.reached++
		}
	}
	if d.in(20) {
		must = append(must, atMost("last_active_days", pick(d, []int{90, 120, 180})))
	}
	return must
}

// passing gives those whom a clause lets through.
func passing(list []*person, k clause) []*person {
	out := make([]*person, 0, len(list))
	for _, p := range list {
		if k.passes(p) {
			out = append(out, p)
		}
	}
	return out
}

func count(list []*person, holds func(*person) bool) int {
	n := 0
	for _, p := range list {
		if holds(p) {
			n++
		}
	}
	return n
}

// yearClauses ask for years in the occupation, few before many.
func (w *world) yearClauses(d draw, named []string) []clause {
	var out []clause
	for _, years := range [][]int{{1, 3}, {1, 3, 5}, {3}, {3, 5}, {1}, {3, 7}}[d.IntN(6)] {
		out = append(out, clause{levelled("occupation", years, named...), func(p *person) bool {
			return slices.ContainsFunc(p.profile.Occupation, func(o codedYears) bool {
				return o.Min >= years && slices.ContainsFunc(named, func(n string) bool { return strings.HasPrefix(o.Code, n) }) // a group is the prefix of its codes
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
		add(d.between(1, 4), codes("residence", w.prefectures[j.like.home].code))
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
