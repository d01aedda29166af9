package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"enishi/internal/errs"
	"enishi/internal/store"
)

// Copy writes a copy of a database, whole and of one moment, as one file that Open opens. As of
// Lend, nobody else may have it open to serve it. Beside the database there must be room for the
// copy until it is written. Whatever first does is done while nobody serves it, before it is read.
func Copy(ctx context.Context, path string, to io.Writer, first func() error) error {
	if _, err := os.Stat(path); err != nil {
		return errs.Wrap(errs.NotFound, "there is no database "+path, err)
	}
	beside := path + "-copy"
	return lend(ctx, path, Options{}, func(db store.Side) (err error) {
		if err := first(); err != nil {
			return err
		}
		if err := os.RemoveAll(beside); err != nil {
			return errs.Wrap(errs.Invalid, "an earlier copy stands in the way", err)
		}
		if err := ownFile(beside); err != nil {
			return fmt.Errorf("make room for a copy: %w", err)
		}
		defer func() { err = errors.Join(err, os.RemoveAll(beside)) }()
		if _, err := db.DB.ExecContext(ctx, "VACUUM INTO ?", beside); err != nil {
			return fmt.Errorf("copy the database %s: %w", path, err)
		}
		from, err := os.Open(beside)
		if err != nil {
			return fmt.Errorf("read the copy: %w", err)
		}
		defer from.Close() //nolint:errcheck // it was only read
		if _, err := io.Copy(to, from); err != nil {
			return fmt.Errorf("write the copy: %w", err)
		}
		return nil
	})
}
