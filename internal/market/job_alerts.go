package market

import (
	"encoding/json"
	"fmt"
	"strings"

	"enishi/internal/day"
)

// alertMark is how far the job of alerts has come: on a day it goes through the
// members once.
type alertMark struct {
	Day   day.Day `json:"day"`
	After int64   `json:"after"` // the last account
	Done  bool    `json:"done"`
}

// mostTold is how many alerts of a search a mail counts; beyond it says so.
const mostTold = 100

// alertPage writes to a page of members whose saved searches have news.
func (m *Market) alertPage(tx Tx, p *page) (more bool, err error) {
	var at alertMark
	if p.checkpoint != "" {
		if err := json.Unmarshal([]byte(p.checkpoint), &at); err != nil {
			return false, fmt.Errorf("checkpoint %q: %w", p.checkpoint, err)
		}
	}
	if today := day.Of(p.now); today > at.Day {
		at = alertMark{Day: today}
	}
	if at.Done {
		return false, nil
	}
	list, err := tx.Untold(at.After, toldPage)
	if err != nil {
		return false, err
	}
	for _, key := range list {
		told, err := m.tellAlerts(tx, key)
		if err != nil {
			return false, fmt.Errorf("alerts of account %d: %w", key, err)
		}
		if told {
			p.changed++
		}
		at.After = key
	}
	at.Done = len(list) < toldPage
	text, err := json.Marshal(at)
	p.checkpoint = string(text)
	return !at.Done, err
}

// alertLine is a search as a mail names it.
type alertLine struct {
	name string
	n    int
}

// tellAlerts writes a member the mail of what is new to their searches, if it
// still stands.
func (m *Market) tellAlerts(tx Tx, key int64) (bool, error) {
	a, err := tx.Account(key)
	if err != nil {
		return false, err
	}
	today, err := logDay(tx)
	if err != nil {
		return false, err
	}
	searches, err := tx.SearchesOf(key, 0, mostSearches)
	if err != nil {
		return false, err
	}
	var lines []alertLine
	for i := range searches {
		s := &searches[i]
		if !s.Alerts {
			continue
		}
		list, err := tx.Alerts(s.Key, 0, mostTold)
		if err != nil || len(list) == 0 || list[0].Key <= s.Told {
			if err != nil {
				return false, err
			}
			continue
		}
		n := 0
		for j := range list {
			if list[j].Key <= s.Told {
				break
			}
			c, err := alerted(tx, s, &list[j], today)
			if err != nil {
				return false, err
			}
			if c != nil {
				n++
			}
		}
		if n > 0 {
			lines = append(lines, alertLine{oneLine(s.Name), n})
		}
		if err := tx.MarkSearch(s.Key, 0, list[0].Key); err != nil {
			return false, err
		}
	}
	if len(lines) == 0 || !a.Confirmed {
		return false, nil
	}
	subject, body := alertMail(a.Language, lines)
	return true, m.addMailOf(tx, &a, subject, body, "/company/searches")
}

// alertMail says the news in a member's language.
func alertMail(language string, lines []alertLine) (subject, body string) {
	var b strings.Builder
	if language == "en" {
		b.WriteString("Somebody new matches your saved searches on Enishi.\n\n")
		for _, l := range lines {
			fmt.Fprintf(&b, "- %s: %s\n", l.name, newOnes(l.n, "%d new", "%d new or more"))
		}
		b.WriteString("\nSign in to see them.\n")
		return "[Enishi] New matches of your saved searches", b.String()
	}
	b.WriteString("縁（Enishi）をご利用いただき、ありがとうございます。\n\n保存した検索条件に合う方が、新たに見つかりました。\n\n")
	for _, l := range lines {
		fmt.Fprintf(&b, "・%s：%s\n", l.name, newOnes(l.n, "%d人", "%d人以上"))
	}
	b.WriteString("\n詳しくは、ログインしてご確認ください。\n")
	return "【縁 Enishi】保存した検索条件に合う方が見つかりました", b.String()
}

func newOnes(n int, exact, atLeast string) string {
	if n >= mostTold {
		return fmt.Sprintf(atLeast, n)
	}
	return fmt.Sprintf(exact, n)
}
