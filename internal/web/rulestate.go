package web

import (
	"enishi/internal/position"
	"enishi/internal/rule"
)

// searches says whether a rule looks for people: one whose position is closed does not,
// though it was never paused.
func searches(s rule.State, of position.State) bool {
	return s == rule.Active && of == position.Published
}

// stateOfRule says whether a rule sends.
func stateOfRule(w words, s rule.State, of position.State) string {
	switch {
	case of == position.Closed:
		return w.Say("求人が終了", "Position closed")
	case s == rule.Active && of != position.Published:
		return w.Say("求人が未公開", "Position not published")
	case s == rule.Active:
		return w.Say("有効", "Active")
	case s == rule.Paused:
		return w.Say("停止中", "Paused")
	case s == rule.Expired:
		return w.Say("終了", "Expired")
	}
	return w.Say("下書き", "Draft")
}

func ruleClass(s rule.State, of position.State) string {
	if searches(s, of) {
		return "good"
	}
	return ""
}

// ended says that a rule's position is closed, "" if it is not.
func (d *rulePageData) ended(w words) string {
	if d.of.State != position.Closed {
		return ""
	}
	return w.Say("求人の募集が終了したため、このオファー条件から新しいオファーは送られません。", "This rule's position is closed, so it sends no new offers.")
}
