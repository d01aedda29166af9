package diagram

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"enishi/infra/template"
)

// drawn are the types outside the network that have a node each, and what they are called.
var drawn = map[string]string{
	"AWS::S3::Bucket":               "bucket",
	"AWS::SecretsManager::Secret":   "secret",
	"AWS::ECR::Repository":          "registry",
	"AWS::SNS::Topic":               "topic",
	"AWS::SQS::Queue":               "queue",
	"AWS::Lambda::Function":         "function",
	"AWS::Budgets::Budget":          "budget",
	"AWS::CloudFront::Distribution": "CloudFront",
	"AWS::WAFv2::WebACL":            "WAF",
	"AWS::EFS::FileSystem":          "file system",
	"AWS::Backup::BackupVault":      "backup vault",
	"AWS::Events::Rule":             "rule of EventBridge",

	"AWS::KinesisFirehose::DeliveryStream": "delivery stream",
}

// word says what something is.
func word(r *template.Resource) string {
	name := drawn[r.Type]
	if name == "" {
		name = strings.ReplaceAll(strings.TrimPrefix(r.Type, "AWS::"), "::", " ")
	}
	return name + " " + r.Short()
}

// things makes a node of each that stands in no subnet.
func (d *drawing) things() {
	for _, r := range d.set.Resources {
		if drawn[r.Type] == "" || d.shown[r] {
			continue
		}
		place := region
		if strings.HasSuffix(r.Stack, "-edge") {
			place = edge
		}
		d.put(r.Short(), place, []string{word(r)}, r)
	}
}

// traffic draws the way of a request: names, distributions, listeners, target groups.
func (d *drawing) traffic() {
	for _, group := range d.set.Of("AWS::ElasticLoadBalancingV2::TargetGroup") {
		d.put(group.Short(), app, []string{"target group " + group.Short(), "asks " + group.Text("HealthCheckPath")}, group)
	}
	for _, service := range d.set.Of("AWS::ECS::Service") {
		for _, group := range d.set.Under(service, "TargetGroupArn", "AlternateTargetGroupArn") {
			d.connect(d.of[group], d.of[service], "")
		}
	}
	for _, rule := range d.set.Of("AWS::ElasticLoadBalancingV2::ListenerRule") {
		for _, listener := range d.set.Under(rule, "ListenerArn") {
			d.shown[rule], d.shown[listener] = true, true
			says := fmt.Sprintf("%s %v, %s", listener.Text("Protocol"), listener.Properties["Port"], listener.Short())
			for _, group := range d.set.Under(rule, "TargetGroupArn") {
				d.connect(d.only(d.set.Under(listener, "LoadBalancerArn")), d.of[group], says)
			}
		}
	}
	for _, from := range d.set.Of("AWS::CloudFront::Distribution") {
		for _, acl := range d.set.Under(from, "WebACLId") {
			d.connect(d.of[acl], d.of[from], "filters")
		}
	}
	for _, name := range d.set.Of("AWS::Route53::RecordSet") {
		to := d.only(d.set.Under(name, "AliasTarget"))
		if to == "" {
			continue
		}
		d.put(name.Short(), world, []string{"name " + strings.TrimSuffix(name.Text("Name"), ".")}, name)
		d.connect(name.Short(), to, "is")
		for _, from := range d.set.Of("AWS::CloudFront::Distribution") {
			config, _ := from.Properties["DistributionConfig"].(map[string]any)
			if slices.Contains(texts(config["Origins"], "DomainName"), strings.TrimSuffix(name.Text("Name"), ".")) {
				d.connect(d.of[from], name.Short(), "origin, HTTPS, with a secret")
			}
		}
	}
	for _, r := range d.set.Resources { // lines about who asked for what
		for _, bucket := range d.set.Under(r, "LoadBalancerAttributes", "LoggingConfiguration") {
			d.connect(d.of[r], d.of[bucket], "lines about requests")
		}
	}
}

