package web

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"enishi/internal/account"
	"enishi/internal/condition"
	"enishi/internal/errs"
	"enishi/internal/httpx"
	"enishi/internal/market"
	"enishi/internal/position"
	"enishi/internal/taxonomy"
)

func (p *Pages) positionRoutes() []Route {
	of := func(pattern string, serve func(*request) error) Route {
		return Route{Pattern: pattern, Who: Members, class: httpx.Ordinary, serve: serve}
	}
	return []Route{
		of("GET /company/positions", p.positions),
		of("GET /company/positions/new", p.newPosition),
		of("POST /company/positions", p.addPosition),
		of("GET /company/positions/{id}", p.editPosition),
		of("POST /company/positions/{id}", p.savePosition),
		of("POST /company/positions/{id}/publish", p.publish),
		of("POST /company/positions/{id}/close", p.closePosition),
	}
}

// positionsListed is how many positions a page lists.
const positionsListed = 100

func (p *Pages) positions(r *request) error {
	ctx, actor, err := r.needActor()
	if err != nil {
		return err
	}
	after := int64(0)
	if text := r.URL.Query().Get("after"); text != "" {
		if after, err = p.market.OpenCursor("positions", text); err != nil {
			return err
		}
	}
	list, err := p.market.Positions(ctx, actor, after, positionsListed+1)
	if err != nil {
		return err
	}
	next := ""
	if len(list) > positionsListed {
		list = list[:positionsListed]
		if next, err = p.market.SealCursor("positions", list[len(list)-1].Key); err != nil {
			return err
		}
	}
	public := 0
	for _, x := range list {
		if x.State == position.Published {
			public++
		}
	}
	title := r.words.Say(fmt.Sprintf("%d件の求人を公開しています", public), fmt.Sprintf("%d positions are public", public))
	if len(list) == 0 {
		title = r.words.Say("求人はまだありません", "No position yet")
	}
	return p.show(r, http.StatusOK, title, positionsPage(r.words, title, list, next, mayEdit(actor)))
}

func mayEdit(a market.Actor) bool { return a.Role.May(account.EditPosition) == nil }

// editing is what the editor of a position keeps.
type editing struct {
	position position.Position // as it is stored; none while it is new
	form     url.Values        // what is typed
	terms    position.Terms    // the same, as far as it can be read
	faults   faults
	wrong    string
	done     string
	edits    bool
	ended    bool // closed while it was edited: what is typed can become another position
}

func (e editing) isNew() bool { return e.position.Key == 0 }

// makes says whether saving makes another position.
func (e editing) makes() bool { return e.isNew() || e.ended }

// writes says whether the reader may change what is shown.
func (e editing) writes() bool { return e.edits && (e.ended || e.position.State != position.Closed) }

func (p *Pages) newPosition(r *request) error {
	_, actor, err := r.needActor()
	if err == nil {
		err = actor.Role.May(account.EditPosition)
	}
	if err != nil {
		return err
	}
	return p.showEditor(r, http.StatusOK, editing{form: url.Values{}, edits: mayEdit(actor)})
}

func (p *Pages) showEditor(r *request, status int, e editing) error {
	title := r.words.Say("求人を書く", "Write a position")
	if !e.isNew() {
		title = e.position.Terms.Title
	}
	return p.show(r, status, title, editorPage(r.words, title, e))
}

func (p *Pages) editPosition(r *request) error {
	ctx, actor, id, err := r.needID("position")
	if err != nil {
		return err
	}
	x, err := p.market.Position(ctx, actor, id)
	if err != nil {
		return err
	}
	saved := r.words.Say("保存しました。公開するまで、候補者には見えません。", "Saved. Nobody sees it until you publish it.")
	if x.PublishedVersion != 0 {
		saved = r.words.Say("保存しました。公開中の内容は、公開し直すまで変わりません。", "Saved. What is public stays as it is until you publish again.")
	}
	done := map[string]string{
		"saved":     saved,
		"published": r.words.Say("公開しました。", "Published."),
		"closed":    r.words.Say("募集を終了しました。", "Closed."),
	}[r.URL.Query().Get("done")]
	return p.showEditor(r, http.StatusOK, editing{position: x, form: formOf(&x.Terms), terms: x.Terms, done: done, edits: mayEdit(actor)})
}

