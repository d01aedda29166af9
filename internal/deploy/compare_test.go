package deploy_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/google/go-cmp/cmp"

	"enishi/internal/deploy"
	"enishi/internal/deploy/deploytest"
	"enishi/internal/golden"
)

// resources is how many of those on which a deployment depends are in the account here.
const resources = 11

// compared gives what differs from the templates; everything has to be comparable.
func compared(t *testing.T, a *deploytest.Account) []deploy.Changed {
	t.Helper()
	c, err := deploy.Compare(t.Context(), options(a, nil), deploy.Whole)
	if err != nil || len(c.Unknown) > 0 || c.Resources != resources {
		t.Fatalf("Compare: %v, not known: %+v", err, c)
	}
	return c.Changed
}

// within gives a part of properties, by the keys and numbers that lead to it.
func within(properties any, path ...any) map[string]any {
	for _, part := range path {
		switch part := part.(type) {
		case string:
			properties = properties.(map[string]any)[part]
		case int:
			properties = properties.([]any)[part]
		}
	}
	return properties.(map[string]any)
}

// weight gives how much of the traffic a rule gives to one of the two target groups.
func weight(rule map[string]any, group int) float64 {
	return within(rule, "Actions", 0, "ForwardConfig", "TargetGroups", group)["Weight"].(float64)
}

func service(name string) string {
	return "arn:aws:ecs:" + deploytest.Region + ":123456789012:service/enishi-staging/" + name
}

const (
	groups  = "arn:aws:elasticloadbalancing:" + deploytest.Region + ":123456789012:targetgroup/"
	leading = "arn:aws:elasticloadbalancing:" + deploytest.Region + ":123456789012:listener-rule/app/enishi/0123456789abcdef/0123456789abcdef/0123456789abcdef"
)

