package storetest

import (
	"errors"
	"testing"

	"enishi/internal/errs"
	"enishi/internal/market"
	"enishi/internal/position"
)

func positions() map[string]func(*testing.T, market.Store) {
	return map[string]func(*testing.T, market.Store){
		"a position comes back as it was": positionRoundTrip,
		"terms by version":                termsByVersion,
		"a state without new terms":       stateAlone,
		"terms that raced":                termsRaced,
		"positions of a company":          positionsOfCompany,
		"positions by key":                positionsByKey,
	}
}

// fullTerms has a value in every field.
func fullTerms() position.Terms {
	return position.Terms{
		Title: hard, Text: hard, Occupation: "0312", Industry: "39", Prefecture: []string{"13", "47"}, EmploymentType: "regular",
		PayMin: ptr(0), PayMax: ptr(900), OvertimeHours: ptr(0), HolidaysPerYear: ptr(125), StartHour: ptr(9), EndHour: ptr(18),
		Remote: ptr(2), WeeklyDaysOff: ptr(0), Flextime: ptr(true), ShiftWork: ptr(false), SideJobOK: ptr(true),
		Relocation: ptr(false), FixedOvertimePay: ptr(true), DiscretionaryWork: ptr(false), SmokeFree: ptr(true), Childcare: ptr(false),
		Legal: position.Legal{
			Work: hard, WorkChange: "変更なし", Place: "東京都", PlaceChange: "会社の定める場所", ContractTerm: "なし", RenewalLimit: "なし",
			TrialPeriod: "3か月", Hours: "9時から18時まで", Overtime: "月10時間程度", Holidays: "土日祝", Pay: "月給", FixedOvertimePay: "なし",
			Insurance: "各種社会保険完備", Smoking: "屋内禁煙",
		},
	}
}

func positionRoundTrip(t *testing.T, s market.Store) {
	p := newPosition(3)
	p.Terms, p.State, p.PublishedVersion = fullTerms(), position.Published, 1
	bare := newPosition(3)
	bare.Terms = position.Terms{}
	write(t, s, func(tx market.Tx) error { return errors.Join(tx.AddPosition(p), tx.AddPosition(bare)) })
	for _, p := range []*position.Position{p, bare} {
		write(t, s, func(tx market.Tx) error {
			got, err := tx.LockPosition(p.Key)
			want(t, "LockPosition", got, *p)
			return err
		})
		want(t, "Position", load(t, s, func(tx market.Tx) (position.Position, error) { return tx.Position(p.Key) }), *p)
		want(t, "PositionByID", load(t, s, func(tx market.Tx) (position.Position, error) { return tx.PositionByID(p.ID) }), *p)
		want(t, "Terms", load(t, s, func(tx market.Tx) (position.Terms, error) { return tx.Terms(p.Key, 1) }), p.Terms)
	}
	missing(t, s, "Position", func(tx market.Tx) (position.Position, error) { return tx.Position(99) })
	missing(t, s, "PositionByID", func(tx market.Tx) (position.Position, error) { return tx.PositionByID(newPosition(1).ID) })
	missing(t, s, "Terms", func(tx market.Tx) (position.Terms, error) { return tx.Terms(p.Key, 2) })
	missing(t, s, "Terms", func(tx market.Tx) (position.Terms, error) { return tx.Terms(99, 1) })
	refused(t, s, "LockPosition", errs.NotFound, func(tx market.Tx) error { return second(tx.LockPosition(99)) })
	same := newPosition(4)
	same.ID = p.ID
	refused(t, s, "AddPosition of the same id", errs.Conflict, func(tx market.Tx) error { return tx.AddPosition(same) })
}

