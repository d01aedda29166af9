package stacks

import (
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsbackup"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"enishi/infra/environment"
)

// newBackup keeps copies of the database beside its own, which go with the cluster. Files are made anew of it, and
// a copy would hold people who were erased since.
func newBackup(scope constructs.Construct, e environment.Environment, b *Base) {
	s := constructs.NewConstruct(scope, jsii.String("Backup"))
	vault := awsbackup.NewBackupVault(s, jsii.String("Vault"), &awsbackup.BackupVaultProps{
		EncryptionKey: b.Keys.Data, RemovalPolicy: stays(e), BlockRecoveryPointDeletion: jsii.Bool(e.Real),
	})
	plan := awsbackup.NewBackupPlan(s, jsii.String("Plan"), &awsbackup.BackupPlanProps{
		BackupVault: vault, BackupPlanRules: &[]awsbackup.BackupPlanRule{awsbackup.NewBackupPlanRule(&awsbackup.BackupPlanRuleProps{
			RuleName:           jsii.String("daily"),
			ScheduleExpression: awsevents.Schedule_Cron(&awsevents.CronOptions{Hour: jsii.String("20"), Minute: jsii.String("0")}), // 05:00 in Tokyo
			DeleteAfter:        awscdk.Duration_Days(jsii.Number(copyDays(e))),
		})},
	})
	plan.AddSelection(jsii.String("All"), &awsbackup.BackupSelectionOptions{Resources: &[]awsbackup.BackupResource{
		awsbackup.BackupResource_FromArn(b.Data.Cluster.AttrDbClusterArn()),
	}})
	if e.Real {
		newRehearsal(s, e, b, vault)
	}
	except(s, "IAM4", "AWS keeps these policies for what makes backups and restores them")
}

// copyDays is how long a copy is kept: AWS Backup wants a week at least, or each is a whole one.
func copyDays(e environment.Environment) int { return max(e.BackupDays, 7) }

// What AWS is given to begin with a rehearsal, and how long its cluster lies there, for somebody to look at.
const (
	rehearsalBegins = 4 // hours
	rehearsalStays  = 1 // hours
)

// newRehearsal has AWS Backup restore the newest copy every month, as a cluster without instances
// beside the database, and remove it again: the copy, its key, the role and what a cluster is made
// with are seen to do. Nobody can connect to it, and no row is read.
func newRehearsal(s constructs.Construct, e environment.Environment, b *Base, vault awsbackup.BackupVault) {
	role := awsiam.NewRole(s, jsii.String("Restores"), &awsiam.RoleProps{
		AssumedBy:       awsiam.NewServicePrincipal(jsii.String("backup.amazonaws.com"), nil),
		ManagedPolicies: &[]awsiam.IManagedPolicy{awsiam.ManagedPolicy_FromAwsManagedPolicyName(jsii.String("service-role/AWSBackupServiceRolePolicyForRestores"))},
	})
	name := "enishi_" + strings.ReplaceAll(e.Name, "-", "_") // AWS takes no hyphen
	plan := awsbackup.NewCfnRestoreTestingPlan(s, jsii.String("Rehearsal"), &awsbackup.CfnRestoreTestingPlanProps{
		RestoreTestingPlanName: jsii.String(name), StartWindowHours: jsii.Number(rehearsalBegins),
		ScheduleExpression: jsii.String("cron(0 10 5 * ? *)"), ScheduleExpressionTimezone: jsii.String("Asia/Tokyo"), // every month, by day
		RecoveryPointSelection: &awsbackup.CfnRestoreTestingPlan_RestoreTestingRecoveryPointSelectionProperty{
			Algorithm: jsii.String("LATEST_WITHIN_WINDOW"), SelectionWindowDays: jsii.Number(copyDays(e)),
			RecoveryPointTypes: jsii.Strings("SNAPSHOT"), IncludeVaults: &[]*string{vault.BackupVaultArn()},
		},
	})
	// Without these, it would be in the account's own network, or in none.
	cluster, doors := b.Data.Cluster, b.Network.Doors
	awsbackup.NewCfnRestoreTestingSelection(s, jsii.String("Rehearsed"), &awsbackup.CfnRestoreTestingSelectionProps{
		RestoreTestingPlanName: plan.Ref(), RestoreTestingSelectionName: jsii.String("database"), IamRoleArn: role.RoleArn(),
		ProtectedResourceType: jsii.String("Aurora"), ProtectedResourceArns: &[]*string{cluster.AttrDbClusterArn()}, ValidationWindowHours: jsii.Number(rehearsalStays),
		RestoreMetadataOverrides: map[string]*string{
			"dbSubnetGroupName": cluster.DbSubnetGroupName(), "dbClusterParameterGroupName": cluster.DbClusterParameterGroupName(),
			"vpcSecurityGroupIds": awscdk.Fn_Join(jsii.String(""), &[]*string{jsii.String(`["`), doors.Database.SecurityGroupId(), jsii.String(`"]`)}),
		},
	})
	newRehearsalFailed(s, b, role)
}

// newRehearsalFailed tells the topic of tickets of what a role could not restore, which nothing but rehearsals
// uses.
func newRehearsalFailed(s constructs.Construct, b *Base, restores awsiam.Role) {
	tells := awsiam.NewRole(s, jsii.String("Tells"), &awsiam.RoleProps{AssumedBy: awsiam.NewServicePrincipal(jsii.String("events.amazonaws.com"), nil)})
	tells.AddToPolicy(allow(b.Topics.Ticket.TopicArn(), "sns:Publish"))
	tells.AddToPolicy(allow(b.Topics.Key.KeyArn(), "kms:Decrypt", "kms:GenerateDataKey"))
	rule := awsevents.NewCfnRule(s, jsii.String("RestoreFailed"), &awsevents.CfnRuleProps{
		Description: jsii.String("a rehearsal of a restore failed"),
		EventPattern: map[string]any{
			"source": []string{"aws.backup"}, "detail-type": []string{"Restore Job State Change"},
			"detail": map[string]any{"iamRoleArn": []*string{restores.RoleArn()}, "status": []string{"FAILED", "ABORTED"}},
		},
		Targets: &[]any{&awsevents.CfnRule_TargetProperty{Id: jsii.String("Ticket"), Arn: b.Topics.Ticket.TopicArn(), RoleArn: tells.RoleArn()}},
	})
	rule.Node().AddDependency(tells.Node().FindChild(jsii.String("DefaultPolicy"))) // the first event may come at once
}
