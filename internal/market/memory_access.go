package market

import (
	"cmp"
	"slices"
	"time"

	"github.com/google/uuid"

	"enishi/internal/account"
	"enishi/internal/company"
	"enishi/internal/day"
)

type memoryAccess struct {
	resets      map[string]account.Reset
	invitations table[company.Invitation]
	machines    map[int64]company.Token // by account
	quotas      map[int64]int
	scouted     map[scoutMonth]int
	decisions   table[company.Decision]
	audit       table[Entry]
}

type scoutMonth struct {
	company int64
	in      day.Month
}

func newMemoryAccess() memoryAccess {
	return memoryAccess{
		resets: map[string]account.Reset{}, machines: map[int64]company.Token{}, quotas: map[int64]int{}, scouted: map[scoutMonth]int{},
	}
}

func (t *memoryTx) DropSession(tokenHash []byte) error {
	if err := t.writing(); err != nil {
		return err
	}
	if s, ok := t.sessions[string(tokenHash)]; ok {
		t.dropSession(string(tokenHash), s)
	}
	return nil
}

func (t *memoryTx) DropSessions(key int64) error {
	if err := t.writing(); err != nil {
		return err
	}
	for _, token := range t.tokens[key] {
		drop(t, t.sessions, token)
	}
	drop(t, t.tokens, key)
	return nil
}

func (t *memoryTx) StripAccount(key int64) error {
	if err := t.DropSessions(key); err != nil {
		return err
	}
	before := t.accounts.find(key)
	if before == nil {
		return missing("account")
	}
	at := addressOf(before)
	t.emails.remove(t, at, key)
	if before.Confirmed {
		drop(t, t.confirmed, at)
	}
	row := *before
	row.Sealed, row.EmailHash, row.Confirmed, row.Password, row.CodeHash = []byte{}, []byte{}, false, "", nil
	t.accounts.put(t, key, &row)
	t.emails.add(t, addressOf(&row), key)
	drop(t, t.guessed, key)
	t.deleteMails(key)
	return t.DropResets(key)
}

func (t *memoryTx) AddReset(r account.Reset) error {
	if err := t.writing(); err != nil {
		return err
	}
	if _, ok := t.resets[string(r.TokenHash)]; ok {
		return twice("the reset")
	}
	r.ExpiresAt = stored(r.ExpiresAt)
	put(t, t.resets, string(r.TokenHash), r)
	return nil
}

func (t *memoryTx) Reset(tokenHash []byte) (account.Reset, error) {
	if r, ok := t.resets[string(tokenHash)]; ok {
		return r, t.ready()
	}
	return account.Reset{}, missing("reset")
}

func (t *memoryTx) Resets(key int64, after time.Time) (int, error) {
	n := 0
	for _, r := range t.resets {
		if r.Account == key && r.ExpiresAt.After(after) {
			n++
		}
	}
	return n, t.ready()
}

func (t *memoryTx) DropResets(key int64) error {
	if err := t.writing(); err != nil {
		return err
	}
	for token, r := range t.resets {
		if r.Account == key {
			drop(t, t.resets, token)
		}
	}
	return nil
}

func (t *memoryTx) Members(of int64) ([]company.Member, error) {
	var out []company.Member
	for _, m := range t.members {
		if m.Company == of {
			out = append(out, m)
		}
	}
	slices.SortFunc(out, func(a, b company.Member) int { return cmp.Compare(a.Account, b.Account) })
	return out, t.ready()
}

func (t *memoryTx) SaveMember(m company.Member) error {
	if err := t.writing(); err != nil {
		return err
	}
	before, err := t.MemberByAccount(m.Account)
	if err != nil {
		return err
	}
	before.Role = m.Role
	put(t, t.members, m.Account, before)
	return nil
}

func (t *memoryTx) DropMember(key int64) error {
	if err := t.writing(); err != nil {
		return err
	}
	drop(t, t.members, key)
	return nil
}

func (t *memoryTx) AddInvitation(i *company.Invitation) error {
	if err := t.writing(); err != nil {
		return err
	}
	for _, other := range t.invitations.rows {
		if other != nil && (other.ID == i.ID || string(other.TokenHash) == string(i.TokenHash) ||
			other.Company == i.Company && string(other.EmailHash) == string(i.EmailHash)) {
			return twice("the invitation")
		}
	}
	row := *i
	row.Key = t.invitations.next()
	row.CreatedAt, row.ExpiresAt = stored(i.CreatedAt), stored(i.ExpiresAt)
	t.invitations.add(t, &row)
	i.Key = row.Key
	return nil
}

// invitation gives the first one that is so.
func (t *memoryTx) invitation(is func(*company.Invitation) bool) (company.Invitation, error) {
	for _, i := range t.invitations.rows {
		if i != nil && is(i) {
			return *i, t.ready()
		}
	}
	return company.Invitation{}, missing("invitation")
}

