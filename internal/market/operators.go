package market

import (
	"context"
	"strconv"

	"github.com/google/uuid"

	"enishi/internal/account"
	"enishi/internal/company"
	"enishi/internal/errs"
)

// onlyOperators is Denied to everybody else.
func onlyOperators(actor Actor) error {
	if actor.Kind != account.Operator {
		return errs.New(errs.Denied, "only an operator may do this")
	}
	return nil
}

// SetScoutQuota says how many scouts a company may send in a month; operators only.
func (m *Market) SetScoutQuota(ctx context.Context, actor Actor, id uuid.UUID, n int) error {
	if err := onlyOperators(actor); err != nil {
		return err
	}
	if n < 0 || n > company.MostScoutQuota {
		return errs.AtPointer("/scouts", strconv.Itoa(n), "0 to "+strconv.Itoa(company.MostScoutQuota))
	}
	return m.transact(ctx, func(tx Tx) error {
		k, err := tx.CompanyByID(id)
		if err != nil {
			return err
		}
		if k, err = tx.LockCompany(k.Key); err != nil {
			return err
		}
		if err := tx.SetScoutQuota(k.Key, n); err != nil {
			return err
		}
		return m.audit(tx, actor, AuditQuota, SubjectCompany, k.Key, within(k.Key), counted(n))
	})
}
