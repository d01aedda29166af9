package alarm

import (
	"fmt"
	"strings"
	"time"
)

// Objectives gives what users are promised.
func Objectives() []*Objective {
	return []*Objective{availability(), latency(), signUp(), matching()}
}

// Names of the objectives.
const (
	Availability = "availability"
	Latency      = "latency"
	SignUp       = "signup"
	Matching     = "matching"
)

// availability is measured at the load balancer, which answers when nobody
// else does.
func availability() *Objective {
	const responses = `haproxy_frontend_http_responses_total{job="haproxy",proxy="enishi"`
	return &Objective{
		Name: Availability, Promise: "99.9 % of requests are not answered with an error of ours",
		Bad: Words{"失敗したリクエストの割合", "Requests that failed"}, Target: 0.999, Least: 10,
		bad: `sum(rate(` + responses + `,code="5xx"}[BASE]))`,
		all: `sum(rate(` + responses + `}[BASE]))`,
		cloud: cloudRatio{
			metrics: []cloudMetric{
				balancer("web5xx", "HTTPCode_Target_5XX_Count", sum), balancer("own5xx", "HTTPCode_ELB_5XX_Count", sum), balancer("sent", "RequestCount", sum),
			},
			bad: added("web5xx", "own5xx"), all: added("sent", "own5xx"),
		},
	}
}

func latency() *Objective {
	const took = `http_request_duration_seconds_`
	return &Objective{
		Name: Latency, Promise: "99 % of requests are answered within 300 ms",
		Bad: Words{"300ミリ秒を超えたリクエストの割合", "Requests that took longer than 300 ms"}, Target: 0.99, Least: 10,
		bad: `sum(rate(` + took + `count{job="web"}[BASE])) - sum(rate(` + took + `bucket{job="web",le="0.3"}[BASE]))`,
		all: `sum(rate(` + took + `count{job="web"}[BASE]))`,
		cloud: cloudRatio{
			metrics: []cloudMetric{own("slow", "http_request_duration_seconds", "TC(0.3:)"), own("sent", "http_request_duration_seconds", samples)},
			bad:     "FILL(slow, 0)", all: "FILL(sent, 0)",
		},
	}
}

func signUp() *Objective {
	const took = `enishi_signup_offers_seconds_`
	return &Objective{
		Name: SignUp, Promise: "99 % of those who sign up have their offers in the answer within 2 s",
		Bad: Words{"2秒以内にオファーが出なかった登録の割合", "Sign-ups without their offers within 2 s"}, Target: 0.99, Least: 5,
		bad: `sum(rate(` + took + `count{job="web"}[BASE])) - sum(rate(` + took + `bucket{job="web",outcome="answered",le="2"}[BASE]))`,
		all: `sum(rate(` + took + `count{job="web"}[BASE]))`,
		cloud: cloudRatio{
			metrics: []cloudMetric{
				own("slow", "enishi_signup_offers_seconds", "TC(2:)").with("outcome", "answered"),
				own("answered", "enishi_signup_offers_seconds", samples).with("outcome", "answered"),
				own("later", "enishi_signup_offers_seconds", samples).with("outcome", "later"),
			},
			bad: added("slow", "later"), all: added("answered", "later"),
		},
	}
}

// matching counts moments, not requests: every process knows how old the
// oldest row is that nobody has matched, whoever leads.
func matching() *Objective {
	return &Objective{
		Name: Matching, Promise: "99 % of the time, what was changed is matched within 10 s",
		Bad: Words{"マッチングが10秒より遅れていた時間の割合", "Time in which matching was more than 10 s late"}, Target: 0.99,
		bad:   `max(enishi_matcher_queue_age_seconds) > bool 10`,
		all:   `max(enishi_matcher_queue_age_seconds) >= bool 0`,
		cloud: cloudRatio{metrics: []cloudMetric{own("late", "enishi_matcher_queue_age_seconds", "PR(10:)")}, bad: "FILL(late, 0) / 100"},
	}
}

