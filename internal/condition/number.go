package condition

import (
	"cmp"
	"encoding/json"
	"math/big"
	"strconv"
	"strings"
)

// Whole gives a number of a JSON document that has no fraction, however it is
// written: JSON does not tell 5 from 5.0 or 5e0. It is exact, and not ok for a
// number that does not fit into 64 bits.
func Whole(n json.Number) (int64, bool) {
	if i, err := strconv.ParseInt(string(n), 10, 64); err == nil {
		return i, true
	}
	// Exponents beyond a few digits would make an exact number huge.
	const mostDigits, mostExponent = 40, 20
	_, exponent, _ := strings.Cut(strings.ToLower(string(n)), "e")
	if e, err := strconv.Atoi(cmp.Or(exponent, "0")); err != nil || e < -mostExponent || e > mostExponent || len(n) > mostDigits {
		return 0, false
	}
	exact, ok := new(big.Rat).SetString(string(n))
	if !ok || !exact.IsInt() || !exact.Num().IsInt64() {
		return 0, false
	}
	return exact.Num().Int64(), true
}
