package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
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
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/google/go-containerregistry/pkg/registry"

	"enishi/internal/deploy"
	"enishi/internal/deploy/deploytest"
	"enishi/internal/fleet"
)

// emulated are the services that the emulator answers for, and others those of which it lacks what a deployment asks,
// each with a question to which it has no answer of AWS's: it goes red once the emulator has learned it.
func emulated() []string { return []string{"s3", "ssm", "sts", "ecr"} }

func others() map[string]*http.Request {
	asked := func(path, target, kind, body string) *http.Request {
		r, err := http.NewRequest(http.MethodPost, path, strings.NewReader(body))
		if err != nil {
			panic(err) // of a text that is written here
		}
		r.Header.Set("X-Amz-Target", target)
		r.Header.Set("Content-Type", kind)
		return r
	}
	ecs := asked("/", "AmazonEC2ContainerServiceV20141113.ListServiceDeployments", "application/x-amz-json-1.1", `{"cluster": "enishi-staging", "service": "web"}`)
	ecs.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=A/20261127/"+deploytest.Region+"/ecs/aws4_request, SignedHeaders=host, Signature=0")
	watch := asked("/service/GraniteServiceVersion20100801/operation/GetMetricData", "", "application/cbor", "\xbf\xff")
	watch.Header.Set("Smithy-Protocol", "rpc-v2-cbor")
	watch.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=A/20261127/"+deploytest.Region+"/monitoring/aws4_request, SignedHeaders=host, Signature=0")
	return map[string]*http.Request{"ecs": ecs, "monitoring": watch}
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

// ready makes in the emulator what the environment's templates do: its parameters and the bucket of records.
func (s *split) ready() (*ssm.Client, *s3.Client) {
	s.t.Helper()
	settings := s.account.Config(nil)
	settings.HTTPClient, settings.BaseEndpoint = http.DefaultClient, aws.String(s.moto.String())
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
	for service, question := range others() {
		question.URL = s.moto.JoinPath(question.URL.Path)
		answer, err := http.DefaultClient.Do(question.WithContext(t.Context()))
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(answer.Body)
		if err := answer.Body.Close(); err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(answer.Header.Get("Content-Type"), "text/html") { // a page of Python's, of what there is nothing for
			t.Errorf("the emulator has learned what a deployment asks of %s: %d %.200s, %v", service, answer.StatusCode, text, err)
		}
	}
	parameters, buckets := s.ready()
	source, program := smallProject(t), fleet.Build(t, t.TempDir())
	deployed := []string{"staging", "--why", "a test", "--yes"}

	if out, err := s.run(program, source, "staging", "--plan"); err != nil || !strings.Contains(out, "123456789012") {
		t.Fatalf("a plan: %v\n%s", err, out)
	}
	s.at = ".UpdateService"
	if out, err := s.run(program, source, deployed...); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Fatalf("it ended by itself: %v\n%s", err, out)
	}
	if out, err := s.run(program, source, deployed...); err == nil || !strings.Contains(out, "is deploying") {
		t.Errorf("while the first one holds it: %v\n%s", err, out)
	}
	s.silent(buckets)
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
		if _, lacks := others()[service]; !lacks && !slices.Contains(emulated(), service) {
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

// silent lets the record of a killed run be of two minutes ago.
func (s *split) silent(buckets *s3.Client) {
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
	record.Heard = time.Now().Add(-2 * time.Minute).UTC()
	text, err := json.Marshal(record)
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := buckets.PutObject(s.t.Context(), &s3.PutObjectInput{Bucket: there.Bucket, Key: there.Key, Body: bytes.NewReader(text)}); err != nil {
		s.t.Fatal(err)
	}
}
