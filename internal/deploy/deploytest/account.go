// Package deploytest is an account of AWS for tests of deployments, in memory: Amazon ECS
// with service deployments and one-off tasks, and as much of S3, Systems Manager and
// CloudWatch as a deployment asks. The real library of AWS talks to it over HTTP; requests
// and answers have the shapes of that library's own types.
//
// It refuses what AWS refuses, a wrong name or a wrong order among it, and notes as a fault
// what AWS would do and nobody should ask for. It can lose, repeat, delay and throttle.
// Time is that of package time, which a test may make its own. Safe for concurrent use.
package deploytest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// What every account of this kind is.
const (
	Region     = "ap-northeast-1"
	Edge       = "us-east-1" // where CloudFront's stack is
	number     = "123456789012"
	Bucket     = "enishi-records"
	ours       = number + ".dkr.ecr." + Region + ".amazonaws.com/enishi"
	Before     = ours + "@sha256:d8060402ef86796d09c3bf80d3d6d516155ce8eed1898b9254e57c696f873679"
	Next       = ours + "@sha256:826737757e253330e5e89187426f57c5f85f1ab248d84c886f96e3a6fdbef46d"
	Function   = ours + "-notify@sha256:ca8dde58700a9cede7c2f41e5e7f003d050c5697bff20a784d32bb29348ead92"
	Identity   = "arn:aws:iam::" + number + ":user/hanako"
	TestURL    = "https://origin.enishi.example.jp:8443"
	Files      = "enishi-files"                               // the bucket of files
	Sealing    = "the-secret-that-secrets-manager-has-made-0" // the program's own, as the template makes it
	sealingARN = "arn:aws:secretsmanager:" + Region + ":" + number + ":secret:DataSecret"
)

// Trouble is what happens to a request.
type Trouble int

// The troubles. Killed and KilledAfter are the end of the process that asks: no request
// of its comes any more.
const (
	None Trouble = iota
	Throttled
	Unreached   // it does not arrive
	Lost        // it is done, and its answer does not arrive
	Twice       // the network delivers it two times
	Slow        // the answer takes 20 s
	Denied      // refused for good
	Killed      // it does not arrive, and none after it
	KilledAfter // it is done, and none arrives after it
)

// Troubles gives those after which the same process goes on.
func Troubles() []Trouble { return []Trouble{Throttled, Unreached, Lost, Twice, Slow, Denied} }

func (t Trouble) String() string {
	return [...]string{"none", "throttled", "unreached", "lost", "twice", "slow", "denied", "killed", "killed after"}[t]
}

