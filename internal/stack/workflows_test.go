package stack_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

// workflow is as much of one of GitHub as says what is done, where and with which rights.
type workflow struct {
	On          map[string]any         `yaml:"on"`
	Permissions map[string]string      `yaml:"permissions"`
	Env         map[string]string      `yaml:"env"`
	Jobs        map[string]workflowJob `yaml:"jobs"`
}

type workflowJob struct {
	Needs       needed            `yaml:"needs"`
	Uses        string            `yaml:"uses"`
	With        map[string]string `yaml:"with"`
	Secrets     any               `yaml:"secrets"`
	Environment string            `yaml:"environment"`
	Permissions map[string]string `yaml:"permissions"`
	If          string            `yaml:"if"`
	Proceeds    any               `yaml:"continue-on-error"`
	Env         map[string]string `yaml:"env"`
	Steps       []workflowStep    `yaml:"steps"`
}

type workflowStep struct {
	Uses     string            `yaml:"uses"`
	Run      string            `yaml:"run"`
	If       string            `yaml:"if"`
	Proceeds any               `yaml:"continue-on-error"`
	With     map[string]string `yaml:"with"`
	Env      map[string]string `yaml:"env"`
}

// needed are the jobs that come before one, of which a workflow may write one as a word.
type needed []string

// UnmarshalYAML reads both.
func (n *needed) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		*n = needed{node.Value}
		return nil
	}
	var list []string
	err := node.Decode(&list)
	*n = list
	return err
}

// workflows reads every one that there is, and its text.
func workflows(t *testing.T) (read map[string]workflow, texts map[string]string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, ".github", "workflows", "*"))
	if err != nil || len(files) < 2 {
		t.Fatalf("the workflows are %q, %v", files, err)
	}
	read, texts = map[string]workflow{}, map[string]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var w workflow
		if err := yaml.Unmarshal(text, &w); err != nil || len(w.Jobs) == 0 {
			t.Fatalf("%s is no workflow: %v", file, err)
		}
		read[filepath.Base(file)], texts[filepath.Base(file)] = w, string(text)
	}
	return read, texts
}

