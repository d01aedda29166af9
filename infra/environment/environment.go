// Package environment says how dev, staging and prod differ: one typed table, in which
// capacity, sizes and how long things are kept are values. Everything else about them
// is alike by construction.
//
// It knows nothing of AWS but names; everything here is safe for concurrent use.
package environment

import (
	"fmt"
	"strings"
	"time"
)

// Capacity is on what tasks run.
type Capacity string

// The kinds: tasks that need no host of ours; the same, with workers on spare capacity
// that may be taken away; and hosts of ours, which a capacity provider adds and drains.
const (
	Fargate     Capacity = "fargate"
	FargateSpot Capacity = "fargate_spot"
	EC2         Capacity = "ec2"
)

// Capacities gives all kinds.
func Capacities() []Capacity { return []Capacity{Fargate, FargateSpot, EC2} }

// Files says where the files are that processes read of each other, such as snapshots.
type Files string

// The places: a bucket, of which tasks ask; or a file system that every task mounts, for whoever
// wants to reach files as files. A bucket costs less, and a task that cannot reach it starts.
const (
	InS3  Files = "s3"
	InEFS Files = "efs"
)

// Bounds are how many tasks a service has: that many at least and at most. What is
// set here is for the first deployment; operators' later choice is kept.
type Bounds struct{ Least, Most int }

// Environment is an installation. Account and Region are "" where they are those of
// whoever deploys.
type Environment struct {
	Name    string
	Real    bool // it holds people's data: it is kept from mistakes
	Account string
	Region  string
	Domain  string // a zone of Route 53, which exists beforehand
	Source  string // OWNER/NAME on GitHub, whose workflows may deploy; "": none
	Edge    string // prefix list of the addresses from which CloudFront asks, as the region names it
	EdgeKey int    // which secret CloudFront shows to the load balancer; one more makes a new one, and ends the one before the last
	// Elsewhere says that the domain's name still leads to another installation: everything of the
	// edge is made but the name and what is asked by it.
	Elsewhere bool
	Zones     []string // availability zones
	Capacity  Capacity
	Files     Files

	Web, Worker Bounds
	WebPower    Power
	WorkerPower Power
	HostType    string // of ec2, such as m7g.large

	Database Database
	Cache    Cache

	Spikes []Spike // that are announced

	// LogServer is a log server of one's own that takes syslog over TLS, as HOST:PORT, to which
	// every line goes besides CloudWatch; "": none.
	LogServer   string
	LogDays     int           // in CloudWatch Logs
	ArchiveDays int           // in S3, from where they are deleted
	BackupDays  int           // of the database's point-in-time recovery
	Budget      int           // USD a month; an alarm tells of 80 %, and of a forecast beyond it
	Canary      time.Duration // a tenth of the traffic on the new version, in whole minutes
	Bake        time.Duration // all traffic on the new version, the old one still there: the canary's minute is counted two minutes after it
	NATs        int           // gateways through which tasks reach the world

	Told Told
}

// Told is how alarms reach people, beside the webhooks of Slack and Teams, which are
// secrets of the account.
type Told struct {
	Language string   // of messages: ja or en
	From     string   // of mails: an address of the environment's domain, which SES has verified
	To       []string // of mails; SNS itself tells them when a message was told to nobody
	Docs     string   // the address below which this project's files are read, such as docs/runbooks
}

// EdgeRegion is where CloudFront has its certificate, its filter and its figures, whichever
// region asks.
const EdgeRegion = "us-east-1"

// Spike is a time for which more web tasks are asked for beforehand: a broadcast, a campaign.
// Times are Tokyo's, as EventBridge writes moments: 2026-12-24T19:45:00.
type Spike struct {
	Name, From, To string
	Least          int
}

// Over is what the name of the action at a spike's end has after the spike's own.
const Over = "-over"

