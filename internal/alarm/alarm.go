// Package alarm says when a running installation needs a person: its
// objectives, its alarms and its dashboard, in one table each, written once
// and emitted for Prometheus with Grafana and for CloudWatch.
//
// An alarm either pages, and then it is a symptom that users see, or is a
// ticket, for the next working day. Every alarm has a page in docs/runbooks
// and a drill that makes it fire (internal/drill), or, of those of AWS alone, by figures or by messages of AWS; tests
// refuse one without.
// The package reads and writes no file; everything in it is a value, safe for
// concurrent use.
package alarm

import (
	"fmt"
	"math"
	"time"
)

// Severity says who is told of an alarm, and when.
type Severity string

// The severities.
const (
	Page   Severity = "page"   // a person, now
	Ticket Severity = "ticket" // whoever works next
)

// MostPages is how many alarms may page: more, and nobody knows them all.
const MostPages = 12

// Alarm is one alarm of the table.
type Alarm struct {
	Name     string
	Severity Severity
	// Symptom is what is wrong, in a sentence: of one that pages, as users see it.
	Symptom Words
	// First is what to do first, in a sentence; the runbook has the rest.
	First Words
	// Drilled says what turns it on and off in a test.
	Drilled Drill
	// NotOnAWS says why CloudWatch has no such alarm; "": it has one.
	NotOnAWS string

	when condition
}

// Drill is how an alarm is turned on and off to see that it is told.
type Drill string

// The drills. On one host an installation is broken (internal/drill), which is none of these; that of AWS alone is turned on
// by the figures of a system that breaks (TestEveryCloudAlarmIsDrilled), or by what AWS writes (infra/notify/testdata).
const (
	ByBreaking Drill = ""
	ByFigures  Drill = "figures"
	ByMessages Drill = "messages"
)

// Within gives how long it takes at most from the moment when everything of its
// kind fails until it fires. Events that are slow to end come on top.
func (a Alarm) Within(p Pace) time.Duration { return p.Scaled(a.when.within()) + p.late() }

// Clears gives how long it takes at most from when that is mended until it has
// cleared.
func (a Alarm) Clears(p Pace) time.Duration { return p.Scaled(a.when.clears()) + p.late() }

// Runbook gives the path of the page that says what to do.
func (a Alarm) Runbook() string { return "docs/runbooks/" + a.Name + ".md" }

// Head gives the line that a runbook begins with: who is told, how soon, and
// how long after it was mended that is over.
func (a Alarm) Head() string {
	who := map[Severity]string{Page: "Calls a person", Ticket: "Files a ticket"}[a.Severity]
	from, end := "of a full failure", "of its end"
	if _, ok := a.when.(forecast); ok {
		from, end = "of when the growth says so", "of when it no longer does"
	}
	return fmt.Sprintf("%s. Fires within %s %s, clears within %s %s.", who, said(a.Within(Real())), from, said(a.Clears(Real())), end)
}

// said rounds a duration up to what one would say.
func said(d time.Duration) string {
	whole := int(math.Ceil(d.Minutes()))
	const hour = 60
	if whole < hour {
		return fmt.Sprintf("%d min", whole)
	}
	return fmt.Sprintf("%d h %d min", whole/hour, whole%hour)
}

// Objective gives the name of the objective that an alarm watches over, "" if
// it is of none.
func (a Alarm) Objective() string {
	if b, ok := a.when.(burn); ok {
		return b.objective.Name
	}
	return ""
}

// condition is when an alarm fires; each kind knows how to say so on either side.
type condition interface {
	within() time.Duration // how long it takes by its windows alone, and clears
	clears() time.Duration
	prometheus(p Pace) (expr string, wait time.Duration)
	cloud(a Alarm, t *template)
	figure() Figure // what it compares, on AWS
}