// TestAReleaseGoesByItsOrder holds that nothing is in prod that was not checked, built once, in dev and staging before, and verified
// there; and that each waits for the one before, whose failure ends all that comes after.
func TestAReleaseGoesByItsOrder(t *testing.T) {
	all, _ := workflows(t)
	release := all["release.yml"]
	want := map[string]needed{"check": nil, "image": {"check"}, "dev": {"image"}, "staging": {"dev", "image"}, "verify": {"staging"}, "prod": {"image", "verify"}}
	got := map[string]needed{}
	for name, job := range release.Jobs {
		slices.Sort(job.Needs)
		if got[name] = job.Needs; job.If != "" || job.Proceeds != nil {
			t.Errorf("%s goes on by %q though what comes before failed, or fails as %v", name, job.If, job.Proceeds)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what comes before each job (-want +got):\n%s", diff)
	}
	for name, with := range map[string]map[string]string{
		"dev": {"environment": "dev"}, "staging": {"environment": "staging"}, "verify": {"environment": "staging", "command": "verify"}, "prod": {"environment": "prod"},
	} {
		if name != "verify" {
			with["digest"] = "${{ needs.image.outputs.digest }}"
		}
		if job := release.Jobs[name]; job.Uses != "./.github/workflows/deploy.yml" || !cmp.Equal(job.With, with) {
			t.Errorf("%s is %s with %v, want %v", name, job.Uses, job.With, with)
		}
	}
	if ran := runs(release.Jobs["check"]); !slices.ContainsFunc(ran, func(run string) bool { return strings.HasSuffix(run, ".ci/run") }) {
		t.Errorf("what is checked is %q", ran)
	}
}

// TestADeploymentIsApproved holds that every deployment, in the release and by hand, is one of the environment's own, in which GitHub asks
// those who approve, and in whose name alone AWS knows it.
func TestADeploymentIsApproved(t *testing.T) {
	all, _ := workflows(t)
	deploy := all["deploy.yml"]
	if _, ok := deploy.On["workflow_call"]; !ok || len(deploy.Jobs) != 1 {
		t.Errorf("a deployment has %d jobs, on %v", len(deploy.Jobs), deploy.On)
	}
	for name, job := range deploy.Jobs {
		if job.Environment != "${{ inputs.environment }}" || job.Env["ENVIRONMENT"] != job.Environment {
			t.Errorf("%s is approved in %q, and deploys to %q", name, job.Environment, job.Env["ENVIRONMENT"])
		}
	}
}

// signIn is the action by which AWS takes GitHub's word for what runs.
const signIn = "aws-actions/configure-aws-credentials@"

// TestOnlyWhoSpeaksToAWSMaySignIn holds that no job has the right to a token of GitHub's but one that signs in with it, in which
// there is no key: not in the sign-in, and nowhere else.
func TestOnlyWhoSpeaksToAWSMaySignIn(t *testing.T) {
	all, texts := workflows(t)
	stored := regexp.MustCompile(`(?i)secrets\s*[.\[]|secrets:|aws[_-](access[_-]key|secret|session)`)
	for file, w := range all {
		if found := stored.FindAllString(texts[file], -1); len(found) > 0 {
			t.Errorf("%s knows of stored keys: %q", file, found)
		}
		for name, job := range w.Jobs {
			rights := job.Permissions
			if rights == nil {
				rights = w.Permissions
			}
			signs := job.Uses == "./.github/workflows/deploy.yml"
			for _, step := range job.Steps {
				if strings.HasPrefix(step.Uses, signIn) {
					signs = true
					want := map[string]string{"role-to-assume": "${{ vars.AWS_ROLE }}", "aws-region": "${{ env.AWS_REGION }}", "role-duration-seconds": "7200"}
					if diff := cmp.Diff(want, step.With); diff != "" {
						t.Errorf("%s, %s: signs in otherwise (-want +got):\n%s", file, name, diff)
					}
				}
			}
			want := map[string]string{"contents": "read"}
			if signs {
				want["id-token"] = "write"
			}
			if diff := cmp.Diff(want, rights); diff != "" {
				t.Errorf("%s, %s: rights (-want +got):\n%s", file, name, diff)
			}
		}
	}
}

// TestWorkflowsDoAsByHand holds that what signs in to AWS goes there by this program's commands alone, each of them one that somebody
// gives by hand, with a reason and the environment's name; no step passes over its own failure; and every action is one that is known here.
func TestWorkflowsDoAsByHand(t *testing.T) {
	all, _ := workflows(t)
	known := []string{"actions/checkout@v5", "actions/setup-go@v6", "actions/setup-node@v6", signIn + "v5"}
	var got []string
	for file, w := range all {
		for name, job := range w.Jobs {
			for _, step := range job.Steps {
				if step.Uses != "" && !slices.Contains(known, step.Uses) {
					t.Errorf("%s, %s: %s is not known here", file, name, step.Uses)
				}
				if step.Proceeds != nil {
					t.Errorf("%s, %s: %s%s may fail as %v", file, name, step.Uses, step.Run, step.Proceeds)
				}
			}
			if !slices.ContainsFunc(job.Steps, func(s workflowStep) bool { return strings.HasPrefix(s.Uses, signIn) }) {
				continue
			}
			for _, run := range runs(job) {
				got = append(got, strings.Split(strings.TrimSpace(run), "\n")...)
			}
		}
	}
	for i := range got {
		got[i] = strings.TrimSpace(got[i])
	}
	const asked = ` "$ENVIRONMENT" --why "$why" --confirm "$ENVIRONMENT"`
	want := []string{
		"make build",
		`why=$(head -1 <<<"$WHY")`,
		"case $COMMAND in",
		"deploy) bin/enishi deploy" + asked + ` ${DIGEST:+--digest "$DIGEST"} ;;`,
		"verify) bin/enishi deploy verify" + asked + " ;;",
		"rollback) bin/enishi deploy rollback" + asked + " ;;",
		`status) bin/enishi deploy status "$ENVIRONMENT" ;;`,
		"esac",
		`bin/enishi deploy status "$ENVIRONMENT" >>"$GITHUB_STEP_SUMMARY"`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what is run where AWS is spoken to (-want +got):\n%s", diff)
	}
}

// runs gives what the steps of a job run.
func runs(job workflowJob) (out []string) {
	for _, step := range job.Steps {
		if step.Run != "" {
			out = append(out, step.Run)
		}
	}
	return out
}
