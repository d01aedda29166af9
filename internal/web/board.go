package web

import (
	"net/http"
	"net/url"
	"slices"

	"github.com/google/uuid"

	"enishi/internal/account"
	"enishi/internal/day"
	"enishi/internal/errs"
	"enishi/internal/httpx"
	"enishi/internal/market"
	"enishi/internal/offer"
	"enishi/internal/position"
	"enishi/internal/taxonomy"
)

func (p *Pages) boardRoutes() []Route {
	return []Route{
		{Pattern: "GET /company/pipeline", Who: Members, class: httpx.Ordinary, serve: p.pipeline},
		{Pattern: "GET /company/pipeline/{id}", Who: Members, class: httpx.Ordinary, serve: p.moveForm},
		{Pattern: "POST /company/pipeline/{id}", Who: Members, class: httpx.Answers, serve: p.move},
	}
}

// How many cards a column shows beside others, and alone.
const (
	cardsBeside = 12
	cardsAlone  = 50
)

// mostPicks is how many positions and rules a board can be narrowed to.
const mostPicks = 200

// pipeline is what the board's page holds.
type pipeline struct {
	title     string
	today     day.Day
	board     market.Board
	asked     url.Values // rule, position, column, after
	positions []position.Position
	rules     []market.Ruled
	moves     bool // who looks may take steps
	wrong     string
}

func (p *Pages) pipeline(r *request) error { return p.showPipeline(r, http.StatusOK, "") }

func (p *Pages) showPipeline(r *request, status int, wrong string) error {
	ctx, actor, err := r.needActor()
	if err != nil {
		return err
	}
	x := pipeline{today: p.market.Today(), asked: r.URL.Query(), wrong: wrong, moves: mayAnswer(actor)}
	q := market.BoardQuery{After: x.asked.Get("after"), Limit: cardsBeside}
	if c := market.Column(x.asked.Get("column")); slices.Contains(market.Columns(), c) {
		q.Column, q.Limit = c, cardsAlone
	} else {
		x.asked.Del("column")
		q.After = ""
	}
	for name, id := range map[string]*uuid.UUID{"rule": &q.Rule, "position": &q.Position} {
		if text := x.asked.Get(name); text != "" {
			if *id, err = uuid.Parse(text); err != nil {
				return errs.New(errs.NotFound, "no such "+name)
			}
		}
	}
	if x.board, err = p.market.Board(ctx, actor, q); err != nil {
		return err
	}
	if x.positions, err = p.market.Positions(ctx, actor, 0, mostPicks); err != nil {
		return err
	}
	if x.rules, err = p.market.Rules(ctx, actor, 0, mostPicks); err != nil {
		return err
	}
	x.title = boardTitle(r.words, x)
	return p.show(r, status, x.title, boardPage(r.words, x))
}

// with is the address of the board as it was asked for, but for one thing.
func (x pipeline) with(name, value string) string {
	q := url.Values{}
	for _, kept := range []string{"rule", "position", "column"} {
		if v := x.asked.Get(kept); v != "" {
			q.Set(kept, v)
		}
	}
	q.Set(name, value)
	if value == "" {
		q.Del(name)
	}
	return "/company/pipeline?" + q.Encode()
}

// titleOf names the position of a rule.
func (x pipeline) titleOf(r market.Ruled) string {
	for _, p := range x.positions {
		if p.ID == r.PositionID {
			return p.Terms.Title
		}
	}
	return r.ID.String()
}

// moving is what the page holds that says what a step does.
type moving struct {
	offer market.Delivered
	to    offer.Action
	steps []offer.Action
	today day.Day
	wrong string

	breaks bool   // to withdraw breaks a promise
	pay    string // the final pay as it was typed
	faults faults // what is wrong with it
}

func (p *Pages) moveForm(r *request) error {
	return p.showMove(r, http.StatusOK, moving{to: offer.Action(r.URL.Query().Get("to"))})
}

func (p *Pages) showMove(r *request, status int, x moving) error {
	ctx, actor, id, err := r.needID("offer")
	if err != nil {
		return err
	}
	x.today = p.market.Today()
	if x.offer, err = p.market.OfferBy(ctx, actor, id); err != nil {
		return err
	}
	x.breaks = offer.Breaks(&x.offer.Offer, &x.offer.Dealing, p.market.Now())
	ahead, unshown := x.offer.Dealing.Ahead(p.market.Now()), x.offer.Dealing.Unshown()
	if mayAnswer(actor) {
		x.steps = slices.DeleteFunc(x.offer.Proceeds(), func(a offer.Action) bool { return (ahead || unshown) && a == offer.Hold })
	}
	switch {
	case x.to == offer.Hold && ahead:
		x.wrong, x.to, status = aheadText(r.words, &x.offer.Offer), "", http.StatusConflict
	case x.to == offer.Hold && unshown && x.offer.State != offer.Held:
		x.wrong, x.to, status = objectionText(r.words, &deal{Delivered: x.offer, by: offer.Company}), "", http.StatusConflict
	case x.to != "" && !slices.Contains(x.steps, x.to):
		x.wrong = r.words.Say("いまの状態からは、その操作ができません。次の操作から選んでください。", "That cannot be done as the offer stands. Choose one of these steps.")
		x.to, status = "", http.StatusConflict
	}
	title := moveTitle(r.words, x)
	return p.show(r, status, title, movePage(r.words, x))
}

