package web

import (
	"net/http"
	"slices"

	"github.com/google/uuid"

	"enishi/internal/condition"
	"enishi/internal/errs"
	"enishi/internal/market"
	"enishi/internal/taxonomy"
)

// The bounds of a comparison: more columns than that nobody reads.
const (
	leastCompared = 2
	mostCompared  = 3
)

// compared are offers side by side, a row for whatever one of them says.
type compared struct {
	offers  []market.Delivered
	rows    []comparedRow
	asked   int // how many were chosen
	reasons map[uuid.UUID]market.Reasons
}

type comparedRow struct {
	name   string
	texts  []string // of each offer; "" if it does not say
	differ bool
	short  bool // a figure or a day, which stays on one line
}

// compare shows two or three offers side by side; one that is not there, or is not
// theirs, is not found.
func (p *Pages) compare(r *request) error {
	ctx, actor, err := r.needActor()
	if err != nil {
		return err
	}
	var ids []uuid.UUID
	for _, text := range r.URL.Query()["id"] {
		id, err := uuid.Parse(text)
		if err != nil {
			return errs.New(errs.NotFound, "no such offer")
		}
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	c := compared{asked: len(ids)}
	if c.asked >= leastCompared {
		if c.offers, err = p.market.OffersOf(ctx, actor, ids[:min(len(ids), mostCompared)]...); err != nil {
			return err
		}
		if c.reasons, err = p.reasons(ctx, actor, c.offers); err != nil {
			return err
		}
		c.rows = comparedRows(r.words, c.offers)
		r.wide = true // so many columns have no room where one has
	}
	return p.show(r, http.StatusOK, compareTitle(r.words, &c), comparePage(r.words, p.market.Today(), &c))
}

func compareTitle(w words, c *compared) string {
	if len(c.offers) == 0 {
		return w.Say("比べるオファーを2〜3件選んでください", "Choose two or three offers to compare")
	}
	differ := 0
	for _, row := range c.rows {
		if row.differ {
			differ++
		}
	}
	n, of := grouped(len(c.offers)), grouped(differ)
	return w.Say(n+"件のオファーは、"+of+"項目で条件が違います", n+" offers, which differ in "+of+" "+plural(differ, "item"))
}

// comparedRows gives what the terms say: first what decides, then the rest in the
// order of the fields of conditions, then the items of the law.
func comparedRows(w words, list []market.Delivered) []comparedRow {
	var rows []comparedRow
	short := []string{w.Say("年収", "Annual pay"), w.Say("回答期限", "Answer by")}
	add := func(name string, of func(*market.Delivered) string) {
		row := comparedRow{name: name, short: slices.Contains(short, name)}
		for i := range list {
			text := of(&list[i])
			row.differ = row.differ || i > 0 && text != row.texts[0]
			row.texts = append(row.texts, text)
		}
		if row.differ || row.texts[0] != "" {
			rows = append(rows, row)
		}
	}
	add(short[0], func(d *market.Delivered) string { return w.PayRange(d.Terms.PayMin, d.Terms.PayMax) })
	add(w.Say("種類", "Kind"), func(d *market.Delivered) string { return w.Name(taxonomy.OfferKind, d.Kind) })
	add(short[1], func(d *market.Delivered) string { return w.Date(d.ExpiresOn) })
	add(w.Say("勤務地", "Place"), func(d *market.Delivered) string { return w.Names(taxonomy.Prefecture, d.Terms.Prefecture) })
	add(w.Say("職種", "Occupation"), func(d *market.Delivered) string { return named(w, taxonomy.Occupation, d.Terms.Occupation) })
	add(w.Say("雇用形態", "Employment"), func(d *market.Delivered) string { return named(w, taxonomy.EmploymentType, d.Terms.EmploymentType) })
	for _, f := range condition.Fields(condition.Positions) {
		name := w.Say(f.JA, capital(f.EN))
		add(name, func(d *market.Delivered) string { return textOf(moreTerms(w, &d.Terms), name) })
	}
	for _, item := range legalItems(w, &list[0].Terms.Legal) {
		add(item.name, func(d *market.Delivered) string { return textOf(legalItems(w, &d.Terms.Legal), item.name) })
	}
	return rows
}

// textOf gives what is said under a name, "" if nothing is.
func textOf(items []legalItem, name string) string {
	for _, item := range items {
		if item.name == name {
			return item.text
		}
	}
	return ""
}
