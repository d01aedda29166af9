package environ_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"enishi/internal/deploy/deploytest"
	"enishi/internal/environ"
)

// TestRightsOfEveryType holds the table of rights to the types of resources in all templates that infra's own tests know:
// prod's whole, and what differs from them in every other environment, on every capacity, with every kind of files.
func TestRightsOfEveryType(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join("..", "..", "infra", "stacks", "testdata", "*"))
	if err != nil {
		t.Fatal(err)
	}
	kind := regexp.MustCompile(`AWS::[A-Z][A-Za-z0-9]*::[A-Z][A-Za-z0-9]*`)
	found := map[string]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range kind.FindAllString(string(text), -1) {
			found[one] = filepath.Base(file)
		}
	}
	if len(found) < 70 {
		t.Fatalf("only %d types in %q", len(found), files)
	}
	known, wrong := environ.Types()
	for _, w := range wrong {
		t.Error(w)
	}
	for one, file := range found {
		if !slices.Contains(known, one) {
			t.Errorf("%s has resources of the type %s, of which rights.txt does not say what rights they need", file, one)
		}
	}
	for _, one := range known {
		if found[one] == "" {
			t.Errorf("rights.txt has %s, which no template has", one)
		}
	}
	action := regexp.MustCompile(`^[a-z0-9-]+:[A-Z][A-Za-z0-9]+$`)
	for _, one := range environ.Rights() {
		if !action.MatchString(one) {
			t.Errorf("rights.txt has %q, which is no action", one)
		}
	}
}

// TestRightsAreAskedByType forbids one action, and makes an environment with and without a resource that needs it.
func TestRightsAreAskedByType(t *testing.T) {
	t.Parallel()
	for resource, action := range map[string]string{
		`{"Type": "AWS::EC2::LaunchTemplate"}`:     "ec2:CreateLaunchTemplate",
		`{"Type": "AWS::IAM::InstanceProfile"}`:    "iam:AddRoleToInstanceProfile",
		`{"Type": "AWS::EFS::AccessPoint"}`:        "elasticfilesystem:CreateAccessPoint",
		`{"Type": "AWS::ECS::CapacityProvider"}`:   "ecs:CreateCapacityProvider",
		`{"Type": "AWS::Scheduler::Schedule"}`:     "scheduler:DeleteSchedule",
		`{"Type": "AWS::CloudWatch::Dashboard"}`:   "cloudwatch:PutDashboard",
		`{"Type": "AWS::EC2::SecurityGroup"}`:      "ec2:AuthorizeSecurityGroupIngress",
		`{"Type": "AWS::Lambda::Permission"}`:      "lambda:AddPermission",
		`{"Type": "AWS::WAFv2::WebACL"}`:           "wafv2:CreateWebACL",
		`{"Type": "AWS::Logs::DeliverySource"}`:    "cloudfront:AllowVendedLogDeliveryForResource",
		`{"Type": "AWS::KMS::Key"}`:                "kms:ScheduleKeyDeletion",
		`{"Type": "AWS::RDS::DBSubnetGroup"}`:      "rds:DeleteDBSubnetGroup",
		`{"Type": "AWS::Backup::BackupSelection"}`: "backup:CreateBackupSelection",
	} {
		with, without := written(t, "dev", `, "More": `+resource), written(t, "dev", "")
		synctest.Test(t, func(t *testing.T) {
			a := deploytest.Empty("dev")
			a.Forbidden = []string{action}
			if p, err := environ.Look(t.Context(), options(a, without, nil)); err != nil || len(p.Bad()) > 0 {
				t.Errorf("without %s, whoever may not %s: %v, %v", resource, action, p, err)
			}
			if err := environ.Up(t.Context(), options(a, with, nil)); err == nil || !strings.Contains(err.Error(), "rights: not allowed: "+action) {
				t.Errorf("with %s, whoever may not %s: %v", resource, action, err)
			}
			if left := a.Left(); len(left) > 0 {
				t.Errorf("it made %q", left)
			}
		})
	}
}

// TestAnUnknownType is told by its name, before anything is made.
func TestAnUnknownType(t *testing.T) {
	t.Parallel()
	w := written(t, "dev", `, "Odd": {"Type": "AWS::Odd::Thing"}`)
	synctest.Test(t, func(t *testing.T) {
		a := deploytest.Empty("dev")
		if err := environ.Up(t.Context(), options(a, w, nil)); err == nil || !strings.Contains(err.Error(), "enishi-dev-base has Odd, which is of the type AWS::Odd::Thing") {
			t.Errorf("Up = %v", err)
		}
		if left := a.Left(); len(left) > 0 {
			t.Errorf("it made %q", left)
		}
	})
}

