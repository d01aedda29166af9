package api

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"

	"enishi/internal/day"
	"enishi/internal/httpx"
	"enishi/internal/market"
)

// CompanyFile is a company with the evidence by which an operator decides.
type CompanyFile struct {
	CompanyAnswer
	RegisteredAt time.Time      `json:"registered_at"`
	HeadName     string         `json:"head_name,omitempty" doc:"Name of the head of its group, if that is registered."`
	HeadStatus   string         `json:"head_status,omitempty" enum:"applied,verified,suspended"`
	Members      []MemberDomain `json:"members"`
	Decisions    []Decision     `json:"decisions" doc:"The newest first."`
	Scouts       Quota          `json:"scouts"`
}

// MemberDomain is a member by the domain of their address.
type MemberDomain struct {
	Role      string `json:"role" enum:"owner,recruiter,viewer"`
	Domain    string `json:"domain"`
	Confirmed bool   `json:"confirmed"`
}

// Decision is what an operator decided.
type Decision struct {
	Status   string    `json:"status" enum:"applied,verified,suspended,freed" doc:"What it became; freed: its number was, and it stays suspended."`
	Reason   string    `json:"reason,omitempty"`
	At       time.Time `json:"at"`
	Operator string    `json:"operator,omitempty" doc:"Id of the account."`
}

// FreeingBody says why a number is freed.
type FreeingBody struct {
	Reason string `json:"reason" minLength:"1" maxLength:"500" doc:"Kept for operators."`
}

// QuotaBody sets a quota.
type QuotaBody struct {
	Scouts int `json:"scouts" minimum:"0" maximum:"10000" doc:"How many the company may send in a month."`
}

// JobAnswer is a job with its last runs.
type JobAnswer struct {
	Name     string    `json:"name"`
	What     string    `json:"what"`
	Schedule string    `json:"schedule"`
	NextAt   time.Time `json:"next_at"`
	Last     *JobRun   `json:"last,omitempty" doc:"Absent: it has never run."`
}

// JobRun is one run of a job.
type JobRun struct {
	StartedAt time.Time  `json:"started_at"`
	EndedAt   *time.Time `json:"ended_at,omitempty"`
	Outcome   string     `json:"outcome" enum:"running,done,stopped,failed,interrupted"`
	Examined  int64      `json:"examined" doc:"Rows read or written."`
	Changed   int64      `json:"changed"`
	Bytes     int64      `json:"bytes" doc:"Written to files."`
	Error     string     `json:"error,omitempty"`
}

// Jobs are all of them.
type Jobs struct {
	Items []JobAnswer `json:"items"`
}

// JobRuns are the runs of one job.
type JobRuns struct {
	Items []JobRun `json:"items" doc:"The newest first."`
}

// Named is the parameter of an operation on a job.
type Named struct {
	Name string `path:"name" doc:"Name of the job."`
}

// HealthAnswer is how every part is, as the process sees it that answers.
type HealthAnswer struct {
	Status       Status     `json:"status"`
	Leads        bool       `json:"leads" doc:"This process walks the log."`
	UnappliedAge float64    `json:"unapplied_seconds" doc:"Age of the first row that searches here do not know yet."`
	UnmatchedAge float64    `json:"unmatched_seconds" doc:"Age of the first row for which offers have not been made yet."`
	Replica      bool       `json:"replica"`
	ReplicaRests int64      `json:"replica_fallbacks" doc:"Reads that the database answered in the replica's place."`
	CacheUp      bool       `json:"redis_up" doc:"What keeps the sessions answers; false if nothing does."`
	Cached       bool       `json:"sessions_cached"`
	Candidates   int        `json:"candidates" doc:"In the population."`
	Rules        int        `json:"rules" doc:"In the population."`
	Bytes        int64      `json:"bytes" doc:"Of both populations."`
	Snapshot     *JobRun    `json:"snapshot,omitempty" doc:"The last run of the job that writes them."`
	Failing      []string   `json:"failing_jobs"`
	Mails        int        `json:"mails_waiting"`
	OldestMail   *time.Time `json:"oldest_mail,omitempty"`
	MailsSent    int        `json:"mails_sent" doc:"Of those written in the last 24 hours."`
	MailsRefused int        `json:"mails_refused" doc:"Of those written in the last 24 hours: given up."`
}

// SettingsAnswer are the settings of the process that an operator asks about.
type SettingsAnswer struct {
	MatchingMode string `json:"matching_mode" enum:"approve,auto" doc:"ENISHI_MATCHING_MODE."`
	Permit       string `json:"permit,omitempty" doc:"ENISHI_PERMIT: of the employment-placement business."`
	Demo         bool   `json:"demo"`
	Environment  string `json:"environment" doc:"ENISHI_ENVIRONMENT: the installation's name; empty: it has none."`
	DataKind     string `json:"data_kind,omitempty" enum:"real,demo" doc:"ENISHI_DATA_KIND: whose data may be there; absent: anybody's."`
}

