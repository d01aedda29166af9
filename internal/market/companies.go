package market

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"enishi/internal/account"
	"enishi/internal/company"
	"enishi/internal/corpnum"
	"enishi/internal/errs"
	"enishi/internal/offer"
)

// Found is what an employer gives to register.
type Found struct {
	Number   corpnum.Number
	Head     corpnum.Number // 0: it is its own head
	Name     string
	Size     int
	Email    string
	Password string
}

// Founded is a new company and its owner's bearer token.
type Founded struct {
	ID    uuid.UUID
	Token string
}

// Found registers a company and its owner. A number that is registered is a
// Conflict. An operator verifies it and its place in a group; in a demo that
// is done at once. From then on whoever works for it has blocked its whole
// group.
func (m *Market) Found(ctx context.Context, in Found, once Once) (Founded, error) {
	var out Founded
	id, err := uuid.NewV7()
	if err != nil {
		return out, fmt.Errorf("make an id: %w", err)
	}
	k := company.Company{ID: id, Version: 1, Number: in.Number, Head: in.Head, Name: in.Name, Size: in.Size, Status: company.Applied}
	if k.Head == 0 {
		k.Head = k.Number
	}
	if m.options.Demo {
		k.Status = company.Verified
	}
	a, code, errAccount := m.newAccount(ctx, account.Member, in.Email, in.Password)
	if err := errs.Join(k.Validate(), errAccount); err != nil {
		return out, err
	}
	known := false
	err = m.write(ctx, func(tx Tx) error {
		out = Founded{}
		if found, err := m.recall(tx, once, &out); err != nil || found {
			return err
		}
		var err error
		if known, out.Token, err = m.addAccount(tx, &a); err != nil {
			return err
		}
		out.ID = k.ID
		if err := tx.AddCompany(&k); errs.Is(err, errs.Conflict) {
			return errs.New(errs.Conflict, "a company with this corporate number is registered already")
		} else if err != nil {
			return err
		}
		if err := tx.AddMember(company.Member{Account: a.Key, Company: k.Key, Role: account.Owner}); err != nil {
			return err
		}
		if err := tx.Append(companyRow(&k, m)); err != nil {
			return err
		}
		if k.Status == company.Verified {
			if err := m.withdrawInGroup(tx, &k); err != nil {
				return err
			}
		}
		return m.remember(tx, once, out)
	})
	if err != nil {
		return Founded{}, fmt.Errorf("register a company: %w", err)
	}
	if k.Key != 0 { // not the answer of an earlier request
		m.greet(ctx, in.Email, code, known)
	}
	return out, nil
}

// withdrawInGroup withdraws the open offers of a company's group to those who
// work for one of it, since a company that has just joined may link them.
func (m *Market) withdrawInGroup(tx Tx, joined *company.Company) error {
	numbers, members, err := kindred(tx, *joined)
	if err != nil {
		return err
	}
	if len(numbers) == 1 {
		return nil
	}
	for _, k := range members {
		err := m.withdrawAll(func(before int64) ([]offer.Offer, error) {
			return tx.OffersBy(k.Key, 0, before, endPage, perhapsOpen...)
		}, func(o *offer.Offer) (bool, error) {
			c, err := tx.Candidate(o.Candidate)
			return err == nil && c.Blocked(k.Number, numbers), notFoundIsNil(err)
		}, tx)
		if err != nil {
			return err
		}
	}
	return nil
}

func companyRow(k *company.Company, m *Market) *Row {
	what := CompanyLess
	if k.Status == company.Verified {
		what = CompanyChanged
	}
	return &Row{Change: what, Entity: k.Key, Version: k.Version, At: m.Now()}
}

// SetStatus verifies or suspends a company; operators only. Verifying confirms
// its place in its group: what the group has sent to people who work for it is
// withdrawn. Suspending withdraws what its candidates have not accepted.
func (m *Market) SetStatus(ctx context.Context, actor Actor, id uuid.UUID, s company.Status) (company.Company, error) {
	var k company.Company
	if actor.Kind != account.Operator {
		return k, errs.New(errs.Denied, "only an operator may do this")
	}
	err := m.write(ctx, func(tx Tx) error {
		found, err := tx.CompanyByID(id)
		if err != nil {
			return err
		}
		if k, err = tx.LockCompany(found.Key); err != nil {
			return err
		}
		if k.Status == s {
			return nil
		}
		joins := k.Status == company.Applied
		if joins && s == company.Suspended {
			k.Head = k.Number // a claim that was not accepted binds nobody
		}
		k.Status, k.Version = s, k.Version+1
		if err := tx.SaveCompany(&k); err != nil {
			return err
		}
		if joins {
			if err := m.withdrawInGroup(tx, &k); err != nil {
				return err
			}
		}
		if s == company.Suspended {
			err := m.withdrawAll(func(before int64) ([]offer.Offer, error) {
				return tx.OffersBy(k.Key, 0, before, endPage, perhapsOpen...)
			}, each, tx)
			if err != nil {
				return err
			}
		}
		return tx.Append(companyRow(&k, m))
	})
	return k, err
}

// perhapsOpen are the states of offers that may be open.
var perhapsOpen = []offer.State{offer.Proposed, offer.Reserved, offer.Sent, offer.Seen, offer.Declined}

func each(*offer.Offer) (bool, error) { return true, nil }

// withdrawAll withdraws every open offer of the pages that fits.
func (m *Market) withdrawAll(page func(before int64) ([]offer.Offer, error), fits func(*offer.Offer) (bool, error), tx Tx) error {
	for before := int64(0); ; {
		list, err := page(before)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			return nil
		}
		for i := range list {
			if !list[i].Open() {
				continue
			}
			ends, err := fits(&list[i])
			if err == nil && ends {
				err = m.withdraw(tx, &list[i])
			}
			if err != nil {
				return fmt.Errorf("withdraw offer %d: %w", list[i].Key, err)
			}
		}
		before = list[len(list)-1].Key
	}
}

// Companies gives up to limit companies after a key, of one status ("": of
// any), to an operator.
func (m *Market) Companies(ctx context.Context, actor Actor, of company.Status, after int64, limit int) ([]company.Company, error) {
	if actor.Kind != account.Operator {
		return nil, errs.New(errs.Denied, "only an operator may do this")
	}
	var out []company.Company
	err := m.read(ctx, func(tx Tx) error {
		out = nil
		for from := after; len(out) < limit; {
			list, err := tx.Companies(from, loadPage)
			if err != nil {
				return err
			}
			for _, k := range list {
				if of == "" || k.Status == of {
					out = append(out, k)
				}
			}
			if len(list) < loadPage {
				break
			}
			from = list[len(list)-1].Key
		}
		out = out[:min(len(out), limit)]
		return nil
	})
	return out, err
}

// AddOperator makes an operator's account with a confirmed address in a store,
// beside whoever serves it: it loads nothing. An address that is taken is a
// Conflict.
func AddOperator(ctx context.Context, store Store, vault *account.Vault, o Options, email, password string) error {
	m := &Market{store: store, vault: vault, passwords: account.NewPasswords(), options: o}
	if err := m.install(ctx); err != nil {
		return fmt.Errorf("set up the installation: %w", err)
	}
	a, _, err := m.newAccount(ctx, account.Operator, email, password)
	if err != nil {
		return err
	}
	a.Confirmed = true
	return store.Write(ctx, func(tx Tx) error {
		if err := tx.AddAccount(&a); errs.Is(err, errs.Conflict) {
			return errs.New(errs.Conflict, "an operator with this address exists already")
		} else if err != nil {
			return err
		}
		return nil
	})
}
