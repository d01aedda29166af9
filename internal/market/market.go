// Package market is where the nouns of the trade meet: it lowers candidates
// and rules to the engine's populations, keeps them in step with the change
// log, proposes and makes offers, and holds every use case that touches more
// than one noun.
//
// Populations only propose: the transaction that writes an offer evaluates the
// match again on the rows that it has locked. A Market is safe for concurrent
// use.
package market

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"enishi/internal/account"
	"enishi/internal/day"
	"enishi/internal/errs"
	"enishi/internal/rule"
)

// Mode is how automatic offers leave.
type Mode string

// The modes: a member of the company confirms each batch, or rules send by
// themselves.
const (
	Approve Mode = "approve"
	Auto    Mode = "auto"
)

// Mailer sends letters to people, several at once. Send may be called again with a
// letter that was sent, when nobody knows of it. Its errors are logged and kept: they
// hold no address of anybody, and ErrRefused if another try is of no use.
type Mailer interface {
	Send(ctx context.Context, l *Letter) error
}

// Options are what an installation decides.
type Options struct {
	Mode Mode
	// Demo confirms companies and addresses at once and lifts the bound on
	// previews.
	Demo bool
	// Clock tells the time; the installation's own offset is added to it.
	Clock func() time.Time
	Mail  Mailer
	// Address is where people reach the pages, without a slash at its end: mails
	// link to it.
	Address string
	// Shared says that other processes serve the same store: the one that
	// leads must call Lead again and again.
	Shared bool
	// Abreast is how many people the matcher reads about at once while rows wait; 0: 8.
	Abreast int
	// Observer is told of what the market does; nil: nobody is.
	Observer Observer
	// Report is told of what went wrong and did not stop the request.
	Report func(ctx context.Context, what string, err error)
	// Actors keeps which actor a token stands for; nil: the store is asked
	// each time.
	Actors Actors
	// Replica is a copy of the store that lists and figures are read from; nil:
	// they are read from the store.
	Replica Reader
	// Snapshots has images of the populations to start from; nil: none.
	Snapshots Snapshots
	// Data says whose data the installation may hold; empty: anybody's.
	Data DataKind
}

// Market serves the use cases over a store.
type Market struct {
	store     Store
	vault     *account.Vault
	passwords *account.Passwords
	options   Options
	seed      []byte
	identity  string       // of the database; see settingIdentity
	restoring bool         // it is opened in spite of the TransferMark; see Restore
	actorKey  []byte       // seals what Actors keeps
	letterKey []byte       // names mails to who receives them
	offset    atomic.Int64 // added to the clock, nanoseconds
	people    *populations // of those who are real
	trials    trialPeople  // of all others
	matched   atomic.Int64
	upkeep    atomic.Pointer[upkeep]
	watched   atomic.Int64 // when upkeep was read, by the clock; nanoseconds
	today     atomic.Int32
	answers   atomic.Pointer[map[int64]rule.Answers]
	facts     atomic.Pointer[factsOfDay] // what insights need of the store
	knowing   sync.Mutex                 // while these are read
	self      string                     // names this process in leases
	lead      atomic.Int64               // fencing number while this process leads, else 0
	drained   int64                      // with which matched was last read; under matching
	begun     atomic.Int64               // how often Follow has begun
	following sync.Mutex
	followed  bool           // the last Follow came to its end; under following
	turn      int64          // of the populations' changes; under following
	early     map[int64]bool // rows that were applied before they had a position; under following
	matching  sync.Mutex
	noted     time.Time // when the matcher last wrote its position, and which; under matching
	notedAt   int64
	tending   sync.Mutex
	moving    sync.Mutex
	kick      chan struct{} // something was written: the matcher has work
	posted    chan struct{} // a mail was written
	jobbing   sync.Map      // for each job that was run here, who may run it
	employers employerIndex // names of companies, as they are compared
	replica   replica
	wire      wire

	passedOver map[string]error // images that Open could not use, by name
}

// Names of the installation's settings.
const (
	settingSeed  = "seed"
	settingCheck = "secret_check"
	// settingIdentity tells databases apart that were filled alike, with one seed
	// and one secret, and one from itself before it was taken back to an earlier
	// moment. Those made before there was one have none.
	settingIdentity = "identity"
	settingDay      = "day"
	settingMatched  = "matched"
	settingOffset   = "clock_offset_ns"
	settingLock     = "lock" // locked by whatever changes the installation itself
	// settingTrimmed is the highest position whose row was removed from the
	// log; it is not set before the first is.
	settingTrimmed = "log_trimmed"
	// settingData is the DataKind of what the database holds; those made without one
	// have none.
	settingData = "data_kind"
	// TransferMark is there while rows of another database are copied into this one, and
	// stays if that does not come to its end.
	TransferMark = "transfer"
)

