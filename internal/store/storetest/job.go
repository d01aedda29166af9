package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"enishi/internal/account"
	"enishi/internal/company"
	"enishi/internal/day"
	"enishi/internal/errs"
	"enishi/internal/market"
	"enishi/internal/rule"
)

func jobs() map[string]func(*testing.T, market.Store) {
	return map[string]func(*testing.T, market.Store){
		"checkpoints":                     checkpoints,
		"runs of jobs":                    jobRuns,
		"leases":                          leases,
		"rules that end":                  endingRules,
		"the log is trimmed":              logIsTrimmed,
		"old rows are dropped":            oldRows,
		"rows of one moment go together":  oldRowsOfOneMoment,
		"figures add up":                  figures,
		"what counts as what":             countedRows,
		"news are told once":              news,
		"what a transaction has examined": examined,
	}
}

func checkpoints(t *testing.T, s market.Store) {
	get := func(name string) string {
		return load(t, s, func(tx market.Tx) (string, error) { return tx.Checkpoint(name) })
	}
	want(t, "a checkpoint before the job has begun", get("a"), "")
	write(t, s, func(tx market.Tx) error {
		return errors.Join(tx.SetCheckpoint("a", "1"), tx.SetCheckpoint("a", hard), tx.SetCheckpoint("A", "2"))
	})
	want(t, "a checkpoint", get("a"), hard)
	want(t, "a checkpoint of another job", get("A"), "2")
	if err := s.Write(t.Context(), func(tx market.Tx) error {
		return errors.Join(tx.SetCheckpoint("a", "3"), errStop)
	}); !errors.Is(err, errStop) {
		t.Errorf("Write = %v", err)
	}
	want(t, "a checkpoint after a failed transaction", get("a"), hard)
}

func jobRuns(t *testing.T, s market.Store) {
	first := market.Run{Job: "a", Started: when, Outcome: market.Running}
	second := market.Run{
		Job: "a", Started: when.Add(time.Hour), Ended: when.Add(2 * time.Hour), Outcome: market.Failed, Examined: 1 << 40, Changed: 3, Bytes: 4,
		Error: hard,
	}
	other := market.Run{Job: "b", Started: when, Outcome: market.Done, Ended: when}
	write(t, s, func(tx market.Tx) error { return errors.Join(tx.AddRun(&first), tx.AddRun(&other), tx.AddRun(&second)) })
	runs := func(job string, limit int) []market.Run {
		return load(t, s, func(tx market.Tx) ([]market.Run, error) { return tx.Runs(job, limit) })
	}
	want(t, "Runs", runs("a", 9), []market.Run{second, first})
	want(t, "the last run", runs("a", 1), []market.Run{second})
	want(t, "Runs of a job that never ran", runs("c", 9), nil)
	first.Outcome, first.Ended, first.Examined = market.Interrupted, time.Time{}, 7
	write(t, s, func(tx market.Tx) error { return tx.SaveRun(&first) })
	want(t, "Runs after one was saved", runs("a", 9), []market.Run{second, first})
	refused(t, s, "SaveRun of none", errs.NotFound, func(tx market.Tx) error { return tx.SaveRun(&market.Run{Key: 99, Outcome: market.Done}) })
}

func leases(t *testing.T, s market.Store) {
	take := func(holder string) (fence int64) {
		write(t, s, func(tx market.Tx) (err error) {
			fence, err = tx.TakeLease("a", holder, time.Hour, false)
			return err
		})
		return fence
	}
	held := func() bool {
		return load(t, s, func(tx market.Tx) (bool, error) { return tx.Leased("a") })
	}
	want(t, "a lease that nobody has had", held(), false)
	want(t, "the first fence", take("x"), 1)
	want(t, "a lease that is taken", held(), true)
	want(t, "the fence of who comes second", take("y"), 0)
	write(t, s, func(tx market.Tx) error { return tx.DropLease("a", 1) })
	want(t, "a lease that was dropped", held(), false)
	want(t, "the second fence", take("y"), 2)
	want(t, "a lease that is taken again", held(), true)
}

func endingRules(t *testing.T, s market.Store) {
	var all []*rule.Rule
	for i, state := range []rule.State{rule.Active, rule.Active, rule.Expired, rule.Active, rule.Active} {
		r := newRule(1, 1)
		r.State, r.Expires = state, today+1
		if i == 1 {
			r.Expires = today - 1
		}
		if i == 4 {
			r.Expires = today + 2
		}
		all = append(all, r)
	}
	write(t, s, func(tx market.Tx) error {
		for _, r := range all {
			if err := tx.AddRule(r); err != nil {
				return err
			}
		}
		return nil
	})
	find := func(limit int) []int64 {
		list := load(t, s, func(tx market.Tx) ([]rule.Rule, error) { return tx.EndingRules(today+2, limit) })
		return keys(list, func(r *rule.Rule) int64 { return r.Key })
	}
	want(t, "EndingRules", find(9), []int64{all[1].Key, all[0].Key, all[3].Key})
	want(t, "EndingRules up to 2", find(2), []int64{all[1].Key, all[0].Key})
}

