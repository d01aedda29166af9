// Package cost says what an environment costs in a month: from the table of environments,
// what was measured of the program, and list prices of AWS.
//
// It is an estimate for a budget, not a quotation: Rules says what it assumes, Uncounted
// what it leaves out. Everything here is safe for concurrent use.
package cost

import (
	"fmt"
	"math"
	"regexp"

	"enishi/infra/environment"
	"enishi/infra/program"
	"enishi/infra/scaling"
	"enishi/infra/template"
)

// Today is the size for which budgets are, in people. Demo is what dev and staging hold.
const (
	Today = 170_000
	Demo  = 20_000
)

// What is taken from measurements (docs/aws.md says where each was made), and what is
// assumed, as Rules has it.
const (
	hours = 730. // in a month

	peakToday   = 200.  // requests a second in the busiest minute, at today's size
	meanOfPeak  = 0.55  // of a day as the simulation has it
	answerBytes = 8600. // of a request of the default mix
	lineBytes   = 261.  // that it leaves in the log
	minuteBytes = 3000. // that a task leaves there of its metrics every minute
	packed      = 0.15  // of a line, compressed

	bytesToday  = 214e6 / 20_000 // of the database, a person, with companies, rules and 180 days of offers
	years       = 4              // as much as after 180 days
	hot         = 0.1            // of the database, that is to be in memory
	unitMemory  = 1.5e9          // bytes of an ACU's 2 GiB that hold pages
	unitCores   = 0.25           // cores of an ACU
	perCore     = 1000           // requests a second of a database's core
	ioEach      = 1              // of a request
	changes     = 0.05           // of the database, a day, in backups
	mailsEach   = 4              // of a person, a month
	mailBytes   = 10_000
	accessBytes = 400 // of a request, in the lines of CloudFront and the load balancer each
	jobCPU      = 0.5 // vCPU and GB of a job's task
	jobMemory   = 1.

	imageBytes = 14_318_986. / 20_000 // of the populations in a file, a person with their share of rules
	imageRows  = 10_000               // changes after which another is written, or a day
	imagesKept = 2
	deploys    = 1 // a day

	candidateBytes = 174.              // in memory
	ruleBytes      = 268.              // in memory
	rulesEach      = 20_000. / 170_000 // rules of a person
)

// Item is a line of a bill.
type Item struct {
	Name string
	USD  float64
}

// Total adds up.
func Total(items []Item) (usd float64) {
	for _, i := range items {
		usd += i.USD
	}
	return usd
}

// Counts are what the templates have of things that cost by their number.
type Counts struct{ Metrics, Composites, Dashboards, Endpoints, Keys, Secrets, FilterRules, Checks, Rehearsals, Own int }

// Count counts them.
func Count(set *template.Set) Counts {
	c := Counts{
		Composites: len(set.Of("AWS::CloudWatch::CompositeAlarm")), Dashboards: len(set.Of("AWS::CloudWatch::Dashboard")),
		Keys: len(set.Of("AWS::KMS::Key")), Secrets: len(set.Of("AWS::SecretsManager::Secret")) + 1, // and the database's own
		Checks: len(set.Of("AWS::Route53::HealthCheck")), Rehearsals: len(set.Of("AWS::Backup::RestoreTestingPlan")), // once a month each, of one copy
	}
	for _, secret := range set.Of("AWS::SecretsManager::Secret") {
		c.Secrets += len(secret.List("ReplicaRegions")) // which cost as much as the first
	}
	for _, filter := range set.Of("AWS::WAFv2::WebACL") {
		c.FilterRules += len(filter.List("Rules"))
	}
	for _, alarm := range set.Of("AWS::CloudWatch::Alarm") {
		c.Metrics += max(1, stats(alarm.List("Metrics")))
	}
	for _, policy := range set.Of("AWS::ApplicationAutoScaling::ScalingPolicy") { // makes two alarms: above, and well below
		c.Metrics += 2 * max(1, stats(tracked(policy)))
	}
	c.Own = own(set)
	for _, endpoint := range set.Of("AWS::EC2::VPCEndpoint") {
		if endpoint.Text("VpcEndpointType") == "Interface" {
			c.Endpoints++
		}
	}
	return c
}

