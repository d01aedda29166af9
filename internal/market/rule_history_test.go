package market_test

import (
	"testing"
	"time"

	"enishi/internal/account"
	"enishi/internal/company"
	"enishi/internal/day"
	"enishi/internal/errs"
	"enishi/internal/market"
)

// A rule's history has what members did to it and what else stopped it, and nothing that
// was done to another or before it was made.
func TestRuleHistory(t *testing.T) {
	t.Parallel()
	onStores(t, market.Options{Mode: market.Approve, Demo: true}, func(w *world) {
		ctx := w.Context()
		f, other := w.firm(1, 0), w.firm(2, 0)
		owner := w.actor(f.token)
		p := w.post(f, publishable())
		w.order(f, p, plain())
		w.pass(time.Minute)
		in := plain()
		in.Position, in.Expires = p.ID, day.Of(w.Now())+5
		made := func(r market.Ruled, err error) market.Ruled {
			w.Helper()
			if err != nil {
				w.Fatal(err)
			}
			return r
		}
		r := made(w.AddRule(ctx, owner, in, market.Once{}))
		recruiter := w.actor(w.join(owner, "hito@example.jp", account.Recruiter))
		in.DailyBudget = 7
		made(w.SetRule(ctx, recruiter, r.ID, r.Version, in))
		activate := func() {
			w.Helper()
			if _, _, err := w.Activate(ctx, owner, r.ID); err != nil {
				w.Fatal(err)
			}
		}
		activate()
		made(w.Pause(ctx, recruiter, r.ID))
		activate()
		w.someone(1)
		w.drain()
		if done, err := w.ConfirmProposals(ctx, recruiter, r.ID); err != nil || done.Sent != 1 {
			w.Fatalf("confirmed %+v, %v", done, err)
		}
		for _, s := range []company.Status{company.Suspended, company.Verified} {
			w.pass(time.Minute)
			if _, err := w.SetStatus(ctx, operator(), f.id, s); err != nil {
				w.Fatal(err)
			}
		}
		w.nextDay(6)
		if _, err := w.Close(ctx, owner, p.ID); err != nil {
			w.Fatal(err)
		}
		viewer := w.actor(w.join(owner, "yomu@example.jp", account.Viewer))
		list, more, err := w.RuleHistory(ctx, viewer, r.ID, 20)
		if err != nil || more {
			w.Fatalf("RuleHistory: %v, %v", more, err)
		}
		var got []market.Audited
		for i := range list {
			got = append(got, list[i].What)
		}
		want := []market.Audited{
			market.AuditClose, market.AuditExpireRule, market.AuditVerify, market.AuditSuspend, market.AuditBatch, market.AuditActivate,
			market.AuditPause, market.AuditActivate, market.AuditEditRule, market.AuditMakeRule,
		}
		if diff := diff(want, got); diff != "" {
			w.Fatalf("RuleHistory (-want +got):\n%s", diff)
		}
		if e := list[8]; e.Account != recruiter.Account || e.Title != p.Terms.Title || e.About != r.ID.String() {
			w.Errorf("the change is %+v", e)
		}
		if e := list[1]; e.Account != 0 {
			w.Errorf("the rule was ended by account %d, want nobody", e.Account)
		}
		if list, more, err = w.RuleHistory(ctx, owner, r.ID, 3); err != nil || !more || len(list) != 3 || list[2].What != market.AuditVerify {
			w.Errorf("the newest 3: %+v, %v, %v", list, more, err)
		}
		_, _, err = w.RuleHistory(ctx, w.actor(other.token), r.ID, 20)
		if !errs.Is(err, errs.NotFound) {
			w.Errorf("another company reads: %v, want NotFound", err)
		}
	})
}
