package httpx_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"enishi/internal/httpx"
)

var classes = []httpx.Class{httpx.Answers, httpx.Own, httpx.SignIn, httpx.SignUp, httpx.Ordinary, httpx.Search, httpx.Insight}

// sheddable are the classes that may be shed, the first to go first.
var sheddable = []httpx.Class{httpx.Insight, httpx.Search, httpx.Ordinary, httpx.SignUp}

// door is an admission with a clock of its own and handlers that work until
// they are told to stop.
type door struct {
	t         *testing.T
	admission *httpx.Admission
	metrics   *prometheus.Registry
	mu        sync.Mutex
	at        time.Time
}

func newDoor(t *testing.T, places int) *door {
	t.Helper()
	d := &door{t: t, metrics: prometheus.NewRegistry(), at: time.Unix(1_800_000_000, 0)}
	var err error
	if d.admission, err = httpx.NewAdmission(places, d.now, d.metrics); err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *door) now() time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.at
}

func (d *door) pass(by time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.at = d.at.Add(by)
}

// visit is one request.
type visit struct {
	class   httpx.Class
	started chan struct{}
	finish  chan struct{}
	answer  *httptest.ResponseRecorder
	done    chan struct{}
	cancel  context.CancelFunc
}

// come sends a request and gives it once it runs, waits or is refused.
func (d *door) come(class httpx.Class) *visit {
	d.t.Helper()
	before := d.waiting(class)
	v := &visit{class: class, started: make(chan struct{}), finish: make(chan struct{}), answer: httptest.NewRecorder(), done: make(chan struct{})}
	h := d.admission.Admit(class, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(v.started)
		<-v.finish
		w.WriteHeader(http.StatusNoContent)
	}))
	ctx, cancel := context.WithCancel(d.t.Context())
	v.cancel = cancel
	go func() {
		defer close(v.done)
		h.ServeHTTP(v.answer, httptest.NewRequestWithContext(ctx, "GET", "/", nil))
	}()
	for {
		select {
		case <-v.started:
			return v
		case <-v.done:
			return v
		default:
		}
		if d.waiting(class) > before {
			return v
		}
	}
}

func (d *door) gauge(name string, class httpx.Class) int {
	d.t.Helper()
	families, err := d.metrics.Gather()
	if err != nil {
		d.t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
		for _, m := range f.GetMetric() {
			if m.GetLabel()[0].GetValue() == class.String() {
				return int(m.GetGauge().GetValue())
			}
		}
	}
	d.t.Fatalf("no %s of %s", name, class)
	return 0
}

// shed gives how many of a class were refused for a reason.
func (d *door) shed(class httpx.Class, reason string) int {
	d.t.Helper()
	families, err := d.metrics.Gather()
	if err != nil {
		d.t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if l := m.GetLabel(); len(l) == 2 && l[0].GetValue() == class.String() && l[1].GetValue() == reason {
				return int(m.GetCounter().GetValue())
			}
		}
	}
	return 0
}

func (d *door) waiting(class httpx.Class) int { return d.gauge("http_admission_waiting", class) }

// runs says whether a visit holds a place; it must not be about to.
func (v *visit) runs() bool {
	select {
	case <-v.started:
		return true
	default:
		return false
	}
}

func (v *visit) refused() bool {
	select {
	case <-v.done:
		return v.answer.Code == http.StatusServiceUnavailable
	default:
		return false
	}
}

// end lets a running visit end.
func (v *visit) end() {
	close(v.finish)
	<-v.done
}

// clear ends every visit that is left.
func (d *door) clear(all ...*visit) {
	d.t.Helper()
	for _, v := range all {
		select {
		case <-v.finish:
		default:
			close(v.finish)
		}
	}
	for _, v := range all {
		<-v.done
		v.cancel()
	}
	for _, c := range classes {
		if n, q := d.gauge("http_admission_in_flight", c), d.waiting(c); n != 0 || q != 0 {
			d.t.Errorf("%s: %d run and %d wait at the end", c, n, q)
		}
	}
}

// fill takes every place, so that whoever comes waits.
func (d *door) fill(places int) []*visit {
	d.t.Helper()
	var all []*visit
	for range places {
		v := d.come(httpx.Answers)
		if !v.runs() {
			d.t.Fatal("a free place was not given")
		}
		all = append(all, v)
	}
	return all
}

