package environ

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"
	quotatypes "github.com/aws/aws-sdk-go-v2/service/servicequotas/types"

	"enishi/internal/errs"
)

// Check is one thing that has to be so before anything is made.
type Check struct {
	What string  `json:"what"`
	Is   Verdict `json:"is"`
	Note string  `json:"note,omitempty"`
}

// Verdict says how a check came out.
type Verdict string

// The verdicts. Unknown: AWS did not let it be looked at, and the making may show it.
const (
	Good    Verdict = "good"
	Bad     Verdict = "bad"
	Unknown Verdict = "unknown"
)

// preflight holds the account to what the templates need, and gives the values of their
// parameters. An error is no verdict: nothing could be asked.
func (w *work) preflight(ctx context.Context, who Who) ([]Check, map[string]string, error) {
	want := w.o.Wanted
	checks := []Check{place(want, who)}
	rights, err := w.rights(ctx, who)
	if err != nil {
		return nil, nil, err
	}
	checks = append(checks, rights)
	for _, q := range quotas(want) {
		c, err := w.quota(ctx, q)
		if err != nil {
			return nil, nil, err
		}
		checks = append(checks, c)
	}
	mail, needed, err := w.mailed(ctx)
	if err != nil {
		return nil, nil, err
	}
	if needed {
		checks = append(checks, mail)
	}
	zone, id, err := w.zone(ctx)
	if err != nil {
		return nil, nil, err
	}
	checks = append(checks, zone)
	if id != "" {
		c, err := w.certificate(ctx, id)
		if err != nil {
			return nil, nil, err
		}
		checks = append(checks, c)
	}
	edge, err := w.edge(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	checks = append(checks, edge)
	return checks, map[string]string{"ZoneId": id}, nil
}

// place holds account and region to infra's table.
func place(want *Wanted, who Who) Check {
	c := Check{What: "account and region", Is: Good, Note: who.Account + ", " + who.Region}
	if want.Region != "" && want.Region != who.Region || want.Account != "" && want.Account != who.Account {
		c.Is, c.Note = Bad, fmt.Sprintf("found %s, %s; the table of infra has %s", who.Account, who.Region, strings.TrimPrefix(want.Account+", "+want.Region, ", "))
	}
	return c
}

// actions are what is asked first for what the templates describe: who may do none of it is told before
// an hour has passed. CloudFormation asks for the rest.
func actions(want *Wanted) []string {
	out := []string{
		"cloudformation:CreateChangeSet", "cloudformation:ExecuteChangeSet", "cloudformation:DetectStackDrift", "cloudformation:DetectStackResourceDrift",
		"ecr:PutImage", "ecs:RunTask", "logs:DescribeLogGroups", "logs:DeleteLogGroup",
		"secretsmanager:GetSecretValue", // which CloudFront and the load balancer share
	}
	for _, t := range want.Templates {
		for _, r := range t.resources {
			out = append(out, firsts(r.Type)...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// firsts are the actions that are asked first for resources of the service of a type, none for a service that no
// template has.
func firsts(kind string) []string {
	service, _, _ := strings.Cut(strings.TrimPrefix(kind, "AWS::"), "::")
	return map[string][]string{
		"ApplicationAutoScaling": {"application-autoscaling:RegisterScalableTarget"},
		"AutoScaling":            {"autoscaling:CreateAutoScalingGroup"},
		"Backup":                 {"backup:CreateBackupVault"},
		"Budgets":                {"budgets:ModifyBudget"},
		"CertificateManager":     {"acm:RequestCertificate"},
		"CloudFront":             {"cloudfront:CreateDistribution"},
		"CloudWatch":             {"cloudwatch:PutMetricAlarm"},
		"EC2":                    {"ec2:CreateVpc", "ec2:CreateNatGateway", "ec2:AllocateAddress", "ec2:CreateVpcEndpoint"},
		"ECR":                    {"ecr:CreateRepository"},
		"ECS":                    {"ecs:CreateCluster", "ecs:RegisterTaskDefinition", "ecs:CreateService"},
		"EFS":                    {"elasticfilesystem:CreateFileSystem", "elasticfilesystem:CreateMountTarget"},
		"ElastiCache":            {"elasticache:CreateReplicationGroup"},
		"ElasticLoadBalancingV2": {"elasticloadbalancing:CreateLoadBalancer"},
		"IAM":                    {"iam:CreateRole", "iam:PassRole", "iam:PutRolePolicy"},
		"KMS":                    {"kms:CreateKey"},
		"KinesisFirehose":        {"firehose:CreateDeliveryStream"},
		"Lambda":                 {"lambda:CreateFunction"},
		"Logs":                   {"logs:CreateLogGroup", "logs:CreateDelivery"},
		"RDS":                    {"rds:CreateDBCluster", "rds:CreateDBInstance"},
		"Route53":                {"route53:CreateHealthCheck", "route53:ChangeResourceRecordSets"},
		"S3":                     {"s3:CreateBucket", "s3:PutBucketPolicy"},
		"SNS":                    {"sns:CreateTopic"},
		"SQS":                    {"sqs:CreateQueue"},
		"SSM":                    {"ssm:PutParameter"},
		"Scheduler":              {"scheduler:CreateSchedule"},
		"SecretsManager":         {"secretsmanager:CreateSecret", "secretsmanager:ReplicateSecretToRegions"},
		"WAFv2":                  {"wafv2:CreateWebACL"},
	}[service]
}

// rights asks IAM what whoever asks may do.
func (w *work) rights(ctx context.Context, who Who) (Check, error) {
	c := Check{What: "rights", Is: Good}
	if strings.HasSuffix(who.Identity, ":root") {
		c.Note = "the account's root: everything"
		return c, nil
	}
	source, err := w.principal(ctx, who.Identity)
	if err == nil {
		c.Note, err = w.missing(ctx, source)
	}
	switch {
	case denied(err):
		c.Is, c.Note = Unknown, "AWS does not say: iam:SimulatePrincipalPolicy and iam:GetRole are not allowed"
	case err != nil:
		return c, err
	case c.Note != "":
		c.Is = Bad
		c.Note = "not allowed: " + c.Note
	default:
		c.Note = fmt.Sprintf("%d actions that are asked for first, each allowed", len(actions(w.o.Wanted)))
	}
	return c, nil
}

// missing lists what a principal may not do.
func (w *work) missing(ctx context.Context, source string) (string, error) {
	var out []string
	pages := iam.NewSimulatePrincipalPolicyPaginator(w.account.iam, &iam.SimulatePrincipalPolicyInput{PolicySourceArn: &source, ActionNames: actions(w.o.Wanted)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return "", fmt.Errorf("ask what %s may do: %w", source, err)
		}
		for i := range page.EvaluationResults {
			if r := &page.EvaluationResults[i]; r.EvalDecision != types.PolicyEvaluationDecisionTypeAllowed {
				out = append(out, aws.ToString(r.EvalActionName))
			}
		}
	}
	slices.Sort(out)
	return strings.Join(out, ", "), nil
}

// principal gives the user or the role behind an identity: sessions of a role are none to IAM.
func (w *work) principal(ctx context.Context, identity string) (string, error) {
	_, session, ok := strings.Cut(identity, ":assumed-role/")
	if !ok {
		return identity, nil
	}
	name, _, _ := strings.Cut(session, "/")
	out, err := w.account.iam.GetRole(ctx, &iam.GetRoleInput{RoleName: &name})
	if err != nil {
		return "", fmt.Errorf("look at the role %s: %w", name, err)
	}
	return aws.ToString(out.Role.Arn), nil
}

func denied(err error) bool {
	return refused(err, "AccessDenied", "") || refused(err, "AccessDeniedException", "")
}

// quota is a limit of the account, and how much of it the environment takes.
type quota struct {
	what, service, code string
	needs               float64
}

// Lambda lets a function keep what leaves a hundred executions to all others.
const lambdaNeeds = 105

func quotas(want *Wanted) []quota {
	const unit = 1024 // of CPU, a core
	// Twice as many tasks are there while a version comes and another goes.
	web, worker := float64(2*want.Web.Most*want.WebPower.CPU)/unit, float64(2*want.Worker.Most*want.WorkerPower.CPU)/unit
	out := []quota{
		{"VPCs", "vpc", "L-F678F1CE", 1},
		{"elastic addresses", "ec2", "L-0263D0A3", float64(want.NATs)},
		{"concurrent executions of Lambda", "lambda", "L-B99A9384", lambdaNeeds},
	}
	switch want.Capacity {
	case "fargate":
		out = append(out, quota{"cores of Fargate", "fargate", "L-3032A538", web + worker})
	case "fargate_spot":
		out = append(out, quota{"cores of Fargate", "fargate", "L-3032A538", web}, quota{"cores of Fargate Spot", "fargate", "L-36FBB829", worker})
	}
	return out
}

// quota compares a limit with what the environment takes when it is largest. What others
// take in the same account is not seen here.
func (w *work) quota(ctx context.Context, q quota) (Check, error) {
	c := Check{What: "quota: " + q.what}
	var value *float64
	out, err := w.account.quotas.GetServiceQuota(ctx, &servicequotas.GetServiceQuotaInput{ServiceCode: &q.service, QuotaCode: &q.code})
	if err == nil {
		value = out.Quota.Value
	} else if errors.As(err, new(*quotatypes.NoSuchResourceException)) {
		var standard *servicequotas.GetAWSDefaultServiceQuotaOutput
		if standard, err = w.account.quotas.GetAWSDefaultServiceQuota(ctx, &servicequotas.GetAWSDefaultServiceQuotaInput{ServiceCode: &q.service, QuotaCode: &q.code}); err == nil {
			value = standard.Quota.Value
		}
	}
	switch {
	case denied(err):
		c.Is, c.Note = Unknown, "AWS does not say: servicequotas:GetServiceQuota is not allowed"
	case err != nil:
		return c, fmt.Errorf("ask for the quota of %s: %w", q.what, err)
	case value == nil || *value < q.needs:
		c.Is, c.Note = Bad, fmt.Sprintf("%g are allowed, %g are needed: ask for more (aws service-quotas request-service-quota-increase --service-code %s --quota-code %s --desired-value N)", aws.ToFloat64(value), q.needs, q.service, q.code)
	default:
		c.Is, c.Note = Good, fmt.Sprintf("%g are allowed, %g are needed", *value, q.needs)
	}
	return c, nil
}

// zone finds the one public zone of the environment's domain, and its id.
func (w *work) zone(ctx context.Context) (Check, string, error) {
	domain := w.o.Wanted.Domain
	c := Check{What: "domain " + domain, Is: Bad}
	out, err := w.account.zones.ListHostedZonesByName(ctx, &route53.ListHostedZonesByNameInput{DNSName: &domain})
	if err != nil {
		return c, "", fmt.Errorf("look for the zone of %s: %w", domain, err)
	}
	var ids []string
	for i := range out.HostedZones {
		z := &out.HostedZones[i]
		if strings.TrimSuffix(aws.ToString(z.Name), ".") == domain && (z.Config == nil || !z.Config.PrivateZone) {
			ids = append(ids, strings.TrimPrefix(aws.ToString(z.Id), "/hostedzone/"))
		}
	}
	switch len(ids) {
	case 0:
		c.Note = "Route 53 has no public zone of it: aws route53 create-hosted-zone --name " + domain + " --caller-reference enishi, and name its servers in the zone above"
		return c, "", nil
	case 1:
		c.Is, c.Note = Good, "zone "+ids[0]
		return c, ids[0], nil
	}
	c.Note = "Route 53 has several public zones of it (" + strings.Join(ids, ", ") + "): delete those that the world does not ask"
	return c, "", nil
}

// certificate asks whether the world finds the zone: ACM proves by a record in it whose
// domain it is, and waits for days where nobody sees that.
func (w *work) certificate(ctx context.Context, zone string) (Check, error) {
	domain := w.o.Wanted.Domain
	c := Check{What: "certificate for " + domain, Is: Good}
	out, err := w.account.zones.GetHostedZone(ctx, &route53.GetHostedZoneInput{Id: &zone})
	if err != nil {
		return c, fmt.Errorf("look at the zone %s: %w", zone, err)
	}
	if out.DelegationSet == nil {
		return c, errs.New(errs.Internal, "the zone "+zone+" has no name servers")
	}
	if w.o.NameServers == nil {
		c.Is, c.Note = Unknown, "nobody was asked who answers for the domain"
		return c, nil
	}
	found, failed := w.o.NameServers(ctx, domain)
	if c.Is, c.Note = answered(found, out.DelegationSet.NameServers); failed != nil {
		c.Is, c.Note = Unknown, "DNS does not say who answers for it: "+failed.Error()
	}
	return c, nil
}

// answered says whether those whom the world asks are a zone's own servers.
func answered(found, zone []string) (Verdict, string) {
	found, zone = names(found), names(zone)
	ours := strings.Join(zone, ", ")
	switch {
	case len(found) == 0:
		return Bad, "nobody in the world's DNS answers for it; the zone's servers are " + ours + ": name them in the zone above, or ACM waits for its record for ever"
	case !slices.ContainsFunc(found, func(name string) bool { return slices.Contains(zone, name) }):
		return Bad, fmt.Sprintf("the world asks %s, the zone's servers are %s: name these in the zone above, or ACM waits for its record for ever", strings.Join(found, ", "), ours)
	}
	return Good, "the world asks the zone's own servers: ACM can prove it by a record"
}

func names(of []string) []string {
	out := make([]string, 0, len(of))
	for _, name := range of {
		out = append(out, strings.ToLower(strings.TrimSuffix(name, ".")))
	}
	slices.Sort(out)
	return out
}
