package demo

import (
	"fmt"
	"slices"
	"strings"

	"enishi/internal/candidate"
	"enishi/internal/day"
)

// mostJobs is how many jobs a history holds at most.
const mostJobs = 6

// setHistory draws the jobs of a person back to the end of their education,
// and derives from them what the profile says about years and employers.
func (w *world) setHistory(d draw, p *person) {
	p.profile.History = w.jobsOf(d, p)
	p.employers = known(p.profile.History)
	p.profile = p.profile.Derived(p.joins, p.employers)
	if p.profile.ExperienceYears == nil {
		none := 0
		p.profile.ExperienceYears = &none
	}
	p.keepOccupation()
}

// jobsOf draws the jobs of a person, the newest first. Whoever is employed has
// one; no job begins before school has ended or its licence could be held.
func (w *world) jobsOf(d draw, p *person) []candidate.Job {
	if p.status == "student" {
		return nil
	}
	now := p.joins.Month()
	if p.occupation.licence.education >= afterSchool || w.opening(d, p.occupation) == nil {
		p.begun = max(p.begun, p.mayBegin(p.occupation)) // one comes to it from school, not from other work
	}
	p.worked = max(0, int(now-p.begun)/12)
	employed, end := p.status == "employed" || p.status == "leaving", now
	if !employed {
		end -= day.Month(d.between(1, 5))
	}
	var jobs []candidate.Job
	career := p.occupation
	for first := employed; first || end-p.begun+1 >= shortestJob && len(jobs) < mostJobs; first = false {
		if p.mayBegin(career) > end {
			if career = w.opening(d, p.occupation); career == nil {
				break
			}
		}
		from := p.begun
		if usual := tenure(d, p.age); int(end-from) > usual+10 && len(jobs) < mostJobs-1 {
			from = end - day.Month(usual) + 1
		}
		from = max(from, p.mayBegin(career))
		job := w.job(d, p, career, from, end)
		if first {
			job.To = nil
		}
		jobs = append(jobs, job)
		end = from - 1 - day.Month(d.weighted(7, 2, 1))
		if d.in(22) {
			career = w.beside(d, p.occupation)
		}
	}
	return jobs
}

// afterSchool is the least education of licences that a school gives.
const afterSchool = 2

// shortestJob is how many months a job of the past lasts at least.
const shortestJob = 4

// mayBegin gives the month from which the person can be in an occupation.
func (p *person) mayBegin(o *occupation) day.Month {
	if o.licence.age == 0 {
		return p.begun
	}
	return max(p.begun, april(p.born, o.licence.age))
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
	if o.census.Major == posts {
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

// beside gives an occupation that shares much with one, or the same.
func (w *world) beside(d draw, o *occupation) *occupation {
	list := w.near(o)
	if len(list) == 0 {
		return o
	}
	return pick(d, list)
}

// opening gives work that leads to an occupation which one cannot begin with:
// of its kin, or to a post from anywhere in its group. It is nil if there is
// none, as before most licences, or if anybody may begin.
func (w *world) opening(d draw, o *occupation) *occupation {
	if o.licence.age == 0 {
		return nil
	}
	bound := func(x *occupation) bool { return x.licence.age > 0 }
	list := slices.DeleteFunc(w.near(o), bound)
	if len(list) == 0 && o.census.Major == posts {
		for i := range w.occupations {
			if x := &w.occupations[i]; x.group == o.group && !bound(x) {
				list = append(list, x)
			}
		}
	}
	if len(list) == 0 {
		return nil
	}
	return pick(d, list)
}

// near gives the kin of an occupation but for posts, in which one does not work
// by the way, and for what takes more schooling.
func (w *world) near(o *occupation) []*occupation {
	var out []*occupation
	for i := range w.occupations {
		x := &w.occupations[i]
		if x.group == o.group && x != o && x.census.Major != posts && x.education <= max(3, o.education) && slices.Contains(w.kin[o], x.code) {
			out = append(out, x)
		}
	}
	return out
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
