package stack_test

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"enishi/internal/config"
	"enishi/internal/market"
	"enishi/internal/stack"
)

const root = "../.."

// TestFilesAreTheTables finds files that somebody edited in place of the table, or forgot.
func TestFilesAreTheTables(t *testing.T) {
	files, err := stack.Files(os.DirFS(root))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 2 {
		t.Fatalf("%d files are made from the table, want compose.yaml and what it mounts", len(files))
	}
	for _, f := range files {
		got, err := os.ReadFile(root + "/" + f.Path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, f.Text) {
			t.Errorf("%s is not what the table says: run make compose", f.Path)
		}
	}
}

type composed struct {
	Settings map[string]string `yaml:"x-settings"`
	Services map[string]struct {
		Image       string            `yaml:"image"`
		Scale       int               `yaml:"scale"`
		Entry       []string          `yaml:"entrypoint"`
		Command     []string          `yaml:"command"`
		Environment map[string]string `yaml:"environment"`
		Volumes     []string          `yaml:"volumes"`
		Profiles    []string          `yaml:"profiles"`
		ReadOnly    bool              `yaml:"read_only"`
		Memory      string            `yaml:"mem_limit"`
		CPUs        float64           `yaml:"cpus"`
		Stop        string            `yaml:"stop_grace_period"`
		Restart     string            `yaml:"restart"`
		Drop        []string          `yaml:"cap_drop"`
	} `yaml:"services"`
}

func readCompose(t *testing.T) composed {
	t.Helper()
	text, err := stack.Compose()
	if err != nil {
		t.Fatal(err)
	}
	var c composed
	if err := yaml.Unmarshal(text, &c); err != nil {
		t.Fatalf("compose.yaml is no YAML: %v", err)
	}
	return c
}

// TestOneEdit holds that a setting, a job or a role is in the stack once it is where
// the program has it.
func TestOneEdit(t *testing.T) {
	c := readCompose(t)
	said := []string{"ENISHI_ADDR", "ENISHI_DATA", "ENISHI_LOG_FORMAT"} // by the image
	for _, s := range config.Settings() {
		if _, ok := c.Settings[s.Env()]; !ok && !slices.Contains(said, s.Env()) && s.Name != "roles" {
			t.Errorf("the stack does not pass on %s", s.Env())
		}
	}
	jobs := market.AllJobs()
	if len(jobs) < 5 {
		t.Fatalf("the market has %d jobs", len(jobs))
	}
	for i := range jobs {
		s, ok := c.Services[jobs[i].Name]
		if want := []string{"/enishi", "job", "run", jobs[i].Name}; !ok || !slices.Equal(s.Entry, want) || s.Command != nil || !slices.Equal(s.Profiles, []string{"on-demand"}) {
			t.Errorf("job %s is started by %q %q in profiles %q, want %q on demand", jobs[i].Name, s.Entry, s.Command, s.Profiles, want)
		}
	}
	scraped, err := os.ReadFile(root + "/deploy/prometheus/prometheus.yml")
	if err != nil {
		t.Fatal(err)
	}
	for _, role := range config.Roles() {
		if !bytes.Contains(scraped, []byte("job_name: "+string(role)+"\n")) {
			t.Errorf("nobody collects the figures of %s", role)
		}
		s := c.Services[string(role)]
		if n := len(s.Command); n == 0 || s.Command[n-1] != string(role) {
			t.Errorf("role %s is started by %q", role, s.Command)
		}
	}
}

// TestEveryServiceIsBounded holds what each container may take and do.
func TestEveryServiceIsBounded(t *testing.T) {
	for name, s := range readCompose(t).Services {
		if s.Memory == "" || s.CPUs == 0 || s.Stop == "" || !s.ReadOnly || !slices.Equal(s.Drop, []string{"ALL"}) {
			t.Errorf("%s lacks a bound: memory %q, cores %v, stop %q, read only %v, drops %q", name, s.Memory, s.CPUs, s.Stop, s.ReadOnly, s.Drop)
		}
		if s.Restart != "always" && s.Profiles == nil {
			t.Errorf("%s is not started again when it ends: %q", name, s.Restart)
		}
		if !strings.Contains(s.Image, ":") || strings.HasSuffix(s.Image, ":latest") {
			t.Errorf("%s has no version in its image %s", name, s.Image)
		}
		for _, v := range s.Volumes {
			from, _, _ := strings.Cut(v, ":")
			if file, ok := strings.CutPrefix(from, "./"); ok {
				if _, err := os.Stat(root + "/" + file); err != nil {
					t.Errorf("%s mounts %s: %v", name, file, err)
				}
			}
		}
	}
}

// TestSecretsHaveNoDefault finds a password that would be the same everywhere.
func TestSecretsHaveNoDefault(t *testing.T) {
	text, err := stack.Compose()
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for line := range strings.SplitSeq(string(text), "\n") {
		if strings.Contains(line, "PASSWORD:") || strings.Contains(line, "_SECRET:") || strings.Contains(line, "AUTH:") {
			found++
			if !strings.Contains(line, ":?run deploy/init first}") {
				t.Errorf("not made by deploy/init: %s", line)
			}
		}
	}
	if found < 4 {
		t.Errorf("only %d secrets found", found)
	}
}

// TestSettingsAreValid resolves what processes are told, as they do, with nothing in
// .env but what deploy/init writes.
func TestSettingsAreValid(t *testing.T) {
	written := map[string]string{}
	for _, name := range []string{"ENISHI_SECRET", "DATABASE_PASSWORD", "CACHE_PASSWORD"} {
		written[name] = strings.Repeat("0123456789abcdef", 4)
	}
	given := map[string]string{"ENISHI_ROLES": "web"}
	for _, v := range stack.Settings() {
		given[v.Name] = expand(v.Value, written)
	}
	c, err := config.Resolve(nil, func(name string) (string, bool) { value, ok := given[name]; return value, ok })
	if err != nil {
		t.Fatalf("the processes of the stack refuse to start: %v", err)
	}
	if c.DatabaseURL == "" || len(c.Secret) == 0 {
		t.Errorf("the stack gives no database or no secret: %+v", c)
	}
}

// expand does what Compose does with variables.
func expand(value string, written map[string]string) string {
	for {
		before, rest, found := strings.Cut(value, "${")
		if !found {
			return value
		}
		name, rest, _ := strings.Cut(rest, "}")
		name, other, _ := strings.Cut(name, ":")
		if v := written[name]; v != "" {
			other = "-" + v
		}
		value = before + other[1:] + rest
	}
}