// FigureAnswer is a figure of a day.
type FigureAnswer struct {
	Day  *day.Day `json:"day,omitempty" doc:"Absent: of no day."`
	Name string   `json:"name"`
	N    int64    `json:"n"`
}

// Figures are those of a time.
type Figures struct {
	Items []FigureAnswer `json:"items"`
}

// figureList are the parameters of the figures.
type figureList struct {
	From  string `query:"from" format:"date" doc:"The first day; absent: 29 days before the last."`
	Until string `query:"until" format:"date" doc:"The last day; absent: the log's."`
}

func exampleRun() JobRun {
	at := time.Date(2026, time.December, 1, 0, 30, 0, 0, time.UTC)
	return JobRun{StartedAt: at, EndedAt: to(at.Add(time.Second)), Outcome: "done", Examined: 412, Changed: 17}
}

func (s *service) addOperators(o Options) {
	of := func(method, path, id, summary string, answer any) operation {
		return operation{
			method: method, path: "/api/v1/operator/" + path, id: id, class: httpx.Ordinary, tag: tagOperators, who: operators, summary: summary, answer: answer,
		}
	}
	at := exampleRun().StartedAt
	handle(s, of(http.MethodGet, "companies/{id}", "company", "A company with the evidence", CompanyFile{
		CompanyAnswer: exampleCompanyAnswer(), RegisteredAt: at, Members: []MemberDomain{{"owner", "enishi-shouji.example.jp", true}},
		Decisions: []Decision{{"verified", "登記情報と一致することを確認しました。", at, exampleID(9)}}, Scouts: Quota{100, 12},
	}), s.company)
	quota := of(http.MethodPost, "companies/{id}/quota", "set-scout-quota", "Say how many scouts a company may send in a month", nil)
	quota.status, quota.request = http.StatusNoContent, QuotaBody{200}
	handleBody(s, quota, func(ctx context.Context, in *Identified, b *QuotaBody) (*none, error) {
		id, err := in.uuid("company")
		if err != nil {
			return nil, err
		}
		return &none{}, s.market.SetScoutQuota(ctx, actorOf(ctx), id, b.Scouts)
	})
	free := of(http.MethodPost, "companies/{id}/free-number", "free-company-number",
		"Free the corporate number of a suspended company for another, for good: it stays suspended", nil)
	free.status, free.request, free.errors = http.StatusNoContent, FreeingBody{"登記上の企業とは別の者による登録でした。"}, []int{http.StatusConflict}
	handleBody(s, free, func(ctx context.Context, in *Identified, b *FreeingBody) (*none, error) {
		id, err := in.uuid("company")
		if err != nil {
			return nil, err
		}
		_, err = s.market.FreeNumber(ctx, actorOf(ctx), id, b.Reason)
		return &none{}, err
	})
	handle(s, of(http.MethodGet, "settings", "operator-settings", "The settings that decide over offers, and which installation this is; they are set where the process is started",
		SettingsAnswer{"approve", "13-ユ-000000", false, "prod", "real"}), func(ctx context.Context, _ *none) (*answered[SettingsAnswer], error) {
		kind, err := s.market.Data(ctx)
		return &answered[SettingsAnswer]{SettingsAnswer{string(s.market.Mode()), o.Permit, o.Demo, o.Environment, string(kind)}}, err
	})
	handle(s, of(http.MethodGet, "health", "health", "How every part is", HealthAnswer{
		Status: exampleStatus(), Leads: true, Candidates: 170_000, Rules: 22_000, Bytes: 31_457_280, Snapshot: to(exampleRun()), Failing: []string{},
	}), s.health)
	mails := of(http.MethodGet, "mails", "operator-mails", "How far mails have come, the newest first, without addresses and texts", MailList{[]MailAnswer{exampleStanding()}})
	mails.detail = "Those to a candidate, or to the members of a company, if `of` is the id of one; else all."
	mails.errors = []int{http.StatusNotFound}
	handle(s, mails, s.mails)
	handle(s, of(http.MethodGet, "kpis", "kpis", "Figures of the installation by day: offers by what became of them, sign-ups, refused sign-ins",
		Figures{[]FigureAnswer{{to(day.Date(2026, time.December, 1)), "sent", 412}, {nil, "active_rules", 96}}}), s.kpis)
	handle(s, of(http.MethodGet, "jobs", "jobs", "The batch jobs, their last run and when the next is due",
		Jobs{[]JobAnswer{{"statistics", "Count what changed into the figures of companies and of the installation.", "every 5m", at, to(exampleRun())}}}), s.jobs)
	handle(s, of(http.MethodGet, "jobs/{name}", "job-runs", "The last runs of a job", JobRuns{[]JobRun{exampleRun()}}), s.jobRuns)
	run := of(http.MethodPost, "jobs/{name}/run", "run-job", "Make a job due now: a process that runs jobs begins it within ten seconds", nil)
	run.status = http.StatusNoContent
	handle(s, run, func(ctx context.Context, in *Named) (*none, error) {
		return &none{}, s.market.AskForJob(ctx, actorOf(ctx), in.Name)
	})
}

