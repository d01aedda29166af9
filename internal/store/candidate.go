package store

import (
	"encoding/json"
	"slices"

	"github.com/google/uuid"

	"enishi/internal/candidate"
	"enishi/internal/condition"
	"enishi/internal/corpnum"
	"enishi/internal/market"
)

const candidateColumns = "id, uuid, account, version, is_open, confirmed, weekly_limit, language, last_active," +
	" profile, wishes, created_at, trial"

const insertCandidate = "INSERT INTO candidate (uuid, account, version, is_open, confirmed, weekly_limit, language," +
	" last_active, profile, wishes, created_at, trial) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"

func scanCandidate(row scanner, c *candidate.Candidate) error {
	var (
		profile, wishes string
		at              int64
	)
	if err := row.Scan(&c.Key, &c.ID, &c.Account, &c.Version, &c.Open, &c.Confirmed, &c.WeeklyLimit, &c.Language,
		&c.LastActive, &profile, &wishes, &at, &c.Trial); err != nil {
		return err
	}
	c.CreatedAt = moment(at)
	var kept keptProfile
	if err := json.Unmarshal([]byte(profile), &kept); err != nil {
		return &damaged{"candidate", c.Key, "profile", err}
	}
	c.Profile, c.Mask = kept.Profile, kept.Mask
	var err error
	if c.Wishes, err = condition.Parse(condition.Positions, []byte(wishes), false); err != nil {
		return &damaged{"candidate", c.Key, "wishes", err}
	}
	return nil
}

// keptProfile is the column of a profile. The mask stands within it, so that a
// program that knows none drops it with the profile that it was made of.
type keptProfile struct {
	candidate.Profile
	Mask *candidate.Mask `json:"mask,omitempty"`
}

func (t *tx) candidate(where string, arg any) (candidate.Candidate, error) {
	c, err := one(t, "candidate", scanCandidate, "SELECT "+candidateColumns+" FROM candidate WHERE "+where, arg)
	if err != nil {
		return candidate.Candidate{}, err
	}
	if c.Blocks, err = t.blocks(c.Key); err != nil {
		return candidate.Candidate{}, err
	}
	if c.Employers, err = t.employers(c.Key); err != nil {
		return candidate.Candidate{}, err
	}
	return c, nil
}

func (t *tx) blocks(candidate int64) ([]corpnum.Number, error) {
	return list(t, "blocks", func(row scanner, n *corpnum.Number) error { return row.Scan(n) },
		"SELECT number FROM block WHERE candidate = ? ORDER BY number", candidate)
}

func (t *tx) employers(key int64) ([]candidate.Employment, error) {
	return list(t, "employers", func(row scanner, e *candidate.Employment) error { return row.Scan(&e.Number, &e.Current) },
		"SELECT number, is_current FROM employment WHERE candidate = ? ORDER BY number", key)
}

// candidateDocuments gives the columns of a candidate that are JSON.
func candidateDocuments(c *candidate.Candidate) (profile, wishes string, err error) {
	if err := market.CheckCandidate(c); err != nil {
		return "", "", err
	}
	if profile, err = text(keptProfile{c.Profile, c.Mask}); err != nil {
		return "", "", err
	}
	wishes, err = text(c.Wishes)
	return profile, wishes, err
}

// candidateValues are the values of insertCandidate.
func candidateValues(c *candidate.Candidate) ([]any, error) {
	profile, wishes, err := candidateDocuments(c)
	if err != nil {
		return nil, err
	}
	return []any{
		c.ID[:], c.Account, c.Version, c.Open, c.Confirmed, c.WeeklyLimit, c.Language, c.LastActive, profile, wishes,
		micros(c.CreatedAt), c.Trial,
	}, nil
}

func (t *tx) AddCandidate(c *candidate.Candidate) error {
	values, err := candidateValues(c)
	if err != nil {
		return err
	}
	key, err := t.insert("add a candidate", insertCandidate, values...)
	if err != nil {
		return err
	}
	if err := t.addBlocks(key, c.Blocks); err != nil {
		return err
	}
	if err := t.addEmployers(key, c.Employers); err != nil {
		return err
	}
	if err := t.joinTrial(c.Trial, key); err != nil {
		return err
	}
	c.Key = key
	return nil
}

const (
	insertBlock    = "INSERT INTO block (candidate, number) VALUES (?, ?)"
	insertEmployer = "INSERT INTO employment (candidate, number, is_current) VALUES (?, ?, ?)"
	insertView     = "INSERT INTO view (candidate, company, at) VALUES (?, ?, ?)"
)

