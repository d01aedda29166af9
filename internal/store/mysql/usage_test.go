package mysql_test

import (
	"testing"

	"enishi/internal/market"
	"enishi/internal/store/mysql"
	"enishi/internal/store/mysql/mysqltest"
)

// TestUsage asks as the user that a server has for tests, who may do no more
// than any program's.
func TestUsage(t *testing.T) {
	for _, server := range mysqltest.Servers() {
		t.Run(server, func(t *testing.T) {
			s := mysqltest.Open(t, server, mysql.Options{Connections: 2})
			if err := s.Write(t.Context(), func(tx market.Tx) error { return tx.SetSetting("x", "y") }); err != nil {
				t.Fatal(err)
			}
			u, err := s.Usage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			const leastTable = 16 << 10 // a page of each
			if u.Connections < 2 || u.MostConnections <= u.Connections || u.Bytes < 20*leastTable {
				t.Errorf("usage = %+v", u)
			}
		})
	}
}
