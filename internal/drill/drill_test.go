package drill

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"enishi/internal/alarm"
	"enishi/internal/fleet"
	"enishi/internal/stack"
)

// drill breaks a part for real, and names the alarms that must fire for it.
type drill struct {
	name     string
	alarms   []string
	breaks   func(*installation)
	mends    func(*installation)
	forecast bool // it takes a Prometheus that knows of a week before
	later    bool // breaks waits until something is wrong
	// missing are the services of which ProcessMissing must fire, and of no other.
	missing []string
}

// slowness is what the way to the database takes more in the drill of slow
// answers: a page asks some ten times, a sign-up some fifty.
const slowness = 25 * time.Millisecond

// drills are every way in which something breaks here. Each alarm is in one.
func drills() []drill {
	return []drill{
		{
			name: "the database dies", alarms: []string{"AvailabilityFast", "AvailabilitySlow", "AvailabilityBudget", "Unreachable"},
			breaks: func(in *installation) { in.KillDatabase() },
			mends:  func(in *installation) { in.StartDatabase() },
		},
		{
			name: "the workers hang", alarms: []string{"MatchingFast", "MatchingSlow", "MatchingBudget", "ProcessMissing"},
			breaks: func(in *installation) { in.workers((*fleet.Process).Pause) },
			mends:  func(in *installation) { in.workers((*fleet.Process).Continue) },

			missing: []string{"worker"},
		},
		{
			name: "the database is slow", alarms: []string{"LatencyFast", "LatencySlow", "LatencyBudget", "SignUpFast", "SignUpSlow", "SignUpBudget"},
			breaks: func(in *installation) { in.Database.Slow(slowness) },
			mends:  func(in *installation) { in.Database.Slow(0) },
		},
		{
			name: "the mail server dies", alarms: []string{"MailStuck"},
			breaks: func(in *installation) { in.post.Stop() },
			mends:  func(in *installation) { in.post.Listen(in.t, in.address) },
		},
		{
			name: "Redis dies", alarms: []string{"RedisAway"},
			breaks: func(in *installation) { in.Redis.Kill() },
			mends:  func(in *installation) { in.Redis.Start() },
		},
		{
			name: "one of each is gone without a trace", alarms: []string{"ProcessMissing", "Unreachable"}, // it knows of no load balancer
			breaks: (*installation).vanish, mends: (*installation).appear, missing: services(),
		},
		{
			name: "nobody runs jobs", alarms: []string{"JobsLate"}, later: true, // ProcessMissing is earlier
			breaks: (*installation).idle, mends: (*installation).resume,
		},
		{
			name: "everything fills up", alarms: []string{"StorageForecast", "LogsForecast", "ConnectionsForecast", "MemoryForecast"},
			breaks: (*installation).fill, mends: (*installation).empty, forecast: true,
		},
	}
}

// services gives those of which processes are counted, in order.
func services() (list []string) {
	for _, w := range alarm.Wanteds() {
		list = append(list, w.Service)
	}
	slices.Sort(list)
	return list
}

// TestWantedIsWhatTheStackStarts holds that the alarm counts as many processes
// as an installation on one host has.
func TestWantedIsWhatTheStackStarts(t *testing.T) {
	copies := map[string]int{}
	for _, s := range stack.Services() {
		copies[s.Name] = s.Copies
		if s.Own && !slices.ContainsFunc(alarm.Wanteds(), func(w alarm.Wanted) bool { return w.Service == s.Name }) {
			t.Errorf("nobody misses %s", s.Name)
		}
	}
	for _, w := range alarm.Wanteds() {
		if copies[w.Service] != w.Least {
			t.Errorf("ProcessMissing wants %d of %s, the stack starts %d", w.Least, w.Service, copies[w.Service])
		}
	}
}

// TestEveryAlarmHasADrill holds the two tables together.
func TestEveryAlarmHasADrill(t *testing.T) {
	var drilled []string
	for _, d := range drills() {
		drilled = append(drilled, d.alarms...)
	}
	slices.Sort(drilled)
	drilled = slices.Compact(drilled) // one may break in more than one way
	var want []string
	for _, a := range alarm.Alarms() {
		want = append(want, a.Name)
	}
	slices.Sort(want)
	if !slices.Equal(drilled, want) {
		t.Errorf("the drills have %q, the table of alarms %q", drilled, want)
	}
}

// named gives the alarms of a drill.
func (d *drill) named() (list []alarm.Alarm) {
	for _, a := range alarm.Alarms() {
		if slices.Contains(d.alarms, a.Name) {
			list = append(list, a)
		}
	}
	return list
}

// soon says whether an alarm clears soon enough for the next drill to wait for it.
func (d *drill) soon(p alarm.Pace, a alarm.Alarm) bool {
	return d.forecast || a.Clears(p) < p.Scaled(time.Hour)+slack
}

