package environ_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"enishi/internal/deploy"
	"enishi/internal/deploy/deploytest"
	"enishi/internal/environ"
	"enishi/internal/errs"
)

func passwordActs() map[string]act {
	taken := func(a *deploytest.Account) string {
		now, before, n := a.Kept("DataCacheKey")
		takes := a.Passwords()
		return fmt.Sprintf("%d, the one in force is one %v, the one before %v; %d versions", len(takes), slices.Contains(takes, now), slices.Contains(takes, before), n)
	}
	return map[string]act{
		"a new password of the cache": {
			look: environ.LookNewPassword,
			next: "secret cache: version 23456789 -> version ", undo: "there is no way, and none is needed: the cache takes both until enishi env secret prod cache --settle", then: "enishi deploy prod",
			done: taken, want: "2, the one in force is one true, the one before true; 2 versions",
		},
		"the new password alone": {
			before: environ.LookNewPassword, look: environ.LookSettledPassword,
			next: "secret cache: version 23456789 as well -> version ", undo: "there is no way; enishi env secret prod cache --new",
			done: taken, want: "1, the one in force is one true, the one before false; 2 versions",
		},
	}
}

// takes takes a step.
func takes(t *testing.T, a *deploytest.Account, look func(context.Context, *environ.Options) (*environ.Step, error), of trouble) (*environ.Step, error) {
	t.Helper()
	s, err := look(t.Context(), operator(a, nil))
	if err == nil {
		err = environ.Take(t.Context(), operator(a, of), s)
	}
	return s, err
}

// TestPasswordsAreRefused keeps the cache from a third password, and from ending one that a task may have.
func TestPasswordsAreRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := deploytest.Whole("prod")
		if s, err := takes(t, a, environ.LookSettledPassword, nil); !errs.Is(err, errs.Conflict) || !strings.Contains(err.Error(), "takes one password alone, version 23456789") {
			t.Errorf("alone already: %+v, %v", s, err)
		}
		a.Begun = time.Now()
		if s, err := takes(t, a, environ.LookNewPassword, nil); err != nil {
			t.Fatalf("%+v, %v", s, err)
		}
		if s, err := takes(t, a, environ.LookNewPassword, nil); !errs.Is(err, errs.Conflict) || !strings.Contains(err.Error(), "takes two passwords") {
			t.Errorf("a third: %+v, %v", s, err)
		}
		if s, err := takes(t, a, environ.LookSettledPassword, nil); !errs.Is(err, errs.Conflict) || !strings.Contains(err.Error(), " of web, ") || !strings.Contains(err.Error(), "First enishi deploy prod") {
			t.Errorf("while tasks have the one before: %+v, %v", s, err)
		}
		time.Sleep(time.Minute)
		a.Begun, a.Stops = time.Now(), time.Now().Add(time.Minute)
		if s, err := takes(t, a, environ.LookSettledPassword, nil); !errs.Is(err, errs.Conflict) || !strings.Contains(err.Error(), "cccc of web. First") {
			t.Errorf("while one with the one before stops: %+v, %v", s, err)
		}
		time.Sleep(time.Minute)
		for _, look := range []func(context.Context, *environ.Options) (*environ.Step, error){environ.LookSettledPassword, environ.LookNewPassword} {
			if s, err := takes(t, a, look, nil); err != nil {
				t.Errorf("%+v, %v", s, err)
			}
		}
		if faults := a.Faults(); len(faults) > 0 {
			t.Errorf("%q", faults)
		}
	})
}

