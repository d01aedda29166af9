package market

import (
	"cmp"
	"context"

	"golang.org/x/sync/errgroup"
)

// asked is what was read for the row of a person: what is due to them, best first, and which
// saved searches they may have come to match.
type asked struct {
	proposals []Proposal
	searches  []int64
	err       error
}

// ask reads it.
func (m *Market) ask(ctx context.Context, candidate int64) *asked {
	a := new(asked)
	if a.searches, a.err = m.proposeAlerts(ctx, candidate); a.err == nil {
		a.proposals, a.err = m.forCandidates(ctx, []int64{candidate})
	}
	return a
}

const (
	// abreast is how many people are read about at once while rows wait. A row is bound by its
	// statements, each of which waits for the database.
	abreast = 8
	// farAhead bounds how many times as many are read about before their turn: what is read is held, and gets old.
	farAhead = 4
)

// steppedOver says whether the matcher does nothing at a row of this kind, and nobody matches anew by it.
func (c Change) steppedOver() bool {
	switch c {
	case CandidateLess, CandidateErased, BlockAdded, RuleLess, OfferChanged, SearchChanged:
		return true
	}
	return false
}

// readAhead reads for the rows that come next and have a person matched, several at a time, and
// gives as much for each row: of one that stands alone, and of those of other kinds, nil. It stops
// before a row that could let something be due to a person that is not when it is read.
//
// Rows of people only take away from each other, budgets and rooms, which every step looks at
// again under its locks (docs/decisions/0011): so what is read early is at most too much, and
// nothing is missed.
func (m *Market) readAhead(ctx context.Context, rows []Row) []*asked {
	width := cmp.Or(m.options.Abreast, abreast)
	var people []int // their places
	n := 0
	for ; n < len(rows) && len(people) < farAhead*width; n++ {
		if of := rows[n].Change; of == CandidateChanged || of == BlockRemoved {
			people = append(people, n)
		} else if !of.steppedOver() {
			break
		}
	}
	out := make([]*asked, max(n, 1)) // a row of another kind is handled alone
	if len(people) < 2 || width < 2 {
		return out
	}
	var beside errgroup.Group
	beside.SetLimit(width)
	for _, i := range people {
		beside.Go(func() error {
			out[i] = m.ask(ctx, rows[i].Entity)
			return nil // it is told at its turn: rows before it are handled all the same
		})
	}
	_ = beside.Wait() // none fails
	return out
}
