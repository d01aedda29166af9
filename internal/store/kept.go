package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"enishi/internal/errs"
	"enishi/internal/market"
)

// unmark takes the mark away, and what is kept beside it.
const unmark = "DELETE FROM installation WHERE name = '" + market.TransferMark + "' OR name LIKE '" + market.TransferKept + "%'"

// keptRows is how many keys a row of the table installation keeps, which holds 64 kB.
const keptRows = 400

// Kept is what a database knows that must go into an earlier moment of it. It holds keys and moments
// only, and which installation it is of.
type Kept struct {
	Erased []int64 `json:"erased,omitempty"` // candidates who erased themselves since
	Unsure []int64 `json:"unsure,omitempty"` // keys under which somebody was erased who may be somebody else there
	// Later are those who erased themselves since and are not there: a later moment, which the replacement may go on
	// with, may have them.
	Later []int64    `json:"later,omitempty"`
	Mails []KeptMail `json:"mails,omitempty"`
	// Return says that whoever was erased since comes back, so that nobody is in Erased, Unsure and Later.
	Return bool `json:"return,omitempty"`
	// From and To tell of the two databases by which settings they are known: those in force are removed with the rows.
	From map[string]string `json:"from,omitempty"`
	To   map[string]string `json:"to,omitempty"`
}

// KeptMail is a mail that waited at the earlier moment and that was dealt with since: by its key and
// when it was written, with when it was sent or given up (0: it was not), in microseconds.
type KeptMail struct {
	Key     int64 `json:"key"`
	Created int64 `json:"created"`
	Sent    int64 `json:"sent"`
	Failed  int64 `json:"failed"`
}

// ends is where the logs of a database end: by their own keys, which no two moments of it share.
type ends struct{ log, logAt, audit, auditAt int64 }

func (e ends) at() time.Time {
	if last := max(e.logAt, e.auditAt); last > 0 {
		return moment(last)
	}
	return time.Time{}
}

// String names the moment.
func (e ends) String() string {
	return fmt.Sprintf("%s %d %d", e.at().Format(time.RFC3339Nano), e.log, e.audit)
}

func endsOf(ctx context.Context, of queryer) (e ends, err error) {
	for query, into := range map[string][2]*int64{
		"SELECT id, at FROM log ORDER BY id DESC LIMIT 1":   {&e.log, &e.logAt},
		"SELECT id, at FROM audit ORDER BY id DESC LIMIT 1": {&e.audit, &e.auditAt},
	} {
		if err := of.QueryRowContext(ctx, query).Scan(into[0], into[1]); err != nil && !errors.Is(err, sql.ErrNoRows) {
			return e, fmt.Errorf("look where the logs end: %w", err)
		}
	}
	return e, nil
}

// endsNamed is what String gives of a moment.
func endsNamed(name string) (e ends, at time.Time, err error) {
	var when string
	if _, err := fmt.Sscanf(name, "%s %d %d", &when, &e.log, &e.audit); err != nil {
		return e, at, fmt.Errorf("read the moment %q: %w", name, err)
	}
	if at, err = time.Parse(time.RFC3339Nano, when); err != nil {
		return e, at, fmt.Errorf("read the moment %q: %w", name, err)
	}
	return e, at, nil
}

// knownBy gives those settings by which market.Related knows an installation, and a history of it.
func knownBy(settings map[string]string) map[string]string {
	known := map[string]string{}
	for _, name := range []string{"seed", "secret_check", "identity"} {
		known[name] = settings[name]
	}
	return known
}

