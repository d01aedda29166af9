package onehost_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"enishi/internal/onehost"
)

// rolling replaces every process of Enishi as a deploy does, without a failed request,
// and verifies what came up.
func rolling(t *testing.T, s *onehost.Stack) {
	before := s.Containers("web", "worker", "job")
	left := s.Run("docker", "commit", before[0].ID) // of Enishi's, without a name
	others := s.Run("docker", "commit", s.Containers("rsyslog")[0].ID)
	load := onehost.NewLoad(t.Context(), s.URL)
	said := s.Run("env", "ENISHI_VERIFY_EMAIL="+operatorEmail, "ENISHI_VERIFY_PASSWORD="+operatorPassword, "deploy/roll", "--verify")
	if !strings.Contains(said, "All of it holds") {
		t.Errorf("the deploy was not verified: %s", said)
	}
	sent := load.Stop()
	old := map[string]bool{}
	for _, c := range before {
		old[c.ID] = true
	}
	after := s.Containers("web", "worker", "job")
	if len(after) != len(before) {
		t.Errorf("%d processes after, %d before", len(after), len(before))
	}
	for _, c := range after {
		if old[c.ID] {
			t.Errorf("%s was not replaced: %s", c.Name, said)
		}
	}
	for _, r := range sent {
		if r.Failure != "" {
			t.Errorf("%s at %v, %.1f s: %s", r.What, r.Begin.Format(time.TimeOnly), r.End.Sub(r.Begin).Seconds(), r.Failure)
		}
	}
	// None was replaced by another image, so the one before stays to go back to; it is what a new one would end, and nobody else's.
	images := s.Run("docker", "image", "ls", "--all", "--quiet", "--no-trunc")
	ends := s.Run("docker", "image", "ls", "--quiet", "--no-trunc", "--filter", "dangling=true", "--filter", "label=org.opencontainers.image.title=Enishi")
	if !strings.Contains(images, strings.TrimSpace(left)) || strings.TrimSpace(ends) != strings.TrimSpace(left) || !strings.Contains(images, strings.TrimSpace(others)) {
		t.Errorf("after the deploy there are the images\n%s, of which a new one would end\n%s, want %s, and %s there", images, ends, left, others)
	}
	s.Run("docker", "image", "rm", strings.TrimSpace(left), strings.TrimSpace(others))
	t.Logf("%d requests while %d processes were replaced", len(sent), len(before))
}

// halfway kills a deploy in the middle: another one beside it is refused, and the next
// comes back to as many processes as there were, without a failed request.
func halfway(t *testing.T, s *onehost.Stack) {
	before := len(s.Containers("web"))
	load := onehost.NewLoad(t.Context(), s.URL)
	deploy := exec.CommandContext(t.Context(), "deploy/roll", "web")
	deploy.Dir = filepath.Join("..", "..")
	if err := deploy.Start(); err != nil {
		t.Fatal(err)
	}
	s.Eventually(time.Minute, "a new process is started", func() string {
		if n := len(s.Containers("web")); n <= before {
			return strconv.Itoa(n) + " run"
		}
		return ""
	})
	if out, err := s.Try("deploy/roll", "web"); err == nil || !strings.Contains(err.Error(), "another one runs") {
		t.Errorf("a second deploy beside the first: %v\n%s", err, out)
	}
	if err := deploy.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := deploy.Wait(); err == nil {
		t.Error("the deploy was done before it was killed")
	}
	s.Eventually(2*time.Minute, "the next deploy begins", func() string { // what the killed one had begun may go on for a moment
		out, err := s.Try("deploy/roll", "web")
		if err != nil {
			return err.Error()
		}
		t.Log(out)
		return ""
	})
	if n := len(s.Containers("web")); n != before {
		t.Errorf("%d web processes after, %d before", n, before)
	}
	for _, r := range load.Stop() {
		if r.Failure != "" {
			t.Errorf("%s: %s", r.What, r.Failure)
		}
	}
}

// crowded makes a deploy where no address is left for a new process: it says so, and
// leaves nothing behind.
func crowded(t *testing.T, s *onehost.Stack) {
	before := len(s.Containers("web"))
	s.Compose("up", "--detach", "--no-recreate", "--scale", "web=7", "web")
	if out, err := s.Try("deploy/roll", "web"); err == nil || !strings.Contains(err.Error(), "--scale web=6") {
		t.Errorf("a deploy of seven: %v\n%s", err, out)
	}
	if n := len(s.Containers("web")); n != 7 {
		t.Errorf("%d web processes after, want 7", n)
	}
	s.Compose("up", "--detach", "--no-recreate", "--scale", "web="+strconv.Itoa(before), "web")
}

