package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"enishi/internal/fleet"
	"enishi/internal/store/mysql/mysqltest"
)

// baselineSchema is the schema from which on every program must serve while the
// next one migrates: decision 0019.
const baselineSchema = 7

// Where migrations are in the repository, and what only programs have that can
// use a newer schema than theirs.
const (
	migrationsDir = "internal/store/mysql/migrations"
	schemaFile    = "internal/store/schema.go"
	needsRow      = `"schema_needs"`
)

// generation is the last program before a migration, or the present one.
type generation struct {
	schema     int64
	path       string
	knowsNeeds bool
}

// TestMigrationsUnderLoadOnServers replaces each program since the baseline by
// the next one, which migrates the database under those of the one before while
// people use them: no request fails, before, during and after; the older one
// starts again on the newer schema; both serve beside each other.
func TestMigrationsUnderLoadOnServers(t *testing.T) {
	servers := mysqltest.Given()
	if len(servers) == 0 {
		t.Skip("there are no servers: run make services")
	}
	list := generations(t)
	for _, server := range servers {
		t.Run(server, func(t *testing.T) {
			address := mysqltest.Address(t, server)
			r := &replacement{t: t, server: server, env: []string{
				"ENISHI_DATABASE_URL=" + address, "ENISHI_SECRET=0123456789abcdef0123456789abcdef", "ENISHI_DATABASE_CONNECTIONS=8",
				"ENISHI_DATA=" + t.TempDir(), fleet.Unshed,
			}}
			r.migrate(list[0])
			for i := range list[1:] {
				r.replace(list[i], list[i+1])
			}
			if r.crowd.answered == 0 {
				t.Error("nothing was asked")
			}
		})
	}
}

// generationsBack is how many programs before this one are tried, unless ENISHI_TEST_GENERATIONS is
// "all": those before them were tried when they were new, and what they do is not changed any more.
const generationsBack = 4

// generations builds the programs, the oldest first.
func generations(t *testing.T) []generation {
	t.Helper()
	newest := newestOf(t, strings.Join(files(t, "../../"+migrationsDir), "\n"))
	if newest <= baselineSchema {
		t.Fatalf("the newest migration is %d: there is none after the baseline", newest)
	}
	oldest := max(baselineSchema, newest-generationsBack)
	if os.Getenv("ENISHI_TEST_GENERATIONS") == "all" {
		oldest = baselineSchema
	}
	var list []generation
	for schema := oldest; schema < newest; schema++ {
		list = append(list, past(t, schema))
	}
	return append(list, generation{schema: newest, path: fleet.Build(t, t.TempDir()), knowsNeeds: true})
}

func files(t *testing.T, dir string) (list []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

// newestOf gives the newest of the migrations whose files are listed.
func newestOf(t *testing.T, list string) (newest int64) {
	t.Helper()
	for name := range strings.Lines(list) {
		number, _, _ := strings.Cut(filepath.Base(name), "_")
		version, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			t.Fatalf("%s is no migration: %v", name, err)
		}
		newest = max(newest, version)
	}
	return newest
}

// past gives the last program before the migration that followed a schema. It
// is built once for each commit and compiler, and kept.
func past(t *testing.T, schema int64) generation {
	t.Helper()
	commit := strings.TrimSpace(git(t, "rev-parse", before(t, schema+1)))
	if found := newestOf(t, migrationsAt(t, commit)); found != schema {
		t.Fatalf("before migration %d was there, in %s, the newest was %d", schema+1, commit, found)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	cache = filepath.Join(cache, "enishi", "generations")
	g := generation{
		schema: schema, path: filepath.Join(cache, commit+"-"+runtime.Version()),
		knowsNeeds: strings.Contains(git(t, "show", commit+":"+schemaFile), needsRow),
	}
	if _, err := os.Stat(g.path); err == nil {
		return g
	}
	if err := os.MkdirAll(cache, 0o700); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	tree := exec.Command("tar", "-x", "-C", dir)
	tree.Stdin = strings.NewReader(git(t, "archive", "--format=tar", commit+":"))
	if out, err := tree.CombinedOutput(); err != nil {
		t.Fatalf("tar: %v\n%s", err, out)
	}
	made := fmt.Sprintf("%s.%d", g.path, os.Getpid()) // whoever finds the path finds a whole program
	cmd := exec.Command("go", "build", "-buildvcs=false", "-o", made, "./cmd/enishi")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build of %s: %v\n%s", commit, err, out)
	}
	if err := os.Rename(made, g.path); err != nil {
		t.Fatal(err)
	}
	return g
}

