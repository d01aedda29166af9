package config_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"enishi/internal/config"
	"enishi/internal/errs"
)

const goodSecret = "0123456789abcdef0123456789abcdef"

// environment gives a look-up like os.LookupEnv over pairs.
func environment(pairs map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		value, ok := pairs[name]
		return value, ok
	}
}

func TestResolve(t *testing.T) {
	defaults := config.Config{
		Addr: "127.0.0.1:8080", Data: "data", Files: config.Files{Folder: "data/files"}, MatchingMode: config.Approve, PublicURL: "http://127.0.0.1:8080", RateLimits: true, LogFormat: config.LogText, TracesRatio: 0.05,
		Roles: []config.Role{config.Web, config.Worker, config.Job},
	}
	onPort9000, demo, askingDemo := defaults, defaults, defaults
	onPort9000.Addr, onPort9000.PublicURL = ":9000", "http://:9000"
	demo.Demo, demo.MatchingMode = true, config.Auto
	askingDemo.Demo = true
	tests := []struct {
		name  string
		flags map[string]string
		env   map[string]string
		want  config.Config
	}{
		{name: "defaults", want: defaults},
		{
			name: "environment",
			env: map[string]string{
				"ENISHI_ADDR": "[::1]:0", "ENISHI_DATA": "/srv/enishi/", "ENISHI_MATCHING_MODE": "auto",
				"ENISHI_RATE_LIMITS": "off", "ENISHI_LOG_FORMAT": "json", "ENISHI_SECRET": goodSecret,
				"ENISHI_FILES_URL": "file:///mnt/files/", "ENISHI_PERMIT": "13-ユ-000000", "ENISHI_CONTACT": "unei@enishi.example.jp", "ENISHI_PUBLIC_URL": "https://enishi.example.jp/",
			},
			want: config.Config{
				Addr: "[::1]:0", Data: "/srv/enishi", Files: config.Files{Folder: "/mnt/files"}, MatchingMode: config.Auto,
				Permit: "13-ユ-000000", Contact: "unei@enishi.example.jp", PublicURL: "https://enishi.example.jp",
				LogFormat: config.LogJSON, Secret: config.Secret(goodSecret), TracesRatio: 0.05,
				Roles: []config.Role{config.Web, config.Worker, config.Job},
			},
		},
		{
			name:  "a flag beats the environment",
			flags: map[string]string{"addr": ":9000"},
			env:   map[string]string{"ENISHI_ADDR": "127.0.0.1:7000"},
			want:  onPort9000,
		},
		{
			name: "an empty variable is unset",
			env:  map[string]string{"ENISHI_ADDR": "", "ENISHI_SECRET": ""},
			want: defaults,
		},
		{
			name:  "a demo sends by itself",
			flags: map[string]string{"demo": "true"},
			want:  demo,
		},
		{
			name: "a demo that is told to ask asks",
			env:  map[string]string{"ENISHI_DEMO": "true", "ENISHI_MATCHING_MODE": "approve"},
			want: askingDemo,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := config.Resolve(test.flags, environment(test.env))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&test.want, got, cmpopts.IgnoreUnexported(config.Config{})); diff != "" {
				t.Errorf("Resolve (-want +got):\n%s", diff)
			}
		})
	}
}

