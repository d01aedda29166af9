package market

import (
	"math"
	"slices"

	"github.com/google/uuid"

	"enishi/internal/company"
	"enishi/internal/corpnum"
	"enishi/internal/day"
)

type memoryCompanies struct {
	companies     table[company.Company]
	companyID     map[uuid.UUID]int64
	companyNumber map[corpnum.Number]int64
	groups        index[corpnum.Number]
	members       map[int64]company.Member
	previews      map[previewed]bool
	previewCounts map[previewDay]int
}

type previewDay struct {
	company int64
	on      day.Day
}

type previewed struct {
	previewDay
	question string
}

func newMemoryCompanies() memoryCompanies {
	return memoryCompanies{
		companyID: map[uuid.UUID]int64{}, companyNumber: map[corpnum.Number]int64{}, groups: index[corpnum.Number]{},
		members: map[int64]company.Member{}, previews: map[previewed]bool{}, previewCounts: map[previewDay]int{},
	}
}

func (t *memoryTx) AddCompany(c *company.Company) error {
	if err := t.writing(); err != nil {
		return err
	}
	if _, ok := t.companyID[c.ID]; ok {
		return twice("the company")
	}
	if _, ok := t.companyNumber[c.Number]; ok {
		return twice("a company with this number")
	}
	row := *c
	row.Key, row.Freed = t.companies.next(), false
	t.companies.add(t, &row)
	put(t, t.companyID, c.ID, row.Key)
	put(t, t.companyNumber, c.Number, row.Key)
	t.groups.add(t, c.Head, row.Key)
	c.Key = row.Key
	return nil
}

func (t *memoryTx) Company(key int64) (company.Company, error) {
	return found(t, &t.companies, "company", key)
}

func (t *memoryTx) LockCompany(key int64) (company.Company, error) {
	return locked(t, &t.companies, "company", key)
}

func (t *memoryTx) CompanyByID(id uuid.UUID) (company.Company, error) {
	return t.Company(t.companyID[id])
}

func (t *memoryTx) CompanyByNumber(n corpnum.Number) (company.Company, error) {
	return t.Company(t.companyNumber[n])
}

func (t *memoryTx) CompaniesByKey(keys []int64) ([]company.Company, error) {
	return byKeys(&t.companies, keys), t.ready()
}

func (t *memoryTx) Group(head corpnum.Number) ([]company.Company, error) {
	freed := func(k company.Company) bool { return k.Freed }
	return slices.DeleteFunc(oldest(&t.companies, t.groups[head], math.MaxInt), freed), t.ready()
}

func (t *memoryTx) SaveCompany(c *company.Company) error {
	if err := t.writing(); err != nil {
		return err
	}
	before := t.companies.find(c.Key)
	if before == nil {
		return missing("company")
	}
	if before.Version != c.Version-1 {
		return stale("company")
	}
	if err := t.hold(before, c); err != nil {
		return err
	}
	t.groups.move(t, before.Head, c.Head, c.Key)
	row := *c
	row.ID, row.Trial = before.ID, before.Trial
	t.companies.put(t, c.Key, &row)
	return nil
}

// hold moves a company from the number that it holds to the one that it is to hold.
func (t *memoryTx) hold(before, c *company.Company) error {
	if c.Number == before.Number && c.Freed == before.Freed {
		return nil
	}
	if !c.Freed {
		if _, ok := t.companyNumber[c.Number]; ok {
			return twice("a company with this number")
		}
	}
	if !before.Freed {
		drop(t, t.companyNumber, before.Number)
	}
	if !c.Freed {
		put(t, t.companyNumber, c.Number, c.Key)
	}
	return nil
}

func (t *memoryTx) Companies(after int64, limit int) ([]company.Company, error) {
	return t.companies.page(after, limit), t.ready()
}

func (t *memoryTx) CompaniesIn(status company.Status, after int64, limit int) ([]company.Company, error) {
	var out []company.Company
	for i := max(0, after); i < int64(len(t.companies.rows)) && len(out) < limit; i++ {
		if k := t.companies.rows[i]; k != nil && k.Status == status {
			out = append(out, *k)
		}
	}
	return out, t.ready()
}

func (t *memoryTx) AddMember(m company.Member) error {
	if err := t.writing(); err != nil {
		return err
	}
	if _, ok := t.members[m.Account]; ok {
		return twice("the account is a member")
	}
	put(t, t.members, m.Account, m)
	return nil
}

func (t *memoryTx) MemberByAccount(account int64) (company.Member, error) {
	if err := t.ready(); err != nil {
		return company.Member{}, err
	}
	m, ok := t.members[account]
	if !ok {
		return company.Member{}, missing("member")
	}
	return m, nil
}

func (t *memoryTx) AddPreview(company int64, on day.Day, question []byte) (int, error) {
	if err := t.writing(); err != nil {
		return 0, err
	}
	of := previewDay{company, on}
	if k := (previewed{of, string(question)}); !t.previews[k] {
		put(t, t.previews, k, true)
		put(t, t.previewCounts, of, t.previewCounts[of]+1)
	}
	return t.previewCounts[of], nil
}
