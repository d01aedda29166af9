// Package mysql keeps a market in MySQL 8 (also Aurora MySQL 3) or MariaDB
// 10.6 and newer: how it is opened, what its sessions run under, what its error
// codes mean, and its migrations.
//
// Writes run under READ COMMITTED, so that every statement sees what the locks
// before it let through; reads see one moment. A connection that lies idle is
// closed by the server after a few seconds, so that a process that is paused
// inside a transaction gives its locks back. The store that Open gives is safe
// for concurrent use, by any number of processes.
package mysql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"

	"enishi/internal/errs"
	"enishi/internal/store"
)

// Options are how a database is opened; the zero value is how a server does.
type Options struct {
	// Connections bounds each of the store's pools; 0: a share of what the
	// server allows, see Budget.
	Connections int
	// Share is the part of the server's connections that this process may
	// have; 0 counts as a sixteenth.
	Share float64
	// Loading allows statements that last for minutes and connections that
	// lie idle as long: for filling an empty database.
	Loading bool
	// Replica is the address of a copy of the database that may lag; empty:
	// there is none. It need not be there yet.
	Replica string
	// Password, if it is not nil, gives another password than one that the server, or
	// its replica, has refused; or the same, if there is no other. It is asked by one
	// goroutine at a time, and for some seconds at most.
	Password func(ctx context.Context, refused string) (string, error)
	// Expect refuses to change the schema: it must be current.
	Expect bool
}

// Open opens the database at an address, mysql://USER:PASSWORD@HOST:PORT/NAME,
// and brings its schema up to date; one process at a time does that. A schema
// of a newer program is Conflict, an address that cannot be read Invalid.
func Open(ctx context.Context, address string, o Options) (*store.Store, error) {
	config, err := parse(address)
	if err != nil {
		return nil, err
	}
	if o.Replica != "" {
		if _, err := parse(o.Replica); err != nil {
			return nil, fmt.Errorf("the replica: %w", err)
		}
	}
	s, err := open(ctx, config, o)
	if err != nil {
		if f := opening(err); f.Message != "" {
			err = errs.Wrap(f.Kind, f.Message, err)
		}
		return nil, fmt.Errorf("open the database %s on %s: %w", config.DBName, config.Addr, err)
	}
	return s, nil
}

func open(ctx context.Context, config *mysql.Config, o Options) (_ *store.Store, err error) {
	p := newPasswords(config, o.Password)
	if config, err = accepted(ctx, config, p); err != nil {
		return nil, err
	}
	server, err := ask(ctx, config)
	if err != nil {
		return nil, err
	}
	if err := migrate(ctx, config, server, o.Expect); err != nil {
		return nil, err
	}
	most := o.Connections
	if most == 0 {
		most = Budget(server.connections, o.Share)
	}
	if !o.Loading {
		config = config.Clone()
		config.ReadTimeout, config.WriteTimeout = silence, silence
	}
	writers, err := connectBy(config, settings(server, o, true), p)
	if err != nil {
		return nil, err
	}
	readers, err := connectBy(config, settings(server, o, false), p)
	if err != nil {
		return nil, errors.Join(err, writers.Close())
	}
	pools := store.Pools{
		Writers: store.Pool{DB: writers, Most: most, Fresh: fresh(o), Fit: writable},
		Readers: store.Pool{DB: readers, Most: most, Fresh: fresh(o), Fit: writable},
	}
	if o.Replica != "" {
		replica, err := connectReplica(o.Replica, settings(server, o, false), p)
		if err != nil {
			return nil, errors.Join(err, writers.Close(), readers.Close())
		}
		pools.Replica = store.Pool{DB: replica, Most: most, Fresh: fresh(o)}
	}
	d := dialect()
	if server.mariadb {
		d.System = "mariadb"
		d.Usage = usage("information_schema.GLOBAL_STATUS")
	}
	return store.New(d, pools, func() error { return nil }), nil
}

// connectReplica gives a handle that gives up soon: whoever asks a replica can
// ask the writer.
func connectReplica(address string, begin []string, p *passwords) (*sql.DB, error) {
	config, err := parse(address)
	if err != nil {
		return nil, err
	}
	config.Timeout = time.Second
	config.ReadTimeout, config.WriteTimeout = silence, silence
	return connectBy(config, begin, p)
}

