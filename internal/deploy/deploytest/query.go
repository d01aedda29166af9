package deploytest

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// isForm says whether a request is one of the query protocol.
func isForm(r *http.Request) bool {
	return strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded")
}

// formOf reads it.
func formOf(r *http.Request, body []byte) (url.Values, bool) {
	if !isForm(r) {
		return nil, false
	}
	form, err := url.ParseQuery(string(body))
	return form, err == nil
}

// asked does what a form asks.
type asked func(a *Account, form url.Values) (any, error)

// formed makes an action of a function of the library's own types.
func formed[In, Out any](do func(*Account, *In) (*Out, error)) asked {
	return func(a *Account, form url.Values) (any, error) {
		in, used := new(In), map[string]bool{"Action": true, "Version": true}
		fill(reflect.ValueOf(in).Elem(), form, "", used)
		for key := range form {
			if !used[key] {
				return nil, refuse("ValidationError", "%s is unknown", key)
			}
		}
		return do(a, in)
	}
}

// fill reads a value of the library's types from a form.
func fill(v reflect.Value, form url.Values, name string, used map[string]bool) bool {
	switch v.Kind() {
	case reflect.Pointer:
		p := reflect.New(v.Type().Elem())
		if !fill(p.Elem(), form, name, used) {
			return false
		}
		v.Set(p)
		return true
	case reflect.Struct:
		if at, ok := v.Addr().Interface().(*time.Time); ok {
			var err error
			*at, err = time.Parse(time.RFC3339, form.Get(name))
			used[name] = err == nil
			return err == nil
		}
		found := false
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() {
				found = fill(v.Field(i), form, strings.TrimPrefix(name+"."+f.Name, "."), used) || found
			}
		}
		return found
	case reflect.Slice:
		if values, ok := form[name]; ok && values[0] == "" { // a list of none
			used[name] = true
			v.Set(reflect.MakeSlice(v.Type(), 0, 0))
			return true
		}
		for n := 1; ; n++ {
			one := reflect.New(v.Type().Elem()).Elem()
			if !fill(one, form, fmt.Sprintf("%s.member.%d", name, n), used) && !fill(one, form, fmt.Sprintf("%s.%s.%d", name, singular(name), n), used) {
				return n > 1
			}
			v.Set(reflect.Append(v, one))
		}
	}
	if !form.Has(name) {
		return false
	}
	text := form.Get(name)
	used[name] = true
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		v.SetBool(text == "true")
	case reflect.Float64:
		n, _ := strconv.ParseFloat(text, 64) // the library's own
		v.SetFloat(n)
	case reflect.Int32, reflect.Int64:
		n, _ := strconv.ParseInt(text, 10, 64) // the library's own
		v.SetInt(n)
	default:
		return false
	}
	return true
}

// each is what a list's elements are called, by the package of their type.
func each(of, list string) string {
	if name, ok := map[string]string{"TagList": "Tag", "VpcSecurityGroups": "VpcSecurityGroupMembership"}[list]; ok {
		return name
	}
	if strings.Contains(of, "/service/rds") || strings.Contains(of, "/service/elasticache") {
		return singular(list)
	}
	return "member"
}

// singular names each one of a list, as RDS and ElastiCache do, which call them no members.
func singular(name string) string {
	return strings.TrimSuffix(name[strings.LastIndexByte(name, '.')+1:], "s")
}

// show writes a value of the library's types as the query protocol does.
func show(out *strings.Builder, name string, v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			show(out, name, v.Elem())
		}
		return
	case reflect.Slice:
		if v.IsNil() {
			return
		}
		fmt.Fprintf(out, "<%s>", name)
		for i := range v.Len() {
			show(out, each(v.Type().Elem().PkgPath(), name), v.Index(i))
		}
	case reflect.Map:
		return // none is asked for
	case reflect.Struct:
		fmt.Fprintf(out, "<%s>", name)
		if at, ok := v.Interface().(time.Time); ok {
			out.WriteString(at.UTC().Format(time.RFC3339Nano))
			break
		}
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() && f.Name != "ResultMetadata" {
				show(out, f.Name, v.Field(i))
			}
		}
	case reflect.String:
		if v.String() == "" {
			return
		}
		fmt.Fprintf(out, "<%s>", name)
		_ = xml.EscapeText(out, []byte(v.String())) // into memory
	default:
		fmt.Fprintf(out, "<%s>%v", name, v.Interface())
	}
	fmt.Fprintf(out, "</%s>", name)
}

