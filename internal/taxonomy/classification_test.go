package taxonomy_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"enishi/internal/taxonomy"
)

func TestWithin(t *testing.T) {
	c := taxonomy.Of(taxonomy.Occupation)
	for _, tt := range []struct {
		code, ancestor string
		want           bool
	}{
		{"0312", "0312", true},
		{"0312", "03", true},
		{"03", "0312", false},
		{"0312", "02", false},
		{"0312", "nothing", false},
		{"nothing", "03", false},
		{"nothing", "nothing", false},
	} {
		if got := c.Within(tt.code, tt.ancestor); got != tt.want {
			t.Errorf("Within(%q, %q) = %v, want %v", tt.code, tt.ancestor, got, tt.want)
		}
	}
}

func TestLeaves(t *testing.T) {
	c := taxonomy.Of(taxonomy.Prefecture)
	for _, tt := range []struct {
		code string
		want []string
	}{
		{"13", []string{"13"}},
		{"r-shikoku", []string{"36", "37", "38", "39"}},
		{"nothing", nil},
	} {
		if diff := cmp.Diff(tt.want, c.Leaves(tt.code)); diff != "" {
			t.Errorf("Leaves(%q) (-want +got):\n%s", tt.code, diff)
		}
	}
	if c.Leaf("r-shikoku") || !c.Leaf("36") || c.Leaf("nothing") {
		t.Error("Leaf: want a prefecture to be one, a region and an unknown code not")
	}
}

func TestItemsAreACopy(t *testing.T) {
	c := taxonomy.Of(taxonomy.Education)
	c.Items()[0].JA = "changed"
	if got := c.Name("0", "ja"); got != "中学校" {
		t.Errorf("Name after writing to Items = %q, want 中学校", got)
	}
}

func TestName(t *testing.T) {
	c := taxonomy.Of(taxonomy.Occupation)
	for _, tt := range []struct{ code, lang, want string }{
		{"0312", "ja", "ソフトウェア開発"},
		{"0312", "en", "Software development"},
		{"0312", "fr", "Software development"},
		{"gone", "ja", "gone"},
	} {
		if got := c.Name(tt.code, tt.lang); got != tt.want {
			t.Errorf("Name(%q, %q) = %q, want %q", tt.code, tt.lang, got, tt.want)
		}
	}
}

func TestIndexFollowsItems(t *testing.T) {
	for _, kind := range taxonomy.Kinds() {
		c := taxonomy.Of(kind)
		if c.Kind() != kind {
			t.Errorf("Of(%s).Kind() = %s", kind, c.Kind())
		}
		for want, item := range c.Items() {
			if got, ok := c.Index(item.Code); !ok || got != want {
				t.Errorf("%s: Index(%q) = %d, %v, want %d", kind, item.Code, got, ok, want)
			}
		}
	}
	if taxonomy.Of("nothing") != nil {
		t.Error("Of an unknown kind: want nil")
	}
}