// archives draws where lines of the log go.
func (d *drawing) archives() {
	for _, stream := range d.set.Of("AWS::KinesisFirehose::DeliveryStream") {
		for _, to := range d.set.Under(stream, "ExtendedS3DestinationConfiguration") {
			if to.Type == "AWS::S3::Bucket" {
				d.connect(d.of[stream], d.of[to], "lines")
			}
		}
		n := 0
		for _, filter := range d.set.Of("AWS::Logs::SubscriptionFilter") {
			if slices.Contains(d.set.Under(filter, "DestinationArn"), stream) {
				d.shown[filter] = true
				n++
			}
		}
		d.put("log_groups", region, []string{fmt.Sprintf("log groups that it takes: %d", n)})
		d.connect("log_groups", d.of[stream], "lines")
	}
}

// schedules draws who starts jobs.
func (d *drawing) schedules() {
	all := d.set.Of("AWS::Scheduler::Schedule")
	if len(all) == 0 {
		return
	}
	d.put("scheduler", region, []string{fmt.Sprintf("EventBridge Scheduler, schedules: %d", len(all))})
	for _, one := range all {
		d.connect("scheduler", d.of[one], "starts")
	}
	for _, task := range d.set.Of("AWS::ECS::TaskDefinition") {
		d.shown[task] = true
	}
}

// told draws who tells topics, and who hears of it.
func (d *drawing) told() {
	told := map[string]map[string]int{} // by type and topic
	for _, r := range d.set.Resources {
		if r.Type == "AWS::SNS::Subscription" {
			d.heard(r)
			continue
		}
		for _, topic := range d.set.Under(r, "AlarmActions", "NotificationsWithSubscribers", "NotificationConfigurations", "SNSTopicArn", "Targets") {
			if topic.Type != "AWS::SNS::Topic" {
				continue
			}
			if id := d.of[r]; id != "" {
				d.connect(id, d.of[topic], "tells")
				continue
			}
			if told[r.Type] == nil {
				told[r.Type] = map[string]int{}
			}
			told[r.Type][d.of[topic]]++
		}
	}
	for kind, topics := range told {
		all := d.set.Of(kind)
		d.put(identifier(kind), region, []string{fmt.Sprintf("%s: %d", strings.ReplaceAll(strings.TrimPrefix(kind, "AWS::"), "::", " "), len(all))})
		for _, r := range all {
			d.shown[r] = true
		}
		for topic, n := range topics {
			d.connect(identifier(kind), topic, fmt.Sprintf("%d tell", n))
		}
	}
	for _, teller := range slices.Concat(d.set.Of("AWS::Lambda::Function"), d.set.Of("AWS::Events::Rule")) {
		for _, queue := range d.set.Under(teller, "DeadLetterConfig") {
			d.connect(d.of[teller], d.of[queue], "what it could not tell")
		}
	}
	for _, again := range d.set.Of("AWS::Lambda::EventSourceMapping") {
		d.shown[again] = true
		d.connect(d.only(d.set.Under(again, "EventSourceArn")), d.only(d.set.Under(again, "FunctionName")), "tries again")
	}
}

func (d *drawing) heard(subscription *template.Resource) {
	d.shown[subscription] = true
	topic := d.only(d.set.Under(subscription, "TopicArn"))
	to := d.only(d.set.Under(subscription, "Endpoint"))
	for _, function := range d.set.Of("AWS::Lambda::Function") { // of another region, by its name
		if to == "" && strings.HasSuffix(fmt.Sprint(subscription.Properties["Endpoint"]), ":function:"+function.Text("FunctionName")+"]") {
			to = d.of[function]
		}
	}
	if to == "" {
		to = identifier("to_" + subscription.Text("Endpoint"))
		d.put(to, world, []string{subscription.Text("Protocol"), subscription.Text("Endpoint")})
	}
	d.connect(topic, to, "")
	for _, queue := range d.set.Under(subscription, "RedrivePolicy") {
		d.connect(topic, d.of[queue], "what it could hand to nobody")
	}
}

// backups draws what is copied where.
func (d *drawing) backups() {
	for _, chosen := range d.set.Of("AWS::Backup::BackupSelection") {
		d.shown[chosen] = true
		for _, plan := range d.set.Under(chosen, "BackupPlanId") {
			d.shown[plan] = true
			for _, vault := range d.set.Under(plan, "TargetBackupVault") {
				for _, r := range d.set.Under(chosen, "Resources") {
					d.connect(d.of[r], d.of[vault], "copied by AWS Backup")
				}
			}
		}
	}
	for _, chosen := range d.set.Of("AWS::Backup::RestoreTestingSelection") {
		d.shown[chosen] = true
		for _, plan := range d.set.Of("AWS::Backup::RestoreTestingPlan") {
			d.shown[plan] = true
			for _, vault := range d.set.Under(plan, "RecoveryPointSelection") {
				for _, r := range d.set.Under(chosen, "ProtectedResourceArns") {
					d.connect(d.of[vault], d.of[r], "restored beside it every month, as a rehearsal")
				}
			}
		}
	}
}

