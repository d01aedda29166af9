package deploytest

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	logtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticache"
	cachetypes "github.com/aws/aws-sdk-go-v2/service/elasticache/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// parts is what the stack base keeps, as far as a person does something to it.
type parts struct {
	database, cache moving
	zones           map[string]string         // of the database's instances
	restarting      map[string]time.Time      // until when an instance of the database is away
	restarted       []string                  // instances, in order
	versions        map[string][]version      // of secrets, the oldest first
	current         map[string]int            // which of them is in force
	previous        map[string]int            // and which was before
	labels          map[string]map[string]int // versions by further stages
	changed         map[string]time.Time      // when a secret was changed last
	tokens          tokens
	groups          map[string]logtypes.LogGroup
	exports         []*export
	copies          *copies
	rules           map[string]*muteRule // by which alarms are silenced, by their names
	beside          *beside              // nil: there is none
}

type version struct {
	id, value string
	made      time.Time
}

// moving has one of several in the first place, and moves it.
type moving struct {
	all   []string // the first first
	next  string
	ends  time.Time // of the failover; zero: there is none
	moved int
}

// How long what is done to parts takes here, and until AWS shows that it has begun.
const (
	failsOver = 40 * time.Second
	restarts  = 30 * time.Second
	shows     = 7 * time.Second
)

// Whole gives an account of New with what its stack base keeps: a database of three instances, a cache of two nodes,
// three secrets. The stack of prod has them in three zones.
func Whole(environment string) *Account {
	a := New(environment)
	name := "enishi-" + environment
	a.parts = &parts{
		database: moving{all: []string{name + "-1", name + "-2", name + "-3"}}, cache: moving{all: []string{"cache-001", "cache-002"}},
		zones: map[string]string{}, restarting: map[string]time.Time{}, rules: map[string]*muteRule{},
		versions: map[string][]version{
			"DataMail1": {{id: "0123456789abcdef0123456789abcdef", value: unset}}, "TopicsWebhooks1": {{id: "123456789abcdef00123456789abcdef", value: "{}"}}, "DataCacheKey1": {{id: "23456789abcdef010123456789abcdef", value: firstToken}},
		}, current: map[string]int{}, previous: map[string]int{}, labels: map[string]map[string]int{}, changed: map[string]time.Time{}, tokens: tokens{taken: []string{firstToken}},
	}
	for i, id := range a.parts.database.all {
		a.parts.zones[id] = Region + string(rune('a'+i))
	}
	a.parts.groups, a.parts.copies = groups(), a.newCopies()
	within := map[string]string{"DataCache1": "AWS::ElastiCache::ReplicationGroup", "DataMail1": "AWS::SecretsManager::Secret", "DataCacheKey1": "AWS::SecretsManager::Secret", "TopicsWebhooks1": "AWS::SecretsManager::Secret", "DataArchive1": "AWS::S3::Bucket", vaultName: "AWS::Backup::BackupVault", planName: "AWS::Backup::BackupPlan"}
	for one := range a.parts.groups {
		within[one] = "AWS::Logs::LogGroup"
	}
	a.Stand(name+"-base", within)
	return a
}

// Stand has a stack of a name be there, with resources by their names in its template.
func (a *Account) Stand(name string, types map[string]string) {
	s := &stack{id: name, name: name, created: time.Now(), sets: map[string]*changeSet{}}
	s.stand(cfntypes.StackStatusCreateComplete, "")
	s.template.Resources = map[string]resource{}
	for one, kind := range types {
		s.template.Resources[one] = resource{Type: kind}
	}
	a.stacks[name] = s
}

// Alone takes the readers of the database and the cache's second node away, as in an environment of one zone.
func (a *Account) Alone() {
	a.parts.database.all, a.parts.cache.all = a.parts.database.all[:1], a.parts.cache.all[:1]
}

// First gives the instance of the database that writes, and the first node of the cache, and how often others
// took their places.
func (a *Account) First() (database, cache string, moved int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.advance()
	return a.parts.database.all[0], a.parts.cache.all[0], a.parts.database.moved + a.parts.cache.moved
}

