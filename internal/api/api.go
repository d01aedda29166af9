// Package api serves the JSON API under /api/v1 and describes it: handlers
// over the use cases of market, the wire form of everything, and the OpenAPI
// document, which is made of both.
//
// It refuses bodies that are not exactly what the document says, and names the
// place. It opens no transactions and holds no rule of the trade. The handler
// is safe for concurrent use.
package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"go.opentelemetry.io/otel/trace"

	"enishi/internal/httpx"
	"enishi/internal/market"
)

// Options are what an installation decides about its API.
type Options struct {
	// Probes answers /livez, /readyz and /metrics alone: the process does something
	// else.
	Probes bool
	// Demo opens POST /dev/clock.
	Demo bool
	// RateLimits bounds sign-ups, sign-ins and confirmations per address.
	RateLimits bool
	// Proxies is how many reverse proxies of our own stand in front; the
	// addresses that RateLimits counts are those that they were asked from.
	Proxies int
	// Concurrency is how many requests run at once; 0: as many as the cores
	// bear.
	Concurrency int
	// Shared has the buckets of RateLimits for all processes together; nil:
	// each has its own.
	Shared httpx.Buckets
	// Outbox shows the newest mails at GET /dev/mail.
	Outbox bool
	// Wedged says what has stood still for too long, "" if nothing has; nil:
	// nobody looks.
	Wedged func() string
	// Permit is the number of the employment-placement permit, "" if there is none.
	Permit string
	// Environment is the installation's name, "" if it has none.
	Environment string
	// Version is the program's, for the document.
	Version string
	// Registry takes the metrics and is served at /metrics; nil: one of its own.
	Registry *prometheus.Registry
	// Tracer makes the spans of requests; nil: there are none.
	Tracer trace.Tracer
	// Pages are served beside the API; nil: there are none, and / leads to the
	// document.
	Pages Pages
}

// Pages are what people read.
type Pages interface {
	// Add adds their routes.
	Add(mux *http.ServeMux, front httpx.Front)
	// Missing answers what has no route.
	Missing(w http.ResponseWriter, r *http.Request, problem *httpx.Problem)
}

type service struct {
	log     *slog.Logger
	market  *market.Market
	huma    huma.API
	limiter *httpx.Limiter // nil: no bounds

	admission   *httpx.Admission
	maintenance *httpx.Maintenance
	described   map[string]operation // by the pattern of their route
}

// mostBody is the largest body: ten times the largest profile.
const mostBody = 1 << 20

// Sign-ups and sign-ins of one address: an office behind one address may come
// at once, a guesser may not go on.
const (
	limitBurst = 30
	limitEvery = 2 * time.Second
	// A demo's passwords are printed: there is nothing to guess, and whoever
	// tries it out may sign up many.
	demoBurst = 1000
	demoEvery = 20 * time.Millisecond
)

// New gives the handler of the API: everything under /api/v1, what a demo adds
// under /dev, and the probes /livez, /readyz and /metrics.
func New(log *slog.Logger, m *market.Market, o Options) (http.Handler, error) {
	registry := o.Registry
	if registry == nil {
		registry = prometheus.NewRegistry()
	}
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	metrics, err := httpx.NewMetrics(registry)
	if err != nil {
		return nil, err
	}
	if o.Probes {
		mux := http.NewServeMux()
		(&service{log: log, market: m}).addProbes(mux, registry, o.Wedged)
		return httpx.Observe(log, metrics, o.Tracer, httpx.Problems(mux, nil)), nil
	}
	admission, err := newAdmission(o, registry)
	if err != nil {
		return nil, err
	}
	maintenance, err := newMaintenance(m)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	s := newService(log, m, o, mux, admission, maintenance)
	if err := s.classed(); err != nil {
		return nil, err
	}
	s.addDocument(mux)
	s.addProbes(mux, registry, o.Wedged)
	var missing func(http.ResponseWriter, *http.Request, *httpx.Problem)
	if o.Pages != nil {
		o.Pages.Add(mux, httpx.Front{Admission: admission, Maintenance: maintenance, Limiter: s.limiter})
		missing = o.Pages.Missing
	} else {
		mux.Handle("GET /{$}", http.RedirectHandler("/api/v1/docs", http.StatusFound))
	}
	// net/http answers HEAD by GET; these two note that somebody looked.
	for _, path := range []string{"/api/v1/me/offers/{id}", "/api/v1/candidates/{id}"} {
		mux.HandleFunc("HEAD "+path, func(w http.ResponseWriter, _ *http.Request) {
			httpx.WriteProblem(w, httpx.NewProblem(http.StatusMethodNotAllowed, "reading this is noted: ask by GET").With("Allow", "GET"))
		})
	}
	return httpx.Observe(log, metrics, o.Tracer, maintenance.Guard(httpx.LimitBody(mostBody, httpx.Problems(mux, missing)))), nil
}

