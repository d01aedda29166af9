package web

import (
	"net/http"
	"net/url"
	"strconv"

	"github.com/google/uuid"

	"enishi/internal/condition"
	"enishi/internal/day"
	"enishi/internal/errs"
	"enishi/internal/market"
)

// proposalsShown is how many people a page of a batch shows.
const proposalsShown = 100

// proposals shows the batch that waits for confirmation.
func (p *Pages) proposals(r *request) error {
	b := batch{done: r.URL.Query().Has("sent")}
	b.sent, _ = strconv.Atoi(r.URL.Query().Get("sent"))
	b.reserved, _ = strconv.Atoi(r.URL.Query().Get("reserved"))
	return p.showProposals(r, http.StatusOK, b)
}

func (p *Pages) showProposals(r *request, status int, b batch) error {
	ctx, actor, id, err := r.needID("rule")
	if err != nil {
		return err
	}
	if b.rule, err = p.market.Rule(ctx, actor, id); err != nil {
		return err
	}
	name, after := "waiting of "+id.String(), int64(0)
	if from := r.URL.Query().Get("cursor"); from != "" {
		if after, err = p.market.OpenCursor(name, from); err != nil {
			return err
		}
	}
	found, err := p.market.Waiting(ctx, actor, id, after, proposalsShown)
	if err != nil {
		return err
	}
	b.total, b.edits = found.Total, mayRule(actor)
	for _, one := range found.List {
		b.list = append(b.list, proposed(r.words, &b.rule, one, p.market.Today()))
	}
	if found.Next != 0 {
		if b.next, err = p.market.SealCursor(name, found.Next); err != nil {
			return err
		}
	}
	of, err := p.market.Position(ctx, actor, b.rule.PositionID)
	if err != nil {
		return err
	}
	b.position = of.Terms.Title
	title := b.title(r.words)
	return p.show(r, status, title, proposalsPage(r.words, title, b))
}

// proposal is somebody whom a rule would reach; met of the person is what it requires.
type proposal struct {
	person
	offer     string
	score     int
	preferred []met // each thing that the rule prefers
	liked     int   // of preferred
}

// proposed lists somebody with how they meet what the rule requires, and apart from it
// what it prefers. A list holds no text, so what is asked of one counts as met where it is
// required, as the market found it, and is left out where it is preferred.
func proposed(w words, r *market.Ruled, one market.Waiting, today day.Day) proposal {
	out := proposal{person: personOf(w, one.Card, today), offer: one.Offer.String(), score: one.Score}
	record := recordOf(one.Card, today)
	if r.Must.Op != condition.All || len(r.Must.Kids) > 0 {
		out.met = explain(w, r.Must, record, func(int) (bool, bool) { return true, true })
		out.count()
	}
	for _, p := range r.Prefer {
		if c := p.Condition; !asksForText(c) {
			out.preferred = append(out.preferred, met{asked: say(w, c), holds: c.Holds(record), value: metBy(w, c, record)})
		}
	}
	for _, m := range out.preferred {
		if m.holds {
			out.liked++
		}
	}
	out.path = candidatesPath + "/" + one.Card.ID
	return out
}

// fitText says of somebody whether they meet what is required.
func (p *proposal) fitText(w words) string {
	if p.held == len(p.met) {
		return w.Say("必須はすべて満たしています", "Meets all that is required")
	}
	return w.Say("いまは必須を満たしていません", "No longer meets all that is required")
}

// likeText says of somebody how much of what is preferred they meet.
func (p *proposal) likeText(w words) string {
	n := strconv.Itoa(p.liked) + "/" + strconv.Itoa(len(p.preferred))
	return w.Say("優先 "+n, "Preferred: "+n)
}

