package cli_test

import (
	"bytes"
	"strings"
	"testing"

	"enishi/internal/cli"
	"enishi/internal/store/mysql/mysqltest"
)

// TestSQLAsksTheReplicaOnServers asks by hand where the replica holds other rows than the database: the replica answers,
// and the line in the audit log is in the database.
func TestSQLAsksTheReplicaOnServers(t *testing.T) {
	loaded := demoData(t)
	for _, server := range mysqltest.Servers() {
		t.Run(server, func(t *testing.T) {
			t.Parallel()
			r := newRestoring(t, server, loaded)
			r.signUp(r.here, "later@example.jp")
			const question = "SELECT COUNT(*) AS people FROM account"
			want, other := mysqltest.Texts(t, r.there, question)[0], mysqltest.Texts(t, r.here, question)[0]
			if want == other {
				t.Fatalf("both hold %s", want)
			}
			ask := func(reader string) string {
				var out, said bytes.Buffer
				w := cli.System()
				w.Out, w.Err, w.In = &out, &said, strings.NewReader("")
				set := r.env()
				set["ENISHI_DATABASE_READER_URL"] = reader
				w.Env = func(name string) (string, bool) {
					value, ok := set[name]
					return value, ok && value != ""
				}
				if code := cli.Run([]string{"sql", question, "--yes"}, w); code != 0 {
					t.Fatalf("enishi sql = %d: %s", code, said.String())
				}
				return out.String()
			}
			if got := ask(r.there); !strings.Contains(got, want) || strings.Contains(got, other) {
				t.Errorf("with a replica: %q, want %s and not %s", got, want, other)
			}
			if got := ask(""); !strings.Contains(got, other) {
				t.Errorf("without one: %q, want %s", got, other)
			}
			r.holds(r.here, "SELECT COUNT(*) FROM audit WHERE what = 'sql.read'", "2")
			r.holds(r.there, "SELECT COUNT(*) FROM audit WHERE what = 'sql.read'", "0")
		})
	}
}
