package mysql

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/go-sql-driver/mysql"
)

// passwords keeps the password that a server takes, and asks for another when it is
// refused. Connections that are open are not asked for it again.
type passwords struct {
	another func(ctx context.Context, refused string) (string, error)
	now     func() time.Time

	asking sync.Mutex // one asks, for all who were refused
	asked  time.Time  // when that was in vain

	mu      sync.Mutex
	current string
}

// How long another password is waited for, how soon after it was asked for in vain it is
// asked for again, and how many are tried: while it is being changed, the one before,
// the present one and the next may each be refused once.
const (
	passwordTime  = 5 * time.Second
	passwordEvery = time.Second
	passwordTries = 3
)

// newPasswords gives what keeps those of a configuration, which learns to ask it; nil
// if nobody knows another.
func newPasswords(config *mysql.Config, another func(context.Context, string) (string, error)) *passwords {
	if another == nil {
		return nil
	}
	return &passwords{another: another, now: time.Now, current: config.Passwd}
}

type passwordKey struct{}

// put is what the driver does before each connection.
func put(ctx context.Context, config *mysql.Config) error {
	if password, ok := ctx.Value(passwordKey{}).(string); ok {
		config.Passwd = password
	}
	return nil
}

func (p *passwords) known() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.current
}

// connect connects with the password that is known, or with another.
func (p *passwords) connect(ctx context.Context, dial func(context.Context) (driver.Conn, error)) (driver.Conn, error) {
	for try := 1; ; try++ {
		password := p.known()
		conn, err := dial(context.WithValue(ctx, passwordKey{}, password))
		if err == nil || !refusedPassword(err) || try == passwordTries {
			return conn, err
		}
		if found, asked := p.renew(ctx, password); !found {
			return nil, errors.Join(err, asked)
		}
	}
}

// renew says whether another password than the refused one is known now.
func (p *passwords) renew(ctx context.Context, refused string) (bool, error) {
	p.asking.Lock()
	defer p.asking.Unlock()
	if p.known() != refused {
		return true, nil // somebody else has asked meanwhile
	}
	if p.now().Sub(p.asked) < passwordEvery {
		return false, nil
	}
	ctx, cancel := context.WithTimeout(ctx, passwordTime)
	defer cancel()
	password, err := p.another(ctx, refused)
	if err != nil || password == refused {
		p.asked = p.now()
		if err != nil {
			err = fmt.Errorf("ask for another password: %w", err)
		}
		return false, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.current = password
	return true, nil
}

// refusedPassword says whether an error is about the password, or the user.
func refusedPassword(err error) bool {
	var e *mysql.MySQLError
	return errors.As(err, &e) && (e.Number == erAccessDenied || e.Number == erAccessDeniedNone)
}