func (p *Pages) addPosition(r *request) error {
	ctx, actor, err := r.needActor()
	if err != nil {
		return err
	}
	e, err := r.typedTerms(actor)
	var x position.Position
	if err == nil {
		x, err = p.market.AddPosition(ctx, actor, e.terms, r.once())
	}
	if errs.Is(err, errs.Invalid) {
		e.faults = termFaults(r.words, &e.terms, err)
		return p.showEditor(r, http.StatusUnprocessableEntity, e)
	}
	return p.then(r, err, "/company/positions/"+x.ID.String()+"?done=saved", asItIs)
}

// asItIs passes an error on.
func asItIs(_ *request, err error) error { return err }

func (p *Pages) savePosition(r *request) error {
	ctx, actor, id, err := r.needID("position")
	if err != nil {
		return err
	}
	stored, err := p.market.Position(ctx, actor, id)
	if err != nil {
		return err
	}
	e, err := r.typedTerms(actor)
	e.position = stored
	if err == nil {
		version, _ := strconv.ParseInt(r.PostForm.Get("version"), 10, 64)
		_, err = p.market.SetPosition(ctx, actor, id, version, e.terms)
	}
	switch {
	case errs.Is(err, errs.Invalid):
		e.faults = termFaults(r.words, &e.terms, err)
		return p.showEditor(r, http.StatusUnprocessableEntity, e)
	case errs.Is(err, errs.Stale):
		e.wrong = r.words.Say("ほかの方が先に保存しました。入力した内容は残っています。もう一度保存すると、この内容に置き換わります。", "Somebody else saved in between. What you typed is kept: save again to replace what they wrote.")
		return p.showEditor(r, http.StatusConflict, e)
	case errs.Is(err, errs.Conflict):
		if e.position, err = p.market.Position(ctx, actor, id); err != nil {
			return err
		}
		e.ended = true
		e.wrong = r.words.Say("この求人は募集を終了したため、変更を保存できません。入力した内容は残っています。新しい求人の下書きとして保存できます。", "This position is closed, so changes cannot be saved. What you typed is kept, and can be saved as a draft of a new position.")
		return p.showEditor(r, http.StatusConflict, e)
	}
	return p.then(r, err, "/company/positions/"+id.String()+"?done=saved", asItIs)
}

func (p *Pages) publish(r *request) error {
	return p.actOn(r, "published", func(id uuid.UUID, a market.Actor) error {
		_, err := p.market.Publish(r.Context(), a, id)
		return err
	})
}

func (p *Pages) closePosition(r *request) error {
	return p.actOn(r, "closed", func(id uuid.UUID, a market.Actor) error {
		_, err := p.market.Close(r.Context(), a, id)
		return err
	})
}

// actOn takes a step on a position, and shows it with what stands in the way.
func (p *Pages) actOn(r *request, done string, act func(uuid.UUID, market.Actor) error) error {
	ctx, actor, id, err := r.needID("position")
	if err != nil {
		return err
	}
	err = act(id, actor)
	if !errs.Is(err, errs.Invalid) && !errs.Is(err, errs.Conflict) {
		return p.then(r, err, "/company/positions/"+id.String()+"?done="+done, asItIs)
	}
	x, lookErr := p.market.Position(ctx, actor, id)
	if lookErr != nil {
		return lookErr
	}
	e := editing{position: x, form: formOf(&x.Terms), terms: x.Terms, edits: mayEdit(actor), faults: termFaults(r.words, &x.Terms, err)}
	if errs.Is(err, errs.Conflict) {
		e.wrong = r.words.Say("いまは公開できません。年齢条件のあるオファー条件が、この内容を認めていません。先にそのオファー条件を直すか、停止してください。", "This cannot be published now: a rule with an age condition does not allow these terms. Edit or pause that rule first.")
		if x.State == position.Closed {
			e.wrong = r.words.Say("募集を終了した求人は、公開できません。", "A closed position cannot be published.")
		} else if k, err := p.market.Employer(ctx, actor); err == nil && k.Freed {
			e.wrong = endedText(r.words)
		}
		return p.showEditor(r, http.StatusConflict, e)
	}
	e.wrong = r.words.Say("公開するには、あと"+strconv.Itoa(len(e.faults))+"項目の入力か修正が必要です。", "Items still to be filled in or changed: "+strconv.Itoa(len(e.faults))+".")
	return p.showEditor(r, http.StatusUnprocessableEntity, e)
}

