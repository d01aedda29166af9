package storetest

import (
	"testing"
	"time"

	"enishi/internal/market"
	"enishi/internal/offer"
	"enishi/internal/rule"
)

func answers() map[string]func(*testing.T, market.Store) {
	return map[string]func(*testing.T, market.Store){"how companies answer": answersCount}
}

func answersCount(t *testing.T, s market.Store) {
	const within = 7 * 24 * time.Hour
	never := time.Duration(-1 << 62)
	until := when.AddDate(0, 0, 90)
	for i, r := range []struct {
		company  int64
		state    offer.State
		answered time.Duration // after when; never: not at all
		response time.Duration // after the answer
	}{
		{1, offer.Accepted, 0, never},
		{1, offer.Scheduled, time.Hour, within},
		{1, offer.Hired, time.Hour, within + time.Microsecond}, // too late
		{1, offer.Rejected, time.Hour, 0},
		{1, offer.Held, -time.Microsecond, time.Hour}, // before the time
		{1, offer.Withdrawn, time.Hour, time.Hour},    // after it was accepted
		{1, offer.Withdrawn, never, never},            // never accepted
		{1, offer.Declined, time.Hour, never},
		{1, offer.Sent, never, never},
		{1, offer.Accepted, until.Sub(when), 0},                                    // after the time
		{1, offer.Scheduled, until.Sub(when) - time.Microsecond, time.Microsecond}, // answered after it
		{2, offer.Accepted, time.Hour, never},
		{3, offer.Declined, time.Hour, never},
	} {
		addOffers(t, s, with(newOffer(int64(i), 1), func(o *offer.Offer) {
			o.Company, o.State = r.company, r.state
			if r.answered != never {
				o.AnsweredAt = when.Add(r.answered)
			}
			if r.response != never {
				o.RespondedAt = o.AnsweredAt.Add(r.response)
			}
		}))
	}
	got := load(t, s, func(tx market.Tx) (map[int64]rule.Answers, error) { return tx.AllAnswers(when, until, within) })
	want(t, "AllAnswers", got, map[int64]rule.Answers{1: {Accepted: 6, Answered: 3}, 2: {Accepted: 1}})
	none := load(t, s, func(tx market.Tx) (map[int64]rule.Answers, error) {
		return tx.AllAnswers(when.AddDate(1, 0, 0), until.AddDate(1, 0, 0), within)
	})
	want(t, "AllAnswers of next year", none, nil)
}
