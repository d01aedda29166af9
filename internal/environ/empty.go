package environ

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/backup"
	backuptypes "github.com/aws/aws-sdk-go-v2/service/backup/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"enishi/internal/errs"
)

// emptyBucket deletes every version of everything in a bucket; one that is gone is fine.
func (p *regional) emptyBucket(ctx context.Context, bucket string) error {
	pages := s3.NewListObjectVersionsPaginator(p.s3, &s3.ListObjectVersionsInput{Bucket: &bucket})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if refused(err, "NoSuchBucket", "") {
			return nil
		}
		if err != nil {
			return fmt.Errorf("list what is in the bucket %s: %w", bucket, err)
		}
		var all []s3types.ObjectIdentifier
		for i := range page.Versions {
			all = append(all, s3types.ObjectIdentifier{Key: page.Versions[i].Key, VersionId: page.Versions[i].VersionId})
		}
		for i := range page.DeleteMarkers {
			all = append(all, s3types.ObjectIdentifier{Key: page.DeleteMarkers[i].Key, VersionId: page.DeleteMarkers[i].VersionId})
		}
		if len(all) == 0 {
			continue
		}
		out, err := p.s3.DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: &bucket, Delete: &s3types.Delete{Objects: all, Quiet: aws.Bool(true)}})
		if err != nil {
			return fmt.Errorf("empty the bucket %s: %w", bucket, err)
		}
		if len(out.Errors) > 0 {
			e := out.Errors[0]
			return errs.New(errs.Internal, fmt.Sprintf("empty the bucket %s: %d remain, %s: %s", bucket, len(out.Errors), aws.ToString(e.Key), aws.ToString(e.Message)))
		}
	}
	return nil
}

func (p *regional) removeBucket(ctx context.Context, bucket string) error {
	if err := p.emptyBucket(ctx, bucket); err != nil {
		return err
	}
	if _, err := p.s3.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: &bucket}); err != nil && !refused(err, "NoSuchBucket", "") {
		return fmt.Errorf("delete the bucket %s: %w", bucket, err)
	}
	return nil
}

// emptyRegistry deletes every image; a list of platforms goes before what it names.
func (a *account) emptyRegistry(ctx context.Context, name string) error {
	for {
		out, err := a.ecr.ListImages(ctx, &ecr.ListImagesInput{RepositoryName: &name, MaxResults: aws.Int32(100)}) // as many as are deleted at once
		if errors.As(err, new(*ecrtypes.RepositoryNotFoundException)) || err == nil && len(out.ImageIds) == 0 {
			return nil
		}
		if err != nil {
			return fmt.Errorf("list the images in %s: %w", name, err)
		}
		gone, err := a.ecr.BatchDeleteImage(ctx, &ecr.BatchDeleteImageInput{RepositoryName: &name, ImageIds: out.ImageIds})
		if err != nil {
			return fmt.Errorf("delete the images in %s: %w", name, err)
		}
		if len(gone.ImageIds) == 0 && len(gone.Failures) > 0 {
			return errs.New(errs.Internal, fmt.Sprintf("delete the images in %s: %s", name, aws.ToString(gone.Failures[0].FailureReason)))
		}
	}
}

func (a *account) emptyVault(ctx context.Context, name string) error {
	pages := backup.NewListRecoveryPointsByBackupVaultPaginator(a.backup, &backup.ListRecoveryPointsByBackupVaultInput{BackupVaultName: &name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if errors.As(err, new(*backuptypes.ResourceNotFoundException)) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("list the backups in %s: %w", name, err)
		}
		for i := range page.RecoveryPoints {
			_, err := a.backup.DeleteRecoveryPoint(ctx, &backup.DeleteRecoveryPointInput{BackupVaultName: &name, RecoveryPointArn: page.RecoveryPoints[i].RecoveryPointArn})
			if err != nil && !errors.As(err, new(*backuptypes.ResourceNotFoundException)) {
				return fmt.Errorf("delete a backup in %s: %w", name, err)
			}
		}
	}
	return nil
}

// parameters lists what the account keeps for the environment.
func (a *account) parameters(ctx context.Context) ([]string, error) {
	out := []string{}
	pages := ssm.NewGetParametersByPathPaginator(a.ssm, &ssm.GetParametersByPathInput{Path: aws.String("/enishi/" + a.environment), Recursive: aws.Bool(true)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list the parameters of %s: %w", a.environment, err)
		}
		for i := range page.Parameters {
			out = append(out, aws.ToString(page.Parameters[i].Name))
		}
	}
	slices.Sort(out)
	return out, nil
}

func (a *account) removeParameters(ctx context.Context) error {
	all, err := a.parameters(ctx)
	if err != nil {
		return err
	}
	for some := range slices.Chunk(all, 10) { // as many as are deleted at once
		if _, err := a.ssm.DeleteParameters(ctx, &ssm.DeleteParametersInput{Names: some}); err != nil {
			return fmt.Errorf("delete parameters of %s: %w", a.environment, err)
		}
	}
	return nil
}

// removeLogs removes the groups of the database's logs where no stack has them: RDS makes one again while it takes a
// cluster down, for ever and of a name that the next stack needs.
func (a *account) removeLogs(ctx context.Context) error {
	prefix := "/aws/rds/cluster/enishi-" + a.environment + "/"
	pages := cloudwatchlogs.NewDescribeLogGroupsPaginator(a.logs, &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: &prefix})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("look for logs of the database of %s: %w", a.environment, err)
		}
		for i := range page.LogGroups {
			_, err := a.logs.DeleteLogGroup(ctx, &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: page.LogGroups[i].LogGroupName})
			if err != nil && !errors.As(err, new(*logtypes.ResourceNotFoundException)) {
				return fmt.Errorf("delete logs of the database of %s: %w", a.environment, err)
			}
		}
	}
	return nil
}