func TestResolveRefuses(t *testing.T) {
	tests := []struct {
		name  string
		flags map[string]string
		env   map[string]string
		want  []errs.Problem // Allowed: a part of it
	}{
		{name: "an address without a port", env: map[string]string{"ENISHI_ADDR": "localhost"}, want: []errs.Problem{{Pointer: "ENISHI_ADDR", Found: `"localhost"`, Allowed: "HOST:PORT"}}},
		{name: "a port out of range", flags: map[string]string{"addr": "localhost:65536"}, want: []errs.Problem{{Pointer: "--addr", Found: `"localhost:65536"`, Allowed: "65535"}}},
		{name: "a port that is no number", flags: map[string]string{"addr": ":http"}, want: []errs.Problem{{Pointer: "--addr", Found: `":http"`, Allowed: "65535"}}},
		{name: "a URL for an address", flags: map[string]string{"addr": "http://localhost:80"}, want: []errs.Problem{{Pointer: "--addr", Found: `"http://localhost:80"`, Allowed: "HOST:PORT"}}},
		{name: "a host that is none", flags: map[string]string{"addr": "a b:80"}, want: []errs.Problem{{Pointer: "--addr", Found: `"a b:80"`, Allowed: "HOST:PORT"}}},
		{name: "an empty flag", flags: map[string]string{"data": ""}, want: []errs.Problem{{Pointer: "--data", Found: `""`, Allowed: "folder"}}},
		{name: "files in another object store", env: map[string]string{"ENISHI_FILES_URL": "gs://bucket"}, want: []errs.Problem{{Pointer: "ENISHI_FILES_URL", Found: `"gs://bucket"`, Allowed: "s3://BUCKET[/PREFIX]"}}},
		{name: "files in a bucket by a key", env: map[string]string{"ENISHI_FILES_URL": "s3://AKIA:hunter2@bucket"}, want: []errs.Problem{{Pointer: "ENISHI_FILES_URL", Found: "an address with a user or a key in it", Allowed: "keys are not part of it"}}},
		{name: "files on another host", flags: map[string]string{"files-url": "file://host/path"}, want: []errs.Problem{{Pointer: "--files-url", Found: `"file://host/path"`, Allowed: "file:///PATH"}}},
		{name: "files in a relative folder", flags: map[string]string{"files-url": "file:files"}, want: []errs.Problem{{Pointer: "--files-url", Found: `"file:files"`, Allowed: "file:///PATH"}}},
		{name: "files behind a password", flags: map[string]string{"files-url": "file://u:hunter2@/path"}, want: []errs.Problem{{Pointer: "--files-url", Found: `"file://u:xxxxx@/path"`, Allowed: "file:///PATH"}}},
		{name: "a folder with a zero byte", flags: map[string]string{"data": "a\x00"}, want: []errs.Problem{{Pointer: "--data", Found: `"a\x00"`, Allowed: "folder"}}},
		{name: "an unknown mode", env: map[string]string{"ENISHI_MATCHING_MODE": "Auto"}, want: []errs.Problem{{Pointer: "ENISHI_MATCHING_MODE", Found: `"Auto"`, Allowed: "approve or auto"}}},
		{name: "an unknown log format", env: map[string]string{"ENISHI_LOG_FORMAT": "xml"}, want: []errs.Problem{{Pointer: "ENISHI_LOG_FORMAT", Found: `"xml"`, Allowed: "text or json"}}},
		{name: "rate limits as a number", env: map[string]string{"ENISHI_RATE_LIMITS": "0"}, want: []errs.Problem{{Pointer: "ENISHI_RATE_LIMITS", Found: `"0"`, Allowed: "on or off"}}},
		{name: "a demo as yes", env: map[string]string{"ENISHI_DEMO": "yes"}, want: []errs.Problem{{Pointer: "ENISHI_DEMO", Found: `"yes"`, Allowed: "true or false"}}},
		{name: "a short secret", env: map[string]string{"ENISHI_SECRET": "hunter2"}, want: []errs.Problem{{Pointer: "ENISHI_SECRET", Found: "7 characters", Allowed: "at least 32"}}},
		{name: "a secret with a space", env: map[string]string{"ENISHI_SECRET": goodSecret + " "}, want: []errs.Problem{{Pointer: "ENISHI_SECRET", Found: "other characters", Allowed: "without spaces"}}},
		{name: "a flag that is no setting", flags: map[string]string{"adr": ":1"}, want: []errs.Problem{{Pointer: "--adr", Found: `":1"`, Allowed: "no such setting"}}},
		{
			name: "a replica without a database", env: map[string]string{"ENISHI_DATABASE_READER_URL": "mysql://u:hunter2@replica/enishi"},
			want: []errs.Problem{{Pointer: "ENISHI_DATABASE_READER_URL", Found: "a replica", Allowed: "ENISHI_DATABASE_URL"}},
		},
		{
			name: "a replica of another kind", env: map[string]string{"ENISHI_DATABASE_READER_URL": "postgres://u:hunter2@replica/enishi"},
			want: []errs.Problem{{Pointer: "ENISHI_DATABASE_READER_URL", Found: "a value of another form", Allowed: "mysql://"}},
		},
		{
			name:  "every wrong one at once",
			flags: map[string]string{"log-format": "xml"},
			env:   map[string]string{"ENISHI_ADDR": "x"},
			want:  []errs.Problem{{Pointer: "ENISHI_ADDR", Found: `"x"`}, {Pointer: "--log-format", Found: `"xml"`}},
		},
		{
			name: "of a secret of AWS",
			env:  map[string]string{"ENISHI_DATABASE_SECRET_ARN": "enishi/database"},
			want: []errs.Problem{{Pointer: "ENISHI_DATABASE_SECRET_ARN", Found: `"enishi/database"`}},
		},
		{
			name: "of a secret of no database",
			env:  map[string]string{"ENISHI_DATABASE_SECRET_ARN": "arn:aws:secretsmanager:ap-northeast-1:123456789012:secret:rds!cluster-1-a"},
			want: []errs.Problem{{Pointer: "--database-secret-arn (ENISHI_DATABASE_SECRET_ARN)", Found: "a secret"}},
		},
		{
			name:  "of CloudWatch",
			flags: map[string]string{"cloudwatch": "yes", "environment": "The first"},
			want:  []errs.Problem{{Pointer: "--environment", Found: `"The first"`}, {Pointer: "--cloudwatch", Found: `"yes"`}},
		},
		{
			name:  "of whose data it is",
			flags: map[string]string{"data-kind": "people"},
			env:   map[string]string{"ENISHI_ENVIRONMENT": strings.Repeat("a", 33)},
			want:  []errs.Problem{{Pointer: "ENISHI_ENVIRONMENT", Found: strings.Repeat("a", 33)}, {Pointer: "--data-kind", Found: `"people"`}},
		},
		{
			name: "of CloudWatch, in text",
			env:  map[string]string{"ENISHI_CLOUDWATCH": "on"},
			want: []errs.Problem{{Pointer: "--log-format (ENISHI_LOG_FORMAT)", Found: `"text"`}, {Pointer: "--environment (ENISHI_ENVIRONMENT)", Found: "none"}},
		},
		{
			name:  "of traces and logs",
			flags: map[string]string{"traces-ratio": "1.1", "log-level": "loud"},
			env:   map[string]string{"ENISHI_TRACES_URL": "collector:4318"},
			want:  []errs.Problem{{Pointer: "--log-level", Found: `"loud"`}, {Pointer: "ENISHI_TRACES_URL", Found: "a value of another form"}, {Pointer: "--traces-ratio", Found: `"1.1"`}},
		},
	}
	contains := cmp.Comparer(func(a, b string) bool { return strings.Contains(a, b) || strings.Contains(b, a) })
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := config.Resolve(test.flags, environment(test.env))
			e, ok := errors.AsType[*errs.Error](err)
			if !ok || e.Kind != errs.Invalid {
				t.Fatalf("Resolve = %+v, %v; want an Invalid error", got, err)
			}
			if diff := cmp.Diff(test.want, e.Problems, contains); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
			for _, p := range e.Problems {
				if p.Found == "" || p.Allowed == "" || !strings.Contains(err.Error(), p.Pointer) {
					t.Errorf("the message %q does not say what is wrong with %s", err, p.Pointer)
				}
			}
		})
	}
}

