package store

import "enishi/internal/errs"

// Dialect is what databases do not share.
type Dialect struct {
	// System names the kind of database in traces, as OpenTelemetry's
	// conventions for databases do.
	System string
	// BeginWrite and BeginRead start a transaction; the one that reads sees
	// one moment. A statement of one that writes sees what was committed
	// before it, and what a lock gave stays as it is until the end.
	BeginWrite, BeginRead string
	// Lock is what a query ends in that keeps others from writing its rows,
	// Share the same while others may hold a Share too; empty where a writer
	// is alone anyway.
	Lock, Share string
	// Now is an expression of the database's own clock, in microseconds
	// since 1970.
	Now string
	// NumbersLog says that a transaction numbers the rows that it appends to
	// the change log: true where one writes at a time.
	NumbersLog bool
	// Unprepared sends statements with their values in them: where a server
	// bounds how many prepared ones all its clients may keep.
	Unprepared bool
	// Usage asks what the database has in use.
	Usage UsageQueries
	// Classify tells what an error of the driver means. An UPDATE must count
	// the rows that it found, not those that it changed.
	Classify func(error) Failure
	// BulkStart and BulkEnd frame the loading of a whole market, inside its
	// transaction; they may be nil.
	BulkStart, BulkEnd func(Exec) error
}

// Exec runs a statement or reads the first column of a query's rows as text.
type Exec interface {
	Exec(query string, args ...any) error
	Texts(query string, args ...any) ([]string, error)
}

// Failure is what an error of a driver means.
type Failure struct {
	Kind    errs.Kind // Conflict: a second row where one is allowed; Internal: unknown
	Message string    // for the user, unless Kind is Conflict or Internal
	Retry   bool      // the same transaction may succeed if it is run again
	Lost    bool      // the connection is gone: of a COMMIT nobody knows whether it was heard
	Lock    LockFailure
	// Plain is the error without the values that the driver quotes in it,
	// since it may be logged; nil: it quotes none.
	Plain error
}

// LockFailure is how a transaction failed that waited for a lock.
type LockFailure int

// The failures of locks; the zero value is none.
const (
	Deadlock LockFailure = iota + 1
	LockTimeout
)