// Changed ends what is done to the database's instances.
func (a *Account) Changed() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.Changing = ""
}

// Restarted gives the instances of the database that were restarted, in order.
func (a *Account) Restarted() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.parts.restarted)
}

// Kept gives the value of a secret that is in force, by the beginning of its name, what was in force before it, and how
// many versions it has.
func (a *Account) Kept(name string) (value, before string, versions int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for id, all := range a.parts.versions {
		if strings.HasPrefix(id, name) {
			return all[a.parts.current[id]].value, all[a.parts.previous[id]].value, len(all)
		}
	}
	return "", "", 0
}

// begin has another take the first place, after a time.
func (m *moving) begin(next string) {
	m.next, m.ends, m.moved = next, time.Now().Add(failsOver), m.moved+1
}

// state is what AWS calls it, and brings it to what it is now.
func (m *moving) state(on string) string {
	now := time.Now()
	if !m.ends.IsZero() && !now.Before(m.ends) {
		m.all = slices.Concat([]string{m.next}, slices.DeleteFunc(m.all, func(one string) bool { return one == m.next }))
		m.ends = time.Time{}
	}
	if m.ends.IsZero() || m.ends.Sub(now) > failsOver-shows {
		return "available"
	}
	return on
}

func (p *parts) advance() {
	if p != nil {
		p.database.state("")
		p.cache.state("")
		p.tokens.advance()
	}
}

func (a *Account) describeDBClusters(in *rds.DescribeDBClustersInput) (*rds.DescribeDBClustersOutput, error) {
	if one := a.shieldedCluster(in.DBClusterIdentifier); one != nil {
		return &rds.DescribeDBClustersOutput{DBClusters: []rdstypes.DBCluster{*one}}, nil
	}
	if a.parts != nil {
		if b := a.besides(); b != nil && b.name == aws.ToString(in.DBClusterIdentifier) {
			return &rds.DescribeDBClustersOutput{DBClusters: []rdstypes.DBCluster{a.describeBeside(b)}}, nil
		}
	}
	if a.parts == nil || aws.ToString(in.DBClusterIdentifier) != "enishi-"+a.Environment {
		return nil, refuse("DBClusterNotFoundFault", "DBCluster %s not found.", aws.ToString(in.DBClusterIdentifier))
	}
	m := &a.parts.database
	one := rdstypes.DBCluster{DBClusterIdentifier: in.DBClusterIdentifier, Status: aws.String(m.state("failing-over"))}
	a.past(&one)
	for i, id := range slices.Sorted(slices.Values(m.all)) {
		one.DBClusterMembers = append(one.DBClusterMembers, rdstypes.DBClusterMember{DBInstanceIdentifier: &id, IsClusterWriter: aws.Bool(id == m.all[0]), PromotionTier: aws.Int32(int32(min(i, 2)))})
	}
	return &rds.DescribeDBClustersOutput{DBClusters: []rdstypes.DBCluster{one}}, nil
}

func (a *Account) describeDBInstances(in *rds.DescribeDBInstancesInput) (*rds.DescribeDBInstancesOutput, error) {
	if b := a.besides(); b != nil && len(in.Filters) == 1 && slices.Equal(in.Filters[0].Values, []string{b.name}) {
		out := &rds.DescribeDBInstancesOutput{}
		if state := b.instanceState(); state != "" {
			out.DBInstances = append(out.DBInstances, rdstypes.DBInstance{DBInstanceIdentifier: aws.String(b.name + "-1"), DBInstanceStatus: &state})
		}
		return out, nil
	}
	if len(in.Filters) != 1 || aws.ToString(in.Filters[0].Name) != "db-cluster-id" || !slices.Equal(in.Filters[0].Values, []string{"enishi-" + a.Environment}) {
		return nil, refuse("InvalidParameterValue", "%v", in.Filters)
	}
	out := &rds.DescribeDBInstancesOutput{}
	for _, id := range slices.Sorted(slices.Values(a.parts.database.all)) {
		status := cmp.Or(a.Changing, "available")
		if until := a.parts.restarting[id]; time.Now().Before(until) && time.Until(until) < restarts-shows {
			status = "rebooting"
		}
		out.DBInstances = append(out.DBInstances, rdstypes.DBInstance{DBInstanceIdentifier: &id, DBInstanceStatus: &status, AvailabilityZone: aws.String(a.parts.zones[id])})
	}
	return out, nil
}

