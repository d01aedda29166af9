package api

import (
	"io"
	"log/slog"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/prometheus/client_golang/prometheus"

	"enishi/internal/market"
)

// Document gives the document that New describes the API by.
func Document(m *market.Market, o Options) *huma.OpenAPI {
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	admission, err := newAdmission(o, prometheus.NewRegistry())
	if err != nil {
		panic(err) // a new registry holds nothing that a metric could clash with
	}
	maintenance, err := newMaintenance(m)
	if err != nil {
		panic(err) // the template is of this program
	}
	return newService(log, m, o, http.NewServeMux(), admission, maintenance).huma.OpenAPI()
}
