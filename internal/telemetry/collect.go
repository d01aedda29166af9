package telemetry

import (
	"context"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"enishi/internal/market"
	"enishi/internal/store"
)

// measure is one metric whose values are asked for when somebody looks.
type measure struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
}

func gauge(name, help string, labels ...string) measure {
	return measure{prometheus.NewDesc(name, help, labels, nil), prometheus.GaugeValue}
}

func counter(name, help string, labels ...string) measure {
	return measure{prometheus.NewDesc(name, help, labels, nil), prometheus.CounterValue}
}

func (m measure) send(to chan<- prometheus.Metric, value float64, labels ...string) {
	to <- prometheus.MustNewConstMetric(m.desc, m.kind, value, labels...)
}

// describe gives the descriptions of measures.
func describe(to chan<- *prometheus.Desc, all ...measure) {
	for _, m := range all {
		to <- m.desc
	}
}

// askTime bounds how long somebody who looks waits for the database.
const askTime = 2 * time.Second

// marketCollector asks a market and its database.
type marketCollector struct {
	market *market.Market

	up, leads                                        measure
	unapplied, unappliedAge, unmatched, unmatchedAge measure
	populationEntries, populationBytes               measure
	recentReads                                      measure
	mails, mailAge                                   measure
	jobsLate                                         measure

	began time.Time // by the installation's clock
}

// NewMarketCollector gives the metrics of a market's log and populations. While
// the database does not answer, those of the log are missing.
func NewMarketCollector(m *market.Market) prometheus.Collector {
	return &marketCollector{
		market:            m,
		began:             m.Now(),
		up:                gauge("enishi_database_up", "1 if the database answers."),
		leads:             gauge("enishi_matcher_leads", "1 if this process walks the log."),
		unapplied:         gauge("enishi_follower_lag_rows", "Rows of the log that searches of this process do not know yet."),
		unappliedAge:      gauge("enishi_follower_lag_seconds", "Age of the oldest row of the log that searches of this process do not know yet."),
		unmatched:         gauge("enishi_matcher_queue_rows", "Rows of the log that the matcher has not handled yet."),
		unmatchedAge:      gauge("enishi_matcher_queue_age_seconds", "Age of the oldest row of the log that the matcher has not handled yet."),
		populationEntries: gauge("enishi_population_entries", "Entries of a population in memory.", "population"),
		populationBytes:   gauge("enishi_population_bytes", "Memory that a population takes.", "population"),
		mails:             gauge("enishi_mail_queue_rows", "Mails that are to be sent, or tried again."),
		mailAge:           gauge("enishi_mail_queue_age_seconds", "How long the oldest mail has waited that is to be sent, or tried again; 0 if none does."),
		jobsLate:          gauge("enishi_jobs_late_seconds", "For how long the scheduled job has been late that is late most: it was due and has not begun, or fails run after run; 0 if all are on time."),
		recentReads: counter("enishi_replica_reads_total",
			"Reads that the replica may answer, by outcome: replica, or of those that the writer answered not_yet (it lacked the session's own write), behind or away.", "outcome"),
	}
}

// Describe gives the descriptions.
func (c *marketCollector) Describe(to chan<- *prometheus.Desc) {
	describe(to, c.up, c.leads, c.unapplied, c.unappliedAge, c.unmatched, c.unmatchedAge, c.populationEntries, c.populationBytes, c.recentReads, c.mails, c.mailAge, c.jobsLate)
}

// Collect gives the values.
func (c *marketCollector) Collect(to chan<- prometheus.Metric) {
	candidates, rules := c.market.Sizes()
	c.populationEntries.send(to, float64(candidates.Entries), "candidates")
	c.populationEntries.send(to, float64(rules.Entries), "rules")
	c.populationBytes.send(to, float64(candidates.Bytes), "candidates")
	c.populationBytes.send(to, float64(rules.Bytes), "rules")
	reads := c.market.ReplicaReads()
	c.recentReads.send(to, float64(reads.Replica), "replica")
	c.recentReads.send(to, float64(reads.NotYet), "not_yet")
	c.recentReads.send(to, float64(reads.Behind), "behind")
	c.recentReads.send(to, float64(reads.Away), "away")
	c.leads.send(to, oneIf(c.market.Leads()))
	ctx, cancel := context.WithTimeout(context.Background(), askTime)
	defer cancel()
	lag, err := c.market.Lag(ctx)
	c.up.send(to, oneIf(err == nil))
	if err != nil {
		return
	}
	c.unapplied.send(to, float64(lag.Unapplied))
	c.unappliedAge.send(to, lag.AppliedAge.Seconds())
	c.unmatched.send(to, float64(lag.Unmatched))
	c.unmatchedAge.send(to, lag.MatchedAge.Seconds())
	if waiting, age, err := c.market.MailQueue(ctx); err == nil {
		c.mails.send(to, float64(waiting))
		c.mailAge.send(to, age.Seconds())
	}
	if late, err := c.market.JobsLate(ctx, c.began); err == nil {
		c.jobsLate.send(to, late.Seconds())
	}
}

