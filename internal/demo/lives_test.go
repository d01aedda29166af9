package demo

import (
	"slices"
	"strings"
	"testing"
	"unicode"

	"enishi/internal/corpnum"
	"enishi/internal/taxonomy"
)

// Whoever is in an occupation that takes a licence was old and schooled enough
// for it when each of their jobs in it began, and holds it.
func TestNobodyWorksBeforeTheirLicence(t *testing.T) {
	w := crowded(t)
	byCode := map[string]*occupation{}
	for i := range w.occupations {
		byCode[w.occupations[i].code] = &w.occupations[i]
	}
	jobs, seen := 0, map[string]bool{}
	for i, p := range w.persons {
		for _, j := range p.profile.History {
			o := byCode[j.Occupation]
			if j.From < april(p.born, endOfSchool[p.education]) {
				t.Fatalf("person %d: a job begins in %s, before school ended in %s", i, j.From, april(p.born, endOfSchool[p.education]))
			}
			if o.licence.age == 0 {
				continue
			}
			jobs++
			seen[o.code] = true
			if j.From < april(p.born, o.licence.age) {
				t.Fatalf("person %d, born in %s: a job as %s begins in %s, before the age of %d", i, p.born, o.name, j.From, o.licence.age)
			}
			if o.required != "" && o != p.occupation && o.required != p.occupation.required {
				t.Fatalf("person %d: a %s has been a %s, which takes another licence", i, p.occupation.name, o.name)
			}
		}
		if p.education < p.occupation.licence.education {
			t.Fatalf("person %d: a %s of education %d", i, p.occupation.name, p.education)
		}
		for _, code := range p.profile.Certification {
			if !w.mayHold(p, code) {
				t.Fatalf("person %d, born in %s, education %d: holds %s", i, p.born, p.education, code)
			}
			if before := w.licences[code].after; before != "" && !slices.Contains(p.profile.Certification, before) {
				t.Fatalf("person %d: holds %s without %s", i, code, before)
			}
		}
		if need := p.occupation.required; need != "" && !slices.Contains(p.profile.Certification, need) {
			t.Fatalf("person %d: a %s without %s", i, p.occupation.name, need)
		}
		if p.age < youngest || p.age != int(p.joins.Month()-p.born)/12 {
			t.Fatalf("person %d: %d years old, born in %s, joins in %s", i, p.age, p.born, p.joins.Month())
		}
	}
	if jobs < 5000 || len(seen) < 50 {
		t.Errorf("only %d jobs in %d occupations that take a licence or an age", jobs, len(seen))
	}
}

// What a licence asks of school can be had at its least age, and a licence that
// comes after another not before it.
func TestLicencesCanBeHeld(t *testing.T) {
	tables, err := loadTables()
	if err != nil {
		t.Fatal(err)
	}
	for code, l := range tables.licences {
		if l.age < endOfSchool[l.education] {
			t.Errorf("%s: %d years old with an education that ends at %d", code, l.age, endOfSchool[l.education])
		}
		before := tables.licences[l.after]
		if before.age > l.age || before.education > l.education {
			t.Errorf("%s takes less than %s, which comes before it", code, l.after)
		}
		if _, ok := tables.licences[l.after]; l.after != "" && !ok {
			t.Errorf("%s comes after %s, which is not there", code, l.after)
		}
	}
	if len(tables.licences) < 50 {
		t.Errorf("%d licences", len(tables.licences))
	}
}

