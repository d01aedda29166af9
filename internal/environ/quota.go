package environ

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"enishi/internal/errs"
)

// quota is a limit of the account, and how much of it the environment takes.
type quota struct {
	what, service, code string
	needs               float64
}

// Lambda lets a function keep what leaves a hundred executions to all others.
const lambdaNeeds = 105

func quotas(want *Wanted) ([]quota, error) {
	const unit = 1024 // of CPU, a core
	// Twice as many tasks are there while a version comes and another goes.
	web, worker := float64(2*want.Web.Most*want.WebPower.CPU)/unit, float64(2*want.Worker.Most*want.WorkerPower.CPU)/unit
	out := []quota{
		{"VPCs", "vpc", "L-F678F1CE", 1},
		{"elastic addresses", "ec2", "L-0263D0A3", float64(want.NATs)},
		{"concurrent executions of Lambda", "lambda", "L-B99A9384", lambdaNeeds},
	}
	switch want.Capacity {
	case "fargate":
		out = append(out, quota{"cores of Fargate", "fargate", "L-3032A538", web + worker})
	case "fargate_spot":
		out = append(out, quota{"cores of Fargate", "fargate", "L-3032A538", web}, quota{"cores of Fargate Spot", "fargate", "L-36FBB829", worker})
	}
	cores, err := want.hostCores()
	if cores > 0 {
		out = append(out, quota{"cores of hosts of EC2", "ec2", "L-1216C47A", cores})
	}
	return out, err
}

// hostCores gives how many cores the hosts of all groups in the templates have when each group is as large as it
// may be; 0 where there is no group.
func (w *Wanted) hostCores() (float64, error) {
	total := 0
	for i := range w.Templates {
		for name, r := range w.Templates[i].resources {
			if r.Type != "AWS::AutoScaling::AutoScalingGroup" {
				continue
			}
			most, cores, err := w.Templates[i].group(r)
			if err != nil {
				return 0, errs.Wrap(errs.Invalid, fmt.Sprintf("how many cores the hosts of %s in %s have is not known: %v", name, w.Templates[i].Stack, err), err)
			}
			total += most * cores
		}
	}
	return float64(total), nil
}

// group gives how many hosts a group has at most, and how many cores each.
func (t *Template) group(r resource) (most, cores int, err error) {
	var group struct {
		MaxSize        string
		LaunchTemplate struct{ LaunchTemplateID struct{ Ref string } }
	}
	var of struct {
		LaunchTemplateData struct{ InstanceType string }
	}
	if err := json.Unmarshal(r.Properties, &group); err != nil {
		return 0, 0, fmt.Errorf("its properties: %w", err)
	}
	if err := json.Unmarshal(t.resources[group.LaunchTemplate.LaunchTemplateID.Ref].Properties, &of); err != nil {
		return 0, 0, fmt.Errorf("the launch template %q: %w", group.LaunchTemplate.LaunchTemplateID.Ref, err)
	}
	if most, err = strconv.Atoi(group.MaxSize); err != nil {
		return 0, 0, fmt.Errorf("its size: %w", err)
	}
	cores, err = coresOf(of.LaunchTemplateData.InstanceType)
	return most, cores, err
}

// coresOf gives how many cores a host of a kind such as m7g.large has: a size has the same of every kind, except that
// the small ones of kinds that save up what they do not take (t) have two. The one quota asked for is that of the kinds
// which AWS calls standard.
func coresOf(kind string) (int, error) {
	family, size, _ := strings.Cut(kind, ".")
	letters := family[:max(strings.IndexAny(family, "0123456789"), 0)]
	if !strings.Contains(" a c d h i im is m r t z ", " "+letters+" ") {
		return 0, fmt.Errorf("found hosts of the kind %q; the quota is known of A, C, D, H, I, M, R, T and Z", kind)
	}
	const xlarge = 4
	switch times, large := strings.CutSuffix(size, "xlarge"); {
	case large && times == "":
		return xlarge, nil
	case large:
		n, err := strconv.Atoi(times)
		if err != nil || n < 2 {
			return 0, fmt.Errorf("found hosts of the size %q; accepted: medium, large, xlarge, Nxlarge", size)
		}
		return n * xlarge, nil
	case size == "large", letters == "t" && (size == "nano" || size == "micro" || size == "small" || size == "medium"):
		return xlarge / 2, nil
	case size == "medium":
		return 1, nil
	}
	return 0, fmt.Errorf("found hosts of the size %q; accepted: medium, large, xlarge, Nxlarge", size)
}
