package mysql_test

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"testing"

	client "github.com/go-sql-driver/mysql"

	"enishi/internal/errs"
	"enishi/internal/store/mysql"
)

// TestFailoverErrors tells of each error of a failover whether the transaction
// is run again, and whether a COMMIT that ends so may have been heard.
func TestFailoverErrors(t *testing.T) {
	server := func(code uint16) error { return &client.MySQLError{Number: code, Message: "'taro@example.jp'"} }
	for name, c := range map[string]struct {
		err         error
		retry, lost bool
	}{
		"not sent, or refused as read only": {driver.ErrBadConn, true, false},
		"cut while waiting":                 {client.ErrInvalidConn, true, true},
		"given up":                          {context.Canceled, false, true},
		"shutdown":                          {server(1053), true, true},
		"killed, of MariaDB or MaxScale":    {server(1927), true, true},
		"a node outside of its cluster":     {server(1047), true, false},
		"offline mode":                      {server(3032), true, false},
		"rolled back by a group":            {server(3101), true, false},
		"ProxySQL has lost the server":      {server(2013), true, true},
		"ProxySQL finds no server":          {server(9001), true, false},
		"RDS Proxy finds no server":         {server(9501), true, false},
		"this machine is blocked":           {server(1129), false, false},
		"no connection for this user left":  {server(1203), true, false},
		"a limit of this user":              {server(1226), true, false},
		"another password":                  {server(1045), false, false},
		"no rights any more":                {server(1142), false, false},
	} {
		f := mysql.Classify(fmt.Errorf("commit: %w", c.err))
		if f.Kind != errs.Busy || f.Message == "" || f.Retry != c.retry || f.Lost != c.lost {
			t.Errorf("%s: %+v; want Busy, retry %t, lost %t", name, f, c.retry, c.lost)
		}
		var quoting *client.MySQLError
		if errors.As(c.err, &quoting) && f.Plain == nil {
			t.Errorf("%s: what the server quotes may be logged", name)
		}
	}
}