func TestDescribe(t *testing.T) {
	flags := map[string]string{"demo": "true", "data": "data/demo"}
	c, err := config.Resolve(flags, environment(map[string]string{"ENISHI_SECRET": goodSecret}))
	if err != nil {
		t.Fatal(err)
	}
	want := []config.Line{
		{Name: "demo", Flag: "--demo", Env: "ENISHI_DEMO", Value: "true", Source: config.FromFlag},
		{Name: "addr", Flag: "--addr", Env: "ENISHI_ADDR", Value: "127.0.0.1:8080", Source: config.FromDefault},
		{Name: "data", Flag: "--data", Env: "ENISHI_DATA", Value: "data/demo", Source: config.FromFlag},
		{Name: "files-url", Flag: "--files-url", Env: "ENISHI_FILES_URL", Value: "data/demo/files", Source: config.FromDefault},
		{Name: "matching-mode", Flag: "--matching-mode", Env: "ENISHI_MATCHING_MODE", Value: "auto", Source: config.FromDemo},
		{Name: "environment", Flag: "--environment", Env: "ENISHI_ENVIRONMENT", Source: config.FromDefault},
		{Name: "data-kind", Flag: "--data-kind", Env: "ENISHI_DATA_KIND", Source: config.FromDefault},
		{Name: "deployment", Flag: "--deployment", Env: "ENISHI_DEPLOYMENT", Source: config.FromDefault},
		{Name: "permit", Flag: "--permit", Env: "ENISHI_PERMIT", Source: config.FromDefault},
		{Name: "contact", Flag: "--contact", Env: "ENISHI_CONTACT", Source: config.FromDefault},
		{Name: "public-url", Flag: "--public-url", Env: "ENISHI_PUBLIC_URL", Value: "http://127.0.0.1:8080", Source: config.FromDefault},
		{Name: "rate-limits", Flag: "--rate-limits", Env: "ENISHI_RATE_LIMITS", Value: "on", Source: config.FromDefault},
		{Name: "proxies", Flag: "--proxies", Env: "ENISHI_PROXIES", Value: "0", Source: config.FromDefault},
		{Name: "concurrency", Flag: "--concurrency", Env: "ENISHI_CONCURRENCY", Value: "auto", Source: config.FromDefault},
		{Name: "secret", Env: "ENISHI_SECRET", Value: "(hidden)", Source: config.FromEnv},
		{Name: "database-url", Env: "ENISHI_DATABASE_URL", Value: "(a file in the data folder)", Source: config.FromDefault},
		{Name: "database-reader-url", Env: "ENISHI_DATABASE_READER_URL", Value: "(none)", Source: config.FromDefault},
		{Name: "database-password", Env: "ENISHI_DATABASE_PASSWORD", Value: "(none)", Source: config.FromDefault},
		{Name: "database-secret-arn", Flag: "--database-secret-arn", Env: "ENISHI_DATABASE_SECRET_ARN", Source: config.FromDefault},
		{Name: "database-connections", Flag: "--database-connections", Env: "ENISHI_DATABASE_CONNECTIONS", Value: "auto", Source: config.FromDefault},
		{Name: "redis-url", Env: "ENISHI_REDIS_URL", Value: "(none: limits are each process's own)", Source: config.FromDefault},
		{Name: "redis-password", Env: "ENISHI_REDIS_PASSWORD", Value: "(none)", Source: config.FromDefault},
		{Name: "mail-url", Env: "ENISHI_MAIL_URL", Value: "(none: mails wait at /dev/mail)", Source: config.FromDefault},
		{Name: "mail-from", Flag: "--mail-from", Env: "ENISHI_MAIL_FROM", Source: config.FromDefault},
		{Name: "roles", Flag: "--roles", Env: "ENISHI_ROLES", Value: "web,worker,job", Source: config.FromDefault},
		{Name: "log-format", Flag: "--log-format", Env: "ENISHI_LOG_FORMAT", Value: "text", Source: config.FromDefault},
		{Name: "log-level", Flag: "--log-level", Env: "ENISHI_LOG_LEVEL", Value: "info", Source: config.FromDefault},
		{Name: "traces-url", Env: "ENISHI_TRACES_URL", Value: "(none)", Source: config.FromDefault},
		{Name: "traces-ratio", Flag: "--traces-ratio", Env: "ENISHI_TRACES_RATIO", Value: "0.05", Source: config.FromDefault},
		{Name: "cloudwatch", Flag: "--cloudwatch", Env: "ENISHI_CLOUDWATCH", Value: "off", Source: config.FromDefault},
	}
	if diff := cmp.Diff(want, c.Describe(), cmpopts.IgnoreFields(config.Line{}, "Help")); diff != "" {
		t.Errorf("Describe (-want +got):\n%s", diff)
	}
}

