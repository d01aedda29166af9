package market_test

import (
	"testing"

	"enishi/internal/condition"
	"enishi/internal/errs"
	"enishi/internal/market"
)

// why gives why a person's newest offer came: what was asked and whether it still
// holds, and the wishes that fail.
func (w *world) why(p person) (asked map[string]bool, known bool, failed []string) {
	w.Helper()
	a := w.actor(p.token)
	list, _, err := w.OffersTo(w.Context(), a, 0, 1)
	if err != nil || len(list) != 1 {
		w.Fatalf("offers: %v, %v", list, err)
	}
	out, err := w.Reasons(w.Context(), a, list...)
	if err != nil || len(out) != 1 {
		w.Fatalf("reasons: %v, %v", out, err)
	}
	asked = map[string]bool{}
	for _, r := range out[0].Asked {
		asked[r.Asked.Sentence(condition.Profiles, "en")] = r.Holds
	}
	for _, r := range out[0].Failed {
		failed = append(failed, r.Asked.Sentence(condition.Positions, "en"))
	}
	return asked, out[0].Known, failed
}

// TestWhyOffersCame sends by a rule that is edited, and whose candidate edits their profile.
func TestWhyOffersCame(t *testing.T) {
	t.Parallel()
	onStores(t, demo(), func(w *world) {
		f := w.firm(1, 0)
		in := plain()
		in.Must = all(atLeast("pay", 400), is("remote_ok", true))
		r := w.order(f, w.post(f, publishable()), in)
		able := func(in *market.SignUp) { in.Profile.Pay, in.Profile.RemoteOK = ptr(500), ptr(true) }
		early := w.someone(1, able)
		verify := func(when string, p person, want map[string]bool) {
			w.Helper()
			asked, known, failed := w.why(p)
			if d := diff(want, asked); d != "" || !known || failed != nil {
				w.Errorf("%s: known %v, failed %v, asked (-want +got):\n%s", when, known, failed, d)
			}
		}
		before := map[string]bool{in.Must.Kids[0].Sentence(condition.Profiles, "en"): true, in.Must.Kids[1].Sentence(condition.Profiles, "en"): true}
		verify("as sent", early, before)
		w.setRule(f, r, func(in *market.RuleInput) { in.Must = atLeast("pay", 450) })
		late := w.someone(2, able)
		verify("after the rule has changed", early, before)
		verify("by the changed rule", late, map[string]bool{atLeast("pay", 450).Sentence(condition.Profiles, "en"): true})
		if _, err := w.Pause(t.Context(), w.actor(f.token), r.ID); err != nil {
			t.Fatal(err)
		}
		verify("by a rule that is paused since", late, map[string]bool{atLeast("pay", 450).Sentence(condition.Profiles, "en"): true})
		a := w.actor(early.token)
		c, err := w.Candidate(t.Context(), a)
		if err == nil {
			c.Profile.RemoteOK = ptr(false)
			_, err = w.SetProfile(t.Context(), a, c.Version, c.Profile)
		}
		if err != nil {
			t.Fatal(err)
		}
		before[in.Must.Kids[1].Sentence(condition.Profiles, "en")] = false
		verify("after the profile has changed", early, before)

		list, _, err := w.OffersTo(t.Context(), a, 0, 1)
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.Reasons(t.Context(), w.actor(late.token), list...)
		wantKind(t, "another's offer", err, errs.NotFound)
	})
}

// TestWhyScoutsCame expects the wishes that a scout fails, for its candidate alone.
func TestWhyScoutsCame(t *testing.T) {
	t.Parallel()
	onStores(t, demo(), func(w *world) {
		f := w.firm(1, 0)
		at := w.post(f, pays(500, 700))
		who := w.someone(1, func(in *market.SignUp) { in.Wishes = all(atLeast("pay_min", 600), atLeast("pay_max", 600)) })
		if _, why := w.scoutOne(f, at, who.id); why != nil {
			t.Fatal(why)
		}
		asked, known, failed := w.why(who)
		if want := []string{atLeast("pay_min", 600).Sentence(condition.Positions, "en")}; len(asked) > 0 || known || diff(want, failed) != "" {
			t.Errorf("asked %v, known %v, failed %v, want %v", asked, known, failed, want)
		}
	})
}
