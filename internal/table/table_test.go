package table_test

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"enishi/internal/table"
)

func TestEach(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		text string
		want [][]string
		err  string
	}{
		{"# names\na\t1\n\nb\t\r\n", [][]string{{"a", "1"}, {"b", ""}}, ""},
		{"", nil, ""},
		{"a\t1\nb\n", [][]string{{"a", "1"}}, "x.tsv, line 2: 1 columns, want 2"},
		{"#\nno\t1\n", nil, "x.tsv, line 2: refused"},
	} {
		var got [][]string
		err := table.Each(fstest.MapFS{"x.tsv": {Data: []byte(tt.text)}}, "x.tsv", 2, func(f []string) error {
			if f[0] == "no" {
				return errors.New("refused")
			}
			got = append(got, f)
			return nil
		})
		if diff := cmp.Diff(tt.want, got); diff != "" || (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("Each(%q): %v, want %q (-want +got):\n%s", tt.text, err, tt.err, diff)
		}
	}
	if err := table.Each(fstest.MapFS{}, "x.tsv", 2, nil); err == nil {
		t.Error("a table that is not there is read")
	}
}
