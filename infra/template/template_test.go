package template_test

import (
	"os"
	"path/filepath"
	"testing"

	"enishi/infra/template"
)

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestReferencesAreFollowed goes every way in which a template refers to something.
func TestReferencesAreFollowed(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "enishi-x-base.template.json", `{"Resources":{"Bucket0123ABCD":{"Type":"B"},"Door":{"Type":"D"}},
		"Outputs":{"O":{"Value":{"Fn::GetAtt":["Bucket0123ABCD","Arn"]},"Export":{"Name":"x:bucket"}}}}`)
	write(t, dir, "enishi-x-service.template.json", `{"Resources":{"Own":{"Type":"O"},"Other":{"Type":"O"},"User":{"Type":"U","Properties":{
		"Ref":{"Ref":"Own"}, "Get":{"Fn::GetAtt":"Own.Arn"}, "Sub":{"Fn::Sub":"arn:${Other.Arn}/*"},
		"Import":{"Fn::Join":["",["",{"Fn::ImportValue":"x:bucket"},"/*"]]}, "Nothing":{"Ref":"AWS::Region"}, "Deep":[{"Groups":[{"Ref":"Other"}]}]}}}}`)
	write(t, dir, "enishi-y-base.template.json", `{"Resources":{"Stranger":{"Type":"B"}}}`)
	s, err := template.Read(dir, "x")
	if err != nil {
		t.Fatal(err)
	}
	user := s.Of("U")[0]
	for property, want := range map[string]string{"Ref": "Own", "Get": "Own", "Sub": "Other", "Import": "Bucket", "Nothing": "", "Deep": "Other"} {
		got := ""
		for _, r := range s.Refers(user.Stack, user.Properties[property]) {
			got += r.Short()
		}
		if got != want {
			t.Errorf("%s refers to %q, want %q", property, got, want)
		}
	}
	if got := s.Under(user, "Groups"); len(got) != 1 || got[0].Name != "Other" {
		t.Errorf("under Groups is %v", got)
	}
	if len(s.Resources) != 5 {
		t.Errorf("%d resources, want those of x alone", len(s.Resources))
	}
	if _, err := template.Read(dir, "z"); err == nil {
		t.Error("an environment without templates is read")
	}
}
