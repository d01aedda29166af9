package market

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"enishi/internal/candidate"
	"enishi/internal/day"
	"enishi/internal/errs"
)

// makePast counts what people received and gives what publishes it. An edition is
// shown from the next day on, so that what is told does not change within a day; the
// very first at once. A day has one edition: a second run changes nothing.
func (m *Market) makePast(ctx context.Context) (gathered, error) {
	var g gathered
	var made []Edition
	var today day.Day
	var atoms []PastAtom
	err := m.read(ctx, func(tx Tx) (err error) {
		if today, err = logDay(tx); err != nil {
			return err
		}
		if made, err = tx.Editions(); err != nil {
			return err
		}
		atoms, err = tx.PastAtoms()
		return err
	})
	if err != nil || len(made) > 0 && made[0].From > today {
		return g, err
	}
	next := Edition{From: today + 1, Until: today - 1}
	if len(made) == 0 {
		next.From = today
	}
	people, examined, err := m.recipients(ctx, next.Until)
	if err != nil {
		return g, fmt.Errorf("count what people received: %w", err)
	}
	counted := release(placesOf(atoms), settle(people))
	g.examined, g.changed = examined, int64(len(counted))
	g.write = func(tx Tx) error {
		now, err := tx.Editions()
		if err == nil && !slices.Equal(now, made) {
			err = errs.New(errs.Stale, "another process has made this edition")
		}
		if err != nil {
			return err
		}
		shown := next.From
		if i := slices.IndexFunc(made, func(e Edition) bool { return e.From <= today }); i >= 0 {
			shown = made[i].From
		}
		return tx.Publish(next, tell(counted), atomsOf(counted), shown)
	}
	return g, nil
}

// recipients gives everybody whose address is confirmed and who received an offer
// that states pay, in the days up to one.
func (m *Market) recipients(ctx context.Context, until day.Day) (people []situated, examined int64, err error) {
	terms := map[[2]int64]told{}
	for after := int64(0); ; {
		var list []candidate.Candidate
		err := m.read(ctx, func(tx Tx) error {
			var err error
			if list, err = tx.Candidates(after, loadPage); err != nil || len(list) == 0 {
				return err
			}
			offers, err := tx.Received(after, list[len(list)-1].Key, until-(pastDays-1), until)
			if err != nil {
				return err
			}
			part, err := received(tx, list, offers, terms)
			people = append(people, part...)
			examined += tx.Examined()
			return err
		})
		if err != nil {
			return nil, 0, err
		}
		if len(list) < loadPage {
			return people, examined, nil
		}
		after = list[len(list)-1].Key
	}
}

// told is what the past tells of a position's terms.
type told struct {
	pay        int
	occupation string
}

// received counts what some candidates received. terms keeps what was read.
func received(tx Tx, list []candidate.Candidate, offers []Received, terms map[[2]int64]told) ([]situated, error) {
	by := map[int64]*situated{}
	for i := range list {
		if c := &list[i]; c.Confirmed && c.Trial == 0 {
			by[c.Key] = &situated{cellsOf(&c.Profile), Recipient{Candidate: c.Key}}
		}
	}
	for _, o := range offers {
		p := by[o.Candidate]
		if p == nil {
			continue
		}
		at := [2]int64{o.Position, o.PositionVersion}
		t, ok := terms[at]
		if !ok {
			read, err := tx.Terms(o.Position, o.PositionVersion)
			if err != nil {
				return nil, fmt.Errorf("terms %d of position %d: %w", o.PositionVersion, o.Position, err)
			}
			t.occupation = read.Occupation
			for _, pay := range []*int{read.PayMin, read.PayMax} {
				if pay != nil {
					t.pay = max(t.pay, *pay)
				}
			}
			terms[at] = t
		}
		if t.pay == 0 {
			continue
		}
		p.Pay = max(p.Pay, t.pay)
		p.Companies = append(p.Companies, o.Company)
		if t.occupation != "" {
			p.Occupations = append(p.Occupations, t.occupation)
		}
	}
	var out []situated
	for _, key := range slices.Sorted(maps.Keys(by)) {
		if p := by[key]; p.Pay > 0 {
			p.Companies = distinct(p.Companies)
			slices.Sort(p.Occupations)
			p.Occupations = slices.Compact(p.Occupations)
			out = append(out, *p)
		}
	}
	return out, nil
}
