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
	// Name is the candidate's while the company knows them by name; "" if they are
	// erased, have blocked it since, or gave none.
	Name string
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
		counts, err := tx.Columns(page)
		if err != nil {
			return err
		}
		var all []offer.Offer
		var ends []int // of each column, in all
		for _, c := range Columns() {
			if q.Column != "" && q.Column != c {
				continue
			}
			page.Column = c
			column, list, err := m.column(tx, page)
			if err != nil {
				return err
			}
			column.All = counts[c]
			out.Columns, all = append(out.Columns, column), append(all, list...)
			ends = append(ends, len(all))
		}
		cards, err := m.boardCards(tx, actor, all)
		if err != nil {
			return err
		}
		begin := 0
		for i, end := range ends {
			out.Columns[i].Cards, begin = cards[begin:end], end
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

// column gives a page of a column, and the offers that its cards are still to be made of.
func (m *Market) column(tx Tx, page BoardPage) (BoardColumn, []offer.Offer, error) {
	out := BoardColumn{Column: page.Column}
	list, err := tx.InColumn(page)
	if err != nil {
		return out, nil, err
	}
	if more := len(list) == page.Limit; more {
		list = list[:page.Limit-1]
		out.Next, err = m.SealCursor(boardList, list[len(list)-1].Key)
	}
	return out, list, err
}

// boardCards gives the cards of offers, in their order.
func (m *Market) boardCards(tx Tx, actor Actor, list []offer.Offer) ([]BoardCard, error) {
	delivered, people, err := m.allSeenByCompany(tx, actor, list)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	out := make([]BoardCard, len(list))
	for i, d := range delivered {
		out[i].Delivered = d
		c, found := people[d.Candidate]
		if found && knownByName(d.State) && actor.Role.May(account.OpenCard) == nil {
			out[i].Name = c.Profile.Name
		}
	}
	return out, nil
}

// knownByName says whether a company knows the name of the candidate of an offer in a
// state: while what they accepted goes on, or led to a hire.
func knownByName(s offer.State) bool {
	return slices.Contains([]offer.State{offer.Accepted, offer.Scheduled, offer.Held, offer.Hired}, s)
}
