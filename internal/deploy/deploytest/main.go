package deploytest

import (
	"runtime/debug"
	"testing"
)

// Main runs the tests of a package that makes accounts by the hundred thousand. Little of them stays: garbage is
// collected less often than by default, which is a quarter of what such tests cost, for a hundred megabytes.
func Main(m *testing.M) {
	debug.SetGCPercent(400)
	m.Run()
}
