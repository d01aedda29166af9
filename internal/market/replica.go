package market

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"enishi/internal/account"
	"enishi/internal/errs"
)

// Reader is a copy of the store that may lag behind it.
type Reader interface {
	// Read runs fn in a transaction that sees one moment of the past. It is
	// not repeated.
	Read(ctx context.Context, fn func(Tx) error) error
}

// replicaAge is how far behind a replica may be, about: lists and figures are
// as old as this at most, unless their session has written meanwhile.
const replicaAge = time.Second

// A replica is left alone for a while when it lags, cannot be asked, or is the
// copy of something else; meanwhile the store answers.
const (
	restBehind = time.Second
	restAway   = 3 * time.Second
	restAlien  = time.Minute
	// replicaTime is how long one may take to answer.
	replicaTime = 2 * time.Second
)

var (
	errBehind = errors.New("the replica lags")
	errNotYet = errors.New("the replica does not have the session's last write yet")
	errAlien  = errors.New("the replica is that of another installation, or has gone its own way")
)

// ReplicaReads counts reads that may be a little old, by who answered them and
// why.
type ReplicaReads struct {
	Replica int64 // answered by it
	NotYet  int64 // by the store: the session's own write, or what was asked for, had not arrived
	Behind  int64 // by the store: the replica lagged, or rested since it had
	Away    int64 // by the store: the replica could not be asked, or rested for it
}

// replica is what a process knows of its replica.
type replica struct {
	Reader
	until atomic.Int64 // rests until, by the clock; nanoseconds
	away  atomic.Bool  // it rests since it could not be asked
	known atomic.Bool  // it is a copy of this installation
	floor floor

	answered, notYet, behind, unasked atomic.Int64
}

// floor remembers the end of the log of about replicaAge ago. Rows are compared
// and no clocks: those of servers need not agree.
type floor struct {
	mu         sync.Mutex
	head, next end
	since      time.Time
}

// end is where the log ended: the last position, which says that all before it is
// there, and the newest row, which says so of what nobody has numbered yet, and
// whose log it is: a copy that went its own way has another row there.
type end struct {
	pos    int64
	newest Row // the zero row: the log was empty
}

// endOf gives the end of the log.
func endOf(tx Tx) (end, error) {
	pos, err := tx.Head()
	if err != nil {
		return end{}, err
	}
	newest, err := tx.NewestRow()
	return end{pos, newest}, notFoundIsNil(err)
}

// reached says whether a copy of the log has come as far: nil, errBehind, or errAlien
// if it is the copy of another log.
func (e end) reached(tx Tx) error {
	if e.newest.ID == 0 {
		return nil
	}
	pos, err := tx.Head()
	if err != nil {
		return err
	}
	row, err := tx.RowOf(e.newest.ID)
	switch is := e.newest; {
	case errs.Is(err, errs.NotFound):
		return errBehind
	case err != nil:
		return err
	case row.Change != is.Change || row.Entity != is.Entity || row.Version != is.Version || !row.At.Equal(is.At):
		return errAlien
	case pos < e.pos:
		return errBehind
	}
	return nil
}

// floorLife is how long an end is good for: a process that has not looked since,
// at its start or because it was paused, does not know what is recent.
const floorLife = 3 * replicaAge

// note is told where the log ended when it was last looked at.
func (f *floor) note(head end, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch age := now.Sub(f.since); {
	case age >= floorLife:
		f.head, f.next, f.since = head, head, now
	case age >= replicaAge:
		f.head, f.next, f.since = f.next, head, now
	}
}

// least gives how far a recent replica has come, if it is known.
func (f *floor) least(now time.Time) (head end, known bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.head, now.Sub(f.since) < floorLife
}

// sessionKey is the context key of the session on whose behalf something is
// done, by the hash of its token.
type sessionKey struct{}

// InSession gives the context of what the holder of a token asks for: what is
// written in it is seen by whatever is read in it later.
func InSession(ctx context.Context, token string) context.Context {
	return context.WithValue(ctx, sessionKey{}, account.TokenHash(token))
}

