package web

import (
	"net/http"

	"enishi/internal/errs"
	"enishi/internal/market"
)

// registration is what somebody typed to register, and what is wrong with it.
type registration struct {
	Email  string
	Faults faults
}

func (p *Pages) signUp(r *request) error {
	if err := r.ParseForm(); err != nil {
		return errs.Wrap(errs.Invalid, "the form cannot be read", err)
	}
	a, typed := answersOf(r.PostForm), registration{Email: r.PostForm.Get("email")}
	v, err := a.visitor()
	var made market.SignedUp
	if err == nil {
		in := market.SignUp{Email: typed.Email, Password: r.PostForm.Get("password"), Profile: v.Profile, Wishes: v.Wishes}
		made, err = p.market.SignUp(r.Context(), in, market.Once{})
	}
	if errs.Is(err, errs.Invalid) {
		typed.Faults = faultsOf(r.words, err)
		if typed.Faults.ofAnswers() {
			return p.askAgain(r, a, err)
		}
		found, lookErr := p.market.Insight(r.Context(), v)
		if lookErr != nil {
			return lookErr
		}
		return p.show(r, http.StatusUnprocessableEntity, reached(r.words, found.Reach), insightPage(r.words, a, found, false, p.market.Mode() == market.Approve, typed))
	}
	if err != nil {
		return err
	}
	r.keep(sessionCookie, made.Token, sessionLife)
	r.see("/offers")
	return nil
}
