package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"

	"enishi/internal/errs"
	"enishi/internal/httpx"
	"enishi/internal/market"
)

// AuditEntry is one line of the audit log.
type AuditEntry struct {
	At      time.Time `json:"at"`
	What    string    `json:"what"`
	Who     string    `json:"who,omitempty" doc:"Id of the account; absent: the installation itself, or nobody who is left to be named."`
	WhoKind string    `json:"who_kind,omitempty" enum:"candidate,member,operator"`
	Machine string    `json:"machine,omitempty" doc:"Name of the token that did it."`
	Company string    `json:"company,omitempty" doc:"Id of the company in whose part of the log this is."`
	Kind    string    `json:"kind,omitempty" enum:"account,candidate,company,position,rule,offer,trial" doc:"Of what is named by about."`
	About   string    `json:"about,omitempty" doc:"Its id; a candidate's is their card's to a company."`
	N       int64     `json:"n,omitempty" doc:"How many."`
	Digest  string    `json:"digest,omitempty" doc:"Keyed, of a value that is to be recognised and not read."`
	By      string    `json:"by,omitempty" doc:"Of what was done by a command: who gave it, as the machine or AWS knows them. Operators alone read these three."`
	Why     string    `json:"why,omitempty" doc:"Why, as they have said."`
	Diff    string    `json:"diff,omitempty" doc:"What it changed."`
}

// AuditList are the parameters of the audit log.
type AuditList struct {
	Paging
	What  string    `query:"what" maxLength:"32" doc:"Only of this kind."`
	Since time.Time `query:"since" doc:"Only from this moment on."`
	Until time.Time `query:"until" doc:"Only before this moment."`
}

// auditOfAll adds what only operators ask.
type auditOfAll struct {
	AuditList
	Company string `query:"company" doc:"Only the part of the company of this id."`
}

func exampleEntry() AuditEntry {
	return AuditEntry{
		At: time.Date(2026, time.December, 1, 0, 30, 0, 0, time.UTC), What: "position.publish", Who: exampleID(6), WhoKind: "member",
		Company: exampleID(1), Kind: "position", About: exampleID(3),
	}
}

func (s *service) addAudit() {
	handle(s, operation{
		method: http.MethodGet, path: "/api/v1/audit", id: "audit", class: httpx.Ordinary, tag: tagCompanies, who: members,
		summary: "What was done in your company, newest first", answer: page[AuditEntry]{Items: []AuditEntry{exampleEntry()}},
	}, func(ctx context.Context, in *AuditList) (*answered[page[AuditEntry]], error) {
		return s.audit(ctx, in, "")
	})
	handle(s, operation{
		method: http.MethodGet, path: "/api/v1/operator/audit", id: "audit-of-all", class: httpx.Ordinary, tag: tagOperators, who: operators,
		summary: "What was done in the installation, newest first", answer: page[AuditEntry]{Items: []AuditEntry{exampleEntry()}}, errors: []int{http.StatusNotFound},
	}, func(ctx context.Context, in *auditOfAll) (*answered[page[AuditEntry]], error) {
		return s.audit(ctx, &in.AuditList, in.Company)
	})
}

func (s *service) audit(ctx context.Context, in *AuditList, of string) (*answered[page[AuditEntry]], error) {
	list := fmt.Sprintf("audit %s %s %s %s", in.What, in.Since, in.Until, of)
	before, err := in.key(ctx, s, list)
	if err != nil {
		return nil, err
	}
	filter := market.EntryFilter{What: market.Audited(in.What), Since: in.Since, Until: in.Until}
	if of != "" {
		id, err := uuid.Parse(of)
		if err != nil {
			return nil, errs.New(errs.NotFound, "no such company")
		}
		k, err := s.market.Applicant(ctx, actorOf(ctx), id)
		if err != nil {
			return nil, err
		}
		filter.Company = k.Key
	}
	found, next, err := s.market.Audit(ctx, actorOf(ctx), filter, before, in.Limit)
	if err != nil {
		return nil, err
	}
	items := make([]AuditEntry, len(found))
	for i := range found {
		items[i] = entryOf(&found[i])
	}
	out, err := paged(ctx, s, list, items, next)
	return &answered[page[AuditEntry]]{out}, err
}

func entryOf(e *market.Noted) AuditEntry {
	out := AuditEntry{
		At: e.At.UTC(), What: string(e.What), WhoKind: string(e.WhoKind), Machine: e.Machine, Kind: string(e.Kind), About: e.About, N: e.N, By: e.By, Why: e.Why, Diff: e.Diff,
	}
	if e.Who != uuid.Nil {
		out.Who = e.Who.String()
	}
	if e.Firm != uuid.Nil {
		out.Company = e.Firm.String()
	}
	if e.Digest != nil {
		out.Digest = fmt.Sprintf("%x", e.Digest)
	}
	return out
}
