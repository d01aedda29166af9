package cli

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"enishi/internal/errs"
)

// healthCmd asks a server on this machine how it is, for a container that holds
// nothing but the program.
type healthCmd struct {
	Addr    *string       `placeholder:"HOST:PORT" help:"Address that the server listens on (default 127.0.0.1:8080)."`
	Ready   bool          `help:"Ask whether it takes requests, not only whether it lives: no while it loads, and while its database is away."`
	Timeout time.Duration `default:"2s" help:"How long to wait for the answer."`
}

// Help says what it is for.
func (c *healthCmd) Help() string {
	return `For the health check of a container: exits with 0 if the server answers that it is well, else with 1 and the reason.

Examples:
  enishi health
  enishi health --ready --addr 127.0.0.1:9000`
}

// Run asks.
func (c *healthCmd) Run(ctx context.Context, w World) error {
	resolved, err := settings{Addr: c.Addr}.resolve(w)
	if err != nil {
		return err
	}
	path := "/livez"
	if c.Ready {
		path = "/readyz"
	}
	ctx, stop := context.WithTimeout(ctx, c.Timeout)
	defer stop()
	client := asker()
	defer client.CloseIdleConnections()
	said, err := ask(ctx, client, "http://"+reachable(resolved.Addr)+path)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(w.Out, said)
	return err
}

// asker gives a client for a server on this machine, whatever proxies there are for
// others.
func asker() *http.Client { return &http.Client{Transport: &http.Transport{MaxIdleConns: 1}} }

// ask gives what a server says at a probe's address, if that is that it is well.
func ask(ctx context.Context, client *http.Client, url string) (said string, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return "", errs.Wrap(errs.Invalid, "the address cannot be asked", err)
	}
	answer, err := client.Do(r)
	if err != nil {
		return "", errs.Wrap(errs.Busy, url+" does not answer", err)
	}
	defer answer.Body.Close() //nolint:errcheck // it is only read
	const most = 1000
	body, err := io.ReadAll(io.LimitReader(answer.Body, most))
	if err != nil {
		return "", errs.Wrap(errs.Busy, url+" does not answer", err)
	}
	said = strings.TrimSpace(string(body))
	if answer.StatusCode != http.StatusOK {
		return "", errs.New(errs.Busy, fmt.Sprintf("%s answers %s: %s", url, answer.Status, said))
	}
	return said, nil
}

// reachable gives the address to ask a server that may listen on all of them.
func reachable(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}
