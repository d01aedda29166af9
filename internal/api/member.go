package api

import (
	"context"
	"net/http"
	"time"

	"enishi/internal/account"
	"enishi/internal/httpx"
	"enishi/internal/market"
)

// Member is a member of your company.
type Member struct {
	ID        string `json:"id"`
	Email     string `json:"email"`
	Role      string `json:"role" enum:"owner,recruiter,viewer"`
	Confirmed bool   `json:"confirmed" doc:"The address is confirmed."`
	Self      bool   `json:"self" doc:"It is you."`
}

// Invitation is an address that your company has invited.
type Invitation struct {
	ID        string    `json:"id"`
	Email     string    `json:"email"`
	Role      string    `json:"role" enum:"owner,recruiter,viewer"`
	InvitedAt time.Time `json:"invited_at"`
	ExpiresAt time.Time `json:"expires_at"`
	Lapsed    bool      `json:"lapsed"`
	Mails     int       `json:"mails" doc:"How often it was mailed."`
}

// Members are a company's members and who is invited.
type Members struct {
	Items       []Member     `json:"items"`
	Invitations []Invitation `json:"invitations"`
}

// InvitationBody invites somebody.
type InvitationBody struct {
	Email string `json:"email" format:"email" maxLength:"254"`
	Role  string `json:"role" enum:"owner,recruiter,viewer"`
}

// RoleBody gives a role.
type RoleBody struct {
	Role string `json:"role" enum:"owner,recruiter,viewer"`
}

// LinkBody names an invitation by the code of its link.
type LinkBody struct {
	Code string `json:"code" maxLength:"100" doc:"Of the link that was mailed."`
}

// LinkAnswer is what an invitation is for.
type LinkAnswer struct {
	Company string `json:"company" doc:"Its name."`
	Email   string `json:"email"`
	Role    string `json:"role" enum:"owner,recruiter,viewer"`
}

// JoinBody accepts an invitation.
type JoinBody struct {
	Code     string `json:"code" maxLength:"100" doc:"Of the link that was mailed."`
	Password string `json:"password" minLength:"8" maxLength:"128"`
}

func exampleMember() Member {
	return Member{exampleID(6), "saiyou@enishi-shouji.example.jp", "owner", true, true}
}

func exampleInvitation() Invitation {
	at := time.Date(2026, time.December, 1, 0, 30, 0, 0, time.UTC)
	return Invitation{exampleID(7), "jinji@enishi-shouji.example.jp", "recruiter", at, at.Add(7 * 24 * time.Hour), false, 1}
}

func (s *service) addMembers() {
	of := func(method, path, id, summary string) operation {
		return operation{method: method, path: path, id: id, class: httpx.Ordinary, tag: tagCompanies, who: members, summary: summary}
	}
	list := of(http.MethodGet, "/api/v1/members", "members", "The members of your company, and who is invited")
	list.answer = Members{[]Member{exampleMember()}, []Invitation{exampleInvitation()}}
	handle(s, list, s.members)
	invite := of(http.MethodPost, "/api/v1/invitations", "invite-member", "Invite somebody to your company, by a mail with a link that lasts 7 days")
	invite.status, invite.answer = http.StatusCreated, exampleInvitation()
	invite.request = InvitationBody{"jinji@enishi-shouji.example.jp", "recruiter"}
	invite.errors = []int{http.StatusTooManyRequests, http.StatusConflict}
	handleBody(s, invite, s.invite)
	resend := of(http.MethodPost, "/api/v1/invitations/{id}/resend", "resend-invitation", "Mail an invitation again, with a new link and seven more days")
	resend.answer, resend.errors = exampleInvitation(), []int{http.StatusTooManyRequests}
	handle(s, resend, func(ctx context.Context, in *Identified) (*answered[Invitation], error) {
		id, err := in.uuid("invitation")
		if err != nil {
			return nil, err
		}
		i, err := s.market.Reinvite(ctx, actorOf(ctx), id)
		return &answered[Invitation]{invitationOf(i)}, err
	})
	revoke := of(http.MethodDelete, "/api/v1/invitations/{id}", "revoke-invitation", "Revoke an invitation")
	revoke.status = http.StatusNoContent
	handle(s, revoke, func(ctx context.Context, in *Identified) (*none, error) {
		id, err := in.uuid("invitation")
		if err != nil {
			return nil, err
		}
		return &none{}, s.market.Uninvite(ctx, actorOf(ctx), id)
	})
	role := of(http.MethodPost, "/api/v1/members/{id}/role", "set-member-role", "Give a member another role; a company keeps one owner at least")
	role.status, role.request, role.errors = http.StatusNoContent, RoleBody{"owner"}, []int{http.StatusConflict}
	handleBody(s, role, func(ctx context.Context, in *Identified, b *RoleBody) (*none, error) {
		id, err := in.uuid("member")
		if err != nil {
			return nil, err
		}
		return &none{}, s.market.SetRole(ctx, actorOf(ctx), id, account.Role(b.Role))
	})
	remove := of(http.MethodDelete, "/api/v1/members/{id}", "remove-member", "Remove a member: their sessions end at once, their address is forgotten")
	remove.status, remove.errors = http.StatusNoContent, []int{http.StatusConflict}
	handle(s, remove, func(ctx context.Context, in *Identified) (*none, error) {
		id, err := in.uuid("member")
		if err != nil {
			return nil, err
		}
		return &none{}, s.market.RemoveMember(ctx, actorOf(ctx), id)
	})
	s.addJoining()
}

