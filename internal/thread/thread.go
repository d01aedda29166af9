// Package thread holds what the two sides of an accepted offer write to each
// other. It refuses texts that are empty, too long, or not to be read.
package thread

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"enishi/internal/errs"
	"enishi/internal/offer"
)

// Message is one text of one side. A thread is that of an offer, and bears its
// id.
type Message struct {
	Key     int64
	ID      uuid.UUID
	Offer   int64
	Side    offer.Side
	Account int64  // who wrote it; 0: erased
	Sealed  []byte // the text; nil once its writer is erased
	At      time.Time
}

// MostRunes is the longest text.
const MostRunes = 4000

// Clean gives a text as it is kept: line ends of one kind, nothing blank around
// it. Invalid if it is blank, too long, or has characters that say nothing.
func Clean(text string) (string, error) {
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
	text = strings.TrimFunc(text, unicode.IsSpace)
	n := utf8.RuneCountInString(text)
	switch {
	case n < 1 || n > MostRunes:
		return "", errs.AtPointer("/text", fmt.Sprintf("%d characters", n), fmt.Sprintf("1 to %d characters", MostRunes))
	case Blank(text):
		return "", errs.AtPointer("/text", "nothing that can be seen", "a text")
	case !utf8.ValidString(text):
		return "", errs.AtPointer("/text", "bytes that are no UTF-8", "a text in UTF-8")
	case strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }):
		return "", errs.AtPointer("/text", "a control character", "a text with line breaks and tabs alone")
	}
	return text, nil
}

// Blank says whether nothing of a text can be seen: it is empty, or of spaces, marks
// and signs alone that have no look of their own.
func Blank(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool {
		const brailleBlank = 0x2800
		return unicode.In(r, unicode.L, unicode.N, unicode.P, unicode.S) && !unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r) && r != brailleBlank
	})
}