func (p *Pages) move(r *request) error {
	ctx, actor, id, err := r.needID("offer")
	if err != nil {
		return err
	}
	to := offer.Action(r.PostFormValue("to"))
	if !slices.Contains([]offer.Action{offer.Schedule, offer.Hold, offer.Hire, offer.Reject, offer.Withdraw}, to) {
		return p.showMove(r, http.StatusUnprocessableEntity, moving{wrong: r.words.Say("次の操作を選んでください。", "Choose the next step.")})
	}
	if to == offer.Hire {
		err = p.hires(ctx, r, actor, id)
	} else {
		_, err = p.market.Proceed(ctx, actor, id, to)
	}
	switch {
	case errs.Is(err, errs.Invalid):
		return p.showMove(r, http.StatusUnprocessableEntity, moving{to: to, pay: r.PostForm.Get("final_pay"), faults: dealFaults(r.words, err)})
	case errs.Is(err, errs.Conflict):
		return p.showMove(r, http.StatusConflict, moving{to: to})
	case err != nil:
		return err
	}
	r.see("/company/pipeline")
	return nil
}

func columnName(w words, c market.Column) string {
	switch c {
	case market.ColumnSent:
		return w.Say("回答待ち", "Waits for an answer")
	case market.ColumnAccepted:
		return w.Say("承諾", "Accepted")
	case market.ColumnScheduled:
		return w.Say("日程決定", "Scheduled")
	case market.ColumnHeld:
		return w.Say("面接済み", "Interview held")
	case market.ColumnHired:
		return w.Say("採用", "Hired")
	}
	return w.Say("終了", "Ended")
}

// stepTo is the step by which a card comes into a column, "" if there is none.
func stepTo(c market.Column) offer.Action {
	return map[market.Column]offer.Action{
		market.ColumnScheduled: offer.Schedule, market.ColumnHeld: offer.Hold, market.ColumnHired: offer.Hire, market.ColumnOver: offer.Reject,
	}[c]
}

// aheadText says why a step cannot be taken yet.
func aheadText(w words, o *offer.Offer) string {
	talk := talkName(w, o)
	return w.Say("決まった日時になると、「"+talk+"を行った」と登録できます。別の日時に行ったときは、先に日程を変更してください。", "You can say that the "+talk+" was held once the agreed time has come. If it was at another time, change the date first.")
}

// stepName says a step as the company takes it, and what the other side is shown;
// breaks says whether to withdraw breaks a promise.
func stepName(w words, o *offer.Offer, a offer.Action, breaks bool) (name, told string) {
	talk := talkName(w, o)
	switch a {
	case offer.Schedule:
		return w.Say("日程が決まった", "A date is fixed"), w.Say("相手の画面には「日程決定」と表示されます。日時そのものは、メッセージで伝えてください。", "They see that a date is fixed. Tell them the time itself in a message.")
	case offer.Hold:
		return w.Say(talk+"を行った", "The "+talk+" was held"), w.Say("相手の画面には「"+talk+"済み」と表示されます。行っていない"+talk+"を、行ったことにはできません。", "They see that the "+talk+" was held. Do not say so of one that was not.")
	case offer.Hire:
		return w.Say("採用する", "Hire"), w.Say("相手の画面には「採用」と表示されます。最終的な年収は、オファーで示した下限の90％以上である必要があり、本人が確認します。", "They see that they are hired. Final pay must reach 90% of the offered minimum, and they are asked to confirm it.")
	case offer.Reject:
		return w.Say("見送る", "Do not hire"), w.Say("相手の画面には「見送り」と表示されます。元には戻せません。", "They see that they are not hired. This cannot be undone.")
	}
	if breaks {
		return w.Say("取り下げる", "Withdraw"), w.Say("面接を約束したオファーを、貴社の側から取り下げることになります。約束の不履行として記録され、送信できる数に影響します。元には戻せません。", "You take back an interview that you promised. It is recorded as a breach and lowers how much you may send. This cannot be undone.")
	}
	return w.Say("取り下げる", "Withdraw"), w.Say("相手の画面には「取り下げ」と表示されます。元には戻せません。", "They see that it is withdrawn. This cannot be undone.")
}

// cardName names who an offer went to, as far as the company may know.
func cardName(w words, c market.BoardCard) string {
	if c.Name != "" {
		return w.Say(c.Name+" さん", c.Name)
	}
	return shortCard(w, c.Card)
}

