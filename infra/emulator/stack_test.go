package emulator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cf "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/smithy-go"
)

// formation deploys by the SDK, as it does in an account. What fails is not tried again.
type formation struct {
	*server
	client      *cloudformation.Client
	certificate string // that stands for the one of the template
	zone        string
}

// open prepares an account: empty but for what exists beforehand.
func open(t *testing.T, s *server, domain string) *formation {
	t.Helper()
	s.reset(t)
	f := &formation{server: s, client: cloudformation.New(cloudformation.Options{
		Region: region, BaseEndpoint: aws.String(s.url), Credentials: aws.CredentialsProviderFunc(credentials), Retryer: aws.NopRetryer{},
	})}
	certificate, err := s.ask(t.Context(), "acm", "RequestCertificate", "DomainName="+domain)
	if err != nil {
		t.Fatal(err)
	}
	zone, err := s.ask(t.Context(), "route53", "POST /2013-04-01/hostedzone",
		`<CreateHostedZoneRequest xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><Name>`+domain+`</Name><CallerReference>1</CallerReference></CreateHostedZoneRequest>`)
	if err != nil {
		t.Fatal(err)
	}
	f.certificate = fmt.Sprint(at(certificate, "CertificateArn"))
	f.zone = strings.TrimPrefix(fmt.Sprint(at(zone, "HostedZone/Id")), "/hostedzone/")
	return f
}

// stands gives what is put in place of something that the emulator does not make.
func (f *formation) stands(kind, name, attribute string) any {
	switch {
	case kind == "AWS::CertificateManager::Certificate":
		return f.certificate
	case attribute == "":
		return types[kind].named + "stands-for-" + name
	case strings.HasSuffix(attribute, "Arn"):
		return "arn:aws:standing:" + region + ":" + account + ":for-" + name
	}
	return "stands-for-" + name
}

// values are parameters of the account that exist before the service is deployed, by the
// end of their names.
var values = map[string]string{
	"image": account + ".dkr.ecr." + region + ".amazonaws.com/enishi@sha256:" + strings.Repeat("0", 64),
	"least": "2", "most": "4",
}

// given gives the values of a template's parameters, and what they are in the end; it
// writes those that the account keeps.
func (f *formation) given(ctx context.Context, t template) (said []cf.Parameter, known map[string]string, err error) {
	known = map[string]string{}
	for name, p := range t.Parameters {
		path, _ := p["Default"].(string)
		switch {
		case name == "ZoneId":
			known[name] = f.zone
			said = append(said, cf.Parameter{ParameterKey: aws.String(name), ParameterValue: aws.String(f.zone)})
		case name == "Access": // the bucket of lines about requests, which the stack base has made
			known[name] = "access"
			said = append(said, cf.Parameter{ParameterKey: aws.String(name), ParameterValue: aws.String(known[name])})
		case p["Type"] == "AWS::SSM::Parameter::Value<String>":
			value := values[path[strings.LastIndex(path, "/")+1:]]
			if value == "" {
				return nil, nil, fmt.Errorf("the table of values has nothing for %s", path)
			}
			if _, err := f.ask(ctx, "ssm", "PutParameter", "Name="+path, "Value="+value, "Type=String"); err != nil && !strings.Contains(err.Error(), "ParameterAlreadyExists") {
				return nil, nil, err
			}
			known[name] = value
			said = append(said, cf.Parameter{ParameterKey: aws.String(name), ParameterValue: aws.String(path)})
		case path != "":
			known[name] = path
		default:
			return nil, nil, fmt.Errorf("nobody gives the parameter %s", name)
		}
	}
	return said, known, nil
}

// create makes a stack, and gives what is known of it then.
func (f *formation) create(ctx context.Context, name string, t template) (deployed, error) {
	said, known, err := f.given(ctx, t)
	if err != nil {
		return deployed{}, err
	}
	body, err := json.Marshal(t)
	if err != nil {
		return deployed{}, err
	}
	from := f.log.len()
	_, err = f.client.CreateStack(ctx, &cloudformation.CreateStackInput{
		StackName: aws.String(name), TemplateBody: aws.String(string(body)), Parameters: said, Capabilities: []cf.Capability{cf.CapabilityCapabilityIam},
	})
	if err := f.told(err, from); err != nil {
		return deployed{}, fmt.Errorf("create %s: %w", name, err)
	}
	if err := f.becomes(ctx, name, cf.StackStatusCreateComplete); err != nil {
		return deployed{}, err
	}
	d, err := f.known(ctx, name, t)
	d.said, d.parameters = said, known
	return d, err
}

