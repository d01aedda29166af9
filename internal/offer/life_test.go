package offer_test

import (
	"slices"
	"strings"
	"testing"

	"enishi/internal/errs"
	"enishi/internal/offer"
)

// columns are the states of the table below.
var columns = []offer.State{
	offer.Proposed, offer.Reserved, offer.Lapsed, offer.Sent, offer.Seen, offer.Declined, offer.Expired,
	offer.Accepted, offer.Scheduled, offer.Held, offer.Hired, offer.Rejected, offer.Withdrawn,
}

// life is the whole of an offer's life, written out: who takes which step, on
// which kinds (b: both, i: interview alone, c: casual alone), and where it leads
// from each state. A dash refuses; whatever is not here is refused too.
//
// Pro Res Lap | Sen See Dec Exp | Acc Sch Hel Hir Rej Wit
const life = `
system    lapse       b  Lap Lap -   | -   -   -   -   | -   -   -   -   -   -
system    expire      b  -   -   -   | Exp Exp -   -   | -   -   -   -   -   -
system    withdraw    b  Wit Wit -   | Wit Wit -   -   | -   -   -   -   -   -
system    reopen-pay  i  -   -   -   | -   -   -   -   | -   -   -   Hir -   -
candidate confirm     b  -   Sen -   | -   -   -   -   | -   -   -   -   -   -
candidate see         b  -   -   -   | See -   -   -   | -   -   -   -   -   -
candidate accept      b  -   -   -   | Acc Acc -   -   | -   -   -   -   -   -
candidate decline     b  -   -   -   | Dec Dec -   -   | -   -   -   -   -   -
candidate undo        b  -   -   -   | -   -   See -   | -   -   -   -   -   -
candidate message     b  -   -   -   | -   -   -   -   | Acc Sch Hel Hir -   -
candidate choose      b  -   -   -   | -   -   -   -   | Sch -   -   -   -   -
candidate reschedule  b  -   -   -   | -   -   -   -   | Acc Acc -   -   -   -
candidate withdraw    i  -   -   -   | -   -   -   -   | Wit Wit Wit -   -   -
candidate withdraw    c  -   -   -   | -   -   -   -   | Wit Wit -   -   -   -
candidate confirm-pay i  -   -   -   | -   -   -   -   | -   -   -   Hir -   -
candidate deny        i  -   -   -   | -   -   -   -   | -   -   Acc Acc Acc -
company   confirm     b  Sen -   -   | -   -   -   -   | -   -   -   -   -   -
company   message     b  -   -   -   | -   -   -   -   | Acc Sch Hel Hir -   -
company   propose     b  -   -   -   | -   -   -   -   | Acc Acc -   -   -   -
company   schedule    b  -   -   -   | -   -   -   -   | Sch Sch -   -   -   -
company   reschedule  b  -   -   -   | -   -   -   -   | -   Acc -   -   -   -
company   held        b  -   -   -   | -   -   -   -   | Hel Hel -   -   -   -
company   hire        i  -   -   -   | -   -   -   -   | -   -   Hir Hir -   -
company   reject      i  -   -   -   | -   -   -   -   | -   -   Rej -   -   -
company   withdraw    i  -   -   -   | -   -   -   -   | Wit Wit Wit -   -   -
company   withdraw    c  -   -   -   | -   -   -   -   | Wit Wit -   -   -   -
`

type event struct {
	by   offer.Side
	kind string
	a    offer.Action
	from offer.State
}

// written gives where each event of the table leads.
func written(t *testing.T) map[event]offer.State {
	t.Helper()
	short := map[string]offer.State{}
	for _, s := range columns {
		short[strings.ToUpper(string(s[:1]))+string(s[1:3])] = s
	}
	kinds := map[string][]string{"b": {"interview", "casual"}, "i": {"interview"}, "c": {"casual"}}
	out := map[event]offer.State{}
	for line := range strings.Lines(strings.ReplaceAll(life, "|", "")) {
		f := strings.Fields(line)
		if len(f) == 0 {
			continue
		}
		if len(f) != 3+len(columns) || kinds[f[2]] == nil {
			t.Fatalf("the line %q has %d fields", line, len(f))
		}
		for i, cell := range f[3:] {
			if cell == "-" {
				continue
			}
			to, ok := short[cell]
			if !ok {
				t.Fatalf("the line %q names the state %q", line, cell)
			}
			for _, kind := range kinds[f[2]] {
				out[event{offer.Side(f[0]), kind, offer.Action(f[1]), columns[i]}] = to
			}
		}
	}
	return out
}

// TestLife tries every step of every side in every state and kind.
func TestLife(t *testing.T) {
	t.Parallel()
	want := written(t)
	sides := []offer.Side{offer.System, offer.Candidate, offer.Company}
	actions := []offer.Action{"renew"}
	for _, by := range sides {
		actions = append(actions, offer.Steps(by)...)
	}
	for e := range want {
		actions = append(actions, e.a)
	}
	slices.Sort(actions)
	tried, led := 0, 0
	for _, a := range slices.Compact(actions) {
		for _, by := range append(sides, "nobody") {
			for _, kind := range []string{"interview", "casual"} {
				for _, from := range columns {
					tried++
					got, err := from.Next(by, kind, a)
					to, allowed := want[event{by, kind, a, from}]
					switch {
					case allowed && (err != nil || got != to):
						t.Errorf("%s by the %s on %s from %s leads to %s, %v; want %s", a, by, kind, from, got, err, to)
					case !allowed && (!errs.Is(err, errs.Conflict) || got != from):
						t.Errorf("%s by the %s on %s from %s leads to %s, %v; want a conflict", a, by, kind, from, got, err)
					}
					if allowed {
						led++
					}
				}
			}
		}
	}
	if led != len(want) || tried < 1500 {
		t.Errorf("%d of %d events were tried, %d of %d that lead somewhere", tried, 1500, led, len(want))
	}
}

// TestEveryStateIsReached follows the steps from where offers begin: none is
// left out, and nothing leads on from an end.
func TestEveryStateIsReached(t *testing.T) {
	t.Parallel()
	for kind, never := range map[string][]offer.State{"interview": nil, "casual": {offer.Hired, offer.Rejected}} {
		seen := map[offer.State]bool{offer.Proposed: true, offer.Reserved: true, offer.Sent: true}
		for grown := true; grown; {
			grown = false
			for e, to := range written(t) {
				if e.kind == kind && seen[e.from] && !seen[to] {
					seen[to], grown = true, true
				}
			}
		}
		for _, s := range columns {
			if seen[s] == slices.Contains(never, s) {
				t.Errorf("%s: %s is reached: %v", kind, s, seen[s])
			}
		}
	}
	for e, to := range written(t) {
		over := offer.Offer{Kind: e.kind, State: e.from, AnsweredAt: noon}
		if over.Dealt() && !over.Running() && e.from != to && e.a != offer.Deny { // an objection takes back what came of it
			t.Errorf("%s by the %s leads from %s, an end of %s, to %s", e.a, e.by, e.from, e.kind, to)
		}
	}
}
