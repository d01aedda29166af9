package taxonomy_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"

	"enishi/internal/golden"
	"enishi/internal/taxonomy"
)

// TestCodesKeepTheirMeaning: a code in the file is in somebody's documents. A
// line may be added; one that goes or changes needs a reason and a migration.
//
// A leaf that moves to another group means what it meant, so documents stand as
// they are; but a stored condition that names either group now reaches one leaf
// less or more. So far, before the first release:
//   - Serving, drinks and wedding planning went from g05 to g06, where their
//     occupations are (0601, 0610, 0617).
//   - aviation-crew took in pilots and cabin crew alike and still does; who adds
//     a skill now finds aircraft-piloting and cabin-crew by what they type.
func TestCodesKeepTheirMeaning(t *testing.T) {
	var b strings.Builder
	for _, kind := range taxonomy.Kinds() {
		for _, item := range taxonomy.Of(kind).Items() {
			fmt.Fprintf(&b, "%s\t%s\t%s\t%s\n", kind, item.Code, item.Parent, item.JA)
		}
	}
	golden.Assert(t, "testdata/codes.golden", b.String())
}

func TestItemsAreComplete(t *testing.T) {
	code := regexp.MustCompile(`^[0-9a-zA-Z][0-9a-zA-Z-]*$`)
	yomi := regexp.MustCompile(`^[ぁ-ゖー0-9a-z]+$`)
	for _, kind := range taxonomy.Kinds() {
		seen := map[string]string{}
		for _, item := range taxonomy.Of(kind).Items() {
			if !code.MatchString(item.Code) {
				t.Errorf("%s: code %q", kind, item.Code)
			}
			if !yomi.MatchString(item.Yomi) {
				t.Errorf("%s %s: yomi %q, want hiragana, ー, digits and Latin letters", kind, item.Code, item.Yomi)
			}
			for _, name := range []string{item.JA, item.EN} {
				if other, ok := seen[strings.ToLower(name)]; ok && other != item.Code && !soleChild(kind, item) {
					t.Errorf("%s %s: %q is also the name of %s", kind, item.Code, name, other)
				}
				seen[strings.ToLower(name)] = item.Code
				if name != norm.NFC.String(name) || strings.TrimSpace(name) != name {
					t.Errorf("%s %s: %q is not trimmed and in NFC", kind, item.Code, name)
				}
			}
			checkSynonyms(t, kind, item)
		}
	}
}

// soleChild: where a JSIC division has one major group, both may have one name.
func soleChild(kind taxonomy.Kind, item taxonomy.Item) bool {
	return kind == taxonomy.Industry && item.Parent != "" && len(taxonomy.Of(kind).Leaves(item.Parent)) == 1
}

func checkSynonyms(t *testing.T, kind taxonomy.Kind, item taxonomy.Item) {
	t.Helper()
	seen := map[string]bool{item.JA: true}
	for _, s := range item.Synonyms {
		if seen[s] {
			t.Errorf("%s %s: synonym %q twice, or the name again", kind, item.Code, s)
		}
		seen[s] = true
		if strings.ContainsAny(s, "[]|\t") || strings.TrimSpace(s) != s {
			t.Errorf("%s %s: synonym %q holds a separator", kind, item.Code, s)
		}
	}
}

func TestTreesAreSound(t *testing.T) {
	for _, kind := range taxonomy.Kinds() {
		c := taxonomy.Of(kind)
		items := c.Items()
		for i, item := range items {
			if item.Parent == "" {
				continue
			}
			if at, ok := c.Index(item.Parent); !ok || at >= i {
				t.Errorf("%s %s: parent %q is not before it", kind, item.Code, item.Parent)
			}
			if !c.Leaf(item.Code) {
				t.Errorf("%s %s: a third level, which no page is made for", kind, item.Code)
			}
		}
	}
}

