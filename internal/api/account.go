package api

import (
	"context"
	"net/http"
	"time"

	"enishi/internal/httpx"
	"enishi/internal/market"
)

// Self is an account as its owner sees it.
type Self struct {
	Kind        string `json:"kind" enum:"candidate,member,operator"`
	Email       string `json:"email,omitempty" doc:"Absent: of the token of a machine."`
	Confirmed   bool   `json:"confirmed" doc:"The address is confirmed."`
	HasPassword bool   `json:"has_password"`
	Language    string `json:"language,omitempty" enum:"ja,en" doc:"Absent: none was chosen."`
	Sessions    int    `json:"sessions" doc:"How many sessions have not ended."`
	Role        string `json:"role,omitempty" enum:"owner,recruiter,viewer" doc:"In the company."`
	Company     string `json:"company,omitempty" doc:"Its name."`
}

// AddressBody names an address.
type AddressBody struct {
	Email string `json:"email" format:"email" maxLength:"254"`
}

// ResetBody sets a new password by a code that was mailed.
type ResetBody struct {
	Code     string `json:"code" maxLength:"100" doc:"Of the newest mail; good for an hour, once."`
	Password string `json:"password" minLength:"8" maxLength:"128"`
}

// ResetAnswer says whose password was set.
type ResetAnswer struct {
	Kind string `json:"kind" enum:"candidate,member,operator" doc:"To sign in as."`
}

// PasswordBody changes a password.
type PasswordBody struct {
	Current  string `json:"current,omitempty" maxLength:"128" doc:"Absent if there is none yet."`
	Password string `json:"password" minLength:"8" maxLength:"128"`
}

// LanguageBody chooses a language.
type LanguageBody struct {
	Language string `json:"language" enum:"ja,en"`
}

func (s *service) addAccounts() {
	visitor := func(path, id, summary string) operation {
		return operation{
			method: http.MethodPost, path: path, id: id, class: httpx.SignIn, tag: tagVisitors, status: http.StatusNoContent, limited: true, summary: summary,
		}
	}
	forget := visitor("/api/v1/password/forgot", "forget-password", "Have a code mailed by which a new password can be set")
	forget.detail = "It answers alike, and takes as long, whether the address is known or not; who has confirmed it gets a link, who has not learns how to go on."
	forget.request = AddressBody{"hanako@example.jp"}
	handleBody(s, forget, s.forget)
	reset := visitor("/api/v1/password/reset", "reset-password", "Set a new password by a code that was mailed; every session of the account ends")
	reset.status, reset.request, reset.answer = http.StatusOK, ResetBody{exampleToken, "ashita-mo-genki-2026"}, ResetAnswer{"candidate"}
	handleBody(s, reset, s.reset)
	own := func(method, path, id, summary string) operation {
		return operation{
			method: method, path: path, id: id, class: httpx.Own, tag: tagAccounts, who: signedIn, status: http.StatusNoContent, summary: summary,
			errors: []int{http.StatusForbidden},
		}
	}
	self := own(http.MethodGet, "/api/v1/account", "account", "Your account")
	self.status, self.errors = http.StatusOK, nil
	self.answer = Self{Kind: "member", Email: "saiyou@enishi-shouji.example.jp", Confirmed: true, HasPassword: true, Language: "ja", Sessions: 2, Role: "owner", Company: exampleCompany().Name}
	handle(s, self, s.self)
	password := own(http.MethodPost, "/api/v1/account/password", "change-password", "Change your password; every other session ends")
	password.limited, password.class = true, httpx.SignIn
	password.request = PasswordBody{"kyou-mo-genki-2026", "ashita-mo-genki-2026"}
	password.errors = []int{http.StatusForbidden, http.StatusPreconditionFailed}
	handleBody(s, password, func(ctx context.Context, _ *none, b *PasswordBody) (*none, error) {
		return &none{}, s.market.ChangePassword(ctx, actorOf(ctx), b.Current, b.Password)
	})
	language := own(http.MethodPost, "/api/v1/account/language", "choose-language", "Choose the language in which you are addressed")
	language.request = LanguageBody{"en"}
	handleBody(s, language, func(ctx context.Context, _ *none, b *LanguageBody) (*none, error) {
		return &none{}, s.market.SetLanguage(ctx, actorOf(ctx), b.Language)
	})
	s.addConfirming(own)
	handle(s, own(http.MethodDelete, "/api/v1/sessions", "sign-out-everywhere", "Sign out everywhere, here too"),
		func(ctx context.Context, _ *none) (*none, error) {
			return &none{}, s.market.SignOutEverywhere(ctx, actorOf(ctx))
		})
	out := own(http.MethodDelete, "/api/v1/sessions/current", "sign-out", "Sign out: this token ends")
	out.errors = nil
	handle(s, out, func(ctx context.Context, _ *none) (*none, error) {
		return &none{}, s.market.SignOut(ctx, exchangeOf(ctx).token)
	})
}

// addConfirming adds what is done while the mailed code has not come.
func (s *service) addConfirming(own func(method, path, id, summary string) operation) {
	resend := own(http.MethodPost, "/api/v1/me/confirm/resend", "resend-code", "Have another code mailed to confirm your address by; the one before is of no use any more")
	resend.detail = "An address that is confirmed is sent none. An account is sent five mails in 24 hours at most, the first of all included."
	resend.limited, resend.class = true, httpx.SignIn
	handle(s, resend, func(ctx context.Context, _ *none) (*none, error) {
		return &none{}, s.market.SendCode(ctx, actorOf(ctx))
	})
	mend := own(http.MethodPost, "/api/v1/me/confirm/address", "mend-address", "Mend a mistyped address before it is confirmed; a code is mailed there")
	mend.detail = "It answers alike whether others have the address or not. Codes that were mailed to the one before are of no use any more. Mails are bounded as of resend."
	mend.limited, mend.class = true, httpx.SignIn
	mend.request, mend.errors = AddressBody{"hanako@example.jp"}, append(mend.errors, http.StatusConflict)
	handleBody(s, mend, func(ctx context.Context, _ *none, b *AddressBody) (*none, error) {
		return &none{}, s.market.MendAddress(ctx, actorOf(ctx), b.Email)
	})
}

func (s *service) forget(ctx context.Context, _ *none, b *AddressBody) (*none, error) {
	start := time.Now()
	err := s.market.Forget(ctx, b.Email)
	if err == nil {
		httpx.Unhurried(ctx, start)
	}
	return &none{}, err
}

func (s *service) reset(ctx context.Context, _ *none, b *ResetBody) (*answered[ResetAnswer], error) {
	kind, err := s.market.ResetPassword(ctx, b.Code, b.Password)
	return &answered[ResetAnswer]{ResetAnswer{string(kind)}}, err
}

func (s *service) self(ctx context.Context, _ *none) (*answered[Self], error) {
	a, err := s.market.Self(ctx, actorOf(ctx))
	return &answered[Self]{selfOf(a)}, err
}

func selfOf(a market.Self) Self {
	return Self{string(a.Kind), a.Email, a.Confirmed, a.HasPassword, a.Language, a.Sessions, string(a.Role), a.Company}
}
