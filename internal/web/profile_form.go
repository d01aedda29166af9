package web

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"

	"enishi/internal/candidate"
	"enishi/internal/condition"
	"enishi/internal/corpnum"
	"enishi/internal/day"
	"enishi/internal/errs"
	"enishi/internal/market"
	"enishi/internal/taxonomy"
)

// profileForm is the profile's editor as it stands: what was typed, whether it can be
// read or not, and what is wrong with it.
type profileForm struct {
	words
	edition
	v      url.Values
	faults faults
	focus  string                    // the field where the reader goes on
	at     map[string]string         // names of fields, by pointers into the profile
	known  map[string][]market.Known // companies that employers' names may mean
}

// rowPart ends the name under which the rows of a repeated field are listed.
const rowPart = ".row"

// birthTick is the name of the tick that lets the month of birth be kept.
const birthTick = "birth_ok"

// isButton begins what a button says that tells which company an employer is: the job's
// name and the number follow.
const isButton = "is:"

// levelledFields are the fields of codes at a level, in the form's order.
func levelledFields() []string { return []string{"occupation", "industry", "skill", "language"} }

// repeated are the fields with rows.
func repeated() []string { return append(levelledFields(), "certification", "history") }

// rows gives the numbers of a field's rows, in order.
func (f *profileForm) rows(field string) []string { return f.v[field+rowPart] }

// do takes a step on the rows, such as add:skill or drop:skill.2; false if it is none.
func (f *profileForm) do(step string) bool {
	if field, ok := strings.CutPrefix(step, "add:"); ok && slices.Contains(repeated(), field) {
		f.focus = f.add(field)
		return true
	}
	if job, ok := strings.CutPrefix(step, isButton); ok {
		job, number, _ := strings.Cut(job, ":")
		f.v.Set(job+".employer", number)
		f.focus = job
		return true
	}
	name, ok := strings.CutPrefix(step, "drop:")
	field, row, _ := strings.Cut(name, ".")
	if !ok || !slices.Contains(repeated(), field) {
		return false
	}
	f.v[field+rowPart] = slices.DeleteFunc(f.v[field+rowPart], func(n string) bool { return n == row })
	f.focus = "add-" + field
	return true
}

// add gives a field a new row, and the row's name.
func (f *profileForm) add(field string) string {
	next := 0
	for _, row := range f.rows(field) {
		if n, err := strconv.Atoi(row); err == nil {
			next = max(next, n+1)
		}
	}
	row := strconv.Itoa(next)
	f.v.Add(field+rowPart, row)
	return field + "." + row
}

// code gives the state of a code's field.
func (f *profileForm) code(c code) code {
	c.fault = f.faults[c.name]
	c.focus = c.name == f.focus
	return codeOf(f.words, f.v, c)
}

// profileFormOf shows a stored profile.
func profileFormOf(w words, c *candidate.Candidate) (profileForm, error) {
	e, err := editionFrom(c.Version, c.Profile)
	f := profileForm{words: w, edition: e, v: url.Values{}}
	p := &c.Profile
	for name, held := range levelledOf(p) {
		for _, h := range held {
			row := f.add(name)
			f.v.Set(row, h.Code)
			f.v.Set(row+".min", strconv.Itoa(h.Min))
		}
	}
	for _, c := range p.Certification {
		f.v.Set(f.add("certification"), c)
	}
	f.v["willing_prefecture"] = p.WillingPrefecture
	for name, text := range map[string]string{
		"name": p.Name, "text": p.Text, "residence": p.Residence, "employment_status": p.EmploymentStatus,
		"education": whole(p.Education), "management": whole(p.Management), "experience_years": whole(p.ExperienceYears),
		"employers": whole(p.Employers), "pay": whole(p.Pay),
	} {
		f.v.Set(name, text)
	}
	if p.AvailableFrom != nil {
		f.v.Set("available_from", p.AvailableFrom.String())
	}
	if p.RemoteOK != nil {
		f.v.Set("remote_ok", strconv.FormatBool(*p.RemoteOK))
	}
	if p.BirthMonth != nil {
		f.v.Set("birth_month", p.BirthMonth.String())
		f.v.Set(birthTick, "on")
	}
	for i := range p.History {
		f.addJob(&p.History[i])
	}
	return f, err
}

