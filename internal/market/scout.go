package market

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"enishi/internal/account"
	"enishi/internal/candidate"
	"enishi/internal/company"
	"enishi/internal/corpnum"
	"enishi/internal/day"
	"enishi/internal/errs"
	"enishi/internal/offer"
	"enishi/internal/position"
	"enishi/internal/thread"
)

// Scouting is a member's wish to offer a position to people whom they chose.
type Scouting struct {
	Cards    []string // of the people, as the company knows them
	Position uuid.UUID
	Kind     string // interview or casual; empty: interview
	Message  string
}

// Scouted is what became of one card. Offer is nil if nothing was sent, Why says
// then why not: NotFound alike for somebody who is not there, is not open, has
// blocked the company, or cannot be reached; Conflict by what the company has sent
// before; TooMany if the month's quota is used up.
type Scouted struct {
	Card  string
	Offer *Delivered
	Why   error
}

// What bounds scouts, beside a company's monthly quota: how many one person gets
// of one company in how many days, how many cards one request names, and how long
// a message is.
const (
	ScoutsToOne      = 3
	scoutDays        = 30
	MostScouted      = 50
	MostMessageRunes = 2000
)

// check is Invalid unless this can be asked for.
func (s *Scouting) check() error {
	var list []errs.Problem
	if n := len(s.Cards); n < 1 || n > MostScouted {
		list = append(list, errs.Problem{Pointer: "/candidates", Found: strconv.Itoa(n), Allowed: "1 to " + strconv.Itoa(MostScouted) + " cards"})
	}
	if s.Kind != "interview" && s.Kind != "casual" {
		list = append(list, errs.Problem{Pointer: "/kind", Found: strconv.Quote(s.Kind), Allowed: `"interview" or "casual"`})
	}
	n := utf8.RuneCountInString(s.Message)
	strange := func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t' }
	switch {
	case n < 1 || n > MostMessageRunes || !utf8.ValidString(s.Message):
		list = append(list, errs.Problem{
			Pointer: "/message", Found: strconv.Itoa(n) + " characters", Allowed: "1 to " + strconv.Itoa(MostMessageRunes) + " characters",
		})
	case thread.Blank(s.Message):
		list = append(list, errs.Problem{Pointer: "/message", Found: "nothing that can be seen", Allowed: "a text"})
	case slices.ContainsFunc([]rune(s.Message), strange):
		list = append(list, errs.Problem{Pointer: "/message", Found: "a control character", Allowed: "text"})
	}
	if len(list) > 0 {
		return errs.AtPointers(list...)
	}
	return nil
}

