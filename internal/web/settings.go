package web

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"enishi/internal/candidate"
	"enishi/internal/corpnum"
	"enishi/internal/errs"
	"enishi/internal/httpx"
	"enishi/internal/market"
)

func (p *Pages) settingsRoutes() []Route {
	return []Route{
		{Pattern: "GET /settings", Who: Candidates, class: httpx.Own, serve: p.settings},
		{Pattern: "POST /settings", Who: Candidates, class: httpx.Own, serve: p.saveSettings},
		{Pattern: "POST /settings/blocks", Who: Candidates, class: httpx.Own, serve: p.saveBlocks},
		{Pattern: "GET /settings/export", Who: Candidates, class: httpx.Own, serve: p.export},
		{Pattern: "GET /settings/views", Who: Candidates, class: httpx.Own, serve: p.views},
		{Pattern: "GET /settings/leave", Who: Candidates, class: httpx.Own, serve: p.leaveForm},
		{Pattern: "POST /settings/leave", Who: Candidates, class: httpx.Own, serve: p.leave},
	}
}

// knownShown is how many companies are proposed for a name; viewsShown how many views
// a page lists.
const (
	knownShown = 8
	viewsShown = 50
)

// settingsForm is the page of settings as it stands.
type settingsForm struct {
	words
	me      candidate.Candidate
	limit   string // as it was typed
	blocked []market.Known
	current []market.Known // employers that are blocked of themselves
	typed   string         // of a company to block
	found   []market.Known // nil: nobody asked
	faults  faults
	notes   notes
}

func (p *Pages) settings(r *request) error {
	f := settingsForm{typed: strings.TrimSpace(r.URL.Query().Get("company"))}
	if r.URL.Query().Has("saved") {
		f.notes.said = r.words.Say("保存しました。", "Saved.")
	}
	if f.typed != "" {
		found, err := p.market.FindKnown(r.Context(), f.typed, knownShown)
		if err != nil {
			return err
		}
		f.found = append([]market.Known{}, found...)
	}
	return p.showSettings(r, http.StatusOK, f)
}

// showSettings fills in what is stored and shows it.
func (p *Pages) showSettings(r *request, status int, f settingsForm) error {
	ctx, actor, err := r.needActor()
	if err != nil {
		return err
	}
	f.words = r.words
	if f.me, err = p.market.Candidate(ctx, actor); err != nil {
		return err
	}
	if f.limit == "" {
		f.limit = strconv.Itoa(f.me.WeeklyLimit)
	}
	if f.blocked, err = p.market.KnownBy(ctx, f.me.Blocks); err != nil {
		return err
	}
	var current []corpnum.Number
	for _, e := range f.me.Employers {
		if e.Current {
			current = append(current, e.Number)
		}
	}
	if f.current, err = p.market.KnownBy(ctx, current); err != nil {
		return err
	}
	return p.show(r, status, r.words.Say("設定", "Settings"), settingsPage(&f))
}

// saveSettings changes whether one is found, and how many offers come. Both are this
// form's alone, so whatever else was edited meanwhile does not matter.
func (p *Pages) saveSettings(r *request) error {
	typed := r.PostFormValue("weekly_limit")
	limit, err := numberOf(typed, "件")
	if err == nil && limit == nil {
		err = errs.AtPointer("/weekly_limit", "nothing", "a whole number")
	}
	if err == nil {
		err = p.retried(r, func(ctx context.Context, actor market.Actor, c *candidate.Candidate) error {
			_, err := p.market.SetSettings(ctx, actor, c.Version, market.Settings{
				Open: r.PostFormValue("open") == "true", WeeklyLimit: *limit, Language: c.Language,
			})
			return err
		})
		if err != nil && !errs.Is(err, errs.Invalid) {
			return err
		}
	}
	if err != nil {
		return p.showSettings(r, http.StatusUnprocessableEntity, settingsForm{limit: typed, faults: faults{"weekly_limit": wholeFrom(r.words, 0, candidate.MostWeeklyLimit)}})
	}
	r.see("/settings?saved")
	return nil
}

