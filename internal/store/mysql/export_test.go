package mysql

// What tests look at from outside, since their servers need this package.
var (
	Classify = classify
	Writable = writable
)
