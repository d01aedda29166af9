package market

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"enishi/internal/account"
	"enishi/internal/company"
	"enishi/internal/condition"
	"enishi/internal/engine"
	"enishi/internal/errs"
)

// SearchToSave is what a member gives of a search to keep.
type SearchToSave struct {
	Name      string
	Condition condition.Condition // over profiles; may ask for text
	Alerts    bool
}

// Saved is a saved search with the number of its alerts that have not been
// read, of those that still stand.
type Saved struct {
	SavedSearch
	New int
}

const (
	// mostSearches is how many searches a member keeps.
	mostSearches = 100
	// MostAlerted is how many candidates a search with alerts may find when it
	// is saved: whoever comes to match one that finds more is no news.
	MostAlerted = 1000
	searchName  = 100 // characters
)

func (in *SearchToSave) validate() error {
	var name error
	if n := utf8.RuneCountInString(in.Name); strings.TrimSpace(in.Name) == "" || n > searchName || strings.ContainsFunc(in.Name, unicode.IsControl) {
		name = errs.AtPointer("/name", strconv.Quote(in.Name), fmt.Sprintf("1 to %d characters of one line", searchName))
	}
	return errs.Join(name, errs.Below("/condition", in.Condition.Validate(condition.Profiles, true)))
}

// AddSearch saves a search of the actor's. With alerts, whoever comes to match
// it from now on is noted once; it is Invalid if it finds too many for that. A
// member who has as many as may be is TooMany. A company that is not verified is
// Denied.
func (m *Market) AddSearch(ctx context.Context, actor Actor, in SearchToSave, once Once) (Saved, error) {
	var out Saved
	if err := checkSearch(actor, in); err != nil {
		return out, err
	}
	found, err := m.foundNow(ctx, actor, in)
	if err != nil {
		return out, err
	}
	err = again(func() error {
		return m.write(ctx, func(tx Tx) error {
			var made uuid.UUID
			repeated, err := m.recall(tx, once, &made)
			if err != nil {
				return err
			}
			if repeated {
				out.SavedSearch, err = ownSearch(tx, actor, made)
				return err
			}
			out.SavedSearch, err = m.addSearch(tx, actor, in, found)
			if err != nil {
				return err
			}
			return m.remember(tx, once, out.ID)
		})
	})
	return out, err
}

func (m *Market) addSearch(tx Tx, actor Actor, in SearchToSave, found []int64) (SavedSearch, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return SavedSearch{}, fmt.Errorf("make an id: %w", err)
	}
	// So that of two at once one counts the other.
	if _, err := tx.LockAccount(actor.Account); err != nil {
		return SavedSearch{}, err
	}
	if list, err := tx.SearchesOf(actor.Account, 0, mostSearches); err != nil || len(list) == mostSearches {
		if err == nil {
			err = errs.New(errs.TooMany, fmt.Sprintf("you keep %d searches, which is the most: remove one first", mostSearches))
		}
		return SavedSearch{}, err
	}
	s := SavedSearch{
		ID: id, Version: 1, Company: actor.Company, Account: actor.Account, Name: in.Name, Condition: in.Condition, Alerts: in.Alerts, CreatedAt: m.Now(),
	}
	if err := tx.AddSearch(&s); err != nil {
		return s, err
	}
	return s, m.searchChanged(tx, &s, found)
}

// searchChanged notes who matches a search now, and that it has changed.
func (m *Market) searchChanged(tx Tx, s *SavedSearch, found []int64) error {
	for _, key := range found {
		if err := tx.AddAlert(&Alert{Search: s.Key, Candidate: key}); err != nil && !errs.Is(err, errs.Conflict) {
			return err
		}
	}
	return tx.Append(&Row{Change: SearchChanged, Entity: s.Key, Version: s.Version, At: m.Now()})
}

// checkSearch says what is wrong with a search to save, or with who saves it.
func checkSearch(actor Actor, in SearchToSave) error {
	if err := actor.Role.May(account.SaveSearch); err != nil {
		return err
	}
	return in.validate()
}

// foundNow gives, for a search with alerts, the candidates whom it finds now.
// Too many are Invalid.
func (m *Market) foundNow(ctx context.Context, actor Actor, in SearchToSave) ([]int64, error) {
	m.catchUpWithOthers(ctx)
	var out []int64
	err := m.read(ctx, func(tx Tx) error {
		k, err := verified(tx, actor)
		if err != nil || !in.Alerts {
			return err
		}
		found, err := m.visible(tx, k, in.Condition, nil, MostAlerted)
		if err != nil {
			return err
		}
		if found.Count > MostAlerted {
			return errs.AtPointer("/alerts", fmt.Sprintf("alerts of a search that finds %d people", found.Count),
				fmt.Sprintf("alerts of one that finds at most %d", MostAlerted))
		}
		out = make([]int64, len(found.Top))
		for i, hit := range found.Top {
			out[i] = hit.ID
		}
		return nil
	})
	return out, err
}

// visible asks for those who match a condition now and have not blocked a
// company; ids, if not nil, are the only ones to look at.
func (m *Market) visible(tx Tx, k company.Company, c condition.Condition, ids []int64, limit int) (engine.Result, error) {
	group, err := groupOf(tx, k)
	if err != nil {
		return engine.Result{}, err
	}
	shown, today := m.peopleOf(k.Trial).seen.Load(), m.Today()
	cond, err := m.people.profiles.withText(c, &today, false, shown.texts.asked())
	if err != nil {
		return engine.Result{}, err
	}
	return shown.candidates.Search(engine.Query{
		Cond: cond, Within: m.people.profiles.unblocked(k.Number, group), IDs: ids, Limit: limit,
	})
}

