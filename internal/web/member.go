package web

import (
	"context"
	"net/http"
	"strconv"

	"github.com/google/uuid"

	"enishi/internal/account"
	"enishi/internal/errs"
	"enishi/internal/httpx"
	"enishi/internal/market"
)

func (p *Pages) memberRoutes() []Route {
	of := func(pattern string, serve func(*request) error) Route {
		return Route{Pattern: pattern, Who: Members, class: httpx.Ordinary, serve: serve}
	}
	return []Route{
		of("GET /company/settings", p.companySettings),
		of("GET /company/members", p.members),
		of("POST /company/members", p.invite),
		of("POST /company/members/{id}/role", p.setRole),
		of("POST /company/members/{id}/remove", p.removeMember),
		of("POST /company/invitations/{id}/resend", p.resend),
		of("POST /company/invitations/{id}/revoke", p.uninvite),
		of("GET /company/tokens", p.tokens),
		of("POST /company/tokens", p.mint),
		of("POST /company/tokens/{id}/revoke", p.revoke),
		of("GET /company/audit", p.companyAudit),
	}
}

// companySettings leads to what a company has set up, as far as its reader may.
func (p *Pages) companySettings(r *request) error {
	ctx, actor, err := r.needActor()
	if err != nil {
		return err
	}
	self, err := p.market.Self(ctx, actor)
	if err != nil {
		return err
	}
	k, err := p.market.Employer(ctx, actor)
	if err != nil {
		return err
	}
	title := r.words.Say(self.Company+"の設定", "Settings of "+self.Company)
	return p.show(r, http.StatusOK, title, companySettingsPage(r.words, title, k, self, actor.Role))
}

// inviting is what the page of members keeps: what was typed, what is wrong with it,
// what was done, and what could not be done.
type inviting struct {
	Email, Role string
	Faults      faults
	Done, Wrong string
	Unconfirmed bool // the reader's own address: they cannot invite yet
}

func (p *Pages) members(r *request) error {
	done := map[string]string{
		"invited": r.words.Say("招待のメールを送りました。", "The invitation is on its way."),
		"resent":  r.words.Say("新しいリンクを送りました。前のリンクは使えません。", "A new link is on its way; the one before is of no use any more."),
		"revoked": r.words.Say("招待を取り消しました。", "The invitation is revoked."),
		"role":    r.words.Say("役割を変えました。すぐに反映されます。", "The role is changed, at once."),
		"removed": r.words.Say("メンバーを外しました。すべての端末からログアウトしています。", "The member is removed, and signed out everywhere."),
	}[r.URL.Query().Get("done")]
	return p.showMembers(r, http.StatusOK, inviting{Done: done})
}

func (p *Pages) showMembers(r *request, status int, typed inviting) error {
	ctx, actor, err := r.needActor()
	if err != nil {
		return err
	}
	people, invited, err := p.market.Members(ctx, actor)
	if err != nil {
		return err
	}
	n := grouped(len(people))
	title := r.words.Say(n+"人 で採用を進めています", "A team of "+n)
	if len(people) == 1 {
		title = r.words.Say("いまは、あなた1人です", "You are alone so far")
	}
	manages := actor.Role.May(account.ManageMembers) == nil
	typed.Unconfirmed = !actor.Confirmed
	return p.show(r, status, title, membersPage(r.words, title, people, invited, manages, typed))
}

// explained shows the members again with why something could not be done; an error
// that people cannot mend comes back.
func (p *Pages) explained(r *request, err error) error {
	switch {
	case errs.Is(err, errs.Conflict):
		return p.showMembers(r, http.StatusConflict, inviting{Wrong: r.words.Say(
			"管理者が1人もいなくなるため、できません。先に、ほかの方を管理者にしてください。", "A company keeps one owner at least. Make somebody else an owner first.")})
	case errs.Is(err, errs.TooMany):
		return p.showMembers(r, http.StatusTooManyRequests, inviting{Wrong: r.words.Say(
			"これ以上は送れません。返事を待つか、取り消してください。", "No more can be sent. Wait for an answer, or revoke it.")})
	}
	return err
}

func (p *Pages) invite(r *request) error {
	ctx, actor, err := r.needActor()
	if err != nil {
		return err
	}
	typed := inviting{Email: r.PostFormValue("email"), Role: r.PostFormValue("role")}
	_, err = p.market.Invite(ctx, actor, typed.Email, account.Role(typed.Role), r.once())
	if errs.Is(err, errs.Invalid) {
		said := map[string]string{"role": r.words.Say("役割を選んでください。", "Choose a role.")}
		if _, parse := account.ParseEmail(typed.Email); parse == nil {
			said["email"] = r.words.Say("この方は、すでにメンバーか、招待済みです。", "This address is a member, or invited, already.")
		}
		typed.Faults = p.faults(r, err, said)
		return p.showMembers(r, http.StatusUnprocessableEntity, typed)
	}
	if errs.Is(err, errs.Denied) && !actor.Confirmed && actor.Role.Can(account.ManageMembers) {
		return p.showMembers(r, http.StatusForbidden, typed) // which says why
	}
	return p.then(r, err, "/company/members?done=invited", p.explained)
}

// then goes on to a page, or explains what stands in the way.
func (p *Pages) then(r *request, err error, path string, explain func(*request, error) error) error {
	if err != nil {
		return explain(r, err)
	}
	r.see(path)
	return nil
}

