package environ

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"enishi/internal/config"
	"enishi/internal/deploy"
	"enishi/internal/errs"
	"enishi/internal/files"
)

// Handover is what an environment takes an installation's rows by, and gives them by: its bucket of files, in which
// a packed database lies meanwhile, and the secret with which all of its processes seal and sign.
type Handover struct {
	Who
	Environment string
	Real        bool   // it holds people's data
	At          string // the bucket, as people are told of it
	Serves      bool   // its services are there
	Secret      string

	secretARN string
	place     files.Place
	files     *files.Bucket
}

// LookHandover finds it out, of an environment whose cluster is there. It changes nothing.
func LookHandover(ctx context.Context, o *Options) (*Handover, error) {
	w := newWork(o)
	who, err := w.who(ctx)
	if err != nil {
		return nil, err
	}
	h := &Handover{Who: who, Environment: o.Environment}
	if h.Real, err = w.account.real(ctx); err != nil {
		return nil, err
	}
	set, err := w.settings(ctx)
	if err != nil {
		return nil, err
	}
	at, ok := config.ParseFiles(set.files)
	if !ok || at.Bucket.Name == "" {
		return nil, errs.New(errs.Conflict, o.Environment+" keeps its files in "+set.files+", which nobody reaches from here: a move needs a bucket (Files in infra's table)")
	}
	h.place = files.Place{Bucket: at.Bucket.Name, Prefix: at.Bucket.Prefix, Region: at.Bucket.Region, Endpoint: at.Bucket.Endpoint}
	h.At, h.files, h.secretARN = h.place.String(), files.NewBucket(&o.AWS, h.place), set.secret
	value, err := w.account.secrets.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &h.secretARN})
	if err != nil {
		return nil, fmt.Errorf("read the secret of %s: %w", o.Environment, err)
	}
	h.Secret = aws.ToString(value.SecretString)
	h.Serves, err = w.serves(ctx)
	return h, err
}

// again is LookHandover once more, of the same account: what was shown to a person may be otherwise by now.
func (h *Handover) again(ctx context.Context, o *Options) error {
	now, err := LookHandover(ctx, o)
	if err == nil {
		*h = *now
	}
	return err
}

// settings are those of tasks that run once: where files are, and the ARN of the secret.
type settings struct{ files, secret string }

func (w *work) settings(ctx context.Context) (out settings, err error) {
	family := "enishi-" + w.o.Environment + "-once"
	found, err := w.account.ecs.DescribeTaskDefinition(ctx, &ecs.DescribeTaskDefinitionInput{TaskDefinition: &family})
	if err != nil {
		if refused(err, "ClientException", "") {
			err = errs.Wrap(errs.NotFound, "there are no tasks yet that run once: enishi env up "+w.o.Environment+" --base makes the cluster", err)
		}
		return out, fmt.Errorf("look at the task definition %s: %w", family, err)
	}
	for i := range found.TaskDefinition.ContainerDefinitions {
		c := &found.TaskDefinition.ContainerDefinitions[i]
		for _, v := range c.Environment {
			if aws.ToString(v.Name) == "ENISHI_FILES_URL" {
				out.files = aws.ToString(v.Value)
			}
		}
		for _, s := range c.Secrets {
			if aws.ToString(s.Name) == "ENISHI_SECRET" {
				out.secret = aws.ToString(s.ValueFrom)
			}
		}
	}
	if out.files == "" || out.secret == "" {
		return out, errs.New(errs.Internal, "the task definition "+family+" says neither where files are nor where the secret is: enishi env up "+w.o.Environment+" writes it")
	}
	return out, nil
}

// serves says whether there are services, or will be: their stack is made, or tasks of theirs are there still.
func (w *work) serves(ctx context.Context) (bool, error) {
	s, err := w.account.stack(ctx, stackName(w.o.Environment, "service"))
	if err != nil {
		return false, err
	}
	if !fresh(s) && s.StackStatus != cfntypes.StackStatusRollbackComplete && s.StackStatus != cfntypes.StackStatusDeleteComplete {
		return true, nil
	}
	out, err := w.account.ecs.DescribeServices(ctx, &ecs.DescribeServicesInput{Cluster: aws.String("enishi-" + w.o.Environment), Services: []string{"web", "worker"}})
	if errors.As(err, new(*types.ServiceNotFoundException)) || errors.As(err, new(*types.ClusterNotFoundException)) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look at the services of %s: %w", w.o.Environment, err)
	}
	return slices.ContainsFunc(out.Services, func(s types.Service) bool { return aws.ToString(s.Status) != "INACTIVE" }), nil
}

// Packed is a database that is handed over.
type Packed struct {
	Name   string // of the file
	Prefix string // by which such files are told from others: what an earlier run has left goes
	Secret string // with which it is sealed
	// Write writes it.
	Write func(ctx context.Context, to io.Writer) error
	// Kept is called if it did not get there, or not whole: nothing goes on with it.
	Kept func() error
}

