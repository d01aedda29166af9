package cli_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"enishi/internal/cli"
	"enishi/internal/config"
	"enishi/internal/deploy/deploytest"
	"enishi/internal/errs"
	folders "enishi/internal/files"
	"enishi/internal/store/sqlite"
)

// TestPacked packs the database of a data folder and unpacks it elsewhere, where it is used on; what is cut, made
// with another secret, served meanwhile, or would take another's place is refused and leaves nothing.
func TestPacked(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	if code, said := run("demo", "load", "--candidates", "20", "--companies", "3", "--rules", "3", "--data", data); code != 0 {
		t.Fatal(said)
	}
	secret, err := config.FindSecret(data)
	if err != nil {
		t.Fatal(err)
	}
	store, err := folders.OpenFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	var whole bytes.Buffer
	if err := cli.Pack(t.Context(), data, &whole, nothing); err != nil {
		t.Fatal(err)
	}
	put := func(text []byte) string {
		name := cli.PackedName(time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC), secret)
		if err := store.Create(t.Context(), name, func(to io.Writer) error { _, err := to.Write(text); return err }); err != nil {
			t.Fatal(err)
		}
		return name
	}
	folder := filepath.Join(t.TempDir(), "folder")
	if err := cli.Unpack(t.Context(), store, put(whole.Bytes()[:whole.Len()/2]), folder, secret); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("one that was cut: %v", err)
	}
	if left, err := filepath.Glob(filepath.Join(folder, "enishi.db*")); err != nil || len(left) > 0 {
		t.Errorf("left: %q, %v", left, err)
	}
	name := put(whole.Bytes())
	if err := cli.Unpack(t.Context(), store, name, folder, config.Secret(strings.Repeat("x", 40))); !errs.Is(err, errs.Invalid) {
		t.Errorf("with another secret: %v", err)
	}
	if strings.Contains(name, string(secret)) || bytes.Contains(whole.Bytes(), secret) {
		t.Error("the secret goes along")
	}
	if err := cli.Unpack(t.Context(), store, name, folder, secret); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(filepath.Join(folder, "enishi.db")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file: %v, %v", info, err)
	}
	if code, said := run("job", "list", "--data", folder); code != 0 {
		t.Errorf("what was unpacked is not to be used: %s", said)
	}
	if err := cli.Unpack(t.Context(), store, name, folder, secret); !errs.Is(err, errs.Conflict) {
		t.Errorf("in another's place: %v", err)
	}
	left := t.TempDir()
	if err := os.WriteFile(filepath.Join(left, "moved"), []byte("to prod\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := cli.Unpack(t.Context(), store, name, left, secret); !errs.Is(err, errs.Conflict) || !strings.Contains(err.Error(), "(moved)") {
		t.Errorf("where nobody would serve it: %v", err)
	}
	served, err := sqlite.Open(t.Context(), filepath.Join(data, "enishi.db"), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := cli.Pack(t.Context(), data, io.Discard, nothing); !errs.Is(err, errs.Conflict) || !strings.Contains(err.Error(), "stop it first") {
		t.Errorf("what is served: %v", err)
	}
	if err := served.Close(); err != nil {
		t.Fatal(err)
	}
	if err := cli.Pack(t.Context(), filepath.Join(t.TempDir(), "none"), io.Discard, nothing); !errs.Is(err, errs.NotFound) {
		t.Errorf("where there is nothing: %v", err)
	}
}

// TestMoveAsksWhoseDataItIs refuses to bring people's data where demo data is, and demo data where people's is, before
// anything of it leaves the machine.
func TestMoveAsksWhoseDataItIs(t *testing.T) {
	people, demo := filepath.Join(t.TempDir(), "people"), filepath.Join(t.TempDir(), "demo")
	if code, said := run("demo", "load", "--candidates", "20", "--companies", "3", "--rules", "3", "--data", demo); code != 0 {
		t.Fatal(said)
	}
	w, _, said := asWhom("prod", "real", "", false)
	if code := cli.Run([]string{"user", "add", "--role", "operator", "--email", "one@example.jp", "--data", people, "--why", "x", "--confirm", "prod"}, w); code != 0 {
		t.Fatal(said.String())
	}
	for _, tt := range []struct{ environment, data, says string }{
		{"dev", people, "people's data stays where it is"},
		{"prod", demo, "holds people's data, and " + demo + " demo data"},
	} {
		a := deploytest.Based(tt.environment)
		settings := a.Config(nil)
		w, _, said := asWhom("", "", "", false)
		w.AWS = &settings
		code := cli.Run([]string{"env", "move", tt.environment, "--data", tt.data, "--why", "x", "--confirm", tt.environment}, w)
		if code != 1 || !strings.Contains(said.String(), tt.says) || len(a.HandedOver()) > 0 || a.Sealed() != deploytest.Sealing || len(a.Ran()) > 0 {
			t.Errorf("%s into %s = %d, %s", tt.data, tt.environment, code, said.String())
		}
	}
}

// nothing is done before a folder is packed.
func nothing() error { return nil }