// Whoever is employed has a present job, in their occupation; what they did
// before is its kin, or what leads to it.
func TestHistoriesHoldTogether(t *testing.T) {
	w := crowded(t)
	employed, moved := 0, 0
	for i, p := range w.persons {
		jobs := p.profile.History
		switch p.status {
		case "student":
			if len(jobs) > 0 || p.profile.Pay != nil || p.age > 23 {
				t.Fatalf("person %d: a student of %d with %d jobs", i, p.age, len(jobs))
			}
		case "employed", "leaving":
			employed++
			if len(jobs) == 0 || jobs[0].To != nil || jobs[0].Occupation != p.occupation.code {
				t.Fatalf("person %d: %s as %s with the jobs %+v", i, p.status, p.occupation.name, jobs)
			}
		}
		for k, j := range jobs {
			if j.To != nil && *j.To < j.From || k > 0 && (j.To == nil || *j.To >= jobs[k-1].From) {
				t.Fatalf("person %d: jobs overlap or end before they begin: %+v", i, jobs)
			}
			if j.Occupation == p.occupation.code {
				continue
			}
			moved++
			if !slices.Contains(w.kin[p.occupation], j.Occupation) && p.occupation.census.Major != posts {
				t.Fatalf("person %d: a %s was in %s before", i, p.occupation.name, j.Occupation)
			}
			if !strings.HasPrefix(j.Occupation, p.occupation.group) {
				t.Fatalf("person %d: a %s was in the group of %s before", i, p.occupation.name, j.Occupation)
			}
		}
	}
	if employed < 40_000 || moved < 5_000 {
		t.Errorf("%d employed, %d jobs in another occupation", employed, moved)
	}
}

// beside are the trades whose work one also does in a group of occupations.
var beside = map[string][]string{
	"02": {"05"}, "04": {"02", "03"}, "05": {"02"}, "10": {"03", "04", "11", "12"}, "11": {"10", "15"}, "12": {"10", "11"},
	"13": {"11", "12"}, "14": {"15", "11"}, "15": {"14", "11"}, "07": {"09"}, "08": {"07", "09"}, "09": {"07"},
}

// At least 90 percent of what people can do belongs, in the taxonomy, to the
// group of their occupation, to one beside it, or to the office, which every
// trade has.
func TestSkillsFitTheOccupation(t *testing.T) {
	w := crowded(t)
	fits, own, all := 0, 0, 0
	for _, p := range w.persons {
		if len(p.profile.Skill) == 0 {
			t.Fatalf("a %s without skills", p.occupation.name)
		}
		group := p.occupation.group
		for _, s := range p.profile.Skill {
			item, ok := taxonomy.Of(taxonomy.Skill).Find(s.Code)
			if !ok {
				t.Fatalf("unknown skill %q", s.Code)
			}
			all++
			home := strings.TrimPrefix(item.Parent, "g")
			if home == group {
				own++
			}
			if home == group || home == "01" || slices.Contains(beside[group], home) {
				fits++
			}
		}
	}
	t.Logf("of %d skills %d %% are of the occupation's group, %d %% fit it", all, 100*own/all, 100*fits/all)
	if 100*fits < 90*all || 100*own < 60*all {
		t.Errorf("of %d skills %d are of the occupation's group and %d fit it, want 60 and 90 %%", all, own, fits)
	}
}

// What people wish is what surveys of job seekers name first: pay, place, time
// off, and remote work where there is any.
func TestWishesAreThoseOfPeople(t *testing.T) {
	w := crowded(t)
	counts, desk := map[string]int{}, 0
	for _, p := range w.persons {
		named := map[string]bool{}
		for _, k := range p.wish.condition(p).Kids {
			named[k.Field] = true
			for _, leaf := range k.Kids { // a place, or fully remote
				named[leaf.Field] = true
			}
		}
		if p.occupation.remote >= 50 {
			desk++
			if named["remote"] {
				counts["remote, where half of the jobs allow it"]++
			}
		} else if named["remote"] {
			counts["remote elsewhere"]++
		}
		for name := range named {
			counts[name]++
		}
		if named["pay_min"] || named["pay_max"] {
			counts["pay"]++
		}
		if len(p.profile.WillingPrefecture) == len(w.prefectures) {
			counts["anywhere"]++
		}
		if !slices.Contains(p.profile.WillingPrefecture, w.prefectures[p.home].code) {
			t.Fatalf("a person of %s would not work there", w.prefectures[p.home].name)
		}
	}
	for _, want := range []struct {
		what   string
		of     int
		lo, hi int // per cent
	}{
		{"pay", len(w.persons), 60, 95},
		{"prefecture", len(w.persons), 99, 100},
		{"anywhere", len(w.persons), 1, 6},
		{"occupation", len(w.persons), 60, 95},
		{"holidays_per_year", len(w.persons), 15, 45},
		{"overtime_hours", len(w.persons), 15, 45},
		{"employment_type", len(w.persons), 60, 90},
		{"remote, where half of the jobs allow it", desk, 25, 80},
		{"remote elsewhere", len(w.persons) - desk, 1, 20},
		{"smoke_free", len(w.persons), 2, 15},
	} {
		if share := 100 * float64(counts[want.what]) / float64(want.of); share < float64(want.lo) || share > float64(want.hi) {
			t.Errorf("%s: %.1f %% of %d people name it, want %d to %d", want.what, share, want.of, want.lo, want.hi)
		}
	}
}

