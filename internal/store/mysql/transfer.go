package mysql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"enishi/internal/store"
)

// transferLock names the lock of whoever fills the database.
const transferLock = "SHA2(CONCAT('enishi.transfer.', DATABASE()), 256)"

// Lend opens a database, as the options say, and lends it to be filled or read.
func Lend(ctx context.Context, address string, o Options, to func(store.Side) error) (err error) {
	s, err := Open(ctx, address, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	return Peek(ctx, address, o.Password, to)
}

// Peek lends a database as it is, whatever its schema.
func Peek(ctx context.Context, address string, password func(ctx context.Context, refused string) (string, error), to func(store.Side) error) (err error) {
	config, err := parse(address)
	if err != nil {
		return err
	}
	db, err := connectBy(config, []string{usual}, newPasswords(config, password))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := db.PingContext(ctx); err != nil {
		return fmt.Errorf("reach the database %s on %s: %w", config.DBName, config.Addr, err)
	}
	return to(store.Side{
		DB: db, Tables: "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE' AND table_name <> 'goose_db_version'",
		Isolation: sql.LevelRepeatableRead,
		Alone:     "SELECT GET_LOCK(" + transferLock + ", 0)",
		Empty:     "TRUNCATE TABLE %s", // beyond what triggers refuse
		Begin:     []string{"SET SESSION sql_mode = CONCAT(@@sql_mode, ',NO_AUTO_VALUE_ON_ZERO')", "SET SESSION wait_timeout = 600"},
		Ask:       time.Minute, // which is ten times in that
		Server: &store.Server{
			Taken:  "SELECT IS_USED_LOCK(" + transferLock + ") IS NOT NULL",
			Writes: writes,
			Others: "SHOW PROCESSLIST", // the table of the same fails on MySQL where a statement holds bytes
			Self:   "SELECT CONNECTION_ID(), DATABASE()",
			Leases: "SELECT name FROM lease WHERE holder <> '' AND expires_at > " + dialect().Now + " ORDER BY name",
		},
	})
}
