package page_test

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"enishi/infra/page"
	"enishi/infra/template"
)

var update = flag.Bool("update", false, "write the pages anew")

// Where the pages are, the one of which every link is followed, and the templates of which they speak: those that are known of prod.
const (
	pages     = "../../docs/"
	file      = pages + "aws.md"
	templates = "../stacks/testdata"
)

// TestThePagesSayWhatTheStacksSay compares pages of docs with the stacks and the tables.
func TestThePagesSayWhatTheStacksSay(t *testing.T) {
	set, err := template.Read(templates, "prod")
	if err != nil {
		t.Fatal(err)
	}
	all, err := page.Pages(set)
	if err != nil || len(all) == 0 {
		t.Fatalf("%d pages, %v", len(all), err)
	}
	for name, parts := range all {
		is, err := os.ReadFile(pages + name)
		if err != nil {
			t.Fatal(err)
		}
		want, err := page.Fill(string(is), parts)
		if err != nil {
			t.Fatalf("docs/%s: %v", name, err)
		}
		if *update {
			if err := os.WriteFile(pages+name, []byte(want), 0o600); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if diff := cmp.Diff(strings.Split(string(is), "\n"), strings.Split(want, "\n")); diff != "" {
			t.Errorf("docs/%s is not what the stacks say (-is +want); make infra-golden writes it:\n%s", name, diff)
		}
	}
}

// TestFillLeavesTheRestAlone replaces what is between marks, and nothing else.
func TestFillLeavesTheRestAlone(t *testing.T) {
	const begin, end = "<!-- x: written by make infra-golden -->\n", "<!-- end of x -->\n"
	got, err := page.Fill("a\n"+begin+"old\n"+end+"b\n", map[string]string{"x": "new\n"})
	if want := "a\n" + begin + "new\n" + end + "b\n"; err != nil || got != want {
		t.Errorf("%q, %v, want %q", got, err, want)
	}
	for _, text := range []string{"a\n", begin, begin + end + begin + end} {
		if _, err := page.Fill(text, map[string]string{"x": "new\n"}); err == nil {
			t.Errorf("%q is filled", text)
		}
	}
}

// named finds what the page names of this project: links, and paths as they are written.
var named = regexp.MustCompile("\\]\\(([^)#:]+)(?:#[^)]*)?\\)|`((?:infra|internal|deploy|scripts|cmd|docs)/[^` :]*)`")

// TestWhatThePageNamesIsThere follows its links and paths.
func TestWhatThePageNamesIsThere(t *testing.T) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	found := named.FindAllStringSubmatch(string(text), -1)
	if len(found) < 20 {
		t.Errorf("it names %d files", len(found))
	}
	for _, one := range found {
		path := filepath.Join("../../docs", one[1])
		if one[2] != "" {
			path = filepath.Join("../..", one[2])
		}
		if _, err := os.Stat(path); err != nil {
			t.Errorf("%s names what is not there: %v", file, err)
		}
	}
}
