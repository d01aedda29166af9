package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"enishi/internal/api"
	"enishi/internal/config"
	"enishi/internal/errs"
	"enishi/internal/files"
	"enishi/internal/guard"
	"enishi/internal/httpx"
	"enishi/internal/lifecycle"
	"enishi/internal/market"
	"enishi/internal/web"
	"enishi/internal/worker"
)

type serveCmd struct {
	settings
	Guarded time.Duration `hidden:"" help:"It was started by enishi guard, which beats this often."`
}

// Help shows how it is called.
func (c *serveCmd) Help() string {
	return `Serves until Ctrl-C or SIGTERM; a data folder that is not there is made.

Examples:
  enishi serve --demo --data data/demo
  ENISHI_MATCHING_MODE=auto enishi serve --addr 127.0.0.1:9000 --data /srv/enishi`
}

// stopGrace is how long each part may take to stop: a request's longest life.
const stopGrace = 20 * time.Second

// Run serves until the process is told to stop.
func (c *serveCmd) Run(ctx context.Context, w World) error {
	resolved, err := c.resolve(w)
	if err != nil {
		return err
	}
	log := logger(w, resolved)
	slog.SetDefault(log) // for libraries that log by themselves
	boundMemory(ctx, log)
	return reported(ctx, resolved, log, c.guarded(ctx, log, func(ctx context.Context) error { return c.start(ctx, w, resolved, log) }))
}

// guarded does what serves, and no longer than its guard is there, if it has one.
func (c *serveCmd) guarded(ctx context.Context, log *slog.Logger, serve func(context.Context) error) error {
	if c.Guarded == 0 {
		return serve(ctx)
	}
	ctx, stop, err := guard.Under(ctx, log, c.Guarded)
	if err != nil {
		return err
	}
	defer stop()
	err = serve(ctx)
	if cause := context.Cause(ctx); errors.Is(cause, guard.ErrGone) {
		err = errors.Join(cause, err)
	}
	return err
}

// reported is what ended the process; in a log of JSON it is a line of that too.
func reported(ctx context.Context, c *config.Config, log *slog.Logger, err error) error {
	if err == nil || c.LogFormat != config.LogJSON {
		return err
	}
	log.ErrorContext(ctx, "the process ends", "error", err)
	return saidError{err}
}

func (c *serveCmd) start(ctx context.Context, w World, resolved *config.Config, log *slog.Logger) error {
	for _, name := range config.Unknown(w.Environ) {
		log.Warn("no setting has this name", "variable", name)
	}
	if !resolved.RateLimits {
		log.Warn("rate limits are off: for benches only")
	}
	listener, err := listen(ctx, resolved.Addr)
	if err != nil {
		return err
	}
	over := func() {}
	if resolved.Shared() {
		over = lifecycle.GiveWay() // to those that serve
	}
	registry := prometheus.NewRegistry()
	gate := httpx.NewGate(promhttp.HandlerFor(registry, promhttp.HandlerOpts{}), httpx.HoldStarting) // which answers the probes from now on
	server := httpx.NewServer(log, httpx.Bounded(listener), httpx.OfDeployment(resolved.Deployment, gate))
	server.Begin()
	gate.Say("opening the database")
	var in *installation
	await := func(do func() error) error { return do() }
	if resolved.Shared() {
		await = func(do func() error) error { return awaited(ctx, log, gate, do) }
	}
	err = await(func() error {
		in, err = openInstallation(ctx, resolved, serving)
		return err
	})
	if err != nil {
		return stopped(ctx, log, errors.Join(err, server.Close()))
	}
	in.shared, err = openRedis(ctx, resolved, log, in.vault)
	if err = errors.Join(err, in.openMail(resolved)); err != nil {
		return stopped(ctx, log, in.close(errors.Join(err, server.Close())))
	}
	group, err := c.assemble(ctx, w, resolved, log, in, listener, server, registry, gate, over, await)
	if err != nil {
		return stopped(ctx, log, in.close(errors.Join(err, server.Close())))
	}
	return in.close(group.Run(ctx))
}

// stopped is why a start failed, or nothing if the process was told to stop
// meanwhile: that is no failure.
func stopped(ctx context.Context, log *slog.Logger, err error) error {
	if ctx.Err() == nil {
		return err
	}
	log.InfoContext(ctx, "stopped before it served", "why", err)
	return nil
}

