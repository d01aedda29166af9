package emulator

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	cf "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// template is one of CloudFormation.
type template struct {
	Description string                    `json:",omitempty"`
	Parameters  map[string]map[string]any `json:",omitempty"`
	Resources   map[string]*resource
	Outputs     map[string]map[string]any `json:",omitempty"`
}

type resource struct {
	Type       string
	Properties map[string]any `json:",omitempty"`
	DependsOn  []string       `json:",omitempty"`

	DeletionPolicy string `json:",omitempty"`
}

// UnmarshalJSON takes a single name of what it depends on, too.
func (r *resource) UnmarshalJSON(text []byte) error {
	var raw struct {
		Type       string
		Properties map[string]any
		DependsOn  any

		DeletionPolicy string
	}
	if err := json.Unmarshal(text, &raw); err != nil {
		return err
	}
	// The emulator takes no making back, and knows Retain alone of what stays.
	*r = resource{Type: raw.Type, Properties: raw.Properties, DeletionPolicy: strings.TrimSuffix(raw.DeletionPolicy, "ExceptOnCreate")}
	switch on := raw.DependsOn.(type) {
	case string:
		r.DependsOn = []string{on}
	case []any:
		for _, one := range on {
			r.DependsOn = append(r.DependsOn, fmt.Sprint(one))
		}
	}
	return nil
}

// copied gives a template that shares nothing with the first.
func (t template) copied() template {
	var out template
	text, err := json.Marshal(t)
	if err == nil {
		err = json.Unmarshal(text, &out)
	}
	if err != nil {
		panic(err) // it came from JSON
	}
	return out
}

