package market

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"golang.org/x/text/unicode/norm"

	"enishi/internal/account"
	"enishi/internal/company"
	"enishi/internal/day"
	"enishi/internal/errs"
)

// onlyOperators is Denied to everybody else.
func onlyOperators(actor Actor) error {
	if actor.Kind != account.Operator {
		return errs.New(errs.Denied, "only an operator may do this")
	}
	return nil
}

// SetScoutQuota says how many scouts a company may send in a month; operators only.
func (m *Market) SetScoutQuota(ctx context.Context, actor Actor, id uuid.UUID, n int) error {
	if err := onlyOperators(actor); err != nil {
		return err
	}
	if n < 0 || n > company.MostScoutQuota {
		return errs.AtPointer("/scouts", strconv.Itoa(n), "0 to "+strconv.Itoa(company.MostScoutQuota))
	}
	return m.transact(ctx, func(tx Tx) error {
		k, err := tx.CompanyByID(id)
		if err != nil {
			return err
		}
		if k, err = tx.LockCompany(k.Key); err != nil {
			return err
		}
		if err := tx.SetScoutQuota(k.Key, n); err != nil {
			return err
		}
		return m.audit(tx, actor, AuditQuota, SubjectCompany, k.Key, within(k.Key), counted(n))
	})
}

// Applicant is a company as an operator decides about it, with the evidence.
type Applicant struct {
	company.Company
	Since     time.Time        // when it registered
	HeadFirm  *company.Company // head of the group that it names, if it is registered and another
	Members   []Evidence
	Decisions []Decided // the newest first
	Quota     int       // of scouts in a month
	Scouted   int       // in this month
	Open      int       // offers that wait for an answer
}

// Evidence is what is known of a member without telling who it is.
type Evidence struct {
	Role      account.Role
	Domain    string // of the address
	Confirmed bool
}

// Decided is a decision with the id of the operator who took it.
type Decided struct {
	company.Decision
	Operator uuid.UUID
}

// Applicant gives a company to an operator.
func (m *Market) Applicant(ctx context.Context, actor Actor, id uuid.UUID) (Applicant, error) {
	var out Applicant
	if err := onlyOperators(actor); err != nil {
		return out, err
	}
	err := m.read(ctx, func(tx Tx) error {
		k, err := tx.CompanyByID(id)
		if err != nil {
			return err
		}
		out = Applicant{Company: k}
		if out.Since, err = registered(tx, &k); err != nil {
			return err
		}
		if k.Head != k.Number {
			head, err := tx.CompanyByNumber(k.Head)
			if notFoundIsNil(err) != nil {
				return err
			}
			if err == nil {
				out.HeadFirm = &head
			}
		}
		if out.Members, err = m.evidence(tx, k.Key); err != nil {
			return err
		}
		list, err := tx.Decisions(k.Key)
		if err != nil {
			return err
		}
		for _, d := range list {
			by, err := tx.Account(d.Account)
			if notFoundIsNil(err) != nil {
				return err
			}
			out.Decisions = append(out.Decisions, Decided{d, by.ID})
		}
		if out.Quota, err = scoutQuota(tx, k.Key); err != nil {
			return err
		}
		if out.Scouted, err = tx.Scouted(k.Key, m.Today().Month()); err != nil {
			return err
		}
		columns, err := tx.Columns(BoardPage{Company: k.Key, On: m.Today()})
		out.Open = columns[ColumnSent]
		return err
	})
	return out, err
}

// registered gives when a company registered: by the audit log, or, of one that is
// older than that, by its id, which holds a time.
func registered(tx Tx, k *company.Company) (time.Time, error) {
	list, err := tx.Entries(EntryFilter{Company: k.Key, What: AuditFound}, 0, 1)
	if err != nil || len(list) > 0 {
		if err == nil {
			return list[0].At, nil
		}
		return time.Time{}, err
	}
	seconds, nanos := k.ID.Time().UnixTime()
	return time.Unix(seconds, nanos).UTC(), nil
}

