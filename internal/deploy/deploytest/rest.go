package deploytest

import (
	"cmp"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"
	quotatypes "github.com/aws/aws-sdk-go-v2/service/servicequotas/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

// What the requests to Route 53 and to AWS Backup begin with.
const (
	zonesPath    = "/2013-04-01/"
	vaultsPath   = "/backup-vaults/"
	settingsPath = "/account-settings" // of AWS Backup
	jobsPath     = "/backup-jobs"
	plansPath    = "/backup/plans/"
)

// NameServer answers for every zone of the account.
const NameServer = "ns-1.awsdns-01.example"

// zone answers for Route 53: which zones there are, and who answers for one.
func (a *Account) zone(r *http.Request) *http.Response {
	list := func(i int) string {
		return fmt.Sprintf("<HostedZone><Id>/hostedzone/Z%d</Id><Name>%s.</Name><CallerReference>x</CallerReference><Config><PrivateZone>false</PrivateZone></Config></HostedZone>", i+1, a.Zones[i])
	}
	if r.URL.Path == zonesPath+"hostedzonesbyname" {
		var text strings.Builder
		for i, name := range a.Zones {
			if name >= r.URL.Query().Get("dnsname") {
				text.WriteString(list(i))
			}
		}
		return answerText(r, http.StatusOK, []byte("<ListHostedZonesByNameResponse><HostedZones>"+text.String()+"</HostedZones><IsTruncated>false</IsTruncated><MaxItems>100</MaxItems></ListHostedZonesByNameResponse>"))
	}
	if _, kind, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, zonesPath+"hostedzone/"), "/"); kind == "rrset" {
		return answerText(r, http.StatusOK, []byte(a.names(r.URL.Query().Get("name"))))
	}
	for i := range a.Zones {
		if r.URL.Path == fmt.Sprintf("%shostedzone/Z%d", zonesPath, i+1) {
			return answerText(r, http.StatusOK, []byte("<GetHostedZoneResponse>"+list(i)+"<DelegationSet><NameServers><NameServer>"+NameServer+"</NameServer></NameServers></DelegationSet></GetHostedZoneResponse>"))
		}
	}
	return answerError(r, &apiError{"NoSuchHostedZone", "No hosted zone found with ID", http.StatusNotFound})
}

