package market

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"enishi/internal/account"
	"enishi/internal/company"
	"enishi/internal/errs"
)

// Colleague is a member of the actor's company, as its members see each other.
type Colleague struct {
	ID        uuid.UUID
	Email     string
	Role      account.Role
	Confirmed bool
	Self      bool
}

// Invited is an invitation as its company sees it.
type Invited struct {
	company.Invitation
	Email  string
	Lapsed bool
}

// Members gives the members of the actor's company, machines left out, and who is
// invited.
func (m *Market) Members(ctx context.Context, actor Actor) (members []Colleague, invited []Invited, err error) {
	if err := actor.Role.May(account.ReadOffers); err != nil {
		return nil, nil, err
	}
	err = m.read(ctx, func(tx Tx) error {
		members, invited = nil, nil
		list, err := peopleOf(tx, actor.Company)
		if err != nil {
			return err
		}
		for _, p := range list {
			email, err := m.vault.Open(p.account.Sealed)
			if err != nil {
				return fmt.Errorf("address of account %d: %w", p.account.Key, err)
			}
			members = append(members, Colleague{p.account.ID, email, p.member.Role, p.account.Confirmed, p.account.Key == actor.Account})
		}
		open, err := tx.Invitations(actor.Company)
		if err != nil {
			return err
		}
		for _, i := range open {
			email, err := m.vault.Open(i.Sealed)
			if err != nil {
				return fmt.Errorf("address of invitation %d: %w", i.Key, err)
			}
			invited = append(invited, Invited{i, email, !m.Now().Before(i.ExpiresAt)})
		}
		return nil
	})
	return members, invited, err
}

// colleague is a member with the account.
type colleague struct {
	member  company.Member
	account account.Account
}

// peopleOf gives the members of a company that are people.
func peopleOf(tx Tx, of int64) ([]colleague, error) {
	list, err := tx.Members(of)
	if err != nil {
		return nil, err
	}
	var out []colleague
	for _, member := range list {
		a, err := tx.Account(member.Account)
		if err != nil {
			return nil, fmt.Errorf("account of member %d: %w", member.Account, err)
		}
		if len(a.EmailHash) > 0 {
			out = append(out, colleague{member, a})
		}
	}
	return out, nil
}

// Invite asks the owner of an address to become a member of the actor's company, by
// a link that lasts for company.InvitationLife. An address that is a member or
// invited already is a Conflict; whether it belongs to anybody else is not told.
func (m *Market) Invite(ctx context.Context, actor Actor, email string, role account.Role, once Once) (Invited, error) {
	var out Invited
	if err := mayManage(actor); err != nil {
		return out, err
	}
	address, errAddress := account.ParseEmail(email)
	_, errRole := account.ParseRole(string(role))
	if err := errs.Join(errs.Below("/email", errAddress), errs.Below("/role", errRole)); err != nil {
		return out, err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return out, fmt.Errorf("make an id: %w", err)
	}
	i := company.Invitation{
		ID: id, Company: actor.Company, Role: role, Sealed: m.vault.Seal(address), EmailHash: m.vault.EmailHash(address),
		CreatedAt: m.Now(), ExpiresAt: m.Now().Add(company.InvitationLife),
	}
	err = again(func() error {
		return m.transact(ctx, func(tx Tx) error {
			var kept struct{ ID uuid.UUID }
			if found, err := m.recall(tx, once, &kept); err != nil || found {
				out.ID = kept.ID
				return err
			}
			k, err := tx.LockCompany(actor.Company)
			if err != nil {
				return err
			}
			if err := m.invite(tx, actor, &k, &i); err != nil {
				return err
			}
			out = Invited{i, address, false}
			kept.ID = i.ID
			return m.remember(tx, once, kept)
		})
	})
	if err != nil {
		return Invited{}, err
	}
	m.post()
	if out.Email == "" {
		return m.invited(ctx, actor, out.ID)
	}
	return out, nil
}

