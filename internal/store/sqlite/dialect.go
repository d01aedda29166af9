package sqlite

import (
	"errors"

	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"enishi/internal/errs"
	"enishi/internal/store"
)

func dialect() store.Dialect {
	return store.Dialect{
		System:     "sqlite",
		BeginWrite: "BEGIN IMMEDIATE",
		BeginRead:  "BEGIN",
		Now:        "CAST(unixepoch('now', 'subsec') * 1000000 AS INTEGER)",
		NumbersLog: true,
		Usage:      store.UsageQueries{Bytes: "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"},
		Classify:   classify,
		BulkStart:  bulkStart,
		BulkEnd:    bulkEnd,
	}
}

// primary is the part of a result code that says what failed, without where.
const primary = 0xff

// classify tells what SQLite's result codes mean.
func classify(err error) store.Failure {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return store.Failure{Kind: errs.Internal}
	}
	switch e.Code() {
	case lib.SQLITE_CONSTRAINT_UNIQUE, lib.SQLITE_CONSTRAINT_PRIMARYKEY:
		return store.Failure{Kind: errs.Conflict}
	}
	switch e.Code() & primary {
	case lib.SQLITE_BUSY, lib.SQLITE_LOCKED:
		return store.Failure{Kind: errs.Busy, Message: "the database is busy", Retry: true, Lock: store.LockTimeout}
	case lib.SQLITE_FULL:
		return store.Failure{Kind: errs.Busy, Message: "the disk is full"}
	case lib.SQLITE_IOERR:
		return store.Failure{Kind: errs.Busy, Message: "the disk gives errors"}
	case lib.SQLITE_READONLY, lib.SQLITE_CANTOPEN, lib.SQLITE_PERM:
		return store.Failure{Kind: errs.Busy, Message: "the database cannot be written"}
	}
	if c := e.Code() & primary; c == lib.SQLITE_NOTADB || c == lib.SQLITE_CORRUPT {
		return store.Failure{Kind: errs.Internal, Message: "the file is no database, or damaged: restore it from a backup"}
	}
	return store.Failure{Kind: errs.Internal}
}
