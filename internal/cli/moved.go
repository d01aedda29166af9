package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"enishi/internal/errs"
	"enishi/internal/files"
)

// movedFile is the file in a data folder by which nobody serves it: its rows were brought elsewhere and go on
// there, or are on their way. It says where to and when. It is no row, so that no copy of the rows has it.
const movedFile = "moved"

// leave marks a folder whose rows are brought to a place, by whoever has its lock, in place of a mark that is there.
// What it gives makes that undone if nothing comes of it, unless somebody else has marked the folder since; it is
// never nil.
func leave(ctx context.Context, folder, to string, now time.Time) (stay func() error, err error) {
	path, mine := filepath.Join(folder, movedFile), []byte("to "+to+", "+now.UTC().Format(time.RFC3339Nano)+"\n")
	nothing := func() error { return nil }
	before, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nothing, fmt.Errorf("look whether the folder %s was moved: %w", folder, err)
	}
	mark := func(ctx context.Context, text []byte) error {
		in, err := files.OpenFolder(folder)
		if err != nil {
			return err
		}
		return in.Create(ctx, movedFile, func(to io.Writer) error {
			_, err := to.Write(text)
			return err
		})
	}
	ending := context.WithoutCancel(ctx)
	stay = func() error {
		is, err := os.ReadFile(path)
		switch {
		case errors.Is(err, fs.ErrNotExist), err == nil && !bytes.Equal(is, mine):
			return nil
		case err == nil && before != nil:
			err = mark(ending, before)
		case err == nil:
			err = os.Remove(path)
		}
		if err != nil {
			return fmt.Errorf("the folder %s stays marked as moved: %w", folder, err)
		}
		return nil
	}
	if err := mark(ctx, mine); err != nil {
		return stay, errs.Wrap(errs.Invalid, "the folder "+folder+" cannot be marked as moved", err)
	}
	return stay, nil
}

// unmoved is Denied if the rows of a folder were brought elsewhere. Whoever asks has the folder's lock, under which
// it is marked.
func unmoved(folder string) error {
	path := filepath.Join(folder, movedFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look whether the folder %s was moved: %w", folder, err)
	}
	return errs.New(errs.Denied, fmt.Sprintf("the rows of %s were brought %s, or are on their way: what is written here as well would be lost there. To go on here, and not there, remove %s", folder, strings.TrimSpace(string(text)), path))
}