// levelledOf gives the fields of codes at a level, by name.
func levelledOf(p *candidate.Profile) map[string][]candidate.Coded {
	return map[string][]candidate.Coded{"occupation": p.Occupation, "industry": p.Industry, "skill": p.Skill, "language": p.Language}
}

func whole(n *int) string {
	if n == nil {
		return ""
	}
	return strconv.Itoa(*n)
}

func (f *profileForm) addJob(j *candidate.Job) {
	row := f.add("history")
	employer := j.Employer.Name
	if j.Employer.Number != nil {
		employer = j.Employer.Number.String()
	}
	for part, text := range map[string]string{
		"employer": employer, "from": j.From.String(), "occupation": j.Occupation, "industry": j.Industry,
		"role": j.Role, "duties": j.Duties, "achievements": j.Achievements,
	} {
		f.v.Set(row+"."+part, text)
	}
	if j.To != nil {
		f.v.Set(row+".to", j.To.String())
	}
}

// reading reads what was typed into a profile, and gathers what cannot be read.
type reading struct {
	*profileForm
	p candidate.Profile
}

// read gives the profile that was typed; what cannot be read is in the faults.
func (f *profileForm) read() candidate.Profile {
	f.faults, f.at = faults{}, map[string]string{}
	r := reading{profileForm: f}
	p := &r.p
	p.Name, p.Text = strings.TrimSpace(f.v.Get("name")), f.v.Get("text")
	p.Occupation, p.Industry, p.Skill, p.Language = r.levelled("occupation"), r.levelled("industry"), r.levelled("skill"), r.levelled("language")
	p.Certification = r.certifications()
	p.WillingPrefecture = slices.Clone(f.v["willing_prefecture"])
	p.Residence, p.EmploymentStatus = f.v.Get("residence"), f.v.Get("employment_status")
	p.Education, p.Management = r.number("education"), r.number("management")
	p.ExperienceYears, p.Employers, p.Pay = r.number("experience_years"), r.number("employers"), r.number("pay")
	p.AvailableFrom = parsed(&r, "available_from", day.Parse)
	p.RemoteOK = parsed(&r, "remote_ok", strconv.ParseBool)
	p.BirthMonth = parsed(&r, "birth_month", month)
	if p.BirthMonth != nil && !f.v.Has(birthTick) {
		f.faults["birth_month"] = f.Say("使い道に同意するチェックを入れるか、生年月を空にしてください。", "Tick that it may be used for this, or leave the month empty.")
	}
	for _, row := range f.rows("history") {
		r.job("history." + row)
	}
	return r.p
}

// parsed reads a field that may be empty.
func parsed[T any](r *reading, name string, parse func(string) (T, error)) *T {
	text := strings.TrimSpace(norm.NFKC.String(r.v.Get(name)))
	if text == "" {
		return nil
	}
	v, err := parse(text)
	if err != nil {
		r.faults[name] = faultText(r.words, name)
		return nil
	}
	return &v
}

func (r *reading) number(name string) *int {
	f, _ := condition.FieldOf(condition.Profiles, name)
	n, err := numberOf(r.v.Get(name), unitsOf(f)...)
	if err != nil {
		r.faults[name] = faultText(r.words, name)
		return nil
	}
	return n
}

// month reads 2026-04, 2026/4 and 2026年4月.
func month(text string) (day.Month, error) {
	text = strings.NewReplacer("/", "-", ".", "-", "年", "-", "月", "").Replace(text)
	if y, m, ok := strings.Cut(text, "-"); ok && len(m) == 1 {
		text = y + "-0" + m
	}
	return day.ParseMonth(text)
}

// chosen gives the code of a field; what is typed and not chosen is a fault.
func (r *reading) chosen(c code) string {
	c = codeOf(r.words, r.v, c)
	if c.open() {
		r.faults[c.name] = c.choose(r.words)
	}
	return c.value
}