// TestPasswordsOfTwoPeople does what one of them has agreed to, and nothing of the other, who has looked before that:
// of both there would be a third.
func TestPasswordsOfTwoPeople(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		before, look func(context.Context, *environ.Options) (*environ.Step, error)
	}{
		"two new ones":       {nil, environ.LookNewPassword},
		"two that are alone": {environ.LookNewPassword, environ.LookSettledPassword},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a := act{before: tt.before}.begun(t)
				stale, err := tt.look(t.Context(), operator(a, nil))
				if err != nil {
					t.Fatal(err)
				}
				if _, err := takes(t, a, tt.look, nil); err != nil {
					t.Fatal(err)
				}
				if tt.before != nil { // and what comes after it, which a step of before would spoil
					if _, err := takes(t, a, tt.before, nil); err != nil {
						t.Fatal(err)
					}
				}
				time.Sleep(10 * time.Minute)
				passwords := a.Passwords()
				if err := environ.Take(t.Context(), operator(a, nil), stale); !errs.Is(err, errs.Conflict) || !strings.Contains(err.Error(), "was changed since it was looked at") {
					t.Errorf("the other: %v", err)
				}
				if got := a.Passwords(); !slices.Equal(got, passwords) || len(a.Faults()) > 0 {
					t.Errorf("the cache takes %d, faults %q", len(got), a.Faults())
				}
				time.Sleep(2 * time.Minute)
				a.Begun = time.Now()
				for _, next := range []func(context.Context, *environ.Options) (*environ.Step, error){environ.LookSettledPassword, environ.LookNewPassword} {
					if s, err := takes(t, a, next, nil); err != nil {
						t.Errorf("what comes next: %+v, %v", s, err)
					}
				}
				if faults := a.Faults(); len(faults) > 0 {
					t.Errorf("%q", faults)
				}
			})
		})
	}
}

// TestAPasswordLeftHalfway is gone on with by the next run, also a day later, and settled by nobody before.
func TestAPasswordLeftHalfway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := deploytest.Whole("prod")
		killed := false
		_, err := takes(t, a, environ.LookNewPassword, func(_ int, asked string) deploytest.Trouble {
			if killed || strings.Contains(asked, "ModifyReplicationGroup") {
				killed = true
				return deploytest.KilledAfter
			}
			return deploytest.None
		})
		if err == nil {
			t.Fatal("it was killed and says nothing")
		}
		time.Sleep(24 * time.Hour)
		if s, err := takes(t, a, environ.LookSettledPassword, nil); !errs.Is(err, errs.Conflict) || !strings.Contains(err.Error(), "was left half-way: enishi env secret prod cache --new") {
			t.Errorf("settled half-way: %+v, %v", s, err)
		}
		if s, err := takes(t, a, environ.LookNewPassword, nil); err != nil {
			t.Errorf("a day later: %+v, %v", s, err)
		}
		now, before, n := a.Kept("DataCacheKey")
		if got := a.Passwords(); !slices.Equal(got, []string{before, now}) || n != 2 || len(a.Faults()) > 0 {
			t.Errorf("the cache takes %d, of %d; faults %q", len(got), n, a.Faults())
		}
	})
}

// TestAPasswordThatSomebodyElseGives cuts a run at each request, has somebody else give the cache the password in force
// then, as CloudFormation may, and goes on: AWS shows that the cache was given one, and not which, and it is to take both.
func TestAPasswordThatSomebodyElseGives(t *testing.T) {
	t.Parallel()
	requests, tried := 0, 0
	synctest.Test(t, func(t *testing.T) {
		if _, err := takes(t, deploytest.Whole("prod"), environ.LookNewPassword, func(int, string) deploytest.Trouble { requests++; return deploytest.None }); err != nil {
			t.Fatal(err)
		}
	})
	for n := range requests {
		if !some(n, requests) {
			continue
		}
		for _, how := range []deploytest.Trouble{deploytest.Killed, deploytest.KilledAfter} {
			synctest.Test(t, func(t *testing.T) {
				a := deploytest.Whole("prod")
				first, _, _ := a.Kept("DataCacheKey")
				_, _ = takes(t, a, environ.LookNewPassword, at(n, how)) // what it has done is asked of the account
				time.Sleep(2 * time.Minute)
				if now, _, _ := a.Kept("DataCacheKey"); now != first {
					return // tasks read the new one already
				}
				tried++
				a.GiveInForce()
				if s, err := takes(t, a, environ.LookNewPassword, nil); err != nil {
					t.Errorf("request %d is %v: %+v, %v", n, how, s, err)
				}
				now, _, _ := a.Kept("DataCacheKey")
				if got := a.Passwords(); now == first || !slices.Equal(got, []string{first, now}) || len(a.Faults()) > 0 {
					t.Errorf("request %d is %v: the cache takes %d, not the two that are kept; faults %q", n, how, len(got), a.Faults())
				}
			})
		}
	}
	if tried == 0 {
		t.Error("no run was cut before tasks read the new one")
	}
}

