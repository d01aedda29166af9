package stacks_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"enishi/infra/environment"
	"enishi/infra/notify"
)

// TestAlarmsReachPeople looks at the function that tells of them, at whom it hears, at what
// it may, and at what becomes of what it could not tell.
func TestAlarmsReachPeople(t *testing.T) {
	for _, e := range environment.All() {
		t.Run(e.Name, func(t *testing.T) {
			all, _ := synthesised(t, e)
			alarms := all["enishi-"+e.Name+"-alarms"]
			f := only(t, alarms, "AWS::Lambda::Function").Properties
			want := map[string]any{
				"PackageType": "Image", "Architectures": []any{"arm64"}, "ReservedConcurrentExecutions": 5.0, "Timeout": 60.0, "MemorySize": 256.0, "FunctionName": "enishi-" + e.Name + "-notify",
			}
			for key, value := range want {
				if diff := cmp.Diff(value, f[key]); diff != "" {
					t.Errorf("the function's %s (-want +got):\n%s", key, diff)
				}
			}
			theImage(t, e, alarms, f)
			theSettings(t, e, f)

			heard := map[string]int{}
			for _, s := range alarms.of("AWS::SNS::Subscription") {
				heard[s.Properties["Protocol"].(string)]++
				if s.Properties["Protocol"] == "lambda" && (!strings.Contains(s.text, `"deadLetterTargetArn":{"Fn::GetAtt":["NotifyUntold`) || !strings.Contains(s.text, "NotifyFunction")) {
					t.Errorf("what SNS cannot hand over is lost: %s", s.text)
				}
			}
			if diff := cmp.Diff(map[string]int{"lambda": 2, "email": len(e.Told.To)}, heard); diff != "" {
				t.Errorf("who hears (-want +got):\n%s", diff)
			}
			for _, topic := range []string{"TopicsPage", "TopicsTicket"} {
				for _, kind := range []string{"AWS::SNS::Subscription", "AWS::Lambda::Permission"} {
					if !has(alarms, kind, topic) {
						t.Errorf("%s is no part of any %s", topic, kind)
					}
				}
			}
			theUntold(t, e, all["enishi-"+e.Name+"-base"], alarms, f)
		})
	}
}

func only(t *testing.T, in template, kind string) resource {
	t.Helper()
	list := in.of(kind)
	if len(list) != 1 {
		t.Fatalf("%d of %s", len(list), kind)
	}
	for _, r := range list {
		return r
	}
	return resource{}
}

func has(in template, kind, text string) bool {
	for _, r := range in.of(kind) {
		if strings.Contains(r.text, text) {
			return true
		}
	}
	return false
}

// theImage is one that the account names, so that a deployment keeps what was chosen since.
func theImage(t *testing.T, e environment.Environment, alarms template, f map[string]any) {
	t.Helper()
	image := f["Code"].(map[string]any)["ImageUri"].(map[string]any)["Ref"].(string)
	if p := alarms.Parameters[image]; p["Type"] != "AWS::SSM::Parameter::Value<String>" || p["Default"] != "/enishi/"+e.Name+"/notify/image" {
		t.Errorf("the function's image is %v", p)
	}
}

// theSettings are what cmd/notify reads, and none of them a secret.
func theSettings(t *testing.T, e environment.Environment, f map[string]any) {
	t.Helper()
	got := f["Environment"].(map[string]any)["Variables"].(map[string]any)
	webhooks := fmt.Sprint(got["WEBHOOKS"])
	delete(got, "WEBHOOKS")
	want := map[string]any{
		"ENVIRONMENT": e.Name, "LANGUAGE": e.Told.Language, "DOCS": e.Told.Docs, "MAIL_FROM": "Enishi <" + e.Told.From + ">", "MAIL_TO": strings.Join(e.Told.To, ","),
	}
	if diff := cmp.Diff(want, got); diff != "" || !strings.Contains(webhooks, "TopicsWebhooks") {
		t.Errorf("the function is told %s, and (-want +got):\n%s", webhooks, diff)
	}
	if !slices.Contains([]notify.Language{notify.Japanese, notify.English}, notify.Language(e.Told.Language)) {
		t.Errorf("the table says the language %q", e.Told.Language)
	}
	if !strings.HasSuffix(e.Told.From, "@"+e.Domain) || !strings.HasPrefix(e.Told.Docs, "https://") || !strings.HasSuffix(e.Told.Docs, "/") {
		t.Errorf("the table says %+v, of the domain %s", e.Told, e.Domain)
	}
}

