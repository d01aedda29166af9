package web

import (
	"slices"
	"strconv"
	"strings"

	"enishi/internal/condition"
	"enishi/internal/position"
	"enishi/internal/taxonomy"
)

// moreTerms names what the terms of a job say beside the items of the law, in the
// order of the fields of conditions.
func moreTerms(w words, t *position.Terms) []legalItem {
	r := t.Record(position.Offered{})
	var out []legalItem
	for _, f := range condition.Fields(condition.Positions) {
		n, numbered := r.Numbers[f.Name]
		is, flagged := r.Flags[f.Name]
		item := legalItem{name: w.Say(f.JA, capital(f.EN))}
		switch {
		case f.Name == "pay_min" || f.Name == "pay_max" || f.Name == "company_size": // said elsewhere, or not of the terms
			continue
		case f.Kind == condition.Number && numbered:
			item.text = strconv.Itoa(n) + w.Say(f.UnitJA, f.UnitEN)
		case f.Kind == condition.Ordinal && numbered:
			item.text = w.Name(f.Classification, strconv.Itoa(n))
		case f.Kind == condition.Flag && flagged && is:
			item.text = w.Say("はい", "yes")
		case f.Kind == condition.Flag && flagged:
			item.text = w.Say("いいえ", "no")
		case f.Name == "industry" && t.Industry != "":
			item.text = w.Name(taxonomy.Industry, t.Industry)
		default:
			continue
		}
		out = append(out, item)
	}
	return out
}

// termsAtOnce names the same for a page of one offer: what is yes or no stands in one line.
func termsAtOnce(w words, t *position.Terms) []legalItem {
	flags := t.Record(position.Offered{}).Flags
	out := moreTerms(w, t)
	var ways []string
	for _, f := range condition.Fields(condition.Positions) {
		is, said := flags[f.Name]
		if f.Kind != condition.Flag || !said {
			continue
		}
		name := w.Say(f.JA, capital(f.EN))
		out = slices.DeleteFunc(out, func(i legalItem) bool { return i.name == name })
		if is {
			ways = append(ways, w.Say(f.JA, f.EN))
		} else {
			ways = append(ways, w.Say(f.NoJA, f.NoEN))
		}
	}
	return append(out, legalItem{w.Say("働き方", "Ways of working"), strings.Join(ways, w.Say("、", ", "))})
}