func logIsTrimmed(t *testing.T, s market.Store) {
	write(t, s, func(tx market.Tx) error {
		for i := range 5 {
			if err := tx.Append(&market.Row{Change: market.DayBegan, Entity: int64(i), At: when}); err != nil {
				return err
			}
		}
		return nil
	})
	rows := func() []market.Row {
		return load(t, s, func(tx market.Tx) ([]market.Row, error) { return tx.Rows(0, 9) })
	}
	before := rows()
	trim := func(until int64, wantN int) {
		t.Helper()
		write(t, s, func(tx market.Tx) error {
			n, err := tx.TrimLog(until)
			if n != wantN {
				t.Errorf("TrimLog(%d) = %d, want %d", until, n, wantN)
			}
			return err
		})
	}
	trim(before[2].Pos, 3)
	trim(before[2].Pos, 0)
	want(t, "the log after it was trimmed", rows(), before[3:])
	write(t, s, func(tx market.Tx) error { return tx.Append(&market.Row{Change: market.DayBegan, Entity: 9, At: when}) })
	after := rows()
	if n := len(after); n != 3 || after[2].Pos <= before[4].Pos || after[2].Entity != 9 {
		t.Errorf("a row after trimming: %+v, want it behind %+v", after, before[4])
	}
	if head := load(t, s, market.Tx.Head); head != after[len(after)-1].Pos {
		t.Errorf("Head after trimming = %d, want %d", head, after[len(after)-1].Pos)
	}
}

// addAged adds a row of every kind that is kept by age, at a moment.
func addAged(tx market.Tx, i int, at time.Time) error {
	name := string(rune('a' + i))
	_, err := tx.AddPreview(7, day.Of(at), []byte(name))
	return errors.Join(err,
		tx.AddReply(market.Reply{Scope: "s", Key: name, At: at}),
		tx.AddSession(account.Session{TokenHash: []byte(name), Account: 1, CreatedAt: when, ExpiresAt: at}),
		tx.AddView(market.View{Candidate: 1, Company: 1, At: at}),
		tx.AddMail(&market.Mail{Account: 1, CreatedAt: at}),
		tx.AddRun(&market.Run{Job: "a", Started: at, Outcome: market.Done}),
		tx.AddReset(account.Reset{TokenHash: []byte(name), Account: 1, ExpiresAt: at}),
		tx.AddInvitation(&company.Invitation{
			ID: uuid.New(), Company: int64(1 + i), TokenHash: []byte(name), EmailHash: []byte(name), CreatedAt: when, ExpiresAt: at,
		}))
}

func oldRows(t *testing.T, s market.Store) {
	const hour = time.Hour
	write(t, s, func(tx market.Tx) error {
		var err error
		for i := range 6 {
			err = errors.Join(err, addAged(tx, i, when.Add(time.Duration(i)*24*hour)))
		}
		return err
	})
	before := when.Add(4 * 24 * hour)
	kinds := []market.Aged{
		market.AgedReplies, market.AgedSessions, market.AgedViews, market.AgedMails, market.AgedRuns, market.AgedPreviews,
		market.AgedResets, market.AgedInvited,
	}
	for _, kind := range kinds {
		count := func() int64 {
			return load(t, s, func(tx market.Tx) (int64, error) { return tx.CountOld(kind, before) })
		}
		for _, step := range []struct {
			there int64
			n     int
		}{{4, 3}, {1, 1}, {0, 0}} {
			if got := count(); got != step.there {
				t.Errorf("CountOld(%s) = %d, want %d", kind, got, step.there)
			}
			write(t, s, func(tx market.Tx) error {
				n, err := tx.DropOld(kind, before, 3)
				if n != step.n {
					t.Errorf("DropOld(%s) = %d, want %d", kind, n, step.n)
				}
				return err
			})
		}
		if n := load(t, s, func(tx market.Tx) (int64, error) { return tx.CountOld(kind, when.Add(99*24*hour)) }); n != 2 {
			t.Errorf("of %s %d are left, want the 2 that are not old", kind, n)
		}
	}
	missing(t, s, "FindReply of a dropped one", func(tx market.Tx) (market.Reply, error) { return tx.FindReply("s", "a") })
	load(t, s, func(tx market.Tx) (market.Reply, error) { return tx.FindReply("s", "e") })
	missing(t, s, "Session of a dropped one", func(tx market.Tx) (account.Session, error) { return tx.Session([]byte("d")) })
	views := load(t, s, func(tx market.Tx) ([]market.View, error) { return tx.Views(1, 0, 9) })
	if len(views) != 2 || !views[1].At.Equal(before) {
		t.Errorf("views that are left: %+v", views)
	}
	refused(t, s, "DropOld of nothing", errs.Internal, func(tx market.Tx) error { return second(tx.DropOld("x", when, 1)) })
}

