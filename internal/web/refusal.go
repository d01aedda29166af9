package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"path"
	"strings"

	"enishi/internal/account"
	"enishi/internal/company"
	"enishi/internal/httpx"
)

// refusal is what a page says of a request that was refused: never in the words of
// the error, which are for those who call the API.
type refusal struct {
	title, text string
	signedIn    string // as whom, where that is the reason
	ways        []link // on from here, the best first
}

// refusalOf says what a problem is to whoever reads the page.
func (p *Pages) refusalOf(r *request, problem *httpx.Problem) refusal {
	w := r.words
	var role *account.Forbidden
	var other *otherKind
	switch {
	case errors.As(problem, &role):
		return roleRefusal(w, role, p.wayBack(r))
	case errors.As(problem, &other):
		return p.kindRefusal(r, other.want)
	case problem.Status == http.StatusForbidden && r.actor != nil && r.actor.Kind == account.Member:
		return p.companyRefusal(r)
	}
	f := statusRefusal(w, problem.Status)
	if problem.Status == http.StatusMethodNotAllowed || r.who != "" {
		f.ways = []link{p.wayBack(r)}
	} else {
		f.ways = []link{{"/", w.Say("トップへ", "To the start")}}
	}
	return f
}

// statusRefusal says what a status means.
func statusRefusal(w words, status int) refusal {
	say := func(titleJA, titleEN, textJA, textEN string) refusal {
		return refusal{title: w.Say(titleJA, titleEN), text: w.Say(textJA, textEN)}
	}
	switch status {
	case http.StatusNotFound:
		return say("ページが見つかりません", "There is no such page", "アドレスが変わったか、もう公開されていません。", "It has moved, or is no longer there.")
	case http.StatusMethodNotAllowed:
		return say("この操作は画面から行ってください", "Please do this from its page", "アドレスを開いただけでは、何も行われません。いまの操作では、何も変わっていません。", "Opening the address does nothing: nothing has changed.")
	case http.StatusForbidden:
		return say("この操作はできませんでした", "This could not be done", "このサイトの画面から送られた操作ではないか、このアカウントには許されていません。画面を開き直して、もう一度お試しください。", "It was not sent from a page of this site, or this account is not allowed it. Open the page again and try once more.")
	case http.StatusConflict:
		return say("いまの状態では、その操作はできません", "That cannot be done as things stand", "ほかの画面か、ほかの人の操作で、状態が変わりました。画面を開き直してご確認ください。", "Something has changed meanwhile, in another window or by somebody else. Open the page again to see how it stands.")
	case http.StatusPreconditionFailed, http.StatusPreconditionRequired:
		return say("ほかの画面で変更されています", "It was changed in another window", "画面を開き直して、いまの内容をご確認ください。", "Open the page again to see how it is now.")
	case http.StatusUnprocessableEntity, http.StatusBadRequest, http.StatusUnsupportedMediaType:
		return say("送られた内容を読み取れませんでした", "What was sent could not be read", "何も変わっていません。画面を開き直して、もう一度入力してください。", "Nothing has changed. Open the page again, and fill it in once more.")
	case http.StatusRequestEntityTooLarge:
		return say("内容が大きすぎて送れませんでした", "That is too much to send", "何も変わっていません。文章を短くして、もう一度お試しください。", "Nothing has changed. Make it shorter, and try again.")
	case http.StatusTooManyRequests:
		return say("しばらく待ってから、もう一度お試しください", "Please wait a little and try again", "短い時間に何度も操作が行われました。", "There were many requests in a short time.")
	case http.StatusServiceUnavailable:
		return say("ただいま混み合っています", "We are busy at the moment", "少し待ってから、もう一度お試しください。入力した内容はブラウザの「戻る」で戻せます。", "Please wait a moment and try again. Your browser's back button brings back what you typed.")
	}
	return say("うまくいきませんでした", "Something went wrong", "原因は記録されました。少し待ってから、もう一度お試しください。", "It has been noted. Please try again in a moment.")
}

// roleRefusal says that a role is not allowed something, and whose it is.
func roleRefusal(w words, f *account.Forbidden, back link) refusal {
	who := make([]string, 0, 2)
	for _, r := range f.Action.Allowed() {
		who = append(who, roleName(w, r))
	}
	allowed := strings.Join(who, w.Say("か", " or "))
	return refusal{
		title: w.Say("この役割では、"+actionName(w, f.Action)+"ことはできません", "Your role may not "+actionName(w, f.Action)),
		text: w.Say("あなたの役割は「"+roleName(w, f.Role)+"」です。"+allowed+"の役割が必要です。必要なときは、管理者に役割の変更を頼んでください。",
			"You are a "+strings.ToLower(roleName(w, f.Role))+"; it takes the role "+strings.ToLower(allowed)+". If you need it, ask an owner to change yours."),
		ways: []link{back, {"/company/members", w.Say("管理者を確かめる", "See who the owners are")}},
	}
}

