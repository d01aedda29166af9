package web

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
)

//go:embed static
var static embed.FS

// assets are the files that pages name, each under a path that changes with what
// is in it, so that it may be kept for ever.
type assets struct {
	byPath map[string]asset
	paths  map[string]string
}

type asset struct {
	kind string
	body []byte
}

func newAssets() (assets, error) {
	a := assets{map[string]asset{}, map[string]string{}}
	err := fs.WalkDir(static, "static", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		body, err := static.ReadFile(name)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(body)
		at := "/static/" + hex.EncodeToString(sum[:6]) + "/" + path.Base(name)
		a.byPath[at] = asset{mime.TypeByExtension(path.Ext(name)), body}
		a.paths[path.Base(name)] = at
		return nil
	})
	if err != nil {
		return a, fmt.Errorf("read the static files: %w", err)
	}
	return a, nil
}

// path is where a file is.
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
	w.Write(f.body) //nolint:errcheck // the client went away; nobody is left to tell
}
