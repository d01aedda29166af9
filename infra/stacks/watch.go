package stacks

import (
	"strconv"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsbudgets"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecr"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssecretsmanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/aws-cdk-go/awscdk/v2/cloudformationinclude"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"enishi/infra/environment"
)

// Topics are where alarms are told: one calls a person, the other files a ticket. Key
// encrypts what is told, and Webhooks, to whom.
type Topics struct {
	Page, Ticket awssns.Topic
	Key          awskms.Key
	Webhooks     awssecretsmanager.Secret // {"slack": "https://…", "teams": "https://…"}
	Registry     awsecr.Repository        // of the function that tells
}

func newTopics(scope constructs.Construct, e environment.Environment) *Topics {
	s := constructs.NewConstruct(scope, jsii.String("Topics"))
	key := awskms.NewKey(s, jsii.String("Key"), &awskms.KeyProps{
		Description: jsii.String("Enishi " + e.Name + ": what alarms say"), EnableKeyRotation: jsii.Bool(true), RemovalPolicy: stays(e),
	})
	// SNS itself puts into the queue what it could hand to nobody, and EventBridge what it could not tell a topic.
	for _, teller := range []string{"cloudwatch.amazonaws.com", "budgets.amazonaws.com", "sns.amazonaws.com", "events.amazonaws.com"} {
		key.GrantEncryptDecrypt(awsiam.NewServicePrincipal(jsii.String(teller), nil))
	}
	topic := func(name string) awssns.Topic {
		t := awssns.NewTopic(s, jsii.String(name), &awssns.TopicProps{MasterKey: key, EnforceSSL: jsii.Bool(true)})
		for _, teller := range []string{"cloudwatch.amazonaws.com", "budgets.amazonaws.com"} {
			t.GrantPublish(awsiam.NewServicePrincipal(jsii.String(teller), nil))
		}
		return t
	}
	return &Topics{Page: topic("Page"), Ticket: topic("Ticket"), Key: key, Webhooks: newWebhooks(s, e, key), Registry: newNotifyRegistry(s, e, key)}
}

// mailed makes a topic for alarms of what tells people otherwise, or of where that cannot be asked:
// SNS itself writes to the environment's people. Its subscriptions are named subscription0 and so on.
func mailed(scope constructs.Construct, id, subscription string, e environment.Environment, props *awssns.TopicProps) awssns.Topic {
	props.EnforceSSL, props.DisplayName = jsii.Bool(true), jsii.String("Enishi "+e.Name)
	topic := awssns.NewTopic(scope, &id, props)
	topic.GrantPublish(awsiam.NewServicePrincipal(jsii.String("cloudwatch.amazonaws.com"), nil))
	for i, to := range e.Told.To {
		awssns.NewCfnSubscription(scope, jsii.String(subscription+strconv.Itoa(i)), &awssns.CfnSubscriptionProps{TopicArn: topic.TopicArn(), Protocol: jsii.String("email"), Endpoint: jsii.String(to)})
	}
	return topic
}

// looked is a figure that an alarm's expression takes of a metric with one dimension, by periods of so many seconds.
func looked(id, namespace, name, stat string, seconds int, dimension string, value *string) *awscloudwatch.CfnAlarm_MetricDataQueryProperty {
	return &awscloudwatch.CfnAlarm_MetricDataQueryProperty{
		Id: jsii.String(id), ReturnData: jsii.Bool(false), MetricStat: &awscloudwatch.CfnAlarm_MetricStatProperty{
			Stat: jsii.String(stat), Period: jsii.Number(seconds), Metric: &awscloudwatch.CfnAlarm_MetricProperty{
				Namespace: jsii.String(namespace), MetricName: jsii.String(name), Dimensions: &[]any{&awscloudwatch.CfnAlarm_DimensionProperty{Name: jsii.String(dimension), Value: value}},
			},
		},
	}
}