func TestPlacesGoToWhatMattersMost(t *testing.T) {
	d := newDoor(t, 8)
	inside := d.fill(8)
	var outside []*visit
	for _, c := range slices.Backward(classes) { // the least important first
		outside = append(outside, d.come(c))
	}
	slices.Reverse(outside)
	for i, v := range outside {
		inside[i].end()
		<-v.started // whoever else is woken, this one is
		for _, later := range outside[i+1:] {
			if later.runs() {
				t.Errorf("%s runs before %s", later.class, v.class)
			}
		}
	}
	d.clear(append(outside, inside...)...)
}

func TestFirstComeFirstServedWithinAClass(t *testing.T) {
	d := newDoor(t, 1)
	inside := d.fill(1)
	first, second := d.come(httpx.Own), d.come(httpx.Own)
	inside[0].end()
	<-first.started
	if second.runs() {
		t.Error("two hold the only place")
	}
	first.end()
	<-second.started
	d.clear(inside[0], first, second)
}

// strain lets a queue stand for so long that one class more is shed.
func (d *door) strain(level int) {
	d.t.Helper()
	for d.admission.Shedding() < level {
		d.pass(60 * time.Millisecond)
		d.clear1(d.come(httpx.Insight))
	}
}

// clear1 forgets a visit that was refused at once, or gives it up.
func (d *door) clear1(v *visit) {
	v.cancel()
	close(v.finish)
	<-v.done
}

func TestSheddingGoesUpInOrderAndNeverToWhatMatters(t *testing.T) {
	const places = 8
	d := newDoor(t, places)
	inside := d.fill(places)
	waits := []*visit{d.come(httpx.Own), d.come(httpx.Answers), d.come(httpx.SignIn)} // the queue that stands
	for level := range len(sheddable) + 1 {
		d.strain(level)
		for i, c := range sheddable {
			v := d.come(c)
			if v.refused() != (i < level) {
				t.Errorf("at level %d: %s refused = %v", level, c, v.refused())
			}
			if v.refused() {
				wait, err := strconv.Atoi(v.answer.Header().Get("Retry-After"))
				if err != nil || wait < 2 || wait > 8 {
					t.Errorf("Retry-After %q, want 2 to 8", v.answer.Header().Get("Retry-After"))
				}
				if got := v.answer.Header().Get("Content-Type"); got != "application/problem+json" {
					t.Errorf("content type %q", got)
				}
			}
			d.clear1(v)
		}
		for _, c := range []httpx.Class{httpx.Answers, httpx.Own, httpx.SignIn} {
			v := d.come(c)
			if v.refused() {
				t.Errorf("at level %d %s is refused", level, c)
			}
			d.clear1(v)
		}
	}
	d.pass(time.Minute) // however long
	d.clear1(d.come(httpx.Own))
	if got := d.admission.Shedding(); got != len(sheddable) {
		t.Errorf("%d classes are shed, want %d", got, len(sheddable))
	}
	for _, v := range waits {
		if v.refused() || v.runs() {
			t.Errorf("%s no longer waits", v.class)
		}
	}
	d.clear(append(waits, inside...)...)
}

func TestWhoWaitsIsRefusedWhenTheirClassIsShed(t *testing.T) {
	d := newDoor(t, 8)
	inside := d.fill(8)
	search, own := d.come(httpx.Search), d.come(httpx.Own)
	d.pass(30 * time.Millisecond)
	d.clear1(d.come(httpx.Own)) // the queue is seen to stand
	d.pass(100 * time.Millisecond)
	d.clear1(d.come(httpx.Own)) // insight goes
	if search.refused() {
		t.Fatal("search goes with insight")
	}
	d.pass(100 * time.Millisecond)
	d.clear1(d.come(httpx.Own)) // search goes
	<-search.done
	if !search.refused() || own.refused() {
		t.Errorf("search refused = %v, own refused = %v", search.refused(), own.refused())
	}
	d.clear(append(inside, search, own)...)
}

func TestABurstShedsNothing(t *testing.T) {
	d := newDoor(t, 8)
	inside := d.fill(8)
	for range 20 { // someone always waits, nobody for long
		v := d.come(httpx.Answers)
		d.pass(20 * time.Millisecond)
		inside[0].end()
		<-v.started
		inside = append(inside[1:], v)
		if got := d.admission.Shedding(); got != 0 {
			t.Fatalf("%d classes are shed in a burst", got)
		}
	}
	d.clear(inside...)
}

