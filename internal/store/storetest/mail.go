package storetest

import (
	"errors"
	"testing"
	"time"

	"enishi/internal/account"
	"enishi/internal/market"
)

func mails() map[string]func(*testing.T, market.Store) {
	return map[string]func(*testing.T, market.Store){
		"mails are kept":                      mailsAreKept,
		"mails are given out when due":        dueMails,
		"mails that wait are counted":         waitingMails,
		"mails go with their account":         mailsOfErased,
		"mails to an account are counted":     mailsTo,
		"mails to an account are given":       mailsOf,
		"mails that ended are counted":        endedMails,
		"two who claim mails get other mails": claims,
	}
}

func newMail(account int64, due time.Time) *market.Mail {
	return &market.Mail{Account: account, Address: []byte{0, 255}, Subject: hard, Body: []byte{1, 0}, CreatedAt: when, DueAt: due}
}

func addMails(t *testing.T, s market.Store, list ...*market.Mail) {
	t.Helper()
	write(t, s, func(tx market.Tx) error {
		for _, m := range list {
			if err := tx.AddMail(m); err != nil {
				return err
			}
		}
		return nil
	})
}

func newestMails(t *testing.T, s market.Store, limit int) []market.Mail {
	t.Helper()
	return load(t, s, func(tx market.Tx) ([]market.Mail, error) { return tx.Mails(limit) })
}

func given(t *testing.T, s market.Store, now time.Time, limit int) (out []int64) {
	t.Helper()
	write(t, s, func(tx market.Tx) error {
		list, err := tx.DueMails(now, limit)
		out = keys(list, func(m *market.Mail) int64 { return m.Key })
		return err
	})
	return out
}

func mailsAreKept(t *testing.T, s market.Store) {
	a, b := newMail(1, when), newMail(2, time.Time{})
	b.SentAt, b.Tries = when.Add(time.Hour), 3
	b.EndsAt, b.FailedAt, b.Failure = "/company/searches", when.Add(time.Minute), hard
	addMails(t, s, a, b)
	want(t, "Mails", newestMails(t, s, 9), []market.Mail{*b, *a})
	want(t, "the newest mail", newestMails(t, s, 1), []market.Mail{*b})
	a.DueAt, a.Tries = when.Add(2*time.Minute), 2
	write(t, s, func(tx market.Tx) error { return errors.Join(tx.ClaimMail(a), tx.ClaimMail(&market.Mail{Key: 99})) })
	want(t, "Mails after one was claimed", newestMails(t, s, 9), []market.Mail{*b, *a})
	late := *a
	late.Tries, late.DueAt, late.Failure = 1, when, "of a try before this one"
	a.DueAt, a.FailedAt, a.Failure = time.Time{}, when.Add(time.Minute), "refused"
	write(t, s, func(tx market.Tx) error {
		return errors.Join(tx.SaveMail(a), tx.SaveMail(&late), tx.SaveMail(&market.Mail{Key: 99}))
	})
	want(t, "Mails after one was refused", newestMails(t, s, 9), []market.Mail{*b, *a})
	a.SentAt = when.Add(time.Hour)
	write(t, s, func(tx market.Tx) error { return tx.SaveMail(a) })
	want(t, "Mails after one was sent", newestMails(t, s, 9), []market.Mail{*b, *a})
}

func mailsOf(t *testing.T, s market.Store) {
	first, other, second := newMail(1, when), newMail(2, when), newMail(1, when)
	addMails(t, s, first, other, second)
	of := func(account int64, limit int) []market.Mail {
		return load(t, s, func(tx market.Tx) ([]market.Mail, error) { return tx.MailsOf(account, limit) })
	}
	want(t, "MailsOf", of(1, 9), []market.Mail{*second, *first})
	want(t, "MailsOf up to 1", of(1, 1), []market.Mail{*second})
	want(t, "MailsOf nobody", len(of(3, 9)), 0)
}