func oneIf(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

// storeCollector asks a store.
type storeCollector struct {
	stats func() store.Stats

	connections, most, waiting, waits, waited                              measure
	transactions, lasted, committed, retries, givenUp, deadlocks, timeouts measure
}

// NewStoreCollector gives the metrics of a store's connections and
// transactions, by pool: writers, readers and, if there is one, replica.
func NewStoreCollector(stats func() store.Stats) prometheus.Collector {
	return &storeCollector{
		stats:        stats,
		connections:  gauge("enishi_store_connections", "Connections to the database, by pool and state: in_use or idle.", "pool", "state"),
		most:         gauge("enishi_store_connections_max", "Connections that a pool may have.", "pool"),
		waiting:      gauge("enishi_store_waiting", "Transactions that wait for a connection.", "pool"),
		waits:        counter("enishi_store_waits_total", "Transactions that had to wait for a connection.", "pool"),
		waited:       counter("enishi_store_wait_seconds_total", "Time that transactions waited for a connection.", "pool"),
		transactions: counter("enishi_store_transactions_total", "Transactions begun, each time that one was run.", "pool"),
		lasted:       counter("enishi_store_transaction_seconds_total", "Time that transactions took.", "pool"),
		committed:    counter("enishi_store_commits_total", "Transactions committed.", "pool"),
		retries:      counter("enishi_store_retries_total", "Transactions that were run once more since the database asked for it.", "pool"),
		givenUp:      counter("enishi_store_retries_exhausted_total", "Transactions that failed after they had been run as often as is allowed.", "pool"),
		deadlocks:    counter("enishi_store_deadlocks_total", "Transactions that the database ended since they waited for each other.", "pool"),
		timeouts:     counter("enishi_store_lock_timeouts_total", "Transactions that the database ended since a lock did not come.", "pool"),
	}
}

// Describe gives the descriptions.
func (c *storeCollector) Describe(to chan<- *prometheus.Desc) {
	describe(to, c.connections, c.most, c.waiting, c.waits, c.waited, c.transactions, c.lasted, c.committed, c.retries, c.givenUp, c.deadlocks, c.timeouts)
}

// Collect gives the values.
func (c *storeCollector) Collect(to chan<- prometheus.Metric) {
	all := c.stats()
	c.pool(to, "writers", all.Writers)
	c.pool(to, "readers", all.Readers)
	if all.Replica != nil {
		c.pool(to, "replica", *all.Replica)
	}
}

func (c *storeCollector) pool(to chan<- prometheus.Metric, pool string, s store.PoolStats) {
	c.connections.send(to, float64(s.InUse), pool, "in_use")
	c.connections.send(to, float64(s.Idle), pool, "idle")
	c.most.send(to, float64(s.Most), pool)
	c.waiting.send(to, float64(s.Waiting), pool)
	c.waits.send(to, float64(s.Waits), pool)
	c.waited.send(to, s.Waited.Seconds(), pool)
	c.transactions.send(to, float64(s.Transactions), pool)
	c.lasted.send(to, s.Lasted.Seconds(), pool)
	c.committed.send(to, float64(s.Committed), pool)
	c.retries.send(to, float64(s.Retries), pool)
	c.givenUp.send(to, float64(s.GivenUp), pool)
	c.deadlocks.send(to, float64(s.Deadlocks), pool)
	c.timeouts.send(to, float64(s.LockTimeouts), pool)
}

// NewBuildInfo gives a metric that is always 1 and says by its labels what
// runs.
func NewBuildInfo(version, roles string) prometheus.Collector {
	g := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "enishi_build_info", Help: "1; the labels say which program runs, and what it does.",
		ConstLabels: prometheus.Labels{"version": version, "go_version": runtime.Version(), "roles": roles},
	})
	g.Set(1)
	return g
}
