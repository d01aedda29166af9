package cli_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"enishi/internal/fleet"
	"enishi/internal/store/mysql/mysqltest"
)

const secretARN = "arn:aws:secretsmanager:ap-northeast-1:123456789012:secret:rds!cluster-1-a"

// secrets is a Secrets Manager with one secret, which Amazon's own library asks.
type secrets struct {
	*httptest.Server
	mu       sync.Mutex
	versions map[string]string // passwords by stage
	given    map[string]int    // how often each was given
	away     bool
}

func newSecrets(t *testing.T, password string) *secrets {
	s := &secrets{versions: map[string]string{"AWSCURRENT": password}, given: map[string]int{}}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in struct{ SecretID, VersionStage string }
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil || r.Header.Get("X-Amz-Target") != "secretsmanager.GetSecretValue" || in.SecretID != secretARN {
			t.Errorf("Secrets Manager is asked %s for %+v: %v", r.Header.Get("X-Amz-Target"), in, err)
		}
		if !strings.Contains(r.Header.Get("Authorization"), "/ap-northeast-1/secretsmanager/") {
			t.Errorf("the question is signed %s", r.Header.Get("Authorization"))
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		password, ok := s.versions[in.VersionStage]
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		switch {
		case s.away:
			w.WriteHeader(http.StatusServiceUnavailable)
		case !ok:
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"__type":"ResourceNotFoundException","message":"Secrets Manager can't find the specified secret value for staging label: `+in.VersionStage+`"}`)
		default:
			s.given[password]++
			text, err := json.Marshal(map[string]string{"username": "rotated", "password": password})
			if err != nil {
				t.Error(err)
			}
			fmt.Fprintf(w, `{"ARN":%q,"Name":"rds","SecretString":%q}`, secretARN, text)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *secrets) set(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

func (s *secrets) gave(password string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.given[password] > 0
}

// idle is how long a connection lies before another takes its place.
const idle = 6 * time.Second

// rotation is a database whose only user's password changes.
type rotation struct {
	t       *testing.T
	admin   *url.URL
	user    string
	env     []string
	secrets *secrets
}

// newRotation makes a user with all rights on a new database.
func newRotation(t *testing.T) *rotation {
	at, err := url.Parse(mysqltest.Address(t, "MariaDB")) // which skips the test where there is no server
	if err != nil {
		t.Fatal(err)
	}
	admin := given(t, "ENISHI_TEST_MARIADB_ADMIN_URL")
	database := strings.TrimPrefix(at.Path, "/")
	r := &rotation{t: t, admin: admin, user: "r" + strings.TrimPrefix(database, "enishi_")[:20]}
	mysqltest.Exec(t, admin, "CREATE USER '"+r.user+"'@'%' IDENTIFIED BY 'first'", "GRANT ALL ON `"+database+"`.* TO '"+r.user+"'@'%'")
	t.Cleanup(func() { mysqltest.Exec(t, admin, "DROP USER '"+r.user+"'@'%'") })
	r.secrets = newSecrets(t, "first")
	at.User = url.User(r.user)
	r.env = []string{
		"ENISHI_DATABASE_URL=" + at.String(), "ENISHI_DATABASE_PASSWORD=first", "ENISHI_DATABASE_SECRET_ARN=" + secretARN,
		"ENISHI_SECRET=0123456789abcdef0123456789abcdef", "ENISHI_DATABASE_CONNECTIONS=60", "ENISHI_CONCURRENCY=1000",
		"AWS_ENDPOINT_URL_SECRETS_MANAGER=" + r.secrets.URL, "AWS_ACCESS_KEY_ID=key", "AWS_SECRET_ACCESS_KEY=secret", "AWS_EC2_METADATA_DISABLED=true",
	}
	return r
}

// take makes the database take another password, and none of those before.
func (r *rotation) take(password string) {
	mysqltest.Exec(r.t, r.admin, "ALTER USER '"+r.user+"'@'%' IDENTIFIED BY '"+password+"'")
}

// TestChangedPasswordOnServers changes the database's password while people sign up, in the
// steps in which AWS does: not one of them fails, and a process that starts with the
// password of a day before finds the one of today.
func TestChangedPasswordOnServers(t *testing.T) {
	r := newRotation(t)
	program := fleet.Build(t, t.TempDir())
	web := tell(t, program, r.env, "--roles", "web")
	worker := tell(t, program, r.env, "--roles", "worker,job")
	var people, failed atomic.Int64
	signUp := func() {
		n := people.Add(1)
		if status, body := web.ask("POST", "/api/v1/candidates", fmt.Sprintf(newcomer, fmt.Sprintf("p%d@example.jp", n))); status != http.StatusCreated {
			failed.Add(1)
			t.Errorf("sign-up = %d %s", status, body)
		}
	}
	burst := func(size int) {
		var all sync.WaitGroup
		for range size {
			all.Go(signUp)
		}
		all.Wait()
	}
	over := make(chan struct{})
	var load sync.WaitGroup
	load.Go(func() {
		for {
			select {
			case <-over:
				return
			default:
				signUp()
			}
		}
	})
	const step = 6
	for i := range 3 {
		next, size := fmt.Sprintf("password-%d", i), step*i
		r.secrets.set(func() { r.secrets.versions["AWSPENDING"] = next })
		burst(max(size, 1))
		r.take(next)
		// More at once than ever: there are not enough connections that are open.
		for deadline := time.Now().Add(20 * time.Second); !r.secrets.gave(next) && time.Now().Before(deadline); {
			size += step
			burst(size)
		}
		if !r.secrets.gave(next) {
			t.Error("nobody has asked for the new password")
		}
		r.secrets.set(func() {
			r.secrets.versions["AWSCURRENT"] = next
			delete(r.secrets.versions, "AWSPENDING")
		})
		burst(size)
	}
	close(over)
	load.Wait()
	t.Logf("%d people signed up, %d in vain; passwords were given %v", people.Load(), failed.Load(), r.secrets.given)

	late := exec.Command(program, "job", "list", "--json") // which was told the first
	late.Env = append(append(os.Environ(), "ENISHI_DATA="+filepath.Join(t.TempDir(), "none")), r.env...)
	if out, err := late.CombinedOutput(); err != nil {
		t.Errorf("a process with an old password: %v\n%s", err, out)
	}
	late = exec.Command(program, "maintenance", "status") // whose first look at whose data it is is refused
	late.Env = append(append(os.Environ(), "ENISHI_DATA_KIND=demo"), r.env...)
	if out, err := late.CombinedOutput(); err == nil || !strings.Contains(string(out), "does not say whose data") {
		t.Errorf("a process with an old password, for another kind of data: %v\n%s", err, out)
	}
	r.secrets.set(func() { r.secrets.away = true })
	r.take("last")
	time.Sleep(idle)
	r.secrets.set(func() {
		r.secrets.away = false
		r.secrets.versions["AWSCURRENT"] = "last"
	})
	time.Sleep(2 * time.Second)
	burst(step)
	web.stop()
	worker.stop()
	for _, log := range []string{web.log.String(), worker.log.String()} {
		for _, secret := range []string{"first", "password-", `"last"`} {
			if strings.Contains(log, secret) {
				t.Errorf("a password is in the log: %s", log)
			}
		}
	}
}
