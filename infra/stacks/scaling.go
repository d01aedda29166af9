package stacks

import (
	"fmt"
	"maps"
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapplicationautoscaling"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	"github.com/aws/jsii-runtime-go"

	"enishi/infra/environment"
	"enishi/infra/scaling"
)

// scales gives a service the bounds that operators keep in the account, and its policies.
func (s *Service) scales(e environment.Environment, name string, service awsecs.CfnService, policies []scaling.Policy, spikes []environment.Spike) {
	bound := func(which string) *float64 { return awscdk.Token_AsNumber(kept(s.Stack, e, name+"/"+which)) }
	var planned []any
	for _, spike := range spikes {
		for _, one := range []struct {
			name, at string
			least    *float64
		}{{spike.Name, spike.From, jsii.Number(spike.Least)}, {spike.Name + environment.Over, spike.To, bound("least")}} {
			planned = append(planned, &awsapplicationautoscaling.CfnScalableTarget_ScheduledActionProperty{
				ScheduledActionName: jsii.String(one.name), Schedule: jsii.String("at(" + one.at + ")"), Timezone: jsii.String("Asia/Tokyo"),
				ScalableTargetAction: &awsapplicationautoscaling.CfnScalableTarget_ScalableTargetActionProperty{MinCapacity: one.least},
			})
		}
	}
	target := awsapplicationautoscaling.NewCfnScalableTarget(s.Stack, jsii.String(title(name)+"Scaling"), &awsapplicationautoscaling.CfnScalableTargetProps{
		ServiceNamespace: jsii.String("ecs"), ScalableDimension: jsii.String("ecs:service:DesiredCount"),
		ResourceId:  join("service/", s.Cluster.Ref(), "/"+name),
		MinCapacity: bound("least"), MaxCapacity: bound("most"), ScheduledActions: planned,
	})
	target.AddDependency(service)
	for _, p := range policies {
		tracking := &awsapplicationautoscaling.CfnScalingPolicy_TargetTrackingScalingPolicyConfigurationProperty{
			TargetValue: jsii.Number(p.Target), ScaleOutCooldown: jsii.Number(p.Out.Seconds()), ScaleInCooldown: jsii.Number(p.In.Seconds()),
		}
		switch {
		case p.Holds > 0:
			tracking.CustomizedMetricSpecification = s.held(name, p)
		case p.Figure == scaling.CPU:
			tracking.PredefinedMetricSpecification = &awsapplicationautoscaling.CfnScalingPolicy_PredefinedMetricSpecificationProperty{PredefinedMetricType: jsii.String("ECSServiceAverageCPUUtilization")}
		case p.Figure == scaling.Requests:
			tracking.CustomizedMetricSpecification = computed(append(s.requests(name), expression("each", requestsByTask)))
		case p.Figure == scaling.QueueAge:
			tracking.CustomizedMetricSpecification = queueAge(e)
		}
		awsapplicationautoscaling.NewCfnScalingPolicy(s.Stack, jsii.String(title(name)+"By"+title(p.Name)), &awsapplicationautoscaling.CfnScalingPolicyProps{
			PolicyName: jsii.String(name + "-" + p.Name), PolicyType: jsii.String("TargetTrackingScaling"), ScalingTargetId: target.Ref(),
			TargetTrackingScalingPolicyConfiguration: tracking,
		})
	}
}

// queueAge is what the workers tell of the matcher's queue (decision 0044), the oldest that any of
// them saw.
func queueAge(e environment.Environment) *awsapplicationautoscaling.CfnScalingPolicy_CustomizedMetricSpecificationProperty {
	return &awsapplicationautoscaling.CfnScalingPolicy_CustomizedMetricSpecificationProperty{
		Namespace: jsii.String("Enishi"), MetricName: jsii.String("enishi_matcher_queue_age_seconds"), Statistic: jsii.String("Maximum"),
		Dimensions: &[]any{&awsapplicationautoscaling.CfnScalingPolicy_MetricDimensionProperty{Name: jsii.String("environment"), Value: jsii.String(e.Name)}},
	}
}

// requestsByTask is what the load balancer takes in a minute, by task. AWS's own figure is of
// one target group, and traffic moves between two.
const requestsByTask = "requests / tasks"

// requests are the figures that it is computed from.
func (s *Service) requests(name string) []any {
	return []any{
		metric("requests", "AWS/ApplicationELB", "RequestCount", "Sum", map[string]*string{"LoadBalancer": s.Balancer.Load.LoadBalancerFullName()}),
		metric("tasks", "ECS/ContainerInsights", "RunningTaskCount", "Average", s.of(name)),
	}
}

// of are the dimensions of a service's figures.
func (s *Service) of(name string) map[string]*string {
	return map[string]*string{"ClusterName": s.Cluster.Ref(), "ServiceName": jsii.String(name)}
}

// held is the figure of a policy that only holds tasks: so many times as high as it is, and at the
// target at most. AWS asks for more above the target alone.
func (s *Service) held(name string, p scaling.Policy) *awsapplicationautoscaling.CfnScalingPolicy_CustomizedMetricSpecificationProperty {
	queries, figure := s.requests(name), requestsByTask
	if p.Figure == scaling.CPU {
		queries, figure = []any{metric("cpu", "AWS/ECS", "CPUUtilization", "Average", s.of(name))}, "cpu"
	}
	higher := fmt.Sprintf("%s * %v", figure, p.Holds)
	return computed(append(queries, expression("held", fmt.Sprintf("IF(%s > %v, %v, %s)", higher, p.Target, p.Target, higher))))
}

// computed is a figure that the last of some queries gives.
func computed(queries []any) *awsapplicationautoscaling.CfnScalingPolicy_CustomizedMetricSpecificationProperty {
	return &awsapplicationautoscaling.CfnScalingPolicy_CustomizedMetricSpecificationProperty{Metrics: &queries}
}

// expression computes with those before it, and is what is looked at.
func expression(id, text string) any {
	return &awsapplicationautoscaling.CfnScalingPolicy_TargetTrackingMetricDataQueryProperty{Id: jsii.String(id), Expression: jsii.String(text), ReturnData: jsii.Bool(true)}
}

// metric is a figure that expressions compute with.
func metric(id, namespace, name, stat string, dimensions map[string]*string) any {
	var list []any
	for _, key := range slices.Sorted(maps.Keys(dimensions)) {
		list = append(list, &awsapplicationautoscaling.CfnScalingPolicy_TargetTrackingMetricDimensionProperty{Name: jsii.String(key), Value: dimensions[key]})
	}
	return &awsapplicationautoscaling.CfnScalingPolicy_TargetTrackingMetricDataQueryProperty{
		Id: jsii.String(id), ReturnData: jsii.Bool(false),
		MetricStat: &awsapplicationautoscaling.CfnScalingPolicy_TargetTrackingMetricStatProperty{Stat: jsii.String(stat), Metric: &awsapplicationautoscaling.CfnScalingPolicy_TargetTrackingMetricProperty{
			Namespace: jsii.String(namespace), MetricName: jsii.String(name), Dimensions: &list,
		}},
	}
}