// stats counts the metrics of an alarm that computes with several.
func stats(metrics []any) (n int) {
	for _, m := range metrics {
		if of, ok := m.(map[string]any); ok && of["MetricStat"] != nil {
			n++
		}
	}
	return n
}

// tracked gives what a policy of scaling computes its figure from, or nothing of one that AWS knows.
func tracked(policy *template.Resource) []any {
	tracking, _ := policy.Properties["TargetTrackingScalingPolicyConfiguration"].(map[string]any)
	figure, _ := tracking["CustomizedMetricSpecification"].(map[string]any)
	metrics, _ := figure["Metrics"].([]any)
	return metrics
}

// own counts the program's own metrics that the dashboard asks for, which has all that alarms
// ask for, and two more of the mails.
func own(set *template.Set) int {
	const ofMails = 2
	found := map[string]bool{}
	for _, d := range set.Of("AWS::CloudWatch::Dashboard") {
		for _, m := range regexp.MustCompile(`"Enishi",\s*((?:"[^"]*",\s*)+)\{`).FindAllStringSubmatch(fmt.Sprint(d.Properties["DashboardBody"]), -1) {
			found[m[1]] = true
		}
	}
	return len(found) + ofMails
}

// Size is what an environment needs for so many people.
type Size struct {
	People             int
	Mean, Peak         float64 // requests a second
	Tasks              float64 // of web, on the average
	TasksMost          int
	Units, UnitsMost   float64 // ACUs of one instance of the database
	DatabaseGB         float64
	Requests, AnswerGB float64 // of a month, requests in millions
}

// Needs derives it. It is an error that the table does not let it become so large.
func Needs(e environment.Environment, people int) (Size, error) {
	s := Size{People: people}
	if e.Real {
		s.Peak = peakToday * float64(people) / Today
	} else {
		s.Peak = 1 // whoever tries something
	}
	s.Mean = meanOfPeak * s.Peak
	s.DatabaseGB = float64(people) * bytesToday * years / 1e9
	s.Requests = s.Mean * hours * 3600 / 1e6
	s.AnswerGB = s.Requests * 1e6 * answerBytes / 1e9
	perTask := scaling.Bears(e.WebPower.CPU)
	const steps = 24 * 60
	for i := range steps {
		load := s.Peak * (meanOfPeak - (1-meanOfPeak)*math.Cos(2*math.Pi*(float64(i)/60-4)/24))
		tasks := max(e.Web.Least, int(math.Ceil(load/perTask)))
		units := max(e.Database.Least, load/(perCore*unitCores), s.DatabaseGB*1e9*hot/unitMemory)
		s.Tasks += float64(tasks) / steps
		s.Units += units / steps
		s.TasksMost, s.UnitsMost = max(s.TasksMost, tasks), max(s.UnitsMost, units)
	}
	memory := candidateBytes*float64(people) + ruleBytes*rulesEach*float64(people)
	switch {
	case s.TasksMost > e.Web.Most:
		return s, fmt.Errorf("cost: %s needs %d web tasks for %d people, and may have %d", e.Name, s.TasksMost, people, e.Web.Most)
	case s.UnitsMost > e.Database.Most:
		return s, fmt.Errorf("cost: %s needs %.0f ACUs for %d people, and may have %.0f", e.Name, s.UnitsMost, people, e.Database.Most)
	case memory > float64(min(e.WebPower.Memory, e.WorkerPower.Memory))*(1<<20)/2:
		return s, fmt.Errorf("cost: %s holds %.0f MB of %d people in memory, more than half of a task's", e.Name, memory/1e6, people)
	case e.Capacity == environment.EC2:
		return s, fmt.Errorf("cost: %s runs on hosts of ours, which are not in the table of prices", e.Name)
	}
	return s, nil
}

// Alone gives an environment in one zone, with one of everything.
func Alone(e environment.Environment) environment.Environment {
	e.Zones, e.NATs = e.Zones[:1], 1
	e.Web.Least, e.Worker.Least = 1, 1
	e.Database.Readers, e.Cache.Replicas = 0, 0
	return e
}

