package store

import (
	"encoding/json"
	"fmt"

	"github.com/google/uuid"

	"enishi/internal/errs"
	"enishi/internal/position"
)

const positionRows = "SELECT p.id, p.uuid, p.company, p.version, p.published_version, p.state, v.terms" +
	" FROM position p JOIN position_version v ON v.position = p.id AND v.version = p.version WHERE "

const (
	insertPosition = "INSERT INTO position (uuid, company, version, published_version, state) VALUES (?, ?, ?, ?, ?)"
	insertTerms    = "INSERT INTO position_version (position, version, terms) VALUES (?, ?, ?)"
)

func scanPosition(row scanner, p *position.Position) error {
	var terms string
	if err := row.Scan(&p.Key, &p.ID, &p.Company, &p.Version, &p.PublishedVersion, &p.State, &terms); err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(terms), &p.Terms); err != nil {
		return &damaged{"position", p.Key, fmt.Sprintf("terms of version %d", p.Version), err}
	}
	return nil
}

func (t *tx) position(where string, arg any) (position.Position, error) {
	return one(t, "position", scanPosition, positionRows+where, arg)
}

// positionValues are the values of insertPosition.
func positionValues(p *position.Position) []any {
	return []any{p.ID[:], p.Company, p.Version, p.PublishedVersion, string(p.State)}
}

func (t *tx) AddPosition(p *position.Position) error {
	terms, err := text(p.Terms)
	if err != nil {
		return err
	}
	key, err := t.insert("add a position", insertPosition, positionValues(p)...)
	if err != nil {
		return err
	}
	if _, err := t.exec("add terms", insertTerms, key, p.Version, terms); err != nil {
		return err
	}
	p.Key = key
	return nil
}

func (t *tx) Position(key int64) (position.Position, error) { return t.position("p.id = ?", key) }

func (t *tx) LockPosition(key int64) (position.Position, error) {
	lock, err := t.locked("a position")
	if err != nil {
		return position.Position{}, err
	}
	return t.position("p.id = ?"+lock, key)
}

func (t *tx) PositionByID(id uuid.UUID) (position.Position, error) {
	return t.position("p.uuid = ?", id[:])
}

func (t *tx) PositionsByKey(keys []int64) ([]position.Position, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	in, args := among(keys)
	return list(t, "positions", scanPosition, positionRows+"p.id "+in+" ORDER BY p.id", args...)
}

func (t *tx) SavePosition(p *position.Position) error {
	terms, err := text(p.Terms)
	if err != nil {
		return err
	}
	stored, err := t.LockPosition(p.Key)
	if err != nil {
		return err
	}
	// Both are written by this program: what an older one stored may spell
	// the same terms in another way.
	before, err := text(stored.Terms)
	if err != nil {
		return err
	}
	switch {
	case p.Version == stored.Version+1:
		if _, err := t.exec("add terms", insertTerms, p.Key, p.Version, terms); err != nil {
			return err
		}
	case p.Version == stored.Version && terms == before:
	default:
		return errs.New(errs.Stale, "the position has changed since it was read")
	}
	_, err = t.update("save position", "UPDATE position SET version = ?, published_version = ?, state = ? WHERE id = ?",
		p.Version, p.PublishedVersion, string(p.State), p.Key)
	return err
}

func (t *tx) Terms(key, version int64) (position.Terms, error) {
	return one(t, "version of the position", func(row scanner, terms *position.Terms) error {
		var s string
		if err := row.Scan(&s); err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(s), terms); err != nil {
			return &damaged{"position", key, fmt.Sprintf("terms of version %d", version), err}
		}
		return nil
	}, "SELECT terms FROM position_version WHERE position = ? AND version = ?", key, version)
}

func (t *tx) PositionsOf(company, after int64, limit int) ([]position.Position, error) {
	return list(t, "positions", scanPosition, positionRows+"p.company = ? AND p.id > ? ORDER BY p.id LIMIT ?",
		company, after, limit)
}
