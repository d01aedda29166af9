package market

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"maps"

	"github.com/google/uuid"

	"enishi/internal/account"
	"enishi/internal/candidate"
	"enishi/internal/day"
	"enishi/internal/engine"
	"enishi/internal/errs"
	"enishi/internal/offer"
	"enishi/internal/position"
	"enishi/internal/rule"
)

// Preview is what a rule would do now, step by step. Steps are nil when so few
// match that they would tell about single people.
type Preview struct {
	Matched int  // by must, among those who have not blocked the company
	Already *int // of those: offered already
	Wishes  *int // removed by their own wishes
	Limit   *int // over their limit, or yet to confirm their address
	Budget  *int // beyond today's budget
	Due     *int // will receive an offer now
	// Daily is today's budget as breaches of the company leave it, 0 if they do not
	// lower it.
	Daily int
}

// What a preview may show: under leastShown matches only their number, steps
// rounded down to stepShown, and so many different questions a day, so that
// nobody's wishes can be found by asking again and again.
const (
	leastShown   = 10
	stepShown    = 5
	previewsADay = 30
)

// Preview gives what a rule would do if it were activated now. More than 30
// different questions a day are TooMany; a company that is not verified is
// Denied.
func (m *Market) Preview(ctx context.Context, actor Actor, in RuleInput) (Preview, error) {
	return m.preview(ctx, actor, func(tx Tx) (rule.Rule, error) {
		var r rule.Rule
		p, err := positionOf(tx, actor, in)
		if err == nil {
			err = fill(tx, actor, &r, in, &p)
		}
		return r, err
	})
}

// PreviewChange gives what a rule of the actor's company would do if it were changed
// to in and activated now: what it has sent counts.
func (m *Market) PreviewChange(ctx context.Context, actor Actor, id uuid.UUID, in RuleInput) (Preview, error) {
	return m.preview(ctx, actor, func(tx Tx) (rule.Rule, error) {
		r, err := ownRule(tx, actor, id)
		if err != nil {
			return r, err
		}
		p, err := tx.Position(r.Position)
		if err != nil {
			return r, fmt.Errorf("position of a rule: %w", err)
		}
		err = refill(tx, actor, &r, in, &p)
		return r, err
	})
}

// preview gives what a rule that of makes would do.
func (m *Market) preview(ctx context.Context, actor Actor, of func(Tx) (rule.Rule, error)) (Preview, error) {
	var out Preview
	if err := actor.Role.May(account.EditRule); err != nil {
		return out, err
	}
	m.catchUpWithOthers(ctx)
	var r rule.Rule
	err := m.read(ctx, func(tx Tx) error {
		_, err := verified(tx, actor)
		if err == nil {
			r, err = of(tx)
		}
		return err
	})
	if err != nil {
		return out, err
	}
	if err := m.countPreview(ctx, actor, &r); err != nil {
		return out, err
	}
	err = m.read(ctx, func(tx Tx) error {
		var err error
		out, err = m.previewOf(tx, r)
		return err
	})
	return out, err
}

// countPreview notes that a company asks for a preview; one too many a day is
// TooMany. A question that it has asked on this day already is free.
func (m *Market) countPreview(ctx context.Context, actor Actor, r *rule.Rule) error {
	if m.options.Demo {
		return nil
	}
	return m.transact(ctx, func(tx Tx) error {
		p, err := tx.Position(r.Position)
		if err != nil {
			return fmt.Errorf("position of a preview: %w", err)
		}
		// The company's lock makes the count exact.
		if _, err := tx.LockCompany(actor.Company); err != nil {
			return fmt.Errorf("lock the company of a preview: %w", err)
		}
		today, err := logDay(tx)
		if err != nil {
			return err
		}
		n, err := tx.AddPreview(actor.Company, today, previewDigest(r, offeredVersion(&p)))
		if err == nil && n > previewsADay {
			return errs.New(errs.TooMany, fmt.Sprintf("a company has %d different previews a day; ask again tomorrow", previewsADay))
		}
		return err
	})
}

// offeredVersion is the version of the terms that a preview speaks of: the
// published one, or the draft as it would be.
func offeredVersion(p *position.Position) int64 { return cmp.Or(p.PublishedVersion, p.Version) }

