package market

import (
	"fmt"

	"enishi/internal/errs"
)

// lockAll locks rows of a kind by key, in order, and gives those that are
// there. Who locks several kinds takes them in the order account, candidate,
// company, rule, position, and reads what the rows decide only then: what was
// read before a lock may have changed while it was waited for.
func lockAll[T any](what string, keys []int64, lock func(int64) (T, error)) (map[int64]T, error) {
	keys = distinct(keys)
	out := make(map[int64]T, len(keys))
	for _, key := range keys {
		v, err := lock(key)
		switch {
		case errs.Is(err, errs.NotFound):
		case err != nil:
			return nil, fmt.Errorf("lock %s %d: %w", what, key, err)
		default:
			out[key] = v
		}
	}
	return out, nil
}

// SettingGroups is what whoever moves a company into a group writes before
// anything else: by its lock, groups change one at a time. Two companies that
// both claim a head that is not registered have no other row in common.
const SettingGroups = "groups"

// mostRuns is how often a transaction is run that lost to another: once for
// an address that was confirmed first, and once for a request that came twice.
const mostRuns = 3

// again runs a transaction that makes something, and runs it again if
// somebody else made it first: then it finds what that was.
func again(run func() error) error {
	err := run()
	for n := 1; n < mostRuns && errs.Is(err, errs.Conflict); n++ {
		err = run()
	}
	return err
}
