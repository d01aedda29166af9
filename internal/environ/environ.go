// Package environ makes an environment on AWS out of an empty account, keeps it as the
// templates of infra say, and takes one down again that holds nobody's data.
//
// It is apart from package deploy, which brings versions to an environment and knows nothing
// of CloudFormation; it holds that package's record while it changes something, so that
// the two never work at once. Every step finds again what an earlier run has done of it:
// a run that was killed at any point is gone on with by the next one. It refuses stacks in
// a state that only a person can judge, and says what to do. See docs/decisions/0042.
//
// The stacks are in the environment's region but for the last, which is in that of CloudFront, each
// handed over from a bucket of its own region. What the last has to know of the others is what
// the account says; nothing is exported from one region to another.
//
// A call of Look, Up or Down is safe beside any other, in whatever process.
package environ

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"enishi/internal/deploy"
	"enishi/internal/errs"
)

// Options say which environment, of which templates, and who asks.
type Options struct {
	Environment string
	AWS         aws.Config
	By, Why     string
	Version     string // of the program, as git describes it
	// Wanted is what the templates describe; Down needs none.
	Wanted *Wanted
	// Image and Function make the image of the service, and of the function that tells people
	// of alarms, put it into a registry and give it as REPOSITORY@DIGEST. They are asked for
	// where the account knows none yet.
	Image, Function func(context.Context, deploy.Registry) (string, error)
	// NewFunction has that of the function made where the account knows one, too.
	NewFunction bool
	// Mail is the URL of the mail server, with its password; it is put into the environment's
	// secret where that has none yet.
	Mail string
	// NameServers looks up who answers for a domain in the world's own DNS.
	NameServers func(ctx context.Context, domain string) ([]string, error)
	// BaseOnly stops once what is kept is there, such as the database, the registry and the secrets, and
	// where tasks run: before anything serves.
	BaseOnly bool
	// Guards are the alarms under which CloudFormation takes a change of the services back, without what all alarms
	// of an environment are named by.
	Guards []string
	// DespiteLoss lets a change remove or replace what holds data.
	DespiteLoss bool
	// DespiteRights begins a step also where IAM's simulation says that whoever asks may not do all of it.
	DespiteRights bool
	// Tell is told what is being done; nil: nobody is.
	Tell func(deploy.Progress)
}

// Who is who asks, as AWS knows them.
type Who struct {
	Account  string `json:"account"`
	Region   string `json:"region"`
	Identity string `json:"identity"`
}

func (w *work) who(ctx context.Context) (Who, error) {
	out, err := sts.NewFromConfig(w.o.AWS).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return Who{}, errs.Wrap(errs.Denied, "AWS does not say who you are: are there credentials, and have they not expired?", err)
	}
	return Who{Account: aws.ToString(out.Account), Region: w.o.AWS.Region, Identity: aws.ToString(out.Arn)}, nil
}

// work is one call's.
type work struct {
	o       *Options
	account *account
	held    *deploy.Held   // nil as long as there is nothing to hold
	noting  bool           // the audit log is told, or was
	brought []string       // stacks, by this run
	alone   bool           // nobody runs a task meanwhile
	making  *deploy.Making // a step; nil: none is taken

	restoring string // how a restore is given again, for which services may stand still
	ending    bool   // the environment goes
}

func newWork(o *Options) *work { return &work{o: o, account: newAccount(o)} }

func (w *work) tell(step, note string, took time.Duration) {
	if w.o.Tell != nil {
		w.o.Tell(deploy.Progress{Step: step, Note: note, Took: took})
	}
}

// mayChange is asked before anything is changed: it makes sure that nobody has taken over.
func (w *work) mayChange(ctx context.Context) error {
	if err := w.mayGoOn(ctx); err != nil {
		return err
	}
	if w.held == nil {
		return nil
	}
	if err := w.held.Beat(ctx); err != nil {
		return final{err}
	}
	return nil
}

// mayGoOn is asked while a step is taken: whether nobody else has taken it over.
func (w *work) mayGoOn(ctx context.Context) error {
	if w.making == nil {
		return nil
	}
	if err := w.making.Beat(ctx); errs.Is(err, errs.Conflict) { // what cannot be kept just now may be later
		return final{err}
	}
	return nil
}

// final is an error that no further look will change.
type final struct{ error }

func (f final) Unwrap() error { return f.error }

const (
	lookEvery = 5 * time.Second
	// failuresBorne is how often in a row AWS may fail to answer a question, each time after
	// the tries of its library, before that ends a run.
	failuresBorne = 5
)

// await asks until there is nothing left to await.
func (w *work) await(ctx context.Context, what string, limit time.Duration, look func(context.Context) (done bool, err error)) error {
	begun, failures := time.Now(), 0
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		done, err := look(ctx)
		switch {
		case err == nil && done:
			return nil
		case errors.As(err, new(final)):
			return err
		case ctx.Err() != nil:
			return errors.Join(ctx.Err(), err)
		case err != nil:
			if failures++; failures > failuresBorne {
				return err
			}
		default:
			failures = 0
		}
		if time.Since(begun) > limit {
			return errs.New(errs.Busy, fmt.Sprintf("%s: not within %v; AWS goes on with it, and the next run waits for it again", what, limit))
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		if err := w.mayChange(ctx); err != nil {
			return err
		}
	}
}
