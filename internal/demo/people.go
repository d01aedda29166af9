package demo

import (
	"slices"

	"enishi/internal/candidate"
	"enishi/internal/day"
	"enishi/internal/taxonomy"
)

// person is a candidate on the drawing board.
type person struct {
	occupation *occupation
	home       int // position of the prefecture
	age        int
	born       day.Month
	pay        int // current annual, 10,000 JPY
	education  int
	begun      day.Month // of work
	worked     int       // years since then
	joins      day.Day
	places     uint64 // willing prefectures as bits of positions
	wish       wish
	reached    int // rules on the drawing board that would send an offer
	status     string
	profile    candidate.Profile
	employers  []candidate.Employment
}

// people draws the candidates: how many are in each occupation and prefecture,
// and of which age, follows the quotas of the official figures exactly.
func (w *world) people() []*person {
	d := newDraw(w.options.Seed, streamPeople)
	homes := make([]float64, len(w.prefectures))
	for i, p := range w.prefectures {
		homes[i] = p.population
	}
	workers := make([]float64, len(w.occupations))
	for i, o := range w.occupations {
		workers[i] = o.workers
	}
	home := d.spread(w.options.Candidates, homes)
	all := make([]*person, 0, w.options.Candidates)
	for i, n := range quota(w.options.Candidates, workers) {
		o := &w.occupations[i]
		first := len(all)
		for _, b := range d.spread(n, o.ages()) {
			all = append(all, &person{occupation: o, home: home[len(all)], age: ageIn(d, b, o.leastAge())})
		}
		w.setPay(d, o, all[first:])
	}
	d.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	w.setJoins(all)
	wishes := newDraw(w.options.Seed, streamWishes)
	for _, p := range all {
		w.live(d, p)
		p.wish = w.wishOf(wishes, p)
	}
	return all
}

// leastAge is the age from which everybody can be in the occupation: a year
// after the least age for its licence, since April comes in between.
func (o *occupation) leastAge() int {
	if o.licence.age == 0 {
		return youngest
	}
	return o.licence.age + 1
}

// youngest is the least age of a candidate: those who leave school earlier
// look for work through it.
const youngest = 18

// ages gives how many workers there are in each age band, those too young for
// the licence left out.
func (o *occupation) ages() []float64 {
	out := o.census.Workers
	for b := range band(o.leastAge()) {
		out[b] = 0
	}
	return out[:]
}

// ageIn draws an age within a band of the census.
func ageIn(d draw, b, least int) int {
	lo, hi := 15+5*b, 19+5*b
	if b == bands-1 {
		hi = 73
	}
	return d.between(max(lo, least), hi)
}

// endOfSchool is the usual age at which each level of education ends.
var endOfSchool = [...]int{15, 18, 20, 22, 24, 28}

// setSchooling draws the highest education by what is usual in the occupation,
// not below what its licence takes, and when work began. Who is too young for
// a level has the one below.
func (p *person) setSchooling(d draw) {
	o, now := p.occupation, p.joins.Month()
	p.born = now - day.Month(p.age*12+d.IntN(12))
	if april(p.born, endOfSchool[1]) > now { // still at school: a year older
		p.age, p.born = p.age+1, p.born-12
	}
	switch o.education {
	case 3:
		p.education = d.weighted(0, 12, 17, 58, 12, 1)
	case 4:
		p.education = d.weighted(0, 0, 2, 48, 42, 8)
	case 5:
		p.education = d.weighted(0, 0, 0, 8, 27, 65)
	default:
		p.education = d.weighted(3, 42, 30, 23, 2, 0)
		if o.required != "" && slices.Contains([]string{"09", "08"}, o.group) {
			p.education = 2 + d.weighted(74, 24, 2)
		}
	}
	for p.education > 1 && april(p.born, endOfSchool[p.education]) > now {
		p.education--
	}
	p.education = max(p.education, o.licence.education)
	p.begun = april(p.born, endOfSchool[p.education])
	if later := p.begun + day.Month(12*d.weighted(6, 3, 1)); later <= now {
		p.begun = later
	}
}

// setJoins says on which day each signs up: some were there from the first
// day, the others come evenly until yesterday. The list is in order.
func (w *world) setJoins(all []*person) {
	before := len(all) * 15 / 100
	for i, p := range all {
		p.joins = w.first
		if i >= before {
			p.joins += day.Day((i - before) * livedDays / (len(all) - before))
		}
	}
}

// live draws what a person has done, can do, and where they would work.
func (w *world) live(d draw, p *person) {
	p.setSchooling(d)
	p.status = []string{"employed", "leaving", "unemployed", "freelance", "student"}[d.weighted(76, 9, 12, 2, 1)]
	if p.status == "student" && (p.age > 23 || p.occupation.licence.age > 0) {
		p.status = "employed"
	}
	pr := &p.profile
	pr.Name = pick(d, w.surnames) + " " + pick(d, w.given[generation(p.age)])
	pr.Residence, pr.EmploymentStatus = w.prefectures[p.home].code, p.status
	pr.Education = &p.education
	if p.status != "student" {
		pr.Pay = &p.pay
	}
	w.setWilling(d, p)
	w.setHistory(d, p)
	held := p.held()
	pr.Skill = w.skillsOf(d, p, held)
	pr.Certification = w.certificationsOf(d, p)
	pr.Language = languagesOf(d, p)
	management := managementOf(d, p)
	pr.Management = &management
	remote := d.in(15 + p.occupation.remote*3/4)
	pr.RemoteOK = &remote
	from := p.joins + day.Day(availableAfter(d, p.status))
	pr.AvailableFrom = &from
	if d.in(30) {
		pr.BirthMonth = &p.born
	}
	if d.in(40) && p.status != "student" {
		pr.Text = w.introduction(d, p, held)
	}
}

