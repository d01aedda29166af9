// Package storetest holds every market.Store to the same contract: each
// method, each kind of error, what is kept exactly, what races lose, and what
// a failed transaction leaves, which is nothing.
package storetest

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"enishi/internal/errs"
	"enishi/internal/market"
)

// Run runs the suite; open gives an empty store for each test.
func Run(t *testing.T, open func(t *testing.T) market.Store) {
	t.Helper()
	for _, group := range []map[string]func(*testing.T, market.Store){
		transactions(), races(), logs(), accounts(), candidates(), companies(), positions(), rules(), offers(), dealings(), pages(), answers(), progress(), maintenance(), jobs(), mails(), access(), audits(), past(), savedSearches(), trials(),
	} {
		for name, test := range group {
			t.Run(name, func(t *testing.T) { test(t, open(t)) })
		}
	}
}

// write runs fn in a transaction that must succeed.
func write(t *testing.T, s market.Store, fn func(market.Tx) error) {
	t.Helper()
	if err := s.Write(t.Context(), fn); err != nil {
		t.Fatalf("write: %v", err)
	}
}

// load reads something in a transaction of its own that must succeed.
func load[T any](t *testing.T, s market.Store, fn func(market.Tx) (T, error)) T {
	t.Helper()
	v, err := find(t.Context(), s, fn)
	if err != nil {
		t.Fatalf("read: %v", err)
	}
	return v
}

// find reads something in a transaction of its own.
func find[T any](ctx context.Context, s market.Store, fn func(market.Tx) (T, error)) (T, error) {
	var v T
	err := s.Read(ctx, func(tx market.Tx) (err error) {
		v, err = fn(tx)
		return err
	})
	return v, err
}

// want compares what a store gave; an absent list and an empty one are alike.
func want[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// wantKind expects an error of a kind.
func wantKind(t *testing.T, what string, err error, kind errs.Kind) {
	t.Helper()
	if !errs.Is(err, kind) {
		t.Errorf("%s = %v, want an error of kind %v", what, err, kind)
	}
}

// refused runs fn in a transaction and expects an error of a kind from it.
func refused(t *testing.T, s market.Store, what string, kind errs.Kind, fn func(market.Tx) error) {
	t.Helper()
	wantKind(t, what, s.Write(t.Context(), fn), kind)
}

// missing expects NotFound from a look-up.
func missing[T any](t *testing.T, s market.Store, what string, fn func(market.Tx) (T, error)) {
	t.Helper()
	_, err := find(t.Context(), s, fn)
	wantKind(t, what, err, errs.NotFound)
}

// errStop is what a closure gives up with.
var errStop = errors.New("given up by the test")

// keys gives the keys of rows.
func keys[T any](rows []T, key func(*T) int64) []int64 {
	var out []int64
	for i := range rows {
		out = append(out, key(&rows[i]))
	}
	return out
}