// actionName says what a role may be allowed, "": nobody has said.
func actionName(w words, a account.Action) string {
	switch a {
	case account.ReadOffers:
		return w.Say("オファーを見る", "see offers")
	case account.SearchPeople:
		return w.Say("候補者を探す", "search candidates")
	case account.SaveSearch:
		return w.Say("検索条件を保存する", "keep searches")
	case account.OpenCard:
		return w.Say("候補者の経歴を開く", "open a candidate's career")
	case account.EditPosition:
		return w.Say("求人を編集する", "edit positions")
	case account.EditRule:
		return w.Say("オファー条件を編集する", "edit rules")
	case account.ActivateRule:
		return w.Say("オファー条件を有効にしたり、送信を確認したりする", "activate rules or confirm what they send")
	case account.AnswerOffer:
		return w.Say("候補者に連絡したり、選考を進めたりする", "write to candidates or take steps with them")
	case account.Scout:
		return w.Say("スカウトを送る", "send scouts")
	case account.ManageMembers:
		return w.Say("メンバーを招待したり、役割を変えたりする", "invite people or change roles")
	case account.ManageTokens:
		return w.Say("APIトークンを管理する", "manage API tokens")
	case account.ReadAudit:
		return w.Say("監査ログを見る", "read the audit log")
	case account.ManageWebhooks:
		return w.Say("Webhookを管理する", "manage webhooks")
	}
	return ""
}

// kindRefusal says whom a page is for, as whom its reader is signed in, and how to
// come back as somebody else.
func (p *Pages) kindRefusal(r *request, want Audience) refusal {
	w := r.words
	name := audienceName(w, want)
	f := refusal{
		title: w.Say("この画面は、"+name+"のものです", "This page is for "+name),
		text:  w.Say(name+"のアカウントをお持ちのときは、ログインし直してください。", "If you have such an account, sign in with it."),
		ways: []link{
			{home(r.actor.Kind), w.Say("自分のホームへ", "To your own start")},
			{"/signin?" + url.Values{"as": {string(want)}, "back": {p.pageOf(r)}}.Encode(), w.Say("別のアカウントでログインする", "Sign in as somebody else")},
		},
	}
	if self, err := p.market.Self(context.WithoutCancel(r.Context()), *r.actor); err == nil {
		f.signedIn = w.Say("いまは "+self.Email+"（"+audienceName(w, Audience(self.Kind))+"）でログインしています。", "You are signed in as "+self.Email+", which is an account of "+audienceName(w, Audience(self.Kind))+".")
	}
	return f
}

// audienceName says whom pages are for.
func audienceName(w words, a Audience) string {
	switch a {
	case Candidates:
		return w.Say("求職者", "candidates")
	case Members:
		return w.Say("企業の担当者", "members of companies")
	case Operators:
		return w.Say("運営", "operators")
	}
	return ""
}

// companyRefusal says what stands in the way of a company as a whole.
func (p *Pages) companyRefusal(r *request) refusal {
	w := r.words
	f := statusRefusal(w, http.StatusForbidden)
	f.ways = []link{p.wayBack(r), {"/company", w.Say("企業のホームへ", "To the company's start")}}
	k, err := p.market.Employer(r.Context(), *r.actor)
	switch {
	case err != nil:
	case k.Status == company.Applied:
		f.title = w.Say("企業の確認が終わると、できるようになります", "This opens once your company is verified")
		f.text = w.Say("運営が登録内容を確認しています。それまでは、求人やオファー条件を準備できます。", "An operator is looking at your registration. Meanwhile you can prepare positions and rules.")
	case k.Status == company.Suspended:
		f.title = w.Say("企業アカウントが停止されています", "Your company is suspended")
		f.text = w.Say("停止されている間は、候補者の検索、オファーの送信、連絡はできません。", "While it is suspended, nobody can be searched, sent offers or written to.")
	}
	return f
}

// notVerified answers who may not look at candidates because of how far the operator
// is with their company; other refusals are passed on.
func (p *Pages) notVerified(r *request, refused error) error {
	ctx, actor, err := r.needActor()
	if err != nil {
		return err
	}
	k, err := p.market.Employer(ctx, actor)
	switch {
	case err != nil:
		return err
	case k.Status == company.Applied:
		return p.show(r, http.StatusForbidden, r.words.Say("候補者を探す", "Search"), unverifiedPage(r.words))
	case k.Status == company.Suspended:
		return p.show(r, http.StatusForbidden, r.words.Say("候補者を探す", "Search"), suspendedPage(r.words, k.Freed))
	}
	return refused
}

// wayBack leads on from a request that was refused: to the page with the form that was
// sent, or the nearest page above.
func (p *Pages) wayBack(r *request) link {
	at := p.pageAt(path.Dir(r.URL.Path))
	if r.Method != http.MethodGet || r.who == "" {
		at = p.pageOf(r)
	}
	switch {
	case at == "/" && r.actor != nil:
		return link{home(r.actor.Kind), r.words.Say("ホームへ", "To your start")}
	case at == "/":
		return link{at, r.words.Say("トップへ", "To the start")}
	}
	return link{at, r.words.Say("画面に戻る", "Back to the page")}
}

// pageOf is the page to which a request belongs: itself, the page with the form that
// was sent, or the nearest page above.
func (p *Pages) pageOf(r *request) string {
	if r.who != "" && r.Method == http.MethodGet {
		return r.URL.RequestURI()
	}
	if from := r.returnPath(); from != "/" && r.Method != http.MethodGet {
		return from
	}
	return p.pageAt(r.URL.Path)
}

// pageAt is the page at a path, or the nearest above it.
func (p *Pages) pageAt(at string) string {
	for ; at != "/" && at != "."; at = path.Dir(at) {
		ask := &http.Request{Method: http.MethodGet, Host: "enishi", URL: &url.URL{Path: at}}
		if _, pattern := p.mux.Handler(ask); strings.HasPrefix(pattern, "GET ") {
			return at
		}
	}
	return "/"
}
