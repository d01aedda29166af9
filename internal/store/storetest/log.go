package storetest

import (
	"errors"
	"testing"
	"time"

	"enishi/internal/errs"
	"enishi/internal/market"
)

func logs() map[string]func(*testing.T, market.Store) {
	return map[string]func(*testing.T, market.Store){
		"the log is read by position":    logByPosition,
		"an empty log":                   emptyLog,
		"the trace of a row is kept":     rowTrace,
		"settings":                       settings,
		"replies":                        replies,
		"times are kept to microseconds": microseconds,
	}
}

func logByPosition(t *testing.T, s market.Store) {
	var rows []*market.Row
	for i := range 5 {
		rows = append(rows, &market.Row{
			Change: market.CandidateChanged, Entity: 1 << 40, Version: int64(i), At: when.Add(time.Duration(i) * time.Microsecond),
		})
	}
	write(t, s, func(tx market.Tx) error {
		return errors.Join(tx.Append(rows[:2]...), tx.Append(), tx.Append(rows[2:]...))
	})
	stored := load(t, s, func(tx market.Tx) ([]market.Row, error) { return tx.Rows(0, 100) })
	if len(stored) != len(rows) {
		t.Fatalf("the log has %d rows, want %d", len(stored), len(rows))
	}
	var all []market.Row
	for i, r := range rows {
		row := *r
		row.Pos = stored[i].Pos
		if i > 0 && row.Pos <= stored[i-1].Pos {
			t.Errorf("position %d follows %d", row.Pos, stored[i-1].Pos)
		}
		if r.Pos != 0 && r.Pos != row.Pos {
			t.Errorf("Append gave position %d, the log has it at %d", r.Pos, row.Pos)
		}
		all = append(all, row)
	}
	for _, c := range []struct {
		after int64
		limit int
		want  []market.Row
	}{
		{0, 10, all},
		{0, 2, all[:2]},
		{all[1].Pos, 2, all[2:4]},
		{all[4].Pos, 10, nil},
		{all[4].Pos + 100, 10, nil},
		{0, 0, nil},
	} {
		got := load(t, s, func(tx market.Tx) ([]market.Row, error) { return tx.Rows(c.after, c.limit) })
		want(t, "Rows", got, c.want)
	}
	if head := load(t, s, market.Tx.Head); head != all[4].Pos {
		t.Errorf("Head = %d, want %d", head, all[4].Pos)
	}
	want(t, "NewestRow", load(t, s, market.Tx.NewestRow), all[4])
	for _, row := range all {
		want(t, "RowOf", load(t, s, func(tx market.Tx) (market.Row, error) { return tx.RowOf(row.ID) }), row)
	}
	missing(t, s, "RowOf", func(tx market.Tx) (market.Row, error) { return tx.RowOf(all[4].ID + 1) })
}

func emptyLog(t *testing.T, s market.Store) {
	if head := load(t, s, market.Tx.Head); head != 0 {
		t.Errorf("Head of an empty log = %d, want 0", head)
	}
	missing(t, s, "NewestRow of an empty log", market.Tx.NewestRow)
	want(t, "Rows", load(t, s, func(tx market.Tx) ([]market.Row, error) { return tx.Rows(0, 10) }), nil)
}

func rowTrace(t *testing.T, s market.Store) {
	const cause = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	with := &market.Row{Change: market.CandidateChanged, Entity: 1, Version: 1, At: when, Trace: cause}
	write(t, s, func(tx market.Tx) error {
		return tx.Append(with, &market.Row{Change: market.CandidateChanged, Entity: 2, Version: 1, At: when})
	})
	got := load(t, s, func(tx market.Tx) ([]market.Row, error) { return tx.Rows(0, 10) })
	if len(got) != 2 || got[0].Trace != cause || got[1].Trace != "" {
		t.Errorf("the log has %+v, want the trace on its first row alone", got)
	}
	if oldest := load(t, s, market.Tx.OldestUnnumbered); !oldest.IsZero() {
		t.Errorf("of a log in which every row has its position, the oldest without one is of %v", oldest)
	}
}

func settings(t *testing.T, s market.Store) {
	get := func(name string) string {
		return load(t, s, func(tx market.Tx) (string, error) { return tx.Setting(name) })
	}
	want(t, "a setting that was never set", get("clock"), "")
	write(t, s, func(tx market.Tx) error {
		return errors.Join(tx.SetSetting("clock", "one"), tx.SetSetting("clock", hard), tx.SetSetting("Clock", "other"))
	})
	want(t, "a setting", get("clock"), hard)
	want(t, "a setting in another case", get("Clock"), "other")
	write(t, s, func(tx market.Tx) error { return tx.SetSetting("clock", "") })
	want(t, "a setting that was emptied", get("clock"), "")
}

func replies(t *testing.T, s market.Store) {
	r := market.Reply{Scope: "account/1", Key: "ハ", Digest: []byte{0, 255}, Status: 201, Body: []byte{0, 1, 0}, At: when}
	other := r
	other.Key = "バ" // a collation that folds marks would take it for the first
	upper := market.Reply{Scope: "account/1", Key: "a", At: when}
	lower := market.Reply{Scope: "account/1", Key: "A", At: when}
	write(t, s, func(tx market.Tx) error {
		return errors.Join(tx.AddReply(r), tx.AddReply(other), tx.AddReply(upper), tx.AddReply(lower))
	})
	refused(t, s, "AddReply of a second", errs.Conflict, func(tx market.Tx) error { return tx.AddReply(r) })
	for _, r := range []market.Reply{r, other, upper, lower} {
		want(t, "FindReply", load(t, s, func(tx market.Tx) (market.Reply, error) { return tx.FindReply(r.Scope, r.Key) }), r)
	}
	missing(t, s, "FindReply of another scope", func(tx market.Tx) (market.Reply, error) { return tx.FindReply("account/2", "ハ") })
}

func microseconds(t *testing.T, s market.Store) {
	for i, given := range []time.Time{
		when.Add(999 * time.Nanosecond),
		when.In(time.FixedZone("Asia/Tokyo", 9*3600)),
		time.Date(9999, 12, 31, 23, 59, 59, 999999000, time.UTC),
		time.Date(1969, 12, 31, 23, 59, 59, 1000, time.UTC),
		time.Unix(0, 0),
		{},
	} {
		row := &market.Row{Change: market.DayBegan, At: given}
		write(t, s, func(tx market.Tx) error { return tx.Append(row) })
		got := load(t, s, func(tx market.Tx) ([]market.Row, error) { return tx.Rows(0, 100) })[i].At
		if want := given.Truncate(time.Microsecond); !got.Equal(want) || got.Location() != time.UTC || got.IsZero() != given.IsZero() {
			t.Errorf("%v came back as %v, want %v in UTC", given, got, want)
		}
	}
}
