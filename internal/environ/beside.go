package environ

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"

	"enishi/internal/errs"
)

// besideLimit is how long a cluster may take to be made of the past, with its instance and its password, and how long to
// go.
const besideLimit = 6 * time.Hour

// Beside is a cluster of the past that a restore has made, or somebody by hand under its name, and that is there.
type Beside struct {
	Cluster string `json:"cluster"`
	State   string `json:"state"`           // as RDS has it
	Of      string `json:"of,omitempty"`    // the moment or the copy that it was restored to; "": no restore has made it
	Drops   string `json:"drops,omitempty"` // the command that gives that restore up and removes it; "": none does
}

// leftBeside fills in the cluster beside the database. Where AWS does not let it be looked at, a check says so.
func (w *work) leftBeside(ctx context.Context, p *Plan) ([]Check, error) {
	c, err := w.clusterOf(ctx, w.account.beside())
	switch {
	case denied(err):
		return []Check{{What: "the cluster " + w.account.beside(), Is: Unknown, Note: "AWS does not say whether a restore has left one: rds:DescribeDBClusters is not allowed"}}, nil
	case err != nil || c == nil:
		return nil, err
	}
	p.Beside = &Beside{Cluster: w.account.beside(), State: aws.ToString(c.Status), Of: tagged(c, restoresTag)}
	if p.Beside.Of != "" {
		p.Beside.Drops = w.dropping()
	}
	return nil, nil
}

// dropping is the command that gives a restore up.
func (w *work) dropping() string { return "enishi env restore " + w.o.Environment + " --drop" }

// restored makes the cluster beside the database, as far as an earlier run has not, and gives what a task is told to read it.
func (w *work) restored(ctx context.Context, r *restoring) (command []string, err error) {
	name, shown := w.account.beside(), ""
	err = w.await(ctx, "the cluster "+name, besideLimit, func(ctx context.Context) (bool, error) {
		c, err := w.clusterOf(ctx, name)
		if err != nil {
			return false, err
		}
		if c == nil {
			return false, w.ordered(ctx, name+" is ordered", w.orderCluster(r))
		}
		if tagged(c, restoresTag) != r.goal {
			return false, final{errs.New(errs.Conflict, "the cluster "+name+" is another restore's")}
		}
		each, err := w.instancesOf(ctx, name)
		if err != nil {
			return false, err
		}
		state := aws.ToString(c.Status)
		for i := range each {
			state += ", its instance is " + aws.ToString(each[i].DBInstanceStatus)
		}
		if state != shown {
			w.tell("cluster", name+" is "+state, -1)
			shown = state
		}
		switch {
		case hopeless(state):
			return false, final{errs.New(errs.Conflict, name+" is "+state+": RDS's events say why, and it does not end by itself")}
		case aws.ToString(c.Status) != available:
			return false, nil
		case len(each) == 0:
			return false, w.ordered(ctx, "an instance of it is ordered", w.orderInstance(c))
		case aws.ToString(each[0].DBInstanceStatus) != available:
			return false, nil
		case c.MasterUserSecret == nil: // it has the password of then, which nobody has kept
			return false, w.ordered(ctx, "it is given a password that RDS makes", w.orderPassword(r))
		case aws.ToString(c.MasterUserSecret.SecretStatus) != "active":
			return false, nil
		}
		command = []string{
			"transfer", "--from", fmt.Sprintf("mysql://%s@%s:%d/%s?tls=true", aws.ToString(r.main.MasterUsername), aws.ToString(c.Endpoint), aws.ToInt32(r.main.Port), aws.ToString(r.main.DatabaseName)),
			"--from-secret", aws.ToString(c.MasterUserSecret.SecretArn),
		}
		return true, nil
	})
	return command, err
}

// hopeless says whether RDS has given a cluster or an instance up.
func hopeless(state string) bool {
	for _, word := range []string{"incompatible-", "failed", "inaccessible-encryption", "storage-full"} {
		if strings.Contains(state, word) {
			return true
		}
	}
	return false
}

// tags are those of all that the environment has, by which its budget counts, and more.
func (w *work) tags(more map[string]string) []rdstypes.Tag {
	all := map[string]string{"project": "enishi", "environment": w.o.Environment}
	maps.Copy(all, more)
	return tagsOf(all)
}

func tagsOf(all map[string]string) (out []rdstypes.Tag) {
	for _, key := range slices.Sorted(maps.Keys(all)) {
		out = append(out, rdstypes.Tag{Key: &key, Value: aws.String(all[key])})
	}
	return out
}

// ordered has AWS do something that the next look sees: what it cannot do yet, or does already, is no error.
func (w *work) ordered(ctx context.Context, what string, order func(context.Context) error) error {
	if err := w.mayChange(ctx); err != nil {
		return err
	}
	w.tell("cluster", what, -1)
	err := order(ctx)
	if busy(err) || errors.As(err, new(*rdstypes.DBClusterAlreadyExistsFault)) || errors.As(err, new(*rdstypes.DBInstanceAlreadyExistsFault)) {
		return nil
	}
	return lasting(err)
}

