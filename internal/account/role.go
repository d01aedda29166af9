package account

import (
	"maps"
	"slices"
	"strconv"

	"enishi/internal/errs"
)

// Role is what a member is within a company.
type Role string

// The roles of a company's members.
const (
	Owner     Role = "owner"
	Recruiter Role = "recruiter"
	Viewer    Role = "viewer"
)

// Action is something a member may be allowed to do.
type Action string

// What members do.
const (
	ReadOffers     Action = "read offers"
	SearchPeople   Action = "search candidates"
	SaveSearch     Action = "save searches"
	OpenCard       Action = "open a candidate's card"
	EditPosition   Action = "edit positions"
	EditRule       Action = "edit rules"
	ActivateRule   Action = "activate rules and confirm batches"
	AnswerOffer    Action = "answer offers"
	Scout          Action = "send a scout offer"
	ManageMembers  Action = "manage members"
	ManageTokens   Action = "manage tokens"
	ReadAudit      Action = "read the audit log"
	ManageWebhooks Action = "manage webhooks"
)

// ParseRole gives a role by its name; another is Invalid.
func ParseRole(s string) (Role, error) {
	switch r := Role(s); r {
	case Owner, Recruiter, Viewer:
		return r, nil
	}
	return "", errs.AtPointer("", strconv.Quote(s), `"owner", "recruiter" or "viewer"`)
}

// permissions is the whole of who may do what.
var permissions = map[Action]map[Role]bool{
	//                 owner        recruiter        viewer
	ReadOffers:     {Owner: true, Recruiter: true, Viewer: true},
	SearchPeople:   {Owner: true, Recruiter: true, Viewer: true},
	SaveSearch:     {Owner: true, Recruiter: true, Viewer: false},
	OpenCard:       {Owner: true, Recruiter: true, Viewer: false},
	EditPosition:   {Owner: true, Recruiter: true, Viewer: false},
	EditRule:       {Owner: true, Recruiter: true, Viewer: false},
	ActivateRule:   {Owner: true, Recruiter: true, Viewer: false},
	AnswerOffer:    {Owner: true, Recruiter: true, Viewer: false},
	Scout:          {Owner: true, Recruiter: true, Viewer: false},
	ManageMembers:  {Owner: true, Recruiter: false, Viewer: false},
	ManageTokens:   {Owner: true, Recruiter: false, Viewer: false},
	ReadAudit:      {Owner: true, Recruiter: false, Viewer: false},
	ManageWebhooks: {Owner: true, Recruiter: false, Viewer: false},
}

// Can says whether the role is allowed the action.
func (r Role) Can(a Action) bool { return permissions[a][r] }

// May is Denied, as a Forbidden, unless the role is allowed the action.
func (r Role) May(a Action) error {
	if permissions[a][r] {
		return nil
	}
	return &Forbidden{r, a}
}

// Allowed gives the roles that may do something, the one that may do most first.
func (a Action) Allowed() []Role {
	var out []Role
	for _, r := range []Role{Owner, Recruiter, Viewer} {
		if r.Can(a) {
			out = append(out, r)
		}
	}
	return out
}

// Actions lists everything that members do.
func Actions() []Action { return slices.Sorted(maps.Keys(permissions)) }

// Forbidden is the refusal of what a role is not allowed; an error of the kind Denied.
type Forbidden struct {
	Role   Role
	Action Action
}

func (f *Forbidden) Error() string { return "a " + string(f.Role) + " may not " + string(f.Action) }

// Unwrap gives the refusal as an error of its kind.
func (f *Forbidden) Unwrap() error { return errs.New(errs.Denied, f.Error()) }
