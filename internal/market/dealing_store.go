package market

import (
	"github.com/google/uuid"

	"enishi/internal/day"
	"enishi/internal/offer"
	"enishi/internal/thread"
)

// dealingTx is what is kept of offers once their candidates have answered. Who
// writes it holds the candidate; a breach needs its company.
type dealingTx interface {
	// Dealing gives what is known of an offer beside its own row, the zero value
	// with its key if that is nothing.
	Dealing(offer int64) (offer.Dealing, error)
	// Dealings gives what is known of up to MostKeys offers, by key; those of which
	// nothing is known are left out.
	Dealings(offers []int64) ([]offer.Dealing, error)
	// SaveDealing writes it, whether there was one or not, but what each side has
	// read.
	SaveDealing(*offer.Dealing) error
	// MarkRead notes that a side has read up to a message; what it had read
	// further stays.
	MarkRead(offer int64, by offer.Side, message int64) error
	// Owing gives up to limit offers whose OwedOn lies before a day, by that day,
	// then by key.
	Owing(before day.Day, limit int) ([]offer.Offer, error)
	// Disputed gives up to limit of those whose two sides say different final pays, by
	// offer, the newest first, before a key (0: from the newest).
	Disputed(before int64, limit int) ([]offer.Dealing, error)

	AddMessage(*thread.Message) error
	MessageByID(uuid.UUID) (thread.Message, error)
	// Messages gives up to limit messages of an offer's thread, newest first,
	// before a key (0: from the newest).
	Messages(offer, before int64, limit int) ([]thread.Message, error)
	// Unread counts, in each of the threads of up to MostKeys offers, what a side has
	// not read of the other's messages; threads without any are left out.
	Unread(offers []int64, by offer.Side) (map[int64]int, error)
	// EraseMessages takes the texts of a side away, and who wrote them.
	EraseMessages(offer int64, of offer.Side) error

	// AddBreach writes a breach; Conflict if the offer has one of the promise.
	AddBreach(*offer.Breach) error
	BreachByID(uuid.UUID) (offer.Breach, error)
	// SaveBreach writes SetAsideAt, SetAsideBy and Reason.
	SaveBreach(*offer.Breach) error
	// BreachesOf gives those of an offer, by key.
	BreachesOf(offer int64) ([]offer.Breach, error)
	// Breaches gives up to limit breaches, newest first, before a key (0: from the
	// newest); those of one company, or of all (0).
	Breaches(company, before int64, limit int) ([]offer.Breach, error)
	// Counting says how many breaches of a company count that were found from a
	// day on: those not set aside.
	Counting(company int64, since day.Day) (int, error)
}
