package web

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"enishi/internal/account"
	"enishi/internal/company"
	"enishi/internal/day"
	"enishi/internal/httpx"
	"enishi/internal/market"
	"enishi/internal/position"
)

func (p *Pages) dashboardRoutes() []Route {
	return []Route{{Pattern: "GET /company", Who: Members, class: httpx.Ordinary, serve: p.dashboard}}
}

// spans are the periods that a dashboard can show, in days.
func spans() []int { return []int{30, 90, 180} }

// home is what a company's first page holds.
type firmHome struct {
	title   string
	company company.Company
	figures market.Dashboard
	owed    []market.BoardCard // accepted, a date is due soon or overdue
	open    int                // rules that send
	posts   bool               // there is a position
	found   int                // new matches of the reader's saved searches
	days    int
	cost    market.Cost // of broken promises

	backlogs []market.RuleBacklog // at which people wait to be confirmed
	confirms bool                 // the reader may confirm them
	now      time.Time

	unconfirmed bool // the reader's address
}

// soon is how many days before its end a time that the company has is pointed out.
const soon = 5

func (p *Pages) dashboard(r *request) error {
	ctx, actor, err := r.needActor()
	if err != nil {
		return err
	}
	h := firmHome{days: spans()[0], unconfirmed: !actor.Confirmed, confirms: actor.Role.Can(account.ActivateRule), now: p.market.Now()}
	for _, n := range spans() {
		if r.URL.Query().Get("days") == strconv.Itoa(n) {
			h.days = n
		}
	}
	if h.company, err = p.market.Employer(ctx, actor); err != nil {
		return err
	}
	if h.figures, err = p.market.Dashboard(ctx, actor, h.days); err != nil {
		return err
	}
	h.owed = slices.Clone(h.figures.Overdue)
	for _, card := range h.figures.Owed {
		due, ok := card.DateBy()
		if !card.Dealing.Gone && (ok && due <= h.figures.Today+soon || card.OverdueSince() != 0) {
			h.owed = append(h.owed, card)
		}
	}
	if h.backlogs, err = p.market.Backlogs(ctx, actor); err != nil {
		return err
	}
	list, err := p.market.Positions(ctx, actor, 0, 1)
	if err != nil {
		return err
	}
	h.posts = len(list) > 0
	if h.found, err = p.newMatches(ctx, actor); err != nil {
		return err
	}
	if h.cost, err = p.market.Cost(ctx, actor); err != nil {
		return err
	}
	for _, f := range h.figures.Rules {
		if f.Rule.Sends(h.figures.Today) && f.Position.State == position.Published {
			h.open++
		}
	}
	h.title = h.says(r.words)
	return p.show(r, http.StatusOK, h.title, dashboardPage(r.words, h))
}

// says what a company has to do next.
func (h firmHome) says(w words) string {
	waiting := h.figures.Board[market.ColumnAccepted]
	overdue, unheld := 0, 0
	for _, card := range h.owed {
		if late(h.figures.Today, &card.Delivered) {
			overdue++
		}
		if card.OverdueSince() != 0 {
			unheld++
		}
	}
	switch n := grouped(len(h.owed)); {
	case h.company.Status == company.Applied:
		return w.Say("いま、運営が企業情報を確認しています", "Your company is being verified")
	case h.company.Status == company.Suspended:
		return w.Say("この企業の利用は停止されています", "This company is suspended")
	case unheld > 0 && unheld == overdue:
		return w.Say(grouped(unheld)+"件、面接が遅れています", howMany(w, unheld)+" have waited too long for an interview")
	case unheld > 0:
		return w.Say(grouped(overdue)+"件、日程の提示や面接が遅れています", howMany(w, overdue)+" have waited too long for a date or an interview")
	case overdue > 0:
		return w.Say(grouped(overdue)+"件、日程の提示が遅れています", howMany(w, overdue)+" have waited too long for a date")
	case len(h.owed) == 1:
		return w.Say("1件、日程の提示期限が近づいています", "One person waits for a date, and time is short")
	case len(h.owed) > 0:
		return w.Say(n+"件、日程の提示期限が近づいています", n+" people wait for a date, and time is short")
	case len(h.backlogs) > 0:
		return waitAll(w, h.backlogs)
	case waiting > 0:
		return w.Say(grouped(waiting)+"人が日程の提示を待っています", grouped(waiting)+" people wait for a date")
	case len(h.cost.Breaches) > 0:
		return w.Say("約束の不履行 "+grouped(len(h.cost.Breaches))+"件が、送信数に響いています", "Broken promises ("+grouped(len(h.cost.Breaches))+") lower what you may send")
	case !h.posts:
		return w.Say("まず、求人を1つ作りましょう", "Begin with a position")
	case h.open == 0:
		return w.Say("オファーを送る条件を決めましょう", "Say whom you would interview")
	}
	return w.Say("いま対応が必要なものはありません", "Nothing waits for you now")
}

