package market

import (
	"context"
	"time"

	"github.com/google/uuid"

	"enishi/internal/account"
	"enishi/internal/candidate"
	"enishi/internal/company"
	"enishi/internal/condition"
	"enishi/internal/corpnum"
	"enishi/internal/day"
	"enishi/internal/offer"
	"enishi/internal/position"
	"enishi/internal/rule"
)

// Store keeps the market's rows. Transactions are closures: the store begins,
// commits, rolls back, and runs the closure again within a bound when the
// database asks for it, so a closure must have no effect but through its
// transaction. A success means that the commit is durable.
type Store interface {
	// Write runs fn in a transaction that may write. Whatever error fn or
	// the commit gives comes back, and then nothing was written.
	Write(ctx context.Context, fn func(Tx) error) error
	// Read runs fn in a transaction that sees one moment. Writing in it is
	// an error.
	Read(ctx context.Context, fn func(Tx) error) error
}

// Tx is what a transaction can do. One row that is not there is NotFound; a
// second row where one is allowed is Conflict; saving over a version that has
// moved on is Stale. Lock methods read a row and keep others from writing it
// until the end; locks are taken in the order trial, account, candidate, company, rule,
// position, saved search, and by key within each. Add methods set the Key of what they are
// given. Save methods expect Version to be one above the stored one.
type Tx interface {
	logTx
	accountTx
	candidateTx
	companyTx
	positionTx
	ruleTx
	offerTx
	progressTx
	dealingTx
	maintenanceTx
	jobTx
	savedTx
	accessTx
	auditTx
	pastTx
	trialTx
}

type logTx interface {
	// Append writes rows to the change log, in order, and sets their ID. It
	// sets their Pos where one transaction writes at a time; elsewhere Number
	// does so later. A store that knows the trace of the transaction's context
	// puts it on rows that have none.
	Append(rows ...*Row) error
	// Head gives the position of the last row that has one, 0 if there is
	// none.
	Head() (int64, error)
	// Unnumbered counts the committed rows that have no position yet.
	Unnumbered() (int64, error)
	// Waiting gives those rows, by ID.
	Waiting() ([]Row, error)
	// OldestUnnumbered says when the first of them was written; the zero time
	// if there is none.
	OldestUnnumbered() (time.Time, error)
	// Number gives positions to up to limit committed rows that have none, and
	// says how many. Only one process may do so at a time.
	Number(limit int) (int, error)
	// Rows gives up to limit rows after a position, in order.
	Rows(after int64, limit int) ([]Row, error)
	// NewestRow gives the row with the highest ID, whether it has a position or
	// not; NotFound if the log is empty. RowOf gives the one with an ID.
	NewestRow() (Row, error)
	RowOf(id int64) (Row, error)
	// Setting gives a value of the installation, "" if it was never set.
	Setting(name string) (string, error)
	SetSetting(name, value string) error
	// LockSetting is Setting, and keeps others from writing it until the end.
	LockSetting(name string) (string, error)
	// TakeLease makes the holder the only one that may do something, for a
	// while by the database's clock, and gives the fencing number, which every
	// change of hands raises; 0 if another holds it. By force it is taken
	// from whoever holds it.
	TakeLease(name, holder string, life time.Duration, force bool) (fence int64, err error)
	// HoldLease keeps a lease in its holder's hands until the end of the
	// transaction; Stale if it has changed hands since the fencing number.
	HoldLease(name string, fence int64) error
	// Leased says whether anybody holds a lease whose life is not over.
	Leased(name string) (bool, error)
	// DropLease ends a lease, unless it has changed hands.
	DropLease(name string, fence int64) error
	// FindReply gives the answer stored under an idempotency key of a
	// scope, or NotFound; AddReply stores one, Conflict if there is one.
	FindReply(scope, key string) (Reply, error)
	AddReply(Reply) error
}

