package market

import (
	"context"
	"time"

	"github.com/google/uuid"

	"enishi/internal/account"
	"enishi/internal/errs"
)

// Entry is one line of the audit log: who did what to whom, and when. It holds
// keys and kinds, never values. The log is only added to, in the transaction that
// does what the entry tells of.
type Entry struct {
	Key     int64
	At      time.Time
	Account int64 // who; 0: the installation itself, or nobody who is known
	Company int64 // in whose part of the log it is; 0: the operators' alone
	What    Audited
	Kind    Subject // of what Entity is; empty: of nothing
	Entity  int64
	N       int64  // how many, where that says something
	Digest  []byte // keyed, of a value that must be recognised and not read; nil: none

	Order        // of what somebody did by a command; zero: none
	Diff  string // what a command changed, "from -> to"
}

// Audited is what was done.
type Audited string

// What is noted.
const (
	AuditSignIn      Audited = "sign-in"
	AuditPassword    Audited = "password"       // changed by who is signed in
	AuditReset       Audited = "password.reset" // by a code that was mailed
	AuditSignOutAll  Audited = "sign-out.all"
	AuditConfirm     Audited = "address.confirm"
	AuditAddress     Audited = "address.mend" // before it was confirmed
	AuditFound       Audited = "company.found"
	AuditVerify      Audited = "company.verify"
	AuditSuspend     Audited = "company.suspend"
	AuditFreeNumber  Audited = "company.free-number"
	AuditQuota       Audited = "company.quota"
	AuditInvite      Audited = "member.invite"
	AuditUninvite    Audited = "member.uninvite"
	AuditJoin        Audited = "member.join"
	AuditRole        Audited = "member.role"
	AuditRemove      Audited = "member.remove"
	AuditTokenMake   Audited = "token.make"
	AuditTokenRevoke Audited = "token.revoke"
	AuditPublish     Audited = "position.publish"
	AuditClose       Audited = "position.close"
	AuditMakeRule    Audited = "rule.make"
	AuditEditRule    Audited = "rule.edit"
	AuditActivate    Audited = "rule.activate" // also again, after it was paused or over
	AuditPause       Audited = "rule.pause"
	AuditExpireRule  Audited = "rule.expire"  // its last day has passed
	AuditBatch       Audited = "rule.confirm" // of a batch; N is how many were sent, or will be once an address is confirmed
	AuditScout       Audited = "offer.scout"
	AuditHire        Audited = "offer.hire"
	AuditSayPay      Audited = "pay.say"          // by the company, of an offer, the first time
	AuditMendPay     Audited = "pay.mend"         // by the company, another figure than before
	AuditConfirmPay  Audited = "pay.confirm"      // by the candidate, whether it agrees or disputes; operators alone read who that is
	AuditSetAside    Audited = "breach.set-aside" // of an offer
	AuditReopenPay   Audited = "pay.reopen"       // of an offer
	AuditErase       Audited = "candidate.erase"
	AuditJob         Audited = "job.run"
	AuditOperator    Audited = "operator.add"
	AuditTrialOpen   Audited = "trial.open"
	AuditTrialEnd    Audited = "trial.end" // by an operator, or when its time was over

	// By commands alone.
	AuditRemoveOperator  Audited = "operator.remove"
	AuditPlanMaintenance Audited = "maintenance.plan"
	AuditMaintenance     Audited = "maintenance.begin"
	AuditEndMaintenance  Audited = "maintenance.end" // or its plan is withdrawn
	AuditMigrate         Audited = "schema.migrate"
	AuditDemo            Audited = "demo.load"
	AuditTransfer        Audited = "data.transfer"
	AuditSQL             Audited = "sql.read"
	AuditDeploy          Audited = "deploy.begin"
	AuditDeployBack      Audited = "deploy.back"
	AuditEnvironment     Audited = "environment.change"
)