// accepted gives a configuration with the password that the server takes now.
func accepted(ctx context.Context, config *mysql.Config, p *passwords) (_ *mysql.Config, err error) {
	if p == nil {
		return config, nil
	}
	config = config.Clone()
	config.ReadTimeout, config.WriteTimeout = silence, silence
	db, err := connectBy(config, nil, p)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(db.PingContext(ctx), db.Close()); err != nil {
		return nil, err
	}
	config.ReadTimeout, config.WriteTimeout = loadTime, loadTime
	config.Passwd = p.known()
	return config, nil
}

// server is what a database says of itself.
type server struct {
	mariadb     bool
	connections int // that it allows
}

// table is what the tables of this server are made with.
func (s server) table() string {
	if s.mariadb {
		return "ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin"
	}
	return "ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin"
}

// bound ends statements that take longer; 0: none.
func (s server) bound(d time.Duration) string {
	if s.mariadb {
		return fmt.Sprintf("SET SESSION max_statement_time = %d", int(d.Seconds()))
	}
	return fmt.Sprintf("SET SESSION max_execution_time = %d", d.Milliseconds())
}

// ask finds out what a server is. One that takes the connection and says nothing,
// because it is paused or no database, is given up soon.
func ask(ctx context.Context, config *mysql.Config) (s server, err error) {
	config = config.Clone()
	config.ReadTimeout, config.WriteTimeout = silence, silence
	db, err := connect(config, nil)
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var version string
	var ofUser int // 0: no limit
	if err := db.QueryRowContext(ctx, "SELECT VERSION(), @@max_connections, @@max_user_connections").Scan(&version, &s.connections, &ofUser); err != nil {
		return s, err
	}
	if ofUser > 0 {
		s.connections = min(s.connections, ofUser)
	}
	s.mariadb = strings.Contains(strings.ToLower(version), "mariadb")
	if err := s.accept(version); err != nil {
		return s, err
	}
	return s, logsRows(ctx, db)
}

// The oldest servers that have what the schema is made with: collations in which
// a space at the end counts, and columns that are added at once.
var (
	leastMariaDB = [3]int{10, 6, 0}
	leastMySQL   = [3]int{8, 0, 17}
)

// accept is Invalid if a server is too old. What says no number may be new.
func (s server) accept(version string) error {
	least := leastMySQL
	if s.mariadb {
		least = leastMariaDB
	}
	var found [3]int
	n, _ := fmt.Sscanf(version, "%d.%d.%d", &found[0], &found[1], &found[2]) // what it says beyond n is something else
	if slices.Compare(found[:n], least[:n]) >= 0 {
		return nil
	}
	return errs.New(errs.Invalid, "the server is "+version+"; accepted: MySQL 8.0.17 or later, MariaDB 10.6 or later")
}

// logsRows is Invalid if the server's log for replicas holds statements: under
// the isolation that is used here, they give other rows there.
func logsRows(ctx context.Context, db *sql.DB) error {
	rows, err := db.QueryContext(ctx, "SHOW VARIABLES WHERE Variable_name IN ('log_bin', 'binlog_format')")
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // Err tells what matters
	logs := map[string]string{}
	for rows.Next() {
		var name, value string
		if err := rows.Scan(&name, &value); err != nil {
			return err
		}
		logs[strings.ToLower(name)] = strings.ToUpper(value)
	}
	if logs["log_bin"] == "ON" && logs["binlog_format"] == "STATEMENT" {
		return errs.New(errs.Invalid, "the server's binlog_format is STATEMENT; accepted: ROW or MIXED")
	}
	return rows.Err()
}

// Budget gives how many connections each pool of a process may hold: its share
// of nine tenths of what the server allows, by two pools. The rest is for
// operators and for what starts while something else stops.
func Budget(allowed int, share float64) int {
	if share <= 0 {
		share = 1.0 / 16
	}
	return min(max(int(float64(allowed)*0.9*share/2), leastConnections), mostConnections)
}

// Below the least a process waits for itself; beyond the most, transactions of
// one process wait for the same locks and cores.
const (
	leastConnections = 4
	mostConnections  = 32
)

