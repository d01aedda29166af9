package scaling

import (
	"math"
	"slices"
	"time"

	"enishi/infra/environment"
)

// Day is what a service is put through.
type Day struct {
	Length      time.Duration
	Load        func(at time.Duration) float64 // requests a second that come; of a worker's day, rows
	PerTask     float64                        // of them a second that a task answers
	Least, Most int
	Announced   []Spike
	Leads       *Lead // of a worker's day; nil: all tasks do what comes
}

// Lead says that one task does what comes, while the others stand by and send the mails
// with it.
type Lead struct {
	Computes float64 // seconds of a whole task, for each row and its mails: what it waits for uses no core
}

// Spike is a time of a day for which at least so many tasks are asked for beforehand.
type Spike struct {
	From, To time.Duration
	Least    int
}

// Announced gives the spikes of an environment, as the day has them that begins at a moment.
func Announced(begins time.Time, table []environment.Spike) ([]Spike, error) {
	var out []Spike
	for _, s := range table {
		from, to, err := s.Times()
		if err != nil {
			return nil, err
		}
		out = append(out, Spike{From: from.Sub(begins), To: to.Sub(begins), Least: s.Least})
	}
	return out, nil
}

// Course is what came of a day.
type Course struct {
	Oldest  time.Duration // how long a request waited at most
	Changes []Change
	Tasks   int // at its end
}

// Change is a decision.
type Change struct {
	At       time.Duration
	From, To int
}

// Flaps says how often tasks were taken away and added again, or the other way round,
// within a time. Those that went by figures from before a sudden moment and came after it are
// counted apart: no figure had told of it.
func (c Course) Flaps(within time.Duration, sudden ...time.Duration) (n, unforeseen int) {
	for i := 1; i < len(c.Changes); i++ {
		a, b := c.Changes[i-1], c.Changes[i]
		if (a.To > a.From) == (b.To > b.From) || b.At-a.At >= within {
			continue
		}
		between := func(at time.Duration) bool { return a.At-figureLag < at && at <= b.At }
		if b.To > b.From && slices.ContainsFunc(sudden, between) {
			unforeseen++
		} else {
			n++
		}
	}
	return n, unforeseen
}

// run is a service in the middle of a day.
type run struct {
	day      Day
	policies []Policy
	wanted   int             // tasks
	starting []time.Duration // when each that was asked for will serve
	waiting  float64         // requests
	came     []float64       // requests of each whole minute
	used     []float64       // share of the cores, of each whole minute
	tasks    []int           // that served in it
	ages     []float64       // how old what waited was at the end of it, in seconds
	last     time.Duration   // of the last change
	still    time.Duration   // until when nobody leads
	course   Course
}

// Simulate puts a service through a day, second by second. Requests that find no room wait
// in line.
func Simulate(policies []Policy, d Day) Course {
	r := &run{day: d, policies: policies, wanted: d.Least, last: -time.Hour}
	var came, used float64
	for at := time.Duration(0); at < d.Length; at += time.Second {
		serving, load := r.serving(at), d.Load(at)
		age, busy := r.second(at, load, serving)
		came, used = came+load, used+busy
		r.course.Oldest = max(r.course.Oldest, age)
		if (at+time.Second)%period == 0 {
			r.came, r.used, r.tasks = append(r.came, came), append(r.used, 100*used/period.Seconds()), append(r.tasks, serving)
			came, used = 0, 0
			r.ages = append(r.ages, age.Seconds())
			r.decide(at)
		}
	}
	r.course.Tasks = r.wanted
	return r.course
}

// second does what comes in a second and what waits, and gives how long what came last will wait
// and which share of the cores of all tasks is used.
func (r *run) second(at time.Duration, load float64, serving int) (age time.Duration, busy float64) {
	rate := float64(serving) * r.day.PerTask
	if r.day.Leads != nil {
		rate = r.day.PerTask
	}
	rate = max(rate, 1)
	room := rate
	if at < r.still {
		room = 0
	}
	done := min(r.waiting+load, room)
	r.waiting += load - done
	busy = done / rate
	if r.day.Leads != nil {
		busy = done * r.day.Leads.Computes / float64(max(serving, 1))
	}
	return max(0, r.still-at) + time.Duration(r.waiting/rate*float64(time.Second)), busy
}

// serving gives how many tasks serve.
func (r *run) serving(at time.Duration) int {
	n := r.wanted
	for _, from := range r.starting {
		if from > at {
			n--
		}
	}
	return n
}

// least is what is asked for at a moment whatever comes.
func (r *run) least(at time.Duration) int {
	n := r.day.Least
	for _, s := range r.day.Announced {
		if at >= s.From && at < s.To {
			n = max(n, s.Least)
		}
	}
	return n
}

func (r *run) decide(at time.Duration) {
	lag := int(figureLag / period)
	known := len(r.came) - lag
	up, down := r.wanted, 0
	for _, p := range r.policies {
		out, in := r.asks(p, known)
		up, down = max(up, out), max(down, in) // tasks go only when every policy lets them
		if out > r.wanted && at-r.last < p.Out {
			up = r.wanted
		}
		if in < r.wanted && at-r.last < p.In {
			down = r.wanted
		}
	}
	next := r.wanted
	switch {
	case up > r.wanted:
		next = up
	case down < r.wanted:
		next = down
	}
	next = min(max(next, r.least(at)), r.day.Most)
	r.change(at, next)
}

// asks gives how many tasks a policy asks for, and how few it would do with.
func (r *run) asks(p Policy, known int) (out, in int) {
	out, in = r.wanted, r.wanted
	figure := func(i int) float64 { return p.counts(r.figure(p.Figure, i)) }
	all := func(n int, is func(float64) bool) bool {
		if known < n {
			return false
		}
		for i := known - n; i < known; i++ {
			if !is(figure(i)) {
				return false
			}
		}
		return true
	}
	wanted := func() int {
		return int(math.Ceil(float64(r.tasks[known-1]) * figure(known-1) / p.Target))
	}
	if all(outAfter, func(v float64) bool { return v > p.Target }) {
		out = max(out, wanted())
	}
	if all(inAfter, func(v float64) bool { return v < inBelow*p.Target }) {
		in = min(in, max(wanted(), 1))
	}
	return out, in
}

// figure gives what a whole minute came to.
func (r *run) figure(of Figure, minute int) float64 {
	switch of {
	case CPU:
		return r.used[minute]
	case QueueAge:
		return r.ages[minute]
	}
	return r.came[minute] / float64(max(r.tasks[minute], 1))
}

func (r *run) change(at time.Duration, next int) {
	if next == r.wanted {
		return
	}
	r.course.Changes = append(r.course.Changes, Change{at, r.wanted, next})
	if next > r.wanted {
		r.starting = append(r.starting, slices.Repeat([]time.Duration{at + Serving}, next-r.wanted)...)
	} else { // those that have not begun go first
		slices.Sort(r.starting)
		r.starting = r.starting[:max(0, len(r.starting)-(r.wanted-next))]
		if r.day.Leads != nil { // the one that leads may be among them
			r.still = at + handing
		}
	}
	r.wanted, r.last = next, at
}