func TestSettingsThatDependOnEachOther(t *testing.T) {
	const database = "mysql://enishi:a-password@127.0.0.1:3306/enishi"
	for _, tt := range []struct {
		env  map[string]string
		want string // the setting that is wrong; empty: none
	}{
		{map[string]string{"ENISHI_ROLES": "web"}, "--roles (ENISHI_ROLES)"},
		{map[string]string{"ENISHI_ROLES": "web,web"}, "ENISHI_ROLES"},
		{map[string]string{"ENISHI_ROLES": "cook"}, "ENISHI_ROLES"},
		{map[string]string{"ENISHI_DATABASE_URL": database}, "ENISHI_SECRET"},
		{map[string]string{"ENISHI_DATABASE_URL": "postgres://127.0.0.1/enishi", "ENISHI_SECRET": goodSecret}, "ENISHI_DATABASE_URL"},
		{map[string]string{"ENISHI_DATABASE_URL": database, "ENISHI_SECRET": goodSecret, "ENISHI_ROLES": "web, job"}, ""},
	} {
		c, err := config.Resolve(nil, environment(tt.env))
		if tt.want == "" {
			if err != nil {
				t.Errorf("Resolve(%v) = %v", tt.env, err)
			} else if text := fmt.Sprint(c.Describe()); strings.Contains(text, "a-password") || !strings.Contains(text, "127.0.0.1:3306") {
				t.Errorf("Describe shows %s", text)
			}
			continue
		}
		var e *errs.Error
		if !errors.As(err, &e) || len(e.Problems) != 1 || e.Problems[0].Pointer != tt.want || strings.Contains(err.Error(), "a-password") {
			t.Errorf("Resolve(%v) = %v, want a problem of %s", tt.env, err, tt.want)
		}
	}
}

