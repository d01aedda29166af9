package redis

import (
	"context"
	"encoding/base64"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// Cache keeps small values of one kind for a short while. Keys and values lie
// in Redis as they are: callers hand over hashes, and what is sealed.
type Cache struct {
	client *Client
	name   string
}

// Cache gives the cache of a name.
func (c *Client) Cache(name string) *Cache { return &Cache{c, name} }

// Up says whether Redis answered when it was last asked.
func (c *Cache) Up() bool { return c.client.up.Load() }

func (c *Cache) key(key []byte) string {
	return prefix + c.name + ":" + base64.RawURLEncoding.EncodeToString(key)
}

// Find gives the value that is kept under a key, if there is one.
func (c *Cache) Find(ctx context.Context, key []byte) (value []byte, ok bool) {
	answered := c.client.ask(ctx, func(ctx context.Context) (err error) {
		value, err = c.client.redis.Get(ctx, c.key(key)).Bytes()
		return err
	})
	return value, answered && len(value) > 0
}

// Keep keeps a value for a while, unless there is one, or the key was dropped
// for longer: who read the value before that does not bring it back.
func (c *Cache) Keep(ctx context.Context, key, value []byte, life time.Duration) {
	c.client.ask(ctx, func(ctx context.Context) error {
		return c.client.redis.SetArgs(ctx, c.key(key), value, goredis.SetArgs{Mode: "NX", TTL: life}).Err()
	})
}

// Drop forgets the values of keys, and keeps none under them for a while.
// While Redis is away nothing is dropped: values live out their lives.
func (c *Cache) Drop(ctx context.Context, life time.Duration, keys ...[]byte) {
	if len(keys) == 0 {
		return
	}
	c.client.ask(ctx, func(ctx context.Context) error {
		_, err := c.client.redis.Pipelined(ctx, func(p goredis.Pipeliner) error {
			for _, key := range keys {
				p.Set(ctx, c.key(key), "", life)
			}
			return nil
		})
		return err
	})
}
