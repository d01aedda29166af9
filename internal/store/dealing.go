package store

import (
	"database/sql"
	"encoding/json"

	"github.com/google/uuid"

	"enishi/internal/day"
	"enishi/internal/errs"
	"enishi/internal/offer"
	"enishi/internal/thread"
)

const dealingColumns = "date_by, hold_by, slots, proposed_at, dated_at, agreed, called_off, sequence, changed_at, held_at, ended_at," +
	" ended_by, gone, said_pay, confirmed_pay, reason, owed_on, denied_at"

const updateDealing = "UPDATE dealing SET date_by = ?, hold_by = ?, slots = ?, proposed_at = ?, dated_at = ?, agreed = ?," +
	" called_off = ?, sequence = ?, changed_at = ?, held_at = ?, ended_at = ?, ended_by = ?, gone = ?, said_pay = ?," +
	" confirmed_pay = ?, reason = ?, owed_on = ?, denied_at = ? WHERE offer = ?"

const insertDealing = "INSERT INTO dealing (" + dealingColumns + ", offer, candidate_read, company_read)" +
	" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"

// dayOrNull is NULL for 0: there is no such day.
func dayOrNull(d day.Day) any {
	if d == 0 {
		return nil
	}
	return d
}

func numberOrNull(n *int) any {
	if n == nil {
		return nil
	}
	return *n
}

func numberOrNil(n sql.NullInt64) *int {
	if !n.Valid {
		return nil
	}
	v := int(n.Int64)
	return &v
}

// dealingValues are the values of dealingColumns, then the key.
func dealingValues(d *offer.Dealing) ([]any, error) {
	slots, err := text(append([]offer.Slot{}, d.Slots...))
	if err != nil {
		return nil, err
	}
	agreed := sql.NullString{Valid: d.Date != nil}
	if agreed.Valid {
		if agreed.String, err = text(d.Date); err != nil {
			return nil, err
		}
	}
	return append(make([]any, 0, 21),
		dayOrNull(d.DateBy), dayOrNull(d.HoldBy), slots, microsOrNull(d.ProposedAt), microsOrNull(d.DatedAt), agreed, d.CalledOff,
		d.Sequence, microsOrNull(d.ChangedAt), microsOrNull(d.HeldAt), microsOrNull(d.EndedAt), string(d.EndedBy), d.Gone,
		numberOrNull(d.SaidPay), numberOrNull(d.ConfirmedPay), string(d.Reason), dayOrNull(d.OwedOn), microsOrNull(d.DeniedAt), d.Offer), nil
}

func scanDealing(row scanner, d *offer.Dealing) error {
	var (
		dateBy, holdBy, proposed, dated, changed, held, ended, said, confirmed, owed, denied sql.NullInt64
		slots                                                                                string
		agreed                                                                               sql.NullString
	)
	err := row.Scan(&dateBy, &holdBy, &slots, &proposed, &dated, &agreed, &d.CalledOff, &d.Sequence, &changed, &held, &ended,
		&d.EndedBy, &d.Gone, &said, &confirmed, &d.Reason, &owed, &denied, &d.Offer, &d.CandidateRead, &d.CompanyRead)
	if err != nil {
		return err
	}
	d.DateBy, d.HoldBy, d.OwedOn = day.Day(dateBy.Int64), day.Day(holdBy.Int64), day.Day(owed.Int64)
	d.ProposedAt, d.DatedAt, d.ChangedAt = momentOrZero(proposed), momentOrZero(dated), momentOrZero(changed)
	d.HeldAt, d.EndedAt, d.DeniedAt = momentOrZero(held), momentOrZero(ended), momentOrZero(denied)
	d.SaidPay, d.ConfirmedPay = numberOrNil(said), numberOrNil(confirmed)
	if err := json.Unmarshal([]byte(slots), &d.Slots); err != nil {
		return &damaged{"dealing", d.Offer, "slots", err}
	}
	if len(d.Slots) == 0 {
		d.Slots = nil
	}
	if agreed.Valid {
		if err := json.Unmarshal([]byte(agreed.String), &d.Date); err != nil {
			return &damaged{"dealing", d.Offer, "agreed", err}
		}
	}
	return nil
}

