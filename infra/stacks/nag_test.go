package stacks_test

import (
	"encoding/csv"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdklabs/cdk-nag-go/cdknag/v2"

	"enishi/infra/environment"
	"enishi/infra/stacks"
)

// TestNothingNags runs the AwsSolutions rules over every environment on every capacity, with its
// files in a bucket and in a file system. What is not as they want has its reason where the stack
// says so.
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
		what := e.Name + " on " + string(e.Capacity) + " with files in " + string(e.Files)
		dir := t.TempDir()
		app := stacks.NewApp(dir)
		if err := stacks.Describe(app, e, ".."); err != nil {
			t.Fatal(err)
		}
		awscdk.Aspects_Of(app).Add(cdknag.NewAwsSolutionsChecks(&cdknag.NagPackProps{Verbose: jsii.Bool(true), Reports: jsii.Bool(true)}), nil)
		app.Synth(nil)
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
				if row[2] == "Non-Compliant" || row[2] == "UNKNOWN" || row[2] == "Suppressed" && strings.TrimSpace(row[3]) == "" {
					t.Errorf("%s: %s: %s: %s", what, row[0], row[1], strings.Join(row[2:], " | "))
				}
			}
		}
		if looked < 100 {
			t.Errorf("%s: only %d rows were looked at", what, looked)
		}
	}
}
