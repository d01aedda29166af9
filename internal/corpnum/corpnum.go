// Package corpnum holds the corporate number (法人番号) that the National Tax
// Agency gives every Japanese corporation: thirteen digits, the first of them
// a check digit over the other twelve.
package corpnum

import (
	"fmt"
	"strconv"

	"enishi/internal/errs"
)

// Number is a valid corporate number. It fits 44 bits.
type Number int64

// Parse reads thirteen ASCII digits and verifies the check digit. Anything
// else is Invalid.
func Parse(s string) (Number, error) {
	const allowed = "a 法人番号: thirteen digits, the first of them the check digit"
	if len(s) != 13 {
		return 0, errs.AtPointer("", strconv.Quote(s), allowed)
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, errs.AtPointer("", strconv.Quote(s), allowed)
		}
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0, errs.AtPointer("", strconv.Quote(s), allowed)
	}
	if base := n % 1_000_000_000_000; Number(n) != From(base) {
		return 0, errs.AtPointer("", strconv.Quote(s),
			fmt.Sprintf("%s (for %012d it is %d)", allowed, base, int64(From(base))/1_000_000_000_000))
	}
	return Number(n), nil
}

// From gives the number whose last twelve digits are base, 0 <= base < 1e12.
//
// Check digit: 9 - (sum of P(n) x Q(n) mod 9), where P(n) is the n-th digit
// from the right and Q(n) is 1 for odd n, 2 for even n (Order of the Ministry
// of Finance on the designation of corporate numbers, article 2).
func From(base int64) Number {
	sum := int64(0)
	for n, rest := 1, base; n <= 12; n, rest = n+1, rest/10 {
		weight := int64(1)
		if n%2 == 0 {
			weight = 2
		}
		sum += rest % 10 * weight
	}
	return Number((9-sum%9)*1_000_000_000_000 + base)
}

func (n Number) String() string { return fmt.Sprintf("%013d", int64(n)) }

// MarshalText gives the thirteen digits.
func (n Number) MarshalText() ([]byte, error) { return []byte(n.String()), nil }

// UnmarshalText reads the thirteen digits and verifies the check digit.
func (n *Number) UnmarshalText(b []byte) error {
	v, err := Parse(string(b))
	if err != nil {
		return err
	}
	*n = v
	return nil
}
