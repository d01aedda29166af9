package store

import (
	"database/sql"
	"encoding/json"
	"strings"
	"time"

	"github.com/google/uuid"

	"enishi/internal/day"
	"enishi/internal/market"
	"enishi/internal/offer"
	"enishi/internal/rule"
)

const offerColumns = "id, uuid, version, candidate, company, rule, position, position_version, rule_version," +
	" candidate_seen, kind, sender, state, score, message, sent_at, sent_day, expires_on, answered_at, responded_at, due_at, age, seen_at, scheduled_at, held_at"

const insertOffer = "INSERT INTO offer (uuid, version, candidate, company, rule, position, position_version, rule_version," +
	" candidate_seen, kind, sender, state, score, message, sent_at, sent_day, expires_on, answered_at, responded_at, due_at," +
	" age, seen_at, scheduled_at, held_at, live_position, auto_position, ends_on, accepted_at)" +
	" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"

const updateOffer = "UPDATE offer SET uuid = ?, version = ?, candidate = ?, company = ?, rule = ?, position = ?," +
	" position_version = ?, rule_version = ?, candidate_seen = ?, kind = ?, sender = ?, state = ?, score = ?, message = ?," +
	" sent_at = ?, sent_day = ?, expires_on = ?, answered_at = ?, responded_at = ?, due_at = ?, age = ?," +
	" seen_at = ?, scheduled_at = ?, held_at = ?, live_position = ?, auto_position = ?, ends_on = ?, accepted_at = ? WHERE id = ? AND version = ?"

// offerValues are the values of an offer's columns but its key, in the order
// of insertOffer and updateOffer, with room for the two of updateOffer's end.
func offerValues(o *offer.Offer) []any {
	var ends any
	if market.Ends(o) {
		ends = o.ExpiresOn
	}
	return append(make([]any, 0, 30),
		o.ID[:], o.Version, o.Candidate, o.Company, keyOrNull(o.Rule), o.Position, o.PositionVersion, o.RuleVersion,
		o.CandidateSeen, o.Kind, string(o.Sender), string(o.State), o.Score, o.Message, micros(o.SentAt), o.SentDay,
		o.ExpiresOn, microsOrNull(o.AnsweredAt), microsOrNull(o.RespondedAt), microsOrNull(o.DueAt), ageOrNull(o.Age),
		microsOrNull(o.SeenAt), microsOrNull(o.ScheduledAt), microsOrNull(o.HeldAt),
		keyOrNull(market.LivePosition(o)), keyOrNull(market.AutoPosition(o)), ends, microsOrNull(market.AcceptedAt(o)))
}

func scanOffer(row scanner, o *offer.Offer) error {
	var (
		sent                     int64
		rule                     sql.NullInt64
		answered, responded, due sql.NullInt64
		seen, scheduled, held    sql.NullInt64
		age                      sql.NullString
	)
	err := row.Scan(&o.Key, &o.ID, &o.Version, &o.Candidate, &o.Company, &rule, &o.Position, &o.PositionVersion,
		&o.RuleVersion, &o.CandidateSeen, &o.Kind, &o.Sender, &o.State, &o.Score, &o.Message, &sent, &o.SentDay,
		&o.ExpiresOn, &answered, &responded, &due, &age, &seen, &scheduled, &held)
	o.Rule, o.SentAt = rule.Int64, moment(sent)
	o.AnsweredAt, o.RespondedAt, o.DueAt = momentOrZero(answered), momentOrZero(responded), momentOrZero(due)
	o.SeenAt, o.ScheduledAt, o.HeldAt = momentOrZero(seen), momentOrZero(scheduled), momentOrZero(held)
	o.Age = nil
	if err != nil || !age.Valid {
		return err
	}
	if err := json.Unmarshal([]byte(age.String), &o.Age); err != nil {
		return &damaged{"offer", o.Key, "age", err}
	}
	return nil
}

// ageOrNull is NULL for an offer that came under no age condition.
func ageOrNull(a *rule.AgeException) any {
	if a == nil {
		return nil
	}
	b, err := json.Marshal(a)
	if err != nil { // two texts and two numbers
		return nil
	}
	return string(b)
}

