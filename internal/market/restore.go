package market

import (
	"context"
	"crypto/rand"
	"fmt"

	"enishi/internal/account"
	"enishi/internal/errs"
)

// TransferKept begins the names of the settings that keep, beside TransferMark and for as long, what
// a database knew before its rows were removed.
const TransferKept = TransferMark + "."

// SettingRestored says which moment the rows were last taken back to.
const SettingRestored = "restored"

// Related says of the settings of two databases, by name, whether they are of one installation with
// one secret, and whether they are alike in what each Restore makes another.
func Related(a, b map[string]string) (one, alike bool) {
	one = a[settingSeed] != "" && a[settingSeed] == b[settingSeed] && a[settingCheck] != "" && a[settingCheck] == b[settingCheck]
	return one, one && a[settingIdentity] == b[settingIdentity]
}

// Restore makes rows of an earlier moment an installation that goes on from there, and erases
// candidates again who have erased themselves since; it gives how many of them were there. The
// installation gets another identity: by that, no image of the populations and no actor that
// is kept elsewhere, which both may know of what was after that moment, is believed any more.
// Nobody may serve it yet: its rows bear the TransferMark. A repeat does nothing twice.
func Restore(ctx context.Context, store Store, vault *account.Vault, o Options, candidates []int64) (erased int, err error) {
	m := &Market{store: store, vault: vault, options: o, restoring: true}
	if err := m.install(ctx); err != nil {
		return 0, fmt.Errorf("open the installation: %w", err)
	}
	err = store.Write(ctx, func(tx Tx) error {
		half, err := tx.Setting(TransferMark)
		if err == nil && half == "" {
			err = errs.New(errs.Conflict, "this installation is served: nothing was restored into it")
		}
		if err != nil {
			return err
		}
		return tx.SetSetting(settingIdentity, rand.Text())
	})
	if err != nil {
		return 0, fmt.Errorf("give the installation another identity: %w", err)
	}
	for _, key := range candidates {
		there := true
		err := store.Write(ctx, func(tx Tx) error {
			c, err := tx.Candidate(key)
			if there = !errs.Is(err, errs.NotFound); err != nil {
				return notFoundIsNil(err)
			}
			_, err = m.erase(tx, Actor{Account: c.Account, Kind: account.Candidate, Candidate: c.Key})
			return err
		})
		if err != nil {
			return erased, fmt.Errorf("erase the candidate %d again: %w", key, err)
		}
		if there {
			erased++
		}
	}
	return erased, nil
}
