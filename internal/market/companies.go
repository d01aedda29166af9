package market

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"enishi/internal/account"
	"enishi/internal/company"
	"enishi/internal/corpnum"
	"enishi/internal/errs"
)

// Found is what an employer gives to register.
type Found struct {
	Number   corpnum.Number
	Head     corpnum.Number // 0: it is its own head
	Name     string
	Size     int
	Email    string
	Password string
	Trial    string // key of the trial that it is of; empty: it is real
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
	made := false
	err = again(func() error {
		return m.write(ctx, func(tx Tx) error {
			out, made = Founded{}, false
			if found, err := m.recall(tx, once, &out); err != nil || found {
				return err
			}
			made = true
			trial, err := m.joining(tx, in.Trial)
			if err == nil {
				err = trial.found(&k)
			}
			if err != nil {
				return err
			}
			k.Trial = trial.Key
			var known bool
			if known, out, err = m.addFounded(tx, &k, &a); err != nil {
				return err
			}
			if err := m.greet(tx, &a, code, known); err != nil {
				return err
			}
			return m.remember(tx, once, out)
		})
	})
	if err != nil {
		return Founded{}, fmt.Errorf("register a company: %w", err)
	}
	if made { // not the answer of an earlier request
		m.settle(ctx, m.sweepCompany, k.Key)
		m.post()
	}
	return out, nil
}

// addFounded writes a company and its owner's account, and says whether the
// address was known before.
func (m *Market) addFounded(tx Tx, k *company.Company, a *account.Account) (known bool, out Founded, err error) {
	if k.Status != company.Applied {
		if err := holdGroups(tx, k); err != nil {
			return false, out, err
		}
	}
	if known, out.Token, err = m.addAccount(tx, a); err != nil {
		return false, out, err
	}
	out.ID = k.ID
	if err := tx.AddCompany(k); errs.Is(err, errs.Conflict) {
		return known, out, errs.New(errs.Conflict, "a company with this corporate number is registered already")
	} else if err != nil {
		return known, out, err
	}
	if err := holdMembers(tx, k); err != nil {
		return known, out, err
	}
	if err := tx.AddMember(company.Member{Account: a.Key, Company: k.Key, Role: account.Owner}); err != nil {
		return known, out, err
	}
	if err := m.audit(tx, Actor{Account: a.Key, Company: k.Key}, AuditFound, SubjectCompany, k.Key); err != nil {
		return known, out, err
	}
	return known, out, tx.Append(companyRow(k, m))
}

// holdGroups keeps every other company from joining a group until the end;
// before any other lock.
func holdGroups(tx Tx, k *company.Company) error {
	if err := tx.SetSetting(SettingGroups, k.Number.String()); err != nil {
		return fmt.Errorf("lock the groups: %w", err)
	}
	return nil
}

// holdMembers locks the companies of the group that a company is joining, so
// that who is sending for one of them has sent before, or sees the new group.
func holdMembers(tx Tx, k *company.Company) error {
	if k.Status == company.Applied { // a claim binds nobody else
		return nil
	}
	_, members, err := kindred(tx, *k)
	if err != nil {
		return err
	}
	keys := make([]int64, len(members))
	for i := range members {
		keys[i] = members[i].Key
	}
	_, err = lockAll("company", keys, tx.LockCompany)
	return err
}

func companyRow(k *company.Company, m *Market) *Row {
	what := CompanyLess
	if k.Status == company.Verified {
		what = CompanyChanged
	}
	return &Row{Change: what, Entity: k.Key, Version: k.Version, At: m.Now()}
}

// SetStatus is Decide without a reason.
func (m *Market) SetStatus(ctx context.Context, actor Actor, id uuid.UUID, s company.Status) (company.Company, error) {
	return m.Decide(ctx, actor, id, s, "")
}

