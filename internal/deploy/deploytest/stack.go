package deploytest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// stack is one of CloudFormation.
type stack struct {
	id, name         string
	status           types.StackStatus
	reason           string
	created, updated time.Time
	deleted          time.Time
	protected        bool
	template         template
	values           map[string]string // of its parameters, those of the account resolved
	events           []types.StackEvent
	sets             map[string]*changeSet
	failed           []string                  // what could not be taken back, by its name in the template
	orders           map[string]string         // by their tokens
	made, live       map[string]map[string]any // what CloudFormation compares: properties by the template, and as they are
	altered          map[string]int            // how often web had been deployed when somebody led people elsewhere, by the rule

	ends time.Time // of what moves it; zero: it rests
	end  func()
}

// template is as much of one as is looked at here.
type template struct {
	Parameters map[string]struct {
		Type    string
		Default *string
	}
	Resources map[string]resource
}

type resource struct {
	Type           string
	Properties     map[string]any
	DeletionPolicy string
}

// access is the bucket of lines about requests.
const access = "enishi-access"

// How long CloudFormation takes here: less than in an account, so that tests that look at
// it every few seconds end soon.
const (
	worksOut = 5 * time.Second
	makes    = 40 * time.Second
	takes    = 20 * time.Second
	compares = 30 * time.Second
)

// Empty gives an account in which nothing is yet but the zone of the environment's domain.
func Empty(environment string) *Account {
	return &Account{
		Environment: environment, Zones: []string{environment + ".enishi.example.jp"},
		tested: map[string]time.Time{}, scaled: map[string][2]int32{}, parameters: map[string]string{}, objects: map[string]object{}, services: map[string]*service{}, buckets: map[string]map[string]object{}, stacks: map[string]*stack{}, images: newImages(),
	}
}

// States gives the state of every stack that is there, by its name.
func (a *Account) States() map[string]string {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.advance()
	out := map[string]string{}
	for name, s := range a.stacks {
		out[name] = string(s.status)
		if len(s.sets) > 0 {
			out[name] += " (with a change set)"
		}
	}
	return out
}

// Left gives what is in the account and costs, or stands in the way of making the environment anew.
func (a *Account) Left() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.advance()
	var out []string
	for name := range a.parameters {
		if name != a.tombstone() {
			out = append(out, name)
		}
	}
	out = slices.AppendSeq(out, maps.Keys(a.stacks))
	out = slices.AppendSeq(out, maps.Keys(a.buckets))
	out = slices.AppendSeq(out, maps.Keys(a.objects))
	out = append(out, a.images.there...)
	out = append(out, a.points...)
	out = append(out, a.logs...)
	slices.Sort(out)
	return out
}

// Gone gives what the account keeps of whoever took the environment down; "": nobody has.
func (a *Account) Gone() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.parameters[a.tombstone()]
}

// tombstone is the parameter that outlives the environment.
func (a *Account) tombstone() string { return "/enishi-gone/" + a.Environment }

// Parameter gives what the account keeps for the environment under a name.
func (a *Account) Parameter(name string) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.parameters["/enishi/"+a.Environment+"/"+name]
}

// advanceStacks brings every stack to what it is now.
func (a *Account) advanceStacks(now time.Time) {
	for name, s := range a.stacks {
		for !s.ends.IsZero() && !now.Before(s.ends) {
			end := s.end
			s.updated, s.ends, s.end = s.ends, time.Time{}, nil
			end()
		}
		if s.status == types.StackStatusDeleteComplete {
			delete(a.stacks, name)
			a.gone = append(a.gone, s)
		}
	}
}

func (s *stack) event(status, resource, kind, why string) {
	s.events = append(s.events, types.StackEvent{
		EventId: aws.String(fmt.Sprintf("%s-%d", s.name, len(s.events))), StackId: &s.id, StackName: &s.name, Timestamp: aws.Time(time.Now()),
		LogicalResourceId: &resource, ResourceType: &kind, ResourceStatus: types.ResourceStatus(status), ResourceStatusReason: &why,
	})
}

