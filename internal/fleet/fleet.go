// Package fleet runs an installation of many processes for tests: the program
// as it is built, on a real database and a Redis, behind HAProxy, with links
// between them that can be cut. A test without its servers is skipped, or fails
// where ENISHI_TEST_SERVICES is "required".
package fleet

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"enishi/internal/redis/redistest"
	"enishi/internal/store/mysql/mysqltest"
)

// Unshed is the setting under which a process refuses no request of a test on
// a machine that other tests keep busy: what has waited for a quarter of a
// second is refused by its default, and a test that counts answers would take
// the machine's slowness for the program's fault.
const Unshed = "ENISHI_CONCURRENCY=64"

// Options say what a fleet is made of.
type Options struct {
	Webs, Workers, Jobs int

	Server   string // kind of database server, as mysqltest names it
	Database string // address of the database; empty: a new one on Server
	Redis    string // address of a Redis; empty: one of the fleet's own
	Program  string // path of the program; empty: it is built
	Env      []string
	Silent   time.Duration // for which the load balancer keeps what is silent; 0: as operators are given it
}

// Fleet is an installation of many processes. Its methods belong to one
// goroutine, the links to any.
type Fleet struct {
	URL      string // of the service, through Front and the load balancer
	Webs     []*Process
	Workers  []*Process
	Jobs     []*Process
	Database *Link // between the processes and the database
	Cache    *Link // between the processes and Redis
	Front    *Link // between clients and the load balancer
	Balancer *Balancer

	Address string            // of the database, without the link
	Redis   *redistest.Server // the fleet's own; nil if one was given

	t       testing.TB
	server  string
	program string
	env     []string
}

// New starts all processes of a fleet at once, on an empty database unless one
// is given, and waits until each serves.
func New(t testing.TB, o Options) *Fleet {
	t.Helper()
	dir := t.TempDir()
	f := &Fleet{t: t, server: o.Server, Address: o.Database}
	if f.Address == "" {
		f.Address = mysqltest.Address(t, o.Server)
	}
	if o.Redis == "" {
		f.Redis = redistest.New(t)
		o.Redis = f.Redis.URL
	}
	if o.Program == "" {
		o.Program = Build(t, dir)
	}
	toDatabase, database := linked(t, f.Address)
	toCache, cache := linked(t, o.Redis)
	f.Database, f.Cache = toDatabase, toCache
	env := append(Environment(), "ENISHI_DATABASE_URL="+database, "ENISHI_REDIS_URL="+cache,
		"ENISHI_SECRET=0123456789abcdef0123456789abcdef", "ENISHI_FILES_URL=file://"+filepath.Join(dir, "files"),
		"ENISHI_RATE_LIMITS=off", "ENISHI_DATABASE_CONNECTIONS=12", "ENISHI_PROXIES=1")
	env = append(env, o.Env...)
	f.program, f.env = o.Program, env
	place := func(roles string, i int) *Process {
		name := fmt.Sprintf("%s%d", roles, i+1)
		return &Process{Name: name, Roles: roles, Addr: FreeAddr(t), t: t, program: o.Program, env: env, log: filepath.Join(dir, name+".log")}
	}
	for i := range o.Webs {
		f.Webs = append(f.Webs, place("web", i))
	}
	for i := range o.Workers {
		f.Workers = append(f.Workers, place("worker", i))
	}
	for i := range o.Jobs {
		f.Jobs = append(f.Jobs, place("job", i))
	}
	t.Cleanup(f.end)
	for _, p := range f.All() {
		p.Start()
	}
	for _, p := range f.All() {
		p.Ready()
	}
	f.Balancer = NewBalancer(t, dir, f.Webs, o.Silent)
	f.Front = NewLink(t, f.Balancer.Addr)
	f.URL = "http://" + f.Front.Addr()
	return f
}

// Environment gives the test's, with Unshed alone of the program's settings.
func Environment() []string {
	return append(slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "ENISHI_") }), Unshed)
}

// linked gives a link to the host of an address, and the address that leads
// through it.
func linked(t testing.TB, address string) (link *Link, through string) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatalf("an address for a fleet: %v", err)
	}
	link = NewLink(t, u.Host)
	u.Host = link.Addr()
	return link, u.String()
}

// All gives the processes, webs first.
func (f *Fleet) All() []*Process { return slices.Concat(f.Webs, f.Workers, f.Jobs) }

