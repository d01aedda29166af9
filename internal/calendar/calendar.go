// Package calendar writes the date of an offer as a file that calendars read
// (RFC 5545). Times are in UTC, so no rule of a time zone can be missed; a date
// keeps its name, and its number rises with each change.
package calendar

import (
	"net/url"
	"time"

	ics "github.com/arran4/golang-ical"

	"enishi/internal/errs"
	"enishi/internal/market"
	"enishi/internal/offer"
)

// MediaType is that of the files.
const MediaType = "text/calendar; charset=utf-8"

// shownOfCard is how much of a card's id names somebody without a name, as on pages.
const shownOfCard = 6

// File gives the date of an offer for one of its sides, as a cancellation if it was
// called off. Its organizer is the company, at an address of the host (a port is left
// out) that nobody reads: answers belong on the offer's page. An offer whose date is not known here is NotFound.
func File(d *market.Delivered, to offer.Side, host string) ([]byte, error) {
	date := d.Dealing.Date
	if date == nil {
		return nil, errs.New(errs.NotFound, "no date of this offer was chosen")
	}
	c := ics.NewCalendarFor("Enishi")
	c.SetProductId("-//Enishi//Enishi//JA")
	e := c.AddEvent(d.ID.String() + "." + string(to) + "@enishi")
	c.SetMethod(ics.MethodPublish)
	e.SetStatus(ics.ObjectStatusConfirmed)
	if d.Dealing.CalledOff {
		c.SetMethod(ics.MethodCancel)
		e.SetStatus(ics.ObjectStatusCancelled)
	}
	e.SetSequence(d.Dealing.Sequence)
	e.SetDtStampTime(d.Dealing.ChangedAt.Truncate(time.Second))
	e.SetStartAt(date.Start)
	e.SetEndAt(date.End())
	e.SetOrganizer("mailto:no-reply@"+(&url.URL{Host: host}).Hostname(), ics.WithCN(d.CompanyName))
	e.SetSummary(title(d, to))
	e.SetLocation(date.Place)
	if date.Online {
		e.SetURL(date.Place)
	}
	return []byte(c.Serialize(ics.WithNewLineWindows)), nil
}

// title says what the date is, with the other side's name.
func title(d *market.Delivered, to offer.Side) string {
	what := "面接"
	if d.Kind == offer.Casual {
		what = "カジュアル面談"
	}
	with := d.CompanyName
	if to == offer.Company {
		with = d.Name
	}
	if with == "" && to == offer.Company && len(d.Card) >= shownOfCard {
		with = "候補者 " + d.Card[:shownOfCard]
	}
	if with == "" {
		return what + "（" + d.Terms.Title + "）"
	}
	return what + "：" + with + "（" + d.Terms.Title + "）"
}