// change deploys a stack again by a change set, as a pipeline does. Where it says that it
// would change nothing, why is what it says.
func (f *formation) change(ctx context.Context, name string, t template, said []cf.Parameter) (why string, err error) {
	body, err := json.Marshal(t)
	if err != nil {
		return "", err
	}
	from := f.log.len()
	made, err := f.client.CreateChangeSet(ctx, &cloudformation.CreateChangeSetInput{
		StackName: aws.String(name), ChangeSetName: aws.String("next"), ChangeSetType: cf.ChangeSetTypeUpdate,
		TemplateBody: aws.String(string(body)), Parameters: said, Capabilities: []cf.Capability{cf.CapabilityCapabilityIam},
	})
	if err := f.told(err, from); err != nil {
		if strings.Contains(err.Error(), "No updates are to be performed") { // of a stack that reads nothing from the account
			return "didn't contain changes", nil
		}
		return "", fmt.Errorf("change set of %s: %w", name, err)
	}
	set, err := f.client.DescribeChangeSet(ctx, &cloudformation.DescribeChangeSetInput{ChangeSetName: made.Id, StackName: made.StackId})
	if err != nil {
		return "", err
	}
	if set.Status != cf.ChangeSetStatusCreateComplete {
		_, err := f.client.DeleteChangeSet(ctx, &cloudformation.DeleteChangeSetInput{ChangeSetName: made.Id})
		return aws.ToString(set.StatusReason), err
	}
	from = f.log.len()
	_, err = f.client.ExecuteChangeSet(ctx, &cloudformation.ExecuteChangeSetInput{ChangeSetName: made.Id, StackName: made.StackId})
	if err := f.told(err, from); err != nil {
		return "", fmt.Errorf("change %s: %w", name, err)
	}
	return "", f.becomes(ctx, name, cf.StackStatusUpdateComplete)
}

// remove deletes a stack.
func (f *formation) remove(ctx context.Context, name string) error {
	out, err := f.client.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: aws.String(name)})
	if err != nil {
		return err
	}
	from := f.log.len()
	_, err = f.client.DeleteStack(ctx, &cloudformation.DeleteStackInput{StackName: aws.String(name)})
	if err := f.told(err, from); err != nil {
		return fmt.Errorf("delete %s: %w", name, err)
	}
	return f.becomes(ctx, aws.ToString(out.Stacks[0].StackId), cf.StackStatusDeleteComplete) // which no name has then
}

// told gives an error with what the emulator says of it: a failure of its own has an
// answer that says nothing.
func (f *formation) told(err error, from int) error {
	var api smithy.APIError
	if err == nil || errors.As(err, &api) && api.ErrorCode() != "UnknownError" {
		return err
	}
	return fmt.Errorf("%s (%w)", f.reason(from), err)
}

func (f *formation) becomes(ctx context.Context, name string, want cf.StackStatus) error {
	var status cf.StackStatus
	for range 100 {
		out, err := f.client.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: aws.String(name)})
		if err != nil {
			return err
		}
		if status = out.Stacks[0].StackStatus; status == want {
			return nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	return fmt.Errorf("%s is %s, want %s", name, status, want)
}

// known lists what a stack holds, and what all stacks export.
func (f *formation) known(ctx context.Context, name string, t template) (deployed, error) {
	d := deployed{template: t, ids: map[string]string{}, exports: map[string]string{}}
	pages := cloudformation.NewListStackResourcesPaginator(f.client, &cloudformation.ListStackResourcesInput{StackName: aws.String(name)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return d, err
		}
		for _, r := range page.StackResourceSummaries {
			if r.ResourceStatus != cf.ResourceStatusCreateComplete {
				return d, fmt.Errorf("%s: %s is %s", name, aws.ToString(r.LogicalResourceId), r.ResourceStatus)
			}
			if aws.ToString(r.LogicalResourceId) == "" {
				continue // it lists what it has passed over, without a name
			}
			d.ids[aws.ToString(r.LogicalResourceId)] = aws.ToString(r.PhysicalResourceId)
		}
	}
	exports := cloudformation.NewListExportsPaginator(f.client, &cloudformation.ListExportsInput{})
	for exports.HasMorePages() {
		page, err := exports.NextPage(ctx)
		if err != nil {
			return d, err
		}
		for _, e := range page.Exports {
			d.exports[aws.ToString(e.Name)] = aws.ToString(e.Value)
			if v := aws.ToString(e.Value); strings.HasPrefix(v, "{") || strings.HasPrefix(v, "<") { // a reference, or an object of Python
				return d, fmt.Errorf("%s is exported as %s", aws.ToString(e.Name), aws.ToString(e.Value))
			}
		}
	}
	return d, nil
}
