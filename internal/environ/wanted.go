package environ

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"enishi/internal/errs"
)

// Wanted is what infra's templates describe of one environment.
type Wanted struct {
	Description
	Templates []Template // in the order in which they are deployed
}

// Description is what infra's table says of the environment: environment.json beside the
// templates.
type Description struct {
	Name, Account, Region, Domain, Edge, Capacity string

	Real        bool
	Web, Worker Bounds
	WebPower    Power
	WorkerPower Power
	NATs        int
}

// Bounds are how many tasks scaling may give a service, at least and at most.
type Bounds struct {
	Least int `json:"least"`
	Most  int `json:"most"`
}

// Power is what one task may take.
type Power struct{ CPU, Memory int }

// Template is one stack's.
type Template struct {
	Stack string // such as enishi-dev-base
	Body  string // without white space
	// Parameters are those that have no default; it is an error to leave one out.
	Parameters []string
	// Kept names the parameters of the account that it reads, without /enishi/ENVIRONMENT/.
	Kept      []string
	resources map[string]resource
}

type resource struct {
	Type           string
	DeletionPolicy string
	Properties     json.RawMessage
}

// parts of an environment, in the order in which they are deployed; down goes back.
func parts() []string { return []string{"base", "cluster", "service", "alarms", "edge"} }

// written are parameters of templates whose values the stack base writes into the account: what
// exports do within a region.
func written() map[string]string { return map[string]string{"Access": "access"} }

func stackName(environment, part string) string { return "enishi-" + environment + "-" + part }

// Read reads what infra's command synth has written into a folder for an environment.
func Read(dir, environment string) (*Wanted, error) {
	text, err := os.ReadFile(filepath.Join(dir, "environment.json"))
	if err != nil {
		return nil, errs.Wrap(errs.NotFound, "there are no templates in "+dir+": go run ./cmd/synth "+environment+" DIR in infra writes them", err)
	}
	w := &Wanted{}
	if err := json.Unmarshal(text, &w.Description); err != nil {
		return nil, errs.Wrap(errs.Invalid, dir+"/environment.json describes no environment", err)
	}
	if w.Name != environment {
		return nil, errs.New(errs.Invalid, fmt.Sprintf("%s: found the templates of %s, wanted those of %s", dir, w.Name, environment))
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.template.json"))
	if err != nil {
		return nil, errs.Wrap(errs.Invalid, dir+" is no folder of templates", err)
	}
	for _, part := range parts() {
		file := filepath.Join(dir, stackName(environment, part)+".template.json")
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, errs.Wrap(errs.NotFound, "there is no template of the stack "+part+" in "+dir, err)
		}
		files = slices.DeleteFunc(files, func(name string) bool { return name == file })
		t, err := newTemplate(stackName(environment, part), environment, text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		w.Templates = append(w.Templates, *t)
	}
	if len(files) > 0 {
		return nil, errs.New(errs.Invalid, fmt.Sprintf("%s: found a template %s; known are those of %s", dir, filepath.Base(files[0]), strings.Join(parts(), ", ")))
	}
	return w, w.noStrangers()
}

func newTemplate(stack, environment string, text []byte) (*Template, error) {
	var body struct {
		Parameters map[string]struct {
			Type    string
			Default any
		}
		Resources map[string]resource
	}
	if err := json.Unmarshal(text, &body); err != nil || len(body.Resources) == 0 {
		return nil, errs.Wrap(errs.Invalid, "it is no template of CloudFormation", err)
	}
	var small bytes.Buffer
	if err := json.Compact(&small, text); err != nil {
		return nil, errs.Wrap(errs.Invalid, "it is no JSON", err)
	}
	t := &Template{Stack: stack, Body: small.String(), resources: body.Resources}
	for name, p := range body.Parameters {
		if at, ok := p.Default.(string); ok && strings.HasPrefix(p.Type, "AWS::SSM::Parameter::Value<") {
			t.Kept = append(t.Kept, strings.TrimPrefix(at, "/enishi/"+environment+"/"))
		} else if p.Default == nil {
			t.Parameters = append(t.Parameters, name)
		}
	}
	slices.Sort(t.Kept)
	slices.Sort(t.Parameters)
	return t, nil
}

// key is where the template lies in a bucket.
func (t *Template) key() string {
	sum := sha256.Sum256([]byte(t.Body))
	return t.Stack + "/" + hex.EncodeToString(sum[:]) + ".json"
}

// restores are properties by which a database, a cache or a disk begins as a copy of another.
func restores() []string {
	return []string{
		"SnapshotIdentifier", "DBSnapshotIdentifier", "DBClusterSnapshotIdentifier", "SourceDBClusterIdentifier", "SourceDBInstanceIdentifier", "SourceDbiResourceId",
		"ReplicationSourceIdentifier", "GlobalClusterIdentifier", "RestoreType", "SnapshotName", "SnapshotArns", "GlobalReplicationGroupId", "SnapshotId", "BackupId",
	}
}

// noStrangers refuses templates by which an environment for demo data would begin with
// somebody else's: a copy of what people's data is in.
func (w *Wanted) noStrangers() error {
	if w.Real {
		return nil
	}
	for i := range w.Templates {
		for name, r := range w.Templates[i].resources {
			for _, property := range restores() {
				if bytes.Contains(r.Properties, []byte(`"`+property+`":`)) {
					return errs.New(errs.Denied, fmt.Sprintf("%s holds demo data only, and %s in %s would begin as a copy of something else (%s): people's data stays where it is", w.Name, name, w.Templates[i].Stack, property))
				}
			}
		}
	}
	return nil
}

// has says whether the templates describe something of a type.
func (w *Wanted) has(kind string) bool {
	return slices.ContainsFunc(w.Templates, func(t Template) bool {
		for _, r := range t.resources {
			if r.Type == kind {
				return true
			}
		}
		return false
	})
}