func (t *memoryTx) InvitationByID(id uuid.UUID) (company.Invitation, error) {
	return t.invitation(func(i *company.Invitation) bool { return i.ID == id })
}

func (t *memoryTx) InvitationByToken(tokenHash []byte) (company.Invitation, error) {
	return t.invitation(func(i *company.Invitation) bool { return string(i.TokenHash) == string(tokenHash) })
}

func (t *memoryTx) Invitations(of int64) ([]company.Invitation, error) {
	var out []company.Invitation
	for _, i := range t.invitations.rows {
		if i != nil && i.Company == of {
			out = append(out, *i)
		}
	}
	return out, t.ready()
}

func (t *memoryTx) SaveInvitation(i *company.Invitation) error {
	if err := t.writing(); err != nil {
		return err
	}
	before := t.invitations.find(i.Key)
	if before == nil {
		return missing("invitation")
	}
	row := *before
	row.Role, row.TokenHash, row.Mails, row.ExpiresAt = i.Role, i.TokenHash, i.Mails, stored(i.ExpiresAt)
	t.invitations.put(t, i.Key, &row)
	return nil
}

func (t *memoryTx) DropInvitation(key int64) error {
	if err := t.writing(); err != nil {
		return err
	}
	if t.invitations.find(key) != nil {
		t.invitations.put(t, key, nil)
	}
	return nil
}

func (t *memoryTx) AddToken(k company.Token) error {
	if err := t.writing(); err != nil {
		return err
	}
	if _, ok := t.machines[k.Account]; ok {
		return twice("the token")
	}
	k.CreatedAt = stored(k.CreatedAt)
	put(t, t.machines, k.Account, k)
	return nil
}

func (t *memoryTx) Token(key int64) (company.Token, error) {
	if k, ok := t.machines[key]; ok {
		return k, t.ready()
	}
	return company.Token{}, missing("token")
}

func (t *memoryTx) Tokens(of int64) ([]company.Token, error) {
	var out []company.Token
	for _, k := range t.machines {
		if k.Company == of {
			out = append(out, k)
		}
	}
	slices.SortFunc(out, func(a, b company.Token) int { return cmp.Compare(a.Account, b.Account) })
	return out, t.ready()
}

func (t *memoryTx) SaveToken(k company.Token) error {
	if err := t.writing(); err != nil {
		return err
	}
	if before, ok := t.machines[k.Account]; ok {
		before.Used = k.Used
		put(t, t.machines, k.Account, before)
	}
	return nil
}

func (t *memoryTx) DropToken(key int64) error {
	if err := t.writing(); err != nil {
		return err
	}
	drop(t, t.machines, key)
	return nil
}

func (t *memoryTx) ScoutQuota(of int64) (int, error) {
	if n, ok := t.quotas[of]; ok {
		return n, t.ready()
	}
	return 0, missing("quota")
}

func (t *memoryTx) SetScoutQuota(of int64, n int) error {
	if err := t.writing(); err != nil {
		return err
	}
	put(t, t.quotas, of, n)
	return nil
}

func (t *memoryTx) Scouted(of int64, in day.Month) (int, error) {
	return t.scouted[scoutMonth{of, in}], t.ready()
}

func (t *memoryTx) AddScouts(of int64, in day.Month, n int) error {
	if err := t.writing(); err != nil {
		return err
	}
	k := scoutMonth{of, in}
	put(t, t.scouted, k, t.scouted[k]+n)
	return nil
}

func (t *memoryTx) AddDecision(d *company.Decision) error {
	if err := t.writing(); err != nil {
		return err
	}
	row := *d
	row.Key, row.At = t.decisions.next(), stored(d.At)
	t.decisions.add(t, &row)
	d.Key = row.Key
	return nil
}

func (t *memoryTx) Decisions(of int64) ([]company.Decision, error) {
	var out []company.Decision
	for _, d := range slices.Backward(t.decisions.rows) {
		if d != nil && d.Company == of {
			out = append(out, *d)
		}
	}
	return out, t.ready()
}

func (t *memoryTx) AddEntry(e *Entry) error {
	if err := t.writing(); err != nil {
		return err
	}
	row := *e
	row.Key, row.At = t.audit.next(), stored(e.At)
	t.audit.add(t, &row)
	e.Key = row.Key
	return nil
}

func (t *memoryTx) Entries(of EntryFilter, before int64, limit int) ([]Entry, error) {
	var out []Entry
	for _, e := range slices.Backward(t.audit.rows) {
		if len(out) == limit {
			break
		}
		if (before == 0 || e.Key < before) && of.fits(e) {
			out = append(out, *e)
		}
	}
	return out, t.ready()
}
