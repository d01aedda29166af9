package sqlite

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"enishi/internal/errs"
)

// lockName is the file in a data folder whose lock says that the folder is in
// use. The file stays; the lock ends with the process that holds it.
const lockName = "enishi.lock"

// ErrInUse is the cause of the Conflict of a data folder that another process
// has.
var ErrInUse = errors.New("its lock is taken")

// lockFolder takes the folder of a database; Conflict if another has it.
func lockFolder(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, lockName), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the lock of the data folder: %w", err)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return f, nil
	}
	closed := f.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, errs.Wrap(errs.Conflict, "the data folder "+dir+" is in use by another process", errors.Join(ErrInUse, closed))
	}
	return nil, fmt.Errorf("lock the data folder %s: %w", dir, errors.Join(err, closed))
}
