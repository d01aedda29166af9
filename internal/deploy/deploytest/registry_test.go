package deploytest

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestImages holds the names of images to what they are of.
func TestImages(t *testing.T) {
	t.Parallel()
	for _, name := range []string{Before, Next, Function} {
		digest, err := layOut(filepath.Join(t.TempDir(), "image"), name)
		if _, want, _ := strings.Cut(name, "@"); err != nil || digest.String() != want {
			t.Errorf("%s is %s: %v", name, digest, err)
		}
	}
}
