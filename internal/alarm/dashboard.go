package alarm

import "fmt"

// panel is one figure of the dashboard, on either side.
type panel struct {
	title, unit string // unit as Grafana names it
	queries     []query
	bound       float64 // drawn as a line; 0: none
}

// query is a line of a panel: in Prometheus, and as metric math over the
// metrics that it names.
type query struct {
	legend, expr string
	metrics      []cloudMetric
	math         string // "": CloudWatch has no such line
}

// row is a line of the dashboard: what its panels answer together.
type row struct {
	question string
	panels   []panel
}

// rows gives the dashboard: first what users see, then what explains it, then
// what is coming.
func rows() []row {
	const day = "1d"
	var objectives, burning []query
	for _, o := range Objectives() {
		objectives = append(objectives, query{
			legend: o.Name, expr: fmt.Sprintf(`1 - sum_over_time(%s{objective=%q}[%s]) / sum_over_time(%s{objective=%q}[%s])`, BadRate, o.Name, day, AllRate, o.Name, day),
			metrics: o.cloud.metrics, math: "1 - " + o.cloud.share(0),
		})
		burning = append(burning, query{
			legend: o.Name, expr: fmt.Sprintf(`%s{objective=%q,window="1h"} / %s`, badRatio, o.Name, number(o.budgetRounded())),
			metrics: o.cloud.metrics, math: o.cloud.share(0) + " / " + number(o.budgetRounded()),
		})
	}
	var full, used []query
	for _, r := range Resources() {
		days := query{legend: r.Name + " {{part}}", expr: fmt.Sprintf(`%s{resource=%q} < 365`, fullDays, r.Name)}
		share := query{legend: r.Name + " {{part}}", expr: fmt.Sprintf(`%s{resource=%q}`, UsedRatio, r.Name)}
		if r.notOnAWS == "" {
			days.metrics, days.math = r.cloud.metrics, r.cloud.left(365)
			share.metrics, share.math = r.cloud.metrics, "("+r.cloud.used+") / 100"
		}
		full, used = append(full, days), append(used, share)
	}
	return []row{
		{"Do we keep our promises?", []panel{
			{"Good events of the last day", "percentunit", objectives, 0},
			{"Budget spent, times the allowed speed, last hour", "short", burning, quickest},
		}},
		{"What do people see?", []panel{requests(), latencies(), lag()}},
		{"What explains it?", []panel{processes(), connections(), overload()}},
		{"What will be full?", []panel{{"Days until full", "d", full, forecastDays}, {"Used", "percentunit", used, 0}}},
	}
}

func (o *Objective) budgetRounded() float64 { return burn{objective: o, factor: 1}.threshold() }

func requests() panel {
	return panel{"Requests per second, and those that failed", "reqps", []query{
		{
			legend: "all", expr: AllRate + `{objective="availability"}`,
			metrics: []cloudMetric{balancer("sent", "RequestCount", sum)}, math: "sent / PERIOD(sent)",
		},
		{
			legend: "failed", expr: BadRate + `{objective="availability"}`,
			metrics: availability().cloud.metrics[:2], math: availability().cloud.bad + " / PERIOD(web5xx)",
		},
	}, 0}
}

func latencies() panel {
	quantile := func(share string) string {
		return `histogram_quantile(` + share + `, sum by (le) (rate(http_request_duration_seconds_bucket{job="web"}[5m])))`
	}
	p := panel{"How long requests take", "s", nil, 0.3}
	for _, q := range []struct{ legend, share, stat string }{{"p50", "0.5", "p50"}, {"p99", "0.99", "p99"}} {
		p.queries = append(p.queries, query{q.legend, quantile(q.share), []cloudMetric{own("took", "http_request_duration_seconds", q.stat)}, "took"})
	}
	p.queries = append(p.queries, query{
		"sign-up p99", `histogram_quantile(0.99, sum by (le) (rate(enishi_signup_offers_seconds_bucket{job="web"}[5m])))`,
		[]cloudMetric{own("took", "enishi_signup_offers_seconds", "p99").with("outcome", "answered")},
		"took",
	})
	return p
}

func lag() panel {
	return panel{"Age of what is not matched", "s", []query{
		{"matcher", "max(enishi_matcher_queue_age_seconds)", []cloudMetric{own("age", "enishi_matcher_queue_age_seconds", maximum)}, "age"},
		{"searches", "max(enishi_follower_lag_seconds)", []cloudMetric{own("age", "enishi_follower_lag_seconds", maximum)}, "age"},
	}, 10}
}

func processes() panel {
	return panel{"Processes", "short", []query{
		{"web in service", `max(haproxy_backend_active_servers{proxy="web"})`, inService(), added("blue", "green")},
		{"lead the matching", "sum(enishi_matcher_leads)", []cloudMetric{own("leads", "enishi_matcher_leads", maximum)}, "leads"},
		{"Redis answers", "min(enishi_redis_up)", []cloudMetric{own("up", "enishi_redis_up", minimum)}, "up"},
	}, 0}
}

func connections() panel {
	return panel{"Database", "short", []query{
		{"connections", "max(enishi_database_connections)", []cloudMetric{own("open", "enishi_database_connections", maximum)}, "open"},
		{"transactions that wait", "sum(enishi_store_waiting)", []cloudMetric{own("waiting", "enishi_store_waiting", sum)}, "waiting"},
	}, 0}
}

func overload() panel {
	return panel{"Overload", "short", []query{
		{"classes refused", "max(http_admission_shed_classes)", []cloudMetric{own("classes", "http_admission_shed_classes", maximum)}, "classes"},
		{"requests that wait", "sum(http_admission_waiting)", []cloudMetric{own("queued", "http_admission_waiting", sum)}, "queued"},
	}, 0}
}

// Queries gives what the dashboard asks Prometheus, by the panel's title and the
// line's legend.
func Queries() map[string]string {
	list := map[string]string{}
	for _, r := range rows() {
		for _, p := range r.panels {
			for _, q := range p.queries {
				list[p.title+": "+q.legend] = q.expr
			}
		}
	}
	return list
}
