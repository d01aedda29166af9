package environ_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"enishi/internal/deploy/deploytest"
	"enishi/internal/environ"
	"enishi/internal/errs"
)

// act is a step as somebody takes it, and what it is to have done.
type act struct {
	there func(*deploytest.Account) // makes the account one in which the step has something to do; nil: it has
	// before is a step that comes first; nil: none.
	before func(context.Context, *environ.Options) (*environ.Step, error)
	look   func(context.Context, *environ.Options) (*environ.Step, error)
	next   string // what the step says of itself
	undo   string
	then   string                           // a part of what it says besides
	done   func(*deploytest.Account) string // what has come of it; how often stands at the end
	want   string
	// again is what a second run may do once more of it, where nobody can know that the first one has.
	again string
}

const (
	url   = "smtp://user:password@mail.example.jp:587"
	hooks = `{"slack": "https://hooks.example.jp/a"}`
	unset = "what AWS has made, and no URL"
)

// begun is an account in which the step that comes first was taken.
func (of act) begun(t *testing.T) *deploytest.Account {
	t.Helper()
	a := deploytest.Whole("prod")
	if of.there != nil {
		of.there(a)
	}
	if of.before == nil {
		return a
	}
	s, err := of.before(t.Context(), operator(a, nil))
	if err == nil {
		err = environ.Take(t.Context(), operator(a, nil), s)
	}
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(5 * time.Minute)
	return a
}

func acts() map[string]act {
	first := func(a *deploytest.Account) string {
		database, cache, moved := a.First()
		return fmt.Sprintf("%s %s %d", database, cache, moved)
	}
	silenced := func(a *deploytest.Account) string {
		var out []string
		for name, until := range a.Silenced() {
			// It begins with the minute after it was looked at; a second run is some minutes later.
			if left := time.Until(until); left < 110*time.Minute || left > 121*time.Minute {
				name += fmt.Sprintf(" for %v", left)
			}
			out = append(out, name)
		}
		slices.Sort(out)
		return strings.Join(out, " ")
	}
	kept := func(name string) func(*deploytest.Account) string {
		return func(a *deploytest.Account) string {
			value, before, n := a.Kept(name)
			return fmt.Sprintf("%s after %s, %d", value, before, n)
		}
	}
	out := map[string]act{
		"failover": {
			look: func(ctx context.Context, o *environ.Options) (*environ.Step, error) {
				return environ.LookFailover(ctx, o, "")
			},
			next: "database: the writer is enishi-prod-1 -> the writer is enishi-prod-2", undo: "enishi env failover prod database --to enishi-prod-1", then: "enishi-prod-3 (zone ap-northeast-1c, available)",
			done: first, want: "enishi-prod-2 cache-001 1",
		},
		"failover to the third": {
			look: func(ctx context.Context, o *environ.Options) (*environ.Step, error) {
				return environ.LookFailover(ctx, o, "enishi-prod-3")
			},
			next: "database: the writer is enishi-prod-1 -> the writer is enishi-prod-3", undo: "enishi env failover prod database --to enishi-prod-1",
			done: first, want: "enishi-prod-3 cache-001 1",
		},
		"failover of the cache": {
			look: environ.LookCacheFailover,
			next: "cache: the first is cache-001 -> the first is cache-002", undo: "enishi env failover prod cache",
			done: first, want: "enishi-prod-1 cache-002 1",
		},
		"restart": {
			look: func(ctx context.Context, o *environ.Options) (*environ.Step, error) {
				return environ.LookRestart(ctx, o, "enishi-prod-2")
			},
			next: "database enishi-prod-2: a reader, available -> restarted", undo: "there is no way",
			done: func(a *deploytest.Account) string { return strings.Join(a.Restarted(), " ") }, want: "enishi-prod-2", again: "enishi-prod-2 enishi-prod-2",
		},
		"secret": {
			look: func(ctx context.Context, o *environ.Options) (*environ.Step, error) {
				return environ.LookSecret(ctx, o, "mail", url)
			},
			next: "secret mail: version 01234567 -> version ", undo: "enishi env secret prod mail --previous",
			done: kept("DataMail"), want: url + " after " + unset + ", 2",
		},
		"webhooks": {
			look: func(ctx context.Context, o *environ.Options) (*environ.Step, error) {
				return environ.LookSecret(ctx, o, "webhooks", hooks)
			},
			next: "secret webhooks: version 12345678 -> version ", undo: "enishi env secret prod webhooks --previous",
			done: kept("TopicsWebhooks"), want: hooks + " after {}, 2",
		},
		"the secret from before": {
			before: func(ctx context.Context, o *environ.Options) (*environ.Step, error) {
				return environ.LookSecret(ctx, o, "mail", url)
			},
			look: func(ctx context.Context, o *environ.Options) (*environ.Step, error) {
				return environ.LookSecret(ctx, o, "mail", "")
			},
			next: "secret mail: version ", undo: "enishi env secret prod mail --previous",
			done: kept("DataMail"), want: unset + " after " + url + ", 2",
		},
		"told again": {
			before: func(ctx context.Context, o *environ.Options) (*environ.Step, error) {
				return environ.LookSilence(ctx, o, []string{"MailStuck"}, 2*time.Hour)
			},
			look: func(ctx context.Context, o *environ.Options) (*environ.Step, error) {
				return environ.LookSilence(ctx, o, []string{"MailStuck"}, 0)
			},
			next: "alarms MailStuck: silent until ", undo: "enishi env silence prod MailStuck --for TIME",
			done: silenced, want: "",
		},
		"silence at the edge": {
			look: func(ctx context.Context, o *environ.Options) (*environ.Step, error) {
				return environ.LookSilence(ctx, o, []string{"EdgeAway"}, 2*time.Hour)
			},
			next: "alarms EdgeAway: people are told -> silent until ", undo: "enishi env silence prod EdgeAway --end",
			done: silenced, want: "Enishi-prod-EdgeAway",
		},
		"silence": {
			look: func(ctx context.Context, o *environ.Options) (*environ.Step, error) {
				return environ.LookSilence(ctx, o, []string{"MailStuck", "AvailabilityFast"}, 2*time.Hour)
			},
			next: "alarms AvailabilityFast, MailStuck: people are told -> silent until ", undo: "enishi env silence prod AvailabilityFast MailStuck --end",
			done: silenced, want: "Enishi-prod-AvailabilityFast Enishi-prod-MailStuck",
		},
	}
	maps.Copy(out, mendingActs())
	maps.Copy(out, passwordActs())
	maps.Copy(out, archiveActs())
	maps.Copy(out, copyActs())
	maps.Copy(out, shieldActs())
	maps.Copy(out, revertingActs())
	return out
}