func endedMails(t *testing.T, s market.Store) {
	ended := func(since time.Time, sent, refused int) {
		t.Helper()
		got := load(t, s, func(tx market.Tx) ([2]int, error) {
			sent, refused, err := tx.EndedMails(since)
			return [2]int{sent, refused}, err
		})
		want(t, "EndedMails", got, [2]int{sent, refused})
	}
	ended(time.Time{}.Add(time.Hour), 0, 0)
	waits, sent, refused, before := newMail(1, when), newMail(1, time.Time{}), newMail(1, time.Time{}), newMail(1, time.Time{})
	sent.SentAt, refused.FailedAt, before.FailedAt = when, when, when
	before.CreatedAt = when.Add(-time.Hour)
	addMails(t, s, waits, sent, refused, before)
	ended(when.Add(-time.Minute), 1, 1)
	ended(when.Add(-2*time.Hour), 1, 2)
	ended(when, 0, 0)
}

func waitingMails(t *testing.T, s market.Store) {
	waiting := func(n int, oldest time.Time) {
		t.Helper()
		if err := s.Read(t.Context(), func(tx market.Tx) error {
			got, at, err := tx.WaitingMails()
			want(t, "WaitingMails", got, n)
			want(t, "the oldest", at, oldest)
			return err
		}); err != nil {
			t.Error(err)
		}
	}
	waiting(0, time.Time{})
	a, b, sent := newMail(1, when.Add(time.Hour)), newMail(2, when), newMail(1, time.Time{})
	a.CreatedAt, sent.CreatedAt = when.Add(-time.Minute), when.Add(-time.Hour)
	addMails(t, s, b, a, sent)
	waiting(2, a.CreatedAt)
}

func dueMails(t *testing.T, s market.Store) {
	late, soon, sent, next := newMail(1, when.Add(-time.Minute)), newMail(1, when.Add(-time.Hour)), newMail(1, time.Time{}), newMail(1, when.Add(1000))
	addMails(t, s, late, soon, sent, next)
	want(t, "DueMails", given(t, s, when, 9), []int64{soon.Key, late.Key})
	want(t, "DueMails up to 1", given(t, s, when, 1), []int64{soon.Key})
	want(t, "DueMails later", given(t, s, when.Add(time.Second), 9), []int64{soon.Key, late.Key, next.Key})
}

func mailsOfErased(t *testing.T, s market.Store) {
	a := newAccount(account.Candidate, "a@example.jp")
	c := newCandidate(0)
	write(t, s, func(tx market.Tx) error {
		if err := tx.AddAccount(a); err != nil {
			return err
		}
		c.Account = a.Key
		return tx.AddCandidate(c)
	})
	kept := newMail(a.Key+1, when)
	addMails(t, s, newMail(a.Key, when), kept)
	write(t, s, func(tx market.Tx) error { return tx.DeleteCandidate(c.Key) })
	want(t, "Mails", newestMails(t, s, 9), []market.Mail{*kept})
}

func mailsTo(t *testing.T, s market.Store) {
	late := when.Add(time.Hour)
	first, second, other := newMail(1, when), newMail(1, when), newMail(2, when)
	first.CreatedAt, second.CreatedAt, other.CreatedAt = when, late, late
	addMails(t, s, first, second, other)
	for _, c := range []struct {
		account int64
		after   time.Time
		n       int
	}{{1, when.Add(-time.Second), 2}, {1, when, 1}, {1, late, 0}, {2, when, 1}, {3, when, 0}} {
		want(t, "MailsTo", load(t, s, func(tx market.Tx) (int, error) { return tx.MailsTo(c.account, c.after) }), c.n)
	}
}

func claims(t *testing.T, s market.Store) {
	for range 6 {
		addMails(t, s, newMail(1, when))
	}
	got := make(chan []int64, 2)
	for range 2 {
		go func() {
			var mine []int64
			err := s.Write(t.Context(), func(tx market.Tx) error {
				list, err := tx.DueMails(when, 3)
				mine = keys(list, func(m *market.Mail) int64 { return m.Key })
				for i := range list {
					list[i].DueAt = when.Add(time.Minute)
					err = errors.Join(err, tx.ClaimMail(&list[i]))
				}
				return err
			})
			if err != nil {
				t.Errorf("claim mails: %v", err)
			}
			got <- mine
		}()
	}
	seen := map[int64]bool{}
	for range 2 {
		for _, key := range <-got {
			if seen[key] {
				t.Errorf("mail %d was given to both", key)
			}
			seen[key] = true
		}
	}
	rest := given(t, s, when, 9)
	if len(seen)+len(rest) != 6 {
		t.Errorf("claimed %d, left %d, want 6 together", len(seen), len(rest))
	}
}