// TestRollRefuses holds that a deploy begins with nothing that it does not understand.
func TestRollRefuses(t *testing.T) {
	for _, c := range []struct {
		env, args []string
		want      string
		code      int
	}{
		{args: []string{"web", "--help"}, want: "Usage: deploy/roll"},
		{args: []string{"haproxy"}, want: "haproxy: accepted are web, worker and job, --why, --confirm, --dry-run, --verify and --help", code: 1},
		{args: []string{"web", "--force"}, want: "--force: accepted are", code: 1},
		{args: []string{"web", "--why"}, want: "--why: its value is missing", code: 1},
		{args: []string{"--verify"}, want: "to verify takes an operator", code: 1},
		{args: []string{"web", "--verify"}, env: []string{"ENISHI_VERIFY_PASSWORD=x"}, want: "to verify takes an operator", code: 1},
		{args: []string{"web", "--verify"}, env: []string{"ENISHI_VERIFY_EMAIL=x@example.jp"}, want: "to verify takes an operator", code: 1},
	} {
		if out, code := script(t, c.env, "deploy/roll", c.args...); code != c.code || !strings.Contains(out, c.want) {
			t.Errorf("%v deploy/roll %v exits with %d, want %d and %q:\n%s", c.env, c.args, code, c.code, c.want, out)
		}
	}
}

// TestRollAsksBeforeItReplaces holds that a deploy of an installation with a name is told why, and that
// name, before any process is replaced: by flags, or as the verification at its end is.
func TestRollAsksBeforeItReplaces(t *testing.T) {
	folder := t.TempDir()
	compose := "#!/bin/sh\ncase \"$*\" in *'config -q') ;; *config) printf 'x-env:\\n  ENISHI_ENVIRONMENT: %s\\n  ENISHI_DATA_KIND: %s\\n' \"$NAMED\" \"$KIND\" ;; esac\n"
	if err := os.WriteFile(filepath.Join(folder, "docker-compose"), []byte(compose), 0o700); err != nil {
		t.Fatal(err)
	}
	const refused, gone = "this is prod: its processes are replaced for a reason, and by that name", "nothing runs"
	for _, c := range []struct {
		named, why, confirm, want string
		kind                      string
	}{
		{"prod", "", "", refused, ""},
		{"prod", "a release", "", refused, "real"},
		{"prod", "a release", "staging", refused, ""},
		{"prod", "", "prod", refused, ""},
		{"prod", " \t", "prod", refused, ""},
		{"prod", strings.Repeat("x", 501), "prod", refused, ""},
		{`"prod"`, "", "prod", refused, ""},
		{"'2024'", "a release", "", "this is 2024", ""},
		{"prod", "a release", "prod", gone, "real"},
		{"'2024'", "a release", "2024", gone, ""},
		{`""`, "", "", gone, ""},
		{`""`, "", "", gone, "demo"},
		{`""`, "", "", "people's data is there", "real"},
	} {
		env := []string{
			"PATH=" + folder + ":" + os.Getenv("PATH"), "ENISHI_ENV_FILE=" + filepath.Join(folder, "settings"), "ENISHI_VERIFY_TOKEN=x",
			"NAMED=" + c.named, "KIND=" + c.kind, "ENISHI_WHY=" + c.why, "ENISHI_CONFIRM=" + c.confirm,
		}
		for _, args := range [][]string{{"web", "--verify"}, {"web"}, {"web", "--why", c.why, "--confirm=" + c.confirm}} {
			want := c.want
			if c.named == `""` && args[len(args)-1] != "--verify" {
				want = gone // nobody asks where there is no name
			}
			with := env
			if len(args) > 2 {
				with = append(env[:len(env):len(env)], "ENISHI_WHY=", "ENISHI_CONFIRM=")
			}
			if out, code := script(t, with, "deploy/roll", args...); code != 1 || !strings.Contains(out, want) {
				t.Errorf("%+v, %q: it exits with %d, and says\n%s", c, args, code, out)
			}
		}
	}
}

