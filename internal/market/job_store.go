package market

import (
	"time"

	"enishi/internal/day"
	"enishi/internal/rule"
)

// jobTx is what batch jobs and the outbox keep.
type jobTx interface {
	// Examined counts the rows that the transaction has read or written so far.
	Examined() int64
	// Checkpoint gives how far a job has come, "" before it has begun.
	Checkpoint(job string) (string, error)
	SetCheckpoint(job, at string) error
	AddRun(*Run) error
	SaveRun(*Run) error
	// Runs gives up to limit runs of a job, newest first.
	Runs(job string, limit int) ([]Run, error)

	// EndingRules gives up to limit active rules whose last day lies before a
	// day, by that day.
	EndingRules(before day.Day, limit int) ([]rule.Rule, error)
	// TrimLog removes the rows up to a position and says how many.
	TrimLog(until int64) (int, error)
	// DropOld removes the oldest rows of a kind that are from before a moment,
	// about limit of them, and says how many; CountOld says how many there are.
	DropOld(kind Aged, before time.Time, limit int) (int, error)
	CountOld(kind Aged, before time.Time) (int64, error)

	// AddFigure adds n to a figure of a company and day, n below 0 too.
	AddFigure(Figure) error
	// Figures gives the figures of a company from one day to another, both
	// inclusive, by day and name; those that are 0 may be missing.
	Figures(company int64, from, until day.Day) ([]Figure, error)
	// Counted gives what a row of a kind counts as; N is 0 if as nothing.
	Counted(kind Change, entity int64) (Figure, error)
	SetCounted(kind Change, entity int64, as Figure) error

	// AddNews notes an offer that its candidate is to be told of; one that is
	// noted already stays as it is. DropNews forgets it, and says whether it was
	// noted.
	AddNews(offer, candidate int64) (added bool, err error)
	DropNews(offer int64) (dropped bool, err error)
	// NewsFor gives up to limit candidates who are to be told, by key; News the
	// offers that one is to be told of. ToldNews says that they were told.
	NewsFor(limit int) ([]int64, error)
	News(candidate int64) ([]int64, error)
	ToldNews(candidate int64) error

	AddMail(*Mail) error
	// ClaimMail writes DueAt and Tries. A mail that is gone is no error.
	ClaimMail(*Mail) error
	// SaveMail writes DueAt, SentAt, FailedAt and Failure, unless the mail was claimed
	// since: its Tries are others then. A mail that is gone is no error.
	SaveMail(*Mail) error
	// DueMails gives up to limit mails whose DueAt has come, by it, and keeps
	// others from giving them out until the end.
	DueMails(now time.Time, limit int) ([]Mail, error)
	// Mails gives up to limit mails, newest first.
	Mails(limit int) ([]Mail, error)
	// MailsOf gives up to limit mails to an account, newest first.
	MailsOf(account int64, limit int) ([]Mail, error)
	// EndedMails counts, of the mails that were written after a moment, those that
	// were sent and those that are not tried any more.
	EndedMails(since time.Time) (sent, refused int, err error)
	// MailsTo gives how many mails to an account were written after a moment.
	MailsTo(account int64, after time.Time) (int, error)
	// WaitingMails counts those that are to be tried, and says when the oldest was
	// written; the zero time if there is none.
	WaitingMails() (int, time.Time, error)
}

// Run is one run of a job.
type Run struct {
	Key      int64     `json:"-"`
	Job      string    `json:"job"`
	Started  time.Time `json:"started_at"`
	Ended    time.Time `json:"ended_at"` // zero: not ended in order
	Outcome  RunState  `json:"outcome"`
	Examined int64     `json:"examined"` // rows read or written
	Changed  int64     `json:"changed"`  // what the job is about
	Bytes    int64     `json:"bytes"`    // that it wrote to files
	Error    string    `json:"error"`    // holds no personal data
}

// RunState is how far a run has come, or how it ended.
type RunState string

// The outcomes. A run was interrupted if it is found running by the next one, or is
// told of when nobody holds the job any more.
const (
	Running     RunState = "running"
	Done        RunState = "done"
	Halted      RunState = "stopped" // with its process; the next run goes on
	Failed      RunState = "failed"
	Interrupted RunState = "interrupted"
)

// Aged is a kind of rows that are kept for a time.
type Aged string

// The kinds, by what their age is counted from.
const (
	AgedReplies  Aged = "replies"  // when they were stored
	AgedSessions Aged = "sessions" // when they end
	AgedViews    Aged = "views"    // when the card was opened
	AgedMails    Aged = "mails"    // when they were written
	AgedRuns     Aged = "runs"     // when they started
	AgedPreviews Aged = "previews" // the beginning of their day
	AgedResets   Aged = "resets"   // when they end
	AgedInvited  Aged = "invited"  // when invitations end
)

// Figure is a number of something, of a company (0: of all) and of a day (0:
// not of a day).
type Figure struct {
	Company int64
	Day     day.Day
	Name    string
	N       int64
}

// Mail is a mail to be sent, or that was. Address and Body are sealed; Failure
// holds nothing of the person.
type Mail struct {
	Key       int64
	Account   int64
	Address   []byte
	Subject   string
	Body      []byte
	EndsAt    string // path of the page that ends mails of its kind; empty: none does
	CreatedAt time.Time
	DueAt     time.Time // when it is tried next; zero: not any more
	SentAt    time.Time // zero: not yet, or never
	FailedAt  time.Time // when a try last failed; zero: none has
	Failure   string    // why, at most 200 characters
	Tries     int
}
