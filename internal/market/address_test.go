package market_test

import (
	"testing"
	"time"

	"enishi/internal/account"
	"enishi/internal/errs"
	"enishi/internal/market"
)

// TestTheCodeIsSentAgain expects the newest code alone to be good, and no more mails in
// a day than are bearable for a stranger whose address it may be.
func TestTheCodeIsSentAgain(t *testing.T) {
	t.Parallel()
	for name, open := range stores() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := demo()
			o.Demo = false
			w := newWorld(t, open(t), o)
			p := w.someone(1)
			me := w.actor(p.token)
			for range 4 { // the first came with the registration
				if err := w.SendCode(t.Context(), me); err != nil {
					t.Fatal(err)
				}
			}
			wantKind(t, "a sixth mail", w.SendCode(t.Context(), me), errs.TooMany)
			wantKind(t, "a sixth mail to another address", w.MendAddress(t.Context(), me, "other@example.jp"), errs.TooMany)
			before := w.mailed()
			if err := w.Forget(t.Context(), p.email); err != nil || w.mailed() != before {
				t.Errorf("Forget = %v after %d mails, %d before", err, w.mailed(), before)
			}
			wantKind(t, "the first code", w.Confirm(t.Context(), me, p.code), errs.Invalid)
			w.pass(24 * time.Hour)
			if err := w.SendCode(t.Context(), me); err != nil {
				t.Fatal(err)
			}
			if err := w.Confirm(t.Context(), me, w.codeIn(p.email)); err != nil {
				t.Fatal(err)
			}
			before = w.mailed()
			if err := w.SendCode(t.Context(), w.actor(p.token)); err != nil || w.mailed() != before {
				t.Errorf("SendCode of a confirmed address = %v, mails %d, before %d", err, w.mailed(), before)
			}
			wantKind(t, "another address once confirmed", w.MendAddress(t.Context(), w.actor(p.token), "other@example.jp"), errs.Conflict)
		})
	}
}

// TestAnAddressIsMended expects the account to be of the new address, whose owner alone
// confirms it, and nobody to learn who else has it.
func TestAnAddressIsMended(t *testing.T) {
	t.Parallel()
	for name, open := range stores() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := demo()
			o.Demo = false
			w := newWorld(t, open(t), o)
			taken := w.someone(2)
			if err := w.Confirm(t.Context(), w.actor(taken.token), taken.code); err != nil {
				t.Fatal(err)
			}
			p := w.someone(1, withPassword)
			me := w.actor(p.token)
			wantKind(t, "what is no address", w.MendAddress(t.Context(), me, "x"), errs.Invalid)
			if err := w.MendAddress(t.Context(), me, taken.email); err != nil {
				t.Errorf("an address that is taken: %v, which tells that it is", err)
			}
			wantKind(t, "to confirm what another has confirmed", w.Confirm(t.Context(), me, w.codeIn(taken.email)), errs.Conflict)
			if err := w.MendAddress(t.Context(), me, "Right@example.jp"); err != nil {
				t.Fatal(err)
			}
			if w.signsIn(p.email, oldPassword, account.Candidate) || !w.signsIn("right@example.jp", oldPassword, account.Candidate) {
				t.Error("one signs in with the address before")
			}
			wantKind(t, "the code of the address before", w.Confirm(t.Context(), me, p.code), errs.Invalid)
			if err := w.Confirm(t.Context(), me, w.codeIn("right@example.jp")); err != nil {
				t.Fatal(err)
			}
			self, err := w.Self(t.Context(), w.actor(p.token))
			if err != nil || self.Email != "right@example.jp" || !self.Confirmed {
				t.Errorf("Self = %+v, %v", self, err)
			}
			list, _, err := w.Audit(t.Context(), market.Actor{Kind: account.Operator}, market.EntryFilter{What: market.AuditAddress}, 0, 9)
			if err != nil || len(list) != 2 {
				t.Errorf("%d entries of mended addresses, %v; want 2", len(list), err)
			}
		})
	}
}
