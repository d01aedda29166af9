package market

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"enishi/internal/day"
)

// How long rows are kept. A stored reply answers a repeat of its request for a
// day, maintenance not counted; views are the candidate's to read for two
// years; mails and runs are for those who look for what went wrong.
const (
	replyLife = 24 * time.Hour
	viewDays  = 2 * 365
	mailLife  = 30 * 24 * time.Hour
	runLife   = 90 * 24 * time.Hour
	logLife   = 30 * 24 * time.Hour
)

// agedKinds gives what is removed by age.
func agedKinds() []Aged {
	return []Aged{AgedReplies, AgedSessions, AgedViews, AgedMails, AgedRuns, AgedPreviews, AgedResets, AgedInvited}
}

// keptSince gives the moment before which rows of a kind are removed.
func keptSince(tx Tx, kind Aged, now time.Time) (time.Time, error) {
	switch kind {
	case AgedReplies:
		return ago(tx, now, replyLife)
	case AgedViews:
		return (day.Of(now) - viewDays).At(0), nil
	case AgedMails:
		return now.Add(-mailLife), nil
	case AgedRuns:
		return now.Add(-runLife), nil
	case AgedPreviews:
		return day.Of(now).At(0), nil
	case AgedInvited: // a company sees for a while that one has lapsed
		return now.Add(-mailLife), nil
	case AgedSessions, AgedResets:
	}
	return now, nil
}

// retainPage removes a page of the first kind that has old rows.
func (m *Market) retainPage(tx Tx, p *page) (more bool, err error) {
	for _, kind := range agedKinds() {
		before, err := keptSince(tx, kind, p.now)
		if err != nil {
			return false, err
		}
		n, err := tx.DropOld(kind, before, jobRows)
		if err != nil {
			return false, fmt.Errorf("remove old %s: %w", kind, err)
		}
		if n > 0 {
			p.changed += int64(n)
			return true, nil
		}
	}
	return false, nil
}

func (m *Market) countOld(ctx context.Context) (total int64, err error) {
	err = m.read(ctx, func(tx Tx) error {
		total = 0
		for _, kind := range agedKinds() {
			before, err := keptSince(tx, kind, m.Now())
			if err != nil {
				return err
			}
			n, err := tx.CountOld(kind, before)
			if err != nil {
				return err
			}
			total += n
		}
		return nil
	})
	return total, err
}

// trimPage removes a page of the log's beginning, and notes up to where it did:
// who has followed less far must read the rows themselves.
func (m *Market) trimPage(tx Tx, p *page) (more bool, err error) {
	rows, most, err := m.oldLog(tx, p.now)
	if err != nil || len(rows) == 0 {
		return false, err
	}
	until := rows[len(rows)-1].Pos
	if err := tx.SetSetting(settingTrimmed, strconv.FormatInt(until, 10)); err != nil {
		return false, err
	}
	n, err := tx.TrimLog(until)
	p.changed += int64(n)
	return until < most && len(rows) == jobRows, err
}

// oldLog gives the next rows of the log to be removed: those that are old, that
// the matcher has handled and that jobs have folded, but never the last, from
// which positions go on. most is how far the log might be removed but for age.
func (m *Market) oldLog(tx Tx, now time.Time) (rows []Row, most int64, err error) {
	if most, err = m.needless(tx); err != nil {
		return nil, 0, err
	}
	trimmed, err := numberSetting(tx, settingTrimmed)
	if err != nil {
		return nil, 0, err
	}
	rows, err = old30(tx, trimmed, most, now)
	return rows, most, err
}

// old30 gives the rows after a position that come before any row that is
// younger than logLife or beyond most.
func old30(tx Tx, after, most int64, now time.Time) ([]Row, error) {
	rows, err := tx.Rows(after, jobRows)
	for i := range rows {
		if rows[i].Pos > most || !rows[i].At.Before(now.Add(-logLife)) {
			return rows[:i], err
		}
	}
	return rows, err
}

// needless gives the position up to which nobody needs the log.
func (m *Market) needless(tx Tx) (int64, error) {
	head, err := tx.Head()
	if err != nil {
		return 0, err
	}
	matched, err := numberSetting(tx, settingMatched)
	if err != nil {
		return 0, err
	}
	text, err := tx.Checkpoint(jobStatistics)
	if err != nil {
		return 0, err
	}
	counted, err := countMarkOf(text)
	if err != nil || counted.Part != countLog {
		return 0, err
	}
	var told digestMark
	if text, err = tx.Checkpoint(jobDigests); err != nil {
		return 0, err
	}
	if text != "" {
		if err := json.Unmarshal([]byte(text), &told); err != nil {
			return 0, fmt.Errorf("checkpoint of %s: %w", jobDigests, err)
		}
	}
	return min(head-1, matched, counted.After, told.Pos), nil
}

func (m *Market) countTrim(ctx context.Context) (total int64, err error) {
	err = m.read(ctx, func(tx Tx) error {
		total = 0
		most, err := m.needless(tx)
		if err != nil {
			return err
		}
		after, err := numberSetting(tx, settingTrimmed)
		if err != nil {
			return err
		}
		for {
			rows, err := old30(tx, after, most, m.Now())
			if err != nil || len(rows) == 0 {
				return err
			}
			total, after = total+int64(len(rows)), rows[len(rows)-1].Pos
		}
	})
	return total, err
}
