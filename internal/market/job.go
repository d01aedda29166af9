package market

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"enishi/internal/account"
	"enishi/internal/day"
	"enishi/internal/errs"
)

// Job is work that nobody waits for. It goes in pages: each is one transaction
// that also notes how far the job has come, so that a process that is killed
// loses one page at most, and a repeat does nothing twice.
type Job struct {
	Name    string        `json:"name"`
	What    string        `json:"what"`
	Every   time.Duration `json:"-"` // from start to start; 0: daily
	At      time.Duration `json:"-"` // since midnight in Tokyo, of a daily one
	Mails   bool          `json:"-"` // it mails people: the first time not before its hour
	Removes bool          `json:"removes"`

	page  func(tx Tx, p *page) (more bool, err error)
	count func(ctx context.Context) (int64, error) // of what would be removed
	file  func(ctx context.Context) (bytes int64, err error)
	// gather does the work without a transaction and gives what is written in
	// one at the end: for what reads much and writes little.
	gather func(ctx context.Context) (gathered, error)
}

// gathered is what a job found out; without write there is nothing to do.
type gathered struct {
	write             func(Tx) error
	examined, changed int64
}

// page is one transaction of a job.
type page struct {
	checkpoint string // to be moved
	now        time.Time
	changed    int64
}

// Schedule says when the job runs.
func (j *Job) Schedule() string {
	if j.Every == 0 {
		return fmt.Sprintf("daily at %02d:%02d", int(j.At.Hours()), int(j.At.Minutes())%60)
	}
	if j.Every%time.Hour == 0 {
		return fmt.Sprintf("every %dh", j.Every/time.Hour)
	}
	return fmt.Sprintf("every %dm", j.Every/time.Minute)
}

// Next gives when the job is due after its last run; nil: there was none. A run
// that did not come to its end goes on at once, one that failed soon.
func (j *Job) Next(last *Run, now time.Time) time.Time {
	if last == nil {
		return j.first(now)
	}
	switch last.Outcome {
	case Running, Halted, Interrupted:
		return last.Started
	}
	next := last.Started.Add(j.Every)
	if j.Every == 0 {
		d := day.Of(last.Started)
		if next = d.At(0).Add(j.At); !next.After(last.Started) {
			next = (d + 1).At(0).Add(j.At)
		}
	}
	if soon := last.Started.Add(jobRetry); last.Outcome == Failed && soon.Before(next) {
		return soon.UTC()
	}
	return next.UTC()
}

// first gives when a job is due that has never run: at once, but one that mails people
// waits for its time of day, and is late by an hour at most.
func (j *Job) first(now time.Time) time.Time {
	if !j.Mails {
		return time.Time{}
	}
	d := day.Of(now)
	at := d.At(0).Add(j.At)
	if now.After(at.Add(time.Hour)) {
		at = (d + 1).At(0).Add(j.At)
	}
	return at.UTC()
}

const (
	// jobRetry is how soon a job that failed is tried again.
	jobRetry = 5 * time.Minute
	// jobLease is how long a job is held without a page being done: a page
	// takes milliseconds. A file may take minutes, and harms nobody if another
	// process writes it too.
	jobLease  = time.Minute
	fileLease = 15 * time.Minute
	// jobRows is how many rows of its subject one page looks at: it holds a
	// store with one writer for some ten milliseconds.
	jobRows = 200
	// jobErrorBytes bounds what is kept of an error.
	jobErrorBytes = 300
)

// ErrJobHeld is the cause of the Busy of a job that another process runs.
var ErrJobHeld = errors.New("its lease is held")

// leaseJob begins the name of the lease that a job is run under.
const leaseJob = "job."

// Jobs runs batch jobs, one run of each at a time over all processes. It is
// safe for concurrent use.
type Jobs struct {
	market *Market
	list   []Job
}

