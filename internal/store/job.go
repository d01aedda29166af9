package store

import (
	"database/sql"
	"fmt"
	"math"
	"time"

	"enishi/internal/day"
	"enishi/internal/errs"
	"enishi/internal/market"
	"enishi/internal/rule"
)

func (t *tx) Examined() int64 { return t.examined }

func scanText(row scanner, s *string) error { return row.Scan(s) }

func (t *tx) Checkpoint(job string) (string, error) {
	at, err := one(t, "checkpoint", scanText, "SELECT checkpoint FROM job WHERE name = ?", job)
	if errs.Is(err, errs.NotFound) {
		return "", nil
	}
	return at, err
}

func (t *tx) SetCheckpoint(job, at string) error {
	found, err := t.update("save a checkpoint", "UPDATE job SET checkpoint = ? WHERE name = ?", at, job)
	if err != nil || found > 0 {
		return err
	}
	_, err = t.exec("save a checkpoint", "INSERT INTO job (name, checkpoint) VALUES (?, ?)", job, at)
	return err
}

func (t *tx) AddRun(r *market.Run) error {
	key, err := t.insert("add a run", "INSERT INTO job_run (name, started_at, ended_at, outcome, examined, changed, bytes, error)"+
		" VALUES (?, ?, ?, ?, ?, ?, ?, ?)", r.Job, micros(r.Started), microsOrNull(r.Ended), string(r.Outcome), r.Examined, r.Changed,
		r.Bytes, r.Error)
	if err != nil {
		return err
	}
	r.Key = key
	return nil
}

func (t *tx) SaveRun(r *market.Run) error {
	found, err := t.update("save a run", "UPDATE job_run SET ended_at = ?, outcome = ?, examined = ?, changed = ?, bytes = ?, error = ?"+
		" WHERE id = ?", microsOrNull(r.Ended), string(r.Outcome), r.Examined, r.Changed, r.Bytes, r.Error, r.Key)
	if err == nil && found == 0 {
		return errs.New(errs.NotFound, "no such run")
	}
	return err
}

func (t *tx) Runs(job string, limit int) ([]market.Run, error) {
	return list(t, "runs", func(row scanner, r *market.Run) error {
		var started int64
		var ended sql.NullInt64
		err := row.Scan(&r.Key, &r.Job, &started, &ended, &r.Outcome, &r.Examined, &r.Changed, &r.Bytes, &r.Error)
		r.Started, r.Ended = moment(started), momentOrZero(ended)
		return err
	}, "SELECT id, name, started_at, ended_at, outcome, examined, changed, bytes, error FROM job_run WHERE name = ?"+
		" ORDER BY id DESC LIMIT ?", job, limit)
}

func (t *tx) EndingRules(before day.Day, limit int) ([]rule.Rule, error) {
	return t.rules("state = ? AND expires < ? ORDER BY expires, id LIMIT ?", string(rule.Active), before, limit)
}

func (t *tx) TrimLog(until int64) (int, error) {
	n, err := t.update("trim the log", "DELETE FROM log WHERE pos <= ?", until)
	return int(n), err
}

// aged gives the table and the column of a kind, and a moment as it holds it.
func aged(kind market.Aged, before time.Time) (table, column string, at int64, err error) {
	at = micros(before)
	switch kind {
	case market.AgedReplies:
		return "reply", "at", at, nil
	case market.AgedSessions:
		return "session", "expires_at", at, nil
	case market.AgedViews:
		return "view", "at", at, nil
	case market.AgedMails:
		return "mail", "created_at", at, nil
	case market.AgedRuns:
		return "job_run", "started_at", at, nil
	case market.AgedResets:
		return "reset", "expires_at", at, nil
	case market.AgedInvited:
		return "invitation", "expires_at", at, nil
	case market.AgedPreviews:
		return "preview", "day", int64(day.Of(before)), nil
	}
	return "", "", 0, errs.New(errs.Internal, "no rows are kept by age as "+string(kind))
}

// dropPreviews removes some that are from before a day, in the order of their key:
// those of one company and day go together, thirty at most.
func (t *tx) dropPreviews(before int64, limit int) (int, error) {
	type place struct{ company, day int64 }
	last, err := one(t, "preview", func(row scanner, p *place) error { return row.Scan(&p.company, &p.day) },
		"SELECT company, day FROM preview WHERE day < ? ORDER BY company, day LIMIT 1 OFFSET ?", before, limit-1)
	switch {
	case errs.Is(err, errs.NotFound):
		last = place{math.MaxInt64, before}
	case err != nil:
		return 0, err
	}
	n, err := t.update("remove old rows", "DELETE FROM preview WHERE day < ? AND (company < ? OR company = ? AND day <= ?)",
		before, last.company, last.company, last.day)
	return int(n), err
}