// Objective is what users are promised, as a share of good events.
type Objective struct {
	Name    string
	Promise string
	Bad     Words   // what a share of bad events is a share of
	Target  float64 // the share of good events
	// Least is how many bad events in the longer window an alarm takes: where
	// hardly anybody comes, one bad event is a large share, and no trouble.
	Least float64

	bad, all string // rates of events in Prometheus, over [BASE]
	cloud    cloudRatio
}

// budget is the share of events that may be bad.
func (o *Objective) budget() float64 { return 1 - o.Target }

// quickest is how many times too fast a budget is spent when a person is told at once: 2 % of a month's in an hour.
const quickest = 14.4

// burn fires while the budget of an objective is spent a factor too fast, in a
// long window, so that it matters, and in a short one, so that it still goes on:
// the multi-window, multi-burn-rate alarms of the SRE workbook, chapter 5.
type burn struct {
	objective   *Objective
	factor      float64
	long, short time.Duration
}

// threshold is the share of bad events above which it fires.
func (b burn) threshold() float64 {
	const precision = 1e6 // the float's noise is no part of it
	return math.Round(b.factor*b.objective.budget()*precision) / precision
}

// Spending is the share of bad requests at which the quickest alarm on availability fires, once an hour has it.
func Spending() float64 {
	return burn{objective: availability(), factor: quickest}.threshold()
}

// within is how long it takes until the long window holds enough bad events,
// if nothing succeeds any more.
func (b burn) within() time.Duration {
	return time.Duration(b.threshold() * float64(b.long)).Round(time.Second)
}

func (b burn) clears() time.Duration { return b.short }

// forecast fires when something will be full within some days if it goes on
// growing as it did, and there is a history to say so from.
type forecast struct{ resource *Resource }

func (forecast) within() time.Duration { return forecastWait }

func (forecast) clears() time.Duration { return 0 }

// How forecasts look: over a week, so that days and weekends count alike, at
// those of whom three days are known, a month ahead.
const (
	forecastDays    = 30
	forecastWindow  = 7 * day
	forecastHistory = 3 * day
	forecastWait    = 30 * time.Minute
	day             = 24 * time.Hour
)

// Resource is something that can be full.
type Resource struct {
	Name string

	used     string // the share in use in Prometheus, by part
	cloud    cloudShare
	notOnAWS string // why nothing is asked of it there
}

// state fires when an expression has been true for a while. What stands as
// WINDOW in it is a window that it looks back.
type state struct {
	expr   string
	window time.Duration // 0: it looks at now
	wait   time.Duration
	alarm  cloudState
}

func (s state) within() time.Duration { return s.window + s.wait }

func (state) clears() time.Duration { return 0 }

// Pace is how fast time goes for the alarms: 1 where people live, more in
// drills, which divide every window and every wait by it. Every is how often
// is scraped and evaluated; it is not divided.
type Pace struct {
	Factor float64
	Every  time.Duration
}

// Real is the pace of an installation.
func Real() Pace { return Pace{Factor: 1, Every: 15 * time.Second} }

// Scaled gives a duration at this pace.
func (p Pace) Scaled(d time.Duration) time.Duration { return time.Duration(float64(d) / p.Factor) }

// base is the window of the rates that everything else is summed from: the
// shortest that holds a change whichever scrape is missed.
func (p Pace) base() time.Duration { return 4 * p.Every }

// late is what alarms take beyond their windows: the rates' own window, a
// scrape and two evaluations, since rules build on rules.
func (p Pace) late() time.Duration { return p.base() + 3*p.Every }

// window writes a duration as Prometheus does.
func (p Pace) window(d time.Duration) string { return span(p.Scaled(d)) }

func span(d time.Duration) string {
	d = d.Round(time.Millisecond)
	for _, unit := range []struct {
		name string
		long time.Duration
	}{{"d", day}, {"h", time.Hour}, {"m", time.Minute}, {"s", time.Second}} {
		if d >= unit.long && d%unit.long == 0 {
			return fmt.Sprintf("%d%s", d/unit.long, unit.name)
		}
	}
	return fmt.Sprintf("%dms", d.Milliseconds())
}