func (s *stack) move(status types.StackStatus, after time.Duration, end func()) {
	s.status, s.ends, s.end = status, time.Now().Add(after), end
	s.event(string(status), s.name, "AWS::CloudFormation::Stack", "")
}

func (s *stack) stand(status types.StackStatus, why string) {
	s.status, s.reason = status, why
	s.event(string(status), s.name, "AWS::CloudFormation::Stack", why)
}

// regionOf gives where a stack has to be: CloudFront's certificate is of one region.
func (a *Account) regionOf(name string) string {
	if name == "enishi-"+a.Environment+"-edge" {
		return Edge
	}
	return Region
}

// findStack gives a stack of the region in which is being asked.
func (a *Account) findStack(name *string) *stack {
	for _, s := range a.stacks {
		if a.regionOf(s.name) != a.region {
			continue
		}
		if s.name == aws.ToString(name) || s.id == aws.ToString(name) {
			return s
		}
	}
	for _, s := range a.gone {
		if s.id == aws.ToString(name) && a.regionOf(s.name) == a.region {
			return s
		}
	}
	return nil
}

func (a *Account) mustStack(name *string) (*stack, error) {
	if s := a.findStack(name); s != nil {
		return s, nil
	}
	return nil, refuse("ValidationError", "Stack [%s] does not exist", aws.ToString(name))
}

func (a *Account) describeStacks(in *cloudformation.DescribeStacksInput) (*cloudformation.DescribeStacksOutput, error) {
	s, err := a.mustStack(in.StackName)
	if err != nil {
		return nil, err
	}
	one := types.Stack{StackId: &s.id, StackName: &s.name, StackStatus: s.status, StackStatusReason: &s.reason, CreationTime: &s.created, EnableTerminationProtection: &s.protected}
	for name, value := range s.values {
		one.Parameters = append(one.Parameters, types.Parameter{ParameterKey: &name, ParameterValue: &value})
	}
	if !s.updated.IsZero() {
		one.LastUpdatedTime = &s.updated
	}
	if !s.deleted.IsZero() {
		one.DeletionTime = &s.deleted
	}
	return &cloudformation.DescribeStacksOutput{Stacks: []types.Stack{one}}, nil
}

func (a *Account) describeStackEvents(in *cloudformation.DescribeStackEventsInput) (*cloudformation.DescribeStackEventsOutput, error) {
	s, err := a.mustStack(in.StackName)
	if err != nil {
		return nil, err
	}
	out := &cloudformation.DescribeStackEventsOutput{StackEvents: slices.Clone(s.events)}
	slices.Reverse(out.StackEvents)
	return out, nil
}

func (a *Account) listStackResources(in *cloudformation.ListStackResourcesInput) (*cloudformation.ListStackResourcesOutput, error) {
	s, err := a.mustStack(in.StackName)
	if err != nil {
		return nil, err
	}
	out := &cloudformation.ListStackResourcesOutput{}
	for _, name := range slices.Sorted(maps.Keys(s.template.Resources)) {
		id := a.physical(s, name)
		switch s.template.Resources[name].Type {
		case "AWS::S3::Bucket":
			id = Bucket
		case "AWS::ECR::Repository":
			if id = a.repository(); strings.HasPrefix(name, "Topics") {
				id += functions
			}
		}
		out.StackResourceSummaries = append(out.StackResourceSummaries, types.StackResourceSummary{
			LogicalResourceId: &name, PhysicalResourceId: &id, ResourceType: aws.String(s.template.Resources[name].Type), ResourceStatus: s.stateOf(name), LastUpdatedTimestamp: &s.created,
		})
	}
	return out, nil
}