func TestEverySettingIsExplained(t *testing.T) {
	all := config.Settings()
	if len(all) == 0 {
		t.Fatal("no settings")
	}
	seen := make(map[string]bool)
	for _, s := range all {
		if s.Accepts == "" || s.Help == "" {
			t.Errorf("%s: Accepts %q, Help %q; want both", s.Name, s.Accepts, s.Help)
		}
		if seen[s.Name] {
			t.Errorf("%s is declared twice", s.Name)
		}
		seen[s.Name] = true
	}
}

func TestSecretIsNeverShown(t *testing.T) {
	c, err := config.Resolve(nil, environment(map[string]string{"ENISHI_SECRET": goodSecret}))
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("started", "secret", c.Secret, "config", c)

	shown := map[string]string{
		"%v": fmt.Sprintf("%v", *c), "%+v": fmt.Sprintf("%+v", *c), "%#v": fmt.Sprintf("%#v", *c),
		"%s": fmt.Sprintf("%s", c.Secret), "%x": fmt.Sprintf("%x", c.Secret), "%d": fmt.Sprintf("%d", c.Secret),
		"JSON": string(encoded), "log": log.String(),
	}
	for form, text := range shown {
		for _, leak := range []string{goodSecret, "30313233", "48 49 50 51", "0x30, 0x31"} {
			if strings.Contains(text, leak) {
				t.Errorf("%s shows the secret: %s", form, text)
			}
		}
	}
}

func TestUnknown(t *testing.T) {
	environ := []string{"PATH=/bin", "ENISHI_MATCHNG_MODE=auto", "ENISHI_ADDR=:1", "ENISHI_", "ENISHI_MATCHNG_MODE=x"}
	if diff := cmp.Diff([]string{"ENISHI_", "ENISHI_MATCHNG_MODE"}, config.Unknown(environ)); diff != "" {
		t.Errorf("Unknown (-want +got):\n%s", diff)
	}
}

func TestAddressesAreShownWithoutTheirKeys(t *testing.T) {
	for value, want := range map[string]string{
		"https://a-secret-key@traces.example/v1":     "https://hidden@traces.example/v1",
		"https://user:a-secret-key@traces.example/x": "https://user:hidden@traces.example/x",
		"http://127.0.0.1:4318":                      "http://127.0.0.1:4318",
	} {
		c, err := config.Resolve(nil, environment(map[string]string{"ENISHI_TRACES_URL": value}))
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range c.Describe() {
			if line.Name == "traces-url" && line.Value != want {
				t.Errorf("%s is shown as %s, want %s", value, line.Value, want)
			}
		}
	}
}
