package market_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"enishi/internal/account"
	"enishi/internal/errs"
	"enishi/internal/market"
)

// linkIn gives the code at the end of the link of the newest mail to an address
// that holds a path.
func (w *world) linkIn(to, path string) string {
	w.Helper()
	mails, err := w.Mails(w.Context(), 100)
	if err != nil {
		w.Fatalf("read the mails: %v", err)
	}
	for _, m := range mails {
		if _, rest, ok := strings.Cut(m.Body, path); ok && m.To == to {
			return strings.Fields(rest)[0]
		}
	}
	w.Fatalf("no mail to %s has a link to %s", to, path)
	return ""
}

// codeIn gives the confirmation code of the newest mail to an address that has one.
func (w *world) codeIn(to string) string {
	w.Helper()
	const label = "確認コード: "
	mails, err := w.Mails(w.Context(), 100)
	if err != nil {
		w.Fatalf("read the mails: %v", err)
	}
	for _, m := range mails {
		if _, code, ok := strings.Cut(m.Body, label); ok && m.To == to {
			return strings.TrimSpace(code)
		}
	}
	w.Fatalf("no mail to %s has a code", to)
	return ""
}

// signsIn says whether a password opens an account of a kind.
func (w *world) signsIn(email, password string, of account.Kind) bool {
	w.Helper()
	_, err := w.SignIn(w.Context(), email, password, of)
	if err != nil && !errs.Is(err, errs.Unauthenticated) {
		w.Fatalf("sign in: %v", err)
	}
	return err == nil
}

func (w *world) known(token string) bool {
	w.Helper()
	_, err := w.Authenticate(w.Context(), token)
	if err != nil && !errs.Is(err, errs.Unauthenticated) {
		w.Fatalf("authenticate: %v", err)
	}
	return err == nil
}

func wantKind(t testing.TB, what string, err error, kind errs.Kind) {
	t.Helper()
	if !errs.Is(err, kind) {
		t.Errorf("%s = %v, want an error of kind %v", what, err, kind)
	}
}

const (
	oldPassword = "furui-aikotoba-1"
	newPassword = "atarashii-aikotoba-2"
)

// withPassword signs somebody up with oldPassword.
func withPassword(in *market.SignUp) { in.Password = oldPassword }

func TestResetOfAPassword(t *testing.T) {
	t.Parallel()
	for name, open := range stores() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, open(t), demo())
			p := w.someone(1, withPassword)
			if err := w.Forget(t.Context(), "S1@example.jp"); err != nil {
				t.Fatal(err)
			}
			code := w.linkIn(p.email, "/reset?code=")
			_, err := w.ResetPassword(t.Context(), code, "short")
			wantKind(t, "a short password", err, errs.Invalid)
			_, err = w.ResetPassword(t.Context(), code+"x", newPassword)
			wantKind(t, "another code", err, errs.Invalid)
			if !w.known(p.token) || !w.signsIn(p.email, oldPassword, account.Candidate) {
				t.Fatal("asking changed something")
			}
			kind, err := w.ResetPassword(t.Context(), code, newPassword)
			if err != nil || kind != account.Candidate {
				t.Fatalf("ResetPassword = %q, %v", kind, err)
			}
			if w.known(p.token) {
				t.Error("a session outlives the password")
			}
			if w.signsIn(p.email, oldPassword, account.Candidate) || !w.signsIn(p.email, newPassword, account.Candidate) {
				t.Error("the password is not the new one")
			}
			_, err = w.ResetPassword(t.Context(), code, oldPassword)
			wantKind(t, "a code for the second time", err, errs.Invalid)
		})
	}
}

// A code lasts an hour, and no more than three of an account wait: whoever asks
// again and again fills nobody's postbox.
func TestResetsLapseAndAreFew(t *testing.T) {
	t.Parallel()
	w := newWorld(t, market.NewMemory(), demo())
	p := w.someone(1, withPassword)
	before := w.mailed()
	for range 5 {
		if err := w.Forget(t.Context(), p.email); err != nil {
			t.Fatal(err)
		}
	}
	if n := w.mailed() - before; n != account.MostResets {
		t.Errorf("%d mails, want %d", n, account.MostResets)
	}
	code := w.linkIn(p.email, "/reset?code=")
	w.pass(time.Hour)
	_, err := w.ResetPassword(t.Context(), code, newPassword)
	wantKind(t, "a code after an hour", err, errs.Invalid)
	if err := w.Forget(t.Context(), p.email); err != nil {
		t.Fatal(err)
	}
	if w.linkIn(p.email, "/reset?code=") == code {
		t.Error("no new code came after the others had lapsed")
	}
}