func (a *Account) executeChangeSet(in *cloudformation.ExecuteChangeSetInput) (*cloudformation.ExecuteChangeSetOutput, error) {
	s, c, err := a.findSet(in.StackName, in.ChangeSetName)
	if err != nil {
		return nil, err
	}
	if time.Since(c.made) < worksOut || len(c.changes) == 0 || !s.ends.IsZero() || !c.based.Equal(s.updated) {
		return nil, refuse("InvalidChangeSetStatus", "ChangeSet [%s] cannot be executed in its current status", c.name)
	}
	clear(s.sets) // others are of what was
	before, was := s.template, s.values
	fails := a.Failing[s.name]
	if c.kind == types.ChangeSetTypeCreate {
		s.move(types.StackStatusCreateInProgress, makes, func() {
			if fails != "" {
				s.reason = fails
				s.event("CREATE_FAILED", "Broken", "AWS::Test::Broken", fails)
				s.move(types.StackStatusRollbackInProgress, takes, func() {
					s.stand(types.StackStatusRollbackComplete, "The following resource(s) failed to create: [Broken].")
				})
				return
			}
			a.done(s, c, types.StackStatusCreateComplete)
		})
		return &cloudformation.ExecuteChangeSetOutput{}, nil
	}
	s.move(types.StackStatusUpdateInProgress, takes+a.span(c.watches), func() {
		if on := a.firing(c.guards, a.now()); len(on) > 0 && fails == "" {
			fails = "Rollback triggered by alarm(s) " + strings.Join(on, ", ")
		}
		if fails != "" {
			s.template, s.values = before, was
			s.event("UPDATE_FAILED", "Broken", "AWS::Test::Broken", fails)
			s.move(types.StackStatusUpdateRollbackInProgress, takes, func() { s.stand(types.StackStatusUpdateRollbackComplete, "") })
			return
		}
		if c.reverts {
			a.broughtBack(s, c)
			return
		}
		a.done(s, c, types.StackStatusUpdateComplete)
	})
	return &cloudformation.ExecuteChangeSetOutput{}, nil
}

// done makes what a stack of Enishi makes.
func (a *Account) done(s *stack, c *changeSet, status types.StackStatus) {
	s.template, s.values = c.template, c.values
	for _, name := range slices.Sorted(maps.Keys(s.template.Resources)) {
		s.event(strings.TrimSuffix(string(status), "_COMPLETE")+"_COMPLETE", name, s.template.Resources[name].Type, "")
	}
	switch strings.TrimPrefix(s.name, "enishi-"+a.Environment+"-") {
	case "base":
		if len(a.logs) > 0 {
			a.fault("the base was made beside %q, of which it has its own", a.logs)
		}
		a.records = true
		if a.buckets[Files] == nil {
			a.buckets[Files], a.sealing = map[string]object{}, Sealing
		}
		for name, value := range map[string]string{"records": Bucket, "registry": strings.Split(Before, "@")[0], "access": access, "test-url": TestURL, "kind": a.kind()} {
			a.parameters["/enishi/"+a.Environment+"/"+name] = value
		}
	case "cluster":
		a.pulls(a.parameters["/enishi/"+a.Environment+"/image"])
		a.cluster(a.parameters["/enishi/"+a.Environment+"/image"])
	case "service":
		if mail := a.stacks["enishi-"+a.Environment+"-base"].template.Resources["DataMail"]; mail.Type != "" && a.secret == "" {
			a.fault("services were started without a mail server")
		}
		a.serve(a.parameters["/enishi/"+a.Environment+"/image"])
	case "alarms":
		a.pulls(a.parameters["/enishi/"+a.Environment+"/notify/image"])
	case "edge":
		if a.stacks["enishi-"+a.Environment+"-alarms"] == nil {
			a.fault("the edge was made before the function that its topic starts")
		}
		if got := s.values["Access"]; got != access {
			a.fault("lines about requests go to %q", got)
		}
	}
	a.build(s)
	s.stand(status, "")
}

