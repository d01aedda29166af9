package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"enishi/internal/account"
	"enishi/internal/candidate"
	"enishi/internal/company"
	"enishi/internal/condition"
	"enishi/internal/errs"
	"enishi/internal/market"
	"enishi/internal/offer"
	"enishi/internal/position"
	"enishi/internal/rule"
	"enishi/internal/thread"
)

func trials() map[string]func(*testing.T, market.Store) {
	return map[string]func(*testing.T, market.Store){
		"a trial comes back as it was":     trialRoundTrip,
		"who is of a trial stays so":       trialIsKept,
		"a trial goes with all that is it": trialErased,
		"an erasure of a trial that fails": trialErasureFails,
	}
}

func newTrial(secret string) *market.Trial {
	return &market.Trial{ID: uuid.New(), KeyHash: account.TokenHash(secret), Account: 7, CreatedAt: when, ExpiresAt: when.Add(time.Hour)}
}

func addTrial(t *testing.T, s market.Store, secret string) market.Trial {
	t.Helper()
	v := newTrial(secret)
	write(t, s, func(tx market.Tx) error { return tx.AddTrial(v) })
	return *v
}

func trialRoundTrip(t *testing.T, s market.Store) {
	a, b := addTrial(t, s, "a"), addTrial(t, s, "b")
	want(t, "Trials", load(t, s, func(tx market.Tx) ([]market.Trial, error) { return tx.Trials() }), []market.Trial{a, b})
	want(t, "TrialByID", load(t, s, func(tx market.Tx) (market.Trial, error) { return tx.TrialByID(b.ID) }), b)
	want(t, "TrialByHash", load(t, s, func(tx market.Tx) (market.Trial, error) { return tx.TrialByHash(account.TokenHash("a")) }), a)
	write(t, s, func(tx market.Tx) error {
		got, err := tx.LockTrial(a.Key)
		want(t, "LockTrial", got, a)
		return err
	})
	missing(t, s, "TrialByID", func(tx market.Tx) (market.Trial, error) { return tx.TrialByID(uuid.New()) })
	missing(t, s, "TrialByHash", func(tx market.Tx) (market.Trial, error) { return tx.TrialByHash(account.TokenHash("c")) })
	refused(t, s, "LockTrial", errs.NotFound, func(tx market.Tx) error { return second(tx.LockTrial(99)) })
	refused(t, s, "AddTrial of the same key", errs.Conflict, func(tx market.Tx) error { return tx.AddTrial(newTrial("a")) })
}

func trialIsKept(t *testing.T, s market.Store) {
	c, real, k := newCandidate(1), newCandidate(2), newCompany(1)
	c.Trial, k.Trial = 3, 3
	addCandidates(t, s, c, real)
	write(t, s, func(tx market.Tx) error { return tx.AddCompany(k) })
	of := func() []int64 {
		return load(t, s, func(tx market.Tx) ([]int64, error) { return tx.TrialCandidates(3) })
	}
	want(t, "TrialCandidates", of(), []int64{c.Key})
	write(t, s, func(tx market.Tx) error {
		edited, firm := *c, *k
		edited.Version, edited.Open, firm.Version, firm.Name = 2, false, 2, "別名"
		if err := tx.SaveCandidate(&edited); err != nil {
			return err
		}
		return tx.SaveCompany(&firm)
	})
	if got := load(t, s, func(tx market.Tx) (candidate.Candidate, error) { return tx.Candidate(c.Key) }); got.Trial != 3 {
		t.Errorf("an edited candidate is of trial %d, want 3", got.Trial)
	}
	if got := load(t, s, func(tx market.Tx) (company.Company, error) { return tx.Company(k.Key) }); got.Trial != 3 {
		t.Errorf("an edited company is of trial %d, want 3", got.Trial)
	}
	want(t, "TrialCandidates after edits", of(), []int64{c.Key})
}

// estate is a company and a candidate with something in every table that hangs on
// them.
type estate struct {
	candidate, company, position, rule, offer, search int64
	accounts                                          [2]int64 // of the candidate, of the member
	trial                                             int64
}

func addEstate(t *testing.T, s market.Store, n, trial int64) estate {
	t.Helper()
	e := estate{trial: trial}
	write(t, s, func(tx market.Tx) error {
		for i, kind := range []account.Kind{account.Candidate, account.Member} {
			a := newAccount(kind, fmt.Sprintf("%s%d@example.jp", kind, n))
			if err := tx.AddAccount(a); err != nil {
				return err
			}
			e.accounts[i] = a.Key
		}
		c, k := newCandidate(e.accounts[0]), newCompany(n)
		c.Trial, k.Trial = trial, trial
		if err := tx.AddCandidate(c); err != nil {
			return err
		}
		if err := tx.AddCompany(k); err != nil {
			return err
		}
		e.candidate, e.company = c.Key, k.Key
		return e.fill(t, tx, n)
	})
	return e
}

