package market

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/google/uuid"

	"enishi/internal/account"
	"enishi/internal/candidate"
	"enishi/internal/company"
	"enishi/internal/condition"
	"enishi/internal/day"
	"enishi/internal/engine"
	"enishi/internal/errs"
	"enishi/internal/offer"
	"enishi/internal/rule"
)

// Sort is the order of a search's hits.
type Sort string

// The orders: the most recently active first, the highest pay first, the best
// score first (without a rule's preferences, a score follows activity).
const (
	ByActive Sort = "active"
	ByPay    Sort = "pay"
	ByScore  Sort = "score"
)

// SearchInput is a company's question.
type SearchInput struct {
	Condition condition.Condition // may ask for text
	Facets    []string
	Choices   []Choices
	Sort      Sort // empty: ByActive
	// Prefer ranks and does not exclude: whoever holds the most weight comes
	// first, then the order of Sort decides. It is for ByScore alone.
	Prefer []rule.Preference
	Limit  int
	Cursor string
	// Near is how many of those who miss one clause alone are given besides,
	// once the hits have come to their end; at most MostHits.
	Near int
}

// SearchResult is its answer.
type SearchResult struct {
	Count  int
	Facets map[string][]ValueCount
	// Choices answers the questions about choices, in their order.
	Choices []ChoiceCounts
	Impact  []Impact
	// Clauses is how many clauses the condition has; every item meets them all.
	Clauses int
	Items   []Card
	Next    string // cursor; empty: no more
	Near    []NearCard
}

// NearCard is a candidate who misses one clause alone.
type NearCard struct {
	Card
	Missed string // JSON pointer into the condition
}

// ValueCount is a facet's value and the exact number of people who hold it.
type ValueCount struct {
	Code  string
	Count int
}

// Impact is how many more a search finds without a clause.
type Impact struct {
	Clause string // JSON pointer into the condition
	Gain   int
}

// Card is a candidate as a company sees them: without anything that tells who
// they are, unless they have accepted an offer of the company.
type Card struct {
	ID             string
	Profile        candidate.Profile
	LastActiveDays int
	Highlights     []Highlight // of a search by text
}

// MostHits is the most hits that one page of a search gives.
const MostHits = 100

// Search answers a company's question about the candidates who are open and
// have not blocked it. A company that is not verified is Denied.
func (m *Market) Search(ctx context.Context, actor Actor, in SearchInput) (SearchResult, error) {
	var out SearchResult
	if err := actor.Role.May(account.SearchPeople); err != nil {
		return out, err
	}
	m.catchUpWithOthers(ctx)
	today := m.Today()
	cards, err := m.vault.Cards(actor.CompanyID)
	if err != nil {
		return out, err
	}
	err = m.read(ctx, func(tx Tx) error {
		k, err := verified(tx, actor)
		if err != nil {
			return err
		}
		group, err := groupOf(tx, k)
		if err != nil {
			return err
		}
		shown := m.peopleOf(k.Trial).seen.Load()
		query, err := m.query(in, shown.texts, today)
		if err != nil {
			return err
		}
		choices, err := m.people.profiles.choosing(in.Condition, query.Cond, in.Choices)
		if err != nil {
			return err
		}
		query.Within = m.people.profiles.unblocked(k.Number, group)
		if query.After, err = openCursor(cards, in.Cursor, len(query.Order)); err != nil {
			return err
		}
		_, done := m.begin(ctx, Work{Kind: SearchWork})
		found, err := shown.candidates.Search(query)
		var near []nearHit
		if err == nil && in.Near > 0 && len(found.Top) < in.Limit {
			near, err = nearest(shown.candidates, query, found.Impact, in.Near)
		}
		counts := make([]ChoiceCounts, len(choices))
		for i := range choices {
			if err == nil {
				counts[i], err = choices[i].among(shown.candidates, query.Within)
			}
		}
		done(Outcome{Err: err})
		if err != nil {
			return err
		}
		out, err = m.searched(tx, cards, in, found, near, today)
		out.Choices = counts
		return err
	})
	if err != nil {
		return SearchResult{}, err
	}
	return out, nil
}

// verified gives the actor's company; Denied unless an operator has verified
// it, since whoever registers a number could look at people otherwise.
func verified(tx Tx, actor Actor) (company.Company, error) {
	k, err := tx.Company(actor.Company)
	if err == nil && k.Status != company.Verified {
		err = errs.New(errs.Denied, "only a verified company may look at candidates")
	}
	return k, err
}

