package cli

import (
	"compress/gzip"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"enishi/internal/config"
	"enishi/internal/errs"
	"enishi/internal/files"
	"enishi/internal/store/sqlite"
)

// A packed database is the file of a data folder, which gzip has made smaller, among the files of an
// installation. Its name says when it was packed, and by a mark with which secret what is sealed in it can be
// read: the secret itself stays out of it.

// packedPrefix is what the names of packed databases begin with.
const packedPrefix = "transfer-"

const packedEnd = ".db.gz"

// packedName gives the name of one that is packed now.
func packedName(now time.Time, secret config.Secret) string {
	return packedPrefix + now.UTC().Format("20060102T150405Z") + "-" + markOf(secret) + packedEnd
}

// markOf tells a secret from others, and nothing of it.
func markOf(secret config.Secret) string {
	const bytes = 8
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte("which secret a packed database is sealed with"))
	return hex.EncodeToString(mac.Sum(nil)[:bytes])
}

// pack packs the database of a data folder, which nobody may serve; first is done before it is read, by whom
// nobody else serves it beside.
func pack(ctx context.Context, folder string, to io.Writer, first func() error) error {
	small := gzip.NewWriter(to)
	err := sqlite.Copy(ctx, filepath.Join(folder, databaseFile), small, first)
	if errors.Is(err, sqlite.ErrInUse) {
		return errs.New(errs.Conflict, "a server has the data folder "+folder+": stop it first")
	}
	return errors.Join(err, small.Close())
}

// unpack makes a data folder, which must hold no database, of a packed one and the secret that it was sealed with.
func unpack(ctx context.Context, from files.Store, name, folder string, secret config.Secret) (err error) {
	if of := strings.TrimSuffix(name, packedEnd); !strings.HasSuffix(of, "-"+markOf(secret)) {
		return errs.New(errs.Invalid, name+" is sealed with another secret than this installation has: nothing of that could be read here")
	}
	packed, err := from.Open(ctx, name)
	if err != nil {
		return err
	}
	defer packed.Close() //nolint:errcheck // it was only read
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return errs.Wrap(errs.Invalid, "the data folder "+folder+" cannot be made", err)
	}
	if err := noInstallation(folder); err != nil {
		return err
	}
	large, err := gzip.NewReader(packed)
	if err != nil {
		return fmt.Errorf("unpack %s: %w", name, err)
	}
	draft, err := os.CreateTemp(folder, databaseFile+"-*")
	if err != nil {
		return fmt.Errorf("unpack %s: %w", name, err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(draft.Name())) }()
	if _, err := io.Copy(draft, large); err != nil { //nolint:gosec // as large as the database that was packed
		return errors.Join(fmt.Errorf("unpack %s: %w", name, err), draft.Close())
	}
	if err := errors.Join(draft.Sync(), draft.Close()); err != nil {
		return fmt.Errorf("unpack %s: %w", name, err)
	}
	if err := config.KeepSecret(folder, secret); err != nil {
		return err
	}
	if err := os.Rename(draft.Name(), filepath.Join(folder, databaseFile)); err != nil {
		return fmt.Errorf("unpack %s: %w", name, err)
	}
	return nil
}

// noInstallation fails where a data folder holds a database, or what one has left.
func noInstallation(folder string) error {
	for _, name := range []string{databaseFile, databaseFile + "-wal", databaseFile + "-shm", movedFile} {
		if _, err := os.Lstat(filepath.Join(folder, name)); err == nil {
			return errs.New(errs.Conflict, "there is an installation, or a part of one, in "+folder+" ("+name+"): give another folder with --data")
		}
	}
	return nil
}