// Open gives the market of a store: it sets up a new installation, or loads
// the populations of an old one: from the newest image that fits, else from
// the store's rows. It takes seconds for large stores; progress, if not nil, is
// told how many rows of how many kinds are loaded.
func Open(ctx context.Context, store Store, vault *account.Vault, o Options, progress func(what string, done int)) (*Market, error) {
	m := &Market{
		store: store, vault: vault, passwords: account.NewPasswords(), options: o,
		kick: make(chan struct{}, 1), posted: make(chan struct{}, 1), self: rand.Text(), passedOver: map[string]error{},
	}
	m.store = guarded{store, m}
	m.replica.Reader = o.Replica
	var err error
	if m.actorKey, err = vault.Key("actors"); err != nil {
		return nil, err
	}
	if m.letterKey, err = vault.Key("letters"); err != nil {
		return nil, err
	}
	if err := m.install(ctx); err != nil {
		return nil, fmt.Errorf("set up the installation: %w", err)
	}
	if progress == nil {
		progress = func(string, int) {}
	}
	fitting, err := m.loadImage(ctx, progress)
	if err != nil {
		return nil, fmt.Errorf("load the populations from a snapshot: %w", err)
	}
	if fitting {
		return m, nil
	}
	if m.people, err = newPopulations(); err != nil {
		return nil, fmt.Errorf("make the populations: %w", err)
	}
	if err := m.load(ctx, progress); err != nil {
		return nil, fmt.Errorf("load the populations: %w", err)
	}
	return m, nil
}

// install reads the installation's settings, and makes those that are missing.
// An installation that has them is only read: it opens on a database that
// cannot be written, too.
func (m *Market) install(ctx context.Context) error {
	installed := false
	err := m.read(ctx, func(tx Tx) error {
		seed, err := tx.Setting(settingSeed)
		if err != nil {
			return err
		}
		today, err := tx.Setting(settingDay)
		if err != nil {
			return err
		}
		check, err := tx.Setting(settingCheck)
		if err != nil {
			return err
		}
		mark, err := m.unmarked(tx, false)
		if installed = seed != "" && today != "" && check != "" && !mark; err != nil || !installed {
			return err
		}
		return m.recallSettings(tx)
	})
	if err != nil || installed {
		return err
	}
	return m.store.Write(ctx, func(tx Tx) error {
		// Of several processes that start together, one sets it up.
		if _, err := tx.LockSetting(settingLock); err != nil {
			return err
		}
		if err := m.unhalved(tx); err != nil {
			return err
		}
		if err := m.makeSettings(tx); err != nil {
			return err
		}
		return m.recallSettings(tx)
	})
}

// makeSettings makes the settings that are missing.
func (m *Market) makeSettings(tx Tx) error {
	seed, err := tx.Setting(settingSeed)
	if err != nil {
		return err
	}
	if seed == "" {
		b := make([]byte, 16)
		rand.Read(b) // never fails: crypto/rand ends the process instead
		if err := tx.SetSetting(settingSeed, hex.EncodeToString(b)); err != nil {
			return err
		}
	}
	check, err := tx.Setting(settingCheck)
	if err != nil {
		return err
	}
	if check == "" {
		if err := m.opens(tx); err != nil {
			return err
		}
		if err := tx.SetSetting(settingCheck, m.vault.Check()); err != nil {
			return err
		}
		if err := tx.SetSetting(settingIdentity, rand.Text()); err != nil {
			return err
		}
	}
	mark, err := m.unmarked(tx, check == "")
	if err != nil {
		return err
	}
	if mark {
		if err := m.mark(tx); err != nil {
			return err
		}
	}
	offset, err := numberSetting(tx, settingOffset)
	if err != nil {
		return err
	}
	m.offset.Store(offset)
	today, err := tx.Setting(settingDay)
	if err != nil || today != "" {
		return err
	}
	d := day.Of(m.Now())
	if err := beginDay(tx, d, m.Now()); err != nil {
		return err
	}
	return tx.SetSetting(settingDay, d.String())
}

// opens is Invalid if the secret does not open the first account: of an
// installation that has no check yet.
func (m *Market) opens(tx Tx) error {
	a, err := tx.Account(1)
	if err != nil {
		return notFoundIsNil(err)
	}
	if _, err := m.vault.Open(a.Sealed); err != nil {
		return wrongSecret()
	}
	return nil
}

