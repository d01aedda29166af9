package stacks_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"enishi/infra/environment"
)

// asked is what an alarm may name in a dimension: of a type, by its name in AWS, which is what a reference to it gives or an
// attribute of it.
type asked struct{ kind, by string }

// askedOf gives what stands behind each dimension that alarms ask by, by namespace and name.
func askedOf() map[string]asked {
	return map[string]asked{
		"AWS/ApplicationELB LoadBalancer":   {"AWS::ElasticLoadBalancingV2::LoadBalancer", "LoadBalancerFullName"},
		"AWS/ApplicationELB TargetGroup":    {"AWS::ElasticLoadBalancingV2::TargetGroup", "TargetGroupFullName"},
		"AWS/Backup BackupVaultName":        {"AWS::Backup::BackupVault", "BackupVaultName"},
		"AWS/ECS ClusterName":               {"AWS::ECS::Cluster", ""},
		"ECS/ContainerInsights ClusterName": {"AWS::ECS::Cluster", ""},
		"AWS/ECS ServiceName":               {"AWS::ECS::Service", "ServiceName"},
		"ECS/ContainerInsights ServiceName": {"AWS::ECS::Service", "ServiceName"},
		"AWS/Firehose DeliveryStreamName":   {"AWS::KinesisFirehose::DeliveryStream", ""},
		"AWS/RDS DBClusterIdentifier":       {"AWS::RDS::DBCluster", ""},
		"AWS/SQS QueueName":                 {"AWS::SQS::Queue", "QueueName"},
		"AWS/Route53 HealthCheckId":         {"AWS::Route53::HealthCheck", "HealthCheckId"},
	}
}

// TestAlarmsAskOfWhatIsThere follows each dimension of each alarm to what the stacks make: of the type of which the metric tells, by the
// name by which it does; and both target groups, both services, and everything else are asked of.
func TestAlarmsAskOfWhatIsThere(t *testing.T) {
	for _, e := range environment.All() {
		all, _ := synthesised(t, e)
		found := map[string][]string{}
		for stack, template := range all {
			for name, a := range template.of("AWS::CloudWatch::Alarm") {
				for _, m := range metricsOf(a) {
					space, _ := m["Namespace"].(string)
					dimensions, _ := m["Dimensions"].([]any)
					for _, one := range dimensions {
						d, _ := one.(map[string]any)
						key := space + " " + fmt.Sprint(d["Name"])
						if space == "Enishi" {
							continue // TestOwnMetricsAreOfTheirEnvironment
						}
						of, ok := askedOf()[key]
						thing, kind, by := behind(all, stack, d["Value"], of.kind)
						if !ok || kind != of.kind || by != of.by {
							t.Errorf("%s: %s asks by %s of %s %q (%s), want one of %s by %q", e.Name, name, key, kind, thing, by, of.kind, of.by)
						}
						if !slices.Contains(found[key], thing) {
							found[key] = append(found[key], thing)
						}
					}
				}
			}
		}
		for key := range askedOf() {
			want := 1
			if strings.HasSuffix(key, " TargetGroup") || strings.HasSuffix(key, " ServiceName") {
				want = 2
			}
			if len(found[key]) != want {
				t.Errorf("%s: by %s alarms ask of %q, want %d", e.Name, key, found[key], want)
			}
		}
	}
}

// metricsOf gives the metrics that an alarm looks at.
func metricsOf(a resource) (out []map[string]any) {
	if a.Properties["MetricName"] != nil {
		out = append(out, a.Properties)
	}
	queries, _ := a.Properties["Metrics"].([]any)
	for _, q := range queries {
		stat, _ := q.(map[string]any)["MetricStat"].(map[string]any)
		if metric, ok := stat["Metric"].(map[string]any); ok {
			out = append(out, metric)
		}
	}
	return out
}

// behind gives what a value of a stack stands for: what the template calls it, its type, and by which attribute, "" for the reference
// to it. A text is the name of something of a type.
func behind(all map[string]template, stack string, value any, kind string) (thing, is, by string) {
	if text, ok := value.(string); ok {
		for _, t := range all {
			for name, r := range t.of(kind) {
				if r.Properties["ServiceName"] == text {
					return name, kind, "ServiceName"
				}
			}
		}
		return text, "nothing", ""
	}
	of, _ := value.(map[string]any)
	if exported, ok := of["Fn::ImportValue"].(string); ok {
		for name, t := range all {
			for _, out := range t.Outputs {
				if out.Export.Name == exported {
					return behind(all, name, out.Value, kind)
				}
			}
		}
	}
	if name, ok := of["Ref"].(string); ok {
		return name, all[stack].Resources[name].Type, ""
	}
	if parts, ok := of["Fn::GetAtt"].([]any); ok && len(parts) == 2 {
		name, _ := parts[0].(string)
		by, _ = parts[1].(string)
		return name, all[stack].Resources[name].Type, by
	}
	return fmt.Sprint(value), "nothing", ""
}
