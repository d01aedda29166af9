package mysql_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	driver "github.com/go-sql-driver/mysql"

	"enishi/internal/store/mysql"
)

// door is a server that takes one password, and whoever knows the others.
type door struct {
	mu    sync.Mutex
	takes string
	knows []string // in the order in which they are given
	asked int
	lost  error
}

func (d *door) dial(password string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if password != d.takes {
		return &driver.MySQLError{Number: 1045, Message: "Access denied"}
	}
	return nil
}

func (d *door) another(_ context.Context, refused string) (string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked++
	if d.lost != nil {
		return "", d.lost
	}
	for _, known := range d.knows {
		if known != refused {
			return known, nil
		}
	}
	return refused, nil
}

// TestRefusedPasswords follows a rotation: the one before is refused, so is the present one,
// and the next one is taken.
func TestRefusedPasswords(t *testing.T) {
	for _, test := range []struct {
		name         string
		knows        []string
		takes, first string
		asked        int
		fails        bool
	}{
		{name: "nothing has changed", knows: []string{"a"}, takes: "a", first: "a"},
		{name: "it was changed", knows: []string{"b"}, takes: "b", first: "a", asked: 1},
		{name: "it is being changed", knows: []string{"a", "b"}, takes: "b", first: "a", asked: 1},
		{name: "it was changed, and is again", knows: []string{"b", "c"}, takes: "c", first: "a", asked: 2},
		{name: "nobody knows it", knows: []string{"b"}, takes: "c", first: "a", asked: 2, fails: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := &door{takes: test.takes, knows: test.knows}
			err := mysql.SignIn(test.first, d.another)(t.Context(), d.dial)
			if (err != nil) != test.fails || d.asked != test.asked {
				t.Errorf("signing in = %v, asked %d times; want failure %t, %d", err, d.asked, test.fails, test.asked)
			}
		})
	}
}

// TestManyAreRefusedAtOnce expects one question for all of them, and, while nobody knows
// another, one in a second.
func TestManyAreRefusedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &door{takes: "b", knows: []string{"b"}}
		signIn := mysql.SignIn("a", d.another)
		all := func() (list []error) {
			failures := make(chan error)
			for range 50 {
				go func() { failures <- signIn(t.Context(), d.dial) }()
			}
			for range 50 {
				list = append(list, <-failures)
			}
			return list
		}
		failed := func(err error) bool { return err != nil }
		if list := all(); slices.ContainsFunc(list, failed) || d.asked != 1 {
			t.Errorf("signing in = %v, asked %d times, want once", list, d.asked)
		}
		d.takes, d.lost, d.asked = "c", errors.New("away"), 0
		for range 5 {
			if list := all(); !errors.Is(errors.Join(list...), d.lost) && d.asked > 1 {
				t.Errorf("signing in = %v", list)
			}
			time.Sleep(100 * time.Millisecond)
		}
		if d.asked != 1 {
			t.Errorf("asked %d times in half a second, want once", d.asked)
		}
		time.Sleep(time.Second)
		d.lost, d.knows = nil, []string{"c"}
		if list := all(); slices.ContainsFunc(list, failed) {
			t.Errorf("signing in, once it is known = %v", list)
		}
	})
}
