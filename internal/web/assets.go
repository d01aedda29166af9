package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
)

//go:embed all:static
var static embed.FS

// assets are the files that pages name, each under a path that changes with what
// is in it, so that it may be kept for ever.
type assets struct {
	byPath map[string]asset
	paths  map[string]string
}

type asset struct {
	kind   string
	body   []byte
	packed []byte // by gzip
}

// styles is the folder of the style sheets: they are one, in the order of their names.
const styles = "static/css"

func newAssets() (assets, error) {
	a := assets{map[string]asset{}, map[string]string{}}
	var sheet []byte
	err := fs.WalkDir(static, "static", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Ext(name) == "" {
			return err
		}
		body, err := static.ReadFile(name)
		if err != nil {
			return err
		}
		if path.Dir(name) == styles {
			sheet = append(sheet, body...)
			return nil
		}
		return a.add(path.Base(name), body)
	})
	if err == nil {
		err = a.add("enishi.css", sheet)
	}
	if err != nil {
		return a, fmt.Errorf("read the static files: %w", err)
	}
	return a, nil
}

func (a assets) add(name string, body []byte) error {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, err := w.Write(body)
	if err := errors.Join(err, w.Close()); err != nil {
		return err
	}
	sum := sha256.Sum256(body)
	at := "/static/" + hex.EncodeToString(sum[:6]) + "/" + name
	a.byPath[at] = asset{mime.TypeByExtension(path.Ext(name)), body, packed.Bytes()}
	a.paths[name] = at
	return nil
}

// path is where a file is, "" if it was not built.
func (a assets) path(name string) string { return a.paths[name] }

// ServeHTTP answers with a file.
func (a assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f, ok := a.byPath[r.URL.Path]
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", f.kind)
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	w.Header().Add("Vary", "Accept-Encoding")
	body := f.body
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		w.Header().Set("Content-Encoding", "gzip")
		body = f.packed
	}
	w.Write(body) //nolint:errcheck // the client went away; nobody is left to tell
}
