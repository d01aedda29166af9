package web

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"enishi/internal/market"
)

// The purposes of what is sealed here.
const (
	ownerPurpose = "owner of a browser's forms"
	markPurpose  = "account of a page"
	keptPurpose  = "form whose session had ended"
)

// kept is a form that was sent when its session had ended. On the page to sign in it
// is sealed: whoever else sits there reads nothing of it, and nobody makes one.
type kept struct {
	Account int64 // who sent it
	Pattern string
	Path    string
	Form    url.Values
}

// owned notes whose pages the browser reads.
func (p *Pages) owned(r *request) error {
	mine, err := p.market.SealCursor(ownerPurpose, r.actor.Account)
	if err != nil {
		return err
	}
	if ownerCookie.of(r.Request) != mine {
		r.keep(ownerCookie, mine, ownerLife)
	}
	return nil
}

// owner gives whose pages the browser read last, 0 if nobody knows.
func (p *Pages) owner(r *request) int64 {
	account, err := p.market.OpenCursor(ownerPurpose, ownerCookie.of(r.Request))
	if err != nil {
		return 0
	}
	return account
}

// typist gives who typed what a request sends: whose page it was typed on, if the page's
// script says so, since another may have used the browser beside it; else the owner.
func (p *Pages) typist(r *request) int64 {
	if mark := r.Header.Get(accountHeader); mark != "" {
		account, err := p.market.OpenCursor(markPurpose, mark)
		if err != nil {
			return 0
		}
		return account
	}
	return p.owner(r)
}

// keepForm gives the form of a request, sealed, if it is one of those that are kept and
// belongs to somebody.
func (p *Pages) keepForm(r *request) (string, error) {
	k := kept{Account: p.typist(r), Pattern: r.Pattern, Path: r.URL.Path, Form: url.Values{}}
	if formName(r.words, k.Pattern) == "" || k.Account == 0 {
		return "", nil
	}
	for name, values := range r.PostForm {
		if !secret(name) {
			k.Form[name] = values
		}
	}
	text, err := json.Marshal(k)
	if err != nil {
		return "", err
	}
	return p.market.SealText(keptPurpose, string(text)), nil
}

// openForm gives back a form that was kept; false if it is none.
func (p *Pages) openForm(sealed string) (kept, bool) {
	var k kept
	text, err := p.market.OpenText(keptPurpose, sealed)
	if err != nil || json.Unmarshal([]byte(text), &k) != nil {
		return kept{}, false
	}
	return k, true
}

// resume offers a form again that was sent when the session had ended, to the account
// that sent it. To another it says that the form is gone.
func (p *Pages) resume(r *request, k kept, actor market.Actor) error {
	r.actor = &actor
	if k.Account != actor.Account {
		title := r.words.Say("前の入力は、破棄しました", "What was typed before is gone")
		return p.show(r, http.StatusOK, title, droppedPage(r.words, title, home(actor.Kind)))
	}
	name := formName(r.words, k.Pattern)
	title := r.words.Say("「"+name+"」の入力が残っています", name+": what you typed is still here")
	return p.show(r, http.StatusOK, title, resumePage(r.words, title, name, k))
}

// secret says whether a field holds what signs somebody in: it is never written into
// a page.
func secret(name string) bool {
	return strings.Contains(name, "password") || name == "current" || name == "code"
}

// formName names a form that is kept when its session has ended: one that took its
// author some time, or answers somebody. Every other is "": what erases, revokes,
// removes or decides over others is asked again, on the page that says what it does.
func formName(w words, pattern string) string {
	switch pattern {
	case "POST /profile":
		return w.Say("経歴", "Your career")
	case "POST /wishes":
		return w.Say("希望条件", "Your wishes")
	case "POST /offers/{id}/{action}":
		return w.Say("オファーへの回答", "Your answer to an offer")
	case "POST /offers/{id}/messages":
		return w.Say("企業へのメッセージ", "Your message to the company")
	case "POST /company/offers/{id}/messages":
		return w.Say("候補者へのメッセージ", "Your message to the candidate")
	case "POST /company/offers/{id}/slots":
		return w.Say("日時の提案", "The times that you propose")
	case "POST /company/positions", "POST /company/positions/{id}":
		return w.Say("求人の内容", "The position")
	case "POST /company/rules/new", "POST /company/rules/{id}":
		return w.Say("オファー条件", "The rule")
	case "POST /company/scouts/new":
		return w.Say("スカウト", "The scout")
	case "POST /company/searches":
		return w.Say("検索条件の保存", "The search to keep")
	}
	return ""
}
