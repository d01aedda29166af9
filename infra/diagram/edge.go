package diagram

import (
	"fmt"
	"strings"
)

// edge draws what traffic does not of what stands before the environment: what is kept there, by
// how many rules is filtered, where lines go, and who asks from outside.
func (d *drawing) edge() {
	for _, filter := range d.set.Of("AWS::WAFv2::WebACL") {
		d.put(filter.Short(), edge, []string{word(filter), fmt.Sprintf("rules: %d", len(filter.List("Rules")))}, filter)
	}
	for _, from := range d.set.Of("AWS::CloudFront::Distribution") {
		config, _ := from.Properties["DistributionConfig"].(map[string]any)
		d.put(from.Short(), edge, []string{word(from), "keeps " + strings.Join(texts(config["CacheBehaviors"], "PathPattern"), ", ")}, from)
	}
	for _, check := range d.set.Of("AWS::Route53::HealthCheck") {
		config, _ := check.Properties["HealthCheckConfig"].(map[string]any)
		d.put(check.Short(), world, []string{"health check of Route 53", fmt.Sprintf("asks %v", config["ResourcePath"])}, check)
		for _, name := range d.set.Of("AWS::Route53::RecordSet") {
			if strings.TrimSuffix(name.Text("Name"), ".") == config["FullyQualifiedDomainName"] {
				d.connect(check.Short(), d.of[name], fmt.Sprint(config["Type"]))
			}
		}
	}
	d.delivered()
}

// delivered draws where CloudFront's lines go. The bucket is of another region, and the edge is given
// what base says of it.
func (d *drawing) delivered() {
	for _, kind := range []string{"AWS::Logs::DeliverySource", "AWS::Logs::Delivery", "AWS::Logs::DeliveryDestination"} {
		for _, r := range d.set.Of(kind) {
			d.shown[r] = true
			for _, from := range d.set.Under(r, "ResourceArn") {
				for _, says := range d.set.Of("AWS::SSM::Parameter") {
					if strings.HasSuffix(says.Text("Name"), "/access") {
						d.connect(d.of[from], d.only(d.set.Under(says, "Value")), "lines about requests")
					}
				}
			}
		}
	}
}

// texts gives a property of each thing in a list.
func texts(list any, name string) (out []string) {
	all, _ := list.([]any)
	for _, one := range all {
		if of, ok := one.(map[string]any); ok {
			out = append(out, fmt.Sprint(of[name]))
		}
	}
	return out
}