// needID gives who asks, and the id that the path names.
func (r *request) needID(what string) (context.Context, market.Actor, uuid.UUID, error) {
	ctx, actor, err := r.needActor()
	if err != nil {
		return ctx, actor, uuid.Nil, err
	}
	id, err := uuid.Parse(r.PathValue("id"))
	if err != nil {
		err = errs.New(errs.NotFound, "no such "+what)
	}
	return ctx, actor, id, err
}

func (p *Pages) setRole(r *request) error {
	ctx, actor, id, err := r.needID("member")
	if err != nil {
		return err
	}
	return p.then(r, p.market.SetRole(ctx, actor, id, account.Role(r.PostFormValue("role"))), "/company/members?done=role", p.explained)
}

func (p *Pages) removeMember(r *request) error {
	ctx, actor, id, err := r.needID("member")
	if err != nil {
		return err
	}
	return p.then(r, p.market.RemoveMember(ctx, actor, id), "/company/members?done=removed", p.explained)
}

func (p *Pages) resend(r *request) error {
	ctx, actor, id, err := r.needID("invitation")
	if err != nil {
		return err
	}
	_, err = p.market.Reinvite(ctx, actor, id)
	return p.then(r, err, "/company/members?done=resent", p.explained)
}

func (p *Pages) uninvite(r *request) error {
	ctx, actor, id, err := r.needID("invitation")
	if err != nil {
		return err
	}
	return p.then(r, p.market.Uninvite(ctx, actor, id), "/company/members?done=revoked", p.explained)
}

// minting is what the page of tokens keeps. Token is shown this once.
type minting struct {
	Name, Role  string
	Faults      faults
	Token, Done string
	Wrong       string
}

func (p *Pages) tokens(r *request) error {
	var t minting
	if r.URL.Query().Get("done") == "revoked" {
		t.Done = r.words.Say("トークンを無効にしました。", "The token is revoked.")
	}
	return p.showTokens(r, http.StatusOK, t)
}

func (p *Pages) showTokens(r *request, status int, t minting) error {
	ctx, actor, err := r.needActor()
	if err != nil {
		return err
	}
	list, err := p.market.Machines(ctx, actor)
	if err != nil {
		return err
	}
	n := grouped(len(list))
	title := r.words.Say(n+"個 のトークンが有効です", n+" tokens are good")
	if len(list) == 0 {
		title = r.words.Say("有効なトークンはありません", "No token is good")
	}
	return p.show(r, status, title, tokensPage(r.words, title, list, t))
}

func (p *Pages) mint(r *request) error {
	ctx, actor, err := r.needActor()
	if err != nil {
		return err
	}
	t := minting{Name: r.PostFormValue("name"), Role: r.PostFormValue("role")}
	made, err := p.market.Mint(ctx, actor, t.Name, account.Role(t.Role), r.once())
	switch {
	case errs.Is(err, errs.Invalid):
		t.Faults = p.faults(r, err, map[string]string{
			"role": r.words.Say("役割を選んでください。", "Choose a role."),
			"name": r.words.Say("ほかのトークンと違う名前を、1〜60文字で入力してください。", "Give it a name of its own, up to 60 characters."),
		})
		return p.showTokens(r, http.StatusUnprocessableEntity, t)
	case errs.Is(err, errs.TooMany):
		t.Wrong = r.words.Say("トークンが多すぎます。使っていないものを無効にしてください。", "There are too many tokens. Revoke those that are not used.")
		return p.showTokens(r, http.StatusTooManyRequests, t)
	case err != nil:
		return err
	}
	return p.showTokens(r, http.StatusOK, minting{Token: made.Token}) // no address shows it again
}

func (p *Pages) revoke(r *request) error {
	ctx, actor, id, err := r.needID("token")
	if err != nil {
		return err
	}
	if err := p.market.Revoke(ctx, actor, id); err != nil {
		return err
	}
	r.see("/company/tokens?done=revoked")
	return nil
}

// auditShown is how many entries a page lists.
const auditShown = 50

// auditing is a page of the audit log.
type auditing struct {
	path    string
	what    market.Audited
	company string // id; operators narrow the log to one
	list    []market.Noted
	names   map[uuid.UUID]string // of those whom the reader knows by address
	next    string
}

func (p *Pages) companyAudit(r *request) error {
	a, err := p.readAudit(r, companyAuditPath, market.EntryFilter{})
	if err != nil {
		return err
	}
	people, _, err := p.market.Members(r.Context(), *r.actor)
	if err != nil {
		return err
	}
	for _, one := range people {
		a.names[one.ID] = one.Email
	}
	title := r.words.Say("だれが、いつ、何をしたか", "Who did what, and when")
	return p.show(r, http.StatusOK, title, auditPage(r.words, title, a))
}

// readAudit reads the page of the log that the address asks for.
func (p *Pages) readAudit(r *request, path string, of market.EntryFilter) (auditing, error) {
	ctx, actor, err := r.needActor()
	if err != nil {
		return auditing{}, err
	}
	q := r.URL.Query()
	a := auditing{path: path, what: market.Audited(q.Get("what")), company: q.Get("company"), names: map[uuid.UUID]string{}}
	of.What = a.what
	scope := path + " " + string(a.what) + " " + a.company + " of " + strconv.FormatInt(actor.Account, 10)
	var before int64
	if text := q.Get("cursor"); text != "" {
		if before, err = p.market.OpenCursor(scope, text); err != nil {
			return a, err
		}
	}
	list, next, err := p.market.Audit(ctx, actor, of, before, auditShown)
	if err != nil {
		return a, err
	}
	a.list = list
	if next != 0 {
		a.next, err = p.market.SealCursor(scope, next)
	}
	return a, err
}