// mayManage is Denied unless the actor may manage members, as somebody whose
// address is known: mails go out in their company's name.
func mayManage(actor Actor) error {
	if err := actor.Role.May(account.ManageMembers); err != nil {
		return err
	}
	if !actor.Confirmed {
		return errs.New(errs.Denied, "confirm your own address before you invite others")
	}
	return nil
}

// invite writes and mails an invitation of a company, which is locked.
func (m *Market) invite(tx Tx, actor Actor, k *company.Company, i *company.Invitation) error {
	people, err := peopleOf(tx, k.Key)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(people, func(p colleague) bool { return string(p.account.EmailHash) == string(i.EmailHash) }) {
		return errs.AtPointer("/email", "the address of a member", "an address that is not a member yet")
	}
	open, err := tx.Invitations(k.Key)
	if err != nil {
		return err
	}
	for n := range open {
		if string(open[n].EmailHash) != string(i.EmailHash) {
			continue
		}
		if m.Now().Before(open[n].ExpiresAt) {
			return errs.AtPointer("/email", "an address that is invited already", "another address; the invitation can be sent again")
		}
		if err := tx.DropInvitation(open[n].Key); err != nil {
			return err
		}
	}
	if len(open) >= company.MostInvitations {
		return errs.New(errs.TooMany, "too many invitations wait for an answer: revoke some first")
	}
	if err := m.mailInvitation(tx, k, i, tx.AddInvitation); err != nil {
		return err
	}
	return m.audit(tx, actor, AuditInvite, SubjectCompany, k.Key, digested(i.EmailHash))
}

// mailInvitation gives an invitation a new link, saves it and mails it.
func (m *Market) mailInvitation(tx Tx, k *company.Company, i *company.Invitation, save func(*company.Invitation) error) error {
	code, hash := account.NewToken()
	i.TokenHash, i.Mails = hash, i.Mails+1
	if err := save(i); err != nil {
		return err
	}
	now := m.Now()
	return tx.AddMail(&Mail{
		Address: i.Sealed, Subject: "【縁 Enishi】" + k.Name + "からの招待", CreatedAt: now, DueAt: now,
		Body: m.vault.Seal(k.Name + "の採用チームに招待されています。7日以内に次のページを開き、パスワードを決めると参加できます。\n" +
			"お心当たりがない場合は、このメールを破棄してください。\n\n" +
			"You are invited to the recruiting team of " + k.Name + ". Open this page within 7 days and choose a password to join; if you do not know them, ignore this mail.\n\n" +
			m.link("/invitations?code="+code)),
	})
}

// invited gives one invitation of the actor's company.
func (m *Market) invited(ctx context.Context, actor Actor, id uuid.UUID) (Invited, error) {
	_, list, err := m.Members(ctx, actor)
	if err != nil {
		return Invited{}, err
	}
	if n := slices.IndexFunc(list, func(i Invited) bool { return i.ID == id }); n >= 0 {
		return list[n], nil
	}
	return Invited{}, errs.New(errs.NotFound, "no such invitation")
}

// Reinvite mails an invitation once more, with a new link and seven more days; the
// link before is of no use any more.
func (m *Market) Reinvite(ctx context.Context, actor Actor, id uuid.UUID) (Invited, error) {
	var out Invited
	if err := mayManage(actor); err != nil {
		return out, err
	}
	err := m.transact(ctx, func(tx Tx) error {
		k, i, err := lockInvitation(tx, actor, id)
		if err != nil {
			return err
		}
		if i.Mails >= company.MostMails {
			return errs.New(errs.TooMany, fmt.Sprintf("the invitation was mailed %d times: revoke it, or wait for an answer", i.Mails))
		}
		i.ExpiresAt = m.Now().Add(company.InvitationLife)
		if err := m.mailInvitation(tx, &k, &i, tx.SaveInvitation); err != nil {
			return err
		}
		email, err := m.vault.Open(i.Sealed)
		if err != nil {
			return fmt.Errorf("address of invitation %d: %w", i.Key, err)
		}
		out = Invited{i, email, false}
		return m.audit(tx, actor, AuditInvite, SubjectCompany, k.Key, digested(i.EmailHash))
	})
	if err == nil {
		m.post()
	}
	return out, err
}

