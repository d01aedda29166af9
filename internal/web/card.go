package web

import (
	"strconv"
	"strings"

	"enishi/internal/candidate"
	"enishi/internal/condition"
	"enishi/internal/day"
	"enishi/internal/market"
	"enishi/internal/taxonomy"
)

// fact is something that a profile says.
type fact struct{ name, text string }

// prefectures is how many there are.
const prefectures = 47

// profileTerms lists what a card says.
func profileTerms(w words, p candidate.Profile, today day.Day) []fact {
	var out []fact
	add := func(name string, held ...candidate.Coded) {
		f, _ := condition.FieldOf(condition.Profiles, name)
		text := ""
		for i, h := range held {
			if i > 0 {
				text += w.Say("、", ", ")
			}
			text += codedText(w, f, h.Code, h.Min)
		}
		out = append(out, fact{w.Say(f.JA, sentenceCase(f.EN)), text})
	}
	add("occupation", p.Occupation...)
	add("industry", p.Industry...)
	add("skill", p.Skill...)
	add("language", p.Language...)
	add("certification", coded(p.Certification)...)
	add("willing_prefecture", coded(p.WillingPrefecture)...)
	if len(p.WillingPrefecture) == prefectures {
		out[len(out)-1].text = w.Say("全国", "Anywhere in Japan")
	}
	add("residence", coded(filled([]string{p.Residence}))...)
	add("employment_status", coded(filled([]string{p.EmploymentStatus}))...)
	number := func(name string, n *int) {
		if n == nil {
			return
		}
		f, _ := condition.FieldOf(condition.Profiles, name)
		text := numberText(w, f, *n)
		if f.Kind == condition.Ordinal {
			text = w.Name(f.Classification, strconv.Itoa(*n))
		}
		out = append(out, fact{w.Say(f.JA, sentenceCase(f.EN)), text})
	}
	number("education", p.Education)
	number("management", p.Management)
	number("experience_years", p.ExperienceYears)
	number("employers", p.Employers)
	number("pay", p.Pay)
	if p.AvailableFrom != nil {
		out = append(out, fact{w.Say("入社可能日", "Available"), availableFrom(w, *p.AvailableFrom, today)})
	}
	if p.RemoteOK != nil {
		text := w.Say("可", "Yes")
		if !*p.RemoteOK {
			text = w.Say("不可", "No")
		}
		out = append(out, fact{w.Say("リモート勤務", "Remote work"), text})
	}
	return out
}

// availableFrom says when somebody can begin, by its day.
func availableFrom(w words, first, today day.Day) string {
	if first <= today {
		return availableText(w, 0)
	}
	return w.Say(w.Date(first)+"から", "From "+w.Date(first))
}

func coded(codes []string) []candidate.Coded {
	out := make([]candidate.Coded, len(codes))
	for i, c := range codes {
		out[i].Code = c
	}
	return out
}

func period(w words, j candidate.Job) string {
	if j.To == nil {
		return w.month(j.From) + w.Say("〜現在", " – now")
	}
	return w.month(j.From) + w.Say("〜", " – ") + w.month(*j.To)
}

func jobText(w words, j candidate.Job) string {
	text := ""
	occupation := named(w, taxonomy.Occupation, j.Occupation)
	role := j.Role
	if item, ok := taxonomy.Of(taxonomy.Occupation).Find(j.Occupation); ok && (role == item.JA || role == item.EN) {
		role = "" // it says nothing more
	}
	for _, part := range []string{j.Employer.Name, occupation, named(w, taxonomy.Industry, j.Industry), role} {
		if part != "" && text != "" {
			text += w.Say("・", ", ")
		}
		text += part
	}
	return text
}

func named(w words, kind taxonomy.Kind, code string) string {
	if code == "" {
		return ""
	}
	return w.Name(kind, code)
}

// ownWords is what somebody wrote themselves, as far as a card shows it.
func ownWords(p candidate.Profile) string {
	all := []string{p.Text}
	for _, j := range p.History {
		all = append(all, j.Role, j.Duties, j.Achievements)
	}
	return strings.Join(filled(all), "\n")
}

// piece is a run of an excerpt.
type piece struct {
	text   string
	marked bool
}

// pieces cuts an excerpt into what was looked for and what is around it.
func pieces(h market.Highlight) []piece {
	var out []piece
	letters, at := []rune(h.Excerpt), 0
	for _, run := range h.Ranges {
		from, to := min(max(run.From, at), len(letters)), min(run.To, len(letters))
		if from >= to {
			continue
		}
		out = append(out, piece{string(letters[at:from]), false}, piece{string(letters[from:to]), true})
		at = to
	}
	return append(out, piece{string(letters[at:]), false})
}