func (r *reading) levelled(field string) []candidate.Coded {
	var out []candidate.Coded
	for _, row := range r.rows(field) {
		name := field + "." + row
		c := r.chosen(code{name: name, kind: taxonomy.Kind(field)})
		if c == "" || r.repeated(name, slices.ContainsFunc(out, func(o candidate.Coded) bool { return o.Code == c })) {
			continue
		}
		at := "/" + field + "/" + strconv.Itoa(len(out))
		r.at[at+"/code"], r.at[at+"/min"] = name, name+".min"
		n := r.number(name + ".min")
		if n == nil {
			r.faults[name+".min"] = r.Say(levelLabel(r.words, field)+"を選んでください。", "Please choose: "+strings.ToLower(levelLabel(r.words, field))+".")
			continue
		}
		out = append(out, candidate.Coded{Code: c, Min: *n})
	}
	return out
}

// repeated says whether a row holds what stands above it, and makes that a fault.
func (r *reading) repeated(name string, above bool) bool {
	if above {
		r.faults[name] = r.Say("同じものが上にもあります。どちらかを消してください。", "This stands above as well. Please remove one of the two.")
	}
	return above
}

func (r *reading) certifications() []string {
	var out []string
	for _, row := range r.rows("certification") {
		name := "certification." + row
		if c := r.chosen(code{name: name, kind: taxonomy.Certification}); c != "" && !r.repeated(name, slices.Contains(out, c)) {
			r.at["/certification/"+strconv.Itoa(len(out))] = name
			out = append(out, c)
		}
	}
	return out
}

// jobParts are the parts of a job that are typed.
func jobParts() []string { return []string{"employer", "from", "to", "role", "duties", "achievements"} }

// job reads one entry of the history; one in which nothing is typed is none.
func (r *reading) job(name string) {
	j := candidate.Job{
		Occupation: r.chosen(code{name: name + ".occupation", kind: taxonomy.Occupation}),
		Industry:   r.v.Get(name + ".industry"),
		Role:       strings.TrimSpace(r.v.Get(name + ".role")), Duties: r.v.Get(name + ".duties"), Achievements: r.v.Get(name + ".achievements"),
	}
	typed := j.Occupation != "" || j.Industry != "" || r.v.Get(name+".occupation"+typedPart) != ""
	at := "/history/" + strconv.Itoa(len(r.p.History))
	for _, part := range jobParts() {
		typed = typed || strings.TrimSpace(r.v.Get(name+"."+part)) != ""
		r.at[at+"/"+part] = name + "." + part
	}
	r.at[at+"/employer/name"], r.at[at+"/occupation"], r.at[at+"/industry"] = name+".employer", name+".occupation", name+".industry"
	if !typed {
		return
	}
	j.Employer = r.employer(name + ".employer")
	if from := parsed(r, name+".from", month); from != nil {
		j.From = *from
	} else if r.faults[name+".from"] == "" {
		r.faults[name+".from"] = faultText(r.words, "from")
	}
	j.To = parsed(r, name+".to", month)
	r.p.History = append(r.p.History, j)
}

// employer reads a name, or thirteen digits as a corporate number.
func (r *reading) employer(name string) candidate.Employer {
	text := strings.TrimSpace(r.v.Get(name))
	digits := norm.NFKC.String(text)
	if len(digits) != 13 || strings.Trim(digits, "0123456789") != "" {
		return candidate.Employer{Name: text}
	}
	n, err := corpnum.Parse(digits)
	if err != nil {
		r.faults[name] = r.Say("法人番号の検査数字が合いません。13桁をもう一度ご確認ください。", "The check digit of this corporate number does not fit. Please look at its 13 digits again.")
		return candidate.Employer{Name: text}
	}
	return candidate.Employer{Number: &n}
}

// refused takes what a use case says is wrong with the profile.
func (f *profileForm) refused(problems []errs.Problem) {
	for _, p := range problems {
		name, ok := f.at[p.Pointer]
		if !ok {
			name, _, _ = strings.Cut(strings.TrimPrefix(p.Pointer, "/"), "/")
		}
		if f.faults[name] == "" {
			f.faults[name] = faultText(f.words, name)
		}
	}
}
