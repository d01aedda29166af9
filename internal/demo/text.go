package demo

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"enishi/internal/table"
	"enishi/internal/taxonomy"
)

// trade is work about which the same can be said: the occupations in it share
// their texts.
type trade struct {
	name  string
	night int                 // of 100 positions with shifts, those around the clock
	codes []string            // occupations
	text  map[string][]string // sentences by section
}

// loadTrades reads the trades, by the code of each occupation in them.
var loadTrades = sync.OnceValues(func() (map[string]*trade, error) {
	byName, byCode := map[string]*trade{}, map[string]*trade{}
	err := table.Each(files, "tables/trade.tsv", 3, func(f []string) error {
		t, ok := byName[f[0]]
		if !ok {
			t = &trade{name: f[0], text: map[string][]string{}}
			byName[f[0]] = t
		}
		switch f[1] {
		case "codes":
			for _, code := range strings.Split(f[2], ",") {
				if byCode[code] != nil {
					return fmt.Errorf("occupation %s is in %s and %s", code, byCode[code].name, t.name)
				}
				byCode[code], t.codes = t, append(t.codes, code)
			}
		case "night":
			var err error
			if t.night, err = strconv.Atoi(f[2]); err != nil {
				return fmt.Errorf("night: %w", err)
			}
		default:
			t.text[f[1]] = append(t.text[f[1]], strings.Split(f[2], "|")...)
		}
		return nil
	})
	return byCode, err
})

// deck deals the templates of a section, of those that are true of a job the
// one dealt least, so that no sentence crowds the market.
type deck struct {
	parts []part
	dealt []int // by part
}

// part is a template and the facts without which it is not true, written in
// brackets before it: [shift,home].
type part struct {
	text  string
	needs []string
}

func newDeck(texts []string) *deck {
	k := &deck{dealt: make([]int, len(texts))}
	for _, s := range texts {
		p := part{text: s}
		if inside, rest, ok := strings.Cut(strings.TrimPrefix(s, "["), "]"); ok && s[0] == '[' {
			p.needs, p.text = strings.Split(inside, ","), rest
		}
		k.parts = append(k.parts, p)
	}
	return k
}

func (k *deck) deal(d draw, facts map[string]bool) string {
	var best []int
	for i, p := range k.parts {
		if slices.ContainsFunc(p.needs, func(n string) bool { return !facts[n] }) {
			continue
		}
		if len(best) > 0 && k.dealt[i] > k.dealt[best[0]] {
			continue
		}
		if len(best) > 0 && k.dealt[i] < k.dealt[best[0]] {
			best = best[:0]
		}
		best = append(best, i)
	}
	at := pick(d, best)
	k.dealt[at]++
	return k.parts[at].text
}

// writer writes the texts of positions.
type writer struct {
	*world
	draw
	decks map[string]*deck
}

func (w *world) writer() *writer {
	return &writer{world: w, draw: newDraw(w.options.Seed, streamPositions), decks: map[string]*deck{}}
}

// deal gives a template of a section that is true of a job: the section of its
// trade if there is one of the name, or everybody's.
func (x *writer) deal(section string, of *trade, facts map[string]bool) string {
	texts, name := x.text[section], section
	if of != nil {
		texts, name = of.text[section], of.name+"/"+section
	}
	k, ok := x.decks[name]
	if !ok {
		k = newDeck(texts)
		x.decks[name] = k
	}
	return k.deal(x.draw, facts)
}

// facts are what templates can ask of a job.
func (j *job) facts() map[string]bool {
	t := &j.terms
	return map[string]bool{
		"shift": *t.ShiftWork, "fixedhours": !*t.ShiftWork && !*t.Flextime && !*t.DiscretionaryWork, "day": !*t.ShiftWork,
		"night": j.night, "nonight": !j.night, "flex": *t.Flextime,
		"overtime": *t.OvertimeHours >= 5, "no-overtime": *t.OvertimeHours == 0 && !*t.DiscretionaryWork, "little-overtime": *t.OvertimeHours <= 10 && !*t.DiscretionaryWork,
		"home": *t.Remote > 0, "full-home": *t.Remote == 2, "site": *t.Remote == 0,
		"h120": *t.HolidaysPerYear >= 120, "weekends": *t.WeeklyDaysOff >= 2,
		"side": *t.SideJobOK, "stay": !*t.Relocation, "smokefree": *t.SmokeFree, "child": *t.Childcare,
		"one": len(t.Prefecture) == 1 && !*t.Relocation, "sites": len(t.Prefecture) > 1,
		"casual": j.kind == "casual", "interview": j.kind == "interview",
		"permanent": t.EmploymentType == "seishain", "term": t.EmploymentType != "seishain",
		"bonus": j.bonus >= 2, "many": j.firm.Size >= manySites, "few": j.firm.Size <= 1, "open": j.like.occupation.required == "", "senior": float64(*t.PayMin) > j.like.occupation.census.AnnualAt(usualMost),
	}
}

