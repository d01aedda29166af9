package store

import (
	"database/sql"
	"strings"
	"time"

	"enishi/internal/corpnum"
	"enishi/internal/day"
	"enishi/internal/market"
	"enishi/internal/offer"
)

// inSight holds for the offers that their company sees.
const inSight = "(state NOT IN ('proposed', 'reserved', 'lapsed') OR sender = 'scout')"

// shownState is market's, in SQL; it takes a day.
const shownState = "CASE WHEN sender = 'scout' AND state = 'reserved' THEN 'sent'" +
	" WHEN sender = 'scout' AND state = 'lapsed' THEN 'expired'" +
	" WHEN state = 'declined' AND due_at IS NOT NULL THEN 'seen'" +
	" WHEN state = 'withdrawn' AND answered_at IS NULL THEN 'expired'" +
	" WHEN ends_on < ? THEN 'expired' ELSE state END"

// stageOf is offer.Stage, in SQL.
const stageOf = "CASE WHEN state = 'hired' THEN 5" +
	" WHEN held_at IS NOT NULL OR state IN ('held', 'rejected') THEN 4" +
	" WHEN scheduled_at IS NOT NULL OR state = 'scheduled' THEN 3" +
	" WHEN state = 'accepted' OR state = 'withdrawn' AND answered_at IS NOT NULL THEN 2" +
	" WHEN seen_at IS NOT NULL OR state IN ('seen', 'declined') THEN 1 ELSE 0 END"

// columnOf is market's, in SQL, of an offer that its company sees; it takes a day.
const columnOf = "CASE WHEN ends_on >= ? OR state = 'declined' AND due_at IS NOT NULL OR state = 'reserved' THEN 'sent'" +
	" WHEN state IN ('accepted', 'scheduled', 'hired') OR state = 'held' AND kind <> 'casual' THEN state ELSE 'over' END"

func (t *tx) Columns(p market.BoardPage) (map[market.Column]int, error) {
	where, args := inSight, []any{p.On, p.Company}
	if p.Rule != 0 {
		where, args = where+" AND rule = ?", append(args, p.Rule)
	}
	if p.Position != 0 {
		where, args = where+" AND position = ?", append(args, p.Position)
	}
	all := map[market.Column]int{}
	err := each(t.ctx, t, "columns", func(row scanner) error {
		var c market.Column
		var n int
		err := row.Scan(&c, &n)
		all[c] = n
		return err
	}, "SELECT "+columnOf+", COUNT(*) FROM offer WHERE company = ? AND "+where+" GROUP BY 1", args...)
	return all, err
}

func (t *tx) Progress(company, rule int64, since, on day.Day) ([]market.Progress, error) {
	where, args := inSight, []any{on, company, since}
	if rule != 0 {
		where, args = where+" AND rule = ?", append(args, rule)
	}
	return list(t, "progress", func(row scanner, p *market.Progress) error {
		return row.Scan(&p.Rule, &p.Position, &p.State, &p.Stage, &p.Offers)
	}, "SELECT COALESCE(rule, 0), position, "+shownState+", "+stageOf+", COUNT(*) FROM offer"+
		" WHERE company = ? AND sent_day >= ? AND "+where+" GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4", args...)
}

func (t *tx) SentByDay(company int64, since day.Day) ([]market.SentDay, error) {
	return list(t, "days", func(row scanner, d *market.SentDay) error { return row.Scan(&d.Day, &d.Sent, &d.Accepted) },
		"SELECT sent_day, COUNT(*), COUNT(accepted_at) FROM offer WHERE company = ? AND sent_day >= ? AND "+inSight+
			" GROUP BY sent_day ORDER BY sent_day", company, since)
}

func (t *tx) Courses(company int64, since day.Day) ([]time.Duration, error) {
	return list(t, "courses", func(row scanner, d *time.Duration) error {
		var us int64
		err := row.Scan(&us)
		*d = time.Duration(us) * time.Microsecond
		return err
	}, "SELECT held_at - accepted_at FROM offer WHERE company = ? AND sent_day >= ? AND held_at IS NOT NULL"+
		" AND accepted_at IS NOT NULL ORDER BY 1", company, since)
}

// inColumn is market's columnOf, in SQL, with the days that it takes.
func inColumn(c market.Column, on day.Day) (where string, args []any) {
	switch c {
	case market.ColumnSent:
		return "(ends_on >= ? OR state = 'declined' AND due_at IS NOT NULL OR state = 'reserved' AND sender = 'scout')", []any{on}
	case market.ColumnHeld:
		return "state = 'held' AND kind <> 'casual'", nil
	case market.ColumnOver:
		return "(ends_on < ? OR state IN ('expired', 'withdrawn', 'rejected') OR state = 'declined' AND due_at IS NULL" +
			" OR state = 'held' AND kind = 'casual' OR state = 'lapsed' AND sender = 'scout')", []any{on}
	}
	return "state = ?", []any{string(c)}
}

func (t *tx) InColumn(p market.BoardPage) ([]offer.Offer, error) {
	column, args := inColumn(p.Column, p.On)
	where, args := []string{"company = ?", column}, append([]any{p.Company}, args...)
	and := func(clause string, values ...any) { where, args = append(where, clause), append(args, values...) }
	if p.Rule != 0 {
		and("rule = ?", p.Rule)
	}
	if p.Position != 0 {
		and("position = ?", p.Position)
	}
	order := "id DESC"
	switch {
	case p.Column.ByAcceptance():
		order = "accepted_at, id"
		if p.After != 0 {
			const last = "(SELECT accepted_at FROM offer WHERE id = ?)"
			and("(accepted_at > "+last+" OR accepted_at = "+last+" AND id > ?)", p.After, p.After, p.After)
		}
	case p.After != 0:
		and("id < ?", p.After)
	}
	return t.offers(strings.Join(where, " AND ")+" ORDER BY "+order+" LIMIT ?", append(args, p.Limit)...)
}

func (t *tx) BacklogOf(company int64, number corpnum.Number, group []corpnum.Number) (map[int64]market.Backlog, error) {
	numbers := []int64{int64(number)}
	for _, n := range group {
		numbers = append(numbers, int64(n))
	}
	in, kin := among(numbers)
	all := map[int64]market.Backlog{}
	err := each(t.ctx, t, "proposals", func(row scanner) error {
		var rule int64
		var q market.Backlog
		var until sql.NullInt64
		err := row.Scan(&rule, &q.People, &until)
		q.Until = momentOrZero(until)
		all[rule] = q
		return err
	}, "SELECT o.rule, COUNT(*), MIN(o.due_at) FROM offer o JOIN candidate c ON c.id = o.candidate"+
		" WHERE o.company = ? AND o.state = ? AND o.rule IS NOT NULL AND c.is_open = 1"+
		" AND NOT EXISTS (SELECT 1 FROM block b WHERE b.candidate = o.candidate AND b.number = ?)"+
		" AND NOT EXISTS (SELECT 1 FROM employment e WHERE e.candidate = o.candidate AND e.is_current = 1 AND e.number "+in+")"+
		" GROUP BY o.rule", append([]any{company, string(offer.Proposed), int64(number)}, kin...)...)
	return all, err
}
