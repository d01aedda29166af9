package httpx

import (
	"container/list"
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Class is what a request is for; under overload it decides who goes first
// and who is refused.
type Class int

// The classes, those that matter most first. Of the first three nothing is
// shed: whoever answers an offer, looks after what is theirs, or signs in
// to do so, waits; only if a thousand of the latter two wait already, more of
// them are refused. The others are shed from the last one up.
const (
	unclassed Class = iota
	Answers         // offers are answered, messages written
	Own             // people read and edit what is theirs
	SignIn          // sessions: passwords are slow to compare
	SignUp          // people and companies register
	Ordinary        // lists, pick-lists, positions, rules
	Search          // companies look for people
	Insight         // what-if questions: previews
	lastClass = Insight
)

// firstShed is the most important class that may be shed.
const firstShed = SignUp

func (c Class) String() string {
	return [...]string{"unclassed", "answers", "own", "sign-in", "sign-up", "ordinary", "search", "insight"}[c]
}

// Known says whether this is one of the classes; the zero value is not.
func (c Class) Known() bool { return c > unclassed && c <= lastClass }

func (c Class) sheddable() bool { return c >= firstShed }

// Admission decides which requests run, which wait and which are refused. A
// bounded number runs at once; the rest wait in a queue for each class, and a
// place that comes free goes to the most important class that waits, there to
// whoever came first.
//
// The time that requests wait says whether there is too much to do: longer than
// target at every moment of an interval is a standing queue, not a burst
// (CoDel, RFC 8289), and one class more is shed, from the last one up. After
// calmFor without such a wait one class less is. What has waited longer than
// patience is refused: whoever asked has gone, or is about to.
//
// Which classes there are, and that they are shed in order, is criticality as in
// "Site Reliability Engineering", chapter 21. docs/decisions/0018 has the
// reasons. An Admission is safe for concurrent use.
type Admission struct {
	now     func() time.Time
	metrics *admissionMetrics
	most    int
	share   [lastClass + 1]int // how many of a class may run at once

	bodies atomic.Int64 // bytes of large bodies that wait or are worked on

	mu       sync.Mutex
	total    int
	running  [lastClass + 1]int
	waiting  [lastClass + 1]list.List // of *waiter, the one that came first in front
	level    int                      // how many classes are shed
	calm     time.Time                // when nobody had waited longer than target last
	strained time.Time                // when somebody had last
}

// Times of an Admission. A place is held for a few milliseconds, so target is a
// queue of many; together with the interval it lets through the burst of a page
// that asks for ten things at once. patience leaves most of the 300 ms that an
// answer may take to the work itself. calmFor keeps what was shed away for long
// enough that a lasting overload is probed about once in two seconds, and is
// through with all four classes in eight.
const (
	target   = 25 * time.Millisecond
	interval = 100 * time.Millisecond
	patience = 250 * time.Millisecond
	calmFor  = 2 * time.Second
)

// queued is how many of a class that may be shed wait for each of their places:
// at the few milliseconds that one takes, what patience allows.
const queued = 8

// queuedOwn is how many wait at most of the classes that are not shed but are no
// answers: beyond it they would take the connections that answers come by, and wait
// for longer than anybody does.
const queuedOwn = 1024

// placesPerCore is how many requests run at once for each core: some while
// others wait for the disk. More of them wait in queues that know no class, the
// database's and the core's: at 4, answers keep 41 ms at the 99th percentile
// where at 16 they take a second.
const placesPerCore = 4

// Places gives how many requests run at once on so many cores.
func Places(cores int) int { return placesPerCore * max(1, cores) }

// waiter is a request that waits. verdict receives once: nil to go ahead, or
// why not.
type waiter struct {
	class   Class
	since   time.Time
	verdict chan *Problem
}

func newAdmission(most int, now func() time.Time, m *admissionMetrics) *Admission {
	most = max(1, most)
	part := func(of, n int) int { return max(1, most*n/of) }
	a := &Admission{now: now, metrics: m, most: most, calm: now(), strained: now()}
	// What may fill every place keeps out what matters more until one of
	// them comes free. So none but answers may; and what is slow by nature
	// (passwords, searches) holds a part that leaves the others theirs.
	a.share = [lastClass + 1]int{
		Answers: most, Own: part(4, 3), SignIn: part(4, 1), SignUp: part(2, 1),
		Ordinary: part(2, 1), Search: part(4, 1), Insight: part(8, 1),
	}
	return a
}

// enter waits for a place, which leave gives back. It gives the problem to
// answer with if the request is shed, and the context's error if that ends
// first.
func (a *Admission) enter(ctx context.Context, class Class) (leave func(), err error) {
	w := &waiter{class: class, verdict: make(chan *Problem, 1)}
	place := a.arrive(w)
	select {
	case p := <-w.verdict:
		if p != nil {
			return nil, p
		}
	case <-ctx.Done():
		if a.giveUp(w, place) {
			return nil, context.Cause(ctx)
		}
		if p := <-w.verdict; p != nil {
			return nil, p
		}
	}
	var once sync.Once
	return func() { once.Do(func() { a.leave(class) }) }, nil
}

// arrive gives the verdict at once, or the waiter's place in its queue.
func (a *Admission) arrive(w *waiter) *list.Element {
	a.mu.Lock()
	defer a.mu.Unlock()
	w.since = a.now()
	a.settle(w.since)
	queue := &a.waiting[w.class]
	switch {
	case a.sheds(w.class):
		a.refuse(w, "overload")
	case queue.Len() == 0 && a.free(w.class):
		a.start(w, w.since)
	case w.class.sheddable() && queue.Len() >= queued*a.share[w.class],
		w.class != Answers && queue.Len() >= queuedOwn:
		a.refuse(w, "full")
	default:
		place := queue.PushBack(w)
		a.metrics.waiting(w.class, queue.Len())
		return place
	}
	return nil
}

// giveUp takes a waiter out of its queue; false if its verdict is already given.
func (a *Admission) giveUp(w *waiter, place *list.Element) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if place == nil || len(w.verdict) > 0 {
		return false
	}
	queue := &a.waiting[w.class]
	queue.Remove(place)
	a.metrics.waiting(w.class, queue.Len())
	return true
}

