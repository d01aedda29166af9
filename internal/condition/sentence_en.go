package condition

import (
	"fmt"
	"strconv"
	"strings"

	"enishi/internal/taxonomy"
)

// english is the tongue of English sentences.
type english struct{}

func (english) everyone(s Subject) string {
	if s == Positions {
		return "every position"
	}
	return "everyone"
}

func (english) nobody() string { return "no one" }

func (english) join(op Op, parts []string) string {
	if op == Any {
		return strings.Join(parts, ", or ")
	}
	return strings.Join(parts, ", and ")
}

func (english) grouped(text string) string { return "(" + text + ")" }

// except quotes the leaf, quotes within becoming inner ones.
func (english) except(leaf string) string {
	return "not “" + strings.NewReplacer("“", "‘", "”", "’").Replace(leaf) + "”"
}

func (english) exceptAll(group string) string { return "not " + group }

func (t english) codes(q codesAsked) string {
	names := q.names(func(i taxonomy.Item) string { return t.name(q, i) })
	text := strings.Join(names, " or ")
	if q.level == 0 {
		return fmt.Sprintf(t.phrase(q.field).held, text)
	}
	joint, level := " for ", strconv.Itoa(q.level)+"+ years"
	switch {
	case q.field.Name == "skill":
		joint, level = " at ", fmt.Sprintf("level %d or above", q.level)
	case q.field.Name == "language":
		joint, level = " at ", cefrNames[q.level]+" or above"
	case q.level == 1:
		level = "1 year or more"
	}
	industry := q.field.Name == "industry"
	switch { // of several, one and the same code has the level
	case len(names) > 1 && industry:
		return level + " in one of the industries " + text
	case len(names) > 1:
		return level + " in either " + text
	case industry:
		return level + " in the industry " + text
	}
	return text + joint + level
}

func (t english) lacking(q codesAsked) string {
	names := q.names(func(i taxonomy.Item) string { return t.name(q, i) })
	p := t.phrase(q.field)
	switch {
	case len(names) > 1 && q.field.Multi:
		return fmt.Sprintf(p.neither, strings.Join(names, " nor "))
	case len(names) > 1:
		return fmt.Sprintf(p.neither, strings.Join(names, " or "))
	}
	return fmt.Sprintf(p.lacked, names[0])
}

// name quotes whatever could be read as more than one name, or as part of
// the sentence.
func (english) name(q codesAsked, i taxonomy.Item) string {
	quoted := "“" + i.EN + "”"
	switch {
	case q.group(i):
		return "any " + quoted + " certification"
	case q.field.Name == "skill" && q.level == 0: // the phrase says skills itself
		return strings.TrimSuffix(i.EN, " skills")
	case q.field.Name == "industry", q.field.Name == "certification", strings.Contains(i.EN, ", "), strings.Contains(i.EN, " or "):
		return quoted
	case q.several() && strings.Contains(i.EN, " and "):
		return quoted
	}
	return i.EN
}

// phrase gives the forms of a field without a level.
func (english) phrase(f Field) phrase {
	switch {
	case f.Name == "occupation" && f.Multi:
		return phrase{"experience in %s", "no experience in %s", "experience in neither %s"}
	case f.Name == "industry" && f.Multi:
		return phrase{"experience in the industry %s", "no experience in the industry %s", "experience in neither the industry %s"}
	}
	switch f.Name {
	case "skill":
		return phrase{"skills in %s", "no skills in %s", "skills in neither %s"}
	case "language":
		return phrase{"speaks %s", "does not speak %s", "speaks neither %s"}
	case "residence":
		return phrase{"lives in %s", "does not live in %s", "does not live in %s"}
	case "certification":
		return phrase{"holds %s", "does not hold %s", "holds neither %s"}
	case "willing_prefecture":
		return phrase{"willing to work in %s", "not willing to work in %s", "willing to work in neither %s"}
	case "prefecture":
		return phrase{"place of work: %s", "place of work does not include %s", "place of work includes neither %s"}
	}
	return phrase{f.EN + ": %s", f.EN + ": not %s", f.EN + ": not (%s)"}
}

