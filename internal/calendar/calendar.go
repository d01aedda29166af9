// Package calendar writes the date of an offer as a file that calendars read
// (RFC 5545). Times are in UTC, so no rule of a time zone can be missed; a date
// keeps its name, and its number rises with each change.
package calendar

import (
	"time"

	ics "github.com/arran4/golang-ical"

	"enishi/internal/errs"
	"enishi/internal/market"
	"enishi/internal/offer"
)

// MediaType is that of the files.
const MediaType = "text/calendar; charset=utf-8"

// File gives the date of an offer for one of its sides, as a cancellation if it was
// called off. An offer whose date is not known here is NotFound.
func File(d *market.Delivered, to offer.Side) ([]byte, error) {
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
	if with == "" {
		return what + "（" + d.Terms.Title + "）"
	}
	return what + "：" + with + "（" + d.Terms.Title + "）"
}
