package market

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"enishi/internal/day"
	"enishi/internal/errs"
	"enishi/internal/offer"
)

// Standing is how far the service is open while it is looked after.
type Standing string

// The standings: open, with a time announced; reading alone; nothing at all.
const (
	Planned  Standing = "planned"
	ReadOnly Standing = "read-only"
	Stopped  Standing = "stop"
)

// Maintenance is what people are told of a time in which the service is not
// open as usual. The zero value: there is none.
type Maintenance struct {
	Standing Standing
	From     time.Time
	Until    time.Time // zero: not known
	JA, EN   string    // what the operator says of it; may be empty
}

// Pause is a time in which nobody could write.
type Pause struct{ From, Until time.Time }

// upkeep is what is stored of maintenance.
type upkeep struct {
	Plan *plan  `json:"plan,omitempty"`
	On   *pause `json:"on,omitempty"`
}

// plan is a time that was announced.
type plan struct {
	From  time.Time `json:"from"`
	Until time.Time `json:"until"`
	JA    string    `json:"ja,omitempty"`
	EN    string    `json:"en,omitempty"`
	Told  int64     `json:"told"`     // key of the last account that was told by mail
	All   bool      `json:"told_all"` // nobody is left to be told
}

// pause is a time in which nobody writes.
type pause struct {
	Standing Standing  `json:"standing"`
	From     time.Time `json:"from"`
	Until    time.Time `json:"until"` // as announced; zero: not known
	JA       string    `json:"ja,omitempty"`
	EN       string    `json:"en,omitempty"`
	Since    time.Time `json:"since"`  // from when clocks are being extended, and
	Ends     time.Time `json:"ends"`   // up to when; zero: it goes on
	Behind   int64     `json:"behind"` // key of the last offer whose clocks are
}

// settingUpkeep holds it; whoever changes it locks the installation first.
const settingUpkeep = "maintenance"

func loadUpkeep(tx Tx) (upkeep, error) {
	var u upkeep
	text, err := tx.Setting(settingUpkeep)
	if err != nil || text == "" {
		return u, err
	}
	if err := json.Unmarshal([]byte(text), &u); err != nil {
		return u, fmt.Errorf("setting %s: %w", settingUpkeep, err)
	}
	return u, nil
}

func (u upkeep) save(tx Tx) error {
	text, err := json.Marshal(u)
	if err != nil {
		return fmt.Errorf("setting %s: %w", settingUpkeep, err)
	}
	return tx.SetSetting(settingUpkeep, string(text))
}

// at gives what people are told at a moment.
func (u upkeep) at(now time.Time) Maintenance {
	switch on, plan := u.On, u.Plan; {
	case on != nil && !now.Before(on.From):
		return Maintenance{on.Standing, on.From, on.Until, on.JA, on.EN}
	case on != nil:
		return Maintenance{Planned, on.From, on.Until, on.JA, on.EN}
	case plan != nil && now.Before(plan.Until):
		return Maintenance{Planned, plan.From, plan.Until, plan.JA, plan.EN}
	}
	return Maintenance{}
}

// Maintenance gives what people are told now, as this process knows it.
func (m *Market) Maintenance() Maintenance {
	u := m.upkeep.Load()
	if u == nil {
		return Maintenance{}
	}
	return u.at(m.Now())
}

