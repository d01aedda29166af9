package market

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"enishi/internal/account"
	"enishi/internal/errs"
	"enishi/internal/offer"
	"enishi/internal/thread"
)

// Message is one text of a thread as one of its sides reads it.
type Message struct {
	ID     uuid.UUID
	Side   offer.Side
	Text   string
	Erased bool // the text went with its writer
	At     time.Time
}

// Thread gives a page of what was written about an accepted offer of the actor's,
// newest first, before a key (0: the newest), and the key to go on from (0:
// none). The newest page is read by being given. An offer that was never accepted
// has no thread: NotFound.
func (m *Market) Thread(ctx context.Context, actor Actor, id uuid.UUID, before int64, limit int) (page []Message, next int64, err error) {
	switch actor.Kind {
	case account.Candidate:
	case account.Member:
		if err := actor.Role.May(account.ReadOffers); err != nil {
			return nil, 0, err
		}
	default:
		return nil, 0, errs.New(errs.NotFound, "no such thread")
	}
	var unread bool
	err = m.read(ctx, func(tx Tx) error {
		page, next = nil, 0
		o, err := threaded(tx, actor, id)
		if err != nil {
			return err
		}
		list, err := tx.Messages(o.Key, before, limit+1)
		if err != nil {
			return err
		}
		d, err := tx.Dealing(o.Key)
		if err != nil {
			return err
		}
		unread = before == 0 && len(list) > 0 && list[0].Key > d.ReadBy(sideOf(actor))
		if len(list) > limit {
			list = list[:limit]
			next = list[limit-1].Key
		}
		for i := range list {
			one, err := m.message(&list[i])
			if err != nil {
				return err
			}
			page = append(page, one)
		}
		return nil
	})
	if err != nil || !unread {
		return page, next, err
	}
	return page, next, m.markRead(ctx, actor, id)
}

// threaded gives an offer of the actor's that has a thread.
func threaded(tx Tx, actor Actor, id uuid.UUID) (offer.Offer, error) {
	if actor.Kind == account.Candidate { // offers outlive an erased one
		if _, err := tx.Candidate(actor.Candidate); err != nil {
			return offer.Offer{}, err
		}
	}
	o, err := own(tx, actor, id)
	if err == nil && !o.Dealt() || errs.Is(err, errs.NotFound) {
		err = errs.New(errs.NotFound, "no such thread")
	}
	return o, err
}

// markRead notes that the actor's side has read a thread to its end. It is no
// promise: a member who only reads, and whoever reads during maintenance, leaves
// no note.
func (m *Market) markRead(ctx context.Context, actor Actor, id uuid.UUID) error {
	_, paused := m.paused()
	if paused || actor.Kind == account.Member && !actor.Role.Can(account.AnswerOffer) {
		return nil
	}
	return m.transact(ctx, func(tx Tx) error {
		x, err := m.bargain(tx, actor, id)
		if err != nil {
			return notFoundIsNil(err)
		}
		list, err := tx.Messages(x.offer.Key, 0, 1)
		if err != nil || len(list) == 0 {
			return err
		}
		return tx.MarkRead(x.offer.Key, x.by, list[0].Key)
	})
}

func (m *Market) message(v *thread.Message) (Message, error) {
	out := Message{ID: v.ID, Side: v.Side, At: v.At, Erased: v.Sealed == nil}
	if out.Erased {
		return out, nil
	}
	var err error
	if out.Text, err = m.vault.Open(v.Sealed); err != nil {
		return out, fmt.Errorf("open message %d: %w", v.Key, err)
	}
	return out, nil
}

// Say adds a message of the actor's side to the thread of an offer and gives
// it. It is a Conflict where the conversation is over, or never began.
func (m *Market) Say(ctx context.Context, actor Actor, id uuid.UUID, text string, once Once) (Message, error) {
	var out Message
	if actor.Kind != account.Candidate && actor.Kind != account.Member {
		return out, errs.New(errs.NotFound, "no such thread")
	}
	if err := mayDeal(actor); err != nil {
		return out, err
	}
	text, err := thread.Clean(text)
	if err != nil {
		return out, err
	}
	err = again(func() error {
		return m.write(ctx, func(tx Tx) error {
			x, err := m.bargain(tx, actor, id)
			if err != nil {
				return err
			}
			var made uuid.UUID
			found, err := m.recall(tx, once, &made)
			if err != nil {
				return err
			}
			var v thread.Message
			if found {
				v, err = tx.MessageByID(made)
			} else {
				v, err = x.say(text, once)
			}
			if err != nil {
				return err
			}
			out, err = m.message(&v)
			return err
		})
	})
	return out, err
}

// say adds a message.
func (x *bargain) say(text string, once Once) (thread.Message, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return thread.Message{}, fmt.Errorf("make an id: %w", err)
	}
	v := thread.Message{
		ID: id, Offer: x.offer.Key, Side: x.by, Account: x.actor.Account, Sealed: x.market.vault.Seal(text), At: x.now,
	}
	err = x.step(offer.Say, func() error {
		if err := x.talking(); err != nil {
			return err
		}
		return x.tx.AddMessage(&v)
	})
	if err != nil {
		return v, err
	}
	return v, x.market.remember(x.tx, once, v.ID)
}

// talking is refused where neither side may write any more; the company is not
// told which of the reasons it is.
func (x *bargain) talking() error {
	over := errs.New(errs.Conflict, "the conversation is over")
	if !x.dealing.Talks(&x.offer, x.market.running()) {
		return over
	}
	if err := x.addressed(); err != nil {
		return err
	}
	k, err := x.tx.Company(x.offer.Company)
	if err != nil {
		return fmt.Errorf("company of offer %d: %w", x.offer.Key, err)
	}
	if x.who.Blocked(k.Number, nil) {
		return over
	}
	return nil
}
