// Package e2e drives the built program through a real browser: Chromium by its
// debugging protocol, against `enishi serve --demo` on a port and in a folder of its
// own. Its tests run where ENISHI_TEST_BROWSER is "required" (make e2e), and are
// skipped elsewhere.
//
// Every tab is watched: what a page says on its console, what it fails to load, what
// its policy forbids, and what it asks of another host fails the test that opened it.
package e2e

import (
	"os"
	"testing"
)

// Wanted says whether the tests in a browser are to run.
func Wanted() bool { return os.Getenv("ENISHI_TEST_BROWSER") == "required" }

// Need skips a test where there is no browser.
func Need(t testing.TB) {
	t.Helper()
	if !Wanted() {
		t.Skip("a real browser is driven by make e2e")
	}
}
