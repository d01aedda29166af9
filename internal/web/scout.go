package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/google/uuid"

	"enishi/internal/account"
	"enishi/internal/errs"
	"enishi/internal/httpx"
	"enishi/internal/market"
	"enishi/internal/position"
	"enishi/internal/thread"
)

const scoutsPath = "/company/scouts"

func (p *Pages) scoutRoutes() []Route {
	return []Route{
		{Pattern: "GET " + scoutsPath + "/new", Who: Members, class: httpx.Ordinary, serve: p.scoutForm},
		{Pattern: "POST " + scoutsPath + "/new", Who: Members, class: httpx.Ordinary, serve: p.scout},
	}
}

// scouting is a scout as its form holds it.
type scouting struct {
	cards     []string
	typed     url.Values
	wrong     faults
	positions []option
	left      int
	stopped   string // why the company may send nothing, "" if it may
}

func (p *Pages) scoutForm(r *request) error {
	q := r.URL.Query()
	_, actor, err := r.needActor()
	if err == nil {
		err = actor.Role.May(account.Scout)
	}
	if err != nil {
		return err
	}
	return p.showScout(r, http.StatusOK, scouting{cards: eachOnce(q["card"]), typed: url.Values{"kind": {"interview"}}, wrong: faults{}})
}

func (p *Pages) showScout(r *request, status int, s scouting) error {
	ctx, actor, err := r.needActor()
	if err != nil {
		return err
	}
	k, err := p.market.Employer(ctx, actor)
	if err != nil {
		return err
	}
	if s.stopped = stopped(r.words, k.Status); s.stopped != "" {
		return p.show(r, http.StatusForbidden, s.stopped, scoutPage(r.words, s))
	}
	list, err := p.market.Positions(ctx, actor, 0, positionsShown)
	if err != nil {
		return err
	}
	s.positions = positionChoices(r.words, slices.DeleteFunc(list, func(one position.Position) bool { return one.State != position.Published }))
	quota, used, err := p.market.ScoutsLeft(ctx, actor)
	if err != nil {
		return err
	}
	s.left = max(0, quota-used)
	return p.show(r, status, s.title(r.words), scoutPage(r.words, s))
}

func (s scouting) title(w words) string {
	if s.stopped != "" {
		return s.stopped
	}
	if len(s.cards) == 0 {
		return w.Say("スカウトを送る人を選んでください", "Choose whom to scout")
	}
	return w.Say(w.People(len(s.cards))+"にスカウトを送ります", "Scout "+w.People(len(s.cards)))
}

func (p *Pages) scout(r *request) error {
	ctx, actor, err := r.needActor()
	if err != nil {
		return err
	}
	if err := r.ParseForm(); err != nil {
		return errs.Wrap(errs.Invalid, "the form cannot be read", err)
	}
	f := r.PostForm
	s := scouting{cards: eachOnce(f["card"]), typed: f, wrong: faults{}}
	in := market.Scouting{Cards: s.cards, Kind: f.Get("kind"), Message: strings.TrimSpace(strings.ReplaceAll(f.Get("message"), "\r\n", "\n"))}
	if in.Position, err = uuid.Parse(f.Get("position")); err != nil {
		s.wrong["position"] = r.words.Say("求人を選んでください。", "Please choose a position.")
	}
	if thread.Blank(in.Message) {
		s.wrong["message"] = r.words.Say("メッセージを入力してください。", "Please write a message.")
	}
	if len(s.wrong) > 0 {
		return p.showScout(r, http.StatusUnprocessableEntity, s)
	}
	done, err := p.market.Scout(ctx, actor, in, r.once())
	switch {
	case errs.Is(err, errs.Denied) && actor.Role.Can(account.Scout): // it is the company that may not
		return p.showScout(r, http.StatusForbidden, s)
	case errs.Is(err, errs.Invalid):
		s.wrong["message"] = r.words.Say("1〜2,000文字のメッセージを、50人まで送れます。", "A message has 1 to 2,000 characters, and goes to up to 50 people.")
		return p.showScout(r, http.StatusUnprocessableEntity, s)
	case errs.Is(err, errs.Conflict):
		s.wrong["position"] = r.words.Say("公開中で、年収の記載がある求人を選んでください。", "Choose a published position that says what it pays.")
		return p.showScout(r, http.StatusConflict, s)
	case err != nil:
		return err
	}
	return p.show(r, http.StatusOK, scoutedTitle(r.words, done), scoutedPage(r.words, done))
}

func scoutedTitle(w words, done []market.Scouted) string {
	sent := 0
	for _, one := range done {
		if one.Offer != nil {
			sent++
		}
	}
	if sent == 0 {
		return w.Say("スカウトは送られませんでした", "No scout was sent")
	}
	return w.Say(w.People(sent)+"にスカウトを送りました", "Scouted "+w.People(sent))
}

// scoutedText says what became of one card.
func scoutedText(w words, one market.Scouted) string {
	switch {
	case one.Offer != nil:
		return w.Say("送りました", "Sent")
	case errs.Is(one.Why, errs.TooMany):
		return w.Say("今月の送信枠を使い切りました", "This month's quota is used up")
	case errs.Is(one.Why, errs.Conflict):
		return w.Say("すでに送っているため、送れません", "You have sent to them already")
	}
	return w.Say("いまは送れません", "Cannot be reached now")
}
