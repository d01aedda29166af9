package environ

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cachetypes "github.com/aws/aws-sdk-go-v2/service/elasticache/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"

	"enishi/internal/errs"
)

// instance is one of the database.
type instance struct {
	id, status, zone string
	writes           bool
	tier             int32 // the lowest takes over first
}

func (i *instance) String() string { return fmt.Sprintf("%s (zone %s, %s)", i.id, i.zone, i.status) }

// What RDS calls an instance that answers and a cluster that is not being changed, and one that restarts.
const available, rebooting = "available", "rebooting"

// cluster is the database's name.
func (a *account) cluster() string { return "enishi-" + a.environment }

// instances gives those of the database, the one that writes first, then in the order in which they take over.
func (w *work) instances(ctx context.Context) (all []instance, status string, err error) {
	c, err := w.mainCluster(ctx)
	if err != nil {
		return nil, "", err
	}
	each, err := w.instancesOf(ctx, w.account.cluster())
	if err != nil {
		return nil, "", err
	}
	for i := range c.DBClusterMembers {
		m := &c.DBClusterMembers[i]
		one := instance{id: aws.ToString(m.DBInstanceIdentifier), writes: aws.ToBool(m.IsClusterWriter), tier: aws.ToInt32(m.PromotionTier)}
		for j := range each {
			if d := &each[j]; aws.ToString(d.DBInstanceIdentifier) == one.id {
				one.status, one.zone = aws.ToString(d.DBInstanceStatus), aws.ToString(d.AvailabilityZone)
			}
		}
		all = append(all, one)
	}
	slices.SortFunc(all, func(x, y instance) int {
		if x.writes != y.writes {
			return map[bool]int{true: -1, false: 1}[x.writes]
		}
		return cmp.Or(cmp.Compare(x.tier, y.tier), strings.Compare(x.id, y.id))
	})
	return all, aws.ToString(c.Status), nil
}

// clusterOf gives a cluster of a name; nil: there is none.
func (w *work) clusterOf(ctx context.Context, name string) (*rdstypes.DBCluster, error) {
	found, err := w.account.rds.DescribeDBClusters(ctx, &rds.DescribeDBClustersInput{DBClusterIdentifier: &name})
	if errors.As(err, new(*rdstypes.DBClusterNotFoundFault)) || err == nil && len(found.DBClusters) != 1 {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look at the database %s: %w", name, err)
	}
	return &found.DBClusters[0], nil
}

// mainCluster gives that of the environment's database. NotFound: there is none.
func (w *work) mainCluster(ctx context.Context) (*rdstypes.DBCluster, error) {
	c, err := w.clusterOf(ctx, w.account.cluster())
	if err == nil && c == nil {
		err = errs.New(errs.NotFound, "there is no database "+w.account.cluster()+" in this account and region: is the environment whole? enishi env up makes it so")
	}
	return c, err
}

// instancesOf lists the instances of a cluster, as RDS has them.
func (w *work) instancesOf(ctx context.Context, name string) ([]rdstypes.DBInstance, error) {
	each, err := w.account.rds.DescribeDBInstances(ctx, &rds.DescribeDBInstancesInput{Filters: []rdstypes.Filter{{Name: aws.String("db-cluster-id"), Values: []string{name}}}})
	if err != nil {
		return nil, fmt.Errorf("look at the instances of the database %s: %w", name, err)
	}
	return each.DBInstances, nil
}

// changeover is how long a failover, and a restart of an instance, may take.
const changeover = 10 * time.Minute

// LookFailover finds out which reader of the database would write, which is the one of that name if there is
// one. It changes nothing. Conflict: there is no reader that could.
func LookFailover(ctx context.Context, o *Options, to string) (*Step, error) {
	w := newWork(o)
	s, err := w.begin(ctx, "database")
	if err != nil {
		return nil, err
	}
	all, _, err := w.instances(ctx)
	if err != nil {
		return nil, err
	}
	now := writes + all[0].id
	if to == "" && s.Left != nil && s.Left.Recent() { // the same once more means that one
		to = strings.TrimPrefix(s.Left.To, writes)
	}
	halfway, untold := s.again(writes + to)
	if untold && now == s.Left.To {
		return s.tellOnly(), nil
	}
	next := slices.IndexFunc(all, func(i instance) bool {
		return i.id == to || to == "" && !i.writes && i.status == available
	})
	var names []string
	for i := range all {
		names = append(names, all[i].String())
	}
	switch {
	case next < 0 && to != "":
		return nil, errs.AtPointer("the instance", to, strings.Join(names, ", "))
	case next < 0:
		return nil, errs.New(errs.Conflict, "the database has no reader that could write: "+strings.Join(names, ", ")+". RDS brings one that is away back by itself")
	case all[next].writes && !halfway:
		return nil, errs.New(errs.Conflict, to+" writes already")
	}
	s.From, s.To = now, writes+all[next].id
	if halfway {
		s.From = s.Left.From
	}
	s.Then = "There are " + strings.Join(names, ", ") + "."
	s.Undo = s.command("failover", "database", "--to", strings.TrimPrefix(s.From, writes))
	s.do = func(ctx context.Context, w *work) error { return w.failover(ctx, all[next].id) }
	return s, nil
}