// assemble loads what the process needs and gives its parts, the server's among
// them, which answers meanwhile how far it is.
func (c *serveCmd) assemble(ctx context.Context, w World, resolved *config.Config, log *slog.Logger, in *installation, listener net.Listener, server *httpx.Server, registry *prometheus.Registry, gate *httpx.Gate, over func(), await func(func() error) error) (*lifecycle.Group, error) {
	o := options(resolved, log, in.mailer(), w)
	o.Actors, o.Replica = in.shared.actors(), in.store.Replica()
	kept, err := openFiles(ctx, resolved.Files)
	var snapshots *files.Snapshots
	switch {
	case err == nil:
		snapshots = files.NewSnapshots(kept)
		o.Snapshots = snapshots
	case resolved.Shared(): // on a file system that is only read
		log.WarnContext(ctx, "there are no snapshots here: every row is loaded", "error", err)
	default:
		return nil, err
	}
	t, err := newTelemetry(ctx, log, resolved, in, registry)
	if err != nil {
		return nil, err
	}
	done := takeTurn(ctx, resolved, log, gate, over)
	defer done()
	var m *market.Market
	err = await(func() error {
		m, err = open(ctx, w, resolved, in, o, gate, t)
		return err
	})
	if err != nil {
		return nil, err
	}
	follower := worker.NewFollower(log, m)
	handler, err := handlerOf(log, m, resolved, in, t, worker.NewPulse(follower, in.writers, time.Now).Wedged)
	if err != nil {
		return nil, err
	}
	gate.Open(handler)
	done()
	group := lifecycle.NewGroup(stopGrace)
	t.join(group, log, resolved) // last to stop: what the others do is told
	group.Add("maintenance", worker.NewWatch(log, m))
	if in.shared.client != nil {
		group.Add("redis", in.shared.client)
	}
	group.Add("follower", follower)
	if resolved.Plays(config.Worker) {
		if resolved.Shared() {
			group.Add("leader", worker.NewLeader(log, m))
		}
		group.Add("matcher", worker.NewMatcher(log, m))
		group.Add("outbox", worker.NewOutbox(log, m))
	}
	if resolved.Plays(config.Job) {
		group.Add("jobs", worker.NewScheduler(log, m.Jobs(snapshotJob(log, m, snapshots)), worker.SchedulerEvery))
	}
	group.Add("http", server)
	if resolved.Shared() { // there may be a load balancer in front
		group.Add("drain", httpx.NewDrain(gate, drainTime))
	}
	group.Add("events", worker.NewHush(m)) // first to stop: nobody waits for them
	fmt.Fprint(w.Out, greeting(listener.Addr().String(), resolved, m))
	return group, nil
}

// handlerOf gives what answers: the API and the pages.
func handlerOf(log *slog.Logger, m *market.Market, c *config.Config, in *installation, t *telemetries, wedged func() string) (http.Handler, error) {
	pages, err := web.New(log, m, web.Options{Demo: c.Demo, Permit: c.Permit, Contact: c.Contact})
	if err != nil {
		return nil, err
	}
	v, _ := version()
	return api.New(log, m, api.Options{
		Probes: !c.Plays(config.Web), Demo: c.Demo, Permit: c.Permit, Environment: c.Environment, RateLimits: c.RateLimits, Proxies: c.Proxies, Version: v,
		Outbox: c.Demo || !c.Mail.Given(), Concurrency: c.Concurrency, Shared: in.shared.limits(),
		Wedged: wedged, Registry: t.registry, Tracer: t.traces.Tracer(), Pages: pages,
	})
}

// A start waits for the others of its machine, or of whoever shares its files,
// since each takes all cores that it can get. Whoever holds it up may be paused,
// and a machine that is never idle leaves nothing to one that gives way.
const (
	turnPatience = 15 * time.Second
	turnLow      = 3 * time.Second
)

