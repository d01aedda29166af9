package stacks

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsefs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"enishi/infra/environment"
)

// Mount is a file system that every task mounts, where files are not in S3.
type Mount struct {
	System awsefs.CfnFileSystem
	Point  awsefs.CfnAccessPoint
}

// What the image runs as, and where it finds the files.
const (
	programUser = "65532"
	filesAt     = "/files"
	nfsPort     = 2049
)

// newMount describes it: a door in each zone's subnet of data, for our own tasks alone, and
// one way in, which makes whoever comes the program's user and shows one folder.
func newMount(scope constructs.Construct, e environment.Environment, n *Network, keys *Keys) *Mount {
	s := constructs.NewConstruct(scope, jsii.String("Mount"))
	door := awsec2.NewSecurityGroup(s, jsii.String("FilesDoor"), &awsec2.SecurityGroupProps{Vpc: n.VPC, Description: jsii.String("files"), AllowAllOutbound: jsii.Bool(false)})
	for _, own := range []awsec2.SecurityGroup{n.Doors.Web, n.Doors.Worker, n.Doors.Job} {
		door.AddIngressRule(own, awsec2.Port_Tcp(jsii.Number(nfsPort)), jsii.String("Enishi's own tasks"), nil)
	}
	m := &Mount{}
	m.System = awsefs.NewCfnFileSystem(s, jsii.String("Files"), &awsefs.CfnFileSystemProps{
		Encrypted: jsii.Bool(true), KmsKeyId: keys.Data.KeyArn(), PerformanceMode: jsii.String("generalPurpose"), ThroughputMode: jsii.String("elastic"),
		BackupPolicy:     &awsefs.CfnFileSystem_BackupPolicyProperty{Status: jsii.String("DISABLED")}, // what is in it is made of the database
		FileSystemPolicy: mountPolicy(s), BypassPolicyLockoutSafetyCheck: jsii.Bool(false),
	})
	m.System.ApplyRemovalPolicy(stays(e), nil)
	subnets := n.VPC.SelectSubnets(&awsec2.SubnetSelection{SubnetGroupName: jsii.String("data")})
	for i, subnet := range *subnets.SubnetIds {
		awsefs.NewCfnMountTarget(s, jsii.String(fmt.Sprintf("Target%d", i+1)), &awsefs.CfnMountTargetProps{
			FileSystemId: m.System.Ref(), SubnetId: subnet, SecurityGroups: &[]any{door.SecurityGroupId()},
		})
	}
	m.Point = awsefs.NewCfnAccessPoint(s, jsii.String("Point"), &awsefs.CfnAccessPointProps{
		FileSystemId: m.System.Ref(), PosixUser: &awsefs.CfnAccessPoint_PosixUserProperty{Uid: jsii.String(programUser), Gid: jsii.String(programUser)},
		RootDirectory: &awsefs.CfnAccessPoint_RootDirectoryProperty{
			Path:         jsii.String("/enishi"),
			CreationInfo: &awsefs.CfnAccessPoint_CreationInfoProperty{OwnerUid: jsii.String(programUser), OwnerGid: jsii.String(programUser), Permissions: jsii.String("0700")},
		},
	})
	return m
}

// mountPolicy leaves it to roles of the account who may mount, by a target in the network
// and encrypted: without a policy everybody may who reaches a target.
func mountPolicy(s constructs.Construct) map[string]any {
	account := awscdk.Stack_Of(s).FormatArn(&awscdk.ArnComponents{Service: jsii.String("iam"), Region: jsii.String(""), Resource: jsii.String("root"), ArnFormat: awscdk.ArnFormat_NO_RESOURCE_NAME})
	return map[string]any{"Version": "2012-10-17", "Statement": []any{
		map[string]any{
			"Effect": "Allow", "Principal": map[string]any{"AWS": account}, "Action": []string{"elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"},
			"Condition": map[string]any{"Bool": map[string]any{"elasticfilesystem:AccessedViaMountTarget": "true"}},
		},
		map[string]any{"Effect": "Deny", "Principal": map[string]any{"AWS": "*"}, "Action": "*", "Condition": map[string]any{"Bool": map[string]any{"aws:SecureTransport": "false"}}},
	}}
}

// rights lets a role mount it, by the one way in.
func (m *Mount) rights() awsiam.PolicyStatement {
	return awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Actions: jsii.Strings("elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"), Resources: &[]*string{m.System.AttrArn()},
		Conditions: &map[string]any{"StringEquals": map[string]any{"elasticfilesystem:AccessPointArn": m.Point.AttrArn()}},
	})
}

// files is where tasks keep files, as the program is told, and what their role may do there.
func (t *tasks) files() (url *string, may []awsiam.PolicyStatement) {
	d := t.base.Data
	if d.Mount != nil {
		return jsii.String("file://" + filesAt), []awsiam.PolicyStatement{d.Mount.rights()}
	}
	return join("s3://", d.Files.BucketName(), "?region="+t.e.Region), []awsiam.PolicyStatement{
		allow(t.everyFile(), "s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"),
		allow(d.Files.BucketArn(), "s3:ListBucket", "s3:ListBucketMultipartUploads"),
	}
}

// everyFile is what is in the bucket of files.
func (t *tasks) everyFile() *string { return join("", t.base.Data.Files.BucketArn(), "/*") }

// volumes are what a task may write to, beside a file system that it may only read, and
// where the program finds it.
func (t *tasks) volumes() (volumes, at *[]any) {
	volumes, at = &[]any{}, &[]any{}
	put := func(v *awsecs.CfnTaskDefinition_VolumeProperty, path string) {
		*volumes = append(*volumes, v)
		*at = append(*at, &awsecs.CfnTaskDefinition_MountPointProperty{SourceVolume: v.Name, ContainerPath: jsii.String(path), ReadOnly: jsii.Bool(false)})
	}
	put(&awsecs.CfnTaskDefinition_VolumeProperty{Name: jsii.String("data")}, "/data")
	put(&awsecs.CfnTaskDefinition_VolumeProperty{Name: jsii.String("tmp")}, "/tmp")
	if m := t.base.Data.Mount; m != nil {
		put(&awsecs.CfnTaskDefinition_VolumeProperty{Name: jsii.String("files"), EfsVolumeConfiguration: &awsecs.CfnTaskDefinition_EFSVolumeConfigurationProperty{
			FilesystemId: m.System.Ref(), TransitEncryption: jsii.String("ENABLED"),
			AuthorizationConfig: &awsecs.CfnTaskDefinition_AuthorizationConfigProperty{AccessPointId: m.Point.Ref(), Iam: jsii.String("ENABLED")},
		}}, filesAt)
	}
	return volumes, at
}