func termsByVersion(t *testing.T, s market.Store) {
	p := newPosition(1)
	write(t, s, func(tx market.Tx) error { return tx.AddPosition(p) })
	first := p.Terms
	p.Version, p.Terms = 2, fullTerms()
	write(t, s, func(tx market.Tx) error { return tx.SavePosition(p) })
	p.Version, p.Terms = 3, position.Terms{Title: "三"}
	p.State, p.PublishedVersion = position.Published, 3
	write(t, s, func(tx market.Tx) error { return tx.SavePosition(p) })
	want(t, "Position", load(t, s, func(tx market.Tx) (position.Position, error) { return tx.Position(p.Key) }), *p)
	for i, expected := range []position.Terms{first, fullTerms(), p.Terms} {
		got := load(t, s, func(tx market.Tx) (position.Terms, error) { return tx.Terms(p.Key, int64(i)+1) })
		want(t, "Terms", got, expected)
	}
}

func stateAlone(t *testing.T, s market.Store) {
	p := newPosition(1)
	p.Terms = fullTerms()
	write(t, s, func(tx market.Tx) error { return tx.AddPosition(p) })
	p.Terms = fullTerms() // equal, not the same
	for _, state := range []position.State{position.Published, position.Closed, position.Closed} {
		p.State, p.PublishedVersion = state, 1
		write(t, s, func(tx market.Tx) error { return tx.SavePosition(p) })
		want(t, "Position", load(t, s, func(tx market.Tx) (position.Position, error) { return tx.Position(p.Key) }), *p)
	}
}

func termsRaced(t *testing.T, s market.Store) {
	p := newPosition(1)
	write(t, s, func(tx market.Tx) error { return tx.AddPosition(p) })
	first := *p
	p.Version, p.Terms.Title = 2, "先"
	write(t, s, func(tx market.Tx) error { return tx.SavePosition(p) })
	for name, change := range map[string]func(*position.Position){
		"other terms at the same version": func(x *position.Position) { x.Version, x.Terms.Title = 2, "後" },
		"a state at the version before":   func(x *position.Position) { x.State = position.Closed },
		"a version too far":               func(x *position.Position) { x.Version = 4 },
	} {
		x := first
		change(&x)
		refused(t, s, "SavePosition with "+name, errs.Stale, func(tx market.Tx) error { return tx.SavePosition(&x) })
	}
	refused(t, s, "SavePosition of none", errs.NotFound, func(tx market.Tx) error {
		return tx.SavePosition(&position.Position{Key: 99, Version: 2})
	})
	want(t, "Position", load(t, s, func(tx market.Tx) (position.Position, error) { return tx.Position(p.Key) }), *p)
}

func positionsOfCompany(t *testing.T, s market.Store) {
	write(t, s, func(tx market.Tx) error {
		for i := range int64(6) {
			if err := tx.AddPosition(newPosition(1 + i%2)); err != nil {
				return err
			}
		}
		return nil
	})
	get := func(after int64, limit int) []int64 {
		return keys(load(t, s, func(tx market.Tx) ([]position.Position, error) { return tx.PositionsOf(1, after, limit) }),
			func(p *position.Position) int64 { return p.Key })
	}
	all := get(0, 9)
	if len(all) != 3 || all[0] >= all[1] || all[1] >= all[2] {
		t.Fatalf("PositionsOf = %v, want three by key", all)
	}
	want(t, "a page", get(0, 2), all[:2])
	want(t, "the page after", get(all[1], 2), all[2:])
	want(t, "the page after the last", get(all[2], 2), nil)
}

// positionsByKey takes them with their newest terms.
func positionsByKey(t *testing.T, s market.Store) {
	a, b := newPosition(1), newPosition(2)
	write(t, s, func(tx market.Tx) error { return errors.Join(tx.AddPosition(a), tx.AddPosition(b)) })
	b.Version, b.Terms = 2, fullTerms()
	write(t, s, func(tx market.Tx) error { return tx.SavePosition(b) })
	for _, c := range []struct {
		keys []int64
		want []position.Position
	}{{nil, nil}, {[]int64{99}, nil}, {[]int64{b.Key, a.Key, b.Key}, []position.Position{*a, *b}}, {many(b.Key), []position.Position{*b}}} {
		want(t, "PositionsByKey", load(t, s, func(tx market.Tx) ([]position.Position, error) { return tx.PositionsByKey(c.keys) }), c.want)
	}
}
