package web

import (
	"context"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/a-h/templ"

	"enishi/internal/httpx"
	"enishi/internal/market"
)

// TestEveryCookieIsKnown holds that no cookie is read or set but by the table: a cache that knows
// the table alone would give one person's page to another where a page depends on one that is not
// in it.
func TestEveryCookieIsKnown(t *testing.T) {
	t.Parallel()
	names := Cookies()
	for i, name := range names {
		if !strings.HasPrefix(name, "enishi_") || slices.Contains(names[:i], name) {
			t.Errorf("the cookie %d is called %q", i, name)
		}
	}
	files := 0
	for _, pattern := range []string{"*.go", "../api/*.go", "../httpx/*.go", "../cli/*.go"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range found {
			if strings.HasSuffix(file, "_test.go") || file == "cookie.go" {
				continue
			}
			files++
			for _, use := range cookiesIn(t, file) {
				if file != "shared.go" || use != `"Set-Cookie"` { // which looks that none is set
					t.Errorf("%s uses %s: cookies are set and read in cookie.go", file, use)
				}
			}
		}
	}
	scripts, err := filepath.Glob("browser/src/*.ts")
	if err != nil || len(scripts) == 0 || files < 100 {
		t.Fatalf("%d files and %d scripts, %v", files, len(scripts), err)
	}
	for _, file := range scripts {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "document.cookie") {
			t.Errorf("%s has a cookie of its own", file)
		}
	}
}

// cookiesIn gives what a file does with cookies by itself.
func cookiesIn(t *testing.T, file string) (uses []string) {
	t.Helper()
	tree, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(tree, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			if strings.Contains(n.Sel.Name, "Cookie") {
				uses = append(uses, n.Sel.Name)
			}
		case *ast.BasicLit:
			if text := strings.ToLower(n.Value); text == `"cookie"` || text == `"set-cookie"` {
				uses = append(uses, n.Value)
			}
		}
		return true
	})
	return uses
}

// TestWhatFailsIsNotKept answers with what only looked like a page that is the same for all.
func TestWhatFailsIsNotKept(t *testing.T) {
	t.Parallel()
	page := templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		_, err := io.WriteString(w, "page")
		return err
	})
	broken := templ.ComponentFunc(func(context.Context, io.Writer) error { return errors.New("half of it") })
	for _, tt := range []struct {
		what   string
		status int
		page   templ.Component
		header string // of the answer, before it is known whether it may be kept
		actor  *market.Actor
		want   bool
	}{
		{"a page", http.StatusOK, page, "X-Request-Id", nil, true},
		{"a page that cannot be made", http.StatusOK, broken, "X-Request-Id", nil, false},
		{"a refusal", http.StatusUnprocessableEntity, page, "X-Request-Id", nil, false},
		{"a page with a cookie", http.StatusOK, page, "Set-Cookie", nil, false},
		{"a page of the moment", http.StatusOK, page, httpx.NoticeHeader, nil, false},
		{"somebody's page", http.StatusOK, page, "X-Request-Id", &market.Actor{}, false},
	} {
		answer := httptest.NewRecorder()
		answer.Header().Set(tt.header, "x")
		r := &request{Request: httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody), w: answer, actor: tt.actor}
		r.Header.Set("Via", "1.1 edge.example")
		r.shared = r.sameForAll()
		p := &Pages{log: slog.New(slog.DiscardHandler)}
		if err := p.write(r, tt.status, tt.page); err != nil {
			t.Errorf("%s: %v", tt.what, err)
		}
		if got := answer.Header().Get("Cache-Control"); (got == sharedKeeping) != tt.want || !tt.want && got != "no-store" {
			t.Errorf("%s: %d is kept as %q says", tt.what, answer.Code, got)
		}
	}
}
