package stacks_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"enishi/infra/environment"
)

// TestARestoreIsRehearsed looks at what AWS restores by itself, of what and as what, where people's
// data is, and at who hears of a failure. Nowhere else is anything restored.
func TestARestoreIsRehearsed(t *testing.T) {
	real := 0
	for _, e := range environment.All() {
		t.Run(e.Name, func(t *testing.T) {
			all, _ := synthesised(t, e)
			base := all["enishi-"+e.Name+"-base"]
			if !e.Real {
				for _, kind := range []string{"AWS::Backup::RestoreTestingPlan", "AWS::Backup::RestoreTestingSelection"} {
					if n := len(base.of(kind)); n > 0 {
						t.Errorf("%d of %s", n, kind)
					}
				}
				return
			}
			real++
			plan := only(t, base, "AWS::Backup::RestoreTestingPlan")
			points := plan.Properties["RecoveryPointSelection"].(map[string]any)
			rule := only(t, base, "AWS::Backup::BackupPlan").Properties["BackupPlan"].(map[string]any)["BackupPlanRule"].([]any)[0].(map[string]any)
			kept := rule["Lifecycle"].(map[string]any)["DeleteAfterDays"]
			if points["Algorithm"] != "LATEST_WITHIN_WINDOW" || points["SelectionWindowDays"] != kept || !strings.Contains(plan.text, `"IncludeVaults":[{"Fn::GetAtt":["BackupVault`) {
				t.Errorf("restored is %v, of copies that are kept for %v days", points, kept)
			}
			if when := plan.Properties["ScheduleExpression"]; when != "cron(0 10 5 * ? *)" || plan.Properties["ScheduleExpressionTimezone"] != "Asia/Tokyo" {
				t.Errorf("it is not every month by day: %v", when)
			}
			theRehearsed(t, base)
			onlyRehearsalsRestore(t, base)
			detail := told(t, all["enishi-"+e.Name+"-alarms"], "Restore Job State Change")
			if diff := cmp.Diff([]any{"FAILED", "ABORTED"}, detail["status"]); diff != "" || !strings.Contains(fmt.Sprint(detail["iamRoleArn"]), "BackupRestores") {
				t.Errorf("told is %v: %s", detail, diff)
			}
		})
	}
	if real == 0 {
		t.Error("no environment holds people's data")
	}
}

// theRehearsed is the database, made as itself but for instances: the same network, door and parameters.
func theRehearsed(t *testing.T, base template) {
	t.Helper()
	chosen := only(t, base, "AWS::Backup::RestoreTestingSelection")
	cluster := only(t, base, "AWS::RDS::DBCluster").Properties
	as := chosen.Properties["RestoreMetadataOverrides"].(map[string]any)
	for key, property := range map[string]string{"dbSubnetGroupName": "DBSubnetGroupName", "dbClusterParameterGroupName": "DBClusterParameterGroupName"} {
		if diff := cmp.Diff(cluster[property], as[key]); diff != "" || as[key] == nil {
			t.Errorf("%s (-the database's +restored):\n%s", key, diff)
		}
	}
	door := cluster["VpcSecurityGroupIds"].([]any)[0]
	if diff := cmp.Diff(map[string]any{"Fn::Join": []any{"", []any{`["`, door, `"]`}}}, as["vpcSecurityGroupIds"]); diff != "" {
		t.Errorf("the door (-the database's +restored):\n%s", diff)
	}
	if chosen.Properties["ProtectedResourceType"] != "Aurora" || !strings.Contains(chosen.text, `"ProtectedResourceArns":[{"Fn::GetAtt":["DataDatabase`) || !strings.Contains(chosen.text, `"IamRoleArn":{"Fn::GetAtt":["BackupRestores`) {
		t.Errorf("restored is %s", chosen.text)
	}
}

// onlyRehearsalsRestore: a failure is told by the role that restored, which is one alone.
func onlyRehearsalsRestore(t *testing.T, base template) {
	t.Helper()
	restores := 0
	for id, role := range base.of("AWS::IAM::Role") {
		if strings.Contains(role.text, "AWSBackupServiceRolePolicyForRestores") {
			restores++
			if !strings.HasPrefix(id, "BackupRestores") || !strings.Contains(role.text, `"Service":"backup.amazonaws.com"`) {
				t.Errorf("%s may restore: %s", id, role.text)
			}
		}
	}
	if restores != 1 {
		t.Errorf("%d roles may restore", restores)
	}
}

// TestACopyThatFailsIsTold looks at who hears of a copy that was not made, in every environment that makes copies, and
// that it is one into the vault into which the plan makes them. Where no restore is rehearsed, nothing else is told.
func TestACopyThatFailsIsTold(t *testing.T) {
	for _, e := range environment.All() {
		t.Run(e.Name, func(t *testing.T) {
			all, _ := synthesised(t, e)
			base := all["enishi-"+e.Name+"-base"]
			vault := only(t, base, "AWS::Backup::BackupPlan").Properties["BackupPlan"].(map[string]any)["BackupPlanRule"].([]any)[0].(map[string]any)["TargetBackupVault"]
			into := vault.(map[string]any)["Fn::GetAtt"].([]any)[0]
			alarms := all["enishi-"+e.Name+"-alarms"]
			detail := told(t, alarms, "Backup Job State Change")
			if diff := cmp.Diff([]any{"FAILED", "ABORTED", "EXPIRED"}, detail["state"]); diff != "" || !strings.Contains(fmt.Sprint(detail["backupVaultArn"]), "FnGetAtt"+fmt.Sprint(into)+"BackupVaultArn") {
				t.Errorf("told is %v, of the vault %v: %s", detail, into, diff)
			}
			rules := 1
			if e.Real {
				rules = 2
			}
			if n := len(alarms.of("AWS::Events::Rule")); n != rules || len(base.of("AWS::Events::Rule")) > 0 {
				t.Errorf("%d rules, not %d, or some before anybody hears of them", n, rules)
			}
			rulesMayLeave(t, alarms)
		})
	}
}