func (a *Account) deleteStack(in *cloudformation.DeleteStackInput) (*cloudformation.DeleteStackOutput, error) {
	s := a.findStack(in.StackName)
	switch {
	case s == nil, s.status == types.StackStatusDeleteComplete, s.status == types.StackStatusDeleteInProgress:
		return &cloudformation.DeleteStackOutput{}, nil
	case s.protected:
		return nil, refuse("ValidationError", "Stack [%s] cannot be deleted while TerminationProtection is enabled", s.name)
	case !s.ends.IsZero():
		return nil, refuse("ValidationError", "Stack [%s] cannot be deleted while in status %s", s.name, s.status)
	}
	part := strings.TrimPrefix(s.name, "enishi-"+a.Environment+"-")
	if (part == "base" || part == "cluster") && a.stacks["enishi-"+a.Environment+"-service"] != nil || part == "base" && a.stacks["enishi-"+a.Environment+"-cluster"] != nil {
		a.fault("the %s was deleted before what stands on it", part)
	}
	if part == "service" && a.stacks["enishi-"+a.Environment+"-edge"] != nil {
		a.fault("the service was deleted before what leads people to it")
	}
	s.deleted = time.Now()
	s.move(types.StackStatusDeleteInProgress, takes, func() { a.undone(s, part) })
	return &cloudformation.DeleteStackOutput{}, nil
}

func (a *Account) undone(s *stack, part string) {
	if id := a.kept(s); id != "" {
		s.event("DELETE_FAILED", id, "", "it cannot be deleted because deletion protection is enabled, or it is being modified")
		s.stand(types.StackStatusDeleteFailed, "The following resource(s) failed to delete: ["+id+"].")
		return
	}
	switch part {
	case "base":
		for what, left := range map[string]int{"bucket": len(a.objects), "repository": len(a.images.there), "vault": len(a.points)} {
			if left > 0 {
				s.stand(types.StackStatusDeleteFailed, "The "+what+" you tried to delete is not empty")
				return
			}
		}
		a.records = false
		delete(a.buckets, Files)
		a.logs = append(a.logs, "/aws/rds/cluster/enishi-"+a.Environment+"/audit") // as RDS does while the cluster goes
		for _, name := range []string{"records", "registry", "access", "test-url", "kind"} {
			delete(a.parameters, "/enishi/"+a.Environment+"/"+name)
		}
	case "cluster":
		a.definitions = nil
		delete(a.parameters, "/enishi/"+a.Environment+"/tasks")
	case "service":
		clear(a.services)
		if why := a.Stuck[s.name]; why != "" {
			delete(a.Stuck, s.name)
			s.stand(types.StackStatusDeleteFailed, why)
			return
		}
		a.definitions = slices.DeleteFunc(a.definitions, func(d *definition) bool { return !once(d) })
	}
	s.stand(types.StackStatusDeleteComplete, "")
}

// once says whether a definition is one of the stack of the cluster.
func once(d *definition) bool {
	return strings.HasSuffix(aws.ToString(d.Family), "-once") || strings.HasSuffix(aws.ToString(d.Family), "-accept")
}

// Unset removes a parameter, as somebody does by hand.
func (a *Account) Unset(name string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.parameters, "/enishi/"+a.Environment+"/"+name)
}

func (a *Account) updateTerminationProtection(in *cloudformation.UpdateTerminationProtectionInput) (*cloudformation.UpdateTerminationProtectionOutput, error) {
	s, err := a.mustStack(in.StackName)
	if err != nil {
		return nil, err
	}
	if in.EnableTerminationProtection == nil {
		return nil, refuse("ValidationError", "EnableTerminationProtection must be given")
	}
	s.protected = *in.EnableTerminationProtection
	return &cloudformation.UpdateTerminationProtectionOutput{StackId: &s.id}, nil
}

// Protected gives the stacks that cannot be deleted, sorted.
func (a *Account) Protected() (list []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for name, s := range a.stacks {
		if s.protected {
			list = append(list, name)
		}
	}
	slices.Sort(list)
	return list
}

// Protect keeps a stack from being deleted, as somebody does by hand.
func (a *Account) Protect(name string) { a.protect(name, true) }

// Unprotect lifts that.
func (a *Account) Unprotect(name string) { a.protect(name, false) }

func (a *Account) protect(name string, is bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.stacks[name].protected = is
}