func (t *tx) addBlocks(candidate int64, numbers []corpnum.Number) error {
	for _, n := range numbers {
		if _, err := t.exec("add a block", insertBlock, candidate, int64(n)); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) addEmployers(candidate int64, employers []candidate.Employment) error {
	for _, e := range employers {
		if _, err := t.exec("add an employer", insertEmployer, candidate, int64(e.Number), e.Current); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) Candidate(key int64) (candidate.Candidate, error) { return t.candidate("id = ?", key) }

func (t *tx) LockCandidate(key int64) (candidate.Candidate, error) {
	lock, err := t.locked("a candidate")
	if err != nil {
		return candidate.Candidate{}, err
	}
	return t.candidate("id = ?"+lock, key)
}

func (t *tx) CandidateByID(id uuid.UUID) (candidate.Candidate, error) {
	return t.candidate("uuid = ?", id[:])
}

func (t *tx) CandidateByAccount(account int64) (candidate.Candidate, error) {
	return t.candidate("account = ?", account)
}

func (t *tx) SaveCandidate(c *candidate.Candidate) error {
	profile, wishes, err := candidateDocuments(c)
	if err != nil {
		return err
	}
	if err := t.save("candidate", c.Key, "UPDATE candidate SET version = ?, is_open = ?, confirmed = ?, weekly_limit = ?,"+
		" language = ?, last_active = ?, profile = ?, wishes = ? WHERE id = ? AND version = ?",
		c.Version, c.Open, c.Confirmed, c.WeeklyLimit, c.Language, c.LastActive, profile, wishes, c.Key, c.Version-1); err != nil {
		return err
	}
	return t.saveLists(c)
}

// saveLists rewrites the lists of a candidate where they differ.
func (t *tx) saveLists(c *candidate.Candidate) error {
	blocks, err := t.blocks(c.Key)
	if err != nil {
		return err
	}
	if !slices.Equal(blocks, c.Blocks) {
		if _, err := t.exec("clear the blocks", "DELETE FROM block WHERE candidate = ?", c.Key); err != nil {
			return err
		}
		if err := t.addBlocks(c.Key, c.Blocks); err != nil {
			return err
		}
	}
	employers, err := t.employers(c.Key)
	if err != nil || slices.Equal(employers, c.Employers) {
		return err
	}
	if _, err := t.exec("clear the employers", "DELETE FROM employment WHERE candidate = ?", c.Key); err != nil {
		return err
	}
	return t.addEmployers(c.Key, c.Employers)
}

func (t *tx) DeleteCandidate(key int64) error {
	account, err := one(t, "candidate", func(row scanner, v *int64) error { return row.Scan(v) },
		"SELECT account FROM candidate WHERE id = ?"+t.dialect.Lock, key)
	if err != nil {
		return err
	}
	for _, d := range []struct {
		query string
		key   int64
	}{
		{"DELETE FROM block WHERE candidate = ?", key},
		{"DELETE FROM employment WHERE candidate = ?", key},
		{"DELETE FROM view WHERE candidate = ?", key},
		{"DELETE FROM search_alert WHERE candidate = ?", key},
		{"DELETE FROM candidate WHERE id = ?", key},
		{"DELETE FROM session WHERE account = ?", account},
		{"DELETE FROM guess WHERE account = ?", account},
		{"DELETE FROM reset WHERE account = ?", account},
		{"DELETE FROM mail WHERE account = ?", account},
		{"DELETE FROM account WHERE id = ?", account},
	} {
		if _, err := t.exec("delete a candidate", d.query, d.key); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) Candidates(after int64, limit int) ([]candidate.Candidate, error) {
	all, err := list(t, "candidates", scanCandidate,
		"SELECT "+candidateColumns+" FROM candidate WHERE id > ? ORDER BY id LIMIT ?", after, limit)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return all, t.fillLists(all, "candidate > ? AND candidate <= ?", after, all[len(all)-1].Key)
}

func (t *tx) CandidatesOf(keys []int64) ([]candidate.Candidate, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	in, args := among(keys)
	all, err := list(t, "candidates", scanCandidate,
		"SELECT "+candidateColumns+" FROM candidate WHERE id "+in+" ORDER BY id", args...)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return all, t.fillLists(all, "candidate "+in, args...)
}

// fillLists reads what candidates have in lists; they come by key, and where
// finds the rows of these candidates alone.
func (t *tx) fillLists(all []candidate.Candidate, where string, args ...any) error {
	of := func() func(key int64) *candidate.Candidate {
		i := 0
		return func(key int64) *candidate.Candidate { // rows come by candidate
			for i < len(all)-1 && all[i].Key < key {
				i++
			}
			return &all[i]
		}
	}
	find := of()
	_, err := list(t, "blocks", func(row scanner, _ *struct{}) error {
		var key int64
		var n corpnum.Number
		if err := row.Scan(&key, &n); err != nil {
			return err
		}
		c := find(key)
		c.Blocks = append(c.Blocks, n)
		return nil
	}, "SELECT candidate, number FROM block WHERE "+where+" ORDER BY candidate, number", args...)
	if err != nil {
		return err
	}
	find = of()
	_, err = list(t, "employers", func(row scanner, _ *struct{}) error {
		var key int64
		var e candidate.Employment
		if err := row.Scan(&key, &e.Number, &e.Current); err != nil {
			return err
		}
		c := find(key)
		c.Employers = append(c.Employers, e)
		return nil
	}, "SELECT candidate, number, is_current FROM employment WHERE "+where+" ORDER BY candidate, number", args...)
	return err
}

func (t *tx) AddView(v market.View) error {
	_, err := t.exec("add a view", insertView, v.Candidate, v.Company, micros(v.At))
	return err
}

func (t *tx) Views(candidate, before int64, limit int) ([]market.View, error) {
	return list(t, "views", func(row scanner, v *market.View) error {
		var at int64
		err := row.Scan(&v.Key, &v.Candidate, &v.Company, &at)
		v.At = moment(at)
		return err
	}, "SELECT id, candidate, company, at FROM view WHERE candidate = ? AND id < ? ORDER BY id DESC LIMIT ?",
		candidate, orNewest(before), limit)
}
