package market

import (
	"context"
	"fmt"
	"slices"
	"time"

	"enishi/internal/candidate"
	"enishi/internal/condition"
	"enishi/internal/corpnum"
	"enishi/internal/day"
	"enishi/internal/offer"
	"enishi/internal/position"
	"enishi/internal/rule"
)

// Exported is everything that is kept of a candidate and is theirs to know. Tokens,
// passwords, and what others keep for themselves are not in it.
type Exported struct {
	Kept
	Wishes condition.Condition `json:"wishes"`
}

// Kept is all of it but the wishes.
type Kept struct {
	At        time.Time              `json:"at" doc:"When this was read."`
	Account   KeptAccount            `json:"account"`
	Open      bool                   `json:"open" doc:"Looking: in matches and searches."`
	Limit     int                    `json:"weekly_limit"`
	Active    day.Day                `json:"last_active" doc:"The last day on which you were here."`
	Since     time.Time              `json:"since" doc:"When you registered."`
	Profile   candidate.Profile      `json:"profile"`
	Blocks    []corpnum.Number       `json:"blocks"`
	Employers []candidate.Employment `json:"employers"`
	Offers    []KeptOffer            `json:"offers" doc:"The newest first."`
	Views     []KeptView             `json:"views" doc:"Who opened your card, the newest first."`
	Sessions  []KeptSession          `json:"sessions"`
}

// KeptAccount is the account.
type KeptAccount struct {
	ID        string    `json:"id"`
	Email     string    `json:"email"`
	Confirmed bool      `json:"confirmed" doc:"The address is confirmed."`
	Language  string    `json:"language"`
	CreatedAt time.Time `json:"created_at"`
}

// KeptOffer is an offer with its terms as sent, and what was written about it.
type KeptOffer struct {
	ID         string             `json:"id"`
	Company    string             `json:"company" doc:"Its name."`
	Kind       string             `json:"kind" enum:"interview,casual"`
	Sender     string             `json:"sender" enum:"auto,scout"`
	State      string             `json:"state"`
	SentAt     time.Time          `json:"sent_at"`
	SeenAt     *time.Time         `json:"seen_at,omitempty"`
	AnsweredAt *time.Time         `json:"answered_at,omitempty"`
	ExpiresOn  day.Day            `json:"expires_on"`
	Terms      position.Terms     `json:"terms"`
	Age        *rule.AgeException `json:"age,omitempty"`
	Message    string             `json:"message,omitempty" doc:"Of a scout."`
	Reason     string             `json:"decline_reason,omitempty"`
	Date       *time.Time         `json:"date,omitempty" doc:"That was agreed last."`
	SaidPay    *int               `json:"final_pay,omitempty" doc:"As the company says."`
	Confirmed  *int               `json:"confirmed_pay,omitempty" doc:"As you say."`
	DeniedAt   *time.Time         `json:"denied_at,omitempty" doc:"When you last said that an interview was not held."`
	Messages   []KeptMessage      `json:"messages"`
}

// KeptMessage is a message of either side.
type KeptMessage struct {
	By   string    `json:"by" enum:"candidate,company"`
	Text string    `json:"text" doc:"Empty if its writer is erased."`
	At   time.Time `json:"at"`
}

// KeptView is one opening of the card.
type KeptView struct {
	Company string    `json:"company" doc:"Its name."`
	At      time.Time `json:"at"`
}

// KeptSession is one sign-in that has not ended.
type KeptSession struct {
	CreatedAt time.Time `json:"created_at"`
	ExpiresAt time.Time `json:"expires_at"`
}

// Export gives everything that is kept of the actor, who is a candidate, as of one
// moment. Nothing counts as seen or read by it.
func (m *Market) Export(ctx context.Context, actor Actor) (Exported, error) {
	var out Exported
	err := m.readRecent(ctx, func(tx Tx) error {
		out = Exported{}
		c, err := tx.Candidate(actor.Candidate)
		if err != nil {
			return err
		}
		out.At, out.Wishes = m.Now().UTC(), c.Wishes
		out.Open, out.Limit, out.Active, out.Since = c.Open, c.WeeklyLimit, c.LastActive, c.CreatedAt.UTC()
		out.Profile = c.Profile
		out.Blocks = append([]corpnum.Number{}, c.Blocks...)
		out.Employers = append([]candidate.Employment{}, c.Employers...)
		if err := m.exportAccount(tx, &c, &out.Kept); err != nil {
			return err
		}
		if out.Offers, err = m.exportOffers(tx, c.Key); err != nil {
			return err
		}
		out.Views, err = exportViews(tx, c.Key)
		return err
	})
	return out, err
}

func (m *Market) exportAccount(tx Tx, c *candidate.Candidate, out *Kept) error {
	a, err := tx.Account(c.Account)
	if err != nil {
		return err
	}
	email, err := m.vault.Open(a.Sealed)
	if err != nil {
		return fmt.Errorf("open the address of account %d: %w", a.Key, err)
	}
	out.Account = KeptAccount{a.ID.String(), email, a.Confirmed, c.Language, a.CreatedAt.UTC()}
	sessions, err := tx.Sessions(c.Account)
	out.Sessions = []KeptSession{}
	for _, s := range sessions {
		out.Sessions = append(out.Sessions, KeptSession{s.CreatedAt.UTC(), s.ExpiresAt.UTC()})
	}
	return err
}

func (m *Market) exportOffers(tx Tx, key int64) ([]KeptOffer, error) {
	out := []KeptOffer{}
	list, err := tx.OffersTo(key, 0, allOffers)
	if err != nil {
		return nil, err
	}
	// Of those that are left out the company is still to decide.
	delivered, err := m.deliverAll(tx, slices.DeleteFunc(list, func(o offer.Offer) bool { return !visible(&o) }), offer.Candidate)
	if err != nil {
		return nil, err
	}
	for _, d := range delivered {
		one := KeptOffer{
			ID: d.ID.String(), Company: d.CompanyName, Kind: d.Kind, Sender: string(d.Sender), State: string(d.State),
			SentAt: d.SentAt.UTC(), SeenAt: moment(d.SeenAt), AnsweredAt: moment(d.AnsweredAt), ExpiresOn: d.ExpiresOn,
			Terms: d.Terms, Age: d.Age, Message: d.Message, Reason: string(d.Dealing.Reason),
			SaidPay: d.Dealing.SaidPay, Confirmed: d.Dealing.ConfirmedPay, DeniedAt: moment(d.Dealing.DeniedAt), Messages: []KeptMessage{},
		}
		if d.Dealing.Date != nil {
			one.Date = moment(d.Dealing.Date.Start)
		}
		messages, err := tx.Messages(d.Key, 0, allOffers)
		if err != nil {
			return nil, err
		}
		for i := range messages {
			v, err := m.message(&messages[i])
			if err != nil {
				return nil, err
			}
			one.Messages = append(one.Messages, KeptMessage{string(v.Side), v.Text, v.At.UTC()})
		}
		out = append(out, one)
	}
	return out, nil
}

func exportViews(tx Tx, key int64) ([]KeptView, error) {
	out, names := []KeptView{}, map[int64]string{}
	list, err := tx.Views(key, 0, allOffers)
	if err != nil {
		return nil, err
	}
	for _, v := range list {
		if names[v.Company] == "" {
			k, err := tx.Company(v.Company)
			if err != nil {
				return nil, fmt.Errorf("company of view %d: %w", v.Key, err)
			}
			names[v.Company] = k.Name
		}
		out = append(out, KeptView{names[v.Company], v.At.UTC()})
	}
	return out, nil
}

// moment gives a moment, nil if it never came.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}
