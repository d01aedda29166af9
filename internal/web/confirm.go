package web

import (
	"net/http"

	"enishi/internal/account"
	"enishi/internal/errs"
	"enishi/internal/httpx"
	"enishi/internal/market"
)

func (p *Pages) confirmRoutes() []Route {
	return []Route{
		{Pattern: "GET /confirm", Who: SignedIn, class: httpx.Own, serve: p.confirmForm},
		{Pattern: "POST /confirm", Who: SignedIn, class: httpx.SignIn, serve: p.confirm, limited: true},
		{Pattern: "POST /confirm/resend", Who: SignedIn, class: httpx.SignIn, serve: p.sendCode, limited: true},
		{Pattern: "POST /confirm/address", Who: SignedIn, class: httpx.SignIn, serve: p.mendAddress, limited: true},
	}
}

// confirming is what the page of the confirmation keeps.
type confirming struct {
	self  market.Self
	home  string
	code  string // typed
	email string // typed
	wrong faults
	done  string // what was done, "": nothing
	stop  string // why nothing can be, ""
}

func (p *Pages) confirmForm(r *request) error {
	c := confirming{}
	switch r.URL.Query().Get("done") {
	case "resent":
		c.done = r.words.Say("新しい確認コードを送りました。前のコードは使えません。", "A new code is on its way; the one before is of no use any more.")
	case "mended":
		c.done = r.words.Say("メールアドレスを訂正し、確認コードを送りました。前のコードは使えません。", "The address is mended, and a code is on its way there; the one before is of no use any more.")
	}
	return p.showConfirm(r, http.StatusOK, c)
}

func (p *Pages) showConfirm(r *request, status int, c confirming) error {
	ctx, actor, err := r.needActor()
	if err != nil {
		return err
	}
	if c.self, err = p.market.Self(ctx, actor); err != nil {
		return err
	}
	c.home = home(actor.Kind)
	return p.show(r, status, confirmTitle(r.words, &c), confirmPage(r.words, &c))
}

func confirmTitle(w words, c *confirming) string {
	if c.self.Confirmed {
		return w.Say("メールアドレスは確認済みです", "Your address is confirmed")
	}
	return w.Say("メールに届いた確認コードを入力してください", "Type the code that we mailed you")
}

// confirmOpens says what somebody can do once their address is confirmed.
func confirmOpens(w words, kind account.Kind) string {
	if kind == account.Member {
		return w.Say("確認が終わるまで、メンバーを招待することはできません。", "Until it is confirmed, you cannot invite anybody.")
	}
	return w.Say("確認が終わるまで、オファーを受けることはできません。", "Until it is confirmed, no offer can be accepted.")
}

func (p *Pages) confirm(r *request) error {
	ctx, actor, err := r.needActor()
	if err != nil {
		return err
	}
	code := r.PostFormValue("code")
	err = p.market.Confirm(ctx, actor, code)
	switch {
	case errs.Is(err, errs.Invalid):
		return p.showConfirm(r, http.StatusUnprocessableEntity, confirming{code: code, wrong: faults{"code": r.words.Say(
			"確認コードが違います。いちばん新しいメールに書かれた8桁の数字を入力してください。", "The code is not right. Please type the eight digits of the newest mail.")}})
	case errs.Is(err, errs.TooMany):
		return p.showConfirm(r, http.StatusTooManyRequests, confirming{code: code, stop: r.words.Say(
			"今日はもう試せません。明日、もう一度お試しください。", "That was wrong too often today. Please try again tomorrow.")})
	case errs.Is(err, errs.Conflict):
		return p.showConfirm(r, http.StatusConflict, confirming{stop: r.words.Say(
			"このアドレスは、あなたの別の登録で確認済みです。そちらでログインするか、別のアドレスに訂正してください。", "You have confirmed this address for another account. Sign in to that one, or give another address here.")})
	case err != nil:
		return err
	}
	r.see(home(actor.Kind))
	return nil
}

func (p *Pages) sendCode(r *request) error {
	ctx, actor, err := r.needActor()
	if err != nil {
		return err
	}
	if err := p.market.SendCode(ctx, actor); err != nil {
		return p.notMailed(r, err, confirming{})
	}
	r.see("/confirm?done=resent")
	return nil
}

func (p *Pages) mendAddress(r *request) error {
	ctx, actor, err := r.needActor()
	if err != nil {
		return err
	}
	c := confirming{email: r.PostFormValue("email")}
	if err := p.market.MendAddress(ctx, actor, c.email); err != nil {
		c.wrong = faultsOf(r.words, err)
		return p.notMailed(r, err, c)
	}
	r.see("/confirm?done=mended")
	return nil
}

// notMailed shows the page again with why no mail was sent.
func (p *Pages) notMailed(r *request, err error, c confirming) error {
	switch {
	case errs.Is(err, errs.Invalid):
		return p.showConfirm(r, http.StatusUnprocessableEntity, c)
	case errs.Is(err, errs.Conflict): // it was confirmed meanwhile
		return p.showConfirm(r, http.StatusConflict, c)
	case errs.Is(err, errs.TooMany):
		c.stop = r.words.Say("24時間に送れるメールの数を超えました。迷惑メールをご確認のうえ、明日もう一度お試しください。", "No more mails can be sent within 24 hours. Please look into your spam, and try again tomorrow.")
		return p.showConfirm(r, http.StatusTooManyRequests, c)
	}
	return err
}
