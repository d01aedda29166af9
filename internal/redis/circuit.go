package redis

import (
	"context"
	"errors"
	"strconv"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// prefix is before every key, so that others may share a Redis with us.
const prefix = "enishi:"

// ask runs a question unless Redis is away, and says whether it was answered.
// Without an answer Redis is away from now on, for everyone.
func (c *Client) ask(ctx context.Context, question func(context.Context) error) bool {
	if !c.up.Load() {
		c.calls.WithLabelValues("away").Inc()
		awayNow(ctx)
		return false
	}
	bounded, cancel := context.WithTimeout(ctx, 2*c.options.Wait)
	defer cancel()
	err := question(bounded)
	switch {
	case err == nil, errors.Is(err, goredis.Nil):
		c.calls.WithLabelValues("answered").Inc()
		return true
	case ctx.Err() != nil: // whoever asked has gone: it says nothing of Redis
		c.calls.WithLabelValues("left").Inc()
	case errors.Is(err, goredis.ErrPoolTimeout): // too many of us at once
		c.calls.WithLabelValues("crowded").Inc()
	default:
		c.calls.WithLabelValues("failed").Inc()
		c.fell(err)
	}
	return false
}

// Run asks again and again whether Redis is there, until ctx is done: so that
// it is used again when it is back, and missed before a request misses it.
func (c *Client) Run(ctx context.Context) error {
	tick := time.NewTicker(c.options.CheckEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-tick.C:
			if c.up.Load() || c.believable(now) {
				c.look(ctx)
			}
		}
	}
}

// look finds out whether Redis is there.
func (c *Client) look(ctx context.Context) {
	err := c.check(ctx)
	switch {
	case ctx.Err() != nil:
	case err != nil:
		c.fell(err)
	default:
		c.arose()
	}
}

// checkKeys is how many keys a cluster is checked by: nodes that answer but
// cannot be written are found by those that fall to them.
const checkKeys = 32

// check does what calls do, a write: a server that is out of memory or has
// become a replica answers a PING.
func (c *Client) check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	keys := 1
	cluster, many := c.redis.(*goredis.ClusterClient)
	if many {
		keys = checkKeys
		if !c.up.Load() {
			cluster.ReloadState(ctx) // who is master may have changed
		}
	}
	_, err := c.redis.Pipelined(ctx, func(p goredis.Pipeliner) error {
		for i := range keys {
			p.Set(ctx, prefix+"check:"+strconv.Itoa(i), "", time.Minute)
		}
		return nil
	})
	if err != nil || !many {
		return err
	}
	return cluster.ForEachMaster(ctx, func(ctx context.Context, node *goredis.Client) error { return node.Ping(ctx).Err() })
}

// A Redis that falls again soon after it came back is left alone for longer
// each time: steady is how many checks it must stand to be trusted anew,
// mostPatience how many are left out at most.
const (
	steady       = 10
	mostPatience = 32
)

// fell notes that Redis is away.
func (c *Client) fell(reason error) {
	c.changing.Lock()
	defer c.changing.Unlock()
	now, every := time.Now(), c.options.CheckEvery
	if c.known && !c.up.Load() {
		c.again = now.Add(c.patience)
		return
	}
	if c.patience == 0 || now.Sub(c.rose) > steady*every {
		c.patience = every
	} else {
		c.patience = min(2*c.patience, mostPatience*every)
	}
	c.again = now.Add(c.patience)
	c.up.Store(false)
	c.known = true
	c.log.Warn("Redis is away: limits are each process's own, sessions are read from the database",
		"redis", c.address.String(), "error", reason)
	c.tell(false)
}

// believable says whether it is time to ask a Redis that is away.
func (c *Client) believable(now time.Time) bool {
	c.changing.Lock()
	defer c.changing.Unlock()
	return !now.Before(c.again)
}

// arose notes that Redis is there.
func (c *Client) arose() {
	c.changing.Lock()
	defer c.changing.Unlock()
	if c.up.Load() {
		return
	}
	back := c.known
	c.known, c.rose = true, time.Now()
	c.up.Store(true)
	if back {
		c.log.Info("Redis is back: limits and sessions are shared through it", "redis", c.address.String())
	}
	c.tell(true)
}

func (c *Client) tell(up bool) {
	if c.options.Changed != nil {
		c.options.Changed(up)
	}
}