// Account is one with a deployed environment of a name.
type Account struct {
	Environment string
	// Exit gives how a one-off task of a command ends, after how long; nil: well, after 20 s.
	Exit func(command string) (code int32, after time.Duration)
	// Do does what a one-off task of some words is told, and gives its code and what it prints: the task has ended
	// when it has. Nil: nothing is done, as Exit says.
	Do func(words []string, told map[string]string) (code int32, lines []string)
	// Pace is how many times as fast as life everything goes that AWS does; 0: as life.
	Pace int
	// Serves is how long a task of a service takes until it takes requests; 0: Soon.
	Serves time.Duration
	// Expanded says that the database has the schema of the next version already, so that it may
	// be started before its migration has ended.
	Expanded bool
	// Broken images never become healthy: ECS takes them back itself.
	Broken []string
	// Alarms are on while the function says so; it is given how much of the traffic
	// the new image has, in percent.
	Alarms func(share float64) []string
	// Bad gives the share of requests that are answered badly, in percent, while the new image has a share of the
	// traffic; nil: none is. A request of 10 a second was sent at any time.
	Bad func(share float64) float64

	// Changing is the state of the database's instances while something else is done to them; "": nothing is.
	Changing string

	// Remembers has AWS list scheduled actions that have had their moment, too: whether it does is said nowhere.
	Remembers bool

	// Begun is when the services' tasks were asked for; zero: after anything that a test does.
	Begun time.Time
	// Stops is when a task of web from long before, which is told to stop, has stopped; zero: there is none.
	Stops time.Time

	// Unexported are log groups that CloudWatch Logs cannot export.
	Unexported []string

	// Identity is who asks; "": the user of that name.
	Identity string
	// Zones are the domains of which there is a hosted zone.
	Zones []string
	// Addresses are the records of kind A in the zones, by their names.
	Addresses map[string]string
	// Closed are regions in which nobody may do anything.
	Closed []string
	// Copies says which types AWS Backup copies in the region; nil: the database.
	Copies map[string]bool
	// Uncopied is why AWS Backup makes no copy that somebody has it begin; "": it makes them.
	Uncopied string
	// CopyTakes is how long AWS Backup takes for a copy; 0: three minutes.
	CopyTakes time.Duration
	// Forbidden are the actions that whoever asks may not do, as IAM says.
	Forbidden []string
	// Limited are actions that whoever asks may take of one thing alone, by its ARN.
	Limited map[string]string
	// Conditional are actions that depend on what IAM is not told when it is asked.
	Conditional []string
	// Factored are actions that are denied to whoever has not signed in with a second factor, of which IAM is not told either.
	Factored []string
	// Quotas are limits by their codes; others are large.
	Quotas map[string]float64
	// Failing are stacks whose change fails, and why.
	Failing map[string]string
	// Stuck are stacks whose deletion fails once, after a part of it has gone, and why.
	Stuck map[string]string
	// Drifted is what CloudFormation tells of resources of a stack, which StackId names, whatever is there.
	Drifted []cfntypes.StackResourceDrift

	mu          sync.Mutex
	region      string // in which is being asked
	records     bool   // the bucket of records is there
	buckets     map[string]map[string]object
	stacks      map[string]*stack
	reverts     int // how often a stack was brought back to its template
	gone        []*stack
	images      *images  // the registry
	points      []string // in the vault
	secret      string   // of the mail server
	sealing     string   // the secret of the program
	logs        []string // groups of the database's logs that RDS has made by itself
	parameters  map[string]string
	objects     map[string]object
	definitions []*definition
	services    map[string]*service
	bad         map[time.Time]float64 // share of what was answered badly, by the minute
	tasks       []*task
	shields     map[string]*shield   // what refuses to be deleted, by what AWS knows it by
	parts       *parts               // nil: nobody asks for them
	scaled      map[string][2]int32  // what scaling goes by, by the service
	suspended   []string             // services that do not scale meanwhile
	due         []string             // scheduled actions that have had their moment
	replaced    int                  // tasks of services that were stopped
	tested      map[string]time.Time // since when the test listener leads to a deployment
	compared    []time.Time          // when resources were compared with their templates, of late
	faults      []string
	asked       []string
}

type object struct {
	text []byte
	etag string
}

type definition struct {
	types.TaskDefinition
	tags []types.Tag
}

// New gives an account in which the image Before runs everywhere.
func New(environment string) *Account {
	a := &Account{
		Environment: environment,
		tested:      map[string]time.Time{}, scaled: map[string][2]int32{"web": {2, 9}, "worker": {1, 4}}, parameters: map[string]string{}, objects: map[string]object{}, services: map[string]*service{},
		records: true, buckets: map[string]map[string]object{Files: {}}, stacks: map[string]*stack{}, sealing: Sealing, images: newImages(),
	}
	for name, value := range map[string]string{"image": Before, "records": Bucket, "registry": strings.Split(Before, "@")[0], "access": access, "test-url": TestURL, "kind": a.kind(), "web/least": "2", "web/most": "9", "worker/least": "1", "worker/most": "4"} {
		a.parameters["/enishi/"+environment+"/"+name] = value
	}
	a.cluster(Before)
	a.serve(Before)
	a.serviceStack()
	return a
}

func (a *Account) kind() string {
	if a.Environment == "prod" {
		return "real"
	}
	return "demo"
}

// standing is where tasks that run once stand, as the stack of the cluster says.
const standing = `{"subnets":["subnet-1","subnet-2","subnet-3"],"door":"sg-once"}`

// cluster makes what the template of this name does, of an image.
func (a *Account) cluster(image string) {
	a.parameters["/enishi/"+a.Environment+"/tasks"] = standing
	a.define(image, "once", "accept")
}

