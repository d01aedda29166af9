package web

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"enishi/internal/company"
	"enishi/internal/day"
	"enishi/internal/errs"
	"enishi/internal/httpx"
	"enishi/internal/market"
	"enishi/internal/taxonomy"
)

func (p *Pages) operatorRoutes() []Route {
	of := func(pattern string, serve func(*request) error) Route {
		return Route{Pattern: pattern, Who: Operators, class: httpx.Ordinary, serve: serve}
	}
	return []Route{
		of("GET /operator", p.queue),
		of("GET /operator/companies", p.companies),
		of("GET /operator/companies/{id}", p.applicant),
		of("POST /operator/companies/{id}/verify", p.decide(company.Verified)),
		of("POST /operator/companies/{id}/suspend", p.decide(company.Suspended)),
		of("POST /operator/companies/{id}/free-number", p.freeNumber),
		of("POST /operator/companies/{id}/quota", p.setQuota),
		of("GET /operator/settings", p.operatorSettings),
		of("GET /operator/kpis", p.kpis),
		of("GET /operator/jobs", p.jobs),
		of("GET /operator/jobs/runs", p.jobRuns),
		of("POST /operator/jobs/{name}/run", p.runJob),
		of("GET /operator/health", p.health),
		of("GET /operator/audit", p.wholeAudit),
	}
}

// companiesShown is how many companies a page lists.
const companiesShown = 50

// listing is a page of companies.
type listing struct {
	text, status string
	rows         []company.Company
	since        map[int64]time.Time // when the waiting ones registered
	next         int64
}

// queue shows who waits to be verified, the oldest first.
func (p *Pages) queue(r *request) error {
	ctx, actor, err := r.needActor()
	if err != nil {
		return err
	}
	q, err := p.market.Queue(ctx, actor)
	if err != nil {
		return err
	}
	l, err := p.list(r, "", company.Applied)
	if err != nil {
		return err
	}
	title := r.words.Say("確認を待っている企業はありません", "No company is waiting to be verified")
	if q.Waiting > 0 {
		n := grouped(q.Waiting)
		title = r.words.Say(n+"社が確認を待っています", n+" companies wait to be verified")
		if q.Waiting == 1 {
			title = r.words.Say(title, "1 company is waiting to be verified")
		}
	}
	return p.show(r, http.StatusOK, title, queuePage(r.words, title, q, p.market.Now(), l))
}

// list reads a page of companies, and when each that waits registered.
func (p *Pages) list(r *request, text string, status company.Status) (listing, error) {
	ctx, actor, err := r.needActor()
	if err != nil {
		return listing{}, err
	}
	after, _ := strconv.ParseInt(r.URL.Query().Get("after"), 10, 64)
	l := listing{text: text, status: string(status)}
	if l.rows, err = p.market.FindCompanies(ctx, actor, text, status, after, companiesShown+1); err != nil {
		return l, err
	}
	if len(l.rows) > companiesShown {
		l.rows = l.rows[:companiesShown]
		l.next = l.rows[companiesShown-1].Key
	}
	waiting := slices.DeleteFunc(slices.Clone(l.rows), func(k company.Company) bool { return k.Status != company.Applied })
	l.since, err = p.market.Registered(ctx, actor, waiting...)
	return l, err
}

func (p *Pages) companies(r *request) error {
	q := r.URL.Query()
	status := company.Status(q.Get("status"))
	switch status {
	case company.Applied, company.Verified, company.Suspended:
	default:
		status = ""
	}
	l, err := p.list(r, q.Get("q"), status)
	if err != nil {
		return err
	}
	title := foundTitle(r.words, l)
	return p.show(r, http.StatusOK, title, companiesPage(r.words, title, p.market.Now(), l))
}

// foundTitle says how many companies a page lists; of more than a page, that it has the first.
func foundTitle(w words, l listing) string {
	if l.text == "" && l.status == "" || l.next != 0 || len(l.rows) == 0 {
		return w.Say("企業を探す", "Find a company")
	}
	n := grouped(len(l.rows))
	if n == "1" {
		return w.Say("1社が見つかりました", "1 company found")
	}
	return w.Say(n+"社が見つかりました", n+" companies found")
}

// deciding is what the page of one company keeps.
type deciding struct {
	Reasons     map[string]string // by the name of their field
	Scouts      string
	Faults      faults
	Done, Wrong string
}

