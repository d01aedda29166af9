package web

import (
	"net/http"
	"time"

	"enishi/internal/account"
	"enishi/internal/errs"
	"enishi/internal/httpx"
	"enishi/internal/market"
)

func (p *Pages) accountRoutes() []Route {
	return []Route{
		{Pattern: "GET /forgot", Who: Anyone, class: httpx.Ordinary, serve: p.forgotForm},
		{Pattern: "POST /forgot", Who: Anyone, class: httpx.SignIn, serve: p.forgot, limited: true},
		{Pattern: "GET /reset", Who: Anyone, class: httpx.Ordinary, serve: p.resetForm, limited: true},
		{Pattern: "POST /reset", Who: Anyone, class: httpx.SignIn, serve: p.reset, limited: true},
		{Pattern: "GET /invitations", Who: Anyone, class: httpx.Ordinary, serve: p.invitation, limited: true},
		{Pattern: "POST /invitations", Who: Anyone, class: httpx.SignUp, serve: p.join, limited: true},
		{Pattern: "GET /account", Who: SignedIn, class: httpx.Own, serve: p.account},
		{Pattern: "POST /account/password", Who: SignedIn, class: httpx.SignIn, serve: p.changePassword, limited: true},
		{Pattern: "POST /account/language", Who: SignedIn, class: httpx.Own, serve: p.chooseLanguage},
		{Pattern: "POST /account/signout", Who: SignedIn, class: httpx.Own, serve: p.signOutEverywhere},
	}
}

func (p *Pages) forgotForm(r *request) error {
	return p.show(r, http.StatusOK, forgotTitle(r.words), forgotPage(r.words, "", ""))
}

func forgotTitle(w words) string {
	return w.Say("新しいパスワードを、メールで設定します", "Set a new password by mail")
}

// forgot answers alike, and takes as long, whether the address is known or not.
func (p *Pages) forgot(r *request) error {
	start := time.Now()
	email := r.PostFormValue("email")
	err := p.market.Forget(r.Context(), email)
	if errs.Is(err, errs.Invalid) {
		return p.show(r, http.StatusUnprocessableEntity, forgotTitle(r.words), forgotPage(r.words, email, faultsOf(r.words, err)["email"]))
	}
	if err != nil {
		return err
	}
	httpx.Unhurried(r.Context(), start)
	return p.show(r, http.StatusOK, r.words.Say("メールをご確認ください", "Look at your mail"), forgottenPage(r.words, email))
}

// resetting is what the page of a new password keeps.
type resetting struct {
	Code   string
	Faults faults
}

func (p *Pages) resetForm(r *request) error {
	if kind := kindOf(r.URL.Query().Get("done")); kind != "" {
		return p.show(r, http.StatusOK, r.words.Say("新しいパスワードを設定しました", "Your new password is set"), resetDonePage(r.words, kind))
	}
	code := r.URL.Query().Get("code")
	if code == "" { // to be typed from the mail
		return p.show(r, http.StatusOK, resetTitle(r.words), resetPage(r.words, resetting{}))
	}
	err := p.market.CheckReset(r.Context(), code)
	if errs.Is(err, errs.Invalid) {
		title := r.words.Say("このリンクは、もう使えません", "This link is of no use any more")
		return p.show(r, http.StatusNotFound, title, lapsedResetPage(r.words, title))
	}
	if err != nil {
		return err
	}
	return p.show(r, http.StatusOK, resetTitle(r.words), resetPage(r.words, resetting{Code: code}))
}

func resetTitle(w words) string {
	return w.Say("新しいパスワードを決めてください", "Choose a new password")
}

func (p *Pages) reset(r *request) error {
	typed := resetting{Code: r.PostFormValue("code")}
	kind, err := p.market.ResetPassword(r.Context(), typed.Code, r.PostFormValue("password"))
	if errs.Is(err, errs.Invalid) {
		typed.Faults = p.faults(r, err, map[string]string{"code": r.words.Say(
			"このリンクはもう使えません。1時間が過ぎたか、すでに使われています。もう一度メールを送ってください。",
			"This link is of no use any more: an hour has passed, or it was used. Have another mail sent.")})
		return p.show(r, http.StatusUnprocessableEntity, resetTitle(r.words), resetPage(r.words, typed))
	}
	if err != nil {
		return err
	}
	r.keep(sessionCookie, "", -time.Second) // it has ended, if it was of this account
	r.see("/reset?done=" + string(kind))
	return nil
}

// faults says what is wrong with the fields of a form; said has what is special to
// this one.
func (p *Pages) faults(r *request, err error, said map[string]string) faults {
	out := faults{}
	for pointer, text := range faultsOf(r.words, err) {
		name := pointer
		if len(name) > 0 && name[0] == '/' {
			name = name[1:]
		}
		if special, ok := said[name]; ok {
			text = special
		}
		out[name] = text
	}
	return out
}

// account shows what somebody's account is.
func (p *Pages) account(r *request) error {
	return p.showAccount(r, http.StatusOK, nil)
}

