package candidate

import (
	"cmp"
	"slices"

	"enishi/internal/day"
)

// yearSteps are the levels at which years of an occupation or industry count.
var yearSteps = [...]int{0, 1, 3, 5, 7, 10, 15}

// span is a run of whole months, both ends included.
type span struct{ from, to day.Month }

// Derived gives the profile with what follows from its history and was not
// stated: years by occupation and industry (a stated code keeps its years),
// years of experience and number of employers. Months that jobs share count
// once; a job without an end runs until the month of today. listed are employers
// that were named without dates, for the count alone.
func (p Profile) Derived(today day.Day, listed []Employment) Profile {
	now := today.Month()
	occupations, industries := map[string][]span{}, map[string][]span{}
	var all []span
	employers := map[string]bool{}
	for _, j := range p.History {
		to := now
		if j.To != nil {
			to = min(*j.To, now)
		}
		if j.From > to {
			continue
		}
		s := span{j.From, to}
		all = append(all, s)
		if j.Occupation != "" {
			occupations[j.Occupation] = append(occupations[j.Occupation], s)
		}
		if j.Industry != "" {
			industries[j.Industry] = append(industries[j.Industry], s)
		}
		name := j.Employer.Name
		if j.Employer.Number != nil {
			name = j.Employer.Number.String()
		}
		employers[name] = true
	}
	p.Occupation = withDerived(p.Occupation, occupations)
	p.Industry = withDerived(p.Industry, industries)
	if p.ExperienceYears == nil && len(all) > 0 {
		years := months(all) / 12
		p.ExperienceYears = &years
	}
	for _, e := range listed {
		employers[e.Number.String()] = true
	}
	if n := len(employers); p.Employers == nil && n > 0 {
		p.Employers = &n
	}
	return p
}

func withDerived(stated []Coded, spans map[string][]span) []Coded {
	out := slices.Clone(stated)
	for code, list := range spans {
		if !slices.ContainsFunc(stated, func(c Coded) bool { return c.Code == code }) {
			out = append(out, Coded{Code: code, Min: step(months(list) / 12)})
		}
	}
	slices.SortFunc(out, func(a, b Coded) int { return cmp.Compare(a.Code, b.Code) })
	return out
}

// months gives how many different months the spans cover.
func months(spans []span) int {
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	total, until := 0, day.Month(-1)
	for _, s := range spans {
		if from := max(s.from, until+1); s.to >= from {
			total += int(s.to-from) + 1
			until = s.to
		}
	}
	return total
}

// step gives the highest step of years that is reached.
func step(years int) int {
	reached := 0
	for _, s := range yearSteps {
		if years >= s {
			reached = s
		}
	}
	return reached
}
