package mysql

import (
	"context"
	"database/sql"
	"errors"

	"enishi/internal/store"
)

// Lend opens a database, as the options say, and lends it to be filled or read.
func Lend(ctx context.Context, address string, o Options, to func(store.Side) error) (err error) {
	s, err := Open(ctx, address, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	config, err := parse(address)
	if err != nil {
		return err
	}
	db, err := connectBy(config, []string{usual}, newPasswords(config, o.Password))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return to(store.Side{
		DB: db, Tables: "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE' AND table_name <> 'goose_db_version'",
		Isolation: sql.LevelRepeatableRead,
		Alone:     "SELECT GET_LOCK(SHA2(CONCAT('enishi.transfer.', DATABASE()), 256), 0)",
		Empty:     "TRUNCATE TABLE %s", // beyond what triggers refuse
		Begin:     []string{"SET SESSION sql_mode = CONCAT(@@sql_mode, ',NO_AUTO_VALUE_ON_ZERO')", "SET SESSION wait_timeout = 600"},
	})
}
