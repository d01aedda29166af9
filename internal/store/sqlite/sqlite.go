// Package sqlite keeps a market in one SQLite file: how it is opened, which
// pragmas it runs under, what its error codes mean, and its migrations.
//
// Commits are durable (WAL, synchronous=FULL). It refuses a data folder that
// another process has, and a schema that a newer program wrote. The store that
// Open gives is safe for concurrent use.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strconv"

	_ "modernc.org/sqlite" // the driver

	"enishi/internal/errs"
	"enishi/internal/store"
)

// Options are how a database is opened; the zero value is how a server does.
type Options struct {
	// Relaxed leaves it to the operating system when commits reach the disk,
	// until Close. It is for loading an empty database: after a crash of the
	// machine the file may have to be thrown away.
	Relaxed bool
	// Beside opens a database whose folder another process may have, to
	// write a little beside it. The schema must be current then.
	Beside bool
}

// Open opens the database at path, makes it if there is none, and brings its
// schema up to date. A folder that is in use and a schema of a newer program
// are Conflict.
func Open(ctx context.Context, path string, o Options) (*store.Store, error) {
	return open(ctx, path, o)
}

// open takes more pragmas for tests.
func open(ctx context.Context, path string, o Options, more ...string) (_ *store.Store, err error) {
	path, err = filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("open the database %s: %w", path, err)
	}
	var held *os.File
	release := func() error {
		var synced error
		if o.Relaxed {
			synced = syncFile(path)
		}
		if held == nil {
			return synced
		}
		return errors.Join(synced, held.Close())
	}
	held, err = lockFolder(filepath.Dir(path))
	if err != nil && !(o.Beside && errs.Is(err, errs.Conflict)) {
		return nil, err
	}
	if err := ownFile(path); err != nil {
		return nil, errors.Join(fmt.Errorf("open the database: %w", err), release())
	}
	writers, err := sql.Open("sqlite", source(path, append(pragmas(o, writerCache), more...)))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open the database %s: %w", path, err), release())
	}
	readers, err := sql.Open("sqlite", source(path, append(pragmas(o, readerCache), "query_only(1)")))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open the database %s: %w", path, err), writers.Close(), release())
	}
	if err := migrate(ctx, writers, held == nil); err != nil {
		f := classify(err)
		if f.Message != "" {
			err = errs.Wrap(f.Kind, f.Message, err)
		}
		return nil, errors.Join(fmt.Errorf("open the database %s: %w", path, err), writers.Close(), readers.Close(), release())
	}
	return store.New(dialect(), store.Pools{
		Writers: store.Pool{DB: writers, Most: 1}, // SQLite has one writer; a second would wait in the database
		Readers: store.Pool{DB: readers, Most: max(4, 2*runtime.GOMAXPROCS(0))},
	}, release), nil
}

// Page caches in KiB. The writer touches every index of what it adds; readers
// find most pages in the operating system's cache.
const (
	writerCache = 64 << 10
	readerCache = 16 << 10
)

// busyTimeout is how long a statement waits for another process's lock, in
// milliseconds: longer than any transaction of ours lasts.
const busyTimeout = 5000

func pragmas(o Options, cache int) []string {
	list := []string{
		"busy_timeout(" + strconv.Itoa(busyTimeout) + ")",
		"journal_mode(WAL)",
		"synchronous(FULL)",
		"cache_size(-" + strconv.Itoa(cache) + ")",
		"temp_store(MEMORY)",
		"secure_delete(ON)",            // what was erased is not to be found in the file
		"journal_size_limit(67108864)", // bytes that a checkpoint leaves of a large WAL
	}
	if o.Relaxed {
		list[2] = "synchronous(OFF)"
	}
	return list
}

func source(path string, pragmas []string) string {
	u := url.URL{Scheme: "file", Path: filepath.ToSlash(path), RawQuery: url.Values{"_pragma": pragmas}.Encode()}
	return u.String()
}

// reading is where a file is opened that is only looked at, beside whoever writes it.
func reading(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("open the database %s: %w", path, err)
	}
	u := url.URL{Scheme: "file", Path: filepath.ToSlash(path), RawQuery: url.Values{
		"mode": {"ro"}, "_pragma": {"busy_timeout(" + strconv.Itoa(busyTimeout) + ")", "query_only(1)"},
	}.Encode()}
	return u.String(), nil
}

// ownFile makes an empty file that only its owner can read, unless there is
// one: SQLite would make it by the process's umask, and gives what it puts
// beside it the same mode.
func ownFile(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return f.Close()
}

func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("sync the database: %w", err)
	}
	return errors.Join(f.Sync(), f.Close())
}