// Registered gives when companies registered, by key, to an operator.
func (m *Market) Registered(ctx context.Context, actor Actor, list ...company.Company) (map[int64]time.Time, error) {
	if err := onlyOperators(actor); err != nil {
		return nil, err
	}
	out := map[int64]time.Time{}
	err := m.read(ctx, func(tx Tx) error {
		for i := range list {
			var err error
			if out[list[i].Key], err = registered(tx, &list[i]); err != nil {
				return err
			}
		}
		return nil
	})
	return out, err
}

// evidence gives the members of a company by the domain of their address.
func (m *Market) evidence(tx Tx, key int64) (out []Evidence, err error) {
	people, err := peopleOf(tx, key)
	if err != nil {
		return nil, err
	}
	for _, p := range people {
		email, err := m.vault.Open(p.account.Sealed)
		if err != nil {
			return nil, fmt.Errorf("address of account %d: %w", p.account.Key, err)
		}
		_, domain, _ := strings.Cut(email, "@")
		out = append(out, Evidence{p.member.Role, domain, p.account.Confirmed})
	}
	return out, nil
}

// Queue is the companies that wait to be verified.
type Queue struct {
	Waiting int
	Oldest  time.Time // when the first of them registered; zero: none waits
}

// Queue gives how many companies wait, to an operator.
func (m *Market) Queue(ctx context.Context, actor Actor) (Queue, error) {
	list, err := m.Companies(ctx, actor, company.Applied, 0, mostWaiting)
	if err != nil || len(list) == 0 {
		return Queue{}, err
	}
	out := Queue{Waiting: len(list)}
	err = m.read(ctx, func(tx Tx) error {
		out.Oldest, err = registered(tx, &list[0])
		return err
	})
	return out, err
}

// mostWaiting bounds what is counted of a queue.
const mostWaiting = 1000

// FindCompanies gives up to limit companies after a key, of one status ("": of any),
// whose name holds a text or whose number begins with it, to an operator.
func (m *Market) FindCompanies(ctx context.Context, actor Actor, text string, of company.Status, after int64, limit int) ([]company.Company, error) {
	text = strings.ToLower(norm.NFKC.String(strings.TrimSpace(text)))
	return m.companies(ctx, actor, of, after, limit, func(k *company.Company) bool {
		return text == "" || strings.Contains(strings.ToLower(norm.NFKC.String(k.Name)), text) || strings.HasPrefix(k.Number.String(), text)
	})
}

// Health is how every part of the installation is, as this process sees it.
type Health struct {
	Status      Status
	Lag         Lag
	Leads       bool // this process walks the log
	Shared      bool // other processes may serve the same database
	Cached      bool // sessions are kept for all processes together
	CacheUp     bool // what keeps them answers
	HasReplica  bool
	Replica     ReplicaReads
	Candidates  Size
	Rules       Size
	Snapshot    *Run      // the last of the job that writes them
	Failing     []string  // jobs whose last run failed
	Mails       int       // that wait to be sent
	OldestMail  time.Time // zero: none waits
	Sent        int       // mails of the last 24 hours that were taken to be sent on
	Refused     int       // mails of the last 24 hours that were given up
	Maintenance Maintenance
}

// Health gives it to an operator.
func (m *Market) Health(ctx context.Context, actor Actor) (Health, error) {
	var out Health
	if err := onlyOperators(actor); err != nil {
		return out, err
	}
	out.Leads, out.Shared, out.Cached, out.HasReplica = m.Leads() || !m.Shared(), m.Shared(), m.options.Actors != nil, m.replica.Reader != nil
	out.Replica, out.Maintenance, out.CacheUp = m.ReplicaReads(), m.Maintenance(), out.Cached && m.options.Actors.Up()
	out.Candidates, out.Rules = m.Sizes()
	var err error
	if out.Status, err = m.Status(ctx); err != nil {
		return out, err
	}
	if out.Lag, err = m.Lag(ctx); err != nil {
		return out, err
	}
	jobs, err := m.listed().List(ctx)
	if err != nil {
		return out, err
	}
	for _, j := range jobs {
		if j.Last != nil && j.Last.Outcome == Failed {
			out.Failing = append(out.Failing, j.Name)
		}
		if j.Name == JobSnapshot {
			out.Snapshot = j.Last
		}
	}
	err = m.read(ctx, func(tx Tx) error {
		var err error
		if out.Mails, out.OldestMail, err = tx.WaitingMails(); err != nil {
			return err
		}
		out.Sent, out.Refused, err = tx.EndedMails(m.Now().Add(-24 * time.Hour))
		return err
	})
	return out, err
}

