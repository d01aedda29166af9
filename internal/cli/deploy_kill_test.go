package cli_test

import (
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"

	"enishi/internal/deploy/deploytest"
	"enishi/internal/fleet"
	"enishi/internal/oci"
)

// TestDeployIsKilled deploys by the program itself, over a network, a project that is built
// and pushed into a registry; it is killed as soon as ECS was told of the next version, and
// once more at the first tenth of the traffic, and run again.
func TestDeployIsKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("three deployments by processes of their own")
	}
	t.Parallel()
	a := deploytest.New("staging")
	a.Pace = 20
	images := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	var kill context.CancelFunc // of the process that runs
	at := []string{"ecs:UpdateService", "ecs:ContinueServiceDeployment"}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/v2/") {
			images.ServeHTTP(w, r)
			return
		}
		a.ServeHTTP(w, r)
		if asked := a.Asked(); len(at) > 0 && asked[len(asked)-1] == at[0] {
			at = at[1:]
			kill()
		}
	}))
	t.Cleanup(server.Close)
	a.Set("registry", strings.TrimPrefix(server.URL, "http://")+"/enishi")
	source, program := smallProject(t), fleet.Build(t, t.TempDir())
	deploy := func() (string, error) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		kill = cancel // which kills, as CommandContext does
		cmd := exec.CommandContext(ctx, program, "deploy", "staging", "--why", "a test", "--yes")
		cmd.Dir = source
		cmd.Env = append(os.Environ(), "AWS_ENDPOINT_URL="+server.URL, "AWS_REGION="+deploytest.Region, "AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY=secret", "AWS_EC2_METADATA_DISABLED=true")
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	for _, when := range at {
		if out, err := deploy(); err == nil || !strings.Contains(err.Error(), "killed") {
			t.Fatalf("at %s it ended by itself: %v\n%s", when, err, out)
		}
		out, err := deploy()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != 1 || !strings.Contains(out, "is deploying") {
			t.Errorf("at once after it was killed at %s: %v\n%s", when, err, out)
		}
		if err := a.Silent(2 * time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	out, err := deploy()
	if err != nil || !strings.Contains(out, "deployed: ") || !strings.Contains(out, "goes on with") {
		t.Errorf("after both: %v\n%s", err, out)
	}
	// What a workflow builds beforehand, and hands to each environment as the one to be deployed.
	build := oci.Program(filepath.Join(t.TempDir(), "image"), []string{"linux/arm64"}, io.Discard)
	build.Dir = source
	digest, err := build.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	runs := a.Runs()
	if !strings.HasSuffix(runs["image"], "@"+digest.String()) {
		t.Errorf("%s is deployed, and %s was built of the same commit", runs["image"], digest)
	}
	for name, image := range runs {
		if image != runs["image"] || image == deploytest.Before || !strings.HasPrefix(image, strings.TrimPrefix(server.URL, "http://")+"/enishi@sha256:") {
			t.Errorf("%s runs %s", name, image)
		}
	}
	if ran := a.Ran(); len(ran) == 0 || ran[0].Words[0] != "migrate" || ran[0].Told["ENISHI_WHY"] != "a test" || ran[0].Told["ENISHI_BY"] != deploytest.Identity {
		t.Errorf("the audit log was told of it by %+v", ran)
	}
	if faults := a.Faults(); len(faults) > 0 {
		t.Errorf("faults: %q", faults)
	}
}

// smallProject is a project that is built as this one is, within seconds.
func smallProject(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod": "module enishi\n\ngo 1.26\n", "cmd/enishi/main.go": "package main\n\nfunc main() {}\n", "internal/web/browser/package-lock.json": `{"packages": {"": {}, "node_modules/shown": {"version": "1.2.3"}}}`,
	} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{{"init", "--quiet"}, {"add", "."}, {"-c", "user.name=n", "-c", "user.email=n@example.jp", "commit", "--quiet", "--message", "a"}} {
		cmd := exec.CommandContext(t.Context(), "git", args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %q: %v\n%s", args, err, out)
		}
	}
	return dir
}
