package market

import (
	"context"
	"fmt"
	"time"

	"enishi/internal/account"
)

// Mailed is a mail as its receiver sees it.
type Mailed struct {
	To, Subject, Body string
	At                time.Time // when it was written
}

// How mails are delivered. A claim lasts for the time to the next try, which is
// longer than a page of tries takes, so that nobody else tries meanwhile.
const (
	mailPage    = 5
	mailTime    = 10 * time.Second // for one try
	firstWait   = time.Minute      // after the first try, then twice as long each time
	longestWait = 4 * time.Hour
	mostTries   = 12 // about a day
)

// addMail writes a mail to an account, to be sent once the transaction is
// committed: at least once, whatever happens to this process.
func (m *Market) addMail(tx Tx, to *account.Account, subject, body string) error {
	now := m.Now()
	return tx.AddMail(&Mail{
		Account: to.Key, Address: to.Sealed, Subject: subject, Body: m.vault.Seal(body), CreatedAt: now, DueAt: now,
	})
}

// Posted is signalled when a mail was written that is to be sent.
func (m *Market) Posted() <-chan struct{} { return m.posted }

func (m *Market) post() {
	select {
	case m.posted <- struct{}{}:
	default:
	}
}

// Deliver tries to send the mails that are due, a page of them, and says how
// many it tried. Each is claimed first, so that no other process tries it too;
// a mail that was sent by a process that was killed before it noted that is
// sent again. One that fails is tried again, later each time, and given up
// after a day, which is reported.
func (m *Market) Deliver(ctx context.Context) (tried int, err error) {
	var claimed []Mail
	err = m.store.Write(ctx, func(tx Tx) error {
		now := m.Now()
		claimed, err = tx.DueMails(now, mailPage)
		if err != nil {
			return err
		}
		for i := range claimed {
			c := &claimed[i]
			c.Tries++
			c.DueAt = now.Add(mailWait(c.Tries))
			if err := tx.SaveMail(c); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("claim mails: %w", err)
	}
	for i := range claimed {
		if err := m.attempt(ctx, &claimed[i]); err != nil {
			return i, err
		}
	}
	return len(claimed), nil
}

// mailWait is how long after a try the next one comes.
func mailWait(tries int) time.Duration {
	wait := firstWait
	for i := 1; i < tries && wait < longestWait; i++ {
		wait *= 2
	}
	return min(wait, longestWait)
}

// attempt tries to send one mail and notes how that went.
func (m *Market) attempt(ctx context.Context, c *Mail) error {
	sent, err := m.opened(c)
	if err == nil {
		limited, cancel := context.WithTimeout(ctx, mailTime)
		err = m.options.Mail.Send(limited, sent.To, sent.Subject, sent.Body)
		cancel()
	}
	switch {
	case err == nil:
		c.DueAt, c.SentAt = time.Time{}, m.Now()
	case ctx.Err() != nil:
		return ctx.Err()
	case c.Tries >= mostTries:
		m.report(ctx, fmt.Sprintf("mail %d is given up after %d tries", c.Key, c.Tries), err)
		c.DueAt = time.Time{}
	default:
		m.report(ctx, fmt.Sprintf("mail %d was not accepted and is tried again", c.Key), err)
		return nil // its next time is noted
	}
	err = m.store.Write(context.WithoutCancel(ctx), func(tx Tx) error { return tx.SaveMail(c) })
	if err != nil {
		return fmt.Errorf("note that mail %d was tried: %w", c.Key, err)
	}
	return nil
}

func (m *Market) opened(c *Mail) (Mailed, error) {
	to, err := m.vault.Open(c.Address)
	if err != nil {
		return Mailed{}, fmt.Errorf("address of mail %d: %w", c.Key, err)
	}
	body, err := m.vault.Open(c.Body)
	if err != nil {
		return Mailed{}, fmt.Errorf("body of mail %d: %w", c.Key, err)
	}
	return Mailed{to, c.Subject, body, c.CreatedAt}, nil
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
