package environ_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"enishi/internal/deploy"
	"enishi/internal/deploy/deploytest"
	"enishi/internal/environ"
	"enishi/internal/errs"
)

const (
	alarms  = "enishi-prod-alarms"
	service = "enishi-prod-service"
)

// mend looks at what mends a stack.
func mend(part string, skip ...string) func(context.Context, *environ.Options) (*environ.Step, error) {
	return func(ctx context.Context, o *environ.Options) (*environ.Step, error) {
		return environ.LookMend(ctx, o, part, skip)
	}
}

// left has the alarms of an environment that serves be left in a state.
func left(status types.StackStatus, failed ...string) func(*deploytest.Account) {
	return func(a *deploytest.Account) {
		a.Stand(service, nil)
		a.Stand(alarms, map[string]string{"One": "AWS::CloudWatch::Alarm", "Two": "AWS::CloudWatch::Alarm"})
		a.Break(alarms, status, failed...)
	}
}

// half has the alarms be left after a first making that failed.
func half(status types.StackStatus) func(*deploytest.Account) {
	return func(a *deploytest.Account) {
		a.Stand(service, nil)
		a.Break(alarms, status)
	}
}

func mendingActs() map[string]act {
	state := func(a *deploytest.Account) string {
		return fmt.Sprintf("%q after %v", a.States()[alarms], a.Orders(alarms))
	}
	return map[string]act{
		"mend a way back that failed": {
			there: left(types.StackStatusUpdateRollbackFailed), look: mend("alarms"),
			next: "stack enishi-prod-alarms: UPDATE_ROLLBACK_FAILED -> UPDATE_ROLLBACK_COMPLETE", undo: "there is no way", then: "as it was before the change that failed",
			done: state, want: `"UPDATE_ROLLBACK_COMPLETE" after map[go on back:1]`,
		},
		"mend one with something as it is": {
			there: left(types.StackStatusUpdateRollbackFailed, "Two"), look: mend(alarms, "Two"),
			next: "stack enishi-prod-alarms: UPDATE_ROLLBACK_FAILED, by Two -> UPDATE_ROLLBACK_COMPLETE, with Two as it is", undo: "there is no way", then: "bring the two together by hand",
			done: state, want: `"UPDATE_ROLLBACK_COMPLETE" after map[go on back:1]`,
		},
		"mend a change that was not taken back": {
			there: left(types.StackStatusUpdateFailed), look: mend("alarms"),
			next: "stack enishi-prod-alarms: UPDATE_FAILED -> UPDATE_ROLLBACK_COMPLETE", undo: "there is no way",
			done: state, want: `"UPDATE_ROLLBACK_COMPLETE" after map[go back:1]`,
		},
		"mend a first making": {
			there: half(types.StackStatusRollbackComplete), look: mend("alarms"),
			next: "stack enishi-prod-alarms: ROLLBACK_COMPLETE, with 2 things in it -> deleted", undo: "enishi env up prod", then: "Mend what its events say",
			done: state, want: `"" after map[]`,
		},
		"mend a first making that was not deleted either": {
			there: half(types.StackStatusDeleteFailed), look: mend("alarms"),
			next: "stack enishi-prod-alarms: DELETE_FAILED, with 2 things in it -> deleted", undo: "enishi env up prod",
			done: state, want: `"" after map[]`,
		},
	}
}

// TestMendingThatIsRefused says of each why, and what is allowed.
func TestMendingThatIsRefused(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		there func(*deploytest.Account)
		part  string
		skip  []string
		code  errs.Kind
		says  string
	}{
		"no such stack":    {part: "Service", code: errs.Invalid, says: "base, cluster, service, alarms, edge"},
		"one that is well": {part: "base", code: errs.Conflict, says: "the stack enishi-prod-base is in CREATE_COMPLETE"},
		"one that is not there": {
			part: "edge", code: errs.Conflict, says: "was not made yet, or is gone",
		},
		"one that moves":     {there: left(types.StackStatusUpdateInProgress), part: "alarms", code: errs.Conflict, says: "is update in progress: look again"},
		"one of another way": {there: left(types.StackStatusImportRollbackFailed), part: "alarms", code: errs.Conflict, says: "finish it by hand"},
		"one that is protected": {
			there: func(a *deploytest.Account) { half(types.StackStatusRollbackComplete)(a); a.Protect(alarms) },
			part:  "alarms", code: errs.Denied, says: "it is protected from being deleted",
		},
		"one on which another stands": {
			there: func(a *deploytest.Account) {
				a.Break(service, types.StackStatusRollbackFailed)
				a.Break(alarms, types.StackStatusRollbackFailed)
			},
			part: "service", code: errs.Denied, says: "the stack enishi-prod-alarms, which is made after it, is there",
		},
		"one that was whole": {there: left(types.StackStatusDeleteFailed), part: "alarms", code: errs.Denied, says: "it was whole once"},
		"without what did not fail": {
			there: left(types.StackStatusUpdateRollbackFailed, "Two"), part: "alarms", skip: []string{"One"}, code: errs.Invalid, says: "Two",
		},
		"without anything, where nothing failed yet": {
			there: left(types.StackStatusUpdateFailed), part: "alarms", skip: []string{"One"}, code: errs.Invalid, says: "nothing, since",
		},
		"without something of what is deleted": {
			there: half(types.StackStatusRollbackComplete), part: "alarms", skip: []string{"Half"}, code: errs.Invalid, says: "it is deleted",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := deploytest.Whole("prod")
			if tt.there != nil {
				tt.there(a)
			}
			s, err := environ.LookMend(t.Context(), operator(a, nil), tt.part, tt.skip)
			if !errs.Is(err, tt.code) || !strings.Contains(fmt.Sprint(err), tt.says) {
				t.Errorf("%+v, %v", s, err)
			}
		})
	}
}

