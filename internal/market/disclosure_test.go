package market_test

import (
	"testing"

	"enishi/internal/company"
	"enishi/internal/errs"
	"enishi/internal/market"
	"enishi/internal/offer"
)

// What refuses a company's step says no more than the offer that it sees: a
// blocked offer is refused like an expired one, one that was declined a moment
// ago like one that was seen.
func TestRefusedStepsTellNothing(t *testing.T) {
	t.Parallel()
	steps := []offer.Action{offer.Schedule, offer.Hold, offer.Hire, offer.Reject, offer.Withdraw}
	onStores(t, demo(), func(w *world) {
		f := w.firm(1, 0)
		w.order(f, w.post(f, publishable()), plain())
		expires, seen := w.someone(1), w.someone(2)
		w.drain()
		refusal := func(p person, a offer.Action) string {
			w.Helper()
			_, err := w.Proceed(w.Context(), w.actor(f.token), w.first(p).ID, a)
			if !errs.Is(err, errs.Conflict) {
				w.Fatalf("%s = %v, want Conflict", a, err)
			}
			return err.Error()
		}
		if _, err := w.OfferTo(w.Context(), w.actor(seen.token), w.first(seen).ID); err != nil {
			w.Fatal(err)
		}
		whenSeen := map[offer.Action]string{}
		for _, a := range steps {
			whenSeen[a] = refusal(seen, a)
		}
		w.nextDay(15)
		whenExpired := map[offer.Action]string{}
		for _, a := range steps {
			whenExpired[a] = refusal(expires, a)
		}

		blocks, erased, declines := w.someone(3), w.someone(4), w.someone(5)
		w.drain()
		gone := w.first(erased).ID
		w.answer(declines, w.first(declines), offer.Decline, nil)
		w.block(blocks, f.number)
		if err := w.Erase(w.Context(), w.actor(erased.token)); err != nil {
			w.Fatal(err)
		}
		w.drain()
		for _, a := range steps {
			if got := refusal(declines, a); got != whenSeen[a] {
				w.Errorf("%s of an offer declined a moment ago: %q, of a seen one: %q", a, got, whenSeen[a])
			}
			if got := refusal(blocks, a); got != whenExpired[a] {
				w.Errorf("%s of a blocked offer: %q, of an expired one: %q", a, got, whenExpired[a])
			}
			if _, err := w.Proceed(w.Context(), w.actor(f.token), gone, a); err == nil || err.Error() != whenExpired[a] {
				w.Errorf("%s of an erased person's offer: %v, of an expired one: %q", a, err, whenExpired[a])
			}
		}
	})
}

// Who has accepted is known by name, also while closed; nobody else is, and no
// list shows a history.
func TestAcceptanceOpensTheCard(t *testing.T) {
	t.Parallel()
	onStores(t, demo(), func(w *world) {
		f, other := w.firm(1, 0), w.firm(2, 0)
		w.order(f, w.post(f, publishable()), plain())
		p := w.someone(1, func(in *market.SignUp) {
			in.Profile.Name, in.Profile.Text = "縁 花子", "縁花子です。自由記入"
			in.Profile.BirthMonth = ptr(w.Today().Month() - 30*12)
			in.Profile.History = append(in.Profile.History, jobAt(numbered(7), w.Today().Month()-12))
		})
		w.drain()
		open := func(f firm) (market.Card, error) {
			w.Helper()
			found, err := w.Search(w.Context(), w.actor(f.token), market.SearchInput{Condition: all(), Limit: 10})
			if err != nil {
				w.Fatal(err)
			}
			for _, c := range found.Items {
				if c.Profile.History != nil || c.Profile.Name != "" {
					w.Errorf("a listed card shows %+v", c.Profile)
				}
			}
			o, err := w.OfferTo(w.Context(), w.actor(p.token), w.first(p).ID)
			if err != nil {
				w.Fatal(err)
			}
			seen, err := w.OfferBy(w.Context(), w.actor(f.token), o.ID)
			if err == nil {
				return w.OpenCard(w.Context(), w.actor(f.token), seen.Card)
			}
			return w.OpenCard(w.Context(), w.actor(f.token), found.Items[0].ID)
		}
		if c, err := open(f); err != nil || c.Profile.Name != "" || c.Profile.Text != "■です。自由記入" || c.Profile.History[0].Employer.Number != nil {
			w.Errorf("before acceptance the card shows %+v, %v", c.Profile, err)
		}
		w.answer(p, w.first(p), offer.Accept, nil)
		if c, err := open(f); err != nil || c.Profile.Name != "縁 花子" || c.Profile.Text != "縁花子です。自由記入" ||
			c.Profile.History[0].Employer.Number == nil || c.Profile.BirthMonth != nil {
			w.Errorf("after acceptance the card shows %+v, %v; want all but the month of birth", c.Profile, err)
		}
		if c, err := open(other); err != nil || c.Profile.Name != "" {
			w.Errorf("to another company the card shows %+v, %v", c.Profile, err)
		}
		a := w.actor(p.token)
		c, err := w.Candidate(w.Context(), a)
		if err != nil {
			w.Fatal(err)
		}
		if _, err := w.SetSettings(w.Context(), a, c.Version, market.Settings{WeeklyLimit: 10, Language: "ja"}); err != nil {
			w.Fatal(err)
		}
		if c, err := open(f); err != nil || c.Profile.Name == "" {
			w.Errorf("closed after acceptance the card shows %+v, %v", c.Profile, err)
		}
		w.answer(p, w.first(p), offer.Withdraw, nil)
		if _, err := open(f); !errs.Is(err, errs.NotFound) {
			w.Errorf("closed and withdrawn the card opens: %v", err)
		}
	})
}

