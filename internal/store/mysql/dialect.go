package mysql

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/go-sql-driver/mysql"

	"enishi/internal/errs"
	"enishi/internal/store"
)

func dialect() store.Dialect {
	return store.Dialect{
		System:     "mysql",
		BeginWrite: "START TRANSACTION",
		BeginRead:  "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
		Lock:       " FOR UPDATE",
		Share:      " LOCK IN SHARE MODE",
		Now:        "CAST(UNIX_TIMESTAMP(NOW(6)) * 1000000 AS SIGNED)",
		Unprepared: true,
		Usage:      usage("performance_schema.global_status"),
		Classify:   classify,
	}
}

// usage gives the queries of what a server has in use; status is the table of
// its status, which MariaDB and MySQL keep in different places.
func usage(status string) store.UsageQueries {
	return store.UsageQueries{
		Connections:     "SELECT VARIABLE_VALUE FROM " + status + " WHERE VARIABLE_NAME = 'Threads_connected'",
		MostConnections: "SELECT @@max_connections",
		Bytes:           "SELECT CAST(COALESCE(SUM(data_length + index_length), 0) AS SIGNED) FROM information_schema.TABLES WHERE table_schema = DATABASE()",
	}
}

// Error codes of the servers, as their manuals name them; those above 1900
// differ between MySQL and MariaDB.
const (
	erConCount          = 1040 // too many connections
	erServerShutdown    = 1053
	erDupEntry          = 1062
	erDiskFull          = 1021
	erRecordFileFull    = 1114
	erCheckRead         = 1020 // record has changed since last read (MariaDB, snapshot isolation)
	erNetPacket         = 1153
	erNewAbortingConn   = 1184
	erUserConnections   = 1203
	erUserLimit         = 1226
	erLockWaitTimeout   = 1205
	erLockDeadlock      = 1213
	erQueryInterrupted  = 1317
	erConnectionKilled  = 1927 // MariaDB
	erStatementTimeout  = 1969 // MariaDB
	erQueryTimeout      = 3024 // MySQL
	erAccessDenied      = 1045
	erAccessDeniedNone  = 1698 // MariaDB, and MySQL: of one who has given no password
	erDBAccessDenied    = 1044
	erTableAccess       = 1142
	erSpecificAccess    = 1227
	erBadDB             = 1049
	erClientInteraction = 4031 // MySQL: closed for having been idle
	erHostBlocked       = 1129 // after too many connections that were cut
	erUnknownCommand    = 1047 // MariaDB: a node of a cluster that is not part of it now
	erOfflineMode       = 3032 // MySQL
	erRolledBack        = 3101 // MySQL: by others of a group, at its commit
	erTableDefChanged   = 1412 // a migration ran since the transaction began
	erTableExists       = 1050
	erBadTable          = 1051
	erDupFieldName      = 1060
	erDupKeyName        = 1061
	erCantDrop          = 1091 // there is no such column or index
	erTriggerExists     = 1359
	erNeedsTrust        = 1419 // with a binary log, a user makes triggers only if the server trusts them
	// What proxies answer by themselves: MaxScale and ProxySQL with the
	// numbers of the C client, ProxySQL and RDS Proxy with their own.
	proxyUnreachable = 2003
	proxyGone        = 2006
	proxyLost        = 2013
	proxyConnect     = 9001
	proxyBorrow      = 9501
)

// classify tells what an error of the driver means.
func classify(err error) store.Failure {
	var e *mysql.MySQLError
	if errors.As(err, &e) {
		f := ofServer(e.Number)
		f.Plain = &plain{e}
		return f
	}
	var network net.Error
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return store.Failure{Kind: errs.Busy, Message: "the request ended before the database answered", Lost: true}
	case errors.Is(err, driver.ErrBadConn):
		// The driver says this only of what the server has not done: it was
		// not sent, or refused by a server that takes no writes (any more).
		return store.Failure{Kind: errs.Busy, Message: "the database does not answer", Retry: true}
	case errors.Is(err, mysql.ErrInvalidConn), errors.Is(err, io.EOF),
		errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, &network):
		return store.Failure{Kind: errs.Busy, Message: "the database does not answer", Retry: true, Lost: true}
	}
	return store.Failure{Kind: errs.Internal}
}

// plain is an error of the server without its words, which quote values and,
// if the statement was not understood, the statement.
type plain struct{ *mysql.MySQLError }

func (p *plain) Error() string {
	return fmt.Sprintf("the server's error %d (%s)", p.Number, p.SQLState[:])
}

// Unwrap gives the driver's own error.
func (p *plain) Unwrap() error { return p.MySQLError }

// opening tells whoever opens a database what is wrong with its address. Later the
// same errors are the operator's matter and none of a user's.
func opening(err error) store.Failure {
	var e *mysql.MySQLError
	if errors.As(err, &e) {
		switch e.Number {
		case erAccessDenied:
			return store.Failure{Kind: errs.Invalid, Message: "the database refuses this user or password"}
		case erDBAccessDenied:
			return store.Failure{Kind: errs.Invalid, Message: "this user has no rights on a database of this name"}
		case erTableAccess, erSpecificAccess:
			return store.Failure{Kind: errs.Invalid, Message: "this user lacks a right on the database"}
		case erBadDB:
			return store.Failure{Kind: errs.Invalid, Message: "the server has no database of this name: make it first"}
		}
	}
	return classify(err)
}

func ofServer(code uint16) store.Failure {
	switch code {
	case erDupEntry:
		return store.Failure{Kind: errs.Conflict}
	case erLockDeadlock, erCheckRead:
		return store.Failure{Kind: errs.Busy, Message: "the database is busy", Retry: true, Lock: store.Deadlock}
	case erLockWaitTimeout:
		return store.Failure{Kind: errs.Busy, Message: "the database is busy", Retry: true, Lock: store.LockTimeout}
	case erTableDefChanged:
		return store.Failure{Kind: errs.Busy, Message: "the database is being updated", Retry: true}
	case erConCount, erNewAbortingConn, erUserConnections, erUserLimit, proxyBorrow:
		return store.Failure{Kind: errs.Busy, Message: "the database has no connection left", Retry: true}
	case erHostBlocked:
		return store.Failure{Kind: errs.Busy, Message: "the database does not answer"}
	case erUnknownCommand, erOfflineMode, erRolledBack, proxyUnreachable, proxyConnect:
		return store.Failure{Kind: errs.Busy, Message: "the database does not answer", Retry: true}
	case erServerShutdown, erConnectionKilled, erClientInteraction, proxyGone, proxyLost:
		return store.Failure{Kind: errs.Busy, Message: "the database does not answer", Retry: true, Lost: true}
	case erQueryInterrupted, erStatementTimeout, erQueryTimeout:
		return store.Failure{Kind: errs.Busy, Message: "the database took too long"}
	case erDiskFull, erRecordFileFull:
		return store.Failure{Kind: errs.Busy, Message: "the disk of the database is full"}
	case erNetPacket:
		return store.Failure{Kind: errs.TooLarge, Message: "this is larger than the database takes"}
	case erAccessDenied, erDBAccessDenied, erTableAccess, erSpecificAccess, erBadDB:
		return store.Failure{Kind: errs.Busy, Message: "the database does not answer"} // to this process
	}
	return store.Failure{Kind: errs.Internal}
}
