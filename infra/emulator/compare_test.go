package emulator

import (
	"strings"
	"testing"
)

// TestDiffer holds what every property is compared by.
func TestDiffer(t *testing.T) {
	type m = map[string]any
	for _, c := range []struct {
		name      string
		want, got any
		same      bool
	}{
		{"a number and its text", 8080.0, "8080", true},
		{"a truth and its text", true, "true", true},
		{"another text", "IMMUTABLE", "MUTABLE", false},
		{"nothing", "enabled", nil, false},
		{"names in another case, and more of them", m{"FromPort": 443.0}, m{"fromPort": "443", "toPort": "443"}, true},
		{"a name that is missing", m{"FromPort": 443.0, "ToPort": 443.0}, m{"fromPort": "443"}, false},
		{"a list in another order", []any{"a", "b"}, []any{"b", "a"}, true},
		{"a list with more", []any{"a"}, []any{"a", "b"}, false},
		{"a list with one twice", []any{"a", "a"}, []any{"a", "b"}, false},
		{"an empty element", []any{}, "", true},
		{"one that may be repeated", []any{m{"Key": "a"}}, m{"key": "a"}, true},
		{"a list as a text", []any{"a", "b"}, "b,a", true},
		{"a document as JSON", m{"Version": "1"}, `{"Version":"1"}`, true},
		{"a document in an address", m{"Version": "1"}, "%7B%22Version%22%3A%221%22%7D", true},
		{"another document", m{"Version": "1"}, `{"Version":"2"}`, false},
	} {
		if why := differ("p", c.want, c.got); (why == "") != c.same {
			t.Errorf("%s: differ(%v, %v) = %q", c.name, c.want, c.got, why)
		}
	}
	if why := differ("Tags", []any{"a"}, []any{"aws:b", "a"}); why != "" {
		t.Errorf("AWS's own tags differ: %s", why)
	}
}

// TestAt follows paths through what an answer holds.
func TestAt(t *testing.T) {
	answer, err := decode([]byte(`<r><routeSet><item><destinationCidrBlock>0.0.0.0/0</destinationCidrBlock><gatewayId>igw-1</gatewayId></item>` +
		`<item><destinationCidrBlock>10.0.0.0/16</destinationCidrBlock></item></routeSet><Rule><Days>7</Days></Rule><Rule><Days>9</Days></Rule></r>`))
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"routeSet/[destinationCidrBlock=0.0.0.0/0]/gatewayId": "igw-1",
		"RouteSet/0/GatewayId":                                "igw-1",
		"routeSet/[destinationCidrBlock=10.9.0.0/16]":         "",
		"routeSet/2":  "",
		"Rule/1/Days": "9",
		"Rule/*/Days": "[7 9]",
		"none/of/it":  "",
	} {
		if got := textOf(at(answer, path)); got != want {
			t.Errorf("at(%q) = %q, want %q", path, got, want)
		}
	}
}

// TestCut takes out what is not made, and puts something in the place of what refers to it.
func TestCut(t *testing.T) {
	in := template{
		Resources: map[string]*resource{
			"Key":    {Type: "AWS::KMS::Key", Properties: map[string]any{"Tags": []any{}}},
			"Secret": {Type: "AWS::SecretsManager::Secret"},
			"Files":  {Type: "AWS::EFS::FileSystem"},
			"Point":  {Type: "AWS::EFS::AccessPoint"},
			"Role":   {Type: "AWS::IAM::Role", Properties: map[string]any{"At": map[string]any{"Fn::GetAtt": []any{"Files", "Arn"}}, "By": map[string]any{"Ref": "Point"}, "Of": map[string]any{"Ref": "Secret"}, "Key": map[string]any{"Fn::GetAtt": []any{"Key", "Arn"}}}, DependsOn: []string{"Secret", "Key"}},
		},
		Outputs: map[string]map[string]any{"O": {"Value": map[string]any{"Fn::GetAtt": []any{"Secret", "Arn"}}}},
	}
	f := &formation{}
	out := in.cut(f.stands, "")
	role := out.Resources["Role"]
	if out.Resources["Secret"] != nil || strings.Join(role.DependsOn, " ") != "Key" {
		t.Errorf("a secret stays: %v, %v", out.Resources, role.DependsOn)
	}
	if got := textOf(role.Properties["Of"]); got != types["AWS::SecretsManager::Secret"].named+"stands-for-Secret" {
		t.Errorf("for the secret stands %s", got)
	}
	if _, is := role.Properties["Key"].(map[string]any); !is {
		t.Errorf("for the key, which is made, stands %v", role.Properties["Key"])
	}
	if got, want := textOf(role.Properties["At"]), textOf((gap{follows: systemArn}).derive("Files")); got != want {
		t.Errorf("for the file system's ARN stands %s, want %s", got, want)
	}
	if got := textOf(role.Properties["By"]); got != "fsap-0" {
		t.Errorf("for the access point stands %s", got)
	}
	if got := textOf(out.Outputs["O"]["Value"]); !strings.HasPrefix(got, "arn:aws:standing:") {
		t.Errorf("for the output stands %s", got)
	}
	if _, said := out.Resources["Key"].Properties["Tags"]; said {
		t.Error("the tags of the key are handed on")
	}
	if _, said := in.cut(f.stands, "AWS::KMS::Key Tags").Resources["Key"].Properties["Tags"]; !said {
		t.Error("without the gap, the tags of the key are gone")
	}
}
