package config

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"enishi/internal/errs"
)

// secretFile is the name of the secret's file in the data folder.
const secretFile = "secret"

// FindOrMakeSecret gives the secret in the data folder, which must exist, and
// makes one if there is none: 256 random bits, in a file that only its owner
// can read and that survives a crash once this has returned. Several callers,
// in several processes too, get the same one. A file that others can read, or
// that holds no valid secret, is Invalid.
func FindOrMakeSecret(folder string) (Secret, error) {
	path := filepath.Join(folder, secretFile)
	secret, err := readSecret(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return secret, err
	}
	if err := makeSecret(folder, path); err != nil {
		return nil, fmt.Errorf("make the secret: %w", err)
	}
	return readSecret(path)
}

// FindSecret gives the secret in the data folder. One that is missing, that
// others can read or that is not valid is Invalid.
func FindSecret(folder string) (Secret, error) {
	path := filepath.Join(folder, secretFile)
	secret, err := readSecret(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errs.New(errs.Invalid, fmt.Sprintf(
			"the secret %s is missing, and the database beside it was made with it: restore the file from a backup, or set ENISHI_SECRET as it was", path))
	}
	return secret, err
}

func readSecret(path string) (Secret, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read the secret: %w", err)
	}
	if mode := info.Mode(); !mode.IsRegular() || mode.Perm()&0o077 != 0 {
		return nil, errs.New(errs.Invalid, fmt.Sprintf(
			"the secret %s: found mode %v; accepted: a file that only its owner can read (chmod 600)", path, mode))
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the secret: %w", err)
	}
	var c Config
	found, ok := setSecret(&c, strings.TrimRight(string(text), "\r\n"))
	if !ok || len(c.Secret) == 0 {
		if found == "" {
			found = "an empty file"
		}
		return nil, errs.New(errs.Invalid, fmt.Sprintf(
			"the secret %s: found %s; accepted: at least %d printable ASCII characters; restore it from a backup", path, found, secretBytes))
	}
	return c.Secret, nil
}

// KeepSecret puts a secret into a folder that has none. Conflict if it has another.
func KeepSecret(folder string, secret Secret) (err error) {
	path := filepath.Join(folder, secretFile)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		there, err := readSecret(path)
		if err == nil && !bytes.Equal(there, secret) {
			err = errs.New(errs.Conflict, "there is another secret already: "+path)
		}
		return err
	}
	if err != nil {
		return errs.Wrap(errs.Invalid, "the secret cannot be kept in "+path, err)
	}
	_, err = f.WriteString(string(secret) + "\n")
	return errors.Join(err, f.Sync(), f.Close(), syncFolder(folder))
}

// makeSecret writes a new secret beside path and links it there, so that a
// reader never sees half of it and of two makers one wins.
func makeSecret(folder, path string) (err error) {
	draft, err := os.CreateTemp(folder, secretFile+"-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(draft.Name())) }()
	_, err = draft.WriteString(rand.Text() + rand.Text() + "\n")
	if err = errors.Join(err, draft.Sync(), draft.Close()); err != nil {
		return err
	}
	if err := os.Link(draft.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncFolder(folder)
}

func syncFolder(folder string) error {
	f, err := os.Open(folder)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