// listed gives the jobs of the installation to be listed and asked for; another
// process may be the one that runs them.
func (m *Market) listed() *Jobs {
	return m.Jobs(func(context.Context) (int64, error) {
		return 0, errs.New(errs.Internal, "snapshots are not written here")
	})
}

// JobsOf gives the jobs with their last run and when the next is due, to an
// operator.
func (m *Market) JobsOf(ctx context.Context, actor Actor) ([]JobStanding, error) {
	if err := onlyOperators(actor); err != nil {
		return nil, err
	}
	return m.listed().List(ctx)
}

// RunsOf gives up to limit runs of a job, the newest first, to an operator.
func (m *Market) RunsOf(ctx context.Context, actor Actor, name string, limit int) ([]Run, error) {
	if err := onlyOperators(actor); err != nil {
		return nil, err
	}
	if _, err := m.listed().find(name); err != nil {
		return nil, err
	}
	var out []Run
	err := m.read(ctx, func(tx Tx) error {
		var err error
		if out, err = tx.Runs(name, limit); err != nil || len(out) == 0 {
			return err
		}
		return markInterrupted(tx, &out[0])
	})
	return out, err
}

// AskForJob makes a job due now: a process that runs jobs begins it as soon as it
// looks. Operators only.
func (m *Market) AskForJob(ctx context.Context, actor Actor, name string) error {
	if err := onlyOperators(actor); err != nil {
		return err
	}
	if _, err := m.listed().find(name); err != nil {
		return err
	}
	return m.transact(ctx, func(tx Tx) error {
		if err := tx.SetSetting(settingAsked+name, strconv.FormatInt(m.Now().UnixMicro(), 10)); err != nil {
			return err
		}
		return m.audit(tx, actor, AuditJob, "", 0)
	})
}

// settingAsked begins the name of when an operator asked for a job.
const settingAsked = "job_asked."

// next gives when a job is due after its last run: at once if an operator has asked
// for it since.
func (m *Market) next(tx Tx, j *Job, last *Run, now time.Time) (time.Time, error) {
	asked, err := numberSetting(tx, settingAsked+j.Name)
	if err != nil {
		return time.Time{}, err
	}
	if asked > 0 && (last == nil || time.UnixMicro(asked).After(last.Started)) {
		return now, nil
	}
	due := j.Next(last, now)
	if due.IsZero() {
		due = now
	}
	return due, nil
}

// Mode gives how automatic offers leave.
func (m *Market) Mode() Mode { return m.options.Mode }

// Data says whose data the installation holds, as it was told or, where it was told nothing, as its database says;
// empty: anybody's.
func (m *Market) Data(ctx context.Context) (kind DataKind, err error) {
	if kind = m.options.Data; kind != "" {
		return kind, nil
	}
	err = m.read(ctx, func(tx Tx) error {
		kind, _, err = markOf(tx.Setting)
		return err
	})
	return kind, err
}

// mostFigureDays bounds for how many days figures are given at once.
const mostFigureDays = 400

// FigureDays reads the first and the last day of figures; an empty last day is
// today, an empty first one 29 days before. What is no day, or too many, is Invalid.
func FigureDays(from, until string, today day.Day) (first, last day.Day, err error) {
	last = today
	if until != "" {
		if last, err = day.Parse(until); err != nil {
			return 0, 0, errs.Below("/until", err)
		}
	}
	first = last - 29
	if from != "" {
		if first, err = day.Parse(from); err != nil {
			return 0, 0, errs.Below("/from", err)
		}
	}
	if first > last || last-first > mostFigureDays {
		return 0, 0, errs.AtPointer("/from", first.String(), fmt.Sprintf("a day up to %d days before %s", mostFigureDays, last))
	}
	return first, last, nil
}
