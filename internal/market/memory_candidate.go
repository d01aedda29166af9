package market

import (
	"slices"

	"github.com/google/uuid"

	"enishi/internal/candidate"
)

type memoryCandidates struct {
	candidates       table[candidate.Candidate]
	candidateID      map[uuid.UUID]int64
	candidateAccount map[int64]int64
	views            table[View]
	viewsOf          index[int64]
}

func newMemoryCandidates() memoryCandidates {
	return memoryCandidates{
		candidateID: map[uuid.UUID]int64{}, candidateAccount: map[int64]int64{}, viewsOf: index[int64]{},
	}
}

// storedCandidate gives a row of its own whose lists no append can reach.
func storedCandidate(c *candidate.Candidate) *candidate.Candidate {
	row := *c
	row.Blocks, row.Employers = slices.Clip(c.Blocks), slices.Clip(c.Employers)
	row.CreatedAt = stored(c.CreatedAt)
	return &row
}

func (t *memoryTx) AddCandidate(c *candidate.Candidate) error {
	if err := t.writing(); err != nil {
		return err
	}
	if err := CheckCandidate(c); err != nil {
		return err
	}
	if _, ok := t.candidateID[c.ID]; ok {
		return twice("the candidate")
	}
	if _, ok := t.candidateAccount[c.Account]; ok {
		return twice("the account has a candidate")
	}
	row := storedCandidate(c)
	row.Key = t.candidates.next()
	t.candidates.add(t, row)
	put(t, t.candidateID, c.ID, row.Key)
	put(t, t.candidateAccount, c.Account, row.Key)
	if c.Trial != 0 {
		put(t, t.trialOf, row.Key, c.Trial)
	}
	c.Key = row.Key
	return nil
}

func (t *memoryTx) Candidate(key int64) (candidate.Candidate, error) {
	return found(t, &t.candidates, "candidate", key)
}

func (t *memoryTx) LockCandidate(key int64) (candidate.Candidate, error) {
	return locked(t, &t.candidates, "candidate", key)
}

func (t *memoryTx) CandidateByID(id uuid.UUID) (candidate.Candidate, error) {
	return t.Candidate(t.candidateID[id])
}

func (t *memoryTx) CandidateByAccount(account int64) (candidate.Candidate, error) {
	return t.Candidate(t.candidateAccount[account])
}

func (t *memoryTx) SaveCandidate(c *candidate.Candidate) error {
	if err := t.writing(); err != nil {
		return err
	}
	if err := CheckCandidate(c); err != nil {
		return err
	}
	before := t.candidates.find(c.Key)
	if before == nil {
		return missing("candidate")
	}
	if before.Version != c.Version-1 {
		return stale("candidate")
	}
	row := storedCandidate(c)
	row.ID, row.Account, row.CreatedAt, row.Trial = before.ID, before.Account, before.CreatedAt, before.Trial
	t.candidates.put(t, c.Key, row)
	return nil
}

func (t *memoryTx) DeleteCandidate(key int64) error {
	if err := t.writing(); err != nil {
		return err
	}
	c := t.candidates.find(key)
	if c == nil {
		return missing("candidate")
	}
	for _, view := range t.viewsOf[key] {
		t.views.put(t, view, nil)
	}
	drop(t, t.viewsOf, key)
	t.dropAlertsOn(key)
	drop(t, t.candidateID, c.ID)
	drop(t, t.candidateAccount, c.Account)
	t.candidates.put(t, key, nil)
	t.deleteAccount(c.Account)
	t.deleteMails(c.Account)
	return nil
}

func (t *memoryTx) Candidates(after int64, limit int) ([]candidate.Candidate, error) {
	return t.candidates.page(after, limit), t.ready()
}

func (t *memoryTx) CandidatesOf(keys []int64) ([]candidate.Candidate, error) {
	return byKeys(&t.candidates, keys), t.ready()
}

func (t *memoryTx) AddView(v View) error {
	if err := t.writing(); err != nil {
		return err
	}
	v.Key, v.At = t.views.next(), stored(v.At)
	t.views.add(t, &v)
	t.viewsOf.add(t, v.Candidate, v.Key)
	return nil
}

func (t *memoryTx) Views(candidate, before int64, limit int) ([]View, error) {
	return newest(&t.views, t.viewsOf.below(candidate, before), limit, nil), t.ready()
}

// newest gives copies of up to limit rows of some keys, from the last key
// down, of those that fit (nil: all).
func newest[T any](in *table[T], keys []int64, limit int, fits func(*T) bool) []T {
	var out []T
	for i := len(keys) - 1; i >= 0 && len(out) < limit; i-- {
		if row := in.find(keys[i]); fits == nil || fits(row) {
			out = append(out, *row)
		}
	}
	return out
}

// oldest gives copies of up to limit rows of some keys, by key.
func oldest[T any](in *table[T], keys []int64, limit int) []T {
	var out []T
	for i := 0; i < len(keys) && len(out) < limit; i++ {
		out = append(out, *in.find(keys[i]))
	}
	return out
}
