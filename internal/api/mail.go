package api

import (
	"context"
	"time"

	"github.com/google/uuid"

	"enishi/internal/errs"
	"enishi/internal/market"
)

// MailAnswer is how far a mail has come.
type MailAnswer struct {
	Subject   string     `json:"subject"`
	State     string     `json:"state" enum:"waiting,sent,refused" doc:"waiting: to be tried, or tried again; sent: taken by the server that sends it on; refused: given up."`
	WrittenAt time.Time  `json:"written_at"`
	Since     time.Time  `json:"since" doc:"When it came to this state."`
	NextTry   *time.Time `json:"next_try,omitempty"`
	Tries     int        `json:"tries"`
	Failure   string     `json:"failure,omitempty" doc:"Why the last try failed that did."`
}

// MailList is a list of them.
type MailList struct {
	Items []MailAnswer `json:"items" doc:"Newest first."`
}

type mailsOf struct {
	Of    string `query:"of" format:"uuid" doc:"The id of a candidate or of a company."`
	Limit int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
}

func exampleStanding() MailAnswer {
	at := exampleRun().StartedAt
	return MailAnswer{
		Subject: "【縁 Enishi】メールアドレスの確認", State: string(market.MailWaiting), WrittenAt: at, Since: at, NextTry: to(at.Add(time.Minute)), Tries: 1,
		Failure: "the server answers 451 4.7.1 at RCPT TO",
	}
}

func (s *service) mails(ctx context.Context, in *mailsOf) (*answered[MailList], error) {
	var of uuid.UUID
	if in.Of != "" {
		var err error
		if of, err = uuid.Parse(in.Of); err != nil || of == uuid.Nil {
			return nil, errs.New(errs.NotFound, "no such candidate or company")
		}
	}
	list, err := s.market.MailStandings(ctx, actorOf(ctx), of, in.Limit)
	out := MailList{[]MailAnswer{}}
	for i := range list {
		m := &list[i]
		shown := MailAnswer{m.Subject, string(m.State), m.Written.UTC(), m.Since.UTC(), nil, m.Tries, m.Failure}
		if !m.Next.IsZero() {
			shown.NextTry = to(m.Next.UTC())
		}
		out.Items = append(out.Items, shown)
	}
	return &answered[MailList]{out}, err
}
