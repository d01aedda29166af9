package storetest

import (
	"errors"
	"testing"

	"enishi/internal/account"
	"enishi/internal/company"
	"enishi/internal/corpnum"
	"enishi/internal/day"
	"enishi/internal/errs"
	"enishi/internal/market"
)

func companies() map[string]func(*testing.T, market.Store) {
	return map[string]func(*testing.T, market.Store){
		"a company comes back as it was":  companyRoundTrip,
		"companies that stand already":    companyTwice,
		"saving a company":                savingCompany,
		"a number that is freed":          freedNumber,
		"groups":                          groups,
		"companies by key and status":     companiesBy,
		"members":                         members,
		"previews are counted":            previews,
		"numbers at the ends of the type": extremeNumbers,
	}
}

func companiesBy(t *testing.T, s market.Store) {
	var list []company.Company
	write(t, s, func(tx market.Tx) error {
		for i, status := range []company.Status{company.Verified, company.Applied, company.Suspended, company.Applied, company.Applied} {
			k := newCompany(int64(i + 1))
			k.Status = status
			if err := tx.AddCompany(k); err != nil {
				return err
			}
			list = append(list, *k)
		}
		return nil
	})
	get := func(fn func(market.Tx) ([]company.Company, error)) []company.Company { return load(t, s, fn) }
	in := func(status company.Status, after int64, limit int) []company.Company {
		return get(func(tx market.Tx) ([]company.Company, error) { return tx.CompaniesIn(status, after, limit) })
	}
	want(t, "CompaniesIn", in(company.Applied, 0, 2), []company.Company{list[1], list[3]})
	want(t, "CompaniesIn after", in(company.Applied, list[3].Key, 2), list[4:])
	want(t, "CompaniesIn another status", in(company.Verified, 0, 9), list[:1])
	want(t, "CompaniesIn after the last", in(company.Suspended, list[2].Key, 9), nil)
	list[1].Version, list[1].Status = 2, company.Verified
	write(t, s, func(tx market.Tx) error { return tx.SaveCompany(&list[1]) })
	want(t, "CompaniesIn that one left", in(company.Applied, 0, 9), list[3:])
	want(t, "CompaniesIn that one joined", in(company.Verified, 0, 9), list[:2])
	for _, c := range []struct {
		keys []int64
		want []company.Company
	}{{nil, nil}, {[]int64{99}, nil}, {[]int64{list[3].Key, list[0].Key, list[3].Key}, []company.Company{list[0], list[3]}}, {many(list[2].Key), list[2:3]}} {
		want(t, "CompaniesByKey", get(func(tx market.Tx) ([]company.Company, error) { return tx.CompaniesByKey(c.keys) }), c.want)
	}
}

func companyRoundTrip(t *testing.T, s market.Store) {
	a, b := newCompany(1), newCompany(2)
	a.Name, a.Head, a.Status = hard, corpnum.From(2), company.Suspended
	write(t, s, func(tx market.Tx) error { return errors.Join(tx.AddCompany(a), tx.AddCompany(b)) })
	for _, c := range []*company.Company{a, b} {
		write(t, s, func(tx market.Tx) error {
			got, err := tx.LockCompany(c.Key)
			want(t, "LockCompany", got, *c)
			return err
		})
		for name, fn := range map[string]func(market.Tx) (company.Company, error){
			"Company":         func(tx market.Tx) (company.Company, error) { return tx.Company(c.Key) },
			"CompanyByID":     func(tx market.Tx) (company.Company, error) { return tx.CompanyByID(c.ID) },
			"CompanyByNumber": func(tx market.Tx) (company.Company, error) { return tx.CompanyByNumber(c.Number) },
		} {
			want(t, name, load(t, s, fn), *c)
		}
	}
	missing(t, s, "Company", func(tx market.Tx) (company.Company, error) { return tx.Company(99) })
	missing(t, s, "CompanyByID", func(tx market.Tx) (company.Company, error) { return tx.CompanyByID(newCompany(1).ID) })
	missing(t, s, "CompanyByNumber", func(tx market.Tx) (company.Company, error) { return tx.CompanyByNumber(corpnum.From(3)) })
	refused(t, s, "LockCompany", errs.NotFound, func(tx market.Tx) error { return second(tx.LockCompany(99)) })
}

