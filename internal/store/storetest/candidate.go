package storetest

import (
	"slices"
	"testing"
	"time"

	"enishi/internal/account"
	"enishi/internal/candidate"
	"enishi/internal/condition"
	"enishi/internal/corpnum"
	"enishi/internal/errs"
	"enishi/internal/market"
	"enishi/internal/offer"
)

func candidates() map[string]func(*testing.T, market.Store) {
	return map[string]func(*testing.T, market.Store){
		"a candidate comes back as they were": candidateRoundTrip,
		"candidates that stand already":       candidateTwice,
		"candidates that nobody could read":   candidateUnreadable,
		"saving a candidate":                  savingCandidate,
		"lists of a candidate change":         listsChange,
		"deleting a candidate":                deletingCandidate,
		"a key is not used again":             keyNotUsedAgain,
		"candidates by key":                   candidatesByKey,
		"views":                               views,
		"what was read can be changed":        readIsACopy,
	}
}

func addCandidates(t *testing.T, s market.Store, list ...*candidate.Candidate) {
	t.Helper()
	write(t, s, func(tx market.Tx) error {
		for _, c := range list {
			if err := tx.AddCandidate(c); err != nil {
				return err
			}
		}
		return nil
	})
}

func candidateRoundTrip(t *testing.T, s market.Store) {
	for account, c := range []*candidate.Candidate{newCandidate(0), fullCandidate(t, 1)} {
		addCandidates(t, s, c)
		write(t, s, func(tx market.Tx) error {
			got, err := tx.LockCandidate(c.Key)
			want(t, "LockCandidate", got, *c)
			return err
		})
		for name, fn := range map[string]func(market.Tx) (candidate.Candidate, error){
			"Candidate":          func(tx market.Tx) (candidate.Candidate, error) { return tx.Candidate(c.Key) },
			"CandidateByID":      func(tx market.Tx) (candidate.Candidate, error) { return tx.CandidateByID(c.ID) },
			"CandidateByAccount": func(tx market.Tx) (candidate.Candidate, error) { return tx.CandidateByAccount(int64(account)) },
		} {
			want(t, name, load(t, s, fn), *c)
		}
	}
	missing(t, s, "Candidate", func(tx market.Tx) (candidate.Candidate, error) { return tx.Candidate(99) })
	missing(t, s, "CandidateByAccount", func(tx market.Tx) (candidate.Candidate, error) { return tx.CandidateByAccount(99) })
	missing(t, s, "CandidateByID", func(tx market.Tx) (candidate.Candidate, error) { return tx.CandidateByID(newCandidate(0).ID) })
	refused(t, s, "LockCandidate", errs.NotFound, func(tx market.Tx) error { return second(tx.LockCandidate(99)) })
}

func candidateTwice(t *testing.T, s market.Store) {
	c := newCandidate(1)
	addCandidates(t, s, c)
	same := newCandidate(2)
	same.ID = c.ID
	refused(t, s, "AddCandidate of the same id", errs.Conflict, func(tx market.Tx) error { return tx.AddCandidate(same) })
	refused(t, s, "AddCandidate of the same account", errs.Conflict, func(tx market.Tx) error {
		return tx.AddCandidate(newCandidate(1))
	})
}

func candidateUnreadable(t *testing.T, s market.Store) {
	good := newCandidate(1)
	addCandidates(t, s, good)
	for name, spoil := range map[string]func(*candidate.Candidate){
		"no wishes":           func(c *candidate.Candidate) { c.Wishes = condition.Condition{} },
		"blocks twice":        func(c *candidate.Candidate) { c.Blocks = []corpnum.Number{1, 1} },
		"blocks out of order": func(c *candidate.Candidate) { c.Blocks = []corpnum.Number{2, 1} },
		"an employer twice": func(c *candidate.Candidate) {
			c.Employers = []candidate.Employment{{Number: 1}, {Number: 1, Current: true}}
		},
	} {
		c := newCandidate(2)
		spoil(c)
		refused(t, s, "AddCandidate with "+name, errs.Internal, func(tx market.Tx) error { return tx.AddCandidate(c) })
		saved := *good
		saved.Version++
		spoil(&saved)
		refused(t, s, "SaveCandidate with "+name, errs.Internal, func(tx market.Tx) error { return tx.SaveCandidate(&saved) })
	}
	want(t, "Candidate", load(t, s, func(tx market.Tx) (candidate.Candidate, error) { return tx.Candidate(good.Key) }), *good)
}

