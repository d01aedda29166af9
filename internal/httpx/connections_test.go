package httpx

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
)

// TestIdlersMakeRoom opens more connections than may be open, and leaves them idle:
// a newcomer is answered, and who has been idle for longest is closed.
func TestIdlersMakeRoom(t *testing.T) {
	const most = 5
	i := newIdlers(slog.New(slog.DiscardHandler), most)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok") })) //nolint:errcheck // a test
	s.Config.ConnState = i.note
	s.Start()
	defer s.Close()
	var clients []*http.Transport
	ask := func(c *http.Transport) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := c.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, answer.Body) //nolint:errcheck // so that the connection is idle
		answer.Body.Close()              //nolint:errcheck // it was read
	}
	for range 4 * most {
		c := &http.Transport{}
		defer c.CloseIdleConnections()
		clients = append(clients, c)
		ask(c)
	}
	for { // a connection is counted until the server has seen its end
		i.mu.Lock()
		open := i.open
		i.mu.Unlock()
		if open <= most+1 {
			break
		}
		if err := t.Context().Err(); err != nil {
			t.Fatalf("%d are open, want %d at most: %v", open, most+1, err)
		}
	}
	for _, c := range clients { // whoever was closed connects again
		ask(c)
	}
}
