package deploy_test

import (
	"strings"
	"testing"
	"testing/synctest"

	"enishi/internal/deploy"
	"enishi/internal/deploy/deploytest"
)

// TestSpending deploys while the load balancer counts what is answered badly: a version that fails is taken back by
// its canary's minute, before an alarm that looks at an hour could be on, and one that is no worse than what was there
// is not.
func TestSpending(t *testing.T) {
	t.Parallel()
	denied := func(_ int, asked string) deploytest.Trouble {
		if strings.Contains(asked, "GetMetricData") {
			return deploytest.Denied
		}
		return deploytest.None
	}
	for _, tt := range []struct {
		name    string
		bad     func(share float64) float64
		trouble trouble
		back    string // part of why it is taken back
		told    string
		alarm   bool // one is on, despite which it is deployed
	}{
		{name: "the next version fails everything", bad: func(share float64) float64 { return share }, back: "requests were answered badly since the next version has traffic"},
		{name: "it fails a fifth", bad: func(share float64) float64 { return share / 5 }, back: "at most 1.44 % may be"},
		{name: "it fails as much as is allowed", bad: func(share float64) float64 { return share / 100 }},
		{name: "what was there fails as well", bad: func(float64) float64 { return 30 }},
		{name: "what was there has failed for some minutes", bad: func(share float64) float64 { return 100 - share }},
		{name: "it mends what an alarm tells of", bad: func(share float64) float64 { return 90 - share/2 }, alarm: true},
		{name: "nobody may ask", bad: func(share float64) float64 { return share }, trouble: denied, told: "the load balancer's figures cannot be asked, and are not looked at"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a := deploytest.New("prod")
				a.Bad = tt.bad
				var said strings.Builder
				o := options(a, tt.trouble)
				if tt.alarm {
					a.Alarms, o.DespiteAlarms = func(float64) []string { return []string{"Enishi-prod-AvailabilityFast"} }, true
				}
				o.Tell = func(p deploy.Progress) { said.WriteString(p.Note + "\n") }
				r, err := deploy.Run(t.Context(), o)
				switch {
				case tt.back == "" && (err != nil || r.Outcome != deploy.Deployed):
					t.Errorf("it ended with %v, %+v", err, r)
				case tt.back != "" && (err == nil || r == nil || r.Outcome != deploy.RolledBack || !strings.Contains(r.Reason, tt.back)):
					t.Errorf("it ended with %v, %+v; want it back: %s", err, r, tt.back)
				}
				if got := a.Runs()["web"]; tt.back != "" && got != before {
					t.Errorf("%s runs", got)
				}
				if !strings.Contains(said.String(), tt.told) {
					t.Errorf("told:\n%s", said.String())
				}
				if faults := a.Faults(); len(faults) > 0 {
					t.Errorf("faults: %q", faults)
				}
			})
		})
	}
}
