package diagram_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"enishi/infra/diagram"
	"enishi/infra/environment"
	"enishi/infra/template"
)

// known are the templates of prod that are compared with what is synthesised.
const known = "../stacks/testdata"

func drawn(t *testing.T, dir string) string {
	t.Helper()
	set, err := template.Read(dir, "prod")
	if err != nil {
		t.Fatal(err)
	}
	return diagram.Draw(set)
}

// TestWhoMayTalkToWhom finds the lines of which operators ask.
func TestWhoMayTalkToWhom(t *testing.T) {
	text := drawn(t, known)
	for _, want := range []string{
		`NetworkWebDoor -->|"tcp 3306"| NetworkDatabaseDoor`,
		`NetworkBalancerDoor -->|"tcp 8080"| NetworkWebDoor`,
		`NetworkBalancerDoor -->|"HTTPS 8443, BalancerTest"| BalancerGreen`,
		`nat -->|"tcp 8443"| NetworkBalancerDoor`,
		`NameA -->|"is"| Distribution`,
		`Filter -->|"filters"| Distribution`,
		`Distribution -->|"origin, HTTPS, with a secret"| BalancerName`,
		`Distribution -->|"lines about requests"| DataAccess`,
		`Check -->|"HTTPS"| NameA`,
		`Topic --> NotifyFunction`,
		`scheduler -->|"starts"| NetworkJobDoor`,
		`TopicsPage --> NotifyFunction`,
		`Budget -->|"tells"| TopicsTicket`,
		`NetworkDatabaseDoor -->|"copied by AWS Backup"| BackupVault`,
		`role_TasksMay -.->|"s3"| DataFiles`,
		`app --> nat`,
	} {
		if !strings.Contains(text, "  "+want+"\n") {
			t.Errorf("not drawn: %s", want)
		}
	}
	if strings.Contains(text, "data --> nat") || strings.Contains(text, "data --> internet") {
		t.Error("the subnets of data reach what is outside")
	}
	if drawn(t, known) != text {
		t.Error("it is drawn otherwise the second time")
	}
}

// TestAnotherDoorIsAnotherDrawing opens the database to the load balancer, and sees it.
func TestAnotherDoorIsAnotherDrawing(t *testing.T) {
	dir := t.TempDir()
	for _, part := range environment.Parts() {
		name := "enishi-prod-" + part + ".template.json"
		text, err := os.ReadFile(filepath.Join(known, name))
		if err != nil {
			t.Fatal(err)
		}
		opened := strings.Replace(string(text), `"SourceSecurityGroupId": {
     "Fn::GetAtt": [
      "NetworkWorkerDoor`, `"SourceSecurityGroupId": {
     "Fn::GetAtt": [
      "NetworkBalancerDoorECC6211D", "GroupId"], "Was": [
      "NetworkWorkerDoor`, 1)
		if part == "base" && opened == string(text) {
			t.Fatal("no rule lets workers in")
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(opened), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if text := drawn(t, dir); text == drawn(t, known) || !strings.Contains(text, `NetworkBalancerDoor -->|"tcp`) {
		t.Error("another rule is drawn like the one before")
	}
}
