package environ

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/backup"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/elasticache"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

// edgeRegion is where CloudFront takes its certificate and its filter from, whichever region the
// environment is in.
const edgeRegion = "us-east-1"

// regional is a region in which stacks are.
type regional struct {
	region string
	cfn    *cloudformation.Client
	s3     *s3.Client
}

func newRegional(o *Options, region string) regional {
	c := o.AWS
	c.Region = region
	return regional{region, cloudformation.NewFromConfig(c), s3.NewFromConfig(c, func(o *s3.Options) { o.UsePathStyle = c.BaseEndpoint != nil })}
}

// account is what is asked of AWS about one environment.
type account struct {
	environment string
	here, edge  regional
	ssm         *ssm.Client
	ecr         *ecr.Client
	iam         *iam.Client
	zones       *route53.Client
	quotas      *servicequotas.Client
	backup      *backup.Client
	secrets     *secretsmanager.Client
	ecs         *ecs.Client
	scaling     *applicationautoscaling.Client
	logs        *cloudwatchlogs.Client
	rds         *rds.Client
	cache       *elasticache.Client
	watch       *cloudwatch.Client
	edgeWatch   *cloudwatch.Client
}

func newAccount(o *Options) *account {
	c := o.AWS
	return &account{
		environment: o.Environment, here: newRegional(o, c.Region), edge: newRegional(o, edgeRegion), ssm: ssm.NewFromConfig(c), ecr: ecr.NewFromConfig(c), iam: iam.NewFromConfig(c),
		zones: route53.NewFromConfig(c), quotas: servicequotas.NewFromConfig(c), backup: backup.NewFromConfig(c), secrets: secretsmanager.NewFromConfig(c),
		ecs: ecs.NewFromConfig(c), scaling: applicationautoscaling.NewFromConfig(c), logs: cloudwatchlogs.NewFromConfig(c),
		rds: rds.NewFromConfig(c), cache: elasticache.NewFromConfig(c), watch: cloudwatch.NewFromConfig(c), edgeWatch: cloudwatch.NewFromConfig(c, func(o *cloudwatch.Options) { o.Region = edgeRegion }),
	}
}

// of gives where a stack is, by its name or its ARN.
func (a *account) of(stack string) *regional {
	if edge := stackName(a.environment, "edge"); stack == edge || strings.Contains(stack, ":stack/"+edge+"/") {
		return &a.edge
	}
	return &a.here
}

func (a *account) path(name string) string { return "/enishi/" + a.environment + "/" + name }

// parameter reads what the account keeps for the environment under a name; no if nothing is.
func (a *account) parameter(ctx context.Context, name string) (string, bool, error) {
	full := a.path(name)
	out, err := a.ssm.GetParameter(ctx, &ssm.GetParameterInput{Name: &full})
	if errors.As(err, new(*ssmtypes.ParameterNotFound)) {
		return "", false, nil
	}
	if err != nil {
		return "", false, fmt.Errorf("read the parameter %s: %w", full, err)
	}
	return aws.ToString(out.Parameter.Value), true, nil
}

// keep sets a parameter where there is none: what operators and deployments have chosen stays.
func (a *account) keep(ctx context.Context, name, value string) error {
	full := a.path(name)
	_, err := a.ssm.PutParameter(ctx, &ssm.PutParameterInput{Name: &full, Value: &value, Type: ssmtypes.ParameterTypeString, Overwrite: aws.Bool(false)})
	if err != nil && !errors.As(err, new(*ssmtypes.ParameterAlreadyExists)) {
		return fmt.Errorf("set the parameter %s: %w", full, err)
	}
	return nil
}

// set gives a parameter a value that somebody has chosen.
func (a *account) set(ctx context.Context, name, value string) error {
	full := a.path(name)
	if _, err := a.ssm.PutParameter(ctx, &ssm.PutParameterInput{Name: &full, Value: &value, Type: ssmtypes.ParameterTypeString, Overwrite: aws.Bool(true)}); err != nil {
		return fmt.Errorf("set the parameter %s: %w", full, err)
	}
	return nil
}

// handover is the bucket in which templates are handed over to CloudFormation, which takes
// 51,200 bytes from a request and ten times that from a bucket. Each region has its own.
func (a *account) handover(number string, at *regional) string {
	return strings.Join([]string{"enishi", a.environment, "templates", number, at.region}, "-")
}

// hand puts a template into the bucket, which it makes, and gives its address.
func (a *account) hand(ctx context.Context, number string, t *Template) (string, error) {
	at := a.of(t.Stack)
	bucket := a.handover(number, at)
	in := &s3.CreateBucketInput{Bucket: &bucket}
	if at.region != "us-east-1" { // which S3 takes for no place at all
		in.CreateBucketConfiguration = &s3types.CreateBucketConfiguration{LocationConstraint: s3types.BucketLocationConstraint(at.region)}
	}
	if _, err := at.s3.CreateBucket(ctx, in); err != nil && !errors.As(err, new(*s3types.BucketAlreadyOwnedByYou)) {
		return "", fmt.Errorf("make the bucket %s, in which templates are handed over: %w", bucket, err)
	}
	if _, err := at.s3.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: aws.String(t.key()), Body: strings.NewReader(t.Body), ContentType: aws.String("application/json")}); err != nil {
		return "", fmt.Errorf("hand over the template of %s: %w", t.Stack, err)
	}
	return "https://" + bucket + ".s3." + at.region + ".amazonaws.com/" + t.key(), nil
}