// previewDigest tells questions apart by all that the company can turn to
// change the answer: the rule, and the version of the terms it offers.
func previewDigest(r *rule.Rule, version int64) []byte {
	must := r.Must.Hash()
	h := sha256.New()
	h.Write(must[:])
	if r.Age != nil {
		fmt.Fprintf(h, "age %d %d;", r.Age.Min, r.Age.Max)
	}
	for _, n := range []int64{r.Position, version, int64(r.DailyBudget), int64(r.TotalBudget)} {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(n)))
	}
	h.Write([]byte(r.Kind))
	return h.Sum(nil)
}

// previewOf computes the waterfall of a rule, stored or not, as if it sent.
func (m *Market) previewOf(tx Tx, r rule.Rule) (Preview, error) {
	today := m.Today()
	r.State = rule.Active
	o, err := loadOffering(tx, r, kinship{})
	if err != nil {
		return Preview{}, err
	}
	if o.position.State == position.Closed {
		return Preview{}, errs.New(errs.Conflict, "the rule's position is closed: make a rule for another")
	}
	o.position.PublishedVersion = offeredVersion(&o.position)
	people := m.peopleOf(o.company.Trial)
	question, err := people.question(o, today)
	if err != nil {
		return Preview{}, err
	}
	view := people.candidates.View()
	done := m.engine(SearchWork)
	matched, err := view.Search(engine.Query{Cond: question.Cond, Within: engine.Cond{Op: engine.All}})
	done(Outcome{Err: err})
	if err != nil {
		return Preview{}, err
	}
	out := Preview{Matched: matched.Count}
	if matched.Count < leastShown {
		return out, nil
	}
	err = m.waterfall(tx, &r, people, view, question, &out)
	return out, err
}

// waterfall fills in what removes people from those who match, step by step.
func (m *Market) waterfall(tx Tx, r *rule.Rule, people *populations, view *engine.View, question engine.Question, out *Preview) error {
	reached, err := tx.ReachedFor(r.Key, r.Position)
	if err != nil {
		return err
	}
	// Those of whom the company is to know nothing yet wait like those who
	// have no room.
	hidden, err := tx.Unconfirmed(r.Key, r.Position)
	if err != nil {
		return err
	}
	among := func(keys map[int64]bool) (int, error) {
		found, err := view.Search(engine.Query{Cond: question.Cond, Within: engine.Cond{Op: engine.All}, IDs: sortedKeys(keys)})
		return found.Count, err
	}
	waiting, err := among(hidden)
	if err != nil {
		return err
	}
	maps.DeleteFunc(reached, func(key int64, _ bool) bool { return hidden[key] })
	offered, err := among(reached)
	if err != nil {
		return err
	}
	question.Except = func(id int64) bool { return reached[id] || hidden[id] }
	done := m.engine(MatchWork)
	willing := view.Match(question)
	done(Outcome{})
	full, err := countFull(tx, people, willing, m.Today())
	if err != nil {
		return err
	}
	var spent, total int
	if r.Key != 0 { // else it is not stored and has spent nothing
		if spent, total, err = tx.Spent(r.Key, m.Today()); err != nil {
			return fmt.Errorf("budget of rule %d: %w", r.Key, err)
		}
	}
	breaches, err := breachesOf(tx, r.Company, m.Today())
	if err != nil {
		return err
	}
	daily := offer.DailyBudget(r.DailyBudget, breaches)
	if daily < r.DailyBudget {
		out.Daily = daily
	}
	room := len(willing) - full
	due := max(0, min(room, daily-spent, r.TotalBudget-total))
	out.Already = shown(offered)
	out.Wishes = shown(out.Matched - offered - waiting - len(willing))
	out.Limit = shown(full + waiting)
	out.Budget = shown(room - due)
	out.Due = shown(due)
	return nil
}

func shown(n int) *int {
	n -= n % stepShown
	return &n
}

// pointQueries is up to how many candidates are asked for their room one by
// one; beyond, reading everyone's room at once is cheaper.
const pointQueries = 2000

// countFull counts those among candidates who have no room left.
func countFull(tx Tx, people *populations, keys []int64, today day.Day) (int, error) {
	since := today - (candidate.LimitDays - 1)
	taken := func(key int64) (int, error) { return tx.Taken(key, since) }
	if len(keys) > pointQueries {
		all, err := tx.AllTaken(since)
		if err != nil {
			return 0, err
		}
		taken = func(key int64) (int, error) { return all[key], nil }
	}
	full := 0
	for _, key := range keys {
		n, err := taken(key)
		if err != nil {
			return 0, err
		}
		if who, ok := people.findPerson(key); ok && n >= who.limit {
			full++
		}
	}
	return full, nil
}