func (t *tx) AddOffer(o *offer.Offer) error {
	key, err := t.insert("add an offer", insertOffer, offerValues(o)...)
	if err != nil {
		return err
	}
	o.Key = key
	return nil
}

func (t *tx) SaveOffer(o *offer.Offer) error {
	return t.save("offer", o.Key, updateOffer, append(offerValues(o), o.Key, o.Version-1)...)
}

func (t *tx) offer(where string, args ...any) (offer.Offer, error) {
	return one(t, "offer", scanOffer, "SELECT "+offerColumns+" FROM offer WHERE "+where, args...)
}

func (t *tx) offers(where string, args ...any) ([]offer.Offer, error) {
	return list(t, "offers", scanOffer, "SELECT "+offerColumns+" FROM offer WHERE "+where, args...)
}

func (t *tx) Offer(key int64) (offer.Offer, error) { return t.offer("id = ?", key) }

func (t *tx) OfferByID(id uuid.UUID) (offer.Offer, error) { return t.offer("uuid = ?", id[:]) }

func (t *tx) OfferOfPair(rule, candidate int64) (offer.Offer, error) {
	return t.offer("rule = ? AND candidate = ?", rule, candidate)
}

func (t *tx) Offers(after int64, limit int) ([]offer.Offer, error) {
	return t.offers("id > ? ORDER BY id LIMIT ?", after, limit)
}

func (t *tx) OffersTo(candidate, before int64, limit int) ([]offer.Offer, error) {
	return t.offers("candidate = ? AND id < ? ORDER BY id DESC LIMIT ?", candidate, orNewest(before), limit)
}

func (t *tx) OffersBy(company, rule, before int64, limit int, states ...offer.State) ([]offer.Offer, error) {
	where, args := "company = ? AND ", []any{company}
	if rule != 0 {
		where, args = "rule = ? AND company = ? AND ", []any{rule, company}
	}
	return t.newestIn(where, args, before, limit, states)
}

func (t *tx) OffersOn(position, before int64, limit int, states ...offer.State) ([]offer.Offer, error) {
	return t.newestIn("position = ? AND ", []any{position}, before, limit, states)
}

// newestIn gives a page of offers in one of the states, any if there is none.
func (t *tx) newestIn(where string, args []any, before int64, limit int, states []offer.State) ([]offer.Offer, error) {
	if len(states) > 0 {
		where += "state IN (?" + strings.Repeat(", ?", len(states)-1) + ") AND "
		for _, s := range states {
			args = append(args, string(s))
		}
	}
	return t.offers(where+"id < ? ORDER BY id DESC LIMIT ?", append(args, orNewest(before), limit)...)
}

func (t *tx) Between(company, candidate int64) ([]offer.Offer, error) {
	return t.offers("candidate = ? AND company = ? ORDER BY id", candidate, company)
}

func (t *tx) Taken(candidate int64, since day.Day) (int, error) {
	return one(t, "offers", func(row scanner, n *int) error { return row.Scan(n) },
		"SELECT COUNT(auto_position) FROM offer WHERE candidate = ? AND sent_day >= ?", candidate, since)
}

func (t *tx) AllTaken(since day.Day) (map[int64]int, error) {
	all := map[int64]int{}
	err := each(t.ctx, t, "offers", func(row scanner) error {
		var candidate int64
		var n int
		err := row.Scan(&candidate, &n)
		all[candidate] = n
		return err
	}, "SELECT candidate, COUNT(*) FROM offer WHERE sent_day >= ? AND auto_position IS NOT NULL GROUP BY candidate", since)
	return all, err
}

func (t *tx) Freed(by day.Day) ([]int64, error) {
	const taken = "(SELECT COUNT(o.auto_position) FROM offer o WHERE o.candidate = candidate.id AND o.sent_day >= ?)"
	return list(t, "candidates", scanKey, "SELECT id FROM candidate WHERE is_open = 1"+
		" AND id IN (SELECT candidate FROM offer WHERE sent_day = ? AND auto_position IS NOT NULL)"+
		" AND "+taken+" >= weekly_limit AND "+taken+" < weekly_limit ORDER BY id", by, by, by+1)
}

