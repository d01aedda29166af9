package environ

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"
)

// edge says whether the stack of the edge can be made: who asks may work in its region, which many
// organisations forbid, and the domain's name leads nowhere else. CloudFormation replaces no
// record that is there, and would say so after everything else was made.
func (w *work) edge(ctx context.Context, zone string) (Check, error) {
	c := Check{What: "edge in " + edgeRegion, Is: Good, Note: "stacks may be looked at there"}
	last := w.o.Wanted.Templates[len(w.o.Wanted.Templates)-1]
	there, err := w.account.stack(ctx, last.Stack)
	switch {
	case denied(err):
		c.Is, c.Note = Bad, "nothing may be looked at in "+edgeRegion+", where CloudFront has its certificate and its filter: does a policy of the organisation forbid the region?"
		return c, nil
	case err != nil:
		return c, err
	case zone == "":
		return c, nil
	}
	names := last.names()
	if len(names) == 0 {
		c.Note += "; the name is not led to it (Elsewhere, in infra/environment)"
		return c, nil
	}
	taken, err := w.taken(ctx, zone, names, !fresh(there))
	switch {
	case denied(err):
		c.Is, c.Note = Unknown, "AWS does not say whether the name leads elsewhere: route53:ListResourceRecordSets is not allowed"
	case err != nil:
		return c, err
	case len(taken) > 0:
		c.Is, c.Note = Bad, "the name leads elsewhere ("+strings.Join(taken, ", ")+"). Until people may be led here, set Elsewhere in infra/environment: everything else is made. Then delete what is there, unset it, and run this again"
	default:
		c.Note += "; the name leads nowhere else"
	}
	return c, nil
}

// names gives the names that a template adds to the zone.
func (t *Template) names() []string {
	var out []string
	for _, r := range t.resources {
		var record struct{ Name string }
		if r.Type == "AWS::Route53::RecordSet" && json.Unmarshal(r.Properties, &record) == nil && !slices.Contains(out, record.Name) {
			out = append(out, record.Name)
		}
	}
	slices.Sort(out)
	return out
}

// distributions is what the names of all distributions of CloudFront end with.
const distributions = ".cloudfront.net."

// taken lists the records of these names that lead elsewhere: a distribution is ours if there is
// one.
func (w *work) taken(ctx context.Context, zone string, names []string, ours bool) ([]string, error) {
	var out []string
	for _, name := range names {
		found, err := w.account.zones.ListResourceRecordSets(ctx, &route53.ListResourceRecordSetsInput{HostedZoneId: &zone, StartRecordName: &name}) // names come in order, this one first
		if err != nil {
			return nil, fmt.Errorf("look for %s in the zone %s: %w", name, zone, err)
		}
		for i := range found.ResourceRecordSets {
			r := &found.ResourceRecordSets[i]
			if aws.ToString(r.Name) != name || !slices.Contains([]types.RRType{types.RRTypeA, types.RRTypeAaaa, types.RRTypeCname}, r.Type) {
				continue
			}
			to := ""
			if r.AliasTarget != nil {
				to = aws.ToString(r.AliasTarget.DNSName)
			}
			if ours && strings.HasSuffix(to, distributions) {
				continue
			}
			for _, value := range r.ResourceRecords {
				to += aws.ToString(value.Value)
			}
			out = append(out, fmt.Sprintf("%s %s", r.Type, to))
		}
	}
	return out, nil
}