// shortKind says a kind of offer where there is little room.
func shortKind(w words, kind string) string {
	if kind == "casual" {
		return w.Say("カジュアル面談", "Casual talk")
	}
	return w.Say("面接確約", "Interview")
}

// shortCard names somebody who is not known by name yet.
func shortCard(w words, card string) string {
	if len(card) < 6 {
		return w.Say("表示できない方", "someone who cannot be shown")
	}
	return w.Say("候補者 "+card[:6], "Candidate "+card[:6])
}

func boardTitle(w words, x pipeline) string {
	overdue, unheld, waiting, all := 0, 0, 0, 0
	for _, c := range x.board.Columns {
		all += c.All
		if c.Column == market.ColumnAccepted {
			waiting = c.All
		}
		for _, card := range c.Cards {
			if late(x.today, &card.Delivered) {
				overdue++
			}
			if card.OverdueSince() != 0 {
				unheld++
			}
		}
	}
	if c := x.asked.Get("column"); c != "" {
		return w.Say(columnName(w, market.Column(c))+" "+howMany(w, all), columnName(w, market.Column(c))+": "+howMany(w, all))
	}
	switch {
	case unheld > 0 && unheld == overdue:
		return w.Say("面接が遅れている方が"+howMany(w, unheld)+"います", howMany(w, unheld)+" have waited too long for an interview")
	case unheld > 0:
		return w.Say("日程の提示や面接が遅れている方が"+howMany(w, overdue)+"います", howMany(w, overdue)+" have waited too long for a date or an interview")
	case overdue > 0:
		return w.Say("日程の提示が遅れている方が"+howMany(w, overdue)+"います", howMany(w, overdue)+" have waited too long for a date")
	case waiting > 0:
		return w.Say("日程の提示を待つ方が"+howMany(w, waiting)+"います", howMany(w, waiting)+" wait for a date")
	case all == 0:
		return w.Say("選考はまだ始まっていません", "Nothing is under way yet")
	}
	return w.Say("選考は予定どおり進んでいます", "All is on time")
}

// bare says whether the board shows nothing though everything is asked for.
func (x pipeline) bare() bool {
	if x.asked.Get("column") != "" || x.asked.Get("position") != "" || x.asked.Get("rule") != "" {
		return false
	}
	return !slices.ContainsFunc(x.board.Columns, func(c market.BoardColumn) bool { return c.All > 0 })
}

// howMany says how many people.
func howMany(w words, n int) string {
	if n == 1 {
		return w.Say("1人", "1 person")
	}
	return w.Say(grouped(n)+"人", grouped(n)+" people")
}

func kindOfOffer(w words, kind string) string { return w.Name(taxonomy.OfferKind, kind) }

func moveTitle(w words, x moving) string {
	if x.to == "" {
		return w.Say("次の段階を選んでください", "Choose the next step")
	}
	name, _ := stepName(w, &x.offer.Offer, x.to, x.breaks)
	return name
}

func ruleOptions(w words, x pipeline) []option {
	var out []option
	for _, r := range x.rules {
		out = append(out, option{r.ID.String(), x.titleOf(r) + w.Say("（", " (") + kindOfOffer(w, r.Kind) + w.Say("）", ")")})
	}
	return out
}

func columnEmpty(w words, c market.Column) string {
	switch c {
	case market.ColumnSent:
		return w.Say("回答を待っているオファーが、ここに並びます。", "Offers that wait for an answer appear here.")
	case market.ColumnAccepted:
		return w.Say("承諾されると、ここに名前が並びます。", "Those who accept appear here by name.")
	}
	return w.Say("まだありません。", "None yet.")
}

// late says whether the time to name a date or to hold the interview has passed.
func late(today day.Day, d *market.Delivered) bool {
	due, ok := d.DateBy()
	return !d.Dealing.Gone && (ok && due < today || d.OverdueSince() != 0)
}

// cardState says what the column leaves open: the kind, and where it holds several, the
// state.
func cardState(w words, c market.BoardCard, in market.Column) string {
	kind, state := shortKind(w, c.Kind), ""
	switch {
	case c.State == offer.Sent:
		state = w.Say("未開封", "not opened")
	case c.State == offer.Seen:
		state = w.Say("開封済み", "opened")
	case in == market.ColumnOver && c.State == offer.Held:
		state = w.Say("面談済み", "held")
	case in == market.ColumnOver:
		state = stateName(w, c.Delivered)
	}
	if state == "" {
		return kind
	}
	return kind + w.Say("・", ", ") + state
}

func stepsOf(o *market.Delivered) string {
	text := ""
	for _, a := range o.Proceeds() {
		text += string(a) + " "
	}
	return text
}

func mayAnswer(a market.Actor) bool { return a.Role.May(account.AnswerOffer) == nil }
