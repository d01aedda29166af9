package storetest

import (
	"errors"
	"fmt"

	"enishi/internal/day"
	"enishi/internal/offer"
	"enishi/internal/thread"
)

// bargained fails unless the candidate of an offer is held, or was found to be
// gone.
func (t *watched) bargained(what string, key int64) error {
	o, err := t.Tx.Offer(key)
	if err != nil {
		return err
	}
	if _, ok := t.held[row{aCandidate, o.Candidate}]; !ok {
		return t.fault("%s of offer %d without the lock of candidate %d", what, key, o.Candidate)
	}
	return nil
}

func (t *watched) SaveDealing(d *offer.Dealing) error {
	if err := t.bargained("the dealing", d.Offer); err != nil {
		return err
	}
	return t.Tx.SaveDealing(d)
}

func (t *watched) MarkRead(key int64, by offer.Side, message int64) error {
	if err := t.bargained("what is read", key); err != nil {
		return err
	}
	return t.Tx.MarkRead(key, by, message)
}

func (t *watched) AddMessage(m *thread.Message) error {
	if err := t.bargained("a message", m.Offer); err != nil {
		return err
	}
	return t.Tx.AddMessage(m)
}

func (t *watched) EraseMessages(key int64, of offer.Side) error {
	if err := t.bargained("the messages", key); err != nil {
		return err
	}
	return t.Tx.EraseMessages(key, of)
}

// A breach lowers what a company's rules may send: who sends for it holds it too.
func (t *watched) AddBreach(b *offer.Breach) error {
	if err := errors.Join(t.bargained("a breach", b.Offer), t.need("a breach", row{aCompany, b.Company})); err != nil {
		return err
	}
	return t.Tx.AddBreach(b)
}

func (t *watched) SaveBreach(b *offer.Breach) error {
	if err := t.need("setting a breach aside", row{aCompany, b.Company}); err != nil {
		return err
	}
	return t.Tx.SaveBreach(b)
}

func breachesBy(company int64) string { return fmt.Sprintf("the breaches of company %d", company) }

func (t *watched) Counting(company int64, since day.Day) (int, error) {
	t.ask(breachesBy(company))
	return t.Tx.Counting(company, since)
}

// lowered fails if a rule spends by the breaches of before its company was locked.
func (t *watched) lowered(key int64, n int) error {
	if n <= 0 {
		return nil
	}
	r, err := t.Tx.Rule(key)
	if err != nil {
		return err
	}
	if h, ok := t.held[row{aCompany, r.Company}]; ok && t.asked[breachesBy(r.Company)] < h.since {
		return t.fault("spending of rule %d by the breaches of before company %d was locked", key, r.Company)
	}
	return nil
}
