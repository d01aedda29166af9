package cli_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"enishi/internal/deploy/deploytest"
)

// TestEnvScaleShowsSpikes says beforehand what other bounds come to where a spike is announced, while it goes on, and beside what
// somebody has scheduled by hand.
func TestEnvScaleShowsSpikes(t *testing.T) {
	scale := func(t *testing.T, a *deploytest.Account, bounds, flags string, wants ...string) {
		t.Helper()
		o := order{args: append([]string{"prod"}, strings.Fields("web "+bounds)...)}
		code, said := inAccount(a, []string{"env", "scale", "prod"}, o, strings.Fields(flags)...)
		if code != 0 {
			t.Fatalf("enishi env scale prod web %s: %d, %s", bounds, code, said)
		}
		for _, want := range wants {
			if !strings.Contains(said, want) {
				t.Errorf("enishi env scale prod web %s %s: %q is missing from\n%s", bounds, flags, want, said)
			}
		}
	}
	signalsBeginHere(t)
	synctest.Test(t, func(t *testing.T) {
		a := deploytest.New("prod")
		a.Schedule("web", "nightly", "cron(0 18 * * ? *)", 1)
		scale(t, a, "8 40", "--plan", "Next: 8 to 40 tasks.\n", "At 2030-01-01 18:00 in Tokyo, TV: 8 tasks at least, not 7\nAt 2030-01-01 20:00 in Tokyo, TV-over: 8 tasks at least, not 2\n",
			"It stays as it is, since no template announces it: what is scheduled as nightly, cron(0 18 * * ? *)\n", "To take it back: enishi env scale prod web 2 9\n")
		if got := a.Scheduled("web"); got["TV"] != 7 || got["TV-over"] != 2 {
			t.Errorf("a plan has left %v", got)
		}
		scale(t, a, "3 40", "--why x --confirm prod", "web has 3 to 40 tasks.")
		time.Sleep(time.Until(time.Date(2030, 1, 1, 9, 30, 0, 0, time.UTC)))
		scale(t, a, "4 40", "--why x --confirm prod", "Now: web has 7 to 40 tasks\nNext: 4 to 40 tasks.\nThe spike TV goes on until 2030-01-01 20:00 in Tokyo: until then it has 7 to 40 tasks\nAt 2030-01-01 20:00 in Tokyo, TV-over: 4 tasks at least, not 3\n", "web has 7 to 40 tasks.")
	})
}
