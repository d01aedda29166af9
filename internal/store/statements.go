package store

import (
	"maps"
	"slices"
)

// Statements gives the queries that are prepared on the connections at rest,
// which are all that were used on them: to ask the database for their plans.
// It is empty where statements are not prepared.
func (s *Store) Statements() []string {
	all := map[string]bool{}
	for _, p := range []*pool{s.writers, s.readers} {
		for range cap(p.free) {
			select {
			case ses := <-p.free:
				if ses != nil {
					for query := range ses.statements {
						all[query] = true
					}
				}
				p.free <- ses
			default:
			}
		}
	}
	return slices.Sorted(maps.Keys(all))
}