// dateLeft says how long is left to name a date, or since when an interview is overdue.
func dateLeft(w words, today day.Day, d *market.Delivered) string {
	if since := d.OverdueSince(); since != 0 {
		n := int(today - since)
		return w.Say(fmt.Sprintf("面接が%d日遅れています", n), fmt.Sprintf("The interview is %d %s overdue", n, plural(n, "day")))
	}
	due, ok := d.DateBy()
	if !ok || d.Dealing.Gone {
		return ""
	}
	if n := int(today - due); n > 0 {
		return w.Say(fmt.Sprintf("日程の提示が%d日遅れています", n), fmt.Sprintf("A date is %d days overdue", n))
	}
	return w.Say("日程の提示 "+w.Date(due)+"まで・"+w.Left(today, due), "Name a date by "+w.Date(due)+", "+w.Left(today, due))
}

func funnelSteps(w words) []string {
	return []string{
		w.Say("送信", "Sent"), w.Say("開封", "Opened"), w.Say("承諾", "Accepted"), w.Say("日程決定", "Scheduled"), w.Say("面接", "Interview held"), w.Say("採用", "Hired"),
	}
}

func funnelCounts(f market.Funnel) []int {
	return []int{f.Sent, f.Seen, f.Accepted, f.Scheduled, f.Held, f.Hired}
}

func funnelFigure(w words, f market.Funnel, days int) figure {
	var list []bar
	for i, name := range funnelSteps(w) {
		b := bar{label: name, value: funnelCounts(f)[i]}
		if i == 2 {
			b.class = "strong"
		}
		list = append(list, b)
	}
	title := w.Say(fmt.Sprintf("この%d日に送ったオファーの、これまで", days), fmt.Sprintf("How far the offers of the last %d days have come", days))
	return funnel(title, [2]string{w.Say("段階", "Step"), w.Say("件数", "Offers")}, list, grouped)
}

// weeksOf sums days to weeks, the last of which ends with the last day.
func weeksOf(list []market.SentDay) []market.SentDay {
	var out []market.SentDay
	for begin := len(list) % 7; begin+7 <= len(list); begin += 7 {
		week := market.SentDay{Day: list[begin].Day}
		for _, d := range list[begin : begin+7] {
			week.Sent, week.Accepted = week.Sent+d.Sent, week.Accepted+d.Accepted
		}
		out = append(out, week)
	}
	return out
}

func sentFigure(w words, d market.Dashboard) figure {
	list, title := d.Days, w.Say("日ごとの送信と、そのうちの承諾（昨日まで）", "Sent by day up to yesterday, and what of it was accepted")
	if n := len(list); n > 0 && list[n-1].Day >= d.Today { // a day that is not over would look like a fall
		list = list[:n-1]
	}
	if len(list) > 31 {
		list, title = weeksOf(list), w.Say("週ごとの送信と、そのうちの承諾（昨日まで、週の始まりの日で表示）", "Sent by week up to yesterday, and what of it was accepted; a week is named by its first day")
	}
	days, sent, accepted := make([]day.Day, len(list)), make([]int, len(list)), make([]int, len(list))
	for i, x := range list {
		days[i], sent[i], accepted[i] = x.Day, x.Sent, x.Accepted
	}
	return overTime(w, title, days, []course{{w.Say("送信", "Sent"), sent, ""}, {w.Say("承諾", "Accepted"), accepted, "strong"}}, grouped)
}

// share says a part in per cent, "–" of nothing.
func share(part, all int) string {
	if all == 0 {
		return "–"
	}
	return strconv.Itoa((200*part+all)/(2*all)) + "%"
}

// courseDays says how long it takes to an interview.
func courseDays(w words, d market.Dashboard) string {
	if d.Interviews == 0 {
		return "–"
	}
	n := strconv.FormatFloat(float64(d.Course)/float64(24*time.Hour), 'f', 1, 64)
	return w.Say(n+"日", n+" days")
}

// funnelName names the rule, or the scouts, that a row of figures is about.
func funnelName(w words, f market.RuleFunnel) string {
	if f.Rule.Key == 0 {
		return w.Say("スカウト", "Scouts")
	}
	kind := kindOfOffer(w, f.Rule.Kind)
	if f.Position.State == position.Closed {
		return kind + w.Say("・求人が終了", ", position closed")
	}
	return kind
}

func ruleHeads(w words) []string {
	return slices.Concat([]string{w.Say("求人", "Position")}, funnelSteps(w), []string{w.Say("回答率", "Reply rate"), w.Say("使った予算", "Budget used")})
}

func headName(w words, k company.Company) string {
	if k.Head == k.Number {
		return w.Say("なし（単独）", "none")
	}
	return k.Head.String()
}

// costText says what broken promises take away.
func costText(w words, c market.Cost) string {
	n, left := grouped(len(c.Breaches)), strconv.Itoa(c.Percent)
	return w.Say(
		"約束の不履行が"+n+"件あるため、1日に届けられる数は、上限の"+left+"％になっています。",
		"Broken promises ("+n+") lower what you may send in a day to "+left+"% of what your rules say.")
}
