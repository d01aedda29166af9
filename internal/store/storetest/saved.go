package storetest

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"enishi/internal/account"
	"enishi/internal/condition"
	"enishi/internal/errs"
	"enishi/internal/market"
)

func savedSearches() map[string]func(*testing.T, market.Store) {
	return map[string]func(*testing.T, market.Store){
		"saved searches":              savedSearch,
		"alerts":                      alerts,
		"alerts to be told":           untold,
		"an erasure takes alerts":     erasureTakesAlerts,
		"a search takes its alerts":   searchTakesAlerts,
		"a search fails as a whole":   searchFailsWhole,
		"marks of a search only rise": marksRise,
	}
}

func newSearch(t *testing.T, of int64, name string) *market.SavedSearch {
	t.Helper()
	return &market.SavedSearch{
		ID: uuid.New(), Version: 1, Company: 3, Account: of, Name: name, Alerts: true, CreatedAt: when,
		Condition: condition.Condition{Op: condition.All, Kids: []condition.Condition{
			{Op: condition.Contains, Field: "text", Contains: "クーベ"}, parse(t, condition.Profiles, `{"field": "pay", "min": 400}`),
		}},
	}
}

// addSearch adds a search and gives it as it is to be read.
func addSearch(t *testing.T, s market.Store, account int64, name string) market.SavedSearch {
	t.Helper()
	in := newSearch(t, account, name)
	write(t, s, func(tx market.Tx) error { return tx.AddSearch(in) })
	return *in
}

func savedSearch(t *testing.T, s market.Store) {
	one, two, other := addSearch(t, s, 1, "一 "+hard), addSearch(t, s, 1, "二"), addSearch(t, s, 2, "三")
	of := func(account, after int64, limit int) []market.SavedSearch {
		return load(t, s, func(tx market.Tx) ([]market.SavedSearch, error) { return tx.SearchesOf(account, after, limit) })
	}
	want(t, "SearchesOf 1", of(1, 0, 9), []market.SavedSearch{one, two})
	want(t, "SearchesOf 1, the first", of(1, 0, 1), []market.SavedSearch{one})
	want(t, "SearchesOf 1 after the first", of(1, one.Key, 9), []market.SavedSearch{two})
	want(t, "SearchByID", load(t, s, func(tx market.Tx) (market.SavedSearch, error) { return tx.SearchByID(other.ID) }), other)
	two.Version, two.Name, two.Condition, two.Alerts = 2, "二号", condition.Always(), false
	write(t, s, func(tx market.Tx) error {
		locked, err := tx.LockSearch(two.Key)
		if err != nil {
			return err
		}
		if locked.Name != "二" {
			t.Errorf("LockSearch gives %q", locked.Name)
		}
		return tx.SaveSearch(&two)
	})
	want(t, "SavedSearch", load(t, s, func(tx market.Tx) (market.SavedSearch, error) { return tx.SavedSearch(two.Key) }), two)
	want(t, "Alerting", load(t, s, func(tx market.Tx) ([]market.SavedSearch, error) { return tx.Alerting(0, 9) }), []market.SavedSearch{one, other})
	want(t, "Alerting after the first", load(t, s, func(tx market.Tx) ([]market.SavedSearch, error) { return tx.Alerting(one.Key, 1) }), []market.SavedSearch{other})
	refused(t, s, "SaveSearch over a version", errs.Stale, func(tx market.Tx) error { return tx.SaveSearch(&two) })
	refused(t, s, "AddSearch twice", errs.Conflict, func(tx market.Tx) error { return tx.AddSearch(&two) })
	write(t, s, func(tx market.Tx) error { return tx.DropSearch(two.Key) })
	write(t, s, func(tx market.Tx) error { return tx.DropSearch(two.Key) })
	want(t, "SearchesOf 1 less one", of(1, 0, 9), []market.SavedSearch{one})
	refused(t, s, "SavedSearch of none", errs.NotFound, func(tx market.Tx) error {
		_, err := tx.SavedSearch(two.Key)
		return err
	})
}

// addAlert adds an alert, with a time or without, and gives its key.
func addAlert(t *testing.T, s market.Store, search, candidate int64, at time.Time) market.Alert {
	t.Helper()
	a := market.Alert{Search: search, Candidate: candidate, At: at}
	write(t, s, func(tx market.Tx) error { return tx.AddAlert(&a) })
	return a
}

func alertsOf(t *testing.T, s market.Store, search, before int64, limit int) []market.Alert {
	t.Helper()
	return load(t, s, func(tx market.Tx) ([]market.Alert, error) { return tx.Alerts(search, before, limit) })
}