// order adds a position, a rule that was edited, and its offer.
func (e *estate) order(tx market.Tx) error {
	p := newPosition(e.company)
	if err := tx.AddPosition(p); err != nil {
		return err
	}
	r := newRule(e.company, p.Key)
	if err := tx.AddRule(r); err != nil {
		return err
	}
	r.Version++
	if err := tx.SaveRule(r); err != nil {
		return err
	}
	o := with(newOffer(e.candidate, p.Key), func(o *offer.Offer) { o.Company, o.Rule = e.company, r.Key })
	if err := tx.AddOffer(o); err != nil {
		return err
	}
	e.position, e.rule, e.offer = p.Key, r.Key, o.Key
	return nil
}

func (e *estate) fill(t *testing.T, tx market.Tx, n int64) error {
	t.Helper()
	if err := e.order(tx); err != nil {
		return err
	}
	search := newSearch(t, e.accounts[1], "一")
	search.Company = e.company
	if err := tx.AddSearch(search); err != nil {
		return err
	}
	e.search = search.Key
	for _, add := range []func() error{
		func() error { return tx.Spend(e.rule, today, today, 1) },
		func() error { return tx.SaveDealing(&offer.Dealing{Offer: e.offer, ProposedAt: when}) },
		func() error {
			return tx.AddMessage(&thread.Message{ID: uuid.New(), Offer: e.offer, Side: offer.Company, Account: e.accounts[1], Sealed: []byte("x"), At: when})
		},
		func() error {
			return tx.AddBreach(&offer.Breach{ID: uuid.New(), Offer: e.offer, Company: e.company, Promise: offer.PromiseDate, Day: today, At: when})
		},
		func() error { return second(tx.AddNews(e.offer, e.candidate)) },
		func() error { return tx.AddAlert(&market.Alert{Search: search.Key, Candidate: e.candidate, At: when}) },
		func() error {
			return tx.AddMember(company.Member{Account: e.accounts[1], Company: e.company, Role: account.Owner})
		},
		func() error { return tx.AddView(market.View{Candidate: e.candidate, Company: e.company, At: when}) },
		func() error { return second(tx.AddPreview(e.company, today, []byte("question"))) },
		func() error { return tx.SetScoutQuota(e.company, 5) },
		func() error { return tx.AddScouts(e.company, today.Month(), 2) },
		func() error {
			return tx.AddDecision(&company.Decision{Company: e.company, Account: 9, Status: company.Verified, At: when})
		},
		func() error { return tx.AddMail(newMail(e.accounts[1], when)) },
		func() error {
			return tx.AddFigure(market.Figure{Company: e.company, Day: today, Name: market.FigureSent, N: 1})
		},
		func() error {
			return tx.AddReply(market.Reply{Scope: market.ReplyScope(e.accounts[1]), Key: "k", Digest: []byte("d"), Status: 201, Body: []byte("b"), At: when})
		},
		func() error {
			return tx.AddSession(account.Session{TokenHash: account.TokenHash(fmt.Sprint("s", n)), Account: e.accounts[1], CreatedAt: when, ExpiresAt: when.Add(time.Hour)})
		},
	} {
		if err := add(); err != nil {
			return err
		}
	}
	return nil
}

// held is what a store still has of an estate.
type held struct {
	Candidate, Company, Position, Rule, Offer, Search, Reply bool
	Accounts, Sessions, Mails, Messages, Breaches, Alerts    int
	Views, Decisions, Members, Terms, Musts, Spent, Quota    int
	Scouted, Previewed, Figures, News, Group, ToThem         int
	Proposed                                                 bool
}

func (e *estate) held(t *testing.T, s market.Store, n int64) held {
	t.Helper()
	var out held
	there := func(err error) bool {
		if err != nil && !errs.Is(err, errs.NotFound) {
			t.Fatal(err)
		}
		return err == nil
	}
	write(t, s, func(tx market.Tx) error {
		out = held{
			Candidate: there(second(tx.Candidate(e.candidate))), Company: there(second(tx.Company(e.company))),
			Position: there(second(tx.Position(e.position))), Rule: there(second(tx.Rule(e.rule))), Offer: there(second(tx.Offer(e.offer))),
			Search: there(second(tx.SavedSearch(e.search))), Reply: there(second(tx.FindReply(market.ReplyScope(e.accounts[1]), "k"))),
		}
		out.Accounts = counted(there(second(tx.Account(e.accounts[0])))) + counted(there(second(tx.Account(e.accounts[1]))))
		out.Terms = counted(there(second[position.Terms](tx.Terms(e.position, 1))))
		out.Musts = counted(there(second[condition.Condition](tx.Must(e.rule, 1))))
		out.Members = counted(there(second[company.Member](tx.MemberByAccount(e.accounts[1]))))
		out.Group = counted(there(second[company.Company](tx.CompanyByNumber(newCompany(n).Number))))
		out.Spent, _, _ = tx.Spent(e.rule, today) // NotFound is none
		d, err := tx.Dealing(e.offer)
		out.Proposed = !d.ProposedAt.IsZero()
		return e.lists(tx, &out, err)
	})
	return out
}