// ownSearch gives a search of the actor's; another's is NotFound.
func ownSearch(tx Tx, actor Actor, id uuid.UUID) (SavedSearch, error) {
	s, err := tx.SearchByID(id)
	if err == nil && (s.Account != actor.Account || s.Company != actor.Company) {
		err = errs.New(errs.NotFound, "no such search")
	}
	return s, err
}

// withNews gives a search with the number of its new alerts.
func (m *Market) withNews(tx Tx, k company.Company, s SavedSearch) (Saved, error) {
	out := Saved{SavedSearch: s}
	if !s.Alerts || k.Status != company.Verified {
		return out, nil
	}
	ids := []int64{}
	for before := int64(0); ; {
		page, err := tx.Alerts(s.Key, before, loadPage)
		if err != nil {
			return out, err
		}
		for _, a := range page {
			if a.Key > s.Read {
				ids = append(ids, a.Candidate)
			}
		}
		if len(page) < loadPage || page[len(page)-1].Key <= s.Read {
			break
		}
		before = page[len(page)-1].Key
	}
	if len(ids) == 0 {
		return out, nil
	}
	found, err := m.visible(tx, k, s.Condition, ids, 0)
	out.New = found.Count
	return out, err
}

// Searches gives up to limit saved searches of the actor's after a key, by key.
func (m *Market) Searches(ctx context.Context, actor Actor, after int64, limit int) ([]Saved, error) {
	var out []Saved
	if err := actor.Role.May(account.SaveSearch); err != nil {
		return nil, err
	}
	m.catchUpWithOthers(ctx)
	err := m.read(ctx, func(tx Tx) error {
		out = nil
		k, err := tx.Company(actor.Company)
		if err != nil {
			return err
		}
		list, err := tx.SearchesOf(actor.Account, after, limit)
		if err != nil {
			return err
		}
		for _, s := range list {
			one, err := m.withNews(tx, k, s)
			if err != nil {
				return err
			}
			out = append(out, one)
		}
		return nil
	})
	return out, err
}

// SavedSearch gives a saved search of the actor's.
func (m *Market) SavedSearch(ctx context.Context, actor Actor, id uuid.UUID) (Saved, error) {
	var out Saved
	if err := actor.Role.May(account.SaveSearch); err != nil {
		return out, err
	}
	m.catchUpWithOthers(ctx)
	err := m.read(ctx, func(tx Tx) error {
		s, err := ownSearch(tx, actor, id)
		if err != nil {
			return err
		}
		k, err := tx.Company(actor.Company)
		if err != nil {
			return err
		}
		out, err = m.withNews(tx, k, s)
		return err
	})
	return out, err
}

// SetSearch replaces what a search asks, its name, and whether alerts are
// wanted. With another condition, or alerts that were not wanted before, news
// begin anew: what was noted is forgotten.
func (m *Market) SetSearch(ctx context.Context, actor Actor, id uuid.UUID, version int64, in SearchToSave) (Saved, error) {
	if err := checkSearch(actor, in); err != nil {
		return Saved{}, err
	}
	before, err := m.SavedSearch(ctx, actor, id)
	if err == nil {
		err = current(version, before.Version)
	}
	if err != nil {
		return Saved{}, err
	}
	anew := in.Alerts != before.Alerts || in.Alerts && in.Condition.Hash() != before.Condition.Hash()
	var found []int64
	if anew {
		if found, err = m.foundNow(ctx, actor, in); err != nil {
			return Saved{}, err
		}
	}
	err = m.write(ctx, func(tx Tx) error {
		s, err := tx.LockSearch(before.Key)
		if err != nil {
			return err
		}
		if err := current(version, s.Version); err != nil {
			return err
		}
		s.Version, s.Name, s.Condition, s.Alerts = s.Version+1, in.Name, in.Condition, in.Alerts
		if err := tx.SaveSearch(&s); err != nil {
			return err
		}
		if anew {
			if err := tx.DropAlerts(s.Key); err != nil {
				return err
			}
		}
		return m.searchChanged(tx, &s, found)
	})
	if err != nil {
		return Saved{}, err
	}
	return m.SavedSearch(ctx, actor, id)
}

// DeleteSearch removes a saved search of the actor's with its alerts.
func (m *Market) DeleteSearch(ctx context.Context, actor Actor, id uuid.UUID) error {
	if err := actor.Role.May(account.SaveSearch); err != nil {
		return err
	}
	return m.write(ctx, func(tx Tx) error {
		s, err := ownSearch(tx, actor, id)
		if err != nil {
			return err
		}
		return m.dropSearch(tx, &s)
	})
}

func (m *Market) dropSearch(tx Tx, s *SavedSearch) error {
	if err := tx.DropSearch(s.Key); err != nil {
		return err
	}
	return tx.Append(&Row{Change: SearchChanged, Entity: s.Key, Version: s.Version + 1, At: m.Now()})
}

// dropSearches removes the searches of a member who has left.
func (m *Market) dropSearches(tx Tx, account int64) error {
	list, err := tx.SearchesOf(account, 0, mostSearches)
	if err != nil {
		return err
	}
	for i := range list {
		if err := m.dropSearch(tx, &list[i]); err != nil {
			return err
		}
	}
	return nil
}
