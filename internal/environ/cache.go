package environ

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticache"
	cachetypes "github.com/aws/aws-sdk-go-v2/service/elasticache/types"

	"enishi/internal/errs"
)

// nodes are those of the cache: the one that is written to first.
type nodes struct {
	group, shard, status string
	first                string
	others               []string
}

const firstNode = "the first is "

func (w *work) nodes(ctx context.Context) (n nodes, err error) {
	if n.group, err = w.made(ctx, "AWS::ElastiCache::ReplicationGroup", "DataCache"); err != nil {
		return n, err
	}
	missing := errs.New(errs.NotFound, "there is no cache of "+w.o.Environment+" in this account and region: is the environment whole? enishi env up makes it so")
	if n.group == "" {
		return n, missing
	}
	found, err := w.account.cache.DescribeReplicationGroups(ctx, &elasticache.DescribeReplicationGroupsInput{ReplicationGroupId: &n.group})
	if errors.As(err, new(*cachetypes.ReplicationGroupNotFoundFault)) || err == nil && (len(found.ReplicationGroups) != 1 || len(found.ReplicationGroups[0].NodeGroups) != 1) {
		return n, missing
	}
	if err != nil {
		return n, fmt.Errorf("look at the cache %s: %w", n.group, err)
	}
	shard := &found.ReplicationGroups[0].NodeGroups[0]
	n.status, n.shard = aws.ToString(found.ReplicationGroups[0].Status), aws.ToString(shard.NodeGroupId)
	for i := range shard.NodeGroupMembers {
		m := &shard.NodeGroupMembers[i]
		if id := aws.ToString(m.CacheClusterId); aws.ToString(m.CurrentRole) == "primary" {
			n.first = id
		} else {
			n.others = append(n.others, id)
		}
	}
	slices.Sort(n.others)
	return n, nil
}

// LookCacheFailover finds out which nodes of the cache could take the first one's place. It changes nothing.
// Conflict: there is none.
func LookCacheFailover(ctx context.Context, o *Options) (*Step, error) {
	w := newWork(o)
	s, err := w.begin(ctx, "cache")
	if err != nil {
		return nil, err
	}
	if s.untold() {
		return s.tellOnly(), nil
	}
	n, err := w.nodes(ctx)
	if err != nil {
		return nil, err
	}
	if len(n.others) == 0 {
		return nil, errs.New(errs.Conflict, "the cache has one node alone ("+n.first+"): ElastiCache replaces it by itself, and nothing in it is the only copy of anything")
	}
	s.From, s.To, s.Undo = s.was(firstNode+n.first), firstNode+strings.Join(n.others, " or "), s.command("failover", "cache")
	if s.Left != nil {
		s.To = s.Left.To
	}
	before := strings.TrimPrefix(s.From, firstNode)
	s.do = func(ctx context.Context, w *work) error { return w.failoverCache(ctx, before) }
	return s, nil
}

func (w *work) failoverCache(ctx context.Context, before string) error {
	var asked time.Time
	return w.await(ctx, "the failover of the cache", changeover, func(ctx context.Context) (bool, error) {
		n, err := w.nodes(ctx)
		switch {
		case err != nil:
			return false, err
		case n.status == available && n.first != before && n.first != "":
			w.tell("failover", n.first+" is the first", -1)
			return true, nil
		case n.status != available || time.Since(asked) < settles:
			return false, nil
		}
		w.tell("failover", before+" is told to leave its place", -1)
		_, err = w.account.cache.TestFailover(ctx, &elasticache.TestFailoverInput{ReplicationGroupId: &n.group, NodeGroupId: &n.shard})
		if errors.As(err, new(*cachetypes.InvalidReplicationGroupStateFault)) {
			return false, nil // on its way already
		}
		if err == nil {
			asked = time.Now()
		}
		return false, lasting(err)
	})
}
