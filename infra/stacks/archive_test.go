package stacks_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"enishi/infra/environment"
)

// unarchived are the log groups whose lines go to no archive, by their stack and how their names begin, and why
// (docs/operations.md, "Logs, traces, metrics").
func unarchived() []struct{ part, named, why string } {
	return []struct{ part, named, why string }{
		{"base", "ArchiveErrors", "what says that nothing is delivered would have to be delivered"},
		{"base", "DataDatabaseLogSlowquery", "the database writes slow statements with their values, which may be somebody's"},
		{"edge", "Refusals", "the filter (WAF) writes the address of whoever it refused, and can leave out headers, queries and paths, but no address; in us-east-1, since it takes no group elsewhere"},
	}
}

// TestEveryLogReachesTheArchive finds a subscription of each log group, but for those that go to none for a reason, and
// what becomes of the lines.
func TestEveryLogReachesTheArchive(t *testing.T) {
	for _, e := range environment.All() {
		all, _ := synthesised(t, e)
		base := all["enishi-"+e.Name+"-base"]
		groups, alone := 0, map[string]int{}
		for _, part := range environment.Parts() {
			one, taken := all["enishi-"+e.Name+"-"+part], map[string]int{}
			for name, f := range one.of("AWS::Logs::SubscriptionFilter") {
				group := f.Properties["LogGroupName"].(map[string]any)["Ref"].(string)
				taken[group]++
				if f.Properties["FilterPattern"] != "" || !strings.Contains(f.text, "ArchiveStream") || !strings.Contains(f.text, "ArchiveHands") {
					t.Errorf("%s, %s: %s", part, name, f.text)
				}
			}
			for name := range one.of("AWS::Logs::LogGroup") {
				groups++
				want := 1
				for _, u := range unarchived() {
					if u.part == part && strings.HasPrefix(name, u.named) {
						want = 0
						alone[u.named]++
					}
				}
				if taken[name] != want {
					t.Errorf("%s: %s of %s has %d subscriptions, want %d", e.Name, name, part, taken[name], want)
				}
			}
		}
		if groups < 10 || len(alone) != len(unarchived()) {
			t.Errorf("%s has %d log groups, and in no archive are %v", e.Name, groups, alone)
		}
		theStream(t, e, base)
		theArchive(t, e, base)
		mayArchive(t, base)
		takesExports(t, base)
		alarm := all["enishi-"+e.Name+"-alarms"].Resources["ArchiveLate"]
		if alarm.Properties["AlarmName"] != "Enishi-"+e.Name+"-ArchiveLate" || alarm.Properties["TreatMissingData"] != "breaching" || !strings.Contains(fmt.Sprint(alarm.Properties["AlarmActions"]), "Ticket") {
			t.Errorf("the alarm is %s", alarm.text)
		}
	}
}

// TestTheManualSaysWhatIsInNoArchive compares the manual's table with those log groups.
func TestTheManualSaysWhatIsInNoArchive(t *testing.T) {
	text, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(text), "\n| stack | log group | why |\n|---|---|---|\n")
	rows, _, _ := strings.Cut(after, "\n\n")
	var want []string
	for _, u := range unarchived() {
		want = append(want, fmt.Sprintf("| %s | `%s` | %s |", u.part, u.named, u.why))
	}
	if diff := cmp.Diff(want, strings.Split(rows, "\n")); diff != "" {
		t.Errorf("docs/operations.md (-want +got):\n%s", diff)
	}
}

// TestTheDatabasesLogsHaveTheirDays finds a group for everything that the database is told to write, made before
// RDS would make one of its own, which keeps lines for ever.
func TestTheDatabasesLogsHaveTheirDays(t *testing.T) {
	for _, e := range environment.All() {
		all, _ := synthesised(t, e)
		base := all["enishi-"+e.Name+"-base"]
		for _, cluster := range base.of("AWS::RDS::DBCluster") {
			written := cluster.Properties["EnableCloudwatchLogsExports"].([]any)
			if len(written) < 3 {
				t.Errorf("%s: the database writes %v", e.Name, written)
			}
			for _, kind := range written {
				want := fmt.Sprintf("/aws/rds/cluster/%v/%v", cluster.Properties["DBClusterIdentifier"], kind)
				found := ""
				for name, g := range base.of("AWS::Logs::LogGroup") {
					if g.Properties["LogGroupName"] == want && g.Properties["RetentionInDays"] == float64(e.LogDays) {
						found = name
					}
				}
				if !slices.Contains(cluster.DependsOn, found) {
					t.Errorf("%s: %s is made by RDS", e.Name, want)
				}
			}
		}
	}
}

// theStream writes by date, encrypted, and as compressed as lines come.
func theStream(t *testing.T, e environment.Environment, base template) {
	t.Helper()
	streams := base.of("AWS::KinesisFirehose::DeliveryStream")
	if len(streams) != 1 {
		t.Fatalf("%s has %d delivery streams", e.Name, len(streams))
	}
	for _, s := range streams {
		for _, want := range []string{
			`"Prefix":"logs/!{timestamp:yyyy/MM/dd}/"`, `"CustomTimeZone":"Asia/Tokyo"`, `"CompressionFormat":"UNCOMPRESSED"`, `"FileExtension":".json.gz"`,
			`"AWSKMSKeyARN":{"Fn::GetAtt":["KeysData`, `"KeyType":"AWS_OWNED_CMK"`, `"BucketARN":{"Fn::GetAtt":["DataArchive`, `"Enabled":true`,
		} {
			if !strings.Contains(s.text, want) {
				t.Errorf("%s: the stream lacks %s: %s", e.Name, want, s.text)
			}
		}
	}
}

