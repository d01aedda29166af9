package api

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"enishi/internal/account"
	"enishi/internal/candidate"
	"enishi/internal/condition"
	"enishi/internal/corpnum"
	"enishi/internal/errs"
	"enishi/internal/httpx"
	"enishi/internal/market"
)

// SignUpBody is what a person gives to register.
type SignUpBody struct {
	Email     string                 `json:"email" format:"email" maxLength:"254" doc:"Where the confirmation code goes."`
	Password  string                 `json:"password,omitempty" minLength:"8" maxLength:"128" doc:"May follow later; the answer holds a token."`
	Profile   *candidate.Profile     `json:"profile" doc:"What they have done and can do."`
	Wishes    *overPositions         `json:"wishes,omitempty" doc:"What they accept; absent: every position."`
	Employers []candidate.Employment `json:"employers,omitempty" maxItems:"500" doc:"Present and past employers; the present one and its group are blocked."`
	Blocks    []corpnum.Number       `json:"blocks,omitempty" maxItems:"500" doc:"Companies that must not see them."`
}

// SignedUp answers a sign-up.
type SignedUp struct {
	ID     string  `json:"id"`
	Token  string  `json:"token" doc:"For Authorization: Bearer."`
	Offers []Offer `json:"offers" doc:"What they are offered at once."`
	Asked  int     `json:"asked" doc:"How many companies are being asked to confirm an offer."`
}

// SessionBody is a sign-in.
type SessionBody struct {
	Email    string `json:"email" format:"email" maxLength:"254"`
	Password string `json:"password" maxLength:"128"`
	Kind     string `json:"kind,omitempty" enum:"candidate,member,operator" doc:"Absent: the first of these that the address and the password fit."`
}

// Session is a new session.
type Session struct {
	Token string `json:"token" doc:"For Authorization: Bearer; lasts 60 days."`
}

// CodeBody is a confirmation code.
type CodeBody struct {
	Code string `json:"code" maxLength:"20" doc:"The eight digits of the newest mail."`
}

func (s *service) addVisitors() {
	handleBody(s, operation{
		method: http.MethodPost, path: "/api/v1/candidates", id: "sign-up", class: httpx.SignUp, tag: tagVisitors, status: http.StatusCreated, limited: true,
		summary: "Register as a candidate and see at once what you are offered",
		detail:  "A known address answers like any other; its owner is told by mail. Until the address is confirmed, offers are reserved.",
		errors:  []int{http.StatusConflict, http.StatusForbidden}, request: exampleSignUp(), answer: exampleSignedUp(),
	}, s.signUp)
	handleBody(s, operation{
		method: http.MethodPost, path: "/api/v1/sessions", id: "sign-in", class: httpx.SignIn, tag: tagVisitors, status: http.StatusCreated, limited: true,
		summary: "Sign in with an address and a password",
		errors:  []int{http.StatusUnauthorized}, request: SessionBody{Email: "hanako@example.jp", Password: "kyou-mo-genki-2026"}, answer: Session{exampleToken},
	}, s.signIn)
	handleBody(s, operation{
		method: http.MethodPost, path: "/api/v1/me/confirm", id: "confirm-address", class: httpx.Own, tag: tagCandidates, who: signedIn, status: http.StatusNoContent, limited: true,
		summary: "Confirm your e-mail address with the code that was mailed",
		detail:  "What was reserved until then is sent.",
		errors:  []int{http.StatusConflict}, request: CodeBody{"12345678"},
	}, s.confirm)
}

func (s *service) signUp(ctx context.Context, in *Registration, b *SignUpBody) (*answered[SignedUp], error) {
	once, err := in.once(ctx)
	if err != nil {
		return nil, err
	}
	wishes := condition.Always()
	if b.Wishes != nil {
		wishes = b.Wishes.Condition
	}
	made, err := s.market.SignUp(ctx, market.SignUp{
		Email: b.Email, Password: b.Password, Profile: *b.Profile, Wishes: wishes, Employers: b.Employers, Blocks: b.Blocks,
		Trial: in.Trial,
	}, once)
	if err != nil {
		return nil, err
	}
	return &answered[SignedUp]{SignedUp{
		ID: made.ID.String(), Token: made.Token, Offers: offersOf(made.Offers, toCandidate), Asked: made.Asked,
	}}, nil
}

func (s *service) signIn(ctx context.Context, _ *none, b *SessionBody) (*answered[Session], error) {
	switch account.Kind(b.Kind) {
	case "", account.Candidate, account.Member, account.Operator:
	default:
		return nil, errs.AtPointer("/kind", strconv.Quote(b.Kind), `"candidate", "member" or "operator"`)
	}
	start := time.Now()
	token, err := s.market.SignIn(ctx, b.Email, b.Password, account.Kind(b.Kind))
	if errs.Is(err, errs.Unauthenticated) {
		httpx.Unhurried(ctx, start)
	}
	if err != nil {
		return nil, err
	}
	return &answered[Session]{Session{token}}, nil
}

func (s *service) confirm(ctx context.Context, _ *none, b *CodeBody) (*none, error) {
	return &none{}, s.market.Confirm(ctx, actorOf(ctx), b.Code)
}