// ReplicaReads gives how often the replica answered, and how often the store
// did instead. Without a replica all are 0.
func (m *Market) ReplicaReads() ReplicaReads {
	r := &m.replica
	return ReplicaReads{r.answered.Load(), r.notYet.Load(), r.behind.Load(), r.unasked.Load()}
}

// readRecent runs a transaction that may see the state of about a second ago,
// but always all that its session has written. It is read from the replica if
// that is so recent, else from the store. Without a session it is read from the
// store: nobody knows what the asker has written.
func (m *Market) readRecent(ctx context.Context, fn func(Tx) error) error {
	session, ok := ctx.Value(sessionKey{}).([]byte)
	r := &m.replica
	if r.Reader == nil || !ok {
		return m.read(ctx, fn)
	}
	now := m.options.Clock()
	if !r.awake(now) {
		return m.read(ctx, fn)
	}
	var wrote account.Session
	err := m.read(ctx, func(tx Tx) error {
		var err error
		wrote, err = tx.Session(session)
		return err
	})
	if errs.Is(err, errs.NotFound) { // the session has just ended
		return m.read(ctx, fn)
	}
	if err != nil {
		return err
	}
	asked, err := m.askReplica(ctx, &wrote, fn)
	if err == nil {
		r.answered.Add(1)
		if r.away.Swap(false) {
			r.until.Store(0)
		}
		return nil
	}
	m.rest(ctx, now, asked, err)
	return m.read(ctx, fn)
}

// awake says whether the replica is to be asked. One that was away is asked by
// one reader first: it may keep them all waiting.
func (r *replica) awake(now time.Time) bool {
	until, away := r.until.Load(), r.away.Load()
	if now.UnixNano() >= until && (!away || r.until.CompareAndSwap(until, now.Add(restAway).UnixNano())) {
		return true
	}
	if away {
		r.unasked.Add(1)
	} else {
		r.behind.Add(1)
	}
	return false
}

// askReplica runs a transaction on the replica, if that has all that the
// session has written and is not far behind, and says whether it was run.
func (m *Market) askReplica(ctx context.Context, s *account.Session, fn func(Tx) error) (asked bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, replicaTime)
	defer cancel()
	err = m.replica.Read(ctx, func(tx Tx) error {
		if !m.replica.known.Load() {
			seed, err := tx.Setting(settingSeed)
			if err != nil {
				return err
			}
			if seed != string(m.seed) {
				return errAlien
			}
			m.replica.known.Store(true)
		}
		there, err := tx.Session(s.TokenHash)
		if errs.Is(err, errs.NotFound) || err == nil && there.Writes < s.Writes {
			return errNotYet
		}
		if err != nil {
			return err
		}
		least, known := m.replica.floor.least(m.options.Clock())
		if !known {
			return errBehind
		}
		if err := least.reached(tx); err != nil {
			return err
		}
		asked = true
		return fn(tx)
	})
	return asked, err
}

// rest notes why the replica did not answer, and leaves it alone accordingly.
// Whether what was asked for is there, and allowed, the store decides.
func (m *Market) rest(ctx context.Context, now time.Time, asked bool, why error) {
	r, pause := &m.replica, restAway
	switch {
	case ctx.Err() != nil: // the asker has gone
		return
	case errors.Is(why, errNotYet), asked && !errs.Is(why, errs.Busy) && !errs.Is(why, errs.Internal):
		r.notYet.Add(1)
		return
	case errors.Is(why, errBehind):
		pause = restBehind
		r.behind.Add(1)
	case errors.Is(why, errAlien):
		pause = restAlien
		fallthrough
	default:
		r.unasked.Add(1)
	}
	away := pause != restBehind
	if away {
		r.known.Store(false) // what answers there next may be another server
	}
	if !r.away.Swap(away) && away {
		m.report(ctx, "lists are read from the writer", fmt.Errorf("ask the replica: %w", why))
	}
	r.until.Store(now.Add(pause).UnixNano())
}