// A company that may not look is refused alike whether somebody exists, has
// blocked it or is gone.
func TestRefusalsOfCardsAreAlike(t *testing.T) {
	t.Parallel()
	onStores(t, demo(), func(w *world) {
		f := w.firm(1, 0)
		there, blocks, gone := w.someone(1), w.someone(2), w.someone(3)
		cards, err := w.vault.Cards(f.id)
		if err != nil {
			w.Fatal(err)
		}
		w.block(blocks, f.number)
		if err := w.Erase(w.Context(), w.actor(gone.token)); err != nil {
			w.Fatal(err)
		}
		if _, err := w.SetStatus(w.Context(), operator(), f.id, company.Suspended); err != nil {
			w.Fatal(err)
		}
		for name, p := range map[string]person{"there": there, "blocking": blocks, "erased": gone} {
			if _, err := w.OpenCard(w.Context(), w.actor(f.token), cards.Of(p.id)); !errs.Is(err, errs.Denied) {
				w.Errorf("the card of one who is %s: %v, want Denied", name, err)
			}
		}
	})
}

// Naming a group's head binds nobody until an operator has looked at it.
func TestClaimsBindNobody(t *testing.T) {
	t.Parallel()
	onStores(t, market.Options{Mode: market.Auto}, func(w *world) {
		f := w.firm(1, 0)
		w.order(f, w.post(f, publishable()), plain())
		works := func(i int) person {
			w.Helper()
			p := w.someone(i, func(in *market.SignUp) { in.Employers = append(in.Employers, employed(numbered(2))) })
			if err := w.Confirm(w.Context(), w.actor(p.token), p.code); err != nil {
				w.Fatal(err)
			}
			w.drain()
			return p
		}
		before := works(1)
		claim := func(i int) market.Founded {
			w.Helper()
			k, err := w.Found(w.Context(), market.Found{
				Number: numbered(i), Head: f.number, Name: "名乗り", Size: 2, Email: "claim@example.jp",
			}, market.Once{})
			if err != nil {
				w.Fatal(err)
			}
			return k
		}
		k := claim(2)
		w.drain()
		w.wantStates(before, offer.Sent)
		w.wantStates(works(2), offer.Sent)

		if _, err := w.SetStatus(w.Context(), operator(), k.ID, company.Verified); err != nil {
			w.Fatal(err)
		}
		w.drain()
		w.wantStates(before, offer.Withdrawn)
		w.wantStates(works(3))

		refused := claim(4)
		if _, err := w.SetStatus(w.Context(), operator(), refused.ID, company.Suspended); err != nil {
			w.Fatal(err)
		}
		at := w.someone(5, func(in *market.SignUp) { in.Employers = append(in.Employers, employed(numbered(4))) })
		w.drain()
		w.wantStates(at, offer.Reserved)
	})
}