func alerts(t *testing.T, s market.Store) {
	one, two := addSearch(t, s, 1, "一"), addSearch(t, s, 1, "二")
	a, b := addAlert(t, s, one.Key, 7, when), addAlert(t, s, one.Key, 8, when.Add(time.Second))
	addAlert(t, s, one.Key, 9, time.Time{})
	c := addAlert(t, s, two.Key, 7, when)
	want(t, "Alerts", alertsOf(t, s, one.Key, 0, 9), []market.Alert{b, a})
	want(t, "Alerts, the newest", alertsOf(t, s, one.Key, 0, 1), []market.Alert{b})
	want(t, "Alerts before the newest", alertsOf(t, s, one.Key, b.Key, 9), []market.Alert{a})
	alerted := func(candidate int64) []int64 {
		return load(t, s, func(tx market.Tx) ([]int64, error) { return tx.Alerted(candidate) })
	}
	want(t, "Alerted 7", alerted(7), []int64{one.Key, two.Key})
	want(t, "Alerted 9, who is no news", alerted(9), []int64{one.Key})
	want(t, "Alerted nobody", alerted(10), nil)
	// A conflict leaves the transaction as it was.
	write(t, s, func(tx market.Tx) error {
		if err := tx.AddAlert(&market.Alert{Search: one.Key, Candidate: 9, At: when}); !errs.Is(err, errs.Conflict) {
			t.Errorf("a second alert of a pair = %v, want Conflict", err)
		}
		return tx.AddAlert(&market.Alert{Search: two.Key, Candidate: 9, At: when})
	})
	want(t, "Alerted 9 of another search", alerted(9), []int64{one.Key, two.Key})
	write(t, s, func(tx market.Tx) error { return tx.DropAlerts(one.Key) })
	want(t, "Alerts after they were dropped", alertsOf(t, s, one.Key, 0, 9), nil)
	if list := alertsOf(t, s, two.Key, 0, 9); len(list) != 2 || list[1] != c {
		t.Errorf("the other search has %v", list)
	}
}

func untold(t *testing.T, s market.Store) {
	one, two, quiet, other := addSearch(t, s, 1, "一"), addSearch(t, s, 1, "二"), newSearch(t, 2, "三"), addSearch(t, s, 3, "四")
	quiet.Alerts = false
	write(t, s, func(tx market.Tx) error { return tx.AddSearch(quiet) })
	addAlert(t, s, one.Key, 7, when)
	last := addAlert(t, s, two.Key, 7, when)
	addAlert(t, s, quiet.Key, 7, when)
	addAlert(t, s, other.Key, 7, time.Time{})
	to := func(after int64, limit int) []int64 {
		return load(t, s, func(tx market.Tx) ([]int64, error) { return tx.Untold(after, limit) })
	}
	want(t, "Untold", to(0, 9), []int64{1})
	addAlert(t, s, other.Key, 8, when)
	want(t, "Untold", to(0, 9), []int64{1, 3})
	want(t, "Untold, the first", to(0, 1), []int64{1})
	want(t, "Untold after the first", to(1, 9), []int64{3})
	write(t, s, func(tx market.Tx) error { return tx.MarkSearch(two.Key, 0, last.Key) })
	want(t, "Untold of one search yet", to(0, 9), []int64{1, 3})
	write(t, s, func(tx market.Tx) error { return tx.MarkSearch(one.Key, 0, last.Key) })
	want(t, "Untold once told", to(0, 9), []int64{3})
}

func erasureTakesAlerts(t *testing.T, s market.Store) {
	one := addSearch(t, s, 1, "一")
	var key int64
	write(t, s, func(tx market.Tx) error {
		a := newAccount(account.Candidate, "a@example.jp")
		if err := tx.AddAccount(a); err != nil {
			return err
		}
		c := newCandidate(a.Key)
		err := tx.AddCandidate(c)
		key = c.Key
		return err
	})
	addAlert(t, s, one.Key, key, when)
	rest := addAlert(t, s, one.Key, key+1, when)
	write(t, s, func(tx market.Tx) error { return tx.DeleteCandidate(key) })
	want(t, "Alerts", alertsOf(t, s, one.Key, 0, 9), []market.Alert{rest})
}

func searchTakesAlerts(t *testing.T, s market.Store) {
	one, two := addSearch(t, s, 1, "一"), addSearch(t, s, 1, "二")
	addAlert(t, s, one.Key, 7, when)
	rest := addAlert(t, s, two.Key, 7, when)
	write(t, s, func(tx market.Tx) error { return tx.DropSearch(one.Key) })
	want(t, "Alerts of none", alertsOf(t, s, one.Key, 0, 9), nil)
	want(t, "Alerts", alertsOf(t, s, two.Key, 0, 9), []market.Alert{rest})
}

func searchFailsWhole(t *testing.T, s market.Store) {
	one := addSearch(t, s, 1, "一")
	kept := addAlert(t, s, one.Key, 7, when)
	refused(t, s, "a transaction that fails", errs.Conflict, func(tx market.Tx) error {
		if err := tx.AddAlert(&market.Alert{Search: one.Key, Candidate: 8, At: when}); err != nil {
			return err
		}
		if err := tx.MarkSearch(one.Key, 5, 5); err != nil {
			return err
		}
		if err := tx.DropSearch(one.Key); err != nil {
			return err
		}
		return errs.New(errs.Conflict, "given up")
	})
	want(t, "Alerts", alertsOf(t, s, one.Key, 0, 9), []market.Alert{kept})
	want(t, "SavedSearch", load(t, s, func(tx market.Tx) (market.SavedSearch, error) { return tx.SavedSearch(one.Key) }), one)
}

func marksRise(t *testing.T, s market.Store) {
	one := addSearch(t, s, 1, "一")
	write(t, s, func(tx market.Tx) error { return tx.MarkSearch(one.Key, 5, 3) })
	write(t, s, func(tx market.Tx) error { return tx.MarkSearch(one.Key, 4, 6) })
	one.Read, one.Told = 5, 6
	want(t, "SavedSearch", load(t, s, func(tx market.Tx) (market.SavedSearch, error) { return tx.SavedSearch(one.Key) }), one)
	refused(t, s, "MarkSearch of none", errs.NotFound, func(tx market.Tx) error { return tx.MarkSearch(99, 1, 1) })
}