// retried makes an edit on the candidate as they are now, again if they were changed
// at that moment.
func (p *Pages) retried(r *request, edit func(context.Context, market.Actor, *candidate.Candidate) error) error {
	ctx, actor, err := r.needActor()
	if err != nil {
		return err
	}
	for range 5 {
		var c candidate.Candidate
		if c, err = p.market.Candidate(ctx, actor); err != nil {
			return err
		}
		if err = edit(ctx, actor, &c); !errs.Is(err, errs.Stale) {
			return err
		}
	}
	return err
}

// saveBlocks blocks a company or unblocks one. What is no corporate number is looked
// for by name.
func (p *Pages) saveBlocks(r *request) error {
	adding := strings.TrimSpace(r.PostFormValue("company"))
	text := norm.NFKC.String(adding)
	if gone := r.PostFormValue("unblock"); gone != "" {
		text = gone
	}
	n, err := corpnum.Parse(text)
	if err != nil && strings.Trim(text, "0123456789") != "" {
		return p.findToBlock(r, adding)
	}
	if err != nil {
		return p.showSettings(r, http.StatusUnprocessableEntity, settingsForm{typed: adding, faults: faults{"company": r.words.Say(
			"法人番号は13桁で、検査数字が合う必要があります。もう一度ご確認ください。", "A corporate number has 13 digits, the first of them a check digit. Please look at it again.")}})
	}
	err = p.retried(r, func(ctx context.Context, actor market.Actor, c *candidate.Candidate) error {
		blocks := slices.DeleteFunc(slices.Clone(c.Blocks), func(b corpnum.Number) bool { return b == n })
		if r.PostFormValue("unblock") == "" {
			blocks = append(blocks, n)
		}
		_, err := p.market.SetBlocks(ctx, actor, c.Version, blocks, c.Employers)
		return err
	})
	if err != nil {
		return err
	}
	r.see("/settings?saved#blocks")
	return nil
}

// findToBlock shows the companies that somebody may mean by a name.
func (p *Pages) findToBlock(r *request, name string) error {
	found, err := p.market.FindKnown(r.Context(), name, knownShown)
	if err != nil {
		return err
	}
	return p.showSettings(r, http.StatusOK, settingsForm{typed: name, found: append([]market.Known{}, found...)})
}

func (p *Pages) views(r *request) error {
	ctx, actor, err := r.needActor()
	if err != nil {
		return err
	}
	before, _ := strconv.ParseInt(r.URL.Query().Get("before"), 10, 64)
	list, next, err := p.market.Views(ctx, actor, before, viewsShown)
	if err != nil {
		return err
	}
	return p.show(r, http.StatusOK, r.words.Say("経歴を見た企業", "Who looked at you"), viewsPage(r.words, list, before == 0, next))
}

func (p *Pages) leaveForm(r *request) error {
	return p.show(r, http.StatusOK, r.words.Say("退会", "Leave"), leavePage(r.words, ""))
}

// leave erases the actor, if they ticked that they mean it.
func (p *Pages) leave(r *request) error {
	ctx, actor, err := r.needActor()
	if err != nil {
		return err
	}
	if r.PostFormValue("sure") == "" {
		return p.show(r, http.StatusUnprocessableEntity, r.words.Say("退会", "Leave"), leavePage(r.words,
			r.words.Say("消えるものを確かめて、チェックを入れてください。", "Please read what is erased, and tick that you want it.")))
	}
	if err := p.market.Erase(ctx, actor); err != nil {
		return err
	}
	r.keep(sessionCookie, "", -time.Second)
	r.keep(ownerCookie, "", -time.Second)
	r.actor = nil
	return p.show(r, http.StatusOK, r.words.Say("退会しました", "You have left"), leftPage(r.words))
}
