package deploytest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwschemas "github.com/aws/aws-sdk-go-v2/service/cloudwatch/schemas"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	ecsschemas "github.com/aws/aws-sdk-go-v2/service/ecs/schemas"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/encoding/cbor"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/aws/smithy-go/transport/http/protocol/awsjson"
	"github.com/aws/smithy-go/transport/http/protocol/rpcv2"
)

// operation does what a request of JSON asks.
type operation func(a *Account, body []byte) (smithy.Serializable, error)

// typed makes an operation of a function of the library's own types. What the request's
// type does not know is refused, as AWS does.
func typed[In any, Out smithy.Serializable](do func(*Account, *In) (Out, error)) operation {
	return func(a *Account, body []byte) (smithy.Serializable, error) {
		in := new(In)
		decoder := json.NewDecoder(bytes.NewReader(moments.ReplaceAllFunc(body, moment)))
		decoder.DisallowUnknownFields() // names differ in their first letter's case, which the decoder takes
		if err := decoder.Decode(in); err != nil {
			return nil, refuse("SerializationException", "%v", err)
		}
		return do(a, in)
	}
}

// moments are the times of requests, which AWS writes in seconds and Go's decoder does not read.
var moments = regexp.MustCompile(`"(after|before)":([0-9.e+]+)`)

func moment(found []byte) []byte {
	parts := moments.FindSubmatch(found)
	seconds, _ := strconv.ParseFloat(string(parts[2]), 64) // of digits by the expression
	return fmt.Appendf(nil, `"%s":"%s"`, parts[1], time.UnixMilli(int64(seconds*1000)).UTC().Format(time.RFC3339Nano))
}

func operations() map[string]operation {
	return map[string]operation{
		"AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken": typed((*Account).getAuthorizationToken),

		"Logs_20140328.GetLogEvents":      typed((*Account).getLogEvents),
		"Logs_20140328.DescribeLogGroups": typed((*Account).describeLogGroups),
		"Logs_20140328.DeleteLogGroup":    typed((*Account).deleteLogGroup),

		"Logs_20140328.CreateExportTask":    typed((*Account).createExportTask),
		"Logs_20140328.DescribeExportTasks": typed((*Account).describeExportTasks),

		"AmazonEC2ContainerRegistry_V20150921.ListImages":       typed((*Account).listImages),
		"AmazonEC2ContainerRegistry_V20150921.BatchDeleteImage": typed((*Account).batchDeleteImage),

		"secretsmanager.GetSecretValue": typed((*Account).getSecretValue),
		"secretsmanager.PutSecretValue": typed((*Account).putSecretValue),

		"secretsmanager.DescribeSecret":           typed((*Account).describeSecret),
		"secretsmanager.UpdateSecretVersionStage": typed((*Account).updateSecretVersionStage),

		"ServiceQuotasV20190624.GetServiceQuota":           typed((*Account).getServiceQuota),
		"ServiceQuotasV20190624.GetAWSDefaultServiceQuota": typed((*Account).getDefaultQuota),

		"AmazonSSM.GetParametersByPath": typed((*Account).getParametersByPath),
		"AmazonSSM.DeleteParameters":    typed((*Account).deleteParameters),
		"AmazonSSM.GetParameter":        typed((*Account).getParameter),
		"AmazonSSM.PutParameter":        typed((*Account).putParameter),

		"AnyScaleFrontendService.DescribeScalableTargets": typed((*Account).describeScalableTargets),
		"AnyScaleFrontendService.RegisterScalableTarget":  typed((*Account).registerScalableTarget),

		"AnyScaleFrontendService.DescribeScheduledActions": typed((*Account).describeScheduledActions),
		"AnyScaleFrontendService.PutScheduledAction":       typed((*Account).putScheduledAction),

		"AmazonEC2ContainerServiceV20141113.ListTasks":                  typed((*Account).listTasks),
		"AmazonEC2ContainerServiceV20141113.DescribeServices":           typed((*Account).describeServices),
		"AmazonEC2ContainerServiceV20141113.UpdateService":              typed((*Account).updateService),
		"AmazonEC2ContainerServiceV20141113.ListServiceDeployments":     typed((*Account).listServiceDeployments),
		"AmazonEC2ContainerServiceV20141113.DescribeServiceDeployments": typed((*Account).describeServiceDeployments),
		"AmazonEC2ContainerServiceV20141113.DescribeServiceRevisions":   typed((*Account).describeServiceRevisions),
		"AmazonEC2ContainerServiceV20141113.StopServiceDeployment":      typed((*Account).stopServiceDeployment),
		"AmazonEC2ContainerServiceV20141113.ContinueServiceDeployment":  typed((*Account).continueServiceDeployment),
		"AmazonEC2ContainerServiceV20141113.DescribeTaskDefinition":     typed((*Account).describeTaskDefinition),
		"AmazonEC2ContainerServiceV20141113.RegisterTaskDefinition":     typed((*Account).registerTaskDefinition),
		"AmazonEC2ContainerServiceV20141113.ListTaskDefinitionFamilies": typed((*Account).listTaskDefinitionFamilies),
		"AmazonEC2ContainerServiceV20141113.RunTask":                    typed((*Account).runTask),
		"AmazonEC2ContainerServiceV20141113.StopTask":                   typed((*Account).stopTask),
		"AmazonEC2ContainerServiceV20141113.DescribeTasks":              typed((*Account).describeTasks),
	}
}

