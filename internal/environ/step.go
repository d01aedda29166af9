package environ

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"enishi/internal/deploy"
	"enishi/internal/errs"
)

// Step is something that a person does to a part of an environment, beside deployments and templates: it was
// looked at, and is done by Take.
type Step struct {
	Who
	Environment string `json:"environment"`
	Real        bool   `json:"real"` // the environment holds people's data
	What        string `json:"what"` // is changed, such as database
	From        string `json:"from"`
	To          string `json:"to"`
	Undo        string `json:"undo"`           // the command that takes it back, or why there is none
	Then        string `json:"then,omitempty"` // what is left for a person to do
	// Changes is what CloudFormation would do for it, thing by thing; empty: it is no change of a stack.
	Changes []Change `json:"changes,omitempty"`
	// Left is a step of the same thing that a run has left half-way, or done and not told of; nil: none has.
	Left *deploy.Change `json:"left,omitempty"`
	// Checks are what has to be so before it is begun; none: nothing is looked at.
	Checks []Check `json:"checks,omitempty"`
	// Done says that it was done, and that telling of it is all that is left.
	Done bool `json:"done,omitempty"`

	mark     string  // of its record
	seen     *string // the last change of it, as it was looked at; nil: whichever comes
	far      string  // how far an earlier run of it has come
	unlogged bool    // there is no audit log yet, nor a place for a record: whoever does it keeps who and why
	do       func(context.Context, *work) error
}

// begin begins a step with what is known of everything in the environment.
func (w *work) begin(ctx context.Context, what string) (*Step, error) {
	who, err := w.who(ctx)
	if err != nil {
		return nil, err
	}
	s := &Step{Who: who, Environment: w.o.Environment, What: what}
	if s.Real, err = w.account.real(ctx); err != nil {
		return nil, err
	}
	asks := &deploy.Options{Environment: w.o.Environment, AWS: w.o.AWS, By: who.Identity, Why: "a look"}
	s.Left, err = deploy.LeftChange(ctx, asks, what)
	return s, err
}

// again says whether the same step was left by a run a while ago: with the same end, half-way, or done and not told of.
// What is older is told of, and the step is a new one.
func (s *Step) again(to string) (halfway, untold bool) {
	if s.Left == nil || s.Left.To != to || !s.Left.Recent() {
		return false, false
	}
	return s.Left.Made.IsZero(), !s.Left.Made.IsZero()
}

// tellOnly makes telling of it the step.
func (s *Step) tellOnly() *Step {
	s.From, s.To, s.Undo, s.Done = s.Left.From, s.Left.To, "it is done; only the audit log is told of it.", true
	return s
}

// command is one of enishi env about this environment.
func (s *Step) command(words ...string) string {
	return strings.Join(append([]string{"enishi env", words[0], s.Environment}, words[1:]...), " ")
}

// Begins is Conflict if a check of what somebody is about to do came out badly: then it would fail half-way.
func Begins(checks []Check) error {
	if bad := badOf(checks); len(bad) > 0 {
		return errs.New(errs.Conflict, "nothing was changed: "+strings.Join(bad, "; ")+". Where IAM's simulation is wrong about it, --despite-rights begins all the same")
	}
	return nil
}

// mayTake adds the check whether whoever asks may do all that a step asks for.
func (s *Step) mayTake(ctx context.Context, w *work, asked []right) error {
	c, err := w.mayDo(ctx, s.Who, asked)
	if err == nil {
		s.Checks = append(s.Checks, c)
	}
	return err
}

// mayDo is the check whether somebody may do all of some actions for what may have to be done at once: IAM, whose control plane is
// in another region, holds nobody up by being away, nor by a no that somebody knows to be wrong.
func (w *work) mayDo(ctx context.Context, who Who, asked []right) (Check, error) {
	c, err := w.allowed(ctx, who, asked, "that it asks for")
	switch {
	case err != nil && ctx.Err() == nil:
		c, err = Check{What: "rights", Is: Unknown, Note: "IAM does not say: " + err.Error()}, nil
	case c.Is == Bad && w.o.DespiteRights:
		c.Is, c.Note = Unknown, c.Note+", by IAM's simulation, despite which it is begun"
	}
	return c, err
}

// Take does a step and tells the audit log. What a run that was killed has left, another ends: the step is looked
// at again first. Conflict if it does not begin.
func Take(ctx context.Context, o *Options, s *Step) error {
	w := newWork(o)
	if err := Begins(s.Checks); err != nil {
		return err
	}
	if s.Done {
		return deploy.TellChange(ctx, w.deploying(), s.What)
	}
	if s.unlogged {
		return s.do(ctx, w)
	}
	change := deploy.Change{What: s.What, From: s.From, To: s.To, Mark: s.mark, Seen: s.seen, Far: s.far}
	return deploy.MakeChange(ctx, w.deploying(), change, func(ctx context.Context, m *deploy.Making) error {
		w.making = m
		return s.do(ctx, w)
	})
}

// made gives what CloudFormation has made of a resource of the stack base, by its type and the beginning of its
// name in the template; "": there is none.
func (w *work) made(ctx context.Context, kind, name string) (string, error) {
	found, err := w.resources(ctx, stackName(w.o.Environment, "base"))
	if refused(err, "ValidationError", "does not exist") {
		return "", nil
	}
	for i := range found {
		if r := &found[i]; aws.ToString(r.ResourceType) == kind && strings.HasPrefix(aws.ToString(r.LogicalResourceId), name) {
			return aws.ToString(r.PhysicalResourceId), nil
		}
	}
	return "", err
}

// resources lists what CloudFormation knows of a stack, by its name or its ARN.
func (w *work) resources(ctx context.Context, stack string) ([]types.StackResourceSummary, error) {
	var out []types.StackResourceSummary
	pages := cloudformation.NewListStackResourcesPaginator(w.account.of(stack).cfn, &cloudformation.ListStackResourcesInput{StackName: &stack})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list what is in the stack %s: %w", stack, err)
		}
		out = append(out, page.StackResourceSummaries...)
	}
	return out, nil
}
