package market

import (
	"strconv"
	"strings"

	"enishi/internal/candidate"
	"enishi/internal/day"
	"enishi/internal/taxonomy"
)

// The past is what people like a visitor received in the last 180 days. It is told
// from a table that the job past makes once a day; see decision 0023.

// pastDays is how far back the past goes.
const pastDays = 180

const (
	// leastPeople is the fewest people of whom anything is told, and by whom
	// anything that is told may change.
	leastPeople = 5
	// leastSenders is from how many companies their offers must come.
	leastSenders = 3
	// enoughPeople ends the widening.
	enoughPeople = 30
)

// Past is what similar people received: one figure for each, the highest upper end
// of annual pay that they were offered.
type Past struct {
	People      int
	Pay         Spread
	Occupations []string // of the offers, the most frequent first; at most three
	Widened     []string // what similar does not mean any more: region, experience, occupation
	Until       day.Day  // the last of the days
}

// Edition is the table as it was made once: shown from a day on, of what was
// received up to another.
type Edition struct{ From, Until day.Day }

// PastCell is what an edition says of the people of one cell.
type PastCell struct {
	Name        string   `json:"-"`
	People      int      `json:"people"`
	Companies   int      `json:"companies"`
	Pay         Spread   `json:"pay"`
	Occupations []string `json:"occupations"`
}

// Recipient is what one person received, as it is counted. The key of somebody
// who was erased means nobody any more.
type Recipient struct {
	Candidate   int64    `json:"c"`
	Pay         int      `json:"p"` // 10,000 JPY
	Companies   []int64  `json:"k"` // ascending
	Occupations []string `json:"o"` // ascending
}

// PastAtom holds the people whom the newest edition counts together, at least
// leastPeople: every cell is made of whole atoms.
type PastAtom struct {
	Name   string
	People []Recipient
}

// Received is one offer that somebody received.
type Received struct {
	Candidate, Company, Position, PositionVersion int64
}

// pastTx is what the past is made from, and kept in.
type pastTx interface {
	// Received gives the offers to the candidates after one key up to another
	// that were sent from one day to another, both inclusive, by candidate and
	// key: not those that are proposed, reserved or lapsed.
	Received(after, until int64, from, to day.Day) ([]Received, error)
	// Editions gives the editions, the newest first; PastCells the cells of one,
	// by name; PastAtoms the people of the newest, by name.
	Editions() ([]Edition, error)
	PastCells(from day.Day) ([]PastCell, error)
	PastAtoms() ([]PastAtom, error)
	// Publish adds an edition with its cells, puts its atoms in the place of
	// those of the one before, and removes the editions from before a day.
	Publish(e Edition, cells []PastCell, atoms []PastAtom, before day.Day) error
}

// cellsOf gives the cells to which people of a profile belong, each within the next:
// occupation group, years of experience and region; without the region; the group
// alone; everybody. What a profile does not tell, it is not in.
func cellsOf(p *candidate.Profile) []string {
	group, years, ok := mainOccupation(p)
	if !ok {
		return []string{""}
	}
	if p.ExperienceYears != nil {
		years = *p.ExperienceYears
	}
	name := group + "/" + strconv.Itoa(experienceBand(years))
	if item, ok := taxonomy.Of(taxonomy.Prefecture).Find(p.Residence); ok {
		return cellsAround(name + "/" + item.Parent)
	}
	return cellsAround(name)
}

// cellsAround gives a cell and those around it.
func cellsAround(cell string) []string {
	out := []string{cell}
	for i := strings.LastIndexByte(cell, '/'); i >= 0; i = strings.LastIndexByte(cell, '/') {
		cell = cell[:i]
		out = append(out, cell)
	}
	if cell != "" {
		out = append(out, "")
	}
	return out
}

// mainOccupation gives the group of the occupation with the most years, the first
// of equals, and these years.
func mainOccupation(p *candidate.Profile) (group string, years int, ok bool) {
	for _, held := range p.Occupation {
		item, known := taxonomy.Of(taxonomy.Occupation).Find(held.Code)
		if known && (!ok || held.Min > years) {
			group, years, ok = item.Parent, held.Min, true
		}
	}
	return group, years, ok
}

// experienceBand gives the band of years of experience: under 3, under 7, under 15,
// and more.
func experienceBand(years int) int {
	band := 0
	for _, from := range []int{3, 7, 15} {
		if years >= from {
			band++
		}
	}
	return band
}

// pastOf gives what similar people received: of the narrowest cell with enough
// people, else of the widest that is told; nil if none is.
func pastOf(p *candidate.Profile, cells map[string]PastCell, until day.Day) *Past {
	var best *PastCell
	for _, name := range cellsOf(p) {
		if c, ok := cells[name]; ok {
			if best = &c; c.People >= enoughPeople {
				break
			}
		}
	}
	if best == nil {
		return nil
	}
	out := Past{People: best.People, Pay: best.Pay, Occupations: best.Occupations, Until: until}
	depth := strings.Count(best.Name, "/") + 1
	if best.Name == "" {
		depth = 0
	}
	for i, what := range []string{"occupation", "experience", "region"} {
		if depth <= i {
			out.Widened = append([]string{what}, out.Widened...)
		}
	}
	return &out
}
