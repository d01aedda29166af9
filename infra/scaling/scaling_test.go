package scaling_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"enishi/infra/environment"
	"enishi/infra/scaling"
)

// flapping is two opposite decisions within that time; oldest is what a request may wait.
const (
	flapping = 20 * time.Minute
	oldest   = 10 * time.Second
)

// production gives the day of the environment that holds people's data.
func production(t *testing.T) (scaling.Day, []scaling.Policy) {
	t.Helper()
	e, err := environment.Find("prod")
	if err != nil {
		t.Fatal(err)
	}
	return scaling.Day{
		Length: 24 * time.Hour, PerTask: scaling.PerTask(e.WebPower.CPU), Least: e.Web.Least, Most: e.Web.Most,
	}, scaling.Web(e.WebPower.CPU)
}

// noise makes a load uneven, alike in every run.
func noise(load func(time.Duration) float64) func(time.Duration) float64 {
	r := rand.New(rand.NewPCG(1, 2)) // the same days in every run
	return func(at time.Duration) float64 { return load(at) * (0.9 + 0.2*r.Float64()) }
}

// TestDays replays a day, a night, and what the media do, through the policies that are
// deployed. 200 requests a second was the peak; 28 times as many is the growth of two years.
func TestDays(t *testing.T) {
	const peak = 28 * 200.
	wave := func(at time.Duration) float64 { // least at four in the morning, most at four in the afternoon
		return peak * (0.55 - 0.45*math.Cos(2*math.Pi*(at.Hours()-4)/24))
	}
	evening := 20 * time.Hour
	shown := func(times float64) func(time.Duration) float64 { // a minute to its height, then half every ten minutes
		return func(at time.Duration) float64 {
			since := at - evening
			switch {
			case since < 0:
				return wave(at)
			case since < time.Minute:
				return wave(at) * (1 + (times-1)*since.Minutes())
			}
			return wave(at) * (1 + (times-1)*math.Pow(0.5, (since-time.Minute).Minutes()/10))
		}
	}
	for name, tt := range map[string]struct {
		load      func(time.Duration) float64
		announced []environment.Spike
		most      int // changes
	}{
		"a day":                     {load: wave, most: 15},
		"a flat night":              {load: func(time.Duration) float64 { return 100 }, most: 0},
		"twice as many, suddenly":   {load: shown(2), most: 20},
		"shown on TV, as announced": {load: shown(6), most: 20, announced: []environment.Spike{{Name: "tv", From: "2026-12-24T19:45:00", To: "2026-12-24T21:00:00", Least: 16}}},
	} {
		t.Run(name, func(t *testing.T) {
			day, policies := production(t)
			day.Load = noise(tt.load)
			var err error
			if day.Announced, err = scaling.Announced(time.Date(2026, 12, 24, 0, 0, 0, 0, time.FixedZone("Asia/Tokyo", 9*3600)), tt.announced); err != nil {
				t.Fatal(err)
			}
			c := scaling.Simulate(policies, day)
			t.Logf("%d changes, at most %d tasks, a request waits %v at most", len(c.Changes), most(c), c.Oldest)
			if c.Oldest > oldest {
				t.Errorf("a request waits %v", c.Oldest)
			}
			if n := c.Flaps(flapping); n > 0 {
				t.Errorf("%d times tasks came and went within %v: %v", n, flapping, c.Changes)
			}
			if len(c.Changes) > tt.most {
				t.Errorf("%d changes", len(c.Changes))
			}
		})
	}
}

// TestWorkers replays a day of changes, and one on which for half an hour more come than the
// matcher works off: tasks are added while its queue is too old, within their bounds, and none comes
// and goes; on every other day none is added for it.
func TestWorkers(t *testing.T) {
	for name, tt := range map[string]struct {
		load func(at time.Duration) float64
		late bool
	}{
		"a day": {load: func(at time.Duration) float64 { return 120 - 100*math.Cos(2*math.Pi*(at.Hours()-4)/24) }},
		"more than it works off": {late: true, load: func(at time.Duration) float64 {
			if at > 12*time.Hour && at < 12*time.Hour+30*time.Minute {
				return 1500
			}
			return 100
		}},
	} {
		t.Run(name, func(t *testing.T) {
			day := scaling.Day{Length: 24 * time.Hour, Load: noise(tt.load), PerTask: 1000, Least: 2, Most: 4, Leads: true}
			c := scaling.Simulate(scaling.Worker(), day)
			t.Logf("%d changes, at most %d tasks, what waits is %v old at most", len(c.Changes), most(c), c.Oldest)
			if late := c.Oldest > oldest; late != tt.late || (len(c.Changes) > 0) != tt.late {
				t.Errorf("what waits is %v old, with the changes %v", c.Oldest, c.Changes)
			}
			if n := c.Flaps(flapping); n > 0 || most(c) > day.Most || c.Tasks != day.Least {
				t.Errorf("%d times tasks came and went: %v", n, c.Changes)
			}
		})
	}
}

// TestASpikeIsWrittenAsAWSReadsIt refuses what AWS would refuse once it is deployed.
func TestASpikeIsWrittenAsAWSReadsIt(t *testing.T) {
	for _, s := range []environment.Spike{
		{Name: "with a zone", From: "2026-12-24T19:45:00+09:00", To: "2026-12-24T21:00:00"},
		{Name: "without seconds", From: "2026-12-24T19:45:00", To: "2026-12-24T21:00"},
		{Name: "backwards", From: "2026-12-24T21:00:00", To: "2026-12-24T19:45:00"},
	} {
		if got, err := scaling.Announced(time.Time{}, []environment.Spike{s}); err == nil {
			t.Errorf("%s: %v", s.Name, got)
		}
	}
}

// TestASpikeThatNobodyAnnounced shows what the announcement is for: without it, people wait.
func TestASpikeThatNobodyAnnounced(t *testing.T) {
	day, policies := production(t)
	day.Load = func(at time.Duration) float64 {
		if at > 12*time.Hour && at < 13*time.Hour {
			return 30_000
		}
		return 2000
	}
	c := scaling.Simulate(policies, day)
	if c.Oldest < oldest {
		t.Errorf("a request waits %v at most: the simulation lets tasks come before they can", c.Oldest)
	}
	if c.Tasks != day.Least {
		t.Errorf("%d tasks are left at the end, want %d", c.Tasks, day.Least)
	}
}

func most(c scaling.Course) (n int) {
	for _, one := range c.Changes {
		n = max(n, one.To)
	}
	return n
}