func actions() map[string]asked {
	return map[string]asked{
		"GetCallerIdentity":       formed((*Account).getCallerIdentity),
		"SimulatePrincipalPolicy": formed((*Account).simulatePrincipalPolicy),
		"GetRole":                 formed((*Account).getRole),

		"DescribeDBClusters":  formed((*Account).describeDBClusters),
		"DescribeDBInstances": formed((*Account).describeDBInstances),
		"FailoverDBCluster":   formed((*Account).failoverDBCluster),
		"RebootDBInstance":    formed((*Account).rebootDBInstance),

		"RestoreDBClusterToPointInTime": formed((*Account).restoreToPointInTime),
		"RestoreDBClusterFromSnapshot":  formed((*Account).restoreFromSnapshot),
		"DescribeDBClusterSnapshots":    formed((*Account).describeSnapshots),
		"ModifyDBCluster":               formed((*Account).modifyDBCluster),
		"CreateDBInstance":              formed((*Account).createDBInstance),
		"DeleteDBInstance":              formed((*Account).deleteDBInstance),
		"DeleteDBCluster":               formed((*Account).deleteDBCluster),
		"AddTagsToResource":             formed((*Account).addTags),

		"DescribeLoadBalancerAttributes": formed((*Account).describeBalancer),
		"ModifyLoadBalancerAttributes":   formed((*Account).modifyBalancer),
		"DescribeTags":                   formed((*Account).describeBalancerTags),

		"DescribeReplicationGroups": formed((*Account).describeReplicationGroups),
		"TestFailover":              formed((*Account).testFailover),
		"ModifyReplicationGroup":    formed((*Account).modifyReplicationGroup),

		"DescribeStacks":                    formed((*Account).describeStacks),
		"DescribeStackEvents":               formed((*Account).describeStackEvents),
		"ListStackResources":                formed((*Account).listStackResources),
		"GetTemplate":                       formed((*Account).getTemplate),
		"CreateChangeSet":                   formed((*Account).createChangeSet),
		"DescribeChangeSet":                 formed((*Account).describeChangeSet),
		"ListChangeSets":                    formed((*Account).listChangeSets),
		"DeleteChangeSet":                   formed((*Account).deleteChangeSet),
		"ExecuteChangeSet":                  formed((*Account).executeChangeSet),
		"UpdateTerminationProtection":       formed((*Account).updateTerminationProtection),
		"DeleteStack":                       formed((*Account).deleteStack),
		"ContinueUpdateRollback":            formed((*Account).continueUpdateRollback),
		"RollbackStack":                     formed((*Account).rollbackStack),
		"DetectStackDrift":                  formed((*Account).detectStackDrift),
		"DescribeStackDriftDetectionStatus": formed((*Account).describeStackDriftDetectionStatus),
		"DetectStackResourceDrift":          formed((*Account).detectStackResourceDrift),
		"DescribeStackResourceDrifts":       formed((*Account).describeStackResourceDrifts),
	}
}

func (a *Account) query(r *http.Request, body []byte) *http.Response {
	form, ok := formOf(r, body)
	if !ok {
		return answerError(r, refuse("MalformedQueryString", "%s", body))
	}
	name := form.Get("Action")
	do, ok := actions()[name]
	if !ok {
		return answerError(r, refuse("InvalidAction", "%s", name))
	}
	out, err := do(a, form)
	if err != nil {
		return answerError(r, err)
	}
	var text strings.Builder
	fmt.Fprintf(&text, "<%sResponse>", name)
	show(&text, name+"Result", reflect.ValueOf(out))
	fmt.Fprintf(&text, "</%sResponse>", name)
	return answerText(r, http.StatusOK, []byte(text.String()))
}

func (a *Account) getCallerIdentity(*sts.GetCallerIdentityInput) (*sts.GetCallerIdentityOutput, error) {
	return &sts.GetCallerIdentityOutput{Arn: aws.String(a.identity()), Account: aws.String(number), UserId: aws.String("AIDAEXAMPLE")}, nil
}

func (a *Account) identity() string {
	if a.Identity != "" {
		return a.Identity
	}
	return Identity
}

// simulatePrincipalPolicy allows all but what is forbidden, limited or conditional; sessions of a role are no principal.
func (a *Account) simulatePrincipalPolicy(in *iam.SimulatePrincipalPolicyInput) (*iam.SimulatePrincipalPolicyOutput, error) {
	if source := aws.ToString(in.PolicySourceArn); !strings.HasPrefix(source, "arn:aws:iam::"+number+":user/") && !strings.HasPrefix(source, "arn:aws:iam::"+number+":role/") {
		return nil, refuse("InvalidInput", "Invalid Entity Arn: %s", source)
	}
	out := &iam.SimulatePrincipalPolicyOutput{}
	for _, name := range in.ActionNames {
		decision := iamtypes.PolicyEvaluationDecisionTypeAllowed
		var untold []string
		if only, ok := a.Limited[name]; ok && !slices.Equal(in.ResourceArns, []string{only}) {
			decision = iamtypes.PolicyEvaluationDecisionTypeImplicitDeny
		}
		if slices.Contains(a.Conditional, name) {
			decision, untold = iamtypes.PolicyEvaluationDecisionTypeImplicitDeny, []string{"aws:RequestTag/project"}
		}
		for _, no := range a.Forbidden {
			if no == name {
				decision = iamtypes.PolicyEvaluationDecisionTypeImplicitDeny
			}
		}
		of := iamtypes.EvaluationResult{EvalActionName: &name, EvalDecision: decision, MissingContextValues: untold}
		if slices.Contains(a.Factored, name) {
			of.EvalDecision = iamtypes.PolicyEvaluationDecisionTypeExplicitDeny
			for _, arn := range in.ResourceArns { // then it is told of each alone
				of.ResourceSpecificResults = append(of.ResourceSpecificResults, iamtypes.ResourceSpecificResult{EvalResourceName: &arn, EvalResourceDecision: of.EvalDecision, MissingContextValues: []string{"aws:MultiFactorAuthPresent"}})
			}
			if len(in.ResourceArns) == 0 {
				of.MissingContextValues = []string{"aws:MultiFactorAuthPresent"}
			}
		}
		out.EvaluationResults = append(out.EvaluationResults, of)
	}
	return out, nil
}

func (a *Account) getRole(in *iam.GetRoleInput) (*iam.GetRoleOutput, error) {
	return &iam.GetRoleOutput{Role: &iamtypes.Role{RoleName: in.RoleName, Arn: aws.String("arn:aws:iam::" + number + ":role/aws-reserved/" + aws.ToString(in.RoleName)), Path: aws.String("/aws-reserved/")}}, nil
}