// AuditedKinds gives all that is noted.
func AuditedKinds() []Audited {
	return []Audited{
		AuditSignIn, AuditPassword, AuditReset, AuditSignOutAll, AuditConfirm, AuditAddress, AuditFound, AuditVerify, AuditSuspend, AuditFreeNumber,
		AuditQuota,
		AuditInvite, AuditUninvite, AuditJoin, AuditRole, AuditRemove, AuditTokenMake, AuditTokenRevoke, AuditPublish, AuditClose,
		AuditMakeRule, AuditEditRule, AuditActivate, AuditPause, AuditExpireRule, AuditBatch, AuditScout, AuditHire, AuditSayPay, AuditMendPay, AuditConfirmPay, AuditSetAside,
		AuditReopenPay, AuditErase, AuditJob, AuditOperator,
		AuditTrialOpen, AuditTrialEnd,
		AuditRemoveOperator, AuditPlanMaintenance, AuditMaintenance, AuditEndMaintenance, AuditMigrate, AuditDemo, AuditTransfer, AuditSQL, AuditDeploy, AuditDeployBack, AuditEnvironment,
	}
}

// Subject is of what kind something is that an entry is about.
type Subject string

// The subjects.
const (
	SubjectAccount   Subject = "account"
	SubjectCandidate Subject = "candidate"
	SubjectCompany   Subject = "company"
	SubjectPosition  Subject = "position"
	SubjectRule      Subject = "rule"
	SubjectOffer     Subject = "offer"
	SubjectRun       Subject = "run"
	SubjectTrial     Subject = "trial"
)

// EntryFilter says which entries are asked for; what is zero does not narrow.
type EntryFilter struct {
	Company, Account int64
	What             Audited
	Since, Until     time.Time
	Kind             Subject // with Entity: of one thing
	Entity           int64
}

func (f *EntryFilter) fits(e *Entry) bool {
	return (f.Company == 0 || e.Company == f.Company) && (f.Account == 0 || e.Account == f.Account) &&
		(f.What == "" || e.What == f.What) && (f.Kind == "" || e.Kind == f.Kind && e.Entity == f.Entity) && (f.Since.IsZero() || !e.At.Before(f.Since)) && (f.Until.IsZero() || e.At.Before(f.Until))
}

// audit adds to the audit log what an actor does.
func (m *Market) audit(tx Tx, actor Actor, what Audited, kind Subject, entity int64, more ...func(*Entry)) error {
	e := Entry{At: m.Now(), Account: actor.Account, Company: actor.Company, What: what, Kind: kind, Entity: entity}
	for _, change := range more {
		change(&e)
	}
	return tx.AddEntry(&e)
}

// counted says how many an entry is about; within, whose part of the log it is in;
// digested adds a digest.
func counted(n int) func(*Entry)          { return func(e *Entry) { e.N = int64(n) } }
func within(company int64) func(*Entry)   { return func(e *Entry) { e.Company = company } }
func digested(digest []byte) func(*Entry) { return func(e *Entry) { e.Digest = digest } }

// Noted is an entry with the ids by which its reader knows what it is about; an id
// is empty where there is nothing left to be named.
type Noted struct {
	Entry
	Who     uuid.UUID // of the account
	WhoKind account.Kind
	Machine string // name of the token that did it
	Firm    uuid.UUID
	About   string
	Title   string // of the rule's position, of the position
}

// Audit gives a page of the audit log, the newest first, before a key (0: from the
// newest), and the key to go on from: to a member who may read it their company's
// part, to an operator all.
func (m *Market) Audit(ctx context.Context, actor Actor, of EntryFilter, before int64, limit int) (page []Noted, next int64, err error) {
	switch actor.Kind {
	case account.Operator:
	case account.Member:
		if err := actor.Role.May(account.ReadAudit); err != nil {
			return nil, 0, err
		}
		of.Company = actor.Company
	default:
		return nil, 0, errs.New(errs.Denied, "only members of companies and operators read the audit log")
	}
	err = m.read(ctx, func(tx Tx) error {
		page, next = nil, 0
		list, err := tx.Entries(of, before, limit+1)
		if err != nil {
			return err
		}
		if len(list) > limit {
			list = list[:limit]
			next = list[limit-1].Key
		}
		n := newNamer(m, tx, actor)
		for _, e := range list {
			shown, err := n.noted(e)
			if err != nil {
				return err
			}
			page = append(page, shown)
		}
		return nil
	})
	return page, next, err
}

