package config_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"enishi/internal/config"
	"enishi/internal/errs"
)

func TestFindOrMakeSecret(t *testing.T) {
	folder := t.TempDir()
	first, err := config.FindOrMakeSecret(folder)
	if err != nil {
		t.Fatal(err)
	}
	if len(first) < 32 {
		t.Errorf("the secret has %d bytes, want at least 32", len(first))
	}
	again, err := config.FindOrMakeSecret(folder)
	if err != nil || string(again) != string(first) {
		t.Errorf("the second call gave another secret, %v", err)
	}
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) != 1 {
		t.Fatalf("the folder holds %v, %v; want the secret alone", entries, err)
	}
	info, err := entries[0].Info()
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("mode %v, %v; want 0600", info.Mode(), err)
	}
	other, err := config.FindOrMakeSecret(t.TempDir())
	if err != nil || string(other) == string(first) {
		t.Errorf("two folders have the same secret, %v", err)
	}
}

func TestRacingMakersAgree(t *testing.T) {
	folder := t.TempDir()
	secrets := make([]config.Secret, 16)
	var makers errgroup.Group
	for i := range secrets {
		makers.Go(func() (err error) {
			secrets[i], err = config.FindOrMakeSecret(folder)
			return err
		})
	}
	if err := makers.Wait(); err != nil {
		t.Fatal(err)
	}
	for i, secret := range secrets {
		if string(secret) != string(secrets[0]) {
			t.Errorf("maker %d got another secret than maker 0", i)
		}
	}
}

func TestFindOrMakeSecretRefuses(t *testing.T) {
	tests := []struct {
		name, text string
		mode       fs.FileMode
		want       string
	}{
		{"a file for all to read", goodSecret, 0o644, "chmod 600"},
		{"an empty file", "", 0o600, "an empty file"},
		{"half a secret", "0123456789", 0o600, "10 characters"},
		{"bytes", strings.Repeat("\x00", 32), 0o600, "other characters"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			folder := t.TempDir()
			if err := os.WriteFile(filepath.Join(folder, "secret"), []byte(test.text), test.mode); err != nil {
				t.Fatal(err)
			}
			_, err := config.FindOrMakeSecret(folder)
			if !errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want an Invalid one with %q", err, test.want)
			}
			if test.text != "" && strings.Contains(err.Error(), test.text) {
				t.Errorf("the error shows the secret: %v", err)
			}
		})
	}
	if _, err := config.FindOrMakeSecret(filepath.Join(t.TempDir(), "absent")); err == nil {
		t.Error("a secret was made in a folder that does not exist")
	}
}