// TestSteps takes each step, has every request of it meet every trouble or be the last of its process, and takes it
// once more where that has ended it: it is done, once, and the audit log knows what there was at first.
func TestSteps(t *testing.T) {
	t.Parallel()
	for name, of := range acts() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requests := 0
			synctest.Test(t, func(t *testing.T) {
				a := of.begun(t)
				before := len(told(t, a))
				s, err := of.look(t.Context(), operator(a, nil))
				if err != nil {
					t.Fatal(err)
				}
				if got := s.What + ": " + s.From + " -> " + s.To; !strings.HasPrefix(got, of.next) || !strings.HasPrefix(s.Undo, of.undo) || !strings.Contains(s.Then, of.then) || !s.Real {
					t.Errorf("%q, undone by %q, then %q", got, s.Undo, s.Then)
				}
				err = environ.Take(t.Context(), operator(a, func(int, string) deploytest.Trouble { requests++; return deploytest.None }), s)
				if got := told(t, a)[before:]; err != nil || len(got) != 1 || !strings.HasPrefix(got[0], "environment.change "+of.next) || strings.Contains(got[0], "password") {
					t.Errorf("%v, told %q", err, got)
				}
				if got := of.done(a); got != of.want {
					t.Errorf("%q, want %q", got, of.want)
				}
			})
			for n := range requests {
				if !some(n, requests) {
					continue
				}
				for _, how := range append(deploytest.Troubles(), deploytest.Killed, deploytest.KilledAfter) {
					if how == deploytest.KilledAfter && n == requests-1 {
						continue // all of it was done
					}
					synctest.Test(t, func(t *testing.T) { of.cut(t, n, how) })
				}
			}
		})
	}
}

// cut has one request meet a trouble, and takes the step once more where that has ended it.
func (of act) cut(t *testing.T, n int, how deploytest.Trouble) {
	t.Helper()
	a := of.begun(t)
	before := len(told(t, a))
	s, err := of.look(t.Context(), operator(a, nil))
	if err != nil {
		t.Fatal(err)
	}
	err = environ.Take(t.Context(), operator(a, at(n, how)), s)
	want, most := []string{of.want}, 1
	if err != nil {
		most = 2 // that of the run that was cut, as far as it came
		if of.again != "" {
			want = append(want, of.again)
		}
		time.Sleep(2 * time.Minute) // until what was begun has ended
		if s, err = of.look(t.Context(), operator(a, nil)); err == nil {
			err = environ.Take(t.Context(), operator(a, nil), s)
		}
	}
	if err != nil {
		t.Errorf("request %d is %v: %v", n, how, err)
	}
	if got := of.done(a); !slices.Contains(want, got) {
		t.Errorf("request %d is %v: %q, want %q", n, how, got, want)
	}
	got := told(t, a)[before:]
	slices.Sort(got)
	got = slices.Compact(got) // a line whose answer was lost is told again, under its own name
	knows := func(one string) bool { return strings.HasPrefix(one, "environment.change "+of.next) }
	if !slices.ContainsFunc(got, knows) || len(got) > most || slices.ContainsFunc(got, func(one string) bool { return !strings.HasPrefix(one, "environment.change "+s.What+": ") }) {
		t.Errorf("request %d is %v: told %q", n, how, got)
	}
	if faults := a.Faults(); len(faults) > 0 {
		t.Errorf("request %d is %v: %q", n, how, faults)
	}
}