// Month gives the bill of a month with so many people.
func Month(e environment.Environment, people int, counts Counts) ([]Item, error) {
	s, err := Needs(e, people)
	if err != nil {
		return nil, err
	}
	jobs, err := jobHours()
	if err != nil {
		return nil, err
	}
	b, zones := newBill(), float64(len(e.Zones))
	task := func(p environment.Power, many float64) []use {
		return []use{{"fargate cpu", many * hours * float64(p.CPU) / 1024}, {"fargate memory", many * hours * float64(p.Memory) / 1024}}
	}
	b.add("web tasks", task(e.WebPower, s.Tasks)...)
	b.add("workers", task(e.WorkerPower, float64(e.Worker.Least))...)
	b.add("scheduled jobs", use{"fargate cpu", jobs * jobCPU}, use{"fargate memory", jobs * jobMemory})
	b.add("database: capacity", use{"acu", hours * s.Units * float64(1+e.Database.Readers)})
	mail, rehearsals := float64(people)*mailsEach, float64(counts.Rehearsals)
	if !e.Real {
		mail, rehearsals = 0, 0
	}
	b.add("database: storage, I/O, backups", use{"database storage", s.DatabaseGB}, use{"database io", s.Requests * ioEach},
		use{"database backup", s.DatabaseGB * (1 + changes*float64(max(e.BackupDays, 7)))}, use{"rehearsal", rehearsals})
	b.add("cache", use{e.Cache.NodeType, hours * float64(1+e.Cache.Replicas)})
	b.add("NAT gateways", use{"nat", hours * float64(e.NATs)}, use{"address", hours * float64(e.NATs)}, use{"nat data", mail * mailBytes / 1e9})
	logs := (s.Requests*1e6*lineBytes + (s.Tasks+float64(e.Worker.Least))*hours*60*minuteBytes) / 1e9
	b.add("endpoints of AWS", use{"endpoint", hours * zones * float64(counts.Endpoints)}, use{"endpoint data", logs})
	b.add("load balancer", use{"balancer", hours}, use{"address", hours * zones}, use{"balancer unit", s.AnswerGB})
	b.add("CloudFront", use{"edge data", max(0, s.AnswerGB-1000)}, use{"edge requests", max(0, s.Requests-10)})
	b.add("WAF", use{"filter", 1}, use{"filter rule", float64(counts.FilterRules)}, use{"filter requests", s.Requests})
	b.add("Route 53", use{"zone", 1}, use{"health check", float64(counts.Checks)})
	b.add("between zones", use{"zone data", s.AnswerGB * (zones - 1) / zones})
	b.add("logs, alarms, dashboard", use{"log", logs}, use{"log storage", logs * float64(e.LogDays) / 30}, use{"alarm", float64(counts.Metrics)},
		use{"composite alarm", float64(counts.Composites)}, use{"dashboard", float64(counts.Dashboards)}, use{"own metric", float64(counts.Own)})
	b.add("archive of logs", use{"delivery", logs * packed}, use{"archive", logs * packed * float64(e.ArchiveDays) / 30})
	b.add(Files, files(e, s)...)
	b.add("lines about requests, keys, secrets, mail", use{"files", 2 * s.Requests * 1e6 * accessBytes / 1e9 * float64(e.LogDays) / 30},
		use{"key", float64(counts.Keys)}, use{"secret", float64(counts.Secrets)}, use{"mail", mail / 1000})
	return b.items, b.lost
}

// Files is the line of what processes read of each other: images of the populations.
const Files = "files"

// files gives what is kept of them, and in a file system what is written and read. There each
// task reads one when it starts, and the job that writes the next does.
func files(e environment.Environment, s Size) []use {
	const days = hours / 24
	image := float64(s.People) * imageBytes / 1e9
	daily := max(1, float64(s.People)*changes/imageRows)
	if e.Files != environment.InEFS {
		return []use{{"files", image * (imagesKept + daily)}} // what was removed is kept for another day
	}
	starts := deploys*(s.Tasks+float64(e.Worker.Least)) + float64(s.TasksMost-e.Web.Least)
	return []use{{"system", image * imagesKept}, {"system written", image * daily * days}, {"system read", image * (daily + starts) * days}}
}

// jobHours gives the hours of a month that scheduled jobs run: a minute each time, which is
// the least that Fargate counts.
func jobHours() (float64, error) {
	p, err := program.Read()
	if err != nil {
		return 0, err
	}
	runs := 0.
	for _, job := range p.Jobs {
		if job.Every > 0 {
			runs += hours * 60 / float64(job.Every)
		} else {
			runs += hours / 24
		}
	}
	return runs / 60, nil
}
