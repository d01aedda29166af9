// Package company holds the employers: verified corporations, their groups
// and their members. A company is known by its corporate number; there is one
// company per number, beside those from which an operator has freed it.
package company

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"enishi/internal/account"
	"enishi/internal/corpnum"
	"enishi/internal/errs"
	"enishi/internal/taxonomy"
)

// Status is how far an operator has taken a company.
type Status string

// The statuses. Only a verified company's rules send offers.
const (
	Applied   Status = "applied"
	Verified  Status = "verified"
	Suspended Status = "suspended"
)

// NumberFreed is the status of a decision, and of no company: an operator has freed
// the number of one that was suspended, and stays so.
const NumberFreed Status = "freed"

// Company is an employer.
type Company struct {
	Key     int64
	ID      uuid.UUID
	Version int64
	Number  corpnum.Number // what it registered with
	Freed   bool           // its number is anybody's to register again: it is suspended for ever, and of no group
	Head    corpnum.Number // of its group: the parent's number; its own if it has none
	Name    string
	Size    int // band of taxonomy.CompanySize
	Status  Status
	Trial   int64 // of whose rehearsal it is a part; 0: it is real. It never changes
}

// Member is an account's place in a company.
type Member struct {
	Account int64
	Company int64
	Role    account.Role
}

const nameRunes = 100

// Validate reports what of a company's own data is not allowed, by JSON
// pointer.
func (c Company) Validate() error {
	var problems []errs.Problem
	if n := utf8.RuneCountInString(c.Name); strings.TrimSpace(c.Name) == "" || n > nameRunes || !utf8.ValidString(c.Name) {
		problems = append(problems, errs.Problem{
			Pointer: "/name", Found: strconv.Itoa(n) + " characters",
			Allowed: "1 to " + strconv.Itoa(nameRunes) + " characters",
		})
	}
	if strings.ContainsFunc(c.Name, unicode.IsControl) {
		problems = append(problems, errs.Problem{Pointer: "/name", Found: "a control character", Allowed: "one line of text"})
	}
	sizes := taxonomy.Of(taxonomy.CompanySize).Items()
	if c.Size < 0 || c.Size >= len(sizes) {
		problems = append(problems, errs.Problem{
			Pointer: "/size", Found: strconv.Itoa(c.Size),
			Allowed: "a band from 0 to " + strconv.Itoa(len(sizes)-1),
		})
	}
	if len(problems) > 0 {
		return errs.AtPointers(problems...)
	}
	return nil
}