// roles draws what roles may do to what is drawn, and gives all of it as a table.
func (d *drawing) roles() string {
	on := map[string][]string{} // by the rest of its row
	for _, role := range d.set.Of("AWS::IAM::Role") {
		d.shown[role] = true
		row := fmt.Sprintf("| %s | %s | ", role.Short(), d.holders(role))
		for _, policy := range d.set.Of("AWS::IAM::Policy") {
			if !slices.Contains(d.set.Under(policy, "Roles"), role) {
				continue
			}
			d.shown[policy] = true
			for _, s := range statements(policy) {
				key := row + strings.Join(s.actions, ", ")
				on[key] = append(on[key], d.objects(policy, s)...)
				d.may(role, policy, s)
			}
		}
		for _, managed := range role.List("ManagedPolicyArns") {
			text := fmt.Sprint(joined(managed))
			on[row+"AWS's own policy "+text[strings.LastIndex(text, "/")+1:]] = []string{"what it names"}
		}
	}
	var b strings.Builder
	b.WriteString("What roles may do, by their policies:\n\n| role | who has it | may | on |\n|---|---|---|---|\n")
	for _, key := range slices.Sorted(maps.Keys(on)) {
		slices.Sort(on[key])
		fmt.Fprintf(&b, "%s | %s |\n", key, strings.Join(slices.Compact(on[key]), ", "))
	}
	return b.String()
}

// holders says what acts as a role.
func (d *drawing) holders(role *template.Resource) string {
	count := map[string]int{}
	for _, r := range d.set.Resources {
		for _, name := range []string{"TaskRoleArn", "ExecutionRoleArn", "RoleArn", "Role", "DeliverLogsPermissionArn", "IamRoleArn", "Roles", "ExtendedS3DestinationConfiguration"} {
			if r.Type != "AWS::IAM::Policy" && slices.Contains(d.set.Under(r, name), role) {
				what := strings.TrimPrefix(r.Type, "AWS::")
				if name == "ExecutionRoleArn" {
					what = "ECS, to start " + what
				}
				count[what]++
			}
		}
	}
	var list []string
	for what, n := range count {
		if n > 1 {
			what = fmt.Sprintf("%s (%d)", what, n)
		}
		list = append(list, what)
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}

// statement is what a policy allows on something.
type statement struct {
	actions  []string
	resource any
}

func statements(policy *template.Resource) (list []statement) {
	document, _ := policy.Properties["PolicyDocument"].(map[string]any)
	all, _ := document["Statement"].([]any)
	for _, one := range all {
		of, ok := one.(map[string]any)
		if !ok {
			continue
		}
		s := statement{resource: of["Resource"]}
		switch actions := of["Action"].(type) {
		case string:
			s.actions = []string{actions}
		case []any:
			for _, a := range actions {
				s.actions = append(s.actions, fmt.Sprint(a))
			}
		}
		list = append(list, s)
	}
	return list
}

// objects names what a statement is about.
func (d *drawing) objects(policy *template.Resource, s statement) (names []string) {
	for _, r := range d.set.Refers(policy.Stack, s.resource) {
		if r.Type == "AWS::Logs::LogGroup" {
			names = append(names, "its log groups")
			continue
		}
		names = append(names, word(r))
	}
	if len(names) == 0 {
		names = append(names, "`"+fmt.Sprint(joined(s.resource))+"`")
	}
	return names
}

// may draws a role and the nodes on which it may do something.
func (d *drawing) may(role, policy *template.Resource, s statement) {
	for _, r := range d.set.Refers(policy.Stack, s.resource) {
		to := d.of[r]
		if to == "" {
			continue
		}
		id := "role_" + role.Short()
		d.put(id, region, []string{"role " + role.Short(), d.holders(role)})
		service, _, _ := strings.Cut(s.actions[0], ":")
		d.lines[line{from: id, to: to, says: service, dashed: true}] = true
	}
}