// Resources gives what can be full.
func Resources() []*Resource {
	const logs = `mountpoint=~"(/.*)?/logs?(/.*)?"`
	const notLogs = `mountpoint!~"(/.*)?/logs?(/.*)?|/etc/.*"` // a container has files of its host's there
	filesystem := func(which string) string {
		return `max by (part) (label_replace(1 - node_filesystem_avail_bytes{job="node",` + which + `} / node_filesystem_size_bytes{job="node",` + which + `}, "part", "$1", "mountpoint", "(.*)"))`
	}
	return []*Resource{
		{
			Name: "storage",
			used: filesystem(notLogs) + ` or max by (part) (label_replace(1 - enishi_disk_free_bytes / enishi_disk_bytes, "part", "$1", "folder", "(.*)"))`,
			cloud: cloudShare{
				metrics: []cloudMetric{database("left", "AuroraVolumeBytesLeftTotal", minimum), database("used", "VolumeBytesUsed", maximum)}, used: "100 * used / (used + left)",
			},
		},
		{
			Name: "connections",
			used: `label_replace(max(enishi_database_connections / enishi_database_connections_max), "part", "database", "", "")`,
			cloud: cloudShare{
				metrics: []cloudMetric{own("open", "enishi_database_connections", maximum), own("most", "enishi_database_connections_max", minimum)}, used: "100 * open / most",
			},
		},
		{
			Name: "memory",
			used: `max by (part) (label_replace(process_resident_memory_bytes{job=~"web|worker|job"} / on (job, instance) enishi_memory_limit_bytes, "part", "$1", "job", "(.*)"))`,
			cloud: cloudShare{
				metrics: []cloudMetric{service("web", "MemoryUtilization", "WebService"), service("worker", "MemoryUtilization", "WorkerService")}, used: "MAX([web, worker])",
			},
		},
		{
			Name:     "logs",
			used:     filesystem(logs),
			notOnAWS: "tasks have no disk of logs, and tell none: lines go to CloudWatch Logs and to a bucket, which grow by themselves",
		},
	}
}

// Alarms gives all alarms.
func Alarms() []Alarm {
	list := []Alarm{unreachable(), mailStuck()}
	for _, of := range []struct {
		objective *Objective
		prefix    string
	}{{availability(), "Availability"}, {latency(), "Latency"}, {signUp(), "SignUp"}, {matching(), "Matching"}} {
		list = append(list,
			named(of.prefix+"Fast", Page, burn{of.objective, quickest, time.Hour, 5 * time.Minute}),
			named(of.prefix+"Slow", Page, burn{of.objective, 6, 6 * time.Hour, 30 * time.Minute}),
			named(of.prefix+"Budget", Ticket, burn{of.objective, 1, 3 * day, 6 * time.Hour}))
	}
	for _, r := range Resources() {
		list = append(list, filling(r))
	}
	return append(list, processMissing(), redisAway(), jobsLate())
}

// named gives an alarm with what is said of one of this name.
func named(name string, s Severity, when condition) Alarm {
	said := texts()[name]
	return Alarm{Name: name, Severity: s, Symptom: said.symptom, First: said.first, when: when}
}

func filling(r *Resource) Alarm {
	a := named(map[string]string{"storage": "StorageForecast", "connections": "ConnectionsForecast", "memory": "MemoryForecast", "logs": "LogsForecast"}[r.Name], Ticket, forecast{r})
	a.NotOnAWS = r.notOnAWS
	return a
}

func unreachable() Alarm {
	return named("Unreachable", Page, state{
		expr: `(max(haproxy_backend_active_servers{job="haproxy",proxy="web"}) or vector(0)) == 0`, wait: 2 * time.Minute,
		alarm: cloudState{metrics: inService(), expr: added("blue", "green"), below: 1, missing: "breaching", figure: Words{"稼働中のWebプロセスの数", "Web processes in service"}},
	})
}