// newService adds every operation to a mux and to the document.
func newService(log *slog.Logger, m *market.Market, o Options, mux *http.ServeMux, admission *httpx.Admission, maintenance *httpx.Maintenance) *service {
	s := &service{log: log, market: m, admission: admission, maintenance: maintenance, described: map[string]operation{}}
	s.huma = humago.New(gate{mux, s}, config(o.Version))
	if o.RateLimits {
		burst, every := limitBurst, limitEvery
		if o.Demo {
			burst, every = demoBurst, demoEvery
		}
		s.limiter = httpx.NewLimiter(burst, every, o.Proxies, time.Now)
		s.limiter.Share(o.Shared)
	}
	s.addVisitors()
	s.addInsight()
	s.addAccounts()
	s.addTaxonomy()
	s.addMe()
	s.addOffers()
	s.addDealings()
	s.addThreads()
	s.addBreaches()
	s.addDisputes()
	s.addViews()
	s.addExport()
	s.addCompanies()
	s.addMembers()
	s.addTokens()
	s.addScouts()
	s.addAudit()
	s.addOperators(o)
	s.addTrials()
	s.addPositions()
	s.addRules()
	s.addSearch()
	s.addSavedSearches()
	s.addStatus(o)
	finish(s.huma.OpenAPI())
	return s
}

// addDocument adds the OpenAPI document, its page and the page's style sheet, each made
// once, when somebody asks for it: they take longer to make than all else that a start needs.
func (s *service) addDocument(mux *http.ServeMux) {
	text := sync.OnceValues(func() ([]byte, error) {
		text, err := json.Marshal(s.huma.OpenAPI())
		if err != nil {
			return nil, fmt.Errorf("write the OpenAPI document: %w", err)
		}
		return text, nil
	})
	page := sync.OnceValues(func() ([]byte, error) {
		page, err := docsPage(s.huma.OpenAPI())
		if err != nil {
			return nil, fmt.Errorf("write the page of the API: %w", err)
		}
		return page, nil
	})
	sheet := docsSheetPath()
	serve := func(path, kind string, body func(ctx context.Context) ([]byte, error)) {
		mux.Handle("GET "+path, httpx.Handle(s.log, func(w http.ResponseWriter, r *http.Request) error {
			text, err := body(r.Context())
			if err != nil {
				return err
			}
			w.Header().Set("Content-Type", kind)
			w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
			w.Header().Set("X-Content-Type-Options", "nosniff")
			if path == sheet {
				w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
			}
			w.Write(text) //nolint:errcheck // the client went away; nobody is left to tell
			return nil
		}))
	}
	serve("/api/v1/openapi.json", jsonType, func(context.Context) ([]byte, error) { return text() })
	serve(sheet, "text/css; charset=utf-8", func(context.Context) ([]byte, error) { return docsSheet, nil })
	serve("/api/v1/docs", "text/html; charset=utf-8", func(ctx context.Context) ([]byte, error) {
		banner, err := s.maintenance.Banner()
		if err != nil {
			s.log.ErrorContext(ctx, "a banner cannot be made", "error", err)
		}
		page, err := page()
		return bytes.Replace(page, []byte(bannerHere), []byte(banner), 1), err
	})
}