func (s *service) company(ctx context.Context, in *Identified) (*answered[CompanyFile], error) {
	id, err := in.uuid("company")
	if err != nil {
		return nil, err
	}
	k, err := s.market.Applicant(ctx, actorOf(ctx), id)
	if err != nil {
		return nil, err
	}
	out := CompanyFile{
		CompanyAnswer: companyAnswer(&k.Company), RegisteredAt: k.Since.UTC(), Members: []MemberDomain{}, Decisions: []Decision{},
		Scouts: Quota{k.Quota, k.Scouted},
	}
	if k.HeadFirm != nil {
		out.HeadName, out.HeadStatus = k.HeadFirm.Name, string(k.HeadFirm.Status)
	}
	for _, m := range k.Members {
		out.Members = append(out.Members, MemberDomain{string(m.Role), m.Domain, m.Confirmed})
	}
	for _, d := range k.Decisions {
		shown := Decision{Status: string(d.Status), Reason: d.Reason, At: d.At.UTC()}
		if d.Operator != uuid.Nil {
			shown.Operator = d.Operator.String()
		}
		out.Decisions = append(out.Decisions, shown)
	}
	return &answered[CompanyFile]{out}, nil
}

func runOf(r *market.Run) *JobRun {
	if r == nil {
		return nil
	}
	out := &JobRun{
		StartedAt: r.Started.UTC(), Outcome: string(r.Outcome), Examined: r.Examined, Changed: r.Changed, Bytes: r.Bytes, Error: r.Error,
	}
	if !r.Ended.IsZero() {
		out.EndedAt = to(r.Ended.UTC())
	}
	return out
}

func (s *service) jobs(ctx context.Context, _ *none) (*answered[Jobs], error) {
	list, err := s.market.JobsOf(ctx, actorOf(ctx))
	out := Jobs{[]JobAnswer{}}
	for i := range list {
		j := &list[i]
		out.Items = append(out.Items, JobAnswer{j.Name, j.What, j.Schedule(), j.Next.UTC(), runOf(j.Last)})
	}
	return &answered[Jobs]{out}, err
}

// runsShown is how many runs of a job are listed.
const runsShown = 50

func (s *service) jobRuns(ctx context.Context, in *Named) (*answered[JobRuns], error) {
	list, err := s.market.RunsOf(ctx, actorOf(ctx), in.Name, runsShown)
	out := JobRuns{[]JobRun{}}
	for i := range list {
		out.Items = append(out.Items, *runOf(&list[i]))
	}
	return &answered[JobRuns]{out}, err
}

func (s *service) health(ctx context.Context, _ *none) (*answered[HealthAnswer], error) {
	h, err := s.market.Health(ctx, actorOf(ctx))
	if err != nil {
		return nil, err
	}
	out := HealthAnswer{
		Status: Status{h.Status.LogHead, h.Status.Applied, h.Status.Matched, h.Status.Day, maintenanceOf(h.Maintenance)},
		Leads:  h.Leads, UnappliedAge: h.Lag.AppliedAge.Seconds(), UnmatchedAge: h.Lag.MatchedAge.Seconds(), Replica: h.HasReplica,
		ReplicaRests: h.Replica.NotYet + h.Replica.Behind + h.Replica.Away, CacheUp: h.CacheUp, Cached: h.Cached, Candidates: h.Candidates.Entries,
		Rules: h.Rules.Entries, Bytes: h.Candidates.Bytes + h.Rules.Bytes, Snapshot: runOf(h.Snapshot),
		Failing: append([]string{}, h.Failing...), Mails: h.Mails, MailsSent: h.Sent, MailsRefused: h.Refused,
	}
	if !h.OldestMail.IsZero() {
		out.OldestMail = to(h.OldestMail.UTC())
	}
	return &answered[HealthAnswer]{out}, nil
}

func (s *service) kpis(ctx context.Context, in *figureList) (*answered[Figures], error) {
	from, until, err := market.FigureDays(in.From, in.Until, s.market.Today())
	if err != nil {
		return nil, err
	}
	out := Figures{[]FigureAnswer{}}
	for _, span := range [][2]day.Day{{0, 0}, {from, until}} { // those of no day first
		list, err := s.market.Figures(ctx, actorOf(ctx), span[0], span[1])
		if err != nil {
			return nil, err
		}
		for _, f := range list {
			shown := FigureAnswer{Name: f.Name, N: f.N}
			if f.Day != 0 {
				shown.Day = to(f.Day)
			}
			out.Items = append(out.Items, shown)
		}
	}
	return &answered[Figures]{out}, nil
}