func TestRecoveryIsStepwiseAndTakesSeconds(t *testing.T) {
	d := newDoor(t, 8)
	inside := d.fill(8)
	own := d.come(httpx.Own)
	d.strain(len(sheddable))
	inside[0].end()
	<-own.started
	levels := []int{d.admission.Shedding()}
	took := time.Duration(0)
	for d.admission.Shedding() > 0 {
		d.pass(100 * time.Millisecond)
		took += 100 * time.Millisecond
		d.clear1(d.come(httpx.Own)) // no queue stands any more
		if l := d.admission.Shedding(); l != levels[len(levels)-1] {
			levels = append(levels, l)
		}
		if took > 30*time.Second {
			t.Fatal("no recovery within 30 s")
		}
	}
	if !slices.Equal(levels, []int{4, 3, 2, 1, 0}) {
		t.Errorf("levels %v, want 4 to 0 one by one", levels)
	}
	if took < 7*time.Second || took > 10*time.Second {
		t.Errorf("recovery took %v, want about 8 s: slower than it came", took)
	}
	d.clear(append(inside, own)...)
}

func TestWhoWaitedTooLongIsRefused(t *testing.T) {
	d := newDoor(t, 8)
	inside := d.fill(7) // a place is free, but not for a second of insight
	running := d.come(httpx.Insight)
	late := d.come(httpx.Insight)
	own := d.come(httpx.Own)
	d.pass(251 * time.Millisecond)
	inside[0].end()
	<-own.started
	<-late.done
	if !late.refused() {
		t.Error("it was not refused after 251 ms")
	}
	d.clear(append(inside, running, late, own)...)
}

func TestQueuesAreBounded(t *testing.T) {
	d := newDoor(t, 8)
	inside := d.fill(8)
	var all []*visit
	refused := 0
	for range 100 {
		v := d.come(httpx.Search)
		all = append(all, v)
		if v.refused() {
			refused++
		}
	}
	if waits := d.waiting(httpx.Search); waits != 16 || refused != 84 { // 8 for each of its 2 places
		t.Errorf("%d wait and %d were refused, want 16 and 84", waits, refused)
	}
	if got := d.shed(httpx.Search, "full"); got != 84 {
		t.Errorf("%d counted as refused by a full queue, want 84", got)
	}
	d.clear(append(inside, all...)...)
}

// People's own pages wait, but not without end: beyond a thousand they would take the
// connections that answers come by. Answers are never refused.
func TestOwnPagesWaitToAnEnd(t *testing.T) {
	d := newDoor(t, 1)
	inside := d.fill(1)
	var all []*visit
	for class, want := range map[httpx.Class]int{httpx.Own: 1024, httpx.SignIn: 1024, httpx.Answers: 1100} {
		refused := 0
		for range 1100 {
			v := d.come(class)
			all = append(all, v)
			if v.refused() {
				refused++
			}
		}
		if waits := d.waiting(class); waits != want || refused != 1100-want {
			t.Errorf("%d of class %s wait and %d were refused, want %d and %d", waits, class, refused, want, 1100-want)
		}
	}
	d.clear(append(inside, all...)...)
}

func TestWhoGivesUpLeavesTheQueue(t *testing.T) {
	d := newDoor(t, 1)
	inside := d.fill(1)
	gone, stays := d.come(httpx.Own), d.come(httpx.Own)
	gone.cancel()
	<-gone.done
	if d.waiting(httpx.Own) != 1 {
		t.Errorf("%d wait, want 1", d.waiting(httpx.Own))
	}
	inside[0].end()
	<-stays.started
	if gone.runs() {
		t.Error("who gave up runs")
	}
	d.clear(inside[0], gone, stays)
}

func TestNobodyHoldsAPlaceAtTheirEndOfTheLine(t *testing.T) {
	d := newDoor(t, 1)
	body, feed := io.Pipe()
	slow := make(chan struct{})
	h := d.admission.Admit(httpx.Own, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %v", text, err)
	}))
	answer := httptest.NewRecorder()
	go func() {
		defer close(slow)
		h.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), "PUT", "/", body))
	}()
	fmt.Fprint(feed, "half") // taken off the line by now, and more is to come
	quick := d.come(httpx.Own)
	if !quick.runs() {
		t.Error("a slow sender holds the only place")
	}
	quick.end()
	feed.CloseWithError(io.ErrUnexpectedEOF)
	<-slow
	if got := answer.Body.String(); got != "half unexpected EOF" {
		t.Errorf("the handler read %q", got)
	}
	d.clear(quick)
}