// before gives the newest commit of the main line that did not have a migration.
func before(t *testing.T, version int64) string {
	t.Helper()
	if git(t, "rev-parse", "--is-shallow-repository") != "false\n" {
		t.Skip("this clone has no history, of which the programs before each migration are built: git fetch --unshallow")
	}
	pattern := fmt.Sprintf("%s/%04d_", migrationsDir, version)
	commits := []string{"HEAD"} // it is not committed yet, or since one of these
	for added := range strings.Lines(git(t, "log", "--first-parent", "-m", "--no-renames", "--diff-filter=A", "--format=%H", "--", ":(top,glob)"+pattern+"*.sql")) {
		commits = append(commits, strings.TrimSpace(added)+"^")
	}
	for _, commit := range commits {
		list := migrationsAt(t, commit)
		for twice(list) { // two lines of work had met there, and not settled yet whose number is whose
			commit += "^"
			list = migrationsAt(t, commit)
		}
		if !strings.Contains(list, pattern) {
			return commit
		}
	}
	t.Fatalf("no commit before migration %d is in the history: git fetch --unshallow", version)
	return ""
}

// migrationsAt gives the paths of a commit's migrations, one a line.
func migrationsAt(t *testing.T, commit string) string {
	t.Helper()
	return git(t, "ls-tree", "--full-tree", "--name-only", commit, migrationsDir+"/")
}

// twice says whether two migrations have one number, with which no program starts.
func twice(list string) bool {
	seen := map[string]bool{}
	for name := range strings.Lines(list) {
		number, _, _ := strings.Cut(filepath.Base(name), "_")
		if seen[number] {
			return true
		}
		seen[number] = true
	}
	return false
}

func git(t *testing.T, args ...string) string {
	t.Helper()
	var wrong bytes.Buffer
	cmd := exec.Command("git", append([]string{"-C", "../.."}, args...)...)
	cmd.Stderr = &wrong
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("git %s: %v\n%sThis test needs a clone of the repository with its history.", strings.Join(args, " "), err, wrong.String())
	}
	return string(out)
}

// replacement is an installation whose programs are replaced.
type replacement struct {
	t      *testing.T
	server string
	env    []string
	crowd  crowd
}

// migrate brings the database up to a program's schema.
func (r *replacement) migrate(g generation) {
	r.t.Helper()
	if out, err := r.command(r.t.Context(), g, "migrate").CombinedOutput(); err != nil {
		r.t.Fatalf("migrate to %d: %v\n%s", g.schema, err, out)
	}
}

func (r *replacement) command(ctx context.Context, g generation, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, g.path, args...)
	cmd.Env = append(os.Environ(), r.env...)
	return cmd
}

func (r *replacement) start(g generation, roles string) *told {
	r.t.Helper()
	return tell(r.t, g.path, r.env, "--roles", roles)
}

// end kills a process and expects it to have met with nothing wrong, but for
// what it is excused.
func (r *replacement) end(s *told, g generation, excused ...string) {
	r.t.Helper()
	excused = append(excused, otherProgram)
	if err := s.cmd.Process.Kill(); err != nil {
		r.t.Error(err)
	}
	<-s.over // with "killed"; its log is whole
	for line := range strings.Lines(s.log.String()) {
		if strings.Contains(line, `"level":"ERROR"`) && !slices.ContainsFunc(excused, func(s string) bool { return strings.Contains(line, s) }) {
			r.t.Errorf("the program of schema %d says: %s", g.schema, line)
		}
	}
}

// enough is how many requests show that programs serve.
const enough = 60

// otherProgram is what a program says of the snapshot that one of another version left,
// which older programs call an error: it reads the rows instead.
const otherProgram = "with other fields, codes or rules of lowering"

// tableChanged is what MySQL says to a transaction that began to read before a
// migration. Programs that know of needs run it again.
const tableChanged = "the server's error 1412"

// replace lets the next program migrate under the one before.
func (r *replacement) replace(previous, next generation) {
	r.t.Helper()
	one, two := r.start(previous, "web,worker"), r.start(previous, "web,job")
	if r.crowd.company == "" {
		r.crowd.open(r.t, one.url)
	}
	failed := r.crowd.use(func(answers func(int)) {
		answers(enough)
		r.migrate(next)
		answers(enough)
	}, one.url, two.url)
	var excused []string
	if !previous.knowsNeeds {
		excused = append(excused, tableChanged)
	}
	for _, f := range failed {
		if previous.knowsNeeds || !strings.Contains(f, "500 Internal Server Error") { // its log says of which
			r.t.Errorf("while schema %d became %d: %s", previous.schema, next.schema, f)
		}
	}
	r.end(one, previous, excused...)
	third, urls := r.start(next, "web,worker"), []string{two.url}
	if previous.knowsNeeds {
		again := r.start(previous, "web,worker")
		defer r.end(again, previous)
		urls = append(urls, again.url)
	} else {
		r.refused(previous)
	}
	urls = append(urls, third.url)
	for _, f := range r.crowd.use(func(answers func(int)) { answers(2 * enough) }, urls...) {
		r.t.Errorf("beside each other on schema %d: %s", next.schema, f)
	}
	for _, url := range urls { // each follows what the others wrote
		(&writers{t: r.t, url: url}).drain()
	}
	r.end(two, previous, excused...)
	r.end(third, next)
	r.t.Logf("%s, from schema %d to %d: %d requests answered so far, %d failed for want of a second try",
		r.server, previous.schema, next.schema, r.crowd.answered, len(failed))
}