// TestWhatIsChangedByHandIsTold changes each kind of thing on which a deployment depends, and finds both
// values of it, and nothing else.
func TestWhatIsChangedByHandIsTold(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		change func(properties map[string]any)
		want   deploy.Changed
	}{
		{"WebService", func(p map[string]any) {
			within(p, "DeploymentConfiguration")["BakeTimeInMinutes"] = 0
			within(p, "DeploymentConfiguration", "CanaryConfiguration")["CanaryPercent"] = 50
			p["HealthCheckGracePeriodSeconds"] = 600
		}, deploy.Changed{Type: "AWS::ECS::Service", ID: service("web"), Settings: []deploy.Setting{
			{"DeploymentConfiguration/BakeTimeInMinutes", "1", "0"},
			{"DeploymentConfiguration/CanaryConfiguration/CanaryPercent", "10", "50"},
			{"HealthCheckGracePeriodSeconds", "60", "600"},
		}}},
		{"WorkerService", func(p map[string]any) { p["EnableExecuteCommand"] = true }, deploy.Changed{
			Type: "AWS::ECS::Service", ID: service("worker"), Settings: []deploy.Setting{{"EnableExecuteCommand", "false", "true"}},
		}},
		{"WebScaling", func(p map[string]any) { p["MinCapacity"], p["MaxCapacity"] = 3, 99 }, deploy.Changed{
			Type: "AWS::ApplicationAutoScaling::ScalableTarget", ID: "service/enishi-staging/web|ecs:service:DesiredCount|ecs",
			Settings: []deploy.Setting{{"MaxCapacity", "9", "99"}, {"MinCapacity", "2", "3"}},
		}},
		{"WorkerByCpu", func(p map[string]any) { within(p, "TargetTrackingScalingPolicyConfiguration")["TargetValue"] = 90 }, deploy.Changed{
			Type: "AWS::ApplicationAutoScaling::ScalingPolicy", ID: "WorkerByCpu", Settings: []deploy.Setting{{"TargetTrackingScalingPolicyConfiguration/TargetValue", "50", "90"}},
		}},
		{"Production", func(p map[string]any) { p["SslPolicy"] = "ELBSecurityPolicy-2016-08" }, deploy.Changed{
			Type: "AWS::ElasticLoadBalancingV2::Listener", ID: "Production", Settings: []deploy.Setting{{"SslPolicy", "ELBSecurityPolicy-TLS13-1-2-2021-06", "ELBSecurityPolicy-2016-08"}},
		}},
		{"Blue", func(p map[string]any) {
			p["HealthCheckPath"] = "/"
			within(p, "TargetGroupAttributes", 0)["Value"] = "300"
		}, deploy.Changed{Type: "AWS::ElasticLoadBalancingV2::TargetGroup", ID: groups + "Blue/0123456789abcdef", Settings: []deploy.Setting{
			{"HealthCheckPath", "/readyz", "/"}, {"TargetGroupAttributes/deregistration_delay.timeout_seconds/Value", "30", "300"},
		}}},
		{"Green", func(p map[string]any) {
			p["TargetGroupAttributes"] = append(p["TargetGroupAttributes"].([]any), map[string]any{"Key": "stickiness.enabled", "Value": "true"})
		}, deploy.Changed{Type: "AWS::ElasticLoadBalancingV2::TargetGroup", ID: groups + "Green/0123456789abcdef", Settings: []deploy.Setting{
			{"TargetGroupAttributes/stickiness.enabled", "", `{"Key":"stickiness.enabled","Value":"true"}`},
		}}},
		{"ProductionInside", func(p map[string]any) {
			within(p, "Actions", 0, "FixedResponseConfig")["StatusCode"] = "200"
			delete(p, "Conditions")
		}, deploy.Changed{Type: "AWS::ElasticLoadBalancingV2::ListenerRule", ID: "ProductionInside", Settings: []deploy.Setting{
			{"Actions/0/FixedResponseConfig/StatusCode", "404", "200"},
			{"Conditions/0", `{"Field":"path-pattern","PathPatternConfig":{"Values":["/metrics"]}}`, ""},
		}}},
		{"ProductionRule", func(p map[string]any) { // to both, while nobody deploys
			within(p, "Actions", 0, "ForwardConfig", "TargetGroups", 1)["Weight"] = 1
		}, deploy.Changed{Type: "AWS::ElasticLoadBalancingV2::ListenerRule", ID: leading, Overwritten: true, Settings: []deploy.Setting{
			{"Actions/0/ForwardConfig/TargetGroups/Green/Weight", "0", "1"},
		}}},
		{"ProductionRule", func(p map[string]any) { // to the other one, as a deployment does, and there for good
			within(p, "Actions", 0, "ForwardConfig", "TargetGroups", 0)["Weight"] = 0
			within(p, "Actions", 0, "ForwardConfig", "TargetGroups", 1)["Weight"] = 1
			within(p, "Actions", 0, "ForwardConfig")["TargetGroupStickinessConfig"] = map[string]any{"Enabled": true}
		}, deploy.Changed{Type: "AWS::ElasticLoadBalancingV2::ListenerRule", ID: leading, Overwritten: true, Settings: []deploy.Setting{
			{"Actions/0/ForwardConfig/TargetGroups/Blue/Weight", "1", "0"}, {"Actions/0/ForwardConfig/TargetGroups/Green/Weight", "0", "1"},
		}}},
		{"ProductionRule", func(p map[string]any) { // elsewhere
			within(p, "Actions", 0, "ForwardConfig", "TargetGroups", 0)["TargetGroupArn"] = groups + "Other/0"
		}, deploy.Changed{Type: "AWS::ElasticLoadBalancingV2::ListenerRule", ID: leading, Overwritten: true, Settings: []deploy.Setting{
			{"Actions/0/ForwardConfig/TargetGroups/Blue/TargetGroupArn", groups + "Blue/0123456789abcdef", groups + "Other/0"},
		}}},
		{"ProductionRule", func(p map[string]any) { p["Priority"] = 9 }, deploy.Changed{
			Type: "AWS::ElasticLoadBalancingV2::ListenerRule", ID: leading, Settings: []deploy.Setting{{"Priority", "2", "9"}},
		}},
	} {
		synctest.Test(t, func(t *testing.T) {
			a := deploytest.New("staging")
			a.Alter(tt.name, tt.change)
			tt.want.Name = tt.name
			if diff := cmp.Diff([]deploy.Changed{tt.want}, compared(t, a)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tt.name, diff)
			}
			if faults := a.Faults(); len(faults) > 0 {
				t.Errorf("faults: %q", faults)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		a := deploytest.New("staging")
		a.Remove("WebByCpu")
		want := []deploy.Changed{{Type: "AWS::ApplicationAutoScaling::ScalingPolicy", Name: "WebByCpu", ID: "WebByCpu", Gone: true, Settings: []deploy.Setting{}}}
		if diff := cmp.Diff(want, compared(t, a)); diff != "" {
			t.Errorf("what was deleted (-want +got):\n%s", diff)
		}
	})
}

