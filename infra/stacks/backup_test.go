package stacks_test

import (
	"fmt"
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
				for _, kind := range []string{"AWS::Backup::RestoreTestingPlan", "AWS::Backup::RestoreTestingSelection", "AWS::Events::Rule"} {
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
			theFailure(t, base)
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

// theFailure goes to the topic of tickets, of what the role of rehearsals alone restores.
func theFailure(t *testing.T, base template) {
	t.Helper()
	rule := only(t, base, "AWS::Events::Rule")
	pattern := rule.Properties["EventPattern"].(map[string]any)
	detail := pattern["detail"].(map[string]any)
	if diff := cmp.Diff([]any{"FAILED", "ABORTED"}, detail["status"]); diff != "" || !strings.Contains(fmt.Sprint(detail["iamRoleArn"]), "BackupRestores") {
		t.Errorf("told is %v: %s", pattern, diff)
	}
	if diff := cmp.Diff([]any{"Restore Job State Change"}, pattern["detail-type"]); diff != "" {
		t.Error(diff)
	}
	target := rule.Properties["Targets"].([]any)[0].(map[string]any)
	if !strings.Contains(fmt.Sprint(target["Arn"]), "TopicsTicket") || !strings.Contains(fmt.Sprint(target["RoleArn"]), "BackupTells") {
		t.Errorf("it is told to %v", target)
	}
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
	for id, policy := range base.of("AWS::IAM::Policy") {
		if !strings.HasPrefix(id, "BackupTells") {
			continue
		}
		if text := policy.text; strings.Contains(text, `"Resource":"*"`) || !strings.Contains(text, `"Action":"sns:Publish"`) || !strings.Contains(text, `"Action":["kms:Decrypt","kms:GenerateDataKey"]`) {
			t.Errorf("who tells may %s", text)
		}
	}
}
