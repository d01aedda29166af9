package storetest

import (
	"errors"
	"testing"
	"time"

	"enishi/internal/errs"
	"enishi/internal/market"
)

func audits() map[string]func(*testing.T, market.Store) {
	return map[string]func(*testing.T, market.Store){
		"entries of the audit log": entries,
	}
}

func entries(t *testing.T, s market.Store) {
	list := []*market.Entry{
		{At: when, Account: 1, Company: 1, What: market.AuditPublish, Kind: market.SubjectPosition, Entity: 5},
		{At: when.Add(time.Second), Account: 2, What: market.AuditSignIn, Kind: market.SubjectAccount, Entity: 2},
		{At: when.Add(time.Minute), Company: 1, What: market.AuditInvite, Kind: market.SubjectCompany, Entity: 1, Digest: []byte{0, 255}},
		{At: when.Add(2 * time.Minute), What: market.AuditMaintenance, Order: market.Order{By: "arn:aws:sts::1:assumed-role/花/hana", Why: "更新のため"}, Diff: "none -> 読み取り専用"},
		{At: when.Add(time.Hour), Account: 1, Company: 2, What: market.AuditBatch, Kind: market.SubjectRule, Entity: 9, N: 12},
	}
	for _, e := range list {
		write(t, s, func(tx market.Tx) error { return tx.AddEntry(e) })
	}
	refused(t, s, "AddEntry", errs.Conflict, func(tx market.Tx) error {
		return errors.Join(tx.AddEntry(&market.Entry{At: when}), errs.New(errs.Conflict, "given up"))
	})
	for _, test := range []struct {
		of     market.EntryFilter
		before int64
		limit  int
		want   []int
	}{
		{market.EntryFilter{}, 0, 9, []int{4, 3, 2, 1, 0}},
		{market.EntryFilter{}, 0, 2, []int{4, 3}},
		{market.EntryFilter{}, list[2].Key, 9, []int{1, 0}},
		{market.EntryFilter{Company: 1}, 0, 9, []int{2, 0}},
		{market.EntryFilter{Company: 1}, list[2].Key, 9, []int{0}},
		{market.EntryFilter{Account: 1}, 0, 9, []int{4, 0}},
		{market.EntryFilter{What: market.AuditSignIn}, 0, 9, []int{1}},
		{market.EntryFilter{Since: when.Add(time.Second)}, 0, 9, []int{4, 3, 2, 1}},
		{market.EntryFilter{Until: when.Add(time.Minute)}, 0, 9, []int{1, 0}},
		{market.EntryFilter{Company: 1, Account: 1, What: market.AuditPublish, Since: when, Until: when.Add(time.Microsecond)}, 0, 9, []int{0}},
		{market.EntryFilter{Company: 3}, 0, 9, nil},
		{market.EntryFilter{Kind: market.SubjectRule, Entity: 9}, 0, 9, []int{4}},
		{market.EntryFilter{Kind: market.SubjectAccount, Entity: 2, What: market.AuditSignIn}, 0, 9, []int{1}},
		{market.EntryFilter{Kind: market.SubjectRule, Entity: 2}, 0, 9, nil},
		{market.EntryFilter{Company: 1, Kind: market.SubjectRule, Entity: 9}, 0, 9, nil},
	} {
		var expected []market.Entry
		for _, i := range test.want {
			expected = append(expected, *list[i])
		}
		want(t, "Entries", load(t, s, func(tx market.Tx) ([]market.Entry, error) { return tx.Entries(test.of, test.before, test.limit) }), expected)
	}
	if err := s.Read(t.Context(), func(tx market.Tx) error { return tx.AddEntry(&market.Entry{At: when}) }); err == nil {
		t.Error("AddEntry in a transaction that reads gives no error")
	}
}