// addJoining adds what somebody does who was invited.
func (s *service) addJoining() {
	handleBody(s, operation{
		method: http.MethodPost, path: "/api/v1/invitations/open", id: "open-invitation", class: httpx.SignIn, tag: tagVisitors, limited: true,
		summary: "See what an invitation is for", errors: []int{http.StatusNotFound},
		request: LinkBody{exampleToken}, answer: LinkAnswer{exampleCompany().Name, "jinji@enishi-shouji.example.jp", "recruiter"},
	}, func(ctx context.Context, _ *none, b *LinkBody) (*answered[LinkAnswer], error) {
		i, err := s.market.Invitation(ctx, b.Code)
		return &answered[LinkAnswer]{LinkAnswer{i.Company, i.Email, string(i.Role)}}, err
	})
	handleBody(s, operation{
		method: http.MethodPost, path: "/api/v1/invitations/accept", id: "accept-invitation", class: httpx.SignUp, tag: tagVisitors, limited: true,
		status: http.StatusCreated, summary: "Accept an invitation: become a member of the company that sent it",
		errors:  []int{http.StatusNotFound, http.StatusConflict},
		request: JoinBody{exampleToken, "ashita-mo-genki-2026"}, answer: Session{exampleToken},
	}, func(ctx context.Context, _ *none, b *JoinBody) (*answered[Session], error) {
		token, err := s.market.Join(ctx, b.Code, b.Password)
		return &answered[Session]{Session{token}}, err
	})
}

func invitationOf(i market.Invited) Invitation {
	return Invitation{i.ID.String(), i.Email, string(i.Role), i.CreatedAt.UTC(), i.ExpiresAt.UTC(), i.Lapsed, i.Mails}
}

func (s *service) members(ctx context.Context, _ *none) (*answered[Members], error) {
	people, invited, err := s.market.Members(ctx, actorOf(ctx))
	out := Members{[]Member{}, []Invitation{}}
	for _, p := range people {
		out.Items = append(out.Items, Member{p.ID.String(), p.Email, string(p.Role), p.Confirmed, p.Self})
	}
	for _, i := range invited {
		out.Invitations = append(out.Invitations, invitationOf(i))
	}
	return &answered[Members]{out}, err
}

func (s *service) invite(ctx context.Context, in *Creation, b *InvitationBody) (*answered[Invitation], error) {
	once, err := in.once(ctx)
	if err != nil {
		return nil, err
	}
	i, err := s.market.Invite(ctx, actorOf(ctx), b.Email, account.Role(b.Role), once)
	return &answered[Invitation]{invitationOf(i)}, err
}

// Token is a token by which a machine acts for your company.
type Token struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	Role      string    `json:"role" enum:"owner,recruiter,viewer"`
	CreatedAt time.Time `json:"created_at"`
	LastUsed  string    `json:"last_used,omitempty" doc:"The last day on which it was used; absent: never."`
}

// Tokens are those of a company.
type Tokens struct {
	Items []Token `json:"items"`
}

// TokenBody makes a token.
type TokenBody struct {
	Name string `json:"name" minLength:"1" maxLength:"60" doc:"What it is for."`
	Role string `json:"role" enum:"owner,recruiter,viewer"`
}

// TokenAnswer is a new token.
type TokenAnswer struct {
	ID    string `json:"id"`
	Token string `json:"token" doc:"For Authorization: Bearer; it is shown this once."`
}

func (s *service) addTokens() {
	handle(s, operation{
		method: http.MethodGet, path: "/api/v1/tokens", id: "tokens", class: httpx.Ordinary, tag: tagCompanies, who: members,
		summary: "The tokens of your company's machines",
		answer:  Tokens{[]Token{{exampleID(8), "採用管理システム", "recruiter", exampleInvitation().InvitedAt, "2026-12-01"}}},
	}, s.tokens)
	handleBody(s, operation{
		method: http.MethodPost, path: "/api/v1/tokens", id: "make-token", class: httpx.Ordinary, tag: tagCompanies, who: members, status: http.StatusCreated,
		summary: "Make a token for a machine; it lasts until it is revoked", errors: []int{http.StatusTooManyRequests, http.StatusConflict},
		request: TokenBody{"採用管理システム", "recruiter"}, answer: TokenAnswer{exampleID(8), exampleToken},
	}, func(ctx context.Context, in *Creation, b *TokenBody) (*answered[TokenAnswer], error) {
		once, err := in.once(ctx)
		if err != nil {
			return nil, err
		}
		made, err := s.market.Mint(ctx, actorOf(ctx), b.Name, account.Role(b.Role), once)
		return &answered[TokenAnswer]{TokenAnswer{made.ID.String(), made.Token}}, err
	})
	handle(s, operation{
		method: http.MethodDelete, path: "/api/v1/tokens/{id}", id: "revoke-token", class: httpx.Ordinary, tag: tagCompanies, who: members,
		status: http.StatusNoContent, summary: "Revoke a token at once",
	}, func(ctx context.Context, in *Identified) (*none, error) {
		id, err := in.uuid("token")
		if err != nil {
			return nil, err
		}
		return &none{}, s.market.Revoke(ctx, actorOf(ctx), id)
	})
}

func (s *service) tokens(ctx context.Context, _ *none) (*answered[Tokens], error) {
	list, err := s.market.Machines(ctx, actorOf(ctx))
	out := Tokens{[]Token{}}
	for _, m := range list {
		t := Token{ID: m.ID.String(), Name: m.Name, Role: string(m.Role), CreatedAt: m.CreatedAt.UTC()}
		if m.Used != 0 {
			t.LastUsed = m.Used.String()
		}
		out.Items = append(out.Items, t)
	}
	return &answered[Tokens]{out}, err
}
