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
	current []present      // employers that are blocked of themselves
	typed   string         // of a company to block
	found   []market.Known // nil: nobody asked
	faults  faults
	notes   notes
}

// present is an employer that is blocked of itself.
type present struct {
	market.Known
	told bool // the history says so; else it was said once, and can be taken back here
}

// blocks says whether a company is blocked, by hand or as a present employer.
func (f *settingsForm) blocks(n corpnum.Number) bool {
	return slices.Contains(f.me.Blocks, n) || slices.ContainsFunc(f.current, func(k present) bool { return k.Number == n })
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
	if f.current, err = p.present(ctx, &f.me); err != nil {
		return err
	}
	return p.show(r, status, r.words.Say("設定", "Settings"), settingsPage(&f))
}

// present gives the employers that are blocked of themselves.
func (p *Pages) present(ctx context.Context, c *candidate.Candidate) ([]present, error) {
	var current, told []corpnum.Number
	for _, e := range c.Employers {
		if e.Current {
			current = append(current, e.Number)
		}
	}
	var names []string
	for i := range c.Profile.History {
		switch j := &c.Profile.History[i]; {
		case !j.Goes(p.market.Today().Month()):
		case j.Employer.Number != nil:
			told = append(told, *j.Employer.Number)
		default:
			names = append(names, j.Employer.Name)
		}
	}
	known, err := p.market.KnownBy(ctx, current)
	if err != nil {
		return nil, err
	}
	found, err := p.market.Namesakes(ctx, names...)
	if err != nil {
		return nil, err
	}
	for _, list := range found {
		for _, k := range list {
			told = append(told, k.Number)
		}
	}
	out := make([]present, len(known))
	for i, k := range known {
		out[i] = present{k, slices.Contains(told, k.Number)}
	}
	return out, nil
}

// saveSettings changes whether one is found, and how many offers come. Both are this
// form's alone, so whatever else was edited meanwhile does not matter.
func (p *Pages) saveSettings(r *request) error {
	typed := r.PostFormValue("weekly_limit")
	open, errOpen := openOf(r.PostFormValue("open"))
	if errOpen != nil {
		return p.showSettings(r, http.StatusUnprocessableEntity, settingsForm{limit: typed, faults: faults{"open": r.words.Say("「受け付ける」か「休む」を選んでください。", "Please choose: open, or not open.")}})
	}
	limit, err := numberOf(typed, "件")
	if err == nil && limit == nil {
		err = errs.AtPointer("/weekly_limit", "nothing", "a whole number")
	}
	if err == nil {
		err = p.retried(r, func(ctx context.Context, actor market.Actor, c *candidate.Candidate) error {
			_, err := p.market.SetSettings(ctx, actor, c.Version, market.Settings{
				Open: open, WeeklyLimit: *limit, Language: c.Language,
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

// openOf reads whether somebody is open to offers: nothing else is taken for a no.
func openOf(text string) (bool, error) {
	if text != "true" && text != "false" {
		return false, errs.AtPointer("/open", strconv.Quote(text), "true or false")
	}
	return text == "true", nil
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

// saveBlocks blocks a company, unblocks one, or takes back that one is a present employer. What is no corporate number is looked
// for by name.
func (p *Pages) saveBlocks(r *request) error {
	adding := strings.TrimSpace(r.PostFormValue("company"))
	text := norm.NFKC.String(adding)
	for _, name := range []string{"unblock", "left"} {
		if gone := r.PostFormValue(name); gone != "" {
			text = gone
		}
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
		blocks, employers := c.Blocks, c.Employers
		switch {
		case r.PostFormValue("left") != "":
			employers = slices.DeleteFunc(slices.Clone(employers), func(e candidate.Employment) bool { return e.Number == n })
		case r.PostFormValue("unblock") != "":
			blocks = slices.DeleteFunc(slices.Clone(blocks), func(b corpnum.Number) bool { return b == n })
		default:
			blocks = append(slices.Clone(blocks), n)
		}
		_, err := p.market.SetBlocks(ctx, actor, c.Version, blocks, employers)
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
