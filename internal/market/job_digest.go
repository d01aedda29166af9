package market

import (
	"encoding/json"
	"fmt"
	"strings"

	"enishi/internal/account"
	"enishi/internal/candidate"
	"enishi/internal/day"
	"enishi/internal/offer"
)

// digestMark is how far the job has come. A day's run first notes, in the part
// of the log that was there when it began, the offers that are news, then tells
// each candidate of theirs. So nobody is told twice on a day, and of nothing
// twice at all.
type digestMark struct {
	Pos   int64   `json:"pos"`   // of the log, up to which news are noted
	Until int64   `json:"until"` // up to which this day's run notes them
	Day   day.Day `json:"day"`   // of the last run
	Since day.Day `json:"since"` // what was sent before is no news
	Noted bool    `json:"noted"` // the news of Day are noted
	Told  bool    `json:"told"`  // and told
}

const (
	// firstDigestDays bounds what the first run ever takes for news,
	// digestDays every other: a job that stood still must not flood people.
	firstDigestDays = 1
	digestDays      = 7
	// toldOffers is how many offers a digest names; the rest it counts.
	toldOffers = 5
	// toldPage is how many candidates one transaction writes to.
	toldPage = 50
)

func (m *Market) digestPage(tx Tx, p *page) (more bool, err error) {
	var at digestMark
	first := p.checkpoint == ""
	if !first {
		if err := json.Unmarshal([]byte(p.checkpoint), &at); err != nil {
			return false, fmt.Errorf("checkpoint %q: %w", p.checkpoint, err)
		}
	}
	if today := day.Of(p.now); today > at.Day {
		at = digestMark{Pos: at.Pos, Day: today, Since: today - digestDays}
		if first {
			at.Since = today - firstDigestDays
		}
		if at.Until, err = tx.Head(); err != nil {
			return false, err
		}
	}
	switch {
	case at.Told:
		return false, nil
	case !at.Noted:
		err = noteNews(tx, &at)
	default:
		err = m.tellNews(tx, p, &at)
	}
	if err != nil {
		return false, err
	}
	text, err := json.Marshal(at)
	p.checkpoint = string(text)
	return !at.Told, err
}

// noteNews notes what is news in a page of the log, and forgets what is not
// unopened any more.
func noteNews(tx Tx, at *digestMark) error {
	rows, err := tx.Rows(at.Pos, jobRows)
	if err != nil {
		return err
	}
	seen := map[int64]bool{}
	for _, row := range rows {
		if row.Pos > at.Until {
			at.Noted = true
			break
		}
		at.Pos = row.Pos
		if row.Change != OfferChanged || seen[row.Entity] {
			continue
		}
		seen[row.Entity] = true
		o, err := tx.Offer(row.Entity)
		if notFoundIsNil(err) != nil {
			return fmt.Errorf("offer %d: %w", row.Entity, err)
		}
		switch {
		case o.State != offer.Sent:
			_, err = tx.DropNews(row.Entity)
		case o.SentDay >= at.Since:
			_, err = tx.AddNews(o.Key, o.Candidate)
		}
		if err != nil {
			return err
		}
	}
	at.Noted = at.Noted || len(rows) < jobRows
	return nil
}

// tellNews writes to a page of candidates who have news.
func (m *Market) tellNews(tx Tx, p *page, at *digestMark) error {
	list, err := tx.NewsFor(toldPage)
	if err != nil {
		return err
	}
	for _, key := range list {
		told, err := m.tell(tx, key, at.Day)
		if err != nil {
			return fmt.Errorf("digest of candidate %d: %w", key, err)
		}
		if told {
			p.changed++
		}
		if err := tx.ToldNews(key); err != nil {
			return err
		}
	}
	at.Told = len(list) < toldPage
	return nil
}

