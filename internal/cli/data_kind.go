package cli

import (
	"context"

	"enishi/internal/config"
	"enishi/internal/errs"
	"enishi/internal/market"
	"enishi/internal/store"
)

// settingKind is the setting of a database that says whose data it holds.
const settingKind = "data_kind"

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

// keptApart is Denied if a database of these settings holds, or may hold, another kind of data than the
// installation is for, as those who serve it see it.
func keptApart(c *config.Config, setting func(name string) (string, error)) error {
	return market.KeptApart(setting, market.DataKind(c.DataKind), c.Demo)
}