// Nobody learns who is registered, and only a confirmed address gets a way in:
// others may have signed up with it.
func TestResetTellsNobodyAnything(t *testing.T) {
	t.Parallel()
	o := demo()
	o.Demo = false
	w := newWorld(t, market.NewMemory(), o)
	p := w.someone(1, withPassword) // not confirmed
	before := w.mailed()
	for _, email := range []string{p.email, "nobody@example.jp"} {
		if err := w.Forget(t.Context(), email); err != nil {
			t.Errorf("Forget(%s) = %v, want no error for anybody", email, err)
		}
	}
	if n := w.mailed() - before; n != 1 {
		t.Errorf("%d mails, want one that says how to go on", n)
	}
	mails, err := w.Mails(t.Context(), 1)
	if err != nil || mails[0].To != p.email || strings.Contains(mails[0].Body, "code=") || !strings.Contains(mails[0].Body, "/confirm") {
		t.Errorf("the mail to who has not confirmed: %+v, %v", mails, err)
	}
	wantKind(t, "what is no address", w.Forget(t.Context(), "x"), errs.Invalid)
	if err := w.Confirm(t.Context(), w.actor(p.token), p.code); err != nil {
		t.Fatal(err)
	}
	other := w.someone(1, withPassword) // somebody else, who cannot confirm it
	if err := w.Forget(t.Context(), p.email); err != nil {
		t.Fatal(err)
	}
	if _, err := w.ResetPassword(t.Context(), w.linkIn(p.email, "/reset?code="), newPassword); err != nil {
		t.Fatal(err)
	}
	if w.known(p.token) || !w.known(other.token) {
		t.Error("the reset was of another account than the confirmed one")
	}
}

func TestChangingAPassword(t *testing.T) {
	t.Parallel()
	w := newWorld(t, market.NewMemory(), demo())
	p := w.someone(1, withPassword)
	second, err := w.SignIn(t.Context(), p.email, oldPassword, account.Candidate)
	if err != nil {
		t.Fatal(err)
	}
	here := market.InSession(t.Context(), p.token)
	wantKind(t, "a wrong password", w.ChangePassword(here, w.actor(p.token), "x", newPassword), errs.Invalid)
	if err := w.ChangePassword(here, w.actor(p.token), oldPassword, newPassword); err != nil {
		t.Fatal(err)
	}
	if !w.known(p.token) || w.known(second) {
		t.Error("every session but the one that asked is to end")
	}
	if w.signsIn(p.email, oldPassword, account.Candidate) || !w.signsIn(p.email, newPassword, account.Candidate) {
		t.Error("the password is not the new one")
	}
	for range 4 {
		wantKind(t, "a wrong password", w.ChangePassword(here, w.actor(p.token), "x", newPassword), errs.Invalid)
	}
	wantKind(t, "the sixth", w.ChangePassword(here, w.actor(p.token), newPassword, oldPassword), errs.TooMany)
	bare := w.someone(2) // signed up without one
	if err := w.ChangePassword(t.Context(), w.actor(bare.token), "", newPassword); err != nil {
		t.Errorf("the first password: %v", err)
	}
}

func TestSigningOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t, market.NewMemory(), demo())
	p := w.someone(1, withPassword)
	second, err := w.SignIn(t.Context(), p.email, oldPassword, account.Candidate)
	if err != nil {
		t.Fatal(err)
	}
	third, err := w.SignIn(t.Context(), p.email, oldPassword, account.Candidate)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := w.SignOut(t.Context(), second); err != nil {
			t.Fatal(err)
		}
	}
	if w.known(second) || !w.known(p.token) || !w.known(third) {
		t.Error("one session is to end")
	}
	if err := w.SignOutEverywhere(t.Context(), w.actor(third)); err != nil {
		t.Fatal(err)
	}
	if w.known(p.token) || w.known(third) {
		t.Error("every session is to end")
	}
}

