package market

import (
	"slices"

	"github.com/google/uuid"
)

type memorySaved struct {
	searches   table[SavedSearch]
	searchID   map[uuid.UUID]int64
	searchesOf index[int64] // by account
	alerts     table[Alert]
	alertsOf   index[int64] // by search
	alertsOn   index[int64] // by candidate
}

func newMemorySaved() memorySaved {
	return memorySaved{searchID: map[uuid.UUID]int64{}, searchesOf: index[int64]{}, alertsOf: index[int64]{}, alertsOn: index[int64]{}}
}

func (t *memoryTx) AddSearch(s *SavedSearch) error {
	if err := t.writing(); err != nil {
		return err
	}
	if _, ok := t.searchID[s.ID]; ok {
		return twice("the search")
	}
	row := *s
	row.Key, row.CreatedAt = t.searches.next(), stored(s.CreatedAt)
	t.searches.add(t, &row)
	put(t, t.searchID, s.ID, row.Key)
	t.searchesOf.add(t, s.Account, row.Key)
	s.Key = row.Key
	return nil
}

func (t *memoryTx) SavedSearch(key int64) (SavedSearch, error) {
	return found(t, &t.searches, "search", key)
}

func (t *memoryTx) LockSearch(key int64) (SavedSearch, error) {
	return locked(t, &t.searches, "search", key)
}

func (t *memoryTx) SearchByID(id uuid.UUID) (SavedSearch, error) {
	return t.SavedSearch(t.searchID[id])
}

// changeSearch replaces what change changes of a search.
func (t *memoryTx) changeSearch(key int64, change func(row *SavedSearch) error) error {
	if err := t.writing(); err != nil {
		return err
	}
	before := t.searches.find(key)
	if before == nil {
		return missing("search")
	}
	row := *before
	if err := change(&row); err != nil {
		return err
	}
	t.searches.put(t, key, &row)
	return nil
}

func (t *memoryTx) SaveSearch(s *SavedSearch) error {
	return t.changeSearch(s.Key, func(row *SavedSearch) error {
		if row.Version != s.Version-1 {
			return stale("search")
		}
		row.Version, row.Name, row.Condition, row.Alerts = s.Version, s.Name, s.Condition, s.Alerts
		return nil
	})
}

func (t *memoryTx) MarkSearch(key, read, told int64) error {
	return t.changeSearch(key, func(row *SavedSearch) error {
		row.Read, row.Told = max(row.Read, read), max(row.Told, told)
		return nil
	})
}

func (t *memoryTx) DropSearch(key int64) error {
	if err := t.writing(); err != nil {
		return err
	}
	s := t.searches.find(key)
	if s == nil {
		return nil
	}
	drop(t, t.searchID, s.ID)
	t.searchesOf.remove(t, s.Account, key)
	t.searches.put(t, key, nil)
	return t.DropAlerts(key)
}

func (t *memoryTx) SearchesOf(account, after int64, limit int) ([]SavedSearch, error) {
	return oldest(&t.searches, t.searchesOf.above(account, after), limit), t.ready()
}

func (t *memoryTx) Alerting(after int64, limit int) ([]SavedSearch, error) {
	var out []SavedSearch
	for _, s := range t.searches.page(after, len(t.searches.rows)) {
		if s.Alerts && len(out) < limit {
			out = append(out, s)
		}
	}
	return out, t.ready()
}

func (t *memoryTx) AddAlert(a *Alert) error {
	if err := t.writing(); err != nil {
		return err
	}
	for _, key := range t.alertsOn[a.Candidate] {
		if t.alerts.find(key).Search == a.Search {
			return twice("the alert")
		}
	}
	row := *a
	row.Key, row.At = t.alerts.next(), stored(a.At)
	t.alerts.add(t, &row)
	t.alertsOf.add(t, a.Search, row.Key)
	t.alertsOn.add(t, a.Candidate, row.Key)
	a.Key = row.Key
	return nil
}

func (t *memoryTx) Alerts(search, before int64, limit int) ([]Alert, error) {
	var out []Alert
	for _, key := range slices.Backward(t.alertsOf.below(search, before)) {
		if a := t.alerts.find(key); !a.At.IsZero() && len(out) < limit {
			out = append(out, *a)
		}
	}
	return out, t.ready()
}

func (t *memoryTx) Alerted(candidate int64) ([]int64, error) {
	var out []int64
	for _, key := range t.alertsOn[candidate] {
		out = append(out, t.alerts.find(key).Search)
	}
	slices.Sort(out)
	return out, t.ready()
}

func (t *memoryTx) DropAlerts(search int64) error {
	if err := t.writing(); err != nil {
		return err
	}
	for _, key := range t.alertsOf[search] {
		t.alertsOn.remove(t, t.alerts.find(key).Candidate, key)
		t.alerts.put(t, key, nil)
	}
	drop(t, t.alertsOf, search)
	return nil
}

// dropAlertsOn removes the alerts of a candidate.
func (t *memoryTx) dropAlertsOn(candidate int64) {
	for _, key := range t.alertsOn[candidate] {
		t.alertsOf.remove(t, t.alerts.find(key).Search, key)
		t.alerts.put(t, key, nil)
	}
	drop(t, t.alertsOn, candidate)
}

func (t *memoryTx) Untold(after int64, limit int) ([]int64, error) {
	var out []int64
	for _, s := range t.searches.page(0, len(t.searches.rows)) {
		keys := t.alertsOf.above(s.Key, s.Told)
		news := slices.ContainsFunc(keys, func(key int64) bool { return !t.alerts.find(key).At.IsZero() })
		if s.Alerts && news && s.Account > after && !slices.Contains(out, s.Account) {
			out = append(out, s.Account)
		}
	}
	slices.Sort(out)
	return out[:min(len(out), limit)], t.ready()
}
