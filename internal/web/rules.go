package web

import (
	"context"
	"net/http"
	"slices"

	"github.com/google/uuid"

	"enishi/internal/account"
	"enishi/internal/company"
	"enishi/internal/day"
	"enishi/internal/errs"
	"enishi/internal/httpx"
	"enishi/internal/market"
	"enishi/internal/position"
	"enishi/internal/taxonomy"
)

const rulesPath = "/company/rules"

// rulesShown is how many rules a page of the list shows, positionsShown how many
// positions a rule can be made for.
const (
	rulesShown     = 50
	positionsShown = 500
)

func (p *Pages) ruleRoutes() []Route {
	of := func(pattern string, class httpx.Class, serve func(*request) error) Route {
		return Route{Pattern: pattern, Who: Members, class: class, serve: serve}
	}
	return []Route{
		of("GET "+rulesPath, httpx.Ordinary, p.rules),
		of("GET "+rulesPath+"/new", httpx.Search, p.newRule),
		of("POST "+rulesPath+"/new", httpx.Search, p.writeRule),
		of("GET "+rulesPath+"/{id}", httpx.Search, p.rule),
		of("POST "+rulesPath+"/{id}", httpx.Search, p.writeRule),
		of("GET "+rulesPath+"/{id}/activate", httpx.Insight, p.askToActivate),
		of("POST "+rulesPath+"/{id}/activate", httpx.Ordinary, p.activate),
		of("POST "+rulesPath+"/{id}/pause", httpx.Ordinary, p.pause),
		of("GET "+rulesPath+"/{id}/proposals", httpx.Ordinary, p.proposals),
		of("POST "+rulesPath+"/{id}/proposals", httpx.Ordinary, p.confirmProposals),
	}
}

// listedRule is a rule with its position.
type listedRule struct {
	market.Ruled
	position position.Position
	waiting  market.Backlog
}

// proposalsPath is where who waits at a rule is confirmed.
func proposalsPath(rule uuid.UUID) string { return rulesPath + "/" + rule.String() + "/proposals" }

func (p *Pages) rules(r *request) error {
	ctx, actor, err := r.needActor()
	if err != nil {
		return err
	}
	var after int64
	if from := r.URL.Query().Get("cursor"); from != "" {
		if after, err = p.market.OpenCursor("rules", from); err != nil {
			return err
		}
	}
	found, err := p.market.Rules(ctx, actor, after, rulesShown+1)
	if err != nil {
		return err
	}
	next := ""
	if len(found) > rulesShown {
		found = found[:rulesShown]
		if next, err = p.market.SealCursor("rules", found[rulesShown-1].Key); err != nil {
			return err
		}
	}
	positions, err := p.market.Positions(ctx, actor, 0, positionsShown)
	if err != nil {
		return err
	}
	backlogs, err := p.market.Backlogs(ctx, actor)
	if err != nil {
		return err
	}
	waiting := map[uuid.UUID]market.Backlog{}
	for _, b := range backlogs {
		waiting[b.Rule] = b.Backlog
	}
	list := make([]listedRule, len(found))
	for i, one := range found {
		list[i].Ruled, list[i].waiting = one, waiting[one.ID]
		if list[i].position, err = p.positionOf(ctx, actor, positions, one.PositionID); err != nil {
			return err
		}
	}
	cost, err := p.market.Cost(ctx, actor)
	if err != nil {
		return err
	}
	k, err := p.market.Employer(ctx, actor)
	if err != nil {
		return err
	}
	x := ruleList{rules: list, next: next, stopped: stopped(r.words, k.Status), cost: cost, approve: p.market.Mode() == market.Approve, edits: mayRule(actor)}
	return p.show(r, http.StatusOK, x.title(r.words), rulesPage(r.words, x))
}

// mayRule says whether somebody makes rules, or reads them alone.
func mayRule(a market.Actor) bool { return a.Role.May(account.EditRule) == nil }

// positionOf gives a position of a list, or one of those that a list had no room for.
func (p *Pages) positionOf(ctx context.Context, actor market.Actor, list []position.Position, id uuid.UUID) (position.Position, error) {
	if i := slices.IndexFunc(list, func(x position.Position) bool { return x.ID == id }); i >= 0 {
		return list[i], nil
	}
	return p.market.Position(ctx, actor, id)
}