// Leader gives the worker that leads, nil while none does.
func (f *Fleet) Leader() *Process {
	for _, p := range f.Workers {
		if p.Metric("enishi_matcher_leads") == "1" {
			return p
		}
	}
	return nil
}

// Run runs another command of the program, with the settings of the fleet and
// more, and gives what it says. Any goroutine may call it.
func (f *Fleet) Run(env []string, args ...string) (string, error) {
	cmd := exec.CommandContext(f.t.Context(), f.program, args...) //nolint:gosec // the program that was built
	var progress bytes.Buffer
	cmd.Env, cmd.Stderr = append(slices.Clone(f.env), env...), &progress
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("enishi %q: %w: %s%s", args, err, out, progress.String())
	}
	return string(out), nil
}

// KillDatabase ends the database's server by SIGKILL.
func (f *Fleet) KillDatabase() { Services(f.t, "kill", strings.ToLower(f.server)) }

// StartDatabase starts the database's server again.
func (f *Fleet) StartDatabase() { Services(f.t, "start", strings.ToLower(f.server)) }

// Heal lets every link lead and every process run, and waits until all serve.
func (f *Fleet) Heal() {
	f.t.Helper()
	for _, l := range []*Link{f.Database, f.Cache, f.Front} {
		l.Slow(0)
		l.Accept()
		l.Resume()
	}
	for _, p := range f.All() {
		p.Continue()
		p.Ready()
	}
	f.Balancer.ready()
}

// end ends every process; the log of a test that failed has what they said.
func (f *Fleet) end() {
	for _, p := range f.All() {
		p.Kill()
		if f.t.Failed() {
			f.t.Log(p.Log())
		}
	}
}

// Services runs scripts/services.
func Services(t testing.TB, args ...string) {
	t.Helper()
	//nolint:gosec // of this project
	if out, err := exec.CommandContext(t.Context(), filepath.Join(Root(t), "scripts", "services"), args...).CombinedOutput(); err != nil {
		t.Errorf("services %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// Build gives the path of the program, built, in a folder. Tests that run at once, of whatever package, link
// it once. The run of the shorter tests, which is that under the race detector, goes without: a program
// that is built has no detector in it.
func Build(t testing.TB, dir string) string {
	t.Helper()
	if testing.Short() {
		t.Skip("the race detector is not in the program that is built")
	}
	shared := filepath.Join(Root(t), "bin", "test")
	if err := os.MkdirAll(shared, 0o750); err != nil {
		t.Fatalf("build: %v", err)
	}
	one, err := os.OpenFile(filepath.Join(shared, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		t.Fatalf("build: %v", err)
	}
	defer one.Close() //nolint:errcheck // with which the lock ends
	if err := syscall.Flock(int(one.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatalf("build alone: %v", err)
	}
	built, program := filepath.Join(shared, "enishi"), filepath.Join(dir, "enishi")
	//nolint:gosec // the folder is the project's
	build := exec.CommandContext(t.Context(), "go", "build", "-o", built, "enishi/cmd/enishi")
	build.Env = append(os.Environ(), "GOTMPDIR="+shared) // on one disk, where a program is there whole or not at all
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	if os.Link(built, program) == nil { // else the folder is on another disk
		return program
	}
	// By another process: what this one has open to write, a child that it starts meanwhile may still have, and nobody
	// can run it.
	if out, err := exec.CommandContext(t.Context(), "cp", built, program).CombinedOutput(); err != nil { //nolint:gosec // the folder is the test's
		t.Fatalf("copy the program: %v\n%s", err, out)
	}
	return program
}

// Root gives the folder of the project.
func Root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatal("no go.mod is above the test's folder")
		}
		dir = parent
	}
}

// FreeAddr gives an address of this machine that nobody listens on, at a port
// that no outgoing connection takes while its process is away.
func FreeAddr(t testing.TB) string {
	t.Helper()
	const first, ephemeral = 20000, 32768
	for range 100 {
		addr := fmt.Sprintf("127.0.0.1:%d", first+rand.IntN(ephemeral-first))
		var lc net.ListenConfig
		if l, err := lc.Listen(t.Context(), "tcp", addr); err == nil {
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			return addr
		}
	}
	t.Fatal("no port is free")
	return ""
}
