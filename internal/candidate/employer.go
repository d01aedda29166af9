package candidate

import (
	"slices"
	"strings"

	"enishi/internal/condition"
	"enishi/internal/day"
)

// EmployerName is a name of a company as it is compared with another: folded, with its
// legal form apart.
type EmployerName struct {
	keys []string // the whole first, then without the branches that end it
	form string   // "": it does not say, or says it in English
}

// shortForms are the legal forms that are written short, as folded.
var shortForms = map[string]string{
	"(株)": "株式会社", "(有)": "有限会社", "(同)": "合同会社", "(資)": "合資会社", "(名)": "合名会社",
	"(医)": "医療法人", "(社)": "社団法人", "(財)": "財団法人", "(福)": "社会福祉法人", "(学)": "学校法人",
}

// ParseEmployer reads a name of a company.
func ParseEmployer(name string) EmployerName {
	folded := condition.FoldText(name)
	for short, form := range shortForms {
		folded = strings.ReplaceAll(folded, short, form)
	}
	var out EmployerName
	core := strings.TrimSpace(withoutForm(folded))
	fields := strings.FieldsFunc(core, between)
	for n := len(fields); n > 0; n-- {
		if n < len(fields) && !isBranch(fields[n]) {
			break
		}
		out.keys = append(out.keys, tighten(strings.Join(fields[:n], "")).text)
	}
	for _, form := range shortForms {
		if strings.Contains(folded, form) && len(form) > len(out.form) {
			out.form = form
		}
	}
	return out
}

// Means says whether a name may stand for a company of the other name: they are the
// same but for how they are written, whether and where the legal form stands, and a
// branch that is named. Two different legal forms are two companies.
func (n EmployerName) Means(company EmployerName) bool {
	if len(company.keys) == 0 || n.form != "" && company.form != "" && n.form != company.form {
		return false
	}
	return slices.Contains(n.keys, company.keys[0])
}

// Part says whether a text that somebody types for a company stands in its name,
// legal forms aside; a text that is a legal form alone stands in none.
func (n EmployerName) Part(company EmployerName) bool {
	if len(company.keys) == 0 || len(n.keys) == 0 || n.form != "" && company.form != "" && n.form != company.form {
		return false
	}
	return strings.Contains(company.keys[0], n.keys[0])
}

// Goes says whether the job goes on in a month.
func (j *Job) Goes(month day.Month) bool { return j.To == nil || *j.To >= month }
