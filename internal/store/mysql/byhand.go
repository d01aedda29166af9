package mysql

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"enishi/internal/store"
)

// Ask gives a server a statement by hand, which the server itself ends and bounds as well: a
// program that is killed leaves nothing running.
func Ask(ctx context.Context, address string, q store.Query) (out store.Rows, err error) {
	config, err := parse(address)
	if err != nil {
		return out, err
	}
	db, err := connect(config, []string{usual})
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)
	var version string
	if err := db.QueryRowContext(ctx, "SELECT VERSION()").Scan(&version); err != nil {
		return out, fmt.Errorf("reach the database %s on %s: %w", config.DBName, config.Addr, err)
	}
	limit := fmt.Sprintf("SET SESSION max_execution_time = %d", q.Time.Milliseconds())
	if strings.Contains(strings.ToLower(version), "mariadb") {
		limit = fmt.Sprintf("SET SESSION max_statement_time = %.3f", q.Time.Seconds())
	}
	return q.Run(ctx, db, limit, fmt.Sprintf("SET SESSION sql_select_limit = %d", q.Most+1), "SET SESSION TRANSACTION READ ONLY")
}
