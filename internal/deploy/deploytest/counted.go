package deploytest

import (
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/smithy-go/encoding/cbor"
)

const (
	// balancer is how metrics name the load balancer, and rule the listener's rule that sends people to a service.
	balancer = "app/enishi/0123456789abcdef"
	rule     = "arn:aws:elasticloadbalancing:" + Region + ":123456789012:listener-rule/" + balancer + "/0123456789abcdef/0123456789abcdef"
	// aSecond is how many requests are sent.
	aSecond = 10
	// late is how long it takes until CloudWatch has a minute of a load balancer, at least.
	late = time.Minute
)

// note keeps what share of a minute's requests was answered badly, by the moment in it that was seen last.
func (a *Account) note() {
	if a.Bad == nil {
		return
	}
	if a.bad == nil {
		a.bad = map[time.Time]float64{}
	}
	a.bad[time.Now().Truncate(time.Minute)] = a.Bad(a.share(a.services["web"])) / 100
}

// counted gives sums by the minute of what a load balancer counts.
func (a *Account) counted(asked cbor.Map) (*cloudwatch.GetMetricDataOutput, error) {
	from, to := momentOf(asked, "StartTime"), momentOf(asked, "EndTime")
	if from.IsZero() || !from.Before(to) {
		return nil, refuse("ValidationError", "The parameter StartTime must be less than the parameter EndTime: %v, %v", asked["StartTime"], asked["EndTime"])
	}
	queries, _ := asked["MetricDataQueries"].(cbor.List)
	out := &cloudwatch.GetMetricDataOutput{}
	for _, q := range queries {
		id, name, err := queried(q)
		if err != nil {
			return nil, err
		}
		result := cwtypes.MetricDataResult{Id: &id, Label: &name, StatusCode: cwtypes.StatusCodeComplete}
		for m := from.Truncate(time.Minute); m.Before(to.Add(-late)); m = m.Add(time.Minute) {
			if n := a.sum(name, m); n > 0 { // a metric without events has no value
				result.Timestamps, result.Values = append(result.Timestamps, m), append(result.Values, n)
			}
		}
		out.MetricDataResults = append(out.MetricDataResults, result)
	}
	return out, nil
}

// momentOf reads a time of a question; zero: it has none of the name.
func momentOf(asked cbor.Map, name string) time.Time {
	tag, _ := asked[name].(*cbor.Tag)
	if tag == nil {
		return time.Time{}
	}
	switch v := tag.Value.(type) {
	case cbor.Float64:
		return time.UnixMilli(int64(float64(v) * 1000))
	case cbor.Uint:
		return time.Unix(int64(v), 0)
	}
	return time.Time{}
}

func (a *Account) sum(name string, minute time.Time) float64 {
	const all = aSecond * 60
	switch name {
	case "RequestCount":
		return all
	case "HTTPCode_Target_5XX_Count":
		if part, ok := a.bad[minute]; ok {
			return all * part
		}
		if a.Bad != nil { // nobody has asked anything then
			return all * a.Bad(0) / 100
		}
	}
	return 0
}

// queried reads a query, which has to be one that the load balancer's metrics answer.
func queried(q cbor.Value) (id, name string, err error) {
	text := func(in cbor.Value, path ...string) string {
		for _, key := range path {
			m, _ := in.(cbor.Map)
			in = m[key]
		}
		s, _ := in.(cbor.String)
		return string(s)
	}
	m, _ := q.(cbor.Map)
	id, name = text(q, "Id"), text(q, "MetricStat", "Metric", "MetricName")
	stat, _ := m["MetricStat"].(cbor.Map)
	metric, _ := stat["Metric"].(cbor.Map)
	dimensions, _ := metric["Dimensions"].(cbor.List)
	period, _ := stat["Period"].(cbor.Uint)
	known := strings.Contains(" RequestCount HTTPCode_Target_5XX_Count HTTPCode_ELB_5XX_Count ", " "+name+" ")
	if id == "" || !known || text(q, "MetricStat", "Metric", "Namespace") != "AWS/ApplicationELB" || text(q, "MetricStat", "Stat") != "Sum" || period != 60 ||
		len(dimensions) != 1 || text(dimensions[0], "Name") != "LoadBalancer" || text(dimensions[0], "Value") != balancer {
		return "", "", refuse("ValidationError", "no metric of the load balancer: %v", q)
	}
	return id, name, nil
}

// balanced is what sends people to a service.
func balanced(service string) []types.LoadBalancer {
	if service != "web" {
		return nil
	}
	return []types.LoadBalancer{{ContainerName: aws.String(service), AdvancedConfiguration: &types.AdvancedConfiguration{ProductionListenerRule: aws.String(rule)}}}
}
