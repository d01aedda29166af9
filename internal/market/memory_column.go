package market

import (
	"time"

	"enishi/internal/candidate"
	"enishi/internal/errs"
	"enishi/internal/offer"
	"enishi/internal/rule"
)

// LivePosition gives the position for which nothing else may be sent while
// this offer is live, 0 if it is not. Stores keep at most one for a candidate.
func LivePosition(o *offer.Offer) int64 {
	if o.State.Live() {
		return o.Position
	}
	return 0
}

// AutoPosition gives the position for which this offer reached its candidate
// automatically, 0 if it did not. Stores keep at most one for a candidate.
func AutoPosition(o *offer.Offer) int64 {
	if o.Sender == offer.Auto && o.State.Reached() {
		return o.Position
	}
	return 0
}

// Reaches says whether this offer is why its position is offered to its candidate
// by no rule any more: it is live, or has reached them, whoever sent it.
func Reaches(o *offer.Offer) bool {
	return LivePosition(o) != 0 || AutoPosition(o) != 0 || o.Sender == offer.Scout && o.State.Reached()
}

// Ends says whether the offer expires after its ExpiresOn.
func Ends(o *offer.Offer) bool { return o.State == offer.Sent || o.State == offer.Seen }

// AcceptedAt gives the moment at which the candidate accepted, zero if they
// did not. A withdrawn offer was accepted before if it has an answer.
func AcceptedAt(o *offer.Offer) time.Time {
	switch o.State {
	case offer.Accepted, offer.Scheduled, offer.Held, offer.Hired, offer.Rejected, offer.Withdrawn:
		return o.AnsweredAt
	}
	return time.Time{}
}

// CheckCandidate reports what no store may keep of a candidate, because it
// could not be read again: no wishes at all, or lists that do not ascend.
func CheckCandidate(c *candidate.Candidate) error {
	if c.Wishes.Op == 0 {
		return errs.New(errs.Internal, "a candidate's wishes are not set")
	}
	for i := 1; i < len(c.Blocks); i++ {
		if c.Blocks[i-1] >= c.Blocks[i] {
			return errs.New(errs.Internal, "a candidate's blocks do not ascend")
		}
	}
	for i := 1; i < len(c.Employers); i++ {
		if c.Employers[i-1].Number >= c.Employers[i].Number {
			return errs.New(errs.Internal, "a candidate's employers do not ascend")
		}
	}
	return nil
}

// CheckRule reports what no store may keep of a rule: conditions that are not
// set.
func CheckRule(r *rule.Rule) error {
	unset := r.Must.Op == 0
	for _, p := range r.Prefer {
		unset = unset || p.Condition.Op == 0
	}
	if unset {
		return errs.New(errs.Internal, "a condition of a rule is not set")
	}
	return nil
}