// query lowers a company's question.
func (m *Market) query(in SearchInput, words *textView, today day.Day) (engine.Query, error) {
	q := engine.Query{Limit: in.Limit, Impact: true}
	for _, n := range []struct {
		at    string
		value int
	}{{"/limit", in.Limit}, {"/near", in.Near}} {
		if n.value < 0 || n.value > MostHits {
			return q, errs.AtPointer(n.at, strconv.Itoa(n.value), fmt.Sprintf("0 to %d", MostHits))
		}
	}
	if err := in.Condition.Validate(condition.Profiles, true); err != nil {
		return q, errs.Below("/condition", err)
	}
	asked := words.asked()
	var err error
	if q.Cond, err = m.people.profiles.withText(in.Condition, &today, false, asked); err != nil {
		return q, err
	}
	for i, name := range in.Facets {
		if slices.Contains(in.Facets[:i], name) {
			return q, errs.AtPointer("/facets/"+strconv.Itoa(i), strconv.Quote(name)+" again", "each field once")
		}
		f, ok := m.people.profiles.fields[name]
		if !ok || m.people.profiles.schema.Fields[f.field].Parents == nil {
			return q, errs.AtPointer("/facets/"+strconv.Itoa(i), strconv.Quote(name), "a field over profiles that holds codes, an ordinal or a flag")
		}
		q.Facets = append(q.Facets, f.field)
	}
	q.Order, err = m.order(in, asked, today)
	return q, err
}

// asked lowers leaves on text, each text once, to those whose text holds it.
func (v *textView) asked() func(folded string, negated bool) engine.Cond {
	found := map[string][]int64{}
	return func(folded string, _ bool) engine.Cond {
		ids, ok := found[folded]
		if !ok {
			ids = v.find(folded)
			found[folded] = ids
		}
		return engine.Cond{Op: engine.Among, IDs: ids}
	}
}

// order lowers the order of a search.
func (m *Market) order(in SearchInput, asked func(string, bool) engine.Cond, today day.Day) ([]engine.Key, error) {
	active := engine.Key{Field: m.people.profiles.fields["last_active_days"].field, Descending: true}
	pay := engine.Key{Field: m.people.profiles.fields["pay"].field, Descending: true}
	if len(in.Prefer) > 0 && in.Sort != ByScore {
		return nil, errs.AtPointer("/prefer", "preferences", `sort "score" with them`)
	}
	switch in.Sort {
	case "", ByActive:
		return []engine.Key{active, pay}, nil
	case ByPay:
		return []engine.Key{pay, active}, nil
	case ByScore:
	default:
		return nil, errs.AtPointer("/sort", strconv.Quote(string(in.Sort)), `"active", "pay" or "score"`)
	}
	if err := rule.ValidatePrefer(in.Prefer); err != nil {
		return nil, err
	}
	if len(in.Prefer) == 0 {
		return []engine.Key{active, pay}, nil
	}
	weights := engine.Key{Weights: make([]engine.Weighted, len(in.Prefer))}
	for i, p := range in.Prefer {
		c, err := m.people.profiles.withText(p.Condition, &today, false, asked)
		if err != nil {
			return nil, err
		}
		weights.Weights[i] = engine.Weighted{Cond: c, Weight: int32(p.Weight)}
	}
	return []engine.Key{weights, active, pay}, nil
}

func (m *Market) searched(
	tx Tx, cards account.Cards, in SearchInput, found engine.Result, near []nearHit, today day.Day,
) (SearchResult, error) {
	out := SearchResult{Count: found.Count, Facets: map[string][]ValueCount{}, Clauses: len(found.Impact)}
	for i, facet := range found.Facets {
		out.Facets[in.Facets[i]] = m.people.profiles.fields[in.Facets[i]].named(facet.Values)
	}
	for _, i := range found.Impact {
		out.Impact = append(out.Impact, Impact{Clause: clauseAt(in.Condition, i.Clause), Gain: i.Gain})
	}
	words := wordsOf(in.Condition)
	for _, hit := range found.Top {
		listed, err := listedCard(tx, cards, hit.ID, words, today)
		if errs.Is(err, errs.NotFound) {
			continue // erased a moment ago
		}
		if err != nil {
			return out, err
		}
		out.Items = append(out.Items, listed)
	}
	for _, hit := range near {
		listed, err := listedCard(tx, cards, hit.ID, words, today)
		if errs.Is(err, errs.NotFound) {
			continue
		}
		if err != nil {
			return out, err
		}
		out.Near = append(out.Near, NearCard{listed, clauseAt(in.Condition, hit.clause)})
	}
	if n := len(found.Top); n > 0 && n == in.Limit {
		out.Next = sealCursor(cards, found.Top[n-1])
	}
	return out, nil
}

// clauseAt gives the pointer of a clause.
func clauseAt(c condition.Condition, clause int) string {
	if c.Op == condition.All {
		return "/all/" + strconv.Itoa(clause)
	}
	return ""
}

// listedCard gives the card of a hit as lists show it: without a history, which
// is of an opened card, since who opens it is noted.
func listedCard(tx Tx, cards account.Cards, key int64, words []string, today day.Day) (Card, error) {
	c, err := tx.Candidate(key)
	if err == nil {
		err = recallMask(tx, &c)
	}
	if err != nil {
		return Card{}, fmt.Errorf("candidate %d: %w", key, err)
	}
	return listed(cards, &c, words, today), nil
}

