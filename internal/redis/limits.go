package redis

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"time"

	"github.com/go-redis/redis_rate/v10"
)

// Limits are buckets of tokens of one kind, from which all processes take. The
// time is the Redis server's own.
type Limits struct {
	client *Client
	rate   *redis_rate.Limiter
	name   string
	key    []byte
}

// Limits gives the buckets of a name. Whose a bucket is goes into Redis as a
// hash under key alone, which every process must have.
func (c *Client) Limits(name string, key []byte) *Limits {
	return &Limits{client: c, rate: redis_rate.NewLimiter(c.redis), name: name, key: key}
}

// Take takes a token from the bucket of somebody, which holds burst tokens and
// gains one each time that every has passed. wait says when there will be one,
// 0 if it was taken. ok is false if Redis is away: then nobody knows.
func (l *Limits) Take(ctx context.Context, of string, burst int, every time.Duration) (wait time.Duration, ok bool) {
	ok = l.client.ask(ctx, func(ctx context.Context) error {
		r, err := l.rate.Allow(ctx, l.bucket(of), redis_rate.Limit{Rate: 1, Period: every, Burst: burst})
		if err == nil && r.Allowed == 0 {
			wait = max(r.RetryAfter, time.Nanosecond)
		}
		return err
	})
	return wait, ok
}

// bucket gives the key of somebody's bucket: 128 bits tell all apart.
func (l *Limits) bucket(of string) string {
	h := hmac.New(sha256.New, l.key)
	io.WriteString(h, l.name+"\x00"+of) //nolint:errcheck // a hash does not fail
	return prefix + l.name + ":" + base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:16])
}