// define makes task definitions.
func (a *Account) define(image string, names ...string) {
	for _, name := range names {
		a.add(&definition{TaskDefinition: types.TaskDefinition{
			Family: aws.String(a.family(name)), Cpu: aws.String("1024"), Memory: aws.String("2048"), NetworkMode: types.NetworkModeAwsvpc,
			RequiresCompatibilities: []types.Compatibility{types.CompatibilityFargate}, TaskRoleArn: aws.String("arn:aws:iam::" + number + ":role/may"),
			Volumes: []types.Volume{{Name: aws.String("data")}},
			ContainerDefinitions: []types.ContainerDefinition{{
				Name: aws.String("enishi"), Image: aws.String(image), Command: []string{name}, Essential: aws.Bool(true),
				LogConfiguration: &types.LogConfiguration{LogDriver: types.LogDriverAwslogs, Options: map[string]string{"awslogs-group": "log-" + name, "awslogs-stream-prefix": name}},
				Environment:      []types.KeyValuePair{{Name: aws.String("ENISHI_ADDR"), Value: aws.String(":8080")}, {Name: aws.String("ENISHI_FILES_URL"), Value: aws.String("s3://" + Files + "?region=" + Region)}},
				Secrets:          []types.Secret{{Name: aws.String("ENISHI_SECRET"), ValueFrom: aws.String(sealingARN)}},
			}},
		}})
	}
}

// serve makes the definitions and services of the template of services, of an image.
func (a *Account) serve(image string) {
	a.define(image, "web", "worker", "expire", "cleanup")
	a.services["web"] = a.newService("web", types.DeploymentConfiguration{
		Strategy: types.DeploymentStrategyCanary, BakeTimeInMinutes: aws.Int32(1), MinimumHealthyPercent: aws.Int32(100), MaximumPercent: aws.Int32(200),
		CanaryConfiguration: &types.CanaryConfiguration{CanaryPercent: aws.Float64(CanaryPercent), CanaryBakeTimeInMinutes: aws.Int32(CanaryMinutes)},
	})
	a.services["worker"] = a.newService("worker", types.DeploymentConfiguration{Strategy: types.DeploymentStrategyRolling, MinimumHealthyPercent: aws.Int32(100), MaximumPercent: aws.Int32(200)})
}

// serves gives how long a task of a service takes until it takes requests.
func (a *Account) serves() time.Duration { return cmp.Or(a.Serves, Soon) }

// span gives how long something takes here.
func (a *Account) span(d time.Duration) time.Duration { return d / time.Duration(max(a.Pace, 1)) }

// ServeHTTP answers processes over a network, each request as it comes.
func (a *Account) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // whoever asked is gone
	}
	answer := a.answer(r, body)
	defer answer.Body.Close() //nolint:errcheck // it is in memory
	maps.Copy(w.Header(), answer.Header)
	w.WriteHeader(answer.StatusCode)
	_, _ = io.Copy(w, answer.Body) // the same
}

// Silent makes it long ago that anything was heard of whoever works on a deployment.
func (a *Account) Silent(ago time.Duration) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	there := a.objects[current]
	var record map[string]any
	if err := json.Unmarshal(there.text, &record); err != nil {
		return fmt.Errorf("nobody deploys: %w", err)
	}
	record["heard_at"] = time.Now().Add(-ago).UTC()
	text, err := json.Marshal(record)
	a.objects[current] = object{text, there.etag}
	return err
}

// current is where the record of a deployment is.
const current = "deploy/current.json"

func (a *Account) family(task string) string { return "enishi-" + a.Environment + "-" + task }
func (a *Account) arn(kind, name string) string {
	return "arn:aws:ecs:" + Region + ":" + number + ":" + kind + "/" + name
}

func (a *Account) add(d *definition) {
	d.Revision = 1
	for _, there := range a.definitions {
		if *there.Family == *d.Family {
			d.Revision++
		}
	}
	d.TaskDefinitionArn = aws.String(a.arn("task-definition", fmt.Sprintf("%s:%d", *d.Family, d.Revision)))
	d.Status = types.TaskDefinitionStatusActive
	a.definitions = append(a.definitions, d)
}

// Config gives a configuration of the library whose requests come here. Trouble is asked for
// each what happens to it, by its number, from 0; nil: nothing does.
func (a *Account) Config(trouble func(n int, operation string) Trouble) aws.Config {
	return aws.Config{
		Region: Region, Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
		HTTPClient: &wire{account: a, trouble: trouble, turn: make(chan struct{}, 1)}, BaseEndpoint: aws.String("https://aws.example.invalid"),
	}
}

// Faults gives what was asked for and must not have been.
func (a *Account) Faults() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.faults)
}