func (a *Account) failoverDBCluster(in *rds.FailoverDBClusterInput) (*rds.FailoverDBClusterOutput, error) {
	m, to := &a.parts.database, aws.ToString(in.TargetDBInstanceIdentifier)
	switch {
	case m.state("failing-over") != "available" || !m.ends.IsZero():
		return nil, refuse("InvalidDBClusterStateFault", "DBCluster is in failing-over state.")
	case !slices.Contains(m.all[1:], to):
		a.fault("a failover to %s, which is no reader", to)
		return nil, refuse("InvalidDBInstanceState", "%s is no reader", to)
	}
	m.begin(to)
	return &rds.FailoverDBClusterOutput{}, nil
}

func (a *Account) rebootDBInstance(in *rds.RebootDBInstanceInput) (*rds.RebootDBInstanceOutput, error) {
	id := aws.ToString(in.DBInstanceIdentifier)
	switch {
	case !slices.Contains(a.parts.database.all, id):
		return nil, refuse("DBInstanceNotFound", "%s", id)
	case a.Changing != "" || time.Now().Before(a.parts.restarting[id]):
		return nil, refuse("InvalidDBInstanceState", "%s is rebooting", id)
	}
	a.parts.restarting[id], a.parts.restarted = time.Now().Add(restarts), append(a.parts.restarted, id)
	return &rds.RebootDBInstanceOutput{}, nil
}

func (a *Account) describeReplicationGroups(in *elasticache.DescribeReplicationGroupsInput) (*elasticache.DescribeReplicationGroupsOutput, error) {
	if aws.ToString(in.ReplicationGroupId) != "DataCache1" {
		return nil, refuse("ReplicationGroupNotFoundFault", "%s", aws.ToString(in.ReplicationGroupId))
	}
	m := &a.parts.cache
	one := cachetypes.ReplicationGroup{ReplicationGroupId: in.ReplicationGroupId, Status: aws.String(a.parts.tokens.shown(m.state("modifying"))), AuthTokenLastModifiedDate: a.parts.tokens.modified, PendingModifiedValues: a.parts.tokens.pending(), NodeGroups: []cachetypes.NodeGroup{{NodeGroupId: aws.String("0001")}}}
	for _, id := range slices.Sorted(slices.Values(m.all)) {
		role := "replica"
		if id == m.all[0] {
			role = "primary"
		}
		one.NodeGroups[0].NodeGroupMembers = append(one.NodeGroups[0].NodeGroupMembers, cachetypes.NodeGroupMember{CacheClusterId: &id, CurrentRole: &role})
	}
	return &elasticache.DescribeReplicationGroupsOutput{ReplicationGroups: []cachetypes.ReplicationGroup{one}}, nil
}

func (a *Account) testFailover(in *elasticache.TestFailoverInput) (*elasticache.TestFailoverOutput, error) {
	m := &a.parts.cache
	switch {
	case aws.ToString(in.ReplicationGroupId) != "DataCache1" || aws.ToString(in.NodeGroupId) != "0001":
		return nil, refuse("NodeGroupNotFoundFault", "%s %s", aws.ToString(in.ReplicationGroupId), aws.ToString(in.NodeGroupId))
	case m.state("modifying") != "available" || !m.ends.IsZero() || !a.parts.tokens.ends.IsZero():
		return nil, refuse("InvalidReplicationGroupState", "Replication group DataCache1 is modifying")
	case len(m.all) == 1:
		return nil, refuse("TestFailoverNotAvailableFault", "there is no replica")
	}
	m.begin(m.all[1])
	return &elasticache.TestFailoverOutput{}, nil
}

