package environ

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticache"
	cachetypes "github.com/aws/aws-sdk-go-v2/service/elasticache/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/smithy-go"

	"enishi/internal/errs"
)

// The cache's password is changed in two steps, between which the cache takes two. AWS does not say whether it does,
// and ends the older one when it is given a third: so that nobody is refused, the secret says it, by these stages.
const (
	coming  = "ENISHI_COMING"  // the next password: the cache may take it already, no task has read it
	ungiven = "ENISHI_UNGIVEN" // the same, as long as the cache was not given it
	leaving = "ENISHI_LEAVING" // the one from before: the cache takes it as well as the one in force
)

// passwordLimit is how long the cache may take to take a password, on each of its nodes.
const passwordLimit = 30 * time.Minute

// password is what there is of the cache's.
type password struct {
	arn     string
	stages  map[string]string
	changed time.Time // anything of its secret
}

func (w *work) password(ctx context.Context) (p password, err error) {
	if p.arn, err = w.made(ctx, mailType, "DataCacheKey"); err != nil {
		return p, err
	}
	if p.arn == "" {
		return p, errs.New(errs.NotFound, "there is no password of the cache yet: enishi env up makes it")
	}
	p.stages, p.changed, err = w.described(ctx, p.arn)
	return p, err
}

// beginPassword begins a step of the cache's password with what there is of it.
func beginPassword(ctx context.Context, o *Options) (w *work, s *Step, p password, err error) {
	w = newWork(o)
	if s, err = w.begin(ctx, "secret cache"); err != nil {
		return nil, nil, p, err
	}
	p, err = w.password(ctx)
	return w, s, p, err
}

// LookNewPassword finds out what it means to give the cache another password, which is made up here and told nobody: it
// takes both until LookSettledPassword's step. It changes nothing. Conflict: it takes two already.
func LookNewPassword(ctx context.Context, o *Options) (*Step, error) {
	_, s, p, err := beginPassword(ctx, o)
	if err != nil {
		return nil, err
	}
	settle := s.command("secret", "cache", "--settle")
	s.Undo = "there is no way, and none is needed: the cache takes both until " + settle + "."
	s.Then = "Tasks read it when they start. The next deployment brings such tasks: enishi deploy " + s.Environment + ", of the version that runs if there is no other. Then " + settle + " ends the one before."
	now := version + short(p.stages[current])
	switch halfway, untold := s.again(now); {
	case untold:
		return s.tellOnly(), nil
	case halfway && p.stages[coming] == "":
		s.From, s.To = s.Left.From, s.Left.To
		s.do = func(context.Context, *work) error { return nil } // the run was cut after it
		return s, nil
	case p.stages[coming] == "" && p.stages[leaving] != "":
		return nil, errs.New(errs.Conflict, fmt.Sprintf("the cache takes two passwords, version %s and, before it, version %s: a third would end the older one, which tasks may still have. First %s", short(p.stages[current]), short(p.stages[leaving]), settle))
	}
	// What any run has begun is gone on with: the cache may take that one already.
	if s.mark = p.stages[coming]; s.mark == "" {
		s.mark = newVersion()
	}
	if s.From, s.To = now, version+short(s.mark); p.stages[current] == s.mark {
		s.From = version + short(p.stages[leaving])
	}
	id := s.mark
	s.do = func(ctx context.Context, w *work) error { return w.newPassword(ctx, p, id) }
	return s, nil
}

// unchanged refuses where what there is of the password is no more what was looked at: another run may have given the
// cache one since, and it would be given a third.
func (w *work) unchanged(ctx context.Context, was password) error {
	p, err := w.password(ctx)
	if err == nil && (p.arn != was.arn || !maps.Equal(p.stages, was.stages)) {
		err = errs.New(errs.Conflict, "the password of the cache was changed since it was looked at, and nothing was done: look again")
	}
	return err
}

// newPassword has the cache take another password beside the one in force, and then has tasks read it.
func (w *work) newPassword(ctx context.Context, p password, id string) error {
	if err := w.unchanged(ctx, p); err != nil {
		return err
	}
	if p.stages[coming] == "" {
		made := madeUp()
		if _, err := w.account.secrets.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: &p.arn, SecretString: &made, ClientRequestToken: &id, VersionStages: []string{coming, ungiven}}); err != nil {
			return fmt.Errorf("keep the next password: %w", err)
		}
		p.stages = maps.Clone(p.stages)
		p.stages[ungiven] = id
	}
	if now := p.stages[current]; now != id {
		if err := w.giveBoth(ctx, p, id); err != nil {
			return err
		}
		if p.stages[leaving] != now {
			if err := w.moveStage(ctx, p.arn, leaving, p.stages[leaving], now); err != nil {
				return fmt.Errorf("note that the cache takes two passwords: %w", err)
			}
		}
		if err := w.moveStage(ctx, p.arn, current, now, id); err != nil {
			return fmt.Errorf("have tasks read the next password: %w", err)
		}
	}
	if err := w.moveStage(ctx, p.arn, coming, id, ""); err != nil {
		return fmt.Errorf("note that tasks read it: %w", err)
	}
	return nil
}

