package environ

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/backup"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"
	quotatypes "github.com/aws/aws-sdk-go-v2/service/servicequotas/types"

	"enishi/internal/errs"
)

// Check is one thing that has to be so before anything is made.
type Check struct {
	What string  `json:"what"`
	Is   Verdict `json:"is"`
	Note string  `json:"note,omitempty"`
}

// Verdict says how a check came out.
type Verdict string

// The verdicts. Unknown: AWS did not let it be looked at, and the making may show it.
const (
	Good    Verdict = "good"
	Bad     Verdict = "bad"
	Unknown Verdict = "unknown"
)

// preflight holds the account to what the templates need, and gives the values of their
// parameters. An error is no verdict: nothing could be asked.
func (w *work) preflight(ctx context.Context, who Who) ([]Check, map[string]string, error) {
	want := w.o.Wanted
	checks := []Check{place(want, who)}
	rights, err := w.rights(ctx, who)
	if err != nil {
		return nil, nil, err
	}
	checks = append(checks, rights)
	limits, err := quotas(want)
	if err != nil {
		return nil, nil, err
	}
	for _, q := range limits {
		c, err := w.quota(ctx, q)
		if err != nil {
			return nil, nil, err
		}
		checks = append(checks, c)
	}
	mail, needed, err := w.mailed(ctx)
	if err != nil {
		return nil, nil, err
	}
	if needed {
		checks = append(checks, mail)
	}
	if want.has("AWS::Backup::BackupPlan") {
		copies, err := w.copies(ctx)
		if err != nil {
			return nil, nil, err
		}
		checks = append(checks, copies)
	}
	zone, id, err := w.zone(ctx)
	if err != nil {
		return nil, nil, err
	}
	checks = append(checks, zone)
	if id != "" {
		c, err := w.certificate(ctx, id)
		if err != nil {
			return nil, nil, err
		}
		checks = append(checks, c)
	}
	edge, err := w.edge(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	checks = append(checks, edge)
	return checks, map[string]string{"ZoneId": id}, nil
}

// place holds account and region to infra's table.
func place(want *Wanted, who Who) Check {
	c := Check{What: "account and region", Is: Good, Note: who.Account + ", " + who.Region}
	if want.Region != "" && want.Region != who.Region || want.Account != "" && want.Account != who.Account {
		c.Is, c.Note = Bad, fmt.Sprintf("found %s, %s; the table of infra has %s", who.Account, who.Region, strings.TrimPrefix(want.Account+", "+want.Region, ", "))
	}
	return c
}

// rights asks IAM whether whoever asks may make the environment, and take it down.
func (w *work) rights(ctx context.Context, who Who) (Check, error) {
	asked, err := actions(w.o.Wanted)
	if err != nil {
		return Check{}, err
	}
	return w.allowed(ctx, who, ofAnything(asked), "that making it and taking it down ask for")
}

// allowed asks IAM whether somebody may do all of some actions, and says what for.
func (w *work) allowed(ctx context.Context, who Who, asked []right, what string) (Check, error) {
	c := Check{What: "rights", Is: Good}
	if strings.HasSuffix(who.Identity, ":root") {
		c.Note = "the account's root: everything"
		return c, nil
	}
	var missing, unsure []string
	source, err := w.principal(ctx, who.Identity)
	if err == nil {
		missing, unsure, err = w.missing(ctx, source, asked)
	}
	sure := slices.DeleteFunc(slices.Clone(missing), func(one string) bool { return slices.Contains(unsure, one) })
	switch {
	case denied(err):
		c.Is, c.Note = Unknown, "AWS does not say: iam:SimulatePrincipalPolicy and iam:GetRole are not allowed"
	case err != nil:
		return c, err
	case len(sure) > 0:
		c.Is, c.Note = Bad, "not allowed: "+strings.Join(sure, ", ")
	case len(missing) > 0:
		c.Is, c.Note = Unknown, "not allowed for everything, and perhaps for what is needed: "+strings.Join(missing, ", ")
	default:
		c.Note = fmt.Sprintf("%d actions %s, each allowed", len(asked), what)
	}
	return c, nil
}

// badOf gives the checks that came out badly.
func badOf(checks []Check) (out []string) {
	for _, c := range checks {
		if c.Is == Bad {
			out = append(out, c.What+": "+c.Note)
		}
	}
	return out
}

// principal gives the user or the role behind an identity: sessions of a role are none to IAM.
func (w *work) principal(ctx context.Context, identity string) (string, error) {
	_, session, ok := strings.Cut(identity, ":assumed-role/")
	if !ok {
		return identity, nil
	}
	name, _, _ := strings.Cut(session, "/")
	out, err := w.account.iam.GetRole(ctx, &iam.GetRoleInput{RoleName: &name})
	if err != nil {
		return "", fmt.Errorf("look at the role %s: %w", name, err)
	}
	return aws.ToString(out.Role.Arn), nil
}

func denied(err error) bool {
	return refused(err, "AccessDenied", "") || refused(err, "AccessDeniedException", "")
}

// quota compares a limit with what the environment takes when it is largest. What others
// take in the same account is not seen here.
func (w *work) quota(ctx context.Context, q quota) (Check, error) {
	c := Check{What: "quota: " + q.what}
	var value *float64
	out, err := w.account.quotas.GetServiceQuota(ctx, &servicequotas.GetServiceQuotaInput{ServiceCode: &q.service, QuotaCode: &q.code})
	if err == nil {
		value = out.Quota.Value
	} else if errors.As(err, new(*quotatypes.NoSuchResourceException)) {
		var standard *servicequotas.GetAWSDefaultServiceQuotaOutput
		if standard, err = w.account.quotas.GetAWSDefaultServiceQuota(ctx, &servicequotas.GetAWSDefaultServiceQuotaInput{ServiceCode: &q.service, QuotaCode: &q.code}); err == nil {
			value = standard.Quota.Value
		}
	}
	switch {
	case denied(err):
		c.Is, c.Note = Unknown, "AWS does not say: servicequotas:GetServiceQuota is not allowed"
	case err != nil:
		return c, fmt.Errorf("ask for the quota of %s: %w", q.what, err)
	case value == nil || *value < q.needs:
		c.Is, c.Note = Bad, fmt.Sprintf("%g are allowed, %g are needed: ask for more (aws service-quotas request-service-quota-increase --service-code %s --quota-code %s --desired-value N)", aws.ToFloat64(value), q.needs, q.service, q.code)
	default:
		c.Is, c.Note = Good, fmt.Sprintf("%g are allowed, %g are needed", *value, q.needs)
	}
	return c, nil
}

// copies asks whether AWS Backup copies Aurora in this region: a plan that names a cluster copies nothing of it where
// somebody has switched that off, and says nothing.
func (w *work) copies(ctx context.Context) (Check, error) {
	const kind = "Aurora"
	c := Check{What: "copies of the database"}
	out, err := w.account.backup.DescribeRegionSettings(ctx, &backup.DescribeRegionSettingsInput{})
	switch {
	case denied(err):
		c.Is, c.Note = Unknown, "AWS does not say: backup:DescribeRegionSettings is not allowed"
		return c, nil
	case err != nil:
		return c, fmt.Errorf("ask what AWS Backup copies: %w", err)
	}
	on, known := out.ResourceTypeOptInPreference[kind]
	switch {
	case !known:
		c.Is, c.Note = Unknown, "AWS Backup says nothing of "+kind
	case !on:
		c.Is, c.Note = Bad, "AWS Backup is switched off for "+kind+" in this region, and would copy nothing without a word: switch it on (aws backup update-region-settings --resource-type-opt-in-preference "+kind+"=true)"
	default:
		c.Is, c.Note = Good, "AWS Backup is switched on for "+kind
	}
	return c, nil
}

// zone finds the one public zone of the environment's domain, and its id.
func (w *work) zone(ctx context.Context) (Check, string, error) {
	domain := w.o.Wanted.Domain
	c := Check{What: "domain " + domain, Is: Bad}
	out, err := w.account.zones.ListHostedZonesByName(ctx, &route53.ListHostedZonesByNameInput{DNSName: &domain})
	if err != nil {
		return c, "", fmt.Errorf("look for the zone of %s: %w", domain, err)
	}
	var ids []string
	for i := range out.HostedZones {
		z := &out.HostedZones[i]
		if strings.TrimSuffix(aws.ToString(z.Name), ".") == domain && (z.Config == nil || !z.Config.PrivateZone) {
			ids = append(ids, strings.TrimPrefix(aws.ToString(z.Id), "/hostedzone/"))
		}
	}
	switch len(ids) {
	case 0:
		c.Note = "Route 53 has no public zone of it: aws route53 create-hosted-zone --name " + domain + " --caller-reference enishi, and name its servers in the zone above"
		return c, "", nil
	case 1:
		c.Is, c.Note = Good, "zone "+ids[0]
		return c, ids[0], nil
	}
	c.Note = "Route 53 has several public zones of it (" + strings.Join(ids, ", ") + "): delete those that the world does not ask"
	return c, "", nil
}

// certificate asks whether the world finds the zone: ACM proves by a record in it whose
// domain it is, and waits for days where nobody sees that.
func (w *work) certificate(ctx context.Context, zone string) (Check, error) {
	domain := w.o.Wanted.Domain
	c := Check{What: "certificate for " + domain, Is: Good}
	out, err := w.account.zones.GetHostedZone(ctx, &route53.GetHostedZoneInput{Id: &zone})
	if err != nil {
		return c, fmt.Errorf("look at the zone %s: %w", zone, err)
	}
	if out.DelegationSet == nil {
		return c, errs.New(errs.Internal, "the zone "+zone+" has no name servers")
	}
	if w.o.NameServers == nil {
		c.Is, c.Note = Unknown, "nobody was asked who answers for the domain"
		return c, nil
	}
	found, failed := w.o.NameServers(ctx, domain)
	if c.Is, c.Note = answered(found, out.DelegationSet.NameServers); failed != nil {
		c.Is, c.Note = Unknown, "DNS does not say who answers for it: "+failed.Error()
	}
	return c, nil
}

// answered says whether those whom the world asks are a zone's own servers.
func answered(found, zone []string) (Verdict, string) {
	found, zone = names(found), names(zone)
	ours := strings.Join(zone, ", ")
	switch {
	case len(found) == 0:
		return Bad, "nobody in the world's DNS answers for it; the zone's servers are " + ours + ": name them in the zone above, or ACM waits for its record for ever"
	case !slices.ContainsFunc(found, func(name string) bool { return slices.Contains(zone, name) }):
		return Bad, fmt.Sprintf("the world asks %s, the zone's servers are %s: name these in the zone above, or ACM waits for its record for ever", strings.Join(found, ", "), ours)
	}
	return Good, "the world asks the zone's own servers: ACM can prove it by a record"
}

func names(of []string) []string {
	out := make([]string, 0, len(of))
	for _, name := range of {
		out = append(out, strings.ToLower(strings.TrimSuffix(name, ".")))
	}
	slices.Sort(out)
	return out
}