// TestWhatDeploymentsChangeIsNoDrift compares beside and after each thing that changes what templates say and is meant
// to, and then something that is not.
func TestWhatDeploymentsChangeIsNoDrift(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := deploytest.New("staging")
		nothing := func(when string) {
			t.Helper()
			if got := compared(t, a); len(got) > 0 {
				t.Errorf("%s: %+v", when, got)
			}
		}
		nothing("before")
		ended, looked, shared := make(chan error), 0, 0
		go func() {
			_, err := deploy.Run(t.Context(), options(a, nil))
			ended <- err
		}()
		for going := true; going; {
			select {
			case err := <-ended:
				if err != nil {
					t.Fatal(err)
				}
				going = false
			case <-time.After(7 * time.Second): // the acceptance, the canary and the workers among it
				rule := a.Properties("ProductionRule")
				nothing("while it goes on")
				if looked++; weight(rule, 0) > 0 && weight(rule, 1) > 0 {
					shared++
				}
			}
		}
		if looked < 20 || shared < 5 {
			t.Errorf("looked at %d times, %d of them during the canary", looked, shared)
		}
		time.Sleep(time.Hour)
		nothing("after a deployment")
		if rule := a.Properties("ProductionRule"); weight(rule, 0) != 0 || weight(rule, 1) != 100 {
			t.Errorf("ECS has led nobody elsewhere: %v", rule)
		}
		if _, err := deploy.Rollback(t.Context(), options(a, nil)); err != nil {
			t.Fatal(err)
		}
		nothing("after it was taken back")
		a.Alter("WebScaling", func(p map[string]any) { p["MinCapacity"] = 7 })
		nothing("during a spike that the template announces")
		a.Alter("ProductionRule", func(p map[string]any) {
			within(p, "Actions", 0, "ForwardConfig", "TargetGroups", 1)["Weight"] = 5
		})
		if got := compared(t, a); len(got) != 1 || !got[0].Overwritten {
			t.Errorf("people were sent to both: %+v", got)
		}
		if _, err := deploy.Run(t.Context(), options(a, nil)); err != nil {
			t.Fatal(err)
		}
		nothing("after a deployment, which has led them anew")
	})
}

// TestWeightsThatAreWrittenOtherwise reads weights in percent and as texts, in whichever order the groups stand.
func TestWeightsThatAreWrittenOtherwise(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		blue, green string
		changed     int
	}{{`"0"`, `"100"`, 0}, {"100", "0", 0}, {`"50"`, `"50"`, 1}, {"0", "0", 1}} {
		synctest.Test(t, func(t *testing.T) {
			a := deploytest.New("staging")
			to := func(first, second, third, fourth string) *string {
				return aws.String(`{"Actions":[{"Type":"forward","ForwardConfig":{"TargetGroups":[{"TargetGroupArn":"` + first + `","Weight":` + second + `},{"TargetGroupArn":"` + third + `","Weight":` + fourth + `}]}}]}`)
			}
			a.Drifted = []cfntypes.StackResourceDrift{{
				StackId: aws.String("enishi-staging-service"), LogicalResourceId: aws.String("ProductionRule"), ResourceType: aws.String("AWS::ElasticLoadBalancingV2::ListenerRule"),
				StackResourceDriftStatus: cfntypes.StackResourceDriftStatusModified, ExpectedProperties: to("blue", "1", "green", "0"), ActualProperties: to("green", tt.green, "blue", tt.blue),
				PropertyDifferences: []cfntypes.PropertyDifference{{PropertyPath: aws.String("/Actions"), ExpectedValue: aws.String("these"), ActualValue: aws.String("those"), DifferenceType: cfntypes.DifferenceTypeNotEqual}},
			}}
			if got := compared(t, a); len(got) != tt.changed {
				t.Errorf("blue %s, green %s: %+v", tt.blue, tt.green, got)
			}
		})
	}
}

// TestWhatNoTemplateNames leaves out the pause and the alarms that a deployment gives to a service, should CloudFormation tell
// of them, and nothing beside them.
func TestWhatNoTemplateNames(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := deploytest.New("staging")
		d := cfntypes.StackResourceDrift{
			StackId: aws.String("enishi-staging-service"), LogicalResourceId: aws.String("WebService"), ResourceType: aws.String("AWS::ECS::Service"), StackResourceDriftStatus: cfntypes.StackResourceDriftStatusModified,
		}
		for _, path := range []string{"/DeploymentConfiguration/Alarms", "/DeploymentConfiguration/Strategy", "/DeploymentConfiguration/LifecycleHooks/0", "/DesiredCount", "/TaskDefinition"} {
			d.PropertyDifferences = append(d.PropertyDifferences, cfntypes.PropertyDifference{PropertyPath: aws.String(path), ExpectedValue: aws.String("this"), ActualValue: aws.String("that"), DifferenceType: cfntypes.DifferenceTypeNotEqual})
		}
		a.Drifted = []cfntypes.StackResourceDrift{d}
		if got := compared(t, a); len(got) != 1 || !slices.Equal(got[0].Settings, []deploy.Setting{{"DeploymentConfiguration/Strategy", "this", "that"}}) {
			t.Errorf("Compare = %+v", got)
		}
	})
}

