package web

import (
	"log/slog"
	"testing"

	"enishi/internal/account"
)

// TestEveryActionHasAName expects words for whatever a role may lack.
func TestEveryActionHasAName(t *testing.T) {
	for _, w := range []words{{}, {english: true}} {
		names := map[string]bool{}
		for _, a := range account.Actions() {
			name := actionName(w, a)
			if name == "" || names[name] {
				t.Errorf("%q is called %q", a, name)
			}
			names[name] = true
		}
	}
}

// TestFormsThatAreKept expects each of them to be of somebody who is signed in.
func TestFormsThatAreKept(t *testing.T) {
	p, err := New(slog.New(slog.DiscardHandler), nil, Options{})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, route := range p.Routes() {
		if formName(words{}, route.Pattern) == "" {
			continue
		}
		n++
		if route.Who == Anyone || route.Who == SignedIn {
			t.Errorf("%s is kept for %s", route.Pattern, route.Who)
		}
	}
	if n != 12 {
		t.Errorf("%d forms are kept, want 12", n)
	}
}