func companyTwice(t *testing.T, s market.Store) {
	a := newCompany(1)
	write(t, s, func(tx market.Tx) error { return tx.AddCompany(a) })
	same := newCompany(2)
	same.ID = a.ID
	refused(t, s, "AddCompany of the same id", errs.Conflict, func(tx market.Tx) error { return tx.AddCompany(same) })
	refused(t, s, "AddCompany of the same number", errs.Conflict, func(tx market.Tx) error { return tx.AddCompany(newCompany(1)) })
}

func savingCompany(t *testing.T, s market.Store) {
	a, b := newCompany(1), newCompany(2)
	write(t, s, func(tx market.Tx) error { return errors.Join(tx.AddCompany(a), tx.AddCompany(b)) })
	a.Version, a.Number, a.Name, a.Size, a.Status = 2, corpnum.From(3), "改名", 4, company.Suspended
	write(t, s, func(tx market.Tx) error { return tx.SaveCompany(a) })
	want(t, "Company", load(t, s, func(tx market.Tx) (company.Company, error) { return tx.CompanyByNumber(corpnum.From(3)) }), *a)
	missing(t, s, "CompanyByNumber of before", func(tx market.Tx) (company.Company, error) {
		return tx.CompanyByNumber(corpnum.From(1))
	})
	for _, version := range []int64{1, 2, 4} {
		stale := *a
		stale.Version = version
		refused(t, s, "SaveCompany over another version", errs.Stale, func(tx market.Tx) error { return tx.SaveCompany(&stale) })
	}
	taken := *a
	taken.Version, taken.Number = 3, b.Number
	refused(t, s, "SaveCompany with another's number", errs.Conflict, func(tx market.Tx) error { return tx.SaveCompany(&taken) })
	refused(t, s, "SaveCompany of none", errs.NotFound, func(tx market.Tx) error {
		return tx.SaveCompany(&company.Company{Key: 99, Version: 2})
	})
}

func freedNumber(t *testing.T, s market.Store) {
	old, child, grandchild := newCompany(1), newCompany(2), newCompany(3)
	old.Status, child.Head, grandchild.Head = company.Suspended, old.Number, old.Number
	write(t, s, func(tx market.Tx) error {
		return errors.Join(tx.AddCompany(old), tx.AddCompany(child), tx.AddCompany(grandchild))
	})
	rowOf := func(fn func(market.Tx) (company.Company, error)) company.Company { return load(t, s, fn) }
	byNumber := func(tx market.Tx) (company.Company, error) { return tx.CompanyByNumber(old.Number) }
	group := func(tx market.Tx) ([]company.Company, error) { return tx.Group(old.Number) }
	free := func(k *company.Company) {
		k.Version, k.Freed = k.Version+1, true
		write(t, s, func(tx market.Tx) error { return tx.SaveCompany(k) })
	}
	freed := *old
	free(&freed)
	missing(t, s, "CompanyByNumber of a freed number", byNumber)
	want(t, "Company", rowOf(func(tx market.Tx) (company.Company, error) { return tx.Company(old.Key) }), freed)
	want(t, "CompanyByID", rowOf(func(tx market.Tx) (company.Company, error) { return tx.CompanyByID(old.ID) }), freed)
	want(t, "CompaniesIn", load(t, s, func(tx market.Tx) ([]company.Company, error) { return tx.CompaniesIn(company.Suspended, 0, 9) }), []company.Company{freed})
	want(t, "Group", load(t, s, group), []company.Company{*child, *grandchild})

	next := newCompany(4)
	next.Number, next.Head = old.Number, old.Number
	write(t, s, func(tx market.Tx) error { return tx.AddCompany(next) })
	want(t, "CompanyByNumber of who has it now", rowOf(byNumber), *next)
	want(t, "Group of who has it now", load(t, s, group), []company.Company{*child, *grandchild, *next})
	back := freed
	back.Version, back.Freed = 3, false
	refused(t, s, "SaveCompany that takes the number back", errs.Conflict, func(tx market.Tx) error { return tx.SaveCompany(&back) })
	third := newCompany(5)
	third.Number = old.Number
	refused(t, s, "AddCompany of a number that is held again", errs.Conflict, func(tx market.Tx) error { return tx.AddCompany(third) })
	freed.Version, freed.Name = 3, "改名"
	write(t, s, func(tx market.Tx) error { return tx.SaveCompany(&freed) })
	want(t, "Company that was saved again", rowOf(func(tx market.Tx) (company.Company, error) { return tx.Company(old.Key) }), freed)

	free(next) // a number may be freed again, of the next that had claimed it
	missing(t, s, "CompanyByNumber of a number that was freed twice", byNumber)
	write(t, s, func(tx market.Tx) error { return tx.AddCompany(third) })
	want(t, "CompanyByNumber of the third", rowOf(byNumber), *third)
}

