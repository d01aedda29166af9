package httpx

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics counts requests by route: how many, how they ended, and how long those
// took that somebody waits for.
type Metrics struct {
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	open     prometheus.Gauge
}

// NewMetrics registers the metrics of HTTP requests.
func NewMetrics(r prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "http_requests_total", Help: "Requests answered, by method, route and status.",
		}, []string{"method", "route", "status"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "http_request_duration_seconds", Help: "How long requests took, by method and route; without probes, and without what lasts as long as somebody listens.",
			// 300 ms is what is promised: internal/alarm.
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .3, .5, 1, 2, 5, 10},
		}, []string{"method", "route"}),
		open: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "http_requests_in_flight", Help: "Requests being answered.",
		}),
	}
	if err := errors.Join(r.Register(m.requests), r.Register(m.duration), r.Register(m.open)); err != nil {
		return nil, fmt.Errorf("register the metrics of requests: %w", err)
	}
	return m, nil
}

func (m *Metrics) begin() (done func()) {
	m.open.Inc()
	return m.open.Dec
}

func (m *Metrics) count(method, route string, status int) {
	m.requests.WithLabelValues(methodOf(method), route, strconv.Itoa(status)).Inc()
}

func (m *Metrics) took(method, route string, d time.Duration) {
	m.duration.WithLabelValues(methodOf(method), route).Observe(d.Seconds())
}