func TestLeaveGivesThePlaceBackOnce(t *testing.T) {
	d := newDoor(t, 1)
	left, end, done := make(chan struct{}), make(chan struct{}), make(chan struct{})
	h := d.admission.Admit(httpx.SignIn, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		httpx.Leave(r.Context())
		close(left)
		<-end
	}))
	go func() {
		defer close(done)
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), "POST", "/", nil))
	}()
	<-left
	v := d.come(httpx.SignIn)
	if !v.runs() {
		t.Error("the place was not given back")
	}
	close(end)
	<-done
	w := d.come(httpx.SignIn)
	if w.runs() {
		t.Error("one place was given back twice")
	}
	d.clear(v, w)
}

func TestAPanicGivesThePlaceBack(t *testing.T) {
	d := newDoor(t, 1)
	h := d.admission.Admit(httpx.Own, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "half an answer")
		panic("broken")
	}))
	w := httptest.NewRecorder()
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/", nil))
	}()
	if strings.Contains(w.Body.String(), "half") {
		t.Error("half an answer was sent")
	}
	d.clear(d.come(httpx.Own))
}

// Whatever comes, goes and gives up, every request ends and no place is lost.
func TestAdmissionUnderRaces(t *testing.T) {
	const places, people = 4, 64
	d := newDoor(t, places)
	var busy, most int
	var mu sync.Mutex
	h := func(c httpx.Class) http.Handler {
		return d.admission.Admit(c, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			mu.Lock()
			busy++
			most = max(most, busy)
			mu.Unlock()
			d.pass(time.Millisecond)
			runtime.Gosched() // on one core too, others come meanwhile
			mu.Lock()
			busy--
			mu.Unlock()
			w.WriteHeader(http.StatusNoContent)
		}))
	}
	var wg sync.WaitGroup
	for i := range people {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(1, uint64(i)))
			for range 100 {
				ctx, cancel := context.WithCancel(t.Context())
				c := classes[rng.IntN(len(classes))]
				if rng.IntN(4) == 0 {
					cancel()
				}
				w := httptest.NewRecorder()
				h(c).ServeHTTP(w, httptest.NewRequestWithContext(ctx, "GET", "/", nil))
				cancel()
				if critical := c == httpx.Answers || c == httpx.Own || c == httpx.SignIn; critical && w.Code == http.StatusServiceUnavailable {
					t.Errorf("%s was shed", c)
				}
			}
		})
	}
	wg.Wait()
	if most > places || most < 2 {
		t.Errorf("%d ran at once, want 2 to %d", most, places)
	}
	d.clear()
}

func TestLargeBodiesAreBounded(t *testing.T) {
	d := newDoor(t, 1)
	inside := d.fill(1)
	const mib = 1 << 20
	h := d.admission.Admit(httpx.Own, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	send := func(size int64) (*httptest.ResponseRecorder, context.CancelFunc, chan struct{}) {
		ctx, cancel := context.WithCancel(t.Context())
		r := httptest.NewRequestWithContext(ctx, "PUT", "/", strings.NewReader("{}"))
		r.ContentLength = size // what it says is what is kept room for
		w, done := httptest.NewRecorder(), make(chan struct{})
		before := d.waiting(httpx.Own)
		go func() {
			defer close(done)
			h.ServeHTTP(w, r)
		}()
		for d.waiting(httpx.Own) == before {
			select {
			case <-done:
				return w, cancel, done
			default:
			}
		}
		return w, cancel, done
	}
	_, forget, gone := send(255 * mib)
	if w, stop, done := send(2 * mib); w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
		t.Errorf("beyond all room: %d", w.Code)
	} else {
		stop()
		<-done
	}
	_, small, left := send(32 << 10) // waits: there is always room for it
	small()
	<-left
	forget()
	<-gone
	_, again, over := send(255 * mib) // the room came back
	again()
	<-over
	d.clear(inside...)
}