// onward has what was kept for one moment serve for the one that a replacement goes on with, which is the same or a later
// one: whoever was erased after that was erased after the first. A key means one person in one history only, so what a
// history's end knows of its keys is believed of the moments of that history alone. Conflict of any other moment.
func (k *Kept) onward(ctx context.Context, l *line, from queryer) error {
	name := l.mark[len(markReplace):]
	if name == l.from.String() {
		return nil
	}
	was, at, err := endsNamed(name)
	if err != nil {
		return err
	}
	one, current := market.Related(l.known[0], k.To)
	_, alike := market.Related(l.known[0], k.From)
	later := l.from.log >= was.log && l.from.audit >= was.audit && !l.from.at().Before(at)
	switch {
	case !one || !later || !current && !alike:
		return errs.New(errs.Conflict, "what this database held is being replaced by another moment than this one, and that has not come to its end: name the same moment or a later one of the same history (as of "+name+")")
	case current:
		k.Erased = slices.Concat(k.Erased, k.Unsure, k.Later)
		slices.Sort(k.Erased)
		k.Unsure, k.Later = nil, nil
	default:
		there, err := candidatesOf(ctx, from, k.Later)
		if err != nil {
			return err
		}
		k.Unsure, k.Later = append(k.Unsure, there...), without(k.Later, there)
		slices.Sort(k.Unsure)
	}
	k.From = l.known[0]
	return nil
}

// comeBack has whoever was erased since come back.
func (k *Kept) comeBack() { k.Erased, k.Unsure, k.Later, k.Return = nil, nil, nil, true }

// candidatesOf gives those of the candidates whom a database has.
func candidatesOf(ctx context.Context, from queryer, keys []int64) (there []int64, err error) {
	for part := range slices.Chunk(keys, transferRows) {
		some, err := column(ctx, from, scanKey, "SELECT id FROM candidate WHERE id IN ("+joined(part)+") ORDER BY id")
		if err != nil {
			return nil, fmt.Errorf("look for who erased themselves: %w", err)
		}
		there = append(there, some...)
	}
	return there, nil
}

// without gives a list of keys without some of them, which are in order.
func without(keys, some []int64) []int64 {
	return slices.DeleteFunc(slices.Clone(keys), func(key int64) bool {
		_, found := slices.BinarySearch(some, key)
		return found
	})
}

// keep leaves the mark with what is kept beside it, in the place of those that are there: all or nothing.
func keep(ctx context.Context, write *sql.Conn, mark string, kept Kept) (err error) {
	tx, err := write.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("mark the target: %w", err)
	}
	defer tx.Rollback() //nolint:errcheck // after a commit it does nothing
	if _, err := tx.ExecContext(ctx, unmark); err != nil {
		return fmt.Errorf("mark the target: %w", err)
	}
	put := func(name, value string) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO installation (name, value) VALUES (?, ?)", name, value)
		return err
	}
	if err := put(market.TransferMark, mark); err != nil {
		return fmt.Errorf("mark the target: %w", err)
	}
	for n := 0; n == 0 || len(kept.Erased)+len(kept.Unsure)+len(kept.Later)+len(kept.Mails) > 0; n++ {
		part := Kept{Erased: cut(&kept.Erased), Unsure: cut(&kept.Unsure), Later: cut(&kept.Later), Mails: cut(&kept.Mails), Return: kept.Return}
		if n == 0 {
			part.From, part.To = kept.From, kept.To
		}
		text, err := json.Marshal(part)
		if err != nil {
			return err
		}
		if err := put(fmt.Sprintf("%s%06d", market.TransferKept, n), string(text)); err != nil {
			return fmt.Errorf("keep what the target knows: %w", err)
		}
	}
	return tx.Commit()
}

// cut takes the first of a list off it.
func cut[T any](list *[]T) (first []T) {
	n := min(keptRows, len(*list))
	first, *list = (*list)[:n], (*list)[n:]
	return first
}

// recall reads what was kept.
func recall(ctx context.Context, write queryer) (kept Kept, err error) {
	parts, err := column(ctx, write, scanText,
		"SELECT value FROM installation WHERE name LIKE '"+market.TransferKept+"%' ORDER BY name")
	if err != nil {
		return kept, fmt.Errorf("read what was kept: %w", err)
	}
	for _, text := range parts {
		var part Kept
		if err := json.Unmarshal([]byte(text), &part); err != nil {
			return kept, fmt.Errorf("read what was kept: %w", err)
		}
		kept.Erased, kept.Unsure = append(kept.Erased, part.Erased...), append(kept.Unsure, part.Unsure...)
		kept.Later, kept.Mails = append(kept.Later, part.Later...), append(kept.Mails, part.Mails...)
		if part.To != nil {
			kept.From, kept.To = part.From, part.To
		}
		kept.Return = kept.Return || part.Return
	}
	return kept, nil
}