// listed gives the card of a candidate, who has a mask, as lists show it.
func listed(cards account.Cards, c *candidate.Candidate, words []string, today day.Day) Card {
	out := card(cards, c, today)
	out.Profile.History, out.Profile.Text = nil, ""
	if len(words) > 0 {
		out.Highlights = highlights(c.Masked(), words)
	}
	return out
}

// card strips a candidate of whatever tells who they are; their own words are
// masked. The candidate must have a mask.
func card(cards account.Cards, c *candidate.Candidate, today day.Day) Card {
	p := c.Profile
	p.Name, p.Text, p.BirthMonth = "", "", nil
	p.History = make([]candidate.Job, len(c.Profile.History))
	for i, j := range c.Profile.History {
		p.History[i] = candidate.Job{From: j.From, To: j.To, Occupation: j.Occupation, Industry: j.Industry}
	}
	p.SetParts(c.Masked())
	return Card{ID: cards.Of(c.ID), Profile: p, LastActiveDays: max(0, int(today-c.LastActive))}
}

// known is the card of somebody who has accepted an offer of the company: all
// but the month of birth, which is given for age exceptions alone.
func known(cards account.Cards, c *candidate.Candidate, today day.Day) Card {
	out := card(cards, c, today)
	out.Profile = c.Profile
	out.Profile.BirthMonth = nil
	return out
}

// accepted says whether an offer of a company to a candidate is accepted and
// has not come to nothing.
func accepted(tx Tx, company, candidate int64) (bool, error) {
	list, err := tx.Between(company, candidate)
	return slices.ContainsFunc(list, func(o offer.Offer) bool { return knownByName(o.State) }), err
}

// OpenCard gives one candidate's card to the actor's company and notes the
// view. Somebody who has accepted an offer of the company is shown by name,
// also while closed. Otherwise whoever is closed is NotFound, as is whoever is
// erased or has blocked the company; a company that is not verified is Denied.
func (m *Market) OpenCard(ctx context.Context, actor Actor, id string) (Card, error) {
	var out Card
	if err := actor.Role.May(account.OpenCard); err != nil {
		return out, err
	}
	cards, err := m.vault.Cards(actor.CompanyID)
	if err != nil {
		return out, err
	}
	who, err := cards.Candidate(id)
	if err != nil {
		return out, err
	}
	unknown := errs.New(errs.NotFound, "no such candidate")
	err = m.transact(ctx, func(tx Tx) error {
		// First who asks, then whom: a refusal must not tell who exists.
		k, err := verified(tx, actor)
		if err != nil {
			return err
		}
		c, err := tx.CandidateByID(who)
		if err == nil { // an erasure takes the views along
			c, err = tx.LockCandidate(c.Key)
		}
		if errs.Is(err, errs.NotFound) {
			return unknown
		}
		if err != nil {
			return err
		}
		group, err := groupOf(tx, k)
		if err != nil {
			return err
		}
		met, err := accepted(tx, k.Key, c.Key)
		if err != nil {
			return err
		}
		switch {
		case c.Trial != k.Trial || c.Blocked(k.Number, group) || !c.Open && !met:
			return unknown
		case met:
			out = known(cards, &c, m.Today())
		default:
			if err := recallMask(tx, &c); err != nil {
				return err
			}
			out = card(cards, &c, m.Today())
		}
		return tx.AddView(View{Candidate: c.Key, Company: k.Key, At: m.Now()})
	})
	return out, err
}

// cursor is where a page of hits ended. Place is the last hit's key, as a card
// of the company: it opens whatever has become of that candidate, so that
// going on tells nothing of them.
type cursor struct {
	Place string  `json:"c"`
	Keys  []int32 `json:"k"`
}

func sealCursor(cards account.Cards, last engine.Hit) string {
	var place uuid.UUID
	binary.BigEndian.PutUint64(place[8:], uint64(last.ID))
	b, err := json.Marshal(cursor{cards.Of(place), last.Keys})
	if err != nil {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

func openCursor(cards account.Cards, s string, keys int) (*engine.Hit, error) {
	if s == "" {
		return nil, nil
	}
	refused := errs.AtPointer("/cursor", strconv.Quote(s), "next_cursor of an earlier answer to the same search")
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return nil, refused
	}
	var c cursor
	if err := json.Unmarshal(b, &c); err != nil || len(c.Keys) != keys {
		return nil, refused
	}
	place, err := cards.Candidate(c.Place)
	if err != nil || binary.BigEndian.Uint64(place[:8]) != 0 {
		return nil, refused
	}
	return &engine.Hit{ID: int64(binary.BigEndian.Uint64(place[8:])), Keys: c.Keys}, nil
}
