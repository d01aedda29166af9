package alarm

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// Namespace is where an installation's own metrics are in CloudWatch, under
// the names and labels that they have at /metrics, and that of the environment.
const Namespace = "Enishi"

// Statistics of CloudWatch.
const (
	sum     = "Sum"
	samples = "SampleCount"
	maximum = "Maximum"
	minimum = "Minimum"
)

// cloudMetric is a metric in CloudWatch and what is taken of it.
type cloudMetric struct {
	id, namespace, name, stat string
	dimensions                []dimension
}

// dimension is one of a metric; a value in ${} is a parameter of the template.
type dimension struct{ name, value string }

func (m cloudMetric) with(name, value string) cloudMetric {
	m.dimensions = append(slices.Clip(m.dimensions), dimension{name, value})
	return m
}

func own(id, name, stat string) cloudMetric {
	return cloudMetric{id: id, namespace: Namespace, name: name, stat: stat}.with(EnvironmentDimension, "${Environment}")
}

func balancer(id, name, stat string) cloudMetric {
	return cloudMetric{id: id, namespace: "AWS/ApplicationELB", name: name, stat: stat}.with("LoadBalancer", "${LoadBalancer}")
}

// inService are the web processes that are well, in either target group: a deployment
// moves from one to the other.
func inService() []cloudMetric {
	healthy := func(id, group string) cloudMetric {
		return balancer(id, "HealthyHostCount", minimum).with("TargetGroup", "${"+group+"}")
	}
	return []cloudMetric{healthy("blue", "BlueTargetGroup"), healthy("green", "GreenTargetGroup")}
}

// added is a sum of metrics of which any may have no figures: of a group that nobody is in,
// of errors that never happened. By AWS's guide FILL and + make zeros of these; where FILL
// finds not a single figure to go by, or + leaves a gap, SUM still has those that there are.
func added(ids ...string) string {
	var filled []string
	for _, id := range ids {
		filled = append(filled, "FILL("+id+", 0)")
	}
	return "SUM([" + strings.Join(filled, ", ") + "])"
}

func database(id, name, stat string) cloudMetric {
	return cloudMetric{id: id, namespace: "AWS/RDS", name: name, stat: stat}.with("DBClusterIdentifier", "${DatabaseCluster}")
}

func service(id, name, parameter string) cloudMetric {
	return cloudMetric{id: id, namespace: "AWS/ECS", name: name, stat: maximum}.with("ClusterName", "${Cluster}").with("ServiceName", "${"+parameter+"}")
}

func insight(id, name, parameter string) cloudMetric {
	m := service(id, name, parameter)
	m.namespace, m.stat = "ECS/ContainerInsights", minimum
	return m
}

// cloudRatio is the share of bad events: two expressions of metric math, or one that is a
// share already, where all is "".
type cloudRatio struct {
	metrics  []cloudMetric
	bad, all string
}

// share is an expression of it, which is 0 where there are no events, or not so many bad ones.
// A condition on nothing but a number would be no IF that CloudWatch knows.
func (c cloudRatio) share(least float64) string {
	switch {
	case c.all == "":
		return c.bad
	case least > 0:
		return fmt.Sprintf("IF(%[1]s >= %[3]s, %[1]s / %[2]s, 0)", c.bad, c.all, number(least))
	}
	return fmt.Sprintf("IF(%[2]s > 0, %[1]s / %[2]s, 0)", c.bad, c.all)
}

// cloudShare is what is used of a resource, in percent.
type cloudShare struct {
	metrics []cloudMetric
	used    string
}

// cloudState is an expression that is below a bound when something is wrong,
// and what it means that there are no figures.
type cloudState struct {
	metrics []cloudMetric
	expr    string
	below   float64
	missing string
	figure  Words
}

// template is a template of CloudFormation.
type template struct {
	Format      string                  `json:"AWSTemplateFormatVersion"`
	Description string                  `json:"Description"`
	Parameters  map[string]parameter    `json:"Parameters"`
	Resources   map[string]*cloudObject `json:"Resources"`
}

type parameter struct {
	Type        string `json:"Type"`
	Description string `json:"Description"`
}

