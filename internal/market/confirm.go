package market

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"enishi/internal/account"
	"enishi/internal/candidate"
	"enishi/internal/corpnum"
	"enishi/internal/day"
	"enishi/internal/offer"
	"enishi/internal/rule"
)

// Proposals gives up to limit of a rule's proposals that wait for confirmation,
// best first, after a place (0: from the best), and the place of the last.
func (m *Market) Proposals(ctx context.Context, actor Actor, id uuid.UUID, after int64, limit int) (out []Delivered, last int64, err error) {
	if err := actor.Role.May(account.ReadOffers); err != nil {
		return nil, 0, err
	}
	err = m.read(ctx, func(tx Tx) error {
		last = 0
		r, err := ownRule(tx, actor, id)
		if err != nil {
			return err
		}
		list, err := tx.OffersBy(actor.Company, r.Key, 0, allOffers, offer.Proposed)
		if err != nil {
			return err
		}
		slices.SortFunc(list, func(a, b offer.Offer) int { return cmp.Compare(place(&a), place(&b)) })
		list = slices.DeleteFunc(list, func(o offer.Offer) bool { return place(&o) <= after })
		list = list[:min(len(list), limit)]
		if len(list) > 0 {
			last = place(&list[len(list)-1])
		}
		out, _, err = m.allSeenByCompany(tx, actor, list)
		return err
	})
	return out, last, err
}

// Waiting is a proposal that waits for confirmation, with the card of its candidate as
// lists show it.
type Waiting struct {
	Offer uuid.UUID
	Score int
	Card  Card
}

// MostCounted is how many who wait are counted: a page says "or more" from there on.
const MostCounted = 1000

// Batch is a part of the proposals of a rule that wait, best first.
type Batch struct {
	List  []Waiting
	Total int   // who waits in all, those of other parts as well; counted up to MostCounted
	Next  int64 // the place after which the next part begins; 0: this is the last
}

// Waiting gives up to limit of a rule's proposals after a place (0: from the best), each
// with its candidate's card. Who has closed their profile or blocked the company meanwhile
// is not among them, and not counted.
func (m *Market) Waiting(ctx context.Context, actor Actor, id uuid.UUID, after int64, limit int) (Batch, error) {
	if err := actor.Role.May(account.SearchPeople); err != nil {
		return Batch{}, err
	}
	cards, err := m.vault.Cards(actor.CompanyID)
	if err != nil {
		return Batch{}, err
	}
	var out Batch
	err = m.read(ctx, func(tx Tx) error {
		out = Batch{}
		r, err := ownRule(tx, actor, id)
		if err != nil {
			return err
		}
		k, err := tx.Company(actor.Company)
		if err != nil {
			return err
		}
		group, err := groupOf(tx, k)
		if err != nil {
			return err
		}
		list, err := tx.OffersBy(actor.Company, r.Key, 0, allOffers, offer.Proposed)
		if err != nil {
			return err
		}
		slices.SortFunc(list, func(a, b offer.Offer) int { return cmp.Compare(place(&a), place(&b)) })
		today, last := m.Today(), int64(0)
		return openTo(tx, list, k.Number, group, func(o *offer.Offer, c *candidate.Candidate) bool {
			out.Total++
			switch at := place(o); {
			case at <= after || out.Next != 0:
			case len(out.List) == limit:
				out.Next = last
			default:
				last = at
				out.List = append(out.List, Waiting{o.ID, o.Score, listed(cards, c, nil, today)})
			}
			return out.Total < MostCounted || out.Next == 0
		})
	})
	return out, err
}

// openTo calls back with each offer whose candidate is open to a company, until told to stop.
func openTo(tx Tx, list []offer.Offer, number corpnum.Number, group []corpnum.Number, seen func(*offer.Offer, *candidate.Candidate) bool) error {
	for part := range slices.Chunk(list, MostKeys) {
		keys := make([]int64, len(part))
		for i := range part {
			keys[i] = part[i].Candidate
		}
		found, err := tx.CandidatesOf(distinct(keys))
		if err != nil {
			return err
		}
		for i := range part {
			at, ok := slices.BinarySearchFunc(found, part[i].Candidate, func(c candidate.Candidate, key int64) int { return cmp.Compare(c.Key, key) })
			if !ok {
				continue
			}
			c := &found[at]
			if err := recallMask(tx, c); err != nil {
				return fmt.Errorf("candidate %d: %w", c.Key, err)
			}
			if c.Open && !c.Blocked(number, group) && !seen(&part[i], c) {
				return nil
			}
		}
	}
	return nil
}

// place orders the offers of a rule, the best first, equal ones as they were
// made: scores take 10 bits, keys fewer than the 40 below them.
func place(o *offer.Offer) int64 { return int64(rule.MostScore-o.Score)<<40 | o.Key }

// Confirmed is what came of confirming a batch.
type Confirmed struct {
	Sent     int
	Reserved int // sent once their candidate's address is confirmed, unless that takes too long
}

