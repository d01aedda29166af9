package cli

import (
	"math"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

// stepped is a pace that is some times as high in the second of three equal
// parts.
type stepped struct {
	rate, factor int
	whole        time.Duration
}

// Pace says how long to wait for the next request.
func (s stepped) Pace(elapsed time.Duration, hits uint64) (time.Duration, bool) {
	if elapsed >= s.whole {
		return 0, true
	}
	due := s.due(elapsed)
	if float64(hits) < due {
		return 0, false
	}
	return time.Duration((float64(hits) + 1 - due) / s.Rate(elapsed) * float64(time.Second)), false
}

// due gives how many requests are due by a time.
func (s stepped) due(elapsed time.Duration) float64 {
	third := s.whole / 3
	within := min(max(0, elapsed-third), third)
	return float64(s.rate) * (elapsed.Seconds() + float64(s.factor-1)*within.Seconds())
}

// Rate gives the pace at a time.
func (s stepped) Rate(elapsed time.Duration) float64 {
	if phaseAt(elapsed, s.whole) == phaseStep {
		return float64(s.rate * s.factor)
	}
	return float64(s.rate)
}

// The parts of a load with a step.
const (
	phaseBefore = "before"
	phaseStep   = "step"
	phaseAfter  = "after"
)

func phaseAt(elapsed, whole time.Duration) string {
	switch third := whole / 3; {
	case elapsed < third:
		return phaseBefore
	case elapsed < 2*third:
		return phaseStep
	}
	return phaseAfter
}

// phases measures the parts of a load with a step.
type phases struct {
	start  time.Time
	whole  time.Duration
	kinds  map[string]map[string]*vegeta.Metrics // by phase and kind; "all" is every kind
	unwell time.Duration                         // when a request that failed or was slow was sent last
}

// wellWithin is how soon a request is answered by a service that is well.
const wellWithin = 300 * time.Millisecond

func newPhases(whole time.Duration) *phases {
	return &phases{whole: whole, kinds: map[string]map[string]*vegeta.Metrics{phaseBefore: {}, phaseStep: {}, phaseAfter: {}}}
}

func (p *phases) add(kind string, r *vegeta.Result) {
	if p.start.IsZero() || r.Timestamp.Before(p.start) {
		p.start = r.Timestamp
	}
	at := r.Timestamp.Sub(p.start)
	for _, name := range []string{"all", kind} {
		of := p.kinds[phaseAt(at, p.whole)]
		if of[name] == nil {
			of[name] = &vegeta.Metrics{}
		}
		of[name].Add(r)
	}
	if r.Code < 200 || r.Code > 299 || r.Latency > wellWithin {
		p.unwell = max(p.unwell, at)
	}
}

func (p *phases) figures() map[string]map[string]Figures {
	out := map[string]map[string]Figures{}
	for phase, kinds := range p.kinds {
		out[phase] = map[string]Figures{}
		for kind, m := range kinds {
			out[phase][kind] = figures(m)
		}
	}
	return out
}

// recovery gives how many seconds after the step the last request was sent that
// failed or was slow.
func (p *phases) recovery() float64 {
	return math.Round(max(0, p.unwell-2*p.whole/3).Seconds()*10) / 10
}
