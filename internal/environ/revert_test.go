package environ_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"enishi/internal/deploy"
	"enishi/internal/deploy/deploytest"
	"enishi/internal/environ"
	"enishi/internal/errs"
)

// plans is a stack that can be compared: one of its settings is a parameter of the account.
const plans = `{
"Parameters": {"Days": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/enishi/ENVIRONMENT/web/least"}},
"Resources": {
	"Daily": {"Type": "AWS::Backup::BackupPlan", "Properties": {"Rule": "at five", "Policy": "all", "Days": {"Ref": "Days"}}},
	"Monthly": {"Type": "AWS::Backup::BackupPlan", "Properties": {"Rule": "the first"}},
	"Vault": {"Type": "AWS::Backup::BackupVault", "Properties": {"Key": "ours"}}
}}`

func described(a *deploytest.Account) { a.Describe(alarms, plans) }

// revert looks at what brings a stack back to its template.
func revert(part string) func(context.Context, *environ.Options) (*environ.Step, error) {
	return func(ctx context.Context, o *environ.Options) (*environ.Step, error) {
		return environ.LookRevert(ctx, o, part)
	}
}

func rule(a *deploytest.Account, name, says string) {
	a.Alter(name, func(p map[string]any) { p["Rule"] = says })
}

// byHand has somebody change a plan, and remove another.
func byHand(a *deploytest.Account) {
	described(a)
	rule(a, "Daily", "never")
	a.Remove("Monthly")
}

func revertingActs() map[string]act {
	return map[string]act{
		"bring back what was changed by hand": {
			there: byHand, look: revert("alarms"),
			next: "what was changed by hand in enishi-prod-alarms: Daily (Rule: never -> at five); Monthly is gone -> as its template says",
			undo: "there is no command",
			done: func(a *deploytest.Account) string {
				return fmt.Sprintf("%v, %v, %d", a.Properties("Daily")["Rule"], a.Properties("Monthly")["Rule"], a.Reverted())
			},
			want: "at five, the first, 1",
		},
	}
}

// TestRevertsThatAreRefused says of each why, what comes first, and what else differs.
func TestRevertsThatAreRefused(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		there func(*deploytest.Account)
		part  string
		code  errs.Kind
		says  []string
	}{
		"no such stack":         {part: "web", code: errs.Invalid, says: []string{"base, cluster, service, alarms, edge"}},
		"that of services":      {part: "service", code: errs.Conflict, says: []string{"enishi env plan prod shows each setting", "put the template's back where it was changed"}},
		"one that is not there": {part: "edge", code: errs.Conflict, says: []string{"was not made yet"}},
		"nothing differs":       {there: described, part: "alarms", code: errs.Conflict, says: []string{"nothing differs"}},
		"AWS is at it":          {there: left("UPDATE_IN_PROGRESS"), part: "alarms", code: errs.Conflict, says: []string{"is update in progress: look again"}},
		"one to be mended":      {there: left("UPDATE_ROLLBACK_FAILED"), part: "alarms", code: errs.Conflict, says: []string{"enishi env mend prod alarms"}},
		"copies are gone": {
			there: func(a *deploytest.Account) {
				byHand(a)
				a.Remove("Vault")
			},
			part: "alarms", code: errs.Denied, says: []string{"the AWS::Backup::BackupVault Vault would be made anew, and empty", "Nothing was changed. What differs in enishi-prod-alarms: Daily (Rule: never -> at five); Monthly is gone; Vault is gone."},
		},
		"what the account has is what the template is to have": {
			there: func(a *deploytest.Account) {
				described(a)
				a.Set("web/least", "8")
				a.Alter("Daily", func(p map[string]any) { p["Days"] = "8" })
			},
			part: "alarms", code: errs.Conflict, says: []string{"nothing differs"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a := deploytest.Whole("prod")
				if tt.there != nil {
					tt.there(a)
				}
				s, err := environ.LookRevert(t.Context(), operator(a, nil), tt.part)
				for _, says := range tt.says {
					if !errs.Is(err, tt.code) || !strings.Contains(fmt.Sprint(err), says) {
						t.Errorf("%+v, %v; want %q", s, err, says)
					}
				}
				if states := fmt.Sprint(a.States()); strings.Contains(states, "change set") {
					t.Errorf("left: %s", states)
				}
			})
		})
	}
}

