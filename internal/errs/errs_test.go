package errs_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"enishi/internal/errs"
)

func TestKindNames(t *testing.T) {
	seen := make(map[string]errs.Kind)
	for k := errs.Internal; k <= errs.Busy; k++ {
		name := k.String()
		if other, repeated := seen[name]; name == "" || repeated {
			t.Errorf("Kind(%d) and Kind(%d) are both %q", k, other, name)
		}
		seen[name] = k
	}
	if got := (errs.Busy + 1).String(); got != "internal" {
		t.Errorf("a kind that does not exist is %q, want internal", got)
	}
}

func TestKindOf(t *testing.T) {
	notFound := errs.New(errs.NotFound, "no such position")
	tests := []struct {
		err  error
		want errs.Kind
	}{
		{io.EOF, errs.Internal},
		{notFound, errs.NotFound},
		{fmt.Errorf("load position: %w", notFound), errs.NotFound},
		{errors.Join(io.EOF, notFound), errs.NotFound},
		{errs.Wrap(errs.Busy, "try again", notFound), errs.Busy},
		{errs.AtPointer("/pay", "-1", "0 or more"), errs.Invalid},
	}
	for _, test := range tests {
		if got := errs.KindOf(test.err); got != test.want {
			t.Errorf("KindOf(%v) = %v, want %v", test.err, got, test.want)
		}
		for k := errs.Internal; k <= errs.Busy; k++ {
			if got := errs.Is(test.err, k); got != (k == test.want) {
				t.Errorf("Is(%v, %v) = %v", test.err, k, got)
			}
		}
	}
	if errs.Is(nil, errs.Internal) {
		t.Error("no error is of a kind")
	}
}

func TestMessages(t *testing.T) {
	tests := []struct {
		err  error
		want string
	}{
		{errs.New(errs.Denied, "not yours"), "not yours"},
		{errs.Wrap(errs.Busy, "try again", io.EOF), "try again: EOF"},
		{errs.AtPointer("", `"x"`, "an object"), `the input is not valid: (root): found "x"; allowed: an object`},
		{
			errs.AtPointers(errs.Problem{"/a", "1", "2"}, errs.Problem{"/b", "3", "4"}),
			"the input is not valid: /a: found 1; allowed: 2; /b: found 3; allowed: 4",
		},
	}
	for _, test := range tests {
		if got := test.err.Error(); got != test.want {
			t.Errorf("message %q, want %q", got, test.want)
		}
	}
	if err := errs.Wrap(errs.Busy, "try again", io.EOF); !errors.Is(err, io.EOF) {
		t.Error("the cause of a wrapped error is lost")
	}
}

func TestFoundIsCutShort(t *testing.T) {
	tests := []struct{ name, found, want string }{
		{"short", "abc", "abc"},
		{"at the bound", strings.Repeat("a", 80), strings.Repeat("a", 80)},
		{"over it", strings.Repeat("a", 81), strings.Repeat("a", 80) + "…"},
		{"in the middle of a letter", strings.Repeat("縁", 27), strings.Repeat("縁", 26) + "…"},
		{"not UTF-8", "a\xffb", "a\uFFFDb"},
		{"long and not UTF-8", strings.Repeat("\xff\xfe縁", 50), ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := errs.AtPointer("", test.found, "").Problems[0].Found
			if test.want != "" && got != test.want {
				t.Errorf("found %q, want %q", got, test.want)
			}
			if !utf8.ValidString(got) || len(got) > 80+len("…") {
				t.Errorf("found %q: %d bytes", got, len(got))
			}
			again := errs.AtPointer("", got, "").Problems[0].Found
			if again != got {
				t.Errorf("cut again: %q, want %q", again, got)
			}
		})
	}
}

func TestCallersKeepTheirProblems(t *testing.T) {
	mine := []errs.Problem{{Pointer: "/a", Found: strings.Repeat("a", 100), Allowed: "b"}}
	_ = errs.AtPointers(mine...)
	if len(mine[0].Found) != 100 {
		t.Error("AtPointers changed the problems that it was given")
	}
}

func TestBelow(t *testing.T) {
	inner := errs.AtPointers(errs.Problem{"", "1", "a"}, errs.Problem{"/0", "2", "b"})
	got := errs.Below("/must", fmt.Errorf("parse: %w", inner))
	var moved *errs.Error
	if !errors.As(got, &moved) || moved.Kind != errs.Invalid {
		t.Fatalf("Below = %v, want an Invalid error", got)
	}
	want := []errs.Problem{{"/must", "1", "a"}, {"/must/0", "2", "b"}}
	if diff := cmp.Diff(want, moved.Problems); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
	if inner.Problems[0].Pointer != "" {
		t.Error("Below changed the error that it was given")
	}
	for _, other := range []error{nil, io.EOF, errs.New(errs.Conflict, "taken")} {
		if got := errs.Below("/must", other); got != other {
			t.Errorf("Below(%v) = %v, want it unchanged", other, got)
		}
	}
}

func TestJoin(t *testing.T) {
	a, b := errs.AtPointer("/a", "1", "2"), errs.AtPointer("/b", "3", "4")
	conflict := errs.New(errs.Conflict, "taken")
	plain := errs.New(errs.Invalid, "not valid as a whole")

	var joined *errs.Error
	if err := errs.Join(nil, a, nil, fmt.Errorf("wrapped: %w", b)); !errors.As(err, &joined) {
		t.Fatalf("Join = %v, want an errs.Error", err)
	}
	if diff := cmp.Diff([]errs.Problem{a.Problems[0], b.Problems[0]}, joined.Problems); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
	tests := []struct {
		list []error
		want error
	}{
		{nil, nil},
		{[]error{nil, nil}, nil},
		{[]error{a, conflict, io.EOF}, conflict},
		{[]error{io.EOF, a}, io.EOF},
		{[]error{a, plain}, plain},
	}
	for _, test := range tests {
		if got := errs.Join(test.list...); got != test.want {
			t.Errorf("Join(%v) = %v, want %v", test.list, got, test.want)
		}
	}
}