func (p *Pages) applicant(r *request) error {
	done := map[string]string{
		"verified":  r.words.Say("確認済みにしました。オファーを送れるようになりました。", "It is verified: its rules send from now on."),
		"suspended": r.words.Say("停止しました。承諾されていないオファーは取り下げました。", "It is suspended; what was not accepted is withdrawn."),
		"freed":     r.words.Say("法人番号の登録を解除しました。この番号で、別の企業が登録できます。", "Its corporate number is freed: another company can register with it."),
		"quota":     r.words.Say("スカウト数の上限を変えました。", "The quota of scouts is changed."),
	}[r.URL.Query().Get("done")]
	return p.showApplicant(r, http.StatusOK, deciding{Done: done})
}

func (p *Pages) showApplicant(r *request, status int, d deciding) error {
	ctx, actor, id, err := r.needID("company")
	if err != nil {
		return err
	}
	k, err := p.market.Applicant(ctx, actor, id)
	if err != nil {
		return err
	}
	if d.Scouts == "" {
		d.Scouts = strconv.Itoa(k.Quota)
	}
	return p.show(r, status, k.Name, applicantPage(r.words, k, p.market.Now(), d))
}

// decide gives the handler of a decision, which needs a reason here: others read it.
func (p *Pages) decide(to company.Status) func(*request) error {
	return func(r *request) error {
		ctx, actor, id, err := r.needID("company")
		if err != nil {
			return err
		}
		field := "reason"
		if to == company.Suspended {
			field = "suspend.reason"
		}
		reason, d, ok := reasoned(r, field)
		if !ok {
			if to == company.Suspended { // whose field is in a dialog
				d.Wrong = r.words.Say("停止していません。", "It is not suspended. ") + d.Faults[field]
			}
			return p.showApplicant(r, http.StatusUnprocessableEntity, d)
		}
		if _, err := p.market.Decide(ctx, actor, id, to, reason); err != nil {
			return err
		}
		r.see("/operator/companies/" + id.String() + "?done=" + string(to))
		return nil
	}
}

// reasoned reads the reason of a decision; without a good one, what its page says.
func reasoned(r *request, field string) (reason string, d deciding, ok bool) {
	reason = r.PostFormValue(field)
	if reason != "" && !errs.Is(company.CheckReason(reason), errs.Invalid) {
		return reason, d, true
	}
	d = deciding{Reasons: map[string]string{field: reason}, Faults: faults{}}
	d.Faults[field] = r.words.Say("理由を、500文字までの1行で入力してください。", "Say why, in one line of up to 500 characters.")
	return reason, d, false
}

// freeNumber lets another company register with the number of one that is suspended.
func (p *Pages) freeNumber(r *request) error {
	ctx, actor, id, err := r.needID("company")
	if err != nil {
		return err
	}
	const field = "free.reason" // in a dialog
	reason, d, ok := reasoned(r, field)
	if !ok {
		d.Wrong = r.words.Say("登録を解除していません。", "It is not freed. ") + d.Faults[field]
		return p.showApplicant(r, http.StatusUnprocessableEntity, d)
	}
	if _, err = p.market.FreeNumber(ctx, actor, id, reason); errs.Is(err, errs.Conflict) {
		d.Wrong = r.words.Say("登録を解除していません。解除できるのは、停止中で、まだ解除していない企業の法人番号だけです。", "Nothing is freed: only the number of a company that is suspended, and not freed yet, can be.")
		return p.showApplicant(r, http.StatusConflict, d)
	}
	if err != nil {
		return err
	}
	r.see("/operator/companies/" + id.String() + "?done=freed")
	return nil
}

func (p *Pages) setQuota(r *request) error {
	ctx, actor, id, err := r.needID("company")
	if err != nil {
		return err
	}
	d := deciding{Scouts: r.PostFormValue("scouts"), Faults: faults{}}
	n, err := numberOf(d.Scouts, "通")
	if err == nil && n != nil {
		err = p.market.SetScoutQuota(ctx, actor, id, *n)
	} else {
		err = errs.New(errs.Invalid, "no number")
	}
	if errs.Is(err, errs.Invalid) {
		d.Faults["scouts"] = wholeFrom(r.words, 0, company.MostScoutQuota)
		return p.showApplicant(r, http.StatusUnprocessableEntity, d)
	}
	return p.then(r, err, "/operator/companies/"+id.String()+"?done=quota", func(_ *request, err error) error { return err })
}

func (p *Pages) operatorSettings(r *request) error {
	title := r.words.Say("条件が合うと、自動でオファーを送ります", "Offers are sent by themselves where both sides agree")
	if p.market.Mode() == market.Approve {
		title = r.words.Say("企業が承認してから、オファーを送ります", "Companies confirm each batch of offers")
	}
	return p.show(r, http.StatusOK, title, operatorSettingsPage(r.words, title, p.market.Mode(), p.options))
}

