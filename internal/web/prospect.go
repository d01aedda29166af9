package web

import (
	"strconv"
	"strings"

	"enishi/internal/condition"
	"enishi/internal/market"
)

// reachText says a reach alone.
func reachText(w words, reach market.Reach) string {
	switch {
	case reach.Under > 0:
		return w.Say(grouped(reach.Under)+"件未満", "fewer than "+grouped(reach.Under))
	case reach.AtLeast == 0:
		return w.Say("0件", "0")
	}
	return w.Say(grouped(reach.AtLeast)+"件以上", grouped(reach.AtLeast)+" or more")
}

// prospectTitle says what an editor's content would reach.
func prospectTitle(w words, reach market.Reach, of editor) string {
	if reach.Under == 0 && reach.AtLeast == 0 {
		if of == ofWishes {
			return w.Say("この希望条件に合うオファーは、いまありません", "No offer meets these wishes now")
		}
		return w.Say("この経歴に合うオファー条件は、いまありません", "No offer's terms are met by this career now")
	}
	text := reachText(w, reach)
	if of == ofWishes {
		return w.Say("この希望条件には"+text+"が合っています", capital(text)+" offers meet these wishes")
	}
	return w.Say("この経歴は"+text+"のオファー条件に合っています", "This career meets the terms of "+text+" offers")
}

// gainText says what would bring more: something of a profile that is asked, or a
// wish that stands in the way.
func gainText(w words, g market.Gain) string {
	if g.Wish {
		return w.Say("希望「"+gainSentence(w, g)+"」をゆるめる", "relax your wish: "+gainSentence(w, g))
	}
	return w.Say("「"+gainSentence(w, g)+"」に当てはまる", "meet: "+gainSentence(w, g))
}

// mostNamed is how many codes a gain names before it only counts them.
const mostNamed = 5

// gainSentence says a gain's condition to stand in quotes: those in it become inner ones,
// and a long list is only counted.
func gainSentence(w words, g market.Gain) string {
	subject := condition.Profiles
	if g.Wish {
		subject = condition.Positions
	}
	c := g.Condition
	if c.Op == condition.Any && len(c.Kids) > 0 {
		parts := make([]string, len(c.Kids))
		for i, kid := range c.Kids {
			parts[i] = gainSentence(w, market.Gain{Wish: g.Wish, Condition: kid})
		}
		return strings.Join(parts, w.Say("、または", ", or "))
	}
	if n := len(c.In); n > mostNamed && c.Min == nil {
		f, _ := condition.FieldOf(subject, c.Field)
		first := w.Name(f.Classification, c.In[0])
		return w.Say(f.JA+"が"+first+"など"+strconv.Itoa(n)+"のうちのどれか", f.EN+": "+first+" or one of "+strconv.Itoa(n-1)+" others")
	}
	return innerQuotes(c.Sentence(subject, w.Code()))
}

// gainMore says how many more that brings.
func gainMore(w words, more market.Reach) string {
	if more.Under > 0 {
		return w.Say("+1〜4件", "+1–4")
	}
	return w.Say("+"+grouped(more.AtLeast)+"件以上", "+"+grouped(more.AtLeast)+" or more")
}

// gainLink leads to the field where it can be changed.
func gainLink(g market.Gain) string {
	if g.Wish {
		return "/wishes#" + wishAnchor(g.Condition.Field)
	}
	return "/profile#" + profileAnchor(g.Condition.Field)
}

// profileAnchor is the place of a condition's field in the profile's editor.
func profileAnchor(field string) string {
	switch field {
	case "available_in_days":
		return "available_from"
	case "last_active_days", "":
		return "main"
	}
	return field
}

// wishAnchor is the place of a condition's field in the wishes' editor.
func wishAnchor(field string) string {
	if field == "" {
		return "main"
	}
	return field
}

// innerQuotes gives a text as it stands between quotes: those in it are inner ones.
func innerQuotes(text string) string {
	return strings.NewReplacer("「", "『", "」", "』").Replace(text)
}
