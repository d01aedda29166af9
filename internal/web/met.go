package web

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"enishi/internal/condition"
)

// met is a clause of what is asked, and how somebody meets it. A group of conditions is
// one: of several of which any is enough, the others are not missed.
type met struct {
	asked string
	holds bool
	value string // what they have, "" if nothing is known
}

// explain says of each clause of what is asked whether a record meets it. text says it
// of the nth clause where that asks for a text, and whether it is known: a list does not
// hold the text; nil: the record does.
func explain(w words, c condition.Condition, record condition.Record, text func(clause int) (holds, known bool)) []met {
	var out []met
	clauses := []condition.Condition{c}
	if c.Op == condition.All {
		clauses = c.Kids
	}
	for i, clause := range clauses {
		one := met{asked: say(w, clause), holds: clause.Holds(record), value: metBy(w, clause, record)}
		if text != nil && asksForText(clause) {
			var known bool
			if one.holds, known = text(i); !known {
				continue
			}
		}
		out = append(out, one)
	}
	return out
}

func asksForText(c condition.Condition) bool {
	return c.Op == condition.Contains || slices.ContainsFunc(c.Kids, asksForText)
}

// metBy says what somebody has of a clause's fields: of a group, of those that are met.
// Below a "not" a condition is met by failing.
func metBy(w words, clause condition.Condition, record condition.Record) string {
	var texts []string
	for _, leaf := range clause.Explain(record) {
		negated := strings.Count(leaf.Pointer, "/not")%2 == 1
		if leaf.Condition.Op == condition.Contains || leaf.Pointer != "" && leaf.Holds == negated {
			continue
		}
		if text := heldText(w, leaf); text != "" && !slices.Contains(texts, text) {
			texts = append(texts, text)
		}
	}
	return strings.Join(texts[:min(len(texts), mostHeld)], w.Say("、", ", "))
}

// mostHeld is how much of what somebody has is said of one clause.
const mostHeld = 3

// heldText says what somebody has of a leaf's field.
func heldText(w words, leaf condition.Clause) string {
	if leaf.Value == "" {
		return ""
	}
	f, _ := condition.FieldOf(condition.Profiles, leaf.Condition.Field)
	switch f.Kind {
	case condition.Code, condition.Levelled:
		var held []condition.Held
		if json.Unmarshal([]byte(leaf.Value), &held) != nil {
			return ""
		}
		texts := make([]string, min(len(held), 3))
		for i := range texts {
			texts[i] = codedText(w, f, held[i].Code, held[i].Level)
		}
		return strings.Join(texts, w.Say("、", ", "))
	case condition.Ordinal:
		return w.Name(f.Classification, leaf.Value)
	case condition.Number:
		if n, err := strconv.Atoi(leaf.Value); err == nil {
			return numberText(w, f, n)
		}
	case condition.Flag:
		if leaf.Value == "true" {
			return w.Say(f.JA, sentenceCase(f.EN))
		}
		return w.Say(f.NoJA, sentenceCase(f.NoEN))
	}
	return ""
}

func numberText(w words, f condition.Field, n int) string {
	switch f.Name {
	case "pay":
		return w.Pay(n)
	case "last_active_days":
		return activeText(w, n)
	case "available_in_days":
		return availableText(w, n)
	}
	if w.english && n == 1 {
		return "1" + strings.TrimSuffix(f.UnitEN, "s")
	}
	return grouped(n) + w.Say(f.UnitJA, f.UnitEN)
}

// codedText says an entry that somebody has, with its level.
func codedText(w words, f condition.Field, code string, level int) string {
	name := w.Name(f.Classification, code)
	switch {
	case level == 0:
		return name
	case f.Name == "language":
		return name + " " + [...]string{"", "A1", "A2", "B1", "B2", "C1", "C2"}[min(level, 6)]
	case f.Name == "skill":
		return name + w.Say(" レベル", " level ") + strconv.Itoa(level)
	}
	return name + " " + strconv.Itoa(level) + w.Say("年以上", "+ years")
}

// why says what somebody has that meets a condition.
func (m met) why() string {
	if m.value == "" {
		return m.asked
	}
	return m.value
}

// instead says what somebody has that does not meet it.
func (m met) instead(w words) string {
	if m.value == "" {
		return ""
	}
	return w.Say("（"+m.value+"）", " ("+m.value+")")
}
