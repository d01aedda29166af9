package market

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"enishi/internal/company"
	"enishi/internal/errs"
)

// FreeNumber lets another company register with the number of one that is suspended,
// for a reason that is kept; operators only. From then on the one that had claimed the
// number is suspended for ever and of no group; it keeps its history, and blocks of
// the number hold for both. Of one that is not suspended, or whose number is free
// already, it is a Conflict.
func (m *Market) FreeNumber(ctx context.Context, actor Actor, id uuid.UUID, reason string) (company.Company, error) {
	var k company.Company
	if err := onlyOperators(actor); err != nil {
		return k, err
	}
	if reason == "" {
		return k, errs.AtPointer("/reason", "none", "why the number is freed")
	}
	if err := company.CheckReason(reason); err != nil {
		return k, err
	}
	err := m.read(ctx, func(tx Tx) error {
		var err error
		k, err = tx.CompanyByID(id)
		return err
	})
	if err != nil {
		return k, err
	}
	err = m.write(ctx, func(tx Tx) error {
		var err error
		if k, err = m.freeNumber(tx, k.Key); err != nil {
			return err
		}
		err = tx.AddDecision(&company.Decision{Company: k.Key, Account: actor.Account, Status: company.NumberFreed, Reason: reason, At: m.Now()})
		if err != nil {
			return err
		}
		return m.audit(tx, actor, AuditFreeNumber, SubjectCompany, k.Key, within(k.Key))
	})
	if err != nil {
		return company.Company{}, fmt.Errorf("free a corporate number: %w", err)
	}
	return k, nil
}

// freeNumber frees the number of a company. What it had said of its group goes with
// it, so all whom that had linked get a row: whose blocks cover them has changed.
func (m *Market) freeNumber(tx Tx, key int64) (company.Company, error) {
	k, err := tx.Company(key)
	if err != nil {
		return k, err
	}
	if err := holdGroups(tx, &k); err != nil {
		return k, err
	}
	if k, err = tx.Company(key); err != nil { // its head may have changed before the groups were held
		return k, err
	}
	_, members, err := kindred(tx, k)
	if err != nil {
		return k, err
	}
	keys := make([]int64, len(members))
	for i := range members {
		keys[i] = members[i].Key
	}
	locked, err := lockAll("company", append(keys, key), tx.LockCompany)
	if err != nil {
		return k, err
	}
	k, there := locked[key]
	switch {
	case !there:
		return k, errs.New(errs.NotFound, "no such company")
	case k.Trial != 0:
		return k, errs.New(errs.Conflict, "the company is of a trial, which removes it when it ends")
	case k.Status != company.Suspended:
		return k, errs.New(errs.Conflict, "the number of a company that is not suspended cannot be freed: suspend it first")
	}
	if err := keepsNumber(&k); err != nil {
		return k, err
	}
	k.Freed, k.Head, k.Version = true, k.Number, k.Version+1
	if err := tx.SaveCompany(&k); err != nil {
		return k, err
	}
	rows := []*Row{companyRow(&k, m)}
	for _, other := range distinct(keys) {
		if member := locked[other]; other != key && member.Key != 0 {
			rows = append(rows, companyRow(&member, m))
		}
	}
	return k, tx.Append(rows...)
}

// keepsNumber is a Conflict of a company whose number was freed.
func keepsNumber(k *company.Company) error {
	if k.Freed {
		return errs.New(errs.Conflict, "the company's corporate number was freed: it stays suspended")
	}
	return nil
}

// ownsNumber is keepsNumber of a key.
func ownsNumber(tx Tx, key int64) error {
	k, err := tx.Company(key)
	if err != nil {
		return fmt.Errorf("company %d: %w", key, err)
	}
	return keepsNumber(&k)
}