// TestWhatHasChangedSinceIsLeftAlone does nothing about a stack that is no more what somebody agreed to.
func TestWhatHasChangedSinceIsLeftAlone(t *testing.T) {
	t.Parallel()
	another := func(t *testing.T, a *deploytest.Account) {
		if _, err := takes(t, a, mend("alarms"), nil); err != nil {
			t.Fatal(err)
		}
	}
	for name, tt := range map[string]struct {
		there func(*deploytest.Account)
		since func(*testing.T, *deploytest.Account)
		code  errs.Kind
		says  string
		state string
	}{
		"another has deleted it, and made it anew": {
			there: half(types.StackStatusRollbackComplete),
			since: func(t *testing.T, a *deploytest.Account) {
				another(t, a)
				a.Stand(alarms, map[string]string{"One": "AWS::CloudWatch::Alarm"})
			},
			code: errs.Conflict, says: "has changed since it was looked at", state: `"CREATE_COMPLETE" after map[]`,
		},
		"another has made it anew, which failed as well": {
			there: half(types.StackStatusRollbackComplete),
			since: func(t *testing.T, a *deploytest.Account) {
				another(t, a)
				half(types.StackStatusRollbackComplete)(a)
			},
			code: errs.Conflict, says: "has changed since it was looked at", state: `"ROLLBACK_COMPLETE" after map[]`,
		},
		"another has deleted it": {
			there: half(types.StackStatusRollbackComplete), since: another,
			code: errs.Conflict, says: "has changed since it was looked at", state: `"" after map[]`,
		},
		"another has protected it": {
			there: half(types.StackStatusRollbackComplete), since: func(_ *testing.T, a *deploytest.Account) { a.Protect(alarms) },
			code: errs.Denied, says: "it is protected from being deleted", state: `"ROLLBACK_COMPLETE" after map[]`,
		},
		"another has made a stack on it": {
			there: half(types.StackStatusRollbackComplete), since: func(_ *testing.T, a *deploytest.Account) { a.Stand("enishi-prod-edge", nil) },
			code: errs.Denied, says: "the stack enishi-prod-edge, which is made after it, is there", state: `"ROLLBACK_COMPLETE" after map[]`,
		},
		"another has had it go back": {
			there: left(types.StackStatusUpdateFailed), since: another,
			code: errs.Conflict, says: "has changed since it was looked at", state: `"UPDATE_ROLLBACK_COMPLETE" after map[go back:1]`,
		},
		"another has had it go back, and changed it again, which failed as well": {
			there: left(types.StackStatusUpdateRollbackFailed),
			since: func(t *testing.T, a *deploytest.Account) {
				another(t, a)
				a.Break(alarms, types.StackStatusUpdateRollbackFailed)
			},
			code: errs.Conflict, says: "has changed since it was looked at", state: `"UPDATE_ROLLBACK_FAILED" after map[go on back:1]`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a := deploytest.Whole("prod")
				tt.there(a)
				s, err := environ.LookMend(t.Context(), operator(a, nil), "alarms", nil)
				if err != nil {
					t.Fatal(err)
				}
				tt.since(t, a)
				err = environ.Take(t.Context(), operator(a, nil), s)
				if got := fmt.Sprintf("%q after %v", a.States()[alarms], a.Orders(alarms)); !errs.Is(err, tt.code) || !strings.Contains(fmt.Sprint(err), tt.says) || got != tt.state {
					t.Errorf("%v, and it is %s", err, got)
				}
			})
		})
	}
}