func (a *Account) rpc(r *http.Request, body []byte) *http.Response {
	do, ok := operations()[r.Header.Get("X-Amz-Target")]
	if !ok {
		return answerError(r, refuse("UnknownOperationException", "%s", r.Header.Get("X-Amz-Target")))
	}
	out, err := do(a, body)
	if err != nil {
		return answerError(r, err)
	}
	answer := answerJSON(r, out)
	answer.Header.Set("Content-Type", "application/x-amz-json-1.1")
	return answer
}

// answerJSON answers with a value of the library's types, as JSON.
func answerJSON(r *http.Request, out smithy.Serializable) *http.Response {
	// The library writes requests and reads answers alone; an answer is written as a
	// request is, whose schema it carries itself.
	text, err := written(r, awsjson.New11(ecsschemas.AmazonEC2ContainerServiceV20141113),
		smithy.NewOperationSchema(ecsschemas.UpdateService, ecsschemas.UpdateServiceRequest, ecsschemas.UpdateServiceResponse), out)
	if err != nil {
		return answerError(r, err)
	}
	return answerText(r, http.StatusOK, text)
}

func written(r *http.Request, p smithyhttp.ClientProtocol, schema *smithy.OperationSchema, out smithy.Serializable) ([]byte, error) {
	as := smithyhttp.NewStackRequest().(*smithyhttp.Request)
	if err := p.SerializeRequest(r.Context(), schema, out, as); err != nil {
		return nil, err
	}
	return io.ReadAll(as.GetStream())
}

// watched answers which alarms are on, and what the load balancer has counted.
func (a *Account) watched(r *http.Request, body []byte) *http.Response {
	asked, err := cbor.Decode(body)
	m, ok := asked.(cbor.Map)
	if err != nil || !ok {
		return answerError(r, refuse("InvalidParameterValue", "%s: %v", r.URL.Path, err))
	}
	var out smithy.Serializable
	var schema *smithy.OperationSchema
	switch {
	case strings.HasSuffix(r.URL.Path, "/DescribeAlarms"):
		schema = smithy.NewOperationSchema(cwschemas.DescribeAlarms, cwschemas.DescribeAlarmsInput, cwschemas.DescribeAlarmsOutput)
		out, err = a.alarms(m)
	case strings.HasSuffix(r.URL.Path, "/GetMetricData"):
		schema = smithy.NewOperationSchema(cwschemas.GetMetricData, cwschemas.GetMetricDataInput, cwschemas.GetMetricDataOutput)
		out, err = a.counted(m)
	default:
		for name, s := range muteSchemas() {
			if strings.HasSuffix(r.URL.Path, "/"+name) {
				schema = s
			}
		}
		if schema == nil {
			return answerError(r, refuse("UnknownOperationException", "%s", r.URL.Path))
		}
		out, err = a.mute(r.URL.Path, m)
	}
	if err != nil {
		return answerError(r, err)
	}
	text, err := written(r, rpcv2.NewCBOR(cwschemas.GraniteServiceVersion20100801), schema, out)
	if err != nil {
		return answerError(r, err)
	}
	answer := answerText(r, http.StatusOK, text)
	answer.Header.Set("Smithy-Protocol", "rpc-v2-cbor")
	answer.Header.Set("Content-Type", "application/cbor")
	return answer
}

