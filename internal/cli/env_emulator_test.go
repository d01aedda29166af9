package cli_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"enishi/internal/cli"
	"enishi/internal/deploy/deploytest"
)

// lacking are what the command asks of AWS that the emulator does not know, so that the account in memory answers: of
// CloudFormation and IAM these operations, of ECS one-off tasks, of CloudWatch and quotas nearly everything; and who asks, since the emulator's
// user is none that IAM would know.
func lacking() []string {
	return []string{
		"ecs", "monitoring", "sts", "servicequotas",
		"cloudformation DetectStackDrift", "cloudformation DescribeStackDriftDetectionStatus", "cloudformation DetectStackResourceDrift", "cloudformation DescribeStackResourceDrifts",
		"iam SimulatePrincipalPolicy",
	}
}

// halves is AWS for the command that makes an environment.
type halves struct {
	account *deploytest.Account
	moto    http.Handler
	mu      sync.Mutex
	asked   map[string]int // of which half, and what
	failed  []string
}

var formAction = regexp.MustCompile(`(?:^|&)Action=([A-Za-z]+)`)

func (h *halves) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // whoever asked is gone
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	service := ""
	if found := signed.FindStringSubmatch(r.Header.Get("Authorization")); found != nil {
		service = found[1]
	}
	what := service
	if found := formAction.FindSubmatch(body); found != nil {
		what += " " + string(found[1])
	}
	h.mu.Lock()
	defer h.mu.Unlock() // the emulator is one for all, and forgets under many at once
	if slices.Contains(lacking(), service) || slices.Contains(lacking(), what) {
		h.asked["memory: "+what]++
		h.account.ServeHTTP(w, r)
		return
	}
	h.asked["emulator: "+service]++
	answer := httptest.NewRecorder()
	h.moto.ServeHTTP(answer, r)
	if answer.Code >= http.StatusInternalServerError {
		h.failed = append(h.failed, what+": "+answer.Body.String()[:min(300, answer.Body.Len())])
	}
	for name, values := range answer.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes()) // whoever asked is gone at worst
}