// ruleList is a page of a company's rules.
type ruleList struct {
	rules   []listedRule
	next    string // cursor of the next page, "": this is the last
	stopped string // why none of them sends, "" if they may
	cost    market.Cost
	approve bool // somebody confirms before anything is sent
	edits   bool
}

// stopped says why a company sends nothing, "" if it may.
func stopped(w words, s company.Status) string {
	switch s {
	case company.Applied:
		return w.Say("企業の確認が終わるまで、オファーは送られません", "Nothing is sent until your company is verified")
	case company.Suspended:
		return w.Say("企業の利用が停止されているため、オファーは送られません", "Your company is suspended, and sends nothing")
	}
	return ""
}

// endedText says why nothing begins at a company whose number was freed.
func endedText(w words) string {
	return w.Say("運営が法人番号の登録を解除したため、この企業は停止されたままです。求人の公開やオファー条件の開始はできません。", "An operator has freed your corporate number, so your company stays suspended: it can publish no position and start no rule.")
}

func (l ruleList) title(w words) string {
	if l.stopped != "" && len(l.rules) > 0 {
		return l.stopped
	}
	active := 0
	for _, r := range l.rules {
		if searches(r.State, r.position.State) {
			active++
		}
	}
	if active == 0 {
		return w.Say("有効なオファー条件はありません", "No rule sends offers now")
	}
	if l.approve {
		return w.Say(grouped(active)+"件のオファー条件が、合う人を探しています", "Rules that look for people now: "+grouped(active))
	}
	return w.Say(grouped(active)+"件のオファー条件が、自動でオファーを届けています", "Rules that send offers now: "+grouped(active))
}

// rulePageData is what the page of one rule shows.
type rulePageData struct {
	form      ruleForm
	rule      *market.Ruled // nil: a new one
	positions []position.Position
	of        position.Position // of the rule as it is stored
	filters   []filter
	count     *int // who meets what is required, nil: not known
	preview   *market.Preview
	funnel    *market.Funnel
	approve   bool
	waiting   market.Backlog // at the rule
	steps     []market.Noted // what was done to it, the newest first
	older     bool           // there are more
	names     map[uuid.UUID]string
	unknown   string // why there are no numbers
	stopped   string // why it sends nothing though it is active, "" if it may
	notice    string
	today     day.Day
	path      string
}

func (p *Pages) newRule(r *request) error {
	_, actor, err := r.needActor()
	if err == nil {
		err = actor.Role.May(account.EditRule)
	}
	if err != nil {
		return err
	}
	return p.showRule(r, http.StatusOK, &rulePageData{form: newRuleForm(r.words, r.URL.Query(), p.market.Today())})
}

func (p *Pages) rule(r *request) error {
	ctx, actor, id, err := r.needID("rule")
	if err != nil {
		return err
	}
	found, err := p.market.Rule(ctx, actor, id)
	if err != nil {
		return err
	}
	d := &rulePageData{form: formOfRule(&found), rule: &found}
	if r.URL.Query().Has("saved") {
		d.notice = r.words.Say("保存しました。", "Saved.")
	}
	if !mayRule(actor) {
		return p.readRule(r, d)
	}
	return p.showRule(r, http.StatusOK, d)
}

// readRule shows a rule to who may not change it.
func (p *Pages) readRule(r *request, d *rulePageData) error {
	ctx, actor, err := r.needActor()
	if err != nil {
		return err
	}
	d.path, d.approve = rulesPath+"/"+d.rule.ID.String(), p.market.Mode() == market.Approve
	if d.of, err = p.market.Position(ctx, actor, d.rule.PositionID); err != nil {
		return err
	}
	k, err := p.market.Employer(ctx, actor)
	if err != nil {
		return err
	}
	d.stopped = stopped(r.words, k.Status)
	if err := p.recordOfRule(ctx, actor, d); err != nil {
		return err
	}
	return p.show(r, http.StatusOK, d.of.Terms.Title, ruleReadPage(r.words, d.of.Terms.Title, d))
}