// TestOwnRights finds everything that making an environment and taking it down changes by itself among what is asked
// for beforehand; and asks in parts, of which none is left out.
func TestOwnRights(t *testing.T) {
	t.Parallel()
	w := written(t, "dev", "")
	known, err := environ.Actions(w)
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		a := deploytest.Empty("dev")
		if err := environ.Up(t.Context(), options(a, w, nil)); err != nil {
			t.Fatal(err)
		}
		a.Back("arn:1")
		if err := environ.Down(t.Context(), options(a, nil, nil)); err != nil {
			t.Fatal(err)
		}
		reads := regexp.MustCompile(`:(Describe|List|Simulate|BatchGet|BatchCheck|GetParameter|GetRole|GetServiceQuota|GetAWSDefault|GetCallerIdentity|GetHostedZone)`)
		right := map[string]string{"s3:DeleteObjects": "s3:DeleteObjectVersion", "backup:Delete": "backup:DeleteRecoveryPoint"} // where one is named otherwise than what is asked
		counted := 0
		for _, asked := range a.Asked() {
			asked, _, _ := strings.Cut(asked, " ")
			if other, ok := right[asked]; ok {
				asked = other
			}
			if reads.MatchString(asked) {
				continue
			}
			if counted++; !slices.Contains(known, asked) {
				t.Errorf("%s is done, and nobody was asked whether that may be", asked)
			}
		}
		if counted < 40 {
			t.Errorf("only %d changes in %q", counted, a.Asked())
		}
	})
}