// kpiDays is for how many days figures are drawn.
const kpiDays = 30

// measured are the figures of some days.
type measured struct {
	days []day.Day
	of   map[string][]int // by name, one for each day
	now  map[string]int   // of no day
}

// sum adds a figure up over the days.
func (m measured) sum(name string) int {
	n := 0
	for _, v := range m.of[name] {
		n += v
	}
	return n
}

// course gives a figure as a line.
func (m measured) course(label, name, class string) course {
	values := m.of[name]
	if values == nil {
		values = make([]int, len(m.days))
	}
	return course{label, values, class}
}

func (p *Pages) kpis(r *request) error {
	ctx, actor, err := r.needActor()
	if err != nil {
		return err
	}
	last := p.market.Today() - 1 // a day that is not over would look like a fall
	m := measured{of: map[string][]int{}, now: map[string]int{}}
	for d := last - kpiDays + 1; d <= last; d++ {
		m.days = append(m.days, d)
	}
	standing, err := p.market.Figures(ctx, actor, 0, 0)
	if err != nil {
		return err
	}
	for _, f := range standing {
		m.now[f.Name] = int(f.N)
	}
	list, err := p.market.Figures(ctx, actor, m.days[0], last)
	if err != nil {
		return err
	}
	for _, f := range list {
		if m.of[f.Name] == nil {
			m.of[f.Name] = make([]int, kpiDays)
		}
		m.of[f.Name][f.Day-m.days[0]] = int(f.N)
	}
	sent, accepted := grouped(m.sum(market.FigureSent)), grouped(m.sum(market.FigureAccepted))
	title := r.words.Say("昨日までの30日で"+sent+"件を送り、"+accepted+"件が承諾されました", sent+" offers in the 30 days to yesterday, "+accepted+" accepted")
	return p.show(r, http.StatusOK, title, kpisPage(r.words, title, m))
}

// charts are what the page of figures draws.
func (m measured) charts(w words) []figure {
	days := m.days
	return []figure{
		overTime(w, w.Say("日ごとのオファー", "Offers by day"), days, []course{
			m.course(w.Say("送信", "Sent"), market.FigureSent, ""), m.course(w.Say("承諾", "Accepted"), market.FigureAccepted, "strong"),
		}, grouped),
		funnel(w.Say("この30日に送ったオファーのその後", "What became of them"), [2]string{w.Say("段階", "Step"), w.Say("件数", "Offers")}, []bar{
			{label: w.Say("送信", "Sent"), value: m.sum(market.FigureSent)},
			{label: w.Say("開封", "Opened"), value: m.sum(market.FigureSent) - m.sum(market.FigureUnseen) - m.sum(market.FigureMissed)},
			{label: w.Say("承諾", "Accepted"), value: m.sum(market.FigureAccepted), class: "strong"},
		}, grouped),
		overTime(w, w.Say("日ごとの登録", "Sign-ups by day"), days, []course{m.course(w.Say("登録", "Sign-ups"), market.FigureSignUps, "strong")}, grouped),
		overTime(w, w.Say("日ごとの失敗したログイン", "Refused sign-ins by day"), days, []course{m.course(w.Say("失敗", "Refused"), market.FigureRefused, "")}, grouped),
	}
}

func (p *Pages) jobs(r *request) error {
	ctx, actor, err := r.needActor()
	if err != nil {
		return err
	}
	list, err := p.market.JobsOf(ctx, actor)
	if err != nil {
		return err
	}
	failed := 0
	for _, j := range list {
		if j.Last != nil && j.Last.Outcome == market.Failed {
			failed++
		}
	}
	title := r.words.Say("ジョブはすべて順調です", "All jobs are well")
	if failed > 0 {
		title = r.words.Say(strconv.Itoa(failed)+"つのジョブが失敗しています", strconv.Itoa(failed)+" jobs have failed")
	}
	done := ""
	if r.URL.Query().Get("done") != "" {
		done = r.words.Say("実行を受け付けました。10秒ほどで始まります。", "It is asked for, and begins within some ten seconds.")
	}
	return p.show(r, http.StatusOK, title, jobsPage(r.words, title, list, done))
}

// runsShown is how many runs a page lists.
const runsShown = 50

func (p *Pages) jobRuns(r *request) error {
	ctx, actor, err := r.needActor()
	if err != nil {
		return err
	}
	name := cmp.Or(r.URL.Query().Get("job"), "statistics")
	list, err := p.market.RunsOf(ctx, actor, name, runsShown)
	if err != nil {
		return err
	}
	title := r.words.Say(jobName(r.words, name)+"の実行", "Runs of "+jobName(r.words, name))
	return p.show(r, http.StatusOK, title, runsPage(r.words, title, list))
}

