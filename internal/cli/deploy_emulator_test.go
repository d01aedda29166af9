package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/google/go-containerregistry/pkg/registry"

	"enishi/internal/deploy"
	"enishi/internal/deploy/deploytest"
	"enishi/internal/fleet"
)

// emulated are the services that the emulator answers for.
func emulated() []string { return []string{"s3", "ssm", "sts", "ecr"} }

// lack is something that a deployment asks of a service and to which the emulator has no answer of AWS's: the library's own
// question is asked, so that the test goes red once it has one.
type lack struct {
	service, what string
	status        int // of the page that says so
	ask           func(context.Context, aws.Config) error
}

// lacks are those of ECS, of CloudFormation and of CloudWatch, for which the account in memory answers instead. Of CloudWatch the emulator has
// the older protocols alone, which the library speaks no more.
func lacks() []lack {
	const service, cluster = "web", "enishi-staging"
	deployment := aws.String("arn:aws:ecs:" + deploytest.Region + ":123456789012:service-deployment/" + cluster + "/" + service + "/1")
	return []lack{
		{"ecs", "ListServiceDeployments", http.StatusInternalServerError, func(ctx context.Context, c aws.Config) error {
			_, err := ecs.NewFromConfig(c).ListServiceDeployments(ctx, &ecs.ListServiceDeploymentsInput{Cluster: aws.String(cluster), Service: aws.String(service)})
			return err
		}},
		{"ecs", "DescribeServiceDeployments", http.StatusInternalServerError, func(ctx context.Context, c aws.Config) error {
			_, err := ecs.NewFromConfig(c).DescribeServiceDeployments(ctx, &ecs.DescribeServiceDeploymentsInput{ServiceDeploymentArns: []string{*deployment}})
			return err
		}},
		{"ecs", "ContinueServiceDeployment", http.StatusInternalServerError, func(ctx context.Context, c aws.Config) error {
			_, err := ecs.NewFromConfig(c).ContinueServiceDeployment(ctx, &ecs.ContinueServiceDeploymentInput{ServiceDeploymentArn: deployment, HookId: aws.String("hook-1"), Action: ecstypes.DeploymentLifecycleHookActionContinue})
			return err
		}},
		{"cloudformation", "DetectStackResourceDrift", http.StatusInternalServerError, func(ctx context.Context, c aws.Config) error {
			_, err := cloudformation.NewFromConfig(c).DetectStackResourceDrift(ctx, &cloudformation.DetectStackResourceDriftInput{StackName: aws.String(cluster + "-service"), LogicalResourceId: aws.String("WebService")})
			return err
		}},
		{"monitoring", "DescribeAlarms", http.StatusNotFound, func(ctx context.Context, c aws.Config) error {
			_, err := cloudwatch.NewFromConfig(c).DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{AlarmNamePrefix: aws.String("Enishi-staging-"), StateValue: cwtypes.StateValueAlarm})
			return err
		}},
		{"monitoring", "GetMetricData", http.StatusNotFound, func(ctx context.Context, c aws.Config) error {
			count := &cwtypes.MetricStat{Metric: &cwtypes.Metric{Namespace: aws.String("AWS/ApplicationELB"), MetricName: aws.String("RequestCount")}, Period: aws.Int32(60), Stat: aws.String("Sum")}
			_, err := cloudwatch.NewFromConfig(c).GetMetricData(ctx, &cloudwatch.GetMetricDataInput{
				StartTime: aws.Time(time.Now().Add(-time.Hour)), EndTime: aws.Time(time.Now()), MetricDataQueries: []cwtypes.MetricDataQuery{{Id: aws.String("all"), MetricStat: count}},
			})
			return err
		}},
	}
}

// lacksStill asks the emulator what it lacks; and something of the same services that it has, so that no fault of the
// asking passes for that.
func (s *split) lacksStill() {
	s.t.Helper()
	c := s.config()
	c.RetryMaxAttempts = 1 // no answer comes of asking again
	if _, err := ecs.NewFromConfig(c).DescribeClusters(s.t.Context(), &ecs.DescribeClustersInput{Clusters: []string{"none"}}); err != nil {
		s.t.Errorf("the emulator has ECS, and says %v", err)
	}
	older, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.moto.String(), strings.NewReader("Action=DescribeAlarms&Version=2010-08-01"))
	if err != nil {
		s.t.Fatal(err)
	}
	older.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	older.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=A/20261127/"+deploytest.Region+"/monitoring/aws4_request, SignedHeaders=host, Signature=0")
	answer, err := http.DefaultClient.Do(older)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := answer.Body.Close(); err != nil || answer.StatusCode != http.StatusOK {
		s.t.Errorf("the emulator has CloudWatch, and says %s, %v", answer.Status, err)
	}
	for _, l := range lacks() {
		err := l.ask(s.t.Context(), c)
		page := new(awshttp.ResponseError)
		if !errors.As(err, &page) || page.HTTPStatusCode() != l.status || !strings.HasPrefix(page.Response.Header.Get("Content-Type"), "text/html") { // of Python's, of what there is nothing for
			s.t.Errorf("the emulator has learned what a deployment asks of %s: %s says %v, want a page with the status %d", l.service, l.what, err, l.status)
		}
	}
}

