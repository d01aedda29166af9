package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"enishi/internal/errs"
)

// movedFile is the file in a data folder by which nobody serves it: its rows were brought elsewhere and go on
// there, or are on their way. It says where to and when. It is no row, so that no copy of the rows has it.
const movedFile = "moved"

// leave marks a folder whose rows are brought to a place, and gives what takes the mark away again if nothing comes
// of that. A folder that was marked before stays as it was.
func leave(folder, to string, now time.Time) (stay func() error, err error) {
	path := filepath.Join(folder, movedFile)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return func() error { return nil }, nil
	}
	if err != nil {
		return nil, errs.Wrap(errs.Invalid, "the folder "+folder+" cannot be marked as moved", err)
	}
	_, err = fmt.Fprintf(f, "to %s, %s\n", to, now.UTC().Format(time.RFC3339))
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return nil, errors.Join(fmt.Errorf("mark the folder %s as moved: %w", folder, err), os.Remove(path))
	}
	return func() error {
		if err := os.Remove(path); err != nil {
			return fmt.Errorf("the folder %s stays marked as moved: %w", folder, err)
		}
		return nil
	}, nil
}

// unmoved is Denied if the rows of a folder were brought elsewhere. Whoever asks has the folder's lock, which whoever
// brings rows away needs for it once the mark is there.
func unmoved(folder string) error {
	path := filepath.Join(folder, movedFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look whether the folder %s was moved: %w", folder, err)
	}
	return errs.New(errs.Denied, fmt.Sprintf("the rows of %s were brought %s, or are on their way: what is written here as well would be lost there. To go on here all the same, and not there, remove %s", folder, strings.TrimSpace(string(text)), path))
}
