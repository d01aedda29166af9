package environ_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/backup/types"

	"enishi/internal/deploy"
	"enishi/internal/deploy/deploytest"
	"enishi/internal/environ"
	"enishi/internal/errs"
)

// oneMore is what a copy by hand is to be: as those of the plan.
const oneMore = "in BackupVault1 for 35 days"

func copyActs() map[string]act {
	return map[string]act{
		"copy": {
			look: environ.LookCopy,
			next: "copy: the newest is of 1999-12-31T20:00:00Z -> one more in BackupVault1, for 35 days", undo: "nothing has to be: it expires in 35 days", then: "the same command waits for it",
			done: func(a *deploytest.Account) string { return strings.Join(a.Vaulted(), "; ") }, want: oneMore,
		},
	}
}

// TestACopyThatWasCut is ended by the same command, however long AWS takes: the job that was begun is waited for, and one that
// has failed is tried again.
func TestACopyThatWasCut(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		uncopied string
		after    time.Duration
		since    func(*deploytest.Account)
		copies   string
	}{
		"while AWS is at it":           {after: time.Minute, copies: oneMore},
		"and has ended":                {after: 5 * time.Minute, copies: oneMore},
		"and failed":                   {uncopied: "KMS: access denied", after: 5 * time.Minute, copies: oneMore},
		"and has ended, longer ago":    {after: time.Hour, copies: oneMore + "; " + oneMore},
		"and the night's is under way": {after: 5 * time.Minute, since: (*deploytest.Account).Planned, copies: oneMore},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a := deploytest.Whole("prod")
				a.Uncopied = tt.uncopied
				if _, err := takes(t, a, environ.LookCopy, func(_ int, asked string) deploytest.Trouble {
					if strings.HasPrefix(asked, "backup:List /backup-jobs/") {
						return deploytest.Killed
					}
					return deploytest.None
				}); err == nil {
					t.Fatal("it was killed and says nothing")
				}
				a.Uncopied = ""
				time.Sleep(tt.after)
				if tt.since != nil {
					tt.since(a)
				}
				if s, err := takes(t, a, environ.LookCopy, nil); err != nil {
					t.Fatalf("%+v, %v", s, err)
				}
				lines := told(t, a)
				if got := strings.Join(a.Vaulted(), "; "); got != tt.copies || len(lines) != 2 || !strings.HasSuffix(lines[0], "35 days; left half-way") || !strings.HasSuffix(lines[1], "35 days") || len(a.Faults()) > 0 {
					t.Errorf("copies %q, told %q, faults %q", got, lines, a.Faults())
				}
			})
		})
	}
}

// TestALongCopyIsWaitedFor goes on with a job that AWS is at after the quarter of an hour in which the same command means
// the same step.
func TestALongCopyIsWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := deploytest.Whole("prod")
		a.CopyTakes = 2 * time.Hour
		o, said := operator(a, nil), []string{}
		o.Tell = func(p deploy.Progress) { said = append(said, p.Note) }
		s, err := environ.LookCopy(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		killed := make(chan error)
		begun := time.Now()
		cut := operator(a, func(int, string) deploytest.Trouble {
			if time.Since(begun) > time.Minute {
				return deploytest.Killed
			}
			return deploytest.None
		})
		go func() { killed <- environ.Take(t.Context(), cut, s) }()
		if err := <-killed; err == nil {
			t.Fatal("it was killed and says nothing")
		}
		time.Sleep(time.Hour)
		if s, err = environ.LookCopy(t.Context(), o); err != nil || !strings.HasPrefix(s.From, "the newest is of 1999-12-31T20") {
			t.Fatalf("an hour later: %+v, %v", s, err)
		}
		if err := environ.Take(t.Context(), o, s); err != nil {
			t.Fatal(err)
		}
		if got := a.Vaulted(); len(got) != 1 || len(a.Faults()) > 0 || !strings.Contains(strings.Join(said, "\n"), "job job-1 is running, 40.0 %") {
			t.Errorf("copies %q, faults %q, said %q", got, a.Faults(), said)
		}
	})
}

// TestACopyThatFails says why, and the same command tries again.
func TestACopyThatFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := deploytest.Whole("prod")
		a.Uncopied = "KMS: access denied"
		if _, err := takes(t, a, environ.LookCopy, nil); !errs.Is(err, errs.Conflict) || !strings.Contains(err.Error(), "job job-1 is failed (KMS: access denied)") {
			t.Fatalf("one that fails: %v", err)
		}
		a.Uncopied = ""
		time.Sleep(2 * time.Minute)
		if _, err := takes(t, a, environ.LookCopy, nil); err != nil || len(a.Vaulted()) != 1 {
			t.Errorf("once it is mended: %v, %q", err, a.Vaulted())
		}
	})
}

// TestCopiesThatAreRefused begins none beside another, nor one that would lie there for ever or elsewhere.
func TestCopiesThatAreRefused(t *testing.T) {
	t.Parallel()
	replanned := func(change func(*types.BackupPlan, *[]types.BackupSelectionsListMember)) func(*deploytest.Account) {
		return func(a *deploytest.Account) { a.Replan(change) }
	}
	for name, tt := range map[string]struct {
		there func(*deploytest.Account)
		code  errs.Kind
		says  string
	}{
		"beside the night's": {(*deploytest.Account).Planned, errs.Conflict, "AWS makes a copy already"},
		"no plan":            {replanned(func(p *types.BackupPlan, _ *[]types.BackupSelectionsListMember) { p.BackupPlanName = nil }), errs.Conflict, "BackupPlan1 is gone"},
		"for ever":           {replanned(func(p *types.BackupPlan, _ *[]types.BackupSelectionsListMember) { p.Rules[0].Lifecycle = nil }), errs.Conflict, "hold people who were erased since"},
		"elsewhere": {replanned(func(p *types.BackupPlan, _ *[]types.BackupSelectionsListMember) {
			p.Rules[0].TargetBackupVaultName = aws.String("another")
		}), errs.Conflict, "puts no copies into BackupVault1"},
		"by nobody":        {replanned(func(_ *types.BackupPlan, chosen *[]types.BackupSelectionsListMember) { *chosen = nil }), errs.Conflict, "enishi env plan prod shows what was changed"},
		"nothing is there": {func(a *deploytest.Account) { a.Stand("enishi-prod-base", nil) }, errs.NotFound, "there is no vault"},
	} {
		a := deploytest.Whole("prod")
		tt.there(a)
		if s, err := environ.LookCopy(t.Context(), operator(a, nil)); !errs.Is(err, tt.code) || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
	}
}
