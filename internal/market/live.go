package market

import (
	"sync"
	"time"

	"github.com/google/uuid"

	"enishi/internal/errs"
	"enishi/internal/offer"
)

// News is one row of the log as somebody whom it concerns is told of it: of what
// kind it is and the id under which they know it, never a value.
type News struct {
	Pos  int64
	Kind string    // offer, arrived (an offer that is new to its candidate), rule, position, company, day
	ID   uuid.UUID // nil for a day
}

// Bounds of what is kept for those who listen: how many there are at most, and of one
// account; how many news wait for one of them before it is let go; how many of the
// newest news can be caught up with; of how many rows at once each is looked at.
const (
	mostListeners   = 4096
	mostOfAccount   = 8
	newsBuffered    = 64
	newsKept        = 4096
	mostRowsOfAPart = 1000
)

// heard is a row and whom it concerns.
type heard struct {
	News
	candidate, company int64 // keys, 0: none
	all                bool
	toCandidate        string // the kind that the candidate is told, "": Kind
}

// wire hands what the follower reads to those who listen, in the order of the log.
type wire struct {
	mu        sync.Mutex
	listeners map[*Listener]bool
	accounts  map[int64]int
	head      int64   // position up to which everything is in kept, or was told
	floor     int64   // position from which on kept is whole
	kept      []heard // oldest first
	used      bool    // somebody has listened here: rows are looked at from then on
	closed    bool
}

// Listener is told of what concerns one actor. It belongs to one goroutine.
type Listener struct {
	// News is closed when the listener is let go.
	News <-chan News

	wire   *wire
	news   chan News
	actor  Actor
	after  int64
	missed bool
}

// Heard gives the position up to which those who listen have been told everything.
func (m *Market) Heard() int64 {
	m.wire.mu.Lock()
	defer m.wire.mu.Unlock()
	return m.wire.head
}

// Listen tells of what concerns an actor after a position; if that is too long ago, News is
// closed at once. Busy if too many listen, or the process stops. Close must
// follow.
func (m *Market) Listen(actor Actor, after int64) (*Listener, error) {
	w := &m.wire
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed || len(w.listeners) >= mostListeners || w.accounts[actor.Account] >= mostOfAccount {
		return nil, errs.New(errs.Busy, "too many pages listen; this one is told when it asks")
	}
	news := make(chan News, newsBuffered)
	l := &Listener{News: news, wire: w, news: news, actor: actor, after: after}
	if w.listeners == nil {
		w.listeners, w.accounts = map[*Listener]bool{}, map[int64]int{}
	}
	if !w.used {
		w.used, w.floor = true, w.head
	}
	w.listeners[l] = true
	w.accounts[actor.Account]++
	if after < w.floor {
		w.cut(l)
		return l, nil
	}
	for i := range w.kept {
		w.tell(l, &w.kept[i])
	}
	return l, nil
}

// Missed says, once News is closed, whether there was news that the listener was not
// told: it was slow, or rows were not looked at one by one. What it shows must be read
// again then, and it may listen again after Market.Heard.
func (l *Listener) Missed() bool {
	l.wire.mu.Lock()
	defer l.wire.mu.Unlock()
	return l.missed
}

// Close ends listening; it may be called again.
func (l *Listener) Close() {
	l.wire.mu.Lock()
	defer l.wire.mu.Unlock()
	l.wire.release(l)
}

// StopListening lets everybody go who listens, and nobody in any more.
func (m *Market) StopListening() {
	m.wire.mu.Lock()
	defer m.wire.mu.Unlock()
	m.wire.closed = true
	for l := range m.wire.listeners {
		m.wire.release(l)
	}
}

func (w *wire) release(l *Listener) {
	if !w.listeners[l] {
		return
	}
	delete(w.listeners, l)
	if w.accounts[l.actor.Account]--; w.accounts[l.actor.Account] == 0 {
		delete(w.accounts, l.actor.Account)
	}
	close(l.news)
}

// cut releases a listener that misses something.
func (w *wire) cut(l *Listener) {
	l.missed = true
	w.release(l)
}

// wanted says whether anybody has listened here.
func (w *wire) wanted() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.used
}