// ConfirmProposals sends the waiting batch of a rule, best first, as far as
// each still matches and budget and room allow. Those whose ids are in except go on
// waiting.
func (m *Market) ConfirmProposals(ctx context.Context, actor Actor, id uuid.UUID, except ...uuid.UUID) (Confirmed, error) {
	return m.confirm(ctx, actor, id, func(o uuid.UUID) bool { return !slices.Contains(except, o) })
}

// ConfirmChosen is ConfirmProposals for those alone whose ids are chosen: all others, also
// those who came to the batch meanwhile, go on waiting.
func (m *Market) ConfirmChosen(ctx context.Context, actor Actor, id uuid.UUID, chosen []uuid.UUID) (Confirmed, error) {
	return m.confirm(ctx, actor, id, func(o uuid.UUID) bool { return slices.Contains(chosen, o) })
}

// confirm sends those of the waiting batch whose ids are taken.
func (m *Market) confirm(ctx context.Context, actor Actor, id uuid.UUID, taken func(uuid.UUID) bool) (Confirmed, error) {
	if err := actor.Role.May(account.ActivateRule); err != nil {
		return Confirmed{}, err
	}
	var proposals []Proposal
	err := m.read(ctx, func(tx Tx) error {
		proposals = nil
		r, err := ownRule(tx, actor, id)
		if err != nil {
			return err
		}
		k, err := tx.Company(r.Company)
		if err != nil {
			return err
		}
		people := m.peopleOf(k.Trial)
		list, err := tx.OffersBy(actor.Company, r.Key, 0, allOffers, offer.Proposed)
		if err != nil {
			return err
		}
		for _, o := range list {
			if !taken(o.ID) {
				continue
			}
			who, _ := people.findPerson(o.Candidate)
			proposals = append(proposals, Proposal{
				Rule: r.Key, Candidate: o.Candidate, Score: o.Score, tie: rule.Tie(m.seed, r.ID, who.id),
			})
		}
		return nil
	})
	if err != nil {
		return Confirmed{}, err
	}
	return m.confirmAll(ctx, actor, proposals)
}

// confirmAll turns proposals into sent offers, a transaction for each hundred.
func (m *Market) confirmAll(ctx context.Context, actor Actor, proposals []Proposal) (Confirmed, error) {
	var all Confirmed
	sortProposals(proposals)
	for len(proposals) > 0 {
		part := proposals[:min(stepPairs, len(proposals))]
		proposals = proposals[len(part):]
		var done Confirmed
		err := m.write(ctx, func(tx Tx) error {
			var err error
			if done, err = m.confirmPart(tx, part); err != nil || done == (Confirmed{}) {
				return err
			}
			return m.audit(tx, actor, AuditBatch, SubjectRule, part[0].Rule, counted(done.Sent+done.Reserved))
		})
		if err != nil {
			return all, err
		}
		all.Sent, all.Reserved = all.Sent+done.Sent, all.Reserved+done.Reserved
	}
	return all, nil
}

func (m *Market) confirmPart(tx Tx, part []Proposal) (Confirmed, error) {
	var done Confirmed
	s, err := m.locked(tx, part)
	if err != nil {
		return done, err
	}
	for _, p := range part {
		to, from := s.candidates[p.Candidate], s.offerings[p.Rule]
		if to == nil || from == nil {
			continue
		}
		o, err := tx.OfferOfPair(p.Rule, p.Candidate)
		if err != nil || o.State != offer.Proposed {
			if notFoundIsNil(err) != nil {
				return done, err
			}
			continue
		}
		if to.positions[from.position.Key] || !from.left() || to.taken >= to.candidate.WeeklyLimit ||
			!matches(&to.candidate, to.record, &from.offering, from.terms, s.today) {
			continue
		}
		if err := s.send(&o, to, from); err != nil {
			return done, fmt.Errorf("confirm offer %d: %w", o.Key, err)
		}
		if o.State == offer.Sent {
			done.Sent++
		} else {
			done.Reserved++
		}
	}
	return done, nil
}

// send turns a proposed offer into a sent or reserved one: it takes budget and
// room, and the versions on which the match was verified again.
func (s *stepper) send(o *offer.Offer, to *suitor, from *purse) error {
	o.PositionVersion, o.RuleVersion, o.CandidateSeen = from.position.PublishedVersion, from.rule.Version, to.candidate.Version
	o.Kind, o.Age, o.SentAt, o.SentDay = from.rule.Kind, from.rule.Age, s.at, s.today
	o.ExpiresOn = s.today + day.Day(from.rule.OfferDays)
	o.State, o.DueAt = offer.Sent, time.Time{}
	if !to.candidate.Confirmed {
		o.State, o.DueAt = offer.Reserved, s.at.Add(offer.ReserveWindow)
	}
	o.Version++
	if err := s.tx.SaveOffer(o); err != nil {
		return err
	}
	if err := s.tx.Spend(from.rule.Key, s.today, s.today, 1); err != nil {
		return err
	}
	from.today, from.total, to.taken = from.today+1, from.total+1, to.taken+1
	to.positions[from.position.Key] = true
	return s.tx.Append(&Row{Change: OfferChanged, Entity: o.Key, Version: o.Version, At: s.at})
}
