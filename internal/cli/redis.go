package cli

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"

	"enishi/internal/account"
	"enishi/internal/config"
	"enishi/internal/httpx"
	"enishi/internal/market"
	"enishi/internal/redis"
)

// sharing is what a process shares with others through Redis; without one,
// nothing.
type sharing struct {
	client *redis.Client
	key    []byte // under which addresses go there
}

// openRedis opens the Redis that the settings name, if they name one.
func openRedis(ctx context.Context, c *config.Config, log *slog.Logger, vault *account.Vault) (sharing, error) {
	if !c.Redis.Given() {
		return sharing{}, nil
	}
	key, err := vault.Key("addresses")
	if err != nil {
		return sharing{}, err
	}
	client, err := redis.Open(ctx, log, c.Redis, redis.Options{})
	if err != nil {
		return sharing{}, fmt.Errorf("open what ENISHI_REDIS_URL names: %w", err)
	}
	return sharing{client, key}, nil
}

// actors gives where it is kept which actor a token stands for; nil: nowhere.
func (s sharing) actors() market.Actors {
	if s.client == nil {
		return nil
	}
	return s.client.Cache("actor")
}

// limits gives the buckets that bound requests for all processes; nil: none.
func (s sharing) limits() httpx.Buckets {
	if s.client == nil {
		return nil
	}
	return s.client.Limits("address", s.key)
}

func (s sharing) metrics() []prometheus.Collector {
	if s.client == nil {
		return nil
	}
	return []prometheus.Collector{s.client}
}

func (s sharing) close() error {
	if s.client == nil {
		return nil
	}
	return s.client.Close()
}