// rotations is how often a password is given anew of which nobody knows whether the cache was given it.
const rotations = 5

// giveBoth has the cache take the coming password beside the one in force, which is never ended by it. AWS says when it
// was given a password last, not which one: that may have been somebody else's order, such as CloudFormation's. So only
// an order counts that this very call has given, and whose answer has come. Where one was given before, or its answer
// was lost, the cache takes the coming one, or does not. Given the coming one again, it would end the one in force
// in the first case: it keeps the last one that it was given. So it is given the one in force before, after which that is
// the last one in both cases. What this may end is the coming one alone, which no task has read.
func (w *work) giveBoth(ctx context.Context, p password, id string) error {
	next, err := w.passwordOf(ctx, p.arn, id)
	if err != nil {
		return err
	}
	inForce, err := w.passwordOf(ctx, p.arn, p.stages[current])
	if err != nil {
		return err
	}
	known := p.stages[ungiven] == id
	if known {
		if err := w.moveStage(ctx, p.arn, ungiven, id, ""); err != nil {
			return fmt.Errorf("note that the cache is given the next password: %w", err)
		}
	}
	for range rotations {
		if !known {
			if _, known, err = w.rotate(ctx, inForce); err != nil {
				return err
			}
		}
		if !known {
			continue
		}
		if _, known, err = w.rotate(ctx, next); err != nil || known {
			return err
		}
	}
	return errRestless()
}

func errRestless() error {
	return errs.New(errs.Busy, "something else changes the cache again and again: once it has ended, the same command goes on")
}

// rotate gives the cache a password beside the last one that it was given. It says when AWS has it that it was given one, and
// whether it was this call that did.
func (w *work) rotate(ctx context.Context, value string) (given time.Time, ordered bool, err error) {
	var last time.Time
	err = w.await(ctx, "the cache", passwordLimit, func(ctx context.Context) (bool, error) {
		n, err := w.nodes(ctx)
		last = n.password
		return n.rests(), err
	})
	if err != nil {
		return last, false, err
	}
	return w.setPassword(ctx, value, cachetypes.AuthTokenUpdateStrategyTypeRotate, last)
}

// passwordOf reads a version of the password.
func (w *work) passwordOf(ctx context.Context, arn, id string) (string, error) {
	found, err := w.account.secrets.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &arn, VersionId: &id})
	if err != nil {
		return "", fmt.Errorf("read version %s of the password: %w", short(id), err)
	}
	return aws.ToString(found.SecretString), nil
}

// LookSettledPassword finds out whether the cache can take the password in force alone. It changes nothing. Conflict:
// it does already, or tasks run that may have read the one before.
func LookSettledPassword(ctx context.Context, o *Options) (*Step, error) {
	w, s, p, err := beginPassword(ctx, o)
	if err != nil {
		return nil, err
	}
	s.From, s.To = version+short(p.stages[leaving])+" as well", version+short(p.stages[current])+" alone"
	s.Undo = "there is no way; " + s.command("secret", "cache", "--new") + " makes another."
	switch halfway, untold := s.again(s.To); {
	case untold:
		return s.tellOnly(), nil
	case halfway && p.stages[leaving] == "":
		s.From = s.Left.From
		s.do = func(context.Context, *work) error { return nil } // the run was cut after it
		return s, nil
	case p.stages[coming] != "":
		return nil, errs.New(errs.Conflict, "a new password was left half-way: "+s.command("secret", "cache", "--new")+" goes on with it")
	case p.stages[leaving] == "":
		return nil, errs.New(errs.Conflict, "the cache takes one password alone, version "+short(p.stages[current]))
	}
	if err := w.allKnow(ctx, p.changed); err != nil {
		return nil, err
	}
	s.do = func(ctx context.Context, w *work) error { return w.settlePassword(ctx, p) }
	return s, nil
}

