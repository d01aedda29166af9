package market

import (
	"reflect"

	"github.com/google/uuid"

	"enishi/internal/errs"
	"enishi/internal/position"
)

type memoryPositions struct {
	positions   table[position.Position]
	positionID  map[uuid.UUID]int64
	positionsOf index[int64] // by company
	terms       map[version]*position.Terms
}

// version is one version of a position's terms.
type version struct{ position, version int64 }

func newMemoryPositions() memoryPositions {
	return memoryPositions{
		positionID: map[uuid.UUID]int64{}, positionsOf: index[int64]{}, terms: map[version]*position.Terms{},
	}
}

func (t *memoryTx) AddPosition(p *position.Position) error {
	if err := t.writing(); err != nil {
		return err
	}
	if _, ok := t.positionID[p.ID]; ok {
		return twice("the position")
	}
	row := *p
	row.Key = t.positions.next()
	t.positions.add(t, &row)
	put(t, t.positionID, p.ID, row.Key)
	t.positionsOf.add(t, p.Company, row.Key)
	put(t, t.terms, version{row.Key, row.Version}, &row.Terms)
	p.Key = row.Key
	return nil
}

func (t *memoryTx) Position(key int64) (position.Position, error) {
	return found(t, &t.positions, "position", key)
}

func (t *memoryTx) LockPosition(key int64) (position.Position, error) {
	return locked(t, &t.positions, "position", key)
}

func (t *memoryTx) PositionByID(id uuid.UUID) (position.Position, error) {
	return t.Position(t.positionID[id])
}

func (t *memoryTx) PositionsByKey(keys []int64) ([]position.Position, error) {
	return byKeys(&t.positions, keys), t.ready()
}

func (t *memoryTx) SavePosition(p *position.Position) error {
	if err := t.writing(); err != nil {
		return err
	}
	before := t.positions.find(p.Key)
	if before == nil {
		return missing("position")
	}
	row := *p
	row.ID, row.Company = before.ID, before.Company
	switch p.Version {
	case before.Version + 1:
		put(t, t.terms, version{p.Key, p.Version}, &row.Terms)
	case before.Version:
		if !reflect.DeepEqual(p.Terms, before.Terms) {
			return stale("position")
		}
	default:
		return stale("position")
	}
	t.positions.put(t, p.Key, &row)
	return nil
}

func (t *memoryTx) Terms(key, of int64) (position.Terms, error) {
	if err := t.ready(); err != nil {
		return position.Terms{}, err
	}
	terms, ok := t.terms[version{key, of}]
	if !ok {
		return position.Terms{}, errs.New(errs.NotFound, "no such version of the position")
	}
	return *terms, nil
}

func (t *memoryTx) PositionsOf(company, after int64, limit int) ([]position.Position, error) {
	return oldest(&t.positions, t.positionsOf.above(company, after), limit), t.ready()
}
