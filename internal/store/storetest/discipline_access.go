package storetest

import (
	"enishi/internal/account"
	"enishi/internal/company"
	"enishi/internal/day"
)

func (t *watched) DropSessions(key int64) error {
	if err := t.need("ending all sessions", row{anAccount, key}); err != nil {
		return err
	}
	return t.Tx.DropSessions(key)
}

func (t *watched) StripAccount(key int64) error {
	if err := t.need("stripping", row{anAccount, key}); err != nil {
		return err
	}
	return t.Tx.StripAccount(key)
}

func (t *watched) AddReset(r account.Reset) error {
	if err := t.need("a reset", row{anAccount, r.Account}); err != nil {
		return err
	}
	return t.Tx.AddReset(r)
}

func (t *watched) SaveMember(m company.Member) error {
	if err := t.need("a role", row{anAccount, m.Account}, row{aCompany, m.Company}); err != nil {
		return err
	}
	return t.Tx.SaveMember(m)
}

func (t *watched) DropMember(key int64) error {
	if err := t.need("removing a member", row{anAccount, key}); err != nil {
		return err
	}
	return t.Tx.DropMember(key)
}

func (t *watched) AddInvitation(i *company.Invitation) error {
	if err := t.need("an invitation", row{aCompany, i.Company}); err != nil {
		return err
	}
	return t.Tx.AddInvitation(i)
}

func (t *watched) SaveInvitation(i *company.Invitation) error {
	if err := t.need("an invitation", row{aCompany, i.Company}); err != nil {
		return err
	}
	return t.Tx.SaveInvitation(i)
}

func (t *watched) AddToken(k company.Token) error {
	if err := t.need("a token", row{aCompany, k.Company}); err != nil {
		return err
	}
	return t.Tx.AddToken(k)
}

func (t *watched) Scouted(key int64, in day.Month) (int, error) {
	t.ask(scoutsOf(key))
	return t.Tx.Scouted(key, in)
}

func (t *watched) AddScouts(key int64, in day.Month, n int) error {
	if err := t.need("counting scouts", row{aCompany, key}); err != nil {
		return err
	}
	if t.asked[scoutsOf(key)] < t.held[row{aCompany, key}].since {
		return t.fault("counting scouts of company %d by what it had sent before it was locked", key)
	}
	return t.Tx.AddScouts(key, in, n)
}
