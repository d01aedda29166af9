package web_test

import (
	"html"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"enishi/internal/candidate"
	"enishi/internal/condition"
	"enishi/internal/market"
)

// mixed registers people who differ in all that the form counts.
func (s *site) mixed(r *rand.Rand, n int) {
	s.Helper()
	steps := []int{0, 1, 3, 5, 7, 10, 15}
	some := func(codes []string, levels []int) []candidate.Coded {
		var out []candidate.Coded
		for _, code := range codes {
			if r.IntN(2) == 0 {
				out = append(out, candidate.Coded{Code: code, Min: levels[r.IntN(len(levels))]})
			}
		}
		return out
	}
	for i := range n {
		education, management, remote := r.IntN(6), r.IntN(6), r.IntN(2) == 0
		p := candidate.Profile{
			Occupation: some([]string{"0312", "0313", "0311"}, steps), Skill: some([]string{"go", "sql", "java"}, []int{1, 2, 3, 4, 5}),
			Language: some([]string{"en", "zh"}, []int{1, 2, 3, 4, 5, 6}), Residence: []string{"13", "14", "27"}[r.IntN(3)],
			WillingPrefecture: []string{"13"}, Education: &education, Management: &management, RemoteOK: &remote,
		}
		_, err := s.market.SignUp(s.Context(), market.SignUp{
			Email: "m" + strconv.Itoa(i) + "@example.jp", Profile: p, Wishes: condition.Always(),
		}, market.Once{})
		s.must(err)
	}
}

var (
	offeredChoices = regexp.MustCompile(`<input type="(checkbox|radio)" id="[^"]*" name="([^"]+)" value="([^"]+)"[^>]*> ?<span>[^<]*</span> ?<span class="count[^"]*">([\d,]+)</span>`)
	offeredLevels  = regexp.MustCompile(`<option value="(\d+)"[^>]*>[^<]*：([\d,]+)人</option>`)
	levelMenus     = regexp.MustCompile(`(?s)<select name="([^"]+\.min)".*?</select>`)
	searchTotal    = regexp.MustCompile(`<h1 id="total"[^>]*>([\d,]+)人`)
)

// click is a choice of the form and the number beside it.
type click struct {
	name, value string
	count       int
}

// clicks gives every choice that a page shows with a number.
func (s *site) clicks(body string) []click {
	s.Helper()
	number := func(text string) int {
		n, err := strconv.Atoi(strings.ReplaceAll(text, ",", ""))
		s.must(err)
		return n
	}
	var out []click
	for _, m := range offeredChoices.FindAllStringSubmatch(body, -1) {
		out = append(out, click{m[2], html.UnescapeString(m[3]), number(m[4])})
	}
	for _, one := range levelMenus.FindAllStringSubmatch(body, -1) {
		for _, m := range offeredLevels.FindAllStringSubmatch(one[0], -1) {
			out = append(out, click{one[1], m[1], number(m[2])})
		}
	}
	return out
}

// TestCountsAreWhatAClickGives asks random conditions, levels without a code and two
// clauses of a field among them, and expects of every choice shown that choosing it in
// place of what is chosen there gives the number beside it.
func TestCountsAreWhatAClickGives(t *testing.T) {
	if testing.Short() {
		t.Skip("one request follows another here, and the race detector finds nothing")
	}
	s := newSite(t)
	s.employer()
	r := rand.New(rand.NewPCG(7, 7))
	s.mixed(r, 60)
	parts := [][2]string{
		{"skill", "go"},
		{"skill.min", "4"},
		{"skill.min", "3"},
		{"skill.2", "sql"},
		{"skill.2.min", "2"},
		{"occupation.min", "5"},
		{"occupation", "0312"},
		{"language", "en"},
		{"language.min", "5"},
		{"residence", "13"},
		{"residence", "14"},
		{"education.min", "3"},
		{"remote_ok", "true"},
		{"management.min", "2"},
		{"condition", `{"any":[{"field":"skill","in":["java"]},{"field":"skill","in":["sql"],"min":4}]}`},
		{"condition", `{"not":{"field":"language","in":["zh"],"min":3}}`},
		{"more", "skill"},
		{"all", "occupation"},
	}
	checked, level := 0, 0
	for range 40 {
		v := url.Values{}
		for _, i := range r.Perm(len(parts))[:1+r.IntN(4)] {
			if name := parts[i][0]; !v.Has(name) || name == "residence" {
				v.Add(name, parts[i][1])
			}
		}
		p := s.get("/company/candidates?" + v.Encode())
		list := s.clicks(p.body)
		r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		form := fieldsOf(t, p.body, "search")
		for _, c := range list[:min(len(list), 25)] {
			then := maps.Clone(form)
			then[c.name] = []string{c.value}
			found := searchTotal.FindStringSubmatch(s.get("/company/candidates?" + then.Encode()).body)
			if found == nil {
				t.Fatalf("%s: no total", then.Encode())
			}
			if n, _ := strconv.Atoi(found[1]); n != c.count {
				t.Errorf("%s: %d beside %s=%s, %d after choosing it", v.Encode(), c.count, c.name, c.value, n)
			}
			checked++
			if strings.HasSuffix(c.name, ".min") && slices.Contains([]string{"skill.min", "occupation.min", "language.min", "skill.2.min"}, c.name) {
				level++
			}
		}
	}
	if checked < 500 || level < 20 {
		t.Errorf("%d choices checked, %d of them levels: too few", checked, level)
	}
	s.holds(s.get("/company/rules/new?skill=go&skill.min=4"), http.StatusOK, "それだけを選んだとき")
}