// judged is the expression of an alarm.
func judged(name, expression string) *awscloudwatch.CfnAlarm_MetricDataQueryProperty {
	return &awscloudwatch.CfnAlarm_MetricDataQueryProperty{Id: jsii.String("value"), Expression: jsii.String(expression), Label: jsii.String(name), ReturnData: jsii.Bool(true)}
}

// Budget alarms tell of this share of the month's budget, and of a forecast beyond all of it.
const budgetTold = 80 // percent

func newBudget(scope constructs.Construct, e environment.Environment, t *Topics) {
	tell := func(kind string, share int) any {
		return &awsbudgets.CfnBudget_NotificationWithSubscribersProperty{
			Notification: &awsbudgets.CfnBudget_NotificationProperty{
				NotificationType: jsii.String(kind), ComparisonOperator: jsii.String("GREATER_THAN"), Threshold: jsii.Number(share), ThresholdType: jsii.String("PERCENTAGE"),
			},
			Subscribers: &[]any{&awsbudgets.CfnBudget_SubscriberProperty{SubscriptionType: jsii.String("SNS"), Address: t.Ticket.TopicArn()}},
		}
	}
	awsbudgets.NewCfnBudget(scope, jsii.String("Budget"), &awsbudgets.CfnBudgetProps{
		Budget: &awsbudgets.CfnBudget_BudgetDataProperty{
			BudgetName: jsii.String("enishi-" + e.Name), BudgetType: jsii.String("COST"), TimeUnit: jsii.String("MONTHLY"),
			BudgetLimit: &awsbudgets.CfnBudget_SpendProperty{Amount: jsii.Number(e.Budget), Unit: jsii.String("USD")},
			CostFilters: map[string]any{"TagKeyValue": []string{"user:environment$" + e.Name}},
		},
		NotificationsWithSubscribers: &[]any{tell("ACTUAL", budgetTold), tell("FORECASTED", 100)},
	})
}

// What the service's own table has written, from where the module lies.
const (
	alarmsFile    = "../deploy/cloudwatch/alarms.json"
	dashboardFile = "../deploy/cloudwatch/dashboard.json"
)

// Alarms is the stack of what is watched, and of who is told.
type Alarms struct{ Stack awscdk.Stack }

// NewAlarms describes it, of the tables that the service has made; root is the folder of
// this module.
func NewAlarms(app awscdk.App, e environment.Environment, root string, b *Base, s *Service) (*Alarms, error) {
	dashboard, err := read(root + "/" + dashboardFile)
	if err != nil {
		return nil, err
	}
	a := &Alarms{Stack: newStack(app, "alarms", e)}
	values := map[string]*string{
		"Environment": jsii.String(e.Name), "Cluster": s.Cluster.Ref(), "DatabaseCluster": b.Data.Cluster.Ref(), "LoadBalancer": s.Balancer.Load.LoadBalancerFullName(),
		"BlueTargetGroup": s.Balancer.Groups[0].AttrTargetGroupFullName(), "GreenTargetGroup": s.Balancer.Groups[1].AttrTargetGroupFullName(),
		"WebService": jsii.String("web"), "WorkerService": jsii.String("worker"),
		"PageTopic": b.Topics.Page.TopicArn(), "TicketTopic": b.Topics.Ticket.TopicArn(),
	}
	parameters := map[string]any{}
	for name, value := range values {
		parameters[name] = value
	}
	cloudformationinclude.NewCfnInclude(a.Stack, jsii.String("Table"), &cloudformationinclude.CfnIncludeProps{
		TemplateFile: jsii.String(root + "/" + alarmsFile), Parameters: &parameters,
	})
	newFailures(a.Stack, e, b, newNotify(a.Stack, e, b))
	newArchiveAlarm(a.Stack, e, b)
	newBackupAlarm(a.Stack, e, b)
	b.Archive.takes(a.Stack)
	awscloudwatch.NewCfnDashboard(a.Stack, jsii.String("Dashboard"), &awscloudwatch.CfnDashboardProps{
		DashboardName: jsii.String("enishi-" + e.Name), DashboardBody: awscdk.Fn_Sub(jsii.String(dashboard), &values),
	})
	return a, nil
}