// TestWhatStaysNeedsNoRightToGo asks nobody in prod for the right to remove what people's data is in, and in dev for that
// of what goes with the environment.
func TestWhatStaysNeedsNoRightToGo(t *testing.T) {
	t.Parallel()
	real, err := environ.Actions(prod(t))
	if err != nil {
		t.Fatal(err)
	}
	demo, err := environ.Actions(written(t, "dev", `, "Key": {"Type": "AWS::KMS::Key", "DeletionPolicy": "Delete"}, "Kept": {"Type": "AWS::SQS::Queue", "DeletionPolicy": "Retain"}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, action := range []string{"s3:DeleteBucket", "s3:DeleteObjectVersion", "kms:ScheduleKeyDeletion", "ecr:DeleteRepository", "backup:DeleteBackupVault", "ssm:DeleteParameters"} {
		if slices.Contains(real, action) || !slices.Contains(demo, action) {
			t.Errorf("%s is asked for: in prod %t, in dev %t", action, slices.Contains(real, action), slices.Contains(demo, action))
		}
	}
	if !slices.Contains(real, "kms:CreateKey") || !slices.Contains(real, "sqs:DeleteQueue") || !slices.Contains(demo, "sqs:CreateQueue") || slices.Contains(demo, "sqs:DeleteQueue") {
		t.Error("what is made and what goes is not told apart")
	}
}

// TestNarrowRights holds up nobody whose policies allow for some roles alone what IAM is asked of all.
func TestNarrowRights(t *testing.T) {
	t.Parallel()
	w := prod(t)
	synctest.Test(t, func(t *testing.T) {
		a := deploytest.Empty("prod")
		a.Forbidden = []string{"iam:PassRole", "kms:CreateGrant"}
		p, err := environ.Look(t.Context(), options(a, w, nil))
		n := slices.IndexFunc(p.Checks, func(c environ.Check) bool { return c.What == "rights" })
		if err != nil || len(p.Bad()) > 0 || n < 0 || p.Checks[n].Is != environ.Unknown || !strings.HasSuffix(p.Checks[n].Note, ": iam:PassRole, kms:CreateGrant") {
			t.Errorf("%v, %+v", err, p)
		}
		a.Forbidden = append(a.Forbidden, "iam:CreateRole")
		if p, err := environ.Look(t.Context(), options(a, w, nil)); err != nil || len(p.Bad()) != 1 {
			t.Errorf("with a right that is none of these: %v, %v", err, p.Bad())
		}
	})
}

// TestAskedInParts asks for all that the largest templates need, more than goes into one request.
func TestAskedInParts(t *testing.T) {
	t.Parallel()
	w := prod(t)
	known, err := environ.Actions(w)
	if err != nil {
		t.Fatal(err)
	}
	for _, action := range []string{known[0], known[len(known)/2], known[len(known)-1]} {
		synctest.Test(t, func(t *testing.T) {
			a := deploytest.Empty("prod")
			a.Forbidden = []string{action}
			p, err := environ.Look(t.Context(), options(a, w, nil))
			if err != nil || len(p.Bad()) != 1 || !strings.Contains(p.Bad()[0], "not allowed: "+action) {
				t.Errorf("%s is not allowed: %v, %v", action, p, err)
			}
			requests := 0
			for _, asked := range a.Asked() {
				if asked == "iam:SimulatePrincipalPolicy" {
					requests++
				}
			}
			if requests != (len(known)+99)/100 || requests < 2 {
				t.Errorf("%d actions in %d requests", len(known), requests)
			}
		})
	}
}

// prod gives the templates of prod that infra's own tests keep.
func prod(t *testing.T) *environ.Wanted {
	t.Helper()
	dir := folder(t, "prod", "")
	for _, part := range []string{"base", "cluster", "service", "alarms", "edge"} {
		name := "enishi-prod-" + part + ".template.json"
		text, err := os.ReadFile(filepath.Join("..", "..", "infra", "stacks", "testdata", name))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	w, err := environ.Read(dir, "prod")
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// TestQuotaOfHosts compares what a group of hosts takes when it is largest with what the account may have.
func TestQuotaOfHosts(t *testing.T) {
	t.Parallel()
	group := func(most any, kind string) string {
		size, err := json.Marshal(most)
		if err != nil {
			t.Fatal(err)
		}
		return `, "Template": {"Type": "AWS::EC2::LaunchTemplate", "Properties": {"LaunchTemplateData": {"InstanceType": "` + kind + `"}}},
			"Group": {"Type": "AWS::AutoScaling::AutoScalingGroup", "Properties": {"MinSize": "0", "MaxSize": ` + string(size) + `, "LaunchTemplate": {"LaunchTemplateId": {"Ref": "Template"}}}}`
	}
	for name, tt := range map[string]struct {
		more    string
		allowed float64
		want    string // of the error; "": it is made
	}{
		"no hosts":      {"", 0, ""},
		"enough":        {group("68", "m7g.xlarge"), 272, ""},
		"too few":       {group("68", "m7g.xlarge"), 271, "quota: cores of hosts of EC2: 271 are allowed, 272 are needed: ask for more (aws service-quotas request-service-quota-increase --service-code ec2 --quota-code L-1216C47A"},
		"small ones":    {group("8", "t4g.medium"), 15, "15 are allowed, 16 are needed"},
		"of no size":    {group("many", "t4g.medium"), 1000, "how many cores the hosts of Group in enishi-dev-base have is not known"},
		"of no kind":    {group("8", "p5.48xlarge"), 1000, `found hosts of the kind \"p5.48xlarge\"`},
		"no template":   {`, "Group": {"Type": "AWS::AutoScaling::AutoScalingGroup", "Properties": {"MaxSize": "1"}}`, 1000, "how many cores"},
		"a metal frame": {group("8", "m7g.metal"), 1000, `found hosts of the size \"metal\"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := written(t, "dev", tt.more)
			synctest.Test(t, func(t *testing.T) {
				a := deploytest.Empty("dev")
				a.Quotas = map[string]float64{"L-1216C47A": tt.allowed}
				err := environ.Up(t.Context(), options(a, w, nil))
				if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), strings.ReplaceAll(tt.want, `\"`, `"`))) {
					t.Errorf("Up = %v, want %q", err, tt.want)
				}
				if left := a.Left(); tt.want != "" && len(left) > 0 {
					t.Errorf("it made %q", left)
				}
			})
		})
	}
}

func TestCoresOf(t *testing.T) {
	t.Parallel()
	for kind, want := range map[string]int{
		"t4g.nano": 2, "t4g.medium": 2, "t3.large": 2, "m7g.medium": 1, "m7g.large": 2, "m7g.xlarge": 4, "c8g.2xlarge": 8, "r7gd.16xlarge": 64, "im4gn.large": 2,
		"g5.xlarge": 0, "inf2.xlarge": 0, "m7g.small": 0, "m7g.1xlarge": 0, "m7g.metal": 0, "m7g": 0, "": 0, "large": 0,
	} {
		if got, err := environ.CoresOf(kind); got != want || (err == nil) != (want > 0) {
			t.Errorf("CoresOf(%q) = %d, %v, want %d", kind, got, err, want)
		}
	}
}

// TestCopiesOfTheDatabase looks whether AWS Backup does what its plan says.
func TestCopiesOfTheDatabase(t *testing.T) {
	t.Parallel()
	const plan = `, "Plan": {"Type": "AWS::Backup::BackupPlan"}`
	for name, tt := range map[string]struct {
		more   string
		copies map[string]bool
		is     environ.Verdict // "": it is not asked
	}{
		"no plan":      {"", map[string]bool{"Aurora": false}, ""},
		"on":           {plan, map[string]bool{"Aurora": true}, environ.Good},
		"off":          {plan, map[string]bool{"Aurora": false, "RDS": true}, environ.Bad},
		"nobody knows": {plan, map[string]bool{"RDS": true}, environ.Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := written(t, "dev", tt.more)
			synctest.Test(t, func(t *testing.T) {
				a := deploytest.Empty("dev")
				a.Copies = tt.copies
				p, err := environ.Look(t.Context(), options(a, w, nil))
				if err != nil {
					t.Fatal(err)
				}
				var is environ.Verdict
				for _, c := range p.Checks {
					if c.What == "copies of the database" {
						is = c.Is
					}
				}
				if err := environ.Up(t.Context(), options(a, w, nil)); is != tt.is || (err != nil) != (is == environ.Bad) {
					t.Errorf("the plan says %q, want %q; Up: %v", is, tt.is, err)
				}
			})
		})
	}
}
