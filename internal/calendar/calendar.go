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
// called off, in the language of its reader: "en", and "ja" for any other. Its organizer is the company, at an address of the host (a port is left
// out) that nobody reads: answers belong on the offer's page. An offer whose date is not known here is NotFound.
func File(d *market.Delivered, to offer.Side, language, host string) ([]byte, error) {
	date := d.Dealing.Date
	if date == nil {
		return nil, errs.New(errs.NotFound, "no date of this offer was chosen")
	}
	c := ics.NewCalendarFor("Enishi")
	c.SetProductId("-//Enishi//Enishi//JA")
	name := title
	if language == "en" {
		c.SetProductId("-//Enishi//Enishi//EN")
		name = titleEnglish
	}
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
	e.SetSummary(name(d, to))
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
	if with := other(d, to, "候補者"); with != "" {
		what += "：" + with
	}
	return what + "（" + d.Terms.Title + "）"
}

// titleEnglish says it in English.
func titleEnglish(d *market.Delivered, to offer.Side) string {
	what := "Interview"
	if d.Kind == offer.Casual {
		what = "Casual talk"
	}
	if with := other(d, to, "Candidate"); with != "" {
		what += ": " + with
	}
	return what + " (" + d.Terms.Title + ")"
}

// other names the other side; somebody without a name as a candidate and some of their
// card, "" if there is none.
func other(d *market.Delivered, to offer.Side, candidate string) string {
	switch {
	case to != offer.Company:
		return d.CompanyName
	case d.Name == "" && len(d.Card) >= shownOfCard:
		return candidate + " " + d.Card[:shownOfCard]
	}
	return d.Name
}
