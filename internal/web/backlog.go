package web

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"enishi/internal/day"
	"enishi/internal/market"
)

// backlogsShown is how many rules at which people wait a company's first page names.
const backlogsShown = 6

// backlogOf gives who waits at one of the actor's company's rules, nobody where nobody
// is asked to confirm.
func (p *Pages) backlogOf(ctx context.Context, actor market.Actor, rule uuid.UUID) (market.Backlog, error) {
	list, err := p.market.Backlogs(ctx, actor)
	if i := slices.IndexFunc(list, func(b market.RuleBacklog) bool { return b.Rule == rule }); i >= 0 {
		return list[i].Backlog, err
	}
	return market.Backlog{}, err
}

// waitAll says how many wait at all of some rules: of several, offers, since one person
// may wait at more than one.
func waitAll(w words, list []market.RuleBacklog) string {
	n := 0
	for _, b := range list {
		n += b.People
	}
	if len(list) == 1 {
		return waitText(w, n)
	}
	return w.Say(grouped(n)+"件のオファーが確認を待っています", grouped(n)+" offers wait to be confirmed")
}

// waitText says how many wait to be confirmed.
func waitText(w words, n int) string {
	if n == 1 {
		return w.Say("1人が確認を待っています", "1 person waits to be confirmed")
	}
	return w.Say(grouped(n)+"人が確認を待っています", grouped(n)+" people wait to be confirmed")
}

// waitUntil says how many wait to be confirmed, and on which day the first of them lapses.
func waitUntil(w words, b market.Backlog) string {
	t := b.Until.In(day.Tokyo)
	return waitText(w, b.People) + w.Say(fmt.Sprintf("（%d月%d日まで）", t.Month(), t.Day()), " (until "+t.Format("2 Jan")+")")
}

// firstLapse says when whoever has waited longest is given up.
func firstLapse(w words, b market.Backlog) string {
	until := w.Time(b.Until)
	if b.People == 1 {
		return w.Say(until+"に取り下げられます", "Lapses "+until)
	}
	return w.Say("早い人は"+until+"に取り下げられます", "The first lapses "+until)
}

// pressing says whether somebody lapses within a day.
func pressing(b market.Backlog, now time.Time) bool { return b.Until.Sub(now) < 24*time.Hour }

// seeWaiting names the button that leads to a rule's batch.
func seeWaiting(w words, n int) string {
	if n == 0 {
		return w.Say("確認待ちを見る", "See who waits to be confirmed")
	}
	return w.Say("確認待ちを見る（"+grouped(n)+"人）", "See who waits to be confirmed ("+grouped(n)+")")
}
