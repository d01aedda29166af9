package market

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"enishi/internal/errs"
)

// DataKind says whose data a database holds. It is kept in the database itself, so that a dump
// of people's data that is loaded elsewhere says what it is.
type DataKind string

// The kinds of data: of people, and of nobody.
const (
	RealData DataKind = "real"
	DemoData DataKind = "demo"
)

// unmarked says whether whose data the database holds is still to be kept there: it is new, or
// of people and from before databases were marked.
func (m *Market) unmarked(tx Tx, fresh bool) (bool, error) {
	if m.options.Data == "" || m.options.Data == DemoData && !fresh {
		return false, nil
	}
	mark, err := tx.Setting(settingData)
	return mark == "", err
}

// markOf gives whose data a database holds, as it says itself by its settings; empty: it does not. The mark
// bears a sign of the installation that it was made with: rows of another that were
// loaded over it are not meant by it, nor those that somebody has called something else since, and foreign says
// that there is such a mark. One of people's data is always believed.
func markOf(setting func(name string) (string, error)) (is DataKind, foreign bool, err error) {
	mark, err := setting(settingData)
	if err != nil || mark == "" {
		return "", false, err
	}
	sign, err := signOf(setting)
	kind, of, _ := strings.Cut(mark, " ")
	switch {
	case err != nil:
		return "", false, err
	case DataKind(kind) != RealData && (of != sign || DataKind(kind) != DemoData):
		return "", true, nil
	}
	return DataKind(kind), false, nil
}

// mark keeps whose data the installation is for.
func (m *Market) mark(tx Tx) error {
	sign, err := signOf(tx.Setting)
	if err != nil {
		return err
	}
	return tx.SetSetting(settingData, string(m.options.Data)+" "+sign)
}

// signOf tells one installation from another, by its seed, which is made once and never
// changes. Demo data of one seed has one sign.
func signOf(setting func(name string) (string, error)) (string, error) {
	seed, err := setting(settingSeed)
	sum := sha256.Sum256([]byte("whose data: " + seed))
	return hex.EncodeToString(sum[:8]), err
}

// holdsWanted is Denied if the database holds, or may hold, another kind of data than the
// installation is for, or half a database.
func (m *Market) holdsWanted(tx Tx) error {
	if err := m.unhalved(tx); err != nil {
		return err
	}
	return KeptApart(tx.Setting, m.options.Data, m.options.Demo)
}

// KeptApart is Denied if a database of these settings holds people's data where only demo data is wanted, or may
// hold them, as it does not say whose data that is or says so by the mark of another installation; or demo data where
// people's is wanted. One that is empty is anybody's, and where nothing is wanted everything is, but people's data as a
// demo. It asks for nothing but settings, so that a database can be asked before it is opened.
func KeptApart(setting func(name string) (string, error), wanted DataKind, demo bool) error {
	if wanted == "" && !demo {
		return nil
	}
	is, foreign, err := markOf(setting)
	if err != nil {
		return err
	}
	const nothing = ": nothing of it is read or changed. Begin with an empty database"
	asks := "this installation is for demo data only (ENISHI_DATA_KIND=demo)"
	if wanted == RealData {
		asks = "this installation is for people's data (ENISHI_DATA_KIND=real)"
	}
	switch {
	case is == RealData && demo:
		return errs.New(errs.Denied, "this database holds people's data: it is never opened as a demo")
	case wanted == "" || is == wanted:
		return nil
	case foreign:
		return errs.New(errs.Denied, asks+", and the mark that says whose data this database holds was not made in it: rows of another installation were loaded over its own, or somebody has changed the mark by hand, so they may be people's. "+
			"Nothing of it is read or changed: restore the database as it was, or begin with an empty one, into which enishi transfer and enishi env move bring rows together with their mark")
	case is == RealData:
		return errs.New(errs.Denied, asks+", and this database holds people's data"+nothing)
	case is == DemoData:
		return errs.New(errs.Denied, asks+", and this database holds demo data"+nothing)
	case wanted == RealData: // from before there were marks: whoever serves it marks it
		return nil
	}
	made, err := setting(settingCheck)
	if err == nil && made != "" {
		err = errs.New(errs.Denied, asks+", and this database does not say whose data it holds, so it may be people's"+nothing)
	}
	return err
}

// unhalved is Denied while another database is copied into this one, and after that was
// broken off.
func (m *Market) unhalved(tx Tx) error {
	half, err := tx.Setting(TransferMark)
	if err == nil && half != "" && !m.restoring {
		err = errs.New(errs.Denied, "a transfer into this database has not come to its end: wait for it, give it again, or begin again with an empty database")
	}
	return err
}
