package market

import (
	"fmt"
	"slices"

	"enishi/internal/candidate"
	"enishi/internal/corpnum"
)

// MakeMask makes the mask of a candidate's profile, which is saved with it. The
// names of employers that are known by number are those of the companies here.
func MakeMask(tx Tx, c *candidate.Candidate) error {
	var names []string
	if len(c.Profile.Parts()) > 0 {
		var numbers []corpnum.Number
		for _, e := range c.Employers {
			numbers = append(numbers, e.Number)
		}
		for _, j := range c.Profile.History {
			if j.Employer.Number != nil {
				numbers = append(numbers, *j.Employer.Number)
			}
		}
		slices.Sort(numbers)
		for _, n := range slices.Compact(numbers) {
			k, err := tx.CompanyByNumber(n)
			if notFoundIsNil(err) != nil {
				return fmt.Errorf("employer of candidate %d: %w", c.Key, err)
			}
			names = append(names, k.Name)
		}
	}
	c.Mask = candidate.NewMask(&c.Profile, names...)
	return nil
}

// recallMask makes the mask of a profile that was saved without one, or with one that
// hides less than would be hidden today.
func recallMask(tx Tx, c *candidate.Candidate) error {
	if c.Mask.Current() {
		return nil
	}
	return MakeMask(tx, c)
}