// emulator starts moto, which emulates AWS, and gives where it is.
func emulator(t *testing.T) *url.URL {
	t.Helper()
	program := filepath.Join(fleet.Root(t), "bin", "infra-test", "bin", "moto_server")
	if _, err := os.Stat(program); err != nil {
		if os.Getenv("ENISHI_INFRA_EMULATOR") == "required" {
			t.Fatalf("the emulator is required, and is not there: %v", err)
		}
		t.Skip("no emulator of AWS here: make infra-test installs moto and runs this")
	}
	cmd := exec.Command(program, "-H", "127.0.0.1", "-p", "0") // it says which port it has taken
	cmd.Env = append(os.Environ(), "MOTO_ACCOUNT_ID=123456789012", "AWS_EC2_METADATA_DISABLED=true", "PYTHONUNBUFFERED=1")
	said := &watched{}
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed, which is an error to Wait
	})
	running := regexp.MustCompile(`Running on (http://127\.0\.0\.1:\d+)`)
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if found := running.FindStringSubmatch(said.String()); found != nil {
			at, err := url.Parse(found[1])
			if err != nil {
				t.Fatal(err)
			}
			return at
		}
	}
	t.Fatalf("the emulator does not start:\n%s", said.String())
	return nil
}

// split is AWS: the emulator, and for what that lacks the account in memory.
type split struct {
	t       *testing.T
	account *deploytest.Account
	moto    *url.URL
	images  http.Handler
	url     string

	mu    sync.Mutex
	asked map[string]int
	at    string // the operation after which the program is killed
	kill  context.CancelFunc
}

var signed = regexp.MustCompile(`Credential=[^/]+/\d+/[^/]+/([^/]+)/aws4_request`)

func (s *split) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/v2/") {
		s.images.ServeHTTP(w, r)
		return
	}
	service := "nobody's"
	if found := signed.FindStringSubmatch(r.Header.Get("Authorization")); found != nil {
		service = found[1]
	}
	s.mu.Lock()
	s.asked[service]++
	kill := s.at != "" && strings.HasSuffix(r.Header.Get("X-Amz-Target"), s.at)
	if kill {
		s.at = ""
	}
	s.mu.Unlock()
	if slices.Contains(emulated(), service) {
		httputil.NewSingleHostReverseProxy(s.moto).ServeHTTP(w, r)
	} else {
		s.account.ServeHTTP(w, r)
	}
	if kill {
		s.kill()
	}
}

// run runs the program.
func (s *split) run(program, source string, args ...string) (string, error) {
	s.t.Helper()
	ctx, stop := context.WithCancel(s.t.Context())
	defer stop()
	s.kill = stop
	cmd := exec.CommandContext(ctx, program, append([]string{"deploy"}, args...)...)
	cmd.Dir = source
	cmd.Env = append(os.Environ(), "AWS_ENDPOINT_URL="+s.url, "AWS_REGION="+deploytest.Region, "AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY=secret", "AWS_EC2_METADATA_DISABLED=true")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// config is for the library's own clients of the emulator.
func (s *split) config() aws.Config {
	c := s.account.Config(nil)
	c.HTTPClient, c.BaseEndpoint = http.DefaultClient, aws.String(s.moto.String())
	return c
}

// ready makes in the emulator what the environment's templates do: its parameters and the bucket of records.
func (s *split) ready() (*ssm.Client, *s3.Client) {
	s.t.Helper()
	settings := s.config()
	parameters, buckets := ssm.NewFromConfig(settings), s3.NewFromConfig(settings, func(o *s3.Options) { o.UsePathStyle = true })
	s.account.Set("registry", strings.TrimPrefix(s.url, "http://")+"/enishi")
	for name, value := range s.account.Parameters() {
		if _, err := parameters.PutParameter(s.t.Context(), &ssm.PutParameterInput{Name: &name, Value: &value, Type: types.ParameterTypeString}); err != nil {
			s.t.Fatal(err)
		}
	}
	if _, err := buckets.CreateBucket(s.t.Context(), &s3.CreateBucketInput{Bucket: aws.String(deploytest.Bucket), CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: deploytest.Region}}); err != nil {
		s.t.Fatal(err)
	}
	return parameters, buckets
}

