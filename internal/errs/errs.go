// Package errs names the kinds of failure that callers tell apart. Drivers
// and domain rules wrap their errors in a kind; the edges (HTTP, command line)
// turn the kind into a status or an exit code and show its message to the user.
//
// It refuses to carry secrets or personal data: a Problem's Found is cut short
// and meant for the person who sent it. Values are immutable and safe for
// concurrent use.
package errs

import (
	"errors"
	"slices"
	"strings"
	"unicode/utf8"
)

// Kind is the reason a caller can act on.
type Kind uint8

// The kinds. Internal is everything that no one outside can mend.
const (
	Internal Kind = iota
	NotFound
	Invalid
	Conflict
	Stale
	Missing // a precondition (If-Match) that was required and not given
	Unauthenticated
	Denied
	TooMany
	TooLarge
	Busy
)

var kindNames = [...]string{
	"internal", "not found", "invalid", "conflict", "stale", "precondition missing",
	"unauthenticated", "denied", "too many", "too large", "busy",
}

func (k Kind) String() string {
	if int(k) >= len(kindNames) {
		k = Internal
	}
	return kindNames[k]
}

// Problem is one thing wrong with an input: where (a JSON pointer from the
// root of the document), what was found there and what is allowed.
type Problem struct {
	Pointer string
	Found   string
	Allowed string
}

func (p Problem) String() string {
	at := p.Pointer
	if at == "" {
		at = "(root)"
	}
	return at + ": found " + p.Found + "; allowed: " + p.Allowed
}

// Error is an error of a kind, with a message that a user may see.
type Error struct {
	Kind     Kind
	Message  string
	Problems []Problem
	cause    error
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Message)
	for i, p := range e.Problems {
		if i == 0 {
			b.WriteString(": ")
		} else {
			b.WriteString("; ")
		}
		b.WriteString(p.String())
	}
	if e.cause != nil {
		b.WriteString(": ")
		b.WriteString(e.cause.Error())
	}
	return b.String()
}

// Unwrap gives the cause, if any.
func (e *Error) Unwrap() error { return e.cause }

// New gives an error of kind k with a message for the user.
func New(k Kind, message string) *Error { return &Error{Kind: k, Message: message} }

// Wrap gives an error of kind k with a message for the user and a cause for
// the log.
func Wrap(k Kind, message string, cause error) *Error {
	return &Error{Kind: k, Message: message, cause: cause}
}

// AtPointer gives an Invalid error about one place of the input.
func AtPointer(pointer, found, allowed string) *Error {
	return AtPointers(Problem{Pointer: pointer, Found: found, Allowed: allowed})
}

// AtPointers gives an Invalid error about several places of the input.
func AtPointers(problems ...Problem) *Error {
	problems = slices.Clone(problems)
	for i := range problems {
		problems[i].Found = cut(problems[i].Found)
	}
	return &Error{Kind: Invalid, Message: "the input is not valid", Problems: problems}
}

// Below gives err with prefix put before the pointers of its problems, for an
// input that is part of a larger document. Other errors come back unchanged.
func Below(prefix string, err error) error {
	var e *Error
	if !errors.As(err, &e) || len(e.Problems) == 0 {
		return err
	}
	moved := *e
	moved.Problems = make([]Problem, len(e.Problems))
	for i, p := range e.Problems {
		p.Pointer = prefix + p.Pointer
		moved.Problems[i] = p
	}
	return &moved
}

// Join gives one Invalid error with the problems of all those errors that are
// Invalid, or the first error of another kind; nil if none is an error.
func Join(list ...error) error {
	var problems []Problem
	for _, err := range list {
		if err == nil {
			continue
		}
		var e *Error
		if !errors.As(err, &e) || e.Kind != Invalid || len(e.Problems) == 0 {
			return err
		}
		problems = append(problems, e.Problems...)
	}
	if len(problems) == 0 {
		return nil
	}
	return AtPointers(problems...)
}

// KindOf gives the kind of the first Error in err's chain; Internal if none.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}

// Is reports whether err is of kind k.
func Is(err error, k Kind) bool { return err != nil && KindOf(err) == k }

// foundBytes bounds what an error repeats of its input: enough to recognise a
// value, too little to flood a log.
const foundBytes = 80

func cut(s string) string {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	if len(s) <= foundBytes {
		return s
	}
	s = s[:foundBytes]
	for !utf8.ValidString(s) {
		s = s[:len(s)-1]
	}
	return s + "…"
}