// showRule answers with the page of a rule: what is typed, and what it finds.
func (p *Pages) showRule(r *request, status int, d *rulePageData) error {
	ctx, actor, err := r.needActor()
	if err != nil {
		return err
	}
	if d.positions, err = p.market.Positions(ctx, actor, 0, positionsShown); err != nil {
		return err
	}
	d.path, d.today, d.approve = rulesPath+"/new", p.market.Today(), p.market.Mode() == market.Approve
	if d.rule != nil {
		d.path = rulesPath + "/" + d.rule.ID.String()
		if d.of, err = p.positionOf(ctx, actor, d.positions, d.rule.PositionID); err != nil {
			return err
		}
		if err := p.recordOfRule(ctx, actor, d); err != nil {
			return err
		}
	}
	k, err := p.market.Employer(ctx, actor)
	if err != nil {
		return err
	}
	d.stopped = stopped(r.words, k.Status)
	result, err := p.market.Search(ctx, actor, market.SearchInput{
		Condition: d.form.wanted.condition(), Facets: facetFields(), Choices: choicesOf(d.form.form.countings(d.form.wanted)),
	})
	switch {
	case errs.Is(err, errs.Denied):
		d.unknown = stopped(r.words, k.Status) + r.words.Say("。人数も表示されません。", ", and sees no numbers.")
	case err != nil:
		return err
	default:
		d.count = &result.Count
	}
	d.filters = d.form.form.filters(r.words, d.form.wanted, result)
	title := d.title(r.words)
	if r.partial() {
		return p.part(r, http.StatusOK, titled(r.words, title, rulePart(r.words, d)))
	}
	return p.show(r, status, title, rulePart(r.words, d))
}

// writeRule does what the pressed button of the form says: saves it, previews it, or
// shows it again with what was changed.
func (p *Pages) writeRule(r *request) error {
	ctx, actor, err := r.needActor()
	if err != nil {
		return err
	}
	if err := actor.Role.May(account.EditRule); err != nil {
		return err
	}
	if err := r.ParseForm(); err != nil {
		return errs.Wrap(errs.Invalid, "the form cannot be read", err)
	}
	d := &rulePageData{form: readRuleForm(r.words, r.PostForm)}
	if r.PathValue("id") != "" {
		_, _, id, err := r.needID("rule")
		if err != nil {
			return err
		}
		found, err := p.market.Rule(ctx, actor, id)
		if err != nil {
			return err
		}
		d.rule = &found
	}
	switch do := r.PostForm.Get("do"); do {
	case "save":
		return p.saveRule(r, d)
	case "preview":
		return p.previewRule(r, d)
	default:
		if do != "" && do != "look" {
			d.form.move(r.words, do)
		}
	}
	return p.showRule(r, http.StatusOK, d)
}

func (p *Pages) saveRule(r *request, d *rulePageData) error {
	ctx, actor, err := r.needActor()
	if err != nil {
		return err
	}
	in := d.form.input(r.words)
	if !d.form.ready() {
		return p.showRule(r, http.StatusUnprocessableEntity, d)
	}
	var saved market.Ruled
	if d.rule == nil {
		saved, err = p.market.AddRule(ctx, actor, in, r.once())
	} else {
		saved, err = p.market.SetRule(ctx, actor, d.rule.ID, d.form.version, in)
	}
	switch {
	case errs.Is(err, errs.Invalid):
		d.form.refuse(r.words, err)
		return p.showRule(r, http.StatusUnprocessableEntity, d)
	case errs.Is(err, errs.Stale):
		d.form.version = d.rule.Version
		d.notice = r.words.Say("編集中に、ほかの人がこのオファー条件を変更しました。入力した内容は残っています。もう一度保存すると、この内容で上書きします。",
			"Somebody else has changed this rule while you edited it. What you typed is here: saving again replaces their change.")
		return p.showRule(r, http.StatusConflict, d)
	case err != nil:
		return err
	}
	r.leave(rulesPath + "/" + saved.ID.String() + "?saved")
	return nil
}

// leave sends the reader on to another page, also where a script asked.
func (r *request) leave(path string) {
	if r.partial() {
		r.w.Header().Set("HX-Redirect", path)
		return
	}
	r.see(path)
}