func TestChoosingALanguage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, market.NewMemory(), demo())
	for _, token := range []string{w.someone(1).token, w.firm(1, 0).token} {
		if err := w.SetLanguage(t.Context(), w.actor(token), "en"); err != nil {
			t.Fatal(err)
		}
		self, err := w.Self(t.Context(), w.actor(token))
		if err != nil || self.Language != "en" {
			t.Errorf("Self = %+v, %v, want English", self, err)
		}
		wantKind(t, "another language", w.SetLanguage(t.Context(), w.actor(token), "fr"), errs.Invalid)
	}
	w.drain()
}

// join invites an address and accepts.
func (w *world) join(owner market.Actor, email string, role account.Role) string {
	w.Helper()
	if _, err := w.Invite(w.Context(), owner, email, role, market.Once{}); err != nil {
		w.Fatalf("invite: %v", err)
	}
	token, err := w.Join(w.Context(), w.linkIn(email, "/invitations?code="), newPassword)
	if err != nil {
		w.Fatalf("join: %v", err)
	}
	return token
}

func TestInvitations(t *testing.T) {
	t.Parallel()
	for name, open := range stores() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, open(t), demo())
			f := w.firm(1, 0)
			owner := w.actor(f.token)
			const email = "hito@example.jp"
			i, err := w.Invite(t.Context(), owner, email, account.Recruiter, market.Once{Scope: "x", Key: "1"})
			if err != nil || i.Email != email || i.Lapsed {
				t.Fatalf("Invite = %+v, %v", i, err)
			}
			again, err := w.Invite(t.Context(), owner, email, account.Recruiter, market.Once{Scope: "x", Key: "1"})
			if err != nil || again.ID != i.ID || again.Email != email {
				t.Fatalf("a repeat = %+v, %v", again, err)
			}
			_, err = w.Invite(t.Context(), owner, email, account.Viewer, market.Once{})
			wantKind(t, "an address that is invited", err, errs.Invalid)
			first := w.linkIn(email, "/invitations?code=")
			if _, err := w.Reinvite(t.Context(), owner, i.ID); err != nil {
				t.Fatal(err)
			}
			_, err = w.Join(t.Context(), first, newPassword)
			wantKind(t, "the link before", err, errs.NotFound)
			shown, err := w.Invitation(t.Context(), w.linkIn(email, "/invitations?code="))
			if err != nil || shown != (market.Invitation{Company: "会社1", Email: email, Role: account.Recruiter}) {
				t.Errorf("Invitation = %+v, %v", shown, err)
			}
			token, err := w.Join(t.Context(), w.linkIn(email, "/invitations?code="), newPassword)
			if err != nil {
				t.Fatal(err)
			}
			if a := w.actor(token); a.Role != account.Recruiter || a.Company != owner.Company || !a.Confirmed {
				t.Errorf("who joined is %+v", a)
			}
			if !w.signsIn(email, newPassword, account.Member) {
				t.Error("who joined cannot sign in")
			}
			_, err = w.Join(t.Context(), w.linkIn(email, "/invitations?code="), newPassword)
			wantKind(t, "a link for the second time", err, errs.NotFound)
			_, err = w.Invite(t.Context(), owner, email, account.Viewer, market.Once{})
			wantKind(t, "the address of a member", err, errs.Invalid)
			_, err = w.Invite(t.Context(), w.actor(token), "x@example.jp", account.Viewer, market.Once{})
			wantKind(t, "an invitation by a recruiter", err, errs.Denied)
			members, invited, err := w.Members(t.Context(), owner)
			if err != nil || len(members) != 2 || len(invited) != 0 {
				t.Errorf("Members = %+v, %+v, %v", members, invited, err)
			}
		})
	}
}