// emulatedTemplates writes templates of what the emulator makes: the parameters and buckets by which the command finds its
// way are those that infra's own say.
func emulatedTemplates(t *testing.T, topic string) string {
	t.Helper()
	parameter := func(name, value string) string {
		return `"Says` + strings.NewReplacer("-", "", "/", "").Replace(name) + `": {"Type": "AWS::SSM::Parameter", "Properties": {"Name": "/enishi/dev/` + name + `", "Type": "String", "Value": ` + value + `}}`
	}
	base := strings.Join([]string{
		`"Records": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "` + deploytest.Bucket + `"}}`, `"Access": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "enishi-access"}}`,
		`"Registry": {"Type": "AWS::ECR::Repository", "Properties": {"RepositoryName": "enishi-dev"}}`,
		parameter("kind", `"demo"`), parameter("records", `{"Ref": "Records"}`), parameter("access", `{"Ref": "Access"}`), parameter("registry", `"`+strings.Split(deploytest.Before, "@")[0]+`"`), parameter("test-url", `"`+deploytest.TestURL+`"`),
	}, ", ")
	dir := t.TempDir()
	for file, text := range map[string]string{
		"environment.json": `{"Name": "dev", "Real": false, "Region": "` + deploytest.Region + `", "Domain": "dev.enishi.example.jp", "Capacity": "fargate", "Web": {"Least": 2, "Most": 9}, "Worker": {"Least": 1, "Most": 4}}`,
		"base":             `{"Resources": {` + base + `}}`,
		"cluster":          `{"Resources": {"Cluster": {"Type": "AWS::ECS::Cluster", "Properties": {"ClusterName": "enishi-dev"}}, ` + parameter("tasks", `"{\"subnets\":[\"subnet-1\"],\"door\":\"sg-once\"}"`) + `}}`,
		"service": `{"Parameters": {"ZoneId": {"Type": "String"}, "Image": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/enishi/dev/image"}},
			"Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "enishi-dev-service", "Tags": [{"Key": "image", "Value": {"Ref": "Image"}}]}}}}`,
		"alarms": `{"Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "` + topic + `"}}}}`,
		"edge":   `{"Parameters": {"ZoneId": {"Type": "String"}, "Access": {"Type": "String"}}, "Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "enishi-dev-edge"}}}}`,
	} {
		if file != "environment.json" {
			file = "enishi-dev-" + file + ".template.json"
		}
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestEnvOnTheEmulator makes an environment out of an empty account, changes it, and takes it down, where stacks with their
// change sets and events, parameters, buckets, registries, groups of logs and zones are the emulator's.
func TestEnvOnTheEmulator(t *testing.T) {
	if testing.Short() {
		t.Skip("minutes of waiting for stacks")
	}
	h := &halves{account: deploytest.New("dev"), moto: httputil.NewSingleHostReverseProxy(emulator(t)), asked: map[string]int{}}
	h.account.Pace = 20
	for _, name := range []string{"base", "cluster", "service", "alarms", "edge"} { // which it compares with nothing
		h.account.Stand("enishi-dev-"+name, nil)
	}
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	settings := h.account.Config(nil)
	settings.HTTPClient, settings.BaseEndpoint = http.DefaultClient, &server.URL
	t.Chdir(smallProject(t))
	zones, parameters, buckets := route53.NewFromConfig(settings), ssm.NewFromConfig(settings), s3.NewFromConfig(settings, func(o *s3.Options) { o.UsePathStyle = true })
	zone, err := zones.CreateHostedZone(t.Context(), &route53.CreateHostedZoneInput{Name: aws.String("dev.enishi.example.jp"), CallerReference: aws.String("a")})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"image", "notify/image"} { // so that none is built
		if _, err := parameters.PutParameter(t.Context(), &ssm.PutParameterInput{Name: aws.String("/enishi/dev/" + name), Value: aws.String(deploytest.Before), Type: types.ParameterTypeString}); err != nil {
			t.Fatal(err)
		}
	}
	run := func(code int, says string, args ...string) string {
		t.Helper()
		w, out, said := asWhom("", "", "", false)
		w.AWS, w.NameServers = &settings, func(context.Context, string) ([]string, error) { return zone.DelegationSet.NameServers, nil }
		got := cli.Run(append([]string{"env"}, args...), w)
		if all := out.String() + said.String(); got != code || !strings.Contains(all, says) {
			t.Fatalf("enishi env %q = %d, want %d and %q:\n%s\n%v\n%q", args, got, code, says, all, h.asked, h.failed)
		}
		return out.String() + said.String()
	}
	first, second := emulatedTemplates(t, "enishi-dev-page"), emulatedTemplates(t, "enishi-dev-ticket")
	run(0, "enishi-dev-base is new: 8 to add", "plan", "dev", "--templates", first)
	run(0, "dev is whole, and was accepted", "up", "dev", "--templates", first, "--why", "a first try", "--yes")
	run(0, "enishi-dev-alarms stays as it is", "plan", "dev", "--templates", first)
	run(0, "enishi-dev-alarms: 1 to", "plan", "dev", "--templates", second)
	run(0, "dev is whole", "up", "dev", "--templates", second, "--why", "another topic", "--yes")
	if _, err := buckets.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("enishi-access"), Key: aws.String("a/line"), Body: strings.NewReader("a line")}); err != nil {
		t.Fatal(err)
	}
	run(0, "Goes: stack enishi-dev-base", "down", "dev", "--plan")
	run(0, "dev is gone", "down", "dev", "--why", "done with it", "--confirm", "dev")
	left, err := cloudformation.NewFromConfig(settings).DescribeStacks(t.Context(), &cloudformation.DescribeStacksInput{})
	if err != nil || len(left.Stacks) > 0 {
		t.Errorf("left are %v, %v", left.Stacks, err)
	}
	if some, err := buckets.ListBuckets(t.Context(), &s3.ListBucketsInput{}); err != nil || len(some.Buckets) > 0 {
		t.Errorf("left are %v, %v", some, err)
	}
	if kept, err := parameters.GetParameter(t.Context(), &ssm.GetParameterInput{Name: aws.String("/enishi-gone/dev")}); err != nil || !strings.Contains(aws.ToString(kept.Parameter.Value), "done with it") {
		t.Errorf("of whoever took it down is kept: %v", err)
	}
	if len(h.failed) > 0 {
		t.Errorf("the emulator failed: %q", h.failed)
	}
	for _, service := range []string{"cloudformation", "s3", "ssm", "ecr", "logs", "route53"} {
		if h.asked["emulator: "+service] == 0 {
			t.Errorf("nobody has asked the emulator for %s", service)
		}
	}
}
