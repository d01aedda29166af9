package mysql_test

import (
	"testing"

	"enishi/internal/config"
	"enishi/internal/store/mysql"
)

// TestBudgets expects that a whole installation fits the server, with a tenth
// left over, and that no process is without connections.
func TestBudgets(t *testing.T) {
	for _, allowed := range []int{205, 300, 1000, 3000, 16_000} {
		sum := 0
		for role, n := range map[config.Role]int{config.Web: 12, config.Worker: 4, config.Job: 4} {
			c := config.Config{Roles: []config.Role{role}}
			pool := mysql.Budget(allowed, c.ConnectionShare())
			if pool < 4 || pool > 32 {
				t.Errorf("%s: %d connections of %d", role, pool, allowed)
			}
			sum += n * 2 * pool
		}
		if most := allowed * 9 / 10; sum > most {
			t.Errorf("of %d connections, %d are taken, want at most %d", allowed, sum, most)
		}
	}
	all := config.Config{Roles: []config.Role{config.Web, config.Worker, config.Job}}
	web := config.Config{Roles: []config.Role{config.Web}}
	if a, w := mysql.Budget(1000, all.ConnectionShare()), mysql.Budget(1000, web.ConnectionShare()); a <= w {
		t.Errorf("a process that does everything has %d, one that answers %d", a, w)
	}
}