// walk gives a value in which every map was given to a function, which may put something
// else in its place.
func walk(value any, each func(map[string]any) (any, bool)) any {
	switch v := value.(type) {
	case map[string]any:
		if other, changed := each(v); changed {
			return other
		}
		out := map[string]any{}
		for key, inner := range v {
			out[key] = walk(inner, each)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, inner := range v {
			out[i] = walk(inner, each)
		}
		return out
	}
	return value
}

// reference gives the name that a value refers to, and its attribute, "" for Ref.
func reference(m map[string]any) (name, attribute string, is bool) {
	if len(m) != 1 {
		return "", "", false
	}
	if name, is := m["Ref"].(string); is {
		return name, "", true
	}
	if list, is := m["Fn::GetAtt"].([]any); is && len(list) == 2 {
		return fmt.Sprint(list[0]), fmt.Sprint(list[1]), true
	}
	return "", "", false
}

// every applies a change to all that may hold a reference.
func (t *template) every(each func(map[string]any) (any, bool)) {
	for _, r := range t.Resources {
		if r.Properties != nil {
			r.Properties = walk(r.Properties, each).(map[string]any)
		}
	}
	for name, o := range t.Outputs {
		t.Outputs[name] = walk(o, each).(map[string]any)
	}
}

// cut gives what is handed to the emulator: without what it cannot make, and with
// something else where it would fail on a property or an attribute, but for one such gap.
func (t template) cut(stands func(kind, name, attribute string) any, but string) template {
	out := t.copied()
	kinds := map[string]string{}
	for name, r := range out.Resources {
		kinds[name] = r.Type
		if types[r.Type].unsupported != "" {
			delete(out.Resources, name)
			continue
		}
		for _, g := range types[r.Type].gaps {
			if r.Type+" "+g.name() != but {
				g.fill(r)
			}
		}
	}
	for _, r := range out.Resources {
		r.DependsOn = slices.DeleteFunc(r.DependsOn, func(on string) bool { return out.Resources[on] == nil })
	}
	out.every(func(m map[string]any) (any, bool) {
		name, attribute, is := reference(m)
		if !is || kinds[name] == "" {
			return nil, false
		}
		if out.Resources[name] == nil {
			return stands(kinds[name], name, attribute), true
		}
		attribute = cmp.Or(attribute, "Ref")
		for _, g := range types[kinds[name]].gaps {
			if g.attribute == attribute && kinds[name]+" "+attribute != but {
				return g.derive(name), true
			}
		}
		return nil, false
	})
	return out
}

// alone gives a template of one resource, with something in place of all that it refers to.
func (t template) alone(name string, stands func(kind, name, attribute string) any) template {
	r := t.copied().Resources[name]
	one := template{Resources: map[string]*resource{name: r}}
	r.DependsOn = nil
	one.every(func(m map[string]any) (any, bool) {
		if to, attribute, is := reference(m); is && !strings.HasPrefix(to, "AWS::") && to != name {
			kind := ""
			if r := t.Resources[to]; r != nil {
				kind = r.Type
			}
			return stands(kind, to, attribute), true
		}
		if len(m) == 1 && m["Fn::ImportValue"] != nil {
			return stands("", "imported", ""), true
		}
		return nil, false
	})
	return one
}

// deployed is a template as it was deployed, by which its values are known.
type deployed struct {
	template
	said       []cf.Parameter
	parameters map[string]string // what they are in the end
	ids        map[string]string // of resources, by their names
	exports    map[string]string // of all stacks
}

// attributes says how an attribute is made of what a resource is known by. The emulator
// has its own words for it; these are AWS's.
var attributes = map[string]string{
	"AWS::KMS::Key.Arn":                            "arn:aws:kms:" + region + ":" + account + ":key/{id}",
	"AWS::Logs::LogGroup.Arn":                      "arn:aws:logs:" + region + ":" + account + ":log-group:{id}", // AWS's ends in :*
	"AWS::IAM::Role.Arn":                           "arn:aws:iam::" + account + ":role/{id}",
	"AWS::IAM::InstanceProfile.Arn":                "arn:aws:iam::" + account + ":instance-profile/{id}",
	"AWS::Lambda::Function.Arn":                    "arn:aws:lambda:" + region + ":" + account + ":function:{id}",
	"AWS::SQS::Queue.Arn":                          "arn:aws:sqs:" + region + ":" + account + ":{last}",
	"AWS::SQS::Queue.QueueName":                    "{last}",
	"AWS::ECR::Repository.Arn":                     "arn:aws:ecr:" + region + ":" + account + ":repository/{id}",
	"AWS::S3::Bucket.Arn":                          "arn:aws:s3:::{id}",
	"AWS::ECS::Cluster.Arn":                        "arn:aws:ecs:" + region + ":" + account + ":cluster/{id}",
	"AWS::EC2::LaunchTemplate.LatestVersionNumber": "1",
	"AWS::EC2::SecurityGroup.GroupId":              "{id}",
	"AWS::EFS::FileSystem.Arn":                     systemArn + "{id}",

	"AWS::ElasticLoadBalancingV2::LoadBalancer.DNSName":               "{name}-1." + region + ".elb.amazonaws.com",
	"AWS::ElasticLoadBalancingV2::LoadBalancer.CanonicalHostedZoneID": "Z14GRHDCWA56QT", // of all in Tokyo
}

// resolve gives a value with all that it refers to.
func (d deployed) resolve(value any) (any, error) {
	var wrong error
	out := walk(value, func(m map[string]any) (any, bool) {
		if len(m) != 1 {
			return nil, false
		}
		for key, inner := range m {
			if key != "Ref" && !strings.HasPrefix(key, "Fn::") {
				return nil, false
			}
			out, err := d.function(key, inner)
			if err != nil {
				wrong = err
			}
			return out, true
		}
		return nil, false
	})
	return out, wrong
}

func (d deployed) function(key string, inner any) (any, error) {
	switch key {
	case "Ref":
		return d.ref(fmt.Sprint(inner))
	case "Fn::GetAtt":
		list := inner.([]any)
		kind := d.Resources[fmt.Sprint(list[0])].Type + "." + fmt.Sprint(list[1])
		if attributes[kind] == "" {
			return nil, fmt.Errorf("nobody knows what %s is", kind)
		}
		id := d.ids[fmt.Sprint(list[0])]
		parts := strings.Split(id, "/")
		return strings.NewReplacer("{id}", id, "{name}", parts[max(0, len(parts)-2)], "{last}", parts[len(parts)-1]).Replace(attributes[kind]), nil
	case "Fn::ImportValue":
		if value, found := d.exports[fmt.Sprint(inner)]; found {
			return value, nil
		}
		return nil, fmt.Errorf("nobody exports %v", inner)
	}
	known, err := d.resolve(inner)
	if err != nil {
		return nil, err
	}
	list, _ := known.([]any)
	switch key {
	case "Fn::Base64":
		return base64.StdEncoding.EncodeToString([]byte(fmt.Sprint(known))), nil
	case "Fn::Join":
		var parts []string
		for _, one := range list[1].([]any) {
			parts = append(parts, fmt.Sprint(one))
		}
		return strings.Join(parts, fmt.Sprint(list[0])), nil
	case "Fn::Split":
		var parts []any
		for _, one := range strings.Split(fmt.Sprint(list[1]), fmt.Sprint(list[0])) {
			parts = append(parts, one)
		}
		return parts, nil
	case "Fn::Select":
		return at(list[1], textOf(list[0])), nil
	case "Fn::Sub":
		out := fmt.Sprint(list[0])
		values := list[1].(map[string]any)
		for _, name := range slices.Sorted(maps.Keys(values)) {
			out = strings.ReplaceAll(out, "${"+name+"}", fmt.Sprint(values[name]))
		}
		return strings.NewReplacer("${AWS::Region}", region, "${AWS::AccountId}", account).Replace(out), nil
	}
	return nil, fmt.Errorf("nobody knows what %s does", key)
}

func (d deployed) ref(name string) (any, error) {
	known := map[string]string{"AWS::Region": region, "AWS::AccountId": account, "AWS::Partition": "aws", "AWS::URLSuffix": "amazonaws.com"}
	for _, from := range []map[string]string{known, d.parameters, d.ids} {
		if value, found := from[name]; found {
			return value, nil
		}
	}
	return nil, fmt.Errorf("nobody knows what %s is", name)
}

// fill changes a resource so that it is taken.
func (g gap) fill(r *resource) {
	if _, said := r.Properties[g.property]; !said {
		return
	}
	delete(r.Properties, g.property)
	for name, value := range g.instead {
		r.Properties[name] = value
	}
}

// derive gives what stands for an attribute.
func (g gap) derive(name string) any {
	if g.stands != "" {
		return g.stands
	}
	if g.follows != "" {
		return map[string]any{"Fn::Join": []any{"", []any{g.follows, map[string]any{"Ref": name}}}}
	}
	return map[string]any{"Fn::Select": []any{g.part, map[string]any{"Fn::Split": []any{g.splits, map[string]any{"Ref": name}}}}}
}