func (t *tx) Dealing(of int64) (offer.Dealing, error) {
	d, err := one(t, "dealing", scanDealing, "SELECT "+dealingColumns+", offer, candidate_read, company_read FROM dealing WHERE offer = ?", of)
	if errs.Is(err, errs.NotFound) {
		return offer.Dealing{Offer: of}, nil
	}
	return d, err
}

func (t *tx) Dealings(of []int64) ([]offer.Dealing, error) {
	if len(of) == 0 {
		return nil, nil
	}
	in, args := among(of)
	return list(t, "dealings", scanDealing,
		"SELECT "+dealingColumns+", offer, candidate_read, company_read FROM dealing WHERE offer "+in+" ORDER BY offer", args...)
}

func (t *tx) SaveDealing(d *offer.Dealing) error {
	values, err := dealingValues(d)
	if err != nil {
		return err
	}
	found, err := t.update("save a dealing", updateDealing, values...)
	if err != nil || found > 0 {
		return err
	}
	_, err = t.exec("add a dealing", insertDealing, append(values, 0, 0)...)
	return err
}

func (t *tx) MarkRead(of int64, by offer.Side, message int64) error {
	d, err := t.Dealing(of)
	if err != nil || message <= d.ReadBy(by) {
		return err
	}
	column := "company_read"
	if by == offer.Candidate {
		column = "candidate_read"
	}
	found, err := t.update("mark messages as read", "UPDATE dealing SET "+column+" = ? WHERE offer = ?", message, of)
	if err != nil || found > 0 {
		return err
	}
	if err := t.SaveDealing(&offer.Dealing{Offer: of}); err != nil {
		return err
	}
	_, err = t.update("mark messages as read", "UPDATE dealing SET "+column+" = ? WHERE offer = ?", message, of)
	return err
}

