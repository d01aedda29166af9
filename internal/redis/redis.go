// Package redis is what the processes of an installation share through Redis,
// Valkey or ElastiCache: buckets of tokens that bound requests, and small
// values that live for seconds. Nothing in it is the only copy of anything.
//
// It never fails its callers and never makes them wait for long: when Redis
// does not answer, it is away for everyone at once, each question is answered
// with "nobody knows" at no cost, and Run finds out when it is back. What is
// kept holds no personal data: names in it are keyed hashes. Everything here is
// safe for concurrent use.
package redis

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/redis/go-redis/v9/maintnotifications"

	"enishi/internal/config"
	"enishi/internal/errs"
)

// Wait is how long Redis may take to answer. In a data centre it takes a
// millisecond; and all places for requests may come to wait at once, which must
// be over before the service takes it for overload and refuses people.
const Wait = 100 * time.Millisecond

// checkTime bounds a check, in which nobody waits: connecting may take longer.
const checkTime = time.Second

// Connections of one process to one node: each carries some thousand calls a
// second.
const (
	connectionsACore = 8
	mostConnections  = 64
	// idleTime is how long a connection is trusted that nobody uses: its
	// server may have been replaced without a word.
	idleTime = 10 * time.Second
)

// CheckEvery is how often a process asks whether Redis is there.
const CheckEvery = time.Second

// Options are what a process decides.
type Options struct {
	// CheckEvery is how often Run asks whether Redis is there; 0: the
	// constant of the same name.
	CheckEvery time.Duration
	// Wait is how long Redis may take to answer, and twice as long if it must
	// be connected to first; 0: the constant of the same name.
	Wait time.Duration
	// Changed is told, if it is not nil, when Redis has gone away and when it
	// is back; it must not block.
	Changed func(up bool)
}

// Client speaks to one Redis.
type Client struct {
	log     *slog.Logger
	redis   goredis.UniversalClient
	address config.Redis
	options Options
	calls   *prometheus.CounterVec
	shown   prometheus.GaugeFunc

	up       atomic.Bool
	changing sync.Mutex
	known    bool // whether up was ever found out; what follows is under changing too
	rose     time.Time
	patience time.Duration // until it is believed again after it fell
	again    time.Time
}

// Open gives the client of a Redis. It asks once whether that is there, and is
// content if it is not. Authorities that cannot be read are Invalid.
func Open(ctx context.Context, log *slog.Logger, address config.Redis, o Options) (*Client, error) {
	trust, err := trusted(address)
	if err != nil {
		return nil, err
	}
	if o.CheckEvery == 0 {
		o.CheckEvery = CheckEvery
	}
	if o.Wait == 0 {
		o.Wait = Wait
	}
	logging.Disable() // the library would write a line for each failed call
	c := &Client{log: log, address: address, options: o}
	c.redis = goredis.NewUniversalClient(&goredis.UniversalOptions{
		Addrs: address.Hosts, IsClusterMode: address.Cluster, DB: address.DB,
		Username: address.User, Password: string(address.Password), TLSConfig: trust,
		DialTimeout: checkTime, DialerRetries: 1, ReadTimeout: o.Wait, WriteTimeout: o.Wait, ContextTimeoutEnabled: true,
		MaxRetries: -1, // a call that failed is answered without Redis: repeats would only keep it busy
		PoolSize:   min(mostConnections, connectionsACore*runtime.GOMAXPROCS(0)), PoolTimeout: o.Wait,
		MaxActiveConns: mostConnections, ConnMaxIdleTime: idleTime, PipelinePoolSize: -1,
		DisableIdentity: true, MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})
	c.redis.AddHook(tracing{})
	c.addMetrics()
	c.look(ctx)
	return c, nil
}

// trusted gives how the server's certificate is verified; nil without TLS.
func trusted(address config.Redis) (*tls.Config, error) {
	if !address.TLS {
		return nil, nil
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if address.CA == "" {
		return c, nil
	}
	text, err := os.ReadFile(address.CA)
	if err != nil {
		return nil, errs.Wrap(errs.Invalid, "the authorities of Redis, "+address.CA+", cannot be read", err)
	}
	c.RootCAs = x509.NewCertPool()
	if !c.RootCAs.AppendCertsFromPEM(text) {
		return nil, errs.New(errs.Invalid, "the authorities of Redis, "+address.CA+", hold no certificate in PEM")
	}
	return c, nil
}

// Up says whether Redis is there, as far as is known.
func (c *Client) Up() bool { return c.up.Load() }

// Close ends the connections.
func (c *Client) Close() error {
	if err := c.redis.Close(); err != nil {
		return fmt.Errorf("close the connections to Redis: %w", err)
	}
	return nil
}