// TestWhatStaysAsItIs holds that what AWS has raised by itself stays, and that nothing that holds data is made anew.
func TestWhatStaysAsItIs(t *testing.T) {
	t.Parallel()
	change := func(kind string, action types.ChangeAction, replaces types.Replacement, property string) *types.ResourceChange {
		return &types.ResourceChange{
			Action: action, Replacement: replaces, PolicyAction: types.PolicyActionReplaceAndSnapshot, LogicalResourceId: aws.String("It"), ResourceType: &kind,
			Details: []types.ResourceChangeDetail{{Target: &types.ResourceTargetDefinition{Name: &property, BeforeValue: aws.String("3.10.1"), AfterValue: aws.String("3.10.0")}}},
		}
	}
	const database, role = "AWS::RDS::DBCluster", "AWS::IAM::Role"
	for _, tt := range []struct {
		of   *types.ResourceChange
		kind errs.Kind
		says string
	}{
		{change(database, types.ChangeActionModify, types.ReplacementFalse, "EngineVersion"), errs.Conflict, "the version of It is 3.10.1, and the template has 3.10.0"},
		{change(database, types.ChangeActionModify, types.ReplacementFalse, "BackupRetentionPeriod"), 0, ""},
		{change(database, types.ChangeActionModify, types.ReplacementConditional, "Name"), errs.Denied, "would be made anew, and empty"},
		{change(database, types.ChangeActionAdd, "", ""), errs.Denied, "enishi env restore prod"},
		{change(role, types.ChangeActionAdd, "", ""), 0, ""},
	} {
		if kind, why := environ.Stays("prod", tt.of); kind != tt.kind || !strings.Contains(why, tt.says) || tt.says == "" && why != "" {
			t.Errorf("%+v: %v, %q", tt.of, kind, why)
		}
	}
}

// TestWhatDiffersInShort names everything, with both values as far as there is room, and whatever is too long without them.
func TestWhatDiffersInShort(t *testing.T) {
	t.Parallel()
	long := environ.Change{Does: "change", Name: "Role", What: []string{"Policy: " + strings.Repeat("a", 800) + " -> b", "Path: / -> /x"}}
	short := environ.Change{Does: "change", Name: "Key", What: []string{"Rotates: false -> true"}}
	gone := environ.Change{Does: "add", Name: "Plan"}
	if got, want := environ.InShort([]environ.Change{long, short, gone}), "Role (Policy, Path); Key (Rotates: false -> true); Plan is gone"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	var many []environ.Change
	for range 100 {
		many = append(many, short)
	}
	if got := environ.InShort(many); len(got) > 1000 || !strings.HasSuffix(got, " more") || !strings.HasPrefix(got, "Key (Rotates: false -> true); ") {
		t.Errorf("%q", got)
	}
}

// TestWhatIsRevertedWasShown does nothing once what differs is no more what somebody agreed to.
func TestWhatIsRevertedWasShown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := deploytest.Whole("prod")
		byHand(a)
		s, err := environ.LookRevert(t.Context(), operator(a, nil), "alarms")
		if err != nil || len(s.Changes) != 2 {
			t.Fatalf("%+v, %v", s, err)
		}
		rule(a, "Daily", "at noon")
		err = environ.Take(t.Context(), operator(a, nil), s)
		if !errs.Is(err, errs.Conflict) || !strings.Contains(err.Error(), "is no more what was shown") || a.Reverted() != 0 {
			t.Errorf("%v, done %d times", err, a.Reverted())
		}
		if states := fmt.Sprint(a.States()); strings.Contains(states, "change set") {
			t.Errorf("left: %s", states)
		}
	})
}

// TestARevertThatWasCutIsEnded lets nobody be held up by a run that was killed while AWS was at it, however long ago: the same
// command tells of it.
func TestARevertThatWasCutIsEnded(t *testing.T) {
	t.Parallel()
	for _, after := range []time.Duration{2 * time.Minute, 40 * time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			a := deploytest.Whole("prod")
			byHand(a)
			o := operator(a, func(_ int, asked string) deploytest.Trouble {
				if asked == "cloudformation:ExecuteChangeSet" {
					return deploytest.KilledAfter
				}
				return deploytest.None
			})
			s, err := environ.LookRevert(t.Context(), o, "alarms")
			if err == nil {
				err = environ.Take(t.Context(), o, s)
			}
			if err == nil {
				t.Fatal("it was not killed")
			}
			time.Sleep(after)
			if s, err = environ.LookRevert(t.Context(), operator(a, nil), "alarms"); err == nil {
				err = environ.Take(t.Context(), operator(a, nil), s)
			}
			if err != nil || a.Reverted() != 1 {
				t.Errorf("after %v: %v, done %d times", after, err, a.Reverted())
			}
			held, err := deploy.Take(t.Context(), &deploy.Options{Environment: "prod", AWS: a.Config(nil), By: "hanako", Why: "a test"})
			if err != nil {
				t.Fatalf("after %v, it is held still: %v", after, err)
			}
			if err := held.Release(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}
