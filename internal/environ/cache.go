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
	password             time.Time // when it was changed last
	changing             bool      // it is just being changed
}

// rests says whether AWS is at nothing with the cache, as far as it shows.
func (n *nodes) rests() bool { return n.status == available && !n.changing }

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
	n.password = aws.ToTime(found.ReplicationGroups[0].AuthTokenLastModifiedDate)
	pending := found.ReplicationGroups[0].PendingModifiedValues
	n.changing = pending != nil && pending.AuthTokenStatus != ""
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
	n, err := w.nodes(ctx)
	if err != nil {
		return nil, err
	}
	if len(n.others) == 0 {
		return nil, errs.New(errs.Conflict, "the cache has one node alone ("+n.first+"): ElastiCache replaces it by itself, and nothing in it is the only copy of anything")
	}
	others := firstNode + strings.Join(n.others, " or ")
	s.From, s.To, s.Undo = firstNode+n.first, others, s.command("failover", "cache")
	if s.Left != nil && s.Left.Recent() && s.Left.From != firstNode+n.first && !s.Left.Made.IsZero() {
		return s.tellOnly(), nil
	}
	if s.Left != nil && s.Left.Recent() && s.Left.Made.IsZero() { // that one is ended, also where it was done meanwhile
		s.From, s.To = s.Left.From, s.Left.To
	}
	before := strings.TrimPrefix(s.From, firstNode)
	s.do = func(ctx context.Context, w *work) error { return w.failoverCache(ctx, before) }
	return s, nil
}

func (w *work) failoverCache(ctx context.Context, before string) error {
	order := func(ctx context.Context) error {
		n, err := w.nodes(ctx)
		if err != nil {
			return err
		}
		_, err = w.account.cache.TestFailover(ctx, &elasticache.TestFailoverInput{ReplicationGroupId: &n.group, NodeGroupId: &n.shard})
		return err
	}
	return w.moved(ctx, "the cache", order, func(ctx context.Context) (bool, string, error) {
		n, err := w.nodes(ctx)
		return err == nil && n.status == available && n.first != before && n.first != "", n.status, err
	})
}
