package mysql_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"enishi/internal/errs"
	"enishi/internal/market"
	"enishi/internal/store"
	"enishi/internal/store/mysql"
	"enishi/internal/store/mysql/mysqltest"
)

// TestByHand asks servers by hand: what reads is answered, and bounded by the server itself;
// what writes is refused by it, also what looks like reading.
func TestByHand(t *testing.T) {
	t.Parallel()
	for _, server := range mysqltest.Servers() {
		t.Run(server, func(t *testing.T) {
			t.Parallel()
			address := mysqltest.Address(t, server)
			s := mysqltest.OpenAt(t, address, mysql.Options{Connections: connections})
			err := s.Write(t.Context(), func(tx market.Tx) error {
				for n := range 5 {
					if err := tx.SetSetting(fmt.Sprintf("name %d", n), "値"); err != nil {
						return err
					}
				}
				return tx.AddEntry(&market.Entry{At: time.Unix(0, 0), What: market.AuditSQL, Digest: []byte{1, 2, 3}})
			})
			if err != nil {
				t.Fatal(err)
			}
			ask := func(sql string, most int, limit time.Duration) (store.Rows, error) {
				return mysql.Ask(t.Context(), address, store.Query{SQL: sql, Most: most, Time: limit})
			}
			got, err := ask("SELECT name, value, 7 AS n, NULL AS nothing FROM installation WHERE name LIKE 'name%' ORDER BY name", 3, time.Minute)
			if err != nil || !got.More || len(got.Rows) != 3 || got.Rows[0][1] != "値" || fmt.Sprint(got.Rows[0][2]) != "7" || got.Rows[0][3] != nil {
				t.Errorf("rows: %v, %v", got, err)
			}
			got, err = ask("SELECT digest, what FROM audit", 1, time.Minute)
			if b, ok := got.Rows[0][0].([]byte); err != nil || got.More || !ok || len(b) != 3 || got.Rows[0][1] != "sql.read" {
				t.Errorf("bytes: %v, %v", got, err)
			}
			got, err = ask("SELECT MIN(digest), CONCAT(digest, ''), COALESCE(digest, 'none'), COUNT(*) / 2, NOW() FROM audit GROUP BY digest", 1, time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			for i, value := range got.Rows[0] {
				if _, bytes := value.([]byte); bytes != (i < 3) {
					t.Errorf("column %d of what is computed is %T", i, value)
				}
			}
			for _, sql := range []string{"SELECT BENCHMARK(20000000000, SHA2('x', 512))", "SELECT SLEEP(600)"} {
				if got, err := ask(sql, 1, 300*time.Millisecond); !errs.Is(err, errs.Busy) || len(got.Rows) > 0 {
					t.Errorf("%s takes longer than it may, and gives %v, %v; want Busy", sql, got, err)
				}
			}
			// The server's clock began after ours.
			for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
				left, err := ask("SELECT COUNT(*) FROM information_schema.processlist WHERE db = DATABASE()"+
					" AND (info LIKE '%BENCHMARK(%' OR info LIKE '%SLEEP(%') AND info NOT LIKE '%processlist%'", 1, time.Minute)
				if err != nil || time.Now().After(deadline) {
					t.Fatalf("left running: %v, %v", left, err)
				}
				if fmt.Sprint(left.Rows[0][0]) == "0" {
					break
				}
			}
			for _, sql := range []string{"DELETE FROM installation", "WITH x AS (SELECT 1 AS n) DELETE FROM installation WHERE 1 IN (SELECT n FROM x)", "SELECT no_such FROM installation"} {
				if _, err := ask(sql, 1, time.Minute); !errs.Is(err, errs.Invalid) {
					t.Errorf("%s: %v; want Invalid", sql, err)
				}
			}
			if got, err = ask("SELECT COUNT(*) FROM installation WHERE name LIKE 'name%'", 1, time.Minute); err != nil || fmt.Sprint(got.Rows[0][0]) != "5" {
				t.Errorf("afterwards: %v, %v", got, err)
			}
			if stored, known, err := mysql.Versions(t.Context(), address); err != nil || stored != known || stored < 23 {
				t.Errorf("Versions = %d, %d, %v", stored, known, err)
			}
			if stored, known, err := mysql.Versions(t.Context(), mysqltest.Address(t, server)); err != nil || stored != 0 || known < 23 {
				t.Errorf("Versions of an empty database = %d, %d, %v", stored, known, err)
			}
			if _, err := mysql.Ask(t.Context(), strings.Replace(address, "mysql://", "mysql://nobody", 1), store.Query{SQL: "SELECT 1", Most: 1, Time: time.Second}); err == nil {
				t.Error("somebody else is let in")
			}
		})
	}
}