// Scout offers a position to people whom a member of a verified company chose, as
// far as each can be offered it and the month's quota reaches, in the order of the
// cards; see Scouted. Wishes do not stop a scout. The terms are those that are
// published, and they must say what is paid. Nothing is sent unless everything that
// does not hang on one person is right.
func (m *Market) Scout(ctx context.Context, actor Actor, in Scouting, once Once) ([]Scouted, error) {
	if err := actor.Role.May(account.Scout); err != nil {
		return nil, err
	}
	if in.Kind == "" {
		in.Kind = "interview"
	}
	if err := in.check(); err != nil {
		return nil, err
	}
	var out []Scouted
	err := again(func() error {
		return m.write(ctx, func(tx Tx) error {
			out = nil
			var kept []keptScout
			if found, err := m.recall(tx, once, &kept); err != nil || found {
				if err == nil {
					out, err = m.keptScouts(tx, actor, kept)
				}
				return err
			}
			s, err := m.scouter(tx, actor, &in)
			if err != nil {
				return err
			}
			for _, card := range in.Cards {
				done, err := s.scout(card)
				if err != nil {
					return fmt.Errorf("scout: %w", err)
				}
				out, kept = append(out, done), append(kept, keepScout(done))
			}
			return m.remember(tx, once, kept)
		})
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// keptScout is what a repeat of the request is answered from.
type keptScout struct {
	Card  string    `json:"c"`
	Offer uuid.UUID `json:"o"`
	Kind  errs.Kind `json:"k"`
	Why   string    `json:"w"`
}

func keepScout(s Scouted) keptScout {
	if s.Offer != nil {
		return keptScout{Card: s.Card, Offer: s.Offer.ID}
	}
	return keptScout{Card: s.Card, Kind: errs.KindOf(s.Why), Why: messageOf(s.Why)}
}

// messageOf is what an error tells its user.
func messageOf(err error) string {
	var e *errs.Error
	if errors.As(err, &e) {
		return e.Message
	}
	return ""
}

func (m *Market) keptScouts(tx Tx, actor Actor, kept []keptScout) ([]Scouted, error) {
	var out []Scouted
	for _, k := range kept {
		s := Scouted{Card: k.Card}
		if k.Offer == uuid.Nil {
			s.Why = errs.New(k.Kind, k.Why)
		} else {
			o, err := own(tx, actor, k.Offer)
			if err != nil {
				return nil, err
			}
			d, err := m.seenByCompany(tx, actor, o)
			if err != nil {
				return nil, err
			}
			s.Offer = &d
		}
		out = append(out, s)
	}
	return out, nil
}

// scouter sends scouts in a transaction that holds what decides over them.
type scouter struct {
	market     *Market
	tx         Tx
	actor      Actor
	in         *Scouting
	cards      account.Cards
	candidates map[uuid.UUID]candidate.Candidate
	company    company.Company
	group      []corpnum.Number
	position   position.Position
	today      day.Day
	left       int // of the month's quota
}

// scouter locks the people, the company and the position, in the order that all
// writers keep, and reads what else decides. Who asks is checked before whom they
// ask about.
func (m *Market) scouter(tx Tx, actor Actor, in *Scouting) (*scouter, error) {
	s := &scouter{market: m, tx: tx, actor: actor, in: in, candidates: map[uuid.UUID]candidate.Candidate{}}
	if _, err := verified(tx, actor); err != nil {
		return nil, err
	}
	found, err := ownPosition(tx, actor, in.Position)
	if errs.Is(err, errs.NotFound) {
		return nil, errs.AtPointer("/position", in.Position.String(), "the id of one of your positions")
	}
	if err != nil {
		return nil, err
	}
	if s.cards, err = m.vault.Cards(actor.CompanyID); err != nil {
		return nil, err
	}
	var keys []int64
	for _, card := range in.Cards {
		id, err := s.cards.Candidate(card)
		if err != nil {
			continue // of nobody
		}
		c, err := tx.CandidateByID(id)
		if notFoundIsNil(err) != nil {
			return nil, err
		}
		if err == nil {
			keys = append(keys, c.Key)
		}
	}
	locked, err := lockAll("candidate", keys, tx.LockCandidate)
	if err != nil {
		return nil, err
	}
	for _, c := range locked {
		s.candidates[c.ID] = c
	}
	if s.company, err = tx.LockCompany(actor.Company); err != nil {
		return nil, err
	}
	if s.position, err = tx.LockPosition(found.Key); err != nil {
		return nil, err
	}
	return s, s.read()
}

// read reads what decides beside the rows that are locked.
func (s *scouter) read() (err error) {
	if s.company.Status != company.Verified {
		return errs.New(errs.Denied, "only a verified company may look at candidates")
	}
	if s.position.State != position.Published {
		return errs.New(errs.Conflict, "publish the position first: a scout offers what is published")
	}
	terms := s.position.Terms
	if s.position.PublishedVersion != s.position.Version {
		if terms, err = s.tx.Terms(s.position.Key, s.position.PublishedVersion); err != nil {
			return err
		}
	}
	if terms.PayMin == nil || terms.PayMax == nil {
		return errs.AtPointer("/position", "terms without pay_min or pay_max", "a position whose published terms say what is paid, from and to")
	}
	if s.today, err = logDay(s.tx); err != nil {
		return err
	}
	if s.group, err = groupOf(s.tx, s.company); err != nil {
		return err
	}
	quota, err := scoutQuota(s.tx, s.company.Key)
	if err != nil {
		return err
	}
	used, err := s.tx.Scouted(s.company.Key, s.today.Month())
	s.left = quota - used
	return err
}

// scoutQuota gives how many scouts a company may send in a month.
func scoutQuota(tx Tx, key int64) (int, error) {
	n, err := tx.ScoutQuota(key)
	if errs.Is(err, errs.NotFound) {
		return company.DefaultScoutQuota, nil
	}
	return n, err
}

// scout sends one, if it may be sent.
func (s *scouter) scout(card string) (Scouted, error) {
	out := Scouted{Card: card, Why: errs.New(errs.NotFound, "no such candidate")}
	c, there := s.person(card)
	if !there || c.Trial != s.company.Trial {
		return out, nil
	}
	before, err := s.tx.Between(s.company.Key, c.Key)
	if err != nil {
		return out, err
	}
	if c.Blocked(s.company.Number, s.group) {
		return out, nil // like somebody who has left
	}
	// First what the company knows of itself, whatever has become of the person.
	if why := s.again(before); why != nil {
		out.Why = why
		return out, nil //nolint:nilerr // it is what became of the card
	}
	hidden := slices.ContainsFunc(before, func(o offer.Offer) bool { return o.Position == s.position.Key && o.State.Live() })
	if !c.Open || hidden {
		return out, nil
	}
	if s.left <= 0 {
		out.Why = errs.New(errs.TooMany, "this month's scouts are used up: they come back with the next month")
		return out, nil
	}
	o, err := s.send(&c)
	if err != nil {
		return out, err
	}
	d, err := s.market.seenByCompany(s.tx, s.actor, o)
	out.Offer, out.Why = &d, nil
	return out, err
}

// person gives who is behind a card, if somebody is.
func (s *scouter) person(card string) (candidate.Candidate, bool) {
	id, err := s.cards.Candidate(card)
	if err != nil {
		return candidate.Candidate{}, false
	}
	c, there := s.candidates[id]
	return c, there
}

// again says why the company cannot scout somebody by what it has sent them, as far
// as it sees that; nil: it can.
func (s *scouter) again(before []offer.Offer) error {
	lately := 0
	for i := range before {
		o := &before[i]
		if o.Position == s.position.Key && !hiddenFromCompany(o) && shownState(o, s.market.running()).Live() {
			return errs.New(errs.Conflict, "this person has a live offer of yours for the position")
		}
		if o.Position == s.position.Key && o.State == offer.Hired {
			return errs.New(errs.Conflict, "you have hired this person for the position")
		}
		if o.Sender == offer.Scout && o.SentDay > s.today-scoutDays {
			lately++
		}
	}
	if lately >= ScoutsToOne {
		return errs.New(errs.Conflict, fmt.Sprintf("your company has scouted this person %d times in %d days", ScoutsToOne, scoutDays))
	}
	return nil
}

// send writes the offer. To somebody who has not confirmed their address it is
// reserved as an automatic one is, and looks sent to the company all the same.
func (s *scouter) send(c *candidate.Candidate) (offer.Offer, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return offer.Offer{}, fmt.Errorf("make an id: %w", err)
	}
	at := s.market.moment(s.today)
	o := offer.Offer{
		ID: id, Version: 1, Candidate: c.Key, Company: s.company.Key, Position: s.position.Key,
		PositionVersion: s.position.PublishedVersion, CandidateSeen: c.Version, Kind: s.in.Kind, Sender: offer.Scout,
		State: offer.Sent, Message: s.in.Message, SentAt: at, SentDay: s.today, ExpiresOn: s.today + offer.LifeDays,
	}
	if !c.Confirmed {
		o.State, o.DueAt = offer.Reserved, at.Add(offer.ReserveWindow)
	}
	if err := s.tx.AddOffer(&o); err != nil {
		return o, err
	}
	if err := s.tx.AddScouts(s.company.Key, s.today.Month(), 1); err != nil {
		return o, err
	}
	s.left--
	if err := s.market.audit(s.tx, s.actor, AuditScout, SubjectOffer, o.Key); err != nil {
		return o, err
	}
	return o, s.tx.Append(&Row{Change: OfferChanged, Entity: o.Key, Version: 1, At: at})
}

// ScoutsLeft gives how many scouts the actor's company may send in this month, and
// how many it has sent.
func (m *Market) ScoutsLeft(ctx context.Context, actor Actor) (quota, used int, err error) {
	err = m.read(ctx, func(tx Tx) error {
		today, err := logDay(tx)
		if err != nil {
			return err
		}
		if quota, err = scoutQuota(tx, actor.Company); err != nil {
			return err
		}
		used, err = tx.Scouted(actor.Company, today.Month())
		return err
	})
	return quota, used, err
}