// TestAPasswordIsSettledDespiteSomebodyElse has somebody else give the cache a password between the two steps, the one in
// force or another, also after a run of the second that was cut at any request until it is noted that the cache takes one:
// it takes the one in force alone then.
func TestAPasswordIsSettledDespiteSomebodyElse(t *testing.T) {
	t.Parallel()
	requests, noted := 0, 0 // of a run that nobody cuts, and when it notes that
	synctest.Test(t, func(t *testing.T) {
		a := act{before: environ.LookNewPassword}.begun(t)
		if _, err := takes(t, a, environ.LookSettledPassword, func(_ int, asked string) deploytest.Trouble {
			if strings.Contains(asked, "UpdateSecretVersionStage") {
				noted = requests
			}
			requests++
			return deploytest.None
		}); err != nil || noted == 0 {
			t.Fatalf("%d of %d: %v", noted, requests, err)
		}
	})
	for name, gives := range map[string]func(*deploytest.Account){"the one in force": (*deploytest.Account).GiveInForce, "another": (*deploytest.Account).GiveAnother} {
		synctest.Test(t, func(t *testing.T) { settledDespite(t, gives, nil, name) })
		for n := range noted {
			if !some(n, noted) {
				continue
			}
			for _, how := range []deploytest.Trouble{deploytest.Killed, deploytest.KilledAfter} {
				synctest.Test(t, func(t *testing.T) {
					settledDespite(t, gives, at(n, how), fmt.Sprintf("%s, after request %d of %d is %v", name, n, requests, how))
				})
			}
		}
	}
}

// settledDespite takes the second step in an account that somebody else's order has come between, after a run in trouble.
func settledDespite(t *testing.T, gives func(*deploytest.Account), of trouble, what string) {
	t.Helper()
	a := act{before: environ.LookNewPassword}.begun(t)
	if of != nil {
		if _, err := takes(t, a, environ.LookSettledPassword, of); err == nil {
			t.Errorf("%s: it was cut and says nothing", what)
		}
		time.Sleep(2 * time.Minute)
	}
	gives(a)
	if s, err := takes(t, a, environ.LookSettledPassword, nil); err != nil {
		t.Errorf("%s: %+v, %v", what, s, err)
	}
	now, _, _ := a.Kept("DataCacheKey")
	if got, faults := a.Passwords(), a.Faults(); !slices.Equal(got, []string{now}) || len(faults) > 0 {
		t.Errorf("%s: the cache takes %d, not the one in force alone; faults %q", what, len(got), faults)
	}
}

// TestThePasswordIsToldNobody looks for it in what is shown, told and kept.
func TestThePasswordIsToldNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := deploytest.Whole("prod")
		s, err := environ.LookNewPassword(t.Context(), operator(a, nil))
		if err != nil {
			t.Fatal(err)
		}
		var said []string
		o := operator(a, nil)
		o.Tell = func(p deploy.Progress) { said = append(said, p.Note) }
		if err := environ.Take(t.Context(), o, s); err != nil {
			t.Fatal(err)
		}
		now, before, _ := a.Kept("DataCacheKey")
		all := fmt.Sprintf("%+v %q %q %s", s, said, told(t, a), a.Object("deploy/changes/secret cache.json"))
		if len(now) != 64 || now == before || strings.Contains(all, now) || strings.Contains(all, before) || !strings.Contains(all, s.To) {
			t.Errorf("a password of %d characters, in %s", len(now), all)
		}
	})
}
