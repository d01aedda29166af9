package market

import (
	"cmp"
	"maps"
	"slices"

	"enishi/internal/candidate"
	"enishi/internal/condition"
	"enishi/internal/engine"
	"enishi/internal/taxonomy"
)

// Edit is a single thing that a visitor could say otherwise. Of the profile, To is
// what it would hold besides. Of the wishes, From is a wish and To what would stand
// in its place; Always: nothing.
type Edit struct {
	Wish bool
	From condition.Condition
	To   condition.Condition
	Gain Reach // how many more rules would match, asked again with the edit
}

// mostEdits is how many edits are tried: those that near misses say most of.
const mostEdits = 10

// attempt is an edit with at most how many rules it can add.
type attempt struct {
	edit    Edit
	bound   int
	visitor Visitor // with the edit
}

// bestEdit gives the edit that adds the most rules, the first of equals. Near misses
// say which leaves stand alone in the way; what each edit is worth is asked again.
func (l *looking) bestEdit(v Visitor, q engine.Question, reached int) (*Edit, error) {
	done := l.market.engine(MissesWork)
	misses := l.view.NearMisses(q)
	done(Outcome{})
	var best *Edit
	gained := 0
	for _, a := range l.attempts(v, misses) {
		question, err := l.question(a.visitor)
		if err != nil {
			return nil, err
		}
		if gain := len(l.reached(question)) - reached; gain > gained {
			gained, a.edit.Gain = gain, reachOf(gain)
			best = &a.edit
		}
	}
	return best, nil
}

// attempts gives the edits that are worth trying, the most promising first.
func (l *looking) attempts(v Visitor, misses []engine.Miss) []attempt {
	var out []attempt
	at := map[addition]int{}
	for _, miss := range misses {
		if miss.Asked {
			if a, ok := l.wishEdit(v, miss); ok {
				out = append(out, a)
			}
			continue
		}
		leaf, ok := l.market.people.profiles.lift(miss.Leaf)
		if !ok {
			continue // blocks and ages are not for telling
		}
		for _, add := range additionsOf(leaf) {
			at[add] += miss.Count
		}
	}
	additions := slices.SortedFunc(maps.Keys(at), func(a, b addition) int {
		return cmp.Or(cmp.Compare(at[b], at[a]), cmp.Compare(a.field, b.field), cmp.Compare(a.code, b.code), cmp.Compare(a.level, b.level))
	})
	for _, add := range additions[:min(len(additions), mostEdits)] {
		out = append(out, attempt{Edit{To: add.condition()}, at[add], Visitor{add.to(v.Profile), v.Wishes}})
	}
	slices.SortStableFunc(out, func(a, b attempt) int { return cmp.Compare(b.bound, a.bound) })
	return out[:min(len(out), mostEdits)]
}

// addition is something that a profile could hold besides: what somebody can learn,
// agree to, or had not thought of saying. Years, places lived in and pay are facts.
type addition struct {
	field, code string
	level       int
}

// mostAdditions bounds how many values of one leaf are looked at.
const mostAdditions = 50

// additionsOf gives what would meet a leaf over profiles.
func additionsOf(leaf condition.Condition) []addition {
	if leaf.Field == "remote_ok" && leaf.Op == condition.Is && leaf.Is {
		return []addition{{field: leaf.Field}}
	}
	field, ok := condition.FieldOf(condition.Profiles, leaf.Field)
	if !ok || !slices.Contains([]string{"skill", "language", "certification", "willing_prefecture"}, leaf.Field) {
		return nil
	}
	level := 0
	if leaf.Min != nil {
		level = *leaf.Min
	} else if field.Kind == condition.Levelled {
		level = field.Steps[0]
	}
	var out []addition
	for _, code := range leaf.In {
		for _, held := range taxonomy.Of(field.Classification).Leaves(code) {
			if len(out) < mostAdditions {
				out = append(out, addition{leaf.Field, held, level})
			}
		}
	}
	return out
}

// condition says the addition as a leaf over profiles.
func (a addition) condition() condition.Condition {
	if a.code == "" {
		return condition.Condition{Op: condition.Is, Field: a.field, Is: true}
	}
	c := condition.Condition{Op: condition.In, Field: a.field, In: []string{a.code}}
	if a.level > 0 {
		c.Min = &a.level
	}
	return c
}

// to gives a profile with the addition.
func (a addition) to(p candidate.Profile) candidate.Profile {
	held := func(list []candidate.Coded) []candidate.Coded {
		list = slices.DeleteFunc(slices.Clone(list), func(c candidate.Coded) bool { return c.Code == a.code })
		return append(list, candidate.Coded{Code: a.code, Min: a.level})
	}
	switch a.field {
	case "skill":
		p.Skill = held(p.Skill)
	case "language":
		p.Language = held(p.Language)
	case "certification":
		p.Certification = append(slices.Clone(p.Certification), a.code)
	case "willing_prefecture":
		p.WillingPrefecture = append(slices.Clone(p.WillingPrefecture), a.code)
	case "remote_ok":
		yes := true
		p.RemoteOK = &yes
	}
	return p
}

// wishEdit gives the edit of a wish that stands alone in the way; not ok for one that
// is part of another. A floor of pay is lowered by a tenth, places get one more,
// anything else is given up.
func (l *looking) wishEdit(v Visitor, miss engine.Miss) (attempt, bool) {
	leaf, _ := v.Wishes.At(miss.Path)
	if leaf.Op < condition.In || len(miss.Path) > 1 || len(miss.Path) == 1 && v.Wishes.Op != condition.All {
		return attempt{}, false
	}
	to := condition.Always()
	switch {
	case (leaf.Field == "pay_min" || leaf.Field == "pay_max") && leaf.Min != nil && leaf.Max == nil:
		floor := *leaf.Min * 9 / 10
		floor -= floor % stepPay
		to = condition.Condition{Op: condition.Range, Field: leaf.Field, Min: &floor}
	case leaf.Field == "prefecture":
		place, ok := l.placeMissed(v, miss.Path)
		if !ok {
			return attempt{}, false
		}
		to = condition.Condition{Op: condition.In, Field: leaf.Field, In: append(slices.Clone(leaf.In), place)}
	}
	return attempt{Edit{Wish: true, From: leaf, To: to}, miss.Count, Visitor{v.Profile, replaced(v.Wishes, miss.Path, to)}}, true
}

// replaced gives wishes with another leaf at a path of one step, or of none.
func replaced(wishes condition.Condition, path []int, to condition.Condition) condition.Condition {
	if len(path) == 0 {
		return to
	}
	wishes.Kids = slices.Clone(wishes.Kids)
	wishes.Kids[path[0]] = to
	return wishes
}

// placeMissed gives the prefecture in which the most rules are that would match
// without the wish at a path.
func (l *looking) placeMissed(v Visitor, path []int) (string, bool) {
	with, err := l.question(v)
	if err != nil {
		return "", false
	}
	without, err := l.question(Visitor{v.Profile, replaced(v.Wishes, path, condition.Always())})
	if err != nil {
		return "", false
	}
	known := map[int64]bool{}
	for _, key := range l.reached(with) {
		known[key] = true
	}
	counts := map[string]int{}
	for _, o := range l.offers(l.reached(without)) {
		if known[o.rule] {
			continue
		}
		for _, code := range o.codesOf("prefecture") {
			counts[code]++
		}
	}
	best, most := "", 0
	for _, code := range slices.Sorted(maps.Keys(counts)) {
		if counts[code] > most {
			best, most = code, counts[code]
		}
	}
	return best, most > 0
}
