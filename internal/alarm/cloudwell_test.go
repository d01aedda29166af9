package alarm_test

import (
	"math"
	"time"

	"enishi/internal/alarm"
	"enishi/internal/alarm/cloudtest"
)

// begin is when the system was made; a story's evening is 20:00 nine days later, and what is told
// goes on for some days after it.
var begin = time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)

const (
	evening = (9*24 + 20) * 60
	horizon = evening + 5*24*60
)

func minuteOf(at time.Duration) int { return evening + int(at/time.Minute) }

// figure is what is told of a metric in a minute.
type figure func(minute int) []cloudtest.Sample

type wellFigure struct {
	metric cloudtest.Metric
	is     figure
}

// steady is a gauge that several tasks tell four times a minute each.
func steady(v float64) figure {
	return func(int) []cloudtest.Sample { return []cloudtest.Sample{{Value: v, Count: 12}} }
}

// visited is what is told in those sixteen hours a day in which people come; in the night
// nobody does, and nothing is told.
func visited(f figure) figure {
	return func(minute int) []cloudtest.Sample {
		if minute/60%24 < 8 {
			return nil
		}
		return f(minute)
	}
}

// counted is a count of so many in a minute on average, in whole ones; of none nothing is told.
func counted(perMinute float64) figure {
	return func(minute int) []cloudtest.Sample {
		if n := some(perMinute, minute); n > 0 {
			return []cloudtest.Sample{{Value: n, Count: 1}}
		}
		return nil
	}
}

func some(perMinute float64, minute int) float64 {
	before, after := float64(minute)*perMinute, float64(minute+1)*perMinute
	return math.Floor(after+1e-9) - math.Floor(before+1e-9)
}

// durations are so many in a minute, of which a share took that long and the others no time.
func durations(perMinute, slow, took float64) figure {
	return func(minute int) []cloudtest.Sample {
		late := some(perMinute*slow, minute)
		all := []cloudtest.Sample{{Value: 0.05, Count: perMinute - late}}
		if late > 0 {
			all = append(all, cloudtest.Sample{Value: took, Count: late})
		}
		return all
	}
}

// ages are those of the oldest unmatched row, as four tasks see them four times a minute: in a
// share of these moments it is a minute.
func ages(late float64) figure {
	return func(minute int) []cloudtest.Sample {
		all := []cloudtest.Sample{{Value: 0.4, Count: 4 * (4 - some(4*late, minute))}}
		if moments := some(4*late, minute); moments > 0 {
			all = append(all, cloudtest.Sample{Value: 60, Count: 4 * moments})
		}
		return all
	}
}

// waves go up and down each day between two values.
func waves(low, high float64) figure {
	return func(minute int) []cloudtest.Sample {
		share := (1 - math.Cos(2*math.Pi*float64(minute)/(24*60))) / 2
		return []cloudtest.Sample{{Value: low + (high-low)*share, Count: 1}}
	}
}

// growing is a gauge that goes up by so much a day from a time on.
func growing(base, perDay float64, from time.Duration) figure {
	return func(minute int) []cloudtest.Sample {
		return []cloudtest.Sample{{Value: base + perDay*float64(minute-minuteOf(from))/(24*60), Count: 1}}
	}
}

// What the load of a well system is, and how much of it goes wrong: less than was promised.
const (
	requests = 100 // a minute, while people come
	signUps  = 2
	tebibyte = 1 << 40
	volume   = 128 * tebibyte // as much as Aurora lets a volume grow
)