func (t *tx) ReachedFor(rule, position int64) (map[int64]bool, error) {
	reached := map[int64]bool{}
	add := func(row scanner) error {
		var candidate int64
		err := row.Scan(&candidate)
		reached[candidate] = true
		return err
	}
	if err := each(t.ctx, t, "offers", add,
		"SELECT candidate FROM offer WHERE rule = ? AND state <> ?", rule, string(offer.Lapsed)); err != nil {
		return nil, err
	}
	err := each(t.ctx, t, "offers", add, "SELECT candidate FROM offer WHERE position = ?"+
		" AND (live_position IS NOT NULL OR auto_position IS NOT NULL OR sender = ? AND state <> ?)", position,
		string(offer.Scout), string(offer.Lapsed))
	return reached, err
}

func (t *tx) ReachedTo(candidate int64) (positions, rules map[int64]bool, err error) {
	positions, rules = map[int64]bool{}, map[int64]bool{}
	_, err = list(t, "offers", func(row scanner, _ *struct{}) error {
		var rule, live, auto sql.NullInt64
		var position int64
		var state offer.State
		var sender offer.Sender
		err := row.Scan(&rule, &live, &auto, &state, &position, &sender)
		if live.Valid || auto.Valid || sender == offer.Scout && state.Reached() {
			positions[position] = true
		}
		if rule.Valid && state != offer.Lapsed {
			rules[rule.Int64] = true
		}
		return err
	}, "SELECT rule, live_position, auto_position, state, position, sender FROM offer WHERE candidate = ?", candidate)
	return positions, rules, err
}

func (t *tx) Reserved(rule int64, on day.Day) (today, total int, err error) {
	_, err = one(t, "offers", func(row scanner, _ *struct{}) error { return row.Scan(&today, &total) },
		"SELECT COALESCE(SUM(sent_day = ?), 0), COUNT(*) FROM offer WHERE rule = ? AND state = ?", on, rule, string(offer.Reserved))
	return today, total, err
}

func (t *tx) Unconfirmed(rule, position int64) (map[int64]bool, error) {
	out := map[int64]bool{}
	add := func(row scanner) error {
		var candidate int64
		err := row.Scan(&candidate)
		out[candidate] = true
		return err
	}
	reserved, lapsed := string(offer.Reserved), string(offer.Lapsed)
	if err := each(t.ctx, t, "offers", add, "SELECT candidate FROM offer WHERE position = ? AND state = ?", position, reserved); err != nil {
		return nil, err
	}
	err := each(t.ctx, t, "offers", add, "SELECT offer.candidate FROM offer JOIN candidate ON candidate.id = offer.candidate"+
		" WHERE offer.rule = ? AND (offer.state = ? OR offer.state = ? AND candidate.confirmed = 0)", rule, reserved, lapsed)
	return out, err
}

func (t *tx) Ending(before day.Day, limit int) ([]offer.Offer, error) {
	return t.offers("ends_on < ? ORDER BY ends_on, id LIMIT ?", before, limit)
}

func (t *tx) Due(now time.Time, limit int) ([]offer.Offer, error) {
	return t.offers("due_at <= ? ORDER BY due_at, id LIMIT ?", micros(now), limit)
}

func (t *tx) AllAnswers(since, until time.Time, within time.Duration) (map[int64]rule.Answers, error) {
	all := map[int64]rule.Answers{}
	err := each(t.ctx, t, "answers", func(row scanner) error {
		var company int64
		var a rule.Answers
		err := row.Scan(&company, &a.Accepted, &a.Answered)
		all[company] = a
		return err
	}, "SELECT company, COUNT(*), COALESCE(SUM(responded_at >= accepted_at AND responded_at - accepted_at -"+
		" COALESCE((SELECT SUM(ended_at - began_at) FROM pause WHERE began_at >= accepted_at AND began_at < responded_at), 0) <= ?"+
		" AND responded_at < ?), 0)"+
		" FROM offer WHERE accepted_at >= ? AND accepted_at < ? GROUP BY company", within.Microseconds(), micros(until), micros(since), micros(until))
	return all, err
}
