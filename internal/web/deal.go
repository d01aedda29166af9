package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/google/uuid"

	"enishi/internal/account"
	"enishi/internal/calendar"
	"enishi/internal/day"
	"enishi/internal/errs"
	"enishi/internal/httpx"
	"enishi/internal/market"
	"enishi/internal/offer"
)

// messagesShown is how many messages a page shows of a thread.
const messagesShown = 50

// dealStep takes a step of an offer as a form asks for it.
type dealStep func(context.Context, *request, market.Actor, uuid.UUID) error

func (p *Pages) dealRoutes() []Route {
	all := []Route{
		{Pattern: "GET /offers/{id}/calendar.ics", Who: Candidates, class: httpx.Own, serve: p.calendar},
		{Pattern: "GET /company/offers/{id}", Who: Members, class: httpx.Ordinary, serve: p.sentOffer},
		{Pattern: "GET /company/offers/{id}/calendar.ics", Who: Members, class: httpx.Ordinary, serve: p.calendar},
	}
	add := func(path string, who Audience, take dealStep) {
		all = append(all, Route{Pattern: "POST " + path, Who: who, class: httpx.Answers, serve: p.dealing(take)})
	}
	for path, who := range map[string]Audience{"/offers/{id}/": Candidates, "/company/offers/{id}/": Members} {
		add(path+"messages", who, p.writes)
		add(path+"reschedule", who, func(ctx context.Context, _ *request, a market.Actor, id uuid.UUID) error {
			_, err := p.market.Reschedule(ctx, a, id)
			return err
		})
	}
	add("/offers/{id}/choose", Candidates, p.chooses)
	add("/offers/{id}/confirm-pay", Candidates, p.saysPay)
	add("/offers/{id}/deny", Candidates, func(ctx context.Context, _ *request, a market.Actor, id uuid.UUID) error {
		_, err := p.market.Deny(ctx, a, id)
		return err
	})
	add("/offers/{id}/withdraw", Candidates, func(ctx context.Context, _ *request, a market.Actor, id uuid.UUID) error {
		_, err := p.market.Answer(ctx, a, id, offer.Withdraw)
		return err
	})
	add("/company/offers/{id}/slots", Members, p.proposes)
	add("/company/offers/{id}/hire", Members, p.hires)
	for _, a := range []offer.Action{offer.Schedule, offer.Hold, offer.Reject, offer.Withdraw} {
		add("/company/offers/{id}/"+string(a), Members, func(ctx context.Context, _ *request, actor market.Actor, id uuid.UUID) error {
			_, err := p.market.Proceed(ctx, actor, id, a)
			return err
		})
	}
	return all
}

// deal is an offer as the page of one of its sides shows it.
type deal struct {
	market.Delivered
	by       offer.Side
	today    day.Day
	acts     bool             // who looks may take steps
	breaks   bool             // to withdraw breaks the company's promise
	ahead    bool             // the agreed date has not begun
	denies   bool             // the candidate may object that it was held
	messages []market.Message // oldest first
	earlier  int64            // before which the thread goes on, 0: it does not
	older    bool             // the newest messages are not among those shown
	typed    url.Values       // of a form that was refused
	wrong    faults
	notice   string
}

// path is where the offer's page, and what is below it, is for the side.
func (x *deal) path(below string) string {
	if x.by == offer.Company {
		return "/company/offers/" + x.ID.String() + below
	}
	return "/offers/" + x.ID.String() + below
}

// can says whether the side may take a step as the offer stands.
func (x *deal) can(a offer.Action) bool {
	_, err := x.State.Next(x.by, x.Kind, a)
	return err == nil && x.acts && (x.by == offer.Candidate || !x.Dealing.Gone)
}

// holds says whether the company can say now that the interview or talk was held.
func (x *deal) holds() bool { return !x.ahead && !x.Dealing.Unshown() }

func sideOf(a market.Actor) offer.Side {
	if a.Kind == account.Candidate {
		return offer.Candidate
	}
	return offer.Company
}

// sentOffer shows a company an offer of its own.
func (p *Pages) sentOffer(r *request) error {
	_, _, id, err := r.needID("offer")
	if err != nil {
		return err
	}
	return p.showDeal(r, http.StatusOK, id, deal{})
}

// showDeal shows an offer to the side that asks, with what else is known of a form
// that was refused.
func (p *Pages) showDeal(r *request, status int, id uuid.UUID, x deal) error {
	read := p.market.OfferTo
	if x.by = sideOf(*r.actor); x.by == offer.Company {
		read = p.market.OfferBy
	}
	d, err := read(r.Context(), *r.actor, id)
	if err != nil {
		return err
	}
	return p.showDelivered(r, status, d, x)
}