// TestDeployOnTheEmulator deploys by the program itself, kills it, deploys again, and takes that back, where its records
// and their locks, parameters, identity and the registry's login are the emulator's, and ECS and CloudWatch, of which that
// lacks what a deployment asks, the account's in memory.
func TestDeployOnTheEmulator(t *testing.T) {
	if testing.Short() {
		t.Skip("two deployments by processes of their own")
	}
	s := &split{t: t, account: deploytest.New("staging"), moto: emulator(t), images: registry.New(registry.Logger(log.New(io.Discard, "", 0))), asked: map[string]int{}}
	s.account.Pace = 20
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.url = server.URL
	s.lacksStill()
	parameters, buckets := s.ready()
	source, program := smallProject(t), fleet.Build(t, t.TempDir())
	deployed := []string{"staging", "--why", "a test", "--yes"}

	if out, err := s.run(program, source, "staging", "--plan"); err != nil || !strings.Contains(out, "123456789012") || !strings.Contains(out, "resources, 0 changed by hand") || strings.Contains(out, "Not compared") {
		t.Fatalf("a plan: %v\n%s", err, out)
	}
	s.at = ".UpdateService"
	if out, err := s.run(program, source, deployed...); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Fatalf("it ended by itself: %v\n%s", err, out)
	}
	s.heard(buckets, 0) // however slow this machine is
	if out, err := s.run(program, source, deployed...); err == nil || !strings.Contains(out, "is deploying") {
		t.Errorf("while the first one holds it: %v\n%s", err, out)
	}
	s.heard(buckets, 2*time.Minute)
	if out, err := s.run(program, source, deployed...); err != nil || !strings.Contains(out, "deployed: ") || !strings.Contains(out, "goes on with") {
		t.Errorf("after the first one was killed: %v\n%s", err, out)
	}
	image := func() string {
		t.Helper()
		out, err := parameters.GetParameter(t.Context(), &ssm.GetParameterInput{Name: aws.String("/enishi/staging/image")})
		if err != nil {
			t.Fatal(err)
		}
		return aws.ToString(out.Parameter.Value)
	}
	runs := s.account.Runs()
	if next := image(); next == deploytest.Before || runs["web"] != next || runs["worker"] != next {
		t.Errorf("%s is kept, and what runs is %v", next, runs)
	}
	if out, err := s.run(program, source, "status", "staging"); err != nil || !strings.Contains(out, "deployed") {
		t.Errorf("status: %v\n%s", err, out)
	}
	if out, err := s.run(program, source, "rollback", "staging", "--why", "a test", "--yes"); err != nil || !strings.Contains(out, "rolled back") {
		t.Errorf("rollback: %v\n%s", err, out)
	}
	if runs := s.account.Runs(); image() != deploytest.Before || runs["web"] != deploytest.Before || runs["worker"] != deploytest.Before {
		t.Errorf("after it %s is kept, and what runs is %v", image(), runs)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for service, times := range s.asked {
		lacking := slices.ContainsFunc(lacks(), func(l lack) bool { return l.service == service })
		if !lacking && !slices.Contains(emulated(), service) {
			t.Errorf("%s was asked %d times, and is in no list here: does the emulator have it?", service, times)
		}
	}
	for _, service := range emulated() {
		if s.asked[service] == 0 {
			t.Errorf("nobody has asked the emulator for %s", service)
		}
	}
	if faults := s.account.Faults(); len(faults) > 0 {
		t.Errorf("faults: %q", faults)
	}
}

// heard lets the record of a killed run be as old as given.
func (s *split) heard(buckets *s3.Client, ago time.Duration) {
	s.t.Helper()
	there := &s3.GetObjectInput{Bucket: aws.String(deploytest.Bucket), Key: aws.String("deploy/current.json")}
	out, err := buckets.GetObject(s.t.Context(), there)
	if err != nil {
		s.t.Fatal(err)
	}
	var record deploy.Record
	if err := json.NewDecoder(out.Body).Decode(&record); err != nil {
		s.t.Fatal(err)
	}
	record.Heard = time.Now().Add(-ago).UTC()
	text, err := json.Marshal(record)
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := buckets.PutObject(s.t.Context(), &s3.PutObjectInput{Bucket: there.Bucket, Key: there.Key, Body: bytes.NewReader(text)}); err != nil {
		s.t.Fatal(err)
	}
}
