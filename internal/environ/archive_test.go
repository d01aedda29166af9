package environ_test

import (
	"context"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"enishi/internal/day"
	"enishi/internal/deploy/deploytest"
	"enishi/internal/environ"
	"enishi/internal/errs"
)

// archive looks at what brings some days to the archive, counted back from today.
func archive(from, to int) func(context.Context, *environ.Options) (*environ.Step, error) {
	return func(ctx context.Context, o *environ.Options) (*environ.Step, error) {
		today := day.Of(time.Now())
		return environ.LookArchive(ctx, o, today-day.Day(from), today-day.Day(to))
	}
}

// noon is a while after Tokyo's noon, from which on all of the day before can be exported: tests begin at nine there.
const noon = 4 * time.Hour

// lacked is what of the two days before 2000-01-01 CloudWatch Logs has, by Tokyo's days.
var lacked = []string{
	"enishi-records/exported/1999/12/30/DataCacheLog1 1999-12-29T15:00:00Z to 1999-12-30T14:59:59Z",
	"enishi-records/exported/1999/12/30/DataDatabaseLogAudit1 1999-12-29T15:00:00Z to 1999-12-30T14:59:59Z",
	"enishi-records/exported/1999/12/30/NetworkLog1 1999-12-29T15:00:00Z to 1999-12-30T14:59:59Z",
	"enishi-records/exported/1999/12/31/DataCacheLog1 1999-12-30T15:00:00Z to 1999-12-31T14:59:59Z",
	"enishi-records/exported/1999/12/31/DataDatabaseLogAudit1 1999-12-30T15:00:00Z to 1999-12-31T14:59:59Z",
	"enishi-records/exported/1999/12/31/DataDatabaseLogAudit12 1999-12-30T15:00:00Z to 1999-12-31T14:59:59Z",
	"enishi-records/exported/1999/12/31/NetworkLog1 1999-12-30T15:00:00Z to 1999-12-31T14:59:59Z",
}

func archiveActs() map[string]act {
	return map[string]act{
		"days that lack in the archive": {
			there: func(*deploytest.Account) { time.Sleep(noon) }, look: archive(1, 1),
			next: "archive: as Firehose has left it -> with 1999-12-31 to 1999-12-31 of 4 log groups, below exported/", undo: "nothing has to be", then: "It is 4 exports, one after another",
			done: func(a *deploytest.Account) string { return strings.Join(a.Exported(), "\n") }, want: strings.Join(lacked[3:], "\n"),
		},
	}
}

// TestExportsOfOthersComeFirst waits for those, and says which one AWS could not do; the next run goes on with it.
func TestExportsOfOthersComeFirst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := deploytest.Whole("prod")
		time.Sleep(noon)
		a.Export("somebody's")
		a.Unexported = []string{"DataDatabaseLogAudit1"}
		if _, err := takes(t, a, archive(2, 1), nil); !errs.Is(err, errs.Conflict) || !strings.Contains(err.Error(), "1999-12-30 of DataDatabaseLogAudit1 (2 of 7)") || !strings.Contains(err.Error(), "AccessDenied of the bucket") {
			t.Fatalf("one that cannot be exported: %v", err)
		}
		a.Unexported = nil
		time.Sleep(2 * time.Minute)
		if _, err := takes(t, a, archive(2, 2), nil); err != nil {
			t.Fatal(err)
		}
		if _, err := takes(t, a, archive(2, 1), nil); err != nil {
			t.Fatal(err)
		}
		if got := a.Exported(); strings.Join(got, "\n") != strings.Join(lacked, "\n") || len(a.Faults()) > 0 {
			t.Errorf("exported are %q, faults %q", got, a.Faults())
		}
	})
}

// TestDaysThatAreRefused says which are taken.
func TestDaysThatAreRefused(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		from, to int
		code     errs.Kind
		says     string
	}{
		"today":           {1, 0, errs.Invalid, "one that is over in Tokyo"},
		"backwards":       {1, 2, errs.Invalid, "the first day"},
		"too many":        {33, 2, errs.Invalid, "31 days at once"},
		"long ago":        {60, 59, errs.NotFound, "keep lines for fewer days"},
		"before anything": {20000, 19999, errs.NotFound, "keeps nothing"},
	} {
		a := deploytest.Whole("prod")
		if s, err := archive(tt.from, tt.to)(t.Context(), operator(a, nil)); !errs.Is(err, tt.code) || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
	}
}

// TestADayIsExportedOnceAllOfItCanBe refuses the day before until noon: it would lack lines for good.
func TestADayIsExportedOnceAllOfItCanBe(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := deploytest.Whole("prod")
		time.Sleep(3*time.Hour - time.Second)
		if s, err := archive(1, 1)(t.Context(), operator(a, nil)); !errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), "for 12 hours, 1999-12-30 at most") {
			t.Errorf("before noon: %+v, %v", s, err)
		}
		time.Sleep(time.Second)
		if s, err := archive(1, 1)(t.Context(), operator(a, nil)); err != nil {
			t.Errorf("at noon: %+v, %v", s, err)
		}
	})
}

// TestWhatIsExportedIsWhatIsArchived holds the log groups that are exported to those that the templates subscribe the
// archive to.
func TestWhatIsExportedIsWhatIsArchived(t *testing.T) {
	t.Parallel()
	exported, kept := 0, 0
	for _, part := range []string{"base", "cluster", "service", "alarms"} {
		text, err := os.ReadFile("../../infra/stacks/testdata/enishi-prod-" + part + ".template.json")
		if err != nil {
			t.Fatal(err)
		}
		var found struct {
			Resources map[string]struct {
				Type       string
				Properties struct{ LogGroupName any }
			}
		}
		if err := json.Unmarshal(text, &found); err != nil {
			t.Fatal(err)
		}
		subscribed := map[string]bool{}
		for _, r := range found.Resources {
			if of, ok := r.Properties.LogGroupName.(map[string]any); ok && r.Type == "AWS::Logs::SubscriptionFilter" {
				subscribed[of["Ref"].(string)] = true
			}
		}
		for name, r := range found.Resources {
			if r.Type != "AWS::Logs::LogGroup" {
				continue
			}
			if environ.Belongs(name) != subscribed[name] {
				t.Errorf("%s of %s is exported: %v, and comes to the archive: %v", name, part, environ.Belongs(name), subscribed[name])
			}
			if subscribed[name] {
				exported++
			} else {
				kept++
			}
		}
	}
	if exported < 10 || kept != 2 {
		t.Errorf("%d log groups are exported, %d are not", exported, kept)
	}
}