// showDelivered shows an offer that has been read.
func (p *Pages) showDelivered(r *request, status int, d market.Delivered, x deal) error {
	ctx, actor := r.Context(), *r.actor
	now := p.market.Now()
	x.Delivered, x.by, x.today = d, sideOf(actor), day.Of(now)
	x.acts = x.by == offer.Candidate || mayAnswer(actor)
	x.breaks, x.ahead = offer.Breaks(&d.Offer, &d.Dealing, now), d.Dealing.Ahead(now)
	x.denies = d.Dealing.Denies(now)
	if d.Dealt() {
		before, _ := strconv.ParseInt(r.URL.Query().Get("before"), 10, 64)
		var err error
		if x.messages, x.earlier, err = p.market.Thread(ctx, actor, d.ID, before, messagesShown); err != nil {
			return err
		}
		slices.Reverse(x.messages)
		x.older = before != 0
	}
	title := dealTitle(r.words, &x)
	if x.by == offer.Company {
		return p.show(r, status, title, sentOfferPage(r.words, &x))
	}
	why, err := p.market.Reasons(ctx, actor, d)
	if err != nil {
		return err
	}
	return p.show(r, status, title, offerPage(r.words, &x, why[0]))
}

// dealing makes the handler of a form on an offer: it comes back to the offer, or, if
// the step is refused, shows it as it stands with all that was typed.
func (p *Pages) dealing(take dealStep) func(*request) error {
	return func(r *request) error {
		ctx, actor, id, err := r.needID("offer")
		if err != nil {
			return err
		}
		if err := r.ParseForm(); err != nil {
			return errs.Wrap(errs.Invalid, "the form cannot be read", err)
		}
		err = take(ctx, r, actor, id)
		x := deal{typed: r.PostForm, by: sideOf(actor)}
		switch {
		case err == nil:
			x.ID = id
			r.see(x.path(""))
			return nil
		case errs.Is(err, errs.Invalid):
			x.wrong = dealFaults(r.words, err)
			return p.showDeal(r, http.StatusUnprocessableEntity, id, x)
		case errs.Is(err, errs.Conflict):
			x.notice = r.words.Say("いまの状態では、その操作はできません。現在の状態をご確認ください。", "That cannot be done as the offer stands. This is how it stands now.")
			return p.showDeal(r, http.StatusConflict, id, x)
		case errs.Is(err, errs.Denied) && mayAnswer(actor): // it is the company that may not
			x.notice = r.words.Say("企業アカウントが停止されているため、候補者に連絡できません。", "Your company is suspended and cannot address candidates.")
			return p.showDeal(r, http.StatusForbidden, id, x)
		}
		return err
	}
}

func (p *Pages) writes(ctx context.Context, r *request, actor market.Actor, id uuid.UUID) error {
	_, err := p.market.Say(ctx, actor, id, r.PostForm.Get("text"), r.once())
	return err
}

func (p *Pages) chooses(ctx context.Context, r *request, actor market.Actor, id uuid.UUID) error {
	slot, err := uuid.Parse(r.PostForm.Get("slot"))
	if err != nil {
		return errs.AtPointer("/slot", "nothing", "one of the offer's slots")
	}
	_, err = p.market.Choose(ctx, actor, id, slot)
	return err
}

func (p *Pages) saysPay(ctx context.Context, r *request, actor market.Actor, id uuid.UUID) error {
	pay, err := finalPay(r.PostForm.Get("final_pay"))
	if err != nil {
		return err
	}
	if pay == nil {
		return errs.AtPointer("/final_pay", "nothing", "a whole number")
	}
	_, err = p.market.ConfirmPay(ctx, actor, id, *pay)
	return err
}

func (p *Pages) hires(ctx context.Context, r *request, actor market.Actor, id uuid.UUID) error {
	pay, err := finalPay(r.PostForm.Get("final_pay"))
	if err != nil {
		return err
	}
	if pay != nil && r.PostForm.Get("low") == "" {
		d, err := p.market.OfferBy(ctx, actor, id)
		if err != nil {
			return err
		}
		if *pay > 0 && d.Kind != offer.Casual && !offer.Enough(*pay, d.Terms.PayMin) { // one key too few is a breach
			return errs.AtPointer("/low", strconv.Itoa(*pay), "nine tenths of what was offered, or a word that it is right")
		}
	}
	_, err = p.market.Hire(ctx, actor, id, pay)
	return err
}

func (p *Pages) proposes(ctx context.Context, r *request, actor market.Actor, id uuid.UUID) error {
	slots, err := slotsOf(r.PostForm)
	if err != nil {
		return err
	}
	_, err = p.market.Propose(ctx, actor, id, slots)
	return err
}

// calendar gives the date of an offer as a file for the calendar of who asks.
func (p *Pages) calendar(r *request) error {
	ctx, actor, id, err := r.needID("offer")
	if err != nil {
		return err
	}
	read := p.market.OfferTo
	if sideOf(actor) == offer.Company {
		read = p.market.OfferBy
	}
	d, err := read(ctx, actor, id)
	if err != nil {
		return err
	}
	file, err := calendar.File(&d, sideOf(actor), r.words.Say("ja", "en"), r.Host)
	if err != nil {
		return err
	}
	h := r.w.Header()
	h.Set("Content-Type", calendar.MediaType)
	h.Set("Content-Disposition", `attachment; filename="enishi.ics"`)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	_, err = r.w.Write(file)
	return err
}