// tell writes a candidate the mail of their news, if there still are any.
func (m *Market) tell(tx Tx, key int64, today day.Day) (bool, error) {
	c, err := tx.Candidate(key)
	if err != nil {
		return false, notFoundIsNil(err)
	}
	a, err := tx.Account(c.Account)
	if err != nil || !takesDigests(&c, &a) {
		return false, err
	}
	offers, err := tx.News(key)
	if err != nil {
		return false, err
	}
	var open []offer.Offer
	for _, o := range offers {
		o, err := tx.Offer(o)
		if err != nil {
			return false, err
		}
		if byClock(&o, today) == offer.Sent {
			open = append(open, o)
		}
	}
	if len(open) == 0 {
		return false, nil
	}
	var lines []digestLine
	for i := range open[:min(len(open), toldOffers)] {
		line, err := lineOf(tx, &open[i])
		if err != nil {
			return false, err
		}
		lines = append(lines, line)
	}
	subject, body := digestMail(c.Language, len(open), lines)
	return true, m.addMail(tx, &a, subject, body)
}

// takesDigests says whether a candidate wants digests and can be written to.
// Here a wish not to get them will be looked at. A rehearsal is told nothing.
func takesDigests(c *candidate.Candidate, a *account.Account) bool {
	return a.Confirmed && c.Trial == 0
}

// digestLine is an offer as a digest names it.
type digestLine struct {
	company, title string
	kind           string
	until          day.Day
}

func lineOf(tx Tx, o *offer.Offer) (digestLine, error) {
	k, err := tx.Company(o.Company)
	if err != nil {
		return digestLine{}, fmt.Errorf("company of offer %d: %w", o.Key, err)
	}
	t, err := tx.Terms(o.Position, o.PositionVersion)
	if err != nil {
		return digestLine{}, fmt.Errorf("terms of offer %d: %w", o.Key, err)
	}
	return digestLine{oneLine(k.Name), oneLine(t.Title), o.Kind, o.ExpiresOn}, nil
}

// oneLine keeps what others wrote from looking like lines of ours.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// digestMail says the news in a candidate's language.
func digestMail(language string, n int, lines []digestLine) (subject, body string) {
	if language == "en" {
		return digestEN(n, lines)
	}
	var b strings.Builder
	b.WriteString("縁（Enishi）をご利用いただき、ありがとうございます。\n\n")
	fmt.Fprintf(&b, "まだご覧になっていない新着オファーが%d件あります。\n\n", n)
	for _, l := range lines {
		kind := "書類選考免除・面接確約"
		if l.kind == "casual" {
			kind = "カジュアル面談"
		}
		d := l.until.At(0)
		fmt.Fprintf(&b, "・%s「%s」\n  %s／回答期限 %d年%d月%d日\n", l.company, l.title, kind, d.Year(), d.Month(), d.Day())
	}
	if rest := n - len(lines); rest > 0 {
		fmt.Fprintf(&b, "ほか%d件\n", rest)
	}
	b.WriteString("\n詳しい条件は、ログインしてご確認ください。回答期限を過ぎたオファーは承諾できなくなります。\n")
	return fmt.Sprintf("【縁 Enishi】新着オファーが%d件あります", n), b.String()
}

func digestEN(n int, lines []digestLine) (subject, body string) {
	noun := "new offers"
	if n == 1 {
		noun = "new offer"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "You have %d %s on Enishi that you have not opened yet.\n\n", n, noun)
	for _, l := range lines {
		kind := "interview, document screening passed"
		if l.kind == "casual" {
			kind = "casual talk"
		}
		fmt.Fprintf(&b, "- %s, %s\n  %s; answer by %s\n", l.company, l.title, kind, l.until.At(0).Format("2 January 2006"))
	}
	if rest := n - len(lines); rest > 0 {
		fmt.Fprintf(&b, "and %d more\n", rest)
	}
	b.WriteString("\nSign in to see the terms. An offer cannot be accepted after its last day.\n")
	return fmt.Sprintf("[Enishi] %d %s", n, noun), b.String()
}
