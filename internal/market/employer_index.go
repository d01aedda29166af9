package market

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"enishi/internal/candidate"
	"enishi/internal/company"
	"enishi/internal/condition"
)

// employerIndex holds the names of all companies as they are compared. A company keeps
// its name, so each is read once, when a name is first looked for after it came.
type employerIndex struct {
	mu   sync.Mutex
	list []indexedEmployer // by key
}

type indexedEmployer struct {
	key    int64
	name   candidate.EmployerName
	folded string
}

// readAgain is how many of the newest companies are read each time: while one was being
// registered, another may have been read that has a later key.
const readAgain = 100

// named calls for each company whose name fits, by key, until it has enough. One whose
// number was freed is passed over: its name is not that number's.
func (m *Market) named(ctx context.Context, fits func(name candidate.EmployerName, folded string) bool, call func(*company.Company) (enough bool)) error {
	if err := m.employers.follow(ctx, m); err != nil {
		return err
	}
	for part := range slices.Chunk(m.employers.find(fits), MostKeys) {
		var list []company.Company
		err := m.read(ctx, func(tx Tx) (err error) {
			list, err = tx.CompaniesByKey(part)
			return err
		})
		if err != nil {
			return fmt.Errorf("companies by their names: %w", err)
		}
		for i := range list {
			if !list[i].Freed && call(&list[i]) {
				return nil
			}
		}
	}
	return nil
}

// find gives the keys of the companies whose name fits.
func (x *employerIndex) find(fits func(candidate.EmployerName, string) bool) []int64 {
	x.mu.Lock()
	list := x.list // what is in it does not change
	x.mu.Unlock()
	var out []int64
	for i := range list {
		if fits(list[i].name, list[i].folded) {
			out = append(out, list[i].key)
		}
	}
	return out
}

// follow reads the companies that are not known yet.
func (x *employerIndex) follow(ctx context.Context, m *Market) error {
	x.mu.Lock()
	old := x.list
	x.mu.Unlock()
	known := old[:max(0, len(old)-readAgain)]
	var fresh []indexedEmployer
	err := m.read(ctx, func(tx Tx) error {
		fresh = nil
		var after int64
		if len(known) > 0 {
			after = known[len(known)-1].key
		}
		for {
			list, err := tx.Companies(after, companiesRead)
			if err != nil {
				return err
			}
			for i := range list {
				after = list[i].Key
				if list[i].Trial != 0 {
					continue
				}
				fresh = append(fresh, indexedEmployer{after, candidate.ParseEmployer(list[i].Name), condition.FoldText(list[i].Name)})
			}
			if len(list) < companiesRead {
				return nil
			}
		}
	})
	if err != nil {
		return err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if n := len(known) + len(fresh); n > len(old) && n > len(x.list) {
		x.list = append(slices.Clip(known), fresh...) // who goes through the old one has it still
	}
	return nil
}