// TestRollTellsTheLog holds that a deploy of an installation with a name leaves one line in the audit log, by whom and
// why, before the first process goes; one without a name none; that it goes on where the log cannot be told; and that
// of the images without a name it removes those that it did not replace, and says nothing of one that still runs.
func TestRollTellsTheLog(t *testing.T) {
	const compose = `#!/bin/sh
cd "$STATE"
case "$*" in
*'config -q') ;;
*config) printf 'x-env:\n  ENISHI_ENVIRONMENT: %s\n' "$NAMED" ;;
*'ps -q') ls ;;
*' up '*|'up '*) for last; do :; done; mktemp "new-$last-XXXXXX" ;;
esac
`
	const docker = `#!/bin/sh
cd "$STATE"
for last; do :; done
case "$*" in
ps*) for of in web worker; do case "$*" in *service=$of*) ls | grep -e "-$of-" ;; esac; done ;;
inspect*project*) echo enishi ;;
inspect*.Image*) case $last in new*) echo sha256:2222222222222222 ;; *) echo sha256:1111111111111111 ;; esac ;;
inspect*) echo "/$last" ;;
stop*) echo "stop $last" >>"$LOG" ;;
rm*) rm "$last" ;;
image\ ls*) printf '%s\n' sha256:1111111111111111 sha256:3333333333333333 sha256:4444444444444444 ;;
image\ rm*) case $last in *4444) exit 1 ;; esac; echo "$last" >>"$GONE" ;;
exec*audit*) echo "note by $ENISHI_BY for $ENISHI_WHY, $ENISHI_CONFIRM: $*" >>"$LOG"; exit "$FAILS" ;;
esac
`
	for _, c := range []struct {
		named, fails string
		lines        int
	}{{"prod", "0", 1}, {"prod", "1", 1}, {`""`, "0", 0}} {
		folder := t.TempDir()
		log := filepath.Join(folder, "log")
		err := errors.Join(
			os.WriteFile(filepath.Join(folder, "docker-compose"), []byte(compose), 0o700), os.WriteFile(filepath.Join(folder, "docker"), []byte(docker), 0o700),
			os.Mkdir(filepath.Join(folder, "state"), 0o700), os.WriteFile(log, nil, 0o600),
		)
		for _, one := range []string{"old-web-1", "old-web-2", "old-worker-1"} {
			err = errors.Join(err, os.WriteFile(filepath.Join(folder, "state", one), nil, 0o600))
		}
		if err != nil {
			t.Fatal(err)
		}
		out, code := script(t, []string{
			"PATH=" + folder + ":" + os.Getenv("PATH"), "ENISHI_ENV_FILE=" + filepath.Join(folder, "settings"), "DOCKER=",
			"STATE=" + filepath.Join(folder, "state"), "LOG=" + log, "NAMED=" + c.named, "FAILS=" + c.fails, "ENISHI_BY=hana", "GONE=" + filepath.Join(folder, "gone"),
		}, "deploy/roll", "--why", "a release", "--confirm", "prod", "web", "worker")
		text, err := os.ReadFile(log)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSpace(string(text)), "\n")
		if code != 0 || !strings.HasSuffix(out, "done\n") || strings.Contains(out, "could not be told") != (c.fails == "1") || len(lines) != 3+c.lines {
			t.Fatalf("%+v: it exits with %d, and says\n%s\nIt did\n%s", c, code, out, text)
		}
		if gone, err := os.ReadFile(filepath.Join(folder, "gone")); string(gone) != "sha256:3333333333333333\n" || strings.Count(out, "removed the image") != 1 {
			t.Errorf("%+v: it removed the images %q, and said %s %v", c, gone, out, err)
		}
		const want = "note by hana for a release, prod: exec --env ENISHI_BY --env ENISHI_WHY --env ENISHI_CONFIRM "
		const note = " /enishi audit note environment.change deploy/roll web worker: the image 111111111111 -> 222222222222"
		if c.lines == 1 && (!strings.Contains(lines[0], want) || !strings.HasSuffix(lines[0], note)) {
			t.Errorf("%+v: the audit log was told %q first", c, lines[0])
		}
	}
}

// TestInit holds that deploy/init keeps what is in the file, adds each value on a line
// of its own, and changes nothing the second time.
func TestInit(t *testing.T) {
	file := filepath.Join(t.TempDir(), "env")
	const mine = "ENISHI_LISTEN=0.0.0.0:80"
	if err := os.WriteFile(file, []byte(mine), 0o644); err != nil {
		t.Fatal(err)
	}
	read := func() string {
		t.Helper()
		if out, code := script(t, nil, "deploy/init", file); code != 0 {
			t.Fatalf("deploy/init exits with %d: %s", code, out)
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	first := read()
	lines := strings.Split(first, "\n")
	if lines[0] != mine {
		t.Errorf("the first line is %q, want %q", lines[0], mine)
	}
	for _, name := range []string{"ENISHI_SECRET", "DATABASE_PASSWORD", "DATABASE_ROOT_PASSWORD", "CACHE_PASSWORD", "GRAFANA_PASSWORD"} {
		if n := strings.Count(first, "\n"+name+"="); n != 1 {
			t.Errorf("%s has %d lines, want 1:\n%s", name, n, first)
		}
	}
	if again := read(); again != first {
		t.Errorf("run again, it writes\n%s\nafter\n%s", again, first)
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file has mode %v %v, want 0600", info.Mode(), err)
	}
	for arg, want := range map[string]string{"--help": "Usage: deploy/init", "--force": "accepted are a file to write and --help"} {
		if out, code := script(t, nil, "deploy/init", arg); !strings.Contains(out, want) || (code == 0) != (arg == "--help") {
			t.Errorf("deploy/init %s exits with %d and says %q, want %q", arg, code, out, want)
		}
	}
}

// script runs a script of the project with settings, and gives what it says and its exit code.
func script(t *testing.T, env []string, name string, args ...string) (string, int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = filepath.Join("..", "..")
	cmd.Env = append(append(os.Environ(), "ENISHI_VERIFY_TOKEN=", "ENISHI_VERIFY_EMAIL=", "ENISHI_VERIFY_PASSWORD="), env...)
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		t.Fatalf("%s: %v", name, err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}