// Decide verifies or suspends a company, for a reason that is kept; operators only.
// Verifying confirms its place in its group: what the group has sent to people who
// work for it is withdrawn. Suspending withdraws what its candidates have not
// accepted. One whose number was freed is not verified again.
func (m *Market) Decide(ctx context.Context, actor Actor, id uuid.UUID, s company.Status, reason string) (company.Company, error) {
	var k company.Company
	if err := onlyOperators(actor); err != nil {
		return k, err
	}
	if s != company.Verified && s != company.Suspended {
		return k, errs.AtPointer("/status", string(s), "verified or suspended")
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
	if k.Status == company.Suspended { // what that has ended is not to come back
		if err := m.sweepCompany(ctx, k.Key); err != nil {
			return k, err
		}
	}
	changed := false
	err = m.write(ctx, func(tx Tx) error {
		var err error
		if k, changed, err = m.setStatus(tx, k.Key, s); err != nil || !changed {
			return err
		}
		return m.decided(tx, actor, &k, reason)
	})
	if err == nil && changed {
		m.settle(ctx, m.sweepCompany, k.Key)
	}
	return k, err
}

// decided keeps why a company has its new status.
func (m *Market) decided(tx Tx, actor Actor, k *company.Company, reason string) error {
	err := tx.AddDecision(&company.Decision{Company: k.Key, Account: actor.Account, Status: k.Status, Reason: reason, At: m.Now()})
	if err != nil {
		return err
	}
	what := AuditVerify
	if k.Status == company.Suspended {
		what = AuditSuspend
	}
	return m.audit(tx, actor, what, SubjectCompany, k.Key, within(k.Key))
}

// setStatus changes the status of a company, and says whether it had another.
func (m *Market) setStatus(tx Tx, key int64, s company.Status) (k company.Company, changed bool, err error) {
	if k, err = tx.Company(key); err != nil {
		return k, false, err
	}
	// Nobody applies twice: whoever is not an applicant now has joined, and
	// whoever is may still be found to have when the groups are locked.
	if k.Status == company.Applied {
		if err := holdGroups(tx, &k); err != nil {
			return k, false, err
		}
		if k, err = tx.Company(key); err != nil {
			return k, false, err
		}
	}
	joins := k.Status == company.Applied
	if joins {
		claimed := k
		claimed.Status = s
		if s == company.Suspended {
			claimed.Head = k.Number // a claim that was not accepted binds nobody
		}
		if err := holdMembers(tx, &claimed); err != nil {
			return k, false, err
		}
	}
	if k, err = tx.LockCompany(key); err != nil || k.Status == s {
		return k, false, err
	}
	if s == company.Verified {
		if err := keepsNumber(&k); err != nil {
			return k, false, err
		}
	}
	if joins && s == company.Suspended {
		k.Head = k.Number
	}
	k.Status, k.Version = s, k.Version+1
	if err := tx.SaveCompany(&k); err != nil {
		return k, false, err
	}
	return k, true, tx.Append(companyRow(&k, m))
}

// Companies gives up to limit companies after a key, of one status ("": of
// any), to an operator.
func (m *Market) Companies(ctx context.Context, actor Actor, of company.Status, after int64, limit int) ([]company.Company, error) {
	return m.companies(ctx, actor, of, after, limit, func(*company.Company) bool { return true })
}

// companies gives up to limit companies after a key, of one status ("": of any), that
// fit; those of trials are nobody's business.
func (m *Market) companies(ctx context.Context, actor Actor, of company.Status, after int64, limit int, fits func(*company.Company) bool) ([]company.Company, error) {
	if err := onlyOperators(actor); err != nil {
		return nil, err
	}
	var out []company.Company
	err := m.readRecent(ctx, func(tx Tx) error {
		out = nil
		read := tx.Companies
		if of != "" {
			read = func(after int64, limit int) ([]company.Company, error) { return tx.CompaniesIn(of, after, limit) }
		}
		for from := after; len(out) < limit; {
			list, err := read(from, loadPage)
			if err != nil {
				return err
			}
			for _, k := range list {
				if k.Trial == 0 && fits(&k) {
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
