package cloudtest

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

// States gives the states of all alarms at a moment, each of which was in another before
// (nothing before: its data were insufficient, as those of a new alarm).
func States(all map[string]*Alarm, of *Account, at time.Time, before map[string]State, r Reading) (map[string]State, error) {
	states := map[string]State{}
	for name, a := range all {
		if a.Rule != "" {
			continue
		}
		was, ok := before[name]
		if !ok {
			was = InsufficientData
		}
		state, err := a.State(of, at, was, r)
		if err != nil {
			return nil, err
		}
		states[name] = state
	}
	composites := map[string]State{}
	for name, a := range all {
		if a.Rule == "" {
			continue
		}
		holds, err := a.holds(states)
		if err != nil {
			return nil, fmt.Errorf("%s: rule %q: %w", name, a.Rule, err)
		}
		composites[name] = OK
		if holds {
			composites[name] = Firing
		}
	}
	for name, state := range composites {
		states[name] = state
	}
	return states, nil
}

var word = regexp.MustCompile(`^(?:(?:ALARM|OK)\((?:"[^"]+"|'[^']+')\)|AND|OR|NOT|TRUE|FALSE|[()])`)

// rule reads one of a composite alarm, over alarms that are none: the templates have no others.
type rule struct {
	tokens []string
	stem   string
	states map[string]State
}

func (a *Alarm) holds(states map[string]State) (bool, error) {
	r := &rule{stem: a.stem, states: states}
	for rest := strings.TrimSpace(a.Rule); rest != ""; rest = strings.TrimSpace(rest) {
		next := word.FindString(rest)
		if next == "" {
			return false, fmt.Errorf("what is %q?", rest)
		}
		r.tokens = append(r.tokens, next)
		rest = rest[len(next):]
	}
	holds, err := r.or()
	if err == nil && len(r.tokens) > 0 {
		err = fmt.Errorf("%q is left over", r.tokens)
	}
	return holds, err
}

func (r *rule) next(want string) bool {
	if len(r.tokens) == 0 || r.tokens[0] != want {
		return false
	}
	r.tokens = r.tokens[1:]
	return true
}

func (r *rule) or() (bool, error) {
	left, err := r.and()
	for err == nil && r.next("OR") {
		var right bool
		right, err = r.and()
		left = left || right
	}
	return left, err
}

func (r *rule) and() (bool, error) {
	left, err := r.one()
	for err == nil && r.next("AND") {
		var right bool
		right, err = r.one()
		left = left && right
	}
	return left, err
}

func (r *rule) one() (bool, error) {
	switch {
	case r.next("NOT"):
		holds, err := r.one()
		return !holds, err
	case r.next("TRUE"):
		return true, nil
	case r.next("FALSE"):
		return false, nil
	case r.next("("):
		holds, err := r.or()
		if err == nil && !r.next(")") {
			err = fmt.Errorf("a bracket is open before %q", r.tokens)
		}
		return holds, err
	case len(r.tokens) == 0 || !strings.HasSuffix(r.tokens[0], ")"):
		return false, fmt.Errorf("nothing is said before %q", r.tokens)
	}
	function, name, _ := strings.Cut(r.tokens[0], "(")
	r.tokens = r.tokens[1:]
	name = name[1 : len(name)-2]
	short, ok := strings.CutPrefix(name, r.stem)
	state, known := r.states[short]
	if !ok || !known {
		return false, fmt.Errorf("no metric alarm is named %q", name)
	}
	return state == State(function), nil
}
