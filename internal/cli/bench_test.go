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

// benchLoad puts a load on a service that says of itself what it is, and gives how that ends, what it says, and how many requests
// write.
func benchLoad(t *testing.T, demo bool, name string, kind market.DataKind) (code int, said string, written int64) {
	t.Helper()
	vault, err := account.NewVault([]byte("0123456789abcdef0123456789abcdef"))
	if err != nil {
		t.Fatal(err)
	}
	m, err := market.Open(t.Context(), market.NewMemory(), vault, market.Options{Mode: market.Auto, Demo: demo, Data: kind, Clock: time.Now}, nil)
	if err != nil {
		t.Fatal(err)
	}
	handler, err := api.New(slog.New(slog.DiscardHandler), m, api.Options{Demo: demo, Environment: name})
	if err != nil {
		t.Fatal(err)
	}
	var writes atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			writes.Add(1)
		}
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	w := cli.System()
	var out bytes.Buffer
	w.Out, w.Err = &out, &out
	code = cli.Run([]string{"bench", "http", "--duration", "100ms", "--rate", "10", "--mix", "signup=1", "--url", server.URL}, w)
	return code, out.String(), writes.Load()
}

// TestBenchLoadsDemosAlone signs nobody up at a service that is no demo, also on this machine.
func TestBenchLoadsDemosAlone(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		demo bool
		name string
		kind market.DataKind
	}{{true, "", ""}, {true, "", market.DemoData}, {true, "load", market.DemoData}, {false, "", ""}, {false, "dev", market.DemoData}} {
		code, said, written := benchLoad(t, tt.demo, tt.name, tt.kind)
		if refused := code == 1 && strings.Contains(said, "is no demo"); refused == tt.demo || (written > 0) != tt.demo {
			t.Errorf("%+v: %d, %s; %d requests write", tt, code, said, written)
		}
	}
}

// benchLeavesAlone holds that nobody is signed up where an installation has a name, unless it is a demo for demo data: also where somebody
// has begun to serve it as a demo by a slip.
func benchLeavesAlone(t *testing.T) {
	for _, tt := range []struct {
		demo bool
		kind market.DataKind
		says string
	}{
		{true, "", "In prod, which holds people's data (http://"}, {false, market.RealData, "is no demo"}, {false, "", "is no demo"},
	} {
		if code, said, written := benchLoad(t, tt.demo, "prod", tt.kind); code != 1 || !strings.Contains(said, tt.says) || written > 0 {
			t.Errorf("%+v: %d, %s; %d requests write", tt, code, said, written)
		}
	}
}
