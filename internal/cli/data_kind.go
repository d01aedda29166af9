package cli

import (
	"context"
	"strings"

	"enishi/internal/config"
	"enishi/internal/errs"
	"enishi/internal/market"
	"enishi/internal/store"
)

// The settings of a database that say whose data it holds, and that an installation was made in it.
const (
	settingKind  = "data_kind"
	settingCheck = "secret_check"
)

// agreedOn is agreed for a change of a database that somebody serves: one that holds another kind
// of data than the settings say is refused before anything is shown or asked. Whoever copies rows
// into a database, or out of one, compares their kinds itself.
func (c *change) agreedOn(ctx context.Context, w World, r *config.Config, about intent) (market.Order, error) {
	if err := keptApartBefore(ctx, r); err != nil {
		return market.Order{}, err
	}
	return c.agreed(ctx, w, r, about)
}

// keptApartBefore is Denied if the database holds another kind of data than the settings say. Nothing
// of it is opened but these settings. One that is not there, or cannot be asked so, as with a
// password that was changed since, is asked by keptApart once it is open.
func keptApartBefore(ctx context.Context, c *config.Config) error {
	err := keptApart(c, func(name string) (string, error) {
		return settingOf(ctx, c, name)
	})
	if errs.Is(err, errs.Denied) {
		return err
	}
	return nil
}

// keptApartIn is Denied if an open database holds another kind of data than the settings say.
func keptApartIn(ctx context.Context, c *config.Config, s *store.Store) error {
	return s.Read(ctx, func(tx market.Tx) error { return keptApart(c, tx.Setting) })
}

// keptApart is Denied if a database of these settings holds people's data where only demo data may
// be, or may hold them as it does not say whose data that is; or demo data where people's is. One that
// is empty is anybody's. Those who serve see as well whether the mark is of this very database.
func keptApart(c *config.Config, setting func(name string) (string, error)) error {
	if c.DataKind == "" && !c.Demo {
		return nil
	}
	mark, err := setting(settingKind)
	if err != nil {
		return err
	}
	word, _, _ := strings.Cut(mark, " ")
	is := config.DataKind(word)
	switch {
	case is == config.RealData && c.Demo:
		return errs.New(errs.Denied, "this database holds people's data: it is never opened as a demo")
	case c.DataKind == config.DemoData && is == config.RealData:
		return errs.New(errs.Denied, "this installation is for demo data only (ENISHI_DATA_KIND=demo), and this database holds people's data: nothing of it is read or changed")
	case c.DataKind == config.RealData && is == config.DemoData:
		return errs.New(errs.Denied, "this installation is for people's data (ENISHI_DATA_KIND=real), and this database holds demo data: nothing of it is read or changed")
	case c.DataKind != config.DemoData || is != "":
		return nil
	}
	made, err := setting(settingCheck)
	if err == nil && made != "" {
		err = errs.New(errs.Denied, "this installation is for demo data only (ENISHI_DATA_KIND=demo), and this database does not say whose data it holds, so it may be people's: nothing of it is read or changed")
	}
	return err
}
