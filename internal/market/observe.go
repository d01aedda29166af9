package market

import (
	"context"
	"fmt"
	"time"
)

// Work is a piece of what a market does.
type Work struct {
	Kind WorkKind
	// Row is the row of the log that is handled, for RowWork; its Trace may be
	// that of a request to another process.
	Row Row
}

// WorkKind says what a piece of work is.
type WorkKind string

// The kinds of work. Those from SearchWork on are the engine's own; their context may be
// that of no request.
const (
	RowWork    WorkKind = "row"    // the matcher handles a row
	StepWork   WorkKind = "step"   // offers are made among proposals, in one transaction
	SignUpWork WorkKind = "signup" // somebody registers and is answered with their offers; an error: they come later
	MailWork   WorkKind = "mail"   // a mail is tried; an error without ErrRefused says that it will be again
	SearchWork WorkKind = "search" // a question to the candidates or the rules
	MatchWork  WorkKind = "match"  // the pairs of one side that hold in both directions
	MissesWork WorkKind = "misses" // what is missing for a match, for somebody without one
	ApplyWork  WorkKind = "apply"  // changes are published to both populations
)

// Outcome is what came of a piece of work.
type Outcome struct {
	Offers int     // that were made, for StepWork
	Rules  []int64 // the keys of their rules, each once
	Err    error
}

// Observer is told of what a market does, for traces and metrics. It must not
// block, and be safe for concurrent use.
type Observer interface {
	// Begin is told that work begins; done, that it has ended. The context
	// is for what is done within it. A sign-up that registers nobody does not
	// end.
	Begin(ctx context.Context, w Work) (within context.Context, done func(Outcome))
}

// begin tells the observer, if there is one.
func (m *Market) begin(ctx context.Context, w Work) (context.Context, func(Outcome)) {
	if m.options.Observer == nil {
		return ctx, func(Outcome) {}
	}
	return m.options.Observer.Begin(ctx, w)
}

// engine tells the observer of work of the engine that no context comes with.
func (m *Market) engine(kind WorkKind) (done func(Outcome)) {
	_, done = m.begin(context.Background(), Work{Kind: kind})
	return done
}

// outcome gives what came of a step.
func (s *stepped) outcome(err error) Outcome {
	out := Outcome{Err: err}
	if err != nil {
		return out
	}
	out.Offers = len(s.made)
	rules := map[int64]bool{}
	for i := range s.made {
		rules[s.made[i].Rule] = true
	}
	out.Rules = sortedKeys(rules)
	return out
}

// Lag says how far behind the log a process and the matcher are.
type Lag struct {
	Unapplied  int64         // rows with a position that searches here do not know yet
	AppliedAge time.Duration // since the first of them was written, 0 if there is none
	Unmatched  int64         // rows for which offers have not been made yet
	MatchedAge time.Duration // since the first of them was written, 0 if there is none
}

// Lag asks the database how far behind the log everything is.
func (m *Market) Lag(ctx context.Context) (Lag, error) {
	var out Lag
	err := m.store.Read(ctx, func(tx Tx) error {
		out = Lag{}
		matched := m.matched.Load()
		if m.lead.Load() == 0 { // by another process
			var err error
			if matched, err = numberSetting(tx, settingMatched); err != nil {
				return err
			}
		}
		head, err := tx.Head()
		if err != nil {
			return err
		}
		waiting, err := tx.Unnumbered()
		if err != nil {
			return err
		}
		// Rows without a position are applied as they are found.
		applied := m.people.applied.Load()
		out.Unapplied, out.Unmatched = max(0, head-applied), max(0, head+waiting-matched)
		if out.AppliedAge, err = m.ageAfter(tx, applied); err != nil {
			return err
		}
		out.MatchedAge, err = m.queueAge(tx, matched)
		return err
	})
	if err != nil {
		return Lag{}, fmt.Errorf("ask how far the log is followed: %w", err)
	}
	return out, nil
}

// ageAfter gives the time since the first row after a position was written, 0
// if there is none.
func (m *Market) ageAfter(tx Tx, pos int64) (time.Duration, error) {
	rows, err := tx.Rows(pos, 1)
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	return max(0, m.Now().Sub(rows[0].At)), nil
}

// queueAge is ageAfter, or if there is no such row, the age of the first without
// a position: those come later.
func (m *Market) queueAge(tx Tx, pos int64) (time.Duration, error) {
	if age, err := m.ageAfter(tx, pos); err != nil || age > 0 {
		return age, err
	}
	at, err := tx.OldestUnnumbered()
	if err != nil || at.IsZero() {
		return 0, err
	}
	return max(0, m.Now().Sub(at)), nil
}

// Size is how large a population is.
type Size struct {
	Entries int
	Bytes   int64 // of candidates, with their texts and what finds them; without what ranking keeps beside it
}

// Sizes gives the sizes of the populations.
func (m *Market) Sizes() (candidates, rules Size) {
	c, r := m.people.seen.Load(), m.people.rules.View()
	texts, postings := c.texts.bytesUsed()
	return Size{c.candidates.Len(), c.candidates.Bytes() + int64(texts+postings)}, Size{r.Len(), r.Bytes()}
}
