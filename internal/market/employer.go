package market

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"enishi/internal/candidate"
	"enishi/internal/company"
	"enishi/internal/condition"
	"enishi/internal/corpnum"
	"enishi/internal/day"
)

// namesakes are the companies that names of employers may mean, by the name as it was
// typed. More than one are all blocked until the candidate says which it is.
type namesakes map[string][]corpnum.Number

// Namesakes gives for each employer that is named without a number the verified
// companies of that name; legal forms, signs and branches are compared as
// candidate.EmployerName does.
func (m *Market) Namesakes(ctx context.Context, names ...string) (map[string][]Known, error) {
	out := map[string][]Known{}
	err := m.eachNamed(ctx, names, func(name string, k *company.Company) {
		if k.Status == company.Verified {
			out[name] = append(out[name], Known{k.Number, k.Name})
		}
	})
	return out, err
}

// presentNamesakes gives the companies that present employers of histories may mean.
// One that is not verified is among them: it may be tomorrow.
func (m *Market) presentNamesakes(ctx context.Context, histories ...[]candidate.Job) (namesakes, error) {
	var names []string
	for _, history := range histories {
		for i := range history {
			if j := &history[i]; j.Employer.Number == nil && j.Goes(m.Today().Month()) {
				names = append(names, j.Employer.Name)
			}
		}
	}
	out := namesakes{}
	err := m.eachNamed(ctx, names, func(name string, k *company.Company) { out[name] = append(out[name], k.Number) })
	return out, err
}

// eachNamed calls for each name and each company that it may mean.
func (m *Market) eachNamed(ctx context.Context, names []string, call func(string, *company.Company)) error {
	wanted := map[string]candidate.EmployerName{}
	for _, name := range names {
		wanted[name] = candidate.ParseEmployer(name)
	}
	if len(wanted) == 0 {
		return nil
	}
	for name, w := range wanted {
		err := m.named(ctx, func(of candidate.EmployerName, _ string) bool { return w.Means(of) }, func(k *company.Company) bool {
			call(name, k)
			return false
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// listed gives employers without those that a history names: they are counted there.
func (n namesakes) listed(list []candidate.Employment) []candidate.Employment {
	return slices.DeleteFunc(slices.Clone(list), func(e candidate.Employment) bool {
		for _, numbers := range n {
			if slices.Contains(numbers, e.Number) {
				return true
			}
		}
		return false
	})
}

// withHistory adds the employers that the history knows by number or by name; one
// without an end, or whose last month is not over, is current. An employer that is
// current because the history before said so stays so only until the new one says that
// it has ended, or which of several companies was meant; one that was stated to be
// current stays so.
func (n namesakes) withHistory(list []candidate.Employment, before, history []candidate.Job, today day.Day) []candidate.Employment {
	out := slices.Clone(list)
	was, is := n.currentBy(before, today), n.currentBy(history, today)
	for number, current := range is {
		i := slices.IndexFunc(out, func(o candidate.Employment) bool { return o.Number == number })
		switch {
		case i < 0:
			out = append(out, candidate.Employment{Number: number, Current: current})
		case current || was[number]:
			out[i].Current = current
		}
	}
	out = slices.DeleteFunc(out, func(e candidate.Employment) bool {
		_, still := is[e.Number]
		return !still && n.over(e.Number, before, history, today.Month())
	})
	slices.SortFunc(out, func(a, b candidate.Employment) int { return cmp.Compare(a.Number, b.Number) })
	return out
}

// over says whether a company that a history named as a present employer is none by the
// next: the job of that name has ended, or a number says that another was meant.
func (n namesakes) over(number corpnum.Number, before, history []candidate.Job, month day.Month) bool {
	for i := range before {
		was := &before[i]
		if was.Employer.Number != nil || !was.Goes(month) || !slices.Contains(n[was.Employer.Name], number) {
			continue
		}
		for k := range history {
			is := &history[k]
			chosen := is.Employer.Number != nil && slices.Contains(n[was.Employer.Name], *is.Employer.Number)
			ended := is.Employer.Number == nil && is.Employer.Name == was.Employer.Name && !is.Goes(month)
			if chosen || ended {
				return true
			}
		}
	}
	return false
}

// currentBy gives the employers that a history knows, and whether one of the jobs
// there goes on. Of those without a number only jobs that go on count.
func (n namesakes) currentBy(history []candidate.Job, today day.Day) map[corpnum.Number]bool {
	out := map[corpnum.Number]bool{}
	for i := range history {
		j := &history[i]
		goes := j.Goes(today.Month())
		if j.Employer.Number != nil {
			out[*j.Employer.Number] = out[*j.Employer.Number] || goes
			continue
		}
		if !goes {
			continue
		}
		for _, number := range n[j.Employer.Name] {
			out[number] = true
		}
	}
	return out
}

// FindKnown gives verified companies whose name has a text in it, as texts are
// compared in searches, legal forms written in any way, at most limit.
func (m *Market) FindKnown(ctx context.Context, text string, limit int) ([]Known, error) {
	folded := condition.FoldText(strings.TrimSpace(text))
	if folded == "" {
		return nil, nil
	}
	typed := candidate.ParseEmployer(text)
	fits := func(of candidate.EmployerName, name string) bool {
		return strings.Contains(name, folded) || typed.Part(of)
	}
	var out []Known
	err := m.named(ctx, fits, func(k *company.Company) bool {
		if k.Status == company.Verified {
			out = append(out, Known{k.Number, k.Name})
		}
		return len(out) >= limit
	})
	return out, err
}
