package deploytest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// Break has a stack be left in a state by CloudFormation, with what could not be taken back, by its name in the
// template. One that is not there was never whole.
func (a *Account) Break(name string, status types.StackStatus, failed ...string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := a.stacks[name]
	if s == nil {
		s = &stack{id: "arn:aws:cloudformation:" + a.regionOf(name) + ":" + number + ":stack/" + name + fmt.Sprintf("/broken-%d", len(a.gone)), name: name, created: time.Now(), sets: map[string]*changeSet{}}
		s.template.Resources = map[string]resource{"Half": {Type: "AWS::SNS::Topic"}, "Kept": {Type: "AWS::ECR::Repository", DeletionPolicy: "Retain"}}
		s.stand(types.StackStatusCreateInProgress, "User Initiated")
		a.stacks[name] = s
	}
	s.failed = failed
	s.stand(status, "something failed")
}

// Vanish has somebody delete a stack by hand.
func (a *Account) Vanish(name string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.stacks[name].stand(types.StackStatusDeleteComplete, "")
	a.advanceStacks(time.Now())
}

// Well has what could not be taken back be mended, by hand.
func (a *Account) Well(name string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.stacks[name].failed = nil
}

// Orders gives what was ordered of a stack that was left half-way, and how often.
func (a *Account) Orders(name string) map[string]int {
	a.mu.Lock()
	defer a.mu.Unlock()
	out := map[string]int{}
	if s := a.stacks[name]; s != nil {
		for _, order := range s.orders {
			out[order]++
		}
	}
	return out
}

// stateOf gives the state of what is in a stack, by its name in the template.
func (s *stack) stateOf(name string) types.ResourceStatus {
	switch {
	case s.status == types.StackStatusDeleteComplete && s.template.Resources[name].DeletionPolicy == "Retain":
		return types.ResourceStatusDeleteSkipped
	case s.status == types.StackStatusDeleteComplete:
		return types.ResourceStatusDeleteComplete
	case s.status == types.StackStatusUpdateRollbackFailed && slices.Contains(s.failed, name):
		return types.ResourceStatusUpdateFailed
	}
	return types.ResourceStatusCreateComplete
}

// ordered says whether a stack takes an order in the state it is in; again: it has it already.
func (s *stack) ordered(order string, token *string, from ...types.StackStatus) (again bool, err error) {
	if given, ok := s.orders[aws.ToString(token)]; ok {
		if given != order {
			return false, refuse("TokenAlreadyExistsException", "the token is of another order")
		}
		return true, nil
	}
	if !slices.Contains(from, s.status) {
		return false, refuse("ValidationError", "Stack:%s is in %s state and can not be rolled back.", s.id, s.status)
	}
	if s.orders == nil {
		s.orders = map[string]string{}
	}
	s.orders[aws.ToString(token)] = order
	return false, nil
}

// back has a stack go back to what it was, without what is left as it is.
func (s *stack) back(skip []string) {
	left := slices.DeleteFunc(slices.Clone(s.failed), func(one string) bool { return slices.Contains(skip, one) })
	s.move(types.StackStatusUpdateRollbackInProgress, takes, func() {
		if len(left) > 0 {
			s.event("UPDATE_FAILED", left[0], s.template.Resources[left[0]].Type, "it is in use")
			s.stand(types.StackStatusUpdateRollbackFailed, fmt.Sprintf("The following resource(s) failed to update: [%s].", strings.Join(left, ", ")))
			return
		}
		s.failed = nil
		s.stand(types.StackStatusUpdateRollbackComplete, "")
	})
}

func (a *Account) continueUpdateRollback(in *cloudformation.ContinueUpdateRollbackInput) (*cloudformation.ContinueUpdateRollbackOutput, error) {
	s, err := a.mustStack(in.StackName)
	if err != nil {
		return nil, err
	}
	for _, name := range in.ResourcesToSkip {
		if s.status == types.StackStatusUpdateRollbackFailed && !slices.Contains(s.failed, name) {
			return nil, refuse("ValidationError", "Resource [%s] is not in UPDATE_FAILED", name)
		}
	}
	again, err := s.ordered("go on back", in.ClientRequestToken, types.StackStatusUpdateRollbackFailed)
	if err != nil || again {
		return &cloudformation.ContinueUpdateRollbackOutput{}, err
	}
	s.back(in.ResourcesToSkip)
	return &cloudformation.ContinueUpdateRollbackOutput{}, nil
}

func (a *Account) rollbackStack(in *cloudformation.RollbackStackInput) (*cloudformation.RollbackStackOutput, error) {
	s, err := a.mustStack(in.StackName)
	if err != nil {
		return nil, err
	}
	again, err := s.ordered("go back", in.ClientRequestToken, types.StackStatusCreateFailed, types.StackStatusUpdateFailed)
	if err != nil || again {
		return &cloudformation.RollbackStackOutput{StackId: &s.id}, err
	}
	s.back(nil)
	return &cloudformation.RollbackStackOutput{StackId: &s.id}, nil
}