func (t *tx) DropOld(kind market.Aged, before time.Time, limit int) (int, error) {
	table, column, at, err := aged(kind, before)
	if err != nil {
		return 0, err
	}
	if kind == market.AgedPreviews {
		return t.dropPreviews(at, limit)
	}
	// Rows of one moment go together: that is the column's grain.
	last, err := one(t, table, func(row scanner, v *int64) error { return row.Scan(v) },
		fmt.Sprintf("SELECT %[1]s FROM %[2]s WHERE %[1]s < ? ORDER BY %[1]s LIMIT 1 OFFSET ?", column, table), at, limit-1)
	switch {
	case errs.Is(err, errs.NotFound):
		last = at - 1
	case err != nil:
		return 0, err
	}
	n, err := t.update("remove old rows", fmt.Sprintf("DELETE FROM %[2]s WHERE %[1]s <= ?", column, table), last)
	return int(n), err
}

func (t *tx) CountOld(kind market.Aged, before time.Time) (int64, error) {
	table, column, at, err := aged(kind, before)
	if err != nil {
		return 0, err
	}
	return one(t, table, func(row scanner, v *int64) error { return row.Scan(v) },
		fmt.Sprintf("SELECT COUNT(*) FROM %[2]s WHERE %[1]s < ?", column, table), at)
}

func (t *tx) AddFigure(f market.Figure) error {
	if f.N == 0 {
		return nil
	}
	found, err := t.update("add to a figure", "UPDATE stat_day SET n = n + ? WHERE company = ? AND day = ? AND figure = ?",
		f.N, f.Company, f.Day, f.Name)
	if err != nil || found > 0 {
		return err
	}
	_, err = t.exec("add to a figure", "INSERT INTO stat_day (company, day, figure, n) VALUES (?, ?, ?, ?)", f.Company, f.Day, f.Name, f.N)
	return err
}

func (t *tx) Figures(company int64, from, until day.Day) ([]market.Figure, error) {
	return list(t, "figures", func(row scanner, f *market.Figure) error {
		f.Company = company
		return row.Scan(&f.Day, &f.Name, &f.N)
	}, "SELECT day, figure, n FROM stat_day WHERE company = ? AND day >= ? AND day <= ? AND n <> 0 ORDER BY day, figure", company, from, until)
}

func (t *tx) Counted(kind market.Change, entity int64) (market.Figure, error) {
	f, err := one(t, "counted row", func(row scanner, f *market.Figure) error {
		f.N = 1
		return row.Scan(&f.Company, &f.Day, &f.Name)
	}, "SELECT company, day, figure FROM stat_item WHERE kind = ? AND entity = ?", string(kind), entity)
	if errs.Is(err, errs.NotFound) {
		return market.Figure{}, nil
	}
	return f, err
}

func (t *tx) SetCounted(kind market.Change, entity int64, as market.Figure) error {
	if as.N == 0 {
		_, err := t.exec("forget a counted row", "DELETE FROM stat_item WHERE kind = ? AND entity = ?", string(kind), entity)
		return err
	}
	_, err := t.exec("note a counted row", "REPLACE INTO stat_item (kind, entity, company, day, figure) VALUES (?, ?, ?, ?, ?)",
		string(kind), entity, as.Company, as.Day, as.Name)
	return err
}

func (t *tx) AddNews(offer, candidate int64) (bool, error) {
	_, err := one(t, "news", func(row scanner, v *int64) error { return row.Scan(v) }, "SELECT candidate FROM digest WHERE offer = ?", offer)
	if !errs.Is(err, errs.NotFound) {
		return false, err
	}
	_, err = t.exec("note an offer to tell of", "INSERT INTO digest (offer, candidate, waiting) VALUES (?, ?, ?)", offer, candidate, candidate)
	return err == nil, err
}

func (t *tx) DropNews(offer int64) (bool, error) {
	n, err := t.update("forget an offer to tell of", "DELETE FROM digest WHERE offer = ?", offer)
	return n > 0, err
}

func (t *tx) NewsFor(limit int) ([]int64, error) {
	return list(t, "news", func(row scanner, v *int64) error { return row.Scan(v) },
		"SELECT DISTINCT waiting FROM digest WHERE waiting > 0 ORDER BY waiting LIMIT ?", limit)
}

func (t *tx) News(candidate int64) ([]int64, error) {
	return list(t, "news", func(row scanner, v *int64) error { return row.Scan(v) },
		"SELECT offer FROM digest WHERE waiting = ? ORDER BY offer", candidate)
}

func (t *tx) ToldNews(candidate int64) error {
	_, err := t.exec("note that a candidate was told", "UPDATE digest SET waiting = NULL WHERE waiting = ?", candidate)
	return err
}