// Names of the numbers and flags of terms, in the order of the form.
func numberNames() []string {
	return []string{"pay_min", "pay_max", "overtime_hours", "holidays_per_year", "start_hour", "end_hour"}
}

func flagNames() []string {
	return []string{"flextime", "shift_work", "side_job_ok", "relocation", "fixed_overtime_pay", "discretionary_work", "smoke_free", "childcare"}
}

// termNumber and termFlag give where a field of the form is kept.
func termNumber(t *position.Terms, name string) **int {
	return map[string]**int{
		"pay_min": &t.PayMin, "pay_max": &t.PayMax, "overtime_hours": &t.OvertimeHours, "holidays_per_year": &t.HolidaysPerYear,
		"start_hour": &t.StartHour, "end_hour": &t.EndHour, "remote": &t.Remote, "weekly_days_off": &t.WeeklyDaysOff,
	}[name]
}

func termFlag(t *position.Terms, name string) **bool {
	return map[string]**bool{
		"flextime": &t.Flextime, "shift_work": &t.ShiftWork, "side_job_ok": &t.SideJobOK, "relocation": &t.Relocation,
		"fixed_overtime_pay": &t.FixedOvertimePay, "discretionary_work": &t.DiscretionaryWork, "smoke_free": &t.SmokeFree, "childcare": &t.Childcare,
	}[name]
}

func termText(t *position.Terms, name string) *string {
	l := &t.Legal
	return map[string]*string{
		"title": &t.Title, "text": &t.Text, "occupation": &t.Occupation, "industry": &t.Industry, "employment_type": &t.EmploymentType,
		"legal.work": &l.Work, "legal.work_change": &l.WorkChange, "legal.place": &l.Place, "legal.place_change": &l.PlaceChange,
		"legal.contract_term": &l.ContractTerm, "legal.renewal_limit": &l.RenewalLimit, "legal.trial_period": &l.TrialPeriod,
		"legal.hours": &l.Hours, "legal.overtime": &l.Overtime, "legal.holidays": &l.Holidays, "legal.pay": &l.Pay,
		"legal.fixed_overtime_pay": &l.FixedOvertimePay, "legal.insurance": &l.Insurance, "legal.smoking": &l.Smoking,
	}[name]
}

func textNames() []string {
	names := []string{"title", "text", "occupation", "industry", "employment_type"}
	for _, item := range legalKeys() {
		names = append(names, "legal."+item)
	}
	return names
}

func legalKeys() []string {
	return []string{
		"work", "work_change", "place", "place_change", "contract_term", "renewal_limit", "trial_period", "hours", "overtime", "holidays", "pay",
		"fixed_overtime_pay", "insurance", "smoking",
	}
}

// formOf gives terms as the form shows them.
func formOf(t *position.Terms) url.Values {
	v := url.Values{"prefecture": t.Prefecture}
	for _, name := range textNames() {
		v.Set(name, *termText(t, name))
	}
	for _, name := range append(numberNames(), "remote", "weekly_days_off") {
		if n := *termNumber(t, name); n != nil {
			v.Set(name, strconv.Itoa(*n))
		}
	}
	for _, name := range flagNames() {
		if b := *termFlag(t, name); b != nil {
			v.Set(name, strconv.FormatBool(*b))
		}
	}
	return v
}

