package store

import (
	"database/sql"
	"time"

	"enishi/internal/market"
)

const mailColumns = "id, account, address, subject, body, ends_at, created_at, due_at, sent_at, failed_at, failure, tries"

func scanMail(row scanner, m *market.Mail) error {
	var created int64
	var due, sent, failed sql.NullInt64
	err := row.Scan(&m.Key, &m.Account, &m.Address, &m.Subject, &m.Body, &m.EndsAt, &created, &due, &sent, &failed, &m.Failure, &m.Tries)
	m.CreatedAt, m.DueAt, m.SentAt, m.FailedAt = moment(created), momentOrZero(due), momentOrZero(sent), momentOrZero(failed)
	return err
}

func (t *tx) AddMail(m *market.Mail) error {
	key, err := t.insert("add a mail", "INSERT INTO mail (account, address, subject, body, ends_at, created_at, due_at, sent_at, failed_at, failure, tries)"+
		" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", m.Account, notNull(m.Address), m.Subject, notNull(m.Body), m.EndsAt, micros(m.CreatedAt),
		microsOrNull(m.DueAt), microsOrNull(m.SentAt), microsOrNull(m.FailedAt), m.Failure, m.Tries)
	if err != nil {
		return err
	}
	m.Key = key
	return nil
}

func (t *tx) ClaimMail(m *market.Mail) error {
	_, err := t.exec("claim a mail", "UPDATE mail SET due_at = ?, tries = ? WHERE id = ?", microsOrNull(m.DueAt), m.Tries, m.Key)
	return err
}

func (t *tx) SaveMail(m *market.Mail) error {
	_, err := t.exec("save a mail", "UPDATE mail SET due_at = ?, sent_at = ?, failed_at = ?, failure = ? WHERE id = ? AND tries = ?",
		microsOrNull(m.DueAt), microsOrNull(m.SentAt), microsOrNull(m.FailedAt), m.Failure, m.Key, m.Tries)
	return err
}

func (t *tx) DueMails(now time.Time, limit int) ([]market.Mail, error) {
	lock, err := t.locked("mails")
	if err != nil {
		return nil, err
	}
	return list(t, "mails", scanMail, "SELECT "+mailColumns+" FROM mail WHERE due_at <= ? ORDER BY due_at, id LIMIT ?"+lock, micros(now), limit)
}

func (t *tx) WaitingMails() (n int, oldest time.Time, err error) {
	_, err = one(t, "mails", func(row scanner, _ *struct{}) error {
		var at sql.NullInt64
		err := row.Scan(&n, &at)
		oldest = momentOrZero(at)
		return err
	}, "SELECT COUNT(*), MIN(created_at) FROM mail WHERE due_at IS NOT NULL")
	return n, oldest, err
}

func (t *tx) Mails(limit int) ([]market.Mail, error) {
	return list(t, "mails", scanMail, "SELECT "+mailColumns+" FROM mail ORDER BY id DESC LIMIT ?", limit)
}

func (t *tx) MailsOf(account int64, limit int) ([]market.Mail, error) {
	return list(t, "mails", scanMail, "SELECT "+mailColumns+" FROM mail WHERE account = ? ORDER BY id DESC LIMIT ?", account, limit)
}

func (t *tx) EndedMails(since time.Time) (sent, refused int, err error) {
	_, err = one(t, "mails", func(row scanner, _ *struct{}) error {
		return row.Scan(&sent, &refused)
	}, "SELECT COUNT(sent_at), COUNT(*) - COUNT(COALESCE(sent_at, due_at)) FROM mail WHERE created_at > ?", micros(since))
	return sent, refused, err
}

func (t *tx) MailsTo(account int64, after time.Time) (int, error) {
	return one(t, "mails", scanNumber, "SELECT COUNT(*) FROM mail WHERE account = ? AND created_at > ?", account, micros(after))
}