func (t english) number(f Field, s span) string {
	p := spanPhrase{f.EN + ": %s or more", f.EN + ": at most %s", f.EN + ": %s–%s", f.EN + ": %s", ""}
	bare, full := commas, func(n int) string { return t.quantity(f, n) }
	switch f.Name {
	case "experience_years":
		p.zero = f.EN + ": less than 1 year"
	case "overtime_hours":
		p.zero = "no overtime"
	case "available_in_days":
		p = spanPhrase{"available in %s or more", "available within %s", "available in %s–%s", "available in exactly %s", "available at once"}
	case "last_active_days":
		p = spanPhrase{"last active %s ago or earlier", "last active within %s", "last active %s–%s ago", "last active exactly %s ago", "last active today"}
	case "start_hour", "end_hour":
		verb := map[string]string{"start_hour": "starts", "end_hour": "ends"}[f.Name]
		p = spanPhrase{verb + " at %s or later", verb + " at %s or earlier", verb + " between %s and %s", verb + " at %s", ""}
		bare = full
	case "pay", "pay_min", "pay_max":
		bare = full
	}
	return p.put(s, bare, full)
}

// quantity writes a number with its unit.
func (english) quantity(f Field, n int) string {
	switch f.Name {
	case "pay", "pay_min", "pay_max":
		return "JPY " + strconv.FormatFloat(float64(n)/100, 'f', -1, 64) + "M"
	case "start_hour", "end_hour":
		return strconv.Itoa(n) + ":00"
	}
	unit := f.UnitEN
	if n == 1 {
		unit = strings.TrimSuffix(unit, "s")
	}
	return commas(n) + unit
}

func (t english) ordinal(f Field, lo, hi int) string {
	if lo == f.Lo && hi == f.Hi {
		return f.EN + ": no requirement"
	}
	switch f.Name {
	case "management":
		return t.management(f, lo, hi)
	case "company_size":
		return t.companySize(f, lo, hi)
	case "remote":
		return [...][3]string{
			{"on site only", "on site or partly remote"},
			{"", "partly remote", "remote at least in part"},
			{"", "", "fully remote"},
		}[lo][hi]
	case "weekly_days_off":
		return [...][4]string{
			{"one or one and a half days off a week", "at most two days off in some weeks", "at most two days off every week"},
			{"", "two days off in some weeks only", "two days off in some or all weeks", "two days off in some weeks or more"},
			{"", "", "two days off every week", "two days off every week or more"},
			{"", "", "", "more than two days off every week"},
		}[lo][hi]
	}
	list := taxonomy.Of(f.Classification)
	name := func(n int) string {
		name := list.Name(strconv.Itoa(n), "en")
		if strings.Contains(name, ", ") {
			return "“" + name + "”"
		}
		return name
	}
	switch {
	case lo == hi:
		return f.EN + ": " + name(lo)
	case hi == f.Hi:
		return f.EN + ": " + name(lo) + " or higher"
	case lo == f.Lo:
		return f.EN + ": " + name(hi) + " or lower"
	}
	return f.EN + ": from " + name(lo) + " to " + name(hi)
}

func (english) management(f Field, lo, hi int) string {
	people := func(n int) string {
		if n == 1 {
			return "1 person"
		}
		return strconv.Itoa(n) + " people"
	}
	most := "team or project lead"
	if hi >= reports && hi < f.Hi {
		most = people(reportsFrom[hi+1]-1) + " managed"
	}
	switch {
	case hi == noManagement:
		return "no management experience"
	case lo == noManagement:
		return "management experience: none or up to " + most
	case hi == teamLead:
		return "management experience: team or project lead without people to appraise"
	case hi == f.Hi && lo == teamLead:
		return "management experience: team or project lead or above"
	case hi == f.Hi:
		return "has managed " + people(reportsFrom[lo]) + " or more"
	case lo == teamLead:
		return "management experience: from team or project lead to " + most
	}
	return fmt.Sprintf("has managed %d–%s", reportsFrom[lo], people(reportsFrom[hi+1]-1))
}

func (english) companySize(f Field, lo, hi int) string {
	switch {
	case hi == f.Hi:
		return commas(headcounts[lo]) + " employees or more"
	case lo == f.Lo:
		return commas(headcounts[hi+1]-1) + " employees or fewer"
	}
	return commas(headcounts[lo]) + "–" + commas(headcounts[hi+1]-1) + " employees"
}

func (english) unstated(f Field) string { return f.EN + ": not stated" }

func (english) flag(f Field, is bool) string {
	if is {
		return f.EN
	}
	return f.NoEN
}

func (english) contains(text string, negated bool) string {
	text = "“" + strings.NewReplacer("“", "‘", "”", "’").Replace(text) + "”"
	if negated {
		return "does not mention " + text
	}
	return "mentions " + text
}
