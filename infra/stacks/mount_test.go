package stacks_test

import (
	"fmt"
	"strings"
	"testing"

	"enishi/infra/environment"
)

// TestFilesInAFileSystem gives each environment a file system for its files: encrypted where it
// lies and on the way, with one way in, for the program's user and role alone.
func TestFilesInAFileSystem(t *testing.T) {
	for _, e := range environment.All() {
		if e.Files != environment.InS3 {
			t.Errorf("%s has its files in %q, want the bucket unless somebody chose", e.Name, e.Files)
		}
		e.Files = environment.InEFS
		all, _ := synthesised(t, e)
		base, service := all["enishi-"+e.Name+"-base"], runs(all, e.Name)
		theFileSystem(t, e, base)
		tasks := service.of("AWS::ECS::TaskDefinition")
		if len(tasks) < 5 {
			t.Fatalf("%s has %d tasks", e.Name, len(tasks))
		}
		for name, d := range tasks {
			for _, want := range []string{
				`{"Name":"ENISHI_FILES_URL","Value":"file:///files"}`, `{"ContainerPath":"/files","ReadOnly":false,"SourceVolume":"files"}`,
				`"IAM":"ENABLED"`, `"AccessPointId":{"Fn::ImportValue":`, `"TransitEncryption":"ENABLED"`, `"ReadonlyRootFilesystem":true`,
			} {
				if !strings.Contains(d.text, want) {
					t.Errorf("%s: %s lacks %s: %s", e.Name, name, want, d.text)
				}
			}
		}
		mayMount(t, e, service)
		for name, b := range base.of("AWS::S3::Bucket") {
			if strings.HasPrefix(name, "DataFiles") {
				t.Errorf("%s has a bucket of files besides: %s", e.Name, b.text)
			}
		}
	}
}

func theFileSystem(t *testing.T, e environment.Environment, base template) {
	t.Helper()
	systems, targets, points := base.of("AWS::EFS::FileSystem"), base.of("AWS::EFS::MountTarget"), base.of("AWS::EFS::AccessPoint")
	if len(systems) != 1 || len(targets) != len(e.Zones) || len(points) != 1 {
		t.Fatalf("%s has %d file systems with %d targets and %d ways in", e.Name, len(systems), len(targets), len(points))
	}
	for name, s := range systems {
		for _, want := range []string{`"Encrypted":true`, `"KmsKeyId":{"Fn::GetAtt":["KeysData`, `"aws:SecureTransport":"false"`, `"elasticfilesystem:AccessedViaMountTarget":"true"`} {
			if !strings.Contains(s.text, want) {
				t.Errorf("%s: %s lacks %s: %s", e.Name, name, want, s.text)
			}
		}
	}
	subnets := map[string]bool{}
	for name, target := range targets {
		subnet := fmt.Sprint(target.Properties["SubnetId"])
		subnets[subnet] = true
		if !strings.Contains(subnet, "data") || !strings.Contains(target.text, "FilesDoor") {
			t.Errorf("%s: %s stands in %s: %s", e.Name, name, subnet, target.text)
		}
	}
	if len(subnets) != len(e.Zones) {
		t.Errorf("%s: the targets stand in %v", e.Name, subnets)
	}
	for name, p := range points {
		if !strings.Contains(p.text, `"PosixUser":{"Gid":"65532","Uid":"65532"}`) || !strings.Contains(p.text, `"Permissions":"0700"`) {
			t.Errorf("%s: %s is %s", e.Name, name, p.text)
		}
	}
	lets := 0
	for name, in := range base.of("AWS::EC2::SecurityGroupIngress") {
		if !strings.Contains(fmt.Sprint(in.Properties["GroupId"]), "FilesDoor") {
			continue
		}
		lets++
		from := fmt.Sprint(in.Properties["SourceSecurityGroupId"])
		if in.Properties["FromPort"] != 2049.0 || in.Properties["ToPort"] != 2049.0 || !strings.Contains(from, "WebDoor") && !strings.Contains(from, "WorkerDoor") && !strings.Contains(from, "JobDoor") {
			t.Errorf("%s: %s lets in %s", e.Name, name, in.text)
		}
	}
	if lets != 3 {
		t.Errorf("%s: the file system lets in %d, want our own three", e.Name, lets)
	}
}

// mayMount finds the program's role with the right to mount and to write, by the one way in.
func mayMount(t *testing.T, e environment.Environment, service template) {
	t.Helper()
	found := 0
	for name, p := range service.of("AWS::IAM::Policy") {
		if !strings.HasPrefix(name, "TasksMay") && !strings.HasPrefix(name, "WorkMay") {
			if strings.Contains(p.text, "elasticfilesystem:") {
				t.Errorf("%s: %s may mount too", e.Name, name)
			}
			continue
		}
		for _, one := range p.Properties["PolicyDocument"].(map[string]any)["Statement"].([]any) {
			s := one.(map[string]any)
			if !strings.Contains(fmt.Sprint(s["Action"]), "elasticfilesystem:") {
				continue
			}
			found++
			if fmt.Sprint(s["Action"]) != "[elasticfilesystem:ClientMount elasticfilesystem:ClientWrite]" || !strings.Contains(fmt.Sprint(s["Condition"]), "elasticfilesystem:AccessPointArn") {
				t.Errorf("%s: the program may %v", e.Name, s)
			}
		}
		if strings.Contains(p.text, "s3:PutObject") {
			t.Errorf("%s: the program may write to a bucket besides: %s", e.Name, p.text)
		}
	}
	if found != 2 {
		t.Errorf("%s: %d statements let the program mount, want one for services and jobs, and one for tasks that run once", e.Name, found)
	}
}