// refused expects a program that knows of no needs to run on, but not to start
// on a newer schema.
func (r *replacement) refused(g generation) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), time.Minute)
	defer cancel()
	out, err := r.command(ctx, g, "serve", "--demo", "--addr", "127.0.0.1:0").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "a newer program has written it") {
		r.t.Errorf("the program of schema %d started on a newer one: %v\n%s", g.schema, err, out)
	}
}

// crowd is people who use an installation at once.
type crowd struct {
	mu       sync.Mutex
	company  string // token
	made     int
	answered int
	failed   []string
	more     *sync.Cond // one was answered, or failed
}

// open registers a company whose rules reach everyone.
func (c *crowd) open(t *testing.T, url string) {
	t.Helper()
	w := &writers{t: t, url: url}
	w.open()
	c.company, c.more = w.company, sync.NewCond(&c.mu)
}

// use lets people use some processes while something is done, which can wait
// for a number of answers, and gives what failed.
func (c *crowd) use(do func(answers func(int)), urls ...string) []string {
	over := make(chan struct{})
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			client := &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{}}
			defer client.CloseIdleConnections()
			for n := i; ; n++ {
				select {
				case <-over:
					return
				default:
					c.live(client, urls[n%len(urls)], urls[(n+1)%len(urls)])
				}
			}
		})
	}
	do(c.wait)
	close(over)
	all.Wait()
	failed := c.failed
	c.failed = nil
	return failed
}

// wait waits for answers, unless all fails.
func (c *crowd) wait(answers int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for until := c.answered + answers; c.answered < until && len(c.failed) < mostFailures; {
		c.more.Wait()
	}
}

// mostFailures is how many are kept.
const mostFailures = 20

// live signs up at one process, and goes on at another: accepts an offer, edits
// wishes; a company searches and looks at its offers.
func (c *crowd) live(client *http.Client, url, other string) {
	c.mu.Lock()
	c.made++
	email := fmt.Sprintf("m%d@example.jp", c.made)
	c.mu.Unlock()
	var who acknowledged
	if _, ok := c.ask(client, "POST", url+"/api/v1/candidates", "", fmt.Sprintf(newcomer, email), nil, &who); !ok {
		return
	}
	if len(who.Offers) == 0 {
		c.note("nobody made an offer to " + who.ID)
		return
	}
	c.ask(client, "POST", other+"/api/v1/me/offers/"+who.Offers[0].ID+"/accept", who.Token, "", nil, nil)
	if header, ok := c.ask(client, "GET", other+"/api/v1/me/wishes", who.Token, "", nil, nil); ok {
		c.ask(client, "PUT", url+"/api/v1/me/wishes", who.Token, `{"all":[{"field":"pay_min","min":450}]}`, http.Header{"If-Match": {header.Get("Etag")}}, nil)
	}
	c.ask(client, "POST", url+"/api/v1/candidates/search", c.company, `{"condition":{"field":"occupation","in":["03"],"min":3},"limit":10}`, nil, nil)
	c.ask(client, "GET", other+"/api/v1/offers", c.company, "", nil, nil)
}

// ask sends a request that must be answered with success.
func (c *crowd) ask(client *http.Client, method, url, token, body string, header http.Header, into any) (http.Header, bool) {
	req, err := http.NewRequestWithContext(context.Background(), method, url, strings.NewReader(body))
	if err != nil {
		c.note(err.Error())
		return nil, false
	}
	for name, values := range header {
		req.Header[name] = values
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+token)
	if token == "" {
		req.Header.Del("Authorization")
	}
	answer, err := client.Do(req)
	if err != nil {
		c.note(err.Error())
		return nil, false
	}
	text, err := io.ReadAll(answer.Body)
	_ = answer.Body.Close() // it was read
	if err == nil && into != nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		text = []byte(err.Error())
	}
	if err != nil || answer.StatusCode > 299 {
		c.note(fmt.Sprintf("%s %s: %s: %.300s", method, url, answer.Status, strings.TrimSpace(string(text))))
		return nil, false
	}
	c.note("")
	return answer.Header, true
}

// note counts an answer, or notes a failure.
func (c *crowd) note(failure string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if failure == "" {
		c.answered++
	} else if len(c.failed) < mostFailures {
		c.failed = append(c.failed, failure)
	}
	c.more.Broadcast()
}