// Names are Japanese, fit the age, and repeat no more than a small town's do.
func TestNamesAreJapanese(t *testing.T) {
	w := small(t, 5000, 50, 50)
	full, families, kana := map[string]int{}, map[string]int{}, 0
	for _, p := range w.persons {
		family, given, ok := strings.Cut(p.profile.Name, " ")
		if !ok || !written(family, unicode.Han) || !written(given, unicode.Han, unicode.Hiragana) {
			t.Fatalf("%q is no Japanese name", p.profile.Name)
		}
		if !written(given, unicode.Han) {
			kana++
		}
		if !slices.Contains(w.given[generation(p.age)], given) {
			t.Fatalf("%s is %d years old", p.profile.Name, p.age)
		}
		full[p.profile.Name]++
		families[family]++
	}
	alone := 0
	for name, n := range full {
		if n > 5 {
			t.Errorf("%d of %d people are called %s", n, len(w.persons), name)
		}
		if n == 1 {
			alone++
		}
	}
	if share := 100 * alone / len(w.persons); share < 85 {
		t.Errorf("%d %% of the people have a name of their own, want 85", share)
	}
	for name, n := range families {
		if 100*n > 2*len(w.persons) { // the most common one of Japan is 1.5 percent
			t.Errorf("%d of %d people belong to the family %s", n, len(w.persons), name)
		}
	}
	if 100*kana > 10*len(w.persons) {
		t.Errorf("%d of %d given names are in kana", kana, len(w.persons))
	}
	for g, list := range w.given {
		if len(list) < 60 {
			t.Errorf("only %d names of generation %d", len(list), g+1)
		}
	}
}

func written(name string, in ...*unicode.RangeTable) bool {
	for _, r := range name {
		if !unicode.In(r, in...) && r != '々' {
			return false
		}
	}
	return name != ""
}

// Companies are invented: their corporate numbers are well formed and of no
// registry office, and no two share one or a name.
func TestCompaniesAreInvented(t *testing.T) {
	w := small(t, 100, 2000, 50)
	names, numbers := map[string]bool{}, map[corpnum.Number]bool{}
	for _, f := range w.firms {
		if n, err := corpnum.Parse(f.Number.String()); err != nil || n != f.Number {
			t.Fatalf("%s has the number %s: %v", f.Name, f.Number, err)
		}
		if base := f.Number.String()[1:]; !strings.HasPrefix(base, "99") {
			t.Fatalf("%s has the number %s, whose base %s a registry office could give", f.Name, f.Number, base)
		}
		if names[f.Name] || numbers[f.Number] {
			t.Fatalf("%s or its number stands twice", f.Name)
		}
		names[f.Name], numbers[f.Number] = true, true
	}
	for _, f := range w.firms {
		if !numbers[f.Head] {
			t.Errorf("%s belongs to the group of %s, which is not there", f.Name, f.Head)
		}
	}
	for _, p := range w.persons {
		for _, e := range p.employers {
			if !numbers[e.Number] {
				t.Errorf("an employer %s is not there", e.Number)
			}
		}
	}
}
