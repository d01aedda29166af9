package api_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"enishi/internal/golden"
)

// TestEveryOperationAsEverybody calls each operation, as it would succeed, as nobody
// and as somebody of every kind, role and tenant; testdata/roles.golden says what each
// is answered. Whoever it is for comes last, so that it still can be done.
func TestEveryOperationAsEverybody(t *testing.T) {
	if testing.Short() {
		t.Skip("one request follows another here, and the race detector finds nothing")
	}
	columns := []string{"nobody", "candidate", "owner", "viewer", "recruiter", "operator", "other-candidate", "other-owner"}
	table := []string{fmt.Sprintf("%-26s %s", "operation", strings.Join(columns, " "))}
	for _, d := range operations(newServer(t).document()) {
		t.Run(d.op.OperationID, func(t *testing.T) {
			w := newWorld(t)
			if prepare := w.before(t)[d.op.OperationID]; prepare != nil {
				prepare()
			}
			tokens := w.everybody()
			own := w.token(d)
			order := slices.Clone(columns)
			slices.SortStableFunc(order, func(a, b string) int {
				return map[bool]int{true: 1}[tokens[a] == own && own != ""] - map[bool]int{true: 1}[tokens[b] == own && own != ""]
			})
			path, body, tag := w.target(d), w.example(d), w.tag(d)
			got := map[string]int{}
			for _, as := range order {
				got[as] = w.do(d.op.Method, path, tokens[as], body, "If-Match", tag).status
				w.judge(d, as, got[as])
			}
			line := fmt.Sprintf("%-26s", d.op.OperationID)
			for _, as := range columns {
				line += fmt.Sprintf(" %*d", len(as), got[as])
			}
			table = append(table, line)
		})
	}
	golden.Assert(t, filepath.Join("testdata", "roles.golden"), strings.Join(table, "\n")+"\n")
}

// everybody gives a token of each.
func (w *world) everybody() map[string]string {
	w.t.Helper()
	tokens := map[string]string{"nobody": "", "candidate": w.candidate, "owner": w.company, "operator": w.operator}
	for _, role := range []string{"viewer", "recruiter"} {
		a := w.must(http.StatusCreated, "POST", "/api/v1/tokens", w.company, `{"name":"`+role+`","role":"`+role+`"}`)
		tokens[role] = into[struct{ Token string }](w.t, a).Token
	}
	tokens["other-candidate"] = w.signUp("other@example.jp").Token
	_, tokens["other-owner"] = w.server.company(2)
	return tokens
}

// judge holds an answer to what is true of all operations: what is somebody's is
// closed to nobody and to other kinds, and what has an id is not there for others.
func (w *world) judge(d described, as string, status int) {
	w.t.Helper()
	kinds := map[string]string{w.candidate: "candidate", w.company: "owner viewer recruiter other-owner", w.operator: "operator"}
	own := w.token(d)
	kind, owned := kinds[own], own != "" && len(d.op.Security) > 0
	if as == "other-candidate" && own == w.candidate {
		kind += " other-candidate"
	}
	switch {
	case status >= http.StatusInternalServerError:
		w.t.Errorf("as %s: %d", as, status)
	case !owned:
	case as == "nobody":
		if status != http.StatusUnauthorized {
			w.t.Errorf("as nobody: %d, want 401", status)
		}
	case slices.Contains([]string{"Accounts", "Threads"}, d.op.Tags[0]) || d.op.OperationID == "confirm-address": // for whoever is signed in
	case !slices.Contains(strings.Fields(kind), as):
		if status != http.StatusForbidden {
			w.t.Errorf("as %s: %d, want 403", as, status)
		}
	case strings.HasPrefix(as, "other-") && strings.Contains(d.path, "{id}") && !strings.HasPrefix(d.path, "/api/v1/candidates"):
		if status != http.StatusNotFound {
			w.t.Errorf("as %s: %d, want 404", as, status)
		}
	}
}