func (a *Account) alarms(asked cbor.Map) (*cloudwatch.DescribeAlarmsOutput, error) {
	if names, ok := asked["AlarmNames"].(cbor.List); ok {
		return a.named(names), nil
	}
	prefix := ""
	if s, ok := asked["AlarmNamePrefix"].(cbor.String); ok {
		prefix = string(s)
	}
	if _, ok := asked["StateValue"]; !ok && prefix == "Enishi-"+a.Environment+"-" {
		return a.told(), nil
	}
	if s, ok := asked["StateValue"].(cbor.String); !ok || s != "ALARM" {
		return nil, refuse("InvalidParameterValue", "only alarms that are on are known here, and all of an environment")
	}
	out := &cloudwatch.DescribeAlarmsOutput{}
	if a.Alarms == nil {
		return out, nil
	}
	for _, name := range a.Alarms(a.share(a.services["web"])) {
		if strings.HasPrefix(name, prefix) && strings.HasSuffix(name, "-EdgeAway") == (a.region == Edge) {
			alarm := cwtypes.MetricAlarm{AlarmName: aws.String(name), StateValue: cwtypes.StateValueAlarm}
			if !strings.HasSuffix(name, "Long") && !strings.HasSuffix(name, "Short") && !strings.HasSuffix(name, "-DeploymentFails") { // parts of composite alarms tell nobody, nor does what AWS itself looks at
				alarm.AlarmActions = []string{"arn:aws:sns:ap-northeast-1:123456789012:enishi-" + a.Environment + "-page"}
			}
			out.MetricAlarms = append(out.MetricAlarms, alarm)
		}
	}
	return out, nil
}

func cborError(e *apiError) []byte {
	return cbor.Encode(cbor.Map{"__type": cbor.String(e.code), "message": cbor.String(e.message)})
}

func (a *Account) getAuthorizationToken(*ecr.GetAuthorizationTokenInput) (*ecr.GetAuthorizationTokenOutput, error) {
	return &ecr.GetAuthorizationTokenOutput{AuthorizationData: []ecrtypes.AuthorizationData{{AuthorizationToken: aws.String(base64.StdEncoding.EncodeToString([]byte("AWS:token")))}}}, nil
}

// getLogEvents gives two lines of a one-off task, one page each, once it has run.
func (a *Account) getLogEvents(in *cloudwatchlogs.GetLogEventsInput) (*cloudwatchlogs.GetLogEventsOutput, error) {
	for _, t := range a.tasks {
		if aws.ToString(in.LogStreamName) != "once/enishi/"+t.arn[strings.LastIndexByte(t.arn, '/')+1:] || aws.ToString(in.LogGroupName) != "log-once" || t.status() == "PROVISIONING" {
			continue
		}
		lines := []string{t.command + " begins", t.command + " ends"}
		if a.Do != nil {
			lines = t.lines
		}
		at, _ := strconv.Atoi(strings.TrimPrefix(aws.ToString(in.NextToken), "f/")) // 0 without one
		if at >= len(lines) {
			return &cloudwatchlogs.GetLogEventsOutput{NextForwardToken: in.NextToken}, nil
		}
		return &cloudwatchlogs.GetLogEventsOutput{
			Events: []logtypes.OutputLogEvent{{Message: &lines[at]}}, NextForwardToken: aws.String(fmt.Sprintf("f/%d", at+1)),
		}, nil
	}
	return nil, refuse("ResourceNotFoundException", "The specified log stream does not exist.")
}

func (a *Account) getParameter(in *ssm.GetParameterInput) (*ssm.GetParameterOutput, error) {
	value, ok := a.parameters[aws.ToString(in.Name)]
	if !ok {
		return nil, refuse("ParameterNotFound", "%s", aws.ToString(in.Name))
	}
	return &ssm.GetParameterOutput{Parameter: &ssmtypes.Parameter{Name: in.Name, Value: &value, Type: ssmtypes.ParameterTypeString}}, nil
}

func (a *Account) putParameter(in *ssm.PutParameterInput) (*ssm.PutParameterOutput, error) {
	if _, ok := a.parameters[aws.ToString(in.Name)]; ok && !aws.ToBool(in.Overwrite) {
		return nil, refuse("ParameterAlreadyExists", "%s", aws.ToString(in.Name))
	}
	a.parameters[aws.ToString(in.Name)] = aws.ToString(in.Value)
	return &ssm.PutParameterOutput{Version: 2}, nil
}