// TestStepsThatAreRefused says of each why, and what is allowed.
func TestStepsThatAreRefused(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		look  func(context.Context, *environ.Options) (*environ.Step, error)
		alone bool
		there func(*deploytest.Account)
		code  errs.Kind
		says  string
	}{
		"failover without a reader": {alone: true, code: errs.Conflict, says: "enishi-prod-1 (zone ap-northeast-1a, available)", look: func(ctx context.Context, o *environ.Options) (*environ.Step, error) {
			return environ.LookFailover(ctx, o, "")
		}},
		"failover to nobody": {code: errs.Invalid, says: "enishi-prod-2 (zone ap-northeast-1b, available)", look: func(ctx context.Context, o *environ.Options) (*environ.Step, error) {
			return environ.LookFailover(ctx, o, "enishi-prod-9")
		}},
		"failover to the writer": {code: errs.Conflict, says: "writes already", look: func(ctx context.Context, o *environ.Options) (*environ.Step, error) {
			return environ.LookFailover(ctx, o, "enishi-prod-1")
		}},
		"failover of one node": {alone: true, code: errs.Conflict, says: "one node alone (cache-001)", look: environ.LookCacheFailover},
		"restart of nothing": {code: errs.Invalid, says: "enishi-prod-1, enishi-prod-2, enishi-prod-3", look: func(ctx context.Context, o *environ.Options) (*environ.Step, error) {
			return environ.LookRestart(ctx, o, "enishi-prod-9")
		}},
		"no such secret": {code: errs.Invalid, says: "mail, webhooks or cache", look: func(ctx context.Context, o *environ.Options) (*environ.Step, error) {
			return environ.LookSecret(ctx, o, "Mail", url)
		}},
		"no URL of a mail server": {code: errs.Invalid, says: "smtp://USER:PASSWORD@HOST:PORT", look: func(ctx context.Context, o *environ.Options) (*environ.Step, error) {
			return environ.LookSecret(ctx, o, "mail", "https://mail.example.jp")
		}},
		"no webhooks": {code: errs.Invalid, says: `"slack"`, look: func(ctx context.Context, o *environ.Options) (*environ.Step, error) {
			return environ.LookSecret(ctx, o, "webhooks", `{"slack": "http://hooks.example.com"}`)
		}},
		"nothing was before": {code: errs.NotFound, says: "nothing was in the secret before", look: func(ctx context.Context, o *environ.Options) (*environ.Step, error) {
			return environ.LookSecret(ctx, o, "mail", "")
		}},
		"no such alarm": {code: errs.Invalid, says: "AvailabilityFast, AvailabilitySlow, EdgeAway, MailStuck", look: func(ctx context.Context, o *environ.Options) (*environ.Step, error) {
			return environ.LookSilence(ctx, o, []string{"AvailabilityFastLong"}, time.Hour)
		}},
		"for a minute and a half": {code: errs.Invalid, says: "whole minutes", look: func(ctx context.Context, o *environ.Options) (*environ.Step, error) {
			return environ.LookSilence(ctx, o, []string{"MailStuck"}, 90*time.Second)
		}},
		"for too long": {code: errs.Invalid, says: "to 15 days", look: func(ctx context.Context, o *environ.Options) (*environ.Step, error) {
			return environ.LookSilence(ctx, o, []string{"MailStuck"}, 361*time.Hour)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := deploytest.Whole("prod")
			if tt.alone {
				a.Alone()
			}
			if tt.there != nil {
				tt.there(a)
			}
			s, err := tt.look(t.Context(), operator(a, nil))
			if !errs.Is(err, tt.code) || !strings.Contains(fmt.Sprint(err), tt.says) || strings.Contains(fmt.Sprint(err), "hooks.example") {
				t.Errorf("%+v, %v", s, err)
			}
		})
	}
}

