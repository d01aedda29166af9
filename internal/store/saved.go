package store

import (
	"database/sql"

	"github.com/google/uuid"

	"enishi/internal/condition"
	"enishi/internal/market"
)

const searchColumns = "id, uuid, version, company, account, name, cond, alerts, read_alert, told_alert, created_at"

func scanSearch(row scanner, s *market.SavedSearch) error {
	var (
		cond string
		at   int64
	)
	if err := row.Scan(&s.Key, &s.ID, &s.Version, &s.Company, &s.Account, &s.Name, &cond, &s.Alerts, &s.Read, &s.Told, &at); err != nil {
		return err
	}
	s.CreatedAt = moment(at)
	var err error
	if s.Condition, err = condition.Parse(condition.Profiles, []byte(cond), true); err != nil {
		return &damaged{"saved_search", s.Key, "cond", err}
	}
	return nil
}

func (t *tx) AddSearch(s *market.SavedSearch) error {
	cond, err := text(s.Condition)
	if err != nil {
		return err
	}
	key, err := t.insert("add a search", "INSERT INTO saved_search (uuid, version, company, account, name, cond, alerts, read_alert, told_alert,"+
		" created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		s.ID[:], s.Version, s.Company, s.Account, s.Name, cond, s.Alerts, s.Read, s.Told, micros(s.CreatedAt))
	if err == nil {
		s.Key = key
	}
	return err
}

func (t *tx) search(where string, arg any) (market.SavedSearch, error) {
	return one(t, "search", scanSearch, "SELECT "+searchColumns+" FROM saved_search WHERE "+where, arg)
}

func (t *tx) SavedSearch(key int64) (market.SavedSearch, error) { return t.search("id = ?", key) }

func (t *tx) LockSearch(key int64) (market.SavedSearch, error) {
	lock, err := t.locked("a search")
	if err != nil {
		return market.SavedSearch{}, err
	}
	return t.search("id = ?"+lock, key)
}

func (t *tx) SearchByID(id uuid.UUID) (market.SavedSearch, error) { return t.search("uuid = ?", id[:]) }

func (t *tx) SaveSearch(s *market.SavedSearch) error {
	cond, err := text(s.Condition)
	if err != nil {
		return err
	}
	return t.save("saved_search", s.Key, "UPDATE saved_search SET version = ?, name = ?, cond = ?, alerts = ? WHERE id = ? AND version = ?",
		s.Version, s.Name, cond, s.Alerts, s.Key, s.Version-1)
}

func (t *tx) MarkSearch(key, read, told int64) error {
	s, err := t.LockSearch(key)
	if err != nil {
		return err
	}
	_, err = t.exec("mark a search", "UPDATE saved_search SET read_alert = ?, told_alert = ? WHERE id = ?",
		max(s.Read, read), max(s.Told, told), key)
	return err
}

func (t *tx) DropSearch(key int64) error {
	if err := t.DropAlerts(key); err != nil {
		return err
	}
	_, err := t.exec("remove a search", "DELETE FROM saved_search WHERE id = ?", key)
	return err
}

func (t *tx) SearchesOf(account, after int64, limit int) ([]market.SavedSearch, error) {
	return list(t, "searches", scanSearch, "SELECT "+searchColumns+" FROM saved_search WHERE account = ? AND id > ? ORDER BY id LIMIT ?",
		account, after, limit)
}

func (t *tx) Alerting(after int64, limit int) ([]market.SavedSearch, error) {
	return list(t, "searches", scanSearch, "SELECT "+searchColumns+" FROM saved_search WHERE alerts = ? AND id > ? ORDER BY id LIMIT ?",
		true, after, limit)
}

func (t *tx) AddAlert(a *market.Alert) error {
	key, err := t.insert("add an alert", "INSERT INTO search_alert (search, candidate, noted_at) VALUES (?, ?, ?)",
		a.Search, a.Candidate, microsOrNull(a.At))
	if err == nil {
		a.Key = key
	}
	return err
}

func (t *tx) Alerts(search, before int64, limit int) ([]market.Alert, error) {
	return list(t, "alerts", func(row scanner, a *market.Alert) error {
		var at sql.NullInt64
		err := row.Scan(&a.Key, &a.Search, &a.Candidate, &at)
		a.At = momentOrZero(at)
		return err
	}, "SELECT id, search, candidate, noted_at FROM search_alert WHERE search = ? AND noted_at IS NOT NULL AND id < ? ORDER BY id DESC LIMIT ?",
		search, orNewest(before), limit)
}

func (t *tx) Alerted(candidate int64) ([]int64, error) {
	return list(t, "alerts", scanKey, "SELECT search FROM search_alert WHERE candidate = ? ORDER BY search", candidate)
}

func (t *tx) DropAlerts(search int64) error {
	_, err := t.exec("remove alerts", "DELETE FROM search_alert WHERE search = ?", search)
	return err
}

func (t *tx) Untold(after int64, limit int) ([]int64, error) {
	return list(t, "alerts", scanKey, "SELECT DISTINCT s.account FROM saved_search s JOIN search_alert a ON a.search = s.id"+
		" WHERE s.alerts = ? AND a.noted_at IS NOT NULL AND a.id > s.told_alert AND s.account > ? ORDER BY s.account LIMIT ?", true, after, limit)
}
