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
	// worse is how many times the share of the hour before makes a share the new version's.
	worse = 2
)

// tally is what the load balancer has counted.
type tally struct{ bad, all float64 }

func (t tally) share() float64 { return t.bad / max(t.all, 1) }

// spending fails if too large a share of the requests has been answered badly since the next version has traffic: a
// share at which the error budget would be gone in two days, and one that is larger than that of the hour before. An
// alarm looks at an hour, of which a canary is a minute.
func (d *deployment) spending(ctx context.Context) error {
	t := slices.IndexFunc(d.record.Steps, func(s Timing) bool { return s.Step == "traffic" })
	if d.o.Bad == 0 || t < 0 || time.Since(d.asked) < measured || d.deaf >= blindTries {
		return nil
	}
	d.asked = time.Now()
	since := d.record.Steps[t].Begun.Truncate(time.Minute)
	now, before, err := d.counted(ctx, since)
	if err != nil && ctx.Err() == nil {
		if d.deaf++; d.deaf == blindTries {
			d.tell("alarms", "the load balancer's figures cannot be asked, and are not looked at: "+err.Error(), -1)
		}
		return nil
	}
	if err != nil || now.bad < leastBad || now.share() < max(d.o.Bad, worse*before.share()) {
		return err
	}
	return final{errs.New(errs.Internal, fmt.Sprintf("%.0f of %.0f requests were answered badly since the next version has traffic, %.1f %% (in the hour before %.1f %%); at most %.2f %% may be",
		now.bad, now.all, 100*now.share(), 100*before.share(), 100*d.o.Bad))}
}

// counted gives what the load balancer has counted since a moment, and in the hour before it.
func (d *deployment) counted(ctx context.Context, since time.Time) (now, before tally, err error) {
	if d.balancer == "" {
		if d.balancer, err = d.account.balancer(ctx); err != nil {
			return now, before, err
		}
		if d.usual, err = d.account.tally(ctx, d.balancer, since.Add(-time.Hour), since); err != nil {
			d.balancer = ""
			return now, before, err
		}
	}
	now, err = d.account.tally(ctx, d.balancer, since, time.Now())
	return now, d.usual, err
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
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return out, fmt.Errorf("ask what the load balancer has counted: %w", err)
		}
		for _, r := range page.MetricDataResults {
			for _, n := range r.Values {
				switch aws.ToString(r.Id) {
				case web5xx:
					out.bad += n
				case own5xx: // which no task was sent
					out.bad, out.all = out.bad+n, out.all+n
				case sent:
					out.all += n
				}
			}
		}
	}
	return out, nil
}