// theArchive keeps lines for as long as the table says, and no version of them longer.
func theArchive(t *testing.T, e environment.Environment, base template) {
	t.Helper()
	for name, b := range base.of("AWS::S3::Bucket") {
		if !strings.HasPrefix(name, "DataArchive") {
			continue
		}
		rule := b.Properties["LifecycleConfiguration"].(map[string]any)["Rules"].([]any)[0].(map[string]any)
		if rule["ExpirationInDays"] != float64(e.ArchiveDays) || e.ArchiveDays < e.LogDays {
			t.Errorf("%s keeps lines for %v days, %d in CloudWatch", e.Name, rule["ExpirationInDays"], e.LogDays)
		}
		if !strings.Contains(b.text, `"NoncurrentVersionExpiration":{"NoncurrentDays":1}`) {
			t.Errorf("%s keeps versions of what has expired: %s", e.Name, b.text)
		}
		if cheaper := strings.Contains(b.text, "GLACIER_IR"); cheaper != (e.ArchiveDays >= 90) {
			t.Errorf("%s: lines lie in the cheaper class: %t", e.Name, cheaper)
		}
	}
}

// takesExports lets CloudWatch Logs write what the archive lacks, from this account, below one prefix, by the key, and
// nothing else of the archive.
func takesExports(t *testing.T, base template) {
	t.Helper()
	found := map[string][]string{}
	for _, kind := range []string{"AWS::S3::BucketPolicy", "AWS::KMS::Key"} {
		for name, p := range base.of(kind) {
			document, of := p.Properties["PolicyDocument"], "Bucket"
			if kind == "AWS::KMS::Key" {
				document, of = p.Properties["KeyPolicy"], "KeyPolicy"
			}
			for _, one := range document.(map[string]any)["Statement"].([]any) {
				s := one.(map[string]any)
				conditions := fmt.Sprint(s["Condition"])
				if !strings.Contains(fmt.Sprint(s["Principal"]), "logs.ap-northeast-1.amazonaws.com") || strings.HasPrefix(name, "KeysLogs") {
					continue
				}
				held := strings.Contains(conditions, "aws:SourceAccount") && strings.Contains(conditions, ":log-group:*")
				if of == "KeyPolicy" {
					held = strings.Contains(conditions, "kms:EncryptionContext:aws:s3:arn") && strings.Contains(conditions, ":s3:::enishi-")
				}
				on := fmt.Sprint(s["Resource"])
				if !held || of == "Bucket" && !strings.Contains(on, "DataArchive") || fmt.Sprint(s["Action"]) == "s3:PutObject" && !strings.Contains(on, "/exported/*") {
					t.Errorf("%s: CloudWatch Logs may %v on %s if %s", name, s["Action"], on, conditions)
				}
				found[of] = append(found[of], fmt.Sprint(s["Action"]))
			}
		}
	}
	if diff := cmp.Diff(map[string][]string{"Bucket": {"s3:GetBucketAcl", "s3:PutObject"}, "KeyPolicy": {"[kms:GenerateDataKey kms:Decrypt]"}}, found); diff != "" {
		t.Errorf("rights of exports (-want +got):\n%s", diff)
	}
}

// mayArchive holds the two roles to what they need.
func mayArchive(t *testing.T, base template) {
	t.Helper()
	may := map[string][]string{}
	for name, p := range base.of("AWS::IAM::Policy") {
		role, _, found := strings.Cut(name, "DefaultPolicy")
		if !found || !strings.HasPrefix(role, "Archive") {
			continue
		}
		role = strings.TrimRight(role, "0123456789ABCDEF")
		for _, one := range p.Properties["PolicyDocument"].(map[string]any)["Statement"].([]any) {
			s := one.(map[string]any)
			actions, many := s["Action"].([]any)
			if !many {
				actions = []any{s["Action"]}
			}
			for _, a := range actions {
				may[role] = append(may[role], a.(string))
			}
			if on := fmt.Sprint(s["Resource"]); on == "*" {
				t.Errorf("%s may %v on everything", role, actions)
			}
		}
		slices.Sort(may[role])
	}
	want := map[string][]string{
		"ArchiveWrites": {
			"kms:Decrypt", "kms:GenerateDataKey", "logs:PutLogEvents", "s3:AbortMultipartUpload", "s3:GetBucketLocation",
			"s3:ListBucket", "s3:ListBucketMultipartUploads", "s3:PutObject",
		},
		"ArchiveHands": {"firehose:PutRecord", "firehose:PutRecordBatch"},
	}
	if diff := cmp.Diff(want, may); diff != "" {
		t.Errorf("rights of the archive (-want +got):\n%s", diff)
	}
}