// named is a row that an entry names.
type named struct {
	kind Subject
	key  int64
}

// namer gives the ids of what entries are about, each looked up once.
type namer struct {
	m     *Market
	tx    Tx
	actor Actor
	known map[named]string
	title map[named]string
}

func newNamer(m *Market, tx Tx, actor Actor) *namer {
	return &namer{m: m, tx: tx, actor: actor, known: map[named]string{}, title: map[named]string{}}
}

func (n *namer) noted(e Entry) (Noted, error) {
	out := Noted{Entry: e}
	if e.Account != 0 {
		a, err := n.tx.Account(e.Account)
		if notFoundIsNil(err) != nil {
			return out, err
		}
		out.Who, out.WhoKind = a.ID, a.Kind
		if a.Kind == account.Member && len(a.EmailHash) == 0 {
			k, err := n.tx.Token(e.Account)
			if notFoundIsNil(err) != nil {
				return out, err
			}
			out.Machine = k.Name
		}
	}
	if e.Company != 0 {
		k, err := n.tx.Company(e.Company)
		if notFoundIsNil(err) != nil {
			return out, err
		}
		out.Firm = k.ID
	}
	var err error
	about := named{e.Kind, e.Entity}
	out.About, err = n.name(about)
	out.Title = n.title[about]
	return out, err
}

func (n *namer) name(what named) (string, error) {
	if id, ok := n.known[what]; ok {
		return id, nil
	}
	id, err := n.find(what)
	if errs.Is(err, errs.NotFound) {
		id, err = "", nil
	}
	n.known[what] = id
	return id, err
}

// find gives the id by which the reader knows something: a candidate is a card to
// a company.
func (n *namer) find(what named) (string, error) {
	switch what.kind {
	case SubjectAccount:
		a, err := n.tx.Account(what.key)
		return a.ID.String(), err
	case SubjectCandidate:
		c, err := n.tx.Candidate(what.key)
		if err != nil || n.actor.Kind == account.Operator {
			return c.ID.String(), err
		}
		cards, err := n.m.vault.Cards(n.actor.CompanyID)
		return cards.Of(c.ID), err
	case SubjectCompany:
		k, err := n.tx.Company(what.key)
		return k.ID.String(), err
	case SubjectPosition:
		p, err := n.tx.Position(what.key)
		n.title[what] = p.Terms.Title
		return p.ID.String(), err
	case SubjectRule:
		r, err := n.tx.Rule(what.key)
		if err != nil {
			return "", err
		}
		p, err := n.tx.Position(r.Position)
		n.title[what] = p.Terms.Title
		return r.ID.String(), err
	case SubjectOffer:
		o, err := n.tx.Offer(what.key)
		return o.ID.String(), err
	case SubjectTrial:
		list, err := n.tx.Trials()
		for i := range list {
			if list[i].Key == what.key {
				return list[i].ID.String(), err
			}
		}
		return "", err
	}
	return "", nil
}

// ReadAudit gives a page of the audit log of a store as an operator reads it, of one
// company (nil: of all), beside or without those who serve it: it loads nothing.
// It is NotFound if there is no installation yet, or no such company.
func ReadAudit(ctx context.Context, store Store, vault *account.Vault, o Options, company *uuid.UUID, of EntryFilter, before int64, limit int) ([]Noted, int64, error) {
	jobs, err := OpenJobs(ctx, store, vault, o, nil)
	if err != nil {
		return nil, 0, err
	}
	m := jobs.market
	if company != nil {
		err := m.read(ctx, func(tx Tx) error {
			k, err := tx.CompanyByID(*company)
			of.Company = k.Key
			return err
		})
		if err != nil {
			return nil, 0, err
		}
	}
	return m.Audit(ctx, Actor{Kind: account.Operator}, of, before, limit)
}
