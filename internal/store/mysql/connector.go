package mysql

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
)

// connector opens connections and runs the statements that each begins with.
type connector struct {
	driver.Connector
	begin     []string
	passwords *passwords // nil: the configuration's stays
}

// unsent is an error that the driver turns into driver.ErrBadConn wherever a
// connection is used, but not where one is made: it was cut after the server's
// greeting.
const unsent = "bad connection"

// Connect gives a connection that has run them.
func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.dial(ctx)
	if err != nil && err.Error() == unsent {
		err = fmt.Errorf("sign in: %w", driver.ErrBadConn)
	}
	if err != nil {
		return nil, err
	}
	x, ok := conn.(driver.ExecerContext)
	if !ok {
		return nil, errors.Join(errors.New("the driver cannot run statements"), conn.Close())
	}
	for _, statement := range c.begin {
		if _, err := x.ExecContext(ctx, statement, nil); err != nil {
			return nil, errors.Join(fmt.Errorf("begin a session: %w", err), conn.Close())
		}
	}
	return conn, nil
}

func (c *connector) dial(ctx context.Context) (driver.Conn, error) {
	if c.passwords == nil {
		return c.Connector.Connect(ctx)
	}
	return c.passwords.connect(ctx, c.Connector.Connect)
}