// told gives the details that an event of AWS Backup has to have to be told, and holds that it goes to the topic of
// tickets, by a role that may do that alone, or after an hour to the queue of what was told to nobody.
func told(t *testing.T, alarms template, kind string) map[string]any {
	t.Helper()
	var detail map[string]any
	for id, rule := range alarms.of("AWS::Events::Rule") {
		pattern := rule.Properties["EventPattern"].(map[string]any)
		if cmp.Diff([]any{kind}, pattern["detail-type"]) != "" {
			continue
		}
		if diff := cmp.Diff([]any{"aws.backup"}, pattern["source"]); diff != "" || detail != nil {
			t.Errorf("%s tells of %s too: %s", id, kind, diff)
		}
		detail = pattern["detail"].(map[string]any)
		target := rule.Properties["Targets"].([]any)[0].(map[string]any)
		if !strings.Contains(fmt.Sprint(target["Arn"]), "TopicsTicket") || !strings.Contains(fmt.Sprint(target["RoleArn"]), "BackupTells") {
			t.Errorf("%s tells %v", id, target)
		}
		if letters := fmt.Sprint(target["DeadLetterConfig"]); !strings.Contains(letters, "NotifyUntold") || cmp.Diff(map[string]any{"MaximumEventAgeInSeconds": 3600.0}, target["RetryPolicy"]) != "" {
			t.Errorf("%s: what cannot be told lies in %s, after %v", id, letters, target["RetryPolicy"])
		}
	}
	if detail == nil {
		t.Fatalf("nothing tells of %s", kind)
	}
	policies := 0
	for id, policy := range alarms.of("AWS::IAM::Policy") {
		if !strings.HasPrefix(id, "BackupTells") {
			continue
		}
		policies++
		if text := policy.text; strings.Contains(text, `"Resource":"*"`) || !strings.Contains(text, `"Action":"sns:Publish"`) || !strings.Contains(text, `"Action":["kms:Decrypt","kms:GenerateDataKey"]`) {
			t.Errorf("who tells may %s", text)
		}
	}
	if policies != 1 {
		t.Errorf("%d policies of who tells", policies)
	}
	return detail
}

// rulesMayLeave holds that EventBridge may put into the queue what these rules could not tell, and of no others.
func rulesMayLeave(t *testing.T, alarms template) {
	t.Helper()
	var want, got []string
	for id := range alarms.of("AWS::Events::Rule") {
		want = append(want, fmt.Sprint([]any{map[string]any{"Fn::GetAtt": []any{id, "Arn"}}}))
	}
	for _, policy := range alarms.of("AWS::SQS::QueuePolicy") {
		for _, s := range policy.Properties["PolicyDocument"].(map[string]any)["Statement"].([]any) {
			statement := s.(map[string]any)
			if cmp.Diff(map[string]any{"Service": "events.amazonaws.com"}, statement["Principal"]) != "" {
				continue
			}
			if statement["Action"] != "sqs:SendMessage" || statement["Effect"] != "Allow" || !strings.Contains(fmt.Sprint(statement["Resource"]), "NotifyUntold") {
				t.Errorf("EventBridge may %v", statement)
			}
			from := statement["Condition"].(map[string]any)["ArnEquals"].(map[string]any)["aws:SourceArn"]
			list, many := from.([]any)
			if !many {
				list = []any{from}
			}
			for _, one := range list {
				got = append(got, fmt.Sprint([]any{one}))
			}
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rules whose events may lie there (-want +got):\n%s", diff)
	}
}

// TestNoCopyAtAllIsTold looks at the alarm of copies that nobody makes, in every environment that makes copies: it asks of the
// vault into which the plan makes them, and of the database that is in the plan, and files a ticket. When it is on is
// drilled by figures (internal/alarm).
func TestNoCopyAtAllIsTold(t *testing.T) {
	for _, e := range environment.All() {
		t.Run(e.Name, func(t *testing.T) {
			all, _ := synthesised(t, e)
			base := all["enishi-"+e.Name+"-base"]
			late := all["enishi-"+e.Name+"-alarms"].Resources["BackupLate"]
			if late.Properties["AlarmName"] != "Enishi-"+e.Name+"-BackupLate" || !strings.Contains(fmt.Sprint(late.Properties["AlarmActions"]), "TopicsTicket") || !strings.Contains(fmt.Sprint(late.Properties["OKActions"]), "TopicsTicket") {
				t.Errorf("the alarm is %s", late.text)
			}
			vault := only(t, base, "AWS::Backup::BackupPlan").Properties["BackupPlan"].(map[string]any)["BackupPlanRule"].([]any)[0].(map[string]any)["TargetBackupVault"].(map[string]any)["Fn::GetAtt"].([]any)[0].(string)
			chosen := only(t, base, "AWS::Backup::BackupSelection").text
			var database string
			for id := range base.of("AWS::RDS::DBCluster") {
				database = id
			}
			if !strings.Contains(chosen, database) {
				t.Errorf("the plan copies %s, and the database is %s", chosen, database)
			}
			for name, of := range map[string]string{"BackupVaultName": "ExportsOutputFnGetAtt" + vault + "BackupVaultName", "DBClusterIdentifier": "ExportsOutputRef" + database} {
				if !strings.Contains(late.text, `"Name":"`+name+`","Value":{"Fn::ImportValue":"enishi-`+e.Name+`-base:`+of) {
					t.Errorf("%s is not that of %s: %s", name, of, late.text)
				}
			}
		})
	}
}
