package deploy

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Scheduled is an action by which scaling changes the bounds of a service by itself.
type Scheduled struct {
	Name     string `json:"name"`
	Schedule string `json:"schedule"`           // such as at(2026-12-24T19:45:00)
	Timezone string `json:"timezone,omitempty"` // "": UTC
	Least    *int   `json:"least,omitempty"`    // nil: it leaves the least as it is
	Most     *int   `json:"most,omitempty"`     // nil: it leaves the most as it is
}

// At gives the moment of an action; no if it has none, or more than one.
func (s *Scheduled) At() (time.Time, bool) {
	text, ok := strings.CutPrefix(s.Schedule, "at(")
	zone := time.FixedZone("Asia/Tokyo", 9*3600) // which has no summer time, and is known on every machine
	if s.Timezone != "Asia/Tokyo" {
		var err error
		if zone, err = time.LoadLocation(s.Timezone); err != nil {
			return time.Time{}, false
		}
	}
	at, err := time.ParseInLocation("2006-01-02T15:04:05", strings.TrimSuffix(text, ")"), zone)
	return at, ok && err == nil
}

// past says whether an action has had its moment. AWS does not say whether it lists such a one.
func (s *Scheduled) past(now time.Time) bool {
	at, ok := s.At()
	return ok && !at.After(now)
}

// Spike is a time for which a template announces more tasks, by two actions of scaling: one of its name when it begins,
// and one of its name and -over when it ends.
type Spike struct {
	Name  string    `json:"name"`
	From  time.Time `json:"from"`
	To    time.Time `json:"to"`
	Least int       `json:"least"` // as announced
}

const over = "-over"

// bound gives how many tasks a spike has a service have at least where such bounds are kept: never fewer than those, and
// never more than there may be, which AWS would refuse when it begins.
func (s *Spike) bound(least, most int) int { return min(max(s.Least, least), most) }

// Sets gives how many tasks an action has a service have at least where such bounds are kept; no if it is of none of the
// spikes.
func Sets(spikes []Spike, action string, least, most int) (int, bool) {
	for i := range spikes {
		switch action {
		case spikes[i].Name:
			return spikes[i].bound(least, most), true
		case spikes[i].Name + over:
			return least, true
		}
	}
	return 0, false
}

// Ends says whether an action is the one at the end of a spike.
func Ends(spikes []Spike, action string) bool {
	return slices.ContainsFunc(spikes, func(s Spike) bool { return action == s.Name+over })
}

// During gives how many tasks a service has at least at a moment where such bounds are kept, and the spike that makes
// them more; nil: none does.
func During(spikes []Spike, now time.Time, least, most int) (int, *Spike) {
	out, by := least, (*Spike)(nil)
	for i := range spikes {
		if s := &spikes[i]; !now.Before(s.From) && now.Before(s.To) && s.bound(least, most) > out {
			out, by = s.bound(least, most), s
		}
	}
	return out, by
}

// Spikes reads those of a target of scaling from its properties, as its template has them or CloudFormation tells them.
// It fails if they are no JSON of such a target.
func Spikes(properties []byte) ([]Spike, error) {
	all, err := scheduledIn(properties)
	if err != nil {
		return nil, err
	}
	var out []Spike
	for i := range all {
		n := slices.IndexFunc(all, func(end Scheduled) bool { return end.Name == all[i].Name+over })
		if n < 0 || all[i].Least == nil {
			continue
		}
		from, begins := all[i].At()
		to, ends := all[n].At()
		if begins && ends {
			out = append(out, Spike{Name: all[i].Name, From: from, To: to, Least: *all[i].Least})
		}
	}
	return out, nil
}

// scheduledIn reads the actions of a target of scaling from its properties. A number that only a parameter's value says is
// none.
func scheduledIn(properties []byte) ([]Scheduled, error) {
	var target struct {
		ScheduledActions []struct {
			ScheduledActionName, Schedule, Timezone string
			ScalableTargetAction                    struct{ MinCapacity, MaxCapacity json.RawMessage } // numbers, or texts of them
		}
	}
	if err := json.Unmarshal(properties, &target); err != nil {
		return nil, fmt.Errorf("read the properties of what is scaled: %w", err)
	}
	number := func(value json.RawMessage) *int {
		n, err := strconv.Atoi(plain(value))
		if err != nil {
			return nil
		}
		return &n
	}
	out := make([]Scheduled, 0, len(target.ScheduledActions))
	for _, one := range target.ScheduledActions {
		out = append(out, Scheduled{one.ScheduledActionName, one.Schedule, one.Timezone, number(one.ScalableTargetAction.MinCapacity), number(one.ScalableTargetAction.MaxCapacity)})
	}
	return out, nil
}

// rescheduled says whether what is scheduled differs from a template in nothing but what enishi env scale sets where such bounds are
// kept, and in actions that have had their moment.
func rescheduled(expected, actual []byte, now time.Time, least, most int) bool {
	want, err := scheduledIn(expected)
	if err != nil {
		return false // then it is shown
	}
	got, err := scheduledIn(actual)
	if err != nil {
		return false
	}
	spikes, err := Spikes(expected)
	if err != nil {
		return false
	}
	ahead := func(all []Scheduled) []Scheduled {
		return slices.DeleteFunc(all, func(s Scheduled) bool { return s.past(now) })
	}
	want, got = ahead(want), ahead(got)
	for i := range want {
		n := slices.IndexFunc(got, func(s Scheduled) bool { return s.Name == want[i].Name })
		if n < 0 || !want[i].meant(&got[n], spikes, least, most) {
			return false
		}
	}
	return len(want) == len(got)
}

// meant says whether an action in the account is as its template has it, but for the least that it sets.
func (s *Scheduled) meant(got *Scheduled, spikes []Spike, least, most int) bool {
	same := func(x, y *int) bool { return x == nil && y == nil || x != nil && y != nil && *x == *y }
	if s.Schedule != got.Schedule || s.Timezone != got.Timezone || !same(s.Most, got.Most) {
		return false
	}
	sets, ok := Sets(spikes, s.Name, least, most)
	return same(s.Least, got.Least) || ok && same(&sets, got.Least)
}