func savingCandidate(t *testing.T, s market.Store) {
	c := newCandidate(1)
	addCandidates(t, s, c)
	full := fullCandidate(t, 1)
	full.Key, full.ID, full.Version, full.Open, full.Language, full.LastActive = c.Key, c.ID, 2, false, "en", today+1
	full.WeeklyLimit = 0
	write(t, s, func(tx market.Tx) error { return tx.SaveCandidate(full) })
	want(t, "Candidate", load(t, s, func(tx market.Tx) (candidate.Candidate, error) { return tx.Candidate(c.Key) }), *full)
	for _, version := range []int64{0, 1, 2, 4} {
		stale := *full
		stale.Version = version
		refused(t, s, "SaveCandidate over another version", errs.Stale, func(tx market.Tx) error { return tx.SaveCandidate(&stale) })
	}
	gone := *full
	gone.Key, gone.Version = 99, 3
	refused(t, s, "SaveCandidate of none", errs.NotFound, func(tx market.Tx) error { return tx.SaveCandidate(&gone) })
}

func listsChange(t *testing.T, s market.Store) {
	c := fullCandidate(t, 1)
	other := fullCandidate(t, 2)
	addCandidates(t, s, c, other)
	for _, change := range []func(){
		func() { c.Blocks = c.Blocks[1:] },
		func() {
			c.Employers = append(slices.Clone(c.Employers), candidate.Employment{Number: corpnum.From(99)})
		},
		func() { c.Employers = []candidate.Employment{{Number: corpnum.From(7)}} }, // no longer current
		func() { c.Blocks = []corpnum.Number{1, 1<<63 - 1} },
		func() { c.Blocks, c.Employers = nil, nil },
		func() {},
		func() { c.Blocks = []corpnum.Number{-1 << 63} },
	} {
		change()
		c.Version++
		write(t, s, func(tx market.Tx) error { return tx.SaveCandidate(c) })
		want(t, "Candidate", load(t, s, func(tx market.Tx) (candidate.Candidate, error) { return tx.Candidate(c.Key) }), *c)
	}
	want(t, "another candidate", load(t, s, func(tx market.Tx) (candidate.Candidate, error) { return tx.Candidate(other.Key) }), *other)
}

func deletingCandidate(t *testing.T, s market.Store) {
	mine, other := newAccount(account.Candidate, "same"), newAccount(account.Candidate, "same")
	mine.Confirmed = true
	c := fullCandidate(t, 0)
	kept := fullCandidate(t, 0)
	write(t, s, func(tx market.Tx) error {
		for i, a := range []*account.Account{mine, other} {
			if err := tx.AddAccount(a); err != nil {
				return err
			}
			if err := tx.AddSession(account.Session{TokenHash: []byte{byte(i)}, Account: a.Key}); err != nil {
				return err
			}
		}
		c.Account, kept.Account = mine.Key, other.Key
		for _, x := range []*candidate.Candidate{c, kept} {
			if err := tx.AddCandidate(x); err != nil {
				return err
			}
			if err := tx.AddView(market.View{Candidate: x.Key, Company: 1, At: when}); err != nil {
				return err
			}
		}
		return tx.AddOffer(newOffer(c.Key, 1))
	})
	write(t, s, func(tx market.Tx) error { return tx.DeleteCandidate(c.Key) })
	missing(t, s, "Candidate", func(tx market.Tx) (candidate.Candidate, error) { return tx.Candidate(c.Key) })
	missing(t, s, "CandidateByID", func(tx market.Tx) (candidate.Candidate, error) { return tx.CandidateByID(c.ID) })
	missing(t, s, "CandidateByAccount", func(tx market.Tx) (candidate.Candidate, error) { return tx.CandidateByAccount(mine.Key) })
	missing(t, s, "Account", func(tx market.Tx) (account.Account, error) { return tx.Account(mine.Key) })
	missing(t, s, "Session", func(tx market.Tx) (account.Session, error) { return tx.Session([]byte{0}) })
	for _, n := range []struct {
		candidate int64
		want      int
	}{{c.Key, 0}, {kept.Key, 1}} {
		if got := len(load(t, s, func(tx market.Tx) ([]market.View, error) { return tx.Views(n.candidate, 0, 9) })); got != n.want {
			t.Errorf("candidate %d has %d views, want %d", n.candidate, got, n.want)
		}
	}
	offers := load(t, s, func(tx market.Tx) ([]offer.Offer, error) { return tx.OffersTo(c.Key, 0, 9) })
	if len(offers) != 1 || offers[0].Candidate != c.Key {
		t.Errorf("the offers of an erased candidate are %v, want the one with their key", offers)
	}
	load(t, s, func(tx market.Tx) (account.Session, error) { return tx.Session([]byte{1}) })
	want(t, "Candidates", load(t, s, func(tx market.Tx) ([]candidate.Candidate, error) { return tx.Candidates(0, 9) }),
		[]candidate.Candidate{*kept})
	refused(t, s, "DeleteCandidate once more", errs.NotFound, func(tx market.Tx) error { return tx.DeleteCandidate(c.Key) })
	again := newAccount(account.Candidate, "same")
	again.Confirmed = true
	write(t, s, func(tx market.Tx) error { return tx.AddAccount(again) }) // the address is free
}

