package api

import (
	"io"
	"log/slog"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"enishi/internal/market"
)

// Document gives the document that New describes the API by.
func Document(m *market.Market, o Options) *huma.OpenAPI {
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	return newService(log, m, o, http.NewServeMux()).huma.OpenAPI()
}