// names lists the records of zones from a name on; each zone has others too.
func (a *Account) names(from string) string {
	var text strings.Builder
	record := func(name, kind, value string) {
		switch {
		case name < from:
		case strings.HasSuffix(value, ".cloudfront.net."):
			fmt.Fprintf(&text, "<ResourceRecordSet><Name>%s</Name><Type>%s</Type><AliasTarget><HostedZoneId>Z2FDTNDATAQYW2</HostedZoneId><DNSName>%s</DNSName><EvaluateTargetHealth>false</EvaluateTargetHealth></AliasTarget></ResourceRecordSet>", name, kind, value)
		default:
			fmt.Fprintf(&text, "<ResourceRecordSet><Name>%s</Name><Type>%s</Type><TTL>60</TTL><ResourceRecords><ResourceRecord><Value>%s</Value></ResourceRecord></ResourceRecords></ResourceRecordSet>", name, kind, value)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(a.Addresses)) {
		record(name, "A", a.Addresses[name])
	}
	for _, zone := range a.Zones {
		record(zone+".", "NS", NameServer)
	}
	return "<ListResourceRecordSetsResponse><ResourceRecordSets>" + text.String() + "</ResourceRecordSets><IsTruncated>false</IsTruncated><MaxItems>100</MaxItems></ListResourceRecordSetsResponse>"
}

// copied answers which types AWS Backup copies.
func (a *Account) copied(r *http.Request) *http.Response {
	on := a.Copies
	if on == nil {
		on = map[string]bool{"Aurora": true, "EFS": true}
	}
	text, err := json.Marshal(map[string]any{"ResourceTypeOptInPreference": on})
	if err != nil {
		return answerError(r, err)
	}
	return answerText(r, http.StatusOK, text)
}

// vault answers for AWS Backup.
func (a *Account) vault(r *http.Request) *http.Response {
	_, point, _ := strings.Cut(r.URL.Path, "/recovery-points/")
	if r.Method == http.MethodDelete {
		point, err := url.PathUnescape(point)
		if err != nil || !slices.Contains(a.points, point) {
			return answerError(r, &apiError{"ResourceNotFoundException", point, http.StatusBadRequest})
		}
		a.points = slices.DeleteFunc(a.points, func(one string) bool { return one == point })
		return answerText(r, http.StatusNoContent, nil)
	}
	var out struct{ RecoveryPoints []map[string]string }
	for _, one := range a.points {
		out.RecoveryPoints = append(out.RecoveryPoints, map[string]string{"RecoveryPointArn": one})
	}
	text, err := json.Marshal(out)
	if err != nil {
		return answerError(r, err)
	}
	return answerText(r, http.StatusOK, text)
}

// Back keeps a backup in the environment's vault.
func (a *Account) Back(point string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.points = append(a.points, point)
}

// whole gives the bucket of records, or another one, and whether there is one.
func (a *Account) whole(bucket string) (map[string]object, bool) {
	if bucket == Bucket {
		return a.objects, a.records
	}
	objects, ok := a.buckets[bucket]
	return objects, ok
}

// bucket answers what is asked of a bucket, and not of one object of it.
func (a *Account) bucket(r *http.Request, bucket string, body []byte) *http.Response {
	objects, ok := a.whole(bucket)
	switch {
	case r.Method == http.MethodPut:
		if ok {
			return answerError(r, &apiError{"BucketAlreadyOwnedByYou", "you own it already", http.StatusConflict})
		}
		if !strings.HasSuffix(bucket, "-"+a.region) {
			a.fault("the bucket %s was made in %s", bucket, a.region)
		}
		a.buckets[bucket] = map[string]object{}
		return answerText(r, http.StatusOK, nil)
	case !ok:
		return answerError(r, &apiError{"NoSuchBucket", "The specified bucket does not exist", http.StatusNotFound})
	case r.Method == http.MethodDelete:
		if len(objects) > 0 {
			return answerError(r, &apiError{"BucketNotEmpty", "The bucket you tried to delete is not empty", http.StatusConflict})
		}
		delete(a.buckets, bucket)
		return answerText(r, http.StatusNoContent, nil)
	case r.Method == http.MethodPost:
		var in struct {
			Object []struct {
				Key     string
				Version string `xml:"VersionId"`
			}
		}
		if err := xml.Unmarshal(body, &in); err != nil {
			return answerError(r, refuse("MalformedXML", "%v", err))
		}
		for _, one := range in.Object {
			if one.Version == "" {
				a.fault("%s was deleted without its version, which stays", one.Key)
			}
			delete(objects, one.Key)
		}
		return answerText(r, http.StatusOK, []byte("<DeleteResult></DeleteResult>"))
	}
	var text strings.Builder
	if r.URL.Query().Has("list-type") {
		for _, key := range slices.Sorted(maps.Keys(objects)) {
			if strings.HasPrefix(key, r.URL.Query().Get("prefix")) {
				fmt.Fprintf(&text, "<Contents><Key>%s</Key><Size>%d</Size></Contents>", key, len(objects[key].text))
			}
		}
		return answerText(r, http.StatusOK, []byte("<ListBucketResult><IsTruncated>false</IsTruncated>"+text.String()+"</ListBucketResult>"))
	}
	for _, key := range slices.Sorted(maps.Keys(objects)) {
		fmt.Fprintf(&text, "<Version><Key>%s</Key><VersionId>1</VersionId></Version>", key)
	}
	return answerText(r, http.StatusOK, []byte("<ListVersionsResult><IsTruncated>false</IsTruncated>"+text.String()+"</ListVersionsResult>"))
}

func (a *Account) getServiceQuota(in *servicequotas.GetServiceQuotaInput) (*servicequotas.GetServiceQuotaOutput, error) {
	value, ok := a.Quotas[aws.ToString(in.QuotaCode)]
	if !ok {
		return nil, refuse("NoSuchResourceException", "%s", aws.ToString(in.QuotaCode))
	}
	return &servicequotas.GetServiceQuotaOutput{Quota: &quotatypes.ServiceQuota{QuotaCode: in.QuotaCode, Value: &value}}, nil
}

// usual is what every account is allowed here.
const usual = 1000

func (a *Account) getDefaultQuota(in *servicequotas.GetAWSDefaultServiceQuotaInput) (*servicequotas.GetAWSDefaultServiceQuotaOutput, error) {
	return &servicequotas.GetAWSDefaultServiceQuotaOutput{Quota: &quotatypes.ServiceQuota{QuotaCode: in.QuotaCode, Value: aws.Float64(usual)}}, nil
}

// unset is what a template makes a secret with.
const unset = "what AWS has made, and no URL"

func (a *Account) getSecretValue(in *secretsmanager.GetSecretValueInput) (*secretsmanager.GetSecretValueOutput, error) {
	if a.parts != nil && aws.ToString(in.SecretId) != sealingARN {
		return a.parts.get(in)
	}
	value := cmp.Or(a.secret, unset)
	if aws.ToString(in.SecretId) == sealingARN {
		value = a.sealing
	}
	return &secretsmanager.GetSecretValueOutput{ARN: in.SecretId, SecretString: &value}, nil
}

func (a *Account) putSecretValue(in *secretsmanager.PutSecretValueInput) (*secretsmanager.PutSecretValueOutput, error) {
	if aws.ToString(in.SecretId) == sealingARN {
		a.sealing = aws.ToString(in.SecretString)
		return &secretsmanager.PutSecretValueOutput{ARN: in.SecretId}, nil
	}
	if a.parts != nil {
		return a.parts.put(in)
	}
	if a.secret != "" && a.secret != aws.ToString(in.SecretString) {
		a.fault("the secret of the mail server was changed")
	}
	a.secret = aws.ToString(in.SecretString)
	return &secretsmanager.PutSecretValueOutput{ARN: in.SecretId}, nil
}

func (a *Account) getParametersByPath(in *ssm.GetParametersByPathInput) (*ssm.GetParametersByPathOutput, error) {
	out := &ssm.GetParametersByPathOutput{}
	for _, name := range slices.Sorted(maps.Keys(a.parameters)) {
		if strings.HasPrefix(name, aws.ToString(in.Path)+"/") {
			out.Parameters = append(out.Parameters, ssmtypes.Parameter{Name: &name, Value: aws.String(a.parameters[name])})
		}
	}
	// In pages of ten, as AWS gives them.
	from := len(aws.ToString(in.NextToken)) * 10
	more := from+10 < len(out.Parameters)
	out.Parameters = out.Parameters[min(from, len(out.Parameters)):min(from+10, len(out.Parameters))]
	if more {
		out.NextToken = aws.String(aws.ToString(in.NextToken) + "n")
	}
	return out, nil
}

func (a *Account) deleteParameters(in *ssm.DeleteParametersInput) (*ssm.DeleteParametersOutput, error) {
	if len(in.Names) > 10 {
		return nil, refuse("ValidationException", "at most 10 names")
	}
	for _, name := range in.Names {
		delete(a.parameters, name)
	}
	return &ssm.DeleteParametersOutput{DeletedParameters: in.Names}, nil
}