func keyNotUsedAgain(t *testing.T, s market.Store) {
	a := newCandidate(1)
	addCandidates(t, s, a)
	write(t, s, func(tx market.Tx) error { return tx.DeleteCandidate(a.Key) })
	b := newCandidate(1)
	addCandidates(t, s, b)
	if b.Key <= a.Key {
		t.Errorf("the candidate after %d, who was erased, has key %d", a.Key, b.Key)
	}
}

func candidatesByKey(t *testing.T, s market.Store) {
	var list []*candidate.Candidate
	for i := range int64(6) {
		c := newCandidate(i)
		if i%2 == 0 {
			c = fullCandidate(t, i)
		}
		list = append(list, c)
	}
	addCandidates(t, s, list...)
	write(t, s, func(tx market.Tx) error { return tx.DeleteCandidate(list[3].Key) })
	at := func(is ...int) (out []candidate.Candidate) {
		for _, i := range is {
			out = append(out, *list[i])
		}
		return out
	}
	for _, c := range []struct {
		after int64
		limit int
		want  []candidate.Candidate
	}{
		{0, 100, at(0, 1, 2, 4, 5)},
		{0, 2, at(0, 1)},
		{list[1].Key, 2, at(2, 4)},
		{list[5].Key, 2, nil},
		{-5, 1, at(0)},
		{0, 0, nil},
	} {
		got := load(t, s, func(tx market.Tx) ([]candidate.Candidate, error) { return tx.Candidates(c.after, c.limit) })
		want(t, "Candidates", got, c.want)
	}
	for _, c := range []struct {
		keys []int64
		want []candidate.Candidate
	}{
		{nil, nil},
		{[]int64{list[3].Key}, nil},
		{[]int64{list[2].Key}, at(2)},
		{many(list[4].Key, list[3].Key, list[0].Key, list[4].Key), at(0, 4)},
	} {
		got := load(t, s, func(tx market.Tx) ([]candidate.Candidate, error) { return tx.CandidatesOf(c.keys) })
		want(t, "CandidatesOf", got, c.want)
	}
}

// many gives keys and as many of no rows as one question may name.
func many(keys ...int64) []int64 {
	keys = append(keys, -1)
	for len(keys) < market.MostKeys {
		keys = append(keys, 1<<40+int64(len(keys)))
	}
	return keys
}

func views(t *testing.T, s market.Store) {
	write(t, s, func(tx market.Tx) error {
		for i := range int64(5) {
			v := market.View{Candidate: 1 + i%2, Company: i, At: when.Add(time.Duration(i))}
			if err := tx.AddView(v); err != nil {
				return err
			}
		}
		return nil
	})
	get := func(before int64, limit int) []market.View {
		return load(t, s, func(tx market.Tx) ([]market.View, error) { return tx.Views(1, before, limit) })
	}
	all := get(0, 9)
	if len(all) != 3 || all[0].Company != 4 || all[1].Company != 2 || all[2].Company != 0 || all[0].Key <= all[1].Key {
		t.Fatalf("Views = %+v, want those by companies 4, 2, 0", all)
	}
	want(t, "the first view", all[2].At, when)
	want(t, "a page of views", get(0, 2), all[:2])
	want(t, "the page after", get(all[1].Key, 2), all[2:])
	want(t, "the page after the last", get(all[2].Key, 2), nil)
}

func readIsACopy(t *testing.T, s market.Store) {
	c := fullCandidate(t, 1)
	c.Blocks = append(make([]corpnum.Number, 0, 8), c.Blocks...)
	addCandidates(t, s, c)
	before := load(t, s, func(tx market.Tx) (candidate.Candidate, error) { return tx.Candidate(c.Key) })
	mine := load(t, s, func(tx market.Tx) (candidate.Candidate, error) { return tx.Candidate(c.Key) })
	mine.WeeklyLimit, mine.Profile.Residence, mine.Open = 99, "47", false
	mine.Blocks = append(mine.Blocks, 1<<62)
	c.Blocks = append(c.Blocks, 1<<61)
	want(t, "Candidate after the caller changed its own", load(t, s, func(tx market.Tx) (candidate.Candidate, error) {
		return tx.Candidate(c.Key)
	}), before)
}
