package web

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"enishi/internal/account"
	"enishi/internal/candidate"
	"enishi/internal/condition"
	"enishi/internal/day"
	"enishi/internal/errs"
	"enishi/internal/httpx"
	"enishi/internal/market"
	"enishi/internal/taxonomy"
)

// hitsShown is how many candidates a page of a search shows.
const hitsShown = 20

// nearShown is how many of those who miss one condition alone are shown after the last
// hit.
const nearShown = 10

const candidatesPath = "/company/candidates"

func (p *Pages) candidateRoutes() []Route {
	return []Route{
		{Pattern: "GET " + candidatesPath, Who: Members, class: httpx.Search, serve: p.candidates},
		{Pattern: "GET " + candidatesPath + "/{card}", Who: Members, class: httpx.Ordinary, serve: p.candidate},
	}
}

// search is what a company asks, as its address holds it.
type search struct {
	wanted wanted
	form   filterForm
	sort   string
	cursor string
	chosen []string // cards, also of whom the list does not show
}

func readSearch(w words, v url.Values) search {
	s := search{
		wanted: readWanted(w, v, true), cursor: v.Get("cursor"), chosen: chosenCards(v["card"]),
		form: filterForm{all: v["all"], more: v["more"]},
	}
	if v.Get("sort") == string(market.ByPay) {
		s.sort = string(market.ByPay)
	}
	few := v["few"]
	s.form.all = slices.DeleteFunc(s.form.all, func(name string) bool { return slices.Contains(few, name) })
	return s
}

// mostChosen is how many cards can be chosen: as many as a scout goes to.
const mostChosen = 50

// chosenCards gives the cards of an address, each once.
func chosenCards(cards []string) []string {
	once := eachOnce(cards)
	return once[:min(len(once), mostChosen)]
}

// eachOnce gives the cards that are named, in order, each once.
func eachOnce(cards []string) []string {
	var out []string
	for _, card := range filled(cards) {
		if !slices.Contains(out, card) {
			out = append(out, card)
		}
	}
	return out
}

// values gives the address of the first page of what is asked.
func (s search) values() url.Values {
	v := s.wanted.values()
	if s.sort != "" {
		v.Set("sort", s.sort)
	}
	if len(s.form.all) > 0 {
		v["all"] = s.form.all
	}
	return v
}

func (s search) path(v url.Values) string {
	if len(v) == 0 {
		return candidatesPath
	}
	return candidatesPath + "?" + v.Encode()
}

// first is the address of the first page.
func (s search) first() string { return s.path(s.values()) }

// without is the address without one clause.
func (s search) without(i int) string {
	s.wanted = s.wanted.without(i)
	return s.first()
}

// after is the address of the page after a cursor.
func (s search) after(cursor string) string {
	v := s.values()
	v.Set("cursor", cursor)
	return s.path(v)
}

// card is the address of a card, which says how it meets what is asked.
func (s search) card(id string) string {
	v := s.wanted.values()
	if len(v) == 0 {
		return candidatesPath + "/" + id
	}
	return candidatesPath + "/" + id + "?" + v.Encode()
}

// gain is a clause and how many more there are without it.
type gain struct {
	clause string
	people int
	path   string
}

// found is a search's answer as a page shows it.
type found struct {
	search  search
	count   int
	filters []filter
	chips   []chipLink
	gains   []gain
	people  []person
	near    []person // who miss one condition alone
	unseen  []string // cards that are chosen and not listed
	saves   bool     // the reader may keep searches
	opens   bool     // and open cards, and scout
	cursor  string   // of the next page, "": this is the last
	today   day.Day
}

type chipLink struct{ text, remove string }