// takeTurn waits until no other process that shares the files loads; done lets
// the next one load, and ends that this one gives way. It may be called again.
func takeTurn(ctx context.Context, c *config.Config, log *slog.Logger, gate *httpx.Gate, over func()) (done func()) {
	if !c.Shared() {
		return over
	}
	release := func() {}
	if c.Files.Folder != "" { // a bucket has no lock, and is shared with other machines anyway
		gate.Say("waiting for others that load")
		var got bool
		var err error
		release, got, err = lifecycle.Turn{Folder: c.Files.Folder, Patience: turnPatience}.Take(ctx)
		switch {
		case err != nil:
			log.WarnContext(ctx, "nobody is waited for before the populations are loaded", "error", err)
		case !got && ctx.Err() == nil:
			log.WarnContext(ctx, "the populations are loaded while another process loads its own", "waited", turnPatience)
		}
	}
	timer := time.AfterFunc(turnLow, over)
	return sync.OnceFunc(func() {
		timer.Stop()
		over()
		release()
	})
}

// openFiles opens the folder of files, or the bucket, which is asked nothing yet:
// one that is away is a matter of whoever wants something of it.
func openFiles(ctx context.Context, at config.Files) (files.Store, error) {
	if at.Bucket.Name == "" {
		return files.OpenFolder(at.Folder)
	}
	return files.OpenBucket(ctx, files.Place{Bucket: at.Bucket.Name, Prefix: at.Bucket.Prefix, Region: at.Bucket.Region, Endpoint: at.Bucket.Endpoint})
}

// drainTime is how long a load balancer that asks every two seconds, and believes
// the second no, takes to send elsewhere.
const drainTime = 5 * time.Second

// open opens the market, from the newest snapshot if there is one; the gate
// tells how far it has come.
func open(ctx context.Context, w World, c *config.Config, in *installation, o market.Options, gate *httpx.Gate, t *telemetries) (*market.Market, error) {
	shown := progress{world: w}
	defer shown.end()
	o.Observer = t.observer
	m, err := market.Open(ctx, in.store, in.vault, o, func(what string, done int) {
		gate.Say(fmt.Sprintf("loading: %d %s", done, what))
		if c.LogFormat != config.LogJSON { // every line is JSON there
			shown.step("loading "+what, done, 0)
		}
	})
	if err != nil {
		return nil, err
	}
	return m, t.serves(m)
}

// listen takes the address before anything slow, so that a taken port is said
// at once.
func listen(ctx context.Context, addr string) (net.Listener, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, errs.Wrap(errs.Conflict, "the address "+addr+" is in use by another program: stop it, or choose another with --addr", err)
	}
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", addr, err)
	}
	return l, nil
}

// greeting is what a person needs to begin.
func greeting(addr string, c *config.Config, m *market.Market) string {
	url := "http://" + addr
	text := fmt.Sprintf("\nEnishi serves on %s (API: %s/api/v1/docs). The log's day is %s. Stop with Ctrl-C.\n", url, url, m.Today())
	where := " --data " + c.Data
	if c.Shared() { // found by what is in the environment
		where = ""
	}
	if !c.Demo {
		mails := "Mails, with the codes that confirm addresses, are at " + url + "/dev/mail, for this machine alone.\n"
		if c.Mail.Given() {
			mails = "Mails leave by " + c.Mail.String() + ", from " + c.Mail.From.Address + ".\n"
		}
		return text + mails + fmt.Sprintf("Companies wait for an operator: enishi user add%s --role operator --email ADDRESS\n", where)
	}
	return text + fmt.Sprintf(`
Sign-ins of a loaded demo (password: %[2]s): candidate %[3]s, company %[4]s, operator %[5]s

Try:
  curl -s %[1]s/api/v1/status
  curl -s '%[1]s/api/v1/taxonomy/occupation?q=sofuto'
  curl -s %[1]s/api/v1/candidates -H 'Content-Type: application/json' -d '{"email":"taro@example.jp","profile":{"occupation":[{"code":"0312","min":5}],"skill":[{"code":"go","min":4}],"residence":"13","willing_prefecture":["13","14"],"education":3,"pay":480,"experience_years":7,"employers":2},"wishes":{"all":[]}}'
`, url, demoPassword, demoCandidate, demoMember, demoOperator)
}

// The sign-ins of a demo market.
const (
	demoPassword  = "enishi-demo"
	demoCandidate = "demo1@example.jp"
	demoMember    = "company1@example.jp"
	demoOperator  = "operator@example.jp"
)