func TestInvitationsLapse(t *testing.T) {
	t.Parallel()
	w := newWorld(t, market.NewMemory(), demo())
	owner := w.actor(w.firm(1, 0).token)
	const email = "hito@example.jp"
	if _, err := w.Invite(t.Context(), owner, email, account.Viewer, market.Once{}); err != nil {
		t.Fatal(err)
	}
	link := w.linkIn(email, "/invitations?code=")
	w.pass(7 * 24 * time.Hour)
	_, err := w.Join(t.Context(), link, newPassword)
	wantKind(t, "a link after a week", err, errs.NotFound)
	if _, invited, err := w.Members(t.Context(), owner); err != nil || len(invited) != 1 || !invited[0].Lapsed {
		t.Errorf("invited: %+v, %v", invited, err)
	}
	i, err := w.Invite(t.Context(), owner, email, account.Viewer, market.Once{}) // takes its place
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Uninvite(t.Context(), owner, i.ID); err != nil {
		t.Fatal(err)
	}
	_, err = w.Join(t.Context(), w.linkIn(email, "/invitations?code="), newPassword)
	wantKind(t, "a link that was revoked", err, errs.NotFound)
	other := w.actor(w.firm(2, 0).token)
	if i, err = w.Invite(t.Context(), owner, email, account.Viewer, market.Once{}); err != nil {
		t.Fatal(err)
	}
	wantKind(t, "another company's", w.Uninvite(t.Context(), other, i.ID), errs.NotFound)
	// Two companies ask the same person: who is first has them.
	if _, err := w.Invite(t.Context(), other, email, account.Owner, market.Once{}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Join(t.Context(), w.linkIn(email, "/invitations?code="), newPassword); err != nil {
		t.Fatal(err)
	}
	_, err = w.Reinvite(t.Context(), owner, i.ID)
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.Join(t.Context(), w.linkIn(email, "/invitations?code="), newPassword)
	wantKind(t, "a member of another company", err, errs.Conflict)
}

func TestRolesAndRemoval(t *testing.T) {
	t.Parallel()
	for name, open := range stores() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, open(t), demo())
			f := w.firm(1, 0)
			owner := w.actor(f.token)
			const email = "hito@example.jp"
			token := w.join(owner, email, account.Viewer)
			id := func(email string) uuid.UUID {
				list, _, err := w.Members(t.Context(), owner)
				if err != nil {
					t.Fatal(err)
				}
				for _, m := range list {
					if m.Email == email {
						return m.ID
					}
				}
				t.Fatalf("%s is no member", email)
				return uuid.Nil
			}
			self, other := id("k1@example.jp"), id(email)
			wantKind(t, "the last owner leaves", w.RemoveMember(t.Context(), owner, self), errs.Conflict)
			wantKind(t, "the last owner becomes less", w.SetRole(t.Context(), owner, self, account.Viewer), errs.Conflict)
			wantKind(t, "a role that there is not", w.SetRole(t.Context(), owner, other, "king"), errs.Invalid)
			wantKind(t, "a viewer manages", w.SetRole(t.Context(), w.actor(token), self, account.Viewer), errs.Denied)
			stranger := w.actor(w.firm(2, 0).token)
			wantKind(t, "another company's member", w.RemoveMember(t.Context(), stranger, other), errs.NotFound)
			if err := w.SetRole(t.Context(), owner, other, account.Owner); err != nil {
				t.Fatal(err)
			}
			if r := w.actor(token).Role; r != account.Owner {
				t.Errorf("the role is %s", r)
			}
			second := w.actor(token)
			if err := w.RemoveMember(t.Context(), owner, other); err != nil {
				t.Fatal(err)
			}
			if w.known(token) || w.signsIn(email, newPassword, account.Member) {
				t.Error("who was removed can still come in")
			}
			// Who was an owner a moment ago does nothing any more.
			wantKind(t, "a removed owner removes", w.RemoveMember(t.Context(), second, self), errs.Denied)
			if token = w.join(owner, email, account.Recruiter); w.actor(token).Role != account.Recruiter {
				t.Error("who was removed cannot be invited again")
			}
		})
	}
}