func (a *Account) describeSecret(in *secretsmanager.DescribeSecretInput) (*secretsmanager.DescribeSecretOutput, error) {
	id := aws.ToString(in.SecretId)
	all, ok := a.parts.versions[id]
	if !ok {
		return nil, refuse("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
	}
	stages := map[string][]string{}
	for i := range all {
		switch i {
		case a.parts.current[id]:
			stages[all[i].id] = []string{"AWSCURRENT"}
		case a.parts.previous[id]:
			stages[all[i].id] = []string{"AWSPREVIOUS"}
		}
	}
	for stage, i := range a.parts.labels[id] {
		stages[all[i].id] = append(stages[all[i].id], stage)
	}
	return &secretsmanager.DescribeSecretOutput{ARN: in.SecretId, VersionIdsToStages: stages, LastChangedDate: aws.Time(a.parts.changed[id])}, nil
}

// get gives the version in force of a secret of base, or that of an id.
func (p *parts) get(in *secretsmanager.GetSecretValueInput) (*secretsmanager.GetSecretValueOutput, error) {
	id := aws.ToString(in.SecretId)
	for i, v := range p.versions[id] {
		if v.id == aws.ToString(in.VersionId) || in.VersionId == nil && i == p.current[id] {
			return &secretsmanager.GetSecretValueOutput{ARN: in.SecretId, SecretString: &v.value, VersionId: &v.id, CreatedDate: &v.made}, nil
		}
	}
	return nil, refuse("ResourceNotFoundException", "Secrets Manager can't find the specified secret value for VersionId: %s", aws.ToString(in.VersionId))
}

// put keeps another version of a secret of base; a version that is there is taken for the answer that was lost.
func (p *parts) put(in *secretsmanager.PutSecretValueInput) (*secretsmanager.PutSecretValueOutput, error) {
	id, token, value := aws.ToString(in.SecretId), aws.ToString(in.ClientRequestToken), aws.ToString(in.SecretString)
	all := p.versions[id]
	if n := slices.IndexFunc(all, func(v version) bool { return v.id == token }); n >= 0 {
		if all[n].value != value {
			return nil, refuse("ResourceExistsException", "the version exists, with another value")
		}
		return &secretsmanager.PutSecretValueOutput{ARN: in.SecretId}, nil
	}
	const least, most = 32, 64
	if len(token) < least || len(token) > most {
		return nil, refuse("ValidationException", "ClientRequestToken has %d characters", len(token))
	}
	p.versions[id], p.changed[id] = append(all, version{token, value, time.Now()}), time.Now()
	if len(in.VersionStages) > 0 {
		for _, stage := range in.VersionStages {
			p.label(id, stage, len(all))
		}
		return &secretsmanager.PutSecretValueOutput{ARN: in.SecretId}, nil
	}
	p.previous[id], p.current[id] = p.current[id], len(all)
	return &secretsmanager.PutSecretValueOutput{ARN: in.SecretId}, nil
}

func (a *Account) updateSecretVersionStage(in *secretsmanager.UpdateSecretVersionStageInput) (*secretsmanager.UpdateSecretVersionStageOutput, error) {
	id := aws.ToString(in.SecretId)
	index := func(token *string) int {
		return slices.IndexFunc(a.parts.versions[id], func(v version) bool { return v.id == aws.ToString(token) })
	}
	from, to := index(in.RemoveFromVersionId), index(in.MoveToVersionId)
	if stage := aws.ToString(in.VersionStage); !strings.HasPrefix(stage, "AWS") {
		return a.parts.relabel(in, stage, from, to)
	}
	if aws.ToString(in.VersionStage) != "AWSCURRENT" || from != a.parts.current[id] || to < 0 {
		return nil, refuse("InvalidParameterException", "The parameter RemoveFromVersionId is not the version that has the stage")
	}
	a.parts.current[id], a.parts.previous[id], a.parts.changed[id] = to, from, time.Now()
	return &secretsmanager.UpdateSecretVersionStageOutput{ARN: in.SecretId}, nil
}

// Silenced gives until when each alarm is silenced, by its whole name.
func (a *Account) Silenced() map[string]time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	out := map[string]time.Time{}
	for name, r := range a.parts.rules {
		out[name] = r.until
	}
	return maps.Clone(out)
}
