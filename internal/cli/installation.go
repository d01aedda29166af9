package cli

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"enishi/internal/account"
	"enishi/internal/config"
	"enishi/internal/errs"
	"enishi/internal/market"
	"enishi/internal/smtp"
	"enishi/internal/store"
	"enishi/internal/store/mysql"
	"enishi/internal/store/sqlite"
)

// databaseFile is the name of the database in the data folder.
const databaseFile = "enishi.db"

// installation is an open data folder.
type installation struct {
	store  *store.Store
	vault  *account.Vault
	fresh  bool // it was made just now
	shared sharing
	mail   *smtp.Sender // nil: mails wait at /dev/mail
}

// purpose is what a database is opened for.
type purpose int

const (
	serving purpose = iota
	loading         // an empty one is filled
	beside          // a little is written beside those who serve
	looking         // as beside, also into a folder whose rows were brought elsewhere
)

// openExisting is openInstallation of one that is there: it makes no folder.
func openExisting(ctx context.Context, c *config.Config, p purpose) (*installation, error) {
	if !c.Shared() {
		if _, err := os.Stat(filepath.Join(c.Data, databaseFile)); errors.Is(err, fs.ErrNotExist) {
			return nil, errs.New(errs.NotFound, "there is no installation in "+c.Data+" yet: enishi serve makes one when it starts")
		}
	}
	return openInstallation(ctx, c, p)
}

// openInstallation opens the database that the settings name, unless it holds another kind of data
// than they say.
func openInstallation(ctx context.Context, c *config.Config, p purpose) (*installation, error) {
	if err := keptApartBefore(ctx, c); err != nil { // opening it may bring its schema up to date
		return nil, err
	}
	open := openFolder
	if c.Shared() {
		open = openServer
	}
	in, err := open(ctx, c, p)
	if err != nil {
		return nil, err
	}
	if err := keptApartIn(ctx, c, in.store); err != nil {
		return nil, errors.Join(err, in.close(nil))
	}
	return in, nil
}

// openServer opens the database of a server.
func openServer(ctx context.Context, c *config.Config, p purpose) (*installation, error) {
	vault, err := account.NewVault(c.Secret)
	if err != nil {
		return nil, err
	}
	password, err := otherPassword(ctx, c.DatabaseSecret)
	if err != nil {
		return nil, err
	}
	s, err := mysql.Open(ctx, c.DatabaseURL, mysql.Options{
		Connections: c.Connections, Share: c.ConnectionShare(), Loading: p == loading, Expect: p == beside || p == looking, Replica: replica(c, p), Password: password,
	})
	if err != nil {
		return nil, err
	}
	return &installation{store: s, vault: vault}, nil
}

// replica gives the address of the replica for what is opened: only who serves
// shows lists.
func replica(c *config.Config, p purpose) string {
	if p != serving {
		return ""
	}
	return c.DatabaseReaderURL
}

// openFolder opens the data folder, or makes it.
func openFolder(ctx context.Context, c *config.Config, p purpose) (*installation, error) {
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return nil, errs.Wrap(errs.Invalid, "the data folder "+c.Data+" cannot be made: choose another with --data, or give this user the right to write there", err)
	}
	moved := func() error {
		if p == looking {
			return nil
		}
		return unmoved(c.Data)
	}
	if err := moved(); err != nil { // before anything is made or changed there
		return nil, err
	}
	database := filepath.Join(c.Data, databaseFile)
	_, err := os.Stat(database)
	fresh := errors.Is(err, fs.ErrNotExist)
	secret := c.Secret
	if len(secret) == 0 {
		find := config.FindOrMakeSecret
		if !fresh {
			find = config.FindSecret // a new one would fit nothing that is there
		}
		if secret, err = find(c.Data); err != nil {
			return nil, err
		}
	}
	vault, err := account.NewVault(secret)
	if err != nil {
		return nil, err
	}
	s, err := sqlite.Open(ctx, database, sqlite.Options{Relaxed: p == loading, Beside: p == beside || p == looking})
	if err != nil {
		return nil, err
	}
	if err := moved(); err != nil { // who marks a folder has its lock, which is ours now if we serve
		return nil, errors.Join(err, s.Close())
	}
	return &installation{store: s, vault: vault, fresh: fresh}, nil
}

// writers gives how many transactions that write have ended, and whether every
// connection for them is lent.
func (i *installation) writers() (ended int64, full bool) {
	w := i.store.Stats().Writers
	return w.Transactions - int64(w.InUse), w.InUse == w.Most
}

func (i *installation) close(err error) error {
	if i.mail != nil {
		err = errors.Join(err, i.mail.Close())
	}
	return errors.Join(err, i.shared.close(), i.store.Close())
}

// openMail prepares to send mails by the server that the settings name, if they
// name one.
func (i *installation) openMail(c *config.Config) (err error) {
	if c.Mail.Given() {
		i.mail, err = smtp.Open(c.Mail)
	}
	return err
}

// mailer gives who takes the mails of the installation.
func (i *installation) mailer() market.Mailer {
	if i.mail == nil {
		return outbox{}
	}
	return i.mail
}

// options are what the market needs to know of the settings.
func options(c *config.Config, log *slog.Logger, mail market.Mailer, w World) market.Options {
	return market.Options{
		Mode: market.Mode(c.MatchingMode), Demo: c.Demo, Data: market.DataKind(c.DataKind), Clock: w.Now, Mail: mail, Shared: c.Shared(), Address: c.PublicURL,
		Report: func(ctx context.Context, what string, err error) {
			level := slog.LevelError
			if errs.Is(err, errs.Stale) { // as what a program of another version left: there is another way
				level = slog.LevelWarn
			}
			log.Log(ctx, level, what, "error", err)
		},
	}
}

// outbox stands in for mail: what is written stays in the database, where
// /dev/mail shows it.
type outbox struct{}

func (outbox) Send(context.Context, *market.Letter) error { return nil }
