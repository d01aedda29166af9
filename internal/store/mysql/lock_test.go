package mysql_test

import (
	"sync"
	"sync/atomic"
	"testing"

	"enishi/internal/market"
	"enishi/internal/store/mysql"
	"enishi/internal/store/mysql/mysqltest"
)

// TestDeadlocksAreCounted lets two transactions wait for each other: the server
// ends one, which is run once more, and both are noted.
func TestDeadlocksAreCounted(t *testing.T) {
	for _, server := range mysqltest.Servers() {
		t.Run(server, func(t *testing.T) {
			s := mysqltest.Open(t, server, mysql.Options{Connections: 4})
			names := []string{"one", "two"}
			err := s.Write(t.Context(), func(tx market.Tx) error {
				for _, name := range names {
					if err := tx.SetSetting(name, "x"); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			before := s.Stats().Writers
			var met, all sync.WaitGroup
			met.Add(2)
			var runs atomic.Int64
			for i := range names {
				all.Go(func() {
					first := true
					err := s.Write(t.Context(), func(tx market.Tx) error {
						runs.Add(1)
						if _, err := tx.LockSetting(names[i]); err != nil {
							return err
						}
						if first { // both hold one now, and ask for the other's
							first = false
							met.Done()
							met.Wait()
						}
						_, err := tx.LockSetting(names[1-i])
						return err
					})
					if err != nil {
						t.Errorf("transaction %d: %v", i, err)
					}
				})
			}
			all.Wait()
			w := s.Stats().Writers
			if n := w.Deadlocks - before.Deadlocks; n != 1 || w.Retries-before.Retries != runs.Load()-2 || runs.Load() < 3 {
				t.Errorf("%d deadlocks, %d retries, %d runs; want one deadlock, and a retry for each run beyond two",
					n, w.Retries-before.Retries, runs.Load())
			}
			if w.Committed-before.Committed != 2 || w.InUse != 0 {
				t.Errorf("at the end: %+v", w)
			}
		})
	}
}