type accountTx interface {
	AddAccount(*account.Account) error
	Account(key int64) (account.Account, error)
	LockAccount(key int64) (account.Account, error)
	// Accounts gives the accounts of an address, the confirmed one first,
	// then the newest first.
	Accounts(kind account.Kind, emailHash []byte) ([]account.Account, error)
	// SaveAccount writes Confirmed, Password, CodeHash and Language. Confirming an
	// address that is confirmed for another account of the kind is Conflict.
	SaveAccount(*account.Account) error
	// SetAddress gives an account another address, as long as it has confirmed none;
	// Conflict if it has.
	SetAddress(key int64, sealed, emailHash []byte) error
	// Guesses gives how many wrong codes an account has given on a day;
	// AddGuess notes one more and gives how many that makes. Only the last
	// day is kept.
	Guesses(account int64, on day.Day) (int, error)
	AddGuess(account int64, on day.Day) (int, error)
	AddSession(account.Session) error
	Session(tokenHash []byte) (account.Session, error)
	// CountWrite adds one to the Writes of a session, if it is still there.
	// It is the last lock of a transaction.
	CountWrite(tokenHash []byte) error
	// Sessions gives the sessions of an account, by TokenHash.
	Sessions(account int64) ([]account.Session, error)
}

// MostKeys is how many rows one question may name by key.
const MostKeys = 500

type candidateTx interface {
	AddCandidate(*candidate.Candidate) error
	Candidate(key int64) (candidate.Candidate, error)
	LockCandidate(key int64) (candidate.Candidate, error)
	CandidateByID(uuid.UUID) (candidate.Candidate, error)
	CandidateByAccount(account int64) (candidate.Candidate, error)
	SaveCandidate(*candidate.Candidate) error
	// DeleteCandidate removes the candidate, their blocks, views and
	// account with its sessions; offers keep the key.
	DeleteCandidate(key int64) error
	// Candidates gives up to limit candidates after a key, by key.
	Candidates(after int64, limit int) ([]candidate.Candidate, error)
	// CandidatesOf gives those of up to MostKeys keys that there are, by key.
	CandidatesOf(keys []int64) ([]candidate.Candidate, error)
	AddView(View) error
	// Views gives the views of a candidate, newest first, before a key
	// (0: from the newest).
	Views(candidate, before int64, limit int) ([]View, error)
}

type companyTx interface {
	// AddCompany adds one that holds its number; one that another holds is a Conflict.
	AddCompany(*company.Company) error
	Company(key int64) (company.Company, error)
	LockCompany(key int64) (company.Company, error)
	CompanyByID(uuid.UUID) (company.Company, error)
	// CompanyByNumber gives the company that holds a number.
	CompanyByNumber(corpnum.Number) (company.Company, error)
	// CompaniesByKey gives those of up to MostKeys keys that there are, by key.
	CompaniesByKey(keys []int64) ([]company.Company, error)
	// Group gives the companies whose Head is the number, by key, without those whose
	// own number was freed.
	Group(head corpnum.Number) ([]company.Company, error)
	// SaveCompany saves a company; one whose number is Freed holds it no longer.
	SaveCompany(*company.Company) error
	Companies(after int64, limit int) ([]company.Company, error)
	// CompaniesIn gives up to limit companies of a status after a key, by key.
	CompaniesIn(status company.Status, after int64, limit int) ([]company.Company, error)
	AddMember(company.Member) error
	MemberByAccount(account int64) (company.Member, error)
	// AddPreview notes that a company saw the preview of a question on a day
	// and gives how many different ones it has seen on it.
	AddPreview(company int64, on day.Day, question []byte) (int, error)
}

type positionTx interface {
	AddPosition(*position.Position) error
	Position(key int64) (position.Position, error)
	LockPosition(key int64) (position.Position, error)
	PositionByID(uuid.UUID) (position.Position, error)
	// PositionsByKey gives those of up to MostKeys keys that there are, by key.
	PositionsByKey(keys []int64) ([]position.Position, error)
	// SavePosition writes the position, and its terms as the row of its
	// Version. Expect Version unchanged when only State or PublishedVersion
	// moves; one above when the terms change. Stale otherwise.
	SavePosition(*position.Position) error
	Terms(position, version int64) (position.Terms, error)
	// PositionsOf gives up to limit positions of a company after a key.
	PositionsOf(company, after int64, limit int) ([]position.Position, error)
}