// MoveIn gives the environment the secret of a packed database, hands that over, and has a task copy its rows into
// the environment's own, which must be empty; or rehearses it: then nobody serves what is there. Nobody deploys
// meanwhile. What is handed over is removed in the end. A second run does all of it anew, once the task of a first one
// has ended. It is Conflict where there are services, and where the database holds an installation.
func MoveIn(ctx context.Context, o *Options, h *Handover, p Packed, rehearse bool, printed func(line string)) error {
	w := newWork(o)
	w.alone = true
	if err := w.hold(ctx); err != nil {
		return err
	}
	err := w.moveIn(ctx, h, p, rehearse, printed)
	if errors.Is(err, deploy.ErrTaken) {
		return err
	}
	ending := context.WithoutCancel(ctx)
	goes := errors.As(err, new(goesOn))
	if !goes { // else its task may still want it; the next move removes it
		err = errors.Join(err, w.tidy(ending, h, p.Prefix))
	}
	return errors.Join(err, w.held.Abandon(ending, goes))
}

func (w *work) moveIn(ctx context.Context, h *Handover, p Packed, rehearse bool, printed func(line string)) error {
	if err := h.again(ctx, w.o); err != nil {
		return err
	}
	if h.Serves {
		return errs.New(errs.Conflict, "services of "+w.o.Environment+" are there already, with a database of their own: rows are brought before them (enishi env up "+w.o.Environment+" --base)")
	}
	if err := w.tidy(ctx, h, p.Prefix); err != nil {
		return err
	}
	command := []string{"transfer", "--packed", p.Name}
	// Before the secret: what is sealed in a database that holds something is sealed with the one that is there.
	if err := w.task(ctx, moveDisk, append(slices.Clone(command), "--plan"), printed); err != nil {
		return err
	}
	if err := w.takeSecret(ctx, h, p.Secret); err != nil {
		return err
	}
	if err := w.timed("upload", func() error {
		return w.holding(ctx, func(ctx context.Context) error {
			return h.files.Create(ctx, p.Name, func(to io.Writer) error { return p.Write(ctx, to) })
		})
	}); err != nil {
		return errors.Join(err, p.Kept())
	}
	if rehearse {
		return w.task(ctx, moveDisk, append(command, "--rehearse"), printed)
	}
	if err := w.task(ctx, moveDisk, command, printed); err != nil {
		return err
	}
	return w.timed("note", func() error {
		return w.held.Note(ctx, "environment.change", "the secret of "+w.o.Environment+" -> that of the installation whose rows were brought ("+p.Name+")")
	})
}

// MoveOut has a task pack the environment's database under a name, and gives it to whoever reads it. It changes
// nothing, and holds nobody up: a deployment that changes the schema meanwhile breaks it off.
func MoveOut(ctx context.Context, o *Options, h *Handover, name string, read func(context.Context, files.Store) error, printed func(line string)) error {
	w := newWork(o)
	err := w.task(ctx, moveDisk, []string{"transfer", "--back", "--packed", name}, printed)
	if err == nil {
		err = w.timed("download", func() error { return read(ctx, h.files) })
	}
	if errors.As(err, new(goesOn)) {
		return err
	}
	return errors.Join(err, h.files.Remove(context.WithoutCancel(ctx), name))
}

// goesOn is the error of a task that has not ended.
type goesOn struct{ error }

func (g goesOn) Unwrap() error { return g.error }

// tidy removes what was handed over. Its bucket keeps what is removed for a day, and removes by itself what is older.
func (w *work) tidy(ctx context.Context, h *Handover, prefix string) error {
	left, err := h.files.List(ctx, prefix)
	if err != nil {
		return err
	}
	for _, one := range left {
		if err := h.files.Remove(ctx, one.Name); err != nil {
			return err
		}
	}
	return nil
}

// takeSecret gives the environment another secret. Nothing is sealed with the one that it was made with, as
// long as nobody has served there.
func (w *work) takeSecret(ctx context.Context, h *Handover, secret string) error {
	if secret == h.Secret {
		return nil
	}
	if err := w.mayChange(ctx); err != nil {
		return err
	}
	w.tell("secret", "that of the packed database takes the place of the one in "+h.secretARN, -1)
	if _, err := w.account.secrets.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: &h.secretARN, SecretString: &secret}); err != nil {
		return fmt.Errorf("put the secret in its place: %w", err)
	}
	return nil
}

// task has a command of the program run as a task, with so many GiB of disk; 0: as many as Fargate gives unasked.
func (w *work) task(ctx context.Context, disk int32, command []string, printed func(line string)) error {
	return w.timed("task", func() error {
		var task *deploy.Task
		err := while(ctx, w.mayGoOn, func(ctx context.Context) (err error) {
			if w.held != nil { // which says itself that somebody is there
				task, err = w.held.Task(ctx, disk, command, printed)
				return err
			}
			o := w.deploying()
			o.Disk = disk
			task, err = deploy.RunTask(ctx, o, command, printed)
			return err
		})
		if err != nil && task != nil && task.Ended.IsZero() {
			return goesOn{fmt.Errorf("the task %s goes on: wait for its end (enishi env tasks %s), then give the command again: %w", task.ARN[strings.LastIndexByte(task.ARN, '/')+1:], w.o.Environment, err)}
		}
		return err
	})
}

// moveDisk is what a task has for databases: as much as Fargate gives.
const moveDisk = 200 // GiB