// typedTerms reads the form. What cannot be read is Invalid, by pointer; the rest is
// in the terms.
func (r *request) typedTerms(actor market.Actor) (editing, error) {
	e := editing{edits: mayEdit(actor)}
	if err := r.ParseForm(); err != nil {
		return e, errs.Wrap(errs.Invalid, "the form cannot be read", err)
	}
	e.form = r.PostForm
	for _, name := range textNames() {
		*termText(&e.terms, name) = strings.ReplaceAll(strings.TrimSpace(e.form.Get(name)), "\r\n", "\n")
	}
	e.terms.Prefecture = e.form["prefecture"]
	var wrong []errs.Problem
	for _, name := range append(numberNames(), "remote", "weekly_days_off") {
		f, _ := condition.FieldOf(condition.Positions, name)
		n, err := numberOf(e.form.Get(name), unitsOf(f)...)
		if err != nil {
			wrong = append(wrong, errs.Problem{Pointer: "/" + name, Found: strconv.Quote(e.form.Get(name)), Allowed: "a whole number"})
			continue
		}
		*termNumber(&e.terms, name) = n
	}
	for _, name := range flagNames() {
		if b, err := strconv.ParseBool(e.form.Get(name)); err == nil {
			*termFlag(&e.terms, name) = &b
		}
	}
	if len(wrong) > 0 {
		return e, errs.AtPointers(wrong...)
	}
	return e, nil
}

// termFaults says what is wrong with, or missing in, the fields of a form of terms.
func termFaults(w words, t *position.Terms, err error) faults {
	var problem *errs.Error
	out := faults{}
	if !errors.As(err, &problem) {
		return out
	}
	for _, x := range problem.Problems {
		name := strings.ReplaceAll(strings.TrimPrefix(x.Pointer, "/"), "/", ".")
		if strings.HasPrefix(name, "prefecture") {
			name = "prefecture"
		}
		switch number := termNumber(&position.Terms{}, name) != nil; {
		case name == "title":
			out[name] = w.Say("1〜100文字の求人名を入力してください。", "Give it a title of 1 to 100 characters.")
		case x.Found == "nothing":
			out[name] = w.Say("公開するには、この項目が必要です。", "This is needed before it is published.")
		case name == "pay_min" && underpaid(w, t) != "":
			out[name] = underpaid(w, t)
		case name == "pay_max" && strings.HasPrefix(x.Allowed, "not below"):
			out[name] = w.Say("上限は下限以上にしてください。", "The upper end must not be below the lower one.")
		case number:
			f, _ := condition.FieldOf(condition.Positions, name)
			out[name] = wholeFrom(w, f.Lo, f.Hi)
		case termText(&position.Terms{}, name) != nil && name != "occupation" && name != "industry" && name != "employment_type":
			out[name] = w.Say("長すぎるか、使えない文字があります。", "It is too long, or has characters that cannot be kept.")
		default:
			out[name] = w.Say("一覧から選んでください。", "Please choose from the list.")
		}
	}
	return out
}

func stateOfPosition(w words, x *position.Position) string {
	switch {
	case x.State == position.Closed:
		return w.Say("募集終了", "closed")
	case x.State == position.Draft:
		return w.Say("下書き", "draft")
	case x.PublishedVersion != x.Version:
		return w.Say("公開中・未公開の変更あり", "public, with changes that are not")
	}
	return w.Say("公開中", "public")
}

// ordinals gives the options of an ordinal or small classification.
func ordinals(w words, kind taxonomy.Kind) []option {
	var out []option
	for _, item := range taxonomy.Of(kind).Items() {
		if taxonomy.Of(kind).Leaf(item.Code) {
			out = append(out, option{item.Code, w.Say(item.JA, item.EN)})
		}
	}
	return out
}

func yesNo(w words) []option {
	return []option{{"true", w.Say("はい", "Yes")}, {"false", w.Say("いいえ", "No")}}
}

// legalField is an item that the law wants: what it asks for, and how it may read.
type legalField struct{ key, name, why, example string }