type ruleTx interface {
	AddRule(*rule.Rule) error
	Rule(key int64) (rule.Rule, error)
	LockRule(key int64) (rule.Rule, error)
	RuleByID(uuid.UUID) (rule.Rule, error)
	// SaveRule writes a rule. What it asked before is kept if it could send.
	SaveRule(*rule.Rule) error
	// Must gives what a rule asked at its newest version, or at an earlier one at
	// which it could send; NotFound for others, and for what a program replaced
	// that did not keep it yet.
	Must(rule, version int64) (condition.Condition, error)
	Rules(after int64, limit int) ([]rule.Rule, error)
	RulesOf(company, after int64, limit int) ([]rule.Rule, error)
	RulesOfPosition(position int64) ([]rule.Rule, error)
	// RuleIDs gives the ids of those of up to MostKeys rules that there are, by key.
	RuleIDs(keys []int64) (map[int64]uuid.UUID, error)
	// Spent gives the budget that a rule has used on a day, and in all.
	Spent(rule int64, on day.Day) (today, total int, err error)
	// SpendingOf gives what Spent and Reserved give of each rule of a company; rules
	// of which both are nothing may be left out.
	SpendingOf(company int64, on day.Day) (map[int64]Spending, error)
	// Exhausted gives the rules that used up their daily budget on a day, or may
	// have, since their company has a breach that counts; by key, whatever their
	// state.
	Exhausted(on day.Day) ([]int64, error)
	// Spend adds n (below 0: gives back) to what a rule used on a day. today is
	// the log's day: what the rule had used before it is kept until the next.
	Spend(rule int64, on, today day.Day, n int) error
	// SpentBefore gives what each rule that had used any budget had used in all
	// when a day began, which is the log's.
	SpentBefore(today day.Day) (map[int64]int, error)
}

type offerTx interface {
	// AddOffer writes a new offer. Conflict when the candidate has a live
	// offer for the position, has been reached by an automatic one for it, or
	// has one of the same rule.
	AddOffer(*offer.Offer) error
	// SaveOffer writes an offer; the same Conflicts.
	SaveOffer(*offer.Offer) error
	Offer(key int64) (offer.Offer, error)
	// Offers gives up to limit offers after a key, by key.
	Offers(after int64, limit int) ([]offer.Offer, error)
	OfferByID(uuid.UUID) (offer.Offer, error)
	// OfferOfPair gives the offer of a rule to a candidate, whatever its
	// state.
	OfferOfPair(rule, candidate int64) (offer.Offer, error)
	// OffersTo gives a candidate's offers, newest (highest key) first, before
	// a key (0: from the newest).
	OffersTo(candidate, before int64, limit int) ([]offer.Offer, error)
	// OffersBy gives a company's offers likewise, of one rule (0: all), in
	// one of the states (none: any).
	OffersBy(company, rule, before int64, limit int, states ...offer.State) ([]offer.Offer, error)
	// BacklogOf gives, by rule, how many of a company's proposals wait and when the first
	// lapses: of open candidates alone who do not block the company's number, and work
	// nowhere in its group, of which that number is one.
	BacklogOf(company int64, number corpnum.Number, group []corpnum.Number) (map[int64]Backlog, error)
	// OffersOn gives a position's offers likewise, in one of the states.
	OffersOn(position, before int64, limit int, states ...offer.State) ([]offer.Offer, error)
	// Between gives the offers of a company to a candidate, by key.
	Between(company, candidate int64) ([]offer.Offer, error)
	// Taken says how many of a candidate's automatic offers since a day take
	// room: all but proposed and lapsed ones.
	Taken(candidate int64, since day.Day) (int, error)
	// AllTaken gives Taken of every candidate who has any.
	AllTaken(since day.Day) (map[int64]int, error)
	// Freed gives the open candidates to whom the end of a day returned room, by
	// key: what was taken from that day on is at least their weekly limit, what
	// was taken after it is less.
	Freed(by day.Day) ([]int64, error)
	// ReachedFor gives the candidates that need no further proposal of a
	// rule for a position: those with an unlapsed offer of this rule, with
	// a live offer for the position, or reached by one for it, whoever sent it.
	ReachedFor(rule, position int64) (map[int64]bool, error)
	// ReachedTo gives the same from the other side: the positions and the
	// rules that need not be proposed to a candidate again.
	ReachedTo(candidate int64) (positions, rules map[int64]bool, err error)
	// Reserved counts a rule's offers that are reserved: those made on a day,
	// and all.
	Reserved(rule int64, on day.Day) (today, total int, err error)
	// Unconfirmed gives the candidates to whom a rule sends nothing until they
	// confirm their address: an offer of the rule or for the position is
	// reserved for them, or one of the rule has lapsed.
	Unconfirmed(rule, position int64) (map[int64]bool, error)
	// Ending gives up to limit offers that are sent or seen and whose
	// ExpiresOn lies before a day, by that day, then by key.
	Ending(before day.Day, limit int) ([]offer.Offer, error)
	// Due gives up to limit offers, by due time, whose DueAt is set and has
	// come.
	Due(now time.Time, limit int) ([]offer.Offer, error)
	// AllAnswers counts, for every company that has any, its offers accepted
	// from one moment on and before another, and those of them that it responded
	// to within the given time, pauses not counted, and before the second
	// moment.
	AllAnswers(since, until time.Time, within time.Duration) (map[int64]rule.Answers, error)
}