type cloudObject struct {
	Type       string         `json:"Type"`
	DependsOn  []string       `json:"DependsOn,omitempty"`
	Properties map[string]any `json:"Properties"`
}

// parameters are what a template must be told of where it is.
func parameters() map[string]parameter {
	list := map[string]parameter{}
	for name, what := range map[string]string{
		"Environment":  "The name of the environment, which is part of the names of alarms, and a dimension of own metrics.",
		"LoadBalancer": "The load balancer as its metrics name it: app/NAME/ID.", "BlueTargetGroup": "A target group of the web processes as its metrics name it: targetgroup/NAME/ID.", "GreenTargetGroup": "The other one, between which deployments move.",
		"DatabaseCluster": "The identifier of the Aurora cluster.", "Cluster": "The name of the ECS cluster.",
		"WebService": "The name of the service of web processes.", "WorkerService": "The name of the service of workers.",
		"PageTopic": "ARN of the SNS topic that calls a person.", "TicketTopic": "ARN of the SNS topic that files a ticket.",
	} {
		list[name] = parameter{"String", what}
	}
	return list
}

// CloudWatch gives a template of CloudFormation with every alarm that AWS has figures for. One
// that looks at two windows is a composite of two that tell nobody.
func CloudWatch() ([]byte, error) {
	t := &template{
		Format: "2010-09-09", Description: "Alarms of Enishi, made from the table of internal/alarm: change them there.",
		Parameters: parameters(), Resources: map[string]*cloudObject{},
	}
	for _, a := range Alarms() {
		if a.NotOnAWS == "" {
			a.when.cloud(a, t)
		}
	}
	failing(t)
	return indented(t)
}

// deploymentFails is the name of an alarm that tells nobody.
const deploymentFails = "DeploymentFails"

// Guards gives the alarms by which AWS itself takes back what changes the tasks, whoever began it
// may be gone: ECS a deployment, CloudFormation a change of the stack of the services. Both take alarms on
// metrics; a composite one only CloudFormation. They see within two minutes what others see within the hour.
func Guards() []string { return []string{"Unreachable", deploymentFails} }

// failing adds the alarm that is on while, two minutes in a row, a share of the requests is answered badly at which the
// quickest alarm on availability would fire, had it gone on for an hour; and as many as that one takes, each minute.
func failing(t *template) {
	o := availability()
	t.metric(deploymentFails, nil, o.cloud.metrics, o.cloud.share(o.Least), bound{"GreaterThanThreshold", Spending(), time.Minute, 2, 0, "notBreaching"})
}

func indented(v any) ([]byte, error) {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("write JSON: %w", err)
	}
	return []byte(b.String()), nil
}

// bound is when a metric alarm fires: of the last so many periods enough are beyond the
// threshold.
type bound struct {
	operator  string
	threshold float64
	period    time.Duration
	periods   int
	enough    int // 0: all
	missing   string
}

// metric adds a metric alarm; only one that a person is told of has a topic.
func (t *template) metric(name string, told *Alarm, metrics []cloudMetric, expr string, b bound) {
	queries := []map[string]any{{"Id": "value", "Expression": expr, "Label": name, "ReturnData": true}}
	for _, m := range metrics {
		queries = append(queries, map[string]any{
			"Id": m.id, "ReturnData": false,
			"MetricStat": map[string]any{"Metric": m.document(), "Period": int(b.period.Seconds()), "Stat": m.stat},
		})
	}
	p := map[string]any{
		"AlarmName": substituted(nameInCloud(name)), "Metrics": queries, "ComparisonOperator": b.operator, "Threshold": b.threshold,
		"EvaluationPeriods": b.periods, "TreatMissingData": b.missing,
	}
	if b.enough > 0 {
		p["DatapointsToAlarm"] = b.enough
	}
	if told != nil {
		tell(p, told)
	}
	t.Resources[name] = &cloudObject{Type: "AWS::CloudWatch::Alarm", Properties: p}
}

func (m cloudMetric) document() map[string]any {
	d := map[string]any{"Namespace": m.namespace, "MetricName": m.name}
	var list []map[string]any
	for _, one := range m.dimensions {
		list = append(list, map[string]any{"Name": one.name, "Value": reference(one.value)})
	}
	if len(list) > 0 {
		d["Dimensions"] = list
	}
	return d
}

