package store

import (
	"context"
	"fmt"
	"strconv"
)

// Usage is what a database has in use.
type Usage struct {
	Connections, MostConnections int // of all its clients; 0, 0: it has none
	Bytes                        int64
}

// UsageQueries ask a database for its Usage: the first column of the first row
// of each, which any user may ask. Without connections there is one file.
type UsageQueries struct{ Connections, MostConnections, Bytes string }

// Usage asks the database what it has in use.
func (s *Store) Usage(ctx context.Context) (u Usage, err error) {
	err = s.again(ctx, s.readers, false, func(t *tx) error {
		q := s.dialect.Usage
		if q.Connections != "" {
			open, err := t.figure(q.Connections)
			if err != nil {
				return err
			}
			most, err := t.figure(q.MostConnections)
			if err != nil {
				return err
			}
			u.Connections, u.MostConnections = int(open), int(most)
		}
		u.Bytes, err = t.figure(q.Bytes)
		return err
	})
	if err != nil {
		return Usage{}, fmt.Errorf("ask the database what it has in use: %w", err)
	}
	return u, nil
}

// figure gives a number that a server may say as a text.
func (t *tx) figure(query string) (int64, error) {
	text, err := one(t, "figures", func(row scanner, s *string) error { return row.Scan(s) }, query)
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("read %q: %w", text, err)
	}
	return n, nil
}
