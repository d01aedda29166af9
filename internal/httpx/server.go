package httpx

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Server serves HTTP on a listener; it is a lifecycle service. It belongs to
// one goroutine.
type Server struct {
	log      *slog.Logger
	listener net.Listener
	server   *http.Server
	failed   chan error // why serving ended; nil: it has not begun
}

// How long each step of an exchange may take, so that slow or idle clients do
// not hold connections; answers may take as long as the slowest line needs.
const (
	headerTimeout = 10 * time.Second
	readTimeout   = 30 * time.Second
	writeTimeout  = 60 * time.Second
	idleTimeout   = 120 * time.Second
	headerBytes   = 64 << 10
)

// NewServer gives a server of a handler on a listener, which Run closes.
func NewServer(log *slog.Logger, listener net.Listener, handler http.Handler) *Server {
	return &Server{log: log, listener: listener, server: &http.Server{
		Handler: handler, ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout,
		WriteTimeout: writeTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: headerBytes,
		ConnState: newIdlers(log, crowded).note,
		// What net/http has to say names addresses of clients.
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}}
}

// Begin begins to serve, before the handler is ready for everything. Run or
// Close must follow.
func (s *Server) Begin() {
	if s.failed == nil {
		failed := make(chan error, 1)
		s.failed = failed
		go func() { failed <- s.server.Serve(s.listener) }()
	}
}

// Close ends what Begin began, and open requests with it.
func (s *Server) Close() error {
	if s.failed == nil {
		return s.listener.Close()
	}
	err := s.server.Close()
	<-s.failed
	return err
}

// Run serves until ctx is done, then lets open requests end and returns nil. What is
// open for longer than a request may take is cut.
func (s *Server) Run(ctx context.Context) error {
	s.Begin()
	select {
	case err := <-s.failed:
		return fmt.Errorf("serve on %s: %w", s.listener.Addr(), err)
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), requestLife)
	defer cancel()
	err := s.server.Shutdown(grace)
	if errors.Is(err, context.DeadlineExceeded) {
		s.log.WarnContext(ctx, "requests were still open and are cut", "waited", requestLife)
		err = s.server.Close()
	}
	<-s.failed
	return err
}
