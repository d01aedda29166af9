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
	is, err := markOf(tx)
	return is == "", err
}

// markOf gives whose data the database holds, as it says itself; empty: it does not. The mark
// bears a sign of the installation that it was made with: rows of another that were
// loaded over it are not meant by it. One of people's data is always believed.
func markOf(tx Tx) (DataKind, error) {
	mark, err := tx.Setting(settingData)
	if err != nil || mark == "" {
		return "", err
	}
	sign, err := signOf(tx)
	kind, of, _ := strings.Cut(mark, " ")
	if DataKind(kind) != RealData && of != sign {
		kind = ""
	}
	return DataKind(kind), err
}

// mark keeps whose data the installation is for.
func (m *Market) mark(tx Tx) error {
	sign, err := signOf(tx)
	if err != nil {
		return err
	}
	return tx.SetSetting(settingData, string(m.options.Data)+" "+sign)
}

// signOf tells one installation from another, by its seed, which is made once and never
// changes. Demo data of one seed has one sign.
func signOf(tx Tx) (string, error) {
	seed, err := tx.Setting(settingSeed)
	sum := sha256.Sum256([]byte("whose data: " + seed))
	return hex.EncodeToString(sum[:8]), err
}

// holdsWanted is Denied if the database holds, or may hold, another kind of data than the
// installation is for.
func (m *Market) holdsWanted(tx Tx) error {
	if err := m.unhalved(tx); err != nil {
		return err
	}
	is, err := markOf(tx)
	if err != nil {
		return err
	}
	wanted := m.options.Data
	switch {
	case is == RealData && m.options.Demo:
		return errs.New(errs.Denied, "this database holds people's data: it is never served as a demo")
	case wanted == "" || is == wanted:
		return nil
	case is == "":
		return errs.New(errs.Denied, "this installation is for demo data only (ENISHI_DATA_KIND=demo), and this database does not say whose data it holds, so it may be people's: begin with an empty database")
	case wanted == DemoData:
		return errs.New(errs.Denied, "this installation is for demo data only (ENISHI_DATA_KIND=demo), and this database holds people's data: begin with an empty database")
	}
	return errs.New(errs.Denied, "this installation is for people's data (ENISHI_DATA_KIND=real), and this database holds demo data: begin with an empty database")
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