func (p *Pages) runJob(r *request) error {
	ctx, actor, err := r.needActor()
	if err != nil {
		return err
	}
	if err := p.market.AskForJob(ctx, actor, r.PathValue("name")); err != nil {
		return err
	}
	r.see("/operator/jobs?done=" + r.PathValue("name"))
	return nil
}

func (p *Pages) health(r *request) error {
	ctx, actor, err := r.needActor()
	if err != nil {
		return err
	}
	h, err := p.market.Health(ctx, actor)
	if err != nil {
		return err
	}
	list := partsOf(r.words, &h, p.market.Now())
	bad := 0
	for _, part := range list {
		if part.class == "bad" {
			bad++
		}
	}
	title := r.words.Say("すべて正常に動いています", "Everything works")
	if bad > 0 {
		title = r.words.Say(strconv.Itoa(bad)+"か所に問題があります", strconv.Itoa(bad)+" parts need a look")
	}
	return p.show(r, http.StatusOK, title, healthPage(r.words, title, list))
}

func (p *Pages) wholeAudit(r *request) error {
	ctx, actor, err := r.needActor()
	if err != nil {
		return err
	}
	var of market.EntryFilter
	title := r.words.Say("だれが、いつ、何をしたか", "Who did what, and when")
	if text := r.URL.Query().Get("company"); text != "" {
		id, err := uuid.Parse(text)
		if err != nil {
			return errs.New(errs.NotFound, "no such company")
		}
		k, err := p.market.Applicant(ctx, actor, id)
		if err != nil {
			return err
		}
		of.Company = k.Key
		title = r.words.Say(k.Name+"で、だれが何をしたか", "Who did what at "+k.Name)
	}
	a, err := p.readAudit(r, "/operator/audit", of)
	if err != nil {
		return err
	}
	return p.show(r, http.StatusOK, title, auditPage(r.words, title, a))
}

func statusName(w words, s company.Status) string {
	switch s {
	case company.Applied:
		return w.Say("確認待ち", "waits")
	case company.Verified:
		return w.Say("確認済み", "verified")
	case company.Suspended:
		return w.Say("停止中", "suspended")
	case company.NumberFreed:
		return w.Say("法人番号の解除", "number freed")
	}
	return string(s)
}

// standing says a company's status, and whether that is for ever.
func standing(w words, k company.Company) string {
	if k.Freed {
		return w.Say("停止中（法人番号は解除済み）", "suspended for good, number freed")
	}
	return statusName(w, k.Status)
}

func statusClass(s company.Status) string {
	return map[company.Status]string{company.Applied: "warn", company.Verified: "good", company.Suspended: "bad"}[s]
}

func statuses(w words) []option {
	var out []option
	for _, s := range []company.Status{company.Applied, company.Verified, company.Suspended} {
		out = append(out, option{string(s), statusName(w, s)})
	}
	return out
}

// sizeName says a band of company sizes.
func sizeName(w words, size int) string {
	items := taxonomy.Of(taxonomy.CompanySize).Items()
	if size < 0 || size >= len(items) {
		return strconv.Itoa(size)
	}
	return w.Say(items[size].JA, items[size].EN)
}

// took says how long something lasted.
func took(w words, d time.Duration) string {
	if d < 50*time.Millisecond {
		return w.Say("0.1秒未満", "under 0.1 s")
	}
	if d < time.Minute {
		return tenths(d.Seconds()) + w.Say("秒", " s")
	}
	n, seconds := grouped(int(d.Minutes())), strconv.Itoa(int(d.Seconds())%60)
	return w.Say(n+"分"+seconds+"秒", n+" min "+seconds+" s")
}

// waited says for how long somebody has waited, to be followed by "前" or "ago".
func waited(w words, now, since time.Time) string {
	switch d := now.Sub(since); {
	case d < time.Hour:
		n := max(1, int(d.Minutes()))
		if n == 1 {
			return w.Say("1分", "1 minute")
		}
		return w.Say(strconv.Itoa(n)+"分", strconv.Itoa(n)+" minutes")
	case d < 2*time.Hour:
		return w.Say("1時間", "1 hour")
	case d < 48*time.Hour:
		n := strconv.Itoa(int(d.Hours()))
		return w.Say(n+"時間", n+" hours")
	default:
		n := grouped(int(d.Hours() / 24))
		return w.Say(n+"日", n+" days")
	}
}
