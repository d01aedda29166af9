package deploytest

import (
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"
)

// beside is a cluster that was made of the database's past.
type beside struct {
	name     string
	tags     []rdstypes.Tag
	of       string // a moment, or a copy
	ready    time.Time
	instance time.Time // when it is ready; zero: there is none
	password time.Time // when it is one that RDS has made
	leaving  time.Time // of its instance, when that is gone
	gone     time.Time // when the cluster is; zero: it stays
}

// How long what is done to a cluster beside takes here.
const (
	restoring    = 3 * time.Minute
	instanceIs   = time.Minute
	passwordIs   = 30 * time.Second
	instanceGoes = 40 * time.Second
	clusterGoes  = 30 * time.Second
)

// What the database can be restored to: any second of a time, and a copy in the vault.
const (
	CopyName = "awsbackup:job-1"
	CopyARN  = "arn:aws:rds:" + Region + ":" + number + ":cluster-snapshot:" + CopyName
	reaches  = 14 * 24 * time.Hour
	lags     = 5 * time.Minute
)

// Beside gives what the cluster is made of that is beside the database, or "": there is none.
func (a *Account) Beside() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	if b := a.besides(); b != nil {
		return b.of
	}
	return ""
}

// Leave makes a cluster beside the database under the name that restores give it, which is there already: with the tags of one that
// a restore has made of a moment or a copy, or with none.
func (a *Account) Leave(of string, tags map[string]string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	b := &beside{name: "enishi-" + a.Environment + "-restored", of: of, ready: time.Now()}
	for key, value := range tags {
		b.tags = append(b.tags, rdstypes.Tag{Key: &key, Value: &value})
	}
	a.parts.beside = b
}

// Serving gives how many tasks of services there are, those that have not ended yet among them.
func (a *Account) Serving() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.serviceTasks()) + len(a.stopping())
}

// Suspended gives the services that do not scale.
func (a *Account) Suspended() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.suspended)
}

func (a *Account) besides() *beside {
	if b := a.parts.beside; b != nil && !b.gone.IsZero() && !time.Now().Before(b.gone) {
		a.parts.beside = nil
	}
	return a.parts.beside
}

func (a *Account) rdsARN(name string) string {
	return "arn:aws:rds:" + Region + ":" + number + ":cluster:" + name
}

// state is what RDS calls the cluster.
func (b *beside) state() string {
	switch now := time.Now(); {
	case !b.gone.IsZero():
		return "deleting"
	case now.Before(b.ready):
		return "creating"
	case now.Before(b.password):
		return "resetting-master-credentials"
	}
	return "available"
}

// instanceState is what RDS calls its instance; "": there is none.
func (b *beside) instanceState() string {
	switch now := time.Now(); {
	case b.instance.IsZero(), !b.leaving.IsZero() && !now.Before(b.leaving):
		return ""
	case !b.leaving.IsZero():
		return "deleting"
	case now.Before(b.instance):
		return "creating"
	}
	return "available"
}

// describeBeside answers for the cluster beside as DescribeDBClusters does.
func (a *Account) describeBeside(b *beside) rdstypes.DBCluster {
	out := rdstypes.DBCluster{DBClusterIdentifier: &b.name, DBClusterArn: aws.String(a.rdsARN(b.name)), Status: aws.String(b.state()), TagList: b.tags, Engine: aws.String("aurora-mysql"), Endpoint: aws.String(b.name + ".cluster-abc." + Region + ".rds.amazonaws.com")}
	if !b.password.IsZero() {
		status := "active"
		if time.Now().Before(b.password) {
			status = "creating"
		}
		out.MasterUserSecret = &rdstypes.MasterUserSecret{SecretArn: aws.String("arn:aws:secretsmanager:" + Region + ":" + number + ":secret:rds!cluster-beside"), SecretStatus: &status}
	}
	return out
}

// past says what of the database itself the library asks for to restore it.
func (a *Account) past(c *rdstypes.DBCluster) {
	now := time.Now()
	c.DBClusterArn, c.Engine, c.EngineVersion, c.Port, c.MasterUsername, c.DatabaseName = aws.String(a.rdsARN(*c.DBClusterIdentifier)), aws.String("aurora-mysql"), aws.String("8.0.mysql_aurora.3.10.0"), aws.Int32(3306), aws.String("enishi"), aws.String("enishi")
	c.EarliestRestorableTime, c.LatestRestorableTime = aws.Time(now.Add(-reaches)), aws.Time(now.Add(-lags))
	c.KmsKeyId, c.DBSubnetGroup, c.DBClusterParameterGroup = aws.String("arn:aws:kms:"+Region+":"+number+":key/data"), aws.String("subnets"), aws.String("parameters")
	c.VpcSecurityGroups = []rdstypes.VpcSecurityGroupMembership{{VpcSecurityGroupId: aws.String("sg-database"), Status: aws.String("active")}}
	c.ServerlessV2ScalingConfiguration = &rdstypes.ServerlessV2ScalingConfigurationInfo{MinCapacity: aws.Float64(1), MaxCapacity: aws.Float64(16)}
}