// spent says why nobody of a batch can be reached now, "" if somebody may be.
func (b batch) spent(w words) string {
	switch r := &b.rule; {
	case r.SpentTotal >= r.TotalBudget:
		return w.Say("合計の上限（"+grouped(r.TotalBudget)+"件）まで送ったため、これ以上は届きません。", "All "+grouped(r.TotalBudget)+" offers of this rule are sent, so no more can be.")
	case r.SpentToday >= r.Daily:
		return w.Say("本日の上限（"+grouped(r.Daily)+"件）まで送りました。残りの人には、明日以降に確認すると届けられます。", "Today's "+grouped(r.Daily)+" offers are sent. The others can be confirmed from tomorrow.")
	}
	return ""
}

// batch is what the page of proposals shows.
type batch struct {
	rule     market.Ruled
	position string // title of the rule's position
	list     []proposal
	total    int    // who waits, those of other pages as well
	next     string // cursor of the next page, "": this is the last
	done     bool   // some were confirmed just now
	sent     int
	none     bool // nobody was ticked
	edits    bool // the reader may confirm, and open cards

	reserved int // of those who were confirmed, whose address is not
}

// outcome says what came of confirming.
func (b batch) outcome(w words) string {
	sent := w.Say(grouped(b.sent)+"件のオファーを届けました。", "Offers sent: "+grouped(b.sent)+".")
	later := w.Say(
		grouped(b.reserved)+"件は、ご本人のメールアドレスの確認が済みしだい届きます。24時間以内に確認されない場合は届かず、送信数にも数えません。",
		"Sent once the person's address is confirmed: "+grouped(b.reserved)+". What is not confirmed within 24 hours is not sent, and takes nothing of your budget.")
	switch {
	case b.reserved == 0 && b.sent == 0:
		return w.Say("届けられる人がいませんでした。条件や予算、相手の上限が変わった人は、確認待ちに残ります。",
			"Nobody could be reached: whoever no longer fits, or is beyond your budget or their own limit, goes on waiting.")
	case b.reserved == 0:
		return sent
	case b.sent == 0:
		return later
	}
	return w.Say(sent+later, sent+" "+later)
}

// ticked says whether people are ticked until the reader unticks them: not those who are
// left once a batch was sent, since the reader has just left them out.
func (b batch) ticked() bool { return !b.done || b.next != "" }

func (b batch) title(w words) string {
	if b.total == 0 {
		return w.Say("確認を待っている人はいません", "Nobody waits to be confirmed")
	}
	if b.total >= market.MostCounted {
		return w.Say(grouped(b.total)+"人以上が確認を待っています", grouped(b.total)+" people or more wait to be confirmed")
	}
	return w.Say(w.People(b.total)+"が確認を待っています", w.People(b.total)+" to be confirmed")
}

// others says how many wait who are not on the page, "" if all are.
func (b batch) others(w words) string {
	n := b.total - len(b.list)
	switch {
	case n <= 0:
		return ""
	case b.total >= market.MostCounted:
		return w.Say("このほかに"+grouped(n)+"人以上が待っています。", grouped(n)+" people or more wait besides these.")
	case n == 1:
		return w.Say("このほかに1人が待っています。", "1 person waits besides these.")
	}
	return w.Say("このほかに"+grouped(n)+"人が待っています。", grouped(n)+" people wait besides these.")
}

// confirmProposals sends to those alone whom the reader saw and ticked.
func (p *Pages) confirmProposals(r *request) error {
	ctx, actor, id, err := r.needID("rule")
	if err != nil {
		return err
	}
	if err := r.ParseForm(); err != nil {
		return errs.Wrap(errs.Invalid, "the form cannot be read", err)
	}
	var chosen []uuid.UUID
	for _, text := range r.PostForm["take"] {
		one, err := uuid.Parse(text)
		if err != nil {
			return errs.Wrap(errs.Invalid, "whom to send to cannot be read", err)
		}
		chosen = append(chosen, one)
	}
	done, err := p.market.ConfirmChosen(ctx, actor, id, chosen)
	if err != nil {
		return err
	}
	if len(chosen) == 0 {
		return p.showProposals(r, http.StatusUnprocessableEntity, batch{none: true})
	}
	r.see(proposalsPath(id) + "?" + url.Values{"sent": {strconv.Itoa(done.Sent)}, "reserved": {strconv.Itoa(done.Reserved)}}.Encode())
	return nil
}