// TestSettingsByHandOutliveADeployment finds that a deployment goes on with what somebody has set, so that nothing but the
// rules is written anew.
func TestSettingsByHandOutliveADeployment(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := deploytest.New("staging")
		a.Alter("WebService", func(p map[string]any) {
			within(p, "DeploymentConfiguration")["BakeTimeInMinutes"] = 3
			p["HealthCheckGracePeriodSeconds"] = 90
		})
		a.Alter("WebScaling", func(p map[string]any) { p["MaxCapacity"] = 10 })
		before := compared(t, a)
		if _, err := deploy.Run(t.Context(), options(a, nil)); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(before, compared(t, a)); diff != "" || len(before) != 2 {
			t.Errorf("%d before, and after (-before +after):\n%s", len(before), diff)
		}
	})
}

// TestRulesAlone looks at what a deployment writes anew.
func TestRulesAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := deploytest.New("staging")
		a.Alter("WebService", func(p map[string]any) { p["HealthCheckGracePeriodSeconds"] = 90 })
		a.Alter("ProductionRule", func(p map[string]any) {
			within(p, "Actions", 0, "ForwardConfig", "TargetGroups", 0)["Weight"] = 0
		})
		c, err := deploy.Compare(t.Context(), options(a, nil), deploy.Overwriting)
		if err != nil || len(c.Changed) != 1 || c.Changed[0].Name != "ProductionRule" || len(c.Unknown) > 0 {
			t.Errorf("Compare = %+v, %v", c, err)
		}
	})
}

// TestWhatCannotBeComparedIsTold denies, delays, throttles and withholds answers: no error, but to be read.
func TestWhatCannotBeComparedIsTold(t *testing.T) {
	t.Parallel()
	on := func(what string, how deploytest.Trouble, until int) trouble {
		n := 0
		return func(_ int, operation string) deploytest.Trouble {
			if operation != what || n == until {
				return deploytest.None
			}
			n++
			return how
		}
	}
	const detect, list, always = "cloudformation:DetectStackResourceDrift", "cloudformation:ListStackResources", -1
	for _, tt := range []struct {
		name    string
		trouble trouble
		given   func(*deploytest.Account, *deploy.Options)
		why     string // of each; "": everything is compared
		many    int
	}{
		{name: "nothing is wrong"},
		{name: "denied", trouble: on(detect, deploytest.Denied, always), why: "AccessDeniedException: User is not authorized to perform: " + detect, many: resources},
		{name: "one is denied", trouble: on(detect, deploytest.Denied, 1), why: "AccessDeniedException", many: 1},
		{name: "the list is denied", trouble: on(list, deploytest.Denied, always), why: "AccessDeniedException: User is not authorized to perform: " + list, many: 1},
		{name: "throttled for a while", trouble: on(detect, deploytest.Throttled, 12)},
		{name: "throttled for good", trouble: on(detect, deploytest.Throttled, always), why: "after 45s", many: resources},
		{name: "lost", trouble: on(detect, deploytest.Lost, 5)},
		{name: "slow for a while", trouble: on(detect, deploytest.Slow, 4)},
		{name: "there is no stack", given: func(_ *deploytest.Account, o *deploy.Options) { o.Environment = "prod" }, why: "ValidationError: Stack [enishi-prod-service] does not exist", many: 1},
		{name: "one is not known", given: func(a *deploytest.Account, _ *deploy.Options) {
			a.Drifted = []cfntypes.StackResourceDrift{{StackId: aws.String("enishi-staging-service"), LogicalResourceId: aws.String("Blue"), StackResourceDriftStatus: cfntypes.StackResourceDriftStatusUnknown, DriftStatusReason: aws.String("the handler failed")}}
		}, why: "the handler failed", many: 1},
		{name: "one is not looked at", given: func(a *deploytest.Account, _ *deploy.Options) {
			a.Drifted = []cfntypes.StackResourceDrift{{StackId: aws.String("enishi-staging-service"), LogicalResourceId: aws.String("Blue"), StackResourceDriftStatus: cfntypes.StackResourceDriftStatusNotChecked}}
		}, why: "NOT_CHECKED", many: 1},
	} {
		synctest.Test(t, func(t *testing.T) {
			a := deploytest.New("staging")
			o := options(a, tt.trouble)
			if tt.given != nil {
				tt.given(a, o)
			}
			begun := time.Now()
			c, err := deploy.Compare(t.Context(), o, deploy.Whole)
			if err != nil || len(c.Changed) > 0 || len(c.Unknown) != tt.many {
				t.Fatalf("%s: %v, %+v", tt.name, err, c)
			}
			if took := time.Since(begun); took > 45*time.Second {
				t.Errorf("%s takes %v", tt.name, took)
			}
			for _, u := range c.Unknown {
				if !strings.Contains(u.Why, tt.why) || strings.Contains(u.Why, "RequestID") {
					t.Errorf("%s: %+v, want %q", tt.name, u, tt.why)
				}
			}
		})
	}
}