// allKnow refuses while tasks run that were asked for before a moment, also such as are told to stop: until they have,
// they end what they are at, with the password that they have.
func (w *work) allKnow(ctx context.Context, since time.Time) error {
	var old []string
	for _, wanted := range []types.DesiredStatus{types.DesiredStatusRunning, types.DesiredStatusStopped} { // in the order in which a task goes
		found, err := w.tasks(ctx, wanted)
		if err != nil {
			return err
		}
		for i := range found {
			if t := &found[i]; t.State != "stopped" && !t.asked.After(since) {
				old = append(old, t.ID+" of "+t.Of)
			}
		}
	}
	if len(old) == 0 {
		return nil
	}
	const shown = 3
	more := ""
	if len(old) > shown {
		more = fmt.Sprintf(" and %d more", len(old)-shown)
	}
	return errs.New(errs.Conflict, "tasks run that may have read the password from before, and would be refused: "+strings.Join(old[:min(shown, len(old))], ", ")+more+". First enishi deploy "+w.o.Environment+", of the version that runs if there is no other; a job, and what is told to stop, ends by itself")
}

// settlePassword has the cache take the password in force alone.
func (w *work) settlePassword(ctx context.Context, p password) error {
	if err := w.unchanged(ctx, p); err != nil {
		return err
	}
	value, err := w.passwordOf(ctx, p.arn, p.stages[current])
	if err != nil {
		return err
	}
	if err := w.giveAlone(ctx, value, p.changed); err != nil {
		return err
	}
	if err := w.moveStage(ctx, p.arn, leaving, p.stages[leaving], ""); err != nil {
		return fmt.Errorf("note that the cache takes one password: %w", err)
	}
	return nil
}

// giveAlone has the cache take a password alone: that which it was given last, if it was given none since a moment. Where
// it was, this may have been an earlier run's order, whose answer was lost, or somebody else's, of the same one or another:
// AWS does not say. So it is given this one once more, beside whatever that was, and, if nobody came between, alone. At no
// time is it one that the cache does not take.
func (w *work) giveAlone(ctx context.Context, value string, since time.Time) (err error) {
	last := true // it is this one that the cache was given last
	for range rotations {
		if last {
			var alone bool
			if _, alone, err = w.setPassword(ctx, value, cachetypes.AuthTokenUpdateStrategyTypeSet, since); err != nil || alone {
				return err
			}
			w.tell("password", "the cache was given a password meanwhile, by somebody else or an earlier run", -1)
		}
		if since, last, err = w.rotate(ctx, value); err != nil {
			return err
		}
	}
	return errRestless()
}

// setPassword gives the cache a password, unless it was given one since a moment, and waits until it takes it. It is
// ordered once: given the same one twice, AWS would take it for the two that it takes. It says when AWS has it that the cache
// was given one, and whether AWS has answered that it takes the order: else it was given one by an order whose answer was
// lost, or by somebody else's.
func (w *work) setPassword(ctx context.Context, value string, how cachetypes.AuthTokenUpdateStrategyType, since time.Time) (given time.Time, ordered bool, err error) {
	const what = "the password of the cache"
	var asked time.Time
	shown := ""
	err = w.await(ctx, what, passwordLimit, func(ctx context.Context) (bool, error) {
		n, err := w.nodes(ctx)
		if err != nil {
			return false, err
		}
		if n.status != shown {
			w.tell("password", "the cache is "+n.status, -1)
			shown = n.status
		}
		if given = n.password; n.rests() && given.After(since) {
			return true, nil
		}
		if !n.rests() || ordered || time.Since(asked) < settles {
			return false, nil
		}
		w.tell("password", "AWS is told", -1)
		_, err = w.account.cache.ModifyReplicationGroup(ctx, &elasticache.ModifyReplicationGroupInput{ReplicationGroupId: &n.group, AuthToken: &value, AuthTokenUpdateStrategy: how, ApplyImmediately: aws.Bool(true)})
		if ordered = err == nil; busy(err) {
			return false, nil // it has begun already, or something else has
		}
		if err != nil && !errors.As(err, new(smithy.APIError)) {
			asked = time.Now() // it may have arrived
		}
		if err != nil {
			err = fmt.Errorf("give the cache its password: %w", err)
		}
		return false, lasting(err)
	})
	return given, ordered, err
}

// madeUp makes a password up, as long as the template's, of letters and digits, which nothing has to escape.
func madeUp() string {
	const letters, long = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", 64
	var out strings.Builder
	for out.Len() < long {
		some := make([]byte, long)
		_, _ = rand.Read(some)     // never fails
		for _, one := range some { // those beyond the last whole round would favour the first letters
			if rounds := 256 / len(letters); int(one) < rounds*len(letters) && out.Len() < long {
				out.WriteByte(letters[int(one)%len(letters)])
			}
		}
	}
	return out.String()
}
