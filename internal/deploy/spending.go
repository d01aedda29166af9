package deploy

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"enishi/internal/errs"
)

const (
	// measured is how often the load balancer's figures are asked for, which come by the minute.
	measured = 15 * time.Second
	// leastBad is how many requests have to be answered badly: where hardly anybody comes, one is a large share.
	leastBad = 10
	// worse is how many times the share of before makes a share the new version's.
	worse = 2
	// window is how far it is looked back: at what is now, and at what was before.
	window = 10 * time.Minute
	// known is how long after a minute CloudWatch surely has it.
	known = 5 * time.Minute
)

// tally is what the load balancer has counted.
type tally struct{ bad, all float64 }

func (t tally) share() float64 { return t.bad / max(t.all, 1) }

// spending is what a deployment knows of the load balancer's counts.
type spending struct {
	balancer string
	before   tally     // what it had counted before the next version had traffic
	whole    bool      // before has every minute
	asked    time.Time // last
	deaf     int       // how often in a row it could not be asked
	seen     bool      // it was too much when it was asked last
}

// affordable fails if too large a share of the requests has been answered badly since the next version has traffic, or in
// the last ten minutes of that: a share at which the error budget would be gone in two days, and one that is larger than
// that of the ten minutes before. An alarm looks at an hour, of which a canary is a minute. Where an alarm was on when the
// deployment began, it may be what ends it, and nobody is blamed.
func (d *deployment) affordable(ctx context.Context) error {
	of := &d.spending
	t := slices.IndexFunc(d.record.Steps, func(s Timing) bool { return s.Step == "traffic" })
	if d.o.Bad == 0 || t < 0 || len(d.record.Alarms) > 0 || time.Since(of.asked) < measured || of.deaf >= blindTries {
		return nil
	}
	of.asked = time.Now()
	now, before, err := d.counted(ctx, d.record.Steps[t].Begun.Truncate(time.Minute))
	if err != nil && ctx.Err() == nil {
		if of.deaf++; of.deaf == blindTries {
			d.tell("alarms", "the load balancer's figures cannot be asked, and are not looked at: "+err.Error(), -1)
		}
		return nil
	}
	if err != nil {
		return err
	}
	limit := max(d.o.Bad, worse*before.share())
	if of.deaf = 0; now.bad < leastBad || now.share() < limit {
		of.seen = false
		return nil
	}
	if !of.seen { // a minute may be half there
		of.seen = true
		return nil
	}
	return final{errs.New(errs.Internal, fmt.Sprintf("%.0f of %.0f requests were answered badly since the next version has traffic, %.1f %% (before it %.1f %%); at most %.2f %% may be",
		now.bad, now.all, 100*now.share(), 100*before.share(), 100*limit))}
}

// counted gives what the load balancer has counted since a moment, in the last ten minutes, and in the ten before it.
func (d *deployment) counted(ctx context.Context, since time.Time) (now, before tally, err error) {
	of := &d.spending
	if of.balancer == "" {
		if of.balancer, err = d.account.balancer(ctx); err != nil {
			return now, before, err
		}
	}
	if !of.whole {
		if of.before, err = d.account.tally(ctx, of.balancer, since.Add(-window), since); err != nil {
			return now, before, err
		}
		of.whole = time.Since(since) > known
	}
	from := time.Now().Add(-window).Truncate(time.Minute)
	if from.Before(since) {
		from = since
	}
	now, err = d.account.tally(ctx, of.balancer, from, time.Now())
	return now, of.before, err
}

// balancer gives the load balancer of the service as metrics name it, by the listener's rule that sends people there.
func (a *account) balancer(ctx context.Context) (string, error) {
	s, err := a.service(ctx, web)
	if err != nil {
		return "", err
	}
	for _, l := range s.LoadBalancers {
		if l.AdvancedConfiguration == nil {
			continue
		}
		// arn:aws:elasticloadbalancing:REGION:ACCOUNT:listener-rule/app/NAME/ID/LISTENER/RULE
		_, path, _ := strings.Cut(aws.ToString(l.AdvancedConfiguration.ProductionListenerRule), ":listener-rule/")
		if parts := strings.Split(path, "/"); len(parts) == 5 {
			return strings.Join(parts[:3], "/"), nil
		}
	}
	return "", errs.New(errs.NotFound, "the service "+web+" of "+a.name+" has no rule of a load balancer")
}

// tally asks what a load balancer has counted: as the alarms on availability do.
func (a *account) tally(ctx context.Context, balancer string, from, to time.Time) (out tally, err error) {
	const web5xx, own5xx, sent = "web5xx", "own5xx", "sent"
	query := func(id, name string) cwtypes.MetricDataQuery {
		return cwtypes.MetricDataQuery{Id: &id, MetricStat: &cwtypes.MetricStat{
			Metric: &cwtypes.Metric{Namespace: aws.String("AWS/ApplicationELB"), MetricName: &name, Dimensions: []cwtypes.Dimension{{Name: aws.String("LoadBalancer"), Value: &balancer}}},
			Period: aws.Int32(60), Stat: aws.String("Sum"),
		}}
	}
	pages := cloudwatch.NewGetMetricDataPaginator(a.cw, &cloudwatch.GetMetricDataInput{
		StartTime: &from, EndTime: &to,
		MetricDataQueries: []cwtypes.MetricDataQuery{query(web5xx, "HTTPCode_Target_5XX_Count"), query(own5xx, "HTTPCode_ELB_5XX_Count"), query(sent, "RequestCount")},
	})
	counted := map[string]map[time.Time]float64{web5xx: {}, own5xx: {}, sent: {}}
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return out, fmt.Errorf("ask what the load balancer has counted: %w", err)
		}
		for _, r := range page.MetricDataResults {
			of := counted[aws.ToString(r.Id)]
			for i, at := range r.Timestamps {
				if of != nil && i < len(r.Values) {
					of[at] += r.Values[i]
				}
			}
		}
	}
	for at, n := range counted[sent] { // a minute of which this is not there yet says nothing
		out.bad += counted[web5xx][at] + counted[own5xx][at]
		out.all += n + counted[own5xx][at]
	}
	return out, nil
}
