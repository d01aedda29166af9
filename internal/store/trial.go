package store

import (
	"github.com/google/uuid"

	"enishi/internal/errs"
	"enishi/internal/market"
)

const trialColumns = "id, uuid, key_hash, account, created_at, expires_at"

func scanTrial(row scanner, v *market.Trial) error {
	var created, expires int64
	err := row.Scan(&v.Key, &v.ID, &v.KeyHash, &v.Account, &created, &expires)
	v.CreatedAt, v.ExpiresAt = moment(created), moment(expires)
	return err
}

func (t *tx) AddTrial(v *market.Trial) error {
	key, err := t.insert("add a trial", "INSERT INTO trial (uuid, key_hash, account, created_at, expires_at) VALUES (?, ?, ?, ?, ?)",
		v.ID[:], notNull(v.KeyHash), v.Account, micros(v.CreatedAt), micros(v.ExpiresAt))
	if err != nil {
		return err
	}
	v.Key = key
	return nil
}

func (t *tx) trial(where string, arg any) (market.Trial, error) {
	return one(t, "trial", scanTrial, "SELECT "+trialColumns+" FROM trial WHERE "+where, arg)
}

func (t *tx) TrialByID(id uuid.UUID) (market.Trial, error) { return t.trial("uuid = ?", id[:]) }

func (t *tx) TrialByHash(hash []byte) (market.Trial, error) {
	return t.trial("key_hash = ?", notNull(hash))
}

func (t *tx) LockTrial(key int64) (market.Trial, error) {
	lock, err := t.locked("a trial")
	if err != nil {
		return market.Trial{}, err
	}
	return t.trial("id = ?"+lock, key)
}

func (t *tx) Trials() ([]market.Trial, error) {
	return list(t, "trials", scanTrial, "SELECT "+trialColumns+" FROM trial ORDER BY id")
}

func (t *tx) TrialCandidates(key int64) ([]int64, error) {
	return t.keys("SELECT candidate FROM trial_candidate WHERE trial = ? ORDER BY candidate", key)
}

// joinTrial notes that a candidate is of a trial, unless it is none.
func (t *tx) joinTrial(key, candidate int64) error {
	if key == 0 {
		return nil
	}
	_, err := t.exec("add a candidate of a trial", "INSERT INTO trial_candidate (candidate, trial) VALUES (?, ?)", candidate, key)
	return err
}

func (t *tx) MailsFor(account int64) ([]market.Mail, error) {
	return list(t, "mails", scanMail, "SELECT "+mailColumns+" FROM mail WHERE account = ? ORDER BY id", account)
}

func (t *tx) keys(query string, arg int64) ([]int64, error) {
	return list(t, "keys", scanKey, query, arg)
}

func (t *tx) EraseTrial(key, company int64) error {
	people, err := t.TrialCandidates(key)
	if err != nil {
		return err
	}
	for _, who := range people {
		c, err := t.Candidate(who)
		if errs.Is(err, errs.NotFound) {
			continue // they have erased themselves
		}
		if err == nil {
			err = t.eraseReplies(c.Account)
		}
		if err == nil {
			err = t.DeleteCandidate(who)
		}
		if err != nil {
			return err
		}
	}
	if company != 0 {
		if err := t.eraseCompany(company); err != nil {
			return err
		}
	}
	return t.eraseEach([]int64{key}, "DELETE FROM trial_candidate WHERE trial = ?", "DELETE FROM trial WHERE id = ?")
}

// eraseEach runs statements for each of some keys. The rows are named by key, or by
// an index of it: nothing is locked but what is removed.
func (t *tx) eraseEach(keys []int64, queries ...string) error {
	for _, key := range keys {
		for _, query := range queries {
			if _, err := t.exec("erase what is of a trial", query, key); err != nil {
				return err
			}
		}
	}
	return nil
}

func (t *tx) eraseReplies(account int64) error {
	_, err := t.exec("erase the replies of an account", "DELETE FROM reply WHERE scope = ?", market.ReplyScope(account))
	return err
}

// hangs is what hangs on a company: where its keys are found, and what is removed
// for each.
type hangs struct {
	find     string
	erase    []string
	accounts bool
}

func hangsOnCompany() []hangs {
	ofAccount := []string{
		"DELETE FROM session WHERE account = ?", "DELETE FROM guess WHERE account = ?", "DELETE FROM reset WHERE account = ?",
		"DELETE FROM mail WHERE account = ?", "DELETE FROM saved_search WHERE account = ?",
		"DELETE FROM member WHERE account = ?", "DELETE FROM company_token WHERE account = ?", "DELETE FROM account WHERE id = ?",
	}
	return []hangs{
		{"SELECT id FROM offer WHERE company = ? ORDER BY id", []string{
			"DELETE FROM dealing WHERE offer = ?", "DELETE FROM message WHERE offer = ?", "DELETE FROM breach WHERE offer = ?",
			"DELETE FROM digest WHERE offer = ?", "DELETE FROM offer WHERE id = ?",
		}, false},
		{"SELECT id FROM rule WHERE company = ? ORDER BY id", []string{
			"DELETE FROM rule_day WHERE rule = ?", "DELETE FROM rule_version WHERE rule = ?", "DELETE FROM rule WHERE id = ?",
		}, false},
		{"SELECT id FROM position WHERE company = ? ORDER BY id", []string{
			"DELETE FROM position_version WHERE position = ?", "DELETE FROM position WHERE id = ?",
		}, false},
		{"SELECT saved_search.id FROM saved_search JOIN member ON member.account = saved_search.account WHERE member.company = ?", []string{
			"DELETE FROM search_alert WHERE search = ?",
		}, false},
		{"SELECT id FROM invitation WHERE company = ?", []string{"DELETE FROM invitation WHERE id = ?"}, false},
		{"SELECT id FROM decision WHERE company = ?", []string{"DELETE FROM decision WHERE id = ?"}, false},
		{"SELECT account FROM company_token WHERE company = ?", ofAccount, true},
		{"SELECT account FROM member WHERE company = ? ORDER BY account", ofAccount, true},
	}
}

// eraseCompany removes a company, its accounts and all that hangs on it.
func (t *tx) eraseCompany(company int64) error {
	for _, h := range hangsOnCompany() {
		keys, err := t.keys(h.find, company)
		if err != nil {
			return err
		}
		if h.accounts {
			for _, account := range keys {
				if err := t.eraseReplies(account); err != nil {
					return err
				}
			}
		}
		if err := t.eraseEach(keys, h.erase...); err != nil {
			return err
		}
	}
	return t.eraseEach([]int64{company},
		"DELETE FROM preview WHERE company = ?", "DELETE FROM scout_quota WHERE company = ?", "DELETE FROM scout_month WHERE company = ?",
		"DELETE FROM stat_day WHERE company = ?", "DELETE FROM company WHERE id = ?")
}
