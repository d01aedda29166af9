package environ_test

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"enishi/internal/deploy/deploytest"
	"enishi/internal/environ"
	"enishi/internal/errs"
)

// needy are the steps that ask for rights beforehand.
func needy() map[string]func(context.Context, *environ.Options) (*environ.Step, error) {
	of := func(r func() environ.Restoration) func(context.Context, *environ.Options) (*environ.Step, error) {
		return func(ctx context.Context, o *environ.Options) (*environ.Step, error) {
			return environ.LookRestore(ctx, o, r())
		}
	}
	return map[string]func(context.Context, *environ.Options) (*environ.Step, error){
		"a restore":   of(anHourAgo),
		"of a copy":   of(func() environ.Restoration { return environ.Restoration{Copy: deploytest.CopyName} }),
		"a rehearsal": of(func() environ.Restoration { return environ.Restoration{Latest: true, Rehearse: true} }),
		"a copy":      environ.LookCopy,
	}
}

// rightsOf gives what a step asks AWS for while it is done, by the names of IAM, as far as looking at it has not: by then that is
// known to be allowed. The record is written before anything is done.
func rightsOf(t *testing.T, look func(context.Context, *environ.Options) (*environ.Step, error)) (out []string) {
	t.Helper()
	named := map[string]string{":RegisterScalableTarget": "application-autoscaling:RegisterScalableTarget", "backup:Start": "backup:StartBackupJob"}
	job := regexp.MustCompile(`^backup:List /backup-jobs/[^?]`)
	a, _, _ := restorable(t, "prod")
	s, err := look(t.Context(), operator(a, nil))
	if err != nil {
		t.Fatal(err)
	}
	looked := a.Asked()
	if err := environ.Take(t.Context(), operator(a, nil), s); err != nil {
		t.Fatal(err)
	}
	name := func(asked string) string {
		if job.MatchString(asked) {
			return "backup:DescribeBackupJob"
		}
		first, _, _ := strings.Cut(asked, " ")
		if other, ok := named[first]; ok {
			return other
		}
		return first
	}
	known := []string{"s3:PutObject"}
	for _, asked := range looked {
		known = append(known, name(asked))
	}
	for _, asked := range a.Asked()[len(looked):] {
		if one := name(asked); !slices.Contains(known, one) {
			known, out = append(known, one), append(out, one)
		}
	}
	return out
}

// TestStepsAskForRights forbids whatever a step does, one after the other: it is shown, and nothing is begun.
func TestStepsAskForRights(t *testing.T) {
	t.Parallel()
	for name, least := range map[string]int{"a restore": 15, "of a copy": 15, "a rehearsal": 11, "a copy": 5} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				all := rightsOf(t, needy()[name])
				if len(all) < least {
					t.Errorf("it asks for %q alone", all)
				}
				for _, action := range all {
					a, _, _ := restorable(t, "prod")
					a.Forbidden = []string{action}
					s, err := needy()[name](t.Context(), operator(a, nil))
					if err != nil {
						t.Fatal(err)
					}
					before := len(a.Asked())
					switch err := environ.Take(t.Context(), operator(a, nil), s); {
					case action == "logs:GetLogEvents": // it may be allowed for what is needed
						if err != nil || s.Checks[0].Is != environ.Unknown || !strings.Contains(s.Checks[0].Note, action) {
							t.Errorf("whoever may perhaps not %s: %v, %+v", action, err, s.Checks)
						}
					case !errs.Is(err, errs.Conflict) || !strings.Contains(err.Error(), "nothing was changed: rights: not allowed: "+action) || environ.Begins(s.Checks) == nil:
						t.Errorf("whoever may not %s: %v, %+v", action, err, s.Checks)
					case len(a.Asked()) > before:
						t.Errorf("whoever may not %s has asked for %q", action, a.Asked()[before:])
					}
				}
			})
		})
	}
}

// TestRightsOfOneThing holds nobody up whose policies allow for the environment's own things alone what a step does to these, or
// on a condition that IAM is not told; and finds out who may do it to one of two services.
func TestRightsOfOneThing(t *testing.T) {
	t.Parallel()
	const at = "arn:aws:%:ap-northeast-1:123456789012:"
	arn := func(service, resource string) string { return strings.Replace(at, "%", service, 1) + resource }
	synctest.Test(t, func(t *testing.T) {
		check := func(a *deploytest.Account, name string) environ.Check {
			t.Helper()
			s, err := needy()[name](t.Context(), operator(a, nil))
			if err != nil || len(s.Checks) != 1 {
				t.Fatalf("%v, %+v", err, s)
			}
			return s.Checks[0]
		}
		a, _, _ := restorable(t, "prod")
		a.Limited = map[string]string{
			"ecs:RunTask": arn("ecs", "task-definition/enishi-prod-once:1"), "backup:StartBackupJob": arn("backup", "backup-vault:BackupVault1"),
			"rds:RestoreDBClusterToPointInTime": arn("rds", "cluster:enishi-prod-restored"), "rds:DeleteDBCluster": arn("rds", "cluster:enishi-prod-restored"), "rds:DeleteDBInstance": arn("rds", "db:enishi-prod-restored-1"),
		}
		for name := range needy() {
			if name == "of a copy" {
				continue
			}
			if c := check(a, name); c.Is != environ.Good || !strings.HasSuffix(c.Note, " actions that it asks for, each allowed") {
				t.Errorf("%s, of what is the environment's alone: %+v", name, c)
			}
		}
		a.Limited["rds:DeleteDBCluster"] = arn("rds", "cluster:enishi-dev-restored")
		if c := check(a, "a restore"); c.Is != environ.Bad || c.Note != "not allowed: rds:DeleteDBCluster" {
			t.Errorf("of another environment's: %+v", c)
		}
		a.Limited = map[string]string{"ecs:UpdateService": arn("ecs", "service/enishi-prod/web")}
		if c := check(a, "a restore"); c.Is != environ.Bad || c.Note != "not allowed: ecs:UpdateService" {
			t.Errorf("of one service: %+v", c)
		}
		if c := check(a, "a rehearsal"); c.Is != environ.Good {
			t.Errorf("a rehearsal, which stops none: %+v", c)
		}
		a.Limited, a.Conditional = nil, []string{"rds:DeleteDBCluster"}
		if c := check(a, "a restore"); c.Is != environ.Unknown || !strings.HasSuffix(c.Note, ": rds:DeleteDBCluster") {
			t.Errorf("on a condition: %+v", c)
		}
		a.Conditional, a.Factored = nil, []string{"ecs:ListTasks", "rds:DeleteDBCluster"}
		if c := check(a, "a restore"); c.Is != environ.Unknown || !strings.HasSuffix(c.Note, ": ecs:ListTasks, rds:DeleteDBCluster") {
			t.Errorf("without a second factor, as far as IAM is told: %+v", c)
		}
	})
}

