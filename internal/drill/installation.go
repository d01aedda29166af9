package drill

import (
	"context"
	"database/sql"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"enishi/internal/alarm"
	"enishi/internal/fleet"
	"enishi/internal/smtp/smtptest"
	"enishi/internal/store/mysql/mysqltest"
)

// installation is what is drilled: a fleet, its host, and people who use it.
type installation struct {
	*fleet.Fleet

	t        *testing.T
	host     *host
	load     *load
	post     *smtptest.Server // takes the installation's mails
	address  string           // of it
	confined *confined
	crowd    []*sql.Conn // connections that the drill holds
	found    *discovery
	db       *sql.DB
}

// newInstallation starts everything that is drilled.
func newInstallation(t *testing.T) *installation {
	t.Helper()
	in := &installation{t: t, host: newHost(t), post: smtptest.Start(t, "", smtptest.Options{})}
	in.address = in.post.Addr
	in.Fleet = fleet.New(t, fleet.Options{
		Webs: 2, Workers: 2, Jobs: 1, Server: "MariaDB",
		Env: []string{"ENISHI_MAIL_URL=smtp://" + in.address + "?tls=off", "ENISHI_MAIL_FROM=enishi@example.jp"},
	})
	for _, disk := range []string{logsDisk, dataDisk} {
		in.host.fill(disk, usual)
	}
	in.load = newLoad(t, in.URL)
	on := map[string][]string{"haproxy": {in.Balancer.Metrics}, "node": {in.host.addr}}
	for _, p := range in.All() {
		on[p.Roles] = append(on[p.Roles], p.Addr)
	}
	in.found = newDiscovery(t, on)
	return in
}

// vanish kills a process of each role, and takes them, the load balancer and the
// node exporter out of what is found, as names do that lead to what has ended.
func (in *installation) vanish() {
	for _, p := range in.last() {
		p.Kill()
	}
	for job := range in.found.on {
		in.found.lose(job)
	}
}

// appear takes back what vanish did.
func (in *installation) appear() {
	for _, p := range in.last() {
		p.Start()
		p.Ready()
	}
	for job := range in.found.on {
		in.found.find(job)
	}
}

// idle kills those that run jobs, and waits until one is due, which takes minutes at any pace.
func (in *installation) idle() {
	in.t.Helper()
	for _, p := range in.Jobs {
		p.Kill()
	}
	const most = 6 * time.Minute // the statistics are due every five
	for since := time.Now(); in.Webs[0].Metric("enishi_jobs_late_seconds") == "0"; fleet.Wait(in.t, time.Second) {
		if time.Since(since) > most {
			in.t.Fatal("no job is due")
		}
	}
}

// resume takes back what idle did.
func (in *installation) resume() {
	for _, p := range in.Jobs {
		p.Start()
		p.Ready()
	}
}

// last gives the last process of each role, which is the last of its targets.
func (in *installation) last() (list []*fleet.Process) {
	for _, of := range [][]*fleet.Process{in.Webs, in.Workers, in.Jobs} {
		list = append(list, of[len(of)-1])
	}
	return list
}

func (in *installation) workers(do func(*fleet.Process)) {
	for _, p := range in.Workers {
		do(p)
	}
}

// Shares of what can be full: of a usual day, and of one on which it nearly is.
const (
	usual      = 0.1
	nearlyFull = 0.9
	// A process whose memory is as full as that would not live to see the alarm.
	muchMemory = 0.8
	// growth a day that fills either within a month, and not what is usual.
	growth = 0.02
)

// fill fills both disks, the memory of a web process, and what the database
// allows of connections.
func (in *installation) fill() {
	in.t.Helper()
	for _, disk := range []string{logsDisk, dataDisk} {
		in.host.fill(disk, nearlyFull)
	}
	web := in.Webs[0]
	used, err := strconv.ParseFloat(web.Metric("process_resident_memory_bytes"), 64)
	if err != nil {
		in.t.Fatalf("the memory of %s: %v", web.Name, err)
	}
	in.confined = newConfined(in.t)
	in.confined.limit(int64(used / muchMemory))
	in.confined.take(web.PID())
	in.connect()
}

// connect holds connections until nearly all that there may be are taken.
func (in *installation) connect() {
	in.t.Helper()
	u, err := url.Parse(in.Address)
	if err != nil {
		in.t.Fatal(err)
	}
	if in.db, err = mysqltest.Connect(u); err != nil {
		in.t.Fatal(err)
	}
	in.t.Cleanup(func() { _ = in.db.Close() })
	in.db.SetMaxIdleConns(0) // each ends when it is let go
	most, open := in.allowed(), in.taken()
	for range int(nearlyFull*float64(most)) - open {
		conn, err := in.db.Conn(context.Background())
		if err != nil {
			in.t.Fatalf("take the %dth connection: %v", len(in.crowd), err)
		}
		in.crowd = append(in.crowd, conn)
	}
}

func (in *installation) allowed() int { return in.figure("enishi_database_connections_max") }

func (in *installation) taken() int { return in.figure("enishi_database_connections") }

func (in *installation) figure(name string) int {
	in.t.Helper()
	n, err := strconv.Atoi(in.Webs[0].Metric(name))
	if err != nil {
		in.t.Fatalf("%s: %v", name, err)
	}
	return n
}

// empty takes back what fill did.
func (in *installation) empty() {
	in.t.Helper()
	for _, disk := range []string{logsDisk, dataDisk} {
		in.host.fill(disk, 0)
	}
	for _, conn := range in.crowd {
		_ = conn.Close() // the server may have ended it
	}
	in.crowd = nil
	const plenty = 4 << 30
	in.confined.limit(plenty)
}

// level is how full a part of a resource is.
type level struct {
	resource, part string
	share          float64
}

// levels waits until Prometheus knows how full everything is.
func (w *watch) levels() (list []level) {
	w.t.Helper()
	want := len(alarm.Resources())
	deadline := time.Now().Add(time.Minute + 8*w.pace.Every)
	for {
		list = nil
		seen := map[string]bool{}
		for _, s := range w.query(alarm.UsedRatio) {
			share, err := strconv.ParseFloat(s.value, 64)
			if err != nil {
				w.t.Fatal(err)
			}
			list = append(list, level{s.labels["resource"], s.labels["part"], share})
			seen[s.labels["resource"]] = true
		}
		if len(seen) == want {
			return list
		}
		if time.Now().After(deadline) {
			w.t.Fatalf("of %d resources is known how full they are, of %d is not: %v", len(seen), want-len(seen), list)
		}
		fleet.Wait(w.t, w.pace.Every)
	}
}

// growing gives another watch, with a history in which what is nearly full now
// has grown to that every day.
func (in *installation) growing(t *testing.T, p alarm.Pace, now *watch) *watch {
	t.Helper()
	fleet.Wait(t, usageLife+3*p.Every)
	past := healthy(p)
	grown := 0
	for _, l := range now.levels() {
		if l.share > muchMemory-usual && (l.resource != "storage" || strings.HasSuffix(l.part, dataDisk)) {
			past.use(l.resource, l.part, l.share, growth)
			grown++
			continue
		}
		past.use(l.resource, l.part, l.share, 0)
	}
	if want := len(alarm.Resources()); grown != want {
		t.Fatalf("%d parts are nearly full, want %d: %v", grown, want, now.levels())
	}
	return newWatch(t, p, in.found, past)
}

// usageLife is how long a process gives the same answer of what the database
// has in use.
const usageLife = 5 * time.Second
