package market_test

import (
	"fmt"

	"enishi/internal/company"
	"enishi/internal/errs"
	"enishi/internal/market"
)

// doRehearse opens a trial with its company, or lets somebody join one. Who is of it
// does from then on all that real people and companies do.
func (h *history) doRehearse(d draw) error {
	h.mu.Lock()
	var t market.OpenedTrial
	if n := len(h.trials); n > 0 {
		t = h.trials[d.IntN(n)]
	}
	h.signed++
	i := h.signed
	h.mu.Unlock()
	if t.Key == 0 || d.chance(25) {
		return h.openTrial()
	}
	err := func() error {
		in := d.person(h.Today(), i)
		in.Trial = t.Secret
		out, err := h.SignUp(h.Context(), in, market.Once{})
		if err != nil {
			return err
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		h.people = append(h.people, person{id: out.ID, token: out.Token, email: in.Email, code: h.codeFor(in.Email)})
		return nil
	}()
	if errs.Is(err, errs.Denied) { // its time was over
		return nil
	}
	return err
}

func (h *history) openTrial() error {
	t, err := h.OpenTrial(h.Context(), operator(), hana())
	if err != nil {
		return err
	}
	if err := h.foundOf(t); errs.Is(err, errs.Denied) { // another goroutine has moved the clock past its hour
		return nil
	} else if err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.trials = append(h.trials, t)
	return nil
}

func (h *history) foundOf(t market.OpenedTrial) error {
	in := market.Found{Number: t.Number(), Name: "動作検証", Size: 2, Email: fmt.Sprintf("t%d@verify.invalid", t.Key), Trial: t.Secret}
	f, err := h.Found(h.Context(), in, market.Once{})
	if err != nil {
		return err
	}
	if _, err := h.SetStatus(h.Context(), operator(), f.ID, company.Verified); err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.firms = append(h.firms, firm{f.ID, t.Number(), f.Token})
	return nil
}
