package web

import (
	"strconv"
	"strings"

	"enishi/internal/condition"
	"enishi/internal/market"
	"enishi/internal/offer"
	"enishi/internal/rule"
)

// reasonsFirst is how many reasons a card says before the rest is folded.
const reasonsFirst = 3

// reasons gives what somebody meets of what was asked: first what they meet still.
func reasons(w words, why market.Reasons) []met {
	var holds, not []met
	for _, r := range why.Asked {
		one := met{asked: sentenceCase(say(w, r.Asked)), holds: r.Holds, value: heldOf(w, r)}
		if r.Holds {
			holds = append(holds, one)
		} else {
			not = append(not, one)
		}
	}
	return append(holds, not...)
}

// heldOf says what somebody has that meets a clause.
func heldOf(w words, r market.Reason) string {
	var texts []string
	for _, leaf := range r.Leaves {
		if strings.Contains(leaf.Pointer, "/not") || !leaf.Holds {
			continue
		}
		if text := heldText(w, leaf); text != "" {
			texts = append(texts, text)
		}
	}
	return strings.Join(texts, w.Say("、", ", "))
}

// failedWishes says which wishes a scout does not meet.
func failedWishes(w words, why market.Reasons) []string {
	var out []string
	for _, r := range why.Failed {
		out = append(out, sentenceCase(r.Asked.Sentence(condition.Positions, w.Code())))
	}
	return out
}

// whyTitle says why an offer came, in short.
func whyTitle(w words, d market.Delivered, why market.Reasons) string {
	n := len(why.Asked)
	switch {
	case d.Sender == offer.Scout:
		return w.Say("担当者があなたを選びました", "A person at the company chose you")
	case n == 0:
		return w.Say("経歴への条件のないオファーです", "The company asks nothing of your career")
	}
	return w.Say("企業が求める"+strconv.Itoa(n)+"つの条件に合いました", "You meet the "+strconv.Itoa(n)+" "+plural(n, "condition")+" that the company asks for")
}

func plural(n int, noun string) string {
	if n == 1 {
		return noun
	}
	return noun + "s"
}

// tellsWhy says whether there is anything to say.
func tellsWhy(d market.Delivered, why market.Reasons) bool {
	return d.Sender == offer.Scout || why.Known || d.Age != nil
}

// ageText says the statutory ground of an age condition.
func ageText(w words, a *rule.AgeException) string {
	low, high := strconv.Itoa(a.Min), strconv.Itoa(a.Max)
	return w.Say(low+"〜"+high+"歳に限る募集です（年齢制限の例外事由 "+a.Exception+"）。理由："+a.Reason,
		"Only ages "+low+" to "+high+" are sought, by statutory exception "+a.Exception+". The reason given: "+a.Reason)
}

// recordText says how a company answered those who accepted; "" if that says nothing yet.
func recordText(w words, a rule.Answers) string {
	if !a.Tells() {
		return ""
	}
	share, of := strconv.Itoa(100*a.Answered/a.Accepted)+"%", strconv.Itoa(a.Accepted)
	return w.Say("承諾後7日以内の返信 "+share+"（"+of+"件）", "Answers within 7 days of acceptance: "+share+" (of "+of+")")
}