// OpenJobs gives the jobs of a store, beside or without those who serve it: it
// loads nothing. It is NotFound if there is no installation yet. snapshot writes an image of the populations and gives its
// length, 0 if none was needed; without one, there is no such job.
func OpenJobs(ctx context.Context, store Store, vault *account.Vault, o Options, snapshot func(context.Context) (int64, error)) (*Jobs, error) {
	m := &Market{store: store, vault: vault, options: o, kick: make(chan struct{}, 1), posted: make(chan struct{}, 1), self: rand.Text()}
	m.store = guarded{store, m}
	err := m.read(ctx, func(tx Tx) error {
		seed, err := tx.Setting(settingSeed)
		if err == nil && seed == "" {
			err = errs.New(errs.NotFound, "there is no installation here yet: enishi serve makes one when it starts")
		}
		return err
	})
	if err == nil {
		err = m.install(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("open the installation: %w", err)
	}
	return m.Jobs(snapshot), nil
}

// Jobs gives the jobs of an open market; see OpenJobs.
func (m *Market) Jobs(snapshot func(context.Context) (int64, error)) *Jobs {
	j := &Jobs{m, []Job{
		{
			Name: jobExpire, What: "End offers and rules whose last day has passed, as far as the matcher has not.",
			Every: time.Hour, page: m.expirePage,
		},
		{
			Name: jobStatistics, What: "Count what changed into the figures of companies and of the installation.",
			Every: 5 * time.Minute, page: m.countPage,
		},
		{
			Name: jobDigests, Mails: true, What: "Mail candidates who have new offers that they have not opened, once a day.",
			At: 8 * time.Hour, page: m.digestPage,
		},
		{
			Name: jobPast, What: "Count what people received in the last 180 days, for those who ask what they would get.",
			At: 2 * time.Hour, gather: m.makePast,
		},
		{
			Name: jobAlerts, Mails: true, What: "Mail members whose saved searches have new matches, once a day.",
			At: 8*time.Hour + 30*time.Minute, page: m.alertPage,
		},
		{
			Name: jobRetention, What: "Remove rows that have been kept long enough: answers, sessions, views, mails, previews, runs.",
			At: 3*time.Hour + 30*time.Minute, Removes: true, page: m.retainPage, count: m.countOld,
		},
		{
			Name: jobTrials, What: "Erase rehearsals whose time is over, with everybody who is of them.",
			Every: 10 * time.Minute, page: m.trialPage,
		},
		{
			Name: jobTrim, What: "Remove the part of the change log that is older than 30 days and that nobody needs.",
			At: 4 * time.Hour, Removes: true, page: m.trimPage, count: m.countTrim,
		},
	}}
	if snapshot != nil {
		j.list = append(j.list, Job{
			Name: JobSnapshot, What: "Write an image of the populations for processes that start, if enough has changed.",
			Every: 5 * time.Minute, file: snapshot,
		})
	}
	return j
}

// AllJobs gives what jobs there are and when they are due; none of these can be run.
func AllJobs() []Job {
	all := new(Market).Jobs(func(context.Context) (int64, error) { return 0, nil }).list
	for i := range all {
		j := &all[i]
		j.page, j.count, j.file, j.gather = nil, nil, nil, nil
	}
	return all
}

// Names of the jobs.
const (
	jobExpire     = "expire"
	jobStatistics = "statistics"
	jobDigests    = "digests"
	jobPast       = "past"
	jobAlerts     = "alerts"
	jobRetention  = "retention"
	jobTrim       = "trim"
	jobTrials     = "trials"
	JobSnapshot   = "snapshot"
)

// JobStanding is a job with its last run, if any, and when the next is due.
type JobStanding struct {
	Job
	Last *Run
	Next time.Time
}

// List gives every job.
func (j *Jobs) List(ctx context.Context) ([]JobStanding, error) {
	var out []JobStanding
	err := j.market.read(ctx, func(tx Tx) error {
		out = nil
		for _, job := range j.list {
			last, err := shownRun(tx, job.Name)
			if err != nil {
				return err
			}
			next, err := j.market.next(tx, &job, last, j.market.Now())
			if err != nil {
				return err
			}
			out = append(out, JobStanding{job, last, next})
		}
		return nil
	})
	return out, err
}

func lastRun(tx Tx, name string) (*Run, error) {
	list, err := tx.Runs(name, 1)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return &list[0], nil
}

// shownRun is lastRun as people are told of it.
func shownRun(tx Tx, name string) (*Run, error) {
	last, err := lastRun(tx, name)
	if err == nil && last != nil {
		err = markInterrupted(tx, last)
	}
	return last, err
}

// markInterrupted calls a run interrupted that nobody goes on with: its process ended without
// a word. The next run writes that down.
func markInterrupted(tx Tx, r *Run) error {
	if r.Outcome != Running {
		return nil
	}
	going, err := tx.Leased(leaseJob + r.Job)
	if err == nil && !going {
		r.Outcome = Interrupted
	}
	return err
}

// Now gives the installation's time.
func (j *Jobs) Now() time.Time { return j.market.Now() }

// CheckImage says why a market would not start from an image; see Market.
func (j *Jobs) CheckImage(ctx context.Context, name string) error {
	return j.market.CheckImage(ctx, name)
}

// Head gives the last position of the log.
func (j *Jobs) Head(ctx context.Context) (head int64, err error) {
	err = j.market.read(ctx, func(tx Tx) error {
		head, err = tx.Head()
		return err
	})
	return head, err
}

// Due gives the names of the jobs that are due now, none during maintenance.
func (j *Jobs) Due(ctx context.Context) ([]string, error) {
	if _, ok := j.market.paused(); ok {
		return nil, nil
	}
	list, err := j.List(ctx)
	var out []string
	for _, s := range list {
		if !s.Next.After(j.market.Now()) {
			out = append(out, s.Name)
		}
	}
	return out, err
}

// RunOptions are how a job is run.
type RunOptions struct {
	Scheduled bool      // only if it is due
	Order     *Order    // whoever runs it by hand, for the audit log; nil: nobody does
	Progress  func(Run) // told after each page; may be nil
}

// Count says how many rows a job that removes some would remove now.
func (j *Jobs) Count(ctx context.Context, name string) (int64, error) {
	job, err := j.find(name)
	if err != nil {
		return 0, err
	}
	if job.count == nil {
		return 0, errs.New(errs.Invalid, "the job "+name+" removes nothing: it needs no dry run")
	}
	return job.count(ctx)
}

func (j *Jobs) find(name string) (*Job, error) {
	for i := range j.list {
		if j.list[i].Name == name {
			return &j.list[i], nil
		}
	}
	return nil, errs.New(errs.NotFound, "there is no job "+name+"; there are: "+strings.Join(j.Names(), ", "))
}

// Names gives the names of the jobs.
func (j *Jobs) Names() []string {
	names := make([]string, len(j.list))
	for i := range j.list {
		names[i] = j.list[i].Name
	}
	return names
}

// Run runs a job to its end and gives what it did. It is Busy while the job
// runs elsewhere, or during maintenance. A scheduled run of a job that is not
// due any more gives a Run without a Key.
func (j *Jobs) Run(ctx context.Context, name string, o RunOptions) (Run, error) {
	job, err := j.find(name)
	if err != nil {
		return Run{}, err
	}
	turn, _ := j.market.jobbing.LoadOrStore(name, make(chan struct{}, 1))
	select {
	case turn.(chan struct{}) <- struct{}{}:
		defer func() { <-turn.(chan struct{}) }()
	default:
		return Run{}, errs.New(errs.Busy, "the job "+name+" is running")
	}
	r := &jobRun{market: j.market, job: job}
	if err := r.begin(ctx, o); err != nil || r.run.Key == 0 {
		return r.run, err
	}
	work := r.pages
	switch {
	case job.file != nil:
		work = r.write
	case job.gather != nil:
		work = r.gather
	}
	if err := work(ctx, o.Progress); err != nil {
		return r.run, r.fail(ctx, err)
	}
	if r.run.Changed > 0 {
		j.market.wake()
		j.market.post()
	}
	return r.run, nil
}
