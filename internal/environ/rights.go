package environ

import (
	"context"
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"enishi/internal/errs"
)

//go:embed rights.txt
var rightsText string

// rights gives the actions that making and removing a resource asks for, by its type.
func rights() map[string][]string {
	out := map[string][]string{}
	for line := range strings.Lines(rightsText) {
		if words := strings.Fields(line); len(words) > 1 && words[0] != "#" {
			out[words[0]] = words[1:]
		}
	}
	return out
}

// own are the actions that making an environment asks for by itself, beside CloudFormation, without those that only
// read; and taking it down, which nobody does where people's data is in it.
func own(real bool) []string {
	out := []string{
		"cloudformation:CreateChangeSet", "cloudformation:ExecuteChangeSet", "cloudformation:DeleteChangeSet", "cloudformation:DetectStackDrift", "cloudformation:DetectStackResourceDrift",
		"ecr:GetAuthorizationToken", "ecr:InitiateLayerUpload", "ecr:UploadLayerPart", "ecr:CompleteLayerUpload", "ecr:PutImage",
		"ecs:RunTask", "logs:DescribeLogGroups", "logs:DeleteLogGroup", "s3:CreateBucket", "s3:PutObject", "s3:GetObject", "ssm:PutParameter",
		"secretsmanager:GetSecretValue", // which CloudFront and the load balancer share
		"secretsmanager:PutSecretValue",
	}
	if real {
		return append(out, "cloudformation:UpdateTerminationProtection")
	}
	return append(out, "cloudformation:DeleteStack", "backup:DeleteRecoveryPoint", "ecr:BatchDeleteImage", "s3:DeleteBucket", "s3:DeleteObject", "s3:DeleteObjectVersion", "ssm:DeleteParameters")
}

// actions are what is asked for what the templates describe: who may not do all of it is told before an hour has
// passed. Nobody has to be allowed to remove what stays when its stack goes. A type of resource of which that is not known is an
// error.
func actions(want *Wanted) ([]string, error) {
	known, out := rights(), own(want.Real)
	for _, t := range want.Templates {
		for name, r := range t.resources {
			of, ok := known[r.Type]
			if !ok {
				return nil, errs.New(errs.Internal, fmt.Sprintf("the template of %s has %s, which is of the type %s: what rights that needs is not known, and could not be asked for before it is made. Add its line to internal/environ/rights.txt", t.Stack, name, r.Type))
			}
			if strings.HasPrefix(r.DeletionPolicy, "Retain") { // RetainExceptOnCreate too: a first making that failed is seen to once
				of = slices.DeleteFunc(slices.Clone(of), removes)
			}
			out = append(out, of...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

func removes(action string) bool {
	_, verb, _ := strings.Cut(action, ":")
	return strings.HasPrefix(verb, "Delete") || verb == "ScheduleKeyDeletion"
}

// askedAtOnce is how many actions IAM is asked about in one request, whose length it bounds.
const askedAtOnce = 100

// right is an action that somebody may have to take, and the ARN of what it is taken of; "": of whatever there is.
type right struct{ action, of string }

// ofAnything gives the rights to actions of whatever there is.
func ofAnything(actions []string) (out []right) {
	for _, action := range actions {
		out = append(out, right{action: action})
	}
	return out
}

// missing lists what of some actions a principal may not do, and what of it IAM says little about: what narrow has, and what
// depends on more than it was told.
func (w *work) missing(ctx context.Context, source string, asked []right) (missing, unsure []string, err error) {
	by := map[string][]string{}
	for _, r := range asked {
		by[r.of] = append(by[r.of], r.action)
	}
	for _, of := range slices.Sorted(maps.Keys(by)) {
		for some := range slices.Chunk(by[of], askedAtOnce) {
			in := &iam.SimulatePrincipalPolicyInput{PolicySourceArn: &source, ActionNames: some}
			if of != "" {
				in.ResourceArns = []string{of}
			}
			pages := iam.NewSimulatePrincipalPolicyPaginator(w.account.iam, in)
			for pages.HasMorePages() {
				page, err := pages.NextPage(ctx)
				if err != nil {
					return nil, nil, fmt.Errorf("ask what %s may do: %w", source, err)
				}
				for i := range page.EvaluationResults {
					r := &page.EvaluationResults[i]
					name := aws.ToString(r.EvalActionName)
					if r.EvalDecision == types.PolicyEvaluationDecisionTypeAllowed {
						continue
					}
					missing = append(missing, name)
					if slices.Contains(narrow(), name) || depends(r) {
						unsure = append(unsure, name)
					}
				}
			}
		}
	}
	slices.Sort(missing)
	return slices.Compact(missing), unsure, nil
}

// depends says whether a no hangs on what IAM was not told, such as whether somebody has signed in with a second factor, by which
// policies usually deny; or on the organisation, of whose policies it does not say that.
func depends(r *types.EvaluationResult) bool {
	if len(r.MissingContextValues) > 0 || r.OrganizationsDecisionDetail != nil && !r.OrganizationsDecisionDetail.AllowedByOrganizations {
		return true
	}
	return slices.ContainsFunc(r.ResourceSpecificResults, func(of types.ResourceSpecificResult) bool { return len(of.MissingContextValues) > 0 })
}

// narrow are the actions that policies usually allow for some roles, keys, services or groups of logs alone. IAM is asked about everything, so
// that a no to these says little.
func narrow() []string {
	return []string{"iam:CreateServiceLinkedRole", "iam:PassRole", "kms:CreateGrant", "logs:GetLogEvents"}
}
