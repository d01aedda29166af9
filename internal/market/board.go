package market

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"enishi/internal/account"
	"enishi/internal/day"
	"enishi/internal/offer"
)

// Column is a column of a company's board: where an offer stands for all that it may
// know.
type Column string

// The columns. Over holds what ended without a hire, also a talk that was held.
const (
	ColumnSent      Column = "sent"
	ColumnAccepted  Column = "accepted"
	ColumnScheduled Column = "scheduled"
	ColumnHeld      Column = "held"
	ColumnHired     Column = "hired"
	ColumnOver      Column = "over"
)

// Columns gives them from left to right.
func Columns() []Column {
	return []Column{ColumnSent, ColumnAccepted, ColumnScheduled, ColumnHeld, ColumnHired, ColumnOver}
}

// ByAcceptance says whether whoever accepted first stands first: of these the company
// owes something. In other columns the newest stands first.
func (c Column) ByAcceptance() bool {
	return c == ColumnAccepted || c == ColumnScheduled || c == ColumnHeld
}

// columnOf gives the column of an offer on a day, "" if its company does not see it.
func columnOf(o *offer.Offer, on day.Day) Column {
	if hiddenFromCompany(o) {
		return ""
	}
	return columnIn(shownState(o, on), o.Kind)
}

// columnIn gives the column of what is shown in a state.
func columnIn(shown offer.State, kind string) Column {
	switch shown {
	case offer.Sent, offer.Seen:
		return ColumnSent
	case offer.Accepted:
		return ColumnAccepted
	case offer.Scheduled:
		return ColumnScheduled
	case offer.Held:
		if kind == "casual" {
			return ColumnOver
		}
		return ColumnHeld
	case offer.Hired:
		return ColumnHired
	}
	return ColumnOver
}

// BoardPage asks for a page of a column.
type BoardPage struct {
	Company        int64
	Rule, Position int64 // 0: of all
	Column         Column
	On             day.Day
	After          int64 // the last offer of the page before, 0: from the top
	Limit          int
}

// BoardQuery says which part of a board is asked for.
type BoardQuery struct {
	Rule, Position uuid.UUID // zero: of all
	Column         Column    // "": of each, the beginning
	After          string    // a Next of an earlier answer, for one column
	Limit          int       // of a column
}

// Board is a company's offers by where they stand.
type Board struct {
	Columns []BoardColumn
}

// BoardColumn is one of its columns, or a page of it.
type BoardColumn struct {
	Column Column
	All    int // how many there are in it
	Cards  []BoardCard
	Next   string // where the next page begins, "": nowhere
}

// BoardCard is an offer on the board.
type BoardCard struct {
	Delivered
	Name string // of the candidate once they have accepted, "" if they gave none
}

// Board gives the actor's company's offers as columns, as the company may know them.
func (m *Market) Board(ctx context.Context, actor Actor, q BoardQuery) (Board, error) {
	var out Board
	if err := actor.Role.May(account.ReadOffers); err != nil {
		return out, err
	}
	page := BoardPage{Company: actor.Company, On: m.running(), Limit: q.Limit + 1}
	if q.After != "" {
		var err error
		if page.After, err = m.OpenCursor(boardList, q.After); err != nil {
			return out, err
		}
	}
	err := m.readRecent(ctx, func(tx Tx) error {
		out = Board{}
		if err := m.narrow(tx, actor, q, &page); err != nil {
			return err
		}
		counts, err := m.counts(tx, page)
		if err != nil {
			return err
		}
		for _, c := range Columns() {
			if q.Column != "" && q.Column != c {
				continue
			}
			page.Column = c
			column, err := m.column(tx, actor, page)
			if err != nil {
				return err
			}
			column.All = counts[c]
			out.Columns = append(out.Columns, column)
		}
		return nil
	})
	return out, err
}

// boardList names the board's places for SealCursor.
const boardList = "board"

// narrow puts the rule and the position that are asked for into a page's question.
func (m *Market) narrow(tx Tx, actor Actor, q BoardQuery, page *BoardPage) error {
	if q.Rule != uuid.Nil {
		r, err := ownRule(tx, actor, q.Rule)
		if err != nil {
			return err
		}
		page.Rule = r.Key
	}
	if q.Position != uuid.Nil {
		p, err := ownPosition(tx, actor, q.Position)
		if err != nil {
			return err
		}
		page.Position = p.Key
	}
	return nil
}

// counts gives how many offers are in each column.
func (m *Market) counts(tx Tx, page BoardPage) (map[Column]int, error) {
	list, err := tx.Progress(page.Company, 0, page.On)
	counts := map[Column]int{}
	for _, p := range list {
		if (page.Rule == 0 || p.Rule == page.Rule) && (page.Position == 0 || p.Position == page.Position) {
			counts[columnIn(p.State, p.Kind)] += p.Offers
		}
	}
	return counts, err
}

func (m *Market) column(tx Tx, actor Actor, page BoardPage) (BoardColumn, error) {
	out := BoardColumn{Column: page.Column}
	list, err := tx.InColumn(page)
	if err != nil {
		return out, err
	}
	if more := len(list) == page.Limit; more {
		list = list[:page.Limit-1]
		if out.Next, err = m.SealCursor(boardList, list[len(list)-1].Key); err != nil {
			return out, err
		}
	}
	for _, o := range list {
		d, err := m.seenByCompany(tx, actor, o)
		if err != nil {
			return out, err
		}
		card := BoardCard{Delivered: d}
		if knownByName(d.State) && actor.Role.May(account.OpenCard) == nil {
			if card.Name, err = nameFor(tx, page.Company, o.Candidate); err != nil {
				return out, err
			}
		}
		out.Cards = append(out.Cards, card)
	}
	return out, nil
}

// knownByName says whether a company knows the name of the candidate of an offer in a
// state: while what they accepted goes on, or led to a hire.
func knownByName(s offer.State) bool {
	return slices.Contains([]offer.State{offer.Accepted, offer.Scheduled, offer.Held, offer.Hired}, s)
}

// nameFor gives the name of a candidate who is known to a company; "" if they are
// erased, have blocked it since, or gave none.
func nameFor(tx Tx, company, candidate int64) (string, error) {
	c, err := tx.Candidate(candidate)
	if err != nil {
		return "", notFoundIsNil(err)
	}
	k, err := tx.Company(company)
	if err != nil {
		return "", err
	}
	group, err := groupOf(tx, k)
	if err != nil || c.Blocked(k.Number, group) {
		return "", err
	}
	return c.Profile.Name, nil
}