// TestRightsHoldNobodyUpForNothing begins a step while IAM is away, and despite a no of its simulation where somebody says so.
func TestRightsHoldNobodyUpForNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, replaced, _ := restorable(t, "prod")
		if _, err := environ.LookRestore(t.Context(), operator(a, nil), anHourAgo()); err != nil {
			t.Fatal(err)
		}
		away := operator(a, func(_ int, asked string) deploytest.Trouble {
			if strings.HasPrefix(asked, "iam:") {
				return deploytest.Unreached
			}
			return deploytest.None
		})
		s, err := environ.LookRestore(t.Context(), away, anHourAgo())
		if err != nil || len(s.Checks) != 1 || s.Checks[0].Is != environ.Unknown || !strings.HasPrefix(s.Checks[0].Note, "IAM does not say: ") || environ.Begins(s.Checks) != nil {
			t.Errorf("IAM is away: %v, %+v", err, s)
		}
		a.Forbidden = []string{"rds:DeleteDBCluster"}
		if s, err = environ.LookRestore(t.Context(), operator(a, nil), anHourAgo()); err != nil || !strings.Contains(environ.Begins(s.Checks).Error(), "--despite-rights begins all the same") {
			t.Errorf("by IAM: %v, %+v", err, s)
		}
		o := operator(a, nil)
		o.DespiteRights = true
		if s, err = environ.LookRestore(t.Context(), o, anHourAgo()); err == nil {
			err = environ.Take(t.Context(), o, s)
		}
		if err != nil || replaced.Load() != 1 || s.Checks[0].Is != environ.Unknown || !strings.Contains(s.Checks[0].Note, "not allowed: rds:DeleteDBCluster, by IAM's simulation") {
			t.Errorf("despite it: %v, replaced %d times, %+v", err, replaced.Load(), s.Checks)
		}
	})
}

// TestWhatWasBegunAsksForNoRights goes on with a restore for which services stand still, whatever IAM says of whoever does.
func TestWhatWasBegunAsksForNoRights(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, replaced, _ := restorable(t, "prod")
		serving, moment := a.Serving(), anHourAgo()
		if err := restore(t, a, moment, killAfter("ecs:UpdateService", 1)); err == nil {
			t.Fatal("it was not killed")
		}
		time.Sleep(20 * time.Minute)
		a.Forbidden = []string{"ecs:UpdateService", "rds:DeleteDBCluster"}
		if err := restore(t, a, moment, nil); err != nil || replaced.Load() != 1 {
			t.Errorf("it was gone on with: %v, rows were replaced %d times", err, replaced.Load())
		}
		undisturbed(t, a, serving, "whoever may not, by IAM")
	})
}

// TestAMoveAsksForRights says beforehand what whoever moves may not, of what their way asks for.
func TestAMoveAsksForRights(t *testing.T) {
	t.Parallel()
	w := written(t, "prod", "")
	synctest.Test(t, func(t *testing.T) {
		a, _ := ready(t, w)
		h := look(t, a)
		for _, action := range []string{"ecs:RunTask", "ecs:DescribeTasks", "s3:DeleteObject", "s3:PutObject", "s3:ListBucket", "secretsmanager:PutSecretValue", "s3:GetObject"} {
			a.Forbidden = []string{action}
			for _, back := range []bool{false, true} {
				c, err := h.MayMove(t.Context(), operator(a, nil), "another", back)
				neither := back && slices.Contains([]string{"s3:PutObject", "s3:ListBucket", "secretsmanager:PutSecretValue"}, action) || !back && action == "s3:GetObject"
				if err != nil || neither != (c.Is == environ.Good) || neither != (environ.Begins([]environ.Check{c}) == nil) || !neither && c.Note != "not allowed: "+action {
					t.Errorf("whoever may not %s, back %t: %v, %+v", action, back, err, c)
				}
			}
		}
		a.Forbidden = []string{"secretsmanager:PutSecretValue"}
		if c, err := h.MayMove(t.Context(), operator(a, nil), h.Secret, false); err != nil || c.Is != environ.Good {
			t.Errorf("with the secret that is there: %v, %+v", err, c)
		}
		a.Forbidden, a.Limited = nil, map[string]string{"s3:PutObject": "arn:aws:s3:::" + deploytest.Files + "/transfer-one", "secretsmanager:PutSecretValue": "arn:aws:secretsmanager:elsewhere"}
		if c, err := h.MayMove(t.Context(), operator(a, nil), "another", false); err != nil || c.Note != "not allowed: secretsmanager:PutSecretValue" {
			t.Errorf("in the bucket of files alone, of another secret: %v, %+v", err, c)
		}
	})
}