func groups(t *testing.T, s market.Store) {
	var list []*company.Company
	for i := range int64(5) {
		c := newCompany(i)
		if i%2 == 0 {
			c.Head = corpnum.From(0)
		}
		list = append(list, c)
	}
	write(t, s, func(tx market.Tx) error {
		for _, c := range list {
			if err := tx.AddCompany(c); err != nil {
				return err
			}
		}
		return nil
	})
	group := func(base int64) []company.Company {
		return load(t, s, func(tx market.Tx) ([]company.Company, error) { return tx.Group(corpnum.From(base)) })
	}
	want(t, "Group", group(0), []company.Company{*list[0], *list[2], *list[4]})
	list[2].Head, list[2].Version = corpnum.From(1), 2
	write(t, s, func(tx market.Tx) error { return tx.SaveCompany(list[2]) })
	want(t, "Group that one left", group(0), []company.Company{*list[0], *list[4]})
	want(t, "Group that one joined", group(1), []company.Company{*list[1], *list[2]})
	want(t, "Group of none", group(77), nil)
}

func members(t *testing.T, s market.Store) {
	m := company.Member{Account: 5, Company: 1, Role: account.Recruiter}
	write(t, s, func(tx market.Tx) error { return tx.AddMember(m) })
	want(t, "MemberByAccount", load(t, s, func(tx market.Tx) (company.Member, error) { return tx.MemberByAccount(5) }), m)
	missing(t, s, "MemberByAccount", func(tx market.Tx) (company.Member, error) { return tx.MemberByAccount(6) })
	refused(t, s, "AddMember of a second company", errs.Conflict, func(tx market.Tx) error {
		return tx.AddMember(company.Member{Account: 5, Company: 2, Role: account.Viewer})
	})
}

func previews(t *testing.T, s market.Store) {
	for _, c := range []struct {
		company  int64
		offset   day.Day
		question string
		want     int
	}{
		{1, 0, "a", 1},
		{1, 0, "a", 1},
		{1, 0, "b", 2},
		{1, 0, "B", 3},
		{1, 1, "a", 1},
		{2, 0, "a", 1},
		{1, 0, "", 4},
		{1, 0, "b", 4},
	} {
		write(t, s, func(tx market.Tx) error {
			got, err := tx.AddPreview(c.company, today+c.offset, []byte(c.question))
			if got != c.want {
				t.Errorf("AddPreview(%d, +%d, %q) = %d, want %d", c.company, c.offset, c.question, got, c.want)
			}
			return err
		})
	}
}

func extremeNumbers(t *testing.T, s market.Store) {
	for i, n := range []corpnum.Number{corpnum.From(0), corpnum.From(999_999_999_999), 1<<63 - 1, -1 << 63} {
		c := newCompany(int64(i))
		c.Number, c.Head = n, n
		write(t, s, func(tx market.Tx) error { return tx.AddCompany(c) })
		want(t, "CompanyByNumber", load(t, s, func(tx market.Tx) (company.Company, error) { return tx.CompanyByNumber(n) }), *c)
	}
}