// theUntold is the queue with its alarm, which does not go by the function, and the keys.
func theUntold(t *testing.T, e environment.Environment, base, alarms template, f map[string]any) {
	t.Helper()
	if !strings.Contains(fmt.Sprint(f["DeadLetterConfig"]), "NotifyUntold") {
		t.Errorf("what the function cannot tell goes to %v", f["DeadLetterConfig"])
	}
	queue, again := only(t, alarms, "AWS::SQS::Queue").Properties, only(t, alarms, "AWS::Lambda::EventSourceMapping")
	if every, least := queue["VisibilityTimeout"].(float64), 6*f["Timeout"].(float64); every < least || every*100 > queue["MessageRetentionPeriod"].(float64) {
		t.Errorf("a message is tried every %.0f s, of %v s that it is kept: fewer than a hundred times, or sooner than the %.0f that AWS wants", every, queue["MessageRetentionPeriod"], least)
	}
	most := again.Properties["ScalingConfig"].(map[string]any)["MaximumConcurrency"].(float64)
	if most > f["ReservedConcurrentExecutions"].(float64)/2 || again.Properties["BatchSize"] != 1.0 || again.Properties["Enabled"] == false || queue["RedrivePolicy"] != nil {
		t.Errorf("what is late takes more than half of the function, or is not tried one by one, for as long as it is kept: %s", again.text)
	}
	if !strings.Contains(again.text, `"EventSourceArn":{"Fn::GetAtt":["NotifyUntold`) || !strings.Contains(again.text, `"FunctionName":{"Fn::GetAtt":["NotifyFunction`) {
		t.Errorf("tried again is %s", again.text)
	}
	alarm := alarms.Resources["NotifyUntoldAlarmA4ED6265"]
	if alarm.Properties["AlarmName"] != "Enishi-"+e.Name+"-Untold" || alarm.Properties["Threshold"] != 0.0 || !strings.Contains(alarm.text, `"AlarmActions":[{"Ref":"NotifyPast`) {
		t.Errorf("the queue's alarm is %s", alarm.text)
	}
	if log := only(t, alarms, "AWS::Logs::LogGroup").Properties; log["RetentionInDays"] != float64(e.LogDays) || log["KmsKeyId"] == nil {
		t.Errorf("the function's log: %v", log)
	}
	for _, kind := range []string{"AWS::SQS::Queue", "AWS::SNS::Topic"} {
		if key := only(t, alarms, kind).Properties["KmsMasterKeyId"]; !strings.Contains(fmt.Sprint(key), "TopicsKey") {
			t.Errorf("%s is encrypted by %v", kind, key)
		}
	}
	key := base.Resources["TopicsKey64CE8550"].text
	for _, teller := range []string{"cloudwatch", "budgets", "sns", "events"} {
		if !strings.Contains(key, `"Principal":{"Service":"`+teller+`.amazonaws.com"}`) {
			t.Errorf("%s may not encrypt what it tells", teller)
		}
	}
	for name, of := range map[string]string{"the secret": "TopicsWebhooks744A69DC", "the registry": "TopicsRegistry1149A285"} {
		if !strings.Contains(base.Resources[of].text, "TopicsKey64CE8550") {
			t.Errorf("%s is not encrypted by the key of what is told: %s", name, base.Resources[of].text)
		}
	}
	if registry := base.Resources["TopicsRegistry1149A285"]; !strings.Contains(registry.text, "function:enishi-"+e.Name+"-notify") {
		t.Errorf("other functions may take the image: %s", registry.text)
	}
}