// orderCluster has RDS make the cluster beside of a moment or a copy, where the database is: in its subnets, behind its
// door, with its parameters and its key.
func (w *work) orderCluster(r *restoring) func(context.Context) error {
	m, name := r.main, w.account.beside()
	var doors []string
	for _, g := range m.VpcSecurityGroups {
		doors = append(doors, aws.ToString(g.VpcSecurityGroupId))
	}
	var power *rdstypes.ServerlessV2ScalingConfiguration
	if s := m.ServerlessV2ScalingConfiguration; s != nil {
		power = &rdstypes.ServerlessV2ScalingConfiguration{MinCapacity: s.MinCapacity, MaxCapacity: s.MaxCapacity}
	}
	tags := w.tags(map[string]string{restoresTag: r.goal})
	return func(ctx context.Context) error {
		if r.Copy != "" {
			_, err := w.account.rds.RestoreDBClusterFromSnapshot(ctx, &rds.RestoreDBClusterFromSnapshotInput{
				DBClusterIdentifier: &name, SnapshotIdentifier: &r.goal, Engine: m.Engine, EngineVersion: m.EngineVersion, Port: m.Port, KmsKeyId: m.KmsKeyId, DBSubnetGroupName: m.DBSubnetGroup, VpcSecurityGroupIds: doors,
				DBClusterParameterGroupName: m.DBClusterParameterGroup, ServerlessV2ScalingConfiguration: power, DeletionProtection: aws.Bool(false), Tags: tags,
			})
			return err
		}
		to, err := time.Parse(time.RFC3339, r.goal)
		if err != nil {
			return final{err}
		}
		_, err = w.account.rds.RestoreDBClusterToPointInTime(ctx, &rds.RestoreDBClusterToPointInTimeInput{
			DBClusterIdentifier: &name, SourceDBClusterIdentifier: m.DBClusterIdentifier, RestoreToTime: &to, Port: m.Port, KmsKeyId: m.KmsKeyId, DBSubnetGroupName: m.DBSubnetGroup, VpcSecurityGroupIds: doors,
			DBClusterParameterGroupName: m.DBClusterParameterGroup, ServerlessV2ScalingConfiguration: power, DeletionProtection: aws.Bool(false), Tags: tags,
		})
		return err
	}
}

func (w *work) orderInstance(c *rdstypes.DBCluster) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := w.account.rds.CreateDBInstance(ctx, &rds.CreateDBInstanceInput{
			DBInstanceIdentifier: aws.String(w.account.beside() + "-1"), DBClusterIdentifier: c.DBClusterIdentifier, Engine: c.Engine, DBInstanceClass: aws.String("db.serverless"), PubliclyAccessible: aws.Bool(false),
			Tags: w.tags(nil),
		})
		return err
	}
}

// orderPassword has RDS make a password of its own and keep it, under the environment's key: tasks that run once may read
// that of this cluster (infra/stacks/tasks.go).
func (w *work) orderPassword(r *restoring) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := w.account.rds.ModifyDBCluster(ctx, &rds.ModifyDBClusterInput{
			DBClusterIdentifier: aws.String(w.account.beside()), ManageMasterUserPassword: aws.Bool(true), MasterUserSecretKmsKeyId: r.main.KmsKeyId, ApplyImmediately: aws.Bool(true),
		})
		return err
	}
}

// drop removes the cluster beside, which a restore has made, and nothing else.
func (w *work) drop(ctx context.Context) error {
	name, shown := w.account.beside(), ""
	return w.await(ctx, "the end of the cluster "+name, besideLimit, func(ctx context.Context) (bool, error) {
		c, err := w.clusterOf(ctx, name)
		if err != nil || c == nil {
			return err == nil, err
		}
		if tagged(c, restoresTag) == "" {
			return false, final{errs.New(errs.Conflict, "the cluster "+name+" was made by no restore: whoever made it may want it, and it was left")}
		}
		const deleting = "deleting"
		if state := aws.ToString(c.Status); state != shown {
			w.tell("remove", name+" is "+state, -1)
			shown = state
		}
		if aws.ToString(c.Status) == deleting {
			return false, nil
		}
		each, err := w.instancesOf(ctx, name)
		if err != nil {
			return false, err
		}
		for i := range each {
			if aws.ToString(each[i].DBInstanceStatus) != deleting {
				return false, w.ordered(ctx, "its instance is removed", func(ctx context.Context) error {
					_, err := w.account.rds.DeleteDBInstance(ctx, &rds.DeleteDBInstanceInput{DBInstanceIdentifier: each[i].DBInstanceIdentifier})
					return err
				})
			}
		}
		return false, w.ordered(ctx, "it is removed", func(ctx context.Context) error {
			_, err := w.account.rds.DeleteDBCluster(ctx, &rds.DeleteDBClusterInput{DBClusterIdentifier: &name, SkipFinalSnapshot: aws.Bool(true)})
			return err
		})
	})
}
