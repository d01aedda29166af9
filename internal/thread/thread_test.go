package thread_test

import (
	"strings"
	"testing"

	"enishi/internal/errs"
	"enishi/internal/thread"
)

func TestClean(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"はじめまして。":                      "はじめまして。",
		" \r\n一行目\r\n二行目\r三行目\n\u3000": "一行目\n二行目\n三行目",
		"a\tb":                                "a\tb",
		strings.Repeat("縁", thread.MostRunes): strings.Repeat("縁", thread.MostRunes),
		"👨‍👩‍👧 か\u3099":                       "👨‍👩‍👧 か\u3099",
	} {
		if got, err := thread.Clean(in); err != nil || got != want {
			t.Errorf("Clean(%.20q) = %.40q, %v, want %.40q", in, got, err, want)
		}
	}
	for _, in := range []string{"", " \n\u3000", "a\x00b", "a\x1bb", "\xff", "\u3000\u200b", "\u200b\u2060\ufeff", "\u3164 \u2800", strings.Repeat("縁", thread.MostRunes+1)} {
		if got, err := thread.Clean(in); !errs.Is(err, errs.Invalid) {
			t.Errorf("Clean(%.20q) = %.20q, %v, want it refused", in, got, err)
		}
	}
}