// TestDrill first sees that nothing fires in an hour of normal load, with every
// process replaced, then breaks one part after another.
func TestDrill(t *testing.T) {
	p := pace(t)
	in := newInstallation(t)
	survey := newWatch(t, p, in.found, history{})
	levels := survey.levels()
	survey.prom.kill()

	calm := p
	calm.Factor = min(p.Factor, calmFactor)
	var w *watch
	t.Run("an hour of normal load and a rolling restart", func(hour *testing.T) {
		calmly(hour, in, func() *watch {
			w = newWatch(t, calm, in.found, flat(calm, levels))
			return w
		})
	})
	if w != nil && calm != p {
		w.prom.kill()
	}
	if w == nil || calm != p { // somebody asked for some of the drills
		w = newWatch(t, p, in.found, flat(p, levels))
	}
	var last time.Time                  // when something was mended last
	before := map[string]map[told]int{} // what had been told before each drill
	for _, d := range drills() {
		t.Run(d.name, func(t *testing.T) {
			if d.forecast {
				play(t, in, d, nil, func() *watch { return in.growing(t, p, w) })
				return
			}
			before[d.name] = w.mail.all()
			last = play(t, in, d, before[d.name], func() *watch { return w })
		})
	}
	t.Run("everything clears and was told", func(t *testing.T) {
		for _, d := range drills() {
			if _, ran := before[d.name]; ran {
				w.awaitClear(t, last, slices.DeleteFunc(d.named(), func(a alarm.Alarm) bool { return d.soon(p, a) }))
				w.mail.await(t, resolved, d.named(), before[d.name])
			}
		}
	})
}

// calmFactor bounds the pace of the normal hour: what a machine does elsewhere
// holds processes up for a second or two, which must not count as minutes.
const calmFactor = 60

// flat gives a history in which all was well, and everything as full as it is now.
func flat(p alarm.Pace, levels []level) history {
	past := healthy(p)
	for _, l := range levels {
		past.use(l.resource, l.part, l.share, 0)
	}
	return past
}

// strained is the share of a normal hour in which something may wait for a processor: on
// two cores that do nothing else it is a fifth. Beyond, alarms are right to fire, and
// say nothing about the installation.
const (
	strained = 0.5
	hours    = 3 // that are tried on a machine that is strained
)

// calmly sees a normal hour in which nothing fires. An hour in which other work took the
// machine is tried again; where every one is such, the machine cannot tell.
func calmly(t *testing.T, in *installation, watched func() *watch) {
	t.Helper()
	for n := 1; ; n++ {
		w, s := watched(), newStrain(t)
		wrong := normal(t, in, w)
		share := s.share()
		t.Logf("something waited for a processor in %.0f %% of the hour", 100*share)
		switch {
		case len(wrong) == 0:
			return
		case share <= strained:
			t.Error(strings.Join(wrong, "\n"))
			return
		case n == hours:
			t.Skipf("other work takes this machine, which tells nothing then:\n%s", strings.Join(wrong, "\n"))
		}
		t.Logf("other work took the machine; once more after\n%s", strings.Join(wrong, "\n"))
		w.prom.kill()
	}
}

// normal is the normal hour, and gives what was wrong with it.
func normal(t *testing.T, in *installation, w *watch) (wrong []string) {
	fault := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	sent, failed := in.load.sent.Load(), in.load.failed.Load()
	fleet.Wait(t, w.pace.Scaled(time.Hour))
	t.Logf("in a normal hour %d requests, of which %d failed: %q", in.load.sent.Load()-sent, in.load.failed.Load()-failed, in.load.samples())
	before := in.load.failed.Load()
	for _, process := range in.All() {
		process.Replace()
		w.prom.await("the load balancer has every web process back", time.Minute, func() bool {
			up := w.query(`haproxy_backend_active_servers{proxy="web"}`)
			return len(up) == 1 && up[0].value == strconv.Itoa(len(in.Webs))
		})
	}
	if n := in.load.failed.Load() - before; n > 0 {
		fault("while processes were replaced, %d requests failed: %q", n, in.load.samples())
	}
	fleet.Wait(t, w.pace.Scaled(5*time.Minute))
	for what, expr := range alarm.Queries() {
		if len(w.query(expr)) == 0 && !strings.Contains(expr, "days_until_full") { // nothing grows
			fault("the dashboard shows nothing of %q: %s", what, expr)
		}
	}
	list := w.fired()
	for _, a := range alarm.Alarms() {
		if slices.Contains(list, a.Name) {
			fault("in a normal hour fired %s\n%s", a.Name, w.explained(a))
		}
	}
	if all := w.mail.all(); len(all) > 0 {
		fault("in a normal hour was told %v", all)
	}
	return wrong
}

// play breaks something until its alarms fire and are told, beyond what was told before,
// mends it, says when, and waits for those that clear soon: for the others, which look
// back longer, a drill after this one need not wait.
func play(t *testing.T, in *installation, d drill, before map[told]int, watched func() *watch) (mended time.Time) {
	broken := time.Now()
	d.breaks(in)
	w := watched()
	if d.forecast || d.later {
		broken = time.Now() // from when it knows of it
	}
	w.awaitFiring(t, broken, d.named())
	if d.missing != nil {
		w.awaitParts(t, "ProcessMissing", d.missing)
	}
	if !t.Failed() {
		w.mail.await(t, firing, d.named(), before)
	}
	d.mends(in)
	mended = time.Now()
	t.Logf("meanwhile: %q", in.load.samples())
	soon := slices.DeleteFunc(d.named(), func(a alarm.Alarm) bool { return !d.soon(w.pace, a) })
	w.awaitClear(t, mended, soon)
	if d.forecast {
		w.mail.await(t, resolved, soon, before)
	}
	return mended
}
