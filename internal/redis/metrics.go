package redis

import "github.com/prometheus/client_golang/prometheus"

func (c *Client) addMetrics() {
	c.calls = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "enishi_redis_calls_total",
		Help: "Calls to Redis: answered, failed, not made while it is away, left by whoever asked, or crowded out of the pool.",
	}, []string{"outcome"})
	c.shown = prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "enishi_redis_up", Help: "1 while Redis is used, 0 while the process goes on without it.",
	}, func() float64 {
		if c.Up() {
			return 1
		}
		return 0
	})
}

// Describe gives what is measured, for Prometheus.
func (c *Client) Describe(into chan<- *prometheus.Desc) {
	c.shown.Describe(into)
	c.calls.Describe(into)
}

// Collect gives the measurements, for Prometheus.
func (c *Client) Collect(into chan<- prometheus.Metric) {
	c.shown.Collect(into)
	c.calls.Collect(into)
}
