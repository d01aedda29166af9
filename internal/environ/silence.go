package environ

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	watchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"enishi/internal/errs"
)

// longestSilence is how long alarms may tell nobody: what CloudWatch takes.
const longestSilence = 15 * 24 * time.Hour

// tells is what an alarm does that is not silenced.
const tells = "people are told"

// LookSilence finds out which alarms, by their names in the runbooks, would tell nobody from the next minute on, for
// so long; 0: they would tell people again. It changes nothing.
func LookSilence(ctx context.Context, o *Options, alarms []string, length time.Duration) (*Step, error) {
	if length < 0 || length > longestSilence || length%time.Minute != 0 {
		return nil, errs.AtPointer("the time", length.String(), "whole minutes, to 15 days, such as 90m or 48h")
	}
	alarms = slices.Sorted(slices.Values(alarms))
	alarms = slices.Compact(alarms)
	w := newWork(o)
	s, err := w.begin(ctx, "alarms "+strings.Join(alarms, ", "))
	if err != nil {
		return nil, err
	}
	at, err := w.known(ctx, alarms)
	if err != nil {
		return nil, err
	}
	var was []string
	for _, name := range alarms {
		now, err := at[name].silent(ctx, w.account.alarm(name))
		if err != nil {
			return nil, err
		}
		was = append(was, now)
	}
	s.From = strings.Join(slices.Compact(slices.Clone(was)), ", ")
	if len(alarms) > 1 && strings.Contains(s.From, ", ") {
		s.From = strings.Join(was, ", ")
	}
	names := strings.Join(alarms, " ")
	if length == 0 {
		s.To, s.Undo = tells, s.command("silence", names, "--for", "TIME")
		s.do = func(ctx context.Context, w *work) error { return w.tellAgain(ctx, alarms, at) }
		return s, nil
	}
	until := nextMinute().Add(length)
	s.To, s.Undo = silentUntil(until), s.command("silence", names, "--end")
	s.Then = "They come on and go off as before, on the dashboard too; only nobody is told. It ends by itself: one that is still on then tells."
	s.do = func(ctx context.Context, w *work) error { return w.silence(ctx, alarms, at, until) }
	return s, nil
}

// nextMinute is when a rule begins that is made now: of one whose minute has begun CloudWatch does not say that it is
// in force.
func nextMinute() time.Time { return time.Now().UTC().Truncate(time.Minute).Add(time.Minute) }

// watch is CloudWatch in a region.
type watch struct{ *cloudwatch.Client }

func silentUntil(at time.Time) string {
	return "silent until " + at.UTC().Format("2006-01-02 15:04 UTC")
}

func (a *account) alarm(name string) string { return "Enishi-" + a.environment + "-" + name }

// known gives where each of these alarms is, and is Invalid unless the environment has alarms of these names that tell
// somebody. That of the edge is in CloudFront's region.
func (w *work) known(ctx context.Context, alarms []string) (map[string]watch, error) {
	at := map[string]watch{}
	for _, in := range []watch{{w.account.watch}, {w.account.edgeWatch}} {
		pages := cloudwatch.NewDescribeAlarmsPaginator(in, &cloudwatch.DescribeAlarmsInput{
			AlarmNamePrefix: aws.String(w.account.alarm("")), AlarmTypes: []watchtypes.AlarmType{watchtypes.AlarmTypeMetricAlarm, watchtypes.AlarmTypeCompositeAlarm},
		})
		add := func(name *string, actions []string) {
			if len(actions) > 0 { // parts of others tell nobody anyway
				at[strings.TrimPrefix(aws.ToString(name), w.account.alarm(""))] = in
			}
		}
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return nil, fmt.Errorf("look at the alarms of %s: %w", w.o.Environment, err)
			}
			for i := range page.MetricAlarms {
				add(page.MetricAlarms[i].AlarmName, page.MetricAlarms[i].AlarmActions)
			}
			for i := range page.CompositeAlarms {
				add(page.CompositeAlarms[i].AlarmName, page.CompositeAlarms[i].AlarmActions)
			}
		}
	}
	for _, name := range alarms {
		if _, ok := at[name]; !ok {
			return nil, errs.AtPointer("the alarm", name, strings.Join(slices.Sorted(maps.Keys(at)), ", "))
		}
	}
	return at, nil
}

// silent says what an alarm does now.
func (in watch) silent(ctx context.Context, name string) (string, error) {
	rule, err := in.GetAlarmMuteRule(ctx, &cloudwatch.GetAlarmMuteRuleInput{AlarmMuteRuleName: &name})
	if errors.As(err, new(*watchtypes.ResourceNotFoundException)) {
		return tells, nil
	}
	if err != nil {
		return "", fmt.Errorf("look whether %s is silenced: %w", name, err)
	}
	if until := aws.ToTime(rule.ExpireDate); until.After(time.Now()) {
		return silentUntil(until), nil
	}
	return tells, nil
}

// silence gives each alarm a rule of its own, by its own name, which takes the place of what there was. It begins with
// the minute after it is made, however long a person has thought about it.
func (w *work) silence(ctx context.Context, alarms []string, at map[string]watch, until time.Time) error {
	for _, name := range alarms {
		full, from := w.account.alarm(name), nextMinute()
		if !from.Before(until) {
			return errs.New(errs.Conflict, "the time for which "+name+" was to be silent is over")
		}
		_, err := at[name].PutAlarmMuteRule(ctx, &cloudwatch.PutAlarmMuteRuleInput{
			Name: &full, Description: aws.String(bounded(w.o.By + ": " + w.o.Why)), MuteTargets: &watchtypes.MuteTargets{AlarmNames: []string{full}}, ExpireDate: &until,
			Rule: &watchtypes.Rule{Schedule: &watchtypes.Schedule{
				Expression: aws.String("at(" + from.Format("2006-01-02T15:04") + ")"), Duration: aws.String(fmt.Sprintf("PT%dM", int(until.Sub(from).Minutes()))), Timezone: aws.String("UTC"),
			}},
		})
		if err != nil {
			return fmt.Errorf("silence %s: %w", name, err)
		}
		w.tell("silence", name+" tells nobody from "+from.Format("15:04 UTC")+" on", -1)
	}
	return nil
}

func (w *work) tellAgain(ctx context.Context, alarms []string, at map[string]watch) error {
	for _, name := range alarms {
		_, err := at[name].DeleteAlarmMuteRule(ctx, &cloudwatch.DeleteAlarmMuteRuleInput{AlarmMuteRuleName: aws.String(w.account.alarm(name))})
		if err != nil && !errors.As(err, new(*watchtypes.ResourceNotFoundException)) {
			return fmt.Errorf("have %s tell people again: %w", name, err)
		}
		w.tell("silence", name+" tells people again", -1)
	}
	return nil
}
