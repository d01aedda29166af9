package cli_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"enishi/internal/corpnum"
	"enishi/internal/fleet"
	"enishi/internal/store/mysql/mysqltest"
)

// replicaDelay is how far behind the replica of TestDelayedReaderOnServers is.
const replicaDelay = 10 * time.Second

// TestDelayedReaderOnServers lets two processes read lists from a replica that
// is ten seconds behind: whoever writes through one sees it at once through the
// other, and the replica answers as soon as it has it.
func TestDelayedReaderOnServers(t *testing.T) {
	address := mysqltest.Address(t, "MariaDB")
	env := []string{
		"ENISHI_DATABASE_URL=" + address, "ENISHI_DATABASE_READER_URL=" + delayedReplica(t, address),
		"ENISHI_SECRET=0123456789abcdef0123456789abcdef", "ENISHI_DATABASE_CONNECTIONS=4",
	}
	dir := t.TempDir()
	program := fleet.Build(t, dir)
	first := startServer(t, program, dir, append(env, "ENISHI_ROLES=web,worker")...)
	second := startServer(t, program, dir, append(env, "ENISHI_ROLES=web")...)

	var company struct{ Token string }
	answer := asked(t, http.MethodPost, first.url+"/api/v1/companies", "",
		fmt.Sprintf(`{"corporate_number":%q,"name":"控え社","size":2,"email":"c@example.jp"}`, corpnum.From(4242)))
	if err := json.Unmarshal(answer, &company); err != nil || company.Token == "" {
		t.Fatalf("a company registers: %s, %v", answer, err)
	}
	for round := range 2 {
		title := fmt.Sprint("募集", round)
		asked(t, http.MethodPost, first.url+"/api/v1/positions", company.Token, position(title))
		written, before := time.Now(), replicaReads(t, second.url)
		var now map[string]int
		var has time.Time // when the replica had it
		for n := 0; ; n++ {
			if text := asked(t, http.MethodGet, second.url+"/api/v1/positions", company.Token, ""); !strings.Contains(string(text), title) {
				t.Fatalf("%v after it was written, %s is not in %s", time.Since(written), title, text)
			}
			if now = replicaReads(t, second.url); now["replica"] > before["replica"] {
				break
			}
			// How long it takes to make every table of the database first is the machine's.
			if n, err := positionsOf(t, address); has.IsZero() && err == nil && n == strconv.Itoa(round+1) {
				has = time.Now()
			}
			if !has.IsZero() && time.Since(has) > 2*replicaDelay {
				t.Fatalf("%v after the replica had it, it answered nothing: %v", time.Since(has), now)
			}
			if time.Since(written) > 5*time.Minute {
				t.Fatalf("the replica does not come to what was written %v ago: %v", time.Since(written), now)
			}
			fleet.Wait(t, 100*time.Millisecond)
		}
		if d := time.Since(written); d < replicaDelay-time.Second {
			t.Errorf("the replica answered after %v: it is not behind, and nothing was tried", d)
		}
		// At first the replica does not even have the database: it is away.
		if why := []string{"away", "not_yet"}[round]; now[why] == before[why] {
			t.Errorf("round %d: nothing was read from the writer as the replica was %s: %v", round, why, now)
		}
	}
}

// delayedReplica starts a replica of MariaDB that is replicaDelay behind, and
// gives the address of a database there.
func delayedReplica(t *testing.T, address string) string {
	t.Helper()
	if out, err := exec.Command("../../scripts/services", "start", "mariadb-replica").CombinedOutput(); err != nil {
		t.Fatalf("services start mariadb-replica: %v\n%s", err, out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("../../scripts/services", "stop", "mariadb-replica").CombinedOutput(); err != nil {
			t.Errorf("services stop mariadb-replica: %v\n%s", err, out)
		}
	})
	admin := given(t, "ENISHI_TEST_MARIADB_REPLICA_ADMIN_URL")
	delay := func(seconds int) {
		mysqltest.Exec(t, admin, "STOP SLAVE", fmt.Sprintf("CHANGE MASTER TO MASTER_DELAY = %d", seconds), "START SLAVE")
	}
	delay(int(replicaDelay.Seconds()))
	t.Cleanup(func() { delay(0) })
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	u.Host = given(t, "ENISHI_TEST_MARIADB_REPLICA_URL").Host
	return u.String()
}

// positionsOf counts the positions that the replica has of a database.
func positionsOf(t *testing.T, address string) (string, error) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	row, err := mysqltest.Row(t.Context(), given(t, "ENISHI_TEST_MARIADB_REPLICA_ADMIN_URL"), "SELECT COUNT(*) AS n FROM "+strings.TrimPrefix(u.Path, "/")+".position")
	return row["n"], err
}

// given gives the address that the environment names.
func given(t *testing.T, variable string) *url.URL {
	t.Helper()
	u, err := url.Parse(os.Getenv(variable))
	if err != nil || u.Host == "" {
		t.Fatalf("%s names no server: run make services", variable)
	}
	return u
}

// replicaReads gives what /metrics says of reads that a replica may answer, by
// outcome.
func replicaReads(t *testing.T, address string) map[string]int {
	t.Helper()
	_, body := get(t, address+"/metrics")
	reads := map[string]int{}
	for line := range strings.SplitSeq(body, "\n") {
		rest, ok := strings.CutPrefix(line, `enishi_replica_reads_total{outcome="`)
		if !ok {
			continue
		}
		outcome, value, _ := strings.Cut(rest, `"} `)
		n, err := strconv.Atoi(value)
		if err != nil {
			t.Fatalf("/metrics: %s: %v", line, err)
		}
		reads[outcome] = n
	}
	if len(reads) != 4 {
		t.Fatalf("/metrics has %v", reads)
	}
	return reads
}