const writes = "the writer is "

func (w *work) failover(ctx context.Context, to string) error {
	order := func(ctx context.Context) error {
		_, err := w.account.rds.FailoverDBCluster(ctx, &rds.FailoverDBClusterInput{DBClusterIdentifier: aws.String(w.account.cluster()), TargetDBInstanceIdentifier: &to})
		return err
	}
	return w.moved(ctx, "the database", order, func(ctx context.Context) (bool, string, error) {
		all, status, err := w.instances(ctx)
		return err == nil && len(all) > 0 && all[0].writes && all[0].id == to && status == available, status, err
	})
}

// moved orders that another takes the first place, as soon as AWS takes such an order, and waits until it has.
func (w *work) moved(ctx context.Context, what string, order func(context.Context) error, look func(context.Context) (done bool, status string, err error)) error {
	var asked time.Time
	var shown string
	var refusal error
	err := w.await(ctx, "the failover of "+what, changeover, func(ctx context.Context) (bool, error) {
		done, status, err := look(ctx)
		if err != nil || done {
			return done, err
		}
		if status != shown {
			w.tell("failover", what+" is "+status, -1)
			shown = status
		}
		if status != available || time.Since(asked) < settles {
			return false, nil
		}
		w.tell("failover", "AWS is told", -1)
		if err = order(ctx); busy(err) {
			refusal = err
			return false, nil // on its way already, by whoever; or about to be ready
		}
		if err == nil {
			asked = time.Now()
		}
		return false, lasting(err)
	})
	if asked.IsZero() && errs.Is(err, errs.Busy) {
		return errors.Join(errs.New(errs.Busy, fmt.Sprintf("AWS was not told in %v, since %s is %s", changeover, what, shown)), refusal)
	}
	return err
}

// busy says that AWS does not take an order in the state that there is.
func busy(err error) bool {
	return errors.As(err, new(*rdstypes.InvalidDBClusterStateFault)) || errors.As(err, new(*rdstypes.InvalidDBInstanceStateFault)) || errors.As(err, new(*cachetypes.InvalidReplicationGroupStateFault))
}

// settles is how long AWS may take to show that what it was told has begun.
const settles = time.Minute

// lasting makes an error final that the next look would meet as well.
func lasting(err error) error {
	if denied(err) {
		return final{err}
	}
	return err
}

// LookRestart finds out what it means to restart an instance of the database. It changes nothing.
func LookRestart(ctx context.Context, o *Options, id string) (*Step, error) {
	w := newWork(o)
	s, err := w.begin(ctx, "database "+id)
	if err != nil {
		return nil, err
	}
	all, _, err := w.instances(ctx)
	if err != nil {
		return nil, err
	}
	var names []string
	for i := range all {
		names = append(names, all[i].id)
	}
	n := slices.Index(names, id)
	if n < 0 {
		return nil, errs.AtPointer("the instance", id, strings.Join(names, ", "))
	}
	s.From, s.To, s.Undo = "a reader, "+all[n].status, "restarted", "there is no way, and none is needed: it comes back by itself."
	if all[n].writes {
		s.From = "the writer, " + all[n].status
		if len(all) > 1 {
			s.Then = "While it restarts nobody writes, for a minute or so: " + s.command("failover", "database") + " first would have another write meanwhile."
		}
	}
	s.do = func(ctx context.Context, w *work) error { return w.restart(ctx, id) }
	return s, nil
}

func (w *work) restart(ctx context.Context, id string) error {
	var asked time.Time
	var shown string
	seen := false // that it restarts, whoever has told it to
	return w.await(ctx, "the restart of "+id, changeover, func(ctx context.Context) (bool, error) {
		all, _, err := w.instances(ctx)
		if err != nil {
			return false, err
		}
		n := slices.IndexFunc(all, func(i instance) bool { return i.id == id })
		if n < 0 {
			return false, final{errs.New(errs.NotFound, "the instance "+id+" is gone")}
		}
		status := all[n].status
		if status != shown {
			w.tell("restart", id+" is "+status, -1)
			shown = status
		}
		switch {
		case status != available: // another change of it may come first
			seen = seen || status == rebooting || !asked.IsZero()
			return false, nil
		case seen:
			return true, nil
		case !asked.IsZero():
			return time.Since(asked) > settles, nil
		}
		w.tell("restart", id+" is told to", -1)
		_, err = w.account.rds.RebootDBInstance(ctx, &rds.RebootDBInstanceInput{DBInstanceIdentifier: &id})
		if busy(err) {
			return false, nil
		}
		if err == nil {
			asked = time.Now()
		}
		return false, lasting(err)
	})
}