// candidates answers a search: the whole page, or its part that follows the form.
func (p *Pages) candidates(r *request) error {
	ctx, actor, err := r.needActor()
	if err != nil {
		return err
	}
	s := readSearch(r.words, r.URL.Query())
	if r.URL.Query().Has("scout") {
		r.leave(scoutsPath + "/new?" + url.Values{"card": s.chosen}.Encode())
		return nil
	}
	do := r.URL.Query().Get("do")
	if do != "" {
		s.wanted = s.wanted.combine(r.words, do)
	}
	if !r.partial() && (do != "" || hasEmpty(r.URL.Query())) && s.wanted.lacks == "" && len(s.wanted.others) == 0 && len(s.form.more) == 0 {
		r.see(s.path(s.address()))
		return nil
	}
	in := market.SearchInput{
		Condition: s.wanted.condition(), Facets: facetFields(), Choices: choicesOf(s.form.countings(s.wanted)),
		Sort: market.Sort(s.sort), Limit: hitsShown, Cursor: s.cursor, Near: nearShown,
	}
	result, err := p.market.Search(ctx, actor, in)
	if errs.Is(err, errs.Invalid) && s.cursor != "" { // of another search
		s.cursor, in.Cursor = "", ""
		result, err = p.market.Search(ctx, actor, in)
	}
	if errs.Is(err, errs.Denied) {
		return p.notVerified(r, err)
	}
	if err != nil {
		return err
	}
	f := s.show(r.words, result, p.market.Today())
	f.saves, f.opens = maySave(actor), actor.Role.May(account.OpenCard) == nil
	if !f.opens {
		for _, list := range [][]person{f.people, f.near} {
			for i := range list {
				list[i].path = ""
			}
		}
	}
	status := http.StatusOK
	if len(s.wanted.wrong) > 0 {
		status = http.StatusUnprocessableEntity
	}
	if r.partial() {
		r.w.Header().Set("HX-Push-Url", s.path(f.search.address()))
		return p.part(r, http.StatusOK, titled(r.words, f.title(r.words), searchPart(r.words, f)))
	}
	return p.show(r, status, f.title(r.words), searchPart(r.words, f))
}

// hasEmpty says whether a form without scripts sent fields that say nothing.
func hasEmpty(v url.Values) bool {
	for _, values := range v {
		if slices.Contains(values, "") {
			return true
		}
	}
	return false
}

// address is where the page can be read again.
func (s search) address() url.Values {
	v := s.values()
	if s.cursor != "" {
		v.Set("cursor", s.cursor)
	}
	if len(s.chosen) > 0 {
		v["card"] = s.chosen
	}
	return v
}

func (f found) title(w words) string {
	if len(f.search.wanted.clauses) == 0 && f.count > 0 {
		return w.Say(w.People(f.count)+"から探せます", "Search "+w.People(f.count))
	}
	return w.Say(w.People(f.count)+"が条件に合っています", w.People(f.count)+" meet this")
}

func (s search) show(w words, result market.SearchResult, today day.Day) found {
	f := found{search: s, count: result.Count, today: today, filters: s.form.filters(w, s.wanted, result)}
	for i, c := range s.wanted.clauses {
		f.chips = append(f.chips, chipLink{sentenceCase(say(w, c)), s.without(i)})
	}
	for _, i := range result.Impact {
		at, err := strconv.Atoi(strings.TrimPrefix(i.Clause, "/all/"))
		if err == nil && at < len(s.wanted.clauses) && i.Gain > 0 {
			f.gains = append(f.gains, gain{say(w, s.wanted.clauses[at]), i.Gain, s.without(at)})
		}
	}
	slices.SortStableFunc(f.gains, func(a, b gain) int { return cmp.Compare(b.people, a.people) })
	for _, card := range result.Items {
		f.people = append(f.people, s.person(w, card, "", today))
	}
	for _, near := range result.Near {
		f.near = append(f.near, s.person(w, near.Card, near.Missed, today))
	}
	f.unseen = slices.DeleteFunc(slices.Clone(s.chosen), func(card string) bool {
		return slices.ContainsFunc(slices.Concat(f.people, f.near), func(one person) bool { return one.id == card })
	})
	f.cursor = result.Next
	return f
}

// person is a card as it is listed.
type person struct {
	id, path string // of the card, path "": who reads may not open it
	title    string
	facts    []string
	met      []met
	held     int // of met
	chosen   bool
	fresh    bool // newly found by a saved search

	highlights []market.Highlight
}

