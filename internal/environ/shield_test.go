package environ_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"enishi/internal/deploy/deploytest"
	"enishi/internal/environ"
	"enishi/internal/errs"
)

// shielded has the alarms be left after a first making that failed, with what refuses to be deleted, which was made by them
// or by another stack.
func shielded(status types.StackStatus, by string) func(*deploytest.Account) {
	return func(a *deploytest.Account) {
		half(status)(a)
		a.Shield(alarms, by)
	}
}

// refusing is how a plan names it.
const refusing = "the load balancer " + deploytest.ShieldedBalancer + " and the database " + deploytest.ShieldedDatabase

func shieldActs() map[string]act {
	done := func(a *deploytest.Account) string {
		return a.States()[alarms] + strings.Join(a.Shielded(), " ")
	}
	of := func(status types.StackStatus) act {
		return act{
			there: shielded(status, ""), look: mend("alarms"),
			next: "stack enishi-prod-alarms: " + string(status) + ", with 4 things in it, protected from being deleted: " + refusing + " -> deleted", undo: "enishi env up prod", then: "First that protection is lifted",
			done: done, want: "",
		}
	}
	return map[string]act{
		"mend a first making that protects itself":                       of(types.StackStatusRollbackFailed),
		"mend one that protects itself, and was deleted as far as it is": of(types.StackStatusDeleteFailed),
	}
}

// TestWhatAnotherHasMadeStaysProtected deletes a stack, and leaves alone what no tag says is its own.
func TestWhatAnotherHasMadeStaysProtected(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := deploytest.Whole("prod")
		shielded(types.StackStatusRollbackFailed, "arn:aws:cloudformation:ap-northeast-1:123456789012:stack/enishi-prod-service/before")(a)
		s, err := takes(t, a, mend("alarms"), nil)
		if err != nil || strings.Contains(s.From, "protected") || !strings.Contains(s.Then, "Left as it is, since no tag says that this stack has made it: "+refusing) {
			t.Errorf("%+v, %v", s, err)
		}
		if got := a.Shielded(); len(got) != 2 || a.States()[alarms] != "" || len(a.Faults()) > 0 {
			t.Errorf("protected are %q, states %v, faults %q", got, a.States(), a.Faults())
		}
	})
}

// TestWhatIsProtectedSinceIsLeftAlone lifts no protection that nobody was shown.
func TestWhatIsProtectedSinceIsLeftAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := deploytest.Whole("prod")
		half(types.StackStatusRollbackFailed)(a)
		s, err := environ.LookMend(t.Context(), operator(a, nil), "alarms", nil)
		if err != nil {
			t.Fatal(err)
		}
		a.Shield(alarms, "")
		if err := environ.Take(t.Context(), operator(a, nil), s); !errs.Is(err, errs.Conflict) || !strings.Contains(err.Error(), "is protected from being deleted since it was looked at") {
			t.Errorf("%v", err)
		}
		if got := a.Shielded(); len(got) != 2 || a.States()[alarms] != "ROLLBACK_FAILED" {
			t.Errorf("protected are %q, states %v", got, a.States())
		}
	})
}

// TestNothingIsLiftedOfWhatWasWhole refuses before anything is lifted.
func TestNothingIsLiftedOfWhatWasWhole(t *testing.T) {
	t.Parallel()
	for name, there := range map[string]func(*deploytest.Account){
		"whole once": left(types.StackStatusDeleteFailed),
		"protected":  func(a *deploytest.Account) { half(types.StackStatusRollbackFailed)(a); a.Protect(alarms) },
	} {
		a := deploytest.Whole("prod")
		there(a)
		a.Shield(alarms, "")
		if s, err := takes(t, a, mend("alarms"), nil); !errs.Is(err, errs.Denied) || len(a.Shielded()) != 2 || len(a.Faults()) > 0 {
			t.Errorf("%s: %+v, %v, faults %q", name, s, err, a.Faults())
		}
	}
}

// TestATroubledLiftGoesOn finds a database being changed by a run that was killed, and deletes it once it is not.
func TestATroubledLiftGoesOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := deploytest.Whole("prod")
		shielded(types.StackStatusRollbackFailed, "")(a)
		s, err := environ.LookMend(t.Context(), operator(a, nil), "alarms", nil)
		if err != nil {
			t.Fatal(err)
		}
		killed := operator(a, func(_ int, asked string) deploytest.Trouble {
			if asked == "rds:ModifyDBCluster" {
				return deploytest.KilledAfter
			}
			return deploytest.None
		})
		if err := environ.Take(t.Context(), killed, s); err == nil {
			t.Fatal("it was killed and says nothing")
		}
		if got := a.Shielded(); len(got) != 0 {
			t.Fatalf("protected are still %q", got)
		}
		time.Sleep(2 * time.Minute)
		a.Reshape(30 * time.Second)
		if s, err := takes(t, a, mend("alarms"), nil); err != nil || a.States()[alarms] != "" || len(a.Faults()) > 0 {
			t.Errorf("%+v, %v, %v, faults %q", s, err, a.States(), a.Faults())
		}
	})
}

// TestWhatProtectsItselfIsLifted holds what the templates protect from being deleted to what a first making that failed is
// unprotected of, and sees that none of it is to stay without its stack.
func TestWhatProtectsItselfIsLifted(t *testing.T) {
	t.Parallel()
	found := map[string]bool{}
	for _, part := range []string{"base", "cluster", "service", "alarms", "edge"} {
		text, err := os.ReadFile("../../infra/stacks/testdata/enishi-prod-" + part + ".template.json")
		if err != nil {
			t.Fatal(err)
		}
		var of struct {
			Resources map[string]struct {
				Type           string
				DeletionPolicy string
				Properties     json.RawMessage
			}
		}
		if err := json.Unmarshal(text, &of); err != nil {
			t.Fatal(err)
		}
		for name, r := range of.Resources {
			says := strings.ToLower(strings.ReplaceAll(string(r.Properties), "_", ""))
			if !strings.Contains(says, "deletionprotection") && !strings.Contains(says, "terminationprotection") {
				continue
			}
			found[r.Type] = true
			if !environ.Lifts(r.Type) || strings.HasPrefix(r.DeletionPolicy, "Retain") {
				t.Errorf("%s of %s (%s) protects itself from being deleted, and env mend lifts that: %v; its policy is %q", name, part, r.Type, environ.Lifts(r.Type), r.DeletionPolicy)
			}
		}
	}
	if len(found) != 2 {
		t.Errorf("protected are %v", found)
	}
}