// Watch learns what the database says of maintenance. Each process does so
// within a second: a pause begins that much after it was ordered.
func (m *Market) Watch(ctx context.Context) error {
	began := m.options.Clock()
	err := m.read(ctx, func(tx Tx) error {
		u, err := loadUpkeep(tx)
		if err == nil {
			m.upkeep.Store(&u)
			m.watched.Store(began.UnixNano())
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("look whether there is maintenance: %w", err)
	}
	return nil
}

// paused says whether nobody writes now, and since when.
func (m *Market) paused() (time.Time, bool) {
	u := m.upkeep.Load()
	if u == nil || u.On == nil || m.Now().Before(u.On.From) {
		return time.Time{}, false
	}
	return u.On.From, true
}

// running gives the day on which deadlines are looked at: while nobody can keep
// one, none passes.
func (m *Market) running() day.Day {
	if since, ok := m.paused(); ok {
		return day.Of(since)
	}
	return day.Of(m.Now())
}

// unwatched says whether so much time has passed since this process learnt of
// maintenance that it may have missed the beginning: it was paused, or the
// database did not answer. It is the wall clock's time, which goes on while a
// machine sleeps.
func (m *Market) unwatched() bool {
	age := time.Duration(m.options.Clock().UnixNano() - m.watched.Load())
	return age < 0 || age > Lead
}

// guarded is a store that writes nothing while there is maintenance.
type guarded struct {
	Store
	market *Market
}

// Write is refused as Busy while there is maintenance. What may have missed its
// beginning looks first.
func (g guarded) Write(ctx context.Context, fn func(Tx) error) error {
	if g.market.unwatched() {
		if err := g.market.Watch(ctx); err != nil {
			return err
		}
	}
	if _, ok := g.market.paused(); ok {
		return errs.New(errs.Busy, "there is maintenance: nothing can be changed for now / メンテナンス中のため、変更はできません")
	}
	return g.Store.Write(ctx, fn)
}

// extended moves an offer's clocks by a pause, and says whether any moved. What
// was over before the pause stays over.
//
// A moment moves by the pause's length. A date moves by the whole days of it,
// and by one more if it lies on or before the day of the end while a part of a
// day is left: then this part was of somebody's last day, and otherwise of one
// of several.
func extended(o *offer.Offer, p Pause) bool {
	length, moved := p.Until.Sub(p.From), false
	if o.DueAt.After(p.From) {
		o.DueAt, moved = o.DueAt.Add(length), true
	}
	if !o.Open() {
		return moved
	}
	last := postponed(o.ExpiresOn, p)
	moved = moved || last != o.ExpiresOn
	o.ExpiresOn = last
	return moved
}

// postponed gives a last day after a pause; see extended. 0 is none.
func postponed(last day.Day, p Pause) day.Day {
	if last == 0 || last < day.Of(p.From) {
		return last
	}
	const whole = 24 * time.Hour
	length := p.Until.Sub(p.From)
	days := day.Day(length / whole)
	if length%whole > 0 && last <= day.Of(p.Until) {
		days++
	}
	return last + days
}

// extendDealing moves the clocks of an accepted offer, whose candidate is held, by
// a pause, and says whether any moved.
func extendDealing(tx Tx, o *offer.Offer, p Pause) (bool, error) {
	if !o.Running() {
		return false, nil
	}
	d, err := tx.Dealing(o.Key)
	if err != nil {
		return false, fmt.Errorf("dealing of offer %d: %w", o.Key, err)
	}
	before := d
	d.DateBy, d.HoldBy, d.OwedOn = postponed(d.DateBy, p), postponed(d.HoldBy, p), postponed(d.OwedOn, p)
	if d.DateBy == before.DateBy && d.HoldBy == before.HoldBy {
		return false, nil
	}
	if err := tx.SaveDealing(&d); err != nil {
		return false, fmt.Errorf("dealing of offer %d: %w", o.Key, err)
	}
	return true, nil
}

// ago gives the moment that lies so long before now, pauses not counted.
func ago(tx Tx, now time.Time, life time.Duration) (time.Time, error) {
	at := now.Add(-life)
	list, err := tx.Pauses()
	if err != nil {
		return at, err
	}
	for i := len(list) - 1; i >= 0 && list[i].Until.After(at); i-- {
		at = at.Add(-list[i].Until.Sub(list[i].From))
	}
	return at, nil
}

// announcePage is how many are told in one go.
const announcePage = 100

// announce tells members of companies and operators of a plan by mail, each
// once: it notes whom it tells with the mail. Candidates are not written to:
// the banner tells those who come, and nobody loses time by it.
func (m *Market) announce(ctx context.Context) error {
	for {
		u := m.upkeep.Load()
		if u == nil || u.Plan == nil || u.Plan.All || !m.Now().Before(u.Plan.Until) {
			return nil
		}
		err := m.transact(ctx, func(tx Tx) error {
			now, err := takeTurn(tx)
			if err != nil || now.Plan == nil || now.Plan.All {
				u = &now
				return err
			}
			list, err := tx.Staff(now.Plan.Told, announcePage)
			if err != nil {
				return err
			}
			subject, body := now.Plan.mail()
			for i := range list {
				if err := m.addMail(tx, &list[i], subject, body); err != nil {
					return err
				}
				now.Plan.Told = list[i].Key
			}
			now.Plan.All = len(list) < announcePage
			u = &now
			return now.save(tx)
		})
		if err != nil {
			return fmt.Errorf("announce maintenance: %w", err)
		}
		m.upkeep.Store(u)
		m.post()
	}
}

// mail says the plan in both languages.
func (p plan) mail() (subject, body string) {
	const form = "2006-01-02 15:04"
	from, until := p.From.In(day.Tokyo).Format(form), p.Until.In(day.Tokyo).Format(form)
	body = "次の時間、メンテナンスのため、縁（Enishi）では登録や変更などの操作ができません。閲覧もできないことがあります。\n" + from + " 〜 " + until + "（日本時間）\n" +
		"オファーの回答期限など、この間に迎える期限は、止まっていた時間の分だけ延長されます。\n"
	if p.JA != "" {
		body += "\n" + p.JA + "\n"
	}
	body += "\nEnishi is down for maintenance at this time. Nothing can be changed then, and at times nothing can be read:\n" + from + " to " + until + " (Tokyo)\n" +
		"Deadlines that fall into it are extended by as long as it takes.\n"
	if p.EN != "" {
		body += "\n" + p.EN + "\n"
	}
	return "【縁 Enishi】メンテナンスのお知らせ " + from, body
}

// takeTurn waits until nobody else changes what is stored of maintenance, and
// gives it.
func takeTurn(tx Tx) (upkeep, error) {
	if _, err := tx.LockSetting(settingLock); err != nil {
		return upkeep{}, err
	}
	return loadUpkeep(tx)
}
