package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"enishi/internal/store"
)

// Ask gives a file a statement by hand, beside whoever writes it.
func Ask(ctx context.Context, path string, q store.Query) (out store.Rows, err error) {
	at, err := reading(path)
	if err != nil {
		return out, err
	}
	db, err := sql.Open("sqlite", at)
	if err != nil {
		return out, fmt.Errorf("open the database %s: %w", path, err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return q.Run(ctx, db)
}