// person lists a card. missed is the pointer of a clause that it misses; every other
// is met, as the market says.
func (s search) person(w words, card market.Card, missed string, today day.Day) person {
	one := personOf(w, card, today)
	one.path, one.chosen, one.highlights = s.card(card.ID), slices.Contains(s.chosen, card.ID), card.Highlights
	one.met = explain(w, s.wanted.condition(), recordOf(card, today), func(clause int) (bool, bool) {
		return "/all/"+strconv.Itoa(clause) != missed, true
	})
	one.count()
	return one
}

func personOf(w words, card market.Card, today day.Day) person {
	one := person{id: card.ID, title: headline(w, card.Profile)}
	one.facts = filled([]string{place(w, card.Profile), payFact(w, card.Profile), yearsFact(w, card.Profile), activeText(w, card.LastActiveDays)})
	return one
}

// recordOf reads a card as conditions do.
func recordOf(card market.Card, today day.Day) condition.Record {
	return card.Profile.Record(today, today-day.Day(card.LastActiveDays))
}

func (p *person) count() {
	p.held = 0
	for _, m := range p.met {
		if m.holds {
			p.held++
		}
	}
}

// headline says what somebody has done longest.
func headline(w words, p candidate.Profile) string {
	if len(p.Occupation) == 0 {
		return w.Say("職種の記載なし", "Occupation not stated")
	}
	most := slices.MaxFunc(p.Occupation, func(a, b candidate.Coded) int { return cmp.Compare(a.Min, b.Min) })
	f, _ := condition.FieldOf(condition.Profiles, "occupation")
	return codedText(w, f, most.Code, most.Min)
}

func place(w words, p candidate.Profile) string {
	if p.Residence == "" {
		return ""
	}
	return w.Name(taxonomy.Prefecture, p.Residence)
}

func payFact(w words, p candidate.Profile) string {
	if p.Pay == nil {
		return w.Say("年収の記載なし", "Pay not stated")
	}
	return w.Say("現在", "Now ") + w.Pay(*p.Pay)
}

func yearsFact(w words, p candidate.Profile) string {
	if p.ExperienceYears == nil {
		return ""
	}
	f, _ := condition.FieldOf(condition.Profiles, "experience_years")
	return w.Say("経験", "Experience ") + numberText(w, f, *p.ExperienceYears)
}

func activeText(w words, days int) string {
	switch days {
	case 0:
		return w.Say("今日利用", "Active today")
	case 1:
		return w.Say("昨日利用", "Active yesterday")
	}
	return w.Say(grouped(days)+"日前に利用", "Active "+grouped(days)+" days ago")
}

func availableText(w words, days int) string {
	switch {
	case days <= 0:
		return w.Say("すぐに入社できます", "Available now")
	case days == 1:
		return w.Say("明日から入社できます", "Available tomorrow")
	}
	return w.Say(grouped(days)+"日後から入社できます", "Available in "+grouped(days)+" days")
}

// candidate opens a card, which its owner can see was done.
func (p *Pages) candidate(r *request) error {
	ctx, actor, err := r.needActor()
	if err != nil {
		return err
	}
	card, err := p.market.OpenCard(ctx, actor, r.PathValue("card"))
	if err != nil {
		return err
	}
	s, today := readSearch(r.words, r.URL.Query()), p.market.Today()
	one := personOf(r.words, card, today)
	record := recordOf(card, today)
	record.Text = condition.FoldText(ownWords(card.Profile))
	one.met = explain(r.words, s.wanted.condition(), record, nil)
	one.count()
	title := one.title
	if card.Profile.Name != "" {
		title = card.Profile.Name
	}
	return p.show(r, http.StatusOK, title, cardPage(r.words, title, card, one, s, today))
}

// formState is what a form carries of how it is shown.
func formState(f filterForm) url.Values {
	v := url.Values{}
	if len(f.all) > 0 {
		v["all"] = f.all
	}
	if len(f.more) > 0 {
		v["more"] = f.more
	}
	return v
}
