package demo

import (
	"fmt"
	"slices"
	"strings"

	"enishi/internal/candidate"
	"enishi/internal/day"
)

// setHistory draws the jobs of a person back to the end of their education,
// and derives from them what the profile says about years and employers.
func (w *world) setHistory(d draw, p *person) {
	end := p.joins.Month()
	months := p.worked*12 + d.IntN(9)
	employed := p.status == "employed" || p.status == "leaving"
	if !employed && months > 6 {
		gap := d.between(1, 5)
		end, months = end-day.Month(gap), months-gap
	}
	career := p.occupation
	var jobs []candidate.Job
	for months >= 4 && len(jobs) < 6 {
		n := months
		if usual := tenure(d, p.age); n > usual+10 && len(jobs) < 5 {
			n = usual
		}
		job := w.job(d, p, career, end-day.Month(n)+1, end)
		if employed && len(jobs) == 0 {
			job.To = nil
		}
		jobs = append(jobs, job)
		rest := d.weighted(7, 2, 1)
		end, months = end-day.Month(n)-day.Month(rest), months-n-rest
		if d.in(22) {
			career = w.beside(d, p.occupation)
		}
	}
	p.profile.History = jobs
	p.employers = known(jobs)
	p.profile = p.profile.Derived(p.joins, p.employers)
	if p.profile.ExperienceYears == nil {
		none := 0
		p.profile.ExperienceYears = &none
	}
	p.keepOccupation()
}

// keepOccupation sees to it that the occupation by which a person was drawn is
// in the profile, even of those who only begin.
func (p *person) keepOccupation() {
	has := func(c candidate.Coded) bool { return c.Code == p.occupation.code }
	if !slices.ContainsFunc(p.profile.Occupation, has) {
		p.profile.Occupation = append(p.profile.Occupation, candidate.Coded{Code: p.occupation.code})
		slices.SortFunc(p.profile.Occupation, byCode)
	}
}

// tenure draws how many months a job lasts; people stay longer as they grow
// older.
func tenure(d draw, age int) int {
	years := 2 + float64(age-20)/6
	return max(6, int(12*years*(0.35+1.1*d.ExpFloat64()*0.7)))
}

// job draws one entry of a history.
func (w *world) job(d draw, p *person, o *occupation, from, to day.Month) candidate.Job {
	j := candidate.Job{From: from, To: &to, Occupation: o.code, Industry: pick(d, o.industries)}
	if firm := w.employerIn(d, j.Industry); firm != nil && d.in(8) {
		j.Employer.Number = &firm.Number
	} else {
		j.Employer.Name = w.employerName(d, j.Industry)
	}
	j.Role = roleOf(d, p, o, int(to-from)/12)
	j.Duties = strings.Join(some(d, o.duties, 2), "、")
	if d.in(30) {
		j.Achievements = w.achievement(d, o)
	}
	return j
}

// roleOf names the person's place in the job.
func roleOf(d draw, p *person, o *occupation, years int) string {
	if o.census.major == 0 {
		return o.name
	}
	title := strings.SplitN(o.name, "（", 2)[0]
	switch {
	case p.worked > 12 && years >= 4 && d.in(28):
		return title + " " + pick(d, []string{"主任", "リーダー", "チーフ", "係長"})
	case years < 1 && p.worked < 2:
		return title + "（新人）"
	}
	return title
}

// beside gives another occupation of the same group, or the same one.
func (w *world) beside(d draw, o *occupation) *occupation {
	first := slices.IndexFunc(w.occupations, func(x occupation) bool { return x.group == o.group })
	n := 0
	for first+n < len(w.occupations) && w.occupations[first+n].group == o.group {
		n++
	}
	other := &w.occupations[first+d.IntN(n)]
	if other.required != "" || other.census.major == 0 {
		return o // a licence or a post is not held by the way
	}
	return other
}

// known gives the employers that a history names by number, ascending; a job
// without an end is current.
func known(jobs []candidate.Job) []candidate.Employment {
	var all []candidate.Employment
	for _, j := range jobs {
		if j.Employer.Number != nil {
			all = append(all, candidate.Employment{Number: *j.Employer.Number, Current: j.To == nil})
		}
	}
	out, err := candidate.CleanEmployers(all)
	if err != nil { // more than 500: setHistory draws at most 6
		return nil
	}
	return out
}

// introduction writes a few sentences about the person.
func (w *world) introduction(d draw, p *person, years int) string {
	lead := fmt.Sprintf("%sとして%d年以上の経験があります。", p.occupation.name, years)
	if years == 0 {
		lead = fmt.Sprintf("%sの仕事を始めたばかりです。", p.occupation.name)
	}
	return lead + pick(d, w.text["people/strength"]) + pick(d, w.text["people/hope"])
}

// achievement writes one line of a history.
func (w *world) achievement(d draw, o *occupation) string {
	parts := w.text["achievement/"+o.group]
	if len(parts) == 0 {
		parts = w.text["achievement/all"]
	}
	return number(d, pick(d, parts))
}

// number puts drawn numbers where a sentence has {n} (2 to 9) and {p} (5 to
// 40, a multiple of 5).
func number(d draw, s string) string {
	s = strings.ReplaceAll(s, "{n}", fmt.Sprint(d.between(2, 9)))
	return strings.ReplaceAll(s, "{p}", fmt.Sprint(5*d.between(1, 8)))
}