func TestTokensOfMachines(t *testing.T) {
	t.Parallel()
	for name, open := range stores() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, open(t), demo())
			f := w.firm(1, 0)
			owner := w.actor(f.token)
			made, err := w.Mint(t.Context(), owner, "ATS 連携", account.Recruiter, market.Once{})
			if err != nil {
				t.Fatal(err)
			}
			_, err = w.Mint(t.Context(), owner, "ATS 連携", account.Viewer, market.Once{})
			wantKind(t, "a name that there is", err, errs.Invalid)
			list, err := w.Machines(t.Context(), owner)
			if err != nil || len(list) != 1 || list[0].Used != 0 || list[0].Name != "ATS 連携" {
				t.Fatalf("Machines = %+v, %v", list, err)
			}
			a := w.actor(made.Token)
			if a.Kind != account.Member || a.Company != owner.Company || a.Role != account.Recruiter || !a.Confirmed {
				t.Errorf("a machine is %+v", a)
			}
			if list, err = w.Machines(t.Context(), owner); err != nil || list[0].Used != w.Today() {
				t.Errorf("last used %v, %v, want %v", list[0].Used, err, w.Today())
			}
			if members, _, err := w.Members(t.Context(), owner); err != nil || len(members) != 1 {
				t.Errorf("members with a machine: %+v, %v", members, err)
			}
			for what, err := range map[string]error{
				"sets a password":       w.ChangePassword(t.Context(), a, "", newPassword),
				"signs out everywhere":  w.SignOutEverywhere(t.Context(), a),
				"chooses a language":    w.SetLanguage(t.Context(), a, "en"),
				"a recruiter's mints":   second(w.Mint(t.Context(), a, "x", account.Viewer, market.Once{})),
				"a recruiter's invites": second(w.Invite(t.Context(), a, "x@example.jp", account.Viewer, market.Once{})),
			} {
				wantKind(t, "a machine "+what, err, errs.Denied)
			}
			wantKind(t, "another company's", w.Revoke(t.Context(), w.actor(w.firm(2, 0).token), made.ID), errs.NotFound)
			if err := w.Revoke(t.Context(), owner, made.ID); err != nil {
				t.Fatal(err)
			}
			if w.known(made.Token) {
				t.Error("a revoked token is known")
			}
			wantKind(t, "a second time", w.Revoke(t.Context(), owner, made.ID), errs.NotFound)
		})
	}
}

func second[T any](_ T, err error) error { return err }

// What is done is noted in the same transaction, by whom and to what; a company
// reads its own part, operators all.
func TestAuditLog(t *testing.T) {
	t.Parallel()
	for name, open := range stores() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, open(t), demo())
			f, other := w.firm(1, 0), w.firm(2, 0)
			owner := w.actor(f.token)
			w.records.lives.Store(1)
			if err := w.Uninvite(t.Context(), owner, uuid.New()); err == nil {
				t.Fatal("nobody is invited")
			}
			_, err := w.Mint(t.Context(), owner, "lost", account.Viewer, market.Once{})
			if !errors.Is(err, errKilled) {
				t.Fatalf("a killed process answers %v", err)
			}
			w.records.lives.Store(0)
			w.records.dead.Store(false)
			p := w.post(f, pays(500, 700))
			r := w.order(f, p, plain())
			if _, err := w.Pause(t.Context(), owner, r.ID); err != nil {
				t.Fatal(err)
			}
			if _, err := w.Close(t.Context(), owner, p.ID); err != nil {
				t.Fatal(err)
			}
			token := w.join(owner, "hito@example.jp", account.Viewer)
			page, next, err := w.Audit(t.Context(), owner, market.EntryFilter{}, 0, 99)
			if err != nil || next != 0 {
				t.Fatalf("Audit: %d, %v", next, err)
			}
			var got []market.Audited
			for i := range page {
				got = append(got, page[i].What)
				if page[i].Company != owner.Company {
					t.Errorf("an entry of company %d", page[i].Company)
				}
			}
			want := []market.Audited{
				market.AuditJoin, market.AuditInvite, market.AuditClose, market.AuditPause, market.AuditActivate, market.AuditMakeRule,
				market.AuditPublish,
				market.AuditFound,
			}
			if diff := diff(want, got); diff != "" {
				t.Errorf("entries (-want +got):\n%s", diff)
			}
			if page[6].About != p.ID.String() || page[5].About != r.ID.String() || page[5].Title != p.Terms.Title {
				t.Errorf("entries are about %q and %q, %q", page[6].About, page[5].About, page[5].Title)
			}
			wantKind(t, "a viewer reads", third(w.Audit(t.Context(), w.actor(token), market.EntryFilter{}, 0, 9)), errs.Denied)
			theirs, _, err := w.Audit(t.Context(), w.actor(other.token), market.EntryFilter{Company: owner.Company}, 0, 99)
			if err != nil || len(theirs) != 1 {
				t.Errorf("another company reads %+v, %v", theirs, err)
			}
			all, _, err := w.Audit(t.Context(), operator(), market.EntryFilter{}, 0, 99)
			if err != nil || len(all) != len(page)+len(theirs) {
				t.Errorf("an operator reads %d entries, %v, want %d", len(all), err, len(page)+len(theirs))
			}
		})
	}
}

func third[A, B any](_ A, _ B, err error) error { return err }