// setWilling draws where the person would work: at home, often in the
// prefectures around, seldom anywhere.
func (w *world) setWilling(d draw, p *person) {
	p.places = 1 << p.home
	share := 38
	if p.age < 35 {
		share = 48
	}
	for i, at := range w.prefectures[p.home].near {
		if i < 4 && d.in(share-8*i) {
			p.places |= 1 << at
		}
	}
	if d.in(3) {
		p.places = 1<<len(w.prefectures) - 1
	}
	p.profile.WillingPrefecture = w.named(p.places)
}

// held gives the years in the person's occupation.
func (p *person) held() int {
	for _, c := range p.profile.Occupation {
		if c.Code == p.occupation.code {
			return c.Min
		}
	}
	return 0
}

// skillsOf draws skills of the occupation, the first in its list most often,
// at levels that grow with the years in it.
func (w *world) skillsOf(d draw, p *person, years int) []candidate.Coded {
	var out []candidate.Coded
	for i, code := range p.occupation.skills {
		if d.in(max(28, 82-10*i)) {
			level := 1 + min(years, 12)/4 + d.weighted(2, 4, 2)
			out = append(out, candidate.Coded{Code: code, Min: min(max(level, 1), 5)})
		}
	}
	if len(out) == 0 {
		out = append(out, candidate.Coded{Code: p.occupation.skills[0], Min: 1 + min(years, 9)/3})
	}
	if !slices.ContainsFunc(out, func(c candidate.Coded) bool { return c.Code == "excel" }) && d.in(desk(p.occupation.group)) {
		out = append(out, candidate.Coded{Code: "excel", Min: d.between(2, 4)})
	}
	slices.SortFunc(out, byCode)
	return out
}

// desk says in how many of 100 cases people of a group name a spreadsheet
// among their skills.
func desk(group string) int {
	switch group {
	case "01", "04":
		return 45
	case "02", "10":
		return 32
	case "03":
		return 20
	case "08", "12":
		return 12
	}
	return 5
}

func byCode(a, b candidate.Coded) int {
	switch {
	case a.Code < b.Code:
		return -1
	case a.Code > b.Code:
		return 1
	}
	return 0
}

// certificationsOf draws what fits the occupation: its licence always, others
// as the years go by; and the driving licence that most people have where one
// drives to work.
func (w *world) certificationsOf(d draw, p *person) []string {
	var out []string
	hold := func(code string) {
		for ; code != ""; code = w.licences[code].after {
			out = append(out, code)
		}
	}
	hold(p.occupation.required)
	for i, code := range p.occupation.optional {
		if d.in(max(8, 26+min(p.worked, 20)-9*i)) && w.mayHold(p, code) {
			hold(code)
		}
	}
	if !slices.ContainsFunc(out, drives) && d.in(driving(w.prefectures[p.home].population)) {
		out = append(out, pick(d, []string{"driver-ordinary", "driver-ordinary", "driver-ordinary-at"}))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func drives(code string) bool { return len(code) > 7 && code[:7] == "driver-" }

// driving gives in how many of 100 cases a person names a driving licence: in
// the most populous prefectures fewer.
func driving(population float64) int {
	if population > 7e6 {
		return 38
	}
	return 66
}

// languagesOf draws languages: Japanese, and English where studies or work ask
// for it.
func languagesOf(d draw, p *person) []candidate.Coded {
	out := []candidate.Coded{{Code: "ja", Min: 6}}
	english := 7
	if p.education >= 3 {
		english = 26
	}
	if p.occupation.education >= 3 {
		english += 12
	}
	if d.in(english) {
		out = append(out, candidate.Coded{Code: "en", Min: 1 + d.weighted(10, 26, 34, 22, 8)})
	}
	if d.in(3) {
		out = append(out, candidate.Coded{Code: pick(d, []string{"zh", "zh", "ko", "ko", "vi", "pt", "es", "fr", "de"}), Min: 1 + d.weighted(25, 30, 25, 15, 5)})
	}
	slices.SortFunc(out, byCode)
	return out
}

// managementOf draws the experience of leading people by years of work.
func managementOf(d draw, p *person) int {
	switch {
	case p.occupation.census.Major == posts:
		return 2 + d.weighted(20, 30, 34, 16)
	case p.worked < 4:
		return d.weighted(94, 6)
	case p.worked < 10:
		return d.weighted(72, 20, 7, 1)
	case p.worked < 20:
		return d.weighted(52, 24, 15, 6, 3)
	}
	return d.weighted(46, 20, 17, 9, 6, 2)
}

// availableAfter draws in how many days a person can begin.
func availableAfter(d draw, status string) int {
	switch status {
	case "employed":
		return pick(d, []int{30, 45, 60, 60, 60, 90, 90, 120})
	case "student":
		return pick(d, []int{90, 120, 180})
	case "leaving":
		return pick(d, []int{14, 30, 30, 45})
	}
	return pick(d, []int{0, 0, 7, 14, 30})
}

// region gives the code of the region of a prefecture.
func (w *world) region(at int) string {
	item, _ := taxonomy.Of(taxonomy.Prefecture).Find(w.prefectures[at].code)
	return item.Parent
}