// Asked gives the operations that arrived, in order.
func (a *Account) Asked() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.asked)
}

// Runs gives the image of everything that runs or would be started next: services by name,
// families of scheduled jobs, and "image" as the templates know it.
func (a *Account) Runs() map[string]string {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.advance()
	out := map[string]string{"image": a.parameters["/enishi/"+a.Environment+"/image"]}
	for name, s := range a.services {
		out[name] = a.image(s.serving)
		if s.moving() != nil {
			out[name] += " (moving)"
		}
		if len(s.config.LifecycleHooks) > 0 {
			out[name] += " (with a pause)"
		}
	}
	for _, job := range []string{"once", "accept", "expire", "cleanup"} {
		if d := a.find(a.family(job)); d != nil {
			out[job] = *d.ContainerDefinitions[0].Image
		}
	}
	for _, t := range a.tasks {
		if t.status() != "STOPPED" {
			out["task "+t.command] = "runs"
		}
	}
	return out
}

// Object gives what is kept under a key; nil if nothing is.
func (a *Account) Object(key string) []byte {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.objects[key].text
}

// Put keeps something under a key.
func (a *Account) Put(key, text string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.objects[key] = object{[]byte(text), "put"}
}

// apiError is an error as AWS tells it.
type apiError struct {
	code, message string
	status        int
}

func (e *apiError) Error() string { return e.code + ": " + e.message }

func refuse(code, format string, args ...any) *apiError {
	return &apiError{code, fmt.Sprintf(format, args...), http.StatusBadRequest}
}

func (a *Account) answer(r *http.Request, body []byte) *http.Response {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.advance()
	a.note()
	a.asked = append(a.asked, operationOf(r, body))
	if isImage(r) {
		return a.pushed(r, body)
	}
	if a.region = regionOf(r); slices.Contains(a.Closed, a.region) {
		return answerError(r, &apiError{"AccessDenied", "with an explicit deny in a service control policy", http.StatusForbidden})
	}
	switch {
	case strings.Contains(r.Header.Get("X-Amz-Target"), "."):
		return a.rpc(r, body)
	case strings.Contains(r.URL.Path, "/operation/"):
		return a.watched(r, body)
	case isForm(r):
		return a.query(r, body)
	case strings.HasPrefix(r.URL.Path, zonesPath):
		return a.zone(r)
	case r.URL.Path == settingsPath:
		return a.copied(r)
	case strings.HasPrefix(r.URL.Path, vaultsPath):
		return a.vault(r)
	case isCopies(r):
		return a.backedUp(r, body)
	}
	return a.object(r, body)
}

func answerText(r *http.Request, status int, text []byte) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(text)), Request: r, ProtoMajor: 1, ProtoMinor: 1, ContentLength: int64(len(text))}
}

func answerError(r *http.Request, err error) *http.Response {
	e := &apiError{"ServerException", err.Error(), http.StatusInternalServerError}
	errors.As(err, &e)
	if r.Header.Get("X-Amz-Target") != "" || isCopies(r) {
		text, _ := json.Marshal(map[string]string{"__type": e.code, "message": e.message})
		return answerText(r, e.status, text)
	}
	if isForm(r) || strings.HasPrefix(r.URL.Path, zonesPath) {
		return answerText(r, e.status, fmt.Appendf(nil, "<ErrorResponse><Error><Code>%s</Code><Message>%s</Message></Error></ErrorResponse>", e.code, e.message))
	}
	out := answerText(r, e.status, fmt.Appendf(nil, "<Error><Code>%s</Code><Message>%s</Message></Error>", e.code, e.message))
	if strings.Contains(r.URL.Path, "/operation/") {
		out = answerText(r, e.status, cborError(e))
		out.Header.Set("Content-Type", "application/cbor")
		out.Header.Set("Smithy-Protocol", "rpc-v2-cbor")
	}
	return out
}

func (a *Account) fault(format string, args ...any) {
	a.faults = append(a.faults, fmt.Sprintf(format, args...))
}

// Based gives an account in which an environment has what it keeps and its cluster, and no services yet.
func Based(environment string) *Account {
	a := New(environment)
	clear(a.services)
	clear(a.stacks) // that of the services
	a.definitions = slices.DeleteFunc(a.definitions, func(d *definition) bool { return !once(d) })
	return a
}
