package api

import (
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"enishi/internal/httpx"
	"enishi/internal/market"
)

// gate is the mux that operations are added to: each is put behind what
// decides whether its class of requests may run now.
type gate struct {
	*http.ServeMux
	service *service
}

// HandleFunc adds the handler of an operation that was described.
func (g gate) HandleFunc(pattern string, handler func(http.ResponseWriter, *http.Request)) {
	op := g.service.described[pattern]
	h := g.service.admission.Admit(op.class, http.HandlerFunc(handler))
	if op.noted {
		h = g.service.maintenance.Unchanged(h)
	}
	g.ServeMux.Handle(pattern, h)
}

const statusPath = "/api/v1/status"

// newMaintenance gives what tells of maintenance and refuses what it forbids.
// The probes stay: a load balancer that put every process aside would answer
// with a page of its own.
func newMaintenance(m *market.Market) (*httpx.Maintenance, error) {
	return httpx.NewMaintenance(func() *httpx.Notice {
		now := m.Maintenance()
		if now.Standing == "" {
			return nil
		}
		return &httpx.Notice{Mode: string(now.Standing), From: now.From, Until: now.Until, JA: now.JA, EN: now.EN}
	}, m.Now, "/livez", "/readyz", "/metrics", statusPath)
}

// newAdmission gives the admission of the options, with its metrics.
func newAdmission(o Options, r prometheus.Registerer) (*httpx.Admission, error) {
	most := o.Concurrency
	if most == 0 {
		most = httpx.Places(runtime.GOMAXPROCS(0))
	}
	return httpx.NewAdmission(most, time.Now, r)
}

// classed reports operations without a class: nobody would know what to do
// with them under overload.
func (s *service) classed() error {
	var without []string
	for pattern, op := range s.described {
		if !op.class.Known() {
			without = append(without, pattern)
		}
	}
	if len(without) == 0 {
		return nil
	}
	slices.Sort(without)
	return fmt.Errorf("operations without a class: %s", strings.Join(without, ", "))
}
