package store

import (
	"sync/atomic"
	"time"
)

// Stats are what a store has done since it was opened, and how busy it is.
type Stats struct {
	Writers, Readers PoolStats
	Replica          *PoolStats // nil: there is none
}

// PoolStats are the figures of one pool of connections.
type PoolStats struct {
	Most    int // connections that there may be
	InUse   int // lent to a transaction now
	Idle    int // open and free
	Waiting int // transactions that wait for one

	Waits  int64 // transactions that had to wait for a connection
	Waited time.Duration

	Transactions int64 // that began, each time that one was run
	Lasted       time.Duration
	Committed    int64
	Retries      int64 // transactions that were run once more
	GivenUp      int64 // that would have been, once too often
	Deadlocks    int64 // that the database ended since they waited for each other
	LockTimeouts int64 // that it ended since a lock did not come
}

// Stats gives the figures of the store. It does not ask the database.
func (s *Store) Stats() Stats {
	all := Stats{Writers: s.writers.stats(), Readers: s.readers.stats()}
	if s.replica != nil {
		of := s.replica.stats()
		all.Replica = &of
	}
	return all
}

// counters are what a pool counts.
type counters struct {
	waiting, waits, waited      atomic.Int64
	inUse, transactions, lasted atomic.Int64
	committed, retries, givenUp atomic.Int64
	deadlocks, lockTimeouts     atomic.Int64
}

func (p *pool) stats() PoolStats {
	used, open := int(p.counters.inUse.Load()), p.db.Stats().OpenConnections
	return PoolStats{
		Most: cap(p.free), InUse: used, Idle: max(0, open-used), Waiting: int(p.counters.waiting.Load()),
		Waits: p.counters.waits.Load(), Waited: time.Duration(p.counters.waited.Load()),
		Transactions: p.counters.transactions.Load(), Lasted: time.Duration(p.counters.lasted.Load()),
		Committed: p.counters.committed.Load(), Retries: p.counters.retries.Load(), GivenUp: p.counters.givenUp.Load(),
		Deadlocks: p.counters.deadlocks.Load(), LockTimeouts: p.counters.lockTimeouts.Load(),
	}
}

// wait notes that a transaction waits for a connection, until done is called.
func (c *counters) wait() (done func()) {
	since := time.Now()
	c.waiting.Add(1)
	c.waits.Add(1)
	return func() {
		c.waiting.Add(-1)
		c.waited.Add(int64(time.Since(since)))
	}
}

// failed notes why a database ended a transaction.
func (c *counters) failed(f Failure) {
	switch f.Lock {
	case Deadlock:
		c.deadlocks.Add(1)
	case LockTimeout:
		c.lockTimeouts.Add(1)
	}
}
