package market

import (
	"slices"

	"github.com/google/uuid"

	"enishi/internal/day"
)

type memoryTrials struct {
	trials  table[Trial]
	trialOf map[int64]int64 // by candidate
}

func (t *memoryTx) AddTrial(v *Trial) error {
	if err := t.writing(); err != nil {
		return err
	}
	row := *v
	row.Key, row.CreatedAt, row.ExpiresAt = t.trials.next(), stored(v.CreatedAt), stored(v.ExpiresAt)
	for other := range t.trials.all() {
		if other.ID == v.ID || string(other.KeyHash) == string(v.KeyHash) {
			return twice("the trial")
		}
	}
	t.trials.add(t, &row)
	v.Key = row.Key
	return nil
}

func (t *memoryTx) trial(is func(*Trial) bool) (Trial, error) {
	for row := range t.trials.all() {
		if is(row) {
			return *row, t.ready()
		}
	}
	return Trial{}, missing("trial")
}

func (t *memoryTx) TrialByID(id uuid.UUID) (Trial, error) {
	return t.trial(func(v *Trial) bool { return v.ID == id })
}

func (t *memoryTx) TrialByHash(hash []byte) (Trial, error) {
	return t.trial(func(v *Trial) bool { return string(v.KeyHash) == string(hash) })
}

func (t *memoryTx) LockTrial(key int64) (Trial, error) { return locked(t, &t.trials, "trial", key) }

func (t *memoryTx) Trials() ([]Trial, error) {
	return t.trials.page(0, len(t.trials.rows)), t.ready()
}

func (t *memoryTx) TrialCandidates(key int64) ([]int64, error) {
	var out []int64
	for who, of := range t.trialOf {
		if of == key {
			out = append(out, who)
		}
	}
	slices.Sort(out)
	return out, t.ready()
}

func (t *memoryTx) MailsFor(account int64) ([]Mail, error) {
	var out []Mail
	for row := range t.mails.all() {
		if row.Account == account {
			out = append(out, *row)
		}
	}
	return out, t.ready()
}

func (t *memoryTx) EraseTrial(key, company int64) error {
	if err := t.writing(); err != nil {
		return err
	}
	people, err := t.TrialCandidates(key)
	if err != nil {
		return err
	}
	for _, who := range people {
		if c := t.candidates.find(who); c != nil {
			t.eraseReplies(c.Account)
			if err := t.DeleteCandidate(who); err != nil {
				return err
			}
		}
		drop(t, t.trialOf, who)
	}
	if company != 0 {
		t.eraseOffers(company)
		t.eraseRules(company)
		t.erasePositions(company)
		if err := t.eraseCompany(company); err != nil {
			return err
		}
	}
	if t.trials.find(key) != nil {
		t.trials.put(t, key, nil)
	}
	return nil
}

func (t *memoryTx) eraseReplies(account int64) {
	for k := range t.replies {
		if k.scope == ReplyScope(account) {
			drop(t, t.replies, k)
		}
	}
}

func (t *memoryTx) eraseOffers(company int64) {
	for _, key := range slices.Clone(t.offersBy[company]) {
		o := t.offers.find(key)
		for _, m := range t.messagesOf[key] {
			drop(t, t.messageID, t.messages.find(m).ID)
			t.messages.put(t, m, nil)
		}
		drop(t, t.messagesOf, key)
		for _, b := range t.breachesOf[key] {
			drop(t, t.breachID, t.breaches.find(b).ID)
			t.breaches.put(t, b, nil)
		}
		drop(t, t.breachesOf, key)
		drop(t, t.dealings, key)
		drop(t, t.news, key)
		t.timed(o, sets[day.Day].remove, sets[int64].remove)
		t.offersTo.remove(t, o.Candidate, key)
		t.offersOn.remove(t, o.Position, key)
		t.offersOf.remove(t, o.Rule, key)
		drop(t, t.offerID, o.ID)
		t.offers.put(t, key, nil)
	}
	drop(t, t.offersBy, company)
	drop(t, t.breachesBy, company)
}

func (t *memoryTx) eraseRules(company int64) {
	for _, key := range slices.Clone(t.rulesOf[company]) {
		r := t.rules.find(key)
		for k := range t.spentOn {
			if k.rule == key {
				drop(t, t.spentOn, k)
			}
		}
		for k := range t.musts {
			if k.position == key { // of a rule, here
				drop(t, t.musts, k)
			}
		}
		drop(t, t.spent, key)
		drop(t, t.spentBefore, key)
		t.rulesOfPosition.remove(t, r.Position, key)
		drop(t, t.ruleID, r.ID)
		t.rules.put(t, key, nil)
	}
	drop(t, t.rulesOf, company)
}

func (t *memoryTx) erasePositions(company int64) {
	for _, key := range slices.Clone(t.positionsOf[company]) {
		for k := range t.terms {
			if k.position == key {
				drop(t, t.terms, k)
			}
		}
		drop(t, t.positionID, t.positions.find(key).ID)
		t.positions.put(t, key, nil)
	}
	drop(t, t.positionsOf, company)
}

// eraseCompany removes a company and its accounts; what it offered is gone.
func (t *memoryTx) eraseCompany(company int64) error {
	var accounts []int64
	for account, m := range t.members {
		if m.Company == company {
			accounts = append(accounts, account)
			drop(t, t.members, account)
		}
	}
	for account, k := range t.machines {
		if k.Company == company {
			accounts = append(accounts, account)
			drop(t, t.machines, account)
		}
	}
	for _, account := range accounts {
		for _, s := range slices.Clone(t.searchesOf[account]) {
			if err := t.DropSearch(s); err != nil {
				return err
			}
		}
		t.eraseReplies(account)
		t.deleteMails(account)
		t.deleteAccount(account)
	}
	for p := range t.previews {
		if p.company == company {
			t.dropPreview(p)
		}
	}
	for row := range t.invitations.all() {
		if row.Company == company {
			t.invitations.put(t, row.Key, nil)
		}
	}
	for row := range t.decisions.all() {
		if row.Company == company {
			t.decisions.put(t, row.Key, nil)
		}
	}
	drop(t, t.quotas, company)
	for k := range t.scouted {
		if k.company == company {
			drop(t, t.scouted, k)
		}
	}
	for k := range t.figures {
		if k.company == company {
			drop(t, t.figures, k)
		}
	}
	if k := t.companies.find(company); k != nil {
		drop(t, t.companyID, k.ID)
		drop(t, t.companyNumber, k.Number)
		t.groups.remove(t, k.Head, company)
		t.companies.put(t, company, nil)
	}
	return nil
}