// part is what the rows after one position up to another tell. It is not whole if
// they were not looked at one by one: nobody listened, or they were too many.
type part struct {
	from, to int64
	news     []heard
	whole    bool
}

// publish tells of a part of the log. Where one is missing, everybody is let go.
func (w *wire) publish(p part) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !p.whole || p.from != w.head {
		w.head, w.floor, w.kept = p.to, p.to, nil
		for l := range w.listeners {
			w.cut(l)
		}
		return
	}
	w.head = p.to
	w.kept = append(w.kept, p.news...)
	if over := len(w.kept) - newsKept; over > 0 {
		w.floor = w.kept[over-1].Pos
		w.kept = append([]heard(nil), w.kept[over:]...)
	}
	for i := range p.news {
		for l := range w.listeners {
			w.tell(l, &p.news[i])
		}
	}
}

// tell tells a listener of a row that concerns it; one that has not taken what came
// before is let go.
func (w *wire) tell(l *Listener, h *heard) {
	if !w.listeners[l] || h.Pos <= l.after {
		return
	}
	news := h.News
	switch {
	case h.all:
	case h.candidate != 0 && h.candidate == l.actor.Candidate:
		if h.toCandidate != "" {
			news.Kind = h.toCandidate
		}
	case h.company != 0 && h.company == l.actor.Company:
	default:
		return
	}
	select {
	case l.news <- news:
		l.after = h.Pos
	default:
		w.cut(l)
	}
}

// listen gives whom rows concern. Rows of what is no longer there concern nobody.
func (m *Market) listen(tx Tx, rows []Row) ([]heard, error) {
	var all []heard
	for i := range rows {
		h, err := m.concerns(tx, &rows[i])
		if notFoundIsNil(err) != nil {
			return nil, err
		}
		if err == nil && (h.all || h.candidate != 0 || h.company != 0) {
			h.Pos = rows[i].Pos
			all = append(all, h)
		}
	}
	return all, nil
}

// concerns gives whom a row concerns, and under which id.
func (m *Market) concerns(tx Tx, row *Row) (heard, error) {
	switch row.Change {
	case OfferChanged:
		o, err := tx.Offer(row.Entity)
		if err == nil && o.State == offer.Proposed {
			return concernsProposal(tx, &o)
		}
		return m.concernsOffer(&o, row.At), err
	case RuleChanged, RuleLess:
		r, err := tx.Rule(row.Entity)
		return heard{News: News{Kind: "rule", ID: r.ID}, company: r.Company}, err
	case PositionChanged, PositionLess:
		p, err := tx.Position(row.Entity)
		return heard{News: News{Kind: "position", ID: p.ID}, company: p.Company}, err
	case CompanyChanged, CompanyLess:
		c, err := tx.Company(row.Entity)
		return heard{News: News{Kind: "company", ID: c.ID}, company: c.Key}, err
	case DayBegan:
		return heard{News: News{Kind: "day"}, all: true}, nil
	}
	return heard{}, nil
}

// concernsProposal tells a company that somebody waits to be confirmed, by the rule at
// which they do. That a proposal is gone it is not told: a reserved offer lapses alike,
// and whether an address is confirmed is not the company's to know.
func concernsProposal(tx Tx, o *offer.Offer) (heard, error) {
	r, err := tx.Rule(o.Rule)
	return heard{News: News{Kind: "rule", ID: r.ID}, company: o.Company}, err
}

// concernsOffer leaves out who does not see the offer, and the company where what it
// is shown differs from what happened, such as a block. A decline that can be taken
// back, and its being taken back, look to it like an offer that was opened, of which it
// is told once: by the row of the moment when it was.
func (m *Market) concernsOffer(o *offer.Offer, at time.Time) heard {
	h := heard{News: News{Kind: "offer", ID: o.ID}}
	if visible(o) {
		h.candidate = o.Candidate
	}
	if o.State == offer.Sent {
		h.toCandidate = "arrived"
	}
	shown := shownState(o, m.running())
	if told := shown == o.State || shown == offer.Seen; told && !hiddenFromCompany(o) && (shown != offer.Seen || at.Equal(o.SeenAt)) {
		h.company = o.Company
	}
	return h
}
