package environ

import (
	"context"
	"path"
	"strings"
)

// arn gives the ARN of what a service has in the account and region of whoever asks.
func (who Who) arn(service, resource string) string {
	return strings.Join([]string{"arn", who.partition(), service, who.Region, who.Account, resource}, ":")
}

// partition is AWS's, or one of those that are apart from it.
func (who Who) partition() string {
	if parts := strings.SplitN(who.Identity, ":", 3); len(parts) == 3 {
		return parts[1]
	}
	return "aws"
}

// taskNeeds are the rights that running a task asks for, and waiting for its end. What a look has asked
// for is not asked for again, nor the record of a step, which is written before anything is done.
func (w *work) taskNeeds(who Who) []right {
	return []right{
		{"ecs:RunTask", who.arn("ecs", "task-definition/enishi-"+w.o.Environment+"-once:1")},
		{action: "iam:PassRole"},
		{action: "ecs:DescribeTaskDefinition"},
		{"ecs:DescribeTasks", who.arn("ecs", "task/enishi-"+w.o.Environment+"/one")},
	}
}

// restoreNeeds are the rights that a restore asks for until its cluster is gone: whoever lacks one would find that out while
// nobody is served, or leave the cluster. The key and the secret are RDS's, in the name of whoever asks.
func (w *work) restoreNeeds(who Who, r *restoring) []right {
	cluster, instance := who.arn("rds", "cluster:"+w.account.beside()), who.arn("rds", "db:"+w.account.beside()+"-1")
	makes := "rds:RestoreDBClusterToPointInTime"
	if r.Copy != "" {
		makes = "rds:RestoreDBClusterFromSnapshot"
	}
	out := append(
		w.taskNeeds(who), right{action: "logs:GetLogEvents"},
		right{makes, cluster}, right{"rds:ModifyDBCluster", cluster}, right{"rds:AddTagsToResource", cluster}, right{"rds:DeleteDBCluster", cluster},
		right{"rds:CreateDBInstance", instance}, right{"rds:DeleteDBInstance", instance}, right{action: "rds:DescribeDBInstances"},
		right{action: "kms:CreateGrant"}, right{"secretsmanager:CreateSecret", who.arn("secretsmanager", "secret:rds!cluster-"+w.account.beside())},
	)
	if r.Rehearse {
		return out
	}
	out = append(out, right{action: "application-autoscaling:RegisterScalableTarget"}, right{action: "ecs:ListTasks"})
	for _, name := range Services() {
		service := who.arn("ecs", "service/enishi-"+w.o.Environment+"/"+name)
		out = append(out, right{"ecs:DescribeServices", service}, right{"ecs:UpdateService", service})
	}
	return out
}

// copyNeeds are those that making a copy asks for, or waiting for one that was begun.
func (w *work) copyNeeds(who Who, c *copying) []right {
	out := append(w.taskNeeds(who), right{action: "backup:DescribeBackupJob"})
	if c.job == "" {
		out = append(out, right{"backup:StartBackupJob", who.arn("backup", "backup-vault:"+c.vault)})
	}
	return out
}

// MayMove asks IAM whether whoever asks may hand over a packed database that is sealed with a secret; back: may have one handed over.
// It says nothing of the key under which the bucket keeps it.
func (h *Handover) MayMove(ctx context.Context, o *Options, secret string, back bool) (Check, error) {
	w := newWork(o)
	of := "arn:" + h.partition() + ":s3:::"
	bucket, object := of+h.place.Bucket, of+path.Join(h.place.Bucket, h.place.Prefix, "transfer-one")
	out := append(w.taskNeeds(h.Who), right{action: "logs:GetLogEvents"}, right{"s3:DeleteObject", object})
	if back {
		out = append(out, right{"s3:GetObject", object})
	} else {
		out = append(out, right{"s3:ListBucket", bucket}, right{"s3:PutObject", object})
	}
	if !back && secret != h.Secret {
		out = append(out, right{"secretsmanager:PutSecretValue", h.secretARN})
	}
	return w.mayDo(ctx, h.Who, out)
}
