package deploytest

import (
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticache"
	cachetypes "github.com/aws/aws-sdk-go-v2/service/elasticache/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// firstToken is the password that the template has given the cache.
const firstToken = "the-password-that-secrets-manager-has-made-0"

// takesToken is how long the cache takes to take a password here.
const takesToken = 40 * time.Second

// tokens are the passwords that the cache takes: two at most, the older one first.
type tokens struct {
	taken    []string
	next     []string // which it takes once that has ended
	ends     time.Time
	how      cachetypes.AuthTokenUpdateStrategyType
	modified *time.Time
}

func (t *tokens) advance() {
	if !t.ends.IsZero() && !time.Now().Before(t.ends) {
		t.taken, t.modified, t.ends = t.next, aws.Time(t.ends.Truncate(time.Second)), time.Time{}
	}
}

// shows says whether AWS shows that the cache takes another password.
func (t *tokens) shows() bool { return !t.ends.IsZero() && time.Until(t.ends) < takesToken-shows }

// shown is the state of the cache, which is another while it takes a password.
func (t *tokens) shown(otherwise string) string {
	if !t.shows() {
		return otherwise
	}
	return "modifying"
}

func (t *tokens) pending() *cachetypes.ReplicationGroupPendingModifiedValues {
	if !t.shows() {
		return nil
	}
	status := cachetypes.AuthTokenUpdateStatusRotating
	if t.how == cachetypes.AuthTokenUpdateStrategyTypeSet {
		status = cachetypes.AuthTokenUpdateStatusSetting
	}
	return &cachetypes.ReplicationGroupPendingModifiedValues{AuthTokenStatus: status}
}

// Passwords gives those that the cache takes, the older one first.
func (a *Account) Passwords() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.advance()
	return slices.Clone(a.parts.tokens.taken)
}

// GiveInForce has somebody else give the cache the password that is in force, which it takes alone then.
func (a *Account) GiveInForce() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.advance()
	value := a.parts.versions["DataCacheKey1"][a.parts.current["DataCacheKey1"]].value
	a.parts.tokens = tokens{taken: []string{value}, modified: aws.Time(time.Now().Truncate(time.Second))}
}

// GiveAnother has somebody else give the cache a password that is in no secret, beside the last one that it was given.
func (a *Account) GiveAnother() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.advance()
	t := &a.parts.tokens
	t.taken, t.how, t.modified = []string{t.taken[len(t.taken)-1], "a-password-that-somebody-else-has-made-up"}, cachetypes.AuthTokenUpdateStrategyTypeRotate, aws.Time(time.Now().Truncate(time.Second))
}

func (a *Account) modifyReplicationGroup(in *elasticache.ModifyReplicationGroupInput) (*elasticache.ModifyReplicationGroupOutput, error) {
	t, value := &a.parts.tokens, aws.ToString(in.AuthToken)
	const least, most = 16, 128
	switch {
	case aws.ToString(in.ReplicationGroupId) != "DataCache1":
		return nil, refuse("ReplicationGroupNotFoundFault", "%s", aws.ToString(in.ReplicationGroupId))
	case a.parts.cache.state("modifying") != "available" || !t.ends.IsZero():
		return nil, refuse("InvalidReplicationGroupState", "Replication group DataCache1 is modifying")
	case !aws.ToBool(in.ApplyImmediately):
		return nil, refuse("InvalidParameterCombination", "a password is changed at once")
	case len(value) < least || len(value) > most || strings.ContainsAny(value, `/"@% `):
		return nil, refuse("InvalidParameterValue", "The AUTH token is not valid")
	}
	switch in.AuthTokenUpdateStrategy {
	case cachetypes.AuthTokenUpdateStrategyTypeRotate:
		if len(t.taken) > 1 && !slices.Contains(t.taken, value) {
			a.fault("a third password ends one that tasks may have")
		}
		t.next = slices.Compact([]string{t.taken[len(t.taken)-1], value})
	case cachetypes.AuthTokenUpdateStrategyTypeSet:
		if t.how != cachetypes.AuthTokenUpdateStrategyTypeRotate || value != t.taken[len(t.taken)-1] {
			return nil, refuse("InvalidParameterValue", "SET is allowed only after ROTATE, with the last AUTH token")
		}
		t.next = []string{value}
	default:
		return nil, refuse("InvalidParameterValue", "AuthTokenUpdateStrategy %s", in.AuthTokenUpdateStrategy)
	}
	if read := a.parts.versions["DataCacheKey1"][a.parts.current["DataCacheKey1"]].value; !slices.Contains(t.next, read) {
		a.fault("tasks read a password that the cache does not take")
	}
	t.how, t.ends = in.AuthTokenUpdateStrategy, time.Now().Add(takesToken)
	return &elasticache.ModifyReplicationGroupOutput{}, nil
}

// label gives a stage that is none of AWS's own to a version of a secret.
func (p *parts) label(id, stage string, of int) {
	if p.labels[id] == nil {
		p.labels[id] = map[string]int{}
	}
	p.labels[id][stage] = of
}

// relabel takes such a stage from a version, which has to have it, and gives it to another.
func (p *parts) relabel(in *secretsmanager.UpdateSecretVersionStageInput, stage string, from, to int) (*secretsmanager.UpdateSecretVersionStageOutput, error) {
	id := aws.ToString(in.SecretId)
	has, attached := p.labels[id][stage]
	switch {
	case in.RemoveFromVersionId != nil && (!attached || has != from):
		return nil, refuse("InvalidParameterException", "The parameter RemoveFromVersionId is not the version that has the stage")
	case in.RemoveFromVersionId == nil && attached:
		return nil, refuse("InvalidParameterException", "The stage is attached to another version")
	case in.MoveToVersionId != nil && to < 0:
		return nil, refuse("ResourceNotFoundException", "no such version")
	}
	delete(p.labels[id], stage)
	if in.MoveToVersionId != nil {
		p.label(id, stage, to)
	}
	p.changed[id] = time.Now()
	return &secretsmanager.UpdateSecretVersionStageOutput{ARN: in.SecretId}, nil
}