// lockInvitation gives an invitation of the actor's company, which it locks.
func lockInvitation(tx Tx, actor Actor, id uuid.UUID) (company.Company, company.Invitation, error) {
	k, err := tx.LockCompany(actor.Company)
	if err != nil {
		return k, company.Invitation{}, err
	}
	i, err := tx.InvitationByID(id)
	if err == nil && i.Company != actor.Company {
		err = errs.New(errs.NotFound, "no such invitation")
	}
	return k, i, err
}

// Uninvite revokes an invitation.
func (m *Market) Uninvite(ctx context.Context, actor Actor, id uuid.UUID) error {
	if err := mayManage(actor); err != nil {
		return err
	}
	return m.transact(ctx, func(tx Tx) error {
		k, i, err := lockInvitation(tx, actor, id)
		if err != nil {
			return err
		}
		if err := tx.DropInvitation(i.Key); err != nil {
			return err
		}
		return m.audit(tx, actor, AuditUninvite, SubjectCompany, k.Key, digested(i.EmailHash))
	})
}

// Invitation is what the link of an invitation shows to who has it.
type Invitation struct {
	Company string
	Email   string
	Role    account.Role
}

// Invitation gives the invitation of a link; one that is no good any more is
// NotFound.
func (m *Market) Invitation(ctx context.Context, code string) (Invitation, error) {
	var out Invitation
	err := m.read(ctx, func(tx Tx) error {
		i, err := m.valid(tx, code)
		if err != nil {
			return err
		}
		k, err := tx.Company(i.Company)
		if err != nil {
			return err
		}
		email, err := m.vault.Open(i.Sealed)
		out = Invitation{k.Name, email, i.Role}
		return err
	})
	return out, err
}

// valid gives the invitation of a link.
func (m *Market) valid(tx Tx, code string) (company.Invitation, error) {
	i, err := tx.InvitationByToken(account.TokenHash(code))
	if errs.Is(err, errs.NotFound) || err == nil && !m.Now().Before(i.ExpiresAt) {
		err = errs.New(errs.NotFound, "this invitation has lapsed, was revoked or was accepted: ask for a new one")
	}
	return i, err
}

// Join accepts an invitation: whoever has its link becomes a member with this
// password and a confirmed address, and gets a session's token. An address that is
// a member of some company already is a Conflict.
func (m *Market) Join(ctx context.Context, code, password string) (string, error) {
	if err := m.passwords.Check(password); err != nil {
		return "", errs.Below("/password", err)
	}
	found, err := m.Invitation(ctx, code)
	if err != nil {
		return "", err
	}
	a, _, err := m.newAccount(ctx, account.Member, found.Email, password)
	if err != nil {
		return "", err
	}
	a.Confirmed, a.CodeHash = true, nil
	var token string
	err = m.transact(ctx, func(tx Tx) error {
		taken := errs.New(errs.Conflict, "this address belongs to a member of a company already: sign in, or ask for an invitation to another address")
		others, err := tx.Accounts(account.Member, a.EmailHash)
		if err != nil {
			return err
		}
		if len(others) > 0 && others[0].Confirmed {
			return taken
		}
		if err := tx.AddAccount(&a); errs.Is(err, errs.Conflict) {
			return taken
		} else if err != nil {
			return err
		}
		i, err := m.valid(tx, code)
		if err != nil {
			return err
		}
		k, err := tx.LockCompany(i.Company)
		if err != nil {
			return err
		}
		if i, err = m.valid(tx, code); err != nil { // revoked, or accepted by another request
			return err
		}
		if err := tx.AddMember(company.Member{Account: a.Key, Company: k.Key, Role: i.Role}); err != nil {
			return err
		}
		if err := tx.DropInvitation(i.Key); err != nil {
			return err
		}
		if token, err = m.addSession(tx, a.Key); err != nil {
			return err
		}
		return m.audit(tx, Actor{Account: a.Key, Company: k.Key}, AuditJoin, SubjectAccount, a.Key)
	})
	return token, err
}

