package market

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"enishi/internal/errs"
)

// MailState is how far a mail has come.
type MailState string

// The states: to be tried, or tried again; taken by the server that sends it on;
// and given up.
const (
	MailWaiting MailState = "waiting"
	MailSent    MailState = "sent"
	MailRefused MailState = "refused"
)

// MailStanding is how far a mail has come, without its address and text.
type MailStanding struct {
	Subject string
	State   MailState
	Written time.Time
	Since   time.Time // when it came to State; of one that waits, when it was written
	Next    time.Time // when one that waits is tried next; else zero
	Tries   int
	Failure string // why the last try failed that did; empty: none has
}

func standingOf(c *Mail) MailStanding {
	out := MailStanding{Subject: c.Subject, Written: c.CreatedAt, Since: c.CreatedAt, Tries: c.Tries, Failure: c.Failure}
	switch {
	case !c.SentAt.IsZero():
		out.State, out.Since = MailSent, c.SentAt
	case !c.DueAt.IsZero():
		out.State, out.Next = MailWaiting, c.DueAt
	default:
		out.State, out.Since = MailRefused, c.FailedAt
	}
	return out
}

// MailStandings gives up to limit mails, newest first, to an operator: those to a
// candidate or to the members of a company, by the id of either, or if it is uuid.Nil
// of all. An id of neither is NotFound.
func (m *Market) MailStandings(ctx context.Context, actor Actor, of uuid.UUID, limit int) ([]MailStanding, error) {
	if err := onlyOperators(actor); err != nil {
		return nil, err
	}
	var out []MailStanding
	err := m.read(ctx, func(tx Tx) error {
		out = nil
		list, err := mailsOf(tx, of, limit)
		for i := range list {
			out = append(out, standingOf(&list[i]))
		}
		return err
	})
	return out, err
}

func mailsOf(tx Tx, of uuid.UUID, limit int) ([]Mail, error) {
	if of == uuid.Nil {
		return tx.Mails(limit)
	}
	c, err := tx.CandidateByID(of)
	if err == nil {
		return tx.MailsOf(c.Account, limit)
	}
	if !errs.Is(err, errs.NotFound) {
		return nil, err
	}
	k, err := tx.CompanyByID(of)
	if err != nil {
		return nil, err
	}
	members, err := tx.Members(k.Key)
	if err != nil {
		return nil, err
	}
	var out []Mail
	for i := range members {
		list, err := tx.MailsOf(members[i].Account, limit)
		if err != nil {
			return nil, err
		}
		out = append(out, list...)
	}
	slices.SortFunc(out, func(a, b Mail) int { return cmp.Compare(b.Key, a.Key) })
	return out[:min(len(out), limit)], nil
}

// MailQueue gives how many mails are to be tried, and for how long the oldest has
// waited.
func (m *Market) MailQueue(ctx context.Context) (n int, age time.Duration, err error) {
	err = m.read(ctx, func(tx Tx) error {
		var oldest time.Time
		n, oldest, err = tx.WaitingMails()
		if age = 0; n > 0 {
			age = max(m.Now().Sub(oldest), 0)
		}
		return err
	})
	return n, age, err
}

// Mails gives up to limit mails, the newest first, whoever wrote them and
// whether or not they were sent: for a page that stands in for mail.
func (m *Market) Mails(ctx context.Context, limit int) (out []Mailed, err error) {
	err = m.read(ctx, func(tx Tx) error {
		out = nil
		list, err := tx.Mails(limit)
		if err != nil {
			return err
		}
		for i := range list {
			shown, err := m.opened(&list[i])
			if err != nil {
				return err
			}
			out = append(out, shown)
		}
		return nil
	})
	return out, err
}
