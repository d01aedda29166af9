package account

import (
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

// May is Denied unless the role is allowed the action.
func (r Role) May(a Action) error {
	if permissions[a][r] {
		return nil
	}
	return errs.New(errs.Denied, "a "+string(r)+" may not "+string(a))
}