// legalFields gives the required items in the order of the enforcement rules.
func legalFields(w words) []legalField {
	names := legalItems(w, &position.Legal{})
	said := [][2]string{
		{w.Say("雇い入れ直後の仕事を具体的に。", "The work right after hiring."), w.Say("自社サービスのサーバー開発と運用", "Develop and run the servers of our service")},
		{w.Say("将来、変わりうる仕事の範囲（2024年4月から必須）。", "How far it may change later (required since April 2024)."), w.Say("会社の定める業務全般", "Any work that the company assigns")},
		{w.Say("雇い入れ直後の勤務場所。", "The place right after hiring."), w.Say("東京本社（千代田区）", "Head office, Chiyoda, Tokyo")},
		{w.Say("将来、変わりうる場所の範囲（2024年4月から必須）。", "Where it may change to (required since April 2024)."), w.Say("全国の支社。在宅勤務を含む", "Any branch in Japan, and home")},
		{w.Say("期間の定めの有無。あるなら期間と更新の有無。", "Whether it has a term, and if so how long, and whether it is renewed."), w.Say("期間の定めなし", "No fixed term")},
		{w.Say("更新の上限の有無と内容（2024年4月から必須）。", "Whether renewals have a limit (required since April 2024)."), w.Say("該当なし（期間の定めなし）", "None: no fixed term")},
		{w.Say("有無と期間、その間の条件の違い。", "Whether there is one, how long, and what differs."), w.Say("3か月。条件は本採用と同じ", "3 months, on the same terms")},
		{w.Say("始業・終業の時刻と休憩。裁量労働制ならその旨。", "When it begins and ends, the break; discretionary work if so."), w.Say("9:00〜18:00、休憩60分", "9:00 to 18:00 with a break of 60 minutes")},
		{w.Say("所定時間を超える労働の有無。", "Whether there is overtime."), w.Say("あり（月平均15時間）", "Yes, 15 hours a month on average")},
		{w.Say("休日の曜日や年間の日数。", "Which days, or how many a year."), w.Say("土日祝、年末年始（年間125日）", "Weekends, holidays, New Year: 125 days a year")},
		{w.Say("基本給、手当、賞与。時給や月給の別。", "Base pay, allowances, bonus; by the hour or the month."), w.Say("月給35万〜50万円、賞与年2回、通勤手当", "JPY 350,000 to 500,000 a month, two bonuses, commuting")},
		{w.Say("含むなら、金額、時間数、超過分を別に払うこと。含まないなら、その旨。", "If included: the sum, the hours, and that more is paid on top. If not, say so."), w.Say("含まない", "Not included")},
		{w.Say("加入する保険。", "What insurance covers them."), w.Say("健康・厚生年金・雇用・労災", "Health, pension, employment, accident")},
		{w.Say("屋内の受動喫煙対策。", "Measures against passive smoking indoors."), w.Say("屋内禁煙（屋外に喫煙所）", "No smoking indoors")},
	}
	out := make([]legalField, len(said))
	for i, key := range legalKeys() {
		out[i] = legalField{key, names[i].name, said[i][0], said[i][1]}
	}
	return out
}

func numberLabel(w words, name string) (label, suffix string) {
	switch name {
	case "pay_min":
		return w.Say("年収の下限", "Annual pay from"), w.Say("万円", "× 10,000 yen")
	case "pay_max":
		return w.Say("年収の上限", "Annual pay up to"), w.Say("万円", "× 10,000 yen")
	case "overtime_hours":
		return w.Say("残業（月平均）", "Overtime a month"), w.Say("時間", "hours")
	case "holidays_per_year":
		return w.Say("年間休日", "Days off a year"), w.Say("日", "days")
	case "start_hour":
		return w.Say("始業", "Begins at"), w.Say("時", "o'clock")
	}
	return w.Say("終業", "Ends at"), w.Say("時", "o'clock")
}

func flagLabel(w words, name string) string {
	return map[string]string{
		"flextime": w.Say("フレックスタイム", "Flextime"), "shift_work": w.Say("シフト勤務", "Shift work"), "side_job_ok": w.Say("副業可", "Side jobs allowed"),
		"relocation": w.Say("転勤あり", "Relocation"), "fixed_overtime_pay": w.Say("固定残業代あり", "Fixed overtime pay"),
		"discretionary_work": w.Say("裁量労働制", "Discretionary work"), "smoke_free": w.Say("禁煙", "Smoke-free"), "childcare": w.Say("育児支援", "Childcare support"),
	}[name]
}

// missing gives the items that have to be filled in or changed before these terms can
// be published.
func missing(w words, t *position.Terms) faults { return termFaults(w, t, t.Publishable()) }

// editorPath is where the form of an editor goes, below the positions.
func editorPath(e editing) string {
	if e.makes() {
		return ""
	}
	return "/" + e.position.ID.String()
}
