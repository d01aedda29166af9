package store

import (
	"time"

	"github.com/google/uuid"

	"enishi/internal/account"
	"enishi/internal/company"
	"enishi/internal/day"
	"enishi/internal/errs"
)

func scanNumber(row scanner, n *int) error { return row.Scan(n) }

func (t *tx) DropSession(tokenHash []byte) error {
	_, err := t.exec("end a session", "DELETE FROM session WHERE token_hash = ?", notNull(tokenHash))
	return err
}

func (t *tx) DropSessions(key int64) error {
	_, err := t.exec("end all sessions", "DELETE FROM session WHERE account = ?", key)
	return err
}

func (t *tx) StripAccount(key int64) error {
	if _, err := t.Account(key); err != nil {
		return err
	}
	for _, query := range []string{
		"UPDATE account SET sealed = '', email_hash = '', confirmed_key = NULL, password = '', code_hash = NULL WHERE id = ?",
		"DELETE FROM session WHERE account = ?",
		"DELETE FROM guess WHERE account = ?",
		"DELETE FROM reset WHERE account = ?",
		"DELETE FROM mail WHERE account = ?",
	} {
		if _, err := t.exec("strip an account", query, key); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) AddReset(r account.Reset) error {
	_, err := t.exec("add a reset", "INSERT INTO reset (token_hash, account, expires_at) VALUES (?, ?, ?)",
		notNull(r.TokenHash), r.Account, micros(r.ExpiresAt))
	return err
}

func (t *tx) Reset(tokenHash []byte) (account.Reset, error) {
	return one(t, "reset", func(row scanner, r *account.Reset) error {
		var expires int64
		err := row.Scan(&r.TokenHash, &r.Account, &expires)
		r.ExpiresAt = moment(expires)
		return err
	}, "SELECT token_hash, account, expires_at FROM reset WHERE token_hash = ?", notNull(tokenHash))
}

func (t *tx) Resets(key int64, after time.Time) (int, error) {
	return one(t, "resets", scanNumber, "SELECT COUNT(*) FROM reset WHERE account = ? AND expires_at > ?", key, micros(after))
}

func (t *tx) DropResets(key int64) error {
	_, err := t.exec("remove resets", "DELETE FROM reset WHERE account = ?", key)
	return err
}

func scanMember(row scanner, m *company.Member) error {
	return row.Scan(&m.Account, &m.Company, &m.Role)
}

func (t *tx) Members(of int64) ([]company.Member, error) {
	return list(t, "members", scanMember, "SELECT account, company, role FROM member WHERE company = ? ORDER BY account", of)
}

func (t *tx) SaveMember(m company.Member) error {
	if _, err := t.MemberByAccount(m.Account); err != nil {
		return err
	}
	_, err := t.exec("save a member", "UPDATE member SET role = ? WHERE account = ?", string(m.Role), m.Account)
	return err
}

func (t *tx) DropMember(key int64) error {
	_, err := t.exec("remove a member", "DELETE FROM member WHERE account = ?", key)
	return err
}

const invitationColumns = "id, uuid, company, role, sealed, email_hash, token_hash, mails, created_at, expires_at"

func scanInvitation(row scanner, i *company.Invitation) error {
	var created, expires int64
	err := row.Scan(&i.Key, &i.ID, &i.Company, &i.Role, &i.Sealed, &i.EmailHash, &i.TokenHash, &i.Mails, &created, &expires)
	i.CreatedAt, i.ExpiresAt = moment(created), moment(expires)
	return err
}

func (t *tx) AddInvitation(i *company.Invitation) error {
	key, err := t.insert("add an invitation", "INSERT INTO invitation (uuid, company, role, sealed, email_hash, token_hash, mails, created_at, expires_at)"+
		" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", i.ID[:], i.Company, string(i.Role), notNull(i.Sealed), notNull(i.EmailHash), notNull(i.TokenHash),
		i.Mails, micros(i.CreatedAt), micros(i.ExpiresAt))
	if err != nil {
		return err
	}
	i.Key = key
	return nil
}

func (t *tx) invitation(where string, arg any) (company.Invitation, error) {
	return one(t, "invitation", scanInvitation, "SELECT "+invitationColumns+" FROM invitation WHERE "+where, arg)
}

func (t *tx) InvitationByID(id uuid.UUID) (company.Invitation, error) {
	return t.invitation("uuid = ?", id[:])
}

func (t *tx) InvitationByToken(tokenHash []byte) (company.Invitation, error) {
	return t.invitation("token_hash = ?", notNull(tokenHash))
}

func (t *tx) Invitations(of int64) ([]company.Invitation, error) {
	return list(t, "invitations", scanInvitation, "SELECT "+invitationColumns+" FROM invitation WHERE company = ? ORDER BY id", of)
}

func (t *tx) SaveInvitation(i *company.Invitation) error {
	if _, err := t.invitation("id = ?", i.Key); err != nil {
		return err
	}
	_, err := t.exec("save an invitation", "UPDATE invitation SET role = ?, token_hash = ?, mails = ?, expires_at = ? WHERE id = ?",
		string(i.Role), notNull(i.TokenHash), i.Mails, micros(i.ExpiresAt), i.Key)
	return err
}

func (t *tx) DropInvitation(key int64) error {
	_, err := t.exec("remove an invitation", "DELETE FROM invitation WHERE id = ?", key)
	return err
}

const tokenColumns = "account, company, name, created_at, used"

func scanToken(row scanner, k *company.Token) error {
	var created int64
	err := row.Scan(&k.Account, &k.Company, &k.Name, &created, &k.Used)
	k.CreatedAt = moment(created)
	return err
}

func (t *tx) AddToken(k company.Token) error {
	_, err := t.exec("add a token", "INSERT INTO company_token (account, company, name, created_at, used) VALUES (?, ?, ?, ?, ?)",
		k.Account, k.Company, k.Name, micros(k.CreatedAt), k.Used)
	return err
}

func (t *tx) Token(key int64) (company.Token, error) {
	return one(t, "token", scanToken, "SELECT "+tokenColumns+" FROM company_token WHERE account = ?", key)
}

func (t *tx) Tokens(of int64) ([]company.Token, error) {
	return list(t, "tokens", scanToken, "SELECT "+tokenColumns+" FROM company_token WHERE company = ? ORDER BY account", of)
}

func (t *tx) SaveToken(k company.Token) error {
	_, err := t.exec("save a token", "UPDATE company_token SET used = ? WHERE account = ?", k.Used, k.Account)
	return err
}

func (t *tx) DropToken(key int64) error {
	_, err := t.exec("remove a token", "DELETE FROM company_token WHERE account = ?", key)
	return err
}

func (t *tx) ScoutQuota(of int64) (int, error) {
	return one(t, "quota", scanNumber, "SELECT quota FROM scout_quota WHERE company = ?", of)
}

func (t *tx) SetScoutQuota(of int64, n int) error {
	_, err := t.exec("set a quota", "REPLACE INTO scout_quota (company, quota) VALUES (?, ?)", of, n)
	return err
}

func (t *tx) Scouted(of int64, in day.Month) (int, error) {
	n, err := one(t, "scouts", scanNumber, "SELECT used FROM scout_month WHERE company = ? AND month = ?", of, int32(in))
	if errs.Is(err, errs.NotFound) {
		return 0, nil
	}
	return n, err
}

func (t *tx) AddScouts(of int64, in day.Month, n int) error {
	before, err := t.Scouted(of, in)
	if err != nil {
		return err
	}
	_, err = t.exec("count scouts", "REPLACE INTO scout_month (company, month, used) VALUES (?, ?, ?)", of, int32(in), before+n)
	return err
}

func (t *tx) AddDecision(d *company.Decision) error {
	key, err := t.insert("add a decision", "INSERT INTO decision (company, account, status, reason, at) VALUES (?, ?, ?, ?, ?)",
		d.Company, d.Account, string(d.Status), d.Reason, micros(d.At))
	if err != nil {
		return err
	}
	d.Key = key
	return nil
}

func (t *tx) Decisions(of int64) ([]company.Decision, error) {
	return list(t, "decisions", func(row scanner, d *company.Decision) error {
		var at int64
		err := row.Scan(&d.Key, &d.Company, &d.Account, &d.Status, &d.Reason, &at)
		d.At = moment(at)
		return err
	}, "SELECT id, company, account, status, reason, at FROM decision WHERE company = ? ORDER BY id DESC", of)
}