// Times that bound what a process waits for the server, and the server for a
// process.
const (
	dialTime  = 5 * time.Second
	replyTime = 15 * time.Second
	loadTime  = 30 * time.Minute
	// silence is how long a server may say nothing: one that runs has ended
	// the statement before. Of a machine that is gone, or cut off, nothing
	// else tells for many minutes.
	silence = replyTime + 5*time.Second
	// lockWait: a transaction of ours holds locks for milliseconds; longer,
	// and its process is paused, which idleTime ends.
	lockWait = 5
	idleTime = 5 // seconds after which the server closes an idle connection
	readIdle = 60
)

// fresh is how long an idle connection is trusted: shorter than idleTime.
func fresh(o Options) time.Duration {
	if o.Loading {
		return 0
	}
	return 3 * time.Second
}

// writable says whether a connection leads to a server that takes writes. One
// that does not was the writer once, and shows less from then on: a new
// connection finds the server that is the writer now. Of Aurora's servers
// innodb_read_only tells, of others read_only.
func writable(ctx context.Context, conn *sql.Conn) bool {
	var yes bool
	err := conn.QueryRowContext(ctx, writes).Scan(&yes)
	return err == nil && yes
}

const writes = "SELECT CONCAT(@@global.read_only) IN ('0', 'OFF') AND @@global.innodb_read_only = 0"

// usual makes a session what the statements here are written for, whatever the
// server's own settings are.
const usual = "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,ERROR_FOR_DIVISION_BY_ZERO'," +
	" autocommit = 1, completion_type = 'NO_CHAIN', sql_safe_updates = 0, sql_select_limit = 18446744073709551615," +
	" sql_auto_is_null = 0, sql_big_selects = 1, foreign_key_checks = 1, unique_checks = 1"

// settings gives the statements that a new session begins with.
func settings(s server, o Options, write bool) []string {
	idle := idleTime
	if !write {
		idle = readIdle
	}
	if o.Loading {
		idle = int(loadTime.Seconds())
	}
	list := []string{
		usual,
		fmt.Sprintf("SET SESSION wait_timeout = %d, innodb_lock_wait_timeout = %d", idle, lockWait),
	}
	if write {
		list = append(list, "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE")
	} else {
		list = append(list, "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
	}
	// The server ends what the process has given up waiting for. MySQL bounds no
	// statement that writes, but what those wait for: rows, and whole tables.
	if !o.Loading {
		list = append(list, s.bound(replyTime), fmt.Sprintf("SET SESSION lock_wait_timeout = %d", int(replyTime.Seconds())))
	}
	if o.Loading && write { // one transaction at the end of which all is durable anyway
		list = append(list, "SET SESSION unique_checks = 0")
	}
	return list
}

// connect gives a handle whose sessions begin with the statements.
func connect(config *mysql.Config, begin []string) (*sql.DB, error) {
	return connectBy(config, begin, nil)
}

// connectBy is connect with passwords that may change.
func connectBy(config *mysql.Config, begin []string, p *passwords) (*sql.DB, error) {
	config = config.Clone()
	if err := config.Apply(mysql.BeforeConnect(put)); err != nil {
		return nil, err
	}
	c, err := mysql.NewConnector(config)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(&connector{c, begin, p}), nil
}

// parse reads an address.
func parse(address string) (*mysql.Config, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "mysql" && u.Scheme != "mariadb" || u.Host == "" || len(u.Path) < 2 {
		return nil, errs.New(errs.Invalid, "the address of a database is mysql://USER:PASSWORD@HOST:PORT/NAME")
	}
	c := mysql.NewConfig()
	c.Net, c.Addr = "tcp", u.Host
	if u.Port() == "" {
		c.Addr = net.JoinHostPort(u.Hostname(), "3306")
	}
	c.User, c.DBName = u.User.Username(), strings.TrimPrefix(u.Path, "/")
	c.Passwd, _ = u.User.Password()
	for name, values := range u.Query() {
		if name != "tls" {
			return nil, errs.New(errs.Invalid, "the address of a database takes only ?tls=true, ?tls=skip-verify or ?tls=preferred; found ?"+name)
		}
		c.TLSConfig = values[0]
	}
	c.Timeout, c.ReadTimeout, c.WriteTimeout = dialTime, loadTime, loadTime
	c.ClientFoundRows = true   // an UPDATE counts what it found
	c.InterpolateParams = true // one exchange a statement, and none kept on the server
	c.RejectReadOnly = true    // after a failover this was the writer once: connect again
	c.Logger = silent{}
	return c, nil
}

// silent drops what the driver would print: errors come back anyway.
type silent struct{}

func (silent) Print(...any) {}