func (e *estate) lists(tx market.Tx, out *held, err error) error {
	count := func(n int, failed error) int {
		if err == nil && !errs.Is(failed, errs.NotFound) {
			err = failed
		}
		return n
	}
	out.Sessions = count(length(tx.Sessions(e.accounts[1])))
	out.Mails = count(length(tx.MailsFor(e.accounts[1])))
	out.Messages = count(length(tx.Messages(e.offer, 0, 9)))
	out.Breaches = count(length(tx.BreachesOf(e.offer)))
	out.Alerts = count(length(tx.Alerts(e.search, 0, 9)))
	out.Views = count(length(tx.Views(e.candidate, 0, 9)))
	out.Decisions = count(length(tx.Decisions(e.company)))
	out.Figures = count(length(tx.Figures(e.company, 0, today)))
	out.News = count(length(tx.News(e.candidate)))
	out.ToThem = count(length(tx.OffersTo(e.candidate, 0, 9)))
	out.Quota = count(tx.ScoutQuota(e.company))
	out.Scouted = count(tx.Scouted(e.company, today.Month()))
	out.Previewed = count(tx.AddPreview(e.company, today, []byte("question"))) - 1
	return err
}

func length[T any](list []T, err error) (int, error) { return len(list), err }

func counted(is bool) int {
	if is {
		return 1
	}
	return 0
}

func trialErased(t *testing.T, s market.Store) {
	before := addEstate(t, s, 1, 0)
	v := addTrial(t, s, "a")
	of := addEstate(t, s, 2, v.Key)
	after := addEstate(t, s, 3, 0)
	was, twin := before.held(t, s, 1), after.held(t, s, 3)
	if full := of.held(t, s, 2); full != was || full != twin {
		t.Fatalf("a trial's estate is %+v, a real one %+v", full, was)
	}
	write(t, s, func(tx market.Tx) error { return tx.EraseTrial(v.Key, of.company) })
	want(t, "what is left of the trial", of.held(t, s, 2), held{})
	want(t, "what is left of one before it", before.held(t, s, 1), was)
	want(t, "what is left of one after it", after.held(t, s, 3), twin)
	want(t, "Trials", load(t, s, func(tx market.Tx) ([]market.Trial, error) { return tx.Trials() }), nil)
	want(t, "TrialCandidates", load(t, s, func(tx market.Tx) ([]int64, error) { return tx.TrialCandidates(v.Key) }), nil)
	for name, list := range map[string]int{
		"Companies":   len(load(t, s, func(tx market.Tx) ([]company.Company, error) { return tx.Companies(0, 9) })),
		"CompaniesIn": len(load(t, s, func(tx market.Tx) ([]company.Company, error) { return tx.CompaniesIn(company.Verified, 0, 9) })),
		"Rules":       len(load(t, s, func(tx market.Tx) ([]rule.Rule, error) { return tx.Rules(0, 9) })),
		"Offers":      len(load(t, s, func(tx market.Tx) ([]offer.Offer, error) { return tx.Offers(0, 9) })),
		"AllTaken":    len(load(t, s, func(tx market.Tx) (map[int64]int, error) { return tx.AllTaken(0) })),
		"Breaches":    len(load(t, s, func(tx market.Tx) ([]offer.Breach, error) { return tx.Breaches(0, 0, 9) })),
	} {
		if list != 2 {
			t.Errorf("%s gives %d, want those of the two real ones", name, list)
		}
	}
	write(t, s, func(tx market.Tx) error { return tx.EraseTrial(v.Key, 0) }) // a repeat finds nothing
}

func trialErasureFails(t *testing.T, s market.Store) {
	v := addTrial(t, s, "a")
	of := addEstate(t, s, 2, v.Key)
	was := of.held(t, s, 2)
	err := s.Write(t.Context(), func(tx market.Tx) error {
		if err := tx.EraseTrial(v.Key, of.company); err != nil {
			return err
		}
		return errStop
	})
	if err == nil {
		t.Fatal("a transaction that was given up succeeded")
	}
	want(t, "what is left after an erasure that failed", of.held(t, s, 2), was)
}