// TestSizes: the tables are larger than a pick-list's round numbers (14 groups
// and 200 occupations, 600 skills, 200 certifications), because each entry of the
// official lists has a home here, IT, sales and planning are finer than there,
// and grades are entries of their own. Hence bounds from below where a table is
// ours, and exact numbers where it is official.
func TestSizes(t *testing.T) {
	for _, tt := range []struct {
		kind                 taxonomy.Kind
		groups, leaves       int
		orMore               bool
		leavesPerGroup       int
		wantCode, wantJA, en string
	}{
		{taxonomy.Occupation, 16, 190, true, 8, "0312", "ソフトウェア開発", "Software development"},
		{taxonomy.Industry, 20, 99, false, 1, "39", "情報サービス業", ""},
		{taxonomy.Prefecture, 9, 47, false, 1, "13", "東京都", "Tokyo"},
		{taxonomy.Skill, 16, 550, true, 25, "go", "Go", "Go"},
		{taxonomy.Certification, 0, 180, true, 0, "", "", ""},
		{taxonomy.Language, 0, 35, true, 0, "en", "英語", "English"},
		{taxonomy.Education, 0, 6, false, 0, "3", "大学（学士）", ""},
		{taxonomy.Management, 0, 6, false, 0, "0", "マネジメント経験なし", ""},
		{taxonomy.Remote, 0, 3, false, 0, "2", "フルリモート可", ""},
		{taxonomy.OfferKind, 0, 2, false, 0, "interview", "書類選考免除・面接確約", ""},
	} {
		c := taxonomy.Of(tt.kind)
		groups, leaves := 0, 0
		for _, item := range c.Items() {
			if c.Leaf(item.Code) {
				leaves++
				continue
			}
			groups++
			if n := len(c.Leaves(item.Code)); n < tt.leavesPerGroup {
				t.Errorf("%s %s: %d leaves, want %d or more", tt.kind, item.Code, n, tt.leavesPerGroup)
			}
		}
		switch {
		case tt.orMore && (groups < tt.groups || leaves < tt.leaves), !tt.orMore && (groups != tt.groups || leaves != tt.leaves):
			t.Errorf("%s: %d groups and %d leaves, want %d and %d (more: %v)", tt.kind, groups, leaves, tt.groups, tt.leaves, tt.orMore)
		}
		if item, _ := c.Find(tt.wantCode); item.JA != tt.wantJA || tt.en != "" && item.EN != tt.en {
			t.Errorf("%s %q = %q, %q, want %q, %q", tt.kind, tt.wantCode, item.JA, item.EN, tt.wantJA, tt.en)
		}
	}
}

// TestGroupsHaveAnOther: documents hold leaves only, so what a group does not
// name must have a place. Divisions of JSIC and regions are exhaustive.
func TestGroupsHaveAnOther(t *testing.T) {
	languages := taxonomy.Of(taxonomy.Language).Items()
	if last := languages[len(languages)-1]; !strings.Contains(last.JA, "その他") {
		t.Errorf("language: ends with %s %s, want an entry for others", last.Code, last.JA)
	}
	for _, kind := range []taxonomy.Kind{taxonomy.Occupation, taxonomy.Skill, taxonomy.Certification} {
		c := taxonomy.Of(kind)
		for _, item := range c.Items() {
			if c.Leaf(item.Code) {
				continue
			}
			leaves := c.Leaves(item.Code)
			last, _ := c.Find(leaves[len(leaves)-1])
			if !strings.Contains(last.JA, "その他") {
				t.Errorf("%s %s: ends with %s %s, want an entry for others", kind, item.Code, last.Code, last.JA)
			}
			if kind == taxonomy.Occupation && last.Code != item.Code+"99" {
				t.Errorf("%s %s: the entry for others is %s", kind, item.Code, last.Code)
			}
		}
	}
}

func TestOccupationCodesStartWithTheirGroup(t *testing.T) {
	for _, item := range taxonomy.Of(taxonomy.Occupation).Items() {
		if item.Parent != "" && (len(item.Code) != 4 || item.Code[:2] != item.Parent) {
			t.Errorf("occupation %s in group %s", item.Code, item.Parent)
		}
		if item.Parent != "" && !strings.HasSuffix(item.Code, "99") && len(item.Synonyms) < 3 {
			t.Errorf("occupation %s %s: %d synonyms, want 3 or more", item.Code, item.JA, len(item.Synonyms))
		}
	}
}

func TestOrdinalsCount(t *testing.T) {
	for _, kind := range taxonomy.Kinds() {
		for i, item := range taxonomy.Of(kind).Items() {
			want := 0
			if kind.Ordinal() {
				want = i
			}
			if item.Ordinal != want || kind.Ordinal() && item.Code != fmt.Sprint(i) {
				t.Errorf("%s %s: ordinal %d, want %d", kind, item.Code, item.Ordinal, want)
			}
		}
	}
}

func TestKindsAreDistinct(t *testing.T) {
	kinds := taxonomy.Kinds()
	slices.Sort(kinds)
	if len(slices.Compact(kinds)) != len(taxonomy.Kinds()) {
		t.Error("Kinds names one twice")
	}
}
