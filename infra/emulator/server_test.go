package emulator

import (
	"bytes"
	"context"
	"net/http"
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
)

// server is moto's, in a process of its own.
type server struct {
	url string
	log *journal
}

// program finds moto's server in the virtual environment that scripts/infra-test makes.
func program(t *testing.T) string {
	t.Helper()
	file, err := filepath.Abs("../../bin/infra-test/bin/moto_server")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(file); err != nil {
		if os.Getenv("ENISHI_INFRA_EMULATOR") == "required" {
			t.Fatalf("the emulator is required, and is not there: %v", err)
		}
		t.Skip("no emulator of AWS here: make infra-test installs moto and runs this")
	}
	return file
}

// startsWithin is long, since a machine that does much else imports Python slowly.
const startsWithin = 2 * time.Minute

// start gives a server that is empty, and ends it with the test.
func start(t *testing.T) *server {
	t.Helper()
	s := &server{log: &journal{}}
	cmd := exec.Command(program(t), "-H", "127.0.0.1", "-p", "0") // it says which port it has taken
	cmd.Stdout, cmd.Stderr = s.log, s.log
	cmd.Env = append(os.Environ(), "AWS_ACCESS_KEY_ID="+nobody.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+nobody.SecretAccessKey,
		"AWS_EC2_METADATA_DISABLED=true", "AWS_DEFAULT_REGION="+region, "MOTO_ACCOUNT_ID="+account, "MOTO_IAM_LOAD_MANAGED_POLICIES=true", "PYTHONUNBUFFERED=1")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cmd.Process.Kill(); err != nil {
			t.Error(err)
		}
		_ = cmd.Wait() // it was killed, which is an error to Wait
	})
	found := s.log.await(0, regexp.MustCompile(`Running on (http://127\.0\.0\.1:\d+)`), startsWithin)
	if found == nil {
		t.Fatalf("the emulator does not start:\n%s", s.log.since(0))
	}
	s.url = found[1]
	return s
}

// reset forgets everything that was made.
func (s *server) reset(t *testing.T) {
	t.Helper()
	reply, err := http.Post(s.url+"/moto-api/reset", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := reply.Body.Close(); err != nil || reply.StatusCode != http.StatusOK {
		t.Fatalf("reset answers %s, %v", reply.Status, err)
	}
}

// nobody is who signs: the emulator asks who it is of nobody.
var nobody = aws.Credentials{AccessKeyID: "enishi", SecretAccessKey: "enishi"}

// credentials gives nobody to the SDK.
func credentials(context.Context) (aws.Credentials, error) { return nobody, nil }

// journal is what a process writes.
type journal struct {
	mu   sync.Mutex
	text []byte
}

// Write implements io.Writer.
func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.text = append(j.text, p...)
	return len(p), nil
}

// len is where it ends now.
func (j *journal) len() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.text)
}

func (j *journal) since(from int) []byte {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.text[from:])
}

// await gives the last match in what was written after a place, or nil if none comes in time:
// what a process writes may arrive after what it answers.
func (j *journal) await(from int, what *regexp.Regexp, within time.Duration) []string {
	for end := time.Now().Add(within); ; time.Sleep(10 * time.Millisecond) {
		all := what.FindAllSubmatch(j.since(from), -1)
		if len(all) > 0 {
			var out []string
			for _, part := range all[len(all)-1] {
				out = append(out, string(bytes.TrimSpace(part)))
			}
			return out
		}
		if time.Now().After(end) {
			return nil
		}
	}
}

// reason gives what the emulator says of a failure whose answer is empty: the last line of
// what Python prints.
func (s *server) reason(from int) string {
	found := s.log.await(from, regexp.MustCompile(`(?m)^(?:\w+\.)*\w*(?:Error|Exception)\b.*$`), 5*time.Second)
	if found == nil {
		return ""
	}
	return strings.TrimSpace(found[0])
}
