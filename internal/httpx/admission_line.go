package httpx

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// NewAdmission gives an admission of at most so many requests at once, and
// registers its metrics.
func NewAdmission(most int, now func() time.Time, r prometheus.Registerer) (*Admission, error) {
	m := newAdmissionMetrics()
	for _, c := range []prometheus.Collector{m.inFlight, m.inQueue, m.waited, m.shed, m.level} {
		if err := r.Register(c); err != nil {
			return nil, fmt.Errorf("register the metrics of admission: %w", err)
		}
	}
	return newAdmission(most, now, m), nil
}

// retryLeast and retryMost bound when a shed request may come again: by then a
// short overload has passed, and those that were refused together do not come
// back together.
const (
	retryLeast = 2 * time.Second
	retryMost  = 8 * time.Second
)

func overloaded() *Problem {
	wait := retryLeast + rand.N(retryMost-retryLeast+1)
	return NewProblem(http.StatusServiceUnavailable, "too many people are here at once; try again in a moment / ただいま混み合っています。少し待ってからもう一度お試しください").
		With("Retry-After", seconds(wait.Truncate(time.Second)))
}

// readAhead takes the body off the line. What went wrong there is told to
// whoever reads the body, as it would have been.
func readAhead(r *http.Request) {
	if r.Body == nil || r.Body == http.NoBody {
		return
	}
	body, err := io.ReadAll(r.Body)
	var rest io.Reader = bytes.NewReader(body)
	if err != nil {
		rest = io.MultiReader(rest, failing{err})
	}
	r.Body = readBody{rest, r.Body}
}

type readBody struct {
	io.Reader
	io.Closer
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// heldAnswer keeps an answer until it is sent.
type heldAnswer struct {
	writer http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (h *heldAnswer) Header() http.Header { return h.writer.Header() }

func (h *heldAnswer) WriteHeader(status int) {
	if h.status == 0 {
		h.status = status
	}
}

func (h *heldAnswer) Write(b []byte) (int, error) {
	h.WriteHeader(http.StatusOK)
	return h.body.Write(b)
}

func (h *heldAnswer) send() {
	if h.status != 0 {
		h.writer.WriteHeader(h.status)
	}
	if h.body.Len() > 0 {
		h.writer.Write(h.body.Bytes()) //nolint:errcheck // the client went away; nobody is left to tell
	}
}

// admissionMetrics says who runs, who waits and who was refused.
type admissionMetrics struct {
	inFlight, inQueue *prometheus.GaugeVec
	waited            *prometheus.HistogramVec
	shed              *prometheus.CounterVec
	level             prometheus.Gauge
}

func newAdmissionMetrics() *admissionMetrics {
	class := []string{"class"}
	m := &admissionMetrics{
		inFlight: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "http_admission_in_flight", Help: "Requests that hold a place, by class.",
		}, class),
		inQueue: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "http_admission_waiting", Help: "Requests that wait for a place, by class.",
		}, class),
		waited: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "http_admission_wait_seconds", Help: "How long requests waited for their place, by class.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, class),
		shed: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "http_admission_shed_total",
			Help: "Requests refused, by class and reason: overload, the class is shed; full, its queue is; late, it waited too long; bodies, there was no room for its body.",
		}, append(class, "reason")),
		level: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "http_admission_shed_classes", Help: "How many classes are shed now, from the last one up.",
		}),
	}
	for c := Answers; c <= lastClass; c++ { // so that a class shows before its first request
		m.inFlight.WithLabelValues(c.String())
		m.inQueue.WithLabelValues(c.String())
		for _, why := range []string{"overload", "full", "late"} {
			if c.sheddable() {
				m.shed.WithLabelValues(c.String(), why)
			}
		}
	}
	return m
}

func (m *admissionMetrics) running(c Class, n int) {
	m.inFlight.WithLabelValues(c.String()).Set(float64(n))
}

func (m *admissionMetrics) waiting(c Class, n int) {
	m.inQueue.WithLabelValues(c.String()).Set(float64(n))
}

func (m *admissionMetrics) started(c Class, n int, waited time.Duration) {
	m.running(c, n)
	m.waited.WithLabelValues(c.String()).Observe(waited.Seconds())
}

func (m *admissionMetrics) refused(c Class, why string) {
	m.shed.WithLabelValues(c.String(), why).Inc()
}

func (m *admissionMetrics) shedding(level int) { m.level.Set(float64(level)) }
