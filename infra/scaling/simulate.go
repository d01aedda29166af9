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
	Load        func(at time.Duration) float64 // requests a second that come
	PerTask     float64                        // requests a second that a task answers
	Least, Most int
	Announced   []Spike
	Leads       bool // one task does the work, and the others stand by: a worker's day
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
// within a time.
func (c Course) Flaps(within time.Duration) int {
	n := 0
	for i := 1; i < len(c.Changes); i++ {
		a, b := c.Changes[i-1], c.Changes[i]
		if (a.To > a.From) != (b.To > b.From) && b.At-a.At < within {
			n++
		}
	}
	return n
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
	course   Course
}

// Simulate puts a service through a day, second by second. Requests that find no room wait
// in line.
func Simulate(policies []Policy, d Day) Course {
	r := &run{day: d, policies: policies, wanted: d.Least, last: -time.Hour}
	var came, used float64
	for at := time.Duration(0); at < d.Length; at += time.Second {
		serving := r.serving(at)
		room := float64(serving) * d.PerTask
		if d.Leads {
			room = d.PerTask
		}
		came += d.Load(at)
		done := min(r.waiting+d.Load(at), room)
		r.waiting += d.Load(at) - done
		used += done / max(room, 1)
		if age := time.Duration(r.waiting / max(room, 1) * float64(time.Second)); age > r.course.Oldest {
			r.course.Oldest = age
		}
		if (at+time.Second)%period == 0 {
			r.came, r.used, r.tasks = append(r.came, came), append(r.used, 100*used/period.Seconds()), append(r.tasks, serving)
			came, used = 0, 0
			r.ages = append(r.ages, r.waiting/max(room, 1))
			r.decide(at)
		}
	}
	r.course.Tasks = r.wanted
	return r.course
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
	figure := func(i int) float64 {
		switch p.Figure {
		case CPU:
			return r.used[i]
		case QueueAge:
			return r.ages[i]
		}
		return r.came[i] / float64(max(r.tasks[i], 1))
	}
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
	}
	r.wanted, r.last = next, at
}