// placed notes where a restored cluster would be that the environment's own is not.
func (a *Account) placed(key, subnets, parameters *string, doors []string, tags []rdstypes.Tag, power *rdstypes.ServerlessV2ScalingConfiguration) {
	if aws.ToString(key) == "" || aws.ToString(subnets) != "subnets" || aws.ToString(parameters) != "parameters" || !slices.Equal(doors, []string{"sg-database"}) || len(tags) == 0 || power == nil || aws.ToFloat64(power.MaxCapacity) != 16 {
		a.fault("a cluster was restored elsewhere than the database is: %q %q %q %q, tags %d", aws.ToString(key), aws.ToString(subnets), aws.ToString(parameters), doors, len(tags))
	}
}

func (a *Account) makeBeside(name, of string, tags []rdstypes.Tag) (*rdstypes.DBCluster, error) {
	if a.besides() != nil || name == "enishi-"+a.Environment {
		return nil, refuse("DBClusterAlreadyExistsFault", "DB cluster already exists")
	}
	a.parts.beside = &beside{name: name, of: of, tags: tags, ready: time.Now().Add(restoring)}
	out := a.describeBeside(a.parts.beside)
	return &out, nil
}

func (a *Account) restoreToPointInTime(in *rds.RestoreDBClusterToPointInTimeInput) (*rds.RestoreDBClusterToPointInTimeOutput, error) {
	a.placed(in.KmsKeyId, in.DBSubnetGroupName, in.DBClusterParameterGroupName, in.VpcSecurityGroupIds, in.Tags, in.ServerlessV2ScalingConfiguration)
	now, to := time.Now(), aws.ToTime(in.RestoreToTime)
	switch {
	case aws.ToString(in.SourceDBClusterIdentifier) != "enishi-"+a.Environment:
		return nil, refuse("DBClusterNotFoundFault", "%s", aws.ToString(in.SourceDBClusterIdentifier))
	case to.Before(now.Add(-reaches)), to.After(now.Add(-lags)):
		return nil, refuse("InvalidRestoreFault", "%v cannot be restored", to)
	}
	c, err := a.makeBeside(aws.ToString(in.DBClusterIdentifier), to.UTC().Format(time.RFC3339), in.Tags)
	return &rds.RestoreDBClusterToPointInTimeOutput{DBCluster: c}, err
}

func (a *Account) restoreFromSnapshot(in *rds.RestoreDBClusterFromSnapshotInput) (*rds.RestoreDBClusterFromSnapshotOutput, error) {
	a.placed(in.KmsKeyId, in.DBSubnetGroupName, in.DBClusterParameterGroupName, in.VpcSecurityGroupIds, in.Tags, in.ServerlessV2ScalingConfiguration)
	if aws.ToString(in.SnapshotIdentifier) != CopyARN || aws.ToString(in.Engine) != "aurora-mysql" {
		return nil, refuse("DBClusterSnapshotNotFoundFault", "%s", aws.ToString(in.SnapshotIdentifier))
	}
	c, err := a.makeBeside(aws.ToString(in.DBClusterIdentifier), CopyARN, in.Tags)
	return &rds.RestoreDBClusterFromSnapshotOutput{DBCluster: c}, err
}

func (a *Account) describeSnapshots(in *rds.DescribeDBClusterSnapshotsInput) (*rds.DescribeDBClusterSnapshotsOutput, error) {
	out := &rds.DescribeDBClusterSnapshotsOutput{}
	if aws.ToString(in.DBClusterIdentifier) == "enishi-"+a.Environment && aws.ToString(in.SnapshotType) == "awsbackup" {
		out.DBClusterSnapshots = []rdstypes.DBClusterSnapshot{{DBClusterSnapshotIdentifier: aws.String(CopyName), DBClusterSnapshotArn: aws.String(CopyARN), Status: aws.String("available"), SnapshotCreateTime: aws.Time(time.Now().Add(-20 * time.Hour))}}
	}
	return out, nil
}

