package web

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"

	"enishi/internal/httpx"
	"enishi/internal/market"
)

// How long a stream of events lasts, so that a session that has ended is noticed; how
// often it says something, since load balancers cut what is silent for a minute; and
// how long one write may take.
const (
	streamLife    = 5 * time.Minute
	streamBeat    = 15 * time.Second
	streamPatient = 10 * time.Second
)

// live tells of changes that concern the reader, as server-sent events, for as long as
// they listen: their ids are positions of the log, from which listening goes on. An
// event "again" says that some were missed, and pages are to be read again.
func (p *Pages) live(r *request) error {
	after, _ := strconv.ParseInt(r.FormValue("after"), 10, 64) // 0: from where it is not known
	if id, err := strconv.ParseInt(r.Header.Get("Last-Event-ID"), 10, 64); err == nil {
		after = id
	}
	_, actor, err := r.needActor()
	if err != nil {
		return err
	}
	l, err := p.market.Listen(actor, after)
	if err != nil {
		return err
	}
	defer l.Close()
	s := stream{w: r.w, control: http.NewResponseController(r.w)}
	if err := s.control.SetReadDeadline(time.Time{}); err != nil {
		return fmt.Errorf("let a stream last: %w", err)
	}
	h := r.w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // of proxies that would keep it to themselves
	h.Set("X-Content-Type-Options", "nosniff")
	ctx, cancel := context.WithTimeout(httpx.Lasting(r.Context()), streamLife)
	defer cancel()
	if err := s.carry(ctx, l, p.market.Heard); err != nil {
		p.log.DebugContext(ctx, "a stream of events ended", "error", err)
	}
	return nil
}

// stream is a stream of events.
type stream struct {
	w       http.ResponseWriter
	control *http.ResponseController
}

// carry sends what a listener hears until one of both ends.
func (s stream) carry(ctx context.Context, l *market.Listener, heard func() int64) error {
	beat := time.NewTicker(streamBeat)
	defer beat.Stop()
	if err := s.send(": here\n\n"); err != nil {
		return err
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-beat.C:
			if err := s.send(": \n\n"); err != nil {
				return err
			}
		case n, ok := <-l.News:
			if !ok && !l.Missed() {
				return nil
			}
			text := fmt.Sprintf("id: %d\nevent: again\ndata:\n\n", heard())
			if ok {
				text = fmt.Sprintf("id: %d\nevent: %s\ndata: %s\n\n", n.Pos, n.Kind, idOf(n.ID))
			}
			if err := s.send(text); err != nil || !ok {
				return err
			}
		}
	}
}

func idOf(id uuid.UUID) string {
	if id == uuid.Nil {
		return ""
	}
	return id.String()
}

func (s stream) send(text string) error {
	if err := s.control.SetWriteDeadline(time.Now().Add(streamPatient)); err != nil {
		return err
	}
	if _, err := s.w.Write([]byte(text)); err != nil {
		return err
	}
	return s.control.Flush()
}