// hanging is a network that never answers what is asked about one resource.
type hanging struct {
	aws.HTTPClient
	name string
}

func (h hanging) Do(r *http.Request) (*http.Response, error) {
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(text))
	if form, err := url.ParseQuery(string(text)); err == nil && form.Get("LogicalResourceId") == h.name {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	return h.HTTPClient.Do(r)
}

// TestOneThatNeverAnswers has everything else told in time, and ends with whoever asks.
func TestOneThatNeverAnswers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := deploytest.New("staging")
		a.Alter("Blue", func(p map[string]any) { p["HealthCheckPath"] = "/" })
		o := options(a, nil)
		o.AWS.HTTPClient = hanging{o.AWS.HTTPClient, "WebService"}
		begun := time.Now()
		c, err := deploy.Compare(t.Context(), o, deploy.Whole)
		want := &deploy.Comparison{
			Resources: 10,
			Changed:   []deploy.Changed{{Type: "AWS::ElasticLoadBalancingV2::TargetGroup", Name: "Blue", ID: groups + "Blue/0123456789abcdef", Settings: []deploy.Setting{{"HealthCheckPath", "/readyz", "/"}}}},
			Unknown:   []deploy.Unknown{{Type: "AWS::ECS::Service", Name: "WebService", Why: "AWS had not answered after 45s"}},
		}
		if diff := cmp.Diff(want, c); err != nil || diff != "" || time.Since(begun) != 45*time.Second {
			t.Errorf("%v after %v (-want +got):\n%s", err, time.Since(begun), diff)
		}
		ctx, stop := context.WithTimeout(t.Context(), 5*time.Second)
		defer stop()
		if _, err := deploy.Compare(ctx, o, deploy.Whole); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("whoever asks is gone: %v", err)
		}
	})
}

// TestComparedTypes keeps the types that are compared, to which infra's tests hold the templates and the role that deploys;
// each is in the account here.
func TestComparedTypes(t *testing.T) {
	t.Parallel()
	all := deploy.Whole.Types()
	slices.Sort(all)
	golden.Assert(t, "testdata/compared.golden", strings.Join(all, "\n")+"\n")
	synctest.Test(t, func(t *testing.T) {
		a := deploytest.New("staging")
		o := options(a, func(_ int, operation string) deploytest.Trouble {
			if operation == "cloudformation:DetectStackResourceDrift" {
				return deploytest.Denied
			}
			return deploytest.None
		})
		c, err := deploy.Compare(t.Context(), o, deploy.Whole)
		if err != nil {
			t.Fatal(err)
		}
		for _, kind := range all {
			if !slices.ContainsFunc(c.Unknown, func(u deploy.Unknown) bool { return u.Type == kind }) {
				t.Errorf("nothing of the type %s is there", kind)
			}
		}
	})
}

// TestPlanTellsOfTheComparison writes it into the plan's JSON, where somebody has asked for it.
func TestPlanTellsOfTheComparison(t *testing.T) {
	t.Parallel()
	for _, asked := range []bool{false, true} {
		p := &deploy.Plan{}
		if asked {
			p.Compared = &deploy.Comparison{Resources: 1, Changed: []deploy.Changed{{Type: "T", Name: "N", ID: "I", Settings: []deploy.Setting{{"S", "1", "2"}}}}, Unknown: []deploy.Unknown{}}
		}
		text, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		var got map[string]json.RawMessage
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatal(err)
		}
		want := ""
		if asked {
			want = `{"resources":1,"changed":[{"type":"T","name":"N","id":"I","settings":[{"setting":"S","template":"1","account":"2"}]}],"unknown":[]}`
		}
		if string(got["compared"]) != want {
			t.Errorf("asked %v: %s", asked, got["compared"])
		}
	}
}