func (p *Pages) showAccount(r *request, status int, wrong faults) error {
	ctx, actor, err := r.needActor()
	if err != nil {
		return err
	}
	self, err := p.market.Self(ctx, actor)
	if err != nil {
		return err
	}
	done := ""
	if r.Method == http.MethodGet {
		done = map[string]string{
			"password": r.words.Say("パスワードを変更しました。ほかの端末からはログアウトしています。", "Your password is changed, and other devices are signed out."),
			"language": r.words.Say("言語を変更しました。", "Your language is changed."),
		}[r.URL.Query().Get("done")]
	}
	title := r.words.Say(self.Email+" でログインしています", "You are signed in as "+self.Email)
	return p.show(r, status, title, accountPage(r.words, title, self, wrong, done))
}

func (p *Pages) changePassword(r *request) error {
	ctx, actor, err := r.needActor()
	if err != nil {
		return err
	}
	err = p.market.ChangePassword(ctx, actor, r.PostFormValue("current"), r.PostFormValue("password"))
	switch {
	case errs.Is(err, errs.Invalid):
		return p.showAccount(r, http.StatusUnprocessableEntity, p.faults(r, err, map[string]string{
			"current": r.words.Say("いまのパスワードが違います。", "This is not your present password."),
		}))
	case errs.Is(err, errs.TooMany):
		return p.showAccount(r, http.StatusTooManyRequests, faults{"current": r.words.Say(
			"今日はもう試せません。明日もう一度お試しになるか、メールで再設定してください。", "That was wrong too often today. Try again tomorrow, or set a new one by mail.")})
	case err != nil:
		return err
	}
	r.see("/account?done=password")
	return nil
}

func (p *Pages) chooseLanguage(r *request) error {
	ctx, actor, err := r.needActor()
	if err != nil {
		return err
	}
	to := r.PostFormValue("language")
	if err := p.market.SetLanguage(ctx, actor, to); err != nil {
		return err
	}
	r.keep(languageCookie, to, languageLife)
	r.see("/account?done=language")
	return nil
}

func (p *Pages) signOutEverywhere(r *request) error {
	ctx, actor, err := r.needActor()
	if err != nil {
		return err
	}
	if err := p.market.SignOutEverywhere(ctx, actor); err != nil {
		return err
	}
	r.keep(sessionCookie, "", -time.Second)
	r.see("/signin")
	return nil
}

// invitation shows what an invitation is for, and the form that accepts it.
func (p *Pages) invitation(r *request) error {
	code := r.URL.Query().Get("code")
	if code == "" {
		return p.show(r, http.StatusOK, r.words.Say("招待のリンクは、メールから開いてください", "Open the link in your mail"), noInvitationPage(r.words))
	}
	return p.showInvitation(r, http.StatusOK, code, nil)
}

func (p *Pages) showInvitation(r *request, status int, code string, wrong faults) error {
	i, err := p.market.Invitation(r.Context(), code)
	if errs.Is(err, errs.NotFound) {
		return p.show(r, http.StatusNotFound, r.words.Say("この招待は、もう使えません", "This invitation is of no use any more"), lapsedInvitationPage(r.words))
	}
	if err != nil {
		return err
	}
	title := r.words.Say(i.Company+" の採用チームに招待されています", "You are invited to the recruiting team of "+i.Company)
	return p.show(r, status, title, invitationPage(r.words, title, code, i, wrong))
}

func (p *Pages) join(r *request) error {
	code := r.PostFormValue("code")
	token, err := p.market.Join(r.Context(), code, r.PostFormValue("password"))
	switch {
	case errs.Is(err, errs.Invalid):
		return p.showInvitation(r, http.StatusUnprocessableEntity, code, faultsOf(r.words, err))
	case errs.Is(err, errs.NotFound):
		return p.showInvitation(r, http.StatusNotFound, code, nil)
	case errs.Is(err, errs.Conflict):
		return p.showInvitation(r, http.StatusConflict, code, faults{"email": r.words.Say(
			"このメールアドレスは、すでに企業の担当者として登録されています。別のアドレスへの招待を依頼してください。",
			"This address belongs to a member of a company already. Ask for an invitation to another address.")})
	case err != nil:
		return err
	}
	r.keep(sessionCookie, token, sessionLife)
	r.see(home(account.Member))
	return nil
}

func roleName(w words, role account.Role) string {
	switch role {
	case account.Owner:
		return w.Say("管理者", "Owner")
	case account.Recruiter:
		return w.Say("採用担当", "Recruiter")
	case account.Viewer:
		return w.Say("閲覧のみ", "Viewer")
	}
	return string(role)
}

// roles are to be chosen from.
func roles(w words) []option {
	return []option{
		{string(account.Viewer), w.Say("閲覧のみ（見るだけ）", "Viewer (reads only)")},
		{string(account.Recruiter), w.Say("採用担当（求人、条件、スカウト、選考）", "Recruiter (positions, rules, scouts, selection)")},
		{string(account.Owner), w.Say("管理者（メンバーとトークンも）", "Owner (members and tokens too)")},
	}
}

// kindName says for what an account is.
func kindName(w words, s market.Self) string {
	switch s.Kind {
	case account.Candidate:
		return w.Say("求職者", "Candidate")
	case account.Operator:
		return w.Say("運営", "Operator")
	}
	return s.Company + w.Say("（", " (") + roleName(w, s.Role) + w.Say("）", ")")
}
