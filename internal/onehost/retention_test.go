package onehost_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// disk is a df that finds a disk used by 10 % and by so many more for each file of the log.
const disk = `#!/bin/sh
printf 'Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/x 100 1 1 %d%% /\n' $((10 + PER_FILE * $(find "$2" -type f | wc -l)))
`

// TestLogsKeepWithinTheirDisk holds which days of the log stay: all of their time where there is room, fewer on a disk that
// fills, oldest first, and a week whatever happens; a setting that is no number removes nothing.
func TestLogsKeepWithinTheirDisk(t *testing.T) {
	for _, c := range []struct {
		name string
		env  []string
		last int // days ago of the oldest file that stays
		code int
		says string
	}{
		{"room", []string{"PER_FILE=1"}, 30, 0, ""},
		{"as long as is said", []string{"PER_FILE=1", "LOG_DAYS=12"}, 12, 0, ""},
		{"a disk that fills", []string{"PER_FILE=5"}, 13, 0, "the disk was fuller than 80 %, and is 80 % full: files are kept for 13 days instead of 30"},
		{"sooner", []string{"PER_FILE=5", "LOG_DISK_PERCENT=60"}, 9, 0, "and is 60 % full"},
		{"full of something else", []string{"PER_FILE=90"}, 7, 0, "kept for 7 days instead of 30"},
		{"at least", []string{"PER_FILE=90", "LOG_DAYS_LEAST=3"}, 3, 0, "kept for 3 days instead of 30"},
		{"at least more than at most", []string{"PER_FILE=90", "LOG_DAYS=5"}, 5, 0, ""},
		{"no number", []string{"PER_FILE=90", "LOG_DAYS=month"}, 39, 1, `LOG_DAYS is "month", want a whole number: nothing is removed`},
		{"octal", []string{"PER_FILE=90", "LOG_DAYS=08"}, 39, 1, `LOG_DAYS is "08", want a whole number`},
		{"nothing", []string{"PER_FILE=90", "LOG_DISK_PERCENT=-1"}, 39, 1, `LOG_DISK_PERCENT is "-1"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			programs, logs := t.TempDir(), t.TempDir()
			if err := os.WriteFile(filepath.Join(programs, "df"), []byte(disk), 0o700); err != nil {
				t.Fatal(err)
			}
			ages := map[string]int{}
			for day := range 40 {
				file := filepath.Join(logs, "web", fmt.Sprintf("%02d.log", day))
				at := time.Now().AddDate(0, 0, -day).Add(-time.Hour)
				if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, []byte("a line"), 0o600); err != nil {
					t.Fatal(err)
				}
				if err := os.Chtimes(file, at, at); err != nil {
					t.Fatal(err)
				}
				ages[file] = day
			}
			empty := filepath.Join(logs, "gone")
			if err := os.Mkdir(empty, 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.Chtimes(empty, time.Now(), time.Now().Add(-2*time.Hour)); err != nil {
				t.Fatal(err)
			}
			out, code := script(t, append(c.env, "LOG_FOLDER="+logs, "PATH="+programs+":"+os.Getenv("PATH")), "sh", "deploy/rsyslog/retention", "once")
			if code != c.code || !strings.Contains(out, c.says) || c.says == "" && out != "" {
				t.Errorf("it exits with %d and says %q, want %d and %q", code, out, c.code, c.says)
			}
			left, err := filepath.Glob(filepath.Join(logs, "web", "*.log"))
			if err != nil {
				t.Fatal(err)
			}
			maps.DeleteFunc(ages, func(file string, _ int) bool { return !slices.Contains(left, file) })
			if oldest := slices.Max(slices.Collect(maps.Values(ages))); oldest != c.last || len(left) != c.last+1 {
				t.Errorf("%d files are left, the oldest of %d days ago, want %d and all that are newer", len(left), oldest, c.last)
			}
			if _, err := os.Stat(empty); (err == nil) != (c.code != 0) {
				t.Errorf("an empty folder: %v", err)
			}
		})
	}
}