func (p *Pages) previewRule(r *request, d *rulePageData) error {
	ctx, actor, err := r.needActor()
	if err != nil {
		return err
	}
	in := d.form.input(r.words)
	if !d.form.ready() {
		return p.showRule(r, http.StatusUnprocessableEntity, d)
	}
	var shown market.Preview
	if d.rule == nil {
		shown, err = p.market.Preview(ctx, actor, in)
	} else {
		shown, err = p.market.PreviewChange(ctx, actor, d.rule.ID, in)
	}
	status := http.StatusOK
	switch {
	case errs.Is(err, errs.Invalid):
		d.form.refuse(r.words, err)
		status = http.StatusUnprocessableEntity
	case errs.Is(err, errs.TooMany):
		d.notice = r.words.Say("プレビューは1日30通りまでです。明日またお試しください。", "There are 30 different previews a day. Please try again tomorrow.")
		status = http.StatusTooManyRequests
	case errs.Is(err, errs.Denied):
		d.notice = r.words.Say("企業の確認が終わると、プレビューできます。", "You can preview once your company is verified.")
		status = http.StatusForbidden
	case errs.Is(err, errs.Conflict):
		d.form.wrong["position"] = r.words.Say("この求人は終了しています。別の求人を選んでください。", "This position is closed. Please choose another.")
		status = http.StatusConflict
	case err != nil:
		return err
	default:
		d.preview = &shown
	}
	return p.showRule(r, status, d)
}

// askToActivate says what will happen, and asks.
func (p *Pages) askToActivate(r *request) error {
	return p.showActivation(r, http.StatusOK, "")
}

func (p *Pages) showActivation(r *request, status int, wrong string) error {
	ctx, actor, id, err := r.needID("rule")
	if err != nil {
		return err
	}
	found, err := p.market.Rule(ctx, actor, id)
	if err != nil {
		return err
	}
	of, err := p.market.Position(ctx, actor, found.PositionID)
	if err != nil {
		return err
	}
	var shown *market.Preview
	if of.State != position.Closed {
		if shown, err = p.market.PreviewRule(ctx, actor, id); err != nil {
			return err
		}
	}
	title := r.words.Say("このオファー条件を有効にしますか？", "Activate this rule?")
	return p.show(r, status, title, activationPage(r.words, title, activation{
		rule: found, position: of, preview: shown, approve: p.market.Mode() == market.Approve, wrong: wrong,
	}))
}

// activation is what activating a rule would do.
type activation struct {
	rule     market.Ruled
	position position.Position
	preview  *market.Preview
	approve  bool
	wrong    string
}

func (p *Pages) activate(r *request) error {
	ctx, actor, id, err := r.needID("rule")
	if err != nil {
		return err
	}
	_, _, err = p.market.Activate(ctx, actor, id)
	if errs.Is(err, errs.Conflict) {
		wrong := r.words.Say(
			"いまは有効にできません。求人が公開されているか、終了日が過ぎていないか、年齢の例外事由が求人の条件に合っているかをご確認ください。",
			"It cannot be activated now. Please look whether the position is published, the last day has not passed, and the age exception fits the position's terms.")
		if k, err := p.market.Employer(ctx, actor); err == nil && k.Freed {
			wrong = endedText(r.words)
		}
		return p.showActivation(r, http.StatusConflict, wrong)
	}
	if err != nil {
		return err
	}
	r.see(rulesPath + "/" + id.String())
	return nil
}

func (p *Pages) pause(r *request) error {
	ctx, actor, id, err := r.needID("rule")
	if err != nil {
		return err
	}
	if _, err := p.market.Pause(ctx, actor, id); err != nil {
		return err
	}
	r.see(rulesPath + "/" + id.String())
	return nil
}

func (d *rulePageData) title(w words) string {
	switch {
	case d.count == nil && d.rule == nil:
		return w.Say("新しいオファー条件", "A new rule")
	case d.count == nil:
		return d.of.Terms.Title
	}
	return w.Say("必須条件に合う人は"+w.People(*d.count), w.People(*d.count)+meets(*d.count)+" what you require")
}

// meets is the verb of how many people do.
func meets(n int) string {
	if n == 1 {
		return " meets"
	}
	return " meet"
}

// week is the most that a rule sends in seven days from today.
func week(r *market.Ruled) int { return min(7*r.Daily, max(0, r.TotalBudget-r.SpentTotal)) }

// offerKind says a kind of offer.
func offerKind(w words, kind string) string {
	return w.Name(taxonomy.OfferKind, kind)
}

// number is the field of a number of the form.
func (d *rulePageData) number(name, label, suffix string) typed {
	return typed{name: name, label: label, kind: "text", mode: "numeric", value: d.form.typed.Get(name), suffix: suffix, fault: d.form.wrong[name]}
}
