package web

import (
	"errors"
	"net/http"
	"strings"

	"enishi/internal/condition"
	"enishi/internal/errs"
	"enishi/internal/httpx"
	"enishi/internal/market"
)

func (p *Pages) profileRoutes() []Route {
	return []Route{
		{Pattern: "GET /profile", Who: Candidates, class: httpx.Own, serve: p.profile},
		{Pattern: "POST /profile", Who: Candidates, class: httpx.Own, serve: p.saveProfile},
		{Pattern: "POST /profile/prospect", Who: Candidates, class: httpx.Insight, serve: p.profileProspect},
	}
}

// doName is the name of an editor's buttons; what they do, beside saving.
const (
	doName  = "do"
	doCount = "count"
)

func (p *Pages) profile(r *request) error {
	ctx, actor, err := r.needActor()
	if err != nil {
		return err
	}
	c, err := p.market.Candidate(ctx, actor)
	if err != nil {
		return err
	}
	f, err := profileFormOf(r.words, &c)
	if err != nil {
		return err
	}
	return p.showProfile(r, http.StatusOK, &f, notes{})
}

// notes are what an editor says above its form: of what was done, and of what is wrong.
type notes struct{ said, wrong string }

// saveProfile saves what was typed, or does what a button of the form says and shows
// it again.
func (p *Pages) saveProfile(r *request) error {
	if err := r.ParseForm(); err != nil {
		return errs.Wrap(errs.Invalid, "the form cannot be read", err)
	}
	f := profileForm{words: r.words, edition: editionOf(r.PostForm), v: r.PostForm, faults: faults{}}
	do, find := r.PostForm.Get(doName), r.PostForm.Get(findButton)
	switch {
	case f.do(do):
		return p.showProfile(r, http.StatusOK, &f, notes{})
	case find != "":
		f.read()
		f.faults = faults{find: f.faults[find]}
		f.focus = find
		return p.showProfile(r, http.StatusOK, &f, notes{})
	case do == doCount:
		f.read()
		return p.showProfile(r, http.StatusOK, &f, notes{})
	}
	return p.keepProfile(r, &f)
}

func (p *Pages) keepProfile(r *request, f *profileForm) error {
	ctx, actor, err := r.needActor()
	if err != nil {
		return err
	}
	profile := f.read()
	if len(f.faults) > 0 {
		err = profile.Validate(p.market.Today()) // all that is wrong is said at once
	} else {
		_, err = p.market.SetProfile(ctx, actor, f.version, profile)
	}
	if errs.Is(err, errs.Stale) {
		return p.staleProfile(r, f)
	}
	var invalid *errs.Error
	if errors.As(err, &invalid) && invalid.Kind == errs.Invalid {
		f.refused(invalid.Problems)
		err = nil
	}
	if err != nil {
		return err
	}
	if len(f.faults) > 0 {
		return p.showProfile(r, http.StatusUnprocessableEntity, f, notes{wrong: r.words.Say(
			"まだ保存していません。印のついた項目をご確認ください。", "Not saved yet. Please look at the marked fields.")})
	}
	r.see("/profile?saved")
	return nil
}

// staleProfile goes on where something was stored since the form was shown: other
// things than the profile do not matter to it, else what was typed comes back with
// what was changed elsewhere.
func (p *Pages) staleProfile(r *request, f *profileForm) error {
	ctx, actor, err := r.needActor()
	if err != nil {
		return err
	}
	c, err := p.market.Candidate(ctx, actor)
	if err != nil {
		return err
	}
	changed, err := f.changed(c.Profile)
	if err != nil {
		return err
	}
	if f.edition, err = editionFrom(c.Version, c.Profile); err != nil {
		return err
	}
	if len(changed) == 0 {
		return p.keepProfile(r, f)
	}
	return p.showProfile(r, http.StatusConflict, f, notes{wrong: staleText(r.words, labels(r.words, changed))})
}

// staleText says that something was changed elsewhere while a form was filled in.
func staleText(w words, changed []string) string {
	list := strings.Join(changed, w.Say("、", ", "))
	return w.Say("まだ保存していません。この画面を開いたあと、別の画面で次の項目が変わりました："+list+"。下には、いま入力した内容が残っています。このまま保存すると、こちらの内容に置き換わります。",
		"Not saved yet. Since you opened this page, these were changed elsewhere: "+list+". What you typed is still here; saving now replaces what is stored.")
}

// labels names fields of a profile.
func labels(w words, fields []string) []string {
	out := make([]string, len(fields))
	for i, name := range fields {
		out[i] = profileLabel(w, name)
	}
	return out
}

// profileLabel is what a field of a profile is called.
func profileLabel(w words, name string) string {
	switch name {
	case "name":
		return w.Say("氏名", "Name")
	case "text":
		return w.Say("自己紹介", "About you")
	case "history":
		return w.Say("職歴", "Work history")
	case "birth_month":
		return w.Say("生年月", "Month of birth")
	case "available_from":
		return w.Say("入社できる日", "Available from")
	case "experience_years":
		return w.Say("社会人経験", "Years of work")
	case "remote_ok":
		return w.Say("リモート勤務", "Remote work")
	}
	f, _ := condition.FieldOf(condition.Profiles, name)
	return w.Say(f.JA, capital(f.EN))
}

func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// profileProspect counts what a profile that is not saved would reach, for a script.
func (p *Pages) profileProspect(r *request) error {
	if err := r.ParseForm(); err != nil {
		return errs.Wrap(errs.Invalid, "the form cannot be read", err)
	}
	f := profileForm{words: r.words, v: r.PostForm, faults: faults{}}
	found, err := p.prospectOf(r, &f)
	if err != nil {
		return err
	}
	return p.part(r, http.StatusOK, prospectPart(r.words, found, ofProfile))
}

// prospectOf gives what the profile that was typed would reach; as it is stored, if
// this one may not be.
func (p *Pages) prospectOf(r *request, f *profileForm) (market.Prospect, error) {
	ctx, actor, err := r.needActor()
	if err != nil {
		return market.Prospect{}, err
	}
	typed := profileForm{words: f.words, v: f.v}
	profile := typed.read()
	found, err := p.market.Prospect(ctx, actor, market.Edited{Profile: &profile})
	if errs.Is(err, errs.Invalid) {
		return p.market.Prospect(ctx, actor, market.Edited{})
	}
	return found, err
}

func (p *Pages) showProfile(r *request, status int, f *profileForm, n notes) error {
	found, err := p.prospectOf(r, f)
	if err != nil {
		return err
	}
	if f.known, err = p.market.Namesakes(r.Context(), f.presents()...); err != nil {
		return err
	}
	if r.Method == http.MethodGet && r.URL.Query().Has("saved") {
		n.said = f.savedText()
	}
	return p.show(r, status, r.words.Say("経歴", "Career"), profilePage(f, found, n))
}
