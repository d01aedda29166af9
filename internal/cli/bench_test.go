package cli_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"enishi/internal/account"
	"enishi/internal/api"
	"enishi/internal/cli"
	"enishi/internal/market"
)

// TestBenchAsksForTheHost puts a load on nobody else's machine by a slip.
func TestBenchAsksForTheHost(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ url, confirm, says string }{
		{"https://enishi.example.invalid", "", "Give --confirm enishi.example.invalid"},
		{"https://enishi.example.invalid:8443", "enishi.example.invalid", "Give --confirm enishi.example.invalid:8443"},
		{"http://127.0.0.1:1", "", "connection refused"},
		{"http://[::1]:1", "", "refused"},
		{"http://localhost:1", "", "refused"},
	} {
		w := cli.System()
		var said bytes.Buffer
		w.Out, w.Err = &said, &said
		args := []string{"bench", "http", "--duration", "1ms", "--url", tt.url}
		if tt.confirm != "" {
			args = append(args, "--confirm", tt.confirm)
		}
		if code := cli.Run(args, w); code == 0 || !strings.Contains(said.String(), tt.says) {
			t.Errorf("%q = %d, %s; want %q", args, code, said.String(), tt.says)
		}
	}
}

// TestBenchLoadsDemosAlone signs nobody up at a service that is no demo, nor at one that has a name and is not for demo data alone, also
// on this machine.
func TestBenchLoadsDemosAlone(t *testing.T) {
	t.Parallel()
	vault, err := account.NewVault([]byte("0123456789abcdef0123456789abcdef"))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		demo bool
		name string
		kind market.DataKind
		says string // "": it is put on that
	}{
		{demo: true}, {demo: true, kind: market.DemoData}, {demo: true, name: "load", kind: market.DemoData},
		{says: "is no demo"}, {name: "prod", kind: market.RealData, says: "is no demo"}, {name: "dev", kind: market.DemoData, says: "is no demo"},
		{demo: true, name: "prod", says: "In prod, which holds people's data"},
	} {
		m, err := market.Open(t.Context(), market.NewMemory(), vault, market.Options{Mode: market.Auto, Demo: tt.demo, Data: tt.kind, Clock: time.Now}, nil)
		if err != nil {
			t.Fatal(err)
		}
		handler, err := api.New(slog.New(slog.DiscardHandler), m, api.Options{Demo: tt.demo, Environment: tt.name})
		if err != nil {
			t.Fatal(err)
		}
		var written atomic.Int64
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodGet {
				written.Add(1)
			}
			handler.ServeHTTP(w, r)
		}))
		t.Cleanup(server.Close)
		w := cli.System()
		var said bytes.Buffer
		w.Out, w.Err = &said, &said
		code := cli.Run([]string{"bench", "http", "--duration", "100ms", "--rate", "10", "--mix", "signup=1", "--url", server.URL}, w)
		if refused := code == 1 && strings.Contains(said.String(), tt.says); refused != (tt.says != "") || (written.Load() > 0) != (tt.says == "") {
			t.Errorf("%+v: %d, %s; %d requests write", tt, code, said.String(), written.Load())
		}
	}
}