// ours gives the cluster beside of a name; whoever changes the database itself is refused, and noted.
func (a *Account) ours(name *string) (*beside, error) {
	if b := a.besides(); b != nil && b.name == aws.ToString(name) {
		return b, nil
	}
	if aws.ToString(name) == "enishi-"+a.Environment || slices.Contains(a.parts.database.all, aws.ToString(name)) {
		a.fault("the database itself was changed: %s", aws.ToString(name))
	}
	return nil, refuse("DBClusterNotFoundFault", "DBCluster %s not found.", aws.ToString(name))
}

func (a *Account) modifyDBCluster(in *rds.ModifyDBClusterInput) (*rds.ModifyDBClusterOutput, error) {
	if s := a.shields[aws.ToString(in.DBClusterIdentifier)]; s != nil {
		return a.modifyShielded(s, in)
	}
	b, err := a.ours(in.DBClusterIdentifier)
	switch {
	case err != nil:
		return nil, err
	case b.state() != "available" || b.instanceState() != "available":
		return nil, refuse("InvalidDBClusterStateFault", "the cluster is %s", b.state())
	case !aws.ToBool(in.ManageMasterUserPassword) || aws.ToString(in.MasterUserSecretKmsKeyId) == "" || !aws.ToBool(in.ApplyImmediately):
		a.fault("another change of the cluster beside than its password")
	case !b.password.IsZero():
		return nil, refuse("InvalidParameterCombination", "it manages its password already")
	}
	b.password = time.Now().Add(passwordIs)
	c := a.describeBeside(b)
	return &rds.ModifyDBClusterOutput{DBCluster: &c}, nil
}

func (a *Account) createDBInstance(in *rds.CreateDBInstanceInput) (*rds.CreateDBInstanceOutput, error) {
	b, err := a.ours(in.DBClusterIdentifier)
	switch {
	case err != nil:
		return nil, err
	case b.state() != "available":
		return nil, refuse("InvalidDBClusterStateFault", "the cluster is %s", b.state())
	case b.instanceState() != "":
		return nil, refuse("DBInstanceAlreadyExists", "DB instance already exists")
	case aws.ToBool(in.PubliclyAccessible) || in.PubliclyAccessible == nil || aws.ToString(in.DBInstanceClass) != "db.serverless" || aws.ToString(in.DBInstanceIdentifier) != b.name+"-1":
		a.fault("the instance of the cluster beside is another one than it should be")
	}
	b.instance, b.leaving = time.Now().Add(instanceIs), time.Time{}
	return &rds.CreateDBInstanceOutput{}, nil
}

func (a *Account) deleteDBInstance(in *rds.DeleteDBInstanceInput) (*rds.DeleteDBInstanceOutput, error) {
	b, err := a.ours(aws.String(strings.TrimSuffix(aws.ToString(in.DBInstanceIdentifier), "-1")))
	switch {
	case err != nil:
		return nil, err
	case b.instanceState() == "":
		return nil, refuse("DBInstanceNotFound", "%s", aws.ToString(in.DBInstanceIdentifier))
	case b.instanceState() == "deleting":
		return nil, refuse("InvalidDBInstanceState", "it is being deleted")
	}
	b.leaving = time.Now().Add(instanceGoes)
	return &rds.DeleteDBInstanceOutput{}, nil
}

func (a *Account) deleteDBCluster(in *rds.DeleteDBClusterInput) (*rds.DeleteDBClusterOutput, error) {
	b, err := a.ours(in.DBClusterIdentifier)
	switch {
	case err != nil:
		return nil, err
	case !aws.ToBool(in.SkipFinalSnapshot):
		return nil, refuse("InvalidParameterCombination", "FinalDBSnapshotIdentifier is required")
	case !b.gone.IsZero() || b.instanceState() != "" && b.instanceState() != "deleting":
		return nil, refuse("InvalidDBClusterStateFault", "Cluster cannot be deleted, it still contains DB instances in non-deleting state.")
	}
	b.gone = time.Now().Add(clusterGoes)
	if b.instanceState() != "" {
		b.gone = b.leaving.Add(clusterGoes)
	}
	return &rds.DeleteDBClusterOutput{}, nil
}

func (a *Account) addTags(in *rds.AddTagsToResourceInput) (*rds.AddTagsToResourceOutput, error) {
	name := aws.ToString(in.ResourceName)
	b, err := a.ours(aws.String(name[strings.LastIndexByte(name, ':')+1:]))
	if err != nil {
		return nil, err
	}
	for _, t := range in.Tags {
		b.tags = append(slices.DeleteFunc(b.tags, func(there rdstypes.Tag) bool { return *there.Key == *t.Key }), t)
	}
	return &rds.AddTagsToResourceOutput{}, nil
}
