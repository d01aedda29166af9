package stacks

import (
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsbackup"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"enishi/infra/environment"
)

// Backup is where copies of the database lie, and who restores one to see that it can be.
type Backup struct {
	Vault    awsbackup.BackupVault
	Restores awsiam.Role // nil where no restore is rehearsed
}

// newBackup keeps copies of the database beside its own, which go with the cluster. Files are made anew of it, and a
// copy would hold people who were erased since. Of one that could not be made tells newFailures.
func newBackup(scope constructs.Construct, e environment.Environment, b *Base) *Backup {
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
	selection := plan.AddSelection(jsii.String("All"), &awsbackup.BackupSelectionOptions{Resources: &[]awsbackup.BackupResource{
		awsbackup.BackupResource_FromArn(b.Data.Cluster.AttrDbClusterArn()),
	}})
	exceptManaged(selection.Node().FindChild(jsii.String("Role")), "service-role/AWSBackupServiceRolePolicyForBackup", "AWS keeps this policy for what makes backups")
	made := &Backup{Vault: vault}
	if e.Real {
		made.Restores = newRehearsal(s, e, b, vault)
	}
	return made
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
// with are seen to do. Nobody can connect to it, and no row is read. It gives the role that restores,
// which nothing but rehearsals uses.
func newRehearsal(s constructs.Construct, e environment.Environment, b *Base, vault awsbackup.BackupVault) awsiam.Role {
	role := awsiam.NewRole(s, jsii.String("Restores"), &awsiam.RoleProps{
		AssumedBy:       awsiam.NewServicePrincipal(jsii.String("backup.amazonaws.com"), nil),
		ManagedPolicies: &[]awsiam.IManagedPolicy{awsiam.ManagedPolicy_FromAwsManagedPolicyName(jsii.String("service-role/AWSBackupServiceRolePolicyForRestores"))},
	})
	exceptManaged(role, "service-role/AWSBackupServiceRolePolicyForRestores", "AWS keeps this policy for what restores them")
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
	return role
}

// failures tells the topic of tickets of jobs of AWS Backup that did not do what they are for.
type failures struct {
	scope  constructs.Construct
	topic  *string // its ARN
	role   awsiam.Role
	untold awssqs.Queue
	rules  []*string // their ARNs
}

// failureTried is how long EventBridge tries to tell: what it could not tell then lies with everything else that was
// told to nobody, and is told past the topic. Without a bound it would try for a day.
const failureTried = 3600 // s

// newFailures tells of copies and rehearsals that failed. It stands where the queue does, in the stack alarms: before
// that is there, nobody hears of the topic either.
func newFailures(scope constructs.Construct, e environment.Environment, b *Base, untold awssqs.Queue) {
	s := constructs.NewConstruct(scope, jsii.String("Backup"))
	role := awsiam.NewRole(s, jsii.String("Tells"), &awsiam.RoleProps{AssumedBy: awsiam.NewServicePrincipal(jsii.String("events.amazonaws.com"), nil)})
	role.AddToPolicy(allow(b.Topics.Ticket.TopicArn(), "sns:Publish"))
	role.AddToPolicy(allow(b.Topics.Key.KeyArn(), "kms:Decrypt", "kms:GenerateDataKey"))
	f := &failures{scope: s, topic: b.Topics.Ticket.TopicArn(), role: role, untold: untold}
	// EXPIRED is a job that did not begin, or end, in its time: another one was at work, or the cluster was changed.
	f.tell("BackupFailed", "a copy of the database failed", "Backup Job State Change", map[string]any{
		"backupVaultArn": []*string{b.Backup.Vault.BackupVaultArn()}, "state": []string{"FAILED", "ABORTED", "EXPIRED"},
	})
	if e.Real {
		f.tell("RestoreFailed", "a rehearsal of a restore failed", "Restore Job State Change", map[string]any{
			"iamRoleArn": []*string{b.Backup.Restores.RoleArn()}, "status": []string{"FAILED", "ABORTED"},
		})
	}
	untold.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Principals: &[]awsiam.IPrincipal{awsiam.NewServicePrincipal(jsii.String("events.amazonaws.com"), nil)},
		Actions:    jsii.Strings("sqs:SendMessage"), Resources: &[]*string{untold.QueueArn()},
		Conditions: &map[string]any{"ArnEquals": map[string]any{"aws:SourceArn": f.rules}},
	}))
}

// tell has a rule of a name tell of a kind of event, where its details are ones of these. What is its description.
func (f *failures) tell(name, what, kind string, detail map[string]any) {
	rule := awsevents.NewCfnRule(f.scope, jsii.String(name), &awsevents.CfnRuleProps{
		Description:  jsii.String(what),
		EventPattern: map[string]any{"source": []string{"aws.backup"}, "detail-type": []string{kind}, "detail": detail},
		Targets: &[]any{&awsevents.CfnRule_TargetProperty{
			Id: jsii.String("Ticket"), Arn: f.topic, RoleArn: f.role.RoleArn(),
			RetryPolicy:      &awsevents.CfnRule_RetryPolicyProperty{MaximumEventAgeInSeconds: jsii.Number(failureTried)},
			DeadLetterConfig: &awsevents.CfnRule_DeadLetterConfigProperty{Arn: f.untold.QueueArn()},
		}},
	})
	rule.Node().AddDependency(f.role.Node().FindChild(jsii.String("DefaultPolicy"))) // the first event may come at once
	f.rules = append(f.rules, rule.AttrArn())
}

// backupLate is after how many hours without a copy somebody is told: one is begun every day, by AWS within some hours of
// the time that the plan names, and takes minutes.
const backupLate = 30

// newBackupAlarm tells of copies of which no job is made at all, or none comes to its end: where AWS Backup is switched off, the
// plan was changed, or has lost the cluster. No event says so. An hour counts in which the database was there and no copy
// was ready; one in which it was not there yet does not, so that a new environment has its first night before it.
func newBackupAlarm(s constructs.Construct, e environment.Environment, b *Base) {
	const hour = 3600
	awscloudwatch.NewCfnAlarm(s, jsii.String("BackupLate"), &awscloudwatch.CfnAlarmProps{
		AlarmName:        jsii.String("Enishi-" + e.Name + "-BackupLate"),
		AlarmDescription: jsii.String("For more than a day, no copy of the database was made. データベースのバックアップが、1日以上作成されていません。 " + e.Told.Docs + "docs/runbooks/BackupLate.md"),
		Metrics: &[]any{
			judged("BackupLate", "IF(there > 0, FILL(copies, 0), 1)"),
			looked("there", "AWS/RDS", "CPUUtilization", "SampleCount", hour, "DBClusterIdentifier", b.Data.Cluster.Ref()),
			looked("copies", "AWS/Backup", "NumberOfBackupJobsCompleted", "Sum", hour, "BackupVaultName", b.Backup.Vault.BackupVaultName()),
		},
		ComparisonOperator: jsii.String("LessThanThreshold"), Threshold: jsii.Number(1), EvaluationPeriods: jsii.Number(backupLate), TreatMissingData: jsii.String("notBreaching"),
		AlarmActions: &[]any{b.Topics.Ticket.TopicArn()}, OkActions: &[]any{b.Topics.Ticket.TopicArn()},
	})
}