// sections of a position's text, in order; each has a sentence of the trade and
// one that is true anywhere.
var sections = []struct{ heading, name string }{{"【チーム】", "team"}, {"【働き方】", "day"}, {"【身につくこと】", "growth"}}

// write gives the job its title, its text and the items of the law.
func (x *writer) write(j *job) {
	o, t, facts := j.like.occupation, &j.terms, j.facts()
	duties := slices.Clone(o.duties)
	others := duties[1:] // the first is what the work is known for, and is named first or second
	x.Shuffle(len(others), func(i, k int) { others[i], others[k] = others[k], others[i] })
	title := x.title(o)
	role, _, _ := strings.Cut(title, "（")
	fill := x.fill(j, role, duties)
	lead := x.deal("lead", nil, facts)
	if len(duties) > 2 {
		lead += x.deal("next", nil, facts)
	}
	lines := []string{"【仕事内容】", lead}
	for _, s := range sections {
		lines = append(lines, s.heading, x.deal(s.name, x.trades[o.code], facts)+x.deal(s.name+"/all", nil, facts))
	}
	lines = append(lines, "【歓迎】", x.deal("welcome", nil, facts))
	t.Text = fill.Replace(strings.Join(lines, "\n"))
	t.Title = title + "｜" + fill.Replace(x.deal("feature", nil, facts))
	t.Legal = x.legal(j, role)
}

// title gives a name by which an occupation is advertised.
func (x *writer) title(o *occupation) string {
	if names := x.text["title/"+o.code]; len(names) > 0 {
		return pick(x.draw, names)
	}
	return o.name
}

// fill gives what the places of a template are filled with. A small company
// has few people in a team.
func (x *writer) fill(j *job, role string, duties []string) *strings.Replacer {
	crew, hands := x.between(8, 40), x.between(3, 9)
	switch j.firm.Size {
	case 0:
		crew, hands = x.between(5, 8), x.between(2, 4)
	case 1:
		crew, hands = x.between(8, 20), x.between(3, 6)
	}
	first, second := duties[0], duties[1]
	if x.in(40) {
		first, second = second, first
	}
	names := taxonomy.Of(taxonomy.Skill)
	return strings.NewReplacer(
		"{a}", first, "{b}", second, "{x}", duties[0], "{y}", duties[1], "{c}", duties[len(duties)-1],
		"{w}", role, "{pl}", x.prefectures[j.like.home].name, "{s}", names.Name(pick(x.draw, j.like.occupation.skills), "ja"),
		"{o}", fmt.Sprint(*j.terms.OvertimeHours), "{h}", fmt.Sprint(*j.terms.HolidaysPerYear),
		"{n}", fmt.Sprint(hands), "{m}", fmt.Sprint(crew), "{k}", fmt.Sprint(x.between(2, 3)), "{in}", j.firm.joining(), "{co}", j.firm.noun(),
	)
}

// noun is what a company calls itself.
func (f *firm) noun() string {
	switch {
	case f.public() && !strings.HasSuffix(f.Name, "市"):
		return "組織"
	case f.public():
		return "市"
	case strings.Contains(f.Name, "会社"):
		return "会社"
	case strings.Contains(f.Name, "法人"):
		return "法人"
	case strings.HasSuffix(f.Name, "組合"):
		return "組合"
	case strings.HasSuffix(f.Name, "金庫"):
		return "金庫"
	}
	return "会社"
}

// joining is what it calls taking up work there.
func (f *firm) joining() string {
	if f.noun() == "会社" {
		return "入社"
	}
	return "入職"
}
