package guard_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"enishi/internal/guard"
)

// What the test's guards are set to.
const (
	every    = 200 * time.Millisecond
	patience = 4
	grace    = 3 * time.Second
	stop     = 2 * time.Second
)

// The exit codes of the test's program.
const (
	inOrder = 7
	atOnce  = 8
	alone   = 9
)

// TestMain is also the guard, and the program that it guards.
func TestMain(m *testing.M) {
	if len(os.Args) != 4 {
		os.Exit(m.Run())
	}
	role, addr, how := os.Args[1], os.Args[2], os.Args[3]
	switch role {
	case "guard":
		os.Exit(guards(addr, how))
	case "program":
		os.Exit(program(addr, how))
	default:
		os.Exit(m.Run())
	}
}

func guards(addr, how string) int {
	g := guard.Guard{
		Program: os.Args[0], Args: []string{"program", addr, how}, Every: every, Patience: patience, Grace: grace, Stop: stop,
		Log: slog.New(slog.NewTextHandler(os.Stderr, nil)),
		Ask: func(ctx context.Context) error {
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr, http.NoBody)
			if err != nil {
				return err
			}
			answer, err := http.DefaultClient.Do(r)
			if err != nil {
				return err
			}
			if answer.StatusCode != http.StatusOK {
				err = errors.New(answer.Status)
			}
			return errors.Join(err, answer.Body.Close())
		},
	}
	code, err := g.Run(context.Background())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// program answers until it is told to stop. how says what is wrong with it.
func program(addr, how string) int {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	ctx, end, err := guard.Under(context.Background(), slog.New(slog.NewTextHandler(os.Stderr, nil)), every)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer end()
	switch how {
	case "late":
		time.Sleep(grace / 2)
	case "orphans":
		for range 3 {
			if err := exec.Command("sh", "-c", "sleep 0.2 & exec true").Run(); err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
		}
	}
	if how != "silent" {
		l, err := net.Listen("tcp", addr)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		answered := 0
		go func() {
			_ = http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if answered++; how == "unwell" && answered > patience {
					w.WriteHeader(http.StatusServiceUnavailable)
				}
				if answered == 1 {
					fmt.Println("it answers")
				}
			}))
		}()
	}
	for told := 0; ; {
		select {
		case <-ctx.Done():
			fmt.Println(context.Cause(ctx))
			return alone
		case s := <-signals:
			fmt.Println("told:", s)
			told++
		}
		switch {
		case told == 2:
			return atOnce
		case how != "slow":
			return inOrder
		}
	}
}

// said is the output of both.
func (p *pair) said(text string) bool { return strings.Contains(p.out.String(), text) }