// wellFigures gives what a well system tells CloudWatch. Those in the namespace of the service
// are told as internal/telemetry does (TestCloudWatchIsTold: neither more nor fewer than
// the files of deploy/cloudwatch ask for); the others AWS tells, under these names and dimensions.
func wellFigures() map[string]wellFigure {
	own := func(name string, dimensions ...string) cloudtest.Metric {
		return metricOf(alarm.Namespace, name, append([]string{alarm.EnvironmentDimension, "prod"}, dimensions...)...)
	}
	balancer := func(name string, dimensions ...string) cloudtest.Metric {
		return metricOf("AWS/ApplicationELB", name, append([]string{"LoadBalancer", "LoadBalancer"}, dimensions...)...)
	}
	database := func(name string) cloudtest.Metric {
		return metricOf("AWS/RDS", name, "DBClusterIdentifier", "DatabaseCluster")
	}
	service := func(namespace, name, of string) cloudtest.Metric {
		return metricOf(namespace, name, "ClusterName", "Cluster", "ServiceName", of)
	}
	const insights, base = "ECS/ContainerInsights", "enishi-prod-base:ExportsOutput"
	const archive, vault = base + "RefArchiveStream", base + "FnGetAttBackupVaultBackupVaultName"
	return map[string]wellFigure{
		"requests": {balancer("RequestCount"), visited(counted(requests))},
		"failed":   {balancer("HTTPCode_Target_5XX_Count"), visited(counted(requests * 0.0002))},
		"refused":  {balancer("HTTPCode_ELB_5XX_Count"), nil}, // told when it happens
		"blue":     {balancer("HealthyHostCount", "TargetGroup", "BlueTargetGroup"), steady(3)},
		"green":    {balancer("HealthyHostCount", "TargetGroup", "GreenTargetGroup"), nil}, // nobody was in it yet

		"took":   {own("http_request_duration_seconds"), visited(durations(requests, 0.002, 0.65))},
		"joined": {own("enishi_signup_offers_seconds", "outcome", "answered"), visited(durations(signUps, 0.001, 3.5))},
		"later":  {own("enishi_signup_offers_seconds", "outcome", "later"), nil}, // told when it happens
		"age":    {own("enishi_matcher_queue_age_seconds"), ages(0.001)},
		"mailed": {own("enishi_mails_total", "outcome", "sent"), every(1)},
		"unsent": {own("enishi_mails_total", "outcome", "failed"), every(0)},
		"redis":  {own("enishi_redis_up"), steady(1)},
		"jobs":   {own("enishi_jobs_late_seconds"), steady(0)},
		"open":   {own("enishi_database_connections"), waves(100, 400)},
		"most":   {own("enishi_database_connections_max"), steady(1000)},

		"left":         {database("AuroraVolumeBytesLeftTotal"), hourly(growing(volume-tebibyte, -tebibyte/100, -9*day))},
		"used":         {database("VolumeBytesUsed"), hourly(growing(tebibyte, tebibyte/100, -9*day))},
		"webMemory":    {service("AWS/ECS", "MemoryUtilization", "WebService"), waves(30, 45)},
		"workerMemory": {service("AWS/ECS", "MemoryUtilization", "WorkerService"), waves(35, 50)},
		"webWanted":    {service(insights, "DesiredTaskCount", "WebService"), steady(3)},
		"webRuns":      {service(insights, "RunningTaskCount", "WebService"), steady(3)},
		"workerWanted": {service(insights, "DesiredTaskCount", "WorkerService"), steady(2)},
		"workerRuns":   {service(insights, "RunningTaskCount", "WorkerService"), steady(2)},

		"untold":   {metricOf("AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", "[NotifyUntold QueueName]"), every(0)}, // Lambda asks the queue all the time, so AWS takes it for used
		"retried":  {metricOf("AWS/SQS", "ApproximateNumberOfMessagesNotVisible", "QueueName", "[NotifyUntold QueueName]"), nil},   // told when it happens
		"outside":  {metricOf("AWS/Route53", "HealthCheckStatus", "HealthCheckId", "[Check HealthCheckId]"), every(1)},
		"archived": {metricOf("AWS/Firehose", "IncomingRecords", "DeliveryStreamName", archive), every(8)},
		"waits":    {metricOf("AWS/Firehose", "DeliveryToS3.DataFreshness", "DeliveryStreamName", archive), every(300)},
		"database": {metricOf("AWS/RDS", "CPUUtilization", "DBClusterIdentifier", base+"RefDataDatabase"), every(20)},
		"copied":   {metricOf("AWS/Backup", "NumberOfBackupJobsCompleted", "BackupVaultName", vault), nightly(25 * time.Minute)},
	}
}

// every tells a value in each minute.
func every(v float64) figure {
	return func(int) []cloudtest.Sample { return []cloudtest.Sample{{Value: v, Count: 1}} }
}

// nightly tells one a day, so long after 05:00 in Tokyo.
func nightly(after time.Duration) figure {
	return func(minute int) []cloudtest.Sample {
		if minute%(24*60) != (20*60+int(after/time.Minute))%(24*60) {
			return nil
		}
		return []cloudtest.Sample{{Value: 1, Count: 1}}
	}
}

// hourly tells one in an hour.
func hourly(f figure) figure {
	return func(minute int) []cloudtest.Sample {
		if minute%60 != 0 {
			return nil
		}
		return f(minute)
	}
}

func metricOf(namespace, name string, dimensions ...string) cloudtest.Metric {
	m := cloudtest.Metric{Namespace: namespace, Name: name, Dimensions: map[string]string{}}
	for i := 0; i < len(dimensions); i += 2 {
		m.Dimensions[dimensions[i]] = dimensions[i+1]
	}
	return m
}

// wellSystem gives what was told of a system that is well all the time.
func wellSystem() *cloudtest.Account {
	a := cloudtest.NewAccount(begin)
	for _, f := range wellFigures() {
		if f.is != nil {
			a.Tell(f.metric, 0, horizon, f.is)
		}
	}
	return a
}
