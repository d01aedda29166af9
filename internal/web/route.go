package web

import (
	"slices"

	"enishi/internal/account"
	"enishi/internal/errs"
	"enishi/internal/httpx"
)

// Audience is who may see a page.
type Audience string

// The audiences.
const (
	Anyone     Audience = "anyone"
	SignedIn   Audience = "signed in"
	Candidates Audience = Audience(account.Candidate)
	Members    Audience = Audience(account.Member)
	Operators  Audience = Audience(account.Operator)
)

// Route is a page or a form's target.
type Route struct {
	Pattern string // of http.ServeMux
	Who     Audience

	class   httpx.Class
	serve   func(*request) error
	limited bool // bounded per address
	lasting bool // answered for as long as somebody listens: takes no place of those that run
}

// Routes gives every route, each noun's where its handlers are.
func (p *Pages) Routes() []Route {
	all := slices.Concat(
		p.visitorRoutes(),
		p.sessionRoutes(),
		p.confirmRoutes(),
		p.offerRoutes(),
		p.dealRoutes(),
		p.codeRoutes(),
		p.accountRoutes(),
		p.memberRoutes(),
		p.dashboardRoutes(),
		p.boardRoutes(),
		p.firmRoutes(),
		p.positionRoutes(),
		p.operatorRoutes(),
		p.breachRoutes(),
		p.disputeRoutes(),
		p.candidateRoutes(),
		p.savedRoutes(),
		p.profileRoutes(),
		p.wishRoutes(),
		p.settingsRoutes(),
		p.ruleRoutes(),
		p.scoutRoutes(),
	)
	if p.options.Demo {
		all = append(all, Route{Pattern: "GET /dev/components", Who: Anyone, class: httpx.Ordinary, serve: p.gallery})
	}
	return append(all, Route{Pattern: "GET /live", Who: SignedIn, serve: p.live, lasting: true})
}

// admits is Unauthenticated if nobody is signed in where somebody must be, and
// Denied if it is somebody else.
func (a Audience) admits(r *request) error {
	switch {
	case a == Anyone:
		return nil
	case r.actor == nil:
		return errs.New(errs.Unauthenticated, "sign in first")
	case a != SignedIn && Audience(r.actor.Kind) != a:
		return &otherKind{a}
	}
	return nil
}

// otherKind is the refusal of a page to an account of a kind that it is not for.
type otherKind struct{ want Audience }

func (o *otherKind) Error() string { return "this page is for others" }

// Unwrap gives the refusal as an error of its kind.
func (o *otherKind) Unwrap() error { return errs.New(errs.Denied, o.Error()) }