// Times gives when it begins and ends. One that AWS would not take, that ends before it begins, or whose name is that of
// an end, is an error.
func (s Spike) Times() (from, to time.Time, err error) {
	if strings.HasSuffix(s.Name, Over) {
		return from, to, fmt.Errorf("environment: the spike %q is called as the end of one; accepted: a name without %s", s.Name, Over)
	}
	tokyo := time.FixedZone("Asia/Tokyo", 9*3600) // which has no summer time
	for _, one := range []struct {
		text string
		at   *time.Time
	}{{s.From, &from}, {s.To, &to}} {
		if *one.at, err = time.ParseInLocation("2006-01-02T15:04:05", one.text, tokyo); err != nil {
			return from, to, fmt.Errorf("environment: the spike %q: found %q; accepted: a moment in Tokyo, as 2026-12-24T19:45:00", s.Name, one.text)
		}
	}
	if !from.Before(to) {
		return from, to, fmt.Errorf("environment: the spike %q ends at %s, before it begins at %s", s.Name, s.To, s.From)
	}
	return from, to, nil
}

// Power is what one task may take.
type Power struct {
	CPU    int // in units, 1024 a core
	Memory int // MiB
}

// Database is the Aurora cluster: serverless between two bounds, in capacity units of
// 2 GiB each. Its storage grows by itself.
type Database struct {
	Least, Most float64
	Readers     int
}

// Cache is the ElastiCache replication group.
type Cache struct {
	NodeType string
	Replicas int
}

// docs is where the runbooks are read that messages link to.
const docs = "https://code.enishi.example.jp/enishi/blob/main/"

// All gives the table.
func All() []Environment {
	return []Environment{
		{
			Name: "dev", Region: "ap-northeast-1", Edge: "pl-58a04531", EdgeKey: 1, Domain: "dev.enishi.example.jp", Zones: tokyo(), Capacity: FargateSpot, Files: InS3,
			Web: Bounds{1, 2}, Worker: Bounds{1, 2}, WebPower: Power{512, 1024}, WorkerPower: Power{512, 1024}, HostType: "t4g.medium",
			Database: Database{0.5, 2, 0}, Cache: Cache{"cache.t4g.micro", 0},
			LogDays: 7, ArchiveDays: 30, BackupDays: 1, Budget: 500, Canary: time.Minute, NATs: 1,
			Told: Told{"ja", "alarm@dev.enishi.example.jp", []string{"dev@enishi.example.jp"}, docs},
		},
		{
			Name: "staging", Region: "ap-northeast-1", Edge: "pl-58a04531", EdgeKey: 1, Domain: "staging.enishi.example.jp", Zones: tokyo(), Capacity: Fargate, Files: InS3,
			Web: Bounds{2, 4}, Worker: Bounds{2, 2}, WebPower: Power{1024, 2048}, WorkerPower: Power{1024, 2048}, HostType: "m7g.large",
			Database: Database{0.5, 8, 1}, Cache: Cache{"cache.t4g.small", 1},
			LogDays: 14, ArchiveDays: 90, BackupDays: 7, Budget: 800, Canary: time.Minute, Bake: 3 * time.Minute, NATs: 1,
			Told: Told{"ja", "alarm@staging.enishi.example.jp", []string{"dev@enishi.example.jp"}, docs},
		},
		{
			Name: "prod", Real: true, Region: "ap-northeast-1", Edge: "pl-58a04531", EdgeKey: 1, Domain: "enishi.example.jp", Zones: tokyo(), Capacity: Fargate, Files: InS3,
			Web: Bounds{3, 30}, Worker: Bounds{2, 4}, WebPower: Power{2048, 4096}, WorkerPower: Power{2048, 4096}, HostType: "m7g.xlarge",
			Database: Database{2, 64, 2}, Cache: Cache{"cache.m7g.large", 2},
			LogDays: 90, ArchiveDays: 400, BackupDays: 35, Budget: 6000, Canary: time.Minute, Bake: 10 * time.Minute, NATs: 3,
			Told: Told{"ja", "alarm@enishi.example.jp", []string{"oncall@enishi.example.jp"}, docs},
		},
	}
}

// tokyo gives the zones of ap-northeast-1 that accounts made today have.
func tokyo() []string { return []string{"ap-northeast-1a", "ap-northeast-1c", "ap-northeast-1d"} }

// Find gives an environment by its name, or says which there are.
func Find(name string) (Environment, error) {
	var names []string
	for _, e := range All() {
		if e.Name == name {
			return e, nil
		}
		names = append(names, e.Name)
	}
	return Environment{}, fmt.Errorf("environment: found %q; accepted: %s", name, strings.Join(names, ", "))
}

// Parts are the stacks of an environment, in the order in which they are deployed.
func Parts() []string { return []string{"base", "cluster", "service", "alarms", "edge"} }