// TestStepsAreTakenBack puts a secret's value from before back, and has alarms tell people again.
func TestStepsAreTakenBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := deploytest.Whole("prod")
		take := func(look func(o *environ.Options) (*environ.Step, error)) *environ.Step {
			t.Helper()
			s, err := look(operator(a, nil))
			if err == nil {
				err = environ.Take(t.Context(), operator(a, nil), s)
			}
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		put := take(func(o *environ.Options) (*environ.Step, error) {
			return environ.LookSecret(t.Context(), o, "mail", url)
		})
		back := take(func(o *environ.Options) (*environ.Step, error) { return environ.LookSecret(t.Context(), o, "mail", "") })
		if value, _, n := a.Kept("DataMail"); value == url || n != 2 || back.From != put.To || back.To != put.From {
			t.Errorf("after %+v and %+v %q is in force, of %d", put, back, value, n)
		}
		names := []string{"AvailabilityFast", "MailStuck"}
		quiet := take(func(o *environ.Options) (*environ.Step, error) {
			return environ.LookSilence(t.Context(), o, names, time.Hour)
		})
		if got := a.Silenced(); len(got) != 2 {
			t.Errorf("silenced are %v", got)
		}
		loud := take(func(o *environ.Options) (*environ.Step, error) { return environ.LookSilence(t.Context(), o, names, 0) })
		if got := a.Silenced(); len(got) != 0 || loud.From != quiet.To || loud.To != quiet.From {
			t.Errorf("silenced are %v, after %+v", got, loud)
		}
		take(func(o *environ.Options) (*environ.Step, error) {
			return environ.LookSilence(t.Context(), o, names[:1], time.Hour)
		})
		half, err := environ.LookSilence(t.Context(), operator(a, nil), names, 0)
		if err != nil || !strings.HasPrefix(half.From, "silent until ") || !strings.HasSuffix(half.From, ", people are told") {
			t.Errorf("of two, one silenced: %+v, %v", half, err)
		}
		time.Sleep(2 * time.Hour)
		if s, err := environ.LookSilence(t.Context(), operator(a, nil), names, time.Hour); err != nil || s.From != "people are told" {
			t.Errorf("a silence that has ended: %+v, %v", s, err)
		}
	})
}

// TestALaterFailover does what is asked though the audit log was never told of the one before, and tells of both.
func TestALaterFailover(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := deploytest.Whole("prod")
		fails := true
		a.Exit = func(string) (int32, time.Duration) {
			if fails {
				return 1, 5 * time.Second
			}
			return 0, 5 * time.Second
		}
		over := func() error {
			s, err := environ.LookFailover(t.Context(), operator(a, nil), "")
			if err == nil {
				err = environ.Take(t.Context(), operator(a, nil), s)
			}
			return err
		}
		if err := over(); err == nil || !strings.Contains(err.Error(), "the audit log was not told") {
			t.Fatalf("the first: %v", err)
		}
		fails = false
		time.Sleep(time.Hour)
		if err := over(); err != nil {
			t.Fatalf("an hour later: %v", err)
		}
		database, _, moved := a.First()
		if got := told(t, a); database != "enishi-prod-1" || moved != 2 || len(got) != 3 || !strings.HasSuffix(got[2], "2 -> the writer is enishi-prod-1") {
			t.Errorf("%s writes, after %d; told %q", database, moved, got)
		}
	})
}

// TestARestartAfterAnotherChange waits until an instance is changed, and restarts it then.
func TestARestartAfterAnotherChange(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := deploytest.Whole("prod")
		a.Changing = "modifying"
		s, err := environ.LookRestart(t.Context(), operator(a, nil), "enishi-prod-2")
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error)
		go func() { done <- environ.Take(t.Context(), operator(a, nil), s) }()
		time.Sleep(3*time.Minute + time.Second)
		other := &environ.Options{Environment: "prod", AWS: a.Config(nil), By: "taro", Why: "the same"}
		if err := environ.Take(t.Context(), other, s); !errs.Is(err, errs.Conflict) {
			t.Errorf("beside one that has waited for three minutes: %v", err)
		}
		a.Changed()
		if err := <-done; err != nil || len(a.Restarted()) != 1 {
			t.Errorf("%v, restarted %q", err, a.Restarted())
		}
	})
}

// TestTwoFailOver lets one alone do it, and once.
func TestTwoFailOver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := deploytest.Whole("prod")
		s, err := environ.LookFailover(t.Context(), operator(a, nil), "")
		if err != nil {
			t.Fatal(err)
		}
		other := make(chan error)
		go func() {
			other <- environ.Take(t.Context(), &environ.Options{Environment: "prod", AWS: a.Config(nil), By: "taro", Why: "the same"}, s)
		}()
		time.Sleep(3 * time.Second)
		if err := environ.Take(t.Context(), operator(a, nil), s); !errs.Is(err, errs.Conflict) {
			t.Errorf("beside another: %v", err)
		}
		if err := <-other; err != nil {
			t.Errorf("the first: %v", err)
		}
		if database, _, moved := a.First(); database != "enishi-prod-2" || moved != 1 {
			t.Errorf("%s writes, after %d", database, moved)
		}
	})
}