// TestMendingThatWasCut ends what a run has begun by the stack that it was of, and takes nothing for it that has come since.
func TestMendingThatWasCut(t *testing.T) {
	t.Parallel()
	const back = "UPDATE_ROLLBACK_FAILED -> UPDATE_ROLLBACK_COMPLETE"
	for name, tt := range map[string]struct {
		there func(*deploytest.Account)
		cut   string // the order with which the run is killed
		since func(*deploytest.Account)
		after time.Duration
		told  string // after what was told of the stack and, if it is another, that the run was left half-way
	}{
		"deleted, and made anew": {
			there: half(types.StackStatusRollbackComplete), cut: "DeleteStack", after: 2 * time.Minute,
			since: func(a *deploytest.Account) { a.Stand(alarms, nil) },
			told:  "ROLLBACK_COMPLETE, with 2 things in it -> deleted",
		},
		"deleted, and made anew a day later": {
			there: half(types.StackStatusRollbackComplete), cut: "DeleteStack", after: 24 * time.Hour,
			since: func(a *deploytest.Account) { a.Stand(alarms, nil) },
			told:  "ROLLBACK_COMPLETE, with 2 things in it -> deleted",
		},
		"went back": {
			there: left(types.StackStatusUpdateRollbackFailed), cut: "ContinueUpdateRollback", after: 2 * time.Minute, told: back,
		},
		"went back, and was changed since": {
			there: left(types.StackStatusUpdateRollbackFailed), cut: "ContinueUpdateRollback", after: 2 * time.Minute,
			since: func(a *deploytest.Account) { a.Break(alarms, types.StackStatusUpdateComplete) },
			told:  "UPDATE_ROLLBACK_FAILED -> nothing that is known: it has changed since, and is in UPDATE_COMPLETE",
		},
		"went back, by whatever, a day ago": {
			there: left(types.StackStatusUpdateRollbackFailed), cut: "ContinueUpdateRollback", after: 24 * time.Hour,
			told: "UPDATE_ROLLBACK_FAILED -> nothing that is known: it has changed since, and is in UPDATE_ROLLBACK_COMPLETE",
		},
		"went back, and is gone": {
			there: left(types.StackStatusUpdateRollbackFailed), cut: "ContinueUpdateRollback", after: 2 * time.Minute,
			since: func(a *deploytest.Account) { a.Vanish(alarms) },
			told:  "UPDATE_ROLLBACK_FAILED -> nothing that is known: the stack is gone",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a := deploytest.Whole("prod")
				tt.there(a)
				killed := false
				if _, err := takes(t, a, mend("alarms"), func(_ int, asked string) deploytest.Trouble {
					if killed || strings.Contains(asked, tt.cut) {
						killed = true
						return deploytest.KilledAfter
					}
					return deploytest.None
				}); err == nil {
					t.Fatal("it was killed and says nothing")
				}
				time.Sleep(tt.after)
				a.States() // of which AWS knows that it is gone
				if tt.since != nil {
					tt.since(a)
				}
				state := a.States()[alarms]
				if s, err := takes(t, a, mend("alarms"), nil); err != nil {
					t.Fatalf("%+v, %v", s, err)
				}
				got := told(t, a)
				if len(got) != 2 || !strings.HasSuffix(got[0], "; left half-way") || got[1] != "environment.change stack "+alarms+": "+tt.told || a.States()[alarms] != state {
					t.Errorf("told %q, and it is %q after %q", got, a.States()[alarms], state)
				}
				if s, err := environ.LookMend(t.Context(), operator(a, nil), "alarms", nil); !errs.Is(err, errs.Conflict) || !strings.Contains(err.Error(), "nothing to mend") {
					t.Errorf("afterwards: %+v, %v", s, err)
				}
			})
		})
	}
}

// TestOnlyAChangeSetIsNoStack mends a stack beside a later one that was never made: it only has a change set.
func TestOnlyAChangeSetIsNoStack(t *testing.T) {
	t.Parallel()
	a := deploytest.Whole("prod")
	half(types.StackStatusRollbackComplete)(a)
	a.Break("enishi-prod-edge", types.StackStatusReviewInProgress)
	if s, err := environ.LookMend(t.Context(), operator(a, nil), "alarms", nil); err != nil || s.To != "deleted" {
		t.Errorf("%+v, %v", s, err)
	}
}

