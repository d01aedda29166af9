package stacks_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"enishi/infra/environment"
)

// threeZones are the environments in which two zones take over what a third one did.
var threeZones = []string{"staging", "prod"}

// TestEveryZoneHasItsSubnets finds a subnet for the load balancer, one for tasks and one for data in each zone of the
// table, which are three where people are, and where what they get is tried.
func TestEveryZoneHasItsSubnets(t *testing.T) {
	for _, name := range threeZones {
		e, err := environment.Find(name)
		if err != nil {
			t.Fatal(err)
		}
		if zones := slices.Compact(slices.Sorted(slices.Values(e.Zones))); len(zones) != 3 {
			t.Errorf("%s has the zones %q, want three", name, e.Zones)
		}
	}
	everywhere(t, func(t *testing.T, e environment.Environment, base, _ template) {
		if len(e.Zones) == 0 {
			t.Error("the table says no zone")
		}
		got := map[string][]string{}
		for name, subnet := range base.of("AWS::EC2::Subnet") {
			kind := ""
			for _, tag := range subnet.Properties["Tags"].([]any) {
				if one := tag.(map[string]any); one["Key"] == "aws-cdk:subnet-name" {
					kind = one["Value"].(string)
				}
			}
			zone, said := subnet.Properties["AvailabilityZone"].(string)
			if !said {
				t.Errorf("%s is in the zone %v", name, subnet.Properties["AvailabilityZone"])
			}
			got[kind] = append(got[kind], zone)
		}
		want := map[string][]string{}
		for _, kind := range []string{"public", "app", "data"} {
			slices.Sort(got[kind])
			want[kind] = slices.Sorted(slices.Values(e.Zones))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("subnets by zone (-want +got):\n%s", diff)
		}
	})
}