// SetRole gives a member of the actor's company another role. The last owner
// cannot be made anything else: that is a Conflict.
func (m *Market) SetRole(ctx context.Context, actor Actor, id uuid.UUID, role account.Role) error {
	if err := mayManage(actor); err != nil {
		return err
	}
	if _, err := account.ParseRole(string(role)); err != nil {
		return errs.Below("/role", err)
	}
	return m.changeMember(ctx, actor, id, role, func(tx Tx, c *colleague) error {
		c.member.Role = role
		if err := tx.SaveMember(c.member); err != nil {
			return err
		}
		return m.audit(tx, actor, AuditRole, SubjectAccount, c.account.Key)
	})
}

// RemoveMember takes a member out of the actor's company: their sessions end at
// once, and their address and password are forgotten. The last owner stays: that is
// a Conflict.
func (m *Market) RemoveMember(ctx context.Context, actor Actor, id uuid.UUID) error {
	if err := mayManage(actor); err != nil {
		return err
	}
	return m.changeMember(ctx, actor, id, "", func(tx Tx, c *colleague) error {
		if err := tx.DropMember(c.account.Key); err != nil {
			return err
		}
		if err := tx.StripAccount(c.account.Key); err != nil {
			return err
		}
		if err := m.dropSearches(tx, c.account.Key); err != nil {
			return err
		}
		return m.audit(tx, actor, AuditRemove, SubjectAccount, c.account.Key)
	})
}

// changeMember changes a member, who is locked with their company, and makes every
// process see it at once. to is the role that they will have.
func (m *Market) changeMember(ctx context.Context, actor Actor, id uuid.UUID, to account.Role, change func(Tx, *colleague) error) error {
	var sessions []account.Session
	err := m.transact(ctx, func(tx Tx) error {
		sessions = nil
		people, err := peopleOf(tx, actor.Company)
		if err != nil {
			return err
		}
		n := slices.IndexFunc(people, func(p colleague) bool { return p.account.ID == id })
		if n < 0 {
			return errs.New(errs.NotFound, "no such member")
		}
		// The actor too: two owners who remove each other at once.
		if _, err := lockAll("account", []int64{actor.Account, people[n].account.Key}, tx.LockAccount); err != nil {
			return err
		}
		if _, err := tx.LockCompany(actor.Company); err != nil {
			return err
		}
		if people, err = peopleOf(tx, actor.Company); err != nil {
			return err
		}
		if err := stillManages(tx, actor); err != nil {
			return err
		}
		n = slices.IndexFunc(people, func(p colleague) bool { return p.account.ID == id })
		if n < 0 {
			return errs.New(errs.NotFound, "no such member")
		}
		owners := 0
		for _, p := range people {
			if p.member.Role == account.Owner {
				owners++
			}
		}
		if people[n].member.Role == account.Owner && to != account.Owner && owners == 1 {
			return errs.New(errs.Conflict, "a company keeps one owner at least: make somebody else an owner first")
		}
		if sessions, err = tx.Sessions(people[n].account.Key); err != nil {
			return err
		}
		return change(tx, &people[n])
	})
	m.forgetActors(ctx, sessions)
	return err
}

// stillManages reads the actor's role again, under the lock of the company.
func stillManages(tx Tx, actor Actor) error {
	now, err := tx.MemberByAccount(actor.Account)
	if errs.Is(err, errs.NotFound) || err == nil && now.Company != actor.Company {
		return errs.New(errs.Denied, "you are no member of this company any more")
	}
	if err != nil {
		return err
	}
	return now.Role.May(account.ManageMembers)
}