// reference gives a value, or what it refers to.
func reference(value string) any {
	if name, ok := strings.CutPrefix(value, "${"); ok {
		return map[string]string{"Ref": strings.TrimSuffix(name, "}")}
	}
	return value
}

// nameInCloud gives an alarm a name that it shares with none of another environment in
// the same account.
func nameInCloud(name string) string { return "Enishi-${Environment}-" + name }

// substituted gives a text in which parameters of the template stand in ${}.
func substituted(text string) any { return map[string]string{"Fn::Sub": text} }

// tell gives an alarm its text and its topic, for both ways.
func tell(p map[string]any, a *Alarm) {
	topic := []any{map[string]string{"Ref": map[Severity]string{Page: "PageTopic", Ticket: "TicketTopic"}[a.Severity]}}
	p["AlarmDescription"] = a.Symptom.EN + " " + a.Runbook()
	p["AlarmActions"], p["OKActions"] = topic, topic
}

// window is one of those that an alarm looks at.
type window struct {
	name string
	long time.Duration
}

func (b burn) windows() []window { return []window{{"Long", b.long}, {"Short", b.short}} }

// cloud makes an alarm for each window, which is one long period, and one of both.
func (b burn) cloud(a Alarm, t *template) {
	c := b.objective.cloud
	const nobody = "notBreaching" // where nobody comes, nothing is wrong
	var parts, names []string
	for _, w := range b.windows() {
		name := a.Name + w.name
		least := b.objective.Least
		if w.long != b.long {
			least = 0
		}
		t.metric(name, nil, c.metrics, c.share(least), bound{"GreaterThanThreshold", b.threshold(), w.long, 1, 0, nobody})
		parts, names = append(parts, fmt.Sprintf("ALARM(%q)", nameInCloud(name))), append(names, name)
	}
	p := map[string]any{"AlarmName": substituted(nameInCloud(a.Name)), "AlarmRule": substituted(strings.Join(parts, " AND "))}
	tell(p, &a)
	t.Resources[a.Name] = &cloudObject{Type: "AWS::CloudWatch::CompositeAlarm", DependsOn: names, Properties: p}
}

// left is an expression of the days until a resource is full, if it goes on as since the day
// before; metric math has no regression.
func (c cloudShare) left(never int) string {
	return fmt.Sprintf("IF(DIFF(%[1]s) > 0, (100 - (%[1]s)) / DIFF(%[1]s), %[2]d)", c.used, never)
}

// cloud compares three days with the day before each. 9999 stands for never. Four days are
// looked at, since the first may have none before it: how far CloudWatch looks back beyond
// what it is told, it tells nobody.
func (f forecast) cloud(a Alarm, t *template) {
	c := f.resource.cloud
	days := int(forecastHistory / day)
	t.metric(a.Name, &a, c.metrics, c.left(9999), bound{"LessThanThreshold", forecastDays, day, days + 1, days, "missing"})
}

func (s state) cloud(a Alarm, t *template) {
	period, periods := time.Minute, int(math.Ceil(s.wait.Minutes()))
	if s.window > 0 {
		period, periods = s.window, 1
	}
	t.metric(a.Name, &a, s.alarm.metrics, s.alarm.expr, bound{"LessThanThreshold", s.alarm.below, period, periods, 0, s.alarm.missing})
}

// Files gives every file that the table makes, by its path in the project.
func Files() (map[string][]byte, error) {
	alarms, err := CloudWatch()
	if err != nil {
		return nil, err
	}
	grafana, err := Grafana()
	if err != nil {
		return nil, err
	}
	twin, err := CloudDashboard()
	if err != nil {
		return nil, err
	}
	notes, err := Notes()
	if err != nil {
		return nil, err
	}
	return map[string][]byte{
		"deploy/prometheus/alarms.yml": Prometheus(Real()), "deploy/cloudwatch/alarms.json": alarms,
		"deploy/grafana/dashboard.json": grafana, "deploy/cloudwatch/dashboard.json": twin,
		"infra/program/alarms.json": notes,
	}, nil
}