func wrongSecret() error {
	return errs.New(errs.Invalid, "this is not the secret that the installation was made with:"+
		" with it, no address and no card id could be read; restore the secret's file, or set ENISHI_SECRET as it was")
}

// recallSettings reads the settings of an installation that has them all. It
// is Invalid with another secret than the installation was made with.
func (m *Market) recallSettings(tx Tx) error {
	check, err := tx.Setting(settingCheck)
	if err != nil {
		return err
	}
	if err := m.holdsWanted(tx); err != nil {
		return err
	}
	if check != m.vault.Check() {
		return wrongSecret()
	}
	offset, err := numberSetting(tx, settingOffset)
	if err != nil {
		return err
	}
	m.offset.Store(offset)
	seed, err := tx.Setting(settingSeed)
	if err != nil {
		return err
	}
	m.seed = []byte(seed)
	if m.identity, err = tx.Setting(settingIdentity); err != nil {
		return err
	}
	today, err := logDay(tx)
	if err != nil {
		return err
	}
	m.today.Store(int32(today))
	kept, err := loadUpkeep(tx)
	if err != nil {
		return err
	}
	m.upkeep.Store(&kept)
	matched, err := numberSetting(tx, settingMatched)
	m.matched.Store(matched)
	return err
}

// Now gives the installation's time.
func (m *Market) Now() time.Time {
	return m.options.Clock().Add(time.Duration(m.offset.Load())).UTC().Truncate(time.Microsecond)
}

// Today gives the log's day.
func (m *Market) Today() day.Day { return day.Day(m.today.Load()) }

// moment gives the time at which something happens on the log's day: now, or
// nine in the morning of that day while days are being caught up.
func (m *Market) moment(today day.Day) time.Time {
	if now := m.Now(); day.Of(now) == today {
		return now
	}
	return today.At(9).UTC()
}

// Status says how far the log has been followed.
type Status struct {
	LogHead int64   `json:"log_head" doc:"Position of the last change."`
	Applied int64   `json:"applied" doc:"Position up to which searches answer."`
	Matched int64   `json:"matched" doc:"Position up to which offers have been made."`
	Day     day.Day `json:"day" doc:"The log's day."`
}

// Status gives the state of the log; everything is drained when the three
// positions are equal. Rows that have no position yet count into the head.
func (m *Market) Status(ctx context.Context) (Status, error) {
	s := Status{Applied: m.people.applied.Load(), Matched: m.matched.Load(), Day: m.Today()}
	err := m.store.Read(ctx, func(tx Tx) error {
		head, err := tx.Head()
		if err != nil {
			return err
		}
		waiting, err := tx.Unnumbered()
		if err != nil {
			return err
		}
		s.LogHead = head + waiting
		if m.lead.Load() != 0 {
			return nil
		}
		s.Matched, err = numberSetting(tx, settingMatched) // by another process
		return err
	})
	return s, err
}

// transact runs a transaction that writes. Where the context is that of the
// leading matcher, it holds only as long as that leads; where it is a
// session's, and there may be replicas, it counts as a write of that.
func (m *Market) transact(ctx context.Context, fn func(Tx) error) error {
	fence, leads := ctx.Value(fenceKey{}).(int64)
	session, counts := ctx.Value(sessionKey{}).([]byte)
	counts = counts && m.options.Shared
	if !leads && !counts {
		return m.store.Write(ctx, fn)
	}
	return m.store.Write(ctx, func(tx Tx) error {
		if leads {
			if err := tx.HoldLease(leaseMatcher, fence); err != nil {
				return err
			}
		}
		if err := fn(tx); err != nil || !counts {
			return err
		}
		return tx.CountWrite(session)
	})
}

// write runs a use case's transaction and then applies it here, so that the
// caller's next question sees it; the matcher is told. Once it is committed, it
// is a success: what cannot be applied now the follower applies.
func (m *Market) write(ctx context.Context, fn func(Tx) error) error {
	if err := m.transact(ctx, fn); err != nil {
		return err
	}
	m.wake()
	if err := m.Follow(ctx); err != nil && ctx.Err() == nil {
		m.report(ctx, "what was saved is applied later", err)
	}
	return nil
}

// report tells of what went wrong and did not stop what was asked for.
func (m *Market) report(ctx context.Context, what string, err error) {
	if m.options.Report != nil {
		m.options.Report(ctx, what, err)
	}
}

// Kicked is signalled when something was written that the matcher may have to
// handle.
func (m *Market) Kicked() <-chan struct{} { return m.kick }

func (m *Market) wake() {
	select {
	case m.kick <- struct{}{}:
	default:
	}
}

func (m *Market) read(ctx context.Context, fn func(Tx) error) error { return m.store.Read(ctx, fn) }
