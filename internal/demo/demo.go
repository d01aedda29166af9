// Package demo makes a believable Japanese labour market from official
// figures: who lives and works where at which pay is drawn from the census and
// the wage survey, what the companies look for from who is there, and what has
// happened between them is played by the market's own step over 180 days.
//
// The same options give the same market, ids included. Companies, people and
// corporate numbers are invented. It refuses a count below one.
package demo

import (
	"fmt"
	"strconv"

	"enishi/internal/account"
	"enishi/internal/candidate"
	"enishi/internal/day"
	"enishi/internal/errs"
)

// livedDays is how long the market has been running.
const livedDays = 180

// Options say how large the market is and when it stands.
type Options struct {
	Candidates, Companies, Rules int
	Seed                         uint64
	Today                        day.Day
	Vault                        *account.Vault // seals the addresses
	// Progress is told of each stage of the work; it may be nil.
	Progress func(stage string, done, total int)
}

func (o *Options) validate() error {
	var list []errs.Problem
	for _, f := range []struct {
		name string
		n    int
	}{{"candidates", o.Candidates}, {"companies", o.Companies}, {"rules", o.Rules}} {
		if f.n < 1 {
			list = append(list, errs.Problem{Pointer: "/" + f.name, Found: strconv.Itoa(f.n), Allowed: "1 or more"})
		}
	}
	if len(list) > 0 {
		return errs.AtPointers(list...)
	}
	return nil
}

// codedYears is a code at a level, of a profile.
type codedYears = candidate.Coded

// world is the market on the drawing board.
type world struct {
	*tables
	options    Options
	first      day.Day // the first day of the market
	firms      []*firm
	byIndustry map[string][]*firm
	employers  map[*occupation][]*firm // see employersOf
	trades     map[string]*trade       // by code of the occupation
	persons    []*person
	orders     []order
	kin        map[*occupation][]string // see kinOf
	regions    map[string]uint64        // prefectures as bits
}

// newWorld draws everything that is there before anything happens.
func newWorld(o Options) (*world, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	t, err := loadTables()
	if err != nil {
		return nil, fmt.Errorf("read the demo's tables: %w", err)
	}
	trades, err := loadTrades()
	if err != nil {
		return nil, fmt.Errorf("read the demo's trades: %w", err)
	}
	if o.Progress == nil {
		o.Progress = func(string, int, int) {}
	}
	w := &world{tables: t, options: o, first: o.Today - livedDays, byIndustry: map[string][]*firm{}, trades: trades}
	w.employers = map[*occupation][]*firm{}
	w.kin, w.regions = map[*occupation][]string{}, map[string]uint64{}
	for i := range w.occupations {
		w.kin[&w.occupations[i]] = w.kinOf(&w.occupations[i])
	}
	for at := range w.prefectures {
		w.regions[w.region(at)] |= 1 << at
	}
	w.firms = w.firmsOf()
	o.Progress("companies", len(w.firms), o.Companies)
	w.persons = w.people()
	o.Progress("candidates", len(w.persons), o.Candidates)
	w.orders = w.ordersOf()
	o.Progress("rules", len(w.orders), len(w.orders))
	return w, nil
}
