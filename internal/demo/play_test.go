package demo

import (
	"bytes"
	"context"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"

	"enishi/internal/account"
	"enishi/internal/candidate"
	"enishi/internal/company"
	"enishi/internal/errs"
	"enishi/internal/market"
	"enishi/internal/offer"
	"enishi/internal/position"
	"enishi/internal/rule"
	"enishi/internal/store"
	"enishi/internal/store/sqlite"
)

func options(t testing.TB, candidates, companies, rules int) Options {
	t.Helper()
	vault, err := account.NewVault(bytes.Repeat([]byte{7}, account.SecretBytes))
	if err != nil {
		t.Fatal(err)
	}
	return Options{Candidates: candidates, Companies: companies, Rules: rules, Seed: 1, Today: today, Vault: vault}
}

func played(t testing.TB, o Options) (*player, *market.Memory) {
	t.Helper()
	p, memory, err := lived(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return p, memory
}

func database(t testing.TB) *store.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "enishi.db"), sqlite.Options{Relaxed: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// rows are what a market holds, as far as two ways to it must agree: all but
// the log, sessions, and replies.
type rows struct {
	Settings   []string
	Accounts   []account.Account
	Companies  []company.Company
	Members    []company.Member
	Candidates []candidate.Candidate
	Views      []market.View
	Rules      []rule.Rule
	Positions  []position.Position
	Spent      []int // by rule: today and in all
	Offers     []offer.Offer
	Dealings   []offer.Dealing
	Breaches   []offer.Breach // newest first
}

func rowsOf(t *testing.T, s market.Store) rows {
	t.Helper()
	const all = 1_000_000
	var out rows
	err := s.Read(t.Context(), func(tx market.Tx) error {
		out = rows{}
		for _, name := range []string{settingSeed, "day"} {
			value, err := tx.Setting(name)
			if err != nil {
				return err
			}
			out.Settings = append(out.Settings, value)
		}
		for key := int64(1); ; key++ {
			a, err := tx.Account(key)
			if errs.Is(err, errs.NotFound) {
				break
			}
			if err != nil {
				return err
			}
			out.Accounts = append(out.Accounts, a)
			if a.Kind != account.Member {
				continue
			}
			m, err := tx.MemberByAccount(key)
			if err != nil {
				return err
			}
			out.Members = append(out.Members, m)
		}
		var err error
		if out.Companies, err = tx.Companies(0, all); err != nil {
			return err
		}
		if out.Candidates, err = tx.Candidates(0, all); err != nil {
			return err
		}
		for _, c := range out.Candidates {
			list, err := tx.Views(c.Key, 0, all)
			if err != nil {
				return err
			}
			out.Views = append(out.Views, list...)
		}
		if out.Rules, err = tx.Rules(0, all); err != nil {
			return err
		}
		for _, r := range out.Rules {
			spent, total, err := tx.Spent(r.Key, today)
			if err != nil {
				return err
			}
			p, err := tx.Position(r.Position)
			if err != nil {
				return err
			}
			out.Spent, out.Positions = append(out.Spent, spent, total), append(out.Positions, p)
		}
		for _, k := range out.Companies {
			list, err := tx.OffersBy(k.Key, 0, 0, all)
			if err != nil {
				return err
			}
			out.Offers = append(out.Offers, list...)
		}
		for _, o := range out.Offers {
			d, err := tx.Dealing(o.Key)
			if err != nil {
				return err
			}
			out.Dealings = append(out.Dealings, d)
		}
		out.Breaches, err = tx.Breaches(0, 0, all)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(out.Offers, func(a, b offer.Offer) int { return int(a.Key - b.Key) })
	return out
}

func compareRows(t *testing.T, got, want rows, more ...cmp.Option) {
	t.Helper()
	if len(want.Offers) == 0 || len(want.Candidates) == 0 || len(want.Companies) == 0 || len(want.Members) == 0 || len(want.Views) == 0 {
		t.Fatalf("nothing to compare: %d candidates, %d companies, %d members, %d offers, %d views",
			len(want.Candidates), len(want.Companies), len(want.Members), len(want.Offers), len(want.Views))
	}
	if diff := cmp.Diff(want, got, append(more, cmpopts.EquateEmpty())...); diff != "" {
		t.Errorf("(-want +got):\n%.4000s", diff)
	}
}

func TestLoadWritesEverythingOnce(t *testing.T) {
	alone(t)
	t.Parallel()
	o := options(t, 1500, 60, 240)
	one, two := database(t), database(t)
	summary, err := Load(t.Context(), one, o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Load(t.Context(), two, o); err != nil {
		t.Fatal(err)
	}
	first := rowsOf(t, one)
	compareRows(t, rowsOf(t, two), first, cmpopts.IgnoreFields(account.Account{}, "Sealed", "Password")) // ids too
	active, ended := 0, 0
	for _, r := range first.Rules {
		k := first.Companies[slices.IndexFunc(first.Companies, func(k company.Company) bool { return k.Key == r.Company })]
		switch {
		case r.State == rule.Active && k.Status == company.Verified:
			active++
		case r.State == rule.Expired:
			ended++
		}
	}
	if len(first.Candidates) != 1500 || active != 240 || ended != len(first.Rules)-240 || ended == 0 || summary.Offers != len(first.Offers) {
		t.Errorf("%d candidates, %d active rules of verified companies, %d that have ended, %d offers; summary %+v",
			len(first.Candidates), active, ended, len(first.Offers), summary)
	}
	ids := map[uuid.UUID]bool{}
	for _, x := range first.Offers {
		if ids[x.ID] || x.ID.Version() != 7 {
			t.Fatalf("offer %d has the id %s, which is no new one of version 7", x.Key, x.ID)
		}
		ids[x.ID] = true
	}
	if _, err := Load(t.Context(), one, o); !errs.Is(err, errs.Conflict) {
		t.Errorf("loading twice gives %v, want a conflict", err)
	}
}

// The printed sign-ins work on a market that is opened over the database, and
// there is nothing left to do in it.
func TestALoadedMarketIsDrainedAndOpens(t *testing.T) {
	t.Parallel()
	o := options(t, 1500, 60, 240)
	db := database(t)
	summary, err := Load(t.Context(), db, o)
	if err != nil {
		t.Fatal(err)
	}
	m := opened(t, db, o)
	before := rowsOf(t, db)
	if err := m.Tend(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := m.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	status, err := m.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if want := (market.Status{Day: today}); status != want {
		t.Errorf("status %+v, want %+v", status, want)
	}
	compareRows(t, rowsOf(t, db), before)
	kinds := map[account.Kind]int{}
	for _, in := range summary.SignIns {
		kinds[in.Kind]++
		token, err := m.SignIn(t.Context(), in.Email, in.Password, in.Kind)
		if err != nil {
			t.Fatalf("sign in as %s: %v", in.Email, err)
		}
		actor, err := m.Authenticate(t.Context(), token)
		if err != nil {
			t.Fatal(err)
		}
		if actor.Kind != in.Kind {
			t.Errorf("%s is a %s, want a %s", in.Email, actor.Kind, in.Kind)
		}
		if in.Kind != account.Candidate {
			continue
		}
		if page, _, err := m.OffersTo(t.Context(), actor, 0, 10); err != nil || len(page) == 0 {
			t.Errorf("%s has %d offers (%v), want some", in.Email, len(page), err)
		}
	}
	if kinds[account.Candidate] < 3 || kinds[account.Member] < 2 || kinds[account.Operator] != 1 {
		t.Errorf("sign-ins by kind: %v", kinds)
	}
}

func opened(t testing.TB, s market.Store, o Options) *market.Market {
	t.Helper()
	m, err := market.Open(t.Context(), s, o.Vault, marketOptions(o), nil)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestCountsBelowOneAreRefused(t *testing.T) {
	_, _, err := Make(context.Background(), options(t, 0, 1, 1))
	if !errs.Is(err, errs.Invalid) {
		t.Errorf("Make without candidates gives %v, want Invalid", err)
	}
}
