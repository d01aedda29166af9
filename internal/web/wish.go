package web

import (
	"net/http"

	"enishi/internal/errs"
	"enishi/internal/httpx"
	"enishi/internal/market"
)

func (p *Pages) wishRoutes() []Route {
	return []Route{
		{Pattern: "GET /wishes", Who: Candidates, class: httpx.Own, serve: p.wishes},
		{Pattern: "POST /wishes", Who: Candidates, class: httpx.Own, serve: p.saveWishes},
		{Pattern: "POST /wishes/prospect", Who: Candidates, class: httpx.Insight, serve: p.wishProspect},
	}
}

func (p *Pages) wishes(r *request) error {
	ctx, actor, err := r.needActor()
	if err != nil {
		return err
	}
	c, err := p.market.Candidate(ctx, actor)
	if err != nil {
		return err
	}
	f, err := wishFormOf(r.words, &c)
	if err != nil {
		return err
	}
	said := ""
	if r.URL.Query().Has("saved") {
		said = r.words.Say("保存しました。新しく条件に合ったオファーは、まもなく届きます。", "Saved. Offers that fit now arrive shortly.")
	}
	return p.showWishes(r, http.StatusOK, &f, notes{said: said})
}

func (p *Pages) saveWishes(r *request) error {
	if err := r.ParseForm(); err != nil {
		return errs.Wrap(errs.Invalid, "the form cannot be read", err)
	}
	f := wishFormTyped(r.words, r.PostForm)
	do, find := r.PostForm.Get(doName), r.PostForm.Get(findButton)
	switch {
	case f.do(do) || do == doCount:
		return p.showWishes(r, http.StatusOK, &f, notes{})
	case find != "":
		f.wishes()
		f.faults = faults{find: f.faults[find]}
		f.focus = find
		return p.showWishes(r, http.StatusOK, &f, notes{})
	}
	return p.keepWishes(r, &f)
}

func (p *Pages) keepWishes(r *request, f *wishForm) error {
	ctx, actor, err := r.needActor()
	if err != nil {
		return err
	}
	wishes := f.wishes()
	refused := r.words.Say("まだ保存していません。印のついた項目をご確認ください。", "Not saved yet. Please look at the marked fields.")
	if len(f.faults) > 0 {
		return p.showWishes(r, http.StatusUnprocessableEntity, f, notes{wrong: refused})
	}
	_, err = p.market.SetWishes(ctx, actor, f.version, wishes)
	switch {
	case errs.Is(err, errs.Stale):
		return p.staleWishes(r, f)
	case errs.Is(err, errs.Invalid):
		return p.showWishes(r, http.StatusUnprocessableEntity, f, notes{wrong: r.words.Say(
			"まだ保存していません。一覧にない値が含まれています。選び直してください。", "Not saved yet: something is not from the lists. Please choose again.")})
	case err != nil:
		return err
	}
	r.see("/wishes?saved")
	return nil
}

// staleWishes is staleProfile for wishes.
func (p *Pages) staleWishes(r *request, f *wishForm) error {
	ctx, actor, err := r.needActor()
	if err != nil {
		return err
	}
	c, err := p.market.Candidate(ctx, actor)
	if err != nil {
		return err
	}
	changed, err := f.changed(wishesRead{c.Wishes})
	if err != nil {
		return err
	}
	if f.edition, err = editionFrom(c.Version, wishesRead{c.Wishes}); err != nil {
		return err
	}
	if len(changed) == 0 {
		return p.keepWishes(r, f)
	}
	return p.showWishes(r, http.StatusConflict, f, notes{wrong: staleText(r.words, []string{r.words.Say("希望条件", "your wishes")})})
}

// wishProspect counts what wishes that are not saved would reach, for a script.
func (p *Pages) wishProspect(r *request) error {
	if err := r.ParseForm(); err != nil {
		return errs.Wrap(errs.Invalid, "the form cannot be read", err)
	}
	f := wishFormTyped(r.words, r.PostForm)
	found, err := p.prospectOfWishes(r, &f)
	if err != nil {
		return err
	}
	return p.part(r, http.StatusOK, prospectPart(r.words, found, ofWishes))
}

// prospectOfWishes gives what the wishes that were typed would reach; as they are
// stored, if these may not be.
func (p *Pages) prospectOfWishes(r *request, f *wishForm) (market.Prospect, error) {
	ctx, actor, err := r.needActor()
	if err != nil {
		return market.Prospect{}, err
	}
	typed := *f
	wishes := typed.wishes()
	found, err := p.market.Prospect(ctx, actor, market.Edited{Wishes: &wishes})
	if errs.Is(err, errs.Invalid) {
		return p.market.Prospect(ctx, actor, market.Edited{})
	}
	return found, err
}

func (p *Pages) showWishes(r *request, status int, f *wishForm, n notes) error {
	found, err := p.prospectOfWishes(r, f)
	if err != nil {
		return err
	}
	return p.show(r, status, r.words.Say("希望条件", "Wishes"), wishPage(f, found, n))
}