// progressTx asks about a company's own offers as the company may know them on a day:
// whatever waits hidden is not there, an offer that a block withdrew has expired, a
// fresh decline has not been answered.
type progressTx interface {
	// Progress counts a company's offers sent from a day on, of one rule (0: all), by
	// rule, position, state and stage, in this order.
	Progress(company, rule int64, since, on day.Day) ([]Progress, error)
	// Columns counts the offers in each column of a company's board, of the rule and
	// the position that a page asks for; columns without any may be left out.
	Columns(BoardPage) (map[Column]int, error)
	// SentByDay counts a company's offers by the day on which they were sent, from a
	// day on; days without one are left out.
	SentByDay(company int64, since day.Day) ([]SentDay, error)
	// Courses gives how long it took from each acceptance to the interview, the
	// shortest first, of a company's offers sent from a day on.
	Courses(company int64, since day.Day) ([]time.Duration, error)
	// InColumn gives a page of a column of a company's board.
	InColumn(BoardPage) ([]offer.Offer, error)
}

type maintenanceTx interface {
	// AddPause notes a time in which nobody could write.
	AddPause(Pause) error
	// Pauses gives them all, in the order in which they were added.
	Pauses() ([]Pause, error)
	// Staff gives up to limit accounts of members and operators whose address
	// is confirmed, after a key, by key.
	Staff(after int64, limit int) ([]account.Account, error)
	// Timed gives up to limit offers after a key, by key, for which a clock
	// runs: whose DueAt is set, that are sent or seen, or of which something is
	// owed.
	Timed(after int64, limit int) ([]offer.Offer, error)
}

// Change is what a row of the change log says happened; never a value.
type Change string

// The kinds of change. Those that can only take matches away make nobody
// match anew.
const (
	CandidateChanged Change = "candidate"        // signed up, edited, opened, limit raised, confirmed, active, room returned
	CandidateLess    Change = "candidate.less"   // closed, limit lowered
	CandidateErased  Change = "candidate.erased" //
	BlockAdded       Change = "block.added"      // entity is the candidate
	BlockRemoved     Change = "block.removed"    // entity is the candidate
	RuleChanged      Change = "rule"             // activated, edited, raised, budget returned
	RuleLess         Change = "rule.less"        // paused, lowered, expired
	PositionChanged  Change = "position"         // published, a new version published
	PositionLess     Change = "position.less"    // closed, an unpublished edit
	CompanyChanged   Change = "company"          // verified
	CompanyLess      Change = "company.less"     // applied, suspended
	OfferChanged     Change = "offer"            // any state
	DayBegan         Change = "day"              // entity is the day number
	SearchChanged    Change = "search"           // a saved search: saved, edited, removed
)

// Row is a row of the change log.
type Row struct {
	ID      int64 // in the order in which rows were begun, not in which they were committed
	Pos     int64 // 0 until it is numbered
	Change  Change
	Entity  int64
	Version int64
	At      time.Time
	// Trace names the recorded trace of the request that wrote the row, as
	// the traceparent of W3C Trace Context; empty: none.
	Trace string
}

// View is one opening of a candidate's card by a company.
type View struct {
	Key       int64
	Candidate int64
	Company   int64
	At        time.Time
}

// Reply is an answer kept for a repeat of its request.
type Reply struct {
	Scope  string // whose key it is
	Key    string
	Digest []byte // of the request
	Status int
	Body   []byte // ciphertext
	At     time.Time
}
