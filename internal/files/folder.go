package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"enishi/internal/errs"
)

// Folder is a folder of files.
type Folder struct{ path string }

// temporary is the prefix of files that are still being written.
const temporary = ".writing-"

// OpenFolder gives the folder at a path and makes it if it is not there. It is
// Invalid if it can be neither used nor made.
func OpenFolder(path string) (*Folder, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, errs.Wrap(errs.Invalid, "the folder of files "+path+" cannot be made: choose another with ENISHI_FILES_URL, or give this user the right to write there", err)
	}
	return &Folder{path}, nil
}

// place gives where a file lies.
func (f *Folder) place(name string) (string, error) {
	if err := checkName(name); err != nil {
		return "", err
	}
	return filepath.Join(f.path, name), nil
}

// Create writes a file as Store says; it is on the disk afterwards.
func (f *Folder) Create(ctx context.Context, name string, write func(io.Writer) error) (err error) {
	place, err := f.place(name)
	if err != nil {
		return err
	}
	to, err := os.CreateTemp(f.path, temporary+"*") // with mode 0600
	if err != nil {
		return fmt.Errorf("write the file %s: %w", name, err)
	}
	if err = write(&interrupted{ctx, to}); err == nil {
		err = ctx.Err() // which write may have lost
	}
	if err == nil {
		err = to.Sync()
	}
	if err = errors.Join(err, to.Close()); err == nil {
		err = os.Rename(to.Name(), place)
	}
	if err != nil {
		return fmt.Errorf("write the file %s: %w", name, errors.Join(err, os.Remove(to.Name())))
	}
	return f.sync()
}

// sync puts the names of the folder on the disk.
func (f *Folder) sync() error {
	d, err := os.Open(f.path)
	if err != nil {
		return fmt.Errorf("keep the names of files: %w", err)
	}
	return errors.Join(d.Sync(), d.Close())
}

// interrupted is a writer that ends with its context.
type interrupted struct {
	ctx context.Context
	to  io.Writer
}

func (w *interrupted) Write(b []byte) (int, error) {
	if err := w.ctx.Err(); err != nil {
		return 0, err
	}
	return w.to.Write(b)
}

// Open opens a file as Store says.
func (f *Folder) Open(_ context.Context, name string) (io.ReadCloser, error) {
	place, err := f.place(name)
	if err != nil {
		return nil, err
	}
	file, err := os.Open(place)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errs.Wrap(errs.NotFound, "there is no file "+name, err)
	}
	if err != nil {
		return nil, fmt.Errorf("open the file %s: %w", name, err)
	}
	return file, nil
}

// List gives the files whose names begin with prefix, by name.
func (f *Folder) List(ctx context.Context, prefix string) ([]File, error) {
	all, err := f.entries(ctx)
	return slices.DeleteFunc(all, func(at File) bool {
		return strings.HasPrefix(at.Name, ".") || !strings.HasPrefix(at.Name, prefix)
	}), err
}

// entries gives every file, those that are being written too.
func (f *Folder) entries(ctx context.Context) ([]File, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	list, err := os.ReadDir(f.path)
	if err != nil {
		return nil, fmt.Errorf("list the files: %w", err)
	}
	var out []File
	for _, at := range list {
		info, err := at.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue // removed since
		}
		if err != nil {
			return nil, fmt.Errorf("list the files: %w", err)
		}
		if info.Mode().IsRegular() {
			out = append(out, File{at.Name(), info.Size(), info.ModTime()})
		}
	}
	return out, nil
}

// Remove removes a file; one that is not there is fine.
func (f *Folder) Remove(_ context.Context, name string) error {
	place, err := f.place(name)
	if err != nil {
		return err
	}
	if err := os.Remove(place); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove the file %s: %w", name, err)
	}
	return nil
}

// Sweep removes what was begun and not written to since a moment.
func (f *Folder) Sweep(ctx context.Context, since time.Time) error {
	all, err := f.entries(ctx)
	if err != nil {
		return err
	}
	for _, at := range all {
		if !strings.HasPrefix(at.Name, temporary) || at.Written.After(since) {
			continue
		}
		if err := os.Remove(filepath.Join(f.path, at.Name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove what was left behind: %w", err)
		}
	}
	return nil
}