// mailStuck compares what was tried: a single address that takes nothing, for a
// day, is no trouble of ours.
func mailStuck() Alarm {
	const tried = `sum(increase(enishi_mails_total{outcome="`
	return named("MailStuck", Page, state{
		expr: tried + `failed"}[WINDOW])) >= 3 and ` + tried + `sent"}[WINDOW])) == 0`, window: 15 * time.Minute,
		alarm: cloudState{
			metrics: []cloudMetric{own("failed", "enishi_mails_total", sum).with("outcome", "failed"), own("sent", "enishi_mails_total", sum).with("outcome", "sent")},
			expr:    "IF(FILL(failed, 0) >= 3, FILL(sent, 0), 1)", below: 1, missing: "notBreaching", figure: Words{"15分間に送れたメールの数", "Mails sent in 15 min"},
		},
	})
}

// Wanted is how many processes of a service must answer.
type Wanted struct {
	Service string // its job in Prometheus
	Least   int
}

// Wanteds gives what an installation on one host is made of, as internal/stack
// starts it. It stands here since who looks for processes finds no trace of one
// that has ended. Of more than that, one that does not answer is missed too, as
// long as it is found.
func Wanteds() []Wanted {
	return []Wanted{
		{"web", 2},     // so that one may go
		{"worker", 2},  // one leads, one waits
		{"job", 1},     // what it did not do, it does later
		{"haproxy", 1}, // without it nobody gets in: Unreachable pages
		{"node", 1},    // without it no forecast of disks is made
	}
}

// processMissing has one series for each service, with its name as part. What
// HAProxy says of its servers is no part of it: it has more places than processes.
func processMissing() Alarm {
	var missing []string
	for _, w := range Wanteds() {
		missing = append(missing, fmt.Sprintf(`label_replace((count(up{job=%[1]q} == 1) or vector(0)) < %[2]d, "part", %[1]q, "", "")`, w.Service, w.Least))
	}
	missing = append(missing, `min by (part) (label_replace(up{job!="prometheus"}, "part", "$1", "job", "(.*)")) == 0`)
	return named("ProcessMissing", Ticket, state{
		expr: strings.Join(missing, " or "), wait: 15 * time.Minute,
		alarm: cloudState{
			metrics: []cloudMetric{
				insight("webWanted", "DesiredTaskCount", "WebService"), insight("webRuns", "RunningTaskCount", "WebService"),
				insight("workerWanted", "DesiredTaskCount", "WorkerService"), insight("workerRuns", "RunningTaskCount", "WorkerService"),
			},
			// A service of which there are no figures is missing, and not as many as are wanted.
			expr: "IF(webWanted > 0 AND workerWanted > 0, MIN([webRuns - webWanted, workerRuns - workerWanted]), -1)", below: 0, missing: "breaching", figure: Words{"必要な数と比べた稼働中のプロセスの数", "Processes that run, compared with those wanted"},
		},
	})
}

func redisAway() Alarm {
	return named("RedisAway", Ticket, state{
		expr: `min(enishi_redis_up) == 0`, wait: 10 * time.Minute,
		alarm: cloudState{metrics: []cloudMetric{own("up", "enishi_redis_up", minimum)}, expr: "up", below: 1, missing: "notBreaching", figure: Words{"Redisの応答（1はあり、0はなし）", "Answers of Redis (1 yes, 0 no)"}},
	})
}

// jobsLate waits for an hour: one that is due begins within seconds, or where each run is a task of its own, within minutes.
func jobsLate() Alarm {
	return named("JobsLate", Ticket, state{
		expr: `max(enishi_jobs_late_seconds) > 0`, wait: time.Hour,
		alarm: cloudState{
			metrics: []cloudMetric{own("late", "enishi_jobs_late_seconds", maximum)}, expr: "IF(late > 0, 0, 1)", below: 1, missing: "notBreaching",
			figure: Words{"すべての定期ジョブが予定どおりか（1ははい、0はいいえ）", "All scheduled jobs are on time (1 yes, 0 no)"},
		},
	})
}
