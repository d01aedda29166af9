package web

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"

	"enishi/internal/corpnum"
	"enishi/internal/errs"
	"enishi/internal/httpx"
	"enishi/internal/market"
)

func (p *Pages) firmRoutes() []Route {
	return []Route{
		{Pattern: "GET /companies/new", Who: Anyone, class: httpx.Ordinary, serve: p.foundForm},
		{Pattern: "POST /companies/new", Who: Anyone, class: httpx.SignUp, serve: p.found, limited: true},
	}
}

func (p *Pages) foundForm(r *request) error {
	return p.showFound(r, http.StatusOK, url.Values{}, nil)
}

func (p *Pages) showFound(r *request, status int, form url.Values, wrong faults) error {
	title := r.words.Say("会いたい人に、面接の約束から始める。", "Begin with a promise: we will interview you")
	return p.show(r, status, title, foundPage(r.words, title, form, wrong))
}

// found registers a company, and signs its owner in.
func (p *Pages) found(r *request) error {
	if err := r.ParseForm(); err != nil {
		return errs.Wrap(errs.Invalid, "the form cannot be read", err)
	}
	form, wrong := r.PostForm, faults{}
	in := market.Found{Name: strings.TrimSpace(form.Get("name")), Email: form.Get("email"), Password: form.Get("password")}
	in.Number = corporate(r.words, form.Get("corporate_number"), "corporate_number", wrong)
	if form.Get("head") != "" {
		in.Head = corporate(r.words, form.Get("head"), "head", wrong)
	}
	size, err := strconv.Atoi(form.Get("size"))
	if err != nil {
		size = -1
	}
	in.Size = size
	if in.Password == "" { // elsewhere a password may follow
		wrong["password"] = passwordFault(r.words)
	}
	if len(wrong) > 0 {
		return p.showFound(r, http.StatusUnprocessableEntity, form, wrong)
	}
	made, err := p.market.Found(r.Context(), in, r.once())
	switch {
	case errs.Is(err, errs.Invalid):
		wrong = p.faults(r, err, map[string]string{
			"name": r.words.Say("登記された企業名を、100文字以内で入力してください。", "Type the registered name, up to 100 characters."),
			"size": r.words.Say("従業員数を選んでください。", "Choose a size."),
		})
		return p.showFound(r, http.StatusUnprocessableEntity, form, wrong)
	case errs.Is(err, errs.Conflict):
		wrong["corporate_number"] = r.words.Say("この法人番号は、すでに登録されています。社内の管理者に招待を依頼してください。", "This company is registered already. Ask one of its owners to invite you.") +
			r.words.OrOperator("お心当たりのない登録であれば、運営へご連絡ください", " If it is nobody of yours, write to the operator", "", "")
		return p.showFound(r, http.StatusConflict, form, wrong)
	case err != nil:
		return err
	}
	r.keep(sessionCookie, made.Token, sessionLife)
	r.see("/company")
	return nil
}

// corporate reads a corporate number as people type it, and says in a sentence what is
// wrong with it.
func corporate(w words, text, name string, wrong faults) corpnum.Number {
	digits := strings.NewReplacer("-", "", " ", "", "T", "").Replace(norm.NFKC.String(strings.TrimSpace(text)))
	n, err := corpnum.Parse(digits)
	switch {
	case err == nil:
	case len(digits) != 13 || strings.Trim(digits, "0123456789") != "":
		wrong[name] = w.Say("法人番号は13桁の数字です。いまは"+strconv.Itoa(len([]rune(digits)))+"文字です。", "A corporate number has 13 digits; this has "+strconv.Itoa(len([]rune(digits)))+" characters.")
	default:
		wrong[name] = w.Say("検査用数字（先頭の1桁）が、残りの12桁と合いません。打ち間違いがないかご確認ください。", "The first digit is a check digit, and does not fit the other twelve. Please look for a slip.")
	}
	return n
}