func (t *tx) Owing(before day.Day, limit int) ([]offer.Offer, error) {
	keys, err := list(t, "dealings", scanKey, "SELECT offer FROM dealing WHERE owed_on < ? ORDER BY owed_on, offer LIMIT ?", before, limit)
	if err != nil {
		return nil, err
	}
	out := make([]offer.Offer, len(keys))
	for i, key := range keys {
		if out[i], err = t.Offer(key); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (t *tx) Disputed(before int64, limit int) ([]offer.Dealing, error) {
	return list(t, "dealings", scanDealing, "SELECT "+dealingColumns+", offer, candidate_read, company_read FROM dealing"+
		" WHERE confirmed_pay IS NOT NULL AND confirmed_pay <> said_pay AND offer < ? ORDER BY offer DESC LIMIT ?", orNewest(before), limit)
}

const messageColumns = "id, uuid, offer, side, account, body, at"

func scanMessage(row scanner, m *thread.Message) error {
	var at int64
	err := row.Scan(&m.Key, &m.ID, &m.Offer, &m.Side, &m.Account, &m.Sealed, &at)
	m.At = moment(at)
	return err
}

func (t *tx) AddMessage(m *thread.Message) error {
	key, err := t.insert("add a message", "INSERT INTO message (uuid, offer, side, account, body, at) VALUES (?, ?, ?, ?, ?, ?)",
		m.ID[:], m.Offer, string(m.Side), m.Account, bytesOrNull(m.Sealed), micros(m.At))
	if err != nil {
		return err
	}
	m.Key = key
	return nil
}

func (t *tx) MessageByID(id uuid.UUID) (thread.Message, error) {
	return one(t, "message", scanMessage, "SELECT "+messageColumns+" FROM message WHERE uuid = ?", id[:])
}

func (t *tx) Messages(of, before int64, limit int) ([]thread.Message, error) {
	return list(t, "messages", scanMessage, "SELECT "+messageColumns+" FROM message WHERE offer = ? AND id < ? ORDER BY id DESC LIMIT ?",
		of, orNewest(before), limit)
}

func (t *tx) Unread(of []int64, by offer.Side) (map[int64]int, error) {
	unread := map[int64]int{}
	if len(of) == 0 {
		return unread, nil
	}
	column := "company_read"
	if by == offer.Candidate {
		column = "candidate_read"
	}
	in, args := among(of)
	err := each(t.ctx, t, "messages", func(row scanner) error {
		var key int64
		var n int
		err := row.Scan(&key, &n)
		unread[key] = n
		return err
	}, "SELECT m.offer, COUNT(*) FROM message m LEFT JOIN dealing d ON d.offer = m.offer WHERE m.offer "+in+
		" AND m.side <> ? AND m.id > COALESCE(d."+column+", 0) GROUP BY m.offer", append(args, string(by))...)
	return unread, err
}

func (t *tx) EraseMessages(of int64, side offer.Side) error {
	_, err := t.exec("erase messages", "UPDATE message SET body = NULL, account = 0 WHERE offer = ? AND side = ?", of, string(side))
	return err
}

const breachColumns = "id, uuid, offer, company, promise, day, at, set_aside_at, set_aside_by, reason"

func scanBreach(row scanner, b *offer.Breach) error {
	var at int64
	var aside sql.NullInt64
	err := row.Scan(&b.Key, &b.ID, &b.Offer, &b.Company, &b.Promise, &b.Day, &at, &aside, &b.SetAsideBy, &b.Reason)
	b.At, b.SetAsideAt = moment(at), momentOrZero(aside)
	return err
}

const insertBreach = "INSERT INTO breach (uuid, offer, company, promise, day, at, set_aside_at, set_aside_by, reason)" +
	" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"

func breachValues(b *offer.Breach) []any {
	return []any{
		b.ID[:], b.Offer, b.Company, string(b.Promise), b.Day, micros(b.At), microsOrNull(b.SetAsideAt), b.SetAsideBy, b.Reason,
	}
}

func (t *tx) AddBreach(b *offer.Breach) error {
	key, err := t.insert("add a breach", insertBreach, breachValues(b)...)
	if err != nil {
		return err
	}
	b.Key = key
	return nil
}

func (t *tx) BreachByID(id uuid.UUID) (offer.Breach, error) {
	return one(t, "breach", scanBreach, "SELECT "+breachColumns+" FROM breach WHERE uuid = ?", id[:])
}

func (t *tx) SaveBreach(b *offer.Breach) error {
	found, err := t.update("save a breach", "UPDATE breach SET set_aside_at = ?, set_aside_by = ?, reason = ? WHERE id = ?",
		microsOrNull(b.SetAsideAt), b.SetAsideBy, b.Reason, b.Key)
	if err == nil && found == 0 {
		err = errs.New(errs.NotFound, "no such breach")
	}
	return err
}

func (t *tx) BreachesOf(of int64) ([]offer.Breach, error) {
	return list(t, "breaches", scanBreach, "SELECT "+breachColumns+" FROM breach WHERE offer = ? ORDER BY id", of)
}

func (t *tx) Breaches(company, before int64, limit int) ([]offer.Breach, error) {
	where, args := "", []any{orNewest(before), limit}
	if company != 0 {
		where, args = "company = ? AND ", []any{company, orNewest(before), limit}
	}
	return list(t, "breaches", scanBreach, "SELECT "+breachColumns+" FROM breach WHERE "+where+"id < ? ORDER BY id DESC LIMIT ?", args...)
}

func (t *tx) Counting(company int64, since day.Day) (int, error) {
	return one(t, "breaches", func(row scanner, n *int) error { return row.Scan(n) },
		"SELECT COUNT(*) FROM breach WHERE company = ? AND day >= ? AND set_aside_at IS NULL", company, since)
}
