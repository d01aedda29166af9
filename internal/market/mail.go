package market

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"enishi/internal/account"
)

// Mailed is a mail as its receiver sees it.
type Mailed struct {
	To, Subject, Body string
	At                time.Time // when it was written
}

// Letter is a mail as a Mailer sends it.
type Letter struct {
	ID                string // the same for each try, and nobody else's: 32 hexadecimal digits
	To, Subject, Body string
	At                time.Time // when it was written
	EndsAt            string    // address of the page that ends mails of its kind; empty: none does
}

// ErrRefused is in the error of a Mailer that is not to try a letter again: it will
// never be accepted.
var ErrRefused = errors.New("refused for good")

// How mails are delivered. A claim lasts for the time to the next try, which is
// longer than a page of tries takes, so that nobody else tries meanwhile.
const (
	mailPage    = 8
	mailsAtOnce = 4
	mailTime    = 15 * time.Second // for one try
	firstWait   = time.Minute      // after the first try, then twice as long each time
	longestWait = 4 * time.Hour
	mostTries   = 12  // about a day
	mostFailure = 200 // characters of why a try failed
)

// addMail writes a mail to an account, to be sent once the transaction is
// committed: at least once, whatever happens to this process.
func (m *Market) addMail(tx Tx, to *account.Account, subject, body string) error {
	return m.addMailOf(tx, to, subject, body, "")
}

// addMailOf is addMail of a kind that people can end at a page.
func (m *Market) addMailOf(tx Tx, to *account.Account, subject, body, endsAt string) error {
	now := m.Now()
	return tx.AddMail(&Mail{
		Account: to.Key, Address: to.Sealed, Subject: subject, Body: m.vault.Seal(body), EndsAt: endsAt, CreatedAt: now, DueAt: now,
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

// Deliver tries to send the mails that are due, a page of them, some at once, and
// says how many it claimed. Each is claimed first, so that no other process tries
// it too; a mail that was sent by a process that was killed before it noted that is
// sent again, under the same Letter.ID. One that fails is tried again, later each
// time; it is given up when it is refused for good, or after a day, which is
// reported. When ctx ends no try is begun, and those that were are finished.
func (m *Market) Deliver(ctx context.Context) (claimed int, err error) {
	var list []Mail
	err = m.store.Write(ctx, func(tx Tx) error {
		now := m.Now()
		list, err = tx.DueMails(now, mailPage)
		if err != nil {
			return err
		}
		for i := range list {
			c := &list[i]
			c.Tries++
			c.DueAt = now.Add(mailWait(c.Tries))
			if err := tx.ClaimMail(c); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("claim mails: %w", err)
	}
	var tries errgroup.Group
	tries.SetLimit(mailsAtOnce)
	var stopped atomic.Bool // what is sent could not be noted
	for i := range list {
		tries.Go(func() error {
			if stopped.Load() || ctx.Err() != nil {
				return ctx.Err()
			}
			err := m.attempt(ctx, &list[i])
			if err != nil {
				stopped.Store(true)
			}
			return err
		})
	}
	return len(list), tries.Wait()
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
	ctx, done := m.begin(context.WithoutCancel(ctx), Work{Kind: MailWork})
	err := m.try(ctx, c)
	if err != nil && c.Tries >= mostTries && !errors.Is(err, ErrRefused) {
		err = fmt.Errorf("%w after %d tries: %w", ErrRefused, c.Tries, err)
	}
	done(Outcome{Err: err})
	switch {
	case err == nil:
		c.DueAt, c.SentAt = time.Time{}, m.Now()
	case errors.Is(err, ErrRefused):
		m.report(ctx, fmt.Sprintf("mail %d is given up", c.Key), err)
		c.DueAt, c.FailedAt, c.Failure = time.Time{}, m.Now(), shortened(err)
	default:
		m.report(ctx, fmt.Sprintf("mail %d was not accepted and is tried again", c.Key), err)
		c.FailedAt, c.Failure = m.Now(), shortened(err)
	}
	err = m.store.Write(ctx, func(tx Tx) error { return tx.SaveMail(c) })
	if err != nil {
		return fmt.Errorf("note that mail %d was tried: %w", c.Key, err)
	}
	return nil
}

func (m *Market) try(ctx context.Context, c *Mail) error {
	sent, err := m.opened(c)
	if err != nil {
		return err
	}
	letter := Letter{ID: m.letterID(c), To: sent.To, Subject: sent.Subject, Body: sent.Body, At: sent.At}
	if c.EndsAt != "" {
		letter.EndsAt = m.link(c.EndsAt)
	}
	limited, cancel := context.WithTimeout(ctx, mailTime)
	defer cancel()
	return m.options.Mail.Send(limited, &letter)
}

// letterID names a mail to whoever receives it, and tells nobody how many there
// were: a keyed hash of its key, and of when it was written, as a database that is
// restored gives keys again.
func (m *Market) letterID(c *Mail) string {
	sum := hmac.New(sha256.New, m.letterKey)
	fmt.Fprintf(sum, "%s %d %d", m.identity, c.Key, c.CreatedAt.UnixMicro())
	return hex.EncodeToString(sum.Sum(nil)[:16])
}

// shortened is the text of an error as it is kept with a mail.
func shortened(err error) string {
	text := []rune(strings.ToValidUTF8(err.Error(), ""))
	return string(text[:min(len(text), mostFailure)])
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
