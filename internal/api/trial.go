package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"enishi/internal/corpnum"
	"enishi/internal/httpx"
	"enishi/internal/market"
)

// trialHeader carries the key of a trial.
const trialHeader = "Enishi-Trial"

// Registration are the parameters of a registration.
type Registration struct {
	Creation
	Trial string `header:"Enishi-Trial" maxLength:"100" doc:"The key of a trial: whoever registers is of it, meets nobody who is real, and is erased with it."`
}

// TrialAnswer is a trial that was opened.
type TrialAnswer struct {
	ID        string         `json:"id"`
	Key       string         `json:"key" doc:"For the header Enishi-Trial; it is not told again."`
	Number    corpnum.Number `json:"corporate_number" doc:"Of the trial's company: no other registers in it."`
	ExpiresAt time.Time      `json:"expires_at" doc:"It is erased soon after."`
}

// TrialBody says who has a trial opened, beside the operator whose token it is, and why.
type TrialBody struct {
	By  string `json:"by,omitempty" maxLength:"500" doc:"Who, as the machine or AWS knows them."`
	Why string `json:"why,omitempty" maxLength:"500" doc:"Why; nothing of a person belongs there."`
}

// TrialMail is a mail to somebody of a trial.
type TrialMail struct {
	To      string     `json:"to"`
	Subject string     `json:"subject"`
	Text    string     `json:"text"`
	State   string     `json:"state" enum:"kept,sent,given_up" doc:"kept: it is yet to be sent."`
	At      time.Time  `json:"at"`
	SentAt  *time.Time `json:"sent_at,omitempty"`
}

// TrialMails are all of them.
type TrialMails struct {
	Items []TrialMail `json:"items" doc:"The oldest first."`
}

func (s *service) addTrials() {
	of := func(method, path, id, summary string) operation {
		return operation{
			method: method, path: "/api/v1/operator/trials" + path, id: id, class: httpx.Ordinary, tag: tagOperators, who: operators, summary: summary,
		}
	}
	at := exampleRun().StartedAt
	open := of(http.MethodPost, "", "open-trial", "Open a trial: a rehearsal with people and a company of its own")
	open.detail = "Sign-ups that carry its key meet nobody but each other, and enter no figure. It is erased with them after an hour at the latest. " +
		"Who and why, which may be left out, are kept in the audit log with its opening and its end."
	open.request, open.optional, open.errors = TrialBody{"hana@host", "after the release"}, true, append(open.errors, http.StatusTooManyRequests)
	open.status, open.answer = http.StatusCreated, TrialAnswer{exampleID(1), exampleToken, (&market.Trial{Key: 1}).Number(), at.Add(time.Hour)}
	handleBody(s, open, s.openTrial)
	mails := of(http.MethodGet, "/{id}/mails", "trial-mails", "The mails to those who are of a trial")
	mails.answer = TrialMails{[]TrialMail{{"hanako@verify.invalid", "【縁 Enishi】メールアドレスの確認", "Code / 確認コード: 12345678", "sent", at, to(at.Add(time.Second))}}}
	handle(s, mails, s.trialMails)
	end := of(http.MethodDelete, "/{id}", "end-trial", "Erase a trial with everybody who is of it")
	end.status = http.StatusNoContent
	handle(s, end, func(ctx context.Context, in *Identified) (*none, error) {
		id, err := in.uuid("trial")
		if err != nil {
			return nil, err
		}
		return &none{}, s.market.EndTrial(ctx, actorOf(ctx), id)
	})
}

// rehearses says whether a request carries the key of a trial that stands: those are
// few, and bounded by the trial instead of by the address that they come from.
func (s *service) rehearses(r *http.Request) bool {
	key := strings.TrimSpace(r.Header.Get(trialHeader))
	return len(key) == len(exampleToken) && s.market.TrialStands(r.Context(), key)
}

func (s *service) openTrial(ctx context.Context, _ *none, b *TrialBody) (*answered[TrialAnswer], error) {
	t, err := s.market.OpenTrial(ctx, actorOf(ctx), market.Order{By: b.By, Why: b.Why})
	if err != nil {
		return nil, err
	}
	return &answered[TrialAnswer]{TrialAnswer{t.ID.String(), t.Secret, t.Number(), t.ExpiresAt.UTC()}}, nil
}

func (s *service) trialMails(ctx context.Context, in *Identified) (*answered[TrialMails], error) {
	id, err := in.uuid("trial")
	if err != nil {
		return nil, err
	}
	list, err := s.market.TrialMails(ctx, actorOf(ctx), id)
	if err != nil {
		return nil, err
	}
	out := TrialMails{[]TrialMail{}}
	for i := range list {
		m := &list[i]
		shown := TrialMail{To: m.To, Subject: m.Subject, Text: m.Body, State: "kept", At: m.At.UTC()}
		switch {
		case !m.Sent.IsZero():
			shown.State, shown.SentAt = "sent", to(m.Sent.UTC())
		case m.Due.IsZero():
			shown.State = "given_up"
		}
		out.Items = append(out.Items, shown)
	}
	return &answered[TrialMails]{out}, nil
}
