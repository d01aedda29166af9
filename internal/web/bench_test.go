package web_test

import (
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"

	"enishi/internal/web"
)

// TestEveryPageIsMeasured holds the pages that scripts/bench-pages asks for to the route
// table.
func TestEveryPageIsMeasured(t *testing.T) {
	t.Parallel()
	script, err := os.ReadFile("../../scripts/bench-pages")
	if err != nil {
		t.Fatal(err)
	}
	var measured []string
	for line := range strings.Lines(string(script)) {
		words := strings.Fields(line)
		if len(words) == 3 && strings.HasPrefix(words[1], "/") && strings.HasPrefix(words[2], "/") {
			path, _, _ := strings.Cut(words[1], "?")
			measured = append(measured, path)
		}
	}
	pages, err := web.New(slog.New(slog.DiscardHandler), nil, web.Options{Demo: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, route := range pages.Routes() {
		method, path, _ := strings.Cut(route.Pattern, " ")
		if method != "GET" || path == "/live" { // never answered to its end
			continue
		}
		if path = strings.TrimSuffix(path, "{$}"); !slices.Contains(measured, path) {
			t.Errorf("scripts/bench-pages does not measure %s", path)
		}
		measured = slices.DeleteFunc(measured, func(m string) bool { return m == path })
	}
	if len(measured) > 0 {
		t.Errorf("scripts/bench-pages measures what is no page: %q", measured)
	}
}