func oldRowsOfOneMoment(t *testing.T, s market.Store) {
	write(t, s, func(tx market.Tx) error {
		var err error
		for i := range 5 {
			err = errors.Join(err, addAged(tx, i, when))
		}
		return err
	})
	write(t, s, func(tx market.Tx) error {
		n, err := tx.DropOld(market.AgedViews, when.Add(time.Microsecond), 2)
		if n != 5 {
			t.Errorf("DropOld = %d, want all 5 of one moment", n)
		}
		return err
	})
}

func figures(t *testing.T, s market.Store) {
	add := func(list ...market.Figure) {
		write(t, s, func(tx market.Tx) error {
			for _, f := range list {
				if err := tx.AddFigure(f); err != nil {
					return err
				}
			}
			return nil
		})
	}
	add(market.Figure{Company: 1, Day: today, Name: "b", N: 2}, market.Figure{Company: 1, Day: today, Name: "a", N: 5},
		market.Figure{Company: 1, Day: today + 1, Name: "a", N: 1}, market.Figure{Company: 2, Day: today, Name: "a", N: 9},
		market.Figure{Company: 1, Day: 0, Name: "a", N: 4})
	add(market.Figure{Company: 1, Day: today, Name: "b", N: -2}, market.Figure{Company: 1, Day: today, Name: "a", N: 1})
	got := load(t, s, func(tx market.Tx) ([]market.Figure, error) { return tx.Figures(1, today, today+1) })
	want(t, "Figures", got, []market.Figure{{Company: 1, Day: today, Name: "a", N: 6}, {Company: 1, Day: today + 1, Name: "a", N: 1}})
}

func countedRows(t *testing.T, s market.Store) {
	get := func(kind market.Change) market.Figure {
		return load(t, s, func(tx market.Tx) (market.Figure, error) { return tx.Counted(kind, 5) })
	}
	want(t, "Counted of a row that is not", get(market.OfferChanged), market.Figure{})
	f := market.Figure{Company: 3, Day: today, Name: "a", N: 1}
	write(t, s, func(tx market.Tx) error { return tx.SetCounted(market.OfferChanged, 5, f) })
	want(t, "Counted", get(market.OfferChanged), f)
	want(t, "Counted of another kind", get(market.RuleChanged), market.Figure{})
	f.Name = "b"
	write(t, s, func(tx market.Tx) error { return tx.SetCounted(market.OfferChanged, 5, f) })
	want(t, "Counted as another", get(market.OfferChanged), f)
	write(t, s, func(tx market.Tx) error {
		return errors.Join(tx.SetCounted(market.OfferChanged, 5, market.Figure{}), tx.SetCounted(market.RuleChanged, 5, market.Figure{}))
	})
	want(t, "Counted as nothing", get(market.OfferChanged), market.Figure{})
}

func news(t *testing.T, s market.Store) {
	add := func(offer, candidate int64, wanted bool) {
		t.Helper()
		write(t, s, func(tx market.Tx) error {
			added, err := tx.AddNews(offer, candidate)
			if added != wanted {
				t.Errorf("AddNews(%d) = %v, want %v", offer, added, wanted)
			}
			return err
		})
	}
	add(5, 1, true)
	add(4, 1, true)
	add(6, 2, true)
	add(7, 3, true)
	add(5, 1, false)
	whom := func(limit int) []int64 {
		return load(t, s, func(tx market.Tx) ([]int64, error) { return tx.NewsFor(limit) })
	}
	of := func(candidate int64) []int64 {
		return load(t, s, func(tx market.Tx) ([]int64, error) { return tx.News(candidate) })
	}
	want(t, "NewsFor", whom(2), []int64{1, 2})
	want(t, "News", of(1), []int64{4, 5})
	write(t, s, func(tx market.Tx) error { return errors.Join(tx.ToldNews(1), tx.ToldNews(9)) })
	want(t, "NewsFor after one was told", whom(9), []int64{2, 3})
	want(t, "News that were told", of(1), nil)
	add(5, 1, false)
	want(t, "News that were told and are noted again", of(1), nil)
	for i, wanted := range []bool{true, false} {
		write(t, s, func(tx market.Tx) error {
			dropped, err := tx.DropNews(6)
			if dropped != wanted {
				t.Errorf("DropNews the %d. time = %v", i+1, dropped)
			}
			return err
		})
	}
	want(t, "NewsFor after some were forgotten", whom(9), []int64{3})
}

func examined(t *testing.T, s market.Store) {
	write(t, s, func(tx market.Tx) error {
		for i := range 5 {
			if err := tx.Append(&market.Row{Change: market.DayBegan, Entity: int64(i), At: when}); err != nil {
				return err
			}
		}
		return nil
	})
	n := load(t, s, func(tx market.Tx) (int64, error) {
		if n := tx.Examined(); n != 0 {
			t.Errorf("Examined at the start = %d", n)
		}
		if _, err := tx.Rows(0, 3); err != nil {
			return 0, err
		}
		return tx.Examined(), nil
	})
	if n != 3 {
		t.Errorf("Examined after reading 3 rows = %d", n)
	}
}
