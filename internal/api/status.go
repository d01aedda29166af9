package api

import (
	"context"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"enishi/internal/day"
	"enishi/internal/errs"
	"enishi/internal/httpx"
	"enishi/internal/market"
)

// Status says how far the change log has been followed.
type Status struct {
	LogHead int64   `json:"log_head" doc:"Position of the last change."`
	Applied int64   `json:"applied" doc:"Position up to which searches answer."`
	Matched int64   `json:"matched" doc:"Position up to which offers have been made. Drained: the three are equal."`
	Day     day.Day `json:"day" doc:"The log's day."`

	Maintenance *MaintenanceNotice `json:"maintenance,omitempty" doc:"What to show on a banner; absent: there is none and none is planned."`
}

// MaintenanceNotice is what people are told of a time in which the service is
// not open as usual.
type MaintenanceNotice struct {
	Mode    string     `json:"mode" enum:"planned,read-only,stop" doc:"planned: it is ahead; read-only: only GET is answered; stop: nothing but this and the probes is."`
	From    time.Time  `json:"from"`
	Until   *time.Time `json:"until,omitempty" doc:"As planned; absent: not known."`
	Message *Bilingual `json:"message,omitempty" doc:"What the operator says of it."`
}

func maintenanceOf(m market.Maintenance) *MaintenanceNotice {
	if m.Standing == "" {
		return nil
	}
	out := &MaintenanceNotice{Mode: string(m.Standing), From: m.From.UTC()}
	if until := m.Until.UTC(); !m.Until.IsZero() {
		out.Until = &until
	}
	if m.JA != "" || m.EN != "" {
		out.Message = &Bilingual{m.JA, m.EN}
	}
	return out
}

// ClockBody moves the clock.
type ClockBody struct {
	Day *day.Day `json:"day" doc:"The clock goes to 09:00 in Tokyo of this day, which must be ahead."`
}

// Installation says which one a demo is.
type Installation struct {
	Environment string `json:"environment" doc:"ENISHI_ENVIRONMENT: the installation's name; empty: it has none."`
	DataKind    string `json:"data_kind,omitempty" enum:"real,demo" doc:"ENISHI_DATA_KIND: whose data may be there; absent: anybody's."`
}

// Mails are what was sent while an outbox stands in for mail.
type Mails struct {
	Items []httpx.Mail `json:"items" doc:"Newest first."`
}

func (s *service) addStatus(o Options) {
	handle(s, operation{
		method: http.MethodGet, path: statusPath, id: "status", class: httpx.Own, tag: tagService,
		summary: "How far the change log has been followed, and whether there is maintenance", answer: exampleStatus(),
	}, func(ctx context.Context, _ *none) (*answered[Status], error) {
		now, err := s.market.Status(ctx)
		return &answered[Status]{Status{now.LogHead, now.Applied, now.Matched, now.Day, maintenanceOf(s.market.Maintenance())}}, err
	})
	if o.Demo {
		handleBody(s, operation{
			method: http.MethodPost, path: "/dev/clock", id: "move-clock", class: httpx.Ordinary, tag: tagService, status: http.StatusAccepted,
			summary: "Move the demo's clock forward; status says when the days between are played",
			errors:  []int{http.StatusConflict}, request: exampleClock(s.market.Today()), answer: exampleClock(s.market.Today()),
		}, func(ctx context.Context, _ *none, b *ClockBody) (*answered[ClockBody], error) {
			if err := s.market.MoveClock(ctx, *b.Day); err != nil {
				return nil, err
			}
			return &answered[ClockBody]{*b}, nil
		})
		handle(s, operation{
			method: http.MethodGet, path: "/dev/installation", id: "installation", class: httpx.Ordinary, tag: tagService,
			summary: "Which installation the demo is, for whoever puts a load on it", answer: Installation{"load", "demo"},
		}, func(ctx context.Context, _ *none) (*answered[Installation], error) {
			kind, err := s.market.Data(ctx)
			return &answered[Installation]{Installation{o.Environment, string(kind)}}, err
		})
	}
	if o.Outbox {
		handle(s, operation{
			method: http.MethodGet, path: "/dev/mail", id: "mails", class: httpx.Ordinary, tag: tagService,
			summary: "The newest mails, where an outbox stands in for mail",
			detail:  "Outside a demo they are shown to the machine itself alone: they hold addresses and codes.",
			answer:  Mails{[]httpx.Mail{exampleMail()}}, errors: []int{http.StatusForbidden},
		}, func(ctx context.Context, _ *none) (*answered[Mails], error) {
			if !o.Demo && !httpx.FromHere(exchangeOf(ctx).request) {
				return nil, errs.New(errs.Denied, "mails are shown on the machine itself alone")
			}
			list, err := s.market.Mails(ctx, mostMails)
			out := Mails{[]httpx.Mail{}}
			for _, m := range list {
				out.Items = append(out.Items, httpx.Mail{To: m.To, Subject: m.Subject, Body: m.Body, At: m.At})
			}
			return &answered[Mails]{out}, err
		})
	}
}

// mostMails bounds what a page of mails shows.
const mostMails = 1000

// addProbes adds what machines ask: is it alive, is it ready, how is it.
func (s *service) addProbes(mux *http.ServeMux, metrics prometheus.Gatherer, wedged func() string) {
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, r *http.Request) {
		if wedged != nil {
			if what := wedged(); what != "" {
				s.log.ErrorContext(r.Context(), "the process is wedged", "why", what)
				plain(w, http.StatusServiceUnavailable, what+"\n")
				return
			}
		}
		plain(w, http.StatusOK, "ok\n")
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		status, err := s.market.Status(r.Context())
		if err != nil {
			if r.Context().Err() == nil { // else whoever asked has gone, and it is not known
				s.log.WarnContext(r.Context(), "the database does not answer", "error", err)
			}
			plain(w, http.StatusServiceUnavailable, "the database does not answer\n")
			return
		}
		if behind := status.LogHead - status.Applied; behind > mostBehind {
			s.log.WarnContext(r.Context(), "the populations are behind", "rows", behind)
			plain(w, http.StatusServiceUnavailable, "the populations are behind the log\n")
			return
		}
		plain(w, http.StatusOK, "ok\n")
	})
	mux.Handle("GET /metrics", promhttp.HandlerFor(metrics, promhttp.HandlerOpts{}))
}

// mostBehind is how many rows of the log the populations of a ready process may
// lack: what a burst of writes leaves for an instant.
const mostBehind = 1000

func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	w.Write([]byte(text)) //nolint:errcheck // the client went away; nobody is left to tell
}