// TestAWayBackThatFailsAgain says so, with the command that goes on, which tells of both.
func TestAWayBackThatFailsAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := deploytest.Whole("prod")
		left(types.StackStatusUpdateRollbackFailed, "One")(a)
		try := func() error {
			s, err := environ.LookMend(t.Context(), operator(a, nil), "alarms", nil)
			if err == nil {
				err = environ.Take(t.Context(), operator(a, nil), s)
			}
			return err
		}
		if err := try(); !errs.Is(err, errs.Conflict) || !strings.Contains(err.Error(), "[One]") || !strings.Contains(err.Error(), "enishi env mend prod alarms") {
			t.Fatalf("the first: %v", err)
		}
		a.Well(alarms)
		time.Sleep(2 * time.Minute)
		if err := try(); err != nil {
			t.Fatalf("the second: %v", err)
		}
		got := told(t, a)
		if len(got) != 2 || !strings.HasSuffix(got[0], "; left half-way") || a.States()[alarms] != "UPDATE_ROLLBACK_COMPLETE" {
			t.Errorf("told %q, %v", got, a.States())
		}
		if s, err := environ.LookMend(t.Context(), operator(a, nil), "alarms", nil); !errs.Is(err, errs.Conflict) {
			t.Errorf("once it is well: %+v, %v", s, err)
		}
	})
}

// TestMendingBeforeAnythingServes deletes what the first making of an environment has left, keeps who and why in the
// account, and lets it be made: also where the run is cut at any request.
func TestMendingBeforeAnythingServes(t *testing.T) {
	t.Parallel()
	w := written(t, "dev", "")
	for _, part := range []string{"base", "service"} {
		name := "enishi-dev-" + part
		failing := func(t *testing.T) *deploytest.Account {
			a := deploytest.Empty("dev")
			a.Failing = map[string]string{name: "no such certificate"}
			if err := environ.Up(t.Context(), options(a, w, nil)); !errs.Is(err, errs.Conflict) || !strings.Contains(err.Error(), "enishi env mend dev "+part) {
				t.Fatalf("up: %v", err)
			}
			a.Failing = nil
			a.Break(name, types.StackStatusRollbackFailed)
			a.Shield(name, "")
			time.Sleep(2 * time.Minute)
			return a
		}
		deletes := func(t *testing.T, a *deploytest.Account, of trouble) error {
			s, err := environ.LookMend(t.Context(), operator(a, nil), part, nil)
			if err != nil {
				return err
			}
			if unknown := part == "base"; s.Real != unknown || !strings.HasPrefix(s.From, "ROLLBACK_FAILED") || s.To != "deleted" {
				t.Errorf("%+v", s)
			}
			return environ.Take(t.Context(), operator(a, of), s)
		}
		requests := 0
		synctest.Test(t, func(t *testing.T) {
			a := failing(t)
			ran := len(a.Ran())
			if err := deletes(t, a, func(int, string) deploytest.Trouble { requests++; return deploytest.None }); err != nil || a.States()[name] != "" {
				t.Fatalf("%v, %v", err, a.States())
			}
			if kept := a.Gone(); !strings.Contains(kept, `"by":"hanako"`) || !strings.Contains(kept, `"why":"a spike"`) || !strings.Contains(kept, name+": ROLLBACK_FAILED, with ") || len(a.Ran()) != ran {
				t.Errorf("the account keeps %s, and tasks were %+v", kept, a.Ran())
			}
			if err := environ.Up(t.Context(), options(a, w, nil)); err != nil {
				t.Errorf("up after it: %v", err)
			}
		})
		for n := range requests {
			if !some(n, requests) {
				continue
			}
			for _, how := range []deploytest.Trouble{deploytest.Lost, deploytest.Denied, deploytest.Killed, deploytest.KilledAfter} {
				synctest.Test(t, func(t *testing.T) {
					a := failing(t)
					err := deletes(t, a, at(n, how))
					if err != nil {
						time.Sleep(2 * time.Minute)
						if err = deletes(t, a, nil); a.States()[name] == "" && errs.Is(err, errs.Conflict) {
							err = nil // it was deleted
						}
					}
					if err != nil || a.States()[name] != "" || a.Gone() == "" || len(a.Faults()) > 0 {
						t.Errorf("request %d is %v: %v, %v, %q, faults %q", n, how, err, a.States(), a.Gone(), a.Faults())
					}
				})
			}
		}
	}
}

// TestWhatStaysIsTold names what a stack leaves when it is deleted.
func TestWhatStaysIsTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := deploytest.Whole("prod")
		half(types.StackStatusRollbackFailed)(a)
		s, err := environ.LookMend(t.Context(), operator(a, nil), "alarms", nil)
		if err != nil {
			t.Fatal(err)
		}
		o, said := operator(a, nil), []string{}
		o.Tell = func(p deploy.Progress) { said = append(said, p.Step+": "+p.Note) }
		if err := environ.Take(t.Context(), o, s); err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(said, alarms+": stays, as its template says: AWS::ECR::Repository enishi") || slices.ContainsFunc(said, func(line string) bool { return strings.Contains(line, "stays") && strings.Contains(line, "Topic") }) {
			t.Errorf("told %q", said)
		}
	})
}
