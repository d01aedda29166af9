package deploytest

import (
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwschemas "github.com/aws/aws-sdk-go-v2/service/cloudwatch/schemas"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/encoding/cbor"
)

// muteRule keeps an alarm from telling people.
type muteRule struct {
	description string
	from, until time.Time
}

// told are the alarms that an environment has, on or off: each that tells somebody, and one that is a part of
// another.
func (a *Account) told() *cloudwatch.DescribeAlarmsOutput {
	name := func(one string) *string { return aws.String("Enishi-" + a.Environment + "-" + one) }
	if a.region == Edge {
		return &cloudwatch.DescribeAlarmsOutput{MetricAlarms: []cwtypes.MetricAlarm{{AlarmName: name("EdgeAway"), AlarmActions: []string{"arn:aws:sns:" + Edge + ":" + number + ":enishi-" + a.Environment + "-edge"}}}}
	}
	topic := []string{"arn:aws:sns:" + Region + ":" + number + ":enishi-" + a.Environment + "-page"}
	return &cloudwatch.DescribeAlarmsOutput{
		MetricAlarms:    []cwtypes.MetricAlarm{{AlarmName: name("AvailabilityFastLong")}, {AlarmName: name("MailStuck"), AlarmActions: topic}, {AlarmName: name("DeploymentFails")}},
		CompositeAlarms: []cwtypes.CompositeAlarm{{AlarmName: name("AvailabilityFast"), AlarmActions: topic}, {AlarmName: name("AvailabilitySlow"), AlarmActions: topic}},
	}
}

// mute does what is asked of rules that silence alarms.
func (a *Account) mute(path string, asked cbor.Map) (smithy.Serializable, error) {
	text := func(in cbor.Map, key string) string {
		s, _ := in[key].(cbor.String)
		return string(s)
	}
	name := text(asked, "AlarmMuteRuleName")
	rule := a.parts.rules[name]
	switch {
	case strings.HasSuffix(path, "/PutAlarmMuteRule"):
		r, err := a.ruleOf(asked, text)
		if err != nil {
			return nil, err
		}
		a.parts.rules[text(asked, "Name")] = r
		return &cloudwatch.PutAlarmMuteRuleOutput{}, nil
	case rule == nil:
		return nil, refuse("ResourceNotFoundException", "Alarm mute rule %s does not exist", name)
	case strings.HasSuffix(path, "/GetAlarmMuteRule"):
		return &cloudwatch.GetAlarmMuteRuleOutput{Name: &name, ExpireDate: &rule.until, Description: &rule.description}, nil
	}
	delete(a.parts.rules, name)
	return &cloudwatch.DeleteAlarmMuteRuleOutput{}, nil
}

var (
	single = regexp.MustCompile(`^at\((\d{4}-\d\d-\d\dT\d\d:\d\d)\)$`)
	lasts  = regexp.MustCompile(`^PT(\d+)M$`)
)

// ruleOf reads a rule that silences one alarm once.
func (a *Account) ruleOf(asked cbor.Map, text func(cbor.Map, string) string) (*muteRule, error) {
	rule, _ := asked["Rule"].(cbor.Map)
	schedule, _ := rule["Schedule"].(cbor.Map)
	targets, _ := asked["MuteTargets"].(cbor.Map)
	names, _ := targets["AlarmNames"].(cbor.List)
	begins, length := single.FindStringSubmatch(text(schedule, "Expression")), lasts.FindStringSubmatch(text(schedule, "Duration"))
	if begins == nil || length == nil || text(schedule, "Timezone") != "UTC" || len(names) != 1 || names[0] != cbor.String(text(asked, "Name")) {
		return nil, refuse("ValidationError", "no rule that silences one alarm once: %v", asked)
	}
	from, err := time.Parse("2006-01-02T15:04", begins[1])
	lasting, wrong := time.ParseDuration(length[1] + "m")
	const longest = 15 * 24 * time.Hour
	if err != nil || wrong != nil || lasting < time.Minute || lasting > longest || !momentOf(asked, "ExpireDate").Equal(from.Add(lasting)) {
		return nil, refuse("ValidationError", "%s for %s until %v", begins[1], length[0], momentOf(asked, "ExpireDate"))
	}
	if edge := strings.HasSuffix(text(asked, "Name"), "-EdgeAway"); edge != (a.region == Edge) {
		return nil, refuse("ValidationError", "there is no alarm %s in %s", text(asked, "Name"), a.region)
	}
	if !from.After(time.Now()) {
		a.fault("a silence was to begin in the past")
	}
	return &muteRule{text(asked, "Description"), from, from.Add(lasting)}, nil
}

// muteSchemas are how answers about such rules are written, by the operation.
func muteSchemas() map[string]*smithy.OperationSchema {
	return map[string]*smithy.OperationSchema{
		"PutAlarmMuteRule":    smithy.NewOperationSchema(cwschemas.PutAlarmMuteRule, cwschemas.PutAlarmMuteRuleInput, nil),
		"GetAlarmMuteRule":    smithy.NewOperationSchema(cwschemas.GetAlarmMuteRule, cwschemas.GetAlarmMuteRuleInput, cwschemas.GetAlarmMuteRuleOutput),
		"DeleteAlarmMuteRule": smithy.NewOperationSchema(cwschemas.DeleteAlarmMuteRule, cwschemas.DeleteAlarmMuteRuleInput, nil),
	}
}
