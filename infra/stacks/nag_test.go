package stacks_test

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdklabs/cdk-nag-go/cdknag/v2"
	"github.com/google/go-cmp/cmp"

	"enishi/infra/environment"
	"enishi/infra/stacks"
)

// TestNothingNags runs the AwsSolutions rules over every environment on every capacity, with its
// files in a bucket and in a file system. What is not as they want has its reason where the stack
// says so, by name, and no reason is there for nothing.
func TestNothingNags(t *testing.T) {
	var all []environment.Environment
	for _, e := range environment.All() {
		for _, e.Capacity = range environment.Capacities() {
			for _, e.Files = range []environment.Files{environment.InS3, environment.InEFS} {
				all = append(all, e)
			}
		}
	}
	if want := len(environment.All()) * len(environment.Capacities()) * 2; len(all) != want {
		t.Fatalf("%d are looked at, want %d", len(all), want)
	}
	for _, e := range all {
		for _, wrong := range nags(t, e, func(awscdk.App) {}) {
			t.Errorf("%s on %s with files in %s: %s", e.Name, e.Capacity, e.Files, wrong)
		}
	}
}

// TestExceptionsHideNothingElse gives two roles rights that nobody has explained in place of what was, explains one of
// them as a whole, a right of the other by blanks alone, and what is no fault: all of it is said, and nothing else.
func TestExceptionsHideNothingElse(t *testing.T) {
	const (
		named  = "/enishi-dev-cluster/Work/May/DefaultPolicy/Resource"
		whole  = "/enishi-dev-service/Tasks/May/DefaultPolicy/Resource"
		bucket = "/enishi-dev-base/Data/Access/Resource"
	)
	because := jsii.String("whatever it is")
	excepted := map[string]*cdknag.NagPackSuppression{
		whole: {Id: jsii.String("AwsSolutions-IAM5"), Reason: because}, bucket: {Id: jsii.String("AwsSolutions-S1"), Reason: because},
		named: {Id: jsii.String("AwsSolutions-IAM5"), Reason: jsii.String(strings.Repeat(" ", 10)), AppliesTo: &[]any{"Action::s3:*"}}, // cdk-nag wants ten characters
	}
	got := nags(t, environment.All()[0], func(app awscdk.App) {
		for _, one := range *app.Node().FindAll(constructs.ConstructOrder_PREORDER) {
			if at := "/" + *one.Node().Path(); at == named || at == whole {
				one.(awsiam.CfnPolicy).SetPolicyDocument(map[string]any{"Version": "2012-10-17", "Statement": []any{map[string]any{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}})
			}
			if exception := excepted["/"+*one.Node().Path()]; exception != nil {
				cdknag.NagSuppressions_AddResourceSuppressions(one, &[]*cdknag.NagPackSuppression{exception}, nil)
			}
		}
	})
	for i, one := range got { // names that the library makes are cut
		got[i] = regexp.MustCompile(`<DataFiles[0-9A-F]+\.Arn>`).ReplaceAllString(one, "<DataFiles.Arn>")
	}
	want := []string{
		bucket + ": AwsSolutions-S1 is explained, and not found",
		named + ": AwsSolutions-IAM5[Action::s3:*] has an exception without a reason",
		named + ": AwsSolutions-IAM5[Resource::*] is found, and not explained",
		named + ": AwsSolutions-IAM5[Resource::<DataFiles.Arn>/*] is explained, and not found",
		named + ": AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:secretsmanager:ap-northeast-1:<AWS::AccountId>:secret:rds!cluster-*] is explained, and not found",
		whole + ": AwsSolutions-IAM5[Action::s3:*] is found, and not explained by its name",
		whole + ": AwsSolutions-IAM5[Resource::*] is found, and not explained by its name",
		whole + ": AwsSolutions-IAM5[Resource::<DataFiles.Arn>/*] is explained, and not found",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// nag is a finding of a rule in one resource; what says which, where a rule can have several. why is its reason.
type nag struct{ at, rule, what, why string }

func (n nag) String() string {
	if n.what == "" {
		return n.at + ": " + n.rule
	}
	return n.at + ": " + n.rule + "[" + n.what + "]"
}

// nags describes an environment, changes it, runs the rules, and gives what is wrong: findings that no exception names,
// exceptions of what is not found, and those whose reason is blank, which cdk-nag takes.
func nags(t *testing.T, e environment.Environment, change func(awscdk.App)) (wrong []string) {
	t.Helper()
	dir := t.TempDir()
	app := stacks.NewApp(dir)
	if err := stacks.Describe(app, e, ".."); err != nil {
		t.Fatal(err)
	}
	change(app)
	awscdk.Aspects_Of(app).Add(cdknag.NewAwsSolutionsChecks(&cdknag.NagPackProps{Verbose: jsii.Bool(true), Reports: jsii.Bool(true), LogIgnores: jsii.Bool(true)}), nil)
	app.Synth(nil)
	everyRuleLooked(t, dir)
	for _, part := range environment.Parts() {
		open, excepted, said := naggedIn(t, filepath.Join(dir, "enishi-"+e.Name+"-"+part))
		for _, one := range open {
			wrong = append(wrong, one.String()+" is found, and not explained")
		}
		used := map[nag]bool{}
		for _, one := range excepted {
			if !slices.Contains(said, one) {
				wrong = append(wrong, one.String()+" is found, and not explained by its name")
				one.what = ""
			}
			used[one] = true
		}
		for _, one := range said {
			if strings.TrimSpace(one.why) == "" {
				wrong = append(wrong, one.String()+" has an exception without a reason")
			}
			if !used[one] {
				wrong = append(wrong, one.String()+" is explained, and not found")
			}
		}
	}
	slices.Sort(wrong)
	return wrong
}

// How cdk-nag tells of a finding, of one with an exception, and of a rule with an exception that could not look.
var (
	openNag     = regexp.MustCompile(`^(AwsSolutions-\w+|CdkNagValidationFailure)(?:\[(.*?)\])?: `)
	exceptedNag = regexp.MustCompile(`(?s)^CdkNagSuppression(?:\[(.*?)\])?: (AwsSolutions-\w+) was triggered but suppressed\. Provided reason: "(.*)"\s*$`)
	unseenNag   = regexp.MustCompile(`(?s)^CdkNagSuppression\[(AwsSolutions-\w+)\]: CdkNagValidationFailure was triggered but suppressed\. (.*?)\s*$`)
)

// naggedIn reads what was found in a stack, without an exception and with one, and what exceptions its template says.
func naggedIn(t *testing.T, stack string) (open, excepted, said []nag) {
	t.Helper()
	var told map[string][]struct {
		Type string
		Data any
	}
	var of struct {
		Resources map[string]struct {
			Metadata struct {
				Nag struct {
					Rules []struct {
						ID      string   `json:"id"`
						Reason  string   `json:"reason"`
						Applies []string `json:"applies_to"`
					} `json:"rules_to_suppress"`
				} `json:"cdk_nag"`
			}
		}
	}
	for file, to := range map[string]any{stack + ".metadata.json": &told, stack + templated: &of} {
		text, err := os.ReadFile(file)
		if err := errors.Join(err, json.Unmarshal(text, to)); err != nil {
			t.Fatal(err)
		}
	}
	for at, all := range told {
		for _, one := range all {
			text := fmt.Sprint(one.Data)
			if found := openNag.FindStringSubmatch(text); found != nil {
				open = append(open, nag{at, found[1], found[2], ""})
			}
			if found := exceptedNag.FindStringSubmatch(text); found != nil {
				excepted = append(excepted, nag{at, found[2], found[1], strings.TrimPrefix(found[3], "["+found[1]+"] ")})
			}
			if found := unseenNag.FindStringSubmatch(text); found != nil {
				excepted = append(excepted, nag{at, found[1], "", found[2]})
			}
			if one.Type != "aws:cdk:logicalId" {
				continue
			}
			for _, rule := range of.Resources[text].Metadata.Nag.Rules {
				for _, what := range append(rule.Applies, make([]string, max(0, 1-len(rule.Applies)))...) {
					said = append(said, nag{at, rule.ID, what, rule.Reason})
				}
			}
		}
	}
	return open, excepted, said
}

// everyRuleLooked finds in the reports that rules ran, and that none could not.
func everyRuleLooked(t *testing.T, dir string) {
	t.Helper()
	reports, err := filepath.Glob(filepath.Join(dir, "AwsSolutions-*-NagReport.csv"))
	if err != nil || len(reports) != len(environment.Parts()) {
		t.Fatalf("%d reports, %v", len(reports), err)
	}
	looked := 0
	for _, file := range reports {
		text, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(text).ReadAll()
		if err := errors.Join(err, text.Close()); err != nil {
			t.Fatal(err)
		}
		looked += len(rows)
		for _, row := range rows[1:] {
			if row[2] == "UNKNOWN" || row[2] == "Suppressed" && strings.TrimSpace(row[3]) == "" {
				t.Errorf("%s: %s: %s", row[0], row[1], strings.Join(row[2:], " | "))
			}
		}
	}
	if looked < 100 {
		t.Errorf("only %d rows were looked at", looked)
	}
}
