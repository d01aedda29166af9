package mysql_test

import (
	"strings"
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

// TestServersThatAreTooOld refuses what lacks something that the schema needs.
func TestServersThatAreTooOld(t *testing.T) {
	for version, accepted := range map[string]bool{
		"10.11.6-MariaDB-0+deb12u1": true, "10.6.0-MariaDB": true, "10.5.99-MariaDB": false, "10.3.39-MariaDB": false, "11.4.2-MariaDB-log": true,
		"8.0.17": true, "8.0.16-log": false, "5.7.44": false, "9.7.1-Debian": true, "8.0.mysql_aurora.3.04.0": true, "8.0": true, "unheard of": true,
	} {
		if err := mysql.Accept(version); (err == nil) != accepted || err != nil && !strings.Contains(err.Error(), version) {
			t.Errorf("%s: %v, want it accepted: %t", version, err, accepted)
		}
	}
}
