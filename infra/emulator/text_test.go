package emulator

import (
	"strings"
	"testing"
)

// TestTextSaysEveryType finds each type that is not made in one row, with what is done with it, and what is lost of another
// beside its name.
func TestTextSaysEveryType(t *testing.T) {
	text := Text()
	for kind, k := range types {
		service, of, _ := strings.Cut(strings.TrimPrefix(kind, "AWS::"), "::")
		rows := 0
		for line := range strings.Lines(text) {
			cells := strings.Split(strings.Trim(line, "| \n"), " | ")
			if len(cells) == 3 && cells[0] == service && cells[1] == k.instead() && strings.Contains(", "+cells[2]+",", ", "+of+",") {
				rows++
			}
		}
		if made := k.unsupported == ""; made == (rows == 1) || rows > 1 {
			t.Errorf("%s is made: %t, and is in %d rows of what is not", kind, made, rows)
		}
	}
	for _, want := range []string{
		"| RDS | fails: `KeyError: 'aurora-mysql'` | DBInstance |\n",
		"| ECR::Repository | EncryptionConfiguration, ImageScanningConfiguration, LifecyclePolicy.LifecyclePolicyText, RepositoryPolicyText | EmptyOnDelete |  |\n",
		"| KMS::Key | Description |  | Tags |\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("it does not say %s in:\n%s", want, text)
		}
	}
}
