package market

import (
	"time"

	"github.com/google/uuid"

	"enishi/internal/condition"
)

// SavedSearch is a question about candidates that a member keeps.
type SavedSearch struct {
	Key       int64
	ID        uuid.UUID
	Version   int64
	Company   int64
	Account   int64
	Name      string
	Condition condition.Condition // over profiles; may ask for text
	Alerts    bool                // its member wants to know of new matches
	Read      int64               // the key of the last alert that was read
	Told      int64               // and of the last that a digest told of
	CreatedAt time.Time
}

// Alert says that a candidate has come to match a saved search. One without a
// time says that they matched when the search was saved, which is no news.
type Alert struct {
	Key       int64
	Search    int64
	Candidate int64
	At        time.Time
}

// savedTx keeps saved searches with their alerts. Their locks come after all
// others.
type savedTx interface {
	AddSearch(*SavedSearch) error
	SavedSearch(key int64) (SavedSearch, error)
	LockSearch(key int64) (SavedSearch, error)
	SearchByID(uuid.UUID) (SavedSearch, error)
	// SaveSearch writes Name, Condition and Alerts.
	SaveSearch(*SavedSearch) error
	// MarkSearch writes Read and Told as far as they are higher than what is
	// stored; the version stays.
	MarkSearch(key, read, told int64) error
	// DropSearch removes a search with its alerts, if there is one.
	DropSearch(key int64) error
	// SearchesOf gives up to limit searches of an account after a key, by key.
	SearchesOf(account, after int64, limit int) ([]SavedSearch, error)
	// Alerting gives likewise those of everybody that alerts are wanted of.
	Alerting(after int64, limit int) ([]SavedSearch, error)
	// AddAlert notes an alert, with a time or without; Conflict if there is one
	// of its search and candidate.
	AddAlert(*Alert) error
	// Alerts gives up to limit alerts of a search that have a time, the newest
	// first, before a key (0: from the newest).
	Alerts(search, before int64, limit int) ([]Alert, error)
	// Alerted gives the searches that have an alert of a candidate, with a time
	// or without, by key.
	Alerted(candidate int64) ([]int64, error)
	// DropAlerts removes the alerts of a search.
	DropAlerts(search int64) error
	// Untold gives up to limit accounts after a key that have a search with
	// alerts behind Told which are wanted, by key.
	Untold(after int64, limit int) ([]int64, error)
}