func (a *Admission) leave(class Class) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.now()
	a.settle(now) // before the place is free: it is taken again below
	a.total--
	a.running[class]--
	a.metrics.running(class, a.running[class])
	for c := Answers; c <= lastClass; c++ {
		for a.waiting[c].Len() > 0 && a.free(c) {
			a.start(a.next(c), now)
		}
	}
}

// free says whether one more of a class may run.
func (a *Admission) free(c Class) bool { return a.total < a.most && a.running[c] < a.share[c] }

// sheds says whether a class is being shed.
func (a *Admission) sheds(c Class) bool { return c.sheddable() && c > lastClass-Class(a.level) }

func (a *Admission) start(w *waiter, now time.Time) {
	a.total++
	a.running[w.class]++
	a.metrics.started(w.class, a.running[w.class], now.Sub(w.since))
	w.verdict <- nil
}

func (a *Admission) refuse(w *waiter, why string) {
	a.metrics.refused(w.class, why)
	w.verdict <- overloaded()
}

// next takes the first waiter of a class.
func (a *Admission) next(c Class) *waiter {
	queue := &a.waiting[c]
	w, _ := queue.Remove(queue.Front()).(*waiter)
	a.metrics.waiting(c, queue.Len())
	return w
}

// head gives how long the first waiter of a class has waited, 0 if none does.
func (a *Admission) head(c Class, now time.Time) time.Duration {
	front := a.waiting[c].Front()
	if front == nil {
		return 0
	}
	w, _ := front.Value.(*waiter)
	return now.Sub(w.since)
}

// settle refuses who has waited too long, and moves the level by how long the
// others have. It runs whenever a request comes or goes; between those, nothing
// changes.
func (a *Admission) settle(now time.Time) {
	var longest time.Duration
	for c := Answers; c <= lastClass; c++ {
		longest = max(longest, a.head(c, now))
		for c.sheddable() && a.head(c, now) > patience {
			a.refuse(a.next(c), "late")
		}
	}
	// While places are free, who waits does so for the share of their own
	// class, which says nothing of the others.
	if longest <= target || a.total < a.most {
		a.calm = now
	} else {
		a.strained = now
	}
	for a.level > 0 && now.Sub(a.strained) >= calmFor {
		a.level--
		a.strained = a.strained.Add(calmFor)
	}
	if now.Sub(a.calm) >= interval && a.level < int(lastClass-firstShed)+1 {
		a.level++
		a.calm = now
		for c := lastClass - Class(a.level) + 1; a.waiting[c].Len() > 0; {
			a.refuse(a.next(c), "overload")
		}
	}
	a.metrics.shedding(a.level)
}

// Shedding says how many classes are shed, from the last one up.
func (a *Admission) Shedding() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.level
}

// refuses says, before anything of a request is read, that its class is shed.
func (a *Admission) refuses(class Class) *Problem {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.settle(a.now())
	if !a.sheds(class) {
		return nil
	}
	a.metrics.refused(class, "overload")
	return overloaded()
}

// Admit lets a handler run when there is a place for its class. The body is
// read before, and the answer is written after, so that nobody holds a place by
// being slow at their end of the line.
func (a *Admission) Admit(class Class, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p := a.refuses(class); p != nil {
			tellLater(w, r, p)
			return
		}
		release, ok := a.reserve(r)
		if !ok {
			a.metrics.refused(class, "bodies")
			tellLater(w, r, overloaded())
			return
		}
		defer release()
		readAhead(r)
		leave, err := a.enter(r.Context(), class)
		if err != nil {
			tellLater(w, r, ProblemOf(err))
			return
		}
		defer leave()
		held := &heldAnswer{writer: w}
		next.ServeHTTP(held, r.WithContext(context.WithValue(r.Context(), placeKey{}, leave)))
		leave()
		held.send()
	})
}

// A body of up to smallBody bytes is read as it comes: those of all connections
// together take 256 MiB at worst. Larger ones, as few people write, share as
// much again; what is beyond is refused, whatever its class.
const (
	smallBody  = 32 << 10
	mostBodies = 256 << 20
	unsaidBody = 1 << 20 // for one that does not say its length
)

// reserve keeps room for a request's body; false if there is none.
func (a *Admission) reserve(r *http.Request) (release func(), ok bool) {
	n := r.ContentLength
	if n < 0 {
		n = unsaidBody
	}
	if n <= smallBody {
		return func() {}, true
	}
	if a.bodies.Add(n) > mostBodies {
		a.bodies.Add(-n)
		return nil, false
	}
	return func() { a.bodies.Add(-n) }, true
}

type placeKey struct{}

// Leave gives back the place of the request that a context belongs to, if it
// has one: for a handler that has nothing left to do but wait.
func Leave(ctx context.Context) {
	if leave, ok := ctx.Value(placeKey{}).(func()); ok {
		leave()
	}
}
