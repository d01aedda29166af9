package store

import (
	"github.com/google/uuid"

	"enishi/internal/company"
	"enishi/internal/corpnum"
	"enishi/internal/day"
)

const companyColumns = "id, uuid, version, number, head, name, size, status, trial, freed"

const insertCompany = "INSERT INTO company (uuid, version, number, head, name, size, status, trial) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"

func scanCompany(row scanner, c *company.Company) error {
	var freed corpnum.Number
	if err := row.Scan(&c.Key, &c.ID, &c.Version, &c.Number, &c.Head, &c.Name, &c.Size, &c.Status, &c.Trial, &freed); err != nil {
		return err
	}
	if c.Freed = freed != 0; c.Freed {
		c.Number = freed
	}
	return nil
}

// held gives the columns number and freed of a company. The first is unique: whose
// number is freed leaves it for one that no corporation has and no other row can.
func held(c *company.Company) (number, freed int64) {
	if c.Freed {
		return -c.Key, int64(c.Number)
	}
	return int64(c.Number), 0
}

// companyValues are the values of insertCompany.
func companyValues(c *company.Company) []any {
	return []any{c.ID[:], c.Version, int64(c.Number), int64(c.Head), c.Name, c.Size, string(c.Status), c.Trial}
}

func (t *tx) AddCompany(c *company.Company) error {
	key, err := t.insert("add a company", insertCompany, companyValues(c)...)
	if err != nil {
		return err
	}
	c.Key = key
	return nil
}

func (t *tx) company(where string, arg any) (company.Company, error) {
	return one(t, "company", scanCompany, "SELECT "+companyColumns+" FROM company WHERE "+where, arg)
}

func (t *tx) Company(key int64) (company.Company, error) { return t.company("id = ?", key) }

func (t *tx) LockCompany(key int64) (company.Company, error) {
	lock, err := t.locked("a company")
	if err != nil {
		return company.Company{}, err
	}
	return t.company("id = ?"+lock, key)
}

func (t *tx) CompanyByID(id uuid.UUID) (company.Company, error) { return t.company("uuid = ?", id[:]) }

func (t *tx) CompanyByNumber(n corpnum.Number) (company.Company, error) {
	return t.company("number = ?", int64(n))
}

func (t *tx) CompaniesByKey(keys []int64) ([]company.Company, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	in, args := among(keys)
	return list(t, "companies", scanCompany, "SELECT "+companyColumns+" FROM company WHERE id "+in+" ORDER BY id", args...)
}

func (t *tx) Group(head corpnum.Number) ([]company.Company, error) {
	return list(t, "companies", scanCompany,
		"SELECT "+companyColumns+" FROM company WHERE head = ? AND freed = 0 ORDER BY id", int64(head))
}

func (t *tx) SaveCompany(c *company.Company) error {
	number, freed := held(c)
	return t.save("company", c.Key, "UPDATE company SET version = ?, number = ?, head = ?, name = ?, size = ?, status = ?, freed = ?"+
		" WHERE id = ? AND version = ?",
		c.Version, number, int64(c.Head), c.Name, c.Size, string(c.Status), freed, c.Key, c.Version-1)
}

func (t *tx) Companies(after int64, limit int) ([]company.Company, error) {
	return list(t, "companies", scanCompany,
		"SELECT "+companyColumns+" FROM company WHERE id > ? ORDER BY id LIMIT ?", after, limit)
}

func (t *tx) CompaniesIn(status company.Status, after int64, limit int) ([]company.Company, error) {
	return list(t, "companies", scanCompany,
		"SELECT "+companyColumns+" FROM company WHERE status = ? AND id > ? ORDER BY id LIMIT ?", string(status), after, limit)
}

const insertMember = "INSERT INTO member (account, company, role) VALUES (?, ?, ?)"

func (t *tx) AddMember(m company.Member) error {
	_, err := t.exec("add a member", insertMember, m.Account, m.Company, string(m.Role))
	return err
}

func (t *tx) MemberByAccount(account int64) (company.Member, error) {
	return one(t, "member", func(row scanner, m *company.Member) error { return row.Scan(&m.Account, &m.Company, &m.Role) },
		"SELECT account, company, role FROM member WHERE account = ?", account)
}

func (t *tx) AddPreview(company int64, on day.Day, question []byte) (int, error) {
	if _, err := t.exec("add a preview", "REPLACE INTO preview (company, day, question) VALUES (?, ?, ?)",
		company, on, notNull(question)); err != nil {
		return 0, err
	}
	return one(t, "previews", func(row scanner, n *int) error { return row.Scan(n) },
		"SELECT COUNT(*) FROM preview WHERE company = ? AND day = ?", company, on)
}