// TestTheFunctionMayLittle holds what it is allowed to a list, action by action.
func TestTheFunctionMayLittle(t *testing.T) {
	e, err := environment.Find("prod")
	if err != nil {
		t.Fatal(err)
	}
	all, _ := synthesised(t, e)
	var policy map[string]any
	for id, one := range all["enishi-prod-alarms"].of("AWS::IAM::Policy") {
		if strings.HasPrefix(id, "NotifyRole") {
			policy = one.Properties["PolicyDocument"].(map[string]any)
		}
	}
	got := map[string]string{}
	for _, s := range policy["Statement"].([]any) {
		statement := s.(map[string]any)
		actions, many := statement["Action"].([]any)
		if !many {
			actions = []any{statement["Action"]}
		}
		for _, a := range actions {
			on, err := json.Marshal(statement["Resource"])
			if err != nil {
				t.Fatal(err)
			}
			got[a.(string)] = string(on)
		}
	}
	want := map[string]string{
		"logs:CreateLogStream": "NotifyLog", "logs:PutLogEvents": "NotifyLog", "secretsmanager:GetSecretValue": "TopicsWebhooks", "kms:Decrypt": "TopicsKey", "kms:GenerateDataKey": "TopicsKey",
		"sqs:SendMessage": "NotifyUntold", "sqs:ReceiveMessage": "NotifyUntold", "sqs:DeleteMessage": "NotifyUntold", "sqs:GetQueueAttributes": "NotifyUntold", "cloudwatch:DescribeAlarms": ":alarm:Enishi-prod-*", "ses:SendEmail": ":identity/enishi.example.jp",
	}
	for action, on := range want {
		if !strings.Contains(got[action], on) {
			t.Errorf("%s is allowed on %s, want %s", action, got[action], on)
		}
		delete(got, action)
	}
	if len(got) > 0 {
		t.Errorf("allowed is %v too", got)
	}
	if text := fmt.Sprint(policy); !strings.Contains(text, "ses:FromAddress:alarm@enishi.example.jp") {
		t.Errorf("the function may send as anybody: %s", text)
	}
}

// TestAlarmsOfTwoEnvironmentsDoNotCollide finds the environment in the name of every alarm, and
// nothing of another one in the rules of composites.
func TestAlarmsOfTwoEnvironmentsDoNotCollide(t *testing.T) {
	seen := map[string]string{}
	for _, e := range environment.All() {
		all, _ := synthesised(t, e)
		alarms, edge := all["enishi-"+e.Name+"-alarms"], all["enishi-"+e.Name+"-edge"]
		for _, kind := range []string{"AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"} {
			both := alarms.of(kind)
			maps.Copy(both, edge.of(kind))
			for id, r := range both {
				name := plain(r.Properties["AlarmName"])
				if other := seen[name]; other != "" || !strings.HasPrefix(name, "Enishi-"+e.Name+"-") {
					t.Errorf("%s of %s is called %q, as in %q", id, e.Name, name, other)
				}
				seen[name] = e.Name
				if rule := plain(r.Properties["AlarmRule"]); kind == "AWS::CloudWatch::CompositeAlarm" && strings.Count(rule, `ALARM("Enishi-`+e.Name+`-`) != 2 {
					t.Errorf("%s of %s looks at %q", id, e.Name, rule)
				}
			}
		}
	}
	if len(seen) < 90 {
		t.Errorf("only %d alarms were looked at", len(seen))
	}
}

// plain gives a text, or one into which nothing is left to be put.
func plain(v any) string {
	if sub, ok := v.(map[string]any); ok {
		v = sub["Fn::Sub"]
	}
	s, _ := v.(string)
	return s
}
